// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: making processes, and waiting for them. No namespaces, no
 * numbers of choice; and one waits for descriptors only.
 */
#include "victims.h"

#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP	0x02000000
#endif

/* An enumerator; C library headers may be older. */
#define IORING_WAITID	50

static const struct space {
	const char *name, *file;
	uint64_t flag;
} spaces[] = {
	{ "mount", "/proc/self/ns/mnt", CLONE_NEWNS },
	{ "cgroup", "/proc/self/ns/cgroup", CLONE_NEWCGROUP },
	{ "uts", "/proc/self/ns/uts", CLONE_NEWUTS },
	{ "ipc", "/proc/self/ns/ipc", CLONE_NEWIPC },
	{ "user", "/proc/self/ns/user", CLONE_NEWUSER },
	{ "pid", "/proc/self/ns/pid", CLONE_NEWPID },
	{ "net", "/proc/self/ns/net", CLONE_NEWNET },
	{ "time", "/proc/self/ns/time", CLONE_NEWTIME },
};

#define FOR_EACH_SPACE(s) \
	for (s = spaces; s < spaces + ARRAY_SIZE(spaces); s++)

/* In which of them the caller is. */
static uint64_t where(void)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	const struct space *s;
	struct stat st;

	FOR_EACH_SPACE(s) {
		if (!stat(s->file, &st))
			MIX(h, st.st_ino);
	}
	return h;
}

struct make {
	uint64_t flags;
	pid_t set_tid;	/* 0: whichever */
	bool thread;
	bool legacy;
	enum gate gate;
	int *born;	/* shared; counts who came to be */
};

/* What the kernel reads and writes, within the reach of all ABIs. */
struct make_args {
	struct clone_args args;
	pid_t set_tid;
	int pidfd;
};

/* The order of the last two depends on the architecture; none is used. */
static int make_legacy(const struct make *m, struct make_args *a)
{
	return call_by_gate(m->gate, __NR_clone, 120, 56,
			    (unsigned long)m->flags | CLONE_PIDFD | SIGCHLD, 0,
			    (uintptr_t)&a->pidfd, 0, 0);
}

static int make_clone3(const struct make *m, struct make_args *a)
{
	a->args = (struct clone_args){
		.flags = m->flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)&a->pidfd,
		.exit_signal = SIGCHLD,
		.set_tid = m->set_tid ? (uintptr_t)&a->set_tid : 0,
		.set_tid_size = !!m->set_tid,
		.cgroup = 999,	/* no descriptor */
	};
	a->set_tid = m->set_tid;
	return call_by_gate(m->gate, __NR_clone3, 435, 435,
			    (uintptr_t)&a->args, sizeof(a->args), 0, 0, 0);
}

static int __make(void *arg)
{
	const struct make *m = arg;
	struct make_args *a = low_page();
	pid_t child;
	int ret;

	STEP(a);
	a->pidfd = -1;
	child = m->legacy ? make_legacy(m, a) : make_clone3(m, a);
	if (!child) {
		__atomic_add_fetch(m->born, 1, __ATOMIC_SEQ_CST);
		_exit(0);
	}
	if (child < 0)
		ret = child == -ECAPMODE && a->pidfd != -1 ? NO_RESULT : child;
	else
		ret = wait_fd(a->pidfd);
	munmap(a, 4096);
	return ret;
}

static int make(void *arg)
{
	const struct make *m = arg;

	return m->thread ? in_thread(__make, arg) : __make(arg);
}

FIXTURE(clone)
{
	int *born;
};

FIXTURE_VARIANT(clone)
{
	bool legacy, thread;
	enum gate gate;
};

FIXTURE_VARIANT_ADD(clone, clone) { .legacy = true };
FIXTURE_VARIANT_ADD(clone, clone_thread) { .legacy = true, .thread = true };
FIXTURE_VARIANT_ADD(clone, clone3) { .legacy = false };
FIXTURE_VARIANT_ADD(clone, clone3_thread) { .thread = true };
#ifdef __x86_64__
FIXTURE_VARIANT_ADD(clone, clone_int80)
{
	.legacy = true,
	.gate = GATE_INT80,
};

