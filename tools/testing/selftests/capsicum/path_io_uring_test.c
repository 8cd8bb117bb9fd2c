// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups by io_uring: the rights, the limits of what is opened, and the
 * errors are those of the system calls, whichever thread does the work.
 */
#include "paths.h"

#include <sys/xattr.h>

FIXTURE(uring)
{
	struct tree tree;
	struct ring ring;
	bool has_ring;
	unsigned int sqe_flags;
	int proc;
};

FIXTURE_VARIANT(uring)
{
	unsigned int setup;
	unsigned int sqe_flags;
	bool mode;
};

FIXTURE_VARIANT_ADD(uring, inline) { };

FIXTURE_VARIANT_ADD(uring, worker) {
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uring, sqpoll) {
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(uring, sqpoll_worker) {
	.setup = IORING_SETUP_SQPOLL,
	.sqe_flags = IOSQE_ASYNC,
};

/* The ring, and its threads, are from before the mode. */
FIXTURE_VARIANT_ADD(uring, mode_inline) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(uring, mode_worker) {
	.sqe_flags = IOSQE_ASYNC,
	.mode = true,
};

FIXTURE_VARIANT_ADD(uring, mode_sqpoll) {
	.setup = IORING_SETUP_SQPOLL,
	.mode = true,
};

FIXTURE_VARIANT_ADD(uring, mode_sqpoll_worker) {
	.setup = IORING_SETUP_SQPOLL,
	.sqe_flags = IOSQE_ASYNC,
	.mode = true,
};

#define uring_data	_test_data_uring

static int uring(struct uring_data *self, struct io_uring_sqe sqe)
{
	sqe.flags |= self->sqe_flags;
	return ring_one(&self->ring, &sqe);
}

FIXTURE_SETUP(uring)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	self->sqe_flags = variant->sqe_flags;
	self->has_ring = !ring_setup(&self->ring, 8, variant->setup);
	if (!self->has_ring)
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, fchdir(self->tree.box));
	self->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The workers are there. */
	ASSERT_EQ(0, at_done(uring(self, sqe_openat(AT_FDCWD, "file",
						    O_RDONLY))));
	if (variant->mode)
		ASSERT_EQ(0, sys_cap_enter(0));
}

FIXTURE_TEARDOWN(uring)
{
	if (self->has_ring)
		ring_free(&self->ring);
	EXPECT_EQ(0, tree_drop(&self->tree));
}

/* ---- operations ---- */

/* A request is made of a directory, a name and the following. */
struct op {
	struct uring_data *self;
	const char *path;
	const char *path2;
	int flags;
	int want;
};

static void op_prepare(void *arg)
{
	struct op *o = arg;

	tree_fill(&o->self->tree);
}

static uint64_t op_state(void *arg)
{
	struct op *o = arg;

	return tree_state(o->self->tree.base);
}

/* The limits of what was opened are those of where it was opened. */
static int opened(int fd, int dir)
{
	struct limits of_dir, of_fd;
	int err = 0;

	if (fd < 0)
		return fd;
	if (dir != AT_FDCWD &&
	    (get_limits(dir, &of_dir) || get_limits(fd, &of_fd) ||
	     !limits_eq(&of_dir, &of_fd)))
		err = WRONG;
	close(fd);
	return err;
}

static int op_openat(int dir, void *arg)
{
	struct op *o = arg;
	struct io_uring_sqe sqe = sqe_openat(dir, o->path, o->flags);

	sqe.len = 0600;
	return opened(uring(o->self, sqe), dir);
}

static int op_openat2(int dir, void *arg)
{
	struct op *o = arg;
	struct open_how how = {
		.flags = (unsigned int)o->flags,
		.mode = o->flags & O_CREAT ? 0600 : 0,
	};

	return opened(uring(o->self, (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT2,
		.fd = dir,
		.addr = (uintptr_t)o->path,
		.len = sizeof(how),
		.addr2 = (uintptr_t)&how,
	}), dir);
}

static int op_statx(int dir, void *arg)
{
	struct op *o = arg;
	struct statx stx;

	return uring(o->self, (struct io_uring_sqe){
		.opcode = IORING_OP_STATX,
		.fd = dir,
		.addr = (uintptr_t)o->path,
		.addr2 = (uintptr_t)&stx,
		.len = STATX_BASIC_STATS,
		.statx_flags = o->flags,
	});
}

