// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous operations in memory, io_submit(2): the rights are those of what
 * each iocb does.
 */
#include "capmode.h"

#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/eventfd.h>

FIXTURE(aio)
{
	aio_context_t ctx;
	int file;
	int rd, wr;		/* a pipe that holds a byte */
};

#define aio_data	_test_data_aio

FIXTURE_SETUP(aio)
{
	int fds[2], err;

	REQUIRE_CAPSICUM();
	err = RET(syscall(__NR_io_setup, 8, &self->ctx));
	if (err)
		SKIP(return, "no aio (%d)", err);
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	self->rd = fds[0];
	self->wr = fds[1];
	ASSERT_EQ(1, write(self->wr, "x", 1));
}

FIXTURE_TEARDOWN(aio)
{
	syscall(__NR_io_destroy, self->ctx);
}

static int aio_send(aio_context_t ctx, struct iocb *cb)
{
	struct iocb *list[1] = { cb };

	return RET(syscall(__NR_io_submit, ctx, 1, list));
}

/* Waits for one; returns what became of it. */
static int aio_wait(aio_context_t ctx)
{
	struct io_event ev;
	int n;

	do {
		n = RET(syscall(__NR_io_getevents, ctx, 1, 1, &ev, NULL));
	} while (n == -EINTR);
	return n == 1 ? (int)ev.res : n;
}

static int aio_run(aio_context_t ctx, struct iocb *cb)
{
	int ret = aio_send(ctx, cb);

	return ret < 0 ? ret : aio_wait(ctx);
}

struct op {
	struct aio_data *self;
	int opcode;
};

static int op_run(int fd, void *arg)
{
	struct op *o = arg;
	char buf[8] = "01234567";
	struct iovec iov = { buf, sizeof(buf) };
	struct iocb cb = {
		.aio_fildes = fd,
		.aio_lio_opcode = o->opcode,
		.aio_offset = 8,
	};
	int ret;

	switch (o->opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
		cb.aio_buf = (uintptr_t)buf;
		cb.aio_nbytes = sizeof(buf);
		break;
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		cb.aio_buf = (uintptr_t)&iov;
		cb.aio_nbytes = 1;
		break;
	case IOCB_CMD_POLL:
		cb.aio_buf = POLLIN;
		cb.aio_offset = 0;
		break;
	default:
		cb.aio_offset = 0;
	}
	ret = aio_run(o->self->ctx, &cb);
	if (ret >= 0 && o->opcode == IOCB_CMD_POLL && !(ret & POLLIN))
		return -EPROTO;
	if (ret == sizeof(buf) && (o->opcode == IOCB_CMD_PREAD ||
				   o->opcode == IOCB_CMD_PREADV))
		return memcmp(buf, "ijklmnop", sizeof(buf)) ? -EPROTO : ret;
	return ret;
}

static void op_prepare(void *arg)
{
	struct op *o = arg;

	if (pwrite(o->self->file, "ijklmnop", 8, 8) != 8)
		abort();
}

static uint64_t op_state(void *arg)
{
	struct op *o = arg;

	return file_state(o->self->file);
}

#define AIO_OP(fd, code, ...)						\
	RIGHTS_OP(fd, .name = #code, .op = op_run,			\
		  .prepare = op_prepare, .state = op_state,		\
		  .ctx = &(struct op){ self, code },			\
		  .rights = RIGHTS(__VA_ARGS__))

TEST_F(aio, read)
{
	AIO_OP(self->file, IOCB_CMD_PREAD, CAP_PREAD);
	AIO_OP(self->file, IOCB_CMD_PREADV, CAP_PREAD);
}

TEST_F(aio, write)
{
	AIO_OP(self->file, IOCB_CMD_PWRITE, CAP_PWRITE);
	AIO_OP(self->file, IOCB_CMD_PWRITEV, CAP_PWRITE);
}

TEST_F(aio, sync)
{
	AIO_OP(self->file, IOCB_CMD_FSYNC, CAP_FSYNC);
	AIO_OP(self->file, IOCB_CMD_FDSYNC, CAP_FSYNC);
}

TEST_F(aio, poll)
{
	AIO_OP(self->rd, IOCB_CMD_POLL, CAP_EVENT);
}

