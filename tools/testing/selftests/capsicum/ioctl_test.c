// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(2): CAP_IOCTL and the command on the list; what a command does beyond
 * the device's own business has a right besides; a second descriptor in the
 * argument needs its own.
 */
#include "common.h"

#include <linux/blkzoned.h>
#include <linux/btrfs.h>
#include <linux/ext4.h>
#include <linux/f2fs.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/msdos_fs.h>
#include <linux/nilfs2_api.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <termios.h>

struct cmd {
	unsigned int cmd;
	void *arg;
};

static int op_ioctl(int fd, void *ctx)
{
	struct cmd *c = ctx;

	return RET(syscall(__NR_ioctl, fd, c->cmd, c->arg));
}

#define CHECK(object, command, want_, argument, ...) do { \
	struct cmd __c = { command, argument }; \
	RIGHTS_OP(object, .name = #command, .op = op_ioctl, \
		  .rights = RIGHTS(CAP_IOCTL, ##__VA_ARGS__), \
		  .ioctl = command, .want = want_, .ctx = &__c); \
} while (0)

FIXTURE(ioctl)
{
	int file;
	int pipe[2];
	int tty;
};

FIXTURE_SETUP(ioctl)
{
	int ptm;

	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, pipe(self->pipe));
	ptm = posix_openpt(O_RDWR | O_NOCTTY);
	self->tty = ptm;
}

FIXTURE_TEARDOWN(ioctl)
{
	close(self->file);
}

/* They tell what there is to be read. */
TEST(mappings)
{
	char none[sizeof(struct procmap_query) + sizeof(struct pm_scan_arg)];
	int maps, pagemap;

	REQUIRE_CAPSICUM();
	memset(none, 0, sizeof(none));
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, maps);
	CHECK(maps, PROCMAP_QUERY, -EINVAL, none, CAP_READ);
	close(maps);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		SKIP(return, "no pagemap");
	CHECK(pagemap, PAGEMAP_SCAN, -EINVAL, none, CAP_READ);
	close(pagemap);
}

TEST_F(ioctl, files_and_pipes)
{
	long n = 0;

	CHECK(self->file, FIONREAD, 0, &n);
	CHECK(self->pipe[0], FIONREAD, 0, &n);
	CHECK(self->pipe[0], FIONBIO, 0, &n);
	CHECK(self->pipe[0], FIOASYNC, 0, &n);
	/* Right, but nothing that a file knows. */
	CHECK(self->file, TCGETS, -ENOTTY, &n);
}

TEST_F(ioctl, terminal)
{
	struct termios t;
	struct winsize w;
	long n;

	if (self->tty < 0)
		SKIP(return, "no pseudo-terminals");
	CHECK(self->tty, TCGETS, 0, &t);
	CHECK(self->tty, TIOCGWINSZ, 0, &w);
	CHECK(self->tty, FIONREAD, 0, &n);
	CHECK(self->tty, TIOCGPTN, 0, &n);
	EXPECT_EQ(0, ioctl(self->tty, TIOCGWINSZ, &w));
	CHECK(self->tty, TIOCSWINSZ, 0, &w);
}

/* A refused command has not done its work. */
TEST_F(ioctl, refused_means_not_done)
{
	int on = 1, fd;

	fd = limit_all_but(self->pipe[0], CAP_IOCTL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, FIONBIO, &on)));
	EXPECT_EQ(0, fcntl(self->pipe[0], F_GETFL) & O_NONBLOCK);
	fd = limit_all(self->pipe[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ioctl(fd, FIONBIO, &on));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->pipe[0], F_GETFL) & O_NONBLOCK);
}

/* Even these two, though they are about the descriptor, are on the list. */
TEST_F(ioctl, cloexec)
{
	unsigned int cmds[] = { FIOCLEX, FIONCLEX };
	struct cap_rights set;
	unsigned int i;
	int fd;

	rights_list(&set, RIGHTS(CAP_IOCTL));
	for (i = 0; i < 2; i++) {
		fd = limit_sub(self->file, &set, 0, 1, &cmds[i]);
		ASSERT_LE(0, fd);
		/* On the capability's own slot, not on the target's. */
		ASSERT_EQ(0, fcntl(fd, F_SETFD, i ? FD_CLOEXEC : 0));
		EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, cmds[!i])));
		EXPECT_EQ(i ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD));
		EXPECT_EQ(0, ioctl(fd, cmds[i]));
		EXPECT_EQ(i ? 0 : FD_CLOEXEC, fcntl(fd, F_GETFD));
		close(fd);
	}
	CHECK(self->file, FIOCLEX, 0, NULL);
	CHECK(self->file, FIONCLEX, 0, NULL);
}

