// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: other processes by number. Whatever takes one works on the
 * caller's own process and threads, and on no other.
 */
#include "nodes.h"
#include "userfault.h"
#include "victims.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#define IOPRIO_WHO_PROCESS	1
#define IOPRIO_WHO_PGRP		2
#define IOPRIO_WHO_USER		3
#define IOPRIO_BE_5		((2 << 13) | 5)
#define IOPRIO_BE_7		((2 << 13) | 7)

#define PROCESS_CPU(pid)	((clockid_t)((~(unsigned int)(pid) << 3) | 2))
#define THREAD_CPU(pid)		((clockid_t)(PROCESS_CPU(pid) | 4))

/* ---- the calls ---- */

static int do_sched_getscheduler(pid_t pid)
{
	return RET(syscall(__NR_sched_getscheduler, pid));
}

static int do_sched_setscheduler(pid_t pid)
{
	struct sched_param p = {};

	return RET(syscall(__NR_sched_setscheduler, pid, SCHED_BATCH, &p));
}

static int do_sched_getparam(pid_t pid)
{
	struct sched_param p = {};

	return RET(syscall(__NR_sched_getparam, pid, &p));
}

/* Of SCHED_OTHER there is nothing to set; only that it goes through. */
static int do_sched_setparam(pid_t pid)
{
	struct sched_param p = {};

	return RET(syscall(__NR_sched_setparam, pid, &p));
}

static int do_sched_getattr(pid_t pid)
{
	struct attr a = {};

	return RET(syscall(__NR_sched_getattr, pid, &a, sizeof(a), 0));
}

static int do_sched_setattr(pid_t pid)
{
	struct attr a = { .size = sizeof(a), .policy = SCHED_BATCH, .nice = 3 };

	return RET(syscall(__NR_sched_setattr, pid, &a, 0));
}

static int do_sched_getaffinity(pid_t pid)
{
	unsigned long mask[32];

	return RET(syscall(__NR_sched_getaffinity, pid, sizeof(mask), mask));
}

static int do_sched_setaffinity(pid_t pid)
{
	unsigned long mask = 1;

	return RET(syscall(__NR_sched_setaffinity, pid, sizeof(mask), &mask));
}

static int do_sched_rr_get_interval(pid_t pid)
{
	struct timespec ts;

	return RET(syscall(__NR_sched_rr_get_interval, pid, &ts));
}

static int do_getpriority(pid_t pid)
{
	return RET(syscall(__NR_getpriority, PRIO_PROCESS, pid));
}

static int do_setpriority(pid_t pid)
{
	return RET(syscall(__NR_setpriority, PRIO_PROCESS, pid, 7));
}

static int do_ioprio_get(pid_t pid)
{
	return RET(syscall(__NR_ioprio_get, IOPRIO_WHO_PROCESS, pid));
}

static int do_ioprio_set(pid_t pid)
{
	return RET(syscall(__NR_ioprio_set, IOPRIO_WHO_PROCESS, pid,
			   IOPRIO_BE_5));
}

static int do_prlimit_get(pid_t pid)
{
	uint64_t old[2];

	return RET(syscall(__NR_prlimit64, pid, RLIMIT_CORE, NULL, old));
}

static int do_prlimit_set(pid_t pid)
{
	uint64_t new[2] = { 4321, 4321 };

	return RET(syscall(__NR_prlimit64, pid, RLIMIT_CORE, new, NULL));
}

static int do_getpgid(pid_t pid)
{
	return RET(syscall(__NR_getpgid, pid)) < 0 ? -errno : 0;
}

static int do_getsid(pid_t pid)
{
	return RET(syscall(__NR_getsid, pid)) < 0 ? -errno : 0;
}

static int do_get_robust_list(pid_t pid)
{
	void *head;
	size_t len;

	return RET(syscall(__NR_get_robust_list, pid, &head, &len));
}

static int do_capget(pid_t pid)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
		.pid = pid,
	};
	struct __user_cap_data_struct d[2];

	return RET(syscall(__NR_capget, &h, d));
}

