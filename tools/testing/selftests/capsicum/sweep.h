/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: all ioctls of one type but those that are known, each of
 * which capability mode is to refuse.
 */
#ifndef _SELFTESTS_CAPSICUM_SWEEP_H
#define _SELFTESTS_CAPSICUM_SWEEP_H

#include "capmode.h"

#include <sys/ioctl.h>

/**
 * struct sweep - the ioctls of one type, in memory that is shared
 * @fd: What they are tried on.
 * @type: The type.
 * @is_known: Whether one is left out.
 * @tried: How many there were.
 * @missed: How many of them were not refused.
 * @cmd: The first of these.
 * @ret: What came of it.
 */
struct sweep {
	int fd;
	unsigned int type;
	bool (*is_known)(unsigned int cmd);
	unsigned int tried;
	unsigned int missed;
	unsigned int cmd;
	int ret;
};

static inline int try_unknown(void *arg)
{
	/* Plain numbers, and what is encoded with a direction and a size. */
	static const unsigned int sizes[] = {
		0, 1, 2, 4, 8, 12, 16, 32, 40, 44, 64,
	};
	static const unsigned int dirs[] = {
		_IOC_NONE, _IOC_READ, _IOC_WRITE, _IOC_READ | _IOC_WRITE,
	};
	static uint64_t room[1024];
	struct sweep *s = arg;
	unsigned int nr, dir, size, cmd;
	int ret;

	for (nr = 0; nr < 0x100; nr++) {
		for (dir = 0; dir < ARRAY_SIZE(dirs); dir++) {
			for (size = 0; size < ARRAY_SIZE(sizes); size++) {
				cmd = _IOC(dirs[dir], s->type, nr, sizes[size]);
				if (s->is_known(cmd))
					continue;
				s->tried++;
				ret = RET(ioctl(s->fd, cmd, room));
				if (ret == -ECAPMODE || s->missed++)
					continue;
				s->cmd = cmd;
				s->ret = ret;
			}
		}
	}
	return 0;
}

#endif /* _SELFTESTS_CAPSICUM_SWEEP_H */
