// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: TOMOYO's files, where the domain of a process is asked for, or
 * chosen to be changed, by the number of the process.
 */
#include "entries.h"
#include "victims.h"

#include <sys/mount.h>

#define SECURITYFS	"/sys/kernel/security"
/* In none of the domains before. */
#define GROUP		"use_group 7"

/* Its directory; in a securityfs of this test's own, if there is none to see. */
static int open_tomoyo(void)
{
	char mnt[] = "/tmp/capsicum.XXXXXX", name[64];
	int dir = open_dir(SECURITYFS "/tomoyo");

	if (dir >= 0)
		return dir;
	if (!mkdtemp(mnt))
		return -errno;
	if (!mount("none", mnt, "securityfs", 0, NULL)) {
		snprintf(name, sizeof(name), "%s/tomoyo", mnt);
		dir = open_dir(name);
		umount2(mnt, MNT_DETACH);
	}
	rmdir(mnt);
	return dir;
}

FIXTURE(tomoyo)
{
	int dir;
	pid_t victim;
};

FIXTURE_SETUP(tomoyo)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->dir = open_tomoyo();
	if (self->dir < 0)
		SKIP(return, "no TOMOYO");
	self->victim = victim();
	ASSERT_LT(0, self->victim);
}

FIXTURE_TEARDOWN(tomoyo)
{
	bury(self->victim);
	close(self->dir);
}

/* All that is left to be read; returns how much that is, or -errno. */
static int read_all(int fd, char *text, size_t size)
{
	size_t n = 0;
	int ret;

	do {
		ret = RET(read(fd, text + n, size - 1 - n));
		if (ret < 0)
			return ret;
		n += ret;
	} while (ret);
	text[n] = 0;
	return n;
}

/* ---- which domain is this process in? ---- */

/* What is asked; a "%d" becomes @pid, or one's own number when that is 0. */
struct asked {
	int dir;
	int fd;			/* held; or -1, and it is opened */
	const char *text;
	pid_t pid;
};

/* 1 for a line about @pid, 0 for none. */
static int read_status(int fd, pid_t pid)
{
	char text[4096], domain[16];
	unsigned int nr, profile;
	int ret = read_all(fd, text, sizeof(text));

	if (ret <= 0)
		return ret;
	if (sscanf(text, "%u %u %15s", &nr, &profile, domain) != 3 ||
	    nr != pid || strncmp(domain, "<kernel>", 8))
		return -EBADMSG;
	return 1;
}

static int write_asked(int fd, const struct asked *a, pid_t pid)
{
	char text[64];
	int ret;

	snprintf(text, sizeof(text), a->text, pid);
	ret = RET(write(fd, text, strlen(text)));
	if (ret < 0)
		return ret;
	return ret == (int)strlen(text) ? 0 : -EIO;
}