static int op_unlinkat(int dir, void *arg)
{
	struct op *o = arg;

	return uring(o->self, (struct io_uring_sqe){
		.opcode = IORING_OP_UNLINKAT,
		.fd = dir,
		.addr = (uintptr_t)o->path,
		.unlink_flags = o->flags,
	});
}

static int op_mkdirat(int dir, void *arg)
{
	struct op *o = arg;

	return uring(o->self, (struct io_uring_sqe){
		.opcode = IORING_OP_MKDIRAT,
		.fd = dir,
		.addr = (uintptr_t)o->path,
		.len = 0700,
	});
}

static int op_symlinkat(int dir, void *arg)
{
	struct op *o = arg;

	return uring(o->self, (struct io_uring_sqe){
		.opcode = IORING_OP_SYMLINKAT,
		.fd = dir,
		.addr = (uintptr_t)"/anything",
		.addr2 = (uintptr_t)o->path,
	});
}

/* An operation on two names, of which one is below the directory. */
static int two_names(struct op *o, int opcode, int from, int to)
{
	return uring(o->self, (struct io_uring_sqe){
		.opcode = opcode,
		.fd = from,
		.addr = (uintptr_t)o->path,
		.len = to,
		.addr2 = (uintptr_t)o->path2,
		.rename_flags = o->flags,
	});
}

static int op_link_from(int dir, void *arg)
{
	struct op *o = arg;

	return two_names(o, IORING_OP_LINKAT, dir, o->self->tree.out);
}

static int op_link_to(int dir, void *arg)
{
	struct op *o = arg;

	return two_names(o, IORING_OP_LINKAT, o->self->tree.out, dir);
}

static int op_rename_from(int dir, void *arg)
{
	struct op *o = arg;

	return two_names(o, IORING_OP_RENAMEAT, dir, o->self->tree.out);
}

static int op_rename_to(int dir, void *arg)
{
	struct op *o = arg;

	return two_names(o, IORING_OP_RENAMEAT, o->self->tree.out, dir);
}

static int op_rename_within(int dir, void *arg)
{
	return two_names(arg, IORING_OP_RENAMEAT, dir, dir);
}

/* AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "new"); inside of a test. */
#define AT(fn, need, ...) do { \
	struct op __o = { .self = self, ##__VA_ARGS__ }; \
	RIGHTS_OP(self->tree.box, .name = #fn " " #__VA_ARGS__, .op = fn, \
		  .rights = need, .want = __o.want, .keeps = true, \
		  .prepare = op_prepare, \
		  .state = op_state, .ctx = &__o); \
} while (0)

#define OPEN(need, ...) do { \
	AT(op_openat, need, __VA_ARGS__); \
	AT(op_openat2, need, __VA_ARGS__); \
} while (0)

TEST_F(uring, open)
{
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "a/../in",
	     .flags = O_RDONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "nothing",
	     .flags = O_RDONLY, .want = -ENOENT);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ), .path = "a",
	     .flags = O_RDONLY | O_DIRECTORY);
	OPEN(RIGHTS(CAP_LOOKUP), .path = "file", .flags = O_PATH);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_SEEK), .path = "file",
	     .flags = O_WRONLY);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_FTRUNCATE),
	     .path = "file", .flags = O_RDWR | O_TRUNC);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_CREATE), .path = "new",
	     .flags = O_WRONLY | O_CREAT | O_APPEND);
	OPEN(RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FSYNC), .path = "file",
	     .flags = O_RDONLY | O_SYNC);
}

TEST_F(uring, statx)
{
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "a/../file");
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "up",
	   .flags = AT_SYMLINK_NOFOLLOW);
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "nothing", .want = -ENOENT);
	AT(op_statx, RIGHTS(CAP_FSTATAT), .path = "a/../file",
	   .flags = AT_NO_AUTOMOUNT);
	AT(op_statx, RIGHTS(CAP_FSTAT), .path = "", .flags = AT_EMPTY_PATH);
	AT(op_statx, RIGHTS(CAP_FSTAT), .path = "",
	   .flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT);
}

TEST_F(uring, make_and_remove)
{
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "a/../new");
	AT(op_mkdirat, RIGHTS(CAP_MKDIRAT), .path = "file", .want = -EEXIST);
	AT(op_symlinkat, RIGHTS(CAP_SYMLINKAT), .path = "a/../new");
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "a/../file");
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "empty",
	   .flags = AT_REMOVEDIR);
	AT(op_unlinkat, RIGHTS(CAP_UNLINKAT), .path = "nothing",
	   .want = -ENOENT);
}

