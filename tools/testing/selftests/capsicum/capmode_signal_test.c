// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: signals. One can send them to oneself, and to nobody
 * else by number; a descriptor of a process will do.
 */
#include "victims.h"
#include <time.h>

#ifndef PIDFD_SIGNAL_THREAD
#define PIDFD_SIGNAL_THREAD		(1U << 0)
#define PIDFD_SIGNAL_THREAD_GROUP	(1U << 1)
#define PIDFD_SIGNAL_PROCESS_GROUP	(1U << 2)
#endif

/* Signals that came to this process; children start with a copy. */
static volatile sig_atomic_t came;

static void count(int sig)
{
	came++;
}

/* Has the calling process count SIGUSR1, and lead its group. */
static int be_counter(void)
{
	struct sigaction sa = { .sa_handler = count };

	came = 0;
	if (getpgrp() != getpid() && setpgid(0, 0))
		return -errno;
	return RET(sigaction(SIGUSR1, &sa, NULL));
}

/* ---- by number ---- */

enum how { KILL, TKILL, TGKILL, SIGQUEUE, TGSIGQUEUE };

struct send {
	enum how how;
	pid_t tgid, tid;
	int sig;
	bool thread;
};

static int __send_signal(void *arg)
{
	const struct send *s = arg;
	siginfo_t info = {
		.si_signo = s->sig,
		.si_code = SI_QUEUE,
	};

	switch (s->how) {
	case KILL:
		return RET(syscall(__NR_kill, s->tgid, s->sig));
	case TKILL:
		return RET(syscall(__NR_tkill, s->tid, s->sig));
	case TGKILL:
		return RET(syscall(__NR_tgkill, s->tgid, s->tid, s->sig));
	case SIGQUEUE:
		return RET(syscall(__NR_rt_sigqueueinfo, s->tgid, s->sig,
				   &info));
	case TGSIGQUEUE:
		return RET(syscall(__NR_rt_tgsigqueueinfo, s->tgid, s->tid,
				   s->sig, &info));
	default:
		return NO_RESULT;
	}
}

static int send_signal(void *arg)
{
	const struct send *s = arg;

	return s->thread ? in_thread(__send_signal, arg) : __send_signal(arg);
}

FIXTURE(by_number)
{
};

FIXTURE_VARIANT(by_number)
{
	enum how how;
	bool thread;
};

FIXTURE_VARIANT_ADD(by_number, kill) { .how = KILL, .thread = false };
FIXTURE_VARIANT_ADD(by_number, kill_thread) { .how = KILL, .thread = true };
FIXTURE_VARIANT_ADD(by_number, tkill) { .how = TKILL, .thread = false };
FIXTURE_VARIANT_ADD(by_number, tkill_thread) { .how = TKILL, .thread = true };
FIXTURE_VARIANT_ADD(by_number, tgkill) { .how = TGKILL, .thread = false };
FIXTURE_VARIANT_ADD(by_number, tgkill_thread) { .how = TGKILL, .thread = true };
FIXTURE_VARIANT_ADD(by_number, rt_sigqueueinfo) { .how = SIGQUEUE, .thread = false };
FIXTURE_VARIANT_ADD(by_number, rt_sigqueueinfo_thread) { .how = SIGQUEUE, .thread = true };
FIXTURE_VARIANT_ADD(by_number, rt_tgsigqueueinfo) { .how = TGSIGQUEUE, .thread = false };
FIXTURE_VARIANT_ADD(by_number, rt_tgsigqueueinfo_thread) { .how = TGSIGQUEUE, .thread = true };

FIXTURE_SETUP(by_number)
{
	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
}

FIXTURE_TEARDOWN(by_number)
{
}

/* The parent: refused, nothing has come; from outside one comes. */
TEST_F(by_number, parent)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.tgid = getpid(),
		.tid = getpid(),
		.sig = SIGUSR1,
	};

	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(send_signal, &s));
	EXPECT_EQ(1, came);
}

