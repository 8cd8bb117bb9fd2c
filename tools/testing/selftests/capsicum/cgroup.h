/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: a control group of one's own.
 */
#ifndef _SELFTESTS_CAPSICUM_CGROUP_H
#define _SELFTESTS_CAPSICUM_CGROUP_H

#include "common.h"

#include <sys/mount.h>

/* Where it is mounted; empty when it is not. */
struct cgroup_mnt {
	char path[64];
};

static inline void cgroup_name(const struct cgroup_mnt *m, char name[96])
{
	snprintf(name, 96, "%s/test-%d", m->path, getpid());
}

/* Call it when the test is over, whatever cgroup_make() has returned. */
static inline void cgroup_remove(struct cgroup_mnt *m)
{
	char name[96];

	if (!m->path[0])
		return;
	cgroup_name(m, name);
	rmdir(name);
	umount2(m->path, MNT_DETACH);
	rmdir(m->path);
	m->path[0] = 0;
}

/*
 * cgroup_make() - mount a hierarchy, and make a group in it
 * @type: "cgroup2", or "cgroup", with its @options.
 *
 * Returns a descriptor of the group, or -errno: -ENODEV where there are none.
 */
static inline int cgroup_make(struct cgroup_mnt *m, const char *type,
			      const char *options)
{
	char name[96];
	int fd;

	snprintf(m->path, sizeof(m->path), "%s/capsicum-cg.XXXXXX", tmp_dir());
	if (!mkdtemp(m->path)) {
		m->path[0] = 0;
		return -errno;
	}
	if (mount("none", m->path, type, 0, options)) {
		fd = -errno;
		rmdir(m->path);
		m->path[0] = 0;
		return fd;
	}
	cgroup_name(m, name);
	if (mkdir(name, 0700))
		return -errno;
	return RET(open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

#endif /* _SELFTESTS_CAPSICUM_CGROUP_H */
