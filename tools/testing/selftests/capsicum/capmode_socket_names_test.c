// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: more that names an address, an interface, a route or a process
 * by way of a socket.
 */
#include "sockets.h"
#include <linux/ip_vs.h>
#include <linux/ipv6.h>
#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netlink.h>
#include <linux/sctp.h>

#ifndef SOL_SCTP
#define SOL_SCTP	IPPROTO_SCTP
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD	4
#endif
#ifndef SCTP_REMOTE_UDP_ENCAPS_PORT
#define SCTP_REMOTE_UDP_ENCAPS_PORT	132
#endif
#define LO 1

/* ---- netlink autobind ---- */

static int try_netlink(void *arg)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof(h), .nlmsg_type = NLMSG_NOOP };
	struct sockaddr_nl nl = {};
	socklen_t len = sizeof(nl);
	int fd = *(int *)arg, ret;

	STEP(!getsockname(fd, (void *)&nl, &len) && !nl.nl_pid);
	ret = RET(send(fd, &h, sizeof(h), 0));
	len = sizeof(nl);
	STEP(!getsockname(fd, (void *)&nl, &len));
	STEP(!nl.nl_pid == (ret < 0));
	return ret;
}

TEST(netlink_autobind)
{
	int fd;

	REQUIRE_CAPMODE();
	fd = socket(AF_NETLINK, SOCK_RAW, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(try_netlink, &fd));
	EXPECT_LT(0, in_child(try_netlink, &fd));
}

/* ---- sockopts ---- */

FIXTURE(opt)
{
	struct arena *m;
};

FIXTURE_VARIANT(opt)
{
	enum road road;
};

ROAD_VARIANTS(opt);

FIXTURE_SETUP(opt)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	self->m = low_page();
	ASSERT_TRUE(!!self->m);
}

FIXTURE_TEARDOWN(opt)
{
}

struct getting {
	enum road road;
	struct arena *m;
	int fd, level, name;
};

static int try_get(void *arg)
{
	struct getting *g = arg;

	g->m->pair[1] = sizeof(g->m->data);
	return road_call(g->road, g->m, SYS_GETSOCKOPT, g->fd, g->level,
			 g->name, (uintptr_t)g->m->data,
			 (uintptr_t)&g->m->pair[1], 0);
}

/* Reading has levels that nobody has looked at, too (RDS: tables of all). */
TEST_F(opt, get_unknown)
{
	static const int levels[] = { 12345, 276 /* SOL_RDS */, -1 };
	struct getting g = { .road = variant->road, .m = self->m, .name = 1 };
	unsigned int i;

	g.fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, g.fd);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		g.level = levels[i];
		EXPECT_EQ(-EOPNOTSUPP, in_child(try_get, &g));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_get, &g));
	}
}

