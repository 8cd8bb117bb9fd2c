// SPDX-License-Identifier: GPL-2.0
/*
 * PR_SET_CAPMODE_TRAP: a refusal in capability mode delivers SIGSYS, which says
 * what was refused; and nothing else does.
 */
#include "refusal.h"
#include "sockets.h"

#include <linux/filter.h>
#include <linux/futex.h>
#include <ucontext.h>

CAPMODE_TELLS();

/* For C library headers that do not have it. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif

#if defined(__x86_64__)
#define CALL_RESULT(uc)	((long)(uc)->uc_mcontext.gregs[REG_RAX])
#define CALL_ADDR(uc)	((void *)(uc)->uc_mcontext.gregs[REG_RIP])
#elif defined(__i386__)
#define CALL_RESULT(uc)	((long)(uc)->uc_mcontext.gregs[REG_EAX])
#define CALL_ADDR(uc)	((void *)(uc)->uc_mcontext.gregs[REG_EIP])
#endif

static struct {
	int count;
	int code;
	int err;
	int nr;
	unsigned int arch;
	void *addr;
	long result;
	pid_t tid;
} trap;

static unsigned int arch;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	trap.count++;
	trap.code = info->si_code;
	trap.err = info->si_errno;
	trap.nr = info->si_syscall;
	trap.arch = info->si_arch;
	trap.addr = info->si_call_addr;
	trap.tid = syscall(__NR_gettid);
#ifdef CALL_RESULT
	trap.result = CALL_RESULT(uc);
	if (trap.addr != CALL_ADDR(uc))
		trap.addr = NULL;
#else
	(void)uc;
	trap.result = -trap.err;
#endif
}

static int trap_set(unsigned long on)
{
	return RET(prctl(PR_SET_CAPMODE_TRAP, on, 0, 0, 0));
}

static int handle(void)
{
	/* SA_RESTART: were the call to be started again, it would be here. */
	struct sigaction sa = {
		.sa_sigaction = on_sigsys,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	return RET(sigaction(SIGSYS, &sa, NULL));
}

static int trap_on(void)
{
	STEP(!handle());
	STEP(!trap_set(1));
	return 0;
}

/*
 * The C library declares that its functions do not come back to this file; the
 * signal handler does.
 */
static inline void compiler_barrier(void)
{
	asm volatile("" : : : "memory");
}

#define WATCHED(call) \
({ \
	int __ret; \
	trap.count = 0; \
	compiler_barrier(); \
	__ret = (call); \
	compiler_barrier(); \
	__ret; \
})

/* The call is refused, and one signal has told of just that. */
#define TRAPPED(error, call_nr, call_arch, call) do { \
	STEP(WATCHED(call) == -(error)); \
	STEP(trap.count == 1); \
	STEP(trap.code == SYS_SECCOMP); \
	STEP(trap.err == (error)); \
	STEP(trap.nr == (int)(call_nr)); \
	STEP(trap.arch == (call_arch)); \
	STEP(trap.addr); \
	STEP(trap.result == -(error)); \
	STEP(trap.tid == syscall(__NR_gettid)); \
} while (0)

/* No signal, whatever the call returns. */
#define NOT_TRAPPED(want, call) do { \
	STEP(WATCHED(call) == (want)); \
	STEP(!trap.count); \
} while (0)

struct objects {
	int dir;	/* of the file system */
	int limited;	/* a file that can be written */
	int limited_dir;
	int tell;	/* the file, to be asked for its position */
	int pipe[2];
};

FIXTURE(trap) {
	struct objects o;
};

