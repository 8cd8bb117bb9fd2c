/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capability mode: what its self-tests share.
 *
 * As in common.h, functions that can fail return 0 or more, or the negative
 * errno. Nobody can leave capability mode, so whatever enters does so in a child
 * of its own: see capmode_run().
 */
#ifndef _SELFTESTS_CAPSICUM_CAPMODE_H
#define _SELFTESTS_CAPSICUM_CAPMODE_H

#include "common.h"

#include <linux/io_uring.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#ifndef ECAPMODE
#define ECAPMODE	134
#endif
#ifndef ENOTCAPABLE
#define ENOTCAPABLE	135
#endif
#ifndef P_PIDFD
#define P_PIDFD		3
#endif
#ifndef __NR_cap_enter
#define __NR_cap_enter		(CAP_NR_BASE + 482)
#endif
#ifndef __NR_cap_getmode
#define __NR_cap_getmode	(CAP_NR_BASE + 483)
#endif
#ifndef SECCOMP_SET_MODE_CAPABILITY
#define SECCOMP_MODE_CAPABILITY		3
#define SECCOMP_SET_MODE_CAPABILITY	4
#endif
#ifndef PR_SET_CAPMODE_TRAP
#define PR_SET_CAPMODE_TRAP	0x43415001
#define PR_GET_CAPMODE_TRAP	0x43415002
#define PR_SET_OPENAT_BENEATH	0x43415003
#define PR_GET_OPENAT_BENEATH	0x43415004
#endif
#ifndef O_BENEATH
#define O_BENEATH		040000000
#endif
#ifndef AT_RESOLVE_BENEATH
#define AT_RESOLVE_BENEATH	0x40000000
#endif

static inline int sys_cap_enter(unsigned int flags)
{
	return RET(syscall(__NR_cap_enter, flags));
}

static inline int sys_cap_getmode(unsigned int *mode)
{
	return RET(syscall(__NR_cap_getmode, mode));
}

/* 1 in capability mode, 0 outside. */
static inline int capmode_get(void)
{
	unsigned int mode = 77;
	int err = sys_cap_getmode(&mode);

	return err < 0 ? err : (int)mode;
}

/*
 * Skips the rest of the test where the kernel has no capability mode: without
 * CONFIG_SECURITY_CAPSICUM, or CONFIG_SECCOMP_FILTER.
 */
#define REQUIRE_CAPMODE() do { \
	REQUIRE_CAPSICUM(); \
	if (capmode_get() == -ENOSYS) { \
		ASSERT_NE(-EFAULT, RET(prctl(PR_SET_SECCOMP, \
					     SECCOMP_MODE_FILTER, NULL))) \
			TH_LOG("filters, but no capability mode"); \
		SKIP(return, "the kernel has no CONFIG_SECCOMP_FILTER"); \
	} \
} while (0)

#define REQUIRE_ROOT() do { \
	if (geteuid()) \
		SKIP(return, "only root can do this outside"); \
} while (0)

/* ---- children ---- */

/* What capmode_run() returns for a child that a signal ended. */
#define KILLED_BY(sig)	(-100000 - (sig))
/* ... and for one that exited, or broke off, without a result. */
#define NO_RESULT	(-200000)

/*
 * For functions that run in a child and have nothing but their value to tell
 * with: goes on when @cond holds, else returns BROKE_AT(this line).
 */
#define BROKE_AT(line)	(-300000 - (line))
#define STEP(cond) do { \
	if (!(cond)) \
		return BROKE_AT(__LINE__); \
} while (0)

/* fork_fd(), with more CLONE_ @flags. */
static inline pid_t fork_with(uint64_t flags, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return RET(syscall(__NR_clone3, &args, sizeof(args)));
}

/*
 * fork_fd() - fork, with a descriptor of the child
 *
 * The one way to wait for a child that works in capability mode; wait_fd() does
 * and gives the descriptor back.
 */
static inline pid_t fork_fd(int *pidfd)
{
	return fork_with(0, pidfd);
}

/* The exit status, KILLED_BY(signal), or -errno. */
static inline int wait_fd(int pidfd)
{
	siginfo_t info = {};
	int err;

	do {
		err = RET(waitid(P_PIDFD, pidfd, &info, WEXITED));
	} while (err == -EINTR);
	close(pidfd);
	if (err)
		return err;
	return info.si_code == CLD_EXITED ? info.si_status :
					    KILLED_BY(info.si_status);
}

