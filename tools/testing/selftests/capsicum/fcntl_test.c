// SPDX-License-Identifier: GPL-2.0
/*
 * fcntl(2): what each command needs. Those that do what another system call
 * does need its right, those about the descriptor none, all others CAP_FCNTL,
 * four of them also a sub-right of it.
 */
#include "ops.h"

/* <linux/fcntl.h> and <fcntl.h> do not go together. */
#ifndef F_LINUX_SPECIFIC_BASE
#define F_LINUX_SPECIFIC_BASE	1024
#endif
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY	(F_LINUX_SPECIFIC_BASE + 3)
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY	(F_LINUX_SPECIFIC_BASE + 4)
#endif
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS	17
#endif

/* One command with its argument: a number, or a pointer to a fresh copy. */
struct cmd {
	int cmd;
	long arg;
	const void *in;
	size_t size;
	int fd;		/* ordinary, of the object */
};

static int op_fcntl(int fd, void *ctx)
{
	union {
		char bytes[64];
		uint64_t align;
	} buf = {};
	struct cmd *c = ctx;

	if (!c->size)
		return RET(fcntl(fd, c->cmd, c->arg));
	if (c->in)
		memcpy(&buf, c->in, c->size);
	return RET(fcntl(fd, c->cmd, &buf));
}

static uint64_t cmd_state(void *ctx)
{
	struct cmd *c = ctx;
	uint64_t h = file_state(c->fd);
	struct f_owner_ex own = {};
	struct flock lock = { .l_type = F_WRLCK };
	char name[64];
	int other;

	MIX(h, fcntl(c->fd, F_GETSIG));
	MIX(h, fcntl(c->fd, F_GETOWN_EX, &own));
	MIX(h, own.type);
	MIX(h, own.pid);
	MIX(h, fcntl(c->fd, F_GETLEASE));
	MIX(h, fcntl(c->fd, F_GETPIPE_SZ));
	MIX(h, fcntl(c->fd, F_GET_SEALS));
	/* Locks of the process; then those of the open file, as another one. */
	if (fcntl(c->fd, F_OFD_GETLK, &lock) == 0)
		MIX(h, lock.l_type);
	if (c->cmd != F_OFD_SETLK && c->cmd != F_OFD_SETLKW)
		return h;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", c->fd);
	other = open(name, O_RDWR | O_CLOEXEC);
	lock.l_type = F_WRLCK;
	lock.l_pid = 0;
	if (fcntl(other, F_OFD_GETLK, &lock) == 0)
		MIX(h, lock.l_type);
	close(other);
	return h;
}

static void cmd_prepare(void *ctx)
{
	struct cmd *c = ctx;
	struct f_owner_ex none = { .type = F_OWNER_PID };
	struct flock lock = { .l_type = F_UNLCK };

	fcntl(c->fd, F_SETFL, 0);
	fcntl(c->fd, F_SETOWN_EX, &none);
	fcntl(c->fd, F_SETSIG, 0);
	fcntl(c->fd, F_SETLEASE, F_UNLCK);
	fcntl(c->fd, F_SETPIPE_SZ, 65536);
	fcntl(c->fd, F_SETLK, &lock);
	fcntl(c->fd, F_OFD_SETLK, &lock);
}

#define CHECK(object, command, want_, sub, argument, pointer, psize, ...) do { \
	struct cmd __c = { command, argument, pointer, psize, object }; \
	RIGHTS_OP(object, .name = #command, .op = op_fcntl, \
		  .rights = RIGHTS(__VA_ARGS__), .fcntls = sub, \
		  .want = want_, .prepare = cmd_prepare, .state = cmd_state, \
		  .ctx = &__c); \
} while (0)

/* With a number as argument; without a sub-right. */
#define CHECK_NUM(object, command, argument, ...) \
	CHECK(object, command, 0, 0, argument, NULL, 0, __VA_ARGS__)
/* With a pointer to what @var holds. */
#define CHECK_PTR(object, command, var, ...) \
	CHECK(object, command, 0, 0, 0, &(var), sizeof(var), __VA_ARGS__)

