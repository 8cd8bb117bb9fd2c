/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: what they share.
 *
 * The helpers go through the raw system calls; functions that can fail return 0
 * or a descriptor, or the negative errno.
 */
#ifndef _SELFTESTS_CAPSICUM_COMMON_H
#define _SELFTESTS_CAPSICUM_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/capsicum.h>

#include "../kselftest_harness.h"

/* An emulated machine with a debugging kernel takes its time. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/* For C library headers that are older than the kernel's. */
#if defined(__x86_64__) && defined(__ILP32__)
#define CAP_NR_BASE	0x40000000
#else
#define CAP_NR_BASE	0
#endif
#ifndef __NR_cap_rights_limit
#define __NR_cap_rights_limit	(CAP_NR_BASE + 480)
#endif
#ifndef __NR_cap_rights_get
#define __NR_cap_rights_get	(CAP_NR_BASE + 481)
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise	(CAP_NR_BASE + 440)
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease	(CAP_NR_BASE + 448)
#endif
#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define CAP_WORDS	(CAP_RIGHTS_VERSION + 2)
#define CAP_RIGHT_BITS	57
#define CAP_RIGHT_MASK	((1ULL << CAP_RIGHT_BITS) - 1)

static inline int sys_cap_rights_limit(int fd, const void *rights,
				       unsigned int fcntls, int nioctls,
				       const unsigned int *ioctls,
				       unsigned int flags)
{
	long ret = syscall(__NR_cap_rights_limit, fd, rights, fcntls, nioctls,
			   ioctls, flags);

	return ret < 0 ? -errno : ret;
}

static inline int sys_cap_rights_get(int fd, void *rights,
				     unsigned int *fcntls, int *nioctls,
				     unsigned int *ioctls, unsigned int flags)
{
	long ret = syscall(__NR_cap_rights_get, fd, rights, fcntls, nioctls,
			   ioctls, flags);

	return ret < 0 ? -errno : ret;
}

/* Turns what a system call wrapper returned into a value or -errno. */
#define RET(call) \
({ \
	long __ret = (call); \
	__ret < 0 ? -errno : (int)__ret; \
})

/*
 * Whether the kernel has a function whose name ends so. Those of a system call
 * that is left out are weak, and no functions. False when it is not to be told:
 * no /proc, or no CONFIG_KALLSYMS.
 */
static inline bool kernel_has(const char *function)
{
	const size_t len = strlen(function);
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[1024], type, name[512];
	bool found = false;
	size_t n;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %c %511s", &type, name) != 2)
			continue;
		n = strlen(name);
		found = (type == 'T' || type == 't') && n >= len &&
			!strcmp(name + n - len, function);
	}
	if (f)
		fclose(f);
	return found;
}

/* Whether it was built with Capsicum, whatever the system calls say. */
static inline bool kernel_has_capsicum(void)
{
	return kernel_has("sys_cap_rights_limit");
}

/*
 * Skips the rest of the test where the kernel has no Capsicum. One that has it
 * and does not answer (no entry in the table of this ABI, say) is a failure.
 */
#define REQUIRE_CAPSICUM() do { \
	if (sys_cap_rights_get(-1, NULL, NULL, NULL, NULL, 0) == -ENOSYS) { \
		ASSERT_FALSE(kernel_has_capsicum()) \
			TH_LOG("CONFIG_SECURITY_CAPSICUM, but no system call"); \
		SKIP(return, "the kernel has no CONFIG_SECURITY_CAPSICUM"); \
	} \
} while (0)

/* ---- sets of rights ---- */

static inline int right_word(uint64_t right)
{
	return __builtin_ctzll(right >> CAP_RIGHT_BITS);
}

static inline void rights_none(struct cap_rights *set)
{
	static const struct cap_rights none = CAP_RIGHTS_NONE_INIT;

	*set = none;
}

static inline void rights_all(struct cap_rights *set)
{
	static const struct cap_rights all = CAP_RIGHTS_ALL_INIT;

	*set = all;
}

/* @right may be a composite (CAP_PREAD), but of one word only. */
static inline void rights_add(struct cap_rights *set, uint64_t right)
{
	set->cr_rights[right_word(right)] |= right;
}

static inline void rights_del(struct cap_rights *set, uint64_t right)
{
	set->cr_rights[right_word(right)] &= ~(right & CAP_RIGHT_MASK);
}

static inline bool rights_has(const struct cap_rights *set, uint64_t right)
{
	return (set->cr_rights[right_word(right)] & right) == right;
}

