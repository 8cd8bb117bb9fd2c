// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: files that are a way to others. One that others are to write
 * to on one's behalf, the inode that many files have in common, attributes by
 * which an overlay finds files, and futexes in what may only be read.
 */
#include "entries.h"
#include "fuse.h"
#include "loop.h"
#include "nodes.h"
#include "uring.h"

#include <linux/futex.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>

#ifndef F_OFD_SETLK
#define F_OFD_GETLK	36
#define F_OFD_SETLK	37
#define F_OFD_SETLKW	38
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake		(CAP_NR_BASE + 454)
#define __NR_futex_requeue	(CAP_NR_BASE + 456)
#endif
#ifndef F_SET_RW_HINT
#define F_SET_RW_HINT	1036
#endif

/* ---- behind a loop device ---- */

#define PARAMETER	"panic"

struct behind {
	int dev;
	int file;
	const char *text;	/* to be written there by the device */
	bool configure;
};

/* The device is set up for as long as this lasts. */
static int loop_over(void *arg)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct behind *b = arg;
	struct loop_config config = { .fd = b->file };
	int err;

	if (b->configure)
		err = RET(ioctl(b->dev, LOOP_CONFIGURE, &config));
	else
		err = RET(ioctl(b->dev, LOOP_SET_FD, b->file));
	if (err)
		return err;
	STEP(page != MAP_FAILED);
	memcpy(page, b->text, strlen(b->text));
	err = RET(pwrite(b->dev, page, 512, 0));
	STEP(!fsync(b->dev) && !ioctl(b->dev, LOOP_CLR_FD, 0));
	return err < 0 ? err : 0;
}

/* The file leaves the device when that is closed. */
static int behind_loop(const char *name, struct behind *b, bool inside)
{
	int ret;

	b->dev = open(name, O_RDWR | O_CLOEXEC | O_DIRECT);
	if (b->dev < 0)
		return -ENODEV;
	ret = inside ? capmode_run(loop_over, b) : in_child(loop_over, b);
	close(b->dev);
	return ret;
}

/* A setting that is written by the thread of a device, which is in no mode. */
TEST(setting_behind_a_device)
{
	struct behind b = { .text = "77" };
	char text[16] = "", name[32];
	int dir, old, i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	dir = open_dir("/sys/module/kernel/parameters");
	if (dir < 0)
		SKIP(return, "no parameters of the kernel");
	if (free_loop(name, sizeof(name)))
		SKIP(return, "no loop devices");
	b.file = openat(dir, PARAMETER, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, b.file);
	ASSERT_LT(0, read(b.file, text, sizeof(text) - 1));
	old = atoi(text);
	ASSERT_NE(77, old);
	for (i = 0; i < 2; i++) {
		b.configure = i;
		EXPECT_EQ(-ECAPMODE, behind_loop(name, &b, true));
		EXPECT_LT(0, pread(b.file, text, sizeof(text) - 1, 0));
		EXPECT_EQ(old, atoi(text));
		EXPECT_EQ(0, behind_loop(name, &b, false));
		EXPECT_LT(0, pread(b.file, text, sizeof(text) - 1, 0));
		EXPECT_EQ(77, atoi(text));
		snprintf(text, sizeof(text), "%d\n", old);
		EXPECT_LT(0, pwrite(b.file, text, strlen(text), 0));
	}
	close(b.file);
	close(dir);
}

/*
 * Not every file of the kernel can be behind a device. None gets as far as to be
 * asked for what it has of its own.
 */
TEST(kernel_file_behind_a_device)
{
	static const char *const files[] = {
		"/proc/sys/kernel/panic", "/proc/self/comm",
		"/sys/kernel/tracing/tracing_on",
		"/sys/kernel/debug/binder/transaction_log",
		"/sys/fs/cgroup/cgroup.max.depth",
	};
	struct behind b = { .text = "77" };
	unsigned int i, how, found = 0;
	char name[32];

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (free_loop(name, sizeof(name)))
		SKIP(return, "no loop devices");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		b.file = open(files[i], O_RDONLY | O_CLOEXEC);
		if (b.file < 0)
			continue;
		found++;
		for (how = 0; how < 2; how++) {
			b.configure = how;
			EXPECT_EQ(-ECAPMODE, behind_loop(name, &b, true))
				TH_LOG("%s", files[i]);
		}
		close(b.file);
	}
	if (!found)
		SKIP(return, "no such files");
}

