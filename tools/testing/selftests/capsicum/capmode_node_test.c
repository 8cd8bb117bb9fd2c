// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: names that a file system looks up elsewhere, and nodes of
 * devices where it depends on the mount whether they count.
 */
#include "entries.h"
#include "loop.h"
#include "nodes.h"

#include <assert.h>
#include <endian.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

/* ---- cells of AFS ---- */

#define AFS	"/proc/net/afs"
#define CELLS	AFS "/cells"

/*
 * In a network of its own, that has its own cells: they would stay. Nothing can
 * be reached there.
 */
FIXTURE(afs)
{
	char top[32];
	int dir;
};

/* Where it is mounted now, at @top; leaves nothing when it fails. */
static int mount_afs(char *top)
{
	int dir;

	if (!mkdtemp(top))
		return -errno;
	dir = RET(mount("none", top, "afs", 0, "dyn"));
	if (!dir) {
		dir = open_dir(top);
		if (dir >= 0)
			return dir;
		umount2(top, MNT_DETACH);
	}
	rmdir(top);
	return dir;
}

FIXTURE_SETUP(afs)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces");
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	self->dir = mount_afs(self->top);
	if (self->dir == -ENODEV)
		SKIP(return, "no AFS");
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(afs)
{
	close(self->dir);
	EXPECT_EQ(0, umount2(self->top, MNT_DETACH));
	rmdir(self->top);
}

/* The number of a cell that the kernel knows; they are given out in turn. */
static int cell_number(int dir, const char *name)
{
	DIR *d = list_dir(dir, ".");
	int ret = -ENOENT;
	struct dirent *e;

	if (!d)
		return -errno;
	while (ret < 0 && (e = readdir(d))) {
		if (!strcmp(e->d_name, name))
			ret = e->d_ino;
	}
	closedir(d);
	return ret;
}

/* Makes a cell known, and returns its number. */
static int add_cell(int dir, const char *name)
{
	char text[64];
	int err;

	snprintf(text, sizeof(text), "add %s 127.0.0.1", name);
	err = write_text(AT_FDCWD, CELLS, text);
	return err ? err : cell_number(dir, name);
}

/* Whether a cell was asked for. The list need not have those that were not. */
static bool looked_up(const char *name)
{
	static const int active = 2;
	FILE *f = fopen(CELLS, "re");
	char line[256], cell[64];
	bool found = false;
	int state;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %d %63s", &state, cell) == 2)
			found = state == active && !strcmp(cell, name);
	}
	if (f)
		fclose(f);
	return found;
}

#define UNKNOWN	"unknown.example"

/* One that is not known would be asked for in the network. */
TEST_F(afs, unknown_cell)
{
	static const char *const names[] = { UNKNOWN, "." UNKNOWN };
	static const int flags[] = { O_RDONLY | O_DIRECTORY, O_PATH };
	struct node n = { .dir = self->dir };
	unsigned int i, j;
	int nr;

	nr = add_cell(self->dir, "first.example");
	ASSERT_LT(0, nr);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			n.name = names[i];
			n.flags = flags[j];
			EXPECT_EQ(-ECAPMODE, capmode_run(open_node, &n));
			EXPECT_EQ(-ECAPMODE,
				  capmode_run(open_node_by_ring, &n));
			EXPECT_EQ(-ENOENT, cell_number(self->dir, UNKNOWN));
		}
	}
	/* Nor was there one that has gone again. */
	EXPECT_EQ(nr + 1, add_cell(self->dir, "second.example"));

	/* There is nobody to ask, but it is tried. */
	n.name = UNKNOWN;
	EXPECT_EQ(-ENOENT, in_child(open_node, &n));
	n.name = "." UNKNOWN;
	EXPECT_EQ(-ENOENT, in_child(open_node, &n));
	EXPECT_LT(nr + 2, add_cell(self->dir, "third.example"));
}

#define KNOWN	"known.example"

TEST_F(afs, known_cell)
{
	static const char *const names[] = { KNOWN, "." KNOWN };
	struct node n = { .dir = self->dir, .name = KNOWN, .flags = O_PATH };
	struct entry add = { .name = "cells", .text = "add " KNOWN " 127.0.0.1" };
	unsigned int i;
	int outside;

	EXPECT_EQ(-ENOENT, cell_number(self->dir, KNOWN));
	EXPECT_EQ(-ECAPMODE, capmode_run(open_node, &n));
	/* Nor is it made known, with an address, by a directory of /proc. */
	add.dir = open_dir(AFS);
	ASSERT_LE(0, add.dir);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &add));
	close(add.dir);
	EXPECT_EQ(-ENOENT, cell_number(self->dir, KNOWN));
	EXPECT_LT(0, add_cell(self->dir, KNOWN));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		/* The directory of a cell, not what would be mounted there. */
		n.name = names[i];
		n.flags = O_PATH;
		EXPECT_BOTH(open_node, &n);
		EXPECT_BOTH(open_node_by_ring, &n);
		/* For that it is asked in the network, once. */
		n.flags = O_RDONLY | O_DIRECTORY;
		EXPECT_EQ(-ECAPMODE, capmode_run(open_node, &n));
		EXPECT_EQ(-ECAPMODE, capmode_run(open_node_by_ring, &n));
		EXPECT_FALSE(looked_up(KNOWN));
	}
	/* There is nobody to ask, or nothing is found, but it is tried. */
	outside = in_child(open_node, &n);
	EXPECT_TRUE(outside == -EDESTADDRREQ || outside == -ENOENT)
		TH_LOG("returned %d", outside);
	EXPECT_TRUE(looked_up(KNOWN));
	/* It is the name of nothing now. */
	EXPECT_EQ(-ENOENT, in_child(open_node, &n));
	EXPECT_EQ(-ENOENT, capmode_run(open_node, &n));
	EXPECT_EQ(-ENOENT, capmode_run(open_node_by_ring, &n));
}

