/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capability mode: what its self-tests of sockets share.
 *
 * A struct peer is somebody to talk to: a listener and a datagram socket, which
 * tell afterwards whether anything has reached them. That takes no waiting: what
 * the test sends itself, once the attempt is over, comes after whatever the
 * attempt has sent.
 */
#ifndef _SELFTESTS_CAPSICUM_SOCKETS_H
#define _SELFTESTS_CAPSICUM_SOCKETS_H

#include "capmode.h"

#include <linux/net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/un.h>

/* By which system call a call of the socket layer is made. */
enum road {
	ROAD_CALL,		/* its own */
	ROAD_SOCKETCALL,	/* socketcall(2), of 32 bits if need be */
	ROAD_X32,		/* x32's */
};

/* The roads that there are wherever there is socketcall(2), or a gate to it. */
#define COMMON_ROAD_VARIANTS(fixture) \
FIXTURE_VARIANT_ADD(fixture, call) \
{ \
	.road = ROAD_CALL, \
}; \
FIXTURE_VARIANT_ADD(fixture, socketcall) \
{ \
	.road = ROAD_SOCKETCALL, \
}

#define COMMON_DOMAIN_VARIANTS(fixture, name, family) \
FIXTURE_VARIANT_ADD(fixture, name) \
{ \
	.domain = family, \
	.road = ROAD_CALL, \
}; \
FIXTURE_VARIANT_ADD(fixture, name ## _socketcall) \
{ \
	.domain = family, \
	.road = ROAD_SOCKETCALL, \
}

/*
 * The variants of a fixture: every road; the member is @road. DOMAIN_VARIANTS():
 * for one family of addresses, whose member is @domain.
 */
#ifdef __x86_64__
#define ROAD_VARIANTS(fixture) \
COMMON_ROAD_VARIANTS(fixture); \
FIXTURE_VARIANT_ADD(fixture, x32) \
{ \
	.road = ROAD_X32, \
}

#define DOMAIN_VARIANTS(fixture, name, family) \
COMMON_DOMAIN_VARIANTS(fixture, name, family); \
FIXTURE_VARIANT_ADD(fixture, name ## _x32) \
{ \
	.domain = family, \
	.road = ROAD_X32, \
}
#else
#define ROAD_VARIANTS(fixture) COMMON_ROAD_VARIANTS(fixture)
#define DOMAIN_VARIANTS(fixture, name, family) \
	COMMON_DOMAIN_VARIANTS(fixture, name, family)
#endif

/* What both an ordinary pointer and one of 32 bits can point to. */
struct arena {
	struct sockaddr_storage addr;
	char data[16];
	struct iovec iov;
	struct msghdr msg;
	struct mmsghdr mmsg[2];
	uint32_t iov32[2];
	uint32_t msg32[7];
	uint32_t mmsg32[2][8];
	unsigned long args[6];
	uint32_t args32[6];
	int pair[2];
};

struct peer {
	enum road road;
	int domain;
	struct arena *m;
	int listener;		/* a stream socket */
	struct sockaddr_storage laddr;
	socklen_t llen;
	int rx;			/* a datagram socket */
	struct sockaddr_storage raddr;
	socklen_t rlen;
	int tx;			/* one that is connected to it */
};

/* The gate that leads there. */
static inline enum gate road_gate(enum road road)
{
#ifndef __NR_socketcall
	if (road == ROAD_SOCKETCALL)
		return GATE_INT80;
#endif
	return road == ROAD_X32 ? GATE_X32 : GATE_NONE;
}

static inline bool road_there(enum road road)
{
	return have_gate(road_gate(road));
}

/* Whether it is laid out for 32 bits in a program of 64. */
static inline bool road_compat(enum road road)
{
	return road_gate(road) != GATE_NONE;
}

static inline long road_nr(int call)
{
	switch (call) {
	case SYS_SOCKET:	return __NR_socket;
	case SYS_BIND:		return __NR_bind;
	case SYS_CONNECT:	return __NR_connect;
	case SYS_LISTEN:	return __NR_listen;
	case SYS_SOCKETPAIR:	return __NR_socketpair;
	case SYS_SENDTO:	return __NR_sendto;
	case SYS_SENDMSG:	return __NR_sendmsg;
	case SYS_SENDMMSG:	return __NR_sendmmsg;
	case SYS_ACCEPT4:	return __NR_accept4;
	case SYS_GETSOCKNAME:	return __NR_getsockname;
	case SYS_GETPEERNAME:	return __NR_getpeername;
	case SYS_RECVFROM:	return __NR_recvfrom;
	case SYS_RECVMSG:	return __NR_recvmsg;
	case SYS_SHUTDOWN:	return __NR_shutdown;
#ifdef __NR_accept
	case SYS_ACCEPT:	return __NR_accept;
#endif
#ifdef __NR_recvmmsg
	case SYS_RECVMMSG:	return __NR_recvmmsg;
#endif
	case SYS_SETSOCKOPT:	return __NR_setsockopt;
	case SYS_GETSOCKOPT:	return __NR_getsockopt;
	default:		return -1;
	}
}

/* x32's own, where it has another one than ROAD_CALL. */
static inline long road_nr_x32(int call)
{
	switch (call) {
	case SYS_RECVFROM:	return 517;
	case SYS_SENDMSG:	return 518;
	case SYS_RECVMSG:	return 519;
	case SYS_RECVMMSG:	return 537;
	case SYS_SENDMMSG:	return 538;
	case SYS_SETSOCKOPT:	return 541;
	case SYS_GETSOCKOPT:	return 542;
	default:		return road_nr(call);
	}
}

/* @call is a SYS_ constant; all pointers must point into @m. */
static inline int road_call(enum road road, struct arena *m, int call,
			    unsigned long a, unsigned long b, unsigned long c,
			    unsigned long d, unsigned long e, unsigned long f)
{
	if (road == ROAD_CALL)
		return RET(syscall(road_nr(call), a, b, c, d, e, f));
	if (road == ROAD_X32)
		return RET(syscall(X32_BIT | road_nr_x32(call), a, b, c, d, e,
				   f));
#ifdef __NR_socketcall
	memcpy(m->args, (unsigned long[]){ a, b, c, d, e, f }, sizeof(m->args));
	return RET(syscall(__NR_socketcall, call, m->args));
#else
	memcpy(m->args32, (uint32_t[]){ a, b, c, d, e, f }, sizeof(m->args32));
	return int80(102, call, (uintptr_t)m->args32, 0, 0, 0, 0);
#endif
}

/* ---- addresses ---- */

/* A loopback address without a port; for AF_UNIX one that the kernel fills. */
static inline socklen_t any_address(int domain, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = domain;
	switch (domain) {
	case AF_INET:
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	case AF_INET6:
		in6->sin6_addr = in6addr_loopback;
		return sizeof(*in6);
	default:
		return sizeof(sa_family_t);
	}
}

/* A socket at an address of the kernel's choice, which is put into @ss. */
static inline int bound_socket(int domain, int type, int protocol,
			       struct sockaddr_storage *ss, socklen_t *len)
{
	int fd = RET(socket(domain, type | SOCK_CLOEXEC, protocol));
	int err;

	if (fd < 0)
		return fd;
	*len = any_address(domain, ss);
	err = RET(bind(fd, (void *)ss, *len));
	if (!err) {
		*len = sizeof(*ss);
		err = RET(getsockname(fd, (void *)ss, len));
	}
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static inline int connected_socket(int domain, int type,
				   const struct sockaddr_storage *ss,
				   socklen_t len)
{
	int fd = RET(socket(domain, type | SOCK_CLOEXEC, 0));
	int err;

	if (fd < 0)
		return fd;
	err = RET(connect(fd, (void *)ss, len));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Whether anybody could reach @fd by an address: a port, or a name. */
static inline bool has_address(int fd)
{
	struct sockaddr_storage ss = {};
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (void *)&ss, &len))
		return false;
	switch (ss.ss_family) {
	case AF_INET:
		return ((struct sockaddr_in *)&ss)->sin_port;
	case AF_INET6:
		return ((struct sockaddr_in6 *)&ss)->sin6_port;
	default:
		return len > sizeof(sa_family_t);
	}
}

static inline bool has_peer(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return !getpeername(fd, (void *)&ss, &len);
}

/* ---- somebody to talk to ---- */

/* Returns 0 or -errno. Nothing is given back: a test is a process. */
static inline int peer_init(struct peer *p, int domain, enum road road)
{
	memset(p, 0, sizeof(*p));
	p->domain = domain;
	p->road = road;
	p->m = low_page();
	if (!p->m)
		return -ENOMEM;
	p->listener = bound_socket(domain, SOCK_STREAM, 0, &p->laddr, &p->llen);
	if (p->listener < 0)
		return p->listener;
	if (listen(p->listener, 16))
		return -errno;
	p->rx = bound_socket(domain, SOCK_DGRAM, 0, &p->raddr, &p->rlen);
	if (p->rx < 0)
		return p->rx;
	p->tx = connected_socket(domain, SOCK_DGRAM, &p->raddr, p->rlen);
	return p->tx < 0 ? p->tx : 0;
}

/* How many bytes, each a 'd', have come to @rx, where @tx sends; or -errno. */
static inline int bytes_got(int tx, int rx)
{
	int n = 0;
	char c;

	if (send(tx, "m", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	for (;;) {
		if (recv(rx, &c, 1, 0) != 1)
			return -errno;
		if (c == 'm')
			return n;
		if (c != 'd')
			return -EBADMSG;
		n++;
	}
}

/* How many datagrams have come, or -errno. */
static inline int peer_got(struct peer *p)
{
	return bytes_got(p->tx, p->rx);
}

/* How many connections have come, or -errno; they must have been closed. */
static inline int peer_met(struct peer *p)
{
	int mine = connected_socket(p->domain, SOCK_STREAM, &p->laddr, p->llen);
	int fd, n = 0;
	char c = 0;

	if (mine < 0)
		return mine;
	if (send(mine, "m", 1, 0) != 1)
		return -errno;
	for (;;) {
		fd = RET(accept(p->listener, NULL, NULL));
		if (fd < 0)
			return fd;
		if (recv(fd, &c, 1, 0) != 1)
			c = 0;
		close(fd);
		if (c == 'm')
			break;
		n++;
	}
	close(mine);
	return n;
}

/* ---- sending ---- */

enum how {
	HOW_SENDTO,
	HOW_SENDMSG,
	HOW_SENDMMSG,
	HOWS,
};

static inline const char *how_name(enum how way)
{
	static const char *const names[] = { "sendto", "sendmsg", "sendmmsg" };

	return names[way];
}

/*
 * Fill the headers of @m, of either layout, for the byte 'd' to the address in
 * @m->addr (@len 0: to none), with @control (in @m, too) beside it.
 */
static inline void fill_msg(struct arena *m, socklen_t len, void *control,
			    size_t controllen)
{
	m->data[0] = 'd';
	m->iov.iov_base = m->data;
	m->iov.iov_len = 1;
	m->msg = (struct msghdr){
		.msg_name = len ? &m->addr : NULL,
		.msg_namelen = len,
		.msg_iov = &m->iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = controllen,
	};
	m->mmsg[0].msg_hdr = m->msg;
	m->mmsg[1].msg_hdr = m->msg;
	m->iov32[0] = (uintptr_t)m->data;
	m->iov32[1] = 1;
	m->msg32[0] = len ? (uintptr_t)&m->addr : 0;
	m->msg32[1] = len;
	m->msg32[2] = (uintptr_t)m->iov32;
	m->msg32[3] = 1;
	m->msg32[4] = (uintptr_t)control;
	m->msg32[5] = controllen;
	m->msg32[6] = 0;
	memcpy(m->mmsg32[0], m->msg32, sizeof(m->msg32));
	memcpy(m->mmsg32[1], m->msg32, sizeof(m->msg32));
}

/* Sends what is filled in, with sendto(2) to the address at @name. */
static inline int send_filled(enum road road, struct arena *m, enum how way,
			      int fd, const void *name, socklen_t len, int flags)
{
	bool compat = road_compat(road);

	switch (way) {
	case HOW_SENDTO:
		return road_call(road, m, SYS_SENDTO, fd, (uintptr_t)m->data, 1,
				 flags, (uintptr_t)name, len);
	case HOW_SENDMSG:
		return road_call(road, m, SYS_SENDMSG, fd, compat ?
				 (uintptr_t)m->msg32 : (uintptr_t)&m->msg,
				 flags, 0, 0, 0);
	default:
		return road_call(road, m, SYS_SENDMMSG, fd, compat ?
				 (uintptr_t)m->mmsg32 : (uintptr_t)m->mmsg,
				 1, flags, 0, 0);
	}
}

/* Sends the byte 'd' to the address in @m->addr, or with @len 0 to none. */
static inline int road_send(enum road road, struct arena *m, enum how way,
			    int fd, socklen_t len, int flags)
{
	fill_msg(m, len, NULL, 0);
	return send_filled(road, m, way, fd, len ? &m->addr : NULL, len, flags);
}

/* ---- receiving ---- */

/* Takes a byte into @m->data; where it came from, with @len, into @m->addr. */
static inline int road_recv(enum road road, struct arena *m, enum how way,
			    int fd, socklen_t len, int flags)
{
	bool compat = road_compat(road);

	fill_msg(m, len, NULL, 0);
	m->data[0] = 0;
	m->pair[0] = len;
	switch (way) {
	case HOW_SENDTO:
		return road_call(road, m, SYS_RECVFROM, fd, (uintptr_t)m->data,
				 1, flags, len ? (uintptr_t)&m->addr : 0,
				 len ? (uintptr_t)&m->pair[0] : 0);
	case HOW_SENDMSG:
		return road_call(road, m, SYS_RECVMSG, fd, compat ?
				 (uintptr_t)m->msg32 : (uintptr_t)&m->msg,
				 flags, 0, 0, 0);
	default:
		return road_call(road, m, SYS_RECVMMSG, fd, compat ?
				 (uintptr_t)m->mmsg32 : (uintptr_t)m->mmsg,
				 1, flags, 0, 0);
	}
}

struct sending {
	struct peer *p;
	enum how how;
	int fd;			/* -1: a new datagram socket */
	int flags;
};

static inline int try_send_to(void *arg)
{
	struct sending *s = arg;
	struct peer *p = s->p;
	int fd = s->fd;
	int ret;

	if (fd < 0)
		fd = RET(socket(p->domain, SOCK_DGRAM, 0));
	STEP(fd >= 0);
	p->m->addr = p->raddr;
	ret = road_send(p->road, p->m, s->how, fd, p->rlen, s->flags);
	STEP(s->fd >= 0 || p->domain == AF_UNIX || has_address(fd) == (ret > 0));
	return ret;
}

static inline int try_send(void *arg)
{
	struct sending *s = arg;

	return road_send(s->p->road, s->p->m, s->how, s->fd, 0, s->flags);
}

#endif /* _SELFTESTS_CAPSICUM_SOCKETS_H */
