// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: the numbers of files' ioctls. Whatever number lies beside one
 * that may be used, in its number, direction or size, is another command, and is
 * refused; a program of 32 bits has the same commands with other sizes. The
 * whole filesystem's with everything that they need, too.
 *
 * The current directory is expected on ext4, and a btrfs at /btrfs.
 */
#include "capmode.h"
#include "file_ioctl.h"
#include "loop.h"

#include <linux/btrfs.h>
#include <linux/ext4.h>
#include <linux/f2fs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsmap.h>
#include <linux/fsverity.h>
#include <linux/magic.h>
#include <linux/msdos_fs.h>
#include <linux/nsfs.h>
#include <linux/trace_mmap.h>
#include <linux/usb/functionfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#define BTRFS		"/btrfs"

/* A namespace of a process. Their header and that of C do not go together. */
#define PIDFD_GET(nr)	_IO(0xff, nr)

/* All that may be used of files and directories. */
static const unsigned int listed[] = {
	FIONREAD, FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX, FIOQSIZE, FIGETBSZ,
	FIBMAP, FS_IOC_FIEMAP, FICLONE, FICLONERANGE, FIDEDUPERANGE,
	RESVSP(40), RESVSP(41), RESVSP(42), RESVSP(43), RESVSP(57),
	FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_SETVERSION,
	FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR,
	FS_IOC_GETFSLABEL, FS_IOC_GETFSUUID, FS_IOC_GETFSSYSFSPATH,

	FS_IOC_SET_ENCRYPTION_POLICY, FS_IOC_GET_ENCRYPTION_PWSALT,
	FS_IOC_GET_ENCRYPTION_POLICY, FS_IOC_GET_ENCRYPTION_POLICY_EX,
	FS_IOC_ADD_ENCRYPTION_KEY, FS_IOC_REMOVE_ENCRYPTION_KEY,
	FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS,
	FS_IOC_GET_ENCRYPTION_KEY_STATUS, FS_IOC_GET_ENCRYPTION_NONCE,
	FS_IOC_ENABLE_VERITY, FS_IOC_MEASURE_VERITY,
	FS_IOC_READ_VERITY_METADATA,

	EXT4_IOC_GETVERSION, EXT4_IOC_SETVERSION, EXT4_IOC_MIGRATE,
	EXT4_IOC_ALLOC_DA_BLKS, EXT4_IOC_MOVE_EXT, EXT4_IOC_PRECACHE_EXTENTS,
	EXT4_IOC_CLEAR_ES_CACHE, EXT4_IOC_GETSTATE, EXT4_IOC_GET_ES_CACHE,

	BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_CREATE_V2,
	BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2,
	BTRFS_IOC_SNAP_DESTROY, BTRFS_IOC_SNAP_DESTROY_V2,
	BTRFS_IOC_SUBVOL_GETFLAGS, BTRFS_IOC_SUBVOL_SETFLAGS,
	BTRFS_IOC_SET_RECEIVED_SUBVOL,
	BTRFS_IOC_DEFRAG, BTRFS_IOC_DEFRAG_RANGE,
	BTRFS_IOC_FS_INFO, BTRFS_IOC_SPACE_INFO, BTRFS_IOC_GET_FEATURES,
	BTRFS_IOC_GET_SUPPORTED_FEATURES,
	BTRFS_IOC_SYNC, BTRFS_IOC_START_SYNC, BTRFS_IOC_WAIT_SYNC,
	BTRFS_IOC_ENCODED_READ, BTRFS_IOC_ENCODED_WRITE,

	F2FS_IOC_START_ATOMIC_WRITE, F2FS_IOC_START_ATOMIC_REPLACE,
	F2FS_IOC_COMMIT_ATOMIC_WRITE, F2FS_IOC_ABORT_ATOMIC_WRITE,
	F2FS_IOC_DEFRAGMENT, F2FS_IOC_MOVE_RANGE, F2FS_IOC_GET_FEATURES,
	F2FS_IOC_SET_PIN_FILE, F2FS_IOC_GET_PIN_FILE,
	F2FS_IOC_PRECACHE_EXTENTS, F2FS_IOC_GET_COMPRESS_BLOCKS,
	F2FS_IOC_RELEASE_COMPRESS_BLOCKS, F2FS_IOC_RESERVE_COMPRESS_BLOCKS,
	F2FS_IOC_GET_COMPRESS_OPTION, F2FS_IOC_SET_COMPRESS_OPTION,
	F2FS_IOC_DECOMPRESS_FILE, F2FS_IOC_COMPRESS_FILE,
	F2FS_IOC_SEC_TRIM_FILE,

	VFAT_IOCTL_READDIR_BOTH, VFAT_IOCTL_READDIR_SHORT,
	FAT_IOCTL_GET_ATTRIBUTES, FAT_IOCTL_SET_ATTRIBUTES,

	NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE, NS_GET_OWNER_UID,
	NS_GET_MNTNS_ID, NS_GET_PID_FROM_PIDNS, NS_GET_TGID_FROM_PIDNS,
	NS_GET_PID_IN_PIDNS, NS_GET_TGID_IN_PIDNS,
	NS_MNT_GET_INFO, NS_MNT_GET_NEXT, NS_MNT_GET_PREV,
	PIDFD_GET(1), PIDFD_GET(2), PIDFD_GET(3), PIDFD_GET(4), PIDFD_GET(5),
	PIDFD_GET(6), PIDFD_GET(7), PIDFD_GET(8), PIDFD_GET(9), PIDFD_GET(10),
	PAGEMAP_SCAN, PROCMAP_QUERY, TRACE_MMAP_IOCTL_GET_READER,
	FUNCTIONFS_FIFO_STATUS, FUNCTIONFS_FIFO_FLUSH, FUNCTIONFS_CLEAR_HALT,
	FUNCTIONFS_INTERFACE_REVMAP, FUNCTIONFS_ENDPOINT_REVMAP,
	FUNCTIONFS_ENDPOINT_DESC, FUNCTIONFS_DMABUF_ATTACH,
	FUNCTIONFS_DMABUF_DETACH, FUNCTIONFS_DMABUF_TRANSFER,
};

