// SPDX-License-Identifier: GPL-2.0
/*
 * What a system call costs on an ordinary descriptor and on a capability, in
 * capability mode and outside, and what a path look-up costs that may not leave
 * its directory; beside what else there is for the purpose.
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
 * kind is "ordinary" or "capability", or the name of a way to be confined; the
 * number is "-" where there is nothing to measure: a call without a descriptor,
 * a kernel without Capsicum, a call that capabilities do not offer yet. Lines
 * that start with '#' are remarks. The exit status is 0 if every call did what
 * it should.
 *
 * With two threads the second one only sleeps, but it shares the descriptor
 * table, and this is what makes a look-up take a reference.
 *
 * A row of a look-up has the number of names in its path behind a colon.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/capsicum.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include "../kselftest.h"

#ifndef __NR_cap_rights_limit
#ifdef __alpha__
#define __NR_cap_rights_limit	590
#else
#define __NR_cap_rights_limit	480
#endif
#endif

#ifndef __NR_cap_enter
#ifdef __alpha__
#define __NR_cap_enter		592
#define __NR_cap_getmode	593
#else
#define __NR_cap_enter		482
#define __NR_cap_getmode	483
#endif
#endif

/* On the architectures that number errors and flags as most do. */
#ifndef ECAPMODE
#define ECAPMODE	134
#endif
#ifndef ENOTCAPABLE
#define ENOTCAPABLE	135
#endif
#ifndef O_BENEATH
#define O_BENEATH	040000000
#endif
#ifndef AT_RESOLVE_BENEATH
#define AT_RESOLVE_BENEATH	0x40000000
#endif
#ifndef PR_SET_OPENAT_BENEATH
#define PR_SET_OPENAT_BENEATH	0x43415003
#define PR_GET_OPENAT_BENEATH	0x43415004
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

#ifdef __NR_fstatat64
#define NR_FSTATAT	__NR_fstatat64
#else
#define NR_FSTATAT	__NR_newfstatat
#endif

#ifdef __NR_mmap2
#define NR_MMAP		__NR_mmap2
#else
#define NR_MMAP		__NR_mmap
#endif

#define PAGE		4096