/* Signal 0 sends nothing, and tells whether there is a process. */
TEST_F(by_number, signal_0)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.tgid = getpid(),
		.tid = getpid(),
	};

	EXPECT_ECAPMODE(send_signal, &s);
}

TEST_F(by_number, victim)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.sig = SIGKILL,
	};
	int status;

	s.tgid = victim();
	s.tid = s.tgid;
	ASSERT_LT(0, s.tgid);
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	/* Had it been sent, nobody would have to wait. */
	EXPECT_EQ(0, kill(s.tgid, 0));
	EXPECT_EQ(0, waitpid(s.tgid, &status, WNOHANG));
	EXPECT_EQ(0, in_child(send_signal, &s));
	ASSERT_EQ(s.tgid, waitpid(s.tgid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(by_number, none)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.tgid = NO_PID,
		.tid = NO_PID,
	};

	EXPECT_EQ(-ESRCH, in_child(send_signal, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	s.sig = SIGKILL;
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
}

/* A signal that there is not: no way to ask, either. */
TEST_F(by_number, no_signal)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.tgid = getpid(),
		.tid = getpid(),
		.sig = 65,
	};

	EXPECT_EQ(-EINVAL, in_child(send_signal, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
}

/* Oneself, by one's own number and by that of a thread. */
static int to_oneself(void *arg)
{
	struct send s = *(struct send *)arg;
	int err;

	s.tgid = getpid();
	s.tid = getpid();
	came = 0;
	err = send_signal(&s);
	if (err)
		return err;
	/* To another thread than this one, it may be on its way. */
	while (s.thread && !came)
		sched_yield();
	STEP(came == 1);
	s.sig = 0;
	STEP(!send_signal(&s));
	return 0;
}

static int to_own_thread(void *arg)
{
	struct send s = *(struct send *)arg;
	pid_t tid = idle_thread();
	int err;

	STEP(tid > 0);
	/* kill(2) takes the number of a thread for that of its process. */
	s.tgid = s.how == TGKILL || s.how == TGSIGQUEUE ? getpid() : tid;
	s.tid = tid;
	came = 0;
	err = send_signal(&s);
	if (err)
		return err;
	while (!came)
		sched_yield();
	return 0;
}

TEST_F(by_number, oneself)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.sig = SIGUSR1,
	};

	EXPECT_BOTH(to_oneself, &s);
	EXPECT_BOTH(to_own_thread, &s);
	EXPECT_EQ(0, came);
}

/* The process of another and a thread of one's own: both numbers count. */
static int to_mixed(void *arg)
{
	struct send s = *(struct send *)arg;

	s.tid = getpid();
	return send_signal(&s);
}

TEST_F(by_number, mixed)
{
	struct send s = {
		.how = variant->how,
		.thread = variant->thread,
		.tgid = getpid(),
		.sig = SIGUSR1,
	};

	if (s.how != TGKILL && s.how != TGSIGQUEUE)
		SKIP(return, "takes one number only");
	EXPECT_EQ(-ESRCH, in_child(to_mixed, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(to_mixed, &s));
	s.tgid = NO_PID;
	EXPECT_EQ(-ECAPMODE, capmode_run(to_mixed, &s));
	EXPECT_EQ(0, came);
}

/* ---- groups ---- */

TEST(groups)
{
	struct send s = { .how = KILL, .sig = SIGUSR1 };

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(send_signal, &s));
	EXPECT_EQ(1, came);

	came = 0;
	s.tgid = -getpid();
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(send_signal, &s));
	EXPECT_EQ(1, came);

	came = 0;
	s.tgid = -1;
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	EXPECT_EQ(0, came);
	s.sig = 0;
	EXPECT_ECAPMODE(send_signal, &s);

	s.tgid = 0;
	EXPECT_ECAPMODE(send_signal, &s);
	s.tgid = -getpid();
	EXPECT_ECAPMODE(send_signal, &s);
	s.tgid = -NO_PID;
	EXPECT_EQ(-ESRCH, in_child(send_signal, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	s.tgid = INT_MIN;
	EXPECT_EQ(-ESRCH, in_child(send_signal, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(send_signal, &s));
	EXPECT_EQ(0, came);
}

/* A group with nobody else in it is a group. */
static int to_group_of_own(void *arg)
{
	STEP(!setpgid(0, 0));
	return RET(kill(*(int *)arg, 0));
}

static int to_own_number(void *arg)
{
	STEP(!setpgid(0, 0));
	return RET(kill(-getpid(), 0));
}

TEST(group_of_own)
{
	int zero = 0;

	REQUIRE_CAPMODE();
	EXPECT_ECAPMODE(to_group_of_own, &zero);
	EXPECT_ECAPMODE(to_own_number, NULL);
}

/* ---- abort(3) ---- */

static int aborts(void *arg)
{
	abort();
}

static int raises(void *arg)
{
	return RET(raise(SIGKILL));
}

/* The child's own number is one that it was not given before it was there. */
static int child_aborts(void *arg)
{
	int pidfd;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		abort();
	STEP(child > 0);
	STEP(wait_fd(pidfd) == KILLED_BY(SIGABRT));
	return 0;
}

TEST(abort_works)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(aborts, NULL));
	EXPECT_EQ(KILLED_BY(SIGABRT), capmode_run(aborts, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), capmode_run(raises, NULL));
	EXPECT_BOTH(child_aborts, NULL);
}

