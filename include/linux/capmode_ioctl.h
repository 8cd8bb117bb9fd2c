/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: ioctl(2) of files and directories.
 */
#ifndef _LINUX_CAPMODE_IOCTL_H
#define _LINUX_CAPMODE_IOCTL_H

#include <linux/capmode.h>
#include <linux/ioctl.h>

struct inode;

#ifdef CONFIG_SECURITY_CAPSICUM_MODE
int __capmode_check_file_ioctl(const struct inode *inode, unsigned int cmd);
#else
static inline int __capmode_check_file_ioctl(const struct inode *inode,
					     unsigned int cmd)
{
	return 0;
}
#endif

/**
 * capmode_check_file_ioctl - may this command be used on such a file?
 * @inode: the file's
 * @cmd: the command, native or compat
 *
 * What devices, sockets and the like have for commands is judged where they
 * are, if at all; that they cannot freeze a filesystem, here.
 *
 * Return: 0 outside capability mode, for what is no regular file or directory,
 * and for commands that are about the file only; -ENOTTY for what terminals know,
 * so that isatty(3) works; -ECAPMODE for all others, known or not.
 */
static inline int capmode_check_file_ioctl(const struct inode *inode,
					   unsigned int cmd)
{
	if (in_capability_mode())
		return __capmode_check_file_ioctl(inode, cmd);
	return 0;
}

/**
 * capmode_refuse_ioctl - refuse a command of what is no terminal
 * @cmd: the command
 *
 * What only terminals know is no refusal, so that isatty(3) works. It is of one
 * of two types, by architecture and command.
 *
 * Return: -ENOTTY for a command of terminals, else capmode_refuse()'s -ECAPMODE.
 */
static inline int capmode_refuse_ioctl(unsigned int cmd)
{
	if (_IOC_TYPE(cmd) == 'T' || _IOC_TYPE(cmd) == 't')
		return -ENOTTY;
	return capmode_refuse();
}

#endif /* _LINUX_CAPMODE_IOCTL_H */