FIXTURE_SETUP(trap)
{
	struct objects *o = &self->o;
	int file;

	REQUIRE_CAPMODE();
	arch = native_arch();
	ASSERT_NE(0, arch);
	file = tmp_file(NULL, 16);
	ASSERT_LE(0, file);
	o->limited = limit_to(file, CAP_WRITE);
	ASSERT_LE(0, o->limited);
	o->tell = limit_to(file, CAP_SEEK_TELL);
	ASSERT_LE(0, o->tell);
	close(file);
	o->dir = open_dir();
	ASSERT_LE(0, o->dir);
	o->limited_dir = limit_to(o->dir, CAP_LOOKUP, CAP_READ);
	ASSERT_LE(0, o->limited_dir);
	ASSERT_EQ(0, pipe(o->pipe));
}

FIXTURE_TEARDOWN(trap)
{
	/* Whatever entered was a child. */
	EXPECT_EQ(TELL_OUTSIDE, tell());
}

/* ---- each kind of refusal ---- */

static int by_the_door(void *arg)
{
	char buf[PATH_MAX] = "x";

	STEP(!trap_on());
	TRAPPED(ECAPMODE, __NR_getcwd, arch,
		RET(syscall(__NR_getcwd, buf, sizeof(buf))));
	STEP(!strcmp(buf, "x"));
	TRAPPED(ECAPMODE, __NR_chroot, arch, RET(syscall(__NR_chroot, "/")));
	/* And it goes on like that. */
	TRAPPED(ECAPMODE, __NR_getcwd, arch,
		RET(syscall(__NR_getcwd, buf, sizeof(buf))));
	return 0;
}

TEST_F(trap, by_the_door)
{
	EXPECT_EQ(0, capmode_run(by_the_door, NULL));
}

/* With a filter beside, the door is another one. */
static int by_the_door_with_filter(void *arg)
{
	struct sock_filter allow[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 1, .filter = allow };

	STEP(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0));
	return by_the_door(NULL);
}

TEST_F(trap, by_the_door_with_filter)
{
	EXPECT_EQ(0, capmode_run(by_the_door_with_filter, NULL));
}

static int by_argument(void *arg)
{
	STEP(!trap_on());
	TRAPPED(ECAPMODE, __NR_kill, arch, RET(syscall(__NR_kill, 1, 0)));
	TRAPPED(ECAPMODE, __NR_getsid, arch, RET(syscall(__NR_getsid, 1)));
	TRAPPED(ECAPMODE, __NR_openat, arch,
		RET(syscall(__NR_openat, AT_FDCWD, "x", O_RDONLY)));
	return 0;
}

TEST_F(trap, by_argument)
{
	EXPECT_EQ(0, capmode_run(by_argument, NULL));
}

/* Found out under a spinlock; what it says of itself does not depend on it. */
static int under_a_lock(void *arg)
{
	static const int ops[] = { FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI };
	uint32_t word;
	size_t i;

	STEP(!trap_on());
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		word = getppid();
		TRAPPED(ECAPMODE, __NR_futex, arch,
			RET(syscall(__NR_futex, &word,
				    ops[i] | FUTEX_PRIVATE_FLAG, 0, NULL, NULL,
				    0)));
		STEP((word & FUTEX_TID_MASK) == (uint32_t)getppid());
	}
	return 0;
}

TEST_F(trap, under_a_lock)
{
	EXPECT_EQ(0, capmode_run(under_a_lock, NULL));
}

static int by_rights(void *arg)
{
	struct objects *o = arg;
	char c = 'x';

	STEP(!trap_on());
	TRAPPED(ENOTCAPABLE, __NR_read, arch,
		RET(syscall(__NR_read, o->limited, &c, 1)));
	STEP(c == 'x');
	TRAPPED(ENOTCAPABLE, __NR_fchmod, arch,
		RET(syscall(__NR_fchmod, o->limited, 0777)));
	return 0;
}

TEST_F(trap, by_rights)
{
	EXPECT_EQ(0, capmode_run(by_rights, &self->o));
}

