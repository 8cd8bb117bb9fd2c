// SPDX-License-Identifier: GPL-2.0
/*
 * The library on a kernel with Capsicum, and on one without: there, functions say
 * ENOSYS and the caph_ family succeeds, and both leave everything as it was. To be
 * run on either.
 */
#include "common.h"

#include <capsicum_helpers.h>

#ifndef __NR_cap_enter
#define __NR_cap_enter	(CAP_NR_BASE + 482)
#endif

static bool there(void)
{
	return sys_cap_rights_get(-1, NULL, NULL, NULL, NULL, 0) != -ENOSYS;
}

/* What a function returns where there is Capsicum, and elsewhere. */
#define EXPECT_HERE(with, without, call) \
	EXPECT_EQ(there() ? (with) : (without), RET(call))

static bool can_change(int fd)
{
	return !fchmod(fd, 0600) && fcntl(fd, F_SETFL, 0) >= 0;
}

/* When the kernel was built with it, it has to answer. */
TEST(not_left_out)
{
	EXPECT_EQ(kernel_has_capsicum(), there());
}

TEST(limits)
{
	const cap_ioctl_t cmd = 1;
	cap_rights_t rights;
	uint32_t fcntls;
	int fd = tmp_file(NULL, 1);

	ASSERT_LE(0, fd);
	cap_rights_init(&rights, CAP_READ, CAP_FCNTL, CAP_IOCTL);
	EXPECT_HERE(0, -ENOSYS, cap_rights_limit(fd, &rights));
	EXPECT_HERE(0, -ENOSYS, cap_rights_get(fd, &rights));
	EXPECT_HERE(0, -ENOSYS, cap_fcntls_limit(fd, 0));
	EXPECT_HERE(0, -ENOSYS, cap_fcntls_get(fd, &fcntls));
	EXPECT_HERE(0, -ENOSYS, cap_ioctls_limit(fd, &cmd, 1));
	EXPECT_HERE(1, -ENOSYS, cap_ioctls_get(fd, NULL, 0));
	EXPECT_EQ(!there(), can_change(fd));
	/* What is known without the kernel is said first, on both. */
	EXPECT_EQ(-EINVAL, RET(cap_fcntls_limit(fd, 1)));
	EXPECT_EQ(-EFAULT, RET(cap_ioctls_limit(fd, NULL, 1)));
	EXPECT_EQ(-EFAULT, RET(cap_rights_get(fd, NULL)));
}

TEST(caph_limits)
{
	const cap_ioctl_t cmd = 1;
	cap_rights_t rights;
	int fd = tmp_file(NULL, 1);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, caph_limit_stream(fd, CAPH_READ));
	EXPECT_EQ(!there(), can_change(fd));
	cap_rights_init(&rights, CAP_READ);
	EXPECT_EQ(0, caph_rights_limit(fd, &rights));
	EXPECT_EQ(0, caph_fcntls_limit(fd, 0));
	EXPECT_HERE(-ENOTCAPABLE, 0, caph_ioctls_limit(fd, &cmd, 1));
	EXPECT_EQ(!there(), can_change(fd));
	EXPECT_EQ(0, caph_limit_stdin());
	EXPECT_EQ(0, caph_limit_stream(0, CAPH_READ));
	/* A closed one is not noticed without the kernel. */
	close(fd);
	EXPECT_HERE(-EBADF, 0, caph_limit_stream(fd, CAPH_READ));
	EXPECT_EQ(0, caph_limit_stream(fd, CAPH_READ | CAPH_IGNORE_EBADF));
}

/* cap_enter(2) needs seccomp filters besides, and may be missing by itself. */
TEST(mode)
{
	bool mode = RET(syscall(__NR_cap_enter, ~0U)) != -ENOSYS;
	unsigned int in = 7;

	EXPECT_EQ(mode ? 0 : -ENOSYS, RET(cap_getmode(&in)));
	EXPECT_EQ(mode ? 0 : 7, in);
	EXPECT_FALSE(cap_sandboxed());
	EXPECT_EQ(0, caph_enter_casper());
	EXPECT_FALSE(cap_sandboxed());
	EXPECT_EQ(0, caph_enter());
	EXPECT_EQ(mode, cap_sandboxed());
	EXPECT_EQ(mode ? -ECAPMODE : 0,
		  open("/", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0);
	EXPECT_EQ(mode ? 0 : -ENOSYS, RET(cap_enter()));
}

/* Sets are memory, and work everywhere. */
TEST(sets)
{
	cap_rights_t rights;
	char text[64];

	cap_rights_init(&rights, CAP_PREAD);
	EXPECT_TRUE(cap_rights_is_set(&rights, CAP_READ, CAP_SEEK));
	EXPECT_LT(0, cap_rights_to_text(&rights, text, sizeof(text)));
	EXPECT_STREQ("CAP_READ,CAP_SEEK", text);
}

TEST_HARNESS_MAIN
