// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Rights and text: each right has its name and each name its right, and what is
 * told of a set is just that set.
 */
#include <string.h>
#include <strings.h>

#include <sys/capsicum.h>

#include <kselftest_harness.h>

#define ROUNDS	5000

static bool same(const cap_rights_t *a, const cap_rights_t *b)
{
	return a->cr_rights[0] == b->cr_rights[0] &&
	       a->cr_rights[1] == b->cr_rights[1];
}

/* All names: a right each, and that right's. */
TEST(names)
{
	uint64_t all[2] = { CAPRIGHT(0, 0ULL), CAPRIGHT(1, 0ULL) };
	const char *name;
	cap_rights_t set;
	uint64_t right;
	size_t i;

	for (i = 0; (name = cap_right_by_index(i, &right)); i++) {
		char other[64];
		size_t j;

		EXPECT_EQ(0, strncmp("CAP_", name, 4));
		EXPECT_EQ(right, cap_right_from_name(name)) {
			TH_LOG("%s", name);
		}
		EXPECT_EQ(right, cap_right_from_name(name + 4));
		for (j = 0; name[j]; j++)
			other[j] = name[j] ^ (name[j] == '_' ? 0 : 0x20);
		other[j] = 0;
		if (!strpbrk(name, "0123456789")) {
			EXPECT_EQ(right, cap_right_from_name(other));
		}
		/* One of several names of a value: CAP_RECV is CAP_READ. */
		ASSERT_NE(NULL, cap_right_to_name(right));
		EXPECT_EQ(right, cap_right_from_name(cap_right_to_name(right)));
		ASSERT_EQ(0, cap_rights_from_text(&set, name, NULL));
		EXPECT_TRUE(cap_rights_is_valid(&set));
		EXPECT_EQ(right, set.cr_rights[right >> 58 & 1]);
		all[right >> 58 & 1] |= right;
	}
	EXPECT_EQ(CAP_ALL0, all[0]);
	EXPECT_EQ(CAP_ALL1, all[1]);
	EXPECT_STREQ("CAP_READ", cap_right_to_name(CAP_READ));
	EXPECT_STREQ("CAP_PREAD", cap_right_to_name(CAP_PREAD));
	EXPECT_STREQ("CAP_FSTATAT", cap_right_to_name(CAP_FSTATAT));
}

TEST(no_names)
{
	EXPECT_EQ(0, cap_right_from_name(""));
	EXPECT_EQ(0, cap_right_from_name("CAP_"));
	EXPECT_EQ(0, cap_right_from_name("CAP_REA"));
	EXPECT_EQ(0, cap_right_from_name("CAP_READY"));
	EXPECT_EQ(0, cap_right_from_name("CAP_SYS_ADMIN"));
	EXPECT_EQ(0, cap_right_from_name("CAP_CAP_READ"));
	EXPECT_EQ(NULL, cap_right_to_name(0));
	EXPECT_EQ(NULL, cap_right_to_name(CAP_READ | CAP_WRITE));
	EXPECT_EQ(NULL, cap_right_to_name(CAP_READ | CAP_EVENT));
	EXPECT_EQ(NULL, cap_right_by_index((size_t)-1, NULL));
}

TEST(to_text)
{
	cap_rights_t set;
	char buf[64];

	cap_rights_init(&set);
	EXPECT_EQ(0, cap_rights_to_text(&set, buf, sizeof(buf)));
	EXPECT_STREQ("", buf);
	cap_rights_init(&set, CAP_PREAD, CAP_FSTAT, CAP_EVENT);
	EXPECT_EQ(37, cap_rights_to_text(&set, buf, sizeof(buf)));
	EXPECT_STREQ("CAP_READ,CAP_SEEK,CAP_FSTAT,CAP_EVENT", buf);
	cap_rights_init(&set, CAP_MKDIRAT);
	EXPECT_EQ(11, cap_rights_to_text(&set, buf, sizeof(buf)));
	EXPECT_STREQ("CAP_MKDIRAT", buf);
	cap_rights_clear(&set, CAP_LOOKUP);
	cap_rights_to_text(&set, buf, sizeof(buf));
	EXPECT_STREQ("+0x800000", buf);
}

