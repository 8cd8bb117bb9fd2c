// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Sets of rights: the laws of their algebra, on many sets, and what becomes of
 * malformed ones.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/capsicum.h>

#include <kselftest_harness.h>

#define ROUNDS	20000

/* xorshift64: the same sets on every run, so that a failure comes again. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Sparse, middling and dense sets alike. */
static cap_rights_t random_set(uint64_t *state)
{
	uint64_t mask0 = next(state), mask1 = next(state);
	cap_rights_t set;

	switch (next(state) % 3) {
	case 0:
		mask0 &= next(state) & next(state);
		mask1 &= next(state) & next(state);
		break;
	case 1:
		mask0 |= next(state) | next(state);
		mask1 |= next(state) | next(state);
		break;
	}
	set.cr_rights[0] = CAPRIGHT(0, mask0) & CAP_ALL0;
	set.cr_rights[1] = CAPRIGHT(1, mask1) & CAP_ALL1;
	set.cr_rights[0] |= 1ULL << 57;
	set.cr_rights[1] |= 1ULL << 58;
	return set;
}

static bool same(const cap_rights_t *a, const cap_rights_t *b)
{
	return a->cr_rights[0] == b->cr_rights[0] &&
	       a->cr_rights[1] == b->cr_rights[1];
}

static cap_rights_t merged(cap_rights_t a, const cap_rights_t *b)
{
	return *cap_rights_merge(&a, b);
}

static cap_rights_t removed(cap_rights_t a, const cap_rights_t *b)
{
	return *cap_rights_remove(&a, b);
}

FIXTURE(sets) {
	uint64_t state;
	cap_rights_t all;
	cap_rights_t none;
};

FIXTURE_SETUP(sets)
{
	self->state = 0x9e3779b97f4a7c15ULL;
	CAP_ALL(&self->all);
	CAP_NONE(&self->none);
}

FIXTURE_TEARDOWN(sets)
{
}

TEST_F(sets, the_sample_is_worth_something)
{
	int contained = 0, not_contained = 0;

	for (int i = 0; i < ROUNDS; i++) {
		cap_rights_t a = random_set(&self->state);
		cap_rights_t b = random_set(&self->state);

		ASSERT_TRUE(cap_rights_is_valid(&a));
		if (cap_rights_contains(&a, &b))
			contained++;
		else
			not_contained++;
	}
	EXPECT_LT(10, contained);
	EXPECT_LT(1000, not_contained);
}

TEST_F(sets, merge_is_union)
{
	for (int i = 0; i < ROUNDS; i++) {
		cap_rights_t a = random_set(&self->state);
		cap_rights_t b = random_set(&self->state);
		cap_rights_t c = random_set(&self->state);
		cap_rights_t ab = merged(a, &b), ba = merged(b, &a);
		cap_rights_t bc = merged(b, &c);
		cap_rights_t ab_c = merged(ab, &c), a_bc = merged(a, &bc);
		cap_rights_t aa = merged(a, &a);
		cap_rights_t a_none = merged(a, &self->none);
		cap_rights_t a_all = merged(a, &self->all);

		ASSERT_EQ(a.cr_rights[0] | b.cr_rights[0], ab.cr_rights[0]);
		ASSERT_EQ(a.cr_rights[1] | b.cr_rights[1], ab.cr_rights[1]);
		ASSERT_TRUE(cap_rights_is_valid(&ab));
		ASSERT_TRUE(same(&ab, &ba));
		ASSERT_TRUE(same(&ab_c, &a_bc));
		ASSERT_TRUE(same(&aa, &a));
		ASSERT_TRUE(same(&a_none, &a));
		ASSERT_TRUE(same(&a_all, &self->all));
		ASSERT_TRUE(cap_rights_contains(&ab, &a));
		ASSERT_TRUE(cap_rights_contains(&ab, &b));
	}
}

