// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups by descriptor: making a process in one, and counting what
 * happens in one, or who is there; perf events that others are put together with.
 */
#include "cgroup.h"
#include "netlink.h"
#include "ops.h"

#include <linux/cgroupstats.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/types.h>

#ifndef __NR_clone3
#define __NR_clone3	(CAP_NR_BASE + 435)
#endif

FIXTURE(cgroup)
{
	struct cgroup_mnt mnt;
	int dir;
};

FIXTURE_SETUP(cgroup)
{
	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root mounts");
	self->dir = cgroup_make(&self->mnt, "cgroup2", NULL);
	if (self->dir == -ENODEV || self->dir == -EPERM)
		SKIP(return, "no control groups");
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(cgroup)
{
	cgroup_remove(&self->mnt);
}

/* How many processes are in the cgroup. */
static int members(int dir)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *f = fdopen(fd, "r");
	int n = 0, c;

	if (!f)
		return -1;
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* 0 when a child could be made in @cgroup, and was there. */
static long clone_into(int cgroup, int dir)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup,
	};
	int two[2], n;
	pid_t child;
	char c;

	if (pipe2(two, O_CLOEXEC))
		return -1;
	child = syscall(__NR_clone3, &args, sizeof(args));
	if (child < 0) {
		close(two[0]);
		close(two[1]);
		return -1;
	}
	if (!child) {
		close(two[1]);
		_exit(read(two[0], &c, 1) != 0);
	}
	n = members(dir);
	close(two[0]);
	close(two[1]);
	if (child_ok(child) && n == 1)
		return 0;
	errno = ECHILD;
	return -1;
}

TEST_F(cgroup, clone_into)
{
	OP_NEEDS(self->dir, CAP_LOOKUP | CAP_PWRITE, 0, 0,
		 clone_into(cap, self->dir));
	EXPECT_EQ(0, members(self->dir));
	/* The same without clone3(): it takes the same. */
	OP_NEEDS(self->dir, CAP_LOOKUP | CAP_PWRITE, 0, 0,
		 shut(openat(cap, "cgroup.procs", O_WRONLY | O_CLOEXEC)));
}

/* O_PATH will do, and so will a capability of it. */
TEST_F(cgroup, clone_into_path)
{
	char name[32];
	int dir;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->dir);
	dir = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	OP_NEEDS(dir, CAP_LOOKUP | CAP_PWRITE, 0, 0,
		 clone_into(cap, self->dir));
}

/* Something else is found to be that once the rights are there. */
TEST_F(cgroup, clone_into_something_else)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_LE(0, dir);
	OP_NEEDS(dir, CAP_LOOKUP | CAP_PWRITE, 0, -EBADF,
		 clone_into(cap, self->dir));
}

static int sys_perf_event_open(uint64_t config, pid_t pid, int cpu, int group,
			       unsigned long flags)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = config,
	};

	return syscall(__NR_perf_event_open, &attr, pid, cpu, group, flags);
}

