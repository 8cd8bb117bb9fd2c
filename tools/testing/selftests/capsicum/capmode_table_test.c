// SPDX-License-Identifier: GPL-2.0
/*
 * The table of capability mode: what each system call of each ABI gets at the
 * door, and, for calls that would reach something global, that they do so
 * outside and not inside.
 */
#include "capmode.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>

/* ---- every number there is ---- */

struct call {
	long nr;
	const char *name;
	bool allow;
};

enum { deny, allow };

/*
 * NATIVE(number, name, verdict), and I386() and X32() for the other ABIs of x86,
 * made from security/capsicum/capmode.tbl; see the Makefile.
 */
#define NATIVE(...)	{ __VA_ARGS__ },
#define I386(...)
#define X32(...)
static const struct call native_calls[] = {
#include "capmode_table.h"
};

#undef NATIVE
#undef I386
#define NATIVE(...)
#define I386(...)	{ __VA_ARGS__ },
static const struct call i386_calls[] = {
#include "capmode_table.h"
};

#undef I386
#undef X32
#define I386(...)
#define X32(...)	{ __VA_ARGS__ },
static const struct call x32_calls[] = {
#include "capmode_table.h"
};

static long native_call(long nr, const long *a)
{
	return RET(syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static long i386_call(long nr, const long *a)
{
	return int80(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long x32_call(long nr, const long *a)
{
	return native_call(X32_BIT | nr, a);
}

struct abi {
	const char *name;
	const struct call *calls;
	unsigned int n;
	long (*call)(long nr, const long *args);
};

static const struct abi native_abi = {
	"native", native_calls, ARRAY_SIZE(native_calls), native_call,
};

static const struct abi i386_abi = {
	"int80", i386_calls, ARRAY_SIZE(i386_calls), i386_call,
};

static const struct abi x32_abi = {
	"x32", x32_calls, ARRAY_SIZE(x32_calls), x32_call,
};

#define OWN	(-77)	/* the own process */

/*
 * Arguments for calls that the mode judges by them, so that they are let
 * through; everything else is called with -1 for all: no descriptor, no address,
 * no flags that are known.
 */
static const struct {
	const char *name;
	long args[6];
} call_args[] = {
	{ "arch_prctl", { 0x1003, -1 } },	/* ARCH_GET_FS */
	{ "capget", { -1, -1 } },
	{ "clock_adjtime", { 0, -1 } },
	{ "clone", { SIGCHLD } },
	{ "get_robust_list", { 0, -1, -1 } },
	{ "getpgid", { 0 } },
	{ "getpriority", { 0, 0 } },
	{ "getsid", { 0 } },
	{ "ioprio_get", { 1, 0 } },
	{ "ioprio_set", { 1, 0, 0 } },
	{ "kill", { OWN, 0 } },
	{ "migrate_pages", { 0, 0, -1, -1 } },
	{ "move_pages", { 0, 0, -1, -1, -1, 0 } },
	{ "personality", { 0xffffffff } },
	{ "pidfd_open", { OWN, 0 } },
	{ "prctl", { PR_GET_DUMPABLE } },
	{ "prlimit64", { 0, 0, 0, 0 } },
	{ "rt_sigqueueinfo", { OWN, 0, -1 } },
	{ "rt_tgsigqueueinfo", { OWN, OWN, 0, -1 } },
	{ "sched_get_priority_max", { 0 } },
	{ "sched_getaffinity", { 0, 0, -1 } },
	{ "sched_getattr", { 0, -1, 48, 0 } },
	{ "sched_getparam", { 0, -1 } },
	{ "sched_getscheduler", { 0 } },
	{ "sched_rr_get_interval", { 0, -1 } },
	{ "sched_rr_get_interval_time64", { 0, -1 } },
	{ "sched_setaffinity", { 0, 8, -1 } },
	{ "sched_setattr", { 0, -1, 0 } },
	{ "sched_setparam", { 0, -1 } },
	{ "sched_setscheduler", { 0, 0, -1 } },
	{ "setpgid", { 0, 0 } },
	{ "setpriority", { 0, 0, 0 } },
	{ "sigsuspend", { 0, 0, 0 } },
	{ "socket", { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socketpair", { AF_UNIX, SOCK_STREAM, 0, -1 } },
	{ "tgkill", { OWN, OWN, 0 } },
	{ "tkill", { OWN, 0 } },
	{ "unshare", { 0 } },
	{ "waitid", { P_PIDFD, -1, -1, WEXITED, -1 } },
};

/* The other CPU clocks name a process; CLOCK_MONOTONIC is everybody's. */
static bool takes_clock(const char *name)
{
	return !strncmp(name, "clock_", 6) || !strcmp(name, "timer_create");
}

static void args_of(const char *name, long *args)
{
	unsigned int i, j;

	for (j = 0; j < 6; j++)
		args[j] = -1;
	if (takes_clock(name))
		args[0] = CLOCK_MONOTONIC;
	for (i = 0; i < ARRAY_SIZE(call_args); i++) {
		if (strcmp(call_args[i].name, name))
			continue;
		for (j = 0; j < 6; j++)
			args[j] = call_args[i].args[j] == OWN ?
				  getpid() : call_args[i].args[j];
	}
}

/* Calls that do not come back, or not by themselves. */
static bool sleeps(const char *name)
{
	return !strcmp(name, "pause") || !strcmp(name, "sigsuspend");
}

static bool ends(const char *name)
{
	return !strcmp(name, "exit") || !strcmp(name, "exit_group") ||
	       !strcmp(name, "rt_sigreturn") || !strcmp(name, "sigreturn");
}

struct one_call {
	const struct abi *abi;
	const struct call *call;
};

static int make_call(void *arg)
{
	struct itimerval soon = { .it_value.tv_usec = 10000,
				  .it_interval.tv_usec = 10000 };
	const struct one_call *c = arg;
	pid_t pid = getpid();
	long args[6], ret;

	args_of(c->call->name, args);
	if (sleeps(c->call->name) && c->call->allow)
		setitimer(ITIMER_REAL, &soon, NULL);
	/* Its child would return into what is no longer there: not by hand. */
	if (!strcmp(c->call->name, "vfork")) {
		ret = vfork();
		if (!ret)
			_exit(0);
		return ret < 0 ? -errno : 0;
	}
	ret = c->abi->call(c->call->nr, args);
	if (getpid() != pid)
		_exit(0);
	return ret < 0 && ret > -4096 ? ret : 0;
}

/* What came of it, as one of these. */
static bool is_refused(int ret)
{
	return ret == -ECAPMODE;
}

static bool came_back(const struct call *call, int ret)
{
	if (ends(call->name))
		return ret == NO_RESULT || ret == KILLED_BY(SIGSEGV);
	if (sleeps(call->name))
		return ret == KILLED_BY(SIGALRM) || ret == -EINTR;
	return ret > -4096;
}

static void check_table(struct __test_metadata *_metadata,
			const struct abi *abi)
{
	unsigned int i, refused = 0, passed = 0;

	for (i = 0; i < abi->n; i++) {
		struct one_call c = { abi, &abi->calls[i] };
		int ret = capmode_run(make_call, &c);

		if (c.call->allow) {
			EXPECT_TRUE(!is_refused(ret) && came_back(c.call, ret))
				TH_LOG("%s: %s (%ld) is allowed: %d", abi->name,
				       c.call->name, c.call->nr, ret);
			passed += !is_refused(ret);
		} else {
			EXPECT_EQ(-ECAPMODE, ret)
				TH_LOG("%s: %s (%ld) is denied: %d", abi->name,
				       c.call->name, c.call->nr, ret);
			refused += is_refused(ret);
		}
	}
	/* That it has been a table. */
	EXPECT_LT(100, refused);
	EXPECT_LT(150, passed);
	TH_LOG("%s: %u refused, %u passed", abi->name, refused, passed);
}

/* Nothing of this is ECAPMODE because the call is called like that. */
static void check_outside(struct __test_metadata *_metadata,
			  const struct abi *abi)
{
	unsigned int i;

	for (i = 0; i < abi->n; i++) {
		struct one_call c = { abi, &abi->calls[i] };
		int ret;

		/* Those that would do something, even so. */
		if (!strcmp(c.call->name, "sync") ||
		    !strcmp(c.call->name, "vhangup") ||
		    !strcmp(c.call->name, "pause") ||
		    !strcmp(c.call->name, "sigsuspend"))
			continue;
		ret = in_child(make_call, &c);
		EXPECT_FALSE(is_refused(ret))
			TH_LOG("%s: %s (%ld) outside", abi->name, c.call->name,
			       c.call->nr);
	}
}

static bool in_table(const struct abi *abi, long nr)
{
	unsigned int i;

	for (i = 0; i < abi->n; i++) {
		if (abi->calls[i].nr == nr)
			return true;
	}
	return false;
}

struct number {
	const struct abi *abi;
	long nr;
};

/* What has no name is denied; a sequence of them, since nothing happens. */
static int call_number(void *arg)
{
	const long args[6] = { -1, -1, -1, -1, -1, -1 };
	const struct number *n = arg;

	return n->abi->call(n->nr, args);
}

static int call_gaps(void *arg)
{
	const struct abi *abi = arg;
	struct number n = { .abi = abi };
	int seen = 0;

	/* Past every table: the last words of the bitmaps and behind. */
	for (n.nr = CAP_NR_BASE; n.nr < CAP_NR_BASE + 4096; n.nr++) {
		if (in_table(abi, n.nr))
			continue;
		if (call_number(&n) != -ECAPMODE)
			return BROKE_AT(n.nr);
		seen++;
	}
	return seen;
}

static void check_gaps(struct __test_metadata *_metadata, const struct abi *abi)
{
	static const long far[] = {
		-1, -2, -64, -4096, 0x10000, 0x100000, 0x1000000, 0x0fffffff,
		0x1fffffff, 0x3fffffff, -0x7fffffff - 1, -0x7ffffffe,
		-0x7fffffd9, -0x40000001, 0x7fffffff, 0x20000027,
	};
	struct number n = { .abi = abi };
	unsigned int i;

	EXPECT_LT(3000, capmode_run(call_gaps, (void *)abi))
		TH_LOG("%s", abi->name);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		n.nr = far[i];
		EXPECT_ANSWER(in_child(call_number, &n));
		EXPECT_EQ(-ECAPMODE, capmode_run(call_number, &n))
			TH_LOG("%s: number %ld (%#lx)", abi->name, n.nr, n.nr);
	}
}

TEST(by_number)
{
	REQUIRE_CAPMODE();
	check_table(_metadata, &native_abi);
}

TEST(by_number_outside)
{
	REQUIRE_CAPMODE();
	check_outside(_metadata, &native_abi);
}

TEST(by_number_no_such_call)
{
	REQUIRE_CAPMODE();
	check_gaps(_metadata, &native_abi);
}

TEST(by_number_int80)
{
	REQUIRE_CAPMODE();
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	check_table(_metadata, &i386_abi);
	check_outside(_metadata, &i386_abi);
}

TEST(by_number_int80_no_such_call)
{
	REQUIRE_CAPMODE();
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	check_gaps(_metadata, &i386_abi);
}

TEST(by_number_x32)
{
	REQUIRE_CAPMODE();
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	check_table(_metadata, &x32_abi);
	check_outside(_metadata, &x32_abi);
}

/* No far ones: with the bit, they are the same or those of the others. */
TEST(by_number_x32_no_such_call)
{
	REQUIRE_CAPMODE();
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	EXPECT_LT(3000, capmode_run(call_gaps, (void *)&x32_abi));
}

/*
 * The same number is another call through the other gate: what is allowed by
 * one name must not be let through for the other.
 */
static int fork_int80(void *arg)
{
	pid_t pid = getpid();
	int ret = int80(2, 0, 0, 0, 0, 0, 0);	/* fork, natively open */

	if (getpid() != pid)
		_exit(0);
	return ret;
}

static int open_int80(void *arg)
{
	char *path = low_page();

	STEP(path);
	snprintf(path, 4096, "/");
	/* open, natively fstat */
	return int80(5, (uintptr_t)path, O_RDONLY, 0, 0, 0, 0);
}

static int unlink_int80(void *arg)
{
	char *path = low_page();
	int fd;

	STEP(path);
	snprintf(path, 4096, "%s", (char *)arg);
	fd = open(path, O_RDONLY | O_CREAT, 0600);
	STEP(fd >= 0 || errno == ECAPMODE);
	/* unlink, natively mprotect */
	return int80(10, (uintptr_t)path, 0, 0, 0, 0, 0);
}

static int mprotect_native(void *arg)
{
	void *page = low_page();

	STEP(page);
	return RET(syscall(__NR_mprotect, page, 4096, PROT_READ));
}

TEST(numbers_of_two_gates)
{
	char name[PATH_MAX];

	REQUIRE_CAPMODE();
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	snprintf(name, sizeof(name), "%s/capmode-int80", tmp_dir());
	EXPECT_LE(0, capmode_run(fork_int80, NULL));
	EXPECT_ECAPMODE(open_int80, NULL);
	EXPECT_ECAPMODE(unlink_int80, name);
	EXPECT_EQ(0, capmode_run(mprotect_native, NULL));
	unlink(name);
}

/* The kernel looks at 32 bits of the number, and so does the door. */
static int upper_half(void *arg)
{
	long upper = (long)(1ULL << 32);
	char buf[PATH_MAX];

	STEP(syscall(upper | __NR_getpid) == getpid());
	return RET(syscall(upper | __NR_getcwd, buf, sizeof(buf)));
}

TEST(upper_half_of_number)
{
	REQUIRE_CAPMODE();
	if (sizeof(long) == 4 || !have_int80())
		SKIP(return, "only x86-64 takes numbers like that");
	EXPECT_ECAPMODE(upper_half, NULL);
}

/* ---- the other gates of one's own ABI ---- */

#if defined(__i386__)

/* What the C library would call: sysenter or syscall, as the machine has it. */
static long vdso_call(long nr, long a, long b)
{
	unsigned long gate = getauxval(AT_SYSINFO);
	long ret;

	asm volatile("call *%[gate]"
		     : "=a" (ret)
		     : "0" (nr), "b" (a), "c" (b), [gate] "S" (gate)
		     : "memory", "cc", "edx");
	return ret;
}

static int by_vdso(void *arg)
{
	char buf[PATH_MAX];

	STEP(vdso_call(__NR_getpid, 0, 0) == getpid());
	return vdso_call(__NR_getcwd, (long)buf, sizeof(buf));
}

static int by_int80(void *arg)
{
	char buf[PATH_MAX];
	long ret;

	asm volatile("int $0x80" : "=a" (ret)
		     : "0" (__NR_getcwd), "b" (buf), "c" (sizeof(buf))
		     : "memory", "cc");
	return ret;
}

TEST(gates)
{
	REQUIRE_CAPMODE();
	EXPECT_ECAPMODE(by_int80, NULL);
	if (!getauxval(AT_SYSINFO))
		SKIP(return, "no gate in the vDSO");
	EXPECT_ECAPMODE(by_vdso, NULL);
}

#elif defined(__x86_64__)

/*
 * The page of old, whose calls the kernel emulates: they pass the door as well,
 * and all of them are allowed.
 */
static int by_vsyscall(void *arg)
{
	time_t (*vtime)(time_t *t) = (void *)0xffffffffff600400UL;

	return vtime(NULL) > 0 ? 1 : -EINVAL;
}

TEST(gates)
{
	REQUIRE_CAPMODE();
	if (in_child(by_vsyscall, NULL) == KILLED_BY(SIGSEGV))
		SKIP(return, "no vsyscall page");
	EXPECT_BOTH(by_vsyscall, NULL);
}

#endif

/* ---- real ones: they work outside, as root, and not inside ---- */

struct world {
	char dir[PATH_MAX];	/* of its own */
	char file[PATH_MAX + 8];
	char sub[PATH_MAX + 8];
	char no[PATH_MAX + 8];	/* not there */
	int dirfd;
	int shm, sem, msg;	/* SysV objects, -1 where there are none */
	void *mapped;		/* one of shared memory */
	pid_t victim;		/* a child that sleeps */
	int ns;
	int fs, mnt;		/* for what takes a mount that is held */
	int group;		/* of fanotify */
	int pidfd;		/* of the victim */
	struct file_handle *handle;
	int mount_id;
	char victim_mem[8];
};

FIXTURE(real)
{
	struct world w;
	int hold;	/* the victim ends when this is closed */
};

static uint64_t handle_mem[(sizeof(struct file_handle) + MAX_HANDLE_SZ) / 8];

FIXTURE_SETUP(real)
{
	struct world *w = &self->w;
	int hold[2];

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "%s/capmode-table.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(w->dir));
	snprintf(w->file, sizeof(w->file), "%s/file", w->dir);
	snprintf(w->sub, sizeof(w->sub), "%s/sub", w->dir);
	snprintf(w->no, sizeof(w->no), "%s/no", w->dir);
	ASSERT_EQ(0, mkdir(w->sub, 0700));
	ASSERT_EQ(0, close(RET(open(w->file, O_CREAT | O_WRONLY, 0600))));
	w->dirfd = RET(open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ASSERT_LE(0, w->dirfd);
	w->shm = RET(shmget(IPC_PRIVATE, 4096, 0600));
	w->sem = RET(semget(IPC_PRIVATE, 1, 0600));
	w->msg = RET(msgget(IPC_PRIVATE, 0600));
	w->mapped = w->shm >= 0 ? shmat(w->shm, NULL, 0) : NULL;

	ASSERT_EQ(0, pipe(hold));
	w->victim = fork();
	ASSERT_LE(0, w->victim);
	if (!w->victim) {
		char c;

		close(hold[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	self->hold = hold[1];

	w->handle = (struct file_handle *)handle_mem;
	w->handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, w->file, w->handle, &w->mount_id, 0))
		w->handle = NULL;
}

FIXTURE_TEARDOWN(real)
{
	struct world *w = &self->w;
	int status;

	close(self->hold);
	waitpid(w->victim, &status, 0);
	if (w->shm >= 0)
		shmctl(w->shm, IPC_RMID, NULL);
	if (w->sem >= 0)
		semctl(w->sem, 0, IPC_RMID);
	if (w->msg >= 0)
		msgctl(w->msg, IPC_RMID, NULL);
	unlink(w->file);
	rmdir(w->sub);
	unlink(w->no);
	rmdir(w->no);
	rmdir(w->dir);
}

/* REAL(name): a function of the world, for an attempt of its own. */
#define REAL(name)	static int real_##name(void *arg)
#define W		((struct world *)arg)

/*
 * ATTEMPT(name) - works outside, and is refused inside without a trace
 *
 * Kernels are built without this or that: there it is not refused, but told.
 */
static void attempt(struct __test_metadata *_metadata, struct world *w,
		    const char *name, int (*fn)(void *))
{
	struct stat before, after;
	int outside, inside;

	/* Inside first: it must not find what the other has left. */
	stat(w->dir, &before);
	inside = capmode_run(fn, w);
	stat(w->dir, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)))
		TH_LOG("%s has changed the directory", name);
	EXPECT_EQ(-ECAPMODE, inside)
		TH_LOG("%s in capability mode", name);
	outside = in_child(fn, w);
	if (outside == -ENOSYS || outside == -EOPNOTSUPP)
		TH_LOG("%s: this kernel has none of it (%d)", name, outside);
	else
		EXPECT_LE(0, outside)
			TH_LOG("%s outside", name);
}

#define ATTEMPT(name) \
	attempt(_metadata, &self->w, #name, real_##name)

/* Files by path. */

#ifdef __NR_open
#ifdef __NR_chown32
#define NR_CHOWN	__NR_chown32
#define NR_LCHOWN	__NR_lchown32
#else
#define NR_CHOWN	__NR_chown
#define NR_LCHOWN	__NR_lchown
#endif

REAL(open)
{
	return RET(syscall(__NR_open, W->file, O_RDONLY));
}

REAL(open_creat)
{
	int fd = RET(syscall(__NR_open, W->no, O_RDWR | O_CREAT, 0600));

	if (fd >= 0)
		unlink(W->no);
	return fd;
}

REAL(creat)
{
	int fd = RET(syscall(__NR_creat, W->no, 0600));

	if (fd >= 0)
		unlink(W->no);
	return fd;
}

REAL(stat)
{
	char buf[512];

	return RET(syscall(__NR_stat, W->file, buf));
}

REAL(lstat)
{
	char buf[512];

	return RET(syscall(__NR_lstat, W->file, buf));
}

REAL(access)
{
	return RET(syscall(__NR_access, W->file, R_OK));
}

REAL(readlink)
{
	char buf[PATH_MAX];

	return RET(syscall(__NR_readlink, "/proc/self", buf, sizeof(buf)));
}

REAL(mkdir)
{
	int err = RET(syscall(__NR_mkdir, W->no, 0700));

	if (!err)
		rmdir(W->no);
	return err;
}

REAL(rmdir)
{
	int err = RET(syscall(__NR_rmdir, W->sub));

	if (!err)
		mkdir(W->sub, 0700);
	return err;
}

REAL(unlink)
{
	int err = RET(syscall(__NR_unlink, W->file));

	if (!err)
		close(open(W->file, O_CREAT | O_WRONLY, 0600));
	return err;
}

REAL(rename)
{
	int err = RET(syscall(__NR_rename, W->file, W->no));

	if (!err)
		rename(W->no, W->file);
	return err;
}

REAL(link)
{
	int err = RET(syscall(__NR_link, W->file, W->no));

	if (!err)
		unlink(W->no);
	return err;
}

REAL(symlink)
{
	int err = RET(syscall(__NR_symlink, "file", W->no));

	if (!err)
		unlink(W->no);
	return err;
}

REAL(mknod)
{
	int err = RET(syscall(__NR_mknod, W->no, S_IFIFO | 0600, 0));

	if (!err)
		unlink(W->no);
	return err;
}

REAL(chmod)
{
	return RET(syscall(__NR_chmod, W->dir, 0711));
}

REAL(chown)
{
	return RET(syscall(NR_CHOWN, W->dir, 1, 1));
}

REAL(lchown)
{
	return RET(syscall(NR_LCHOWN, W->dir, 2, 2));
}

REAL(utime)
{
	return RET(syscall(__NR_utime, W->dir, NULL));
}

REAL(utimes)
{
	return RET(syscall(__NR_utimes, W->dir, NULL));
}

REAL(uselib)
{
#ifdef __NR_uselib
	int ret = RET(syscall(__NR_uselib, W->file));

	/* No format of today takes it. */
	return ret == -ENOEXEC || ret == -EACCES ? 0 : ret;
#else
	return -ENOSYS;
#endif
}
#endif /* __NR_open */

REAL(truncate)
{
	return RET(syscall(__NR_truncate, W->file, 0));
}

REAL(statfs)
{
	char buf[512];

	return RET(syscall(__NR_statfs, W->dir, buf));
}

REAL(setxattr)
{
	int err = RET(syscall(__NR_setxattr, W->dir, "trusted.capmode", "x", 1,
			      0));

	if (!err)
		removexattr(W->dir, "trusted.capmode");
	return err;
}

REAL(listxattr)
{
	return RET(syscall(__NR_listxattr, W->dir, NULL, 0));
}

REAL(inotify_add_watch)
{
	int fd = RET(syscall(__NR_inotify_init1, 0));

	STEP(fd >= 0);
	return RET(syscall(__NR_inotify_add_watch, fd, W->dir, 1));
}

TEST_F(real, paths)
{
#ifdef __NR_open
	ATTEMPT(open);
	ATTEMPT(open_creat);
	ATTEMPT(creat);
	ATTEMPT(stat);
	ATTEMPT(lstat);
	ATTEMPT(access);
	ATTEMPT(readlink);
	ATTEMPT(mkdir);
	ATTEMPT(rmdir);
	ATTEMPT(unlink);
	ATTEMPT(rename);
	ATTEMPT(link);
	ATTEMPT(symlink);
	ATTEMPT(mknod);
	ATTEMPT(chmod);
	ATTEMPT(chown);
	ATTEMPT(lchown);
	ATTEMPT(utime);
	ATTEMPT(utimes);
	ATTEMPT(uselib);
#endif
	ATTEMPT(truncate);
	ATTEMPT(statfs);
	ATTEMPT(setxattr);
	ATTEMPT(listxattr);
	ATTEMPT(inotify_add_watch);
}

/* Where one is, and where the root is. */

REAL(getcwd)
{
	return try_getcwd();
}

REAL(chdir)
{
	return RET(syscall(__NR_chdir, W->dir));
}

REAL(fchdir)
{
	return RET(syscall(__NR_fchdir, W->dirfd));
}

REAL(chroot)
{
	return RET(syscall(__NR_chroot, W->dir));
}

/* What is held, by the name that /proc has for it. */
REAL(open_held)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", W->dirfd);
	return RET(syscall(__NR_openat, AT_FDCWD, name, O_RDONLY));
}

REAL(watch_held)
{
	int fd = RET(syscall(__NR_inotify_init1, 0));
	char name[64];

	STEP(fd >= 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", W->dirfd);
	return RET(syscall(__NR_inotify_add_watch, fd, name, 1));
}

REAL(statfs_held)
{
	char name[64], buf[512];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", W->dirfd);
	return RET(syscall(__NR_statfs, name, buf));
}

REAL(open_by_handle_at)
{
	if (!W->handle)
		return -EOPNOTSUPP;
	return RET(syscall(__NR_open_by_handle_at, W->dirfd, W->handle,
			   O_RDONLY));
}

TEST_F(real, directories)
{
	ATTEMPT(getcwd);
	ATTEMPT(chdir);
	ATTEMPT(fchdir);
	ATTEMPT(chroot);
	ATTEMPT(open_held);
	ATTEMPT(watch_held);
	ATTEMPT(statfs_held);
	ATTEMPT(open_by_handle_at);
}

REAL(mount)
{
	int err = RET(syscall(__NR_mount, "none", W->sub, "tmpfs", 0, NULL));

	if (!err)
		umount2(W->sub, MNT_DETACH);
	return err;
}

REAL(umount)
{
	int ret = RET(mount("none", W->sub, "tmpfs", 0, NULL));

	STEP(!ret || ret == -ECAPMODE);
	return RET(syscall(__NR_umount2, W->sub, MNT_DETACH));
}

REAL(fsopen)
{
	return RET(syscall(__NR_fsopen, "tmpfs", 0));
}

REAL(open_tree)
{
	return RET(syscall(__NR_open_tree, W->dirfd, "", AT_EMPTY_PATH |
			   1 /* OPEN_TREE_CLONE */));
}

REAL(move_mount)
{
	int err, tree = RET(syscall(__NR_open_tree, W->dirfd, "",
				    AT_EMPTY_PATH | 1));

	STEP(tree >= 0 || tree == -ECAPMODE);
	err = RET(syscall(__NR_move_mount, tree, "", AT_FDCWD, W->sub, 4));
	if (!err)
		umount2(W->sub, MNT_DETACH);
	return err;
}

REAL(fspick)
{
	return RET(syscall(__NR_fspick, AT_FDCWD, "/dev/shm", 0));
}

REAL(mount_setattr)
{
	__u64 attr[4] = {};

	return RET(syscall(__NR_mount_setattr, AT_FDCWD, "/dev/shm", 0, attr,
			   sizeof(attr)));
}

REAL(setns)
{
	return RET(syscall(__NR_setns, W->ns, 0));
}

/* Mounts by number: that of the file, and the first of one's own namespace. */
#ifndef __NR_statmount
#define __NR_statmount	(CAP_NR_BASE + 457)
#define __NR_listmount	(CAP_NR_BASE + 458)
#endif
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE	0x4000U
#endif

struct mount_id {
	uint32_t size, spare;
	uint64_t id, param;
};

/* A fact about what is held: no refusal, but of no use. */
static int mount_of(int fd, struct mount_id *req)
{
	struct statx stx;

	*req = (struct mount_id){ .size = sizeof(*req) };
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &stx))
		return -errno;
	req->id = stx.stx_mnt_id;
	return 0;
}

REAL(statmount)
{
	struct mount_id req;
	uint64_t buf[128];

	STEP(!mount_of(W->dirfd, &req));
	req.param = 1;	/* STATMOUNT_SB_BASIC */
	return RET(syscall(__NR_statmount, &req, buf, sizeof(buf), 0));
}

REAL(listmount)
{
	struct mount_id req = { .size = sizeof(req), .id = UINT64_MAX };
	uint64_t ids[8];

	return RET(syscall(__NR_listmount, &req, ids, 8, 0));
}

/* With what was made before: a file system that has no mount yet. */
REAL(fsconfig)
{
	return RET(syscall(__NR_fsconfig, W->fs, 0 /* a flag */, "ro", NULL,
			   0));
}

REAL(fsmount)
{
	return RET(syscall(__NR_fsmount, W->fs, 0, 0));
}

/* ... and one that is mounted nowhere yet. */
REAL(move_mount_held)
{
	int err = RET(syscall(__NR_move_mount, W->mnt, "", W->dirfd, "sub",
			      4 /* MOVE_MOUNT_F_EMPTY_PATH */));

	if (!err)
		umount2(W->sub, MNT_DETACH);
	return err;
}

REAL(mount_setattr_held)
{
	__u64 attr[4] = { 1 /* MOUNT_ATTR_RDONLY */ };

	return RET(syscall(__NR_mount_setattr, W->mnt, "", AT_EMPTY_PATH, attr,
			   sizeof(attr)));
}

TEST_F(real, mounts_by_number)
{
	ATTEMPT(statmount);
	ATTEMPT(listmount);
}

TEST_F(real, mounts_held)
{
	struct world *w = &self->w;
	int fs;

	/* Two, since a context makes one mount. */
	fs = RET(syscall(__NR_fsopen, "tmpfs", 0));
	if (fs == -ENOSYS || fs == -ENODEV)
		SKIP(return, "no tmpfs, or no mounts by descriptor");
	ASSERT_LE(0, fs);
	ASSERT_EQ(0, syscall(__NR_fsconfig, fs, 6 /* create */, NULL, NULL, 0));
	w->mnt = RET(syscall(__NR_fsmount, fs, 0, 0));
	ASSERT_LE(0, w->mnt);
	close(fs);
	w->fs = RET(syscall(__NR_fsopen, "tmpfs", 0));
	ASSERT_LE(0, w->fs);
	ATTEMPT(fsconfig);
	ASSERT_EQ(0, syscall(__NR_fsconfig, w->fs, 6, NULL, NULL, 0));
	ATTEMPT(fsmount);
	ATTEMPT(mount_setattr_held);
	ATTEMPT(move_mount_held);
}

TEST_F(real, mounts_and_namespaces)
{
	ATTEMPT(mount);
	ATTEMPT(umount);
	ATTEMPT(fsopen);
	ATTEMPT(open_tree);
	ATTEMPT(move_mount);
	ATTEMPT(fspick);
	ATTEMPT(mount_setattr);
	self->w.ns = RET(open("/proc/self/ns/uts", O_RDONLY));
	ATTEMPT(setns);
}

/* Other processes. */

REAL(wait4)
{
	int pidfd, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		_exit(0);
	ret = RET(syscall(__NR_wait4, child, NULL, 0, NULL));
	if (ret < 0)
		wait_fd(pidfd);
	return ret;
}

REAL(wait4_any)
{
	int pidfd, ret;
	pid_t child = fork_fd(&pidfd);

	if (!child)
		_exit(0);
	ret = RET(syscall(__NR_wait4, -1, NULL, 0, NULL));
	if (ret < 0)
		wait_fd(pidfd);
	return ret;
}

REAL(ptrace_traceme)
{
	return RET(syscall(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0));
}

REAL(ptrace_attach)
{
	return RET(syscall(__NR_ptrace, PTRACE_SEIZE, W->victim, 0, 0));
}

static int vm_rw(long nr, pid_t pid, void *remote)
{
	char here[8] = {};
	struct iovec l = { here, sizeof(here) }, r = { remote, sizeof(here) };

	return RET(syscall(nr, pid, &l, 1, &r, 1, 0));
}

REAL(process_vm_readv)
{
	return vm_rw(__NR_process_vm_readv, W->victim, W->victim_mem);
}

REAL(process_vm_readv_self)
{
	return vm_rw(__NR_process_vm_readv, getpid(), W->victim_mem);
}

REAL(process_vm_writev)
{
	return vm_rw(__NR_process_vm_writev, W->victim, W->victim_mem);
}

REAL(kcmp)
{
	return RET(syscall(__NR_kcmp, getpid(), W->victim, 0, 0, 0));
}

/* A process that is held is not what it holds. */
REAL(pidfd_getfd)
{
	return RET(syscall(__NR_pidfd_getfd, W->pidfd, 0, 0));
}

REAL(perf_event_open)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};

	return RET(syscall(__NR_perf_event_open, &attr, W->victim, -1, -1, 0));
}

REAL(perf_event_open_self)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};

	return RET(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));
}