TEST_F(sets, remove_is_difference)
{
	const uint64_t bits = (1ULL << 57) - 1;

	for (int i = 0; i < ROUNDS; i++) {
		cap_rights_t a = random_set(&self->state);
		cap_rights_t b = random_set(&self->state);
		cap_rights_t less = removed(a, &b);
		cap_rights_t less_b = removed(less, &b);
		cap_rights_t back = merged(less, &b), ab = merged(a, &b);
		cap_rights_t nothing = removed(a, &a);

		for (int w = 0; w < 2; w++) {
			ASSERT_EQ(a.cr_rights[w] & bits & ~b.cr_rights[w],
				  less.cr_rights[w] & bits);
			ASSERT_EQ(0, less.cr_rights[w] & b.cr_rights[w] & bits);
		}
		ASSERT_TRUE(cap_rights_is_valid(&less));
		ASSERT_TRUE(cap_rights_contains(&a, &less));
		ASSERT_TRUE(same(&less_b, &less));
		ASSERT_TRUE(same(&back, &ab));
		ASSERT_TRUE(cap_rights_is_empty(&nothing));
	}
}

TEST_F(sets, contains_is_an_order)
{
	for (int i = 0; i < ROUNDS; i++) {
		cap_rights_t a = random_set(&self->state);
		cap_rights_t b = random_set(&self->state);
		cap_rights_t ab = merged(a, &b), b_less_a = removed(b, &a);
		bool a_has_b = cap_rights_contains(&a, &b);
		bool b_has_a = cap_rights_contains(&b, &a);

		ASSERT_TRUE(cap_rights_contains(&a, &a));
		ASSERT_TRUE(cap_rights_contains(&self->all, &a));
		ASSERT_TRUE(cap_rights_contains(&a, &self->none));
		ASSERT_EQ(same(&a, &self->all),
			  cap_rights_contains(&a, &self->all));
		ASSERT_EQ(same(&a, &b), a_has_b && b_has_a);
		/* Three ways to say the same. */
		ASSERT_EQ(a_has_b, same(&ab, &a));
		ASSERT_EQ(a_has_b, cap_rights_is_empty(&b_less_a));
	}
}

TEST_F(sets, destination_may_be_the_source)
{
	cap_rights_t a = random_set(&self->state), copy = a;

	EXPECT_EQ(&a, cap_rights_merge(&a, &a));
	EXPECT_TRUE(same(&a, &copy));
	EXPECT_EQ(&a, cap_rights_remove(&a, &a));
	EXPECT_TRUE(cap_rights_is_empty(&a));
}

TEST_F(sets, empty)
{
	EXPECT_TRUE(cap_rights_is_empty(&self->none));
	EXPECT_FALSE(cap_rights_is_empty(&self->all));
	for (int w = 0; w < 2; w++) {
		for (int bit = 0; bit < 57; bit++) {
			cap_rights_t one = self->none;

			one.cr_rights[w] |= 1ULL << bit;
			EXPECT_FALSE(cap_rights_is_empty(&one));
		}
	}
}

TEST(init_takes_rights_of_both_words)
{
	cap_rights_t set;

	/* What was there before does not matter. */
	memset(&set, 0xff, sizeof(set));
	EXPECT_EQ(&set, cap_rights_init(&set, CAP_READ, CAP_EVENT, CAP_FSTAT,
					CAP_FSIGNAL, CAP_PWRITE));
	EXPECT_EQ(0x020000000008000fULL, set.cr_rights[0]);
	EXPECT_EQ(0x0500000000000020ULL, set.cr_rights[1]);
	EXPECT_TRUE(cap_rights_is_valid(&set));

	EXPECT_EQ(&set, cap_rights_init(&set));
	EXPECT_TRUE(cap_rights_is_empty(&set));

	cap_rights_init(&set, CAP_READ | CAP_WRITE | CAP_LOOKUP);
	EXPECT_EQ(0x0200000000000403ULL, set.cr_rights[0]);
	EXPECT_EQ(0x0400000000000000ULL, set.cr_rights[1]);

	cap_rights_init(&set, CAP_ALL0, CAP_ALL1);
	EXPECT_EQ(CAP_ALL0, set.cr_rights[0]);
	EXPECT_EQ(CAP_ALL1, set.cr_rights[1]);
}

