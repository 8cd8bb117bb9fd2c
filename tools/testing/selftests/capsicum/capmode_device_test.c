// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: devices that were given, and what their drivers take that
 * names something else: a thread, a part of a chip that is nobody's, another
 * console.
 */
#include "victims.h"

#include <linux/blkpg.h>
#include <linux/fb.h>
#include <linux/usbdevice_fs.h>
#include <mtd/mtd-user.h>
#include <sound/asound.h>
#include <sys/ioctl.h>

/* ---- a timer that follows another ---- */

struct slave {
	int fd;
	int sclass;
	pid_t master;		/* 0: oneself */
};

static int follow(void *arg)
{
	const struct slave *s = arg;
	struct snd_timer_select select = {
		.id = {
			.dev_class = SNDRV_TIMER_CLASS_SLAVE,
			.dev_sclass = s->sclass,
			.device = s->master ?: getpid(),
		},
	};

	return RET(ioctl(s->fd, SNDRV_TIMER_IOCTL_SELECT, &select));
}

TEST(timer_of_a_thread)
{
	struct slave s = { .sclass = SNDRV_TIMER_SCLASS_APPLICATION };
	pid_t other;

	REQUIRE_CAPMODE();
	s.fd = open("/dev/snd/timer", O_RDWR | O_CLOEXEC);
	if (s.fd < 0)
		SKIP(return, "no /dev/snd/timer");
	EXPECT_BOTH(follow, &s);
	other = victim();
	ASSERT_LT(0, other);
	s.master = other;
	EXPECT_ECAPMODE(follow, &s);
	/* One of a queue, by the number that follows. */
	s.sclass = SNDRV_TIMER_SCLASS_SEQUENCER;
	EXPECT_ECAPMODE(follow, &s);
	s.master = 0;
	EXPECT_EQ(-ECAPMODE, capmode_run(follow, &s));
	close(s.fd);
	bury(other);
}

/* ---- a signal to whoever has opened a device ---- */

#define ROOT_HUB	"/dev/bus/usb/001/001"

/* By a descriptor that somebody else, perhaps, has opened. */
static int ask_for_signal(void *arg)
{
	struct usbdevfs_disconnectsignal ds = { .signr = SIGUSR1 };
	int fd = *(int *)arg;

	return RET(ioctl(fd, USBDEVFS_DISCSIGNAL, &ds));
}

static int ask_for_own_signal(void *arg)
{
	int dir = *(int *)arg;
	int fd = RET(openat(dir, "001/001", O_RDWR | O_CLOEXEC));

	return fd < 0 ? fd : ask_for_signal(&fd);
}

TEST(signal_when_disconnected)
{
	int dir, fd;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	fd = open(ROOT_HUB, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no %s", ROOT_HUB);
	dir = open("/dev/bus/usb", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	EXPECT_ECAPMODE(ask_for_signal, &fd);
	EXPECT_BOTH(ask_for_own_signal, &dir);
	close(fd);
	close(dir);
}

/* ---- what a chip has but once ---- */

#define NAME	"capsicum"

static int mtd_part(int chip, int op, int nr)
{
	struct blkpg_partition p = {
		.pno = nr, .length = 1 << 20, .devname = NAME,
	};
	struct blkpg_ioctl_arg arg = {
		.op = op, .datalen = sizeof(p), .data = &p,
	};

	return RET(ioctl(chip, BLKPG, &arg));
}

/* The number of a partition, or -ENOENT; @name: in quotes, or "" for any. */
static int find_part(const char *name)
{
	FILE *f = fopen("/proc/mtd", "re");
	int n, nr = -ENOENT;
	char line[256], path[64];

	if (!f)
		return -ENODEV;
	while (nr < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "mtd%d:", &n) != 1 || !strstr(line, name))
			continue;
		/* A whole chip is nowhere. */
		snprintf(path, sizeof(path), "/sys/class/mtd/mtd%d/offset", n);
		if (!access(path, F_OK))
			nr = n;
	}
	fclose(f);
	return nr;
}

