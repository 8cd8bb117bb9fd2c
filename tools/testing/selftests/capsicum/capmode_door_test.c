// SPDX-License-Identifier: GPL-2.0
/*
 * The door of capability mode: who can enter and how, who inherits it, how it
 * shows, and that nothing leads out again.
 */
#include "capmode.h"

#include <grp.h>
#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

CAPMODE_TELLS();

#define NOBODY	65534

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#define PR_SYS_DISPATCH_ON		1
#endif

static int sys_seccomp(unsigned int op, unsigned int flags, void *args)
{
	return RET(syscall(__NR_seccomp, op, flags, args));
}

static int get_seccomp(void)
{
	return RET(prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
}

static int get_nnp(void)
{
	return RET(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

/* Outside, as if nothing had happened. */
#define EXPECT_OUTSIDE() do { \
	EXPECT_EQ(TELL_OUTSIDE, tell()); \
	EXPECT_EQ(0, get_seccomp()); \
	EXPECT_EQ(0, get_nnp()); \
	EXPECT_EQ(0, proc_status(0, "Seccomp")); \
	EXPECT_EQ(0, proc_status(0, "NoNewPrivs")); \
} while (0)

/* ---- entering ---- */

TEST(enter_by_cap_enter)
{
	REQUIRE_CAPMODE();
	EXPECT_OUTSIDE();
	EXPECT_EQ(0, sys_cap_enter(0));
	EXPECT_EQ(TELL_INSIDE, tell());
}

TEST(twice)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, sys_cap_enter(0));
	EXPECT_EQ(0, sys_cap_enter(0));
	EXPECT_EQ(TELL_INSIDE, tell());
	EXPECT_EQ(0, sys_seccomp(SECCOMP_SET_MODE_CAPABILITY, 0, NULL));
	EXPECT_EQ(TELL_INSIDE, tell());
	EXPECT_EQ(0, RET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_CAPABILITY, 0, 0,
			       0)));
	EXPECT_EQ(TELL_INSIDE, tell());
}

TEST(flags)
{
	unsigned int flag;

	REQUIRE_CAPMODE();
	for (flag = 1; flag; flag <<= 1) {
		EXPECT_EQ(-EINVAL, sys_cap_enter(flag));
		EXPECT_EQ(TELL_OUTSIDE, tell());
	}
	EXPECT_EQ(-EINVAL, sys_cap_enter(~0U));
	EXPECT_OUTSIDE();
	/* ... and no way back in them, either. */
	ASSERT_EQ(0, sys_cap_enter(0));
	for (flag = 1; flag; flag <<= 1)
		EXPECT_EQ(-EINVAL, sys_cap_enter(flag));
	EXPECT_EQ(TELL_INSIDE, tell());
}

/* The type is unsigned int: what is above it in the register is not looked at. */
TEST(flags_upper_half)
{
	REQUIRE_CAPMODE();
	if (sizeof(long) == 4)
		SKIP(return, "registers have no upper half");
	EXPECT_EQ(0, RET(syscall(__NR_cap_enter, (long)(1ULL << 32))));
	EXPECT_EQ(TELL_INSIDE, tell());
}

TEST(enter_by_seccomp)
{
	unsigned int flag;
	int dummy = 0;

	REQUIRE_CAPMODE();
	for (flag = 1; flag; flag <<= 1)
		EXPECT_EQ(-EINVAL, sys_seccomp(SECCOMP_SET_MODE_CAPABILITY,
					       flag, NULL));
	EXPECT_EQ(-EINVAL, sys_seccomp(SECCOMP_SET_MODE_CAPABILITY, 0, &dummy));
	EXPECT_EQ(-EINVAL, sys_seccomp(SECCOMP_SET_MODE_CAPABILITY + 1, 0,
				       NULL));
	EXPECT_OUTSIDE();
	EXPECT_EQ(0, sys_seccomp(SECCOMP_SET_MODE_CAPABILITY, 0, NULL));
	EXPECT_EQ(TELL_INSIDE, tell());
}

