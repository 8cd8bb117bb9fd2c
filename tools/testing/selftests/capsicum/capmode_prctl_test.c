// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: prctl(2), arch_prctl(2) and personality(2). Options that are
 * about the caller go on to work; all others are refused, known or not.
 */
#include "victims.h"

#include <sys/personality.h>
#include <sys/utsname.h>

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE	62
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV	0x41555856
#endif
#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER	0x59616d61
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA	0x53564d41
#endif

struct option {
	long nr;
	unsigned long arg2, arg3, arg4, arg5;
};

static int do_prctl(void *arg)
{
	const struct option *o = arg;

	return RET(syscall(__NR_prctl, o->nr, o->arg2, o->arg3, o->arg4,
			   o->arg5));
}

/* Bad arguments to all of them, so that nothing happens but the judgement. */
#define BAD	~7UL

/*
 * The numbers below 100, of which the list has these; with arguments that make
 * nearly all of them fail. See __capmode_check_prctl().
 */
static const unsigned char allowed[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22,
	23, 24, 25, 26, 27, 28, 29, 30, 33, 34, 37, 38, 39, 40, 41, 42, 45, 46,
	47, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 63, 64, 65, 66, 67,
	68, 69, 70, 71, 72, 73,
};

static bool is_allowed(long nr)
{
	return memchr(allowed, nr, sizeof(allowed));
}

TEST(every_option)
{
	struct option o = { 0, BAD, BAD, BAD, BAD };
	int ret;

	REQUIRE_CAPMODE();
	for (o.nr = 0; o.nr < 256; o.nr++) {
		ret = capmode_run(do_prctl, &o);
		EXPECT_LT(NO_ERRNO, ret)
			TH_LOG("option %ld", o.nr);
		EXPECT_EQ(!is_allowed(o.nr), ret == -ECAPMODE)
			TH_LOG("option %ld: %d", o.nr, ret);
		EXPECT_ANSWER(in_child(do_prctl, &o))
			TH_LOG("option %ld outside", o.nr);
	}
}

/* Known and unknown ones that are far away, of LSMs and of architectures. */
TEST(far_options)
{
	static const long refused[] = {
		PR_SET_PTRACER, 0x41555857, 0x53564d40, 0x53564d42, 0x43415000,
		0x43415005, -1, 0x7fffffff, -0x7fffffff - 1,
	};
	static const long open[] = {
		PR_GET_AUXV, PR_SET_VMA, PR_SET_CAPMODE_TRAP,
		PR_GET_CAPMODE_TRAP, PR_SET_OPENAT_BENEATH,
		PR_GET_OPENAT_BENEATH,
	};
	struct option o = { 0, BAD, BAD, BAD, BAD };
	size_t i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		o.nr = refused[i];
		EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o))
			TH_LOG("option %#lx", o.nr);
		EXPECT_ANSWER(in_child(do_prctl, &o))
			TH_LOG("option %#lx outside", o.nr);
	}
	for (i = 0; i < ARRAY_SIZE(open); i++) {
		o.nr = open[i];
		EXPECT_ANSWER(capmode_run(do_prctl, &o))
			TH_LOG("option %#lx", o.nr);
	}
}

/* The kernel takes 32 bits of the option, and so does the judgement. */
TEST(upper_half_of_option)
{
	struct option o = { (long)(1ULL << 32) | PR_GET_DUMPABLE };

	REQUIRE_CAPMODE();
	if (sizeof(long) == 4)
		SKIP(return, "registers have no upper half");
	EXPECT_BOTH(do_prctl, &o);
	o.nr = (long)(1ULL << 32) | PR_SET_MM;
	EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
	EXPECT_ANSWER(in_child(do_prctl, &o));
}

/* What names something, with arguments that are right. */
TEST(names)
{
	struct option mm = { PR_SET_MM, 8 /* PR_SET_MM_ARG_START */ };
	struct option tracer = { PR_SET_PTRACER, getpid() };

	REQUIRE_CAPMODE();
	EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &mm));
	EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &tracer));
	tracer.arg2 = -1;
	EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &tracer));
	tracer.arg2 = 0;
	EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &tracer));
}

