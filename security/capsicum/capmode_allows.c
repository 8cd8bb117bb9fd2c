// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: the system calls that can be made at all.
 *
 * The answers are those of capmode.tbl, which capmode-tbl.sh turns into a
 * bitmap for each ABI that this kernel has.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/capmode.h>
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <uapi/linux/audit.h>

/* For architectures that come in both byte orders. */
#define CAPMODE_LE \
	(IS_ENABLED(CONFIG_CPU_LITTLE_ENDIAN) ? __AUDIT_ARCH_LE : 0)

/*
 * The calls @base to @base + @nr - 1 of the ABI @arch; a set bit in @allow for
 * each that can be made.
 */
struct capmode_abi {
	unsigned int arch;
	unsigned int base;
	unsigned int nr;
	const unsigned long *allow;
};

#include "capmode-table.h"

static __always_inline bool abi_covers(const struct capmode_abi *abi,
				       unsigned int arch, unsigned int nr)
{
	return arch == abi->arch && nr - abi->base < abi->nr;
}

/* For abi_covers() only, but not under speculation. */
static __always_inline bool abi_allows(const struct capmode_abi *abi,
				       unsigned int nr)
{
	return test_bit(array_index_nospec(nr - abi->base, abi->nr),
			abi->allow);
}

/**
 * capmode_allows - can this system call be made in capability mode?
 * @arch: the ABI, as syscall_get_arch() tells
 * @nr: the number, as syscall_get_nr() tells
 *
 * Reads constants and nothing of the call's arguments, in any context.
 *
 * Return: true when capmode.tbl allows the call; false when it does not, and
 * for an ABI or a number that is in no table.
 */
bool capmode_allows(unsigned int arch, unsigned int nr)
{
	size_t i;

	/* The native ABI, whose entry the compiler knows to be constant. */
	if (likely(abi_covers(&capmode_abis[0], arch, nr)))
		return abi_allows(&capmode_abis[0], nr);

	for (i = 1; i < ARRAY_SIZE(capmode_abis); i++)
		if (abi_covers(&capmode_abis[i], arch, nr))
			return abi_allows(&capmode_abis[i], nr);
	return false;
}
