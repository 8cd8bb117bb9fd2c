/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Capsicum for programs: what most of them do before they enter capability
 * mode, in one call each.
 *
 * Names and meanings are those of FreeBSD's <capsicum_helpers.h>, manual page
 * capsicum_helpers(3). Functions here, not inline: link with -lcapsicum.
 *
 * On a kernel without Capsicum all of them succeed, so that a program runs there
 * too, without protection; one that has to be confined calls cap_enter() and its
 * kin itself (<sys/capsicum.h>), which say ENOSYS.
 */
#ifndef _CAPSICUM_HELPERS_H
#define _CAPSICUM_HELPERS_H

#include <sys/capsicum.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What caph_limit_stream() and caph_stream_rights() are told. */
#define CAPH_IGNORE_EBADF	0x0001	/* not open: fine */
#define CAPH_READ		0x0002	/* it is read from */
#define CAPH_WRITE		0x0004	/* it is written to */
#define CAPH_LOOKUP		0x0008	/* it is a directory that paths begin at */

/**
 * caph_stream_rights - the rights of a stream
 * @rights: the set to fill
 * @flags: CAPH_READ, CAPH_WRITE, CAPH_LOOKUP; CAPH_IGNORE_EBADF means nothing
 *         here
 *
 * CAP_EVENT, CAP_FCNTL, CAP_FSTAT, CAP_IOCTL and CAP_SEEK, which standard I/O
 * and isatty(3) want, and CAP_READ, CAP_WRITE, CAP_LOOKUP as @flags say.
 */
void caph_stream_rights(cap_rights_t *rights, int flags);

/**
 * caph_limit_stream - limit a descriptor to what a stream needs
 * @fd: the descriptor
 * @flags: as for caph_stream_rights(); with CAPH_IGNORE_EBADF it need not be
 *         open
 *
 * The rights of caph_stream_rights(); of fcntl commands F_GETFL; of ioctl
 * commands those that tell of a terminal and its size (TCGETS, TCGETS2,
 * TIOCGWINSZ).
 *
 * Return: 0, or -1 with errno as cap_rights_limit() sets it, but ENOSYS.
 */
int caph_limit_stream(int fd, int flags);

/**
 * caph_limit_stdin - limit standard input to being read
 *
 * Return: as caph_limit_stream(); EBADF when it is not open.
 */
int caph_limit_stdin(void);

/**
 * caph_limit_stdout - limit standard output to being written
 *
 * Return: as caph_limit_stream(); EBADF when it is not open.
 */
int caph_limit_stdout(void);

/**
 * caph_limit_stderr - limit standard error to being written
 *
 * Return: as caph_limit_stream(); EBADF when it is not open.
 */
int caph_limit_stderr(void);

/**
 * caph_limit_stdio - all three of the above
 *
 * Return: 0, or -1 when one of them failed; those before it stay limited.
 */
int caph_limit_stdio(void);

/**
 * caph_cache_tzdata - have the C library read the time zone now
 *
 * localtime(3) and its kin work in capability mode then; the file of the time
 * zone is a path.
 */
void caph_cache_tzdata(void);

/**
 * caph_cache_catpages - have the C library read its messages now
 *
 * strerror(3) and its kin speak the language of the locale in capability mode
 * then, as setlocale(3) has set it before; the catalogue is a path.
 */
void caph_cache_catpages(void);

/**
 * caph_enter - enter capability mode, where there is one
 *
 * Return: 0, also on a kernel without it, or -1 with errno as cap_enter() sets
 * it.
 */
int caph_enter(void);

/**
 * caph_enter_casper - enter capability mode, where Casper can serve there
 *
 * There is no Casper on Linux. A program that would go on to ask its services
 * for names and files gets a process that is not confined, as it does on a
 * FreeBSD that is built without Casper; its descriptors keep their limits.
 *
 * Return: 0.
 */
int caph_enter_casper(void);

/**
 * caph_rights_limit - cap_rights_limit(), where there is one
 * @fd: the descriptor
 * @rights: all it may do from now on
 *
 * Return: 0, also on a kernel without limits, or -1 with errno as
 * cap_rights_limit() sets it.
 */
int caph_rights_limit(int fd, const cap_rights_t *rights);

/**
 * caph_fcntls_limit - cap_fcntls_limit(), where there is one
 * @fd: the descriptor
 * @fcntlrights: the commands that stay allowed
 *
 * Return: as caph_rights_limit().
 */
int caph_fcntls_limit(int fd, uint32_t fcntlrights);

/**
 * caph_ioctls_limit - cap_ioctls_limit(), where there is one
 * @fd: the descriptor
 * @cmds: the commands that stay allowed
 * @ncmds: how many there are
 *
 * Return: as caph_rights_limit().
 */
int caph_ioctls_limit(int fd, const cap_ioctl_t *cmds, size_t ncmds);

#ifdef __cplusplus
}
#endif

#endif /* _CAPSICUM_HELPERS_H */