FIXTURE_VARIANT_ADD(clone, clone_x32)
{
	.legacy = true,
	.gate = GATE_X32,
};

FIXTURE_VARIANT_ADD(clone, clone3_int80) { .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(clone, clone3_x32) { .gate = GATE_X32 };
#endif

FIXTURE_SETUP(clone)
{
	self->born = MAP_FAILED;
	REQUIRE_CAPMODE();
	if (!have_gate(variant->gate))
		SKIP(return, "no such gate from here");
	self->born = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->born != MAP_FAILED);
}

FIXTURE_TEARDOWN(clone)
{
	if (self->born != MAP_FAILED)
		munmap(self->born, 4096);
}

TEST_F(clone, namespaces)
{
	const struct space *s;
	struct make m = {
		.thread = variant->thread,
		.legacy = variant->legacy,
		.gate = variant->gate,
		.born = self->born,
	};
	int outside;

	FOR_EACH_SPACE(s) {
		/* This bit is part of the exit signal there. */
		if (m.legacy && s->flag == CLONE_NEWTIME)
			continue;
		m.flags = s->flag;
		*m.born = 0;
		EXPECT_EQ(-ECAPMODE, capmode_run(make, &m))
			TH_LOG("%s", s->name);
		EXPECT_EQ(0, *m.born)
			TH_LOG("%s: somebody was born", s->name);
		outside = in_child(make, &m);
		if (outside == -EINVAL) {
			TH_LOG("no %s namespaces in this kernel", s->name);
			continue;
		}
		EXPECT_EQ(0, outside)
			TH_LOG("%s outside", s->name);
		EXPECT_EQ(1, *m.born);
	}
	/* Several at once, and together with what they do not go with. */
	*m.born = 0;
	m.flags = CLONE_NEWUSER | CLONE_NEWNS;
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	m.flags = CLONE_NEWNS | CLONE_FS;
	EXPECT_EQ(-EINVAL, in_child(make, &m));
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	EXPECT_EQ(0, *m.born);
	/* Together with what only the upper half has. */
	m.flags = CLONE_NEWUTS | CLONE_CLEAR_SIGHAND;
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	EXPECT_EQ(0, *m.born);
	EXPECT_EQ(0, in_child(make, &m));
	EXPECT_EQ(1, *m.born);
	/* A group that is not there; clone() takes 32 bits of the flags. */
	m.flags = CLONE_NEWUTS | CLONE_INTO_CGROUP;
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	EXPECT_EQ(1, *m.born);
	EXPECT_EQ(m.legacy ? 0 : -EBADF, in_child(make, &m));
	m.flags = CLONE_INTO_CGROUP;
	EXPECT_EQ(m.legacy ? 0 : -EBADF, capmode_run(make, &m));
}

TEST_F(clone, without)
{
	struct make m = {
		.thread = variant->thread,
		.legacy = variant->legacy,
		.gate = variant->gate,
		.born = self->born,
	};

	EXPECT_BOTH(make, &m);
	EXPECT_EQ(2, *m.born);
	m.flags = CLONE_FILES | CLONE_FS | CLONE_SYSVSEM;
	EXPECT_BOTH(make, &m);
	EXPECT_EQ(4, *m.born);
}

TEST_F(clone, number_of_choice)
{
	struct make m = {
		.thread = variant->thread,
		.legacy = variant->legacy,
		.gate = variant->gate,
		.born = self->born,
		.set_tid = 31111,
	};

	if (m.legacy)
		SKIP(return, "it cannot ask for one");
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	EXPECT_EQ(0, *m.born);
	EXPECT_EQ(0, in_child(make, &m));
	EXPECT_EQ(1, *m.born);
	/* One that is taken: not to be found out. */
	m.set_tid = 1;
	EXPECT_EQ(-EEXIST, in_child(make, &m));
	EXPECT_EQ(-ECAPMODE, capmode_run(make, &m));
	EXPECT_EQ(1, *m.born);
}

