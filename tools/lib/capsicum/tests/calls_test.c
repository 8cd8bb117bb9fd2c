// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The functions over the system calls: what they ask the kernel, what they make
 * of its answers, and which mistakes they find themselves. A syscall() of our
 * own stands in for the kernel; the last tests ask the real one.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sys/capsicum.h>

#include <kselftest_harness.h>

#define FD	7

/* Spelt out once more: a slip in the library's own numbers would not show. */
#if defined(__alpha__)
#define OFFSET	110
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
#define OFFSET	4000
#elif defined(__mips__) && _MIPS_SIM == _ABI64
#define OFFSET	5000
#elif defined(__mips__)
#define OFFSET	6000
#elif defined(__x86_64__) && defined(__ILP32__)
#define OFFSET	0x40000000
#else
#define OFFSET	0
#endif
#define NR_LIMIT	(OFFSET + 480)
#define NR_GET		(OFFSET + 481)
#define NR_ENTER	(OFFSET + 482)
#define NR_GETMODE	(OFFSET + 483)

/* The stand-in: what it was asked, and what it is to answer. */
static struct {
	bool armed;
	int calls;
	/* The question. */
	long nr;
	int fd;
	const void *rights_ptr, *fcntls_ptr, *ioctls_ptr;
	cap_rights_t rights;
	unsigned int fcntls;
	int nioctls;
	unsigned int ioctls[CAP_IOCTLS_LIMIT_MAX];
	unsigned int flags;
	const void *mode_ptr;
	/* The answer. */
	int error;
	cap_rights_t held_rights;
	unsigned int held_fcntls;
	int held_nioctls;
	unsigned int mode;
} kernel;

static unsigned int held_ioctl(int i)
{
	return 0x80005400U + i;
}

static long fake_limit(va_list ap)
{
	const unsigned int *list;

	kernel.fd = va_arg(ap, int);
	kernel.rights_ptr = va_arg(ap, const void *);
	kernel.fcntls = va_arg(ap, unsigned int);
	kernel.nioctls = va_arg(ap, int);
	list = va_arg(ap, const unsigned int *);
	kernel.ioctls_ptr = list;
	kernel.flags = va_arg(ap, unsigned int);
	if (kernel.rights_ptr)
		memcpy(&kernel.rights, kernel.rights_ptr,
		       sizeof(kernel.rights));
	if (list)
		memcpy(kernel.ioctls, list, kernel.nioctls * sizeof(*list));
	return 0;
}

static long fake_get(va_list ap)
{
	cap_rights_t *rights;
	unsigned int *fcntls;
	int *nioctls;
	char *ioctls;

	kernel.fd = va_arg(ap, int);
	rights = va_arg(ap, cap_rights_t *);
	fcntls = va_arg(ap, unsigned int *);
	nioctls = va_arg(ap, int *);
	ioctls = va_arg(ap, char *);
	kernel.rights_ptr = rights;
	kernel.fcntls_ptr = fcntls;
	kernel.ioctls_ptr = ioctls;
	kernel.flags = va_arg(ap, unsigned int);
	if (kernel.error)
		return 0;
	if (rights)
		*rights = kernel.held_rights;
	if (fcntls)
		*fcntls = kernel.held_fcntls;
	if (nioctls) {
		kernel.nioctls = *nioctls;
		for (int i = 0; ioctls && i < *nioctls &&
		     i < kernel.held_nioctls; i++) {
			unsigned int cmd = held_ioctl(i);

			memcpy(ioctls + i * sizeof(cmd), &cmd, sizeof(cmd));
		}
		*nioctls = kernel.held_nioctls;
	}
	return 0;
}

static long fake_getmode(va_list ap)
{
	unsigned int *mode = va_arg(ap, unsigned int *);

	kernel.mode_ptr = mode;
	if (!kernel.error)
		*mode = kernel.mode;
	return 0;
}