/* Memory that is shared with children, all of it 0; NULL when there is none. */
static inline void *new_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * in_child() - what @fn returns in a child of its own
 *
 * The child has its own descriptor table, and memory but for what is shared;
 * @fn may use anything that fork(2) hands on.
 */
static inline int in_child(int (*fn)(void *arg), void *arg)
{
	int *result = new_shared(sizeof(*result));
	int pidfd, ret, end;
	pid_t child;

	if (!result)
		return -errno;
	*result = NO_RESULT;
	child = fork_fd(&pidfd);
	if (!child) {
		/* A child that waits for what never comes ends all the same. */
		alarm(TEST_TIMEOUT_DEFAULT / 4);
		*result = fn(arg);
		_exit(0);
	}
	end = child < 0 ? child : wait_fd(pidfd);
	ret = *result;
	munmap(result, sizeof(*result));
	if (end < 0)
		return end;
	return end ? NO_RESULT : ret;
}

struct __capmode_run {
	int (*fn)(void *arg);
	void *arg;
};

static inline int __capmode_child(void *arg)
{
	struct __capmode_run *r = arg;
	int err = sys_cap_enter(0);

	return err ? NO_RESULT : r->fn(r->arg);
}

/* capmode_run() - what @fn returns in a child that is in capability mode */
static inline int capmode_run(int (*fn)(void *arg), void *arg)
{
	struct __capmode_run r = { .fn = fn, .arg = arg };

	return in_child(__capmode_child, &r);
}

/*
 * Both sides: @fn(@arg) succeeds in a child outside capability mode, and returns
 * @want in one that is inside.
 */
#define EXPECT_CAPMODE(want, fn, arg) do { \
	int __outside = in_child(fn, arg); \
	int __inside = capmode_run(fn, arg); \
	EXPECT_LE(0, __outside) \
		TH_LOG("%s fails outside", #fn); \
	EXPECT_EQ(want, __inside) \
		TH_LOG("%s in capability mode", #fn); \
} while (0)
#define EXPECT_ECAPMODE(fn, arg)	EXPECT_CAPMODE(-ECAPMODE, fn, arg)

/*
 * @ret, as of in_child(), is whatever a call returns, but for ECAPMODE (which is
 * told as REFUSED_RESULT), and is no NO_RESULT or its like.
 */
#define EXPECT_ANSWER(ret)	EXPECT_LT(NO_ERRNO, __answer(ret))

#define NO_ERRNO	(-4096)
#define REFUSED_RESULT	(-250000)

static inline int __answer(int ret)
{
	return ret == -ECAPMODE ? REFUSED_RESULT : ret;
}

/* The same, and it works (returns what it returns outside) on both sides. */
#define EXPECT_BOTH(fn, arg) do { \
	int __outside = in_child(fn, arg); \
	int __inside = capmode_run(fn, arg); \
	EXPECT_LE(0, __outside) \
		TH_LOG("%s fails outside", #fn); \
	EXPECT_EQ(__outside, __inside) \
		TH_LOG("%s in capability mode", #fn); \
} while (0)

/* What thread @tid of @pid does: 'S' when it waits. */
static inline char thread_state(pid_t pid, pid_t tid)
{
	char name[64], text[512] = "", *p;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	if (fd >= 0)
		close(fd);
	p = strrchr(text, ')');
	return p && p[1] ? p[2] : 0;
}

/* A line "@key:\t<number>" of /proc/@pid/status (0: one's own), or -errno. */
static inline long proc_status(pid_t pid, const char *key)
{
	char name[64], line[256];
	size_t len = strlen(key);
	long ret = -ENOENT;
	FILE *f;

	if (pid)
		snprintf(name, sizeof(name), "/proc/%d/status", pid);
	else
		snprintf(name, sizeof(name), "/proc/thread-self/status");
	f = fopen(name, "re");
	if (!f)
		return -errno;
	while (ret == -ENOENT && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, len) && line[len] == ':')
			ret = strtol(line + len + 1, NULL, 10);
	}
	fclose(f);
	return ret;
}

/* A call that the door refuses, and that works outside. */
static inline int try_getcwd(void)
{
	char buf[PATH_MAX];

	return RET(syscall(__NR_getcwd, buf, sizeof(buf)));
}

/* ---- programs ---- */

/*
 * tell() - whether one is in capability mode, by everything that shows it
 *
 * Returns TELL_INSIDE or TELL_OUTSIDE, or TELL_UNCLEAR when there are two minds.
 */