REAL(bpf)
{
	struct {
		__u32 map_type, key_size, value_size, max_entries;
		__u32 rest[12];
	} attr = { 2 /* BPF_MAP_TYPE_ARRAY */, 4, 4, 1 };

	return RET(syscall(__NR_bpf, 0, &attr, sizeof(attr)));
}

REAL(userfaultfd)
{
	return RET(syscall(__NR_userfaultfd, O_CLOEXEC));
}

TEST_F(real, processes)
{
	ATTEMPT(wait4);
	ATTEMPT(wait4_any);
	ATTEMPT(ptrace_traceme);
	ATTEMPT(ptrace_attach);
	ATTEMPT(process_vm_readv);
	ATTEMPT(process_vm_readv_self);
	ATTEMPT(process_vm_writev);
	ATTEMPT(kcmp);
	self->w.pidfd = RET(syscall(__NR_pidfd_open, self->w.victim, 0));
	ASSERT_LE(0, self->w.pidfd);
	ATTEMPT(pidfd_getfd);
	ATTEMPT(perf_event_open);
	ATTEMPT(perf_event_open_self);
	ATTEMPT(bpf);
	ATTEMPT(userfaultfd);
}

/* SysV and POSIX IPC, new objects and those one has an identifier of. */

REAL(shmget)
{
	int id = RET(shmget(IPC_PRIVATE, 4096, 0600));

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return id;
}

