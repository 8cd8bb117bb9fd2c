// SPDX-License-Identifier: GPL-2.0
/*
 * Options of sockets that are other calls by another name: they take the rights
 * of these besides, by getsockopt() and by io_uring.
 */
#include "uring.h"

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
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int listener, err;

	REQUIRE_CAPSICUM();
	if (variant->uring) {
		err = ring_setup(&self->ring, 1, 0);
		if (err)
			SKIP(return, "no io_uring (%d)", err);
		self->o.by = &self->ring;
	}
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&sin, len));
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, getsockname(listener, (struct sockaddr *)&sin, &len));
	self->o.peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, self->o.peer);
	ASSERT_EQ(0, connect(self->o.peer, (struct sockaddr *)&sin, len));
	self->o.sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, self->o.sock);
	close(listener);
}

FIXTURE_TEARDOWN(option)
{
	close(self->o.sock);
	close(self->o.peer);
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