static int by_path(void *arg)
{
	struct objects *o = arg;

	STEP(!trap_on());
	TRAPPED(ENOTCAPABLE, __NR_openat, arch,
		RET(syscall(__NR_openat, o->dir, "..", O_RDONLY)));
	TRAPPED(ENOTCAPABLE, __NR_openat, arch,
		RET(syscall(__NR_openat, o->dir, "/", O_RDONLY)));
	TRAPPED(ENOTCAPABLE, __NR_mkdirat, arch,
		RET(syscall(__NR_mkdirat, o->dir, "../capsicum-x", 0700)));
	TRAPPED(ENOTCAPABLE, __NR_openat, arch,
		RET(syscall(__NR_openat, o->limited_dir, "..", O_RDONLY)));
	TRAPPED(ENOTCAPABLE, __NR_mkdirat, arch,
		RET(syscall(__NR_mkdirat, o->limited_dir, "capsicum-x",
			    0700)));
	return 0;
}

TEST_F(trap, by_path)
{
	EXPECT_EQ(0, capmode_run(by_path, &self->o));
}

/* A call of the 32-bit gate tells that it was one. */
static int by_int80(void *arg)
{
	void *buf = low_page();

	STEP(buf);
	STEP(!trap_on());
	TRAPPED(ECAPMODE, I386_NR_getcwd, AUDIT_ARCH_I386,
		int80(I386_NR_getcwd, (uintptr_t)buf, 4096, 0, 0, 0, 0));
	TRAPPED(ECAPMODE, I386_NR_kill, AUDIT_ARCH_I386,
		int80(I386_NR_kill, 1, 0, 0, 0, 0, 0));
	return 0;
}

TEST_F(trap, by_int80)
{
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	EXPECT_EQ(0, capmode_run(by_int80, NULL));
}

static int by_x32(void *arg)
{
	char buf[PATH_MAX];

	STEP(!trap_on());
	TRAPPED(ECAPMODE, X32_BIT | __NR_getcwd, arch,
		RET(syscall(X32_BIT | __NR_getcwd, buf, sizeof(buf))));
	return 0;
}

TEST_F(trap, by_x32)
{
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	EXPECT_EQ(0, capmode_run(by_x32, NULL));
}

/* What a socket is refused inside of socketcall(2) is that call. */
static int by_socketcall(void *arg)
{
	struct arena *m = low_page();
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len;

	STEP(m && fd >= 0);
	len = any_address(AF_INET, &m->addr);
	STEP(!trap_on());
	TRAPPED(ECAPMODE, SOCKETCALL_NR, socketcall_arch(arch),
		road_call(ROAD_SOCKETCALL, m, SYS_BIND, fd, (uintptr_t)&m->addr,
			  len, 0, 0, 0));
	STEP(!has_address(fd));
	TRAPPED(ECAPMODE, SOCKETCALL_NR, socketcall_arch(arch),
		road_call(ROAD_SOCKETCALL, m, SYS_SOCKET, AF_NETLINK, SOCK_RAW,
			  0, 0, 0, 0));
	/* Not what is wrong in another way, or goes. */
	NOT_TRAPPED(-EBADF, road_call(ROAD_SOCKETCALL, m, SYS_SHUTDOWN, -1, 0, 0,
				      0, 0, 0));
	NOT_TRAPPED(-EINVAL, road_call(ROAD_SOCKETCALL, m, 0, 0, 0, 0, 0, 0,
				       0));
	return 0;
}

TEST_F(trap, by_socketcall)
{
	if (!road_there(ROAD_SOCKETCALL))
		SKIP(return, "no socketcall(2) beside this ABI");
	EXPECT_EQ(0, capmode_run(by_socketcall, NULL));
}

/* Refused twice in one call, told of once. */
static int twice_in_a_call(void *arg)
{
	struct objects *o = arg;
	struct pollfd p[2] = {
		{ .fd = o->limited, .events = POLLOUT },
		{ .fd = o->limited, .events = POLLOUT },
	};

	STEP(!trap_on());
	STEP(WATCHED(RET(poll(p, 2, 0))) == 2);
	STEP(p[0].revents == POLLNVAL && p[1].revents == POLLNVAL);
	STEP(trap.count == 1 && trap.err == ENOTCAPABLE);
	return 0;
}