static struct {
	int fd;			/* the descriptor to measure; a directory */
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
	const char *path;	/* below fd */
	const char *absolute;	/* the same file by its full name */
	long open_flags;
	long at_flags;
	struct open_how how;
	struct {
		int fd;
		unsigned int *sq_tail, *cq_head, *cq_tail;
		struct io_uring_sqe *sqe;
		struct io_uring_cqe *cqes;
		unsigned int cq_mask;
	} ring;			/* of one entry, always the same */
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

static __always_inline long do_getpid(void)
{
	return CALL(__NR_getpid, 0, 0, 0, 0, 0, 0) <= 0;
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

static __always_inline long do_open_close(void)
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

/* The one entry stands there already; the kernel leaves it as it is. */
static __always_inline long do_uring(void)
{
	unsigned int head = *m.ring.cq_head;
	long ret;

	__atomic_store_n(m.ring.sq_tail, *m.ring.sq_tail + 1, __ATOMIC_RELEASE);
	ret = CALL(__NR_io_uring_enter, m.ring.fd, 1, 0, 0, 0, 0);
	if (ret != 1)
		return ret - 1;
	if (__atomic_load_n(m.ring.cq_tail, __ATOMIC_ACQUIRE) == head)
		return -1;
	ret = m.ring.cqes[head & m.ring.cq_mask].res;
	__atomic_store_n(m.ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return ret - 1;
}

/* Descriptors that the next ones open are closed when the batch is over. */

static __always_inline long do_openat(void)
{
	return CALL(__NR_openat, m.fd, m.path, m.open_flags, 0, 0, 0) < 0;
}

static __always_inline long do_openat2(void)
{
	return CALL(__NR_openat2, m.fd, m.path, &m.how, sizeof(m.how), 0,
		    0) < 0;
}

static __always_inline long do_open(void)
{
	return CALL(__NR_openat, AT_FDCWD, m.absolute, m.open_flags, 0, 0,
		    0) < 0;
}

static __always_inline long do_fstatat(void)
{
	return CALL(NR_FSTATAT, m.fd, m.path, m.stat, m.at_flags, 0, 0);
}

static __always_inline long do_stat(void)
{
	return CALL(NR_FSTATAT, AT_FDCWD, m.absolute, m.stat, 0, 0, 0);
}

static __always_inline long do_faccessat(void)
{
	return CALL(__NR_faccessat, m.fd, m.path, R_OK, 0, 0, 0);
}

static __always_inline long do_access(void)
{
	return CALL(__NR_faccessat, AT_FDCWD, m.absolute, R_OK, 0, 0, 0);
}

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
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
BATCH(getpid)
BATCH(read)
BATCH(write)
BATCH(pread)
BATCH(fstat)
BATCH(open_close)
BATCH(dup)
BATCH(poll)
BATCH(mmap)
BATCH(scm_rights)
BATCH(uring)
BATCH(openat)
BATCH(openat2)
BATCH(open)
BATCH(fstatat)
BATCH(stat)
BATCH(faccessat)
BATCH(access)

/*
 * Begin each batch from the same state: nothing left for RCU to free, so that
 * the slabs are as full as they were before the last one, and equally far from
 * the next tick.
 */
static void settle(void)
{
	uint64_t then;
	struct timespec ts;

	/* Where it is not known, the numbers are a little less steady. */
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0 &&
	    errno == ECAPMODE)
		die("membarrier in capability mode");
	then = (now() / PERIOD + 1) * PERIOD + PHASE;
	ts.tv_sec = then / 1000000000ULL;
	ts.tv_nsec = then % 1000000000ULL;
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	if (errno)
		die("clock_nanosleep");
}

/* clean, if there is one, removes what a batch leaves behind. */
static uint64_t smallest(uint64_t (*batch)(long *), void (*clean)(long *),
			 long *bad)
{
	uint64_t best = UINT64_MAX;
	int i;

	/* Not counted: page faults, first uses of caches. */
	batch(bad);
	if (clean)
		clean(bad);

	for (i = 0; i < BATCHES; i++) {
		uint64_t t;

		settle();
		t = batch(bad);
		if (clean)
			clean(bad);
		if (t < best)
			best = t;
	}
	return best;
}

enum target {
	NOTHING, ZERO, ZERO_WRITE, PIPE, MEMORY, SOCKET, RING, RING_FIXED
};

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
	{ "openat+close", batch_open_close, NOTHING,    false, { 0, 0 } },
	{ "dup+close",	 batch_dup,	   ZERO,       true,  { 0, 0 } },
	{ "poll",	 batch_poll,	   PIPE,       true,  { 0, CAP_EVENT } },
	{ "mmap+munmap", batch_mmap,	   MEMORY,     true,  { CAP_MMAP_R, 0 } },
	{ "SCM_RIGHTS",	 batch_scm_rights, SOCKET,     true,  { 0, 0 } },
	{ "io_uring read", batch_uring,	   RING,       true,  { CAP_PREAD, 0 } },
	{ "io_uring fixed", batch_uring,   RING_FIXED, true,  { CAP_PREAD, 0 } },
};

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
	case RING:		/* what a request is to read from */
	case RING_FIXED:
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

/* A ring with a read of @fd in it, as a descriptor or as a registered file. */
static void prepare_ring(int fd, bool fixed)
{
	struct io_uring_params p = { };
	unsigned int flags = MAP_SHARED | MAP_POPULATE;
	char *sq, *cq;

	m.ring.fd = syscall(__NR_io_uring_setup, 1, &p);
	if (m.ring.fd < 0)
		die("io_uring_setup");
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, flags, m.ring.fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes +
			p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, flags, m.ring.fd, IORING_OFF_CQ_RING);
	m.ring.sqe = mmap(NULL, sizeof(*m.ring.sqe), PROT_READ | PROT_WRITE,
			  flags, m.ring.fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || m.ring.sqe == MAP_FAILED)
		die("mmap of a ring");
	m.ring.sq_tail = (void *)(sq + p.sq_off.tail);
	m.ring.cq_head = (void *)(cq + p.cq_off.head);
	m.ring.cq_tail = (void *)(cq + p.cq_off.tail);
	m.ring.cqes = (void *)(cq + p.cq_off.cqes);
	m.ring.cq_mask = p.cq_entries - 1;
	*(unsigned int *)(sq + p.sq_off.array) = 0;

