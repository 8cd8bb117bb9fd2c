/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Capsicum: what rights are called.
 *
 * As <linux/capsicum_rights.h>, the one copy for the kernel (/proc/PID/fdinfo)
 * and for the user library (tools/lib/capsicum), and under the same
 * restrictions.
 */
#ifndef _LINUX_CAPSICUM_NAMES_H
#define _LINUX_CAPSICUM_NAMES_H

#include "capsicum_rights.h"

/**
 * struct cap_right_name - a right and what it is called
 * @right: the right, or rights of one word
 * @name: its name in <linux/capsicum.h>
 */
struct cap_right_name {
	__u64 right;
	const char *name;
};

/**
 * CAPSICUM_RIGHT_NAMES - each right that has a bit of its own
 * @N: a macro of one argument, the right
 *
 * In the order of these bits. What only combines others (CAP_PREAD, CAP_FSTATAT,
 * ...) is not here, but in CAPSICUM_COMPOSITE_NAMES().
 */
#define CAPSICUM_RIGHT_NAMES(N) \
	N(CAP_READ) \
	N(CAP_WRITE) \
	N(CAP_SEEK_TELL) \
	N(CAP_SEEK) \
	N(CAP_MMAP) \
	N(CAP_MMAP_X) \
	N(CAP_CREATE) \
	N(CAP_FEXECVE) \
	N(CAP_FSYNC) \
	N(CAP_FTRUNCATE) \
	N(CAP_LOOKUP) \
	N(CAP_FCHDIR) \
	N(CAP_FCHFLAGS) \
	N(CAP_FCHMOD) \
	N(CAP_FCHOWN) \
	N(CAP_FCNTL) \
	N(CAP_FLOCK) \
	N(CAP_FPATHCONF) \
	N(CAP_FSCK) \
	N(CAP_FSTAT) \
	N(CAP_FSTATFS) \
	N(CAP_FUTIMES) \
	N(CAP_LINKAT_TARGET) \
	N(CAP_MKDIRAT) \
	N(CAP_MKFIFOAT) \
	N(CAP_MKNODAT) \
	N(CAP_RENAMEAT_SOURCE) \
	N(CAP_SYMLINKAT) \
	N(CAP_UNLINKAT) \
	N(CAP_ACCEPT) \
	N(CAP_BIND) \
	N(CAP_CONNECT) \
	N(CAP_GETPEERNAME) \
	N(CAP_GETSOCKNAME) \
	N(CAP_GETSOCKOPT) \
	N(CAP_LISTEN) \
	N(CAP_PEELOFF) \
	N(CAP_SETSOCKOPT) \
	N(CAP_SHUTDOWN) \
	N(CAP_BINDAT) \
	N(CAP_CONNECTAT) \
	N(CAP_LINKAT_SOURCE) \
	N(CAP_RENAMEAT_TARGET) \
	N(CAP_MAC_GET) \
	N(CAP_MAC_SET) \
	N(CAP_SEM_GETVALUE) \
	N(CAP_SEM_POST) \
	N(CAP_SEM_WAIT) \
	N(CAP_EVENT) \
	N(CAP_KQUEUE_EVENT) \
	N(CAP_IOCTL) \
	N(CAP_TTYHOOK) \
	N(CAP_PDGETPID) \
	N(CAP_PDWAIT) \
	N(CAP_PDKILL) \
	N(CAP_EXTATTR_DELETE) \
	N(CAP_EXTATTR_GET) \
	N(CAP_EXTATTR_LIST) \
	N(CAP_EXTATTR_SET) \
	N(CAP_ACL_CHECK) \
	N(CAP_ACL_DELETE) \
	N(CAP_ACL_GET) \
	N(CAP_ACL_SET) \
	N(CAP_KQUEUE_CHANGE) \
	N(CAP_INOTIFY_ADD) \
	N(CAP_INOTIFY_RM) \
	N(CAP_PERF_EVENT) \
	N(CAP_BPF_OBJECT) \
	N(CAP_PDMRELEASE) \
	N(CAP_PDMADVISE) \
	N(CAP_PDGETFD) \
	N(CAP_IO_URING) \
	N(CAP_SETNS) \
	N(CAP_EPOLL_CTL) \
	N(CAP_FSIGNAL)