/* What only keeps what is written to it: memory, and what lies on a device. */
TEST(file_behind_a_device)
{
	static const char *const dirs[] = { "/tmp", "/scratch", "/btrfs" };
	struct behind b = { .text = "text" };
	char text[5] = "", name[32];
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (free_loop(name, sizeof(name)))
		SKIP(return, "no loop devices");
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (access(dirs[i], W_OK))
			continue;
		b.file = tmp_file(dirs[i], 4096);
		ASSERT_LE(0, b.file);
		EXPECT_EQ(0, behind_loop(name, &b, true))
			TH_LOG("%s", dirs[i]);
		EXPECT_EQ(4, pread(b.file, text, 4, 0));
		EXPECT_STREQ(b.text, text);
		close(b.file);
	}
}

/* ---- behind a file of FUSE's ---- */

static int behind_fuse(void *arg)
{
	const struct behind *b = arg;
	int id = fuse_backing_open(b->dev, b->file);

	return id < 0 ? id : fuse_backing_close(b->dev, id);
}

/* Who has less of the file than all has no more by having it behind another. */
static void check_opened(struct __test_metadata *_metadata,
			 const struct behind *b, int flags)
{
	struct behind less = *b;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->file);
	less.file = open(path, flags | O_CLOEXEC);
	ASSERT_LE(0, less.file);
	EXPECT_ECAPMODE(behind_fuse, &less);
	close(less.file);
}

/* Whoever uses the file writes to the one behind it, and may be in no mode. */
TEST(file_behind_fuse)
{
	static const char *const dirs[] = { "/tmp", "/scratch", "/btrfs" };
	char dir[] = "/tmp/capsicum.XXXXXX";
	struct behind b = { };
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	b.dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (b.dev < 0)
		SKIP(return, "no FUSE");
	ASSERT_TRUE(!!mkdtemp(dir));
	ASSERT_EQ(0, fuse_mount(b.dev, dir));
	if (!fuse_serves_backing(b.dev)) {
		umount2(dir, MNT_DETACH);
		rmdir(dir);
		SKIP(return, "FUSE without backing files");
	}
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (access(dirs[i], W_OK))
			continue;
		b.file = tmp_file(dirs[i], 1);
		ASSERT_LE(0, b.file);
		EXPECT_BOTH(behind_fuse, &b);
		check_opened(_metadata, &b, O_RDONLY);
		check_opened(_metadata, &b, O_WRONLY);
		check_opened(_metadata, &b, O_PATH);
		close(b.file);
	}
	b.file = open("/sys/module/kernel/parameters/" PARAMETER,
		      O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, b.file);
	EXPECT_ECAPMODE(behind_fuse, &b);
	close(b.file);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
	close(b.dev);
}

/* ---- a name by which a file can be opened anew ---- */

struct anew {
	int dir;
	int fd;		/* -1: it opens the file itself */
	int flags;
	bool ring;
	int follow;	/* AT_SYMLINK_FOLLOW, by the call */
};

static int open_for(const struct anew *a)
{
	bool tmp = (a->flags & O_TMPFILE) == O_TMPFILE;

	return RET(openat(a->dir, tmp ? "." : "file", a->flags | O_CLOEXEC,
			  0600));
}

static int link_itself(void *arg)
{
	const struct anew *a = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_LINKAT,
		.addr = (uintptr_t)"",
		.len = a->dir,
		.addr2 = (uintptr_t)"new",
		.hardlink_flags = AT_EMPTY_PATH,
	};
	int fd = a->fd >= 0 ? a->fd : open_for(a);

	STEP(fd >= 0);
	if (!a->ring)
		return RET(linkat(fd, "", a->dir, "new",
				  AT_EMPTY_PATH | a->follow));
	sqe.fd = fd;
	return ring_once(&sqe);
}

/* A link is a file as well: what it says is not looked at, and nothing made. */
TEST(link_by_itself)
{
	char dir[] = "/tmp/capsicum.XXXXXX";
	struct anew a = { };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_TRUE(!!mkdtemp(dir));
	a.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, a.dir);
	ASSERT_EQ(0, symlinkat("/proc/self/exe", a.dir, "file"));
	a.fd = openat(a.dir, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	ASSERT_LE(0, a.fd);
	for (a.follow = 0; a.follow <= AT_SYMLINK_FOLLOW;
	     a.follow += AT_SYMLINK_FOLLOW) {
		EXPECT_EQ(-ECAPMODE, capmode_run(link_itself, &a));
		EXPECT_EQ(-ENOENT, RET(unlinkat(a.dir, "new", 0)));
		EXPECT_EQ(0, in_child(link_itself, &a));
		EXPECT_EQ(0, RET(unlinkat(a.dir, "new", 0)));
	}
	close(a.fd);
	unlinkat(a.dir, "file", 0);
	close(a.dir);
	rmdir(dir);
}

