// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that come out of a limited socket: what is accepted or peeled off
 * has its limits, and so has the descriptor of the peer's process, and what an
 * ioctl makes. Then ioctls that make none.
 */
#include "sockets.h"

#include <linux/bpf.h>
#include <linux/kcm.h>
#include <linux/nbd.h>
#include <linux/sctp.h>
#include <linux/sockios.h>

#ifndef SOL_SCTP
#define SOL_SCTP	IPPROTO_SCTP
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif
#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE	(SIOCPROTOPRIVATE + 0)
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif

static const unsigned int some_ioctls[] = { FIONREAD, TIOCOUTQ };

FIXTURE(inherit)
{
	int listener;		/* ordinary */
	int cap;		/* limited, with sub-rights that are told apart */
	struct limits limits;
	struct sockaddr_storage ss;
	socklen_t len;
};

FIXTURE_VARIANT(inherit)
{
	int domain;
};

FIXTURE_VARIANT_ADD(inherit, inet)
{
	.domain = AF_INET,
};

FIXTURE_VARIANT_ADD(inherit, unix)
{
	.domain = AF_UNIX,
};

FIXTURE_SETUP(inherit)
{
	struct cap_rights set;

	REQUIRE_CAPSICUM();
	self->listener = bound_socket(variant->domain, SOCK_STREAM, 0,
				      &self->ss, &self->len);
	ASSERT_LE(0, self->listener);
	ASSERT_EQ(0, listen(self->listener, 8));
	rights_list(&set, RIGHTS(CAP_ACCEPT, CAP_READ, CAP_FCNTL, CAP_IOCTL,
				 CAP_EVENT));
	self->cap = limit_sub(self->listener, &set, CAP_FCNTL_GETFL, 2,
			      some_ioctls);
	ASSERT_LE(0, self->cap);
	ASSERT_EQ(0, get_limits(self->cap, &self->limits));
}

FIXTURE_TEARDOWN(inherit)
{
}

static int greet(struct sockaddr_storage *ss, socklen_t len)
{
	int fd = connected_socket(ss->ss_family, SOCK_STREAM, ss, len);

	if (fd >= 0 && send(fd, "hi", 2, 0) != 2)
		return -errno;
	return fd;
}

TEST_F(inherit, accept)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct limits l;
	int client, fd, n;
	char buf[4];

	client = greet(&self->ss, self->len);
	ASSERT_LE(0, client);
	fd = RET(accept(self->cap, (void *)&from, &len));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&self->limits, &l));

	/* They are in force. */
	EXPECT_EQ(0, RET(ioctl(fd, FIONREAD, &n)));
	EXPECT_EQ(2, n);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, SIOCATMARK, &n)));
	EXPECT_LE(0, RET(fcntl(fd, F_GETFL)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, O_NONBLOCK)));
	EXPECT_EQ(2, RET(recv(fd, buf, sizeof(buf), 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(send(fd, "no", 2, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(write(fd, "no", 2)));
	EXPECT_EQ(-ENOTCAPABLE, RET(shutdown(fd, SHUT_RDWR)));
	EXPECT_EQ(-EAGAIN, RET(recv(client, buf, 1, MSG_DONTWAIT)));
	EXPECT_EQ(-ENOTCAPABLE, RET(getpeername(fd, (void *)&from, &len)));

	/* Nor do they widen. */
	rights_all(&l.rights);
	EXPECT_EQ(-ENOTCAPABLE, limit_fd(fd, &l.rights));

	/* The last descriptor of it ends the connection. */
	EXPECT_EQ(0, close(fd));
	EXPECT_GE(0, RET(recv(client, buf, 1, 0)));
}

/* The listener's own accepts go on to be without limits. */
TEST_F(inherit, accept_ordinary)
{
	struct limits l;
	int fd;

	ASSERT_LE(0, greet(&self->ss, self->len));
	fd = RET(accept(self->listener, NULL, NULL));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	rights_all(&self->limits.rights);
	EXPECT_TRUE(rights_eq(&self->limits.rights, &l.rights));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, l.nioctls);
	EXPECT_EQ(2, RET(send(fd, "ok", 2, 0)));
}

TEST_F(inherit, accept4_flags)
{
	struct limits l;
	int fd;

	ASSERT_LE(0, greet(&self->ss, self->len));
	fd = RET(accept4(self->cap, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&self->limits, &l));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);

	ASSERT_LE(0, greet(&self->ss, self->len));
	fd = RET(accept4(self->cap, NULL, NULL, 0));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&self->limits, &l));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* An accept that fails leaves no descriptor behind. */
