// SPDX-License-Identifier: GPL-2.0
/*
 * Options of sockets that are other calls by another name: they take the rights
 * of these besides, by getsockopt() and by io_uring.
 */
#include "uring.h"

#include <linux/tcp.h>
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

/* Returns 0 or -errno. */
static int get_option(struct ring *by, int fd, int level, int name, void *val,
		      socklen_t len)
{
	int ret;

	if (!by)
		return RET(getsockopt(fd, level, name, val, &len));
	ret = ring_one(by, &(struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD,
		.fd = fd,
		.cmd_op = SOCKET_URING_OP_GETSOCKOPT,
		.level = level,
		.optname = name,
		.optval = (uintptr_t)val,
		.optlen = len,
	});
	return ret < 0 ? ret : 0;
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

TEST_HARNESS_MAIN
