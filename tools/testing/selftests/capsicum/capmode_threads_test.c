// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode is one of all threads: whoever of them enters, no call that
 * any of them begins after that gets through; nor does one that io_uring makes
 * for them.
 */
#include "uring.h"
#include "victims.h"

#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>

CAPMODE_TELLS();

#define ROUNDS	20
#define THREADS	4

/* ---- calls that are refused inside ---- */

static int call_getcwd(void)
{
	int ret = try_getcwd();

	return ret > 0 ? 0 : ret;
}

static int call_open(void)
{
	int fd = RET(syscall(__NR_openat, AT_FDCWD, "/", O_RDONLY |
			     O_DIRECTORY));

	return fd < 0 ? fd : close(fd);
}

static int call_kill(void)
{
	return RET(syscall(__NR_kill, getppid(), 0));
}

static int call_getcwd_int80(void)
{
	static __thread char *low;
	int ret;

	if (!low)
		low = low_page();
	ret = int80(183, (uintptr_t)low, 4096, 0, 0, 0, 0);
	return ret > 0 ? 0 : ret;
}

static int call_getcwd_x32(void)
{
	char buf[PATH_MAX];
	int ret = RET(syscall(X32_BIT | __NR_getcwd, buf, sizeof(buf)));

	return ret > 0 ? 0 : ret;
}

/* ---- threads that are in the middle of it ---- */

struct race {
	int (*call)(void);
	pthread_barrier_t start;
	atomic_bool entered;	/* cap_enter() has returned */
	atomic_int late;	/* calls that got through after that */
	atomic_int strange;	/* results that never are right */
	atomic_int through;	/* calls that got through at all */
	int self;		/* the program, for exec */
};

/*
 * A call that began after the flag was seen began after cap_enter() had
 * returned, whatever the clocks and the scheduler do. Returns whether it was
 * such a call.
 */
static bool race_call(struct race *r, int (*call)(void))
{
	bool entered = atomic_load(&r->entered);
	int ret = call();

	if (!ret) {
		atomic_fetch_add(&r->through, 1);
		if (entered)
			atomic_fetch_add(&r->late, 1);
	} else if (ret != -ECAPMODE) {
		atomic_fetch_add(&r->strange, 1);
	}
	return entered;
}

static void *race_caller(void *arg)
{
	struct race *r = arg;

	race_call(r, r->call);
	pthread_barrier_wait(&r->start);
	while (!race_call(r, r->call))
		;
	return NULL;
}

static void *race_newborn(void *arg)
{
	struct race *r = arg;

	return race_call(r, r->call) ? r : NULL;
}

/* Makes threads, until one began after the entry. */
static void *race_cloner(void *arg)
{
	struct race *r = arg;
	void *entered = NULL;
	pthread_t thread;

	race_call(r, r->call);
	pthread_barrier_wait(&r->start);
	while (!entered) {
		if (pthread_create(&thread, NULL, race_newborn, r) ||
		    pthread_join(thread, &entered)) {
			atomic_fetch_add(&r->strange, 1);
			break;
		}
	}
	return NULL;
}

/* A process that was made after the entry is inside; before, who knows. */
static int call_in_fork(void)
{
	int pidfd, told;
	pid_t child;

	child = fork_fd(&pidfd);
	if (!child)
		_exit(tell());
	if (child < 0)
		return child;
	told = wait_fd(pidfd);
	if (told == TELL_INSIDE)
		return -ECAPMODE;
	return told == TELL_OUTSIDE ? 0 : -EINVAL;
}

struct race_run {
	void *(*thread)(void *arg);
	int (*call)(void);
};

static int run_race(void *arg)
{
	const struct race_run *run = arg;
	struct race r = { .call = run->call };
	pthread_t threads[THREADS];
	int i;

	STEP(!pthread_barrier_init(&r.start, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++)
		STEP(!pthread_create(&threads[i], NULL, run->thread, &r));
	pthread_barrier_wait(&r.start);
	STEP(!sys_cap_enter(0));
	atomic_store(&r.entered, true);
	STEP(run->call() == -ECAPMODE);
	for (i = 0; i < THREADS; i++)
		STEP(!pthread_join(threads[i], NULL));
	STEP(!atomic_load(&r.late));
	STEP(!atomic_load(&r.strange));
	/* Each has made one before all this. */
	STEP(atomic_load(&r.through) >= THREADS);
	return 0;
}

#define RACE(thread, call) do { \
	struct race_run __run = { thread, call }; \
	int __round; \
	for (__round = 0; __round < ROUNDS; __round++) { \
		ASSERT_EQ(0, in_child(run_race, &__run)); \
	} \
} while (0)

TEST(racing_calls)
{
	REQUIRE_CAPMODE();
	RACE(race_caller, call_getcwd);
	RACE(race_caller, call_open);
	RACE(race_caller, call_kill);
}

TEST(racing_calls_of_other_abis)
{
	REQUIRE_CAPMODE();
	if (!have_int80() && !have_x32())
		SKIP(return, "there are no other ABIs");
	if (have_int80())
		RACE(race_caller, call_getcwd_int80);
	if (have_x32())
		RACE(race_caller, call_getcwd_x32);
}

TEST(racing_clone)
{
	REQUIRE_CAPMODE();
	RACE(race_cloner, call_getcwd);
	RACE(race_cloner, call_open);
}

TEST(racing_fork)
{
	REQUIRE_CAPMODE();
	RACE(race_caller, call_in_fork);
}

/* New processes made by new threads. */
TEST(racing_clone_and_fork)
{
	REQUIRE_CAPMODE();
	RACE(race_cloner, call_in_fork);
}

