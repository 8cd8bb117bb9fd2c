// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode and ioctls on sockets: those that tell of the socket work,
 * those that name an interface, a route or a namespace are refused.
 */
#include "sockets.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/route.h>
#include <termios.h>

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE	(SIOCPROTOPRIVATE + 0)
#endif

/* The index of the loopback interface, on every machine. */
#define LO	1

FIXTURE(sockioctl)
{
	struct arena *m;
};

FIXTURE_VARIANT(sockioctl)
{
	enum road road;
};

ROAD_VARIANTS(sockioctl);

FIXTURE_SETUP(sockioctl)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	self->m = low_page();
	ASSERT_TRUE(!!self->m);
}

FIXTURE_TEARDOWN(sockioctl)
{
}

struct control_call {
	enum road road;		/* the gate counts */
	void *arg;
	int fd;
	unsigned long cmd;
	union {
		int i;
		struct ifreq ifr;
		char bytes[64];
	} init, got;
};

static int try_ioctl(void *arg)
{
	struct control_call *c = arg;
	int ret;

	memcpy(c->arg, &c->init, sizeof(c->init));
	ret = ioctl_by_gate(road_gate(c->road), c->fd, c->cmd, c->arg);
	STEP(ret != -ECAPMODE || !memcmp(c->arg, &c->init, sizeof(c->init)));
	return ret;
}

/* Interfaces, by name and by number. */
TEST_F(sockioctl, interface)
{
	static const unsigned long cmds[] = {
		SIOCGIFFLAGS, SIOCGIFINDEX, SIOCGIFADDR, SIOCGIFMTU,
		SIOCGIFNETMASK, SIOCGIFHWADDR, SIOCGIFNAME, SIOCGIFTXQLEN,
	};
	struct control_call c = { .road = variant->road, .arg = self->m };
	unsigned int i;

	c.fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, c.fd);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		memset(&c.init, 0, sizeof(c.init));
		if (cmds[i] == SIOCGIFNAME)
			c.init.ifr.ifr_ifindex = LO;
		else
			snprintf(c.init.ifr.ifr_name, IFNAMSIZ, "lo");
		c.cmd = cmds[i];
		EXPECT_EQ(0, in_child(try_ioctl, &c))
			TH_LOG("ioctl %#lx", c.cmd);
		EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c))
			TH_LOG("ioctl %#lx", c.cmd);
	}
	/* One that is not there is not to be told from one that is. */
	snprintf(c.init.ifr.ifr_name, IFNAMSIZ, "none0");
	c.cmd = SIOCGIFINDEX;
	EXPECT_EQ(-ENODEV, in_child(try_ioctl, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
	/* And changing one. */
	snprintf(c.init.ifr.ifr_name, IFNAMSIZ, "lo");
	c.init.ifr.ifr_mtu = 4321;
	c.cmd = SIOCSIFMTU;
	EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
	c.cmd = SIOCGIFMTU;
	ASSERT_EQ(0, ioctl(c.fd, SIOCGIFMTU, &c.init));
	EXPECT_NE(4321, c.init.ifr.ifr_mtu);
	c.cmd = SIOCSIFMTU;
	EXPECT_EQ(0, in_child(try_ioctl, &c));
}

TEST_F(sockioctl, refused)
{
	static const unsigned long cmds[] = {
		SIOCGIFCONF, SIOCADDRT, SIOCDELRT, SIOCGARP, SIOCGSKNS,
		SIOCETHTOOL, SIOCGIFBR, SIOCGIFVLAN, SIOCUNIXFILE,
		SIOCDEVPRIVATE, SIOCDEVPRIVATE + 15, SIOCPROTOPRIVATE,
		SIOCWANDEV, SIOCBONDENSLAVE, 0x8B01 /* SIOCGIWNAME */,
		0x8913, 0x1234, 0xdeadbeef,
	};
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX };
	struct control_call c = { .road = variant->road, .arg = self->m };
	unsigned int i, f;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		c.fd = socket(families[f], SOCK_DGRAM, 0);
		ASSERT_LE(0, c.fd);
		for (i = 0; i < ARRAY_SIZE(cmds); i++) {
			c.cmd = cmds[i];
			EXPECT_ANSWER(in_child(try_ioctl, &c));
			EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c))
				TH_LOG("ioctl %#lx", c.cmd);
		}
		close(c.fd);
	}
	/* So that it is the mode that refuses: this hands out a descriptor. */
	c.fd = socket(AF_INET, SOCK_DGRAM, 0);
	c.cmd = SIOCGSKNS;
	EXPECT_LE(0, in_child(try_ioctl, &c));
}

