// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: what is begun at one time and done at another. A call that one
 * thread has begun before another enters waits for its argument: who has entered
 * writes it, and must not name by it what the process can name no more. Requests
 * that a ring leaves behind are cleared away by a thread of the kernel.
 */
#include "cgroup.h"
#include "sockets.h"
#include "uring.h"
#include "userfault.h"
#include "victims.h"

#include <sched.h>
#include <sys/resource.h>

#ifndef F_SETOWN_EX
#define F_SETOWN_EX	15
#endif
#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP	(1UL << 2)
#endif

/* What there is to be named: made for each call anew, and judged afterwards. */
struct things {
	char path[64];			/* of a file that is not there */
	struct peer peer;
	int sock;			/* of datagrams, without an address */
	int procs;			/* "cgroup.procs" of a group */
	pid_t victim;			/* in a group and session of its own */
	int pidfd;			/* of @victim */
};

/* @page is missing when the call is made. */
struct begun {
	const char *name;
	int (*call)(const struct things *t, void *page);
	/* What the page is to hold. */
	void (*fill)(const struct things *t, void *content);
	/* Whether the call has had its effect. */
	bool (*seen)(const struct things *t);
	/* What it returns when another thread enters; outside: 0 or more. */
	int want;
};

struct entering {
	const struct begun *b;
	const struct things *t;
	bool enters;
	size_t size;
	void *page, *content;
	int ret;
};

static void *make_call(void *arg)
{
	struct entering *e = arg;

	__atomic_store_n(&e->ret, e->b->call(e->t, e->page), __ATOMIC_SEQ_CST);
	return NULL;
}

/* One thread begins the call, the other enters and puts the page there. */
static int call_and_enter(void *arg)
{
	struct entering *e = arg;
	pthread_t thread;
	uint64_t addr;
	int fd = missing_page(e->size, &e->page);

	STEP(fd >= 0);
	e->ret = NO_RESULT;
	STEP(!pthread_create(&thread, NULL, make_call, e));
	STEP(!userfault_wait(fd, &addr));
	if (e->enters)
		STEP(!sys_cap_enter(0));
	STEP(__atomic_load_n(&e->ret, __ATOMIC_SEQ_CST) == NO_RESULT);
	STEP(!userfault_fill(fd, addr, e->content, e->size));
	STEP(!pthread_join(thread, NULL));
	return e->ret;
}

static void fill_nothing(const struct things *t, void *content)
{
}

/* ---- files ---- */

static int open_path(const struct things *t, void *page)
{
	return RET(open(page, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static int ring_open_path(const struct things *t, void *page)
{
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, page, O_RDWR | O_CREAT);

	return ring_once(&sqe);
}

static void fill_path(const struct things *t, void *content)
{
	memcpy(content, t->path, sizeof(t->path));
}

static bool path_there(const struct things *t)
{
	return !access(t->path, F_OK);
}

/* ---- sockets ---- */

static void fill_addr(const struct things *t, void *content)
{
	memcpy(content, &t->peer.raddr, t->peer.rlen);
}

static int connect_to(const struct things *t, void *page)
{
	return RET(connect(t->sock, page, t->peer.rlen));
}

static int ring_connect_to(const struct things *t, void *page)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_CONNECT,
		.fd = t->sock,
		.addr = (uintptr_t)page,
		.addr2 = t->peer.rlen,
	};

	return ring_once(&sqe);
}

static bool connected(const struct things *t)
{
	return has_peer(t->sock);
}

static int bind_to(const struct things *t, void *page)
{
	return RET(bind(t->sock, page, t->peer.rlen));
}

static void fill_any(const struct things *t, void *content)
{
	any_address(AF_INET, content);
}

static bool bound(const struct things *t)
{
	return has_address(t->sock);
}

/* It has an address, so that it is not for want of one that it cannot send. */
static int have_address(const struct things *t)
{
	struct sockaddr_storage ss;
	socklen_t len = any_address(AF_INET, &ss);

	return RET(bind(t->sock, (void *)&ss, len));
}

static int send_to(const struct things *t, void *page)
{
	STEP(!have_address(t));
	return RET(sendto(t->sock, "d", 1, 0, page, t->peer.rlen));
}

