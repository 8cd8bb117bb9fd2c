// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: a virtual console or a serial port that a process was given
 * is what it has. The other consoles, by number or by an escape sequence, and
 * what all of them share, are not.
 */
#include "sweep.h"
#include "uring.h"
#include "victims.h"

#include <linux/kd.h>
#include <linux/serial.h>
#include <linux/tiocl.h>
#include <linux/vt.h>
#include <sys/ioctl.h>
#include <termios.h>

#ifndef TIOCM_LOOP
#define TIOCM_LOOP	0x8000
#endif

/* Consoles that nobody is at: the one that is given, and others. */
#define GIVEN	60
#define OTHER	61
#define UNUSED	62

#define STRING(n)	#n
#define STRING_OF(n)	STRING(n)
#define TTY(n)		"/dev/tty" STRING_OF(n)

FIXTURE(console)
{
	int fd;
	int other;
	/*
	 * The one that is in front, before and after. It is open all the time:
	 * one that is closed is said to be in use until a worker has seen to it.
	 */
	int current;
	int front;
	int blanking;
};

/* The console that is in front, or -errno. */
static int in_front(int fd)
{
	struct vt_stat st;

	return ioctl(fd, VT_GETSTATE, &st) ? -errno : st.v_active;
}

static int to_front(int fd, int nr)
{
	if (ioctl(fd, VT_ACTIVATE, nr) || ioctl(fd, VT_WAITACTIVE, nr))
		return -errno;
	return 0;
}

