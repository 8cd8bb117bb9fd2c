// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups stay beneath by whichever gate they come: the calls of i386 and of
 * x32, made by an ordinary program.
 */
#include "outward.h"

static enum gate gate;

/* What pointers of 32 bits reach: two paths, and room for what is answered. */
static char *low;

#define LOW_ANSWER	2048
#define LOW_HOW		3072

static long low_path(int slot, const char *path)
{
	if (!low)
		abort();
	return (long)memcpy(low + slot * 1024, path, strlen(path) + 1);
}

#define PATH(path)	low_path(0, path)
#define PATH2(path)	low_path(1, path)
#define ANSWER		((long)(low + LOW_ANSWER))

/* @nr_x32: that of x86_64, too. */
static int by_gate(int nr_i386, int nr_x32, long a, long b, long c, long d,
		   long e)
{
	return call_by_gate(gate, -1, nr_i386, nr_x32, a, b, c, d, e);
}

static long how(int flags)
{
	struct open_how *h = (struct open_how *)(low + LOW_HOW);

	*h = (struct open_how){ .flags = flags };
	return (long)h;
}

static long handle(void)
{
	struct file_handle *h = (struct file_handle *)(low + LOW_ANSWER);

	h->handle_bytes = MAX_HANDLE_SZ;
	return (long)h;
}

AT_CALL(gate_open, at_done(by_gate(295, 257, dir, PATH(path), O_RDONLY | flags,
				   0, 0)))
AT_CALL(gate_open_path, at_done(by_gate(295, 257, dir, PATH(path),
					O_PATH | flags, 0, 0)))
AT_CALL(gate_openat2, at_done(by_gate(437, 437, dir, PATH(path), how(O_RDONLY),
				      sizeof(struct open_how), 0)))
AT_CALL(gate_fstatat, by_gate(300, 262, dir, PATH(path), ANSWER, flags, 0))
AT_CALL(gate_statx, by_gate(383, 332, dir, PATH(path), flags,
			    STATX_BASIC_STATS, ANSWER))
AT_CALL(gate_faccessat, by_gate(307, 269, dir, PATH(path), R_OK, 0, 0))
AT_CALL(gate_faccessat2, by_gate(439, 439, dir, PATH(path), R_OK, flags, 0))
AT_CALL(gate_fchmodat, by_gate(306, 268, dir, PATH(path), 0710, 0, 0))
AT_CALL(gate_fchmodat2, by_gate(452, 452, dir, PATH(path), 0710, flags, 0))
AT_CALL(gate_fchownat, by_gate(298, 260, dir, PATH(path), getuid(), getgid(),
			       flags))
AT_CALL(gate_utimensat, by_gate(320, 280, dir, PATH(path), 0, flags, 0))
AT_CALL(gate_utimensat_time64, by_gate(412, 280, dir, PATH(path), 0, flags, 0))
AT_CALL(gate_futimesat, by_gate(299, 261, dir, PATH(path), 0, 0, 0))
AT_CALL(gate_handle, by_gate(341, 303, dir, PATH(path), handle(),
			     (long)(low + LOW_HOW), flags | AT_SYMLINK_FOLLOW))
AT_CALL(gate_link_source, by_gate(303, 265, dir, PATH(path), t->box,
				  PATH2("new"), flags | AT_SYMLINK_FOLLOW))

AT_CALL(gate_unlink, by_gate(301, 263, dir, PATH(path), flags, 0, 0))
AT_CALL(gate_rename_source, by_gate(302, 264, dir, PATH(path), t->box,
				    PATH2("new"), 0))
AT_CALL(gate_exchange, by_gate(353, 316, dir, PATH(path), t->box, PATH2("file"),
			       RENAME_EXCHANGE))
AT_CALL(gate_rename_over, by_gate(302, 264, t->box, PATH2("file"), dir,
				  PATH(path), 0))

AT_CALL(gate_creat, at_done(by_gate(295, 257, dir, PATH(path),
				    O_CREAT | O_WRONLY | flags, 0600, 0)))
AT_CALL(gate_mkdir, by_gate(296, 258, dir, PATH(path), 0700, 0, 0))
AT_CALL(gate_mknod, by_gate(297, 259, dir, PATH(path), S_IFIFO | 0600, 0, 0))
AT_CALL(gate_symlink, by_gate(304, 266, PATH2("x"), dir, PATH(path), 0, 0))
AT_CALL(gate_link_target, by_gate(303, 265, t->box, PATH2("file"), dir,
				  PATH(path), flags))