static int do_pidfd_open(pid_t pid)
{
	int fd = RET(syscall(__NR_pidfd_open, pid, 0));

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int do_clock_gettime(pid_t pid)
{
	struct timespec ts;

	return RET(syscall(__NR_clock_gettime, PROCESS_CPU(pid), &ts));
}

static int do_clock_getres(pid_t pid)
{
	struct timespec ts;

	return RET(syscall(__NR_clock_getres, PROCESS_CPU(pid), &ts));
}

/* Until a time that is over, however coarse the clock is. */
static int do_clock_nanosleep(pid_t pid)
{
	struct timespec ts = {};

	return RET(syscall(__NR_clock_nanosleep, PROCESS_CPU(pid),
			   TIMER_ABSTIME, &ts, NULL));
}

static int do_timer_create(pid_t pid)
{
	int timer;

	return RET(syscall(__NR_timer_create, PROCESS_CPU(pid), NULL, &timer));
}

static int do_thread_gettime(pid_t pid)
{
	struct timespec ts;

	return RET(syscall(__NR_clock_gettime, THREAD_CPU(pid), &ts));
}

static int do_thread_getres(pid_t pid)
{
	struct timespec ts;

	return RET(syscall(__NR_clock_getres, THREAD_CPU(pid), &ts));
}

static int do_thread_timer_create(pid_t pid)
{
	int timer;

	return RET(syscall(__NR_timer_create, THREAD_CPU(pid), NULL, &timer));
}

static int do_migrate_pages(pid_t pid)
{
	unsigned long from = 1, to = 1;

	return RET(syscall(__NR_migrate_pages, pid, 2, &from, &to));
}

static int do_move_pages(pid_t pid)
{
	return RET(syscall(__NR_move_pages, pid, 0, NULL, NULL, NULL, 0));
}

#define OP(n)	.name = #n, .call = do_##n

/**
 * struct pid_op - a call that takes a number
 * @name: For the messages.
 * @call: Makes it; returns 0 or more, or -errno.
 * @sets: It changes something that state() sees.
 * @leader: The number of a process and not of a thread.
 * @no_zero: 0 is not oneself.
 * @others: What it returns outside for another process.
 * @missing: What it returns outside when there is no such process.
 */
static const struct pid_op {
	const char *name;
	int (*call)(pid_t pid);
	bool sets, leader, no_zero;
	int others, missing;
} ops[] = {
	{ OP(sched_getscheduler), .missing = -ESRCH },
	{ OP(sched_setscheduler), .sets = true, .missing = -ESRCH },
	{ OP(sched_getparam), .missing = -ESRCH },
	{ OP(sched_setparam), .missing = -ESRCH },
	{ OP(sched_getattr), .missing = -ESRCH },
	{ OP(sched_setattr), .sets = true, .missing = -ESRCH },
	{ OP(sched_getaffinity), .missing = -ESRCH },
	{ OP(sched_setaffinity), .missing = -ESRCH },
	{ OP(sched_rr_get_interval), .missing = -ESRCH },
	{ OP(getpriority), .missing = -ESRCH },
	{ OP(setpriority), .sets = true, .missing = -ESRCH },
	{ OP(ioprio_get), .missing = -ESRCH },
	{ OP(ioprio_set), .sets = true, .missing = -ESRCH },
	{ OP(prlimit_get), .missing = -ESRCH },
	{ OP(prlimit_set), .sets = true, .missing = -ESRCH },
	{ OP(getpgid), .missing = -ESRCH },
	{ OP(getsid), .missing = -ESRCH },
	{ OP(get_robust_list), .missing = -ESRCH },
	{ OP(capget), .missing = -ESRCH },
	{ OP(pidfd_open), .leader = true, .no_zero = true, .missing = -ESRCH },
	{ OP(clock_gettime), .leader = true, .missing = -EINVAL },
	{ OP(clock_getres), .leader = true, .missing = -EINVAL },
	{ OP(clock_nanosleep), .leader = true, .missing = -EINVAL },
	{ OP(timer_create), .leader = true, .missing = -EINVAL },
	{ OP(thread_gettime), .others = -EINVAL, .missing = -EINVAL },
	{ OP(thread_getres), .others = -EINVAL, .missing = -EINVAL },
	{ OP(thread_timer_create), .others = -EINVAL, .missing = -EINVAL },
	{ OP(migrate_pages), .missing = -ESRCH },
	{ OP(move_pages), .missing = -ESRCH },
};

/* What the calls above can change of a process. */
static uint64_t state(pid_t pid)
{
	uint64_t h = 0xcbf29ce484222325ULL, limit[2] = {};
	unsigned long mask[32] = {};

	MIX(h, do_sched_getscheduler(pid));
	MIX(h, do_getpriority(pid));
	MIX(h, do_ioprio_get(pid));
	MIX(h, do_getpgid(pid));
	syscall(__NR_sched_getaffinity, pid, sizeof(mask), mask);
	MIX(h, mask[0]);
	syscall(__NR_prlimit64, pid, RLIMIT_CORE, NULL, limit);
	MIX(h, limit[0]);
	return h;
}

struct attempt {
	int (*call)(pid_t pid);
	pid_t pid;
	bool thread;
};

static int __attempt(void *arg)
{
	struct attempt *a = arg;

	return a->call(a->pid);
}

static int attempt(void *arg)
{
	struct attempt *a = arg;

	return a->thread ? in_thread(__attempt, arg) : __attempt(arg);
}

/* Oneself: by 0, by number, a thread of oneself. */
static int attempt_zero(void *arg)
{
	return ((const struct pid_op *)arg)->call(0);
}

static int attempt_self(void *arg)
{
	return ((const struct pid_op *)arg)->call(getpid());
}

static int attempt_thread(void *arg)
{
	pid_t tid = idle_thread();

	STEP(tid > 0);
	return ((const struct pid_op *)arg)->call(tid);
}

/* The other way round: a thread on the one that leads the process. */
static int attempt_leader(void *arg)
{
	return in_thread(attempt_self, arg);
}

#define FOR_EACH_OP(op) \
	for (op = ops; op < ops + ARRAY_SIZE(ops); op++)

/* A kernel without NUMA has no migrate_pages(2), for one. */
static bool op_there(struct __test_metadata *_metadata, const struct pid_op *op)
{
	if (in_child(attempt_self, (void *)op) != -ENOSYS)
		return true;
	TH_LOG("no %s in this kernel", op->name);
	return false;
}

FIXTURE(by_number)
{
	pid_t victim;
};

FIXTURE_VARIANT(by_number)
{
	bool thread;
};

FIXTURE_VARIANT_ADD(by_number, first_thread) { .thread = false };
FIXTURE_VARIANT_ADD(by_number, second_thread) { .thread = true };

FIXTURE_SETUP(by_number)
{
	self->victim = -1;
	REQUIRE_CAPMODE();
	self->victim = victim();
	ASSERT_LT(0, self->victim);
}

FIXTURE_TEARDOWN(by_number)
{
	if (self->victim > 0)
		bury(self->victim);
}

/* Refused, and the victim is as before; then the same from outside. */
TEST_F(by_number, another)
{
	const struct pid_op *op;

	FOR_EACH_OP(op) {
		struct attempt a = {
			.call = op->call,
			.pid = self->victim,
			.thread = variant->thread,
		};
		uint64_t before;

		if (!op_there(_metadata, op))
			continue;
		before = state(self->victim);
		EXPECT_EQ(-ECAPMODE, capmode_run(attempt, &a))
			TH_LOG("%s", op->name);
		EXPECT_EQ(before, state(self->victim))
			TH_LOG("%s has changed something", op->name);
		if (op->others) {
			EXPECT_EQ(op->others, in_child(attempt, &a))
				TH_LOG("%s outside", op->name);
		} else {
			EXPECT_LE(0, in_child(attempt, &a))
				TH_LOG("%s outside", op->name);
		}
		if (!op->sets)
			continue;
		EXPECT_NE(before, state(self->victim))
			TH_LOG("%s changes nothing", op->name);
		/* The next one finds a fresh one. */
		bury(self->victim);
		self->victim = victim();
		ASSERT_LT(0, self->victim);
	}
}

/* Parent, first process, kernel thread: as any other. */
TEST_F(by_number, relatives)
{
	const pid_t pids[] = { getpid(), getppid(), 1, 2 };
	const struct pid_op *op;
	uint64_t before = state(getpid());
	size_t i;

	FOR_EACH_OP(op) {
		if (!op_there(_metadata, op))
			continue;
		for (i = 0; i < ARRAY_SIZE(pids); i++) {
			struct attempt a = {
				.call = op->call,
				.pid = pids[i],
				.thread = variant->thread,
			};

			EXPECT_EQ(-ECAPMODE, capmode_run(attempt, &a))
				TH_LOG("%s on %d", op->name, pids[i]);
		}
	}
	EXPECT_EQ(before, state(getpid()));
}

/* Whether there is such a process is not to be told. */
TEST_F(by_number, none)
{
	const struct pid_op *op;

	FOR_EACH_OP(op) {
		struct attempt a = {
			.call = op->call,
			.pid = NO_PID,
			.thread = variant->thread,
		};

		if (!op_there(_metadata, op))
			continue;
		EXPECT_EQ(op->missing, in_child(attempt, &a))
			TH_LOG("%s outside", op->name);
		EXPECT_EQ(-ECAPMODE, capmode_run(attempt, &a))
			TH_LOG("%s", op->name);
	}
}

TEST(oneself)
{
	const struct pid_op *op;

	REQUIRE_CAPMODE();
	FOR_EACH_OP(op) {
		void *arg = (void *)op;

		if (!op_there(_metadata, op))
			continue;
		TH_LOG("%s", op->name);
		if (!op->no_zero)
			EXPECT_BOTH(attempt_zero, arg);
		EXPECT_BOTH(attempt_self, arg);
		if (!op->leader)
			EXPECT_BOTH(attempt_thread, arg);
		/* The clock of a thread, by another one. */
		EXPECT_BOTH(attempt_leader, arg);
	}
}

/* What is made in capability mode is no more one's own than what was there. */
static int own_child(void *arg)
{
	const struct pid_op *op = arg;
	int pidfd, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child) {
		for (;;)
			pause();
	}
	STEP(child > 0);
	ret = op->call(child);
	STEP(!syscall(__NR_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	STEP(wait_fd(pidfd) == KILLED_BY(SIGKILL));
	return ret;
}

TEST(children)
{
	const struct pid_op *op;

	REQUIRE_CAPMODE();
	FOR_EACH_OP(op) {
		if (!op_there(_metadata, op))
			continue;
		EXPECT_EQ(-ECAPMODE, capmode_run(own_child, (void *)op))
			TH_LOG("%s", op->name);
		if (op->others)
			continue;
		EXPECT_LE(0, in_child(own_child, (void *)op))
			TH_LOG("%s outside", op->name);
	}
}

/* ---- what is shared with another process ---- */

struct sharer {
	uint64_t flags;
	bool enters;
};

/* The priority, then, of who has made a child that sets its own. */
static int set_as_child(void *arg)
{
	const struct sharer *s = arg;
	pid_t child;
	int pidfd;

	/* What is not there yet is not shared. */
	STEP(!do_ioprio_set(0));
	child = fork_with(s->flags, &pidfd);
	if (!child) {
		if (s->enters && sys_cap_enter(0))
			_exit(1);
		_exit(syscall(__NR_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			      IOPRIO_BE_7) ? 2 : 0);
	}
	STEP(child > 0);
	STEP(!wait_fd(pidfd));
	return do_ioprio_get(0);
}

/* An I/O context that two have is one's own, and the other's. */
TEST(io_context)
{
	struct sharer s = { .enters = false };
	int i;

	REQUIRE_CAPMODE();
	if (do_ioprio_get(0) == -ENOSYS)
		SKIP(return, "no ioprio_get");
	for (i = 0; i < 2; i++) {
		s.enters = i;
		s.flags = 0;
		EXPECT_EQ(IOPRIO_BE_5, in_child(set_as_child, &s));
		s.flags = CLONE_IO;
		EXPECT_EQ(IOPRIO_BE_7, in_child(set_as_child, &s));
	}
}

/* ---- a clock of another process, slept on since before ---- */

struct sleeper {
	bool enters;		/* another thread, while it sleeps */
	pid_t other;		/* whose clock it is, which stands still */
	pid_t tid;		/* who sleeps */
	bool entered;		/* or has no need to */
	int slept;		/* what the call has returned */
};

static void *sleep_on_clock(void *arg)
{
	struct timespec ts = { .tv_nsec = 50000000 };
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, syscall(__NR_gettid), __ATOMIC_SEQ_CST);
	s->slept = RET(syscall(__NR_clock_nanosleep, PROCESS_CPU(s->other), 0,
			       &ts, NULL));
	return NULL;
}

static int be_sleeper(struct sleeper *s)
{
	pthread_t thread;

	STEP(!pthread_create(&thread, NULL, sleep_on_clock, s));
	while (!__atomic_load_n(&s->tid, __ATOMIC_SEQ_CST) ||
	       thread_state(getpid(), s->tid) != 'S')
		sched_yield();
	if (s->enters)
		STEP(!sys_cap_enter(0));
	__atomic_store_n(&s->entered, true, __ATOMIC_SEQ_CST);
	STEP(!pthread_join(thread, NULL));
	return 0;
}

/* For longer than the sleeper sleeps. */
static void run_the_clock(int sig)
{
	const clock_t end = clock() + CLOCKS_PER_SEC / 5;

	while (clock() < end)
		;
}

static bool runs_if_asked(void)
{
	return signal(SIGUSR1, run_the_clock) != SIG_ERR;
}

/*
 * Stopping it interrupts the sleep, which begins anew when it goes on: nobody
 * else's clock runs before that, so that it cannot be over.
 */
static int stop_sleeper(struct sleeper *s, pid_t child)
{
	int status;

	while (!__atomic_load_n(&s->entered, __ATOMIC_SEQ_CST)) {
		STEP(!waitpid(child, &status, WNOHANG));
		sched_yield();
	}
	STEP(!kill(child, SIGSTOP));
	STEP(waitpid(child, &status, WUNTRACED) == child);
	STEP(WIFSTOPPED(status));
	STEP(!kill(child, SIGCONT));
	STEP(!kill(s->other, SIGUSR1));
	STEP(waitpid(child, &status, 0) == child && !status);
	return s->slept;
}

static int interrupted_sleep(bool enters)
{
	struct sleeper *s = new_shared(sizeof(*s));
	pid_t child;
	int ret;

	STEP(s);
	s->enters = enters;
	s->other = victim_prepared(runs_if_asked);
	STEP(s->other > 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(be_sleeper(s) != 0);
	}
	STEP(child > 0);
	ret = stop_sleeper(s, child);
	bury(s->other);
	munmap(s, sizeof(*s));
	return ret;
}

/* A call that is taken up again names the clock again. */
TEST(clock_slept_on)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, interrupted_sleep(false));
	EXPECT_EQ(-ECAPMODE, interrupted_sleep(true));
}

