// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups by descriptor: making a process in one, and counting what
 * happens in one, or who is there; what a program of one does for those who are
 * there; perf events that others are put together with.
 */
#include "bpf.h"
#include "cgroup.h"
#include "netlink.h"
#include "ops.h"
#include "sockets.h"

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

struct made_in {
	int cgroup;	/* where to */
	int dir;	/* the group */
};

/* What a child that is made there says of itself. */
static int tell_from_there(void *arg)
{
	const struct made_in *m = arg;
	int two[2], pidfd, n;
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = m->cgroup,
	};
	pid_t child;
	char c;

	STEP(!pipe2(two, O_CLOEXEC));
	child = RET(syscall(__NR_clone3, &args, sizeof(args)));
	if (!child) {
		close(two[1]);
		_exit(read(two[0], &c, 1) ? TELL_UNCLEAR : tell());
	}
	n = members(m->dir);
	close(two[0]);
	close(two[1]);
	STEP(n == (child > 0));
	return child < 0 ? child : wait_fd(pidfd);
}

/* The group was given, and what is made there is in the mode as well. */
TEST_F(cgroup, clone_into_in_capability_mode)
{
	static const uint64_t needed[] = { CAP_LOOKUP, CAP_WRITE, CAP_SEEK };
	struct made_in m = { .dir = self->dir, .cgroup = self->dir };
	size_t i;

	REQUIRE_CAPMODE();
	EXPECT_EQ(TELL_OUTSIDE, in_child(tell_from_there, &m));
	EXPECT_EQ(TELL_INSIDE, capmode_run(tell_from_there, &m));
	m.cgroup = limit_to(self->dir, CAP_LOOKUP, CAP_PWRITE);
	ASSERT_LE(0, m.cgroup);
	EXPECT_EQ(TELL_OUTSIDE, in_child(tell_from_there, &m));
	EXPECT_EQ(TELL_INSIDE, capmode_run(tell_from_there, &m));
	close(m.cgroup);
	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		m.cgroup = limit_all_but(self->dir, needed[i]);
		ASSERT_LE(0, m.cgroup);
		EXPECT_EQ(-ENOTCAPABLE, in_child(tell_from_there, &m));
		EXPECT_EQ(-ENOTCAPABLE, capmode_run(tell_from_there, &m));
		close(m.cgroup);
	}
	EXPECT_EQ(0, members(self->dir));
}

/* ---- what a program does for those who are there ---- */

/* SO_PRIORITY of whatever is listened at: above what others may ask for. */
#define PRIORITY	7

static int load_priority(void)
{
	static const struct bpf_insn insns[] = {
		/* r2 = ctx->op; unless it is that, go to the end */
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1, .off = offsetof(struct bpf_sock_ops,
							op) },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_2,
		  .off = 7, .imm = BPF_SOCK_OPS_TCP_LISTEN_CB },
		/* bpf_setsockopt(ctx, SOL_SOCKET, SO_PRIORITY, &value, 4) */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10,
		  .off = -4, .imm = PRIORITY },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2,
		  .imm = SOL_SOCKET },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3,
		  .imm = SO_PRIORITY },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_4,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_4,
		  .imm = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_5,
		  .imm = 4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_setsockopt },
		/* return 1 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return RET(BPF(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_SOCK_OPS,
		       .insns = PTR(insns), .insn_cnt = ARRAY_SIZE(insns),
		       .license = PTR("GPL")));
}

static int attach_sock_ops(int cmd, int dir, int prog)
{
	return RET(BPF(cmd, .target_fd = dir, .attach_bpf_fd = prog,
		       .attach_type = BPF_CGROUP_SOCK_OPS));
}

static int priority(int fd)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &value, &len) ? -errno :
								       value;
}

static int set_priority(int fd, int value)
{
	return RET(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &value,
			      sizeof(value)));
}

/* Returns what the same takes that the program has done: an errno, or 0. */
static int listen_there(void *arg)
{
	const int fd = *(int *)arg;
	int ret;

	STEP(priority(fd) == 0);
	STEP(!listen(fd, 1));
	STEP(priority(fd) == PRIORITY);
	STEP(!set_priority(fd, 3));
	ret = set_priority(fd, PRIORITY);
	STEP(priority(fd) == (ret ? 3 : PRIORITY));
	return ret;
}

struct listens {
	int dir;
	bool enters;
};

/* A socket is of the group that it was made in. */
static int listen_in_group(void *arg)
{
	const struct listens *l = arg;
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = openat(l->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	STEP(write(fd, "0", 1) == 1);
	close(fd);
	fd = bound_socket(AF_INET, SOCK_STREAM, 0, &ss, &len);
	STEP(fd >= 0);
	return l->enters ? capmode_run(listen_there, &fd) : listen_there(&fd);
}

/* It is the program that sets the option, and not who has it run. */
TEST_F(cgroup, option_set_by_program)
{
	struct listens l = { .dir = self->dir };
	int prog;

	REQUIRE_CAPMODE();
	prog = load_priority();
	if (prog == -ENOSYS || prog == -EINVAL)
		SKIP(return, "no programs of control groups");
	ASSERT_LE(0, prog);
	ASSERT_EQ(0, attach_sock_ops(BPF_PROG_ATTACH, self->dir, prog));
	EXPECT_EQ(0, in_child(listen_in_group, &l));
	l.enters = true;
	EXPECT_EQ(-ECAPMODE, in_child(listen_in_group, &l));
	EXPECT_EQ(0, attach_sock_ops(BPF_PROG_DETACH, self->dir, prog));
	close(prog);
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