TEST_F(trap, twice_in_a_call)
{
	EXPECT_EQ(0, capmode_run(twice_in_a_call, &self->o));
}

/* ---- where none comes ---- */

static int not_asked_for(void *arg)
{
	struct objects *o = arg;
	char c;

	STEP(!prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0));
	/* First with SIGSYS as it is: it would kill. */
	for (int i = 0; i < 2; i++) {
		NOT_TRAPPED(-ECAPMODE, try_getcwd());
		NOT_TRAPPED(-ECAPMODE, RET(kill(1, 0)));
		NOT_TRAPPED(-ENOTCAPABLE, RET(read(o->limited, &c, 1)));
		NOT_TRAPPED(-ENOTCAPABLE, RET(openat(o->dir, "..", O_RDONLY)));
		STEP(!handle());
	}
	return 0;
}

TEST_F(trap, not_asked_for)
{
	EXPECT_EQ(0, capmode_run(not_asked_for, &self->o));
}

static int not_in_the_mode(void *arg)
{
	struct objects *o = arg;
	char c;

	STEP(!trap_set(1));
	for (int i = 0; i < 2; i++) {
		NOT_TRAPPED(-ENOTCAPABLE, RET(read(o->limited, &c, 1)));
		NOT_TRAPPED(-ENOTCAPABLE,
			    RET(openat(o->limited_dir, "..", O_RDONLY)));
		STEP(!handle());
	}
	return 0;
}

TEST_F(trap, not_outside_capability_mode)
{
	EXPECT_EQ(0, in_child(not_in_the_mode, &self->o));
}

/* Asked for outside, it is there from the first refusal inside. */
static int asked_for_before(void *arg)
{
	STEP(!trap_on());
	STEP(WATCHED(try_getcwd()) > 0);
	STEP(!trap.count);
	STEP(!sys_cap_enter(0));
	TRAPPED(ECAPMODE, __NR_getcwd, arch, try_getcwd());
	return 0;
}

TEST_F(trap, asked_for_before)
{
	EXPECT_EQ(0, in_child(asked_for_before, NULL));
}

static int not_for_what_works(void *arg)
{
	struct objects *o = arg;
	char c = 'x';
	int fd;

	STEP(!trap_on());
	NOT_TRAPPED(1, RET(write(o->limited, &c, 1)));
	/* It takes less to ask for the position than to change it. */
	NOT_TRAPPED(1, RET(lseek(o->tell, 0, SEEK_CUR)));
	NOT_TRAPPED(0, RET(kill(getpid(), 0)));
	NOT_TRAPPED(1, capmode_get());
	fd = WATCHED(RET(openat(o->dir, ".", O_RDONLY | O_CLOEXEC)));
	STEP(fd >= 0 && !trap.count);
	/* Other errors are none of its business. */
	NOT_TRAPPED(-EBADF, RET(read(-1, &c, 1)));
	NOT_TRAPPED(-ENOENT, RET(openat(o->dir, "not-there", O_RDONLY)));
	NOT_TRAPPED(-EINVAL, sys_cap_enter(1));
	return 0;
}

TEST_F(trap, not_for_what_works)
{
	EXPECT_EQ(0, capmode_run(not_for_what_works, &self->o));
}

static int on_and_off(void *arg)
{
	for (int i = 0; i < 2; i++) {
		STEP(!trap_on());
		STEP(prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0) == 1);
		TRAPPED(ECAPMODE, __NR_getcwd, arch, try_getcwd());
		STEP(!trap_set(0));
		STEP(!prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0));
		NOT_TRAPPED(-ECAPMODE, try_getcwd());
	}
	return 0;
}

