// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody has given rights to yet fails closed. A look-up that is not
 * annotated sees no file: EBADF, whatever the capability holds. A path look-up
 * that begins at a capability has no rights to go on with: ENOTCAPABLE.
 */
#include "capmode.h"
#include "netlink.h"

#include <linux/auto_dev-ioctl.h>
#include <linux/handshake.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sound/asound.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#ifndef __NR_mount_setattr
#define __NR_mount_setattr	(CAP_NR_BASE + 442)
#endif
#ifndef __NR_statmount
#define __NR_statmount		(CAP_NR_BASE + 457)
#define __NR_listmount		(CAP_NR_BASE + 458)
#endif

FIXTURE(closed)
{
	int file;
};

FIXTURE_VARIANT(closed)
{
	uint64_t without;	/* the right it lacks, if any */
};

FIXTURE_VARIANT_ADD(closed, all_rights) { };
FIXTURE_VARIANT_ADD(closed, all_but_event) { .without = CAP_EVENT };
FIXTURE_VARIANT_ADD(closed, all_but_read) { .without = CAP_READ };

FIXTURE_SETUP(closed)
{
	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(closed)
{
	close(self->file);
}

/* A capability of @fd as the variant wants it. */
#define CAP_OF(fd) \
({ \
	int __cap = variant->without ? limit_all_but(fd, variant->without) : \
				       limit_all(fd); \
	ASSERT_LE(0, __cap); \
	__cap; \
})

#define EBADF_OF(call)	EXPECT_EQ(-EBADF, RET(call))
#define NO_NAME(call)	EXPECT_EQ(-ENOTCAPABLE, RET(call))

/*
 * Names below a capability, looked up for what has no right; what has one is
 * in path_rights_test.
 */
TEST_F(closed, names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	int cap;

	ASSERT_LE(0, dir);
	cap = CAP_OF(dir);
	NO_NAME(syscall(__NR_open_tree, cap, ".", 0));
	NO_NAME(syscall(__NR_open_tree, cap, ".", OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, cap, ".", 0));
	NO_NAME(syscall(__NR_move_mount, cap, ".", dir, ".", 0));
	NO_NAME(syscall(__NR_mount_setattr, cap, ".", 0, &attr, sizeof(attr)));
	/* What is absolute does not begin there, and is refused all the same. */
	NO_NAME(syscall(__NR_open_tree, cap, "/", 0));
	NO_NAME(openat(cap, "/", O_RDONLY | O_DIRECTORY));
}

/* The file itself, by an empty name, where that has no right yet. */
TEST_F(closed, empty_names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file_handle *handle;
	char name[40];
	int file, where, mnt;

	ASSERT_LE(0, dir);
	file = CAP_OF(self->file);
	where = CAP_OF(dir);
	snprintf(name, sizeof(name), "capsicum-link-%d", getpid());
	NO_NAME(linkat(limit_all_but(self->file, CAP_LINKAT_SOURCE), "", dir,
		       name, AT_EMPTY_PATH));
	NO_NAME(syscall(__NR_open_tree, where, "",
			AT_EMPTY_PATH | OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, where, "", FSPICK_EMPTY_PATH));
	NO_NAME(syscall(__NR_move_mount, where, "", dir, name,
			MOVE_MOUNT_F_EMPTY_PATH));
	{
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };

		NO_NAME(syscall(__NR_mount_setattr, where, "", AT_EMPTY_PATH,
				&attr, sizeof(attr)));
	}
	handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	ASSERT_TRUE(!!handle);
	handle->handle_bytes = MAX_HANDLE_SZ;
	file = limit_all_but(self->file, CAP_FSTAT);
	ASSERT_LE(0, file);
	NO_NAME(name_to_handle_at(file, "", handle, &mnt, AT_EMPTY_PATH));
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, tmp_dir(), handle, &mnt, 0) == 0)
		EBADF_OF(open_by_handle_at(where, handle, O_RDONLY));
}

#define FSCONFIG(fs, cmd, key, value, aux) \
	syscall(__NR_fsconfig, fs, cmd, key, value, aux)
#define FSMOUNT(fs)	syscall(__NR_fsmount, fs, FSMOUNT_CLOEXEC, 0)

