// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on sockets: each needs the right of its name, by whichever system call
 * it is made, and an address on a send needs CAP_CONNECT besides.
 */
#include "sockets.h"

#include <linux/sockios.h>

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
	REQUIRE_CAPSICUM();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	ASSERT_EQ(0, peer_init(&self->p, variant->domain, variant->road));
}

FIXTURE_TEARDOWN(sock)
{
}

/**
 * struct deed - something that is done to a socket once
 * @name: For the messages.
 * @make: Makes a socket to do it to; a descriptor or -errno.
 * @call: Does it, through a descriptor; 0 or more, or -errno.
 * @done: Whether it was done, asked of the ordinary descriptor; @ret is what
 *	  the call has returned.
 * @how: For the callbacks.
 */
struct deed {
	const char *name;
	int (*make)(struct peer *p);
	int (*call)(struct peer *p, const struct deed *d, int fd);
	bool (*done)(struct peer *p, int sock, int ret);
	enum how how;
	bool named;
	int extra;
};

/* @set NULL: an ordinary descriptor. */
static void deed_try(struct __test_metadata *_metadata, struct peer *p,
		     const struct deed *d, const struct cap_rights *set,
		     bool allowed)
{
	int sock = d->make(p);
	bool done;
	int fd, ret;

	ASSERT_LE(0, sock)
		TH_LOG("%s: no socket", d->name);
	fd = set ? limit_set(sock, set) : RET(dup(sock));
	ASSERT_LE(0, fd);
	ret = d->call(p, d, fd);
	done = d->done(p, sock, ret);
	EXPECT_TRUE(allowed ? ret >= 0 : ret == -ENOTCAPABLE)
		TH_LOG("%s returned %d with %#llx", d->name, ret, set ?
		       (unsigned long long)set->cr_rights[0] : 0ULL);
	EXPECT_EQ(allowed, done)
		TH_LOG("%s with %#llx", d->name, set ?
		       (unsigned long long)set->cr_rights[0] : 0ULL);
	close(fd);
	close(sock);
}

static void check_deed(struct __test_metadata *_metadata, struct peer *p,
		       const struct deed *d, const uint64_t *rights)
{
	struct cap_rights need, all, set;
	int bit;

	rights_list(&need, rights);
	rights_all(&all);
	deed_try(_metadata, p, d, NULL, true);
	deed_try(_metadata, p, d, &all, true);
	deed_try(_metadata, p, d, &need, true);
	for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
		uint64_t one = CAPRIGHT(0, 1ULL << bit);

		if (!rights_has(&need, one))
			continue;
		set = all;
		rights_del(&set, one);
		deed_try(_metadata, p, d, &set, false);
		set = need;
		rights_del(&set, one);
		deed_try(_metadata, p, d, &set, false);
	}
	rights_none(&set);
	deed_try(_metadata, p, d, &set, false);
}

#define DEED(rights, ...) \
	check_deed(_metadata, &self->p, &(const struct deed){ __VA_ARGS__ }, \
		   rights)

/* ---- sockets to do it to ---- */

