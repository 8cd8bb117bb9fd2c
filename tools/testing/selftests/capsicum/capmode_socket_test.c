// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: sockets that were there go on working, new ones reach nobody,
 * and none is bound, connected or made to listen at an address.
 */
#include "sockets.h"

#include <linux/tipc.h>
#include <sched.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif
#ifndef IPPROTO_L2TP
#define IPPROTO_L2TP	115
#endif
#ifndef IPPROTO_SMC
#define IPPROTO_SMC	256
#endif

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

/* ---- bind, connect, listen ---- */

static int try_bind(void *arg)
{
	struct peer *p = arg;
	int fd = RET(socket(p->domain, SOCK_STREAM, 0));
	socklen_t len = any_address(p->domain, &p->m->addr);
	int ret;

	STEP(fd >= 0);
	ret = road_call(p->road, p->m, SYS_BIND, fd, (uintptr_t)&p->m->addr,
			len, 0, 0, 0);
	STEP(has_address(fd) == !ret);
	return ret;
}

TEST_F(sock, bind)
{
	EXPECT_ECAPMODE(try_bind, &self->p);
}

static int try_connect(void *arg)
{
	struct peer *p = arg;
	int fd = RET(socket(p->domain, SOCK_STREAM, 0));
	int ret;

	STEP(fd >= 0);
	p->m->addr = p->laddr;
	ret = road_call(p->road, p->m, SYS_CONNECT, fd, (uintptr_t)&p->m->addr,
			p->llen, 0, 0, 0);
	STEP(has_peer(fd) == !ret);
	STEP(p->domain == AF_UNIX || has_address(fd) == !ret);
	return ret;
}

TEST_F(sock, connect)
{
	EXPECT_EQ(0, in_child(try_connect, &self->p));
	EXPECT_EQ(1, peer_met(&self->p));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_connect, &self->p));
	EXPECT_EQ(0, peer_met(&self->p));
}

static int try_connect_dgram(void *arg)
{
	struct peer *p = arg;
	int fd = RET(socket(p->domain, SOCK_DGRAM, 0));
	int ret;

	STEP(fd >= 0);
	p->m->addr = p->raddr;
	ret = road_call(p->road, p->m, SYS_CONNECT, fd, (uintptr_t)&p->m->addr,
			p->rlen, 0, 0, 0);
	STEP(has_peer(fd) == !ret);
	return ret;
}

TEST_F(sock, connect_dgram)
{
	EXPECT_ECAPMODE(try_connect_dgram, &self->p);
}

/* Nor away from where it was connected: that is for who gave the socket. */
static int try_disconnect(void *arg)
{
	struct peer *p = arg;

	memset(&p->m->addr, 0, sizeof(p->m->addr));
	return road_call(p->road, p->m, SYS_CONNECT, p->tx,
			 (uintptr_t)&p->m->addr, sizeof(struct sockaddr), 0, 0,
			 0);
}

TEST_F(sock, disconnect)
{
	EXPECT_EQ(-ECAPMODE, capmode_run(try_disconnect, &self->p));
	EXPECT_TRUE(has_peer(self->p.tx));
	EXPECT_EQ(0, peer_got(&self->p));
	EXPECT_EQ(0, in_child(try_disconnect, &self->p));
	EXPECT_FALSE(has_peer(self->p.tx));
}

static int accepts(int fd)
{
	socklen_t len = sizeof(int);
	int val = -1;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &val, &len) ? -1 : val;
}

struct listening {
	struct peer *p;
	int fd;			/* -1: a new one */
	int protocol;
};

static int try_listen(void *arg)
{
	struct listening *l = arg;
	int fd = l->fd;
	int ret;

	if (fd < 0)
		fd = RET(socket(l->p->domain, SOCK_STREAM, l->protocol));
	STEP(fd >= 0);
	ret = road_call(l->p->road, l->p->m, SYS_LISTEN, fd, 4, 0, 0, 0, 0);
	STEP(has_address(fd) == !ret);
	STEP(accepts(fd) == !ret);
	return ret;
}

TEST_F(sock, listen)
{
	struct listening l = { .p = &self->p, .fd = -1 };

	if (variant->domain == AF_UNIX) {
		/* There is no automatic name to listen at. */
		EXPECT_EQ(-EINVAL, in_child(try_listen, &l));
		EXPECT_EQ(-EINVAL, capmode_run(try_listen, &l));
		return;
	}
	EXPECT_ECAPMODE(try_listen, &l);
}

/*
 * A port chosen for an earlier listen(2) is gone with the shutdown(2), though
 * getsockname(2) goes on to tell it.
 */