/* Takes the place of the C library's, for libcapsicum too. */
__attribute__((visibility("default")))
long syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, nr);
	if (kernel.armed) {
		kernel.calls++;
		kernel.nr = nr;
		if (nr == NR_LIMIT)
			fake_limit(ap);
		else if (nr == NR_GET)
			fake_get(ap);
		else if (nr == NR_ENTER)
			kernel.flags = va_arg(ap, unsigned int);
		else if (nr == NR_GETMODE)
			fake_getmode(ap);
		else
			kernel.error = ENOSYS;
		va_end(ap);
		if (!kernel.error)
			return 0;
		errno = kernel.error;
		return -1;
	}
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return ((long (*)(long, ...))(uintptr_t)dlsym(RTLD_NEXT, "syscall"))
		(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

FIXTURE(fake) {
	cap_rights_t rights;
};

FIXTURE_SETUP(fake)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.armed = true;
	cap_rights_init(&self->rights, CAP_READ, CAP_EVENT);
}

FIXTURE_TEARDOWN(fake)
{
	kernel.armed = false;
}

TEST_F(fake, rights_limit)
{
	EXPECT_EQ(0, cap_rights_limit(FD, &self->rights));
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_LIMIT, kernel.nr);
	EXPECT_EQ(FD, kernel.fd);
	EXPECT_EQ(CAP_READ, kernel.rights.cr_rights[0]);
	EXPECT_EQ(CAP_EVENT, kernel.rights.cr_rights[1]);
	EXPECT_EQ(CAP_LIMIT_KEEP_FCNTLS | CAP_LIMIT_KEEP_IOCTLS, kernel.flags);
}

/* What the kernel finds wrong reaches the caller in the kernel's words. */
TEST_F(fake, limit_errors)
{
	static const int errors[] = {
		EBADF, EFAULT, EINVAL, ENOMEM, ENFILE, ENOSYS, ENOTCAPABLE
	};
	static const cap_ioctl_t cmd = TIOCGWINSZ;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		kernel.error = errors[i];
		errno = 0;
		EXPECT_EQ(-1, cap_rights_limit(FD, &self->rights));
		EXPECT_EQ(errors[i], errno);
		errno = 0;
		EXPECT_EQ(-1, cap_fcntls_limit(FD, CAP_FCNTL_GETFL));
		EXPECT_EQ(errors[i], errno);
		errno = 0;
		EXPECT_EQ(-1, cap_ioctls_limit(FD, &cmd, 1));
		EXPECT_EQ(errors[i], errno);
	}
	EXPECT_EQ(3 * (int)ARRAY_SIZE(errors), kernel.calls);
}

TEST_F(fake, rights_get)
{
	cap_rights_t got;

	kernel.held_rights = self->rights;
	EXPECT_EQ(0, cap_rights_get(FD, &got));
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_GET, kernel.nr);
	EXPECT_EQ(FD, kernel.fd);
	EXPECT_EQ(0U, kernel.flags);
	EXPECT_EQ(NULL, kernel.fcntls_ptr);
	EXPECT_EQ(NULL, kernel.ioctls_ptr);
	EXPECT_EQ(CAP_READ, got.cr_rights[0]);
	EXPECT_EQ(CAP_EVENT, got.cr_rights[1]);

	kernel.error = EBADF;
	EXPECT_EQ(-1, cap_rights_get(FD, &got));
	EXPECT_EQ(EBADF, errno);
}

TEST_F(fake, rights_get_mistakes)
{
	cap_rights_t got;

	EXPECT_EQ(-1, __cap_rights_get(1, FD, &got));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, __cap_rights_get(-1, FD, &got));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, cap_rights_get(FD, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, kernel.calls);
}

