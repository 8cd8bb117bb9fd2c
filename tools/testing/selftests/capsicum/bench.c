// SPDX-License-Identifier: GPL-2.0
/*
 * What a system call costs on an ordinary descriptor and on a capability.
 *
 * This is meant for a machine on which time counts instructions: under QEMU's
 * TCG with "-icount shift=0,sleep=off -smp 1" the guest's clock advances by
 * 1 ns for each instruction, so nanoseconds per call are instructions per
 * call, the same on every run and every host. Anywhere else the numbers are
 * plain nanoseconds.
 *
 * Output: one line for each measurement, tab-separated,
 *
 *	<row> <threads> <kind> <instructions per call>
 *
 * kind is "ordinary" or "capability"; the number is "-" where there is nothing
 * to measure: a call without a descriptor, a kernel without Capsicum, a call
 * that capabilities do not offer yet. Lines that start with '#' are remarks.
 * The exit status is 0 if every call did what it should.
 *
 * With two threads the second one only sleeps, but it shares the descriptor
 * table, and this is what makes a look-up take a reference.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/capsicum.h>
#include <linux/membarrier.h>
#include "../kselftest.h"

#ifndef __NR_cap_rights_limit
#ifdef __alpha__
#define __NR_cap_rights_limit	590
#else
#define __NR_cap_rights_limit	480
#endif
#endif

#ifndef ENOTCAPABLE
#define ENOTCAPABLE	135
#endif

/*
 * A batch is short enough to fit between two timer ticks, and the smallest of
 * them is taken: what is left are the calls themselves.
 */
#define CALLS	20
#define BATCHES	400
#define PERIOD	(20 * 1000 * 1000)	/* ns from one to the next */
#define PHASE	(300 * 1000)		/* ns after what a tick has to do */

#if defined(__x86_64__) && !defined(__ILP32__)
static __always_inline long call(long nr, long a, long b, long c, long d,
				 long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile ("syscall"
			  : "=a" (ret)
			  : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
			    "r" (r8), "r" (r9)
			  : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static __always_inline long call(long nr, long a, long b, long c, long d,
				 long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile ("svc #0"
			  : "+r" (x0)
			  : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4),
			    "r" (x5)
			  : "memory");
	return x0;
}
#else
/* Elsewhere the C library's wrapper is part of what is measured. */
static __always_inline long call(long nr, long a, long b, long c, long d,
				 long e, long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -errno : ret;
}
#endif

#define CALL(nr, a, b, c, d, e, f)					\
	call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),	\
	     (long)(f))

#ifdef __NR_fstat64
#define NR_FSTAT	__NR_fstat64
#else
#define NR_FSTAT	__NR_fstat
#endif

#ifdef __NR_mmap2
#define NR_MMAP		__NR_mmap2
#else
#define NR_MMAP		__NR_mmap
#endif

#define PAGE		4096

static struct {
	int fd;			/* the descriptor to measure */
	int out;		/* SCM_RIGHTS: sending socket */
	int in;			/* SCM_RIGHTS: receiving socket */
	char byte;
	char stat[256];
	struct pollfd poll;
	struct timespec zero;
	struct iovec iov;
	struct msghdr send;
	struct msghdr recv;
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} send_ctl, recv_ctl;
} m;

/* One call each. What it returns is 0 if it did what it should. */

static __always_inline long do_empty(void)
{
	return 0;
}

static __always_inline long do_getppid(void)
{
	return CALL(__NR_getppid, 0, 0, 0, 0, 0, 0) < 0;
}

static __always_inline long do_read(void)
{
	return CALL(__NR_read, m.fd, &m.byte, 1, 0, 0, 0) - 1;
}

static __always_inline long do_write(void)
{
	return CALL(__NR_write, m.fd, &m.byte, 1, 0, 0, 0) - 1;
}

static __always_inline long do_pread(void)
{
	return CALL(__NR_pread64, m.fd, &m.byte, 1, 0, 0, 0) - 1;
}

static __always_inline long do_fstat(void)
{
	return CALL(NR_FSTAT, m.fd, m.stat, 0, 0, 0, 0);
}

static __always_inline long do_open(void)
{
	long fd = CALL(__NR_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0, 0, 0);

	return fd < 0 ? fd : CALL(__NR_close, fd, 0, 0, 0, 0, 0);
}

static __always_inline long do_dup(void)
{
	long fd = CALL(__NR_dup, m.fd, 0, 0, 0, 0, 0);

	return fd < 0 ? fd : CALL(__NR_close, fd, 0, 0, 0, 0, 0);
}

