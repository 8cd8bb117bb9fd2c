// SPDX-License-Identifier: GPL-2.0
/*
 * timerfd: to set the timer, to be told what it was set to, to wait for it.
 */
#include "common.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS	_IOW('T', 0, uint64_t)
#endif

FIXTURE(timerfd)
{
	int fd;
};

FIXTURE_SETUP(timerfd)
{
	REQUIRE_CAPSICUM();
	self->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(timerfd)
{
	close(self->fd);
}

/* Times that no test lives to see. */
#define BEFORE	1000000
#define AFTER	2000000

static void set(void *arg)
{
	const struct itimerspec its = { .it_interval.tv_sec = BEFORE,
					.it_value.tv_sec = BEFORE };

	timerfd_settime(*(int *)arg, 0, &its, NULL);
}

static uint64_t interval(void *arg)
{
	struct itimerspec its = {};

	if (timerfd_gettime(*(int *)arg, &its))
		return 0;
	return its.it_interval.tv_sec;
}

static void expired(void *arg)
{
	const struct itimerspec its = { .it_value.tv_nsec = 1 };
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	timerfd_settime(*(int *)arg, 0, &its, NULL);
	poll(&p, 1, -1);
}

static int op_settime(int fd, void *arg)
{
	const struct itimerspec its = { .it_interval.tv_sec = AFTER,
					.it_value.tv_sec = AFTER };
	int ret = RET(timerfd_settime(fd, 0, &its, NULL));

	return ret ? ret : interval(arg) == AFTER ? 0 : -EIO;
}

static int op_settime_old(int fd, void *arg)
{
	const struct itimerspec its = { .it_interval.tv_sec = AFTER,
					.it_value.tv_sec = AFTER };
	struct itimerspec old = { .it_interval.tv_sec = 77 };
	int ret = RET(timerfd_settime(fd, 0, &its, &old));

	if (ret)
		return old.it_interval.tv_sec == 77 ? ret : -EIO;
	return interval(arg) == AFTER && old.it_interval.tv_sec == BEFORE ?
	       0 : -EIO;
}

static int op_gettime(int fd, void *arg)
{
	struct itimerspec old = { .it_interval.tv_sec = 77 };
	int ret = RET(timerfd_gettime(fd, &old));

	if (ret)
		return old.it_interval.tv_sec == 77 ? ret : -EIO;
	return old.it_interval.tv_sec == BEFORE ? 0 : -EIO;
}

TEST_F(timerfd, time)
{
	RIGHTS_OP(self->fd, .name = "settime", .op = op_settime,
		  .rights = RIGHTS(CAP_WRITE), .prepare = set,
		  .state = interval, .ctx = &self->fd);
	RIGHTS_OP(self->fd, .name = "settime with the old value",
		  .op = op_settime_old, .rights = RIGHTS(CAP_READ, CAP_WRITE),
		  .prepare = set, .state = interval, .ctx = &self->fd);
	RIGHTS_OP(self->fd, .name = "gettime", .op = op_gettime,
		  .rights = RIGHTS(CAP_READ), .prepare = set,
		  .state = interval, .ctx = &self->fd);
}

/*
 * The calls by number, with times of the size that this ABI's have, and where
 * there are two sizes, with both.
 */
struct number {
	long set;
	long get;
	bool large;
};

static const struct number numbers[] = {
#ifdef SYS_timerfd_settime
	{ SYS_timerfd_settime, SYS_timerfd_gettime, sizeof(long) == 8 },
#endif
#ifdef SYS_timerfd_settime64
	{ SYS_timerfd_settime64, SYS_timerfd_gettime64, true },
#endif
};

struct by_number {
	const struct number *n;
	int fd;
};

static void number_prepare(void *arg)
{
	set(&((struct by_number *)arg)->fd);
}

static uint64_t number_state(void *arg)
{
	return interval(&((struct by_number *)arg)->fd);
}

/* interval and value: seconds first */
static const int32_t small_new[4] = { AFTER, 0, AFTER, 0 };
static const int64_t large_new[4] = { AFTER, 0, AFTER, 0 };

static int op_number_set(int fd, void *arg)
{
	const struct number *n = ((struct by_number *)arg)->n;

	return RET(syscall(n->set, fd, 0, n->large ? (void *)large_new :
						     (void *)small_new, NULL));
}

static int op_number_set_old(int fd, void *arg)
{
	const struct number *n = ((struct by_number *)arg)->n;
	int64_t large[4] = { 77 };
	int32_t small[4] = { 77 };
	int ret = RET(syscall(n->set, fd, 0,
			      n->large ? (void *)large_new : (void *)small_new,
			      n->large ? (void *)large : (void *)small));
	int64_t old = n->large ? large[0] : small[0];

	return old == (ret ? 77 : BEFORE) ? ret : -EIO;
}

static int op_number_get(int fd, void *arg)
{
	const struct number *n = ((struct by_number *)arg)->n;
	int64_t large[4] = { 77 };
	int32_t small[4] = { 77 };
	int ret = RET(syscall(n->get, fd,
			      n->large ? (void *)large : (void *)small));
	int64_t old = n->large ? large[0] : small[0];

	return old == (ret ? 77 : BEFORE) ? ret : -EIO;
}

TEST_F(timerfd, by_number)
{
	struct by_number b = { .fd = self->fd };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		b.n = &numbers[i];
		RIGHTS_OP(self->fd, .name = "settime", .op = op_number_set,
			  .rights = RIGHTS(CAP_WRITE),
			  .prepare = number_prepare, .state = number_state,
			  .ctx = &b);
		RIGHTS_OP(self->fd, .name = "settime with the old value",
			  .op = op_number_set_old,
			  .rights = RIGHTS(CAP_READ, CAP_WRITE),
			  .prepare = number_prepare, .state = number_state,
			  .ctx = &b);
		RIGHTS_OP(self->fd, .name = "gettime", .op = op_number_get,
			  .rights = RIGHTS(CAP_READ),
			  .prepare = number_prepare, .state = number_state,
			  .ctx = &b);
	}
}