TEST_F(inherit, accept_fails)
{
	int before = free_fd();

	ASSERT_EQ(0, fcntl(self->listener, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, RET(accept(self->cap, NULL, NULL)));
	EXPECT_EQ(-EINVAL, RET(accept4(self->cap, NULL, NULL, 1)));
	EXPECT_EQ(before, free_fd());
	ASSERT_LE(0, greet(&self->ss, self->len));
	before = free_fd();
	EXPECT_EQ(-EFAULT, RET(syscall(__NR_accept4, self->cap, (void *)1,
				       (void *)1, 0)));
	EXPECT_EQ(before, free_fd());
}

/* What comes out of what came out of it, by way of another process. */
TEST_F(inherit, passed_on)
{
	struct limits l;
	int pair[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_LE(0, greet(&self->ss, self->len));
	fd = RET(accept(self->cap, NULL, NULL));
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, send_fds(pair[0], &fd, 1));
	close(fd);
	ASSERT_EQ(1, recv_fds(pair[1], &fd, 1, 0));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&self->limits, &l));
}

static int accept_inside(void *arg)
{
	int *fd = arg, new = RET(accept(fd[0], NULL, NULL));
	struct limits a, b;

	if (new < 0)
		return new;
	STEP(!get_limits(fd[0], &a) && !get_limits(new, &b));
	STEP(limits_eq(&a, &b));
	return 0;
}

/* Accepting names nobody: capability mode has nothing against it. */
TEST_F(inherit, capability_mode)
{
	int fd = self->cap, none;

	REQUIRE_CAPMODE();
	ASSERT_LE(0, greet(&self->ss, self->len));
	ASSERT_LE(0, greet(&self->ss, self->len));
	EXPECT_BOTH(accept_inside, &fd);
	none = limit_all_but(self->listener, CAP_ACCEPT);
	ASSERT_LE(0, none);
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(accept_inside, &none));
}

/* ---- the peer's process ---- */

FIXTURE(peer)
{
	int sv[2];
};

FIXTURE_SETUP(peer)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sv));
}

FIXTURE_TEARDOWN(peer)
{
}

static int op_peerpidfd(int fd, void *ctx)
{
	socklen_t len = sizeof(int);
	int pidfd = -1, err;

	err = RET(getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len));
	if (err)
		return err;
	return pidfd;
}

TEST_F(peer, pidfd)
{
	struct limits want, l;
	int cap, fd;

	fd = op_peerpidfd(self->sv[0], NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	rights_all(&want.rights);
	EXPECT_TRUE(rights_eq(&want.rights, &l.rights));

	cap = limit_to(self->sv[0], CAP_GETSOCKOPT, CAP_READ);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &want));
	fd = op_peerpidfd(cap, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(limits_eq(&want, &l));
	/* It is the descriptor of a process all the same. */
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));

	cap = limit_all_but(self->sv[0], CAP_GETSOCKOPT);
	ASSERT_LE(0, cap);
	fd = free_fd();
	EXPECT_EQ(-ENOTCAPABLE, op_peerpidfd(cap, NULL));
	EXPECT_EQ(fd, free_fd());
}

/* The next descriptor that the task makes has nothing to do with it. */
TEST_F(peer, no_trace)
{
	struct cap_rights all;
	struct limits l;
	int fd, two[2];

	fd = limit_to(self->sv[0], CAP_GETSOCKOPT);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, op_peerpidfd(fd, NULL));
	EXPECT_EQ(-EFAULT, RET(syscall(__NR_getsockopt, fd, SOL_SOCKET,
				       SO_PEERPIDFD, NULL, NULL)));
	rights_all(&all);
	fd = op_peerpidfd(self->sv[1], NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(rights_eq(&all, &l.rights));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, two));
	ASSERT_EQ(0, get_limits(two[0], &l));
	EXPECT_TRUE(rights_eq(&all, &l.rights));
}

/* ---- SCTP ---- */

FIXTURE(sctp)
{
	int server;
	int client;
	struct sockaddr_storage ss;
	socklen_t len;
};

