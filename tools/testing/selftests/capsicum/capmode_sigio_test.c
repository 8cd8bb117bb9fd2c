// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: signals by way of a file. What happens to a file can send its
 * owner a signal of choice: one cannot make anybody else the owner, and not
 * change what another one gets.
 */
#include "sweep.h"
#include "victims.h"

#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>

#ifndef FIOSETOWN
#define FIOSETOWN	0x8901
#define SIOCSPGRP	0x8902
#endif

static volatile sig_atomic_t came;

static void count(int sig)
{
	came++;
}

static int be_counter(void)
{
	struct sigaction sa = { .sa_handler = count };

	came = 0;
	if (getpgrp() != getpid() && setpgid(0, 0))
		return -errno;
	if (sigaction(SIGUSR1, &sa, NULL) || sigaction(SIGIO, &sa, NULL) ||
	    sigaction(SIGURG, &sa, NULL))
		return -errno;
	return 0;
}

/* ---- making somebody the owner ---- */

enum how { SETOWN, SETOWN_EX, FIO, SIO };

struct owner {
	enum how how;
	int fd;
	int type;
	pid_t pid;
	bool thread;
	enum gate gate;
};

static int own_fcntl(const struct owner *o, int cmd, long arg)
{
	if (o->gate == GATE_NONE)
		return RET(fcntl(o->fd, cmd, arg));
	return call_by_gate(o->gate, -1, 221, 72, o->fd, cmd, arg, 0, 0);
}

static int __own(void *arg)
{
	const struct owner *o = arg;
	const int pid = o->type == F_OWNER_PGRP ? -o->pid : o->pid;
	struct {
		struct f_owner_ex ex;
		int pid;
	} *low = low_page();
	int ret;

	STEP(low);
	low->ex.type = o->type;
	low->ex.pid = o->pid;
	low->pid = pid;
	switch (o->how) {
	case SETOWN:
		ret = own_fcntl(o, F_SETOWN, pid);
		break;
	case SETOWN_EX:
		ret = own_fcntl(o, F_SETOWN_EX, (long)&low->ex);
		break;
	case FIO:
		ret = ioctl_by_gate(o->gate, o->fd, FIOSETOWN, &low->pid);
		break;
	case SIO:
		ret = ioctl_by_gate(o->gate, o->fd, SIOCSPGRP, &low->pid);
		break;
	default:
		ret = NO_RESULT;
	}
	munmap(low, 4096);
	return ret;
}

static int own(void *arg)
{
	const struct owner *o = arg;

	return o->thread ? in_thread(__own, arg) : __own(arg);
}

FIXTURE(owner)
{
	int sock[2];
};

FIXTURE_VARIANT(owner)
{
	enum how how;
	bool thread;
	enum gate gate;
};

FIXTURE_VARIANT_ADD(owner, f_setown) { .how = SETOWN, .thread = false };
FIXTURE_VARIANT_ADD(owner, f_setown_thread) { .how = SETOWN, .thread = true };
FIXTURE_VARIANT_ADD(owner, f_setown_ex) { .how = SETOWN_EX, .thread = false };
FIXTURE_VARIANT_ADD(owner, f_setown_ex_thread) { .how = SETOWN_EX, .thread = true };
FIXTURE_VARIANT_ADD(owner, fiosetown) { .how = FIO, .thread = false };
FIXTURE_VARIANT_ADD(owner, fiosetown_thread) { .how = FIO, .thread = true };
FIXTURE_VARIANT_ADD(owner, siocspgrp) { .how = SIO, .thread = false };
FIXTURE_VARIANT_ADD(owner, siocspgrp_thread) { .how = SIO, .thread = true };
#ifdef __x86_64__
FIXTURE_VARIANT_ADD(owner, f_setown_int80) { .how = SETOWN, .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(owner, f_setown_x32) { .how = SETOWN, .gate = GATE_X32 };
FIXTURE_VARIANT_ADD(owner, f_setown_ex_int80)
{
	.how = SETOWN_EX,
	.gate = GATE_INT80,
};

FIXTURE_VARIANT_ADD(owner, f_setown_ex_x32)
{
	.how = SETOWN_EX,
	.gate = GATE_X32,
};

FIXTURE_VARIANT_ADD(owner, fiosetown_int80) { .how = FIO, .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(owner, fiosetown_x32) { .how = FIO, .gate = GATE_X32 };
FIXTURE_VARIANT_ADD(owner, siocspgrp_int80) { .how = SIO, .gate = GATE_INT80 };
FIXTURE_VARIANT_ADD(owner, siocspgrp_x32) { .how = SIO, .gate = GATE_X32 };
#endif

FIXTURE_SETUP(owner)
{
	self->sock[0] = -1;
	self->sock[1] = -1;
	REQUIRE_CAPMODE();
	if (!have_gate(variant->gate))
		SKIP(return, "no such gate from here");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sock));
	ASSERT_EQ(0, be_counter());
}

FIXTURE_TEARDOWN(owner)
{
	close(self->sock[0]);
	close(self->sock[1]);
}