/* What of that has another size in the kernel's own ABI, and that size. */
static const struct {
	unsigned int cmd;
	unsigned int size;
} wide[] = {
	{ FS_IOC_GETFLAGS, 8 }, { FS_IOC_SETFLAGS, 8 },
	{ FS_IOC_GETVERSION, 8 }, { FS_IOC_SETVERSION, 8 },
	{ EXT4_IOC_GETVERSION, 8 }, { EXT4_IOC_SETVERSION, 8 },
	{ RESVSP(40), 48 }, { RESVSP(41), 48 }, { RESVSP(42), 48 },
	{ RESVSP(43), 48 }, { RESVSP(57), 48 },
	{ BTRFS_IOC_SET_RECEIVED_SUBVOL, 200 },
	{ BTRFS_IOC_ENCODED_READ, 128 }, { BTRFS_IOC_ENCODED_WRITE, 128 },
};

#define NAME(cmd)	((cmd) & ~IOCSIZE_MASK)
#define COMPAT		(sizeof(long) == 4)

static unsigned int sized(unsigned int cmd, unsigned int size)
{
	return NAME(cmd) | size << _IOC_SIZESHIFT;
}

static bool is_listed(unsigned int cmd, bool by_name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(listed); i++) {
		if (cmd == listed[i] ||
		    (by_name && NAME(cmd) == NAME(listed[i])))
			return true;
	}
	return false;
}

static bool is_wide(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wide); i++) {
		if (cmd == sized(wide[i].cmd, wide[i].size))
			return true;
	}
	return false;
}

/* What a refusal is; a terminal's are no refusals. */
static int refusal(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == 'T' || _IOC_TYPE(cmd) == 't' ? -ENOTTY :
								-ECAPMODE;
}

/**
 * struct numbers - commands that a file is asked for, one after the other
 * @fd: The file.
 * @n: How many.
 * @cmd: They.
 * @outside: What they return there. This and @inside are shared with children.
 * @inside: And what in capability mode.
 */
struct numbers {
	int fd;
	unsigned int n;
	unsigned int *cmd;
	int *outside;
	int *inside;
};

#define NUMBERS_MAX	200000

/* No address, no descriptor: a command that reads either does no more. */
static void ask_all(const struct numbers *n, int *ret)
{
	unsigned int i;

	for (i = 0; i < n->n; i++)
		ret[i] = RET(ioctl(n->fd, n->cmd[i], -1L));
}

static int ask_outside(void *arg)
{
	const struct numbers *n = arg;

	ask_all(n, n->outside);
	return 0;
}

static int ask_inside(void *arg)
{
	const struct numbers *n = arg;

	ask_all(n, n->inside);
	return 0;
}

