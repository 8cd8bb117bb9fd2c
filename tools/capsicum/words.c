// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capexec: rights and commands by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "capexec.h"

static const struct {
	uint32_t bit;
	const char *name;
} fcntl_names[] = {
	{ CAP_FCNTL_GETFL,	"getfl" },
	{ CAP_FCNTL_SETFL,	"setfl" },
	{ CAP_FCNTL_GETOWN,	"getown" },
	{ CAP_FCNTL_SETOWN,	"setown" },
	{ CAP_FCNTL_ALL,	"all" },
	{ 0,			"none" },
};

#define CMD(name)	{ name, #name }

/* Of the many there are, what programs do that know nothing of Capsicum. */
static const struct {
	cap_ioctl_t cmd;
	const char *name;
} ioctl_names[] = {
	CMD(FIOASYNC),
	CMD(FIONBIO),
	CMD(FIONREAD),
	CMD(FIOQSIZE),
	CMD(FS_IOC_GETFLAGS),
	CMD(TCGETS),
	CMD(TCSETS),
	CMD(TCSETSF),
	CMD(TCSETSW),
	CMD(TIOCGPGRP),
	CMD(TIOCGWINSZ),
	CMD(TIOCOUTQ),
	CMD(TIOCSPGRP),
	CMD(TIOCSWINSZ),
};

static const char separators[] = ", |";

/* @list with another word; lines stay short. */
static void add(char **list, const char *word)
{
	const char *line = *list ? strrchr(*list, '\n') : NULL;
	size_t width = strlen(line ? line : *list ? *list : "");
	char *more;

	if (asprintf(&more, "%s%s%s", *list ? *list : "\t",
		     !*list ? "" : width + strlen(word) > 68 ? ",\n\t" : ", ",
		     word) < 0)
		more = NULL;
	free(*list);
	*list = not_null(more);
}

static char *lower_case(const char *name)
{
	char *copy = not_null(strdup(name)), *s;

	for (s = copy; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
	return copy;
}

static NORETURN void no_such(const char *option, const char *arg,
			     const char *what, const char *word, size_t len,
			     const char *valid)
{
	if (!len)
		mistake("%s %s: no %s is named; there are:\n%s", option, arg,
			what, valid);
	mistake("%s %s: there is no %s '%.*s'; there are:\n%s", option, arg,
		what, (int)len, word, valid);
}

void rights_of(cap_rights_t *rights, const char *list, const char *option,
	       const char *arg)
{
	const char *bad = list, *name;
	char *valid = NULL, *word;
	uint64_t right;
	size_t i;

	if (list[strspn(list, separators)] &&
	    !cap_rights_from_text(rights, list, &bad))
		return;
	for (i = 0; (name = cap_right_by_index(i, &right)); i++) {
		word = lower_case(name + strlen("CAP_"));
		add(&valid, word);
		free(word);
	}
	add(&valid, "all");
	add(&valid, "none");
	no_such(option, arg, "right", bad, strcspn(bad, separators), valid);
}

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !strncasecmp(word, name, len);
}

uint32_t fcntls_of(const char *list, const char *option, const char *arg)
{
	char *valid = NULL;
	uint32_t bits = 0;
	size_t i, len;

	do {
		list += strspn(list, separators);
		len = strcspn(list, separators);
		if (len > 2 && !strncasecmp(list, "F_", 2)) {
			list += 2;
			len -= 2;
		}
		for (i = 0; i < COUNT(fcntl_names); i++)
			if (is(list, len, fcntl_names[i].name))
				break;
		if (i == COUNT(fcntl_names)) {
			for (i = 0; i < COUNT(fcntl_names); i++)
				add(&valid, fcntl_names[i].name);
			no_such(option, arg, "fcntl command", list, len, valid);
		}
		bits |= fcntl_names[i].bit;
		list += len;
	} while (*list);
	return bits;
}

void fcntls_show(uint32_t bits)
{
	size_t i;

	printf("\tfcntls:%s", bits ? "" : " none");
	for (i = 0; bits && i < COUNT(fcntl_names); i++) {
		if (fcntl_names[i].bit && !(fcntl_names[i].bit & ~bits)) {
			printf(" %s", fcntl_names[i].name);
			bits &= ~fcntl_names[i].bit;
		}
	}
	putchar('\n');
}

static bool ioctl_of(cap_ioctl_t *cmd, const char *word, size_t len)
{
	char *copy, *end;
	bool ok;
	size_t i;

	for (i = 0; i < COUNT(ioctl_names); i++) {
		if (is(word, len, ioctl_names[i].name)) {
			*cmd = (unsigned int)ioctl_names[i].cmd;
			return true;
		}
	}
	copy = not_null(strndup(word, len));
	errno = 0;
	*cmd = strtoul(copy, &end, 0);
	ok = *copy >= '0' && *copy <= '9' && !*end && !errno &&
	     *cmd == (unsigned int)*cmd;
	free(copy);
	return ok;
}

int ioctls_of(cap_ioctl_t *cmds, const char *list, const char *option,
	      const char *arg)
{
	char *valid = NULL;
	size_t i, len;
	int n = 0;

	if (!strcasecmp(list, "all"))
		return CAP_LIMIT_IOCTLS_ALL;
	if (!strcasecmp(list, "none"))
		return 0;
	do {
		list += strspn(list, separators);
		len = strcspn(list, separators);
		if (n == CAP_IOCTLS_LIMIT_MAX)
			mistake("%s %s: more than %d commands", option, arg, n);
		if (!ioctl_of(&cmds[n++], list, len)) {
			for (i = 0; i < COUNT(ioctl_names); i++)
				add(&valid, ioctl_names[i].name);
			add(&valid, "all");
			add(&valid, "none");
			add(&valid, "or any number, as 0x5413");
			no_such(option, arg, "ioctl command", list, len, valid);
		}
		list += len;
	} while (*list);
	return n;
}
