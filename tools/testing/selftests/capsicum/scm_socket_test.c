// SPDX-License-Identifier: GPL-2.0
/*
 * Limited AF_UNIX sockets in SCM_RIGHTS, and the collector of sockets that only
 * messages hold: it has to count a capability as the one reference to the
 * socket that it is, however many descriptors and messages refer to it.
 *
 * The sockets are in a network namespace of their own, where they can be
 * counted. That one is not collected can only be told once the collector has
 * passed: each test then makes a cycle of its own that must go, and waits for
 * that.
 */
#include "common.h"

#include <pthread.h>
#include <sched.h>
#include <sys/un.h>

/* How many sockets of @type there are in this namespace, or -errno. */
static int count(int type)
{
	const char *name = type == SOCK_STREAM ? "UNIX-STREAM" : "UNIX";
	char line[512], proto[32];
	FILE *f = fopen("/proc/net/protocols", "re");
	int n, ret = -ENOENT;

	if (!f)
		return -errno;
	while (ret < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %*d %d", proto, &n) == 2 &&
		    !strcmp(proto, name))
			ret = n;
	}
	fclose(f);
	return ret;
}

/* Closing a socket starts the collector, if there is anything in flight. */
static void kick(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	close(fd);
}

/* Waits for what must come; the test's time is the limit. */
static bool comes_down_to(int type, int want)
{
	int i;

	for (i = 0; i < 20000; i++) {
		if (count(type) == want)
			return true;
		kick();
		usleep(1000);
	}
	return false;
}

/* A cycle of @type, of which nobody else holds any; waits for it to be gone. */
static int come_and_gone(int type)
{
	int pair[2], before = count(type);

	if (before < 0 || socketpair(AF_UNIX, type, 0, pair))
		return -errno;
	/* Each end has itself in its queue, and nobody else does. */
	if (send_fds(pair[1], &pair[0], 1) != 1 ||
	    send_fds(pair[0], &pair[1], 1) != 1)
		return -EIO;
	close(pair[0]);
	close(pair[1]);
	return comes_down_to(type, before) ? 0 : -ETIME;
}

/*
 * How many are left when the collector has been here. It is the others that are
 * waited for: they go in the round that also takes what was dead before, or in a
 * later one. The files of a round are put behind it, those of the next one after
 * them: so when a second cycle is gone, all of that round is.
 */
static int left(int type)
{
	int other = type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM;
	int err = come_and_gone(other);

	if (!err)
		err = come_and_gone(other);
	return err ? err : count(type);
}

FIXTURE(scm)
{
	int fd[8];	/* pairs: what is sent to [i] comes by [i ^ 1] */
	int base;	/* sockets that are not this test's */
	long files;
};

FIXTURE_VARIANT(scm)
{
	int type;
	bool listener;
};

FIXTURE_VARIANT_ADD(scm, stream)
{
	.type = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(scm, dgram)
{
	.type = SOCK_DGRAM,
};

/* [even] listens, and [odd] is connected and has not been accepted. */
FIXTURE_VARIANT_ADD(scm, listener)
{
	.type = SOCK_STREAM,
	.listener = true,
};

/*
 * How many sockets are there for as long as [even] is: the other one is closed,
 * but it is the peer of this one, or of the connection in the queue of it.
 */
#define OF_ONE(variant)	((variant)->listener ? 3 : 2)

FIXTURE_SETUP(scm)
{
	int i;

	REQUIRE_CAPSICUM();
	if (unshare(CLONE_NEWNET)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "only root gets a network namespace");
	}
	self->base = count(variant->type);
	ASSERT_EQ(0, self->base);
	self->files = files();
	ASSERT_LE(0, self->files);
	for (i = 0; i < 8; i += 2) {
		struct sockaddr_un un = { .sun_family = AF_UNIX };
		socklen_t len = sizeof(un.sun_family);

		if (!variant->listener) {
			ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0,
						&self->fd[i]));
			continue;
		}
		self->fd[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		ASSERT_LE(0, self->fd[i]);
		ASSERT_EQ(0, bind(self->fd[i], (void *)&un, len));
		ASSERT_EQ(0, listen(self->fd[i], 4));
		len = sizeof(un);
		ASSERT_EQ(0, getsockname(self->fd[i], (void *)&un, &len));
		self->fd[i + 1] = socket(AF_UNIX, SOCK_STREAM, 0);
		ASSERT_LE(0, self->fd[i + 1]);
		ASSERT_EQ(0, connect(self->fd[i + 1], (void *)&un, len));
	}
}

