// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode and messages: one with an address is refused, by whichever
 * call it comes, and so is one whose control messages name something. Nobody
 * gets an address by sending, nor a descriptor of a sender by receiving.
 */
#include "sockets.h"
#include "victims.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net_tstamp.h>
#include <linux/sctp.h>
#include <sys/sendfile.h>

#ifndef SOL_SCTP
#define SOL_SCTP	IPPROTO_SCTP
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD	4
#endif

/* The index of the loopback interface, on every machine. */
#define LO	1

FIXTURE(sock)
{
	struct peer p;
};

FIXTURE_VARIANT(sock)
{
	int domain;
	enum road road;
};

DOMAIN_VARIANTS(sock, inet, AF_INET);
DOMAIN_VARIANTS(sock, inet6, AF_INET6);
DOMAIN_VARIANTS(sock, unix, AF_UNIX);

FIXTURE_SETUP(sock)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	ASSERT_EQ(0, peer_init(&self->p, variant->domain, variant->road));
}

FIXTURE_TEARDOWN(sock)
{
}

/* ---- addresses of messages ---- */

/* By every call: once it reaches the peer, who counts, and then it does not. */
static void check_refused(struct __test_metadata *_metadata, struct sending s,
			  int (*try)(void *s), int (*count)(struct peer *p))
{
	for (s.how = 0; s.how < HOWS; s.how++) {
		EXPECT_EQ(1, in_child(try, &s))
			TH_LOG("%s", how_name(s.how));
		EXPECT_EQ(1, count(s.p));
		EXPECT_EQ(-ECAPMODE, capmode_run(try, &s))
			TH_LOG("%s", how_name(s.how));
		EXPECT_EQ(0, count(s.p));
	}
}

TEST_F(sock, send_to)
{
	struct sending s = { .p = &self->p, .fd = -1 };

	check_refused(_metadata, s, try_send_to, peer_got);
}

/* The socket is connected to just that address. */
TEST_F(sock, send_to_the_same)
{
	struct sending s = { .p = &self->p, .fd = self->p.tx };

	check_refused(_metadata, s, try_send_to, peer_got);
}

/* MSG_FASTOPEN connects by the way. */
static int try_fastopen(void *arg)
{
	struct sending *s = arg;
	struct peer *p = s->p;
	int fd = RET(socket(p->domain, SOCK_STREAM, 0));
	int ret;

	STEP(fd >= 0);
	p->m->addr = p->laddr;
	ret = road_send(p->road, p->m, s->how, fd, p->llen, MSG_FASTOPEN);
	STEP(has_peer(fd) == (ret > 0));
	STEP(has_address(fd) == (ret > 0));
	return ret;
}

TEST_F(sock, fastopen)
{
	struct sending s = { .p = &self->p };

	if (variant->domain == AF_UNIX)
		return;
	check_refused(_metadata, s, try_fastopen, peer_met);
}

/* TCP_FASTOPEN_CONNECT connects with what is sent once one has connected. */
static int try_fastopen_connect(void *arg)
{
	struct sending *s = arg;
	struct peer *p = s->p;
	int fd = RET(socket(p->domain, SOCK_STREAM, 0));
	int ret, on = 1;

	STEP(fd >= 0);
	STEP(!setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on,
			 sizeof(on)));
	p->m->addr = p->laddr;
	ret = road_call(p->road, p->m, SYS_CONNECT, fd, (uintptr_t)&p->m->addr,
			p->llen, 0, 0, 0);
	if (ret)
		STEP(send(fd, "d", 1, MSG_NOSIGNAL) < 0);
	else
		ret = road_send(p->road, p->m, s->how, fd, 0, 0);
	STEP(has_peer(fd) == (ret > 0));
	STEP(has_address(fd) == (ret > 0));
	return ret;
}

TEST_F(sock, fastopen_connect)
{
	struct sending s = { .p = &self->p };

	if (variant->domain == AF_UNIX)
		return;
	check_refused(_metadata, s, try_fastopen_connect, peer_met);
}

struct unnamed {
	int domain, protocol;
};

/* To nobody: it fails, and what is said to nobody leaves no name behind. */
static int try_fastopen_unnamed(void *arg)
{
	const struct unnamed *u = arg;
	int fd = RET(socket(u->domain, SOCK_STREAM, u->protocol));
	int ret;

	if (fd < 0)
		return fd;
	STEP(send(fd, "d", 1, MSG_FASTOPEN) < 0);
	STEP(!has_address(fd));
	ret = RET(listen(fd, 1));
	STEP(has_address(fd) == !ret);
	return ret;
}