/* A file system that is to be mounted, from its options to the mount. */
TEST_F(closed, new_mount)
{
	int fs = RET(syscall(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC));
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int cap, mnt, ns;

	if (fs == -EPERM)
		SKIP(return, "only root mounts");
	ASSERT_LE(0, fs);
	cap = CAP_OF(fs);
	EBADF_OF(FSCONFIG(cap, FSCONFIG_SET_STRING, "source", "one", 0));
	/* There can be one source only. */
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_STRING, "source", "two", 0)));
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_STRING, "source",
					"three", 0)));
	/* tmpfs has no option that is a file. */
	EBADF_OF(FSCONFIG(fs, FSCONFIG_SET_FD, "file", NULL,
			  CAP_OF(self->file)));
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_FD, "file", NULL,
					self->file)));

	EBADF_OF(FSCONFIG(cap, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	EXPECT_EQ(-EINVAL, RET(FSMOUNT(fs)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)));
	EBADF_OF(FSMOUNT(cap));
	/* It can be mounted once only. */
	mnt = RET(FSMOUNT(fs));
	ASSERT_LE(0, mnt);
	EXPECT_EQ(-EBUSY, RET(FSMOUNT(fs)));

	/* Whose users are its owners? Not those of one's own. */
	ns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		SKIP(return, "no user namespaces");
	attr.userns_fd = CAP_OF(ns);
	EBADF_OF(syscall(__NR_mount_setattr, mnt, "", AT_EMPTY_PATH, &attr,
			 sizeof(attr)));
	attr.userns_fd = ns;
	EXPECT_EQ(-EPERM, RET(syscall(__NR_mount_setattr, mnt, "",
				      AT_EMPTY_PATH, &attr, sizeof(attr))));
}

/* An option that is a path, from a directory or from itself. */
TEST_F(closed, option_of_a_mount)
{
	int fs = RET(syscall(__NR_fsopen, "ext4", FSOPEN_CLOEXEC));
	int dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int loop = open("/dev/loop0", O_PATH | O_CLOEXEC);

	if (fs == -EPERM || fs == -ENODEV || loop < 0)
		SKIP(return, "only root mounts, or no ext4, or no loop device");
	ASSERT_LE(0, fs);
	ASSERT_LE(0, dir);
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path", "loop0",
			       CAP_OF(dir))));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(FSCONFIG(fs, FSCONFIG_SET_PATH_EMPTY, "journal_path", "",
			       CAP_OF(loop))));
	/* As ever, when ext4 does not find a block device. */
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path",
					"null", dir)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path",
				  "loop0", dir)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_PATH_EMPTY, "journal_path",
				  "", loop)));
}

/* The same by a number in a text. */
static int autofs_mount(const char *dir, int pipe)
{
	char options[64];

	snprintf(options, sizeof(options), "fd=%d,indirect", pipe);
	return RET(mount("capsicum", dir, "autofs", 0, options));
}

/* Returns what it was. */
static int autofs_timeout(int dev, int root, int seconds)
{
	struct autofs_dev_ioctl arg;
	int err;

	init_autofs_dev_ioctl(&arg);
	arg.ioctlfd = root;
	arg.timeout.timeout = seconds;
	err = RET(ioctl(dev, AUTOFS_DEV_IOCTL_TIMEOUT, &arg));
	return err ? err : (int)arg.timeout.timeout;
}

