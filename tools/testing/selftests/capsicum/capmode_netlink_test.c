// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: a netlink socket that a process was given does not tell it of
 * other processes, nor reach their namespaces, by their numbers.
 */
#include "netdevsim.h"
#include "netlink.h"
#include "victims.h"

#include <linux/devlink.h>
#include <linux/if_tun.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/taskstats.h>
#include <net/if.h>
#include <sys/ioctl.h>

FIXTURE(netlink)
{
	int sock;
	int family;
	pid_t other;
};

/* What is asked of whom: @pid, 0 for oneself. */
struct question {
	int sock;
	int family;
	int cmd;
	int attr;
	pid_t pid;
};

FIXTURE_VARIANT(netlink)
{
	int protocol;
	const char *name;	/* of the family of generic netlink */
	int type;		/* or of the request */
	int cmd;
	int attr;
};

FIXTURE_VARIANT_ADD(netlink, stats_of_thread)
{
	.protocol = NETLINK_GENERIC,
	.name = TASKSTATS_GENL_NAME,
	.cmd = TASKSTATS_CMD_GET,
	.attr = TASKSTATS_CMD_ATTR_PID,
};

FIXTURE_VARIANT_ADD(netlink, stats_of_process)
{
	.protocol = NETLINK_GENERIC,
	.name = TASKSTATS_GENL_NAME,
	.cmd = TASKSTATS_CMD_GET,
	.attr = TASKSTATS_CMD_ATTR_TGID,
};

FIXTURE_VARIANT_ADD(netlink, namespace)
{
	.protocol = NETLINK_ROUTE,
	.type = RTM_GETNSID,
	.cmd = AF_UNSPEC,
	.attr = NETNSA_PID,
};

FIXTURE_SETUP(netlink)
{
	REQUIRE_CAPMODE();
	self->sock = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				variant->protocol));
	if (self->sock == -EPROTONOSUPPORT)
		SKIP(return, "no such netlink");
	ASSERT_LE(0, self->sock);
	self->family = variant->name ?
		netlink_family(self->sock, variant->name) : variant->type;
	if (self->family == -ENOENT)
		SKIP(return, "no statistics");
	ASSERT_LE(0, self->family);
	self->other = victim();
	ASSERT_LT(0, self->other);
}

FIXTURE_TEARDOWN(netlink)
{
	if (self->other > 0)
		bury(self->other);
}

/* 0 when there was an answer that holds something. */
static int ask(void *arg)
{
	const struct question *q = arg;
	uint32_t pid = q->pid ? q->pid : getpid();
	struct netlink_msg m;
	int err = netlink_ask(q->sock, &m, q->family, q->cmd, q->attr, &pid,
			      sizeof(pid));

	if (err)
		return m.n.nlmsg_len ? -EUCLEAN : err;
	return m.n.nlmsg_len > NLMSG_LENGTH(GENL_HDRLEN) ? 0 : -ENODATA;
}

static int ask_in_thread(void *arg)
{
	return in_thread(ask, arg);
}

TEST_F(netlink, by_number)
{
	struct question q = {
		.sock = self->sock,
		.family = self->family,
		.cmd = variant->cmd,
		.attr = variant->attr,
	};

	if (ask(&q) == -EPERM)
		SKIP(return, "only root may ask");
	EXPECT_BOTH(ask, &q);
	EXPECT_BOTH(ask_in_thread, &q);
	q.pid = self->other;
	EXPECT_ECAPMODE(ask, &q);
	EXPECT_ECAPMODE(ask_in_thread, &q);
	/* Nobody: not to be told from somebody. */
	q.pid = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(ask, &q));
	EXPECT_EQ(-ECAPMODE, capmode_run(ask, &q));
}

/* ---- a device that is moved to a process's namespace, or made there ---- */

struct device {
	int sock;
	int index;		/* 0: by the name */
	char name[32];
	pid_t pid;		/* whose namespace; 0: one's own */
};

static struct netlink_msg link_msg(int type, const struct device *d)
{
	const struct ifinfomsg i = { .ifi_index = d->index };
	struct netlink_msg m = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(i)),
		.n.nlmsg_type = type,
	};

	memcpy((char *)&m + NLMSG_HDRLEN, &i, sizeof(i));
	if (!d->index)
		netlink_put(&m, IFLA_IFNAME, d->name, strlen(d->name) + 1);
	return m;
}