static int try_listen_again(void *arg)
{
	struct listening *l = arg;
	int ret;

	STEP(accepts(l->fd) == 1);
	STEP(!shutdown(l->fd, SHUT_RDWR));
	STEP(accepts(l->fd) == 0);
	ret = road_call(l->p->road, l->p->m, SYS_LISTEN, l->fd, 4, 0, 0, 0, 0);
	STEP(accepts(l->fd) == !ret);
	return ret;
}

TEST_F(sock, listen_again)
{
	struct listening l = { .p = &self->p };

	if (variant->domain == AF_UNIX)
		return;
	l.fd = socket(variant->domain, SOCK_STREAM, 0);
	ASSERT_LE(0, l.fd);
	ASSERT_EQ(0, listen(l.fd, 4));
	ASSERT_TRUE(has_address(l.fd));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_listen_again, &l));
	ASSERT_EQ(0, listen(l.fd, 4));
	EXPECT_EQ(0, in_child(try_listen_again, &l));
}

/* These choose a port by other functions than TCP. */
TEST_F(sock, listen_protocols)
{
	static const int protocols[] = { IPPROTO_SCTP, IPPROTO_MPTCP };
	struct listening l = { .p = &self->p, .fd = -1 };
	unsigned int i;
	int fd;

	if (variant->domain == AF_UNIX)
		return;
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		l.protocol = protocols[i];
		fd = RET(socket(variant->domain, SOCK_STREAM, l.protocol));
		if (fd == -EPROTONOSUPPORT) {
			TH_LOG("no protocol %d", l.protocol);
			continue;
		}
		ASSERT_LE(0, fd);
		close(fd);
		EXPECT_ECAPMODE(try_listen, &l);
	}
}

/* Whether @fd, which is closed, is the error of what the kernel has not got. */
static bool is_missing(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT ||
	       fd == -ESOCKTNOSUPPORT;
}

/* Others that a process can only have been given. */
static int try_listen_given(void *arg)
{
	int fd = *(int *)arg;
	int ret = RET(listen(fd, 4));

	STEP(accepts(fd) == !ret);
	return ret;
}

static void check_listen_given(struct __test_metadata *_metadata, int fd)
{
	EXPECT_EQ(-ECAPMODE, capmode_run(try_listen_given, &fd));
	EXPECT_EQ(0, accepts(fd));
	EXPECT_EQ(0, in_child(try_listen_given, &fd));
	/* It has an address now. */
	EXPECT_EQ(0, capmode_run(try_listen_given, &fd));
	close(fd);
}

TEST(listen_dccp)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const uint32_t service = htonl(42);
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		if (is_missing(RET(socket(families[i], SOCK_DCCP,
					  IPPROTO_DCCP))))
			SKIP(return, "no DCCP");
	}
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		fd = RET(socket(families[i], SOCK_DCCP, IPPROTO_DCCP));
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, setsockopt(fd, 269 /* SOL_DCCP */,
					2 /* DCCP_SOCKOPT_SERVICE */, &service,
					sizeof(service)));
		check_listen_given(_metadata, fd);
	}
}

static int try_send_unbound(void *arg)
{
	return RET(send(*(int *)arg, "d", 1, 0));
}

TEST(phonet)
{
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = RET(socket(AF_PHONET, SOCK_SEQPACKET, 2 /* PN_PROTO_PIPE */));
	if (fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT)
		SKIP(return, "no Phonet");
	ASSERT_LE(0, fd);
	check_listen_given(_metadata, fd);
	fd = socket(AF_PHONET, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(try_send_unbound, &fd));
	/* To nobody; but it has an address now. */
	EXPECT_EQ(-EDESTADDRREQ, in_child(try_send_unbound, &fd));
	EXPECT_EQ(-EDESTADDRREQ, capmode_run(try_send_unbound, &fd));
	close(fd);
}

/* The socket of a protocol that has a TCP socket of the kernel's beneath. */
static int smc_socket(int domain, bool family)
{
	return family ? RET(socket(AF_SMC, SOCK_STREAM | SOCK_CLOEXEC,
				   domain == AF_INET6)) :
			RET(socket(domain, SOCK_STREAM | SOCK_CLOEXEC,
				   IPPROTO_SMC));
}