/* No owner yet: so it is afterwards. */
#define EXPECT_NO_OWNER(fd) do { \
	struct f_owner_ex __ex = { .type = 77, .pid = 77 }; \
	EXPECT_EQ(0, fcntl(fd, F_GETOWN_EX, &__ex)); \
	EXPECT_EQ(0, __ex.pid); \
} while (0)

TEST_F(owner, others)
{
	struct owner o = {
		.how = variant->how,
		.thread = variant->thread,
		.gate = variant->gate,
		.fd = self->sock[0],
		.type = F_OWNER_PID,
		.pid = getpid(),
	};

	/* The parent, and its group, which is one's own. */
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	EXPECT_NO_OWNER(o.fd);
	o.type = F_OWNER_PGRP;
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	EXPECT_NO_OWNER(o.fd);
	o.pid = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(own, &o));
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	o.type = F_OWNER_PID;
	EXPECT_EQ(-ESRCH, in_child(own, &o));
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	EXPECT_NO_OWNER(o.fd);

	o.pid = getpid();
	EXPECT_EQ(0, in_child(own, &o));
	EXPECT_EQ(getpid(), fcntl(o.fd, F_GETOWN));
	o.type = F_OWNER_PGRP;
	EXPECT_EQ(0, in_child(own, &o));
	EXPECT_EQ(-getpid(), fcntl(o.fd, F_GETOWN));
}

TEST_F(owner, other_thread)
{
	struct owner o = {
		.how = variant->how,
		.thread = variant->thread,
		.gate = variant->gate,
		.fd = self->sock[0],
		.type = F_OWNER_TID,
		.pid = getpid(),
	};

	if (variant->how != SETOWN_EX)
		SKIP(return, "knows no threads");
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	EXPECT_NO_OWNER(o.fd);
	o.pid = NO_PID;
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	/* No group at all is a group, too. */
	o.pid = 0;
	o.type = F_OWNER_PGRP;
	EXPECT_ECAPMODE(own, &o);
	/* A type that there is not. */
	o.type = 77;
	EXPECT_EQ(-EINVAL, capmode_run(own, &o));
}

