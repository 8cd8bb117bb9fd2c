/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: files of the kernel, and what is written there.
 */
#ifndef _SELFTESTS_CAPSICUM_ENTRIES_H
#define _SELFTESTS_CAPSICUM_ENTRIES_H

#include "capmode.h"
#include "victims.h"

#include <linux/aio_abi.h>
#include <sys/sendfile.h>

/* What is written where; a "%d" becomes @pid, or one's own when that is 0. */
struct entry {
	int dir;
	const char *name;
	const char *text;
	pid_t pid;
};

static inline int write_entry(void *arg)
{
	const struct entry *e = arg;
	char text[64];
	int fd, ret;

	if (snprintf(text, sizeof(text), e->text, e->pid ? e->pid : getpid()) >=
	    (int)sizeof(text))
		return -E2BIG;
	fd = RET(openat(e->dir, e->name, O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = RET(write(fd, text, strlen(text)));
	close(fd);
	return ret < 0 ? ret : 0;
}

/* By which a text gets into a file that is open, from the file's beginning. */
enum road {
	BY_WRITE,
	BY_RING,	/* by one of io_uring's workers */
	BY_AIO,
	BY_SENDFILE,
	BY_SPLICE,
	ROADS
};

static inline int aio_write(int fd, const char *text)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)text,
		.aio_nbytes = strlen(text),
	};
	struct iocb *list[1] = { &cb };
	struct io_event event = {};
	aio_context_t ctx = 0;
	int ret;

	ret = RET(syscall(__NR_io_setup, 1, &ctx));
	if (ret < 0)
		return ret;
	ret = RET(syscall(__NR_io_submit, ctx, 1, list));
	if (ret == 1)
		ret = RET(syscall(__NR_io_getevents, ctx, 1, 1, &event, NULL));
	syscall(__NR_io_destroy, ctx);
	return ret < 0 ? ret : (int)event.res;
}

/* From a pipe that holds the text, or a file of it. */
static inline int move_text(int fd, const char *text, bool file)
{
	const size_t len = strlen(text);
	int from[2], ret = -EIO;
	loff_t off = 0;

	if (file) {
		from[0] = RET(memfd_create("text", MFD_CLOEXEC));
		if (from[0] < 0)
			return from[0];
		from[1] = from[0];
	} else if (pipe2(from, O_CLOEXEC)) {
		return -errno;
	}
	if (write(from[1], text, len) == (ssize_t)len) {
		off_t begin = 0;

		lseek(fd, 0, SEEK_SET);
		ret = file ? RET(sendfile(fd, from[0], &begin, len)) :
			     RET(splice(from[0], NULL, fd, &off, len, 0));
	}
	close(from[0]);
	if (!file)
		close(from[1]);
	return ret;
}

/* Returns 0 or -errno. */
static inline int write_by(enum road road, int fd, const char *text)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE,
		.flags = IOSQE_ASYNC,
		.fd = fd,
		.addr = (uintptr_t)text,
		.len = strlen(text),
	};
	int ret;

	switch (road) {
	case BY_WRITE:
		ret = RET(pwrite(fd, text, strlen(text), 0));
		/* Some know no places. */
		if (ret == -ESPIPE)
			ret = RET(write(fd, text, strlen(text)));
		break;
	case BY_RING:
		ret = ring_once(&sqe);
		break;
	case BY_AIO:
		ret = aio_write(fd, text);
		break;
	default:
		ret = move_text(fd, text, road == BY_SENDFILE);
	}
	return ret < 0 ? ret : 0;
}

/* What is written by a descriptor that was opened for it before. */
struct opened {
	int fd;
	const char *text;
	enum road road;
};

static inline int write_opened(void *arg)
{
	const struct opened *o = arg;

	return write_by(o->road, o->fd, o->text);
}

/* write_text() - the same without a struct; the text is a format all the same */
static inline int write_text(int dir, const char *name, const char *text)
{
	struct entry e = { .dir = dir, .name = name, .text = text };

	return write_entry(&e);
}

static inline int write_in_thread(void *arg)
{
	return in_thread(write_entry, arg);
}

/* What a file says, for comparison: 0 for nothing, ~0 when it cannot be read. */
static inline uint64_t says(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t n = read(fd, text, sizeof(text));
	uint64_t h = n < 0 ? ~0ULL : 0;

	if (fd >= 0)
		close(fd);
	while (n-- > 0)
		MIX(h, text[n]);
	return h;
}

static inline int open_dir(const char *path)
{
	return RET(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

#endif /* _SELFTESTS_CAPSICUM_ENTRIES_H */
