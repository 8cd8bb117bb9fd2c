// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Limits of a descriptor: FreeBSD's functions over the two system calls of
 * Linux, which take rights, fcntl and ioctl limits together. What each function
 * takes and returns stands in sys/capsicum.h.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <sys/capsicum.h>

#include "internal.h"

static int sys_limit(int fd, const cap_rights_t *rights, unsigned int fcntls,
		     int nioctls, const unsigned int *ioctls,
		     unsigned int flags)
{
	return (int)syscall(__NR_cap_rights_limit, fd, rights, fcntls, nioctls,
			    ioctls, flags);
}

static int sys_get(int fd, cap_rights_t *rights, unsigned int *fcntls,
		   int *nioctls, void *ioctls)
{
	return (int)syscall(__NR_cap_rights_get, fd, rights, fcntls, nioctls,
			    ioctls, 0U);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

CAPSICUM_API int cap_rights_limit(int fd, const cap_rights_t *rights)
{
	return sys_limit(fd, rights, 0, 0, NULL,
			 CAP_LIMIT_KEEP_FCNTLS | CAP_LIMIT_KEEP_IOCTLS);
}

CAPSICUM_API int __cap_rights_get(int version, int fd, cap_rights_t *rights)
{
	if (version != CAP_RIGHTS_VERSION_00)
		return fail(EINVAL);
	/* To the kernel NULL means "not wanted", here it is just a mistake. */
	if (!rights)
		return fail(EFAULT);
	return sys_get(fd, rights, NULL, NULL, NULL);
}

CAPSICUM_API int cap_fcntls_limit(int fd, uint32_t fcntlrights)
{
	if (fcntlrights & ~CAP_FCNTL_ALL)
		return fail(EINVAL);
	return sys_limit(fd, NULL, fcntlrights, 0, NULL,
			 CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_IOCTLS);
}

CAPSICUM_API int cap_fcntls_get(int fd, uint32_t *fcntlrightsp)
{
	if (!fcntlrightsp)
		return fail(EFAULT);
	return sys_get(fd, NULL, fcntlrightsp, NULL, NULL);
}

CAPSICUM_API int
cap_ioctls_limit(int fd, const cap_ioctl_t *cmds, size_t ncmds)
{
	unsigned int list[CAP_IOCTLS_LIMIT_MAX];
	size_t i;

	if (ncmds > CAP_IOCTLS_LIMIT_MAX)
		return fail(EINVAL);
	if (ncmds && !cmds)
		return fail(EFAULT);
	for (i = 0; i < ncmds; i++) {
		list[i] = (unsigned int)cmds[i];
		if (list[i] != cmds[i])
			return fail(EINVAL);
	}
	return sys_limit(fd, NULL, 0, (int)ncmds, ncmds ? list : NULL,
			 CAP_LIMIT_KEEP_RIGHTS | CAP_LIMIT_KEEP_FCNTLS);
}

CAPSICUM_API ssize_t cap_ioctls_get(int fd, cap_ioctl_t *cmds, size_t maxcmds)
{
	int count = maxcmds > INT_MAX ? INT_MAX : (int)maxcmds;
	size_t i;

	/*
	 * The kernel writes its narrower commands straight into the caller's
	 * array, which has room for them: so a bad pointer is the kernel's to
	 * find, and no bound of ours can cut a list short.
	 */
	if (sys_get(fd, NULL, NULL, &count, cmds))
		return -1;
	if (count == CAP_LIMIT_IOCTLS_ALL)
		return CAP_IOCTLS_ALL;
	if (!cmds || sizeof(*cmds) == sizeof(unsigned int))
		return count;

	/* Widen in place, last one first: none is overwritten before its turn. */
	i = (size_t)count < maxcmds ? (size_t)count : maxcmds;
	while (i-- > 0) {
		unsigned int cmd;

		memcpy(&cmd, (char *)cmds + i * sizeof(cmd), sizeof(cmd));
		cmds[i] = cmd;
	}
	return count;
}
