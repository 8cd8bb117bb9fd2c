// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: options of sockets.
 *
 * Options that are about the socket itself, and its peer. What is on no list is
 * refused: it names something, or nobody has looked at it.
 */
#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kcm.h>
#include <linux/mptcp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/sctp.h>
#include <linux/smc.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/tipc.h>
#include <linux/tls.h>
#include <linux/udp.h>
#include <linux/vm_sockets.h>
#include <net/bluetooth/bluetooth.h>
#include <net/capmode.h>
#include <net/sock.h>
#include <net/udplite.h>

struct option {
	int name;
	bool set;
	bool get;
};

#define SET(optname)	{ .name = (optname), .set = true }
#define GET(optname)	{ .name = (optname), .get = true }
#define BOTH(optname)	{ .name = (optname), .set = true, .get = true }

/*
 * Missing are devices and marks, by which the way is chosen; who of a group of
 * sockets, which can be others', gets what arrives (SO_ATTACH_REUSEPORT_CBPF,
 * SO_INCOMING_CPU and their like); and descriptors of whoever has sent a message.
 * SO_GET_FILTER is SO_ATTACH_FILTER, to be read.
 */
static const struct option socket_options[] = {
	BOTH(SO_DEBUG), BOTH(SO_REUSEADDR), GET(SO_TYPE), GET(SO_ERROR),
	BOTH(SO_DONTROUTE), BOTH(SO_BROADCAST), BOTH(SO_SNDBUF),
	BOTH(SO_RCVBUF), BOTH(SO_KEEPALIVE), BOTH(SO_OOBINLINE),
	BOTH(SO_NO_CHECK), BOTH(SO_PRIORITY), BOTH(SO_LINGER),
	BOTH(SO_BSDCOMPAT), BOTH(SO_REUSEPORT), BOTH(SO_PASSCRED),
	GET(SO_PEERCRED), BOTH(SO_RCVLOWAT), BOTH(SO_SNDLOWAT),
	BOTH(SO_RCVTIMEO_OLD), BOTH(SO_SNDTIMEO_OLD), BOTH(SO_ATTACH_FILTER),
	SET(SO_DETACH_FILTER), GET(SO_BINDTODEVICE),
	GET(SO_PEERNAME), BOTH(SO_TIMESTAMP_OLD), SET(SO_SNDBUFFORCE),
	SET(SO_RCVBUFFORCE), GET(SO_ACCEPTCONN), GET(SO_PEERSEC),
	BOTH(SO_PASSSEC), BOTH(SO_TIMESTAMPNS_OLD), GET(SO_MARK),
	BOTH(SO_TIMESTAMPING_OLD), GET(SO_PROTOCOL), GET(SO_DOMAIN),
	BOTH(SO_RXQ_OVFL), BOTH(SO_WIFI_STATUS), BOTH(SO_PEEK_OFF),
	BOTH(SO_NOFCS), BOTH(SO_LOCK_FILTER), BOTH(SO_SELECT_ERR_QUEUE),
	BOTH(SO_BUSY_POLL), BOTH(SO_MAX_PACING_RATE), SET(SO_ATTACH_BPF),
	SET(SO_CNX_ADVICE), GET(SO_BPF_EXTENSIONS), GET(SO_INCOMING_CPU),
	GET(SO_MEMINFO), GET(SO_INCOMING_NAPI_ID), GET(SO_COOKIE),
	GET(SO_PEERGROUPS), BOTH(SO_ZEROCOPY), BOTH(SO_TXTIME),
	GET(SO_BINDTOIFINDEX), BOTH(SO_TIMESTAMP_NEW), BOTH(SO_TIMESTAMPNS_NEW),
	BOTH(SO_TIMESTAMPING_NEW), BOTH(SO_RCVTIMEO_NEW), BOTH(SO_SNDTIMEO_NEW),
	BOTH(SO_PREFER_BUSY_POLL), SET(SO_BUSY_POLL_BUDGET),
	GET(SO_NETNS_COOKIE), BOTH(SO_BUF_LOCK), BOTH(SO_RESERVE_MEM),
	BOTH(SO_TXREHASH), BOTH(SO_RCVMARK), SET(SO_DEVMEM_DONTNEED),
	GET(SO_PASSPIDFD),
};