TEST(init_takes_more_rights_than_registers)
{
	cap_rights_t set;

	cap_rights_init(&set, CAP_READ, CAP_WRITE, CAP_SEEK_TELL, CAP_MMAP,
			CAP_CREATE, CAP_FEXECVE, CAP_FSYNC, CAP_FTRUNCATE,
			CAP_LOOKUP, CAP_FCHDIR, CAP_MAC_GET, CAP_MAC_SET,
			CAP_SEM_GETVALUE, CAP_SEM_POST);
	EXPECT_EQ(0x0200000000000fd7ULL, set.cr_rights[0]);
	EXPECT_EQ(0x040000000000000fULL, set.cr_rights[1]);
}

TEST(rights_in_variables)
{
	uint64_t read = CAP_READ, event = CAP_EVENT;
	cap_rights_t set;

	cap_rights_init(&set, read, event);
	EXPECT_TRUE(cap_rights_is_set(&set, event, read));
	EXPECT_FALSE(cap_rights_is_set(&set, event, read, CAP_WRITE));
}

TEST(set_and_clear)
{
	cap_rights_t set;

	cap_rights_init(&set, CAP_READ);
	EXPECT_EQ(&set, cap_rights_set(&set, CAP_IOCTL, CAP_WRITE));
	EXPECT_EQ(0x0200000000000003ULL, set.cr_rights[0]);
	EXPECT_EQ(0x0400000000000080ULL, set.cr_rights[1]);
	EXPECT_EQ(&set, cap_rights_set(&set));
	EXPECT_EQ(&set, cap_rights_clear(&set));
	EXPECT_EQ(0x0200000000000003ULL, set.cr_rights[0]);
	EXPECT_EQ(&set, cap_rights_clear(&set, CAP_READ, CAP_IOCTL));
	EXPECT_EQ(0x0200000000000002ULL, set.cr_rights[0]);
	EXPECT_EQ(0x0400000000000000ULL, set.cr_rights[1]);

	/* All parts of a composite go. */
	cap_rights_init(&set, CAP_PREAD, CAP_WRITE);
	cap_rights_clear(&set, CAP_PREAD);
	EXPECT_EQ(0x0200000000000002ULL, set.cr_rights[0]);
	/* Clearing what is not there is no mistake. */
	cap_rights_clear(&set, CAP_FSTAT, CAP_PDKILL);
	EXPECT_EQ(0x0200000000000002ULL, set.cr_rights[0]);
	EXPECT_TRUE(cap_rights_is_valid(&set));
}

TEST(is_set)
{
	cap_rights_t set;

	cap_rights_init(&set, CAP_SEEK_TELL, CAP_READ, CAP_EVENT);
	EXPECT_TRUE(cap_rights_is_set(&set, CAP_READ));
	EXPECT_TRUE(cap_rights_is_set(&set, CAP_EVENT, CAP_SEEK_TELL));
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_SEEK));
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_PREAD));
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_READ, CAP_IOCTL));
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_IOCTL, CAP_READ));
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_READ | CAP_WRITE));
	/* Nothing asked is always there. */
	EXPECT_TRUE(cap_rights_is_set(&set));
}