/* ---- a number that was a thread's, and is another process's ---- */

/*
 * Who gives the numbers is the first process of a namespace, and outside. What
 * is told goes by memory that both have.
 */
struct reuse {
	bool enters;		/* who calls; else it stays outside */
	int (*call)(pid_t tid, void *arg);
	void *content;		/* what @arg points to, once it is there */
	size_t size;		/* of a page */
	pid_t tid;		/* the thread */
	bool leave;		/* it ends */
	int ret;		/* what the call has returned */
};

static void *tell_and_leave(void *arg)
{
	struct reuse *r = arg;

	__atomic_store_n(&r->tid, syscall(__NR_gettid), __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&r->leave, __ATOMIC_SEQ_CST))
		sched_yield();
	return NULL;
}

/* A thread of one's own, which is there until it is to leave. */
static int begin_thread(struct reuse *r, pthread_t *thread)
{
	r->leave = false;
	r->tid = 0;
	STEP(!pthread_create(thread, NULL, tell_and_leave, r));
	while (!__atomic_load_n(&r->tid, __ATOMIC_SEQ_CST))
		sched_yield();
	return 0;
}

/* A process that has the number of the thread, which leaves. */
static pid_t take_number(struct reuse *r, int last_pid)
{
	const pid_t pid = r->tid;
	char text[16];
	int i, len = snprintf(text, sizeof(text), "%d", pid - 1);
	pid_t child;

	__atomic_store_n(&r->leave, true, __ATOMIC_SEQ_CST);
	while (!kill(pid, 0))
		sched_yield();
	for (i = 0; i < 100; i++) {
		if (pwrite(last_pid, text, len, 0) != len)
			return -errno;
		child = fork();
		if (!child) {
			for (;;)
				pause();
		}
		if (child <= 0 || child == pid)
			return child;
		bury(child);
	}
	return -EAGAIN;
}