/*
 * Missing are interfaces, groups, ports, hops on the way, headers that say it all,
 * what passes through for others, and tables of the whole system.
 */
static const struct option ip_options[] = {
	BOTH(IP_TOS), BOTH(IP_TTL), GET(IP_HDRINCL), GET(IP_OPTIONS),
	GET(IP_ROUTER_ALERT), BOTH(IP_RECVOPTS), BOTH(IP_RETOPTS),
	BOTH(IP_PKTINFO), GET(IP_PKTOPTIONS), BOTH(IP_MTU_DISCOVER),
	BOTH(IP_RECVERR), BOTH(IP_RECVTTL), BOTH(IP_RECVTOS), GET(IP_MTU),
	BOTH(IP_FREEBIND), BOTH(IP_PASSSEC), GET(IP_TRANSPARENT),
	BOTH(IP_RECVORIGDSTADDR), BOTH(IP_MINTTL), BOTH(IP_NODEFRAG),
	BOTH(IP_CHECKSUM), BOTH(IP_BIND_ADDRESS_NO_PORT), BOTH(IP_RECVFRAGSIZE),
	BOTH(IP_RECVERR_RFC4884), GET(IP_MULTICAST_IF), BOTH(IP_MULTICAST_TTL),
	BOTH(IP_MULTICAST_LOOP), BOTH(IP_MULTICAST_ALL), GET(IP_UNICAST_IF),
	GET(IP_LOCAL_PORT_RANGE), GET(IP_PROTOCOL), GET(SO_ORIGINAL_DST),
};

/* As for IP. Headers with options are for the hops, or hold addresses. */
static const struct option ipv6_options[] = {
	BOTH(IPV6_ADDRFORM), BOTH(IPV6_2292PKTINFO), BOTH(IPV6_2292HOPOPTS),
	BOTH(IPV6_2292DSTOPTS), BOTH(IPV6_2292RTHDR), GET(IPV6_2292PKTOPTIONS),
	BOTH(IPV6_CHECKSUM), BOTH(IPV6_2292HOPLIMIT), BOTH(IPV6_FLOWINFO),
	BOTH(IPV6_UNICAST_HOPS), GET(IPV6_MULTICAST_IF),
	BOTH(IPV6_MULTICAST_HOPS), BOTH(IPV6_MULTICAST_LOOP),
	GET(IPV6_ROUTER_ALERT), BOTH(IPV6_MTU_DISCOVER), BOTH(IPV6_MTU),
	BOTH(IPV6_RECVERR), BOTH(IPV6_V6ONLY), BOTH(IPV6_MULTICAST_ALL),
	GET(IPV6_ROUTER_ALERT_ISOLATE), BOTH(IPV6_RECVERR_RFC4884),
	GET(IPV6_FLOWLABEL_MGR), BOTH(IPV6_FLOWINFO_SEND), GET(IPV6_HDRINCL),
	BOTH(IPV6_RECVPKTINFO), BOTH(IPV6_RECVHOPLIMIT), BOTH(IPV6_RECVHOPOPTS),
	GET(IPV6_HOPOPTS), GET(IPV6_RTHDRDSTOPTS), BOTH(IPV6_RECVRTHDR),
	GET(IPV6_RTHDR), BOTH(IPV6_RECVDSTOPTS), GET(IPV6_DSTOPTS),
	BOTH(IPV6_RECVPATHMTU), GET(IPV6_PATHMTU), BOTH(IPV6_DONTFRAG),
	BOTH(IPV6_RECVTCLASS), BOTH(IPV6_TCLASS), BOTH(IPV6_AUTOFLOWLABEL),
	BOTH(IPV6_ADDR_PREFERENCES), BOTH(IPV6_MINHOPCOUNT),
	BOTH(IPV6_RECVORIGDSTADDR), GET(IPV6_TRANSPARENT), GET(IPV6_UNICAST_IF),
	BOTH(IPV6_RECVFRAGSIZE), BOTH(IPV6_FREEBIND), GET(SO_ORIGINAL_DST),
};