/* A new partition, and its number, which is that of its own device. */
static int open_part(int chip, int *nr)
{
	char name[32];
	int part, err;

	err = mtd_part(chip, BLKPG_ADD_PARTITION, 0);
	if (err)
		return err;
	*nr = find_part("\"" NAME "\"");
	if (*nr < 0)
		return *nr;
	snprintf(name, sizeof(name), "/dev/mtd%d", *nr);
	part = RET(open(name, O_RDWR | O_CLOEXEC));
	if (part < 0)
		mtd_part(chip, BLKPG_DEL_PARTITION, *nr);
	return part;
}

static bool chip_of_memory(void)
{
	FILE *f = fopen("/sys/class/mtd/mtd0/type", "re");
	char type[16] = "";

	if (!f)
		return false;
	if (!fgets(type, sizeof(type), f))
		*type = 0;
	fclose(f);
	return !strcmp(type, "ram\n");
}

FIXTURE(chip)
{
	int chip;
	int part;
	int nr;
};

FIXTURE_SETUP(chip)
{
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!chip_of_memory())
		SKIP(return, "/dev/mtd0 is not memory");
	if (find_part("") != -ENOENT)
		SKIP(return, "there are partitions");
	self->chip = open("/dev/mtd0", O_RDWR | O_CLOEXEC);
	if (self->chip < 0)
		SKIP(return, "no /dev/mtd0");
	self->part = open_part(self->chip, &self->nr);
	ASSERT_LE(0, self->part);
}

FIXTURE_TEARDOWN(chip)
{
	close(self->part);
	EXPECT_EQ(0, mtd_part(self->chip, BLKPG_DEL_PARTITION, self->nr));
	close(self->chip);
}

struct area {
	int fd;
	unsigned int cmd;
	int mode;
};

static int select_area(void *arg)
{
	const struct area *a = arg;

	if (a->cmd == OTPSELECT)
		return RET(ioctl(a->fd, OTPSELECT, &a->mode));
	return RET(ioctl(a->fd, a->cmd, (unsigned long)a->mode));
}

TEST_F(chip, areas)
{
	static const struct area areas[] = {
		{ .cmd = OTPSELECT, .mode = MTD_OTP_FACTORY },
		{ .cmd = OTPSELECT, .mode = MTD_OTP_USER },
		{ .cmd = MTDFILEMODE, .mode = MTD_FILE_MODE_OTP_FACTORY },
		{ .cmd = MTDFILEMODE, .mode = MTD_FILE_MODE_OTP_USER },
	};
	const struct area normal = {
		.cmd = MTDFILEMODE, .mode = MTD_FILE_MODE_NORMAL,
	};
	struct area a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(areas); i++) {
		a = areas[i];
		a.fd = self->part;
		/* This one has none. */
		EXPECT_EQ(-EOPNOTSUPP, in_child(select_area, &a));
		EXPECT_EQ(-ENOTTY, capmode_run(select_area, &a));
		a.fd = self->chip;
		EXPECT_EQ(-EOPNOTSUPP, in_child(select_area, &a));
		EXPECT_EQ(-EOPNOTSUPP, capmode_run(select_area, &a));
	}
	a = normal;
	a.fd = self->part;
	EXPECT_BOTH(select_area, &a);
}

/* ---- which console is where ---- */

struct map {
	int fd;
	unsigned int cmd;
};

static int ask_map(void *arg)
{
	const struct map *m = arg;
	struct fb_con2fbmap map = { .console = 1 };

	return RET(ioctl(m->fd, m->cmd, &map));
}

TEST(consoles_of_a_frame_buffer)
{
	struct map m = { .cmd = FBIOGET_CON2FBMAP };

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	m.fd = open("/dev/fb0", O_RDWR | O_CLOEXEC);
	if (m.fd < 0)
		SKIP(return, "no frame buffer");
	if (in_child(ask_map, &m) == -EINVAL)
		SKIP(return, "no consoles on frame buffers");
	EXPECT_ECAPMODE(ask_map, &m);
	/* Outside, the console would be moved. */
	m.cmd = FBIOPUT_CON2FBMAP;
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_map, &m));
	close(m.fd);
}

TEST_HARNESS_MAIN
