// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: ioctl(2) of files and directories.
 *
 * A file is a way to what it lies on: by a command, whoever is allowed to can
 * freeze a filesystem, take devices from it, or look for an inode by number.
 */
#include <linux/btrfs.h>
#include <linux/capmode.h>
#include <linux/capmode_ioctl.h>
#include <linux/compat.h>
#include <linux/ext4.h>
#include <linux/f2fs.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/msdos_fs.h>
#include <linux/nsfs.h>
#include <linux/pidfd.h>
#include <linux/trace_mmap.h>
#include <linux/usb/functionfs.h>

#include <asm/ioctls.h>

/*
 * What is about the file itself, about other descriptors, or about what lies
 * below the directory. For keys, namespaces and subvolumes there is more to
 * judge, where they are used.
 */
static const unsigned int allowed[] = {
	FIONREAD, FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX, FIOQSIZE, FIGETBSZ,
	FIBMAP, FS_IOC_FIEMAP, FICLONE, FICLONERANGE, FIDEDUPERANGE,
	FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_UNRESVSP, FS_IOC_UNRESVSP64,
	FS_IOC_ZERO_RANGE,
	FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_SETVERSION,
	FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR,
	FS_IOC_GETFSLABEL, FS_IOC_GETFSUUID, FS_IOC_GETFSSYSFSPATH,

	FS_IOC_SET_ENCRYPTION_POLICY, FS_IOC_GET_ENCRYPTION_PWSALT,
	FS_IOC_GET_ENCRYPTION_POLICY, FS_IOC_GET_ENCRYPTION_POLICY_EX,
	FS_IOC_ADD_ENCRYPTION_KEY, FS_IOC_REMOVE_ENCRYPTION_KEY,
	FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS,
	FS_IOC_GET_ENCRYPTION_KEY_STATUS, FS_IOC_GET_ENCRYPTION_NONCE,
	FS_IOC_ENABLE_VERITY, FS_IOC_MEASURE_VERITY,
	FS_IOC_READ_VERITY_METADATA,

	EXT4_IOC_GETVERSION, EXT4_IOC_SETVERSION, EXT4_IOC_MIGRATE,
	EXT4_IOC_ALLOC_DA_BLKS, EXT4_IOC_MOVE_EXT, EXT4_IOC_PRECACHE_EXTENTS,
	EXT4_IOC_CLEAR_ES_CACHE, EXT4_IOC_GETSTATE, EXT4_IOC_GET_ES_CACHE,

	BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_CREATE_V2,
	BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2,
	BTRFS_IOC_SNAP_DESTROY, BTRFS_IOC_SNAP_DESTROY_V2,
	BTRFS_IOC_SUBVOL_GETFLAGS, BTRFS_IOC_SUBVOL_SETFLAGS,
	BTRFS_IOC_SET_RECEIVED_SUBVOL,
	BTRFS_IOC_DEFRAG, BTRFS_IOC_DEFRAG_RANGE,
	BTRFS_IOC_FS_INFO, BTRFS_IOC_SPACE_INFO, BTRFS_IOC_GET_FEATURES,
	BTRFS_IOC_GET_SUPPORTED_FEATURES,
	BTRFS_IOC_SYNC, BTRFS_IOC_START_SYNC, BTRFS_IOC_WAIT_SYNC,
	BTRFS_IOC_ENCODED_READ, BTRFS_IOC_ENCODED_WRITE,

	F2FS_IOC_START_ATOMIC_WRITE, F2FS_IOC_START_ATOMIC_REPLACE,
	F2FS_IOC_COMMIT_ATOMIC_WRITE, F2FS_IOC_ABORT_ATOMIC_WRITE,
	F2FS_IOC_DEFRAGMENT, F2FS_IOC_MOVE_RANGE, F2FS_IOC_GET_FEATURES,
	F2FS_IOC_SET_PIN_FILE, F2FS_IOC_GET_PIN_FILE,
	F2FS_IOC_PRECACHE_EXTENTS, F2FS_IOC_GET_COMPRESS_BLOCKS,
	F2FS_IOC_RELEASE_COMPRESS_BLOCKS, F2FS_IOC_RESERVE_COMPRESS_BLOCKS,
	F2FS_IOC_GET_COMPRESS_OPTION, F2FS_IOC_SET_COMPRESS_OPTION,
	F2FS_IOC_DECOMPRESS_FILE, F2FS_IOC_COMPRESS_FILE,
	F2FS_IOC_SEC_TRIM_FILE,

	VFAT_IOCTL_READDIR_BOTH, VFAT_IOCTL_READDIR_SHORT,
	FAT_IOCTL_GET_ATTRIBUTES, FAT_IOCTL_SET_ATTRIBUTES,

	NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE, NS_GET_OWNER_UID,
	NS_GET_MNTNS_ID, NS_GET_PID_FROM_PIDNS, NS_GET_TGID_FROM_PIDNS,
	NS_GET_PID_IN_PIDNS, NS_GET_TGID_IN_PIDNS,
	NS_MNT_GET_INFO, NS_MNT_GET_NEXT, NS_MNT_GET_PREV,
	PIDFD_GET_CGROUP_NAMESPACE, PIDFD_GET_IPC_NAMESPACE,
	PIDFD_GET_MNT_NAMESPACE, PIDFD_GET_NET_NAMESPACE,
	PIDFD_GET_PID_NAMESPACE, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE,
	PIDFD_GET_TIME_NAMESPACE, PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE,
	PIDFD_GET_USER_NAMESPACE, PIDFD_GET_UTS_NAMESPACE,
	PAGEMAP_SCAN, PROCMAP_QUERY, TRACE_MMAP_IOCTL_GET_READER,
	FUNCTIONFS_FIFO_STATUS, FUNCTIONFS_FIFO_FLUSH, FUNCTIONFS_CLEAR_HALT,
	FUNCTIONFS_INTERFACE_REVMAP, FUNCTIONFS_ENDPOINT_REVMAP,
	FUNCTIONFS_ENDPOINT_DESC, FUNCTIONFS_DMABUF_ATTACH,
	FUNCTIONFS_DMABUF_DETACH, FUNCTIONFS_DMABUF_TRANSFER,
};

/* The command of the other ABI has the same number, and perhaps another size. */
static bool same_command(unsigned int a, unsigned int b)
{
	return a == b || (in_compat_syscall() &&
			  (a & ~IOCSIZE_MASK) == (b & ~IOCSIZE_MASK));
}

/**
 * __capmode_check_file_ioctl - may this command be used in capability mode?
 * @inode: the file's
 * @cmd: the command, native or compat
 *
 * For capmode_check_file_ioctl(). A list of what may: filesystems and the kernel's
 * own files have commands that nobody has judged, and will have more.
 *
 * A filesystem can be frozen by whatever lies on it, a device's node as well.
 *
 * Return: 0, -ENOTTY for a command of terminals, else -ECAPMODE.
 */
int __capmode_check_file_ioctl(const struct inode *inode, unsigned int cmd)
{
	int i;

	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode) &&
	    cmd != FIFREEZE && cmd != FITHAW)
		return 0;
	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		if (same_command(cmd, allowed[i]))
			return 0;
	return capmode_refuse_ioctl(cmd);
}
