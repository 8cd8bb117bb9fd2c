/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: what those of io_uring share.
 */
#ifndef _SELFTESTS_CAPSICUM_URING_H
#define _SELFTESTS_CAPSICUM_URING_H

#include "capmode.h"

#include <poll.h>
#include <sched.h>

#define IO_REGISTER(ring, op, arg, n)	\
	RET(syscall(__NR_io_uring_register, (ring)->fd, op, arg, n))

/* Which completion is whose. */
#define UD_WANTED	0x5eedULL
#define UD_OTHER	0x0ddULL

static inline int ring_wait(struct ring *r, struct io_uring_cqe *cqe)
{
	int ret;

	while (!ring_reap(r, cqe)) {
		ret = ring_submit(r, 0, 1);
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return 0;
}

/* Send what has been queued. Returns 0 or -errno. */
static inline int ring_send(struct ring *r, unsigned int n)
{
	int ret;

	do {
		ret = ring_submit(r, n, 0);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	return ret == (int)n ? 0 : -EPROTO;
}

/*
 * ring_do() - what becomes of one operation
 * @link: Put it behind another one, so that it is held until that is done.
 *
 * Waits for all there is to come of it, also the notification of a zero-copy
 * send, which is the last.
 */
static inline int ring_do(struct ring *r, struct io_uring_sqe sqe, bool link)
{
	struct io_uring_sqe first = {
		.opcode = IORING_OP_NOP,
		.flags = IOSQE_IO_LINK,
		.user_data = UD_OTHER,
	};
	int ret, res = -EPROTO, left = 1 + link;
	struct io_uring_cqe cqe;

	sqe.user_data = UD_WANTED;
	if (link)
		ring_queue_all(r, (struct io_uring_sqe[]){ first, sqe }, 2);
	else
		ring_queue(r, &sqe);
	ret = ring_send(r, 1 + link);
	if (ret)
		return ret;
	while (left) {
		ret = ring_wait(r, &cqe);
		if (ret)
			return ret;
		if (cqe.user_data == UD_WANTED &&
		    !(cqe.flags & IORING_CQE_F_NOTIF))
			res = cqe.res;
		if (!(cqe.flags & IORING_CQE_F_MORE))
			left--;
	}
	return res;
}

/*
 * ring_send_behind() - an operation that is done once something can be read
 * @head: From where.
 * @gone: What the ring holds until the last of it is gone: see ring_is_gone().
 *
 * It is done also when the waiting ends for another reason. Returns 0 or -errno.
 */
static inline int ring_send_behind(struct ring *r, const struct io_uring_sqe *sqe,
				   int head, int gone)
{
	const struct io_uring_sqe first = {
		.opcode = IORING_OP_POLL_ADD,
		.flags = IOSQE_IO_HARDLINK,
		.fd = head,
		.poll32_events = POLLIN,
		.user_data = UD_OTHER,
	};
	int err = IO_REGISTER(r, IORING_REGISTER_FILES, &gone, 1);

	if (err)
		return err;
	ring_queue_all(r, (struct io_uring_sqe[]){ first, *sqe }, 2);
	err = ring_send(r, 2);
	/* The thread that polls takes its time. */
	while (!err && __atomic_load_n(r->sq_head, __ATOMIC_SEQ_CST) !=
		       *r->sq_tail)
		sched_yield();
	return err;
}

/* Waits until a pipe, of which this writes, has no reader any more. */
static inline bool ring_is_gone(int pipe)
{
	struct pollfd p = { .fd = pipe };

	return poll(&p, 1, 300000) == 1 && p.revents == POLLERR;
}

/*
 * ring_buffer() - a buffer for requests that are to find one themselves
 * @br: A page of its own: the ring by which the buffer, which is alone there, is
 *	given to the kernel.
 */
static inline int ring_buffer(struct ring *r, unsigned int group,
			      struct io_uring_buf_ring *br, void *buf,
			      unsigned int len)
{
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)br,
		.ring_entries = 1,
		.bgid = group,
	};

	br->bufs[0].addr = (uintptr_t)buf;
	br->bufs[0].len = len;
	__atomic_store_n(&br->tail, 1, __ATOMIC_RELEASE);
	return IO_REGISTER(r, IORING_REGISTER_PBUF_RING, &reg, 1);
}

/* Give it once more, after a request has used it. */
static inline void ring_buffer_again(struct io_uring_buf_ring *br)
{
	__atomic_store_n(&br->tail, br->tail + 1, __ATOMIC_RELEASE);
}

/* A table of @n slots without files. */
static inline int ring_slots(struct ring *r, unsigned int n)
{
	struct io_uring_rsrc_register reg = {
		.nr = n,
		.flags = IORING_RSRC_REGISTER_SPARSE,
	};

	return IO_REGISTER(r, IORING_REGISTER_FILES2, &reg, sizeof(reg));
}

/* Put @fd (-1: nothing) into a slot. Returns 0 or -errno. */
static inline int ring_slot(struct ring *r, unsigned int slot, int fd)
{
	struct io_uring_files_update up = {
		.offset = slot,
		.fds = (uintptr_t)&fd,
	};
	int ret = IO_REGISTER(r, IORING_REGISTER_FILES_UPDATE, &up, 1);

	return ret == 1 ? 0 : ret < 0 ? ret : -EPROTO;
}

/* A descriptor of what is in a slot, or -errno. */
static inline int ring_install(struct ring *r, unsigned int slot)
{
	return ring_do(r, (struct io_uring_sqe){
		.opcode = IORING_OP_FIXED_FD_INSTALL,
		.flags = IOSQE_FIXED_FILE,
		.fd = slot,
	}, false);
}

#endif /* _SELFTESTS_CAPSICUM_URING_H */
