// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: rules of audit have paths, which are looked up for whoever
 * sends them. By a socket that was given, nobody finds out what there is.
 */
#include "capmode.h"

#include <linux/audit.h>
#include <linux/netlink.h>

#define DIRECTORY	"/tmp/capsicum.audit"
#define NOTHING		DIRECTORY "/nothing"

/* Of a request, or one of the answers. */
struct message {
	struct nlmsghdr n;
	union {
		struct audit_rule_data rule;
		struct nlmsgerr e;
		uint32_t lengths[2];
		char bytes[2048];
	};
};

struct request {
	int sock;
	int type;
	int field;		/* of a rule; else two paths */
	const char *path;
};

static void fill_rule(struct message *m, const struct request *r)
{
	const size_t len = strlen(r->path);

	m->rule.flags = AUDIT_FILTER_EXIT;
	m->rule.action = AUDIT_ALWAYS;
	m->rule.field_count = 1;
	m->rule.mask[0] = 1;
	m->rule.fields[0] = r->field;
	m->rule.fieldflags[0] = AUDIT_EQUAL;
	m->rule.values[0] = len;
	m->rule.buflen = len;
	memcpy(m->rule.buf, r->path, len);
	m->n.nlmsg_len = NLMSG_LENGTH(sizeof(m->rule) + len);
}

static void fill_paths(struct message *m, const struct request *r)
{
	const size_t len = strlen(r->path) + 1;

	m->lengths[0] = len;
	m->lengths[1] = len;
	memcpy(m->bytes + 8, r->path, len);
	memcpy(m->bytes + 8 + len, r->path, len);
	m->n.nlmsg_len = NLMSG_LENGTH(8 + 2 * len);
}

static int request(void *arg)
{
	const struct request *r = arg;
	struct message m;

	memset(&m, 0, sizeof(m));
	m.n.nlmsg_len = NLMSG_LENGTH(0);
	m.n.nlmsg_type = r->type;
	m.n.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (r->field)
		fill_rule(&m, r);
	else if (r->path)
		fill_paths(&m, r);
	if (send(r->sock, &m, m.n.nlmsg_len, 0) < 0 ||
	    recv(r->sock, &m, sizeof(m), 0) < 0)
		return -errno;
	return m.n.nlmsg_type == NLMSG_ERROR ? m.e.error : -EPROTO;
}

/* How many rules there are, or -errno. */
static int rules(int sock)
{
	struct message m = {
		.n.nlmsg_len = NLMSG_LENGTH(0),
		.n.nlmsg_type = AUDIT_LIST_RULES,
		.n.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	int n = 0;

	if (send(sock, &m, m.n.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		if (recv(sock, &m, sizeof(m), 0) < 0)
			return -errno;
		if (m.n.nlmsg_type == NLMSG_DONE)
			return n;
		n += m.n.nlmsg_type == AUDIT_LIST_RULES;
	}
}

FIXTURE(audit)
{
	int sock;
	int rules;
};

FIXTURE_SETUP(audit)
{
	int sock;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	sock = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT));
	if (sock == -EPROTONOSUPPORT)
		SKIP(return, "no audit");
	self->sock = sock;
	self->rules = sock < 0 ? sock : rules(sock);
	if (self->rules == -EINVAL || self->rules == -EOPNOTSUPP)
		SKIP(return, "no audit of system calls");
	ASSERT_LE(0, self->rules);
	ASSERT_TRUE(!mkdir(DIRECTORY, 0700) || errno == EEXIST);
}

FIXTURE_TEARDOWN(audit)
{
	rmdir(DIRECTORY);
	close(self->sock);
}

TEST_F(audit, rules)
{
	static const struct {
		int field;
		const char *path;	/* one that is there */
	} kinds[] = {
		{ AUDIT_WATCH, DIRECTORY "/file" },
		{ AUDIT_DIR, DIRECTORY },
		{ AUDIT_EXE, DIRECTORY "/file" },
	};
	struct request r = { .sock = self->sock };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		r.type = AUDIT_ADD_RULE;
		r.field = kinds[i].field;
		r.path = kinds[i].path;
		EXPECT_EQ(-ECAPMODE, capmode_run(request, &r));
		r.path = NOTHING "/file";
		EXPECT_EQ(-ECAPMODE, capmode_run(request, &r));
		EXPECT_EQ(-ENOENT, in_child(request, &r));
		EXPECT_EQ(self->rules, rules(self->sock));
		r.path = kinds[i].path;
		EXPECT_EQ(0, in_child(request, &r));
		EXPECT_EQ(self->rules + 1, rules(self->sock));
		r.type = AUDIT_DEL_RULE;
		EXPECT_EQ(0, in_child(request, &r));
		EXPECT_EQ(self->rules, rules(self->sock));
	}
}

/* What is there is looked for anew: that it is not found takes no rule away. */
TEST_F(audit, trim)
{
	struct request trim = { .sock = self->sock, .type = AUDIT_TRIM };
	struct request r = {
		.sock = self->sock,
		.type = AUDIT_ADD_RULE,
		.field = AUDIT_DIR,
		.path = DIRECTORY,
	};

	ASSERT_EQ(0, in_child(request, &r));
	EXPECT_BOTH(request, &trim);
	EXPECT_EQ(self->rules + 1, rules(self->sock));
	r.type = AUDIT_DEL_RULE;
	EXPECT_EQ(0, in_child(request, &r));
}

/* Two trees that are to be one. */
TEST_F(audit, equivalent)
{
	struct request r = {
		.sock = self->sock,
		.type = AUDIT_MAKE_EQUIV,
		.path = DIRECTORY,
	};

	EXPECT_ECAPMODE(request, &r);
	r.path = NOTHING;
	EXPECT_EQ(-ENOENT, in_child(request, &r));
	EXPECT_EQ(-ECAPMODE, capmode_run(request, &r));
}

TEST_HARNESS_MAIN
