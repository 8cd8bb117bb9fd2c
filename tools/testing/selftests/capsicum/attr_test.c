// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for attributes: mode, owner, times, size, allocation, write-back and
 * extended attributes, on a memory file system, a disk and a memfd.
 */
#include "ops.h"

#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/xattr.h>

#define TEXT	"0123456789abcdef"

#ifndef __NR_fchmodat2
#define __NR_fchmodat2	(CAP_NR_BASE + 452)
#endif
#ifndef XATTR_NAME_POSIX_ACL_ACCESS
#define XATTR_NAME_POSIX_ACL_ACCESS	"system.posix_acl_access"
#endif

FIXTURE(attr)
{
	int fd;
	struct stat st;
};

enum place { TMP, DISK, MEMFD };

FIXTURE_VARIANT(attr)
{
	enum place place;
};

FIXTURE_VARIANT_ADD(attr, tmp)
{
	.place = TMP,
};

FIXTURE_VARIANT_ADD(attr, disk)
{
	.place = DISK,
};

FIXTURE_VARIANT_ADD(attr, memfd)
{
	.place = MEMFD,
};

FIXTURE_SETUP(attr)
{
	struct statfs fs;

	REQUIRE_CAPSICUM();
	switch (variant->place) {
	case TMP:
		self->fd = ops_file_in(ops_tmp());
		break;
	case DISK:
		if (!statfs("/scratch", &fs) &&
		    fs.f_type == EXT4_SUPER_MAGIC)
			self->fd = ops_file_in("/scratch");
		else
			self->fd = ops_file_in(".");
		break;
	case MEMFD:
		self->fd = memfd_create("capsicum", MFD_CLOEXEC);
		break;
	}
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(16, pwrite(self->fd, TEXT, 16, 0));
	ASSERT_EQ(0, fchmod(self->fd, 0600));
	ASSERT_EQ(0, fstat(self->fd, &self->st));
	ops_watch(self->fd);
}

FIXTURE_TEARDOWN(attr)
{
	close(self->fd);
}

TEST_F(attr, fchmod)
{
	OP_NEEDS(self->fd, CAP_FCHMOD, 0, 0, fchmod(cap, 0640));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(0640, self->st.st_mode & 07777);
}

TEST_F(attr, fchmodat2)
{
	if (syscall(__NR_fchmodat2, self->fd, "", 0600, AT_EMPTY_PATH) &&
	    errno == ENOSYS)
		SKIP(return, "no fchmodat2");
	OP_NEEDS(self->fd, CAP_FCHMOD, 0, 0,
		 syscall(__NR_fchmodat2, cap, "", 0604, AT_EMPTY_PATH));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(0604, self->st.st_mode & 07777);
}

TEST_F(attr, fchown)
{
	const uid_t uid = self->st.st_uid;
	const gid_t gid = self->st.st_gid;

	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0, fchown(cap, uid, gid));
	/* With 16-bit ids a kernel may have been built without it. */
	if (!syscall(SYS_fchown, self->fd, uid, gid)) {
		OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0,
			 syscall(SYS_fchown, cap, uid, gid));
	}
#ifdef SYS_fchown32
	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0,
		 syscall(SYS_fchown32, cap, uid, gid));
#endif
	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0,
		 fchownat(cap, "", uid, gid, AT_EMPTY_PATH));
	if (geteuid())
		return;
	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0, fchown(cap, 123, 456));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(123, self->st.st_uid);
	EXPECT_EQ(456, self->st.st_gid);
	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0,
		 fchownat(cap, "", 321, 654, AT_EMPTY_PATH));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(321, self->st.st_uid);
	EXPECT_EQ(654, self->st.st_gid);
}

TEST_F(attr, futimens)
{
	const struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };

	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0, futimens(cap, ts));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(1000, self->st.st_atime);
	EXPECT_EQ(2000, self->st.st_mtime);
	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0, futimens(cap, NULL));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_LT(2000, self->st.st_mtime);
}

TEST_F(attr, utimensat_empty_path)
{
	const struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };

	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0,
		 utimensat(cap, "", ts, AT_EMPTY_PATH));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(2000, self->st.st_mtime);
}