TEST(enter_by_prctl)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(-EINVAL, RET(prctl(PR_SET_SECCOMP,
				     SECCOMP_MODE_CAPABILITY + 1, 0, 0, 0)));
	EXPECT_EQ(-EINVAL, RET(prctl(PR_SET_SECCOMP,
				     SECCOMP_MODE_CAPABILITY + 2, 0, 0, 0)));
	EXPECT_OUTSIDE();
	EXPECT_EQ(0, RET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_CAPABILITY, 0, 0,
			       0)));
	EXPECT_EQ(TELL_INSIDE, tell());
}

TEST(getmode)
{
	unsigned int mode[3] = { 77, 77, 77 };

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, sys_cap_getmode(&mode[1]));
	EXPECT_EQ(0, mode[1]);
	EXPECT_EQ(-EFAULT, sys_cap_getmode(NULL));
	EXPECT_EQ(-EFAULT, sys_cap_getmode((void *)-1L));
	ASSERT_EQ(0, sys_cap_enter(0));
	EXPECT_EQ(0, sys_cap_getmode(&mode[1]));
	EXPECT_EQ(1, mode[1]);
	EXPECT_EQ(77, mode[0]);
	EXPECT_EQ(77, mode[2]);
	EXPECT_EQ(-EFAULT, sys_cap_getmode(NULL));
	EXPECT_EQ(-EFAULT, sys_cap_getmode((void *)-1L));
}

static int become_nobody(void)
{
	STEP(!setgroups(0, NULL));
	STEP(!setresgid(NOBODY, NOBODY, NOBODY));
	STEP(!setresuid(NOBODY, NOBODY, NOBODY));
	return 0;
}

static int enter_as_nobody(void *arg)
{
	STEP(!become_nobody());
	STEP(!get_nnp());
	STEP(tell() == TELL_OUTSIDE);
	switch (*(int *)arg) {
	case 0:
		STEP(!sys_cap_enter(0));
		break;
	case 1:
		STEP(!sys_seccomp(SECCOMP_SET_MODE_CAPABILITY, 0, NULL));
		break;
	case 2:
		STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_CAPABILITY, 0, 0, 0));
		break;
	}
	STEP(tell() == TELL_INSIDE);
	return 0;
}

/* No privilege, and no no_new_privs beforehand, is needed. */
TEST(unprivileged)
{
	int way;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	for (way = 0; way < 3; way++)
		EXPECT_EQ(0, in_child(enter_as_nobody, &way));
	EXPECT_OUTSIDE();
}