/* ---- by descriptor ---- */

struct by_fd {
	int fd;
	int sig;
	unsigned int flags;
	enum gate gate;
};

static int send_by_fd(void *arg)
{
	const struct by_fd *s = arg;

	return call_by_gate(s->gate, __NR_pidfd_send_signal, 424, 424, s->fd,
			    s->sig, 0, s->flags, 0);
}

FIXTURE(by_pidfd)
{
	int pidfd;
	int proc;
};

FIXTURE_VARIANT(by_pidfd)
{
	enum gate gate;
};

FIXTURE_VARIANT_ADD(by_pidfd, native) { .gate = GATE_NONE };
#ifdef __x86_64__
FIXTURE_VARIANT_ADD(by_pidfd, int80) { .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(by_pidfd, x32) { .gate = GATE_X32 };
#endif

FIXTURE_SETUP(by_pidfd)
{
	char name[32];

	self->pidfd = -1;
	self->proc = -1;
	REQUIRE_CAPMODE();
	if (!have_gate(variant->gate))
		SKIP(return, "no such gate from here");
	ASSERT_EQ(0, be_counter());
	self->pidfd = syscall(__NR_pidfd_open, getpid(), 0);
	ASSERT_LE(0, self->pidfd);
	snprintf(name, sizeof(name), "/proc/%d", getpid());
	self->proc = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->proc);
}

FIXTURE_TEARDOWN(by_pidfd)
{
	close(self->pidfd);
	close(self->proc);
}

TEST_F(by_pidfd, process)
{
	struct by_fd s = {
		.fd = self->pidfd,
		.sig = SIGUSR1,
		.gate = variant->gate,
	};

	EXPECT_EQ(0, capmode_run(send_by_fd, &s));
	EXPECT_EQ(1, came);
	s.flags = PIDFD_SIGNAL_THREAD_GROUP;
	EXPECT_EQ(0, capmode_run(send_by_fd, &s));
	EXPECT_EQ(2, came);
	s.flags = PIDFD_SIGNAL_THREAD;
	EXPECT_EQ(0, capmode_run(send_by_fd, &s));
	EXPECT_EQ(3, came);
}

TEST_F(by_pidfd, group)
{
	struct by_fd s = {
		.fd = self->pidfd,
		.sig = SIGUSR1,
		.flags = PIDFD_SIGNAL_PROCESS_GROUP,
		.gate = variant->gate,
	};

	EXPECT_EQ(-ECAPMODE, capmode_run(send_by_fd, &s));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(send_by_fd, &s));
	EXPECT_EQ(1, came);
	s.sig = 0;
	EXPECT_ECAPMODE(send_by_fd, &s);
}