FIXTURE_SETUP(sctp)
{
	REQUIRE_CAPSICUM();
	self->server = bound_socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP,
				    &self->ss, &self->len);
	if (self->server == -EPROTONOSUPPORT || self->server == -ESOCKTNOSUPPORT)
		SKIP(return, "no SCTP");
	ASSERT_LE(0, self->server);
	ASSERT_EQ(0, listen(self->server, 8));
	self->client = RET(socket(AF_INET, SOCK_SEQPACKET | SOCK_CLOEXEC,
				  IPPROTO_SCTP));
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(sctp)
{
}

/* Makes an association of the client; what it is called, or -errno. */
static int associate(int client, struct sockaddr_storage *ss, socklen_t len)
{
	struct sockaddr_storage addr = *ss;
	socklen_t size;
	struct {
		uint32_t n;
		int32_t id[8];
	} ids;

	if (RET(connect(client, (void *)&addr, len)))
		return -errno;
	size = sizeof(ids);
	if (getsockopt(client, SOL_SCTP, SCTP_GET_ASSOC_ID_LIST, &ids, &size))
		return -errno;
	return ids.n == 1 ? ids.id[0] : -ERANGE;
}

static int peel(int fd, int id, int opt)
{
	sctp_peeloff_flags_arg_t arg = {
		.p_arg.associd = id,
		.flags = opt == SCTP_SOCKOPT_PEELOFF_FLAGS ?
			 SOCK_CLOEXEC | SOCK_NONBLOCK : 0,
	};
	socklen_t len = opt == SCTP_SOCKOPT_PEELOFF_FLAGS ? sizeof(arg) :
							    sizeof(arg.p_arg);
	int ret = RET(getsockopt(fd, SOL_SCTP, opt, &arg, &len));

	/* Linux returns it, too. */
	return ret < 0 ? ret : arg.p_arg.sd;
}

static int new_client(void)
{
	return RET(socket(AF_INET, SOCK_SEQPACKET | SOCK_CLOEXEC,
			  IPPROTO_SCTP));
}

TEST_F(sctp, peeloff)
{
	static const int opts[] = { SCTP_SOCKOPT_PEELOFF,
				    SCTP_SOCKOPT_PEELOFF_FLAGS };
	struct cap_rights set;
	struct limits want, l;
	unsigned int i;
	int id, fd, cap, sock;

	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		/* A new one: what is peeled off is in the way of the next. */
		sock = new_client();
		ASSERT_LE(0, sock);
		id = associate(sock, &self->ss, self->len);
		ASSERT_LE(0, id);

		cap = limit_all_but(sock, CAP_PEELOFF);
		ASSERT_LE(0, cap);
		EXPECT_EQ(-ENOTCAPABLE, peel(cap, id, opts[i]));
		close(cap);
		cap = limit_all_but(sock, CAP_GETSOCKOPT);
		ASSERT_LE(0, cap);
		EXPECT_EQ(-ENOTCAPABLE, peel(cap, id, opts[i]));
		close(cap);
		cap = limit_list(sock, NO_RIGHTS);
		ASSERT_LE(0, cap);
		EXPECT_EQ(-ENOTCAPABLE, peel(cap, id, opts[i]));
		close(cap);

		/* Still there to be peeled off, once. */
		rights_list(&set, RIGHTS(CAP_GETSOCKOPT, CAP_PEELOFF, CAP_FCNTL,
					 CAP_IOCTL));
		cap = limit_sub(sock, &set, CAP_FCNTL_GETFL, 2,
				some_ioctls);
		ASSERT_LE(0, cap);
		ASSERT_EQ(0, get_limits(cap, &want));
		fd = peel(cap, id, opts[i]);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, get_limits(fd, &l));
		EXPECT_TRUE(limits_eq(&want, &l));
		EXPECT_EQ(-ENOTCAPABLE, RET(send(fd, "x", 1, 0)));
		EXPECT_EQ(i ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD));
		EXPECT_EQ(i ? O_NONBLOCK : 0, fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT_GT(0, peel(cap, id, opts[i]));
		close(fd);
		close(cap);
		close(sock);
	}

	/* Without limits there are none to inherit. */
	id = associate(self->client, &self->ss, self->len);
	ASSERT_LE(0, id);
	fd = peel(self->client, id, SCTP_SOCKOPT_PEELOFF);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	rights_all(&set);
	EXPECT_TRUE(rights_eq(&set, &l.rights));
	EXPECT_EQ(1, RET(send(fd, "x", 1, 0)));
}

