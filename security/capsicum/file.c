// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability files: a struct file that stands in descriptor tables for another
 * one, its target, and knows what may be done to it.
 *
 * A capability has FMODE_PATH set, so look-ups that nobody has annotated with
 * rights see no file. Annotated ones come here once they have met it; all of
 * this is out of the way of ordinary files.
 */
#include <linux/anon_inodes.h>
#include <linux/capmode.h>
#include <linux/capsicum.h>
#include <linux/export.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/init.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "../../fs/internal.h"
#include "ioctl.h"

/* Lends its path, an anonymous inode's, to every capability. */
static struct file *capability_template __ro_after_init;

static struct capability_file *capability(const struct file *file)
{
	return container_of(file, struct capability_file, file);
}

/* POSIX locks and dnotify marks go with the target, which is what they are on. */
static int capability_flush(struct file *file, fl_owner_t id)
{
	return filp_flush(capability(file)->target, id);
}

static int capability_release(struct inode *inode, struct file *file)
{
	struct capability_file *cap = capability(file);

	kfree(cap->limits.ioctls);
	fput(cap->target);
	return 0;
}

/* Nothing but what closing needs: whatever else is tried on it finds no method. */
static const struct file_operations capability_fops = {
	.flush		= capability_flush,
	.release	= capability_release,
};

/*
 * Reading some files makes descriptors, which would have to be limited as what
 * they come out of. read() does not know, so that is not for capabilities.
 */
static struct cap_rights capability_usable(struct file *target,
					   const struct cap_rights *rights)
{
	struct cap_rights usable = *rights;

	if (fanotify_read_installs(target) || userfaultfd_read_installs(target) ||
	    target->f_op->fop_flags & FOP_READ_INSTALLS)
		usable.cr_rights[0] &= ~(CAP_READ & ~CAPRIGHT(0, 0ULL));
	return usable;
}

/**
 * capability_alloc - make a capability
 * @target: the file it is to stand for; when that is a capability, the new one
 *          stands for its target, so that capabilities never nest
 * @limits: what may be done to the target; the caller has seen to it that this
 *          is not more than @target allows
 *
 * Context: may sleep. Takes a reference to the target and copies @limits.
 * Return: the capability file, or an error pointer: -ENFILE, -ENOMEM, or what
 * the LSMs say.
 */
struct file *capability_alloc(struct file *target,
			      const struct cap_limits *limits)
{
	struct capability_file *cap;
	u32 *ioctls = NULL;
	struct file *file;

	if (limits->nioctls > 0) {
		ioctls = kmemdup_array(limits->ioctls, limits->nioctls,
				       sizeof(*ioctls), GFP_KERNEL_ACCOUNT);
		if (!ioctls)
			return ERR_PTR(-ENOMEM);
	}

	file = alloc_empty_capability_file();
	if (IS_ERR(file)) {
		kfree(ioctls);
		return file;
	}

	cap = capability(file);
	cap->target = get_file(capability_target(target));
	cap->limits = *limits;
	cap->limits.ioctls = ioctls;
	cap->usable = capability_usable(cap->target, &limits->rights);

	file->f_path = capability_template->f_path;
	path_get(&file->f_path);
	file->f_inode = capability_template->f_inode;
	file->f_mapping = capability_template->f_mapping;
	file->f_op = &capability_fops;
	file->f_mode |= FMODE_OPENED;
	return file;
}

/**
 * capability_limits - what may be done through a file
 * @file: any file
 *
 * Return: the limits of a capability, which live as long as @file does, or NULL
 * for any other file, which has none.
 */
const struct cap_limits *capability_limits(const struct file *file)
{
	return is_capability(file) ? &capability(file)->limits : NULL;
}

static bool capability_holds(const struct capability_file *cap,
			     const struct cap_rights *rights)
{
	return likely(rights) &&
	       capsicum_rights_contains(&cap->usable, rights);
}

static struct file *capability_refuse(struct file *file, int fd,
				      const struct cap_rights *rights)
{
	return ERR_PTR(capsicum_refuse(fd, rights,
				       &capability(file)->limits.rights));
}

/**
 * capability_allows - would this be allowed through a file?
 * @file: any file
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * Return: true when capability_check() would not refuse; false is no refusal
 * yet.
 */
