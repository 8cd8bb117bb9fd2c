// SPDX-License-Identifier: GPL-2.0
/*
 * Operations by io_uring: each takes the rights of what it does, whoever carries
 * it out and whenever, and by a registered file as by a descriptor.
 */
#include "sockets.h"
#include "uring.h"

#include <poll.h>
#include <sys/xattr.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND	0x20
#endif

#define ATTR		"user.capsicum"
#define ATTR_ACL	"system.posix_acl_access"
#define NULL_CMD	0x1234		/* /dev/null takes any */
#define BUFFER_GROUP	7
#define RING_GROUP	8		/* its buffers come by a ring */
#define BLOCK		4096

enum object {
	FILE_,		/* a regular file of 64 bytes */
	LOG,		/* another one, open to append */
	BLOCKS,		/* one of two blocks, where some can be taken out */
	IN,		/* the end of a pipe that there is something to read from */
	OUT,		/* the end of a pipe that there is room in */
	UDP,		/* a socket that is connected to itself, and has a byte */
	LONER,		/* a socket without address */
	LISTENER,	/* a socket with a connection to accept */
	NULL_DEV,
	RING,
	OBJECTS,
};

FIXTURE(uring)
{
	struct ring ring;
	int fd[OBJECTS];
	int pair_in;	/* where IN is filled */
	int pair_out;	/* where OUT is drained */
	struct sockaddr_storage addr;	/* UDP's */
	socklen_t len;
	struct sockaddr_storage laddr;	/* LISTENER's */
	socklen_t llen;
	struct ring other;
	char *buf;
	struct io_uring_buf_ring *buffers;
	struct iovec iov;
	struct msghdr msg;
	unsigned int setup;
	unsigned int sqe_flags;
	bool fixed;
	bool link;
};

#define uring_data	_test_data_uring

FIXTURE_VARIANT(uring)
{
	unsigned int setup;
	unsigned int sqe_flags;
	bool link;
	bool fixed;
};

FIXTURE_VARIANT_ADD(uring, inline) { };

FIXTURE_VARIANT_ADD(uring, inline_fixed)
{
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, worker)
{
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uring, worker_fixed)
{
	.sqe_flags = IOSQE_ASYNC,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, linked)
{
	.link = true,
};

FIXTURE_VARIANT_ADD(uring, linked_fixed)
{
	.link = true,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, linked_worker)
{
	.sqe_flags = IOSQE_ASYNC,
	.link = true,
};

FIXTURE_VARIANT_ADD(uring, linked_worker_fixed)
{
	.sqe_flags = IOSQE_ASYNC,
	.link = true,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, drain)
{
	.sqe_flags = IOSQE_IO_DRAIN,
};

FIXTURE_VARIANT_ADD(uring, drain_fixed)
{
	.sqe_flags = IOSQE_IO_DRAIN,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, sqpoll)
{
	.setup = IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(uring, sqpoll_fixed)
{
	.setup = IORING_SETUP_SQPOLL,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, sqpoll_worker)
{
	.setup = IORING_SETUP_SQPOLL,
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(uring, sqpoll_worker_fixed)
{
	.setup = IORING_SETUP_SQPOLL,
	.sqe_flags = IOSQE_ASYNC,
	.fixed = true,
};

FIXTURE_VARIANT_ADD(uring, defer)
{
	.setup = IORING_SETUP_SINGLE_ISSUER |
		 IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(uring, defer_fixed)
{
	.setup = IORING_SETUP_SINGLE_ISSUER |
		 IORING_SETUP_DEFER_TASKRUN,
	.fixed = true,
};

/* What is put into a table of one slot, and where else a file goes. */
#define SLOT		0
#define SLOT_SECOND	1

/* A ring with such a table, and @self's buffer. Returns 0 or -errno. */
static int make_ring(struct uring_data *self)
{
	struct iovec iov = { self->buf, 4096 };
	int err = ring_setup(&self->ring, 16, self->setup);

	if (!err)
		err = ring_slots(&self->ring, 2);
	if (!err)
		err = IO_REGISTER(&self->ring, IORING_REGISTER_BUFFERS, &iov, 1);
	if (!err)
		err = ring_buffer(&self->ring, RING_GROUP, self->buffers,
				  self->buf, 1);
	return err;
}

FIXTURE_SETUP(uring)
{
	int fds[2], err;

	REQUIRE_CAPSICUM();
	self->setup = variant->setup;
	self->sqe_flags = variant->sqe_flags;
	self->link = variant->link;
	self->fixed = variant->fixed;
	self->buf = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->buf != MAP_FAILED);
	self->buffers = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->buffers != MAP_FAILED);
	err = ring_setup(&self->other, 64, 0);
	if (err)
		SKIP(return, "no io_uring (%d)", err);
	ASSERT_EQ(0, make_ring(self));

	self->fd[FILE_] = tmp_file(NULL, 64);
	ASSERT_LE(0, self->fd[FILE_]);
	ASSERT_EQ(0, fsetxattr(self->fd[FILE_], ATTR, "v", 1, 0));
	self->fd[LOG] = tmp_file(NULL, 64);
	ASSERT_LE(0, self->fd[LOG]);
	ASSERT_EQ(0, fcntl(self->fd[LOG], F_SETFL, O_APPEND));
	/* Not in memory, where blocks stay. */
	self->fd[BLOCKS] = tmp_file(".", 0);
	ASSERT_LE(0, self->fd[BLOCKS]);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	self->fd[IN] = fds[0];
	self->pair_in = fds[1];
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	self->pair_out = fds[0];
	self->fd[OUT] = fds[1];
	self->fd[UDP] = bound_socket(AF_INET, SOCK_DGRAM, 0, &self->addr,
				     &self->len);
	ASSERT_LE(0, self->fd[UDP]);
	ASSERT_EQ(0, connect(self->fd[UDP], (void *)&self->addr, self->len));
	self->fd[LONER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, self->fd[LONER]);
	self->fd[LISTENER] = bound_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
					  0, &self->laddr, &self->llen);
	ASSERT_LE(0, self->fd[LISTENER]);
	ASSERT_EQ(0, listen(self->fd[LISTENER], 128));
	self->fd[NULL_DEV] = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd[NULL_DEV]);
	self->fd[RING] = self->other.fd;
}

