// SPDX-License-Identifier: GPL-2.0
/*
 * Binder hands descriptors on: a capability arrives with its limits.
 */
#include "victims.h"

#include <linux/android/binder.h>
#include <linux/android/binderfs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#define PTR(p)		((uint64_t)(uintptr_t)(p))
#define BUFFER_SIZE	65536

FIXTURE(binder)
{
	char mnt[64];
	int fd;		/* this process is the context manager */
	void *map;
};

static int open_binder(const char *mnt)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/test", mnt);
	return RET(open(name, O_RDWR | O_CLOEXEC));
}

static void *map_binder(int fd)
{
	return mmap(NULL, BUFFER_SIZE, PROT_READ, MAP_PRIVATE | MAP_NORESERVE,
		    fd, 0);
}

static int write_read(int fd, void *out, size_t out_size, void *in,
		      size_t in_size, size_t *got)
{
	struct binder_write_read bwr = {
		.write_size = out_size,
		.write_buffer = PTR(out),
		.read_size = in_size,
		.read_buffer = PTR(in),
	};
	int err = RET(ioctl(fd, BINDER_WRITE_READ, &bwr));

	if (got)
		*got = bwr.read_consumed;
	return err;
}

FIXTURE_SETUP(binder)
{
	struct flat_binder_object manager = {
		.flags = FLAT_BINDER_FLAG_ACCEPTS_FDS,
	};
	struct binderfs_device device = { .name = "test" };
	uint32_t loop = BC_ENTER_LOOPER;
	char name[96];
	int control;

	REQUIRE_CAPSICUM();
	self->mnt[0] = 0;
	if (geteuid())
		SKIP(return, "only root mounts");
	snprintf(self->mnt, sizeof(self->mnt), "%s/capsicum-bi.XXXXXX",
		 tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->mnt));
	if (mount("none", self->mnt, "binder", 0, "stats=global")) {
		rmdir(self->mnt);
		self->mnt[0] = 0;
		SKIP(return, "no binder");
	}
	snprintf(name, sizeof(name), "%s/binder-control", self->mnt);
	control = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, control);
	ASSERT_EQ(0, ioctl(control, BINDER_CTL_ADD, &device));
	close(control);
	self->fd = open_binder(self->mnt);
	ASSERT_LE(0, self->fd);
	self->map = map_binder(self->fd);
	ASSERT_TRUE(self->map != MAP_FAILED);
	ASSERT_EQ(0, ioctl(self->fd, BINDER_SET_CONTEXT_MGR_EXT, &manager));
	ASSERT_EQ(0, write_read(self->fd, &loop, sizeof(loop), NULL, 0, NULL));
}

FIXTURE_TEARDOWN(binder)
{
	if (!self->mnt[0])
		return;
	close(self->fd);
	munmap(self->map, BUFFER_SIZE);
	umount2(self->mnt, MNT_DETACH);
	rmdir(self->mnt);
}

/* Send @what, a descriptor, to the context manager; 0 when it was taken. */
static int send_descriptor(const char *mnt, int what)
{
	struct binder_fd_object object = {
		.hdr.type = BINDER_TYPE_FD,
		.fd = what,
	};
	uint64_t offset = 0;
	struct binder_transaction_data data = {
		.code = 1,
		.flags = TF_ONE_WAY,
		.data_size = sizeof(object),
		.offsets_size = sizeof(offset),
		.data.ptr = { PTR(&object), PTR(&offset) },
	};
	unsigned char in[256], out[sizeof(uint32_t) + sizeof(data)];
	int fd = open_binder(mnt);
	uint32_t cmd = BC_TRANSACTION;
	size_t got = 0, i;

	if (fd < 0 || map_binder(fd) == MAP_FAILED)
		return -1;
	/* Without the padding that a structure of both would have. */
	memcpy(out, &cmd, sizeof(cmd));
	memcpy(out + sizeof(cmd), &data, sizeof(data));
	if (write_read(fd, out, sizeof(out), in, sizeof(in), &got))
		return -2;
	for (i = 0; i + sizeof(cmd) <= got; i += sizeof(cmd)) {
		memcpy(&cmd, in + i, sizeof(cmd));
		if (cmd == BR_TRANSACTION_COMPLETE)
			return 0;
		if (cmd != BR_NOOP)
			return 1;
	}
	return -3;
}

/* The descriptor that a transaction to @fd has brought, or -1. */
static int receive_descriptor(int fd)
{
	unsigned char in[256];
	struct binder_transaction_data data;
	struct binder_fd_object object;
	size_t got = 0, i = 0;
	uint32_t cmd;

	if (write_read(fd, NULL, 0, in, sizeof(in), &got))
		return -1;
	for (i = 0; i + sizeof(cmd) <= got; i += _IOC_SIZE(cmd)) {
		memcpy(&cmd, in + i, sizeof(cmd));
		i += sizeof(cmd);
		if (cmd != BR_TRANSACTION)
			continue;
		memcpy(&data, in + i, sizeof(data));
		memcpy(&object, (void *)(uintptr_t)data.data.ptr.buffer,
		       sizeof(object));
		return object.fd;
	}
	return -1;
}