	if (fixed && syscall(__NR_io_uring_register, m.ring.fd,
			     IORING_REGISTER_FILES, &fd, 1) < 0)
		die("IORING_REGISTER_FILES");
	*m.ring.sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.flags = fixed ? IOSQE_FIXED_FILE : 0,
		.fd = fixed ? 0 : fd,
		.addr = (uintptr_t)&m.byte,
		.len = 1,
	};
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
	if (row->target == RING || row->target == RING_FIXED)
		prepare_ring(fd, row->target == RING_FIXED);

	empty = smallest(batch_empty, NULL, &bad);
	full = smallest(row->batch, NULL, &bad);

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
	if (row->target == RING || row->target == RING_FIXED)
		close(m.ring.fd);
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
 * The ways to be confined. There is no way back from most of them, so each is
 * measured in a process of its own. Each makes sure that it is in force: what
 * does not confine costs nothing.
 */

static void must_refuse(const char *what, long ret, int error)
{
	if (ret == -error)
		return;
	fprintf(stderr, "bench: %s is not in force: %s\n", what,
		ret < 0 ? strerror(-ret) : "nothing is refused");
	exit(1);
}

static void no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("PR_SET_NO_NEW_PRIVS");
}

static bool have_always(void)
{
	return true;
}

static bool have_capsicum_mode(void)
{
	unsigned int mode;

	return syscall(__NR_cap_getmode, &mode) == 0;
}

static bool have_beneath(void)
{
	return prctl(PR_GET_OPENAT_BENEATH, 0, 0, 0, 0) >= 0;
}

static bool have_resolve_beneath(void)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	long fd = CALL(__NR_openat2, m.fd, ".", &how, sizeof(how), 0, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool have_seccomp_filter(void)
{
	unsigned int action = SECCOMP_RET_ALLOW;

	return syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static bool have_landlock(void)
{
	return syscall(__NR_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void enter_nothing(void)
{
}

static void enter_capability_mode(void)
{
	unsigned int mode = 0;

	if (syscall(__NR_cap_enter, 0) < 0)
		die("cap_enter");
	if (syscall(__NR_cap_getmode, &mode) < 0 || mode != 1)
		die("cap_getmode");
	must_refuse("capability mode",
		    CALL(__NR_openat, AT_FDCWD, "/", O_RDONLY, 0, 0, 0),
		    ECAPMODE);
}

static void enter_filter(struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog prog = { .len = len, .filter = filter };

	no_new_privs();
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		die("PR_SET_SECCOMP");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		die("PR_GET_SECCOMP");
}

/* This one need not be run: the kernel has the answer in a bitmap. */
static void enter_seccomp_bitmap(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	enter_filter(filter, ARRAY_SIZE(filter));
}

/* The least that looks at an argument: is the first one this value? */
static void enter_seccomp_argument(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x5eccc0de, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOANO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	enter_filter(filter, ARRAY_SIZE(filter));
	must_refuse("the filter",
		    CALL(__NR_getppid, 0x5eccc0de, 0, 0, 0, 0, 0), ENOANO);
}

static void enter_capability_directory(void)
{
	static const uint64_t rights[2] = {
		CAP_LOOKUP | CAP_READ | CAP_FSTAT, 0
	};

	if (limit(m.fd, rights) < 0)
		die("cap_rights_limit");
	must_refuse("the capability",
		    CALL(__NR_openat, m.fd, "..", O_RDONLY, 0, 0, 0),
		    ENOTCAPABLE);
}

static void enter_both(void)
{
	enter_capability_directory();
	enter_capability_mode();
}

static void enter_o_beneath(void)
{
	m.open_flags |= O_BENEATH;
	m.at_flags |= AT_RESOLVE_BENEATH;
	must_refuse("O_BENEATH",
		    CALL(__NR_openat, m.fd, "..", m.open_flags, 0, 0, 0),
		    EXDEV);
	must_refuse("AT_RESOLVE_BENEATH",
		    CALL(NR_FSTATAT, m.fd, "..", m.stat, m.at_flags, 0, 0),
		    EXDEV);
}

static void enter_task_beneath(void)
{
	if (prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 0) < 0)
		die("PR_SET_OPENAT_BENEATH");
	must_refuse("PR_SET_OPENAT_BENEATH",
		    CALL(__NR_openat, m.fd, "..", m.open_flags, 0, 0, 0),
		    EXDEV);
}

static void enter_resolve_beneath(void)
{
	m.how.resolve = RESOLVE_BENEATH;
	must_refuse("RESOLVE_BENEATH",
		    CALL(__NR_openat2, m.fd, "..", &m.how, sizeof(m.how), 0, 0),
		    EXDEV);
}

static void enter_landlock(void)
{
	struct landlock_ruleset_attr ruleset = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE |
				     LANDLOCK_ACCESS_FS_READ_DIR,
	};
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				  LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = m.fd,
	};
	int fd = syscall(__NR_landlock_create_ruleset, &ruleset,
			 sizeof(ruleset), 0);

	if (fd < 0)
		die("landlock_create_ruleset");
	if (syscall(__NR_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		    &beneath, 0) < 0)
		die("landlock_add_rule");
	no_new_privs();
	if (syscall(__NR_landlock_restrict_self, fd, 0) < 0)
		die("landlock_restrict_self");
	close(fd);
	must_refuse("Landlock",
		    CALL(__NR_openat, m.fd, "..", O_RDONLY, 0, 0, 0), EACCES);
}

/* What is done in each of them. */
enum {
	GETPPID, GETPID, READ, FSTAT,
	OPENAT, OPENAT2, FSTATAT, FACCESSAT,
	OPEN, STAT, ACCESS,
};

#define CALLS_ROWS	(BIT(GETPPID) | BIT(GETPID) | BIT(READ) | BIT(FSTAT))
#define BENEATH_ROWS	(BIT(OPENAT) | BIT(OPENAT2) | BIT(FSTATAT) | \
			 BIT(FACCESSAT))
