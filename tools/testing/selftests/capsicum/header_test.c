// SPDX-License-Identifier: GPL-2.0
/*
 * The headers: they go together with those of POSIX capabilities, and have the
 * values that FreeBSD has.
 */
#include "common.h"

#include <linux/capability.h>
#include <linux/capsicum.h>
#if __has_include("sys/capability.h")
#include <sys/capability.h>
#define HAVE_SYS_CAPABILITY	1
#endif
#include <sys/capsicum.h>

struct value {
	const char *name;
	uint64_t is;
	uint64_t want;
};

#define W0	0x0200000000000000ULL
#define W1	0x0400000000000000ULL
#define V(name, want)	{ #name, name, want }

/* As in FreeBSD 15's <sys/capsicum.h>; the tests of the library have the rest. */
static const struct value values[] = {
	V(CAP_READ, W0 | 0x1),
	V(CAP_WRITE, W0 | 0x2),
	V(CAP_SEEK_TELL, W0 | 0x4),
	V(CAP_SEEK, W0 | 0xc),
	V(CAP_PREAD, W0 | 0xd),
	V(CAP_PWRITE, W0 | 0xe),
	V(CAP_MMAP, W0 | 0x10),
	V(CAP_MMAP_R, W0 | 0x1d),
	V(CAP_MMAP_W, W0 | 0x1e),
	V(CAP_MMAP_X, W0 | 0x3c),
	V(CAP_MMAP_RW, W0 | 0x1f),
	V(CAP_MMAP_RX, W0 | 0x3d),
	V(CAP_MMAP_WX, W0 | 0x3e),
	V(CAP_MMAP_RWX, W0 | 0x3f),
	V(CAP_CREATE, W0 | 0x40),
	V(CAP_FEXECVE, W0 | 0x80),
	V(CAP_FSYNC, W0 | 0x100),
	V(CAP_FTRUNCATE, W0 | 0x200),
	V(CAP_LOOKUP, W0 | 0x400),
	V(CAP_FCHDIR, W0 | 0x800),
	V(CAP_FCHFLAGS, W0 | 0x1000),
	V(CAP_CHFLAGSAT, W0 | 0x1400),
	V(CAP_FCHMOD, W0 | 0x2000),
	V(CAP_FCHMODAT, W0 | 0x2400),
	V(CAP_FCHOWN, W0 | 0x4000),
	V(CAP_FCHOWNAT, W0 | 0x4400),
	V(CAP_FCNTL, W0 | 0x8000),
	V(CAP_FLOCK, W0 | 0x10000),
	V(CAP_FPATHCONF, W0 | 0x20000),
	V(CAP_FSCK, W0 | 0x40000),
	V(CAP_FSTAT, W0 | 0x80000),
	V(CAP_FSTATAT, W0 | 0x80400),
	V(CAP_FSTATFS, W0 | 0x100000),
	V(CAP_FUTIMES, W0 | 0x200000),
	V(CAP_FUTIMESAT, W0 | 0x200400),
	V(CAP_LINKAT_TARGET, W0 | 0x400400),
	V(CAP_MKDIRAT, W0 | 0x800400),
	V(CAP_MKFIFOAT, W0 | 0x1000400),
	V(CAP_MKNODAT, W0 | 0x2000400),
	V(CAP_RENAMEAT_SOURCE, W0 | 0x4000400),
	V(CAP_SYMLINKAT, W0 | 0x8000400),
	V(CAP_UNLINKAT, W0 | 0x10000400),
	V(CAP_ACCEPT, W0 | 0x20000000),
	V(CAP_BIND, W0 | 0x40000000),
	V(CAP_CONNECT, W0 | 0x80000000),
	V(CAP_GETPEERNAME, W0 | 0x100000000ULL),
	V(CAP_GETSOCKNAME, W0 | 0x200000000ULL),
	V(CAP_GETSOCKOPT, W0 | 0x400000000ULL),
	V(CAP_LISTEN, W0 | 0x800000000ULL),
	V(CAP_PEELOFF, W0 | 0x1000000000ULL),
	V(CAP_SETSOCKOPT, W0 | 0x2000000000ULL),
	V(CAP_SHUTDOWN, W0 | 0x4000000000ULL),
	V(CAP_BINDAT, W0 | 0x8000000400ULL),
	V(CAP_CONNECTAT, W0 | 0x10000000400ULL),
	V(CAP_LINKAT_SOURCE, W0 | 0x20000000400ULL),
	V(CAP_RENAMEAT_TARGET, W0 | 0x40000000400ULL),
	V(CAP_RECV, W0 | 0x1),
	V(CAP_SEND, W0 | 0x2),
	V(CAP_ALL0, W0 | 0x7ffffffffffULL),
	V(CAP_MAC_GET, W1 | 0x1),
	V(CAP_MAC_SET, W1 | 0x2),
	V(CAP_SEM_GETVALUE, W1 | 0x4),
	V(CAP_SEM_POST, W1 | 0x8),
	V(CAP_SEM_WAIT, W1 | 0x10),
	V(CAP_EVENT, W1 | 0x20),
	V(CAP_KQUEUE_EVENT, W1 | 0x40),
	V(CAP_IOCTL, W1 | 0x80),
	V(CAP_TTYHOOK, W1 | 0x100),
	V(CAP_PDGETPID, W1 | 0x200),
	V(CAP_PDWAIT, W1 | 0x400),
	V(CAP_PDKILL, W1 | 0x800),
	V(CAP_EXTATTR_DELETE, W1 | 0x1000),
	V(CAP_EXTATTR_GET, W1 | 0x2000),
	V(CAP_EXTATTR_LIST, W1 | 0x4000),
	V(CAP_EXTATTR_SET, W1 | 0x8000),
	V(CAP_ACL_CHECK, W1 | 0x10000),
	V(CAP_ACL_DELETE, W1 | 0x20000),
	V(CAP_ACL_GET, W1 | 0x40000),
	V(CAP_ACL_SET, W1 | 0x80000),
	V(CAP_KQUEUE_CHANGE, W1 | 0x100000),
	V(CAP_KQUEUE, W1 | 0x100040),
	V(CAP_INOTIFY_ADD, W1 | 0x200000),
	V(CAP_INOTIFY_RM, W1 | 0x400000),
	V(CAP_NOTIFY, W1 | 0x600000),
	/* Linux's own. */
	V(CAP_FSIGNAL, W1 | 0x100000000000000ULL),
	V(CAP_EPOLL_CTL, W1 | 0x80000000000000ULL),
	V(CAP_SETNS, W1 | 0x40000000000000ULL),
	V(CAP_IO_URING, W1 | 0x20000000000000ULL),
	V(CAP_PDGETFD, W1 | 0x10000000000000ULL),
	V(CAP_PDMADVISE, W1 | 0x8000000000000ULL),
	V(CAP_PDMRELEASE, W1 | 0x4000000000000ULL),
	V(CAP_BPF_OBJECT, W1 | 0x2000000000000ULL),
	V(CAP_PERF_EVENT, W1 | 0x1000000000000ULL),
	/* Sub-rights: 1 << command. */
	V(CAP_FCNTL_GETFL, 1 << 3),
	V(CAP_FCNTL_SETFL, 1 << 4),
	V(CAP_IOCTLS_LIMIT_MAX, 256),
};