/* After how many seconds the screens go blank, or -errno. */
static int blanking(void)
{
	char buf[16] = "";
	int fd = open("/sys/module/kernel/parameters/consoleblank",
		      O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0 ? -errno :
								 atoi(buf);

	close(fd);
	return ret;
}

/* Of text, and switched by the kernel: others would have to agree. */
static bool plain(int fd)
{
	struct vt_mode mode;
	int kind;

	return !ioctl(fd, KDGETMODE, &kind) && kind == KD_TEXT &&
	       !ioctl(fd, VT_GETMODE, &mode) && mode.mode == VT_AUTO;
}

/**
 * struct command - an ioctl of a console
 * @fd: The console.
 * @cmd: The command.
 * @number: Its argument, or how @data begins.
 * @data: @number is not the argument, but the first byte at a pointer to more.
 */
struct command {
	int fd;
	unsigned int cmd;
	unsigned int number;
	bool data;
};

/*
 * Gives one up that is there and that nobody has open. Who closed it last may
 * have done so a moment ago.
 */
static int disallocate(void *arg)
{
	const struct command *c = arg;
	int i, ret;

	for (i = 0; i < 1000; i++) {
		ret = RET(ioctl(c->fd, VT_DISALLOCATE,
				(unsigned long)c->number));
		if (ret != -EBUSY)
			break;
		usleep(10000);
	}
	return ret;
}

FIXTURE_SETUP(console)
{
	self->fd = -1;
	self->other = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->current = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (self->current < 0)
		SKIP(return, "no virtual consoles here");
	if (!plain(self->current)) {
		close(self->current);
		SKIP(return, "somebody works at a console");
	}
	self->front = in_front(self->current);
	self->blanking = blanking();
	self->fd = open(TTY(GIVEN), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->other = open(TTY(OTHER), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(console)
{
	if (self->other < 0)
		return;
	ioctl(self->fd, VT_UNLOCKSWITCH);
	to_front(self->fd, self->front);
	if (self->blanking >= 0)
		dprintf(self->fd, "\33[9;%d]", self->blanking / 60);
	close(self->other);
	close(self->fd);
	disallocate(&(struct command){ .fd = self->current, .number = OTHER });
	disallocate(&(struct command){ .fd = self->current, .number = GIVEN });
	close(self->current);
}

static int command(void *arg)
{
	const struct command *c = arg;
	union {
		unsigned char first;
		uint64_t all[64];
	} u = { .all = { 0 } };

	u.first = c->number;
	if (c->data)
		return RET(ioctl(c->fd, c->cmd, &u));
	return RET(ioctl(c->fd, c->cmd, (unsigned long)c->number));
}

static int command_in_thread(void *arg)
{
	return in_thread(command, arg);
}

static int keyboard_entry(void *arg)
{
	struct kbentry e = { .kb_table = 0, .kb_index = 30 };
	int fd = *(int *)arg;

	STEP(!ioctl(fd, KDGKBENT, &e));
	return RET(ioctl(fd, KDSKBENT, &e));
}

static int keyboard_string(void *arg)
{
	struct kbsentry e = { .kb_func = 0 };
	int fd = *(int *)arg;

	STEP(!ioctl(fd, KDGKBSENT, &e));
	return RET(ioctl(fd, KDSKBSENT, &e));
}

static int keyboard_accents(void *arg)
{
	static struct kbdiacrs d;
	int fd = *(int *)arg;

	STEP(!ioctl(fd, KDGKBDIACR, &d));
	return RET(ioctl(fd, KDSKBDIACR, &d));
}

static int colours(void *arg)
{
	unsigned char map[48];
	int fd = *(int *)arg;

	STEP(!ioctl(fd, GIO_CMAP, map));
	return RET(ioctl(fd, PIO_CMAP, map));
}

/* A pointer within: the 32-bit ABI has a road of its own to it. */
static int unicode_map(void *arg)
{
	struct unipair pair[1024];
	struct unimapdesc d = { .entry_ct = ARRAY_SIZE(pair), .entries = pair };
	int fd = *(int *)arg;

	STEP(!ioctl(fd, GIO_UNIMAP, &d));
	return RET(ioctl(fd, PIO_UNIMAP, &d));
}

static int resize(void *arg)
{
	int fd = *(int *)arg;
	struct winsize w;
	struct vt_sizes v;

	STEP(!ioctl(fd, TIOCGWINSZ, &w));
	v = (struct vt_sizes){ .v_rows = w.ws_row, .v_cols = w.ws_col };
	return RET(ioctl(fd, VT_RESIZE, &v));
}

static int resize_more(void *arg)
{
	int fd = *(int *)arg;
	struct winsize w;
	struct vt_consize v;

	STEP(!ioctl(fd, TIOCGWINSZ, &w));
	v = (struct vt_consize){ .v_rows = w.ws_row, .v_cols = w.ws_col };
	return RET(ioctl(fd, VT_RESIZEX, &v));
}

TEST_F(console, others)
{
	static const struct command refused[] = {
		{ .cmd = VT_GETSTATE, .data = true },
		{ .cmd = VT_OPENQRY, .data = true },
		{ .cmd = VT_LOCKSWITCH },
		{ .cmd = VT_UNLOCKSWITCH },
		{ .cmd = KDSETLED, .number = 0xff },
		{ .cmd = KDMKTONE },
		{ .cmd = KIOCSOUND },
		{ .cmd = KDKBDREP, .data = true },
		{ .cmd = TIOCLINUX, .data = true,
		  .number = TIOCL_GETSHIFTSTATE },
		{ .cmd = TIOCLINUX, .data = true, .number = TIOCL_GETFGCONSOLE },
		{ .cmd = TIOCLINUX, .data = true,
		  .number = TIOCL_UNBLANKSCREEN },
		/* The map of this console only, which goes with it. */
		{ .cmd = PIO_UNIMAPCLR, .data = true },
	};
	/* Not every console has fonts, nor every kernel ports to give. */
	static const struct command here_or_not[] = {
		{ .cmd = KDFONTOP, .data = true,
		  .number = KD_FONT_OP_SET_DEFAULT },
		{ .cmd = KDADDIO, .number = 0x3b4 },
	};
	/* Without its other side: that would leave a dead process to be told. */
	struct command accept_signal = {
		.fd = self->fd, .cmd = KDSIGACCEPT, .number = SIGUSR1,
	};
	static int (*const more[])(void *arg) = {
		keyboard_entry, keyboard_string, keyboard_accents, colours,
		unicode_map, resize, resize_more,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		TH_LOG("the %u. that sets what it has got", i + 1);
		EXPECT_ECAPMODE(more[i], &self->fd);
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct command c = refused[i];

		c.fd = self->fd;
		EXPECT_EQ(-ECAPMODE, capmode_run(command, &c))
			TH_LOG("command %#x", c.cmd);
		EXPECT_EQ(-ECAPMODE, capmode_run(command_in_thread, &c))
			TH_LOG("command %#x", c.cmd);
		EXPECT_LE(0, in_child(command, &c))
			TH_LOG("command %#x", c.cmd);
	}
	for (i = 0; i < ARRAY_SIZE(here_or_not); i++) {
		struct command c = here_or_not[i];

		c.fd = self->fd;
		EXPECT_ANSWER(in_child(command, &c));
		EXPECT_EQ(-ECAPMODE, capmode_run(command, &c))
			TH_LOG("command %#x", c.cmd);
	}
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &accept_signal));
	/* One that nobody has open, but that is there. */
	close(open(TTY(UNUSED), O_RDWR | O_NOCTTY | O_CLOEXEC));
	EXPECT_ECAPMODE(disallocate, (&(struct command){
		.fd = self->fd, .number = UNUSED }));
}

TEST_F(console, to_front)
{
	struct command activate = {
		.fd = self->fd, .cmd = VT_ACTIVATE, .number = OTHER,
	};
	struct command wait = activate;

	wait.cmd = VT_WAITACTIVE;
	ASSERT_EQ(0, to_front(self->fd, GIVEN));
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &activate));
	wait.number = GIVEN;
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &wait));
	EXPECT_EQ(GIVEN, in_front(self->fd));
	EXPECT_EQ(0, in_child(command, &activate));
	wait.number = OTHER;
	EXPECT_EQ(0, in_child(command, &wait));
	EXPECT_EQ(OTHER, in_front(self->fd));
	/* One that is not there is not to be told from one that is. */
	activate.number = 99;
	EXPECT_EQ(-ENXIO, in_child(command, &activate));
	EXPECT_EQ(-ECAPMODE, capmode_run(command, &activate));
}

