// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: files of the kernel that a process was given, or that lie
 * below a directory that it was given. What is written there can name a process
 * by number, a security context, or be about more than one process.
 */
#include "cgroup.h"
#include "entries.h"
#include "victims.h"

#include <dirent.h>
#include <linux/memfd.h>

#ifndef MADV_HWPOISON
#define MADV_HWPOISON		100
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

/* ---- one's own directory of /proc ---- */

/* In a session of one's own, so that the test's keeps its weight. */
static int weigh_session(void *arg)
{
	bool *enter = arg;
	struct entry e = { .name = "autogroup", .text = "7" };
	uint64_t before;
	int ret;

	STEP(setsid() == getpid());
	e.dir = open_dir("/proc/self");
	STEP(e.dir >= 0);
	before = says(e.dir, e.name);
	if (*enter)
		STEP(!sys_cap_enter(0));
	ret = write_entry(&e);
	STEP((says(e.dir, e.name) == before) == (ret != 0));
	return ret;
}

TEST(autogroup)
{
	bool enter = false;

	REQUIRE_CAPMODE();
	if (access("/proc/self/autogroup", F_OK))
		SKIP(return, "sessions have no weight here");
	EXPECT_EQ(0, in_child(weigh_session, &enter));
	enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(weigh_session, &enter));
}

/* As lsm_set_self_attr(2); what there is outside is the security module's. */
struct context {
	const char *name;
	bool enter;
};

static int name_context(void *arg)
{
	const struct context *c = arg;
	struct entry e = { .name = c->name, .text = "none" };

	e.dir = open_dir("/proc/self");
	STEP(e.dir >= 0);
	if (c->enter)
		STEP(!sys_cap_enter(0));
	return write_entry(&e);
}

TEST(security_context)
{
	static const char *const names[] = {
		"attr/current", "attr/exec", "attr/fscreate",
	};
	unsigned int i;

	REQUIRE_CAPMODE();
	if (access("/proc/self/attr/current", F_OK))
		SKIP(return, "no security contexts here");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct context c = { .name = names[i] };

		EXPECT_ANSWER(in_child(name_context, &c));
		c.enter = true;
		EXPECT_EQ(-ECAPMODE, in_child(name_context, &c));
	}
}

/**
 * struct own - what one writes about oneself
 * @name: The file's.
 * @text: What is written; NULL: nothing.
 * @reads: How the file begins then; NULL: it is not to be read.
 * @want: 0, or the -errno of writing.
 * @flags: For unshare(), before.
 * @enter: Capability mode.
 */
struct own {
	const char *name;
	const char *text;
	const char *reads;
	int want;
	int flags;
	bool enter;
};

static int be_oneself(void *arg)
{
	const struct own *o = arg;
	struct entry e = { .name = o->name, .text = o->text };
	char text[256] = "";
	int fd, ret;

	STEP(!unshare(o->flags));
	e.dir = open_dir("/proc/self");
	STEP(e.dir >= 0);
	if (o->enter)
		STEP(!sys_cap_enter(0));
	ret = o->text ? write_entry(&e) : 0;
	if (ret || !o->reads)
		return ret;
	fd = RET(openat(e.dir, e.name, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	STEP(read(fd, text, sizeof(text) - 1) > 0);
	STEP(!strncmp(text, o->reads, strlen(o->reads)));
	return 0;
}

/* Nothing there is about anybody else. */
TEST(oneself)
{
	static const struct own files[] = {
		{ "coredump_filter", "0x23", "00000023\n" },
		{ "clear_refs", "1" },
		{ "comm", "capsicum", "capsicum\n" },
		{ "loginuid", "4711", "4711" },
		/* Those of the namespace that one is in stay. */
		{ "timens_offsets", "monotonic 77 0", .want = -EACCES },
		{ "timens_offsets", "monotonic 77 0",
		  "monotonic          77         0\n", .flags = CLONE_NEWTIME },
		{ "uid_map", "0 0 1", .want = -EPERM },
		{ "uid_map", "0 0 1", "         0          0          1\n",
		  .flags = CLONE_NEWUSER },
	};
	char path[64], mounts[256] = "";
	struct own o;
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		o = files[i];
		snprintf(path, sizeof(path), "/proc/self/%s", o.name);
		if (access(path, F_OK)) {
			TH_LOG("no %s", path);
			continue;
		}
		EXPECT_EQ(o.want, in_child(be_oneself, &o))
			TH_LOG("%s, %u", o.name, i);
		o.enter = true;
		EXPECT_EQ(o.want, in_child(be_oneself, &o))
			TH_LOG("%s, %u in capability mode", o.name, i);
	}
	fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, mounts, sizeof(mounts) - 1));
	close(fd);
	o = (struct own){ .name = "mountinfo", .reads = mounts, .enter = true };
	EXPECT_EQ(0, in_child(be_oneself, &o));
}