static int sendmsg_to(const struct things *t, void *page)
{
	struct iovec iov = { .iov_base = "d", .iov_len = 1 };
	const struct msghdr msg = {
		.msg_name = page,
		.msg_namelen = t->peer.rlen,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	STEP(!have_address(t));
	return RET(sendmsg(t->sock, &msg, 0));
}

/* bytes_got() takes what it counts. */
static bool one_has_come(const struct things *t)
{
	return bytes_got(t->peer.tx, t->peer.rx) == 1;
}

static bool two_have_come(const struct things *t)
{
	return bytes_got(t->peer.tx, t->peer.rx) == 2;
}

static void fill_byte(const struct things *t, void *content)
{
	*(char *)content = 'd';
}

/* It waits in the first message, and it is the second that names somebody. */
static int send_two(const struct things *t, void *page)
{
	struct iovec iov[] = {
		{ .iov_base = page, .iov_len = 1 },
		{ .iov_base = "d", .iov_len = 1 },
	};
	struct mmsghdr msgs[] = {
		{ .msg_hdr = { .msg_iov = &iov[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &iov[1], .msg_iovlen = 1,
			       .msg_name = (void *)&t->peer.raddr,
			       .msg_namelen = t->peer.rlen } },
	};

	STEP(!connect(t->sock, (const void *)&t->peer.raddr, t->peer.rlen));
	return RET(sendmmsg(t->sock, msgs, ARRAY_SIZE(msgs), 0));
}

/* ---- processes ---- */

/* To be alone on the first processor. */
static void fill_mask(const struct things *t, void *content)
{
	*(unsigned long *)content = 1;
}

static int set_affinity(const struct things *t, void *page)
{
	return RET(syscall(__NR_sched_setaffinity, t->victim,
			   sizeof(unsigned long), page));
}

static bool on_one(const struct things *t)
{
	cpu_set_t set;

	return !sched_getaffinity(t->victim, sizeof(set), &set) &&
	       CPU_COUNT(&set) == 1;
}

static void fill_attr(const struct things *t, void *content)
{
	struct attr *a = content;

	a->size = sizeof(*a);
	a->policy = SCHED_BATCH;
}

static int set_attr(const struct things *t, void *page)
{
	return RET(syscall(__NR_sched_setattr, t->victim, page, 0));
}

static int set_scheduler(const struct things *t, void *page)
{
	return RET(syscall(__NR_sched_setscheduler, t->victim, SCHED_BATCH,
			   page));
}

static bool in_batch(const struct things *t)
{
	return sched_getscheduler(t->victim) == SCHED_BATCH;
}

static void fill_limit(const struct things *t, void *content)
{
	uint64_t *limit = content;

	limit[0] = 4321;
	limit[1] = 4321;
}

static int set_limit(const struct things *t, void *page)
{
	return RET(syscall(__NR_prlimit64, t->victim, RLIMIT_CORE, page,
			   NULL));
}

static bool limited(const struct things *t)
{
	uint64_t now[2] = { };

	syscall(__NR_prlimit64, t->victim, RLIMIT_CORE, NULL, now);
	return now[0] == 4321;
}

static void fill_info(const struct things *t, void *content)
{
	siginfo_t *info = content;

	info->si_signo = SIGUSR1;
	info->si_code = SI_QUEUE;
}

static int queue_signal(const struct things *t, void *page)
{
	return RET(syscall(__NR_rt_sigqueueinfo, t->victim, SIGUSR1, page));
}

static int queue_signal_thread(const struct things *t, void *page)
{
	return RET(syscall(__NR_rt_tgsigqueueinfo, t->victim, t->victim,
			   SIGUSR1, page));
}

static int signal_group(const struct things *t, void *page)
{
	return RET(syscall(__NR_pidfd_send_signal, t->pidfd, SIGUSR1, page,
			   PIDFD_SIGNAL_PROCESS_GROUP));
}

/* It is blocked, and there is no other. */
static bool signal_waits(const struct things *t)
{
	return proc_status(t->victim, "ShdPnd") > 0 ||
	       proc_status(t->victim, "SigPnd") > 0;
}

static void fill_owner(const struct things *t, void *content)
{
	const int owner[] = { 1 /* F_OWNER_PID */, t->victim };

	memcpy(content, owner, sizeof(owner));
}

static int set_owner(const struct things *t, void *page)
{
	return RET(fcntl(t->sock, F_SETOWN_EX, page));
}

static bool owned(const struct things *t)
{
	return fcntl(t->sock, F_GETOWN) == t->victim;
}

static void fill_pid(const struct things *t, void *content)
{
	sprintf(content, "%d", t->victim);
}

static int move_process(const struct things *t, void *page)
{
	char text[16];

	return RET(write(t->procs, page, sprintf(text, "%d", t->victim)));
}

static bool moved(const struct things *t)
{
	char text[16];
	ssize_t n = pread(t->procs, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = 0;
	return atoi(text) == t->victim;
}

static const struct begun calls[] = {
	{ "openat", open_path, fill_path, path_there, -ECAPMODE },
	{ "openat by a ring", ring_open_path, fill_path, path_there,
	  -ECAPMODE },
	{ "connect", connect_to, fill_addr, connected, -ECAPMODE },
	{ "connect by a ring", ring_connect_to, fill_addr, connected,
	  -ECAPMODE },
	{ "bind", bind_to, fill_any, bound, -ECAPMODE },
	{ "sendto", send_to, fill_addr, one_has_come, -ECAPMODE },
	{ "sendmsg", sendmsg_to, fill_addr, one_has_come, -ECAPMODE },
	{ "sendmmsg", send_two, fill_byte, two_have_come, 1 },
	{ "sched_setaffinity", set_affinity, fill_mask, on_one, -ECAPMODE },
	{ "sched_setattr", set_attr, fill_attr, in_batch, -ESRCH },
	{ "sched_setscheduler", set_scheduler, fill_nothing, in_batch, -ESRCH },
	{ "prlimit64", set_limit, fill_limit, limited, -ESRCH },
	{ "rt_sigqueueinfo", queue_signal, fill_info, signal_waits,
	  -ECAPMODE },
	{ "rt_tgsigqueueinfo", queue_signal_thread, fill_info, signal_waits,
	  -ECAPMODE },
	{ "pidfd_send_signal to a group", signal_group, fill_info,
	  signal_waits, -ECAPMODE },
	{ "F_SETOWN_EX", set_owner, fill_owner, owned, -ECAPMODE },
	{ "cgroup.procs", move_process, fill_pid, moved, -ECAPMODE },
};

FIXTURE(begun)
{
	struct cgroup_mnt m;
	struct things t;
	int group;
	size_t size;
	void *content;
};

FIXTURE_VARIANT(begun)
{
	bool enters;
};

FIXTURE_VARIANT_ADD(begun, outside) { .enters = false };
FIXTURE_VARIANT_ADD(begun, while_entering) { .enters = true };

FIXTURE_SETUP(begun)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!have_userfault() || !have_io_uring())
		SKIP(return, "no userfaultfd, or no io_uring");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one processor only");
	self->group = cgroup_make(&self->m, "cgroup2", NULL);
	if (self->group == -ENODEV)
		SKIP(return, "no control groups");
	ASSERT_LE(0, self->group);
	self->size = getpagesize();
	self->content = calloc(1, self->size);
	ASSERT_TRUE(!!self->content);
}

FIXTURE_TEARDOWN(begun)
{
	cgroup_remove(&self->m);
}

static bool ready_for_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return !sigprocmask(SIG_BLOCK, &set, NULL) && setsid() > 0;
}

