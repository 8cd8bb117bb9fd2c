// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: files that are a way to others.
 */
#include <linux/anon_inodes.h>
#include <linux/array_size.h>
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
 * __capmode_check_reopen - may this file be opened anew, in whatever way?
 * @file: what somebody holds a descriptor of
 *
 * For capmode_check_reopen(), in capability mode. Who has a file that may only
 * be read, or only be written to, or named (O_PATH), is to have no more of it.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_reopen(const struct file *file)
{
	const fmode_t all = FMODE_READ | FMODE_WRITE;

	if ((file->f_mode & all) == all)
		return 0;
	return capmode_refuse();
}
EXPORT_SYMBOL_GPL(__capmode_check_reopen);

/*
 * To make a node is to name a device by number. So does who serves a file
 * system, and that may be this very process.
 */
static int served_node_open(struct inode *inode, struct file *filp)
{
	if (in_capability_mode())
		return capmode_refuse();

	if (IS_ENABLED(CONFIG_BLOCK) && S_ISBLK(inode->i_mode))
		replace_fops(filp, &def_blk_fops);
	else
		replace_fops(filp, &def_chr_fops);
	return filp->f_op->open(inode, filp);
}

static const struct file_operations served_node_fops = {
	.open	= served_node_open,
	.llseek	= noop_llseek,
};

/**
 * capmode_init_node - have the node of a device opened as its file system asks for
 * @inode: the inode of a device, which has its operations
 *
 * In capability mode nodes count only where the kernel keeps them. It is looked
 * at here, once for each inode, so that only those of the others pay for it:
 * they are refused with -ECAPMODE in capability mode, however they are opened.
 * A file system that sets the operations itself, later on, as binder's does, says
 * what the node is, and is not asked.
 *
 * Context: Any.
 */
void capmode_init_node(struct inode *inode)
{
	switch (inode->i_sb->s_magic) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	/* Their null takes the place of what a new program may not inherit. */
	case SELINUX_MAGIC:
	case SECURITYFS_MAGIC:
		return;
	}
	if (!is_on_device(inode))
		inode->i_fop = &served_node_fops;
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
 * __capmode_check_xattr - may this extended attribute be set or removed?
 * @name: its name
 *
 * For capmode_check_xattr(), in capability mode. An overlay finds by attributes
 * of its upper layer what of the lower ones an entry stands for, by path. An NFS
 * server's junction says so by path and address. bcachefs is told disks by name,
 * and a project by number; NTFS whose a file is, and which device.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_xattr(const char *name)
{
	static const char *const prefixes[] = {
		"trusted.overlay.", "user.overlay.", "trusted.junction.",
		"bcachefs.", "$LX",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strstarts(name, prefixes[i]))
			return capmode_refuse();
	return 0;
}