TEST_F(ioctl, the_list)
{
	unsigned int list[CAP_IOCTLS_LIMIT_MAX];
	struct cap_rights set;
	unsigned int i, at;
	long n;
	int fd;

	rights_list(&set, RIGHTS(CAP_IOCTL));
	/* Found wherever it stands, however long the list. */
	for (at = 0; at < CAP_IOCTLS_LIMIT_MAX; at += 51) {
		for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
			list[i] = FIONREAD - at + i;
		fd = limit_sub(self->pipe[0], &set, 0, CAP_IOCTLS_LIMIT_MAX,
			       list);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
		close(fd);
		/* And not found where it is missing. */
		list[at] = 0;
		fd = limit_sub(self->pipe[0], &set, 0, CAP_IOCTLS_LIMIT_MAX,
			       list);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, FIONREAD, &n)));
		close(fd);
	}
}

/* Only 32 bits are the command, for the check as for the call. */
TEST_F(ioctl, upper_half)
{
#if __SIZEOF_LONG__ == 8
	const unsigned long high = 0xdeadbeef00000000UL;
	const unsigned int one[] = { FIONREAD };
	struct cap_rights set;
	int on = 1, fd;
	long n = 0;

	rights_list(&set, RIGHTS(CAP_IOCTL));
	fd = limit_sub(self->pipe[0], &set, 0, 1, one);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, RET(syscall(__NR_ioctl, fd, high | FIONREAD, &n)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(syscall(__NR_ioctl, fd, high | FIONBIO, &on)));
	EXPECT_EQ(0, fcntl(self->pipe[0], F_GETFL) & O_NONBLOCK);
#else
	SKIP(return, "registers have no upper half");
#endif
}

/* Attributes of the inode. The file system may not have them. */
TEST_F(ioctl, inode_flags)
{
	unsigned int flags = 0;
	struct fsxattr xattr = {};
	int err;

	err = RET(ioctl(self->file, FS_IOC_GETFLAGS, &flags));
	CHECK(self->file, FS_IOC_GETFLAGS, err < 0 ? err : 0, &flags);
	err = RET(ioctl(self->file, FS_IOC_SETFLAGS, &flags));
	CHECK(self->file, FS_IOC_SETFLAGS, err < 0 ? err : 0, &flags,
	      CAP_FCHFLAGS);
	err = RET(ioctl(self->file, FS_IOC_FSGETXATTR, &xattr));
	CHECK(self->file, FS_IOC_FSGETXATTR, err < 0 ? err : 0, &xattr);
	err = RET(ioctl(self->file, FS_IOC_FSSETXATTR, &xattr));
	CHECK(self->file, FS_IOC_FSSETXATTR, err < 0 ? err : 0, &xattr,
	      CAP_FCHFLAGS);
	err = RET(ioctl(self->file, FS_IOC_SETVERSION, &flags));
	CHECK(self->file, FS_IOC_SETVERSION, err < 0 ? err : 0, &flags,
	      CAP_FCHFLAGS);
	/* The numbers of 32-bit programs, which a 64-bit one can use as well. */
	err = RET(ioctl(self->file, FS_IOC32_SETFLAGS, &flags));
	CHECK(self->file, FS_IOC32_SETFLAGS, err < 0 ? err : 0, &flags,
	      CAP_FCHFLAGS);
}

/* A command as another ABI has it. */
#define SIZED(cmd, size)	(((cmd) & ~IOCSIZE_MASK) | (size) << IOCSIZE_SHIFT)

/* Of no header for programs. */
#define CIFS_IOC_COPYCHUNK_FILE	_IOW(0xcf, 3, int)
#define CIFS_IOC_NOTIFY		_IOW(0xcf, 9, char[9])
#define CIFS_IOC_NOTIFY_INFO	_IOWR(0xcf, 11, char[13])
#define XFS_IOC_EXCHANGE_RANGE	_IOW('X', 129, char[40])
#define XFS_IOC_COMMIT_RANGE	_IOW('X', 131, char[88])

