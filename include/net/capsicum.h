/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capsicum: sockets that are looked up by rights.
 *
 * See fgetr() in <linux/file.h>, which sockfd_lookupr() is to sockfd_lookup()
 * what it is to fget().
 */
#ifndef _NET_CAPSICUM_H
#define _NET_CAPSICUM_H

#include <linux/capsicum.h>
#include <linux/net.h>

#ifdef CONFIG_SECURITY_CAPSICUM
struct socket *__sockfd_lookupr(int fd, int *err,
				const struct cap_rights *rights);
const struct cap_rights *sock_setsockopt_rights(int level, int optname);
const struct cap_rights *sock_getsockopt_rights(int level, int optname);
#else
static inline struct socket *__sockfd_lookupr(int fd, int *err,
					      const struct cap_rights *rights)
{
	return sockfd_lookup(fd, err);
}
#endif

/* One to three rights, all of which a capability must hold. */
#define sockfd_lookupr(fd, err, ...) \
	__sockfd_lookupr(fd, err, CAP_RIGHTS(__VA_ARGS__))

#endif /* _NET_CAPSICUM_H */
