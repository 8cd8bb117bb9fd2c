// SPDX-License-Identifier: GPL-2.0
/*
 * Options of sockets that are other calls by another name: they take the rights
 * of these besides, by getsockopt() and by io_uring.
 */
#include "tcp_ao.h"
#include "uring.h"

#include <net/if.h>	/* before that of linux/ */
#include <linux/mptcp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/tipc.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Two ends of a connection, and what options are read by. */
struct option {
	int sock;
	int peer;
	struct ring *by;	/* NULL: getsockopt() */
};

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct kind - of a connection over the loopback device
 * @domain: AF_INET, or AF_INET6.
 * @protocol: For stream sockets.
 * @level: Of an option that whoever listens has, and what is accepted with it.
 * @name: Its name; 0: none.
 */
struct kind {
	int domain;
	int protocol;
	int level;
	int name;
};

static int listen_as(int fd, const struct kind *k, union address *a,
		     socklen_t *len)
{
	const int on = 1;

	*a = (union address){ .sa.sa_family = k->domain };
	if (k->domain == AF_INET6) {
		a->in6.sin6_addr = in6addr_loopback;
		*len = sizeof(a->in6);
	} else {
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*len = sizeof(a->in);
	}
	if (k->name && setsockopt(fd, k->level, k->name, &on, sizeof(on)))
		return -errno;
	if (bind(fd, &a->sa, *len) || listen(fd, 1))
		return -errno;
	return RET(getsockname(fd, &a->sa, len));
}

/* Returns 0 or -errno: -EPROTONOSUPPORT where there is no such protocol. */
static int connect_two(struct option *o, const struct kind *k)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC;
	int listener = RET(socket(k->domain, type, k->protocol));
	union address a;
	socklen_t len;
	int err;

	if (listener < 0)
		return listener;
	err = listen_as(listener, k, &a, &len);
	if (err)
		return err;
	o->peer = RET(socket(k->domain, type, k->protocol));
	if (o->peer < 0)
		return o->peer;
	if (connect(o->peer, &a.sa, len))
		return -errno;
	o->sock = RET(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
	return o->sock < 0 ? o->sock : 0;
}

static void close_two(const struct option *o)
{
	close(o->sock);
	close(o->peer);
}

FIXTURE(option)
{
	struct option o;
	struct ring ring;
};

FIXTURE_VARIANT(option)
{
	bool uring;
};

FIXTURE_VARIANT_ADD(option, call) { };
FIXTURE_VARIANT_ADD(option, uring) { .uring = true };

FIXTURE_SETUP(option)
{
	int err;

	REQUIRE_CAPSICUM();
	if (variant->uring) {
		err = ring_setup(&self->ring, 1, 0);
		if (err)
			SKIP(return, "no io_uring (%d)", err);
		self->o.by = &self->ring;
	}
	ASSERT_EQ(0, connect_two(&self->o, &(struct kind){ AF_INET }));
}

FIXTURE_TEARDOWN(option)
{
	close_two(&self->o);
}

/* @op: SOCKET_URING_OP_GETSOCKOPT, or ..._SETSOCKOPT. Returns 0 or -errno. */
static int uring_option(struct ring *by, unsigned int op, int fd, int level,
			int name, const void *val, socklen_t len)
{
	int ret = ring_one(by, &(struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.fd = fd,
		.cmd_op = op,
		.level = level,
		.optname = name,
		.optval = (uintptr_t)val,
		.optlen = len,
	});

	return ret < 0 ? ret : 0;
}

/* Returns 0 or -errno. */
static int get_option(struct ring *by, int fd, int level, int name, void *val,
		      socklen_t len)
{
	if (!by)
		return RET(getsockopt(fd, level, name, val, &len));
	return uring_option(by, SOCKET_URING_OP_GETSOCKOPT, fd, level, name,
			    val, len);
}

static int op_peer_name(int fd, void *ctx)
{
	const struct option *o = ctx;
	struct sockaddr_in sin = { };
	int ret = get_option(o->by, fd, SOL_SOCKET, SO_PEERNAME, &sin,
			     sizeof(sin));

	if (ret)
		return sin.sin_port ? -EIO : ret;
	return sin.sin_family == AF_INET && sin.sin_port ? 0 : -EIO;
}

