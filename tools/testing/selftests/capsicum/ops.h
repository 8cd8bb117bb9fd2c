/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the tests of single operations ask "which right does this need?".
 *
 * OP_NEEDS() tries a call on capabilities that lack a right it needs, one bit
 * at a time, and then on one that holds exactly those; ops_watch() names the
 * objects that must look the same after every call that was refused.
 */
#ifndef _SELFTESTS_CAPSICUM_OPS_H
#define _SELFTESTS_CAPSICUM_OPS_H

#include "common.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#define OPS_WATCHED	4

/* What is compared before and after a refused call. */
struct ops_state {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	nlink_t nlink;
	off_t size;
	struct timespec mtim;
	struct timespec ctim;
	off_t pos;
	int flags;
	int queued;
	uint64_t data;
	uint64_t xattrs;
};

/* A series of calls on capabilities of one descriptor. */
struct ops_try {
	int fd;
	uint64_t need[2];
	int step;
	int cap;
	bool enough;
	uint64_t held[2];
	struct ops_state before[OPS_WATCHED];
};

static int ops_watched[OPS_WATCHED];
static int ops_nr_watched;

/* Fold @len bytes at @p into @sum (FNV-1a). */
static inline uint64_t ops_sum(uint64_t sum, const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len--)
		sum = (sum ^ *c++) * 0x100000001b3ULL;
	return sum;
}

/*
 * Take down what @fd, an ordinary descriptor, shows of its object. Access
 * times are left out: looking changes them.
 */
static inline void ops_look(int fd, struct ops_state *s)
{
	char buf[4096], list[1024];
	struct stat st = {};
	ssize_t n;
	off_t off;

	memset(s, 0, sizeof(*s));
	fstat(fd, &st);
	if (S_ISREG(st.st_mode)) {
		for (off = 0; (n = pread(fd, buf, sizeof(buf), off)) > 0; off += n)
			s->data = ops_sum(s->data, buf, n);
	}
	n = flistxattr(fd, list, sizeof(list));
	if (n > 0) {
		const char *name;

		for (name = list; name < list + n; name += strlen(name) + 1) {
			ssize_t len = fgetxattr(fd, name, buf, sizeof(buf));

			s->xattrs = ops_sum(s->xattrs, name, strlen(name));
			if (len > 0)
				s->xattrs = ops_sum(s->xattrs, buf, len);
		}
	}
	s->mode = st.st_mode;
	s->uid = st.st_uid;
	s->gid = st.st_gid;
	s->nlink = st.st_nlink;
	s->size = st.st_size;
	s->mtim = st.st_mtim;
	s->ctim = st.st_ctim;
	s->pos = lseek(fd, 0, SEEK_CUR);
	s->flags = fcntl(fd, F_GETFL);
	if (ioctl(fd, FIONREAD, &s->queued))
		s->queued = -1;
}

/* The object behind @fd must stay as it is when a call is refused. */
static inline void ops_watch(int fd)
{
	if (ops_nr_watched == OPS_WATCHED)
		abort();
	ops_watched[ops_nr_watched++] = fd;
}

/*
 * Make a capability on what @fd stands for, close-on-exec, with the rights @w0
 * and @w1 (index bits may be left out) and every sub-right that goes with them.
 * Returns the new descriptor, or -1 and errno.
 */
static inline int ops_cap(int fd, uint64_t w0, uint64_t w1)
{
	const struct cap_rights set = { {
		CAPRIGHT(0, CAP_RIGHT_MASK & w0),
		CAPRIGHT(1, CAP_RIGHT_MASK & w1),
	} };
	int cap = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int err;

	if (cap < 0)
		return -1;
	err = limit_fd(cap, &set);
	if (err) {
		close(cap);
		errno = -err;
		return -1;
	}
	return cap;
}

/*
 * The rights of try number @step: for each bit that is needed first exactly
 * the others, then all there are but this one; then none; last exactly those
 * needed. Returns false after the last try.
 */
