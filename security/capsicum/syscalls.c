// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls that limit a descriptor and tell its limits.
 */
#include <linux/capsicum.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#define CAP_LIMIT_FLAGS	CAP_LIMIT_KEEP

/* What an ordinary file allows: everything. */
static const struct cap_limits cap_limits_none = {
	.rights		= CAP_RIGHTS_ALL_INIT,
	.fcntls		= CAP_FCNTL_ALL,
	.nioctls	= CAP_LIMIT_IOCTLS_ALL,
};

static const struct cap_limits *file_limits(const struct file *file)
{
	return capability_limits(file) ?: &cap_limits_none;
}

/*
 * Fill in @wanted from user space but for what @flags says to keep. What is
 * given is checked for being well-formed by itself: sub-rights are held against
 * the rights when these are given too, and else against the limits in force.
 */
static int cap_limits_copy(struct cap_limits *wanted, unsigned int flags,
			   const struct cap_rights __user *rights,
			   unsigned int fcntls, int nioctls,
			   const unsigned int __user *ioctls)
{
	struct cap_limits given = cap_limits_none;

	if (!(flags & CAP_LIMIT_KEEP_RIGHTS) &&
	    copy_from_user(&given.rights, rights, sizeof(given.rights)))
		return -EFAULT;

	given.fcntls = flags & CAP_LIMIT_KEEP_FCNTLS ? 0 : fcntls;
	given.nioctls = flags & CAP_LIMIT_KEEP_IOCTLS ? 0 : nioctls;
	if (given.nioctls > 0 && !ioctls)
		return -EINVAL;
	if (!cap_limits_valid(&given))
		return -EINVAL;

	if (given.nioctls > 0) {
		given.ioctls = memdup_array_user(ioctls, given.nioctls,
						 sizeof(*ioctls));
		if (IS_ERR(given.ioctls))
			return PTR_ERR(given.ioctls);
		cap_limits_sort(&given);
	}
	*wanted = given;
	return 0;
}

/* What is kept is what is held; what hung on a right that goes away goes too. */
static void cap_limits_keep(struct cap_limits *wanted, unsigned int flags,
			    const struct cap_limits *held)
{
	struct cap_limits kept = *held;

	if (flags & CAP_LIMIT_KEEP_RIGHTS)
		wanted->rights = held->rights;
	kept.rights = wanted->rights;
	cap_limits_drop_orphans(&kept);
	if (flags & CAP_LIMIT_KEEP_FCNTLS)
		wanted->fcntls = kept.fcntls;
	if (flags & CAP_LIMIT_KEEP_IOCTLS) {
		wanted->nioctls = kept.nioctls;
		wanted->ioctls = kept.ioctls;
	}
}

/* Returns -EAGAIN when the descriptor has become another file meanwhile. */
static int limit_fd(int fd, const struct cap_limits *given, unsigned int flags)
{
	struct file *file __free(fput) = fget_raw(fd);
	struct file *cap __free(fput) = NULL;
	struct cap_limits wanted = *given;
	const struct cap_limits *held;

	if (!file)
		return -EBADF;

	held = file_limits(file);
	cap_limits_keep(&wanted, flags, held);
	if (!cap_limits_contain(held, &wanted))
		return -ENOTCAPABLE;

	cap = capability_alloc(file, &wanted);
	if (IS_ERR(cap))
		return PTR_ERR(cap);
	return replace_fd_file(fd, file, cap);
}

/**
 * sys_cap_rights_limit - narrow what a descriptor can be used for
 * @fd: the descriptor
 * @rights: the rights it is to keep
 * @fcntls: the fcntl commands it is to keep, CAP_FCNTL_*
 * @nioctls: how many ioctl commands it is to keep, CAP_LIMIT_IOCTLS_ALL for all
 * @ioctls: those commands; not looked at when @nioctls is 0 or all
 * @flags: CAP_LIMIT_KEEP_*: leave that part as it is, do not look at the
 *         argument
 *
 * Every part can only get less, for this descriptor and what is made from it
 * later; copies made before keep what they have. When the call has returned, no
 * other thread can get at the file through @fd with more than the new limits.
 * On any error nothing has changed.
 *
 * Return: 0, or
 * -EBADF when @fd is not open,
 * -EINVAL when the rights are malformed, or of a version or kind not known, when
 * @fcntls or @nioctls is out of range, or stands without CAP_FCNTL or
 * CAP_IOCTL among the rights given, when @ioctls is NULL but needed, and for
 * unknown @flags,
 * -ENOTCAPABLE when this would widen anything,
 * -EFAULT for bad pointers,
 * -ENFILE or -ENOMEM when there is no room for another file.
 */
SYSCALL_DEFINE6(cap_rights_limit, int, fd,
		const struct cap_rights __user *, rights,
		unsigned int, fcntls, int, nioctls,
		const unsigned int __user *, ioctls, unsigned int, flags)
{
	struct cap_limits given;
	int err;

	if (flags & ~CAP_LIMIT_FLAGS)
		return -EINVAL;

	err = cap_limits_copy(&given, flags, rights, fcntls, nioctls, ioctls);
	if (err)
		return err;

	/*
	 * Another thread that limits the same descriptor may get in between;
	 * then start from what it has left. Each round somebody has got
	 * further.
	 */
	do {
		err = limit_fd(fd, &given, flags);
	} while (err == -EAGAIN);

	kfree(given.ioctls);
	return err;
}

/**
 * sys_cap_rights_get - tell what a descriptor can be used for
 * @fd: the descriptor
 * @rights: where the rights go
 * @fcntls: where the fcntl commands go, CAP_FCNTL_*
 * @nioctls: in: how many commands @ioctls has room for; out: how many there
 *           are, CAP_LIMIT_IOCTLS_ALL for all
 * @ioctls: where the ioctl commands go, as many as there is room for, ascending
 * @flags: 0
 *
 * Each pointer may be NULL when that part is not wanted. A descriptor that is
 * not limited has all rights and all commands.
 *
 * Return: 0, or -EBADF, -EFAULT; -EINVAL for unknown @flags, for @ioctls
 * without @nioctls, and for a negative room in @ioctls.
 */
SYSCALL_DEFINE6(cap_rights_get, int, fd, struct cap_rights __user *, rights,
		unsigned int __user *, fcntls, int __user *, nioctls,
		unsigned int __user *, ioctls, unsigned int, flags)
{
	struct file *file __free(fput) = NULL;
	const struct cap_limits *limits;
	int room = 0;

	if (flags)
		return -EINVAL;
	if (ioctls) {
		if (!nioctls)
			return -EINVAL;
		if (get_user(room, nioctls))
			return -EFAULT;
		if (room < 0)
			return -EINVAL;
	}

	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	limits = file_limits(file);

	if (rights && copy_to_user(rights, &limits->rights, sizeof(*rights)))
		return -EFAULT;
	if (fcntls && put_user(limits->fcntls, fcntls))
		return -EFAULT;
	if (nioctls && put_user(limits->nioctls, nioctls))
		return -EFAULT;
	room = min(room, limits->nioctls);
	if (room > 0 && copy_to_user(ioctls, limits->ioctls,
				     room * sizeof(*ioctls)))
		return -EFAULT;
	return 0;
}