TEST_F(attr, futimesat)
{
#ifdef SYS_futimesat
	/* Of longs: what the kernel's old interface takes. */
	const long tv[4] = { 1000, 0, 2000, 0 };

	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0,
		 syscall(SYS_futimesat, cap, NULL, tv));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(1000, self->st.st_atime);
	EXPECT_EQ(2000, self->st.st_mtime);
#else
	SKIP(return, "no futimesat");
#endif
}

/* The system calls of both word sizes of time. */
TEST_F(attr, utimensat_by_number)
{
#ifdef SYS_utimensat
	const long ts[4] = { 1000, 0, 2000, 0 };

	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0,
		 syscall(SYS_utimensat, cap, NULL, ts, 0));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(2000, self->st.st_mtime);
#else
	SKIP(return, "no utimensat");
#endif
}

TEST_F(attr, utimensat_time64_by_number)
{
#ifdef SYS_utimensat_time64
	const long long ts[4] = { 3000, 0, 4000, 0 };

	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0,
		 syscall(SYS_utimensat_time64, cap, NULL, ts, 0));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(4000, self->st.st_mtime);
#else
	SKIP(return, "no utimensat_time64");
#endif
}

TEST_F(attr, ftruncate)
{
	OP_NEEDS(self->fd, CAP_FTRUNCATE, 0, 0, ftruncate(cap, 4));
	EXPECT_TRUE(ops_holds(self->fd, "0123"));
	OP_NEEDS(self->fd, CAP_FTRUNCATE, 0, 0,
		 syscall(SYS_ftruncate, cap, 2L));
	EXPECT_TRUE(ops_holds(self->fd, "01"));
#ifdef SYS_ftruncate64
	OP_NEEDS(self->fd, CAP_FTRUNCATE, 0, 0,
		 syscall(SYS_ftruncate64, cap, 1L, 0L));
	EXPECT_TRUE(ops_holds(self->fd, "0"));
#endif
	OP_NEEDS(self->fd, CAP_FTRUNCATE, 0, 0, ftruncate(cap, 8192));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(8192, self->st.st_size);
}

TEST_F(attr, fallocate)
{
	if (fallocate(self->fd, FALLOC_FL_KEEP_SIZE, 0, 4096) &&
	    errno == EOPNOTSUPP)
		SKIP(return, "no fallocate on this file system");
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 0, fallocate(cap, 0, 0, 64));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(64, self->st.st_size);
	OP_NEEDS(self->fd, CAP_PWRITE, 0, 0,
		 fallocate(cap, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			   64));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
}

/* A multiple of the blocks that there are. */
#define RANGE	65536

/* What takes a part out of the middle makes the file shorter, too. */
TEST_F(attr, fallocate_ranges)
{
	static char a[RANGE], b[RANGE], got[RANGE];
	struct statfs fs;
	int want = -EOPNOTSUPP;

	ASSERT_EQ(0, fstatfs(self->fd, &fs));
	if (fs.f_type == EXT4_SUPER_MAGIC)
		want = 0;
	else if (variant->place == DISK)
		SKIP(return, "the disk has no ext4");
	memset(a, 'a', RANGE);
	memset(b, 'b', RANGE);
	ASSERT_EQ(RANGE, pwrite(self->fd, a, RANGE, 0));
	ASSERT_EQ(RANGE, pwrite(self->fd, b, RANGE, RANGE));

	OP_NEEDS(self->fd, CAP_PWRITE, 0, want,
		 fallocate(cap, FALLOC_FL_INSERT_RANGE, RANGE, RANGE));
	OP_NEEDS(self->fd, CAP_PWRITE, 0, want,
		 fallocate(cap, FALLOC_FL_ZERO_RANGE, RANGE, RANGE));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(want ? 2 * RANGE : 3 * RANGE, self->st.st_size);
	OP_NEEDS(self->fd, CAP_PWRITE | CAP_FTRUNCATE, 0, want,
		 fallocate(cap, FALLOC_FL_COLLAPSE_RANGE, 0, RANGE));
	OP_NEEDS(self->fd, CAP_PWRITE | CAP_FTRUNCATE, 0, want,
		 fallocate(cap, FALLOC_FL_COLLAPSE_RANGE, 0, RANGE));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(want ? 2 * RANGE : RANGE, self->st.st_size);
	EXPECT_EQ(RANGE, pread(self->fd, got, RANGE, want ? RANGE : 0));
	EXPECT_EQ(0, memcmp(got, b, RANGE));
}