static int open_last_pid(void)
{
	return RET(open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
}

struct in_namespace {
	int (*fn)(void *arg);
	void *arg;
};

static int __in_namespace(void *arg)
{
	struct in_namespace *n = arg;

	/* All others of the namespace end with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return n->fn(n->arg);
}

static int in_namespace(void *arg)
{
	if (unshare(CLONE_NEWPID))
		return -errno;
	return in_child(__in_namespace, arg);
}

static int call_with_missing_page(struct reuse *r, int sock)
{
	pthread_t thread;
	void *page;
	int fd = missing_page(r->size, &page);

	STEP(fd >= 0);
	STEP(send_fds(sock, &fd, 1) == 1);
	close(fd);
	if (r->enters)
		STEP(!sys_cap_enter(0));
	STEP(!begin_thread(r, &thread));
	r->ret = r->call(r->tid, page);
	return 0;
}

/* The call has looked at the number by the time that it takes its argument. */
static int reuse_while_called(void *arg)
{
	struct reuse *r = arg;
	const uint64_t as_me = state(0);
	int sock[2], fd, last_pid = open_last_pid();
	pid_t child, other;
	uint64_t addr;

	STEP(last_pid >= 0);
	STEP(!socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	r->ret = NO_RESULT;
	child = fork();
	if (!child) {
		close(sock[0]);
		_exit(call_with_missing_page(r, sock[1]) != 0);
	}
	close(sock[1]);
	STEP(recv_fds(sock[0], &fd, 1, 0) == 1);
	STEP(!userfault_wait(fd, &addr));
	other = take_number(r, last_pid);
	STEP(other > 0);
	STEP(!userfault_fill(fd, addr, r->content, r->size));
	STEP(child_ok(child));
	/* It has changed the other one when, and only when, it says so. */
	STEP((state(other) == as_me) == !!r->ret);
	return r->ret;
}

static int setscheduler_with(pid_t tid, void *arg)
{
	return RET(syscall(__NR_sched_setscheduler, tid, SCHED_BATCH, arg));
}

static int setattr_with(pid_t tid, void *arg)
{
	return RET(syscall(__NR_sched_setattr, tid, arg, 0));
}

static int prlimit_with(pid_t tid, void *arg)
{
	return RET(syscall(__NR_prlimit64, tid, RLIMIT_CORE, arg, NULL));
}

/* That it was a thread of one's own when the call looked first is not enough. */
TEST(number_reused_while_called)
{
	static const struct sched_param param = { };
	static const struct attr attr = {
		.size = sizeof(attr), .policy = SCHED_BATCH, .nice = 3,
	};
	static const uint64_t limit[2] = { 4321, 4321 };
	static const struct {
		int (*call)(pid_t tid, void *arg);
		const void *arg;
		size_t size;
	} calls[] = {
		{ setscheduler_with, &param, sizeof(param) },
		{ setattr_with, &attr, sizeof(attr) },
		{ prlimit_with, limit, sizeof(limit) },
	};
	struct reuse *r = new_shared(sizeof(*r));
	struct in_namespace n = { .fn = reuse_while_called, .arg = r };
	size_t i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access("/proc/sys/kernel/ns_last_pid", W_OK))
		SKIP(return, "no CONFIG_CHECKPOINT_RESTORE");
	if (!have_userfault())
		SKIP(return, "no userfaultfd");
	ASSERT_TRUE(!!r);
	r->size = getpagesize();
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		r->call = calls[i].call;
		r->content = calloc(1, r->size);
		ASSERT_TRUE(!!r->content);
		memcpy(r->content, calls[i].arg, calls[i].size);
		r->enters = false;
		EXPECT_EQ(0, in_child(in_namespace, &n))
			TH_LOG("call %zu outside", i);
		r->enters = true;
		EXPECT_EQ(-ESRCH, in_child(in_namespace, &n))
			TH_LOG("call %zu", i);
		free(r->content);
	}
	munmap(r, sizeof(*r));
}

/*
 * Others look twice without taking anything in between. No call of these has to
 * meet that moment, but if one does it finds no process.
 */
#define REUSES	200

struct race {
	struct reuse reuse;
	int begun, done;	/* how many rounds have */
	int odd;		/* what a call has returned that it must not */
	int refused;
};

static int do_tgkill(pid_t tid)
{
	return RET(syscall(__NR_tgkill, getpid(), tid, 0));
}

static int call_until_done(struct race *race)
{
	static int (*const calls[])(pid_t pid) = { do_setpriority, do_tgkill };
	pthread_t thread;
	int i, ret;

	STEP(!sys_cap_enter(0));
	while (race->begun < REUSES) {
		STEP(!begin_thread(&race->reuse, &thread));
		__atomic_add_fetch(&race->begun, 1, __ATOMIC_SEQ_CST);
		for (i = 0; __atomic_load_n(&race->done, __ATOMIC_SEQ_CST) <
			    race->begun; i++) {
			ret = calls[i % 2](race->reuse.tid);
			race->refused += ret == -ECAPMODE;
			if (ret && ret != -ECAPMODE && ret != -ESRCH)
				race->odd = ret;
		}
		STEP(!pthread_join(thread, NULL));
	}
	return 0;
}

static int reuse_in_a_race(void *arg)
{
	const struct timespec while_called = { .tv_nsec = 1000000 };
	const uint64_t as_me = state(0);
	int last_pid = open_last_pid();
	struct race *race = arg;
	pid_t child, other;

	STEP(last_pid >= 0);
	child = fork();
	if (!child)
		_exit(call_until_done(race) != 0);
	STEP(child > 0);
	while (race->done < REUSES) {
		while (__atomic_load_n(&race->begun, __ATOMIC_SEQ_CST) ==
		       race->done) {
			STEP(!waitpid(child, NULL, WNOHANG));
			sched_yield();
		}
		other = take_number(&race->reuse, last_pid);
		STEP(other > 0);
		nanosleep(&while_called, NULL);
		STEP(state(other) == as_me);
		bury(other);
		__atomic_add_fetch(&race->done, 1, __ATOMIC_SEQ_CST);
	}
	STEP(child_ok(child));
	return race->odd;
}

TEST(number_reused)
{
	struct race *race = new_shared(sizeof(*race));
	struct in_namespace n = { .fn = reuse_in_a_race, .arg = race };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access("/proc/sys/kernel/ns_last_pid", W_OK))
		SKIP(return, "no CONFIG_CHECKPOINT_RESTORE");
	ASSERT_TRUE(!!race);
	EXPECT_EQ(0, in_child(in_namespace, &n));
	EXPECT_LT(0, race->refused);
	munmap(race, sizeof(*race));
}

/* ---- groups and users ---- */

struct set {
	long nr;
	int which, who, value;
};

static int by_set(void *arg)
{
	const struct set *s = arg;

	return RET(syscall(s->nr, s->which, s->who, s->value));
}

TEST(groups_and_users)
{
	const struct set sets[] = {
		{ __NR_getpriority, PRIO_PGRP, 0 },
		{ __NR_getpriority, PRIO_PGRP, getpid() },
		{ __NR_getpriority, PRIO_USER, 0 },
		{ __NR_setpriority, PRIO_PGRP, 0, 5 },
		{ __NR_setpriority, PRIO_PGRP, getpid(), 5 },
		{ __NR_ioprio_get, IOPRIO_WHO_PGRP, 0 },
		{ __NR_ioprio_get, IOPRIO_WHO_PGRP, getpid() },
		{ __NR_ioprio_get, IOPRIO_WHO_USER, 0 },
		{ __NR_ioprio_set, IOPRIO_WHO_PGRP, 0, IOPRIO_BE_5 },
		{ __NR_ioprio_set, IOPRIO_WHO_PGRP, getpid(), IOPRIO_BE_5 },
	};
	const struct set none[] = {
		{ __NR_getpriority, PRIO_PGRP, NO_PID },
		{ __NR_getpriority, PRIO_USER, 54321 },
		{ __NR_setpriority, PRIO_PGRP, NO_PID, 5 },
		{ __NR_setpriority, PRIO_USER, 54321, 5 },
		{ __NR_ioprio_get, IOPRIO_WHO_PGRP, NO_PID },
		{ __NR_ioprio_get, IOPRIO_WHO_USER, 54321 },
		{ __NR_ioprio_set, IOPRIO_WHO_PGRP, NO_PID, IOPRIO_BE_5 },
		{ __NR_ioprio_set, IOPRIO_WHO_USER, 54321, IOPRIO_BE_5 },
	};
	uint64_t before;
	size_t i;

	REQUIRE_CAPMODE();
	ASSERT_TRUE(!setpgid(0, 0) || getpgrp() == getpid());
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		before = state(getpid());
		EXPECT_EQ(-ECAPMODE, capmode_run(by_set, (void *)&sets[i]))
			TH_LOG("call %zu", i);
		EXPECT_EQ(before, state(getpid()))
			TH_LOG("call %zu has changed something", i);
		EXPECT_LE(0, in_child(by_set, (void *)&sets[i]))
			TH_LOG("call %zu outside", i);
	}
	EXPECT_EQ(20 - 5, do_getpriority(0));
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(-ECAPMODE, capmode_run(by_set, (void *)&none[i]))
			TH_LOG("call %zu", i);
		EXPECT_EQ(-ESRCH, in_child(by_set, (void *)&none[i]))
			TH_LOG("call %zu outside", i);
	}
}

/* ---- process groups ---- */

/* Only the parent can put a child into a group: it is made before. */
struct to_group {
	bool enter, own;
	int ret;
};

