// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: ioctls of file systems and of control devices by which a
 * descriptor would lead to what somebody else has: by an inode's or a tree's
 * number, by a device's, or by a path. Where the tests run, a btrfs is expected
 * at /btrfs.
 */
#include "capmode.h"

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fscrypt.h>
#include <linux/keyctl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#define BTRFS	"/btrfs"

#ifndef BTRFS_SUPER_MAGIC
#define BTRFS_SUPER_MAGIC	0x9123683E
#endif

/* ---- btrfs ---- */

struct btrfs {
	int dir;	/* a subvolume of its own, and what is held */
	uint64_t id;	/* of another one, beside it */
	char other[64];
	uint64_t ino;	/* of a file below */
};

FIXTURE(btrfs)
{
	struct btrfs b;
	int top;
	char own[64];
};

static int make_subvolume(int top, const char *name)
{
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", name);
	return RET(ioctl(top, BTRFS_IOC_SUBVOL_CREATE, &args));
}

static void drop_subvolume(int top, const char *name)
{
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", name);
	ioctl(top, BTRFS_IOC_SNAP_DESTROY, &args);
}

static bool there(int top, const char *name)
{
	return !faccessat(top, name, F_OK, 0);
}

/* The number of a subvolume, or 0. */
static uint64_t number_of(int top, const char *name)
{
	struct btrfs_ioctl_ino_lookup_args args = {
		.objectid = BTRFS_FIRST_FREE_OBJECTID,
	};
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = RET(ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args));

	if (fd >= 0)
		close(fd);
	return err ? 0 : args.treeid;
}

FIXTURE_SETUP(btrfs)
{
	struct btrfs *b = &self->b;
	struct statfs fs;
	struct stat st;
	int fd;

	self->top = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (statfs(BTRFS, &fs) || fs.f_type != BTRFS_SUPER_MAGIC)
		SKIP(return, "there is no btrfs at " BTRFS);
	self->top = open(BTRFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->top);
	snprintf(self->own, sizeof(self->own), "capmode-own-%d", getpid());
	snprintf(b->other, sizeof(b->other), "capmode-other-%d", getpid());
	ASSERT_EQ(0, make_subvolume(self->top, self->own));
	ASSERT_EQ(0, make_subvolume(self->top, b->other));
	b->dir = openat(self->top, self->own, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, b->dir);

	b->id = number_of(self->top, b->other);
	ASSERT_NE(0, b->id);
	fd = openat(b->dir, "file", O_CREAT | O_WRONLY, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	b->ino = st.st_ino;
	close(fd);
}

FIXTURE_TEARDOWN(btrfs)
{
	if (self->top < 0)
		return;
	close(self->b.dir);
	drop_subvolume(self->top, self->own);
	drop_subvolume(self->top, self->b.other);
	close(self->top);
}

static int ino_lookup(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_ino_lookup_args args = {
		.treeid = b->id,
		.objectid = 256,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_INO_LOOKUP, &args));
}

static int ino_paths(void *arg)
{
	static uint64_t found[512];
	const struct btrfs *b = arg;
	struct btrfs_ioctl_ino_path_args args = {
		.inum = b->ino,
		.size = sizeof(found),
		.fspath = (uintptr_t)found,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_INO_PATHS, &args));
}

static void search_all(struct btrfs_ioctl_search_key *key, uint64_t tree)
{
	*key = (struct btrfs_ioctl_search_key){
		.tree_id = tree,
		.max_objectid = UINT64_MAX,
		.max_offset = UINT64_MAX,
		.max_transid = UINT64_MAX,
		.max_type = UINT32_MAX,
		.nr_items = 16,
	};
}

static int tree_search(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_search_args args;
	int ret;

	search_all(&args.key, b->id);
	ret = RET(ioctl(b->dir, BTRFS_IOC_TREE_SEARCH, &args));
	if (!ret)
		STEP(args.key.nr_items);
	return ret;
}

