// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode and sockets through io_uring: what names something is refused
 * when it is carried out, whoever does that and whenever it was prepared.
 */
#include "sockets.h"
#include "uring.h"

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#define SO_PEERPIDFD	77
#endif

#define USER_DATA	0x5eedULL
#define BUFFER_GROUP	7

enum op {
	OP_SOCKET,
	OP_SOCKET_DIRECT,
	OP_BIND,
	OP_CONNECT,
	OP_LISTEN,
	OP_SEND,
	OP_SENDMSG,
	OP_SEND_ZC,
	OP_SENDMSG_ZC,
	OP_SEND_BUNDLE,		/* what the buffers of a ring have */
	OP_SEND_AUTO,		/* to nobody: would bind the socket */
	OP_SETSOCKOPT,
	OPS,
};

static const char *const op_names[] = {
	"socket", "socket_direct", "bind", "connect", "listen", "send",
	"sendmsg", "send_zc", "sendmsg_zc", "send_bundle", "send_auto",
	"setsockopt",
};

struct attempt {
	struct peer p;
	enum op op;
	unsigned int setup;	/* IORING_SETUP_ */
	unsigned int sqe_flags;	/* IOSQE_ */
	bool linked;		/* prepared before, behind a read of a pipe */
	bool enter;
};

static bool op_has_socket(enum op op)
{
	return op != OP_SOCKET && op != OP_SOCKET_DIRECT;
}

static bool op_is_dgram(enum op op)
{
	return op >= OP_SEND && op <= OP_SEND_AUTO;
}

/* Fill @sqe; what it points to is in @p->m. */
static void fill_sqe(struct io_uring_sqe *sqe, struct peer *p, int op, int fd)
{
	struct arena *m = p->m;
	static const int on = 1;

	memset(sqe, 0, sizeof(*sqe));
	sqe->fd = fd;
	sqe->user_data = USER_DATA;
	switch (op) {
	case OP_SOCKET:
	case OP_SOCKET_DIRECT:
		sqe->opcode = IORING_OP_SOCKET;
		sqe->fd = AF_NETLINK;
		sqe->off = SOCK_RAW;
		sqe->file_index = op == OP_SOCKET_DIRECT;
		break;
	case OP_BIND:
		sqe->opcode = IORING_OP_BIND;
		sqe->addr2 = any_address(p->domain, &m->addr);
		sqe->addr = (uintptr_t)&m->addr;
		break;
	case OP_CONNECT:
		sqe->opcode = IORING_OP_CONNECT;
		m->addr = p->laddr;
		sqe->addr = (uintptr_t)&m->addr;
		sqe->off = p->llen;
		break;
	case OP_LISTEN:
		sqe->opcode = IORING_OP_LISTEN;
		sqe->len = 4;
		break;
	case OP_SEND:
	case OP_SEND_ZC:
	case OP_SEND_BUNDLE:
	case OP_SEND_AUTO:
		sqe->opcode = op == OP_SEND_ZC ? IORING_OP_SEND_ZC :
						 IORING_OP_SEND;
		m->data[0] = 'd';
		if (op == OP_SEND_BUNDLE) {
			sqe->flags = IOSQE_BUFFER_SELECT;
			sqe->ioprio = IORING_RECVSEND_BUNDLE;
			sqe->buf_group = BUFFER_GROUP;
		} else {
			sqe->addr = (uintptr_t)m->data;
			sqe->len = 1;
		}
		if (op == OP_SEND_AUTO)
			break;
		m->addr = p->raddr;
		sqe->addr2 = (uintptr_t)&m->addr;
		sqe->addr_len = p->rlen;
		break;
	case OP_SENDMSG:
	case OP_SENDMSG_ZC:
		sqe->opcode = op == OP_SENDMSG ? IORING_OP_SENDMSG :
						 IORING_OP_SENDMSG_ZC;
		m->addr = p->raddr;
		fill_msg(m, p->rlen, NULL, 0);
		sqe->addr = (uintptr_t)&m->msg;
		sqe->len = 1;
		break;
	default:
		sqe->opcode = IORING_OP_URING_CMD;
		sqe->cmd_op = SOCKET_URING_OP_SETSOCKOPT;
		sqe->level = SOL_SOCKET;
		sqe->optname = SO_PASSPIDFD;
		memcpy(m->data, &on, sizeof(on));
		sqe->optval = (uintptr_t)m->data;
		sqe->optlen = sizeof(on);
		break;
	}
}

