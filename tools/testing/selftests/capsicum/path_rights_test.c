// SPDX-License-Identifier: GPL-2.0
/*
 * Which rights a look-up below a directory needs, for each call that takes a
 * directory and a name; and what comes out of it inherits.
 */
#include "paths.h"

#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/ioctl.h>

#ifndef __NR_open_tree
#define __NR_open_tree		(CAP_NR_BASE + 428)
#define __NR_move_mount		(CAP_NR_BASE + 429)
#define __NR_fspick		(CAP_NR_BASE + 433)
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr	(CAP_NR_BASE + 442)
#endif

/* What an operation is about, beside the directory. */
struct ctx {
	struct tree *t;
	const char *path;
	int flags;
	mode_t mode;
	dev_t dev;
	int want;
};

static void ctx_prepare(void *arg)
{
	struct ctx *c = arg;

	/* An operation that needs what is missing tells. */
	tree_fill(c->t);
}

static uint64_t ctx_state(void *arg)
{
	struct ctx *c = arg;

	return tree_state(c->t->base);
}

FIXTURE(rights)
{
	struct tree tree;
};

FIXTURE_VARIANT(rights)
{
	bool mode;
};

FIXTURE_VARIANT_ADD(rights, outside) { };

/* The test itself is in capability mode: all it does goes by descriptors. */
FIXTURE_VARIANT_ADD(rights, capability_mode) {
	.mode = true,
};

FIXTURE_SETUP(rights)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	if (variant->mode)
		ASSERT_EQ(0, sys_cap_enter(0));
}

FIXTURE_TEARDOWN(rights)
{
	EXPECT_EQ(0, tree_drop(&self->tree));
}

/* AT(op_mkdir, RIGHTS(CAP_MKDIRAT), .path = "new"); inside of a test. */
#define AT(fn, need, ...) do { \
	struct ctx __c = { .t = &self->tree, ##__VA_ARGS__ }; \
	RIGHTS_OP(self->tree.box, .name = #fn " " #__VA_ARGS__, .op = fn, \
		  .rights = need, .want = __c.want, .keeps = true, \
		  .prepare = ctx_prepare, \
		  .state = ctx_state, .ctx = &__c); \
} while (0)

/* What the names in box/ have come to; 0 for nothing. */
static mode_t type_of(struct ctx *c, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	return st.st_mode & S_IFMT;
}

/* ---- open ---- */

/* The limits of what was opened are those of where it was opened. */
static int opened(int fd, int dir)
{
	struct limits of_dir, of_fd;
	int err = 0;

	if (fd < 0)
		return fd;
	if (get_limits(dir, &of_dir) || get_limits(fd, &of_fd) ||
	    !limits_eq(&of_dir, &of_fd))
		err = WRONG;
	close(fd);
	return err;
}

static int op_openat(int dir, void *arg)
{
	const struct ctx *c = arg;

	return opened(RET(openat(dir, c->path, c->flags | O_CLOEXEC, 0600)),
		      dir);
}

static int op_openat2(int dir, void *arg)
{
	const struct ctx *c = arg;
	mode_t mode = c->flags & O_CREAT ||
		      (c->flags & O_TMPFILE) == O_TMPFILE ? 0600 : 0;

	return opened(sys_openat2(dir, c->path, (unsigned int)c->flags |
				  O_CLOEXEC, mode, 0), dir);
}

#define OPEN(need, ...) do { \
	AT(op_openat, need, __VA_ARGS__); \
	AT(op_openat2, need, __VA_ARGS__); \
} while (0)

TEST_F(rights, open_read)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "file", .flags = O_RDONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "a/../in",
	     .flags = O_RDONLY | O_NONBLOCK | O_APPEND);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "a",
	     .flags = O_RDONLY | O_DIRECTORY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = ".", .flags = O_RDONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "a/..", .flags = O_RDONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "file",
	     .flags = O_RDONLY | O_BENEATH);
	/* The error of the look-up comes after the check. */
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "nothing",
	     .flags = O_RDONLY, .want = -ENOENT);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "file/",
	     .flags = O_RDONLY, .want = -ENOTDIR);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "in",
	     .flags = O_RDONLY | O_NOFOLLOW, .want = -ELOOP);
}

TEST_F(rights, open_write)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_SEEK), .path = "file",
	     .flags = O_WRONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK), .path = "file",
	     .flags = O_RDWR);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE), .path = "file",
	     .flags = O_WRONLY | O_APPEND);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE), .path = "file",
	     .flags = O_RDWR | O_APPEND);
	/* For ioctls only, but checked as both. */
	AT(op_openat, RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK),
	   .path = "file", .flags = O_ACCMODE);
}

TEST_F(rights, open_truncate)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_FTRUNCATE), .path = "file",
	     .flags = O_WRONLY | O_TRUNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_FTRUNCATE),
	     .path = "file", .flags = O_RDWR | O_TRUNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_FTRUNCATE), .path = "file",
	     .flags = O_WRONLY | O_APPEND | O_TRUNC);
	/* It does truncate on Linux. */
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FTRUNCATE), .path = "file",
	     .flags = O_RDONLY | O_TRUNC);
}

TEST_F(rights, open_create)
{
	static const char * const names[] = { "file", "new", "a/b/../new" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_CREATE),
		     .path = names[i], .flags = O_RDONLY | O_CREAT);
		OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_SEEK, CAP_CREATE),
		     .path = names[i], .flags = O_WRONLY | O_CREAT);
		OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_FTRUNCATE, CAP_CREATE),
		     .path = names[i], .flags = O_WRONLY | O_CREAT | O_TRUNC);
		OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_CREATE),
		     .path = names[i], .flags = O_WRONLY | O_CREAT | O_APPEND);
	}
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK, CAP_CREATE),
	     .path = "new", .flags = O_RDWR | O_CREAT | O_EXCL);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK, CAP_CREATE),
	     .path = "file", .flags = O_RDWR | O_CREAT | O_EXCL,
	     .want = -EEXIST);
}

