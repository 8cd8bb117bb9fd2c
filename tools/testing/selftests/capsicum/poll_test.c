// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for waiting: poll(2), ppoll(2), select(2), pselect(2).
 */
#include "ops.h"

#include <poll.h>
#include <sys/select.h>

FIXTURE(wait)
{
	int rd;
	int wr;
	int able;	/* capability on rd with CAP_EVENT and no more */
	int unable;	/* capability on rd with everything else */
};

/* A pipe that holds a byte. */
FIXTURE_SETUP(wait)
{
	int fd[2];

	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe2(fd, O_CLOEXEC));
	self->rd = fd[0];
	self->wr = fd[1];
	ASSERT_EQ(1, write(self->wr, "x", 1));
	self->able = ops_cap(self->rd, 0, CAP_EVENT);
	ASSERT_LE(0, self->able);
	self->unable = ops_cap(self->rd, CAP_ALL0,
			       CAP_ALL1 & ~(CAP_EVENT & CAP_RIGHT_MASK));
	ASSERT_LE(0, self->unable);
	ops_watch(self->rd);
}

FIXTURE_TEARDOWN(wait)
{
	close(self->able);
	close(self->unable);
	close(self->rd);
	close(self->wr);
}

TEST_F(wait, poll)
{
	struct pollfd p[4] = {
		{ .fd = self->able, .events = POLLIN },
		{ .fd = self->unable, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = self->wr, .events = POLLOUT },
	};

	/* A refused descriptor does not spoil it for the others. */
	EXPECT_EQ(3, poll(p, 4, 0));
	EXPECT_EQ(POLLIN, p[0].revents);
	EXPECT_EQ(POLLNVAL, p[1].revents);
	EXPECT_EQ(0, p[2].revents);
	EXPECT_EQ(POLLOUT, p[3].revents);

	/* Even when nothing is asked for. */
	p[1].events = 0;
	EXPECT_EQ(1, poll(&p[1], 1, 0));
	EXPECT_EQ(POLLNVAL, p[1].revents);

	close(self->able);
	EXPECT_EQ(1, poll(p, 1, 0));
	EXPECT_EQ(POLLNVAL, p[0].revents);
}

TEST_F(wait, ppoll)
{
	const struct timespec ts = { .tv_sec = 0 };
	struct pollfd p[2] = {
		{ .fd = self->able, .events = POLLIN },
		{ .fd = self->unable, .events = POLLIN },
	};

	EXPECT_EQ(2, ppoll(p, 2, &ts, NULL));
	EXPECT_EQ(POLLIN, p[0].revents);
	EXPECT_EQ(POLLNVAL, p[1].revents);
}

TEST_F(wait, poll_by_number)
{
	struct pollfd p[2] = {
		{ .fd = self->able, .events = POLLIN },
		{ .fd = self->unable, .events = POLLIN },
	};

#ifdef SYS_poll
	EXPECT_EQ(2, syscall(SYS_poll, p, 2, 0));
	EXPECT_EQ(POLLIN, p[0].revents);
	EXPECT_EQ(POLLNVAL, p[1].revents);
#endif
#ifdef SYS_ppoll
	p[0].revents = 0;
	p[1].revents = 0;
	{
		long ts[2] = {};

		EXPECT_EQ(2, syscall(SYS_ppoll, p, 2, ts, NULL, 8));
		EXPECT_EQ(POLLIN, p[0].revents);
		EXPECT_EQ(POLLNVAL, p[1].revents);
	}
#endif
#ifdef SYS_ppoll_time64
	p[0].revents = 0;
	p[1].revents = 0;
	{
		long long ts[2] = {};

		EXPECT_EQ(2, syscall(SYS_ppoll_time64, p, 2, ts, NULL, 8));
		EXPECT_EQ(POLLIN, p[0].revents);
		EXPECT_EQ(POLLNVAL, p[1].revents);
	}
#endif
}

