/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests on capabilities. A request finds its file as late as it can, and so
 * that is where its rights are checked: io_file_resolve() follows each place
 * that assigns req->file. What each opcode needs stands in its definition.
 */
#ifndef IOU_CAPSICUM_H
#define IOU_CAPSICUM_H

#include <linux/capmode.h>
#include <linux/capsicum.h>
#include <linux/io_uring_types.h>

#ifdef CONFIG_SECURITY_CAPSICUM

struct file *io_fget_capability(struct io_kiocb *req, int fd);
int __io_file_resolve(struct io_kiocb *req);
int __io_file_check(struct io_kiocb *req, struct file **file, int fd,
		    bool fixed, const struct cap_rights *rights);
void io_check_rights_table(void);
int __io_check_workers(struct io_ring_ctx *ctx);

/* What the opcodes need that it depends on. */
const struct cap_rights *io_read_rights(struct io_kiocb *req);
const struct cap_rights *io_write_rights(struct io_kiocb *req);
const struct cap_rights *io_fallocate_rights(struct io_kiocb *req);
const struct cap_rights *io_splice_rights(struct io_kiocb *req);
const struct cap_rights *io_fgetxattr_rights(struct io_kiocb *req);
const struct cap_rights *io_fsetxattr_rights(struct io_kiocb *req);
struct file *io_send_resolve(struct io_kiocb *req, struct file *capability,
			     int fd);
struct file *io_accept_resolve(struct io_kiocb *req, struct file *capability,
			       int fd);
void io_accept_cleanup(struct io_kiocb *req);
struct file *io_install_fixed_fd_resolve(struct io_kiocb *req,
					 struct file *capability, int fd);
struct file *io_uring_cmd_resolve(struct io_kiocb *req, struct file *capability,
				  int fd);

/*
 * A ring that fget() did not find, which finds an ordinary one: so that costs
 * what it does without Capsicum. This look-up stands by itself, whatever the
 * first one saw. Return: as fgetr().
 */
static inline struct file *io_ring_fget_capability(unsigned int fd)
{
	return fgetr(fd, CAP_IO_URING);
}

/*
 * May the request do to its file what it is about to? Its file is the target
 * from then on. Return: 0 or -ENOTCAPABLE, the request being without a file.
 */
static inline int io_file_resolve(struct io_kiocb *req)
{
	if (likely(!(req->flags & REQ_F_CAPABILITY)))
		return 0;
	return __io_file_resolve(req);
}

/*
 * The same for a second file, which does not come to be req->file: @file is the
 * target from then on, or has been put.
 */
static inline int io_file_check(struct io_kiocb *req, struct file **file,
				int fd, bool fixed,
				const struct cap_rights *rights)
{
	if (likely(!is_capability(*file)))
		return 0;
	return __io_file_check(req, file, fd, fixed, rights);
}

/*
 * The threads that work for a process work for all of its rings: in capability
 * mode, they are told how many they are, and where, by their own process only.
 * Return: 0 or -ECAPMODE.
 */
static inline int io_check_workers(struct io_ring_ctx *ctx)
{
	if (in_capability_mode())
		return __io_check_workers(ctx);
	return 0;
}

#else /* !CONFIG_SECURITY_CAPSICUM */

static inline struct file *io_fget_capability(struct io_kiocb *req, int fd)
{
	return NULL;
}

static inline struct file *io_ring_fget_capability(unsigned int fd)
{
	return NULL;
}

static inline int io_file_resolve(struct io_kiocb *req)
{
	return 0;
}

static inline int io_file_check(struct io_kiocb *req, struct file **file,
				int fd, bool fixed,
				const struct cap_rights *rights)
{
	return 0;
}

static inline void io_check_rights_table(void)
{
}

static inline int io_check_workers(struct io_ring_ctx *ctx)
{
	return 0;
}

#endif /* CONFIG_SECURITY_CAPSICUM */
#endif