/* One owns it, gets what is to come, and can give it up. */
static int own_self(void *arg)
{
	struct owner o = *(struct owner *)arg;
	int pair[2], err;

	STEP(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	o.fd = pair[0];
	o.pid = getpid();
	came = 0;
	err = own(&o);
	if (err)
		return err;
	STEP(!fcntl(o.fd, F_SETSIG, SIGUSR1));
	STEP(!fcntl(o.fd, F_SETFL, O_ASYNC));
	STEP(write(pair[1], "x", 1) == 1);
	while (!came)
		sched_yield();
	o.pid = 0;
	STEP(!own(&o));
	STEP(fcntl(o.fd, F_GETOWN) == 0);
	STEP(write(pair[1], "x", 1) == 1);
	STEP(came == 1);
	return 0;
}

static int own_own_thread(void *arg)
{
	struct owner o = *(struct owner *)arg;

	o.pid = idle_thread();
	STEP(o.pid > 0);
	return own(&o);
}

TEST_F(owner, oneself)
{
	struct owner o = {
		.how = variant->how,
		.thread = variant->thread,
		.gate = variant->gate,
		.fd = self->sock[0],
		.type = F_OWNER_PID,
	};

	EXPECT_BOTH(own_self, &o);
	if (variant->how == SETOWN_EX) {
		o.type = F_OWNER_TID;
		EXPECT_BOTH(own_self, &o);
		EXPECT_BOTH(own_own_thread, &o);
	}
	EXPECT_EQ(0, came);
}

/* An owner that somebody else has made stays it. */
TEST_F(owner, other_keeps_it)
{
	struct owner o = {
		.how = variant->how,
		.thread = variant->thread,
		.gate = variant->gate,
		.fd = self->sock[0],
		.type = F_OWNER_PID,
		.pid = victim(),
	};

	ASSERT_LT(0, o.pid);
	ASSERT_EQ(0, fcntl(o.fd, F_SETOWN, getpid()));
	EXPECT_EQ(-ECAPMODE, capmode_run(own, &o));
	EXPECT_EQ(getpid(), fcntl(o.fd, F_GETOWN));
	bury(o.pid);
}

struct shared {
	struct owner o;
	int peer;
	bool takes;	/* else there is to be none */
};

/* What comes to the new owner, if it is one. */
static int take(void *arg)
{
	const struct shared *s = arg;
	struct owner o = s->o;
	int err;

	came = 0;
	o.pid = s->takes ? getpid() : 0;
	err = own(&o);
	if (err)
		return err;
	STEP(fcntl(o.fd, F_GETOWN) == o.pid);
	STEP(write(s->peer, "x", 1) == 1);
	while (s->takes && !came)
		sched_yield();
	return came;
}

/* Who was the owner, and is outside, is told no more: the file is shared. */
TEST_F(owner, taken_from_another)
{
	struct shared s = {
		.o = {
			.how = variant->how,
			.thread = variant->thread,
			.gate = variant->gate,
			.fd = self->sock[0],
			.type = F_OWNER_PID,
		},
		.peer = self->sock[1],
	};
	int i;

	ASSERT_EQ(0, fcntl(s.o.fd, F_SETFL, O_ASYNC));
	for (i = 0; i < 4; i++) {
		s.takes = i / 2;
		ASSERT_EQ(0, fcntl(s.o.fd, F_SETOWN, getpid()));
		came = 0;
		ASSERT_EQ(1, write(s.peer, "x", 1));
		EXPECT_EQ(1, came);
		EXPECT_EQ(s.takes, i % 2 ? capmode_run(take, &s) :
					   in_child(take, &s));
		EXPECT_EQ(1, came);
		EXPECT_EQ(0, fcntl(s.o.fd, F_GETOWN));
	}
}

/* ---- what the owner gets ---- */

struct setsig {
	int fd;
	int sig;
};

static int set_signal(void *arg)
{
	const struct setsig *s = arg;

	return RET(fcntl(s->fd, F_SETSIG, s->sig));
}

TEST(signal_of_another)
{
	struct setsig s = { .sig = SIGKILL };
	struct f_owner_ex group = { .type = F_OWNER_PGRP };
	int pair[2];

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	s.fd = pair[0];
	/* Nobody's. */
	EXPECT_EQ(0, capmode_run(set_signal, &s));
	EXPECT_EQ(SIGKILL, fcntl(s.fd, F_GETSIG));
	ASSERT_EQ(0, fcntl(s.fd, F_SETSIG, SIGUSR1));
	ASSERT_EQ(0, fcntl(s.fd, F_SETOWN, getpid()));
	EXPECT_EQ(-ECAPMODE, capmode_run(set_signal, &s));
	EXPECT_EQ(SIGUSR1, fcntl(s.fd, F_GETSIG));
	group.pid = getpid();
	ASSERT_EQ(0, fcntl(s.fd, F_SETOWN_EX, &group));
	EXPECT_EQ(-ECAPMODE, capmode_run(set_signal, &s));
	EXPECT_EQ(SIGUSR1, fcntl(s.fd, F_GETSIG));
	s.sig = SIGIO;
	EXPECT_EQ(0, in_child(set_signal, &s));
	EXPECT_EQ(SIGIO, fcntl(s.fd, F_GETSIG));
}

/* ---- terminals ---- */

/*
 * In a session of its own with a terminal: a child that waits (and counts what
 * comes) and leads the foreground group, and one that tries.
 */
struct terminal {
	int master, slave;
	bool enter;
	pid_t foreground;	/* what to try, 0 for one's own */
};

static int open_terminal(struct terminal *t)
{
	int zero = 0;
	char name[32];
	unsigned int nr;

	t->master = RET(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	if (t->master < 0)
		return t->master;
	if (ioctl(t->master, TIOCSPTLCK, &zero) ||
	    ioctl(t->master, TIOCGPTN, &nr))
		return -errno;
	snprintf(name, sizeof(name), "/dev/pts/%u", nr);
	t->slave = RET(open(name, O_RDWR | O_NOCTTY));
#ifdef TIOCGPTPEER
	if (t->slave < 0)
		t->slave = RET(ioctl(t->master, TIOCGPTPEER,
				     O_RDWR | O_NOCTTY));
#endif
	return t->slave < 0 ? t->slave : 0;
}

static int set_foreground(void *arg)
{
	struct terminal *t = arg;
	pid_t pgrp;
	int ret;

	STEP(setsid() == getpid());
	ret = open_terminal(t);
	if (ret)
		return ret;
	STEP(!ioctl(t->slave, TIOCSCTTY, 0));
	/* A second group in the session. */
	pgrp = victim();
	STEP(pgrp > 0);
	signal(SIGTTOU, SIG_IGN);
	if (t->enter)
		STEP(!sys_cap_enter(0));
	if (t->foreground == 1)
		pgrp = 1;
	if (t->foreground == NO_PID)
		pgrp = NO_PID;
	if (!t->foreground)
		pgrp = getpgrp();
	ret = RET(ioctl(t->slave, TIOCSPGRP, &pgrp));
	if (ret == -ECAPMODE) {
		STEP(!ioctl(t->slave, TIOCGPGRP, &pgrp));
		STEP(pgrp == getpgrp());
	}
	return ret;
}

TEST(foreground_group)
{
	struct terminal t = { .foreground = 0 };

	REQUIRE_CAPMODE();
	if (in_child(set_foreground, &t) == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(0, in_child(set_foreground, &t));
	t.foreground = 2;
	EXPECT_EQ(0, in_child(set_foreground, &t));
	t.foreground = 1;
	EXPECT_EQ(-EPERM, in_child(set_foreground, &t));
	t.foreground = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(set_foreground, &t));
	t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(set_foreground, &t));
	t.foreground = 1;
	EXPECT_EQ(-ECAPMODE, in_child(set_foreground, &t));
	t.foreground = 2;
	EXPECT_EQ(-ECAPMODE, in_child(set_foreground, &t));
	t.foreground = 0;
	EXPECT_EQ(0, in_child(set_foreground, &t));
}

/* A terminal gives itself an owner when it has none: its foreground group. */
static int async_on_terminal(void *arg)
{
	struct terminal *t = arg;
	struct f_owner_ex ex = {};
	int ret;

	STEP(setsid() == getpid());
	ret = open_terminal(t);
	if (ret)
		return ret;
	STEP(!ioctl(t->slave, TIOCSCTTY, 0));
	if (t->enter)
		STEP(!sys_cap_enter(0));
	if (fcntl(t->slave, F_SETFL, O_RDWR | O_ASYNC))
		return -errno;
	STEP(!fcntl(t->slave, F_GETOWN_EX, &ex));
	STEP(ex.pid == getpid());
	return ex.type;
}

TEST(owner_of_a_terminal)
{
	struct terminal t = { .enter = false };

	REQUIRE_CAPMODE();
	if (in_child(async_on_terminal, &t) == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(F_OWNER_PGRP, in_child(async_on_terminal, &t));
	t.enter = true;
	EXPECT_EQ(F_OWNER_PID, in_child(async_on_terminal, &t));
}

/*
 * What is put into a terminal as if it had been typed is read by whoever reads
 * there, a shell for one, and its control characters signal the foreground.
 */
static int type_into_terminal(void *arg)
{
	struct terminal *t = arg;
	char c[4] = { 'x', '\n' };
	int ret;

	STEP(setsid() == getpid());
	ret = open_terminal(t);
	if (ret)
		return ret;
	STEP(!ioctl(t->slave, TIOCSCTTY, 0));
	if (t->enter)
		STEP(!sys_cap_enter(0));
	ret = RET(ioctl(t->slave, TIOCSTI, &c[0]));
	STEP(RET(ioctl(t->slave, TIOCSTI, &c[1])) == ret);
	STEP(!fcntl(t->slave, F_SETFL, O_NONBLOCK));
	STEP(RET(read(t->slave, c, sizeof(c))) == (ret ? -EAGAIN : 2));
	return ret;
}

TEST(typing)
{
	struct terminal t = { .enter = false };
	int outside;

	REQUIRE_CAPMODE();
	outside = in_child(type_into_terminal, &t);
	if (outside == -ENOENT || outside == -EIO)
		SKIP(return, "no terminals here, or only root may type");
	EXPECT_EQ(0, outside);
	t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(type_into_terminal, &t));
}

/* The console of the system, which is a terminal's only while it is given. */
static int take_console(void *arg)
{
	struct terminal *t = arg;
	int ret, console;

	ret = open_terminal(t);
	if (ret)
		return ret;
	if (t->enter)
		STEP(!sys_cap_enter(0));
	ret = RET(ioctl(t->slave, TIOCCONS));
	if (ret)
		return ret;
	/* Given back by the same call on the console. */
	console = RET(open("/dev/console", O_RDWR | O_NOCTTY));
	STEP(console >= 0);
	STEP(!ioctl(console, TIOCCONS));
	return 0;
}

TEST(console)
{
	struct terminal t = { .enter = false };
	int outside;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	outside = in_child(take_console, &t);
	if (outside == -ENOENT || outside == -EBUSY)
		SKIP(return, "no terminals here, or somebody has the console");
	EXPECT_EQ(0, outside);
	t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(take_console, &t));
}

