// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capexec: the descriptors that a program is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <capsicum_helpers.h>

#include "capexec.h"

#define FIRST_FREE	3	/* below are the three standard ones */

static struct grant *grants;
static size_t ngrants;

static struct grant *new_grant(const char *option, int fd)
{
	struct grant *g;
	size_t i;

	for (i = 0; fd >= 0 && i < ngrants; i++)
		if (grants[i].fd == fd)
			mistake("%s %d: descriptor %d is named twice", option,
				fd, fd);
	grants = not_null(reallocarray(grants, ngrants + 1, sizeof(*grants)));
	g = memset(&grants[ngrants++], 0, sizeof(*g));
	g->option = option;
	g->fd = fd;
	g->open = fd;
	return g;
}

/* The number at the beginning of @arg, of which *@end is what follows. */
static int number_of(const char *arg, char **end, const char *option)
{
	unsigned long n;

	errno = 0;
	n = strtoul(arg, end, 10);
	if (*arg < '0' || *arg > '9' || errno || n > INT_MAX ||
	    (**end && **end != '='))
		mistake("%s %s: '%.*s' is no descriptor", option, arg,
			(int)strcspn(arg, "="), arg);
	return n;
}

void grant_fd(const char *arg)
{
	struct grant *g;
	char *end;
	int fd = number_of(arg, &end, "--fd");

	if (fcntl(fd, F_GETFD) < 0)
		mistake("--fd %s: descriptor %d is not open", arg, fd);
	g = new_grant("--fd", fd);
	if (*end) {
		rights_of(&g->rights, end + 1, "--fd", arg);
		g->limited = true;
	}
}

void grant_stdio(void)
{
	struct grant *g;
	int fd;

	for (fd = 0; fd < FIRST_FREE; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			mistake("--stdio: descriptor %d is not open", fd);
		g = new_grant("--stdio", fd);
		caph_stream_rights(&g->rights, fd ? CAPH_WRITE : CAPH_READ);
		g->limited = true;
		g->has_fcntls = true;
		g->fcntls = CAP_FCNTL_GETFL;
		g->has_ioctls = true;
		/* As caph_limit_stream() has it, TCGETS2 by its number. */
		g->nioctls = ioctls_of(g->ioctls, "tcgets,0x802c542a,tiocgwinsz",
				       "--stdio", "");
	}
}

/* "WHAT=RIGHTS"; WHAT may have equals signs, RIGHTS have none. */
static struct grant *grant_named(const char *option, const char *arg)
{
	struct grant *g = new_grant(option, -1);
	const char *rights = strrchr(arg, '=');

	if (!rights)
		mistake("%s %s: which rights? Add, for instance, =read,write",
			option, arg);
	if (rights == arg)
		mistake("%s %s: nothing stands before the rights", option, arg);
	g->what = not_null(strndup(arg, rights - arg));
	rights_of(&g->rights, rights + 1, option, arg);
	g->limited = true;
	return g;
}

void grant_dir(const char *arg)
{
	grant_named("--dir", arg);
}

void grant_connect(const char *arg)
{
	grant_named("--connect", arg)->is_socket = true;
}

static bool taken(int fd)
{
	size_t i;

	for (i = 0; i < ngrants; i++)
		if (grants[i].fd == fd)
			return true;
	return false;
}

void grants_complete(void)
{
	int fd = FIRST_FREE;
	size_t i;

	for (i = 0; i < ngrants; i++) {
		if (grants[i].fd >= 0)
			continue;
		while (taken(fd))
			fd++;
		grants[i].fd = fd;
	}
}

/* Which one "N=list" is about, and its list. */
static struct grant *find(const char *arg, const char **list,
			  const char *option)
{
	char *end;
	int fd = number_of(arg, &end, option);
	size_t i;

	if (!*end)
		mistake("%s %s: which commands? Add =all, =none or a list",
			option, arg);
	*list = end + 1;
	for (i = 0; i < ngrants; i++)
		if (grants[i].fd == fd)
			return &grants[i];
	mistake("%s %s: the program is not given a descriptor %d", option, arg,
		fd);
}

