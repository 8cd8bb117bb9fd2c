// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever hands a descriptor on hands its limits on; what closing it does to
 * the file is what closing an ordinary descriptor does.
 */
#include "capmode.h"

#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static const unsigned int one_ioctl[] = { 0x5413, 0x541b };

/* What helper() is to find at the descriptor it is told. */
#define HELPER	"--holds-the-limits"

/* 0 when @fd has the limits that the fixture has set, and they are in force. */
static int holds_the_limits(int fd)
{
	struct cap_rights want;
	struct limits l;
	struct stat st;
	char buf[1];
	int err;

	rights_list(&want, RIGHTS(CAP_READ, CAP_FCNTL, CAP_IOCTL));
	err = get_limits(fd, &l);
	if (err)
		return err;
	if (!rights_eq(&want, &l.rights) || l.fcntls != CAP_FCNTL_GETFL ||
	    l.nioctls != 2 || l.ioctls[0] != one_ioctl[0] ||
	    l.ioctls[1] != one_ioctl[1])
		return -ERANGE;
	if (RET(read(fd, buf, 1)) < 0)
		return -EIO;
	if (RET(fcntl(fd, F_GETFL)) < 0)
		return -EIO;
	if (RET(write(fd, "x", 1)) != -ENOTCAPABLE ||
	    RET(fcntl(fd, F_SETFL, 0)) != -ENOTCAPABLE ||
	    RET(ioctl(fd, 0x5421, buf)) != -ENOTCAPABLE ||
	    RET(fstat(fd, &st)) != -ENOTCAPABLE)
		return -EPERM;
	rights_all(&want);
	if (limit_fd(fd, &want) != -ENOTCAPABLE)
		return -EPERM;
	return 0;
}

FIXTURE(passing)
{
	int file;	/* ordinary */
	int fd;		/* the capability */
	int sock[2];
};

FIXTURE_SETUP(passing)
{
	struct cap_rights set;

	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 4096);
	ASSERT_LE(0, self->file);
	rights_list(&set, RIGHTS(CAP_READ, CAP_FCNTL, CAP_IOCTL));
	self->fd = limit_sub(self->file, &set, CAP_FCNTL_GETFL, 2, one_ioctl);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sock));
}

FIXTURE_TEARDOWN(passing)
{
	close(self->fd);
	close(self->file);
}

TEST_F(passing, itself)
{
	EXPECT_EQ(0, holds_the_limits(self->fd));
	EXPECT_NE(0, holds_the_limits(self->file));
}

TEST_F(passing, dup)
{
	int fd;

	fd = dup(self->fd);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, holds_the_limits(fd));
	close(fd);
	ASSERT_EQ(50, dup2(self->fd, 50));
	EXPECT_EQ(0, holds_the_limits(50));
	/* Over an ordinary one, and an ordinary one over it. */
	ASSERT_EQ(50, dup2(self->file, 50));
	EXPECT_EQ(1, RET(pwrite(50, "x", 1, 0)));
	ASSERT_EQ(50, dup3(self->fd, 50, O_CLOEXEC));
	EXPECT_EQ(0, holds_the_limits(50));
	EXPECT_EQ(FD_CLOEXEC, fcntl(50, F_GETFD));
	EXPECT_EQ(50, dup2(50, 50));
	fd = fcntl(self->fd, F_DUPFD, 60);
	ASSERT_LE(60, fd);
	EXPECT_EQ(0, holds_the_limits(fd));
	fd = fcntl(self->fd, F_DUPFD_CLOEXEC, 70);
	ASSERT_LE(70, fd);
	EXPECT_EQ(0, holds_the_limits(fd));
	/* The first is not the worse for it. */
	EXPECT_EQ(0, holds_the_limits(self->fd));
}

/* Narrowing a copy does nothing to the one it was copied from. */
TEST_F(passing, dup_then_limit)
{
	struct cap_rights none;
	int fd = dup(self->fd);

	ASSERT_LE(0, fd);
	rights_none(&none);
	ASSERT_EQ(0, limit_fd(fd, &none));
	EXPECT_EQ(0, holds_the_limits(self->fd));
	EXPECT_EQ(-ENOTCAPABLE, RET(read(fd, &none, 1)));
}

