// SPDX-License-Identifier: GPL-2.0
/*
 * Loop devices: the file behind one is kept, and read and written on behalf of
 * whoever uses the device. So a capability has to allow all of that when it is
 * given, and the device never does more.
 */
#include "loop.h"
#include "ops.h"
#include "uring.h"

#include <linux/fs.h>

#ifndef BLOCK_URING_CMD_DISCARD
#define BLOCK_URING_CMD_DISCARD	_IO(0x12, 0)
#endif

#define SIZE	65536

static const uint64_t to_read[] = { CAP_PREAD, CAP_FSTAT, CAP_FSYNC, 0 };
static const uint64_t to_write[] = {
	CAP_PREAD, CAP_PWRITE, CAP_FSTAT, CAP_FSYNC, 0
};

FIXTURE(loop)
{
	int file;
	int other;
	char name[32];
};

FIXTURE_SETUP(loop)
{
	REQUIRE_CAPSICUM();
	if (free_loop(self->name, sizeof(self->name)))
		SKIP(return, "no loop devices");
	self->file = tmp_file(NULL, SIZE);
	ASSERT_LE(0, self->file);
	self->other = tmp_file(NULL, SIZE);
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(loop)
{
	close(self->file);
	close(self->other);
}

/* How a device is set up, and what is done to it while it is. */
struct setup {
	const char *name;
	int open;		/* flags for opening the device */
	bool configure;		/* by LOOP_CONFIGURE, not by LOOP_SET_FD */
	uint32_t flags;		/* LO_FLAGS_* for it */
	bool change;		/* the descriptor replaces the file @first */
	int first;
	int (*use)(int loop, void *ctx);
	int file;		/* an ordinary descriptor of what is behind it */
};

static int set_fd(int loop, const struct setup *s, int fd)
{
	struct loop_config config = {
		.fd = fd,
		.info.lo_flags = s->flags,
	};

	if (s->configure)
		return RET(ioctl(loop, LOOP_CONFIGURE, &config));
	return RET(ioctl(loop, LOOP_SET_FD, fd));
}

/* The device is there for as long as this lasts. */
static int op_setup(int fd, void *ctx)
{
	const struct setup *s = ctx;
	struct loop_info64 info;
	int loop, err;

	loop = RET(open(s->name, s->open | O_CLOEXEC));
	if (loop < 0)
		return loop;
	err = set_fd(loop, s, s->change ? s->first : fd);
	if (!err && s->change)
		err = RET(ioctl(loop, LOOP_CHANGE_FD, fd));
	else if (err && RET(ioctl(loop, LOOP_GET_STATUS64, &info)) != -ENXIO)
		err = -EUCLEAN;
	if (!err && s->use)
		err = s->use(loop, ctx);
	/* Not set up when that was refused. */
	ioctl(loop, LOOP_CLR_FD, 0);
	close(loop);
	return err;
}

static uint64_t setup_state(void *ctx)
{
	struct setup *s = ctx;

	return file_state(s->file);
}

static int use_read(int loop, void *ctx)
{
	char c;

	return pread(loop, &c, 1, 27) == 1 && c == 'b' ? 0 : -EIO;
}

/* By whatever way, nothing gets written. */
static int use_no_write(int loop, void *ctx)
{
	const struct setup *s = ctx;
	uint64_t before = file_state(s->file);
	struct loop_info64 info;
	int off = 0;

	if (use_read(loop, ctx))
		return -EIO;
	if (pwrite(loop, "X", 1, 0) >= 0)
		return -EUCLEAN;
	/* The file is the same one, whatever the block layer is told of it. */
	ioctl(loop, BLKROSET, &off);
	if (pwrite(loop, "X", 1, 0) >= 0 && fsync(loop) == 0)
		return -EUCLEAN;
	if (ioctl(loop, LOOP_GET_STATUS64, &info))
		return -EIO;
	if (!(info.lo_flags & LO_FLAGS_READ_ONLY))
		return -EUCLEAN;
	info.lo_flags = 0;
	ioctl(loop, LOOP_SET_STATUS64, &info);
	if (ioctl(loop, LOOP_GET_STATUS64, &info) ||
	    !(info.lo_flags & LO_FLAGS_READ_ONLY))
		return -EUCLEAN;
	if (pwrite(loop, "X", 1, 0) >= 0 && fsync(loop) == 0)
		return -EUCLEAN;
	return file_state(s->file) == before ? 0 : -EUCLEAN;
}

static int use_write(int loop, void *ctx)
{
	const struct setup *s = ctx;
	char c = 0;

	if (pwrite(loop, "W", 1, 3) != 1 || fsync(loop))
		return -EIO;
	return pread(s->file, &c, 1, 3) == 1 && c == 'W' ? 0 : -EIO;
}

/* What is to be written needs the right to, by either command. */
TEST_F(loop, writable)
{
	struct setup s = {
		.name = self->name,
		.open = O_RDWR,
		.use = use_write,
		.file = self->file,
	};

	RIGHTS_OP(self->file, .name = "LOOP_SET_FD", .op = op_setup,
		  .rights = to_write, .state = setup_state, .ctx = &s);
	s.configure = true;
	RIGHTS_OP(self->file, .name = "LOOP_CONFIGURE", .op = op_setup,
		  .rights = to_write, .state = setup_state, .ctx = &s);
}

/* By a device that is not open for writing, it is not. */
TEST_F(loop, device_read_only)
{
	struct setup s = {
		.name = self->name,
		.open = O_RDONLY,
		.use = use_no_write,
		.file = self->file,
	};

	RIGHTS_OP(self->file, .name = "LOOP_SET_FD, O_RDONLY", .op = op_setup,
		  .rights = to_read, .state = setup_state, .ctx = &s);
	s.configure = true;
	RIGHTS_OP(self->file, .name = "LOOP_CONFIGURE, O_RDONLY",
		  .op = op_setup, .rights = to_read,
		  .state = setup_state, .ctx = &s);
}

TEST_F(loop, asked_for_read_only)
{
	struct setup s = {
		.name = self->name,
		.open = O_RDWR,
		.configure = true,
		.flags = LO_FLAGS_READ_ONLY,
		.use = use_no_write,
		.file = self->file,
	};

	RIGHTS_OP(self->file, .name = "LOOP_CONFIGURE, LO_FLAGS_READ_ONLY",
		  .op = op_setup, .rights = to_read,
		  .state = setup_state, .ctx = &s);
}

/* Only a read-only device can have its file changed. */
TEST_F(loop, change_fd)
{
	struct setup s = {
		.name = self->name,
		.open = O_RDONLY,
		.change = true,
		.first = self->other,
		.use = use_no_write,
		.file = self->file,
	};

	RIGHTS_OP(self->file, .name = "LOOP_CHANGE_FD", .op = op_setup,
		  .rights = to_read, .state = setup_state, .ctx = &s);

	/* A writer who is already there gets no further by that. */
	s.open = O_RDWR;
	s.configure = true;
	s.flags = LO_FLAGS_READ_ONLY;
	RIGHTS_OP(self->file, .name = "LOOP_CHANGE_FD, O_RDWR", .op = op_setup,
		  .rights = to_read, .state = setup_state, .ctx = &s);
}

/* A file that is open for reading stays what it is, with every right. */
TEST_F(loop, file_read_only)
{
	struct setup s = {
		.name = self->name,
		.open = O_RDWR,
		.use = use_no_write,
		.file = self->file,
	};
	char path[40];
	int rdonly, cap;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->file);
	rdonly = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, rdonly);
	cap = limit_all(rdonly);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, op_setup(cap, &s));
}