FIXTURE_TEARDOWN(uring)
{
}

struct op {
	const char *name;
	uint8_t opcode;
	enum object object;
	const uint64_t *rights;
	uint64_t off;			/* 0, or HERE */
	unsigned int ioctl;
	int want;			/* see struct rights_op */
	int again;			/* what it gives when it was done before */
	enum { BOTH, NORMAL, FIXED } only;
	bool second;			/* the capability is the second file */
	bool addressed;			/* a send to an address */
	bool provided;			/* the buffer is of RING_GROUP */
	uint16_t ioprio;
	const char *attr;
	uint32_t cmd;			/* or the mode of FALLOCATE */
	int level;			/* of the option, with its name */
	int optname;
	int rw_flags;
};

#define HERE	((uint64_t)-1)

/* Each on its own object, with all that the operation can depend on. */
static const struct op ops[] = {
	{ "READ", IORING_OP_READ, FILE_, RIGHTS(CAP_READ), HERE },
	{ "READ at", IORING_OP_READ, FILE_, RIGHTS(CAP_PREAD) },
	{ "READ pipe", IORING_OP_READ, IN, RIGHTS(CAP_READ), HERE },
	{ "READV", IORING_OP_READV, FILE_, RIGHTS(CAP_READ), HERE },
	{ "READV at", IORING_OP_READV, FILE_, RIGHTS(CAP_PREAD) },
	{ "READ_FIXED", IORING_OP_READ_FIXED, FILE_, RIGHTS(CAP_READ), HERE },
	{ "READ_FIXED at", IORING_OP_READ_FIXED, FILE_, RIGHTS(CAP_PREAD) },
	{ "WRITE", IORING_OP_WRITE, FILE_, RIGHTS(CAP_WRITE), HERE },
	{ "WRITE at", IORING_OP_WRITE, FILE_, RIGHTS(CAP_PWRITE) },
	{ "WRITE pipe", IORING_OP_WRITE, OUT, RIGHTS(CAP_WRITE), HERE },
	{ "WRITEV", IORING_OP_WRITEV, FILE_, RIGHTS(CAP_WRITE), HERE },
	{ "WRITEV at", IORING_OP_WRITEV, FILE_, RIGHTS(CAP_PWRITE) },
	{ "WRITE_FIXED", IORING_OP_WRITE_FIXED, FILE_, RIGHTS(CAP_WRITE),
	  HERE },
	{ "WRITE_FIXED at", IORING_OP_WRITE_FIXED, FILE_, RIGHTS(CAP_PWRITE) },
	{ "WRITE append", IORING_OP_WRITE, LOG, RIGHTS(CAP_WRITE), HERE },
	{ "WRITEV append", IORING_OP_WRITEV, LOG, RIGHTS(CAP_WRITE), HERE },
	{ "WRITE_FIXED append", IORING_OP_WRITE_FIXED, LOG, RIGHTS(CAP_WRITE),
	  HERE },
	{ "WRITE no append", IORING_OP_WRITE, LOG, RIGHTS(CAP_PWRITE), HERE,
	  .rw_flags = RWF_NOAPPEND },
	{ "WRITEV no append", IORING_OP_WRITEV, LOG, RIGHTS(CAP_PWRITE), HERE,
	  .rw_flags = RWF_NOAPPEND },
	{ "WRITE_FIXED no append", IORING_OP_WRITE_FIXED, LOG,
	  RIGHTS(CAP_PWRITE), HERE, .rw_flags = RWF_NOAPPEND },
	{ "FSYNC", IORING_OP_FSYNC, FILE_, RIGHTS(CAP_FSYNC) },
	{ "SYNC_FILE_RANGE", IORING_OP_SYNC_FILE_RANGE, FILE_,
	  RIGHTS(CAP_FSYNC, CAP_SEEK) },
	{ "FALLOCATE", IORING_OP_FALLOCATE, FILE_, RIGHTS(CAP_PWRITE) },
	{ "FALLOCATE keep size", IORING_OP_FALLOCATE, FILE_, RIGHTS(CAP_PWRITE),
	  .cmd = FALLOC_FL_KEEP_SIZE },
	/* Not every file system knows these. */
	{ "FALLOCATE punch hole", IORING_OP_FALLOCATE, BLOCKS,
	  RIGHTS(CAP_PWRITE), .again = -EOPNOTSUPP,
	  .cmd = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE },
	{ "FALLOCATE zero", IORING_OP_FALLOCATE, BLOCKS, RIGHTS(CAP_PWRITE),
	  .again = -EOPNOTSUPP, .cmd = FALLOC_FL_ZERO_RANGE },
	{ "FALLOCATE insert", IORING_OP_FALLOCATE, BLOCKS, RIGHTS(CAP_PWRITE),
	  .again = -EOPNOTSUPP, .cmd = FALLOC_FL_INSERT_RANGE },
	{ "FALLOCATE collapse", IORING_OP_FALLOCATE, BLOCKS,
	  RIGHTS(CAP_PWRITE, CAP_FTRUNCATE), .again = -EOPNOTSUPP,
	  .cmd = FALLOC_FL_COLLAPSE_RANGE },
	{ "FADVISE", IORING_OP_FADVISE, FILE_, RIGHTS(CAP_READ) },
	{ "FTRUNCATE", IORING_OP_FTRUNCATE, FILE_, RIGHTS(CAP_FTRUNCATE) },
	{ "POLL_ADD", IORING_OP_POLL_ADD, IN, RIGHTS(CAP_EVENT) },
	{ "SPLICE from", IORING_OP_SPLICE, FILE_, RIGHTS(CAP_READ), HERE,
	  .second = true },
	{ "SPLICE from at", IORING_OP_SPLICE, FILE_, RIGHTS(CAP_PREAD),
	  .second = true },
	{ "SPLICE from pipe", IORING_OP_SPLICE, IN, RIGHTS(CAP_READ), HERE,
	  .second = true },
	{ "SPLICE to", IORING_OP_SPLICE, FILE_, RIGHTS(CAP_WRITE), HERE },
	{ "SPLICE to at", IORING_OP_SPLICE, FILE_, RIGHTS(CAP_PWRITE) },
	{ "SPLICE to pipe", IORING_OP_SPLICE, OUT, RIGHTS(CAP_WRITE), HERE },
	{ "TEE from", IORING_OP_TEE, IN, RIGHTS(CAP_READ), .second = true },
	{ "TEE to", IORING_OP_TEE, OUT, RIGHTS(CAP_WRITE) },
	{ "FGETXATTR", IORING_OP_FGETXATTR, FILE_, RIGHTS(CAP_EXTATTR_GET),
	  .only = NORMAL, .attr = ATTR },
	{ "FGETXATTR acl", IORING_OP_FGETXATTR, FILE_, RIGHTS(CAP_ACL_GET),
	  .only = NORMAL, .attr = ATTR_ACL, .want = -ENODATA },
	{ "FSETXATTR", IORING_OP_FSETXATTR, FILE_, RIGHTS(CAP_EXTATTR_SET),
	  .only = NORMAL, .attr = ATTR },
	{ "FSETXATTR acl", IORING_OP_FSETXATTR, FILE_, RIGHTS(CAP_ACL_SET),
	  .only = NORMAL, .attr = ATTR_ACL, .want = -EINVAL },
	{ "FSETXATTR times", IORING_OP_FSETXATTR, FILE_,
	  RIGHTS(CAP_EXTATTR_SET, CAP_FUTIMES), .only = NORMAL,
	  .attr = "user.cifs.creationtime" },
	{ "SEND", IORING_OP_SEND, UDP, RIGHTS(CAP_SEND) },
	{ "SEND to", IORING_OP_SEND, UDP, RIGHTS(CAP_SEND, CAP_CONNECT),
	  .addressed = true },
	{ "SEND provided", IORING_OP_SEND, UDP, RIGHTS(CAP_SEND),
	  .provided = true },
	{ "SEND bundle", IORING_OP_SEND, UDP, RIGHTS(CAP_SEND),
	  .provided = true, .ioprio = IORING_RECVSEND_BUNDLE },
	{ "SEND bundle to", IORING_OP_SEND, UDP, RIGHTS(CAP_SEND, CAP_CONNECT),
	  .provided = true, .ioprio = IORING_RECVSEND_BUNDLE,
	  .addressed = true },
	{ "SENDMSG", IORING_OP_SENDMSG, UDP, RIGHTS(CAP_SEND) },
	{ "SENDMSG to", IORING_OP_SENDMSG, UDP, RIGHTS(CAP_SEND, CAP_CONNECT),
	  .addressed = true },
	{ "SEND_ZC", IORING_OP_SEND_ZC, UDP, RIGHTS(CAP_SEND) },
	{ "SEND_ZC to", IORING_OP_SEND_ZC, UDP, RIGHTS(CAP_SEND, CAP_CONNECT),
	  .addressed = true },
	{ "SENDMSG_ZC", IORING_OP_SENDMSG_ZC, UDP, RIGHTS(CAP_SEND) },
	{ "SENDMSG_ZC to", IORING_OP_SENDMSG_ZC, UDP,
	  RIGHTS(CAP_SEND, CAP_CONNECT), .addressed = true },
	{ "RECV", IORING_OP_RECV, UDP, RIGHTS(CAP_RECV) },
	{ "RECV provided", IORING_OP_RECV, UDP, RIGHTS(CAP_RECV),
	  .provided = true },
	{ "RECV bundle", IORING_OP_RECV, UDP, RIGHTS(CAP_RECV),
	  .provided = true, .ioprio = IORING_RECVSEND_BUNDLE },
	{ "RECVMSG", IORING_OP_RECVMSG, UDP, RIGHTS(CAP_RECV) },
	{ "ACCEPT", IORING_OP_ACCEPT, LISTENER, RIGHTS(CAP_ACCEPT) },
	{ "BIND", IORING_OP_BIND, LONER, RIGHTS(CAP_BIND), .again = -EINVAL },
	{ "LISTEN", IORING_OP_LISTEN, LONER, RIGHTS(CAP_LISTEN) },
	{ "CONNECT", IORING_OP_CONNECT, UDP, RIGHTS(CAP_CONNECT) },
	{ "SHUTDOWN", IORING_OP_SHUTDOWN, UDP, RIGHTS(CAP_SHUTDOWN) },
	{ "URING_CMD inq", IORING_OP_URING_CMD, UDP, RIGHTS(CAP_IOCTL),
	  .ioctl = FIONREAD, .cmd = SOCKET_URING_OP_SIOCINQ },
	{ "URING_CMD outq", IORING_OP_URING_CMD, UDP, RIGHTS(CAP_IOCTL),
	  .ioctl = TIOCOUTQ, .cmd = SOCKET_URING_OP_SIOCOUTQ },
	{ "URING_CMD getsockopt", IORING_OP_URING_CMD, UDP,
	  RIGHTS(CAP_GETSOCKOPT), .cmd = SOCKET_URING_OP_GETSOCKOPT,
	  .level = SOL_SOCKET, .optname = SO_TYPE },
	{ "URING_CMD setsockopt", IORING_OP_URING_CMD, UDP,
	  RIGHTS(CAP_SETSOCKOPT), .cmd = SOCKET_URING_OP_SETSOCKOPT,
	  .level = SOL_SOCKET, .optname = SO_REUSEADDR },
	/* Other calls by the name of an option; only sockets' own are read. */
	{ "URING_CMD peer name", IORING_OP_URING_CMD, UDP,
	  RIGHTS(CAP_GETSOCKOPT, CAP_GETPEERNAME),
	  .cmd = SOCKET_URING_OP_GETSOCKOPT, .level = SOL_SOCKET,
	  .optname = SO_PEERNAME },
	{ "URING_CMD zero-copy receive", IORING_OP_URING_CMD, UDP,
	  RIGHTS(CAP_GETSOCKOPT, CAP_RECV), .want = -EOPNOTSUPP,
	  .cmd = SOCKET_URING_OP_GETSOCKOPT, .level = IPPROTO_TCP,
	  .optname = TCP_ZEROCOPY_RECEIVE },
	{ "URING_CMD", IORING_OP_URING_CMD, NULL_DEV, RIGHTS(CAP_IOCTL),
	  .ioctl = NULL_CMD, .cmd = NULL_CMD },
	{ "MSG_RING", IORING_OP_MSG_RING, RING, RIGHTS(CAP_IO_URING),
	  .only = NORMAL },
	/* Has no object that it fits, and a test of its own: see multishot. */
	{ "READ_MULTISHOT", IORING_OP_READ_MULTISHOT, IN, RIGHTS(CAP_READ),
	  HERE },
	{ "FIXED_FD_INSTALL", IORING_OP_FIXED_FD_INSTALL, FILE_, NO_RIGHTS,
	  .only = FIXED },
};

