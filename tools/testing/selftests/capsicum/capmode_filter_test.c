// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode beside seccomp filters: in either order, the stricter answer
 * wins, and nobody who is asked by a filter can open the door.
 */
#include "capmode.h"

#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#define NOBODY	65534
#define ANSWER	71	/* an errno that nobody else uses */

static int no_new_privs(void)
{
	return RET(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* @action for the call @nr of whatever ABI, else @other; returns as seccomp(2). */
static int add_filter(int nr, unsigned int action, unsigned int other,
		      unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, other),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return RET(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			   &prog));
}

static int filter_one(int nr, unsigned int action)
{
	return add_filter(nr, action, SECCOMP_RET_ALLOW, 0);
}

/* ---- filter and door, in either order ---- */

enum order { FILTER_ONLY, FILTER_FIRST, MODE_FIRST };

struct stack {
	enum order order;
	int nr;			/* the call that the filter knows, and we make */
	unsigned int action;
};

static int call_nr(int nr)
{
	char buf[PATH_MAX];

	return RET(syscall(nr, buf, sizeof(buf)));
}

static int set_up(const struct stack *s)
{
	STEP(!no_new_privs());
	if (s->order == MODE_FIRST)
		STEP(!sys_cap_enter(0));
	STEP(!filter_one(s->nr, s->action));
	if (s->order == FILTER_FIRST)
		STEP(!sys_cap_enter(0));
	STEP(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) ==
	     (s->order == FILTER_ONLY ? SECCOMP_MODE_FILTER :
					SECCOMP_MODE_CAPABILITY));
	STEP(capmode_get() == (s->order != FILTER_ONLY));
	return 0;
}

static int run_stacked(void *arg)
{
	const struct stack *s = arg;
	int err = set_up(s);

	return err ? : call_nr(s->nr);
}

static int stacked(enum order order, int nr, unsigned int action)
{
	struct stack s = { order, nr, action };

	return in_child(run_stacked, &s);
}

/* What a filter alone answers, and what it does beside the mode. */
#define BESIDE(filter_only, both, nr, action) do { \
	EXPECT_EQ(filter_only, stacked(FILTER_ONLY, nr, action)); \
	EXPECT_EQ(both, stacked(FILTER_FIRST, nr, action)); \
	EXPECT_EQ(both, stacked(MODE_FIRST, nr, action)); \
} while (0)

TEST(filter_is_stricter)
{
	REQUIRE_CAPMODE();
	BESIDE(-ANSWER, -ANSWER, __NR_getppid, SECCOMP_RET_ERRNO | ANSWER);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getppid,
	       SECCOMP_RET_TRAP);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getppid,
	       SECCOMP_RET_KILL_THREAD);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getppid,
	       SECCOMP_RET_KILL_PROCESS);
	BESIDE(-ENOSYS, -ENOSYS, __NR_getppid, SECCOMP_RET_TRACE);
}

TEST(filter_answers_for_denied)
{
	REQUIRE_CAPMODE();
	BESIDE(-ANSWER, -ANSWER, __NR_getcwd, SECCOMP_RET_ERRNO | ANSWER);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getcwd,
	       SECCOMP_RET_TRAP);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getcwd,
	       SECCOMP_RET_KILL_THREAD);
	BESIDE(KILLED_BY(SIGSYS), KILLED_BY(SIGSYS), __NR_getcwd,
	       SECCOMP_RET_KILL_PROCESS);
}

/* "ERRNO 0" makes believe that it worked, and nothing has been done. */
TEST(filter_fakes_success)
{
	REQUIRE_CAPMODE();
	BESIDE(0, 0, __NR_getcwd, SECCOMP_RET_ERRNO | 0);
}

#define EXPECT_DOOR(action) do { \
	EXPECT_EQ(-ECAPMODE, stacked(FILTER_FIRST, __NR_getcwd, action)); \
	EXPECT_EQ(-ECAPMODE, stacked(MODE_FIRST, __NR_getcwd, action)); \
} while (0)