#define ROW(command, ...) \
	{ #command, command, RIGHTS(CAP_IOCTL, ##__VA_ARGS__) }

static const struct {
	const char *name;
	unsigned int cmd;
	const uint64_t *rights;
} rows[] = {
	ROW(BLKSECDISCARD, CAP_PWRITE),
	ROW(BLKRESETZONE, CAP_PWRITE),
	ROW(BLKFINISHZONE, CAP_PWRITE),
	ROW(BLKFLSBUF, CAP_FSYNC),
	ROW(NILFS_IOCTL_SYNC, CAP_FSYNC),

	ROW(FS_IOC32_SETVERSION, CAP_FCHFLAGS),
	ROW(FS_IOC_SET_ENCRYPTION_POLICY, CAP_FCHFLAGS),
	ROW(FS_IOC_ENABLE_VERITY, CAP_FCHFLAGS),
	ROW(FS_IOC_MEASURE_VERITY, CAP_PREAD),
	ROW(FS_IOC_READ_VERITY_METADATA, CAP_PREAD),

	ROW(FAT_IOCTL_SET_ATTRIBUTES, CAP_FCHMOD),
	ROW(SIZED(VFAT_IOCTL_READDIR_BOTH, 560), CAP_READ),
	ROW(SIZED(VFAT_IOCTL_READDIR_BOTH, 536), CAP_READ),
	ROW(SIZED(VFAT_IOCTL_READDIR_SHORT, 560), CAP_READ),
	ROW(SIZED(VFAT_IOCTL_READDIR_SHORT, 536), CAP_READ),

	ROW(SIZED(EXT4_IOC_SETVERSION, 8), CAP_FCHFLAGS),
	ROW(SIZED(EXT4_IOC_SETVERSION, 4), CAP_FCHFLAGS),
	ROW(EXT4_IOC_MIGRATE, CAP_FCHFLAGS),
	ROW(EXT4_IOC_ALLOC_DA_BLKS, CAP_FSYNC),
	ROW(EXT4_IOC_CHECKPOINT, CAP_FSYNC),
	/* Two commands of one number need not take the same. */
	ROW(EXT4_IOC_MOVE_EXT, CAP_PREAD, CAP_PWRITE),
	ROW(EXT4_IOC_RESIZE_FS),
	ROW(PAGEMAP_SCAN, CAP_READ),
	ROW(EXT4_IOC_SWAP_BOOT, CAP_PREAD, CAP_PWRITE, CAP_FTRUNCATE),
	ROW(PROCMAP_QUERY, CAP_READ),

	ROW(SIZED(BTRFS_IOC_ENCODED_READ, 128), CAP_PREAD),
	ROW(SIZED(BTRFS_IOC_ENCODED_READ, 120), CAP_PREAD),
	ROW(SIZED(BTRFS_IOC_ENCODED_WRITE, 128), CAP_PWRITE),
	ROW(SIZED(BTRFS_IOC_ENCODED_WRITE, 120), CAP_PWRITE),
	ROW(BTRFS_IOC_SNAP_DESTROY_V2, CAP_UNLINKAT),
	ROW(BTRFS_IOC_SUBVOL_SETFLAGS, CAP_FCHFLAGS),
	ROW(SIZED(BTRFS_IOC_SET_RECEIVED_SUBVOL, 200), CAP_FCHFLAGS),
	ROW(SIZED(BTRFS_IOC_SET_RECEIVED_SUBVOL, 192), CAP_FCHFLAGS),
	ROW(BTRFS_IOC_SYNC, CAP_FSYNC),
	/* One number. */
	ROW(BTRFS_IOC_START_SYNC, CAP_FSYNC),
	ROW(BTRFS_IOC_SUBVOL_CREATE_V2, CAP_MKDIRAT),
	ROW(BTRFS_IOC_WAIT_SYNC, CAP_FSYNC),

	ROW(CIFS_IOC_COPYCHUNK_FILE, CAP_PWRITE),
	ROW(CIFS_IOC_NOTIFY, CAP_NOTIFY),
	ROW(CIFS_IOC_NOTIFY_INFO, CAP_NOTIFY),

	ROW(F2FS_IOC_MOVE_RANGE, CAP_PREAD, CAP_PWRITE),
	ROW(F2FS_IOC_START_ATOMIC_REPLACE, CAP_FTRUNCATE),
	ROW(F2FS_IOC_SEC_TRIM_FILE, CAP_PWRITE),
	ROW(F2FS_IOC_WRITE_CHECKPOINT, CAP_FSYNC),
	ROW(F2FS_IOC_SET_PIN_FILE, CAP_FCHFLAGS),
	ROW(F2FS_IOC_SET_COMPRESS_OPTION, CAP_FCHFLAGS),
	ROW(F2FS_IOC_RELEASE_COMPRESS_BLOCKS, CAP_FCHFLAGS),
	ROW(F2FS_IOC_RESERVE_COMPRESS_BLOCKS, CAP_FCHFLAGS),

	ROW(XFS_IOC_EXCHANGE_RANGE, CAP_PREAD, CAP_PWRITE, CAP_FTRUNCATE),
	ROW(XFS_IOC_COMMIT_RANGE, CAP_PREAD, CAP_PWRITE, CAP_FTRUNCATE),
};

/* The right goes by the number, whatever the file knows: here, none of them. */
TEST(by_number)
{
	unsigned int i;
	int fd;

	REQUIRE_CAPSICUM();
	fd = memfd_create("capsicum", MFD_CLOEXEC);
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cmd c = { .cmd = rows[i].cmd };

		RIGHTS_OP(fd, .name = rows[i].name, .op = op_ioctl,
			  .rights = rows[i].rights, .ioctl = c.cmd,
			  .want = -ENOTTY, .ctx = &c);
	}
	close(fd);
}

