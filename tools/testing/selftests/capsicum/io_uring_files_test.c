// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities in the tables of io_uring: files go in and come out with their
 * limits. And capabilities of rings themselves.
 */
#include "sockets.h"
#include "uring.h"

#include <poll.h>
#include <sys/eventfd.h>

FIXTURE(table)
{
	struct ring ring, other;
	int file;
	int cap;	/* may be read at an offset, and looked at */
	struct limits limits;
};

#define table_data	_test_data_table
#define SLOTS		4

FIXTURE_SETUP(table)
{
	int err;

	REQUIRE_CAPSICUM();
	err = ring_setup(&self->ring, 8, 0);
	if (err)
		SKIP(return, "no io_uring (%d)", err);
	ASSERT_EQ(0, ring_setup(&self->other, 8, 0));
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
	self->cap = limit_to(self->file, CAP_PREAD, CAP_FSTAT);
	ASSERT_LE(0, self->cap);
	ASSERT_EQ(0, get_limits(self->cap, &self->limits));
}

FIXTURE_TEARDOWN(table)
{
}

/* Reads from or writes to what is in a slot. */
static int slot_rw(struct ring *r, unsigned int slot, int opcode)
{
	static char buf[8];

	return ring_do(r, (struct io_uring_sqe){
		.opcode = opcode,
		.flags = IOSQE_FIXED_FILE,
		.fd = slot,
		.addr = (uintptr_t)buf,
		.len = 1,
	}, false);
}

#define READS(ring, slot)	slot_rw(ring, slot, IORING_OP_READ)
#define WRITES(ring, slot)	slot_rw(ring, slot, IORING_OP_WRITE)

/* What comes out of a slot is what went in: a capability with these limits. */
static void check_slot(struct __test_metadata *_metadata,
		       struct table_data *self, struct ring *r,
		       unsigned int slot)
{
	struct limits l;
	int fd;

	EXPECT_EQ(1, READS(r, slot));
	EXPECT_EQ(-ENOTCAPABLE, WRITES(r, slot));
	fd = ring_install(r, slot);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&l, &self->limits));
	close(fd);
}

#define CHECK_SLOT(ring, slot)	check_slot(_metadata, self, ring, slot)

TEST_F(table, registered)
{
	int fds[SLOTS] = { self->file, self->cap, -1, self->cap };
	struct limits l;
	int fd;

	ASSERT_EQ(0, IO_REGISTER(&self->ring, IORING_REGISTER_FILES, fds,
				 SLOTS));
	/* The one beside it is not limited. */
	EXPECT_EQ(1, READS(&self->ring, 0));
	EXPECT_EQ(1, WRITES(&self->ring, 0));
	fd = ring_install(&self->ring, 0);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(rights_has(&l.rights, CAP_WRITE));
	EXPECT_EQ(-EBADF, READS(&self->ring, 2));
	CHECK_SLOT(&self->ring, 1);
	CHECK_SLOT(&self->ring, 3);
	/* It is the table's own. */
	close(self->cap);
	CHECK_SLOT(&self->ring, 1);
	EXPECT_EQ(0, IO_REGISTER(&self->ring, IORING_UNREGISTER_FILES, NULL,
				 0));
	EXPECT_EQ(-EBADF, READS(&self->ring, 1));
}

TEST_F(table, updated)
{
	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->file));
	EXPECT_EQ(1, WRITES(&self->ring, 0));
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->cap));
	CHECK_SLOT(&self->ring, 0);
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->file));
	EXPECT_EQ(1, WRITES(&self->ring, 0));
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->cap));
	ASSERT_EQ(0, ring_slot(&self->ring, 0, -1));
	EXPECT_EQ(-EBADF, READS(&self->ring, 0));
}