static int make_stream(struct peer *p)
{
	return RET(socket(p->domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int make_dgram(struct peer *p)
{
	return RET(socket(p->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int make_bound(struct peer *p)
{
	struct sockaddr_storage ss;
	socklen_t len;

	return bound_socket(p->domain, SOCK_STREAM, 0, &ss, &len);
}

/* One that a connection waits at. */
static int make_listener(struct peer *p)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = bound_socket(p->domain, SOCK_STREAM, 0, &ss, &len);
	int client;

	if (fd < 0)
		return fd;
	if (listen(fd, 2))
		return -errno;
	client = connected_socket(p->domain, SOCK_STREAM, &ss, len);
	if (client < 0)
		return client;
	/* What was sent before comes all the same. */
	if (send(client, "c", 1, 0) != 1)
		return -errno;
	close(client);
	return fd;
}

/* A datagram socket that is connected to the peer's, and has a name. */
static int make_connected(struct peer *p)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = bound_socket(p->domain, SOCK_DGRAM, 0, &ss, &len);

	if (fd >= 0 && connect(fd, (void *)&p->raddr, p->rlen))
		return -errno;
	return fd;
}

static int make_connected_stream(struct peer *p)
{
	int fd = connected_socket(p->domain, SOCK_STREAM, &p->laddr, p->llen);
	int other;

	if (fd < 0)
		return fd;
	/* Nobody reads it, and nothing is in the way of the next. */
	other = RET(accept(p->listener, NULL, NULL));
	return other < 0 ? other : fd;
}

/* A datagram socket that 'd' has come to. */
static int make_receiver(struct peer *p)
{
	struct sockaddr_storage ss, from;
	socklen_t len, flen;
	int fd = bound_socket(p->domain, SOCK_DGRAM, 0, &ss, &len);
	int tx;

	if (fd < 0)
		return fd;
	tx = bound_socket(p->domain, SOCK_DGRAM, 0, &from, &flen);
	if (tx < 0)
		return tx;
	if (sendto(tx, "d", 1, 0, (void *)&ss, len) != 1)
		return -errno;
	close(tx);
	return fd;
}

/* ---- what is done ---- */

static int call_bind(struct peer *p, const struct deed *d, int fd)
{
	socklen_t len = any_address(p->domain, &p->m->addr);

	return road_call(p->road, p->m, SYS_BIND, fd, (uintptr_t)&p->m->addr,
			 len, 0, 0, 0);
}

static bool done_bind(struct peer *p, int sock, int ret)
{
	return has_address(sock);
}

TEST_F(sock, bind)
{
	DEED(RIGHTS(CAP_BIND), .name = "bind", .make = make_stream,
	     .call = call_bind, .done = done_bind);
}

static int call_connect(struct peer *p, const struct deed *d, int fd)
{
	bool dgram = d->make == make_dgram;

	p->m->addr = dgram ? p->raddr : p->laddr;
	return road_call(p->road, p->m, SYS_CONNECT, fd, (uintptr_t)&p->m->addr,
			 dgram ? p->rlen : p->llen, 0, 0, 0);
}

static bool done_connect(struct peer *p, int sock, int ret)
{
	return has_peer(sock);
}

TEST_F(sock, connect)
{
	DEED(RIGHTS(CAP_CONNECT), .name = "connect", .make = make_stream,
	     .call = call_connect, .done = done_connect);
	DEED(RIGHTS(CAP_CONNECT), .name = "connect (datagrams)",
	     .make = make_dgram, .call = call_connect, .done = done_connect);
}

static int call_listen(struct peer *p, const struct deed *d, int fd)
{
	return road_call(p->road, p->m, SYS_LISTEN, fd, 4, 0, 0, 0, 0);
}

static bool done_listen(struct peer *p, int sock, int ret)
{
	socklen_t len = sizeof(int);
	int val = 0;

	return !getsockopt(sock, SOL_SOCKET, SO_ACCEPTCONN, &val, &len) && val;
}

TEST_F(sock, listen)
{
	DEED(RIGHTS(CAP_LISTEN), .name = "listen", .make = make_bound,
	     .call = call_listen, .done = done_listen);
}

static int call_accept(struct peer *p, const struct deed *d, int fd)
{
	unsigned long addr = 0, len = 0;

	if (d->named) {
		addr = (uintptr_t)&p->m->addr;
		len = (uintptr_t)&p->m->pair[0];
		p->m->pair[0] = sizeof(p->m->addr);
	}
#ifndef __NR_accept
	if (p->road != ROAD_SOCKETCALL)
		return road_call(p->road, p->m, SYS_ACCEPT4, fd, addr, len,
				 d->extra, 0, 0);
#endif
	return road_call(p->road, p->m, d->extra ? SYS_ACCEPT4 : SYS_ACCEPT, fd,
			 addr, len, d->extra, 0, 0);
}

/* The connection is here, or where it was. */
static bool done_accept(struct peer *p, int sock, int ret)
{
	char c = 0;
	int fd;

	if (ret >= 0) {
		close(ret);
		return true;
	}
	fd = accept4(sock, NULL, NULL, SOCK_NONBLOCK);
	if (fd < 0 || read(fd, &c, 1) != 1 || c != 'c')
		return true;
	close(fd);
	return false;
}

TEST_F(sock, accept)
{
	DEED(RIGHTS(CAP_ACCEPT), .name = "accept", .make = make_listener,
	     .call = call_accept, .done = done_accept);
	DEED(RIGHTS(CAP_ACCEPT), .name = "accept with a name",
	     .make = make_listener, .call = call_accept, .done = done_accept,
	     .named = true);
	DEED(RIGHTS(CAP_ACCEPT), .name = "accept4", .make = make_listener,
	     .call = call_accept, .done = done_accept, .extra = SOCK_CLOEXEC);
}

static int call_name(struct peer *p, const struct deed *d, int fd)
{
	memset(&p->m->addr, 0xee, sizeof(p->m->addr));
	p->m->pair[0] = sizeof(p->m->addr);
	return road_call(p->road, p->m, d->extra, fd, (uintptr_t)&p->m->addr,
			 (uintptr_t)&p->m->pair[0], 0, 0, 0);
}

static bool done_name(struct peer *p, int sock, int ret)
{
	struct sockaddr_storage ss;

	memset(&ss, 0xee, sizeof(ss));
	return memcmp(&ss, &p->m->addr, sizeof(ss)) ||
	       p->m->pair[0] != sizeof(ss);
}

TEST_F(sock, names)
{
	DEED(RIGHTS(CAP_GETSOCKNAME), .name = "getsockname",
	     .make = make_connected, .call = call_name, .done = done_name,
	     .extra = SYS_GETSOCKNAME);
	DEED(RIGHTS(CAP_GETPEERNAME), .name = "getpeername",
	     .make = make_connected, .call = call_name, .done = done_name,
	     .extra = SYS_GETPEERNAME);
}

static int call_setsockopt(struct peer *p, const struct deed *d, int fd)
{
	p->m->pair[0] = 1;
	return road_call(p->road, p->m, SYS_SETSOCKOPT, fd, SOL_SOCKET,
			 SO_KEEPALIVE, (uintptr_t)&p->m->pair[0], sizeof(int),
			 0);
}

static bool done_setsockopt(struct peer *p, int sock, int ret)
{
	socklen_t len = sizeof(int);
	int val = 0;

	return !getsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, &val, &len) && val;
}

static int call_getsockopt(struct peer *p, const struct deed *d, int fd)
{
	p->m->pair[0] = -1;
	p->m->pair[1] = sizeof(int);
	return road_call(p->road, p->m, SYS_GETSOCKOPT, fd, SOL_SOCKET, SO_TYPE,
			 (uintptr_t)&p->m->pair[0],
			 (uintptr_t)&p->m->pair[1], 0);
}

static bool done_getsockopt(struct peer *p, int sock, int ret)
{
	return p->m->pair[0] == SOCK_STREAM;
}

TEST_F(sock, options)
{
	DEED(RIGHTS(CAP_SETSOCKOPT), .name = "setsockopt", .make = make_stream,
	     .call = call_setsockopt, .done = done_setsockopt);
	DEED(RIGHTS(CAP_GETSOCKOPT), .name = "getsockopt", .make = make_stream,
	     .call = call_getsockopt, .done = done_getsockopt);
}

static int call_shutdown(struct peer *p, const struct deed *d, int fd)
{
	return road_call(p->road, p->m, SYS_SHUTDOWN, fd, SHUT_WR, 0, 0, 0, 0);
}

static bool done_shutdown(struct peer *p, int sock, int ret)
{
	return RET(send(sock, "x", 1, MSG_NOSIGNAL)) == -EPIPE;
}

TEST_F(sock, shutdown)
{
	DEED(RIGHTS(CAP_SHUTDOWN), .name = "shutdown",
	     .make = make_connected_stream, .call = call_shutdown,
	     .done = done_shutdown);
}

static int call_send(struct peer *p, const struct deed *d, int fd)
{
	p->m->addr = p->raddr;
	return road_send(p->road, p->m, d->how, fd, d->named ? p->rlen : 0, 0);
}

static int call_send_only(struct peer *p, const struct deed *d, int fd)
{
	p->m->data[0] = 'd';
	if (p->road != ROAD_SOCKETCALL)
		return RET(write(fd, "d", 1));
	return road_call(p->road, p->m, SYS_SEND, fd, (uintptr_t)p->m->data, 1,
			 0, 0, 0);
}

static bool done_send(struct peer *p, int sock, int ret)
{
	return peer_got(p) == 1;
}

TEST_F(sock, send)
{
	enum how how;

	for (how = 0; how < HOWS; how++) {
		DEED(RIGHTS(CAP_SEND), .name = how_name(how),
		     .make = make_connected, .call = call_send,
		     .done = done_send, .how = how);
	}
	DEED(RIGHTS(CAP_SEND), .name = "send or write", .make = make_connected,
	     .call = call_send_only, .done = done_send);
}

TEST_F(sock, send_to_an_address)
{
	enum how how;

	for (how = 0; how < HOWS; how++) {
		DEED(RIGHTS(CAP_SEND, CAP_CONNECT), .name = how_name(how),
		     .make = make_dgram, .call = call_send, .done = done_send,
		     .how = how, .named = true);
		/* Also where the socket is connected to it anyway. */
		DEED(RIGHTS(CAP_SEND, CAP_CONNECT), .name = how_name(how),
		     .make = make_connected, .call = call_send,
		     .done = done_send, .how = how, .named = true);
	}
}

/* What came before the message with an address has been sent. */
TEST_F(sock, sendmmsg_stops)
{
	struct arena *m = self->p.m;
	bool compat = road_compat(variant->road);
	int sock = make_connected(&self->p), cap;
	unsigned long vec = compat ? (uintptr_t)m->mmsg32 : (uintptr_t)m->mmsg;

	ASSERT_LE(0, sock);
	cap = limit_to(sock, CAP_SEND);
	ASSERT_LE(0, cap);
	m->addr = self->p.raddr;
	fill_msg(m, self->p.rlen, NULL, 0);
	m->mmsg[0].msg_hdr.msg_name = NULL;
	m->mmsg32[0][0] = 0;
	EXPECT_EQ(1, road_call(variant->road, m, SYS_SENDMMSG, cap, vec, 2, 0,
			       0, 0));
	EXPECT_EQ(1, peer_got(&self->p));
	m->mmsg[0].msg_hdr.msg_name = &m->addr;
	m->mmsg32[0][0] = (uintptr_t)&m->addr;
	EXPECT_EQ(-ENOTCAPABLE, road_call(variant->road, m, SYS_SENDMMSG, cap,
					  vec, 2, 0, 0, 0));
	EXPECT_EQ(0, peer_got(&self->p));
	/* With the right, both go. */
	cap = limit_to(sock, CAP_SEND, CAP_CONNECT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(2, road_call(variant->road, m, SYS_SENDMMSG, cap, vec, 2, 0,
			       0, 0));
	EXPECT_EQ(2, peer_got(&self->p));
}

static int call_recv(struct peer *p, const struct deed *d, int fd)
{
	return road_recv(p->road, p->m, d->how, fd,
			 d->named ? sizeof(p->m->addr) : 0, MSG_DONTWAIT);
}

static int call_recv_only(struct peer *p, const struct deed *d, int fd)
{
	if (p->road != ROAD_SOCKETCALL)
		return RET(read(fd, p->m->data, 1));
	return road_call(p->road, p->m, SYS_RECV, fd, (uintptr_t)p->m->data, 1,
			 0, 0, 0);
}

static bool done_recv(struct peer *p, int sock, int ret)
{
	char c = 0;

	/* Received there, or still to be had here. */
	if (p->m->data[0] == 'd')
		return recv(sock, &c, 1, MSG_DONTWAIT) < 0;
	return recv(sock, &c, 1, MSG_DONTWAIT) != 1 || c != 'd';
}

TEST_F(sock, recv)
{
	enum how how;

	for (how = 0; how < HOWS; how++) {
		DEED(RIGHTS(CAP_RECV), .name = how_name(how),
		     .make = make_receiver, .call = call_recv,
		     .done = done_recv, .how = how);
		/* From where it came is part of what is received. */
		DEED(RIGHTS(CAP_RECV), .name = how_name(how),
		     .make = make_receiver, .call = call_recv,
		     .done = done_recv, .how = how, .named = true);
	}
	self->p.m->data[0] = 0;
	DEED(RIGHTS(CAP_RECV), .name = "recv or read", .make = make_receiver,
	     .call = call_recv_only, .done = done_recv);
}

/* ---- what the descriptor is ---- */

typedef int (*calling)(struct peer *p, const struct deed *d, int fd);

static const struct {
	calling call;
	struct deed d;
} all_calls[] = {
	{ call_bind, { .name = "bind" } },
	{ call_connect, { .name = "connect" } },
	{ call_listen, { .name = "listen" } },
	{ call_accept, { .name = "accept" } },
	{ call_accept, { .name = "accept4", .extra = SOCK_CLOEXEC } },
	{ call_name, { .name = "getsockname", .extra = SYS_GETSOCKNAME } },
	{ call_name, { .name = "getpeername", .extra = SYS_GETPEERNAME } },
	{ call_setsockopt, { .name = "setsockopt" } },
	{ call_getsockopt, { .name = "getsockopt" } },
	{ call_shutdown, { .name = "shutdown" } },
	{ call_send, { .name = "sendto", .how = HOW_SENDTO } },
	{ call_send, { .name = "sendmsg", .how = HOW_SENDMSG } },
	{ call_send, { .name = "sendmmsg", .how = HOW_SENDMMSG } },
	{ call_send, { .name = "sendto, named", .how = HOW_SENDTO,
		       .named = true } },
	{ call_send, { .name = "sendmsg, named", .how = HOW_SENDMSG,
		       .named = true } },
	{ call_send, { .name = "sendmmsg, named", .how = HOW_SENDMMSG,
		       .named = true } },
	{ call_recv, { .name = "recvfrom", .how = HOW_SENDTO } },
	{ call_recv, { .name = "recvmsg", .how = HOW_SENDMSG } },
	{ call_recv, { .name = "recvmmsg", .how = HOW_SENDMMSG } },
};

/* The right comes first, and only then what the file is. */
TEST_F(sock, no_socket)
{
	int file = tmp_file(NULL, 16), path, all, none, all_path;
	char name[64];
	unsigned int i;

	ASSERT_LE(0, file);
	all = limit_all(file);
	none = limit_list(file, NO_RIGHTS);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	path = open(name, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	all_path = limit_all(path);
	ASSERT_LE(0, all);
	ASSERT_LE(0, none);
	ASSERT_LE(0, all_path);
	for (i = 0; i < ARRAY_SIZE(all_calls); i++) {
		const struct deed *d = &all_calls[i].d;
		calling call = all_calls[i].call;

		EXPECT_EQ(-ENOTSOCK, call(&self->p, d, file))
			TH_LOG("%s", d->name);
		EXPECT_EQ(-ENOTSOCK, call(&self->p, d, all))
			TH_LOG("%s", d->name);
		EXPECT_EQ(-ENOTCAPABLE, call(&self->p, d, none))
			TH_LOG("%s", d->name);
		EXPECT_EQ(-EBADF, call(&self->p, d, path))
			TH_LOG("%s", d->name);
		EXPECT_EQ(-EBADF, call(&self->p, d, all_path))
			TH_LOG("%s", d->name);
		EXPECT_EQ(-EBADF, call(&self->p, d, 1000))
			TH_LOG("%s", d->name);
	}
}

/* The same look-ups where a thread shares the table. */
static void *wait_for_end(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) ? arg : NULL;
}

TEST_F(sock, shared_table)
{
	int two[2], sock, cap;
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, pipe(two));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_end, &two[0]));
	DEED(RIGHTS(CAP_SEND), .name = "sendmsg", .make = make_connected,
	     .call = call_send, .done = done_send, .how = HOW_SENDMSG);
	DEED(RIGHTS(CAP_SEND, CAP_CONNECT), .name = "sendto, named",
	     .make = make_dgram, .call = call_send, .done = done_send,
	     .how = HOW_SENDTO, .named = true);
	DEED(RIGHTS(CAP_ACCEPT), .name = "accept", .make = make_listener,
	     .call = call_accept, .done = done_accept);
	DEED(RIGHTS(CAP_SETSOCKOPT), .name = "setsockopt", .make = make_stream,
	     .call = call_setsockopt, .done = done_setsockopt);
	DEED(RIGHTS(CAP_RECV), .name = "recvmsg", .make = make_receiver,
	     .call = call_recv, .done = done_recv, .how = HOW_SENDMSG);
	sock = make_connected(&self->p);
	ASSERT_LE(0, sock);
	cap = limit_list(sock, NO_RIGHTS);
	ASSERT_LE(0, cap);
	for (i = 0; i < ARRAY_SIZE(all_calls); i++) {
		EXPECT_EQ(-ENOTCAPABLE, all_calls[i].call(&self->p,
							  &all_calls[i].d, cap))
			TH_LOG("%s", all_calls[i].d.name);
	}
	close(two[1]);
	pthread_join(thread, NULL);
}

/* ---- in capability mode ---- */

struct inside {
	struct peer *p;
	int fd;
	unsigned int call;
};

static int call_inside(void *arg)
{
	struct inside *in = arg;

	return all_calls[in->call].call(in->p, &all_calls[in->call].d, in->fd);
}

/* Which call names an address; what it does needs no more than the socket. */
static bool names_address(unsigned int i)
{
	return all_calls[i].call == call_bind ||
	       all_calls[i].call == call_connect || all_calls[i].d.named;
}

/*
 * The mode refuses bind() and connect() at its door, whatever the descriptor is.
 * Of what comes past there, what the descriptor lacks is told first, and then
 * what the mode refuses.
 */
static bool refused_at_the_door(const struct peer *p, unsigned int i)
{
	return p->road != ROAD_SOCKETCALL && !all_calls[i].d.named;
}

TEST_F(sock, capability_mode)
{
	struct inside in = { .p = &self->p };
	int sock, all, none;

	REQUIRE_CAPMODE();
	for (in.call = 0; in.call < ARRAY_SIZE(all_calls); in.call++) {
		if (!names_address(in.call))
			continue;
		sock = make_dgram(&self->p);
		ASSERT_LE(0, sock);
		all = limit_all(sock);
		ASSERT_LE(0, all);
		none = limit_list(sock, NO_RIGHTS);
		ASSERT_LE(0, none);
		in.fd = all;
		EXPECT_EQ(-ECAPMODE, capmode_run(call_inside, &in))
			TH_LOG("%s", all_calls[in.call].d.name);
		in.fd = none;
		EXPECT_EQ(refused_at_the_door(&self->p, in.call) ?
			  -ECAPMODE : -ENOTCAPABLE,
			  capmode_run(call_inside, &in))
			TH_LOG("%s", all_calls[in.call].d.name);
		in.fd = limit_all_but(sock, CAP_SEND);
		if (all_calls[in.call].d.named) {
			EXPECT_EQ(-ENOTCAPABLE, capmode_run(call_inside, &in));
			in.fd = limit_all_but(sock, CAP_CONNECT);
			EXPECT_EQ(-ENOTCAPABLE, capmode_run(call_inside, &in));
		}
		EXPECT_FALSE(has_address(sock));
		EXPECT_FALSE(has_peer(sock));
		EXPECT_EQ(0, peer_got(&self->p));
	}
}

static int send_inside(void *arg)
{
	struct inside *in = arg;

	return call_send(in->p, &(struct deed){ .how = HOW_SENDMSG }, in->fd);
}

/* A socket that is connected is there to be used. */
TEST_F(sock, capability_mode_connected)
{
	struct inside in = { .p = &self->p };
	int sock = make_connected(&self->p);

	REQUIRE_CAPMODE();
	ASSERT_LE(0, sock);
	in.fd = limit_to(sock, CAP_SEND);
	ASSERT_LE(0, in.fd);
	EXPECT_EQ(1, capmode_run(send_inside, &in));
	EXPECT_EQ(1, peer_got(&self->p));
	in.fd = limit_to(sock, CAP_RECV);
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(send_inside, &in));
	EXPECT_EQ(0, peer_got(&self->p));
}

TEST_HARNESS_MAIN