static int enter_int80(void *arg)
{
	static const unsigned int i386_cap_enter = 482, i386_cap_getmode = 483;
	unsigned int *mode = low_page();

	STEP(mode);
	*mode = 77;
	STEP(!int80(i386_cap_getmode, (uintptr_t)mode, 0, 0, 0, 0, 0));
	STEP(*mode == 0);
	STEP(int80(i386_cap_enter, 1, 0, 0, 0, 0, 0) == -EINVAL);
	STEP(tell() == TELL_OUTSIDE);
	STEP(!int80(i386_cap_enter, 0, 0, 0, 0, 0, 0));
	STEP(!int80(i386_cap_getmode, (uintptr_t)mode, 0, 0, 0, 0, 0));
	STEP(*mode == 1);
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(enter_by_int80)
{
	REQUIRE_CAPMODE();
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	EXPECT_EQ(0, in_child(enter_int80, NULL));
	EXPECT_OUTSIDE();
}

static int enter_x32(void *arg)
{
	unsigned int mode = 77;

	STEP(!syscall(X32_BIT | __NR_cap_getmode, &mode) && !mode);
	STEP(syscall(X32_BIT | __NR_cap_enter, 1) == -1 && errno == EINVAL);
	STEP(tell() == TELL_OUTSIDE);
	STEP(!syscall(X32_BIT | __NR_cap_enter, 0));
	STEP(!syscall(X32_BIT | __NR_cap_getmode, &mode) && mode == 1);
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(enter_by_x32)
{
	REQUIRE_CAPMODE();
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	EXPECT_EQ(0, in_child(enter_x32, NULL));
	EXPECT_OUTSIDE();
}

/* ---- how it shows ---- */

TEST(status)
{
	int to[2], from[2], status;
	pid_t child;
	char c;

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, pipe(to));
	ASSERT_EQ(0, pipe(from));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(to[1]);
		if (write(from[1], "o", 1) != 1 || read(to[0], &c, 1) != 1 ||
		    sys_cap_enter(0) || write(from[1], "i", 1) != 1 ||
		    read(to[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ASSERT_EQ(1, read(from[0], &c, 1));
	EXPECT_EQ(0, proc_status(child, "Seccomp"));
	EXPECT_EQ(0, proc_status(child, "Seccomp_filters"));
	EXPECT_EQ(0, proc_status(child, "NoNewPrivs"));
	ASSERT_EQ(1, write(to[1], "x", 1));
	ASSERT_EQ(1, read(from[0], &c, 1));
	EXPECT_EQ(SECCOMP_MODE_CAPABILITY, proc_status(child, "Seccomp"));
	EXPECT_EQ(0, proc_status(child, "Seccomp_filters"));
	EXPECT_EQ(1, proc_status(child, "NoNewPrivs"));
	ASSERT_EQ(1, write(to[1], "x", 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_OUTSIDE();
}

/* ---- who inherits ---- */

static int tell_in_child(void *arg)
{
	return tell();
}

static int tell_by_fork(void *arg)
{
	return in_child(tell_in_child, NULL);
}

static int tell_by_grandchild(void *arg)
{
	return in_child(tell_by_fork, NULL);
}

static int tell_by_vfork(void *arg)
{
	static atomic_int told;
	pid_t child;

	told = NO_RESULT;
	child = vfork();
	if (!child) {
		told = tell();
		_exit(0);
	}
	/* The parent of a vfork() goes on when the child has come to its end. */
	return child < 0 ? -errno : told;
}

static void *tell_thread(void *arg)
{
	*(int *)arg = tell();
	return NULL;
}

static int tell_by_thread(void *arg)
{
	int told = NO_RESULT;
	pthread_t thread;

	STEP(!pthread_create(&thread, NULL, tell_thread, &told));
	STEP(!pthread_join(thread, NULL));
	return told;
}

static int tell_by_clone(void *arg)
{
	int pidfd;
	pid_t child;

	child = RET(syscall(__NR_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0,
			    0));
	if (!child)
		_exit(tell());
	return child < 0 ? child : wait_fd(pidfd);
}

static int tell_by_exec(void *arg)
{
	int pidfd, self = *(int *)arg;
	pid_t child;

	child = fork_fd(&pidfd);
	if (!child) {
		sys_execveat(self, "", tell_argv, tell_env, AT_EMPTY_PATH);
		_exit(100);
	}
	return child < 0 ? child : wait_fd(pidfd);
}

static int tell_by_exec_of_child(void *arg)
{
	return in_child(tell_by_exec, arg);
}

#define EXPECT_INHERITED(fn, arg) do { \
	EXPECT_EQ(TELL_OUTSIDE, in_child(fn, arg)); \
	EXPECT_EQ(TELL_INSIDE, capmode_run(fn, arg)); \
} while (0)

/* clone3() */
TEST(inherit_fork)
{
	REQUIRE_CAPMODE();
	EXPECT_INHERITED(tell_by_fork, NULL);
}

TEST(inherit_clone)
{
	REQUIRE_CAPMODE();
	EXPECT_INHERITED(tell_by_clone, NULL);
}

TEST(inherit_vfork)
{
	REQUIRE_CAPMODE();
	EXPECT_INHERITED(tell_by_vfork, NULL);
}

TEST(inherit_thread)
{
	REQUIRE_CAPMODE();
	EXPECT_INHERITED(tell_by_thread, NULL);
}

TEST(inherit_exec)
{
	int self = open_self();

	REQUIRE_CAPMODE();
	ASSERT_LE(0, self);
	EXPECT_INHERITED(tell_by_exec, &self);
}

TEST(inherit_generations)
{
	int self = open_self();

	REQUIRE_CAPMODE();
	ASSERT_LE(0, self);
	EXPECT_INHERITED(tell_by_grandchild, NULL);
	EXPECT_INHERITED(tell_by_exec_of_child, &self);
}

static int enter_in_vfork(void *arg)
{
	static atomic_int told;
	pid_t child;

	told = NO_RESULT;
	child = vfork();
	if (!child) {
		told = sys_cap_enter(0) ? : tell();
		_exit(0);
	}
	STEP(child > 0);
	STEP(told == TELL_INSIDE);
	/* The parent shares its memory, but is another process. */
	return tell();
}

TEST(vfork_child_enters_alone)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(TELL_OUTSIDE, in_child(enter_in_vfork, NULL));
}

/*
 * A process that shares memory, descriptors, working directory and signal
 * handlers with another one is not one of its threads: the mode is not shared.
 */
struct sharer {
	bool enters;	/* it, and not the one that made it */
	atomic_int step;
	int told, opened;
};

static int enter_or_not(bool enter)
{
	return enter ? sys_cap_enter(0) : 0;
}

static int open_here(void)
{
	int fd = RET(openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY));

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* The two share errno as well: only one of them does something at a time. */
static void next_step(struct sharer *s, int step)
{
	atomic_store(&s->step, step);
}

static void await_step(struct sharer *s, int step)
{
	while (atomic_load(&s->step) != step)
		sched_yield();
}

static int be_sharer(void *arg)
{
	struct sharer *s = arg;

	/* Should the other one break off. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	await_step(s, 1);
	s->told = enter_or_not(s->enters) ? : tell();
	s->opened = chdir("/") ? -errno : open_here();
	next_step(s, 2);
	await_step(s, 3);
	_exit(0);
}

static int share_with(void *arg)
{
	static char stack[65536];
	struct sharer s = { .enters = *(bool *)arg };
	int told, opened;

	STEP(clone(be_sharer, stack + sizeof(stack),
		   CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD,
		   &s) > 0);
	STEP(!enter_or_not(!s.enters));
	next_step(&s, 1);
	await_step(&s, 2);
	told = tell();
	/* Where the other has gone is no place for who is inside. */
	opened = open_here();
	next_step(&s, 3);
	STEP(s.told == (s.enters ? TELL_INSIDE : TELL_OUTSIDE));
	STEP(told == (s.enters ? TELL_OUTSIDE : TELL_INSIDE));
	STEP(s.opened == (s.enters ? -ECAPMODE : 0));
	STEP(opened == (s.enters ? 0 : -ECAPMODE));
	return 0;
}

TEST(sharers_enter_alone)
{
	bool enters = true;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(share_with, &enters));
	enters = false;
	EXPECT_EQ(0, in_child(share_with, &enters));
}

static int enter_in_child(void *arg)
{
	STEP(capmode_run(tell_in_child, NULL) == TELL_INSIDE);
	return tell();
}

TEST(parent_stays_outside)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(TELL_OUTSIDE, in_child(enter_in_child, NULL));
	EXPECT_OUTSIDE();
}

/* ---- nothing leads out ---- */

static int leave(void *arg)
{
	unsigned long mode;

	STEP(tell() == TELL_INSIDE);
	for (mode = 0; mode < 8; mode++) {
		if (mode == SECCOMP_MODE_STRICT ||
		    mode == SECCOMP_MODE_CAPABILITY)
			continue;
		STEP(prctl(PR_SET_SECCOMP, mode, NULL, 0, 0) == -1);
		STEP(errno == (mode == SECCOMP_MODE_FILTER ? EFAULT : EINVAL));
	}
	STEP(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 && errno == EINVAL);
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(no_way_back)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, capmode_run(leave, NULL));
}

/* Strict mode is stricter: it can be put on top, and leaving it is death. */
static int strict_on_top(void *arg)
{
	STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
	syscall(__NR_exit, 0);
	return 0;
}

static int strict_then_denied(void *arg)
{
	STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
	try_getcwd();
	return 0;
}

static int strict_then_allowed(void *arg)
{
	STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
	syscall(__NR_getpid);
	return 0;
}

static int strict_then_enter(void *arg)
{
	STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
	syscall(__NR_cap_enter, 0);
	return 0;
}

TEST(strict)
{
	REQUIRE_CAPMODE();
	/* exit() is what it may do: so no result. */
	EXPECT_EQ(NO_RESULT, in_child(strict_on_top, NULL));
	EXPECT_EQ(NO_RESULT, capmode_run(strict_on_top, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), in_child(strict_then_denied, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), capmode_run(strict_then_denied, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), in_child(strict_then_allowed, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), capmode_run(strict_then_allowed, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), in_child(strict_then_enter, NULL));
	EXPECT_EQ(KILLED_BY(SIGKILL), capmode_run(strict_then_enter, NULL));
}

static atomic_int in_handler;

static void handler(int sig)
{
	in_handler = try_getcwd();
}

static int denied_in_handler(void *arg)
{
	struct sigaction sa = { .sa_handler = handler };
	stack_t alt = { .ss_size = 65536, .ss_sp = malloc(65536) };

	in_handler = NO_RESULT;
	STEP(alt.ss_sp && !sigaltstack(&alt, NULL));
	sa.sa_flags = SA_ONSTACK;
	STEP(!sigaction(SIGUSR1, &sa, NULL));
	STEP(!raise(SIGUSR1));
	STEP(tell() == (*(bool *)arg ? TELL_INSIDE : TELL_OUTSIDE));
	return in_handler;
}

TEST(signal_handler)
{
	bool inside = true, outside = false;

	REQUIRE_CAPMODE();
	EXPECT_LT(0, in_child(denied_in_handler, &outside));
	EXPECT_EQ(-ECAPMODE, capmode_run(denied_in_handler, &inside));
}

/* ---- a dispatcher in user space, set up before ---- */

static atomic_char selector;
static atomic_int dispatched;

static void on_sigsys(int sig)
{
	selector = 0;	/* SYSCALL_DISPATCH_FILTER_ALLOW */
	dispatched++;
}

static int dispatched_call(void *arg)
{
	struct sigaction sa = { .sa_handler = on_sigsys };
	int ret;

	STEP(!sigaction(SIGSYS, &sa, NULL));
	STEP(!prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		    &selector));
	if (*(bool *)arg)
		STEP(!sys_cap_enter(0));
	selector = 1;	/* SYSCALL_DISPATCH_FILTER_BLOCK */
	try_getcwd();
	STEP(dispatched == 1);
	/* What the dispatcher lets through comes to the door. */
	ret = try_getcwd();
	STEP(dispatched == 1);
	return ret;
}