TEST_F(binder, limits_arrive)
{
	const unsigned int list[] = { 0x541b };
	int file = tmp_file(NULL, 8), cap, path, fd;
	struct limits want, have;
	struct cap_rights set;
	struct stat st;
	pid_t child;
	char c;

	ASSERT_LE(0, file);
	rights_list(&set, RIGHTS(CAP_PREAD, CAP_IOCTL));
	cap = limit_sub(file, &set, 0, 1, list);
	ASSERT_LE(0, cap);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(send_descriptor(self->mnt, cap) ? 1 : 0);
	fd = receive_descriptor(self->fd);
	EXPECT_TRUE(child_ok(child));
	ASSERT_LE(0, fd);
	EXPECT_NE(cap, fd);
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_EQ(1, pread(fd, &c, 1, 2));
	EXPECT_EQ('c', c);
	EXPECT_EQ(-ENOTCAPABLE, RET(fstat(fd, &st)));
	EXPECT_EQ(-ENOTCAPABLE, RET(pwrite(fd, "x", 1, 0)));

	/* O_PATH is not handed on, and no capability of it either. */
	path = open(tmp_dir(), O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(send_descriptor(self->mnt, path) == 1 &&
		      send_descriptor(self->mnt, limit_all(path)) == 1 ? 0 : 1);
	EXPECT_TRUE(child_ok(child));
}

/* The device itself: the command that does everything has to be on the list. */
TEST_F(binder, device)
{
	struct binder_version version = {};
	const unsigned int list[] = { BINDER_VERSION };
	struct cap_rights set;
	uint32_t loop = BC_EXIT_LOOPER;
	int cap;

	rights_list(&set, RIGHTS(CAP_IOCTL));
	cap = limit_sub(self->fd, &set, 0, 1, list);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, RET(ioctl(cap, BINDER_VERSION, &version)));
	EXPECT_EQ(-ENOTCAPABLE,
		  write_read(cap, &loop, sizeof(loop), NULL, 0, NULL));
}

struct number {
	int fd;
	pid_t pid;	/* 0: one's own */
};

static int ask_frozen(void *arg)
{
	const struct number *n = arg;
	struct binder_frozen_status_info info = { .pid = n->pid ?: getpid() };

	return RET(ioctl(n->fd, BINDER_GET_FROZEN_INFO, &info));
}

static int freeze(void *arg)
{
	const struct number *n = arg;
	struct binder_freeze_info info = {
		.pid = n->pid ?: getpid(), .enable = 1,
	};

	return RET(ioctl(n->fd, BINDER_FREEZE, &info));
}

static int thaw(void *arg)
{
	const struct number *n = arg;
	struct binder_freeze_info info = { .pid = n->pid ?: getpid() };

	return RET(ioctl(n->fd, BINDER_FREEZE, &info));
}

struct state {
	int logs;
	pid_t pid;
};

/* What a process has in binder, 1 if there is something. */
static int read_state(void *arg)
{
	const struct state *s = arg;
	char name[32], text[64];
	int fd, ret;

	snprintf(name, sizeof(name), "proc/%d", s->pid);
	fd = RET(openat(s->logs, name, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = RET(read(fd, text, sizeof(text)));
	close(fd);
	return ret < 0 ? ret : ret > 0;
}

static void check_state(struct __test_metadata *_metadata, const char *logs)
{
	struct state s = { .pid = getpid() };

	s.logs = open(logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, s.logs);
	EXPECT_EQ(1, in_child(read_state, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(read_state, &s));
	close(s.logs);
}

TEST_F(binder, state_of_others)
{
	char name[96];

	REQUIRE_CAPMODE();
	snprintf(name, sizeof(name), "%s/binder_logs", self->mnt);
	check_state(_metadata, name);
}

TEST_F(binder, state_of_others_in_debugfs)
{
	REQUIRE_CAPMODE();
	if (access("/sys/kernel/debug/binder/proc", R_OK))
		SKIP(return, "no binder in debugfs");
	check_state(_metadata, "/sys/kernel/debug/binder");
}

/* Whoever has the device can stop others that have it: by number. */
TEST_F(binder, frozen)
{
	static int (*const calls[])(void *arg) = { ask_frozen, freeze, thaw };
	struct number n = { .fd = self->fd };
	unsigned int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		n.pid = getpid();
		EXPECT_ECAPMODE(calls[i], &n);
		n.pid = NO_PID;
		EXPECT_EQ(-EINVAL, in_child(calls[i], &n));
		EXPECT_EQ(-ECAPMODE, capmode_run(calls[i], &n));
		/* One that has not opened it. */
		n.pid = 0;
		EXPECT_EQ(-EINVAL, in_child(calls[i], &n));
		EXPECT_EQ(-EINVAL, capmode_run(calls[i], &n));
	}
}

TEST_HARNESS_MAIN
