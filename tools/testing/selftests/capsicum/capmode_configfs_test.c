// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: where the kernel is told of files, devices and addresses by
 * a directory that was given, of configfs or sysfs. A path that is written
 * there is looked up for who writes, who has none, or is kept for somebody who
 * has.
 *
 * configfs is expected where it always is, at /sys/kernel/config.
 */
#include "entries.h"
#include "loop.h"
#include "zram.h"

#include <linux/nvme_ioctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/inotify.h>

#define CONFIG		"/sys/kernel/config"

/* Whether a file says @text somewhere. */
static bool names(int dir, const char *name, const char *text)
{
	char buf[1024] = "";
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strstr(buf, text);
}

/* @path is what the text says, and shows in file @shows once it is taken. */
static void check_path(struct __test_metadata *_metadata, struct entry *e,
		       const char *shows, const char *path)
{
	uint64_t before = says(e->dir, shows);
	struct opened o = { .text = e->text };

	o.fd = openat(e->dir, e->name, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, o.fd);
	EXPECT_FALSE(names(e->dir, shows, path));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, e))
		TH_LOG("%s", e->name);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, e))
		TH_LOG("%s", e->name);
	/* There is no way by a pipe. */
	for (o.road = 0; o.road <= BY_AIO; o.road++) {
		EXPECT_EQ(-ECAPMODE, capmode_run(write_opened, &o))
			TH_LOG("%s by road %d", e->name, o.road);
	}
	EXPECT_EQ(before, says(e->dir, shows));
	EXPECT_EQ(0, in_child(write_entry, e))
		TH_LOG("%s", e->name);
	EXPECT_TRUE(names(e->dir, shows, path))
		TH_LOG("%s", e->name);
	for (o.road = 0; o.road <= BY_AIO; o.road++) {
		EXPECT_EQ(0, in_child(write_opened, &o))
			TH_LOG("%s by road %d", e->name, o.road);
	}
	EXPECT_TRUE(names(e->dir, shows, path));
	close(o.fd);
}