static void add_number(struct numbers *n, unsigned int cmd)
{
	if (n->n < NUMBERS_MAX)
		n->cmd[n->n] = cmd;
	n->n++;
}

static const char *const where[] = {
	"a file of ext4", "a directory of ext4",
	"a file of btrfs", "a directory of btrfs",
};

FIXTURE(numbers)
{
	int fds[4];
	struct numbers n;
};

FIXTURE_SETUP(numbers)
{
	const char *const tops[] = { ".", BTRFS };
	struct numbers *n = &self->n;
	struct statfs fs;
	char name[64];
	int i, top;

	for (i = 0; i < 4; i++)
		self->fds[i] = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_EQ(0, statfs(".", &fs));
	if (fs.f_type != EXT4_SUPER_MAGIC)
		SKIP(return, "the current directory is not on ext4");
	if (statfs(BTRFS, &fs) || fs.f_type != BTRFS_SUPER_MAGIC)
		SKIP(return, "there is no btrfs at " BTRFS);
	snprintf(name, sizeof(name), "capmode-numbers-%d", getpid());
	for (i = 0; i < 2; i++) {
		top = open(tops[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ASSERT_LE(0, top);
		ASSERT_EQ(0, mkdirat(top, name, 0700));
		self->fds[2 * i + 1] = openat(top, name,
					      O_RDONLY | O_DIRECTORY);
		ASSERT_LE(0, self->fds[2 * i + 1]);
		ASSERT_EQ(0, unlinkat(top, name, AT_REMOVEDIR));
		self->fds[2 * i] = tmp_file(tops[i], 100);
		ASSERT_LE(0, self->fds[2 * i]);
		close(top);
	}
	n->cmd = new_shared(NUMBERS_MAX * sizeof(*n->cmd));
	n->outside = new_shared(NUMBERS_MAX * sizeof(*n->outside));
	n->inside = new_shared(NUMBERS_MAX * sizeof(*n->inside));
	ASSERT_TRUE(n->cmd && n->outside && n->inside);
}

FIXTURE_TEARDOWN(numbers)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (self->fds[i] >= 0)
			close(self->fds[i]);
	}
}

/* It may be asked for, whatever the answer is to what it is asked for. */
static bool is_judged_further(unsigned int cmd)
{
	return cmd == FS_IOC_REMOVE_ENCRYPTION_KEY ||
	       cmd == FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS;
}

/* Each is what it is: there, or not there, on both sides. */
TEST_F(numbers, listed)
{
	struct numbers *n = &self->n;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(listed); i++)
		add_number(n, listed[i]);
	for (i = 0; i < ARRAY_SIZE(wide) && COMPAT; i++)
		add_number(n, sized(wide[i].cmd, wide[i].size));
	for (i = 0; i < 4; i++) {
		n->fd = self->fds[i];
		ASSERT_EQ(0, in_child(ask_outside, n));
		ASSERT_EQ(0, capmode_run(ask_inside, n));
		for (j = 0; j < n->n; j++) {
			if (n->inside[j] == -ECAPMODE &&
			    is_judged_further(n->cmd[j]))
				continue;
			EXPECT_EQ(n->outside[j], n->inside[j])
				TH_LOG("%#x on %s", n->cmd[j], where[i]);
		}
	}
}

/*
 * In a program of the kernel's own ABI another size is another command. In one
 * of 32 bits it is either the same, or there is none.
 */
TEST_F(numbers, sizes)
{
	const unsigned int max = _IOC_SIZEMASK;
	struct numbers *n = &self->n;
	unsigned int i, j, cmd, wrong;

	for (i = 0; i < ARRAY_SIZE(listed); i++) {
		for (j = 0; j <= max; j += j < 1030 ? 1 : 1018) {
			cmd = sized(listed[i], j);
			if (!is_listed(cmd, false))
				add_number(n, cmd);
		}
		if (!is_listed(sized(listed[i], max), false))
			add_number(n, sized(listed[i], max));
	}
	ASSERT_GE(NUMBERS_MAX, n->n);
	for (i = 0; i < 4; i++) {
		n->fd = self->fds[i];
		ASSERT_EQ(0, COMPAT ? in_child(ask_outside, n) : 0);
		ASSERT_EQ(0, capmode_run(ask_inside, n));
		for (j = 0, wrong = 0; j < n->n && wrong < 5; j++) {
			cmd = n->cmd[j];
			if (!COMPAT && n->inside[j] == refusal(cmd))
				continue;
			if (COMPAT && n->inside[j] == n->outside[j] &&
			    (n->inside[j] == -ENOTTY || is_wide(cmd)))
				continue;
			wrong++;
			TH_LOG("%#x on %s: %d, outside %d", cmd, where[i],
			       n->inside[j], COMPAT ? n->outside[j] : 0);
		}
		EXPECT_EQ(0, wrong);
	}
}

