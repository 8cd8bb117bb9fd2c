// SPDX-License-Identifier: GPL-2.0
/*
 * capexec starts programs: static ones and dynamic ones, as they would be started
 * otherwise, but in capability mode.
 */
#include "tools.h"

FIXTURE(start)
{
	struct run r;
};

FIXTURE_VARIANT(start)
{
	char *probe;
};

FIXTURE_VARIANT_ADD(start, static)
{
	.probe = "./probe"
};

FIXTURE_VARIANT_ADD(start, dynamic)
{
	.probe = "./probe_dynamic"
};

FIXTURE_SETUP(start)
{
	REQUIRE_CAPSICUM();
	install_libraries();
	memset(&self->r, 0, sizeof(self->r));
}

FIXTURE_TEARDOWN(start)
{
}

#define PROBE	((char *)variant->probe)

TEST_F(start, in_mode)
{
	ASSERT_EQ(0, RUN(&self->r, PROBE, "mode", "nnp", "open=/etc/passwd"));
	EXPECT_SAID(&self->r, "mode: 0 early 0");
	EXPECT_SAID(&self->r, "nnp: 0");
	EXPECT_SAID(&self->r, "open=/etc/passwd: 0");
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "mode",
			 "nnp", "open=/etc/passwd"));
	EXPECT_SAID(&self->r, "mode: 1 early 1");
	EXPECT_SAID(&self->r, "nnp: 1");
	EXPECT_SAID(&self->r, "open=/etc/passwd: ECAPMODE");
	EXPECT_STREQ("", self->r.complained);
}

TEST_F(start, arguments)
{
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", "--", PROBE, "args",
			 "--help", "--list", "", "--argv0", "--", "a b"));
	EXPECT_TRUE(!!strstr(self->r.said, PROBE));
	EXPECT_SAID(&self->r, "arg 1: 'args'");
	EXPECT_SAID(&self->r, "arg 2: '--help'");
	EXPECT_SAID(&self->r, "arg 3: '--list'");
	EXPECT_SAID(&self->r, "arg 4: ''");
	EXPECT_SAID(&self->r, "arg 5: '--argv0'");
	EXPECT_SAID(&self->r, "arg 6: '--'");
	EXPECT_SAID(&self->r, "arg 7: 'a b'");
	EXPECT_FALSE(!!strstr(self->r.said, "arg 8:"));
}

TEST_F(start, own_name)
{
	char line[64];

	snprintf(line, sizeof(line), "arg 0: '%s'", PROBE);
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "args"));
	EXPECT_SAID(&self->r, line);
}

TEST_F(start, searched_in_path)
{
	char line[64];

	setenv("PATH", "/not/there::/bin:/usr/bin", 1);
	snprintf(line, sizeof(line), "arg 0: '%s'", PROBE + 2);
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE + 2, "args"));
	EXPECT_SAID(&self->r, line);
	setenv("PATH", "/bin:/usr/bin", 1);
	EXPECT_EQ(127, RUN(&self->r, "./capexec", "--fd", "1", PROBE + 2,
			   "args"));
}

TEST_F(start, environment)
{
	setenv("KEPT", "this", 1);
	setenv("SECRET", "that", 1);
	unsetenv("UNSET");
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "args"));
	EXPECT_SAID(&self->r, "env: 0");

	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", "--env", "KEPT",
			 "--env", "NEW=a=b", "--env", "UNSET", "--env", "EMPTY=",
			 PROBE, "args"));
	EXPECT_SAID(&self->r, "env: 'KEPT=this'");
	EXPECT_SAID(&self->r, "env: 'NEW=a=b'");
	EXPECT_SAID(&self->r, "env: 'EMPTY='");
	EXPECT_SAID(&self->r, "env: 3");

	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", "--env", "KEPT=1",
			 "--env", "KEPT=2", PROBE, "args"));
	EXPECT_SAID(&self->r, "env: 'KEPT=2'");
	EXPECT_SAID(&self->r, "env: 1");

	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", "--env", "UNSET=1",
			 "--env", "KEPT", "--env", "UNSET", PROBE, "args"));
	EXPECT_SAID(&self->r, "env: 'KEPT=this'");
	EXPECT_SAID(&self->r, "env: 1");
}

TEST_F(start, status)
{
	EXPECT_EQ(0, RUN(&self->r, "./capexec", PROBE));
	EXPECT_EQ(42, RUN(&self->r, "./capexec", PROBE, "exit:42"));
	EXPECT_EQ(125, RUN(&self->r, "./capexec", PROBE, "exit:125"));
	EXPECT_EQ(-SIGKILL, RUN(&self->r, "./capexec", PROBE, "abort"));
}