TEST_F(uring, link)
{
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "a/../file",
	   .path2 = "new");
	AT(op_link_from, RIGHTS(CAP_LINKAT_SOURCE), .path = "nothing",
	   .path2 = "new", .want = -ENOENT);
	AT(op_link_to, RIGHTS(CAP_LINKAT_TARGET), .path = "file",
	   .path2 = "a/../new");
	AT(op_link_to, RIGHTS(CAP_LINKAT_TARGET), .path = "file",
	   .path2 = "file", .want = -EEXIST);
}

TEST_F(uring, rename)
{
	AT(op_rename_from, RIGHTS(CAP_RENAMEAT_SOURCE), .path = "a/../file",
	   .path2 = "new");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "file",
	   .path2 = "a/../new");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET, CAP_UNLINKAT),
	   .path = "file", .path2 = "file");
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_TARGET), .path = "file",
	   .path2 = "file", .flags = RENAME_NOREPLACE, .want = -EEXIST);
	AT(op_rename_to, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file", .path2 = "file", .flags = RENAME_EXCHANGE);
	AT(op_rename_within, RIGHTS(CAP_RENAMEAT_SOURCE, CAP_RENAMEAT_TARGET),
	   .path = "file", .path2 = "a/new");
}

/* ---- beneath ---- */

static const struct {
	const char *name;
	int (*op)(int dir, void *arg);
	bool second;	/* the second name is the one below the directory */
	const char *last;
	int flags;
} all_ops[] = {
	{ "OPENAT", op_openat, false, "file", O_RDONLY },
	{ "OPENAT, O_PATH", op_openat, false, "file", O_PATH },
	{ "OPENAT, O_CREAT", op_openat, false, "new", O_CREAT | O_WRONLY },
	{ "OPENAT, O_TMPFILE", op_openat, false, ".", O_TMPFILE | O_RDWR },
	{ "OPENAT2", op_openat2, false, "file", O_RDONLY },
	{ "OPENAT2, O_CREAT", op_openat2, false, "new", O_CREAT | O_WRONLY },
	{ "STATX", op_statx, false, "file" },
	{ "STATX, AT_NO_AUTOMOUNT", op_statx, false, "file", AT_NO_AUTOMOUNT },
	{ "UNLINKAT", op_unlinkat, false, "file" },
	{ "UNLINKAT, AT_REMOVEDIR", op_unlinkat, false, "dir", AT_REMOVEDIR },
	{ "MKDIRAT", op_mkdirat, false, "new" },
	{ "SYMLINKAT", op_symlinkat, false, "new" },
	{ "LINKAT, source", op_link_from, false, "file" },
	{ "LINKAT, target", op_link_to, true, "new" },
	{ "RENAMEAT, source", op_rename_from, false, "file" },
	{ "RENAMEAT, target", op_rename_to, true, "new" },
};

static int try_op(struct uring_data *self, size_t i, int dir, const char *way)
{
	struct op o = { .self = self, .flags = all_ops[i].flags };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s/%s",
		 *way == '@' ? self->tree.path : "",
		 *way == '@' ? way + 1 : way, all_ops[i].last);
	o.path = all_ops[i].second ? "file" : path;
	o.path2 = all_ops[i].second ? path : "new2";
	return all_ops[i].op(dir, &o);
}

TEST_F(uring, beneath)
{
	static const char * const ways[] = {
		"../out", "a/../../out", "outdir", "absout", "updir/out",
		"@/out",
	};
	int cap = limit_barely(self->tree.box);
	const int dirs[] = { cap, self->tree.box };
	uint64_t before;
	size_t i, w, d;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, mkdirat(self->tree.out, "dir", 0700));
	before = tree_state(self->tree.base);
	for (i = 0; i < ARRAY_SIZE(all_ops); i++) {
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			for (d = 0; d < (variant->mode ? 2 : 1); d++)
				EXPECT_EQ(-ENOTCAPABLE,
					  try_op(self, i, dirs[d], ways[w]))
					TH_LOG("%s by %s", all_ops[i].name,
					       ways[w]);
		}
		EXPECT_EQ(before, tree_state(self->tree.base))
			TH_LOG("%s left a trace", all_ops[i].name);
	}
	/* Inside, and for an ordinary directory outside of the mode. */
	for (i = 0; i < ARRAY_SIZE(all_ops); i++) {
		const bool dir = !strcmp(all_ops[i].last, "dir");

		ASSERT_EQ(0, tree_fill(&self->tree));
		if (dir)
			ASSERT_EQ(0, mkdirat(self->tree.box, "a/b/dir", 0700));
		EXPECT_EQ(0, try_op(self, i, cap, "a/../indir"))
			TH_LOG("%s", all_ops[i].name);
		if (variant->mode)
			continue;
		ASSERT_EQ(0, tree_fill(&self->tree));
		if (dir)
			ASSERT_EQ(0, mkdirat(self->tree.out, "dir", 0700));
		EXPECT_EQ(0, try_op(self, i, self->tree.box, "a/../outdir"))
			TH_LOG("%s, unlimited", all_ops[i].name);
	}
	close(cap);
}