static int tree_search_v2(void *arg)
{
	static uint64_t mem[2048];
	struct btrfs_ioctl_search_args_v2 *args = (void *)mem;
	const struct btrfs *b = arg;

	search_all(&args->key, b->id);
	args->buf_size = sizeof(mem) - sizeof(*args);
	return RET(ioctl(b->dir, BTRFS_IOC_TREE_SEARCH_V2, args));
}

/* The one that it is, so that nothing is to be put right again. */
static int default_subvolume(void *arg)
{
	const struct btrfs *b = arg;
	uint64_t top = BTRFS_FS_TREE_OBJECTID;

	return RET(ioctl(b->dir, BTRFS_IOC_DEFAULT_SUBVOL, &top));
}

static int destroy_by_id(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_vol_args_v2 args = {
		.flags = BTRFS_SUBVOL_SPEC_BY_ID,
		.subvolid = b->id,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_SNAP_DESTROY_V2, &args));
}

TEST_F(btrfs, by_number)
{
	struct btrfs *b = &self->b;

	EXPECT_ECAPMODE(ino_lookup, b);
	EXPECT_ECAPMODE(ino_paths, b);
	EXPECT_ECAPMODE(tree_search, b);
	EXPECT_ECAPMODE(tree_search_v2, b);
	EXPECT_ECAPMODE(default_subvolume, b);
	EXPECT_EQ(-ECAPMODE, capmode_run(destroy_by_id, b));
	EXPECT_TRUE(there(self->top, b->other));
	EXPECT_EQ(0, in_child(destroy_by_id, b));
	EXPECT_FALSE(there(self->top, b->other));
	/* Whether there is such a tree is not to be told. */
	EXPECT_EQ(-ENOENT, in_child(tree_search, b));
	EXPECT_EQ(-ECAPMODE, capmode_run(tree_search, b));
	EXPECT_EQ(-ECAPMODE, capmode_run(destroy_by_id, b));
}

static int quota_control(const struct btrfs *b, uint64_t cmd)
{
	struct btrfs_ioctl_quota_ctl_args args = { .cmd = cmd };

	return RET(ioctl(b->dir, BTRFS_IOC_QUOTA_CTL, &args));
}

static int quota_on(void *arg)
{
	return quota_control(arg, BTRFS_QUOTA_CTL_ENABLE);
}

static int quota_off(void *arg)
{
	return quota_control(arg, BTRFS_QUOTA_CTL_DISABLE);
}

static int quota_create(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_qgroup_create_args args = {
		.create = 1, .qgroupid = 1ULL << 48 | 7,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_QGROUP_CREATE, &args));
}

static int quota_assign(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_qgroup_assign_args args = {
		.assign = 1, .src = b->id, .dst = 1ULL << 48 | 7,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_QGROUP_ASSIGN, &args));
}

static int quota_limit(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_qgroup_limit_args args = {
		.qgroupid = b->id,
		.lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = 1 << 20 },
	};

	return RET(ioctl(b->dir, BTRFS_IOC_QGROUP_LIMIT, &args));
}

/* A subvolume that is put into a group that others are in. */
static int quota_inherit(void *arg)
{
	const struct btrfs *b = arg;
	struct {
		struct btrfs_qgroup_inherit head;
		uint64_t group;
	} inherit = { .head.num_qgroups = 1, .group = 1ULL << 48 | 7 };
	struct btrfs_ioctl_vol_args_v2 args = {
		.flags = BTRFS_SUBVOL_QGROUP_INHERIT, .name = "below",
		.size = sizeof(inherit),
		.qgroup_inherit = (void *)&inherit,
	};
	int ret = RET(ioctl(b->dir, BTRFS_IOC_SUBVOL_CREATE_V2, &args));

	STEP(there(b->dir, "below") == !ret);
	return ret;
}

