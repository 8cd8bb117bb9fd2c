// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: a block device that was given is what it has, and a partition
 * is not the whole of the device; nor are the other hosts that use it given.
 */
#include "entries.h"
#include "loop.h"

#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/fs.h>
#include <linux/pr.h>
#include <scsi/sg.h>

/* For C library headers that do not have them. */
#ifndef SG_SCSI_RESET_NO_ESCALATE
#define SG_SCSI_RESET_TARGET		4
#define SG_SCSI_RESET_NO_ESCALATE	0x100
#endif

#define START	65536
#define SIZE	262144

/* A device that has a partition. */
FIXTURE(part)
{
	char name[32];
	int file;
	int dev;
	int part;
};

static int blkpg(int dev, int op)
{
	struct blkpg_partition p = {
		.pno = 1, .start = START, .length = START,
	};
	struct blkpg_ioctl_arg arg = {
		.op = op, .datalen = sizeof(p), .data = &p,
	};

	return RET(ioctl(dev, BLKPG, &arg));
}

FIXTURE_SETUP(part)
{
	struct loop_config config = { };
	char name[40];

	self->dev = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (free_loop(self->name, sizeof(self->name)))
		SKIP(return, "no loop devices");
	self->file = tmp_file(NULL, 1);
	ASSERT_EQ(0, ftruncate(self->file, SIZE));
	self->dev = open(self->name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	config.fd = self->file;
	ASSERT_EQ(0, ioctl(self->dev, LOOP_CONFIGURE, &config));
	ASSERT_EQ(0, blkpg(self->dev, BLKPG_ADD_PARTITION));
	snprintf(name, sizeof(name), "%sp1", self->name);
	self->part = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->part);
}

FIXTURE_TEARDOWN(part)
{
	if (self->dev < 0)
		return;
	close(self->part);
	blkpg(self->dev, BLKPG_DEL_PARTITION);
	ioctl(self->dev, LOOP_CLR_FD, 0);
	close(self->dev);
	close(self->file);
}

static int get_status(void *arg)
{
	struct loop_info64 info;

	return RET(ioctl(*(int *)arg, LOOP_GET_STATUS64, &info));
}

static int get_old_status(void *arg)
{
	struct loop_info info;

	return RET(ioctl(*(int *)arg, LOOP_GET_STATUS, &info));
}

static int set_status(void *arg)
{
	struct loop_info64 info;
	int fd = *(int *)arg;

	memset(&info, 0, sizeof(info));
	memcpy(info.lo_file_name, "capsicum", 8);
	return RET(ioctl(fd, LOOP_SET_STATUS64, &info));
}

static int set_old_status(void *arg)
{
	struct loop_info info;
	int fd = *(int *)arg;

	memset(&info, 0, sizeof(info));
	memcpy(info.lo_name, "capsicum", 8);
	return RET(ioctl(fd, LOOP_SET_STATUS, &info));
}

static int set_capacity(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_SET_CAPACITY, 0));
}

static int set_direct(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_SET_DIRECT_IO, 0));
}

static int clear(void *arg)
{
	return RET(ioctl(*(int *)arg, LOOP_CLR_FD, 0));
}

/* Whether the device is as it was set up. */
static bool untouched(int dev)
{
	struct loop_info64 info;

	return !ioctl(dev, LOOP_GET_STATUS64, &info) && !info.lo_file_name[0];
}

/* What the driver is asked is about all of the device. */
TEST_F(part, commands_of_the_device)
{
	static int (*const commands[])(void *arg) = {
		get_status, get_old_status, set_capacity, set_direct,
		set_status, set_old_status, clear,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-ENOTTY, capmode_run(commands[i], &self->part))
			TH_LOG("command %u", i);
	}
	EXPECT_TRUE(untouched(self->dev));
	/* Through the whole of it, where that was given. */
	for (i = 0; i < 4; i++)
		EXPECT_BOTH(commands[i], &self->dev);
	EXPECT_TRUE(untouched(self->dev));
	EXPECT_EQ(0, capmode_run(set_status, &self->dev));
	EXPECT_FALSE(untouched(self->dev));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(0, in_child(commands[i], &self->part))
			TH_LOG("command %u", i);
	}
}

static int other_file(void *arg)
{
	const int *fds = arg;

	return RET(ioctl(fds[0], LOOP_CHANGE_FD, fds[1]));
}