FIXTURE(fcntl)
{
	int file;
	int pipe[2];
	int sock[2];
};

FIXTURE_SETUP(fcntl)
{
	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sock));
	signal(SIGIO, SIG_IGN);
}

FIXTURE_TEARDOWN(fcntl)
{
	close(self->file);
}

TEST_F(fcntl, flags)
{
	CHECK(self->file, F_GETFL, 0, CAP_FCNTL_GETFL, 0, NULL, 0, CAP_FCNTL);
	CHECK(self->file, F_SETFL, 0, CAP_FCNTL_SETFL, O_APPEND, NULL, 0,
	      CAP_FCNTL);
	CHECK(self->pipe[0], F_GETFL, 0, CAP_FCNTL_GETFL, 0, NULL, 0,
	      CAP_FCNTL);
	CHECK(self->pipe[0], F_SETFL, 0, CAP_FCNTL_SETFL, O_NONBLOCK, NULL, 0,
	      CAP_FCNTL);
}

/* What is set through a capability is set on the target. */
TEST_F(fcntl, flags_are_the_targets)
{
	int fd = limit_to(self->pipe[0], CAP_FCNTL);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->pipe[0], F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(fcntl(self->pipe[0], F_GETFL), fcntl(fd, F_GETFL));
	fd = limit_to(self->file, CAP_FCNTL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_APPEND));
	EXPECT_EQ(O_APPEND, fcntl(self->file, F_GETFL) & O_APPEND);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
}

/* F_SETFL by one of the system calls that there are. */
struct setfl {
	long nr;
	int fd;		/* ordinary, of the file */
	int was;
	int flags;
};

static int setfl_get(const struct setfl *s)
{
	return fcntl(s->fd, F_GETFL) & (O_APPEND | O_NONBLOCK);
}

static void setfl_prepare(void *ctx)
{
	struct setfl *s = ctx;

	fcntl(s->fd, F_SETFL, s->was);
}

static int op_setfl(int fd, void *ctx)
{
	struct setfl *s = ctx;
	int err = RET(syscall(s->nr, fd, F_SETFL, s->flags));

	if (!err && setfl_get(s) != s->flags)
		return -EUCLEAN;
	return err;
}

static uint64_t setfl_state(void *ctx)
{
	return setfl_get(ctx);
}

/* Without O_APPEND a file is written to where its position is. */
TEST_F(fcntl, append)
{
	static const long nrs[] = {
		__NR_fcntl,
#ifdef __NR_fcntl64
		__NR_fcntl64,
#endif
	};
	static const struct {
		int was;
		int flags;
		uint64_t more;
	} sets[] = {
		{ O_APPEND, 0, CAP_SEEK },
		{ O_APPEND, O_NONBLOCK, CAP_SEEK },
		{ O_APPEND | O_NONBLOCK, O_NONBLOCK, CAP_SEEK },
		{ O_APPEND, O_APPEND },
		{ O_APPEND, O_APPEND | O_NONBLOCK },
		{ 0, O_APPEND },
		{ 0, O_NONBLOCK },
		{ O_NONBLOCK, 0 },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		for (j = 0; j < ARRAY_SIZE(sets); j++) {
			struct setfl s = {
				.nr = nrs[i],
				.fd = self->file,
				.was = sets[j].was,
				.flags = sets[j].flags,
			};
			char name[64];

			snprintf(name, sizeof(name), "F_SETFL by %ld, %#o to %#o",
				 s.nr, s.was, s.flags);
			RIGHTS_OP(self->file, .name = name, .op = op_setfl,
				  .rights = RIGHTS(CAP_FCNTL, sets[j].more),
				  .fcntls = CAP_FCNTL_SETFL,
				  .prepare = setfl_prepare,
				  .state = setfl_state, .ctx = &s);
		}
	}
}