/* What signals a terminal's session, takes it from one, or sets its ports. */
struct terminal_op {
	struct terminal t;
	unsigned int cmd;
	long arg;
	bool leader;	/* of a session */
	bool own;	/* to which the terminal belongs */
	bool master;	/* at the other end */
};

static int terminal_op(void *arg)
{
	struct terminal_op *op = arg;
	int ret;

	signal(SIGHUP, SIG_IGN);
	STEP(!op->leader || setsid() > 0);
	ret = open_terminal(&op->t);
	if (ret)
		return ret;
	STEP(!op->own || !ioctl(op->t.slave, TIOCSCTTY, 0));
	if (op->t.enter)
		STEP(!sys_cap_enter(0));
	return RET(ioctl(op->master ? op->t.master : op->t.slave, op->cmd,
			 op->arg));
}

TEST(leaving)
{
	static const char serial[128] = "";
	struct terminal_op leave = {
		.cmd = TIOCNOTTY, .leader = true, .own = true,
	};
	struct terminal_op hang_up = { .cmd = TIOCVHANGUP };
	struct terminal_op steal = {
		.cmd = TIOCSCTTY, .arg = 1, .leader = true,
	};
	/* A pseudo-terminal has no ports: it is asked before that is known. */
	struct terminal_op set_port = {
		.cmd = TIOCSSERIAL, .arg = (long)serial,
	};
	int outside;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	outside = in_child(terminal_op, &leave);
	if (outside == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(0, outside);
	EXPECT_EQ(0, in_child(terminal_op, &hang_up));
	EXPECT_EQ(0, in_child(terminal_op, &steal));
	EXPECT_EQ(-ENOTTY, in_child(terminal_op, &set_port));
	leave.t.enter = true;
	hang_up.t.enter = true;
	steal.t.enter = true;
	set_port.t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &leave));
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &hang_up));
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &steal));
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &set_port));
}

