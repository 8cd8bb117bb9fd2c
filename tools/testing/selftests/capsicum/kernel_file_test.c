// SPDX-License-Identifier: GPL-2.0
/*
 * Files that the kernel itself reads and runs, and calls about a whole file
 * system, for which there is no right.
 */
#include "ops.h"

#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd	(CAP_NR_BASE + 443)
#endif

FIXTURE(kernel_file)
{
	int file;	/* long enough, and neither module nor kernel */
};

FIXTURE_SETUP(kernel_file)
{
	char name[32];
	int file;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root loads code");
	file = tmp_file(NULL, 4096);
	ASSERT_LE(0, file);
	/* What is read to be run must not be open for writing: ETXTBSY. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	self->file = open(name, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->file);
	close(file);
	ops_watch(self->file);
}

FIXTURE_TEARDOWN(kernel_file)
{
}

TEST_F(kernel_file, module)
{
	if (RET(syscall(__NR_finit_module, -1, "", 0)) != -EBADF)
		SKIP(return, "no modules");
	OP_NEEDS(self->file, CAP_PREAD | CAP_FEXECVE, 0, -ENOEXEC,
		 syscall(__NR_finit_module, cap, "", 0));
}

#ifdef __NR_kexec_file_load
TEST_F(kernel_file, kexec)
{
	const unsigned long no_initrd = 4;	/* KEXEC_FILE_NO_INITRAMFS */

	if (RET(syscall(__NR_kexec_file_load, -1, -1, 0UL, NULL, no_initrd)) !=
	    -EBADF)
		SKIP(return, "no kexec_file_load()");
	OP_NEEDS(self->file, CAP_PREAD | CAP_FEXECVE, 0, -ENOEXEC,
		 syscall(__NR_kexec_file_load, cap, -1, 0UL, NULL, no_initrd));
}
#endif

TEST_F(kernel_file, quota)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_LE(0, dir);
	if (RET(syscall(__NR_quotactl_fd, -1, 0x80000700, 0, NULL)) != -EBADF)
		SKIP(return, "no quotactl_fd()");
	EXPECT_EQ(-ENOTCAPABLE, RET(syscall(__NR_quotactl_fd, limit_all(dir),
					    0x80000700, 0, NULL)));
	EXPECT_NE(-ENOTCAPABLE, RET(syscall(__NR_quotactl_fd, dir, 0x80000700,
					    0, NULL)));
}

TEST_HARNESS_MAIN