TEST(syscall_user_dispatch)
{
	bool inside = true, outside = false;

	REQUIRE_CAPMODE();
	if (RET(prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0)) < 0)
		SKIP(return, "no syscall user dispatch");
	EXPECT_LT(0, in_child(dispatched_call, &outside));
	EXPECT_EQ(-ECAPMODE, in_child(dispatched_call, &inside));
}

/* ---- tracers, who are outside ---- */

static int enter(void)
{
	return sys_cap_enter(0);
}

/* From a call that is allowed to one that is not. */
TEST(tracer_changes_call)
{
	const long numbers[] = {
		__NR_getcwd, __NR_chdir, __NR_mount, __NR_ptrace, __NR_setns,
		0x3fffffff, -2,
	};
	struct traced t = { .nr = __NR_getppid };
	unsigned int i;

	REQUIRE_CAPMODE();
	if (!CAN_CHANGE_CALLS)
		SKIP(return, "do not know how to change a call here");
	/* Outside, this works. */
	t.to = __NR_getcwd;
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);

	t.before = enter;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		t.to = numbers[i];
		EXPECT_EQ(-ECAPMODE, run_traced(&t))
			TH_LOG("changed to %ld", t.to);
		EXPECT_EQ(1, t.stops);
	}
	/* What is allowed goes, whatever it has been before. */
	t.to = __NR_getpid;
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);
	t.nr = __NR_getcwd;
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);
	/* No call is not one that is allowed, either. */
	t.to = -1;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	EXPECT_EQ(1, t.stops);
}

