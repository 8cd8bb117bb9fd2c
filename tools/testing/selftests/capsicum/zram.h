/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: devices of compressed memory.
 */
#ifndef _SELFTESTS_CAPSICUM_ZRAM_H
#define _SELFTESTS_CAPSICUM_ZRAM_H

#include "entries.h"

#define ZRAM	"/sys/class/zram-control"

/* A new device's number: it is the reading that makes one. */
static inline int make_zram(void)
{
	int fd = RET(open(ZRAM "/hot_add", O_RDONLY | O_CLOEXEC));
	char text[16] = "";
	int ret;

	if (fd < 0)
		return fd;
	ret = RET(read(fd, text, sizeof(text) - 1));
	close(fd);
	return ret < 0 ? ret : atoi(text);
}

static inline int remove_zram(int nr)
{
	char text[16];
	int i, err;

	snprintf(text, sizeof(text), "%d", nr);
	/* Somebody may be looking at it. */
	for (i = 0; i < 6000; i++) {
		err = write_text(AT_FDCWD, ZRAM "/hot_remove", text);
		if (err != -EBUSY)
			break;
		usleep(10000);
	}
	return err;
}

#endif /* _SELFTESTS_CAPSICUM_ZRAM_H */