TEST_F(sock, fastopen_unnamed)
{
	struct unnamed u = { .domain = variant->domain };

	if (variant->domain == AF_UNIX)
		return;
	EXPECT_ECAPMODE(try_fastopen_unnamed, &u);
	/* This one tells a socket of the kernel's to. */
	u.protocol = IPPROTO_MPTCP;
	if (in_child(try_fastopen_unnamed, &u) == -EPROTONOSUPPORT)
		SKIP(return, "no MPTCP");
	EXPECT_ECAPMODE(try_fastopen_unnamed, &u);
}

/* The second of two has an address: the first is sent, and that is all. */
static int try_second(void *arg)
{
	struct peer *p = arg;
	struct arena *m = p->m;

	m->addr = p->raddr;
	fill_msg(m, p->rlen, NULL, 0);
	m->mmsg[0].msg_hdr.msg_name = NULL;
	m->mmsg[0].msg_hdr.msg_namelen = 0;
	m->mmsg32[0][0] = 0;
	m->mmsg32[0][1] = 0;
	return road_call(p->road, m, SYS_SENDMMSG, p->tx, road_compat(p->road) ?
			 (uintptr_t)m->mmsg32 : (uintptr_t)m->mmsg, 2, 0, 0, 0);
}

TEST_F(sock, sendmmsg_second)
{
	EXPECT_EQ(2, in_child(try_second, &self->p));
	EXPECT_EQ(2, peer_got(&self->p));
	EXPECT_EQ(1, capmode_run(try_second, &self->p));
	EXPECT_EQ(1, peer_got(&self->p));
}

TEST_F(sock, send_connected)
{
	struct sending s = { .p = &self->p, .fd = self->p.tx };

	for (s.how = 0; s.how < HOWS; s.how++) {
		EXPECT_BOTH(try_send, &s);
		EXPECT_EQ(2, peer_got(&self->p));
	}
}

/*
 * An address of no bytes: @fd sends where it is connected to, if anywhere, and
 * @rx is who gets that.
 */
struct no_address {
	struct peer *p;
	int fd;
	int rx;
	enum how how;
};

static int try_no_address(void *arg)
{
	const struct no_address *a = arg;
	struct arena *m = a->p->m;
	int ret;

	fill_msg(m, 0, NULL, 0);
	m->msg.msg_name = &m->addr;
	m->mmsg[0].msg_hdr.msg_name = &m->addr;
	m->msg32[0] = (uintptr_t)&m->addr;
	m->mmsg32[0][0] = (uintptr_t)&m->addr;
	ret = send_filled(a->p->road, m, a->how, a->fd, &m->addr, 0,
			  MSG_NOSIGNAL);
	STEP(bytes_got(a->fd, a->rx) == (ret == 1));
	return ret;
}

/* @want: how sendto(2) goes outside. */
static void check_no_address(struct __test_metadata *_metadata,
			     struct no_address a, int want)
{
	int sock = a.fd;

	a.how = HOW_SENDTO;
	EXPECT_EQ(want, in_child(try_no_address, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_no_address, &a));
	a.fd = limit_to(sock, CAP_SEND, CAP_CONNECT);
	EXPECT_EQ(want, in_child(try_no_address, &a));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_no_address, &a));
	close(a.fd);
	a.fd = limit_to(sock, CAP_SEND);
	EXPECT_EQ(-ENOTCAPABLE, in_child(try_no_address, &a));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(try_no_address, &a));
	close(a.fd);
	/* A message of which it is told that its name has no bytes has none. */
	for (a.how = HOW_SENDMSG; a.how <= HOW_SENDMMSG; a.how++) {
		a.fd = sock;
		EXPECT_EQ(1, in_child(try_no_address, &a));
		EXPECT_EQ(1, capmode_run(try_no_address, &a));
		a.fd = limit_to(sock, CAP_SEND);
		EXPECT_EQ(1, in_child(try_no_address, &a));
		EXPECT_EQ(1, capmode_run(try_no_address, &a));
		close(a.fd);
	}
}

TEST_F(sock, send_to_no_bytes)
{
	struct peer *p = &self->p;
	struct no_address a = { .p = p, .fd = p->tx, .rx = p->rx };

	check_no_address(_metadata, a,
			 variant->domain == AF_UNIX ? 1 : -EINVAL);
	/* Streams do not look at it. */
	a.fd = connected_socket(variant->domain, SOCK_STREAM, &p->laddr,
				p->llen);
	ASSERT_LE(0, a.fd);
	a.rx = accept(p->listener, NULL, NULL);
	ASSERT_LE(0, a.rx);
	check_no_address(_metadata, a, 1);
	close(a.rx);
	close(a.fd);
}

