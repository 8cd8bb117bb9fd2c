// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for locks: flock(2), POSIX and open file description locks.
 */
#include "ops.h"

#include <pthread.h>
#include <sys/file.h>

#ifndef F_OFD_GETLK
#define F_OFD_GETLK	36
#define F_OFD_SETLK	37
#define F_OFD_SETLKW	38
#endif

FIXTURE(lock)
{
	int fd;
	int other;	/* another open file of the same inode */
};

FIXTURE_SETUP(lock)
{
	char path[64];

	REQUIRE_CAPSICUM();
	self->fd = ops_file("0123456789abcdef");
	ASSERT_LE(0, self->fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	self->other = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->other);
	ops_watch(self->fd);
}

FIXTURE_TEARDOWN(lock)
{
	close(self->other);
	close(self->fd);
}

static int lock(int fd, int cmd, int type)
{
	struct flock fl = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = 4,
		.l_len = 4,
	};

	return fcntl(fd, cmd, &fl);
}

/* The type of the lock that keeps @fd, an ordinary descriptor, from locking. */
static int conflict(int fd, int cmd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, cmd, &fl) ? -errno : fl.l_type;
}

/* As conflict(), with the POSIX locks of this process in the way. */
static int conflict_elsewhere(int fd)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child)
		_exit(conflict(fd, F_GETLK));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status);
}

/* Is the whole file free of flock(2) locks? */
static bool flock_free(int other)
{
	if (flock(other, LOCK_EX | LOCK_NB))
		return false;
	flock(other, LOCK_UN);
	return true;
}

TEST_F(lock, flock)
{
	int bare = ops_cap(self->fd, CAP_ALL0 & ~CAP_FLOCK, CAP_ALL1);

	ASSERT_LE(0, bare);
	EXPECT_EQ(-1, flock(bare, LOCK_EX | LOCK_NB));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_TRUE(flock_free(self->other));

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, flock(cap, LOCK_SH | LOCK_NB));
	EXPECT_FALSE(flock_free(self->other));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, flock(cap, LOCK_EX | LOCK_NB));
	EXPECT_EQ(-1, flock(self->other, LOCK_SH | LOCK_NB));
	EXPECT_EQ(EWOULDBLOCK, errno);

	/* It takes the right to let go, too. */
	EXPECT_EQ(-1, flock(bare, LOCK_UN));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_FALSE(flock_free(self->other));
	/* The lock is the target's: its own descriptor lets go of it. */
	EXPECT_EQ(0, flock(self->fd, LOCK_UN));
	EXPECT_TRUE(flock_free(self->other));

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, flock(cap, LOCK_EX));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, flock(cap, LOCK_UN));
	EXPECT_TRUE(flock_free(self->other));
	close(bare);
}

/* A lock that another open file holds is in the way of a capability as well. */
TEST_F(lock, flock_conflict)
{
	ASSERT_EQ(0, flock(self->other, LOCK_EX | LOCK_NB));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, -EWOULDBLOCK,
		 flock(cap, LOCK_SH | LOCK_NB));
}

TEST_F(lock, posix)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int bare;

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, fcntl(cap, F_GETLK, &fl));
	EXPECT_EQ(F_UNLCK, fl.l_type);

	/*
	 * Closing any descriptor of the file drops this process's locks, so
	 * the refused tries of OP_NEEDS() would undo what they must not touch:
	 * a descriptor that stays open shows that a refused unlock does not.
	 */
	bare = ops_cap(self->fd, CAP_ALL0 & ~CAP_FLOCK, CAP_ALL1);
	ASSERT_LE(0, bare);
	EXPECT_EQ(-1, lock(bare, F_SETLK, F_WRLCK));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(F_UNLCK, conflict_elsewhere(self->fd));
	ASSERT_EQ(0, lock(self->fd, F_SETLK, F_WRLCK));
	EXPECT_EQ(-1, lock(bare, F_SETLK, F_UNLCK));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(F_WRLCK, conflict_elsewhere(self->fd));
	close(bare);

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_SETLK, F_RDLCK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_SETLK, F_WRLCK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_SETLKW, F_WRLCK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_SETLK, F_UNLCK));
}

