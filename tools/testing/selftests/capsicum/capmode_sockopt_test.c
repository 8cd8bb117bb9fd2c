// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode and options of sockets: those that name something, or hand out
 * something, that the process was not given are refused.
 */
#include "sockets.h"
#include "tcp_ao.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/in6.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sctp.h>
#include <netinet/udp.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#define SO_PEERPIDFD	77
#endif
#ifndef SOL_SCTP
#define SOL_SCTP	IPPROTO_SCTP
#endif
#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR	32
#endif

/* The index of the loopback interface, on every machine. */
#define LO	1

/* Every kind of value below, large enough and in reach of 32 bits. */
union value {
	int i;
	char name[IFNAMSIZ];
	char bytes[320];
	struct in_addr in;
	struct ip_mreqn mreqn;
	struct ip_mreq_source mreqs;
	struct ipv6_mreq mreq6;
	struct in6_pktinfo pktinfo6;
	struct group_req group;
	struct in6_flowlabel_req label;
	struct packet_mreq pmreq;
	struct so_timestamping stamps;
	struct sockaddr_in sin;
};

/**
 * struct option - setting an option that names something
 * @family: Of a socket that has the option.
 * @type: Its type.
 * @protocol: Its protocol.
 * @level: The option's level.
 * @name: The option.
 * @len: The length of its value.
 * @value: Fills the value; NULL for the number @number.
 * @number: See @value.
 * @read: The value can be read, as a number of this length.
 */
struct option {
	int family;
	int type;
	int protocol;
	int level;
	int name;
	socklen_t len;
	void (*value)(union value *v);
	int number;
	socklen_t read;
};

static void value_lo(union value *v)
{
	snprintf(v->name, sizeof(v->name), "lo");
}

static void value_mreqn(union value *v)
{
	v->mreqn.imr_multiaddr.s_addr = htonl(0xe00000fb);
	v->mreqn.imr_address.s_addr = htonl(INADDR_LOOPBACK);
	v->mreqn.imr_ifindex = LO;
}

static void value_mreqs(union value *v)
{
	v->mreqs.imr_multiaddr.s_addr = htonl(0xe80000fb);
	v->mreqs.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
	v->mreqs.imr_sourceaddr.s_addr = htonl(INADDR_LOOPBACK);
}

static void value_group(union value *v)
{
	struct sockaddr_in *in = (void *)&v->group.gr_group;

	v->group.gr_interface = LO;
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xe00000fb);
}

static void value_group6(union value *v)
{
	struct sockaddr_in6 *in6 = (void *)&v->group.gr_group;

	v->group.gr_interface = LO;
	in6->sin6_family = AF_INET6;
	in6->sin6_addr.s6_addr[0] = 0xff;
	in6->sin6_addr.s6_addr[1] = 0x02;
	in6->sin6_addr.s6_addr[15] = 0xfb;
}

static void value_mreq6(union value *v)
{
	v->mreq6.ipv6mr_multiaddr.s6_addr[0] = 0xff;
	v->mreq6.ipv6mr_multiaddr.s6_addr[1] = 0x02;
	v->mreq6.ipv6mr_multiaddr.s6_addr[15] = 0xfb;
	v->mreq6.ipv6mr_interface = LO;
}

static void value_pktinfo6(union value *v)
{
	v->pktinfo6.ipi6_addr = in6addr_loopback;
	v->pktinfo6.ipi6_ifindex = LO;
}

static void value_label(union value *v)
{
	v->label.flr_dst = in6addr_loopback;
	/* One that no other test has: they outlive their sockets. */
	v->label.flr_label = htonl(getppid() & 0xfffff);
	v->label.flr_action = IPV6_FL_A_GET;
	v->label.flr_flags = IPV6_FL_F_CREATE | IPV6_FL_F_EXCL;
	v->label.flr_share = IPV6_FL_S_EXCL;
}

static void value_pmreq(union value *v)
{
	v->pmreq.mr_ifindex = LO;
	v->pmreq.mr_type = PACKET_MR_ALLMULTI;
}

