// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: its two system calls, and what the rest of the kernel asks.
 *
 * The mode is a bit of each task beside no_new_privs, and a seccomp mode:
 * kernel/seccomp.c sets it, for all threads of a process at once.
 */
#include <linux/capmode.h>
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

/**
 * __capmode_check_pid - may this task be named by number?
 * @nr: the number that user space gave, in its own pid namespace; 0 is oneself
 *
 * For capmode_check_pid(), in capability mode.
 *
 * Return: 0 for a thread of the caller's own process; -ECAPMODE for every other
 * number, whether there is such a task or not.
 */
int __capmode_check_pid(pid_t nr)
{
	struct task_struct *p;

	if (!nr)
		return 0;

	scoped_guard(rcu) {
		p = find_task_by_vpid(nr);
		if (p && same_thread_group(p, current))
			return 0;
	}
	return capmode_refuse();
}
EXPORT_SYMBOL_GPL(__capmode_check_pid);

/**
 * sys_cap_enter - enter capability mode
 * @flags: must be 0
 *
 * All threads of the process enter, at once and for good; it holds for every
 * process they make, and through execve(2). Sets no_new_privs as well. Entering
 * again changes nothing.
 *
 * Return: 0, or -EINVAL for flags.
 */
SYSCALL_DEFINE1(cap_enter, unsigned int, flags)
{
	if (flags)
		return -EINVAL;
	return seccomp_enter_capability_mode();
}

/**
 * sys_cap_getmode - tell whether the process is in capability mode
 * @mode: where to put the answer: 1 in capability mode, else 0
 *
 * Return: 0, or -EFAULT.
 */
SYSCALL_DEFINE1(cap_getmode, unsigned int __user *, mode)
{
	return put_user(in_capability_mode() ? 1U : 0U, mode);
}
