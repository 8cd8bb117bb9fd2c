// SPDX-License-Identifier: GPL-2.0
/*
 * cap_rights_limit(2) and cap_rights_get(2): what they take, what they refuse,
 * and that a refused call changes nothing.
 */
#include "common.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define KEEP_SUB	(CAP_LIMIT_KEEP_FCNTLS | CAP_LIMIT_KEEP_IOCTLS)

static const unsigned int two_ioctls[] = { FIONREAD, FIONBIO };

FIXTURE(limit)
{
	int fd;		/* what the test is about */
	struct cap_rights some;	/* rights that every variant holds, with ... */
	unsigned int fcntls;	/* ... these, ... */
	const unsigned int *ioctls;	/* ... and these. */
	int nioctls;
	void *page;	/* one readable page, with none behind it */
	long size;	/* of a page */
};

FIXTURE_VARIANT(limit)
{
	enum { ORDINARY, ALL, SOME, SOCKET, PIPE, PATH } kind;
};

FIXTURE_VARIANT_ADD(limit, ordinary) { .kind = ORDINARY };
FIXTURE_VARIANT_ADD(limit, all_rights) { .kind = ALL };
FIXTURE_VARIANT_ADD(limit, some_rights) { .kind = SOME };
FIXTURE_VARIANT_ADD(limit, socket) { .kind = SOCKET };
FIXTURE_VARIANT_ADD(limit, pipe) { .kind = PIPE };
FIXTURE_VARIANT_ADD(limit, o_path) { .kind = PATH };

FIXTURE_SETUP(limit)
{
	int two[2] = { -1, -1 };
	int fd;

	REQUIRE_CAPSICUM();
	rights_list(&self->some, RIGHTS(CAP_PREAD, CAP_FSTAT, CAP_FCNTL,
					CAP_IOCTL, CAP_EVENT));
	self->fcntls = CAP_FCNTL_GETFL | CAP_FCNTL_SETFL;
	self->ioctls = two_ioctls;
	self->nioctls = 2;

	switch (variant->kind) {
	case SOCKET:
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, two));
		self->fd = two[0];
		break;
	case PIPE:
		ASSERT_EQ(0, pipe(two));
		self->fd = two[0];
		break;
	case PATH:
		self->fd = open(tmp_dir(), O_PATH | O_CLOEXEC);
		break;
	case ALL:
		fd = tmp_file(NULL, 64);
		self->fd = limit_all(fd);
		close(fd);
		break;
	case SOME:
		fd = tmp_file(NULL, 64);
		self->fd = limit_sub(fd, &self->some, self->fcntls,
				     self->nioctls, self->ioctls);
		close(fd);
		break;
	default:
		self->fd = tmp_file(NULL, 64);
	}
	ASSERT_LE(0, self->fd);

	self->size = sysconf(_SC_PAGESIZE);
	self->page = mmap(NULL, 2 * self->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->page != MAP_FAILED);
	ASSERT_EQ(0, munmap(self->page + self->size, self->size));
}

FIXTURE_TEARDOWN(limit)
{
	close(self->fd);
}

/* The call fails with @err, and the descriptor holds what it has held. */
#define REFUSED(err, ...) do { \
	struct limits __was, __is; \
	ASSERT_EQ(0, get_limits(self->fd, &__was)); \
	EXPECT_EQ(-(err), sys_cap_rights_limit(self->fd, __VA_ARGS__)); \
	ASSERT_EQ(0, get_limits(self->fd, &__is)); \
	EXPECT_TRUE(limits_eq(&__was, &__is)) \
		TH_LOG("a refused call has changed the limits"); \
} while (0)

/* With the words given, whatever else is right. */
#define REFUSED_WORDS(err, w0, w1) do { \
	struct cap_rights __set = { { w0, w1 } }; \
	REFUSED(err, &__set, 0, 0, NULL, 0); \
	REFUSED(err, &__set, 0, 0, NULL, KEEP_SUB); \
} while (0)

TEST_F(limit, reads_back)
{
	struct limits l;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, self->fcntls,
					  self->nioctls, self->ioctls, 0));
	ASSERT_EQ(0, get_limits(self->fd, &l));
	EXPECT_TRUE(rights_eq(&self->some, &l.rights));
	EXPECT_EQ(self->fcntls, l.fcntls);
	ASSERT_EQ(2, l.nioctls);
	/* Ascending, whatever the order they came in. */
	EXPECT_GT(l.ioctls[1], l.ioctls[0]);
	EXPECT_TRUE(l.ioctls[0] == FIONREAD || l.ioctls[0] == FIONBIO);
	EXPECT_TRUE(l.ioctls[1] == FIONREAD || l.ioctls[1] == FIONBIO);
}

