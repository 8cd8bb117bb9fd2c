// SPDX-License-Identifier: GPL-2.0
/*
 * Threads and processes that share: a descriptor table of which one limits, or
 * the position of one open file.
 */
#include "common.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define ROUNDS	200
#define READERS	3

/* ---- after limiting, nobody gets through ---- */

struct race {
	pthread_barrier_t start;
	pthread_barrier_t end;
	int fd;
	atomic_bool limited;	/* cap_rights_limit() has returned */
	atomic_int late;	/* operations that got through after that */
	atomic_int strange;	/* results that never are right */
	atomic_int through;	/* operations that got through at all */
};

/*
 * An operation that began after the flag was seen began after limiting had
 * returned, whatever the clocks and the scheduler do. Each reader stops only
 * once it has made one of those.
 */
static void *race_reader(void *arg)
{
	struct race *r = arg;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		bool limited = false;

		pthread_barrier_wait(&r->start);
		while (!limited) {
			char c;
			int ret;

			limited = atomic_load(&r->limited);
			ret = RET(pread(r->fd, &c, 1, 0));
			if (ret == 1) {
				atomic_fetch_add(&r->through, 1);
				if (limited)
					atomic_fetch_add(&r->late, 1);
			} else if (ret != -ENOTCAPABLE) {
				atomic_fetch_add(&r->strange, 1);
			}
		}
		pthread_barrier_wait(&r->end);
	}
	return NULL;
}

static void run_race(struct __test_metadata *_metadata, bool capability)
{
	pthread_t readers[READERS];
	struct cap_rights set;
	struct race r = {};
	int round, file, i;

	file = tmp_file(NULL, 8);
	ASSERT_LE(0, file);
	pthread_barrier_init(&r.start, NULL, READERS + 1);
	pthread_barrier_init(&r.end, NULL, READERS + 1);
	rights_list(&set, RIGHTS(CAP_WRITE));
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_create(&readers[i], NULL, race_reader, &r));
	for (round = 0; round < ROUNDS; round++) {
		int err;

		r.fd = capability ? limit_all(file) : dup(file);
		ASSERT_LE(0, r.fd);
		atomic_store(&r.limited, false);
		pthread_barrier_wait(&r.start);
		if (round & 1)
			sched_yield();
		err = limit_fd(r.fd, &set);
		atomic_store(&r.limited, true);
		pthread_barrier_wait(&r.end);
		EXPECT_EQ(0, err);
		close(r.fd);
	}
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	EXPECT_EQ(0, r.late) TH_LOG("got through after limiting");
	EXPECT_EQ(0, r.strange) TH_LOG("neither allowed nor refused");
	TH_LOG("%d operations got through before limiting", r.through);
}

TEST(nobody_gets_through)
{
	REQUIRE_CAPSICUM();
	run_race(_metadata, false);
}

TEST(nobody_gets_through_capability)
{
	REQUIRE_CAPSICUM();
	run_race(_metadata, true);
}

/* ---- two narrow at once ---- */

struct narrow {
	pthread_barrier_t *start, *end;
	int *fd;
	uint64_t drop;		/* as limiting from what was read back */
	unsigned int flags;
	unsigned int fcntls;
	int err;
};

static void *narrower(void *arg)
{
	struct narrow *n = arg;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		struct cap_rights set;
		int err;

		pthread_barrier_wait(n->start);
		if (n->drop) {
			rights_all(&set);
			rights_del(&set, n->drop);
			err = limit_fd(*n->fd, &set);
			/* The other was first: start from what it has left. */
			while (err == -ENOTCAPABLE) {
				err = sys_cap_rights_get(*n->fd, &set, NULL,
							 NULL, NULL, 0);
				if (err)
					break;
				rights_del(&set, n->drop);
				err = limit_fd(*n->fd, &set);
			}
		} else {
			err = sys_cap_rights_limit(*n->fd, NULL, n->fcntls, 0,
						   NULL, n->flags);
		}
		if (err)
			n->err = err;
		pthread_barrier_wait(n->end);
	}
	return NULL;
}

static void run_narrowers(struct __test_metadata *_metadata,
			  struct narrow *a, struct narrow *b,
			  const struct limits *want)
{
	pthread_barrier_t start, end;
	pthread_t threads[2];
	int file, fd, round;
	struct limits got;

	file = tmp_file(NULL, 8);
	ASSERT_LE(0, file);
	pthread_barrier_init(&start, NULL, 3);
	pthread_barrier_init(&end, NULL, 3);
	a->start = &start;
	b->start = &start;
	a->end = &end;
	b->end = &end;
	a->fd = &fd;
	b->fd = &fd;
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, narrower, a));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, narrower, b));
	for (round = 0; round < ROUNDS; round++) {
		fd = round & 1 ? limit_all(file) : dup(file);
		ASSERT_LE(0, fd);
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
		ASSERT_EQ(0, get_limits(fd, &got));
		EXPECT_TRUE(limits_eq(want, &got))
			TH_LOG("round %d: not what both have left", round);
		close(fd);
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(0, a->err);
	EXPECT_EQ(0, b->err);
}