/* The same by an operation, into a slot that is given, or is found. */
TEST_F(table, updated_by_request)
{
	int fd = self->cap;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FILES_UPDATE,
		.addr = (uintptr_t)&fd,
		.len = 1,
		.off = 2,
	};

	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	EXPECT_EQ(1, ring_do(&self->ring, sqe, false));
	CHECK_SLOT(&self->ring, 2);
	sqe.off = IORING_FILE_INDEX_ALLOC;
	EXPECT_EQ(1, ring_do(&self->ring, sqe, true));
	/* Now it has the number of the slot, of those that are free. */
	ASSERT_LE(0, fd);
	ASSERT_GT(SLOTS, fd);
	ASSERT_NE(2, fd);
	CHECK_SLOT(&self->ring, fd);
	/* Closing needs no right. */
	EXPECT_EQ(0, ring_do(&self->ring, (struct io_uring_sqe){
		.opcode = IORING_OP_CLOSE,
		.file_index = fd + 1,
	}, false));
	EXPECT_EQ(-EBADF, READS(&self->ring, fd));
	EXPECT_EQ(0, ring_do(&self->ring, (struct io_uring_sqe){
		.opcode = IORING_OP_CLOSE,
		.fd = self->cap,
	}, false));
	EXPECT_EQ(-EBADF, RET(fcntl(self->cap, F_GETFD)));
}

/* To the table of another ring. */
TEST_F(table, sent)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_MSG_RING,
		.fd = self->other.fd,
		.addr = IORING_MSG_SEND_FD,
		.addr3 = 1,			/* from slot 1 */
		.file_index = 2 + 1,		/* to slot 2 */
		.msg_ring_flags = IORING_MSG_RING_CQE_SKIP,
	};

	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	ASSERT_EQ(0, ring_slots(&self->other, SLOTS));
	ASSERT_EQ(0, ring_slot(&self->ring, 1, self->cap));
	/* To where it goes is what needs a right; see io_uring_ops_test. */
	sqe.fd = limit_all_but(self->other.fd, CAP_IO_URING);
	ASSERT_LE(0, sqe.fd);
	EXPECT_EQ(-ENOTCAPABLE, ring_do(&self->ring, sqe, false));
	EXPECT_EQ(-EBADF, READS(&self->other, 2));
	sqe.fd = limit_to(self->other.fd, CAP_IO_URING);
	ASSERT_LE(0, sqe.fd);
	EXPECT_EQ(2, ring_do(&self->ring, sqe, false) + 2);
	CHECK_SLOT(&self->other, 2);
	sqe.flags = IOSQE_ASYNC;
	sqe.file_index = 3 + 1;
	EXPECT_EQ(0, ring_do(&self->ring, sqe, true));
	CHECK_SLOT(&self->other, 3);
	CHECK_SLOT(&self->ring, 1);
}

/* What is opened below a limited directory inherits, in a slot as well. */
TEST_F(table, opened)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), cap;
	char name[40];
	struct io_uring_sqe sqe;
	unsigned int async;

	ASSERT_LE(0, dir);
	snprintf(name, sizeof(name), "capsicum-uring-%d", getpid());
	ASSERT_EQ(0, close(openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC,
				  0600)));
	cap = limit_to(dir, CAP_LOOKUP, CAP_PREAD, CAP_WRITE, CAP_FSTAT);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &self->limits));
	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	for (async = 0; async < 2; async++) {
		struct limits l;
		int fd;

		sqe = sqe_openat(cap, name, O_RDWR);
		sqe.file_index = 1;
		sqe.flags = async ? IOSQE_ASYNC : 0;
		EXPECT_EQ(0, ring_do(&self->ring, sqe, false));
		EXPECT_EQ(1, WRITES(&self->ring, 0));
		EXPECT_EQ(1, READS(&self->ring, 0));
		EXPECT_EQ(-ENOTCAPABLE, ring_do(&self->ring,
						(struct io_uring_sqe){
			.opcode = IORING_OP_FSYNC,
			.flags = IOSQE_FIXED_FILE,
		}, false));
		fd = ring_install(&self->ring, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, get_limits(fd, &l));
		EXPECT_TRUE(limits_eq(&l, &self->limits));
		close(fd);
	}
	EXPECT_EQ(0, unlinkat(dir, name, 0));
}

/* Limits that go in are those of then. */
TEST_F(table, limited_later)
{
	struct cap_rights none;

	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->cap));
	rights_none(&none);
	ASSERT_EQ(0, limit_fd(self->cap, &none));
	CHECK_SLOT(&self->ring, 0);
	ASSERT_EQ(0, ring_slot(&self->ring, 0, self->cap));
	EXPECT_EQ(-ENOTCAPABLE, READS(&self->ring, 0));
}