/*
 * Missing is repair, which listens where others do. What TCP_ULP and TCP_MD5SIG_EXT
 * and their like name is checked where they end.
 */
static const struct option tcp_options[] = {
	BOTH(TCP_NODELAY), BOTH(TCP_MAXSEG), BOTH(TCP_CORK), BOTH(TCP_KEEPIDLE),
	BOTH(TCP_KEEPINTVL), BOTH(TCP_KEEPCNT), BOTH(TCP_SYNCNT),
	BOTH(TCP_LINGER2), BOTH(TCP_DEFER_ACCEPT), BOTH(TCP_WINDOW_CLAMP),
	GET(TCP_INFO), BOTH(TCP_QUICKACK), BOTH(TCP_CONGESTION),
	SET(TCP_MD5SIG), BOTH(TCP_THIN_LINEAR_TIMEOUTS), BOTH(TCP_THIN_DUPACK),
	BOTH(TCP_USER_TIMEOUT), GET(TCP_REPAIR), GET(TCP_REPAIR_QUEUE),
	GET(TCP_QUEUE_SEQ), BOTH(TCP_FASTOPEN), GET(TCP_TIMESTAMP),
	BOTH(TCP_NOTSENT_LOWAT), GET(TCP_CC_INFO), BOTH(TCP_SAVE_SYN),
	GET(TCP_SAVED_SYN), GET(TCP_REPAIR_WINDOW), BOTH(TCP_FASTOPEN_CONNECT),
	BOTH(TCP_ULP), SET(TCP_MD5SIG_EXT), BOTH(TCP_FASTOPEN_KEY),
	BOTH(TCP_FASTOPEN_NO_COOKIE), GET(TCP_ZEROCOPY_RECEIVE), BOTH(TCP_INQ),
	BOTH(TCP_TX_DELAY), SET(TCP_AO_ADD_KEY), SET(TCP_AO_DEL_KEY),
	BOTH(TCP_AO_INFO), GET(TCP_AO_GET_KEYS), GET(TCP_AO_REPAIR),
	GET(TCP_IS_MPTCP),
};

/* Missing is UDP_ENCAP, which feeds IPsec, the whole system's. */
static const struct option udp_options[] = {
	BOTH(UDP_CORK), BOTH(UDPLITE_SEND_CSCOV), BOTH(UDPLITE_RECV_CSCOV),
	GET(UDP_ENCAP), BOTH(UDP_NO_CHECK6_TX), BOTH(UDP_NO_CHECK6_RX),
	BOTH(UDP_SEGMENT), BOTH(UDP_GRO),
};

static const struct option icmpv6_options[] = {
	BOTH(ICMPV6_FILTER),
};

static const struct option raw_options[] = {
	BOTH(ICMP_FILTER), BOTH(IPV6_CHECKSUM), GET(IPV6_HDRINCL),
};

/*
 * Missing are addresses, and ports of the other side. A socket without an address of
 * its own has those of the whole system.
 */