TEST_F(option, peer_name)
{
	RIGHTS_OP(self->o.sock, .name = "SO_PEERNAME", .op = op_peer_name,
		  .rights = RIGHTS(CAP_GETSOCKOPT, CAP_GETPEERNAME),
		  .ctx = &self->o);
}

/* What is there to be received is four bytes, and still is when it is refused. */
static int op_receive(int fd, void *ctx)
{
	const struct option *o = ctx;
	struct tcp_zerocopy_receive zc = { };
	char buf[64] = "";
	int ret, n = 0;

	if (ioctl(o->sock, FIONREAD, &n) ||
	    (!n && write(o->peer, "data", 4) != 4))
		return -EIO;
	zc.copybuf_address = (uintptr_t)buf;
	zc.copybuf_len = sizeof(buf);
	ret = get_option(o->by, fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc,
			 sizeof(zc));
	if (ret)
		return ioctl(o->sock, FIONREAD, &n) || n != 4 || *buf ? -EIO :
									ret;
	return zc.copybuf_len == 4 && !strcmp(buf, "data") ? 0 : -EIO;
}

TEST_F(option, zerocopy_receive)
{
	/* io_uring reads no options but the sockets' own. */
	RIGHTS_OP(self->o.sock, .name = "TCP_ZEROCOPY_RECEIVE",
		  .op = op_receive, .rights = RIGHTS(CAP_GETSOCKOPT, CAP_RECV),
		  .want = variant->uring ? -EOPNOTSUPP : 0, .ctx = &self->o);
}

/* ---- what tells of addresses besides ---- */

/**
 * struct told - an option whose value has an address in it
 * @by: NULL: getsockopt().
 * @level: Of the option.
 * @name: Its name.
 * @ask: How the value begins; the kernel takes some of it for the question.
 * @len: How much of it there is.
 * @secret: What the value has in it when it is told, and
 * @size: how much that is.
 * @answer: What has come back.
 */
struct told {
	struct ring *by;
	int level;
	int name;
	union {
		char text[1024];
		struct mptcp_subflow_data flows;
		struct mptcp_full_info full;
		struct sctp_paddrinfo info;
		struct tcp_ao_getsockopt keys;
	} ask;
	socklen_t len;
	const void *secret;
	size_t size;
	char answer[1024];
};

/* Nothing comes back when it is refused. */
static int op_told(int fd, void *ctx)
{
	struct told *t = ctx;
	int ret;

	memcpy(t->answer, &t->ask, sizeof(t->answer));
	ret = get_option(t->by, fd, t->level, t->name, t->answer, t->len);
	if (!memcmp(t->answer, &t->ask, sizeof(t->answer)))
		return ret ? ret : -ENODATA;
	if (ret)
		return -EIO;
	return memmem(t->answer, sizeof(t->answer), t->secret, t->size) ? 0 :
									  -EIO;
}

/* @want: what getsockopt() returns to who has the rights. */
static void check_told(struct __test_metadata *_metadata, struct told *t,
		       int sock, const char *name, const uint64_t *rights,
		       int want)
{
	/* io_uring reads no options but the sockets' own. */
	RIGHTS_OP(sock, .name = name, .op = op_told, .rights = rights,
		  .want = t->by ? -EOPNOTSUPP : want, .ctx = t);
}

/* The part of it that says something. */
#define ADDRESS_SIZE	offsetof(struct sockaddr_in, sin_zero)

