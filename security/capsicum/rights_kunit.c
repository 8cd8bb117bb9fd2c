// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capsicum: KUnit tests of the algebra of rights and limits.
 *
 * The laws are checked on random sets from a fixed seed, so that a failure
 * comes back on every run, and against the plainest model there is: one bit, or
 * one command, at a time.
 */
#include <kunit/test.h>
#include <linux/capsicum.h>
#include <linux/fcntl.h>
#include <linux/prandom.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#define SEED	0x43617073696375ULL
#define ROUNDS	2000

struct value {
	const char *name;
	u64 value;
	u64 expected;
};

#define VALUE(right, expected) { #right, right, expected }

/*
 * The ABI, typed again: whole words with the index bit, as FreeBSD has them.
 * These are the rights with a bit of their own, all of which have names.
 */
static const struct value named_values[] = {
	VALUE(CAP_READ, 0x0200000000000001ULL),
	VALUE(CAP_WRITE, 0x0200000000000002ULL),
	VALUE(CAP_SEEK_TELL, 0x0200000000000004ULL),
	VALUE(CAP_SEEK, 0x020000000000000cULL),
	VALUE(CAP_MMAP, 0x0200000000000010ULL),
	VALUE(CAP_MMAP_X, 0x020000000000003cULL),
	VALUE(CAP_CREATE, 0x0200000000000040ULL),
	VALUE(CAP_FEXECVE, 0x0200000000000080ULL),
	VALUE(CAP_FSYNC, 0x0200000000000100ULL),
	VALUE(CAP_FTRUNCATE, 0x0200000000000200ULL),
	VALUE(CAP_LOOKUP, 0x0200000000000400ULL),
	VALUE(CAP_FCHDIR, 0x0200000000000800ULL),
	VALUE(CAP_FCHFLAGS, 0x0200000000001000ULL),
	VALUE(CAP_FCHMOD, 0x0200000000002000ULL),
	VALUE(CAP_FCHOWN, 0x0200000000004000ULL),
	VALUE(CAP_FCNTL, 0x0200000000008000ULL),
	VALUE(CAP_FLOCK, 0x0200000000010000ULL),
	VALUE(CAP_FPATHCONF, 0x0200000000020000ULL),
	VALUE(CAP_FSCK, 0x0200000000040000ULL),
	VALUE(CAP_FSTAT, 0x0200000000080000ULL),
	VALUE(CAP_FSTATFS, 0x0200000000100000ULL),
	VALUE(CAP_FUTIMES, 0x0200000000200000ULL),
	VALUE(CAP_LINKAT_TARGET, 0x0200000000400400ULL),
	VALUE(CAP_MKDIRAT, 0x0200000000800400ULL),
	VALUE(CAP_MKFIFOAT, 0x0200000001000400ULL),
	VALUE(CAP_MKNODAT, 0x0200000002000400ULL),
	VALUE(CAP_RENAMEAT_SOURCE, 0x0200000004000400ULL),
	VALUE(CAP_SYMLINKAT, 0x0200000008000400ULL),
	VALUE(CAP_UNLINKAT, 0x0200000010000400ULL),
	VALUE(CAP_ACCEPT, 0x0200000020000000ULL),
	VALUE(CAP_BIND, 0x0200000040000000ULL),
	VALUE(CAP_CONNECT, 0x0200000080000000ULL),
	VALUE(CAP_GETPEERNAME, 0x0200000100000000ULL),
	VALUE(CAP_GETSOCKNAME, 0x0200000200000000ULL),
	VALUE(CAP_GETSOCKOPT, 0x0200000400000000ULL),
	VALUE(CAP_LISTEN, 0x0200000800000000ULL),
	VALUE(CAP_PEELOFF, 0x0200001000000000ULL),
	VALUE(CAP_SETSOCKOPT, 0x0200002000000000ULL),
	VALUE(CAP_SHUTDOWN, 0x0200004000000000ULL),
	VALUE(CAP_BINDAT, 0x0200008000000400ULL),
	VALUE(CAP_CONNECTAT, 0x0200010000000400ULL),
	VALUE(CAP_LINKAT_SOURCE, 0x0200020000000400ULL),
	VALUE(CAP_RENAMEAT_TARGET, 0x0200040000000400ULL),

	VALUE(CAP_MAC_GET, 0x0400000000000001ULL),
	VALUE(CAP_MAC_SET, 0x0400000000000002ULL),
	VALUE(CAP_SEM_GETVALUE, 0x0400000000000004ULL),
	VALUE(CAP_SEM_POST, 0x0400000000000008ULL),
	VALUE(CAP_SEM_WAIT, 0x0400000000000010ULL),
	VALUE(CAP_EVENT, 0x0400000000000020ULL),
	VALUE(CAP_KQUEUE_EVENT, 0x0400000000000040ULL),
	VALUE(CAP_IOCTL, 0x0400000000000080ULL),
	VALUE(CAP_TTYHOOK, 0x0400000000000100ULL),
	VALUE(CAP_PDGETPID, 0x0400000000000200ULL),
	VALUE(CAP_PDWAIT, 0x0400000000000400ULL),
	VALUE(CAP_PDKILL, 0x0400000000000800ULL),
	VALUE(CAP_EXTATTR_DELETE, 0x0400000000001000ULL),
	VALUE(CAP_EXTATTR_GET, 0x0400000000002000ULL),
	VALUE(CAP_EXTATTR_LIST, 0x0400000000004000ULL),
	VALUE(CAP_EXTATTR_SET, 0x0400000000008000ULL),
	VALUE(CAP_ACL_CHECK, 0x0400000000010000ULL),
	VALUE(CAP_ACL_DELETE, 0x0400000000020000ULL),
	VALUE(CAP_ACL_GET, 0x0400000000040000ULL),
	VALUE(CAP_ACL_SET, 0x0400000000080000ULL),
	VALUE(CAP_KQUEUE_CHANGE, 0x0400000000100000ULL),
	VALUE(CAP_INOTIFY_ADD, 0x0400000000200000ULL),
	VALUE(CAP_INOTIFY_RM, 0x0400000000400000ULL),
	VALUE(CAP_PERF_EVENT, 0x0401000000000000ULL),
	VALUE(CAP_BPF_OBJECT, 0x0402000000000000ULL),
	VALUE(CAP_PDMRELEASE, 0x0404000000000000ULL),
	VALUE(CAP_PDMADVISE, 0x0408000000000000ULL),
	VALUE(CAP_PDGETFD, 0x0410000000000000ULL),
	VALUE(CAP_IO_URING, 0x0420000000000000ULL),
	VALUE(CAP_SETNS, 0x0440000000000000ULL),
	VALUE(CAP_EPOLL_CTL, 0x0480000000000000ULL),
	VALUE(CAP_FSIGNAL, 0x0500000000000000ULL),
};