/* What works on both sides. */
static void check_allowed(struct __test_metadata *_metadata, int fd,
			  const struct command *allowed, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct command c = allowed[i];

		c.fd = fd;
		EXPECT_BOTH(command, &c);
	}
}

TEST_F(console, own)
{
	static const struct command allowed[] = {
		{ .cmd = KDGETMODE, .data = true },
		{ .cmd = KDGKBMODE, .data = true },
		{ .cmd = KDGKBMETA, .data = true },
		{ .cmd = KDGKBLED, .data = true },
		{ .cmd = KDGKBTYPE, .data = true },
		{ .cmd = KDSETMODE, .number = KD_TEXT },
		{ .cmd = VT_GETMODE, .data = true },
		{ .cmd = GIO_CMAP, .data = true },
		{ .cmd = TCGETS, .data = true },
		{ .cmd = TIOCGWINSZ, .data = true },
	};

	check_allowed(_metadata, self->fd, allowed, ARRAY_SIZE(allowed));
}

/* All of the console's that is known to be about it. */
static const struct known {
	unsigned int cmd;
	int want;
	bool number;		/* the argument itself, and no pointer to it */
	unsigned int get;	/* the command that tells what to set again */
	unsigned int first;	/* else, how the argument begins */
} known[] = {
	{ KDGKBTYPE },
	{ KDGETMODE },
	{ KDSETMODE, .number = true, .get = KDGETMODE },
	{ KDGKBMODE },
	{ KDSKBMODE, .number = true, .get = KDGKBMODE },
	{ KDGKBMETA },
	{ KDSKBMETA, .number = true, .get = KDGKBMETA },
	{ KDGKBLED },
	{ KDSKBLED, .number = true, .get = KDGKBLED },
	{ KDGETLED },
	{ KDGKBENT },
	{ KDGKBSENT },
	{ KDGKBDIACR },
	{ KDGKBDIACRUC },
	{ KDGETKEYCODE, .first = 1 },
	{ GIO_CMAP },
	{ GIO_UNIMAP },
	{ VT_GETMODE },
	{ VT_SETMODE, .get = VT_GETMODE },
	/* Nobody has asked to be told of a switch, so there is no answer. */
	{ VT_RELDISP, .want = -EINVAL, .number = true },
	{ VT_GETHIFONTMASK },
};

static bool is_known(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].cmd == cmd)
			return true;
	}
	return false;
}

struct known_op {
	int fd;
	const struct known *k;
};