/* What depends on an argument is asked when it is what it is. */
TEST(tracer_changes_argument)
{
	const long dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const long cwd = AT_FDCWD, parent = getpid();
	const struct {
		long nr;
		long args[3];
		long first;
	} calls[] = {
		{ __NR_openat, { dir, (long)".", O_RDONLY }, cwd },
		{ __NR_kill, { TRACED_PID, 0, 0 }, parent },
		{ __NR_getpgid, { TRACED_PID, 0, 0 }, parent },
	};
	struct traced t = { };
	unsigned int i;

	REQUIRE_CAPMODE();
	if (!CAN_CHANGE_CALLS)
		SKIP(return, "do not know how to change a call here");
	ASSERT_LE(0, dir);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		t.nr = calls[i].nr;
		t.to = t.nr;
		t.args = calls[i].args;
		t.first = &calls[i].first;
		t.before = NULL;
		EXPECT_LE(0, run_traced(&t));
		EXPECT_EQ(1, t.stops);
		t.before = enter;
		EXPECT_EQ(-ECAPMODE, run_traced(&t))
			TH_LOG("number %u", i);
		EXPECT_EQ(1, t.stops);
		t.first = NULL;
		EXPECT_LE(0, run_traced(&t))
			TH_LOG("number %u, unchanged", i);
		EXPECT_EQ(1, t.stops);
	}
	close(dir);
}