/* ---- unshare ---- */

struct leave {
	unsigned long flags;
	bool thread;
	enum gate gate;
};

static int __leave(void *arg)
{
	const struct leave *l = arg;
	uint64_t before = where();
	int ret = call_by_gate(l->gate, __NR_unshare, 310, 272, l->flags, 0, 0,
			       0, 0);

	if (ret && where() != before)
		return NO_RESULT;
	return ret;
}

static int leave(void *arg)
{
	const struct leave *l = arg;

	return l->thread ? in_thread(__leave, arg) : __leave(arg);
}

static void check_unshare(struct __test_metadata *_metadata, enum gate gate)
{
	const struct space *s;
	struct leave l = { .gate = gate };
	int outside;

	FOR_EACH_SPACE(s) {
		l.flags = s->flag;
		/* Not with threads beside. */
		l.thread = false;
		outside = in_child(leave, &l);
		if (outside == -EINVAL)
			TH_LOG("no %s namespaces in this kernel", s->name);
		else
			EXPECT_EQ(0, outside)
				TH_LOG("%s outside", s->name);
		EXPECT_EQ(-ECAPMODE, capmode_run(leave, &l))
			TH_LOG("%s", s->name);
		l.thread = true;
		EXPECT_EQ(-ECAPMODE, capmode_run(leave, &l))
			TH_LOG("%s, by a second thread", s->name);
	}
	l.thread = false;
	l.flags = CLONE_NEWUTS | CLONE_FILES;
	EXPECT_ECAPMODE(leave, &l);
	l.flags = CLONE_FILES | CLONE_FS | CLONE_SYSVSEM;
	EXPECT_BOTH(leave, &l);
	l.thread = true;
	EXPECT_BOTH(leave, &l);
	/* None that there is. */
	l.flags = CLONE_CHILD_SETTID;
	EXPECT_EQ(-EINVAL, in_child(leave, &l));
	EXPECT_EQ(-EINVAL, capmode_run(leave, &l));
	if (sizeof(long) == 4 || gate == GATE_INT80)
		return;
	/* Nor in the upper half, which does not hide the lower one. */
	l.flags = 1UL << 16 << 16;
	EXPECT_EQ(-EINVAL, in_child(leave, &l));
	EXPECT_EQ(-EINVAL, capmode_run(leave, &l));
	l.flags |= CLONE_NEWUTS;
	EXPECT_EQ(-EINVAL, in_child(leave, &l));
	EXPECT_EQ(-ECAPMODE, capmode_run(leave, &l));
}

TEST(namespaces_by_unshare)
{
	REQUIRE_CAPMODE();
	check_unshare(_metadata, GATE_NONE);
}

TEST(namespaces_by_unshare_of_other_abis)
{
	enum gate gate;

	REQUIRE_CAPMODE();
	if (!have_int80() && !have_x32())
		SKIP(return, "there are no other ABIs");
	for (gate = GATE_INT80; gate < GATES; gate++) {
		if (have_gate(gate))
			check_unshare(_metadata, gate);
	}
}

/* ---- waiting ---- */

enum road { BY_WAITID, BY_THREAD, BY_RING, BY_ASYNC, BY_POLLED };

struct wait_for {
	enum road road;
	enum gate gate;	/* of BY_WAITID */
	idtype_t type;
	int what;	/* for @type; -2 for the child, -3 for its pidfd */
};

/* The first words of a siginfo are the same in all ABIs, but for where they are. */
static int waitid_by_gate(const struct wait_for *w, int id, siginfo_t *info)
{
	int *low = low_page(), ret;

	STEP(low);
	ret = call_by_gate(w->gate, -1, 284, 529, w->type, id, (uintptr_t)low,
			   WEXITED, 0);
	info->si_signo = low[0];
	info->si_pid = low[3];
	info->si_status = low[5];
	munmap(low, 4096);
	return ret;
}