TEST_F(fake, fcntls_limit)
{
	EXPECT_EQ(0, cap_fcntls_limit(FD, CAP_FCNTL_GETFL | CAP_FCNTL_SETOWN));
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_LIMIT, kernel.nr);
	EXPECT_EQ(FD, kernel.fd);
	EXPECT_EQ(CAP_FCNTL_GETFL | CAP_FCNTL_SETOWN, kernel.fcntls);
	EXPECT_EQ(CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS, kernel.flags);

	EXPECT_EQ(0, cap_fcntls_limit(FD, 0));
	EXPECT_EQ(0U, kernel.fcntls);
	EXPECT_EQ(2, kernel.calls);
}

TEST_F(fake, fcntls_limit_mistakes)
{
	for (int bit = 0; bit < 32; bit++) {
		if (CAP_FCNTL_ALL & 1U << bit)
			continue;
		EXPECT_EQ(-1, cap_fcntls_limit(FD, 1U << bit));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, cap_fcntls_limit(FD, CAP_FCNTL_ALL | 1U << 31));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, kernel.calls);
}

TEST_F(fake, fcntls_get)
{
	uint32_t fcntls = 0;

	kernel.held_fcntls = CAP_FCNTL_SETFL;
	EXPECT_EQ(0, cap_fcntls_get(FD, &fcntls));
	EXPECT_EQ(NR_GET, kernel.nr);
	EXPECT_EQ(FD, kernel.fd);
	EXPECT_EQ(0U, kernel.flags);
	EXPECT_EQ(NULL, kernel.rights_ptr);
	EXPECT_EQ(NULL, kernel.ioctls_ptr);
	EXPECT_EQ(CAP_FCNTL_SETFL, fcntls);
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(-1, cap_fcntls_get(FD, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, kernel.calls);
}

TEST_F(fake, ioctls_limit)
{
	static const cap_ioctl_t cmds[] = { TIOCGWINSZ, 0xffffffffUL, 0 };

	EXPECT_EQ(0, cap_ioctls_limit(FD, cmds, 3));
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_LIMIT, kernel.nr);
	EXPECT_EQ(FD, kernel.fd);
	EXPECT_EQ(3, kernel.nioctls);
	EXPECT_EQ((unsigned int)TIOCGWINSZ, kernel.ioctls[0]);
	EXPECT_EQ(0xffffffffU, kernel.ioctls[1]);
	EXPECT_EQ(0U, kernel.ioctls[2]);
	EXPECT_EQ(CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS, kernel.flags);

	EXPECT_EQ(0, cap_ioctls_limit(FD, NULL, 0));
	EXPECT_EQ(0, kernel.nioctls);
	EXPECT_EQ(NULL, kernel.ioctls_ptr);
	EXPECT_EQ(2, kernel.calls);
}