TEST_F(rights, open_tmpfile)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK, CAP_CREATE),
	     .path = "a", .flags = O_RDWR | O_TMPFILE);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_SEEK, CAP_CREATE),
	     .path = ".", .flags = O_WRONLY | O_TMPFILE);
}

TEST_F(rights, open_sync)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FSYNC), .path = "file",
	     .flags = O_RDONLY | O_SYNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FSYNC), .path = "file",
	     .flags = O_RDONLY | O_DSYNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_SEEK, CAP_FSYNC),
	     .path = "file", .flags = O_WRONLY | O_DSYNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK, CAP_FSYNC),
	     .path = "file", .flags = O_RDWR | O_SYNC);
}

TEST_F(rights, open_path)
{
	OPEN(RIGHTS(CAP_LOOKUP), .path = "file", .flags = O_PATH);
	OPEN(RIGHTS(CAP_LOOKUP), .path = "a", .flags = O_PATH | O_DIRECTORY);
	OPEN(RIGHTS(CAP_LOOKUP), .path = "up", .flags = O_PATH | O_NOFOLLOW);
	OPEN(RIGHTS(CAP_LOOKUP), .path = ".", .flags = O_PATH);
	OPEN(RIGHTS(CAP_LOOKUP), .path = "file", .flags = O_PATH | O_BENEATH);
	/* What O_PATH makes nothing of asks for nothing. */
	AT(op_openat, RIGHTS(CAP_LOOKUP), .path = "file",
	   .flags = O_PATH | O_RDWR | O_CREAT | O_TRUNC | O_SYNC);
}

/* An O_PATH directory, and a capability of it, is as good to start from. */
TEST_F(rights, from_path)
{
	int box = openat(self->tree.base, "box", O_PATH | O_CLOEXEC);
	struct ctx c = {
		.t = &self->tree, .path = "a/b/file", .flags = O_RDONLY,
	};
	int cap, fd;
	char byte;

	ASSERT_LE(0, box);
	cap = limit_to(box, CAP_LOOKUP, CAP_READ);
	ASSERT_LE(0, cap);
	fd = openat(cap, "a/b/file", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &byte, 1));
	EXPECT_EQ('d', byte);
	RIGHTS_OP(box, .name = "openat from O_PATH", .op = op_openat,
		  .rights = RIGHTS(CAP_LOOKUP, CAP_READ),
		  .prepare = ctx_prepare, .state = ctx_state, .ctx = &c);
	close(fd);
	close(cap);
	close(box);
}

/* ---- what is opened inherits ---- */

static int inherit_dir(struct tree *t)
{
	static const unsigned int ioctls[] = { FIONREAD, FS_IOC_GETFLAGS };
	struct cap_rights set;

	rights_list(&set, RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FCNTL, CAP_IOCTL,
				 CAP_FSTAT, CAP_FSYNC));
	return limit_sub(t->box, &set, CAP_FCNTL_GETFL, 2, ioctls);
}

TEST_F(rights, inherit)
{
	static const int flags[] = {
		O_RDONLY, O_RDONLY | O_DIRECTORY, O_PATH, O_PATH | O_DIRECTORY,
		O_RDONLY | O_DSYNC, O_RDONLY | O_CLOEXEC, O_RDONLY | O_BENEATH,
	};
	struct limits dir, now;
	int cap = inherit_dir(&self->tree), fd;
	size_t i;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &dir));
	EXPECT_EQ(2, dir.nioctls);
	EXPECT_EQ(CAP_FCNTL_GETFL, dir.fcntls);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *name = flags[i] & O_DIRECTORY ? "a" : "file";

		fd = openat(cap, name, flags[i]);
		ASSERT_LE(0, fd) TH_LOG("%#x", flags[i]);
		ASSERT_EQ(0, get_limits(fd, &now));
		EXPECT_TRUE(limits_eq(&dir, &now)) TH_LOG("%#x", flags[i]);
		EXPECT_EQ(flags[i] & O_CLOEXEC ? FD_CLOEXEC : 0,
			  fcntl(fd, F_GETFD));
		close(fd);
		fd = sys_openat2(cap, name, flags[i], 0, RESOLVE_BENEATH);
		ASSERT_LE(0, fd) TH_LOG("%#x", flags[i]);
		ASSERT_EQ(0, get_limits(fd, &now));
		EXPECT_TRUE(limits_eq(&dir, &now)) TH_LOG("%#x", flags[i]);
		close(fd);
	}
	close(cap);
}