REAL(shmat)
{
	return (long)shmat(W->shm, NULL, SHM_RDONLY) == -1 ? -errno : 0;
}

REAL(shmdt)
{
	return RET(shmdt(W->mapped));
}

REAL(shmctl)
{
	struct shmid_ds ds;

	return RET(shmctl(W->shm, IPC_STAT, &ds));
}

REAL(semget)
{
	int id = RET(semget(IPC_PRIVATE, 1, 0600));

	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	return id;
}

REAL(semop)
{
	struct sembuf op = { .sem_op = 1 };

	return RET(semop(W->sem, &op, 1));
}

REAL(semtimedop)
{
	struct timespec now = {};
	struct sembuf op = { .sem_op = 1 };

	return RET(semtimedop(W->sem, &op, 1, &now));
}

REAL(semctl)
{
	return RET(semctl(W->sem, 0, GETVAL));
}

REAL(msgget)
{
	int id = RET(msgget(IPC_PRIVATE, 0600));

	if (id >= 0)
		msgctl(id, IPC_RMID, NULL);
	return id;
}

struct message {
	long type;
	char text[8];
};

REAL(msgsnd)
{
	struct message m = { .type = 1 };

	return RET(msgsnd(W->msg, &m, sizeof(m.text), IPC_NOWAIT));
}