/* The name of a new file, which is empty. */
static int make_file(char *file, size_t size)
{
	int fd;

	snprintf(file, size, "%s/capsicum.XXXXXX",
		 access("/scratch", W_OK) ? "/tmp" : "/scratch");
	fd = RET(mkostemp(file, O_CLOEXEC));
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int remove_dirs(int dir, const char *const *names, int n)
{
	int err = 0;

	while (n--) {
		if (unlinkat(dir, names[n], AT_REMOVEDIR))
			err = -errno;
	}
	return err;
}

/* All of them, or none. */
static int make_dirs(int dir, const char *const *names, int n)
{
	int i, err;

	for (i = 0; i < n; i++) {
		if (mkdirat(dir, names[i], 0700)) {
			err = -errno;
			remove_dirs(dir, names, i);
			return err;
		}
	}
	return 0;
}

/* ---- a target of NVMe ---- */

#define NVMET		CONFIG "/nvmet"
#define SUBSYSTEM	"subsystems/capsicum"
#define NAMESPACE	SUBSYSTEM "/namespaces/1"
#define PORT		"ports/77"
#define LINK		PORT "/subsystems/capsicum"

static const char *const target[] = { SUBSYSTEM, NAMESPACE, PORT };

struct link {
	int dir;
	const char *to;
};

static int make_link(void *arg)
{
	const struct link *l = arg;

	return RET(symlinkat(l->to, l->dir, LINK));
}

static int make_target(int dir, const char *file)
{
	struct link l = { .dir = dir, .to = NVMET "/" SUBSYSTEM };
	int err = make_dirs(dir, target, ARRAY_SIZE(target));

	if (err)
		return err;
	err = write_text(dir, SUBSYSTEM "/attr_allow_any_host", "1");
	if (!err)
		err = write_text(dir, NAMESPACE "/device_path", file);
	if (!err)
		err = write_text(dir, PORT "/addr_trtype", "loop");
	/* Whether there is such a transport shows when the port is used. */
	if (!err) {
		err = make_link(&l);
		if (err == -EINVAL)
			err = -EPROTONOSUPPORT;
	}
	if (!err)
		err = RET(unlinkat(dir, LINK, 0));
	if (err)
		remove_dirs(dir, target, ARRAY_SIZE(target));
	return err;
}

/* The directory of all targets, or -errno; @file is behind the one made. */
static int open_target(char *file, size_t size)
{
	int dir = open_dir(NVMET), err;

	if (dir < 0)
		return dir;
	err = make_file(file, size);
	if (!err)
		err = RET(truncate(file, 1 << 20));
	if (!err)
		err = make_target(dir, file);
	if (!err)
		return dir;
	unlink(file);
	close(dir);
	return err;
}

#define NVME	"/sys/class/nvme"

static int drop_controller(int nr)
{
	char name[64];

	snprintf(name, sizeof(name), NVME "/nvme%d/delete_controller", nr);
	return write_text(AT_FDCWD, name, "1");
}

FIXTURE(nvmet)
{
	int dir;
	char file[32];		/* behind its namespace */
	int controller;		/* of a host; -1: none */
};

FIXTURE_SETUP(nvmet)
{
	self->controller = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access(NVMET, F_OK))
		SKIP(return, "no targets of NVMe at " NVMET);
	self->dir = open_target(self->file, sizeof(self->file));
	if (self->dir == -EPROTONOSUPPORT)
		SKIP(return, "no loop transport");
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(nvmet)
{
	if (self->controller >= 0)
		drop_controller(self->controller);
	unlinkat(self->dir, LINK, 0);
	write_text(self->dir, NAMESPACE "/enable", "0");
	EXPECT_EQ(0, remove_dirs(self->dir, target, ARRAY_SIZE(target)));
	unlink(self->file);
	close(self->dir);
}

/* The path is kept, and opened for who enables the namespace. */
TEST_F(nvmet, file)
{
	struct entry e = {
		.dir = self->dir, .name = NAMESPACE "/enable", .text = "1",
	};
	struct entry path = {
		.dir = self->dir, .name = NAMESPACE "/device_path",
		.text = "/no/such/file",
	};
	uint64_t off = says(e.dir, e.name);

	check_path(_metadata, &path, path.name, path.text);
	path.text = self->file;
	check_path(_metadata, &path, path.name, path.text);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	EXPECT_EQ(off, says(e.dir, e.name));
	EXPECT_EQ(0, in_child(write_entry, &e));
	EXPECT_NE(off, says(e.dir, e.name));
	e.text = "0";
	EXPECT_EQ(0, capmode_run(write_entry, &e));
	EXPECT_EQ(off, says(e.dir, e.name));
}

#define PASSTHRU	SUBSYSTEM "/passthru"

/* The same of a controller that takes the place of namespaces. */
TEST_F(nvmet, controller)
{
	struct entry e = {
		.dir = self->dir, .name = PASSTHRU "/enable", .text = "1",
	};
	struct entry path = {
		.dir = self->dir, .name = PASSTHRU "/device_path",
		.text = "/dev/null",
	};
	uint64_t off = says(e.dir, e.name);

	if (faccessat(self->dir, PASSTHRU, F_OK, 0))
		SKIP(return, "no targets that pass to a controller");
	check_path(_metadata, &path, path.name, path.text);
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	/* It is opened, and is no controller. */
	EXPECT_EQ(-EINVAL, in_child(write_entry, &e));
	EXPECT_EQ(off, says(e.dir, e.name));
}

/* A symbolic link of configfs is a path that is looked up when it is made. */
TEST_F(nvmet, link)
{
	struct link l = { .dir = self->dir, .to = NVMET "/" SUBSYSTEM };
	char text[PATH_MAX];

	EXPECT_EQ(-ECAPMODE, capmode_run(make_link, &l));
	EXPECT_EQ(-ENOENT, RET(readlinkat(self->dir, LINK, text,
					  sizeof(text))));
	EXPECT_EQ(0, in_child(make_link, &l));
	EXPECT_LT(0, readlinkat(self->dir, LINK, text, sizeof(text)));
	EXPECT_EQ(0, unlinkat(self->dir, LINK, 0));
	/* One that begins where the process is. */
	ASSERT_EQ(0, fchdir(self->dir));
	l.to = SUBSYSTEM;
	EXPECT_EQ(-ECAPMODE, capmode_run(make_link, &l));
	EXPECT_EQ(0, in_child(make_link, &l));
}

/* ---- a host of it ---- */

/* Returns the number of the new controller, or -errno. */
static int connect_host(void *arg)
{
	static const char text[] = "transport=loop,nqn=capsicum";
	char answer[64] = "";
	int fd = *(int *)arg;
	int nr, ret = RET(write(fd, text, strlen(text)));

	if (ret < 0)
		return ret;
	ret = RET(read(fd, answer, sizeof(answer) - 1));
	if (ret < 0)
		return ret;
	return sscanf(answer, "instance=%d", &nr) == 1 ? nr : -EBADMSG;
}

static int ask_controller(void *arg)
{
	static uint32_t data[1024];
	struct nvme_admin_cmd cmd = {
		.opcode = 0x06,		/* Identify: the controller */
		.addr = (uintptr_t)data,
		.data_len = sizeof(data),
		.cdw10 = 1,
	};

	return RET(ioctl(*(int *)arg, NVME_IOCTL_ADMIN_CMD, &cmd));
}

static int ask_namespace(void *arg)
{
	return RET(ioctl(*(int *)arg, NVME_IOCTL_ID));
}

/* The namespace is found some time after the host is connected. */
static int open_late(const char *name)
{
	int i, fd;

	for (i = 0; i < 3000; i++) {
		fd = RET(open(name, O_RDWR | O_CLOEXEC));
		if (fd != -ENOENT && fd != -ENXIO)
			return fd;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

static int count_entries(const char *name)
{
	DIR *d = opendir(name);
	int n = 0;

	if (!d)
		return -errno;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST_F(nvmet, host)
{
	static const char *const nodes[] = { "/dev/nvme%dn1", "/dev/ng%dn1" };
	struct link l = { .dir = self->dir, .to = NVMET "/" SUBSYSTEM };
	int before = count_entries(NVME), host, fd;
	char name[32];
	unsigned int i;

	host = open("/dev/nvme-fabrics", O_RDWR | O_CLOEXEC);
	if (host < 0)
		SKIP(return, "no NVMe over fabrics");
	ASSERT_LE(0, before);
	ASSERT_EQ(0, write_text(self->dir, NAMESPACE "/enable", "1"));
	ASSERT_EQ(0, make_link(&l));
	EXPECT_EQ(-ECAPMODE, capmode_run(connect_host, &host));
	EXPECT_EQ(before, count_entries(NVME));
	self->controller = connect_host(&host);
	ASSERT_LE(0, self->controller);
	EXPECT_EQ(before + 1, count_entries(NVME));
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		snprintf(name, sizeof(name), nodes[i], self->controller);
		fd = open_late(name);
		ASSERT_LE(0, fd);
		EXPECT_BOTH(ask_namespace, &fd);
		EXPECT_ECAPMODE(ask_controller, &fd);
		close(fd);
	}
	EXPECT_EQ(0, drop_controller(self->controller));
	EXPECT_EQ(before, count_entries(NVME));
	self->controller = -1;
	close(host);
}

/* ---- a device of a SCSI target ---- */

#define SCSI	CONFIG "/target"
#define HBA	SCSI "/core/fileio_77"
#define DEVICE	HBA "/capsicum"

FIXTURE(device)
{
	int dir;
	char file[32];		/* that there is not */
};

FIXTURE_SETUP(device)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access(SCSI, F_OK))
		SKIP(return, "no targets of SCSI at " SCSI);
	/* There is no such backend. */
	if (mkdir(HBA, 0700) && errno == EINVAL)
		SKIP(return, "no devices in files");
	ASSERT_EQ(0, mkdir(DEVICE, 0700));
	self->dir = open_dir(DEVICE);
	ASSERT_LE(0, self->dir);
	ASSERT_EQ(0, make_file(self->file, sizeof(self->file)));
	ASSERT_EQ(0, unlink(self->file));
}

FIXTURE_TEARDOWN(device)
{
	close(self->dir);
	EXPECT_EQ(0, rmdir(DEVICE));
	EXPECT_EQ(0, rmdir(HBA));
	unlink(self->file);
}

/* The file is made, too, for who enables the device. */
TEST_F(device, file)
{
	char text[64];
	struct entry e = {
		.dir = self->dir, .name = "enable", .text = "1",
	};
	struct entry path = {
		.dir = self->dir, .name = "control", .text = text,
	};
	uint64_t off = says(e.dir, e.name);

	snprintf(text, sizeof(text), "fd_dev_name=%s,fd_dev_size=1048576",
		 self->file);
	check_path(_metadata, &path, "info", self->file);
	EXPECT_TRUE(names(self->dir, "info", "Size: 1048576"));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	EXPECT_EQ(off, says(e.dir, e.name));
	EXPECT_EQ(-ENOENT, RET(access(self->file, F_OK)));
	EXPECT_EQ(0, in_child(write_entry, &e));
	EXPECT_NE(off, says(e.dir, e.name));
	EXPECT_EQ(0, access(self->file, F_OK));
}

/* A path for who reads it, and a part of those where the state is kept. */
TEST_F(device, paths)
{
	struct entry path = {
		.dir = self->dir, .name = "udev_path", .text = "/dev/null",
	};
	struct entry serial = {
		.dir = self->dir, .name = "wwn/vpd_unit_serial",
		.text = "../../capsicum",
	};

	check_path(_metadata, &path, path.name, path.text);
	check_path(_metadata, &serial, serial.name, serial.text);
	/* Of what is no path, any text will do. */
	path.name = "alias";
	EXPECT_BOTH(write_entry, &path);
}

/* Where the state of all targets is kept. */
TEST(root_of_targets)
{
	struct entry e = { .name = "dbroot", .text = "/tmp\n" };
	bool own, own_parent;
	char old[64], *slash;
	uint64_t before;
	int fd, n;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	e.dir = open_dir(SCSI);
	if (e.dir < 0)
		SKIP(return, "no targets of SCSI at " SCSI);
	before = says(e.dir, e.name);
	fd = openat(e.dir, e.name, O_RDONLY | O_CLOEXEC);
	n = read(fd, old, sizeof(old) - 1);
	ASSERT_LT(1, n);
	close(fd);
	/* To be put back it has to be there, which it need not be now. */
	old[n - 1] = '\0';
	slash = strrchr(old, '/');
	ASSERT_TRUE(slash && slash > old);
	*slash = '\0';
	own_parent = !mkdir(old, 0755);
	*slash = '/';
	own = !mkdir(old, 0755);
	old[n - 1] = '\n';
	old[n] = '\0';

	check_path(_metadata, &e, e.name, e.text);
	e.text = "tmp\n";
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	e.text = old;
	EXPECT_EQ(0, write_entry(&e));
	EXPECT_EQ(before, says(e.dir, e.name));
	close(e.dir);
	old[n - 1] = '\0';
	if (own)
		EXPECT_EQ(0, rmdir(old));
	*slash = '\0';
	if (own_parent)
		EXPECT_EQ(0, rmdir(old));
}

/* ---- a portal of iSCSI ---- */

#define ISCSI	SCSI "/iscsi"
#define TARGET	ISCSI "/iqn.2024-01.test:capsicum"
#define GROUP	TARGET "/tpgt_1"

static const char *const group[] = { TARGET, GROUP };

static int reach(const struct sockaddr_in *in)
{
	int fd = RET(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int err;

	if (fd < 0)
		return fd;
	err = RET(connect(fd, (void *)in, sizeof(*in)));
	close(fd);
	return err;
}

static bool lo_is_up(void)
{
	int fd = RET(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct ifreq req = { .ifr_name = "lo" };
	int err;

	if (fd < 0)
		return false;
	err = RET(ioctl(fd, SIOCGIFFLAGS, &req));
	close(fd);
	return !err && (req.ifr_flags & IFF_UP);
}

/* An address of this machine where nobody listens. */
static int free_address(struct sockaddr_in *in)
{
	int fd = RET(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	socklen_t len = sizeof(*in);
	int err;

	if (fd < 0)
		return fd;
	*in = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	err = RET(bind(fd, (void *)in, len));
	if (!err)
		err = RET(getsockname(fd, (void *)in, &len));
	close(fd);
	return err;
}

/* The directory of a new target's portals; @own: that of all targets is new. */
static int open_portals(bool *own)
{
	int np;

	*own = !mkdir(ISCSI, 0700);
	if (!*own && errno != EEXIST)
		return -EPROTONOSUPPORT;
	np = make_dirs(AT_FDCWD, group, ARRAY_SIZE(group));
	if (!np) {
		np = open_dir(GROUP "/np");
		if (np >= 0)
			return np;
		remove_dirs(AT_FDCWD, group, ARRAY_SIZE(group));
	}
	if (*own)
		rmdir(ISCSI);
	return np;
}

FIXTURE(portal)
{
	int np;
	bool own;
	struct sockaddr_in in;
	char name[32];		/* of the portal at that address */
};

FIXTURE_SETUP(portal)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!lo_is_up())
		SKIP(return, "lo is down");
	ASSERT_EQ(0, free_address(&self->in));
	snprintf(self->name, sizeof(self->name), "127.0.0.1:%d",
		 ntohs(self->in.sin_port));
	self->np = open_portals(&self->own);
	if (self->np == -EPROTONOSUPPORT)
		SKIP(return, "no iSCSI");
	ASSERT_LE(0, self->np);
}

FIXTURE_TEARDOWN(portal)
{
	unlinkat(self->np, self->name, AT_REMOVEDIR);
	close(self->np);
	EXPECT_EQ(0, remove_dirs(AT_FDCWD, group, ARRAY_SIZE(group)));
	if (self->own)
		EXPECT_EQ(0, rmdir(ISCSI));
}

static int make_dir(void *arg)
{
	const struct entry *e = arg;

	return RET(mkdirat(e->dir, e->name, 0700));
}

/* The kernel listens at the address that is the name of the directory. */
TEST_F(portal, address)
{
	struct entry e = { .dir = self->np, .name = self->name };

	EXPECT_EQ(-ECAPMODE, capmode_run(make_dir, &e));
	EXPECT_EQ(-ECONNREFUSED, reach(&self->in));
	EXPECT_EQ(0, in_child(make_dir, &e));
	EXPECT_EQ(0, reach(&self->in));
	EXPECT_EQ(0, unlinkat(e.dir, e.name, AT_REMOVEDIR));
	EXPECT_EQ(-ECONNREFUSED, reach(&self->in));
}

/* ... and by another driver, at the address of a portal that is there. */
TEST_F(portal, other_driver)
{
	static const struct {
		const char *name, *module;
	} drivers[] = {
		{ "iser", "/sys/module/ib_isert" },
		{ "cxgbit", "/sys/module/cxgbit" },
	};
	char name[64];
	struct entry e = { .dir = self->np, .name = name };
	unsigned int i;
	uint64_t off;
	int ret;

	ASSERT_EQ(0, mkdirat(self->np, self->name, 0700));
	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		snprintf(name, sizeof(name), "%s/%s", self->name,
			 drivers[i].name);
		off = says(e.dir, name);
		e.text = "1";
		EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
		EXPECT_EQ(off, says(e.dir, name));
		ret = in_child(write_entry, &e);
		/* Seldom is there such a driver. */
		if (access(drivers[i].module, F_OK))
			EXPECT_EQ(-EINVAL, ret);
		e.text = "0";
		EXPECT_ECAPMODE(write_entry, &e);
		EXPECT_EQ(off, says(e.dir, name));
	}
}

/* ---- a disk that this machine is to others ---- */

#define GADGETS	CONFIG "/usb_gadget"
#define GADGET	GADGETS "/capsicum"
#define STORAGE	GADGET "/functions/mass_storage.0"

static const char *const gadget[] = { GADGET, STORAGE };

FIXTURE(mass_storage)
{
	int unit;
	char file[32];		/* behind it */
};

FIXTURE_SETUP(mass_storage)
{
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access(GADGETS, F_OK))
		SKIP(return, "no USB gadgets at " GADGETS);
	err = make_dirs(AT_FDCWD, gadget, ARRAY_SIZE(gadget));
	if (err == -ENOENT)
		SKIP(return, "no mass storage");
	ASSERT_EQ(0, err);
	self->unit = open_dir(STORAGE "/lun.0");
	ASSERT_LE(0, self->unit);
	ASSERT_EQ(0, make_file(self->file, sizeof(self->file)));
	ASSERT_EQ(0, truncate(self->file, 1 << 20));
}