TEST(door_is_stricter)
{
	REQUIRE_CAPMODE();
	EXPECT_LT(0, stacked(FILTER_ONLY, __NR_getcwd, SECCOMP_RET_ALLOW));
	EXPECT_DOOR(SECCOMP_RET_ALLOW);
	EXPECT_LT(0, stacked(FILTER_ONLY, __NR_getcwd, SECCOMP_RET_LOG));
	EXPECT_DOOR(SECCOMP_RET_LOG);
	/* Nobody traces, nobody listens. */
	EXPECT_EQ(-ENOSYS, stacked(FILTER_ONLY, __NR_getcwd,
				   SECCOMP_RET_TRACE));
	EXPECT_DOOR(SECCOMP_RET_TRACE);
	EXPECT_EQ(-ENOSYS, stacked(FILTER_ONLY, __NR_getcwd,
				   SECCOMP_RET_USER_NOTIF));
	EXPECT_DOOR(SECCOMP_RET_USER_NOTIF);
	/* Both let it through. */
	EXPECT_LT(0, stacked(FILTER_FIRST, __NR_getppid, SECCOMP_RET_ALLOW));
	EXPECT_LT(0, stacked(MODE_FIRST, __NR_getppid, SECCOMP_RET_ALLOW));
	EXPECT_LT(0, stacked(FILTER_FIRST, __NR_getppid, SECCOMP_RET_LOG));
	EXPECT_LT(0, stacked(MODE_FIRST, __NR_getppid, SECCOMP_RET_LOG));
}

/*
 * What a filter always allows is kept in a bitmap, which is looked at before
 * the filter runs. It must not be looked at instead of the door.
 */
static int many_times(void *arg)
{
	struct stack s = { *(enum order *)arg, __NR_getcwd, SECCOMP_RET_ALLOW };
	int i, err = set_up(&s);

	for (i = 0; i < 1000 && !err; i++) {
		STEP(call_nr(__NR_getcwd) == -ECAPMODE);
		STEP(call_nr(__NR_getppid) > 0);
	}
	return err;
}

TEST(bitmap_of_filters)
{
	enum order first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(many_times, &first));
	EXPECT_EQ(0, in_child(many_times, &mode));
}

static int other_abis(void *arg)
{
	struct stack s = { *(enum order *)arg, 99999, SECCOMP_RET_ALLOW };
	static const unsigned int i386_getcwd = 183, i386_getppid = 64;
	char *low = low_page();
	int err = set_up(&s);

	STEP(!err && low);
	if (have_int80()) {
		STEP(int80(i386_getppid, 0, 0, 0, 0, 0, 0) == getppid());
		STEP(int80(i386_getcwd, (uintptr_t)low, 4096, 0, 0, 0, 0) ==
		     (s.order == FILTER_ONLY ? (int)strlen(low) + 1 :
					       -ECAPMODE));
	}
	if (have_x32()) {
		STEP(call_nr(X32_BIT | __NR_getppid) == getppid());
		STEP((call_nr(X32_BIT | __NR_getcwd) == -ECAPMODE) ==
		     (s.order != FILTER_ONLY));
	}
	return 0;
}

TEST(filter_and_other_abis)
{
	enum order only = FILTER_ONLY, first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	if (!have_int80() && !have_x32())
		SKIP(return, "there are no other ABIs");
	EXPECT_EQ(0, in_child(other_abis, &only));
	EXPECT_EQ(0, in_child(other_abis, &first));
	EXPECT_EQ(0, in_child(other_abis, &mode));
}