TEST_F(uring, cwd)
{
	static const char * const ways[] = { ".", "a/..", "a/b", "@/box/a/b" };
	uint64_t before;
	size_t i, w;

	for (i = 0; i < ARRAY_SIZE(all_ops); i++) {
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			const bool b = w > 1;

			if (all_ops[i].op == op_unlinkat && all_ops[i].flags)
				ASSERT_EQ(0, mkdirat(self->tree.box,
						     b ? "a/b/dir" : "dir",
						     0700));
			before = tree_state(self->tree.base);
			EXPECT_EQ(variant->mode ? -ECAPMODE : 0,
				  try_op(self, i, AT_FDCWD, ways[w]))
				TH_LOG("%s in %s", all_ops[i].name, ways[w]);
			if (variant->mode)
				EXPECT_EQ(before, tree_state(self->tree.base))
					TH_LOG("%s left a trace",
					       all_ops[i].name);
			ASSERT_EQ(0, tree_fill(&self->tree));
		}
	}
}

TEST_F(uring, cwd_itself)
{
	struct op o = {
		.self = self, .path = "", .flags = AT_EMPTY_PATH,
	};

	EXPECT_EQ(variant->mode ? -ECAPMODE : 0, op_statx(AT_FDCWD, &o));
	o.flags |= AT_NO_AUTOMOUNT;
	EXPECT_EQ(variant->mode ? -ECAPMODE : 0, op_statx(AT_FDCWD, &o));
}

TEST_F(uring, magic_links)
{
	struct op o = { .self = self };
	uint64_t before;
	char path[64];
	int cap, fd;
	size_t i;

	if (self->proc < 0)
		SKIP(return, "no /proc");
	cap = limit_barely(self->proc);
	ASSERT_LE(0, cap);
	/* In the middle, for all that there is. */
	snprintf(path, sizeof(path), "%d/fd/%d", getpid(), self->tree.out);
	for (i = 0; i < ARRAY_SIZE(all_ops); i++) {
		ASSERT_EQ(0, tree_fill(&self->tree));
		if (!strcmp(all_ops[i].last, "dir"))
			ASSERT_EQ(0, mkdirat(self->tree.out, "dir", 0700));
		before = tree_state(self->tree.base);
		EXPECT_EQ(-ENOTCAPABLE, try_op(self, i, cap, path))
			TH_LOG("%s", all_ops[i].name);
		if (variant->mode)
			EXPECT_EQ(-ENOTCAPABLE,
				  try_op(self, i, self->proc, path))
				TH_LOG("%s", all_ops[i].name);
		EXPECT_EQ(before, tree_state(self->tree.base))
			TH_LOG("%s left a trace", all_ops[i].name);
		if (!variant->mode)
			EXPECT_EQ(0, try_op(self, i, self->proc, path))
				TH_LOG("%s, unlimited", all_ops[i].name);
	}
	/* At the end, for what goes through one there. */
	ASSERT_EQ(0, tree_fill(&self->tree));
	fd = openat(self->tree.base, "secret", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "%d/fd/%d", getpid(), fd);
	o.path = path;
	o.path2 = "new";
	o.flags = AT_SYMLINK_FOLLOW;
	EXPECT_EQ(-ENOTCAPABLE, op_link_from(cap, &o));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->tree.out, "new", F_OK, 0)));
	EXPECT_EQ(variant->mode ? -ENOTCAPABLE : 0,
		  op_link_from(self->proc, &o));
	close(fd);
	o.flags = 0;
	snprintf(path, sizeof(path), "%d/fd/%d", getpid(), self->tree.base);
	o.path = path;
	EXPECT_EQ(-ENOTCAPABLE, op_openat(cap, &o));
	EXPECT_EQ(-ENOTCAPABLE, op_openat2(cap, &o));
	EXPECT_EQ(-ENOTCAPABLE, op_statx(cap, &o));
	EXPECT_EQ(variant->mode ? -ENOTCAPABLE : 0, op_openat(self->proc, &o));
	snprintf(path, sizeof(path), "%d/status", getpid());
	EXPECT_EQ(0, op_openat(cap, &o));
	close(cap);
}

