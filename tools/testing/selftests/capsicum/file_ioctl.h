/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: ioctls of files that no header for programs has.
 */
#ifndef _SELFTESTS_CAPSICUM_FILE_IOCTL_H
#define _SELFTESTS_CAPSICUM_FILE_IOCTL_H

#include <stdint.h>
#include <sys/ioctl.h>

/* fallocate()'s: this is the native layout, and that of 32-bit programs. */
struct space_resv {
	int16_t l_type;
	int16_t l_whence;
	int64_t l_start;
	int64_t l_len;
	int32_t l_sysid;
	uint32_t l_pid;
	int32_t l_pad[4];
};

#define RESVSP(nr)	_IOW('X', nr, struct space_resv)

#endif /* _SELFTESTS_CAPSICUM_FILE_IOCTL_H */