TEST_F(sockioctl, allowed)
{
	static const unsigned long cmds[] = {
		FIONREAD, TIOCOUTQ, FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX,
		FIOGETOWN, SIOCGPGRP, SIOCGSTAMP_OLD, SIOCGSTAMPNS_OLD,
	};
	struct control_call c = { .road = variant->road, .arg = self->m };
	struct peer p;
	unsigned int i;
	char buf;

	ASSERT_EQ(0, peer_init(&p, AF_INET, variant->road));
	/* Something to have a time. */
	c.fd = p.rx;
	ioctl(c.fd, SIOCGSTAMP_OLD, self->m);
	ASSERT_EQ(1, send(p.tx, "d", 1, 0));
	ASSERT_EQ(1, recv(p.rx, &buf, 1, 0));
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		c.cmd = cmds[i];
		EXPECT_BOTH(try_ioctl, &c);
	}
	c.fd = connected_socket(AF_INET, SOCK_STREAM, &p.laddr, p.llen);
	ASSERT_LE(0, c.fd);
	c.cmd = SIOCATMARK;
	EXPECT_BOTH(try_ioctl, &c);
	c.cmd = SIOCOUTQNSD;
	EXPECT_BOTH(try_ioctl, &c);
}

static int try_isatty(void *arg)
{
	struct control_call *c = arg;

	return isatty(c->fd) ? 0 : -errno;
}

/* As ever, so that isatty(3) and what prints goes on. */
TEST_F(sockioctl, terminal)
{
	struct control_call c = { .road = variant->road, .arg = self->m };
	int sv[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	c.fd = sv[0];
	c.cmd = TCGETS;
	EXPECT_EQ(-ENOTTY, in_child(try_ioctl, &c));
	EXPECT_EQ(-ENOTTY, capmode_run(try_ioctl, &c));
	EXPECT_EQ(-ENOTTY, in_child(try_isatty, &c));
	EXPECT_EQ(-ENOTTY, capmode_run(try_isatty, &c));
}

/* An interface by name or by number, or the namespace it is in. */
TEST_F(sockioctl, tun)
{
	const int number = 4711;
	struct control_call c = { .road = variant->road, .arg = self->m };
	int twice;

	REQUIRE_ROOT();
	c.fd = open("/dev/net/tun", O_RDWR);
	if (c.fd < 0)
		SKIP(return, "no /dev/net/tun");
	c.cmd = SIOCGSKNS;
	EXPECT_ECAPMODE(try_ioctl, &c);
	c.cmd = TUNGETFEATURES;
	EXPECT_BOTH(try_ioctl, &c);
	/* None that there is. */
	c.cmd = _IO('T', 0x7e);
	EXPECT_EQ(-EBADFD, in_child(try_ioctl, &c));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
	for (twice = 0; twice < 2; twice++) {
		memset(&c.init, 0, sizeof(c.init));
		c.init.i = number;
		c.cmd = TUNSETIFINDEX;
		EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
		if (twice)
			ASSERT_EQ(0, in_child(try_ioctl, &c));
		snprintf(c.init.ifr.ifr_name, IFNAMSIZ, "cap0");
		c.init.ifr.ifr_flags = IFF_TUN;
		c.cmd = TUNSETIFF;
		EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
		EXPECT_EQ(0, if_nametoindex("cap0"));
		EXPECT_EQ(0, in_child(try_ioctl, &c));
		EXPECT_EQ(twice, if_nametoindex("cap0") == number);
		c.cmd = TUNGETDEVNETNS;
		EXPECT_ECAPMODE(try_ioctl, &c);
		c.cmd = TUNGETIFF;
		EXPECT_BOTH(try_ioctl, &c);
		c.cmd = _IO('T', 0x7e);
		EXPECT_EQ(-EINVAL, in_child(try_ioctl, &c));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_ioctl, &c));
		/* The interface goes with its descriptor. */
		close(c.fd);
		c.fd = open("/dev/net/tun", O_RDWR);
		ASSERT_LE(0, c.fd);
	}
	close(c.fd);
}

