/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: what the kernel tells of a refusal.
 */
#ifndef _SELFTESTS_CAPSICUM_REFUSAL_H
#define _SELFTESTS_CAPSICUM_REFUSAL_H

#include "capmode.h"

#include <linux/audit.h>

#ifndef AUDIT_CAPSICUM
#define AUDIT_CAPSICUM	1480
#endif

/* Of i386, which an x86_64 program can call too. */
#define I386_NR_getcwd	183
#define I386_NR_kill	37

/* socketcall(2) as ROAD_SOCKETCALL of sockets.h makes it; @native: our own. */
#ifdef __NR_socketcall
#define SOCKETCALL_NR	__NR_socketcall
static inline unsigned int socketcall_arch(unsigned int native)
{
	return native;
}
#else
#define SOCKETCALL_NR	102
static inline unsigned int socketcall_arch(unsigned int native)
{
	return AUDIT_ARCH_I386;
}
#endif

/* What system calls of this ABI are called: AUDIT_ARCH_*, or 0 */
static inline unsigned int native_arch(void)
{
	struct __ptrace_syscall_info info = {};
	int status;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 0;
	if (WIFSTOPPED(status)) {
		ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
#if defined(__x86_64__)
	return info.arch == AUDIT_ARCH_X86_64 ? info.arch : 0;
#elif defined(__i386__)
	return info.arch == AUDIT_ARCH_I386 ? info.arch : 0;
#else
	return info.arch;
#endif
}

/* A directory, and in it as little as it may be. */
static inline int open_dir(void)
{
	return RET(open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

#endif /* _SELFTESTS_CAPSICUM_REFUSAL_H */