/* What combines other rights, and what no right has yet. */
static const struct value other_values[] = {
	VALUE(CAP_PREAD, 0x020000000000000dULL),
	VALUE(CAP_PWRITE, 0x020000000000000eULL),
	VALUE(CAP_MMAP_R, 0x020000000000001dULL),
	VALUE(CAP_MMAP_W, 0x020000000000001eULL),
	VALUE(CAP_MMAP_RW, 0x020000000000001fULL),
	VALUE(CAP_MMAP_RX, 0x020000000000003dULL),
	VALUE(CAP_MMAP_WX, 0x020000000000003eULL),
	VALUE(CAP_MMAP_RWX, 0x020000000000003fULL),
	VALUE(CAP_CHFLAGSAT, 0x0200000000001400ULL),
	VALUE(CAP_FCHMODAT, 0x0200000000002400ULL),
	VALUE(CAP_FCHOWNAT, 0x0200000000004400ULL),
	VALUE(CAP_FSTATAT, 0x0200000000080400ULL),
	VALUE(CAP_FUTIMESAT, 0x0200000000200400ULL),
	VALUE(CAP_RECV, 0x0200000000000001ULL),
	VALUE(CAP_SEND, 0x0200000000000002ULL),
	VALUE(CAP_SOCK_CLIENT, 0x0200007780000003ULL),
	VALUE(CAP_SOCK_SERVER, 0x0200007f60000003ULL),
	VALUE(CAP_ALL0, 0x020007ffffffffffULL),
	VALUE(CAP_UNUSED0_44, 0x0200080000000000ULL),
	VALUE(CAP_UNUSED0_57, 0x0300000000000000ULL),

	VALUE(CAP_KQUEUE, 0x0400000000100040ULL),
	VALUE(CAP_NOTIFY, 0x0400000000600000ULL),
	VALUE(CAP_ALL1, 0x05ff0000007fffffULL),
};

static void test_values(struct kunit *test)
{
	u64 word[2] = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(named_values); i++) {
		const struct value *v = &named_values[i];

		KUNIT_EXPECT_EQ_MSG(test, v->value, v->expected, "%s", v->name);
		word[v->expected >> 58] |= v->expected;
	}
	for (i = 0; i < ARRAY_SIZE(other_values); i++) {
		const struct value *v = &other_values[i];

		KUNIT_EXPECT_EQ_MSG(test, v->value, v->expected, "%s", v->name);
	}

	/* Together they are everything: no right is missing from the tables. */
	KUNIT_EXPECT_EQ(test, word[0], CAP_ALL0);
	KUNIT_EXPECT_EQ(test, word[1], CAP_ALL1);

	KUNIT_EXPECT_EQ(test, sizeof(struct cap_rights), (size_t)16);
	KUNIT_EXPECT_EQ(test, CAP_RIGHTS_VERSION, 0);
	KUNIT_EXPECT_EQ(test, CAP_LIMIT_IOCTLS_ALL, -1);
	KUNIT_EXPECT_EQ(test, CAP_IOCTLS_LIMIT_MAX, 256);
}

static void test_fcntl_values(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, CAP_FCNTL_GETFL, (unsigned int)BIT(F_GETFL));
	KUNIT_EXPECT_EQ(test, CAP_FCNTL_SETFL, (unsigned int)BIT(F_SETFL));
	KUNIT_EXPECT_EQ(test, CAP_FCNTL_GETOWN, (unsigned int)BIT(F_GETOWN));
	KUNIT_EXPECT_EQ(test, CAP_FCNTL_SETOWN, (unsigned int)BIT(F_SETOWN));
	KUNIT_EXPECT_EQ(test, hweight32(CAP_FCNTL_ALL), 4U);
}

static const struct cap_rights all = CAP_RIGHTS_ALL_INIT;
static const struct cap_rights none = CAP_RIGHTS_NONE_INIT;

static struct cap_rights rights(u64 word0, u64 word1)
{
	return (struct cap_rights) { { word0, word1 } };
}

static bool valid(u64 word0, u64 word1)
{
	const struct cap_rights r = rights(word0, word1);

	return capsicum_rights_is_valid(&r);
}

#define IDX(n)	(1ULL << (57 + (n)))