/* Reads addresses of a socket, or of its peer. How many, or -errno. */
static int list_addresses(int fd, int opt, int assoc, struct sockaddr_in in[2])
{
	struct {
		int32_t assoc_id;
		uint32_t addr_num;
		struct sockaddr_in in[2];
	} got = { .assoc_id = assoc };
	socklen_t len = sizeof(got);
	int ret = RET(getsockopt(fd, SOL_SCTP, opt, &got, &len));

	memcpy(in, got.in, sizeof(got.in));
	return ret ? ret : (int)got.addr_num;
}

struct sctp_list {
	int opt;
	int assoc;
	struct sockaddr_in want;
};

/* There is one address; nothing of it is told when it is refused. */
static int op_list_addresses(int fd, void *ctx)
{
	const struct sctp_list *l = ctx;
	struct sockaddr_in in[2];
	int n = list_addresses(fd, l->opt, l->assoc, in);

	if (n < 0)
		return in[0].sin_port || in[0].sin_addr.s_addr ? -EIO : n;
	return n == 1 && in[0].sin_port == l->want.sin_port &&
	       in[0].sin_addr.s_addr == l->want.sin_addr.s_addr ? 0 : -EIO;
}

/* Two that are getpeername() and getsockname() by what they tell. */
TEST_F(sctp, lists_of_addresses)
{
	struct sctp_list l = { .want = *(struct sockaddr_in *)&self->ss };

	l.opt = SCTP_GET_LOCAL_ADDRS;
	RIGHTS_OP(self->server, .name = "SCTP_GET_LOCAL_ADDRS",
		  .op = op_list_addresses, .ctx = &l,
		  .rights = RIGHTS(CAP_GETSOCKOPT, CAP_GETSOCKNAME));
	l.assoc = associate(self->client, &self->ss, self->len);
	ASSERT_LE(0, l.assoc);
	l.opt = SCTP_GET_PEER_ADDRS;
	RIGHTS_OP(self->client, .name = "SCTP_GET_PEER_ADDRS",
		  .op = op_list_addresses, .ctx = &l,
		  .rights = RIGHTS(CAP_GETSOCKOPT, CAP_GETPEERNAME));
}

struct sctp_address {
	struct sockaddr_in in;
	int sock;		/* an ordinary descriptor */
	int opt;
};

static int op_set_address(int fd, void *ctx)
{
	struct sctp_address *a = ctx;

	return RET(setsockopt(fd, SOL_SCTP, a->opt, &a->in, sizeof(a->in)));
}

static void set_address(struct sctp_address a, int opt)
{
	a.opt = opt;
	op_set_address(a.sock, &a);
}

/* Undoes what is to be done. */
static void undo_bindx(void *ctx)
{
	const struct sctp_address *a = ctx;

	set_address(*a, a->opt == SCTP_SOCKOPT_BINDX_ADD ?
		    SCTP_SOCKOPT_BINDX_REM : SCTP_SOCKOPT_BINDX_ADD);
}

static uint64_t how_many_addresses(void *ctx)
{
	const struct sctp_address *a = ctx;
	struct sockaddr_in in[2];

	return list_addresses(a->sock, SCTP_GET_LOCAL_ADDRS, 0, in);
}