static void *race_enter(void *arg)
{
	struct race *r = arg;

	pthread_barrier_wait(&r->start);
	while (sys_cap_enter(0))
		;
	atomic_store(&r->entered, true);
	return NULL;
}

/* All of them enter at the same time. */
static int all_enter(void *arg)
{
	pthread_t threads[THREADS];
	struct race r = {};
	int i;

	STEP(!pthread_barrier_init(&r.start, NULL, THREADS));
	for (i = 0; i < THREADS; i++)
		STEP(!pthread_create(&threads[i], NULL, race_enter, &r));
	for (i = 0; i < THREADS; i++)
		STEP(!pthread_join(threads[i], NULL));
	return tell();
}

TEST(racing_entries)
{
	int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(TELL_INSIDE, in_child(all_enter, NULL));
	}
}

/* ---- exec, which ends all other threads ---- */

/* In shared memory: what was found is asked after the exec. */
static struct race *shared;

static void *race_exec(void *arg)
{
	pthread_barrier_wait(&shared->start);
	sys_execveat(shared->self, "", tell_argv, tell_env, AT_EMPTY_PATH);
	return NULL;
}

static int exec_meanwhile(bool thread_execs, int *pidfd)
{
	pid_t child = fork_fd(pidfd);
	pthread_t thread;

	if (child)
		return child;
	alarm(TEST_TIMEOUT_DEFAULT / 4);
	if (thread_execs) {
		pthread_create(&thread, NULL, race_exec, NULL);
		race_enter(shared);
		/* The other ends us. */
		pthread_join(thread, NULL);
	} else {
		pthread_create(&thread, NULL, race_enter, shared);
		race_exec(NULL);
	}
	_exit(100);
}

/* Whoever is first, the program that comes is not of two minds. */
TEST(racing_exec)
{
	int told[TELL_UNCLEAR + 1] = {}, round, pidfd, ret;
	pthread_barrierattr_t attr;
	bool entered;

	REQUIRE_CAPMODE();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	shared->self = open_self();
	ASSERT_LE(0, shared->self);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (round = 0; round < 4 * ROUNDS; round++) {
		pthread_barrier_init(&shared->start, &attr, 2);
		atomic_store(&shared->entered, false);
		ASSERT_LT(0, exec_meanwhile(round % 2, &pidfd));
		ret = wait_fd(pidfd);
		entered = atomic_load(&shared->entered);
		ASSERT_TRUE(ret == TELL_INSIDE || ret == TELL_OUTSIDE)
			TH_LOG("round %d: %d", round, ret);
		if (entered) {
			ASSERT_EQ(TELL_INSIDE, ret);
		}
		told[ret]++;
	}
	TH_LOG("%d inside, %d outside", told[TELL_INSIDE], told[TELL_OUTSIDE]);
}

/* ---- a child between vfork() and exec ---- */

/* What comes of it waits for a byte, and says on which side it is. */
static void __attribute__((constructor)) say_if_asked(void)
{
	const char *fds = getenv("CAPMODE_SAY");
	int in, out;
	char c;

	if (!fds || sscanf(fds, "%d,%d", &in, &out) != 2)
		return;
	if (read(in, &c, 1) != 1)
		_exit(100);
	c = tell();
	if (write(out, &c, 1) != 1)
		_exit(100);
	_exit(c);
}

/* When the parent enters. */
enum when { NEVER, MEANWHILE, BEFORE };

/*
 * The thread that makes the child waits until that has other memory; the main
 * thread tells the child, and then its program, when to go on.
 */
struct in_flight {
	int up[2], down[2];
	int self;		/* the program */
	char stack[65536];
	int pidfd;
	int child;		/* what it tells before it execs */
	int by_path;		/* why it could not do that by path */
	atomic_bool resumed;
	int thread;		/* what that tells after this */
	bool alive;		/* the child, then */
	int status;
};

static int child_in_flight(void *arg)
{
	struct in_flight *f = arg;
	char say[64], *env[] = { say, NULL };
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(say, sizeof(say), "CAPMODE_SAY=%d,%d", f->down[0], f->up[1]);
	if (write(f->up[1], "c", 1) == 1 && read(f->down[0], &c, 1) == 1) {
		f->child = tell();
		f->by_path = RET(execve("/proc/self/exe", tell_argv, env));
		sys_execveat(f->self, "", tell_argv, env, AT_EMPTY_PATH);
	}
	_exit(100);
}

static void *make_child(void *arg)
{
	struct in_flight *f = arg;
	siginfo_t info = {};

	f->status = RET(clone(child_in_flight, f->stack + sizeof(f->stack),
			      CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
			      f, &f->pidfd));
	atomic_store(&f->resumed, true);
	f->thread = tell();
	f->alive = f->status > 0 &&
		   !waitid(P_PIDFD, f->pidfd, &info,
			   WEXITED | WNOHANG | WNOWAIT) && !info.si_signo;
	if (write(f->up[1], "t", 1) == 1 && f->status > 0)
		f->status = wait_fd(f->pidfd);
	return NULL;
}

static int heard(int fd)
{
	char c;

	return read(fd, &c, 1) == 1 ? c : NO_RESULT;
}

