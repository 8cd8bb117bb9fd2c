/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capability mode: what the socket layer asks.
 *
 * A process in capability mode uses the sockets that it was given. It makes new
 * ones that reach nobody yet, and it names no address, interface, group or
 * route. All of this is asked where the argument is used, so that it holds for
 * the system calls, socketcall(2), io_uring and the compat forms alike, and
 * never for the kernel's own sockets.
 */
#ifndef _NET_CAPMODE_H
#define _NET_CAPMODE_H

#include <linux/capmode.h>
#include <linux/socket.h>
#include <net/sock.h>

#ifdef CONFIG_SECURITY_CAPSICUM_MODE
int __capmode_check_socket(int family, int type, int protocol);
int __capmode_check_setsockopt(const struct sock *sk, int level,
			       int optname);
int __capmode_check_getsockopt(const struct sock *sk, int level,
			       int optname);
int __capmode_check_sock_ioctl(unsigned int cmd);
#else
static inline int __capmode_check_socket(int family, int type, int protocol)
{
	return 0;
}

static inline int __capmode_check_setsockopt(const struct sock *sk, int level,
					     int optname)
{
	return 0;
}

static inline int __capmode_check_getsockopt(const struct sock *sk, int level,
					     int optname)
{
	return 0;
}

static inline int __capmode_check_sock_ioctl(unsigned int cmd)
{
	return 0;
}
#endif /* CONFIG_SECURITY_CAPSICUM_MODE */

/**
 * capmode_check_socket - may this task make such a socket?
 * @family: the address family
 * @type: the type, without flags
 * @protocol: the protocol
 *
 * To be asked before the family is looked up, which can load a module.
 *
 * Return: 0, or -ECAPMODE in capability mode.
 */
static inline int capmode_check_socket(int family, int type, int protocol)
{
	if (in_capability_mode())
		return __capmode_check_socket(family, type, protocol);
	return 0;
}

/**
 * capmode_check_socketpair - may this task make a pair of sockets?
 * @family: the address family
 *
 * A pair of local sockets, of whatever type, reaches nothing but itself.
 *
 * Return: 0, or -ECAPMODE in capability mode.
 */
static inline int capmode_check_socketpair(int family)
{
	if (family != AF_UNIX && in_capability_mode())
		return capmode_refuse();
	return 0;
}

/**
 * capmode_check_msg - may this task send this message?
 * @msg: the message, its header in the kernel's memory
 *
 * Return: 0, or -ECAPMODE for one with an address in capability mode.
 */
static inline int capmode_check_msg(const struct msghdr *msg)
{
	if (msg->msg_name && in_capability_mode())
		return capmode_refuse();
	return 0;
}

/**
 * capmode_check_autobind - may the kernel choose an address for this socket?
 * @sk: a socket without an address
 *
 * Being reachable takes a name, also where the kernel picks it.
 *
 * Return: 0, or -ECAPMODE in capability mode unless @sk is the kernel's own.
 */
static inline int capmode_check_autobind(const struct sock *sk)
{
	if (in_capability_mode() && !sk->sk_kern_sock)
		return capmode_refuse();
	return 0;
}

/**
 * capmode_check_setsockopt - may this task set this option?
 * @sk: the socket
 * @level: the level
 * @optname: the option
 *
 * Return: 0, or -ECAPMODE in capability mode.
 */
static inline int capmode_check_setsockopt(const struct sock *sk, int level,
					   int optname)
{
	if (in_capability_mode())
		return __capmode_check_setsockopt(sk, level, optname);
	return 0;
}

/**
 * capmode_check_getsockopt - may this task read this option?
 * @sk: the socket
 * @level: the level
 * @optname: the option
 *
 * Return: 0, or -ECAPMODE in capability mode.
 */
static inline int capmode_check_getsockopt(const struct sock *sk, int level,
					   int optname)
{
	if (in_capability_mode())
		return __capmode_check_getsockopt(sk, level, optname);
	return 0;
}

/**
 * capmode_check_sock_ioctl - may this task use this ioctl on a socket?
 * @cmd: the command
 *
 * Return: 0; in capability mode -ENOTTY for what terminals know, so that
 * isatty(3) works, and -ECAPMODE.
 */
static inline int capmode_check_sock_ioctl(unsigned int cmd)
{
	if (in_capability_mode())
		return __capmode_check_sock_ioctl(cmd);
	return 0;
}

#endif /* _NET_CAPMODE_H */