TEST_F(trap, on_and_off)
{
	EXPECT_EQ(0, capmode_run(on_and_off, NULL));
}

/* ---- who gets it ---- */

static void *refused_in_thread(void *arg)
{
	int *fd = arg;
	static int ret;
	char c;

	ret = NO_RESULT;
	/* Until the main thread has done what it has to. */
	if (fd && read(*fd, &c, 1) != 1)
		return &ret;
	ret = WATCHED(try_getcwd());
	if (ret == -ECAPMODE && trap.count == 1 && trap.err == ECAPMODE &&
	    trap.nr == __NR_getcwd && trap.arch == arch &&
	    trap.tid == syscall(__NR_gettid) && trap.tid != getpid())
		ret = 0;
	return &ret;
}

static int in_threads(void *arg)
{
	struct objects *o = arg;
	pthread_t before, after;
	void *ret;

	STEP(!pthread_create(&before, NULL, refused_in_thread, &o->pipe[0]));
	STEP(!trap_on());
	STEP(write(o->pipe[1], "x", 1) == 1);
	STEP(!pthread_join(before, &ret));
	STEP(!*(int *)ret);
	STEP(!pthread_create(&after, NULL, refused_in_thread, NULL));
	STEP(!pthread_join(after, &ret));
	STEP(!*(int *)ret);
	return 0;
}

TEST_F(trap, threads)
{
	EXPECT_EQ(0, capmode_run(in_threads, &self->o));
}

static int trapped_child(void *arg)
{
	STEP(prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0) == 1);
	TRAPPED(ECAPMODE, __NR_getcwd, arch, try_getcwd());
	return 0;
}

static int in_forked(void *arg)
{
	STEP(!trap_on());
	return in_child(trapped_child, NULL);
}

TEST_F(trap, fork_inherits)
{
	EXPECT_EQ(0, capmode_run(in_forked, NULL));
}

struct executed {
	int fd;
	bool trap;
};

static int in_executed(void *arg)
{
	struct executed *e = arg;
	int pidfd;
	pid_t child;

	if (e->trap)
		STEP(!trap_on());
	child = fork_fd(&pidfd);
	if (!child) {
		sys_execveat(e->fd, "", tell_argv, tell_env, AT_EMPTY_PATH);
		_exit(100);
	}
	return child < 0 ? child : wait_fd(pidfd);
}

/* What is executed has no handler yet: its first refusal kills it. */
TEST_F(trap, exec_inherits)
{
	struct executed e = { .fd = open_self() };

	ASSERT_LE(0, e.fd);
	EXPECT_EQ(TELL_INSIDE, capmode_run(in_executed, &e));
	e.trap = true;
	EXPECT_EQ(KILLED_BY(SIGSYS), capmode_run(in_executed, &e));
}

/* ---- what cannot be put off ---- */

static int while_default(void *arg)
{
	STEP(!trap_set(1));
	try_getcwd();
	return 0;
}

static int while_ignored(void *arg)
{
	STEP(!trap_set(1));
	STEP(signal(SIGSYS, SIG_IGN) != SIG_ERR);
	try_getcwd();
	return 0;
}

static int while_blocked(void *arg)
{
	sigset_t set;

	STEP(!trap_on());
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	STEP(!sigprocmask(SIG_BLOCK, &set, NULL));
	try_getcwd();
	return 0;
}

static int while_pending(void *arg)
{
	sigset_t set;

	STEP(!trap_on());
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	STEP(!sigprocmask(SIG_BLOCK, &set, NULL));
	STEP(!WATCHED(raise(SIGSYS)));
	STEP(!trap.count);
	try_getcwd();
	return 0;
}