/* What was opened to be appended to is not overwritten. */
TEST(append_only_directory)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
	struct cap_rights set;
	int dir, file, cap, fd;
	char name[256];

	REQUIRE_CAPSICUM();
	snprintf(name, sizeof(name), "%s/capsicum.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(name));
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	file = openat(dir, "log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ASSERT_LE(0, file);
	ASSERT_EQ(3, write(file, "old", 3));

	rights_list(&set, RIGHTS(CAP_LOOKUP, CAP_WRITE, CAP_FCNTL));
	cap = limit_sub(dir, &set, CAP_FCNTL_SETFL, 0, NULL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(openat(cap, "log", O_WRONLY | O_CLOEXEC)));
	fd = RET(openat(cap, "log", flags));
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, 0)));
	EXPECT_EQ(0, RET(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, O_NONBLOCK)));
	EXPECT_EQ(3, RET(write(fd, "new", 3)));
	EXPECT_TRUE(ops_holds(file, "oldnew"));
	close(fd);
	close(cap);

	rights_add(&set, CAP_SEEK);
	cap = limit_sub(dir, &set, CAP_FCNTL_SETFL, 0, NULL);
	ASSERT_LE(0, cap);
	fd = RET(openat(cap, "log", flags));
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, RET(fcntl(fd, F_SETFL, 0)));
	EXPECT_EQ(3, RET(write(fd, "OLD", 3)));
	EXPECT_TRUE(ops_holds(file, "OLDnew"));
	close(fd);
	close(cap);
	close(file);
	EXPECT_EQ(0, unlinkat(dir, "log", 0));
	close(dir);
	EXPECT_EQ(0, rmdir(name));
}

TEST_F(fcntl, owner)
{
	struct f_owner_ex own = { .type = F_OWNER_PID, .pid = getpid() };
	uint32_t uids[2];

	CHECK(self->sock[0], F_GETOWN, 0, CAP_FCNTL_GETOWN, 0, NULL, 0,
	      CAP_FCNTL);
	CHECK(self->sock[0], F_GETOWN_EX, 0, CAP_FCNTL_GETOWN, 0, NULL,
	      sizeof(own), CAP_FCNTL);
	CHECK(self->sock[0], F_SETOWN, 0, CAP_FCNTL_SETOWN, getpid(), NULL, 0,
	      CAP_FCNTL);
	CHECK(self->sock[0], F_SETOWN_EX, 0, CAP_FCNTL_SETOWN, 0, &own,
	      sizeof(own), CAP_FCNTL);
	if (fcntl(self->sock[0], F_GETOWNER_UIDS, uids) == 0)
		CHECK(self->sock[0], F_GETOWNER_UIDS, 0, CAP_FCNTL_GETOWN, 0,
		      NULL, sizeof(uids), CAP_FCNTL);
}

TEST_F(fcntl, signal)
{
	CHECK_NUM(self->pipe[0], F_GETSIG, 0, CAP_FCNTL);
	CHECK_NUM(self->pipe[0], F_SETSIG, SIGUSR1, CAP_FCNTL);
}

TEST_F(fcntl, pipe_size)
{
	CHECK_NUM(self->pipe[0], F_GETPIPE_SZ, 0, CAP_FCNTL);
	CHECK_NUM(self->pipe[1], F_SETPIPE_SZ, 4 * 65536, CAP_FCNTL);
}

TEST_F(fcntl, write_hints)
{
	uint64_t hint = 2;	/* RWH_WRITE_LIFE_SHORT */

	/* Whether the file knows hints is not the point. */
	CHECK(self->file, F_GET_RW_HINT, 0, 0, 0, NULL, sizeof(hint),
	      CAP_FCNTL);
	CHECK(self->file, F_SET_RW_HINT, 0, 0, 0, &hint, sizeof(hint),
	      CAP_FCNTL);
}

TEST_F(fcntl, unknown_command)
{
	CHECK(self->file, 4711, -EINVAL, 0, 0, NULL, 0, CAP_FCNTL);
	CHECK(self->file, -1, -EINVAL, 0, 0, NULL, 0, CAP_FCNTL);
}

