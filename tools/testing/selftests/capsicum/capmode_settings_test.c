// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: settings of the system. What is written there holds for all,
 * and some say which program the kernel runs for others, or as root: nothing of
 * it is written in capability mode, by whatever descriptor.
 */
#include "cgroup.h"
#include "entries.h"
#include "victims.h"
#include "zram.h"

#include <dirent.h>
#include <sys/mount.h>

#define BINFMT_DIR	"/proc/sys/fs/binfmt_misc"

/* By a directory, in a thread, and by what was opened before, by some roads. */
static void check_refused(struct __test_metadata *_metadata, int dir,
			  const char *name, const char *text, int roads)
{
	struct entry e = { .dir = dir, .name = name, .text = text };
	struct opened o = { .text = text };

	o.fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, o.fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	for (o.road = 0; o.road < roads; o.road++) {
		EXPECT_EQ(-ECAPMODE, capmode_run(write_opened, &o))
			TH_LOG("road %d", o.road);
	}
	close(o.fd);
}

/*
 * check_setting_by() - @text, which is not what there is, can be written outside,
 * by the first of all roads at least, and in capability mode by nobody, neither
 * below a directory nor by a descriptor of the file itself
 *
 * What there was is put back.
 */
static void check_setting_by(struct __test_metadata *_metadata, int dir,
			     const char *name, const char *text, int roads)
{
	struct opened o = { .text = text };
	uint64_t before = says(dir, name);
	char old[256] = "";
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, read(fd, old, sizeof(old) - 1));
	close(fd);
	check_refused(_metadata, dir, name, text, roads);
	EXPECT_EQ(before, says(dir, name));
	o.fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, o.fd);
	for (o.road = 0; o.road < roads; o.road++) {
		EXPECT_EQ(0, in_child(write_opened, &o));
		EXPECT_NE(before, says(dir, name));
		o.text = old;
		EXPECT_EQ(0, in_child(write_opened, &o));
		EXPECT_EQ(before, says(dir, name));
		o.text = text;
	}
	close(o.fd);
}

static void check_setting(struct __test_metadata *_metadata, int dir,
			  const char *name, const char *text)
{
	check_setting_by(_metadata, dir, name, text, ROADS);
}

TEST(sysctl)
{
	int dir;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	dir = open_dir("/proc/sys");
	ASSERT_LE(0, dir);
	check_setting(_metadata, dir, "kernel/core_pattern",
		      "|/no/such/helper");
	check_setting(_metadata, dir, "kernel/poweroff_cmd",
		      "/no/such/helper");
	/* A namespace's: one may be alone there, but it was not given. */
	check_setting(_metadata, dir, "net/ipv4/ip_default_ttl", "63");
	close(dir);
}

static int read_setting(void *arg)
{
	const struct entry *e = arg;
	int fd = RET(openat(e->dir, e->name, O_RDONLY | O_CLOEXEC));
	char text[64];
	int ret;

	if (fd < 0)
		return fd;
	ret = RET(read(fd, text, sizeof(text)));
	close(fd);
	return ret;
}

/* Reading goes on to work. */
TEST(reading)
{
	struct entry e = { .name = "kernel/ostype" };

	REQUIRE_CAPMODE();
	e.dir = open_dir("/proc/sys");
	ASSERT_LE(0, e.dir);
	EXPECT_BOTH(read_setting, &e);
	close(e.dir);
}

/* One of sysfs, which not every kernel has. */
static void check_sysfs(struct __test_metadata *_metadata, const char *path,
			const char *name, const char *text)
{
	int dir;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	dir = open_dir(path);
	if (dir < 0 || faccessat(dir, name, W_OK, 0))
		SKIP(return, "there is no %s/%s", path, name);
	check_setting(_metadata, dir, name, text);
	close(dir);
}

TEST(module_parameter)
{
	check_sysfs(_metadata, "/sys/module/kernel/parameters", "panic", "77");
}

/* What holds for all devices of a bus, of a driver, of a class. */
TEST(bus)
{
	check_sysfs(_metadata, "/sys/bus/platform", "drivers_autoprobe", "0");
}

TEST(driver)
{
	check_sysfs(_metadata, "/sys/bus/pseudo/drivers/scsi_debug", "dsense",
		    "1");
}

TEST(class)
{
	char text[16], dev[32];
	int dir, nr;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	nr = make_zram();
	if (nr < 0)
		SKIP(return, "no devices of memory (%d)", nr);
	snprintf(text, sizeof(text), "%d", nr);
	snprintf(dev, sizeof(dev), "/sys/block/zram%d", nr);
	dir = open_dir(ZRAM);
	check_refused(_metadata, dir, "hot_remove", text, ROADS);
	EXPECT_EQ(0, access(dev, F_OK));
	EXPECT_EQ(0, remove_zram(nr));
	EXPECT_EQ(-1, access(dev, F_OK));
	/* Nor is another one made, which reading this file does. */
	EXPECT_EQ(-ECAPMODE, capmode_run(read_setting, &(struct entry){
		.dir = dir, .name = "hot_add" }));
	EXPECT_EQ(-1, access(dev, F_OK));
	close(dir);
}