/* The owner of a POSIX lock is the process, whatever descriptor it uses. */
TEST_F(lock, posix_owner)
{
	int cap = ops_cap(self->fd, CAP_FLOCK, 0);

	ASSERT_LE(0, cap);
	EXPECT_EQ(0, lock(cap, F_SETLK, F_WRLCK));
	EXPECT_EQ(F_UNLCK, conflict(self->fd, F_GETLK));
	EXPECT_EQ(F_WRLCK, conflict_elsewhere(self->fd));
	EXPECT_EQ(0, lock(self->fd, F_SETLK, F_UNLCK));
	EXPECT_EQ(F_UNLCK, conflict_elsewhere(self->fd));

	/* And closing one, capability or not, drops them all. */
	EXPECT_EQ(0, lock(self->fd, F_SETLK, F_WRLCK));
	EXPECT_EQ(F_WRLCK, conflict_elsewhere(self->fd));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(F_UNLCK, conflict_elsewhere(self->fd));

	cap = ops_cap(self->fd, CAP_FLOCK, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, lock(cap, F_SETLK, F_WRLCK));
	EXPECT_EQ(F_WRLCK, conflict_elsewhere(self->fd));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(F_UNLCK, conflict_elsewhere(self->fd));

	/* Also when the file was opened a second time. */
	cap = ops_cap(self->other, 0, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, lock(self->fd, F_SETLK, F_WRLCK));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(F_UNLCK, conflict_elsewhere(self->fd));
}

/* F_GETLK on a capability sees the lock of another process, and whose it is. */
TEST_F(lock, posix_conflict)
{
	int ready[2], done[2];
	struct flock fl;
	pid_t child;
	char c;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(done));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(done[1]);
		if (lock(self->fd, F_SETLK, F_WRLCK) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		/* Ends when the parent closes its end, or is no more. */
		_exit(read(done[0], &c, 1) ? 1 : 0);
	}
	close(done[0]);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	memset(&fl, 0, sizeof(fl));
	fl.l_type = F_WRLCK;
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, fcntl(cap, F_GETLK, &fl));
	EXPECT_EQ(F_WRLCK, fl.l_type);
	EXPECT_EQ(child, fl.l_pid);
	OP_NEEDS(self->fd, CAP_FLOCK, 0, -EAGAIN, lock(cap, F_SETLK, F_WRLCK));
	close(done[1]);
	EXPECT_TRUE(child_ok(child));
}

#define ROUNDS	2000

struct closer {
	pthread_barrier_t barrier;
	int fd;
};

/* In each round the capability goes: nothing but that number has it. */
static void *closer(void *arg)
{
	struct closer *c = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&c->barrier);
		close(c->fd);
		pthread_barrier_wait(&c->barrier);
	}
	return NULL;
}

/* A lock that is set while its descriptor is closed does not stay. */
TEST_F(lock, posix_closed_meanwhile)
{
	struct closer c;
	pthread_t t;
	int err, i;

	ASSERT_EQ(0, pthread_barrier_init(&c.barrier, NULL, 2));
	ASSERT_EQ(0, pthread_create(&t, NULL, closer, &c));
	for (i = 0; i < ROUNDS; i++) {
		c.fd = limit_to(self->fd, CAP_FLOCK);
		EXPECT_LE(0, c.fd);
		pthread_barrier_wait(&c.barrier);
		err = RET(lock(c.fd, F_SETLK, F_WRLCK));
		pthread_barrier_wait(&c.barrier);
		EXPECT_TRUE(err == 0 || err == -EBADF)
			TH_LOG("round %d: %s", i, strerror(-err));
		/* A lock of the process is in the way of the file's own. */
		EXPECT_EQ(F_UNLCK, conflict(self->other, F_OFD_GETLK))
			TH_LOG("round %d", i);
	}
	ASSERT_EQ(0, pthread_join(t, NULL));
	pthread_barrier_destroy(&c.barrier);
	/* That one would see it. */
	EXPECT_EQ(0, RET(lock(self->fd, F_SETLK, F_WRLCK)));
	EXPECT_EQ(F_WRLCK, conflict(self->other, F_OFD_GETLK));
}

