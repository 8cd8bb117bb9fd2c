// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: which ioctls there are of files and directories. What is about
 * the file works, all others are refused: those that are known to reach further,
 * a filesystem's that is not this one, and those that do not exist.
 *
 * The current directory is expected on ext4, and a btrfs at /btrfs.
 */
#include "capmode.h"

#include <linux/auto_fs.h>
#include <linux/btrfs.h>
#include <linux/ext4.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/user_events.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#define BTRFS		"/btrfs"

/* Of no filesystem in the guest: a file by handle. */
#define OPEN_BY_HANDLE	_IOWR('X', 107, char[48])
#define UNKNOWN		_IO('f', 0xee)

/**
 * struct command - an ioctl of a file
 * @fd: The file.
 * @cmd: The command.
 * @first: How what its argument points to begins.
 * @number: The argument itself, with @by_number.
 */
struct command {
	int fd;
	unsigned int cmd;
	uint64_t first;
	bool by_number;
	long number;
};

static int command(void *arg)
{
	const struct command *c = arg;
	uint64_t room[1024] = { c->first };

	return RET(ioctl(c->fd, c->cmd, c->by_number ? c->number : (long)room));
}

/* In another thread than the one that has entered. */
static void *command_thread(void *arg)
{
	return (void *)(long)command(arg);
}

static int command_by_thread(void *arg)
{
	pthread_t thread;
	void *ret;

	STEP(!pthread_create(&thread, NULL, command_thread, arg));
	STEP(!pthread_join(thread, &ret));
	return (long)ret;
}

static void check_refused(struct __test_metadata *_metadata,
			  const struct command *what, int fd, int outside)
{
	struct command c = *what;

	c.fd = fd;
	EXPECT_EQ(outside, in_child(command, &c)) {
		TH_LOG("command %#x outside", c.cmd);
	}
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &c)) {
		TH_LOG("command %#x", c.cmd);
	}
	EXPECT_EQ(-ECAPMODE, capmode_run(command_by_thread, &c)) {
		TH_LOG("command %#x in a thread", c.cmd);
	}
}

static void check_allowed(struct __test_metadata *_metadata,
			  const struct command *what, int fd)
{
	struct command c = *what;
	int outside;

	c.fd = fd;
	outside = in_child(command, &c);
	EXPECT_NE(-ENOTTY, outside) {
		TH_LOG("there is no command %#x", c.cmd);
	}
	EXPECT_EQ(outside, capmode_run(command, &c)) {
		TH_LOG("command %#x", c.cmd);
	}
}

FIXTURE(files)
{
	int file;
	int dir;
};

