/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef _LIBCAPSICUM_INTERNAL_H
#define _LIBCAPSICUM_INTERNAL_H

#include <sys/syscall.h>

/* Everything is hidden (-fvisibility=hidden) but what is marked with this. */
#define CAPSICUM_API	__attribute__((visibility("default")))

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/*
 * Kernel headers older than Capsicum lack the numbers. They are the same
 * everywhere, save for the offsets that some tables have.
 */
#if defined(__alpha__)
#define NR_OFFSET	110
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
#define NR_OFFSET	4000
#elif defined(__mips__) && _MIPS_SIM == _ABI64
#define NR_OFFSET	5000
#elif defined(__mips__)
#define NR_OFFSET	6000
#elif defined(__x86_64__) && defined(__ILP32__)
#define NR_OFFSET	0x40000000
#else
#define NR_OFFSET	0
#endif

#ifndef __NR_cap_rights_limit
#define __NR_cap_rights_limit	(NR_OFFSET + 480)
#define __NR_cap_rights_get	(NR_OFFSET + 481)
#endif
#ifndef __NR_cap_enter
#define __NR_cap_enter		(NR_OFFSET + 482)
#define __NR_cap_getmode	(NR_OFFSET + 483)
#endif

#endif /* _LIBCAPSICUM_INTERNAL_H */