static void value_sin(union value *v)
{
	v->sin.sin_family = AF_INET;
	v->sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* Six bytes of padding. */
static void value_opts(union value *v)
{
	v->bytes[2] = 1;
	v->bytes[3] = 4;
}

static const struct option options[] = {
	{ AF_INET, SOCK_DGRAM, 0, SOL_SOCKET, SO_BINDTODEVICE, 3, value_lo },
	{ AF_INET, SOCK_DGRAM, 0, SOL_SOCKET, SO_BINDTOIFINDEX, 4, NULL, LO,
	  4 },
	{ AF_UNIX, SOCK_DGRAM, 0, SOL_SOCKET, SO_PASSPIDFD, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_MULTICAST_IF,
	  sizeof(struct ip_mreqn), value_mreqn, 0, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, 50 /* IP_UNICAST_IF */, 4, NULL,
	  0x01000000, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_ADD_MEMBERSHIP,
	  sizeof(struct ip_mreqn), value_mreqn },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP,
	  sizeof(struct ip_mreq_source), value_mreqs },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, MCAST_JOIN_GROUP,
	  sizeof(struct group_req), value_group },
	/* Four times "no operation". */
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_OPTIONS, 4, NULL, 0x01010101, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_MULTICAST_IF, 4, NULL, LO,
	  4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, 76 /* IPV6_UNICAST_IF */, 4, NULL,
	  0x01000000, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_JOIN_GROUP,
	  sizeof(struct ipv6_mreq), value_mreq6 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, MCAST_JOIN_GROUP,
	  sizeof(struct group_req), value_group6 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_PKTINFO,
	  sizeof(struct in6_pktinfo), value_pktinfo6 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_RTHDR, 0 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_FLOWLABEL_MGR,
	  sizeof(struct in6_flowlabel_req), value_label },
	{ AF_NETLINK, SOCK_RAW, 0, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 4,
	  NULL, 1 },
	{ AF_NETLINK, SOCK_RAW, 0, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 4,
	  NULL, 1, 4 },
	{ AF_PACKET, SOCK_RAW, 0, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
	  sizeof(struct packet_mreq), value_pmreq },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, SOL_SCTP, SCTP_SOCKOPT_BINDX_ADD,
	  sizeof(struct sockaddr_in), value_sin },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, SOL_IP, IP_HDRINCL, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, SOL_IP, IP_ROUTER_ALERT, 4, NULL,
	  1 },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, SOL_IPV6, 36 /* IPV6_HDRINCL */, 4,
	  NULL, 1, 4 },
	{ AF_INET6, SOCK_RAW, IPPROTO_RAW, SOL_IPV6, IPV6_ROUTER_ALERT, 4, NULL,
	  1 },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, SOL_RAW, 36 /* IPV6_HDRINCL */, 4,
	  NULL, 1, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_SOCKET, SO_INCOMING_CPU, 4, NULL, 0, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, 51 /* IP_LOCAL_PORT_RANGE */, 4, NULL,
	  0x7d0a7d00, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_UDP, UDP_ENCAP, 4, NULL,
	  UDP_ENCAP_L2TPINUDP, 4 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, IPPROTO_UDPLITE, UDP_ENCAP, 4, NULL,
	  UDP_ENCAP_L2TPINUDP },
	{ AF_NETLINK, SOCK_RAW, 0, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, 4,
	  NULL, 1 },
	/* Those that only root has. */
	{ AF_INET, SOCK_DGRAM, 0, SOL_SOCKET, SO_PRIORITY, 4, NULL, 7, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_TRANSPARENT, 4, NULL, 1, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_TRANSPARENT, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_STREAM, 0, SOL_TCP, TCP_REPAIR, 4, NULL, 1, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_HOPOPTS, 8, value_opts },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_DSTOPTS, 8, value_opts },
};

struct setting {
	enum road road;
	struct arena *m;
	const struct option *o;
	int fd;
};

static union value *value_of(struct setting *s)
{
	/* Behind the arena, in its page. */
	return (union value *)(s->m + 1);
}

static int try_set(void *arg)
{
	struct setting *s = arg;
	union value *v = value_of(s);
	socklen_t len = s->o->len;

	memset(v, 0, sizeof(*v));
	if (s->o->value)
		s->o->value(v);
	else
		v->i = s->o->number;
	/* Addresses are not aligned to 8 bytes there. */
	if (road_compat(s->road) && s->o->name == MCAST_JOIN_GROUP) {
		memmove(v->bytes + 4, v->bytes + 8, len - 8);
		len -= 4;
	}
	return road_call(s->road, s->m, SYS_SETSOCKOPT, s->fd, s->o->level,
			 s->o->name, (uintptr_t)v, len, 0);
}

static int try_read(void *arg)
{
	struct setting *s = arg;
	union value *v = value_of(s);

	memset(v, 0, sizeof(*v));
	s->m->pair[1] = sizeof(*v);
	return road_call(s->road, s->m, SYS_GETSOCKOPT, s->fd, s->o->level,
			 s->o->name, (uintptr_t)v, (uintptr_t)&s->m->pair[1], 0);
}

/* What can be seen of an option. */
static uint64_t option_state(const struct setting *s)
{
	uint64_t h = has_address(s->fd);
	char buf[64] = {};
	socklen_t len = s->o->read;

	if (len && !getsockopt(s->fd, s->o->level, s->o->name, buf, &len)) {
		MIX(h, len);
		MIX(h, *(uint32_t *)buf);
	}
	return h;
}

FIXTURE(opt)
{
	struct arena *m;
};

FIXTURE_VARIANT(opt)
{
	enum road road;
};

ROAD_VARIANTS(opt);

FIXTURE_SETUP(opt)
{
	REQUIRE_CAPMODE();
	if (!road_there(variant->road))
		SKIP(return, "no such calls here");
	self->m = low_page();
	ASSERT_TRUE(!!self->m);
	ASSERT_GE(4096, sizeof(struct arena) + sizeof(union value));
}

FIXTURE_TEARDOWN(opt)
{
}

/*
 * The socket is the same for both tries, and the try in capability mode comes
 * first: what cannot be read (a membership, a label) cannot be had twice, so the
 * second try tells as well.
 */