/* Every way to a group, a source, a filter, a table. */
static const struct {
	int family, level, name;
} more[] = {
	{ AF_INET, SOL_IP, IP_DROP_MEMBERSHIP },
	{ AF_INET, SOL_IP, IP_DROP_SOURCE_MEMBERSHIP },
	{ AF_INET, SOL_IP, IP_BLOCK_SOURCE },
	{ AF_INET, SOL_IP, IP_UNBLOCK_SOURCE },
	{ AF_INET, SOL_IP, IP_MSFILTER },
	{ AF_INET, SOL_IP, MCAST_LEAVE_GROUP },
	{ AF_INET, SOL_IP, MCAST_JOIN_SOURCE_GROUP },
	{ AF_INET, SOL_IP, MCAST_LEAVE_SOURCE_GROUP },
	{ AF_INET, SOL_IP, MCAST_BLOCK_SOURCE },
	{ AF_INET, SOL_IP, MCAST_UNBLOCK_SOURCE },
	{ AF_INET, SOL_IP, MCAST_MSFILTER },
	{ AF_INET, SOL_IP, 16 /* IP_IPSEC_POLICY */ },
	{ AF_INET, SOL_IP, 17 /* IP_XFRM_POLICY */ },
	{ AF_INET, SOL_IP, 200 /* MRT_INIT */ },
	{ AF_INET6, SOL_IP, IP_ADD_MEMBERSHIP },
	{ AF_INET6, SOL_IP, IP_MULTICAST_IF },
	{ AF_INET6, SOL_IPV6, IPV6_LEAVE_GROUP },
	{ AF_INET6, SOL_IPV6, IPV6_JOIN_ANYCAST },
	{ AF_INET6, SOL_IPV6, IPV6_LEAVE_ANYCAST },
	{ AF_INET6, SOL_IPV6, 6 /* IPV6_2292PKTOPTIONS */ },
	{ AF_INET6, SOL_IPV6, 9 /* IPV6_NEXTHOP */ },
	{ AF_INET6, SOL_IPV6, 34 /* IPV6_IPSEC_POLICY */ },
	{ AF_INET6, SOL_IPV6, 35 /* IPV6_XFRM_POLICY */ },
	{ AF_INET6, SOL_IPV6, MCAST_JOIN_SOURCE_GROUP },
	{ AF_INET6, SOL_IPV6, MCAST_BLOCK_SOURCE },
	{ AF_INET6, SOL_IPV6, MCAST_MSFILTER },
	{ AF_INET6, SOL_IPV6, 200 /* MRT6_INIT */ },
	{ AF_INET, SOL_SCTP, SCTP_SOCKOPT_BINDX_REM },
	{ AF_INET, 263 /* SOL_PACKET */, 18 /* PACKET_FANOUT */ },
	{ AF_INET, 263 /* SOL_PACKET */, 22 /* PACKET_FANOUT_DATA */ },
	{ AF_INET, 271 /* SOL_TIPC */, 135 /* TIPC_GROUP_JOIN */ },
	{ AF_INET, 279 /* SOL_ALG */, 7 /* ALG_SET_KEY_BY_KEY_SERIAL */ },
	{ AF_INET, 273 /* SOL_PPPOL2TP */, 1 },
	{ AF_INET, 65536, 1 },
	{ AF_INET, -1, 1 },
};

struct more_try {
	enum road road;
	struct arena *m;
	int fd, level, name;
};

static int try_more(void *arg)
{
	struct more_try *t = arg;

	memset(t->m->data, 0, sizeof(t->m->data));
	return road_call(t->road, t->m, SYS_SETSOCKOPT, t->fd, t->level,
			 t->name, (uintptr_t)t->m->data, sizeof(t->m->data),
			 0);
}

TEST_F(opt, set_more)
{
	struct more_try t = { .road = variant->road, .m = self->m };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		t.fd = socket(more[i].family, SOCK_DGRAM, 0);
		ASSERT_LE(0, t.fd);
		t.level = more[i].level;
		t.name = more[i].name;
		EXPECT_ANSWER(in_child(try_more, &t));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_more, &t))
			TH_LOG("level %d option %d", t.level, t.name);
		close(t.fd);
	}
	/* Reading a filter of sources looks up a group and an interface. */
	t.fd = socket(AF_INET, SOCK_DGRAM, 0);
	{
		struct getting g = { .road = variant->road, .m = self->m,
			.fd = t.fd, .level = SOL_IP, .name = IP_MSFILTER };

		EXPECT_ANSWER(in_child(try_get, &g));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_get, &g));
		g.name = MCAST_MSFILTER;
		EXPECT_ANSWER(in_child(try_get, &g));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_get, &g));
	}
}

/* Filters and translations are the system's; a socket is but how they are set. */
TEST_F(opt, tables)
{
	struct more_try t = {
		.road = variant->road, .m = self->m,
		.level = SOL_IP, .name = 65 /* IPT_SO_SET_ADD_COUNTERS */,
	};
	struct getting g = {
		.road = variant->road, .m = self->m,
		.level = SOL_IP, .name = 64 /* IPT_SO_GET_INFO */,
	};

	REQUIRE_ROOT();
	t.fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	ASSERT_LE(0, t.fd);
	g.fd = t.fd;
	if (in_child(try_get, &g) == -ENOPROTOOPT)
		SKIP(return, "no tables of filters");
	/* The value is of no size that they know. */
	EXPECT_EQ(-EINVAL, in_child(try_get, &g));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_get, &g));
	EXPECT_EQ(-EINVAL, in_child(try_more, &t));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_more, &t));
	t.name = IPT_SO_SET_REPLACE;
	EXPECT_EQ(-EINVAL, in_child(try_more, &t));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_more, &t));
	close(t.fd);
}

/**
 * struct table - options by which a table of the system is set or read
 * @level: The level.
 * @first: The first option.
 * @last: The last one.
 * @harmless: Outside, they do nothing with a value of another size than theirs.
 */
struct table {
	int level, first, last;
	bool harmless;
};