/* Of the root: it counts there before any controller has been asked for. */
TEST_F(cgroup, count)
{
	int dir = open(self->mnt.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	ASSERT_LE(0, dir);
	fd = RET(sys_perf_event_open(PERF_COUNT_SW_CPU_CLOCK, dir, 0, -1,
				     PERF_FLAG_PID_CGROUP));
	if (fd == -ENOSYS || fd == -EINVAL)
		SKIP(return, "no perf events, or none of control groups");
	ASSERT_LE(0, fd);
	close(fd);
	OP_NEEDS(dir, 0, CAP_PERF_EVENT, 0,
		 shut(sys_perf_event_open(PERF_COUNT_SW_CPU_CLOCK, cap, 0, -1,
					  PERF_FLAG_PID_CGROUP)));
}

/* ---- statistics, which a netlink socket tells ---- */

struct stats {
	int sock;
	int family;
};

/* This process is in the group, and runs: it is counted. */
static int op_stats(int fd, void *ctx)
{
	const struct stats *s = ctx;
	struct cgroupstats *c;
	struct netlink_msg m;
	uint32_t nr = fd;
	int err = netlink_ask(s->sock, &m, s->family, CGROUPSTATS_CMD_GET,
			   CGROUPSTATS_CMD_ATTR_FD, &nr, sizeof(nr));

	c = netlink_attr(&m, CGROUPSTATS_TYPE_CGROUP_STATS);
	if (err)
		return c ? -EUCLEAN : err;
	if (!c)
		return -ENODATA;
	return c->nr_running ? 0 : -EIO;
}

FIXTURE(stats)
{
	struct cgroup_mnt mnt;
	struct stats s;
	int dir;	/* the root of a hierarchy */
};

FIXTURE_SETUP(stats)
{
	int err;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root mounts");
	self->s.sock = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				  NETLINK_GENERIC));
	ASSERT_LE(0, self->s.sock);
	self->s.family = netlink_family(self->s.sock, TASKSTATS_GENL_NAME);
	if (self->s.family == -ENOENT)
		SKIP(return, "no statistics");
	ASSERT_LE(0, self->s.family);
	err = cgroup_make(&self->mnt, "cgroup", "none,name=capsicum");
	if (err == -ENODEV || err == -EPERM)
		SKIP(return, "no control groups");
	ASSERT_LE(0, err);
	self->dir = open(self->mnt.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(stats)
{
	cgroup_remove(&self->mnt);
}

TEST_F(stats, of_a_group)
{
	RIGHTS_OP(self->dir, .name = "CGROUPSTATS_CMD_GET", .op = op_stats,
		  .rights = RIGHTS(CAP_FSTAT), .ctx = &self->s);
}

/* What is no descriptor gets no answer; what is no group is told as such. */
TEST_F(stats, of_something_else)
{
	int file = tmp_file(NULL, 1);

	ASSERT_LE(0, file);
	EXPECT_EQ(-ENODATA, op_stats(1000, &self->s));
	RIGHTS_OP(file, .name = "CGROUPSTATS_CMD_GET, a file", .op = op_stats,
		  .rights = RIGHTS(CAP_FSTAT), .want = -EINVAL,
		  .ctx = &self->s);
}

FIXTURE(perf)
{
	int fd;
};

FIXTURE_SETUP(perf)
{
	REQUIRE_CAPSICUM();
	self->fd = RET(sys_perf_event_open(PERF_COUNT_SW_TASK_CLOCK, 0, -1, -1,
					   PERF_FLAG_FD_CLOEXEC));
	if (self->fd == -ENOSYS || self->fd == -EACCES)
		SKIP(return, "no perf events");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(perf)
{
}

TEST_F(perf, leader)
{
	OP_NEEDS(self->fd, CAP_READ, CAP_PERF_EVENT | CAP_IOCTL, 0,
		 shut(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap,
					  PERF_FLAG_FD_CLOEXEC)));
	OP_NEEDS(self->fd, 0, CAP_PERF_EVENT, 0,
		 shut(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap,
					  PERF_FLAG_FD_NO_GROUP |
					  PERF_FLAG_FD_CLOEXEC)));
}

/*
 * What a member can have done to the whole group, each needs to be on the list
 * of the leader, as it has to be there for the leader's own ioctl.
 */
TEST_F(perf, leader_list)
{
	static const unsigned int list[] = {
		PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE,
		PERF_EVENT_IOC_RESET, PERF_EVENT_IOC_PAUSE_OUTPUT,
	};
	struct cap_rights rights;
	unsigned int less[3];
	size_t i, j, n;
	int cap, fd;

	rights_list(&rights, RIGHTS(CAP_PERF_EVENT, CAP_READ, CAP_IOCTL,
				    CAP_MMAP_RW));
	for (i = 0; i < 3; i++) {
		for (j = 0, n = 0; j < ARRAY_SIZE(list); j++) {
			if (j != i)
				less[n++] = list[j];
		}
		cap = limit_sub(self->fd, &rights, 0, n, less);
		ASSERT_LE(0, cap);
		EXPECT_EQ(-ENOTCAPABLE,
			  RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0,
						  -1, cap, 0)))
			TH_LOG("without command %#x", list[i]);
		EXPECT_EQ(-ENOTCAPABLE,
			  RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0,
						  -1, cap, PERF_FLAG_FD_OUTPUT)))
			TH_LOG("without command %#x", list[i]);
		EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, list[i], 0)));
		/* Who does not join cannot do so. */
		fd = RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1,
					     cap, PERF_FLAG_FD_NO_GROUP));
		EXPECT_LE(0, fd);
		close(fd);
		close(cap);
	}
	cap = limit_sub(self->fd, &rights, 0, 3, list);
	ASSERT_LE(0, cap);
	fd = RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap, 0));
	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, RET(ioctl(fd, list[i], PERF_IOC_FLAG_GROUP)));
}