static int child_to_group(void *arg)
{
	struct to_group *t = arg;
	pid_t child;
	int pidfd, ret;
	bool moved;

	child = fork_fd(&pidfd);
	if (!child) {
		for (;;)
			pause();
	}
	STEP(child > 0);
	if (t->enter)
		STEP(!sys_cap_enter(0));
	ret = RET(setpgid(child, t->own ? 0 : child));
	/* A signal to the group that there would be now. */
	moved = !t->enter && getpgid(child) == child;
	STEP(!syscall(__NR_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	STEP(wait_fd(pidfd) == KILLED_BY(SIGKILL));
	return ret ? ret : moved;
}

TEST(setpgid_child)
{
	struct to_group t = { .enter = false };

	REQUIRE_CAPMODE();
	EXPECT_EQ(1, in_child(child_to_group, &t));
	t.own = true;
	EXPECT_EQ(1, in_child(child_to_group, &t));
	t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(child_to_group, &t));
	t.own = false;
	EXPECT_EQ(-ECAPMODE, in_child(child_to_group, &t));
}

static int group_of_own(void *arg)
{
	if (setpgid(0, 0))
		return -errno;
	STEP(getpgid(0) == getpid());
	STEP(getpgrp() == getpid());
	STEP(!setpgid(getpid(), getpid()));
	STEP(!setpgid(0, getpid()));
	return 0;
}

static int join_group(void *arg)
{
	return RET(setpgid(0, *(pid_t *)arg));
}

/* The group that one is in is of another: its number was never given. */
static int stay_in_group(void *arg)
{
	return RET(setpgid(0, getpgrp()));
}

TEST(setpgid_own)
{
	pid_t other, none = NO_PID;

	REQUIRE_CAPMODE();
	EXPECT_BOTH(group_of_own, NULL);
	other = victim();
	ASSERT_LT(0, other);
	EXPECT_ECAPMODE(join_group, &other);
	EXPECT_EQ(-ECAPMODE, capmode_run(join_group, &none));
	EXPECT_EQ(-EPERM, in_child(join_group, &none));
	EXPECT_ECAPMODE(stay_in_group, NULL);
	bury(other);
}

static int session_of_own(void *arg)
{
	pid_t sid = setsid();

	if (sid < 0)
		return -errno;
	STEP(sid == getpid());
	STEP(getsid(0) == sid);
	return 0;
}

TEST(session)
{
	REQUIRE_CAPMODE();
	EXPECT_BOTH(session_of_own, NULL);
}

/* ---- descriptors of processes ---- */

static int pidfd_of_thread(void *arg)
{
	pid_t tid = idle_thread();
	int fd;

	STEP(tid > 0);
	/* PIDFD_THREAD */
	fd = RET(syscall(__NR_pidfd_open, tid, O_EXCL));
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int pidfd_of_victim(void *arg)
{
	int fd = RET(syscall(__NR_pidfd_open, *(pid_t *)arg, O_EXCL));

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

TEST(pidfd_thread)
{
	pid_t other = victim();

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	EXPECT_BOTH(pidfd_of_thread, NULL);
	EXPECT_ECAPMODE(pidfd_of_victim, &other);
	bury(other);
}

/* Opened before, or given: a descriptor is nothing that has been named. */
TEST(pidfd_given)
{
	siginfo_t info = {};
	pid_t other = victim();
	int pidfd;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	pidfd = syscall(__NR_pidfd_open, other, 0);
	ASSERT_LE(0, pidfd);
	ASSERT_EQ(0, sys_cap_enter(0));
	EXPECT_EQ(0, RET(syscall(__NR_pidfd_send_signal, pidfd, SIGKILL, NULL,
				 0)));
	EXPECT_EQ(0, RET(waitid(P_PIDFD, pidfd, &info, WEXITED)));
	EXPECT_EQ(other, info.si_pid);
	EXPECT_EQ(SIGKILL, info.si_status);
}

struct memory {
	int pidfd;	/* -1: one's own */
	void *page;	/* which both have */
};

static int memory_fd(const struct memory *m)
{
	return m->pidfd >= 0 ? m->pidfd :
			       RET(syscall(__NR_pidfd_open, getpid(), 0));
}

static int advise(void *arg)
{
	const struct memory *m = arg;
	struct iovec iov = { m->page, getpagesize() };
	int fd = memory_fd(m);

	STEP(fd >= 0);
	return RET(syscall(__NR_process_madvise, fd, &iov, 1, MADV_COLD, 0));
}

static int release(void *arg)
{
	int fd = memory_fd(arg);

	STEP(fd >= 0);
	return RET(syscall(__NR_process_mrelease, fd, 0));
}

TEST(pidfd_memory)
{
	struct memory m = { .pidfd = -1 };
	int i, pidfd;
	pid_t other;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	m.page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(m.page != MAP_FAILED);
	*(char *)m.page = 'x';
	other = victim();
	ASSERT_LT(0, other);
	pidfd = RET(syscall(__NR_pidfd_open, other, 0));
	ASSERT_LE(0, pidfd);
	if (in_child(advise, &m) == -ENOSYS)
		SKIP(return, "no process_madvise");
	for (i = 0; i < 2; i++) {
		m.pidfd = i ? pidfd : -1;
		EXPECT_EQ(getpagesize(), in_child(advise, &m));
		EXPECT_EQ(getpagesize(), capmode_run(advise, &m));
		/* Only of who is about to end. */
		EXPECT_EQ(-EINVAL, in_child(release, &m));
		EXPECT_EQ(-EINVAL, capmode_run(release, &m));
	}
	close(pidfd);
	bury(other);
	munmap(m.page, getpagesize());
}

/* ---- the other gates of a 64-bit program ---- */

/* What stands for an argument that is there only when the call is made. */
#define G_PID	0x7a000001
#define G_CLOCK	0x7a000002	/* of that process */
#define G_INFO	0x7a000003	/* a siginfo that anybody may queue */
#define G_PAGE	0x7a000004	/* room for an answer, and some more */
#define G_MORE	0x7a000005

/* The numbers of a call, and arguments that do no harm. */
static const struct gate_call {
	const char *name;
	int nr32, nr_x32;
	unsigned int args[5];
} gate_calls[] = {
	{ "setpriority", 97, 141, { PRIO_PROCESS, G_PID, 7 } },
	{ "getpgid", 132, 121, { G_PID } },
	{ "prlimit64", 340, 302, { G_PID, RLIMIT_CORE } },
	{ "sched_setaffinity", 241, 203, { G_PID, 8, G_MORE } },
	{ "get_robust_list", 312, 531, { G_PID, G_PAGE, G_MORE } },
	{ "move_pages", 317, 533, { G_PID } },
	{ "clock_gettime", 265, 228, { G_CLOCK, G_PAGE } },
	{ "timer_create", 259, 526, { G_CLOCK, 0, G_PAGE } },
	{ "ioprio_set", 289, 251, { IOPRIO_WHO_PROCESS, G_PID, IOPRIO_BE_5 } },
	{ "rt_sigqueueinfo", 178, 524, { G_PID, 0, G_INFO } },
	{ "rt_tgsigqueueinfo", 335, 536, { G_PID, G_PID, 0, G_INFO } },
};

struct gate_attempt {
	const struct gate_call *c;
	enum gate gate;
	pid_t pid;		/* 0: of who makes it */
	char *page;
};

static unsigned int gate_arg(const struct gate_attempt *a, int i)
{
	const pid_t pid = a->pid ? : getpid();
	siginfo_t *info = (siginfo_t *)(a->page + 512);
	unsigned int arg = a->c->args[i];

	switch (arg) {
	case G_PID:
		return pid;
	case G_CLOCK:
		return PROCESS_CPU(pid);
	case G_INFO:
		info->si_code = SI_QUEUE;
		return (uintptr_t)info;
	case G_PAGE:
		return (uintptr_t)a->page;
	case G_MORE:
		memset(a->page + 256, 0xff, 8);
		return (uintptr_t)a->page + 256;
	default:
		return arg;
	}
}

/* 0 or -errno. */
static int through_gate(void *arg)
{
	const struct gate_attempt *a = arg;
	unsigned int v[5];
	long ret;
	int i;

	for (i = 0; i < 5; i++)
		v[i] = gate_arg(a, i);
	ret = call_by_gate(a->gate, -1, a->c->nr32, a->c->nr_x32, v[0], v[1],
			   v[2], v[3], v[4]);
	return ret < 0 ? ret : 0;
}

FIXTURE(gates)
{
	struct gate_attempt a;
	pid_t other;
};

FIXTURE_VARIANT(gates)
{
	enum gate gate;
};

FIXTURE_VARIANT_ADD(gates, int80) { .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(gates, x32) { .gate = GATE_X32 };

FIXTURE_SETUP(gates)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!have_gate(variant->gate))
		SKIP(return, "no such gate from here");
	self->a.gate = variant->gate;
	self->a.page = low_page();
	ASSERT_TRUE(!!self->a.page);
	self->other = victim();
	ASSERT_LT(0, self->other);
}

FIXTURE_TEARDOWN(gates)
{
	bury(self->other);
}

TEST_F(gates, by_number)
{
	struct gate_attempt *a = &self->a;
	const uint64_t before = state(self->other);
	unsigned int i;
	int outside;

	for (i = 0; i < ARRAY_SIZE(gate_calls); i++) {
		a->c = &gate_calls[i];
		a->pid = self->other;
		EXPECT_EQ(-ECAPMODE, capmode_run(through_gate, a))
			TH_LOG("%s", a->c->name);
		a->pid = NO_PID;
		EXPECT_EQ(-ECAPMODE, capmode_run(through_gate, a))
			TH_LOG("%s on nobody", a->c->name);
	}
	EXPECT_EQ(before, state(self->other));
	for (i = 0; i < ARRAY_SIZE(gate_calls); i++) {
		a->c = &gate_calls[i];
		a->pid = self->other;
		outside = in_child(through_gate, a);
		/* Pages of a kernel that moves none. */
		EXPECT_TRUE(!outside || outside == -ENOSYS)
			TH_LOG("%s outside: %d", a->c->name, outside);
		a->pid = 0;
		EXPECT_EQ(in_child(through_gate, a),
			  capmode_run(through_gate, a))
			TH_LOG("%s on oneself", a->c->name);
	}
	EXPECT_NE(before, state(self->other));
}

/* A clock of a process that is of no kind names nobody, whomever it names. */
TEST(clock_of_no_kind)
{
	const pid_t pids[] = { getppid(), NO_PID, getpid(), 0 };
	struct timespec ts;
	unsigned int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(-EINVAL, RET(syscall(__NR_clock_gettime,
					       THREAD_CPU(pids[i]) | 3, &ts)));
}

/* ---- namespaces, by descriptors of processes ---- */

#define PIDFD_IOCTL(nr)		_IO(0xff, nr)
#define PIDFD_IOCTLS		10
#define NSFS_IOCTL(nr)		_IO(0xb7, nr)
#define NSFS_USERNS		NSFS_IOCTL(1)
#define NSFS_PARENT		NSFS_IOCTL(2)
#define NSFS_NSTYPE		NSFS_IOCTL(3)
#define NSFS_OWNER_UID		NSFS_IOCTL(4)
#define NSFS_MNTNS_ID		_IOR(0xb7, 5, uint64_t)
#define NSFS_FIRST_OF_PIDS	6
#define NSFS_LAST_OF_PIDS	9

struct mnt_info {
	uint32_t size, nr_mounts;
	uint64_t id;
};

#define NSFS_MNT_INFO		_IOR(0xb7, 10, struct mnt_info)
#define NSFS_MNT_NEXT		_IOR(0xb7, 11, struct mnt_info)
#define NSFS_MNT_PREV		_IOR(0xb7, 12, struct mnt_info)

struct ns_ask {
	int fd;		/* -1: a pidfd of the caller's own */
	unsigned long cmd, arg;
};

static int ask_ns(void *arg)
{
	const struct ns_ask *a = arg;
	int fd = a->fd, ret;

	if (fd < 0)
		fd = RET(syscall(__NR_pidfd_open, getpid(), 0));
	STEP(fd >= 0);
	ret = RET(ioctl(fd, a->cmd, a->arg));
	return ret;
}

TEST(namespaces_of_pidfds)
{
	pid_t other = victim();
	struct ns_ask a = {};
	int given, outside;
	unsigned int nr;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	given = syscall(__NR_pidfd_open, other, 0);
	ASSERT_LE(0, given);
	for (nr = 1; nr <= PIDFD_IOCTLS; nr++) {
		a.cmd = PIDFD_IOCTL(nr);
		a.fd = given;
		outside = in_child(ask_ns, &a);
		/* The first is one that all kernels have, or none at all. */
		if (outside == -ENOTTY && nr == 1) {
			bury(other);
			SKIP(return, "this kernel has none of it");
		}
		if (outside == -EOPNOTSUPP)
			TH_LOG("no namespace %u in this kernel", nr);
		else
			EXPECT_LE(0, outside)
				TH_LOG("command %u outside", nr);
		EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a))
			TH_LOG("command %u", nr);
		a.fd = -1;
		EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a))
			TH_LOG("command %u on oneself", nr);
	}
	bury(other);
}

