// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody has given rights to yet fails closed. A look-up that is not
 * annotated sees no file: EBADF, whatever the capability holds. A path look-up
 * that begins at a capability has no rights to go on with: ENOTCAPABLE.
 */
#include "common.h"

#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd	(CAP_NR_BASE + 443)
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr	(CAP_NR_BASE + 442)
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset	(CAP_NR_BASE + 444)
#define __NR_landlock_add_rule		(CAP_NR_BASE + 445)
#define __NR_landlock_restrict_self	(CAP_NR_BASE + 446)
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease	(CAP_NR_BASE + 448)
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2		(CAP_NR_BASE + 452)
#endif

FIXTURE(closed)
{
	int file;
};

FIXTURE_VARIANT(closed)
{
	uint64_t without;	/* the right it lacks, if any */
};

FIXTURE_VARIANT_ADD(closed, all_rights) { };
FIXTURE_VARIANT_ADD(closed, all_but_event) { .without = CAP_EVENT };
FIXTURE_VARIANT_ADD(closed, all_but_read) { .without = CAP_READ };

FIXTURE_SETUP(closed)
{
	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(closed)
{
	close(self->file);
}

/* A capability of @fd as the variant wants it. */
#define CAP_OF(fd) \
({ \
	int __cap = variant->without ? limit_all_but(fd, variant->without) : \
				       limit_all(fd); \
	ASSERT_LE(0, __cap); \
	__cap; \
})

#define EBADF_OF(call)	EXPECT_EQ(-EBADF, RET(call))
#define NO_NAME(call)	EXPECT_EQ(-ENOTCAPABLE, RET(call))

TEST_F(closed, epoll)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), two[2], target, cap;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, pipe(two));
	cap = CAP_OF(ep);
	target = CAP_OF(two[0]);
	EBADF_OF(epoll_ctl(cap, EPOLL_CTL_ADD, two[0], &ev));
	EBADF_OF(epoll_ctl(ep, EPOLL_CTL_ADD, target, &ev));
	EBADF_OF(epoll_ctl(cap, EPOLL_CTL_ADD, target, &ev));
	EBADF_OF(epoll_ctl(ep, EPOLL_CTL_MOD, target, &ev));
	EBADF_OF(epoll_ctl(ep, EPOLL_CTL_DEL, target, &ev));
	EBADF_OF(epoll_wait(cap, &ev, 1, 0));
	EBADF_OF(epoll_pwait(cap, &ev, 1, 0, NULL));
	/* Nothing has got in. */
	ASSERT_EQ(1, write(two[1], "x", 1));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
}

TEST_F(closed, signalfd)
{
	sigset_t mask;
	int fd, cap;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	ASSERT_LE(0, fd);
	cap = CAP_OF(fd);
	sigaddset(&mask, SIGUSR2);
	EBADF_OF(signalfd(cap, &mask, 0));
}

TEST_F(closed, timerfd)
{
	struct itimerspec its = { .it_value.tv_sec = 1000 }, old;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int cap;

	ASSERT_LE(0, fd);
	cap = CAP_OF(fd);
	EBADF_OF(timerfd_settime(cap, 0, &its, NULL));
	EBADF_OF(timerfd_settime(cap, 0, &its, &old));
	EBADF_OF(timerfd_gettime(cap, &old));
	ASSERT_EQ(0, timerfd_gettime(fd, &old));
	EXPECT_EQ(0, old.it_value.tv_sec);
}

TEST_F(closed, inotify)
{
	int fd = inotify_init1(IN_CLOEXEC), cap, wd;

	if (fd < 0)
		SKIP(return, "no inotify");
	cap = CAP_OF(fd);
	wd = inotify_add_watch(fd, tmp_dir(), IN_CREATE);
	ASSERT_LE(0, wd);
	EBADF_OF(inotify_add_watch(cap, "/", IN_CREATE));
	EBADF_OF(inotify_rm_watch(cap, wd));
	EXPECT_EQ(0, inotify_rm_watch(fd, wd));
}