TEST_F(rights, inherit_deep)
{
	int cap = inherit_dir(&self->tree), a, b, fd, up;
	struct limits dir, now;
	struct stat st;
	char c;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &dir));
	a = openat(cap, "a", O_PATH | O_DIRECTORY);
	ASSERT_LE(0, a);
	b = openat(a, "b", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, b);
	fd = openat(b, "file", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &now));
	EXPECT_TRUE(limits_eq(&dir, &now));
	/* The limits are in force, not just shown. */
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ('d', c);
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(-ENOTCAPABLE, RET(lseek(fd, 0, SEEK_SET)));
	EXPECT_EQ(-ENOTCAPABLE, RET(pread(fd, &c, 1, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fchmod(fd, 0777)));
	EXPECT_LE(0, fcntl(fd, F_GETFL));
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, FIOCLEX)));
	EXPECT_EQ(-ENOTCAPABLE, RET(openat(b, "file", O_WRONLY)));
	EXPECT_EQ(-ENOTCAPABLE, RET(openat(b, "new", O_CREAT | O_RDONLY, 0600)));
	EXPECT_EQ(-ENOTCAPABLE, RET(unlinkat(b, "file", 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(openat(b, "..", O_RDONLY)));

	/* Narrowing on the way narrows what comes out. */
	up = limit_to(b, CAP_LOOKUP, CAP_READ);
	ASSERT_LE(0, up);
	close(fd);
	fd = openat(up, "file", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(holds(fd, CAP_LOOKUP, CAP_READ));
	EXPECT_EQ(-ENOTCAPABLE, RET(fstat(fd, &st)));
}

/* From an ordinary directory comes an ordinary descriptor, in the mode too. */
TEST_F(rights, ordinary)
{
	int fd = openat(self->tree.box, "a/../file", O_RDWR);
	struct limits l, all;
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(self->tree.box, &all));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&l, &all));
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(0, ftruncate(fd, 0));
	close(fd);
}

/* ---- attributes ---- */

static int op_fstatat(int dir, void *arg)
{
	const struct ctx *c = arg;
	struct stat st;

	return RET(fstatat(dir, c->path, &st, c->flags));
}

static int op_statx(int dir, void *arg)
{
	const struct ctx *c = arg;
	struct statx stx;

	return RET(statx(dir, c->path, c->flags, STATX_BASIC_STATS, &stx));
}

TEST_F(rights, stat)
{
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = "file");
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = "up",
	   .flags = AT_SYMLINK_NOFOLLOW);
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = "file",
	   .flags = AT_EMPTY_PATH);
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = ".");
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = "nothing", .want = -ENOENT);
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "a/b/file");
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "file",
	   .flags = AT_RESOLVE_BENEATH);
	AT(op_fstatat, RIGHTS(CAP_FSTATAT), .path = "file",
	   .flags = AT_NO_AUTOMOUNT);
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "file",
	   .flags = AT_NO_AUTOMOUNT);
	/* Without a name it is about the descriptor. */
	AT(op_fstatat, RIGHTS(CAP_FSTAT), .path = "", .flags = AT_EMPTY_PATH);
	AT(op_statx, RIGHTS(CAP_FSTAT), .path = "", .flags = AT_EMPTY_PATH);
	AT(op_fstatat, RIGHTS(CAP_FSTAT), .path = "",
	   .flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT);
	AT(op_statx, RIGHTS(CAP_FSTAT), .path = "",
	   .flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT);
}

static int op_faccessat(int dir, void *arg)
{
	const struct ctx *c = arg;

	return RET(syscall(SYS_faccessat, dir, c->path, c->mode));
}

static int op_faccessat2(int dir, void *arg)
{
	const struct ctx *c = arg;

	return RET(syscall(__NR_faccessat2, dir, c->path, c->mode, c->flags));
}

TEST_F(rights, access)
{
	AT(op_faccessat, RIGHTS(CAP_FSTATAT), .path = "file", .mode = F_OK);
	AT(op_faccessat, RIGHTS(CAP_FSTATAT), .path = "file", .mode = R_OK);
	AT(op_faccessat, RIGHTS(CAP_FSTATAT), .path = "file",
	   .mode = W_OK | X_OK);
	AT(op_faccessat, RIGHTS(CAP_FSTATAT), .path = "nothing",
	   .want = -ENOENT);
	AT(op_faccessat2, RIGHTS(CAP_FSTATAT), .path = "a", .mode = R_OK,
	   .flags = AT_EACCESS);
	AT(op_faccessat2, RIGHTS(CAP_FSTATAT), .path = "up", .mode = R_OK,
	   .flags = AT_SYMLINK_NOFOLLOW);
	AT(op_faccessat2, RIGHTS(CAP_FSTAT), .path = "", .mode = R_OK,
	   .flags = AT_EMPTY_PATH);
}

static int op_readlinkat(int dir, void *arg)
{
	const struct ctx *c = arg;
	char buf[PATH_MAX];

	return RET(readlinkat(dir, c->path, buf, sizeof(buf)));
}

TEST_F(rights, readlink)
{
	struct ctx c = { .t = &self->tree, .path = "" };
	int link;

	AT(op_readlinkat, RIGHTS(CAP_READ, CAP_LOOKUP), .path = "in");
	AT(op_readlinkat, RIGHTS(CAP_READ, CAP_LOOKUP), .path = "root");
	AT(op_readlinkat, RIGHTS(CAP_READ, CAP_LOOKUP), .path = "a/up");
	AT(op_readlinkat, RIGHTS(CAP_READ, CAP_LOOKUP), .path = "file",
	   .want = -EINVAL);
	AT(op_readlinkat, RIGHTS(CAP_READ, CAP_LOOKUP), .path = "nothing",
	   .want = -ENOENT);

	link = openat(self->tree.box, "up", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	ASSERT_LE(0, link);
	RIGHTS_OP(link, .name = "readlinkat of itself", .op = op_readlinkat,
		  .rights = RIGHTS(CAP_READ), .ctx = &c);
	close(link);
}

static int op_handle(int dir, void *arg)
{
	const struct ctx *c = arg;
	struct {
		struct file_handle h;
		char buf[MAX_HANDLE_SZ];
	} u = { .h.handle_bytes = MAX_HANDLE_SZ };
	/* One that is unique is as long as this. */
	uint64_t mnt;

	return RET(name_to_handle_at(dir, c->path, &u.h, (int *)&mnt,
				     c->flags));
}

TEST_F(rights, handle)
{
	static const int flags[] = {
		AT_HANDLE_FID, AT_HANDLE_MNT_ID_UNIQUE,
		AT_HANDLE_FID | AT_HANDLE_MNT_ID_UNIQUE,
	};
	size_t i;

	AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "file");
	AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "a/..");
	AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "in",
	   .flags = AT_SYMLINK_FOLLOW);
	AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "nothing", .want = -ENOENT);
	AT(op_handle, RIGHTS(CAP_FSTAT), .path = "", .flags = AT_EMPTY_PATH);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "file",
		   .flags = flags[i]);
		AT(op_handle, RIGHTS(CAP_FSTATAT), .path = "nothing",
		   .flags = flags[i], .want = -ENOENT);
		AT(op_handle, RIGHTS(CAP_FSTAT), .path = "",
		   .flags = flags[i] | AT_EMPTY_PATH);
	}
}