FIXTURE_TEARDOWN(mass_storage)
{
	close(self->unit);
	EXPECT_EQ(0, remove_dirs(AT_FDCWD, gadget, ARRAY_SIZE(gadget)));
	EXPECT_EQ(0, unlink(self->file));
}

/* Opened at once. */
TEST_F(mass_storage, file)
{
	struct entry e = {
		.dir = self->unit, .name = "file", .text = self->file,
	};

	EXPECT_EQ(0, says(e.dir, e.name));
	check_path(_metadata, &e, e.name, e.text);
	/* It is taken out without a path, and put back with one. */
	e.text = "\n";
	EXPECT_EQ(0, capmode_run(write_entry, &e));
	EXPECT_EQ(0, says(e.dir, e.name));
	/* One that begins where the process is. */
	ASSERT_EQ(0, chdir("/"));
	e.text = self->file + 1;
	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(0, says(e.dir, e.name));
	EXPECT_EQ(0, in_child(write_entry, &e));
	EXPECT_TRUE(names(e.dir, e.name, self->file));
}

/* ---- what is behind a device of memory ---- */

/* A device of blocks, by its name too, that is gone when nobody has it open. */
static int open_loop(char *name, size_t size)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int dev, err = free_loop(name, size);

	if (err)
		return err;
	config.fd = tmp_file(NULL, 1);
	if (config.fd < 0)
		return config.fd;
	err = RET(ftruncate(config.fd, 1 << 20));
	dev = err ?: RET(open(name, O_RDWR | O_CLOEXEC));
	if (dev >= 0) {
		err = RET(ioctl(dev, LOOP_CONFIGURE, &config));
		if (err) {
			close(dev);
			dev = err;
		}
	}
	close(config.fd);
	return dev;
}