/* Its daemon says where it is told of things, and of which mount it speaks. */
TEST_F(closed, autofs)
{
	char top[] = "/tmp/capsicum.XXXXXX";
	int dev, root, cap, fds[2];

	REQUIRE_ROOT();
	dev = open("/dev/autofs", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no autofs");
	ASSERT_TRUE(!!mkdtemp(top));
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	EXPECT_EQ(-EBADF, autofs_mount(top, 9999));
	EXPECT_EQ(-EBADF, autofs_mount(top, CAP_OF(fds[1])));
	ASSERT_EQ(0, autofs_mount(top, fds[1]));
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LE(0, root);
	cap = CAP_OF(root);
	EXPECT_EQ(0, autofs_timeout(dev, root, 5));
	EXPECT_EQ(-EBADF, autofs_timeout(dev, 9999, 77));
	EXPECT_EQ(-EBADF, autofs_timeout(dev, cap, 77));
	EXPECT_EQ(5, autofs_timeout(dev, root, 5));
	/* Without a daemon, so that nobody waits for one. */
	EXPECT_EQ(0, RET(ioctl(root, AUTOFS_IOC_CATATONIC, 0)));
	close(cap);
	close(root);
	close(fds[0]);
	close(fds[1]);
	close(dev);
	EXPECT_EQ(0, RET(umount2(top, MNT_DETACH)));
	EXPECT_EQ(0, RET(rmdir(top)));
}

/* A 9P server that is asked for its version, and has none. */
struct server {
	int sock;
	int asked;
};

static void *server_main(void *arg)
{
	/* Rlerror: size, type, tag, and an error that nobody else has. */
	static const char answer[] = {
		11, 0, 0, 0, 7, 0xff, 0xff, EDOM, 0, 0, 0,
	};
	struct server *s = arg;
	char buf[64];

	while (read(s->sock, buf, sizeof(buf)) > 0) {
		s->asked++;
		if (write(s->sock, answer, sizeof(answer)) < 0)
			break;
	}
	return NULL;
}

static int plan9_mount(const char *dir, int in, int out)
{
	char options[64];

	snprintf(options, sizeof(options), "trans=fd,rfdno=%d,wfdno=%d", in,
		 out);
	return RET(mount("capsicum", dir, "9p", 0, options));
}

/* What is bad about a descriptor is not told: it is all one error. */
TEST_F(closed, plan9)
{
	char dir[] = "/tmp/capsicum.XXXXXX";
	struct server s = {};
	pthread_t thread;
	int err, cap, sv[2];

	REQUIRE_ROOT();
	ASSERT_TRUE(!!mkdtemp(dir));
	err = plan9_mount(dir, 9999, 9999);
	if (err == -ENODEV || err == -EINVAL) {
		rmdir(dir);
		SKIP(return, "no 9P by descriptors (%d)", err);
	}
	EXPECT_EQ(-EIO, err);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
	s.sock = sv[1];
	ASSERT_EQ(0, pthread_create(&thread, NULL, server_main, &s));
	cap = CAP_OF(sv[0]);
	EXPECT_EQ(-EIO, plan9_mount(dir, cap, cap));
	EXPECT_EQ(-EIO, plan9_mount(dir, cap, sv[0]));
	/* It makes those that it takes non-blocking. */
	EXPECT_EQ(0, fcntl(sv[0], F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(-EIO, plan9_mount(dir, sv[0], cap));
	EXPECT_EQ(-EDOM, plan9_mount(dir, sv[0], sv[0]));
	EXPECT_EQ(O_NONBLOCK, fcntl(sv[0], F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, shutdown(sv[0], SHUT_RDWR));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, s.asked);
	close(cap);
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(0, RET(rmdir(dir)));
}

/* A namespace whose mounts are asked for. */
TEST_F(closed, mounts_of_a_namespace)
{
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), n;
	/* struct mnt_id_req, which headers may have without the descriptor. */
	struct {
		uint32_t size;
		uint32_t ns_fd;
		uint64_t id;
		uint64_t param;
		uint64_t ns_id;
	} req = { .size = sizeof(req), .id = UINT64_MAX /* the root */ };
	uint64_t ids[8] = { 0 };
	char buf[512];

	if (ns < 0)
		SKIP(return, "no mount namespaces");
	req.ns_fd = ns;
	n = RET(syscall(__NR_listmount, &req, ids, 8, 0));
	if (n == -EPERM || n == -EINVAL)
		SKIP(return, "not by descriptor, or only for root (%d)", n);
	ASSERT_LT(0, n);
	req.ns_fd = CAP_OF(ns);
	EBADF_OF(syscall(__NR_listmount, &req, ids, 8, 0));
	req.id = ids[0];
	EBADF_OF(syscall(__NR_statmount, &req, buf, sizeof(buf), 0));
	req.ns_fd = ns;
	EXPECT_EQ(0, RET(syscall(__NR_statmount, &req, buf, sizeof(buf), 0)));
}

/* What a process says that it runs; what it does run keeps it from that. */
TEST_F(closed, executable_of_a_process)
{
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int err = RET(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, exe, 0, 0));

	if (err == -EPERM)
		SKIP(return, "only root may say so");
	EXPECT_EQ(-EBUSY, err);
	EBADF_OF(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, CAP_OF(exe), 0, 0));
}

/* struct prctl_mm_map of any ABI, the kernel's too, whose layout is wanted. */
struct mm_map {
	uint64_t addr[11];	/* from start_code to env_end */
	char auxv_exe[16];	/* of what size it is; the descriptor is last */
};

