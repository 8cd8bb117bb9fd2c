/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * capexec: what its parts know of each other.
 */
#ifndef _CAPEXEC_H
#define _CAPEXEC_H

#include <stdbool.h>
#include <sys/capsicum.h>
#include <sys/types.h>

/* Exit statuses that are not the program's own, as env(1) has them. */
#define EXIT_FAILED	125	/* capexec itself failed */
#define EXIT_CANNOT	126	/* there is a program, but it cannot be executed */
#define EXIT_NO_PROGRAM	127	/* there is none */

#define NORETURN		__attribute__((noreturn))
#define PRINTF(text, args)	__attribute__((format(printf, text, args)))

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/**
 * fail - say what is wrong, and end
 * @status: the exit status
 * @error: an errno to tell of, or 0
 * @format: as for printf(3)
 */
NORETURN PRINTF(3, 4)
void fail(int status, int error, const char *format, ...);

/** mistake - the same for a mistake in the arguments, with a word about --help */
NORETURN PRINTF(1, 2)
void mistake(const char *format, ...);

/** not_null - @memory, when there is some; else the end */
void *not_null(void *memory);

/* ---- grants.c ---- */

/**
 * struct grant - a descriptor that the program gets
 * @option: what it was asked for with
 * @what: the path or address; NULL for one that is inherited
 * @is_socket: it is to be connected to @what
 * @fd: its number in the program, -1 while it has none
 * @open: its number now, -1 while it is not open
 * @limited: its rights are limited
 * @rights: to these
 * @fcntls: its fcntl commands, when @has_fcntls
 * @ioctls: its ioctl commands, @nioctls of them, when @has_ioctls;
 *          CAP_LIMIT_IOCTLS_ALL for all
 */
struct grant {
	const char *option;
	char *what;
	bool is_socket;
	int fd;
	int open;
	bool limited;
	cap_rights_t rights;
	bool has_fcntls;
	uint32_t fcntls;
	bool has_ioctls;
	int nioctls;
	cap_ioctl_t ioctls[CAP_IOCTLS_LIMIT_MAX];
};

/** grant_fd, grant_stdio, grant_dir, grant_connect - by an option's argument */
void grant_fd(const char *arg);
void grant_stdio(void);
void grant_dir(const char *arg);
void grant_connect(const char *arg);

/** grants_complete - number them; none is added afterwards */
void grants_complete(void);

/** grant_fcntl, grant_ioctl - "N=list", after grants_complete() */
void grant_fcntl(const char *arg);
void grant_ioctl(const char *arg);

/** grants_open - open what has to be opened, and limit it */
void grants_open(void);

/**
 * grants_place - give each its number, and close all else
 * @kept: descriptors that stay until a program is executed; are moved
 * @count: how many there are
 */
void grants_place(int **kept, size_t count);

/**
 * close_others - close all descriptors but these
 * @stay: the ones that stay; gets sorted
 * @count: how many there are
 */
void close_others(unsigned int *stay, size_t count);

/** grants_show - what would be given */
void grants_show(void);

/* ---- words.c ---- */

/**
 * rights_of, fcntls_of, ioctls_of - what the words of @list stand for
 * @option: for the message
 * @arg: likewise
 *
 * End with a message that has all valid words when one is none.
 */
void rights_of(cap_rights_t *rights, const char *list, const char *option,
	       const char *arg);
uint32_t fcntls_of(const char *list, const char *option, const char *arg);
int ioctls_of(cap_ioctl_t *cmds, const char *list, const char *option,
	      const char *arg);

/** fcntls_show - the words for these */
void fcntls_show(uint32_t bits);

/* ---- program.c ---- */

/**
 * struct program - a file that is to be executed
 * @name: as it was asked for
 * @path: where it is
 * @fd: it, open for reading
 * @loader: the path of the loader it names, to be shown; NULL when it needs none
 * @loader_fd: that, open for reading
 */
struct program {
	const char *name;
	char *path;
	int fd;
	char *loader;
	int loader_fd;
};

/** open_again - the same file once more, with a position of its own */
int open_again(int fd, int flags);

/** program_find - open a program, and see what it needs */
void program_find(struct program *p, const char *name);

/* ---- serve.c ---- */

/**
 * serve_learn - have the loader tell which files a program is linked with
 * @p: the program
 * @env: its environment
 *
 * Ends with the loader's own message when there is one that it cannot find.
 */
void serve_learn(const struct program *p, char **env);

/**
 * serve_start - from now on, the loader gets these files, whoever it is
 *
 * The calling process is the one that will be served.
 */
void serve_start(void);

/** loader_argv - the arguments that have the loader start a program */
char **loader_argv(const struct program *p, char **argv);

#endif /* _CAPEXEC_H */