/* The same by a ring, which has both calls. */
struct ring_no_address {
	struct peer *p;
	bool msg;
	unsigned int flags;
};

static int try_ring_no_address(void *arg)
{
	struct ring_no_address *a = arg;
	struct arena *m = a->p->m;
	struct io_uring_sqe sqe = {
		.opcode = a->msg ? IORING_OP_SENDMSG : IORING_OP_SEND,
		.flags = a->flags,
		.fd = a->p->tx,
		.len = 1,
	};

	fill_msg(m, 0, NULL, 0);
	m->msg.msg_name = &m->addr;
	if (a->msg) {
		sqe.addr = (uintptr_t)&m->msg;
	} else {
		sqe.addr = (uintptr_t)m->data;
		sqe.addr2 = (uintptr_t)&m->addr;
	}
	return ring_once(&sqe);
}

TEST_F(sock, ring_send_to_no_bytes)
{
	struct ring_no_address a = { .p = &self->p };
	int async;

	if (variant->road != ROAD_CALL)
		return;
	for (async = 0; async < 2; async++) {
		a.flags = async ? IOSQE_ASYNC : 0;
		a.msg = false;
		EXPECT_EQ(variant->domain == AF_UNIX ? 1 : -EINVAL,
			  in_child(try_ring_no_address, &a));
		EXPECT_EQ(variant->domain == AF_UNIX, peer_got(a.p));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_ring_no_address, &a));
		EXPECT_EQ(0, peer_got(a.p));
		a.msg = true;
		EXPECT_EQ(1, in_child(try_ring_no_address, &a));
		EXPECT_EQ(1, peer_got(a.p));
		EXPECT_EQ(1, capmode_run(try_ring_no_address, &a));
		EXPECT_EQ(1, peer_got(a.p));
	}
}

/* ---- automatic addresses of senders ---- */

enum autobind {
	AUTO_SEND,
	AUTO_SENDMSG,
	AUTO_SENDMMSG,
	AUTO_WRITE,
	AUTO_SPLICE,
	AUTO_SENDFILE,
	AUTOS,
};

struct autobinding {
	struct peer *p;
	enum autobind how;
};

static int auto_send(struct autobinding *a, int fd)
{
	int pipefd[2], file;

	switch (a->how) {
	case AUTO_WRITE:
		return RET(write(fd, "d", 1));
	case AUTO_SPLICE:
		STEP(!pipe(pipefd) && write(pipefd[1], "d", 1) == 1);
		return RET(splice(pipefd[0], NULL, fd, NULL, 1, 0));
	case AUTO_SENDFILE:
		file = RET(syscall(__NR_memfd_create, "", 0));
		STEP(file >= 0 && write(file, "d", 1) == 1);
		STEP(!lseek(file, 0, SEEK_SET));
		return RET(sendfile(fd, file, NULL, 1));
	default:
		return road_send(a->p->road, a->p->m, (enum how)a->how, fd, 0,
				 0);
	}
}

/*
 * Nobody is there to send to, but on the way to that the socket gets a port and
 * can be reached.
 */
static int try_autobind(void *arg)
{
	struct autobinding *a = arg;
	int fd = RET(socket(a->p->domain, SOCK_DGRAM, 0));
	int ret;

	STEP(fd >= 0 && !has_address(fd));
	ret = auto_send(a, fd);
	if (ret == -EDESTADDRREQ) {
		STEP(has_address(fd));
		return 0;
	}
	STEP(!has_address(fd));
	return ret;
}

TEST_F(sock, autobind)
{
	struct autobinding a = { .p = &self->p };

	if (variant->domain == AF_UNIX)
		return;
	for (a.how = 0; a.how < AUTOS; a.how++) {
		EXPECT_EQ(0, in_child(try_autobind, &a))
			TH_LOG("way %d", a.how);
		EXPECT_EQ(-ECAPMODE, capmode_run(try_autobind, &a))
			TH_LOG("way %d", a.how);
	}
}

/* Who wants credentials gets a name with the first send. A pair needs none. */
struct passcred {
	int sv[2];
	bool named;
};