/* The next ones, and those in other directions, as long as they are not listed. */
TEST_F(numbers, beside)
{
	struct numbers *n = &self->n;
	unsigned int i, j, nr, dir, cmd, wrong;

	for (i = 0; i < ARRAY_SIZE(listed); i++) {
		cmd = listed[i];
		for (j = 0; j < 3 * 4; j++) {
			nr = (_IOC_NR(cmd) + j % 3 - 1) & _IOC_NRMASK;
			dir = j / 3;
			nr = _IOC(dir, _IOC_TYPE(cmd), nr, _IOC_SIZE(cmd));
			if (!is_listed(nr, COMPAT))
				add_number(n, nr);
		}
	}
	ASSERT_LT(ARRAY_SIZE(listed), n->n);
	for (i = 0; i < 4; i++) {
		n->fd = self->fds[i];
		/* Outside, nobody knows what one of them does. */
		ASSERT_EQ(0, capmode_run(ask_inside, n));
		for (j = 0, wrong = 0; j < n->n && wrong < 5; j++) {
			if (n->inside[j] == refusal(n->cmd[j]))
				continue;
			wrong++;
			TH_LOG("%#x on %s: %d", n->cmd[j], where[i],
			       n->inside[j]);
		}
		EXPECT_EQ(0, wrong);
	}
}

/* ---- the whole filesystem's ---- */

#define BLOCK		1024
#define BLOCKS		64	/* as it is made */
#define BLOCKS_MAX	512	/* there is room for */
#define INODES		16
#define GROUP		8192	/* how many blocks one has at most */

/* Numbers of blocks. */
enum { SUPER = 1, GROUPS, BLOCK_MAP, INODE_MAP, INODE_TABLE, ROOT = 7 };

static void put32(uint8_t *p, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		p[i] = value >> 8 * i;
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value & 0xff;
	p[1] = value >> 8;
}

/* What has no bits in the map is not there, and is not free. */
static void put_map(uint8_t *map, unsigned int used, unsigned int all)
{
	unsigned int i;

	for (i = 0; i < BLOCK * 8; i++) {
		if (i < used || i >= all)
			map[i / 8] |= 1 << i % 8;
	}
}

/*
 * The oldest kind, which has nothing that stands in the way of another size or
 * another number: a superblock, one group, and a root.
 */
static int make_ext4(int fd)
{
	static uint8_t image[BLOCKS_MAX][BLOCK];
	const unsigned int used = ROOT, first_inode = 11;
	uint8_t *s = image[SUPER], *g = image[GROUPS];
	uint8_t *root = image[INODE_TABLE] + 128;

	put32(s, INODES);
	put32(s + 4, BLOCKS);
	put32(s + 12, BLOCKS - 1 - used);
	put32(s + 16, INODES - first_inode + 1);
	put32(s + 20, SUPER);
	put32(s + 32, GROUP);
	put32(s + 36, GROUP);
	put32(s + 40, INODES);
	put16(s + 54, -1);		/* is not counted */
	put16(s + 56, EXT4_SUPER_MAGIC);
	put16(s + 58, 1);		/* unmounted in order */
	put16(s + 60, 1);		/* goes on after a fault */

	put32(g, BLOCK_MAP);
	put32(g + 4, INODE_MAP);
	put32(g + 8, INODE_TABLE);
	put16(g + 12, BLOCKS - 1 - used);
	put16(g + 14, INODES - first_inode + 1);
	put16(g + 16, 1);
	put_map(image[BLOCK_MAP], used, BLOCKS - 1);
	put_map(image[INODE_MAP], first_inode - 1, INODES);

	put16(root, S_IFDIR | 0700);
	put32(root + 4, BLOCK);
	put16(root + 26, 2);		/* links */
	put32(root + 28, BLOCK / 512);
	put32(root + 40, ROOT);
	put32(image[ROOT], 2);
	put16(image[ROOT] + 4, 12);
	put16(image[ROOT] + 6, 1);
	image[ROOT][8] = '.';
	put32(image[ROOT] + 12, 2);
	put16(image[ROOT] + 16, BLOCK - 12);
	put16(image[ROOT] + 18, 2);
	memset(image[ROOT] + 20, '.', 2);
	return write(fd, image, sizeof(image)) == sizeof(image) ? 0 : -EIO;
}