TEST_F(option, mptcp)
{
	static const uint64_t rights[] = {
		CAP_GETSOCKOPT, CAP_GETPEERNAME, CAP_GETSOCKNAME, 0,
	};
	const struct kind kind = { AF_INET, IPPROTO_MPTCP };
	struct told t = {
		.by = self->o.by, .level = SOL_MPTCP, .size = ADDRESS_SIZE,
	};
	union address names[2];
	socklen_t len = sizeof(names[0]);
	struct option o;
	int i, err;

	err = connect_two(&o, &kind);
	if (err == -EPROTONOSUPPORT)
		SKIP(return, "no MPTCP");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, getsockname(o.sock, &names[0].sa, &len));
	ASSERT_EQ(0, getpeername(o.sock, &names[1].sa, &len));
	for (i = 0; i < 2; i++) {
		t.secret = &names[i];
		memset(&t.ask, 0, sizeof(t.ask));
		t.name = MPTCP_SUBFLOW_ADDRS;
		t.len = sizeof(t.ask.flows) + sizeof(struct mptcp_subflow_addrs);
		t.ask.flows.size_subflow_data = sizeof(t.ask.flows);
		t.ask.flows.size_user = sizeof(struct mptcp_subflow_addrs);
		check_told(_metadata, &t, o.sock, "MPTCP_SUBFLOW_ADDRS", rights,
			   0);

		/* To where a pointer says, behind the rest. */
		memset(&t.ask, 0, sizeof(t.ask));
		t.name = MPTCP_FULL_INFO;
		t.len = sizeof(t.ask.full);
		t.ask.full.size_arrays_user = 1;
		t.ask.full.size_sfinfo_user = sizeof(struct mptcp_subflow_info);
		t.ask.full.subflow_info = (uintptr_t)(t.answer + t.len);
		check_told(_metadata, &t, o.sock, "MPTCP_FULL_INFO", rights, 0);
	}
	close_two(&o);
}

/* Keys are for peers, whom they tell; before there is any. */
TEST_F(option, keys)
{
	static const uint64_t rights[] = { CAP_GETSOCKOPT, CAP_GETPEERNAME, 0 };
	struct sockaddr_in peer = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct told t = {
		.by = self->o.by, .level = IPPROTO_TCP,
		.name = TCP_AO_GET_KEYS, .len = sizeof(t.ask.keys),
		.ask.keys = { .nkeys = 1, .get_all = 1 },
		.secret = &peer, .size = ADDRESS_SIZE,
	};
	struct ao key = {};
	int sock, err;

	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
	ao_key(&key, "hmac(sha512)");
	err = RET(setsockopt(sock, IPPROTO_TCP, AO_ADD, &key, sizeof(key)));
	if (err == -ENOPROTOOPT)
		SKIP(return, "no TCP-AO");
	ASSERT_EQ(0, err);
	check_told(_metadata, &t, sock, "TCP_AO_GET_KEYS", rights, 0);
	close(sock);
}

/* How the packet begins that a connection began with. */
struct syn {
	struct in_addr from;
	struct in_addr to;
	in_port_t from_port;
	in_port_t to_port;
};

TEST_F(option, saved_syn)
{
	static const uint64_t rights[] = {
		CAP_GETSOCKOPT, CAP_GETPEERNAME, CAP_GETSOCKNAME, 0,
	};
	const struct kind kind = {
		AF_INET, 0, IPPROTO_TCP, TCP_SAVE_SYN,
	};
	struct told t = {
		.by = self->o.by, .level = IPPROTO_TCP, .name = TCP_SAVED_SYN,
		.len = 1,
	};
	union address from, to;
	socklen_t len = sizeof(from);
	struct option o;
	struct syn syn;
	unsigned int i;
	int cap;

	ASSERT_EQ(0, connect_two(&o, &kind));
	ASSERT_EQ(0, getpeername(o.sock, &from.sa, &len));
	ASSERT_EQ(0, getsockname(o.sock, &to.sa, &len));
	syn = (struct syn){
		from.in.sin_addr, to.in.sin_addr, from.in.sin_port,
		to.in.sin_port,
	};
	t.secret = &syn;
	t.size = sizeof(syn);
	/* It stays as long as there is no room for it; it is told once. */
	check_told(_metadata, &t, o.sock, "TCP_SAVED_SYN", rights, -EINVAL);
	if (!t.by) {
		t.len = sizeof(t.answer);
		for (i = 0; rights[i]; i++) {
			cap = limit_all_but(o.sock, rights[i]);
			ASSERT_LE(0, cap);
			EXPECT_EQ(-ENOTCAPABLE, op_told(cap, &t));
			close(cap);
		}
		cap = limit_list(o.sock, rights);
		ASSERT_LE(0, cap);
		EXPECT_EQ(0, op_told(cap, &t));
		EXPECT_EQ(-ENODATA, op_told(cap, &t));
		close(cap);
	}
	close_two(&o);
}

