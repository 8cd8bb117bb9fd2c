// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: files that are a way to others.
 */
#include <linux/anon_inodes.h>
#include <linux/blkdev.h>
#include <linux/capmode_file.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>

/* On a device; fuseblk's files are served by a process all the same. */
static bool is_on_device(const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;
	int flags = sb->s_type->fs_flags;

	if (sb->s_mtd)
		return true;
	/* It can lie in a file as well, of any file system. */
	if (sb->s_magic == EROFS_SUPER_MAGIC_V1 && !sb->s_bdev)
		return false;
	return (flags & FS_REQUIRES_DEV) && !(flags & FS_HAS_SUBTYPE);
}

/**
 * __capmode_check_backing - may others write to this file on one's behalf?
 * @file: what is to be the backing file of a device or of another file
 *
 * For capmode_check_backing(), in capability mode. Who reads and writes there
 * is a thread of the kernel's, or whoever uses the other file: not in the mode,
 * and with the whole system to name things in. So a file will not do whose
 * writes are read for what they say, as a setting in sysfs is, or go on to
 * somebody who may do anything with them; only what lies on a device, or in
 * memory.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_backing(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	if (S_ISBLK(inode->i_mode) || shmem_mapping(file->f_mapping) ||
	    (S_ISREG(inode->i_mode) && is_on_device(inode)))
		return 0;
	return capmode_refuse();
}
EXPORT_SYMBOL_GPL(__capmode_check_backing);

/**
 * __capmode_check_node - may what this inode stands for be opened?
 * @inode: the inode of a file of any type
 *
 * For capmode_check_node(), in capability mode. To make a node is to name a
 * device by number. So does who serves a file system, and that may be this very
 * process: nodes of devices count only where the kernel keeps them.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_node(const struct inode *inode)
{
	if (!S_ISCHR(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return 0;
	switch (inode->i_sb->s_magic) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case BINDERFS_SUPER_MAGIC:
		return 0;
	}
	return is_on_device(inode) ? 0 : capmode_refuse();
}

/**
 * __capmode_check_part - may a driver be given its own commands here?
 * @bdev: the block device
 *
 * For capmode_check_part(), in capability mode. A driver knows of no partitions:
 * its commands are about all of the device, of which only a part was given.
 *
 * Return: 0, or -ENOTTY for a partition, as for a device that has no commands.
 */
int __capmode_check_part(struct block_device *bdev)
{
	return bdev_is_partition(bdev) ? -ENOTTY : 0;
}
EXPORT_SYMBOL_GPL(__capmode_check_part);

/**
 * __capmode_check_common - may this inode be locked, or its attributes changed?
 * @inode: the inode
 *
 * For capmode_check_common(), in capability mode. An eventfd and its kin, which
 * everybody can make, have one inode for all of the system: a lock there could
 * be met by anyone.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_common(const struct inode *inode)
{
	if (anon_inode_is_common(inode))
		return capmode_refuse();
	return 0;
}

/**
 * __capmode_check_xattr - may this extended attribute be set?
 * @name: its name
 *
 * For capmode_check_xattr(), in capability mode. An overlay finds by attributes
 * of its upper layer what of the lower ones an entry stands for, by path.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_xattr(const char *name)
{
	if (strstarts(name, "trusted.overlay.") ||
	    strstarts(name, "user.overlay."))
		return capmode_refuse();
	return 0;
}