REAL(msgrcv)
{
	struct message m = { .type = 1 };
	int err = RET(msgsnd(W->msg, &m, sizeof(m.text), IPC_NOWAIT));

	STEP(!err || err == -ECAPMODE);
	return RET(msgrcv(W->msg, &m, sizeof(m.text), 0, IPC_NOWAIT));
}

REAL(msgctl)
{
	struct msqid_ds ds;

	return RET(msgctl(W->msg, IPC_STAT, &ds));
}

REAL(mq_open)
{
	int fd = RET(syscall(__NR_mq_open, "capmode-table", O_RDWR | O_CREAT,
			     0600, NULL));

	if (fd >= 0)
		syscall(__NR_mq_unlink, "capmode-table");
	return fd;
}

REAL(mq_unlink)
{
	int fd = RET(syscall(__NR_mq_open, "capmode-table", O_RDWR | O_CREAT,
			     0600, NULL));

	STEP(fd >= 0 || fd == -ECAPMODE || fd == -ENOSYS);
	return RET(syscall(__NR_mq_unlink, "capmode-table"));
}

TEST_F(real, sysv_shm)
{
	if (self->w.shm < 0)
		SKIP(return, "no SysV IPC");
	ATTEMPT(shmget);
	ATTEMPT(shmat);
	ATTEMPT(shmdt);
	ATTEMPT(shmctl);
}

