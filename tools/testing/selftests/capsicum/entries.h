/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: files of the kernel, and what is written there.
 */
#ifndef _SELFTESTS_CAPSICUM_ENTRIES_H
#define _SELFTESTS_CAPSICUM_ENTRIES_H

#include "capmode.h"
#include "victims.h"

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

	fd = RET(openat(e->dir, e->name, O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	snprintf(text, sizeof(text), e->text, e->pid ? e->pid : getpid());
	ret = RET(write(fd, text, strlen(text)));
	close(fd);
	return ret < 0 ? ret : 0;
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
