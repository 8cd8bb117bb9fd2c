// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for reading, writing and seeking: files, pipes, terminals, /dev/zero.
 */
#include "ops.h"

#include <poll.h>
#include <termios.h>

#define TEXT	"0123456789abcdef"

#ifndef __NR_cachestat
#define __NR_cachestat	(CAP_NR_BASE + 451)
#endif

/* Advice moves no data, but tells of it: who may not read gives none. */
#define FADVISE_RIGHT	CAP_READ

FIXTURE(file)
{
	int fd;
	char buf[32];
	struct iovec in[2];
	struct iovec out[2];
};

FIXTURE_SETUP(file)
{
	REQUIRE_CAPSICUM();
	self->fd = ops_file(TEXT);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(2, lseek(self->fd, 2, SEEK_SET));
	memset(self->buf, 0, sizeof(self->buf));
	self->in[0].iov_base = self->buf;
	self->in[0].iov_len = 1;
	self->in[1].iov_base = self->buf + 1;
	self->in[1].iov_len = 3;
	self->out[0].iov_base = "A";
	self->out[0].iov_len = 1;
	self->out[1].iov_base = "BCD";
	self->out[1].iov_len = 3;
	ops_watch(self->fd);
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
}

TEST_F(file, read)
{
	OP_NEEDS(self->fd, CAP_READ, 0, 4, read(cap, self->buf, 4));
	EXPECT_STREQ("2345", self->buf);
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, readv)
{
	OP_NEEDS(self->fd, CAP_READ, 0, 4, readv(cap, self->in, 2));
	EXPECT_STREQ("2345", self->buf);
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, pread64)
{
	OP_NEEDS(self->fd, CAP_PREAD, 0, 4, pread64(cap, self->buf, 4, 8));
	EXPECT_STREQ("89ab", self->buf);
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, preadv)
{
	OP_NEEDS(self->fd, CAP_PREAD, 0, 4, preadv(cap, self->in, 2, 8));
	EXPECT_STREQ("89ab", self->buf);
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, preadv2_with_offset)
{
	OP_NEEDS(self->fd, CAP_PREAD, 0, 4, preadv2(cap, self->in, 2, 8, 0));
	EXPECT_STREQ("89ab", self->buf);
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, preadv2_at_position)
{
	OP_NEEDS(self->fd, CAP_READ, 0, 4, preadv2(cap, self->in, 2, -1, 0));
	EXPECT_STREQ("2345", self->buf);
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, write)
{
	OP_NEEDS(self->fd, CAP_WRITE, 0, 4, write(cap, "ABCD", 4));
	EXPECT_TRUE(ops_holds(self->fd, "01ABCD6789abcdef"));
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, writev)
{
	OP_NEEDS(self->fd, CAP_WRITE, 0, 4, writev(cap, self->out, 2));
	EXPECT_TRUE(ops_holds(self->fd, "01ABCD6789abcdef"));
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, pwrite64)
{
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 4, pwrite64(cap, "ABCD", 4, 8));
	EXPECT_TRUE(ops_holds(self->fd, "01234567ABCDcdef"));
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, pwritev)
{
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 4, pwritev(cap, self->out, 2, 8));
	EXPECT_TRUE(ops_holds(self->fd, "01234567ABCDcdef"));
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, pwritev2_with_offset)
{
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 4,
		 pwritev2(cap, self->out, 2, 8, 0));
	EXPECT_TRUE(ops_holds(self->fd, "01234567ABCDcdef"));
	EXPECT_EQ(2, lseek(self->fd, 0, SEEK_CUR));
}

/* A file that is open to append is written to at the position all the same. */
TEST_F(file, pwritev2_no_append)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_APPEND));
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 4,
		 pwritev2(cap, self->out, 2, -1, RWF_NOAPPEND));
	EXPECT_TRUE(ops_holds(self->fd, "01ABCD6789abcdef"));
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
	/* At the end, that takes no more than to write. */
	EXPECT_EQ(4, RET(pwritev2(limit_to(self->fd, CAP_WRITE), self->out, 2,
				  -1, 0)));
	EXPECT_TRUE(ops_holds(self->fd, "01ABCD6789abcdefABCD"));
}

