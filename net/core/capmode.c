// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: sockets and ioctls that it refuses.
 *
 * See include/net/capmode.h. Types of sockets and ioctl commands are those that
 * were looked at: what the network stack learns later is refused until somebody
 * has.
 */
#include <linux/capmode_ioctl.h>
#include <linux/in.h>
#include <linux/sockios.h>
#include <linux/termios.h>
#include <net/capmode.h>

static bool family_allowed(int family)
{
	return family == AF_UNIX || family == AF_INET || family == AF_INET6;
}

/*
 * Raw sockets, and what is like them behind another type: ICMP sockets write
 * their own headers, SMC looks for devices. Their addresses would come by other
 * roads than those that are shut.
 */
static bool protocol_allowed(int protocol)
{
	switch (protocol) {
	case 0:
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_MPTCP:
		return true;
	default:
		return false;
	}
}

/**
 * __capmode_check_socket - may such a socket be made in capability mode?
 * @family: the address family
 * @type: the type, without flags
 * @protocol: the protocol
 *
 * For capmode_check_socket().
 *
 * Return: 0 for stream and datagram sockets of the local and the internet
 * families, else -ECAPMODE.
 */
int __capmode_check_socket(int family, int type, int protocol)
{
	if (!family_allowed(family) ||
	    (type != SOCK_STREAM && type != SOCK_DGRAM) ||
	    (family != AF_UNIX && !protocol_allowed(protocol)))
		return capmode_refuse();
	return 0;
}

/**
 * __capmode_check_sock_ioctl - may this ioctl be used in capability mode?
 * @cmd: the command, native or compat
 *
 * For capmode_check_sock_ioctl(). What is allowed tells of the socket itself;
 * whom SIOCSPGRP and FIOSETOWN name is checked where they end.
 *
 * Return: 0, -ENOTTY for a command of terminals, else -ECAPMODE.
 */
int __capmode_check_sock_ioctl(unsigned int cmd)
{
	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
	case SIOCGSTAMP_NEW:
	case SIOCGSTAMPNS_NEW:
		return 0;
	default:
		return capmode_refuse_ioctl(cmd);
	}
}