static int move_link(void *arg)
{
	const struct device *d = arg;
	const uint32_t pid = d->pid ?: getpid();
	struct netlink_msg m = link_msg(RTM_SETLINK, d);

	netlink_put(&m, IFLA_NET_NS_PID, &pid, sizeof(pid));
	return netlink_send(d->sock, &m);
}

TEST(namespace_of_a_device)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP };
	struct device d = {};
	pid_t other;
	int tap;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tap < 0)
		SKIP(return, "no /dev/net/tun");
	other = victim();
	ASSERT_LT(0, other);
	ASSERT_EQ(0, ioctl(tap, TUNSETIFF, &ifr));
	d.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ASSERT_LE(0, d.sock);
	d.index = if_nametoindex(ifr.ifr_name);
	ASSERT_LT(0, d.index);
	/* All are in one namespace, so nothing moves. */
	EXPECT_BOTH(move_link, &d);
	d.pid = other;
	EXPECT_ECAPMODE(move_link, &d);
	d.pid = NO_PID;
	EXPECT_EQ(-ESRCH, in_child(move_link, &d));
	EXPECT_EQ(-ECAPMODE, capmode_run(move_link, &d));
	bury(other);
	close(d.sock);
	close(tap);
}

static int make_link(void *arg)
{
	static const struct {
		struct nlattr a;
		char kind[8];
	} info = {
		{ NLA_HDRLEN + sizeof("dummy"), IFLA_INFO_KIND }, "dummy",
	};
	const struct device *d = arg;
	const uint32_t pid = d->pid ?: getpid();
	struct netlink_msg m = link_msg(RTM_NEWLINK, d);

	m.n.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	netlink_put(&m, IFLA_LINKINFO, &info, sizeof(info));
	netlink_put(&m, IFLA_NET_NS_PID, &pid, sizeof(pid));
	return netlink_send(d->sock, &m);
}

/* How it went to make one; that is gone again. */
static int made(const struct device *d, int ret)
{
	struct netlink_msg m = link_msg(RTM_DELLINK, d);
	const bool there = if_nametoindex(d->name);

	STEP(!there || !netlink_send(d->sock, &m));
	STEP(there == !ret);
	return ret;
}

/* All are in one namespace: it would be there, whosever that is. */
TEST(namespace_of_a_new_device)
{
	struct device d = {};
	pid_t other;
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	snprintf(d.name, sizeof(d.name), "capsicum%d", getpid());
	d.sock = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			    NETLINK_ROUTE));
	ASSERT_LE(0, d.sock);
	err = made(&d, in_child(make_link, &d));
	if (err == -EOPNOTSUPP)
		SKIP(return, "no dummy devices");
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, made(&d, capmode_run(make_link, &d)));
	other = victim();
	ASSERT_LT(0, other);
	d.pid = other;
	EXPECT_EQ(0, made(&d, in_child(make_link, &d)));
	EXPECT_EQ(-ECAPMODE, made(&d, capmode_run(make_link, &d)));
	d.pid = NO_PID;
	EXPECT_EQ(-ESRCH, made(&d, in_child(make_link, &d)));
	EXPECT_EQ(-ECAPMODE, made(&d, capmode_run(make_link, &d)));
	bury(other);
	close(d.sock);
}

/* ---- a device that starts anew, in a process's namespace ---- */

struct reload {
	int sock;
	int family;
	int device;		/* its number with netdevsim */
	int attr;		/* what the namespace is named by, and that */
	bool own;		/* one's own number, */
	uint32_t value;		/* or this */
};

static int reload(void *arg)
{
	static const char bus[] = "netdevsim";
	const struct reload *r = arg;
	const uint32_t value = r->own ? (uint32_t)getpid() : r->value;
	struct netlink_msg m = {
		.n.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.n.nlmsg_type = r->family,
		.g.cmd = DEVLINK_CMD_RELOAD,
		.g.version = DEVLINK_GENL_VERSION,
	};
	char name[32];

	snprintf(name, sizeof(name), "%s%d", bus, r->device);
	netlink_put(&m, DEVLINK_ATTR_BUS_NAME, bus, sizeof(bus));
	netlink_put(&m, DEVLINK_ATTR_DEV_NAME, name, strlen(name) + 1);
	netlink_put(&m, r->attr, &value, sizeof(value));
	return netlink_send(r->sock, &m);
}