static int in_flight(void *arg)
{
	const enum when enters = *(enum when *)arg;
	const int parent = enters == NEVER ? TELL_OUTSIDE : TELL_INSIDE;
	const int child = enters == BEFORE ? TELL_INSIDE : TELL_OUTSIDE;
	static struct in_flight f;
	pthread_t thread;

	f.self = open_self();
	STEP(f.self >= 0);
	STEP(!pipe(f.up) && !pipe(f.down));
	if (enters == BEFORE)
		STEP(!sys_cap_enter(0));
	STEP(!pthread_create(&thread, NULL, make_child, &f));
	STEP(heard(f.up[0]) == 'c');
	/* One thread waits where no signal wakes it; that holds nobody up. */
	if (enters == MEANWHILE)
		STEP(!sys_cap_enter(0));
	STEP(tell() == parent);
	STEP(!atomic_load(&f.resumed));

	STEP(write(f.down[1], "x", 1) == 1);
	STEP(heard(f.up[0]) == 't');
	/* It has memory of its own, with the program still to begin. */
	STEP(f.alive);
	STEP(f.thread == parent);
	STEP(f.child == child);
	STEP(f.by_path == (enters == BEFORE ? -ECAPMODE : 0));

	STEP(write(f.down[1], "x", 1) == 1);
	STEP(heard(f.up[0]) == child);
	STEP(!pthread_join(thread, NULL));
	STEP(f.status == child);
	STEP(tell() == parent);
	return 0;
}

/* It is another process, whatever memory it has: the mode is not its. */
TEST(entry_with_vfork_in_flight)
{
	enum when enters;

	REQUIRE_CAPMODE();
	for (enters = NEVER; enters <= BEFORE; enters++) {
		EXPECT_EQ(0, in_child(in_flight, &enters))
			TH_LOG("case %d", enters);
	}
}

/* The child waits at two FIFOs, which it opens before it execs. */
struct spawn {
	char dir[32], here[48], go[48];
	enum when enters;
	int up[2];
	int err;
	atomic_bool resumed;
	int thread;
};

#define SAY_IN		100
#define SAY_OUT		101

static void *spawn_child(void *arg)
{
	char say[64], *env[] = { say, NULL };
	posix_spawn_file_actions_t fa;
	struct spawn *s = arg;
	pid_t pid;

	snprintf(say, sizeof(say), "CAPMODE_SAY=%d,%d", SAY_IN, SAY_OUT);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, SAY_OUT, s->here, O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&fa, SAY_IN, s->go, O_RDONLY, 0);
	s->err = posix_spawn(&pid, "/proc/self/exe", &fa, NULL, tell_argv, env);
	atomic_store(&s->resumed, true);
	s->thread = tell();
	if (write(s->up[1], "t", 1) != 1)
		s->thread = NO_RESULT;
	return NULL;
}

static int spawn_in_flight(void *arg)
{
	struct spawn *s = arg;
	const int parent = s->enters == NEVER ? TELL_OUTSIDE : TELL_INSIDE;
	int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_t thread;
	int here, go;

	STEP(dir >= 0);
	STEP(!pipe2(s->up, O_CLOEXEC));
	STEP(!pthread_create(&thread, NULL, spawn_child, s));
	here = open(s->here, O_RDONLY | O_CLOEXEC);
	STEP(here >= 0);
	if (s->enters == MEANWHILE)
		STEP(!sys_cap_enter(0));
	STEP(tell() == parent);
	STEP(!atomic_load(&s->resumed));

	/* The child's is a name that begins at the root, and is none of ours. */
	go = openat(dir, "go", O_WRONLY | O_CLOEXEC);
	STEP(go >= 0);
	STEP(heard(s->up[0]) == 't');
	STEP(!s->err);
	STEP(s->thread == parent);
	STEP(write(go, "x", 1) == 1);
	STEP(heard(here) == TELL_OUTSIDE);
	STEP(!pthread_join(thread, NULL));
	STEP(tell() == parent);
	return 0;
}

static int spawn_by_path(void *arg)
{
	int err, status;
	pid_t pid;

	err = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, tell_argv,
			  tell_env);
	if (err)
		return -err;
	STEP(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : NO_RESULT;
}

TEST(entry_with_spawn_in_flight)
{
	struct spawn s = { .dir = "/tmp/capsicum.XXXXXX" };

	REQUIRE_CAPMODE();
	ASSERT_TRUE(!!mkdtemp(s.dir));
	snprintf(s.here, sizeof(s.here), "%s/here", s.dir);
	snprintf(s.go, sizeof(s.go), "%s/go", s.dir);
	for (s.enters = NEVER; s.enters <= MEANWHILE; s.enters++) {
		/* New ones: the last program may be about to exit. */
		ASSERT_EQ(0, mkfifo(s.here, 0600));
		ASSERT_EQ(0, mkfifo(s.go, 0600));
		EXPECT_EQ(0, in_child(spawn_in_flight, &s))
			TH_LOG("case %d", s.enters);
		EXPECT_EQ(0, unlink(s.here));
		EXPECT_EQ(0, unlink(s.go));
	}
	EXPECT_EQ(TELL_OUTSIDE, in_child(spawn_by_path, NULL));
	EXPECT_EQ(-ECAPMODE, capmode_run(spawn_by_path, NULL));
	EXPECT_EQ(0, rmdir(s.dir));
}

/* ---- threads that are not alike ---- */

#define ANSWER	71

struct peer {
	pthread_t thread;
	pthread_barrier_t *step;
	int nr;			/* its own filter refuses this, 0: none */
	int status;		/* its /proc/.../status, open */
	int getppid, getpgid, getcwd;
};

/* @flags: SECCOMP_FILTER_FLAG_TSYNC, for all threads. */
static int refuse_one(int nr, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ANSWER),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return RET(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

static int open_status(void)
{
	return RET(open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC));
}

/* As it is now, whoever asks. */
static long read_status(int fd, const char *key)
{
	char buf[8192], want[64], *p;
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return -errno;
	buf[n] = 0;
	snprintf(want, sizeof(want), "\n%s:\t", key);
	p = strstr(buf, want);
	return p ? strtol(p + strlen(want), NULL, 10) : -ENOENT;
}

