// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat: words and tables, for people.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "capstat.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define MAX_COLUMNS	9

/* ---- words ---- */

static char *text(const char *format, ...)
{
	va_list ap;
	char *s;
	int rc;

	va_start(ap, format);
	rc = vasprintf(&s, format, ap);
	va_end(ap);
	if (rc < 0)
		err(EXIT_FAILURE, "no memory");
	return s;
}

const char *mode_name(int seccomp)
{
	switch (seccomp) {
	case SECCOMP_MODE_DISABLED:
		return "-";
	case SECCOMP_MODE_STRICT:
		return "strict";
	case SECCOMP_MODE_FILTER:
		return "filter";
	case SECCOMP_MODE_CAPABILITY:
		return "capability";
	}
	return "?";
}

const char *access_name(unsigned int flags)
{
	if (flags & O_PATH)
		return "path";
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "r";
	case O_WRONLY:
		return "w";
	}
	return "rw";
}

static bool same(const cap_rights_t *a, const cap_rights_t *b)
{
	return cap_rights_contains(a, b) && cap_rights_contains(b, a);
}

char *rights_text(const cap_rights_t *rights, bool full)
{
	const char *from;
	cap_rights_t all;
	ssize_t len;
	char *s, *to;

	if (!cap_rights_is_valid(rights))
		return text("0x%016llx,0x%016llx",
			    (unsigned long long)rights->cr_rights[0],
			    (unsigned long long)rights->cr_rights[1]);
	CAP_ALL(&all);
	if (same(rights, &all))
		return text("all");
	len = cap_rights_to_text(rights, NULL, 0);
	if (!len)
		return text("none");
	s = malloc(len + 1);
	if (!s)
		err(EXIT_FAILURE, "no memory");
	cap_rights_to_text(rights, s, len + 1);
	if (full)
		return s;
	for (from = to = s; *from; ) {
		if ((from == s || from[-1] == ',') &&
		    !strncmp(from, "CAP_", 4))
			from += 4;
		*to++ = tolower((unsigned char)*from++);
	}
	*to = '\0';
	return s;
}

static const struct {
	uint32_t bit;
	const char *name;
} fcntls_named[] = {
	{ CAP_FCNTL_GETFL,	"F_GETFL" },
	{ CAP_FCNTL_SETFL,	"F_SETFL" },
	{ CAP_FCNTL_GETOWN,	"F_GETOWN" },
	{ CAP_FCNTL_SETOWN,	"F_SETOWN" },
};

const char *fcntl_name(unsigned int index, uint32_t *bit)
{
	if (index >= COUNT(fcntls_named))
		return NULL;
	*bit = fcntls_named[index].bit;
	return fcntls_named[index].name;
}

/* @s with another word, and a comma between. */
static char *append(char *s, char *word)
{
	char *both = s ? text("%s,%s", s, word) : text("%s", word);

	free(s);
	free(word);
	return both;
}

char *fcntls_text(uint32_t fcntls)
{
	char *s = NULL;
	size_t i;

	if (fcntls == CAP_FCNTL_ALL)
		return text("all");
	for (i = 0; i < COUNT(fcntls_named); i++)
		if (fcntls & fcntls_named[i].bit)
			s = append(s, text("%s", fcntls_named[i].name));
	return s ? s : text("none");
}

char *ioctls_text(const struct descriptor *d)
{
	char *s = NULL;
	int i;

	if (d->nioctls == CAP_LIMIT_IOCTLS_ALL)
		return text("all");
	for (i = 0; i < d->nioctls; i++)
		s = append(s, text("0x%x", d->ioctls[i]));
	return s ? s : text("none");
}

char *printable(const char *s)
{
	char *copy = malloc(4 * strlen(s) + 1), *to = copy;
	mbstate_t state = {};

	if (!copy)
		err(EXIT_FAILURE, "no memory");
	while (*s) {
		wchar_t wide;
		size_t n = mbrtowc(&wide, s, MB_CUR_MAX, &state);

		if (n == (size_t)-1 || n == (size_t)-2 || !iswprint(wide) ||
		    wide == L'\\') {
			to += sprintf(to, "\\%03o", (unsigned char)*s++);
			memset(&state, 0, sizeof(state));
			continue;
		}
		memcpy(to, s, n);
		to += n;
		s += n;
	}
	*to = '\0';
	return copy;
}

/* ---- tables ---- */

struct row {
	char *cell[MAX_COLUMNS];
};

static struct row *rows;
static size_t nrows;