TEST_F(real, sysv_sem)
{
	if (self->w.sem < 0)
		SKIP(return, "no SysV IPC");
	ATTEMPT(semget);
	ATTEMPT(semop);
	ATTEMPT(semtimedop);
	ATTEMPT(semctl);
}

TEST_F(real, sysv_msg)
{
	if (self->w.msg < 0)
		SKIP(return, "no SysV IPC");
	ATTEMPT(msgget);
	ATTEMPT(msgsnd);
	ATTEMPT(msgrcv);
	ATTEMPT(msgctl);
}

#ifdef __NR_ipc
REAL(ipc_shmget)
{
	int id = RET(syscall(__NR_ipc, 23, IPC_PRIVATE, 4096, 0600, 0, 0));

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return id;
}

REAL(ipc_semctl)
{
	long zero = 0;

	return RET(syscall(__NR_ipc, 3, W->sem, 0, GETVAL, &zero, 0));
}

TEST_F(real, sysv_by_ipc)
{
	if (self->w.sem < 0)
		SKIP(return, "no SysV IPC");
	ATTEMPT(ipc_shmget);
	ATTEMPT(ipc_semctl);
}
#endif

TEST_F(real, posix_mq)
{
	ATTEMPT(mq_open);
	ATTEMPT(mq_unlink);
}