TEST_F(limit, every_single_right)
{
	struct cap_rights all, set, back;
	int w, bit, fd;

	ASSERT_EQ(0, sys_cap_rights_get(self->fd, &all, NULL, NULL, NULL, 0));
	for (w = 0; w < CAP_WORDS; w++) {
		for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
			uint64_t one = CAPRIGHT(w, 1ULL << bit);

			rights_none(&set);
			rights_add(&set, one);
			fd = dup(self->fd);
			ASSERT_LE(0, fd);
			if (rights_has(&all, one)) {
				ASSERT_EQ(0, limit_fd(fd, &set));
				EXPECT_EQ(0, sys_cap_rights_get(fd, &back, NULL,
								NULL, NULL, 0));
				EXPECT_TRUE(rights_eq(&set, &back));
			} else {
				/* Widening, or no right that anyone knows. */
				EXPECT_GT(0, limit_fd(fd, &set));
			}
			close(fd);
		}
	}
}

TEST_F(limit, malformed_rights)
{
	const uint64_t w0 = CAPRIGHT(0, 0ULL), w1 = CAPRIGHT(1, 0ULL);
	int bit;

	/* No word, no index, each other's, both, one of words to come. */
	REFUSED_WORDS(EINVAL, 0, 0);
	REFUSED_WORDS(EINVAL, w0, 0);
	REFUSED_WORDS(EINVAL, 0, w1);
	REFUSED_WORDS(EINVAL, w0 & CAP_RIGHT_MASK, w1);
	REFUSED_WORDS(EINVAL, w1, w0);
	REFUSED_WORDS(EINVAL, w0, w0);
	REFUSED_WORDS(EINVAL, w1, w1);
	REFUSED_WORDS(EINVAL, w0 | w1, w1);
	REFUSED_WORDS(EINVAL, w0, w0 | w1);
	for (bit = 2; bit < 5; bit++) {
		REFUSED_WORDS(EINVAL, w0, CAPRIGHT(bit, 0ULL));
		REFUSED_WORDS(EINVAL, CAPRIGHT(bit, 0ULL), w1);
		REFUSED_WORDS(EINVAL, w0, w1 | CAPRIGHT(bit, 0ULL));
		REFUSED_WORDS(EINVAL, w0 | CAPRIGHT(bit, 0ULL), w1);
	}
	/* Versions to come, and a version where none belongs. */
	for (bit = 1; bit < 4; bit++) {
		REFUSED_WORDS(EINVAL, w0 | (uint64_t)bit << 62, w1);
		REFUSED_WORDS(EINVAL, w0, w1 | (uint64_t)bit << 62);
	}
}

TEST_F(limit, unknown_rights)
{
	static const uint64_t all[] = { CAP_ALL0, CAP_ALL1 };
	int bit;

	for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
		if (!(all[0] >> bit & 1))
			REFUSED_WORDS(EINVAL, CAPRIGHT(0, 1ULL << bit),
				      CAPRIGHT(1, 0ULL));
		if (!(all[1] >> bit & 1))
			REFUSED_WORDS(EINVAL, CAPRIGHT(0, 0ULL),
				      CAPRIGHT(1, 1ULL << bit));
	}
	/* Also beside rights that are known. */
	REFUSED_WORDS(EINVAL, CAP_READ | CAP_UNUSED0_44, CAPRIGHT(1, 0ULL));
	REFUSED_WORDS(EINVAL, CAP_READ | CAP_UNUSED0_57, CAPRIGHT(1, 0ULL));
}

TEST_F(limit, flags)
{
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (CAP_LIMIT_KEEP & (1U << bit))
			continue;
		REFUSED(EINVAL, &self->some, 0, 0, NULL, 1U << bit);
		REFUSED(EINVAL, &self->some, 0, 0, NULL,
			1U << bit | CAP_LIMIT_KEEP);
		EXPECT_EQ(-EINVAL, sys_cap_rights_get(self->fd, NULL, NULL,
						      NULL, NULL, 1U << bit));
	}
	/* What cap_rights_limit() takes, cap_rights_get() does not. */
	for (bit = 1; bit < 4; bit++)
		EXPECT_EQ(-EINVAL, sys_cap_rights_get(self->fd, NULL, NULL,
						      NULL, NULL, 1U << bit));
}