/* How blocks are wiped out. */
struct wiping {
	unsigned int cmd;
	struct ring *ring;	/* NULL: by ioctl() */
	int dev;		/* an ordinary descriptor of the device */
};

static int wipe(int fd, const struct wiping *w, uint64_t len)
{
	uint64_t range[2] = { 0, len };

	if (!w->ring)
		return RET(ioctl(fd, w->cmd, range));
	return ring_one(w->ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.fd = fd,
		.cmd_op = w->cmd,
		.addr = 0,
		.addr3 = len,
	});
}

/* What is there is gone afterwards, and is not when it is refused. */
static int op_wipe(int fd, void *ctx)
{
	const struct wiping *w = ctx;
	char buf[4096], want[4096];
	int ret;

	memset(buf, 'x', sizeof(buf));
	if (pwrite(w->dev, buf, sizeof(buf), 0) != sizeof(buf) || fsync(w->dev))
		return -EIO;
	ret = wipe(fd, w, sizeof(buf));
	memset(want, ret ? 'x' : 0, sizeof(want));
	if (pread(w->dev, buf, sizeof(buf), 0) != sizeof(buf) ||
	    memcmp(buf, want, sizeof(buf)))
		return -EUCLEAN;
	return ret;
}

/* What fallocate() is for files is an ioctl for block devices, or a command. */
TEST_F(loop, wipe)
{
	struct wiping w = { .dev = open(self->name, O_RDWR | O_CLOEXEC) };

	ASSERT_LE(0, w.dev);
	ASSERT_EQ(0, ioctl(w.dev, LOOP_SET_FD, self->file));
	w.cmd = BLKZEROOUT;
	RIGHTS_OP(w.dev, .name = "BLKZEROOUT", .op = op_wipe, .ioctl = w.cmd,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE), .ctx = &w);
	w.cmd = BLKDISCARD;
	RIGHTS_OP(w.dev, .name = "BLKDISCARD", .op = op_wipe, .ioctl = w.cmd,
		  .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE), .ctx = &w);
	EXPECT_EQ(0, ioctl(w.dev, LOOP_CLR_FD, 0));
	close(w.dev);
}

TEST_F(loop, wipe_by_io_uring)
{
	struct wiping w = { .cmd = BLOCK_URING_CMD_DISCARD };
	struct ring ring;
	int err = ring_setup(&ring, 1, 0);

	if (err)
		SKIP(return, "no io_uring (%d)", err);
	w.ring = &ring;
	w.dev = open(self->name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, w.dev);
	ASSERT_EQ(0, ioctl(w.dev, LOOP_SET_FD, self->file));
	RIGHTS_OP(w.dev, .name = "BLOCK_URING_CMD_DISCARD", .op = op_wipe,
		  .ioctl = w.cmd, .rights = RIGHTS(CAP_IOCTL, CAP_PWRITE),
		  .ctx = &w);
	EXPECT_EQ(0, ioctl(w.dev, LOOP_CLR_FD, 0));
	close(w.dev);
}

/* One that is no descriptor, and no regular file, is told as before. */
TEST_F(loop, other_errors)
{
	struct setup s = { .name = self->name, .open = O_RDWR };
	int two[2], cap;

	EXPECT_EQ(-EBADF, op_setup(-1, &s));
	ASSERT_EQ(0, pipe2(two, O_CLOEXEC));
	EXPECT_EQ(-EINVAL, op_setup(two[1], &s));
	cap = limit_all(two[1]);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, op_setup(cap, &s));
}

TEST_HARNESS_MAIN