/* What is an option by its form, and a bind or a connect by what it does. */
TEST_F(sctp, options_with_addresses)
{
	struct sctp_address a = {
		.in = *(struct sockaddr_in *)&self->ss,
		.sock = self->server,
	};
	uint32_t ids[9];
	socklen_t len = sizeof(ids);

	/* An address more; the server has 127.0.0.1. */
	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	a.opt = SCTP_SOCKOPT_BINDX_ADD;
	RIGHTS_OP(self->server, .name = "SCTP_SOCKOPT_BINDX_ADD",
		  .op = op_set_address, .ctx = &a, .prepare = undo_bindx,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_BIND),
		  .state = how_many_addresses);
	a.opt = SCTP_SOCKOPT_BINDX_REM;
	RIGHTS_OP(self->server, .name = "SCTP_SOCKOPT_BINDX_REM",
		  .op = op_set_address, .ctx = &a, .prepare = undo_bindx,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_BIND),
		  .state = how_many_addresses);
	set_address(a, SCTP_SOCKOPT_BINDX_REM);
	EXPECT_EQ(1, how_many_addresses(&a));

	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.opt = SCTP_SOCKOPT_CONNECTX;
	EXPECT_EQ(-ENOTCAPABLE,
		  op_set_address(limit_all_but(self->client, CAP_CONNECT), &a));
	EXPECT_EQ(-ENOTCAPABLE,
		  op_set_address(limit_to(self->client, CAP_CONNECT), &a));
	a.opt = SCTP_SOCKOPT_CONNECTX_OLD;
	EXPECT_EQ(-ENOTCAPABLE,
		  op_set_address(limit_all_but(self->client, CAP_CONNECT), &a));
	EXPECT_EQ(-ENOTCAPABLE,
		  op_set_address(limit_to(self->client, CAP_CONNECT), &a));
	ASSERT_EQ(0, getsockopt(self->client, SOL_SCTP, SCTP_GET_ASSOC_ID_LIST,
				ids, &len));
	EXPECT_EQ(0, ids[0]);
	a.opt = SCTP_SOCKOPT_CONNECTX;
	EXPECT_LE(0, op_set_address(limit_to(self->client, CAP_CONNECT,
					     CAP_SETSOCKOPT), &a));
	/* It is connected now, which is found out once the rights are there. */
	RIGHTS_OP(self->client, .name = "SCTP_SOCKOPT_CONNECTX",
		  .op = op_set_address, .ctx = &a, .want = -EISCONN,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_CONNECT));
	a.opt = SCTP_SOCKOPT_CONNECTX_OLD;
	RIGHTS_OP(self->client, .name = "SCTP_SOCKOPT_CONNECTX_OLD",
		  .op = op_set_address, .ctx = &a, .want = -EISCONN,
		  .rights = RIGHTS(CAP_SETSOCKOPT, CAP_CONNECT));
}

/* ... and a connect in what reads an option. */
TEST_F(sctp, connectx3)
{
	struct sockaddr_in in = *(struct sockaddr_in *)&self->ss;
	struct {
		int32_t assoc_id;
		int32_t addr_num;
		struct sockaddr *addrs;
	} param = {
		.addr_num = sizeof(in),
		.addrs = (struct sockaddr *)&in,
	};
	socklen_t len = sizeof(param);
	int fd;

	fd = limit_all_but(self->client, CAP_CONNECT);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(getsockopt(fd, SOL_SCTP,
					       SCTP_SOCKOPT_CONNECTX3, &param,
					       &len)));
	fd = limit_all_but(self->client, CAP_GETSOCKOPT);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(getsockopt(fd, SOL_SCTP,
					       SCTP_SOCKOPT_CONNECTX3, &param,
					       &len)));
	fd = limit_to(self->client, CAP_GETSOCKOPT, CAP_CONNECT);
	ASSERT_LE(0, fd);
	EXPECT_LE(0, RET(getsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_CONNECTX3,
				    &param, &len)));
}

/* ---- ioctls ---- */

struct cmd {
	unsigned int cmd;
	int *arg;
	bool compat;
};

static int op_ioctl(int fd, void *ctx)
{
	struct cmd *c = ctx;

#ifdef __x86_64__
	if (c->compat)
		return int80(54, fd, c->cmd, (uintptr_t)c->arg, 0, 0, 0);
#endif
	return RET(syscall(__NR_ioctl, fd, c->cmd, c->arg));
}

#define CHECK(sock, command, want_) do { \
	struct cmd __c = { command, m->pair }; \
	RIGHTS_OP(sock, .name = #command, .op = op_ioctl, \
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = command, \
		  .want = want_, .ctx = &__c); \
	__c.compat = have_int80(); \
	if (__c.compat) \
		RIGHTS_OP(sock, .name = #command " (compat)", .op = op_ioctl, \
			  .rights = RIGHTS(CAP_IOCTL), .ioctl = command, \
			  .want = want_, .ctx = &__c); \
} while (0)

TEST(ioctls)
{
	struct arena *m = low_page();
	struct peer p;
	int sv[2], tcp;

	REQUIRE_CAPSICUM();
	ASSERT_TRUE(!!m);
	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	tcp = connected_socket(AF_INET, SOCK_STREAM, &p.laddr, p.llen);
	ASSERT_LE(0, tcp);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	CHECK(sv[0], FIONREAD, 0);
	CHECK(sv[0], SIOCOUTQ, 0);
	CHECK(sv[0], SIOCGPGRP, 0);
	CHECK(tcp, FIONREAD, 0);
	CHECK(tcp, SIOCATMARK, 0);
	CHECK(tcp, SIOCOUTQ, 0);
	CHECK(tcp, FIOGETOWN, 0);
}