TEST_F(attr, fsync)
{
	OP_NEEDS(self->fd, CAP_FSYNC, 0, 0, fsync(cap));
	OP_NEEDS(self->fd, CAP_FSYNC, 0, 0, fdatasync(cap));
	OP_NEEDS(self->fd, CAP_FSYNC, 0, 0, syncfs(cap));
}

TEST_F(attr, sync_file_range)
{
	OP_NEEDS(self->fd, CAP_FSYNC | CAP_SEEK, 0, 0,
		 sync_file_range(cap, 0, 16, SYNC_FILE_RANGE_WRITE));
}

/* The name that this file system takes, or NULL. */
static const char *xattr_name(int fd)
{
	static const char * const names[] = {
		"user.capsicum", "trusted.capsicum",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!fsetxattr(fd, names[i], "old", 3, 0))
			return names[i];
	}
	return NULL;
}

TEST_F(attr, xattr)
{
	const char *name = xattr_name(self->fd);
	char buf[256] = "";
	int len;

	if (!name)
		SKIP(return, "no extended attributes on this file system");
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_GET, 3,
		 fgetxattr(cap, name, buf, sizeof(buf)));
	EXPECT_STREQ("old", buf);
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_GET, 3, fgetxattr(cap, name, NULL, 0));
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_SET, 0,
		 fsetxattr(cap, name, "newer", 5, 0));
	EXPECT_EQ(5, fgetxattr(self->fd, name, buf, sizeof(buf)));
	EXPECT_STREQ("newer", buf);
	/* Who may not set one is not told what is wrong with the value. */
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_SET, -EFAULT,
		 fsetxattr(cap, name, (void *)-1L, 5, 0));
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_SET, -E2BIG,
		 fsetxattr(cap, name, (void *)-1L, XATTR_SIZE_MAX + 1, 0));
	len = flistxattr(self->fd, NULL, 0);
	EXPECT_LT(0, len);
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_LIST, len,
		 flistxattr(cap, buf, sizeof(buf)));
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_DELETE, 0, fremovexattr(cap, name));
	EXPECT_EQ(-1, fgetxattr(self->fd, name, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
}

struct acl {
	uint32_t version;
	struct {
		uint16_t tag;
		uint16_t perm;
		uint32_t id;
	} entry[5];
};

/* rw for the owner and user 77, nothing for group and others. */
static const struct acl acl = {
	.version = 2,
	.entry = {
		{ 0x01, 6, ~0U },	/* ACL_USER_OBJ */
		{ 0x02, 6, 77 },	/* ACL_USER */
		{ 0x04, 0, ~0U },	/* ACL_GROUP_OBJ */
		{ 0x10, 6, ~0U },	/* ACL_MASK */
		{ 0x20, 0, ~0U },	/* ACL_OTHER */
	},
};

TEST_F(attr, acl)
{
	const char * const name = XATTR_NAME_POSIX_ACL_ACCESS;
	struct acl got = {};

	if (fsetxattr(self->fd, name, &acl, sizeof(acl), 0) &&
	    (errno == EOPNOTSUPP || errno == EINVAL))
		SKIP(return, "no POSIX ACLs on this file system");
	ASSERT_EQ(0, fremovexattr(self->fd, name));

	OP_NEEDS(self->fd, 0, CAP_ACL_SET, 0,
		 fsetxattr(cap, name, &acl, sizeof(acl), 0));
	OP_NEEDS(self->fd, 0, CAP_ACL_GET, sizeof(got),
		 fgetxattr(cap, name, &got, sizeof(got)));
	EXPECT_EQ(0, memcmp(&acl, &got, sizeof(acl)));
	OP_NEEDS(self->fd, 0, CAP_ACL_DELETE, 0, fremovexattr(cap, name));
	EXPECT_EQ(-1, fgetxattr(self->fd, name, &got, sizeof(got)));
	EXPECT_EQ(ENODATA, errno);
}

/* Directories have a second ACL; its name is governed by the same rights. */
TEST(default_acl)
{
	static const char name[] = "system.posix_acl_default";
	char dir[256];
	struct acl got;
	int fd;

	REQUIRE_CAPSICUM();
	snprintf(dir, sizeof(dir), "%s/capsicum.XXXXXX", ops_tmp());
	ASSERT_TRUE(!!mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rmdir(dir);
	ASSERT_LE(0, fd);
	if (fsetxattr(fd, name, &acl, sizeof(acl), 0))
		SKIP(return, "no POSIX ACLs on %s", ops_tmp());
	ops_watch(fd);
	OP_NEEDS(fd, 0, CAP_ACL_GET, sizeof(got),
		 fgetxattr(cap, name, &got, sizeof(got)));
	OP_NEEDS(fd, 0, CAP_ACL_SET, 0,
		 fsetxattr(cap, name, &acl, sizeof(acl), 0));
	OP_NEEDS(fd, 0, CAP_ACL_DELETE, 0, fremovexattr(cap, name));
	close(fd);
}

/* XFS has its own names for them, and others have lists of their own. */
TEST_F(attr, acl_by_other_names)
{
	static const char * const names[] = {
		"trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT",
		"system.nfs4_acl", "system.nfs4_dacl", "system.cifs_acl",
		"system.cifs_ntsd", "system.smb3_ntsd_full",
		"system.ntfs_security", "afs.acl", "afs.yfs.acl",
	};
	char buf[8];
	size_t i;
	int want;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		/* No file system of ours takes them for what they are. */
		want = RET(fsetxattr(self->fd, names[i], "x", 1, 0));
		OP_NEEDS(self->fd, 0, CAP_ACL_SET, want,
			 fsetxattr(cap, names[i], "x", 1, 0));
		want = RET(fgetxattr(self->fd, names[i], buf, sizeof(buf)));
		OP_NEEDS(self->fd, 0, CAP_ACL_GET, want,
			 fgetxattr(cap, names[i], buf, sizeof(buf)));
		fremovexattr(self->fd, names[i]);
		want = RET(fremovexattr(self->fd, names[i]));
		OP_NEEDS(self->fd, 0, CAP_ACL_DELETE, want,
			 fremovexattr(cap, names[i]));
	}
}

/* By some, file systems let be set what there are other calls and rights for. */
TEST_F(attr, attributes_by_xattr)
{
	static const struct {
		const char *name;
		uint64_t right;
	} names[] = {
		{ "btrfs.compression", CAP_FCHFLAGS },
		{ "system.advise", CAP_FCHFLAGS },
		{ "system.dos_attrib", CAP_FCHMOD },
		{ "system.ntfs_attrib", CAP_FCHMOD },
		{ "system.ntfs_attrib_be", CAP_FCHMOD },
		{ "user.cifs.dosattrib", CAP_FCHMOD },
		{ "user.smb3.dosattrib", CAP_FCHMOD },
		{ "user.cifs.creationtime", CAP_FUTIMES },
		{ "user.smb3.creationtime", CAP_FUTIMES },
		{ "$LXMOD", CAP_FCHMOD | CAP_FCHOWN },
		{ "$LXUID", CAP_FCHMOD | CAP_FCHOWN },
	};
	char buf[8];
	size_t i;
	int want;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		/* Here they are names as any other, or none. */
		want = RET(fsetxattr(self->fd, names[i].name, "x", 1, 0));
		OP_NEEDS(self->fd, names[i].right, CAP_EXTATTR_SET, want,
			 fsetxattr(cap, names[i].name, "x", 1, 0));
		want = RET(fgetxattr(self->fd, names[i].name, buf,
				     sizeof(buf)));
		OP_NEEDS(self->fd, 0, CAP_EXTATTR_GET, want,
			 fgetxattr(cap, names[i].name, buf, sizeof(buf)));
		fremovexattr(self->fd, names[i].name);
		want = RET(fremovexattr(self->fd, names[i].name));
		OP_NEEDS(self->fd, names[i].right, CAP_EXTATTR_DELETE, want,
			 fremovexattr(cap, names[i].name));
	}
}

