// SPDX-License-Identifier: GPL-2.0
/*
 * GTP: the sockets that a tunnel's device is made with over netlink. It keeps
 * them, and sends by them to peers that it is told later, in messages that name
 * its network namespace.
 */
#include "capmode.h"
#include "netlink.h"

#include <linux/gtp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

struct tunnel {
	int sock;		/* of rtnetlink */
	char name[IFNAMSIZ];
	int type;		/* of the attribute that is tried */
	int fd;			/* the socket in it */
	int other;		/* the one in the other attribute; -1: none */
};

static struct netlink_msg link_msg(int type, const struct tunnel *t)
{
	const struct ifinfomsg i = {};
	struct netlink_msg m = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(i)),
		.n.nlmsg_type = type,
	};

	memcpy((char *)&m + NLMSG_HDRLEN, &i, sizeof(i));
	netlink_put(&m, IFLA_IFNAME, t->name, strlen(t->name) + 1);
	return m;
}

static int make_tunnel(const struct tunnel *t)
{
	struct {
		struct nlattr kind;
		char name[4];
		struct nlattr data;
		struct nlattr tried;
		int32_t fd;
		struct nlattr rest;
		int32_t other;
	} info = {
		.kind = { NLA_HDRLEN + sizeof("gtp"), IFLA_INFO_KIND },
		.name = "gtp",
		.data = { 3 * NLA_HDRLEN + 2 * sizeof(int32_t),
			  IFLA_INFO_DATA },
		.tried = { NLA_HDRLEN + sizeof(int32_t), t->type },
		.fd = t->fd,
		.rest = { NLA_HDRLEN + sizeof(int32_t),
			  t->type == IFLA_GTP_FD0 ? IFLA_GTP_FD1 :
						    IFLA_GTP_FD0 },
		.other = t->other,
	};
	struct netlink_msg m = link_msg(RTM_NEWLINK, t);

	m.n.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	netlink_put(&m, IFLA_LINKINFO, &info, sizeof(info));
	return netlink_send(t->sock, &m);
}

/*
 * How it went to make the device, which is there or not, and is gone then. A
 * socket can be of one device only: what a refused one had kept is of no use to
 * the next (-EBUSY).
 */
static int try_tunnel(void *arg)
{
	const struct tunnel *t = arg;
	struct netlink_msg m = link_msg(RTM_DELLINK, t);
	int ret = make_tunnel(t);

	if (ret == -ENODEV)
		return BROKE_AT(__LINE__);
	/* Nobody else has the name: it is not there to be deleted. */
	STEP(netlink_send(t->sock, &m) == (ret ? -ENODEV : 0));
	return ret;
}

static int op_tunnel(int fd, void *arg)
{
	struct tunnel *t = arg;

	t->fd = fd;
	return try_tunnel(t);
}

TEST(sockets_of_a_tunnel)
{
	static const int types[] = { IFLA_GTP_FD0, IFLA_GTP_FD1 };
	struct tunnel t = {};
	int file, tcp, udp[2];
	int i, err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	snprintf(t.name, sizeof(t.name), "capsicum%d", getpid());
	t.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ASSERT_LE(0, t.sock);
	for (i = 0; i < 2; i++) {
		udp[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ASSERT_LE(0, udp[i]);
	}
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, tcp);
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);

	t.type = IFLA_GTP_FD0;
	t.fd = udp[0];
	t.other = -1;
	err = try_tunnel(&t);
	if (err == -EOPNOTSUPP)
		SKIP(return, "no GTP");
	EXPECT_EQ(0, err);
	for (i = 0; i < 2; i++) {
		t.type = types[i];
		t.other = -1;
		RIGHTS_OP(udp[0], .name = i ? "IFLA_GTP_FD1" : "IFLA_GTP_FD0",
			  .op = op_tunnel, .ctx = &t,
			  .rights = RIGHTS(CAP_RECV, CAP_SEND, CAP_CONNECT));
		EXPECT_EQ(-EBADF, op_tunnel(9999, &t));
		EXPECT_EQ(-ENOTSOCK, op_tunnel(file, &t));
		EXPECT_EQ(-ENOTSOCK, op_tunnel(limit_all(file), &t));
		EXPECT_EQ(-EINVAL, op_tunnel(tcp, &t));
		EXPECT_EQ(-EINVAL, op_tunnel(limit_all(tcp), &t));

		/* When one is refused, the other one is let go as well. */
		t.other = udp[1];
		EXPECT_EQ(-ENOTCAPABLE,
			  op_tunnel(limit_all_but(udp[0], CAP_CONNECT), &t));
		EXPECT_EQ(0, op_tunnel(limit_to(udp[0], CAP_RECV, CAP_SEND,
						CAP_CONNECT), &t));
		EXPECT_EQ(-EBUSY, op_tunnel(udp[1], &t));

		t.fd = limit_to(udp[0], CAP_RECV, CAP_SEND, CAP_CONNECT);
		ASSERT_LE(0, t.fd);
		EXPECT_BOTH(try_tunnel, &t);
		close(t.fd);
		t.fd = limit_to(udp[0], CAP_RECV, CAP_SEND);
		ASSERT_LE(0, t.fd);
		EXPECT_EQ(-ENOTCAPABLE, capmode_run(try_tunnel, &t));
		close(t.fd);
	}
	close(file);
	close(tcp);
	close(udp[1]);
	close(udp[0]);
	close(t.sock);
}