TEST_F(part, another_file)
{
	int fds[2] = { self->part, memfd_create("capsicum", MFD_CLOEXEC) };

	ASSERT_LE(0, fds[1]);
	ASSERT_EQ(0, ftruncate(fds[1], SIZE));
	EXPECT_EQ(-ENOTTY, capmode_run(other_file, fds));
	/* The driver would do it for a device that is only read. */
	EXPECT_EQ(-EINVAL, in_child(other_file, fds));
	fds[0] = self->dev;
	EXPECT_EQ(-EINVAL, capmode_run(other_file, fds));
	close(fds[1]);
}

static int get_size(void *arg)
{
	uint64_t size = 0;
	int err = RET(ioctl(*(int *)arg, BLKGETSIZE64, &size));

	return err ? err : size == START ? 1 : 0;
}

static int flush(void *arg)
{
	return RET(ioctl(*(int *)arg, BLKFLSBUF, 0));
}

static int add_part(void *arg)
{
	return blkpg(*(int *)arg, BLKPG_ADD_PARTITION);
}

static int drop_part(void *arg)
{
	return blkpg(*(int *)arg, BLKPG_DEL_PARTITION);
}

static int scan_parts(void *arg)
{
	return RET(ioctl(*(int *)arg, BLKRRPART));
}

/* Partitions are made and removed through the whole, on both sides. */
TEST_F(part, partitions)
{
	static int (*const commands[])(void *arg) = {
		add_part, drop_part, scan_parts,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EINVAL, in_child(commands[i], &self->part));
		EXPECT_EQ(-EINVAL, capmode_run(commands[i], &self->part));
	}
}

/* What every block device has is about the part. */
TEST_F(part, own)
{
	EXPECT_EQ(1, in_child(get_size, &self->part));
	EXPECT_BOTH(get_size, &self->part);
	EXPECT_BOTH(flush, &self->part);
}

static int read_ahead(void *arg)
{
	return RET(ioctl(*(int *)arg, BLKRASET, 77UL * 8));
}

static int read_ahead_of_files(void *arg)
{
	return RET(ioctl(*(int *)arg, BLKFRASET, 66UL * 8));
}

static int read_only(void *arg)
{
	int *fd_on = arg;

	return RET(ioctl(fd_on[0], BLKROSET, &fd_on[1]));
}

/* Some of what every device has is the disk's. */
TEST_F(part, read_ahead)
{
	long before, now;
	int on;

	ASSERT_EQ(0, ioctl(self->dev, BLKRAGET, &before));
	EXPECT_NE(77 * 8, before);
	EXPECT_NE(66 * 8, before);
	EXPECT_EQ(-ENOTTY, capmode_run(read_ahead, &self->part));
	EXPECT_EQ(-ENOTTY, capmode_run(read_ahead_of_files, &self->part));
	EXPECT_EQ(0, ioctl(self->dev, BLKRAGET, &now));
	EXPECT_EQ(before, now);
	EXPECT_EQ(0, in_child(read_ahead, &self->part));
	EXPECT_EQ(0, ioctl(self->dev, BLKRAGET, &now));
	EXPECT_EQ(77 * 8, now);
	EXPECT_EQ(0, capmode_run(read_ahead_of_files, &self->dev));
	EXPECT_EQ(0, ioctl(self->dev, BLKRAGET, &now));
	EXPECT_EQ(66 * 8, now);
	/* That it is not to be written to is the part's own. */
	EXPECT_EQ(0, capmode_run(read_only, (int[]){ self->part, 1 }));
	EXPECT_EQ(0, ioctl(self->part, BLKROGET, &on));
	EXPECT_EQ(1, on);
	EXPECT_EQ(0, ioctl(self->dev, BLKROGET, &on));
	EXPECT_EQ(0, on);
	EXPECT_EQ(0, in_child(read_only, (int[]){ self->part, 0 }));
	ioctl(self->dev, BLKRASET, before);
}

/* Whose requests are traced: @pid, 0 for everybody's. */
struct trace {
	int fd;
	pid_t pid;
};

static int trace(void *arg)
{
	const struct trace *t = arg;
	struct blk_user_trace_setup setup = {
		.buf_size = 4096, .buf_nr = 2, .pid = t->pid,
	};
	int err = RET(ioctl(t->fd, BLKTRACESETUP, &setup));

	if (!err)
		STEP(!ioctl(t->fd, BLKTRACETEARDOWN));
	return err;
}

static int trace_by_file(void *arg)
{
	const struct trace *t = arg;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", t->pid);
	return write_by(BY_WRITE, t->fd, pid);
}