static void test_valid(struct kunit *test)
{
	int bit;

	KUNIT_EXPECT_TRUE(test, valid(IDX(0), IDX(1)));
	KUNIT_EXPECT_TRUE(test, valid(CAP_ALL0, CAP_ALL1));

	/* Every bit of either word on its own: only known rights are valid. */
	for (bit = 0; bit < 64; bit++) {
		const u64 b = 1ULL << bit;

		KUNIT_EXPECT_EQ_MSG(test, valid(IDX(0) | b, IDX(1)),
				    bit <= 42 || bit == 57, "bit %d", bit);
		KUNIT_EXPECT_EQ_MSG(test, valid(IDX(0), IDX(1) | b),
				    bit <= 22 || (bit >= 48 && bit <= 56) ||
				    bit == 58, "bit %d", bit);
		/* Without any index a right does not make a word. */
		KUNIT_EXPECT_EQ_MSG(test, valid(b, IDX(1)), bit == 57,
				    "bit %d", bit);
		KUNIT_EXPECT_EQ_MSG(test, valid(IDX(0), b), bit == 58,
				    "bit %d", bit);
	}
}

static void test_valid_index(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, valid(0, 0));
	KUNIT_EXPECT_FALSE(test, valid(0, IDX(1)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(0), 0));
	KUNIT_EXPECT_FALSE(test, valid(IDX(1), IDX(0)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(0), IDX(0)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(1), IDX(1)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(0), IDX(2)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(0) | IDX(1), IDX(1)));
	KUNIT_EXPECT_FALSE(test, valid(IDX(0), IDX(0) | IDX(1)));
	KUNIT_EXPECT_FALSE(test, valid(CAP_READ | CAP_EVENT, IDX(1)));
	KUNIT_EXPECT_FALSE(test, valid(~0ULL, ~0ULL));
}

static void test_valid_version(struct kunit *test)
{
	u64 version;

	for (version = 1; version <= 3; version++) {
		KUNIT_EXPECT_FALSE(test, valid(version << 62 | CAP_READ,
					       IDX(1)));
		KUNIT_EXPECT_FALSE(test, valid(version << 62 | CAP_ALL0,
					       CAP_ALL1));
		/* Word 1 carries no version, whatever word 0 says. */
		KUNIT_EXPECT_FALSE(test, valid(IDX(0), version << 62 | IDX(1)));
		KUNIT_EXPECT_FALSE(test, valid(version << 62 | IDX(0),
					       version << 62 | IDX(1)));
	}
}

static struct cap_rights random_rights(struct rnd_state *rnd)
{
	u64 word[2];
	u32 density;
	int i;

	for (i = 0; i < 2; i++) {
		word[i] = (u64)prandom_u32_state(rnd) << 32;
		word[i] |= prandom_u32_state(rnd);
	}

	/* From sparse to dense, or containment would never come up. */
	density = prandom_u32_state(rnd) % 5;
	for (i = 0; i < 2; i++) {
		u64 mask = (u64)prandom_u32_state(rnd) << 32;

		mask |= prandom_u32_state(rnd);
		switch (density) {
		case 0:
			word[i] &= mask;
			break;
		case 1:
			word[i] |= mask;
			break;
		case 2:
			word[i] &= mask & (mask >> 13) & (mask << 7);
			break;
		case 3:
			word[i] |= mask | (mask >> 13) | (mask << 7);
			break;
		}
	}

	return rights((word[0] & 0x000007ffffffffffULL) | IDX(0),
		      (word[1] & 0x01c00000007fffffULL) | IDX(1));
}

static bool same(const struct cap_rights *a, const struct cap_rights *b)
{
	return a->cr_rights[0] == b->cr_rights[0] &&
	       a->cr_rights[1] == b->cr_rights[1];
}

static struct cap_rights merged(struct cap_rights a, const struct cap_rights b)
{
	capsicum_rights_merge(&a, &b);
	return a;
}

static struct cap_rights removed(struct cap_rights a, const struct cap_rights b)
{
	capsicum_rights_remove(&a, &b);
	return a;
}

#define EXPECT_SAME(a, b)						\
do {									\
	const struct cap_rights __a = (a), __b = (b);			\
									\
	KUNIT_EXPECT_EQ_MSG(test, __a.cr_rights[0], __b.cr_rights[0],	\
			    "round %d", round);				\
	KUNIT_EXPECT_EQ_MSG(test, __a.cr_rights[1], __b.cr_rights[1],	\
			    "round %d", round);				\
} while (0)

#define EXPECT(condition) \
	KUNIT_EXPECT_TRUE_MSG(test, condition, "round %d", round)

static void test_extremes(struct kunit *test)
{
	struct cap_rights r = rights(~0ULL, ~0ULL);
	const int round = 0;

	capsicum_rights_all(&r);
	EXPECT_SAME(r, all);
	EXPECT_SAME(r, rights(0x020007ffffffffffULL, 0x05ff0000007fffffULL));
	KUNIT_EXPECT_TRUE(test, capsicum_rights_is_valid(&r));
	KUNIT_EXPECT_FALSE(test, capsicum_rights_is_empty(&r));

	capsicum_rights_none(&r);
	EXPECT_SAME(r, none);
	EXPECT_SAME(r, rights(0x0200000000000000ULL, 0x0400000000000000ULL));
	KUNIT_EXPECT_TRUE(test, capsicum_rights_is_valid(&r));
	KUNIT_EXPECT_TRUE(test, capsicum_rights_is_empty(&r));

	/* Zeroed memory is no set, and least of all the empty one. */
	r = rights(0, 0);
	KUNIT_EXPECT_FALSE(test, capsicum_rights_is_empty(&r));
}

