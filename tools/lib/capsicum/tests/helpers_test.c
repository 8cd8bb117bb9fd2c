// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The caph_ family: what it asks of the kernel, and what it makes of the
 * answers. A syscall() of our own stands in for the kernel; what the limits do
 * to a stream is tested on a kernel that has them.
 */
#include <asm/termbits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <capsicum_helpers.h>

#include <kselftest_harness.h>

#define CALLS	8

/* The stand-in: it refuses call number @fail_at, and notes all of them. */
static struct {
	int calls, fail_at, error;
	struct call {
		int fd;
		unsigned int flags, fcntls;
		cap_rights_t rights;
		int nioctls;
		unsigned int ioctls[8];
	} call[CALLS];
} kernel;

__attribute__((visibility("default")))
long syscall(long nr, ...)
{
	struct call *c = &kernel.call[kernel.calls % CALLS];
	const cap_rights_t *rights;
	const unsigned int *ioctls;
	va_list ap;

	(void)nr;
	memset(c, 0, sizeof(*c));
	/* cap_enter() has no more than its flags, which are not looked at. */
	va_start(ap, nr);
	if (kernel.call == c && kernel.fail_at < -1) {
		va_end(ap);
	} else {
		c->fd = va_arg(ap, int);
		rights = va_arg(ap, const cap_rights_t *);
		c->fcntls = va_arg(ap, unsigned int);
		c->nioctls = va_arg(ap, int);
		ioctls = va_arg(ap, const unsigned int *);
		c->flags = va_arg(ap, unsigned int);
		va_end(ap);
		if (!(c->flags & CAP_LIMIT_KEEP_RIGHTS))
			c->rights = *rights;
		if (!(c->flags & CAP_LIMIT_KEEP_IOCTLS) && c->nioctls > 0)
			memcpy(c->ioctls, ioctls, c->nioctls * sizeof(*ioctls));
	}
	if (kernel.fail_at < -1 || kernel.calls++ == kernel.fail_at) {
		if (!kernel.error)
			return 0;
		errno = kernel.error;
		return -1;
	}
	return 0;
}

/* @at: the call to refuse, -1 for none, -2 for one that is cap_enter(). */
static void answer(int at, int error)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.fail_at = at;
	kernel.error = error;
	errno = 0;
}

static bool are(const cap_rights_t *set, uint64_t word0, uint64_t word1)
{
	return set->cr_rights[0] == (word0 | CAPRIGHT(0, 0ULL)) &&
	       set->cr_rights[1] == (word1 | CAPRIGHT(1, 0ULL));
}

TEST(stream_rights)
{
	const uint64_t word0 = CAP_FCNTL | CAP_FSTAT | CAP_SEEK;
	const uint64_t word1 = CAP_EVENT | CAP_IOCTL;
	cap_rights_t set;

	caph_stream_rights(&set, 0);
	EXPECT_TRUE(are(&set, word0, word1));
	caph_stream_rights(&set, CAPH_IGNORE_EBADF);
	EXPECT_TRUE(are(&set, word0, word1));
	caph_stream_rights(&set, CAPH_READ);
	EXPECT_TRUE(are(&set, word0 | CAP_READ, word1));
	caph_stream_rights(&set, CAPH_WRITE);
	EXPECT_TRUE(are(&set, word0 | CAP_WRITE, word1));
	caph_stream_rights(&set, CAPH_READ | CAPH_WRITE | CAPH_LOOKUP);
	EXPECT_TRUE(are(&set, word0 | CAP_READ | CAP_WRITE | CAP_LOOKUP, word1));
}

FIXTURE(streams)
{
};

FIXTURE_VARIANT(streams)
{
	int (*limit)(void);
	int fd;
	uint64_t right;
};

FIXTURE_VARIANT_ADD(streams, in)
{
	.limit = caph_limit_stdin, .fd = 0, .right = CAP_READ
};

FIXTURE_VARIANT_ADD(streams, out)
{
	.limit = caph_limit_stdout, .fd = 1, .right = CAP_WRITE
};

FIXTURE_VARIANT_ADD(streams, err)
{
	.limit = caph_limit_stderr, .fd = 2, .right = CAP_WRITE
};

FIXTURE_SETUP(streams)
{
}

FIXTURE_TEARDOWN(streams)
{
}

