/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capsicum: rights on file descriptors.
 *
 * A capability file is a file that stands in a descriptor table for another
 * one, its target, and holds what may be done to the target. See
 * Documentation/security/capsicum.rst. The look-ups that take rights are
 * declared in <linux/file.h>; this header is for those who name rights, and for
 * those who meet files that they did not look up by rights.
 */
#ifndef _LINUX_CAPSICUM_H
#define _LINUX_CAPSICUM_H

#include <linux/build_bug.h>
#include <linux/container_of.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/capsicum_names.h>
#include <linux/capsicum_rights.h>
#include <uapi/linux/capsicum.h>

struct open_flags;
struct seq_file;

/**
 * struct cap_limits - what may be done through a capability
 * @rights: The rights held.
 * @fcntls: The fcntl commands allowed, CAP_FCNTL_*.
 * @nioctls: How many ioctl commands are allowed, CAP_LIMIT_IOCTLS_ALL for all.
 * @ioctls: The ioctl commands allowed, ascending and each once.
 */
struct cap_limits {
	struct cap_rights rights;
	u32 fcntls;
	int nioctls;
	u32 *ioctls;
};

#ifdef CONFIG_SECURITY_CAPSICUM

/**
 * struct capability_file - a file that stands for another one
 * @file: What stands in descriptor tables. Its path is an anonymous inode's:
 *        who forgets to ask for the target finds nothing worth having.
 * @target: The file it stands for, never a capability itself.
 * @limits: What may be done to @target; set before the file is installed, and
 *          constant from then on.
 * @usable: The rights of @limits that are of use; see capability_usable().
 * @inflight: How many times @file is in flight over AF_UNIX sockets, when
 *            @target is one, too. Belongs to the collector of these.
 */
struct capability_file {
	struct file file;
	struct file *target;
	struct cap_limits limits;
	struct cap_rights usable;
	unsigned long inflight;
};

#define __CAP_RIGHTS_WORD(idx, a, b, c)					\
	(CAPRIGHT(idx, 0ULL) |						\
	 (((a) & CAPRIGHT(idx, 0ULL)) ? (a) : 0ULL) |			\
	 (((b) & CAPRIGHT(idx, 0ULL)) ? (b) : 0ULL) |			\
	 (((c) & CAPRIGHT(idx, 0ULL)) ? (c) : 0ULL))

#define __CAP_RIGHTS(a, b, c, end, ...)					\
({									\
	static_assert(!(end), "CAP_RIGHTS() takes three rights at most"); \
	static const struct cap_rights __cap_rights = { {		\
		__CAP_RIGHTS_WORD(0, a, b, c),				\
		__CAP_RIGHTS_WORD(1, a, b, c),				\
	} };								\
	&__cap_rights;							\
})

/**
 * CAP_RIGHTS - a constant set of rights
 *
 * Takes one to three rights, of any word. The set lies in read-only memory, so
 * that passing it costs a look-up one instruction.
 */
#define CAP_RIGHTS(...)		__CAP_RIGHTS(__VA_ARGS__, 0ULL, 0ULL, 0ULL)

/* For look-ups that do nothing to what they find; any capability will do. */
#define CAP_NO_RIGHT		CAPRIGHT(0, 0ULL)

#define __CAP_RIGHTS_STATIC(a, b, c, ...)				\
	(&(const struct cap_rights){ {					\
		__CAP_RIGHTS_WORD(0, a, b, c),				\
		__CAP_RIGHTS_WORD(1, a, b, c),				\
	} })

/**
 * CAP_RIGHTS_STATIC - CAP_RIGHTS() for tables
 *
 * For initializers outside of functions only, where it lives for ever.
 */
#define CAP_RIGHTS_STATIC(...)						\
	__CAP_RIGHTS_STATIC(__VA_ARGS__, 0ULL, 0ULL, 0ULL)

bool cap_limits_valid(const struct cap_limits *l);
bool cap_limits_contain(const struct cap_limits *held,
			const struct cap_limits *wanted);
bool cap_limits_allow_ioctl(const struct cap_limits *l, unsigned int cmd);
void cap_limits_sort(struct cap_limits *l);
void cap_limits_drop_orphans(struct cap_limits *l);

extern const struct cap_right_name cap_right_names[];
extern const unsigned int cap_right_names_count;
void cap_rights_seq_names(struct seq_file *m, const struct cap_rights *r);

struct file *capability_alloc(struct file *target,
			      const struct cap_limits *limits);
const struct cap_limits *capability_limits(const struct file *file);
bool capability_allows(const struct file *file,
		       const struct cap_rights *rights);
struct file *capability_check(struct file *file, int fd,
			      const struct cap_rights *rights);
struct file *capability_check_ioctl(struct file *file, int fd,
				    unsigned int cmd);
struct file *capability_reopen(struct file *file, struct file *capability);
struct file *capability_derive(struct file *file);
bool capability_in_use(void);
void capability_begin_use(struct file *capability);
void capability_end_use(void);
int capability_may_open(struct file *capability, int fd, int open_flag,
			bool lookup);