FIXTURE_TEARDOWN(scm)
{
}

/* Everything that the fixture has made is closed and gone, memory and all. */
#define ALL_GONE() do { \
	int __i; \
	for (__i = 0; __i < 8; __i++) { \
		if (self->fd[__i] >= 0) \
			close(self->fd[__i]); \
		self->fd[__i] = -1; \
	} \
	EXPECT_TRUE(comes_down_to(variant->type, 0)) \
		TH_LOG("%d sockets are left", count(variant->type)); \
	EXPECT_TRUE(files_come_down_to(self->files)) \
		TH_LOG("%ld files, and there were %ld", files(), \
		       self->files); \
} while (0)

/*
 * Each processor counts for itself, and tells after 32. So what is too many shows
 * where things are done many times, see busy.
 */
static bool files_come_down_to(long want)
{
	int i;

	want += 2 * 32 * sysconf(_SC_NPROCESSORS_CONF);
	for (i = 0; i < 20000; i++) {
		if (files() <= want)
			return true;
		usleep(1000);
	}
	return false;
}

/* Puts @what into the queue of socket number @to. */
#define SEND_TO(to, what) do { \
	int __fd = (what); \
	ASSERT_LE(0, __fd); \
	ASSERT_EQ(1, send_fds(self->fd[(to) ^ 1], &__fd, 1)); \
} while (0)

/* The same, and @what is closed: only the message holds it then. */
#define MOVE_TO(to, what) do { \
	int __what = (what); \
	SEND_TO(to, __what); \
	close(__what); \
} while (0)

static void close_all(int *fd, int from, int to)
{
	int i;

	for (i = from; i < to; i++) {
		close(fd[i]);
		fd[i] = -1;
	}
}

/* Passing as such: it arrives, with its limits. */
TEST_F(scm, pass)
{
	struct limits a, b;
	int cap, got, one;
	char c;

	if (variant->listener)
		return;
	cap = limit_to(self->fd[2], CAP_READ, CAP_FCNTL);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &a));
	SEND_TO(0, cap);
	ASSERT_EQ(1, recv_fds(self->fd[0], &got, 1, 0));
	ASSERT_EQ(0, get_limits(got, &b));
	EXPECT_TRUE(limits_eq(&a, &b));
	ASSERT_EQ(1, send(self->fd[3], "x", 1, 0));
	EXPECT_EQ(-ENOTCAPABLE, RET(send(got, "x", 1, 0)));
	EXPECT_EQ(1, recv(got, &c, 1, 0));
	one = 1;
	EXPECT_EQ(-ENOTCAPABLE, RET(setsockopt(got, SOL_SOCKET, SO_PASSCRED,
					       &one, sizeof(one))));
	close(got);
	close(cap);
	ALL_GONE();
}

/* A socket in its own queue. */
TEST_F(scm, self)
{
	MOVE_TO(0, limit_to(self->fd[0], CAP_READ));
	ALL_GONE();
}

/* Two in each other's, one of them without limits. */
TEST_F(scm, cycle)
{
	MOVE_TO(0, limit_to(self->fd[2], CAP_READ));
	MOVE_TO(2, limit_all(self->fd[0]));
	SEND_TO(4, self->fd[6]);
	MOVE_TO(6, limit_list(self->fd[4], NO_RIGHTS));
	ALL_GONE();
}

/* One capability many times, in one message and in several. */
TEST_F(scm, same_many_times)
{
	int cap = limit_to(self->fd[0], CAP_READ);
	int three[3] = { cap, cap, cap };

	ASSERT_LE(0, cap);
	SEND_TO(0, cap);
	ASSERT_EQ(1, send_fds(self->fd[1], three, 3));
	SEND_TO(2, cap);
	MOVE_TO(2, limit_to(self->fd[2], CAP_READ));
	MOVE_TO(0, limit_to(self->fd[2], CAP_READ));
	close(cap);
	ALL_GONE();
}

