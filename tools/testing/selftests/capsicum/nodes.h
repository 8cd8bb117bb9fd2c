/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: names below a directory, opened by the system call and by
 * io_uring. Both return 0 or -errno, and leave nothing open.
 */
#ifndef _SELFTESTS_CAPSICUM_NODES_H
#define _SELFTESTS_CAPSICUM_NODES_H

#include "capmode.h"

struct node {
	int dir;
	const char *name;
	int flags;
};

static inline int open_node(void *arg)
{
	const struct node *n = arg;
	int fd = RET(openat(n->dir, n->name, n->flags | O_CLOEXEC));

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* By one of io_uring's workers. */
static inline int open_node_by_ring(void *arg)
{
	const struct node *n = arg;
	struct io_uring_sqe sqe = sqe_openat(n->dir, n->name,
					     n->flags | O_CLOEXEC);
	int fd;

	sqe.flags = IOSQE_ASYNC;
	fd = ring_once(&sqe);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

#endif /* _SELFTESTS_CAPSICUM_NODES_H */