TEST(two_drop_rights)
{
	struct narrow a = { .drop = CAP_READ }, b = { .drop = CAP_WRITE };
	struct limits want = {
		.fcntls = CAP_FCNTL_ALL, .nioctls = CAP_LIMIT_IOCTLS_ALL
	};

	REQUIRE_CAPSICUM();
	rights_all(&want.rights);
	rights_del(&want.rights, CAP_READ);
	rights_del(&want.rights, CAP_WRITE);
	run_narrowers(_metadata, &a, &b, &want);
}

/* Each keeps what it does not name, as it is when the call takes effect. */
TEST(two_narrow_parts)
{
	struct narrow a = {
		.flags = CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS,
		.fcntls = CAP_FCNTL_GETFL,
	};
	struct narrow b = {
		.flags = CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS,
	};
	struct limits want = { .fcntls = CAP_FCNTL_GETFL };

	REQUIRE_CAPSICUM();
	rights_all(&want.rights);
	run_narrowers(_metadata, &a, &b, &want);
}

/* ---- the slot becomes another file meanwhile ---- */

struct swap {
	pthread_barrier_t start, end;
	int slot;
	int other;
	bool close;
};

static void *swapper(void *arg)
{
	struct swap *s = arg;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&s->start);
		if (s->close)
			close(s->slot);
		else
			dup2(s->other, s->slot);
		pthread_barrier_wait(&s->end);
	}
	return NULL;
}

/*
 * dup2() into the slot that is being limited: it ends as an ordinary descriptor
 * of the new file, or as a limited one of the new file; never as one of the
 * file that was replaced.
 */
TEST(limit_against_dup2)
{
	struct swap s = {};
	struct stat was, is, new;
	struct cap_rights set;
	pthread_t thread;
	int file, round;

	REQUIRE_CAPSICUM();
	file = tmp_file(NULL, 8);
	ASSERT_LE(0, file);
	s.other = tmp_file(NULL, 16);
	ASSERT_LE(0, s.other);
	s.slot = 100;
	ASSERT_EQ(0, fstat(s.other, &new));
	ASSERT_EQ(0, fstat(file, &was));
	pthread_barrier_init(&s.start, NULL, 2);
	pthread_barrier_init(&s.end, NULL, 2);
	rights_list(&set, RIGHTS(CAP_FSTAT));
	ASSERT_EQ(0, pthread_create(&thread, NULL, swapper, &s));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(s.slot, dup2(file, s.slot));
		pthread_barrier_wait(&s.start);
		EXPECT_EQ(0, limit_fd(s.slot, &set));
		pthread_barrier_wait(&s.end);
		ASSERT_EQ(0, fstat(s.slot, &is));
		EXPECT_EQ(new.st_ino, is.st_ino);
		EXPECT_EQ(8, lseek(file, 0, SEEK_END));
	}
	pthread_join(thread, NULL);
}

TEST(limit_against_close)
{
	struct swap s = { .close = true };
	struct cap_rights set;
	pthread_t thread;
	int file, round;

	REQUIRE_CAPSICUM();
	file = tmp_file(NULL, 8);
	ASSERT_LE(0, file);
	s.slot = 100;
	pthread_barrier_init(&s.start, NULL, 2);
	pthread_barrier_init(&s.end, NULL, 2);
	rights_list(&set, RIGHTS(CAP_FSTAT));
	ASSERT_EQ(0, pthread_create(&thread, NULL, swapper, &s));
	for (round = 0; round < ROUNDS; round++) {
		int err;

		ASSERT_EQ(s.slot, dup2(file, s.slot));
		pthread_barrier_wait(&s.start);
		err = limit_fd(s.slot, &set);
		pthread_barrier_wait(&s.end);
		EXPECT_TRUE(err == 0 || err == -EBADF)
			TH_LOG("limiting said %d", err);
		/* Nothing has come back into the slot. */
		EXPECT_EQ(-EBADF, RET(fcntl(s.slot, F_GETFD)));
	}
	pthread_join(thread, NULL);
}

/* ---- one position ---- */

#define RECORDS	2000
#define RECORD	16

/* Writes RECORDS records that tell who wrote them. */
static int write_records(int fd, int who)
{
	char record[RECORD + 1];
	int i;

	for (i = 0; i < RECORDS; i++) {
		snprintf(record, sizeof(record), "%03d %011d\n", who, i);
		if (write(fd, record, RECORD) != RECORD)
			return -1;
	}
	return 0;
}

/* Every record of @writers is there once, and in each writer's own order. */
static void check_records(struct __test_metadata *_metadata, int file,
			  int writers)
{
	int next[8] = {};
	char record[RECORD + 1] = {};
	off_t off;
	int i;

	ASSERT_EQ((off_t)writers * RECORDS * RECORD,
		  lseek(file, 0, SEEK_END))
		TH_LOG("records are lost");
	for (off = 0; pread(file, record, RECORD, off) == RECORD;
	     off += RECORD) {
		int who = -1, nr = -1;

		if (sscanf(record, "%d %d", &who, &nr) != 2)
			who = -1;
		ASSERT_LE(0, who);
		ASSERT_GT(writers, who);
		ASSERT_EQ(next[who], nr);
		next[who]++;
	}
	for (i = 0; i < writers; i++)
		EXPECT_EQ(RECORDS, next[i]);
}