/* Many capabilities of one socket, and the socket itself, too. */
TEST_F(scm, many_of_one)
{
	int i;

	for (i = 0; i < 4; i++)
		MOVE_TO(0, limit_to(self->fd[0], CAP_READ));
	SEND_TO(0, self->fd[0]);
	SEND_TO(0, self->fd[0]);
	ALL_GONE();
}

/* A chain that no cycle is in goes by itself, with what it holds. */
TEST_F(scm, chain)
{
	MOVE_TO(0, limit_to(self->fd[2], CAP_READ));
	MOVE_TO(2, limit_to(self->fd[4], CAP_READ));
	MOVE_TO(4, limit_to(self->fd[6], CAP_READ));
	ALL_GONE();
}

/*
 * Held by a capability, be it in flight as well: everything that can be
 * received through it stays.
 */
TEST_F(scm, held)
{
	int cap = limit_to(self->fd[0], CAP_READ, CAP_ACCEPT);
	int dupe, fd, got[4], n;

	ASSERT_LE(0, cap);
	/* 0 holds itself and 2, and 2 holds 0. */
	SEND_TO(0, cap);
	SEND_TO(0, cap);
	MOVE_TO(0, limit_to(self->fd[2], CAP_READ));
	SEND_TO(2, cap);
	SEND_TO(2, self->fd[0]);
	dupe = dup(cap);
	ASSERT_LE(0, dupe);
	close_all(self->fd, 0, 4);
	close_all(self->fd, 4, 8);

	n = 2 * OF_ONE(variant);
	EXPECT_EQ(n, left(variant->type));
	close(cap);
	EXPECT_EQ(n, left(variant->type));

	/* It is all there. */
	fd = dupe;
	if (variant->listener) {
		fd = accept(dupe, NULL, NULL);
		ASSERT_LE(0, fd);
	}
	for (n = 0; n < 3; n++)
		ASSERT_EQ(1, recv_fds(fd, &got[n], 1, 0));
	EXPECT_TRUE(holds(got[0], CAP_READ, CAP_ACCEPT));
	EXPECT_TRUE(holds(got[1], CAP_READ, CAP_ACCEPT));
	EXPECT_TRUE(holds(got[2], CAP_READ));
	if (!variant->listener) {
		ASSERT_EQ(1, recv_fds(got[2], &got[3], 1, 0));
		EXPECT_TRUE(holds(got[3], CAP_READ, CAP_ACCEPT));
		close(got[3]);
		ASSERT_EQ(1, recv_fds(got[2], &got[3], 1, 0));
		close(got[3]);
	}
	for (n = 0; n < 3; n++)
		close(got[n]);
	if (fd != dupe)
		close(fd);
	close(dupe);
	ALL_GONE();
}

/* Which of several capabilities is held does not matter, nor what it may do. */
TEST_F(scm, each_one_holds)
{
	int cap[3], i, n = OF_ONE(variant);

	for (i = 0; i < 3; i++) {
		cap[i] = i ? limit_to(self->fd[0], CAP_READ) :
			     limit_list(self->fd[0], NO_RIGHTS);
		ASSERT_LE(0, cap[i]);
		SEND_TO(0, cap[i]);
	}
	SEND_TO(0, self->fd[0]);
	close_all(self->fd, 0, 8);
	EXPECT_EQ(n, left(variant->type));
	close(cap[1]);
	EXPECT_EQ(n, left(variant->type));
	close(cap[0]);
	EXPECT_EQ(n, left(variant->type));
	close(cap[2]);
	ALL_GONE();
}

/* Narrowing what is held makes another capability of it. */
TEST_F(scm, held_by_another)
{
	int cap = limit_to(self->fd[0], CAP_READ, CAP_WRITE);
	int n = OF_ONE(variant);
	struct cap_rights set;

	ASSERT_LE(0, cap);
	SEND_TO(0, cap);
	close_all(self->fd, 0, 8);
	rights_none(&set);
	ASSERT_EQ(0, limit_fd(cap, &set));
	EXPECT_EQ(n, left(variant->type));
	close(cap);
	ALL_GONE();
}

