// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode as programs ask for it: through libcapsicum.
 */
#include "capmode.h"

TEST(enter)
{
	unsigned int mode = 77;

	REQUIRE_CAPMODE();
	EXPECT_EQ(0, cap_getmode(&mode));
	EXPECT_EQ(0, mode);
	EXPECT_FALSE(cap_sandboxed());
	EXPECT_LT(0, try_getcwd());

	ASSERT_EQ(0, cap_enter());
	EXPECT_EQ(0, cap_getmode(&mode));
	EXPECT_EQ(1, mode);
	EXPECT_TRUE(cap_sandboxed());
	EXPECT_EQ(-ECAPMODE, try_getcwd());
	/* Again, which changes nothing. */
	EXPECT_EQ(0, cap_enter());
	EXPECT_TRUE(cap_sandboxed());
}

TEST(mistakes)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(-1, cap_getmode(NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_FALSE(cap_sandboxed());
	ASSERT_EQ(0, cap_enter());
	EXPECT_EQ(-1, cap_getmode(NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(cap_sandboxed());
}

static int tell_sandboxed(void *arg)
{
	return cap_sandboxed();
}

static int enter_and_fork(void *arg)
{
	STEP(!cap_enter());
	return in_child(tell_sandboxed, NULL);
}

TEST(children)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, in_child(tell_sandboxed, NULL));
	EXPECT_EQ(1, in_child(enter_and_fork, NULL));
	EXPECT_FALSE(cap_sandboxed());
}

TEST_HARNESS_MAIN
