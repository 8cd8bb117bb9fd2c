// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for moving data between descriptors: sendfile, splice, tee, vmsplice,
 * copy_file_range. What is read from needs CAP_READ, what is written to
 * CAP_WRITE; where an offset is given, CAP_PREAD and CAP_PWRITE.
 */
#include "ops.h"

#include <sys/sendfile.h>

#define TEXT	"0123456789abcdef"

FIXTURE(move)
{
	int in;		/* file, at 2 */
	int out;	/* file, at 0 */
	int full[2];	/* pipe that holds "01234567" */
	int empty[2];
	char buf[32];
};

FIXTURE_SETUP(move)
{
	REQUIRE_CAPSICUM();
	self->in = ops_file(TEXT);
	ASSERT_LE(0, self->in);
	ASSERT_EQ(2, lseek(self->in, 2, SEEK_SET));
	self->out = ops_file("................");
	ASSERT_LE(0, self->out);
	ASSERT_EQ(0, pipe2(self->full, O_CLOEXEC | O_NONBLOCK));
	ASSERT_EQ(8, write(self->full[1], "01234567", 8));
	ASSERT_EQ(0, pipe2(self->empty, O_CLOEXEC | O_NONBLOCK));
	memset(self->buf, 0, sizeof(self->buf));
	ops_watch(self->in);
	ops_watch(self->out);
	ops_watch(self->full[0]);
	ops_watch(self->empty[0]);
}

FIXTURE_TEARDOWN(move)
{
	close(self->in);
	close(self->out);
	close(self->full[0]);
	close(self->full[1]);
	close(self->empty[0]);
	close(self->empty[1]);
}

TEST_F(move, sendfile)
{
	OP_NEEDS(self->in, CAP_READ, 0, 4, sendfile(self->out, cap, NULL, 4));
	EXPECT_TRUE(ops_holds(self->out, "2345............"));
	EXPECT_EQ(6, lseek(self->in, 0, SEEK_CUR));
	OP_NEEDS(self->out, CAP_WRITE, 0, 4, sendfile(cap, self->in, NULL, 4));
	EXPECT_TRUE(ops_holds(self->out, "23456789........"));
	EXPECT_EQ(10, lseek(self->in, 0, SEEK_CUR));
}

TEST_F(move, sendfile_with_offset)
{
	off_t off = 8;
	int rd, wr;

	OP_NEEDS(self->in, CAP_PREAD, 0, 4, sendfile(self->out, cap, &off, 4));
	EXPECT_EQ(12, off);
	EXPECT_TRUE(ops_holds(self->out, "89ab............"));
	EXPECT_EQ(2, lseek(self->in, 0, SEEK_CUR));
	off = 8;
	OP_NEEDS(self->out, CAP_WRITE, 0, 4, sendfile(cap, self->in, &off, 4));
	EXPECT_EQ(12, off);
	EXPECT_TRUE(ops_holds(self->out, "89ab89ab........"));

	/* The offset stays when the other side is refused. */
	rd = ops_cap(self->in, CAP_PREAD, 0);
	wr = ops_cap(self->out, CAP_READ, 0);
	ASSERT_LE(0, rd);
	ASSERT_LE(0, wr);
	off = 8;
	EXPECT_EQ(-1, sendfile(wr, rd, &off, 4));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(8, off);
	close(rd);
	close(wr);
}

TEST_F(move, sendfile_by_number)
{
	unsigned long off = 8;

	OP_NEEDS(self->in, CAP_READ, 0, 4,
		 syscall(SYS_sendfile, self->out, cap, NULL, 4L));
	OP_NEEDS(self->in, CAP_PREAD, 0, 4,
		 syscall(SYS_sendfile, self->out, cap, &off, 4L));
	EXPECT_EQ(12, off);
	EXPECT_TRUE(ops_holds(self->out, "234589ab........"));
}

TEST_F(move, sendfile64_by_number)
{
#ifdef SYS_sendfile64
	unsigned long long off = 8;

	OP_NEEDS(self->in, CAP_READ, 0, 4,
		 syscall(SYS_sendfile64, self->out, cap, NULL, 4L));
	OP_NEEDS(self->in, CAP_PREAD, 0, 4,
		 syscall(SYS_sendfile64, self->out, cap, &off, 4L));
	EXPECT_EQ(12, off);
	EXPECT_TRUE(ops_holds(self->out, "234589ab........"));
#else
	SKIP(return, "no sendfile64");
#endif
}

TEST_F(move, sendfile_to_pipe)
{
	OP_NEEDS(self->empty[1], CAP_WRITE, 0, 4,
		 sendfile(cap, self->in, NULL, 4));
	EXPECT_EQ(4, read(self->empty[0], self->buf, 8));
	EXPECT_STREQ("2345", self->buf);
}

TEST_F(move, splice_file_to_pipe)
{
	off64_t off = 8;

	OP_NEEDS(self->in, CAP_READ, 0, 4,
		 splice(cap, NULL, self->empty[1], NULL, 4, 0));
	EXPECT_EQ(6, lseek(self->in, 0, SEEK_CUR));
	OP_NEEDS(self->in, CAP_PREAD, 0, 4,
		 splice(cap, &off, self->empty[1], NULL, 4, 0));
	EXPECT_EQ(12, off);
	OP_NEEDS(self->empty[1], CAP_WRITE, 0, 4,
		 splice(self->in, NULL, cap, NULL, 4, 0));
	EXPECT_EQ(12, read(self->empty[0], self->buf, sizeof(self->buf)));
	EXPECT_STREQ("234589ab6789", self->buf);
}

