// SPDX-License-Identifier: GPL-2.0
/*
 * signalfd: its mask, and what it reads.
 */
#include "common.h"

#include <sys/signalfd.h>

/* The kernel's idea of a set of signals, of this ABI. */
struct kernel_set {
	unsigned long sig[8 / sizeof(long)];
};

static void kernel_add(struct kernel_set *set, int sig)
{
	const int bits = 8 * sizeof(long);

	set->sig[(sig - 1) / bits] |= 1UL << ((sig - 1) % bits);
}

FIXTURE(signalfd)
{
	int fd;
	sigset_t blocked;
};

FIXTURE_SETUP(signalfd)
{
	sigset_t one;

	REQUIRE_CAPSICUM();
	sigemptyset(&self->blocked);
	sigaddset(&self->blocked, SIGUSR1);
	sigaddset(&self->blocked, SIGUSR2);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &self->blocked, NULL));
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	self->fd = signalfd(-1, &one, SFD_CLOEXEC | SFD_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(signalfd)
{
	close(self->fd);
}

/* The mask, as a number. */
static uint64_t mask(void *arg)
{
	char name[64], line[256];
	uint64_t m = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", *(int *)arg);
	f = fopen(name, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "sigmask:", 8))
			m = strtoull(line + 8, NULL, 16);
	}
	fclose(f);
	return m;
}

static void usr1(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signalfd(*(int *)arg, &set, 0);
}

static int op_mask(int fd, void *arg)
{
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	ret = RET(signalfd(fd, &set, 0));
	if (ret < 0)
		return ret;
	return ret == fd && mask(arg) == 1ULL << (SIGUSR2 - 1) ? 0 : -EIO;
}

#ifdef SYS_signalfd
static int op_mask_signalfd(int fd, void *arg)
{
	struct kernel_set set = {};

	kernel_add(&set, SIGUSR2);
	return RET(syscall(SYS_signalfd, fd, &set, sizeof(set)));
}
#endif

static int op_mask_signalfd4(int fd, void *arg)
{
	struct kernel_set set = {};

	kernel_add(&set, SIGUSR2);
	return RET(syscall(SYS_signalfd4, fd, &set, sizeof(set), 0));
}

TEST_F(signalfd, mask)
{
	ASSERT_EQ(1ULL << (SIGUSR1 - 1), mask(&self->fd));
	RIGHTS_OP(self->fd, .name = "mask", .op = op_mask,
		  .rights = RIGHTS(CAP_FSIGNAL), .prepare = usr1,
		  .state = mask, .ctx = &self->fd);
#ifdef SYS_signalfd
	RIGHTS_OP(self->fd, .name = "signalfd", .op = op_mask_signalfd,
		  .rights = RIGHTS(CAP_FSIGNAL), .prepare = usr1,
		  .state = mask, .ctx = &self->fd);
#endif
	RIGHTS_OP(self->fd, .name = "signalfd4", .op = op_mask_signalfd4,
		  .rights = RIGHTS(CAP_FSIGNAL), .prepare = usr1,
		  .state = mask, .ctx = &self->fd);
}

static void raise_usr1(void *arg)
{
	usr1(arg);
	raise(SIGUSR1);
}

static int op_read(int fd, void *arg)
{
	struct signalfd_siginfo info;
	int ret = RET(read(fd, &info, sizeof(info)));

	return ret < 0 ? ret : info.ssi_signo == SIGUSR1 ? 0 : -EIO;
}

static uint64_t pending(void *arg)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGUSR1);
}

TEST_F(signalfd, signals)
{
	RIGHTS_OP(self->fd, .name = "read", .op = op_read,
		  .rights = RIGHTS(CAP_READ), .prepare = raise_usr1,
		  .state = pending, .ctx = &self->fd);
	RIGHTS_OP(self->fd, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT), .prepare = raise_usr1,
		  .state = pending, .ctx = &self->fd);
}

TEST_F(signalfd, errors)
{
	int file = tmp_file(NULL, 1), cap;
	sigset_t set;

	sigemptyset(&set);
	ASSERT_LE(0, file);
	cap = limit_to(file, CAP_FSIGNAL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, RET(signalfd(cap, &set, 0)));
	close(cap);
	cap = limit_all_but(file, CAP_FSIGNAL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(signalfd(cap, &set, 0)));
	close(cap);
	EXPECT_EQ(-EBADF, RET(signalfd(cap, &set, 0)));
}

TEST_HARNESS_MAIN