static void test_algebra(struct kunit *test)
{
	struct rnd_state rnd;
	int round;

	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < ROUNDS; round++) {
		const struct cap_rights a = random_rights(&rnd);
		const struct cap_rights b = random_rights(&rnd);
		const struct cap_rights c = random_rights(&rnd);
		const struct cap_rights a_or_b = merged(a, b);
		const struct cap_rights a_less_b = removed(a, b);

		EXPECT(capsicum_rights_is_valid(&a));
		EXPECT(capsicum_rights_is_valid(&a_or_b));
		EXPECT(capsicum_rights_is_valid(&a_less_b));

		EXPECT_SAME(a_or_b, merged(b, a));
		EXPECT_SAME(merged(a_or_b, c), merged(a, merged(b, c)));
		EXPECT_SAME(merged(a, a), a);
		EXPECT_SAME(merged(a, none), a);
		EXPECT_SAME(merged(a, all), all);

		EXPECT_SAME(removed(a, a), none);
		EXPECT_SAME(removed(a, none), a);
		EXPECT_SAME(removed(a, all), none);
		EXPECT_SAME(removed(a_less_b, b), a_less_b);
		EXPECT_SAME(merged(a_less_b, b), a_or_b);
		EXPECT_SAME(removed(a_less_b, c), removed(a, merged(b, c)));
		EXPECT_SAME(removed(a_or_b, c),
			    merged(removed(a, c), removed(b, c)));

		EXPECT(capsicum_rights_contains(&a_or_b, &a));
		EXPECT(capsicum_rights_contains(&a_or_b, &b));
		EXPECT(capsicum_rights_contains(&a, &a_less_b));
		EXPECT(capsicum_rights_contains(&all, &a));
		EXPECT(capsicum_rights_contains(&a, &a));
		EXPECT(capsicum_rights_contains(&a, &none));
	}
}

static void test_contains(struct kunit *test)
{
	struct rnd_state rnd;
	int round, yes = 0, no = 0;

	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < ROUNDS; round++) {
		const struct cap_rights a = random_rights(&rnd);
		const struct cap_rights b = random_rights(&rnd);
		/* Independent sets seldom contain each other: help them. */
		const struct cap_rights big = round & 1 ? merged(a, b) : a;
		const bool contains = capsicum_rights_contains(&big, &b);
		const bool contained = capsicum_rights_contains(&b, &big);
		bool model = true;
		int bit;

		for (bit = 0; bit < 114; bit++) {
			const u64 mask = 1ULL << (bit % 57);

			if ((b.cr_rights[bit / 57] & mask) &&
			    !(big.cr_rights[bit / 57] & mask))
				model = false;
		}
		KUNIT_EXPECT_EQ_MSG(test, contains, model, "round %d", round);
		if (contains)
			yes++;
		else
			no++;

		EXPECT(contains == ({
			const struct cap_rights m = merged(big, b);

			same(&m, &big);
		}));
		EXPECT(contains == ({
			const struct cap_rights left = removed(b, big);

			capsicum_rights_is_empty(&left);
		}));
		EXPECT((contains && contained) == same(&big, &b));
	}

	/* A test that has only seen one answer has tested nothing. */
	KUNIT_EXPECT_GT(test, yes, ROUNDS / 10);
	KUNIT_EXPECT_GT(test, no, ROUNDS / 10);
}

static void test_contains_single(struct kunit *test)
{
	int i;

	/* Of all rights, take away one: that one is missing, and only it. */
	for (i = 0; i < 114; i++) {
		struct cap_rights one = none, rest = all;

		one.cr_rights[i / 57] |= 1ULL << (i % 57);
		if (!capsicum_rights_is_valid(&one))
			continue;
		capsicum_rights_remove(&rest, &one);
		KUNIT_EXPECT_FALSE_MSG(test,
				       capsicum_rights_contains(&rest, &one),
				       "bit %d", i);
		KUNIT_EXPECT_FALSE_MSG(test,
				       capsicum_rights_contains(&rest, &all),
				       "bit %d", i);
		capsicum_rights_merge(&rest, &one);
		KUNIT_EXPECT_TRUE_MSG(test, same(&rest, &all), "bit %d", i);
	}
}

/* The macro that the look-ups use to name their rights. */
static void test_constant_sets(struct kunit *test)
{
	const int round = 0;

	EXPECT_SAME(*CAP_RIGHTS(CAP_READ), rights(IDX(0) | 1, IDX(1)));
	EXPECT_SAME(*CAP_RIGHTS(CAP_EVENT), rights(IDX(0), IDX(1) | 0x20));
	EXPECT_SAME(*CAP_RIGHTS(CAP_READ, CAP_EVENT),
		    rights(IDX(0) | 1, IDX(1) | 0x20));
	EXPECT_SAME(*CAP_RIGHTS(CAP_FSIGNAL, CAP_FLOCK),
		    rights(IDX(0) | 0x10000, IDX(1) | 1ULL << 56));
	EXPECT_SAME(*CAP_RIGHTS(CAP_FSTAT, CAP_IOCTL, CAP_MKDIRAT),
		    rights(IDX(0) | 0x880400, IDX(1) | 0x80));
}

static struct cap_limits limits(u64 word0, u64 word1, u32 fcntls, int nioctls,
				u32 *ioctls)
{
	return (struct cap_limits) {
		.rights = rights(word0, word1),
		.fcntls = fcntls,
		.nioctls = nioctls,
		.ioctls = ioctls,
	};
}