TEST_F(passing, fork)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(holds_the_limits(self->fd) ? 1 : 0);
	EXPECT_TRUE(child_ok(child));
	EXPECT_EQ(0, holds_the_limits(self->fd));
}

/* What a child limits is its own affair, unless it shares the table. */
TEST_F(passing, fork_then_limit)
{
	struct cap_rights none;
	pid_t child = fork();

	ASSERT_LE(0, child);
	rights_none(&none);
	if (!child)
		_exit(limit_fd(self->fd, &none) ? 1 : 0);
	EXPECT_TRUE(child_ok(child));
	EXPECT_EQ(0, holds_the_limits(self->fd));

	child = syscall(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	ASSERT_LE(0, child);
	if (!child)
		_exit(limit_fd(self->fd, &none) ? 1 : 0);
	EXPECT_TRUE(child_ok(child));
	EXPECT_EQ(-ENOTCAPABLE, RET(read(self->fd, &none, 1)));
}

static int run_helper(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	return execl("/proc/self/exe", "passing_test", HELPER, number, NULL);
}

TEST_F(passing, exec)
{
	pid_t child;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run_helper(self->fd) ? 2 : 0);
	EXPECT_TRUE(child_ok(child));
}

TEST_F(passing, vfork_exec)
{
	pid_t child;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	child = vfork();
	if (!child) {
		run_helper(self->fd);
		_exit(2);
	}
	ASSERT_LE(0, child);
	EXPECT_TRUE(child_ok(child));
}

/* FD_CLOEXEC does what it does for others: the helper finds no descriptor. */
TEST_F(passing, exec_cloexec)
{
	int status;
	pid_t child;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run_helper(self->fd) ? 2 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EBADF, WEXITSTATUS(status));
}

TEST_F(passing, socket)
{
	int got = -1;

	ASSERT_EQ(1, send_fds(self->sock[0], &self->fd, 1));
	ASSERT_EQ(1, recv_fds(self->sock[1], &got, 1, 0));
	EXPECT_EQ(0, holds_the_limits(got));
	EXPECT_NE(self->fd, got);
}

TEST_F(passing, socket_to_another_process)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		int got = -1;

		close(self->fd);
		close(self->file);
		if (recv_fds(self->sock[1], &got, 1, 0) != 1)
			_exit(2);
		_exit(holds_the_limits(got) ? 1 : 0);
	}
	ASSERT_EQ(1, send_fds(self->sock[0], &self->fd, 1));
	close(self->fd);
	EXPECT_TRUE(child_ok(child));
}

/* The sender's descriptor is gone, narrowed or another file by then. */
TEST_F(passing, socket_in_flight)
{
	struct cap_rights none;
	int got = -1;

	rights_none(&none);
	ASSERT_EQ(1, send_fds(self->sock[0], &self->fd, 1));
	ASSERT_EQ(0, limit_fd(self->fd, &none));
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(1, recv_fds(self->sock[1], &got, 1, 0));
	EXPECT_EQ(0, holds_the_limits(got));
}

TEST_F(passing, socket_many)
{
	int list[4] = { self->fd, self->file, self->fd, self->file };
	int got[4] = { -1, -1, -1, -1 };

	ASSERT_EQ(1, send_fds(self->sock[0], list, 4));
	ASSERT_EQ(4, recv_fds(self->sock[1], got, 4, 0));
	EXPECT_EQ(0, holds_the_limits(got[0]));
	EXPECT_EQ(1, RET(pwrite(got[1], "x", 1, 0)));
	EXPECT_EQ(0, holds_the_limits(got[2]));
	EXPECT_EQ(1, RET(pwrite(got[3], "x", 1, 0)));
}

TEST_F(passing, socket_peek)
{
	int peeked = -1, got = -1;

	ASSERT_EQ(1, send_fds(self->sock[0], &self->fd, 1));
	ASSERT_EQ(1, recv_fds(self->sock[1], &peeked, 1, MSG_PEEK));
	EXPECT_EQ(0, holds_the_limits(peeked));
	ASSERT_EQ(1, recv_fds(self->sock[1], &got, 1, 0));
	EXPECT_EQ(0, holds_the_limits(got));
}

