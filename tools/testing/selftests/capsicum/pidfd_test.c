// SPDX-License-Identifier: GPL-2.0
/*
 * Processes by descriptor: each thing that a pidfd is good for has its right.
 */
#include "capmode.h"
#include "ops.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>

static int sys_pidfd_open(pid_t pid, unsigned int flags)
{
	return RET(syscall(__NR_pidfd_open, pid, flags));
}

static long sys_kill(int fd, int sig, siginfo_t *info)
{
	return syscall(__NR_pidfd_send_signal, fd, sig, info, 0);
}

static long sys_wait(int fd, int options)
{
	siginfo_t info = {};

	return syscall(__NR_waitid, P_PIDFD, fd, &info, options, NULL);
}

static long sys_process_madvise(int fd, const struct iovec *iov)
{
	return syscall(__NR_process_madvise, fd, iov, 1, MADV_COLD, 0);
}

FIXTURE(pidfd)
{
	void *page;
	pid_t child;
	int pidfd;
	int held;	/* what the child has open */
	int end;	/* the child ends when the other end of this is closed */
};

FIXTURE_SETUP(pidfd)
{
	int two[2];
	char c;

	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe2(two, O_CLOEXEC));
	self->held = tmp_file(NULL, 16);
	ASSERT_LE(0, self->held);
	self->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->page != MAP_FAILED);
	self->child = fork();
	ASSERT_LE(0, self->child);
	if (!self->child) {
		close(two[1]);
		_exit(read(two[0], &c, 1) == 0 ? 7 : 8);
	}
	close(two[0]);
	self->end = two[1];
	self->pidfd = sys_pidfd_open(self->child, 0);
	ASSERT_LE(0, self->pidfd);
}

FIXTURE_TEARDOWN(pidfd)
{
	int status;

	close(self->end);
	kill(self->child, SIGKILL);
	waitpid(self->child, &status, 0);
	close(self->pidfd);
	close(self->held);
}

static bool alive(pid_t child)
{
	siginfo_t info = {};

	return !waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       info.si_pid == 0;
}

TEST_F(pidfd, kill)
{
	siginfo_t info = { .si_signo = SIGCONT, .si_code = SI_QUEUE };
	int cap;

	OP_NEEDS(self->pidfd, 0, CAP_PDKILL, 0, sys_kill(cap, 0, NULL));
	OP_NEEDS(self->pidfd, 0, CAP_PDKILL, 0, sys_kill(cap, SIGCONT, &info));
	/* The right is asked for before the signal is looked at. */
	OP_NEEDS(self->pidfd, 0, CAP_PDKILL, -EINVAL, sys_kill(cap, 1000, NULL));

	cap = limit_all_but(self->pidfd, CAP_PDKILL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(sys_kill(cap, SIGKILL, NULL)));
	/* What is upstream's first error stays first. */
	EXPECT_EQ(-EINVAL, RET(syscall(__NR_pidfd_send_signal, cap, 0, NULL,
				       ~0U)));
	EXPECT_TRUE(alive(self->child));

	cap = limit_to(self->pidfd, CAP_PDKILL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, RET(sys_kill(cap, SIGKILL, NULL)));
	EXPECT_EQ(0, RET(sys_wait(self->pidfd, WEXITED | WNOWAIT)));
}

/* A directory of /proc stands for a process as well. */
TEST_F(pidfd, kill_by_proc_directory)
{
	char name[32];
	int dir;

	snprintf(name, sizeof(name), "/proc/%d", self->child);
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	OP_NEEDS(dir, 0, CAP_PDKILL, 0, sys_kill(cap, 0, NULL));
}

TEST_F(pidfd, kill_a_thread)
{
	const int self_fd = sys_pidfd_open(getpid(), O_EXCL /* PIDFD_THREAD */);

	ASSERT_LE(0, self_fd);
	OP_NEEDS(self_fd, 0, CAP_PDKILL, 0, sys_kill(cap, 0, NULL));
}

TEST_F(pidfd, wait)
{
	siginfo_t info = {};
	int cap, fd;

	/* Not yet: the flags of the pidfd count through a capability, too. */
	fd = sys_pidfd_open(self->child, O_NONBLOCK);
	ASSERT_LE(0, fd);
	OP_NEEDS(fd, 0, CAP_PDWAIT, -EAGAIN, sys_wait(cap, WEXITED));

	close(self->end);
	self->end = -1;
	ASSERT_EQ(0, RET(sys_wait(self->pidfd, WEXITED | WNOWAIT)));
	OP_NEEDS(self->pidfd, 0, CAP_PDWAIT, 0,
		 sys_wait(cap, WEXITED | WNOWAIT));
	cap = limit_all_but(self->pidfd, CAP_PDWAIT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(sys_wait(cap, WEXITED)));
	/* It was not reaped. */
	cap = limit_to(self->pidfd, CAP_PDWAIT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, RET(syscall(__NR_waitid, P_PIDFD, cap, &info, WEXITED,
				 NULL)));
	EXPECT_EQ(self->child, info.si_pid);
	EXPECT_EQ(7, info.si_status);
	EXPECT_EQ(-ECHILD, RET(sys_wait(cap, WEXITED)));
}