/* Only who may read and write it anyway. */
TEST(linked_by_itself)
{
	static const int less[] = {
		O_RDONLY, O_WRONLY, O_PATH, O_WRONLY | O_TMPFILE,
	};
	static const int all[] = { O_RDWR, O_RDWR | O_TMPFILE };
	char dir[] = "/tmp/capsicum.XXXXXX";
	struct anew a = { };
	unsigned int i, how;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_TRUE(!!mkdtemp(dir));
	a.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, a.dir);
	close(openat(a.dir, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	/* By who has opened it, by who was given it; by a ring. */
	for (how = 0; how < 4; how++) {
		a.ring = how / 2;
		if (a.ring && !have_io_uring())
			break;
		for (i = 0; i < ARRAY_SIZE(less) + ARRAY_SIZE(all); i++) {
			bool whole = i >= ARRAY_SIZE(less);

			a.flags = whole ? all[i - ARRAY_SIZE(less)] : less[i];
			a.fd = how % 2 ? open_for(&a) : -1;
			EXPECT_EQ(whole ? 0 : -ECAPMODE,
				  capmode_run(link_itself, &a))
				TH_LOG("flags %#o", a.flags);
			EXPECT_EQ(whole ? 0 : -ENOENT,
				  RET(unlinkat(a.dir, "new", 0)));
			if (whole && how % 2) {
				close(a.fd);
				a.fd = open_for(&a);
			}
			EXPECT_EQ(0, in_child(link_itself, &a))
				TH_LOG("flags %#o", a.flags);
			EXPECT_EQ(0, RET(unlinkat(a.dir, "new", 0)));
			if (a.fd >= 0)
				close(a.fd);
		}
	}
	EXPECT_EQ(0, RET(unlinkat(a.dir, "file", 0)));
	close(a.dir);
	rmdir(dir);
}

/* ---- a node of a device, where somebody says what it is ---- */

#define NULL_DEVICE	makedev(1, 3)

/* A device may wait for somebody to be there. */
#define NODE_FLAGS	(O_RDONLY | O_NONBLOCK)

struct served {
	const char *name;
	mode_t mode;
	dev_t rdev;
};

/*
 * A file system that consists of @files, three of them. Who has a byte locked is
 * the process whose number the byte has.
 */
static void serve(int dev, const struct served *files)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
		.flags = FUSE_POSIX_LOCKS,
	};
	struct fuse_attr_out attr = {
		.attr = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 },
	};
	struct fuse_entry_out entry = {
		.entry_valid = 1000,
		.attr_valid = 1000,
		.attr.nlink = 1,
	};
	struct fuse_lk_out lock = { .lk.type = F_WRLCK };
	struct fuse_request in;
	int i;

	while (read(dev, &in, sizeof(in)) > 0) {
		switch (in.header.opcode) {
		case FUSE_INIT:
			fuse_answer(dev, &in, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			for (i = 0; i < 2 && strcmp(in.name, files[i].name); i++)
				;
			entry.nodeid = i + 2;
			entry.attr.ino = i + 2;
			entry.attr.mode = files[i].mode;
			entry.attr.rdev = major(files[i].rdev) << 8 |
					  minor(files[i].rdev);
			fuse_answer(dev, &in, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETLK:
			lock.lk.start = in.lk.lk.start;
			lock.lk.end = in.lk.lk.start;
			lock.lk.pid = in.lk.lk.start;
			fuse_answer(dev, &in, 0, &lock, sizeof(lock));
			break;
		case FUSE_GETATTR:
			fuse_answer(dev, &in, 0, &attr, sizeof(attr));
			break;
		default:
			fuse_decline(dev, &in);
		}
	}
	_exit(0);
}

FIXTURE(served)
{
	char top[32];
	int dev;
	int dir;
	pid_t server;
};

FIXTURE_SETUP(served)
{
	struct served files[] = {
		{ "null", S_IFCHR | 0666, NULL_DEVICE },
		{ "disk", S_IFBLK | 0666 },
		{ "file", S_IFREG | 0666 },
	};
	struct stat st;
	char loop[32];

	self->server = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (self->dev < 0)
		SKIP(return, "no FUSE");
	if (free_loop(loop, sizeof(loop)) || stat(loop, &st))
		SKIP(return, "no loop devices");
	files[1].rdev = st.st_rdev;
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->top));
	ASSERT_EQ(0, fuse_mount(self->dev, self->top));
	self->server = fork();
	if (!self->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(self->dev, files);
	}
	self->dir = open(self->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(served)
{
	if (self->server < 0)
		return;
	kill(self->server, SIGKILL);
	waitpid(self->server, NULL, 0);
	close(self->dir);
	EXPECT_EQ(0, umount2(self->top, MNT_DETACH));
	rmdir(self->top);
	close(self->dev);
}

TEST_F(served, node)
{
	static const char *const names[] = { "null", "disk" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct node n = { self->dir, names[i], NODE_FLAGS };

		EXPECT_ECAPMODE(open_node, &n);
		EXPECT_ECAPMODE(open_node_by_ring, &n);
	}
}

struct owner {
	int fd;
	pid_t nr;
};

/* How the number of a lock's owner comes: 1, 0 for none, or -1 as it is. */
static int owner_of_lock(void *arg)
{
	const struct owner *o = arg;
	struct flock fl = {
		.l_type = F_WRLCK,
		.l_start = o->nr,
		.l_len = 1,
	};

	if (fcntl(o->fd, F_GETLK, &fl))
		return -errno;
	if (fl.l_type != F_WRLCK || fl.l_start != o->nr)
		return -EBADMSG;
	if (!fl.l_pid)
		return 0;
	return fl.l_pid == o->nr ? 1 : fl.l_pid == -1 ? -1 : -EBADMSG;
}

/* The server would be told which numbers somebody has. */
TEST_F(served, owner_of_lock)
{
	struct owner o = { .nr = getppid() };

	o.fd = openat(self->dir, "file", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, o.fd);
	EXPECT_EQ(1, in_child(owner_of_lock, &o));
	EXPECT_EQ(-1, capmode_run(owner_of_lock, &o));
	/* Nobody has a number that is as large. */
	o.nr = INT_MAX - 1;
	EXPECT_EQ(0, in_child(owner_of_lock, &o));
	EXPECT_EQ(-1, capmode_run(owner_of_lock, &o));
	close(o.fd);
}

/* Where it lies on a device or in memory, somebody who may has made it. */
TEST(node_made_before)
{
	static const char *const dirs[] = { "/tmp", "/scratch", "/btrfs" };
	struct node n = { .name = "capsicum-null", .flags = NODE_FLAGS };
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		n.dir = open_dir(dirs[i]);
		if (n.dir < 0)
			continue;
		unlinkat(n.dir, n.name, 0);
		EXPECT_EQ(0, mknodat(n.dir, n.name, S_IFCHR | 0666,
				     NULL_DEVICE));
		EXPECT_BOTH(open_node, &n);
		EXPECT_BOTH(open_node_by_ring, &n);
		EXPECT_EQ(0, unlinkat(n.dir, n.name, 0));
		close(n.dir);
	}
	n.dir = open_dir("/dev");
	ASSERT_LE(0, n.dir);
	n.name = "null";
	EXPECT_BOTH(open_node, &n);
	close(n.dir);
}