static int try_passcred(void *arg)
{
	struct passcred *c = arg;
	char buf;

	STEP(send(c->sv[0], "d", 1, 0) == 1);
	STEP(recv(c->sv[1], &buf, 1, MSG_DONTWAIT) == 1);
	return has_address(c->sv[0]);
}

TEST(unix_autobind)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	struct passcred c;
	int on = 1;
	int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, c.sv));
		ASSERT_EQ(0, setsockopt(c.sv[0], SOL_SOCKET, SO_PASSCRED, &on,
					sizeof(on)));
		EXPECT_EQ(0, capmode_run(try_passcred, &c));
		EXPECT_EQ(1, in_child(try_passcred, &c));
	}
}

/* ---- control messages ---- */

FIXTURE(msg)
{
	struct arena *m;
};

FIXTURE_VARIANT(msg)
{
	enum road road;
};

ROAD_VARIANTS(msg);

FIXTURE_SETUP(msg)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	self->m = low_page();
	ASSERT_TRUE(!!self->m);
}

FIXTURE_TEARDOWN(msg)
{
}

/**
 * struct control - sending with a control message
 * @road: By which call.
 * @many: By sendmmsg(2), else by sendmsg(2).
 * @op: By this operation of io_uring instead, if not 0.
 * @sqe_flags: Its flags.
 * @m: Where the message is put.
 * @fd: A socket that is connected.
 * @rx: Its other end.
 * @level: Of the control message.
 * @type: Of the control message.
 * @len: How much data it has.
 * @data: The data.
 */
struct control {
	enum road road;
	bool many;
	uint8_t op;
	uint8_t sqe_flags;
	struct arena *m;
	int fd;
	int rx;
	int level;
	int type;
	size_t len;
	union {
		int i;
		struct ucred cred;
		struct in_addr in;
		struct in_pktinfo info;
		struct in6_pktinfo info6;
		char bytes[64];
	} data;
};

static int send_control(struct control *c)
{
	bool compat = road_compat(c->road);
	char *buf = (char *)(c->m + 1);
	uint32_t *h32 = (uint32_t *)buf;
	struct cmsghdr *h = (struct cmsghdr *)buf;
	const struct io_uring_sqe sqe = {
		.opcode = c->op,
		.flags = c->sqe_flags,
		.fd = c->fd,
		.addr = (uintptr_t)&c->m->msg,
		.len = 1,
	};

	memset(buf, 0, CMSG_SPACE(c->len));
	if (compat) {
		h32[0] = 12 + c->len;
		h32[1] = c->level;
		h32[2] = c->type;
		memcpy(h32 + 3, &c->data, c->len);
		fill_msg(c->m, 0, buf, 12 + ((c->len + 3) & ~3));
	} else {
		h->cmsg_len = CMSG_LEN(c->len);
		h->cmsg_level = c->level;
		h->cmsg_type = c->type;
		memcpy(CMSG_DATA(h), &c->data, c->len);
		fill_msg(c->m, 0, buf, CMSG_SPACE(c->len));
	}
	if (c->op)
		return ring_once(&sqe);
	return send_filled(c->road, c->m, c->many ? HOW_SENDMMSG : HOW_SENDMSG,
			   c->fd, NULL, 0, 0);
}

static int try_control(void *arg)
{
	struct control *c = arg;
	int ret = send_control(c);

	STEP(bytes_got(c->fd, c->rx) == (ret == 1));
	return ret;
}

/*
 * What names an address: refused in capability mode, and through a capability
 * that may not connect. @want is how it goes else.
 */
static void check_naming(struct __test_metadata *_metadata, struct control c,
			 int want)
{
	int sock = c.fd;

	EXPECT_EQ(want, in_child(try_control, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_control, &c));
	c.fd = limit_all_but(sock, CAP_CONNECT);
	EXPECT_EQ(-ENOTCAPABLE, in_child(try_control, &c));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(try_control, &c));
	close(c.fd);
	c.fd = limit_to(sock, CAP_SEND, CAP_CONNECT);
	EXPECT_EQ(want, in_child(try_control, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_control, &c));
	close(c.fd);
}

/* What does not: nothing but sending is asked for. */
static void check_not_naming(struct __test_metadata *_metadata, struct control c)
{
	int sock = c.fd;

	EXPECT_BOTH(try_control, &c);
	c.fd = limit_to(sock, CAP_SEND);
	EXPECT_BOTH(try_control, &c);
	close(c.fd);
}