TEST_F(lock, ofd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int bare = ops_cap(self->fd, CAP_ALL0 & ~CAP_FLOCK, CAP_ALL1);

	ASSERT_LE(0, bare);
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, fcntl(cap, F_OFD_GETLK, &fl));
	EXPECT_EQ(F_UNLCK, fl.l_type);

	EXPECT_EQ(-1, lock(bare, F_OFD_SETLK, F_WRLCK));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(F_UNLCK, conflict(self->other, F_OFD_GETLK));

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_OFD_SETLK, F_RDLCK));
	EXPECT_EQ(F_RDLCK, conflict(self->other, F_OFD_GETLK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_OFD_SETLKW, F_WRLCK));
	EXPECT_EQ(F_WRLCK, conflict(self->other, F_OFD_GETLK));

	EXPECT_EQ(-1, lock(bare, F_OFD_SETLK, F_UNLCK));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(F_WRLCK, conflict(self->other, F_OFD_GETLK));

	/* The owner is the target: its own descriptor is in nobody's way. */
	EXPECT_EQ(F_UNLCK, conflict(self->fd, F_OFD_GETLK));
	EXPECT_EQ(0, lock(self->fd, F_OFD_SETLK, F_UNLCK));
	EXPECT_EQ(F_UNLCK, conflict(self->other, F_OFD_GETLK));

	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_OFD_SETLK, F_WRLCK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, lock(cap, F_OFD_SETLK, F_UNLCK));
	EXPECT_EQ(F_UNLCK, conflict(self->other, F_OFD_GETLK));
	close(bare);
}

/* An OFD lock lives as long as the target, not as long as the capability. */
TEST_F(lock, ofd_lifetime)
{
	int cap = ops_cap(self->fd, CAP_FLOCK, 0);

	ASSERT_LE(0, cap);
	EXPECT_EQ(0, lock(cap, F_OFD_SETLK, F_WRLCK));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(F_WRLCK, conflict(self->other, F_OFD_GETLK));

	cap = ops_cap(self->fd, CAP_FLOCK, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(F_WRLCK, conflict(self->other, F_OFD_GETLK));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(F_UNLCK, conflict(self->other, F_OFD_GETLK));
}

#ifdef SYS_fcntl64
struct flock_32 {
	short type;
	short whence;
	int start;
	int len;
	int pid;
};

struct flock_64 {
	short type;
	short whence;
	long long start;
	long long len;
	int pid;
};

/* Every number and every command that a 32-bit program can lock with. */
TEST_F(lock, by_number_32)
{
	static const int nrs[] = { SYS_fcntl, SYS_fcntl64 };
	struct flock_32 fl = { .type = F_RDLCK, .len = 4 };
	struct flock_64 fl64 = { .type = F_RDLCK, .len = 4 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nrs); i++) {
		/* F_GETLK 5, F_SETLK 6, F_SETLKW 7 of the kernel */
		OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
			 syscall(nrs[i], cap, 5, &fl));
		fl.type = F_RDLCK;
		OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
			 syscall(nrs[i], cap, 6, &fl));
		OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
			 syscall(nrs[i], cap, 7, &fl));
	}
	/* F_GETLK64 12, F_SETLK64 13, F_SETLKW64 14 */
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, syscall(SYS_fcntl64, cap, 12, &fl64));
	fl64.type = F_RDLCK;
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, syscall(SYS_fcntl64, cap, 13, &fl64));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0, syscall(SYS_fcntl64, cap, 14, &fl64));
	fl64.pid = 0;
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
		 syscall(SYS_fcntl64, cap, F_OFD_SETLK, &fl64));
	EXPECT_EQ(F_RDLCK, conflict(self->other, F_OFD_GETLK));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
		 syscall(SYS_fcntl64, cap, F_OFD_SETLKW, &fl64));
	OP_NEEDS(self->fd, CAP_FLOCK, 0, 0,
		 syscall(SYS_fcntl64, cap, F_OFD_GETLK, &fl64));
}
#endif

TEST_HARNESS_MAIN