static int waitid_by(const struct wait_for *w, int id, siginfo_t *info)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_WAITID,
		.fd = id,
		.len = w->type,
		.file_index = WEXITED,
		.addr2 = (uintptr_t)info,
		.flags = w->road == BY_ASYNC ? IOSQE_ASYNC : 0,
	};
	struct ring r;
	int ret;

	if (w->gate != GATE_NONE)
		return waitid_by_gate(w, id, info);
	if (w->road == BY_WAITID || w->road == BY_THREAD)
		return RET(syscall(__NR_waitid, w->type, id, info, WEXITED,
				   NULL));
	ret = ring_setup(&r, 4, w->road == BY_POLLED ? IORING_SETUP_SQPOLL : 0);
	if (ret)
		return ret;
	ret = ring_one(&r, &sqe);
	ring_free(&r);
	return ret;
}

static int __wait_for_child(void *arg)
{
	const struct wait_for *w = arg;
	siginfo_t info = {}, again = {};
	int pidfd, id, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		_exit(33);
	STEP(child > 0);
	id = w->what == -2 ? child : w->what == -3 ? pidfd : w->what;
	ret = waitid_by(w, id, &info);
	if (ret) {
		/* It is still there for who may wait for it. */
		STEP(!RET(waitid(P_PIDFD, pidfd, &again, WEXITED)));
		STEP(again.si_pid == child && again.si_status == 33);
		STEP(!info.si_pid);
		return ret;
	}
	STEP(info.si_pid == child && info.si_status == 33);
	STEP(RET(waitid(P_PIDFD, pidfd, &again, WEXITED)) == -ECHILD);
	return 0;
}

static int wait_for_child(void *arg)
{
	const struct wait_for *w = arg;

	return w->road == BY_THREAD ? in_thread(__wait_for_child, arg) :
				      __wait_for_child(arg);
}

FIXTURE(wait)
{
};

FIXTURE_VARIANT(wait)
{
	enum road road;
	enum gate gate;
};

FIXTURE_VARIANT_ADD(wait, waitid) { .road = BY_WAITID };
FIXTURE_VARIANT_ADD(wait, thread) { .road = BY_THREAD };
#ifdef __x86_64__
FIXTURE_VARIANT_ADD(wait, int80) { .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(wait, x32) { .gate = GATE_X32 };
#endif
FIXTURE_VARIANT_ADD(wait, io_uring) { .road = BY_RING };
FIXTURE_VARIANT_ADD(wait, io_uring_async) { .road = BY_ASYNC };
FIXTURE_VARIANT_ADD(wait, io_uring_sqpoll) { .road = BY_POLLED };

FIXTURE_SETUP(wait)
{
	struct ring r;

	REQUIRE_CAPMODE();
	if (!have_gate(variant->gate))
		SKIP(return, "no such gate from here");
	if (variant->road < BY_RING)
		return;
	if (ring_setup(&r, 1, 0))
		SKIP(return, "no io_uring");
	ring_free(&r);
}

FIXTURE_TEARDOWN(wait)
{
}

TEST_F(wait, by_descriptor)
{
	struct wait_for w = {
		.road = variant->road,
		.gate = variant->gate,
		.type = P_PIDFD,
		.what = -3,
	};

	EXPECT_BOTH(wait_for_child, &w);
}

TEST_F(wait, by_number)
{
	struct wait_for w = {
		.road = variant->road,
		.gate = variant->gate,
	};

	w.type = P_ALL;
	EXPECT_ECAPMODE(wait_for_child, &w);
	w.type = P_PID;
	w.what = -2;
	EXPECT_ECAPMODE(wait_for_child, &w);
	w.type = P_PGID;
	w.what = 0;
	EXPECT_ECAPMODE(wait_for_child, &w);
	w.what = getpgrp();
	EXPECT_ECAPMODE(wait_for_child, &w);
}

/* One that is none of the caller's, and none at all. */
TEST_F(wait, by_wrong_number)
{
	struct wait_for w = {
		.road = variant->road,
		.gate = variant->gate,
		.type = P_PID,
	};

	w.what = getpid();
	EXPECT_EQ(-ECHILD, in_child(wait_for_child, &w));
	EXPECT_EQ(-ECAPMODE, capmode_run(wait_for_child, &w));
	w.what = NO_PID;
	EXPECT_EQ(-ECHILD, in_child(wait_for_child, &w));
	EXPECT_EQ(-ECAPMODE, capmode_run(wait_for_child, &w));
	w.type = P_PGID;
	EXPECT_EQ(-ECHILD, in_child(wait_for_child, &w));
	EXPECT_EQ(-ECAPMODE, capmode_run(wait_for_child, &w));
}

/* The calls that know nothing but numbers. */
static int by_wait4(void *arg)
{
	siginfo_t info = {};
	int pidfd, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		_exit(33);
	STEP(child > 0);
	ret = RET(syscall(__NR_wait4, *(int *)arg ? child : -1, NULL, 0, NULL));
	if (ret < 0) {
		STEP(!RET(waitid(P_PIDFD, pidfd, &info, WEXITED)));
		return ret;
	}
	return 0;
}

TEST(wait_by_wait4)
{
	int which;

	REQUIRE_CAPMODE();
	for (which = 0; which < 2; which++)
		EXPECT_ECAPMODE(by_wait4, &which);
}

/* A child of one's parent: for it to wait for, and to be told of its end. */
static int make_brother(void *arg)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	pid_t brother;

	if (*(bool *)arg)
		brother = RET(syscall(__NR_clone, (unsigned long)CLONE_PARENT,
				      0, 0, 0, 0));
	else
		brother = RET(syscall(__NR_clone3, &args, sizeof(args)));
	if (!brother)
		_exit(33);
	return brother;
}