static __always_inline long do_poll(void)
{
#ifdef __NR_poll
	return CALL(__NR_poll, &m.poll, 1, 0, 0, 0, 0);
#else
	m.zero.tv_sec = 0;
	m.zero.tv_nsec = 0;
	return CALL(__NR_ppoll, &m.poll, 1, &m.zero, 0, 0, 0);
#endif
}

static __always_inline long do_mmap(void)
{
	long addr = CALL(NR_MMAP, 0, PAGE, PROT_READ, MAP_PRIVATE, m.fd, 0);

	/* Some 32-bit addresses are negative, no error is page-aligned. */
	if (addr & (PAGE - 1))
		return addr;
	return CALL(__NR_munmap, addr, PAGE, 0, 0, 0, 0);
}

static __always_inline long do_scm_rights(void)
{
	long ret;

	m.recv.msg_controllen = sizeof(m.recv_ctl);
	ret = CALL(__NR_sendmsg, m.out, &m.send, 0, 0, 0, 0);
	if (ret != 1)
		return ret - 1;
	ret = CALL(__NR_recvmsg, m.in, &m.recv, 0, 0, 0, 0);
	if (ret != 1)
		return ret - 1;
	/* Behind the header stands the descriptor that came out. */
	return CALL(__NR_close, *(int *)CMSG_DATA(&m.recv_ctl.align), 0, 0, 0,
		    0, 0);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * Each loop has its call inlined, so that it holds the same instructions as
 * the empty one but for the call. bad collects what the calls return.
 */
#define BATCH(name)							\
static uint64_t batch_##name(long *bad)	\
{									\
	uint64_t start = now();						\
	int i;								\
									\
	for (i = 0; i < CALLS; i++) {					\
		*bad |= do_##name();					\
		__asm__ volatile ("" ::: "memory");			\
	}								\
	return now() - start;						\
}

BATCH(empty)
BATCH(getppid)
BATCH(read)
BATCH(write)
BATCH(pread)
BATCH(fstat)
BATCH(open)
BATCH(dup)
BATCH(poll)
BATCH(mmap)
BATCH(scm_rights)

/*
 * Begin each batch from the same state: nothing left for RCU to free, so that
 * the slabs are as full as they were before the last one, and equally far from
 * the next tick.
 */
static void settle(void)
{
	uint64_t then;
	struct timespec ts;

	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	then = (now() / PERIOD + 1) * PERIOD + PHASE;
	ts.tv_sec = then / 1000000000ULL;
	ts.tv_nsec = then % 1000000000ULL;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static uint64_t smallest(uint64_t (*batch)(long *), long *bad)
{
	uint64_t best = UINT64_MAX;
	int i;

	/* Not counted: page faults, first uses of caches. */
	batch(bad);

	for (i = 0; i < BATCHES; i++) {
		uint64_t t;

		settle();
		t = batch(bad);
		if (t < best)
			best = t;
	}
	return best;
}

enum target { NOTHING, ZERO, ZERO_WRITE, PIPE, MEMORY, SOCKET };

static const struct row {
	const char *name;
	uint64_t (*batch)(long *bad);
	enum target target;
	bool capability;	/* does the call take one? */
	uint64_t rights[2];	/* what it needs, for each word */
} rows[] = {
	{ "getppid",	 batch_getppid,	   NOTHING,    false, { 0, 0 } },
	{ "read",	 batch_read,	   ZERO,       true,  { CAP_READ, 0 } },
	{ "pread",	 batch_pread,	   ZERO,       true,  { CAP_PREAD, 0 } },
	{ "write",	 batch_write,	   ZERO_WRITE, true,  { CAP_WRITE, 0 } },
	{ "fstat",	 batch_fstat,	   ZERO,       true,  { CAP_FSTAT, 0 } },
	{ "openat+close", batch_open,	   NOTHING,    false, { 0, 0 } },
	{ "dup+close",	 batch_dup,	   ZERO,       true,  { 0, 0 } },
	{ "poll",	 batch_poll,	   PIPE,       true,  { 0, CAP_EVENT } },
	{ "mmap+munmap", batch_mmap,	   MEMORY,     true,  { CAP_MMAP_R, 0 } },
	{ "SCM_RIGHTS",	 batch_scm_rights, SOCKET,     true,  { 0, 0 } },
};

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int limit(int fd, const uint64_t rights[2])
{
	struct cap_rights set = CAP_RIGHTS_NONE_INIT;

	set.cr_rights[0] |= rights[0];
	set.cr_rights[1] |= rights[1];
	return syscall(__NR_cap_rights_limit, fd, &set, 0, 0, NULL, 0);
}

/* Is there a kernel below that can limit a descriptor? */
static bool have_capsicum(void)
{
	static const uint64_t none[2];
	int fd = open("/dev/zero", O_RDONLY);
	bool have;

	if (fd < 0)
		die("/dev/zero");
	have = limit(fd, none) == 0;
	/* ENOSYS is a kernel without Capsicum. */
	if (!have && errno != ENOSYS)
		die("cap_rights_limit");
	close(fd);
	return have;
}

static int make_target(enum target target, int *other)
{
	int pair[2];
	int fd = -1;

	*other = -1;
	switch (target) {
	case NOTHING:
		break;
	case ZERO:
	case SOCKET:		/* the descriptor that is sent */
		fd = open("/dev/zero", O_RDONLY);
		if (fd < 0)
			die("/dev/zero");
		break;
	case ZERO_WRITE:
		fd = open("/dev/zero", O_WRONLY);
		if (fd < 0)
			die("/dev/zero");
		break;
	case PIPE:
		if (pipe(pair) < 0)
			die("pipe");
		fd = pair[0];
		*other = pair[1];
		break;
	case MEMORY:
		fd = memfd_create("bench", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, PAGE) < 0)
			die("memfd_create");
		break;
	}
	return fd;
}

static void prepare(int fd)
{
	m.fd = fd;

	m.poll.fd = fd;
	m.poll.events = POLLIN;

	m.iov.iov_base = &m.byte;
	m.iov.iov_len = 1;

	memset(&m.send, 0, sizeof(m.send));
	m.send.msg_iov = &m.iov;
	m.send.msg_iovlen = 1;
	m.send.msg_control = &m.send_ctl;
	m.send.msg_controllen = CMSG_LEN(sizeof(int));
	m.send_ctl.align.cmsg_len = CMSG_LEN(sizeof(int));
	m.send_ctl.align.cmsg_level = SOL_SOCKET;
	m.send_ctl.align.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&m.send_ctl.align), &fd, sizeof(fd));

	memset(&m.recv, 0, sizeof(m.recv));
	m.recv.msg_iov = &m.iov;
	m.recv.msg_iovlen = 1;
	m.recv.msg_control = &m.recv_ctl;
}