/* Those that take no file: their descriptors, if any, are looked up beneath. */
static const uint8_t no_file[] = {
	IORING_OP_NOP, IORING_OP_POLL_REMOVE, IORING_OP_TIMEOUT,
	IORING_OP_TIMEOUT_REMOVE, IORING_OP_ASYNC_CANCEL,
	IORING_OP_LINK_TIMEOUT, IORING_OP_OPENAT, IORING_OP_CLOSE,
	IORING_OP_FILES_UPDATE, IORING_OP_STATX, IORING_OP_MADVISE,
	IORING_OP_OPENAT2, IORING_OP_EPOLL_CTL, IORING_OP_PROVIDE_BUFFERS,
	IORING_OP_REMOVE_BUFFERS, IORING_OP_RENAMEAT, IORING_OP_UNLINKAT,
	IORING_OP_MKDIRAT, IORING_OP_SYMLINKAT, IORING_OP_LINKAT,
	IORING_OP_SETXATTR, IORING_OP_GETXATTR, IORING_OP_SOCKET,
	IORING_OP_WAITID, IORING_OP_FUTEX_WAIT, IORING_OP_FUTEX_WAKE,
	IORING_OP_FUTEX_WAITV,
};

struct run {
	struct uring_data *self;
	const struct op *op;
};