/* The directory of a new one, or -errno. */
static int open_zram(int *nr)
{
	char path[64];
	int dir;

	*nr = make_zram();
	if (*nr < 0)
		return *nr;
	snprintf(path, sizeof(path), "/sys/block/zram%d", *nr);
	dir = open_dir(path);
	if (dir >= 0 && faccessat(dir, "backing_dev", W_OK, 0)) {
		close(dir);
		dir = -EOPNOTSUPP;
	}
	if (dir < 0)
		remove_zram(*nr);
	return dir;
}

FIXTURE(zram)
{
	int dir;
	int nr;
	int loop;
	char name[32];		/* of the loop device */
};

FIXTURE_SETUP(zram)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (access(ZRAM "/hot_add", F_OK))
		SKIP(return, "no zram");
	if (access("/dev/loop-control", F_OK))
		SKIP(return, "no loop devices");
	self->loop = open_loop(self->name, sizeof(self->name));
	ASSERT_LE(0, self->loop);
	self->dir = open_zram(&self->nr);
	if (self->dir == -EOPNOTSUPP)
		SKIP(return, "no zram that writes to a device");
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(zram)
{
	close(self->dir);
	EXPECT_EQ(0, remove_zram(self->nr));
	close(self->loop);
}

TEST_F(zram, backing_device)
{
	struct entry e = {
		.dir = self->dir, .name = "backing_dev", .text = self->name,
	};
	uint64_t none = says(e.dir, e.name);

	EXPECT_EQ(-ECAPMODE, capmode_run(write_entry, &e));
	EXPECT_EQ(-ECAPMODE, capmode_run(write_in_thread, &e));
	EXPECT_EQ(none, says(e.dir, e.name));
	EXPECT_EQ(0, in_child(write_entry, &e));
	EXPECT_NE(none, says(e.dir, e.name));
}