TEST_F(sock, listen_smc)
{
	struct listening l = { .p = &self->p };
	struct sockaddr_storage ss;
	socklen_t len;
	int i;

	if (variant->domain == AF_UNIX)
		return;
	for (i = 0; i < 2; i++) {
		if (is_missing(smc_socket(variant->domain, i)))
			SKIP(return, "no SMC");
	}
	for (i = 0; i < 2; i++) {
		l.fd = smc_socket(variant->domain, i);
		ASSERT_LE(0, l.fd);
		EXPECT_EQ(-ECAPMODE, capmode_run(try_listen, &l));
		EXPECT_FALSE(has_address(l.fd));
		EXPECT_EQ(0, in_child(try_listen, &l));
		/* It has a port now, and is only given another backlog. */
		EXPECT_EQ(0, capmode_run(try_listen, &l));
		close(l.fd);
		/* One that was bound has had it before. */
		l.fd = smc_socket(variant->domain, i);
		ASSERT_LE(0, l.fd);
		len = any_address(variant->domain, &ss);
		ASSERT_EQ(0, bind(l.fd, (void *)&ss, len));
		EXPECT_EQ(0, capmode_run(try_listen, &l));
		EXPECT_EQ(1, accepts(l.fd));
		close(l.fd);
	}
}

/* ---- Bluetooth ---- */

#define BTPROTO_RFCOMM	3

struct sockaddr_rc {
	sa_family_t family;
	uint8_t bdaddr[6];
	uint8_t channel;
};

/* One that is bound to any adapter; @channel 0: the channel is still to come. */
static int rfcomm_socket(int channel)
{
	const struct sockaddr_rc rc = {
		.family = AF_BLUETOOTH,
		.channel = channel,
	};
	int fd = RET(socket(AF_BLUETOOTH,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    BTPROTO_RFCOMM));
	int err;

	if (fd < 0)
		return fd;
	err = RET(bind(fd, (void *)&rc, sizeof(rc)));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int rfcomm_channel(int fd)
{
	struct sockaddr_rc rc = {};
	socklen_t len = sizeof(rc);

	return getsockname(fd, (void *)&rc, &len) ? -errno : rc.channel;
}

/* SO_ACCEPTCONN is not for Bluetooth; accept(2) tells as well. */
static int try_listen_rfcomm(void *arg)
{
	int fd = *(int *)arg;
	int ret = RET(listen(fd, 4));

	STEP(RET(accept(fd, NULL, NULL)) == (ret ? -EBADFD : -EAGAIN));
	STEP(ret ? rfcomm_channel(fd) == 0 : rfcomm_channel(fd) > 0);
	return ret;
}

TEST(listen_rfcomm)
{
	int fd, channel;

	REQUIRE_CAPMODE();
	fd = rfcomm_socket(0);
	if (fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT)
		SKIP(return, "no RFCOMM");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(try_listen_rfcomm, &fd));
	EXPECT_EQ(0, rfcomm_channel(fd));
	EXPECT_EQ(0, in_child(try_listen_rfcomm, &fd));
	close(fd);
	/* It listens but once: another one, which was given its channel. */
	channel = 30;
	do {
		fd = rfcomm_socket(channel);
	} while (fd == -EADDRINUSE && --channel);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, capmode_run(try_listen_rfcomm, &fd));
	EXPECT_EQ(channel, rfcomm_channel(fd));
	close(fd);
}

/* ---- RxRPC ---- */

/* How many endpoints of RxRPC there are, or -errno. */
static int rxrpc_endpoints(void)
{
	FILE *f = fopen("/proc/net/rxrpc/locals", "re");
	char line[256];
	int n = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "UDP", 3);
	fclose(f);
	return n;
}

/* In a network of its own, where nobody else makes endpoints. */
TEST(rxrpc)
{
	int fd, n;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces");
	fd = RET(socket(AF_RXRPC, SOCK_DGRAM | SOCK_CLOEXEC, AF_INET));
	if (fd == -EAFNOSUPPORT)
		SKIP(return, "no RxRPC");
	ASSERT_LE(0, fd);
	/* AFS has one. */
	n = rxrpc_endpoints();
	ASSERT_LE(0, n);
	EXPECT_EQ(-ECAPMODE, capmode_run(try_send_unbound, &fd));
	EXPECT_EQ(n, rxrpc_endpoints());
	/* It is of no call; but there is an endpoint now. */
	EXPECT_EQ(-EINVAL, in_child(try_send_unbound, &fd));
	EXPECT_EQ(n + 1, rxrpc_endpoints());
	EXPECT_EQ(-EINVAL, capmode_run(try_send_unbound, &fd));
	EXPECT_EQ(n + 1, rxrpc_endpoints());
	close(fd);
}

/* ---- ATM ---- */