/* The negative errno, or a digest of what was told. */
static int try_known(void *arg)
{
	const struct known_op *op = arg;
	const struct known *k = op->k;
	static struct unipair pairs[1024];
	static union {
		unsigned char byte;
		unsigned int i;
		struct unimapdesc map;
		struct kbdiacrs accents;
		struct kbdiacrsuc more_accents;
		uint64_t all[1024];
	} room;
	uint64_t h = 0;
	unsigned int i;
	int ret;

	if (k->get)
		STEP(!ioctl(op->fd, k->get, &room));
	else
		room.i = k->first;
	if (k->cmd == GIO_UNIMAP) {
		room.map.entry_ct = ARRAY_SIZE(pairs);
		room.map.entries = pairs;
	}
	if (k->number)
		return RET(ioctl(op->fd, k->cmd, (unsigned long)
				 (k->get == KDGKBLED ? room.byte : room.i)));
	ret = RET(ioctl(op->fd, k->cmd, &room));
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(room.all); i++)
		MIX(h, room.all[i]);
	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		MIX(h, pairs[i].unicode ^ pairs[i].fontpos << 16);
	return h & INT_MAX;
}

/* What a command could have changed, of this console and of all. */
static uint64_t console_state(int fd)
{
	static const unsigned int get[] = {
		KDGETMODE, KDGKBMODE, KDGKBMETA, KDGKBLED, KDGETLED, KDGKBENT,
		KDGKBSENT, KDGKBDIACR, GIO_CMAP, VT_GETMODE, VT_GETSTATE,
		VT_OPENQRY, TCGETS, TIOCGWINSZ,
	};
	static uint64_t room[128];
	uint64_t h = 0;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(get); i++) {
		memset(room, 0, sizeof(room));
		MIX(h, RET(ioctl(fd, get[i], room)));
		for (j = 0; j < ARRAY_SIZE(room); j++)
			MIX(h, room[j]);
	}
	MIX(h, blanking());
	return h;
}

TEST_F(console, all_commands)
{
	static const unsigned int types[] = { 'K', 'V' };
	struct sweep *s = new_shared(sizeof(*s));
	struct known_op op = { .fd = self->fd };
	int front = in_front(self->fd);
	uint64_t state;
	unsigned int i;

	ASSERT_TRUE(!!s);
	state = console_state(self->fd);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		*s = (struct sweep){
			.fd = self->fd, .type = types[i], .is_known = is_known,
		};
		EXPECT_EQ(0, capmode_run(try_unknown, s));
		EXPECT_LT(0x100 * 4 * 10, s->tried);
		EXPECT_EQ(0, s->missed) {
			TH_LOG("first %#x: %d", s->cmd, s->ret);
		}
		EXPECT_EQ(state, console_state(self->fd));
	}
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		int outside, inside;

		op.k = &known[i];
		outside = in_child(try_known, &op);
		inside = capmode_run(try_known, &op);
		/* Not every machine has a keyboard that tells its codes. */
		if (op.k->cmd != KDGETKEYCODE || outside != -ENODEV) {
			EXPECT_EQ(op.k->want, outside < 0 ? outside : 0) {
				TH_LOG("command %#x", op.k->cmd);
			}
		}
		EXPECT_EQ(outside, inside) {
			TH_LOG("command %#x", op.k->cmd);
		}
	}
	EXPECT_EQ(state, console_state(self->fd));
	EXPECT_EQ(front, in_front(self->fd));
	munmap(s, sizeof(*s));
}

/* ---- escape sequences ---- */

/**
 * struct text - what is written to a console
 * @fd: The console.
 * @s: The text.
 * @ring: By io_uring, in one of its workers, and not by write(2).
 */
struct text {
	int fd;
	const char *s;
	bool ring;
};

/* Written to the end, on both sides: a text has no errors. */
static int put(void *arg)
{
	const struct text *t = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.flags = IOSQE_ASYNC,
		.fd = t->fd,
		.addr = (uintptr_t)t->s,
		.len = strlen(t->s),
		.off = -1,
	};

	if (!t->ring)
		return RET(write(t->fd, t->s, strlen(t->s)));
	return ring_once(&sqe);
}

static void check_blanking(struct __test_metadata *_metadata, int fd, bool ring)
{
	struct text t = { .fd = fd, .s = "\33[9;7]", .ring = ring };
	struct text off = { .fd = fd, .s = "\33[9;0]" };

	ASSERT_EQ(strlen(off.s), put(&off));
	ASSERT_EQ(0, blanking());
	EXPECT_EQ(strlen(t.s), capmode_run(put, &t));
	EXPECT_EQ(0, blanking());
	EXPECT_EQ(strlen(t.s), in_child(put, &t));
	EXPECT_EQ(7 * 60, blanking());
	EXPECT_EQ(strlen(off.s), put(&off));
}

