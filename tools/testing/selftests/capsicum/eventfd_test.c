// SPDX-License-Identifier: GPL-2.0
/*
 * eventfd(2): what is done to it by its descriptor, and by what takes one to
 * signal it or to wait for it.
 */
#include "capmode.h"

#include <linux/aio_abi.h>
#include <linux/vhost.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/select.h>

FIXTURE(eventfd)
{
	int fd;
};

FIXTURE_SETUP(eventfd)
{
	REQUIRE_CAPSICUM();
	self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(eventfd)
{
	close(self->fd);
}

/* The count, which is not read. */
static uint64_t count_of(int fd)
{
	char name[64], line[256];
	uint64_t n = UINT64_MAX;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	f = fopen(name, "re");
	if (!f)
		return n;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "eventfd-count:", 14))
			n = strtoull(line + 14, NULL, 16);
	}
	fclose(f);
	return n;
}

static uint64_t state(void *arg)
{
	return count_of(*(int *)arg);
}

static void set_to_2(void *arg)
{
	uint64_t n;
	int fd = *(int *)arg;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	n = 2;
	if (write(fd, &n, sizeof(n)) < 0)
		return;
}

static int op_read(int fd, void *arg)
{
	uint64_t n = 0;
	int ret = RET(read(fd, &n, sizeof(n)));

	return ret < 0 ? ret : n == 2 ? 0 : -EIO;
}

static int op_write(int fd, void *arg)
{
	uint64_t n = 3;

	return RET(write(fd, &n, sizeof(n)));
}

static int op_select(int fd, void *arg)
{
	struct timeval tv = {};
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return RET(select(fd + 1, &in, NULL, NULL, &tv));
}

TEST_F(eventfd, use)
{
	RIGHTS_OP(self->fd, .name = "read", .op = op_read, .ctx = &self->fd,
		  .rights = RIGHTS(CAP_READ), .prepare = set_to_2,
		  .state = state);
	RIGHTS_OP(self->fd, .name = "write", .op = op_write, .ctx = &self->fd,
		  .rights = RIGHTS(CAP_WRITE), .prepare = set_to_2,
		  .state = state);
	RIGHTS_OP(self->fd, .name = "poll", .op = op_poll_in, .ctx = &self->fd,
		  .rights = RIGHTS(CAP_EVENT), .prepare = set_to_2,
		  .state = state);
}

TEST_F(eventfd, select)
{
	int able = limit_to(self->fd, CAP_EVENT);
	int unable = limit_all_but(self->fd, CAP_EVENT);

	ASSERT_LE(0, able);
	ASSERT_LE(0, unable);
	set_to_2(&self->fd);
	EXPECT_EQ(1, op_select(able, NULL));
	EXPECT_EQ(-ENOTCAPABLE, op_select(unable, NULL));
}

/* ---- whom it is given to, to be signalled ---- */

struct aio {
	aio_context_t ctx;
	int file;
};

/* A read by aio that tells of its end; op: the eventfd that it tells. */
static int op_aio(int fd, void *arg)
{
	struct aio *a = arg;
	struct iocb cb = {}, *list[1] = { &cb };
	struct io_event ev;
	char c;
	int ret;

	cb.aio_fildes = a->file;
	cb.aio_lio_opcode = IOCB_CMD_PREAD;
	cb.aio_buf = (uintptr_t)&c;
	cb.aio_nbytes = 1;
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = fd;
	ret = RET(syscall(__NR_io_submit, a->ctx, 1, list));
	if (ret == 1)
		syscall(__NR_io_getevents, a->ctx, 1, 1, &ev, NULL);
	return ret;
}

TEST_F(eventfd, aio)
{
	struct aio a = { .file = tmp_file(NULL, 8) };
	int err = RET(syscall(__NR_io_setup, 4, &a.ctx));

	if (err)
		SKIP(return, "no aio (%d)", err);
	ASSERT_LE(0, a.file);
	RIGHTS_OP(self->fd, .name = "aio", .op = op_aio, .ctx = &a,
		  .rights = RIGHTS(CAP_WRITE));
	/* Told thrice: by an ordinary one, with all rights, with this one. */
	EXPECT_EQ(3, count_of(self->fd));
}

static int op_uring(int fd, void *arg)
{
	struct ring *r = arg;
	struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	int err = RET(syscall(__NR_io_uring_register, r->fd,
			      IORING_REGISTER_EVENTFD, &fd, 1));

	if (err)
		return err;
	err = ring_one(r, &nop);
	syscall(__NR_io_uring_register, r->fd, IORING_UNREGISTER_EVENTFD, NULL,
		0);
	return err;
}