static int make_things(struct things *t, int group)
{
	snprintf(t->path, sizeof(t->path), "%s/capsicum-begun.%d", tmp_dir(),
		 getpid());
	STEP(!peer_init(&t->peer, AF_INET, ROAD_CALL));
	t->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	STEP(t->sock >= 0);
	t->procs = openat(group, "cgroup.procs", O_RDWR | O_CLOEXEC);
	STEP(t->procs >= 0);
	t->victim = victim_prepared(ready_for_signal);
	STEP(t->victim > 0);
	t->pidfd = syscall(__NR_pidfd_open, t->victim, 0);
	STEP(t->pidfd >= 0);
	return 0;
}

static void take_things(struct things *t)
{
	close(t->pidfd);
	bury(t->victim);
	close(t->procs);
	close(t->sock);
	unlink(t->path);
}

TEST_F(begun, argument_written_later)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct begun *b = &calls[i];
		struct entering e = {
			.b = b,
			.t = &self->t,
			.enters = variant->enters,
			.size = self->size,
			.content = self->content,
		};
		int ret;

		ASSERT_EQ(0, make_things(&self->t, self->group));
		memset(self->content, 0, self->size);
		b->fill(&self->t, self->content);
		EXPECT_FALSE(b->seen(&self->t))
			TH_LOG("%s: before it was called", b->name);
		ret = in_child(call_and_enter, &e);
		EXPECT_TRUE(variant->enters ? ret == b->want : ret >= 0)
			TH_LOG("%s returned %d", b->name, ret);
		/* Of two messages, one_has_come() would see the first. */
		EXPECT_EQ(!variant->enters, b->seen(&self->t))
			TH_LOG("%s", b->name);
		take_things(&self->t);
	}
}