static bool limits_valid(u64 word0, u64 word1, u32 fcntls, int nioctls)
{
	static u32 ioctls[CAP_IOCTLS_LIMIT_MAX + 1];
	const struct cap_limits l = limits(word0, word1, fcntls, nioctls,
					   ioctls);

	return cap_limits_valid(&l);
}

static void test_limits_valid(struct kunit *test)
{
	int bit;

	KUNIT_EXPECT_TRUE(test, limits_valid(CAP_ALL0, CAP_ALL1, CAP_FCNTL_ALL,
					     CAP_LIMIT_IOCTLS_ALL));
	KUNIT_EXPECT_TRUE(test, limits_valid(IDX(0), IDX(1), 0, 0));
	KUNIT_EXPECT_FALSE(test, limits_valid(0, IDX(1), 0, 0));
	KUNIT_EXPECT_FALSE(test, limits_valid(IDX(0), 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, limits_valid(1ULL << 62 | CAP_ALL0, CAP_ALL1,
					      CAP_FCNTL_ALL, CAP_LIMIT_IOCTLS_ALL));

	/* fcntl: only with the right, and only what is known. */
	KUNIT_EXPECT_TRUE(test, limits_valid(CAP_FCNTL, IDX(1), 0, 0));
	for (bit = 0; bit < 32; bit++) {
		const u32 fcntls = 1U << bit;
		const bool known = bit == F_GETFL || bit == F_SETFL ||
				   bit == F_GETOWN || bit == F_SETOWN;

		KUNIT_EXPECT_EQ_MSG(test, limits_valid(CAP_FCNTL, IDX(1),
						       fcntls, 0),
				    known, "bit %d", bit);
		KUNIT_EXPECT_FALSE_MSG(test,
				       limits_valid(CAP_ALL0 & ~0x8000ULL,
						    CAP_ALL1, fcntls,
						    CAP_LIMIT_IOCTLS_ALL),
				       "bit %d", bit);
	}

	/* ioctl: only with the right, and only so many. */
	KUNIT_EXPECT_TRUE(test, limits_valid(IDX(0), CAP_IOCTL, 0, -1));
	KUNIT_EXPECT_TRUE(test, limits_valid(IDX(0), CAP_IOCTL, 0, 0));
	KUNIT_EXPECT_TRUE(test, limits_valid(IDX(0), CAP_IOCTL, 0, 1));
	KUNIT_EXPECT_TRUE(test, limits_valid(IDX(0), CAP_IOCTL, 0, 256));
	KUNIT_EXPECT_FALSE(test, limits_valid(IDX(0), CAP_IOCTL, 0, 257));
	KUNIT_EXPECT_FALSE(test, limits_valid(IDX(0), CAP_IOCTL, 0, -2));
	KUNIT_EXPECT_FALSE(test, limits_valid(IDX(0), CAP_IOCTL, 0, INT_MIN));
	KUNIT_EXPECT_FALSE(test, limits_valid(IDX(0), CAP_IOCTL, 0, INT_MAX));
	KUNIT_EXPECT_FALSE(test, limits_valid(CAP_ALL0, CAP_ALL1 & ~0x80ULL,
					      CAP_FCNTL_ALL, -1));
	KUNIT_EXPECT_FALSE(test, limits_valid(CAP_ALL0, CAP_ALL1 & ~0x80ULL,
					      CAP_FCNTL_ALL, 1));
	KUNIT_EXPECT_TRUE(test, limits_valid(CAP_ALL0, CAP_ALL1 & ~0x80ULL,
					     CAP_FCNTL_ALL, 0));
}

static void test_ioctl_sort(struct kunit *test)
{
	/* Signed comparison and subtraction would both get these wrong. */
	u32 mixed[] = {
		0x80000000, 5, 0xffffffff, 0, 0x7fffffff, 5, 0x80000000,
		0xffffffff, 0, 5, 0xc0045401,
	};
	static const u32 expected[] = {
		0, 5, 0x7fffffff, 0x80000000, 0xc0045401, 0xffffffff,
	};
	u32 same_one[] = { 7, 7, 7, 7 };
	u32 untouched[] = { 3, 1, 2 };
	struct cap_limits l;
	int i;

	l = limits(IDX(0), CAP_IOCTL, 0, ARRAY_SIZE(mixed), mixed);
	cap_limits_sort(&l);
	KUNIT_ASSERT_EQ(test, l.nioctls, (int)ARRAY_SIZE(expected));
	KUNIT_EXPECT_MEMEQ(test, l.ioctls, expected, sizeof(expected));
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_TRUE(test, cap_limits_allow_ioctl(&l,
							       expected[i]));
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 4));
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0xfffffffe));
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0x80000001));

	l = limits(IDX(0), CAP_IOCTL, 0, ARRAY_SIZE(same_one), same_one);
	cap_limits_sort(&l);
	KUNIT_EXPECT_EQ(test, l.nioctls, 1);
	KUNIT_EXPECT_EQ(test, l.ioctls[0], 7U);

	l = limits(IDX(0), CAP_IOCTL, 0, 0, untouched);
	cap_limits_sort(&l);
	KUNIT_EXPECT_EQ(test, l.nioctls, 0);
	l.nioctls = CAP_LIMIT_IOCTLS_ALL;
	cap_limits_sort(&l);
	KUNIT_EXPECT_EQ(test, l.nioctls, CAP_LIMIT_IOCTLS_ALL);
	KUNIT_EXPECT_EQ(test, untouched[0], 3U);
	KUNIT_EXPECT_EQ(test, untouched[1], 1U);
	KUNIT_EXPECT_EQ(test, untouched[2], 2U);
}