/* The groups of quotas are by number, and those of subvolumes by theirs. */
TEST_F(btrfs, quota)
{
	struct btrfs *b = &self->b;

	EXPECT_EQ(-ECAPMODE, capmode_run(quota_on, b));
	ASSERT_EQ(0, in_child(quota_on, b));
	EXPECT_EQ(-ECAPMODE, capmode_run(quota_create, b));
	EXPECT_EQ(0, in_child(quota_create, b));
	EXPECT_EQ(-ECAPMODE, capmode_run(quota_assign, b));
	/* 1 says that the numbers have to be counted again. */
	EXPECT_LE(0, in_child(quota_assign, b));
	EXPECT_EQ(-ECAPMODE, capmode_run(quota_inherit, b));
	EXPECT_EQ(0, in_child(quota_inherit, b));
	drop_subvolume(b->dir, "below");
	EXPECT_EQ(-ECAPMODE, capmode_run(quota_limit, b));
	EXPECT_EQ(0, in_child(quota_limit, b));
	/* The file system is there for others, too. */
	EXPECT_EQ(-ECAPMODE, capmode_run(quota_off, b));
	EXPECT_EQ(0, in_child(quota_off, b));
}

static int lookup_of_logical(void *arg)
{
	static uint64_t found[512];
	const struct btrfs *b = arg;
	struct btrfs_ioctl_logical_ino_args args = {
		.size = sizeof(found),
		.inodes = (uintptr_t)found,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_LOGICAL_INO, &args));
}

static int lookup_of_logical_v2(void *arg)
{
	static uint64_t found[512];
	const struct btrfs *b = arg;
	struct btrfs_ioctl_logical_ino_args args = {
		.size = sizeof(found),
		.inodes = (uintptr_t)found,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_LOGICAL_INO_V2, &args));
}

/* Nothing is at the very start: to look there finds nothing, but looks. */
TEST_F(btrfs, by_block)
{
	EXPECT_EQ(-ENOENT, in_child(lookup_of_logical, &self->b));
	EXPECT_EQ(-ECAPMODE, capmode_run(lookup_of_logical, &self->b));
	EXPECT_EQ(-ENOENT, in_child(lookup_of_logical_v2, &self->b));
	EXPECT_EQ(-ECAPMODE, capmode_run(lookup_of_logical_v2, &self->b));
}

/* Of a file, by its number, whether there is one or not. */
static int ino_lookup_below(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_ino_lookup_args args = {
		.treeid = b->id,
		.objectid = BTRFS_FIRST_FREE_OBJECTID + 1,
	};

	return RET(ioctl(b->dir, BTRFS_IOC_INO_LOOKUP, &args));
}

static int own_tree(void *arg)
{
	struct btrfs_ioctl_ino_lookup_args args = {
		.objectid = BTRFS_FIRST_FREE_OBJECTID,
	};
	const struct btrfs *b = arg;

	STEP(!RET(ioctl(b->dir, BTRFS_IOC_INO_LOOKUP, &args)));
	return args.treeid ? 0 : -EPROTO;
}

/* Nor does a capability of one directory lead to all of the file system. */
TEST_F(btrfs, by_number_through_a_capability)
{
	static int (*const calls[])(void *arg) = {
		ino_lookup_below, ino_paths, tree_search, tree_search_v2,
		lookup_of_logical, lookup_of_logical_v2, destroy_by_id,
	};
	struct btrfs *b = &self->b, through = *b;
	unsigned int i;

	through.dir = limit_all(b->dir);
	ASSERT_LE(0, through.dir);
	EXPECT_EQ(-ENOENT, in_child(ino_lookup_below, b));
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-ENOTCAPABLE, in_child(calls[i], &through))
			TH_LOG("call %u", i);
	}
	EXPECT_TRUE(there(self->top, b->other));
	/* In which tree it is itself is no secret. */
	EXPECT_EQ(0, in_child(own_tree, &through));
	close(through.dir);
}

/* There is none for programs of 32 bits but the kernel's own. */
#define SUBVOL_INFO_SIZE	504
#ifdef __LP64__
#define SUBVOL_INFO	BTRFS_IOC_GET_SUBVOL_INFO
#else
#define SUBVOL_INFO	_IOC(_IOC_READ, BTRFS_IOCTL_MAGIC, 60, SUBVOL_INFO_SIZE)
#endif