static void *peer(void *arg)
{
	struct peer *p = arg;

	p->status = open_status();
	if (p->nr && refuse_one(p->nr, 0))
		p->nr = -1;
	pthread_barrier_wait(p->step);
	pthread_barrier_wait(p->step);
	p->getppid = RET(syscall(__NR_getppid));
	p->getpgid = RET(syscall(__NR_getpgid, 0));
	p->getcwd = try_getcwd();
	pthread_barrier_wait(p->step);
	return NULL;
}

static int different_filters(void *arg)
{
	struct peer peers[3] = {
		{ .nr = __NR_getppid }, { .nr = __NR_getpgid }, { .nr = 0 },
	};
	pthread_barrier_t step;
	unsigned int i;

	STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	STEP(!pthread_barrier_init(&step, NULL, ARRAY_SIZE(peers) + 1));
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		peers[i].step = &step;
		STEP(!pthread_create(&peers[i].thread, NULL, peer, &peers[i]));
	}
	pthread_barrier_wait(&step);
	STEP(peers[0].nr > 0 && peers[1].nr > 0);
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		STEP(read_status(peers[i].status, "Seccomp") ==
		     (peers[i].nr ? SECCOMP_MODE_FILTER : 0));
	STEP(!sys_cap_enter(0));
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		STEP(read_status(peers[i].status, "Seccomp") ==
		     SECCOMP_MODE_CAPABILITY);
		STEP(read_status(peers[i].status, "Seccomp_filters") ==
		     !!peers[i].nr);
		STEP(read_status(peers[i].status, "NoNewPrivs") == 1);
	}
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		STEP(!pthread_join(peers[i].thread, NULL));

	STEP(peers[0].getppid == -ANSWER && peers[0].getpgid >= 0);
	STEP(peers[1].getppid > 0 && peers[1].getpgid == -ANSWER);
	STEP(peers[2].getppid > 0 && peers[2].getpgid >= 0);
	for (i = 0; i < ARRAY_SIZE(peers); i++)
		STEP(peers[i].getcwd == -ECAPMODE);
	/* The one that has entered got no filter by that. */
	STEP(syscall(__NR_getppid) > 0);
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(threads_keep_their_filters)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(different_filters, NULL));
}

/*
 * One thread enters, one has a filter for all, and one does neither: all that
 * there are come to be in the mode and to have the filter, whoever is first.
 */
struct sync {
	pthread_barrier_t start, done;
	int tsync;
	atomic_int mistakes;
};

static int sync_begin(struct sync *s)
{
	const int status = open_status();

	pthread_barrier_wait(&s->start);
	return status;
}

static void sync_check(struct sync *s, int status)
{
	pthread_barrier_wait(&s->done);
	if (tell() != TELL_INSIDE ||
	    read_status(status, "Seccomp") != SECCOMP_MODE_CAPABILITY ||
	    read_status(status, "Seccomp_filters") != 1 ||
	    RET(syscall(__NR_getppid)) != -ANSWER)
		atomic_fetch_add(&s->mistakes, 1);
}

static void *sync_filter(void *arg)
{
	struct sync *s = arg;
	const int status = sync_begin(s);

	s->tsync = refuse_one(__NR_getppid, SECCOMP_FILTER_FLAG_TSYNC);
	sync_check(s, status);
	return NULL;
}

static void *sync_neither(void *arg)
{
	struct sync *s = arg;
	const int status = sync_begin(s);

	sync_check(s, status);
	return NULL;
}

static int enter_and_filter(void *arg)
{
	struct sync s = { .tsync = NO_RESULT };
	pthread_t filter, neither;
	int status;

	STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	STEP(!pthread_barrier_init(&s.start, NULL, 3));
	STEP(!pthread_barrier_init(&s.done, NULL, 3));
	STEP(!pthread_create(&filter, NULL, sync_filter, &s));
	STEP(!pthread_create(&neither, NULL, sync_neither, &s));
	status = sync_begin(&s);
	STEP(!sys_cap_enter(0));
	sync_check(&s, status);
	STEP(!pthread_join(filter, NULL));
	STEP(!pthread_join(neither, NULL));
	STEP(!s.tsync);
	STEP(!atomic_load(&s.mistakes));
	return 0;
}

TEST(racing_filter_for_all)
{
	int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < 4 * ROUNDS; i++)
		ASSERT_EQ(0, in_child(enter_and_filter, NULL));
}

struct strict {
	int to[2], from[2];
	pid_t tid;
	int status;
	int nr;			/* the call that is its last */
	atomic_bool survived;
};

static void *strict_thread(void *arg)
{
	struct strict *s = arg;
	char c;

	s->status = open_status();
	s->tid = syscall(__NR_gettid);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		return NULL;
	/* Nothing but read, write and exit from here. */
	if (write(s->from[1], "s", 1) != 1 || read(s->to[0], &c, 1) != 1 ||
	    write(s->from[1], "t", 1) != 1 || read(s->to[0], &c, 1) != 1)
		return NULL;
	syscall(s->nr, 0);
	atomic_store(&s->survived, true);
	return NULL;
}

/* A filter that allows everything, for all threads. */
static int try_tsync(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return RET(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_TSYNC, &prog));
}