/* A pseudo-terminal that nobody has: its end hangs up for nobody else. */
TEST(taking)
{
	struct terminal_op take = { .cmd = TIOCSCTTY, .leader = true };
	int outside;

	REQUIRE_CAPMODE();
	outside = in_child(terminal_op, &take);
	if (outside == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(0, outside);
	take.t.enter = true;
	EXPECT_EQ(0, in_child(terminal_op, &take));
}

/*
 * What is made of what is typed: a number, which can stand for a driver of an
 * interface or a keyboard of the system, or for one that lets nobody read.
 */
TEST(discipline)
{
	static const int numbers[] = { 27 /* N_NULL */, 0 /* N_TTY */ };
	struct terminal_op set = { .cmd = TIOCSETD };
	struct terminal_op get = { .cmd = TIOCGETD };
	int outside, got, i;

	REQUIRE_CAPMODE();
	for (i = 0; i < 2; i++) {
		set.arg = (long)&numbers[i];
		set.t.enter = false;
		set.master = false;
		outside = in_child(terminal_op, &set);
		if (outside == -ENOENT)
			SKIP(return, "no terminals here");
		EXPECT_EQ(0, outside);
		set.t.enter = true;
		EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &set));
		set.master = true;
		EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &set));
	}
	get.arg = (long)&got;
	get.t.enter = true;
	EXPECT_EQ(0, in_child(terminal_op, &get));
}

/* A command as it is seen from both sides of the door. */
static void check_command(struct __test_metadata *_metadata,
			  struct terminal_op *op, int outside, int inside)
{
	op->t.enter = false;
	EXPECT_EQ(outside, in_child(terminal_op, op)) {
		TH_LOG("command %#x, outside", op->cmd);
	}
	op->t.enter = true;
	EXPECT_EQ(inside, in_child(terminal_op, op)) {
		TH_LOG("command %#x", op->cmd);
	}
}

/*
 * What is known to be about the terminal is allowed, and nothing else, known or
 * not: drivers and disciplines have commands of their own, and will have more.
 */
TEST(commands)
{
	static const struct {
		unsigned int cmd;
		bool master;
		long number;	/* else where there is room for an answer */
	} allowed[] = {
		{ .cmd = TCGETS }, { .cmd = TCGETA }, { .cmd = TIOCGWINSZ },
		{ .cmd = TIOCGLCKTRMIOS }, { .cmd = TIOCGSOFTCAR },
		{ .cmd = TIOCINQ }, { .cmd = TIOCOUTQ }, { .cmd = TIOCGETD },
		{ .cmd = TIOCGDEV }, { .cmd = TIOCGEXCL }, { .cmd = TIOCEXCL },
		{ .cmd = TIOCNXCL }, { .cmd = TIOCSBRK }, { .cmd = TIOCCBRK },
		{ .cmd = TCSBRK, .number = 1 },
		{ .cmd = TCXONC, .number = TCOON },
		{ .cmd = TCFLSH, .number = TCOFLUSH },
		{ .cmd = TIOCGPTN, .master = true },
		{ .cmd = TIOCPKT, .master = true },
		{ .cmd = TIOCGPKT, .master = true },
		{ .cmd = TIOCGPTLCK, .master = true },
	}, refused[] = {
		{ .cmd = _IO('T', 0x7e) },
		{ .cmd = _IOR('t', 55, int) },	/* PPPIOCGCHAN */
		{ .cmd = _IOR('G', 0, char[40]) },	/* GSMIOC_GETCONF */
		/* Of consoles, which this is none of. */
		{ .cmd = 0x4b3b },		/* KDGETMODE */
		{ .cmd = 0x5601 },		/* VT_GETMODE */
		{ .cmd = TIOCLINUX },
	};
	char room[128] = "";
	struct terminal_op op = {};
	unsigned int i;
	int outside;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(allowed); i++) {
		op = (struct terminal_op){
			.cmd = allowed[i].cmd, .master = allowed[i].master,
			.arg = allowed[i].number ?: (long)room,
		};
		outside = in_child(terminal_op, &op);
		if (outside == -ENOENT)
			SKIP(return, "no terminals here");
		check_command(_metadata, &op, 0, 0);
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		op = (struct terminal_op){
			.cmd = refused[i].cmd, .arg = (long)room,
		};
		check_command(_metadata, &op, -ENOTTY, -ECAPMODE);
		op.master = true;
		check_command(_metadata, &op, -ENOTTY, -ECAPMODE);
	}
}

/*
 * All that is known to be about a terminal, or is for files of any kind, and how
 * it goes at a pseudo-terminal's two ends when it is no controlling terminal.
 */
