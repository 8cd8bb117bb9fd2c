// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests on capabilities: out of the way of those on ordinary files.
 */
#include <linux/capsicum.h>
#include <linux/file.h>
#include <linux/io_uring.h>

#include "io_uring.h"
#include "capsicum.h"
#include "opdef.h"
#include "tctx.h"

/**
 * io_fget_capability - go on with a request's look-up that found no file
 * @req: the request
 * @fd: the descriptor
 *
 * It may be a capability, which fget() does not see. This look-up stands by
 * itself. What the request needs is not asked here: it may look for more than
 * one file.
 *
 * Return: the capability itself, with a reference, the request being marked as
 * one that has to go through io_file_resolve() or io_file_check(); NULL for what
 * is no file.
 */
struct file *io_fget_capability(struct io_kiocb *req, int fd)
{
	struct file *file = fget_capability(fd);

	if (!file)
		return NULL;
	if (is_capability(file))
		req->flags |= REQ_F_CAPABILITY;
	else if (io_is_uring_fops(file))
		/* Put there since, as io_file_get_normal() would have seen. */
		io_req_track_inflight(req);
	return file;
}

/*
 * A registered file is kept by the table, and by the request's node when it is
 * taken out of there: the capability lives as long as the request does, and the
 * target as long as that. Otherwise it is the request's own.
 */
static int io_file_trade(struct io_kiocb *req, struct file **file,
			 struct file *target, bool fixed)
{
	if (IS_ERR(target)) {
		if (!fixed)
			fput(*file);
		*file = NULL;
		return PTR_ERR(target);
	}
	if (target != *file && !fixed) {
		get_file(target);
		fput(*file);
		/* As io_file_get_normal() does, which did not see it. */
		if (io_is_uring_fops(target))
			io_req_track_inflight(req);
	}
	*file = target;
	return 0;
}

/**
 * __io_file_resolve - may a request do what it is about to?
 * @req: the request, prepared, whose file may be a capability
 *
 * Who forgets to say what an opcode needs gets a refusal.
 *
 * Return: 0, and the file is the target; or -ENOTCAPABLE, and there is none.
 */
int __io_file_resolve(struct io_kiocb *req)
{
	const struct io_cold_def *def = &io_cold_defs[req->opcode];
	bool fixed = req->flags & REQ_F_FIXED_FILE;
	const struct cap_rights *rights = def->rights;
	int fd = fixed ? -1 : req->cqe.fd;
	struct file *target;

	req->flags &= ~REQ_F_CAPABILITY;
	if (!is_capability(req->file))
		return 0;

	if (def->resolve) {
		target = def->resolve(req, req->file, fd);
	} else {
		if (def->rights_of)
			rights = def->rights_of(req);
		target = capability_check(req->file, fd, rights);
	}
	return io_file_trade(req, &req->file, target, fixed);
}

/**
 * __io_file_check - may a request use a second file as it is about to?
 * @req: the request
 * @file: the capability; the target from then on, or has been put
 * @fd: its descriptor, or number
 * @fixed: it is a registered file
 * @rights: what it takes
 *
 * Return: 0 or -ENOTCAPABLE.
 */
int __io_file_check(struct io_kiocb *req, struct file **file, int fd,
		    bool fixed, const struct cap_rights *rights)
{
	struct file *target;

	req->flags &= ~REQ_F_CAPABILITY;
	target = capability_check(*file, fixed ? -1 : fd, rights);
	return io_file_trade(req, file, target, fixed);
}

/**
 * __io_check_workers - whose are the threads that work for a ring?
 * @ctx: the ring
 *
 * Context: the caller is in capability mode and holds the ring's lock.
 *
 * Return: 0 when this process has made the ring and nobody else has used it;
 * -ECAPMODE otherwise. Who shares the memory counts as this process.
 */
int __io_check_workers(struct io_ring_ctx *ctx)
{
	struct io_tctx_node *node;

	lockdep_assert_held(&ctx->uring_lock);
	if (ctx->mm_account != current->mm)
		return capmode_refuse();
	list_for_each_entry(node, &ctx->tctx_list, ctx_node)
		if (node->task->mm != current->mm)
			return capmode_refuse();
	return 0;
}

/*
 * What an opcode names is checked in capability mode where it is used. A new one
 * may name something by a road of its own: to be looked at, and then counted.
 */
static_assert(!(IORING_OP_LAST - IORING_OP_LISTEN - 1));
static_assert(!(IORING_REGISTER_LAST - IORING_REGISTER_CLONE_BUFFERS - 1));

/**
 * io_check_rights_table - has every opcode that takes a file been judged?
 *
 * One that has not is refused on a capability; it is to be known nevertheless.
 */
void __init io_check_rights_table(void)
{
	int i;

	for (i = 0; i < IORING_OP_LAST; i++) {
		const struct io_cold_def *def = &io_cold_defs[i];
		bool judged = def->rights || def->rights_of || def->resolve;

		WARN(io_issue_defs[i].needs_file && !judged &&
		     io_uring_op_supported(i),
		     "io_uring: nobody has said which rights %s needs\n",
		     def->name);
	}
}
