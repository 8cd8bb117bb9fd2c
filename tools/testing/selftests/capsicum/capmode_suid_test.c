// SPDX-License-Identifier: GPL-2.0
/*
 * What a process sets for itself must not lead astray a program that gains
 * privilege when it is executed.
 */
#include "capmode.h"
#include <grp.h>

/* Executed: what a program that gains privilege has been left with. */
static void __attribute__((constructor)) suid_helper(void)
{
	if (!getenv("CAPSICUM_SUID_HELPER"))
		return;
	_exit((geteuid() ? 0 : 1) |
	      (prctl(PR_GET_OPENAT_BENEATH, 0, 0, 0, 0) ? 2 : 0) |
	      (prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0) ? 4 : 0) |
	      (open("/", O_RDONLY) < 0 ? 8 : 0));
}

struct suid {
	int fd;
	bool nnp;
};

static int exec_as_nobody(void *arg)
{
	static char *const env[] = { "CAPSICUM_SUID_HELPER=1", NULL };
	static char *const argv[] = { "helper", NULL };
	const struct suid *s = arg;
	int pidfd;
	pid_t child;

	STEP(!setgroups(0, NULL));
	STEP(!setresgid(65534, 65534, 65534));
	STEP(!setresuid(65534, 65534, 65534));
	if (s->nnp)
		STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	STEP(!prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 0) == s->nnp);
	STEP(!prctl(PR_SET_CAPMODE_TRAP, 1, 0, 0, 0));
	child = fork_fd(&pidfd);
	if (!child) {
		sys_execveat(s->fd, "", argv, env, AT_EMPTY_PATH);
		_exit(100);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

/* Who executes a set-user-ID program does not choose what it can open. */
TEST(set_user_id)
{
	struct suid s = { .nnp = false };
	int self, to;
	char buf[65536];
	ssize_t n;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	to = tmp_file(NULL, 0);
	self = open_self();
	ASSERT_LE(0, to);
	ASSERT_LE(0, self);
	while ((n = read(self, buf, sizeof(buf))) > 0)
		ASSERT_EQ(n, write(to, buf, n));
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", to);
	s.fd = open(buf, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, s.fd);
	ASSERT_EQ(0, fchmod(to, 0755));
	close(to);
	/* No privilege to gain: all stays. */
	EXPECT_EQ(4, in_child(exec_as_nobody, &s));
	ASSERT_EQ(0, fchmod(s.fd, 04755));
	s.nnp = true;
	EXPECT_EQ(2 | 4 | 8, in_child(exec_as_nobody, &s));
	s.nnp = false;
	EXPECT_EQ(1, in_child(exec_as_nobody, &s));
}

TEST_HARNESS_MAIN