static const struct option sctp_options[] = {
	BOTH(SCTP_RTOINFO), BOTH(SCTP_ASSOCINFO), BOTH(SCTP_INITMSG),
	BOTH(SCTP_NODELAY), BOTH(SCTP_AUTOCLOSE),
	SET(SCTP_SET_PEER_PRIMARY_ADDR), BOTH(SCTP_PRIMARY_ADDR),
	BOTH(SCTP_ADAPTATION_LAYER), BOTH(SCTP_DISABLE_FRAGMENTS),
	BOTH(SCTP_PEER_ADDR_PARAMS), BOTH(SCTP_DEFAULT_SEND_PARAM),
	BOTH(SCTP_EVENTS), BOTH(SCTP_I_WANT_MAPPED_V4_ADDR), BOTH(SCTP_MAXSEG),
	GET(SCTP_STATUS), GET(SCTP_GET_PEER_ADDR_INFO), BOTH(SCTP_DELAYED_SACK),
	BOTH(SCTP_CONTEXT), BOTH(SCTP_FRAGMENT_INTERLEAVE),
	BOTH(SCTP_PARTIAL_DELIVERY_POINT), BOTH(SCTP_MAX_BURST),
	SET(SCTP_AUTH_CHUNK), BOTH(SCTP_HMAC_IDENT), SET(SCTP_AUTH_KEY),
	BOTH(SCTP_AUTH_ACTIVE_KEY), SET(SCTP_AUTH_DELETE_KEY),
	GET(SCTP_PEER_AUTH_CHUNKS), GET(SCTP_LOCAL_AUTH_CHUNKS),
	GET(SCTP_GET_ASSOC_NUMBER), GET(SCTP_GET_ASSOC_ID_LIST),
	BOTH(SCTP_AUTO_ASCONF), BOTH(SCTP_PEER_ADDR_THLDS),
	BOTH(SCTP_RECVRCVINFO), BOTH(SCTP_RECVNXTINFO),
	BOTH(SCTP_DEFAULT_SNDINFO), SET(SCTP_AUTH_DEACTIVATE_KEY),
	BOTH(SCTP_REUSE_PORT), BOTH(SCTP_PEER_ADDR_THLDS_V2),
	GET(SCTP_SOCKOPT_PEELOFF), GET(SCTP_GET_PEER_ADDRS),
	GET(SCTP_GET_ASSOC_STATS), BOTH(SCTP_PR_SUPPORTED),
	BOTH(SCTP_DEFAULT_PRINFO), GET(SCTP_PR_ASSOC_STATUS),
	GET(SCTP_PR_STREAM_STATUS), BOTH(SCTP_RECONFIG_SUPPORTED),
	BOTH(SCTP_ENABLE_STREAM_RESET), SET(SCTP_RESET_STREAMS),
	SET(SCTP_RESET_ASSOC), SET(SCTP_ADD_STREAMS),
	GET(SCTP_SOCKOPT_PEELOFF_FLAGS), BOTH(SCTP_STREAM_SCHEDULER),
	BOTH(SCTP_STREAM_SCHEDULER_VALUE), BOTH(SCTP_INTERLEAVING_SUPPORTED),
	BOTH(SCTP_EVENT), BOTH(SCTP_ASCONF_SUPPORTED),
	BOTH(SCTP_AUTH_SUPPORTED), BOTH(SCTP_ECN_SUPPORTED),
	BOTH(SCTP_EXPOSE_POTENTIALLY_FAILED_STATE),
	GET(SCTP_REMOTE_UDP_ENCAPS_PORT), BOTH(SCTP_PLPMTUD_PROBE_INTERVAL),
};

static const struct option dccp_options[] = {
	BOTH(DCCP_SOCKOPT_PACKET_SIZE), BOTH(DCCP_SOCKOPT_SERVICE),
	SET(DCCP_SOCKOPT_CHANGE_L), SET(DCCP_SOCKOPT_CHANGE_R),
	GET(DCCP_SOCKOPT_GET_CUR_MPS), BOTH(DCCP_SOCKOPT_SERVER_TIMEWAIT),
	BOTH(DCCP_SOCKOPT_SEND_CSCOV), BOTH(DCCP_SOCKOPT_RECV_CSCOV),
	SET(DCCP_SOCKOPT_CCID), GET(DCCP_SOCKOPT_AVAILABLE_CCIDS),
	BOTH(DCCP_SOCKOPT_TX_CCID), BOTH(DCCP_SOCKOPT_RX_CCID),
	BOTH(DCCP_SOCKOPT_QPOLICY_ID), BOTH(DCCP_SOCKOPT_QPOLICY_TXQLEN),
	GET(DCCP_SOCKOPT_CCID_RX_INFO), GET(DCCP_SOCKOPT_CCID_TX_INFO),
};