TEST(namespaces_given)
{
	struct mnt_info info = {};
	uint64_t id = 0;
	uid_t uid = 77;
	struct ns_ask a = {};
	unsigned int nr;

	REQUIRE_CAPMODE();
	a.fd = RET(open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
	if (a.fd < 0)
		SKIP(return, "no namespaces of processes");
	/* Processes by number: is there one? */
	for (nr = NSFS_FIRST_OF_PIDS; nr <= NSFS_LAST_OF_PIDS; nr++) {
		a.cmd = _IOR(0xb7, nr, int);
		a.arg = getpid();
		if (in_child(ask_ns, &a) != -ENOTTY)
			EXPECT_ECAPMODE(ask_ns, &a);
		a.arg = 1;
		EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a));
		a.arg = NO_PID;
		EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a));
	}
	/* Descriptors of others. */
	a.arg = 0;
	a.cmd = NSFS_USERNS;
	EXPECT_ECAPMODE(ask_ns, &a);
	a.cmd = NSFS_PARENT;
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a));
	a.cmd = NSFS_NSTYPE;
	EXPECT_BOTH(ask_ns, &a);
	close(a.fd);

	a.fd = RET(open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
	if (a.fd >= 0) {
		a.cmd = NSFS_OWNER_UID;
		a.arg = (uintptr_t)&uid;
		EXPECT_BOTH(ask_ns, &a);
		close(a.fd);
	}
	a.fd = RET(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
	ASSERT_LE(0, a.fd);
	a.arg = (uintptr_t)&id;
	a.cmd = NSFS_MNTNS_ID;
	EXPECT_BOTH(ask_ns, &a);
	a.arg = (uintptr_t)&info;
	a.cmd = NSFS_MNT_INFO;
	EXPECT_BOTH(ask_ns, &a);
	a.cmd = NSFS_MNT_NEXT;
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a));
	a.cmd = NSFS_MNT_PREV;
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_ns, &a));
	close(a.fd);
}

/* ---- the owner of a futex, who is a number in memory ---- */

#define FUTEX_LOCK_PI_OP	6
#define FUTEX_TRYLOCK_PI_OP	8
#define FUTEX_WAIT_REQUEUE_PI_OP	11
#define FUTEX_CMP_REQUEUE_PI_OP	12
#define FUTEX_LOCK_PI2_OP	13
#define FUTEX_TID_BITS		0x3fffffff
#define FUTEX_WAITERS_BIT	0x80000000
#define FUTEX_PRIVATE		128

struct lock {
	int op;
	pid_t owner;	/* 0: a thread of one's own */
	uint32_t waiters;	/* FUTEX_WAITERS_BIT: so it says */
	uint32_t *word;
};