FIXTURE_SETUP(files)
{
	struct statfs fs;

	self->file = -1;
	self->dir = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_EQ(0, statfs(".", &fs));
	if (fs.f_type != EXT4_SUPER_MAGIC)
		SKIP(return, "the current directory is not on ext4");
	self->dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
	self->file = openat(self->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(4, write(self->file, "text", 4));
}

FIXTURE_TEARDOWN(files)
{
	close(self->file);
	close(self->dir);
}

TEST_F(files, own)
{
	static const struct command allowed[] = {
		{ .cmd = FIONREAD }, { .cmd = FIONBIO }, { .cmd = FIOQSIZE },
		{ .cmd = FIOCLEX }, { .cmd = FIONCLEX }, { .cmd = FIGETBSZ },
		{ .cmd = FIBMAP }, { .cmd = FS_IOC_FIEMAP },
		{ .cmd = FS_IOC_GETFLAGS }, { .cmd = FS_IOC_FSGETXATTR },
		{ .cmd = FS_IOC_GETVERSION }, { .cmd = EXT4_IOC_GETVERSION },
		{ .cmd = FS_IOC_GETFSLABEL }, { .cmd = FS_IOC_GETFSUUID },
		{ .cmd = FS_IOC_GETFSSYSFSPATH },
		{ .cmd = EXT4_IOC_PRECACHE_EXTENTS },
		{ .cmd = EXT4_IOC_GETSTATE },
		{ .cmd = FICLONE, .by_number = true, .number = -1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		check_allowed(_metadata, &allowed[i], self->file);
}

/* What is the whole filesystem's, or not known not to be. */
TEST_F(files, others)
{
	static const struct {
		struct command c;
		int outside;
	} refused[] = {
		{ { .cmd = FITHAW }, -EINVAL },
		{ { .cmd = EXT4_IOC_CHECKPOINT,
		    .first = EXT4_IOC_CHECKPOINT_FLAG_DRY_RUN }, 0 },
		/* Neither the filesystem's flags nor any other. */
		{ { .cmd = EXT4_IOC_SHUTDOWN, .first = 0x7777 }, -EINVAL },
		{ { .cmd = OPEN_BY_HANDLE }, -ENOTTY },
		{ { .cmd = BTRFS_IOC_TREE_SEARCH }, -ENOTTY },
		{ { .cmd = BTRFS_IOC_ADD_DEV }, -ENOTTY },
		{ { .cmd = UNKNOWN }, -ENOTTY },
		{ { .cmd = 0xffffffff }, -ENOTTY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		check_refused(_metadata, &refused[i].c, self->file,
			      refused[i].outside);
		check_refused(_metadata, &refused[i].c, self->dir,
			      refused[i].outside);
	}
}

/* isatty(3) asks like this, with every file. */
TEST_F(files, no_terminals)
{
	static const unsigned int cmds[] = { TCGETS, TIOCGWINSZ };
	const int fds[] = { self->file, self->dir };
	struct command c = {};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		c.fd = fds[i / 2];
		c.cmd = cmds[i % 2];
		EXPECT_EQ(-ENOTTY, in_child(command, &c));
		EXPECT_EQ(-ENOTTY, capmode_run(command, &c));
	}
}

static int label(void *arg)
{
	const struct command *c = arg;
	char name[FSLABEL_MAX] = "capsicum";

	return RET(ioctl(c->fd, FS_IOC_SETFSLABEL, name));
}

TEST_F(files, label)
{
	struct command c = { .fd = self->file };
	char before[FSLABEL_MAX], after[FSLABEL_MAX];

	ASSERT_EQ(0, ioctl(self->file, FS_IOC_GETFSLABEL, before));
	EXPECT_EQ(-ECAPMODE, capmode_run(label, &c));
	ASSERT_EQ(0, ioctl(self->file, FS_IOC_GETFSLABEL, after));
	EXPECT_STREQ(before, after);
	EXPECT_EQ(0, in_child(label, &c));
	EXPECT_EQ(0, ioctl(self->file, FS_IOC_GETFSLABEL, after));
	EXPECT_STREQ("capsicum", after);
	EXPECT_EQ(0, ioctl(self->file, FS_IOC_SETFSLABEL, before));
}

struct attributes {
	int fd;
	struct fsxattr attr;
};

static int set_attributes(void *arg)
{
	struct attributes *a = arg;

	return RET(ioctl(a->fd, FS_IOC_FSSETXATTR, &a->attr));
}

/* What counts for a project is gone for all who have that number. */
TEST_F(files, project)
{
	struct attributes a = { .fd = self->file };
	uint32_t own;

	ASSERT_EQ(0, ioctl(self->file, FS_IOC_FSGETXATTR, &a.attr));
	own = a.attr.fsx_projid;
	EXPECT_BOTH(set_attributes, &a);
	a.attr.fsx_projid = own + 4711;
	EXPECT_EQ(-ECAPMODE, capmode_run(set_attributes, &a));
	ASSERT_EQ(0, ioctl(self->file, FS_IOC_FSGETXATTR, &a.attr));
	EXPECT_EQ(own, a.attr.fsx_projid);
	a.attr.fsx_projid = own + 4711;
	if (in_child(set_attributes, &a) == -EOPNOTSUPP)
		SKIP(return, "the file system has no projects");
	ASSERT_EQ(0, ioctl(self->file, FS_IOC_FSGETXATTR, &a.attr));
	EXPECT_EQ(own + 4711, a.attr.fsx_projid);
	/* Which it has already is no news. */
	EXPECT_BOTH(set_attributes, &a);
	a.attr.fsx_projid = own;
	EXPECT_EQ(-ECAPMODE, capmode_run(set_attributes, &a));
	EXPECT_EQ(0, in_child(set_attributes, &a));
}

/*
 * By whatever lies on the filesystem, a device's node or a pipe with a name as
 * well. Where the tests have those it cannot be frozen, and says so.
 */
TEST(freezing)
{
	struct command freeze = { .cmd = FIFREEZE }, thaw = { .cmd = FITHAW };
	struct statfs fs;
	int fds[2], i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fds[0]);
	if (fstatfs(fds[0], &fs) || fs.f_type != TMPFS_MAGIC)
		SKIP(return, "/dev is on something that can be frozen");
	fds[1] = memfd_create("capsicum", MFD_CLOEXEC);
	ASSERT_LE(0, fds[1]);
	for (i = 0; i < 2; i++) {
		check_refused(_metadata, &freeze, fds[i], -EOPNOTSUPP);
		check_refused(_metadata, &thaw, fds[i], -EINVAL);
		close(fds[i]);
	}
}

/* The kernel's own files have commands, too; of one's memory, for one. */
TEST(proc)
{
	static const struct command unknown = { .cmd = UNKNOWN };
	struct procmap_query q = {
		.size = sizeof(q),
		.query_flags = PROCMAP_QUERY_COVERING_OR_NEXT_VMA,
	};
	struct command query = {
		.cmd = PROCMAP_QUERY, .by_number = true, .number = (long)&q,
	};

	REQUIRE_CAPMODE();
	query.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, query.fd);
	EXPECT_BOTH(command, &query);
	check_refused(_metadata, &unknown, query.fd, -ENOTTY);
	close(query.fd);
}

/* The domain of a device, as PCIIOC_CONTROLLER; there is no header of it. */
#define PCI_CONTROLLER	('P' << 24 | 'C' << 16 | 'I' << 8)

#define TRACE_BUFFER	"/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw"

/* Those that drivers have, and tracefs. */
TEST(kernel_files)
{
	static const struct {
		const char *name;
		struct command c;
		int outside;
		bool native;	/* for programs of the kernel's own ABI */
	} files[] = {
		{ "/proc/bus/pci/00/00.0", { .cmd = PCI_CONTROLLER }, 0 },
		{ "/proc/bus/pci/00/00.0", { .cmd = UNKNOWN }, -EINVAL },
		/* Wakes whoever waits for the buffer. */
		{ TRACE_BUFFER, { .cmd = 0 }, 0, true },
		{ TRACE_BUFFER, { .cmd = UNKNOWN }, -ENOTTY },
	};
	unsigned int i, found = 0;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct command c = files[i].c;
		int outside;

		c.fd = open(files[i].name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (c.fd < 0)
			continue;
		outside = command(&c);
		/* PCI's are for nobody where the kernel is locked down. */
		if (outside != -EPERM) {
			found++;
			if (!files[i].native || outside != -ENOTTY)
				outside = files[i].outside;
			check_refused(_metadata, &c, c.fd, outside);
		}
		close(c.fd);
	}
	if (!found)
		SKIP(return, "neither PCI nor tracefs");
}

#define USER_EVENTS	"/sys/kernel/tracing/user_events_data"
#define EVENT		"capsicum_event"
#define EVENT_DIR	"/sys/kernel/tracing/events/user_events/" EVENT

/* The events of all programs have their names in one place. */
TEST(user_events)
{
	static uint32_t enabled;
	struct user_reg reg = {
		.size = sizeof(reg),
		.enable_size = sizeof(enabled),
		.enable_addr = (uintptr_t)&enabled,
		.name_args = (uintptr_t)EVENT " u32 number",
	};
	struct user_unreg unreg = {
		.size = sizeof(unreg),
		.disable_addr = (uintptr_t)&enabled,
	};
	const struct {
		struct command c;
		int outside;
	} refused[] = {
		{ { .cmd = DIAG_IOCSREG, .number = (long)&reg }, 0 },
		/* The file that it was registered by is open. */
		{ { .cmd = DIAG_IOCSDEL, .number = (long)EVENT }, -EBUSY },
		/* The process that has registered it is gone. */
		{ { .cmd = DIAG_IOCSUNREG, .number = (long)&unreg }, -ENOENT },
		{ { .cmd = UNKNOWN }, -ENOTTY },
	};
	bool none = false;
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = RET(open(USER_EVENTS, O_RDWR | O_CLOEXEC));
	if (fd == -ENOENT)
		SKIP(return, "no events of programs at " USER_EVENTS);
	ASSERT_LE(0, fd);
	/* 64-bit kernels have no such commands for programs of 32 bits. */
	if (sizeof(long) == 4)
		none = RET(ioctl(fd, DIAG_IOCSUNREG, &unreg)) == -ENOTTY;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct command c = refused[i].c;

		c.fd = fd;
		c.by_number = true;
		EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
		EXPECT_EQ(i && !none ? 0 : -ENOENT, RET(access(EVENT_DIR, F_OK)));
		check_refused(_metadata, &c, fd,
			      none ? -ENOTTY : refused[i].outside);
		EXPECT_EQ(none ? -ENOENT : 0, RET(access(EVENT_DIR, F_OK)));
	}
	/* It goes with the file. */
	close(fd);
}

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"