TEST_F(by_pidfd, proc_directory)
{
	struct by_fd s = {
		.fd = self->proc,
		.sig = SIGUSR1,
		.gate = variant->gate,
	};

	EXPECT_EQ(-ECAPMODE, capmode_run(send_by_fd, &s));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(send_by_fd, &s));
	EXPECT_EQ(1, came);
	s.flags = PIDFD_SIGNAL_PROCESS_GROUP;
	EXPECT_EQ(-ECAPMODE, capmode_run(send_by_fd, &s));
	EXPECT_EQ(1, came);
	s.sig = 0;
	s.flags = 0;
	EXPECT_ECAPMODE(send_by_fd, &s);
}

/* What is no process stays what it was. */
TEST_F(by_pidfd, another_file)
{
	struct by_fd s = {
		.fd = tmp_file(NULL, 1),
		.sig = SIGUSR1,
		.gate = variant->gate,
	};

	ASSERT_LE(0, s.fd);
	EXPECT_EQ(-EBADF, in_child(send_by_fd, &s));
	EXPECT_EQ(-EBADF, capmode_run(send_by_fd, &s));
	close(s.fd);
	EXPECT_EQ(-EBADF, capmode_run(send_by_fd, &s));
}

/* A process that is none of one's own, by nothing but its descriptor. */
TEST_F(by_pidfd, victim)
{
	pid_t other = victim();
	struct by_fd s = { .sig = SIGKILL, .gate = variant->gate };
	int status;

	ASSERT_LT(0, other);
	s.fd = syscall(__NR_pidfd_open, other, 0);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(0, capmode_run(send_by_fd, &s));
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the 32-bit gate of a 64-bit program ---- */

#define I386_NR_kill		37
#define I386_NR_tkill		238
#define I386_NR_tgkill		270

static int gate_kill(void *arg)
{
	return int80(I386_NR_kill, *(pid_t *)arg, SIGUSR1, 0, 0, 0, 0);
}

static int gate_tkill(void *arg)
{
	return int80(I386_NR_tkill, *(pid_t *)arg, SIGUSR1, 0, 0, 0, 0);
}

static int gate_tgkill(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	return int80(I386_NR_tgkill, pid, pid, SIGUSR1, 0, 0, 0);
}

static int gate_self(void *arg)
{
	pid_t self = getpid();

	came = 0;
	STEP(!gate_kill(&self));
	STEP(!gate_tkill(&self));
	STEP(!gate_tgkill(&self));
	STEP(came == 3);
	return 0;
}

TEST(by_the_32_bit_gate)
{
	pid_t self = getpid(), none = NO_PID, group = 0;

	REQUIRE_CAPMODE();
	if (!have_int80())
		SKIP(return, "no 32-bit gate from here");
	ASSERT_EQ(0, be_counter());
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_kill, &self));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_tkill, &self));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_tgkill, &self));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_kill, &none));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_tkill, &none));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_tgkill, &none));
	EXPECT_EQ(-ECAPMODE, capmode_run(gate_kill, &group));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, in_child(gate_kill, &self));
	EXPECT_EQ(0, in_child(gate_tkill, &self));
	EXPECT_EQ(0, in_child(gate_tgkill, &self));
	EXPECT_EQ(3, came);
	EXPECT_BOTH(gate_self, NULL);
}

/* Timers: they signal threads of one's own process, wherever one is. */
static int timer_for(void *arg)
{
	pid_t tid = *(pid_t *)arg ? : idle_thread();
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
	};
	timer_t timer;

	STEP(tid > 0);
#ifdef sigev_notify_thread_id
	ev.sigev_notify_thread_id = tid;
#else
	ev._sigev_un._tid = tid;
#endif
	return RET(syscall(__NR_timer_create, CLOCK_MONOTONIC, &ev, &timer));
}

TEST(timers)
{
	pid_t other = victim(), none = NO_PID, own = 0;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	EXPECT_EQ(-EINVAL, in_child(timer_for, &other));
	EXPECT_EQ(-EINVAL, capmode_run(timer_for, &other));
	EXPECT_EQ(-EINVAL, capmode_run(timer_for, &none));
	EXPECT_BOTH(timer_for, &own);
	bury(other);
}