TEST_F(eventfd, io_uring)
{
	struct ring r;
	int err = ring_setup(&r, 4, 0);

	if (err)
		SKIP(return, "no io_uring (%d)", err);
	RIGHTS_OP(self->fd, .name = "io_uring", .op = op_uring, .ctx = &r,
		  .rights = RIGHTS(CAP_WRITE));
	EXPECT_EQ(3, count_of(self->fd));
	ring_free(&r);
}

struct vhost {
	int fd;
	unsigned int cmd;
};

static int op_vhost(int fd, void *arg)
{
	struct vhost *v = arg;
	struct vhost_vring_file f = { .index = 0, .fd = fd };

	if (v->cmd == VHOST_SET_LOG_FD)
		return RET(ioctl(v->fd, v->cmd, &fd));
	return RET(ioctl(v->fd, v->cmd, &f));
}

/* vhost signals what it calls, and waits for what it is kicked by. */
TEST_F(eventfd, vhost)
{
	struct vhost v = { .fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC) };
	int reg = tmp_file(NULL, 1);

	if (v.fd < 0)
		SKIP(return, "no /dev/vhost-net");
	ASSERT_EQ(0, ioctl(v.fd, VHOST_SET_OWNER));
	v.cmd = VHOST_SET_VRING_CALL;
	RIGHTS_OP(self->fd, .name = "call", .op = op_vhost, .ctx = &v,
		  .rights = RIGHTS(CAP_WRITE));
	v.cmd = VHOST_SET_VRING_ERR;
	RIGHTS_OP(self->fd, .name = "error", .op = op_vhost, .ctx = &v,
		  .rights = RIGHTS(CAP_WRITE));
	v.cmd = VHOST_SET_LOG_FD;
	RIGHTS_OP(self->fd, .name = "log", .op = op_vhost, .ctx = &v,
		  .rights = RIGHTS(CAP_WRITE));
	v.cmd = VHOST_SET_VRING_KICK;
	RIGHTS_OP(self->fd, .name = "kick", .op = op_vhost, .ctx = &v,
		  .rights = RIGHTS(CAP_EVENT));
	RIGHTS_OP(reg, .name = "kick by a file", .op = op_vhost, .ctx = &v,
		  .rights = RIGHTS(CAP_EVENT), .want = -EINVAL);
	close(v.fd);
}

/* ---- cgroup v1: "eventfd control-file arguments", written to a file ---- */

struct memcg {
	int dir;
	int event;
	int file;
	bool swap;	/* the capability is the file's */
};

static int op_memcg(int fd, void *arg)
{
	struct memcg *m = arg;
	int control = openat(m->dir, "cgroup.event_control",
			     O_WRONLY | O_CLOEXEC);
	char line[64];
	int ret;

	if (control < 0)
		return -errno;
	snprintf(line, sizeof(line), "%d %d 1048576",
		 m->swap ? m->event : fd, m->swap ? fd : m->file);
	ret = RET(write(control, line, strlen(line)));
	close(control);
	return ret;
}

TEST_F(eventfd, memory_cgroup)
{
	char dir[] = "/tmp/capsicum-memcg-XXXXXX", sub[64];
	struct memcg m = { .event = self->fd };

	if (geteuid())
		SKIP(return, "only root mounts cgroups");
	ASSERT_TRUE(!!mkdtemp(dir));
	if (mount("memory", dir, "cgroup", 0, "memory")) {
		int err = errno;

		rmdir(dir);
		SKIP(return, "no cgroup v1 memory controller (%s)",
		     strerror(err));
	}
	snprintf(sub, sizeof(sub), "%s/capsicum", dir);
	EXPECT_EQ(0, mkdir(sub, 0700));
	m.dir = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_LE(0, m.dir);
	m.file = openat(m.dir, "memory.usage_in_bytes", O_RDONLY | O_CLOEXEC);
	EXPECT_LE(0, m.file);
	RIGHTS_OP(self->fd, .name = "eventfd", .op = op_memcg, .ctx = &m,
		  .rights = RIGHTS(CAP_WRITE));
	m.swap = true;
	RIGHTS_OP(m.file, .name = "control file", .op = op_memcg, .ctx = &m,
		  .rights = RIGHTS(CAP_READ));
	close(m.file);
	close(m.dir);
	rmdir(sub);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

TEST_HARNESS_MAIN