#define TELL_INSIDE	42
#define TELL_OUTSIDE	43
#define TELL_UNCLEAR	44

static inline int tell(void)
{
	if (capmode_get() == 1 && try_getcwd() == -ECAPMODE &&
	    prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_CAPABILITY &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return TELL_INSIDE;
	if (capmode_get() == 0 && try_getcwd() > 0 &&
	    prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_CAPABILITY)
		return TELL_OUTSIDE;
	return TELL_UNCLEAR;
}

/*
 * CAPMODE_TELLS() - makes a test program that, started with tell_env, does
 * nothing but exit with what tell() returns.
 */
#define CAPMODE_TELLS() \
static void __attribute__((constructor)) __tell_if_asked(void) \
{ \
	if (getenv("CAPMODE_TELL")) \
		_exit(tell()); \
} \
static char *const tell_env[] = { "CAPMODE_TELL=1", NULL }; \
static char *const tell_argv[] = { "tell", NULL }

/* The program that runs, as a descriptor. */
static inline int open_self(void)
{
	return RET(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
}

static inline int sys_execveat(int fd, const char *path, char *const argv[],
			       char *const envp[], int flags)
{
	return RET(syscall(__NR_execveat, fd, path, argv, envp, flags));
}

/* ---- a tracer that changes calls ---- */

#if defined(__x86_64__)
#define CAN_CHANGE_CALLS	true
#define CALL_OFFSET		offsetof(struct user, regs.orig_rax)
#define FIRST_OFFSET		offsetof(struct user, regs.rdi)
#elif defined(__i386__)
#define CAN_CHANGE_CALLS	true
#define CALL_OFFSET		offsetof(struct user, regs.orig_eax)
#define FIRST_OFFSET		offsetof(struct user, regs.ebx)
#else
#define CAN_CHANGE_CALLS	false
#define CALL_OFFSET		0
#define FIRST_OFFSET		0
#endif

/**
 * struct traced - a call under a tracer
 * @before: What the traced process does first; returns 0, or it ends there.
 * @nr: What it calls then, with a buffer and its size.
 * @args: With these arguments instead; TRACED_PID: its own number.
 * @to: What the tracer makes of the number.
 * @first: What the tracer makes of the first argument.
 * @event: At PTRACE_EVENT_SECCOMP, and not at the entry of the call.
 * @options: More PTRACE_O_ options.
 * @stops: Filled in: at how many calls @nr the tracer could do something.
 */
struct traced {
	int (*before)(void);
	long nr;
	const long *args;
	long to;
	const long *first;
	bool event;
	unsigned long options;
	int stops;
};

#define TRACED_PID	0x7a000001

static inline void __traced_child(const struct traced *t, int *result)
{
	char buf[PATH_MAX];
	const long *a = t->args;

	alarm(TEST_TIMEOUT_DEFAULT / 4);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP) ||
	    (t->before && t->before()))
		_exit(1);
	if (a)
		*result = RET(syscall(t->nr, a[0] == TRACED_PID ? getpid() :
				      a[0], a[1], a[2]));
	else
		*result = RET(syscall(t->nr, buf, sizeof(buf)));
	_exit(0);
}

/* run_traced() - what the call returns; values as in_child()'s */
static inline int run_traced(struct traced *t)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
				(t->event ? PTRACE_O_TRACESECCOMP : 0) |
				t->options;
	int *result = new_shared(sizeof(*result));
	int status, ret = NO_RESULT;
	pid_t child;

	if (!result)
		return -errno;
	*result = NO_RESULT;
	t->stops = 0;
	child = fork();
	if (!child)
		__traced_child(t, result);
	while (waitpid(child, &status, 0) == child) {
		int sig = 0;

		if (WIFEXITED(status)) {
			ret = WEXITSTATUS(status) ? NO_RESULT : *result;
			break;
		}
		if (WIFSIGNALED(status)) {
			ret = KILLED_BY(WTERMSIG(status));
			break;
		}
		if (WSTOPSIG(status) == SIGSTOP) {
			if (ptrace(PTRACE_SETOPTIONS, child, NULL, options)) {
				ret = -errno;
				kill(child, SIGKILL);
				waitpid(child, &status, 0);
				break;
			}
		} else if (status >> 8 == (t->event ?
			   (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8)) :
			   (SIGTRAP | 0x80))) {
			if (!t->stops &&
			    ptrace(PTRACE_PEEKUSER, child, CALL_OFFSET,
				   NULL) == t->nr) {
				t->stops++;
				ptrace(PTRACE_POKEUSER, child, CALL_OFFSET,
				       t->to);
				if (t->first)
					ptrace(PTRACE_POKEUSER, child,
					       FIRST_OFFSET, *t->first);
			}
		} else if (WSTOPSIG(status) != SIGTRAP) {
			sig = WSTOPSIG(status);
		}
		ptrace(t->event ? PTRACE_CONT : PTRACE_SYSCALL, child, NULL,
		       sig);
	}
	munmap(result, sizeof(*result));
	return ret;
}