bool capability_allows(const struct file *file, const struct cap_rights *rights)
{
	return !is_capability(file) || capability_holds(capability(file), rights);
}

/**
 * capability_check - may this be done through a file?
 * @file: any file; the caller holds a reference, and keeps it
 * @fd: its descriptor, -1 when it has none
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * Return: the file to do it to, which lives as long as @file does, or
 * ERR_PTR(-ENOTCAPABLE).
 */
struct file *capability_check(struct file *file, int fd,
			      const struct cap_rights *rights)
{
	struct capability_file *cap;

	if (!is_capability(file))
		return file;
	cap = capability(file);
	if (likely(capability_holds(cap, rights)))
		return cap->target;
	return capability_refuse(file, fd, rights);
}

/* A file that only FMODE_PATH is known of: an O_PATH one is no file at all. */
static struct file *capability_resolve(struct file *file, unsigned int fd,
				       const struct cap_rights *rights,
				       fmode_t refuse)
{
	struct capability_file *cap = capability(file);

	if (unlikely(!(file->f_mode & FMODE_CAPABILITY)) ||
	    unlikely(cap->target->f_mode & refuse))
		return ERR_PTR(-EBADF);
	if (unlikely(!capability_holds(cap, rights)))
		return capability_refuse(file, fd, rights);
	return cap->target;
}

/**
 * capability_fget - go on with a look-up that met FMODE_PATH
 * @file: what was found; the caller's reference is taken over
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 * @refuse: FMODE_PATH when O_PATH files are not wanted, else 0
 *
 * Return: the target with a reference, or an error pointer: -EBADF for what is
 * no capability, or one of a file that is not wanted; -ENOTCAPABLE.
 */
struct file *capability_fget(struct file *file, unsigned int fd,
			     const struct cap_rights *rights, fmode_t refuse)
{
	struct file *target = capability_resolve(file, fd, rights, refuse);

	if (!IS_ERR(target))
		get_file(target);
	fput(file);
	return target;
}

/**
 * capability_fdget_shared - go on with a look-up, in a table that is shared
 * @file: what was found; the caller's reference is taken over
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * Return: the target with a reference, or what fd_error() makes the errors of
 * capability_fget() from; O_PATH files are not wanted.
 */
struct fd capability_fdget_shared(struct file *file, unsigned int fd,
				  const struct cap_rights *rights)
{
	file = capability_fget(file, fd, rights, FMODE_PATH);
	if (IS_ERR(file))
		return ERR_FD(PTR_ERR(file));
	return CLONED_FD(file);
}

/**
 * capability_fdget - go on with a borrowing look-up that met FMODE_PATH
 * @file: what was found, borrowed from a descriptor table nobody shares
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 * @refuse: FMODE_PATH when O_PATH files are not wanted, else 0
 *
 * The table holds the capability, and that its target: as long as the one may
 * be borrowed, so may the other.
 *
 * Return: the target, borrowed, or what fd_error() makes the errors of
 * capability_fget() from.
 */
struct fd capability_fdget(struct file *file, unsigned int fd,
			   const struct cap_rights *rights, fmode_t refuse)
{
	file = capability_resolve(file, fd, rights, refuse);
	if (IS_ERR(file))
		return ERR_FD(PTR_ERR(file));
	return BORROWED_FD(file);
}

/**
 * capability_fdget_pos - as capability_fdget(), with the file position locked
 * @file: what was found, borrowed from a descriptor table nobody shares
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * The position is the target's. Others may be at it when others hold the
 * target, but also when others hold this capability, which counts as but one
 * reference to the target.
 *
 * Return: as capability_fdget(), for fdput_pos().
 */
struct fd capability_fdget_pos(struct file *file, unsigned int fd,
			       const struct cap_rights *rights)
{
	struct file *target = capability_resolve(file, fd, rights, FMODE_PATH);
	struct fd f;

	if (IS_ERR(target))
		return ERR_FD(PTR_ERR(target));

	f = BORROWED_FD(target);
	if ((target->f_mode & FMODE_ATOMIC_POS) &&
	    (file_count(file) > 1 || file_count(target) > 1 ||
	     target->f_op->iterate_shared)) {
		f.word |= FDPUT_POS_UNLOCK;
		mutex_lock(&target->f_pos_lock);
	}
	return f;
}

