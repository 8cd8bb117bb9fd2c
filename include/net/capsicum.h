/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capsicum: sockets that are looked up by rights.
 *
 * See fgetr() in <linux/file.h>, which sockfd_lookupr() is to sockfd_lookup()
 * what it is to fget(); and network namespaces, where they are not entered.
 */
#ifndef _NET_CAPSICUM_H
#define _NET_CAPSICUM_H

#include <linux/capmode.h>
#include <linux/capsicum.h>
#include <linux/err.h>
#include <linux/net.h>
#include <linux/socket.h>

struct net;

#ifdef CONFIG_NET_NS
struct net *get_net_ns_by_fd_rights(int fd, const struct cap_rights *rights);
#else
static inline struct net *
get_net_ns_by_fd_rights(int fd, const struct cap_rights *rights)
{
	return ERR_PTR(-EINVAL);
}
#endif

#ifdef CONFIG_SECURITY_CAPSICUM
struct socket *__sockfd_lookupr(int fd, int *err,
				const struct cap_rights *rights);
const struct cap_rights *sock_setsockopt_rights(int level, int optname);
const struct cap_rights *sock_getsockopt_rights(int level, int optname);
int msg_refuse_address(void);

/**
 * msg_limit - remember what the ancillary data of a message may not do
 * @msg: the message, which is to be sent
 * @capability: what the socket was found behind
 */
static inline void msg_limit(struct msghdr *msg, const struct file *capability)
{
	msg->msg_no_address = !capability_allows(capability,
						 CAP_RIGHTS(CAP_CONNECT));
}
#else
static inline struct socket *__sockfd_lookupr(int fd, int *err,
					      const struct cap_rights *rights)
{
	return sockfd_lookup(fd, err);
}

static inline int msg_refuse_address(void)
{
	return -ENOTCAPABLE;
}

static inline void msg_limit(struct msghdr *msg, const struct file *capability)
{
}
#endif

/**
 * msg_check_address - may the ancillary data of a message name an address?
 * @msg: the message
 *
 * An address, interface or route in there is to be treated as the address that
 * sendto(2) takes. To be asked where it is used, and before that.
 *
 * Return: 0; -ENOTCAPABLE when the message goes through a capability without
 * CAP_CONNECT; else -ECAPMODE in capability mode.
 */
static inline int msg_check_address(const struct msghdr *msg)
{
	if (unlikely(msg->msg_no_address))
		return msg_refuse_address();
	if (in_capability_mode())
		return capmode_refuse();
	return 0;
}

/**
 * msg_check_mark - may the ancillary data of a message say what marks it?
 * @msg: the message
 * @cmsg: a control message of it, of level SOL_SOCKET
 *
 * Routes go by the mark, which names one therefore. Capability mode is asked
 * about in __sock_cmsg_send(), which does not see the message.
 *
 * Return: 0; -ENOTCAPABLE when @cmsg is SO_MARK and the message goes through a
 * capability without CAP_CONNECT.
 */
static inline int msg_check_mark(const struct msghdr *msg,
				 const struct cmsghdr *cmsg)
{
	if (unlikely(msg->msg_no_address) && cmsg->cmsg_type == SO_MARK)
		return msg_refuse_address();
	return 0;
}

/* One to three rights, all of which a capability must hold. */
#define sockfd_lookupr(fd, err, ...) \
	__sockfd_lookupr(fd, err, CAP_RIGHTS(__VA_ARGS__))

#endif /* _NET_CAPSICUM_H */
