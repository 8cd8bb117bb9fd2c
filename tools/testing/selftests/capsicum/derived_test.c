// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that an ioctl makes of what another stands for: made through a
 * capability, they have its limits.
 */
#include "victims.h"

#include <linux/dma-buf.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER	_IO('T', 0x41)
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif
#define PIDFD_IOCTL(nr)	_IO(0xFF, nr)	/* PIDFD_GET_*_NAMESPACE */

/* Whether @a and @b are of the same file. */
static bool same(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * @cmd with @arg makes a descriptor of @from: without limits from an ordinary
 * one; with the very limits from a capability, when those allow the command;
 * else not at all.
 */
static void check_derived(struct __test_metadata *_metadata, int from,
			  unsigned int cmd, unsigned long arg)
{
	const unsigned int list[2] = { FIONREAD, cmd };
	const unsigned int other[1] = { FIONREAD };
	struct limits want, have;
	struct cap_rights set;
	int cap, fd, plain;

	plain = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, plain) {
		TH_LOG("ioctl %#x: %s", cmd, strerror(-plain));
	}
	rights_all(&set);
	ASSERT_EQ(0, get_limits(plain, &have));
	EXPECT_TRUE(rights_eq(&set, &have.rights));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);

	rights_list(&set, RIGHTS(CAP_IOCTL, CAP_FSTAT));
	cap = limit_sub(from, &set, 0, 2, list);
	ASSERT_LE(0, cap);
	fd = RET(ioctl(cap, cmd, arg));
	ASSERT_LE(0, fd) {
		TH_LOG("ioctl %#x: %s", cmd, strerror(-fd));
	}
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_TRUE(same(fd, plain));
	/* The limits are in force. */
	EXPECT_EQ(-ENOTCAPABLE, RET(write(fd, "x", 1)));
	EXPECT_EQ(-ENOTCAPABLE, RET(syscall(__NR_setns, fd, 0)));
	EXPECT_EQ(-ENOTCAPABLE, limit_fd(fd, &(struct cap_rights)
					 CAP_RIGHTS_ALL_INIT));
	close(fd);

	/* It is over with that ioctl. */
	fd = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);
	close(fd);

	cap = limit_sub(from, &set, 0, 1, other);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, cmd, arg)));
	cap = limit_all_but(from, CAP_IOCTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, cmd, arg)));
	/* Nor has a refused one left anything behind. */
	fd = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);
	close(fd);
	close(plain);
}

static void *idle(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) ? arg : NULL;
}

/* Descriptors may not change places meanwhile: the test closes what it makes. */
FIXTURE(derived)
{
	pthread_t thread;
	int stop[2];
};

FIXTURE_VARIANT(derived)
{
	bool shared;	/* the table of descriptors, with a thread */
};

FIXTURE_VARIANT_ADD(derived, alone) { };
FIXTURE_VARIANT_ADD(derived, with_a_thread) { .shared = true };

FIXTURE_SETUP(derived)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe2(self->stop, O_CLOEXEC));
	if (variant->shared)
		ASSERT_EQ(0, pthread_create(&self->thread, NULL, idle,
					    &self->stop[0]));
}

FIXTURE_TEARDOWN(derived)
{
	if (variant->shared) {
		EXPECT_EQ(1, write(self->stop[1], "x", 1));
		pthread_join(self->thread, NULL);
	}
}

TEST_F(derived, pty_peer)
{
	const unsigned int list[] = { TIOCGPTPEER };
	struct cap_rights set;
	int ptm = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int cap, fd;
	char c;

	if (ptm < 0)
		SKIP(return, "no pseudo-terminals");
	ASSERT_EQ(0, unlockpt(ptm));
	check_derived(_metadata, ptm, TIOCGPTPEER,
		      O_RDWR | O_NOCTTY | O_CLOEXEC);

	/* Who may only read the master cannot write to it by way of the slave. */
	rights_list(&set, RIGHTS(CAP_IOCTL, CAP_READ));
	cap = limit_sub(ptm, &set, 0, 1, list);
	ASSERT_LE(0, cap);
	fd = RET(ioctl(cap, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(write(fd, "x", 1)));
	ASSERT_EQ(1, write(ptm, "\n", 1));
	EXPECT_EQ(1, read(fd, &c, 1));
}

/* ---- a directory of pseudo-terminals ---- */

/* A new one by the directory: both its ends have the limits of that. */
static int new_pty(void *arg)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int dir = *(int *)arg, unlock = 0, ptm, pts;
	struct limits want, have;
	char c;

	ptm = RET(openat(dir, "ptmx", flags));
	if (ptm < 0)
		return ptm;
	STEP(!get_limits(dir, &want));
	STEP(!get_limits(ptm, &have) && limits_eq(&want, &have));
	STEP(!ioctl(ptm, TIOCSPTLCK, &unlock));
	pts = RET(ioctl(ptm, TIOCGPTPEER, flags));
	STEP(pts >= 0);
	STEP(!get_limits(pts, &have) && limits_eq(&want, &have));
	STEP(write(ptm, "\n", 1) == 1 && read(pts, &c, 1) == 1);
	if (want.nioctls != CAP_LIMIT_IOCTLS_ALL) {
		STEP(RET(ioctl(ptm, FIONREAD, &unlock)) == -ENOTCAPABLE);
		STEP(RET(ioctl(pts, FIONREAD, &unlock)) == -ENOTCAPABLE);
	}
	close(pts);
	close(ptm);
	return 0;
}