TEST(listen_atm)
{
	int fd;

	REQUIRE_CAPMODE();
	fd = RET(socket(AF_ATMSVC, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (fd == -EAFNOSUPPORT)
		SKIP(return, "no ATM");
	ASSERT_LE(0, fd);
	/* Without a daemon, which would choose an address, it stays unbound. */
	if (in_child(try_listen_given, &fd) != -EUNATCH)
		SKIP(return, "a daemon answers");
	EXPECT_EQ(-ECAPMODE, capmode_run(try_listen_given, &fd));
	EXPECT_EQ(-EUNATCH, in_child(try_listen_given, &fd));
	close(fd);
}

/* ---- TIPC: a group is joined by an option, and with it there is a name ---- */

#define GROUP	4711

struct joining {
	int fd;
	uint32_t group;
};

static int try_join(void *arg)
{
	const struct joining *j = arg;
	const struct tipc_group_req req = {
		.type = j->group,
		.instance = 1,
		.scope = TIPC_NODE_SCOPE,
	};

	return RET(setsockopt(j->fd, SOL_TIPC, TIPC_GROUP_JOIN, &req,
			      sizeof(req)));
}

static int try_leave(void *arg)
{
	const struct joining *j = arg;

	return RET(setsockopt(j->fd, SOL_TIPC, TIPC_GROUP_LEAVE, NULL, 0));
}

/* The group that a socket is in, 0 for none; that may be asked. */
static int try_group(void *arg)
{
	const struct joining *j = arg;
	socklen_t len = sizeof(uint32_t);
	uint32_t group = 0;
	int err = RET(getsockopt(j->fd, SOL_TIPC, TIPC_GROUP_JOIN, &group,
				 &len));

	return err ? err : (int)group;
}

TEST(tipc_group)
{
	struct joining j = { .group = GROUP };

	REQUIRE_CAPMODE();
	j.fd = RET(socket(AF_TIPC, SOCK_RDM | SOCK_CLOEXEC, 0));
	if (j.fd == -EAFNOSUPPORT)
		SKIP(return, "no TIPC");
	ASSERT_LE(0, j.fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(try_join, &j));
	EXPECT_EQ(0, try_group(&j));
	EXPECT_BOTH(try_group, &j);
	EXPECT_EQ(-EINVAL, in_child(try_leave, &j));
	EXPECT_EQ(-EINVAL, capmode_run(try_leave, &j));
	EXPECT_EQ(0, in_child(try_join, &j));
	EXPECT_EQ(GROUP, try_group(&j));
	EXPECT_BOTH(try_group, &j);
	/* Not one that it is in, nor another; but it may leave. */
	for (; j.group < GROUP + 2; j.group++) {
		EXPECT_EQ(-EACCES, in_child(try_join, &j));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_join, &j));
	}
	EXPECT_EQ(GROUP, try_group(&j));
	EXPECT_EQ(0, capmode_run(try_leave, &j));
	EXPECT_EQ(0, try_group(&j));
	close(j.fd);
}

/* An address without a port is none that could be listened at. */
TEST_F(sock, listen_bound_without_port)
{
	static const int protocols[] = { IPPROTO_TCP, IPPROTO_MPTCP };
	struct listening l = { .p = &self->p };
	struct sockaddr_storage ss;
	unsigned int i;
	int on = 1;

	if (variant->domain == AF_UNIX)
		return;
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		l.fd = RET(socket(variant->domain, SOCK_STREAM | SOCK_CLOEXEC,
				  protocols[i]));
		if (l.fd == -EPROTONOSUPPORT)
			SKIP(return, "no MPTCP");
		ASSERT_LE(0, l.fd);
		ASSERT_EQ(0, setsockopt(l.fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT,
					&on, sizeof(on)));
		ASSERT_EQ(0, bind(l.fd, (void *)&ss,
				  any_address(variant->domain, &ss)));
		EXPECT_FALSE(has_address(l.fd));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_listen, &l));
		EXPECT_FALSE(has_address(l.fd));
		EXPECT_EQ(0, accepts(l.fd));
		EXPECT_EQ(0, in_child(try_listen, &l));
		EXPECT_TRUE(has_address(l.fd));
		EXPECT_EQ(1, accepts(l.fd));
		close(l.fd);
	}
}

TEST_F(sock, listen_bound)
{
	struct listening l = { .p = &self->p };
	struct sockaddr_storage ss;
	socklen_t len;

	l.fd = bound_socket(variant->domain, SOCK_STREAM, 0, &ss, &len);
	ASSERT_LE(0, l.fd);
	ASSERT_EQ(0, accepts(l.fd));
	EXPECT_EQ(0, capmode_run(try_listen, &l));
	EXPECT_EQ(1, accepts(l.fd));
	/* And to change the backlog of one that listens. */
	EXPECT_BOTH(try_listen, &l);
	EXPECT_LE(0, connected_socket(variant->domain, SOCK_STREAM, &ss, len));
}

/* ---- new sockets ---- */