TEST_F(console, blanking)
{
	if (blanking() < 0)
		SKIP(return, "how long is not told here");
	check_blanking(_metadata, self->fd, false);
	check_blanking(_metadata, self->fd, true);
}

/* Whether another one than @was comes to the front, for which there is a second. */
static int front_after(int fd, int was)
{
	int i, now = was;

	for (i = 0; i < 1000 && now == was; i++) {
		usleep(1000);
		now = in_front(fd);
	}
	return now;
}

TEST_F(console, switching)
{
	struct text other = {
		.fd = self->fd, .s = "\33[12;" STRING_OF(OTHER) "]",
	};
	struct text last = { .fd = self->fd, .s = "\33[15]" };

	ASSERT_EQ(0, to_front(self->fd, GIVEN));
	EXPECT_EQ(strlen(other.s), capmode_run(put, &other));
	EXPECT_EQ(GIVEN, front_after(self->fd, GIVEN));
	EXPECT_EQ(strlen(other.s), in_child(put, &other));
	EXPECT_EQ(0, ioctl(self->fd, VT_WAITACTIVE, OTHER));
	EXPECT_EQ(OTHER, in_front(self->fd));
	/* And back, where one came from. */
	EXPECT_EQ(strlen(last.s), capmode_run(put, &last));
	EXPECT_EQ(OTHER, front_after(self->fd, OTHER));
	EXPECT_EQ(strlen(last.s), in_child(put, &last));
	EXPECT_EQ(0, ioctl(self->fd, VT_WAITACTIVE, GIVEN));
	EXPECT_EQ(GIVEN, in_front(self->fd));
}

/* One that is begun inside and ended outside is of both. */
TEST_F(console, ended_by_others)
{
	struct text begin = { .fd = self->fd, .s = "\33[9;7" };
	struct text more = { .fd = self->fd, .s = "\33[9;" };
	struct text middle = { .fd = self->fd, .s = "7" };
	struct text end = { .fd = self->fd, .s = "]" };
	struct text rest = { .fd = self->fd, .s = "7]" };
	struct text off = { .fd = self->fd, .s = "\33[9;0]" };

	ASSERT_EQ(strlen(off.s), put(&off));
	if (blanking() < 0)
		SKIP(return, "how long is not told here");
	EXPECT_EQ(strlen(begin.s), capmode_run(put, &begin));
	EXPECT_EQ(strlen(end.s), in_child(put, &end));
	EXPECT_EQ(0, blanking());
	/* Nor is one whose middle is from inside. */
	EXPECT_EQ(strlen(more.s), in_child(put, &more));
	EXPECT_EQ(strlen(middle.s), capmode_run(put, &middle));
	EXPECT_EQ(strlen(end.s), in_child(put, &end));
	EXPECT_EQ(0, blanking());
	/* The next one is whole. */
	EXPECT_EQ(strlen(begin.s), in_child(put, &begin));
	EXPECT_EQ(strlen(end.s), in_child(put, &end));
	EXPECT_EQ(7 * 60, blanking());
	EXPECT_EQ(strlen(off.s), put(&off));
	EXPECT_EQ(strlen(more.s), in_child(put, &more));
	EXPECT_EQ(strlen(rest.s), in_child(put, &rest));
	EXPECT_EQ(7 * 60, blanking());
	EXPECT_EQ(strlen(off.s), put(&off));
}

/* What is about this console: its colours, where its text goes. */
TEST_F(console, own_sequences)
{
	struct text t = { .fd = self->fd, .s = "\33[2J\33[1;34m\33[5;9Hx" };
	unsigned char head[4] = {};
	int fd = open("/dev/vcsa" STRING_OF(GIVEN), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		SKIP(return, "nobody tells what is on the screen");
	EXPECT_EQ(strlen(t.s), capmode_run(put, &t));
	/* Lines, columns, and where the cursor is: behind the letter. */
	EXPECT_EQ(4, read(fd, head, 4));
	EXPECT_EQ(9, head[2]);
	EXPECT_EQ(4, head[3]);
	close(fd);
}

/* ---- answers, which are as good as typed ---- */

/* What somebody else asks, to see that nothing was typed before its answer. */
static const struct answer {
	const char *question, *s;
} device_status = { "\33[5n", "\33[0n" }, device_type = { "\33[c", "\33[?6c" };

/* 0 when the next that is read is @s, within a minute. */
static int typed(int fd, const char *s)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0, len = strlen(s);
	char buf[32] = "";
	ssize_t ret;

	while (n < len) {
		if (poll(&p, 1, 60000) != 1)
			return -ETIMEDOUT;
		ret = RET(read(fd, buf + n, len - n));
		if (ret <= 0)
			return ret ? ret : -EPIPE;
		n += ret;
	}
	return memcmp(buf, s, len) ? -EBADMSG : 0;
}