static int lock_pi(void *arg)
{
	const struct lock *l = arg;
	pid_t owner = l->owner ? l->owner : idle_thread();
	struct timespec ts;

	STEP(owner > 0);
	*l->word = owner | l->waiters;
	/* Nobody lets go of it. */
	clock_gettime((l->op & 127) == FUTEX_LOCK_PI2_OP ? CLOCK_MONOTONIC :
							   CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return RET(syscall(__NR_futex, l->word, l->op, 0, &ts, NULL, 0));
}

TEST(owner_of_a_futex)
{
	static const int ops[] = {
		FUTEX_LOCK_PI_OP, FUTEX_LOCK_PI2_OP, FUTEX_TRYLOCK_PI_OP,
	};
	pid_t other = victim();
	struct lock l = { };
	size_t i;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	l.word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(l.word != MAP_FAILED);
	for (i = 0; i < 2 * ARRAY_SIZE(ops); i++) {
		l.op = ops[i / 2] | (i % 2 ? FUTEX_PRIVATE : 0);
		TH_LOG("operation %d", l.op);
		/* Outside it tells whether there is such a task ... */
		l.owner = 2999999;
		EXPECT_EQ(-ESRCH, in_child(lock_pi, &l));
		EXPECT_EQ(-ECAPMODE, capmode_run(lock_pi, &l));
		l.owner = 2;	/* a kernel thread */
		EXPECT_EQ(-EPERM, in_child(lock_pi, &l));
		EXPECT_EQ(-ECAPMODE, capmode_run(lock_pi, &l));
		/* ... and waits for it, lending it the caller's priority. */
		l.owner = other;
		EXPECT_EQ(ops[i / 2] == FUTEX_TRYLOCK_PI_OP ? -EAGAIN :
							      -ETIMEDOUT,
			  in_child(lock_pi, &l));
		EXPECT_EQ(-ECAPMODE, capmode_run(lock_pi, &l));
		l.owner = getpid();
		EXPECT_EQ(-ECAPMODE, capmode_run(lock_pi, &l));
		/* Threads among themselves. */
		l.owner = 0;
		EXPECT_EQ(ops[i / 2] == FUTEX_TRYLOCK_PI_OP ? -EAGAIN :
							      -ETIMEDOUT,
			  in_child(lock_pi, &l));
		EXPECT_EQ(ops[i / 2] == FUTEX_TRYLOCK_PI_OP ? -EAGAIN :
							      -ETIMEDOUT,
			  capmode_run(lock_pi, &l));
	}
	bury(other);
}

/* Who waits first has chosen the owner: no other number means anything then. */
TEST(owner_of_a_futex_with_a_waiter)
{
	struct lock l = {
		.op = FUTEX_LOCK_PI_OP, .waiters = FUTEX_WAITERS_BIT,
	};
	pid_t other = victim(), waiter;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	l.word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(l.word != MAP_FAILED);
	*l.word = other;
	waiter = fork();
	if (!waiter) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		syscall(__NR_futex, l.word, FUTEX_LOCK_PI_OP, 0, NULL, NULL, 0);
		_exit(0);
	}
	ASSERT_LT(0, waiter);
	while (!(__atomic_load_n(l.word, __ATOMIC_SEQ_CST) & l.waiters) &&
	       !waitpid(waiter, NULL, WNOHANG))
		sched_yield();
	ASSERT_TRUE(*l.word & l.waiters);
	l.owner = getpid();
	EXPECT_EQ(-EINVAL, in_child(lock_pi, &l));
	EXPECT_EQ(-EINVAL, capmode_run(lock_pi, &l));
	l.owner = 2999999;
	EXPECT_EQ(-EINVAL, in_child(lock_pi, &l));
	EXPECT_EQ(-EINVAL, capmode_run(lock_pi, &l));
	l.owner = other;
	EXPECT_EQ(-ETIMEDOUT, in_child(lock_pi, &l));
	EXPECT_EQ(-ETIMEDOUT, capmode_run(lock_pi, &l));
	bury(waiter);
	bury(other);
	munmap(l.word, 4096);
}

/*
 * A waiter is moved to a futex with priority inheritance: whoever moves it looks
 * the owner up on its behalf.
 */
struct move {
	uint32_t *words;	/* from, to */
	pid_t owner;		/* 0: a thread of one's own */
};

static void *wait_to_be_moved(void *arg)
{
	uint32_t *words = arg;

	syscall(__NR_futex, &words[0], FUTEX_WAIT_REQUEUE_PI_OP, 0, NULL,
		&words[1], 0);
	return NULL;
}

static int requeue_pi(void *arg)
{
	const struct move *m = arg;
	pid_t owner = m->owner ? m->owner : idle_thread();
	pthread_t waiter;
	int ret;

	STEP(owner > 0);
	m->words[0] = 0;
	m->words[1] = owner;
	STEP(!pthread_create(&waiter, NULL, wait_to_be_moved, m->words));
	/* Nobody is moved, and nobody looked up, before somebody waits. */
	do {
		sched_yield();
		ret = RET(syscall(__NR_futex, &m->words[0],
				  FUTEX_CMP_REQUEUE_PI_OP, 1, 0, &m->words[1],
				  0));
	} while (!ret);
	/* Whatever came of it, the lock is whose it was. */
	STEP((m->words[1] & FUTEX_TID_BITS) == (uint32_t)owner);
	return ret;
}

TEST(owner_of_a_futex_by_requeue)
{
	pid_t other = victim();
	struct move m;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	m.words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(m.words != MAP_FAILED);
	m.owner = other;
	EXPECT_EQ(-ECAPMODE, capmode_run(requeue_pi, &m));
	EXPECT_EQ(1, in_child(requeue_pi, &m));
	m.owner = 2999999;
	EXPECT_EQ(-ECAPMODE, capmode_run(requeue_pi, &m));
	EXPECT_EQ(-ESRCH, in_child(requeue_pi, &m));
	m.owner = 2;	/* a kernel thread */
	EXPECT_EQ(-ECAPMODE, capmode_run(requeue_pi, &m));
	EXPECT_EQ(-EPERM, in_child(requeue_pi, &m));
	m.owner = 0;
	EXPECT_EQ(1, capmode_run(requeue_pi, &m));
	EXPECT_EQ(1, in_child(requeue_pi, &m));
	bury(other);
}

/* ---- privilege ---- */

/* The number is there, and nobody's but one's own is taken on either side. */
static int give_privilege(void *arg)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[2];

	STEP(!syscall(__NR_capget, &h, d));
	h.pid = *(pid_t *)arg ? : getpid();
	return RET(syscall(__NR_capset, &h, d));
}

TEST(privilege_of_another)
{
	pid_t pids[] = { 0, getpid(), 1, NO_PID };
	size_t i;

	REQUIRE_CAPMODE();
	EXPECT_BOTH(give_privilege, &pids[0]);
	for (i = 1; i < ARRAY_SIZE(pids); i++) {
		EXPECT_EQ(-EPERM, in_child(give_privilege, &pids[i]));
		EXPECT_EQ(-EPERM, capmode_run(give_privilege, &pids[i]));
	}
}

/* ---- processes by number below a directory of /proc ---- */

struct by_number {
	int proc;
	pid_t pid;		/* 0: one's own */
	const char *file;
};

static void name_by_number(const struct by_number *b, char name[64])
{
	snprintf(name, 64, "%d%s", b->pid ? b->pid : getpid(), b->file);
}

static int open_given(void *arg)
{
	const struct by_number *b = arg;
	int fd = RET(openat(b->proc, b->file, O_RDONLY));

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int open_by_number(void *arg)
{
	struct by_number named = *(const struct by_number *)arg;
	char name[64];

	name_by_number(&named, name);
	named.file = name;
	return open_given(&named);
}

static int stat_by_number(void *arg)
{
	const struct by_number *b = arg;
	char name[64];
	struct stat st;

	name_by_number(b, name);
	return RET(fstatat(b->proc, name, &st, AT_SYMLINK_NOFOLLOW));
}

TEST(proc_by_number)
{
	static const char * const files[] = {
		"", "/", "/status", "/mem", "/environ", "/fd", "/ns",
		"/oom_score_adj", "/task", "/../self/status",
	};
	struct by_number b = {
		.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};
	pid_t other = victim(), tid = idle_thread();
	size_t i;

	REQUIRE_CAPMODE();
	ASSERT_LE(0, b.proc);
	ASSERT_LT(0, other);
	ASSERT_LT(0, tid);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		b.file = files[i];
		/* The first is not known of, the second is. */
		b.pid = other;
		if (!i) {
			EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
		}
		EXPECT_ECAPMODE(open_by_number, &b);
		EXPECT_ECAPMODE(stat_by_number, &b);
		/* The parent of who tries, and its thread. */
		b.pid = getpid();
		EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
		b.pid = tid;
		EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
		b.pid = 1;
		EXPECT_EQ(-ECAPMODE, capmode_run(stat_by_number, &b));
		b.pid = NO_PID;
		EXPECT_EQ(-ENOENT, in_child(open_by_number, &b));
		EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
		b.pid = 0;
		EXPECT_BOTH(open_by_number, &b);
		EXPECT_BOTH(stat_by_number, &b);
	}
	b.file = "self/status";
	EXPECT_BOTH(open_given, &b);
	b.file = "thread-self/status";
	EXPECT_BOTH(open_given, &b);
	b.file = "uptime";
	EXPECT_BOTH(open_given, &b);
	bury(other);
}