/* Too small a buffer gets what fits, and the length is told all the same. */
TEST(to_text_cut)
{
	cap_rights_t set;
	char buf[16];

	cap_rights_init(&set, CAP_READ, CAP_WRITE);
	memset(buf, 'x', sizeof(buf));
	EXPECT_EQ(18, cap_rights_to_text(&set, buf, 10));
	EXPECT_STREQ("CAP_READ,", buf);
	EXPECT_EQ('x', buf[10]);
	EXPECT_EQ(18, cap_rights_to_text(&set, buf, 1));
	EXPECT_STREQ("", buf);
	buf[0] = 'x';
	EXPECT_EQ(18, cap_rights_to_text(&set, buf, 0));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ(18, cap_rights_to_text(&set, NULL, 0));
}

TEST(to_text_malformed)
{
	cap_rights_t set = { { 0, 0 } };
	char buf[16] = "as it was";

	errno = 0;
	EXPECT_EQ(-1, cap_rights_to_text(&set, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_STREQ("as it was", buf);
}

TEST(from_text)
{
	cap_rights_t set, want;

	cap_rights_init(&want, CAP_PREAD, CAP_EVENT);
	ASSERT_EQ(0, cap_rights_from_text(&set, "CAP_PREAD,CAP_EVENT", NULL));
	EXPECT_TRUE(same(&want, &set));
	ASSERT_EQ(0, cap_rights_from_text(&set, " pread | Event\n", NULL));
	EXPECT_TRUE(same(&want, &set));
	CAP_NONE(&want);
	ASSERT_EQ(0, cap_rights_from_text(&set, "", NULL));
	EXPECT_TRUE(same(&want, &set));
	ASSERT_EQ(0, cap_rights_from_text(&set, "none", NULL));
	EXPECT_TRUE(same(&want, &set));
	CAP_ALL(&want);
	ASSERT_EQ(0, cap_rights_from_text(&set, "all,read", NULL));
	EXPECT_TRUE(same(&want, &set));
}

/* A mistake is named, and the set stays as it was. */
TEST(from_text_mistakes)
{
	static const char text[] = "read,raed,write";
	cap_rights_t set, was;
	const char *bad = NULL;

	cap_rights_init(&set, CAP_FSYNC);
	was = set;
	errno = 0;
	EXPECT_EQ(-1, cap_rights_from_text(&set, text, &bad));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(text + 5, bad);
	EXPECT_TRUE(same(&was, &set));
	EXPECT_EQ(-1, cap_rights_from_text(&set, "allread", NULL));
	EXPECT_EQ(-1, cap_rights_from_text(&set, "read;write", NULL));
	EXPECT_EQ(-1, cap_rights_from_text(&set, "0x1", NULL));
	EXPECT_TRUE(same(&was, &set));
}

/* Sets of whole rights: to text and back is the same set. */
TEST(there_and_back)
{
	uint64_t seed = 88172645463325252ULL;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		cap_rights_t set, back;
		char buf[4096];
		uint64_t right;
		size_t i;

		cap_rights_init(&set);
		for (i = 0; cap_right_by_index(i, &right); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			if (!(seed % 5))
				cap_rights_set(&set, right);
		}
		ASSERT_LT(cap_rights_to_text(&set, buf, sizeof(buf)),
			  (ssize_t)sizeof(buf));
		ASSERT_EQ(0, cap_rights_from_text(&back, buf, NULL));
		ASSERT_TRUE(same(&set, &back)) {
			TH_LOG("%s", buf);
		}
	}
}

TEST_HARNESS_MAIN