/* What is no file to register without limits is none with them. */
TEST_F(table, refused)
{
	int path = open(tmp_dir(), O_PATH | O_CLOEXEC), fd;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FILES_UPDATE,
		.addr = (uintptr_t)&fd,
		.len = 1,
		.off = IORING_FILE_INDEX_ALLOC,
	};
	int bad[4], i;

	ASSERT_LE(0, path);
	bad[0] = path;
	bad[1] = limit_all(path);
	bad[2] = self->ring.fd;
	bad[3] = limit_all(self->ring.fd);
	for (i = 0; i < 4; i++) {
		ASSERT_LE(0, bad[i]);
		EXPECT_EQ(-EBADF, IO_REGISTER(&self->ring,
					      IORING_REGISTER_FILES, &bad[i],
					      1));
	}
	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(-EBADF, ring_slot(&self->ring, 0, bad[i]));
		fd = bad[i];
		EXPECT_EQ(-EBADF, ring_do(&self->ring, sqe, false));
		EXPECT_EQ(-EBADF, ring_do(&self->ring, (struct io_uring_sqe){
			.opcode = IORING_OP_READ,
			.fd = i < 2 ? bad[i] : -1,
		}, false));
	}
}

/* /proc shows what has been registered, not what stands for it. */
TEST_F(table, shown)
{
	char path[64], line[256], name[64];
	bool found = false;
	FILE *f;
	int fd;

	snprintf(name, sizeof(name), "%s/capsicum-shown-%d", tmp_dir(),
		 getpid());
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, fd);
	unlink(name);
	ASSERT_EQ(0, ring_slots(&self->ring, SLOTS));
	ASSERT_EQ(0, ring_slot(&self->ring, 1, limit_to(fd, CAP_READ)));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->ring.fd);
	f = fopen(path, "re");
	ASSERT_TRUE(!!f);
	while (fgets(line, sizeof(line), f)) {
		EXPECT_FALSE(!!strstr(line, "[capability]"));
		found |= !!strstr(line, "1: capsicum-shown-");
	}
	fclose(f);
	EXPECT_TRUE(found);
}

/* ---- a ring that is a capability ---- */

FIXTURE(limited)
{
	struct ring ring;
};

FIXTURE_SETUP(limited)
{
	int err;

	REQUIRE_CAPSICUM();
	err = ring_setup(&self->ring, 8, 0);
	if (err)
		SKIP(return, "no io_uring (%d)", err);
}

FIXTURE_TEARDOWN(limited)
{
}

static int op_enter(int fd, void *arg)
{
	struct ring r = *(struct ring *)arg;
	int ret;

	r.fd = fd;
	ret = RET(syscall(__NR_io_uring_enter, fd, 0, 0, 0, NULL, 0));
	if (ret)
		return ret;
	return ring_do(&r, (struct io_uring_sqe){ }, false);
}

static int op_register(int fd, void *arg)
{
	int ret = RET(syscall(__NR_io_uring_register, fd,
			      IORING_REGISTER_PERSONALITY, NULL, 0));

	if (ret < 0)
		return ret;
	return RET(syscall(__NR_io_uring_register, fd,
			   IORING_UNREGISTER_PERSONALITY, NULL, ret));
}

/* A table of rings: what is in there is entered without its descriptor. */
static int op_register_ring(int fd, void *arg)
{
	struct io_uring_rsrc_update up = { .offset = 3, .data = fd };
	struct ring *r = arg;
	int ret = IO_REGISTER(r, IORING_REGISTER_RING_FDS, &up, 1);

	if (ret != 1)
		return ret;
	ret = RET(syscall(__NR_io_uring_enter, 3, 0, 0,
			  IORING_ENTER_REGISTERED_RING, NULL, 0));
	if (!ret)
		ret = RET(syscall(__NR_io_uring_register, 3,
				  IORING_REGISTER_FILE_ALLOC_RANGE |
				  IORING_REGISTER_USE_REGISTERED_RING,
				  &(struct io_uring_file_index_range){ }, 0));
	up.data = 0;
	if (IO_REGISTER(r, IORING_UNREGISTER_RING_FDS, &up, 1) != 1)
		return -EPROTO;
	return ret;
}