REAL(add_key)
{
	return RET(syscall(__NR_add_key, "user", "capmode", "x", 1,
			   KEY_SPEC_PROCESS_KEYRING));
}

REAL(request_key)
{
	int key = RET(syscall(__NR_add_key, "user", "capmode", "x", 1,
			      KEY_SPEC_PROCESS_KEYRING));

	STEP(key >= 0 || key == -ECAPMODE || key == -ENOSYS);
	return RET(syscall(__NR_request_key, "user", "capmode", NULL, 0));
}

REAL(keyctl)
{
	return RET(syscall(__NR_keyctl, KEYCTL_GET_KEYRING_ID,
			   KEY_SPEC_PROCESS_KEYRING, 1));
}

TEST_F(real, keyrings)
{
	ATTEMPT(add_key);
	ATTEMPT(request_key);
	ATTEMPT(keyctl);
}

/* The machine as a whole. */

REAL(sethostname)
{
	struct utsname u;

	STEP(!uname(&u));
	return RET(syscall(__NR_sethostname, u.nodename, strlen(u.nodename)));
}

REAL(setdomainname)
{
	struct utsname u;

	STEP(!uname(&u));
	return RET(syscall(__NR_setdomainname, u.domainname,
			   strlen(u.domainname)));
}

REAL(clock_settime)
{
	struct timespec now;

	STEP(!clock_gettime(CLOCK_REALTIME, &now));
	return RET(clock_settime(CLOCK_REALTIME, &now));
}