TEST_F(opt, set)
{
	struct setting s = { .road = variant->road, .m = self->m };
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		uint64_t before;

		s.o = o;
		s.fd = RET(socket(o->family, o->type, o->protocol));
		if ((o->family == AF_PACKET || o->protocol == IPPROTO_SCTP ||
		     o->protocol == IPPROTO_UDPLITE) &&
		    (s.fd == -EAFNOSUPPORT || s.fd == -EPROTONOSUPPORT)) {
			TH_LOG("no socket(%d, %d, %d)", o->family, o->type,
			       o->protocol);
			continue;
		}
		if (s.fd == -EPERM && o->type == SOCK_RAW) {
			TH_LOG("only root may have raw sockets");
			continue;
		}
		ASSERT_LE(0, s.fd);
		before = option_state(&s);
		EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s))
			TH_LOG("level %d option %d", o->level, o->name);
		EXPECT_EQ(before, option_state(&s))
			TH_LOG("level %d option %d", o->level, o->name);
		err = in_child(try_set, &s);
		if (err == -EPERM && geteuid()) {
			TH_LOG("only root may set option %d of level %d",
			       o->name, o->level);
			close(s.fd);
			continue;
		}
		/* Without CONFIG_NETDEVICES there are no such options. */
		if (err == -ENOPROTOOPT && o->level == SOL_SOCKET) {
			close(s.fd);
			continue;
		}
		EXPECT_EQ(0, err)
			TH_LOG("level %d option %d", o->level, o->name);
		if (o->read)
			EXPECT_NE(before, option_state(&s))
				TH_LOG("level %d option %d", o->level, o->name);
		close(s.fd);
	}
}

/* Sockets that share a port share the program that chooses among them. */
static int attach_reuseport(void *arg)
{
	struct sock_filter take_first = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog prog = { 1, &take_first };

	return RET(setsockopt(*(int *)arg, SOL_SOCKET,
			      SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog)));
}

static int attach_reuseport_ebpf(void *arg)
{
	int none = -1;

	return RET(setsockopt(*(int *)arg, SOL_SOCKET,
			      SO_ATTACH_REUSEPORT_EBPF, &none, sizeof(none)));
}

static int detach_reuseport(void *arg)
{
	int zero = 0;

	return RET(setsockopt(*(int *)arg, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF,
			      &zero, sizeof(zero)));
}

TEST(reuseport_program)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd[2], i, on = 1;

	REQUIRE_CAPMODE();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, setsockopt(fd[i], SOL_SOCKET, SO_REUSEPORT, &on,
					sizeof(on)));
		ASSERT_EQ(0, bind(fd[i], (void *)&in, sizeof(in)));
		ASSERT_EQ(0, getsockname(fd[i], (void *)&in, &len));
	}
	EXPECT_EQ(-ECAPMODE, capmode_run(attach_reuseport, &fd[0]));
	/* There is none that it could have left. */
	EXPECT_EQ(-ENOENT, in_child(detach_reuseport, &fd[0]));
	EXPECT_EQ(0, in_child(attach_reuseport, &fd[1]));
	EXPECT_EQ(-EBADF, in_child(attach_reuseport_ebpf, &fd[0]));
	EXPECT_EQ(-ECAPMODE, capmode_run(attach_reuseport_ebpf, &fd[0]));
	EXPECT_EQ(-ECAPMODE, capmode_run(detach_reuseport, &fd[0]));
	EXPECT_EQ(0, in_child(detach_reuseport, &fd[0]));
}

/* A level that nobody has looked at is not let through. */
TEST_F(opt, set_unknown)
{
	static const struct option o = {
		.level = 12345, .name = 1, .len = 4,
	};
	struct setting s = { .road = variant->road, .m = self->m, .o = &o };

	s.fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(-ENOPROTOOPT, in_child(try_set, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s));
}

/* Nor an option of a level that has been. */
static const struct {
	int family, type, level, unknown;
} known_levels[] = {
	{ AF_INET, SOCK_STREAM, SOL_SOCKET, -ENOPROTOOPT },
	{ AF_UNIX, SOCK_STREAM, SOL_SOCKET, -ENOPROTOOPT },
	{ AF_INET, SOCK_DGRAM, SOL_IP, -ENOPROTOOPT },
	{ AF_INET6, SOCK_DGRAM, SOL_IPV6, -ENOPROTOOPT },
	{ AF_INET, SOCK_STREAM, SOL_TCP, -ENOPROTOOPT },
	{ AF_INET6, SOCK_STREAM, SOL_TCP, -ENOPROTOOPT },
	{ AF_INET, SOCK_DGRAM, SOL_UDP, -ENOPROTOOPT },
	/* A level of another family is one that nobody has looked at. */
	{ AF_UNIX, SOCK_STREAM, SOL_TCP, -EOPNOTSUPP },
};

TEST_F(opt, unknown_option)
{
	struct option o = { .len = 4 };
	struct setting s = { .road = variant->road, .m = self->m, .o = &o };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(known_levels); i++) {
		static const int names[] = { 9999, -1 };

		s.fd = RET(socket(known_levels[i].family, known_levels[i].type,
				  0));
		ASSERT_LE(0, s.fd);
		o.level = known_levels[i].level;
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			o.name = names[j];
			EXPECT_EQ(known_levels[i].unknown,
				  in_child(try_set, &s));
			EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s));
			EXPECT_EQ(known_levels[i].unknown,
				  in_child(try_read, &s));
			EXPECT_EQ(-ECAPMODE, capmode_run(try_read, &s));
		}
		close(s.fd);
	}
}

/*
 * MPTCP makes a socket of TCP's with the first of them, and puts itself on top of
 * that by the name that it may not be called by.
 */
static int use_mptcp(void *arg)
{
	int fd = RET(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)), on = 1, ret;
	socklen_t len = sizeof(on);

	if (fd < 0)
		return fd;
	ret = RET(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, len));
	if (!ret)
		ret = RET(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, &len));
	if (!ret)
		ret = RET(setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, len));
	close(fd);
	return ret;
}

static int give_away(void *arg)
{
	return RET(fchown(*(int *)arg, 4711, -1));
}

static int keep(void *arg)
{
	return RET(fchown(*(int *)arg, getuid(), -1));
}