static void fill_rw(struct uring_data *self, const struct op *o,
		    struct io_uring_sqe *sqe)
{
	self->iov = (struct iovec){ self->buf, 4 };
	sqe->off = o->off;
	sqe->addr = (uintptr_t)self->buf;
	sqe->len = 4;
	sqe->rw_flags = o->rw_flags;
	if (o->opcode == IORING_OP_READV || o->opcode == IORING_OP_WRITEV) {
		sqe->addr = (uintptr_t)&self->iov;
		sqe->len = 1;
	}
}

static void fill_splice(struct uring_data *self, const struct op *o,
			struct io_uring_sqe *sqe, int fd)
{
	bool tee = o->opcode == IORING_OP_TEE;

	sqe->len = 1;
	sqe->off = tee ? 0 : HERE;
	sqe->splice_off_in = tee ? 0 : HERE;
	if (o->second) {
		sqe->fd = self->fd[OUT];
		sqe->splice_fd_in = fd;
		if (!tee)
			sqe->splice_off_in = o->off;
	} else {
		sqe->fd = fd;
		sqe->splice_fd_in = self->fd[IN];
		if (!tee)
			sqe->off = o->off;
	}
}

static void fill_send(struct uring_data *self, const struct op *o,
		      struct io_uring_sqe *sqe)
{
	sqe->ioprio = o->ioprio;
	if (o->provided) {
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = RING_GROUP;
	} else {
		sqe->addr = (uintptr_t)self->buf;
		sqe->len = 1;
	}
	switch (o->opcode) {
	case IORING_OP_SEND:
	case IORING_OP_SEND_ZC:
		if (o->addressed) {
			sqe->addr2 = (uintptr_t)&self->addr;
			sqe->addr_len = self->len;
		}
		break;
	case IORING_OP_RECV:
		sqe->msg_flags = MSG_DONTWAIT;
		break;
	default:
		if (o->opcode == IORING_OP_RECVMSG)
			sqe->msg_flags = MSG_DONTWAIT;
		self->iov = (struct iovec){ self->buf, 1 };
		self->msg = (struct msghdr){
			.msg_name = o->addressed ? &self->addr : NULL,
			.msg_namelen = o->addressed ? self->len : 0,
			.msg_iov = &self->iov,
			.msg_iovlen = 1,
		};
		sqe->addr = (uintptr_t)&self->msg;
	}
}

static void fill(struct uring_data *self, const struct op *o,
		 struct io_uring_sqe *sqe, int fd)
{
	static const int one = 1;

	*sqe = (struct io_uring_sqe){ .opcode = o->opcode, .fd = fd };
	switch (o->opcode) {
	case IORING_OP_READ:
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
		fill_rw(self, o, sqe);
		break;
	case IORING_OP_READ_MULTISHOT:
		sqe->off = o->off;
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = BUFFER_GROUP;
		break;
	case IORING_OP_SYNC_FILE_RANGE:
		sqe->len = 4;
		break;
	case IORING_OP_FALLOCATE:
		sqe->addr = BLOCK;
		sqe->len = o->cmd;
		break;
	case IORING_OP_FADVISE:
		sqe->fadvise_advice = POSIX_FADV_WILLNEED;
		break;
	case IORING_OP_FTRUNCATE:
		sqe->off = 32;
		break;
	case IORING_OP_POLL_ADD:
		sqe->poll32_events = POLLIN;
		break;
	case IORING_OP_SPLICE:
	case IORING_OP_TEE:
		fill_splice(self, o, sqe, fd);
		break;
	case IORING_OP_FGETXATTR:
	case IORING_OP_FSETXATTR:
		sqe->addr = (uintptr_t)o->attr;
		sqe->addr2 = (uintptr_t)self->buf;
		sqe->len = 1;
		break;
	case IORING_OP_BIND:
		any_address(AF_INET, (void *)self->buf);
		sqe->addr = (uintptr_t)self->buf;
		sqe->addr2 = sizeof(struct sockaddr_in);
		break;
	case IORING_OP_CONNECT:
		sqe->addr = (uintptr_t)&self->addr;
		sqe->off = self->len;
		break;
	case IORING_OP_LISTEN:
		sqe->len = 4;
		break;
	case IORING_OP_SHUTDOWN:
		sqe->len = SHUT_WR;
		break;
	case IORING_OP_URING_CMD:
		sqe->cmd_op = o->cmd;
		if (!o->optname)
			break;
		memcpy(self->buf, &one, sizeof(one));
		sqe->level = o->level;
		sqe->optname = o->optname;
		sqe->optval = (uintptr_t)self->buf;
		sqe->optlen = sizeof(one);
		break;
	case IORING_OP_SEND:
	case IORING_OP_SENDMSG:
	case IORING_OP_SEND_ZC:
	case IORING_OP_SENDMSG_ZC:
	case IORING_OP_RECV:
	case IORING_OP_RECVMSG:
		fill_send(self, o, sqe);
		break;
	}
}