static const struct new_socket {
	int family;
	int type;
	int protocol;
	bool allowed;
} new_sockets[] = {
	{ AF_UNIX, SOCK_STREAM, 0, true },
	{ AF_UNIX, SOCK_DGRAM, 0, true },
	{ AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, true },
	{ AF_INET, SOCK_STREAM, 0, true },
	{ AF_INET, SOCK_DGRAM, 0, true },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP, true },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, true },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, true },
	{ AF_INET6, SOCK_STREAM, 0, true },
	{ AF_INET6, SOCK_DGRAM, 0, true },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP, true },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP, true },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, true },
	{ AF_INET6, SOCK_STREAM, IPPROTO_SCTP, true },
	{ AF_INET, SOCK_STREAM, IPPROTO_MPTCP, true },
	{ AF_UNIX, SOCK_SEQPACKET, 0, false },
	{ AF_UNIX, SOCK_RAW, 0, false },
	{ AF_INET, SOCK_RAW, IPPROTO_RAW, false },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, false },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, false },
	{ AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, false },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, false },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, false },
	{ AF_INET, SOCK_DGRAM, IPPROTO_L2TP, false },
	{ AF_INET, SOCK_STREAM, IPPROTO_SMC, false },
	{ AF_PACKET, SOCK_RAW, 0, false },
	{ AF_PACKET, SOCK_DGRAM, 0, false },
	{ AF_NETLINK, SOCK_RAW, 0, false },
	{ AF_NETLINK, SOCK_DGRAM, 0, false },
	{ AF_VSOCK, SOCK_STREAM, 0, false },
	{ AF_ALG, SOCK_SEQPACKET, 0, false },
	{ AF_KEY, SOCK_RAW, 2, false },
	{ AF_BLUETOOTH, SOCK_STREAM, 3, false },
	{ AF_UNSPEC, SOCK_STREAM, 0, false },
	{ -1, SOCK_STREAM, 0, false },
	{ 9999, SOCK_DGRAM, 0, false },
	{ AF_INET, 0, 0, false },
	{ AF_INET, 15, 0, false },
};

struct creating {
	struct peer *p;
	const struct new_socket *s;
};

static int try_socket(void *arg)
{
	struct creating *c = arg;
	int next = RET(dup(0));
	int ret;

	STEP(next >= 0 && !close(next));
	ret = road_call(c->p->road, c->p->m, SYS_SOCKET, c->s->family,
			c->s->type, c->s->protocol, 0, 0, 0);
	/* Nothing is left behind in the table. */
	STEP(ret < 0 ? dup(0) == next : ret == next);
	return ret < 0 ? ret : 0;
}

TEST_F(sock, socket)
{
	struct creating c = { .p = &self->p };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(new_sockets); i++) {
		int outside, inside;

		c.s = &new_sockets[i];
		outside = in_child(try_socket, &c);
		inside = capmode_run(try_socket, &c);
		EXPECT_NE(-ECAPMODE, outside);
		EXPECT_GE(0, outside);
		EXPECT_LT(-1000, outside);
		EXPECT_EQ(c.s->allowed ? outside : -ECAPMODE, inside)
			TH_LOG("socket(%d, %#x, %d)", c.s->family, c.s->type,
			       c.s->protocol);
	}
	/* So that what is refused is refused for the mode, and not missing. */
	c.s = &new_sockets[0];
	EXPECT_EQ(0, in_child(try_socket, &c));
	c.s = &(const struct new_socket){ AF_INET, SOCK_RAW, IPPROTO_RAW };
	EXPECT_EQ(0, in_child(try_socket, &c));
	c.s = &(const struct new_socket){ AF_NETLINK, SOCK_RAW, 0 };
	EXPECT_EQ(0, in_child(try_socket, &c));
	c.s = &(const struct new_socket){ AF_UNIX, SOCK_SEQPACKET, 0 };
	EXPECT_EQ(0, in_child(try_socket, &c));
}

static int try_socketpair(void *arg)
{
	struct creating *c = arg;
	int next = RET(dup(0));
	int ret;

	STEP(next >= 0 && !close(next));
	c->p->m->pair[0] = -7;
	c->p->m->pair[1] = -7;
	ret = road_call(c->p->road, c->p->m, SYS_SOCKETPAIR, c->s->family,
			c->s->type, c->s->protocol, (uintptr_t)c->p->m->pair,
			0, 0);
	if (ret) {
		STEP(dup(0) == next);
		STEP(ret != -ECAPMODE || c->p->m->pair[0] == -7);
		STEP(ret != -ECAPMODE || c->p->m->pair[1] == -7);
		return ret;
	}
	STEP(write(c->p->m->pair[0], "d", 1) == 1);
	STEP(read(c->p->m->pair[1], &c->p->m->data, 1) == 1);
	return 0;
}

