/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Capsicum for programs: capability mode, sets of rights, and limits on file
 * descriptors.
 *
 * Names, types and meanings are those of FreeBSD's <sys/capsicum.h>, so that a
 * program written for it builds unchanged; the FreeBSD manual page each comes
 * from is named beside it. Where Linux differs, that is said. Link with
 * -lcapsicum (pkg-config: capsicum).
 *
 * This is not <sys/capability.h>: that one (libcap) is about the privileges of
 * root. Both may be included together, in either order.
 *
 * The rights themselves (CAP_READ, CAP_FSTAT, ...) and struct cap_rights come
 * from <linux/capsicum.h>, which this header includes.
 *
 * All functions may be called from any thread. Two threads that write the same
 * cap_rights_t at the same time have to agree about it first; limits of a
 * descriptor are the kernel's and need no such care.
 */
#ifndef _SYS_CAPSICUM_H
#define _SYS_CAPSICUM_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/capsicum.h>

/*
 * Error numbers, for C libraries and kernel headers that do not have them yet.
 *
 * ECAPMODE:    not permitted in capability mode.
 * ENOTCAPABLE: the descriptor lacks a right that the operation needs, or the
 *              call would have given a descriptor more than it has.
 */
#ifndef ECAPMODE
#if defined(__alpha__)
#define ECAPMODE	140
#elif defined(__mips__)
#define ECAPMODE	169
#elif defined(__hppa__)
#define ECAPMODE	258
#elif defined(__sparc__)
#define ECAPMODE	136
#else
#define ECAPMODE	134
#endif
#endif

#ifndef ENOTCAPABLE
#if defined(__alpha__)
#define ENOTCAPABLE	141
#elif defined(__mips__)
#define ENOTCAPABLE	170
#elif defined(__hppa__)
#define ENOTCAPABLE	259
#elif defined(__sparc__)
#define ENOTCAPABLE	137
#else
#define ENOTCAPABLE	135
#endif
#endif

/*
 * CAP_FCNTL_GETOWN and CAP_FCNTL_SETOWN are made of commands that glibc's
 * <fcntl.h> keeps back from strictly conforming C (-std=c99 and no feature test
 * macro). Take its internal names then, and leave the program's name space as
 * it asked for it.
 */
#if !defined(F_GETOWN) && defined(__F_GETOWN)
#undef CAP_FCNTL_GETOWN
#define CAP_FCNTL_GETOWN	(1U << __F_GETOWN)
#endif
#if !defined(F_SETOWN) && defined(__F_SETOWN)
#undef CAP_FCNTL_SETOWN
#define CAP_FCNTL_SETOWN	(1U << __F_SETOWN)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * typedef cap_rights_t - a set of rights
 *
 * Has to be made valid by cap_rights_init(), CAP_ALL() or CAP_NONE() before any
 * other use; zeroed memory is not an empty set. May be copied by assignment.
 *
 * FreeBSD: rights(4).
 */
typedef struct cap_rights cap_rights_t;

/**
 * typedef cap_ioctl_t - an ioctl command
 *
 * As wide as ioctl(2) takes it. Linux only looks at the low 32 bits of a
 * command; cap_ioctls_limit() refuses others rather than dropping bits.
 *
 * FreeBSD: cap_ioctls_limit(2).
 */
typedef unsigned long cap_ioctl_t;

/*
 * What CAP_EVENT was called once, as FreeBSD's header still has it.
 */
#define CAP_POLL_EVENT		CAP_EVENT

/**
 * CAPRVER - version field of one rights word or right
 * @right: the word, uint64_t
 *
 * Return: int, 0 for every version 0 word.
 */
#define CAPRVER(right)		((int)((right) >> 62))

/**
 * CAPVER - version of a set of rights
 * @rights: pointer to the set
 *
 * Return: int; CAP_RIGHTS_VERSION_00 is the only version there is.
 */
#define CAPVER(rights)		CAPRVER((rights)->cr_rights[0])