/*
 * The notification of a zero-copy send is a completion that no entry has asked
 * for. A request that waits for the others to end does so by comparing how many
 * there were of each, and waits for ever from then on (on any kernel): such a
 * send gets a ring that nothing comes after.
 */
static int last_of_ring(struct uring_data *self, const struct op *o)
{
	if (!(self->sqe_flags & IOSQE_IO_DRAIN) ||
	    (o->opcode != IORING_OP_SEND_ZC &&
	     o->opcode != IORING_OP_SENDMSG_ZC))
		return 0;
	ring_free(&self->ring);
	return make_ring(self);
}

/* Take it, as the test that @self is for takes it. */
static int run(struct uring_data *self, const struct op *o, int fd)
{
	struct io_uring_sqe sqe;
	int ret;

	if (self->fixed) {
		ret = ring_slot(&self->ring, SLOT, fd);
		if (ret)
			return -EPROTO;
	}
	fill(self, o, &sqe, self->fixed ? SLOT : fd);
	if (self->fixed && o->second)
		sqe.splice_flags = SPLICE_F_FD_IN_FIXED;
	else if (self->fixed)
		sqe.flags |= IOSQE_FIXED_FILE;
	sqe.flags |= self->sqe_flags;
	ret = ring_do(&self->ring, sqe, self->link);
	if (o->provided && ret > 0)
		ring_buffer_again(self->buffers);
	/* What is in the table lives on when the descriptor is closed. */
	if (self->fixed && ring_slot(&self->ring, SLOT, -1))
		return -EPROTO;
	return last_of_ring(self, o) ? -EPROTO : ret;
}

static int queued(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) ? -errno : n;
}

static void op_prepare(void *arg)
{
	struct run *r = arg;
	struct uring_data *self = r->self;
	char buf[64];
	int fd;

	switch (r->op->object) {
	case FILE_:
	case LOG:
		fd = self->fd[r->op->object];
		if (ftruncate(fd, 64) || lseek(fd, 0, SEEK_SET))
			abort();
		break;
	case BLOCKS:
		fd = self->fd[BLOCKS];
		if (ftruncate(fd, 0) || pwrite(fd, "b", 1, 0) != 1 ||
		    ftruncate(fd, 2 * BLOCK))
			abort();
		break;
	case UDP:
		if (queued(self->fd[UDP]) <= 0)
			send(self->fd[UDP], "u", 1, 0);
		break;
	case LISTENER:
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (void *)&self->laddr, self->llen))
			abort();
		/* What is accepted later need not be open. */
		close(fd);
		break;
	default:
		break;
	}
	if (queued(self->fd[IN]) <= 0 && write(self->pair_in, "p", 1) != 1)
		abort();
	while (read(self->pair_out, buf, sizeof(buf)) > 0)
		;
}

static uint64_t op_state(void *arg)
{
	struct run *r = arg;
	struct uring_data *self = r->self;
	uint64_t h = file_state(self->fd[FILE_]);

	MIX(h, file_state(self->fd[LOG]));
	if (r->op->object == BLOCKS)
		MIX(h, file_state(self->fd[BLOCKS]));
	MIX(h, queued(self->fd[IN]));
	MIX(h, queued(self->pair_out));
	MIX(h, queued(self->fd[UDP]));
	MIX(h, has_address(self->fd[LONER]));
	return h;
}

/* What has been written is at the end, or where it was asked to be. */
static int appended(int fd, bool at_the_end)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return st.st_size == (at_the_end ? 64 + 4 : 64) ? 0 : -EPROTO;
}

/* A block has been taken out, or put in; or what is there is as long as before. */
static int allocated(int fd, unsigned int mode)
{
	const off_t size = mode & FALLOC_FL_COLLAPSE_RANGE ? BLOCK :
			   mode & FALLOC_FL_INSERT_RANGE ? 3 * BLOCK :
							   2 * BLOCK;
	struct stat st;
	char c = 0;

	if (fstat(fd, &st) || pread(fd, &c, 1, 0) != 1)
		return -errno;
	/* All of them are about the first one, which had it. */
	return st.st_size == size && !c ? 0 : -EPROTO;
}

/* A socket that was accepted is limited as the one it was accepted from. */
static int accepted(int fd, int listener)
{
	struct limits l, a;
	int err = 0;

	if (get_limits(listener, &l) || get_limits(fd, &a) || !limits_eq(&l, &a))
		err = -EPROTO;
	close(fd);
	return err;
}

static int op_run(int fd, void *arg)
{
	struct run *r = arg;
	int ret = run(r->self, r->op, fd);

	if (ret >= 0 && r->op->opcode == IORING_OP_ACCEPT)
		return accepted(ret, fd);
	if (ret >= 0 && r->op->object == LOG)
		return appended(r->self->fd[LOG],
				!(r->op->rw_flags & RWF_NOAPPEND));
	if (ret >= 0 && r->op->object == BLOCKS)
		return allocated(r->self->fd[BLOCKS], r->op->cmd);
	if (ret < 0 && ret == r->op->again)
		return 0;
	return ret;
}