/* What this process has now. */
static int read_mm_map(struct mm_map *m)
{
	/* Which field of /proc/PID/stat each is; there is none of the break. */
	static const int fields[] = {
		26, 27, 45, 46, 47, 0, 28, 48, 49, 50, 51,
	};
	uint64_t stat[53] = {};
	char line[2048], *p;
	unsigned int i;
	FILE *f;

	memset(m, 0, sizeof(*m));
	f = fopen("/proc/self/stat", "re");
	if (!f)
		return -errno;
	p = fgets(line, sizeof(line), f);
	fclose(f);
	p = p ? strrchr(line, ')') : NULL;
	if (!p)
		return -EIO;
	for (i = 3, p = strtok(p + 1, " "); p && i < ARRAY_SIZE(stat); i++) {
		stat[i] = strtoull(p, NULL, 10);
		p = strtok(NULL, " ");
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		m->addr[i] = stat[fields[i]];
	m->addr[5] = (uintptr_t)sbrk(0);
	return 0;
}

/* The same with all else that is to be said of it. */
static int set_mm_map(struct mm_map *m, unsigned int size, int exe)
{
	memcpy((char *)m + size - sizeof(exe), &exe, sizeof(exe));
	return RET(prctl(PR_SET_MM, PR_SET_MM_MAP, m, (long)size, 0));
}

TEST_F(closed, map_of_a_process)
{
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct mm_map m, now;
	unsigned int size;

	REQUIRE_ROOT();
	ASSERT_LE(0, exe);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0))
		SKIP(return, "no PR_SET_MM_MAP");
	ASSERT_LT(sizeof(m.addr) + sizeof(exe), size);
	ASSERT_GE(sizeof(m), size);
	ASSERT_EQ(0, read_mm_map(&m));
	EXPECT_EQ(0, set_mm_map(&m, size, -1));
	EXPECT_EQ(-EBUSY, set_mm_map(&m, size, exe));
	/* It comes to nothing with that, whatever else is new. */
	m.addr[10]--;
	EXPECT_EQ(-EBADF, set_mm_map(&m, size, 9999));
	EXPECT_EQ(-EBADF, set_mm_map(&m, size, CAP_OF(exe)));
	ASSERT_EQ(0, read_mm_map(&now));
	EXPECT_EQ(m.addr[10] + 1, now.addr[10]);
	close(exe);
}

/* What the kernel opens for itself stands behind no limits, and is none's. */
TEST_F(closed, opened_by_the_kernel)
{
#ifdef __NR_uselib
	char name[40];
	int cap;

	ASSERT_EQ(0, fchmod(self->file, 0700));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->file);
	/* It is no library, which is found out once it is open. */
	if (RET(syscall(__NR_uselib, name)) == -ENOSYS)
		SKIP(return, "no uselib()");
	EXPECT_EQ(-ENOEXEC, RET(syscall(__NR_uselib, name)));
	cap = CAP_OF(self->file);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", cap);
	NO_NAME(syscall(__NR_uselib, name));
#else
	SKIP(return, "no uselib()");
#endif
}

/* A daemon has done its part of a handshake that the kernel has begun. */
TEST_F(closed, handshake)
{
	struct netlink_msg m;
	int nl, family, sock, fd;

	REQUIRE_ROOT();
	nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_LE(0, nl);
	family = netlink_family(nl, HANDSHAKE_FAMILY_NAME);
	if (family < 0)
		SKIP(return, "no handshakes (%d)", family);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
#define DONE(sock) \
	(fd = (sock), netlink_ask(nl, &m, family, HANDSHAKE_CMD_DONE, \
				  HANDSHAKE_A_DONE_SOCKFD, &fd, sizeof(fd)))
	/* With this socket there is none. */
	EXPECT_EQ(-EBUSY, DONE(sock));
	EXPECT_EQ(-ENOTSOCK, DONE(self->file));
	EXPECT_EQ(-EBADF, DONE(9999));
	EXPECT_EQ(-EBADF, DONE(CAP_OF(sock)));
	EXPECT_EQ(-EBADF, DONE(CAP_OF(self->file)));
	close(sock);
	close(nl);
}

/* A stream that is set up, in the first way that the device has. */
static int pcm_open(const char *path)
{
	struct snd_pcm_hw_params params = { .rmask = UINT_MAX };
	int fd = RET(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC));
	unsigned int i;
	int err;

	if (fd < 0)
		return fd;
	memset(params.masks, 0xff, sizeof(params.masks));
	for (i = 0; i < ARRAY_SIZE(params.intervals); i++)
		params.intervals[i].max = UINT_MAX;
	err = RET(ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &params));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Two streams that are to start as one. */
TEST_F(closed, sound_link)
{
	int play, capture, cap;

	REQUIRE_ROOT();
	play = pcm_open("/dev/snd/pcmC0D0p");
	capture = pcm_open("/dev/snd/pcmC0D0c");
	if (play == -ENOENT || capture == -ENOENT)
		SKIP(return, "no sound device that plays and records");
	ASSERT_LE(0, play);
	ASSERT_LE(0, capture);
	cap = CAP_OF(capture);
	EXPECT_EQ(-EBADFD, RET(ioctl(play, SNDRV_PCM_IOCTL_LINK, 9999)));
	EXPECT_EQ(-EBADFD, RET(ioctl(play, SNDRV_PCM_IOCTL_LINK, cap)));
	EXPECT_EQ(-EALREADY, RET(ioctl(play, SNDRV_PCM_IOCTL_UNLINK)));
	EXPECT_EQ(0, RET(ioctl(play, SNDRV_PCM_IOCTL_LINK, capture)));
	EXPECT_EQ(0, RET(ioctl(play, SNDRV_PCM_IOCTL_UNLINK)));
	close(cap);
	close(capture);
	close(play);
}

TEST_HARNESS_MAIN