/* The permissions of a name in box/ are now ... */
static int mode_is(struct ctx *c, int ret, mode_t mode)
{
	struct stat st;

	if (ret)
		return ret;
	if (fstatat(c->t->box, c->path, &st, 0))
		return WRONG;
	return (st.st_mode & 07777) == mode ? 0 : WRONG;
}

static int op_fchmodat(int dir, void *arg)
{
	struct ctx *c = arg;

	return mode_is(c, RET(syscall(SYS_fchmodat, dir, c->path, 0444)), 0444);
}

static int op_fchmodat2(int dir, void *arg)
{
	struct ctx *c = arg;

	return mode_is(c, RET(syscall(__NR_fchmodat2, dir, c->path, 0640,
				      c->flags)), 0640);
}

static int op_fchownat(int dir, void *arg)
{
	struct ctx *c = arg;
	uid_t uid = geteuid() ? geteuid() : 1234;
	struct stat st;
	int err;

	err = RET(fchownat(dir, c->path, uid, -1, c->flags));
	if (err)
		return err;
	if (fstatat(c->t->box, c->path, &st, c->flags))
		return WRONG;
	return st.st_uid == uid ? 0 : WRONG;
}

TEST_F(rights, change_attributes)
{
	AT(op_fchmodat, RIGHTS(CAP_FCHMODAT), .path = "file");
	AT(op_fchmodat, RIGHTS(CAP_FCHMODAT), .path = "a/inner");
	AT(op_fchmodat, RIGHTS(CAP_FCHMODAT), .path = "nothing",
	   .want = -ENOENT);
	AT(op_fchmodat2, RIGHTS(CAP_FCHMODAT), .path = "file");
	AT(op_fchmodat2, RIGHTS(CAP_FCHMODAT), .path = "file",
	   .flags = AT_SYMLINK_NOFOLLOW);
	AT(op_fchownat, RIGHTS(CAP_FCHOWNAT), .path = "file");
	AT(op_fchownat, RIGHTS(CAP_FCHOWNAT), .path = "a");
	AT(op_fchownat, RIGHTS(CAP_FCHOWNAT), .path = "up",
	   .flags = AT_SYMLINK_NOFOLLOW);
}

static int time_is(struct ctx *c, int ret)
{
	struct stat st;

	if (ret)
		return ret;
	if (fstatat(c->t->box, c->path, &st, c->flags))
		return WRONG;
	return st.st_mtime == 1000000 ? 0 : WRONG;
}

static int op_utimensat(int dir, void *arg)
{
	static const struct timespec ts[2] = {
		{ .tv_sec = 1000000 }, { .tv_sec = 1000000 },
	};
	struct ctx *c = arg;

	return time_is(c, RET(utimensat(dir, c->path, ts, c->flags)));
}

static int op_futimesat(int dir, void *arg)
{
	static const struct timeval tv[2] = {
		{ .tv_sec = 1000000 }, { .tv_sec = 1000000 },
	};
	struct ctx *c = arg;

	return time_is(c, RET(futimesat(dir, c->path, tv)));
}

#ifdef SYS_futimesat
static int op_futimesat_nr(int dir, void *arg)
{
	const struct ctx *c = arg;

	return RET(syscall(SYS_futimesat, dir, c->path, NULL));
}
#endif

TEST_F(rights, times)
{
	AT(op_utimensat, RIGHTS(CAP_FUTIMESAT), .path = "file");
	AT(op_utimensat, RIGHTS(CAP_FUTIMESAT), .path = "up",
	   .flags = AT_SYMLINK_NOFOLLOW);
	AT(op_utimensat, RIGHTS(CAP_FUTIMESAT), .path = "a/b/../../file");
	AT(op_futimesat, RIGHTS(CAP_FUTIMESAT), .path = "file");
#ifdef SYS_futimesat
	AT(op_futimesat_nr, RIGHTS(CAP_FUTIMESAT), .path = "file");
#endif
}

/* ---- new names ---- */

static int made(struct ctx *c, int ret, mode_t type)
{
	if (ret)
		return ret;
	return type_of(c, c->t->box, c->path) == type ? 0 : WRONG;
}

static int op_mkdirat(int dir, void *arg)
{
	struct ctx *c = arg;

	return made(c, RET(mkdirat(dir, c->path, 0700)), S_IFDIR);
}

static int op_symlinkat(int dir, void *arg)
{
	struct ctx *c = arg;

	return made(c, RET(symlinkat("/anything", dir, c->path)), S_IFLNK);
}