/* Dropped unread, also as part of the socket's own end. */
TEST_F(passing, socket_never_received)
{
	int i;

	for (i = 0; i < 16; i++)
		ASSERT_EQ(1, send_fds(self->sock[0], &self->fd, 1));
	close(self->sock[0]);
	close(self->sock[1]);
	EXPECT_EQ(0, holds_the_limits(self->fd));
}

TEST_F(passing, pidfd_getfd)
{
	int pidfd, got;

	pidfd = syscall(__NR_pidfd_open, getpid(), 0);
	ASSERT_LE(0, pidfd);
	got = syscall(__NR_pidfd_getfd, pidfd, self->fd, 0);
	ASSERT_LE(0, got);
	EXPECT_EQ(0, holds_the_limits(got));
}

TEST_F(passing, pidfd_getfd_of_another)
{
	int pidfd, got, go[2];
	pid_t child;
	char c;

	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(go[1]);
		_exit(read(go[0], &c, 1));
	}
	ASSERT_EQ(0, close(self->fd));
	pidfd = syscall(__NR_pidfd_open, child, 0);
	ASSERT_LE(0, pidfd);
	got = syscall(__NR_pidfd_getfd, pidfd, self->fd, 0);
	EXPECT_LE(0, got);
	EXPECT_EQ(0, holds_the_limits(got));
	close(go[1]);
	EXPECT_TRUE(child_ok(child));
}

/* A listener for getpgid(), or -errno. */
static int listen_to_getpgid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return RET(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog));
}

/* Larger than this program's headers may know. */
union notif {
	struct seccomp_notif n;
	char room[512];
};

/* A supervisor gives its child a descriptor in answer to getpgid(4711). */
TEST_F(passing, seccomp_addfd)
{
	struct seccomp_notif_addfd add = {
		.flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = self->fd
	};
	union notif req = {};
	int listener;
	pid_t child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		long got;

		listener = listen_to_getpgid();
		if (listener < 0)
			_exit(listener == -EINVAL || listener == -ENOSYS ? 77 :
									   2);
		if (send_fds(self->sock[1], &listener, 1) != 1)
			_exit(3);
		close(listener);
		close(self->fd);
		got = syscall(__NR_getpgid, 4711);
		if (got < 0)
			_exit(4);
		_exit(holds_the_limits(got) ? 5 : 0);
	}
	close(self->sock[1]);
	if (recv_fds(self->sock[0], &listener, 1, 0) != 1) {
		int status;

		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(77, WEXITSTATUS(status));
		SKIP(return, "no seccomp notifications");
	}
	ASSERT_EQ(0, ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
	add.id = req.n.id;
	EXPECT_LE(0, RET(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add)));
	/* Without an answer the child would wait for good: now it has ENOSYS. */
	close(listener);
	EXPECT_TRUE(child_ok(child));
}

struct supervisor {
	int sock;	/* by which it is given the listener */
	int fd;		/* what it hands on */
};

#define GIVEN_AT	60	/* where it is to be */
#define FAILURE		71	/* an errno that nobody else uses */

/*
 * Each call is answered in its own way: by a descriptor that is a result only
 * because the supervisor says so, one that is at once the result, both again at
 * a place that was chosen; and by no descriptor.
 */
static const unsigned int addfd_flags[] = {
	0, SECCOMP_ADDFD_FLAG_SEND, SECCOMP_ADDFD_FLAG_SETFD,
	SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND,
};

#define ADDFDS	((int)ARRAY_SIZE(addfd_flags))

static int supervise(void *arg)
{
	const struct supervisor *s = arg;
	struct seccomp_notif_addfd add = { .srcfd = s->fd };
	union {
		struct seccomp_notif_resp r;
		char room[512];
	} resp = {};
	union notif req;
	int listener, ret, i;

	STEP(recv_fds(s->sock, &listener, 1, 0) == 1);
	for (i = 0; i <= ADDFDS; i++) {
		memset(&req, 0, sizeof(req));
		STEP(!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
		STEP(req.n.data.nr == __NR_getpgid);
		STEP(!ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req.n.id));
		resp.r.id = req.n.id;
		resp.r.error = -FAILURE;
		if (i < ADDFDS) {
			add.id = req.n.id;
			add.flags = addfd_flags[i];
			add.newfd = add.flags & SECCOMP_ADDFD_FLAG_SETFD ?
				    GIVEN_AT + i : 0;
			ret = RET(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD,
					&add));
			STEP(ret > 0 && (!add.newfd || ret == (int)add.newfd));
			resp.r.error = 0;
			resp.r.val = ret;
			if (add.flags & SECCOMP_ADDFD_FLAG_SEND)
				continue;
		}
		STEP(!ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
	}
	return 0;
}

