// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Rights and text, both ways. The names are the kernel's own
 * (linux/capsicum_names.h of its source tree). What each function takes and
 * returns stands in sys/capsicum.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sys/capsicum.h>

#include "linux/capsicum_names.h"
#include "internal.h"

#define NAME(right)	{ right, #right },

static const struct cap_right_name names[] = {
	CAPSICUM_RIGHT_NAMES(NAME)
	CAPSICUM_COMPOSITE_NAMES(NAME)
};

static const struct cap_right_name bits[] = { CAPSICUM_RIGHT_NAMES(NAME) };

CAPSICUM_API const char *cap_right_by_index(size_t index, uint64_t *right)
{
	if (index >= COUNT(names))
		return NULL;
	if (right)
		*right = names[index].right;
	return names[index].name;
}

CAPSICUM_API const char *cap_right_to_name(uint64_t right)
{
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		if (names[i].right == right)
			return names[i].name;
	return NULL;
}

/* The right that @len bytes at @name are called, or 0. */
static uint64_t from_name(const char *name, size_t len)
{
	const size_t prefix = strlen("CAP_");
	size_t i;

	if (len > prefix && !strncasecmp(name, "CAP_", prefix)) {
		name += prefix;
		len -= prefix;
	}
	for (i = 0; i < COUNT(names); i++)
		if (strlen(names[i].name + prefix) == len &&
		    !strncasecmp(names[i].name + prefix, name, len))
			return names[i].right;
	return 0;
}

CAPSICUM_API uint64_t cap_right_from_name(const char *name)
{
	return from_name(name, strlen(name));
}

struct text {
	char *buf;
	size_t size, len;
};

static void put(struct text *t, const char *what)
{
	for (; *what; what++, t->len++)
		if (t->len + 1 < t->size)
			t->buf[t->len] = *what;
}

static void tell(void *arg, const char *name, __u64 unnamed)
{
	struct text *t = arg;
	char hex[32];

	if (!name) {
		snprintf(hex, sizeof(hex), "+0x%llx",
			 (unsigned long long)unnamed);
		name = hex;
	}
	if (t->len)
		put(t, ",");
	put(t, name);
}

CAPSICUM_API ssize_t
cap_rights_to_text(const cap_rights_t *rights, char *buf, size_t size)
{
	struct text t = { buf, size, 0 };

	if (!capsicum_rights_is_valid(rights)) {
		errno = EINVAL;
		return -1;
	}
	capsicum_rights_tell(rights, bits, COUNT(bits), tell, &t);
	if (size)
		buf[t.len < size ? t.len : size - 1] = '\0';
	return (ssize_t)t.len;
}

CAPSICUM_API int
cap_rights_from_text(cap_rights_t *rights, const char *text, const char **bad)
{
	static const char space[] = ", |\t\n";
	cap_rights_t set;

	capsicum_rights_none(&set);
	for (text += strspn(text, space); *text; text += strspn(text, space)) {
		size_t len = strcspn(text, space);
		uint64_t right = from_name(text, len);

		if (len == strlen("none") && !strncasecmp(text, "none", len)) {
			text += len;
			continue;
		}
		if (len == strlen("all") && !strncasecmp(text, "all", len)) {
			capsicum_rights_all(&set);
		} else if (right) {
			set.cr_rights[capsicum_right_word(right)] |= right;
		} else {
			if (bad)
				*bad = text;
			errno = EINVAL;
			return -1;
		}
		text += len;
	}
	*rights = set;
	return 0;
}