static inline bool rights_eq(const struct cap_rights *a,
			     const struct cap_rights *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* @rights: a list that ends with 0. */
static inline void rights_list(struct cap_rights *set, const uint64_t *rights)
{
	rights_none(set);
	for (; *rights; rights++)
		rights_add(set, *rights);
}

/* RIGHTS(CAP_PREAD, CAP_EVENT): a list of rights. */
#define RIGHTS(...)	((const uint64_t[]){ __VA_ARGS__, 0 })
/* A list of none at all. */
#define NO_RIGHTS	((const uint64_t[]){ 0 })

/*
 * limit_fd() - narrow a descriptor to @set in place, with every sub-right of
 * what is left.
 */
static inline int limit_fd(int fd, const struct cap_rights *set)
{
	return sys_cap_rights_limit(fd, set, 0, 0, NULL,
				    CAP_LIMIT_KEEP_FCNTLS |
				    CAP_LIMIT_KEEP_IOCTLS);
}

/*
 * limit_sub() - a narrowed duplicate of @fd, with its sub-rights given.
 * Returns the new descriptor or -errno.
 */
static inline int limit_sub(int fd, const struct cap_rights *set,
			    unsigned int fcntls, int nioctls,
			    const unsigned int *ioctls)
{
	int new = RET(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	int err;

	if (new < 0)
		return new;
	err = sys_cap_rights_limit(new, set, fcntls, nioctls, ioctls, 0);
	if (err) {
		close(new);
		return err;
	}
	return new;
}

static inline int limit_set(int fd, const struct cap_rights *set)
{
	return limit_sub(fd, set,
			 rights_has(set, CAP_FCNTL) ? CAP_FCNTL_ALL : 0,
			 rights_has(set, CAP_IOCTL) ? CAP_LIMIT_IOCTLS_ALL : 0,
			 NULL);
}

static inline int limit_list(int fd, const uint64_t *rights)
{
	struct cap_rights set;

	rights_list(&set, rights);
	return limit_set(fd, &set);
}

/*
 * limit_to(fd, CAP_READ, CAP_FSTAT) - a duplicate of @fd with just these rights
 * (and every sub-right of them). limit_list(fd, NO_RIGHTS) has none,
 * limit_all(fd) all, limit_all_but(fd, CAP_READ) all but one.
 */
#define limit_to(fd, ...)	limit_list(fd, RIGHTS(__VA_ARGS__))

static inline int limit_all(int fd)
{
	struct cap_rights set;

	rights_all(&set);
	return limit_set(fd, &set);
}

static inline int limit_all_but(int fd, uint64_t right)
{
	struct cap_rights set;

	rights_all(&set);
	rights_del(&set, right);
	return limit_set(fd, &set);
}

/* What a descriptor holds. */
struct limits {
	struct cap_rights rights;
	unsigned int fcntls;
	int nioctls;
	unsigned int ioctls[CAP_IOCTLS_LIMIT_MAX];
};

static inline int get_limits(int fd, struct limits *l)
{
	memset(l, 0, sizeof(*l));
	l->nioctls = CAP_IOCTLS_LIMIT_MAX;
	return sys_cap_rights_get(fd, &l->rights, &l->fcntls, &l->nioctls,
				  l->ioctls, 0);
}

static inline bool limits_eq(const struct limits *a, const struct limits *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Whether @fd holds just these rights (0 ends the list). */
#define holds(fd, ...) \
({ \
	struct cap_rights __want; \
	struct limits __have; \
	rights_list(&__want, RIGHTS(__VA_ARGS__)); \
	!get_limits(fd, &__have) && rights_eq(&__want, &__have.rights); \
})

/* ---- objects ---- */

#define MIX(h, v)	((h) = ((h) ^ (uint64_t)(v)) * 0x100000001b3ULL)

/*
 * file_state() - a digest of what an operation can change on an open file
 * @fd: An ordinary descriptor of it.
 *
 * Covers attributes (not the access time), the shared position, the flags, and
 * for regular files the contents and the names of extended attributes.
 */
static inline uint64_t file_state(int fd)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	char buf[4096];
	struct stat st;
	ssize_t n, i;
	off_t off = 0;

	if (fstat(fd, &st))
		return 0;
	MIX(h, st.st_mode);
	MIX(h, st.st_uid);
	MIX(h, st.st_gid);
	MIX(h, st.st_size);
	MIX(h, st.st_blocks);
	MIX(h, st.st_nlink);
	MIX(h, st.st_mtim.tv_sec);
	MIX(h, st.st_mtim.tv_nsec);
	MIX(h, lseek(fd, 0, SEEK_CUR));
	MIX(h, fcntl(fd, F_GETFL));
	MIX(h, fcntl(fd, F_GETOWN));
	if (!S_ISREG(st.st_mode))
		return h;
	while ((n = pread(fd, buf, sizeof(buf), off)) > 0) {
		for (i = 0; i < n; i++)
			MIX(h, buf[i]);
		off += n;
	}
	return h;
}

/* The entries of @name below @dir, in a description of their own; or NULL. */
static inline DIR *list_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

/* Where files may be made: on a memory file system where there is one. */
static inline const char *tmp_dir(void)
{
	return access("/tmp", W_OK) ? "." : "/tmp";
}

/* The lowest descriptor that is free. */
static inline int free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* How many files are open in the system, as far as they are counted. */
static inline long files(void)
{
	FILE *f = fopen("/proc/sys/fs/file-nr", "re");
	long n = -1;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

/*
 * An unlinked file of @size bytes ('a', 'b', ... 'z', 'a', ...), open O_RDWR, in
 * @dir or, when that is NULL, tmp_dir().
 */
static inline int tmp_file(const char *dir, size_t size)
{
	char name[PATH_MAX];
	size_t i;
	int fd;

	snprintf(name, sizeof(name), "%s/capsicum.XXXXXX", dir ? dir : tmp_dir());
	fd = RET(mkostemp(name, O_CLOEXEC));
	if (fd < 0)
		return fd;
	unlink(name);
	for (i = 0; i < size; i++) {
		char c = 'a' + i % 26;

		if (pwrite(fd, &c, 1, i) != 1) {
			close(fd);
			return -EIO;
		}
	}
	return fd;
}

/* ---- an operation and the rights it needs ---- */

/**
 * struct rights_op - an operation on a descriptor, and what it needs
 * @name: For the messages.
 * @op: Performs it on the descriptor; returns 0 or more, or -errno.
 * @rights: What it needs: RIGHTS(...), composites allowed.
 * @fcntls: The fcntl sub-rights it needs, if it needs CAP_FCNTL.
 * @ioctl: The ioctl command it needs on the list, if it needs CAP_IOCTL.
 * @want: 0, or the -errno it ends with once the rights are there (the check of
 *	  rights comes first, so an operation that the object does not know can
 *	  tell as well).
 * @prepare: NULL, or puts the object back; called before each run.
 * @keeps: A refusal that has changed nothing, by @state, saves the next run
 *	   preparing the object anew. Not for objects that notice when a
 *	   descriptor of theirs is closed.
 * @state: NULL, or a digest of the object, which a refused run must not change.
 * @denied: 0, or the -errno of a refusal where it is not -ENOTCAPABLE.
 * @ctx: For the callbacks.
 */
struct rights_op {
	const char *name;
	int (*op)(int fd, void *ctx);
	const uint64_t *rights;
	unsigned int fcntls;
	unsigned int ioctl;
	int want;
	void (*prepare)(void *ctx);
	bool keeps;
	uint64_t (*state)(void *ctx);
	int denied;
	void *ctx;
};

/* What the run before has left. */
struct rights_run {
	bool as_prepared;	/* and @state is the digest of that */
	uint64_t state;
};

/*
 * One run on a descriptor that the run owns. Returns a static string that says
 * what is wrong, or NULL.
 */
static inline const char *__rights_op_run(const struct rights_op *o,
					  struct rights_run *run, int fd,
					  bool allowed, int *ret)
{
	bool prepared = run->as_prepared;

	run->as_prepared = false;
	if (fd < 0) {
		*ret = fd;
		return "limiting failed";
	}
	if (!prepared) {
		if (o->prepare)
			o->prepare(o->ctx);
		if (o->state)
			run->state = o->state(o->ctx);
	}
	*ret = o->op(fd, o->ctx);
	if (allowed) {
		if (o->want ? *ret != o->want : *ret < 0)
			return "refused, or failed";
		return NULL;
	}
	if (*ret != (o->denied ? o->denied : -ENOTCAPABLE))
		return "not refused";
	if (o->state) {
		if (o->state(o->ctx) != run->state)
			return "refused, but something has changed";
		run->as_prepared = o->keeps;
	}
	return NULL;
}

#define __RIGHTS_OP(allowed, newfd, fmt, ...) do { \
	int __fd = (newfd), __err; \
	const char *__msg = __rights_op_run(o, &run, __fd, allowed, \
					    &__err); \
	if (__fd >= 0) \
		close(__fd); \
	EXPECT_TRUE(!__msg) \
		TH_LOG("%s with " fmt ": %s (returned %d)", o->name, \
		       ##__VA_ARGS__, __msg, __err); \
} while (0)

/*
 * check_rights_op() - an operation works with what it needs, and only with it
 * @fd: An ordinary descriptor of the object; is not narrowed.
 *
 * Allowed: through @fd itself, through a capability with every right, through
 * one with exactly the rights needed. Refused: without any right, and for each
 * single right bit needed, without that one (both all others, and the others
 * needed, present); the same for fcntl sub-rights and the ioctl list.
 */
static inline void check_rights_op(struct __test_metadata *_metadata,
				   const struct rights_op *o, int fd)
{
	unsigned int other = o->ioctl ^ 0x01010101;
	struct cap_rights need, all, set;
	struct rights_run run = {};
	int w, bit, nioctls = 0;
	unsigned int f;

	rights_list(&need, o->rights);
	rights_all(&all);
	if (rights_has(&need, CAP_IOCTL))
		nioctls = 1;

	__RIGHTS_OP(true, RET(fcntl(fd, F_DUPFD_CLOEXEC, 3)),
		    "an ordinary descriptor");
	__RIGHTS_OP(true, limit_all(fd), "every right");
	__RIGHTS_OP(true, limit_sub(fd, &need, o->fcntls, nioctls, &o->ioctl),
		    "exactly its rights");
	for (w = 0; w < CAP_WORDS; w++) {
		for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
			uint64_t one = CAPRIGHT(w, 1ULL << bit);

			if (!rights_has(&need, one))
				continue;
			set = all;
			rights_del(&set, one);
			__RIGHTS_OP(false, limit_set(fd, &set),
				    "all but %#llx", (unsigned long long)one);
			set = need;
			rights_del(&set, one);
			__RIGHTS_OP(false, limit_set(fd, &set),
				    "its rights but %#llx",
				    (unsigned long long)one);
		}
	}
	if (o->rights[0])
		__RIGHTS_OP(false, limit_list(fd, NO_RIGHTS), "no right");

	for (f = 1; f; f <<= 1) {
		if (!(o->fcntls & f))
			continue;
		__RIGHTS_OP(false, limit_sub(fd, &all, CAP_FCNTL_ALL & ~f,
					     CAP_LIMIT_IOCTLS_ALL, NULL),
			    "every right but fcntls %#x", f);
		__RIGHTS_OP(false, limit_sub(fd, &need, o->fcntls & ~f,
					     nioctls, &o->ioctl),
			    "its rights but fcntls %#x", f);
	}
	if (nioctls) {
		__RIGHTS_OP(false, limit_sub(fd, &all, CAP_FCNTL_ALL, 0, NULL),
			    "every right but an empty ioctl list");
		__RIGHTS_OP(false, limit_sub(fd, &all, CAP_FCNTL_ALL, 1,
					     &other),
			    "every right but another ioctl, %#x", other);
	}
}

/*
 * RIGHTS_OP(fd, .name = "fsync", .op = op_fsync, .rights = RIGHTS(CAP_FSYNC));
 * inside of a test.
 */
#define RIGHTS_OP(fd, ...) \
	check_rights_op(_metadata, &(const struct rights_op){ __VA_ARGS__ }, fd)

/* Whether there is something to read, without waiting; POLLNVAL: no right. */
static inline int op_poll_in(int fd, void *arg)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = RET(poll(&p, 1, 0));

	if (n < 0)
		return n;
	if (p.revents & POLLNVAL)
		return -ENOTCAPABLE;
	return p.revents == POLLIN ? 0 : -EAGAIN;
}

/* ---- processes ---- */

/* Whether @child ended by exit(0). */
static inline bool child_ok(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Sends @n (at most 8) descriptors with one byte. */
static inline int send_fds(int sock, const int *fds, int n)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(8 * sizeof(int))];
	} u = {};
	char c = 'x';
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.buf,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	u.h.cmsg_len = CMSG_LEN(n * sizeof(int));
	u.h.cmsg_level = SOL_SOCKET;
	u.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&u.h), fds, n * sizeof(int));
	return RET(sendmsg(sock, &msg, 0));
}

/* Receives at most @max (at most 8) descriptors; returns how many came. */
static inline int recv_fds(int sock, int *fds, int max, int flags)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(8 * sizeof(int))];
	} u = {};
	char c;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.buf,
		.msg_controllen = CMSG_SPACE(max * sizeof(int)),
	};
	struct cmsghdr *h;
	int n;

	n = RET(recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC));
	if (n < 0)
		return n;
	h = CMSG_FIRSTHDR(&msg);
	if (!h || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(h), n * sizeof(int));
	return n;
}

#endif /* _SELFTESTS_CAPSICUM_COMMON_H */
