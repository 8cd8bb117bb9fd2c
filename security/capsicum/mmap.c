// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping files through capabilities: what may be mapped now, and what the
 * mapping may be made later.
 */
#include <linux/capsicum.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>

/*
 * No machine lets a mapping be written or executed that cannot be read, and
 * do_mmap() refuses files that are not open for reading; so does this.
 */
static vm_flags_t capability_mmap_deny(struct file *file, unsigned long flags)
{
	vm_flags_t deny = 0;

	if (!capability_allows(file, CAP_RIGHTS(CAP_MMAP_R)))
		return VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	/* What is written to a private mapping is shared with nobody. */
	if ((flags & MAP_TYPE) != MAP_PRIVATE &&
	    !capability_allows(file, CAP_RIGHTS(CAP_MMAP_W)))
		deny |= VM_MAYWRITE;
	if (!capability_allows(file, CAP_RIGHTS(CAP_MMAP_X)))
		deny |= VM_MAYEXEC;
	return deny;
}

/* The right to name when a mapping is refused for want of @missing. */
static const struct cap_rights *capability_mmap_rights(vm_flags_t missing)
{
	if (missing & VM_MAYREAD)
		return CAP_RIGHTS(CAP_MMAP_R);
	if (missing & VM_MAYWRITE)
		return missing & VM_MAYEXEC ? CAP_RIGHTS(CAP_MMAP_RWX) :
					      CAP_RIGHTS(CAP_MMAP_RW);
	return CAP_RIGHTS(CAP_MMAP_RX);
}

/**
 * capability_fget_mmap - go on with a look-up, to map a file, that met FMODE_PATH
 * @file: what was found; the caller's reference is taken over
 * @fd: the descriptor
 * @prot: PROT_*, as asked for
 * @flags: MAP_*
 * @deny: set to what the mapping must never be made, of VM_MAYREAD, VM_MAYWRITE
 *        and VM_MAYEXEC, for vm_mmap_pgoff_deny()
 *
 * Return: the target with a reference, or an error pointer: -EBADF for what is
 * no capability, or one of an O_PATH file; -ENOTCAPABLE.
 */
struct file *capability_fget_mmap(struct file *file, unsigned int fd,
				  unsigned long prot, unsigned long flags,
				  vm_flags_t *deny)
{
	vm_flags_t need = 0;

	if (prot & PROT_READ)
		need |= VM_MAYREAD;
	if (prot & PROT_WRITE)
		need |= VM_MAYREAD | VM_MAYWRITE;
	if (prot & PROT_EXEC)
		need |= VM_MAYREAD | VM_MAYEXEC;

	*deny = is_capability(file) ? capability_mmap_deny(file, flags) : 0;
	return capability_fget(file, fd,
			       need & *deny ? capability_mmap_rights(need & *deny) :
					      CAP_RIGHTS(CAP_MMAP),
			       FMODE_PATH);
}