static const struct table table_options[] = {
	{ SOL_IP, IPT_SO_SET_REPLACE, IPT_SO_GET_MAX, true },
	{ SOL_IP, ARPT_SO_SET_REPLACE, ARPT_SO_GET_MAX, true },
	{ SOL_IP, 128 /* EBT_BASE_CTL */, 132 /* EBT_SO_GET_MAX */ },
	{ SOL_IP, 200 /* MRT_INIT */, 212 /* MRT_MAX */ },
	{ SOL_IP, IP_VS_SO_SET_NONE, IP_VS_SO_SET_MAX },
	{ SOL_IPV6, IP6T_SO_SET_REPLACE, IP6T_SO_SET_ADD_COUNTERS, true },
	/* Between these two are options of the socket. */
	{ SOL_IPV6, IP6T_SO_GET_REVISION_MATCH, IP6T_SO_GET_MAX, true },
	{ SOL_IPV6, 200 /* MRT6_INIT */, 212 /* MRT6_MAX */ },
};

/* Whether the kernel has such tables or not. */
TEST_F(opt, every_table)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct more_try t = { .road = variant->road, .m = self->m };
	struct getting g = { .road = variant->road, .m = self->m };
	unsigned int f, i;

	REQUIRE_ROOT();
	for (f = 0; f < ARRAY_SIZE(families); f++) {
		t.fd = socket(families[f], SOCK_RAW, IPPROTO_RAW);
		ASSERT_LE(0, t.fd);
		g.fd = t.fd;
		for (i = 0; i < ARRAY_SIZE(table_options); i++) {
			t.level = table_options[i].level;
			g.level = t.level;
			for (t.name = table_options[i].first;
			     t.name <= table_options[i].last; t.name++) {
				g.name = t.name;
				EXPECT_EQ(-ECAPMODE, capmode_run(try_more, &t))
					TH_LOG("set %d/%d", t.level, t.name);
				EXPECT_EQ(-ECAPMODE, capmode_run(try_get, &g))
					TH_LOG("read %d/%d", g.level, g.name);
				if (!table_options[i].harmless)
					continue;
				EXPECT_ANSWER(in_child(try_more, &t));
				EXPECT_GT(0, in_child(try_more, &t));
				EXPECT_ANSWER(in_child(try_get, &g));
			}
		}
		close(t.fd);
	}
}

/* SO_MARK chooses the table that a packet is routed by. */
TEST_F(opt, mark)
{
	struct more_try t = {
		.road = variant->road, .m = self->m,
		.level = SOL_SOCKET, .name = SO_MARK,
	};

	REQUIRE_ROOT();
	t.fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, t.fd);
	EXPECT_ECAPMODE(try_more, &t);
}

/* ---- SCTP in UDP: to a port of whose choice? ---- */

static int try_encaps(void *arg)
{
	int *a = arg;
	struct sctp_udpencaps e = { .sue_port = a[1] };
	int ret;

	e.sue_address.ss_family = AF_INET;
	ret = RET(setsockopt(a[0], SOL_SCTP, SCTP_REMOTE_UDP_ENCAPS_PORT, &e,
			     sizeof(e)));
	STEP(ret || send(a[0], "d", 1, 0) == 1);
	return ret;
}

TEST(sctp_encaps_port)
{
	struct sockaddr_storage ss, us;
	socklen_t len, ulen;
	int a[2], fd, udp, port;
	FILE *f;
	char c;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (sizeof(long) == 4)
		SKIP(return, "the kernel's argument is laid out for 64 bits");
	fd = bound_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, &ss, &len);
	if (fd == -EPROTONOSUPPORT)
		SKIP(return, "no SCTP");
	ASSERT_LE(0, fd);
	close(fd);
	f = fopen("/proc/sys/net/sctp/udp_port", "r+e");
	if (!f || fscanf(f, "%d", &port) != 1)
		SKIP(return, "no SCTP in UDP");
	if (!port) {
		rewind(f);
		fprintf(f, "9899\n");
	}
	ASSERT_EQ(0, fclose(f));
	fd = bound_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, &ss, &len);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, listen(fd, 1));
	a[0] = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	ASSERT_EQ(0, connect(a[0], (void *)&ss, len));
	udp = bound_socket(AF_INET, SOCK_DGRAM, 0, &us, &ulen);
	ASSERT_LE(0, udp);
	a[1] = ((struct sockaddr_in *)&us)->sin_port;
	EXPECT_EQ(-ECAPMODE, capmode_run(try_encaps, a));
	/* Nobody has heard of it. */
	EXPECT_EQ(-EAGAIN, RET(recv(udp, &c, 1, MSG_DONTWAIT)));
	EXPECT_EQ(0, in_child(try_encaps, a));
	EXPECT_EQ(1, recv(udp, &c, 1, 0));
	if (!port) {
		f = fopen("/proc/sys/net/sctp/udp_port", "we");
		ASSERT_TRUE(!!f);
		fprintf(f, "0\n");
		fclose(f);
	}
}