/* Whether somebody has opened what is watched, since it was asked last. */
static bool was_opened(int watch)
{
	char events[4096];

	return read(watch, events, sizeof(events)) > 0;
}

/* A file that is read at once. The driver has one error for all. */
TEST_F(zram, dictionary)
{
	struct entry e = { .dir = self->dir, .name = "algorithm_params" };
	char file[32], text[64];
	int watch;

	if (faccessat(self->dir, e.name, W_OK, 0))
		SKIP(return, "no zram that has parameters");
	ASSERT_EQ(0, make_file(file, sizeof(file)));
	ASSERT_EQ(0, write_text(AT_FDCWD, file, "words, words, words"));
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ASSERT_LE(0, watch);
	ASSERT_LE(0, inotify_add_watch(watch, file, IN_OPEN));
	snprintf(text, sizeof(text), "level=3 dict=%s", file);
	e.text = text;
	EXPECT_EQ(-EINVAL, capmode_run(write_entry, &e));
	EXPECT_EQ(-EINVAL, capmode_run(write_in_thread, &e));
	EXPECT_FALSE(was_opened(watch));
	EXPECT_EQ(0, in_child(write_entry, &e));
	EXPECT_TRUE(was_opened(watch));
	/* Without a path. */
	e.text = "level=3";
	EXPECT_BOTH(write_entry, &e);
	close(watch);
	EXPECT_EQ(0, unlink(file));
}

