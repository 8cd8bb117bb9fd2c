// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: events that are counted. One that counts at an address stays
 * there, and what others hold goes on; ioctls that name nothing work.
 */
#include "victims.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>

#define SIGNAL_EVENT	"/sys/kernel/tracing/events/signal/signal_generate/id"

static int open_event(struct perf_event_attr *attr, pid_t pid)
{
	attr->size = sizeof(*attr);
	return RET(syscall(__NR_perf_event_open, attr, pid, -1, -1,
			   PERF_FLAG_FD_CLOEXEC));
}

/* How much was counted, or -errno. */
static long long count(int fd)
{
	uint64_t value;
	int ret = RET(read(fd, &value, sizeof(value)));

	if (ret < 0)
		return ret;
	return ret == sizeof(value) ? (long long)value : -EIO;
}

/* ---- what a process does at an address ---- */

/* Each place is more than a breakpoint away from the others. */
struct place {
	uint32_t word;
	uint32_t room[15];
};

struct places {
	volatile struct place at[2];
	unsigned int writes;
};

static struct places *places;

static void write_there(int sig)
{
	places->at[sig == SIGUSR2].word = sig;
	__atomic_add_fetch(&places->writes, 1, __ATOMIC_SEQ_CST);
}

static bool writes_if_asked(void)
{
	return signal(SIGUSR1, write_there) != SIG_ERR &&
	       signal(SIGUSR2, write_there) != SIG_ERR;
}

/* It writes there, and this returns when it has. */
static int let_write(pid_t pid, int place)
{
	unsigned int before = __atomic_load_n(&places->writes, __ATOMIC_SEQ_CST);
	const time_t end = time(NULL) + 60;

	if (kill(pid, place ? SIGUSR2 : SIGUSR1))
		return -errno;
	while (__atomic_load_n(&places->writes, __ATOMIC_SEQ_CST) == before) {
		if (time(NULL) > end)
			return -ETIMEDOUT;
		sched_yield();
	}
	return 0;
}

struct moved {
	int fd;
	struct perf_event_attr attr;
};

static int modify(void *arg)
{
	struct moved *m = arg;

	return RET(ioctl(m->fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &m->attr));
}

static int modify_by_thread(void *arg)
{
	return in_thread(modify, arg);
}

static int modify_to_nothing(void *arg)
{
	const struct moved *m = arg;

	return RET(ioctl(m->fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, NULL));
}

FIXTURE(breakpoint)
{
	struct moved m;
	pid_t victim;
	bool hits;	/* whether the processor says so */
	int counted;
};

FIXTURE_SETUP(breakpoint)
{
	struct moved *m = &self->m;

	self->victim = 0;
	m->fd = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	places = new_shared(sizeof(*places));
	ASSERT_TRUE(!!places);
	self->victim = victim_prepared(writes_if_asked);
	ASSERT_LT(0, self->victim);
	m->attr = (struct perf_event_attr){
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&places->at[0].word,
		.bp_len = HW_BREAKPOINT_LEN_4,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	m->fd = open_event(&m->attr, self->victim);
	if (m->fd == -ENOSYS || m->fd == -ENOENT || m->fd == -EOPNOTSUPP ||
	    m->fd == -ENODEV)
		SKIP(return, "no events of breakpoints");
	ASSERT_LE(0, m->fd);

	/* Not every emulator has what it takes. */
	ASSERT_EQ(0, let_write(self->victim, 0));
	self->counted = count(m->fd);
	self->hits = self->counted == 1;
	if (!self->hits) {
		EXPECT_EQ(0, self->counted);
		TH_LOG("this processor does not stop at addresses");
	}
}

FIXTURE_TEARDOWN(breakpoint)
{
	if (self->m.fd >= 0)
		close(self->m.fd);
	if (self->victim > 0)
		bury(self->victim);
	if (places)
		munmap(places, sizeof(*places));
}

/* It counts at this place, and not at the other one. */
#define EXPECT_COUNTS_AT(place) do { \
	EXPECT_EQ(0, let_write(self->victim, place)); \
	self->counted += self->hits; \
	EXPECT_EQ(self->counted, count(self->m.fd)); \
	EXPECT_EQ(0, let_write(self->victim, !(place))); \
	EXPECT_EQ(self->counted, count(self->m.fd)); \
} while (0)

static uintptr_t address(int place)
{
	return (uintptr_t)&places->at[place].word;
}