/* ... and below one where /proc is mounted somewhere. */
TEST(proc_mounted_below)
{
	static const char *const others[] = {
		"proc/1", "proc/1/status", "proc/1/root/x", "proc/1/../1/mem",
		"proc/self/../1/environ",
	};
	char dir[] = "/tmp/capsicum.XXXXXX", name[64];
	struct by_number b = {};
	size_t i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_TRUE(!!mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/proc", dir);
	ASSERT_EQ(0, mkdir(name, 0700));
	EXPECT_EQ(0, mount("proc", name, "proc", 0, NULL));
	b.proc = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LE(0, b.proc);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		b.file = others[i];
		EXPECT_EQ(-ECAPMODE, capmode_run(open_given, &b))
			TH_LOG("%s", b.file);
	}
	b.file = "proc/1/status";
	EXPECT_EQ(0, in_child(open_given, &b));
	b.file = "proc/self/status";
	EXPECT_BOTH(open_given, &b);
	b.file = "proc/uptime";
	EXPECT_BOTH(open_given, &b);
	close(b.proc);
	EXPECT_EQ(0, umount2(name, MNT_DETACH));
	rmdir(name);
	rmdir(dir);
}

/* Where others are hidden, too: who is there is not told by how it is refused. */
TEST(proc_hidden)
{
	char dir[] = "/tmp/capsicum.XXXXXX";
	struct by_number b = { .file = "/status" };
	const pid_t other = victim();

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_LT(0, other);
	ASSERT_TRUE(!!mkdtemp(dir));
	EXPECT_EQ(0, mount("proc", dir, "proc", 0, "hidepid=invisible"));
	b.proc = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LE(0, b.proc);
	b.pid = other;
	EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
	EXPECT_ECAPMODE(stat_by_number, &b);
	b.pid = NO_PID;
	EXPECT_EQ(-ENOENT, in_child(open_by_number, &b));
	EXPECT_EQ(-ECAPMODE, capmode_run(open_by_number, &b));
	b.pid = 0;
	EXPECT_BOTH(open_by_number, &b);
	close(b.proc);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
	bury(other);
}

/* Whether there is such an entry is not always looked at first. */
static bool is_gone(int err)
{
	return err == -ESRCH || err == -ENOENT;
}

/* The directory of one process that was given is that process's. */
TEST(proc_given)
{
	static const char *const files[] = {
		"status", "fd", "ns", "task", "map_files", "fd/..", "task/..",
	};
	struct by_number b = { };
	pid_t other = victim();
	char name[32];
	size_t i;

	REQUIRE_CAPMODE();
	ASSERT_LT(0, other);
	snprintf(name, sizeof(name), "/proc/%d", other);
	b.proc = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, b.proc);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		b.file = files[i];
		EXPECT_BOTH(open_given, &b);
	}
	/* Its threads, which are numbers as well, are below it. */
	snprintf(name, sizeof(name), "task/%d/status", other);
	b.file = name;
	EXPECT_BOTH(open_given, &b);
	bury(other);
	EXPECT_TRUE(is_gone(in_child(open_given, &b)));
	EXPECT_TRUE(is_gone(capmode_run(open_given, &b)));
	close(b.proc);
}

/* What a link says, as a number; and what it leads to, or is itself. */
static int read_given(void *arg)
{
	const struct node *n = arg;
	uint64_t h = 0xcbf29ce484222325ULL;
	char text[PATH_MAX];
	int len, i;

	len = RET(readlinkat(n->dir, n->name, text, sizeof(text)));
	for (i = 0; i < len; i++)
		MIX(h, text[i]);
	return len < 0 ? len : (int)(h >> 33);
}

static int stat_given(void *arg)
{
	const struct node *n = arg;
	struct stat st;

	return RET(fstatat(n->dir, n->name, &st, n->flags));
}

/* One that has a directory for its descriptor 0. */
static bool with_directory(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	return fd >= 0 && dup2(fd, 0) == 0 && !setpgid(0, 0);
}

/* The first of its mappings of files, of which a program has one at least. */
static int name_mapping(int proc, char *name, size_t size)
{
	DIR *d = list_dir(proc, "map_files");
	int ret = -ENOENT;
	struct dirent *e;

	if (!d)
		return -errno;
	while (ret < 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, size, "map_files/%s", e->d_name);
		ret = 0;
	}
	closedir(d);
	return ret;
}

/*
 * Its files, root and namespaces are not below its directory. What they are
 * called can be read, that is in the link.
 */
TEST(proc_given_links)
{
	char mapping[64 + 256], root[64], cwd[64], name[32];
	const struct {
		const char *name;
		bool beyond;	/* the link is not the last of the path */
	} links[] = {
		{ "root" }, { "root/etc", true }, { "root/.", true },
		{ "root/", true }, { "root/..", true }, { "cwd" },
		{ "cwd/..", true }, { "exe" }, { "fd/0" }, { "fd/0/..", true },
		{ "fd/../root" }, { "ns/net" }, { "ns/mnt" }, { mapping },
		{ root }, { cwd },
	};
	pid_t other = victim_prepared(with_directory);
	struct node n = { };
	size_t i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_LT(0, other);
	snprintf(name, sizeof(name), "/proc/%d", other);
	n.dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, n.dir);
	ASSERT_EQ(0, name_mapping(n.dir, mapping, sizeof(mapping)));
	snprintf(root, sizeof(root), "task/%d/root", other);
	snprintf(cwd, sizeof(cwd), "task/%d/cwd", other);
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		bool beyond = links[i].beyond;

		TH_LOG("%s", links[i].name);
		n.name = links[i].name;
		n.flags = O_RDONLY;
		EXPECT_CAPMODE(-ENOTCAPABLE, open_node, &n);
		EXPECT_CAPMODE(-ENOTCAPABLE, open_node_by_ring, &n);
		n.flags = O_PATH;
		EXPECT_CAPMODE(-ENOTCAPABLE, open_node, &n);
		n.flags = 0;
		EXPECT_CAPMODE(-ENOTCAPABLE, stat_given, &n);

		/* The link itself. */
		n.flags = O_PATH | O_NOFOLLOW;
		if (beyond)
			EXPECT_CAPMODE(-ENOTCAPABLE, open_node, &n);
		else
			EXPECT_BOTH(open_node, &n);
		n.flags = AT_SYMLINK_NOFOLLOW;
		if (beyond) {
			EXPECT_CAPMODE(-ENOTCAPABLE, stat_given, &n);
			EXPECT_EQ(-EINVAL, in_child(read_given, &n));
			EXPECT_EQ(-ENOTCAPABLE, capmode_run(read_given, &n));
		} else {
			EXPECT_BOTH(stat_given, &n);
			EXPECT_BOTH(read_given, &n);
		}
	}
	bury(other);
	close(n.dir);
}

/* ---- what one was to another process before ---- */

struct trace {
	bool enter;
	long request;
	long *word;	/* in the traced process, and there only */
};

static int trace_on(void *arg)
{
	const struct trace *t = arg;
	unsigned long data = 77;
	siginfo_t info = {};
	int pidfd, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child) {
		for (;;)
			pause();
	}
	STEP(child > 0);
	STEP(!ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_EXITKILL));
	STEP(!ptrace(PTRACE_INTERRUPT, child, NULL, NULL));
	STEP(!waitid(P_PID, child, &info, WSTOPPED));
	if (t->enter)
		STEP(!sys_cap_enter(0));
	/*
	 * Not by way of the C library, which changes what PEEK returns. Where
	 * there is no word, the last argument is the signal to go on with.
	 */
	ret = RET(syscall(__NR_ptrace, t->request, child, t->word,
			  t->word ? &data : NULL));
	STEP(!syscall(__NR_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	STEP(wait_fd(pidfd) == KILLED_BY(SIGKILL));
	return ret;
}

/* A tracer can do all as the one it traces; entering takes that away. */
TEST(tracer_from_before)
{
	static const long requests[] = {
		PTRACE_PEEKDATA, PTRACE_POKEDATA, PTRACE_CONT, PTRACE_DETACH,
		PTRACE_SYSCALL, PTRACE_LISTEN, PTRACE_KILL,
	};
	static long word;
	struct trace t = { .word = &word };
	size_t i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		t.request = requests[i];
		t.word = i < 2 ? &word : NULL;
		t.enter = true;
		EXPECT_EQ(-ECAPMODE, in_child(trace_on, &t))
			TH_LOG("request %ld", t.request);
		t.enter = false;
		EXPECT_EQ(0, in_child(trace_on, &t))
			TH_LOG("request %ld outside", t.request);
	}
}

TEST_HARNESS_MAIN