static bool compressed(int fd)
{
	int flags = 0;

	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	return flags & FS_COMPR_FL;
}

/* Where that is one of a kind: the flag is changed with both rights alone. */
TEST(flags_by_xattr)
{
	static const char name[] = "btrfs.compression";
	struct statfs fs;
	int fd;

	REQUIRE_CAPSICUM();
	if (statfs("/btrfs", &fs) || fs.f_type != BTRFS_SUPER_MAGIC)
		SKIP(return, "no btrfs at /btrfs");
	fd = ops_file_in("/btrfs");
	ASSERT_LE(0, fd);
	EXPECT_FALSE(compressed(fd));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(fsetxattr(limit_to(fd, CAP_EXTATTR_SET), name, "zlib", 4,
				0)));
	EXPECT_FALSE(compressed(fd));
	OP_NEEDS(fd, CAP_FCHFLAGS, CAP_EXTATTR_SET, 0,
		 fsetxattr(cap, name, "zlib", 4, 0));
	EXPECT_TRUE(compressed(fd));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(fremovexattr(limit_to(fd, CAP_EXTATTR_DELETE), name)));
	EXPECT_TRUE(compressed(fd));
	EXPECT_EQ(0, RET(fremovexattr(limit_to(fd, CAP_EXTATTR_DELETE,
					       CAP_FCHFLAGS), name)));
	EXPECT_FALSE(compressed(fd));
	close(fd);
}