TEST_F(uring, rights)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *o = &ops[i];
		struct run r = { self, o };

		if (o->opcode == IORING_OP_READ_MULTISHOT ||
		    o->opcode == IORING_OP_FIXED_FD_INSTALL ||
		    (self->fixed && o->only == NORMAL))
			continue;
		/* Workers send no bundles. */
		if (o->opcode == IORING_OP_SEND && o->ioprio && self->sqe_flags)
			continue;
		RIGHTS_OP(self->fd[o->object], .name = o->name, .op = op_run,
			  .rights = o->rights, .ioctl = o->ioctl,
			  .want = o->want, .prepare = op_prepare,
			  .state = op_state, .ctx = &r);
	}
	/* What is said above has been done. */
	EXPECT_TRUE(has_address(self->fd[LONER]));
}

/*
 * Without any right no operation does anything. And every opcode that there is
 * has been judged: whoever adds one comes past here.
 */
TEST_F(uring, every_opcode)
{
	union {
		struct io_uring_probe p;
		char room[sizeof(struct io_uring_probe) +
			  256 * sizeof(struct io_uring_probe_op)];
	} probe = {};
	unsigned int i, op;

	ASSERT_EQ(0, IO_REGISTER(&self->ring, IORING_REGISTER_PROBE, &probe,
				 256));
	for (op = 0; op <= probe.p.last_op; op++) {
		bool judged = false;

		for (i = 0; i < ARRAY_SIZE(no_file); i++)
			judged |= no_file[i] == op;
		for (i = 0; i < ARRAY_SIZE(ops); i++) {
			const struct op *o = &ops[i];
			struct run r = { self, o };
			uint64_t before;
			int cap;

			if (o->opcode != op)
				continue;
			judged = true;
			if (o->only == (self->fixed ? NORMAL : FIXED))
				continue;
			cap = limit_list(self->fd[o->object], NO_RIGHTS);
			ASSERT_LE(0, cap);
			op_prepare(&r);
			before = op_state(&r);
			if (o->rights[0]) {
				EXPECT_EQ(-ENOTCAPABLE, run(self, o, cap))
					TH_LOG("%s", o->name);
			} else {
				int ret = run(self, o, cap);

				EXPECT_LE(0, ret);
				EXPECT_EQ(0, accepted(ret, cap));
			}
			EXPECT_EQ(before, op_state(&r));
			close(cap);
		}
		EXPECT_TRUE(judged)
			TH_LOG("opcode %u: which rights does it take?", op);
	}
}

/*
 * Many completions of one request: the file is looked up once, and what comes
 * of it is what the capability allowed then.
 */
TEST_F(uring, read_multishot)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_PROVIDE_BUFFERS,
		.fd = 4,			/* how many */
		.addr = (uintptr_t)self->buf,
		.len = 8,
		.buf_group = BUFFER_GROUP,
	};
	const struct op *o = &ops[ARRAY_SIZE(ops) - 2];
	int cap, unable, i;
	struct io_uring_cqe cqe;
	struct cap_rights none;
	char c;

	ASSERT_EQ(IORING_OP_READ_MULTISHOT, o->opcode);
	if (self->sqe_flags || self->link)
		SKIP(return, "a worker reads but once");
	ASSERT_LE(0, ring_do(&self->ring, sqe, false));
	unable = limit_all_but(self->fd[IN], CAP_READ);
	ASSERT_LE(0, unable);
	ASSERT_EQ(1, write(self->pair_in, "m", 1));
	EXPECT_EQ(-ENOTCAPABLE, run(self, o, unable));
	EXPECT_EQ(1, queued(self->fd[IN]));

	cap = limit_to(self->fd[IN], CAP_READ);
	ASSERT_LE(0, cap);
	if (self->fixed)
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
	fill(self, o, &sqe, self->fixed ? SLOT : cap);
	if (self->fixed)
		sqe.flags |= IOSQE_FIXED_FILE;
	sqe.user_data = UD_WANTED;
	ring_queue(&self->ring, &sqe);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
		EXPECT_EQ(1, cqe.res);
		ASSERT_TRUE(cqe.flags & IORING_CQE_F_MORE);
		/* None of these takes the file from it. */
		if (i == 0) {
			rights_none(&none);
			ASSERT_EQ(0, limit_fd(cap, &none));
		} else if (i == 1) {
			close(cap);
			if (self->fixed)
				ASSERT_EQ(0, ring_slot(&self->ring, SLOT, -1));
		}
		ASSERT_EQ(1, write(self->pair_in, "m", 1));
	}
	ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
	EXPECT_EQ(1, cqe.res);
	EXPECT_EQ(-EAGAIN, RET(read(self->fd[IN], &c, 1)));
}

TEST_F(uring, accept_multishot)
{
	struct run r = { self, &(struct op){ .object = LISTENER } };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_ACCEPT,
		.ioprio = IORING_ACCEPT_MULTISHOT,
		.flags = self->sqe_flags,
		.user_data = UD_WANTED,
	};
	int cap, same, i;
	struct io_uring_cqe cqe;
	struct cap_rights none;

	cap = limit_to(self->fd[LISTENER], CAP_ACCEPT, CAP_READ, CAP_EVENT);
	ASSERT_LE(0, cap);
	same = RET(fcntl(cap, F_DUPFD_CLOEXEC, 3));
	ASSERT_LE(0, same);
	sqe.fd = cap;
	if (self->fixed) {
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
		sqe.fd = SLOT;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	ring_queue(&self->ring, &sqe);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	for (i = 0; i < 4; i++) {
		op_prepare(&r);
		ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
		ASSERT_LE(0, cqe.res);
		EXPECT_EQ(0, accepted(cqe.res, same));
		ASSERT_TRUE(cqe.flags & IORING_CQE_F_MORE);
		/* The limits are those that it was asked for with. */
		if (i == 0) {
			rights_none(&none);
			ASSERT_EQ(0, limit_fd(cap, &none));
		} else if (i == 1) {
			close(cap);
			if (self->fixed)
				ASSERT_EQ(0, ring_slot(&self->ring, SLOT, -1));
		}
	}
}