TEST(tracer_changes_call_to_x32)
{
	struct traced t = {
		.nr = __NR_getppid,
		.to = X32_BIT | __NR_getcwd,
	};

	REQUIRE_CAPMODE();
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);
	t.before = enter;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	EXPECT_EQ(1, t.stops);
}

static int enter_and_try(void)
{
	int err = sys_cap_enter(0);

	if (err)
		return err;
	/* The tracer has attached, with its option, before all this. */
	return tell() == TELL_INSIDE ? 0 : -EINVAL;
}

static int install_errno_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 71),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return RET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) ? :
	       RET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

static int enter_with_filter(void)
{
	return install_errno_filter() ? : enter_and_try();
}

/* The option suspends filters, and nothing else. */
TEST(tracer_suspends_seccomp)
{
	struct traced t = { .to = __NR_getppid };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	t.nr = __NR_getppid;
	t.options = PTRACE_O_SUSPEND_SECCOMP;
	t.before = install_errno_filter;
	if (run_traced(&t) == -EINVAL)
		SKIP(return, "no PTRACE_O_SUSPEND_SECCOMP");
	EXPECT_LT(0, run_traced(&t));
	t.options = 0;
	EXPECT_EQ(-71, run_traced(&t));

	t.options = PTRACE_O_SUSPEND_SECCOMP;
	t.before = enter_with_filter;
	EXPECT_LT(0, run_traced(&t));
	t.nr = __NR_getcwd;
	t.to = __NR_getcwd;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	t.before = enter_and_try;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	t.to = __NR_chdir;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	t.nr = __NR_getppid;
	t.to = __NR_getcwd;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
}

