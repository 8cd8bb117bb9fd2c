// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Capability mode. What each function takes and returns stands in
 * sys/capsicum.h.
 */
#include <unistd.h>

#include <sys/capsicum.h>

#include "internal.h"

CAPSICUM_API int cap_enter(void)
{
	return (int)syscall(__NR_cap_enter, 0U);
}

CAPSICUM_API int cap_getmode(unsigned int *mode)
{
	return (int)syscall(__NR_cap_getmode, mode);
}

CAPSICUM_API bool cap_sandboxed(void)
{
	unsigned int mode = 0;
	int saved = errno;

	/* A question that has an answer on every kernel: errno is not for it. */
	if (syscall(__NR_cap_getmode, &mode)) {
		errno = saved;
		return false;
	}
	return mode != 0;
}