/* A trace is of the whole disk, and there can be but one. */
TEST_F(part, traces)
{
	const char *disk = strrchr(self->name, '/') + 1;
	struct trace t = { .fd = self->dev };
	char name[64], text[16] = "";
	int enable;

	if (in_child(trace, &t) == -ENOTTY)
		SKIP(return, "no traces of block devices");
	EXPECT_BOTH(trace, &t);
	t.pid = getpid();
	EXPECT_ECAPMODE(trace, &t);
	t.fd = self->part;
	EXPECT_EQ(-ENOTTY, capmode_run(trace, &t));
	t.pid = 0;
	EXPECT_EQ(-ENOTTY, capmode_run(trace, &t));
	EXPECT_EQ(0, in_child(trace, &t));
	/* The same by files. */
	snprintf(name, sizeof(name), "/sys/block/%s/trace/pid", disk);
	t.fd = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, t.fd);
	t.pid = getpid();
	EXPECT_EQ(-ECAPMODE, capmode_run(trace_by_file, &t));
	EXPECT_LT(0, pread(t.fd, text, sizeof(text) - 1, 0));
	EXPECT_STREQ("disabled\n", text);
	EXPECT_EQ(0, in_child(trace_by_file, &t));
	memset(text, 0, sizeof(text));
	EXPECT_LT(0, pread(t.fd, text, sizeof(text) - 1, 0));
	EXPECT_EQ(t.pid, atoi(text));
	close(t.fd);
	snprintf(name, sizeof(name), "/sys/block/%s/trace/enable", disk);
	enable = open(name, O_WRONLY | O_CLOEXEC);
	EXPECT_EQ(1, write(enable, "0", 1));
	close(enable);
}

struct reservation {
	int fd;
	unsigned int cmd;
};

static int reserve(void *arg)
{
	const struct reservation *r = arg;
	uint64_t room[8] = { 1, 2 };

	return RET(ioctl(r->fd, r->cmd, room));
}

/* Other hosts are named by keys. These devices know of none. */
TEST_F(part, other_hosts)
{
	static const unsigned int cmds[] = {
		IOC_PR_REGISTER, IOC_PR_RESERVE, IOC_PR_RELEASE,
		IOC_PR_PREEMPT, IOC_PR_PREEMPT_ABORT, IOC_PR_CLEAR,
	};
	struct reservation r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		r.cmd = cmds[i];
		r.fd = self->dev;
		EXPECT_EQ(-EOPNOTSUPP, in_child(reserve, &r));
		EXPECT_EQ(-ECAPMODE, capmode_run(reserve, &r));
		r.fd = self->part;
		EXPECT_EQ(-EPERM, in_child(reserve, &r));
		EXPECT_EQ(-ECAPMODE, capmode_run(reserve, &r));
	}
}

/* ---- a disk of SCSI ---- */

/* The one that there is for tests. */
#define MODEL		"scsi_debug"

static bool is_debug_disk(const char *disk)
{
	char name[300], model[16] = "";
	int fd;

	snprintf(name, sizeof(name), "/sys/block/%s/device/model", disk);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, model, sizeof(model)) < 0)
			model[0] = '\0';
		close(fd);
	}
	return !strncmp(model, MODEL, strlen(MODEL));
}