TEST_F(breakpoint, moved)
{
	struct moved *m = &self->m;
	int place;

	EXPECT_COUNTS_AT(0);
	for (place = 0; place < 2; place++) {
		m->attr.bp_addr = address(!place);
		EXPECT_EQ(-ECAPMODE, capmode_run(modify, m));
		EXPECT_COUNTS_AT(place);
		EXPECT_EQ(-ECAPMODE, capmode_run(modify_by_thread, m));
		EXPECT_COUNTS_AT(place);
		EXPECT_EQ(0, in_child(modify, m));
		EXPECT_COUNTS_AT(!place);
	}
	/* Nor to where it is. */
	EXPECT_ECAPMODE(modify, m);
	EXPECT_COUNTS_AT(0);
}

/* Of the kernel, or of nobody; what there would be to say is not said. */
TEST_F(breakpoint, nowhere)
{
	struct moved *m = &self->m;

	m->attr.bp_addr = ~7ULL;
	EXPECT_EQ(-EINVAL, in_child(modify, m));
	EXPECT_EQ(-ECAPMODE, capmode_run(modify, m));
	EXPECT_EQ(-EFAULT, in_child(modify_to_nothing, m));
	EXPECT_EQ(-ECAPMODE, capmode_run(modify_to_nothing, m));
	m->attr.bp_addr = address(0);
	m->attr.type = PERF_TYPE_SOFTWARE;
	EXPECT_EQ(-EINVAL, in_child(modify, m));
	EXPECT_EQ(-ECAPMODE, capmode_run(modify, m));
	EXPECT_COUNTS_AT(0);
}

/* What else there is to change of it: when it counts. */
TEST_F(breakpoint, disabled)
{
	struct moved *m = &self->m;

	m->attr.disabled = 1;
	EXPECT_EQ(-ECAPMODE, capmode_run(modify, m));
	EXPECT_COUNTS_AT(0);
	EXPECT_EQ(0, in_child(modify, m));
	EXPECT_EQ(0, let_write(self->victim, 0));
	EXPECT_EQ(self->counted, count(m->fd));
	m->attr.disabled = 0;
	EXPECT_EQ(-ECAPMODE, capmode_run(modify, m));
	EXPECT_EQ(0, let_write(self->victim, 0));
	EXPECT_EQ(self->counted, count(m->fd));
	EXPECT_EQ(0, in_child(modify, m));
	EXPECT_COUNTS_AT(0);
}

/* Of no address, and so there is nothing to modify; asked all the same. */
TEST(not_a_breakpoint)
{
	struct moved m = {
		.attr = {
			.type = PERF_TYPE_SOFTWARE,
			.config = PERF_COUNT_SW_PAGE_FAULTS,
		},
	};

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	m.fd = open_event(&m.attr, 0);
	if (m.fd == -ENOSYS)
		SKIP(return, "no events");
	ASSERT_LE(0, m.fd);
	EXPECT_EQ(-EOPNOTSUPP, in_child(modify, &m));
	EXPECT_EQ(-ECAPMODE, capmode_run(modify, &m));
	close(m.fd);
}

/* ---- what names nothing ---- */

FIXTURE(signals)
{
	struct perf_event_attr attr;
	int fd;		/* counts the signals that this process sends */
	pid_t victim;
	struct perf_event_mmap_page *samples;
	size_t size;
};

FIXTURE_SETUP(signals)
{
	unsigned long long id;
	FILE *f;

	self->fd = -1;
	self->victim = 0;
	self->samples = MAP_FAILED;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	f = fopen(SIGNAL_EVENT, "re");
	if (!f)
		SKIP(return, "no tracepoints");
	ASSERT_EQ(1, fscanf(f, "%llu", &id));
	fclose(f);
	self->attr = (struct perf_event_attr){
		.type = PERF_TYPE_TRACEPOINT,
		.config = id,
		.sample_period = 1000,
		.sample_type = PERF_SAMPLE_IP,
	};
	places = new_shared(sizeof(*places));
	ASSERT_TRUE(!!places);
	self->victim = victim_prepared(writes_if_asked);
	ASSERT_LT(0, self->victim);
	self->fd = open_event(&self->attr, 0);
	if (self->fd == -ENOSYS || self->fd == -ENOENT)
		SKIP(return, "no events of tracepoints");
	ASSERT_LE(0, self->fd);
	self->size = 2 * sysconf(_SC_PAGESIZE);
	self->samples = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			     MAP_SHARED, self->fd, 0);
	ASSERT_TRUE(self->samples != MAP_FAILED);
}

FIXTURE_TEARDOWN(signals)
{
	if (self->samples != MAP_FAILED)
		munmap(self->samples, self->size);
	if (self->fd >= 0)
		close(self->fd);
	if (self->victim > 0)
		bury(self->victim);
	if (places)
		munmap(places, sizeof(*places));
}