static int supervised(int sock)
{
	int listener = listen_to_getpgid(), i, got;

	STEP(send_fds(sock, &listener, 1) == 1);
	close(listener);
	for (i = 0; i < ADDFDS; i++) {
		got = RET(syscall(__NR_getpgid, 4711));
		STEP(got > 2);
		STEP(!(addfd_flags[i] & SECCOMP_ADDFD_FLAG_SETFD) ||
		     got == GIVEN_AT + i);
		STEP(!holds_the_limits(got));
		close(got);
	}
	STEP(RET(syscall(__NR_getpgid, 4711)) == -FAILURE);
	return 0;
}

/* The listener is one more descriptor that a supervisor can be given. */
TEST_F(passing, seccomp_supervisor_in_capability_mode)
{
	int (*const run[])(int (*fn)(void *arg), void *arg) = {
		in_child, capmode_run,
	};
	struct supervisor s = { .sock = self->sock[0], .fd = self->fd };
	pid_t child;
	int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < 2; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			close(self->fd);
			close(self->sock[0]);
			_exit(supervised(self->sock[1]) != 0);
		}
		EXPECT_EQ(0, run[i](supervise, &s));
		EXPECT_TRUE(child_ok(child));
	}
}

TEST_F(passing, kcmp)
{
	pid_t me = getpid();
	int same = dup(self->fd);
	int err;

	ASSERT_LE(0, same);
	err = RET(syscall(__NR_kcmp, me, me, KCMP_FILE, self->fd, same));
	if (err == -ENOSYS)
		SKIP(return, "no kcmp");
	EXPECT_EQ(0, err);
	/* Not the target: whoever takes them for the same would be wrong. */
	EXPECT_NE(0, syscall(__NR_kcmp, me, me, KCMP_FILE, self->fd,
			     self->file));
}

TEST_F(passing, close_range)
{
	ASSERT_EQ(200, dup2(self->fd, 200));
	ASSERT_EQ(201, dup2(self->file, 201));
	ASSERT_EQ(0, syscall(__NR_close_range, 200, 210, CLOSE_RANGE_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, fcntl(200, F_GETFD));
	EXPECT_EQ(0, holds_the_limits(200));
	ASSERT_EQ(0, syscall(__NR_close_range, 200, 210, CLOSE_RANGE_UNSHARE));
	EXPECT_EQ(-EBADF, RET(fcntl(200, F_GETFD)));
	EXPECT_EQ(0, holds_the_limits(self->fd));
}

/* How such cycles are collected is in scm_socket_test. */
TEST_F(passing, unix_socket_over_itself)
{
	int cap = limit_to(self->sock[0], CAP_READ), got;
	struct limits want, have;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, get_limits(cap, &want));
	EXPECT_EQ(1, send_fds(self->sock[0], &cap, 1));
	ASSERT_EQ(1, recv_fds(self->sock[1], &got, 1, 0));
	ASSERT_EQ(0, get_limits(got, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_TRUE(holds(got, CAP_READ));
	EXPECT_EQ(-ENOTCAPABLE, RET(write(got, "x", 1)));
}

TEST_F(passing, io_uring_over_socket)
{
	struct io_uring_params p = {};
	int ring, cap;

	ring = RET(syscall(__NR_io_uring_setup, 1, &p));
	if (ring < 0)
		SKIP(return, "no io_uring");
	/* As without a capability: a ring is not for sending at all. */
	EXPECT_EQ(-EINVAL, send_fds(self->sock[0], &ring, 1));
	cap = limit_all(ring);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, send_fds(self->sock[0], &cap, 1));
}

/* ---- what closing does ---- */

/* Whether another process finds a lock of ours. */
static bool locked(struct __test_metadata *_metadata, int file)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		struct flock l = { .l_type = F_WRLCK };

		if (fcntl(file, F_GETLK, &l))
			_exit(2);
		_exit(l.l_type == F_UNLCK ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_GT(2, WEXITSTATUS(status));
	return WEXITSTATUS(status) == 1;
}

TEST_F(passing, posix_lock_ends_with_close)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 8 };
	int fd = limit_to(self->file, CAP_FLOCK, CAP_WRITE);

	ASSERT_LE(0, fd);
	/* Taken through a capability, released by closing it. */
	ASSERT_EQ(0, fcntl(fd, F_SETLK, &l));
	EXPECT_TRUE(locked(_metadata, self->file));
	close(fd);
	EXPECT_FALSE(locked(_metadata, self->file));

	/* Taken through the file, released by closing any capability of it. */
	fd = limit_list(self->file, NO_RIGHTS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(self->file, F_SETLK, &l));
	EXPECT_TRUE(locked(_metadata, self->file));
	close(fd);
	EXPECT_FALSE(locked(_metadata, self->file));

	/* By dup2() over it, too. */
	fd = limit_list(self->file, NO_RIGHTS);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(self->file, F_SETLK, &l));
	ASSERT_EQ(fd, dup2(self->sock[0], fd));
	EXPECT_FALSE(locked(_metadata, self->file));
}