TEST_F(file, pwritev2_append)
{
	OP_NEEDS(self->fd, CAP_WRITE, 0, 4,
		 pwritev2(cap, self->out, 2, -1, RWF_APPEND));
	EXPECT_TRUE(ops_holds(self->fd, TEXT "ABCD"));
	EXPECT_EQ(20, lseek(self->fd, 0, SEEK_CUR));
	/* Who gives an offset needs the right, though it is not used. */
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 4,
		 pwritev2(cap, self->out, 2, 8, RWF_APPEND));
	EXPECT_TRUE(ops_holds(self->fd, TEXT "ABCDABCD"));
	EXPECT_EQ(20, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, pwritev2_at_position)
{
	OP_NEEDS(self->fd, CAP_WRITE, 0, 4,
		 pwritev2(cap, self->out, 2, -1, 0));
	EXPECT_TRUE(ops_holds(self->fd, "01ABCD6789abcdef"));
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

/* The open mode still counts: rights only take away. */
TEST_F(file, open_mode)
{
	char path[64];
	int ro, wo, cap;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, ro);
	wo = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, wo);

	cap = ops_cap(ro, CAP_READ | CAP_WRITE, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(4, read(cap, self->buf, 4));
	EXPECT_EQ(-1, write(cap, "ABCD", 4));
	EXPECT_EQ(EBADF, errno);
	close(cap);

	cap = ops_cap(wo, CAP_READ | CAP_WRITE, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-1, read(cap, self->buf, 4));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(4, write(cap, "ABCD", 4));
	close(cap);
	close(ro);
	close(wo);
}

/* A missing right is told before anything is looked at, the buffer included. */
TEST_F(file, right_before_address)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	void *bad = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	ASSERT_TRUE(bad != MAP_FAILED);
	OP_NEEDS(self->fd, CAP_READ, 0, -EFAULT, read(cap, bad, 4));
	OP_NEEDS(self->fd, CAP_WRITE, 0, -EFAULT, write(cap, bad, 4));
	OP_NEEDS(self->fd, CAP_PREAD, 0, -EFAULT,
		 pread64(cap, bad, 4, 0));
	OP_NEEDS(self->fd, CAP_READ, 0, -EFAULT, readv(cap, bad, 1));
	OP_NEEDS(self->fd, CAP_WRITE, 0, -EFAULT, writev(cap, bad, 1));
	munmap(bad, page);
}

TEST_F(file, lseek)
{
	OP_NEEDS(self->fd, CAP_SEEK, 0, 7, lseek(cap, 7, SEEK_SET));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 9, lseek(cap, 2, SEEK_CUR));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 15, lseek(cap, -1, SEEK_END));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 0, lseek(cap, 0, SEEK_DATA));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 16, lseek(cap, 0, SEEK_HOLE));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 0, lseek(cap, 0, SEEK_SET));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(file, tell)
{
	OP_NEEDS(self->fd, CAP_SEEK_TELL, 0, 2, lseek(cap, 0, SEEK_CUR));
}

TEST_F(file, lseek_by_number)
{
	OP_NEEDS(self->fd, CAP_SEEK, 0, 7,
		 syscall(SYS_lseek, cap, 7L, SEEK_SET));
	OP_NEEDS(self->fd, CAP_SEEK_TELL, 0, 7,
		 syscall(SYS_lseek, cap, 0L, SEEK_CUR));
#ifdef SYS__llseek
	{
		long long pos = -1;

		OP_NEEDS(self->fd, CAP_SEEK, 0, 0,
			 syscall(SYS__llseek, cap, 0L, 9L, &pos, SEEK_SET));
		EXPECT_EQ(9, pos);
		pos = -1;
		OP_NEEDS(self->fd, CAP_SEEK_TELL, 0, 0,
			 syscall(SYS__llseek, cap, 0L, 0L, &pos, SEEK_CUR));
		EXPECT_EQ(9, pos);
		/* High word set, low word zero: this is no tell. */
		OP_NEEDS(self->fd, CAP_SEEK, 0, 0,
			 syscall(SYS__llseek, cap, 1L, 0L, &pos, SEEK_CUR));
		EXPECT_EQ((1LL << 32) + 9, pos);
		ASSERT_EQ(0, syscall(SYS__llseek, self->fd, 0L, 2L, &pos,
				     SEEK_SET));
	}
#endif
}

TEST_F(file, readahead)
{
	const int want = RET(readahead(self->fd, 0, 16));

	OP_NEEDS(self->fd, CAP_PREAD, 0, want, readahead(cap, 0, 16));
}

static int advise(int fd, int advice)
{
	errno = posix_fadvise(fd, 0, 16, advice);
	return errno ? -1 : 0;
}