AT_CALL(gate_rename_target, by_gate(353, 316, t->box, PATH2("file"), dir,
				    PATH(path), 0))

static const struct at_call gate_existing[] = {
	{ "openat", at_gate_open },
	{ "openat(O_PATH)", at_gate_open_path },
	{ "openat2", at_gate_openat2 },
	{ "fstatat", at_gate_fstatat },
	{ "statx", at_gate_statx },
	{ "faccessat", at_gate_faccessat },
	{ "faccessat2", at_gate_faccessat2 },
	{ "fchmodat", at_gate_fchmodat },
	{ "fchmodat2", at_gate_fchmodat2 },
	{ "fchownat", at_gate_fchownat },
	{ "utimensat", at_gate_utimensat },
	{ "utimensat_time64", at_gate_utimensat_time64 },
	{ "futimesat", at_gate_futimesat },
	{ "name_to_handle_at", at_gate_handle },
	{ "linkat, source", at_gate_link_source },
};

static const struct at_call gate_entry[] = {
	{ "unlinkat", at_gate_unlink },
	{ "renameat, source", at_gate_rename_source },
	{ "renameat, target", at_gate_rename_over },
	{ "renameat2(RENAME_EXCHANGE)", at_gate_exchange },
};

static const struct at_call gate_new[] = {
	{ "openat(O_CREAT)", at_gate_creat },
	{ "mkdirat", at_gate_mkdir },
	{ "mknodat", at_gate_mknod },
	{ "symlinkat", at_gate_symlink },
	{ "linkat, target", at_gate_link_target },
	{ "renameat2, target", at_gate_rename_target },
};

FIXTURE(gates)
{
	struct tree tree;
	int dir;
};

FIXTURE_VARIANT(gates)
{
	enum gate gate;
	bool mode;
};

FIXTURE_VARIANT_ADD(gates, int80_capability) {
	.gate = GATE_INT80,
};

FIXTURE_VARIANT_ADD(gates, int80_mode) {
	.gate = GATE_INT80,
	.mode = true,
};

FIXTURE_VARIANT_ADD(gates, x32_capability) {
	.gate = GATE_X32,
};

FIXTURE_VARIANT_ADD(gates, x32_mode) {
	.gate = GATE_X32,
	.mode = true,
};

FIXTURE_SETUP(gates)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	gate = variant->gate;
	if (!have_gate(gate))
		SKIP(return, "no such gate from here");
	low = low_page();
	ASSERT_TRUE(!!low);
	ASSERT_EQ(0, tree_make(&self->tree));
	self->dir = variant->mode ? dup(self->tree.box) :
				    limit_barely(self->tree.box);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(gates)
{
	close(self->dir);
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(0, tree_drop(&self->tree));
}

static void try_calls(struct __test_metadata *_metadata, struct tree *t, int dir,
		      bool mode, const struct at_call *calls, size_t n,
		      const char *last, bool changes)
{
	char path[64];
	struct calling c = { .tree = t, .dir = dir, .path = path };
	size_t i;

	snprintf(path, sizeof(path), "a/../indir/%s", last);
	for (i = 0; i < n; i++) {
		outward(_metadata, t, dir, mode, &calls[i], last,
			changes || calls[i].call == at_gate_link_source);
		ASSERT_EQ(0, tree_fill(t));
		c.call = &calls[i];
		EXPECT_EQ(0, mode ? capmode_run(make_call, &c) :
				    in_child(make_call, &c))
			TH_LOG("%s inside", calls[i].name);
	}
	if (!mode)
		return;
	ASSERT_EQ(0, fchdir(t->box));
	cwd_calls(_metadata, t, calls, n, last);
}

#define TRY_CALLS(table, last, changes)					\
	try_calls(_metadata, &self->tree, self->dir, variant->mode, table, \
		  ARRAY_SIZE(table), last, changes)

TEST_F(gates, existing)
{
	TRY_CALLS(gate_existing, "file", false);
}

TEST_F(gates, entry)
{
	TRY_CALLS(gate_entry, "file", true);
}

TEST_F(gates, new)
{
	TRY_CALLS(gate_new, "new", true);
}

TEST_HARNESS_MAIN
