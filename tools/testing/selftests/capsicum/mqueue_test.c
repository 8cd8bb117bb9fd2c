// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues, which are descriptors here.
 */
#include "common.h"

#include <linux/netlink.h>
#include <mqueue.h>
#include <sys/mount.h>

#define DATA	"capsicum message queue cookie..."	/* 32 bytes */

FIXTURE(mqueue)
{
	mqd_t mq;
};

FIXTURE_SETUP(mqueue)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	char name[64];

	REQUIRE_CAPSICUM();
	snprintf(name, sizeof(name), "/capsicum-%d", getpid());
	self->mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600,
			   &attr);
	if (self->mq < 0)
		SKIP(return, "no message queues (%s)", strerror(errno));
	mq_unlink(name);
}

FIXTURE_TEARDOWN(mqueue)
{
	if (self->mq >= 0)
		mq_close(self->mq);
}

static uint64_t queued(void *arg)
{
	struct mq_attr attr = {};

	mq_getattr(*(mqd_t *)arg, &attr);
	return attr.mq_curmsgs * 2 + !!(attr.mq_flags & O_NONBLOCK);
}

static void empty(void *arg)
{
	char buf[8];

	while (mq_receive(*(mqd_t *)arg, buf, sizeof(buf), NULL) >= 0)
		;
}

static void one_message(void *arg)
{
	empty(arg);
	mq_send(*(mqd_t *)arg, "one", 3, 1);
}

static int op_send(int fd, void *arg)
{
	int ret = RET(mq_send(fd, "two", 3, 0));

	return ret ? ret : queued(arg) / 2 == 1 ? 0 : -EIO;
}

static int op_receive(int fd, void *arg)
{
	char buf[8] = {};
	int ret = RET(mq_receive(fd, buf, sizeof(buf), NULL));

	return ret < 0 ? ret : ret == 3 && !memcmp(buf, "one", 3) ? 0 : -EIO;
}

/* read() tells of the state of the queue. */
static int op_read(int fd, void *arg)
{
	char buf[128];

	return RET(pread(fd, buf, sizeof(buf), 0));
}

TEST_F(mqueue, messages)
{
	RIGHTS_OP(self->mq, .name = "send", .op = op_send,
		  .rights = RIGHTS(CAP_WRITE), .prepare = empty,
		  .state = queued, .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "receive", .op = op_receive,
		  .rights = RIGHTS(CAP_READ), .prepare = one_message,
		  .state = queued, .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT), .prepare = one_message,
		  .state = queued, .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "pread", .op = op_read,
		  .rights = RIGHTS(CAP_PREAD), .prepare = one_message,
		  .state = queued, .ctx = &self->mq);
}

/* By number, with a time: of both sizes where there are two. */
struct number {
	long send;
	long receive;
	bool large;
};

static const struct number numbers[] = {
#ifdef SYS_mq_timedsend
	{ SYS_mq_timedsend, SYS_mq_timedreceive, sizeof(long) == 8 },
#endif
#ifdef SYS_mq_timedsend_time64
	{ SYS_mq_timedsend_time64, SYS_mq_timedreceive_time64, true },
#endif
};

static const struct number *number;
static const int32_t small_time[2];
static const int64_t large_time[2];

static int op_timedsend(int fd, void *arg)
{
	return RET(syscall(number->send, fd, "two", 3, 0,
			   number->large ? (void *)large_time :
					   (void *)small_time));
}

static int op_timedreceive(int fd, void *arg)
{
	char buf[8];

	return RET(syscall(number->receive, fd, buf, sizeof(buf), NULL,
			   number->large ? (void *)large_time :
					   (void *)small_time));
}

TEST_F(mqueue, by_number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		number = &numbers[i];
		RIGHTS_OP(self->mq, .name = "send", .op = op_timedsend,
			  .rights = RIGHTS(CAP_WRITE), .prepare = empty,
			  .state = queued, .ctx = &self->mq);
		RIGHTS_OP(self->mq, .name = "receive", .op = op_timedreceive,
			  .rights = RIGHTS(CAP_READ), .prepare = one_message,
			  .state = queued, .ctx = &self->mq);
	}
}

static int op_getattr(int fd, void *arg)
{
	struct mq_attr attr = {};
	int ret = RET(mq_getattr(fd, &attr));

	return ret ? ret : attr.mq_maxmsg == 4 ? 0 : -EIO;
}

static void nonblocking(void *arg)
{
	struct mq_attr attr = { .mq_flags = O_NONBLOCK };

	mq_setattr(*(mqd_t *)arg, &attr, NULL);
}

static int op_setattr(int fd, void *arg)
{
	struct mq_attr attr = {}, old = {};
	int ret = RET(mq_setattr(fd, &attr, &old));

	if (ret)
		return ret;
	return old.mq_flags == O_NONBLOCK && !(queued(arg) & 1) ? 0 : -EIO;
}

TEST_F(mqueue, attributes)
{
	RIGHTS_OP(self->mq, .name = "getattr", .op = op_getattr,
		  .rights = RIGHTS(CAP_EVENT), .prepare = nonblocking,
		  .state = queued, .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "setattr", .op = op_setattr,
		  .rights = RIGHTS(CAP_EVENT), .prepare = nonblocking,
		  .state = queued, .ctx = &self->mq);
}

static void no_notification(void *arg)
{
	mq_notify(*(mqd_t *)arg, NULL);
}

/* Whether somebody is to be told: there cannot be two. */
static uint64_t notified(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	int err = RET(mq_notify(*(mqd_t *)arg, &ev));

	if (!err)
		mq_notify(*(mqd_t *)arg, NULL);
	return err;
}