struct names {
	int fd;		/* in a subvolume */
	const char *own;	/* its name */
	uint64_t dir;	/* where another one lies in it, "below" */
	uint64_t below;	/* its number */
	const char *path;	/* from @fd to @dir */
};

static int own_name(void *arg)
{
	const struct names *n = arg;
	union {
		struct btrfs_ioctl_get_subvol_info_args info;
		char room[SUBVOL_INFO_SIZE];
	} u = {};
	int ret = RET(ioctl(n->fd, SUBVOL_INFO, &u));

	/* Sometimes it returns 1. */
	STEP(strcmp(u.info.name, ret < 0 ? "" : n->own) == 0);
	return ret;
}

static int all_below(void *arg)
{
	const struct names *n = arg;
	struct btrfs_ioctl_get_subvol_rootref_args refs = {};
	int ret = RET(ioctl(n->fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, &refs));

	STEP(refs.num_items == !ret);
	STEP(ret || (refs.rootref[0].treeid == n->below &&
		     refs.rootref[0].dirid == n->dir));
	return ret;
}

static int name_below(void *arg)
{
	const struct names *n = arg;
	struct btrfs_ioctl_ino_lookup_user_args args = {
		.dirid = n->dir, .treeid = n->below,
	};
	int ret = RET(ioctl(n->fd, BTRFS_IOC_INO_LOOKUP_USER, &args));

	STEP(strcmp(args.name, ret ? "" : "below") == 0);
	STEP(strcmp(args.path, ret ? "" : n->path) == 0);
	return ret;
}

/*
 * A directory in a subvolume leads to the names of what it lies in, and of what
 * lies there beside it; the subvolume itself, to its own.
 */
TEST_F(btrfs, names)
{
	static const struct {
		int (*call)(void *arg);
		unsigned int cmd;
	} calls[] = {
		{ own_name, SUBVOL_INFO },
		{ all_below, BTRFS_IOC_GET_SUBVOL_ROOTREF },
		{ name_below, BTRFS_IOC_INO_LOOKUP_USER },
	};
	struct btrfs *b = &self->b;
	struct names in[2] = {
		{ .fd = b->dir, .own = self->own, .path = "sub/" },
		{ .own = self->own, .path = "" },
	};
	struct cap_rights all;
	struct stat st;
	unsigned int i;
	int j, sub;

	rights_all(&all);
	ASSERT_EQ(0, mkdirat(b->dir, "sub", 0700));
	sub = openat(b->dir, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, sub);
	ASSERT_EQ(0, fstat(sub, &st));
	ASSERT_EQ(0, make_subvolume(sub, "below"));
	in[1].fd = sub;
	for (j = 0; j < 2; j++) {
		in[j].dir = st.st_ino;
		in[j].below = number_of(sub, "below");
		ASSERT_NE(0, in[j].below);
	}

	for (i = 0; i < ARRAY_SIZE(calls) * 2; i++) {
		int (*call)(void *arg) = calls[i / 2].call;
		struct names n = in[i % 2];
		int caps[2];

		EXPECT_LE(0, in_child(call, &n))
			TH_LOG("call %u", i);
		EXPECT_EQ(-ECAPMODE, capmode_run(call, &n))
			TH_LOG("call %u", i);
		/* Nor does a capability, of whatever commands. */
		caps[0] = limit_all(n.fd);
		caps[1] = limit_sub(n.fd, &all, CAP_FCNTL_ALL, 1,
				    &calls[i / 2].cmd);
		for (j = 0; j < 2; j++) {
			n.fd = caps[j];
			EXPECT_LE(0, n.fd);
			EXPECT_EQ(-ENOTCAPABLE, in_child(call, &n))
				TH_LOG("call %u by capability %d", i, j);
			EXPECT_EQ(-ENOTCAPABLE, capmode_run(call, &n))
				TH_LOG("call %u by capability %d", i, j);
			close(n.fd);
		}
	}
	drop_subvolume(sub, "below");
	EXPECT_FALSE(there(sub, "below"));
	close(sub);
	EXPECT_EQ(0, unlinkat(b->dir, "sub", AT_REMOVEDIR));
}