/* Its interface, which is another one each time that it starts. */
static uint64_t device_state(void *arg)
{
	const struct reload *r = arg;

	return netdevsim_number(r->device, 0, "ifindex");
}

/* @run: in_child() or capmode_run(). */
static int reload_by(int (*run)(int (*fn)(void *arg), void *arg),
		     struct reload *r)
{
	uint64_t before = device_state(r);
	int ret = run(reload, r);

	STEP((device_state(r) == before) == (ret < 0));
	return ret;
}

FIXTURE(devlink)
{
	struct reload r;
};

/* Gets ready for a new device, which goes away again when it fails. */
static int reload_init(struct reload *r, int device)
{
	int err;

	r->device = device;
	r->sock = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			     NETLINK_GENERIC));
	r->family = r->sock < 0 ? r->sock :
		    netlink_family(r->sock, DEVLINK_GENL_NAME);
	err = r->family < 0 ? r->family :
	      netdevsim_number(device, 0, "ifindex");
	if (err > 0)
		return 0;
	close(r->sock);
	netdevsim_del(device);
	return err ?: -EIO;
}

FIXTURE_SETUP(devlink)
{
	int err;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	err = netdevsim_new(getpid(), 1);
	if (err == -ENOENT)
		SKIP(return, "no netdevsim");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, reload_init(&self->r, getpid()));
}

FIXTURE_TEARDOWN(devlink)
{
	EXPECT_EQ(0, netdevsim_del(self->r.device));
	close(self->r.sock);
}

/* All are in one namespace, so nothing moves. */
TEST_F(devlink, by_number)
{
	pid_t other = victim();

	ASSERT_LT(0, other);
	self->r.attr = DEVLINK_ATTR_NETNS_PID;
	self->r.own = true;
	EXPECT_EQ(0, reload_by(in_child, &self->r));
	EXPECT_EQ(0, reload_by(capmode_run, &self->r));
	self->r.own = false;
	self->r.value = other;
	EXPECT_EQ(0, reload_by(in_child, &self->r));
	EXPECT_EQ(-ECAPMODE, reload_by(capmode_run, &self->r));
	/* Nobody: not to be told from somebody. */
	self->r.value = NO_PID;
	EXPECT_EQ(-EINVAL, reload_by(in_child, &self->r));
	EXPECT_EQ(-ECAPMODE, reload_by(capmode_run, &self->r));
	bury(other);
}

static int op_reload(int fd, void *ctx)
{
	struct reload *r = ctx;

	r->value = fd;
	return reload(r);
}

TEST_F(devlink, by_descriptor)
{
	int ns = RET(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	int file = tmp_file(NULL, 1);

	ASSERT_LE(0, ns);
	ASSERT_LE(0, file);
	self->r.attr = DEVLINK_ATTR_NETNS_FD;
	RIGHTS_OP(ns, .name = "DEVLINK_ATTR_NETNS_FD", .op = op_reload,
		  .rights = RIGHTS(CAP_SETNS), .state = device_state,
		  .ctx = &self->r);
	EXPECT_EQ(-EINVAL, op_reload(-1, &self->r));
	EXPECT_EQ(-EINVAL, op_reload(file, &self->r));
	/* The same in the mode: what is named is a descriptor. */
	self->r.value = limit_to(ns, CAP_SETNS);
	EXPECT_EQ(0, reload_by(in_child, &self->r));
	EXPECT_EQ(0, reload_by(capmode_run, &self->r));
	self->r.value = limit_all_but(ns, CAP_SETNS);
	EXPECT_EQ(-ENOTCAPABLE, reload_by(in_child, &self->r));
	EXPECT_EQ(-ENOTCAPABLE, reload_by(capmode_run, &self->r));
	close(file);
	close(ns);
}

TEST_HARNESS_MAIN
