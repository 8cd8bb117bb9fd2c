// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The caph_ family. What each function takes and returns stands in
 * capsicum_helpers.h.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <capsicum_helpers.h>

#include "internal.h"

static const cap_ioctl_t terminal_commands[] = {
	TCGETS,
#if !defined(__alpha__) && !defined(__mips__) && !defined(__sparc__) && \
	!defined(__powerpc__)
	/*
	 * TCGETS2, by which isatty(3) and tcgetattr(3) of newer C libraries
	 * ask. Its argument is none that the C library shows.
	 */
	_IOC(_IOC_READ, 'T', 0x2A, 44),
#endif
	TIOCGWINSZ,
};

/* A kernel without Capsicum is no failure. */
static int there(int ret)
{
	return ret < 0 && errno != ENOSYS ? -1 : 0;
}

CAPSICUM_API int caph_enter(void)
{
	return there(cap_enter());
}

CAPSICUM_API int caph_enter_casper(void)
{
	return 0;
}

CAPSICUM_API int caph_rights_limit(int fd, const cap_rights_t *rights)
{
	return there(cap_rights_limit(fd, rights));
}

CAPSICUM_API int caph_fcntls_limit(int fd, uint32_t fcntlrights)
{
	return there(cap_fcntls_limit(fd, fcntlrights));
}

CAPSICUM_API int
caph_ioctls_limit(int fd, const cap_ioctl_t *cmds, size_t ncmds)
{
	return there(cap_ioctls_limit(fd, cmds, ncmds));
}

CAPSICUM_API void caph_stream_rights(cap_rights_t *rights, int flags)
{
	cap_rights_init(rights, CAP_EVENT, CAP_FCNTL, CAP_FSTAT, CAP_IOCTL,
			CAP_SEEK);
	if (flags & CAPH_READ)
		cap_rights_set(rights, CAP_READ);
	if (flags & CAPH_WRITE)
		cap_rights_set(rights, CAP_WRITE);
	if (flags & CAPH_LOOKUP)
		cap_rights_set(rights, CAP_LOOKUP);
}

CAPSICUM_API int caph_limit_stream(int fd, int flags)
{
	cap_rights_t rights;

	caph_stream_rights(&rights, flags);
	if (caph_rights_limit(fd, &rights))
		return errno == EBADF && flags & CAPH_IGNORE_EBADF ? 0 : -1;
	if (caph_ioctls_limit(fd, terminal_commands, COUNT(terminal_commands)))
		return -1;
	return caph_fcntls_limit(fd, CAP_FCNTL_GETFL);
}

CAPSICUM_API int caph_limit_stdin(void)
{
	return caph_limit_stream(STDIN_FILENO, CAPH_READ);
}

CAPSICUM_API int caph_limit_stdout(void)
{
	return caph_limit_stream(STDOUT_FILENO, CAPH_WRITE);
}

CAPSICUM_API int caph_limit_stderr(void)
{
	return caph_limit_stream(STDERR_FILENO, CAPH_WRITE);
}

CAPSICUM_API int caph_limit_stdio(void)
{
	if (caph_limit_stdin() || caph_limit_stdout() || caph_limit_stderr())
		return -1;
	return 0;
}

CAPSICUM_API void caph_cache_tzdata(void)
{
	time_t now = 0;
	struct tm tm;

	/* Some C libraries put off what tzset() is for to the first use. */
	tzset();
	localtime_r(&now, &tm);
}

CAPSICUM_API void caph_cache_catpages(void)
{
	int saved = errno;
	char buf[128];

	/* The catalogue, and what turns it into the character set, if any. */
	(void)!strerror_r(EINVAL, buf, sizeof(buf));
	errno = saved;
}