TEST_F(pidfd, poll)
{
	struct pollfd p = { .events = POLLIN };

	close(self->end);
	self->end = -1;
	ASSERT_EQ(0, RET(sys_wait(self->pidfd, WEXITED | WNOWAIT)));
	p.fd = limit_to(self->pidfd, CAP_EVENT);
	ASSERT_LE(0, p.fd);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_TRUE(p.revents & POLLIN);
	p.fd = limit_all_but(self->pidfd, CAP_EVENT);
	ASSERT_LE(0, p.fd);
	EXPECT_EQ(1, poll(&p, 1, -1));
	EXPECT_EQ(POLLNVAL, p.revents);
}

TEST_F(pidfd, getfd)
{
	int mine, fd, cap;

	OP_NEEDS(self->pidfd, 0, CAP_PDGETFD, 0,
		 shut(syscall(__NR_pidfd_getfd, cap, self->held, 0)));
	OP_NEEDS(self->pidfd, 0, CAP_PDGETFD, -EBADF,
		 syscall(__NR_pidfd_getfd, cap, 1000, 0));

	/* What is got has the limits it has there, and none of the pidfd's. */
	mine = sys_pidfd_open(getpid(), 0);
	ASSERT_LE(0, mine);
	cap = limit_to(mine, CAP_PDGETFD);
	ASSERT_LE(0, cap);
	fd = RET(syscall(__NR_pidfd_getfd, cap, self->held, 0));
	ASSERT_LE(0, fd);
	EXPECT_EQ(16, lseek(fd, 0, SEEK_END));
	close(fd);
	fd = RET(syscall(__NR_pidfd_getfd, cap,
			 limit_to(self->held, CAP_READ), 0));
	ASSERT_LE(0, fd);
	EXPECT_TRUE(holds(fd, CAP_READ));
	close(fd);
	/* And the descriptor of the capability itself comes with its own. */
	fd = RET(syscall(__NR_pidfd_getfd, cap, cap, 0));
	ASSERT_LE(0, fd);
	EXPECT_TRUE(holds(fd, CAP_PDGETFD));
}

TEST_F(pidfd, memory)
{
	struct iovec iov = { self->page, 4096 };
	int mine = sys_pidfd_open(getpid(), 0);

	ASSERT_LE(0, mine);
	OP_NEEDS(mine, 0, CAP_PDMADVISE, 4096, sys_process_madvise(cap, &iov));
	OP_NEEDS(mine, 0, CAP_PDMADVISE, -EINVAL,
		 syscall(__NR_process_madvise, cap, &iov, 1, -1, 0));
	/* One that is not about to end has nothing to release. */
	OP_NEEDS(self->pidfd, 0, CAP_PDMRELEASE, -EINVAL,
		 syscall(__NR_process_mrelease, cap, 0));
}

TEST_F(pidfd, setns)
{
	if (geteuid())
		SKIP(return, "only root enters namespaces");
	if (unshare(CLONE_NEWUTS))
		SKIP(return, "no UTS namespaces");
	OP_NEEDS(self->pidfd, 0, CAP_SETNS, 0,
		 syscall(__NR_setns, cap, CLONE_NEWUTS));
	OP_NEEDS(self->pidfd, 0, CAP_SETNS, -EINVAL,
		 syscall(__NR_setns, cap, 0));
}

/* One that is no pidfd gets the same answers, once the right is there. */
TEST_F(pidfd, something_else)
{
	OP_NEEDS(self->held, 0, CAP_PDKILL, -EBADF, sys_kill(cap, 0, NULL));
	OP_NEEDS(self->held, 0, CAP_PDWAIT, -EBADF,
		 sys_wait(cap, WEXITED | WNOHANG));
	OP_NEEDS(self->held, 0, CAP_SETNS, -EINVAL,
		 syscall(__NR_setns, cap, CLONE_NEWUTS));
}

/* In capability mode the rights are asked for as well, and open nothing. */
TEST_F(pidfd, in_capability_mode)
{
	const int able = limit_to(self->pidfd, CAP_PDKILL, CAP_PDWAIT);
	const int unable = limit_all_but(self->pidfd, CAP_PDKILL);
	const int memory = limit_to(self->pidfd, CAP_PDMADVISE);
	const int release = limit_to(self->pidfd, CAP_PDMRELEASE);
	/* The child was made with this page. */
	struct iovec iov = { self->page, 4096 };
	pid_t child;

	REQUIRE_CAPMODE();
	ASSERT_LE(0, able);
	ASSERT_LE(0, unable);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (sys_cap_enter(0))
			_exit(1);
		if (RET(sys_kill(able, 0, NULL)) != 0)
			_exit(2);
		if (RET(sys_kill(unable, 0, NULL)) != -ENOTCAPABLE)
			_exit(3);
		if (RET(syscall(__NR_pidfd_getfd, unable, 0, 0)) != -ECAPMODE)
			_exit(4);
		if (RET(syscall(__NR_setns, unable, CLONE_NEWUTS)) != -ECAPMODE)
			_exit(5);
		/* Another's child is not this one's to wait for. */
		if (RET(sys_wait(able, WEXITED | WNOHANG)) != -ECHILD)
			_exit(6);
		/* Its memory can be advised on, and released, by who may. */
		if (RET(sys_process_madvise(memory, &iov)) != 4096)
			_exit(7);
		if (RET(sys_process_madvise(release, &iov)) != -ENOTCAPABLE)
			_exit(8);
		if (RET(syscall(__NR_process_mrelease, release, 0)) != -EINVAL)
			_exit(9);
		if (RET(syscall(__NR_process_mrelease, memory, 0)) !=
		    -ENOTCAPABLE)
			_exit(10);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_HARNESS_MAIN