static int with_strict_thread(void *arg)
{
	struct strict s = { .nr = *(int *)arg };
	pthread_t thread;
	char c;

	STEP(!pipe(s.to) && !pipe(s.from));
	STEP(!pthread_create(&thread, NULL, strict_thread, &s));
	STEP(read(s.from[0], &c, 1) == 1 && c == 's');
	STEP(read_status(s.status, "Seccomp") == SECCOMP_MODE_STRICT);
	STEP(!sys_cap_enter(0));
	STEP(read_status(s.status, "Seccomp") == SECCOMP_MODE_STRICT);
	STEP(read_status(s.status, "NoNewPrivs") == 1);
	STEP(tell() == TELL_INSIDE);
	/* What is for all threads cannot be for this one. */
	STEP(try_tsync() == s.tid);
	STEP(read_status(s.status, "Seccomp") == SECCOMP_MODE_STRICT);
	/* It goes on as before ... */
	STEP(write(s.to[1], "x", 1) == 1);
	STEP(read(s.from[0], &c, 1) == 1 && c == 't');
	/* ... and dies of its last, alone. */
	STEP(write(s.to[1], "x", 1) == 1);
	STEP(!pthread_join(thread, NULL));
	STEP(!atomic_load(&s.survived));
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(strict_thread_stays_strict)
{
	const int calls[] = { __NR_getpid, __NR_getcwd, __NR_cap_enter };
	unsigned int i;
	int nr;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		nr = calls[i];
		EXPECT_EQ(0, in_child(with_strict_thread, &nr));
	}
}

/* ---- others ---- */

static char leader_state(void)
{
	char buf[512] = "", *p;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		return 0;
	close(fd);
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : 0;
}

static void *outlive(void *arg)
{
	int *told = arg;

	/* The main thread ends, and stays as a zombie. */
	while (leader_state() != 'Z')
		sched_yield();
	if (!sys_cap_enter(0))
		*told = tell();
	_exit(0);
}

static int leader_ends(void *arg)
{
	pthread_t thread;

	STEP(!pthread_create(&thread, NULL, outlive, arg));
	return RET(syscall(__NR_exit, 0));
}

TEST(leader_has_ended)
{
	int *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE_CAPMODE();
	ASSERT_TRUE(told != MAP_FAILED);
	EXPECT_EQ(NO_RESULT, in_child(leader_ends, told));
	EXPECT_EQ(TELL_INSIDE, *told);
}

static void enter_in_handler(int sig)
{
	sys_cap_enter(0);
}

/*
 * A call that a signal interrupts is made again after the handler: and refused
 * when it was the handler that entered.
 */
static int restarted(void *arg)
{
	struct sigaction sa = { .sa_flags = SA_RESTART };
	pid_t self = getpid();
	pid_t child;
	int ret;

	sa.sa_handler = *(bool *)arg ? enter_in_handler : SIG_IGN;
	STEP(!sigaction(SIGUSR1, &sa, NULL));
	child = fork();
	if (!child) {
		/* Ends with its parent, or after that. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(TEST_TIMEOUT_DEFAULT / 4);
		while (thread_state(self, self) != 'S')
			usleep(1000);
		kill(self, SIGUSR1);
		if (!*(bool *)arg)
			_exit(0);
		for (;;)
			pause();
	}
	ret = RET(waitpid(child, NULL, 0));
	return ret == child ? 0 : ret;
}

TEST(restarted_call)
{
	bool enters = true, stays = false;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(restarted, &stays));
	EXPECT_EQ(-ECAPMODE, in_child(restarted, &enters));
}

/* ---- io_uring ---- */

#define REQUIRE_IO_URING() do { \
	REQUIRE_CAPMODE(); \
	if (!have_io_uring()) \
		SKIP(return, "no io_uring"); \
} while (0)

struct ring_case {
	unsigned int setup;	/* IORING_SETUP_ */
	unsigned int flags;	/* IOSQE_ */
};

static const struct ring_case ring_cases[] = {
	{ 0, 0 },
	{ 0, IOSQE_ASYNC },
	{ IORING_SETUP_SQPOLL, 0 },
	{ IORING_SETUP_SQPOLL, IOSQE_ASYNC },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0 },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	  IOSQE_ASYNC },
};

static int ring_open(struct ring *r, unsigned int flags)
{
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY |
					     O_DIRECTORY);
	int ret;

	sqe.flags = flags;
	ret = ring_one(r, &sqe);
	if (ret < 0)
		return ret;
	close(ret);
	return 0;
}

/* The ring, its thread and its workers are from before. */
static int ring_from_before(void *arg)
{
	const struct ring_case *c = arg;
	struct ring r;

	STEP(!ring_setup(&r, 8, c->setup));
	STEP(!ring_open(&r, c->flags));
	STEP(!sys_cap_enter(0));
	STEP(ring_open(&r, c->flags) == -ECAPMODE);
	STEP(ring_open(&r, c->flags ^ IOSQE_ASYNC) == -ECAPMODE);
	return 0;
}

static int ring_from_after(void *arg)
{
	const struct ring_case *c = arg;
	struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	struct ring r;

	STEP(!sys_cap_enter(0));
	STEP(!ring_setup(&r, 8, c->setup));
	/* What names nothing works. */
	STEP(!ring_one(&r, &nop));
	STEP(ring_open(&r, c->flags) == -ECAPMODE);
	return 0;
}

/* Written into the ring before, submitted after. */
static int ring_prepared(void *arg)
{
	const struct ring_case *c = arg;
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY |
					     O_DIRECTORY);
	struct io_uring_cqe cqe;
	struct ring r;

	sqe.flags = c->flags;
	STEP(!ring_setup(&r, 8, c->setup));
	STEP(!ring_open(&r, c->flags));
	ring_queue(&r, &sqe);
	STEP(!sys_cap_enter(0));
	STEP(ring_submit(&r, 1, 1) == 1);
	STEP(ring_reap(&r, &cqe));
	STEP(cqe.res == -ECAPMODE);
	return 0;
}