TEST_F(msg, credentials)
{
	struct control c = {
		.road = variant->road,
		.m = self->m,
		.level = SOL_SOCKET,
		.type = SCM_CREDENTIALS,
		.len = sizeof(struct ucred),
	};
	struct ucred *cred = &c.data.cred;
	int sv[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	c.fd = sv[0];
	c.rx = sv[1];
	if (geteuid())
		SKIP(return, "only root may name another");
	/* The parent of who tries. */
	cred->pid = getpid();
	EXPECT_EQ(1, in_child(try_control, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_control, &c));
	/* Nobody: not to be told from somebody. */
	cred->pid = 0x3fffffff;
	EXPECT_EQ(-ESRCH, in_child(try_control, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_control, &c));
}

static int try_own_credentials(void *arg)
{
	struct control *c = arg;
	struct ucred *cred = &c->data.cred;

	cred->pid = getpid();
	cred->uid = getuid();
	cred->gid = getgid();
	return try_control(arg);
}

TEST_F(msg, own_credentials)
{
	struct control c = {
		.road = variant->road,
		.m = self->m,
		.level = SOL_SOCKET,
		.type = SCM_CREDENTIALS,
		.len = sizeof(struct ucred),
	};
	int sv[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	c.fd = sv[0];
	c.rx = sv[1];
	EXPECT_BOTH(try_own_credentials, &c);
}

/**
 * struct numbering - credentials with a number, and who names it
 * @c: The message; @c.rx wants credentials.
 * @thread: The number is that of another thread of the sender's, else 0.
 * @drop: Without privileges.
 * @enter: In capability mode.
 */
struct numbering {
	struct control c;
	bool thread;
	bool drop;
	bool enter;
};

static int try_number(void *arg)
{
	struct numbering *n = arg;
	struct ucred *cred = &n->c.data.cred;
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(*cred))];
	} u = {};
	char data;
	struct iovec iov = { .iov_base = &data, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	struct ucred got = { .pid = -1 };
	int ret;

	if (n->drop)
		STEP(!setresgid(7, 7, 7) && !setresuid(7, 7, 7));
	cred->pid = n->thread ? idle_thread() : 0;
	cred->uid = getuid();
	cred->gid = getgid();
	if (n->enter)
		STEP(!sys_cap_enter(0));
	ret = send_control(&n->c);
	if (ret < 0) {
		STEP(recv(n->c.rx, &data, 1, MSG_DONTWAIT) < 0);
		return ret;
	}
	/* Whose number it is gets known as that. */
	STEP(recvmsg(n->c.rx, &msg, 0) == 1 && data == 'd');
	STEP(u.h.cmsg_level == SOL_SOCKET && u.h.cmsg_type == SCM_CREDENTIALS);
	memcpy(&got, CMSG_DATA(&u.h), sizeof(got));
	STEP(got.pid == cred->pid && got.uid == cred->uid);
	return ret;
}

TEST_F(msg, numbers_of_oneself)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct numbering n = {
		.c.road = variant->road,
		.c.m = self->m,
		.c.level = SOL_SOCKET,
		.c.type = SCM_CREDENTIALS,
		.c.len = sizeof(struct ucred),
	};
	bool root = !geteuid();
	int sv[2], i, enter, on = 1;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, sv));
		ASSERT_EQ(0, setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &on,
					sizeof(on)));
		n.c.fd = sv[0];
		n.c.rx = sv[1];
		for (enter = 0; enter < 2; enter++) {
			n.enter = enter;
			/* Nobody has this number. */
			n.thread = false;
			n.drop = false;
			EXPECT_EQ(root ? -ESRCH : -EPERM,
				  in_child(try_number, &n));
			n.drop = root;
			EXPECT_EQ(-EPERM, in_child(try_number, &n));
			/* One's own, but not the process's. */
			n.thread = true;
			EXPECT_EQ(-EPERM, in_child(try_number, &n));
			n.drop = false;
			EXPECT_EQ(root ? 1 : -EPERM, in_child(try_number, &n));
		}
		close(sv[0]);
		close(sv[1]);
	}
}

/* By which interface, and from which address. */
static void leave_by_loopback(struct control *c)
{
	c->level = SOL_IP;
	c->type = IP_PKTINFO;
	c->len = sizeof(c->data.info);
	memset(&c->data, 0, sizeof(c->data));
	c->data.info.ipi_ifindex = LO;
	c->data.info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK);
}