static const struct known {
	unsigned int cmd;
	int slave;
	int master;
	bool number;		/* the argument itself, and no pointer to it */
	int arg;
	unsigned int get;	/* the command that tells what to set again */
} known[] = {
	{ TCGETS, 0, 0 },
	{ TCSETS, 0, 0, .get = TCGETS },
	{ TCSETSW, 0, 0, .get = TCGETS },
	{ TCSETSF, 0, 0, .get = TCGETS },
	{ TCGETA, 0, 0 },
	{ TCSETA, 0, 0, .get = TCGETA },
	{ TCSETAW, 0, 0, .get = TCGETA },
	{ TCSETAF, 0, 0, .get = TCGETA },
#ifdef TCGETS2
	/* The C library's headers and their struct termios2 do not agree. */
	{ _IOC(_IOC_READ, 'T', 0x2a, 44), 0, 0 },
	{ _IOC(_IOC_WRITE, 'T', 0x2b, 44), 0, 0,
	  .get = _IOC(_IOC_READ, 'T', 0x2a, 44) },
	{ _IOC(_IOC_WRITE, 'T', 0x2c, 44), 0, 0,
	  .get = _IOC(_IOC_READ, 'T', 0x2a, 44) },
	{ _IOC(_IOC_WRITE, 'T', 0x2d, 44), 0, 0,
	  .get = _IOC(_IOC_READ, 'T', 0x2a, 44) },
#endif
	{ TIOCGLCKTRMIOS, 0, 0 },
	{ TIOCSLCKTRMIOS, 0, 0, .get = TIOCGLCKTRMIOS },
	{ TIOCGSOFTCAR, 0, 0 },
	{ TIOCSSOFTCAR, 0, 0, .get = TIOCGSOFTCAR },
	{ TCSBRK, 0, 0, .number = true, .arg = 1 },
	{ TCSBRKP, 0, 0, .number = true, .arg = 1 },
	{ TIOCSBRK, 0, 0, .number = true },
	{ TIOCCBRK, 0, 0, .number = true },
	{ TCXONC, 0, 0, .number = true, .arg = TCOON },
	{ TCFLSH, 0, 0, .number = true, .arg = TCIOFLUSH },
	{ TIOCINQ, 0, 0 },
	{ TIOCOUTQ, 0, 0 },
	{ TIOCGWINSZ, 0, 0 },
	{ TIOCSWINSZ, -ECAPMODE, 0, .get = TIOCGWINSZ },
	{ TIOCGETD, 0, 0 },
	{ TIOCGDEV, 0, 0 },
	{ TIOCEXCL, 0, 0, .number = true },
	{ TIOCGEXCL, 0, 0 },
	{ TIOCNXCL, 0, 0, .number = true },
	{ TIOCNOTTY, -ENOTTY, -ENOTTY, .number = true },
	{ TIOCSCTTY, -EPERM, -EPERM, .number = true },
	{ TIOCGPGRP, -ENOTTY, 0 },
	{ TIOCSPGRP, -ENOTTY, -ENOTTY },
	{ TIOCGSID, -ENOTTY, -ENOTTY },
	{ TIOCPKT, -ENOTTY, 0 },
	{ TIOCGPKT, -ENOTTY, 0 },
	{ TIOCSPTLCK, -ENOTTY, 0 },
	{ TIOCGPTLCK, -ENOTTY, 0 },
	{ TIOCGPTN, -ENOTTY, 0 },
	{ TIOCGPTPEER, -EIO, 0, .number = true, .arg = O_RDWR | O_NOCTTY },
	/* Of ports, which this has none of. */
	{ TIOCMGET, -ENOTTY, -ENOTTY },
	{ TIOCMSET, -ENOTTY, -ENOTTY },
	{ TIOCMBIS, -ENOTTY, -ENOTTY },
	{ TIOCMBIC, -ENOTTY, -ENOTTY },
	{ TIOCMIWAIT, -ENOTTY, -ENOTTY, .number = true },
	{ TIOCGICOUNT, -ENOTTY, -ENOTTY },
	{ TIOCGSERIAL, -ENOTTY, -ENOTTY },
	{ TIOCSERGETLSR, -ENOTTY, -ENOTTY },
	{ TIOCGRS485, -ENOTTY, -ENOTTY },
	{ TIOCGISO7816, -ENOTTY, -ENOTTY },
	/* These do not reach a terminal. */
	{ FIONBIO, 0, 0 },
	{ FIOASYNC, 0, 0 },
	{ FIONCLEX, 0, 0, .number = true },
	{ FIOCLEX, 0, 0, .number = true },
	{ FIOQSIZE, -ENOTTY, -ENOTTY },
};

static const struct known *find_known(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].cmd == cmd)
			return &known[i];
	}
	return NULL;
}

/* What only one of the ends may is not known at the other. */
static bool known_at_slave(unsigned int cmd)
{
	const struct known *k = find_known(cmd);

	return k && k->slave != -ECAPMODE;
}

static bool known_at_master(unsigned int cmd)
{
	const struct known *k = find_known(cmd);

	return k && k->master != -ECAPMODE;
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
	union {
		int i;
		uint64_t all[32];
	} room = { .all = { 0 } };
	uint64_t h = 0;
	unsigned int i;
	int ret;

	/* A descriptor that this makes goes with the process. */
	if (k->number)
		return RET(ioctl(op->fd, k->cmd, (unsigned long)k->arg));
	if (k->get)
		STEP(!ioctl(op->fd, k->get, &room));
	if (k->cmd == TIOCSPGRP)
		room.i = getpgrp();
	ret = RET(ioctl(op->fd, k->cmd, &room));
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(room.all); i++)
		MIX(h, room.all[i]);
	return h & INT_MAX;
}