TEST_F(streams, limits)
{
	const struct call *c = kernel.call;
	int i;

	answer(-1, 0);
	ASSERT_EQ(0, variant->limit());
	ASSERT_EQ(3, kernel.calls);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(variant->fd, c[i].fd);
	EXPECT_TRUE(are(&c[0].rights,
			variant->right | CAP_FCNTL | CAP_FSTAT | CAP_SEEK,
			CAP_EVENT | CAP_IOCTL));
	EXPECT_EQ(CAP_LIMIT_KEEP_FCNTLS | CAP_LIMIT_KEEP_IOCTLS, c[0].flags);
	EXPECT_EQ(CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS, c[1].flags);
	EXPECT_EQ(CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS, c[2].flags);
	EXPECT_EQ(CAP_FCNTL_GETFL, c[2].fcntls);
	EXPECT_EQ((unsigned int)TCGETS, c[1].ioctls[0]);
	EXPECT_EQ((unsigned int)TIOCGWINSZ, c[1].ioctls[c[1].nioctls - 1]);
#ifdef TCGETS2
	EXPECT_EQ(3, c[1].nioctls);
	EXPECT_EQ((unsigned int)TCGETS2, c[1].ioctls[1]);
#else
	EXPECT_EQ(2, c[1].nioctls);
#endif
}

/* Each step: no Capsicum is fine, and everything else is told. */
TEST_F(streams, errors)
{
	int i;

	for (i = 0; i < 3; i++) {
		answer(i, ENOSYS);
		EXPECT_EQ(0, variant->limit());
		EXPECT_EQ(3, kernel.calls);
		answer(i, ENOTCAPABLE);
		EXPECT_EQ(-1, variant->limit());
		EXPECT_EQ(ENOTCAPABLE, errno);
		EXPECT_EQ(i + 1, kernel.calls);
	}
	answer(0, EBADF);
	EXPECT_EQ(-1, variant->limit());
	EXPECT_EQ(EBADF, errno);
}

TEST(closed_streams)
{
	answer(0, EBADF);
	EXPECT_EQ(-1, caph_limit_stream(7, CAPH_READ));
	EXPECT_EQ(EBADF, errno);
	answer(0, EBADF);
	EXPECT_EQ(0, caph_limit_stream(7, CAPH_READ | CAPH_IGNORE_EBADF));
	EXPECT_EQ(1, kernel.calls);
	answer(0, EINVAL);
	EXPECT_EQ(-1, caph_limit_stream(7, CAPH_READ | CAPH_IGNORE_EBADF));
	EXPECT_EQ(EINVAL, errno);
}

TEST(stdio)
{
	answer(-1, 0);
	EXPECT_EQ(0, caph_limit_stdio());
	EXPECT_EQ(9, kernel.calls);
	answer(6, EBADF);
	EXPECT_EQ(-1, caph_limit_stdio());
	EXPECT_EQ(EBADF, errno);
}

TEST(limits)
{
	const cap_ioctl_t cmds[] = { TIOCGWINSZ };
	cap_rights_t set;

	cap_rights_init(&set, CAP_READ);
	answer(-1, 0);
	EXPECT_EQ(0, caph_rights_limit(7, &set));
	EXPECT_EQ(0, caph_fcntls_limit(8, CAP_FCNTL_SETFL));
	EXPECT_EQ(0, caph_ioctls_limit(9, cmds, 1));
	ASSERT_EQ(3, kernel.calls);
	EXPECT_EQ(7, kernel.call[0].fd);
	EXPECT_TRUE(are(&kernel.call[0].rights, CAP_READ, 0));
	EXPECT_EQ(8, kernel.call[1].fd);
	EXPECT_EQ(CAP_FCNTL_SETFL, kernel.call[1].fcntls);
	EXPECT_EQ(9, kernel.call[2].fd);
	EXPECT_EQ(1, kernel.call[2].nioctls);

	answer(0, ENOSYS);
	EXPECT_EQ(0, caph_rights_limit(7, &set));
	answer(0, ENOSYS);
	EXPECT_EQ(0, caph_fcntls_limit(7, 0));
	answer(0, ENOSYS);
	EXPECT_EQ(0, caph_ioctls_limit(7, cmds, 1));
	answer(0, EBADF);
	EXPECT_EQ(-1, caph_rights_limit(7, &set));
	EXPECT_EQ(EBADF, errno);
	answer(0, EBADF);
	EXPECT_EQ(-1, caph_fcntls_limit(7, 0));
	EXPECT_EQ(EBADF, errno);
	answer(0, EBADF);
	EXPECT_EQ(-1, caph_ioctls_limit(7, cmds, 1));
	EXPECT_EQ(EBADF, errno);
}

TEST(enter)
{
	answer(-2, 0);
	EXPECT_EQ(0, caph_enter());
	answer(-2, ENOSYS);
	EXPECT_EQ(0, caph_enter());
	answer(-2, EPERM);
	EXPECT_EQ(-1, caph_enter());
	EXPECT_EQ(EPERM, errno);
}

TEST(enter_casper)
{
	answer(-2, EPERM);
	EXPECT_EQ(0, caph_enter_casper());
	EXPECT_EQ(0, errno);
}

/* They change nothing but what the C library keeps to itself. */
TEST(caches)
{
	errno = 77;
	caph_cache_catpages();
	EXPECT_EQ(77, errno);
	caph_cache_tzdata();
}

TEST_HARNESS_MAIN
