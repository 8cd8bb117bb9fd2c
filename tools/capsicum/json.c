// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat: the same, for programs.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "capstat.h"

static struct json_object *list;

/* How long the UTF-8 character at @s is; 0 when it is none. */
static int character(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	int n, i;

	if (u[0] < 0x80)
		return 1;
	n = u[0] >= 0xc2 && u[0] < 0xe0 ? 2 :
	    u[0] >= 0xe0 && u[0] < 0xf0 ? 3 :
	    u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;
	for (i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* Too long for what it says, half of a pair, beyond the last one. */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return n;
}

/* A file name is any bytes; what is no UTF-8 becomes U+FFFD. */
static struct json_object *string(const char *s)
{
	char *copy = malloc(3 * strlen(s) + 1), *to = copy;
	struct json_object *o;

	if (!copy)
		return NULL;
	while (*s) {
		int n = character(s);

		memcpy(to, n ? s : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		s += n ? n : 1;
	}
	*to = '\0';
	o = json_object_new_string(copy);
	free(copy);
	return o;
}

static struct json_object *number(long long n)
{
	return json_object_new_int64(n);
}

static struct json_object *truth(bool b)
{
	return json_object_new_boolean(b);
}

/* A JSON number holds no 64 bits for many a reader: text. */
static struct json_object *hex(unsigned long long n, int digits)
{
	char s[32];

	snprintf(s, sizeof(s), "0x%0*llx", digits, n);
	return json_object_new_string(s);
}

static struct json_object *names(const cap_rights_t *rights)
{
	struct json_object *a = json_object_new_array();
	char *text, *rest, *name;
	ssize_t len;

	len = cap_rights_to_text(rights, NULL, 0);
	if (len <= 0)
		return a;
	text = malloc(len + 1);
	if (!text)
		return a;
	cap_rights_to_text(rights, text, len + 1);
	for (rest = text; (name = strsep(&rest, ",")); )
		json_object_array_add(a, json_object_new_string(name));
	free(text);
	return a;
}

static struct json_object *words(const cap_rights_t *rights)
{
	struct json_object *a = json_object_new_array();

	json_object_array_add(a, hex(rights->cr_rights[0], 16));
	json_object_array_add(a, hex(rights->cr_rights[1], 16));
	return a;
}

static struct json_object *fcntls(uint32_t held)
{
	struct json_object *a = json_object_new_array();
	const char *name;
	unsigned int i;
	uint32_t bit;

	for (i = 0; (name = fcntl_name(i, &bit)); i++)
		if (held & bit)
			json_object_array_add(a, json_object_new_string(name));
	return a;
}

static struct json_object *ioctls(const struct descriptor *d)
{
	struct json_object *a;
	int i;

	if (d->nioctls == CAP_LIMIT_IOCTLS_ALL)
		return json_object_new_string("all");
	a = json_object_new_array();
	for (i = 0; i < d->nioctls; i++)
		json_object_array_add(a, hex(d->ioctls[i], 0));
	return a;
}

static struct json_object *descriptor(const struct descriptor *d)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "fd", number(d->fd));
	json_object_object_add(o, "target", string(d->target));
	json_object_object_add(o, "open",
			       json_object_new_string(access_name(d->flags)));
	json_object_object_add(o, "close_on_exec",
			       truth(d->flags & O_CLOEXEC));
	json_object_object_add(o, "limited", truth(d->limited));
	if (!d->limited)
		return o;
	json_object_object_add(o, "rights", names(&d->rights));
	json_object_object_add(o, "rights_words", words(&d->rights));
	json_object_object_add(o, "fcntls", fcntls(d->fcntls));
	json_object_object_add(o, "ioctls", ioctls(d));
	return o;
}

void json_begin(const struct choice *choice)
{
	(void)choice;
	list = json_object_new_array();
}

void json_process(const struct choice *choice, const struct process *p)
{
	struct json_object *o = json_object_new_object(), *a;
	size_t i;

	json_object_object_add(o, "pid", number(p->pid));
	json_object_object_add(o, "program", string(p->program));
	json_object_object_add(o, "seccomp", p->seccomp ?
			       json_object_new_string(mode_name(p->seccomp)) :
			       json_object_new_string("none"));
	json_object_object_add(o, "seccomp_filters", number(p->filters));
	json_object_object_add(o, "capability_mode", truth(process_in_mode(p)));
	json_object_object_add(o, "no_new_privs", truth(p->no_new_privs));
	if (choice->summary) {
		json_object_object_add(o, "descriptor_count", number(p->nfds));
		json_object_object_add(o, "limited_count", number(p->nlimited));
	} else {
		a = json_object_new_array();
		for (i = 0; i < p->nfds; i++)
			json_object_array_add(a, descriptor(&p->fds[i]));
		json_object_object_add(o, "descriptors", a);
	}
	json_object_array_add(list, o);
}

static void print(struct json_object *o, int flags)
{
	puts(json_object_to_json_string_ext(o, flags |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void json_end(const struct choice *choice)
{
	(void)choice;
	print(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

void json_refusal(const struct refusal *r)
{
	struct json_object *o = json_object_new_object();
	const char *call = call_name(r->arch, r->nr);
	cap_rights_t missing;
	char *why;

	json_object_object_add(o, "pid", number(r->pid));
	json_object_object_add(o, "program", string(r->program));
	json_object_object_add(o, "call", call ? string(call) : NULL);
	json_object_object_add(o, "arch", hex(r->arch, 0));
	json_object_object_add(o, "nr", number(r->nr));
	json_object_object_add(o, "fd", r->fd < 0 ? NULL : number(r->fd));
	json_object_object_add(o, "error",
			       json_object_new_string(r->error == ECAPMODE ?
						      "ECAPMODE" :
						      "ENOTCAPABLE"));
	json_object_object_add(o, "needed", r->needed ? names(r->needed) : NULL);
	json_object_object_add(o, "held", r->held ? names(r->held) : NULL);
	json_object_object_add(o, "missing", refusal_missing(r, &missing) ?
					     names(&missing) : NULL);
	why = refusal_why(r);
	json_object_object_add(o, "why", string(why));
	free(why);
	print(o, JSON_C_TO_STRING_PLAIN);
}