TEST_F(closed, fanotify)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
	int dir, cap;

	if (fd < 0)
		SKIP(return, "no fanotify");
	cap = CAP_OF(fd);
	EBADF_OF(fanotify_mark(cap, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "/"));
	/* What is marked: by descriptor, and below one. */
	dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	cap = CAP_OF(dir);
	EXPECT_GT(0, RET(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, cap, NULL)));
	NO_NAME(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, cap, "."));
}

TEST_F(closed, message_queue)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	char name[32], buf[8];
	mqd_t mq, cap;

	snprintf(name, sizeof(name), "/capsicum-%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
	if (mq < 0)
		SKIP(return, "no message queues");
	mq_unlink(name);
	cap = CAP_OF(mq);
	EBADF_OF(mq_send(cap, "x", 1, 0));
	EBADF_OF(mq_receive(cap, buf, sizeof(buf), NULL));
	EBADF_OF(mq_notify(cap, &ev));
	EBADF_OF(mq_getattr(cap, &attr));
	EBADF_OF(mq_setattr(cap, &attr, NULL));
	ASSERT_EQ(0, mq_getattr(mq, &attr));
	EXPECT_EQ(0, attr.mq_curmsgs);
}

TEST_F(closed, aio)
{
	aio_context_t ctx = 0;
	char buf[8];
	struct iocb cb = {}, *list[1] = { &cb };
	static const int ops[] = {
		IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC,
		IOCB_CMD_FDSYNC, IOCB_CMD_POLL
	};
	int cap = CAP_OF(self->file), event, err;
	uint64_t before = file_state(self->file);
	unsigned int i;

	err = RET(syscall(__NR_io_setup, 4, &ctx));
	if (err)
		SKIP(return, "no aio");
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		memset(&cb, 0, sizeof(cb));
		cb.aio_fildes = cap;
		cb.aio_lio_opcode = ops[i];
		if (ops[i] == IOCB_CMD_PREAD || ops[i] == IOCB_CMD_PWRITE) {
			cb.aio_buf = (uintptr_t)buf;
			cb.aio_nbytes = sizeof(buf);
		} else if (ops[i] == IOCB_CMD_POLL) {
			cb.aio_buf = POLLIN;
		}
		EBADF_OF(syscall(__NR_io_submit, ctx, 1, list));
	}
	/* Where completion is told, as well. */
	event = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, event);
	memset(&cb, 0, sizeof(cb));
	cb.aio_fildes = self->file;
	cb.aio_lio_opcode = IOCB_CMD_PWRITE;
	cb.aio_buf = (uintptr_t)buf;
	cb.aio_nbytes = sizeof(buf);
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = CAP_OF(event);
	EBADF_OF(syscall(__NR_io_submit, ctx, 1, list));
	EXPECT_EQ(before, file_state(self->file));
}

/* A ring of one entry, driven by hand. */
struct ring {
	int fd;
	void *sq, *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_params p;
};

static int ring_open(struct ring *r)
{
	size_t sq, cq;

	memset(r, 0, sizeof(*r));
	r->fd = RET(syscall(__NR_io_uring_setup, 1, &r->p));
	if (r->fd < 0)
		return r->fd;
	sq = r->p.sq_off.array + r->p.sq_entries * sizeof(uint32_t);
	cq = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, sq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, cq, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, sizeof(*r->sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
		      r->fd, IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqe == MAP_FAILED)
		return -ENOMEM;
	return 0;
}