/* A filesystem's number, with room for it. */
struct number {
	struct fsuuid head;
	uint8_t uuid[16];
};

/**
 * struct whole - a filesystem, by a file or a directory that lies there
 * @fd: That.
 * @blocks: How many it is to have.
 * @number: Which number.
 */
struct whole {
	int fd;
	uint64_t blocks;
	struct number number;
};

FIXTURE(whole)
{
	struct whole w;
	int fds[2];	/* a file and a directory */
	char mnt[PATH_MAX];
	bool mounted;
};

static int ask_number(int fd, struct number *n)
{
	memset(n, 0, sizeof(*n));
	n->head.fsu_len = sizeof(n->uuid);
	return RET(ioctl(fd, EXT4_IOC_GETFSUUID, n));
}

FIXTURE_SETUP(whole)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int fd, rw;
	char name[32];

	self->mounted = false;
	self->fds[0] = -1;
	self->fds[1] = -1;
	self->mnt[0] = 0;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (free_loop(name, sizeof(name)))
		SKIP(return, "no loop devices");
	config.fd = tmp_file(NULL, 0);
	ASSERT_LE(0, (int)config.fd);
	ASSERT_EQ(0, make_ext4(config.fd));
	rw = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, rw);
	ASSERT_EQ(0, RET(ioctl(rw, LOOP_CONFIGURE, &config)));
	close(config.fd);
	/* The filesystem may insist on being the only one that writes. */
	fd = open(name, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	close(rw);
	snprintf(self->mnt, sizeof(self->mnt), "%s/capsicum.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->mnt));
	ASSERT_EQ(0, RET(mount(name, self->mnt, "ext4", 0, NULL)));
	self->mounted = true;
	close(fd);

	self->fds[1] = open(self->mnt, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->fds[1]);
	/* With a name: what has none does not boot. */
	self->fds[0] = openat(self->fds[1], "file",
			      O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	ASSERT_LE(0, self->fds[0]);
	ASSERT_EQ(8, write(self->fds[0], "contents", 8));
	ASSERT_EQ(0, fsync(self->fds[0]));
	self->w.blocks = BLOCKS;
	ASSERT_EQ(0, ask_number(self->fds[1], &self->w.number));
}

FIXTURE_TEARDOWN(whole)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (self->fds[i] >= 0)
			close(self->fds[i]);
	}
	EXPECT_EQ(0, self->mounted ? RET(umount(self->mnt)) : 0);
	if (self->mnt[0])
		rmdir(self->mnt);
}

/* How many blocks there are for files, or -errno. */
static long blocks_of(int fd)
{
	struct statfs fs;
	int ret = RET(fstatfs(fd, &fs));

	return ret ? ret : (long)fs.f_blocks;
}

/* A digest of what does not change by itself, or 0. */
static uint64_t whole_state(int fd)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	struct number n;
	struct statfs fs;
	unsigned int i;

	if (fstatfs(fd, &fs) || ask_number(fd, &n))
		return 0;
	MIX(h, fs.f_blocks);
	MIX(h, fs.f_bfree);
	MIX(h, fs.f_files);
	for (i = 0; i < sizeof(n.uuid); i++)
		MIX(h, n.uuid[i]);
	return h;
}

static int resize(void *arg)
{
	const struct whole *w = arg;

	return RET(ioctl(w->fd, EXT4_IOC_RESIZE_FS, &w->blocks));
}

static int extend(void *arg)
{
	const struct whole *w = arg;
	unsigned long blocks = w->blocks;

	return RET(ioctl(w->fd, EXT4_IOC_GROUP_EXTEND, &blocks));
}

static int set_number(void *arg)
{
	const struct whole *w = arg;

	return RET(ioctl(w->fd, EXT4_IOC_SETFSUUID, &w->number));
}

static int swap_boot(void *arg)
{
	const struct whole *w = arg;

	return RET(ioctl(w->fd, EXT4_IOC_SWAP_BOOT));
}

