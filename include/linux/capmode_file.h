/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: files that are a way to others.
 *
 * What these functions judge is allowed on every other file.
 */
#ifndef _LINUX_CAPMODE_FILE_H
#define _LINUX_CAPMODE_FILE_H

#include <linux/capmode.h>

struct block_device;
struct file;
struct inode;

#ifdef CONFIG_SECURITY_CAPSICUM_MODE
void capmode_init_node(struct inode *inode);
int __capmode_check_backing(const struct file *file);
int __capmode_check_reopen(const struct file *file);
int __capmode_check_part(struct block_device *bdev);
int __capmode_check_common(const struct inode *inode);
int __capmode_check_xattr(const char *name);
#else
static inline void capmode_init_node(struct inode *inode)
{
}

static inline int __capmode_check_backing(const struct file *file)
{
	return 0;
}

static inline int __capmode_check_reopen(const struct file *file)
{
	return 0;
}

static inline int __capmode_check_part(struct block_device *bdev)
{
	return 0;
}

static inline int __capmode_check_common(const struct inode *inode)
{
	return 0;
}

static inline int __capmode_check_xattr(const char *name)
{
	return 0;
}
#endif

/**
 * capmode_check_backing - may others write to this file on one's behalf?
 * @file: what is to be the backing file of a device or of another file
 *
 * Return: 0; -ECAPMODE in capability mode, where the file is none that only
 * keeps what is written to it.
 */
static inline int capmode_check_backing(const struct file *file)
{
	if (in_capability_mode())
		return __capmode_check_backing(file);
	return 0;
}

/**
 * capmode_check_reopen - may this file be opened anew, in whatever way?
 * @file: what somebody holds a descriptor of
 *
 * Return: 0; -ECAPMODE in capability mode, where that could give more than the
 * descriptor does.
 */
static inline int capmode_check_reopen(const struct file *file)
{
	if (in_capability_mode())
		return __capmode_check_reopen(file);
	return 0;
}

/**
 * capmode_check_part - may a driver be given its own commands here?
 * @bdev: the block device
 *
 * Return: 0; -ENOTTY in capability mode for a partition.
 */
static inline int capmode_check_part(struct block_device *bdev)
{
	if (in_capability_mode())
		return __capmode_check_part(bdev);
	return 0;
}

/**
 * capmode_check_common - may this inode be locked, or its attributes changed?
 * @inode: the inode
 *
 * Return: 0; -ECAPMODE in capability mode, where it is one that files have in
 * common which have nothing else to do with each other.
 */
static inline int capmode_check_common(const struct inode *inode)
{
	if (in_capability_mode())
		return __capmode_check_common(inode);
	return 0;
}

/**
 * capmode_check_xattr - may this extended attribute be set or removed?
 * @name: its name
 *
 * Return: 0; -ECAPMODE in capability mode, where it says which other file is to
 * be found here.
 */
static inline int capmode_check_xattr(const char *name)
{
	if (in_capability_mode())
		return __capmode_check_xattr(name);
	return 0;
}

#endif /* _LINUX_CAPMODE_FILE_H */