/* There is no header of it for programs. */
struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_IOC_CREATE_FENCE \
	_IOWR('W', 0, struct sw_sync_create_fence_data)

static int make_fence(void *arg)
{
	struct sw_sync_create_fence_data data = {
		.value = 1, .name = "capsicum", .fence = -1,
	};
	int err = RET(ioctl(*(int *)arg, SW_SYNC_IOC_CREATE_FENCE, &data));

	STEP((data.fence >= 0) == !err);
	return err;
}

/* A descriptor is made, of what others wait for. */
TEST(fence)
{
	static const struct command unknown = { .cmd = UNKNOWN };
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = RET(open(SW_SYNC, O_RDWR | O_CLOEXEC));
	if (fd == -ENOENT)
		SKIP(return, "no fences at " SW_SYNC);
	ASSERT_LE(0, fd);
	EXPECT_ECAPMODE(make_fence, &fd);
	check_refused(_metadata, &unknown, fd, -ENOTTY);
	close(fd);
}

/* What is no file has commands of its own, on which there is no list here. */
TEST(no_files)
{
	struct command unknown = { .cmd = UNKNOWN }, ask = { .cmd = FIONREAD };
	int pipe_fds[2];

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, pipe(pipe_fds));
	unknown.fd = pipe_fds[0];
	EXPECT_EQ(-ENOTTY, in_child(command, &unknown));
	EXPECT_EQ(-ENOTTY, capmode_run(command, &unknown));
	ask.fd = pipe_fds[0];
	EXPECT_BOTH(command, &ask);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

