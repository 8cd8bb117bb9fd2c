// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat: the names of system calls, from the tables of the source tree.
 */
#include <endian.h>
#include <linux/audit.h>
#include <stddef.h>

#include "capstat.h"

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define CAPMODE_LE	__AUDIT_ARCH_LE
#else
#define CAPMODE_LE	0
#endif

#define CALL(arch, nr, name)	{ arch, nr, name },

static const struct {
	unsigned int arch;
	int nr;
	const char *name;
} calls[] = {
#include "calls.h"
	{ 0, -1, NULL }
};

const char *call_name(unsigned int arch, int nr)
{
	size_t i;

	for (i = 0; calls[i].name; i++)
		if (calls[i].arch == arch && calls[i].nr == nr)
			return calls[i].name;
	return NULL;
}