static int op_unix_file(int fd, void *ctx)
{
	return RET(ioctl(fd, SIOCUNIXFILE));
}

static int op_kcm_clone(int fd, void *ctx)
{
	struct kcm_clone clone = {};
	int err = RET(ioctl(fd, SIOCKCMCLONE, &clone));

	return err ? err : clone.fd;
}

/* What @op, the ioctl @cmd, makes of @sock has the limits of that. */
static void check_derives(struct __test_metadata *_metadata, int sock,
			  unsigned int cmd, int (*op)(int fd, void *ctx))
{
	const unsigned int list[2] = { FIONREAD, cmd };
	struct limits want, have;
	struct cap_rights set;
	struct stat st;
	int cap, fd;

	rights_list(&set, RIGHTS(CAP_IOCTL, CAP_READ));
	cap = limit_sub(sock, &set, 0, 2, list);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &want));
	fd = op(cap, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_EQ(-ENOTCAPABLE, RET(fstat(fd, &st)));

	/* Without limits there are none to inherit. */
	fd = op(sock, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	rights_all(&set);
	EXPECT_TRUE(rights_eq(&set, &have.rights));

	/* None is made without the command on the list, or without the right. */
	cap = limit_sub(sock, &set, 0, 1, list);
	ASSERT_LE(0, cap);
	fd = free_fd();
	EXPECT_EQ(-ENOTCAPABLE, op(cap, NULL));
	EXPECT_EQ(fd, free_fd());
	cap = limit_all_but(sock, CAP_IOCTL);
	ASSERT_LE(0, cap);
	fd = free_fd();
	EXPECT_EQ(-ENOTCAPABLE, op(cap, NULL));
	EXPECT_EQ(fd, free_fd());
}

TEST(unix_file)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int sock;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root is told");
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/capsicum-file-%d",
		 tmp_dir(), getpid());
	ASSERT_EQ(0, bind(sock, (void *)&un, sizeof(un)));
	check_derives(_metadata, sock, SIOCUNIXFILE, op_unix_file);
	unlink(un.sun_path);
}

/* 64-bit kernels have no ioctls of KCM for programs of 32 bits. */
static int kcm_socket(void)
{
	int sock = RET(socket(AF_KCM, SOCK_DGRAM, 0));

	if (sock < 0 || sizeof(long) > 4 || op_kcm_clone(sock, NULL) != -ENOTTY)
		return sock;
	close(sock);
	return -EAFNOSUPPORT;
}

TEST(kcm_clone)
{
	int sock;

	REQUIRE_CAPSICUM();
	sock = kcm_socket();
	if (sock == -EAFNOSUPPORT)
		SKIP(return, "no KCM, or not for programs of 32 bits");
	ASSERT_LE(0, sock);
	check_derives(_metadata, sock, SIOCKCMCLONE, op_kcm_clone);
}

/* ---- second sockets ---- */

/* A stream socket that is connected, as those who take one over want it. */
static int stream(struct peer *p)
{
	return connected_socket(AF_INET, SOCK_STREAM, &p->laddr, p->llen);
}

struct second {
	int dev;
	unsigned int cmd;
	int fd;		/* for KCM: the socket itself */
	int prog;	/* and the program that finds messages in it */
};

static int op_second(int fd, void *ctx)
{
	struct second *s = ctx;
	struct kcm_attach attach = { .fd = fd, .bpf_fd = s->prog };
	struct kcm_unattach unattach = { .fd = fd };

	if (s->cmd == SIOCKCMATTACH)
		return RET(ioctl(s->dev, SIOCKCMATTACH, &attach));
	if (s->cmd == SIOCKCMUNATTACH)
		return RET(ioctl(s->dev, SIOCKCMUNATTACH, &unattach));
	return RET(ioctl(s->dev, s->cmd, (unsigned long)fd));
}

/* One that is in use tells whose it is; it must not be cleared. */
static int nbd_open(void)
{
	if (!access("/sys/block/nbd0/pid", F_OK))
		return -EBUSY;
	return RET(open("/dev/nbd0", O_RDWR | O_CLOEXEC));
}

static void nbd_clear(void *ctx)
{
	struct second *s = ctx;

	ioctl(s->dev, NBD_CLEAR_SOCK, 0);
}