static int ask_status(void *arg)
{
	const struct asked *a = arg;
	pid_t pid = a->pid ? a->pid : getpid();
	int fd = a->fd, ret;

	if (fd < 0)
		fd = RET(openat(a->dir, ".process_status", O_RDWR | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = write_asked(fd, a, pid);
	if (!ret)
		ret = read_status(fd, pid);
	if (fd != a->fd)
		close(fd);
	return ret;
}

static int ask_status_of_thread(void *arg)
{
	struct asked a = *(struct asked *)arg;

	a.pid = idle_thread();
	STEP(a.pid > 0 && a.pid != getpid());
	return ask_status(&a);
}

/* From another thread, about the one that the process is named after. */
static int ask_status_in_thread(void *arg)
{
	return in_thread(ask_status, arg);
}

TEST_F(tomoyo, process_status)
{
	struct asked a = { .dir = self->dir };
	int held = openat(self->dir, ".process_status", O_RDWR | O_CLOEXEC);
	int i;

	ASSERT_LE(0, held);
	for (i = 0; i < 2; i++) {
		a.fd = i ? held : -1;
		a.text = "%d\n";
		a.pid = self->victim;
		EXPECT_EQ(1, in_child(ask_status, &a));
		EXPECT_EQ(0, capmode_run(ask_status, &a));
		/* As if there were none. */
		a.pid = NO_PID;
		EXPECT_EQ(0, in_child(ask_status, &a));
		EXPECT_EQ(0, capmode_run(ask_status, &a));
		a.pid = 0;
		EXPECT_EQ(1, in_child(ask_status, &a));
		EXPECT_EQ(1, capmode_run(ask_status, &a));
		EXPECT_EQ(1, capmode_run(ask_status_of_thread, &a));
		EXPECT_EQ(1, capmode_run(ask_status_in_thread, &a));

		/* By such a number nobody is named, not even oneself. */
		a.text = "global-pid %d\n";
		EXPECT_EQ(1, in_child(ask_status, &a));
		EXPECT_EQ(0, capmode_run(ask_status, &a));
		EXPECT_EQ(0, capmode_run(ask_status_in_thread, &a));
		a.pid = self->victim;
		EXPECT_EQ(1, in_child(ask_status, &a));
		EXPECT_EQ(0, capmode_run(ask_status, &a));
	}
	close(held);
}

static int write_status(void *arg)
{
	const struct asked *a = arg;

	return write_asked(a->fd, a, a->pid);
}

static int read_held_status(void *arg)
{
	const struct asked *a = arg;

	return read_status(a->fd, a->pid);
}

/* It is looked for when it is read, whoever has asked. */
TEST_F(tomoyo, asked_by_another)
{
	struct asked a = { .text = "%d\n", .pid = self->victim };

	a.fd = openat(self->dir, ".process_status", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, a.fd);
	EXPECT_EQ(0, in_child(write_status, &a));
	EXPECT_EQ(0, capmode_run(read_held_status, &a));
	EXPECT_EQ(0, in_child(write_status, &a));
	EXPECT_EQ(1, in_child(read_held_status, &a));
	EXPECT_EQ(0, capmode_run(write_status, &a));
	EXPECT_EQ(1, in_child(read_held_status, &a));
	close(a.fd);
}

/* ---- the domain of this process is meant ---- */

/* 1 when a domain was chosen, and shown: it follows what was asked. 0 if none. */
static int select_domain(void *arg)
{
	const struct asked *a = arg;
	pid_t pid = a->pid ? a->pid : getpid();
	char text[8192], want[64], *shown;
	int fd, ret;

	fd = RET(openat(a->dir, "domain_policy", O_RDWR | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = write_asked(fd, a, pid);
	if (!ret)
		ret = read_all(fd, text, sizeof(text));
	close(fd);
	if (ret < 0)
		return ret;
	/* A comment repeats what was asked. */
	snprintf(want, sizeof(want), a->text, pid);
	if (strncmp(text, "# ", 2) || strncmp(text + 2, want, strlen(want)))
		return -EBADMSG;
	shown = text + 2 + strlen(want);
	if (!*shown)
		return 0;
	return strncmp(shown, "<kernel>", 8) ? -EBADMSG : 1;
}

TEST_F(tomoyo, select)
{
	struct asked a = {
		.dir = self->dir,
		.text = "select pid=%d\n",
		.pid = self->victim,
	};

	EXPECT_EQ(1, in_child(select_domain, &a));
	EXPECT_EQ(0, capmode_run(select_domain, &a));
	a.pid = NO_PID;
	EXPECT_EQ(0, in_child(select_domain, &a));
	EXPECT_EQ(0, capmode_run(select_domain, &a));
	a.pid = 0;
	EXPECT_EQ(1, in_child(select_domain, &a));
	EXPECT_EQ(1, capmode_run(select_domain, &a));

	a.text = "select global-pid=%d\n";
	EXPECT_EQ(1, in_child(select_domain, &a));
	EXPECT_EQ(0, capmode_run(select_domain, &a));
	a.pid = self->victim;
	EXPECT_EQ(1, in_child(select_domain, &a));
	EXPECT_EQ(0, capmode_run(select_domain, &a));
}

/* What is written next is about the domain that was chosen. */
static int change_domain(void *arg)
{
	const struct asked *a = arg;
	int fd, ret;

	fd = RET(openat(a->dir, "domain_policy", O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = write_asked(fd, a, a->pid ? a->pid : getpid());
	close(fd);
	return ret;
}

/* Whether the group is used by any domain. */
static int has_group(int dir)
{
	char text[65536];
	int fd, ret;

	fd = RET(openat(dir, "domain_policy", O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = read_all(fd, text, sizeof(text));
	close(fd);
	return ret < 0 ? ret : !!strstr(text, "\n" GROUP "\n");
}

TEST_F(tomoyo, change_of_domain)
{
	static const char *const by[] = {
		"select pid=%d\n" GROUP "\n",
		"select global-pid=%d\n" GROUP "\n",
	};
	struct asked a = { .dir = self->dir, .pid = self->victim };
	struct asked undo = {
		.dir = self->dir,
		.text = "select pid=%d\ndelete " GROUP "\n",
	};
	unsigned int i;

	ASSERT_EQ(0, has_group(self->dir));
	a.text = by[0];
	if (in_child(change_domain, &a) == -EPERM)
		SKIP(return, "not a manager of the policy");
	EXPECT_EQ(1, has_group(self->dir));
	EXPECT_EQ(0, in_child(change_domain, &undo));
	EXPECT_EQ(0, has_group(self->dir));
	for (i = 0; i < ARRAY_SIZE(by); i++) {
		a.text = by[i];
		/* With no domain chosen, lines are passed over. */
		EXPECT_EQ(0, capmode_run(change_domain, &a));
		EXPECT_EQ(0, has_group(self->dir));
		EXPECT_EQ(0, in_child(change_domain, &a));
		EXPECT_EQ(1, has_group(self->dir));
		EXPECT_EQ(0, in_child(change_domain, &undo));
		EXPECT_EQ(0, has_group(self->dir));
	}
	/* Who was given the policy may choose its own. */
	a.text = by[0];
	a.pid = 0;
	EXPECT_EQ(0, capmode_run(change_domain, &a));
	EXPECT_EQ(1, has_group(self->dir));
	EXPECT_EQ(0, capmode_run(change_domain, &undo));
	EXPECT_EQ(0, has_group(self->dir));
}

TEST_HARNESS_MAIN