/* ---- peers ---- */

/* What is told of a peer, about the device @link. */
struct peer {
	int sock;		/* of generic netlink */
	int family;
	uint32_t link;
	int ns;			/* the namespace, without limits */
	int cmd;		/* of what is tried */
};

static int ask(const struct peer *p, int cmd, int ns)
{
	struct netlink_msg m = {
		.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.n.nlmsg_type = p->family,
		.g.cmd = cmd,
	};
	const uint32_t version = GTP_V0, addr = htonl(INADDR_LOOPBACK);
	const uint64_t tid = 7;
	const uint16_t flow = 7;
	const int32_t fd = ns;

	netlink_put(&m, GTPA_LINK, &p->link, sizeof(p->link));
	netlink_put(&m, GTPA_VERSION, &version, sizeof(version));
	netlink_put(&m, GTPA_TID, &tid, sizeof(tid));
	netlink_put(&m, GTPA_FLOW, &flow, sizeof(flow));
	netlink_put(&m, GTPA_PEER_ADDRESS, &addr, sizeof(addr));
	netlink_put(&m, GTPA_MS_ADDRESS, &addr, sizeof(addr));
	netlink_put(&m, GTPA_NET_NS_FD, &fd, sizeof(fd));
	return netlink_send(p->sock, &m);
}

static int op_peer(int fd, void *ctx)
{
	struct peer *p = ctx;

	return ask(p, p->cmd, fd);
}

static uint64_t peer_state(void *ctx)
{
	struct peer *p = ctx;

	return ask(p, GTP_CMD_GETPDP, p->ns);
}

static void be_told(void *ctx)
{
	struct peer *p = ctx;

	ask(p, GTP_CMD_NEWPDP, p->ns);
}

static void be_not_told(void *ctx)
{
	struct peer *p = ctx;

	ask(p, GTP_CMD_DELPDP, p->ns);
}

TEST(namespace_of_a_tunnel)
{
	static const struct {
		int cmd;
		const char *name;
	} cmds[] = {
		{ GTP_CMD_NEWPDP, "GTP_CMD_NEWPDP" },
		{ GTP_CMD_GETPDP, "GTP_CMD_GETPDP" },
		{ GTP_CMD_DELPDP, "GTP_CMD_DELPDP" },
	};
	struct tunnel t = { .type = IFLA_GTP_FD0, .other = -1 };
	struct netlink_msg m;
	struct peer p;
	unsigned int i;
	int file, err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	snprintf(t.name, sizeof(t.name), "capsicum%d", getpid());
	t.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ASSERT_LE(0, t.sock);
	t.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, t.fd);
	err = make_tunnel(&t);
	if (err == -EOPNOTSUPP)
		SKIP(return, "no GTP");
	ASSERT_EQ(0, err);
	p.link = if_nametoindex(t.name);
	EXPECT_LT(0, p.link);
	p.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	EXPECT_LE(0, p.sock);
	p.family = netlink_family(p.sock, "gtp");
	EXPECT_LT(0, p.family);
	p.ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	EXPECT_LE(0, p.ns);
	file = tmp_file(NULL, 1);
	EXPECT_LE(0, file);

	EXPECT_EQ(-ENOENT, peer_state(&p));
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		p.cmd = cmds[i].cmd;
		RIGHTS_OP(p.ns, .name = cmds[i].name, .op = op_peer,
			  .rights = RIGHTS(CAP_SETNS), .ctx = &p,
			  .prepare = i ? be_told : be_not_told,
			  .state = peer_state);
		/* As ever: no device is in what is no namespace. */
		EXPECT_EQ(-ENODEV, op_peer(9999, &p));
		EXPECT_EQ(-ENODEV, op_peer(file, &p));
		EXPECT_EQ(-ENODEV, op_peer(limit_all(file), &p));
	}
	be_not_told(&p);
	EXPECT_EQ(-ENOENT, peer_state(&p));
	close(file);
	close(p.ns);
	close(p.sock);
	m = link_msg(RTM_DELLINK, &t);
	EXPECT_EQ(0, netlink_send(t.sock, &m));
	close(t.fd);
	close(t.sock);
}

TEST_HARNESS_MAIN