/* ---- control groups ---- */

FIXTURE(group)
{
	struct cgroup_mnt mnt;
	int dir;
	pid_t other;
};

FIXTURE_VARIANT(group)
{
	const char *type;
	const char *options;
	const char *file;
	int own;	/* what oneself gets, who is a whole process */
};

FIXTURE_VARIANT_ADD(group, processes)
{
	.type = "cgroup2",
	.file = "cgroup.procs",
};

/* Of a group that has no threads of its own. */
FIXTURE_VARIANT_ADD(group, threads)
{
	.type = "cgroup2",
	.file = "cgroup.threads",
	.own = -EOPNOTSUPP,
};

FIXTURE_VARIANT_ADD(group, v1_processes)
{
	.type = "cgroup",
	.options = "none,name=capsicum-tasks",
	.file = "cgroup.procs",
};

FIXTURE_VARIANT_ADD(group, v1_threads)
{
	.type = "cgroup",
	.options = "none,name=capsicum-tasks",
	.file = "tasks",
};

FIXTURE_SETUP(group)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->dir = cgroup_make(&self->mnt, variant->type, variant->options);
	if (self->dir == -ENODEV || self->dir == -EPERM)
		SKIP(return, "no control groups, or none for this root");
	ASSERT_LE(0, self->dir);
	self->other = victim();
	ASSERT_LT(0, self->other);
}

FIXTURE_TEARDOWN(group)
{
	if (self->other > 0)
		bury(self->other);
	cgroup_remove(&self->mnt);
}

struct join {
	int fd;
	enum road road;
	char number[16];
};

static int join(void *arg)
{
	const struct join *j = arg;

	return write_by(j->road, j->fd, j->number);
}

/* The file is open from before, and the number comes there in every way. */
TEST_F(group, by_every_road)
{
	uint64_t before = says(self->dir, "cgroup.procs");
	struct join j;

	snprintf(j.number, sizeof(j.number), "%d", self->other);
	j.fd = openat(self->dir, variant->file, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, j.fd);
	for (j.road = 0; j.road < ROADS; j.road++) {
		EXPECT_EQ(-ECAPMODE, capmode_run(join, &j))
			TH_LOG("road %d", j.road);
	}
	EXPECT_EQ(before, says(self->dir, "cgroup.procs"));
	for (j.road = 0; j.road < ROADS; j.road++) {
		EXPECT_EQ(variant->own, in_child(join, &j))
			TH_LOG("road %d", j.road);
	}
	EXPECT_EQ(!variant->own, says(self->dir, "cgroup.procs") != before);
	close(j.fd);
}

TEST_F(group, by_number)
{
	struct entry e = {
		.dir = self->dir, .name = variant->file, .text = "%d",
	};
	uint64_t before = says(self->dir, "cgroup.procs");

	/* Nobody is there. */
	EXPECT_EQ(0, before);
	e.pid = self->other;
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	EXPECT_EQ(before, says(self->dir, "cgroup.procs"));
	EXPECT_EQ(variant->own, in_child(write_entry, &e));
	EXPECT_EQ(!variant->own, says(self->dir, "cgroup.procs") != before);
	e.pid = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	/* Oneself, by both numbers. */
	e.pid = 0;
	EXPECT_EQ(variant->own, in_child(write_entry, &e));
	EXPECT_EQ(variant->own, capmode_run(write_entry, &e));
	e.text = "0";
	EXPECT_EQ(variant->own, in_child(write_entry, &e));
	EXPECT_EQ(variant->own, capmode_run(write_entry, &e));
}