static int op_attach(int fd, void *arg)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_ATTACH_WQ,
		.wq_fd = fd,
	};
	int ret = RET(syscall(__NR_io_uring_setup, 1, &p));

	if (ret >= 0)
		close(ret);
	return ret;
}

static int op_attach_sqpoll(int fd, void *arg)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_ATTACH_WQ | IORING_SETUP_SQPOLL,
		.wq_fd = fd,
	};
	int ret = RET(syscall(__NR_io_uring_setup, 1, &p));

	if (ret >= 0)
		close(ret);
	return ret;
}

/* Shares the registered buffers of one ring with another. */
static int op_clone(int fd, void *arg)
{
	struct io_uring_clone_buffers clone = { .src_fd = fd };
	struct ring r;
	int ret = ring_setup(&r, 1, 0);

	if (ret)
		return -EPROTO;
	ret = IO_REGISTER(&r, IORING_REGISTER_CLONE_BUFFERS, &clone, 1);
	ring_free(&r);
	return ret;
}

static int op_poll(int fd, void *arg)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int ret = poll(&p, 1, 0);

	if (ret == 1 && p.revents == POLLNVAL)
		return -ENOTCAPABLE;
	return ret == 1 && p.revents == POLLOUT ? 0 : -EPROTO;
}

static int op_map(int fd, void *arg)
{
	struct ring *r = arg;
	void *m = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);

	if (m == MAP_FAILED)
		return -errno;
	munmap(m, r->size);
	return 0;
}

TEST_F(limited, rights)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iovec iov = { page, sizeof(page) };
	struct ring poller;

	RIGHTS_OP(self->ring.fd, .name = "io_uring_enter", .op = op_enter,
		  .rights = RIGHTS(CAP_IO_URING), .ctx = &self->ring);
	RIGHTS_OP(self->ring.fd, .name = "io_uring_register",
		  .op = op_register, .rights = RIGHTS(CAP_IO_URING));
	RIGHTS_OP(self->ring.fd, .name = "IORING_REGISTER_RING_FDS",
		  .op = op_register_ring, .rights = RIGHTS(CAP_IO_URING),
		  .ctx = &self->ring);
	RIGHTS_OP(self->ring.fd, .name = "IORING_SETUP_ATTACH_WQ",
		  .op = op_attach, .rights = RIGHTS(CAP_IO_URING));
	ASSERT_EQ(0, ring_setup(&poller, 8, IORING_SETUP_SQPOLL));
	RIGHTS_OP(poller.fd, .name = "IORING_SETUP_ATTACH_WQ, SQPOLL",
		  .op = op_attach_sqpoll, .rights = RIGHTS(CAP_IO_URING));
	ASSERT_EQ(0, IO_REGISTER(&self->ring, IORING_REGISTER_BUFFERS, &iov,
				 1));
	RIGHTS_OP(self->ring.fd, .name = "IORING_REGISTER_CLONE_BUFFERS",
		  .op = op_clone, .rights = RIGHTS(CAP_IO_URING));
	RIGHTS_OP(self->ring.fd, .name = "poll", .op = op_poll,
		  .rights = RIGHTS(CAP_EVENT));
	RIGHTS_OP(self->ring.fd, .name = "mmap", .op = op_map,
		  .rights = RIGHTS(CAP_MMAP_RW), .ctx = &self->ring);
}

/* The right is asked for when the ring is put in, and it stays there. */
TEST_F(limited, registered_ring)
{
	struct io_uring_rsrc_update up = { .offset = -1U };
	int cap = limit_to(self->ring.fd, CAP_IO_URING);
	struct cap_rights none;

	ASSERT_LE(0, cap);
	up.data = cap;
	ASSERT_EQ(1, IO_REGISTER(&self->ring, IORING_REGISTER_RING_FDS, &up,
				 1));
	rights_none(&none);
	ASSERT_EQ(0, limit_fd(cap, &none));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(syscall(__NR_io_uring_enter, cap, 0, 0, 0, NULL, 0)));
	close(cap);
	close(self->ring.fd);
	EXPECT_EQ(0, RET(syscall(__NR_io_uring_enter, up.offset, 0, 0,
				 IORING_ENTER_REGISTERED_RING, NULL, 0)));
}

