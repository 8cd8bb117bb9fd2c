// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Sets of rights. The algebra is the kernel's own (linux/capsicum_rights.h of
 * its source tree); here are FreeBSD's names for it and the checks that a
 * program, unlike the kernel, wants loud. What each function takes and returns
 * stands in sys/capsicum.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/capsicum.h>

#include "linux/capsicum_rights.h"
#include "internal.h"

static void need_valid(const char *func, const cap_rights_t *rights)
{
	if (cap_rights_is_valid(rights))
		return;

	fprintf(stderr,
		"%s: malformed set of rights 0x%016llx 0x%016llx (not initialised with cap_rights_init()?)\n",
		func, (unsigned long long)rights->cr_rights[0],
		(unsigned long long)rights->cr_rights[1]);
	abort();
}

/* Next of a list of rights: its word, or -1 at the end of the list. */
static int next_right(const char *func, va_list *ap, uint64_t *right)
{
	*right = va_arg(*ap, unsigned long long);
	if (!*right)
		return -1;
	if (capsicum_right_is_valid(*right))
		return capsicum_right_word(*right);

	fprintf(stderr,
		"%s: malformed right 0x%016llx (unknown, or of different words or-ed together?)\n",
		func, (unsigned long long)*right);
	abort();
}

CAPSICUM_API cap_rights_t *
__cap_rights_init(int version, cap_rights_t *rights, ...)
{
	uint64_t right;
	va_list ap;
	int word;

	if (version != CAP_RIGHTS_VERSION_00) {
		fprintf(stderr,
			"cap_rights_init: version %d of struct cap_rights is newer than this library\n",
			version);
		abort();
	}
	capsicum_rights_none(rights);
	va_start(ap, rights);
	while ((word = next_right("cap_rights_init", &ap, &right)) >= 0)
		rights->cr_rights[word] |= right;
	va_end(ap);
	return rights;
}

CAPSICUM_API cap_rights_t *__cap_rights_set(cap_rights_t *rights, ...)
{
	uint64_t right;
	va_list ap;
	int word;

	need_valid("cap_rights_set", rights);
	va_start(ap, rights);
	while ((word = next_right("cap_rights_set", &ap, &right)) >= 0)
		rights->cr_rights[word] |= right;
	va_end(ap);
	return rights;
}

CAPSICUM_API cap_rights_t *__cap_rights_clear(cap_rights_t *rights, ...)
{
	uint64_t right;
	va_list ap;
	int word;

	need_valid("cap_rights_clear", rights);
	va_start(ap, rights);
	while ((word = next_right("cap_rights_clear", &ap, &right)) >= 0)
		rights->cr_rights[word] &= ~(right & CAPSICUM_RIGHTS_MASK);
	va_end(ap);
	return rights;
}

CAPSICUM_API bool __cap_rights_is_set(const cap_rights_t *rights, ...)
{
	bool all = true;
	uint64_t right;
	va_list ap;
	int word;

	need_valid("cap_rights_is_set", rights);
	va_start(ap, rights);
	/* To the end in any case, so that a mistake is found in any case. */
	while ((word = next_right("cap_rights_is_set", &ap, &right)) >= 0)
		if (right & ~rights->cr_rights[word])
			all = false;
	va_end(ap);
	return all;
}

CAPSICUM_API bool cap_rights_is_empty(const cap_rights_t *rights)
{
	return capsicum_rights_is_empty(rights);
}

CAPSICUM_API bool cap_rights_is_valid(const cap_rights_t *rights)
{
	return capsicum_rights_is_valid(rights);
}

CAPSICUM_API cap_rights_t *
cap_rights_merge(cap_rights_t *dst, const cap_rights_t *src)
{
	need_valid("cap_rights_merge", dst);
	need_valid("cap_rights_merge", src);
	capsicum_rights_merge(dst, src);
	return dst;
}

CAPSICUM_API cap_rights_t *
cap_rights_remove(cap_rights_t *dst, const cap_rights_t *src)
{
	need_valid("cap_rights_remove", dst);
	need_valid("cap_rights_remove", src);
	capsicum_rights_remove(dst, src);
	return dst;
}

CAPSICUM_API bool
cap_rights_contains(const cap_rights_t *big, const cap_rights_t *little)
{
	return capsicum_rights_is_valid(big) &&
	       capsicum_rights_is_valid(little) &&
	       capsicum_rights_contains(big, little);
}