/* What is executed when a group is left empty. */
TEST(release_agent)
{
	struct entry e = {
		.name = "release_agent", .text = "/no/such/agent/%d",
	};
	struct cgroup_mnt m = {};
	uint64_t before;
	int group;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	group = cgroup_make(&m, "cgroup", "none,name=capsicum-agent");
	if (group >= 0) {
		e.dir = open_dir(m.path);
		before = says(e.dir, e.name);
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
		EXPECT_EQ(before, says(e.dir, e.name));
		EXPECT_EQ(0, in_child(write_entry, &e));
		EXPECT_NE(before, says(e.dir, e.name));
		close(e.dir);
	}
	cgroup_remove(&m);
	if (group < 0)
		SKIP(return, "no control groups (%d)", group);
}

/* ---- memory ---- */

/* By number, one's own as well; of a file, by its path; of all. */
TEST(split_pages)
{
	static const char *const texts[] = {
		"%d,0x10000,0x7fffffff000", "/none,0x0,0x1000", "1",
	};
	struct entry e = { .name = "split_huge_pages" };
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir("/sys/kernel/debug");
	if (e.dir < 0 || faccessat(e.dir, e.name, F_OK, 0))
		SKIP(return, "nobody splits pages here");
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		e.text = texts[i];
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
		EXPECT_EQ(i == 1 ? -EINVAL : 0, in_child(write_entry, &e));
	}
	e.text = texts[0];
	e.pid = getpid();
	EXPECT_ECAPMODE(write_entry, &e);
	e.pid = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
}

/* Who is watched, in either interface of DAMON. */
FIXTURE(sysfs)
{
	int dir;
};

static int set_count(int dir, const char *name, const char *count)
{
	struct entry e = { .dir = dir, .name = name, .text = count };

	return write_entry(&e);
}

FIXTURE_SETUP(sysfs)
{
	char count[2] = "";
	int fd;

	self->dir = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->dir = open_dir("/sys/kernel/mm/damon/admin/kdamonds");
	fd = openat(self->dir, "nr_kdamonds", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, count, 1) != 1 || strcmp(count, "0")) {
		close(self->dir);
		self->dir = -1;
		SKIP(return, "no DAMON, or one that somebody uses");
	}
	close(fd);
	ASSERT_EQ(0, set_count(self->dir, "nr_kdamonds", "1"));
	ASSERT_EQ(0, set_count(self->dir, "0/contexts/nr_contexts", "1"));
	ASSERT_EQ(0, set_count(self->dir, "0/contexts/0/targets/nr_targets",
			       "1"));
	ASSERT_EQ(0, set_count(self->dir, "0/contexts/0/schemes/nr_schemes",
			       "1"));
	ASSERT_EQ(0, set_count(self->dir,
			       "0/contexts/0/schemes/0/filters/nr_filters",
			       "1"));
}

FIXTURE_TEARDOWN(sysfs)
{
	if (self->dir < 0)
		return;
	set_count(self->dir, "nr_kdamonds", "0");
	close(self->dir);
}

static void check_entry(struct __test_metadata *_metadata, struct entry *e)
{
	uint64_t before = says(e->dir, e->name);

	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, e));
	EXPECT_EQ(before, says(e->dir, e->name));
	EXPECT_EQ(0, in_child(write_entry, e));
	EXPECT_NE(before, says(e->dir, e->name));
}

TEST_F(sysfs, watched)
{
	struct entry process = {
		.dir = self->dir, .text = "%d", .pid = getpid(),
		.name = "0/contexts/0/targets/0/pid_target",
	};
	struct entry memory_of_all = {
		.dir = self->dir, .text = "paddr",
		.name = "0/contexts/0/operations",
	};
	struct entry group = {
		.dir = self->dir, .text = "/others",
		.name = "0/contexts/0/schemes/0/filters/0/memcg_path",
	};

	check_entry(_metadata, &process);
	check_entry(_metadata, &memory_of_all);
	check_entry(_metadata, &group);
}