static int op_mknodat(int dir, void *arg)
{
	struct ctx *c = arg;

	return made(c, RET(mknodat(dir, c->path, c->mode | 0600, c->dev)),
		    c->mode ? c->mode : S_IFREG);
}

TEST_F(rights, mkdir)
{
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "new");
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "a/b/../new/");
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "file", .want = -EEXIST);
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "nothing/new",
	   .want = -ENOENT);
}

TEST_F(rights, symlink)
{
	AT(op_symlinkat, RIGHTS(CAP_SYMLINKAT), .path = "new");
	AT(op_symlinkat, RIGHTS(CAP_SYMLINKAT), .path = "indir/new");
	AT(op_symlinkat, RIGHTS(CAP_SYMLINKAT), .path = "file",
	   .want = -EEXIST);
}

TEST_F(rights, mknod)
{
	AT(op_mknodat, RIGHTS(CAP_LOOKUP, CAP_CREATE), .path = "new",
	   .mode = S_IFREG);
	AT(op_mknodat, RIGHTS(CAP_LOOKUP, CAP_CREATE), .path = "new");
	AT(op_mknodat, RIGHTS(CAP_MKFIFOAT), .path = "new", .mode = S_IFIFO);
	AT(op_mknodat, RIGHTS(CAP_LOOKUP, CAP_BIND), .path = "new",
	   .mode = S_IFSOCK);
	AT(op_mknodat, RIGHTS(CAP_LOOKUP, CAP_CREATE), .path = "file",
	   .mode = S_IFREG, .want = -EEXIST);
	/* A whiteout is no device: it stands for none. */
	AT(op_mknodat, RIGHTS(CAP_MKNODAT), .path = "new", .mode = S_IFCHR);
}

TEST_F(rights, mknod_device)
{
	struct ctx c = {
		.t = &self->tree, .path = "new", .dev = makedev(1, 3),
	};
	static const mode_t modes[] = { S_IFCHR, S_IFBLK };
	uint64_t before;
	size_t i;
	int cap;

	if (geteuid())
		SKIP(return, "only root makes devices");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!variant->mode) {
			AT(op_mknodat, RIGHTS(CAP_MKNODAT), .path = "new",
			   .mode = modes[i], .dev = makedev(1, 3));
			continue;
		}
		/* A device number is a global name. */
		c.mode = modes[i];
		ASSERT_EQ(0, tree_fill(&self->tree));
		before = tree_state(self->tree.base);
		EXPECT_EQ(-ECAPMODE, op_mknodat(self->tree.box, &c));
		cap = limit_barely(self->tree.box);
		ASSERT_LE(0, cap);
		EXPECT_EQ(-ECAPMODE, op_mknodat(cap, &c));
		EXPECT_EQ(before, tree_state(self->tree.base));
		close(cap);
	}
}

/* ---- removing ---- */

static int op_unlinkat(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(unlinkat(dir, c->path, c->flags));

	if (err)
		return err;
	return type_of(c, c->t->box, c->path) ? WRONG : 0;
}

TEST_F(rights, unlink)
{
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "file");
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "up");
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "a/b/../b/file");
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "nothing",
	   .want = -ENOENT);
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "empty",
	   .flags = AT_REMOVEDIR);
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "a", .want = -EISDIR);
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "a",
	   .flags = AT_REMOVEDIR, .want = -ENOTEMPTY);
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "file",
	   .flags = AT_REMOVEDIR, .want = -ENOTDIR);
}

/* ---- two directories ---- */

static bool same_file(int dir, const char *a, int dir2, const char *b)
{
	struct stat sta, stb;

	return !fstatat(dir, a, &sta, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(dir2, b, &stb, AT_SYMLINK_NOFOLLOW) &&
	       sta.st_ino == stb.st_ino && sta.st_dev == stb.st_dev;
}

static int op_link_from(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(linkat(dir, c->path, c->t->out, "new", c->flags));

	if (err)
		return err;
	return type_of(c, c->t->out, "new") ? 0 : WRONG;
}

static int op_link_to(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(linkat(c->t->out, "file", dir, c->path, 0));

	if (err)
		return err;
	return same_file(c->t->out, "file", c->t->box, c->path) ? 0 : WRONG;
}

static int op_link_within(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(linkat(dir, "file", dir, c->path, 0));

	if (err)
		return err;
	return same_file(c->t->box, "file", c->t->box, c->path) ? 0 : WRONG;
}

TEST_F(rights, link)
{
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "file");
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "up");
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "a/inner",
	   .flags = AT_SYMLINK_FOLLOW);
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "nothing",
	   .want = -ENOENT);
	AT(op_link_to, RIGHTS(CAP_LINKAT_TARGET), .path = "new");
	AT(op_link_to, RIGHTS(CAP_LINKAT_TARGET), .path = "a/../a/new");
	AT(op_link_to, RIGHTS(CAP_LINKAT_TARGET), .path = "file",
	   .want = -EEXIST);
	AT(op_link_within, RIGHTS(CAP_LINKAT_SOURCE, CAP_LINKAT_TARGET),
	   .path = "a/new");
}

/* Renames box/<path> to out/<flags: file or new>. */
static int op_rename_from(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat(dir, c->path, c->t->out, "new"));

	if (err)
		return err;
	return type_of(c, c->t->out, "new") && !type_of(c, c->t->box, c->path) ?
		0 : WRONG;
}

static int op_rename_from_over(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat(dir, c->path, c->t->out, "file"));

	if (err)
		return err;
	return type_of(c, c->t->box, c->path) ? WRONG : 0;
}

static int op_rename_to(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat2(c->t->out, "file", dir, c->path, c->flags));

	if (err)
		return err;
	return type_of(c, c->t->out, "file") ? WRONG : 0;
}