static int get_int(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int val = -1;

	return getsockopt(fd, level, name, &val, &len) ? -errno : val;
}

/* Has @op done to @fd what it is there for? */
static bool op_done(enum op op, int fd)
{
	switch (op) {
	case OP_BIND:
	case OP_SEND:
	case OP_SENDMSG:
	case OP_SEND_ZC:
	case OP_SENDMSG_ZC:
	case OP_SEND_BUNDLE:
	case OP_SEND_AUTO:
		return has_address(fd);
	case OP_CONNECT:
		return has_peer(fd);
	case OP_LISTEN:
		return get_int(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
	default:
		return get_int(fd, SOL_SOCKET, SO_PASSPIDFD) == 1;
	}
}

/* The result of the entry with USER_DATA. @n: how many are not yet sent. */
static int wait_for(struct ring *r, unsigned int n)
{
	struct io_uring_cqe cqe;
	int ret;

	for (;;) {
		while (ring_reap(r, &cqe)) {
			if (cqe.user_data == USER_DATA &&
			    !(cqe.flags & IORING_CQE_F_NOTIF))
				return cqe.res;
		}
		ret = ring_submit(r, n, 1);
		if (ret < 0 && ret != -EINTR)
			return BROKE_AT(__LINE__);
		n = 0;
	}
}

/* Whether there is anything in the first slot of the ring's table. */
static bool slot_used(struct ring *r)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SHUTDOWN,
		.flags = IOSQE_FIXED_FILE,
		.len = SHUT_RD,
	};

	return ring_one(r, &sqe) != -EBADF;
}

static int try_op(void *arg)
{
	struct attempt *a = arg;
	int fd = -1, pipefd[2], next, ret, none = -1;
	struct io_uring_buf_ring *br;
	struct io_uring_sqe sqe, head;
	struct ring r;
	char c;

	STEP(!ring_setup(&r, 8, a->setup));
	if (op_has_socket(a->op))
		STEP((fd = socket(a->p.domain, op_is_dgram(a->op) ?
				  SOCK_DGRAM : SOCK_STREAM, 0)) >= 0);
	if (a->op == OP_SOCKET_DIRECT)
		STEP(!syscall(__NR_io_uring_register, r.fd,
			      IORING_REGISTER_FILES, &none, 1));
	if (a->op == OP_SEND_BUNDLE) {
		br = low_page();
		STEP(br && !ring_buffer(&r, BUFFER_GROUP, br, a->p.m->data, 1));
	}
	STEP(!pipe(pipefd));
	fill_sqe(&sqe, &a->p, a->op, fd);
	sqe.flags |= a->sqe_flags;
	if (a->linked) {
		head = (struct io_uring_sqe){
			.opcode = IORING_OP_READ,
			.flags = IOSQE_IO_LINK,
			.fd = pipefd[0],
			.addr = (uintptr_t)&c,
			.len = 1,
		};
		ring_queue_all(&r, (struct io_uring_sqe[]){ head, sqe }, 2);
		STEP(ring_submit(&r, 2, 0) == 2);
	} else if (a->setup & IORING_SETUP_R_DISABLED) {
		ring_queue(&r, &sqe);
	}
	next = dup(0);
	STEP(next >= 0 && !close(next));

	STEP(!a->enter || !sys_cap_enter(0));

	if (a->linked) {
		STEP(write(pipefd[1], "g", 1) == 1);
		ret = wait_for(&r, 0);
	} else if (a->setup & IORING_SETUP_R_DISABLED) {
		STEP(!syscall(__NR_io_uring_register, r.fd,
			      IORING_REGISTER_ENABLE_RINGS, NULL, 0));
		ret = wait_for(&r, 1);
	} else {
		ring_queue(&r, &sqe);
		ret = wait_for(&r, 1);
	}

	/* Local sockets get no name by sending. */
	if (a->p.domain == AF_UNIX && op_is_dgram(a->op))
		STEP(!has_address(fd));
	else if (op_has_socket(a->op))
		STEP(op_done(a->op, fd) == (ret != -ECAPMODE));
	else if (a->op == OP_SOCKET_DIRECT)
		STEP(slot_used(&r) == !ret);
	else
		STEP(ret == next || (ret < 0 && dup(0) == next));
	if (a->op == OP_SEND_AUTO && ret == -EDESTADDRREQ)
		return 0;
	return ret;
}