TEST_F(limit, bad_descriptors)
{
	struct limits l;
	int closed = dup(self->fd);

	ASSERT_LE(0, closed);
	close(closed);
	EXPECT_EQ(-EBADF, sys_cap_rights_limit(-1, &self->some, 0, 0, NULL, 0));
	EXPECT_EQ(-EBADF, sys_cap_rights_limit(AT_FDCWD, &self->some, 0, 0,
					       NULL, 0));
	EXPECT_EQ(-EBADF, sys_cap_rights_limit(closed, &self->some, 0, 0, NULL,
					       0));
	EXPECT_EQ(-EBADF, sys_cap_rights_limit(INT_MAX, NULL, 0, 0, NULL,
					       CAP_LIMIT_KEEP));
	EXPECT_EQ(-EBADF, get_limits(-1, &l));
	EXPECT_EQ(-EBADF, get_limits(closed, &l));
	EXPECT_EQ(-EBADF, sys_cap_rights_get(closed, NULL, NULL, NULL, NULL, 0));
}

TEST_F(limit, bad_pointers)
{
	struct cap_rights *half = self->page + self->size - 8;
	unsigned int *ints = self->page + self->size - sizeof(int);
	void *beyond = self->page + self->size;

	REFUSED(EFAULT, NULL, 0, 0, NULL, 0);
	REFUSED(EFAULT, (void *)-1L, 0, 0, NULL, 0);
	REFUSED(EFAULT, beyond, 0, 0, NULL, 0);
	/* The first word is there and right, the second is not. */
	half->cr_rights[0] = CAPRIGHT(0, 0ULL);
	REFUSED(EFAULT, half, 0, 0, NULL, 0);
	REFUSED(EFAULT, half, 0, 0, NULL, KEEP_SUB);

	*ints = FIONREAD;
	REFUSED(EFAULT, &self->some, 0, 2, ints, 0);
	REFUSED(EFAULT, &self->some, 0, 1, beyond, 0);
	REFUSED(EFAULT, NULL, 0, 2, ints,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);
	REFUSED(EFAULT, &self->some, 0, 1, (void *)-1L, 0);

	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, half, NULL, NULL, NULL,
					      0));
	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, beyond, NULL, NULL,
					      NULL, 0));
	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, NULL, beyond, NULL,
					      NULL, 0));
	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, NULL, NULL, beyond,
					      NULL, 0));
	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, NULL, NULL, beyond,
					      ints, 0));

	/* A list that ends where the memory ends is fine. */
	*ints = FIONREAD;
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, 0, 1, ints,
					  0));
}

TEST_F(limit, get_bad_list)
{
	unsigned int *one = self->page + self->size - sizeof(int);
	int n = 2;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, 0, 2,
					  two_ioctls, 0));
	EXPECT_EQ(-EFAULT, sys_cap_rights_get(self->fd, NULL, NULL, &n, one,
					      0));
	/* Room for one only: then one is all that is stored. */
	n = 1;
	EXPECT_EQ(0, sys_cap_rights_get(self->fd, NULL, NULL, &n, one, 0));
	EXPECT_EQ(2, n);
}

TEST_F(limit, get_capacity)
{
	unsigned int list[4];
	int n;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, 0, 2,
					  two_ioctls, 0));
	for (n = 0; n < 4; n++) {
		int got = n, i;

		memset(list, 0xee, sizeof(list));
		ASSERT_EQ(0, sys_cap_rights_get(self->fd, NULL, NULL, &got,
						list, 0));
		EXPECT_EQ(2, got);
		for (i = 0; i < 4; i++)
			EXPECT_EQ(i >= n || i >= 2, list[i] == 0xeeeeeeee);
	}
	/* Without a list the capacity does not matter. */
	n = -77;
	ASSERT_EQ(0, sys_cap_rights_get(self->fd, NULL, NULL, &n, NULL, 0));
	EXPECT_EQ(2, n);
	/* A list without its count, or with a senseless one. */
	EXPECT_EQ(-EINVAL, sys_cap_rights_get(self->fd, NULL, NULL, NULL, list,
					      0));
	n = -1;
	EXPECT_EQ(-EINVAL, sys_cap_rights_get(self->fd, NULL, NULL, &n, list,
					      0));
}

