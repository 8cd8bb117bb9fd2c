/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: loop devices. Functions that can fail return 0 or more, or
 * the negative errno.
 */
#ifndef _SELFTESTS_CAPSICUM_LOOP_H
#define _SELFTESTS_CAPSICUM_LOOP_H

#include "common.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

/* The name of a device that is free now. */
static inline int free_loop(char *name, size_t size)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), nr;

	if (control < 0)
		return -errno;
	nr = RET(ioctl(control, LOOP_CTL_GET_FREE));
	close(control);
	snprintf(name, size, "/dev/loop%d", nr);
	return nr < 0 ? nr : 0;
}

#endif /* _SELFTESTS_CAPSICUM_LOOP_H */