/* A poll that has to wait is woken through the capability. */
TEST_F(wait, poll_wakes)
{
	struct pollfd p = { .fd = self->able, .events = POLLIN };
	pid_t child;
	char c;

	ASSERT_EQ(1, read(self->rd, &c, 1));
	ASSERT_EQ(0, poll(&p, 1, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(write(self->wr, "y", 1) != 1);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_EQ(POLLIN, p.revents);
	EXPECT_TRUE(child_ok(child));
}

enum how {
	BY_SELECT,
	BY_PSELECT,
	BY_SELECT_NUMBER,
	BY_NEWSELECT_NUMBER,
	BY_PSELECT6_NUMBER,
	BY_PSELECT6_TIME64_NUMBER,
	HOWS,
};

/* -1 and ENOSYS where the architecture has none such. */
static int do_select(enum how how, int n, fd_set *in, fd_set *out, fd_set *ex)
{
	struct timespec ts = {};
	struct timeval tv = {};
	long old[2] = {};

	switch (how) {
	case BY_SELECT:
		return select(n, in, out, ex, &tv);
	case BY_PSELECT:
		return pselect(n, in, out, ex, &ts, NULL);
	case BY_SELECT_NUMBER:
#if defined(__i386__)
	{
		/* The old one takes its arguments as a structure. */
		void *args[5] = { (void *)n, in, out, ex, old };

		return syscall(SYS_select, args);
	}
#elif defined(SYS_select)
		return syscall(SYS_select, n, in, out, ex, old);
#else
		break;
#endif
	case BY_NEWSELECT_NUMBER:
#ifdef SYS__newselect
		return syscall(SYS__newselect, n, in, out, ex, old);
#else
		break;
#endif
	case BY_PSELECT6_NUMBER:
#ifdef SYS_pselect6
		return syscall(SYS_pselect6, n, in, out, ex, old, NULL);
#else
		break;
#endif
	case BY_PSELECT6_TIME64_NUMBER:
#ifdef SYS_pselect6_time64
	{
		long long new[2] = {};

		return syscall(SYS_pselect6_time64, n, in, out, ex, new, NULL);
	}
#else
		break;
#endif
	default:
		break;
	}
	errno = ENOSYS;
	return -1;
}

#define MANY	16	/* above every descriptor here */

/* Put one descriptor, or none (-1), in each set. */
static void sets(fd_set set[3], int in, int out, int ex)
{
	const int fd[3] = { in, out, ex };
	int i;

	for (i = 0; i < 3; i++) {
		FD_ZERO(&set[i]);
		if (fd[i] >= 0)
			FD_SET(fd[i], &set[i]);
	}
}

TEST_F(wait, select)
{
	fd_set set[3], before[3];
	int how, i, ret;

	ASSERT_GT(MANY, self->unable);
	for (how = 0; how < HOWS; how++) {
		sets(set, self->able, -1, -1);
		ret = do_select(how, MANY, &set[0], &set[1], &set[2]);
		if (ret < 0 && errno == ENOSYS && how > BY_PSELECT)
			continue;
		EXPECT_EQ(1, ret) {
			TH_LOG("way %d of selecting: %s", how, strerror(errno));
		}
		EXPECT_TRUE(FD_ISSET(self->able, &set[0]));

		/* In each of the three sets, and with others that are ready. */
		for (i = 0; i < 3; i++) {
			sets(set, self->able, self->wr, -1);
			FD_SET(self->unable, &set[i]);
			memcpy(before, set, sizeof(set));
			EXPECT_EQ(-1, do_select(how, MANY, &set[0], &set[1],
						&set[2])) {
				TH_LOG("way %d of selecting, set %d", how, i);
			}
			EXPECT_EQ(ENOTCAPABLE, errno);
			EXPECT_EQ(0, memcmp(before, set, sizeof(set)));
		}

		/* A set that has it above @n does not count. */
		sets(set, self->rd, -1, -1);
		FD_SET(self->unable, &set[0]);
		ASSERT_LT(self->rd, self->unable);
		EXPECT_EQ(1, do_select(how, self->rd + 1, &set[0], &set[1],
				       &set[2]));
	}
}

TEST_F(wait, select_rights)
{
	fd_set set[3];

	OP_NEEDS(self->rd, 0, CAP_EVENT, 1,
		 (sets(set, cap, -1, -1),
		  do_select(BY_SELECT, cap + 1, &set[0], &set[1], &set[2])));
	OP_NEEDS(self->wr, 0, CAP_EVENT, 1,
		 (sets(set, -1, cap, -1),
		  do_select(BY_PSELECT, cap + 1, &set[0], &set[1], &set[2])));
}

/* A descriptor that is none stays EBADF, alone and beside a refused one. */
TEST_F(wait, select_bad_descriptor)
{
	fd_set set[3], before[3];
	int bad = fcntl(self->rd, F_DUPFD_CLOEXEC, 0);

	ASSERT_LE(0, bad);
	ASSERT_GT(MANY, bad);
	close(bad);
	sets(set, bad, -1, -1);
	EXPECT_EQ(-1, do_select(BY_SELECT, MANY, &set[0], &set[1], &set[2]));
	EXPECT_EQ(EBADF, errno);
	sets(set, bad, self->unable, -1);
	memcpy(before, set, sizeof(set));
	EXPECT_EQ(-1, do_select(BY_SELECT, MANY, &set[0], &set[1], &set[2]));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(0, memcmp(before, set, sizeof(set)));
}

TEST_HARNESS_MAIN
