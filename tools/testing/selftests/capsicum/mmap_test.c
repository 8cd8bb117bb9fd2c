// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for mapping, and what they leave to mprotect(2) later.
 */
#include "ops.h"
#include "uring.h"
#include "userfault.h"

#include <linux/if_packet.h>
#include <sys/personality.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB	0x0004U
#endif

FIXTURE(map)
{
	int fd;
	size_t page;
	char *last;	/* what map() mapped */
};

/* A memfd of four pages: no mount option keeps it from being executed. */
FIXTURE_SETUP(map)
{
	REQUIRE_CAPSICUM();
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = memfd_create("capsicum", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, 4 * self->page));
	ASSERT_EQ(4, pwrite(self->fd, "text", 4, 0));
	ops_watch(self->fd);
}

FIXTURE_TEARDOWN(map)
{
	close(self->fd);
}

/* Map the first page at *@last; 0 or -1. What was mapped there before goes. */
static int map(char **last, int fd, int prot, int flags)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		return -1;
	if (*last)
		munmap(*last, page);
	*last = p;
	return 0;
}

static const struct {
	int prot;
	uint64_t private;
	uint64_t shared;
} modes[] = {
	{ PROT_NONE, CAP_MMAP, CAP_MMAP },
	{ PROT_READ, CAP_MMAP_R, CAP_MMAP_R },
	{ PROT_WRITE, CAP_MMAP_R, CAP_MMAP_RW },
	{ PROT_READ | PROT_WRITE, CAP_MMAP_R, CAP_MMAP_RW },
	{ PROT_EXEC, CAP_MMAP_RX, CAP_MMAP_RX },
	{ PROT_READ | PROT_EXEC, CAP_MMAP_RX, CAP_MMAP_RX },
	{ PROT_WRITE | PROT_EXEC, CAP_MMAP_RX, CAP_MMAP_RWX },
	{ PROT_READ | PROT_WRITE | PROT_EXEC, CAP_MMAP_RX, CAP_MMAP_RWX },
};

TEST_F(map, modes)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		OP_NEEDS(self->fd, modes[i].private, 0, 0,
			 map(&self->last, cap, modes[i].prot, MAP_PRIVATE));
		OP_NEEDS(self->fd, modes[i].shared, 0, 0,
			 map(&self->last, cap, modes[i].prot, MAP_SHARED));
		OP_NEEDS(self->fd, modes[i].shared, 0, 0,
			 map(&self->last, cap, modes[i].prot, MAP_SHARED_VALIDATE));
	}
}

TEST_F(map, contents)
{
	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 map(&self->last, cap, PROT_READ, MAP_SHARED));
	EXPECT_EQ(0, memcmp(self->last, "text", 4));
	OP_NEEDS(self->fd, CAP_MMAP_RW, 0, 0,
		 map(&self->last, cap, PROT_READ | PROT_WRITE, MAP_SHARED));
	memcpy(self->last, "TEXT", 4);
	EXPECT_EQ(0, munmap(self->last, self->page));
	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 map(&self->last, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	EXPECT_EQ(0, memcmp(self->last, "TEXT", 4));
	/* A private copy is nobody else's. */
	memcpy(self->last, "mine", 4);
	EXPECT_EQ(4, pread(self->fd, self->last + 8, 4, 0));
	EXPECT_EQ(0, memcmp(self->last + 8, "TEXT", 4));
}

/* Every way a program of this ABI has to ask for a mapping. */
TEST_F(map, by_number)
{
#if defined(__i386__)
	unsigned long args[6] = {
		0, self->page, PROT_READ, MAP_SHARED, 0, 0,
	};

	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 syscall(SYS_mmap2, 0, self->page, PROT_READ, MAP_SHARED, cap,
			 0) == -1 ? -1 : 0);
	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 (args[4] = cap, syscall(SYS_mmap, args) == -1 ? -1 : 0));
	args[2] = PROT_READ | PROT_WRITE;
	OP_NEEDS(self->fd, CAP_MMAP_RW, 0, 0,
		 (args[4] = cap, syscall(SYS_mmap, args) == -1 ? -1 : 0));