/* The name decides which right it takes, also when the name is not known. */
TEST_F(attr, xattr_unknown_name)
{
	static const char name[] = "nosuchspace.name";
	char buf[8];

	OP_NEEDS(self->fd, 0, CAP_EXTATTR_GET, -EOPNOTSUPP,
		 fgetxattr(cap, name, buf, sizeof(buf)));
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_SET, -EOPNOTSUPP,
		 fsetxattr(cap, name, buf, sizeof(buf), 0));
	OP_NEEDS(self->fd, 0, CAP_EXTATTR_DELETE, -EOPNOTSUPP,
		 fremovexattr(cap, name));
}

static const char *proc_path(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/*
 * The link in /proc stands for the capability: what is done by that name needs
 * what it needs by descriptor.
 */
TEST_F(attr, by_proc_link)
{
	const struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	const uid_t uid = self->st.st_uid;
	const gid_t gid = self->st.st_gid;

	if (access(proc_path(self->fd), F_OK))
		SKIP(return, "no /proc");
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0, stat(proc_path(cap), &self->st));
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0, access(proc_path(cap), R_OK));
	OP_NEEDS(self->fd, CAP_FCHMOD, 0, 0, chmod(proc_path(cap), 0606));
	OP_NEEDS(self->fd, CAP_FCHOWN, 0, 0, chown(proc_path(cap), uid, gid));
	OP_NEEDS(self->fd, CAP_FUTIMES, 0, 0,
		 utimensat(AT_FDCWD, proc_path(cap), ts, 0));
	EXPECT_EQ(0, fstat(self->fd, &self->st));
	EXPECT_EQ(0606, self->st.st_mode & 07777);
	EXPECT_EQ(2000, self->st.st_mtime);
}

/* What changes a file by name does not do so behind a capability's back. */
TEST_F(attr, by_proc_link_without_right)
{
	const char *name = xattr_name(self->fd);
	struct ops_state before, after;
	char buf[8];
	int cap;

	if (access(proc_path(self->fd), F_OK))
		SKIP(return, "no /proc");
	cap = ops_cap(self->fd, CAP_PREAD, 0);
	ASSERT_LE(0, cap);
	ops_look(self->fd, &before);
	EXPECT_EQ(-1, truncate(proc_path(cap), 0));
	EXPECT_EQ(ENOTCAPABLE, errno);
	if (name) {
		EXPECT_EQ(-1, setxattr(proc_path(cap), name, "x", 1, 0));
		EXPECT_EQ(ENOTCAPABLE, errno);
		EXPECT_EQ(-1, getxattr(proc_path(cap), name, buf, sizeof(buf)));
		EXPECT_EQ(ENOTCAPABLE, errno);
		EXPECT_EQ(-1, listxattr(proc_path(cap), NULL, 0));
		EXPECT_EQ(ENOTCAPABLE, errno);
		EXPECT_EQ(-1, removexattr(proc_path(cap), name));
		EXPECT_EQ(ENOTCAPABLE, errno);
	}
	ops_look(self->fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
	close(cap);
}

TEST_HARNESS_MAIN