/* ---- what a driver loads into its device ---- */

#define TEST_DEVICE	"/sys/devices/virtual/misc/test_firmware"
#define FIRMWARE	"/lib/firmware"

static const char *const firmware[] = { "/lib", FIRMWARE };

/* What is given to the one device there is for tests. */
static const char code[] = "instructions of capsicum";

FIXTURE(firmware)
{
	int fd;			/* takes the name */
	int device;
	bool own[ARRAY_SIZE(firmware)];
	char file[64];
	const char *name;	/* of the file, for the kernel */
};

FIXTURE_VARIANT(firmware)
{
	const char *attribute;
	int missing;
};

FIXTURE_VARIANT_ADD(firmware, request)
{
	.attribute = TEST_DEVICE "/trigger_request",
	.missing = -ENOENT,
};

/* Looked for by a worker, which is in no mode. */
FIXTURE_VARIANT_ADD(firmware, async_request)
{
	.attribute = TEST_DEVICE "/trigger_async_request",
	.missing = -ENOMEM,
};

FIXTURE_SETUP(firmware)
{
	unsigned int i;
	int fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->fd = RET(open(variant->attribute, O_WRONLY | O_CLOEXEC));
	if (self->fd == -ENOENT)
		SKIP(return, "no device that loads what it is told");
	ASSERT_LE(0, self->fd);
	self->device = open("/dev/test_firmware", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->device);
	for (i = 0; i < ARRAY_SIZE(firmware); i++)
		self->own[i] = !mkdir(firmware[i], 0755);
	snprintf(self->file, sizeof(self->file), "%s/capsicum.XXXXXX",
		 FIRMWARE);
	fd = mkostemp(self->file, O_CLOEXEC);
	ASSERT_LE(0, fd);
	self->name = self->file + strlen(FIRMWARE "/");
	/* Not read while somebody may write there. */
	EXPECT_EQ(strlen(code), write(fd, code, strlen(code)));
	close(fd);
}

