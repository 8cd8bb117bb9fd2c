// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody has given rights to yet fails closed. A look-up that is not
 * annotated sees no file: EBADF, whatever the capability holds. A path look-up
 * that begins at a capability has no rights to go on with: ENOTCAPABLE.
 */
#include "common.h"

#include <linux/mount.h>

#ifndef __NR_mount_setattr
#define __NR_mount_setattr	(CAP_NR_BASE + 442)
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

TEST_HARNESS_MAIN
