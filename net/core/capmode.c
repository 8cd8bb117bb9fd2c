// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: sockets, options and ioctls that it refuses.
 *
 * See include/net/capmode.h. Types of sockets, levels of options and ioctl
 * commands are those that were looked at: what the network stack learns later
 * is refused until somebody has.
 */
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <linux/netlink.h>
#include <linux/sctp.h>
#include <linux/sockios.h>
#include <linux/termios.h>
#include <linux/tipc.h>
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

/*
 * Devices, routing tables, a descriptor of whoever has sent a message, and who
 * of a group of sockets, which can be others', gets what arrives.
 */
static bool sol_socket_names(int optname)
{
	switch (optname) {
	case SO_ATTACH_REUSEPORT_CBPF:
	case SO_ATTACH_REUSEPORT_EBPF:
	case SO_DETACH_REUSEPORT_BPF:
	case SO_MARK:
	case SO_BINDTODEVICE:
	case SO_BINDTOIFINDEX:
	case SO_PASSPIDFD:
		return true;
	default:
		return false;
	}
}

/*
 * Interfaces, groups, hops on the way, headers that say it all, what passes
 * through for others, and tables of the whole system.
 */
static bool sol_ip_names(int optname)
{
	switch (optname) {
	case IP_HDRINCL:
	case IP_ROUTER_ALERT:
	case IP_OPTIONS:
	case IP_IPSEC_POLICY:
	case IP_XFRM_POLICY:
	case IP_MULTICAST_IF:
	case IP_UNICAST_IF:
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case IP_MSFILTER:
	case MCAST_JOIN_GROUP ... MCAST_MSFILTER:
	case MRT_BASE ... MRT_MAX:
		return true;
	default:
		return false;
	}
}

static bool sol_ipv6_names(int optname)
{
	switch (optname) {
	case IPV6_HDRINCL:
	case IPV6_ROUTER_ALERT:
	case IPV6_2292PKTOPTIONS:
	case IPV6_NEXTHOP:
	case IPV6_PKTINFO:
	case IPV6_RTHDR:
	case IPV6_FLOWLABEL_MGR:
	case IPV6_IPSEC_POLICY:
	case IPV6_XFRM_POLICY:
	case IPV6_MULTICAST_IF:
	case IPV6_UNICAST_IF:
	case IPV6_ADD_MEMBERSHIP:
	case IPV6_DROP_MEMBERSHIP:
	case IPV6_JOIN_ANYCAST:
	case IPV6_LEAVE_ANYCAST:
	case MCAST_JOIN_GROUP ... MCAST_MSFILTER:
	case MRT6_BASE ... MRT6_MAX:
		return true;
	default:
		return false;
	}
}

static bool sol_sctp_names(int optname)
{
	switch (optname) {
	case SCTP_SOCKOPT_BINDX_ADD:
	case SCTP_SOCKOPT_BINDX_REM:
	case SCTP_SOCKOPT_CONNECTX_OLD:
	case SCTP_SOCKOPT_CONNECTX:
	case SCTP_SOCKOPT_CONNECTX3:
	case SCTP_REMOTE_UDP_ENCAPS_PORT: /* a port of the other side */
		return true;
	default:
		return false;
	}
}

static bool sol_packet_names(int optname)
{
	switch (optname) {
	case PACKET_ADD_MEMBERSHIP:
	case PACKET_DROP_MEMBERSHIP:
	case PACKET_FANOUT:
	case PACKET_FANOUT_DATA: /* the program of all in the group */
		return true;
	default:
		return false;
	}
}

/* Levels that have been looked at, and are about the socket itself. */
static bool level_names_nothing(int level)
{
	switch (level) {
	case SOL_TCP:
	case SOL_UDP:
	case SOL_UDPLITE:
	case SOL_DCCP:
	case SOL_MPTCP:
	case SOL_SMC:
	case SOL_ICMPV6:
	case SOL_RAW:
	case SOL_TLS:
	case SOL_KCM:
	case SOL_XDP:
	case SOL_VSOCK:
	case AF_VSOCK:	/* takes its family for a level */
	case SOL_BLUETOOTH:
		return true;
	default:
		return false;
	}
}

/* Does setting this option name something, or is it not known not to? */
static bool setsockopt_names(int level, int optname)
{
	switch (level) {
	case SOL_SOCKET:
		return sol_socket_names(optname);
	case SOL_IP:
		return sol_ip_names(optname);
	case SOL_IPV6:
		return sol_ipv6_names(optname);
	case SOL_SCTP:
		return sol_sctp_names(optname);
	case SOL_PACKET:
		return sol_packet_names(optname);
	case SOL_NETLINK:
		return optname == NETLINK_ADD_MEMBERSHIP ||
		       optname == NETLINK_LISTEN_ALL_NSID;
	case SOL_TIPC:
		return optname == TIPC_GROUP_JOIN;
	case SOL_ALG:
		return optname == ALG_SET_KEY_BY_KEY_SERIAL;
	default:
		return !level_names_nothing(level);
	}
}

/**
 * __capmode_check_setsockopt - may this option be set in capability mode?
 * @level: the level
 * @optname: the option
 *
 * For capmode_check_setsockopt(). An option of the same number at a level that
 * the socket does not have is refused as well, for want of a difference.
 *
 * Return: 0, or -ECAPMODE.
 */
int __capmode_check_setsockopt(int level, int optname)
{
	if (setsockopt_names(level, optname))
		return capmode_refuse();
	return 0;
}

/* Reading that does, looks for, or hands out, more than the socket's state. */
static bool getsockopt_names(int level, int optname)
{
	switch (level) {
	case SOL_SOCKET:
		return optname == SO_PEERPIDFD;
	case SOL_IP:
		return optname == IP_MSFILTER || optname == MCAST_MSFILTER;
	case SOL_IPV6:
		return optname == MCAST_MSFILTER;
	case SOL_SCTP:
		return optname != SCTP_REMOTE_UDP_ENCAPS_PORT &&
		       sol_sctp_names(optname);
	case SOL_PACKET:
	case SOL_NETLINK:
	case SOL_TIPC:
	case SOL_ALG:
		return false;
	default:
		return !level_names_nothing(level);
	}
}

/**
 * __capmode_check_getsockopt - may this option be read in capability mode?
 * @level: the level
 * @optname: the option
 *
 * For capmode_check_getsockopt().
 *
 * Return: 0, or -ECAPMODE.
 */
int __capmode_check_getsockopt(int level, int optname)
{
	if (getsockopt_names(level, optname))
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
		/* No socket knows any of these. */
		if (_IOC_TYPE(cmd) == _IOC_TYPE(TCGETS))
			return -ENOTTY;
		return capmode_refuse();
	}
}