TEST_F(limit, get_parts)
{
	struct cap_rights set = {};
	unsigned int fcntls = 0;
	int n = 0;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, self->fcntls,
					  2, two_ioctls, 0));
	EXPECT_EQ(0, sys_cap_rights_get(self->fd, NULL, NULL, NULL, NULL, 0));
	EXPECT_EQ(0, sys_cap_rights_get(self->fd, &set, NULL, NULL, NULL, 0));
	EXPECT_TRUE(rights_eq(&self->some, &set));
	EXPECT_EQ(0, sys_cap_rights_get(self->fd, NULL, &fcntls, NULL, NULL,
					0));
	EXPECT_EQ(self->fcntls, fcntls);
	EXPECT_EQ(0, sys_cap_rights_get(self->fd, NULL, NULL, &n, NULL, 0));
	EXPECT_EQ(2, n);
}

TEST_F(limit, fcntls)
{
	struct cap_rights without = self->some;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (CAP_FCNTL_ALL & (1U << bit))
			continue;
		REFUSED(EINVAL, &self->some, 1U << bit, 0, NULL, 0);
		REFUSED(EINVAL, &self->some, 1U << bit | CAP_FCNTL_GETFL, 0,
			NULL, 0);
		REFUSED(EINVAL, NULL, 1U << bit, 0, NULL,
			CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS);
	}
	/* The sub-right without the main right. */
	rights_del(&without, CAP_FCNTL);
	REFUSED(EINVAL, &without, CAP_FCNTL_GETFL, 0, NULL, 0);
	REFUSED(EINVAL, &without, CAP_FCNTL_ALL, 0, NULL, 0);
	REFUSED(EINVAL, &without, CAP_FCNTL_GETFL, 0, NULL,
		CAP_LIMIT_KEEP_IOCTLS);
}

TEST_F(limit, ioctls)
{
	unsigned int many[CAP_IOCTLS_LIMIT_MAX + 1];
	struct cap_rights without = self->some;
	int i;

	for (i = 0; i <= CAP_IOCTLS_LIMIT_MAX; i++)
		many[i] = FIONREAD;

	REFUSED(EINVAL, &self->some, 0, -2, NULL, 0);
	REFUSED(EINVAL, &self->some, 0, -2, two_ioctls, 0);
	REFUSED(EINVAL, &self->some, 0, INT_MIN, two_ioctls, 0);
	REFUSED(EINVAL, &self->some, 0, CAP_IOCTLS_LIMIT_MAX + 1, many, 0);
	REFUSED(EINVAL, &self->some, 0, INT_MAX, many, 0);
	REFUSED(EINVAL, &self->some, 0, 0x40000001, many, 0);
	REFUSED(EINVAL, &self->some, 0, 1, NULL, 0);
	REFUSED(EINVAL, &self->some, 0, CAP_IOCTLS_LIMIT_MAX, NULL, 0);
	REFUSED(EINVAL, NULL, 0, 1, NULL,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);
	/* The sub-right without the main right; "all" is one as well. */
	rights_del(&without, CAP_IOCTL);
	REFUSED(EINVAL, &without, 0, 1, two_ioctls, 0);
	REFUSED(EINVAL, &without, 0, CAP_LIMIT_IOCTLS_ALL, NULL, 0);
	REFUSED(EINVAL, &without, 0, CAP_LIMIT_IOCTLS_ALL, NULL,
		CAP_LIMIT_KEEP_FCNTLS);
	/* None at all is always fine, with a list that is not looked at. */
	EXPECT_EQ(0, sys_cap_rights_limit(self->fd, &without, 0, 0,
					  (void *)-1L, 0));
}

TEST_F(limit, ioctl_list_as_a_set)
{
	unsigned int list[CAP_IOCTLS_LIMIT_MAX];
	struct limits l;
	int i, fd;

	if (variant->kind == SOME)
		return;		/* Has a shorter list already. */

	/* The longest there may be, descending. */
	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		list[i] = 0xfffffff0 - 3 * i;
	fd = limit_sub(self->fd, &self->some, 0, CAP_IOCTLS_LIMIT_MAX, list);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	ASSERT_EQ(CAP_IOCTLS_LIMIT_MAX, l.nioctls);
	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		EXPECT_EQ(list[CAP_IOCTLS_LIMIT_MAX - 1 - i], l.ioctls[i]);
	close(fd);

	/* The same command again and again is one command. */
	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		list[i] = two_ioctls[i & 1];
	fd = limit_sub(self->fd, &self->some, 0, CAP_IOCTLS_LIMIT_MAX, list);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_EQ(2, l.nioctls);
	/* And is no widening when it is asked for twice. */
	EXPECT_EQ(0, sys_cap_rights_limit(fd, &self->some, 0, 3, list, 0));
	EXPECT_EQ(0, sys_cap_rights_limit(fd, &self->some, 0, 1, list, 0));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_EQ(1, l.nioctls);
	EXPECT_EQ(two_ioctls[0], l.ioctls[0]);
	close(fd);
}