TEST_F(fake, ioctls_limit_longest)
{
	cap_ioctl_t cmds[CAP_IOCTLS_LIMIT_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++)
		cmds[i] = held_ioctl(i);
	EXPECT_EQ(0, cap_ioctls_limit(FD, cmds, CAP_IOCTLS_LIMIT_MAX));
	EXPECT_EQ(CAP_IOCTLS_LIMIT_MAX, kernel.nioctls);
	for (int i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		EXPECT_EQ(held_ioctl(i), kernel.ioctls[i]);
	EXPECT_EQ(1, kernel.calls);

	EXPECT_EQ(-1, cap_ioctls_limit(FD, cmds, CAP_IOCTLS_LIMIT_MAX + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, cap_ioctls_limit(FD, cmds, CAP_IOCTLS_ALL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, cap_ioctls_limit(FD, cmds, (size_t)-1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, kernel.calls);
}

TEST_F(fake, ioctls_limit_mistakes)
{
	EXPECT_EQ(-1, cap_ioctls_limit(FD, NULL, 1));
	EXPECT_EQ(EFAULT, errno);
#if ULONG_MAX > UINT_MAX
	static const cap_ioctl_t wide[] = { TIOCGWINSZ, 1UL << 32 | TIOCGWINSZ };
	static const cap_ioctl_t negative[] = { (cap_ioctl_t)-2 };

	EXPECT_EQ(-1, cap_ioctls_limit(FD, wide, 2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, cap_ioctls_limit(FD, negative, 1));
	EXPECT_EQ(EINVAL, errno);
#endif
	EXPECT_EQ(0, kernel.calls);
}

TEST_F(fake, ioctls_get)
{
	static const size_t rooms[] = { 0, 1, 2, 3, 4, 5, 255, 256, 300 };
	static const int helds[] = { 0, 1, 2, 3, 4, 5, 255, 256 };

	for (size_t r = 0; r < ARRAY_SIZE(rooms); r++) {
		for (size_t h = 0; h < ARRAY_SIZE(helds); h++) {
			size_t room = rooms[r], stored;
			int held = helds[h];
			cap_ioctl_t cmds[301];

			memset(cmds, 0x5a, sizeof(cmds));
			kernel.held_nioctls = held;
			kernel.calls = 0;
			ASSERT_EQ(held, cap_ioctls_get(FD, cmds, room));
			ASSERT_EQ(1, kernel.calls);
			ASSERT_EQ(NR_GET, kernel.nr);
			ASSERT_EQ(FD, kernel.fd);
			ASSERT_EQ(0U, kernel.flags);
			ASSERT_EQ((int)room, kernel.nioctls);
			stored = (size_t)held < room ? (size_t)held : room;
			for (size_t i = 0; i < stored; i++)
				ASSERT_EQ(held_ioctl(i), cmds[i]);
			/* Nothing behind them has been touched. */
			for (size_t i = stored; i < ARRAY_SIZE(cmds); i++)
				ASSERT_EQ((cap_ioctl_t)0x5a5a5a5a5a5a5a5aULL,
					  cmds[i]);
		}
	}
	EXPECT_EQ(NULL, kernel.rights_ptr);
	EXPECT_EQ(NULL, kernel.fcntls_ptr);
}

TEST_F(fake, ioctls_get_only_the_count)
{
	kernel.held_nioctls = 5;
	EXPECT_EQ(5, cap_ioctls_get(FD, NULL, 0));
	EXPECT_EQ(5, cap_ioctls_get(FD, NULL, 100));
	EXPECT_EQ(NULL, kernel.ioctls_ptr);
}

TEST_F(fake, ioctls_get_all)
{
	cap_ioctl_t cmds[4];

	kernel.held_nioctls = -1;
	EXPECT_EQ(CAP_IOCTLS_ALL, cap_ioctls_get(FD, cmds, 4));
	EXPECT_EQ(CAP_IOCTLS_ALL, cap_ioctls_get(FD, NULL, 0));
}

TEST_F(fake, ioctls_get_errors)
{
	cap_ioctl_t cmds[4];

	kernel.error = EFAULT;
	EXPECT_EQ(-1, cap_ioctls_get(FD, cmds, 4));
	EXPECT_EQ(EFAULT, errno);
	/* A count the kernel's int does not hold is still a lot of room. */
	kernel.error = 0;
	kernel.held_nioctls = 1;
	EXPECT_EQ(1, cap_ioctls_get(FD, cmds, (size_t)-1));
	EXPECT_EQ(INT_MAX, kernel.nioctls);
	EXPECT_EQ(held_ioctl(0), cmds[0]);
}

TEST_F(fake, enter)
{
	kernel.flags = ~0U;
	EXPECT_EQ(0, cap_enter());
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_ENTER, kernel.nr);
	EXPECT_EQ(0U, kernel.flags);
	kernel.error = ENOSYS;
	errno = 0;
	EXPECT_EQ(-1, cap_enter());
	EXPECT_EQ(ENOSYS, errno);
	EXPECT_EQ(2, kernel.calls);
}

TEST_F(fake, mode)
{
	unsigned int mode = 42;

	EXPECT_EQ(0, cap_getmode(&mode));
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_GETMODE, kernel.nr);
	EXPECT_EQ(&mode, kernel.mode_ptr);
	EXPECT_EQ(0U, mode);
	kernel.mode = 1;
	EXPECT_EQ(0, cap_getmode(&mode));
	EXPECT_EQ(1U, mode);
	/* A bad pointer is the kernel's to find. */
	kernel.error = EFAULT;
	errno = 0;
	EXPECT_EQ(-1, cap_getmode(NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(NULL, kernel.mode_ptr);
	EXPECT_EQ(3, kernel.calls);
}

TEST_F(fake, sandboxed)
{
	static const int errors[] = { ENOSYS, EPERM };

	errno = 0;
	EXPECT_FALSE(cap_sandboxed());
	EXPECT_EQ(1, kernel.calls);
	EXPECT_EQ(NR_GETMODE, kernel.nr);
	kernel.mode = 1;
	EXPECT_TRUE(cap_sandboxed());
	EXPECT_EQ(0, errno);
	/* Whatever a mode of 1 may be that comes with an error. */
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		kernel.error = errors[i];
		errno = EXDEV;
		EXPECT_FALSE(cap_sandboxed());
		EXPECT_EQ(EXDEV, errno);
	}
	EXPECT_EQ(4, kernel.calls);
}

/* The real kernel, which may or may not know Capsicum. */

TEST(a_kernel_without_capsicum_says_ENOSYS)
{
	cap_ioctl_t cmd = TIOCGWINSZ;
	cap_rights_t rights;
	uint32_t fcntls;

	errno = 0;
	if (!syscall(NR_GET, 0, NULL, NULL, NULL, NULL, 0) || errno != ENOSYS)
		SKIP(return, "this kernel has Capsicum, or a filter in front");

	cap_rights_init(&rights, CAP_READ);
	EXPECT_EQ(-1, cap_rights_limit(0, &rights));
	EXPECT_EQ(ENOSYS, errno);
	errno = 0;
	EXPECT_EQ(-1, cap_rights_get(0, &rights));
	EXPECT_EQ(ENOSYS, errno);
	errno = 0;
	EXPECT_EQ(-1, cap_fcntls_limit(0, CAP_FCNTL_GETFL));
	EXPECT_EQ(ENOSYS, errno);
	errno = 0;
	EXPECT_EQ(-1, cap_fcntls_get(0, &fcntls));
	EXPECT_EQ(ENOSYS, errno);
	errno = 0;
	EXPECT_EQ(-1, cap_ioctls_limit(0, &cmd, 1));
	EXPECT_EQ(ENOSYS, errno);
	errno = 0;
	EXPECT_EQ(-1, cap_ioctls_get(0, &cmd, 1));
	EXPECT_EQ(ENOSYS, errno);
}

TEST(a_kernel_without_capability_mode_says_ENOSYS)
{
	unsigned int mode = 42;

	errno = 0;
	if (!syscall(NR_GETMODE, &mode) || errno != ENOSYS)
		SKIP(return, "this kernel has it, or a filter in front");

	errno = 0;
	EXPECT_EQ(-1, cap_getmode(&mode));
	EXPECT_EQ(ENOSYS, errno);
	EXPECT_EQ(42U, mode);
	EXPECT_FALSE(cap_sandboxed());
	errno = 0;
	EXPECT_EQ(-1, cap_enter());
	EXPECT_EQ(ENOSYS, errno);
}

/* And one that has it: every function once, so that "check" covers both. */
TEST(a_kernel_with_capsicum)
{
	static const cap_ioctl_t cmds[] = { TIOCGWINSZ, FIONREAD };
	cap_ioctl_t got[3] = { 0, 0, 0 };
	cap_rights_t rights, held;
	uint32_t fcntls = 0;
	int fd[2];

	if (syscall(NR_GET, 0, NULL, NULL, NULL, NULL, 0) && errno != EBADF)
		SKIP(return, "this kernel has no Capsicum");

	ASSERT_EQ(0, pipe(fd));
	EXPECT_EQ(0, cap_rights_get(fd[0], &held));
	CAP_ALL(&rights);
	EXPECT_EQ(0, memcmp(&rights, &held, sizeof(held)));
	EXPECT_EQ(0, cap_fcntls_get(fd[0], &fcntls));
	EXPECT_EQ(CAP_FCNTL_ALL, fcntls);
	EXPECT_EQ(CAP_IOCTLS_ALL, cap_ioctls_get(fd[0], got, 3));

	cap_rights_init(&rights, CAP_READ, CAP_FCNTL, CAP_IOCTL);
	ASSERT_EQ(0, cap_rights_limit(fd[0], &rights));
	EXPECT_EQ(0, cap_rights_get(fd[0], &held));
	EXPECT_EQ(0, memcmp(&rights, &held, sizeof(held)));
	EXPECT_EQ(0, cap_fcntls_limit(fd[0], CAP_FCNTL_GETFL));
	EXPECT_EQ(0, cap_fcntls_get(fd[0], &fcntls));
	EXPECT_EQ(CAP_FCNTL_GETFL, fcntls);
	EXPECT_EQ(0, cap_ioctls_limit(fd[0], cmds, 2));
	EXPECT_EQ(2, cap_ioctls_get(fd[0], got, 3));
	EXPECT_TRUE((got[0] == cmds[0] && got[1] == cmds[1]) ||
		    (got[0] == cmds[1] && got[1] == cmds[0]));
	/* The others have been kept. */
	EXPECT_EQ(0, cap_rights_get(fd[0], &held));
	EXPECT_EQ(0, memcmp(&rights, &held, sizeof(held)));
	EXPECT_EQ(0, cap_fcntls_get(fd[0], &fcntls));
	EXPECT_EQ(CAP_FCNTL_GETFL, fcntls);

	EXPECT_EQ(-1, cap_fcntls_limit(fd[0], CAP_FCNTL_ALL));
	EXPECT_EQ(ENOTCAPABLE, errno);
	cap_rights_set(&rights, CAP_WRITE);
	EXPECT_EQ(-1, cap_rights_limit(fd[0], &rights));
	EXPECT_EQ(ENOTCAPABLE, errno);

	/* Sub-rights go with their right, and then asking is widening. */
	cap_rights_init(&rights, CAP_READ);
	EXPECT_EQ(0, cap_rights_limit(fd[0], &rights));
	EXPECT_EQ(0, cap_fcntls_get(fd[0], &fcntls));
	EXPECT_EQ(0U, fcntls);
	EXPECT_EQ(0, cap_ioctls_get(fd[0], got, 3));
	EXPECT_EQ(-1, cap_fcntls_limit(fd[0], CAP_FCNTL_GETFL));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(-1, cap_ioctls_limit(fd[0], cmds, 1));
	EXPECT_EQ(ENOTCAPABLE, errno);
	EXPECT_EQ(0, cap_fcntls_limit(fd[0], 0));
	EXPECT_EQ(0, cap_ioctls_limit(fd[0], NULL, 0));
	close(fd[0]);
	close(fd[1]);
	EXPECT_EQ(-1, cap_rights_get(fd[0], &held));
	EXPECT_EQ(EBADF, errno);
}

/* The last, as there is no way back; the harness gives it its own process. */
TEST(a_kernel_with_capability_mode)
{
	unsigned int mode = 42;

	if (syscall(NR_GETMODE, &mode))
		SKIP(return, "this kernel has no capability mode");

	ASSERT_EQ(mode == 1, cap_sandboxed());
	if (!mode) {
		int fd = open("/", O_RDONLY | O_CLOEXEC);

		ASSERT_LE(0, fd);
		close(fd);
	}
	EXPECT_EQ(-1, cap_getmode(NULL));
	EXPECT_EQ(EFAULT, errno);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, cap_enter());
		mode = 42;
		EXPECT_EQ(0, cap_getmode(&mode));
		EXPECT_EQ(1U, mode);
		EXPECT_TRUE(cap_sandboxed());
	}
	EXPECT_EQ(-1, open("/", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(ECAPMODE, errno);
}

TEST_HARNESS_MAIN