TEST_F(sock, socketpair)
{
	static const struct new_socket pairs[] = {
		{ AF_UNIX, SOCK_STREAM },
		{ AF_UNIX, SOCK_DGRAM },
		{ AF_UNIX, SOCK_SEQPACKET },
		{ AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC },
	};
	struct creating c = { .p = &self->p };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		c.s = &pairs[i];
		EXPECT_BOTH(try_socketpair, &c);
	}
	c.s = &(const struct new_socket){ AF_INET, SOCK_STREAM, 0 };
	EXPECT_EQ(-EOPNOTSUPP, in_child(try_socketpair, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_socketpair, &c));
	c.s = &(const struct new_socket){ AF_NETLINK, SOCK_RAW, 0 };
	EXPECT_EQ(-EOPNOTSUPP, in_child(try_socketpair, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_socketpair, &c));
}

/* ---- what goes on working ---- */

struct working {
	int domain;
	int listener;
	int conn;		/* what it will accept */
	struct peer *p;
};

static int use_stream(int a, int b)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int val = 1, fds[1];
	char c;

	STEP(write(a, "1", 1) == 1 && read(b, &c, 1) == 1 && c == '1');
	STEP(send(b, "2", 1, 0) == 1 && recv(a, &c, 1, 0) == 1 && c == '2');
	STEP(sendto(a, "3", 1, 0, NULL, 0) == 1);
	STEP(recvfrom(b, &c, 1, 0, (void *)&ss, &len) == 1 && c == '3');
	len = sizeof(ss);
	STEP(!getsockname(a, (void *)&ss, &len));
	len = sizeof(ss);
	STEP(!getpeername(b, (void *)&ss, &len));
	STEP(!setsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &val, sizeof(val)));
	val = 0;
	len = sizeof(val);
	STEP(!getsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &val, &len) && val == 1);
	STEP(!getsockopt(a, SOL_SOCKET, SO_ERROR, &val, &len) && val == 0);
	if (ss.ss_family == AF_UNIX) {
		fds[0] = a;
		STEP(send_fds(a, fds, 1) == 1);
		STEP(recv_fds(b, fds, 1, 0) == 1);
		STEP(!close(fds[0]));
	} else {
		val = 1;
		STEP(!setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &val,
				 sizeof(val)));
		len = sizeof(val);
		STEP(!getsockopt(a, IPPROTO_TCP, TCP_NODELAY, &val, &len));
		STEP(val == 1);
	}
	STEP(!shutdown(a, SHUT_WR) && read(b, &c, 1) == 0);
	STEP(write(b, "4", 1) == 1 && read(a, &c, 1) == 1 && c == '4');
	return 0;
}

static int try_working(void *arg)
{
	struct working *w = arg;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = RET(accept(w->listener, (void *)&ss, &len));
	char c;

	STEP(fd >= 0);
	STEP(send(w->p->tx, "d", 1, 0) == 1);
	len = sizeof(ss);
	STEP(recvfrom(w->p->rx, &c, 1, 0, (void *)&ss, &len) == 1);
	return use_stream(w->conn, fd);
}

TEST_F(sock, working)
{
	struct working w = { .p = &self->p, .listener = self->p.listener };
	int inside;

	for (inside = 0; inside < 2; inside++) {
		w.conn = connected_socket(variant->domain, SOCK_STREAM,
					  &self->p.laddr, self->p.llen);
		ASSERT_LE(0, w.conn);
		EXPECT_EQ(0, inside ? capmode_run(try_working, &w) :
				      in_child(try_working, &w));
	}
}

/* A socket that comes later is held to the same. */
struct late {
	struct peer *p;
	int sv[2];
};

static int use_late(void *arg)
{
	struct late *l = arg;
	struct sending s = { .p = l->p };
	int fds[2];

	STEP(recv_fds(l->sv[1], fds, 2, 0) == 2);
	s.fd = fds[0];
	STEP(try_send(&s) == 1);
	s.fd = fds[1];
	return try_send_to(&s);
}

TEST_F(sock, received)
{
	struct late l = { .p = &self->p };
	int fds[2] = { self->p.tx };
	int i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, l.sv));
	fds[1] = socket(variant->domain, SOCK_DGRAM, 0);
	ASSERT_LE(0, fds[1]);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(1, send_fds(l.sv[0], fds, 2));
	EXPECT_EQ(-ECAPMODE, capmode_run(use_late, &l));
	EXPECT_EQ(1, peer_got(&self->p));
	EXPECT_EQ(1, in_child(use_late, &l));
	EXPECT_EQ(2, peer_got(&self->p));
}

/* ---- threads: one that was there before another one entered ---- */

struct threaded {
	struct peer *p;
	int (*fn)(void *arg);
	void *arg;
	int go[2];
	bool enter;
	int ret;
};