/* What a command could have changed of a pseudo-terminal. */
static uint64_t terminal_state(const struct terminal *t)
{
	static const unsigned int get[] = {
		TCGETS, TIOCGLCKTRMIOS, TIOCGWINSZ, TIOCGETD, TIOCGEXCL,
		TIOCINQ, TIOCOUTQ, TIOCGPKT, TIOCGPTLCK, TIOCGPGRP,
	};
	const int fds[] = { t->slave, t->master };
	uint64_t room[8], h = 0;
	unsigned int i, j, end;

	for (end = 0; end < 2; end++) {
		for (i = 0; i < ARRAY_SIZE(get); i++) {
			memset(room, 0, sizeof(room));
			MIX(h, RET(ioctl(fds[end], get[i], room)));
			for (j = 0; j < ARRAY_SIZE(room); j++)
				MIX(h, room[j]);
		}
		MIX(h, fcntl(fds[end], F_GETFL));
		MIX(h, fcntl(fds[end], F_GETOWN));
	}
	return h;
}

TEST(all_commands)
{
	static const unsigned int types[] = { 'T', 't' };
	struct sweep *s = new_shared(sizeof(*s));
	struct terminal t = { .enter = false };
	struct known_op op;
	uint64_t state;
	unsigned int i, end;
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	ASSERT_TRUE(!!s);
	err = open_terminal(&t);
	if (err == -ENOENT)
		SKIP(return, "no terminals here");
	ASSERT_EQ(0, err);
	state = terminal_state(&t);
	for (end = 0; end < 2; end++) {
		for (i = 0; i < ARRAY_SIZE(types); i++) {
			*s = (struct sweep){
				.fd = end ? t.master : t.slave,
				.type = types[i],
				.is_known = end ? known_at_master :
						  known_at_slave,
			};
			EXPECT_EQ(0, capmode_run(try_unknown, s));
			EXPECT_LT(0x100 * 4 * 10, s->tried);
			EXPECT_EQ(0, s->missed) {
				TH_LOG("%s, first %#x: %d", end ? "master" :
				       "slave", s->cmd, s->ret);
			}
			EXPECT_EQ(state, terminal_state(&t));
		}
	}
	for (end = 0; end < 2; end++) {
		op.fd = end ? t.master : t.slave;
		for (i = 0; i < ARRAY_SIZE(known); i++) {
			int want = end ? known[i].master : known[i].slave;
			int outside, inside;

			/* Only one of the ends may. */
			if (want == -ECAPMODE)
				continue;
			op.k = &known[i];
			outside = in_child(try_known, &op);
			inside = capmode_run(try_known, &op);
			EXPECT_EQ(want, outside < 0 ? outside : 0) {
				TH_LOG("command %#x, end %u", op.k->cmd, end);
			}
			EXPECT_EQ(outside, inside) {
				TH_LOG("command %#x, end %u", op.k->cmd, end);
			}
		}
	}
	EXPECT_EQ(state, terminal_state(&t));
	close(t.slave);
	close(t.master);
	munmap(s, sizeof(*s));
}

/* The size of a window is its terminal's: who is there is told by a signal. */
TEST(foreground_signals)
{
	static const struct winsize size = { .ws_row = 7, .ws_col = 7 };
	struct terminal_op resize = { .cmd = TIOCSWINSZ, .arg = (long)&size };
	struct terminal_op interrupt = {
		.cmd = TIOCSIG, .arg = SIGINT, .master = true,
	};
	int outside;

	REQUIRE_CAPMODE();
	outside = in_child(terminal_op, &resize);
	if (outside == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(0, outside);
	EXPECT_EQ(0, in_child(terminal_op, &interrupt));
	resize.t.enter = true;
	interrupt.t.enter = true;
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &resize));
	EXPECT_EQ(-ECAPMODE, in_child(terminal_op, &interrupt));
	resize.master = true;
	EXPECT_EQ(0, in_child(terminal_op, &resize));
}

/*
 * Who reads in the background is stopped, and so is its whole group: 1 when the
 * other process there, which holds the signal back, got it as well.
 */
static int read_in_background(void *arg)
{
	struct terminal *t = arg;
	pid_t other, reader;
	siginfo_t info = {};
	sigset_t set;
	int ret;

	STEP(setsid() == getpid());
	ret = open_terminal(t);
	if (ret)
		return ret;
	STEP(!ioctl(t->slave, TIOCSCTTY, 0));
	sigemptyset(&set);
	sigaddset(&set, SIGTTIN);
	STEP(!sigprocmask(SIG_BLOCK, &set, NULL));
	other = victim();
	STEP(other > 0);
	STEP(!sigprocmask(SIG_UNBLOCK, &set, NULL));
	reader = fork();
	if (!reader) {
		char c;

		if (setpgid(0, other) || (t->enter && sys_cap_enter(0)))
			_exit(1);
		_exit(read(t->slave, &c, 1) < 0 ? 2 : 3);
	}
	STEP(reader > 0);
	STEP(!waitid(P_PID, reader, &info, WSTOPPED | WEXITED));
	STEP(info.si_code == CLD_STOPPED && info.si_status == SIGTTIN);
	ret = proc_status(other, "ShdPnd") != 0;
	bury(reader);
	bury(other);
	return ret;
}