/* ---- what a ring leaves behind ---- */

struct leaving {
	char path[64];
	unsigned int setup;
	unsigned int flags;	/* of the entry */
	int head[2];		/* nothing comes there, unless one stays */
	int gone;
	bool stay;
};

/* By a path, behind something else, and nobody waits for either. */
static int leave_open(void *arg)
{
	struct leaving *l = arg;
	struct io_uring_sqe sqe = sqe_openat(AT_FDCWD, l->path,
					     O_RDWR | O_CREAT);
	struct io_uring_cqe cqe;
	struct ring r;

	sqe.flags = l->flags;
	sqe.user_data = UD_WANTED;
	STEP(!ring_setup(&r, 8, l->setup));
	STEP(!ring_send_behind(&r, &sqe, l->head[0], l->gone));
	if (!l->stay)
		return 0;
	STEP(write(l->head[1], "g", 1) == 1);
	do {
		STEP(!ring_wait(&r, &cqe));
	} while (cqe.user_data != UD_WANTED);
	return cqe.res;
}

/* Whoever clears it away is in no mode, and could open it. */
TEST(left_behind)
{
	static const unsigned int setups[] = {
		0, IORING_SETUP_SQPOLL,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct leaving l = { };
	unsigned int i;
	int pipefd[2];
	char c;

	REQUIRE_CAPMODE();
	if (!have_io_uring())
		SKIP(return, "no io_uring");
	snprintf(l.path, sizeof(l.path), "%s/capsicum-left.%d", tmp_dir(),
		 getpid());
	for (i = 0; i < 2 * ARRAY_SIZE(setups); i++) {
		l.setup = setups[i / 2];
		l.flags = i % 2 ? IOSQE_ASYNC : 0;
		ASSERT_EQ(0, pipe(l.head));
		l.gone = l.head[0];
		l.stay = true;
		EXPECT_LE(0, in_child(leave_open, &l));
		EXPECT_EQ(0, unlink(l.path));
		ASSERT_EQ(1, read(l.head[0], &c, 1));
		EXPECT_EQ(-ECAPMODE, capmode_run(leave_open, &l));
		EXPECT_EQ(-ENOENT, RET(access(l.path, F_OK)));
		ASSERT_EQ(1, read(l.head[0], &c, 1));

		l.stay = false;
		ASSERT_EQ(0, pipe(pipefd));
		l.gone = pipefd[0];
		EXPECT_EQ(0, capmode_run(leave_open, &l));
		close(pipefd[0]);
		EXPECT_TRUE(ring_is_gone(pipefd[1]));
		EXPECT_EQ(-ENOENT, RET(access(l.path, F_OK)))
			TH_LOG("set-up %u", i);
		unlink(l.path);
		close(pipefd[1]);
		close(l.head[0]);
		close(l.head[1]);
	}
}

TEST_HARNESS_MAIN