void grant_fcntl(const char *arg)
{
	const char *list;
	struct grant *g = find(arg, &list, "--fcntl");

	g->fcntls = fcntls_of(list, "--fcntl", arg);
	g->has_fcntls = true;
	if (g->fcntls && g->limited &&
	    !cap_rights_is_set(&g->rights, CAP_FCNTL))
		mistake("--fcntl %s: without the right fcntl there are no commands",
			arg);
}

void grant_ioctl(const char *arg)
{
	const char *list;
	struct grant *g = find(arg, &list, "--ioctl");

	g->nioctls = ioctls_of(g->ioctls, list, "--ioctl", arg);
	g->has_ioctls = true;
	if (g->nioctls && g->limited &&
	    !cap_rights_is_set(&g->rights, CAP_IOCTL))
		mistake("--ioctl %s: without the right ioctl there are no commands",
			arg);
}

/* ---- opening ---- */

static void open_unix(struct grant *g, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (!len || len >= sizeof(addr.sun_path))
		mistake("--connect %s: the path is empty or too long", g->what);
	memcpy(addr.sun_path, path, len);
	/* An abstract name, as ss(8) writes it. */
	if (*path == '@')
		addr.sun_path[0] = '\0';
	g->open = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (g->open < 0 ||
	    connect(g->open, (struct sockaddr *)&addr,
		    offsetof(struct sockaddr_un, sun_path) + len +
		    (*path != '@')))
		fail(EXIT_FAILED, errno, "--connect %s", g->what);
}

static void open_inet(struct grant *g, const char *address, int type)
{
	struct addrinfo hints = { .ai_socktype = type }, *list, *a;
	char *host = not_null(strdup(address)), *start = host, *port;
	int error, why = 0;

	port = strrchr(host, ':');
	if (!port || port == host || !port[1])
		mistake("--connect %s: is not HOST:PORT", g->what);
	*port++ = '\0';
	if (*start == '[' && port[-2] == ']') {
		port[-2] = '\0';
		start++;
	}
	error = getaddrinfo(start, port, &hints, &list);
	if (error)
		fail(EXIT_FAILED, error == EAI_SYSTEM ? errno : 0,
		     "--connect %s: %s", g->what, gai_strerror(error));
	for (a = list; a && g->open < 0; a = a->ai_next) {
		g->open = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC,
				 a->ai_protocol);
		if (g->open >= 0 && !connect(g->open, a->ai_addr, a->ai_addrlen))
			break;
		why = errno;
		if (g->open >= 0)
			close(g->open);
		g->open = -1;
	}
	freeaddrinfo(list);
	free(host);
	if (g->open < 0)
		fail(EXIT_FAILED, why, "--connect %s", g->what);
}

static void open_socket(struct grant *g)
{
	const char *rest = strchr(g->what, ':');
	size_t len = rest ? (size_t)(rest - g->what) : 0;

	if (rest && len == 4 && !strncmp(g->what, "unix", len))
		open_unix(g, rest + 1);
	else if (rest && len == 3 && !strncmp(g->what, "tcp", len))
		open_inet(g, rest + 1, SOCK_STREAM);
	else if (rest && len == 3 && !strncmp(g->what, "udp", len))
		open_inet(g, rest + 1, SOCK_DGRAM);
	else
		mistake("--connect %s: is not unix:PATH, tcp:HOST:PORT or udp:HOST:PORT",
			g->what);
}

static void limit(struct grant *g)
{
	if (g->limited && cap_rights_limit(g->open, &g->rights))
		goto failed;
	if (g->has_fcntls && cap_fcntls_limit(g->open, g->fcntls))
		goto failed;
	if (g->has_ioctls && g->nioctls != CAP_LIMIT_IOCTLS_ALL &&
	    cap_ioctls_limit(g->open, g->ioctls, g->nioctls))
		goto failed;
	return;
failed:
	if (errno == ENOTCAPABLE)
		fail(EXIT_FAILED, 0,
		     "%s: descriptor %d is limited already, and to less than that",
		     g->option, g->fd);
	if (errno == ENOSYS)
		fail(EXIT_FAILED, 0, "this kernel has no Capsicum");
	fail(EXIT_FAILED, errno, "%s: descriptor %d cannot be limited",
	     g->option, g->fd);
}