TEST(background)
{
	struct terminal t = { .enter = false };
	int outside;

	REQUIRE_CAPMODE();
	outside = in_child(read_in_background, &t);
	if (outside == -ENOENT)
		SKIP(return, "no terminals here");
	EXPECT_EQ(1, outside);
	t.enter = true;
	EXPECT_EQ(0, in_child(read_in_background, &t));
}

/* ---- having the owner signalled ---- */

enum what { SETFL, FIO_ASYNC, NOTIFY, LEASE };

struct events {
	enum what what;
	int fd;
	int peer;	/* what is written here can be read there */
};

static int ask_for_events(void *arg)
{
	const struct events *e = arg;
	int on = 1, err;

	switch (e->what) {
	case SETFL:
		err = RET(fcntl(e->fd, F_SETFL, O_ASYNC));
		break;
	case FIO_ASYNC:
		err = RET(ioctl(e->fd, FIOASYNC, &on));
		break;
	case NOTIFY:
		return RET(fcntl(e->fd, F_NOTIFY, DN_CREATE));
	case LEASE:
		return RET(fcntl(e->fd, F_SETLEASE, F_RDLCK));
	default:
		return NO_RESULT;
	}
	STEP(write(e->peer, "x", 1) == 1);
	return err;
}

static int own_and_ask(void *arg)
{
	struct events e = *(struct events *)arg;

	STEP(!fcntl(e.fd, F_SETOWN, getpid()));
	came = 0;
	return ask_for_events(&e);
}

static int stop_events(void *arg)
{
	const struct events *e = arg;
	int off = 0;

	switch (e->what) {
	case SETFL:
		return RET(fcntl(e->fd, F_SETFL, 0));
	case FIO_ASYNC:
		return RET(ioctl(e->fd, FIOASYNC, &off));
	case NOTIFY:
		return RET(fcntl(e->fd, F_NOTIFY, 0));
	default:
		return RET(fcntl(e->fd, F_SETLEASE, F_UNLCK));
	}
}

FIXTURE(events)
{
	int sock[2];
	struct events e;
	char name[PATH_MAX];
};

FIXTURE_VARIANT(events)
{
	enum what what;
};

FIXTURE_VARIANT_ADD(events, f_setfl) { .what = SETFL };
FIXTURE_VARIANT_ADD(events, fioasync) { .what = FIO_ASYNC };
FIXTURE_VARIANT_ADD(events, f_notify) { .what = NOTIFY };
FIXTURE_VARIANT_ADD(events, f_setlease) { .what = LEASE };

FIXTURE_SETUP(events)
{
	struct events *e = &self->e;

	self->name[0] = 0;
	REQUIRE_CAPMODE();
	ASSERT_EQ(0, be_counter());
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->sock));
	e->what = variant->what;
	e->fd = self->sock[0];
	e->peer = self->sock[1];
	if (e->what == NOTIFY)
		e->fd = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->what == LEASE) {
		snprintf(self->name, sizeof(self->name), "%s/capmode-lease",
			 tmp_dir());
		close(open(self->name, O_CREAT | O_RDWR, 0600));
		e->fd = open(self->name, O_RDONLY | O_CLOEXEC);
	}
	ASSERT_LE(0, e->fd);
}

FIXTURE_TEARDOWN(events)
{
	if (self->name[0])
		unlink(self->name);
}

/* Who is the owner has not asked for them: nothing comes. */
TEST_F(events, of_another)
{
	struct events *e = &self->e;

	ASSERT_EQ(0, fcntl(e->fd, F_SETOWN, getpid()));
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_for_events, e));
	EXPECT_EQ(0, came);
	EXPECT_EQ(0, fcntl(e->fd, F_GETFL) & O_ASYNC);
	/* The group is not one's own, even where one is in it. */
	ASSERT_EQ(0, fcntl(e->fd, F_SETOWN, -getpgrp()));
	EXPECT_EQ(-ECAPMODE, capmode_run(ask_for_events, e));
	EXPECT_EQ(0, came);
	/* Whoever is outside may. */
	ASSERT_EQ(0, fcntl(e->fd, F_SETOWN, getpid()));
	EXPECT_EQ(0, in_child(ask_for_events, e));
	EXPECT_EQ(e->what == SETFL || e->what == FIO_ASYNC, came);
	/* To be left in peace can be asked by anybody. */
	EXPECT_EQ(0, capmode_run(stop_events, e));
}

TEST_F(events, own)
{
	EXPECT_BOTH(own_and_ask, &self->e);
}

TEST_HARNESS_MAIN