/* ---- an overlay, which shows what lies anywhere ---- */

FIXTURE(overlay)
{
	char top[32];
	int dir;
	struct node n;	/* a device, in the lower layer */
};

FIXTURE_VARIANT(overlay)
{
	const char *options;
};

FIXTURE_VARIANT_ADD(overlay, read_only)
{
	.options = "lowerdir=low:up",
};

FIXTURE_VARIANT_ADD(overlay, writable)
{
	.options = "lowerdir=low,upperdir=up,workdir=work",
};

static const char *const overlay_parts[] = { "low", "up", "work", "all" };

static void remove_parts(const char *top, int dir)
{
	unsigned int i;

	unlink("up/null");
	unlink("low/null");
	rmdir("work/work");
	for (i = 0; i < ARRAY_SIZE(overlay_parts); i++)
		rmdir(overlay_parts[i]);
	close(dir);
	rmdir(top);
}

FIXTURE_SETUP(overlay)
{
	unsigned int i;
	int err;

	self->dir = -1;
	self->n = (struct node){ -1, "null", NODE_FLAGS };
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->top));
	self->dir = open_dir(self->top);
	ASSERT_LE(0, self->dir);
	ASSERT_EQ(0, fchdir(self->dir));
	for (i = 0; i < ARRAY_SIZE(overlay_parts); i++)
		ASSERT_EQ(0, mkdir(overlay_parts[i], 0755));
	ASSERT_EQ(0, mknod("low/null", S_IFCHR | 0666, NULL_DEVICE));
	err = RET(mount("capsicum", "all", "overlay", 0, variant->options));
	if (err) {
		remove_parts(self->top, self->dir);
		SKIP(return, "no overlays (%d)", err);
	}
	self->n.dir = open_dir("all");
	ASSERT_LE(0, self->n.dir);
}

FIXTURE_TEARDOWN(overlay)
{
	if (self->n.dir < 0)
		return;
	close(self->n.dir);
	EXPECT_EQ(0, umount2("all", MNT_DETACH));
	remove_parts(self->top, self->dir);
}

/* What is mapped is a file below, which nobody has limited. */
static int mapped_with(int fd, int more)
{
	const size_t size = getpagesize();
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	int err;

	if (p == MAP_FAILED)
		return -errno;
	err = RET(mprotect(p, size, PROT_READ | more));
	munmap(p, size);
	return err;
}