TEST_F(limit, never_widens)
{
	const unsigned int third[] = { FIONREAD, FIONBIO, FIOASYNC };
	struct cap_rights set;
	int w, bit;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, self->fcntls,
					  2, two_ioctls, 0));

	rights_all(&set);
	REFUSED(ENOTCAPABLE, &set, 0, 0, NULL, 0);
	REFUSED(ENOTCAPABLE, &set, 0, 0, NULL, KEEP_SUB);
	for (w = 0; w < CAP_WORDS; w++) {
		for (bit = 0; bit < CAP_RIGHT_BITS; bit++) {
			uint64_t one = CAPRIGHT(w, 1ULL << bit);
			struct cap_rights all;

			rights_all(&all);
			if (!rights_has(&all, one) || rights_has(&self->some, one))
				continue;
			/* One more than there is; and only that one. */
			set = self->some;
			rights_add(&set, one);
			REFUSED(ENOTCAPABLE, &set, 0, 0, NULL, 0);
			rights_none(&set);
			rights_add(&set, one);
			REFUSED(ENOTCAPABLE, &set, 0, 0, NULL, KEEP_SUB);
		}
	}

	REFUSED(ENOTCAPABLE, &self->some, CAP_FCNTL_ALL, 2, two_ioctls, 0);
	REFUSED(ENOTCAPABLE, &self->some, CAP_FCNTL_GETOWN, 2, two_ioctls, 0);
	REFUSED(ENOTCAPABLE, NULL, CAP_FCNTL_SETOWN, 0, NULL,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS);

	REFUSED(ENOTCAPABLE, &self->some, 0, CAP_LIMIT_IOCTLS_ALL, NULL, 0);
	REFUSED(ENOTCAPABLE, &self->some, 0, 3, third, 0);
	REFUSED(ENOTCAPABLE, &self->some, 0, 1, third + 2, 0);
	REFUSED(ENOTCAPABLE, NULL, 0, 1, third + 2,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);
	REFUSED(ENOTCAPABLE, NULL, 0, CAP_LIMIT_IOCTLS_ALL, NULL,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);

	/* None at all, and there is no way back. */
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, 0, 0, NULL,
					  0));
	REFUSED(ENOTCAPABLE, &self->some, CAP_FCNTL_GETFL, 0, NULL, 0);
	REFUSED(ENOTCAPABLE, &self->some, 0, 1, two_ioctls, 0);
	rights_none(&set);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &set, 0, 0, NULL, 0));
	REFUSED(ENOTCAPABLE, &self->some, 0, 0, NULL, 0);
	REFUSED(ENOTCAPABLE, NULL, CAP_FCNTL_GETFL, 0, NULL,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS);
	REFUSED(ENOTCAPABLE, NULL, 0, 1, two_ioctls,
		CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &set, 0, 0, NULL, 0));
}