static bool find_disk(char *name, size_t size)
{
	DIR *dir = list_dir(AT_FDCWD, "/sys/block");
	struct dirent *d;
	bool found = false;

	while (dir && !found && (d = readdir(dir))) {
		found = is_debug_disk(d->d_name);
		if (found)
			snprintf(name, size, "/dev/%.16s", d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* The whole, and a part of it that does not begin where it does. */
FIXTURE(scsi)
{
	int dev;
	int part;
};

FIXTURE_SETUP(scsi)
{
	char disk[32], name[40];

	self->dev = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!find_disk(disk, sizeof(disk)))
		SKIP(return, "no disk of " MODEL);
	self->dev = open(disk, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, blkpg(self->dev, BLKPG_ADD_PARTITION));
	snprintf(name, sizeof(name), "%s1", disk);
	self->part = open(name, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->part);
}

FIXTURE_TEARDOWN(scsi)
{
	if (self->dev < 0)
		return;
	close(self->part);
	EXPECT_EQ(0, blkpg(self->dev, BLKPG_DEL_PARTITION));
	close(self->dev);
}

/* @direction: SG_DXFER_FROM_DEV, or ..._TO_DEV. Returns 0 or -errno. */
static int scsi_command(int fd, const uint8_t *cmd, size_t len, int direction,
			void *data, size_t size)
{
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = direction,
		.cmd_len = len,
		.cmdp = (void *)cmd,
		.dxfer_len = size,
		.dxferp = data,
		.timeout = 60000,
	};
	int err = RET(ioctl(fd, SG_IO, &hdr));

	if (err)
		return err;
	return hdr.status || hdr.host_status || hdr.driver_status ? -EIO : 0;
}

static int inquire(void *arg)
{
	static const uint8_t inquiry[6] = { 0x12, [4] = 36 };
	char data[36] = "";
	int err = scsi_command(*(int *)arg, inquiry, sizeof(inquiry),
			       SG_DXFER_FROM_DEV, data, sizeof(data));

	STEP(!strncmp(data + 16, MODEL, strlen(MODEL)) == !err);
	return err;
}

/* The block that the disk begins with, which is not the part's. */
struct first_block {
	int fd;
	char text[512];
};

static int read_block(void *arg)
{
	static const uint8_t read_10[10] = { 0x28, [8] = 1 };
	struct first_block *b = arg;

	return scsi_command(b->fd, read_10, sizeof(read_10), SG_DXFER_FROM_DEV,
			    b->text, sizeof(b->text));
}

static int write_block(void *arg)
{
	static const uint8_t write_10[10] = { 0x2a, [8] = 1 };
	struct first_block *b = arg;

	return scsi_command(b->fd, write_10, sizeof(write_10), SG_DXFER_TO_DEV,
			    b->text, sizeof(b->text));
}

static bool block_is(int dev, const struct first_block *want)
{
	struct first_block b = { .fd = dev };

	return !read_block(&b) && !memcmp(b.text, want->text, sizeof(b.text));
}

/* They go to the disk as they are. */
TEST_F(scsi, commands_of_the_device)
{
	struct first_block old = { .fd = self->dev };
	struct first_block new = { .fd = self->part, .text = "capsicum" };

	EXPECT_EQ(-ENOTTY, capmode_run(inquire, &self->part));
	EXPECT_EQ(0, in_child(inquire, &self->part));
	EXPECT_BOTH(inquire, &self->dev);

	ASSERT_EQ(0, read_block(&old));
	EXPECT_EQ(-ENOTTY, capmode_run(read_block, &new));
	EXPECT_EQ(-ENOTTY, capmode_run(write_block, &new));
	EXPECT_TRUE(block_is(self->dev, &old));
	EXPECT_EQ(0, in_child(write_block, &new));
	EXPECT_TRUE(block_is(self->dev, &new));
	EXPECT_EQ(0, capmode_run(write_block, &old));
	EXPECT_TRUE(block_is(self->dev, &old));
}

struct reset {
	int fd;
	int what;
};

static int reset(void *arg)
{
	struct reset *r = arg;
	int what = r->what;

	return RET(ioctl(r->fd, SG_SCSI_RESET, &what));
}

/* The disk is one of those that the target, the bus and the host have. */
TEST_F(scsi, reset)
{
	static const int others[] = {
		SG_SCSI_RESET_TARGET, SG_SCSI_RESET_BUS, SG_SCSI_RESET_HOST,
		/* It goes on to the others if it does not succeed. */
		SG_SCSI_RESET_DEVICE, 77,
	};
	struct first_block b = { .fd = self->dev };
	struct reset r = { .fd = self->dev };
	unsigned int i;

	ASSERT_EQ(0, read_block(&b));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		r.what = others[i];
		EXPECT_EQ(-ECAPMODE, capmode_run(reset, &r))
			TH_LOG("reset %#x", r.what);
		if (r.what == SG_SCSI_RESET_DEVICE)
			continue;
		r.what |= SG_SCSI_RESET_NO_ESCALATE;
		EXPECT_EQ(-ECAPMODE, capmode_run(reset, &r))
			TH_LOG("reset %#x", r.what);
	}
	r.what = 77;
	EXPECT_EQ(-EIO, in_child(reset, &r));
	r.what = SG_SCSI_RESET_NOTHING;
	EXPECT_BOTH(reset, &r);
	/* The command that follows a reset is told of it: there was none yet. */
	EXPECT_EQ(0, read_block(&b));
	r.what = SG_SCSI_RESET_DEVICE | SG_SCSI_RESET_NO_ESCALATE;
	EXPECT_BOTH(reset, &r);
	r.what = SG_SCSI_RESET_DEVICE;
	EXPECT_EQ(0, in_child(reset, &r));
	/* The bus and the host take seconds to settle. */
	r.what = SG_SCSI_RESET_TARGET;
	EXPECT_EQ(0, in_child(reset, &r));
	EXPECT_EQ(-EIO, read_block(&b));
	for (i = 0; i < 8 && read_block(&b); i++)
		;
	EXPECT_EQ(0, read_block(&b));
}