static void *other_thread(void *arg)
{
	struct threaded *t = arg;
	char c;

	if (read(t->go[0], &c, 1) == 1)
		t->ret = t->fn(t->arg);
	return NULL;
}

static int try_threaded(void *arg)
{
	struct threaded *t = arg;
	pthread_t thread;

	STEP(!pipe(t->go));
	STEP(!pthread_create(&thread, NULL, other_thread, t));
	STEP(!t->enter || !sys_cap_enter(0));
	STEP(write(t->go[1], "g", 1) == 1);
	STEP(!pthread_join(thread, NULL));
	return t->ret;
}

TEST_F(sock, threads)
{
	struct sending s = { .p = &self->p, .fd = -1 };
	struct listening l = { .p = &self->p, .fd = -1 };
	struct creating c = {
		.p = &self->p,
		.s = &(const struct new_socket){ AF_NETLINK, SOCK_RAW, 0 },
	};
	struct { int (*fn)(void *arg); void *arg; } tries[] = {
		{ try_bind, &self->p },
		{ try_connect, &self->p },
		{ try_send_to, &s },
		{ try_socket, &c },
		{ try_listen, &l },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		struct threaded t = { .fn = tries[i].fn, .arg = tries[i].arg };

		if (t.fn == try_listen && variant->domain == AF_UNIX)
			continue;
		EXPECT_LE(0, in_child(try_threaded, &t));
		EXPECT_EQ(t.fn == try_send_to, peer_got(&self->p));
		EXPECT_EQ(t.fn == try_connect, peer_met(&self->p));
		t.enter = true;
		EXPECT_EQ(-ECAPMODE, in_child(try_threaded, &t))
			TH_LOG("try %u", i);
		EXPECT_EQ(0, peer_got(&self->p));
		EXPECT_EQ(0, peer_met(&self->p));
	}
}

/* ---- every family, type and protocol ---- */

FIXTURE(every)
{
	struct arena *m;
};

FIXTURE_VARIANT(every)
{
	enum road road;
};

ROAD_VARIANTS(every);

FIXTURE_SETUP(every)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	self->m = low_page();
	ASSERT_TRUE(!!self->m);
}

FIXTURE_TEARDOWN(every)
{
}

/* The last of the families that are tried: there is none from AF_MAX on. */
#define LAST_FAMILY	(AF_MAX + 2)
/* The types that have room in the argument; from 11 on there are none. */
#define TYPES		16
/* As many protocols, from 0; IPPROTO_MPTCP is the last that there is. */
#define PROTOCOLS	301

