/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of the tools: programs, and what they print.
 */
#ifndef _SELFTESTS_CAPSICUM_TOOLS_H
#define _SELFTESTS_CAPSICUM_TOOLS_H

#include "../common.h"

#include <poll.h>

#define MAX_ARGS	32

/**
 * struct run - a program, and what became of it
 * @before: What the process does before it executes it; may be NULL.
 * @arg: Its argument.
 * @pid: The process.
 * @out: Where its standard output can be read.
 * @err: Where its standard error can be read.
 * @status: As from waitpid(2).
 * @said: What it wrote to standard output; room for what all processes of a
 *	machine hold.
 * @complained: What it wrote to standard error.
 */
struct run {
	void (*before)(void *arg);
	void *arg;
	pid_t pid;
	int out, err;
	int status;
	char said[1 << 18];
	char complained[16384];
};

/* What dynamic programs need, where the machine has none of it. */
static inline void install_libraries(void)
{
	if (system("sh ./libraries.sh"))
		fprintf(stderr, "# libraries cannot be installed\n");
}

/* Starts @argv; its standard input is empty, unless @before changes it. */
static inline int run_start(struct run *r, char *const *argv)
{
	int out[2], err[2], null;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -errno;
	r->pid = fork();
	if (r->pid < 0)
		return -errno;
	if (!r->pid) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		if (r->before)
			r->before(r->arg);
		execvp(argv[0], argv);
		_exit(99);
	}
	close(out[1]);
	close(err[1]);
	r->out = out[0];
	r->err = err[0];
	return 0;
}

static inline void run_read(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = '\0';
	close(fd);
}

/*
 * Reads until nobody can write any more, so that a process that is left behind
 * with these descriptors would be noticed. Returns the exit status, or -signal.
 */
static inline int run_end(struct run *r)
{
	run_read(r->out, r->said, sizeof(r->said));
	run_read(r->err, r->complained, sizeof(r->complained));
	if (waitpid(r->pid, &r->status, 0) != r->pid)
		return -errno;
	return WIFEXITED(r->status) ? WEXITSTATUS(r->status) :
				      -WTERMSIG(r->status);
}

static inline int run_all(struct run *r, char *const *argv)
{
	int err = run_start(r, argv);

	return err ? err : run_end(r);
}

/* RUN(&r, "./capexec", "--fd", "1", ...): all of it. */
#define RUN(r, ...) \
	run_all(r, (char *const []){ __VA_ARGS__, NULL })

/* Reads a line, without its end; false when there is none. */
static inline bool read_line(int fd, char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && read(fd, line + len, 1) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
		len++;
	}
	line[len] = '\0';
	return false;
}

/* Whether @text has @line as one of its lines. */
static inline bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);
	const char *p;

	for (p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, line, len) && (p[len] == '\n' || !p[len]))
			return true;
		if (!*p)
			break;
	}
	return false;
}

static inline bool said(const struct run *r, const char *line)
{
	if (has_line(r->said, line))
		return true;
	fprintf(stderr, "# '%s' is not in:\n%s%s", line, r->said,
		r->complained);
	return false;
}

static inline bool complained(const struct run *r, const char *text)
{
	if (strstr(r->complained, text))
		return true;
	fprintf(stderr, "# '%s' is not in:\n%s", text, r->complained);
	return false;
}

#define EXPECT_SAID(r, line)		EXPECT_TRUE(said(r, line))
#define EXPECT_COMPLAINED(r, text)	EXPECT_TRUE(complained(r, text))

#endif /* _SELFTESTS_CAPSICUM_TOOLS_H */