/* Taken through one, seen through the other; limiting releases nothing. */
TEST_F(passing, posix_lock_stays_when_limited)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 8 };
	struct cap_rights set;

	rights_list(&set, RIGHTS(CAP_READ));
	ASSERT_EQ(0, fcntl(self->file, F_SETLK, &l));
	ASSERT_EQ(0, limit_fd(self->fd, &set));
	EXPECT_TRUE(locked(_metadata, self->file));
	l.l_type = F_UNLCK;
	ASSERT_EQ(0, fcntl(self->file, F_SETLK, &l));
	EXPECT_FALSE(locked(_metadata, self->file));
}

/* These belong to the open file: they last until its last descriptor goes. */
TEST_F(passing, open_file_locks)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 8 };
	int fd = limit_to(self->file, CAP_FLOCK, CAP_WRITE);
	char name[64];
	int other;

	ASSERT_LE(0, fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->file);
	other = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other);

	ASSERT_EQ(0, fcntl(fd, F_OFD_SETLK, &l));
	EXPECT_EQ(-EAGAIN, RET(fcntl(other, F_OFD_SETLK, &l)));
	/* The same open file: no conflict. */
	EXPECT_EQ(0, fcntl(self->file, F_OFD_SETLK, &l));
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	EXPECT_EQ(-EWOULDBLOCK, RET(flock(other, LOCK_EX | LOCK_NB)));
	EXPECT_EQ(0, flock(self->file, LOCK_EX | LOCK_NB));

	close(fd);
	EXPECT_EQ(-EAGAIN, RET(fcntl(other, F_OFD_SETLK, &l)));
	EXPECT_EQ(-EWOULDBLOCK, RET(flock(other, LOCK_EX | LOCK_NB)));
	close(self->fd);
	fd = limit_to(self->file, CAP_WRITE);
	ASSERT_LE(0, fd);
	close(self->file);
	EXPECT_EQ(-EWOULDBLOCK, RET(flock(other, LOCK_EX | LOCK_NB)));
	/* The capability was the last. */
	close(fd);
	EXPECT_EQ(0, flock(other, LOCK_EX | LOCK_NB));
	EXPECT_EQ(0, RET(fcntl(other, F_OFD_SETLK, &l)));
}

/* The last capability of a pipe's end is the pipe's end. */
TEST_F(passing, last_close)
{
	int two[2], fd;
	char c;

	ASSERT_EQ(0, pipe(two));
	fd = limit_to(two[1], CAP_WRITE);
	ASSERT_LE(0, fd);
	close(two[1]);
	EXPECT_EQ(1, write(fd, "x", 1));
	close(fd);
	EXPECT_EQ(1, read(two[0], &c, 1));
	EXPECT_EQ(0, read(two[0], &c, 1));
}

TEST_F(passing, close_needs_nothing)
{
	int fd = limit_list(self->file, NO_RIGHTS);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-EBADF, RET(close(fd)));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], HELPER))
		return -holds_the_limits(atoi(argv[2]));
	return test_harness_run(argc, argv);
}
