// SPDX-License-Identifier: GPL-2.0
/*
 * File systems' ioctls that take a second descriptor: what is done to the file
 * behind it needs its rights. On the file systems that are there: ext4 is where
 * the tests run, a btrfs is expected at /btrfs.
 */
#include "file_ioctl.h"
#include "ops.h"

#include <linux/btrfs.h>
#include <linux/ext4.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/vfs.h>

#define BTRFS	"/btrfs"
#define BLOCKS	65536

struct pair {
	int first;	/* ordinary descriptors */
	int second;
	unsigned int cmd;
};

static uint64_t pair_state(void *ctx)
{
	struct pair *p = ctx;

	return file_state(p->first) ^ (file_state(p->second) << 1);
}

/* Of the same length and contents, and with blocks of their own. */
static void pair_open(struct __test_metadata *_metadata, struct pair *p,
		      const char *dir)
{
	p->first = tmp_file(dir, 0);
	ASSERT_LE(0, p->first);
	p->second = tmp_file(dir, 0);
	ASSERT_LE(0, p->second);
}

static void pair_fill(void *ctx)
{
	struct pair *p = ctx;
	static char buf[BLOCKS];

	memset(buf, 'x', sizeof(buf));
	if (pwrite(p->first, buf, sizeof(buf), 0) != sizeof(buf) ||
	    pwrite(p->second, buf, sizeof(buf), 0) != sizeof(buf) ||
	    fsync(p->first) || fsync(p->second))
		abort();
}

static bool is_fs(const char *dir, long magic)
{
	struct statfs st;

	return statfs(dir, &st) == 0 && (long)st.f_type == magic;
}

/* ---- every file system ---- */

static int op_resvsp(int fd, void *ctx)
{
	struct pair *p = ctx;
	struct space_resv r = { .l_len = 4096 };

	return RET(ioctl(fd, p->cmd, &r));
}

/* fallocate() by another name needs what that needs. */
TEST(preallocate)
{
	/* RESVSP, UNRESVSP, RESVSP64, UNRESVSP64, ZERO_RANGE */
	static const unsigned int nrs[] = { 40, 41, 42, 43, 57 };
	struct pair p = {};
	unsigned int i;
	int err;

	REQUIRE_CAPSICUM();
	p.first = tmp_file(NULL, 4096);
	ASSERT_LE(0, p.first);
	p.second = p.first;
	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		p.cmd = RESVSP(nrs[i]);
		err = op_resvsp(p.first, &p);
		/* The file system may not know all. */
		RIGHTS_OP(p.first, .name = "preallocation", .op = op_resvsp,
			  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE),
			  .ioctl = p.cmd, .want = err < 0 ? err : 0,
			  .state = pair_state, .ctx = &p);
	}
}

/* ---- ext4 ---- */

static int move_ext(int fd, int donor)
{
	struct move_extent me = { .donor_fd = donor, .len = BLOCKS / 4096 };
	int err = RET(ioctl(fd, EXT4_IOC_MOVE_EXT, &me));

	if (err)
		return err;
	return me.moved_len == me.len ? 0 : -EIO;
}

static int op_move_ext(int fd, void *ctx)
{
	struct pair *p = ctx;

	return move_ext(fd, p->second);
}

static int op_move_ext_donor(int fd, void *ctx)
{
	struct pair *p = ctx;

	return move_ext(p->first, fd);
}

TEST(ext4_move_extents)
{
	struct pair p;

	REQUIRE_CAPSICUM();
	if (!is_fs(".", 0xef53))
		SKIP(return, "this is no ext4");
	pair_open(_metadata, &p, ".");
	RIGHTS_OP(p.first, .name = "EXT4_IOC_MOVE_EXT", .op = op_move_ext,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PREAD, CAP_PWRITE),
		  .ioctl = EXT4_IOC_MOVE_EXT, .prepare = pair_fill,
		  .state = pair_state, .ctx = &p);
	RIGHTS_OP(p.second, .name = "EXT4_IOC_MOVE_EXT, donor",
		  .op = op_move_ext_donor, .rights = RIGHTS(CAP_PREAD, CAP_PWRITE),
		  .prepare = pair_fill, .state = pair_state, .ctx = &p);
	EXPECT_EQ(-EBADF, op_move_ext_donor(-1, &p));
}