TEST(brothers)
{
	bool legacy = false;
	int status, ret;

	REQUIRE_CAPMODE();
	for (;;) {
		EXPECT_EQ(-ECAPMODE, capmode_run(make_brother, &legacy));
		EXPECT_EQ(-1, waitpid(-1, &status, __WALL));
		EXPECT_EQ(ECHILD, errno);
		ret = in_child(make_brother, &legacy);
		EXPECT_LT(0, ret);
		EXPECT_EQ(ret, waitpid(ret, &status, __WALL));
		EXPECT_EQ(33, WEXITSTATUS(status));
		if (legacy)
			break;
		legacy = true;
	}
}

/* A thread's parent is that of its process in any case. */
struct twin {
	pid_t pid, ppid;
	int opened;
	pid_t tid;	/* 0 when it has ended */
};

static int be_twin(void *arg)
{
	struct twin *t = arg;

	t->pid = getpid();
	t->ppid = getppid();
	t->opened = RET(syscall(__NR_openat, AT_FDCWD, ".", O_RDONLY |
				O_DIRECTORY));
	return 0;
}

/* Both have the same errno: only one of them does something at a time. */
static int make_twin(void *arg)
{
	static char stack[65536];
	struct twin t = { .opened = NO_RESULT, .tid = -1 };

	STEP(clone(be_twin, stack + sizeof(stack),
		   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		   CLONE_THREAD | CLONE_PARENT | CLONE_CHILD_CLEARTID, &t, NULL,
		   NULL, &t.tid) > 0);
	while (__atomic_load_n(&t.tid, __ATOMIC_SEQ_CST))
		sched_yield();
	STEP(t.pid == getpid());
	STEP(t.ppid == getppid());
	if (t.opened >= 0)
		close(t.opened);
	return t.opened;
}

TEST(thread_is_no_brother)
{
	REQUIRE_CAPMODE();
	EXPECT_ECAPMODE(make_twin, NULL);
	/* Nobody was left to wait for. */
	EXPECT_EQ(-1, waitpid(-1, NULL, __WALL));
	EXPECT_EQ(ECHILD, errno);
}

TEST_HARNESS_MAIN