/**
 * CAPSICUM_COMPOSITE_NAMES - each right that only combines others
 * @N: a macro of one argument, the right
 */
#define CAPSICUM_COMPOSITE_NAMES(N) \
	N(CAP_PREAD) \
	N(CAP_PWRITE) \
	N(CAP_MMAP_R) \
	N(CAP_MMAP_W) \
	N(CAP_MMAP_RW) \
	N(CAP_MMAP_RX) \
	N(CAP_MMAP_WX) \
	N(CAP_MMAP_RWX) \
	N(CAP_CHFLAGSAT) \
	N(CAP_FCHMODAT) \
	N(CAP_FCHOWNAT) \
	N(CAP_FSTATAT) \
	N(CAP_FUTIMESAT) \
	N(CAP_RECV) \
	N(CAP_SEND) \
	N(CAP_SOCK_CLIENT) \
	N(CAP_SOCK_SERVER) \
	N(CAP_KQUEUE) \
	N(CAP_NOTIFY)

/**
 * capsicum_rights_hold - does a set hold a right?
 * @r: a valid set
 * @right: a valid right, or rights of one word
 *
 * Return: true when every bit of @right is in @r.
 */
static inline bool capsicum_rights_hold(const struct cap_rights *r, __u64 right)
{
	int word = capsicum_right_word(right);

	return word >= 0 && !(right & ~r->cr_rights[word]);
}

/**
 * capsicum_right_implied - does a larger right with a name speak for a right?
 * @r: a valid set
 * @names: the names there are
 * @count: how many
 * @right: a right that @r holds
 *
 * Return: true when @r holds one of @names that has all of @right and more.
 */
static inline bool capsicum_right_implied(const struct cap_rights *r,
					  const struct cap_right_name *names,
					  unsigned int count, __u64 right)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (names[i].right != right && !(right & ~names[i].right) &&
		    capsicum_rights_hold(r, names[i].right))
			return true;
	return false;
}

/**
 * capsicum_rights_tell - tell a set of rights by name
 * @r: a valid set
 * @names: the names there are, those of CAPSICUM_RIGHT_NAMES()
 * @count: how many
 * @tell: is called with @arg and a name; or, for bits of a word that make no
 *        right with a name, with NULL and these bits
 * @arg: for @tell
 *
 * Together the names say exactly what is held: none is told of which a bit is
 * missing, none that another one implies (CAP_SEEK stands for CAP_SEEK_TELL too,
 * CAP_MKDIRAT for CAP_LOOKUP). Bits that are held but make no right with a name,
 * such as CAP_MKDIRAT's own without CAP_LOOKUP, come last.
 */
static inline void
capsicum_rights_tell(const struct cap_rights *r,
		     const struct cap_right_name *names, unsigned int count,
		     void (*tell)(void *arg, const char *name, __u64 bits),
		     void *arg)
{
	struct cap_rights unnamed = *r;
	unsigned int i;
	int word;

	for (i = 0; i < count; i++) {
		word = capsicum_right_word(names[i].right);
		if (word < 0 || !capsicum_rights_hold(r, names[i].right))
			continue;
		unnamed.cr_rights[word] &= ~names[i].right;
		if (!capsicum_right_implied(r, names, count, names[i].right))
			tell(arg, names[i].name, 0);
	}

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++) {
		const __u64 bits = unnamed.cr_rights[word] & CAPSICUM_RIGHTS_MASK;

		if (bits)
			tell(arg, NULL, bits);
	}
}

#endif /* _LINUX_CAPSICUM_NAMES_H */