#ifdef __NR_settimeofday
REAL(settimeofday)
{
	return RET(syscall(__NR_settimeofday, NULL, NULL));
}
#endif

REAL(adjtimex)
{
	struct timex t = {};

	return RET(adjtimex(&t));
}

REAL(clock_adjtime)
{
	struct timex t = {};

	return RET(clock_adjtime(CLOCK_REALTIME, &t));
}

REAL(syslog)
{
	return RET(syscall(__NR_syslog, 10 /* the size of the buffer */, NULL,
			   0));
}

REAL(reboot)
{
	/* Ctrl-Alt-Del signals init: so it does on most systems. */
	return RET(syscall(__NR_reboot, 0xfee1dead, 672274793, 0, NULL));
}

REAL(sync)
{
	return RET(syscall(__NR_sync));
}

#if defined(__x86_64__) || defined(__i386__)
REAL(ioperm)
{
	return RET(syscall(__NR_ioperm, 0x80, 1, 1));
}

REAL(iopl)
{
	return RET(syscall(__NR_iopl, 0));
}
#endif

/* Nothing to load here, but the refusal comes before what is wrong with it. */
static int wrong_but_known(int ret)
{
	return ret == -ENOSYS || ret == -ECAPMODE ? ret : 0;
}

REAL(init_module)
{
	return wrong_but_known(RET(syscall(__NR_init_module, "x", 1, "")));
}