#define LOOKUP_ROWS	(BENEATH_ROWS | BIT(OPEN) | BIT(STAT) | BIT(ACCESS))
#define BIT(n)		(1U << (n))

static void close_opened(long *bad)
{
	int i;

	/* There is nothing open beyond m.fd but what the batch has opened. */
	for (i = 1; i <= CALLS; i++)
		*bad |= close(m.fd + i);
}

static const struct {
	const char *name;
	uint64_t (*batch)(long *bad);
	void (*clean)(long *bad);
} confined_rows[] = {
	[GETPPID]   = { "getppid",   batch_getppid,   NULL },
	[GETPID]    = { "getpid",    batch_getpid,    NULL },
	[READ]	    = { "read",	     batch_read,      NULL },
	[FSTAT]	    = { "fstat",     batch_fstat,     NULL },
	[OPENAT]    = { "openat",    batch_openat,    close_opened },
	[OPENAT2]   = { "openat2",   batch_openat2,   close_opened },
	[FSTATAT]   = { "fstatat",   batch_fstatat,   NULL },
	[FACCESSAT] = { "faccessat", batch_faccessat, NULL },
	[OPEN]	    = { "open",	     batch_open,      close_opened },
	[STAT]	    = { "stat",	     batch_stat,      NULL },
	[ACCESS]    = { "access",    batch_access,    NULL },
};

static const struct confinement {
	const char *name;
	bool (*have)(void);
	void (*enter)(void);
	unsigned int rows;
} of_calls[] = {
	{ "outside", have_always, enter_nothing, CALLS_ROWS },
	{ "mode", have_capsicum_mode, enter_capability_mode, CALLS_ROWS },
	{ "bitmap", have_seccomp_filter, enter_seccomp_bitmap, CALLS_ROWS },
	{ "argument", have_seccomp_filter, enter_seccomp_argument, CALLS_ROWS },
}, of_lookups[] = {
	{ "plain", have_always, enter_nothing, LOOKUP_ROWS },
	{ "mode", have_capsicum_mode, enter_capability_mode, BENEATH_ROWS },
	{ "directory", have_capsicum, enter_capability_directory,
	  BENEATH_ROWS },
	{ "mode+directory", have_capsicum_mode, enter_both, BENEATH_ROWS },
	{ "O_BENEATH", have_beneath, enter_o_beneath,
	  BIT(OPENAT) | BIT(FSTATAT) },
	{ "task-beneath", have_beneath, enter_task_beneath, BIT(OPENAT) },
	{ "RESOLVE_BENEATH", have_resolve_beneath, enter_resolve_beneath,
	  BIT(OPENAT2) },
	{ "Landlock", have_landlock, enter_landlock, BENEATH_ROWS },
};

