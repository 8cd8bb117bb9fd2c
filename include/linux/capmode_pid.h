/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: tasks by number.
 *
 * capmode_check_pid() refuses numbers that are not the caller's own, and comes
 * first. But a thread that it let pass can be gone by the time it is looked up,
 * and its number another process's: who goes on to look it up does so by these.
 */
#ifndef _LINUX_CAPMODE_PID_H
#define _LINUX_CAPMODE_PID_H

#include <linux/capmode.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

/**
 * capmode_find_task - find_task_by_vpid() for a number from user space
 * @nr: the number, which capmode_check_pid() has let pass
 *
 * Context: rcu_read_lock() is held.
 * Return: the task; NULL when there is none, or, in capability mode, none of
 * the caller's own process.
 */
static inline struct task_struct *capmode_find_task(pid_t nr)
{
	struct task_struct *p = find_task_by_vpid(nr);

	if (p && in_capability_mode() && !same_thread_group(p, current))
		return NULL;
	return p;
}

/**
 * capmode_pid_is_own - does this stand for the caller's own process?
 * @pid: of a thread or a process, and not of a group; may be NULL
 *
 * Context: rcu_read_lock() is held.
 * Return: true for any thread of the caller's process; false for others, and for
 * what has ended.
 */
static inline bool capmode_pid_is_own(struct pid *pid)
{
	struct task_struct *p = pid_task(pid, PIDTYPE_PID);

	return p && same_thread_group(p, current);
}

/**
 * capmode_find_pid - find_vpid() for a number from user space
 * @nr: the number, which capmode_check_pid() has let pass
 *
 * Context: rcu_read_lock() is held.
 * Return: the pid; NULL when there is none, or, in capability mode, none of the
 * caller's own process.
 */
static inline struct pid *capmode_find_pid(pid_t nr)
{
	struct pid *pid = find_vpid(nr);

	if (in_capability_mode() && !capmode_pid_is_own(pid))
		return NULL;
	return pid;
}

/**
 * capmode_find_get_pid - find_get_pid() for a number from user space
 * @nr: the number, which capmode_check_pid() has let pass
 *
 * Return: as capmode_find_pid(), with a reference.
 */
static inline struct pid *capmode_find_get_pid(pid_t nr)
{
	guard(rcu)();
	return get_pid(capmode_find_pid(nr));
}

#endif /* _LINUX_CAPMODE_PID_H */
