// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc/PID/fdinfo/N tells of a capability, after what it tells of the
 * target.
 */
#include <linux/capsicum.h>
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>

static const struct {
	u32 fcntl;
	const char *name;
} fcntl_names[] = {
	{ CAP_FCNTL_GETFL,	"F_GETFL" },
	{ CAP_FCNTL_SETFL,	"F_SETFL" },
	{ CAP_FCNTL_GETOWN,	"F_GETOWN" },
	{ CAP_FCNTL_SETOWN,	"F_SETOWN" },
};

/**
 * capability_show_fdinfo - tell the limits of a file, if it has any
 * @m: where to
 * @file: any file; the caller holds a reference
 */
void capability_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct cap_limits *limits = capability_limits(file);
	int i;

	if (!limits)
		return;

	seq_printf(m, "rights:\t0x%016llx 0x%016llx\n",
		   limits->rights.cr_rights[0], limits->rights.cr_rights[1]);
	seq_puts(m, "rights-names:\t");
	cap_rights_seq_names(m, &limits->rights);
	seq_putc(m, '\n');

	seq_printf(m, "fcntls:\t0x%x", limits->fcntls);
	for (i = 0; i < ARRAY_SIZE(fcntl_names); i++)
		if (limits->fcntls & fcntl_names[i].fcntl)
			seq_printf(m, " %s", fcntl_names[i].name);
	seq_putc(m, '\n');

	seq_puts(m, "ioctls:\t");
	if (limits->nioctls == CAP_LIMIT_IOCTLS_ALL)
		seq_puts(m, "all");
	else if (!limits->nioctls)
		seq_puts(m, "none");
	for (i = 0; i < limits->nioctls; i++)
		seq_printf(m, "%s0x%x", i ? " " : "", limits->ioctls[i]);
	seq_putc(m, '\n');
}