static void test_ioctl_search(struct kunit *test)
{
	u32 *list = kunit_kcalloc(test, CAP_IOCTLS_LIMIT_MAX, sizeof(*list),
				  GFP_KERNEL);
	struct cap_limits l;
	int n, i;

	KUNIT_ASSERT_NOT_NULL(test, list);

	l = limits(IDX(0), CAP_IOCTL, 0, CAP_LIMIT_IOCTLS_ALL, NULL);
	KUNIT_EXPECT_TRUE(test, cap_limits_allow_ioctl(&l, 0));
	KUNIT_EXPECT_TRUE(test, cap_limits_allow_ioctl(&l, 0xffffffff));

	l = limits(IDX(0), CAP_IOCTL, 0, 0, NULL);
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0));
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0xffffffff));

	/* Each length there may be, given from the top down. */
	for (n = 1; n <= CAP_IOCTLS_LIMIT_MAX; n++) {
		for (i = 0; i < n; i++)
			list[i] = 0x5400 + 2 * (n - 1 - i);
		l = limits(IDX(0), CAP_IOCTL, 0, n, list);
		cap_limits_sort(&l);
		KUNIT_ASSERT_EQ(test, l.nioctls, n);
		for (i = 0; i < n; i++) {
			const u32 cmd = 0x5400 + 2 * i;

			KUNIT_EXPECT_EQ(test, list[i], cmd);
			KUNIT_EXPECT_TRUE_MSG(test,
					      cap_limits_allow_ioctl(&l, cmd),
					      "%d of %d", i, n);
			KUNIT_EXPECT_FALSE_MSG(test,
					       cap_limits_allow_ioctl(&l,
								      cmd + 1),
					       "%d of %d", i, n);
		}
		KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0x53ff));
		KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 0));
		KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, ~0U));
	}
}

static void test_ioctl_contain(struct kunit *test)
{
	u32 *big = kunit_kcalloc(test, CAP_IOCTLS_LIMIT_MAX, sizeof(*big),
				 GFP_KERNEL);
	u32 odd[] = { 1 }, unsorted[] = { 2, 0 }, twice[] = { 2, 2, 4 };
	struct cap_limits held, wanted;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, big);
	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		big[i] = 2 * i;

	/* Held: all. */
	held = limits(CAP_ALL0, CAP_ALL1, 0, CAP_LIMIT_IOCTLS_ALL, NULL);
	wanted = held;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = CAP_IOCTLS_LIMIT_MAX;
	wanted.ioctls = big;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = 0;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));

	/* Held: as many as there may be. */
	held.nioctls = CAP_IOCTLS_LIMIT_MAX;
	held.ioctls = big;
	wanted = held;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = CAP_LIMIT_IOCTLS_ALL;
	KUNIT_EXPECT_FALSE(test, cap_limits_contain(&held, &wanted));
	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++) {
		wanted.nioctls = 1;
		wanted.ioctls = &big[i];
		KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
		wanted.nioctls = CAP_IOCTLS_LIMIT_MAX - i;
		KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
		odd[0] = 2 * i + 1;
		wanted.nioctls = 1;
		wanted.ioctls = odd;
		KUNIT_EXPECT_FALSE(test, cap_limits_contain(&held, &wanted));
	}
	/* A list that repeats itself asks for no more; one out of order may. */
	wanted.nioctls = ARRAY_SIZE(twice);
	wanted.ioctls = twice;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = ARRAY_SIZE(unsorted);
	wanted.ioctls = unsorted;
	KUNIT_EXPECT_FALSE(test, cap_limits_contain(&held, &wanted));

	/* Held: none. */
	held.nioctls = 0;
	held.ioctls = NULL;
	wanted = held;
	KUNIT_EXPECT_TRUE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = 1;
	wanted.ioctls = big;
	KUNIT_EXPECT_FALSE(test, cap_limits_contain(&held, &wanted));
	wanted.nioctls = CAP_LIMIT_IOCTLS_ALL;
	KUNIT_EXPECT_FALSE(test, cap_limits_contain(&held, &wanted));
}

/* A small universe of commands, at both ends of the range. */
#define UNIVERSE	10

static u32 universe(int i)
{
	return i < UNIVERSE / 2 ? i : 0U - (UNIVERSE - i);
}

static struct cap_limits random_limits(struct rnd_state *rnd, u32 *list)
{
	const struct cap_rights r = random_rights(rnd);
	const u32 pick = prandom_u32_state(rnd);
	struct cap_limits l = {
		.rights = r,
		.fcntls = prandom_u32_state(rnd) & CAP_FCNTL_ALL,
		.ioctls = list,
	};
	int i;

	/* Often the sub-rights decide: give the rights a chance to be equal. */
	if (pick & BIT(31))
		l.rights = all;
	if (pick & BIT(30))
		l.fcntls = CAP_FCNTL_ALL;
	for (i = 0; i < UNIVERSE; i++)
		if (pick & BIT(i))
			list[l.nioctls++] = universe(i);
	if (!(prandom_u32_state(rnd) % 4))
		l.nioctls = CAP_LIMIT_IOCTLS_ALL;

	/* Valid limits: no sub-rights without their right. */
	if (!(l.rights.cr_rights[0] & 0x8000))
		l.fcntls = 0;
	if (!(l.rights.cr_rights[1] & 0x80))
		l.nioctls = 0;
	return l;
}

static bool lists(const struct cap_limits *l, u32 cmd)
{
	int i;

	for (i = 0; i < l->nioctls; i++)
		if (l->ioctls[i] == cmd)
			return true;
	return l->nioctls == CAP_LIMIT_IOCTLS_ALL;
}