/*
 * A message that arrives in a queue signals who has asked for it, which nobody
 * can do for another.
 */
static int be_notified(void *arg)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	int queue = *(int *)arg, ret;
	char c[16];

	came = 0;
	ret = RET(syscall(__NR_mq_notify, queue, &ev));
	if (ret)
		return ret;
	STEP(!syscall(__NR_mq_timedsend, queue, "x", 1, 0, NULL));
	while (!came)
		sched_yield();
	STEP(syscall(__NR_mq_timedreceive, queue, c, sizeof(c), NULL,
		     NULL) == 1);
	return came;
}

/* To tell a thread, as a timer can, is not on offer. */
static int notify_thread(void *arg)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
	};

#ifdef sigev_notify_thread_id
	ev.sigev_notify_thread_id = getppid();
#else
	ev._sigev_un._tid = getppid();
#endif
	return RET(syscall(__NR_mq_notify, *(int *)arg, &ev));
}

TEST(message_queue)
{
	/* As the kernel has it; the C library puts it elsewhere. */
	long attr[8] = { 0, 4, 16 };
	int queue;

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
	queue = RET(syscall(__NR_mq_open, "capmode-signal", O_RDWR | O_CREAT,
			    0600, attr));
	if (queue == -ENOSYS)
		SKIP(return, "no CONFIG_POSIX_MQUEUE");
	ASSERT_LE(0, queue);
	syscall(__NR_mq_unlink, "capmode-signal");
	EXPECT_BOTH(be_notified, &queue);
	EXPECT_EQ(-EINVAL, in_child(notify_thread, &queue));
	EXPECT_EQ(-EINVAL, capmode_run(notify_thread, &queue));
	EXPECT_EQ(0, came);
}

/* ---- the signal that a child ends with ---- */

static pid_t fork_with_signal(int sig)
{
	struct clone_args args = { .exit_signal = sig };

	return RET(syscall(__NR_clone3, &args, sizeof(args)));
}

/* One's own child may tell oneself with any. */
static int end_of_own(void *arg)
{
	pid_t child;

	came = 0;
	child = fork_with_signal(SIGUSR1);
	if (!child)
		_exit(0);
	STEP(child > 0);
	while (!came)
		sched_yield();
	return came;
}

/* A child that outlives its parent becomes the child of somebody else. */
static int leave_orphan(void *arg)
{
	pid_t self = getpid(), child = fork_with_signal(SIGUSR1);

	if (child)
		return child < 0 ? child : 0;
	while (getppid() == self)
		sched_yield();
	_exit(33);
}

TEST(exit_signal)
{
	int side, status;

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
	EXPECT_BOTH(end_of_own, NULL);
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (side = 0; side < 2; side++) {
		EXPECT_EQ(0, side ? capmode_run(leave_orphan, NULL) :
				    in_child(leave_orphan, NULL));
		/* Nothing else is there to wait for. */
		EXPECT_LT(0, waitpid(-1, &status, __WALL));
		EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 33);
		EXPECT_EQ(0, came);
	}
}

/* ---- groups that are orphaned ---- */

/* What is told of who is stopped. */
struct stopped {
	pid_t pid;
	int hung_up;
};

/**
 * struct orphaned - how a group loses what ties it to its session
 * @tie_ends: It is the one who has a parent outside of the group that ends; else
 *	      that parent does, and who is stopped is the tie.
 * @inside: Who ends is in capability mode; only in the end, when who is stopped
 *	    there is not.
 * @stopped_inside: Who is stopped there is.
 * @stopped: Shared, for who is stopped.
 */
struct orphaned {
	bool tie_ends;
	bool inside;
	bool stopped_inside;
	struct stopped *stopped;
};

static void be_stopped(const struct orphaned *o)
{
	struct sigaction sa = { .sa_handler = count };

	came = 0;
	if (sigaction(SIGHUP, &sa, NULL) ||
	    (o->stopped_inside && sys_cap_enter(0)))
		_exit(1);
	raise(SIGSTOP);
	o->stopped->hung_up = came;
	_exit(0);
}