/* A filter on each side of the door. */
static int sandwich(void *arg)
{
	STEP(!no_new_privs());
	STEP(!filter_one(__NR_getppid, SECCOMP_RET_ERRNO | ANSWER));
	STEP(!sys_cap_enter(0));
	STEP(!filter_one(__NR_getpgid, SECCOMP_RET_ERRNO | (ANSWER + 1)));
	STEP(!sys_cap_enter(0));
	STEP(call_nr(__NR_getppid) == -ANSWER);
	STEP(RET(syscall(__NR_getpgid, 0)) == -(ANSWER + 1));
	STEP(call_nr(__NR_getcwd) == -ECAPMODE);
	STEP(tell() == TELL_INSIDE);
	return 0;
}

TEST(filters_on_both_sides)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(sandwich, NULL));
}

/* A filter can refuse to let one in, as it can any call. */
static int no_entry(void *arg)
{
	STEP(!no_new_privs());
	STEP(!filter_one(__NR_cap_enter, SECCOMP_RET_ERRNO | ANSWER));
	STEP(sys_cap_enter(0) == -ANSWER);
	STEP(tell() == TELL_OUTSIDE);
	return 0;
}

TEST(filter_refuses_entry)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(no_entry, NULL));
}

static int as_nobody(void *arg)
{
	STEP(!setgroups(0, NULL));
	STEP(!setresgid(NOBODY, NOBODY, NOBODY));
	STEP(!setresuid(NOBODY, NOBODY, NOBODY));
	STEP(filter_one(__NR_getppid, SECCOMP_RET_ERRNO | ANSWER) == -EACCES);
	STEP(!sys_cap_enter(0));
	/* It has set no_new_privs. */
	STEP(!filter_one(__NR_getppid, SECCOMP_RET_ERRNO | ANSWER));
	STEP(call_nr(__NR_getppid) == -ANSWER);
	STEP(call_nr(__NR_getcwd) == -ECAPMODE);
	return 0;
}

TEST(unprivileged_filter)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	EXPECT_EQ(0, in_child(as_nobody, NULL));
}

/* ---- strict mode ---- */

static int strict_over_filter(void *arg)
{
	struct stack s = { *(enum order *)arg, __NR_getppid,
			   SECCOMP_RET_ERRNO | ANSWER };
	int err = set_up(&s);

	STEP(!err);
	STEP(RET(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) == -EINVAL);
	STEP(RET(syscall(__NR_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL)) ==
	     -EINVAL);
	STEP(call_nr(__NR_getppid) == -ANSWER);
	STEP(s.order == FILTER_ONLY || tell() == TELL_INSIDE);
	return 0;
}

/* It would take the filters' place. */
TEST(no_strict_mode_over_filters)
{
	enum order only = FILTER_ONLY, first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(strict_over_filter, &only));
	EXPECT_EQ(0, in_child(strict_over_filter, &first));
	EXPECT_EQ(0, in_child(strict_over_filter, &mode));
}

/* ---- how it shows ---- */