/* Not what a ring is: these say so before, and after. */
TEST_F(limited, errors)
{
	int file = tmp_file(NULL, 8), cap;

	ASSERT_LE(0, file);
	cap = limit_to(file, CAP_READ);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, op_enter(cap, &self->ring));
	EXPECT_EQ(-ENOTCAPABLE, op_register(cap, NULL));
	EXPECT_EQ(-ENOTCAPABLE, op_register_ring(cap, &self->ring));
	EXPECT_EQ(-ENOTCAPABLE, op_attach(cap, NULL));
	cap = limit_to(file, CAP_IO_URING);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EOPNOTSUPP, op_enter(cap, &self->ring));
	EXPECT_EQ(-EOPNOTSUPP, op_register(cap, NULL));
	EXPECT_EQ(-EOPNOTSUPP, op_register_ring(cap, &self->ring));
	EXPECT_EQ(-EINVAL, op_attach(cap, NULL));
	EXPECT_EQ(-EBADF, op_enter(-1, &self->ring));
	EXPECT_EQ(-EBADF, op_register(-1, NULL));
	EXPECT_EQ(-ENXIO, op_attach(-1, NULL));
}

/* A ring does not go to other processes, nor is it closed by a request. */
TEST_F(limited, not_passed_on)
{
	int cap = limit_all(self->ring.fd), two[2];

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two));
	EXPECT_EQ(-EINVAL, send_fds(two[0], &self->ring.fd, 1));
	EXPECT_EQ(-EINVAL, send_fds(two[0], &cap, 1));
	EXPECT_EQ(-EBADF, ring_do(&self->ring, (struct io_uring_sqe){
		.opcode = IORING_OP_CLOSE,
		.fd = cap,
	}, false));
	EXPECT_EQ(0, RET(fcntl(cap, F_GETFD)) & ~FD_CLOEXEC);
}

/*
 * A request on the ring that it is in holds it, but not for ever: when the
 * process ends, the ring lets go of the pipe that is registered with it.
 */
TEST_F(limited, polls_itself)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2];
	pid_t child;
	char c;

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	child = fork();
	if (!child) {
		struct io_uring_sqe sqe = {
			.opcode = IORING_OP_POLL_ADD,
			.poll32_events = POLLIN,
		};
		struct ring r;

		if (ring_setup(&r, 8, 0) ||
		    IO_REGISTER(&r, IORING_REGISTER_FILES, &fds[1], 1))
			_exit(1);
		sqe.fd = limit_to(r.fd, CAP_EVENT);
		ring_queue(&r, &sqe);
		if (ring_send(&r, 1) || ring_reap(&r, &(struct io_uring_cqe){}))
			_exit(2);
		_exit(0);
	}
	ASSERT_LT(0, child);
	EXPECT_TRUE(child_ok(child));
	close(fds[1]);
	p.fd = fds[0];
	ASSERT_EQ(1, poll(&p, 1, 300 * 1000));
	EXPECT_EQ(0, read(fds[0], &c, 1));
}

/* What a ring that is disabled is to be allowed: nothing of the rest. */
static const struct io_uring_restriction allowed[] = {
	{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_NOP },
	{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_OPENAT },
};

/* One that is on the list, and one that is not. */
static int nop_and_fsync(struct ring *r)
{
	struct io_uring_sqe fsync = { .opcode = IORING_OP_FSYNC };

	STEP(!ring_do(r, (struct io_uring_sqe){ }, false));
	return ring_do(r, fsync, false);
}