/* Leaves a child that is stopped. */
static void leave_stopped(const struct orphaned *o)
{
	siginfo_t info = {};
	int pidfd;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		be_stopped(o);
	o->stopped->pid = child;
	if (child < 0 || waitid(P_PIDFD, pidfd, &info, WSTOPPED) ||
	    info.si_code != CLD_STOPPED ||
	    (o->inside && !o->stopped_inside && sys_cap_enter(0)))
		_exit(1);
}

static void let_parent_end(const struct orphaned *o)
{
	leave_stopped(o);
	_exit(!!setpgid(0, 0));
}

static void let_tie_end(const struct orphaned *o)
{
	int go[2], pidfd;
	pid_t tie;
	char c;

	if (pipe(go))
		_exit(1);
	tie = fork_fd(&pidfd);
	if (!tie) {
		close(go[1]);
		leave_stopped(o);
		_exit(read(go[0], &c, 1) != 1);
	}
	if (tie < 0 || setpgid(0, 0) || write(go[1], "x", 1) != 1)
		_exit(1);
	_exit(wait_fd(pidfd));
}

#define MEMBER_HUNG_UP	1
#define STOPPED_HUNG_UP	2

/*
 * Leads a session and the group that is orphaned in it; returns who was hung up,
 * another member or who was stopped. A signal that came first is taken first.
 */
static int orphan_group(void *arg)
{
	const struct orphaned *o = arg;
	pid_t member, ends;
	int sig, status;
	sigset_t set;

	STEP(setsid() == getpid());
	STEP(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	STEP(!sigprocmask(SIG_BLOCK, &set, NULL));
	member = fork();
	if (!member) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigwait(&set, &sig);
		_exit(sig == SIGHUP);
	}
	STEP(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	STEP(!sigprocmask(SIG_UNBLOCK, &set, NULL));
	ends = fork();
	if (!ends) {
		if (o->stopped_inside && o->inside && sys_cap_enter(0))
			_exit(1);
		if (o->tie_ends)
			let_tie_end(o);
		let_parent_end(o);
	}
	STEP(ends > 0 && child_ok(ends));
	STEP(!kill(o->stopped->pid, SIGCONT));
	STEP(child_ok(o->stopped->pid));
	STEP(!kill(member, SIGUSR1));
	STEP(waitpid(member, &status, 0) == member && WIFEXITED(status));
	return (WEXITSTATUS(status) ? MEMBER_HUNG_UP : 0) |
	       (o->stopped->hung_up ? STOPPED_HUNG_UP : 0);
}

/*
 * POSIX has a group hung up that is orphaned while somebody there is stopped. In
 * capability mode one can be stopped, and end, and so choose when.
 */
TEST(orphaned_group)
{
	static const struct {
		bool inside, stopped_inside;
		int who[2];	/* is hung up: by the parent's end, the tie's */
	} cases[] = {
		{ false, false, { MEMBER_HUNG_UP | STOPPED_HUNG_UP,
				  MEMBER_HUNG_UP | STOPPED_HUNG_UP } },
		{ false, true, { STOPPED_HUNG_UP, STOPPED_HUNG_UP } },
		/* One's own child. */
		{ true, true, { STOPPED_HUNG_UP, 0 } },
		{ true, false, { 0, 0 } },
	};
	struct orphaned o;
	unsigned int i;

	REQUIRE_CAPMODE();
	o.stopped = mmap(NULL, sizeof(*o.stopped), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(o.stopped != MAP_FAILED);
	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		o.tie_ends = i & 1;
		o.inside = cases[i / 2].inside;
		o.stopped_inside = cases[i / 2].stopped_inside;
		EXPECT_EQ(cases[i / 2].who[o.tie_ends],
			  in_child(orphan_group, &o))
			TH_LOG("case %u", i);
	}
	munmap(o.stopped, sizeof(*o.stopped));
}

TEST_HARNESS_MAIN