/* Submits what stands in the one entry; returns what it completes with. */
static int ring_run(struct ring *r, int enter)
{
	uint32_t *tail = r->sq + r->p.sq_off.tail;
	uint32_t *array = r->sq + r->p.sq_off.array;
	uint32_t *head = r->cq + r->p.cq_off.head;
	uint32_t *mask = r->cq + r->p.cq_off.ring_mask;
	struct io_uring_cqe *cqes = r->cq + r->p.cq_off.cqes;
	int err, res;

	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	err = RET(syscall(__NR_io_uring_enter, enter, 1, 1,
			  IORING_ENTER_GETEVENTS, NULL, 0));
	if (err < 0) {
		__atomic_store_n(tail, *tail - 1, __ATOMIC_RELEASE);
		return err;
	}
	res = cqes[*head & *mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

TEST_F(closed, io_uring)
{
	static const int ops[] = {
		IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC,
		IORING_OP_POLL_ADD, IORING_OP_FALLOCATE
	};
	uint64_t before = file_state(self->file);
	int cap = CAP_OF(self->file), none = -1;
	struct ring r;
	char buf[8] = {};
	unsigned int i, async;

	if (ring_open(&r))
		SKIP(return, "no io_uring");

	for (i = 0; i < 2 * ARRAY_SIZE(ops); i++) {
		async = i & 1;
		memset(r.sqe, 0, sizeof(*r.sqe));
		r.sqe->opcode = ops[i / 2];
		r.sqe->flags = async ? IOSQE_ASYNC : 0;
		r.sqe->fd = cap;
		if (ops[i / 2] == IORING_OP_READ ||
		    ops[i / 2] == IORING_OP_WRITE) {
			r.sqe->addr = (uintptr_t)buf;
			r.sqe->len = sizeof(buf);
		} else if (ops[i / 2] == IORING_OP_FALLOCATE) {
			r.sqe->addr = 4096;
		}
		EXPECT_EQ(-EBADF, ring_run(&r, r.fd))
			TH_LOG("opcode %d", ops[i / 2]);
	}
	EXPECT_EQ(before, file_state(self->file));

	/* The same by an ordinary descriptor works: the ring is not to blame. */
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_READ;
	r.sqe->fd = self->file;
	r.sqe->addr = (uintptr_t)buf;
	r.sqe->len = sizeof(buf);
	EXPECT_EQ(sizeof(buf), ring_run(&r, r.fd));
	EXPECT_EQ('a', buf[0]);

	/* Nor do registered files take it in. */
	EBADF_OF(syscall(__NR_io_uring_register, r.fd, IORING_REGISTER_FILES,
			 &cap, 1));
	ASSERT_EQ(0, syscall(__NR_io_uring_register, r.fd,
			     IORING_REGISTER_FILES, &none, 1));
	{
		struct io_uring_files_update up = { .fds = (uintptr_t)&cap };

		EBADF_OF(syscall(__NR_io_uring_register, r.fd,
				 IORING_REGISTER_FILES_UPDATE, &up, 1));
	}
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_READ;
	r.sqe->flags = IOSQE_FIXED_FILE;
	r.sqe->addr = (uintptr_t)buf;
	r.sqe->len = sizeof(buf);
	EXPECT_EQ(-EBADF, ring_run(&r, r.fd));
}

TEST_F(closed, io_uring_names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ring r;
	int cap;

	ASSERT_LE(0, dir);
	cap = limit_all_but(dir, CAP_LOOKUP);
	ASSERT_LE(0, cap);
	if (ring_open(&r))
		SKIP(return, "no io_uring");
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_OPENAT;
	r.sqe->fd = cap;
	r.sqe->addr = (uintptr_t)".";
	r.sqe->open_flags = O_RDONLY;
	EXPECT_EQ(-ENOTCAPABLE, ring_run(&r, r.fd));
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_UNLINKAT;
	r.sqe->fd = cap;
	r.sqe->addr = (uintptr_t)"capsicum-none";
	EXPECT_EQ(-ENOTCAPABLE, ring_run(&r, r.fd));
}

TEST_F(closed, io_uring_ring)
{
	struct ring r;
	int cap;

	if (ring_open(&r))
		SKIP(return, "no io_uring");
	cap = CAP_OF(r.fd);
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_NOP;
	EXPECT_EQ(-EBADF, ring_run(&r, cap));
	EBADF_OF(syscall(__NR_io_uring_register, cap, IORING_UNREGISTER_FILES,
			 NULL, 0));
	EXPECT_EQ(0, ring_run(&r, r.fd));
}

TEST_F(closed, sockets)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr *sa = (struct sockaddr *)&un;
	char buf[8] = "x";
	struct iovec iov = { buf, 1 };
	struct mmsghdr mm = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	socklen_t len = sizeof(un);
	int two[2], one = 1, cap, fresh;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, two));
	ASSERT_EQ(1, write(two[1], "y", 1));
	cap = CAP_OF(two[0]);
	EBADF_OF(send(cap, buf, 1, 0));
	EBADF_OF(sendto(cap, buf, 1, 0, sa, len));
	EBADF_OF(sendmsg(cap, &mm.msg_hdr, 0));
	EBADF_OF(sendmmsg(cap, &mm, 1, 0));
	EBADF_OF(recv(cap, buf, 1, 0));
	EBADF_OF(recvfrom(cap, buf, 1, 0, sa, &len));
	EBADF_OF(recvmsg(cap, &mm.msg_hdr, 0));
	EBADF_OF(recvmmsg(cap, &mm, 1, 0, NULL));
	len = sizeof(un);
	EBADF_OF(getsockname(cap, sa, &len));
	EBADF_OF(getpeername(cap, sa, &len));
	len = sizeof(one);
	EBADF_OF(getsockopt(cap, SOL_SOCKET, SO_TYPE, &one, &len));
	EBADF_OF(setsockopt(cap, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	EBADF_OF(shutdown(cap, SHUT_RDWR));
	/* Nothing was sent, received or shut down. */
	EXPECT_EQ(-EAGAIN, RET(read(two[1], buf, 1)));
	EXPECT_EQ(1, read(two[0], buf, 1));

	fresh = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ASSERT_LE(0, fresh);
	cap = CAP_OF(fresh);
	EBADF_OF(bind(cap, sa, sizeof(sa_family_t)));
	EBADF_OF(listen(cap, 1));
	EBADF_OF(accept(cap, NULL, NULL));
	EBADF_OF(accept4(cap, NULL, NULL, SOCK_CLOEXEC));
	EBADF_OF(connect(cap, sa, sizeof(un)));
	len = sizeof(un);
	ASSERT_EQ(0, getsockname(fresh, sa, &len));
	EXPECT_EQ(sizeof(sa_family_t), len);
}

TEST_F(closed, processes)
{
	int pidfd = syscall(__NR_pidfd_open, getpid(), 0);
	struct iovec iov = { &pidfd, sizeof(pidfd) };
	siginfo_t info;
	int cap;

	ASSERT_LE(0, pidfd);
	cap = CAP_OF(pidfd);
	EBADF_OF(syscall(__NR_pidfd_send_signal, cap, 0, NULL, 0));
	EBADF_OF(syscall(__NR_pidfd_getfd, cap, 0, 0));
	EBADF_OF(syscall(__NR_setns, cap, 0x40000000));
	EBADF_OF(syscall(__NR_waitid, 3 /* P_PIDFD */, cap, &info,
			 WEXITED | WNOHANG, NULL));
	EBADF_OF(syscall(__NR_process_madvise, cap, &iov, 1, MADV_COLD, 0));
	EBADF_OF(syscall(__NR_process_mrelease, cap, 0));
}

TEST_F(closed, namespaces)
{
	int ns = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, ns);
	EBADF_OF(syscall(__NR_setns, CAP_OF(ns), 0));
}