/**
 * capability_trade - trade what was looked up for its target
 * @f: a capability
 * @target: its target, or an error pointer
 *
 * Return: the target, owned or borrowed as @f was, or what fd_error() makes the
 * error from; @f is put then.
 */
struct fd capability_trade(struct fd f, struct file *target)
{
	if (IS_ERR(target)) {
		fdput(f);
		return ERR_FD(PTR_ERR(target));
	}
	if (f.word & FDPUT_FPUT) {
		get_file(target);
		fdput(f);
		return CLONED_FD(target);
	}
	return BORROWED_FD(target);
}

/**
 * capability_fdget_raw - go on with a raw look-up that met a capability
 * @f: the capability that was found; put when it is not what is returned
 * @fd: the descriptor
 * @rights: the rights it must hold, NULL when none will do
 *
 * Return: the target, or what fd_error() makes -ENOTCAPABLE from.
 */
struct fd capability_fdget_raw(struct fd f, unsigned int fd,
			       const struct cap_rights *rights)
{
	return capability_trade(f, capability_check(fd_file(f), fd, rights));
}

/**
 * capability_fdget_unchecked - go on with a look-up that met FMODE_PATH
 * @f: what was found; put when it is not what is returned
 *
 * Return: the capability itself, or nothing when it is none, or one of an
 * O_PATH file.
 */
struct fd capability_fdget_unchecked(struct fd f)
{
	if (capability_target(fd_file(f))->f_mode & FMODE_PATH) {
		fdput(f);
		return EMPTY_FD;
	}
	return f;
}

/**
 * capability_fdget_kept - go on with a look-up that met FMODE_PATH
 * @f: what was found; put when it is not what is returned
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * Return: the capability itself, or what fd_error() makes the errors of
 * capability_fget() from; O_PATH files are not wanted.
 */
struct fd capability_fdget_kept(struct fd f, unsigned int fd,
				const struct cap_rights *rights)
{
	struct file *target = capability_resolve(fd_file(f), fd, rights,
						 FMODE_PATH);

	if (IS_ERR(target)) {
		fdput(f);
		return ERR_FD(PTR_ERR(target));
	}
	return f;
}

/**
 * capability_fdget_ioctl - go on with an ioctl's look-up that met FMODE_PATH
 * @f: what was found; put when it is not what is returned
 * @fd: the descriptor
 * @cmd: the command
 *
 * The capability is in use until fdput_ioctl(): see capability_begin_use().
 *
 * Return: the target when the capability has what @cmd takes, and @cmd on its
 * list; else what fd_error() makes -EBADF or -ENOTCAPABLE from.
 */
struct fd capability_fdget_ioctl(struct fd f, unsigned int fd, unsigned int cmd)
{
	const struct cap_rights *rights = capability_ioctl_rights(cmd);
	struct file *file = fd_file(f);
	struct file *target;

	target = capability_resolve(file, fd, rights, FMODE_PATH);
	if (!IS_ERR(target) &&
	    !cap_limits_allow_ioctl(&capability(file)->limits, cmd))
		target = capability_refuse(file, fd, rights);
	if (IS_ERR(target))
		return capability_trade(f, target);

	capability_begin_use(file);
	f = capability_trade(f, target);
	f.word |= FD_IOCTL;
	return f;
}

/**
 * capability_check_ioctl - may this command be run on a file?
 * @file: any file; the caller holds a reference, and keeps it
 * @fd: its descriptor, -1 when it has none
 * @cmd: the command
 *
 * For commands that come another way than by ioctl().
 *
 * Return: as capability_check().
 */
struct file *capability_check_ioctl(struct file *file, int fd, unsigned int cmd)
{
	const struct cap_rights *rights = capability_ioctl_rights(cmd);
	struct file *target = capability_check(file, fd, rights);

	if (is_capability(file) && !IS_ERR(target) &&
	    !cap_limits_allow_ioctl(&capability(file)->limits, cmd))
		return capability_refuse(file, fd, rights);
	return target;
}

