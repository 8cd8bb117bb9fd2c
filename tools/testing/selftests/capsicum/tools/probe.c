// SPDX-License-Identifier: GPL-2.0
/*
 * What a program sees that capexec has started: does what its arguments say, one
 * after the other, and tells the result of each in a line on descriptor 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/capsicum.h>

#define MOST_FDS	8192

static int early = -1;

/* Before main(), where much of a program can run already. */
static void __attribute__((constructor)) note_mode(void)
{
	early = cap_sandboxed();
}

/* Nothing but a write: dprintf(3) would seek first. */
static void say(const char *format, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, format);
	len = vasprintf(&text, format, ap);
	va_end(ap);
	if (len < 0 || write(1, text, len) != len)
		_exit(96);
	free(text);
}

static void tell(const char *what, long ret)
{
	const char *name = NULL;

	if (ret < 0) {
		name = errno == ECAPMODE ? "ECAPMODE" :
		       errno == ENOTCAPABLE ? "ENOTCAPABLE" :
		       strerrorname_np(errno);
		say("%s: %s\n", what, name ? name : "?");
	} else {
		say("%s: %ld\n", what, ret);
	}
}

static void tell_descriptors(void)
{
	char list[1024] = "";
	size_t len = 0;
	int fd;

	for (fd = 0; fd < MOST_FDS && len < sizeof(list) - 16; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			len += sprintf(list + len, " %d", fd);
	say("fds:%s\n", list);
}

static void tell_signals(void)
{
	struct sigaction action;
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigaction(SIGUSR1, NULL, &action);
	say("signals: ignored %d blocked %d\n",
	    action.sa_handler == SIG_IGN, sigismember(&blocked, SIGUSR2));
	sigaction(SIGCHLD, NULL, &action);
	say("children: ignored %d\n", action.sa_handler == SIG_IGN);
}

/* "NAME", "NAME:N" or "NAME:N:WORD". */
static void do_one(const char *what)
{
	char name[32] = "", word[256] = "", c = 'x';
	struct stat st;
	int n = -1;

	if (sscanf(what, "%31[^:]:%d:%255s", name, &n, word) < 1)
		return;
	if (!strcmp(name, "mode"))
		say("mode: %d early %d\n", cap_sandboxed(), early);
	else if (!strcmp(name, "fds"))
		tell_descriptors();
	else if (!strcmp(name, "signals"))
		tell_signals();
	else if (!strcmp(name, "umask"))
		say("umask: %o\n", umask(0));
	else if (!strcmp(name, "uid"))
		say("uid: %d %d\n", getuid(), geteuid());
	else if (!strcmp(name, "pid"))
		say("pid: %d\n", getpid());
	else if (!strcmp(name, "nnp"))
		tell(what, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	else if (!strcmp(name, "read"))
		tell(what, read(n, &c, 1));
	else if (!strcmp(name, "write"))
		tell(what, write(n, &c, 1));
	else if (!strcmp(name, "fstat"))
		tell(what, fstat(n, &st));
	else if (!strcmp(name, "fchmod"))
		tell(what, fchmod(n, 0600));
	else if (!strcmp(name, "getfl"))
		tell(what, fcntl(n, F_GETFL) < 0 ? -1 : 0);
	else if (!strcmp(name, "setfl"))
		tell(what, fcntl(n, F_SETFL, O_NONBLOCK));
	else if (!strcmp(name, "ioctl"))
		tell(what, ioctl(n, strtoul(word, NULL, 0), &st));
	else if (!strcmp(name, "openat"))
		tell(what, openat(n, word, O_RDONLY) < 0 ? -1 : 0);
	else if (!strcmp(name, "openatw"))
		tell(what, openat(n, word, O_WRONLY | O_APPEND) < 0 ? -1 : 0);
	else if (!strcmp(name, "kill"))
		tell(what, kill(n, 0));
	else if (!strcmp(name, "wait"))
		tell(what, waitpid(-1, NULL, WNOHANG));
	else if (!strcmp(name, "hold"))
		while (read(n, &c, 1) > 0)
			;
	else if (!strcmp(name, "abort"))
		raise(SIGKILL);
	else if (!strcmp(name, "exit"))
		_exit(n);
	else if (!strncmp(what, "open=", 5))
		tell(what, open(what + 5, O_RDONLY) < 0 ? -1 : 0);
	else
		say("%s: unknown\n", what);
}

/* As the loader that is to list files: tells on descriptor 2 what it has. */
static int tell_what_lists(void)
{
	cap_rights_t may, in, out, error;
	bool limited;

	cap_rights_init(&may, CAP_READ, CAP_WRITE, CAP_FSTAT);
	limited = !cap_rights_get(0, &in) && cap_rights_contains(&may, &in) &&
		  !cap_rights_get(1, &out) && cap_rights_contains(&may, &out);
	cap_rights_init(&may, CAP_WRITE);
	limited = limited && !cap_rights_get(2, &error) &&
		  cap_rights_contains(&may, &error);
	if (dup2(2, 1) != 1)
		return 1;
	say("list: limited %d mode %d\n", limited, cap_sandboxed());
	tell_descriptors();
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	if (argc > 1 && !strcmp(argv[1], "--list"))
		return tell_what_lists();

	if (argc > 1 && !strcmp(argv[1], "args")) {
		for (i = 0; i < argc; i++)
			say("arg %d: '%s'\n", i, argv[i]);
		for (i = 0; environ[i]; i++)
			say("env: '%s'\n", environ[i]);
		say("env: %d\n", i);
		return 0;
	}
	for (i = 1; i < argc; i++)
		do_one(argv[i]);
	return 0;
}
