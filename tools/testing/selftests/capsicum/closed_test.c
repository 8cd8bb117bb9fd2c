// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody has given rights to yet fails closed. A look-up that is not
 * annotated sees no file: EBADF, whatever the capability holds. A path look-up
 * that begins at a capability has no rights to go on with: ENOTCAPABLE.
 */
#include "common.h"

#include <linux/mount.h>
#include <sys/prctl.h>

#ifndef __NR_mount_setattr
#define __NR_mount_setattr	(CAP_NR_BASE + 442)
#endif
#ifndef __NR_statmount
#define __NR_statmount		(CAP_NR_BASE + 457)
#define __NR_listmount		(CAP_NR_BASE + 458)
#endif

FIXTURE(closed)
{
	int file;
};

FIXTURE_VARIANT(closed)
{
	uint64_t without;	/* the right it lacks, if any */
};

FIXTURE_VARIANT_ADD(closed, all_rights) { };
FIXTURE_VARIANT_ADD(closed, all_but_event) { .without = CAP_EVENT };
FIXTURE_VARIANT_ADD(closed, all_but_read) { .without = CAP_READ };

FIXTURE_SETUP(closed)
{
	REQUIRE_CAPSICUM();
	self->file = tmp_file(NULL, 64);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(closed)
{
	close(self->file);
}

/* A capability of @fd as the variant wants it. */
#define CAP_OF(fd) \
({ \
	int __cap = variant->without ? limit_all_but(fd, variant->without) : \
				       limit_all(fd); \
	ASSERT_LE(0, __cap); \
	__cap; \
})

#define EBADF_OF(call)	EXPECT_EQ(-EBADF, RET(call))
#define NO_NAME(call)	EXPECT_EQ(-ENOTCAPABLE, RET(call))

/*
 * Names below a capability, looked up for what has no right; what has one is
 * in path_rights_test.
 */
TEST_F(closed, names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	int cap;

	ASSERT_LE(0, dir);
	cap = CAP_OF(dir);
	NO_NAME(syscall(__NR_open_tree, cap, ".", 0));
	NO_NAME(syscall(__NR_open_tree, cap, ".", OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, cap, ".", 0));
	NO_NAME(syscall(__NR_move_mount, cap, ".", dir, ".", 0));
	NO_NAME(syscall(__NR_mount_setattr, cap, ".", 0, &attr, sizeof(attr)));
	/* What is absolute does not begin there, and is refused all the same. */
	NO_NAME(syscall(__NR_open_tree, cap, "/", 0));
	NO_NAME(openat(cap, "/", O_RDONLY | O_DIRECTORY));
}

/* The file itself, by an empty name, where that has no right yet. */
TEST_F(closed, empty_names)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file_handle *handle;
	char name[40];
	int file, where, mnt;

	ASSERT_LE(0, dir);
	file = CAP_OF(self->file);
	where = CAP_OF(dir);
	snprintf(name, sizeof(name), "capsicum-link-%d", getpid());
	NO_NAME(linkat(limit_all_but(self->file, CAP_LINKAT_SOURCE), "", dir,
		       name, AT_EMPTY_PATH));
	NO_NAME(syscall(__NR_open_tree, where, "",
			AT_EMPTY_PATH | OPEN_TREE_CLONE));
	NO_NAME(syscall(__NR_fspick, where, "", FSPICK_EMPTY_PATH));
	NO_NAME(syscall(__NR_move_mount, where, "", dir, name,
			MOVE_MOUNT_F_EMPTY_PATH));
	{
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };

		NO_NAME(syscall(__NR_mount_setattr, where, "", AT_EMPTY_PATH,
				&attr, sizeof(attr)));
	}
	handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	ASSERT_TRUE(!!handle);
	handle->handle_bytes = MAX_HANDLE_SZ;
	file = limit_all_but(self->file, CAP_FSTAT);
	ASSERT_LE(0, file);
	NO_NAME(name_to_handle_at(file, "", handle, &mnt, AT_EMPTY_PATH));
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, tmp_dir(), handle, &mnt, 0) == 0)
		EBADF_OF(open_by_handle_at(where, handle, O_RDONLY));
}

#define FSCONFIG(fs, cmd, key, value, aux) \
	syscall(__NR_fsconfig, fs, cmd, key, value, aux)
#define FSMOUNT(fs)	syscall(__NR_fsmount, fs, FSMOUNT_CLOEXEC, 0)