static int op_rename_within(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat2(dir, "a/b/file", dir, c->path, c->flags));

	if (err)
		return err;
	return type_of(c, c->t->box, "a/b/file") ? WRONG : 0;
}

static int op_rename_dir(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat(dir, "a/b", dir, c->path));

	if (err)
		return err;
	return type_of(c, c->t->box, "a/b") ? WRONG : 0;
}

TEST_F(rights, rename)
{
	AT(op_rename_from, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "file");
	AT(op_rename_from, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "up");
	AT(op_rename_from, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "a");
	AT(op_rename_from, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "nothing",
	   .want = -ENOENT);
	/* What is replaced is in a directory without limits. */
	AT(op_rename_from_over, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "file");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "new");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "a/b/../new");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET, CAP_UNLINKAT),
	   .path = "file");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET, CAP_UNLINKAT),
	   .path = "up");
	AT(op_rename_within, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "new");
	AT(op_rename_within, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET,
				    CAP_UNLINKAT), .path = "file");
	AT(op_rename_dir, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "new");
	AT(op_rename_dir, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET,
				 CAP_UNLINKAT), .path = "empty");
}

TEST_F(rights, rename_noreplace)
{
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "new",
	   .flags = RENAME_NOREPLACE);
	/* It replaces nothing, and says so. */
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "file",
	   .flags = RENAME_NOREPLACE, .want = -EEXIST);
	AT(op_rename_within, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file", .flags = RENAME_NOREPLACE, .want = -EEXIST);
}

/* An exchange is a rename in both directions. */
static int op_exchange_from(int dir, void *arg)
{
	struct ctx *c = arg;
	struct stat st;
	int err;

	if (fstatat(c->t->out, "file", &st, 0))
		return WRONG;
	err = RET(renameat2(dir, c->path, c->t->out, "file", RENAME_EXCHANGE));
	if (err)
		return err;
	return type_of(c, c->t->box, c->path) ? 0 : WRONG;
}

static int op_exchange_to(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat2(c->t->out, "file", dir, c->path,
				RENAME_EXCHANGE));

	if (err)
		return err;
	return type_of(c, c->t->box, c->path) ? 0 : WRONG;
}

static int op_exchange_within(int dir, void *arg)
{
	struct ctx *c = arg;

	return RET(renameat2(dir, "a", dir, c->path, RENAME_EXCHANGE));
}

TEST_F(rights, rename_exchange)
{
	AT(op_exchange_from, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file");
	AT(op_exchange_to, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file");
	AT(op_exchange_to, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "up");
	AT(op_exchange_to, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "nothing", .want = -ENOENT);
	AT(op_exchange_within, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file");
}

/* A whiteout in the place of what has moved. */
TEST_F(rights, rename_whiteout)
{
	struct tree *t = &self->tree;
	uint64_t before;
	int cap;

	if (renameat2(t->box, "file", t->out, "new", RENAME_WHITEOUT))
		SKIP(return, "no whiteouts here");
	EXPECT_EQ(S_IFCHR, type_of(NULL, t->box, "file"));

	ASSERT_EQ(0, tree_fill(t));
	before = tree_state(t->base);
	cap = limit_all_but(t->box, CAPRIGHT(0, 0x4000000ULL));
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat2(cap, "file", t->out, "new",
					      RENAME_WHITEOUT)));
	EXPECT_EQ(before, tree_state(t->base));
	close(cap);

	cap = limit_barely(t->box);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, renameat2(cap, "file", t->out, "new", RENAME_WHITEOUT));
	EXPECT_EQ(S_IFCHR, type_of(NULL, t->box, "file"));
	EXPECT_EQ(S_IFREG, type_of(NULL, t->out, "new"));
	close(cap);
}

/* Both ends are capabilities, each with its own rights. */
TEST_F(rights, two_capabilities)
{
	struct tree *t = &self->tree;
	int from = limit_to(t->box, CAP_LINKAT_SOURCE, CAP_RENAMEAT_SOURCE);
	int to = limit_to(t->out, CAP_LINKAT_TARGET, CAP_RENAMEAT_TARGET);
	uint64_t before = tree_state(t->base);

	ASSERT_LE(0, from);
	ASSERT_LE(0, to);
	EXPECT_EQ(-ENOTCAPABLE, RET(linkat(to, "file", from, "new", 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(linkat(from, "file", from, "new", 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(linkat(to, "file", to, "new", 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat(to, "file", from, "new")));
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat(from, "file", from, "new")));
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat(from, "file", to, "file")));
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat2(from, "file", to, "file",
					      RENAME_EXCHANGE)));
	EXPECT_EQ(-EEXIST, RET(renameat2(from, "file", to, "file",
					 RENAME_NOREPLACE)));
	EXPECT_EQ(before, tree_state(t->base));
	EXPECT_EQ(0, linkat(from, "file", to, "linked", 0));
	EXPECT_EQ(0, renameat(from, "file", to, "renamed"));
	EXPECT_TRUE(same_file(t->out, "linked", t->out, "renamed"));
	/* Nor does one end lead out of its directory to the other. */
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat(from, "../out/file", to, "new")));
	EXPECT_EQ(-ENOTCAPABLE, RET(renameat(from, "a", to, "../box/new")));
	EXPECT_EQ(-ENOTCAPABLE, RET(linkat(from, "a/../../secret", to, "new",
					   0)));
	close(from);
	close(to);
}

/* ---- execution ---- */

#define EXEC_ENV	"CAPSICUM_EXEC_HELPER"
#define EXEC_OK		200