/* Submitted before, as the second of a chain that goes on after. */
struct linked {
	const struct ring_case *c;
	bool enter;
};

static int ring_linked(void *arg)
{
	const struct linked *l = arg;
	const struct ring_case *c = l->c;
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY |
					     O_DIRECTORY);
	struct io_uring_sqe read = {
		.opcode = IORING_OP_READ,
		.flags = IOSQE_IO_LINK,
		.len = 1,
		.user_data = 1,
	};
	struct io_uring_cqe cqe;
	int fds[2], seen = 0;
	struct ring r;
	char buf;

	STEP(!pipe(fds));
	read.fd = fds[0];
	read.addr = (uintptr_t)&buf;
	sqe.flags = c->flags;
	sqe.user_data = 2;
	STEP(!ring_setup(&r, 8, c->setup));
	STEP(!ring_open(&r, c->flags));
	ring_queue_all(&r, (struct io_uring_sqe[]){ read, sqe }, 2);
	STEP(ring_submit(&r, 2, 0) == 2);
	if (c->setup & IORING_SETUP_SQPOLL) {
		while (__atomic_load_n(r.sq_head, __ATOMIC_ACQUIRE) !=
		       *r.sq_tail)
			sched_yield();
	}
	if (l->enter)
		STEP(!sys_cap_enter(0));
	STEP(write(fds[1], "x", 1) == 1);
	while (seen < 2) {
		if (!ring_reap(&r, &cqe)) {
			STEP(ring_submit(&r, 0, 1) >= 0);
			continue;
		}
		seen++;
		if (cqe.user_data == 1)
			STEP(cqe.res == 1);
		else
			STEP(l->enter ? cqe.res == -ECAPMODE : cqe.res >= 0);
	}
	return 0;
}

TEST(ring_made_before)
{
	unsigned int i;

	REQUIRE_IO_URING();
	for (i = 0; i < ARRAY_SIZE(ring_cases); i++)
		EXPECT_EQ(0, in_child(ring_from_before,
				      (void *)&ring_cases[i]))
			TH_LOG("case %u", i);
}

TEST(ring_made_after)
{
	unsigned int i;

	REQUIRE_IO_URING();
	for (i = 0; i < ARRAY_SIZE(ring_cases); i++)
		EXPECT_EQ(0, in_child(ring_from_after,
				      (void *)&ring_cases[i]))
			TH_LOG("case %u", i);
}

/* Not with a thread that polls: it may have been faster than we. */
TEST(ring_request_prepared)
{
	unsigned int i;

	REQUIRE_IO_URING();
	for (i = 0; i < ARRAY_SIZE(ring_cases); i++) {
		if (ring_cases[i].setup & IORING_SETUP_SQPOLL)
			continue;
		EXPECT_EQ(0, in_child(ring_prepared, (void *)&ring_cases[i]))
			TH_LOG("case %u", i);
	}
}

TEST(ring_request_linked)
{
	struct linked l;
	unsigned int i;

	REQUIRE_IO_URING();
	for (i = 0; i < ARRAY_SIZE(ring_cases); i++) {
		l.c = &ring_cases[i];
		l.enter = false;
		EXPECT_EQ(0, in_child(ring_linked, &l))
			TH_LOG("case %u", i);
		l.enter = true;
		EXPECT_EQ(0, in_child(ring_linked, &l))
			TH_LOG("case %u", i);
	}
}

/* Registered credentials are no way out, either. */
static int ring_personality(void *arg)
{
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY |
					     O_DIRECTORY);
	struct ring r;
	int id;

	STEP(!ring_setup(&r, 8, 0));
	id = RET(syscall(__NR_io_uring_register, r.fd,
			 IORING_REGISTER_PERSONALITY, NULL, 0));
	STEP(id > 0);
	sqe.personality = id;
	STEP(ring_one(&r, &sqe) >= 0);
	STEP(!sys_cap_enter(0));
	STEP(ring_one(&r, &sqe) == -ECAPMODE);
	sqe.flags = IOSQE_ASYNC;
	STEP(ring_one(&r, &sqe) == -ECAPMODE);
	return 0;
}

TEST(ring_with_personality)
{
	REQUIRE_IO_URING();
	EXPECT_EQ(0, in_child(ring_personality, NULL));
}

/* A ring that the parent, who is outside, has made: it works for who calls. */
static int use_inherited_ring(void *arg)
{
	struct ring *r = arg;
	int ret = ring_open(r, 0);

	STEP(ret == ring_open(r, IOSQE_ASYNC));
	return ret;
}

TEST(ring_of_parent)
{
	struct ring r;

	REQUIRE_IO_URING();
	ASSERT_EQ(0, ring_setup(&r, 8, 0));
	ASSERT_EQ(0, ring_open(&r, IOSQE_ASYNC));
	EXPECT_ECAPMODE(use_inherited_ring, &r);
	EXPECT_EQ(0, ring_open(&r, 0));
	EXPECT_EQ(0, ring_open(&r, IOSQE_ASYNC));
}

/*
 * The threads that work for a process work for all of its rings: how many they
 * are, and where, can be said by way of any ring that it uses.
 */
static const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

static const unsigned int about_workers[] = {
	IORING_REGISTER_IOWQ_MAX_WORKERS,
	IORING_REGISTER_IOWQ_AFF,
	IORING_UNREGISTER_IOWQ_AFF,
};

struct workers {
	struct ring *ring;
	unsigned int op;
	bool uses;	/* who says it uses the ring */
};