static const struct cap_rights *capability_fcntl_rights(struct file *target,
							unsigned int cmd,
							unsigned long arg)
{
	switch (cmd) {
	case F_SETFL:
		/* What O_APPEND has kept from being overwritten. */
		if (target->f_flags & ~arg & O_APPEND)
			return CAP_RIGHTS(CAP_FCNTL, CAP_SEEK);
		return CAP_RIGHTS(CAP_FCNTL);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK64:
	case F_SETLK64:
	case F_SETLKW64:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return CAP_RIGHTS(CAP_FLOCK);
	case F_GETLEASE:
	case F_SETLEASE:
		return CAP_RIGHTS(CAP_FLOCK, CAP_FSIGNAL);
	case F_NOTIFY:
		return CAP_RIGHTS(CAP_NOTIFY);
	case F_GET_SEALS:
		return CAP_RIGHTS(CAP_FSTAT);
	case F_ADD_SEALS:
		return CAP_RIGHTS(CAP_FCHMOD);
	default:
		return CAP_RIGHTS(CAP_FCNTL);
	}
}

/* The sub-right of CAP_FCNTL that a command needs beside it, if any. */
static u32 capability_fcntl_subright(unsigned int cmd)
{
	switch (cmd) {
	case F_GETFL:
		return CAP_FCNTL_GETFL;
	case F_SETFL:
		return CAP_FCNTL_SETFL;
	case F_GETOWN:
	case F_GETOWN_EX:
	case F_GETOWNER_UIDS:
		return CAP_FCNTL_GETOWN;
	case F_SETOWN:
	case F_SETOWN_EX:
		return CAP_FCNTL_SETOWN;
	default:
		return 0;
	}
}

/**
 * capability_fdget_fcntl - go on with an fcntl's look-up that met a capability
 * @f: the capability that was found; put when it is not what is returned
 * @fd: the descriptor
 * @cmd: the command
 * @arg: its argument
 *
 * Return: the target when the capability has what @cmd takes; the capability
 * itself for commands that are about the descriptor; else what fd_error() makes
 * -ENOTCAPABLE from.
 */
struct fd capability_fdget_fcntl(struct fd f, unsigned int fd, unsigned int cmd,
				 unsigned long arg)
{
	struct file *file = fd_file(f);
	struct file *target = capability(file)->target;
	const struct cap_rights *rights;
	u32 subright;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_DUPFD_QUERY:
	case F_GETFD:
	case F_SETFD:
		return f;
	}

	rights = capability_fcntl_rights(target, cmd, arg);
	target = capability_check(file, fd, rights);
	subright = capability_fcntl_subright(cmd);
	if (!IS_ERR(target) && (subright & ~capability(file)->limits.fcntls))
		target = capability_refuse(file, fd, rights);
	return capability_trade(f, target);
}

/* What an open does, and what the new file is open for. */
static u64 capability_open_rights(int open_flag)
{
	u64 rights = 0;

	/* Opened to be executed, by exec itself: nobody gets to hold that. */
	if (open_flag & __FMODE_EXEC)
		return CAP_FEXECVE;
	if (open_flag & O_PATH)
		return 0;

	switch (open_flag & O_ACCMODE) {
	case O_RDONLY:
		rights |= CAP_READ;
		break;
	case O_WRONLY:
		rights |= CAP_WRITE;
		break;
	default:
		/* Access mode 3 is for ioctls, and checked as both. */
		rights |= CAP_READ | CAP_WRITE;
	}
	/* A new file begins at 0, and would overwrite what is there. */
	if ((open_flag & O_ACCMODE) != O_RDONLY &&
	    !(open_flag & (O_APPEND | O_TRUNC)))
		rights |= CAP_SEEK;
	if (open_flag & (O_CREAT | __O_TMPFILE))
		rights |= CAP_CREATE;
	if (open_flag & O_TRUNC)
		rights |= CAP_FTRUNCATE;
	if (open_flag & (O_SYNC | O_DSYNC))
		rights |= CAP_FSYNC;
	return rights;
}