TEST_F(file, fadvise)
{
	OP_NEEDS(self->fd, FADVISE_RIGHT, 0, 0,
		 advise(cap, POSIX_FADV_SEQUENTIAL));
	OP_NEEDS(self->fd, FADVISE_RIGHT, 0, 0,
		 advise(cap, POSIX_FADV_WILLNEED));
	OP_NEEDS(self->fd, FADVISE_RIGHT, 0, 0,
		 advise(cap, POSIX_FADV_DONTNEED));
	OP_NEEDS(self->fd, FADVISE_RIGHT, 0, -EINVAL, advise(cap, 4711));
}

/* What of a file is cached is told to those who may write to it. */
TEST_F(file, cachestat)
{
	struct {
		uint64_t off;
		uint64_t len;
	} all = { };
	/* Cached, dirty, written back, evicted, recently evicted. */
	uint64_t stat[5] = { };

#define CACHESTAT(fd)	syscall(__NR_cachestat, fd, &all, stat, 0)
	if (RET(CACHESTAT(self->fd)) == -ENOSYS)
		SKIP(return, "no cachestat()");
	EXPECT_EQ(1, stat[0]);
	OP_NEEDS(self->fd, CAP_FSTAT | CAP_WRITE, 0, 0, CACHESTAT(cap));
	memset(stat, 0xff, sizeof(stat));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(CACHESTAT(limit_all_but(self->fd, CAP_WRITE))));
	EXPECT_EQ(UINT64_MAX, stat[0]);
	EXPECT_EQ(0, RET(CACHESTAT(limit_to(self->fd, CAP_FSTAT, CAP_WRITE))));
	EXPECT_EQ(1, stat[0]);
}

/* All capabilities on a target and its own descriptors share its position. */
TEST_F(file, shared_position)
{
	int rd, wr, seek;

	rd = ops_cap(self->fd, CAP_READ, 0);
	wr = ops_cap(self->fd, CAP_WRITE, 0);
	seek = ops_cap(self->fd, CAP_SEEK, 0);
	ASSERT_LE(0, rd);
	ASSERT_LE(0, wr);
	ASSERT_LE(0, seek);
	EXPECT_EQ(2, read(rd, self->buf, 2));
	EXPECT_STREQ("23", self->buf);
	EXPECT_EQ(2, write(wr, "XY", 2));
	EXPECT_EQ(6, lseek(seek, 0, SEEK_CUR));
	EXPECT_EQ(2, read(self->fd, self->buf, 2));
	EXPECT_STREQ("67", self->buf);
	EXPECT_EQ(10, lseek(seek, 2, SEEK_CUR));
	EXPECT_EQ(2, read(rd, self->buf, 2));
	EXPECT_STREQ("ab", self->buf);
	EXPECT_TRUE(ops_holds(self->fd, "0123XY6789abcdef"));
	close(rd);
	close(wr);
	close(seek);
}

FIXTURE(pipe)
{
	int fd[2];
	char buf[32];
	struct iovec in;
	struct iovec out;
};

FIXTURE_SETUP(pipe)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe2(self->fd, O_CLOEXEC | O_NONBLOCK));
	ASSERT_EQ(8, write(self->fd[1], "01234567", 8));
	memset(self->buf, 0, sizeof(self->buf));
	self->in.iov_base = self->buf;
	self->in.iov_len = 4;
	self->out.iov_base = "ABCD";
	self->out.iov_len = 4;
	ops_watch(self->fd[0]);
}

FIXTURE_TEARDOWN(pipe)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(pipe, read)
{
	OP_NEEDS(self->fd[0], CAP_READ, 0, 4, read(cap, self->buf, 4));
	EXPECT_STREQ("0123", self->buf);
	OP_NEEDS(self->fd[0], CAP_READ, 0, 4, readv(cap, &self->in, 1));
	EXPECT_STREQ("4567", self->buf);
	OP_NEEDS(self->fd[0], CAP_READ, 0, -EAGAIN, read(cap, self->buf, 4));
	OP_NEEDS(self->fd[0], CAP_READ, 0, -EAGAIN,
		 preadv2(cap, &self->in, 1, -1, 0));
}

TEST_F(pipe, write)
{
	OP_NEEDS(self->fd[1], CAP_WRITE, 0, 4, write(cap, "ABCD", 4));
	OP_NEEDS(self->fd[1], CAP_WRITE, 0, 4, writev(cap, &self->out, 1));
	OP_NEEDS(self->fd[1], CAP_WRITE, 0, 4,
		 pwritev2(cap, &self->out, 1, -1, 0));
	EXPECT_EQ(20, read(self->fd[0], self->buf, sizeof(self->buf)));
	EXPECT_STREQ("01234567ABCDABCDABCD", self->buf);
}

