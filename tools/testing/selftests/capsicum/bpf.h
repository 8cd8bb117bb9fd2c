/* SPDX-License-Identifier: GPL-2.0 */
/* bpf(2), for the self-tests of Capsicum. */
#ifndef _SELFTESTS_CAPSICUM_BPF_H
#define _SELFTESTS_CAPSICUM_BPF_H

#include "common.h"

#include <linux/bpf.h>

static inline long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/* BPF(cmd, .field = value, ...): one call of bpf(2). */
#define BPF(cmd, ...) \
({ \
	union bpf_attr __attr; \
	memset(&__attr, 0, sizeof(__attr)); \
	__attr = (union bpf_attr){ __VA_ARGS__ }; \
	sys_bpf(cmd, &__attr); \
})

#define PTR(p)	((uint64_t)(uintptr_t)(p))

#endif /* _SELFTESTS_CAPSICUM_BPF_H */