static int ask(int fd, const struct answer *a)
{
	struct text t = { .fd = fd, .s = a->question };

	STEP(in_child(put, &t) == (int)strlen(t.s));
	return typed(fd, a->s);
}

static void type_raw(struct __test_metadata *_metadata, int fd)
{
	struct termios tio;

	ASSERT_EQ(0, tcgetattr(fd, &tio));
	cfmakeraw(&tio);
	ASSERT_EQ(0, tcsetattr(fd, TCSAFLUSH, &tio));
}

static void check_answer(struct __test_metadata *_metadata, int fd,
			 const struct answer *a, bool ring)
{
	struct text t = { .fd = fd, .s = a->question, .ring = ring };
	const struct answer *next = strcmp(a->s, device_type.s) ?
				    &device_type : &device_status;

	EXPECT_EQ(strlen(t.s), capmode_run(put, &t));
	EXPECT_EQ(0, ask(fd, next)) {
		TH_LOG("after \\33%s in capability mode", a->question + 1);
	}
	EXPECT_EQ(strlen(t.s), in_child(put, &t));
	EXPECT_EQ(0, typed(fd, a->s)) {
		TH_LOG("\\33%s outside", a->question + 1);
	}
	tcflush(fd, TCIFLUSH);
}

TEST_F(console, answers)
{
	static const struct answer answers[] = {
		{ "\33[5n", "\33[0n" },
		{ "\33[c", "\33[?6c" },
		{ "\33Z", "\33[?6c" },
		{ "\33[H\33[6n", "\33[1;1R" },
	};
	struct text begin = { .fd = self->fd, .s = "\33[5" };
	struct text end = { .fd = self->fd, .s = "n" };
	unsigned int i;

	type_raw(_metadata, self->fd);
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		check_answer(_metadata, self->fd, &answers[i], false);
		check_answer(_metadata, self->fd, &answers[i], true);
	}
	/* What others begin is not ended inside, nor the other way round. */
	EXPECT_EQ(strlen(begin.s), in_child(put, &begin));
	EXPECT_EQ(strlen(end.s), capmode_run(put, &end));
	EXPECT_EQ(0, ask(self->fd, &device_type));
	EXPECT_EQ(strlen(begin.s), capmode_run(put, &begin));
	EXPECT_EQ(strlen(end.s), in_child(put, &end));
	EXPECT_EQ(0, ask(self->fd, &device_type));
	EXPECT_EQ(0, ask(self->fd, &device_status));
}

/* Whether @child ends within a minute. */
static bool ends(pid_t child)
{
	int fd = RET(syscall(__NR_pidfd_open, child, 0));
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool ret = fd >= 0 && poll(&p, 1, 60000) == 1;

	close(fd);
	return ret;
}

/* Becomes somebody whose terminal the console is: the foreground. */
static bool at_console(void)
{
	return setsid() >= 0 && open(TTY(GIVEN), O_RDWR | O_CLOEXEC) >= 0 &&
	       tcgetpgrp(open("/dev/tty", O_RDWR | O_CLOEXEC)) == getpid();
}

/* Has the end of a device's status stand for Ctrl-C, and asks for it. */
static int interrupt_by_answer(void *arg)
{
	const struct text *t = arg;
	struct termios tio;

	STEP(!tcgetattr(t->fd, &tio));
	tio.c_lflag |= ISIG | NOFLSH;
	tio.c_cc[VINTR] = 'n';
	STEP(!tcsetattr(t->fd, TCSANOW, &tio));
	return put(arg);
}