static int give_to_group(void *arg)
{
	return RET(fchown(*(int *)arg, -1, 4711));
}

/* Routes can be by whose a socket is. */
TEST_F(opt, owner)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (geteuid())
		SKIP(return, "only root can do this outside");
	ASSERT_LE(0, fd);
	EXPECT_BOTH(keep, &fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(give_away, &fd));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, in_child(give_away, &fd));
	EXPECT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(4711, st.st_uid);
	EXPECT_BOTH(give_to_group, &fd);
	close(fd);
}

TEST(mptcp)
{
	REQUIRE_CAPMODE();
	if (in_child(use_mptcp, NULL) == -EPROTONOSUPPORT)
		SKIP(return, "no MPTCP");
	EXPECT_BOTH(use_mptcp, NULL);
}

struct ulp {
	int fd;
	const char *name;
};

static int set_ulp(void *arg)
{
	const struct ulp *u = arg;

	return RET(setsockopt(u->fd, SOL_TCP, TCP_ULP, u->name,
			      strlen(u->name)));
}

/* What a connection is handed to, by name: TLS is its own, others may not be. */
static void value_stamps(union value *v)
{
	v->stamps.flags = SOF_TIMESTAMPING_RX_SOFTWARE;
	v->stamps.bind_phc = 77;
}

static void value_stamps_of_clock(union value *v)
{
	value_stamps(v);
	v->stamps.flags |= SOF_TIMESTAMPING_BIND_PHC;
}

/* Which of the clocks of a device counts, by number. */
TEST_F(opt, clock_of_stamps)
{
	struct option o = {
		.level = SOL_SOCKET, .len = sizeof(struct so_timestamping),
	};
	static const int names[] = {
		SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW,
	};
	struct setting s = { .road = variant->road, .m = self->m, .o = &o };
	unsigned int i;

	s.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, s.fd);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		o.name = names[i];
		o.value = value_stamps;
		EXPECT_BOTH(try_set, &s);
		/* The socket is not bound to a device that has one. */
		o.value = value_stamps_of_clock;
		EXPECT_EQ(-EOPNOTSUPP, in_child(try_set, &s));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s));
	}
	close(s.fd);
}

TEST(upper_layer)
{
	struct ulp u = { .fd = socket(AF_INET, SOCK_STREAM, 0), .name = "tls" };
	int outside;

	REQUIRE_CAPMODE();
	ASSERT_LE(0, u.fd);
	/* Not connected, or there is none. */
	outside = in_child(set_ulp, &u);
	EXPECT_TRUE(outside == -ENOTCONN || outside == -ENOENT);
	EXPECT_EQ(outside, capmode_run(set_ulp, &u));
	u.name = "none";
	EXPECT_EQ(-ENOENT, in_child(set_ulp, &u));
	EXPECT_EQ(-ECAPMODE, capmode_run(set_ulp, &u));
	close(u.fd);
}

static const struct option ordinary[] = {
	{ AF_INET, SOCK_STREAM, 0, SOL_SOCKET, SO_REUSEADDR, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_STREAM, 0, SOL_SOCKET, SO_RCVBUF, 4, NULL, 99999, 4 },
	{ AF_UNIX, SOCK_STREAM, 0, SOL_SOCKET, SO_PASSCRED, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_STREAM, 0, SOL_TCP, TCP_NODELAY, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_TTL, 4, NULL, 7, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_PKTINFO, 4, NULL, 1, 4 },
	{ AF_INET, SOCK_DGRAM, 0, SOL_IP, IP_MULTICAST_TTL, 4, NULL, 7, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_RECVPKTINFO, 4, NULL, 1, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_V6ONLY, 4, NULL, 1, 4 },
	{ AF_INET6, SOCK_DGRAM, 0, SOL_IPV6, IPV6_UNICAST_HOPS, 4, NULL, 7,
	  4 },
};

TEST_F(opt, set_ordinary)
{
	struct setting s = { .road = variant->road, .m = self->m };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ordinary); i++) {
		uint64_t before;

		s.o = &ordinary[i];
		s.fd = RET(socket(s.o->family, s.o->type, s.o->protocol));
		ASSERT_LE(0, s.fd);
		before = option_state(&s);
		EXPECT_EQ(0, capmode_run(try_set, &s))
			TH_LOG("level %d option %d", s.o->level, s.o->name);
		EXPECT_NE(before, option_state(&s))
			TH_LOG("level %d option %d", s.o->level, s.o->name);
		EXPECT_EQ(0, in_child(try_set, &s));
		EXPECT_BOTH(try_read, &s);
		close(s.fd);
	}
}

