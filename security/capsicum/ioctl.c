// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rights of ioctl commands. Also of those that come as io_uring's commands.
 */
#include <linux/capsicum.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/ioctl.h>

#include <uapi/linux/blkdev.h>
#include <uapi/linux/blkzoned.h>
#include <uapi/linux/btrfs.h>
#include <uapi/linux/f2fs.h>
#include <uapi/linux/fscrypt.h>
#include <uapi/linux/fsverity.h>
#include <uapi/linux/msdos_fs.h>

#include "ioctl.h"

#define IOC_NAME(type, nr)	((type) << _IOC_TYPESHIFT | (nr))

/**
 * capability_ioctl_rights - what an ioctl takes of a capability
 * @cmd: the command, from whatever ABI
 *
 * What a command does beyond the device's own business has rights of its own:
 * those of the system calls that do the same. The list of the capability's
 * commands is another matter.
 *
 * Return: the rights, always with CAP_IOCTL among them, or NULL when none will
 * do.
 */
const struct cap_rights *capability_ioctl_rights(unsigned int cmd)
{
	/* No cases: where long has 32 bits, some of these are the same. */
	if (cmd == FS_IOC_SETFLAGS || cmd == FS_IOC32_SETFLAGS ||
	    cmd == FS_IOC_SETVERSION || cmd == FS_IOC32_SETVERSION ||
	    cmd == FS_IOC_FSSETXATTR || cmd == FS_IOC_ENABLE_VERITY ||
	    cmd == FS_IOC_SET_ENCRYPTION_POLICY)
		return CAP_RIGHTS(CAP_IOCTL, CAP_FCHFLAGS);

	/* What the file holds, or a digest of it, from wherever. */
	if (cmd == FS_IOC_MEASURE_VERITY || cmd == FS_IOC_READ_VERITY_METADATA)
		return CAP_RIGHTS(CAP_IOCTL, CAP_PREAD);

	/* What maps and pagemap say; EXT4_IOC_SWAP_BOOT is number 17 as well. */
	if (cmd == PROCMAP_QUERY || cmd == PAGEMAP_SCAN)
		return CAP_RIGHTS(CAP_IOCTL, CAP_READ);

	/* fallocate(), whatever size the structure has in the caller's ABI. */
	if (_IOC_TYPE(cmd) == _IOC_TYPE(FS_IOC_RESVSP) &&
	    _IOC_DIR(cmd) == _IOC_DIR(FS_IOC_RESVSP)) {
		switch (_IOC_NR(cmd)) {
		case _IOC_NR(FS_IOC_RESVSP):
		case _IOC_NR(FS_IOC_UNRESVSP):
		case _IOC_NR(FS_IOC_RESVSP64):
		case _IOC_NR(FS_IOC_UNRESVSP64):
		case _IOC_NR(FS_IOC_ZERO_RANGE):
			return CAP_RIGHTS(CAP_IOCTL, CAP_PWRITE);
		/*
		 * XFS_IOC_EXCHANGE_RANGE, XFS_IOC_COMMIT_RANGE, with the sizes
		 * perhaps, which only their argument tells.
		 */
		case 129:
		case 131:
			return CAP_RIGHTS(CAP_IOCTL, CAP_PREAD | CAP_PWRITE,
					  CAP_FTRUNCATE);
		}
	}

	/* BTRFS_IOC_SUBVOL_CREATE_V2 has the same number. */
	if (cmd == BTRFS_IOC_START_SYNC)
		return CAP_RIGHTS(CAP_IOCTL, CAP_FSYNC);

	/* Structures of other sizes for 32 bits; numbers that headers lack. */
	switch (IOC_NAME(_IOC_TYPE(cmd), _IOC_NR(cmd))) {
	case IOC_NAME('X', 59): /* FS_IOC_GETFSMAP */
	case IOC_NAME('X', 60): /* XFS_IOC_SCRUB_METADATA */
	case IOC_NAME('X', 62): /* XFS_IOC_GETPARENTS */
	case IOC_NAME('X', 63): /* XFS_IOC_GETPARENTS_BY_HANDLE */
	case IOC_NAME('X', 64): /* XFS_IOC_SCRUBV_METADATA */
	case IOC_NAME('X', 101): /* XFS_IOC_FSBULKSTAT */
	case IOC_NAME('X', 102): /* XFS_IOC_FSBULKSTAT_SINGLE */
	case IOC_NAME('X', 103): /* XFS_IOC_FSINUMBERS */
	case IOC_NAME('X', 107): /* XFS_IOC_OPEN_BY_HANDLE */
	case IOC_NAME('X', 108): /* XFS_IOC_READLINK_BY_HANDLE */
	case IOC_NAME('X', 122): /* XFS_IOC_ATTRLIST_BY_HANDLE */
	case IOC_NAME('X', 123): /* XFS_IOC_ATTRMULTI_BY_HANDLE */
	case IOC_NAME('X', 127): /* XFS_IOC_BULKSTAT */
	case IOC_NAME('X', 128): /* XFS_IOC_INUMBERS */
		/* As open_by_handle_at(): any file there, not this one. */
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_TREE_SEARCH)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_INO_PATHS)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_LOGICAL_INO)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_LOGICAL_INO_V2)):
		/* What lies anywhere there, its contents included. */
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_GET_SUBVOL_INFO)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_GET_SUBVOL_ROOTREF)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_INO_LOOKUP_USER)):
		/* The subvolume's name, and others, above this directory. */
	case IOC_NAME(0xcf, 7): /* CIFS_QUERY_INFO */
	case IOC_NAME(0xcf, 10): /* CIFS_DUMP_FULL_KEY */
		/* Whatever the server is asked; any session, by its number. */
		return NULL;
	case IOC_NAME('f', 17): /* EXT4_IOC_SWAP_BOOT */
		return CAP_RIGHTS(CAP_IOCTL, CAP_PREAD | CAP_PWRITE,
				  CAP_FTRUNCATE);
	case IOC_NAME('f', 15): /* EXT4_IOC_MOVE_EXT */
	case IOC_NAME(F2FS_IOCTL_MAGIC, _IOC_NR(F2FS_IOC_MOVE_RANGE)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_PREAD, CAP_PWRITE);
	case IOC_NAME(F2FS_IOCTL_MAGIC, _IOC_NR(F2FS_IOC_START_ATOMIC_REPLACE)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_FTRUNCATE);
	case IOC_NAME(F2FS_IOCTL_MAGIC, _IOC_NR(F2FS_IOC_SEC_TRIM_FILE)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_PWRITE);
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_ENCODED_WRITE)):
		/* Reading has the same number. */
		return _IOC_DIR(cmd) == _IOC_DIR(BTRFS_IOC_ENCODED_WRITE) ?
		       CAP_RIGHTS(CAP_IOCTL, CAP_PWRITE) :
		       CAP_RIGHTS(CAP_IOCTL, CAP_PREAD);
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SNAP_CREATE)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SNAP_CREATE_V2)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SUBVOL_CREATE)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SUBVOL_CREATE_V2)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_MKDIRAT);
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SNAP_DESTROY)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SNAP_DESTROY_V2)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_UNLINKAT);
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SEND)):
		/* All that is below. */
		return CAP_RIGHTS(CAP_IOCTL, CAP_LOOKUP, CAP_READ);
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SUBVOL_SETFLAGS)):
	case IOC_NAME(BTRFS_IOCTL_MAGIC, _IOC_NR(BTRFS_IOC_SET_RECEIVED_SUBVOL)):
	case IOC_NAME('f', 4): /* EXT4_IOC_SETVERSION */
	case IOC_NAME('f', 9): /* EXT4_IOC_MIGRATE */
	case IOC_NAME(F2FS_IOCTL_MAGIC, _IOC_NR(F2FS_IOC_SET_PIN_FILE)):
	case IOC_NAME(F2FS_IOCTL_MAGIC, _IOC_NR(F2FS_IOC_SET_COMPRESS_OPTION)):
	case IOC_NAME(F2FS_IOCTL_MAGIC,
		      _IOC_NR(F2FS_IOC_RELEASE_COMPRESS_BLOCKS)):
	case IOC_NAME(F2FS_IOCTL_MAGIC,
		      _IOC_NR(F2FS_IOC_RESERVE_COMPRESS_BLOCKS)):
		return CAP_RIGHTS(CAP_IOCTL, CAP_FCHFLAGS);
	case IOC_NAME(0xcf, 9): /* CIFS_IOC_NOTIFY */
	case IOC_NAME(0xcf, 11): /* CIFS_IOC_NOTIFY_INFO */
		return CAP_RIGHTS(CAP_IOCTL, CAP_NOTIFY);
	case IOC_NAME('r', 1): /* VFAT_IOCTL_READDIR_BOTH */
	case IOC_NAME('r', 2): /* VFAT_IOCTL_READDIR_SHORT */
		return CAP_RIGHTS(CAP_IOCTL, CAP_READ);
	}

	switch (cmd) {
	case BLKDISCARD:
	case BLKSECDISCARD:
	case BLKZEROOUT:
	case BLKRESETZONE:
	case BLKFINISHZONE:
	case BLOCK_URING_CMD_DISCARD:
	case _IOW(0xcf, 3, int): /* CIFS_IOC_COPYCHUNK_FILE */
	case FICLONE:
	case FICLONERANGE:
		return CAP_RIGHTS(CAP_IOCTL, CAP_PWRITE);
	case FAT_IOCTL_SET_ATTRIBUTES:
		return CAP_RIGHTS(CAP_IOCTL, CAP_FCHMOD);
	case FIDEDUPERANGE:
		return CAP_RIGHTS(CAP_IOCTL, CAP_PREAD);
	case BTRFS_IOC_SYNC:
	case BTRFS_IOC_WAIT_SYNC:
	case BLKFLSBUF:
	case FIFREEZE:
	case _IO('f', 12): /* EXT4_IOC_ALLOC_DA_BLKS */
	case _IOW('f', 43, __u32): /* EXT4_IOC_CHECKPOINT */
	case F2FS_IOC_WRITE_CHECKPOINT:
	case _IOR('n', 0x8a, __u64): /* NILFS_IOCTL_SYNC */
		return CAP_RIGHTS(CAP_IOCTL, CAP_FSYNC);
	default:
		return CAP_RIGHTS(CAP_IOCTL);
	}
}