static int send_own(void *arg)
{
	const struct btrfs *b = arg;
	int fds[2];
	struct btrfs_ioctl_send_args args = {};

	STEP(!pipe(fds));
	args.send_fd = fds[1];
	return RET(ioctl(b->dir, BTRFS_IOC_SEND, &args));
}

/* It is for what is read-only, and that is looked at behind the refusal. */
TEST_F(btrfs, send)
{
	uint64_t flags = BTRFS_SUBVOL_RDONLY;

	EXPECT_EQ(-EPERM, in_child(send_own, &self->b));
	EXPECT_EQ(-ECAPMODE, capmode_run(send_own, &self->b));
	ASSERT_EQ(0, ioctl(self->b.dir, BTRFS_IOC_SUBVOL_SETFLAGS, &flags));
	EXPECT_ECAPMODE(send_own, &self->b);
}

static int ask_own(void *arg)
{
	const struct btrfs *b = arg;
	struct btrfs_ioctl_fs_info_args info = {};
	uint64_t flags = 77;

	STEP(!RET(ioctl(b->dir, BTRFS_IOC_FS_INFO, &info)));
	STEP(!RET(ioctl(b->dir, BTRFS_IOC_SUBVOL_GETFLAGS, &flags)));
	STEP(!make_subvolume(b->dir, "below") && there(b->dir, "below"));
	drop_subvolume(b->dir, "below");
	STEP(!there(b->dir, "below"));
	return 0;
}

TEST_F(btrfs, works)
{
	EXPECT_BOTH(ask_own, &self->b);
}

/* ---- a path in an argument ---- */

struct add {
	int fd;
	const char *path;
};

static int scan_device(void *arg)
{
	const struct add *a = arg;
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", a->path);
	return RET(ioctl(a->fd, BTRFS_IOC_SCAN_DEV, &args));
}

static int add_device(void *arg)
{
	const struct add *a = arg;
	struct btrfs_ioctl_vol_args args = {};

	snprintf(args.name, sizeof(args.name), "%s", a->path);
	return RET(ioctl(a->fd, BTRFS_IOC_ADD_DEV, &args));
}

/* Not a device, or nothing at all: looked up outside, and not inside. */
TEST_F(btrfs, device_by_path)
{
	struct add a = { .fd = self->b.dir, .path = "/" };

	EXPECT_EQ(-ENOTBLK, in_child(add_device, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(add_device, &a));
	a.path = "/no/such/device";
	EXPECT_EQ(-ENOENT, in_child(add_device, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(add_device, &a));

	a.fd = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, a.fd);
	EXPECT_EQ(-ENOENT, in_child(scan_device, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(scan_device, &a));
	a.path = "/";
	EXPECT_EQ(-ENOTBLK, in_child(scan_device, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(scan_device, &a));
	close(a.fd);
}

/* ---- loop devices, by number ---- */

static int loop_ask_free(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_CTL_GET_FREE));
}

static int loop_add(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_CTL_ADD, 77));
}

static int loop_remove(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_CTL_REMOVE, 77));
}

TEST(loop_control)
{
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no loop devices");
	EXPECT_ECAPMODE(loop_ask_free, &fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(loop_add, &fd));
	/* It was not added, and so it can be, and then is not removed. */
	EXPECT_EQ(77, in_child(loop_add, &fd));
	EXPECT_EQ(-ECAPMODE, capmode_run(loop_remove, &fd));
	EXPECT_EQ(-EEXIST, in_child(loop_add, &fd));
	EXPECT_LE(0, in_child(loop_remove, &fd));
	close(fd);
}

/* ---- keys of a file system ---- */