/* Each KEEP flag keeps its part, and its argument is not looked at. */
TEST_F(limit, keep)
{
	struct cap_rights set, less = self->some;
	struct limits was, is;

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, self->fcntls,
					  2, two_ioctls, 0));
	ASSERT_EQ(0, get_limits(self->fd, &was));

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, (void *)-1L, ~0U, -99,
					  (void *)-1L, CAP_LIMIT_KEEP));
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(limits_eq(&was, &is));

	rights_del(&less, CAP_FSTAT);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &less, ~0U, 99, NULL,
					  KEEP_SUB));
	was.rights = less;
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(limits_eq(&was, &is));

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, NULL, CAP_FCNTL_GETFL, 99,
					  NULL, CAP_LIMIT_KEEP_RIGHTS |
					  CAP_LIMIT_KEEP_IOCTLS));
	was.fcntls = CAP_FCNTL_GETFL;
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(limits_eq(&was, &is));

	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, NULL, ~0U, 1, two_ioctls,
					  CAP_LIMIT_KEEP_RIGHTS |
					  CAP_LIMIT_KEEP_FCNTLS));
	was.nioctls = 1;
	was.ioctls[0] = two_ioctls[0];
	was.ioctls[1] = 0;
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(limits_eq(&was, &is));

	/* Sub-rights go with their right, and only with that one. */
	set = less;
	rights_del(&set, CAP_IOCTL);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &set, 0, 0, NULL,
					  KEEP_SUB));
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(rights_eq(&set, &is.rights));
	EXPECT_EQ(CAP_FCNTL_GETFL, is.fcntls);
	EXPECT_EQ(0, is.nioctls);
	rights_del(&set, CAP_FCNTL);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &set, 0, 0, NULL,
					  KEEP_SUB));
	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(rights_eq(&set, &is.rights));
	EXPECT_EQ(0, is.fcntls);
	EXPECT_EQ(0, is.nioctls);
}

/* A right that is kept cannot lend a meaning to a right that is not given. */
TEST_F(limit, keep_orphans)
{
	struct cap_rights none;
	struct limits l;

	rights_none(&none);
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &none, 0, 0, NULL,
					  KEEP_SUB));
	ASSERT_EQ(0, get_limits(self->fd, &l));
	EXPECT_TRUE(rights_eq(&none, &l.rights));
	EXPECT_EQ(0, l.fcntls);
	EXPECT_EQ(0, l.nioctls);
}

/* Other descriptors of the same open file keep what they have. */
TEST_F(limit, others_keep)
{
	struct limits was, is;
	int other = dup(self->fd);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, get_limits(other, &was));
	ASSERT_EQ(0, sys_cap_rights_limit(self->fd, &self->some, 0, 0, NULL,
					  0));
	ASSERT_EQ(0, get_limits(other, &is));
	EXPECT_TRUE(limits_eq(&was, &is));
	EXPECT_TRUE(holds(self->fd, CAP_PREAD, CAP_FSTAT, CAP_FCNTL, CAP_IOCTL,
			  CAP_EVENT));
	close(other);
}

/* FD_CLOEXEC is the descriptor's: it stays as it is, either way. */
TEST_F(limit, cloexec)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	ASSERT_EQ(0, limit_fd(self->fd, &self->some));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	ASSERT_EQ(0, limit_fd(self->fd, &self->some));
	EXPECT_EQ(0, fcntl(self->fd, F_GETFD));
}

/*
 * Limiting a capability makes one of the target: were they to nest, so many
 * would hold so many files, and closing the last would be a deep recursion.
 */
TEST_F(limit, never_nests)
{
	struct cap_rights set = self->some;
	unsigned long before, after;
	FILE *f;
	int i;

	f = fopen("/proc/sys/fs/file-nr", "re");
	if (!f)
		SKIP(return, "no /proc/sys/fs/file-nr");
	ASSERT_EQ(1, fscanf(f, "%lu", &before));
	fclose(f);
	for (i = 0; i < 10000; i++)
		ASSERT_EQ(0, limit_fd(self->fd, &set));
	f = fopen("/proc/sys/fs/file-nr", "re");
	ASSERT_TRUE(!!f);
	ASSERT_EQ(1, fscanf(f, "%lu", &after));
	fclose(f);
	/* The counter is per CPU and may lag, but not by thousands. */
	EXPECT_GT(before + 5000, after);
	rights_del(&set, CAP_FSTAT);
	ASSERT_EQ(0, limit_fd(self->fd, &set));
	ASSERT_EQ(-ENOTCAPABLE, limit_fd(self->fd, &self->some));
}

TEST(ordinary_has_everything)
{
	struct limits l;
	struct cap_rights all;
	int fd;

	REQUIRE_CAPSICUM();
	fd = tmp_file(NULL, 1);
	ASSERT_LE(0, fd);
	rights_all(&all);
	memset(&l, 0xee, sizeof(l));
	l.nioctls = CAP_IOCTLS_LIMIT_MAX;
	ASSERT_EQ(0, sys_cap_rights_get(fd, &l.rights, &l.fcntls, &l.nioctls,
					l.ioctls, 0));
	EXPECT_TRUE(rights_eq(&all, &l.rights));
	EXPECT_EQ(CAP_ALL0, l.rights.cr_rights[0]);
	EXPECT_EQ(CAP_ALL1, l.rights.cr_rights[1]);
	EXPECT_EQ(CAP_FCNTL_ALL, l.fcntls);
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, l.nioctls);
	EXPECT_EQ(0xeeeeeeee, l.ioctls[0]);
}