FIXTURE(uring)
{
	struct attempt a;
};

FIXTURE_VARIANT(uring)
{
	unsigned int setup;
	unsigned int sqe_flags;
	bool linked;
};

FIXTURE_VARIANT_ADD(uring, now)
{
	.setup = 0,
};

/* By a worker. */
FIXTURE_VARIANT_ADD(uring, async)
{
	.sqe_flags = IOSQE_ASYNC,
};

/* By the thread that polls the ring. */
FIXTURE_VARIANT_ADD(uring, sqpoll)
{
	.setup = IORING_SETUP_SQPOLL,
};

/* In the ring before, looked at after. */
FIXTURE_VARIANT_ADD(uring, disabled)
{
	.setup = IORING_SETUP_R_DISABLED,
};

/* Looked at before, carried out after, by whoever completes the read. */
FIXTURE_VARIANT_ADD(uring, linked)
{
	.linked = true,
};

FIXTURE_VARIANT_ADD(uring, linked_async)
{
	.linked = true,
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uring, linked_defer)
{
	.linked = true,
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_SETUP(uring)
{
	REQUIRE_CAPMODE();
	self->a.setup = variant->setup;
	self->a.sqe_flags = variant->sqe_flags;
	self->a.linked = variant->linked;
}

FIXTURE_TEARDOWN(uring)
{
}

static void check_refused(struct __test_metadata *_metadata, struct attempt *a)
{
	for (a->op = 0; a->op < OPS; a->op++) {
		bool dgram = op_is_dgram(a->op) && a->op != OP_SEND_AUTO;

		/* AF_UNIX knows neither, whatever the mode. */
		if (a->p.domain == AF_UNIX &&
		    (a->op == OP_LISTEN || a->op == OP_SEND_AUTO ||
		     a->op == OP_SEND_ZC || a->op == OP_SENDMSG_ZC))
			continue;
		/* Workers send no bundles. */
		if (a->op == OP_SEND_BUNDLE && a->sqe_flags)
			continue;
		a->enter = false;
		EXPECT_LE(0, in_child(try_op, a))
			TH_LOG("%s outside", op_names[a->op]);
		EXPECT_EQ(dgram, peer_got(&a->p));
		EXPECT_EQ(a->op == OP_CONNECT, peer_met(&a->p));
		a->enter = true;
		EXPECT_EQ(-ECAPMODE, in_child(try_op, a))
			TH_LOG("%s in capability mode", op_names[a->op]);
		EXPECT_EQ(0, peer_got(&a->p));
		EXPECT_EQ(0, peer_met(&a->p));
	}
}

static const int domains[] = { AF_INET, AF_INET6, AF_UNIX };

/* For each family: the *@i'th, and somebody of it to talk to. */
static bool next_domain(struct attempt *a, unsigned int *i)
{
	return *i < ARRAY_SIZE(domains) &&
	       !peer_init(&a->p, domains[(*i)++], ROAD_CALL);
}

TEST_F(uring, refused)
{
	unsigned int i = 0;

	while (next_domain(&self->a, &i))
		check_refused(_metadata, &self->a);
	EXPECT_EQ(ARRAY_SIZE(domains), i);
}

/* ---- what goes on working ---- */

static int try_socket(void *arg)
{
	struct attempt *a = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SOCKET,
		.fd = a->p.domain,
		.off = SOCK_STREAM,
		.user_data = USER_DATA,
		.flags = a->sqe_flags,
	};
	struct ring r;
	int fd, none = -1;

	STEP(!ring_setup(&r, 8, a->setup & ~IORING_SETUP_R_DISABLED));
	fd = ring_one(&r, &sqe);
	STEP(fd >= 0);
	STEP(get_int(fd, SOL_SOCKET, SO_DOMAIN) == a->p.domain);
	STEP(!syscall(__NR_io_uring_register, r.fd, IORING_REGISTER_FILES,
		      &none, 1));
	sqe.file_index = 1;
	STEP(!ring_one(&r, &sqe));
	STEP(slot_used(&r));
	return 0;
}