/* What one allows that the other does not, one thing at a time. */
static bool widens(const struct cap_limits *held,
		   const struct cap_limits *wanted)
{
	/* One command of all those outside of the universe will do. */
	const u32 outside = 0x12345678;
	int i;

	for (i = 0; i < 114; i++) {
		const u64 mask = 1ULL << (i % 57);

		if (wanted->rights.cr_rights[i / 57] & mask &&
		    !(held->rights.cr_rights[i / 57] & mask))
			return true;
	}
	for (i = 0; i < 32; i++)
		if (wanted->fcntls & BIT(i) && !(held->fcntls & BIT(i)))
			return true;
	for (i = 0; i < UNIVERSE; i++)
		if (lists(wanted, universe(i)) && !lists(held, universe(i)))
			return true;
	return lists(wanted, outside) && !lists(held, outside);
}

static void test_limit_never_widens(struct kunit *test)
{
	u32 held_list[UNIVERSE], wanted_list[UNIVERSE], list[UNIVERSE];
	int round, i, yes = 0, no = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < ROUNDS; round++) {
		struct cap_limits held = random_limits(&rnd, held_list);
		struct cap_limits wanted = random_limits(&rnd, wanted_list);
		const struct cap_limits other = random_limits(&rnd, list);
		bool contain;

		EXPECT(cap_limits_valid(&held));
		EXPECT(cap_limits_contain(&held, &held));

		/* Every other time, something that is nearly held. */
		if (round & 1) {
			wanted.rights = removed(held.rights, other.rights);
			wanted.fcntls = held.fcntls & ~other.fcntls;
			cap_limits_drop_orphans(&wanted);
			EXPECT(cap_limits_valid(&wanted));
		}

		contain = cap_limits_contain(&held, &wanted);
		EXPECT(contain == !widens(&held, &wanted));
		for (i = 0; i < UNIVERSE; i++)
			EXPECT(cap_limits_allow_ioctl(&held, universe(i)) ==
			       lists(&held, universe(i)));
		if (!contain) {
			no++;
			continue;
		}
		yes++;

		/* Step by step, nothing comes back. */
		if (cap_limits_contain(&wanted, &other))
			EXPECT(cap_limits_contain(&held, &other));
	}
	KUNIT_EXPECT_GT(test, yes, ROUNDS / 20);
	KUNIT_EXPECT_GT(test, no, ROUNDS / 20);
}

static void test_orphans(struct kunit *test)
{
	u32 list[] = { 1, 2 };
	struct cap_limits l;

	l = limits(CAP_ALL0, CAP_ALL1, CAP_FCNTL_ALL, 2, list);
	cap_limits_drop_orphans(&l);
	KUNIT_EXPECT_EQ(test, l.fcntls, CAP_FCNTL_ALL);
	KUNIT_EXPECT_EQ(test, l.nioctls, 2);

	l = limits(CAP_ALL0 & ~0x8000ULL, CAP_ALL1, CAP_FCNTL_ALL,
		   CAP_LIMIT_IOCTLS_ALL, NULL);
	KUNIT_EXPECT_FALSE(test, cap_limits_valid(&l));
	cap_limits_drop_orphans(&l);
	KUNIT_EXPECT_EQ(test, l.fcntls, 0U);
	KUNIT_EXPECT_EQ(test, l.nioctls, CAP_LIMIT_IOCTLS_ALL);
	KUNIT_EXPECT_TRUE(test, cap_limits_valid(&l));

	l = limits(CAP_ALL0, CAP_ALL1 & ~0x80ULL, CAP_FCNTL_GETFL, 2, list);
	KUNIT_EXPECT_FALSE(test, cap_limits_valid(&l));
	cap_limits_drop_orphans(&l);
	KUNIT_EXPECT_EQ(test, l.fcntls, CAP_FCNTL_GETFL);
	KUNIT_EXPECT_EQ(test, l.nioctls, 0);
	KUNIT_EXPECT_PTR_EQ(test, l.ioctls, &list[0]);
	KUNIT_EXPECT_TRUE(test, cap_limits_valid(&l));
	KUNIT_EXPECT_FALSE(test, cap_limits_allow_ioctl(&l, 1));

	l = limits(IDX(0), IDX(1), CAP_FCNTL_ALL, CAP_LIMIT_IOCTLS_ALL, NULL);
	cap_limits_drop_orphans(&l);
	KUNIT_EXPECT_EQ(test, l.fcntls, 0U);
	KUNIT_EXPECT_EQ(test, l.nioctls, 0);
	KUNIT_EXPECT_TRUE(test, cap_limits_valid(&l));
}

#define NAMES_SIZE	2048

static char *names(struct kunit *test, const struct cap_rights *r, char *buf)
{
	struct seq_file m = { .buf = buf, .size = NAMES_SIZE - 1 };

	cap_rights_seq_names(&m, r);
	KUNIT_EXPECT_FALSE(test, seq_has_overflowed(&m));
	buf[m.count] = '\0';
	return buf;
}

#define EXPECT_NAMES(expected, word0, word1)				\
do {									\
	const struct cap_rights __r = rights(word0, word1);		\
									\
	KUNIT_EXPECT_STREQ(test, names(test, &__r, buf), expected);	\
} while (0)