static int op_notify(int fd, void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	int ret = RET(mq_notify(fd, &ev));

	return ret ? ret : (int)notified(arg) == -EBUSY ? 0 : -EIO;
}

static void notification(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };

	no_notification(arg);
	mq_notify(*(mqd_t *)arg, &ev);
}

static int op_unnotify(int fd, void *arg)
{
	int ret = RET(mq_notify(fd, NULL));

	return ret ? ret : (int)notified(arg) == 0 ? 0 : -EIO;
}

/* The call itself: the C library's has a thread and a socket of its own. */
static int op_notify_socket(int fd, void *arg)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_signo = fd,
		.sigev_value.sival_ptr = DATA,
	};

	return RET(syscall(SYS_mq_notify, *(mqd_t *)arg, &ev));
}

static int op_notify_by_socket(int fd, void *arg)
{
	struct {
		mqd_t mq;
		int sock;
	} *c = arg;
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_signo = c->sock,
		.sigev_value.sival_ptr = DATA,
	};

	return RET(syscall(SYS_mq_notify, fd, &ev));
}

TEST_F(mqueue, notify)
{
	struct {
		mqd_t mq;
		int sock;
	} c = { .mq = self->mq };

	RIGHTS_OP(self->mq, .name = "notify", .op = op_notify,
		  .rights = RIGHTS(CAP_EVENT), .prepare = no_notification,
		  .state = notified, .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "notify no more", .op = op_unnotify,
		  .rights = RIGHTS(CAP_EVENT), .prepare = notification,
		  .state = notified, .ctx = &self->mq);
	no_notification(&self->mq);

	/* SIGEV_THREAD is a message to a netlink socket. */
	c.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (c.sock < 0)
		SKIP(return, "no netlink sockets");
	RIGHTS_OP(c.sock, .name = "the socket to tell",
		  .op = op_notify_socket, .rights = RIGHTS(CAP_WRITE),
		  .prepare = no_notification, .state = notified,
		  .ctx = &self->mq);
	RIGHTS_OP(self->mq, .name = "notify by socket",
		  .op = op_notify_by_socket, .rights = RIGHTS(CAP_EVENT),
		  .prepare = no_notification, .state = notified, .ctx = &c);
}

TEST_F(mqueue, errors)
{
	int file = tmp_file(NULL, 1), cap;
	char buf[8];

	ASSERT_LE(0, file);
	/* What is no queue has always been EBADF; a missing right comes first. */
	cap = limit_to(file, CAP_READ, CAP_WRITE, CAP_EVENT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EBADF, RET(mq_send(cap, "x", 1, 0)));
	EXPECT_EQ(-EBADF, RET(mq_receive(cap, buf, sizeof(buf), NULL)));
	EXPECT_EQ(-EBADF, RET(mq_notify(cap, NULL)));
	close(cap);
	cap = limit_list(file, NO_RIGHTS);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(mq_send(cap, "x", 1, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(mq_receive(cap, buf, sizeof(buf), NULL)));
	EXPECT_EQ(-ENOTCAPABLE, RET(mq_notify(cap, NULL)));
	/* The mode of the queue's descriptor holds besides. */
	close(cap);
}

/* They have names in a directory, which is as good as any. */
TEST(below_a_directory)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	char name[64], dir[] = "/tmp/capsicum.XXXXXX", buf[8];
	int dirfd, cap, q;
	mqd_t mq;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root mounts");
	snprintf(name, sizeof(name), "/capsicum-dir-%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr);
	if (mq < 0)
		SKIP(return, "no message queues (%s)", strerror(errno));
	ASSERT_TRUE(!!mkdtemp(dir));
	EXPECT_EQ(0, mount("none", dir, "mqueue", 0, NULL));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LE(0, dirfd);
#define OPEN(dir, flags)	\
	RET(openat(dir, name + 1, (flags) | O_NONBLOCK | O_CLOEXEC))
	/* Where there are all rights, it is a queue as it is by mq_open(). */
	q = OPEN(dirfd, O_RDWR);
	ASSERT_LE(0, q);
	EXPECT_EQ(0, RET(mq_send(q, "one", 3, 0)));
	close(q);

	cap = limit_to(dirfd, CAP_LOOKUP, CAP_READ);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, OPEN(cap, O_RDWR));
	EXPECT_EQ(-ENOTCAPABLE, OPEN(cap, O_WRONLY));
	q = OPEN(cap, O_RDONLY);
	ASSERT_LE(0, q);
	EXPECT_EQ(-ENOTCAPABLE, RET(mq_send(q, "two", 3, 0)));
	EXPECT_EQ(3, RET(mq_receive(q, buf, sizeof(buf), NULL)));
	EXPECT_EQ(-EAGAIN, RET(mq_receive(mq, buf, sizeof(buf), NULL)));
	close(q);
	close(cap);

	cap = limit_to(dirfd, CAP_LOOKUP, CAP_PWRITE);
	ASSERT_LE(0, cap);
	q = OPEN(cap, O_WRONLY);
	ASSERT_LE(0, q);
	EXPECT_EQ(0, RET(mq_send(q, "two", 3, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(mq_receive(q, buf, sizeof(buf), NULL)));
	EXPECT_EQ(3, RET(mq_receive(mq, buf, sizeof(buf), NULL)));
	close(q);
	close(cap);
	close(dirfd);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
	mq_unlink(name);
	mq_close(mq);
}

TEST_HARNESS_MAIN
