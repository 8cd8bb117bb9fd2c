// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capexec: start a program in capability mode, with the descriptors that are
 * named on the command line and no others.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capexec.h"

static const char usage_text[] =
	"usage: capexec [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"\n"
	"Starts PROGRAM in capability mode, with the descriptors named here and no\n"
	"others, and an empty environment.\n"
	"\n"
	"  --stdio                 0 to be read, 1 and 2 to be written\n"
	"  --fd N[=RIGHTS]         descriptor N as it is, or with these RIGHTS\n"
	"  --dir PATH=RIGHTS       a directory; the numbers go on from 3, in the order\n"
	"                          of the options, without those that are named\n"
	"  --connect ADDR=RIGHTS   a socket connected to unix:PATH, tcp:HOST:PORT or\n"
	"                          udp:HOST:PORT; numbered with the directories\n"
	"  --fcntl N=LIST          of descriptor N only these fcntl commands\n"
	"  --ioctl N=LIST          of descriptor N only these ioctl commands\n"
	"  --env NAME[=VALUE]      the variable NAME, as it is or with this VALUE\n"
	"  --dry-run               show what would be given, and do not start it\n"
	"  --help                  this\n"
	"\n"
	"RIGHTS and LIST are words with commas between them, 'all' or 'none':\n"
	"  capexec --stdio -- xz -dc <in >out\n"
	"  capexec --fd 0=read,fstat --fd 1=write --dir /data=lookup,read -- ./prog\n"
	"\n"
	"Exit status: the program's own; 125 when capexec failed, 126 when PROGRAM\n"
	"cannot be executed, 127 when there is none.\n";

/* Where messages go, until a program is executed. */
static int messages = STDERR_FILENO;

/* By nothing but a write, since standard error may be limited to that. */
static void put(const char *text)
{
	if (write(messages, text, strlen(text)) < 0)
		return;
}

static void say(int error, const char *format, va_list ap)
{
	char *what, *line;

	if (vasprintf(&what, format, ap) < 0)
		return;
	if (asprintf(&line, "capexec: %s%s%s\n", what, error ? ": " : "",
		     error ? strerror(error) : "") >= 0)
		put(line);
}

void fail(int status, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(error, format, ap);
	va_end(ap);
	exit(status);
}

void mistake(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(0, format, ap);
	va_end(ap);
	put("capexec --help tells more.\n");
	exit(EXIT_FAILED);
}

void *not_null(void *memory)
{
	if (!memory)
		fail(EXIT_FAILED, ENOMEM, "no memory");
	return memory;
}

/* ---- the environment ---- */

static char **env;
static size_t nenv;

static void add_env(const char *arg)
{
	size_t len = strcspn(arg, "="), i;
	char *entry = NULL;

	if (!len)
		mistake("--env %s: no variable is named", arg);
	if (arg[len]) {
		entry = not_null(strdup(arg));
	} else {
		const char *value = getenv(arg);

		if (value && asprintf(&entry, "%s=%s", arg, value) < 0)
			entry = not_null(NULL);
	}
	/* The last one counts. */
	for (i = 0; i < nenv; i++) {
		if (!strncmp(env[i], arg, len) && env[i][len] == '=') {
			env[i] = env[--nenv];
			env[nenv] = NULL;
			break;
		}
	}
	/* One that is not set is not set for the program either. */
	if (!entry)
		return;
	env = not_null(reallocarray(env, nenv + 2, sizeof(*env)));
	env[nenv++] = entry;
	env[nenv] = NULL;
}

/* ---- options ---- */

enum option_id {
	OPT_STDIO = 256,
	OPT_FD,
	OPT_DIR,
	OPT_CONNECT,
	OPT_FCNTL,
	OPT_IOCTL,
	OPT_ENV,
	OPT_DRY_RUN,
	OPT_HELP,
};

static const struct option options[] = {
	{ "stdio",	no_argument,		NULL, OPT_STDIO },
	{ "fd",		required_argument,	NULL, OPT_FD },
	{ "dir",	required_argument,	NULL, OPT_DIR },
	{ "connect",	required_argument,	NULL, OPT_CONNECT },
	{ "fcntl",	required_argument,	NULL, OPT_FCNTL },
	{ "ioctl",	required_argument,	NULL, OPT_IOCTL },
	{ "env",	required_argument,	NULL, OPT_ENV },
	{ "dry-run",	no_argument,		NULL, OPT_DRY_RUN },
	{ "help",	no_argument,		NULL, OPT_HELP },
	{ }
};

/* Returns whether it is a dry run. */
static bool read_options(int argc, char **argv)
{
	bool dry_run = false;
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0) {
		switch (c) {
		case OPT_STDIO:
			grant_stdio();
			break;
		case OPT_FD:
			grant_fd(optarg);
			break;
		case OPT_DIR:
			grant_dir(optarg);
			break;
		case OPT_CONNECT:
			grant_connect(optarg);
			break;
		case OPT_FCNTL:
		case OPT_IOCTL:
			break;
		case OPT_ENV:
			add_env(optarg);
			break;
		case OPT_DRY_RUN:
			dry_run = true;
			break;
		case 'h':
		case OPT_HELP:
			fputs(usage_text, stdout);
			exit(EXIT_SUCCESS);
		default:
			put(usage_text);
			exit(EXIT_FAILED);
		}
	}
	if (optind == argc)
		mistake("no program is named");

	/* Once all numbers are given, those that are about them. */
	grants_complete();
	optind = 0;
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0) {
		if (c == OPT_FCNTL)
			grant_fcntl(optarg);
		if (c == OPT_IOCTL)
			grant_ioctl(optarg);
	}
	return dry_run;
}

static void show(const struct program *p, char **argv)
{
	size_t i;

	printf("program: %s\n", p->path);
	if (p->loader)
		printf("\tloader: %s\n", p->loader);
	printf("arguments:");
	for (i = 0; argv[i]; i++)
		printf(" %s", argv[i]);
	putchar('\n');
	grants_show();
	for (i = 0; env[i]; i++)
		printf("environment: %s\n", env[i]);
	if (!env[0])
		puts("environment: empty");
}

int main(int argc, char **argv)
{
	struct program p = {};
	struct sigaction ours = { .sa_handler = SIG_DFL }, inherited;
	bool dry_run;
	int *kept[2], image;

	if (fcntl(messages, F_GETFD) < 0)
		messages = -1;
	env = not_null(calloc(1, sizeof(*env)));
	dry_run = read_options(argc, argv);
	argv += optind;
	program_find(&p, argv[0]);
	if (dry_run) {
		show(&p, argv);
		return fflush(stdout) ? EXIT_FAILED : EXIT_SUCCESS;
	}

	/* Where SIGCHLD is ignored, there are no children to wait for. */
	sigaction(SIGCHLD, &ours, &inherited);
	if (p.loader)
		serve_learn(&p, env);
	grants_open();
	if (p.loader) {
		serve_start();
		argv = loader_argv(&p, argv);
	}
	sigaction(SIGCHLD, &inherited, NULL);
	image = p.loader ? p.loader_fd : p.fd;
	kept[0] = &image;
	kept[1] = &messages;
	grants_place(kept, 2);

	/* A directory that is nobody's, rather than one that cannot be unmounted. */
	if (chdir("/"))
		fail(EXIT_FAILED, errno, "/");
	if (cap_enter())
		fail(EXIT_FAILED, errno, "capability mode cannot be entered");
	syscall(__NR_execveat, image, "", argv, env, AT_EMPTY_PATH);
	fail(EXIT_CANNOT, errno, "%s", p.name);
}