TEST_F(overlay, mapped)
{
	int fd, cap;

	if (!strstr(variant->options, "upperdir"))
		return;
	fd = openat(self->n.dir, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ftruncate(fd, getpagesize()));
	EXPECT_EQ(0, mapped_with(fd, PROT_WRITE));
	EXPECT_EQ(0, mapped_with(fd, PROT_EXEC));
	cap = limit_to(fd, CAP_MMAP_R);
	EXPECT_EQ(0, mapped_with(cap, 0));
	EXPECT_EQ(-EACCES, mapped_with(cap, PROT_WRITE));
	EXPECT_EQ(-EACCES, mapped_with(cap, PROT_EXEC));
	close(cap);
	cap = limit_to(fd, CAP_MMAP_RW);
	EXPECT_EQ(0, mapped_with(cap, PROT_WRITE));
	EXPECT_EQ(-EACCES, mapped_with(cap, PROT_EXEC));
	close(cap);
	close(fd);
	EXPECT_EQ(0, unlinkat(self->n.dir, "file", 0));
}

TEST_F(overlay, node)
{
	EXPECT_ECAPMODE(open_node, &self->n);
	EXPECT_ECAPMODE(open_node_by_ring, &self->n);
}

/* What is changed is made anew in the upper layer, devices too. */
static int copy_up(void *arg)
{
	const struct node *n = arg;

	return RET(fchmodat(n->dir, n->name, 0640, 0));
}

TEST_F(overlay, copy_up)
{
	if (!strstr(variant->options, "upperdir")) {
		EXPECT_EQ(-EROFS, capmode_run(copy_up, &self->n));
		return;
	}
	EXPECT_EQ(-ECAPMODE, capmode_run(copy_up, &self->n));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->dir, "up/null", F_OK, 0)));
	EXPECT_EQ(0, in_child(copy_up, &self->n));
	EXPECT_EQ(0, faccessat(self->dir, "up/null", F_OK, 0));
	/* There is nothing left to be made. */
	EXPECT_EQ(0, capmode_run(copy_up, &self->n));
}

/* ---- eCryptfs, which makes nodes in another file system ---- */

#define SIGNATURE	"0123456789abcdef"

FIXTURE(ecryptfs)
{
	char top[32];
	int key;
	int dir;
	struct node n;	/* to be made */
};

/* A password that is one only by its header; no file is to be enciphered. */
static int add_password(void)
{
	static const struct {
		uint16_t version;
		uint16_t type;
		char rest[1020];
	} password = { .version = 4 };

	return RET(syscall(__NR_add_key, "user", SIGNATURE, &password,
			   sizeof(password), KEY_SPEC_PROCESS_KEYRING));
}

FIXTURE_SETUP(ecryptfs)
{
	int err;

	self->n = (struct node){ -1, "null", NODE_FLAGS };
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->key = add_password();
	ASSERT_LT(0, self->key);
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->top));
	self->dir = open_dir(self->top);
	ASSERT_LE(0, self->dir);
	ASSERT_EQ(0, fchdir(self->dir));
	ASSERT_EQ(0, mkdir("low", 0755));
	ASSERT_EQ(0, mkdir("all", 0755));
	err = RET(mount("low", "all", "ecryptfs", 0,
			"ecryptfs_sig=" SIGNATURE
			",ecryptfs_cipher=aes,ecryptfs_key_bytes=16"));
	if (err == -ENODEV)
		SKIP(return, "no eCryptfs");
	ASSERT_EQ(0, err);
	self->n.dir = open_dir("all");
	ASSERT_LE(0, self->n.dir);
}

FIXTURE_TEARDOWN(ecryptfs)
{
	if (self->key <= 0)
		return;
	if (self->n.dir >= 0) {
		close(self->n.dir);
		EXPECT_EQ(0, umount2("all", MNT_DETACH));
	}
	unlink("low/null");
	rmdir("low");
	rmdir("all");
	close(self->dir);
	rmdir(self->top);
	EXPECT_EQ(0, syscall(__NR_keyctl, KEYCTL_UNLINK, self->key,
			     KEY_SPEC_PROCESS_KEYRING));
}

static int make_node(void *arg)
{
	const struct node *n = arg;

	return RET(mknodat(n->dir, n->name, S_IFCHR | 0666, NULL_DEVICE));
}

TEST_F(ecryptfs, node)
{
	EXPECT_EQ(-ECAPMODE, capmode_run(make_node, &self->n));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->dir, "low/null", F_OK, 0)));
	EXPECT_EQ(0, in_child(make_node, &self->n));
	EXPECT_EQ(0, faccessat(self->dir, "low/null", F_OK, 0));
	/* Below, it lies where nodes count; here it does not. */
	EXPECT_ECAPMODE(open_node, &self->n);
	EXPECT_ECAPMODE(open_node_by_ring, &self->n);
	self->n.name = "../low/null";
	EXPECT_EQ(0, in_child(open_node, &self->n));
}

