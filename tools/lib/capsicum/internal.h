/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef _LIBCAPSICUM_INTERNAL_H
#define _LIBCAPSICUM_INTERNAL_H

/* Everything is hidden (-fvisibility=hidden) but what is marked with this. */
#define CAPSICUM_API	__attribute__((visibility("default")))

#endif /* _LIBCAPSICUM_INTERNAL_H */