/* It is the process that capexec was, and has nothing to wait for. */
TEST_F(start, same_process)
{
	char line[64], path[64], children[64] = "";
	int hold[2];
	FILE *f;

	ASSERT_EQ(0, pipe2(hold, 0));
	ASSERT_EQ(0, run_start(&self->r, (char *const []){
		"sh", "-c", "exec ./capexec --fd 0 --fd 1 \"$0\" pid wait hold:0 <&\"$1\"",
		PROBE, (snprintf(path, sizeof(path), "%d", hold[0]), path),
		NULL }));
	close(hold[0]);
	fcntl(hold[1], F_SETFD, FD_CLOEXEC);
	ASSERT_TRUE(read_line(self->r.out, line, sizeof(line)));
	EXPECT_EQ(self->r.pid, atoi(line + strlen("pid: ")));
	ASSERT_TRUE(read_line(self->r.out, line, sizeof(line)));
	EXPECT_STREQ("wait: ECAPMODE", line);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", self->r.pid,
		 self->r.pid);
	f = fopen(path, "re");
	ASSERT_TRUE(!!f);
	if (fgets(children, sizeof(children), f))
		children[strcspn(children, "\n")] = '\0';
	fclose(f);
	EXPECT_STREQ("", children);
	/* Its working directory holds no file system busy. */
	snprintf(path, sizeof(path), "/proc/%d/cwd", self->r.pid);
	memset(line, 0, sizeof(line));
	EXPECT_LT(0, readlink(path, line, sizeof(line) - 1));
	EXPECT_STREQ("/", line);
	/* Killed where it waits: the other end of the pipe is ours alone. */
	kill(self->r.pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, run_end(&self->r));
	close(hold[1]);
}

static void unusual(void *arg)
{
	sigset_t set;

	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(027);
}

static void ignore_children(void *arg)
{
	signal(SIGCHLD, SIG_IGN);
}

/* By who has started it, which some daemons do. */
TEST_F(start, children_ignored)
{
	self->r.before = ignore_children;
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "mode",
			 "signals"));
	EXPECT_SAID(&self->r, "mode: 1 early 1");
	EXPECT_SAID(&self->r, "children: ignored 1");
	self->r.before = NULL;
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "signals"));
	EXPECT_SAID(&self->r, "children: ignored 0");
}

/* As a program would find them that were executed otherwise. */
TEST_F(start, kept)
{
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "signals",
			 "umask"));
	EXPECT_SAID(&self->r, "signals: ignored 0 blocked 0");
	self->r.before = unusual;
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--fd", "1", PROBE, "signals",
			 "umask"));
	EXPECT_SAID(&self->r, "signals: ignored 1 blocked 1");
	EXPECT_SAID(&self->r, "umask: 27");
}

TEST(not_programs)
{
	struct run r = {};
	FILE *f;

	REQUIRE_CAPSICUM();
	install_libraries();
	EXPECT_EQ(127, RUN(&r, "./capexec", "./not-there"));
	EXPECT_COMPLAINED(&r, "./not-there");
	EXPECT_EQ(126, RUN(&r, "./capexec", "."));

	f = fopen("script.tmp", "we");
	ASSERT_TRUE(!!f);
	fputs("#!/bin/sh\nexit 0\n", f);
	fclose(f);
	EXPECT_EQ(126, RUN(&r, "./capexec", "./script.tmp"));
	ASSERT_EQ(0, chmod("script.tmp", 0755));
	EXPECT_EQ(0, RUN(&r, "./script.tmp"));
	EXPECT_EQ(126, RUN(&r, "./capexec", "./script.tmp"));
	EXPECT_COMPLAINED(&r, "script");

	f = fopen("script.tmp", "we");
	ASSERT_TRUE(!!f);
	fputs("neither\n", f);
	fclose(f);
	EXPECT_EQ(126, RUN(&r, "./capexec", "./script.tmp"));
	/* A file header, and nothing behind it. */
	f = fopen("script.tmp", "we");
	ASSERT_TRUE(!!f);
	fputs("\177ELF\2\1\1", f);
	fclose(f);
	EXPECT_EQ(126, RUN(&r, "./capexec", "./script.tmp"));
	unlink("script.tmp");
}

TEST_HARNESS_MAIN