static int op_read(int fd, void *arg)
{
	uint64_t n = 0;
	int ret = RET(read(fd, &n, sizeof(n)));

	return ret < 0 ? ret : n == 1 ? 0 : -EIO;
}

/* Not read yet. */
static uint64_t pending(void *arg)
{
	return op_poll_in(*(int *)arg, NULL) == 0;
}

TEST_F(timerfd, expiry)
{
	RIGHTS_OP(self->fd, .name = "read", .op = op_read,
		  .rights = RIGHTS(CAP_READ), .prepare = expired,
		  .state = pending, .ctx = &self->fd);
	RIGHTS_OP(self->fd, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT), .prepare = expired,
		  .state = pending, .ctx = &self->fd);
}

static int op_ticks(int fd, void *arg)
{
	uint64_t n = 5, m = 0;
	int ret = RET(ioctl(fd, TFD_IOC_SET_TICKS, &n));

	if (ret)
		return ret;
	return read(*(int *)arg, &m, sizeof(m)) == sizeof(m) && m == 5 ?
	       0 : -EIO;
}

TEST_F(timerfd, ticks)
{
	uint64_t n = 1;

	set(&self->fd);
	if (ioctl(self->fd, TFD_IOC_SET_TICKS, &n))
		SKIP(return, "no TFD_IOC_SET_TICKS (%s)", strerror(errno));
	RIGHTS_OP(self->fd, .name = "set ticks", .op = op_ticks,
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = TFD_IOC_SET_TICKS,
		  .prepare = set, .state = pending, .ctx = &self->fd);
}

/* Other errors come after the right, but for arguments that are wrong anyway. */
TEST_F(timerfd, errors)
{
	const struct itimerspec its = { .it_value.tv_sec = AFTER };
	int file = tmp_file(NULL, 1), cap;

	ASSERT_LE(0, file);
	cap = limit_to(file, CAP_WRITE);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, RET(timerfd_settime(cap, 0, &its, NULL)));
	close(cap);
	cap = limit_all_but(file, CAP_WRITE);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(timerfd_settime(cap, 0, &its, NULL)));
	EXPECT_EQ(-EINVAL, RET(timerfd_settime(cap, 77, &its, NULL)));
	close(cap);
	EXPECT_EQ(-EBADF, RET(timerfd_settime(cap, 0, &its, NULL)));
}

TEST_HARNESS_MAIN