static void test_names(struct kunit *test)
{
	char *buf = kunit_kzalloc(test, NAMES_SIZE, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);

	EXPECT_NAMES("", IDX(0), IDX(1));
	EXPECT_NAMES("CAP_READ CAP_FSTAT CAP_EVENT", CAP_READ | CAP_FSTAT,
		     CAP_EVENT);
	EXPECT_NAMES("CAP_SEEK_TELL", CAP_SEEK_TELL, IDX(1));
	EXPECT_NAMES("CAP_SEEK", CAP_SEEK, IDX(1));
	EXPECT_NAMES("CAP_READ CAP_SEEK", CAP_PREAD, IDX(1));
	EXPECT_NAMES("CAP_SEEK CAP_MMAP", CAP_SEEK | CAP_MMAP, IDX(1));
	EXPECT_NAMES("CAP_MMAP_X", CAP_MMAP_X, IDX(1));
	EXPECT_NAMES("CAP_READ CAP_WRITE CAP_MMAP_X", CAP_MMAP_RWX, IDX(1));
	EXPECT_NAMES("CAP_LOOKUP CAP_FSTAT", CAP_FSTATAT, IDX(1));
	EXPECT_NAMES("CAP_MKDIRAT CAP_UNLINKAT", CAP_MKDIRAT | CAP_UNLINKAT,
		     IDX(1));
	EXPECT_NAMES("CAP_KQUEUE_EVENT CAP_KQUEUE_CHANGE", IDX(0), CAP_KQUEUE);
	EXPECT_NAMES("CAP_SETNS CAP_EPOLL_CTL CAP_FSIGNAL", IDX(0),
		     CAP_SETNS | CAP_EPOLL_CTL | CAP_FSIGNAL);

	/* Bits that make no right with a name are neither hidden nor lent. */
	EXPECT_NAMES("+0x8", IDX(0) | 0x8, IDX(1));
	EXPECT_NAMES("+0x800000", IDX(0) | 0x800000, IDX(1));
	EXPECT_NAMES("CAP_READ CAP_EVENT +0x800000",
		     CAP_READ | 0x800000, CAP_EVENT);
	EXPECT_NAMES("CAP_MMAP +0x28", CAP_MMAP | 0x28, IDX(1));
	EXPECT_NAMES("CAP_READ CAP_SEEK +0x20", CAP_PREAD | 0x20, IDX(1));
	EXPECT_NAMES("+0x18000400000", IDX(0) | 0x18000400000, IDX(1));

	/* Each right alone has exactly its name. */
	KUNIT_ASSERT_EQ(test, cap_right_names_count,
			(unsigned int)ARRAY_SIZE(named_values));
	for (i = 0; i < ARRAY_SIZE(named_values); i++) {
		const struct value *v = &named_values[i];

		if (v->expected & IDX(0))
			EXPECT_NAMES(v->name, v->expected, IDX(1));
		else
			EXPECT_NAMES(v->name, IDX(0), v->expected);
	}
}

/* Reads names back, by the tables of this test. */
static void test_names_say_what_is_held(struct kunit *test)
{
	char *buf = kunit_kzalloc(test, NAMES_SIZE, GFP_KERNEL);
	struct rnd_state rnd;
	int round, bare = 0;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < ROUNDS / 4; round++) {
		const struct cap_rights r = round ? random_rights(&rnd) : all;
		struct cap_rights said = none;
		char *rest, *name;

		rest = names(test, &r, buf);
		while (*rest && (name = strsep(&rest, " "))) {
			u64 found = 0;
			int i;

			if (*name == '+') {
				KUNIT_ASSERT_EQ(test, 0,
						kstrtou64(name + 1, 16,
							  &found));
				/* Only in word 0 have rights several bits. */
				said.cr_rights[0] |= found;
				bare++;
				KUNIT_EXPECT_NULL(test, rest);
				break;
			}
			for (i = 0; i < ARRAY_SIZE(named_values); i++)
				if (!strcmp(named_values[i].name, name))
					found = named_values[i].expected;
			KUNIT_ASSERT_NE_MSG(test, found, 0ULL, "\"%s\"", name);

			/* No name that the ones before it have said. */
			if (found & IDX(0)) {
				EXPECT(found & ~said.cr_rights[0]);
				said.cr_rights[0] |= found;
			} else {
				EXPECT(found & ~said.cr_rights[1]);
				said.cr_rights[1] |= found;
			}
			if (!rest)
				break;
		}
		EXPECT_SAME(said, r);
	}
	KUNIT_EXPECT_GT(test, bare, 0);
}

static struct kunit_case capsicum_rights_cases[] = {
	KUNIT_CASE(test_values),
	KUNIT_CASE(test_fcntl_values),
	KUNIT_CASE(test_valid),
	KUNIT_CASE(test_valid_index),
	KUNIT_CASE(test_valid_version),
	KUNIT_CASE(test_extremes),
	KUNIT_CASE(test_algebra),
	KUNIT_CASE(test_contains),
	KUNIT_CASE(test_contains_single),
	KUNIT_CASE(test_constant_sets),
	KUNIT_CASE(test_limits_valid),
	KUNIT_CASE(test_ioctl_sort),
	KUNIT_CASE(test_ioctl_search),
	KUNIT_CASE(test_ioctl_contain),
	KUNIT_CASE(test_limit_never_widens),
	KUNIT_CASE(test_orphans),
	KUNIT_CASE(test_names),
	KUNIT_CASE(test_names_say_what_is_held),
	{}
};

static struct kunit_suite capsicum_rights_suite = {
	.name = "capsicum_rights",
	.test_cases = capsicum_rights_cases,
};

kunit_test_suite(capsicum_rights_suite);

MODULE_DESCRIPTION("KUnit tests of the Capsicum rights algebra");
MODULE_LICENSE("GPL");
