// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that an ioctl makes of what another stands for: made through a
 * capability, they have its limits.
 */
#include "capmode.h"

#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER	_IO('T', 0x41)
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif
#define PIDFD_IOCTL(nr)	_IO(0xFF, nr)	/* PIDFD_GET_*_NAMESPACE */

/* Whether @a and @b are of the same file. */
static bool same(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * @cmd with @arg makes a descriptor of @from: without limits from an ordinary
 * one; with the very limits from a capability, when those allow the command;
 * else not at all.
 */
static void check_derived(struct __test_metadata *_metadata, int from,
			  unsigned int cmd, unsigned long arg)
{
	const unsigned int list[2] = { FIONREAD, cmd };
	const unsigned int other[1] = { FIONREAD };
	struct limits want, have;
	struct cap_rights set;
	int cap, fd, plain;

	plain = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, plain) {
		TH_LOG("ioctl %#x: %s", cmd, strerror(-plain));
	}
	rights_all(&set);
	ASSERT_EQ(0, get_limits(plain, &have));
	EXPECT_TRUE(rights_eq(&set, &have.rights));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);

	rights_list(&set, RIGHTS(CAP_IOCTL, CAP_FSTAT));
	cap = limit_sub(from, &set, 0, 2, list);
	ASSERT_LE(0, cap);
	fd = RET(ioctl(cap, cmd, arg));
	ASSERT_LE(0, fd) {
		TH_LOG("ioctl %#x: %s", cmd, strerror(-fd));
	}
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_TRUE(same(fd, plain));
	/* The limits are in force. */
	EXPECT_EQ(-ENOTCAPABLE, RET(write(fd, "x", 1)));
	EXPECT_EQ(-ENOTCAPABLE, RET(syscall(__NR_setns, fd, 0)));
	EXPECT_EQ(-ENOTCAPABLE, limit_fd(fd, &(struct cap_rights)
					 CAP_RIGHTS_ALL_INIT));
	close(fd);

	/* It is over with that ioctl. */
	fd = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);
	close(fd);

	cap = limit_sub(from, &set, 0, 1, other);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, cmd, arg)));
	cap = limit_all_but(from, CAP_IOCTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, cmd, arg)));
	/* Nor has a refused one left anything behind. */
	fd = RET(ioctl(from, cmd, arg));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);
	close(fd);
	close(plain);
}

static void *idle(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) ? arg : NULL;
}

/* Descriptors may not change places meanwhile: the test closes what it makes. */
FIXTURE(derived)
{
	pthread_t thread;
	int stop[2];
};

FIXTURE_VARIANT(derived)
{
	bool shared;	/* the table of descriptors, with a thread */
};

FIXTURE_VARIANT_ADD(derived, alone) { };
FIXTURE_VARIANT_ADD(derived, with_a_thread) { .shared = true };

FIXTURE_SETUP(derived)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe2(self->stop, O_CLOEXEC));
	if (variant->shared)
		ASSERT_EQ(0, pthread_create(&self->thread, NULL, idle,
					    &self->stop[0]));
}

FIXTURE_TEARDOWN(derived)
{
	if (variant->shared) {
		EXPECT_EQ(1, write(self->stop[1], "x", 1));
		pthread_join(self->thread, NULL);
	}
}

TEST_F(derived, pty_peer)
{
	const unsigned int list[] = { TIOCGPTPEER };
	struct cap_rights set;
	int ptm = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int cap, fd;
	char c;

	if (ptm < 0)
		SKIP(return, "no pseudo-terminals");
	ASSERT_EQ(0, unlockpt(ptm));
	check_derived(_metadata, ptm, TIOCGPTPEER,
		      O_RDWR | O_NOCTTY | O_CLOEXEC);

	/* Who may only read the master cannot write to it by way of the slave. */
	rights_list(&set, RIGHTS(CAP_IOCTL, CAP_READ));
	cap = limit_sub(ptm, &set, 0, 1, list);
	ASSERT_LE(0, cap);
	fd = RET(ioctl(cap, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(write(fd, "x", 1)));
	ASSERT_EQ(1, write(ptm, "\n", 1));
	EXPECT_EQ(1, read(fd, &c, 1));
}

/* ---- a directory of pseudo-terminals ---- */

/* A new one by the directory: both its ends have the limits of that. */
static int new_pty(void *arg)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int dir = *(int *)arg, unlock = 0, ptm, pts;
	struct limits want, have;
	char c;

	ptm = RET(openat(dir, "ptmx", flags));
	if (ptm < 0)
		return ptm;
	STEP(!get_limits(dir, &want));
	STEP(!get_limits(ptm, &have) && limits_eq(&want, &have));
	STEP(!ioctl(ptm, TIOCSPTLCK, &unlock));
	pts = RET(ioctl(ptm, TIOCGPTPEER, flags));
	STEP(pts >= 0);
	STEP(!get_limits(pts, &have) && limits_eq(&want, &have));
	STEP(write(ptm, "\n", 1) == 1 && read(pts, &c, 1) == 1);
	if (want.nioctls != CAP_LIMIT_IOCTLS_ALL) {
		STEP(RET(ioctl(ptm, FIONREAD, &unlock)) == -ENOTCAPABLE);
		STEP(RET(ioctl(pts, FIONREAD, &unlock)) == -ENOTCAPABLE);
	}
	close(pts);
	close(ptm);
	return 0;
}