static int enable(void *arg)
{
	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_ENABLE, 0));
}

static int disable(void *arg)
{
	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_DISABLE, 0));
}

static int reset(void *arg)
{
	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_RESET, 0));
}

static int refresh(void *arg)
{
	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_REFRESH, 1));
}

static int each_one(void *arg)
{
	uint64_t period = 1;

	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_PERIOD, &period));
}

static int one_in_many(void *arg)
{
	uint64_t period = 1000;

	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_PERIOD, &period));
}

static int no_period(void *arg)
{
	uint64_t period = 0;

	return RET(ioctl(*(int *)arg, PERF_EVENT_IOC_PERIOD, &period));
}

static int ask_id(void *arg)
{
	uint64_t id = 0;
	int ret = RET(ioctl(*(int *)arg, PERF_EVENT_IOC_ID, &id));

	return ret ? ret : (int)id;
}

struct filter {
	int fd;
	const char *text;
};

static int set_filter(void *arg)
{
	const struct filter *f = arg;

	return RET(ioctl(f->fd, PERF_EVENT_IOC_SET_FILTER, f->text));
}

/* How many are counted when each of the two is sent once. */
static long long counts(int fd, pid_t victim)
{
	long long before = count(fd);
	int i, ret;

	for (i = 0; i < 2; i++) {
		ret = let_write(victim, i);
		if (ret)
			return ret;
	}
	return count(fd) - before;
}

TEST_F(signals, works)
{
	int *fd = &self->fd;

	EXPECT_EQ(2, counts(*fd, self->victim));
	EXPECT_LT(0, in_child(ask_id, fd));
	EXPECT_BOTH(ask_id, fd);

	EXPECT_EQ(0, capmode_run(disable, fd));
	EXPECT_EQ(0, counts(*fd, self->victim));
	EXPECT_EQ(0, capmode_run(enable, fd));
	EXPECT_EQ(2, counts(*fd, self->victim));
	EXPECT_EQ(0, in_child(disable, fd));
	EXPECT_EQ(0, counts(*fd, self->victim));
	EXPECT_EQ(0, in_child(enable, fd));
	EXPECT_EQ(2, counts(*fd, self->victim));

	EXPECT_LT(0, count(*fd));
	EXPECT_EQ(0, capmode_run(reset, fd));
	EXPECT_EQ(0, count(*fd));
	EXPECT_EQ(2, counts(*fd, self->victim));
	EXPECT_EQ(0, in_child(reset, fd));
	EXPECT_EQ(0, count(*fd));
	EXPECT_BOTH(refresh, fd);
}

static uint64_t samples_end(struct perf_event_mmap_page *p)
{
	return __atomic_load_n(&p->data_head, __ATOMIC_RELAXED);
}

/* A sample for each, and then for hardly any. */
TEST_F(signals, period)
{
	int (*const run[])(int (*fn)(void *arg), void *arg) = {
		in_child, capmode_run,
	};
	struct perf_event_mmap_page *p = self->samples;
	uint64_t head;
	int i;

	for (i = 0; i < 2; i++) {
		head = samples_end(p);
		EXPECT_EQ(2, counts(self->fd, self->victim));
		EXPECT_EQ(head, samples_end(p));
		EXPECT_EQ(0, run[i](each_one, &self->fd));
		EXPECT_EQ(2, counts(self->fd, self->victim));
		EXPECT_LT(head, samples_end(p));
		EXPECT_EQ(0, run[i](one_in_many, &self->fd));
		EXPECT_EQ(-EINVAL, run[i](no_period, &self->fd));
	}
}

/* By what the event says, once and for all. */
TEST_F(signals, filter)
{
	int (*const run[])(int (*fn)(void *arg), void *arg) = {
		in_child, capmode_run,
	};
	struct filter filter;
	char text[32];
	int i;

	snprintf(text, sizeof(text), "sig == %d", SIGUSR1);
	for (i = 0; i < 2; i++) {
		filter.fd = open_event(&self->attr, 0);
		ASSERT_LE(0, filter.fd);
		filter.text = "no_such_field == 1";
		EXPECT_EQ(-EINVAL, run[i](set_filter, &filter));
		EXPECT_EQ(2, counts(filter.fd, self->victim));
		filter.text = text;
		EXPECT_EQ(0, run[i](set_filter, &filter));
		EXPECT_EQ(1, counts(filter.fd, self->victim));
		filter.text = "sig == 0";
		EXPECT_EQ(-EEXIST, run[i](set_filter, &filter));
		EXPECT_EQ(1, counts(filter.fd, self->victim));
		close(filter.fd);
	}
}