/* Cores are shared with whom the third argument and the scope name. */
TEST(sched_core)
{
	static const unsigned long commands[] = { 0, 1, 2, 3 };
	struct option o = { PR_SCHED_CORE };
	pid_t other;
	size_t i;

	REQUIRE_CAPMODE();
	other = victim();
	ASSERT_LT(0, other);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		o.arg2 = commands[i];
		/* Oneself: whatever this kernel and machine say. */
		o.arg3 = 0;
		for (o.arg4 = 0; o.arg4 < 2; o.arg4++)
			EXPECT_ANSWER(capmode_run(do_prctl, &o));
		/* The group, also by what only looks like a thread. */
		for (o.arg4 = 2; o.arg4 < 5; o.arg4++)
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
		if (sizeof(long) == 8) {
			o.arg4 = (unsigned long)(1ULL << 32);
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
			o.arg4 = (unsigned long)(1ULL << 32) | 2;
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
		}
		/* Others, also with something above the number. */
		for (o.arg4 = 0; o.arg4 < 2; o.arg4++) {
			o.arg3 = other;
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
			EXPECT_ANSWER(in_child(do_prctl, &o));
			o.arg3 = (unsigned int)other |
				 (unsigned long)(1ULL << 32);
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
			o.arg3 = NO_PID;
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
			o.arg3 = -1;
			EXPECT_EQ(-ECAPMODE, capmode_run(do_prctl, &o));
		}
	}
	bury(other);
}