/* ---- btrfs ---- */

FIXTURE(btrfs)
{
	struct pair p;
	int dir;
};

FIXTURE_SETUP(btrfs)
{
	REQUIRE_CAPSICUM();
	if (!is_fs(BTRFS, 0x9123683e))
		SKIP(return, "there is no btrfs at " BTRFS);
	pair_open(_metadata, &self->p, BTRFS);
	self->dir = open(BTRFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(btrfs)
{
}

static int op_clone_dst(int fd, void *ctx)
{
	struct pair *p = ctx;

	return RET(ioctl(fd, FICLONE, p->first));
}

static int op_clone_src(int fd, void *ctx)
{
	struct pair *p = ctx;

	return RET(ioctl(p->second, FICLONE, fd));
}

static int op_clone_range_src(int fd, void *ctx)
{
	struct pair *p = ctx;
	struct file_clone_range r = { .src_fd = fd, .src_length = BLOCKS };

	return RET(ioctl(p->second, FICLONERANGE, &r));
}

static int op_clone_range_dst(int fd, void *ctx)
{
	struct pair *p = ctx;
	struct file_clone_range r = {
		.src_fd = p->first,
		.src_length = BLOCKS,
	};

	return RET(ioctl(fd, FICLONERANGE, &r));
}

TEST_F(btrfs, clone)
{
	RIGHTS_OP(self->p.second, .name = "FICLONE, destination",
		  .op = op_clone_dst, .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE),
		  .ioctl = FICLONE, .prepare = pair_fill, .state = pair_state,
		  .ctx = &self->p);
	RIGHTS_OP(self->p.first, .name = "FICLONE, source",
		  .op = op_clone_src, .rights = RIGHTS(CAP_PREAD),
		  .prepare = pair_fill, .state = pair_state, .ctx = &self->p);
	RIGHTS_OP(self->p.first, .name = "FICLONERANGE, source",
		  .op = op_clone_range_src, .rights = RIGHTS(CAP_PREAD),
		  .prepare = pair_fill, .state = pair_state, .ctx = &self->p);
	RIGHTS_OP(self->p.second, .name = "FICLONERANGE, destination",
		  .op = op_clone_range_dst,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE),
		  .ioctl = FICLONERANGE, .prepare = pair_fill,
		  .state = pair_state, .ctx = &self->p);
}

static int dedupe(int src, int dst, int also)
{
	struct {
		struct file_dedupe_range r;
		struct file_dedupe_range_info info[2];
	} d = {
		.r = { .src_length = BLOCKS, .dest_count = also < 0 ? 1 : 2 },
		.info = { { .dest_fd = dst }, { .dest_fd = also } },
	};
	int err = RET(ioctl(src, FIDEDUPERANGE, &d));

	if (err < 0)
		return err;
	/* The others are served, whatever becomes of one. */
	if (also >= 0 && d.info[1].status != FILE_DEDUPE_RANGE_SAME)
		return -EUCLEAN;
	if (d.info[0].status < 0)
		return d.info[0].status;
	return d.info[0].status == FILE_DEDUPE_RANGE_SAME &&
	       d.info[0].bytes_deduped == BLOCKS ? 0 : -EIO;
}

static int op_dedupe_src(int fd, void *ctx)
{
	struct pair *p = ctx;

	return dedupe(fd, p->second, -1);
}

static int op_dedupe_dst(int fd, void *ctx)
{
	struct pair *p = ctx;

	return dedupe(p->first, fd, -1);
}

static int op_dedupe_among_others(int fd, void *ctx)
{
	struct pair *p = ctx;

	return dedupe(p->first, fd, p->second);
}