static int limit_workers(struct ring *r, uint32_t n)
{
	uint32_t limits[2] = { n, n };

	return IO_REGISTER(r, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2);
}

/* Asking for none changes nothing, and tells. */
static bool workers_are(struct ring *r, uint32_t n)
{
	uint32_t limits[2] = { 0, 0 };

	return !IO_REGISTER(r, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) &&
	       limits[0] == n && limits[1] == n;
}

static int set_workers(void *arg)
{
	const struct workers *w = arg;
	unsigned long cpus = 1;

	if (w->uses)
		STEP(!ring_one(w->ring, &nop));
	switch (w->op) {
	case IORING_REGISTER_IOWQ_MAX_WORKERS:
		return limit_workers(w->ring, 1);
	case IORING_REGISTER_IOWQ_AFF:
		return IO_REGISTER(w->ring, w->op, &cpus, sizeof(cpus));
	default:
		return IO_REGISTER(w->ring, w->op, NULL, 0);
	}
}

TEST(workers_of_parent)
{
	struct ring r, other, given;
	struct workers w;
	int i;

	REQUIRE_IO_URING();
	ASSERT_EQ(0, ring_setup(&r, 8, 0));
	ASSERT_EQ(0, ring_setup(&other, 8, 0));
	ASSERT_EQ(0, ring_one(&r, &nop));
	ASSERT_EQ(0, ring_one(&other, &nop));
	given = r;
	given.fd = limit_all(r.fd);
	ASSERT_LE(0, given.fd);
	ASSERT_EQ(0, limit_workers(&r, 3));
	for (i = 0; i < 4; i++) {
		w.ring = i / 2 ? &given : &r;
		w.uses = i % 2;
		w.op = IORING_REGISTER_IOWQ_MAX_WORKERS;
		EXPECT_EQ(-ECAPMODE, capmode_run(set_workers, &w));
		EXPECT_TRUE(workers_are(&other, 3));
		EXPECT_EQ(0, in_child(set_workers, &w));
		EXPECT_TRUE(workers_are(&other, 1));
		EXPECT_EQ(0, limit_workers(&r, 3));
		if (!w.uses)
			continue;
		/* Where they are is said to one's own only. */
		w.op = IORING_REGISTER_IOWQ_AFF;
		EXPECT_BOTH(set_workers, &w);
		w.op = IORING_UNREGISTER_IOWQ_AFF;
		EXPECT_BOTH(set_workers, &w);
	}
	close(given.fd);
	ring_free(&r);
	ring_free(&other);
}

/* A ring of one's own gets a thread of its own, whatever it is attached to. */
static int set_attached_workers(void *arg)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQPOLL | IORING_SETUP_ATTACH_WQ,
		.wq_fd = ((struct ring *)arg)->fd,
	};
	struct workers w;
	struct ring r;
	size_t i;

	STEP(!ring_setup_with(&r, 8, &p));
	w = (struct workers){ .ring = &r };
	for (i = 0; i < ARRAY_SIZE(about_workers); i++) {
		w.op = about_workers[i];
		STEP(!set_workers(&w));
	}
	STEP(workers_are(&r, 1));
	ring_free(&r);
	return 0;
}

/* The thread that polls is that of who made the ring, as are its workers. */
TEST(workers_of_polled_ring_of_parent)
{
	struct ring r, given;
	struct workers w = { .uses = true };
	size_t i;

	REQUIRE_IO_URING();
	ASSERT_EQ(0, ring_setup(&r, 8, IORING_SETUP_SQPOLL));
	ASSERT_EQ(0, ring_one(&r, &nop));
	given = r;
	given.fd = limit_all(r.fd);
	ASSERT_LE(0, given.fd);
	ASSERT_EQ(0, limit_workers(&r, 3));
	EXPECT_BOTH(set_attached_workers, &r);
	for (i = 0; i < 2 * ARRAY_SIZE(about_workers); i++) {
		w.ring = i % 2 ? &given : &r;
		w.op = about_workers[i / 2];
		EXPECT_EQ(-ECAPMODE, capmode_run(set_workers, &w))
			TH_LOG("operation %u", w.op);
		EXPECT_TRUE(workers_are(&r, 3));
		EXPECT_EQ(0, in_child(set_workers, &w))
			TH_LOG("operation %u outside", w.op);
		EXPECT_EQ(w.op == IORING_REGISTER_IOWQ_MAX_WORKERS,
			  workers_are(&r, 1));
		EXPECT_EQ(0, limit_workers(&r, 3));
	}
	close(given.fd);
	ring_free(&r);
}

/* Made before, when this is run outside, and after. */
static int set_own_workers(void *arg)
{
	struct ring r;
	struct workers w = { .ring = &r };
	size_t i;

	STEP(!ring_setup(&r, 8, *(unsigned int *)arg));
	STEP(!ring_one(&r, &nop));
	STEP(!sys_cap_enter(0));
	for (i = 0; i < ARRAY_SIZE(about_workers); i++) {
		w.op = about_workers[i];
		w.uses = false;
		STEP(!set_workers(&w));
		STEP(!limit_workers(&r, 3));
		/* Both threads use the ring then. */
		w.uses = true;
		STEP(!in_thread(set_workers, &w));
		STEP(workers_are(&r, w.op == IORING_REGISTER_IOWQ_MAX_WORKERS ?
				 1 : 3));
	}
	return 0;
}