static int strict_only(void)
{
	return RET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
}

static int enter_then_strict(void)
{
	return sys_cap_enter(0) ? : strict_only();
}

/* Strict mode is suspended as filters are, and capability mode is not. */
TEST(tracer_suspends_strict_mode)
{
	struct traced t = {
		.nr = __NR_getcwd,
		.to = __NR_getcwd,
		.options = PTRACE_O_SUSPEND_SECCOMP,
		.before = strict_only,
	};

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (run_traced(&t) == -EINVAL)
		SKIP(return, "no PTRACE_O_SUSPEND_SECCOMP");
	EXPECT_LT(0, run_traced(&t));
	t.options = 0;
	EXPECT_EQ(KILLED_BY(SIGKILL), run_traced(&t));

	t.before = enter_then_strict;
	EXPECT_EQ(KILLED_BY(SIGKILL), run_traced(&t));
	t.options = PTRACE_O_SUSPEND_SECCOMP;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	t.to = __NR_chdir;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
	t.nr = __NR_getppid;
	t.to = __NR_getppid;
	EXPECT_LT(0, run_traced(&t));
	t.to = __NR_getcwd;
	EXPECT_EQ(-ECAPMODE, run_traced(&t));
}

static int stay_outside(void)
{
	return 0;
}

static int enter_then_filter(void)
{
	return sys_cap_enter(0) ? : install_errno_filter();
}

struct filters_read {
	int (*before)(void);
	int count;		/* how many there are */
};

/* What a tracer reads: the length of a filter, and of what is told about it. */
static int read_filters(void *arg)
{
	const struct filters_read *r = arg;
	struct __ptrace_seccomp_metadata md;
	struct sock_filter code[16] = {};
	int i, want, status;
	pid_t child = fork();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || r->before())
			_exit(1);
		raise(SIGSTOP);
		_exit(2);
	}
	STEP(child > 0);
	STEP(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	for (i = 0; i < 2; i++) {
		want = !r->count ? -EINVAL : i < r->count ? 4 : -ENOENT;
		STEP(RET(ptrace(PTRACE_SECCOMP_GET_FILTER, child, (long)i,
				code)) ==
		     want);
		STEP(code[2].k == (want == 4 ? SECCOMP_RET_ERRNO | 71 : 0));
		memset(code, 0, sizeof(code));
		md.filter_off = i;
		md.flags = 77;
		STEP(RET(ptrace(PTRACE_SECCOMP_GET_METADATA, child, sizeof(md),
				&md)) == (want == 4 ? sizeof(md) : want));
		STEP(md.flags == (want == 4 ? 0 : 77));
	}
	STEP(!kill(child, SIGKILL));
	STEP(waitpid(child, &status, 0) == child);
	return 0;
}

/* The mode itself is no filter that could be read. */
TEST(tracer_reads_filters)
{
	static const struct filters_read cases[] = {
		{ stay_outside, 0 },
		{ install_errno_filter, 1 },
		{ enter, 0 },
		{ enter_with_filter, 1 },
		{ enter_then_filter, 1 },
	};
	size_t i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!kernel_has("seccomp_get_filter"))
		SKIP(return, "no CONFIG_CHECKPOINT_RESTORE");
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(0, in_child(read_filters, (void *)&cases[i]))
			TH_LOG("case %zu", i);
}

/**
 * struct birth - a child of who is traced
 * @enters: Who is traced, before it makes the child.
 * @options: Those of its tracer.
 * @flags: How the child is made.
 * @traced: Filled in: whether the tracer has got the child.
 * @opened: Filled in: what became of a path there.
 */
struct birth {
	bool enters;
	unsigned long options;
	uint64_t flags;
	bool traced;
	int opened;
};

