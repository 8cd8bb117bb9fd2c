/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file system of FUSE's, whose daemon is the test, and the files behind its
 * own. Functions that can fail return 0 or more, or the negative errno.
 */
#ifndef _SELFTESTS_CAPSICUM_FUSE_H
#define _SELFTESTS_CAPSICUM_FUSE_H

#include "common.h"

#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/uio.h>

/* Mounts what the daemon at @dev serves. */
static inline int fuse_mount(int dev, const char *dir)
{
	char opt[80];

	snprintf(opt, sizeof(opt), "fd=%d,rootmode=40000,user_id=0,group_id=0",
		 dev);
	return RET(mount("capsicum", dir, "fuse", 0, opt));
}

/* What the daemon reads, whatever comes behind the header. */
struct fuse_request {
	struct fuse_in_header header;
	union {
		struct fuse_init_in init;
		struct fuse_lk_in lk;
		char name[FUSE_MIN_READ_BUFFER - sizeof(struct fuse_in_header)];
	};
};

/* Returns whether the kernel takes the answer; @error is 0 or a -errno. */
static inline bool fuse_answer(int dev, const struct fuse_request *in, int error,
			       void *data, size_t size)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + size,
		.error = error,
		.unique = in->header.unique,
	};
	struct iovec iov[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = data, .iov_len = size },
	};

	return writev(dev, iov, 2) == (ssize_t)header.len;
}

/* Nothing for what wants no answer, else that there is no such request. */
static inline void fuse_decline(int dev, const struct fuse_request *in)
{
	switch (in->header.opcode) {
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		fuse_answer(dev, in, -ENOSYS, NULL, 0);
	}
}

/*
 * fuse_serves_backing() - the daemon's first answer: files may have others
 * behind them
 *
 * Returns false when the kernel knows no such thing.
 */
static inline bool fuse_serves_backing(int dev)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
		.flags = FUSE_INIT_EXT,
		.flags2 = FUSE_PASSTHROUGH >> 32,
		.max_stack_depth = 1,
	};
	struct fuse_request in;

	if (read(dev, &in, sizeof(in)) < (ssize_t)sizeof(in.header) ||
	    in.header.opcode != FUSE_INIT)
		return false;
	return (in.init.flags & FUSE_INIT_EXT) &&
	       (in.init.flags2 & init.flags2) &&
	       fuse_answer(dev, &in, 0, &init, sizeof(init));
}

/* The number of @fd's file as one that is behind others. */
static inline int fuse_backing_open(int dev, int fd)
{
	struct fuse_backing_map map = { .fd = fd };

	return RET(ioctl(dev, FUSE_DEV_IOC_BACKING_OPEN, &map));
}

static inline int fuse_backing_close(int dev, uint32_t id)
{
	return RET(ioctl(dev, FUSE_DEV_IOC_BACKING_CLOSE, &id));
}

#endif /* _SELFTESTS_CAPSICUM_FUSE_H */