int capability_check_lookup(struct file *capability, int fd,
			    const struct cap_rights *rights);
void capability_show_fdinfo(struct seq_file *m, struct file *file);

struct file *capability_fget(struct file *file, unsigned int fd,
			     const struct cap_rights *rights, fmode_t refuse);
struct fd capability_fdget_shared(struct file *file, unsigned int fd,
				  const struct cap_rights *rights);
struct fd capability_fdget(struct file *file, unsigned int fd,
			   const struct cap_rights *rights, fmode_t refuse);
struct fd capability_fdget_pos(struct file *file, unsigned int fd,
			       const struct cap_rights *rights);
struct file *capability_fget_mmap(struct file *file, unsigned int fd,
				  unsigned long prot, unsigned long flags,
				  vm_flags_t *deny);
struct fd capability_trade(struct fd f, struct file *target);
struct fd capability_fdget_raw(struct fd f, unsigned int fd,
			       const struct cap_rights *rights);
struct fd capability_fdget_ioctl(struct fd f, unsigned int fd,
				 unsigned int cmd);
struct fd capability_fdget_fcntl(struct fd f, unsigned int fd, unsigned int cmd,
				 unsigned long arg);
struct fd capability_fdget_unchecked(struct fd f);
struct fd capability_fdget_kept(struct fd f, unsigned int fd,
				const struct cap_rights *rights);

/**
 * is_capability - is this a capability file?
 * @file: any file
 *
 * Return: true when @file stands for another one and holds limits.
 */
static inline bool is_capability(const struct file *file)
{
	return unlikely(file->f_mode & FMODE_CAPABILITY);
}

/**
 * capability_target - the file behind a file
 * @file: a file that was found in a descriptor table, or is on its way to one
 *
 * For those who look at files without using them: what they are after is the
 * file that the user opened. No rights are checked and no reference is taken;
 * the target lives at least as long as @file does.
 *
 * Return: the target when @file is a capability, @file when it is not.
 */
static inline struct file *capability_target(struct file *file)
{
	if (is_capability(file))
		return container_of(file, struct capability_file, file)->target;
	return file;
}

/*
 * The look-ups that can meet a capability without FMODE_PATH telling, or that
 * need to know more than the rights. Inline, because the caller is about to ask
 * whether there is a file as well: so it is asked once.
 */

/**
 * __fdgetr_raw - fdget_raw() for a purpose
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * Return: as __fdgetr(), but an O_PATH descriptor, and a capability of one, is
 * found too.
 */
static inline struct fd __fdgetr_raw(unsigned int fd,
				     const struct cap_rights *rights)
{
	struct fd f = fdget_raw(fd);

	if (fd_file(f) && is_capability(fd_file(f)))
		return capability_fdget_raw(f, fd, rights);
	return f;
}

/**
 * fdgetr_ioctl - fdget() for an ioctl
 * @fd: the descriptor
 * @cmd: the command, which a capability must have on its list
 *
 * Return: as __fdgetr(), for fdput_ioctl().
 */
static inline struct fd fdgetr_ioctl(unsigned int fd, unsigned int cmd)
{
	struct fd f = fdget_raw(fd);

	if (fd_file(f) && unlikely(fd_file(f)->f_mode & FMODE_PATH))
		return capability_fdget_ioctl(f, fd, cmd);
	return f;
}

/* Beside a file: it was looked up by a capability, which is in use. */
#define FD_IOCTL	FD_NOTCAPABLE

/**
 * fdput_ioctl - fdput() for an ioctl
 * @f: what fdgetr_ioctl() returned
 */
static inline void fdput_ioctl(struct fd f)
{
	if (likely(!(f.word & (FDPUT_FPUT | FD_IOCTL))))
		return;
	if (unlikely(f.word & FD_IOCTL))
		capability_end_use();
	fdput(f);
}

/**
 * fdgetr_fcntl - fdget_raw() for an fcntl
 * @fd: the descriptor
 * @cmd: the command
 * @arg: its argument
 *
 * Commands that are about the descriptor (F_DUPFD and its kin, F_GETFD,
 * F_SETFD) need no right and get the capability itself, to hand it on.
 *
 * Return: as __fdgetr_raw().
 */
static inline struct fd fdgetr_fcntl(unsigned int fd, unsigned int cmd,
				     unsigned long arg)
{
	struct fd f = fdget_raw(fd);

	if (fd_file(f) && is_capability(fd_file(f)))
		return capability_fdget_fcntl(f, fd, cmd, arg);
	return f;
}

/**
 * fdget_capability - fdget() before it is known what for
 * @fd: the descriptor
 *
 * For operations whose rights depend on more than the call: on what the file
 * is, or on what user memory holds. Finds a capability itself, which is of no
 * use for anything but capability_check() once the rights are known.
 *
 * Return: the file or capability, for fdput(); empty when there is none, or
 * when it is, or stands for, an O_PATH one.
 */
static inline struct fd fdget_capability(unsigned int fd)
{
	struct fd f = fdget_raw(fd);

	if (fd_file(f) && unlikely(fd_file(f)->f_mode & FMODE_PATH))
		return capability_fdget_unchecked(f);
	return f;
}