static void __attribute__((constructor)) exec_helper(void)
{
	if (getenv(EXEC_ENV))
		_exit(EXEC_OK);
}

struct exec_ctx {
	const char *path;
	int flags;
	bool mode;
};

/* 0 when the program has run, or -errno. */
static int op_execveat(int dir, void *arg)
{
	const struct exec_ctx *c = arg;
	char *const argv[] = { "helper", NULL };
	char *const envp[] = { EXEC_ENV "=1", NULL };
	int status;
	pid_t child = fork();

	if (!child) {
		if (c->mode && sys_cap_enter(0))
			_exit(1);
		syscall(SYS_execveat, dir, c->path, argv, envp, c->flags);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == EXEC_OK ? 0 : -WEXITSTATUS(status);
}

/* This program, as @name below @dir. */
static int copy_self(int dir, const char *name)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	char buf[65536];
	ssize_t n = -1;

	if (from >= 0 && to >= 0) {
		while ((n = read(from, buf, sizeof(buf))) > 0) {
			if (write(to, buf, n) != n) {
				n = -1;
				break;
			}
		}
	}
	close(from);
	close(to);
	return n ? -EIO : 0;
}

FIXTURE(exec)
{
	struct tree tree;
};

FIXTURE_VARIANT(exec)
{
	bool mode;
};

FIXTURE_VARIANT_ADD(exec, outside) { };

FIXTURE_VARIANT_ADD(exec, capability_mode) {
	.mode = true,
};

FIXTURE_SETUP(exec)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	ASSERT_EQ(0, copy_self(self->tree.box, "a/prog"));
	ASSERT_EQ(0, copy_self(self->tree.out, "prog"));
	ASSERT_EQ(0, symlinkat("a/prog", self->tree.box, "prog"));
	ASSERT_EQ(0, symlinkat("../out/prog", self->tree.box, "upprog"));
}

FIXTURE_TEARDOWN(exec)
{
	EXPECT_EQ(0, tree_drop(&self->tree));
}

TEST_F(exec, rights)
{
	static const char * const inside[] = {
		"a/prog", "a/b/../prog", "prog", "here/prog",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(inside); i++) {
		struct exec_ctx c = { inside[i], 0, variant->mode };

		RIGHTS_OP(self->tree.box, .name = inside[i],
			  .op = op_execveat,
			  .rights = RIGHTS(CAP_FEXECVE, CAP_LOOKUP),
			  .ctx = &c);
	}
}

TEST_F(exec, beneath)
{
	static const char * const outside[] = {
		"../out/prog", "upprog", "outdir/prog", "absout/prog",
		"a/../../out/prog", "../nothing",
	};
	int cap = limit_barely(self->tree.box);
	struct exec_ctx c = { NULL, 0, variant->mode };
	char abs[PATH_MAX];
	size_t i;

	ASSERT_LE(0, cap);
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		c.path = outside[i];
		EXPECT_EQ(-ENOTCAPABLE, op_execveat(cap, &c))
			TH_LOG("%s", c.path);
		if (variant->mode)
			EXPECT_EQ(-ENOTCAPABLE, op_execveat(self->tree.box, &c))
				TH_LOG("%s", c.path);
		c.mode = false;
		EXPECT_EQ(strstr(c.path, "nothing") ? -ENOENT : 0,
			  op_execveat(self->tree.box, &c))
			TH_LOG("%s, unlimited", c.path);
		c.mode = variant->mode;
	}
	snprintf(abs, sizeof(abs), "%s/box/a/prog", self->tree.path);
	c.path = abs;
	EXPECT_EQ(-ENOTCAPABLE, op_execveat(cap, &c));
	if (variant->mode) {
		EXPECT_EQ(-ENOTCAPABLE, op_execveat(self->tree.box, &c));
		EXPECT_EQ(-ECAPMODE, op_execveat(AT_FDCWD, &c));
		ASSERT_EQ(0, fchdir(self->tree.box));
		c.path = "a/prog";
		EXPECT_EQ(-ECAPMODE, op_execveat(AT_FDCWD, &c));
		c.mode = false;
		EXPECT_EQ(0, op_execveat(AT_FDCWD, &c));
		ASSERT_EQ(0, chdir("/"));
	} else {
		EXPECT_EQ(0, op_execveat(self->tree.box, &c));
	}
	close(cap);
}

/* The interpreter of a script is a path: there is none in the mode. */
TEST_F(exec, script)
{
	static const char script[] = "#!/bin/sh\nexit 200\n";
	struct exec_ctx c = { "script" };
	int fd, dir, cap;

	if (access("/bin/sh", X_OK) || access("/dev/fd", X_OK))
		SKIP(return, "no shell, or no /dev/fd");
	fd = openat(self->tree.box, "script", O_WRONLY | O_CREAT | O_CLOEXEC,
		    0700);
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(script) - 1, write(fd, script, sizeof(script) - 1));
	close(fd);
	/* One that the interpreter has, too. */
	dir = dup(self->tree.box);
	cap = limit_barely(self->tree.box);
	ASSERT_LE(0, dir);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, fcntl(cap, F_SETFD, 0));
	EXPECT_EQ(0, op_execveat(dir, &c));
	if (variant->mode) {
		c.mode = true;
		EXPECT_EQ(-ECAPMODE, op_execveat(dir, &c));
		EXPECT_EQ(-ECAPMODE, op_execveat(cap, &c));
	}
	/* Nothing leads on from a capability by its name in /dev/fd. */
	EXPECT_NE(0, op_execveat(cap, &c));
	close(cap);
	close(dir);
}

