// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat: what /proc tells of a process.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capstat.h"

static void *not_null(void *memory)
{
	if (!memory)
		err(EXIT_FAILURE, "no memory");
	return memory;
}

/* The directory of /proc, so that all of it is about one and the same process. */
static int open_process(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d", pid);
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static FILE *open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

/* What stands behind "@key:" and white space, or NULL. */
static const char *value(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

static char *read_link(int dir, const char *name)
{
	char target[PATH_MAX + 64];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len < 0)
		return NULL;
	target[len] = '\0';
	return not_null(strdup(target));
}

/* The last part of a path. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static char *name_of(int dir, const char *comm)
{
	char *word[3] = {}, *found;
	size_t size[3] = {};
	bool number = !comm[strspn(comm, "0123456789")];
	const char *best = comm;
	FILE *file;
	int i, n = 0;

	file = open_file(dir, "cmdline");
	if (!file)
		return not_null(strdup(comm));
	while (n < 3 && getdelim(&word[n], &size[n], '\0', file) > 0)
		n++;
	fclose(file);
	/* What capexec(1) starts by way of its loader has the loader's name. */
	if (n == 3 && !strcmp(word[1], "--argv0") && word[2][0])
		best = last_part(word[2]);
	else if (n && number && word[0][0])
		best = last_part(word[0]);
	found = not_null(strdup(best));
	for (i = 0; i < 3; i++)
		free(word[i]);
	return found;
}

char *program_name(pid_t pid)
{
	int dir = open_process(pid);
	FILE *file = dir < 0 ? NULL : open_file(dir, "comm");
	char comm[64], *name = NULL;

	if (file && fgets(comm, sizeof(comm), file)) {
		comm[strcspn(comm, "\n")] = '\0';
		name = name_of(dir, comm);
	}
	if (file)
		fclose(file);
	if (dir >= 0)
		close(dir);
	return name;
}

static int read_status(struct process *p, int dir)
{
	FILE *file = open_file(dir, "status");
	char *line = NULL;
	const char *v;
	size_t size = 0;

	if (!file)
		return -1;
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		v = value(line, "Name");
		if (v && !p->program)
			p->program = name_of(dir, v);
		v = value(line, "State");
		if (v)
			p->dead = *v == 'Z' || *v == 'X';
		v = value(line, "Seccomp");
		if (v)
			p->seccomp = atoi(v);
		v = value(line, "Seccomp_filters");
		if (v)
			p->filters = atoi(v);
		v = value(line, "NoNewPrivs");
		if (v)
			p->no_new_privs = atoi(v);
	}
	free(line);
	fclose(file);
	if (p->program)
		return 0;
	/* It ended while it was read. */
	errno = ESRCH;
	return -1;
}

static void read_ioctls(struct descriptor *d, const char *list)
{
	char *end;

	free(d->ioctls);
	d->ioctls = NULL;
	d->nioctls = 0;
	if (!strncmp(list, "all", 3)) {
		d->nioctls = CAP_LIMIT_IOCTLS_ALL;
		return;
	}
	while (*list) {
		unsigned long cmd = strtoul(list, &end, 16);

		if (end == list)
			break;
		d->ioctls = not_null(reallocarray(d->ioctls, d->nioctls + 1,
						  sizeof(*d->ioctls)));
		d->ioctls[d->nioctls++] = cmd;
		list = end + strspn(end, " ");
	}
}

/* The kernel's own lines come last, so the last of a name is the true one. */
static int read_fdinfo(struct descriptor *d, int dir)
{
	unsigned long long word[2];
	char *line = NULL, name[32];
	size_t size = 0;
	const char *v;
	FILE *file;

	snprintf(name, sizeof(name), "fdinfo/%d", d->fd);
	file = open_file(dir, name);
	if (!file)
		return -1;
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		v = value(line, "flags");
		if (v)
			d->flags = strtoul(v, NULL, 8);
		v = value(line, "rights");
		if (v && sscanf(v, "%llx %llx", &word[0], &word[1]) == 2) {
			d->rights.cr_rights[0] = word[0];
			d->rights.cr_rights[1] = word[1];
			d->limited = true;
		}
		v = value(line, "fcntls");
		if (v)
			d->fcntls = strtoul(v, NULL, 16);
		v = value(line, "ioctls");
		if (v)
			read_ioctls(d, v);
	}
	free(line);
	fclose(file);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct descriptor *one = a, *other = b;

	return (one->fd > other->fd) - (one->fd < other->fd);
}

static void free_descriptor(struct descriptor *d)
{
	free(d->target);
	free(d->ioctls);
}

static int read_descriptors(struct process *p, int dir)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *list;

	if (fd < 0)
		return -1;
	list = not_null(fdopendir(fd));
	while ((entry = readdir(list))) {
		struct descriptor d = { .nioctls = CAP_LIMIT_IOCTLS_ALL };

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		d.fd = atoi(entry->d_name);
		d.target = read_link(fd, entry->d_name);
		/* It may have been closed in between. */
		if (!d.target || read_fdinfo(&d, dir)) {
			free_descriptor(&d);
			continue;
		}
		p->nlimited += d.limited;
		p->fds = not_null(reallocarray(p->fds, p->nfds + 1,
					       sizeof(*p->fds)));
		p->fds[p->nfds++] = d;
	}
	closedir(list);
	if (p->nfds)
		qsort(p->fds, p->nfds, sizeof(*p->fds), by_number);
	return 0;
}

int process_read(struct process *p, pid_t pid)
{
	int dir = open_process(pid), error;

	memset(p, 0, sizeof(*p));
	p->pid = pid;
	if (dir < 0)
		return -1;
	if (!read_status(p, dir) && !read_descriptors(p, dir)) {
		close(dir);
		return 0;
	}
	error = errno;
	close(dir);
	process_free(p);
	errno = error;
	return -1;
}

void process_free(struct process *p)
{
	size_t i;

	for (i = 0; i < p->nfds; i++)
		free_descriptor(&p->fds[i]);
	free(p->fds);
	free(p->program);
}

bool process_in_mode(const struct process *p)
{
	return p->seccomp == SECCOMP_MODE_CAPABILITY;
}