/* What is read is the socket's own, and not that of the system. */
TEST_F(opt, read)
{
	static const struct option own[] = {
		{ .level = SOL_SOCKET, .name = SO_TYPE },
		{ .level = SOL_SOCKET, .name = SO_ERROR },
		{ .level = SOL_SOCKET, .name = SO_DOMAIN },
		{ .level = SOL_SOCKET, .name = SO_COOKIE },
		{ .level = SOL_SOCKET, .name = SO_INCOMING_CPU },
		{ .level = SOL_SOCKET, .name = SO_GET_FILTER },
		{ .level = SOL_SOCKET, .name = SO_BINDTODEVICE },
		{ .level = SOL_SOCKET, .name = SO_MARK },
		{ .level = SOL_SOCKET, .name = SO_PROTOCOL },
		{ .level = SOL_SOCKET, .name = SO_MEMINFO },
		{ .level = SOL_SOCKET, .name = SO_RCVTIMEO },
		{ .level = SOL_SOCKET, .name = SO_TIMESTAMP },
		{ .level = SOL_IP, .name = IP_TRANSPARENT },
		{ .level = SOL_TCP, .name = TCP_INFO },
		{ .level = SOL_TCP, .name = TCP_REPAIR },
	}, original = { .level = SOL_IP, .name = 80 /* SO_ORIGINAL_DST */ },
	routes = { .level = SOL_IP, .name = 206 /* MRT_VERSION */ };
	struct setting s = { .road = variant->road, .m = self->m };
	unsigned int i;

	s.fd = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT_LE(0, s.fd);
	for (i = 0; i < ARRAY_SIZE(own); i++) {
		s.o = &own[i];
		EXPECT_BOTH(try_read, &s);
	}
	s.o = &original;
	EXPECT_EQ(in_child(try_read, &s), capmode_run(try_read, &s));
	EXPECT_ANSWER(capmode_run(try_read, &s));
	s.o = &routes;
	EXPECT_ANSWER(in_child(try_read, &s));
	EXPECT_EQ(-ECAPMODE, capmode_run(try_read, &s));
	close(s.fd);
}

/* ---- keys of TCP, which are for the peer of an address ---- */

/* As linux/tcp.h has it, which does not go with the C library's header. */
struct md5 {
	struct sockaddr_storage addr;
	uint8_t flags, prefixlen;
	uint16_t keylen;
	uint32_t ifindex;
	uint8_t key[80];
};

#define MD5_EXT		32	/* TCP_MD5SIG_EXT */
#define MD5_IFINDEX	2	/* TCP_MD5SIG_FLAG_IFINDEX */

static void md5(union value *v, int family, int ifindex)
{
	struct md5 *m = (struct md5 *)v;
	struct sockaddr_in *in = (void *)&m->addr;
	struct sockaddr_in6 *in6 = (void *)&m->addr;

	m->addr.ss_family = family;
	if (family == AF_INET)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	m->flags = ifindex ? MD5_IFINDEX : 0;
	m->ifindex = ifindex;
	m->keylen = 4;
}

static void value_md5(union value *v)
{
	md5(v, AF_INET, 0);
}

static void value_md5_lo(union value *v)
{
	md5(v, AF_INET, LO);
}

static void value_md5_none(union value *v)
{
	md5(v, AF_INET, INT_MAX);
}

static void value_md5_6(union value *v)
{
	md5(v, AF_INET6, 0);
}

static void value_md5_6_lo(union value *v)
{
	md5(v, AF_INET6, LO);
}

static void value_md5_6_none(union value *v)
{
	md5(v, AF_INET6, INT_MAX);
}

#define MD5_OPTION(family, value) \
	{ family, SOCK_STREAM, 0, SOL_TCP, MD5_EXT, sizeof(struct md5), value }

/*
 * A key can be for what comes by one interface only, which has to be a VRF. That
 * the loopback is none, or that there is no such interface, is looked up outside
 * and not inside.
 */
TEST_F(opt, md5_of_an_interface)
{
	static const struct option md5_options[][3] = {
		{ MD5_OPTION(AF_INET, value_md5),
		  MD5_OPTION(AF_INET, value_md5_lo),
		  MD5_OPTION(AF_INET, value_md5_none) },
		{ MD5_OPTION(AF_INET6, value_md5_6),
		  MD5_OPTION(AF_INET6, value_md5_6_lo),
		  MD5_OPTION(AF_INET6, value_md5_6_none) },
	};
	struct setting s = { .road = variant->road, .m = self->m };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(md5_options); i++) {
		s.o = &md5_options[i][0];
		s.fd = RET(socket(s.o->family, SOCK_STREAM, 0));
		ASSERT_LE(0, s.fd);
		if (in_child(try_set, &s) == -ENOPROTOOPT)
			SKIP(return, "no CONFIG_TCP_MD5SIG");
		EXPECT_BOTH(try_set, &s);
		for (j = 1; j < 3; j++) {
			s.o = &md5_options[i][j];
			EXPECT_EQ(-EINVAL, in_child(try_set, &s));
			EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s));
		}
		close(s.fd);
	}
}

static void ao(union value *v, int ifindex)
{
	struct ao *a = (struct ao *)v;

	ao_key(a, "hmac(sha512)");
	a->ifindex = ifindex;
	a->keyflags = ifindex ? AO_IFINDEX : 0;
}

static void value_ao(union value *v)
{
	ao(v, 0);
}

static void value_ao_lo(union value *v)
{
	ao(v, LO);
}

static void value_ao_none(union value *v)
{
	ao(v, INT_MAX);
}

#define AO_OPTION(value) \
	{ AF_INET, SOCK_STREAM, 0, SOL_TCP, AO_ADD, sizeof(struct ao), value }

/* As for MD5. */
TEST_F(opt, ao_of_an_interface)
{
	static const struct option ao_options[] = {
		AO_OPTION(value_ao), AO_OPTION(value_ao_lo),
		AO_OPTION(value_ao_none),
	};
	struct setting s = { .road = variant->road, .m = self->m };
	unsigned int i;

	s.fd = RET(socket(AF_INET, SOCK_STREAM, 0));
	ASSERT_LE(0, s.fd);
	for (i = 1; i < ARRAY_SIZE(ao_options); i++) {
		s.o = &ao_options[i];
		if (in_child(try_set, &s) == -ENOPROTOOPT)
			SKIP(return, "no CONFIG_TCP_AO");
		EXPECT_EQ(-EINVAL, in_child(try_set, &s));
		EXPECT_EQ(-ECAPMODE, capmode_run(try_set, &s));
	}
	/* A key of its own works, once. */
	s.o = &ao_options[0];
	EXPECT_EQ(0, capmode_run(try_set, &s));
	EXPECT_EQ(-EEXIST, in_child(try_set, &s));
	close(s.fd);
}