/* ---- io_uring: control messages ---- */

struct ring_ctl {
	unsigned int setup, flags;
	int fd, rx;
	int opcode, level, type;
	size_t len;
	char data[64];
};

static int try_ring_control(void *arg)
{
	struct ring_ctl *t = arg;
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(64)];
	} u = {};
	char c = 'd';
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = CMSG_SPACE(t->len),
	};
	struct io_uring_sqe sqe = {
		.opcode = t->opcode,
		.flags = t->flags,
		.fd = t->fd,
		.addr = (uintptr_t)&msg,
		.len = 1,
	};
	struct ring r;
	int ret;

	u.h.cmsg_len = CMSG_LEN(t->len);
	u.h.cmsg_level = t->level;
	u.h.cmsg_type = t->type;
	memcpy(CMSG_DATA(&u.h), t->data, t->len);
	STEP(!ring_setup(&r, 4, t->setup));
	ret = ring_one(&r, &sqe);
	STEP(bytes_got(t->fd, t->rx) == (ret == 1));
	return ret;
}

static int try_ring_recv_pidfd(void *arg)
{
	struct ring_ctl *t = arg;
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(64)];
	} u = {};
	char c = 0;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECVMSG,
		.flags = t->flags,
		.fd = t->rx,
		.addr = (uintptr_t)&msg,
		.len = 1,
	};
	struct cmsghdr *h;
	struct ring r;
	int next, val = NO_RESULT;

	STEP(!ring_setup(&r, 4, t->setup));
	next = dup(0);
	STEP(next >= 0 && !close(next));
	STEP(ring_one(&r, &sqe) == 1 && c == 'd');
	for (h = CMSG_FIRSTHDR(&msg); h; h = CMSG_NXTHDR(&msg, h)) {
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_PIDFD)
			memcpy(&val, CMSG_DATA(h), sizeof(val));
	}
	if (val >= 0) {
		STEP(val == next);
		return 0;
	}
	STEP(dup(0) == next);
	return val;
}

static int try_ring_fastopen(void *arg)
{
	struct peer *p = arg;
	int fd = RET(socket(p->domain, SOCK_STREAM, 0));
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SEND,
		.fd = fd,
		.addr = (uintptr_t)"d",
		.len = 1,
		.msg_flags = MSG_FASTOPEN,
		.addr2 = (uintptr_t)&p->laddr,
		.addr_len = p->llen,
	};
	struct ring r;
	int ret;

	STEP(fd >= 0);
	STEP(!ring_setup(&r, 4, 0));
	ret = ring_one(&r, &sqe);
	/* On its way, without the data. */
	if (ret == -EINPROGRESS)
		ret = 0;
	STEP(has_peer(fd) == (ret >= 0));
	STEP(has_address(fd) == (ret >= 0));
	return ret;
}

TEST(ring_fastopen)
{
	struct peer p;

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	EXPECT_LE(0, in_child(try_ring_fastopen, &p));
	EXPECT_EQ(1, peer_met(&p));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_ring_fastopen, &p));
	EXPECT_EQ(0, peer_met(&p));
}

FIXTURE(uctl)
{
	struct ring_ctl t;
};

FIXTURE_VARIANT(uctl)
{
	unsigned int setup, flags;
};

FIXTURE_VARIANT_ADD(uctl, now)
{
	.setup = 0,
};