#define RAW_SIZE	FSCRYPT_MAX_KEY_SIZE

/* No two blocks are the same: such a key is a weak one. */
static void fill_raw(uint8_t *raw)
{
	int i;

	for (i = 0; i < RAW_SIZE; i++)
		raw[i] = i;
}

struct fs_key {
	int dir;
	uint32_t serial;	/* of a key that holds it, or 0: it is told */
	struct fscrypt_key_specifier spec;
};

static int add_fs_key(void *arg)
{
	struct fs_key *k = arg;
	struct {
		struct fscrypt_add_key_arg arg;
		uint8_t raw[RAW_SIZE];
	} a = { .arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	int ret;

	a.arg.key_id = k->serial;
	if (!k->serial) {
		a.arg.raw_size = RAW_SIZE;
		fill_raw(a.raw);
	}
	ret = RET(ioctl(k->dir, FS_IOC_ADD_ENCRYPTION_KEY, &a));
	if (!ret)
		k->spec = a.arg.key_spec;
	return ret;
}

/* Whatever the key is, by a name that policies have. */
static int add_named_key(void *arg)
{
	struct fs_key *k = arg;
	struct {
		struct fscrypt_add_key_arg arg;
		uint8_t raw[RAW_SIZE];
	} a = {
		.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR,
		.arg.raw_size = RAW_SIZE,
	};

	memcpy(a.arg.key_spec.u.descriptor, "capsicum", 8);
	fill_raw(a.raw);
	k->spec = a.arg.key_spec;
	return RET(ioctl(k->dir, FS_IOC_ADD_ENCRYPTION_KEY, &a));
}

static int remove_fs_key(void *arg)
{
	struct fs_key *k = arg;
	struct fscrypt_remove_key_arg a = { .key_spec = k->spec };

	return RET(ioctl(k->dir, FS_IOC_REMOVE_ENCRYPTION_KEY, &a));
}

static int remove_fs_key_of_all(void *arg)
{
	struct fs_key *k = arg;
	struct fscrypt_remove_key_arg a = { .key_spec = k->spec };

	return RET(ioctl(k->dir, FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &a));
}

/* FSCRYPT_KEY_STATUS_*, or -errno. */
static int fs_key_status(void *arg)
{
	const struct fs_key *k = arg;
	struct fscrypt_get_key_status_arg a = { .key_spec = k->spec };
	int ret = RET(ioctl(k->dir, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &a));

	return ret ? ret : (int)a.status;
}

/*
 * One is removed from all who use the file system. One that a key holds comes by
 * that key's number, which names whatever keys there are.
 */
TEST(fs_keys)
{
	struct {
		uint32_t type, reserved;
		uint8_t raw[RAW_SIZE];
	} payload = { .type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	struct fs_key k = {};
	int ret;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	k.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, k.dir);
	ret = add_fs_key(&k);
	if (ret == -ENOTTY || ret == -EOPNOTSUPP)
		SKIP(return, "a file system without encryption");
	ASSERT_EQ(0, ret);
	EXPECT_BOTH(add_fs_key, &k);
	EXPECT_EQ(-ECAPMODE, capmode_run(remove_fs_key, &k));
	EXPECT_EQ(-ECAPMODE, capmode_run(remove_fs_key_of_all, &k));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_PRESENT, fs_key_status(&k));
	/* Nobody has an identifier by chance: it is told who has the key. */
	EXPECT_BOTH(fs_key_status, &k);
	EXPECT_EQ(0, in_child(remove_fs_key, &k));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_ABSENT, fs_key_status(&k));
	EXPECT_BOTH(fs_key_status, &k);

	EXPECT_EQ(-ECAPMODE, capmode_run(add_named_key, &k));
	memcpy(k.spec.u.descriptor, "capsicum", 8);
	k.spec.type = FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR;
	EXPECT_EQ(FSCRYPT_KEY_STATUS_ABSENT, fs_key_status(&k));
	EXPECT_ECAPMODE(fs_key_status, &k);
	EXPECT_EQ(0, in_child(add_named_key, &k));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_PRESENT, fs_key_status(&k));
	EXPECT_ECAPMODE(fs_key_status, &k);
	EXPECT_EQ(0, remove_fs_key(&k));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_ABSENT, fs_key_status(&k));
	/* What is no key's name at all is told as ever. */
	k.spec.type = 77;
	EXPECT_EQ(-EINVAL, in_child(fs_key_status, &k));
	EXPECT_EQ(-EINVAL, capmode_run(fs_key_status, &k));

	memset(payload.raw, 'K', RAW_SIZE);
	k.serial = RET(syscall(__NR_add_key, "fscrypt-provisioning", "capsicum",
			       &payload, sizeof(payload),
			       KEY_SPEC_SESSION_KEYRING));
	ASSERT_LT(0, (int)k.serial);
	EXPECT_EQ(-ECAPMODE, capmode_run(add_fs_key, &k));
	EXPECT_EQ(0, in_child(add_fs_key, &k));
	ASSERT_EQ(0, add_fs_key(&k));
	EXPECT_EQ(FSCRYPT_KEY_STATUS_PRESENT, fs_key_status(&k));
	EXPECT_EQ(0, remove_fs_key_of_all(&k));
	EXPECT_EQ(0, syscall(__NR_keyctl, KEYCTL_UNLINK, k.serial,
			     KEY_SPEC_SESSION_KEYRING));
	close(k.dir);
}

