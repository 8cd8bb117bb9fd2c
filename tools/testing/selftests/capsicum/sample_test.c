// SPDX-License-Identifier: GPL-2.0
/*
 * The sample of the tutorial, samples/capsicum/tarls.c, on archives that are
 * fine, on archives that are not, and taken over.
 */
#include "capmode.h"

#define ARCHIVE		"sample_test.tar"
#define BLOCK		512

/* What the program is given, and what becomes of it. */
static unsigned char archive[8 * BLOCK];
static size_t archive_len;
static char out[4096];
static int status;

FIXTURE(sample) {
};

/* A file of the archive: its header, and its contents, all the same letter. */
static void add(const char *name, unsigned int size)
{
	unsigned char *header = archive + archive_len;
	unsigned int sum = 0, blocks = (size + BLOCK - 1) / BLOCK;
	int i;

	snprintf((char *)header, 100, "%s", name);
	snprintf((char *)header + 124, 12, "%011o", size);
	memset(header + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	archive_len += BLOCK;
	memset(archive + archive_len, 'x', blocks * BLOCK);
	archive_len += blocks * BLOCK;
}

/* Both streams of "./tarls option archive", and how it ended. */
static void run(struct __test_metadata *_metadata, const char *option)
{
	size_t have = 0;
	int fd, pipe[2];
	ssize_t len;
	pid_t pid;

	fd = open(ARCHIVE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(archive_len, write(fd, archive, archive_len));
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
	while ((len = read(pipe[0], out + have,
			   sizeof(out) - 1 - have)) > 0)
		have += len;
	out[have] = '\0';
	close(pipe[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	status = WEXITSTATUS(status);
}

/* One file with another byte at @at of its header: refused, and why. */
static void refused(struct __test_metadata *_metadata, size_t at, char byte,
		    const char *why)
{
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
	add("file", 1000);
	archive[at] = byte;
	run(_metadata, "--");
	EXPECT_EQ(1, status);
	EXPECT_STREQ(why, out);
}

FIXTURE_SETUP(sample)
{
	REQUIRE_CAPMODE();
	add("file", 1000);
	add("empty", 0);
	add("dir/e\033[m\n", 1);
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

	run(_metadata, "--");
	EXPECT_EQ(0, status);
	EXPECT_STREQ(files, out);
	/* The end that tar writes, and what comes behind it. */
	archive_len += 2 * BLOCK;
	run(_metadata, "--");
	EXPECT_EQ(0, status);
	EXPECT_STREQ(files, out);
	/* No different without confinement. */
	run(_metadata, "-u");
	EXPECT_EQ(0, status);
	EXPECT_STREQ(files, out);
}

TEST_F(sample, hostile_archive)
{
	refused(_metadata, 0, 'F',
		"tarls: the checksum of a header is wrong\n");
	refused(_metadata, 148, '8',
		"tarls: digits of a header are not octal\n");
	refused(_metadata, 148, '\200',
		"tarls: digits of a header are not octal\n");

	/* More is promised than there is. */
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
	add("file", 1000);
	archive_len -= BLOCK;
	run(_metadata, "--");
	EXPECT_EQ(1, status);
	EXPECT_TRUE(!!strstr(out, "ends in the middle of a file\n"));
	archive_len -= 100;
	run(_metadata, "--");
	EXPECT_EQ(1, status);
	EXPECT_TRUE(!!strstr(out, "ends in the middle of a block\n"));
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

	run(_metadata, "-a");
	EXPECT_EQ(0, status);
	EXPECT_STREQ(refused, out);
	EXPECT_EQ(-1, access("left-behind", F_OK));
	ASSERT_EQ(0, stat(ARCHIVE, &st));
	EXPECT_EQ(0600, st.st_mode & 0777);
}

TEST_F(sample, taken_over_without_capsicum)
{
	struct stat st;

	run(_metadata, "-ua");
	EXPECT_EQ(1, status);
	EXPECT_FALSE(!!strstr(out, "ECAPMODE"));
	EXPECT_FALSE(!!strstr(out, "ENOTCAPABLE"));
	EXPECT_EQ(0, access("left-behind", F_OK));
	ASSERT_EQ(0, stat(ARCHIVE, &st));
	EXPECT_EQ(0666, st.st_mode & 0777);
}

TEST_HARNESS_MAIN