FIXTURE_TEARDOWN(firmware)
{
	int i = ARRAY_SIZE(firmware);

	EXPECT_EQ(0, unlink(self->file));
	/* The device gives up what it has, whatever comes of it. */
	EXPECT_EQ(variant->missing, write_by(BY_WRITE, self->fd, self->name));
	while (i--) {
		if (self->own[i])
			EXPECT_EQ(0, rmdir(firmware[i]));
	}
	close(self->device);
	close(self->fd);
}

/* What the device has: the length, when it is @code, or -errno. */
static int loaded(int device)
{
	char text[sizeof(code)];
	int n = RET(pread(device, text, sizeof(text), 0));

	if (n > 0 && (n != strlen(code) || memcmp(text, code, n)))
		return -EBADMSG;
	return n;
}

/* The file is looked for below /lib/firmware of the machine. */
TEST_F(firmware, file)
{
	struct opened o = { .fd = self->fd, .text = self->name };
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	ASSERT_LE(0, watch);
	ASSERT_LE(0, inotify_add_watch(watch, self->file, IN_OPEN));
	for (o.road = 0; o.road < ROADS; o.road++) {
		/* The device gives up what it has, and gets nothing new. */
		EXPECT_EQ(-ECAPMODE, capmode_run(write_opened, &o))
			TH_LOG("road %d", o.road);
		EXPECT_FALSE(was_opened(watch));
		EXPECT_EQ(0, loaded(self->device));
		EXPECT_EQ(0, in_child(write_opened, &o))
			TH_LOG("road %d", o.road);
		EXPECT_TRUE(was_opened(watch));
		EXPECT_EQ(strlen(code), loaded(self->device));
	}
	EXPECT_EQ(strlen(o.text), pwrite(o.fd, o.text, strlen(o.text), 0));
	/* One that there is not. */
	o.road = BY_WRITE;
	o.text = "capsicum.none";
	EXPECT_EQ(-ECAPMODE, capmode_run(write_opened, &o));
	EXPECT_EQ(variant->missing, in_child(write_opened, &o));
	close(watch);
}

TEST_HARNESS_MAIN