static int open_beside(void *arg)
{
	int fd = RET(openat(*(int *)arg, "../null", O_RDWR | O_CLOEXEC));

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST(pty_below_directory)
{
	const unsigned int list[] = { TIOCSPTLCK, TIOCGPTPEER };
	int dir, cap, unable;
	struct cap_rights set;

	REQUIRE_CAPMODE();
	dir = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || faccessat(dir, "ptmx", R_OK | W_OK, 0))
		SKIP(return, "no /dev/pts/ptmx");
	rights_list(&set, RIGHTS(CAP_LOOKUP, CAP_READ, CAP_WRITE, CAP_SEEK,
				 CAP_IOCTL));
	cap = limit_sub(dir, &set, 0, 2, list);
	ASSERT_LE(0, cap);
	EXPECT_BOTH(new_pty, &dir);
	EXPECT_BOTH(new_pty, &cap);
	EXPECT_CAPMODE(-ENOTCAPABLE, open_beside, &dir);
	EXPECT_EQ(-ENOTCAPABLE, in_child(open_beside, &cap));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(open_beside, &cap));
	/* It is opened to be written to. */
	rights_del(&set, CAP_WRITE);
	unable = limit_sub(dir, &set, 0, 2, list);
	ASSERT_LE(0, unable);
	EXPECT_EQ(-ENOTCAPABLE, in_child(new_pty, &unable));
	EXPECT_EQ(-ENOTCAPABLE, capmode_run(new_pty, &unable));
	close(unable);
	close(cap);
	close(dir);
}

TEST_F(derived, namespaces)
{
	int user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	if (uts < 0 || user < 0)
		SKIP(return, "no namespaces");
	check_derived(_metadata, uts, NS_GET_USERNS, 0);
	/* Of the first user namespace there is no parent. */
	EXPECT_EQ(-EPERM, RET(ioctl(limit_to(user, CAP_IOCTL), NS_GET_PARENT)));
}

TEST_F(derived, parent_namespace)
{
	int user;
	pid_t child;

	/* unshare() of a user namespace wants a single thread. */
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		const unsigned int list[] = { NS_GET_PARENT };
		struct cap_rights set;
		struct limits l;
		int fd;

		if (unshare(CLONE_NEWUSER))
			_exit(4);
		user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		rights_list(&set, RIGHTS(CAP_IOCTL));
		fd = limit_sub(user, &set, 0, 1, list);
		/* The parent is not the child's to see. */
		if (RET(ioctl(fd, NS_GET_PARENT)) != -EPERM)
			_exit(1);
		if (get_limits(fd, &l) || l.nioctls != 1)
			_exit(2);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_F(derived, next_mount_namespace)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	pid_t child;
	int two[2];
	char c;

	if (geteuid() || fd < 0)
		SKIP(return, "only root sees all mount namespaces");
	/* There has to be a next one. */
	ASSERT_EQ(0, pipe2(two, O_CLOEXEC));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(two[0]);
		if (unshare(CLONE_NEWNS))
			_exit(1);
		write(two[1], "x", 1);
		pause();
	}
	close(two[1]);
	ASSERT_EQ(1, read(two[0], &c, 1));
	check_derived(_metadata, fd, NS_MNT_GET_NEXT, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST_F(derived, pidfd_namespaces)
{
	int fd = RET(syscall(__NR_pidfd_open, getpid(), 0));
	int nr;

	ASSERT_LE(0, fd);
	for (nr = 1; nr <= 10; nr++) {
		int made = RET(ioctl(fd, PIDFD_IOCTL(nr), 0));

		if (made == -EOPNOTSUPP)
			continue;
		ASSERT_LE(0, made);
		close(made);
		check_derived(_metadata, fd, PIDFD_IOCTL(nr), 0);
	}
}

TEST_F(derived, socket_namespace)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || geteuid())
		SKIP(return, "no sockets, or not root");
	check_derived(_metadata, fd, SIOCGSKNS, 0);
}

/* setns(2), and what it is refused for. */
TEST_F(derived, setns)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	pid_t child;

	if (geteuid() || fd < 0)
		SKIP(return, "only root enters namespaces");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int able = limit_to(fd, CAP_SETNS);
		int unable = limit_all_but(fd, CAP_SETNS);
		int own;

		if (unshare(CLONE_NEWUTS))
			_exit(1);
		own = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
		if (same(own, fd))
			_exit(2);
		if (RET(syscall(__NR_setns, unable, 0)) != -ENOTCAPABLE ||
		    RET(syscall(__NR_setns, unable, CLONE_NEWUTS)) !=
		    -ENOTCAPABLE)
			_exit(3);
		if (same(open("/proc/self/ns/uts", O_RDONLY), fd))
			_exit(4);
		if (RET(syscall(__NR_setns, able, CLONE_NEWUTS)))
			_exit(5);
		_exit(same(open("/proc/self/ns/uts", O_RDONLY), fd) ? 0 : 6);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_HARNESS_MAIN