/* ---- the one inode of all that has no file ---- */

struct attribute {
	int fd;
	const char *name;
	bool ring;
};

static int set_attribute(void *arg)
{
	const struct attribute *a = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FSETXATTR,
		.fd = a->fd,
		.addr = (uintptr_t)a->name,
		.addr2 = (uintptr_t)"/etc",
		.len = 4,
	};

	if (a->ring)
		return ring_once(&sqe);
	return RET(fsetxattr(a->fd, a->name, "/etc", 4, 0));
}

FIXTURE(common)
{
	int fd;
	int file;
};

FIXTURE_VARIANT(common)
{
	int (*make)(void);
};

static int make_eventfd(void)
{
	return RET(eventfd(0, EFD_CLOEXEC));
}

static int make_timerfd(void)
{
	return RET(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
}

static int make_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	return RET(signalfd(-1, &set, SFD_CLOEXEC));
}

static int make_inotify(void)
{
	return RET(inotify_init1(IN_CLOEXEC));
}

FIXTURE_VARIANT_ADD(common, eventfd) { .make = make_eventfd };
FIXTURE_VARIANT_ADD(common, timerfd) { .make = make_timerfd };
FIXTURE_VARIANT_ADD(common, signalfd) { .make = make_signalfd };
FIXTURE_VARIANT_ADD(common, inotify) { .make = make_inotify };

FIXTURE_SETUP(common)
{
	REQUIRE_CAPMODE();
	self->fd = variant->make();
	ASSERT_LE(0, self->fd);
	self->file = tmp_file(NULL, 1);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(common)
{
	close(self->fd);
	close(self->file);
}

static int lock_file(void *arg)
{
	return RET(flock(*(int *)arg, LOCK_SH | LOCK_NB));
}

struct range {
	int fd;
	int cmd;
	short type;
};

static int lock_range(void *arg)
{
	const struct range *r = arg;
	struct flock fl = {
		.l_type = r->type,
		.l_whence = SEEK_SET,
		.l_start = 4711,
		.l_len = 1,
	};

	return RET(fcntl(r->fd, r->cmd, &fl));
}

/* A lock that others, who have nothing to do with one, meet. */
TEST_F(common, locks)
{
	static const int cmds[] = {
		F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
		F_OFD_SETLKW,
	};
	struct range r;
	unsigned int i;

	EXPECT_ECAPMODE(lock_file, &self->fd);
	EXPECT_BOTH(lock_file, &self->file);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		r.cmd = cmds[i];
		/* Not for what is opened only to be read. */
		r.type = F_RDLCK;
		r.fd = self->fd;
		EXPECT_ECAPMODE(lock_range, &r);
		r.fd = self->file;
		EXPECT_BOTH(lock_range, &r);
		if (cmds[i] == F_GETLK || cmds[i] == F_OFD_GETLK)
			continue;
		r.type = F_UNLCK;
		r.fd = self->fd;
		EXPECT_ECAPMODE(lock_range, &r);
	}
}

static int set_mode(void *arg)
{
	return RET(fchmod(*(int *)arg, 0600));
}

static int set_owner(void *arg)
{
	return RET(fchown(*(int *)arg, 0, 0));
}

static int set_times(void *arg)
{
	return RET(futimens(*(int *)arg, NULL));
}

static int set_hint(void *arg)
{
	uint64_t hint = 0;

	return RET(fcntl(*(int *)arg, F_SET_RW_HINT, &hint));
}

static int set_mode_by_name(void *arg)
{
	return RET(syscall(__NR_fchmodat2, *(int *)arg, "", 0600,
			   AT_EMPTY_PATH));
}

static int set_owner_by_name(void *arg)
{
	return RET(fchownat(*(int *)arg, "", 0, 0, AT_EMPTY_PATH));
}

static int set_times_by_name(void *arg)
{
	return RET(utimensat(*(int *)arg, "", NULL, AT_EMPTY_PATH));
}

TEST_F(common, attributes)
{
	static int (*const set[])(void *arg) = {
		set_mode, set_owner, set_times, set_hint, set_mode_by_name,
		set_owner_by_name, set_times_by_name,
	};
	struct stat before, after;
	unsigned int i;

	REQUIRE_ROOT();
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		ASSERT_EQ(0, fstat(self->fd, &before));
		EXPECT_EQ(-ECAPMODE, capmode_run(set[i], &self->fd))
			TH_LOG("change %u", i);
		ASSERT_EQ(0, fstat(self->fd, &after));
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
		EXPECT_EQ(0, in_child(set[i], &self->fd));
		EXPECT_EQ(0, capmode_run(set[i], &self->file));
	}
}