TEST_F(closed, bpf)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
	};
	uint32_t key = 0;
	uint64_t value = 1;
	int map, cap;

	map = RET(syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
	if (map < 0)
		SKIP(return, "no bpf");
	cap = CAP_OF(map);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = cap;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	EBADF_OF(syscall(__NR_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)));
	EBADF_OF(syscall(__NR_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = cap;
	EXPECT_EQ(-EBADFD, RET(syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr,
				       sizeof(attr))));
}

TEST_F(closed, perf)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	int fd, second;

	fd = RET(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));
	if (fd < 0)
		SKIP(return, "no perf events");
	EBADF_OF(syscall(__NR_perf_event_open, &attr, 0, -1, CAP_OF(fd), 0));
	/* A second descriptor in an ioctl's argument. */
	second = RET(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));
	ASSERT_LE(0, second);
	EBADF_OF(ioctl(second, PERF_EVENT_IOC_SET_OUTPUT, CAP_OF(fd)));
}

TEST_F(closed, modules)
{
	int err = RET(syscall(__NR_finit_module, -1, "", 0));

	if (err != -EBADF)
		SKIP(return, "no modules");
	EBADF_OF(syscall(__NR_finit_module, CAP_OF(self->file), "", 0));
}

TEST_F(closed, landlock)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE
	};
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE
	};
	int rules, dir;

	rules = RET(syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr),
			    0));
	if (rules < 0)
		SKIP(return, "no landlock");
	dir = open(tmp_dir(), O_PATH | O_CLOEXEC);
	ASSERT_LE(0, dir);
	rule.parent_fd = dir;
	EBADF_OF(syscall(__NR_landlock_add_rule, CAP_OF(rules),
			 LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
	EBADF_OF(syscall(__NR_landlock_restrict_self, CAP_OF(rules), 0));
	/* This look-up takes O_PATH files, which a capability is not. */
	rule.parent_fd = CAP_OF(dir);
	EXPECT_GT(0, RET(syscall(__NR_landlock_add_rule, rules,
				 LANDLOCK_RULE_PATH_BENEATH, &rule, 0)));
}

TEST_F(closed, quota)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	ASSERT_LE(0, dir);
	err = RET(syscall(__NR_quotactl_fd, -1, 0x80000700, 0, NULL));
	if (err != -EBADF)
		SKIP(return, "no quotactl_fd");
	err = RET(syscall(__NR_quotactl_fd, CAP_OF(dir), 0x80000700, 0, NULL));
	EXPECT_TRUE(err == -EBADF || err == -ENOTCAPABLE)
		TH_LOG("quotactl_fd() said %d", err);
}