TEST_F(uring, socket)
{
	unsigned int i = 0;

	while (next_domain(&self->a, &i))
		EXPECT_BOTH(try_socket, &self->a);
	EXPECT_EQ(ARRAY_SIZE(domains), i);
}

static int try_connected(void *arg)
{
	struct attempt *a = arg;
	struct io_uring_sqe sqe;
	struct ring r;
	int op, fd = a->p.tx, val = 0;
	char c;

	STEP(!ring_setup(&r, 8, a->setup & ~IORING_SETUP_R_DISABLED));
	for (op = OP_SEND; op <= OP_SENDMSG_ZC; op++) {
		if (a->p.domain == AF_UNIX && op >= OP_SEND_ZC)
			break;
		fill_sqe(&sqe, &a->p, op, fd);
		sqe.flags = a->sqe_flags;
		if (op == OP_SEND || op == OP_SEND_ZC) {
			sqe.addr2 = 0;
			sqe.addr_len = 0;
		} else {
			fill_msg(a->p.m, 0, NULL, 0);
		}
		ring_queue(&r, &sqe);
		STEP(wait_for(&r, 1) == 1);
		sqe = (struct io_uring_sqe){
			.opcode = IORING_OP_RECV,
			.flags = a->sqe_flags,
			.fd = a->p.rx,
			.addr = (uintptr_t)&c,
			.len = 1,
			.user_data = USER_DATA,
		};
		ring_queue(&r, &sqe);
		STEP(wait_for(&r, 1) == 1 && c == 'd');
	}
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.flags = a->sqe_flags,
		.fd = fd,
		.cmd_op = SOCKET_URING_OP_GETSOCKOPT,
		.level = SOL_SOCKET,
		.optname = SO_TYPE,
		.optval = (uintptr_t)&val,
		.optlen = sizeof(val),
		.user_data = USER_DATA,
	};
	ring_queue(&r, &sqe);
	STEP(wait_for(&r, 1) == sizeof(val) && val == SOCK_DGRAM);
	if (a->p.domain == AF_UNIX)
		return 0;
	STEP(send(fd, "d", 1, 0) == 1);
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.flags = a->sqe_flags,
		.fd = a->p.rx,
		.cmd_op = SOCKET_URING_OP_SIOCINQ,
		.user_data = USER_DATA,
	};
	ring_queue(&r, &sqe);
	STEP(wait_for(&r, 1) == 1);
	STEP(recv(a->p.rx, &c, 1, 0) == 1);
	return 0;
}

TEST_F(uring, connected)
{
	unsigned int i = 0;

	while (next_domain(&self->a, &i))
		EXPECT_BOTH(try_connected, &self->a);
	EXPECT_EQ(ARRAY_SIZE(domains), i);
}