/* It takes no extended attributes from anybody. */
TEST_F(common, extended_attributes)
{
	static const char *const names[] = {
		"user.x", "security.x", "trusted.x",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct attribute a = { .fd = self->fd, .name = names[i] };

		for (a.ring = false;; a.ring = true) {
			int outside = in_child(set_attribute, &a);

			EXPECT_GT(0, outside);
			EXPECT_EQ(outside, capmode_run(set_attribute, &a));
			if (a.ring)
				break;
		}
		EXPECT_GT(0, fgetxattr(self->fd, a.name, NULL, 0));
	}
}

/* ---- what an overlay reads, and a server ---- */

static int remove_attribute(void *arg)
{
	const struct attribute *a = arg;

	return RET(fremovexattr(a->fd, a->name));
}

TEST(redirection)
{
	static const char *const names[] = {
		"trusted.overlay.redirect", "trusted.overlay.metacopy",
		"trusted.overlay.origin", "user.overlay.redirect",
		"trusted.overlay.overlay.redirect",
		"trusted.junction.nfs",
	};
	/* Of file systems that are not here. */
	static const char *const others[] = {
		"bcachefs.project", "bcachefs.foreground_target", "$LXDEV",
		"$LXMOD",
	};
	struct attribute a = { .name = "trusted.overlays" };
	unsigned int i, ring;
	char value[8];

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	a.fd = tmp_file("/scratch", 1);
	if (a.fd < 0)
		a.fd = tmp_file(NULL, 1);
	ASSERT_LE(0, a.fd);
	if (set_attribute(&a) == -EOPNOTSUPP)
		SKIP(return, "no such attributes here");
	EXPECT_BOTH(set_attribute, &a);
	a.ring = true;
	EXPECT_BOTH(set_attribute, &a);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		a.name = names[i];
		for (ring = 0; ring < 2; ring++) {
			a.ring = ring;
			EXPECT_EQ(-ECAPMODE, capmode_run(set_attribute, &a));
			EXPECT_EQ(-ENODATA,
				  RET(fgetxattr(a.fd, a.name, value, 8)));
			EXPECT_EQ(0, in_child(set_attribute, &a));
			EXPECT_EQ(4, RET(fgetxattr(a.fd, a.name, value, 8)));
			EXPECT_EQ(-ECAPMODE, capmode_run(remove_attribute, &a));
			EXPECT_EQ(4, RET(fgetxattr(a.fd, a.name, value, 8)));
			EXPECT_EQ(0, in_child(remove_attribute, &a));
		}
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		a.name = others[i];
		for (ring = 0; ring < 2; ring++) {
			a.ring = ring;
			EXPECT_EQ(-ECAPMODE, capmode_run(set_attribute, &a));
			EXPECT_EQ(-EOPNOTSUPP, in_child(set_attribute, &a));
		}
		EXPECT_EQ(-ECAPMODE, capmode_run(remove_attribute, &a));
		EXPECT_EQ(-EOPNOTSUPP, in_child(remove_attribute, &a));
	}
	close(a.fd);
}

/* ---- a futex in a file that may only be read ---- */

struct word {
	uint32_t *at;
	uint32_t *own;
	int op;
};

static int wake(void *arg)
{
	const struct word *w = arg;

	/* The last one: the value that is there, or which waiters. */
	return RET(syscall(SYS_futex, w->at, w->op, 1, 1, w->own,
			   w->op == FUTEX_WAKE_BITSET ? 1 : 0));
}

/* The calls that have come since, which take the size of the word. */
static int wake_since(void *arg)
{
	const struct word *w = arg;

	return RET(syscall(__NR_futex_wake, w->at, FUTEX_BITSET_MATCH_ANY, 1,
			   FUTEX2_SIZE_U32));
}

static int requeue_since(void *arg)
{
	const struct word *w = arg;
	struct futex_waitv from_to[2] = {
		{ .uaddr = (uintptr_t)w->at, .flags = FUTEX2_SIZE_U32 },
		{ .uaddr = (uintptr_t)w->own, .flags = FUTEX2_SIZE_U32 },
	};

	return RET(syscall(__NR_futex_requeue, from_to, 0, 1, 1));
}

static int wake_by_ring(void *arg)
{
	const struct word *w = arg;
	struct io_uring_sqe sqe = {
		.opcode = 52,		/* IORING_OP_FUTEX_WAKE */
		.addr = (uintptr_t)w->at,
		.fd = 2,		/* FUTEX2_SIZE_U32 */
		.addr2 = 1,
		.addr3 = FUTEX_BITSET_MATCH_ANY,
	};

	return ring_once(&sqe);
}