/* An O_PATH descriptor behind a capability stays what it is, and no more. */
TEST(o_path_stays_o_path)
{
	struct stat st;
	char buf[64];
	int path, fd;

	REQUIRE_CAPSICUM();
	path = open(tmp_dir(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, path);
	fd = limit_all(path);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(-EBADF, RET(read(fd, buf, sizeof(buf))));
	EXPECT_EQ(-EBADF, RET(syscall(SYS_getdents64, fd, buf, sizeof(buf))));
	EXPECT_EQ(-EBADF, RET(fchmod(fd, 0700)));
	close(fd);
	fd = limit_all_but(path, CAP_FSTAT);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTCAPABLE, RET(fstat(fd, &st)));
}

TEST(standard_input)
{
	char buf[8];
	int two[2];
	struct cap_rights set;

	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, pipe(two));
	ASSERT_EQ(0, dup2(two[0], 0));
	ASSERT_EQ(4, write(two[1], "abcd", 4));
	rights_list(&set, RIGHTS(CAP_READ));
	ASSERT_EQ(0, limit_fd(0, &set));
	EXPECT_EQ(2, read(0, buf, 2));
	EXPECT_EQ(-ENOTCAPABLE, RET(write(0, "x", 1)));
	rights_none(&set);
	ASSERT_EQ(0, limit_fd(0, &set));
	EXPECT_EQ(-ENOTCAPABLE, RET(read(0, buf, 2)));
	/* Nothing was lost by the read that was refused. */
	EXPECT_EQ(2, read(two[0], buf, sizeof(buf)));
	EXPECT_EQ('c', buf[0]);
}

/* With no descriptor to spare: limiting takes the place of the old one. */
TEST(no_descriptor_left)
{
	struct rlimit rl = {};
	struct cap_rights set;
	int fd;

	REQUIRE_CAPSICUM();
	fd = tmp_file(NULL, 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &rl));
	rights_list(&set, RIGHTS(CAP_READ));
	EXPECT_EQ(0, limit_fd(fd, &set));
	EXPECT_TRUE(holds(fd, CAP_READ));
}

/* Arguments are 32 bits wide, in whatever register they come. */
TEST(upper_halves)
{
	struct cap_rights set;
	int fd;

	REQUIRE_CAPSICUM();
	if (sizeof(long) == 4)
		SKIP(return, "registers have no upper half");
	fd = tmp_file(NULL, 1);
	ASSERT_LE(0, fd);
	rights_list(&set, RIGHTS(CAP_READ, CAP_FCNTL));
	ASSERT_EQ(0, syscall(__NR_cap_rights_limit, 0xffffffff00000000UL | fd,
			     &set, 0xffffffff00000000UL | CAP_FCNTL_GETFL,
			     0xffffffff00000000UL, NULL, 0xffffffff00000000UL));
	EXPECT_TRUE(holds(fd, CAP_READ, CAP_FCNTL));
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, 0)));
	EXPECT_EQ(-ENOTCAPABLE,
		  sys_cap_rights_limit(fd, &set, CAP_FCNTL_ALL, 0, NULL, 0));
}

/* ---- the library's functions ---- */

FIXTURE(library)
{
	int fd;
	cap_rights_t set;
};

FIXTURE_SETUP(library)
{
	REQUIRE_CAPSICUM();
	self->fd = tmp_file(NULL, 64);
	ASSERT_LE(0, self->fd);
	cap_rights_init(&self->set, CAP_PREAD, CAP_FSTAT, CAP_FCNTL, CAP_IOCTL);
}

FIXTURE_TEARDOWN(library)
{
	close(self->fd);
}

TEST_F(library, ordinary)
{
	cap_ioctl_t cmds[1];
	uint32_t fcntls = 0;
	cap_rights_t got;

	EXPECT_EQ(0, cap_rights_get(self->fd, &got));
	EXPECT_EQ(CAP_ALL0, got.cr_rights[0]);
	EXPECT_EQ(CAP_ALL1, got.cr_rights[1]);
	EXPECT_EQ(0, cap_fcntls_get(self->fd, &fcntls));
	EXPECT_EQ(CAP_FCNTL_ALL, fcntls);
	EXPECT_EQ(CAP_IOCTLS_ALL, cap_ioctls_get(self->fd, cmds, 1));
}