#elif defined(SYS_mmap)
	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 syscall(SYS_mmap, 0L, self->page, PROT_READ, MAP_SHARED, cap,
			 0L) == -1 ? -1 : 0);
#else
	SKIP(return, "no mmap system call that this test knows");
#endif
}

/*
 * What mprotect can and cannot make of a mapping, for every set of mapping
 * rights and every mode that the set allows: exactly what mmap would have.
 */
TEST_F(map, mprotect_is_capped)
{
	static const uint64_t sets[] = {
		CAP_MMAP, CAP_MMAP_R, CAP_MMAP_W, CAP_MMAP_X, CAP_MMAP_RW,
		CAP_MMAP_RX, CAP_MMAP_WX, CAP_MMAP_RWX,
	};
	size_t s, from, to;
	int shared;

	for (s = 0; s < ARRAY_SIZE(sets); s++) {
		int cap = ops_cap(self->fd, sets[s], 0);

		ASSERT_LE(0, cap);
		for (shared = 0; shared < 2; shared++) {
			for (from = 0; from < ARRAY_SIZE(modes); from++) {
				uint64_t need = shared ? modes[from].shared :
							 modes[from].private;

				if (need & ~sets[s])
					continue;
				for (to = 0; to < ARRAY_SIZE(modes); to++) {
					int ret, want;

					need = shared ? modes[to].shared :
							modes[to].private;
					want = need & ~sets[s] ? -EACCES : 0;
					ASSERT_EQ(0, map(&self->last, cap,
							 modes[from].prot,
							 shared ? MAP_SHARED :
								  MAP_PRIVATE));
					ret = RET(mprotect(self->last,
							   self->page,
							   modes[to].prot));
					EXPECT_EQ(want, ret) {
						TH_LOG("rights %#llx, %s, from prot %d to %d",
						       (unsigned long long)
						       sets[s],
						       shared ? "shared" :
								"private",
						       modes[from].prot,
						       modes[to].prot);
					}
				}
			}
		}
		close(cap);
	}
}