/* ---- calls of the other ABIs ---- */

#ifdef __x86_64__

/* The 32-bit gate, from a 64-bit program: arguments and pointers of 32 bits. */
static inline long int80(unsigned int nr, unsigned int a, unsigned int b,
			 unsigned int c, unsigned int d, unsigned int e,
			 unsigned int f)
{
	unsigned long sixth = f;
	long ret;

	asm volatile("xchg %[sixth], %%rbp\n\t"
		     "int $0x80\n\t"
		     "xchg %[sixth], %%rbp"
		     : "=a" (ret), [sixth] "+&r" (sixth)
		     : "0" ((long)nr), "b" ((long)a), "c" ((long)b),
		       "d" ((long)c), "S" ((long)d), "D" ((long)e)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int)ret;
}

#define X32_BIT		0x40000000

/* Whether this kernel has calls of the 32-bit gate, and those of x32. */
static inline bool have_int80(void)
{
	static const unsigned int i386_getpid = 20;

	return int80(i386_getpid, 0, 0, 0, 0, 0, 0) == getpid();
}

static inline bool have_x32(void)
{
	return syscall(X32_BIT | __NR_getpid) == getpid();
}

#else /* !__x86_64__ */

static inline long int80(unsigned int nr, unsigned int a, unsigned int b,
			 unsigned int c, unsigned int d, unsigned int e,
			 unsigned int f)
{
	return -ENOSYS;
}

#define X32_BIT		0

static inline bool have_int80(void)
{
	return false;
}

static inline bool have_x32(void)
{
	return false;
}

#endif /* __x86_64__ */

/* How a call is made: as this program does, or by a gate of another ABI. */
enum gate { GATE_NONE, GATE_INT80, GATE_X32, GATES };

static inline bool have_gate(enum gate gate)
{
	return gate == GATE_INT80 ? have_int80() :
	       gate == GATE_X32 ? have_x32() : true;
}

/*
 * call_by_gate() - a call by its numbers natively, on i386 and on x32
 *
 * By a gate, all pointers must be of 32 bits: see low_page(). Returns what the
 * call does, or -errno.
 */
static inline long call_by_gate(enum gate gate, long nr, int nr_i386,
				int nr_x32, long a, long b, long c, long d,
				long e)
{
	switch (gate) {
	case GATE_INT80:
		return int80(nr_i386, a, b, c, d, e, 0);
	case GATE_X32:
		return RET(syscall(X32_BIT | nr_x32, a, b, c, d, e, 0));
	default:
		return RET(syscall(nr, a, b, c, d, e, 0));
	}
}

static inline int ioctl_by_gate(enum gate gate, int fd, unsigned long cmd,
				void *arg)
{
	return call_by_gate(gate, __NR_ioctl, 54, 514, fd, cmd, (uintptr_t)arg,
			    0, 0);
}

/* A page that a pointer of 32 bits reaches, or NULL. */
static inline void *low_page(void)
{
#ifdef MAP_32BIT
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#else
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif

	return p == MAP_FAILED ? NULL : p;
}

/* ---- io_uring, without a library ---- */

struct ring {
	int fd;
	unsigned int flags;
	unsigned int *sq_head, *sq_tail, *sq_mask, *sq_flags, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	void *mem, *mem_sqes;
	size_t size, size_sqes;
};

/* @p: what is asked for; is filled in. Returns 0 or -errno. */
static inline int ring_setup_with(struct ring *r, unsigned int entries,
				  struct io_uring_params *p)
{
	size_t cq;
	char *m;