TEST_F(trap, unhandled_kills)
{
	EXPECT_EQ(KILLED_BY(SIGSYS), capmode_run(while_default, NULL));
	EXPECT_EQ(KILLED_BY(SIGSYS), capmode_run(while_ignored, NULL));
	EXPECT_EQ(KILLED_BY(SIGSYS), capmode_run(while_blocked, NULL));
	EXPECT_EQ(KILLED_BY(SIGSYS), capmode_run(while_pending, NULL));
	/* Without a refusal, none of them does. */
	EXPECT_LE(0, in_child(while_default, NULL));
	EXPECT_LE(0, in_child(while_ignored, NULL));
	EXPECT_LE(0, in_child(while_blocked, NULL));
	EXPECT_LE(0, in_child(while_pending, NULL));
}

/* ---- io_uring ---- */

/*
 * By the thread that submits: it is refused in io_uring_enter(). Only what is
 * known without walking a path is; the rest is left to a worker.
 */
static int ring_inline(void *arg)
{
	struct objects *o = arg;
	struct io_uring_sqe sqe = sqe_openat(o->dir, "/", O_RDONLY);
	struct ring ring;

	STEP(!ring_setup(&ring, 4, 0));
	STEP(!trap_on());
	STEP(WATCHED(ring_one(&ring, &sqe)) == -ENOTCAPABLE);
	STEP(trap.count == 1);
	STEP(trap.code == SYS_SECCOMP);
	STEP(trap.err == ENOTCAPABLE);
	STEP(trap.nr == __NR_io_uring_enter);
	STEP(trap.arch == arch);
	return 0;
}

/* By a worker: there is no call that a handler could make sense of. */
static int ring_worker(void *arg)
{
	struct objects *o = arg;
	struct io_uring_sqe sqe = sqe_openat(o->dir, "..", O_RDONLY);
	struct ring ring;

	STEP(!ring_setup(&ring, 4, 0));
	STEP(!trap_on());
	sqe.flags = IOSQE_ASYNC;
	NOT_TRAPPED(-ENOTCAPABLE, ring_one(&ring, &sqe));
	sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY);
	sqe.flags = IOSQE_ASYNC;
	NOT_TRAPPED(-ECAPMODE, ring_one(&ring, &sqe));
	/* It has not been put off, either. */
	NOT_TRAPPED(1, capmode_get());
	return 0;
}

TEST_F(trap, io_uring_inline)
{
	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	EXPECT_EQ(0, capmode_run(ring_inline, &self->o));
}

TEST_F(trap, io_uring_worker)
{
	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	EXPECT_EQ(0, capmode_run(ring_worker, &self->o));
}

/*
 * What was waiting for a pipe goes on in whatever call the thread makes when the
 * pipe can be read: that call has not been refused, and its result stays.
 */
static int ring_task_work(void *arg)
{
	static struct sockaddr_in in = { .sin_family = AF_INET };
	struct objects *o = arg;
	struct io_uring_sqe sqe;
	struct io_uring_cqe cqe;
	struct ring ring;
	int n = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(9);
	STEP(fd >= 0);
	STEP(!ring_setup(&ring, 4, 0));
	STEP(!trap_on());
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.flags = IOSQE_IO_LINK,
		.fd = o->pipe[0],
		.addr = (uintptr_t)&c,
		.len = 1,
	};
	ring_queue(&ring, &sqe);
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.fd = fd,
		.addr = (uintptr_t)&in,
		.off = sizeof(in),
		.user_data = 1,
	};
	ring_queue(&ring, &sqe);
	NOT_TRAPPED(2, ring_submit(&ring, 2, 0));
	NOT_TRAPPED(1, RET(write(o->pipe[1], "g", 1)));
	while (ring_reap(&ring, &cqe)) {
		n++;
		STEP(cqe.user_data != 1 || cqe.res == -ECAPMODE);
	}
	STEP(n == 2);
	return 0;
}

TEST_F(trap, io_uring_task_work)
{
	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	EXPECT_EQ(0, capmode_run(ring_task_work, &self->o));
}

TEST_HARNESS_MAIN