TEST_F(msg, inet_control)
{
	struct control c = { .road = variant->road, .m = self->m };
	struct peer p;

	ASSERT_EQ(0, peer_init(&p, AF_INET, variant->road));
	c.fd = p.tx;
	c.rx = p.rx;
	leave_by_loopback(&c);
	check_naming(_metadata, c, 1);
	/* Where on the way: "no operation". */
	c.type = IP_RETOPTS;
	c.len = 4;
	memset(&c.data, 1, 4);
	check_naming(_metadata, c, 1);
	/* Those that are about the packet only. */
	c.type = IP_TTL;
	c.data.i = 7;
	check_not_naming(_metadata, c);
}

/* An IPv4 address in what is IPv6's, and IPv4's own, on a socket of IPv6. */
TEST_F(msg, mapped)
{
	struct control c = { .road = variant->road, .m = self->m };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct peer p;
	int many;

	ASSERT_EQ(0, peer_init(&p, AF_INET, variant->road));
	in6.sin6_port = ((struct sockaddr_in *)&p.raddr)->sin_port;
	in6.sin6_addr.s6_addr16[5] = 0xffff;
	in6.sin6_addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
	c.fd = socket(AF_INET6, SOCK_DGRAM, 0);
	ASSERT_LE(0, c.fd);
	ASSERT_EQ(0, connect(c.fd, (void *)&in6, sizeof(in6)));
	c.rx = p.rx;
	for (many = 0; many < 2; many++) {
		c.many = many;
		c.level = SOL_IPV6;
		c.type = IPV6_PKTINFO;
		c.len = sizeof(c.data.info6);
		c.data.info6.ipi6_addr = in6.sin6_addr;
		c.data.info6.ipi6_ifindex = LO;
		check_naming(_metadata, c, 1);
		leave_by_loopback(&c);
		check_naming(_metadata, c, 1);
	}
	close(c.fd);
}

/* What the system's tables of routes and filters go by is not one's own. */
TEST_F(msg, mark)
{
	struct control c = {
		.road = variant->road,
		.m = self->m,
		.level = SOL_SOCKET,
		.type = SO_MARK,
		.len = sizeof(int),
	};
	struct peer p, p6;

	if (geteuid())
		SKIP(return, "only root may mark");
	c.data.i = 7;
	ASSERT_EQ(0, peer_init(&p, AF_INET, variant->road));
	c.fd = p.tx;
	c.rx = p.rx;
	check_naming(_metadata, c, 1);
	ASSERT_EQ(0, peer_init(&p6, AF_INET6, variant->road));
	c.fd = p6.tx;
	c.rx = p6.rx;
	check_naming(_metadata, c, 1);
	/* A third place is that of streams, which share it with packets. */
	c.fd = connected_socket(AF_INET, SOCK_STREAM, &p.laddr, p.llen);
	ASSERT_LE(0, c.fd);
	c.rx = accept(p.listener, NULL, NULL);
	ASSERT_LE(0, c.rx);
	check_naming(_metadata, c, 1);
	/* What of the same level says nothing of ways. */
	c.fd = p.tx;
	c.rx = p.rx;
	c.type = SO_TIMESTAMPING;
	c.data.i = SOF_TIMESTAMPING_TX_SOFTWARE;
	check_not_naming(_metadata, c);
}

/* The same by a ring, at once and by a worker. */
TEST_F(msg, by_ring)
{
	static const uint8_t ops[] = {
		IORING_OP_SENDMSG, IORING_OP_SENDMSG_ZC,
	};
	static const uint8_t flags[] = { 0, IOSQE_ASYNC };
	struct control c = { .road = variant->road, .m = self->m };
	struct peer p, p6;
	int i;

	if (variant->road != ROAD_CALL)
		return;
	if (!have_io_uring())
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, peer_init(&p, AF_INET, variant->road));
	ASSERT_EQ(0, peer_init(&p6, AF_INET6, variant->road));
	for (i = 0; i < 4; i++) {
		c.op = ops[i & 1];
		c.sqe_flags = flags[i >> 1];
		c.fd = p.tx;
		c.rx = p.rx;
		leave_by_loopback(&c);
		check_naming(_metadata, c, 1);
		c.type = IP_TTL;
		c.len = sizeof(int);
		memset(&c.data, 0, sizeof(c.data));
		c.data.i = 5;
		check_not_naming(_metadata, c);
		if (geteuid())
			continue;
		c.level = SOL_SOCKET;
		c.type = SO_MARK;
		check_naming(_metadata, c, 1);
		c.fd = p6.tx;
		c.rx = p6.rx;
		check_naming(_metadata, c, 1);
	}
}

