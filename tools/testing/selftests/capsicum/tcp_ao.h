/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capsicum self-tests: TCP_AO_ADD_KEY of <linux/tcp.h>, which libc's header of
 * that name leaves no room for.
 */
#ifndef _SELFTESTS_CAPSICUM_TCP_AO_H
#define _SELFTESTS_CAPSICUM_TCP_AO_H

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#define AO_ADD		38
#define AO_IFINDEX	1

struct ao {
	struct sockaddr_storage addr;
	char alg[64];
	int ifindex;
	uint32_t flags;
	uint16_t reserved;
	uint8_t prefix, sndid, rcvid, maclen, keyflags, keylen;
	uint8_t key[80];
};

/* In @a, which is empty: a key for the own machine, by the algorithm @alg. */
static inline void ao_key(struct ao *a, const char *alg)
{
	struct sockaddr_in *in = (void *)&a->addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(a->alg, sizeof(a->alg), "%s", alg);
	a->prefix = 32;
	a->sndid = 7;
	a->rcvid = 7;
	a->keylen = 4;
}

#endif /* _SELFTESTS_CAPSICUM_TCP_AO_H */