/* What programs use. */
static int set_own(void *arg)
{
	char name[16] = "";

	STEP(!prctl(PR_SET_NAME, "capmode"));
	STEP(!prctl(PR_GET_NAME, name) && !strcmp(name, "capmode"));
	STEP(!prctl(PR_SET_DUMPABLE, 0));
	STEP(!prctl(PR_GET_DUMPABLE));
	STEP(!prctl(PR_SET_PDEATHSIG, SIGKILL));
	STEP(!prctl(PR_SET_TIMERSLACK, 100000));
	STEP(prctl(PR_GET_TIMERSLACK) == 100000);
	STEP(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	STEP(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return 0;
}

TEST(own_settings)
{
	REQUIRE_CAPMODE();
	EXPECT_BOTH(set_own, NULL);
}

/*
 * It could not wait for the orphans that come to it, and those that its
 * descendants outside leave would be kept from who can.
 */
static int become_reaper(void *arg)
{
	int is = -1, ret = RET(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));

	STEP(!prctl(PR_GET_CHILD_SUBREAPER, &is));
	STEP(is == !ret);
	return ret;
}

TEST(reaper)
{
	REQUIRE_CAPMODE();
	EXPECT_ECAPMODE(become_reaper, NULL);
}

/* ---- the execution domain ---- */

struct domain {
	unsigned int from, to;
	unsigned long upper;	/* half of what is called with, where it has one */
	bool gate;
};

static int change_domain(void *arg)
{
	const struct domain *d = arg;
	int ret;

	if (d->gate)
		ret = int80(136, d->to, 0, 0, 0, 0, 0);
	else
		ret = RET(syscall(__NR_personality, d->upper | d->to));
	if (ret < 0) {
		STEP(syscall(__NR_personality, 0xffffffff) == d->from);
		return ret;
	}
	STEP((unsigned int)ret == d->from);
	STEP(syscall(__NR_personality, 0xffffffff) ==
	     (d->to == 0xffffffff ? d->from : d->to));
	return 0;
}

static int from_domain(void *arg)
{
	const struct domain *d = arg;

	STEP(syscall(__NR_personality, d->from) >= 0);
	return change_domain(arg);
}

/* As capmode_run(), but what is left is chosen before. */
static int enter_in_domain(void *arg)
{
	const struct domain *d = arg;

	STEP(syscall(__NR_personality, d->from) >= 0);
	STEP(!sys_cap_enter(0));
	return change_domain(arg);
}

TEST(execution_domain)
{
	static const unsigned int refused[] = {
		ADDR_NO_RANDOMIZE, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT,
		READ_IMPLIES_EXEC, ADDR_LIMIT_32BIT, SHORT_INODE,
		WHOLE_SECONDS, STICKY_TIMEOUTS, ADDR_LIMIT_3GB, UNAME26,
		FDPIC_FUNCPTRS, PER_SVR4, PER_BSD, PER_LINUX32_3GB,
		PER_LINUX32 | READ_IMPLIES_EXEC, PER_LINUX | 0x40000000,
		0x7fffffff,
	};
	struct domain d = { .from = PER_LINUX };
	size_t i;

	REQUIRE_CAPMODE();
	for (d.gate = false; ; d.gate = true) {
		for (i = 0; i < ARRAY_SIZE(refused); i++) {
			d.from = PER_LINUX;
			d.to = refused[i];
			EXPECT_EQ(-ECAPMODE, in_child(enter_in_domain, &d))
				TH_LOG("to %#x", d.to);
			EXPECT_EQ(0, in_child(from_domain, &d))
				TH_LOG("to %#x outside", d.to);
			/* Nor back: it may be that which confines. */
			d.from = refused[i];
			d.to = PER_LINUX;
			EXPECT_EQ(-ECAPMODE, in_child(enter_in_domain, &d))
				TH_LOG("from %#x", d.from);
			/* What it is can be asked, and be set again. */
			d.to = 0xffffffff;
			EXPECT_EQ(0, in_child(enter_in_domain, &d));
			d.to = d.from;
			EXPECT_EQ(0, in_child(enter_in_domain, &d));
		}
		d.from = PER_LINUX;
		d.to = PER_LINUX32;
		EXPECT_EQ(0, in_child(enter_in_domain, &d));
		d.from = PER_LINUX32;
		d.to = PER_LINUX;
		EXPECT_EQ(0, in_child(enter_in_domain, &d));
		d.from = PER_LINUX | ADDR_NO_RANDOMIZE;
		d.to = PER_LINUX32 | ADDR_NO_RANDOMIZE;
		EXPECT_EQ(0, in_child(enter_in_domain, &d));
		d.to = PER_LINUX32;
		EXPECT_EQ(-ECAPMODE, in_child(enter_in_domain, &d));
		if (d.gate || !have_int80())
			break;
	}
	if (sizeof(long) == 4)
		return;
	/* The kernel takes 32 bits of it. */
	d = (struct domain){ .from = PER_LINUX, .upper = ~0UL << 16 << 16 };
	d.to = ADDR_NO_RANDOMIZE;
	EXPECT_EQ(-ECAPMODE, in_child(enter_in_domain, &d));
	EXPECT_EQ(0, in_child(from_domain, &d));
	d.to = PER_LINUX32;
	EXPECT_EQ(0, in_child(enter_in_domain, &d));
}

/* ---- arch_prctl ---- */

#ifdef __NR_arch_prctl
static int do_arch_prctl(void *arg)
{
	const struct option *o = arg;

	return RET(syscall(__NR_arch_prctl, o->nr, o->arg2));
}

static int gate_arch_prctl(void *arg)
{
	const struct option *o = arg;

	return int80(384, o->nr, o->arg2, 0, 0, 0, 0);
}

TEST(arch_options)
{
	static const long refused[] = {
		0, -1, 0x1000, 0x1005, 0x1010, 0x1013, 0x1020, 0x1026,
		0x2001, 0x2002, 0x2003,		/* ARCH_MAP_VDSO_* */
		0x4000, 0x4004,			/* ARCH_FORCE_TAGGED_SVA */
		0x5000, 0x5004,			/* ARCH_SHSTK_UNLOCK */
		0x5006, 0x7fffffff,
	};
	static const long open[] = {
		0x1001, 0x1002, 0x1003, 0x1004, 0x1011, 0x1012, 0x1021, 0x1022,
		0x1023, 0x1024, 0x1025, 0x4001, 0x4002, 0x4003, 0x5001, 0x5002,
		0x5003, 0x5005,
	};
	struct option o = { .arg2 = BAD };
	size_t i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		o.nr = refused[i];
		EXPECT_EQ(-ECAPMODE, capmode_run(do_arch_prctl, &o))
			TH_LOG("option %#lx", o.nr);
		EXPECT_ANSWER(in_child(do_arch_prctl, &o))
			TH_LOG("option %#lx outside", o.nr);
		if (have_int80())
			EXPECT_EQ(-ECAPMODE, capmode_run(gate_arch_prctl, &o))
				TH_LOG("option %#lx by the gate", o.nr);
	}
	for (i = 0; i < ARRAY_SIZE(open); i++) {
		o.nr = open[i];
		EXPECT_ANSWER(capmode_run(do_arch_prctl, &o))
			TH_LOG("option %#lx", o.nr);
		if (have_int80())
			EXPECT_ANSWER(capmode_run(gate_arch_prctl, &o))
				TH_LOG("option %#lx by the gate", o.nr);
	}
	if (sizeof(long) == 4)
		return;
	/* The kernel takes 32 bits of it. */
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		o.nr = (long)(1ULL << 32 | (uint32_t)refused[i]);
		EXPECT_EQ(-ECAPMODE, capmode_run(do_arch_prctl, &o))
			TH_LOG("option %#lx", o.nr);
	}
	for (i = 0; i < ARRAY_SIZE(open); i++) {
		o.nr = (long)(1ULL << 32 | (uint32_t)open[i]);
		EXPECT_ANSWER(capmode_run(do_arch_prctl, &o))
			TH_LOG("option %#lx", o.nr);
	}
}
#endif

TEST_HARNESS_MAIN