/* names, when there are any, tells the look-ups by their length. */
static void measure_confined(const struct confinement *c, bool have, int names)
{
	uint64_t empty = 0, full;
	unsigned int row;
	long bad = 0;

	if (have)
		empty = smallest(batch_empty, NULL, &bad);
	for (row = 0; row < ARRAY_SIZE(confined_rows); row++) {
		const char *name = confined_rows[row].name;
		char title[32];

		if (!(c->rows & BIT(row)))
			continue;
		if (names)
			snprintf(title, sizeof(title), "%s:%d", name, names);
		else
			snprintf(title, sizeof(title), "%s", name);
		if (!have) {
			printf("%s\t1\t%s\t-\n", title, c->name);
			continue;
		}
		bad = 0;
		full = smallest(confined_rows[row].batch,
				confined_rows[row].clean, &bad);
		if (bad) {
			fprintf(stderr, "bench: %s, %s: the call failed\n",
				title, c->name);
			failed = 1;
		}
		printf("%s\t1\t%s\t%llu\n", title, c->name,
		       (unsigned long long)((full - empty + CALLS / 2) / CALLS));
	}
}

/* A process of its own; it gives its exit status. */
static int in_process(int (*measure)(const void *arg), const void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		status = measure(arg);
		fflush(stdout);
		_exit(status);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

static int measure_calls(const void *arg)
{
	const struct confinement *c = arg;
	bool have = c->have();

	m.fd = open("/dev/zero", O_RDONLY);
	if (m.fd < 0)
		die("/dev/zero");
	if (have)
		c->enter();
	measure_confined(c, have, 0);
	return failed;
}

/*
 * A file, and the same below that many directories less one, in a directory of
 * our own. Its names are as short as can be, so that it is the steps that cost.
 */
#define NAMES	64

static char tree[64];
static char long_path[2 * NAMES];
static char short_name[sizeof(tree) + 2];
static char long_name[sizeof(tree) + sizeof(long_path)];

static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		die(path);
	close(fd);
}

static void make_tree(void)
{
	char *end = long_path;
	int i;

	snprintf(tree, sizeof(tree), "/tmp/capsicum-bench-%d", getpid());
	if (mkdir(tree, 0755) < 0)
		die(tree);
	snprintf(short_name, sizeof(short_name), "%s/f", tree);
	make_file(short_name);

	for (i = 1; i < NAMES; i++) {
		*end++ = 'd';
		*end = '\0';
		snprintf(long_name, sizeof(long_name), "%s/%s", tree,
			 long_path);
		if (mkdir(long_name, 0755) < 0)
			die(long_name);
		*end++ = '/';
	}
	*end++ = 'f';
	*end = '\0';
	snprintf(long_name, sizeof(long_name), "%s/%s", tree, long_path);
	make_file(long_name);
}

static void remove_tree(void)
{
	char *slash;

	unlink(short_name);
	unlink(long_name);
	for (;;) {
		slash = strrchr(long_name, '/');
		*slash = '\0';
		if (rmdir(long_name) < 0)
			die(long_name);
		if (!strcmp(long_name, tree))
			break;
	}
}

static int measure_lookups(const void *arg)
{
	const struct confinement *c = arg;
	bool have;
	int fd;

	/* Room for what is opened, right behind the directory. */
	fd = open(tree, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || (fd != 3 && dup2(fd, 3) != 3))
		die(tree);
	syscall(__NR_close_range, 4, ~0U, 0);
	m.fd = 3;
	m.open_flags = O_RDONLY;
	m.how.flags = O_RDONLY;

	have = c->have();
	if (have)
		c->enter();

	m.path = "f";
	m.absolute = short_name;
	measure_confined(c, have, 1);
	m.path = long_path;
	m.absolute = long_name;
	measure_confined(c, have, NAMES);
	return failed;
}

static int measure_ordinary(const void *capsicum)
{
	return measure_kind(false, capsicum);
}

static int measure_capability(const void *capsicum)
{
	return measure_kind(true, capsicum);
}

/*
 * Ordinary descriptors come first, in a process of their own: what an earlier
 * call left in the kernel's caches is part of what a later one costs, and so it
 * is the same calls that came earlier with and without Capsicum. The tree comes
 * late, for the like of it: names made last are found first.
 */
int main(int argc, char *argv[])
{
	bool capsicum = have_capsicum();
	size_t i;

	stay_put(argv);
	printf("# instructions per call under -icount shift=0, nanoseconds elsewhere\n");

	failed |= in_process(measure_ordinary, capsicum ? &capsicum : NULL);
	failed |= in_process(measure_capability, capsicum ? &capsicum : NULL);
	for (i = 0; i < ARRAY_SIZE(of_calls); i++)
		failed |= in_process(measure_calls, &of_calls[i]);

	make_tree();
	for (i = 0; i < ARRAY_SIZE(of_lookups); i++)
		failed |= in_process(measure_lookups, &of_lookups[i]);
	remove_tree();
	return failed;
}
