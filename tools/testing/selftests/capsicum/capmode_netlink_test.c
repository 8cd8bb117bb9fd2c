// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: a netlink socket that a process was given does not tell it of
 * other processes, nor reach their namespaces, by their numbers.
 */
#include "netlink.h"
#include "victims.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/taskstats.h>

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

TEST_HARNESS_MAIN