TEST_F(fcntl, created_query)
{
	if (fcntl(self->file, F_CREATED_QUERY, 0) < 0)
		SKIP(return, "no F_CREATED_QUERY");
	CHECK_NUM(self->file, F_CREATED_QUERY, 0, CAP_FCNTL);
}

TEST_F(fcntl, seals)
{
	int fd = memfd_create("capsicum", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int again;

	ASSERT_LE(0, fd);
	CHECK_NUM(fd, F_GET_SEALS, 0, CAP_FSTAT);
	/* The first success lasts, and F_SEAL_GROW does not forbid others. */
	CHECK_NUM(fd, F_ADD_SEALS, F_SEAL_GROW, CAP_FCHMOD);
	EXPECT_EQ(F_SEAL_GROW, fcntl(fd, F_GET_SEALS));

	again = limit_all_but(fd, CAP_FCHMOD);
	ASSERT_LE(0, again);
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(again, F_ADD_SEALS, F_SEAL_SHRINK)));
	EXPECT_EQ(F_SEAL_GROW, fcntl(fd, F_GET_SEALS));
}

/* A lease demands that nobody else has the file open: give it its own. */
static int lease_target(void)
{
	char name[64];
	int fd, ro;

	fd = tmp_file(NULL, 64);
	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ro = RET(open(name, O_RDONLY | O_CLOEXEC));
	close(fd);
	return ro;
}

TEST_F(fcntl, lease)
{
	int fd = lease_target();

	ASSERT_LE(0, fd);
	CHECK_NUM(fd, F_GETLEASE, 0, CAP_FLOCK, CAP_FSIGNAL);
	CHECK_NUM(fd, F_SETLEASE, F_RDLCK, CAP_FLOCK, CAP_FSIGNAL);
	close(fd);
}

TEST_F(fcntl, notify)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_LE(0, dir);
	if (fcntl(dir, F_NOTIFY, 0) < 0)
		SKIP(return, "no dnotify");
	CHECK_NUM(dir, F_NOTIFY, 0, CAP_NOTIFY);
	CHECK_NUM(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT, CAP_NOTIFY);
	close(dir);
}

/* Counted by the handler: only for __atomic_*. */
static int notified;

static void on_notify(int sig)
{
	__atomic_add_fetch(&notified, 1, __ATOMIC_RELAXED);
}

/* The signal comes, for as long as the descriptor is open. */
TEST_F(fcntl, notify_delivers)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd, i;

	ASSERT_LE(0, dir);
	if (fcntl(dir, F_NOTIFY, 0) < 0)
		SKIP(return, "no dnotify");
	fd = limit_to(dir, CAP_NOTIFY);
	ASSERT_LE(0, fd);
	signal(SIGIO, on_notify);
	ASSERT_EQ(0, fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	i = tmp_file(NULL, 0);
	ASSERT_LE(0, i);
	close(i);
	EXPECT_LT(0, __atomic_load_n(&notified, __ATOMIC_RELAXED));
	/* Closing it ends this, although the directory stays open. */
	close(fd);
	signal(SIGIO, SIG_IGN);
	__atomic_store_n(&notified, 0, __ATOMIC_RELAXED);
	signal(SIGIO, on_notify);
	i = tmp_file(NULL, 0);
	ASSERT_LE(0, i);
	close(i);
	EXPECT_EQ(0, __atomic_load_n(&notified, __ATOMIC_RELAXED));
	close(dir);
}

TEST_F(fcntl, posix_locks)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 8
	};

	CHECK_PTR(self->file, F_GETLK, lock, CAP_FLOCK);
	CHECK_PTR(self->file, F_SETLK, lock, CAP_FLOCK);
	CHECK_PTR(self->file, F_SETLKW, lock, CAP_FLOCK);
	lock.l_type = F_UNLCK;
	CHECK_PTR(self->file, F_SETLK, lock, CAP_FLOCK);
}

TEST_F(fcntl, open_file_locks)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 8
	};

	CHECK_PTR(self->file, F_OFD_GETLK, lock, CAP_FLOCK);
	CHECK_PTR(self->file, F_OFD_SETLK, lock, CAP_FLOCK);
	CHECK_PTR(self->file, F_OFD_SETLKW, lock, CAP_FLOCK);
}

