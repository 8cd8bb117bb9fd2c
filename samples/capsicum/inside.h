/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What hostile code tries that runs where the decompressor ran.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <sys/types.h>

#ifndef ECAPMODE
#define ECAPMODE	134
#endif
#ifndef ENOTCAPABLE
#define ENOTCAPABLE	135
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Descriptors, beside standard input, output and errors. */
#define INSIDE_DIR	3	/* a directory to look into */
#define INSIDE_PROGRAM	4	/* a program that is linked dynamically */

/* What it knows of the world outside. */
struct inside {
	pid_t victim;		/* a process, of nobody's concern */
	unsigned short port;	/* where something listens, on this machine */
	const char *socket;	/* the same for a local socket */
};

struct inside_attempt {
	const char *what;
	int error;		/* how capability mode answers; may be 0 */
	const char *why;
	int (*try)(const struct inside *world);	/* 0 or an error number */
};

/* One of these for each attempt comes out of standard error. */
struct inside_answer {
	int attempt;
	int error;
};

extern const struct inside_attempt inside_attempts[];
extern const int inside_count;

int inside(const struct inside *world);

#endif /* INSIDE_H */