/* Cells, which become the table's own, and NULL. */
static void add_row(char *first, ...)
{
	struct row *row;
	va_list ap;
	int i = 0;

	rows = reallocarray(rows, nrows + 1, sizeof(*rows));
	if (!rows)
		err(EXIT_FAILURE, "no memory");
	row = memset(&rows[nrows++], 0, sizeof(*rows));
	va_start(ap, first);
	for (; first && i < MAX_COLUMNS; first = va_arg(ap, char *))
		row->cell[i++] = first;
	va_end(ap);
}

#define ROW(...)	add_row(__VA_ARGS__, NULL)

/* A column of numbers has them at its right edge. */
static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

static void print_rows(void)
{
	int width[MAX_COLUMNS] = {}, i, len;
	bool number[MAX_COLUMNS] = {};
	size_t r;

	for (r = 0; r < nrows; r++) {
		for (i = 0; i < MAX_COLUMNS && rows[r].cell[i]; i++) {
			len = strlen(rows[r].cell[i]);
			if (len > width[i])
				width[i] = len;
			if (r == 1)
				number[i] = is_number(rows[r].cell[i]);
		}
	}
	for (r = 0; r < nrows; r++) {
		for (i = 0; i < MAX_COLUMNS && rows[r].cell[i]; i++) {
			bool last = i + 1 == MAX_COLUMNS || !rows[r].cell[i + 1];

			printf("%s%*s", i ? " " : "",
			       number[i] ? width[i] : last ? 0 : -width[i],
			       rows[r].cell[i]);
			free(rows[r].cell[i]);
		}
		putchar('\n');
	}
	free(rows);
	rows = NULL;
	nrows = 0;
}

void text_begin(const struct choice *choice)
{
	if (choice->summary)
		ROW(text("PID"), text("MODE"), text("FDS"), text("LIMITED"),
		    text("PROGRAM"));
	else
		ROW(text("PID"), text("PROGRAM"), text("MODE"), text("FD"),
		    text("OPEN"), text("RIGHTS"), text("FCNTLS"),
		    text("IOCTLS"), text("TARGET"));
}

static void text_summary(const struct process *p)
{
	ROW(text("%d", p->pid), text("%s", mode_name(p->seccomp)),
	    text("%zu", p->nfds), text("%zu", p->nlimited),
	    printable(p->program));
}

static void text_full(const struct process *p, const struct descriptor *d)
{
	char *program = printable(p->program), *target = printable(d->target);
	char *rights, *fcntls, *ioctls;

	printf("%d %s, mode %s, descriptor %d: %s, open %s\n", p->pid, program,
	       mode_name(p->seccomp), d->fd, target, access_name(d->flags));
	free(program);
	free(target);
	if (!d->limited) {
		puts("\trights: not limited");
		return;
	}
	rights = rights_text(&d->rights, true);
	fcntls = fcntls_text(d->fcntls);
	ioctls = ioctls_text(d);
	printf("\trights: 0x%016llx 0x%016llx\n\t        %s\n"
	       "\tfcntls: 0x%x %s\n\tioctls: %s\n",
	       (unsigned long long)d->rights.cr_rights[0],
	       (unsigned long long)d->rights.cr_rights[1], rights,
	       d->fcntls, fcntls, ioctls);
	free(rights);
	free(fcntls);
	free(ioctls);
}

static void text_row(const struct process *p, const struct descriptor *d)
{
	ROW(text("%d", p->pid), printable(p->program),
	    text("%s", mode_name(p->seccomp)), text("%d", d->fd),
	    text("%s", access_name(d->flags)),
	    d->limited ? rights_text(&d->rights, false) : text("-"),
	    d->limited ? fcntls_text(d->fcntls) : text("-"),
	    d->limited ? ioctls_text(d) : text("-"),
	    printable(d->target));
}

void text_process(const struct choice *choice, const struct process *p)
{
	char *program;
	size_t i;

	if (choice->summary) {
		text_summary(p);
		return;
	}
	for (i = 0; i < p->nfds; i++) {
		if (choice->full)
			text_full(p, &p->fds[i]);
		else
			text_row(p, &p->fds[i]);
	}
	/* So that one without descriptors is seen as well. */
	if (p->nfds)
		return;
	program = printable(p->program);
	if (choice->full) {
		printf("%d %s, mode %s, no descriptors\n", p->pid, program,
		       mode_name(p->seccomp));
		free(program);
	} else {
		ROW(text("%d", p->pid), program,
		    text("%s", mode_name(p->seccomp)), text("-"));
	}
}

void text_end(const struct choice *choice)
{
	if (choice->summary || !choice->full)
		print_rows();
}