TEST_F(btrfs, dedupe)
{
	RIGHTS_OP(self->p.first, .name = "FIDEDUPERANGE, source",
		  .op = op_dedupe_src, .rights = RIGHTS(CAP_IOCTL, CAP_PREAD),
		  .ioctl = FIDEDUPERANGE, .prepare = pair_fill,
		  .state = pair_state, .ctx = &self->p);
	RIGHTS_OP(self->p.second, .name = "FIDEDUPERANGE, destination",
		  .op = op_dedupe_dst, .rights = RIGHTS(CAP_PREAD, CAP_PWRITE),
		  .prepare = pair_fill, .state = pair_state, .ctx = &self->p);
	RIGHTS_OP(self->p.second, .name = "FIDEDUPERANGE, among others",
		  .op = op_dedupe_among_others,
		  .rights = RIGHTS(CAP_PREAD, CAP_PWRITE),
		  .prepare = pair_fill, .ctx = &self->p);
}

struct snapshot {
	int dir;	/* ordinary, where it is made */
	char name[32];
	bool v2;
};

static int op_snapshot(int fd, void *ctx)
{
	struct snapshot *s = ctx;
	struct btrfs_ioctl_vol_args one = { .fd = fd };
	struct btrfs_ioctl_vol_args_v2 two = {
		.fd = fd,
		.flags = BTRFS_SUBVOL_RDONLY,
	};

	snprintf(one.name, sizeof(one.name), "%s", s->name);
	snprintf(two.name, sizeof(two.name), "%s", s->name);
	if (s->v2)
		return RET(ioctl(s->dir, BTRFS_IOC_SNAP_CREATE_V2, &two));
	return RET(ioctl(s->dir, BTRFS_IOC_SNAP_CREATE, &one));
}

static void snapshot_gone(void *ctx)
{
	struct snapshot *s = ctx;
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", s->name);
	ioctl(s->dir, BTRFS_IOC_SNAP_DESTROY, &args);
}

static uint64_t snapshot_state(void *ctx)
{
	struct snapshot *s = ctx;

	return faccessat(s->dir, s->name, F_OK, 0) == 0;
}

/* Whoever opens the snapshot sees all that is in the source. */
TEST_F(btrfs, snapshot)
{
	struct snapshot s = { .dir = self->dir };

	snprintf(s.name, sizeof(s.name), "snapshot-%d", getpid());
	for (s.v2 = false; ; s.v2 = true) {
		RIGHTS_OP(self->dir, .name = "snapshot", .op = op_snapshot,
			  .rights = RIGHTS(CAP_LOOKUP, CAP_READ, CAP_FSTAT,
					   CAP_EXTATTR_GET, CAP_EXTATTR_LIST,
					   CAP_ACL_GET),
			  .prepare = snapshot_gone, .state = snapshot_state,
			  .ctx = &s);
		if (s.v2)
			break;
	}
	snapshot_gone(&s);
	EXPECT_EQ(-EINVAL, op_snapshot(-1, &s));
	EXPECT_EQ(0, snapshot_state(&s));
}

/* It is of the whole subvolume, which a directory or a file in it is not. */
TEST_F(btrfs, snapshot_from_below)
{
	struct snapshot s = { .dir = self->dir };
	int i, sub, below[2];

	snprintf(s.name, sizeof(s.name), "snapshot-%d", getpid());
	ASSERT_EQ(0, mkdirat(self->dir, "below", 0755));
	sub = openat(self->dir, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, sub);
	below[0] = limit_all(sub);
	below[1] = limit_all(self->p.first);
	for (i = 0; i < 2; i++) {
		EXPECT_LE(0, below[i]);
		for (s.v2 = false; ; s.v2 = true) {
			EXPECT_EQ(-EINVAL, op_snapshot(below[i], &s));
			EXPECT_EQ(0, snapshot_state(&s));
			snapshot_gone(&s);
			if (s.v2)
				break;
		}
		close(below[i]);
	}
	close(sub);
	EXPECT_EQ(0, unlinkat(self->dir, "below", AT_REMOVEDIR));
}

static int op_snapshot_dir(int fd, void *ctx)
{
	struct snapshot s = *(struct snapshot *)ctx;
	int source = s.dir;

	s.dir = fd;
	return op_snapshot(source, &s);
}