/* ---- a node in an image that lies in a file, or on a device ---- */

#define BLOCK		4096
#define SLOT		32	/* an inode's number is its place, in these */
#define DIRECTORY	2	/* types of entries */
#define CHARACTERS	3
#define IMAGE		"image"
#define MNT		"mnt"

/* Compact, and data in blocks of its own. */
struct erofs_inode {
	uint16_t format;
	uint16_t xattrs;
	uint16_t mode;
	uint16_t nlink;
	uint32_t size;
	uint32_t reserved;
	uint32_t place;		/* a block, or the number of a device */
	uint32_t ino;
	uint16_t uid;
	uint16_t gid;
	uint32_t reserved2;
};

struct erofs_entry {
	uint32_t inode;
	uint32_t inode_high;
	uint16_t name;		/* from the beginning of the directory */
	uint8_t type;
	uint8_t reserved;
};

/* All of it: a directory that has one node. What is not named is 0. */
struct erofs_image {
	uint8_t boot[1024];
	struct {
		uint32_t magic;
		uint32_t checksum;
		uint32_t compat;
		uint8_t block_bits;
		uint8_t slots;
		uint16_t root;
		uint64_t inodes;
		uint64_t time;
		uint32_t time_ns;
		uint32_t blocks;
		uint8_t rest[88];
	} super;
	struct erofs_inode root;
	struct erofs_inode null;
	uint8_t pad[BLOCK - 1024 - 128 - 2 * SLOT];
	struct erofs_entry entries[3];
	char names[BLOCK - 3 * 12];
};

#define INODE(which)	(offsetof(struct erofs_image, which) / SLOT)
#define NAME(at)	htole16(sizeof(struct erofs_entry) * 3 + (at))

/* A file IMAGE in @dir. */
static int make_image(int dir)
{
	/* They are in order. */
	static const char names[] = { '.', '.', '.', 'n', 'u', 'l', 'l' };
	static struct erofs_image image = { };
	int fd, ret;

	static_assert(sizeof(image.super) == 128, "a superblock");
	static_assert(sizeof(image.root) == SLOT, "an inode");
	static_assert(sizeof(image.entries[0]) == 12, "an entry");
	static_assert(sizeof(image) == 2 * BLOCK, "an image");

	image.super.magic = htole32(0xe0f5e1e2);
	image.super.block_bits = 12;
	image.super.root = htole16(INODE(root));
	image.super.inodes = htole64(2);
	image.super.blocks = htole32(sizeof(image) / BLOCK);

	image.root.mode = htole16(S_IFDIR | 0755);
	image.root.nlink = htole16(2);
	image.root.size = htole32(sizeof(image.entries) + sizeof(names));
	image.root.place = htole32(1);
	image.root.ino = htole32(1);
	image.null.mode = htole16(S_IFCHR | 0666);
	image.null.nlink = htole16(1);
	/* The number of /dev/null, as the kernel encodes small ones. */
	image.null.place = htole32(1 << 8 | 3);
	image.null.ino = htole32(2);

	image.entries[0].inode = htole32(INODE(root));
	image.entries[0].name = NAME(0);
	image.entries[0].type = DIRECTORY;
	image.entries[1].inode = htole32(INODE(root));
	image.entries[1].name = NAME(1);
	image.entries[1].type = DIRECTORY;
	image.entries[2].inode = htole32(INODE(null));
	image.entries[2].name = NAME(3);
	image.entries[2].type = CHARACTERS;
	memcpy(image.names, names, sizeof(names));

	fd = RET(openat(dir, IMAGE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			0600));
	if (fd < 0)
		return fd;
	ret = RET(write(fd, &image, sizeof(image)));
	close(fd);
	return ret == sizeof(image) ? 0 : ret < 0 ? ret : -EIO;
}

/* What an image is mounted from, and at. */
struct mounted {
	char top[32];
	char mnt[64];
	int dir;		/* @top */
	int loop;		/* -1: the file itself */
	int root;		/* of the image */
};

FIXTURE(erofs)
{
	struct mounted m;
	struct node n;
};

FIXTURE_VARIANT(erofs)
{
	bool device;
};

FIXTURE_VARIANT_ADD(erofs, file) { .device = false };
FIXTURE_VARIANT_ADD(erofs, device) { .device = true };