TEST_F(limited, disabled)
{
	struct ring r, able, unable;
	int i;

	ASSERT_EQ(0, ring_setup(&r, 8, IORING_SETUP_R_DISABLED));
	able.fd = limit_to(r.fd, CAP_IO_URING);
	ASSERT_LE(0, able.fd);
	unable.fd = limit_all_but(r.fd, CAP_IO_URING);
	ASSERT_LE(0, unable.fd);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-ENOTCAPABLE,
			  IO_REGISTER(&unable, IORING_REGISTER_RESTRICTIONS,
				      allowed, ARRAY_SIZE(allowed)));
		EXPECT_EQ(-ENOTCAPABLE,
			  IO_REGISTER(&unable, IORING_REGISTER_ENABLE_RINGS,
				      NULL, 0));
		/* It is as it was: disabled, and can be restricted once. */
		EXPECT_EQ(-EBADFD, ring_submit(&r, 0, 0));
		EXPECT_EQ(i ? -EBUSY : 0,
			  IO_REGISTER(&able, IORING_REGISTER_RESTRICTIONS,
				      allowed, ARRAY_SIZE(allowed)));
	}
	EXPECT_EQ(0, IO_REGISTER(&able, IORING_REGISTER_ENABLE_RINGS, NULL, 0));
	EXPECT_EQ(-EACCES, nop_and_fsync(&r));
	close(able.fd);
	close(unable.fd);
	ring_free(&r);
}

/* Restricted before, enabled after; what is on the list is judged as ever. */
static int enabled_after(void *arg)
{
	const bool *enter = arg;
	struct ring r;
	int dir, fd;

	dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	STEP(dir >= 0);
	STEP(!ring_setup(&r, 8, IORING_SETUP_R_DISABLED));
	STEP(!IO_REGISTER(&r, IORING_REGISTER_RESTRICTIONS, allowed,
			  ARRAY_SIZE(allowed)));
	STEP(!*enter || !sys_cap_enter(0));
	STEP(ring_submit(&r, 0, 0) == -EBADFD);
	STEP(!IO_REGISTER(&r, IORING_REGISTER_ENABLE_RINGS, NULL, 0));
	STEP(nop_and_fsync(&r) == -EACCES);
	STEP(IO_REGISTER(&r, IORING_REGISTER_PERSONALITY, NULL, 0) == -EACCES);
	fd = ring_do(&r, sqe_openat(dir, ".", O_PATH), false);
	STEP(fd >= 0 && !close(fd));
	fd = ring_do(&r, sqe_openat(AT_FDCWD, ".", O_PATH), false);
	STEP(fd < 0 || !close(fd));
	ring_free(&r);
	return fd < 0 ? fd : 0;
}

TEST_F(limited, enabled_in_mode)
{
	bool enter = false;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(enabled_after, &enter));
	enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(enabled_after, &enter));
}

/*
 * All of them take a ring: what they are to do with it does not matter. (By a
 * number in the table of rings it is one that has been put in there, which is
 * what takes the right.)
 */
TEST_F(limited, every_register_opcode)
{
	struct ring able, unable;
	unsigned int op;

	able.fd = limit_to(self->ring.fd, CAP_IO_URING);
	ASSERT_LE(0, able.fd);
	unable.fd = limit_all_but(self->ring.fd, CAP_IO_URING);
	ASSERT_LE(0, unable.fd);
	for (op = 0; op < IORING_REGISTER_LAST; op++) {
		EXPECT_EQ(-ENOTCAPABLE, IO_REGISTER(&unable, op, NULL, 0))
			TH_LOG("opcode %u", op);
		EXPECT_NE(-ENOTCAPABLE, IO_REGISTER(&able, op, NULL, 0))
			TH_LOG("opcode %u", op);
	}
	/* There is none that they could be asked for. */
	EXPECT_EQ(-EINVAL, IO_REGISTER(&unable, op, NULL, 0));
	close(able.fd);
	close(unable.fd);
}

/* Completions are told to who may be written to. */
TEST_F(limited, eventfd)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int cap = limit_all_but(event, CAP_WRITE);
	uint64_t n;

	ASSERT_LE(0, cap);
	EXPECT_GT(0, IO_REGISTER(&self->ring, IORING_REGISTER_EVENTFD, &cap,
				 1));
	EXPECT_EQ(0, ring_do(&self->ring, (struct io_uring_sqe){ }, false));
	EXPECT_EQ(-EAGAIN, RET(read(event, &n, sizeof(n))));
	EXPECT_EQ(0, IO_REGISTER(&self->ring, IORING_REGISTER_EVENTFD, &event,
				 1));
	EXPECT_EQ(0, ring_do(&self->ring, (struct io_uring_sqe){ }, false));
	EXPECT_EQ(sizeof(n), read(event, &n, sizeof(n)));
}

TEST_HARNESS_MAIN