/* The mapping outlives the descriptor, and so does the cap. */
TEST_F(map, cap_outlives_descriptor)
{
	int cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	pid_t child;

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, map(&self->last, cap, PROT_READ, MAP_SHARED));
	close(cap);
	EXPECT_EQ(-EACCES, RET(mprotect(self->last, self->page,
					PROT_READ | PROT_WRITE)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(RET(mprotect(self->last, self->page,
				   PROT_READ | PROT_WRITE)) != -EACCES ||
		      RET(mprotect(self->last, self->page,
				   PROT_READ | PROT_EXEC)) != -EACCES);
	EXPECT_TRUE(child_ok(child));
}

TEST_F(map, mremap_keeps_the_cap)
{
	int cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	char *p, *q;

	ASSERT_LE(0, cap);
	p = mmap(NULL, self->page, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	q = mmap(NULL, 4 * self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	ASSERT_TRUE(q != MAP_FAILED);
	p = mremap(p, self->page, 2 * self->page,
		   MREMAP_MAYMOVE | MREMAP_FIXED, q);
	ASSERT_TRUE(p == q);
	EXPECT_EQ(0, memcmp(p, "text", 4));
	EXPECT_EQ(-EACCES, RET(mprotect(p, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(p + self->page, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(p, 2 * self->page,
					PROT_READ | PROT_EXEC)));
	/* An old size of 0 duplicates a shared mapping. */
	q = mremap(p, 0, self->page, MREMAP_MAYMOVE);
	ASSERT_TRUE(q != MAP_FAILED);
	EXPECT_EQ(-EACCES, RET(mprotect(q, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(q, self->page,
					PROT_READ | PROT_EXEC)));
	/* As does what moves and leaves a mapping behind. */
	p = mremap(q, self->page, self->page,
		   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_TRUE(p != q);
	EXPECT_EQ(0, memcmp(p, "text", 4));
	EXPECT_EQ(0, memcmp(q, "text", 4));
	EXPECT_EQ(-EACCES, RET(mprotect(p, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(p, self->page,
					PROT_READ | PROT_EXEC)));
	EXPECT_EQ(-EACCES, RET(mprotect(q, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(q, self->page,
					PROT_READ | PROT_EXEC)));
	close(cap);
}

TEST_F(map, remap_file_pages_keeps_the_cap)
{
#ifdef SYS_remap_file_pages
	int cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	char *p;

	ASSERT_LE(0, cap);
	p = mmap(NULL, 2 * self->page, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	if (syscall(SYS_remap_file_pages, p, self->page, 0, 1, 0)) {
		ASSERT_EQ(ENOSYS, errno);
		SKIP(return, "no remap_file_pages");
	}
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(-EACCES, RET(mprotect(p, self->page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, RET(mprotect(p, self->page,
					PROT_READ | PROT_EXEC)));
	EXPECT_EQ(-EACCES, RET(mprotect(p + self->page, self->page,
					PROT_READ | PROT_WRITE)));
	close(cap);
#else
	SKIP(return, "no remap_file_pages");
#endif
}

/* ---- part of a file, whose descriptor is closed ---- */

struct window {
	char *p;	/* the first page, or more */
	size_t page;
};

#ifdef SYS_remap_file_pages
/* The third page of the file comes to where the first one was. */
static int move_window(void *arg)
{
	const struct window *w = arg;
	int ret = RET(syscall(SYS_remap_file_pages, w->p, w->page, 0, 2, 0));

	STEP(!memcmp(w->p, ret ? "text" : "more", 4));
	return ret;
}

TEST_F(map, window_is_not_moved)
{
	struct window w = { .page = self->page };

	REQUIRE_CAPMODE();
	ASSERT_EQ(4, pwrite(self->fd, "more", 4, 2 * self->page));
	w.p = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE, MAP_SHARED,
		   self->fd, 0);
	ASSERT_TRUE(w.p != MAP_FAILED);
	close(self->fd);
	if (in_child(move_window, &w) == -ENOSYS)
		SKIP(return, "no remap_file_pages");
	EXPECT_ECAPMODE(move_window, &w);
}
#endif

/* Upwards it reaches what follows: mremap(2) is one's own memory. */
static int grow_window(void *arg)
{
	const struct window *w = arg;
	char *p = mremap(w->p, w->page, 3 * w->page, MREMAP_MAYMOVE);

	if (p == MAP_FAILED)
		return -errno;
	STEP(!memcmp(p + 2 * w->page, "more", 4));
	/* To no other access, though. */
	STEP(RET(mprotect(p, 3 * w->page, PROT_READ | PROT_EXEC)) == -EACCES);
	return 0;
}

TEST_F(map, window_grows)
{
	struct window w = { .page = self->page };
	int cap = ops_cap(self->fd, CAP_MMAP_R, 0);

	REQUIRE_CAPMODE();
	ASSERT_LE(0, cap);
	ASSERT_EQ(4, pwrite(self->fd, "more", 4, 2 * self->page));
	w.p = mmap(NULL, self->page, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(w.p != MAP_FAILED);
	close(cap);
	close(self->fd);
	EXPECT_BOTH(grow_window, &w);
}

/* ---- other ways to write to a mapping, or to have it written ---- */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

static int by_populate(char *p, int text)
{
	return RET(madvise(p, 4096, MADV_POPULATE_WRITE));
}

static int by_read(char *p, int text)
{
	return RET(pread(text, p, 4, 0));
}

static int by_ring(char *p, int text)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.fd = text,
		.addr = (uintptr_t)p,
		.len = 4,
	};

	return ring_once(&sqe);
}

/* Registered with a ring, for reads to come. */
static int by_buffer(char *p, int text)
{
	struct iovec iov = { .iov_base = p, .iov_len = 4096 };
	struct ring r;
	int ret;

	ret = ring_setup(&r, 4, 0);
	if (ret)
		return ret;
	ret = IO_REGISTER(&r, IORING_REGISTER_BUFFERS, &iov, 1);
	ring_free(&r);
	return ret;
}

/* As a debugger does, which may write where the program may not. */
static int by_mem(char *p, int text)
{
	int fd = RET(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
	int ret;

	if (fd < 0)
		return fd;
	ret = RET(pwrite(fd, "TEXT", 4, (uintptr_t)p));
	close(fd);
	return ret;
}

static int by_process(char *p, int text)
{
	struct iovec from = { .iov_base = "TEXT", .iov_len = 4 };
	struct iovec to = { .iov_base = p, .iov_len = 4 };

	return RET(process_vm_writev(getpid(), &from, 1, &to, 1, 0));
}

/* By whoever answers for pages that are missing. */
static int by_userfault(char *p, int text)
{
	int fd = userfault_register(p, 4096);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Last: a hole is made of it. */
static int by_removing(char *p, int text)
{
	return RET(madvise(p, 4096, MADV_REMOVE));
}

TEST_F(map, other_ways_to_write)
{
	static const struct {
		int (*write)(char *p, int text);
		int refused;
	} ways[] = {
		{ by_populate, -EINVAL },
		{ by_read, -EFAULT },
		{ by_ring, -EFAULT },
		{ by_buffer, -EFAULT },
		{ by_mem, -EIO },
		{ by_process, -EFAULT },
		{ by_userfault, -EPERM },
		{ by_removing, -EACCES },
	};
	int text, cap;
	unsigned int i;
	char *r, *rw;

	if (self->page != 4096)
		SKIP(return, "for pages of 4096 bytes");
	if (syscall(__NR_io_uring_setup, 1, NULL) == -1 && errno == ENOSYS)
		SKIP(return, "no io_uring");
	if (!have_userfault())
		SKIP(return, "no userfaultfd");
	text = ops_file("TEXT");
	ASSERT_LE(0, text);
	cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	r = mmap(NULL, self->page, PROT_READ, MAP_SHARED, cap, 0);
	ASSERT_TRUE(r != MAP_FAILED);
	close(cap);
	cap = ops_cap(self->fd, CAP_MMAP_RW, 0);
	rw = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, cap, 0);
	ASSERT_TRUE(rw != MAP_FAILED);
	close(cap);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		EXPECT_EQ(ways[i].refused, ways[i].write(r, text))
			TH_LOG("way %u", i);
		EXPECT_EQ(0, memcmp(rw, "text", 4));
		EXPECT_LE(0, ways[i].write(rw, text))
			TH_LOG("way %u", i);
		if (ways[i].write != by_removing)
			memcpy(rw, "text", 4);
	}
	EXPECT_EQ(0, rw[0]);
	close(text);
}

/* ---- other ways to read from a mapping, or to have it read ---- */

/* What a way has read, to @buf. */
static int found(int ret, const char *buf)
{
	if (ret < 0)
		return ret;
	return ret == 4 && !memcmp(buf, "text", 4) ? 0 : -EUCLEAN;
}

static int from_mem(char *p)
{
	int fd = RET(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
	char buf[4];
	int ret;

	if (fd < 0)
		return fd;
	ret = found(RET(pread(fd, buf, sizeof(buf), (uintptr_t)p)), buf);
	close(fd);
	return ret;
}

/* A debugger of the child, which has the mapping too. */
static int from_debugger(char *p)
{
	int status, ret = -ECHILD;
	pid_t child = fork();
	long word;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(1);
	}
	if (child < 0)
		return -errno;
	if (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, child, p, NULL);
		ret = errno ? -errno : found(4, (char *)&word);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return ret;
}

static int from_process(char *p)
{
	char buf[4];
	struct iovec to = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct iovec from = { .iov_base = p, .iov_len = sizeof(buf) };

	return found(RET(process_vm_readv(getpid(), &to, 1, &from, 1, 0)), buf);
}

static int from_populate(char *p)
{
	return RET(madvise(p, 4096, MADV_POPULATE_READ));
}

/* By a pipe: copied, and the page itself. */
static int from_pipe(char *p, bool copied)
{
	struct iovec iov = { .iov_base = p, .iov_len = 4 };
	int ret, fd[2];
	char buf[4];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	ret = copied ? RET(write(fd[1], p, 4)) : RET(vmsplice(fd[1], &iov, 1, 0));
	if (ret == 4)
		ret = found(RET(read(fd[0], buf, sizeof(buf))), buf);
	close(fd[0]);
	close(fd[1]);
	return ret;
}

static int from_write(char *p)
{
	return from_pipe(p, true);
}

static int from_vmsplice(char *p)
{
	return from_pipe(p, false);
}

/* CAP_MMAP alone is for memory that nobody sees, not even a debugger. */
TEST_F(map, other_ways_to_read)
{
	static const struct {
		int (*read)(char *p);
		int refused;
		bool forced;	/* whatever the protection is now */
	} ways[] = {
		{ from_mem, -EIO, true },
		{ from_debugger, -EIO, true },
		{ from_process, -EFAULT },
		{ from_populate, -EINVAL },
		{ from_write, -EFAULT },
		{ from_vmsplice, -EFAULT },
	};
	static const int flags[] = { MAP_PRIVATE, MAP_SHARED };
	char *none = NULL, *r = NULL;
	unsigned int i, j;
	int cap, cap_r;

	if (self->page != 4096)
		SKIP(return, "for pages of 4096 bytes");
	cap = ops_cap(self->fd, CAP_MMAP, 0);
	ASSERT_LE(0, cap);
	cap_r = ops_cap(self->fd, CAP_MMAP_R, 0);
	ASSERT_LE(0, cap_r);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, map(&none, cap, PROT_NONE, flags[i]));
		ASSERT_EQ(0, map(&r, cap_r, PROT_NONE, flags[i]));
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			EXPECT_EQ(ways[j].refused, ways[j].read(none))
				TH_LOG("way %u, flags %#x", j, flags[i]);
			EXPECT_EQ(ways[j].forced ? 0 : ways[j].refused,
				  ways[j].read(r))
				TH_LOG("way %u, flags %#x", j, flags[i]);
		}
		EXPECT_EQ(0, mprotect(r, self->page, PROT_READ));
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			EXPECT_EQ(0, ways[j].read(r))
				TH_LOG("way %u, flags %#x", j, flags[i]);
		}
	}
	close(cap_r);
	close(cap);
}

/* ---- what is done to the pages, and to nothing that is in them ---- */

#define HUGE	(2UL << 20)

/* All of @fd where a huge page can be, in a place for two of them. */
static char *map_huge(int fd)
{
	char *p = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return p;
	p += -(uintptr_t)p & (HUGE - 1);
	return mmap(p, HUGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
}

/* In how many places there is not what the test has written. */
static int differences(const char *p, size_t page)
{
	unsigned int i, n = 0;

	for (i = 0; i < HUGE / page; i++)
		n += memcmp(p + i * page, &i, sizeof(i)) != 0;
	return n;
}

TEST_F(map, advice)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE };
	int cap, want, got;
	char *plain, *p;
	unsigned int i;

	ASSERT_EQ(0, ftruncate(self->fd, HUGE));
	for (i = 0; i < HUGE / self->page; i++)
		ASSERT_EQ((int)sizeof(i), pwrite(self->fd, &i, sizeof(i),
						 i * self->page));
	cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	ASSERT_LE(0, cap);
	plain = map_huge(self->fd);
	ASSERT_TRUE(plain != MAP_FAILED);
	p = map_huge(cap);
	ASSERT_TRUE(p != MAP_FAILED);
	close(cap);
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		ASSERT_EQ(0, differences(p, self->page));
		got = RET(madvise(p, HUGE, advice[i]));
		EXPECT_EQ(0, differences(p, self->page))
			TH_LOG("advice %d", advice[i]);
		want = RET(madvise(plain, HUGE, advice[i]));
		EXPECT_EQ(want, got)
			TH_LOG("advice %d", advice[i]);
		EXPECT_EQ(0, differences(plain, self->page))
			TH_LOG("advice %d", advice[i]);
		EXPECT_EQ(-EACCES, RET(mprotect(p, HUGE,
						PROT_READ | PROT_WRITE)));
	}
	EXPECT_EQ(0, mprotect(plain, HUGE, PROT_READ | PROT_WRITE));
}

/* Mappings side by side, alike but for the cap, stay two. */
TEST_F(map, neighbours)
{
	int cap = ops_cap(self->fd, CAP_MMAP_R, 0);
	const size_t page = self->page;
	char *p;
	int i;

	ASSERT_LE(0, cap);
	p = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	for (i = 0; i < 3; i++) {
		void *at = mmap(p + i * page, page, PROT_READ,
				MAP_SHARED | MAP_FIXED,
				i == 1 ? cap : self->fd, i * page);

		ASSERT_TRUE(at == p + i * page);
	}
	EXPECT_EQ(-EACCES, RET(mprotect(p + page, page,
					PROT_READ | PROT_WRITE)));
	EXPECT_EQ(0, mprotect(p, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, mprotect(p + 2 * page, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, mprotect(p, page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(-EACCES, RET(mprotect(p + page, page,
					PROT_READ | PROT_EXEC)));
	close(cap);
}

/* The permissions of the mapping at @addr as /proc/self/maps has them. */
static const char *perms(const void *addr)
{
	static char found[8];
	unsigned long from, to;
	char line[512], p[8];
	FILE *f = fopen("/proc/self/maps", "re");

	snprintf(found, sizeof(found), "none");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, p) == 3 &&
		    (unsigned long)addr >= from && (unsigned long)addr < to)
			snprintf(found, sizeof(found), "%s", p);
	}
	if (f)
		fclose(f);
	return found;
}

/* READ_IMPLIES_EXEC implies no more than the capability holds. */
TEST_F(map, read_implies_exec)
{
	int was = personality(0xffffffff);
	int r, rx;

	ASSERT_LE(0, was);
	r = ops_cap(self->fd, CAP_MMAP_R, 0);
	rx = ops_cap(self->fd, CAP_MMAP_RX, 0);
	ASSERT_LE(0, r);
	ASSERT_LE(0, rx);
	ASSERT_LE(0, personality(was | READ_IMPLIES_EXEC));

	ASSERT_EQ(0, map(&self->last, self->fd, PROT_READ, MAP_SHARED));
	EXPECT_STREQ("r-xs", perms(self->last));
	ASSERT_EQ(0, map(&self->last, r, PROT_READ, MAP_SHARED));
	EXPECT_STREQ("r--s", perms(self->last));
	EXPECT_EQ(0, memcmp(self->last, "text", 4));
	EXPECT_EQ(0, mprotect(self->last, self->page, PROT_READ));
	EXPECT_STREQ("r--s", perms(self->last));
	EXPECT_EQ(-EACCES, RET(mprotect(self->last, self->page,
					PROT_READ | PROT_EXEC)));
	ASSERT_EQ(0, map(&self->last, r, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	EXPECT_STREQ("rw-p", perms(self->last));
	ASSERT_EQ(0, map(&self->last, rx, PROT_READ, MAP_SHARED));
	EXPECT_STREQ("r-xs", perms(self->last));

	OP_NEEDS(self->fd, CAP_MMAP_R, 0, 0,
		 map(&self->last, cap, PROT_READ, MAP_SHARED));
	OP_NEEDS(self->fd, CAP_MMAP_RX, 0, 0,
		 map(&self->last, cap, PROT_READ | PROT_EXEC, MAP_SHARED));
	personality(was);
	close(r);
	close(rx);
}

/* The open mode still counts. */
TEST_F(map, open_mode)
{
	char path[64];
	int ro, cap;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, ro);
	cap = ops_cap(ro, CAP_MMAP_RWX, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EACCES, RET(map(&self->last, cap, PROT_READ | PROT_WRITE,
				   MAP_SHARED)));
	EXPECT_EQ(0, map(&self->last, cap, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EACCES, RET(mprotect(self->last, self->page,
					PROT_READ | PROT_WRITE)));
	close(cap);
	close(ro);
}

/* Anonymous memory does not care for the descriptor. */
TEST_F(map, anonymous)
{
	int cap = ops_cap(self->fd, 0, 0);
	char *p;

	ASSERT_LE(0, cap);
	p = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, cap, 0);
	EXPECT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(0, munmap(p, self->page));
	close(cap);
}

TEST(huge_pages)
{
	const size_t huge = 2UL << 20;
	char *p;
	int fd, cap;

	REQUIRE_CAPSICUM();
	fd = memfd_create("capsicum", MFD_CLOEXEC | MFD_HUGETLB);
	if (fd < 0)
		SKIP(return, "no huge pages");
	/* Nothing is touched, so that the machine need not have any. */
	p = mmap(NULL, huge, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		SKIP(return, "no huge pages of 2 MB");
	munmap(p, huge);

	OP_NEEDS(fd, CAP_MMAP_RW, 0, 0,
		 (p = mmap(NULL, huge, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_NORESERVE, cap, 0)) == MAP_FAILED ?
			 -1 : munmap(p, huge));
	cap = ops_cap(fd, CAP_MMAP_R, 0);
	ASSERT_LE(0, cap);
	p = mmap(NULL, huge, PROT_READ, MAP_SHARED | MAP_NORESERVE, cap, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(-EACCES, RET(mprotect(p, huge, PROT_READ | PROT_WRITE)));
	close(cap);
	close(fd);
}

/* Where a socket puts what it receives, which both sides write to. */
TEST(packet_ring)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const struct tpacket_req req = {
		.tp_block_size = page,
		.tp_block_nr = 1,
		.tp_frame_size = page,
		.tp_frame_nr = 1,
	};
	struct tpacket_hdr *frame;
	int sock, cap;
	char *last = NULL, *r;

	REQUIRE_CAPSICUM();
	sock = RET(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	if (sock == -EPERM || sock == -EAFNOSUPPORT)
		SKIP(return, "only root has packet sockets, or nobody");
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &req,
				sizeof(req)));
	OP_NEEDS(sock, CAP_MMAP, 0, 0, map(&last, cap, PROT_NONE, MAP_SHARED));
	EXPECT_EQ(-EACCES, RET(mprotect(last, page, PROT_READ)));
	/* It takes more than to have made the ring. */
	cap = limit_to(sock, CAP_MMAP, CAP_SETSOCKOPT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(map(&last, cap, PROT_READ, MAP_SHARED)));
	close(cap);
	OP_NEEDS(sock, CAP_MMAP_R, 0, 0,
		 map(&last, cap, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-EACCES, RET(mprotect(last, page, PROT_READ | PROT_WRITE)));
	r = last;
	last = NULL;
	OP_NEEDS(sock, CAP_MMAP_RW, 0, 0,
		 map(&last, cap, PROT_READ | PROT_WRITE, MAP_SHARED));
	frame = (struct tpacket_hdr *)last;
	frame->tp_status = TP_STATUS_USER;
	frame = (struct tpacket_hdr *)r;
	EXPECT_EQ(TP_STATUS_USER, frame->tp_status);
	EXPECT_EQ(0, mprotect(last, page, PROT_READ));
	EXPECT_EQ(0, mprotect(last, page, PROT_READ | PROT_WRITE));
	munmap(last, page);
	munmap(r, page);
	close(sock);
}

TEST_HARNESS_MAIN