/* Into the table instead of a descriptor. */
TEST_F(uring, accept_direct)
{
	struct run r = { self, &(struct op){ .object = LISTENER } };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_ACCEPT,
		.file_index = SLOT_SECOND + 1,
		.flags = self->sqe_flags,
	};
	int cap, fd;

	cap = limit_to(self->fd[LISTENER], CAP_ACCEPT, CAP_FSTAT);
	ASSERT_LE(0, cap);
	sqe.fd = cap;
	if (self->fixed) {
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
		sqe.fd = SLOT;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	op_prepare(&r);
	ASSERT_EQ(0, ring_do(&self->ring, sqe, self->link));
	/* Its slot is a limited one: it is not to be read from. */
	EXPECT_EQ(-ENOTCAPABLE, ring_do(&self->ring, (struct io_uring_sqe){
		.opcode = IORING_OP_RECV,
		.flags = IOSQE_FIXED_FILE,
		.fd = SLOT_SECOND,
		.addr = (uintptr_t)self->buf,
		.len = 1,
	}, false));
	fd = ring_install(&self->ring, SLOT_SECOND);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, accepted(fd, cap));
}

/* The peer's process would come without limits: getsockopt() is for that. */
TEST_F(uring, peer_pidfd)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_URING_CMD,
		.cmd_op = SOCKET_URING_OP_GETSOCKOPT,
		.level = SOL_SOCKET,
		.optname = SO_PEERPIDFD,
		.optval = (uintptr_t)self->buf,
		.optlen = sizeof(int),
		.flags = self->sqe_flags,
	};
	int sv[2], before, cap;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	cap = limit_all(sv[0]);
	ASSERT_LE(0, cap);
	before = dup(0);
	close(before);
	sqe.fd = cap;
	if (self->fixed) {
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
		sqe.fd = SLOT;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	EXPECT_EQ(-ENOTCAPABLE, ring_do(&self->ring, sqe, self->link));
	EXPECT_EQ(before, dup(0));
	close(before);

	/* An ordinary one is told, and another option of the capability. */
	sqe.optname = SO_TYPE;
	EXPECT_EQ(sizeof(int), ring_do(&self->ring, sqe, self->link));
	sqe.optname = SO_PEERPIDFD;
	sqe.flags &= ~IOSQE_FIXED_FILE;
	sqe.fd = sv[0];
	EXPECT_EQ(sizeof(int), ring_do(&self->ring, sqe, self->link));
	EXPECT_EQ(before, *(int *)self->buf);
}

/* A poll that waits: it is woken, and can be cancelled by any descriptor. */
TEST_F(uring, cancel)
{
	struct io_uring_sqe poll = {
		.opcode = IORING_OP_POLL_ADD,
		.poll32_events = POLLIN,
		.user_data = UD_OTHER,
	};
	struct io_uring_sqe cancel = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.cancel_flags = IORING_ASYNC_CANCEL_FD,
		/* One that waits for the others to end ends none. */
		.flags = self->sqe_flags & ~IOSQE_IO_DRAIN,
		.user_data = UD_WANTED,
	};
	struct io_uring_sync_cancel_reg reg = {
		.flags = IORING_ASYNC_CANCEL_FD,
		.timeout = { -1, -1 },
	};
	struct io_uring_cqe cqe[2];
	int cap, bare, i;

	cap = limit_to(self->fd[IN], CAP_EVENT);
	ASSERT_LE(0, cap);
	/* It names a request of one's own: no right is needed. */
	bare = limit_list(self->fd[IN], NO_RIGHTS);
	ASSERT_LE(0, bare);
	ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
	ASSERT_EQ(0, ring_slot(&self->ring, SLOT_SECOND, bare));
	if (self->fixed) {
		poll.fd = SLOT;
		poll.flags = IOSQE_FIXED_FILE;
		cancel.fd = SLOT_SECOND;
		cancel.cancel_flags |= IORING_ASYNC_CANCEL_FD_FIXED;
		reg.fd = SLOT_SECOND;
		reg.flags |= IORING_ASYNC_CANCEL_FD_FIXED;
	} else {
		poll.fd = cap;
		cancel.fd = bare;
		reg.fd = bare;
	}

	ring_queue(&self->ring, &poll);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	/* Sent, and not only queued: something else has been done since. */
	ASSERT_EQ(0, ring_do(&self->other, (struct io_uring_sqe){}, false));
	ring_queue(&self->ring, &cancel);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, ring_wait(&self->ring, &cqe[i]));
	i = cqe[1].user_data == UD_WANTED;
	EXPECT_EQ(0, cqe[i].res);
	EXPECT_EQ(-ECANCELED, cqe[!i].res);

	/* At once, by io_uring_register(). */
	ring_queue(&self->ring, &poll);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	do {
		i = IO_REGISTER(&self->ring, IORING_REGISTER_SYNC_CANCEL, &reg,
				1);
	} while (i == -ENOENT && self->ring.flags & IORING_SETUP_SQPOLL);
	EXPECT_EQ(0, i);
	ASSERT_EQ(0, ring_wait(&self->ring, &cqe[0]));
	EXPECT_EQ(-ECANCELED, cqe[0].res);

	reg.fd = -1;
	EXPECT_EQ(-EBADF, IO_REGISTER(&self->ring, IORING_REGISTER_SYNC_CANCEL,
				      &reg, 1));
}

/*
 * The file of a request that waits for another one is looked up when its turn
 * comes, with the limits of then.
 */
TEST_F(uring, held)
{
	struct io_uring_sqe first = {
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->fd[IN],
		.poll32_events = POLLIN,
		.flags = IOSQE_IO_LINK,
		.user_data = UD_OTHER,
	};
	struct io_uring_sqe second = {
		.opcode = IORING_OP_READ,
		.flags = self->sqe_flags & ~IOSQE_IO_DRAIN,
		.addr = (uintptr_t)self->buf,
		.len = 4,
		.user_data = UD_WANTED,
	};
	int cap = limit_to(self->fd[FILE_], CAP_PREAD, CAP_FSTAT), i;
	struct io_uring_cqe cqe;
	struct cap_rights set;

	ASSERT_LE(0, cap);
	second.fd = cap;
	if (self->fixed) {
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
		second.fd = SLOT;
		second.flags |= IOSQE_FIXED_FILE;
	}
	ring_queue_all(&self->ring,
		       (struct io_uring_sqe[]){ first, second }, 2);
	ASSERT_EQ(0, ring_send(&self->ring, 2));

	rights_list(&set, RIGHTS(CAP_FSTAT));
	ASSERT_EQ(0, limit_fd(cap, &set));
	if (self->fixed)
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
	ASSERT_EQ(1, write(self->pair_in, "p", 1));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
		EXPECT_EQ(cqe.user_data == UD_WANTED ? -ENOTCAPABLE : POLLIN,
			  cqe.res);
	}
	EXPECT_EQ(0, self->buf[0]);
}