/* ---- what is opened ---- */

/* In a table of the ring's own what comes out of a capability is as limited. */
TEST_F(uring, direct)
{
	int cap = limit_to(self->tree.box, CAP_LOOKUP, CAP_READ, CAP_SEEK);
	struct io_uring_sqe sqe = sqe_openat(cap, "file", O_RDONLY);
	struct io_uring_sqe install = {
		.opcode = IORING_OP_FIXED_FD_INSTALL,
		.flags = IOSQE_FIXED_FILE,
	};
	struct io_uring_sqe fsync = {
		.opcode = IORING_OP_FSYNC,
		.flags = IOSQE_FIXED_FILE,
	};
	int none[4] = { -1, -1, -1, -1 }, fd;
	struct open_how how = {};
	struct limits want, have;
	size_t i;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, RET(syscall(__NR_io_uring_register, self->ring.fd,
				 IORING_REGISTER_FILES, none, 4)));
	for (i = 0; i < 2; i++) {
		if (i) {
			sqe = (struct io_uring_sqe){
				.opcode = IORING_OP_OPENAT2,
				.fd = cap,
				.addr = (uintptr_t)"file",
				.len = sizeof(how),
				.addr2 = (uintptr_t)&how,
			};
		}
		sqe.file_index = i + 1;
		install.fd = i;
		fsync.fd = i;
		EXPECT_EQ(0, uring(self, sqe));
		/* There is no right to this; nothing else is to be told. */
		EXPECT_GT(0, uring(self, fsync));
		fd = uring(self, install);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, get_limits(fd, &have));
		EXPECT_TRUE(limits_eq(&want, &have));
		close(fd);
		/* What leaves does not get there: the slot keeps what it has. */
		sqe.addr = (uintptr_t)"up";
		EXPECT_EQ(-ENOTCAPABLE, uring(self, sqe));
		sqe.addr = (uintptr_t)"file";
		fd = uring(self, install);
		ASSERT_LE(0, fd);
		close(fd);
		/* An ordinary one goes there, and has no limits. */
		sqe.fd = self->tree.box;
		EXPECT_EQ(0, uring(self, sqe));
		EXPECT_EQ(0, uring(self, fsync));
		fd = uring(self, install);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, get_limits(fd, &have));
		EXPECT_FALSE(limits_eq(&want, &have));
		close(fd);
	}
	close(cap);
}

/* An open, and what it opened goes on in the next request. */
TEST_F(uring, limits_hold)
{
	int cap = limit_to(self->tree.box, CAP_LOOKUP, CAP_READ), fd, b;
	struct limits want, have;
	char c;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &want));
	b = uring(self, sqe_openat(cap, "a/b", O_PATH | O_DIRECTORY));
	ASSERT_LE(0, b);
	fd = uring(self, sqe_openat(b, "file", O_RDONLY));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ('d', c);
	EXPECT_EQ(-ENOTCAPABLE, RET(lseek(fd, 0, SEEK_SET)));
	EXPECT_EQ(-ENOTCAPABLE, uring(self, sqe_openat(b, "../inner",
						       O_RDONLY)));
	EXPECT_EQ(-ENOTCAPABLE, uring(self, sqe_openat(b, "file", O_RDWR)));
	close(fd);
	close(b);
	close(cap);
}

/* ---- extended attributes by path: there is no directory to give ---- */