static int open_beside(void *arg)
{
	int fd = RET(openat(*(int *)arg, "../null", O_RDWR | O_CLOEXEC));

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST(pty_below_directory)
{
	const unsigned int list[] = { TIOCSPTLCK, TIOCGPTPEER };
	int dir, cap, unable;
	struct cap_rights set;

	REQUIRE_CAPMODE();
	dir = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || faccessat(dir, "ptmx", R_OK | W_OK, 0))
		SKIP(return, "no /dev/pts/ptmx");
	rights_list(&set, RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK,
				 CAP_IOCTL));
	cap = limit_sub(dir, &set, 0, 2, list);
	ASSERT_LE(0, cap);
	EXPECT_BOTH(new_pty, &dir);
	EXPECT_BOTH(new_pty, &cap);
	EXPECT_CAPMODE(-ENOTCAPABLE, open_beside, &dir);
	EXPECT_EQ(-ENOTCAPABLE, in_child(open_beside, &cap));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(open_beside, &cap));
	/* It is opened to be written to. */
	rights_del(&set, CAP_WRITE);
	unable = limit_sub(dir, &set, 0, 2, list);
	ASSERT_LE(0, unable);
	EXPECT_EQ(-ENOTCAPABLE, in_child(new_pty, &unable));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(new_pty, &unable));
	close(unable);
	close(cap);
	close(dir);
}

TEST_F(derived, namespaces)
{
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	if (uts < 0 || user < 0)
		SKIP(return, "no namespaces");
	check_derived(_metadata, uts, NS_GET_USERNS, 0);
	/* Of the first user namespace there is no parent. */
	EXPECT_EQ(-EPERM, RET(ioctl(limit_to(user, CAP_IOCTL), NS_GET_PARENT)));
}

TEST_F(derived, parent_namespace)
{
	int user;
	pid_t child;

	/* unshare() of a user namespace wants a single thread. */
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		const unsigned int list[] = { NS_GET_PARENT };
		struct cap_rights set;
		struct limits l;
		int fd;

		if (unshare(CLONE_NEWUSER))
			_exit(4);
		user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		rights_list(&set, RIGHTS(CAP_IOCTL));
		fd = limit_sub(user, &set, 0, 1, list);
		/* The parent is not the child's to see. */
		if (RET(ioctl(fd, NS_GET_PARENT)) != -EPERM)
			_exit(1);
		if (get_limits(fd, &l) || l.nioctls != 1)
			_exit(2);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
}

static bool unshare_mounts(void)
{
	return !unshare(CLONE_NEWNS);
}

TEST_F(derived, next_mount_namespace)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	pid_t child;

	if (geteuid() || fd < 0)
		SKIP(return, "only root sees all mount namespaces");
	/* There has to be a next one. */
	child = victim_prepared(unshare_mounts);
	ASSERT_LT(0, child);
	check_derived(_metadata, fd, NS_MNT_GET_NEXT, 0);
	bury(child);
}

TEST_F(derived, pidfd_namespaces)
{
	int fd = RET(syscall(__NR_pidfd_open, getpid(), 0));
	int nr;

	ASSERT_LE(0, fd);
	for (nr = 1; nr <= 10; nr++) {
		int made = RET(ioctl(fd, PIDFD_IOCTL(nr), 0));

		if (made == -EOPNOTSUPP)
			continue;
		ASSERT_LE(0, made);
		close(made);
		check_derived(_metadata, fd, PIDFD_IOCTL(nr), 0);
	}
}

TEST_F(derived, socket_namespace)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || geteuid())
		SKIP(return, "no sockets, or not root");
	check_derived(_metadata, fd, SIOCGSKNS, 0);
}

/* ---- what comes to nothing ---- */

#define ROUNDS	300

/* @cmd fails with @want on @fd, time and again, and leaves nothing. */
static void check_round(struct __test_metadata *_metadata, int fd,
			unsigned int cmd, unsigned long arg, int want)
{
	const int next = free_fd();
	const long before = files();
	struct rlimit was, full;
	int i;

	ASSERT_LE(0, next);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &was));
	full = was;
	if (want == -EMFILE)
		full.rlim_cur = next;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &full));
	for (i = 0; i < ROUNDS; i++) {
		if (RET(ioctl(fd, cmd, arg)) != want)
			break;
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &was));
	EXPECT_EQ(ROUNDS, i) {
		TH_LOG("ioctl %#x does not fail with %d", cmd, want);
	}
	EXPECT_EQ(next, free_fd());
	/* The count is per CPU and may lag, even behind 0, but not by that. */
	EXPECT_GT(before + ROUNDS / 2, files()) {
		TH_LOG("ioctl %#x leaves files", cmd);
	}
}

