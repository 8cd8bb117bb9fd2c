// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capsicum: the algebra of limits.
 *
 * Sets of rights are the business of <linux/capsicum_rights.h>, which the user
 * library shares; here is what the kernel needs on top: the limits of a
 * capability, which are a set of rights with the sub-rights that refine two of
 * them, and the names of rights.
 *
 * Everything here is a pure function of its arguments: no allocation, no locks,
 * any context. The callers see to it that nobody else changes the arguments.
 */
#include <linux/array_size.h>
#include <linux/bsearch.h>
#include <linux/capsicum.h>
#include <linux/fcntl.h>
#include <linux/seq_file.h>
#include <linux/sort.h>

static int cmp_ioctl(const void *a, const void *b)
{
	const u32 x = *(const u32 *)a, y = *(const u32 *)b;

	/* Not x - y: commands use all 32 bits. */
	return x < y ? -1 : x > y;
}

/**
 * cap_limits_valid - are these limits well-formed?
 * @l: the limits; the list of ioctl commands is not looked at, only its length
 *
 * Sub-rights refine a right, so there are none where the right is not held:
 * limits that claim some would read back as more than they allow.
 *
 * Return: true when the rights are valid, the fcntl commands are known and come
 * with CAP_FCNTL, and the number of ioctl commands is CAP_LIMIT_IOCTLS_ALL or from 0
 * to CAP_IOCTLS_LIMIT_MAX, and not 0 only with CAP_IOCTL.
 */
bool cap_limits_valid(const struct cap_limits *l)
{
	if (!capsicum_rights_is_valid(&l->rights))
		return false;

	if (l->fcntls & ~CAP_FCNTL_ALL)
		return false;
	if (l->fcntls &&
	    !capsicum_rights_contains(&l->rights, CAP_RIGHTS(CAP_FCNTL)))
		return false;

	if (l->nioctls < CAP_LIMIT_IOCTLS_ALL || l->nioctls > CAP_IOCTLS_LIMIT_MAX)
		return false;
	if (l->nioctls &&
	    !capsicum_rights_contains(&l->rights, CAP_RIGHTS(CAP_IOCTL)))
		return false;

	return true;
}

static bool ioctls_contain(const struct cap_limits *held,
			   const struct cap_limits *wanted)
{
	int h = 0, w;

	if (held->nioctls == CAP_LIMIT_IOCTLS_ALL)
		return true;
	if (wanted->nioctls == CAP_LIMIT_IOCTLS_ALL)
		return false;

	/*
	 * Both lists ascend, so one pass over both will do. If one does not,
	 * commands go unfound: the answer errs towards false.
	 */
	for (w = 0; w < wanted->nioctls; w++) {
		while (h < held->nioctls && held->ioctls[h] < wanted->ioctls[w])
			h++;
		if (h == held->nioctls || held->ioctls[h] != wanted->ioctls[w])
			return false;
	}
	return true;
}

/**
 * cap_limits_contain - does a capability hold all that is wanted of it?
 * @held: the limits that are in force; valid, its list sorted
 * @wanted: the limits that are to take their place; valid, its list sorted
 *
 * This is the law that a limit never widens: @held may be replaced by @wanted
 * only if this function says so.
 *
 * Return: true when each right, each fcntl command and each ioctl command that
 * @wanted allows is allowed by @held too (equal limits are contained).
 */
bool cap_limits_contain(const struct cap_limits *held,
			const struct cap_limits *wanted)
{
	return capsicum_rights_contains(&held->rights, &wanted->rights) &&
	       !(wanted->fcntls & ~held->fcntls) &&
	       ioctls_contain(held, wanted);
}

/**
 * cap_limits_allow_ioctl - is an ioctl command on the list?
 * @l: the limits; valid, the list sorted
 * @cmd: the command
 *
 * Valid limits without CAP_IOCTL have an empty list, so that nothing is allowed
 * without that right either.
 *
 * Return: true when the limits allow @cmd.
 */
bool cap_limits_allow_ioctl(const struct cap_limits *l, unsigned int cmd)
{
	const u32 key = cmd;

	if (l->nioctls == CAP_LIMIT_IOCTLS_ALL)
		return true;

	return __inline_bsearch(&key, l->ioctls, l->nioctls,
				sizeof(*l->ioctls), cmp_ioctl);
}

/**
 * cap_limits_sort - bring the list of ioctl commands into order
 * @l: the limits; the list comes as the user wrote it
 *
 * Afterwards the list ascends and holds each command once, as everything else
 * here expects; @nioctls is what is left of it. Nothing happens to an empty
 * list or when all commands are allowed.
 */
void cap_limits_sort(struct cap_limits *l)
{
	int from, to = 0;

	if (l->nioctls <= 0)
		return;

	sort(l->ioctls, l->nioctls, sizeof(*l->ioctls), cmp_ioctl, NULL);

	for (from = 1; from < l->nioctls; from++)
		if (l->ioctls[from] != l->ioctls[to])
			l->ioctls[++to] = l->ioctls[from];
	l->nioctls = to + 1;
}

/**
 * cap_limits_drop_orphans - drop the sub-rights of rights that are not held
 * @l: the limits
 *
 * Who narrows rights but keeps the fcntl or ioctl limits means those that still
 * have a right to refine. The memory of the list stays with the caller.
 */
void cap_limits_drop_orphans(struct cap_limits *l)
{
	if (!capsicum_rights_contains(&l->rights, CAP_RIGHTS(CAP_FCNTL)))
		l->fcntls = 0;
	if (!capsicum_rights_contains(&l->rights, CAP_RIGHTS(CAP_IOCTL)))
		l->nioctls = 0;
}

#define NAME(right) { right, #right },

const struct cap_right_name cap_right_names[] = { CAPSICUM_RIGHT_NAMES(NAME) };
const unsigned int cap_right_names_count = ARRAY_SIZE(cap_right_names);

struct seq_names {
	struct seq_file *m;
	const char *space;
};

static void seq_name(void *arg, const char *name, __u64 bits)
{
	struct seq_names *s = arg;

	if (name)
		seq_printf(s->m, "%s%s", s->space, name);
	else
		seq_printf(s->m, "%s+0x%llx", s->space, bits);
	s->space = " ";
}

/**
 * cap_rights_seq_names - show a set of rights by name
 * @m: the file to write to
 * @r: a valid set
 *
 * Writes the names that capsicum_rights_tell() has for it with a space between
 * two of them, no line end, nothing for the empty set; bits without a name in
 * hexadecimal after a plus sign.
 */
void cap_rights_seq_names(struct seq_file *m, const struct cap_rights *r)
{
	struct seq_names s = { .m = m, .space = "" };

	capsicum_rights_tell(r, cap_right_names, cap_right_names_count,
			     seq_name, &s);
}