TEST(watched_in_debugfs)
{
	struct entry process = { .name = "target_ids", .text = "%d" };
	struct entry all = { .name = "target_ids", .text = "paddr\n" };
	struct entry none = { .name = "target_ids", .text = "\n" };
	char c;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	process.dir = open_dir("/sys/kernel/debug/damon");
	fd = openat(process.dir, process.name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (read(fd, &c, 1) == 1 && c != '\n'))
		SKIP(return, "no DAMON in debugfs, or one that somebody uses");
	close(fd);
	all.dir = process.dir;
	none.dir = process.dir;
	process.pid = getpid();
	check_entry(_metadata, &process);
	EXPECT_ECAPMODE(write_entry, &all);
	EXPECT_EQ(0, write_entry(&none));
}

/* Groups by number, whose memory is looked for or taken away. */
TEST(generations_of_memory)
{
	struct entry e = { .name = "lru_gen", .text = "+ 1 0 0" };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir("/sys/kernel/debug");
	if (e.dir < 0 || faccessat(e.dir, e.name, W_OK, 0))
		SKIP(return, "no generations of memory in debugfs");
	if (in_child(write_entry, &e) == -EINVAL)
		SKIP(return, "no control groups of memory");
	EXPECT_ECAPMODE(write_entry, &e);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	close(e.dir);
}

TEST(shrinker)
{
	struct entry e = { .text = "0 0 0" };
	struct dirent *d;
	char name[300];
	DIR *dir;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	dir = opendir("/sys/kernel/debug/shrinker");
	if (!dir)
		SKIP(return, "no shrinkers in debugfs");
	do {
		d = readdir(dir);
	} while (d && d->d_name[0] == '.');
	ASSERT_TRUE(!!d);
	snprintf(name, sizeof(name), "%s/scan", d->d_name);
	e.dir = dirfd(dir);
	e.name = name;
	EXPECT_ECAPMODE(write_entry, &e);
	closedir(dir);
}

/* What there is by the numbers of pages and processors: of none that exist. */
TEST(pages_by_number)
{
	static const struct {
		const char *dir;
		const char *name;
		const char *text;
		int outside;
	} files[] = {
		{ "/sys/devices/system/memory", "soft_offline_page",
		  "0xfffffffff000", -ENXIO },
		{ "/sys/devices/system/memory", "hard_offline_page",
		  "0xfffffffff000", -ENXIO },
		{ "/sys/kernel/debug/hwpoison", "corrupt-pfn", "0xfffffffff",
		  -ENXIO },
		{ "/sys/kernel/debug/hwpoison", "unpoison-pfn", "0xfffffffff",
		  -EIO },
		{ "/sys/kernel/debug/mce-inject", "bank", "200", -EINVAL },
		{ "/sys/kernel/debug", "kmemleak", "dump=0x1", -EINVAL },
	};
	unsigned int i, found = 0;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct entry e = {
			.dir = open_dir(files[i].dir),
			.name = files[i].name,
			.text = files[i].text,
		};
		int outside;

		if (e.dir < 0 || faccessat(e.dir, e.name, W_OK, 0)) {
			TH_LOG("no %s/%s", files[i].dir, e.name);
			close(e.dir);
			continue;
		}
		found++;
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e))
			TH_LOG("%s", e.name);
		outside = in_child(write_entry, &e);
		/* That of leaks is there when it is switched off, too. */
		if (outside != -EPERM) {
			EXPECT_EQ(files[i].outside, outside)
				TH_LOG("%s", e.name);
		}
		close(e.dir);
	}
	if (!found)
		SKIP(return, "nothing of that kind");
}

/* Not outside: it warns of a number that is none, and keeps one that is. */
TEST(page_with_errors)
{
	struct entry e = { .name = "pfn", .text = "0x77" };
	uint64_t before;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir("/sys/kernel/debug/ras/cec");
	if (e.dir < 0)
		SKIP(return, "no collector of corrected errors");
	before = says(e.dir, e.name);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(before, says(e.dir, e.name));
	close(e.dir);
}