/* ---- by the process that opened it ---- */

/*
 * What a thread has opened it can stop all at once, whoever holds descriptors
 * of it by now and whatever they may do with it.
 */
struct stopped {
	bool enters;
	int request;	/* PR_TASK_PERF_EVENTS_DISABLE, or _ENABLE */
};

/* The processor's time of oneself: it goes on when there is anything to do. */
static int open_clock(bool disabled)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.disabled = disabled,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	return open_event(&attr, 0);
}

static bool have_clock(void)
{
	int fd = open_clock(false);

	if (fd >= 0)
		close(fd);
	return fd != -ENOSYS && fd != -EACCES;
}

/* How long a process has been busy, in milliseconds; or -errno. */
static long long busy(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;
	int err = clock_getcpuclockid(pid, &clock);

	if (err || clock_gettime(clock, &ts))
		return err ? -err : -errno;
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* For long enough to be counted. */
static void be_busy(void)
{
	const long long end = busy(0) + 10;

	while (busy(0) < end)
		;
}

/* By an event that may only be read; returns the errno, or whether it counts. */
static int stop_limited(void *arg)
{
	const struct stopped *s = arg;
	const bool start = s->request == PR_TASK_PERF_EVENTS_ENABLE;
	long long before;
	int fd = open_clock(start), cap, ret;

	cap = limit_to(fd, CAP_READ);
	STEP(cap >= 0);
	close(fd);
	STEP(RET(ioctl(cap, PERF_EVENT_IOC_DISABLE, 0)) == -ENOTCAPABLE);
	STEP(RET(ioctl(cap, PERF_EVENT_IOC_ENABLE, 0)) == -ENOTCAPABLE);
	if (s->enters)
		STEP(!sys_cap_enter(0));
	be_busy();
	STEP((count(cap) > 0) == !start);
	ret = RET(prctl(s->request, 0, 0, 0, 0));
	before = count(cap);
	be_busy();
	STEP(before >= 0 && count(cap) >= before);
	/* Refused, it goes on as before. */
	STEP((count(cap) > before) == (ret ? !start : start));
	return ret;
}

TEST(stopped_by_prctl)
{
	static const int requests[] = {
		PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE,
	};
	struct stopped s;
	size_t i;

	REQUIRE_CAPMODE();
	if (!have_clock())
		SKIP(return, "no events");
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		s.request = requests[i];
		s.enters = false;
		EXPECT_EQ(0, in_child(stop_limited, &s));
		s.enters = true;
		EXPECT_EQ(-ECAPMODE, in_child(stop_limited, &s));
	}
}

/* Gives its event away, and tries to stop it when told to. */
static int stop_given(const struct stopped *s, int sock)
{
	int fd = open_clock(false), ret;
	char c;

	STEP(send_fds(sock, &fd, 1) == 1);
	close(fd);
	if (s->enters)
		STEP(!sys_cap_enter(0));
	STEP(read(sock, &c, 1) == 1);
	ret = RET(prctl(s->request, 0, 0, 0, 0));
	STEP(write(sock, &ret, sizeof(ret)) == sizeof(ret));
	/* Counts or not, until there is nobody to look. */
	for (;;)
		be_busy();
}

static int look_at_given(void *arg)
{
	const struct stopped *s = arg;
	int sock[2], fd, pidfd, ret;
	long long before, since;
	pid_t child;

	STEP(!socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	child = fork_fd(&pidfd);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stop_given(s, sock[1]);
		_exit(1);
	}
	close(sock[1]);
	STEP(recv_fds(sock[0], &fd, 1, 0) == 1);
	STEP(write(sock[0], "x", 1) == 1);
	STEP(read(sock[0], &ret, sizeof(ret)) == sizeof(ret));
	before = count(fd);
	since = busy(child);
	STEP(since >= 0);
	while (busy(child) < since + 10)
		usleep(1000);
	STEP(before >= 0 && count(fd) >= before);
	STEP((count(fd) > before) == !!ret);
	STEP(!kill(child, SIGKILL));
	STEP(wait_fd(pidfd) == KILLED_BY(SIGKILL));
	return ret;
}

TEST(given_away_and_stopped)
{
	struct stopped s = { .request = PR_TASK_PERF_EVENTS_DISABLE };

	REQUIRE_CAPMODE();
	if (!have_clock())
		SKIP(return, "no events");
	EXPECT_EQ(0, in_child(look_at_given, &s));
	s.enters = true;
	EXPECT_EQ(-ECAPMODE, in_child(look_at_given, &s));
}

TEST_HARNESS_MAIN