TEST_F(move, splice_pipe_to_file)
{
	off64_t off = 12;

	OP_NEEDS(self->out, CAP_WRITE, 0, 2,
		 splice(self->full[0], NULL, cap, NULL, 2, 0));
	EXPECT_EQ(2, lseek(self->out, 0, SEEK_CUR));
	OP_NEEDS(self->out, CAP_PWRITE, 0, 2,
		 splice(self->full[0], NULL, cap, &off, 2, 0));
	EXPECT_EQ(14, off);
	OP_NEEDS(self->full[0], CAP_READ, 0, 2,
		 splice(cap, NULL, self->out, NULL, 2, 0));
	EXPECT_TRUE(ops_holds(self->out, "0145........23.."));
}

TEST_F(move, splice_pipe_to_pipe)
{
	OP_NEEDS(self->full[0], CAP_READ, 0, 2,
		 splice(cap, NULL, self->empty[1], NULL, 2, 0));
	OP_NEEDS(self->empty[1], CAP_WRITE, 0, 2,
		 splice(self->full[0], NULL, cap, NULL, 2, 0));
	EXPECT_EQ(4, read(self->empty[0], self->buf, sizeof(self->buf)));
	EXPECT_STREQ("0123", self->buf);
	EXPECT_EQ(4, read(self->full[0], self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp("4567", self->buf, 4));
}

TEST_F(move, tee)
{
	OP_NEEDS(self->full[0], CAP_READ, 0, 2,
		 tee(cap, self->empty[1], 2, SPLICE_F_NONBLOCK));
	OP_NEEDS(self->empty[1], CAP_WRITE, 0, 3,
		 tee(self->full[0], cap, 3, SPLICE_F_NONBLOCK));
	EXPECT_EQ(5, read(self->empty[0], self->buf, sizeof(self->buf)));
	EXPECT_STREQ("01012", self->buf);
	EXPECT_EQ(8, read(self->full[0], self->buf, sizeof(self->buf)));
}

TEST_F(move, vmsplice)
{
	struct iovec out = { "ABCD", 4 };
	struct iovec in = { self->buf, 4 };

	OP_NEEDS(self->empty[1], CAP_WRITE, 0, 4, vmsplice(cap, &out, 1, 0));
	OP_NEEDS(self->empty[0], CAP_READ, 0, 4, vmsplice(cap, &in, 1, 0));
	EXPECT_STREQ("ABCD", self->buf);
}

TEST_F(move, copy_file_range)
{
	off64_t off_in = 8, off_out = 4;

	OP_NEEDS(self->in, CAP_READ, 0, 4,
		 copy_file_range(cap, NULL, self->out, NULL, 4, 0));
	EXPECT_EQ(6, lseek(self->in, 0, SEEK_CUR));
	EXPECT_EQ(4, lseek(self->out, 0, SEEK_CUR));
	EXPECT_TRUE(ops_holds(self->out, "2345............"));

	OP_NEEDS(self->in, CAP_PREAD, 0, 4,
		 copy_file_range(cap, &off_in, self->out, NULL, 4, 0));
	EXPECT_EQ(12, off_in);
	EXPECT_EQ(6, lseek(self->in, 0, SEEK_CUR));
	EXPECT_TRUE(ops_holds(self->out, "234589ab........"));

	OP_NEEDS(self->out, CAP_WRITE, 0, 4,
		 copy_file_range(self->in, NULL, cap, NULL, 4, 0));
	EXPECT_TRUE(ops_holds(self->out, "234589ab6789...."));

	off_in = 0;
	OP_NEEDS(self->out, CAP_PWRITE, 0, 4,
		 copy_file_range(self->in, &off_in, cap, &off_out, 4, 0));
	EXPECT_EQ(4, off_in);
	EXPECT_EQ(8, off_out);
	EXPECT_TRUE(ops_holds(self->out, "234501236789...."));
}

/* Both sides are capabilities: each needs its own right, and only that. */
TEST_F(move, both_sides)
{
	int rd = ops_cap(self->in, CAP_READ, 0);
	int wr = ops_cap(self->out, CAP_WRITE, 0);
	int prd = ops_cap(self->full[0], CAP_READ, 0);
	int pwr = ops_cap(self->empty[1], CAP_WRITE, 0);

	ASSERT_LE(0, rd);
	ASSERT_LE(0, wr);
	ASSERT_LE(0, prd);
	ASSERT_LE(0, pwr);
	EXPECT_EQ(2, sendfile(wr, rd, NULL, 2));
	EXPECT_EQ(2, copy_file_range(rd, NULL, wr, NULL, 2, 0));
	EXPECT_EQ(2, splice(rd, NULL, pwr, NULL, 2, 0));
	EXPECT_EQ(2, splice(prd, NULL, wr, NULL, 2, 0));
	EXPECT_EQ(2, tee(prd, pwr, 2, SPLICE_F_NONBLOCK));
	EXPECT_TRUE(ops_holds(self->out, "234501.........."));
	EXPECT_EQ(4, read(self->empty[0], self->buf, sizeof(self->buf)));
	EXPECT_STREQ("6723", self->buf);
	close(rd);
	close(wr);
	close(prd);
	close(pwr);
}

/* A descriptor that is none stays EBADF. */
TEST_F(move, bad_descriptor)
{
	int cap = ops_cap(self->in, CAP_READ, 0);

	ASSERT_LE(0, cap);
	EXPECT_EQ(-1, sendfile(-1, cap, NULL, 2));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, copy_file_range(cap, NULL, -1, NULL, 2, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, splice(cap, NULL, -1, NULL, 2, 0));
	EXPECT_EQ(EBADF, errno);
	close(cap);
}

TEST_HARNESS_MAIN