FIXTURE(writers)
{
	int file;
	int fds[2];
};

/*
 * How the two get at the file. The counts of references by which the kernel
 * knows whether the position needs its lock differ in each.
 */
FIXTURE_VARIANT(writers)
{
	bool two;	/* a capability each, not the same for both */
	bool mixed;	/* one of them has an ordinary descriptor */
	bool alone;	/* the ordinary descriptor is closed meanwhile */
};

FIXTURE_VARIANT_ADD(writers, one_capability) { };

FIXTURE_VARIANT_ADD(writers, one_capability_alone) { .alone = true };

FIXTURE_VARIANT_ADD(writers, two_capabilities) { .two = true };

FIXTURE_VARIANT_ADD(writers, two_capabilities_alone)
{
	.two = true, .alone = true
};

FIXTURE_VARIANT_ADD(writers, mixed) { .two = true, .mixed = true };

FIXTURE_SETUP(writers)
{
	char name[64];
	int file;

	REQUIRE_CAPSICUM();
	file = tmp_file(NULL, 0);
	ASSERT_LE(0, file);
	self->fds[0] = limit_to(file, CAP_WRITE);
	ASSERT_LE(0, self->fds[0]);
	if (variant->mixed)
		self->fds[1] = dup(file);
	else if (variant->two)
		self->fds[1] = limit_to(file, CAP_WRITE);
	else
		self->fds[1] = self->fds[0];
	ASSERT_LE(0, self->fds[1]);

	/* To look at it in the end: another open file, another position. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	self->file = open(name, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->file);
	if (variant->alone)
		close(file);
}

FIXTURE_TEARDOWN(writers)
{
	close(self->file);
}

TEST_F(writers, processes)
{
	pid_t child[2];
	int go[2], i;
	char c;

	ASSERT_EQ(0, pipe(go));
	for (i = 0; i < 2; i++) {
		child[i] = fork();
		ASSERT_LE(0, child[i]);
		if (!child[i]) {
			/* Both begin when the pipe is closed. */
			close(go[1]);
			if (read(go[0], &c, 1) != 0)
				_exit(1);
			if (self->fds[!i] != self->fds[i])
				close(self->fds[!i]);
			_exit(write_records(self->fds[i], i) ? 1 : 0);
		}
	}
	close(go[0]);
	close(go[1]);
	EXPECT_TRUE(child_ok(child[0]));
	EXPECT_TRUE(child_ok(child[1]));
	check_records(_metadata, self->file, 2);
}

/* As above, but the parent's descriptors are closed: the children's are all. */
TEST_F(writers, processes_parent_closed)
{
	pid_t child[2];
	int go[2], i;
	char c;

	ASSERT_EQ(0, pipe(go));
	for (i = 0; i < 2; i++) {
		child[i] = fork();
		ASSERT_LE(0, child[i]);
		if (!child[i]) {
			close(go[1]);
			if (read(go[0], &c, 1) != 0)
				_exit(1);
			_exit(write_records(self->fds[i], i) ? 1 : 0);
		}
	}
	close(self->fds[0]);
	close(self->fds[1]);
	close(go[0]);
	close(go[1]);
	EXPECT_TRUE(child_ok(child[0]));
	EXPECT_TRUE(child_ok(child[1]));
	check_records(_metadata, self->file, 2);
}

struct writer {
	pthread_barrier_t *start;
	int fd;
	int who;
	int err;
};

static void *thread_writer(void *arg)
{
	struct writer *w = arg;

	pthread_barrier_wait(w->start);
	w->err = write_records(w->fd, w->who);
	return NULL;
}

TEST_F(writers, threads)
{
	pthread_barrier_t start;
	struct writer w[2];
	pthread_t thread[2];
	int i;

	pthread_barrier_init(&start, NULL, 2);
	for (i = 0; i < 2; i++) {
		w[i] = (struct writer){ &start, self->fds[i], i, -1 };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, thread_writer,
					    &w[i]));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].err);
	}
	check_records(_metadata, self->file, 2);
}

/* A position that moves is everybody's. */
TEST(position_is_shared)
{
	int file, one, two;
	char c;

	REQUIRE_CAPSICUM();
	file = tmp_file(NULL, 26);
	ASSERT_LE(0, file);
	one = limit_to(file, CAP_READ);
	two = limit_to(file, CAP_READ, CAP_SEEK);
	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	ASSERT_EQ(1, read(one, &c, 1));
	EXPECT_EQ('a', c);
	ASSERT_EQ(1, read(two, &c, 1));
	EXPECT_EQ('b', c);
	ASSERT_EQ(1, read(file, &c, 1));
	EXPECT_EQ('c', c);
	EXPECT_EQ(3, lseek(two, 0, SEEK_CUR));
	EXPECT_EQ(10, lseek(two, 10, SEEK_SET));
	ASSERT_EQ(1, read(one, &c, 1));
	EXPECT_EQ('k', c);
}

TEST_HARNESS_MAIN
