// SPDX-License-Identifier: GPL-2.0
/*
 * Options of sockets that are other calls by another name: they take the rights
 * of these besides.
 */
#include "ops.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

FIXTURE(option)
{
	int sock;
	int peer;
};

FIXTURE_SETUP(option)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int listener;

	REQUIRE_CAPSICUM();
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&sin, len));
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, getsockname(listener, (struct sockaddr *)&sin, &len));
	self->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, connect(self->peer, (struct sockaddr *)&sin, len));
	self->sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, self->sock);
	close(listener);
}

FIXTURE_TEARDOWN(option)
{
	close(self->sock);
	close(self->peer);
}

static int peer_name(int fd)
{
	struct sockaddr_in sin = { };
	socklen_t len = sizeof(sin);
	int ret = RET(getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &sin, &len));

	if (ret)
		return sin.sin_port ? -EIO : ret;
	return sin.sin_family == AF_INET && sin.sin_port ? 0 : -EIO;
}

TEST_F(option, peer_name)
{
	OP_NEEDS(self->sock, CAP_GETSOCKOPT | CAP_GETPEERNAME, 0, 0,
		 peer_name(cap));
}

/* What is there to be received is four bytes, and still is when it is refused. */
static int receive(int fd, int sock, int peer)
{
	struct tcp_zerocopy_receive zc = { };
	socklen_t len = sizeof(zc);
	char buf[64] = "";
	int ret, n = 0;

	if (ioctl(sock, FIONREAD, &n) || (!n && write(peer, "data", 4) != 4))
		return -EIO;
	zc.copybuf_address = (uintptr_t)buf;
	zc.copybuf_len = sizeof(buf);
	ret = RET(getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &len));
	if (ret)
		return ioctl(sock, FIONREAD, &n) || n != 4 || *buf ? -EIO : ret;
	return zc.copybuf_len == 4 && !strcmp(buf, "data") ? 0 : -EIO;
}

TEST_F(option, zerocopy_receive)
{
	OP_NEEDS(self->sock, CAP_GETSOCKOPT | CAP_RECV, 0, 0,
		 receive(cap, self->sock, self->peer));
}

TEST_HARNESS_MAIN