void grants_open(void)
{
	struct grant *g;

	for (g = grants; g < grants + ngrants; g++) {
		if (g->is_socket) {
			open_socket(g);
		} else if (g->what) {
			g->open = open(g->what,
				       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (g->open < 0)
				fail(EXIT_FAILED, errno, "--dir %s", g->what);
		}
	}
	/* One that is inherited under two numbers is limited under each. */
	for (g = grants; g < grants + ngrants; g++)
		limit(g);
}

/* ---- placing ---- */

/* From @first to @last, all that are open. */
static void close_from_to(unsigned int first, unsigned int last)
{
	if (first <= last && syscall(__NR_close_range, first, last, 0))
		fail(EXIT_FAILED, errno, "descriptors cannot be closed");
}

static void move(int *fd, int first)
{
	int new;

	if (*fd < 0)
		return;
	new = fcntl(*fd, F_DUPFD_CLOEXEC, first);
	if (new < 0)
		fail(EXIT_FAILED, errno, "descriptor %d", first);
	*fd = new;
}

static int by_number(const void *a, const void *b)
{
	const unsigned int *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

void close_others(unsigned int *stay, size_t count)
{
	unsigned int next = 0;
	size_t i;

	qsort(stay, count, sizeof(*stay), by_number);
	for (i = 0; i < count; i++) {
		if (stay[i])
			close_from_to(next, stay[i] - 1);
		next = stay[i] + 1;
	}
	close_from_to(next, ~0U);
}

void grants_place(int **kept, size_t count)
{
	unsigned int *stay = not_null(calloc(ngrants + count, sizeof(*stay)));
	size_t n = 0, i;
	int high = FIRST_FREE;

	for (i = 0; i < ngrants; i++)
		if (grants[i].fd >= high)
			high = grants[i].fd + 1;
	/* Out of the way, all that is in a place that is another's. */
	for (i = 0; i < count; i++) {
		move(kept[i], high);
		if (*kept[i] >= 0)
			stay[n++] = *kept[i];
	}
	for (i = 0; i < ngrants; i++)
		if (grants[i].open != grants[i].fd)
			move(&grants[i].open, high);
	for (i = 0; i < ngrants; i++) {
		struct grant *g = &grants[i];

		if (g->open != g->fd ? dup2(g->open, g->fd) < 0 :
				       fcntl(g->fd, F_SETFD, 0) < 0)
			fail(EXIT_FAILED, errno, "descriptor %d", g->fd);
		stay[n++] = g->fd;
	}
	close_others(stay, n);
	free(stay);
}

/* ---- showing ---- */

static void show_rights(const struct grant *g)
{
	ssize_t len = cap_rights_to_text(&g->rights, NULL, 0);
	char *names = not_null(malloc(len + 1));

	cap_rights_to_text(&g->rights, names, len + 1);
	printf("\trights: %s\n", len ? names : "none");
	free(names);
}

static void show_commands(const struct grant *g)
{
	bool can_fcntl = !g->limited || cap_rights_is_set(&g->rights, CAP_FCNTL);
	bool can_ioctl = !g->limited || cap_rights_is_set(&g->rights, CAP_IOCTL);
	int i;

	if (can_fcntl && g->has_fcntls)
		fcntls_show(g->fcntls);
	else if (can_fcntl)
		fcntls_show(CAP_FCNTL_ALL);
	if (!can_ioctl)
		return;
	printf("\tioctls:");
	if (!g->has_ioctls || g->nioctls == CAP_LIMIT_IOCTLS_ALL)
		printf(" all");
	else if (!g->nioctls)
		printf(" none");
	for (i = 0; g->has_ioctls && i < g->nioctls; i++)
		printf(" 0x%lx", g->ioctls[i]);
	putchar('\n');
}

void grants_show(void)
{
	struct grant *g;

	for (g = grants; g < grants + ngrants; g++) {
		printf("descriptor %d: %s\n", g->fd, g->what ? g->what :
							       "inherited");
		if (g->limited)
			show_rights(g);
		else
			puts("\trights: as inherited");
		show_commands(g);
	}
	if (!ngrants)
		puts("descriptors: none");
}