/* It is sent to and received from, and shut down when the device goes. */
TEST(nbd)
{
	struct second s = { .cmd = NBD_SET_SOCK };
	struct peer p;
	int fd;

	REQUIRE_CAPSICUM();
	s.dev = nbd_open();
	if (s.dev < 0)
		SKIP(return, "no /dev/nbd0 to use (%d)", s.dev);
	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	fd = stream(&p);
	ASSERT_LE(0, fd);
	RIGHTS_OP(fd, .name = "NBD_SET_SOCK", .op = op_second,
		  .rights = RIGHTS(CAP_SEND, CAP_RECV, CAP_SHUTDOWN),
		  .prepare = nbd_clear, .ctx = &s);
	nbd_clear(&s);
}

/* What it is sent by has to know where to: not what names that in each packet. */
TEST(nbd_raw)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct second s = { .cmd = NBD_SET_SOCK };
	int fd;

	REQUIRE_CAPSICUM();
	s.dev = nbd_open();
	if (s.dev < 0)
		SKIP(return, "no /dev/nbd0 to use (%d)", s.dev);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	ASSERT_LE(0, fd);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ASSERT_EQ(0, connect(fd, (void *)&in, sizeof(in)));
	EXPECT_EQ(-EINVAL, op_second(fd, &s));
	nbd_clear(&s);
	close(fd);
}

TEST(kcm)
{
	struct second s = { .cmd = SIOCKCMATTACH, .prog = -1 };
	struct peer p;
	int fd, err;

	REQUIRE_CAPSICUM();
	s.dev = kcm_socket();
	if (s.dev == -EAFNOSUPPORT)
		SKIP(return, "no KCM, or not for programs of 32 bits");
	ASSERT_LE(0, s.dev);
	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	fd = stream(&p);
	ASSERT_LE(0, fd);
	/* There is no such program, which is looked for after the socket. */
	err = op_second(fd, &s);
	ASSERT_GT(0, err);
	ASSERT_NE(-ENOENT, err);
	RIGHTS_OP(fd, .name = "SIOCKCMATTACH", .op = op_second,
		  .rights = RIGHTS(CAP_SEND, CAP_RECV), .want = err, .ctx = &s);
	/* As ever. */
	EXPECT_EQ(-ENOENT, op_second(1000, &s));
}

/* "return 0;": no message is complete yet. */
static int kcm_prog(void)
{
	static const struct bpf_insn ret_0[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)ret_0;
	attr.insn_cnt = ARRAY_SIZE(ret_0);
	attr.license = (uintptr_t)"GPL";
	return RET(syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

/* -EALREADY when it was attached, 0 when it was not. It is afterwards. */
static int kcm_attach(const struct second *s)
{
	struct kcm_attach attach = { .fd = s->fd, .bpf_fd = s->prog };

	return RET(ioctl(s->dev, SIOCKCMATTACH, &attach));
}

static void kcm_prepare(void *ctx)
{
	kcm_attach(ctx);
}

static uint64_t kcm_state(void *ctx)
{
	return kcm_attach(ctx);
}

/* Who could not give it to KCM cannot take it away, be it there or not. */
TEST(kcm_unattach)
{
	struct second s = { .cmd = SIOCKCMUNATTACH };
	struct peer p;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root loads programs");
	s.dev = kcm_socket();
	if (s.dev == -EAFNOSUPPORT)
		SKIP(return, "no KCM, or not for programs of 32 bits");
	ASSERT_LE(0, s.dev);
	s.prog = kcm_prog();
	if (s.prog < 0)
		SKIP(return, "no bpf(2)");
	ASSERT_EQ(0, peer_init(&p, AF_INET, ROAD_CALL));
	s.fd = stream(&p);
	ASSERT_LE(0, s.fd);
	RIGHTS_OP(s.fd, .name = "SIOCKCMUNATTACH, not attached",
		  .op = op_second, .rights = RIGHTS(CAP_SEND, CAP_RECV),
		  .want = -ENOENT, .ctx = &s);
	EXPECT_EQ(-ENOENT, op_second(1000, &s));

	ASSERT_EQ(0, kcm_attach(&s));
	EXPECT_EQ(-EALREADY, kcm_attach(&s));
	RIGHTS_OP(s.fd, .name = "SIOCKCMUNATTACH", .op = op_second,
		  .rights = RIGHTS(CAP_SEND, CAP_RECV),
		  .prepare = kcm_prepare, .state = kcm_state, .ctx = &s);
}

TEST_HARNESS_MAIN