TEST(right_values)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(values[i].want, values[i].is) {
			TH_LOG("%s", values[i].name);
		}
	}
}

/* Each right is in the set of all rights, and in one word only. */
TEST(all_rights)
{
	const struct cap_rights all = CAP_RIGHTS_ALL_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		uint64_t word = values[i].is >> CAP_RIGHT_BITS;

		if (!word)
			continue;
		EXPECT_TRUE(word == 1 || word == 2) {
			TH_LOG("%s", values[i].name);
		}
		EXPECT_EQ(values[i].is,
			  values[i].is & all.cr_rights[word - 1]) {
			TH_LOG("%s", values[i].name);
		}
	}
}

/* POSIX capabilities keep their names and numbers beside ours. */
TEST(posix_capabilities)
{
	EXPECT_EQ(0, CAP_CHOWN);
	EXPECT_EQ(21, CAP_SYS_ADMIN);
	EXPECT_EQ(38, CAP_PERFMON);
	EXPECT_EQ(39, CAP_BPF);
	EXPECT_EQ(40, CAP_CHECKPOINT_RESTORE);
#ifdef HAVE_SYS_CAPABILITY
	EXPECT_EQ(CAP_EFFECTIVE, 0);
	EXPECT_EQ(sizeof(cap_value_t), sizeof(int));
#else
	TH_LOG("no <sys/capability.h> to include (libcap-dev)");
#endif
}

TEST(errors)
{
	EXPECT_NE(ECAPMODE, ENOTCAPABLE);
	/* Where the highest ones before them are those of asm-generic. */
#if EHWPOISON == 133
	EXPECT_EQ(134, ECAPMODE);
	EXPECT_EQ(135, ENOTCAPABLE);
#endif
}

/* The structure is the same for programs of every word size. */
TEST(layout)
{
	EXPECT_EQ(16, sizeof(struct cap_rights));
	EXPECT_EQ(0, CAP_RIGHTS_VERSION);
}

TEST_HARNESS_MAIN
