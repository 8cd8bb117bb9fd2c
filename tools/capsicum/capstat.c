// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat: who is in capability mode, what descriptors are limited to, and what
 * is refused.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "capstat.h"

#define EXIT_USAGE	2

static const char usage_text[] =
	"usage: capstat [-afj] [PID...]\n"
	"       capstat -s [-aj] [PID...]\n"
	"       capstat -w [-j] [PID...]\n"
	"\n"
	"Shows processes in capability mode, and descriptors with limits: of the\n"
	"processes named, or of all that have any.\n"
	"\n"
	"  -a, --all       also processes and descriptors that are not limited\n"
	"  -f, --full      rights by their full names and in hexadecimal\n"
	"  -s, --summary   one line for each process\n"
	"  -j, --json      for programs\n"
	"  -w, --watch     show what is refused, as it happens\n"
	"  -h, --help      this\n"
	"\n"
	"Exit status: 0; 1 when something could not be looked at; 2 for a mistake in\n"
	"the arguments.\n";

/* What stands with @choice of a process that was asked for by number or not. */
static bool wanted(const struct choice *choice, const struct process *p,
		   bool named)
{
	return named || choice->all ||
	       (!p->dead && (process_in_mode(p) || p->nlimited));
}

/* Those of somebody else's that have no limits only make the list long. */
static void leave_out_unlimited(struct process *p)
{
	size_t i, kept = 0;
	struct descriptor d;

	for (i = 0; i < p->nfds; i++) {
		d = p->fds[i];
		if (!d.limited)
			continue;
		p->fds[i] = p->fds[kept];
		p->fds[kept++] = d;
	}
	for (i = kept; i < p->nfds; i++) {
		free(p->fds[i].target);
		free(p->fds[i].ioctls);
	}
	p->nfds = kept;
}

static int show(const struct choice *choice, pid_t pid, bool named)
{
	struct process p;

	if (process_read(&p, pid))
		return -1;
	if (wanted(choice, &p, named)) {
		/*
		 * What one in capability mode holds is all it has, limited or
		 * not; of the others it is the limits that are of interest.
		 */
		if (!choice->summary && !choice->all && !named &&
		    !process_in_mode(&p))
			leave_out_unlimited(&p);
		if (choice->json)
			json_process(choice, &p);
		else
			text_process(choice, &p);
	}
	process_free(&p);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static int show_all(const struct choice *choice)
{
	size_t n = 0, i, hidden = 0;
	struct dirent *entry;
	pid_t *pids = NULL;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		err(EXIT_FAILURE, "/proc");
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pids = reallocarray(pids, n + 1, sizeof(*pids));
		if (!pids)
			err(EXIT_FAILURE, "no memory");
		pids[n++] = atoi(entry->d_name);
	}
	closedir(proc);
	qsort(pids, n, sizeof(*pids), by_number);
	for (i = 0; i < n; i++)
		if (show(choice, pids[i], false) &&
		    (errno == EACCES || errno == EPERM))
			hidden++;
	free(pids);
	if (!hidden)
		return EXIT_SUCCESS;
	warnx("%zu processes are not yours to look at", hidden);
	return EXIT_FAILURE;
}

static pid_t to_pid(const char *s)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*s) || !n || n > INT_MAX) {
		warnx("'%s' is no process number", s);
		fputs(usage_text, stderr);
		exit(EXIT_USAGE);
	}
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all",	no_argument, NULL, 'a' },
		{ "full",	no_argument, NULL, 'f' },
		{ "summary",	no_argument, NULL, 's' },
		{ "json",	no_argument, NULL, 'j' },
		{ "watch",	no_argument, NULL, 'w' },
		{ "help",	no_argument, NULL, 'h' },
		{ }
	};
	struct choice choice = {};
	bool watching = false;
	int c, status = EXIT_SUCCESS;
	size_t i, n;
	pid_t *pids;

	setlocale(LC_ALL, "");
	while ((c = getopt_long(argc, argv, "afsjwh", options, NULL)) >= 0) {
		switch (c) {
		case 'a':
			choice.all = true;
			break;
		case 'f':
			choice.full = true;
			break;
		case 's':
			choice.summary = true;
			break;
		case 'j':
			choice.json = true;
			break;
		case 'w':
			watching = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage_text, stderr);
			return EXIT_USAGE;
		}
	}
	n = argc - optind;
	pids = calloc(n + 1, sizeof(*pids));
	if (!pids)
		err(EXIT_FAILURE, "no memory");
	for (i = 0; i < n; i++)
		pids[i] = to_pid(argv[optind + i]);

	if (watching) {
		status = watch(&choice, pids, n);
		free(pids);
		return status;
	}
	if (choice.json)
		json_begin(&choice);
	else
		text_begin(&choice);
	if (!n)
		status = show_all(&choice);
	for (i = 0; i < n; i++) {
		if (show(&choice, pids[i], true)) {
			warn("process %d", pids[i]);
			status = EXIT_FAILURE;
		}
	}
	if (choice.json)
		json_end(&choice);
	else
		text_end(&choice);
	free(pids);
	if (fflush(stdout)) {
		warn("standard output");
		status = EXIT_FAILURE;
	}
	return status;
}