TEST_F(msg, inet6_control)
{
	static const uint8_t rthdr[8 + 16] = { 0, 2, 2, 1 };
	/* Six bytes of padding. */
	static const uint8_t opts[8] = { 0, 0, 1, 4 };
	/* Each in its new and its old form, as RFC 2292 had it. */
	static const int with_info[] = { IPV6_PKTINFO, IPV6_2292PKTINFO };
	static const int with_route[] = { IPV6_RTHDR, IPV6_2292RTHDR };
	static const int with_opts[] = {
		IPV6_HOPOPTS, IPV6_DSTOPTS, IPV6_RTHDRDSTOPTS, IPV6_2292HOPOPTS,
		IPV6_2292DSTOPTS,
	};
	static const int with_limit[] = { IPV6_HOPLIMIT, IPV6_2292HOPLIMIT };
	struct control c = {
		.road = variant->road,
		.m = self->m,
		.level = SOL_IPV6,
	};
	struct peer p;
	unsigned int i;

	ASSERT_EQ(0, peer_init(&p, AF_INET6, variant->road));
	c.fd = p.tx;
	c.rx = p.rx;
	/* An address, an interface, and both. */
	c.len = sizeof(struct in6_pktinfo);
	for (i = 0; i < ARRAY_SIZE(with_info); i++) {
		c.type = with_info[i];
		c.data.info6.ipi6_addr = in6addr_loopback;
		c.data.info6.ipi6_ifindex = 0;
		check_naming(_metadata, c, 1);
		c.data.info6.ipi6_ifindex = LO;
		check_naming(_metadata, c, 1);
		c.data.info6.ipi6_addr = in6addr_any;
		check_naming(_metadata, c, 1);
	}
	/* A router on the way; one that this kernel does not take. */
	c.len = sizeof(rthdr);
	memcpy(&c.data, rthdr, sizeof(rthdr));
	for (i = 0; i < ARRAY_SIZE(with_route); i++) {
		c.type = with_route[i];
		check_naming(_metadata, c, -EINVAL);
	}
	/* What hops read, or what holds one's address elsewhere. */
	c.len = sizeof(opts);
	memcpy(&c.data, opts, sizeof(opts));
	for (i = 0; i < ARRAY_SIZE(with_opts); i++) {
		c.type = with_opts[i];
		check_naming(_metadata, c, geteuid() ? -EPERM : 1);
	}
	c.len = sizeof(int);
	c.data.i = 7;
	for (i = 0; i < ARRAY_SIZE(with_limit); i++) {
		c.type = with_limit[i];
		check_not_naming(_metadata, c);
	}
}

TEST_F(msg, sctp_control)
{
	struct control c = {
		.road = variant->road,
		.m = self->m,
		.level = SOL_SCTP,
		.type = SCTP_DSTADDRV4,
		.len = sizeof(struct in_addr),
	};
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	fd = bound_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, &ss, &len);
	if (fd == -EPROTONOSUPPORT)
		SKIP(return, "no SCTP");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, listen(fd, 16));
	c.fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	ASSERT_EQ(0, connect(c.fd, (void *)&ss, len));
	c.rx = accept(fd, NULL, NULL);
	ASSERT_LE(0, c.rx);
	c.data.in.s_addr = htonl(INADDR_LOOPBACK);
	check_naming(_metadata, c, 1);
}

/* A packet that says itself where it goes, and from where. */
struct raw {
	int tx;
	int rx;
	size_t len;
	union {
		struct iphdr ip;
		struct ipv6hdr ip6;
		char bytes[64];
	} packet;
};

/* Of no protocol that anybody listens to. */
#define RAW_PROTOCOL	253

static int try_raw(void *arg)
{
	struct raw *r = arg;
	int ret = RET(send(r->tx, &r->packet, r->len, 0)), got;
	char buf[128];

	/* It has arrived when the call returns. */
	got = RET(recv(r->rx, buf, sizeof(buf), MSG_DONTWAIT));
	STEP(ret < 0 ? got == -EAGAIN : got > 0);
	return ret < 0 ? ret : 0;
}