#define DESCRIPTOR	"capsicum"
#define KEY_NAME	"fscrypt:636170736963756d"	/* that, in hexadecimal */

/* A directory that the key of that name is for, and a file there. */
static int use_key_by_name(void *arg)
{
	struct fscrypt_policy_v1 p = {
		.version = FSCRYPT_POLICY_V1,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
	};
	int top = *(int *)arg, dir, fd;

	memcpy(p.master_key_descriptor, DESCRIPTOR, 8);
	STEP(!mkdirat(top, "locked", 0700));
	dir = openat(top, "locked", O_RDONLY | O_DIRECTORY);
	STEP(dir >= 0);
	STEP(!ioctl(dir, FS_IOC_SET_ENCRYPTION_POLICY, &p));
	fd = RET(openat(dir, "file", O_RDWR | O_CREAT, 0600));
	if (fd >= 0)
		STEP(!unlinkat(dir, "file", 0));
	STEP(!unlinkat(top, "locked", AT_REMOVEDIR));
	return fd < 0 ? fd : 0;
}

/* Whose policy it is names the key, of whichever user one is. */
TEST(key_by_policy)
{
	struct fscrypt_key payload = {
		.mode = FSCRYPT_MODE_AES_256_XTS,
		.size = RAW_SIZE,
	};
	struct fs_key k = {};
	int top, ret, serial;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, top);
	k.dir = top;
	ret = add_fs_key(&k);
	if (ret == -ENOTTY || ret == -EOPNOTSUPP)
		SKIP(return, "a file system without encryption");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(0, remove_fs_key(&k));
	EXPECT_EQ(-ENOKEY, in_child(use_key_by_name, &top));
	fill_raw(payload.raw);
	serial = RET(syscall(__NR_add_key, "logon", KEY_NAME, &payload,
			     sizeof(payload), KEY_SPEC_SESSION_KEYRING));
	ASSERT_LT(0, serial);
	EXPECT_EQ(0, in_child(use_key_by_name, &top));
	EXPECT_EQ(-ENOKEY, capmode_run(use_key_by_name, &top));
	EXPECT_EQ(0, syscall(__NR_keyctl, KEYCTL_UNLINK, serial,
			     KEY_SPEC_SESSION_KEYRING));
	/* One that the file system was given. */
	EXPECT_EQ(0, add_named_key(&k));
	EXPECT_BOTH(use_key_by_name, &top);
	EXPECT_EQ(0, remove_fs_key(&k));
	close(top);
}

TEST_HARNESS_MAIN