/* ---- every command of sockets ---- */

/* What tells of the socket, and who is signalled. */
static const unsigned int of_the_socket[] = {
	FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCATMARK, SIOCGSTAMP_OLD,
	SIOCGSTAMPNS_OLD, SIOCGSTAMP_NEW, SIOCGSTAMPNS_NEW, SIOCOUTQNSD,
};

static bool is_of_the_socket(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(of_the_socket); i++) {
		if (of_the_socket[i] == cmd)
			return true;
	}
	return false;
}

/* By number only, and with the size of a time in each direction. */
static const unsigned int forms[] = {
	SOCK_IOC_TYPE << 8,
	_IOC(_IOC_READ, SOCK_IOC_TYPE, 0, 16),
	_IOC(_IOC_WRITE, SOCK_IOC_TYPE, 0, 16),
	_IOC(_IOC_READ | _IOC_WRITE, SOCK_IOC_TYPE, 0, 16),
};

#define COMMANDS	(ARRAY_SIZE(forms) * 256)

static unsigned int command(unsigned int i)
{
	return forms[i / 256] | i % 256;
}

struct all_commands {
	enum road road;
	char *arg;		/* a page */
	int fd;
	bool all;
	int *ret;
};

static int try_commands(void *arg)
{
	struct all_commands *c = arg;
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		unsigned int cmd = command(i);
		int ret;

		if (!c->all && !is_of_the_socket(cmd))
			continue;
		memset(c->arg, 0, 4096);
		ret = ioctl_by_gate(road_gate(c->road), c->fd, cmd, c->arg);
		/* A page of zeros is one whose first is, and the next as well. */
		STEP(ret != -ECAPMODE ||
		     (!*c->arg && !memcmp(c->arg, c->arg + 1, 4095)));
		c->ret[i] = ret;
	}
	return 0;
}

/* Outside only those that are allowed: others would find something to do. */
TEST_F(sockioctl, every_command)
{
	static const struct {
		int family, type, protocol;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
		{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
		{ AF_INET, SOCK_STREAM, IPPROTO_SCTP },
		{ AF_UNIX, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM },
		{ AF_NETLINK, SOCK_RAW }, { AF_PACKET, SOCK_RAW },
		{ AF_PACKET, SOCK_DGRAM }, { AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 }, { AF_TIPC, SOCK_RDM },
	};
	struct all_commands c = {
		.road = variant->road, .arg = (char *)self->m,
	};
	unsigned int k, i;
	int *outside, *inside, works;

	outside = new_shared(2 * COMMANDS * sizeof(int));
	ASSERT_TRUE(!!outside);
	inside = outside + COMMANDS;
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		c.fd = RET(socket(kinds[k].family, kinds[k].type | SOCK_CLOEXEC,
				  kinds[k].protocol));
		if (c.fd == -EAFNOSUPPORT || c.fd == -EPROTONOSUPPORT ||
		    (c.fd == -EPERM && geteuid())) {
			TH_LOG("no socket(%d, %d, %d)", kinds[k].family,
			       kinds[k].type, kinds[k].protocol);
			continue;
		}
		ASSERT_LE(0, c.fd);
		c.all = false;
		c.ret = outside;
		ASSERT_EQ(0, in_child(try_commands, &c));
		c.all = true;
		c.ret = inside;
		ASSERT_EQ(0, capmode_run(try_commands, &c));
		for (i = 0, works = 0; i < COMMANDS; i++) {
			int want = is_of_the_socket(command(i)) ? outside[i] :
				   -ECAPMODE;

			EXPECT_NE(-ECAPMODE, outside[i]);
			EXPECT_EQ(want, inside[i])
				TH_LOG("socket(%d, %d, %d), ioctl %#x",
				       kinds[k].family, kinds[k].type,
				       kinds[k].protocol, command(i));
			works += !inside[i];
		}
		/* The owner of any socket can be set and asked. */
		EXPECT_LE(4, works);
		close(c.fd);
	}
	munmap(outside, 2 * COMMANDS * sizeof(int));
}

TEST_HARNESS_MAIN