static void check_raw(struct __test_metadata *_metadata, struct raw *r,
		      const struct sockaddr *to, socklen_t len)
{
	int sock = socket(to->sa_family, SOCK_RAW, IPPROTO_RAW);

	r->rx = socket(to->sa_family, SOCK_RAW, RAW_PROTOCOL);
	ASSERT_LE(0, r->rx);
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, connect(sock, to, len));
	r->tx = sock;
	EXPECT_EQ(0, in_child(try_raw, r));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_raw, r));
	/* Outside, what is sent is up to who may send by such a socket. */
	r->tx = limit_to(sock, CAP_SEND);
	EXPECT_EQ(0, in_child(try_raw, r));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_raw, r));
	close(r->tx);
}

TEST(raw_header)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct raw r = { .len = sizeof(r.packet.ip) + 4 };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r.packet.ip.version = 4;
	r.packet.ip.ihl = 5;
	r.packet.ip.ttl = 7;
	r.packet.ip.protocol = RAW_PROTOCOL;
	r.packet.ip.saddr = htonl(INADDR_LOOPBACK + 4);
	r.packet.ip.daddr = htonl(INADDR_LOOPBACK + 76);
	check_raw(_metadata, &r, (void *)&in, sizeof(in));
}

TEST(raw_header6)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct raw r = { .len = sizeof(r.packet.ip6) + 4 };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	in6.sin6_addr = in6addr_loopback;
	r.packet.ip6.version = 6;
	r.packet.ip6.payload_len = htons(4);
	r.packet.ip6.nexthdr = RAW_PROTOCOL;
	r.packet.ip6.hop_limit = 7;
	r.packet.ip6.saddr = in6addr_loopback;
	r.packet.ip6.daddr = in6addr_loopback;
	check_raw(_metadata, &r, (void *)&in6, sizeof(in6));
}

/* A socket that asked for descriptors of senders, and how it receives. */
struct receiving {
	enum road road;
	struct arena *m;
	enum how how;
	int fd;
};

/* The descriptor of a sender, or why there is none. */
static int try_recv_pidfd(void *arg)
{
	struct receiving *r = arg;
	bool compat = road_compat(r->road);
	char *buf = (char *)(r->m + 1);
	uint32_t *h32 = (uint32_t *)buf;
	struct cmsghdr *h = (struct cmsghdr *)buf;
	int next = dup(0), val = NO_RESULT, ret;

	STEP(next >= 0 && !close(next));
	memset(buf, 0, CMSG_SPACE(sizeof(int)));
	fill_msg(r->m, 0, buf, compat ? 12 + sizeof(int) :
				       CMSG_SPACE(sizeof(int)));
	r->m->data[0] = 0;
	if (r->how == HOW_SENDMSG)
		ret = road_call(r->road, r->m, SYS_RECVMSG, r->fd, compat ?
				(uintptr_t)r->m->msg32 : (uintptr_t)&r->m->msg,
				0, 0, 0, 0);
	else
		ret = road_call(r->road, r->m, SYS_RECVMMSG, r->fd, compat ?
				(uintptr_t)r->m->mmsg32 : (uintptr_t)r->m->mmsg,
				1, 0, 0, 0);
	STEP(ret == 1 && r->m->data[0] == 'd');
	if (compat) {
		STEP(h32[0] == 16);
		STEP(h32[1] == SOL_SOCKET && h32[2] == SCM_PIDFD);
		val = h32[3];
	} else {
		STEP(h->cmsg_len == CMSG_LEN(sizeof(int)));
		STEP(h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_PIDFD);
		memcpy(&val, CMSG_DATA(h), sizeof(val));
	}
	if (val >= 0) {
		STEP(val == next);
		return 0;
	}
	STEP(dup(0) == next);
	return val;
}

/* Asked for before: the message comes, without a descriptor of its sender. */
TEST_F(msg, scm_pidfd)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct receiving r = { .road = variant->road, .m = self->m };
	unsigned int i;
	int sv[2], on = 1;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, sv));
		ASSERT_EQ(0, setsockopt(sv[1], SOL_SOCKET, SO_PASSPIDFD, &on,
					sizeof(on)));
		r.fd = sv[1];
		for (r.how = HOW_SENDMSG; r.how <= HOW_SENDMMSG; r.how++) {
			/* Newer tables of 32 bits have another one only. */
			if (r.how == HOW_SENDMMSG && r.road == ROAD_CALL &&
			    road_nr(SYS_RECVMMSG) < 0)
				continue;
			ASSERT_EQ(1, send(sv[0], "d", 1, 0));
			ASSERT_EQ(1, send(sv[0], "d", 1, 0));
			EXPECT_ECAPMODE(try_recv_pidfd, &r);
		}
		close(sv[0]);
		close(sv[1]);
	}
}

TEST_HARNESS_MAIN
