/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: what the places that act on an argument ask.
 *
 * A process in capability mode cannot name anything that it was not given; see
 * Documentation/userspace-api/capsicum.rst. Which system calls can be made at
 * all is decided at the door, from a table; what depends on an argument, where
 * the argument is used, whichever way it got there.
 */
#ifndef _LINUX_CAPMODE_H
#define _LINUX_CAPMODE_H

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/types.h>

struct cap_rights;
struct file;
struct seccomp_data;

#ifdef CONFIG_SECURITY_CAPSICUM_MODE

/**
 * in_capability_mode - is this task in capability mode?
 *
 * Kernel threads are not, threads that work for a process (of io_uring, of
 * vhost; the probe of an algorithm that it asked for) are when it is.
 *
 * Return: true when nothing global may be named.
 */
static inline bool in_capability_mode(void)
{
	return unlikely(task_capability_mode(current));
}

bool capmode_allows(unsigned int arch, unsigned int nr);
int capmode_refuse(void);
int __capmode_check_pid(pid_t nr);
int __capmode_check_async(struct file *filp);

#else /* !CONFIG_SECURITY_CAPSICUM_MODE */

static inline bool in_capability_mode(void)
{
	return false;
}

static inline bool capmode_allows(unsigned int arch, unsigned int nr)
{
	return true;
}

static inline int capmode_refuse(void)
{
	return -ECAPMODE;
}

static inline int __capmode_check_pid(pid_t nr)
{
	return 0;
}

static inline int __capmode_check_async(struct file *filp)
{
	return 0;
}

#endif /* CONFIG_SECURITY_CAPSICUM_MODE */

/**
 * capmode_check_pid - may this task be named by number?
 * @nr: the number that user space gave, in its own pid namespace; 0 is oneself
 *
 * Return: 0 outside capability mode, and for 0 or a thread of the caller's own
 * process; -ECAPMODE for every other number, whether there is such a task or
 * not.
 */
static inline int capmode_check_pid(pid_t nr)
{
	if (in_capability_mode())
		return __capmode_check_pid(nr);
	return 0;
}

/**
 * capmode_check_async - may this task have events of a file signalled?
 * @filp: the file
 *
 * The signals go to the file's owner. Who made another process the owner did
 * not ask for more than there was at that time.
 *
 * Return: 0; -ECAPMODE in capability mode when another process is owner.
 */
static inline int capmode_check_async(struct file *filp)
{
	if (in_capability_mode())
		return __capmode_check_async(filp);
	return 0;
}

#ifdef CONFIG_SECURITY_CAPSICUM
/**
 * capsicum_fork - give a new task the modes that its maker is in now
 * @p: the new task, which does not run yet
 *
 * Copying the task copied them too, but another thread may have set some since.
 *
 * Context: the caller holds the siglock under which they are set, and puts @p
 * where those who set them find it before it lets go.
 */
static inline void capsicum_fork(struct task_struct *p)
{
	/* An ioctl may make a thread, which is not in that ioctl. */
	p->used_capability = NULL;
	if (task_capability_mode(current))
		task_set_capability_mode(p);
	if (task_openat_beneath(current))
		task_set_openat_beneath(p);
	if (task_capmode_trap(current))
		task_set_capmode_trap(p);
	else
		task_clear_capmode_trap(p);
}

/**
 * capsicum_secure_exec - take from a task what must not outlast its execve()
 * @p: the task, which is about to gain privilege
 *
 * Who starts it does not choose that it gets signals for what it is refused.
 */
static inline void capsicum_secure_exec(struct task_struct *p)
{
	task_clear_capmode_trap(p);
}

int capsicum_refuse(int fd, const struct cap_rights *needed,
		    const struct cap_rights *held);
#else
static inline void capsicum_fork(struct task_struct *p)
{
}

static inline void capsicum_secure_exec(struct task_struct *p)
{
}

static inline int capsicum_refuse(int fd, const struct cap_rights *needed,
				  const struct cap_rights *held)
{
	return -ENOTCAPABLE;
}
#endif

/*
 * For a refusal in a system call that has not kept the number of its descriptor,
 * because that would cost those who are not refused: its first argument.
 */
#define CAPSICUM_FIRST_FD	(-2)

#endif /* _LINUX_CAPMODE_H */