/**
 * CAPARSIZE - how many words a set of rights has
 * @rights: pointer to the set
 *
 * Return: int, number of uint64_t in cr_rights[].
 */
#define CAPARSIZE(rights)	(CAPVER(rights) + 2)

/**
 * CAP_ALL - fill a set with every right there is
 * @rights: pointer to the set; what it held before does not matter
 *
 * A statement, without value. Rights that later versions of <linux/capsicum.h>
 * add are not in it until the program is compiled again.
 *
 * FreeBSD: rights(4).
 */
#define CAP_ALL(rights)							\
	do {								\
		cap_rights_t *cap_all_set_ = (rights);			\
									\
		cap_all_set_->cr_rights[0] = CAP_ALL0;			\
		cap_all_set_->cr_rights[1] = CAP_ALL1;			\
	} while (0)

/**
 * CAP_NONE - make a set valid and empty
 * @rights: pointer to the set; what it held before does not matter
 *
 * A statement, without value.
 *
 * FreeBSD: rights(4).
 */
#define CAP_NONE(rights)						\
	do {								\
		cap_rights_t *cap_none_set_ = (rights);			\
									\
		cap_none_set_->cr_rights[0] = CAPRIGHT(0, 0ULL);	\
		cap_none_set_->cr_rights[1] = CAPRIGHT(1, 0ULL);	\
	} while (0)

/*
 * Capability mode. A process in it reaches nothing that it has no descriptor
 * of: no path from the root or the current directory, no other process by its
 * number, no address on a network. What is refused for that sets errno to
 * ECAPMODE, or to ENOTCAPABLE when a path leads out of the directory it starts
 * at. See Documentation/userspace-api/capsicum.rst of the kernel.
 */

/**
 * cap_enter - enter capability mode
 *
 * Every thread of the process enters at once, and nothing gets it out again:
 * processes that it makes are in capability mode from their start, and so are
 * programs that it executes. It also gives up for good what set-user-ID programs
 * and file capabilities would grant (no_new_privs). Entering again does nothing.
 *
 * Return: 0, or -1 with errno:
 * ENOSYS (the kernel has no capability mode; a program that is to run there too
 * takes this for success, as with the limits below).
 *
 * FreeBSD: cap_enter(2).
 */
int cap_enter(void);

/**
 * cap_getmode - tell whether the process is in capability mode
 * @modep: where to put the answer: 1 when it is, else 0 (FreeBSD: u_int)
 *
 * Return: 0, or -1 with errno:
 * EFAULT (@modep is a bad pointer), ENOSYS (the kernel has no capability mode).
 *
 * FreeBSD: cap_enter(2).
 */
int cap_getmode(unsigned int *modep);

/**
 * cap_sandboxed - is the process in capability mode?
 *
 * Leaves errno alone.
 *
 * Return: true when it is; false when not, and when the kernel has no capability
 * mode.
 *
 * FreeBSD: cap_sandboxed(3).
 */
bool cap_sandboxed(void);

/*
 * Sets of rights. These are plain memory operations: no system call, errno is
 * left alone, and they work the same on a kernel without Capsicum.
 *
 * A set or right that is malformed (never initialised, rights of different
 * words or-ed together, an unknown bit) is a mistake in the program, and going
 * on would mean a sandbox with other limits than its source says. The functions
 * that change a set, and cap_rights_is_set(), therefore name the mistake on
 * standard error and abort(3), as FreeBSD's do. The predicates that take whole
 * sets answer "no".
 */

/**
 * cap_rights_init - make a set hold exactly the given rights
 * @...: pointer to the set, then any number of rights (CAP_READ, CAP_FSTAT,
 *       ...), each a uint64_t; none makes the empty set. Rights of one word may
 *       be or-ed together, which is what CAP_PREAD and its like are.
 *
 * Return: the set. Aborts when a right is malformed or unknown.
 *
 * FreeBSD: cap_rights_init(3).
 */
#define cap_rights_init(...) \
	__cap_rights_init(CAP_RIGHTS_VERSION, __VA_ARGS__, 0ULL)

