// SPDX-License-Identifier: GPL-2.0
/*
 * What code can do that has taken a program over.
 *
 * For LD_PRELOAD, into an unmodified program that calls libcapsicum's
 * cap_enter(). Its own code limits its descriptors and enters capability mode;
 * the moment it has, this tries one thing after the other where the program
 * stands, and lets it go on. All attempts are such that the program does not
 * notice: they move nothing, and end in an error of their own kind where they
 * are allowed.
 *
 * The report goes to the file that TAKEOVER names, through memory that was
 * mapped when the program started: a line for each attempt that needs no
 * descriptor, with its error, and one for each descriptor, with what it is good
 * for. With TAKEOVER_CONTROL set, the program's calls of libcapsicum do nothing,
 * so that the same attempts show what there was to be lost.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/capsicum.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SIZE		65536
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static char *report;
static size_t used;
static int control;

static void __attribute__((constructor)) prepare(void)
{
	const char *name = getenv("TAKEOVER");
	int fd;

	control = !!getenv("TAKEOVER_CONTROL");
	fd = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd < 0 || ftruncate(fd, SIZE) < 0)
		return;
	report = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (report == MAP_FAILED)
		report = NULL;
	close(fd);
}

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	used += vsnprintf(report + used, SIZE - used, fmt, ap);
	va_end(ap);
	if (used >= SIZE)
		abort();
}

/* What needs no descriptor. */

static long try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long try_openat(void)
{
	return openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
}

static long try_create(void)
{
	return open("/tmp/takeover.new", O_WRONLY | O_CREAT, 0600);
}

static long try_stat(void)
{
	struct stat st;

	return stat("/", &st);
}

static long try_unlink(void)
{
	return unlink("/tmp/takeover.none");
}

static long try_chdir(void)
{
	return chdir(".");
}

static long try_execve(void)
{
	char *const none[] = { NULL };

	return execve("/tmp/takeover.none", none, none);
}

static long try_kill(void)
{
	return kill(getppid(), 0);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_PEEKDATA, getppid(), NULL, NULL);
}

/* A datagram socket needs nobody at the other end. */
static long try_connect(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long ret;
	int error;

	if (fd < 0)
		return fd;
	ret = connect(fd, (struct sockaddr *)&to, sizeof(to));
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

static const struct {
	const char *what;
	long (*try)(void);
} names[] = {
	{ "open", try_open },
	{ "openat", try_openat },
	{ "create", try_create },
	{ "stat", try_stat },
	{ "unlink", try_unlink },
	{ "chdir", try_chdir },
	{ "execve", try_execve },
	{ "kill", try_kill },
	{ "ptrace", try_ptrace },
	{ "connect", try_connect },
};

/* What is done to a descriptor; the answer is whether it is refused. */

static long fd_read(int fd)
{
	return read(fd, &fd, 0);
}

static long fd_write(int fd)
{
	return write(fd, &fd, 0);
}

static long fd_tell(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

/* There is no seeking to a position that it cannot be asked for. */
static long fd_seek(int fd)
{
	off_t pos = lseek(fd, 0, SEEK_CUR);

	return pos < 0 ? pos : lseek(fd, pos, SEEK_SET);
}

static long fd_stat(int fd)
{
	struct stat st;

	return fstat(fd, &st);
}

static long fd_chown(int fd)
{
	return fchown(fd, -1, -1);
}

static long fd_sync(int fd)
{
	return fsync(fd);
}

static long fd_getfl(int fd)
{
	return fcntl(fd, F_GETFL);
}

static long fd_setfl(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, flags < 0 ? 0 : flags);
}

static long fd_ioctl(int fd)
{
	int n;

	return ioctl(fd, FIONREAD, &n);
}

/* Poll tells by an event. */
static long fd_poll(int fd)
{
	struct pollfd p = { .fd = fd };

	if (poll(&p, 1, 0) == 1 && p.revents & POLLNVAL) {
		errno = ENOTCAPABLE;
		return -1;
	}
	return 0;
}

static long fd_map(int fd)
{
	void *addr = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return -1;
	return munmap(addr, 1);
}

static long fd_lock(int fd)
{
	long ret = flock(fd, LOCK_SH | LOCK_NB);

	return ret < 0 ? ret : flock(fd, LOCK_UN);
}

static const struct {
	const char *what;
	long (*try)(int fd);
} uses[] = {
	{ "read", fd_read },
	{ "write", fd_write },
	{ "tell", fd_tell },
	{ "seek", fd_seek },
	{ "stat", fd_stat },
	{ "chown", fd_chown },
	{ "sync", fd_sync },
	{ "getfl", fd_getfl },
	{ "setfl", fd_setfl },
	{ "ioctl", fd_ioctl },
	{ "poll", fd_poll },
	{ "map", fd_map },
	{ "lock", fd_lock },
};

static void take_over(void)
{
	size_t i;
	int fd;

	used = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		errno = 0;
		if (names[i].try() >= 0)
			errno = 0;
		say("%s: %s\n", names[i].what,
		    errno == ECAPMODE ? "ECAPMODE" :
		    errno == ENOTCAPABLE ? "ENOTCAPABLE" :
		    errno ? strerror(errno) : "works");
	}
	for (fd = 0; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		say("fd %d:", fd);
		for (i = 0; i < ARRAY_SIZE(uses); i++)
			if (uses[i].try(fd) >= 0 || errno != ENOTCAPABLE)
				say(" %s", uses[i].what);
		say("\n");
	}
	say("end\n");
	report[used] = '\0';
}

/* The program's own calls. */

int cap_enter(void)
{
	int (*next)(void) = dlsym(RTLD_NEXT, "cap_enter");
	int ret = control ? 0 : next();

	if (ret == 0 && report)
		take_over();
	return ret;
}

int cap_rights_limit(int fd, const cap_rights_t *rights)
{
	int (*next)(int fd, const cap_rights_t *rights) =
		dlsym(RTLD_NEXT, "cap_rights_limit");

	return control ? 0 : next(fd, rights);
}

int cap_fcntls_limit(int fd, uint32_t fcntls)
{
	int (*next)(int fd, uint32_t fcntls) =
		dlsym(RTLD_NEXT, "cap_fcntls_limit");

	return control ? 0 : next(fd, fcntls);
}

int cap_ioctls_limit(int fd, const cap_ioctl_t *cmds, size_t ncmds)
{
	int (*next)(int fd, const cap_ioctl_t *cmds, size_t ncmds) =
		dlsym(RTLD_NEXT, "cap_ioctls_limit");

	return control ? 0 : next(fd, cmds, ncmds);
}