/* Each way to be malformed, on otherwise good sets. */
static const struct {
	const char *what;
	uint64_t word0, word1;
} malformed[] = {
	{ "all zeroes", 0, 0 },
	{ "all ones", ~0ULL, ~0ULL },
	{ "version 1", CAP_READ | 1ULL << 62, CAPRIGHT(1, 0ULL) },
	{ "version 2", CAP_READ | 2ULL << 62, CAPRIGHT(1, 0ULL) },
	{ "version 3", CAP_READ | 3ULL << 62, CAPRIGHT(1, 0ULL) },
	{ "version in word 1", CAP_READ, CAP_EVENT | 1ULL << 62 },
	{ "high version bit in word 1", CAP_READ, CAP_EVENT | 1ULL << 63 },
	{ "no index in word 0", 1, CAPRIGHT(1, 0ULL) },
	{ "no index in word 1", CAP_READ, 0x20 },
	{ "words swapped", CAP_EVENT, CAP_READ },
	{ "word 0 twice", CAP_READ, CAP_READ },
	{ "word 1 twice", CAP_EVENT, CAP_EVENT },
	{ "two indexes in word 0", CAP_READ | CAPRIGHT(1, 0ULL), CAP_EVENT },
	{ "two indexes in word 1", CAP_READ, CAP_EVENT | CAPRIGHT(0, 0ULL) },
	{ "index 2 in word 0", CAPRIGHT(2, 1ULL), CAP_EVENT },
	{ "index 2 in word 1", CAP_READ, CAPRIGHT(2, 1ULL) },
	{ "index 4 in word 1", CAP_READ, CAPRIGHT(4, 1ULL) },
	{ "index 4 as well", CAP_READ, CAP_EVENT | CAPRIGHT(4, 0ULL) },
	{ "lowest unknown right of word 0",
	  CAPRIGHT(0, 0x80000000000ULL), CAPRIGHT(1, 0ULL) },
	{ "highest unknown right of word 0",
	  CAPRIGHT(0, 1ULL << 56), CAPRIGHT(1, 0ULL) },
	{ "lowest unknown right of word 1",
	  CAPRIGHT(0, 0ULL), CAPRIGHT(1, 0x800000ULL) },
	{ "highest unknown right of word 1",
	  CAPRIGHT(0, 0ULL), CAPRIGHT(1, 1ULL << 40) },
};

TEST(malformed_sets_are_not_valid)
{
	cap_rights_t all, none;

	CAP_ALL(&all);
	CAP_NONE(&none);
	EXPECT_TRUE(cap_rights_is_valid(&all));
	EXPECT_TRUE(cap_rights_is_valid(&none));
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		cap_rights_t bad = {
			{ malformed[i].word0, malformed[i].word1 }
		};

		EXPECT_FALSE(cap_rights_is_valid(&bad)) {
			TH_LOG("%s", malformed[i].what);
		}
		EXPECT_FALSE(cap_rights_is_empty(&bad)) {
			TH_LOG("%s", malformed[i].what);
		}
		EXPECT_FALSE(cap_rights_contains(&all, &bad)) {
			TH_LOG("%s", malformed[i].what);
		}
		EXPECT_FALSE(cap_rights_contains(&bad, &none)) {
			TH_LOG("%s", malformed[i].what);
		}
	}
}

/* Bit by bit: exactly the known rights may be there. */
TEST(every_single_bit)
{
	for (int w = 0; w < 2; w++) {
		uint64_t known = w ? CAP_ALL1 : CAP_ALL0;

		for (int bit = 0; bit < 64; bit++) {
			cap_rights_t set;

			CAP_NONE(&set);
			set.cr_rights[w] |= 1ULL << bit;
			EXPECT_EQ(!!(known & 1ULL << bit),
				  cap_rights_is_valid(&set)) {
				TH_LOG("word %d bit %d", w, bit);
			}
		}
	}
}

/*
 * What would weaken a sandbox in silence ends the program instead, and says
 * where. Each mistake is made in a child, its standard error caught.
 */
static cap_rights_t good, bad;

static const uint64_t both_words = CAP_READ | CAP_EVENT;
static const uint64_t no_index = 1;
static const uint64_t unknown = CAPRIGHT(1, 0x800000ULL);

#define MISTAKE(name, call) \
	static void name(void) { call; }