static void fill_accept(struct io_uring_sqe *sqe, int listener)
{
	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_ACCEPT,
		.fd = listener,
		.ioprio = IORING_ACCEPT_MULTISHOT,
		.user_data = USER_DATA,
	};
}

/* A descriptor of the other end: once to be had, and once not. */
static int try_peerpidfd(void *arg)
{
	struct attempt *a = arg;
	int val = -7, ret, sv[2], next;
	struct io_uring_sqe sqe;
	struct ring r;

	STEP(!ring_setup(&r, 8, a->setup & ~IORING_SETUP_R_DISABLED));
	STEP(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	next = dup(0);
	STEP(next >= 0 && !close(next));
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.flags = a->sqe_flags,
		.fd = sv[0],
		.cmd_op = SOCKET_URING_OP_GETSOCKOPT,
		.level = SOL_SOCKET,
		.optname = SO_PEERPIDFD,
		.optval = (uintptr_t)&val,
		.optlen = sizeof(val),
	};
	ret = ring_one(&r, &sqe);
	if (ret == sizeof(val)) {
		STEP(val == next);
		return 0;
	}
	STEP(val == -7 && dup(0) == next);
	return ret;
}

TEST_F(uring, peerpidfd)
{
	EXPECT_ECAPMODE(try_peerpidfd, &self->a);
}

/* One process accepts, another one that is not in the mode connects. */
static int try_accept(void *arg)
{
	struct attempt *a = arg;
	struct io_uring_sqe sqe;
	struct ring r;
	int go[2], fd, i;
	char c;

	STEP(!pipe(go));
	if (!fork()) {
		close(go[1]);
		alarm(TEST_TIMEOUT_DEFAULT / 4);
		while (read(go[0], &c, 1) == 1) {
			fd = connected_socket(a->p.domain, SOCK_STREAM,
					      &a->p.laddr, a->p.llen);
			if (fd < 0 || write(fd, "c", 1) != 1)
				break;
		}
		_exit(0);
	}
	close(go[0]);
	STEP(!ring_setup(&r, 8, a->setup & ~IORING_SETUP_R_DISABLED));
	fill_accept(&sqe, a->p.listener);
	sqe.flags = a->sqe_flags;
	ring_queue(&r, &sqe);
	STEP(ring_submit(&r, 1, 0) == 1);
	for (i = 0; i < 3; i++) {
		if (i == 1)
			STEP(!a->enter || !sys_cap_enter(0));
		STEP(write(go[1], "g", 1) == 1);
		fd = wait_for(&r, 0);
		if (fd < 0)
			return fd;
		STEP(read(fd, &c, 1) == 1 && c == 'c');
		STEP(!close(fd));
	}
	return 0;
}

TEST_F(uring, accept_multishot)
{
	unsigned int i = 0;

	while (next_domain(&self->a, &i)) {
		self->a.enter = false;
		EXPECT_EQ(0, in_child(try_accept, &self->a));
		self->a.enter = true;
		EXPECT_EQ(0, in_child(try_accept, &self->a));
	}
	EXPECT_EQ(ARRAY_SIZE(domains), i);
}

/*
 * A connection on its way is none that is named: it ends as it would have, and
 * not before, though the request be woken. The queue of the listener is full, so
 * that it is not there at once.
 */