FIXTURE_VARIANT_ADD(uctl, async)
{
	.flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uctl, sqpoll)
{
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_SETUP(uctl)
{
	REQUIRE_CAPMODE();
	self->t.setup = variant->setup;
	self->t.flags = variant->flags;
}

FIXTURE_TEARDOWN(uctl)
{
}

/*
 * A control message that names an address: refused in capability mode, and
 * through a capability that may not connect.
 */
static void check_ring_naming(struct __test_metadata *_metadata,
			      struct ring_ctl *t)
{
	static const int opcodes[] = { IORING_OP_SENDMSG, IORING_OP_SENDMSG_ZC };
	const int fds[] = {
		t->fd,
		limit_to(t->fd, CAP_SEND, CAP_CONNECT),
		limit_all_but(t->fd, CAP_CONNECT),
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		t->opcode = opcodes[i];
		for (j = 0; j < ARRAY_SIZE(fds); j++) {
			t->fd = fds[j];
			EXPECT_EQ(j == 2 ? -ENOTCAPABLE : 1,
				  in_child(try_ring_control, t))
				TH_LOG("opcode %d, socket %zu", t->opcode, j);
			EXPECT_EQ(j == 2 ? -ENOTCAPABLE : -ECAPMODE,
				  capmode_run(try_ring_control, t))
				TH_LOG("opcode %d, socket %zu", t->opcode, j);
		}
	}
}

TEST_F(uctl, inet)
{
	struct ring_ctl *t = &self->t;
	struct in_pktinfo info = {
		.ipi_ifindex = LO,
		.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct peer p;

	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	t->fd = p.tx;
	t->rx = p.rx;
	t->level = SOL_IP;
	t->type = IP_PKTINFO;
	t->len = sizeof(info);
	memcpy(t->data, &info, sizeof(info));
	check_ring_naming(_metadata, t);
}

/* An IPv6 socket that talks to an IPv4 one takes the messages of both. */
TEST_F(uctl, mapped)
{
	struct ring_ctl *t = &self->t;
	struct in6_pktinfo info = { .ipi6_ifindex = LO };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct peer p;

	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	in6.sin6_port = ((struct sockaddr_in *)&p.raddr)->sin_port;
	in6.sin6_addr.s6_addr16[5] = 0xffff;
	in6.sin6_addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
	info.ipi6_addr = in6.sin6_addr;
	t->fd = socket(AF_INET6, SOCK_DGRAM, 0);
	ASSERT_EQ(0, connect(t->fd, (void *)&in6, sizeof(in6)));
	t->rx = p.rx;
	t->level = SOL_IPV6;
	t->type = IPV6_PKTINFO;
	t->len = sizeof(info);
	memcpy(t->data, &info, sizeof(info));
	check_ring_naming(_metadata, t);
}

TEST_F(uctl, credentials)
{
	struct ring_ctl *t = &self->t;
	struct ucred cred = { .pid = getpid() };
	int sv[2];

	REQUIRE_ROOT();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	t->fd = sv[0];
	t->rx = sv[1];
	t->opcode = IORING_OP_SENDMSG;
	t->level = SOL_SOCKET;
	t->type = SCM_CREDENTIALS;
	t->len = sizeof(cred);
	memcpy(t->data, &cred, sizeof(cred));
	EXPECT_ECAPMODE(try_ring_control, t);
}

TEST_F(uctl, recv_pidfd)
{
	struct ring_ctl *t = &self->t;
	int sv[2], on = 1;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	ASSERT_EQ(0, setsockopt(sv[1], SOL_SOCKET, SO_PASSPIDFD, &on,
				sizeof(on)));
	t->rx = sv[1];
	ASSERT_EQ(1, send(sv[0], "d", 1, 0));
	ASSERT_EQ(1, send(sv[0], "d", 1, 0));
	EXPECT_ECAPMODE(try_ring_recv_pidfd, t);
}

/* A local socket that wants credentials: by a worker it stays without a name. */
static int try_ring_passcred(void *arg)
{
	struct ring_ctl *t = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SEND,
		.flags = t->flags,
		.fd = t->fd,
		.addr = (uintptr_t)"d",
		.len = 1,
	};
	struct ring r;
	char c;

	STEP(!ring_setup(&r, 4, t->setup));
	STEP(ring_one(&r, &sqe) == 1);
	STEP(recv(t->rx, &c, 1, 0) == 1);
	return has_address(t->fd);
}

TEST_F(uctl, passcred)
{
	struct ring_ctl *t = &self->t;
	int sv[2], on = 1;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	ASSERT_EQ(0, setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &on,
				sizeof(on)));
	t->fd = sv[0];
	t->rx = sv[1];
	EXPECT_EQ(0, capmode_run(try_ring_passcred, t));
	EXPECT_EQ(1, in_child(try_ring_passcred, t));
}

TEST_HARNESS_MAIN