TEST_F(uring, xattr)
{
	struct io_uring_sqe set = {
		.opcode = IORING_OP_SETXATTR,
		.addr = (uintptr_t)"trusted.capsicum",
		.addr2 = (uintptr_t)"y",
		.len = 1,
	};
	struct io_uring_sqe get = {
		.opcode = IORING_OP_GETXATTR,
		.addr = (uintptr_t)"trusted.capsicum",
		.len = 1,
	};
	const char *paths[2] = { "file" };
	char path[PATH_MAX], value = 'z';
	int fd = openat(self->tree.box, "file", O_RDONLY | O_CLOEXEC);
	size_t i;

	ASSERT_LE(0, fd);
	if (fsetxattr(fd, "trusted.capsicum", "x", 1, 0))
		SKIP(return, "no extended attributes here");
	snprintf(path, sizeof(path), "%s/box/file", self->tree.path);
	paths[1] = path;
	get.addr2 = (uintptr_t)&value;
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		ASSERT_EQ(0, fsetxattr(fd, "trusted.capsicum", "x", 1, 0));
		value = 'z';
		get.addr3 = (uintptr_t)paths[i];
		set.addr3 = (uintptr_t)paths[i];
		EXPECT_EQ(variant->mode ? -ECAPMODE : 1, uring(self, get));
		EXPECT_EQ(variant->mode ? 'z' : 'x', value);
		EXPECT_EQ(variant->mode ? -ECAPMODE : 0, uring(self, set));
		ASSERT_EQ(1, fgetxattr(fd, "trusted.capsicum", &value, 1));
		EXPECT_EQ(variant->mode ? 'x' : 'y', value);
	}
	get.addr3 = (uintptr_t)"/no/such/thing";
	EXPECT_EQ(variant->mode ? -ECAPMODE : -ENOENT, uring(self, get));
	close(fd);
}

/* A chain ends at what is refused. */
TEST_F(uring, linked)
{
	int cap = limit_to(self->tree.box, CAP_LOOKUP, CAP_CREATE, CAP_READ);
	struct io_uring_sqe chain[] = {
		sqe_openat(cap, "one", O_CREAT),
		sqe_openat(cap, "../two", O_CREAT),
		sqe_openat(cap, "three", O_CREAT),
	};
	int res[3] = { 1, 1, 1 }, n = 0;
	struct io_uring_cqe cqe;
	unsigned int i;

	ASSERT_LE(0, cap);
	for (i = 0; i < ARRAY_SIZE(chain); i++) {
		chain[i].len = 0600;
		chain[i].flags = self->sqe_flags;
		if (i < 2)
			chain[i].flags |= IOSQE_IO_LINK;
		chain[i].user_data = i;
	}
	ring_queue_all(&self->ring, chain, 3);
	ASSERT_EQ(3, ring_submit(&self->ring, 3, 3));
	while (n < 3) {
		while (ring_reap(&self->ring, &cqe)) {
			res[cqe.user_data] = cqe.res;
			n++;
		}
		if (n < 3)
			ring_submit(&self->ring, 0, 1);
	}
	EXPECT_LT(0, res[0]);
	EXPECT_TRUE(holds(res[0], CAP_LOOKUP, CAP_CREATE, CAP_READ));
	EXPECT_EQ(-ENOTCAPABLE, res[1]);
	EXPECT_EQ(-ECANCELED, res[2]);
	EXPECT_EQ(0, faccessat(self->tree.box, "one", F_OK, 0));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->tree.base, "two", F_OK, 0)));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->tree.box, "three", F_OK, 0)));
	close(cap);
}

/* ---- a ring that is made in capability mode ---- */

static int ring_in_mode(void *arg)
{
	struct tree *t = arg;
	static const unsigned int setups[] = { 0, IORING_SETUP_SQPOLL };
	static const unsigned int flags[] = { 0, IOSQE_ASYNC };
	struct io_uring_sqe sqe;
	struct ring r;
	size_t s, f;
	int err;

	for (s = 0; s < ARRAY_SIZE(setups); s++) {
		err = ring_setup(&r, 4, setups[s]);
		if (err)
			return err;
		for (f = 0; f < ARRAY_SIZE(flags); f++) {
			sqe = sqe_openat(AT_FDCWD, "file", O_RDONLY);
			sqe.flags = flags[f];
			STEP(ring_one(&r, &sqe) == -ECAPMODE);
			sqe.addr = (uintptr_t)"/";
			STEP(ring_one(&r, &sqe) == -ECAPMODE);
			sqe.fd = t->box;
			STEP(ring_one(&r, &sqe) == -ENOTCAPABLE);
			sqe.addr = (uintptr_t)"up";
			STEP(ring_one(&r, &sqe) == -ENOTCAPABLE);
			sqe.addr = (uintptr_t)"a/../file";
			STEP(at_done(ring_one(&r, &sqe)) == 0);
		}
		ring_free(&r);
	}
	return 0;
}

TEST(ring_made_in_mode)
{
	struct tree t;
	struct ring r;

	REQUIRE_CAPMODE();
	if (ring_setup(&r, 1, 0))
		SKIP(return, "no io_uring");
	ring_free(&r);
	ASSERT_EQ(0, tree_make(&t));
	EXPECT_EQ(0, capmode_run(ring_in_mode, &t));
	EXPECT_EQ(0, tree_drop(&t));
}

TEST_HARNESS_MAIN