/* What has no other roads: a file of /proc that is not a process's. */
TEST(interrupts)
{
	int dir;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	dir = open_dir("/proc/irq");
	if (dir < 0 || faccessat(dir, "default_smp_affinity", W_OK, 0) ||
	    sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "there is one processor for all interrupts");
	check_setting_by(_metadata, dir, "default_smp_affinity", "1",
			 BY_RING + 1);
	close(dir);
}

/* What a file of /proc says of the open file, or of a device, is no setting. */
static int set_trigger(void *arg)
{
	/* Half of a second, in two, for which one need not be root. */
	static const char text[] = "some 500000 2000000";
	int dir = *(int *)arg, fd, ret;

	fd = RET(openat(dir, "memory", O_RDWR | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = RET(write(fd, text, sizeof(text)));
	/* There is one for each open file. */
	STEP(ret != sizeof(text) ||
	     RET(write(fd, text, sizeof(text))) == -EBUSY);
	close(fd);
	return ret;
}

TEST(pressure)
{
	int dir;

	REQUIRE_CAPMODE();
	dir = open_dir("/proc/pressure");
	if (dir < 0)
		SKIP(return, "nobody measures pressure here");
	EXPECT_BOTH(set_trigger, &dir);
	close(dir);
}

/* One byte of a device, which is there for drivers to keep something in. */
static int configure(void *arg)
{
	const off_t interrupt_line = 0x3c;
	int fd = *(int *)arg;
	char line;

	STEP(pread(fd, &line, 1, interrupt_line) == 1);
	return RET(pwrite(fd, &line, 1, interrupt_line));
}

TEST(pci_device)
{
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = open("/proc/bus/pci/00/00.0", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no PCI (%s)", strerror(errno));
	EXPECT_BOTH(configure, &fd);
	close(fd);
}

/* What time goes by: chosen by its name, and taken away. */
TEST(clocks)
{
	static const struct {
		const char *dir, *name;
		int outside;
	} files[] = {
		/* The one that it is already: it stays, but chosen by somebody. */
		{ "clocksource/clocksource0", "current_clocksource", 0 },
		{ "clocksource/clocksource0", "unbind_clocksource", -ENODEV },
		{ "clockevents/clockevent0", "unbind_device", -ENODEV },
	};
	char path[64], current[32] = "";
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct entry e = { .name = files[i].name, .text = "no-such" };

		snprintf(path, sizeof(path), "/sys/devices/system/%s",
			 files[i].dir);
		e.dir = open_dir(path);
		ASSERT_LE(0, e.dir);
		if (!files[i].outside) {
			int fd = openat(e.dir, e.name, O_RDONLY | O_CLOEXEC);

			ASSERT_LT(0, read(fd, current, sizeof(current) - 1));
			close(fd);
			e.text = current;
		}
		check_refused(_metadata, e.dir, e.name, e.text, ROADS);
		EXPECT_EQ(files[i].outside, in_child(write_entry, &e));
		close(e.dir);
	}
}

/* The kernel's own server: where it listens. */
TEST(server_of_nfs)
{
	uint64_t before;
	int dir, err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	/* For a network and mounts of one's own, which go with the test. */
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		SKIP(return, "no namespaces");
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	err = RET(mount("nfsd", "/proc", "nfsd", 0, NULL));
	if (err == -ENODEV)
		SKIP(return, "the kernel has no such server");
	ASSERT_EQ(0, err);
	dir = open_dir("/proc");
	ASSERT_LE(0, dir);
	before = says(dir, "portlist");
	EXPECT_EQ(0, before);
	check_refused(_metadata, dir, "portlist", "tcp 2049", BY_RING + 1);
	EXPECT_EQ(before, says(dir, "portlist"));
	EXPECT_EQ(0, write_text(dir, "portlist", "tcp 2049"));
	EXPECT_NE(before, says(dir, "portlist"));
	EXPECT_LT(0, capmode_run(read_setting, &(struct entry){
		.dir = dir, .name = "portlist" }));
	close(dir);
}

TEST(helper_of_events)
{
	check_sysfs(_metadata, "/sys/kernel", "uevent_helper",
		    "/no/such/helper");
}

TEST(helper_of_machine_checks)
{
	check_sysfs(_metadata, "/sys/devices/system/machinecheck/machinecheck0",
		    "trigger", "/no/such/helper");
}

/* A device by number, from which the next start is to go on. */
TEST(where_to_resume)
{
	char text[16] = "";
	int fd = open("/sys/power/resume", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		EXPECT_LT(0, read(fd, text, sizeof(text) - 1));
	close(fd);
	if (strcmp(text, "0:0\n"))
		SKIP(return, "no hibernation, or a place for it");
	check_sysfs(_metadata, "/sys/power", "resume", "7:200");
}

/*
 * Keys that are typed to the kernel: to signal everybody, to restart, to tell what
 * keys there are. The last does no harm.
 */
TEST(keys_of_the_kernel)
{
	struct entry e = { .name = "sysrq-trigger", .text = "h" };
	struct opened o = { .text = "h" };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir("/proc");
	ASSERT_LE(0, e.dir);
	o.fd = openat(e.dir, e.name, O_WRONLY | O_CLOEXEC);
	if (o.fd < 0)
		SKIP(return, "the kernel has no keys here");
	EXPECT_ECAPMODE(write_entry, &e);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	/* All that it knows. */
	for (o.road = BY_WRITE; o.road <= BY_RING; o.road++)
		EXPECT_ECAPMODE(write_opened, &o);
	close(o.fd);
	close(e.dir);
}

/* ---- programs for files of a kind ---- */

TEST(interpreter)
{
	/* With and without a look-up, now or then. */
	static const char *const flags[] = { "", "C", "F" };
	char text[64];
	struct entry reg = { .name = "register" }, command = {};
	bool mounted = false;
	unsigned int i;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access(BINFMT_DIR "/register", W_OK)) {
		if (mount("none", BINFMT_DIR, "binfmt_misc", 0, NULL))
			SKIP(return, "no binfmt_misc");
		mounted = true;
	}
	reg.dir = open_dir(BINFMT_DIR);
	EXPECT_LE(0, reg.dir);
	command.dir = reg.dir;
	command.name = "capmode-kind";
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		snprintf(text, sizeof(text),
			 ":capmode-kind:M::KIND::/proc/self/exe:%s", flags[i]);
		reg.text = text;
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &reg));
		EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &reg));
		EXPECT_EQ(-1, faccessat(reg.dir, command.name, F_OK, 0));
	}
	EXPECT_EQ(0, in_child(write_entry, &reg));
	EXPECT_EQ(0, faccessat(reg.dir, command.name, F_OK, 0));

	/* One that exists is switched off, for all, and removed. */
	for (i = 0; i < 2; i++) {
		uint64_t before;

		command.text = i ? "1" : "0";
		before = says(command.dir, command.name);
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &command));
		EXPECT_EQ(before, says(command.dir, command.name));
		EXPECT_EQ(0, in_child(write_entry, &command));
		EXPECT_NE(before, says(command.dir, command.name));
	}
	command.text = "-1";
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &command));
	EXPECT_EQ(0, faccessat(reg.dir, command.name, F_OK, 0));
	EXPECT_EQ(0, in_child(write_entry, &command));
	EXPECT_EQ(-1, faccessat(reg.dir, command.name, F_OK, 0));

	command.name = "status";
	command.text = "0";
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &command));
	EXPECT_EQ(0, in_child(write_entry, &command));
	command.text = "1";
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &command));
	EXPECT_EQ(0, in_child(write_entry, &command));
	/* Whatever came of it, nothing stays. */
	write_entry(&command);
	command.name = "capmode-kind";
	command.text = "-1";
	write_entry(&command);
	close(reg.dir);
	if (mounted)
		umount2(BINFMT_DIR, MNT_DETACH);
}