TEST_F(option, sctp)
{
	static const uint64_t rights[] = { CAP_GETSOCKOPT, CAP_GETPEERNAME, 0 };
	const struct kind kind = { AF_INET, IPPROTO_SCTP };
	struct told t = {
		.by = self->o.by, .level = IPPROTO_SCTP, .size = ADDRESS_SIZE,
	};
	union address peer;
	socklen_t len = sizeof(peer);
	struct option o;
	int err;

	err = connect_two(&o, &kind);
	if (err == -EPROTONOSUPPORT || err == -ESOCKTNOSUPPORT)
		SKIP(return, "no SCTP");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, getpeername(o.sock, &peer.sa, &len));
	t.secret = &peer;
	t.name = SCTP_STATUS;
	t.len = sizeof(struct sctp_status);
	check_told(_metadata, &t, o.sock, "SCTP_STATUS", rights, 0);
	t.name = SCTP_PRIMARY_ADDR;
	t.len = sizeof(struct sctp_prim);
	check_told(_metadata, &t, o.sock, "SCTP_PRIMARY_ADDR", rights, 0);
	/* An address only when there was an answer that took its time. */
	t.name = SCTP_GET_ASSOC_STATS;
	t.len = sizeof(struct sctp_assoc_stats);
	t.size = 0;
	check_told(_metadata, &t, o.sock, "SCTP_GET_ASSOC_STATS", rights, 0);
	t.size = ADDRESS_SIZE;

	/* Who asks for the right address is told that it is one. */
	t.name = SCTP_GET_PEER_ADDR_INFO;
	t.len = sizeof(t.ask.info);
	memcpy(&t.ask.info.spinfo_address, &peer.in, sizeof(peer.in));
	check_told(_metadata, &t, o.sock, "SCTP_GET_PEER_ADDR_INFO", rights, 0);
	peer.in.sin_port ^= htons(1);
	memcpy(&t.ask.info.spinfo_address, &peer.in, sizeof(peer.in));
	check_told(_metadata, &t, o.sock, "SCTP_GET_PEER_ADDR_INFO, a guess",
		   rights, -EINVAL);
	close_two(&o);
}

/* One's own address is among what came with packets. */
TEST_F(option, packet_options)
{
	static const uint64_t rights[] = { CAP_GETSOCKOPT, CAP_GETSOCKNAME, 0 };
	const struct kind kind = { AF_INET, 0, IPPROTO_IP, IP_PKTINFO };
	const struct kind kind6 = {
		AF_INET6, 0, IPPROTO_IPV6, IPV6_RECVPKTINFO,
	};
	const struct in_pktinfo info = {
		.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK),
		.ipi_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const size_t skip = offsetof(struct in_pktinfo, ipi_spec_dst);
	struct in6_pktinfo info6 = { .ipi6_addr = in6addr_loopback };
	struct told t = { .by = self->o.by, .len = sizeof(t.answer) };
	struct option o;

	ASSERT_EQ(0, connect_two(&o, &kind));
	t.level = IPPROTO_IP;
	t.name = IP_PKTOPTIONS;
	t.secret = &info.ipi_spec_dst;
	t.size = sizeof(info) - skip;
	check_told(_metadata, &t, o.sock, "IP_PKTOPTIONS", rights, 0);
	close_two(&o);

	info6.ipi6_ifindex = if_nametoindex("lo");
	ASSERT_EQ(0, connect_two(&o, &kind6));
	t.level = IPPROTO_IPV6;
	t.name = IPV6_2292PKTOPTIONS;
	t.secret = &info6;
	t.size = sizeof(info6);
	check_told(_metadata, &t, o.sock, "IPV6_2292PKTOPTIONS", rights, 0);
	close_two(&o);
}

