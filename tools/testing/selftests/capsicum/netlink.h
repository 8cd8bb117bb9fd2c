/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-tests that ask the kernel over netlink: generic netlink, or a family with
 * a header of no more than four bytes.
 */
#ifndef _SELFTESTS_CAPSICUM_NETLINK_H
#define _SELFTESTS_CAPSICUM_NETLINK_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

/*
 * Of a shorter header than genetlink's, the rest is padding. A longer one goes
 * on in @attrs, which is nothing to netlink_put().
 */
struct netlink_msg {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char attrs[1024];
};

/* The data of attribute @type, or NULL. */
static inline void *netlink_attr(struct netlink_msg *m, int type)
{
	char *end = (char *)m + m->n.nlmsg_len, *p = m->attrs;

	while (end - p >= NLA_HDRLEN) {
		struct nlattr *a = (void *)p;

		if (a->nla_type == type)
			return p + NLA_HDRLEN;
		p += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* One attribute more. */
static inline void netlink_put(struct netlink_msg *m, int type,
			       const void *data, size_t len)
{
	struct nlattr a = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	char *p = (char *)m + m->n.nlmsg_len;

	memcpy(p, &a, NLA_HDRLEN);
	memcpy(p + NLA_HDRLEN, data, len);
	m->n.nlmsg_len += NLA_ALIGN(a.nla_len);
}

/*
 * netlink_send() - a request, and the answer
 *
 * Returns how it went, 0 or -errno. *@m is the answer; it has no attributes
 * when there was none.
 */
static inline int netlink_send(int sock, struct netlink_msg *m)
{
	struct {
		struct nlmsghdr n;
		struct nlmsgerr e;
	} ack;

	m->n.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(sock, m, m->n.nlmsg_len, 0) < 0 ||
	    recv(sock, m, sizeof(*m), 0) < 0)
		return -errno;
	if (m->n.nlmsg_type != NLMSG_ERROR)
		return recv(sock, &ack, sizeof(ack), 0) < 0 ? -errno :
		       ack.n.nlmsg_type == NLMSG_ERROR ? ack.e.error : -EPROTO;
	memcpy(&ack, m, sizeof(ack));
	m->n.nlmsg_len = 0;
	return ack.e.error;
}

/* netlink_ask() - the same for a request with one attribute */
static inline int netlink_ask(int sock, struct netlink_msg *m, int family,
			      int cmd, int attr, const void *data, size_t len)
{
	*m = (struct netlink_msg){
		.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.n.nlmsg_type = family,
		.g.cmd = cmd,
		.g.version = 1,
	};
	netlink_put(m, attr, data, len);
	return netlink_send(sock, m);
}

/* The number of the generic netlink family @name on this machine, or -errno. */
static inline int netlink_family(int sock, const char *name)
{
	struct netlink_msg m;
	int err = netlink_ask(sock, &m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
			      CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	uint16_t *family = netlink_attr(&m, CTRL_ATTR_FAMILY_ID);

	return err ? err : family ? *family : -EPROTO;
}

#endif /* _SELFTESTS_CAPSICUM_NETLINK_H */