static const struct option mptcp_options[] = {
	GET(MPTCP_INFO), GET(MPTCP_TCPINFO), GET(MPTCP_SUBFLOW_ADDRS),
	GET(MPTCP_FULL_INFO),
};

static const struct option tls_options[] = {
	BOTH(TLS_TX), BOTH(TLS_RX), BOTH(TLS_TX_ZEROCOPY_RO),
	BOTH(TLS_RX_EXPECT_NO_PAD),
};

static const struct option smc_options[] = {
	BOTH(SMC_LIMIT_HS),
};

static const struct option kcm_options[] = {
	BOTH(KCM_RECV_DISABLE),
};

static const struct option xdp_options[] = {
	SET(XDP_RX_RING), SET(XDP_TX_RING), SET(XDP_UMEM_REG),
	SET(XDP_UMEM_FILL_RING), SET(XDP_UMEM_COMPLETION_RING),
	GET(XDP_MMAP_OFFSETS), GET(XDP_STATISTICS), GET(XDP_OPTIONS),
};

static const struct option vsock_options[] = {
	BOTH(SO_VM_SOCKETS_BUFFER_SIZE), BOTH(SO_VM_SOCKETS_BUFFER_MIN_SIZE),
	BOTH(SO_VM_SOCKETS_BUFFER_MAX_SIZE),
	BOTH(SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD),
	BOTH(SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW),
};

/* Missing are groups of the controller, its codecs, and the levels of protocols. */
static const struct option bluetooth_options[] = {
	BOTH(BT_SECURITY), BOTH(BT_DEFER_SETUP), BOTH(BT_FLUSHABLE),
	BOTH(BT_POWER), BOTH(BT_CHANNEL_POLICY), BOTH(BT_VOICE),
	BOTH(BT_SNDMTU), BOTH(BT_RCVMTU), GET(BT_PHY), BOTH(BT_MODE),
	BOTH(BT_PKT_STATUS), SET(BT_CODEC), GET(BT_ISO_QOS), BOTH(BT_ISO_BASE),
};

/* Missing are interfaces, and groups of sockets with the program they have. */
static const struct option packet_options[] = {
	SET(PACKET_RX_RING), GET(PACKET_STATISTICS), BOTH(PACKET_COPY_THRESH),
	BOTH(PACKET_AUXDATA), BOTH(PACKET_ORIGDEV), BOTH(PACKET_VERSION),
	GET(PACKET_HDRLEN), BOTH(PACKET_RESERVE), SET(PACKET_TX_RING),
	BOTH(PACKET_LOSS), BOTH(PACKET_VNET_HDR), BOTH(PACKET_TIMESTAMP),
	GET(PACKET_FANOUT), BOTH(PACKET_TX_HAS_OFF), BOTH(PACKET_QDISC_BYPASS),
	GET(PACKET_ROLLOVER_STATS), BOTH(PACKET_IGNORE_OUTGOING),
	BOTH(PACKET_VNET_HDR_SZ),
};

/* Missing are groups, which have something done also by leaving them. */
static const struct option netlink_options[] = {
	BOTH(NETLINK_PKTINFO), BOTH(NETLINK_BROADCAST_ERROR),
	BOTH(NETLINK_NO_ENOBUFS), GET(NETLINK_LISTEN_ALL_NSID),
	GET(NETLINK_LIST_MEMBERSHIPS), BOTH(NETLINK_CAP_ACK),
	BOTH(NETLINK_EXT_ACK), BOTH(NETLINK_GET_STRICT_CHK),
};

/* Missing are groups. */
static const struct option tipc_options[] = {
	BOTH(TIPC_IMPORTANCE), BOTH(TIPC_SRC_DROPPABLE),
	BOTH(TIPC_DEST_DROPPABLE), BOTH(TIPC_CONN_TIMEOUT),
	SET(TIPC_MCAST_BROADCAST), SET(TIPC_MCAST_REPLICAST),
	SET(TIPC_GROUP_LEAVE), SET(TIPC_NODELAY), GET(TIPC_NODE_RECVQ_DEPTH),
	GET(TIPC_SOCK_RECVQ_DEPTH), GET(TIPC_GROUP_JOIN),
	GET(TIPC_SOCK_RECVQ_USED),
};