static int try_begun(void *arg)
{
	struct attempt *a = arg;
	const int more = 1 << 20;
	struct sockaddr_storage ss;
	struct io_uring_sqe sqe;
	struct ring r;
	socklen_t len;
	int lfd, fd, ret;

	lfd = bound_socket(a->p.domain, SOCK_STREAM, 0, &ss, &len);
	STEP(lfd >= 0 && !listen(lfd, 0));
	STEP(connected_socket(a->p.domain, SOCK_STREAM, &ss, len) >= 0);
	STEP(!ring_setup(&r, 8, a->setup & ~IORING_SETUP_R_DISABLED));
	fd = socket(a->p.domain, SOCK_STREAM, 0);
	STEP(fd >= 0);
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.flags = a->sqe_flags,
		.fd = fd,
		.addr = (uintptr_t)&ss,
		.off = len,
		.user_data = USER_DATA,
	};
	ring_queue(&r, &sqe);
	STEP(ring_submit(&r, 1, 0) == 1);
	/* Until it has begun, whoever does it. */
	while (!has_address(fd))
		sched_yield();
	STEP(!has_peer(fd));
	STEP(!a->enter || !sys_cap_enter(0));
	/*
	 * Wakes who waits for room in the socket. (Outside of the mode, such a
	 * request connects once more, which is EALREADY.)
	 */
	STEP(!a->enter ||
	     !setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &more, sizeof(more)));
	STEP(accept(lfd, NULL, NULL) >= 0);
	ret = wait_for(&r, 0);
	STEP(has_peer(fd));
	return ret;
}

TEST_F(uring, connect_begun)
{
	self->a.p.domain = AF_INET;
	self->a.enter = false;
	EXPECT_EQ(0, in_child(try_begun, &self->a));
	self->a.enter = true;
	EXPECT_EQ(0, in_child(try_begun, &self->a));
}

/* ---- a ring that ends ---- */

/*
 * What hangs behind a request that does not end: with the ring, it is ended by a
 * thread of the kernel, which is in no mode. Nothing that is left behind may be
 * done then, not for anybody.
 */
struct leaving {
	struct attempt a;
	int head[2];	/* what is waited for; somebody else keeps it silent */
	int gone;	/* in the ring's table, which goes last */
	bool stay;	/* until it has been there, and all of it is done */
};

static int leave_ring(void *arg)
{
	struct leaving *l = arg;
	struct attempt *a = &l->a;
	int fd = socket(a->p.domain,
			op_is_dgram(a->op) ? SOCK_DGRAM : SOCK_STREAM, 0);
	struct io_uring_sqe sqe;
	struct ring r;

	STEP(fd >= 0);
	STEP(!ring_setup(&r, 8, a->setup));
	fill_sqe(&sqe, &a->p, a->op, fd);
	sqe.flags |= a->sqe_flags;
	STEP(!ring_send_behind(&r, &sqe, l->head[0], l->gone));
	if (!l->stay)
		return 0;
	STEP(write(l->head[1], "g", 1) == 1);
	return wait_for(&r, 0);
}

static void check_left(struct __test_metadata *_metadata, struct leaving *l,
		       bool dgram)
{
	int pipefd[2];
	char c;

	ASSERT_EQ(0, pipe(l->head));
	l->stay = true;
	l->gone = l->head[0];
	EXPECT_LE(0, in_child(leave_ring, l));
	EXPECT_EQ(dgram, peer_got(&l->a.p));
	EXPECT_EQ(!dgram, peer_met(&l->a.p));
	EXPECT_EQ(1, read(l->head[0], &c, 1));

	l->stay = false;
	ASSERT_EQ(0, pipe(pipefd));
	l->gone = pipefd[0];
	EXPECT_EQ(0, capmode_run(leave_ring, l));
	close(pipefd[0]);
	EXPECT_TRUE(ring_is_gone(pipefd[1]));
	EXPECT_EQ(0, peer_got(&l->a.p));
	EXPECT_EQ(0, peer_met(&l->a.p));
	close(pipefd[1]);
	close(l->head[0]);
	close(l->head[1]);
}

TEST_F(uring, left_behind)
{
	struct leaving l = { .a = self->a };

	/* All are linked here, and none can be disabled. */
	if (variant->setup & IORING_SETUP_R_DISABLED ||
	    (variant->linked && !variant->setup))
		return;
	ASSERT_EQ(0, peer_init(&l.a.p, AF_INET, ROAD_CALL));
	l.a.op = OP_SENDMSG;
	check_left(_metadata, &l, true);
	l.a.op = OP_CONNECT;
	check_left(_metadata, &l, false);
}

TEST_HARNESS_MAIN