/*
 * Names below a capability, looked up for what has no right; what has one is
 * in path_rights_test.
 */
TEST_F(closed, names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	int cap;

	ASSERT_LE(0, dir);
	cap = CAP_OF(dir);
	NO_NAME(syscall(__NR_open_tree, cap, ".", 0));
	NO_NAME(syscall(__NR_open_tree, cap, ".", OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, cap, ".", 0));
	NO_NAME(syscall(__NR_move_mount, cap, ".", dir, ".", 0));
	NO_NAME(syscall(__NR_mount_setattr, cap, ".", 0, &attr, sizeof(attr)));
	/* What is absolute does not begin there, and is refused all the same. */
	NO_NAME(syscall(__NR_open_tree, cap, "/", 0));
	NO_NAME(openat(cap, "/", O_RDONLY | O_DIRECTORY));
}

/* The file itself, by an empty name, where that has no right yet. */
TEST_F(closed, empty_names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file_handle *handle;
	char name[40];
	int file, where, mnt;

	ASSERT_LE(0, dir);
	file = CAP_OF(self->file);
	where = CAP_OF(dir);
	snprintf(name, sizeof(name), "capsicum-link-%d", getpid());
	NO_NAME(linkat(limit_all_but(self->file, CAP_LINKAT_SOURCE), "", dir,
		       name, AT_EMPTY_PATH));
	NO_NAME(syscall(__NR_open_tree, where, "",
			AT_EMPTY_PATH | OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, where, "", FSPICK_EMPTY_PATH));
	NO_NAME(syscall(__NR_move_mount, where, "", dir, name,
			MOVE_MOUNT_F_EMPTY_PATH));
	{
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };

		NO_NAME(syscall(__NR_mount_setattr, where, "", AT_EMPTY_PATH,
				&attr, sizeof(attr)));
	}
	handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	ASSERT_TRUE(!!handle);
	handle->handle_bytes = MAX_HANDLE_SZ;
	file = limit_all_but(self->file, CAP_FSTAT);
	ASSERT_LE(0, file);
	NO_NAME(name_to_handle_at(file, "", handle, &mnt, AT_EMPTY_PATH));
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, tmp_dir(), handle, &mnt, 0) == 0)
		EBADF_OF(open_by_handle_at(where, handle, O_RDONLY));
}

TEST_HARNESS_MAIN