static int failed;

static void measure(const struct row *row, int threads, bool capability)
{
	uint64_t empty, full;
	int fd, other;
	long bad = 0;

	fd = make_target(row->target, &other);
	if (capability && limit(fd, row->rights) < 0)
		die("cap_rights_limit");
	prepare(fd);

	empty = smallest(batch_empty, &bad);
	full = smallest(row->batch, &bad);

	/* A refused poll succeeds and says so here. */
	if (row->target == PIPE && m.poll.revents)
		bad = 1;
	if (bad) {
		fprintf(stderr, "bench: %s on %s descriptor: the call failed\n",
			row->name, capability ? "a capability" : "an ordinary");
		failed = 1;
	}
	printf("%s\t%d\t%s\t%llu\n", row->name, threads,
	       capability ? "capability" : "ordinary",
	       (unsigned long long)((full - empty + CALLS / 2) / CALLS));

	if (fd >= 0)
		close(fd);
	if (other >= 0)
		close(other);
}

static void measure_all(int threads, bool capability, bool capsicum)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!capability || (capsicum && rows[i].capability))
			measure(&rows[i], threads, capability);
		else
			printf("%s\t%d\tcapability\t-\n", rows[i].name, threads);
	}
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/*
 * Where mappings lie decides what finding a place for one more takes: let it be
 * the same place on every run.
 */
static void stay_put(char *argv[])
{
	int persona = personality(0xffffffff);

	if (persona == -1 || (persona & ADDR_NO_RANDOMIZE))
		return;
	if (personality(persona | ADDR_NO_RANDOMIZE) != -1)
		execv("/proc/self/exe", argv);
	/* Without, the numbers are a little less steady, and no less true. */
	puts("# address space randomization could not be switched off");
}

static int measure_kind(bool capability, bool capsicum)
{
	pthread_t thread;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	m.out = pair[0];
	m.in = pair[1];

	measure_all(1, capability, capsicum);

	errno = pthread_create(&thread, NULL, sleeper, NULL);
	if (errno)
		die("pthread_create");
	/* Let it reach its sleep, so that it runs in no batch. */
	usleep(10000);
	measure_all(2, capability, capsicum);

	fflush(stdout);
	return failed;
}

/*
 * Ordinary descriptors come first, in a process of their own: what an earlier
 * call left in the kernel's caches is part of what a later one costs, and so it
 * is the same calls that came earlier with and without Capsicum.
 */
int main(int argc, char *argv[])
{
	bool capsicum = have_capsicum();
	int kind, status;
	pid_t pid;

	stay_put(argv);
	printf("# instructions per call under -icount shift=0, nanoseconds elsewhere\n");
	fflush(stdout);

	for (kind = 0; kind < 2; kind++) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(measure_kind(kind, capsicum));
		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			failed = 1;
	}
	return failed;
}