/**
 * __cap_rights_init - what cap_rights_init() calls
 * @version: version of struct cap_rights that the program was compiled with
 * @rights: the set
 * @...: rights, ended by 0ULL
 *
 * Return: @rights. Aborts also when @version is not CAP_RIGHTS_VERSION_00.
 */
cap_rights_t *__cap_rights_init(int version, cap_rights_t *rights, ...);

/**
 * cap_rights_set - add rights to a set
 * @...: pointer to the set, then rights as for cap_rights_init()
 *
 * Return: the set. Aborts when a right or the set is malformed.
 *
 * FreeBSD: cap_rights_set(3).
 */
#define cap_rights_set(...)	__cap_rights_set(__VA_ARGS__, 0ULL)

/**
 * __cap_rights_set - what cap_rights_set() calls
 * @rights: the set
 * @...: rights, ended by 0ULL
 *
 * Return: @rights.
 */
cap_rights_t *__cap_rights_set(cap_rights_t *rights, ...);

/**
 * cap_rights_clear - take rights out of a set
 * @...: pointer to the set, then rights as for cap_rights_init()
 *
 * A composite right takes all its parts with it: clearing CAP_PREAD clears
 * CAP_READ, CAP_SEEK and CAP_SEEK_TELL.
 *
 * Return: the set. Aborts when a right or the set is malformed.
 *
 * FreeBSD: cap_rights_clear(3).
 */
#define cap_rights_clear(...)	__cap_rights_clear(__VA_ARGS__, 0ULL)

/**
 * __cap_rights_clear - what cap_rights_clear() calls
 * @rights: the set
 * @...: rights, ended by 0ULL
 *
 * Return: @rights.
 */
cap_rights_t *__cap_rights_clear(cap_rights_t *rights, ...);

/**
 * cap_rights_is_set - does a set hold all the given rights?
 * @...: pointer to the set, then rights as for cap_rights_init()
 *
 * Return: true when it holds every one of them, a composite right with all its
 * parts. Aborts when a right or the set is malformed.
 *
 * FreeBSD: cap_rights_is_set(3).
 */
#define cap_rights_is_set(...)	__cap_rights_is_set(__VA_ARGS__, 0ULL)

/**
 * __cap_rights_is_set - what cap_rights_is_set() calls
 * @rights: the set
 * @...: rights, ended by 0ULL
 *
 * Return: as cap_rights_is_set().
 */
bool __cap_rights_is_set(const cap_rights_t *rights, ...);

/**
 * cap_rights_is_empty - is this a valid set without any right?
 * @rights: the set
 *
 * Return: true for what CAP_NONE() makes; false for every other, so also for a
 * malformed one.
 *
 * FreeBSD: cap_rights_is_empty(3).
 */
bool cap_rights_is_empty(const cap_rights_t *rights);

/**
 * cap_rights_is_valid - is this set well-formed?
 * @rights: the set
 *
 * Return: true when version and word indexes are right and every right is
 * known. Never aborts.
 *
 * FreeBSD: cap_rights_is_valid(3).
 */
bool cap_rights_is_valid(const cap_rights_t *rights);

/**
 * cap_rights_merge - union of two sets
 * @dst: gets every right of @src
 * @src: the rights to add; may be @dst
 *
 * Return: @dst. Aborts when a set is malformed.
 *
 * FreeBSD: cap_rights_merge(3).
 */
cap_rights_t *cap_rights_merge(cap_rights_t *dst, const cap_rights_t *src);

/**
 * cap_rights_remove - difference of two sets
 * @dst: loses every right of @src
 * @src: the rights to take away; may be @dst
 *
 * Return: @dst. Aborts when a set is malformed.
 *
 * FreeBSD: cap_rights_remove(3).
 */
cap_rights_t *cap_rights_remove(cap_rights_t *dst, const cap_rights_t *src);

/**
 * cap_rights_contains - does one set hold all of another?
 * @big: the set that is to hold the other
 * @little: the set that is to be held
 *
 * Return: true when every right of @little is in @big; equal sets contain each
 * other. False when either is malformed.
 *
 * FreeBSD: cap_rights_contains(3).
 */