/* The other lock calls of 32-bit machines, past the C library. */
TEST_F(fcntl, native_locks)
{
#if defined(__NR_fcntl64)
	struct {
		short type, whence;
		int32_t start, len, pid;
	} small = { F_WRLCK, SEEK_SET, 0, 8, 0 };
	const int cmds[] = { 5, 6, 7 };	/* F_GETLK, F_SETLK, F_SETLKW */
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int yes = limit_to(self->file, CAP_FLOCK);
		int no = limit_all_but(self->file, CAP_FLOCK);

		ASSERT_LE(0, yes);
		ASSERT_LE(0, no);
		EXPECT_EQ(0, RET(syscall(__NR_fcntl, yes, cmds[i], &small)));
		EXPECT_EQ(-ENOTCAPABLE,
			  RET(syscall(__NR_fcntl, no, cmds[i], &small)));
		/* F_GETLK has told that nobody is in the way. */
		small.type = F_WRLCK;
		EXPECT_EQ(0, RET(syscall(__NR_fcntl64, yes, cmds[i], &small)));
		small.type = F_WRLCK;
		EXPECT_EQ(-ENOTCAPABLE,
			  RET(syscall(__NR_fcntl64, no, cmds[i], &small)));
		close(yes);
		close(no);
	}
#else
	SKIP(return, "one form of locks only");
#endif
}

/* What is about the descriptor needs nothing, and keeps the limits. */
TEST_F(fcntl, of_the_descriptor)
{
	int fd = limit_list(self->file, NO_RIGHTS);
	int cmds[] = { F_DUPFD, F_DUPFD_CLOEXEC };
	struct limits was, is;
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &was));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(0, fcntl(fd, F_SETFD, 0));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int new = fcntl(fd, cmds[i], 20);

		ASSERT_LE(20, new);
		ASSERT_EQ(0, get_limits(new, &is));
		EXPECT_TRUE(limits_eq(&was, &is));
		EXPECT_EQ(cmds[i] == F_DUPFD ? 0 : FD_CLOEXEC,
			  fcntl(new, F_GETFD));
		close(new);
	}
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_GETFL)));
}

TEST_F(fcntl, dupfd_query)
{
	int fd = limit_list(self->file, NO_RIGHTS);
	int same;

	ASSERT_LE(0, fd);
	if (fcntl(self->file, F_DUPFD_QUERY, self->file) != 1)
		SKIP(return, "no F_DUPFD_QUERY");
	same = dup(fd);
	ASSERT_LE(0, same);
	EXPECT_EQ(1, fcntl(fd, F_DUPFD_QUERY, same));
	/* Another file: who has but the one cannot do what the other can. */
	EXPECT_EQ(0, fcntl(fd, F_DUPFD_QUERY, self->file));
	EXPECT_EQ(0, fcntl(self->file, F_DUPFD_QUERY, fd));
}

/* A sub-right is of no use for another command. */
TEST_F(fcntl, one_sub_right_each)
{
	static const struct {
		int cmd;
		unsigned int right;
	} cmds[] = {
		{ F_GETFL, CAP_FCNTL_GETFL },
		{ F_SETFL, CAP_FCNTL_SETFL },
		{ F_GETOWN, CAP_FCNTL_GETOWN },
		{ F_SETOWN, CAP_FCNTL_SETOWN },
	};
	struct cap_rights set;
	unsigned int i, j;
	int fd;

	rights_list(&set, RIGHTS(CAP_FCNTL));
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		fd = limit_sub(self->sock[0], &set, cmds[i].right, 0, NULL);
		ASSERT_LE(0, fd);
		for (j = 0; j < ARRAY_SIZE(cmds); j++)
			EXPECT_EQ(i == j, fcntl(fd, cmds[j].cmd, 0) >= 0);
		close(fd);
	}
}

TEST_HARNESS_MAIN