/* Of the file system, which is none that can be frozen. */
TEST(freezing)
{
	struct cmd c = { .cmd = FIFREEZE };
	int fd, err;

	REQUIRE_CAPSICUM();
	fd = memfd_create("capsicum", MFD_CLOEXEC);
	ASSERT_LE(0, fd);
	err = op_ioctl(fd, &c);
	EXPECT_EQ(geteuid() ? -EPERM : -EOPNOTSUPP, err);
	RIGHTS_OP(fd, .name = "FIFREEZE", .op = op_ioctl,
		  .rights = RIGHTS(CAP_IOCTL, CAP_FSYNC), .ioctl = c.cmd,
		  .want = err, .ctx = &c);
	close(fd);
}

/*
 * XFS: of other files than this, or of where it lies. CIFS: what a server is
 * asked, another session's keys. No right is enough.
 */
TEST(by_no_capability)
{
	static const struct {
		unsigned char type, nr;
	} names[] = {
		{ 'X', 59 }, { 'X', 60 }, { 'X', 62 }, { 'X', 63 },
		{ 'X', 64 }, { 'X', 101 }, { 'X', 102 }, { 'X', 103 },
		{ 'X', 107 }, { 'X', 108 }, { 'X', 122 }, { 'X', 123 },
		{ 'X', 127 }, { 'X', 128 }, { 0xcf, 7 }, { 0xcf, 10 },
	};
	static const unsigned int dirs[] = {
		_IOC_READ, _IOC_WRITE, _IOC_READ | _IOC_WRITE,
	};
	static const unsigned int sizes[] = { 32, 64 };
	unsigned int i, j, k;
	int fd, cap;

	REQUIRE_CAPSICUM();
	fd = memfd_create("capsicum", MFD_CLOEXEC);
	ASSERT_LE(0, fd);
	cap = limit_all(fd);
	ASSERT_LE(0, cap);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 0; j < ARRAY_SIZE(dirs); j++) {
			for (k = 0; k < ARRAY_SIZE(sizes); k++) {
				struct cmd c = {
					.cmd = _IOC(dirs[j], names[i].type,
						    names[i].nr, sizes[k]),
				};

				EXPECT_EQ(-ENOTTY, op_ioctl(fd, &c))
					TH_LOG("command %#x", c.cmd);
				EXPECT_EQ(-ENOTCAPABLE, op_ioctl(cap, &c))
					TH_LOG("command %#x", c.cmd);
			}
		}
	}
	close(cap);
	close(fd);
}

struct clone {
	int src;	/* ordinary */
	int dst;	/* ordinary */
};

static int op_clone_dst(int fd, void *ctx)
{
	struct clone *c = ctx;

	return RET(ioctl(fd, FICLONE, c->src));
}

static int op_clone_src(int fd, void *ctx)
{
	struct clone *c = ctx;

	return RET(ioctl(c->dst, FICLONE, fd));
}

static int op_clone_range_dst(int fd, void *ctx)
{
	struct clone *c = ctx;
	struct file_clone_range r = { .src_fd = c->src };

	return RET(ioctl(fd, FICLONERANGE, &r));
}