TEST(workers_of_own_ring)
{
	unsigned int setup[] = { 0, IORING_SETUP_SQPOLL };
	size_t i;

	REQUIRE_IO_URING();
	for (i = 0; i < ARRAY_SIZE(setup); i++) {
		EXPECT_EQ(0, in_child(set_own_workers, &setup[i]));
		EXPECT_EQ(0, capmode_run(set_own_workers, &setup[i]));
	}
}

/* Has a ring of its own, too: of the shared one it may be refused to ask. */
static int use_shared_ring(struct ring *r, int from, int to)
{
	struct ring own;
	char n;

	STEP(!ring_setup(&own, 8, 0));
	STEP(!limit_workers(&own, 3));
	STEP(!ring_one(r, &nop));
	STEP(write(to, "u", 1) == 1);
	STEP(read(from, &n, 1) == 1);
	STEP(workers_are(&own, n));
	return 0;
}

/* One's own ring is shared for as long as somebody else uses it. */
static int set_shared_workers(void *arg)
{
	struct ring r;
	struct workers w = {
		.ring = &r,
		.op = IORING_REGISTER_IOWQ_MAX_WORKERS,
	};
	int up[2], down[2], pidfd, ret;
	pid_t child;
	char n;

	STEP(!pipe(up) && !pipe(down));
	STEP(!ring_setup(&r, 8, 0));
	STEP(!limit_workers(&r, 3));
	child = fork_fd(&pidfd);
	if (!child) {
		close(up[0]);
		close(down[1]);
		_exit(use_shared_ring(&r, down[0], up[1]) != 0);
	}
	STEP(child > 0);
	close(up[1]);
	STEP(heard(up[0]) == 'u');
	ret = set_workers(&w);
	n = ret ? 3 : 1;
	STEP(write(down[1], &n, 1) == 1);
	STEP(!wait_fd(pidfd));
	STEP(!set_workers(&w));
	STEP(workers_are(&r, 1));
	return ret;
}

TEST(workers_of_shared_ring)
{
	REQUIRE_IO_URING();
	EXPECT_ECAPMODE(set_shared_workers, NULL);
}

/* A ring of one's own that is to have the polling thread of another. */
static int attach_ring(void *arg)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQPOLL | IORING_SETUP_ATTACH_WQ,
		.wq_fd = ((struct ring *)arg)->fd,
	};
	struct ring r;
	int ret;

	ret = ring_setup_with(&r, 8, &p);
	if (ret)
		return ret;
	ret = ring_open(&r, 0);
	STEP(ret == ring_open(&r, IOSQE_ASYNC));
	ring_free(&r);
	return ret;
}

TEST(ring_attached_to_that_of_parent)
{
	struct ring r;

	REQUIRE_IO_URING();
	ASSERT_EQ(0, ring_setup(&r, 8, IORING_SETUP_SQPOLL));
	ASSERT_EQ(0, ring_open(&r, 0));
	EXPECT_ECAPMODE(attach_ring, &r);
	EXPECT_EQ(0, ring_open(&r, 0));
	ring_free(&r);
}

/* Children by number, which wait4() cannot wait for either. */
static int ring_waitid(void *arg)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WAITID,
		.len = *(int *)arg,		/* P_PID, P_ALL, ... */
		.file_index = WEXITED,
	};
	struct ring r;
	int pidfd, ret;
	pid_t child;

	STEP(!ring_setup(&r, 8, 0));
	child = fork_fd(&pidfd);
	if (!child)
		_exit(0);
	STEP(child > 0);
	sqe.fd = sqe.len == P_PIDFD ? pidfd : sqe.len == P_PID ? child : 0;
	ret = ring_one(&r, &sqe);
	if (ret == -ECAPMODE) {
		/* It is still there to be waited for. */
		sqe.flags = IOSQE_ASYNC;
		STEP(ring_one(&r, &sqe) == -ECAPMODE);
		STEP(!wait_fd(pidfd));
	}
	return ret;
}

TEST(ring_waits)
{
	int which = P_PIDFD;

	REQUIRE_IO_URING();
	if (in_child(ring_waitid, &which) == -EINVAL)
		SKIP(return, "no IORING_OP_WAITID");
	EXPECT_BOTH(ring_waitid, &which);
	which = P_PID;
	EXPECT_ECAPMODE(ring_waitid, &which);
	which = P_ALL;
	EXPECT_ECAPMODE(ring_waitid, &which);
	which = P_PGID;
	EXPECT_ECAPMODE(ring_waitid, &which);
}

/* One ring a thread; workers come and go while somebody enters. */
static __thread struct ring own_ring;

static int call_ring(unsigned int setup, unsigned int flags)
{
	int err;

	if (!own_ring.mem) {
		err = ring_setup(&own_ring, 4, setup);
		if (err)
			return err;
	}
	return ring_open(&own_ring, flags);
}

static int call_ring_async(void)
{
	return call_ring(0, IOSQE_ASYNC);
}

static int call_ring_sqpoll(void)
{
	return call_ring(IORING_SETUP_SQPOLL, 0);
}

/* A new ring for each, and so new threads of the kernel's. */
static int call_new_ring(void)
{
	struct ring r;
	int err = ring_setup(&r, 4, IORING_SETUP_SQPOLL);

	if (err)
		return err;
	err = ring_open(&r, IOSQE_ASYNC);
	ring_free(&r);
	return err;
}

TEST(racing_ring_workers)
{
	REQUIRE_IO_URING();
	RACE(race_caller, call_ring_async);
}

TEST(racing_ring_threads)
{
	REQUIRE_IO_URING();
	RACE(race_caller, call_ring_sqpoll);
}

TEST(racing_new_rings)
{
	REQUIRE_IO_URING();
	RACE(race_caller, call_new_ring);
}

TEST_HARNESS_MAIN