TEST(futex)
{
	static const int ops[] = {
		FUTEX_WAKE, FUTEX_WAKE_BITSET, FUTEX_WAKE_OP, FUTEX_REQUEUE,
		FUTEX_CMP_REQUEUE, FUTEX_CMP_REQUEUE_PI,
	};
	struct word w = { };
	uint32_t *shared;
	unsigned int i;
	int file, cap;

	REQUIRE_CAPMODE();
	file = tmp_file(NULL, 1);
	ASSERT_EQ(0, ftruncate(file, 4096));
	cap = limit_to(file, CAP_MMAP_R);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	shared[0] = 0;
	w.own = shared + 1;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		w.op = ops[i];
		/* Of shared pages, and of private ones that nobody has copied. */
		w.at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, cap, 0);
		ASSERT_TRUE(w.at != MAP_FAILED);
		EXPECT_CAPMODE(-EFAULT, wake, &w);
		munmap(w.at, 4096);
		w.at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, cap, 0);
		ASSERT_TRUE(w.at != MAP_FAILED);
		EXPECT_CAPMODE(-EFAULT, wake, &w);
		munmap(w.at, 4096);
		w.at = shared;
		EXPECT_BOTH(wake, &w);
	}
	/* Nor are they moved to a place that may only be read. */
	w.own = mmap(NULL, 4096, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(w.own != MAP_FAILED);
	w.own++;
	w.op = FUTEX_REQUEUE;
	EXPECT_CAPMODE(-EFAULT, wake, &w);
	w.op = FUTEX_CMP_REQUEUE;
	EXPECT_CAPMODE(-EFAULT, wake, &w);
	w.at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(w.at != MAP_FAILED);
	EXPECT_CAPMODE(-EFAULT, wake_since, &w);
	EXPECT_CAPMODE(-EFAULT, requeue_since, &w);
	if (in_child(wake_by_ring, &w) != -EINVAL) {
		EXPECT_CAPMODE(-EFAULT, wake_by_ring, &w);
		w.at = shared;
		EXPECT_BOTH(wake_by_ring, &w);
	}
	w.at = shared;
	EXPECT_BOTH(wake_since, &w);
	EXPECT_CAPMODE(-EFAULT, requeue_since, &w);
	w.own = shared + 1;
	EXPECT_BOTH(requeue_since, &w);
	close(cap);
	close(file);
}

struct death {
	uint32_t *at;
	bool robust;
};

/*
 * A thread that ends with a lock at @at half given back, or with its own number
 * there: the kernel wakes one who waits for it. vfork() is over when that has
 * been done, and leaves somebody who shares the memory, as the number asks for.
 */
static int die(void *arg)
{
	const struct death *d = arg;
	struct robust_list_head head = {
		.list.next = &head.list,
		.list_op_pending = (struct robust_list *)d->at,
	};
	pid_t child = vfork();

	if (child)
		return child < 0 ? -errno : 0;
	if (d->robust)
		syscall(SYS_set_robust_list, &head, sizeof(head));
	else
		syscall(SYS_set_tid_address, d->at);
	_exit(0);
}

/* Nor are they woken there by the kernel, for a thread that ends. */
TEST(futex_at_the_end)
{
	struct death d;
	uint32_t *shared, *own;
	int file, cap, inside;
	pid_t waiter;

	REQUIRE_CAPMODE();
	file = tmp_file(NULL, 1);
	ASSERT_EQ(0, ftruncate(file, 4096));
	cap = limit_to(file, CAP_MMAP_R);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	shared[0] = 0;
	own = mmap(NULL, 4096, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(own != MAP_FAILED);
	d.at = own + 1;
	for (d.robust = false;; d.robust = true) {
		for (inside = 1; inside >= 0; inside--) {
			waiter = fork();
			if (!waiter) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				syscall(SYS_futex, shared, FUTEX_WAIT, 0, NULL);
				_exit(0);
			}
			ASSERT_LT(0, waiter);
			/* It waits when it can be moved to wait elsewhere. */
			while (!syscall(SYS_futex, shared, FUTEX_REQUEUE, 0, 1,
					shared + 1) &&
			       !waitpid(waiter, NULL, WNOHANG))
				sched_yield();
			EXPECT_EQ(0, inside ? capmode_run(die, &d) :
					      in_child(die, &d));
			EXPECT_EQ(inside, syscall(SYS_futex, shared + 1,
						  FUTEX_WAKE, 1))
				TH_LOG("%s, %s", d.robust ? "lock" : "number",
				       inside ? "inside" : "outside");
			EXPECT_TRUE(child_ok(waiter));
		}
		if (d.robust)
			break;
	}
	munmap(own, 4096);
	munmap(shared, 4096);
	close(cap);
	close(file);
}

TEST_HARNESS_MAIN