/* What waits for input has its file, whatever becomes of descriptor and slot. */
TEST_F(uring, in_flight)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = self->sqe_flags,
		.off = HERE,
		.addr = (uintptr_t)self->buf,
		.len = 4,
		.user_data = UD_WANTED,
	};
	int cap, fds[2];
	struct io_uring_cqe cqe;
	struct cap_rights none;

	/* A pipe that blocks: a worker has to wait in it. */
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	cap = limit_to(fds[0], CAP_READ);
	ASSERT_LE(0, cap);
	close(fds[0]);
	sqe.fd = cap;
	if (self->fixed) {
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, cap));
		sqe.fd = SLOT;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	ring_queue(&self->ring, &sqe);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	/*
	 * Somebody else may not have come to it yet, and then it is refused:
	 * look whether it has by what it does, which is to take a byte.
	 */
	ASSERT_EQ(1, write(fds[1], "1", 1));
	ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
	ASSERT_EQ(1, cqe.res);
	if (self->ring.flags & IORING_SETUP_SQPOLL || self->sqe_flags)
		SKIP(return, "when another thread looks a file up is not known");

	ring_queue(&self->ring, &sqe);
	ASSERT_EQ(0, ring_send(&self->ring, 1));
	rights_none(&none);
	ASSERT_EQ(0, limit_fd(cap, &none));
	close(cap);
	if (self->fixed)
		ASSERT_EQ(0, ring_slot(&self->ring, SLOT, -1));
	ASSERT_EQ(1, write(fds[1], "2", 1));
	ASSERT_EQ(0, ring_wait(&self->ring, &cqe));
	EXPECT_EQ(1, cqe.res);
	EXPECT_EQ('2', self->buf[0]);
}

/* ---- a ring that polls the device itself ---- */

struct polled {
	struct ring ring;
	bool fixed;
	off_t off;
	char first;	/* of what is there */
	char *page;
};

static int op_read_polled(int fd, void *arg)
{
	struct polled *p = arg;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = p->fixed ? IOSQE_FIXED_FILE : 0,
		.fd = p->fixed ? SLOT : fd,
		.off = p->off,
		.addr = (uintptr_t)p->page,
		.len = BLOCK,
	};
	int ret;

	p->page[0] = '-';
	if (p->fixed && ring_slot(&p->ring, SLOT, fd))
		return -EPROTO;
	ret = ring_do(&p->ring, sqe, false);
	if (p->page[0] != (ret == BLOCK ? p->first : '-'))
		return -EPROTO;
	/* The ring goes on. */
	if (ring_do(&p->ring, (struct io_uring_sqe){ }, false))
		return -EPROTO;
	return ret;
}

/*
 * A hole takes no device. For the rest it has to be one that can be polled (of
 * virtio_blk it is a parameter), but who may not does not get as far as that.
 */
TEST(iopoll)
{
	struct polled p = {};
	int fd, i, want;

	REQUIRE_CAPSICUM();
	fd = tmp_file(".", 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 2 * BLOCK));
	ASSERT_EQ(0, fsync(fd));
	i = ring_setup(&p.ring, 4, IORING_SETUP_IOPOLL);
	if (i || fcntl(fd, F_SETFL, O_DIRECT))
		SKIP(return, "no io_uring that polls (%d), or no O_DIRECT", i);
	ASSERT_EQ(0, ring_slots(&p.ring, 1));
	p.page = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p.page != MAP_FAILED);
	for (i = 0; i < 4; i++) {
		p.fixed = i & 1;
		p.off = i & 2 ? 0 : BLOCK;
		p.first = i & 2 ? 'a' : 0;
		want = op_read_polled(fd, &p);
		if (i == 0 && want == -EOPNOTSUPP)
			SKIP(return, "nothing to be polled here");
		if (want != -EOPNOTSUPP || p.off)
			EXPECT_EQ(BLOCK, want);
		RIGHTS_OP(fd, .name = "READ, polled", .op = op_read_polled,
			  .rights = RIGHTS(CAP_PREAD),
			  .want = want < 0 ? want : 0, .ctx = &p);
	}
	munmap(p.page, BLOCK);
	ring_free(&p.ring);
	close(fd);
}

struct racing {
	int victim, wide, narrow;
	bool stop;
};

static void *racer(void *arg)
{
	struct racing *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		dup3(r->wide, r->victim, O_CLOEXEC);
		dup3(r->narrow, r->victim, O_CLOEXEC);
	}
	return NULL;
}

/* Limits that change all the while: one of the two answers, and no other. */
TEST_F(uring, race)
{
	struct racing r = {};
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = self->sqe_flags,
		.addr = (uintptr_t)self->buf,
		.len = 4,
	};
	pthread_t thread;
	int i, ret, bad = 0;

	r.wide = limit_to(self->fd[FILE_], CAP_PREAD);
	r.narrow = limit_to(self->fd[FILE_], CAP_READ);
	r.victim = RET(fcntl(r.wide, F_DUPFD_CLOEXEC, 3));
	ASSERT_LE(0, r.victim);
	sqe.fd = r.victim;
	if (self->fixed) {
		sqe.fd = SLOT;
		sqe.flags |= IOSQE_FIXED_FILE;
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, racer, &r));
	for (i = 0; i < 300; i++) {
		if (self->fixed && ring_slot(&self->ring, SLOT, r.victim))
			bad++;
		ret = ring_do(&self->ring, sqe, self->link);
		if (ret != 4 && ret != -ENOTCAPABLE)
			bad++;
	}
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, bad);
}

TEST_HARNESS_MAIN