/* A new event is no capability: it is of what the call names, not the leader. */
TEST_F(perf, new_event)
{
	struct limits l;
	int fd;

	fd = RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1,
				     limit_to(self->fd, CAP_PERF_EVENT,
					      CAP_READ, CAP_IOCTL), 0));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, l.nioctls);
}

TEST_F(perf, output)
{
	int second = RET(sys_perf_event_open(PERF_COUNT_SW_TASK_CLOCK, 0, -1,
					     -1, PERF_FLAG_FD_CLOEXEC));
	const unsigned int pause = PERF_EVENT_IOC_PAUSE_OUTPUT;
	const unsigned int other = PERF_EVENT_IOC_ID;
	const size_t len = 2 * sysconf(_SC_PAGESIZE);
	struct cap_rights rights;
	void *p;
	int cap;

	ASSERT_LE(0, second);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	if (p == MAP_FAILED)
		SKIP(return, "no buffer for the event: %s", strerror(errno));
	OP_NEEDS(self->fd, CAP_MMAP_RW, CAP_PERF_EVENT | CAP_IOCTL, 0,
		 ioctl(second, PERF_EVENT_IOC_SET_OUTPUT, cap));
	OP_NEEDS(self->fd, CAP_MMAP_RW, CAP_PERF_EVENT | CAP_IOCTL, 0,
		 shut(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap,
					  PERF_FLAG_FD_NO_GROUP |
					  PERF_FLAG_FD_OUTPUT)));
	OP_NEEDS(self->fd, CAP_MMAP_RW, CAP_PERF_EVENT | CAP_IOCTL, 0,
		 shut(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap,
					  PERF_FLAG_FD_OUTPUT)));
	/* The buffer could be paused by those that write there. */
	rights_list(&rights, RIGHTS(CAP_PERF_EVENT, CAP_IOCTL, CAP_MMAP_RW));
	cap = limit_sub(self->fd, &rights, 0, 1, &other);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(second, PERF_EVENT_IOC_SET_OUTPUT,
					  cap)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(sys_perf_event_open(PERF_COUNT_SW_PAGE_FAULTS, 0, -1, cap,
					  PERF_FLAG_FD_NO_GROUP |
					  PERF_FLAG_FD_OUTPUT)));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, pause, 1)));
	cap = limit_sub(self->fd, &rights, 0, 1, &pause);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, RET(ioctl(second, PERF_EVENT_IOC_SET_OUTPUT, cap)));
	EXPECT_EQ(0, RET(ioctl(second, pause, 1)));
	EXPECT_EQ(0, RET(ioctl(cap, pause, 0)));
	/* The first descriptor needs the command as well. */
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(ioctl(limit_all_but(second, CAP_IOCTL),
			    PERF_EVENT_IOC_SET_OUTPUT, self->fd)));
	EXPECT_EQ(0, RET(ioctl(limit_to(second, CAP_IOCTL),
			       PERF_EVENT_IOC_SET_OUTPUT, self->fd)));
}

/* Software has no such data, which is told to who has the rights. */
TEST_F(perf, aux_data)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_type = PERF_SAMPLE_AUX,
		.aux_sample_size = 8,
	};
	int want;

#define OPEN_AUX(leader)	\
	shut(RET(syscall(__NR_perf_event_open, &attr, 0, -1, leader, 0)))
	want = OPEN_AUX(self->fd);
	EXPECT_GT(0, want);
	OP_NEEDS(self->fd, CAP_MMAP_R, CAP_PERF_EVENT | CAP_IOCTL, want,
		 OPEN_AUX(cap));
	attr.aux_sample_size = 0;
	attr.sample_type = 0;
	attr.aux_output = 1;
	want = OPEN_AUX(self->fd);
	EXPECT_GT(0, want);
	OP_NEEDS(self->fd, CAP_MMAP_RW, CAP_PERF_EVENT | CAP_IOCTL, want,
		 OPEN_AUX(cap));
}

TEST_F(perf, count)
{
	uint64_t n;

	OP_NEEDS(self->fd, CAP_READ, 0, sizeof(n), read(cap, &n, sizeof(n)));
}

TEST_F(perf, something_else)
{
	int file = tmp_file(NULL, 1);

	ASSERT_LE(0, file);
	OP_NEEDS(file, CAP_READ, CAP_PERF_EVENT | CAP_IOCTL, -EBADF,
		 sys_perf_event_open(PERF_COUNT_SW_TASK_CLOCK, 0, -1, cap, 0));
}

TEST_HARNESS_MAIN