bool cap_rights_contains(const cap_rights_t *big, const cap_rights_t *little);

/*
 * Rights and text. Linux's own: FreeBSD has nothing like it.
 */

/**
 * cap_right_by_index - every right there is, one after the other
 * @index: 0, 1, ...: first the rights that have a bit of their own, then those
 *         that only combine others (CAP_PREAD, CAP_FSTATAT, ...)
 * @right: where to put the right; may be NULL
 *
 * Return: its name, "CAP_...", or NULL beyond the last one.
 */
const char *cap_right_by_index(size_t index, uint64_t *right);

/**
 * cap_right_to_name - what a right is called
 * @right: one right, such as CAP_READ or CAP_PREAD
 *
 * Return: its name, "CAP_...", or NULL when there is no right of that value.
 */
const char *cap_right_to_name(uint64_t right);

/**
 * cap_right_from_name - the right of a name
 * @name: the name, with "CAP_" before it or without, in any case
 *
 * Return: the right, or 0 when there is none of that name.
 */
uint64_t cap_right_from_name(const char *name);

/**
 * cap_rights_to_text - tell a set of rights by name
 * @rights: the set
 * @buf: where to put the names, with commas between them and a NUL at the end;
 *       may be NULL when @size is 0
 * @size: how many bytes fit there
 *
 * The names together say exactly what is held; one that another one implies is
 * left out (CAP_SEEK stands for CAP_SEEK_TELL too, CAP_MKDIRAT for CAP_LOOKUP).
 * Bits that are held but make no right with a name come last, in hexadecimal
 * after a plus sign. It is how /proc/PID/fdinfo tells them, with spaces there.
 *
 * Return: how long the whole text is, without the NUL, also when that is more
 * than fits; or -1 with errno EINVAL (the set is malformed).
 */
ssize_t cap_rights_to_text(const cap_rights_t *rights, char *buf, size_t size);

/**
 * cap_rights_from_text - make a set of rights of their names
 * @rights: the set; left alone on errors
 * @text: names as for cap_right_from_name(), with commas, spaces or bars
 *        between them; "all" and "none" are understood, too
 * @bad: where to put the place in @text that is not understood; may be NULL
 *
 * Return: 0, or -1 with errno EINVAL (there is no right of that name).
 */
int cap_rights_from_text(cap_rights_t *rights, const char *text,
			 const char **bad);

/*
 * Limits of a descriptor. Each call narrows or reads one thing and leaves the
 * other two as they are, in one system call: no other thread sees anything in
 * between, and when a call fails nothing has changed. A limit is for good; it
 * stays with the descriptor through dup(2), fork(2), execve(2) and when it is
 * sent over a socket.
 *
 * Errors that every one of them may set, besides its own:
 *
 * EBADF:  @fd is not an open descriptor.
 * ENOSYS: the kernel has no Capsicum. A program that is to run there too takes
 *         this for success.
 */

/**
 * cap_rights_limit - narrow the rights of a descriptor
 * @fd: the descriptor
 * @rights: all it may do from now on
 *
 * fcntl limits go (to 0) with CAP_FCNTL, ioctl limits (to none) with CAP_IOCTL.
 *
 * Return: 0, or -1 with errno:
 * EFAULT (@rights is a bad pointer), EINVAL (the set is malformed),
 * ENOMEM or ENFILE (no memory or file structure for the limits),
 * ENOTCAPABLE (@rights holds what the descriptor does not have).
 *
 * FreeBSD: cap_rights_limit(2).
 */
int cap_rights_limit(int fd, const cap_rights_t *rights);

/**
 * cap_rights_get - read the rights of a descriptor
 * @fd: the descriptor
 * @rights: pointer to where to put them; all rights for one that has not been
 *          limited
 *
 * Return: 0, or -1 with errno: EFAULT (@rights is a bad pointer).
 *
 * FreeBSD: cap_rights_get(3).
 */