/* A file system that is to be mounted, from its options to the mount. */
TEST_F(closed, new_mount)
{
	int fs = RET(syscall(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC));
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int cap, mnt, ns;

	if (fs == -EPERM)
		SKIP(return, "only root mounts");
	ASSERT_LE(0, fs);
	cap = CAP_OF(fs);
	EBADF_OF(FSCONFIG(cap, FSCONFIG_SET_STRING, "source", "one", 0));
	/* There can be one source only. */
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_STRING, "source", "two", 0)));
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_STRING, "source",
					"three", 0)));
	/* tmpfs has no option that is a file. */
	EBADF_OF(FSCONFIG(fs, FSCONFIG_SET_FD, "file", NULL,
			  CAP_OF(self->file)));
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_FD, "file", NULL,
					self->file)));

	EBADF_OF(FSCONFIG(cap, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	EXPECT_EQ(-EINVAL, RET(FSMOUNT(fs)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)));
	EBADF_OF(FSMOUNT(cap));
	/* It can be mounted once only. */
	mnt = RET(FSMOUNT(fs));
	ASSERT_LE(0, mnt);
	EXPECT_EQ(-EBUSY, RET(FSMOUNT(fs)));

	/* Whose users are its owners? Not those of one's own. */
	ns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		SKIP(return, "no user namespaces");
	attr.userns_fd = CAP_OF(ns);
	EBADF_OF(syscall(__NR_mount_setattr, mnt, "", AT_EMPTY_PATH, &attr,
			 sizeof(attr)));
	attr.userns_fd = ns;
	EXPECT_EQ(-EPERM, RET(syscall(__NR_mount_setattr, mnt, "",
				      AT_EMPTY_PATH, &attr, sizeof(attr))));
}

/* An option that is a path, from a directory or from itself. */
TEST_F(closed, option_of_a_mount)
{
	int fs = RET(syscall(__NR_fsopen, "ext4", FSOPEN_CLOEXEC));
	int dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int loop = open("/dev/loop0", O_PATH | O_CLOEXEC);

	if (fs == -EPERM || fs == -ENODEV || loop < 0)
		SKIP(return, "only root mounts, or no ext4, or no loop device");
	ASSERT_LE(0, fs);
	ASSERT_LE(0, dir);
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path", "loop0",
			       CAP_OF(dir))));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(FSCONFIG(fs, FSCONFIG_SET_PATH_EMPTY, "journal_path", "",
			       CAP_OF(loop))));
	/* As ever, when ext4 does not find a block device. */
	EXPECT_EQ(-EINVAL, RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path",
					"null", dir)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_PATH, "journal_path",
				  "loop0", dir)));
	EXPECT_EQ(0, RET(FSCONFIG(fs, FSCONFIG_SET_PATH_EMPTY, "journal_path",
				  "", loop)));
}

/* A namespace whose mounts are asked for. */
TEST_F(closed, mounts_of_a_namespace)
{
	int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), n;
	/* struct mnt_id_req, which headers may have without the descriptor. */
	struct {
		uint32_t size;
		uint32_t ns_fd;
		uint64_t id;
		uint64_t param;
		uint64_t ns_id;
	} req = { .size = sizeof(req), .id = UINT64_MAX /* the root */ };
	uint64_t ids[8] = { 0 };
	char buf[512];

	if (ns < 0)
		SKIP(return, "no mount namespaces");
	req.ns_fd = ns;
	n = RET(syscall(__NR_listmount, &req, ids, 8, 0));
	if (n == -EPERM || n == -EINVAL)
		SKIP(return, "not by descriptor, or only for root (%d)", n);
	ASSERT_LT(0, n);
	req.ns_fd = CAP_OF(ns);
	EBADF_OF(syscall(__NR_listmount, &req, ids, 8, 0));
	req.id = ids[0];
	EBADF_OF(syscall(__NR_statmount, &req, buf, sizeof(buf), 0));
	req.ns_fd = ns;
	EXPECT_EQ(0, RET(syscall(__NR_statmount, &req, buf, sizeof(buf), 0)));
}

/* What a process says that it runs; what it does run keeps it from that. */
TEST_F(closed, executable_of_a_process)
{
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int err = RET(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, exe, 0, 0));

	if (err == -EPERM)
		SKIP(return, "only root may say so");
	EXPECT_EQ(-EBUSY, err);
	EBADF_OF(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, CAP_OF(exe), 0, 0));
}

/* What the kernel opens for itself stands behind no limits, and is none's. */
TEST_F(closed, opened_by_the_kernel)
{
#ifdef __NR_uselib
	char name[40];
	int cap;

	ASSERT_EQ(0, fchmod(self->file, 0700));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->file);
	/* It is no library, which is found out once it is open. */
	if (RET(syscall(__NR_uselib, name)) == -ENOSYS)
		SKIP(return, "no uselib()");
	EXPECT_EQ(-ENOEXEC, RET(syscall(__NR_uselib, name)));
	cap = CAP_OF(self->file);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", cap);
	NO_NAME(syscall(__NR_uselib, name));
#else
	SKIP(return, "no uselib()");
#endif
}

TEST_HARNESS_MAIN
