// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock by capability: rulesets, the directories that rules are about, and
 * what a domain does to files that are used through capabilities.
 */
#include "capmode.h"
#include "ops.h"

#include <linux/landlock.h>

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset	(CAP_NR_BASE + 444)
#define __NR_landlock_add_rule		(CAP_NR_BASE + 445)
#define __NR_landlock_restrict_self	(CAP_NR_BASE + 446)
#endif

#define HANDLED	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

static long add_rule(int rules, int parent)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
		.parent_fd = parent,
	};

	return syscall(__NR_landlock_add_rule, rules,
		       LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* How restricting itself by @rules goes for a child. */
static long restrict_child(int rules)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(255);
		_exit(syscall(__NR_landlock_restrict_self, rules, 0) ?
		      errno : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

FIXTURE(landlock)
{
	int rules;
	int dir;
	int path;
};

FIXTURE_SETUP(landlock)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = HANDLED };

	REQUIRE_CAPSICUM();
	self->rules = RET(syscall(__NR_landlock_create_ruleset, &attr,
				  sizeof(attr), 0));
	if (self->rules == -ENOSYS || self->rules == -EOPNOTSUPP)
		SKIP(return, "no Landlock");
	ASSERT_LE(0, self->rules);
	self->dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
	self->path = open(tmp_dir(), O_PATH | O_CLOEXEC);
	ASSERT_LE(0, self->path);
}

FIXTURE_TEARDOWN(landlock)
{
}

TEST_F(landlock, ruleset)
{
	OP_NEEDS(self->rules, CAP_WRITE, 0, 0, add_rule(cap, self->path));
	OP_NEEDS(self->rules, CAP_READ, 0, 0, restrict_child(cap));
	/* Before what is found out about the object. */
	OP_NEEDS(self->dir, CAP_WRITE, 0, -EBADFD, add_rule(cap, self->path));
	OP_NEEDS(self->dir, CAP_READ, 0, -EBADFD, restrict_child(cap));
}

TEST_F(landlock, parent)
{
	int tmp = tmp_file(NULL, 1), two[2];

	OP_NEEDS(self->dir, CAP_FSTAT, 0, 0, add_rule(self->rules, cap));
	OP_NEEDS(self->path, CAP_FSTAT, 0, 0, add_rule(self->rules, cap));
	ASSERT_LE(0, tmp);
	OP_NEEDS(tmp, CAP_FSTAT, 0, 0, add_rule(self->rules, cap));
	/* What has no place in a hierarchy has none by capability either. */
	ASSERT_EQ(0, pipe(two));
	OP_NEEDS(two[0], CAP_FSTAT, 0, -EBADFD, add_rule(self->rules, cap));
	OP_NEEDS(self->rules, CAP_FSTAT, 0, -EBADFD,
		 add_rule(self->rules, cap));
}

/* A rule that was made by capability is about the directory, and nothing else. */
TEST_F(landlock, rule_is_about_the_target)
{
	const int cap = limit_to(self->dir, CAP_FSTAT);
	char name[64];
	int fd;
	pid_t child;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, RET(add_rule(self->rules, cap)));
	snprintf(name, sizeof(name), "%s/capsicum.XXXXXX", tmp_dir());
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	close(fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    syscall(__NR_landlock_restrict_self, self->rules, 0))
			_exit(1);
		if (open(name, O_WRONLY) < 0)
			_exit(2);
		if (RET(open("/proc/self/comm", O_WRONLY)) != -EACCES)
			_exit(3);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
	unlink(name);
}

/* What Landlock keeps with an open file is found through a capability of it. */
TEST_F(landlock, truncate)
{
	char name[64];
	pid_t child;
	int fd;

	snprintf(name, sizeof(name), "%s/capsicum.XXXXXX", tmp_dir());
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(3, write(fd, "abc", 3));
	/* WRITE_FILE is allowed there, TRUNCATE is not. */
	ASSERT_EQ(0, RET(add_rule(self->rules, self->path)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int in, cap;

		/* Opened outside of the domain. */
		cap = limit_to(fd, CAP_FTRUNCATE);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    syscall(__NR_landlock_restrict_self, self->rules, 0))
			_exit(1);
		if (ftruncate(cap, 2))
			_exit(2);
		in = open(name, O_WRONLY);
		if (in < 0 || RET(ftruncate(in, 1)) != -EACCES)
			_exit(3);
		/* Made after the domain: neither widens nor narrows it. */
		if (RET(ftruncate(limit_to(in, CAP_FTRUNCATE), 1)) != -EACCES)
			_exit(4);
		if (ftruncate(limit_to(fd, CAP_FTRUNCATE), 1))
			_exit(5);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
	EXPECT_EQ(1, lseek(fd, 0, SEEK_END));
	unlink(name);
}

/* These can be called in capability mode, and ask for the rights there. */
TEST_F(landlock, in_capability_mode)
{
	const int reads = limit_to(self->rules, CAP_READ);
	const int writes = limit_to(self->rules, CAP_WRITE);
	const int dir = limit_to(self->dir, CAP_LOOKUP);
	pid_t child;

	REQUIRE_CAPMODE();
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (sys_cap_enter(0))
			_exit(1);
		if (RET(add_rule(reads, self->dir)) != -ENOTCAPABLE ||
		    RET(add_rule(writes, dir)) != -ENOTCAPABLE ||
		    RET(add_rule(writes, self->dir)))
			_exit(2);
		if (RET(syscall(__NR_landlock_restrict_self, writes, 0)) !=
		    -ENOTCAPABLE)
			_exit(3);
		if (RET(syscall(__NR_landlock_restrict_self, reads, 0)))
			_exit(4);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_HARNESS_MAIN