TEST_F(console, signal_by_answer)
{
	struct text t = { .fd = self->fd, .s = device_status.question };
	int status = 0;
	pid_t child;

	type_raw(_metadata, self->fd);
	child = victim_prepared(at_console);
	ASSERT_LT(0, child);
	EXPECT_EQ(strlen(t.s), capmode_run(interrupt_by_answer, &t));
	/* Some of the answer would be in front of this one. */
	EXPECT_EQ(0, ask(self->fd, &device_type));
	ASSERT_EQ(0, waitpid(child, &status, WNOHANG));
	EXPECT_EQ(strlen(t.s), in_child(interrupt_by_answer, &t));
	if (!ends(child))
		kill(child, SIGKILL);
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGINT, WTERMSIG(status));
	/* With the leader of its session gone it was hung up. */
	close(self->fd);
	self->fd = open(TTY(GIVEN), O_RDWR | O_NOCTTY | O_CLOEXEC);
	EXPECT_LE(0, self->fd);
}

/* ---- serial ports ---- */

/*
 * A port that nothing hangs on: what the environment names, since there is no
 * asking whether something does.
 */
FIXTURE(serial)
{
	const char *name;
	int fd;
	int lines;
	struct termios tio;
};

static int open_port(const char *name)
{
	return RET(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

FIXTURE_SETUP(serial)
{
	struct termios tio;

	self->fd = -1;
	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	self->name = getenv("CAPSICUM_TEST_SERIAL");
	if (!self->name)
		SKIP(return, "CAPSICUM_TEST_SERIAL names no serial port");
	self->fd = open_port(self->name);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, tcgetattr(self->fd, &self->tio));
	ASSERT_EQ(0, ioctl(self->fd, TIOCMGET, &self->lines));
	tio = self->tio;
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	ASSERT_EQ(0, tcsetattr(self->fd, TCSANOW, &tio));
}

/* It may be hung up by now. */
FIXTURE_TEARDOWN(serial)
{
	if (self->fd < 0)
		return;
	close(self->fd);
	self->fd = open_port(self->name);
	ioctl(self->fd, TIOCMSET, &self->lines);
	tcsetattr(self->fd, TCSANOW, &self->tio);
	close(self->fd);
}

/* 1 when what is written comes back as if it had been typed, 0 when not. */
static int loop(void *arg)
{
	int fd = *(int *)arg, on = TIOCM_LOOP, err;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c = 0;

	err = RET(ioctl(fd, TIOCMBIS, &on));
	STEP(write(fd, "l", 1) == 1);
	STEP(!tcdrain(fd));
	if (err) {
		STEP(read(fd, &c, 1) < 0 && errno == EAGAIN);
		return err;
	}
	if (poll(&p, 1, 60000) == 1)
		STEP(read(fd, &c, 1) == 1);
	STEP(!ioctl(fd, TIOCMBIC, &on));
	return c == 'l';
}

/* All bits at once, the loop's among them. */
static int set_lines(void *arg)
{
	int fd = *(int *)arg, lines = TIOCM_LOOP | TIOCM_DTR, off = TIOCM_DTR;
	int err = RET(ioctl(fd, TIOCMSET, &lines));

	if (!err)
		STEP(!ioctl(fd, TIOCMSET, &off));
	return err;
}

static int lines_down(void *arg)
{
	int fd = *(int *)arg, lines = TIOCM_DTR | TIOCM_RTS, now;

	STEP(!ioctl(fd, TIOCMBIC, &lines));
	STEP(!ioctl(fd, TIOCMGET, &now));
	STEP(!(now & lines));
	STEP(!ioctl(fd, TIOCMBIS, &lines));
	STEP(!ioctl(fd, TIOCMGET, &now));
	STEP((now & lines) == lines);
	return 0;
}

TEST_F(serial, loop)
{
	EXPECT_EQ(1, in_child(loop, &self->fd));
	EXPECT_EQ(-ECAPMODE, capmode_run(loop, &self->fd));
	EXPECT_ECAPMODE(set_lines, &self->fd);
	EXPECT_BOTH(lines_down, &self->fd);
}

/*
 * A session's terminal hangs up when its leader ends, for all who have it open:
 * @open, as what is opened without O_NOCTTY, of @ring by one of io_uring's
 * workers, or by the command for that.
 */
struct session {
	int fd;
	int dev;
	const char *name;
	bool enter;
	bool open;
	bool ring;
};

static int open_by_ring(const struct session *s)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		.flags = IOSQE_ASYNC,
		.fd = s->dev,
		.addr = (uintptr_t)s->name,
		.open_flags = O_RDWR | O_NONBLOCK,
	};

	return ring_once(&sqe);
}