/* ---- descriptors of others ---- */

static int try_peerpidfd(void *arg)
{
	struct setting *s = arg;
	int next = dup(0), ret;
	int *v = &s->m->pair[0];

	STEP(next >= 0 && !close(next));
	v[0] = -7;
	v[1] = sizeof(int);
	ret = road_call(s->road, s->m, SYS_GETSOCKOPT, s->fd, SOL_SOCKET,
			SO_PEERPIDFD, (uintptr_t)&v[0], (uintptr_t)&v[1], 0);
	if (ret) {
		STEP(v[0] == -7 && dup(0) == next);
		return ret;
	}
	STEP(v[0] == next);
	return 0;
}

TEST_F(opt, peerpidfd)
{
	struct setting s = { .road = variant->road, .m = self->m };
	int sv[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	s.fd = sv[0];
	EXPECT_ECAPMODE(try_peerpidfd, &s);
}

/* ---- SCTP ---- */

struct sctp {
	enum road road;
	struct arena *m;
	struct sockaddr_storage ss;
	socklen_t len;
	int name;
};

static int try_connectx(void *arg)
{
	struct sctp *s = arg;
	int fd = RET(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
	int ret;

	STEP(fd >= 0);
	s->m->addr = s->ss;
	ret = road_call(s->road, s->m, SYS_SETSOCKOPT, fd, SOL_SCTP, s->name,
			(uintptr_t)&s->m->addr, s->len, 0);
	STEP(has_peer(fd) == (ret >= 0));
	STEP(has_address(fd) == (ret >= 0));
	return ret;
}

/* The same by getsockopt(2); its argument is not laid out alike everywhere. */
static int try_connectx3(void *arg)
{
	struct sctp *s = arg;
	struct sctp_getaddrs_old *g = (void *)(s->m + 1);
	uint32_t *g32 = (void *)g;
	int fd = RET(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
	int ret, *len = &s->m->pair[0];

	STEP(fd >= 0);
	s->m->addr = s->ss;
	memset(g, 0, sizeof(*g));
	*len = sizeof(*g);
	g->addr_num = s->len;
	g->addrs = (void *)&s->m->addr;
	if (road_compat(s->road)) {
		g32[2] = (uintptr_t)&s->m->addr;
		*len = 12;
	}
	ret = road_call(s->road, s->m, SYS_GETSOCKOPT, fd, SOL_SCTP,
			SCTP_SOCKOPT_CONNECTX3, (uintptr_t)g, (uintptr_t)len,
			0);
	STEP(has_peer(fd) == (ret >= 0));
	STEP(has_address(fd) == (ret >= 0));
	return ret;
}

TEST_F(opt, sctp)
{
	struct sctp s = { .road = variant->road, .m = self->m };
	/* Those of the whole system, where the socket has none of its own. */
	static const struct option addresses = {
		.level = SOL_SCTP, .name = SCTP_GET_LOCAL_ADDRS,
	};
	struct setting ask = {
		.road = variant->road, .m = self->m, .o = &addresses,
	};
	int fd;

	fd = bound_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, &s.ss, &s.len);
	if (fd == -EPROTONOSUPPORT)
		SKIP(return, "no SCTP");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, listen(fd, 16));
	ask.fd = fd;
	EXPECT_ECAPMODE(try_read, &ask);
	s.name = SCTP_SOCKOPT_CONNECTX_OLD;
	EXPECT_ECAPMODE(try_connectx, &s);
	s.name = SCTP_SOCKOPT_CONNECTX;
	EXPECT_ECAPMODE(try_connectx, &s);
	EXPECT_ECAPMODE(try_connectx3, &s);
	/* Three that were outside, and nobody else. */
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_LE(0, accept(fd, NULL, NULL));
	EXPECT_LE(0, accept(fd, NULL, NULL));
	EXPECT_LE(0, accept(fd, NULL, NULL));
	EXPECT_EQ(-EAGAIN, RET(accept(fd, NULL, NULL)));
}

/* ---- every option of every level ---- */

/* As many names are tried, from 0. */
#define NAMES	301

/* What is behind the last of a list. */
#define END	-1

#define LIST(...)	((const int[]){ __VA_ARGS__, END })
#define NONE		((const int[]){ END })
#define INET		LIST(AF_INET, AF_INET6, AF_SMC)

/* No pointer, so that nothing happens but the judgement. */
#define BAD	(~7UL)

/**
 * struct mine - what a process says of, and asks about, its own sockets
 * @level: A level.
 * @families: Those of sockets that have it; NULL for all.
 * @both: Options that can be set and read.
 * @set: Those that can be set only.
 * @get: Those that can be read only.
 *
 * Numbers are what the kernel is asked with; those of SOL_SOCKET differ from one
 * architecture to another. This is not made from the kernel's own lists.
 */
struct mine {
	int level;
	const int *families;
	const int *both;
	const int *set;
	const int *get;
};

static const struct mine mine[] = {
	/* No device, mark or processor, nobody else's process, no group. */
	{ SOL_SOCKET, NULL,
	  LIST(SO_DEBUG, SO_REUSEADDR, SO_REUSEPORT, SO_DONTROUTE,
	       SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER,
	       SO_SNDBUF, SO_RCVBUF, SO_SNDLOWAT, SO_RCVLOWAT,
	       SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD, SO_RCVTIMEO_NEW,
	       SO_SNDTIMEO_NEW, SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD,
	       SO_TIMESTAMPING_OLD, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW,
	       SO_TIMESTAMPING_NEW, SO_NO_CHECK, SO_PRIORITY, SO_BSDCOMPAT,
	       SO_PASSCRED, SO_PASSSEC, SO_ATTACH_FILTER, SO_LOCK_FILTER,
	       SO_RXQ_OVFL, SO_WIFI_STATUS, SO_NOFCS, SO_PEEK_OFF,
	       SO_SELECT_ERR_QUEUE, SO_BUSY_POLL, SO_PREFER_BUSY_POLL,
	       SO_MAX_PACING_RATE, SO_ZEROCOPY, SO_TXTIME, SO_BUF_LOCK,
	       SO_RESERVE_MEM, SO_TXREHASH, SO_RCVMARK),
	  LIST(SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_DETACH_FILTER,
	       SO_ATTACH_BPF, SO_CNX_ADVICE, SO_BUSY_POLL_BUDGET,
	       SO_DEVMEM_DONTNEED),
	  LIST(SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN,
	       SO_PEERCRED, SO_PEERSEC, SO_PEERGROUPS, SO_PEERNAME,
	       SO_BINDTODEVICE, SO_BINDTOIFINDEX, SO_MARK, SO_INCOMING_CPU,
	       SO_INCOMING_NAPI_ID, SO_BPF_EXTENSIONS, SO_MEMINFO, SO_COOKIE,
	       SO_NETNS_COOKIE, SO_PASSPIDFD) },
	/* No interface, group, port, hop, policy or table. */
	{ SOL_IP, INET,
	  LIST(1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 18, 20, 21, 22, 23, 24, 25,
	       26, 33, 34, 49),
	  NONE, LIST(3, 4, 5, 9, 14, 19, 32, 50, 51, 52, 80) },
	{ SOL_IPV6, INET,
	  LIST(1, 2, 3, 4, 5, 7, 8, 11, 16, 18, 19, 23, 24, 25, 26, 29, 31, 33,
	       49, 51, 53, 56, 58, 60, 62, 66, 67, 70, 72, 73, 74, 77, 78),
	  NONE,
	  LIST(6, 17, 22, 30, 32, 36, 54, 55, 57, 59, 61, 75, 76, 80) },
	/* What repair has can be read. */
	{ SOL_TCP, INET,
	  LIST(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18, 23, 25, 27,
	       30, 31, 33, 34, 36, 37, 40),
	  LIST(14, 32, 38, 39),
	  LIST(11, 19, 20, 21, 24, 26, 28, 29, 35, 41, 42, 43) },
	{ SOL_UDP, INET, LIST(1, 10, 11, 101, 102, 103, 104), NONE, LIST(100) },
	{ IPPROTO_UDPLITE, INET,
	  LIST(1, 10, 11, 101, 102, 103, 104), NONE, LIST(100) },
	{ SOL_ICMPV6, INET, LIST(1), NONE, NONE },
	{ SOL_RAW, INET, LIST(1, 7), NONE, LIST(36) },
	/* Neither binding nor connecting, nor addresses of the machine. */
	{ SOL_SCTP, INET,
	  LIST(0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20,
	       22, 24, 30, 31, 32, 33, 34, 36, 37, 113, 114, 117, 118, 123,
	       124, 125, 127, 128, 129, 130, 131, 133),
	  LIST(5, 21, 23, 25, 35, 119, 120, 121),
	  LIST(14, 15, 26, 27, 28, 29, 102, 108, 112, 115, 116, 122, 132) },
	{ SOL_DCCP, INET, LIST(1, 2, 6, 10, 11, 14, 15, 16, 17),
	  LIST(3, 4, 13), LIST(5, 12, 128, 192) },
	{ SOL_MPTCP, INET, NONE, NONE, LIST(1, 2, 3, 4) },
	{ SOL_TLS, INET, LIST(1, 2, 3, 4), NONE, NONE },
	{ SOL_SMC, INET, LIST(1), NONE, NONE },
	{ SOL_KCM, LIST(AF_KCM), LIST(1), NONE, NONE },
	{ SOL_XDP, LIST(AF_XDP), NONE, LIST(2, 3, 4, 5, 6), LIST(1, 7, 8) },
	{ AF_VSOCK, LIST(AF_VSOCK), LIST(0, 1, 2, 6, 8), NONE, NONE },
	{ SOL_BLUETOOTH, LIST(AF_BLUETOOTH),
	  LIST(4, 7, 8, 9, 10, 11, 12, 13, 15, 16, 20), LIST(19),
	  LIST(14, 17) },
	/* No interface, and nothing that a group of sockets shares. */
	{ SOL_PACKET, LIST(AF_PACKET),
	  LIST(7, 8, 9, 10, 12, 14, 15, 17, 19, 20, 23, 24), LIST(5, 13),
	  LIST(6, 11, 18, 21) },
	/* No groups here, either. */
	{ SOL_NETLINK, LIST(AF_NETLINK), LIST(3, 4, 5, 10, 11, 12), NONE,
	  LIST(8, 9) },
	{ SOL_TIPC, LIST(AF_TIPC), LIST(127, 128, 129, 130),
	  LIST(133, 134, 136, 138), LIST(131, 132, 135, 137) },
	/* No key that the keyrings have. */
	{ SOL_ALG, LIST(AF_ALG), NONE, LIST(1, 5, 6), NONE },
	/* Levels of which nothing is allowed, or which there are not. */
	{ 2, NONE, NONE, NONE, NONE },
	{ 18 /* SOL_RFCOMM */, NONE, NONE, NONE, NONE },
	{ IPPROTO_ESP, NONE, NONE, NONE, NONE },
	{ SOL_ATM, NONE, NONE, NONE, NONE },
	{ SOL_RXRPC, NONE, NONE, NONE, NONE },
	{ SOL_PPPOL2TP, NONE, NONE, NONE, NONE },
	{ SOL_RDS, NONE, NONE, NONE, NONE },
	{ 287 /* SOL_VSOCK */, NONE, NONE, NONE, NONE },
	{ 300, NONE, NONE, NONE, NONE },
	{ 65536, NONE, NONE, NONE, NONE },
	{ -1, NONE, NONE, NONE, NONE },
};

static const struct {
	int family, type, protocol;
} kinds[] = {
	{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM },
	{ AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */ },
	{ AF_INET, SOCK_DCCP, IPPROTO_DCCP },
	{ AF_UNIX, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM },
	{ AF_PACKET, SOCK_RAW }, { AF_NETLINK, SOCK_RAW },
	{ AF_TIPC, SOCK_STREAM }, { AF_TIPC, SOCK_RDM },
	{ AF_ALG, SOCK_SEQPACKET }, { AF_VSOCK, SOCK_STREAM },
	{ AF_KCM, SOCK_DGRAM }, { AF_SMC, SOCK_STREAM }, { AF_XDP, SOCK_RAW },
	{ AF_BLUETOOTH, SOCK_SEQPACKET }, { AF_RXRPC, SOCK_DGRAM, AF_INET },
	{ AF_PHONET, SOCK_DGRAM }, { AF_ATMSVC, SOCK_DGRAM },
};

static bool listed(const int *list, int n)
{
	for (; *list != END; list++) {
		if (*list == n)
			return true;
	}
	return false;
}

static bool is_mine(const struct mine *l, int family, bool set, int name)
{
	if (l->families && !listed(l->families, family))
		return false;
	return listed(l->both, name) || listed(set ? l->set : l->get, name);
}

struct sweep {
	enum road road;
	struct arena *m;
	int fd;
	int (*ret)[2][NAMES];	/* by level, reading or setting, and name */
};

static int try_all(void *arg)
{
	struct sweep *s = arg;
	int *len = &s->m->pair[1];
	unsigned int i;
	int name;

	for (i = 0; i < ARRAY_SIZE(mine); i++) {
		for (name = 0; name < NAMES; name++) {
			*len = sizeof(int);
			s->ret[i][0][name] =
				road_call(s->road, s->m, SYS_GETSOCKOPT, s->fd,
					  mine[i].level, name, BAD,
					  (uintptr_t)len, 0);
			s->ret[i][1][name] =
				road_call(s->road, s->m, SYS_SETSOCKOPT, s->fd,
					  mine[i].level, name, BAD,
					  sizeof(int), 0);
		}
	}
	return 0;
}

/* What is allowed goes as it does outside, also where that is nowhere. */
TEST_F(opt, every_option)
{
	const size_t size = ARRAY_SIZE(mine) * 2 * NAMES * sizeof(int);
	struct sweep outside = { .road = variant->road, .m = self->m };
	struct sweep inside;
	unsigned int k, i, found = 0;
	int set, name;

	outside.ret = new_shared(2 * size);
	ASSERT_TRUE(!!outside.ret);
	inside = outside;
	inside.ret += ARRAY_SIZE(mine);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		int family = kinds[k].family;

		outside.fd = RET(socket(family, kinds[k].type | SOCK_CLOEXEC,
					kinds[k].protocol));
		inside.fd = outside.fd;
		if (outside.fd == -EAFNOSUPPORT ||
		    outside.fd == -EPROTONOSUPPORT ||
		    outside.fd == -ESOCKTNOSUPPORT ||
		    (outside.fd == -EPERM && geteuid())) {
			TH_LOG("no socket(%d, %d, %d)", family, kinds[k].type,
			       kinds[k].protocol);
			continue;
		}
		ASSERT_LE(0, outside.fd)
			TH_LOG("socket(%d, %d, %d)", family, kinds[k].type,
			       kinds[k].protocol);
		found++;
		ASSERT_EQ(0, in_child(try_all, &outside));
		ASSERT_EQ(0, capmode_run(try_all, &inside));
		for (i = 0; i < ARRAY_SIZE(mine); i++) {
			for (set = 0; set < 2; set++) {
				for (name = 0; name < NAMES; name++) {
					int out = outside.ret[i][set][name];
					int in = inside.ret[i][set][name];

					EXPECT_NE(-ECAPMODE, out);
					if (!is_mine(&mine[i], family, set,
						     name))
						out = -ECAPMODE;
					EXPECT_EQ(out, in)
						TH_LOG("socket %u: %s %d/%d", k,
						       set ? "set" : "read",
						       mine[i].level, name);
				}
			}
		}
		close(outside.fd);
	}
	/* Two of the internet and two local ones there are in any kernel. */
	EXPECT_LE(4, found);
	munmap(outside.ret, 2 * size);
}

TEST_HARNESS_MAIN