REAL(finit_module)
{
	return wrong_but_known(RET(syscall(__NR_finit_module, W->dirfd, "",
					   0)));
}

REAL(delete_module)
{
	return wrong_but_known(RET(syscall(__NR_delete_module, "capmode", 0)));
}

REAL(kexec_load)
{
	return wrong_but_known(RET(syscall(__NR_kexec_load, 0, 0, NULL, 0)));
}

REAL(swapon)
{
	return wrong_but_known(RET(syscall(__NR_swapon, W->no, 0)));
}

REAL(acct)
{
	return RET(syscall(__NR_acct, NULL));
}

REAL(quotactl)
{
	return wrong_but_known(RET(syscall(__NR_quotactl, 0, W->no, 0, NULL)));
}

REAL(fanotify_init)
{
	return RET(syscall(__NR_fanotify_init, 0, O_RDONLY));
}

/* With a group that was made before: of what was given, and of all beside it. */
static int fanotify_mark_as(const struct world *w, unsigned int flags)
{
	const unsigned int access = 1;

	/* The mask has 64 bits, which are two arguments where a long has 32. */
#if __SIZEOF_LONG__ == 4
	return RET(syscall(__NR_fanotify_mark, w->group, flags, access, 0,
			   w->dirfd, NULL));
#else
	return RET(syscall(__NR_fanotify_mark, w->group, flags, (long)access,
			   w->dirfd, NULL));
#endif
}

REAL(fanotify_mark)
{
	return fanotify_mark_as(W, 1 /* FAN_MARK_ADD */);
}

REAL(fanotify_mark_mount)
{
	return fanotify_mark_as(W, 1 | 0x10 /* FAN_MARK_MOUNT */);
}

TEST_F(real, fanotify_held)
{
	self->w.group = RET(syscall(__NR_fanotify_init, 0, O_RDONLY));
	if (self->w.group == -ENOSYS)
		SKIP(return, "no fanotify");
	ASSERT_LE(0, self->w.group);
	ATTEMPT(fanotify_mark);
	ATTEMPT(fanotify_mark_mount);
}

TEST_F(real, machine)
{
	ATTEMPT(sethostname);
	ATTEMPT(setdomainname);
	ATTEMPT(clock_settime);
#ifdef __NR_settimeofday
	ATTEMPT(settimeofday);
#endif
	ATTEMPT(adjtimex);
	ATTEMPT(clock_adjtime);
	ATTEMPT(syslog);
	ATTEMPT(reboot);
	ATTEMPT(sync);
#if defined(__x86_64__) || defined(__i386__)
	ATTEMPT(ioperm);
	ATTEMPT(iopl);
#endif
	ATTEMPT(init_module);
	ATTEMPT(finit_module);
	ATTEMPT(delete_module);
	ATTEMPT(kexec_load);
	ATTEMPT(swapon);
	ATTEMPT(acct);
	ATTEMPT(quotactl);
	ATTEMPT(fanotify_init);
}

/* ---- what has to go on working ---- */

static int life(void *arg)
{
	int fds[2], fd = *(int *)arg;
	struct pollfd p;
	struct timespec ts;
	struct utsname u;
	struct stat st;
	char c = 'x';
	void *mem;

	STEP(!pipe(fds));
	STEP(write(fds[1], &c, 1) == 1);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	STEP(poll(&p, 1, -1) == 1);
	STEP(read(fds[0], &c, 1) == 1);
	STEP(!fstat(fd, &st));
	STEP(lseek(fd, 0, SEEK_SET) == 0);
	STEP(!clock_gettime(CLOCK_MONOTONIC, &ts));
	STEP(!uname(&u));
	mem = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	STEP(mem != MAP_FAILED);
	memset(mem, 1, 65536);
	STEP(!mprotect(mem, 65536, PROT_READ));
	STEP(!munmap(mem, 65536));
	free(malloc(10 << 20));
	STEP(getpid() > 0 && syscall(__NR_gettid) == getpid());
	STEP(syscall(__NR_getrandom, &c, 1, 0) == 1);
	STEP(!close(fds[0]) && !close(fds[1]));
	return 0;
}

TEST(life_goes_on)
{
	int fd = tmp_file(NULL, 10);

	REQUIRE_CAPMODE();
	ASSERT_LE(0, fd);
	EXPECT_BOTH(life, &fd);
}

TEST_HARNESS_MAIN