static int end_session(void *arg)
{
	const struct session *s = arg;
	int fd;

	STEP(setsid() == getpid());
	if (s->enter)
		STEP(!sys_cap_enter(0));
	if (!s->open)
		return RET(ioctl(s->fd, TIOCSCTTY, 0));
	fd = s->ring ? open_by_ring(s) :
	     RET(openat(s->dev, s->name, O_RDWR | O_NONBLOCK));
	if (fd < 0)
		return fd;
	/* 1 when the session has got a terminal. */
	return openat(s->dev, "tty", O_RDWR) >= 0;
}

static bool hung_up(int fd)
{
	struct termios tio;

	return tcgetattr(fd, &tio) && errno == EIO;
}

static int reopen_port(struct __test_metadata *_metadata, struct session *s,
		       const char *name)
{
	close(s->fd);
	s->fd = open_port(name);
	EXPECT_LE(0, s->fd);
	EXPECT_FALSE(hung_up(s->fd));
	return s->fd;
}

TEST_F(serial, end_of_a_session)
{
	struct session s = { .fd = self->fd };

	s.name = strrchr(self->name, '/');
	ASSERT_TRUE(!!s.name);
	s.name++;
	s.dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, s.dev);
	s.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(end_session, &s));
	EXPECT_FALSE(hung_up(self->fd));
	s.open = true;
	EXPECT_EQ(0, in_child(end_session, &s));
	EXPECT_FALSE(hung_up(self->fd));
	s.ring = true;
	EXPECT_EQ(0, in_child(end_session, &s));
	EXPECT_FALSE(hung_up(self->fd));
	s.enter = false;
	EXPECT_EQ(1, in_child(end_session, &s));
	EXPECT_TRUE(hung_up(self->fd));
	self->fd = reopen_port(_metadata, &s, self->name);
	s.ring = false;
	EXPECT_EQ(1, in_child(end_session, &s));
	EXPECT_TRUE(hung_up(self->fd));
	self->fd = reopen_port(_metadata, &s, self->name);
	s.open = false;
	EXPECT_EQ(0, in_child(end_session, &s));
	EXPECT_TRUE(hung_up(self->fd));
	close(s.dev);
}

/* A pseudo-terminal can be had, and goes on to be there for others. */
TEST(end_of_a_session_at_a_pty)
{
	struct session s = { .enter = true };
	int master, unlock = 0;
	char c = 0;

	REQUIRE_CAPMODE();
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_LE(0, master);
	ASSERT_EQ(0, ioctl(master, TIOCSPTLCK, &unlock));
	s.fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(0, in_child(end_session, &s));
	EXPECT_FALSE(hung_up(s.fd));
	EXPECT_EQ(1, write(s.fd, "x", 1));
	EXPECT_EQ(1, read(master, &c, 1));
	EXPECT_EQ('x', c);
	close(s.fd);
	close(master);
}

static int set_port(void *arg)
{
	int fd = *(int *)arg;
	struct serial_struct s;

	STEP(!ioctl(fd, TIOCGSERIAL, &s));
	return RET(ioctl(fd, TIOCSSERIAL, &s));
}

static int probe_port(void *arg)
{
	return RET(ioctl(*(int *)arg, TIOCSERCONFIG));
}

/* What listens while it sends, or names a station; not every port has it. */
TEST_F(serial, buses)
{
	static const struct command set[] = {
		{ .cmd = TIOCSRS485, .data = true },
		{ .cmd = TIOCSISO7816, .data = true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(set); i++) {
		struct command c = set[i];

		c.fd = self->fd;
		EXPECT_ANSWER(in_child(command, &c));
		EXPECT_EQ(-ECAPMODE, capmode_run(command, &c));
	}
}

TEST_F(serial, ports)
{
	EXPECT_ECAPMODE(set_port, &self->fd);
	EXPECT_ECAPMODE(probe_port, &self->fd);
}

TEST_F(serial, own)
{
	static const struct command allowed[] = {
		{ .cmd = TCGETS, .data = true },
		{ .cmd = TIOCMGET, .data = true },
		{ .cmd = TIOCGICOUNT, .data = true },
		{ .cmd = TIOCGSERIAL, .data = true },
		{ .cmd = TIOCSERGETLSR, .data = true },
	};

	check_allowed(_metadata, self->fd, allowed, ARRAY_SIZE(allowed));
}

TEST_HARNESS_MAIN
