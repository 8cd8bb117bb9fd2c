/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusals of Capsicum: see Documentation/trace/events-capsicum.rst.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM capsicum

#if !defined(_TRACE_CAPSICUM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CAPSICUM_H

#include <linux/tracepoint.h>
#include <uapi/linux/capsicum.h>

/**
 * notcapable - something was refused with ENOTCAPABLE
 * @fd: the descriptor, -1 when what was refused has none
 * @needed: the rights that it takes; NULL when no right would do
 * @held: the rights of the descriptor; NULL when it was not about rights, but
 *        about a path that leaves its directory
 * @arch: the ABI of the system call, AUDIT_ARCH_*; 0 outside of one
 * @nr: its number, -1 outside of one
 *
 * NULL is recorded as words of 0, which no valid set has.
 */
TRACE_EVENT(notcapable,

	TP_PROTO(int fd, const struct cap_rights *needed,
		 const struct cap_rights *held, u32 arch, int nr),

	TP_ARGS(fd, needed, held, arch, nr),

	TP_STRUCT__entry(
		__field(int,	fd)
		__array(u64,	needed,	CAP_RIGHTS_VERSION + 2)
		__array(u64,	held,	CAP_RIGHTS_VERSION + 2)
		__field(u32,	arch)
		__field(int,	nr)
	),

	TP_fast_assign(
		__entry->fd = fd;
		if (needed)
			memcpy(__entry->needed, needed->cr_rights,
			       sizeof(__entry->needed));
		else
			memset(__entry->needed, 0, sizeof(__entry->needed));
		if (held)
			memcpy(__entry->held, held->cr_rights,
			       sizeof(__entry->held));
		else
			memset(__entry->held, 0, sizeof(__entry->held));
		__entry->arch = arch;
		__entry->nr = nr;
	),

	TP_printk("fd=%d needed=0x%016llx,0x%016llx held=0x%016llx,0x%016llx arch=%x nr=%d",
		  __entry->fd, __entry->needed[0], __entry->needed[1],
		  __entry->held[0], __entry->held[1],
		  __entry->arch, __entry->nr)
);

/**
 * capmode - something was refused with ECAPMODE
 * @arch: the ABI of the system call, AUDIT_ARCH_*; 0 outside of one
 * @nr: its number, -1 outside of one
 */
TRACE_EVENT(capmode,

	TP_PROTO(u32 arch, int nr),

	TP_ARGS(arch, nr),

	TP_STRUCT__entry(
		__field(u32,	arch)
		__field(int,	nr)
	),

	TP_fast_assign(
		__entry->arch = arch;
		__entry->nr = nr;
	),

	TP_printk("arch=%x nr=%d", __entry->arch, __entry->nr)
);

#endif /* _TRACE_CAPSICUM_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