	memset(r, 0, sizeof(*r));
	r->fd = RET(syscall(__NR_io_uring_setup, entries, p));
	if (r->fd < 0)
		return r->fd;
	fcntl(r->fd, F_SETFD, FD_CLOEXEC);
	r->flags = p->flags;
	r->size = p->sq_off.array + p->sq_entries * sizeof(unsigned int);
	cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	if (cq > r->size)
		r->size = cq;
	r->size_sqes = p->sq_entries * sizeof(struct io_uring_sqe);
	/* One mapping for both rings: all kernels that have Capsicum do. */
	r->mem = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	r->mem_sqes = mmap(NULL, r->size_sqes, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (r->mem == MAP_FAILED || r->mem_sqes == MAP_FAILED) {
		close(r->fd);
		return -ENOMEM;
	}
	m = r->mem;
	r->sq_head = (void *)(m + p->sq_off.head);
	r->sq_tail = (void *)(m + p->sq_off.tail);
	r->sq_mask = (void *)(m + p->sq_off.ring_mask);
	r->sq_flags = (void *)(m + p->sq_off.flags);
	r->sq_array = (void *)(m + p->sq_off.array);
	r->cq_head = (void *)(m + p->cq_off.head);
	r->cq_tail = (void *)(m + p->cq_off.tail);
	r->cq_mask = (void *)(m + p->cq_off.ring_mask);
	r->cqes = (void *)(m + p->cq_off.cqes);
	r->sqes = r->mem_sqes;
	return 0;
}

/* @flags: IORING_SETUP_SQPOLL, for one. Returns 0 or -errno. */
static inline int ring_setup(struct ring *r, unsigned int entries,
			     unsigned int flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 1000 };

	return ring_setup_with(r, entries, &p);
}

static inline void ring_free(struct ring *r)
{
	munmap(r->mem, r->size);
	munmap(r->mem_sqes, r->size_sqes);
	close(r->fd);
}

/*
 * ring_queue_all() - put copies of @n entries into the submission ring
 *
 * A thread that polls the ring (IORING_SETUP_SQPOLL) may take them at once, all
 * others are sent by ring_submit(). It sees all or none of them, so that it does
 * not end a chain of links where it happens to look.
 */
static inline void ring_queue_all(struct ring *r, const struct io_uring_sqe *sqe,
				  unsigned int n)
{
	unsigned int tail = *r->sq_tail;
	unsigned int end = tail + n;

	for (; tail != end; tail++, sqe++) {
		unsigned int i = tail & *r->sq_mask;

		r->sqes[i] = *sqe;
		r->sq_array[i] = i;
	}
	__atomic_store_n(r->sq_tail, end, __ATOMIC_SEQ_CST);
}

/* ring_queue() - put a copy of @sqe into the submission ring */
static inline void ring_queue(struct ring *r, const struct io_uring_sqe *sqe)
{
	ring_queue_all(r, sqe, 1);
}

/*
 * ring_submit() - send @n queued entries, and wait for @wait completions
 *
 * Returns how many were sent, or -errno.
 */
static inline int ring_submit(struct ring *r, unsigned int n, unsigned int wait)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;

	if (r->flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	return RET(syscall(__NR_io_uring_enter, r->fd, n, wait, flags, NULL, 0));
}

/* ring_reap() - take one completion; returns whether there was one */
static inline bool ring_reap(struct ring *r, struct io_uring_cqe *cqe)
{
	unsigned int head = *r->cq_head;

	if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = r->cqes[head & *r->cq_mask];
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/*
 * ring_one() - what becomes of one operation
 *
 * Returns the result of its completion (ring_submit()'s if that fails). Nothing
 * else may be queued.
 */
static inline int ring_one(struct ring *r, const struct io_uring_sqe *sqe)
{
	struct io_uring_cqe cqe;
	int ret;

	ring_queue(r, sqe);
	do {
		ret = ring_submit(r, 1, 1);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	while (!ring_reap(r, &cqe)) {
		ret = ring_submit(r, 0, 1);
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return cqe.res;
}

/* The same by a ring for it alone. */
static inline int ring_once(const struct io_uring_sqe *sqe)
{
	struct ring r;
	int ret = ring_setup(&r, 4, 0);

	if (!ret) {
		ret = ring_one(&r, sqe);
		ring_free(&r);
	}
	return ret;
}

static inline bool have_io_uring(void)
{
	struct ring r;
	int err = ring_setup(&r, 4, 0);

	if (err)
		return false;
	ring_free(&r);
	return true;
}

/* The commonest one. Set more flags (IOSQE_ASYNC) in what it returns. */
static inline struct io_uring_sqe sqe_openat(int dir, const char *path,
					     int flags)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT,
		.fd = dir,
		.addr = (uintptr_t)path,
		.open_flags = flags,
	};
}

#endif /* _SELFTESTS_CAPSICUM_CAPMODE_H */