/* Where no connections are followed, nothing is told but that. */
TEST_F(option, original_destination)
{
	static const uint64_t rights[] = { CAP_GETSOCKOPT, CAP_GETSOCKNAME, 0 };
	static const struct {
		const char *name;
		struct kind kind;
		int level;
		int option;
	} ways[] = {
		{ "SO_ORIGINAL_DST", { AF_INET }, IPPROTO_IP, SO_ORIGINAL_DST },
		{ "IP6T_SO_ORIGINAL_DST", { AF_INET6 }, IPPROTO_IPV6,
		  IP6T_SO_ORIGINAL_DST },
	};
	struct told t = { .by = self->o.by };
	union address own;
	struct option o;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, connect_two(&o, &ways[i].kind));
		t.len = sizeof(own);
		ASSERT_EQ(0, getsockname(o.sock, &own.sa, &t.len));
		t.level = ways[i].level;
		t.name = ways[i].option;
		t.secret = &own;
		t.size = ways[i].level == IPPROTO_IP ? ADDRESS_SIZE : t.len;
		check_told(_metadata, &t, o.sock, ways[i].name, rights,
			   op_told(o.sock, &t));
		close_two(&o);
	}
}

/* ---- what is set ---- */

/* Returns 0 or -errno. */
static int set_option(struct ring *by, int fd, int level, int name,
		      const void *val, socklen_t len)
{
	if (!by)
		return RET(setsockopt(fd, level, name, val, len));
	return uring_option(by, SOCKET_URING_OP_SETSOCKOPT, fd, level, name,
			    val, len);
}

static const struct tipc_group_req group = {
	.type = 4711,
	.instance = 1,
	.scope = TIPC_NODE_SCOPE,
};

static int op_join(int fd, void *ctx)
{
	const struct option *o = ctx;

	return set_option(o->by, fd, SOL_TIPC, TIPC_GROUP_JOIN, &group,
			  sizeof(group));
}

static int op_leave(int fd, void *ctx)
{
	const struct option *o = ctx;

	return set_option(o->by, fd, SOL_TIPC, TIPC_GROUP_LEAVE, NULL, 0);
}

/* The group that the socket is in, 0 for none. */
static uint64_t group_state(void *ctx)
{
	const struct option *o = ctx;
	socklen_t len = sizeof(uint32_t);
	uint32_t type = 0;

	return getsockopt(o->sock, SOL_TIPC, TIPC_GROUP_JOIN, &type, &len) ?
	       ~0ULL : type;
}

static void join(void *ctx)
{
	const struct option *o = ctx;

	if (!group_state(ctx))
		setsockopt(o->sock, SOL_TIPC, TIPC_GROUP_JOIN, &group,
			   sizeof(group));
}

static void leave(void *ctx)
{
	const struct option *o = ctx;

	if (group_state(ctx))
		setsockopt(o->sock, SOL_TIPC, TIPC_GROUP_LEAVE, NULL, 0);
}

/* With a group goes a name, by which others reach the socket: it is bound. */
TEST_F(option, tipc_group)
{
	struct option o = { .by = self->o.by };
	int cap;

	o.sock = RET(socket(AF_TIPC, SOCK_RDM | SOCK_CLOEXEC, 0));
	if (o.sock == -EAFNOSUPPORT)
		SKIP(return, "no TIPC");
	ASSERT_LE(0, o.sock);
	RIGHTS_OP(o.sock, .name = "TIPC_GROUP_JOIN", .op = op_join,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_BIND), .prepare = leave,
		  .state = group_state, .ctx = &o);
	RIGHTS_OP(o.sock, .name = "TIPC_GROUP_LEAVE", .op = op_leave,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_BIND), .prepare = join,
		  .state = group_state, .ctx = &o);

	/* What is wrong with a call is told to who may make it. */
	leave(&o);
	cap = limit_to(o.sock, CAP_SETSOCKOPT, CAP_BIND);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, op_leave(cap, &o));
	EXPECT_EQ(0, op_join(cap, &o));
	EXPECT_EQ(group.type, group_state(&o));
	EXPECT_EQ(-EACCES, op_join(cap, &o));
	close(cap);
	cap = limit_to(o.sock, CAP_SETSOCKOPT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, op_join(cap, &o));
	EXPECT_EQ(-ENOTCAPABLE, op_leave(cap, &o));
	close(cap);
	close(o.sock);
}

TEST_HARNESS_MAIN