/* Held by another process, that has it from fork(). */
TEST_F(scm, held_by_a_child)
{
	int cap = limit_to(self->fd[0], CAP_READ);
	int go[2], n = OF_ONE(variant);
	pid_t child;
	char c;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
	SEND_TO(0, cap);
	close_all(self->fd, 0, 8);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 0);
	}
	close(cap);
	EXPECT_EQ(n, left(variant->type));
	close(go[0]);
	close(go[1]);
	EXPECT_TRUE(child_ok(child));
	ALL_GONE();
}

/* In the queue of a socket that is open: can still be received. */
TEST_F(scm, in_an_open_queue)
{
	int fd, got;

	MOVE_TO(0, limit_to(self->fd[0], CAP_READ));
	MOVE_TO(2, limit_to(self->fd[0], CAP_READ));
	close_all(self->fd, 0, 2);
	close_all(self->fd, 4, 8);
	/* 2 and 3 are open, and 0 is in 2's queue. */
	EXPECT_EQ(2 * OF_ONE(variant), left(variant->type));
	fd = self->fd[2];
	if (variant->listener) {
		fd = accept(self->fd[2], NULL, NULL);
		ASSERT_LE(0, fd);
	}
	ASSERT_EQ(1, recv_fds(fd, &got, 1, 0));
	EXPECT_TRUE(holds(got, CAP_READ));
	if (fd != self->fd[2])
		close(fd);
	close_all(self->fd, 2, 4);
	/* Now this is what holds it. */
	EXPECT_EQ(OF_ONE(variant), left(variant->type));
	close(got);
	ALL_GONE();
}

/* What was peeked at is held by who has peeked. */
TEST_F(scm, peek)
{
	int got;

	if (variant->listener)
		return;
	MOVE_TO(0, limit_to(self->fd[0], CAP_READ));
	ASSERT_EQ(1, recv_fds(self->fd[0], &got, 1, MSG_PEEK));
	close_all(self->fd, 0, 8);
	EXPECT_EQ(OF_ONE(variant), left(variant->type));
	EXPECT_TRUE(holds(got, CAP_READ));
	close(got);
	ALL_GONE();
}

/* Through the capability itself, by threads, while the collector passes. */
#define ROUNDS	300

static void *spin(void *arg)
{
	bool *stop = arg;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		kick();
	return NULL;
}

TEST_F(scm, busy)
{
	bool stop = false;
	pthread_t thread;
	int i;

	if (variant->listener)
		return;
	ASSERT_EQ(0, pthread_create(&thread, NULL, spin, &stop));
	for (i = 0; i < ROUNDS; i++) {
		int pair[2], cap, got, again, peeked;

		ASSERT_EQ(0, socketpair(AF_UNIX, variant->type, 0, pair));
		cap = limit_to(pair[0], CAP_READ);
		ASSERT_LE(0, cap);
		ASSERT_EQ(1, send_fds(pair[1], &cap, 1));
		ASSERT_EQ(1, send_fds(pair[1], &cap, 1));
		ASSERT_EQ(1, send_fds(pair[1], &pair[0], 1));
		ASSERT_EQ(1, send_fds(pair[1], &pair[1], 1));
		close(pair[0]);
		close(pair[1]);
		/* Alive by one capability after the other. */
		ASSERT_EQ(1, recv_fds(cap, &peeked, 1, MSG_PEEK));
		close(cap);
		ASSERT_EQ(1, recv_fds(peeked, &got, 1, 0));
		close(peeked);
		ASSERT_EQ(1, recv_fds(got, &again, 1, 0));
		close(got);
		if (i & 1) {
			/* Now it is garbage. */
			close(again);
			continue;
		}
		ASSERT_EQ(1, recv_fds(again, &got, 1, 0));
		close(again);
		ASSERT_EQ(1, recv_fds(got, &again, 1, 0));
		close(got);
		close(again);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ALL_GONE();
}

TEST_HARNESS_MAIN