/* ---- control groups ---- */

/* Whether the agent is run, with the name of a group that one may have made. */
TEST(notice_of_release)
{
	struct cgroup_mnt m = {};
	int group, dir;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	group = cgroup_make(&m, "cgroup", "none,name=capsicum-notice");
	if (group >= 0) {
		dir = open_dir(m.path);
		check_setting(_metadata, dir, "notify_on_release", "1");
		close(dir);
	}
	cgroup_remove(&m);
	if (group < 0)
		SKIP(return, "no control groups (%d)", group);
}

/* ---- who there is ---- */

struct listing {
	int dir;
	pid_t other;
};

/* 1 when the other process is among those that /proc lists; oneself has to be. */
static int lists(void *arg)
{
	const struct listing *l = arg;
	bool self = false, other = false;
	struct dirent *d;
	DIR *dir;

	dir = fdopendir(dup(l->dir));
	STEP(!!dir);
	rewinddir(dir);
	while ((d = readdir(dir))) {
		self |= atoi(d->d_name) == getpid();
		other |= atoi(d->d_name) == l->other;
	}
	closedir(dir);
	STEP(self);
	return other;
}

TEST(processes)
{
	struct listing l = {};

	REQUIRE_CAPMODE();
	l.dir = open_dir("/proc");
	ASSERT_LE(0, l.dir);
	l.other = victim();
	ASSERT_LT(0, l.other);
	EXPECT_EQ(1, in_child(lists, &l));
	EXPECT_EQ(0, capmode_run(lists, &l));
	bury(l.other);
	close(l.dir);
}

TEST_HARNESS_MAIN
