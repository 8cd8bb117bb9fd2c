// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capexec: the program, and what kind it is.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capexec.h"

#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"

int open_again(int fd, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, flags | O_CLOEXEC);
}

/*
 * A file that can be executed by the caller; -1 with errno when it cannot. Looks
 * first and opens then: opening a device may do things.
 */
static int open_file(const char *path)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1, error = EACCES;
	struct stat st;

	if (place < 0)
		return -1;
	if (!fstat(place, &st) && S_ISREG(st.st_mode) &&
	    !syscall(__NR_faccessat2, place, "", X_OK,
		     AT_EACCESS | AT_EMPTY_PATH)) {
		fd = open_again(place, O_RDONLY);
		error = errno;
	}
	close(place);
	errno = error;
	return fd;
}

/* As execvp(3) looks: what is there and cannot be executed is not the end. */
static int search(const char *name)
{
	const char *path = getenv("PATH"), *dir;
	int fd = -1, error = ENOENT;

	for (dir = path ? path : DEFAULT_PATH; fd < 0 && dir; ) {
		size_t len = strcspn(dir, ":");
		char *file;

		if (asprintf(&file, "%.*s%s%s", (int)len, dir, len ? "/" : "",
			     name) < 0)
			not_null(NULL);
		fd = open_file(file);
		if (fd < 0 && errno == EACCES)
			error = EACCES;
		free(file);
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	errno = error;
	return fd;
}

static char *path_of(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		fail(EXIT_FAILED, errno, "%s", link);
	path[len] = '\0';
	return not_null(strdup(path));
}

/* The path of the loader, PT_INTERP, in a file of this class. */
#define FIND_LOADER(bits) \
static char *find_loader_##bits(const struct program *p) \
{ \
	Elf##bits##_Ehdr header; \
	Elf##bits##_Phdr segment; \
	char path[PATH_MAX]; \
	int i; \
	\
	if (pread(p->fd, &header, sizeof(header), 0) != sizeof(header) || \
	    header.e_phentsize != sizeof(segment)) \
		fail(EXIT_CANNOT, ENOEXEC, "%s", p->name); \
	for (i = 0; i < header.e_phnum; i++) { \
		if (pread(p->fd, &segment, sizeof(segment), \
			  header.e_phoff + (off_t)i * sizeof(segment)) != \
		    sizeof(segment)) \
			fail(EXIT_CANNOT, ENOEXEC, "%s", p->name); \
		if (segment.p_type != PT_INTERP) \
			continue; \
		if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX || \
		    pread(p->fd, path, segment.p_filesz, \
			  segment.p_offset) != (ssize_t)segment.p_filesz || \
		    path[segment.p_filesz - 1]) \
			fail(EXIT_CANNOT, ENOEXEC, "%s", p->name); \
		return not_null(strdup(path)); \
	} \
	return NULL; \
}

FIND_LOADER(32)
FIND_LOADER(64)

/* What a terminal shows and does not obey: @text comes from the program. */
static char *printable(const char *text)
{
	char *copy = not_null(malloc(4 * strlen(text) + 1)), *to = copy;

	for (; *text; text++)
		to += sprintf(to, isprint((unsigned char)*text) ? "%c" : "\\%03o",
			      (unsigned char)*text);
	*to = '\0';
	return copy;
}

/*
 * The loader is trusted with more than the program is: one that somebody else has
 * put there, or can change, is none.
 */
static bool is_trusted(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && !(st.st_mode & 0022) &&
	       (!st.st_uid || st.st_uid == geteuid());
}

void program_find(struct program *p, const char *name)
{
	unsigned char ident[EI_NIDENT] = {};
	char *loader;

	p->name = name;
	p->loader_fd = -1;
	p->fd = strchr(name, '/') ? open_file(name) : search(name);
	if (p->fd < 0)
		fail(errno == ENOENT || errno == ENOTDIR ? EXIT_NO_PROGRAM :
							   EXIT_CANNOT,
		     errno, "%s", name);
	p->path = path_of(p->fd);
	if (pread(p->fd, ident, sizeof(ident), 0) < 0)
		fail(EXIT_CANNOT, errno, "%s", name);
	if (ident[0] == '#' && ident[1] == '!')
		fail(EXIT_CANNOT, 0,
		     "%s: is a script, and its interpreter would have to open it by its path; start the interpreter, and give it the script as a descriptor",
		     name);
	if (memcmp(ident, ELFMAG, SELFMAG))
		fail(EXIT_CANNOT, ENOEXEC, "%s", name);
	loader = ident[EI_CLASS] == ELFCLASS64 ? find_loader_64(p) :
						 find_loader_32(p);
	if (!loader)
		return;
	p->loader = printable(loader);
	p->loader_fd = open_file(loader);
	if (p->loader_fd < 0)
		fail(EXIT_CANNOT, errno, "%s: its loader %s", name, p->loader);
	if (!is_trusted(p->loader_fd))
		fail(EXIT_CANNOT, 0,
		     "%s: its loader %s is neither root's nor yours, or others can write to it",
		     name, p->loader);
	free(loader);
}