static inline bool ops_step(struct ops_try *t)
{
	int word, bit, step = t->step++;

	for (word = 0; word < 2; word++) {
		for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
			const uint64_t mask = 1ULL << bit;

			if (!((CAP_RIGHT_MASK & t->need[word]) & mask))
				continue;
			if (step < 2) {
				t->held[0] = step ? CAP_ALL0 : t->need[0];
				t->held[1] = step ? CAP_ALL1 : t->need[1];
				t->held[word] &= ~mask;
				return true;
			}
			step -= 2;
		}
	}
	if (step == 0) {
		t->held[0] = 0;
		t->held[1] = 0;
		return true;
	}
	t->held[0] = t->need[0];
	t->held[1] = t->need[1];
	t->enough = true;
	return step == 1;
}

static inline bool ops_next(struct __test_metadata *_metadata,
			    struct ops_try *t)
{
	int i;

	if (t->cap >= 0)
		close(t->cap);
	t->cap = -1;
	if (!ops_step(t))
		return false;
	t->cap = ops_cap(t->fd, t->held[0], t->held[1]);
	ASSERT_LE(0, t->cap) {
		TH_LOG("cannot limit descriptor %d: %s", t->fd,
		       strerror(errno));
	}
	for (i = 0; i < ops_nr_watched; i++)
		ops_look(ops_watched[i], &t->before[i]);
	return true;
}

/*
 * Judge the outcome @got of @call; @want is what it gives with the rights it
 * needs, a negative errno for a failure.
 */
static inline void ops_check(struct __test_metadata *_metadata,
			     struct ops_try *t, long want, long got,
			     const char *call)
{
	struct ops_state after;
	int i;

	EXPECT_EQ(t->enough ? want : -ENOTCAPABLE, got) {
		TH_LOG("%s on a capability holding %#llx %#llx", call,
		       (unsigned long long)(CAP_RIGHT_MASK & t->held[0]),
		       (unsigned long long)(CAP_RIGHT_MASK & t->held[1]));
	}
	if (t->enough)
		return;
	for (i = 0; i < ops_nr_watched; i++) {
		ops_look(ops_watched[i], &after);
		EXPECT_EQ(0, memcmp(&after, &t->before[i], sizeof(after))) {
			TH_LOG("%s was refused but changed the object of descriptor %d",
			       call, ops_watched[i]);
		}
	}
}

/*
 * @call, an expression that uses the descriptor "cap", needs exactly the
 * rights @w0 and @w1 on a capability made from @from, and then gives @want. It
 * fails as a system call does, or with another negative number: a -errno that
 * is not to be taken for that of the last call that it has made.
 */
#define OP_NEEDS(from, w0, w1, want, call)				\
	do {								\
		struct ops_try _try = {					\
			.fd = (from), .need = { (w0), (w1) }, .cap = -1,\
		};							\
									\
		while (ops_next(_metadata, &_try)) {			\
			const int cap = _try.cap;			\
			long _got;					\
									\
			_got = (call);					\
			if (_got == -1)					\
				_got = -errno;				\
			ops_check(_metadata, &_try, (want), _got, #call);\
		}							\
	} while (0)

/* What closes a descriptor that a call has made, to keep only how it went. */
static inline long shut(long fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* A new, empty, unnamed file in directory @dir, open for reading and writing. */
static inline int ops_file_in(const char *dir)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/capsicum.XXXXXX", dir);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

/* Where tests put what they need. */
static inline const char *ops_tmp(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

/* A new unnamed file that holds @text, position at its start. */
static inline int ops_file(const char *text)
{
	const ssize_t len = strlen(text);
	int fd = ops_file_in(ops_tmp());

	if (fd < 0)
		return -1;
	if (pwrite(fd, text, len, 0) != len) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Has the file behind @fd, an ordinary descriptor, got the contents @text? */
static inline bool ops_holds(int fd, const char *text)
{
	const size_t len = strlen(text);
	char buf[4096];
	struct stat st;

	if (len > sizeof(buf) || fstat(fd, &st))
		return false;
	return (size_t)st.st_size == len &&
	       pread(fd, buf, sizeof(buf), 0) == (ssize_t)len &&
	       !memcmp(buf, text, len);
}

#endif /* _SELFTESTS_CAPSICUM_OPS_H */