static int tell_of_check(void *arg)
{
	/* Of a processor that there is not. */
	char check[512];

	memset(check, 0xff, sizeof(check));
	return RET(write(*(int *)arg, check, sizeof(check)));
}

TEST(machine_checks)
{
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = open("/dev/mcelog", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no /dev/mcelog, or somebody has it");
	EXPECT_EQ(-EINVAL, in_child(tell_of_check, &fd));
	EXPECT_EQ(-ECAPMODE, capmode_run(tell_of_check, &fd));
	close(fd);
}

/* A page that is said to be broken is lost to all who share it. */
struct page {
	int how;
	char *at;
	bool ring;
};

static int break_page(void *arg)
{
	const struct page *p = arg;
	size_t size = sysconf(_SC_PAGESIZE);
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_MADVISE,
		.addr = (uintptr_t)p->at,
		.len = size,
		.fadvise_advice = p->how,
	};

	return p->ring ? ring_once(&sqe) : RET(madvise(p->at, size, p->how));
}

TEST(broken_page)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct page p = {};
	int fd, outside;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = RET(syscall(__NR_memfd_create, "page", MFD_CLOEXEC));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, size));
	p.at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p.at != MAP_FAILED);
	p.at[0] = 'x';
	/* The content goes to another page. */
	p.how = MADV_SOFT_OFFLINE;
	do {
		outside = in_child(break_page, &p);
	} while (outside == -EBUSY);
	if (outside == -EINVAL || outside == -EOPNOTSUPP)
		SKIP(return, "pages do not break here");
	EXPECT_EQ(0, outside);
	EXPECT_EQ(-ECAPMODE, capmode_run(break_page, &p));
	/* The content is lost; so not outside. */
	p.how = MADV_HWPOISON;
	EXPECT_EQ(-ECAPMODE, capmode_run(break_page, &p));
	EXPECT_EQ('x', p.at[0]);
	/* By a worker. */
	p.ring = true;
	if (have_io_uring()) {
		EXPECT_EQ(-ECAPMODE, capmode_run(break_page, &p));
		p.how = MADV_SOFT_OFFLINE;
		EXPECT_EQ(-ECAPMODE, capmode_run(break_page, &p));
		do {
			outside = in_child(break_page, &p);
		} while (outside == -EBUSY);
		EXPECT_EQ(0, outside);
	}
	EXPECT_EQ('x', p.at[0]);
	munmap(p.at, size);
	close(fd);
}

/* ---- a daemon's device ---- */

/* A directory by its path, which is looked up once all is said. */
static int bind_cache(void *arg)
{
	static const char *const lines[] = { "dir /scratch", "tag capsicum" };
	int fd = *(int *)arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		STEP(write(fd, lines[i], strlen(lines[i])) ==
		     (ssize_t)strlen(lines[i]));
	return RET(write(fd, "bind", 4));
}

TEST(place_of_a_cache)
{
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access("/scratch", W_OK))
		SKIP(return, "nowhere to put a cache");
	fd = open("/dev/cachefiles", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no cachefiles, or somebody has it");
	EXPECT_EQ(-ECAPMODE, capmode_run(bind_cache, &fd));
	close(fd);
	fd = open("/dev/cachefiles", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(4, in_child(bind_cache, &fd));
	close(fd);
	rmdir("/scratch/cache");
	rmdir("/scratch/graveyard");
}

/* Both go by a name in the working directory. */
TEST(cache_of_files)
{
	static const char *const texts[] = { "cull name", "inuse name" };
	struct entry e = { .name = "cachefiles" };
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir("/dev");
	ASSERT_LE(0, e.dir);
	/* For one at a time. */
	fd = openat(e.dir, e.name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no cachefiles, or somebody has it");
	close(fd);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		e.text = texts[i];
		/* There is no cache to be asked about. */
		EXPECT_EQ(-EIO, in_child(write_entry, &e));
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	}
}

TEST_HARNESS_MAIN