/* A pipe has no position; a capability without the right must not even tell. */
TEST_F(pipe, position)
{
	OP_NEEDS(self->fd[0], CAP_PREAD, 0, -ESPIPE,
		 pread64(cap, self->buf, 4, 0));
	OP_NEEDS(self->fd[1], CAP_PWRITE, 0, -ESPIPE,
		 pwrite64(cap, "ABCD", 4, 0));
	OP_NEEDS(self->fd[0], CAP_SEEK, 0, -ESPIPE, lseek(cap, 1, SEEK_SET));
	OP_NEEDS(self->fd[0], CAP_SEEK_TELL, 0, -ESPIPE,
		 lseek(cap, 0, SEEK_CUR));
}

FIXTURE(tty)
{
	int master;
	int slave;
	char buf[32];
};

/* Non-blocking: a read that should have been refused must not wait for more. */
FIXTURE_SETUP(tty)
{
	const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
	struct termios raw;

	REQUIRE_CAPSICUM();
	self->master = open("/dev/ptmx", flags);
	if (self->master < 0)
		SKIP(return, "no /dev/ptmx");
	ASSERT_EQ(0, unlockpt(self->master));
	self->slave = open(ptsname(self->master), flags);
	if (self->slave < 0)
		SKIP(return, "no %s", ptsname(self->master));
	/* No echo: it would change the other side at a time of its own. */
	ASSERT_EQ(0, tcgetattr(self->slave, &raw));
	cfmakeraw(&raw);
	ASSERT_EQ(0, tcsetattr(self->slave, TCSANOW, &raw));
	memset(self->buf, 0, sizeof(self->buf));
	ops_watch(self->master);
	ops_watch(self->slave);
}

FIXTURE_TEARDOWN(tty)
{
	close(self->slave);
	close(self->master);
}

/* What is written to one side takes its time to the other: wait for it. */
static bool arrives(int fd, int len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int queued;

	do {
		if (poll(&p, 1, -1) != 1 || ioctl(fd, FIONREAD, &queued))
			return false;
	} while (queued < len);
	return queued == len;
}

TEST_F(tty, slave)
{
	ASSERT_EQ(3, write(self->master, "hi\n", 3));
	ASSERT_TRUE(arrives(self->slave, 3));
	OP_NEEDS(self->slave, CAP_READ, 0, 3, read(cap, self->buf, 8));
	EXPECT_STREQ("hi\n", self->buf);
	OP_NEEDS(self->slave, CAP_READ, 0, -EAGAIN, read(cap, self->buf, 8));
	OP_NEEDS(self->slave, CAP_WRITE, 0, 2, write(cap, "yo", 2));
	EXPECT_TRUE(arrives(self->master, 2));
}

TEST_F(tty, master)
{
	ASSERT_EQ(2, write(self->slave, "yo", 2));
	ASSERT_TRUE(arrives(self->master, 2));
	OP_NEEDS(self->master, CAP_READ, 0, 2, read(cap, self->buf, 8));
	EXPECT_STREQ("yo", self->buf);
	OP_NEEDS(self->master, CAP_WRITE, 0, 3, write(cap, "hi\n", 3));
	ASSERT_TRUE(arrives(self->slave, 3));
	EXPECT_EQ(3, read(self->slave, self->buf, 8));
}

FIXTURE(zero)
{
	int fd;
	char buf[16];
};

FIXTURE_SETUP(zero)
{
	REQUIRE_CAPSICUM();
	self->fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	memset(self->buf, 'x', sizeof(self->buf));
	ops_watch(self->fd);
}

FIXTURE_TEARDOWN(zero)
{
	close(self->fd);
}

TEST_F(zero, read_write)
{
	static const char zeroes[16];
	struct iovec iov = { self->buf, sizeof(self->buf) };

	OP_NEEDS(self->fd, CAP_READ, 0, 16, read(cap, self->buf, 16));
	EXPECT_EQ(0, memcmp(self->buf, zeroes, 16));
	OP_NEEDS(self->fd, CAP_READ, 0, 16, readv(cap, &iov, 1));
	OP_NEEDS(self->fd, CAP_PREAD, 0, 16, pread64(cap, self->buf, 16, 0));
	OP_NEEDS(self->fd, CAP_PREAD, 0, 16, preadv(cap, &iov, 1, 0));
	OP_NEEDS(self->fd, CAP_WRITE, 0, 16, write(cap, self->buf, 16));
	OP_NEEDS(self->fd, CAP_WRITE, 0, 16, writev(cap, &iov, 1));
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 16, pwrite64(cap, self->buf, 16, 0));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 0, lseek(cap, 5, SEEK_SET));
}

TEST_HARNESS_MAIN