/**
 * __fdgetr_capability - __fdgetr() that keeps the capability
 * @fd: the descriptor
 * @rights: the rights a capability must hold, NULL when none will do
 *
 * For operations that need the limits once more after the look-up: what they
 * make inherits them, or a right more is needed for what user memory turns out
 * to hold. capability_target() is what to work with.
 *
 * Return: as __fdgetr(), but the capability itself instead of its target.
 */
static inline struct fd __fdgetr_capability(unsigned int fd,
					    const struct cap_rights *rights)
{
	struct fd f = fdget_raw(fd);

	if (fd_file(f) && unlikely(fd_file(f)->f_mode & FMODE_PATH))
		return capability_fdget_kept(f, fd, rights);
	return f;
}

/**
 * fget_capability - fget() to hand the file on
 * @fd: the descriptor
 *
 * Return: the file, or the capability itself, with a reference; NULL when there
 * is none, or when it is, or stands for, an O_PATH one.
 */
static inline struct file *fget_capability(unsigned int fd)
{
	struct file *file = fget_raw(fd);

	if (file && unlikely(file->f_mode & FMODE_PATH) &&
	    capability_target(file)->f_mode & FMODE_PATH) {
		fput(file);
		return NULL;
	}
	return file;
}

#else /* !CONFIG_SECURITY_CAPSICUM */

#define CAP_RIGHTS(...)		NULL

static inline bool is_capability(const struct file *file)
{
	return false;
}

static inline struct file *capability_target(struct file *file)
{
	return file;
}

static inline struct file *capability_check(struct file *file, int fd,
					    const struct cap_rights *rights)
{
	return file;
}

static inline struct file *capability_check_ioctl(struct file *file, int fd,
						  unsigned int cmd)
{
	return file;
}

static inline struct file *capability_reopen(struct file *file,
					     struct file *capability)
{
	return file;
}

static inline struct file *capability_derive(struct file *file)
{
	return file;
}

static inline bool capability_in_use(void)
{
	return false;
}

static inline void capability_begin_use(struct file *capability)
{
}

static inline void capability_end_use(void)
{
}

static inline void capability_show_fdinfo(struct seq_file *m,
					  struct file *file)
{
}

static inline struct fd capability_trade(struct fd f, struct file *target)
{
	return f;
}

static inline struct fd __fdgetr_raw(unsigned int fd,
				     const struct cap_rights *rights)
{
	return fdget_raw(fd);
}

static inline struct fd fdgetr_ioctl(unsigned int fd, unsigned int cmd)
{
	return fdget(fd);
}

static inline void fdput_ioctl(struct fd f)
{
	fdput(f);
}

static inline struct fd fdgetr_fcntl(unsigned int fd, unsigned int cmd,
				     unsigned long arg)
{
	return fdget_raw(fd);
}

static inline struct fd fdget_capability(unsigned int fd)
{
	return fdget(fd);
}

static inline struct fd __fdgetr_capability(unsigned int fd,
					    const struct cap_rights *rights)
{
	return fdget(fd);
}

static inline struct file *fget_capability(unsigned int fd)
{
	return fget(fd);
}

#endif /* CONFIG_SECURITY_CAPSICUM */

/**
 * fallocate_rights - what fallocate() takes of a capability
 * @mode: its mode
 *
 * Return: the rights to write anywhere, and to truncate where the file becomes
 * smaller.
 */
static inline const struct cap_rights *fallocate_rights(int mode)
{
	return mode & FALLOC_FL_COLLAPSE_RANGE ?
	       CAP_RIGHTS(CAP_PWRITE, CAP_FTRUNCATE) : CAP_RIGHTS(CAP_PWRITE);
}

#define fdgetr_raw(fd, ...)	__fdgetr_raw(fd, CAP_RIGHTS(__VA_ARGS__))
#define fdgetr_capability(fd, ...) \
	__fdgetr_capability(fd, CAP_RIGHTS(__VA_ARGS__))

DEFINE_CLASS(fdr_raw, struct fd, fdput(_T), __fdgetr_raw(fd, rights), int fd,
	     const struct cap_rights *rights)
DEFINE_CLASS(fdr_ioctl, struct fd, fdput_ioctl(_T), fdgetr_ioctl(fd, cmd),
	     int fd, unsigned int cmd)
DEFINE_CLASS(fdr_capability, struct fd, fdput(_T),
	     __fdgetr_capability(fd, rights), int fd,
	     const struct cap_rights *rights)
DEFINE_CLASS(fd_capability, struct fd, fdput(_T), fdget_capability(fd), int fd)

/**
 * get_capability_target - a reference to the file behind a file
 * @file: a file to which the caller holds a reference
 *
 * Trades the caller's reference to @file for one to what capability_target()
 * finds.
 *
 * Return: the file behind @file.
 */
static inline struct file *get_capability_target(struct file *file)
{
	struct file *target = capability_target(file);

	if (target != file) {
		get_file(target);
		fput(file);
	}
	return target;
}

#endif /* _LINUX_CAPSICUM_H */