/* In every order: each function narrows its part and keeps the others. */
TEST_F(library, each_keeps_the_others)
{
	static const char orders[6][4] = {
		"rfi", "rif", "fri", "fir", "irf", "ifr"
	};
	const cap_ioctl_t cmds[] = { FIONREAD };
	struct limits l;
	int o, i, fd;

	for (o = 0; o < 6; o++) {
		unsigned int fcntls = CAP_FCNTL_ALL;
		struct cap_rights rights;
		int nioctls = -1;

		rights_all(&rights);
		fd = dup(self->fd);
		ASSERT_LE(0, fd);
		for (i = 0; i < 3; i++) {
			switch (orders[o][i]) {
			case 'r':
				ASSERT_EQ(0, cap_rights_limit(fd, &self->set));
				rights = self->set;
				break;
			case 'f':
				ASSERT_EQ(0, cap_fcntls_limit(fd,
							      CAP_FCNTL_GETFL));
				fcntls = CAP_FCNTL_GETFL;
				break;
			default:
				ASSERT_EQ(0, cap_ioctls_limit(fd, cmds, 1));
				nioctls = 1;
			}
			ASSERT_EQ(0, get_limits(fd, &l));
			EXPECT_TRUE(rights_eq(&rights, &l.rights));
			EXPECT_EQ(fcntls, l.fcntls);
			EXPECT_EQ(nioctls, l.nioctls);
			EXPECT_EQ(nioctls == 1 ? FIONREAD : 0, l.ioctls[0]);
		}
		close(fd);
	}
}

TEST_F(library, sub_rights_go_with_their_right)
{
	const cap_ioctl_t cmds[] = { FIONREAD };
	cap_ioctl_t got[2];
	uint32_t fcntls = 0;

	ASSERT_EQ(0, cap_fcntls_limit(self->fd, CAP_FCNTL_GETFL));
	ASSERT_EQ(0, cap_ioctls_limit(self->fd, cmds, 1));
	cap_rights_clear(&self->set, CAP_FCNTL);
	ASSERT_EQ(0, cap_rights_limit(self->fd, &self->set));
	EXPECT_EQ(0, cap_fcntls_get(self->fd, &fcntls));
	EXPECT_EQ(0, fcntls);
	EXPECT_EQ(1, cap_ioctls_get(self->fd, got, 2));
	cap_rights_clear(&self->set, CAP_IOCTL);
	ASSERT_EQ(0, cap_rights_limit(self->fd, &self->set));
	EXPECT_EQ(0, cap_ioctls_get(self->fd, got, 2));
}

TEST_F(library, refusals)
{
	const cap_ioctl_t cmds[] = { FIONREAD, FIONBIO };
	cap_rights_t more = self->set;
	struct limits was, is;

	ASSERT_EQ(0, cap_rights_limit(self->fd, &self->set));
	ASSERT_EQ(0, cap_fcntls_limit(self->fd, CAP_FCNTL_GETFL));
	ASSERT_EQ(0, cap_ioctls_limit(self->fd, cmds, 1));
	ASSERT_EQ(0, get_limits(self->fd, &was));

	cap_rights_set(&more, CAP_WRITE);
	EXPECT_EQ(-ENOTCAPABLE, RET(cap_rights_limit(self->fd, &more)));
	EXPECT_EQ(-ENOTCAPABLE, RET(cap_fcntls_limit(self->fd, CAP_FCNTL_ALL)));
	EXPECT_EQ(-EINVAL, RET(cap_fcntls_limit(self->fd, 1)));
	EXPECT_EQ(-ENOTCAPABLE, RET(cap_ioctls_limit(self->fd, cmds, 2)));
	EXPECT_EQ(-EINVAL, RET(cap_ioctls_limit(self->fd, cmds, 257)));
	EXPECT_EQ(-EBADF, RET(cap_rights_limit(-1, &self->set)));
	EXPECT_EQ(-EBADF, RET(cap_fcntls_limit(-1, CAP_FCNTL_GETFL)));
	EXPECT_EQ(-EBADF, RET(cap_ioctls_limit(-1, cmds, 1)));

	ASSERT_EQ(0, get_limits(self->fd, &is));
	EXPECT_TRUE(limits_eq(&was, &is));
}

TEST_HARNESS_MAIN