TEST(status)
{
	struct stack s = { MODE_FIRST, __NR_getppid,
			   SECCOMP_RET_ERRNO | ANSWER };
	int ready[2], done[2], status;
	pid_t child;
	char c;

	REQUIRE_CAPMODE();
	for (s.order = FILTER_FIRST; s.order <= MODE_FIRST; s.order++) {
		ASSERT_EQ(0, pipe(ready));
		ASSERT_EQ(0, pipe(done));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			close(ready[0]);
			close(done[1]);
			if (set_up(&s) ||
			    filter_one(__NR_getpgid, SECCOMP_RET_ALLOW))
				_exit(1);
			if (write(ready[1], "x", 1) != 1)
				_exit(2);
			_exit(read(done[0], &c, 1) != 0);
		}
		close(ready[1]);
		close(done[0]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		EXPECT_EQ(SECCOMP_MODE_CAPABILITY,
			  proc_status(child, "Seccomp"));
		EXPECT_EQ(2, proc_status(child, "Seccomp_filters"));
		EXPECT_EQ(1, proc_status(child, "NoNewPrivs"));
		close(done[1]);
		close(ready[0]);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* ---- what the children have ---- */

static int call_getppid(void *arg)
{
	STEP(call_nr(__NR_getcwd) == -ECAPMODE);
	return call_nr(__NR_getppid);
}

static int inherit(void *arg)
{
	struct stack s = { *(enum order *)arg, __NR_getppid,
			   SECCOMP_RET_ERRNO | ANSWER };
	int err = set_up(&s);

	STEP(!err);
	return in_child(call_getppid, NULL);
}

TEST(children_have_both)
{
	enum order first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	EXPECT_EQ(-ANSWER, in_child(inherit, &first));
	EXPECT_EQ(-ANSWER, in_child(inherit, &mode));
}

/* After exec, the filter is asked by what the program tells of itself. */
static void __attribute__((constructor)) both_after_exec(void)
{
	if (getenv("CAPMODE_FILTER"))
		_exit(tell() == TELL_INSIDE &&
		      call_nr(__NR_getppid) == -ANSWER ? TELL_INSIDE :
							 TELL_UNCLEAR);
}

static int exec_with_both(void *arg)
{
	static char *const env[] = { "CAPMODE_FILTER=1", NULL };
	static char *const argv[] = { "tell", NULL };
	struct stack s = { *(enum order *)arg, __NR_getppid,
			   SECCOMP_RET_ERRNO | ANSWER };
	int self = open_self(), pidfd, err;
	pid_t child;

	STEP(self >= 0);
	err = set_up(&s);
	STEP(!err);
	child = fork_fd(&pidfd);
	if (!child) {
		sys_execveat(self, "", argv, env, AT_EMPTY_PATH);
		_exit(100);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

TEST(exec_keeps_both)
{
	enum order first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	EXPECT_EQ(TELL_INSIDE, in_child(exec_with_both, &first));
	EXPECT_EQ(TELL_INSIDE, in_child(exec_with_both, &mode));
}

/* ---- filters for all threads ---- */

struct sync {
	pthread_barrier_t step;
	int before, after, door;
};

static void *sync_thread(void *arg)
{
	struct sync *s = arg;

	s->before = call_nr(__NR_getppid);
	pthread_barrier_wait(&s->step);
	pthread_barrier_wait(&s->step);
	s->after = call_nr(__NR_getppid);
	s->door = call_nr(__NR_getcwd);
	return NULL;
}

static int tsync(void *arg)
{
	enum order order = *(enum order *)arg;
	struct sync s = {};
	pthread_t thread;

	STEP(!no_new_privs());
	if (order == MODE_FIRST)
		STEP(!sys_cap_enter(0));
	STEP(!pthread_barrier_init(&s.step, NULL, 2));
	STEP(!pthread_create(&thread, NULL, sync_thread, &s));
	pthread_barrier_wait(&s.step);
	STEP(!add_filter(__NR_getppid, SECCOMP_RET_ERRNO | ANSWER,
			 SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_TSYNC));
	if (order == FILTER_FIRST)
		STEP(!sys_cap_enter(0));
	pthread_barrier_wait(&s.step);
	STEP(!pthread_join(thread, NULL));
	STEP(s.before > 0);
	STEP(s.after == -ANSWER);
	STEP(order == FILTER_ONLY ? s.door > 0 : s.door == -ECAPMODE);
	STEP(call_nr(__NR_getppid) == -ANSWER);
	STEP(order == FILTER_ONLY || tell() == TELL_INSIDE);
	return 0;
}

TEST(filter_for_all_threads)
{
	enum order only = FILTER_ONLY, first = FILTER_FIRST, mode = MODE_FIRST;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(tsync, &only));
	EXPECT_EQ(0, in_child(tsync, &first));
	EXPECT_EQ(0, in_child(tsync, &mode));
}

/* ---- tracers that a filter asks ---- */

static int trace_getppid_then_enter(void)
{
	return no_new_privs() ? : filter_one(__NR_getppid, SECCOMP_RET_TRACE) ?
	       : sys_cap_enter(0);
}

static int enter_then_trace_getppid(void)
{
	return sys_cap_enter(0) ? : filter_one(__NR_getppid, SECCOMP_RET_TRACE);
}

static int trace_getcwd_then_enter(void)
{
	return no_new_privs() ? : filter_one(__NR_getcwd, SECCOMP_RET_TRACE) ?
	       : sys_cap_enter(0);
}

static int enter_then_trace_getcwd(void)
{
	return sys_cap_enter(0) ? : filter_one(__NR_getcwd, SECCOMP_RET_TRACE);
}

static int trace_only(void)
{
	return no_new_privs() ? : filter_one(__NR_getppid, SECCOMP_RET_TRACE) ?
	       : filter_one(__NR_getcwd, SECCOMP_RET_TRACE);
}

TEST(tracer_changes_call)
{
	int (*const orders[])(void) = {
		trace_getppid_then_enter, enter_then_trace_getppid,
	};
	struct traced t = { .nr = __NR_getppid, .event = true };
	unsigned int i;

	REQUIRE_CAPMODE();
	if (!CAN_CHANGE_CALLS)
		SKIP(return, "do not know how to change a call here");
	t.before = trace_only;
	t.to = __NR_getpid;
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		t.before = orders[i];
		t.to = __NR_getpid;
		EXPECT_LT(0, run_traced(&t));
		EXPECT_EQ(1, t.stops);
		t.to = __NR_getppid;
		EXPECT_LT(0, run_traced(&t));
		EXPECT_EQ(1, t.stops);
		t.to = __NR_getcwd;
		EXPECT_EQ(-ECAPMODE, run_traced(&t));
		EXPECT_EQ(1, t.stops);
		t.to = __NR_chdir;
		EXPECT_EQ(-ECAPMODE, run_traced(&t));
		EXPECT_EQ(1, t.stops);
		t.to = 0x3fffffff;
		EXPECT_EQ(-ECAPMODE, run_traced(&t));
		EXPECT_EQ(1, t.stops);
	}
}

/* The tracer is not even asked about what the door refuses. */
TEST(tracer_is_not_asked)
{
	int (*const orders[])(void) = {
		trace_getcwd_then_enter, enter_then_trace_getcwd,
	};
	struct traced t = { .nr = __NR_getcwd, .event = true };
	unsigned int i;

	REQUIRE_CAPMODE();
	if (!CAN_CHANGE_CALLS)
		SKIP(return, "do not know how to change a call here");
	t.to = __NR_getcwd;
	t.before = trace_only;
	EXPECT_LT(0, run_traced(&t));
	EXPECT_EQ(1, t.stops);
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		t.before = orders[i];
		t.to = __NR_getcwd;
		EXPECT_EQ(-ECAPMODE, run_traced(&t));
		EXPECT_EQ(0, t.stops);
		t.to = __NR_getpid;
		EXPECT_EQ(-ECAPMODE, run_traced(&t));
		EXPECT_EQ(0, t.stops);
	}
}

/* ---- supervisors that a filter asks ---- */

enum reply { FAKE, CONTINUE, FAIL };

struct supervised {
	enum order order;
	int nr;
	enum reply reply;
	bool thread;	/* another thread makes the call ... */
	bool enters;	/* ... and this one enters while it waits */
	int notified;	/* how often */
};

#define FAKED	4711

struct waiting {
	int nr, ret;
};

static void *call_and_wait(void *arg)
{
	struct waiting *w = arg;

	w->ret = call_nr(w->nr);
	return NULL;
}

/* The supervisor says when the call waits for it, and hears what is next. */
static int enter_meanwhile(const struct supervised *s, int sock)
{
	struct waiting w = { .nr = s->nr };
	pthread_t thread;
	char c;

	STEP(!pthread_create(&thread, NULL, call_and_wait, &w));
	STEP(read(sock, &c, 1) == 1);
	if (s->enters)
		STEP(!sys_cap_enter(0));
	STEP(write(sock, &c, 1) == 1);
	STEP(!pthread_join(thread, NULL));
	STEP(capmode_get() == s->enters);
	return w.ret;
}

static int supervised_child(const struct supervised *s, int sock)
{
	int listener;

	STEP(!no_new_privs());
	if (s->order == MODE_FIRST)
		STEP(!sys_cap_enter(0));
	listener = add_filter(s->nr, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW,
			      SECCOMP_FILTER_FLAG_NEW_LISTENER);
	STEP(listener >= 0);
	if (s->order == FILTER_FIRST)
		STEP(!sys_cap_enter(0));
	STEP(send_fds(sock, &listener, 1) == 1);
	close(listener);
	return s->thread ? enter_meanwhile(s, sock) : call_nr(s->nr);
}

/*
 * Returns what the call of the child returns. Waits for no time: the listener
 * hangs up when the child, the filter's only user, has ended.
 */
static int supervise(struct supervised *s)
{
	struct {
		struct seccomp_notif n;
		char more[256];
	} req;
	struct {
		struct seccomp_notif_resp r;
		char more[256];
	} resp;
	int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int socks[2], listener = -1, ret, end, pidfd;
	pid_t child;
	char c = 0;

	STEP(result != MAP_FAILED);
	STEP(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	*result = NO_RESULT;
	s->notified = 0;
	child = fork_fd(&pidfd);
	if (!child) {
		close(socks[0]);
		*result = supervised_child(s, socks[1]);
		_exit(0);
	}
	close(socks[1]);
	ret = recv_fds(socks[0], &listener, 1, 0);
	while (ret == 1) {
		struct pollfd p = { .fd = listener, .events = POLLIN };

		if (poll(&p, 1, -1) != 1 || !(p.revents & POLLIN))
			break;
		memset(&req, 0, sizeof(req));
		memset(&resp, 0, sizeof(resp));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req))
			continue;
		s->notified++;
		if (s->thread && (send(socks[0], &c, 1, MSG_NOSIGNAL) != 1 ||
				  recv(socks[0], &c, 1, 0) != 1))
			break;
		resp.r.id = req.n.id;
		if (s->reply == FAKE)
			resp.r.val = FAKED;
		else if (s->reply == FAIL)
			resp.r.error = -ANSWER;
		else
			resp.r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
	if (listener >= 0)
		close(listener);
	close(socks[0]);
	end = wait_fd(pidfd);
	ret = *result;
	munmap(result, sizeof(*result));
	return end ? : ret;
}

TEST(supervisor_is_not_asked)
{
	struct supervised s = { .nr = __NR_getcwd };

	REQUIRE_CAPMODE();
	s.order = FILTER_ONLY;
	s.reply = FAKE;
	EXPECT_EQ(FAKED, supervise(&s));
	EXPECT_EQ(1, s.notified);
	s.reply = CONTINUE;
	EXPECT_LT(0, supervise(&s));
	EXPECT_EQ(1, s.notified);
	s.reply = FAIL;
	EXPECT_EQ(-ANSWER, supervise(&s));
	EXPECT_EQ(1, s.notified);
	for (s.order = FILTER_FIRST; s.order <= MODE_FIRST; s.order++) {
		for (s.reply = FAKE; s.reply <= FAIL; s.reply++) {
			EXPECT_EQ(-ECAPMODE, supervise(&s));
			EXPECT_EQ(0, s.notified);
		}
	}
}

/* About what is allowed it is, and its answer counts. */
TEST(supervisor_is_asked)
{
	struct supervised s = { .nr = __NR_getppid };

	REQUIRE_CAPMODE();
	for (s.order = FILTER_ONLY; s.order <= MODE_FIRST; s.order++) {
		s.reply = FAKE;
		EXPECT_EQ(FAKED, supervise(&s));
		EXPECT_EQ(1, s.notified);
		s.reply = CONTINUE;
		EXPECT_EQ(getpid(), supervise(&s));
		EXPECT_EQ(1, s.notified);
		s.reply = FAIL;
		EXPECT_EQ(-ANSWER, supervise(&s));
		EXPECT_EQ(1, s.notified);
	}
}

/*
 * What waits for its answer while another thread enters is judged by then. The
 * supervisor can still make up an answer, which is no call.
 */
TEST(entered_while_supervisor_was_asked)
{
	struct supervised s = { .order = FILTER_ONLY, .thread = true };
	int i, ret;

	REQUIRE_CAPMODE();
	for (i = 0; i < 2; i++) {
		s.enters = i;
		s.nr = __NR_getcwd;
		s.reply = CONTINUE;
		ret = supervise(&s);
		EXPECT_TRUE(s.enters ? ret == -ECAPMODE : ret > 0)
			TH_LOG("getcwd returned %d", ret);
		EXPECT_EQ(1, s.notified);
		s.reply = FAKE;
		EXPECT_EQ(FAKED, supervise(&s));
		EXPECT_EQ(1, s.notified);
		s.reply = FAIL;
		EXPECT_EQ(-ANSWER, supervise(&s));
		EXPECT_EQ(1, s.notified);
		s.nr = __NR_getppid;
		s.reply = CONTINUE;
		EXPECT_EQ(getpid(), supervise(&s));
		EXPECT_EQ(1, s.notified);
	}
}

/* ---- a tracer that has stopped a thread while another enters ---- */

/* What both see; the one that enters is told when to, and tells when it has. */
struct halted {
	int nr, to;		/* the call, and what the tracer makes of it */
	bool event;		/* at PTRACE_EVENT_SECCOMP, else at the entry */
	bool enters;
	pid_t tid;		/* who calls */
	bool halted, done;
	int ret;
};

static void await(bool *what)
{
	while (!__atomic_load_n(what, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void announce(bool *what)
{
	__atomic_store_n(what, true, __ATOMIC_SEQ_CST);
}

static void *call_traced(void *arg)
{
	struct halted *h = arg;
	const pid_t tid = syscall(__NR_gettid);
	const bool traced = !ptrace(PTRACE_TRACEME, 0, NULL, NULL);

	/* Who traces waits for it, and nobody can for a thread of another. */
	__atomic_store_n(&h->tid, traced ? tid : -1, __ATOMIC_SEQ_CST);
	if (!traced || (h->event && filter_one(h->nr, SECCOMP_RET_TRACE)) ||
	    syscall(__NR_tgkill, getpid(), tid, SIGSTOP))
		return NULL;
	h->ret = call_nr(h->nr);
	return NULL;
}

static int halted_child(struct halted *h)
{
	pthread_t thread;

	alarm(TEST_TIMEOUT_DEFAULT / 4);
	STEP(!no_new_privs());
	STEP(!pthread_create(&thread, NULL, call_traced, h));
	await(&h->halted);
	if (h->enters)
		STEP(!sys_cap_enter(0));
	announce(&h->done);
	STEP(!pthread_join(thread, NULL));
	STEP(capmode_get() == h->enters);
	return 0;
}

/* Lets the thread go on until it calls @h->nr, and has the other enter. */
static int trace_halted(struct halted *h)
{
	const unsigned long options = PTRACE_O_TRACESYSGOOD |
				      PTRACE_O_EXITKILL |
				      PTRACE_O_TRACESECCOMP;
	const int stop = SIGTRAP | (h->event ? PTRACE_EVENT_SECCOMP << 8 :
					       0x80);
	const int go = h->event ? PTRACE_CONT : PTRACE_SYSCALL;
	int status;

	while (!__atomic_load_n(&h->tid, __ATOMIC_SEQ_CST))
		sched_yield();
	STEP(h->tid > 0);
	STEP(waitpid(h->tid, &status, __WALL) == h->tid);
	STEP(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	STEP(!ptrace(PTRACE_SETOPTIONS, h->tid, NULL, options));
	do {
		STEP(!ptrace(go, h->tid, NULL, NULL));
		STEP(waitpid(h->tid, &status, __WALL) == h->tid);
		STEP(status >> 8 == stop);
	} while (ptrace(PTRACE_PEEKUSER, h->tid, CALL_OFFSET, NULL) != h->nr);
	announce(&h->halted);
	await(&h->done);
	STEP(!ptrace(PTRACE_POKEUSER, h->tid, CALL_OFFSET, h->to));
	STEP(!ptrace(PTRACE_CONT, h->tid, NULL, NULL));
	STEP(waitpid(h->tid, &status, __WALL) == h->tid);
	STEP(WIFEXITED(status));
	return 0;
}

/* What the call of the thread returns. */
static int halt(int nr, int to, bool event, bool enters)
{
	struct halted *h = new_shared(sizeof(*h));
	int err, ret;
	pid_t child;

	STEP(h);
	h->nr = nr;
	h->to = to;
	h->event = event;
	h->enters = enters;
	h->ret = NO_RESULT;
	child = fork();
	if (!child)
		_exit(halted_child(h) != 0);
	STEP(child > 0);
	err = trace_halted(h);
	if (err) {
		kill(child, SIGKILL);
		/* Its end is not told of while a thread waits to be told of. */
		if (h->tid > 0)
			waitpid(h->tid, NULL, __WALL);
	}
	ret = child_ok(child) ? h->ret : NO_RESULT;
	munmap(h, sizeof(*h));
	return err ? : ret;
}

TEST(entered_while_tracer_had_stopped)
{
	int event, enters, ret;

	REQUIRE_CAPMODE();
	if (!CAN_CHANGE_CALLS)
		SKIP(return, "do not know how to change a call here");
	for (event = 0; event < 2; event++) {
		for (enters = 0; enters < 2; enters++) {
			ret = halt(__NR_getcwd, __NR_getcwd, event, enters);
			EXPECT_TRUE(enters ? ret == -ECAPMODE : ret > 0)
				TH_LOG("getcwd returned %d", ret);
			ret = halt(__NR_getppid, __NR_getcwd, event, enters);
			EXPECT_TRUE(enters ? ret == -ECAPMODE : ret > 0)
				TH_LOG("what had been getppid returned %d",
				       ret);
			EXPECT_EQ(getpid(), halt(__NR_getcwd, __NR_getppid,
						 event, enters));
			EXPECT_EQ(getpid(), halt(__NR_getppid, __NR_getppid,
						 event, enters));
		}
	}
}

/* ---- listeners ---- */

/* A listener of one's own is a descriptor like any other. */
static int ask_oneself(void *arg)
{
	int fd;

	fd = add_filter(__NR_getcwd, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW,
			SECCOMP_FILTER_FLAG_NEW_LISTENER);
	STEP(fd >= 0);
	return try_getcwd();
}

TEST(own_supervisor)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_oneself, NULL));
}

static int call_unknown(void *arg)
{
	STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (*(bool *)arg)
		STEP(!sys_cap_enter(0));
	STEP(!add_filter(__NR_getcwd, 0x12340000, SECCOMP_RET_ALLOW, 0));
	return try_getcwd();
}

/* What no kernel knows yet kills, beside the mode as without it. */
TEST(unknown_action)
{
	bool inside = true, outside = false;

	REQUIRE_CAPMODE();
	EXPECT_EQ(KILLED_BY(SIGSYS), in_child(call_unknown, &outside));
	EXPECT_EQ(KILLED_BY(SIGSYS), in_child(call_unknown, &inside));
}

TEST_HARNESS_MAIN
