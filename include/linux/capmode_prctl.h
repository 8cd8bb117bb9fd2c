/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: prctl(2) and personality(2).
 */
#ifndef _LINUX_CAPMODE_PRCTL_H
#define _LINUX_CAPMODE_PRCTL_H

#include <linux/capmode.h>

#ifdef CONFIG_SECURITY_CAPSICUM

int __capmode_check_prctl(int option, unsigned long arg3, unsigned long arg4);
int __capmode_check_personality(unsigned int personality);
int capmode_set_trap(unsigned long arg2, unsigned long arg3,
		     unsigned long arg4, unsigned long arg5);
int capmode_get_trap(unsigned long arg2, unsigned long arg3,
		     unsigned long arg4, unsigned long arg5);
int capmode_set_openat_beneath(unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5);
int capmode_get_openat_beneath(unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5);

#else /* !CONFIG_SECURITY_CAPSICUM */

static inline int __capmode_check_prctl(int option, unsigned long arg3,
					unsigned long arg4)
{
	return 0;
}

static inline int __capmode_check_personality(unsigned int personality)
{
	return 0;
}

static inline int capmode_set_trap(unsigned long arg2, unsigned long arg3,
				   unsigned long arg4, unsigned long arg5)
{
	return -EINVAL;
}

static inline int capmode_get_trap(unsigned long arg2, unsigned long arg3,
				   unsigned long arg4, unsigned long arg5)
{
	return -EINVAL;
}

static inline int capmode_set_openat_beneath(unsigned long arg2,
					     unsigned long arg3,
					     unsigned long arg4,
					     unsigned long arg5)
{
	return -EINVAL;
}

static inline int capmode_get_openat_beneath(unsigned long arg2,
					     unsigned long arg3,
					     unsigned long arg4,
					     unsigned long arg5)
{
	return -EINVAL;
}

#endif /* CONFIG_SECURITY_CAPSICUM */

/**
 * capmode_check_prctl - may this prctl(2) be done?
 * @option: the option
 * @arg3: its third argument
 * @arg4: its fourth argument
 *
 * Return: 0 outside capability mode, and for options that are about the caller
 * only; -ECAPMODE for all others, known or not.
 */
static inline int capmode_check_prctl(int option, unsigned long arg3,
				      unsigned long arg4)
{
	if (in_capability_mode())
		return __capmode_check_prctl(option, arg3, arg4);
	return 0;
}

/**
 * capmode_check_personality - may the execution domain become this?
 * @personality: what user space asks for, 0xffffffff to ask what it is
 *
 * Return: 0 outside capability mode, and when nothing changes but what
 * uname(2) says of the machine; else -ECAPMODE.
 */
static inline int capmode_check_personality(unsigned int personality)
{
	if (in_capability_mode())
		return __capmode_check_personality(personality);
	return 0;
}

#endif /* _LINUX_CAPMODE_PRCTL_H */
