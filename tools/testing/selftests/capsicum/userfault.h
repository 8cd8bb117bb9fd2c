/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: memory that is there when the test says so.
 */
#ifndef _SELFTESTS_CAPSICUM_USERFAULT_H
#define _SELFTESTS_CAPSICUM_USERFAULT_H

#include "common.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static inline bool have_userfault(void)
{
	return syscall(__NR_userfaultfd, -1) == -1 && errno == EINVAL;
}

/* A descriptor that answers for what is missing of the pages at @p, or -errno. */
static inline int userfault_register(void *p, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)p, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = RET(syscall(__NR_userfaultfd, O_CLOEXEC));
	int err;

	if (fd < 0)
		return fd;
	err = RET(ioctl(fd, UFFDIO_API, &api));
	if (!err)
		err = RET(ioctl(fd, UFFDIO_REGISTER, &reg));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* A page that is not there before who has the descriptor puts it there. */
static inline int missing_page(size_t size, void **page)
{
	*page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*page == MAP_FAILED)
		return -errno;
	return userfault_register(*page, size);
}

/* Waits for somebody who wants a page, and says for which; 0 or -errno. */
static inline int userfault_wait(int fd, uint64_t *addr)
{
	struct uffd_msg msg;
	ssize_t n = RET(read(fd, &msg, sizeof(msg)));

	if (n != sizeof(msg) || msg.event != UFFD_EVENT_PAGEFAULT)
		return n < 0 ? n : -EPROTO;
	*addr = msg.arg.pagefault.address;
	return 0;
}

/* Puts the page with @addr there, a copy of @content; 0 or -errno. */
static inline int userfault_fill(int fd, uint64_t addr, const void *content,
				 size_t size)
{
	struct uffdio_copy copy = {
		.dst = addr & -(uint64_t)size,
		.src = (uintptr_t)content,
		.len = size,
	};

	return RET(ioctl(fd, UFFDIO_COPY, &copy));
}

#endif /* _SELFTESTS_CAPSICUM_USERFAULT_H */