/* The image on a device, for as long as that is mounted, or open. */
static int image_on_loop(int dir, char *name, size_t size)
{
	struct loop_config config = {
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};
	int file, loop, err;

	err = free_loop(name, size);
	if (err)
		return err;
	loop = RET(open(name, O_RDONLY | O_CLOEXEC));
	if (loop < 0)
		return loop;
	file = openat(dir, IMAGE, O_RDONLY | O_CLOEXEC);
	config.fd = file;
	err = RET(ioctl(loop, LOOP_CONFIGURE, &config));
	close(file);
	if (err) {
		close(loop);
		return err;
	}
	return loop;
}

/* Takes away what there is. Returns 0, or the -errno of unmounting it. */
static int remove_image(struct mounted *m)
{
	int err;

	close(m->root);
	err = RET(umount2(m->mnt, MNT_DETACH));
	close(m->loop);
	unlinkat(m->dir, IMAGE, 0);
	unlinkat(m->dir, MNT, AT_REMOVEDIR);
	close(m->dir);
	rmdir(m->top);
	return err;
}

/* Leaves nothing when it fails. */
static int mount_image(struct mounted *m, bool device)
{
	char source[64];
	int err;

	*m = (struct mounted){
		.top = "capsicum.XXXXXX", .dir = -1, .loop = -1, .root = -1,
	};
	if (!mkdtemp(m->top))
		return -errno;
	snprintf(source, sizeof(source), "%s/" IMAGE, m->top);
	snprintf(m->mnt, sizeof(m->mnt), "%s/" MNT, m->top);
	m->dir = open_dir(m->top);
	err = m->dir < 0 ? m->dir : RET(mkdirat(m->dir, MNT, 0755));
	if (!err)
		err = make_image(m->dir);
	if (!err && device) {
		m->loop = image_on_loop(m->dir, source, sizeof(source));
		err = m->loop < 0 ? m->loop : 0;
	}
	if (!err)
		err = RET(mount(source, m->mnt, "erofs", MS_RDONLY, NULL));
	if (!err) {
		m->root = RET(open(m->mnt, O_PATH | O_DIRECTORY | O_CLOEXEC));
		err = m->root < 0 ? m->root : 0;
	}
	if (err)
		remove_image(m);
	return err;
}

/* On a disk: EROFS does not read from files in memory, or of an overlay. */
FIXTURE_SETUP(erofs)
{
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (variant->device && access("/dev/loop-control", F_OK))
		SKIP(return, "no loop devices");
	err = mount_image(&self->m, variant->device);
	if (err == -ENODEV || (err == -ENOTBLK && !variant->device))
		SKIP(return, "no EROFS of this (%d)", err);
	ASSERT_EQ(0, err);
	self->n = (struct node){ self->m.root, "null", O_RDWR };
}

FIXTURE_TEARDOWN(erofs)
{
	EXPECT_EQ(0, remove_image(&self->m));
}

/* The file may be one's own. The device is somebody's who has set it up. */
TEST_F(erofs, node)
{
	struct stat st;

	ASSERT_EQ(0, fstatat(self->n.dir, "null", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(S_IFCHR | 0666, st.st_mode);
	EXPECT_EQ(makedev(1, 3), st.st_rdev);
	if (variant->device) {
		EXPECT_BOTH(open_node, &self->n);
		EXPECT_BOTH(open_node_by_ring, &self->n);
	} else {
		EXPECT_ECAPMODE(open_node, &self->n);
		EXPECT_ECAPMODE(open_node_by_ring, &self->n);
	}
	/* As a place it is no device yet. */
	self->n.flags = O_PATH;
	EXPECT_BOTH(open_node, &self->n);
}

/* ---- a node among huge pages ---- */

/* That is memory too, but not one of those where nodes are to be. */
TEST(hugetlbfs)
{
	char top[] = "/tmp/capsicum.XXXXXX";
	struct node n = { .flags = O_RDWR };
	char loop[32] = "";
	struct stat st;
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (free_loop(loop, sizeof(loop)) || stat(loop, &st))
		SKIP(return, "no loop devices");
	ASSERT_TRUE(!!mkdtemp(top));
	err = RET(mount("none", top, "hugetlbfs", 0, NULL));
	if (err) {
		rmdir(top);
		SKIP(return, "no hugetlbfs (%d)", err);
	}
	n.dir = open_dir(top);
	EXPECT_LE(0, n.dir);
	EXPECT_EQ(0, mknodat(n.dir, "null", S_IFCHR | 0666, makedev(1, 3)));
	EXPECT_EQ(0, mknodat(n.dir, "disk", S_IFBLK | 0666, st.st_rdev));
	n.name = "null";
	EXPECT_ECAPMODE(open_node, &n);
	EXPECT_ECAPMODE(open_node_by_ring, &n);
	n.name = "disk";
	EXPECT_ECAPMODE(open_node, &n);
	n.flags = O_PATH;
	EXPECT_BOTH(open_node, &n);
	close(n.dir);
	EXPECT_EQ(0, umount2(top, MNT_DETACH));
	rmdir(top);
}

TEST_HARNESS_MAIN