/* What no right is known for needs a descriptor without limits. */
TEST_F(aio, unknown)
{
	int cap = limit_all(self->file), code;

	ASSERT_LE(0, cap);
	for (code = 0; code < 64; code++) {
		struct op o = { self, code };

		/* What reads finds what it expects, whatever has written. */
		op_prepare(&o);
		if (op_run(self->file, &o) == -EINVAL) {
			EXPECT_EQ(-ENOTCAPABLE, op_run(cap, &o))
				TH_LOG("opcode %d", code);
		} else {
			op_prepare(&o);
			EXPECT_LE(0, op_run(cap, &o))
				TH_LOG("opcode %d", code);
		}
	}
}

/* The right is told before what is wrong with the rest; EBADF before that. */
TEST_F(aio, errors)
{
	int cap = limit_to(self->file, CAP_READ);
	int path = open(tmp_dir(), O_PATH | O_CLOEXEC);
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = -1,
	};

	ASSERT_LE(0, cap);
	ASSERT_LE(0, path);
	cb.aio_fildes = cap;
	EXPECT_EQ(-ENOTCAPABLE, aio_send(self->ctx, &cb));
	cb.aio_fildes = self->file;
	EXPECT_EQ(-EBADF, aio_send(self->ctx, &cb));
	cb.aio_flags = 0;
	cb.aio_fildes = -1;
	EXPECT_EQ(-EBADF, aio_send(self->ctx, &cb));
	cb.aio_fildes = path;
	EXPECT_EQ(-EBADF, aio_send(self->ctx, &cb));
	cb.aio_fildes = limit_all(path);
	EXPECT_EQ(-EBADF, aio_send(self->ctx, &cb));
}

/* Several at once: each by itself, and those before it have been sent. */
TEST_F(aio, several)
{
	int able = limit_to(self->file, CAP_PREAD);
	int unable = limit_to(self->file, CAP_PWRITE);
	char buf[3][8] = {};
	struct iocb cb[3] = {}, *list[3];
	int i;

	ASSERT_LE(0, able);
	ASSERT_LE(0, unable);
	for (i = 0; i < 3; i++) {
		cb[i].aio_fildes = i == 1 ? unable : able;
		cb[i].aio_lio_opcode = IOCB_CMD_PREAD;
		cb[i].aio_buf = (uintptr_t)buf[i];
		cb[i].aio_nbytes = 8;
		list[i] = &cb[i];
	}
	EXPECT_EQ(1, syscall(__NR_io_submit, self->ctx, 3, list));
	EXPECT_EQ(8, aio_wait(self->ctx));
	EXPECT_EQ(0, memcmp(buf[0], "abcdefgh", 8));
	EXPECT_EQ(-ENOTCAPABLE, RET(syscall(__NR_io_submit, self->ctx, 2,
					    &list[1])));
	EXPECT_EQ(0, buf[1][0]);
	EXPECT_EQ(0, buf[2][0]);
}

/*
 * What waits has been looked up, and ends with that; what comes later has to
 * do with the limits.
 */
TEST_F(aio, in_flight)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = POLLIN,
	};
	int cap = limit_to(self->rd, CAP_EVENT);
	struct cap_rights none;
	char c;

	ASSERT_LE(0, cap);
	ASSERT_EQ(1, read(self->rd, &c, 1));
	cb.aio_fildes = cap;
	ASSERT_EQ(1, aio_send(self->ctx, &cb));
	rights_none(&none);
	ASSERT_EQ(0, limit_fd(cap, &none));
	EXPECT_EQ(-ENOTCAPABLE, aio_send(self->ctx, &cb));
	/* Nor does closing end it: it holds the pipe. */
	close(cap);
	ASSERT_EQ(1, write(self->wr, "y", 1));
	EXPECT_TRUE(aio_wait(self->ctx) & POLLIN);
}