static const int may_be_made[][2] = {
	{ AF_UNIX, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM },
	{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
	{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
};

static bool may_make(int call, int family, int type)
{
	unsigned int i;

	if (call == SYS_SOCKETPAIR)
		return family == AF_UNIX;
	for (i = 0; i < ARRAY_SIZE(may_be_made); i++) {
		if (may_be_made[i][0] == family && may_be_made[i][1] == type)
			return true;
	}
	return false;
}

/**
 * struct making - one of those for all types, or all protocols
 * @road: By which call.
 * @m: See there.
 * @call: SYS_SOCKET or SYS_SOCKETPAIR.
 * @family: The family.
 * @type: The type, for all protocols.
 * @flags: What is said beside the type.
 * @ret: Filled in: 0 or -errno for each. Of protocols, those are tried that do
 *	 not have 0 there.
 */
struct making {
	enum road road;
	struct arena *m;
	int call;
	int family;
	int type;
	int flags;
	int *ret;
};

/* What was made is not kept: @next is always the descriptor that comes next. */
static int make_one(struct making *c, int type, int protocol, int next)
{
	int *pair = c->m->pair;
	int ret;

	pair[0] = -7;
	pair[1] = -7;
	ret = road_call(c->road, c->m, c->call, c->family, type | c->flags,
			protocol, (uintptr_t)pair, 0, 0);
	if (c->call == SYS_SOCKETPAIR && !ret) {
		STEP(pair[0] == next && !close(pair[0]));
		STEP(pair[1] == next + 1 && !close(pair[1]));
		return 0;
	}
	STEP(ret != -ECAPMODE || (pair[0] == -7 && pair[1] == -7));
	if (ret < 0)
		return ret;
	STEP(ret == next && !close(ret));
	return 0;
}

static int make_types(void *arg)
{
	struct making *c = arg;
	int next = RET(dup(0)), i;

	STEP(next >= 0 && !close(next));
	for (i = 0; i < TYPES; i++)
		c->ret[i] = make_one(c, i, 0, next);
	STEP(dup(0) == next);
	return 0;
}

static int make_protocols(void *arg)
{
	struct making *c = arg;
	int next = RET(dup(0)), i;

	STEP(next >= 0 && !close(next));
	for (i = 0; i < PROTOCOLS; i++) {
		if (c->ret[i])
			c->ret[i] = make_one(c, c->type, i, next);
	}
	STEP(dup(0) == next);
	return 0;
}

/* Whether the kernel has it or not, what may not be made is refused. */
static void check_types(struct __test_metadata *_metadata, struct making c,
			int *outside, int *inside)
{
	int type;

	c.ret = outside;
	ASSERT_EQ(0, in_child(make_types, &c));
	c.ret = inside;
	ASSERT_EQ(0, capmode_run(make_types, &c));
	for (type = 0; type < TYPES; type++) {
		bool may = may_make(c.call, c.family, type);

		EXPECT_GE(0, outside[type]);
		EXPECT_LT(-1000, outside[type]);
		EXPECT_NE(-ECAPMODE, outside[type]);
		EXPECT_EQ(may ? outside[type] : -ECAPMODE, inside[type])
			TH_LOG("%s: family %d, type %d, flags %#x",
			       c.call == SYS_SOCKET ? "socket" : "socketpair",
			       c.family, type, c.flags);
		if (may && c.call == SYS_SOCKET)
			EXPECT_EQ(0, inside[type]);
	}
	if (c.family == AF_UNIX && c.call == SYS_SOCKETPAIR) {
		EXPECT_EQ(0, inside[SOCK_STREAM]);
		EXPECT_EQ(0, inside[SOCK_DGRAM]);
		EXPECT_EQ(0, inside[SOCK_SEQPACKET]);
	}
}

TEST_F(every, type)
{
	static const int flags[] = {
		SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC,
	};
	static const int with_flags[] = {
		AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_MAX,
	};
	static const int calls[] = { SYS_SOCKET, SYS_SOCKETPAIR };
	struct making c = { .road = variant->road, .m = self->m };
	int *outside = new_shared(TYPES * sizeof(int));
	int *inside = new_shared(TYPES * sizeof(int));
	unsigned int i, j, k;

	ASSERT_TRUE(outside && inside);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		c.call = calls[i];
		c.flags = 0;
		for (c.family = -1; c.family <= LAST_FAMILY; c.family++)
			check_types(_metadata, c, outside, inside);
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			c.flags = flags[j];
			for (k = 0; k < ARRAY_SIZE(with_flags); k++) {
				c.family = with_flags[k];
				check_types(_metadata, c, outside, inside);
			}
		}
	}
	munmap(outside, TYPES * sizeof(int));
	munmap(inside, TYPES * sizeof(int));
}

/*
 * Transports only, whether the type goes with them or not. Those that are refused
 * are not looked for outside, where that means a search for a module.
 */
TEST_F(every, protocol)
{
	static const int transports[] = {
		0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_UDPLITE,
		IPPROTO_MPTCP,
	};
	struct making c = {
		.road = variant->road, .m = self->m, .call = SYS_SOCKET,
	};
	int *outside = new_shared(PROTOCOLS * sizeof(int));
	int *inside = new_shared(PROTOCOLS * sizeof(int));
	unsigned int i, j;
	int p;

	ASSERT_TRUE(outside && inside);
	for (i = 0; i < ARRAY_SIZE(may_be_made); i++) {
		c.family = may_be_made[i][0];
		c.type = may_be_made[i][1];
		for (p = 0; p < PROTOCOLS; p++) {
			inside[p] = -1;
			/* Local sockets have none, and none is refused. */
			outside[p] = c.family == AF_UNIX ? -1 : 0;
		}
		for (j = 0; j < ARRAY_SIZE(transports); j++)
			outside[transports[j]] = -1;
		c.ret = outside;
		ASSERT_EQ(0, in_child(make_protocols, &c));
		c.ret = inside;
		ASSERT_EQ(0, capmode_run(make_protocols, &c));
		EXPECT_EQ(0, inside[0]);
		for (p = 0; p < PROTOCOLS; p++) {
			int want = outside[p];

			EXPECT_NE(-ECAPMODE, want);
			for (j = 0; j < ARRAY_SIZE(transports); j++) {
				if (transports[j] == p)
					break;
			}
			if (c.family != AF_UNIX && j == ARRAY_SIZE(transports))
				want = -ECAPMODE;
			EXPECT_EQ(want, inside[p])
				TH_LOG("family %d, type %d, protocol %d",
				       c.family, c.type, p);
		}
	}
	munmap(outside, PROTOCOLS * sizeof(int));
	munmap(inside, PROTOCOLS * sizeof(int));
}

TEST_HARNESS_MAIN