/* ---- calls that nobody gave a right ---- */

FIXTURE(none)
{
	struct tree tree;
	int cap;
};

FIXTURE_SETUP(none)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	self->cap = limit_barely(self->tree.box);
	ASSERT_LE(0, self->cap);
}

FIXTURE_TEARDOWN(none)
{
	EXPECT_EQ(0, tree_drop(&self->tree));
}

#define REFUSED(call) do { \
	uint64_t __before = tree_state(self->tree.base); \
	EXPECT_EQ(-ENOTCAPABLE, RET(call)) \
		TH_LOG("%s", #call); \
	EXPECT_EQ(__before, tree_state(self->tree.base)) \
		TH_LOG("%s left a trace", #call); \
} while (0)

TEST_F(none, mounts)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int tree;

	REFUSED(syscall(__NR_open_tree, self->cap, "a", 0));
	REFUSED(syscall(__NR_open_tree, self->cap, ".", 0));
	REFUSED(syscall(__NR_open_tree, self->cap, "../out", 0));
	if (geteuid())
		SKIP(return, "the others are for root");
	REFUSED(syscall(__NR_open_tree, self->cap, "a", 1));
	REFUSED(syscall(__NR_fspick, self->cap, "a", 0));
	REFUSED(syscall(__NR_fspick, self->cap, ".", 0));
	REFUSED(syscall(__NR_mount_setattr, self->cap, "mnt", 0, &attr,
			sizeof(attr)));
	tree = syscall(__NR_open_tree, self->tree.out, "", 1 | AT_EMPTY_PATH);
	ASSERT_LE(0, tree);
	REFUSED(syscall(__NR_move_mount, tree, "", self->cap, "mnt", 4));
	REFUSED(syscall(__NR_move_mount, self->cap, "mnt", self->tree.out, "",
			0x40));
	close(tree);
}

/* ---- without a name ---- */

static void link_self_prepare(void *arg)
{
	struct ctx *c = arg;

	unlinkat(c->t->out, "new", 0);
}

static int op_link_self(int fd, void *arg)
{
	struct ctx *c = arg;
	int err = RET(linkat(fd, "", c->t->out, "new", AT_EMPTY_PATH));

	if (err)
		return err;
	return same_file(c->t->out, "new", c->t->box, "file") ? 0 : WRONG;
}

TEST_F(rights, link_itself)
{
	/* Of one that is open for less the mode itself refuses it. */
	static const int flags[] = { O_RDWR, O_RDONLY, O_PATH };
	const size_t n = variant->mode ? 1 : ARRAY_SIZE(flags);
	struct ctx c = { .t = &self->tree };
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = openat(self->tree.box, "file", flags[i] | O_CLOEXEC);
		ASSERT_LE(0, fd);
		RIGHTS_OP(fd, .name = "linkat of itself", .op = op_link_self,
			  .rights = RIGHTS(CAP_LINKAT_SOURCE),
			  .prepare = link_self_prepare, .state = ctx_state,
			  .ctx = &c);
		close(fd);
	}
}

/* A whiteout is made where something moved away, which takes its own right. */
static int op_whiteout(int dir, void *arg)
{
	struct ctx *c = arg;
	int err = RET(renameat2(dir, c->path, c->t->out, "new",
				RENAME_WHITEOUT));

	if (err)
		return err;
	return type_of(c, c->t->box, c->path) == S_IFCHR ? 0 : WRONG;
}

TEST_F(rights, whiteout_is_made)
{
	struct tree *t = &self->tree;

	if (renameat2(t->box, "file", t->out, "new", RENAME_WHITEOUT))
		SKIP(return, "no whiteouts here");
	AT(op_whiteout, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_MKNODAT),
	   .path = "file");
}

/* ---- references ---- */

/* Look-ups that begin at a capability and fail, in every way they can. */
TEST_F(rights, failures_leave_nothing)
{
	static const struct {
		const char *path;
		int flags;
	} fails[] = {
		{ "nothing", O_RDONLY }, { "file/x", O_RDONLY },
		{ "up", O_RDONLY }, { "../x", O_RDONLY }, { "/", O_RDONLY },
		{ "loop", O_RDONLY }, { "in", O_NOFOLLOW },
		{ "a", O_RDWR }, { "file", O_DIRECTORY },
		{ "file", O_PATH | O_DIRECTORY }, { "file", O_CREAT | O_EXCL },
		{ "file", O_TMPFILE | O_RDWR }, { "a/../..", O_PATH },
	};
	int nr = open("/proc/sys/fs/file-nr", O_RDONLY | O_CLOEXEC);
	int cap = limit_barely(self->tree.box);
	char buf[64] = {};
	long before, after;
	size_t i, n;

	if (nr < 0)
		SKIP(return, "no /proc, or not to be reached in the mode");
	ASSERT_LE(0, cap);
	ASSERT_LT(0, pread(nr, buf, sizeof(buf) - 1, 0));
	before = atol(buf);
	for (n = 0; n < 500; n++) {
		for (i = 0; i < ARRAY_SIZE(fails); i++) {
			ASSERT_GT(0, openat(cap, fails[i].path, fails[i].flags,
					    0600))
				TH_LOG("%s", fails[i].path);
			ASSERT_GT(0, sys_openat2(cap, fails[i].path,
						 (unsigned int)fails[i].flags,
						 0, RESOLVE_CACHED));
		}
	}
	ASSERT_LT(0, pread(nr, buf, sizeof(buf) - 1, 0));
	after = atol(buf);
	EXPECT_LT(after - before, 1000);
	close(cap);
	close(nr);
}

TEST_HARNESS_MAIN