/* Missing are keys by number. */
static const struct option alg_options[] = {
	SET(ALG_SET_KEY), SET(ALG_SET_AEAD_AUTHSIZE), SET(ALG_SET_DRBG_ENTROPY),
};

/* The levels of @family, AF_UNSPEC being all, and AF_INET what is like it. */
static const struct level {
	int level;
	int family;
	const struct option *options;
	int count;
} levels[] = {
#define LEVEL(level, family, options) \
	{ level, family, options, ARRAY_SIZE(options) }
	LEVEL(SOL_SOCKET, AF_UNSPEC, socket_options),
	LEVEL(SOL_IP, AF_INET, ip_options),
	LEVEL(SOL_IPV6, AF_INET, ipv6_options),
	LEVEL(SOL_TCP, AF_INET, tcp_options),
	LEVEL(SOL_UDP, AF_INET, udp_options),
	LEVEL(SOL_UDPLITE, AF_INET, udp_options),
	LEVEL(SOL_ICMPV6, AF_INET, icmpv6_options),
	LEVEL(SOL_RAW, AF_INET, raw_options),
	LEVEL(SOL_SCTP, AF_INET, sctp_options),
	LEVEL(SOL_DCCP, AF_INET, dccp_options),
	LEVEL(SOL_MPTCP, AF_INET, mptcp_options),
	LEVEL(SOL_TLS, AF_INET, tls_options),
	LEVEL(SOL_SMC, AF_INET, smc_options),
	LEVEL(SOL_KCM, AF_KCM, kcm_options),
	LEVEL(SOL_XDP, AF_XDP, xdp_options),
	LEVEL(AF_VSOCK, AF_VSOCK, vsock_options),
	LEVEL(SOL_BLUETOOTH, AF_BLUETOOTH, bluetooth_options),
	LEVEL(SOL_PACKET, AF_PACKET, packet_options),
	LEVEL(SOL_NETLINK, AF_NETLINK, netlink_options),
	LEVEL(SOL_TIPC, AF_TIPC, tipc_options),
	LEVEL(SOL_ALG, AF_ALG, alg_options),
#undef LEVEL
};

/*
 * Levels are numbers of protocols, and mean something else to other families, some
 * of which do not look at them.
 */
static bool level_of_family(const struct level *l, int family)
{
	switch (l->family) {
	case AF_UNSPEC:
		return true;
	case AF_INET:
		return family == AF_INET || family == AF_INET6 ||
		       family == AF_SMC;
	default:
		return family == l->family;
	}
}

static const struct option *find_option(const struct sock *sk, int level,
					int optname)
{
	const struct level *l;
	int i;

	for (l = levels; l < levels + ARRAY_SIZE(levels); l++) {
		if (l->level != level || !level_of_family(l, sk->sk_family))
			continue;
		for (i = 0; i < l->count; i++)
			if (l->options[i].name == optname)
				return &l->options[i];
	}
	return NULL;
}

/**
 * __capmode_check_setsockopt - may this option be set in capability mode?
 * @sk: the socket
 * @level: the level
 * @optname: the option
 *
 * For capmode_check_setsockopt().
 *
 * Return: 0, or -ECAPMODE.
 */
int __capmode_check_setsockopt(const struct sock *sk, int level, int optname)
{
	const struct option *option = find_option(sk, level, optname);

	return option && option->set ? 0 : capmode_refuse();
}

/**
 * __capmode_check_getsockopt - may this option be read in capability mode?
 * @sk: the socket
 * @level: the level
 * @optname: the option
 *
 * For capmode_check_getsockopt(). Reading can look for, or hand out, more than the
 * socket's state, or even do something.
 *
 * Return: 0, or -ECAPMODE.
 */
int __capmode_check_getsockopt(const struct sock *sk, int level, int optname)
{
	const struct option *option = find_option(sk, level, optname);

	return option && option->get ? 0 : capmode_refuse();
}