static int trim(void *arg)
{
	struct fstrim_range range = { .len = UINT64_MAX };
	const struct whole *w = arg;
	int ret = RET(ioctl(w->fd, FITRIM, &range));

	/* Else it says how much. */
	STEP(!ret == (range.len != UINT64_MAX));
	return ret;
}

/* Where everything lies. */
static int ask_map(void *arg)
{
	struct fsmap_head head = {
		.fmh_keys[1] = {
			.fmr_device = UINT32_MAX,
			.fmr_flags = UINT32_MAX,
			.fmr_physical = UINT64_MAX,
			.fmr_owner = UINT64_MAX,
			.fmr_offset = UINT64_MAX,
		},
	};
	const struct whole *w = arg;
	int ret = RET(ioctl(w->fd, FS_IOC_GETFSMAP, &head));

	STEP(!ret == (head.fmh_entries != 0));
	return ret;
}

TEST_F(whole, size)
{
	static int (*const calls[])(void *arg) = { extend, resize };
	struct whole *w = &self->w;
	const int dir = self->fds[1];
	uint64_t before;
	unsigned int i;
	long blocks;

	for (i = 0; i < 4; i++) {
		w->fd = self->fds[i % 2];
		w->blocks += 16;
		before = whole_state(dir);
		blocks = blocks_of(dir);
		ASSERT_NE(0, before);
		EXPECT_EQ(-ECAPMODE, capmode_run(calls[i / 2], w));
		EXPECT_EQ(before, whole_state(dir));
		EXPECT_EQ(0, in_child(calls[i / 2], w));
		EXPECT_EQ(blocks + 16, blocks_of(dir));
		/* Nor to the size that it has. */
		EXPECT_EQ(-ECAPMODE, capmode_run(calls[i / 2], w));
		EXPECT_EQ(0, in_child(calls[i / 2], w));
		EXPECT_EQ(blocks + 16, blocks_of(dir));
	}
}

TEST_F(whole, number)
{
	struct whole *w = &self->w;
	const int dir = self->fds[1];
	struct number now;
	uint64_t before;
	int i;

	for (i = 0; i < 2; i++) {
		w->fd = self->fds[i];
		before = whole_state(dir);
		ASSERT_NE(0, before);
		EXPECT_EQ(-ECAPMODE, capmode_run(set_number, w));
		w->number.uuid[i] ^= 0xff;
		EXPECT_EQ(-ECAPMODE, capmode_run(set_number, w));
		EXPECT_EQ(before, whole_state(dir));
		EXPECT_EQ(0, in_child(set_number, w));
		EXPECT_EQ(0, ask_number(dir, &now));
		EXPECT_EQ(0, memcmp(&now, &w->number, sizeof(now)));
	}
}

/* What is booted, and the file becomes what was. */
TEST_F(whole, boot)
{
	struct whole *w = &self->w;
	uint64_t before;
	int i;

	for (i = 0; i < 2; i++) {
		w->fd = self->fds[1];
		EXPECT_EQ(-ECAPMODE, capmode_run(swap_boot, w));
		w->fd = self->fds[0];
		before = file_state(w->fd);
		EXPECT_EQ(-ECAPMODE, capmode_run(swap_boot, w));
		EXPECT_EQ(before, file_state(w->fd));
		/* Programs of 32 bits do not have it. */
		EXPECT_EQ(COMPAT ? -ENOTTY : 0, in_child(swap_boot, w));
		EXPECT_EQ(COMPAT, before == file_state(w->fd));
		w->fd = self->fds[1];
		EXPECT_EQ(COMPAT ? -ENOTTY : -EBADF, in_child(swap_boot, w));
	}
	/* And back. */
	EXPECT_EQ(8, lseek(self->fds[0], 0, SEEK_END));
}

TEST_F(whole, asked)
{
	struct whole *w = &self->w;
	const uint64_t before = whole_state(self->fds[1]);
	const uint64_t file = file_state(self->fds[0]);
	int i;

	ASSERT_NE(0, before);
	for (i = 0; i < 2; i++) {
		w->fd = self->fds[i];
		EXPECT_ECAPMODE(ask_map, w);
		EXPECT_EQ(-ECAPMODE, capmode_run(trim, w));
		EXPECT_EQ(0, in_child(trim, w));
		EXPECT_EQ(before, whole_state(self->fds[1]));
		EXPECT_EQ(file, file_state(self->fds[0]));
	}
}

TEST_HARNESS_MAIN