MISTAKE(init_both_words, cap_rights_init(&good, both_words))
MISTAKE(init_no_index, cap_rights_init(&good, no_index))
MISTAKE(init_unknown, cap_rights_init(&good, CAP_READ, unknown))
MISTAKE(init_version, __cap_rights_init(1, &good, 0ULL))
MISTAKE(set_both_words, cap_rights_set(&good, both_words))
MISTAKE(set_in_bad_set, cap_rights_set(&bad, CAP_READ))
MISTAKE(clear_both_words, cap_rights_clear(&good, both_words))
MISTAKE(clear_in_bad_set, cap_rights_clear(&bad, CAP_READ))
MISTAKE(is_set_both_words, cap_rights_is_set(&good, CAP_READ, both_words))
MISTAKE(is_set_of_bad_set, cap_rights_is_set(&bad, CAP_READ))
MISTAKE(merge_from_bad_set, cap_rights_merge(&good, &bad))
MISTAKE(merge_into_bad_set, cap_rights_merge(&bad, &good))
MISTAKE(remove_bad_set, cap_rights_remove(&good, &bad))
MISTAKE(remove_from_bad_set, cap_rights_remove(&bad, &good))
/* Not one: the measure works both ways. */
MISTAKE(no_mistake, cap_rights_merge(&good, &good))

#define M(name, function)	{ #name, name, function }

static const struct {
	const char *name;
	void (*make)(void);
	/* Who reports it, or NULL when nobody has to. */
	const char *reporter;
} mistakes[] = {
	M(init_both_words, "cap_rights_init: "),
	M(init_no_index, "cap_rights_init: "),
	M(init_unknown, "cap_rights_init: "),
	M(init_version, "cap_rights_init: "),
	M(set_both_words, "cap_rights_set: "),
	M(set_in_bad_set, "cap_rights_set: "),
	M(clear_both_words, "cap_rights_clear: "),
	M(clear_in_bad_set, "cap_rights_clear: "),
	M(is_set_both_words, "cap_rights_is_set: "),
	M(is_set_of_bad_set, "cap_rights_is_set: "),
	M(merge_from_bad_set, "cap_rights_merge: "),
	M(merge_into_bad_set, "cap_rights_merge: "),
	M(remove_bad_set, "cap_rights_remove: "),
	M(remove_from_bad_set, "cap_rights_remove: "),
	M(no_mistake, NULL),
};

TEST(mistakes_abort_and_say_where)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const char *reporter = mistakes[i].reporter;
		int fd[2], status, got;
		char text[256];
		bool aborted;
		pid_t child;

		ASSERT_EQ(0, pipe(fd));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			if (dup2(fd[1], STDERR_FILENO) < 0)
				_exit(1);
			CAP_NONE(&good);
			memset(&bad, 0, sizeof(bad));
			mistakes[i].make();
			_exit(0);
		}
		close(fd[1]);
		got = read(fd[0], text, sizeof(text) - 1);
		close(fd[0]);
		ASSERT_LE(0, got);
		text[got] = '\0';
		ASSERT_EQ(child, waitpid(child, &status, 0));
		aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
		EXPECT_EQ(!!reporter, aborted) {
			TH_LOG("%s: wait status 0x%x", mistakes[i].name,
			       status);
		}
		EXPECT_EQ(0, strncmp(text, reporter ? reporter : "",
				     reporter ? strlen(reporter) : 1)) {
			TH_LOG("%s: said \"%s\"", mistakes[i].name, text);
		}
	}
}

TEST(errno_is_left_alone)
{
	cap_rights_t set;

	errno = EXDEV;
	cap_rights_init(&set, CAP_READ);
	cap_rights_set(&set, CAP_EVENT);
	cap_rights_clear(&set, CAP_READ);
	cap_rights_merge(&set, &set);
	EXPECT_FALSE(cap_rights_is_set(&set, CAP_READ));
	EXPECT_EQ(EXDEV, errno);
}

TEST_HARNESS_MAIN