#define cap_rights_get(fd, rights) \
	__cap_rights_get(CAP_RIGHTS_VERSION, (fd), (rights))

/**
 * __cap_rights_get - what cap_rights_get() calls
 * @version: version of struct cap_rights that the program was compiled with
 * @fd: the descriptor
 * @rights: where to put its rights
 *
 * Return: as cap_rights_get(), and EINVAL when @version is not
 * CAP_RIGHTS_VERSION_00.
 */
int __cap_rights_get(int version, int fd, cap_rights_t *rights);

/**
 * cap_fcntls_limit - narrow the fcntl(2) commands of a descriptor
 * @fd: the descriptor
 * @fcntlrights: the commands that stay allowed, or-ed CAP_FCNTL_GETFL,
 *               CAP_FCNTL_SETFL, CAP_FCNTL_GETOWN, CAP_FCNTL_SETOWN; 0 for none
 *
 * Other fcntl commands are governed by the rights themselves.
 *
 * Return: 0, or -1 with errno:
 * EINVAL (a bit that is none of these), ENOMEM or ENFILE (as cap_rights_limit()),
 * ENOTCAPABLE (a command that the descriptor does not have; it has none without
 * CAP_FCNTL).
 *
 * FreeBSD: cap_fcntls_limit(2).
 */
int cap_fcntls_limit(int fd, uint32_t fcntlrights);

/**
 * cap_fcntls_get - read which fcntl(2) commands a descriptor allows
 * @fd: the descriptor
 * @fcntlrightsp: where to put them, as for cap_fcntls_limit(); CAP_FCNTL_ALL
 *                for one that has not been limited
 *
 * Return: 0, or -1 with errno: EFAULT (@fcntlrightsp is a bad pointer).
 *
 * FreeBSD: cap_fcntls_limit(2).
 */
int cap_fcntls_get(int fd, uint32_t *fcntlrightsp);

/**
 * CAP_IOCTLS_ALL - what cap_ioctls_get() returns when every command is allowed
 *
 * SSIZE_MAX, spelt so that <limits.h> need not offer that name.
 *
 * FreeBSD: cap_ioctls_limit(2).
 */
#define CAP_IOCTLS_ALL		((ssize_t)(~(size_t)0 >> 1))

/**
 * cap_ioctls_limit - narrow the ioctl(2) commands of a descriptor
 * @fd: the descriptor
 * @cmds: the commands that stay allowed; may be NULL when @ncmds is 0
 * @ncmds: how many there are, at most CAP_IOCTLS_LIMIT_MAX; 0 allows none
 *
 * Return: 0, or -1 with errno:
 * EFAULT (@cmds is NULL and @ncmds is not 0; any other bad pointer is fatal, as
 * the list is read before the kernel is asked),
 * EINVAL (@ncmds is too large, or a command does not fit into 32 bits),
 * ENOMEM or ENFILE (as cap_rights_limit()),
 * ENOTCAPABLE (a command that the descriptor does not have; it has none without
 * CAP_IOCTL).
 *
 * FreeBSD: cap_ioctls_limit(2).
 */
int cap_ioctls_limit(int fd, const cap_ioctl_t *cmds, size_t ncmds);

/**
 * cap_ioctls_get - read which ioctl(2) commands a descriptor allows
 * @fd: the descriptor
 * @cmds: where to put them, or NULL to learn only how many there are; when the
 *        call fails or returns CAP_IOCTLS_ALL it holds nothing of use
 * @maxcmds: how many fit there; no more are written
 *
 * Return: how many commands the descriptor has, also when that is more than
 * @maxcmds; 0 when it allows none; CAP_IOCTLS_ALL when it allows all; or -1 with
 * errno: EFAULT (@cmds is a bad pointer).
 *
 * FreeBSD: cap_ioctls_limit(2).
 */
ssize_t cap_ioctls_get(int fd, cap_ioctl_t *cmds, size_t maxcmds);

#ifdef __cplusplus
}
#endif

#endif /* _SYS_CAPSICUM_H */