static int give_birth(struct birth *b)
{
	pid_t child;
	int pidfd;

	STEP(!ptrace(PTRACE_TRACEME, 0, NULL, NULL) && !raise(SIGSTOP));
	STEP(!enter_or_not(b->enters));
	child = fork_with(b->flags, &pidfd);
	if (!child) {
		b->opened = open_here();
		_exit(0);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

static int trace_birth(void *arg)
{
	struct birth *b = arg;
	int status, sig;
	pid_t pid, parent = fork();

	if (!parent)
		_exit(give_birth(b) != 0);
	STEP(parent > 0);
	STEP(waitpid(parent, &status, 0) == parent && WIFSTOPPED(status));
	STEP(!ptrace(PTRACE_SETOPTIONS, parent, NULL,
		     b->options | PTRACE_O_EXITKILL));
	STEP(!ptrace(PTRACE_CONT, parent, NULL, NULL));
	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		STEP(pid > 0);
		if (!WIFSTOPPED(status)) {
			if (pid != parent)
				continue;
			return status;
		}
		b->traced |= pid != parent;
		/* Where a traced child begins, and where the tracer is told. */
		sig = WSTOPSIG(status);
		if (sig == SIGSTOP || sig == SIGTRAP)
			sig = 0;
		STEP(!ptrace(PTRACE_CONT, pid, NULL, (long)sig));
	}
}

/* Who is traced is the tracer's and its own choice, and the mode is not. */
TEST(tracer_gets_children)
{
	const unsigned long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE;
	const struct birth births[] = {
		{ .options = options, .traced = true },
		{ .options = options, .flags = CLONE_UNTRACED },
		{ .flags = CLONE_PTRACE, .traced = true },
		{ .flags = 0 },
	};
	struct birth *b = new_shared(sizeof(*b));
	unsigned int i;

	REQUIRE_CAPMODE();
	ASSERT_TRUE(!!b);
	for (i = 0; i < 2 * ARRAY_SIZE(births); i++) {
		*b = births[i / 2];
		b->enters = i % 2;
		b->traced = false;
		b->opened = NO_RESULT;
		EXPECT_EQ(0, in_child(trace_birth, b))
			TH_LOG("case %u", i);
		EXPECT_EQ(births[i / 2].traced, b->traced)
			TH_LOG("case %u", i);
		EXPECT_EQ(b->enters ? -ECAPMODE : 0, b->opened)
			TH_LOG("case %u", i);
	}
	munmap(b, sizeof(*b));
}

/* A call that is made by the other gates makes children of the mode as well. */
static int fork_by(long nr, bool gate)
{
	int *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid();

	STEP(told != MAP_FAILED);
	signal(SIGCHLD, SIG_IGN);
	if (gate)
		STEP(int80(nr, 0, 0, 0, 0, 0, 0) >= 0);
	else
		STEP(syscall(nr) >= 0);
	if (getpid() != self) {
		__atomic_store_n(told, tell(), __ATOMIC_SEQ_CST);
		_exit(0);
	}
	while (!__atomic_load_n(told, __ATOMIC_SEQ_CST))
		sched_yield();
	return *told;
}

static int fork_by_int80(void *arg)
{
	return fork_by(2, true);
}

#ifdef __NR_fork
static int fork_by_x32(void *arg)
{
	return fork_by(X32_BIT | __NR_fork, false);
}
#endif

TEST(inherit_other_abis)
{
	REQUIRE_CAPMODE();
	if (!have_int80() && !have_x32())
		SKIP(return, "there are no other ABIs");
	if (have_int80()) {
		EXPECT_EQ(TELL_OUTSIDE, in_child(fork_by_int80, NULL));
		EXPECT_EQ(TELL_INSIDE, capmode_run(fork_by_int80, NULL));
	}
#ifdef __NR_fork
	if (have_x32()) {
		EXPECT_EQ(TELL_OUTSIDE, in_child(fork_by_x32, NULL));
		EXPECT_EQ(TELL_INSIDE, capmode_run(fork_by_x32, NULL));
	}
#endif
}

TEST_HARNESS_MAIN