/* What only the host's driver knows may be about any device that it has. */
static int unknown_command(void *arg)
{
	return RET(ioctl(*(int *)arg, 0x5577, NULL));
}

TEST_F(scsi, commands_of_the_host)
{
	EXPECT_EQ(-EINVAL, in_child(unknown_command, &self->dev));
	/* This driver has none of 32 bits. */
	EXPECT_EQ(sizeof(long) == 8 ? -ECAPMODE : -EINVAL,
		  capmode_run(unknown_command, &self->dev));
	EXPECT_EQ(-ENOTTY, capmode_run(unknown_command, &self->part));
}

/* Devices by number or by name: of a host, of a bus, of a driver. */
#define HOSTS	"/proc/scsi/scsi"
#define BUS	"/sys/bus/scsi"
#define DRIVER	BUS "/drivers/sd"

/* Whether the disk is there, for which there is a minute; @name is its name. */
static bool comes(char *name, size_t size)
{
	int i;

	for (i = 0; i < 6000 && !find_disk(name, size); i++)
		usleep(10000);
	return i < 6000;
}

/* What the disk is called on its bus: four numbers. */
static bool address_of(const char *disk, unsigned int *nr)
{
	char path[64], link[256], *last;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/block/%s/device",
		 strrchr(disk, '/') + 1);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	last = strrchr(link, '/');
	return last && sscanf(last, "/%u:%u:%u:%u", &nr[0], &nr[1], &nr[2],
			      &nr[3]) == 4;
}

/* @text is refused, and else makes the disk go, or come when it is not @there. */
static void check_by_name(struct __test_metadata *_metadata, const char *file,
			  const char *text, bool there)
{
	struct opened o = { .text = text };
	char name[32];

	o.fd = open(file, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, o.fd);
	for (o.road = BY_WRITE; o.road <= BY_RING; o.road++) {
		EXPECT_EQ(-ECAPMODE, capmode_run(write_opened, &o)) {
			TH_LOG("%s, road %d: %s", file, o.road, text);
		}
	}
	/* As it was, and the other way round outside. */
	EXPECT_EQ(there, find_disk(name, sizeof(name)));
	o.road = BY_WRITE;
	EXPECT_EQ(0, in_child(write_opened, &o)) {
		TH_LOG("%s: %s", file, text);
	}
	EXPECT_EQ(!there, there ? find_disk(name, sizeof(name)) :
				  comes(name, sizeof(name)));
	close(o.fd);
}

TEST(scsi_by_name)
{
	char disk[32], name[64];
	unsigned int nr[4];

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!find_disk(disk, sizeof(disk)))
		SKIP(return, "no disk of " MODEL);
	ASSERT_TRUE(address_of(disk, nr));
	snprintf(name, sizeof(name), "%u:%u:%u:%u", nr[0], nr[1], nr[2], nr[3]);
	check_by_name(_metadata, DRIVER "/unbind", name, true);
	check_by_name(_metadata, DRIVER "/bind", name, false);
	check_by_name(_metadata, DRIVER "/unbind", name, true);
	check_by_name(_metadata, BUS "/drivers_probe", name, false);
}

TEST(scsi_by_number)
{
	char disk[32], add[64], remove[64];
	unsigned int nr[4];

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!find_disk(disk, sizeof(disk)))
		SKIP(return, "no disk of " MODEL);
	if (access(HOSTS, W_OK))
		SKIP(return, "there is no " HOSTS);
	ASSERT_TRUE(address_of(disk, nr));
	snprintf(remove, sizeof(remove), "scsi remove-single-device %u %u %u %u",
		 nr[0], nr[1], nr[2], nr[3]);
	snprintf(add, sizeof(add), "scsi add-single-device %u %u %u %u",
		 nr[0], nr[1], nr[2], nr[3]);
	check_by_name(_metadata, HOSTS, remove, true);
	check_by_name(_metadata, HOSTS, add, false);
}

TEST_HARNESS_MAIN
