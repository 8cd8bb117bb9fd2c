/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: devices that netdevsim makes, of network interfaces with
 * what belongs to them.
 */
#ifndef _SELFTESTS_CAPSICUM_NETDEVSIM_H
#define _SELFTESTS_CAPSICUM_NETDEVSIM_H

#include "entries.h"

/* Writes @text to a file of its bus. Returns 0 or -errno. */
static inline int netdevsim_write(const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/netdevsim/%s", file);
	return write_text(AT_FDCWD, path, text);
}

/* Device @id, with so many interfaces. -ENOENT: there is no netdevsim. */
static inline int netdevsim_new(int id, int interfaces)
{
	char text[32];

	snprintf(text, sizeof(text), "%d %d", id, interfaces);
	return netdevsim_write("new_device", text);
}

static inline int netdevsim_del(int id)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", id);
	return netdevsim_write("del_device", text);
}

/* The @nth name that device @id has in @dir: "net", "ptp". 0 or -errno. */
static inline int netdevsim_name(int id, const char *dir, int nth, char *name,
				 size_t size)
{
	char path[96];
	struct dirent *e;
	int err = 0;
	DIR *d;

	snprintf(path, sizeof(path),
		 "/sys/bus/netdevsim/devices/netdevsim%d/%s", id, dir);
	d = opendir(path);
	if (!d)
		return -errno;
	do {
		e = readdir(d);
	} while (e && (*e->d_name == '.' || nth--));
	if (!e)
		err = -ENOENT;
	else if (snprintf(name, size, "%s", e->d_name) >= (int)size)
		err = -ENAMETOOLONG;
	closedir(d);
	return err;
}

/* What @file of its @nth interface says: "ifindex", "iflink". Or -errno. */
static inline int netdevsim_number(int id, int nth, const char *file)
{
	char name[32], path[128], text[16] = "";
	int err = netdevsim_name(id, "net", nth, name, sizeof(name));
	int fd, n;

	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	return err ? err : atoi(text);
}

#endif /* _SELFTESTS_CAPSICUM_NETDEVSIM_H */
