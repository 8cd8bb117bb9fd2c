// SPDX-License-Identifier: GPL-2.0
/*
 * The sample of the tutorial, samples/capsicum/tarls.c, on archives that are
 * fine, on archives that are not, and taken over.
 */
#include "capmode.h"

#define ARCHIVE		"sample_test.tar"
#define BLOCK		512

FIXTURE(sample) {
	unsigned char archive[8 * BLOCK];
	size_t len;
	char out[4096];
	int status;
};

/* A file of the archive: its header, and its contents, all the same letter. */
static void add(FIXTURE_DATA(sample) *self, const char *name, unsigned int size)
{
	unsigned char *header = self->archive + self->len;
	unsigned int sum = 0, blocks = (size + BLOCK - 1) / BLOCK;
	int i;

	snprintf((char *)header, 100, "%s", name);
	snprintf((char *)header + 124, 12, "%011o", size);
	memset(header + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	self->len += BLOCK;
	memset(self->archive + self->len, 'x', blocks * BLOCK);
	self->len += blocks * BLOCK;
}

/* Both streams of "./tarls option archive", and how it ended. */
static void tarls(struct __test_metadata *_metadata,
		  FIXTURE_DATA(sample) *self, const char *option)
{
	size_t have = 0;
	int fd, pipe[2];
	ssize_t len;
	pid_t pid;

	fd = open(ARCHIVE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(self->len, write(fd, self->archive, self->len));
	close(fd);

	ASSERT_EQ(0, pipe2(pipe, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (pid == 0) {
		dup2(pipe[1], 1);
		dup2(pipe[1], 2);
		execl("./tarls", "tarls", option, ARCHIVE, NULL);
		_exit(127);
	}
	close(pipe[1]);
	while ((len = read(pipe[0], self->out + have,
			   sizeof(self->out) - 1 - have)) > 0)
		have += len;
	self->out[have] = '\0';
	close(pipe[0]);
	ASSERT_EQ(pid, waitpid(pid, &self->status, 0));
	ASSERT_TRUE(WIFEXITED(self->status));
	self->status = WEXITSTATUS(self->status);
}

/* One file with another byte at @at of its header: refused, and why. */
static void refused(struct __test_metadata *_metadata,
		    FIXTURE_DATA(sample) *self, size_t at, char byte,
		    const char *why)
{
	memset(self->archive, 0, sizeof(self->archive));
	self->len = 0;
	add(self, "file", 1000);
	self->archive[at] = byte;
	tarls(_metadata, self, "--");
	EXPECT_EQ(1, self->status);
	EXPECT_STREQ(why, self->out);
}

FIXTURE_SETUP(sample)
{
	REQUIRE_CAPMODE();
	add(self, "file", 1000);
	add(self, "empty", 0);
	add(self, "dir/e\033[m\n", 1);
}

FIXTURE_TEARDOWN(sample)
{
	unlink(ARCHIVE);
	unlink("left-behind");
}

TEST_F(sample, archive)
{
	static const char files[] = "        1000 file\n"
				    "           0 empty\n"
				    "           1 dir/e?[m?\n";

	tarls(_metadata, self, "--");
	EXPECT_EQ(0, self->status);
	EXPECT_STREQ(files, self->out);
	/* The end that tar writes, and what comes behind it. */
	self->len += 2 * BLOCK;
	tarls(_metadata, self, "--");
	EXPECT_EQ(0, self->status);
	EXPECT_STREQ(files, self->out);
	/* No different without confinement. */
	tarls(_metadata, self, "-u");
	EXPECT_EQ(0, self->status);
	EXPECT_STREQ(files, self->out);
}

TEST_F(sample, hostile_archive)
{
	refused(_metadata, self, 0, 'F',
		"tarls: the checksum of a header is wrong\n");
	refused(_metadata, self, 148, '8',
		"tarls: digits of a header are not octal\n");
	refused(_metadata, self, 148, '\200',
		"tarls: digits of a header are not octal\n");

	/* More is promised than there is. */
	memset(self->archive, 0, sizeof(self->archive));
	self->len = 0;
	add(self, "file", 1000);
	self->len -= BLOCK;
	tarls(_metadata, self, "--");
	EXPECT_EQ(1, self->status);
	EXPECT_TRUE(!!strstr(self->out, "ends in the middle of a file\n"));
	self->len -= 100;
	tarls(_metadata, self, "--");
	EXPECT_EQ(1, self->status);
	EXPECT_TRUE(!!strstr(self->out, "ends in the middle of a block\n"));
}

TEST_F(sample, taken_over)
{
	static const char refused[] =
		"read a file that it was not given        ECAPMODE\n"
		"leave a file behind                      ECAPMODE\n"
		"tell somebody                            ECAPMODE\n"
		"signal the program that has started it   ECAPMODE\n"
		"let everybody write to the archive       ENOTCAPABLE\n"
		"read the archive from its start          ENOTCAPABLE\n";
	struct stat st;

	tarls(_metadata, self, "-a");
	EXPECT_EQ(0, self->status);
	EXPECT_STREQ(refused, self->out);
	EXPECT_EQ(-1, access("left-behind", F_OK));
	ASSERT_EQ(0, stat(ARCHIVE, &st));
	EXPECT_EQ(0600, st.st_mode & 0777);
}

TEST_F(sample, taken_over_without_capsicum)
{
	struct stat st;

	tarls(_metadata, self, "-ua");
	EXPECT_EQ(1, self->status);
	EXPECT_FALSE(!!strstr(self->out, "ECAPMODE"));
	EXPECT_FALSE(!!strstr(self->out, "ENOTCAPABLE"));
	EXPECT_EQ(0, access("left-behind", F_OK));
	ASSERT_EQ(0, stat(ARCHIVE, &st));
	EXPECT_EQ(0666, st.st_mode & 0777);
}

TEST_HARNESS_MAIN