/**
 * capability_may_open - may a capability be opened anew, or what is below it?
 * @capability: the capability that the open is of, or from
 * @fd: its descriptor, -1 when it has none
 * @open_flag: the O_* flags of the open
 * @lookup: names are looked up, beginning at the capability
 *
 * Whoever opens a capability's target again, or something below it, gets a
 * capability with the same limits, see capability_reopen(); what the open
 * itself does, and what the new file is open for, has to be within them too.
 *
 * Return: 0 or -ENOTCAPABLE.
 */
int capability_may_open(struct file *capability, int fd, int open_flag,
			bool lookup)
{
	struct cap_rights need = CAP_RIGHTS_NONE_INIT;

	need.cr_rights[0] |= capability_open_rights(open_flag);
	if (lookup)
		need.cr_rights[0] |= CAP_LOOKUP;
	else if (open_flag & __O_TMPFILE)
		return capsicum_refuse(fd, NULL,
				       &capability_limits(capability)->rights);
	return PTR_ERR_OR_ZERO(capability_check(capability, fd, &need));
}

/**
 * capability_check_lookup - may names be looked up below a capability?
 * @capability: the directory, a capability
 * @fd: its descriptor
 * @rights: what is to be done to what is found, NULL when no right is for that
 *
 * Return: 0 or -ENOTCAPABLE.
 */
int capability_check_lookup(struct file *capability, int fd,
			    const struct cap_rights *rights)
{
	struct cap_rights need;

	if (!rights)
		return PTR_ERR(capability_refuse(capability, fd, NULL));
	need = *rights;
	need.cr_rights[0] |= CAP_LOOKUP;
	return PTR_ERR_OR_ZERO(capability_check(capability, fd, &need));
}

/**
 * capability_reopen - put a new file behind the limits of a capability
 * @file: the new file; the caller's reference is taken over
 * @capability: the capability that it came out of
 *
 * Context: may sleep.
 * Return: a capability of @file, or an error pointer as capability_alloc()'s,
 * @file being closed then.
 */
struct file *capability_reopen(struct file *file, struct file *capability)
{
	struct file *cap;

	cap = capability_alloc(file, capability_limits(capability));
	fput(file);
	return cap;
}

/**
 * capability_begin_use - let what is made from now on inherit from a capability
 * @capability: the capability that the current task is about to use
 *
 * For ioctls and socket options, which are handed the target: what they give to
 * capability_derive() inherits the limits of @capability. Does not nest.
 */
void capability_begin_use(struct file *capability)
{
	current->used_capability = get_file(capability);
}

/**
 * capability_end_use - what is made from now on inherits nothing
 *
 * The other end of capability_begin_use(); does nothing without it.
 */
void capability_end_use(void)
{
	struct file *capability = current->used_capability;

	if (capability) {
		current->used_capability = NULL;
		fput(capability);
	}
}

/**
 * capability_in_use - is this done through a capability?
 *
 * For ioctls and socket options which some of their arguments take elsewhere than
 * to what the descriptor stands for.
 *
 * Context: the task that made the system call.
 * Return: true between capability_begin_use() and capability_end_use().
 */
bool capability_in_use(void)
{
	return current->used_capability;
}
EXPORT_SYMBOL_GPL(capability_in_use);

/**
 * capability_derive - put a new file behind the limits of what is in use
 * @file: a new file that is about to get a descriptor, or an error pointer; the
 *        caller's reference is taken over
 *
 * For ioctls and socket options that make a descriptor of something that the
 * file stands for or leads to, before fd_install().
 *
 * Context: may sleep; the task that made the system call.
 * Return: @file when that was not made through a capability, else as
 * capability_reopen().
 */
struct file *capability_derive(struct file *file)
{
	struct file *capability = current->used_capability;

	if (likely(!capability) || IS_ERR(file))
		return file;
	return capability_reopen(file, capability);
}
EXPORT_SYMBOL_GPL(capability_derive);

static int __init capability_init(void)
{
	struct file *file;

	file = anon_inode_getfile("[capability]", &capability_fops, NULL,
				  O_RDONLY);
	if (IS_ERR(file))
		panic("capsicum: no anonymous inode: %pe\n", file);
	capability_template = file;
	return 0;
}

/* After anon_inode_init(), and before there are programs. */
fs_initcall_sync(capability_init);