static int op_clone_range_src(int fd, void *ctx)
{
	struct clone *c = ctx;
	struct file_clone_range r = { .src_fd = fd };

	return RET(ioctl(c->dst, FICLONERANGE, &r));
}

static int dedupe(int src, int dst)
{
	struct {
		struct file_dedupe_range r;
		struct file_dedupe_range_info info;
	} d = {
		.r = { .src_length = 4096, .dest_count = 1 },
		.info = { .dest_fd = dst },
	};
	int err = RET(ioctl(src, FIDEDUPERANGE, &d));

	return err < 0 ? err : d.info.status;
}

static int op_dedupe_src(int fd, void *ctx)
{
	struct clone *c = ctx;

	return dedupe(fd, c->dst);
}

static int op_dedupe_dst(int fd, void *ctx)
{
	struct clone *c = ctx;

	return dedupe(c->src, fd);
}

static uint64_t clone_state(void *ctx)
{
	struct clone *c = ctx;

	return file_state(c->dst);
}

/*
 * Few file systems can share blocks. One that cannot says so after the rights
 * were checked, which is all that is asked here.
 */
TEST_F(ioctl, clone)
{
	struct clone c;
	int err;

	c.src = tmp_file(NULL, 4096);
	ASSERT_LE(0, c.src);
	c.dst = tmp_file(NULL, 16);
	ASSERT_LE(0, c.dst);

	err = op_clone_dst(c.dst, &c);
	if (err > 0)
		err = 0;
	RIGHTS_OP(c.dst, .name = "FICLONE, destination", .op = op_clone_dst,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE), .ioctl = FICLONE,
		  .want = err, .state = clone_state, .ctx = &c);
	RIGHTS_OP(c.src, .name = "FICLONE, source", .op = op_clone_src,
		  .rights = RIGHTS(CAP_PREAD), .want = err,
		  .state = clone_state, .ctx = &c);
	RIGHTS_OP(c.dst, .name = "FICLONERANGE, destination",
		  .op = op_clone_range_dst,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE),
		  .ioctl = FICLONERANGE, .want = err, .state = clone_state,
		  .ctx = &c);
	RIGHTS_OP(c.src, .name = "FICLONERANGE, source",
		  .op = op_clone_range_src, .rights = RIGHTS(CAP_PREAD),
		  .want = err, .state = clone_state, .ctx = &c);
}

TEST_F(ioctl, dedupe)
{
	struct clone c;
	int err;

	c.src = tmp_file(NULL, 4096);
	ASSERT_LE(0, c.src);
	c.dst = tmp_file(NULL, 4096);
	ASSERT_LE(0, c.dst);
	err = dedupe(c.src, c.dst);
	if (err > 0)
		err = 0;
	RIGHTS_OP(c.src, .name = "FIDEDUPERANGE, source", .op = op_dedupe_src,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PREAD),
		  .ioctl = FIDEDUPERANGE, .want = err, .state = clone_state,
		  .ctx = &c);
	/*
	 * The destination's refusal is in its own status, among others; but it
	 * is not looked at when the source's file system cannot do this.
	 */
	if (err == -EOPNOTSUPP)
		return;
	RIGHTS_OP(c.dst, .name = "FIDEDUPERANGE, destination",
		  .op = op_dedupe_dst, .rights = RIGHTS(CAP_PREAD, CAP_PWRITE),
		  .want = err, .state = clone_state, .ctx = &c);
}

/* The other end of a pseudo-terminal has the limits of this one. */
TEST_F(ioctl, peer_of_terminal)
{
	static const unsigned int cmds[] = { TIOCGPTPEER };
	struct limits want, have;
	struct cap_rights set;
	int cap, peer;

	if (self->tty < 0 || unlockpt(self->tty))
		SKIP(return, "no pseudo-terminals");
	peer = ioctl(self->tty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		SKIP(return, "no TIOCGPTPEER, or no /dev/pts");
	close(peer);
	rights_list(&set, RIGHTS(CAP_READ, CAP_IOCTL));
	cap = limit_sub(self->tty, &set, 0, 1, cmds);
	ASSERT_LE(0, cap);
	peer = RET(ioctl(cap, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	ASSERT_LE(0, peer);
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, get_limits(peer, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_EQ(-ENOTCAPABLE, RET(write(peer, "x", 1)));
	close(peer);
	close(cap);
}

TEST_HARNESS_MAIN