TEST(btrfs)
{
	static const struct command allowed[] = {
		{ .cmd = BTRFS_IOC_FS_INFO }, { .cmd = BTRFS_IOC_SPACE_INFO },
		{ .cmd = BTRFS_IOC_GET_FEATURES },
		{ .cmd = BTRFS_IOC_GET_SUPPORTED_FEATURES },
		{ .cmd = BTRFS_IOC_SUBVOL_GETFLAGS }, { .cmd = BTRFS_IOC_SYNC },
	};
	static const struct {
		struct command c;
		int outside;
	} refused[] = {
		{ { .cmd = BTRFS_IOC_DEV_INFO, .first = 1 }, 0 },
		{ { .cmd = BTRFS_IOC_GET_DEV_STATS, .first = 1 }, 0 },
		{ { .cmd = BTRFS_IOC_SCRUB_CANCEL }, -ENOTCONN },
		{ { .cmd = BTRFS_IOC_BALANCE_PROGRESS }, -ENOTCONN },
		{ { .cmd = BTRFS_IOC_QUOTA_RESCAN_WAIT }, 0 },
	};
	struct statfs fs;
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (statfs(BTRFS, &fs) || fs.f_type != BTRFS_SUPER_MAGIC)
		SKIP(return, "there is no btrfs at " BTRFS);
	fd = open(BTRFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		check_allowed(_metadata, &allowed[i], fd);
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		check_refused(_metadata, &refused[i].c, fd, refused[i].outside);
	close(fd);
}

/* ---- autofs, whose daemon has its commands on the root directory ---- */

/* The test is the daemon, with all of its group. */
FIXTURE(autofs)
{
	char top[32];
	int dir;
	int pipe;
};

/* Where it is mounted now, at @top; leaves nothing when it fails. */
static int mount_autofs(char *top, int *pipe)
{
	char options[128];
	int fds[2], dir;

	if (!mkdtemp(top))
		return -errno;
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	snprintf(options, sizeof(options),
		 "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", fds[1],
		 getpgrp());
	dir = RET(mount("capsicum", top, "autofs", 0, options));
	close(fds[1]);
	if (!dir) {
		dir = RET(open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (dir >= 0) {
			*pipe = fds[0];
			return dir;
		}
		umount2(top, MNT_DETACH);
	}
	close(fds[0]);
	rmdir(top);
	return dir;
}

FIXTURE_SETUP(autofs)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	self->dir = mount_autofs(self->top, &self->pipe);
	if (self->dir == -ENODEV)
		SKIP(return, "no autofs");
	ASSERT_LE(0, self->dir);
}

/* Without a daemon first, so that nobody waits for one. */
FIXTURE_TEARDOWN(autofs)
{
	EXPECT_EQ(0, RET(ioctl(self->dir, AUTOFS_IOC_CATATONIC, 0)));
	close(self->dir);
	close(self->pipe);
	EXPECT_EQ(0, RET(umount2(self->top, MNT_DETACH)));
	EXPECT_EQ(0, RET(rmdir(self->top)));
}

/* POLLIN: the daemon is asked for something; POLLHUP: it never will be. */
static int events(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = RET(poll(&p, 1, timeout));

	return n < 0 ? n : p.revents;
}

TEST_F(autofs, commands)
{
	static const struct {
		struct command c;
		int outside;
	} refused[] = {
		{ { .cmd = AUTOFS_IOC_PROTOVER }, 0 },
		{ { .cmd = AUTOFS_IOC_PROTOSUBVER }, 0 },
		{ { .cmd = AUTOFS_IOC_ASKUMOUNT }, 0 },
		/* Nobody waits, and there is nothing to expire. */
		{ { .cmd = AUTOFS_IOC_READY, .by_number = true,
		    .number = 4711 }, -EINVAL },
		{ { .cmd = AUTOFS_IOC_FAIL, .by_number = true,
		    .number = 4711 }, -EINVAL },
		{ { .cmd = AUTOFS_IOC_EXPIRE }, -EAGAIN },
		{ { .cmd = AUTOFS_IOC_EXPIRE_MULTI }, -EAGAIN },
		{ { .cmd = _IO(AUTOFS_IOCTL, 0x7e) }, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		check_refused(_metadata, &refused[i].c, self->dir,
			      refused[i].outside);
	EXPECT_EQ(0, events(self->pipe, 0));
}

static int protocol(void *arg)
{
	const struct command *c = arg;
	int version = -1, err;

	err = RET(ioctl(c->fd, AUTOFS_IOC_PROTOVER, &version));
	return err ? err : version;
}

/* Returns what it was. */
static int set_timeout(void *arg)
{
	const struct command *c = arg;
	unsigned long seconds = c->number;
	int err = RET(ioctl(c->fd, AUTOFS_IOC_SETTIMEOUT, &seconds));

	return err ? err : (int)seconds;
}

TEST_F(autofs, settings)
{
	struct command c = { .fd = self->dir, .number = 77 };

	EXPECT_EQ(5, in_child(protocol, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(protocol, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(set_timeout, &c));
	c.number = 5;
	EXPECT_EQ(0, in_child(set_timeout, &c));
	c.number = 77;
	EXPECT_EQ(-ECAPMODE, capmode_run(set_timeout, &c));
	EXPECT_EQ(5, in_child(set_timeout, &c));
	EXPECT_EQ(77, in_child(set_timeout, &c));
}

static int expire(void *arg)
{
	const struct command *c = arg;
	int how = AUTOFS_EXP_IMMEDIATE;

	return RET(ioctl(c->fd, AUTOFS_IOC_EXPIRE_MULTI, &how));
}

/* It asks the daemon to take something away, and waits until that is done. */
TEST_F(autofs, expire)
{
	const int patience = 60 * 1000;
	struct command c = { .fd = self->dir, .by_number = true };
	struct autofs_v5_packet packet = { };
	int pidfd, child, ret;

	ASSERT_EQ(0, RET(symlinkat("nowhere", self->dir, "link")));
	EXPECT_EQ(-ECAPMODE, capmode_run(expire, &c));
	EXPECT_EQ(0, events(self->pipe, 0));

	child = fork_fd(&pidfd);
	if (!child) {
		alarm(2 * patience / 1000);
		_exit(expire(&c) ? 1 : 0);
	}
	ASSERT_LT(0, child);
	EXPECT_EQ(POLLIN, events(self->pipe, patience));
	ret = read(self->pipe, &packet, sizeof(packet));
	EXPECT_EQ((int)sizeof(packet), ret);
	EXPECT_EQ(autofs_ptype_expire_indirect, packet.hdr.type);
	EXPECT_STREQ("link", packet.name);

	/* Who waits is not let go from inside, whatever the answer. */
	c.number = packet.wait_queue_token;
	c.cmd = AUTOFS_IOC_FAIL;
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
	c.cmd = AUTOFS_IOC_READY;
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
	EXPECT_EQ(0, events(pidfd, 0));
	EXPECT_EQ(0, in_child(command, &c));
	EXPECT_EQ(0, wait_fd(pidfd));
	EXPECT_EQ(0, RET(unlinkat(self->dir, "link", 0)));
}

TEST_F(autofs, catatonic)
{
	struct command c = { .fd = self->dir, .cmd = AUTOFS_IOC_CATATONIC };

	EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(command_by_thread, &c));
	EXPECT_EQ(0, events(self->pipe, 0));
	EXPECT_EQ(0, in_child(command, &c));
	EXPECT_EQ(POLLHUP, events(self->pipe, 0));
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
}

TEST_HARNESS_MAIN