/* To cancel it names a request of one's own, and takes no right. */
TEST_F(aio, cancel)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = POLLIN,
	};
	int fds[] = { self->rd, limit_to(self->rd, CAP_EVENT) }, i;
	struct cap_rights none;
	struct io_event ev;
	char c;

	ASSERT_LE(0, fds[1]);
	rights_none(&none);
	ASSERT_EQ(1, read(self->rd, &c, 1));
	for (i = 0; i < 2; i++) {
		cb.aio_fildes = fds[i];
		ASSERT_EQ(1, aio_send(self->ctx, &cb));
		if (i)
			ASSERT_EQ(0, limit_fd(fds[i], &none));
		/* Its completion comes as ever, and says that nothing came. */
		EXPECT_EQ(-EINPROGRESS, RET(syscall(__NR_io_cancel, self->ctx,
						    &cb, &ev)));
		EXPECT_EQ(0, aio_wait(self->ctx));
		EXPECT_EQ(-EINVAL, RET(syscall(__NR_io_cancel, self->ctx, &cb,
					       &ev)));
	}
	close(fds[1]);
}

/* Where completion is told needs to be written to. */
TEST_F(aio, eventfd)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), cap;
	char buf[8];
	struct iocb cb = {
		.aio_fildes = self->file,
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_buf = (uintptr_t)buf,
		.aio_nbytes = sizeof(buf),
		.aio_flags = IOCB_FLAG_RESFD,
	};
	uint64_t n;

	ASSERT_LE(0, event);
	cap = limit_all_but(event, CAP_WRITE);
	ASSERT_LE(0, cap);
	cb.aio_resfd = cap;
	EXPECT_GT(0, aio_send(self->ctx, &cb));
	EXPECT_EQ(-EAGAIN, RET(read(event, &n, sizeof(n))));
	cb.aio_resfd = event;
	EXPECT_EQ(sizeof(buf), aio_run(self->ctx, &cb));
	EXPECT_EQ(sizeof(n), read(event, &n, sizeof(n)));
}

/* ---- by the gates of other ABIs, which have system calls of their own ---- */

/* In a page that these reach. */
struct gate_aio {
	uint32_t ctx;
	uint32_t list[1];
	struct iocb cb;
	char text[8];
};

/* Writes to @fd, at 8. Returns how much, or -errno. */
static int write_by_gate(enum gate gate, struct gate_aio *g, int fd)
{
	int ret;

	*g = (struct gate_aio){
		.list = { (uintptr_t)&g->cb },
		.cb = {
			.aio_fildes = fd,
			.aio_lio_opcode = IOCB_CMD_PWRITE,
			.aio_buf = (uintptr_t)g->text,
			.aio_nbytes = sizeof(g->text),
			.aio_offset = 8,
		},
		.text = { '0', '1', '2', '3', '4', '5', '6', '7' },
	};
	ret = call_by_gate(gate, __NR_io_setup, 245, 543, 1,
			   (uintptr_t)&g->ctx, 0, 0, 0);
	if (ret)
		return ret;
	ret = call_by_gate(gate, __NR_io_submit, 248, 544, g->ctx, 1,
			   (uintptr_t)g->list, 0, 0);
	if (ret == 1)
		ret = aio_wait(g->ctx);
	syscall(__NR_io_destroy, (aio_context_t)g->ctx);
	return ret;
}

TEST_F(aio, gates)
{
	int yes = limit_to(self->file, CAP_PWRITE);
	int no = limit_all_but(self->file, CAP_PWRITE);
	struct gate_aio *g = low_page();
	unsigned int gate, found = 0;

	ASSERT_LE(0, yes);
	ASSERT_LE(0, no);
	ASSERT_TRUE(!!g);
	for (gate = GATE_NONE + 1; gate < GATES; gate++) {
		uint64_t before = file_state(self->file);

		if (!have_gate(gate))
			continue;
		found++;
		EXPECT_EQ(-ENOTCAPABLE, write_by_gate(gate, g, no)) {
			TH_LOG("gate %u", gate);
		}
		EXPECT_EQ(before, file_state(self->file));
		EXPECT_EQ(8, write_by_gate(gate, g, yes)) {
			TH_LOG("gate %u", gate);
		}
		EXPECT_NE(before, file_state(self->file));
		ASSERT_EQ(8, pwrite(self->file, "ijklmnop", 8, 8));
	}
	close(yes);
	close(no);
	munmap(g, 4096);
	if (!found)
		SKIP(return, "there are no other ABIs");
}

TEST_HARNESS_MAIN