/* The same through an ordinary descriptor and a capability. */
static void check_fails(struct __test_metadata *_metadata, int from,
			unsigned int cmd, unsigned long arg, int want)
{
	int cap = limit_all(from);

	ASSERT_LE(0, cap);
	check_round(_metadata, from, cmd, arg, want);
	check_round(_metadata, cap, cmd, arg, want);
	close(cap);
}

/* No number is left for it. */
TEST(no_number)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int ptm, sock, fd;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	ptm = posix_openpt(flags);
	if (ptm < 0)
		SKIP(return, "no pseudo-terminals");
	ASSERT_EQ(0, unlockpt(ptm));
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
	check_fails(_metadata, ptm, TIOCGPTPEER, flags, -EMFILE);
	check_fails(_metadata, sock, SIOCGSKNS, 0, -EMFILE);
	/* That is all there was to it. */
	fd = RET(ioctl(ptm, TIOCGPTPEER, flags));
	EXPECT_LE(0, fd);
	close(fd);
	fd = RET(ioctl(sock, SIOCGSKNS));
	EXPECT_LE(0, fd);
	close(fd);
	close(sock);
	close(ptm);
}

/* A page that holds @data, and cannot be written to. */
static unsigned long read_only(const void *data, size_t size)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	memcpy(p, data, size);
	return mprotect(p, 4096, PROT_READ) ? 0 : (uintptr_t)p;
}

/* A buffer of which a sync file can be made. */
static int new_buffer(void)
{
	int dev = RET(open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
	struct udmabuf_create create = { .size = 4096 };
	int fd, buf;

	if (dev < 0)
		return dev;
	fd = memfd_create("capsicum", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	create.memfd = fd;
	if (fd < 0 || ftruncate(fd, 4096) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		buf = -errno;
	else
		buf = RET(ioctl(dev, UDMABUF_CREATE, &create));
	close(fd);
	close(dev);
	return buf;
}

/* It is there, and then the caller cannot be told of it. */
TEST(untold_fence)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	struct sync_merge_data merge = {};
	unsigned long arg;
	int buf;

	REQUIRE_CAPSICUM();
	buf = new_buffer();
	if (buf == -ENOENT)
		SKIP(return, "no udmabuf");
	ASSERT_LE(0, buf);
	arg = read_only(&export, sizeof(export));
	ASSERT_NE(0, arg);
	check_fails(_metadata, buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg,
		    -EFAULT);
	munmap((void *)arg, 4096);

	ASSERT_EQ(0, ioctl(buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	merge.fd2 = export.fd;
	arg = read_only(&merge, sizeof(merge));
	ASSERT_NE(0, arg);
	check_fails(_metadata, export.fd, SYNC_IOC_MERGE, arg, -EFAULT);
	munmap((void *)arg, 4096);
	close(export.fd);
	close(buf);
}

TEST(untold_namespace)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct mnt_ns_info info = {};
	unsigned long arg;
	pid_t child;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	if (fd < 0)
		SKIP(return, "no mount namespaces");
	child = victim_prepared(unshare_mounts);
	ASSERT_LT(0, child);
	arg = read_only(&info, sizeof(info));
	EXPECT_NE(0, arg);
	check_fails(_metadata, fd, NS_MNT_GET_NEXT, arg, -EFAULT);
	munmap((void *)arg, 4096);
	bury(child);
	close(fd);
}

/* setns(2), and what it is refused for. */
TEST_F(derived, setns)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	pid_t child;

	if (geteuid() || fd < 0)
		SKIP(return, "only root enters namespaces");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int able = limit_to(fd, CAP_SETNS);
		int unable = limit_all_but(fd, CAP_SETNS);
		int own;

		if (unshare(CLONE_NEWUTS))
			_exit(1);
		own = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
		if (same(own, fd))
			_exit(2);
		if (RET(syscall(__NR_setns, unable, 0)) != -ENOTCAPABLE ||
		    RET(syscall(__NR_setns, unable, CLONE_NEWUTS)) !=
		    -ENOTCAPABLE)
			_exit(3);
		if (same(open("/proc/self/ns/uts", O_RDONLY), fd))
			_exit(4);
		if (RET(syscall(__NR_setns, able, CLONE_NEWUTS)))
			_exit(5);
		_exit(same(open("/proc/self/ns/uts", O_RDONLY), fd) ? 0 : 6);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_HARNESS_MAIN