static int op_subvolume(int fd, void *ctx)
{
	struct snapshot *s = ctx;
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", s->name);
	return RET(ioctl(fd, BTRFS_IOC_SUBVOL_CREATE, &args));
}

static int op_destroy(int fd, void *ctx)
{
	struct snapshot *s = ctx;
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", s->name);
	return RET(ioctl(fd, BTRFS_IOC_SNAP_DESTROY, &args));
}

static void snapshot_there(void *ctx)
{
	struct snapshot *s = ctx;

	op_subvolume(s->dir, s);
}

/* Subvolumes are made and removed as directories are. */
TEST_F(btrfs, subvolumes)
{
	struct snapshot s = { .dir = self->dir };

	snprintf(s.name, sizeof(s.name), "subvolume-%d", getpid());
	RIGHTS_OP(self->dir, .name = "snapshot, directory",
		  .op = op_snapshot_dir,
		  .rights = RIGHTS(CAP_IOCTL, CAP_MKDIRAT),
		  .ioctl = BTRFS_IOC_SNAP_CREATE, .prepare = snapshot_gone,
		  .state = snapshot_state, .ctx = &s);
	s.v2 = true;
	RIGHTS_OP(self->dir, .name = "snapshot v2, directory",
		  .op = op_snapshot_dir,
		  .rights = RIGHTS(CAP_IOCTL, CAP_MKDIRAT),
		  .ioctl = BTRFS_IOC_SNAP_CREATE_V2, .prepare = snapshot_gone,
		  .state = snapshot_state, .ctx = &s);
	RIGHTS_OP(self->dir, .name = "subvolume", .op = op_subvolume,
		  .rights = RIGHTS(CAP_IOCTL, CAP_MKDIRAT),
		  .ioctl = BTRFS_IOC_SUBVOL_CREATE, .prepare = snapshot_gone,
		  .state = snapshot_state, .ctx = &s);
	RIGHTS_OP(self->dir, .name = "no subvolume", .op = op_destroy,
		  .rights = RIGHTS(CAP_IOCTL, CAP_UNLINKAT),
		  .ioctl = BTRFS_IOC_SNAP_DESTROY, .prepare = snapshot_there,
		  .state = snapshot_state, .ctx = &s);
	snapshot_gone(&s);
}

static int op_send_from(int fd, void *ctx)
{
	struct pair *p = ctx;
	struct btrfs_ioctl_send_args args = { .send_fd = p->second };

	return RET(ioctl(fd, BTRFS_IOC_SEND, &args));
}

static int op_send(int fd, void *ctx)
{
	struct pair *p = ctx;
	struct btrfs_ioctl_send_args args = { .send_fd = fd };

	return RET(ioctl(p->first, BTRFS_IOC_SEND, &args));
}

static uint64_t send_state(void *ctx)
{
	struct pair *p = ctx;

	return file_state(p->second);
}

/* It writes from position 0 on, not from where the file stands. */
TEST_F(btrfs, send)
{
	struct snapshot s = { .dir = self->dir, .v2 = true };
	struct pair p = { .second = tmp_file(NULL, 64) };

	ASSERT_LE(0, p.second);
	snprintf(s.name, sizeof(s.name), "sent-%d", getpid());
	ASSERT_EQ(0, op_snapshot(self->dir, &s));
	p.first = openat(self->dir, s.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, p.first);
	RIGHTS_OP(p.first, .name = "BTRFS_IOC_SEND, of", .op = op_send_from,
		  .rights = RIGHTS(CAP_IOCTL, CAP_LOOKUP, CAP_READ),
		  .ioctl = BTRFS_IOC_SEND, .state = send_state, .ctx = &p);
	ASSERT_EQ(0, ftruncate(p.second, 0));
	RIGHTS_OP(p.second, .name = "BTRFS_IOC_SEND, to", .op = op_send,
		  .rights = RIGHTS(CAP_PWRITE), .state = send_state,
		  .ctx = &p);
	EXPECT_EQ(-EBADF, op_send(-1, &p));
	close(p.first);
	snapshot_gone(&s);
}

TEST_HARNESS_MAIN
