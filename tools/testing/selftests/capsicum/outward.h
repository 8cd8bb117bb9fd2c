/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-tests of path look-ups: calls that try to get out of box/.
 */
#ifndef _SELFTESTS_CAPSICUM_OUTWARD_H
#define _SELFTESTS_CAPSICUM_OUTWARD_H

#include "paths.h"

struct calling {
	const struct tree *tree;
	const struct at_call *call;
	int dir;
	const char *path;
	int flags;
};

static inline int make_call(void *arg)
{
	const struct calling *c = arg;

	return c->call->call(c->tree, c->dir, c->path, c->flags);
}

/* Ways to out/. */
static const char * const outward_ways[] = {
	"../out", "a/../../out", "a/b/../../../out", "outdir", "outdir/.",
	"updir/out", "a/b/top/../out", "absout", "absdir/../out", "@/out",
	"indir/../../../out/../out",
};

#define OUTWARD_WAYS	ARRAY_SIZE(outward_ways)

struct outward {
	const struct tree *tree;
	const struct at_call *call;
	int dir;
	char path[OUTWARD_WAYS][PATH_MAX];
	int *ret;	/* of each, shared with the child that goes them */
};

static inline int go_outward(void *arg)
{
	const struct outward *o = arg;
	size_t i;

	for (i = 0; i < OUTWARD_WAYS; i++)
		o->ret[i] = o->call->call(o->tree, o->dir, o->path[i], 0);
	return 0;
}

/*
 * What is in out/: to be refused from @dir without a trace, while an
 * ordinary directory takes them. @changes: whoever comes second finds another
 * tree.
 */
static inline void outward(struct __test_metadata *_metadata, struct tree *t,
			   int dir, bool mode, const struct at_call *call,
			   const char *last, bool changes)
{
	struct outward o = { .tree = t, .call = call, .dir = dir };
	uint64_t before;
	size_t i;

	o.ret = mmap(NULL, OUTWARD_WAYS * sizeof(*o.ret), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(o.ret != MAP_FAILED);
	for (i = 0; i < OUTWARD_WAYS; i++) {
		const char *w = outward_ways[i];

		snprintf(o.path[i], PATH_MAX, "%s%s/%s",
			 *w == '@' ? t->path : "", *w == '@' ? w + 1 : w, last);
	}
	ASSERT_EQ(0, tree_fill(t));
	before = tree_state(t->base);
	EXPECT_EQ(0, mode ? capmode_run(go_outward, &o) :
			    in_child(go_outward, &o));
	EXPECT_EQ(before, tree_state(t->base))
		TH_LOG("%s left a trace", call->name);
	for (i = 0; i < OUTWARD_WAYS; i++) {
		EXPECT_EQ(-ENOTCAPABLE, o.ret[i])
			TH_LOG("%s of \"%s\"", call->name, o.path[i]);
		if (changes)
			ASSERT_EQ(0, tree_fill(t));
		EXPECT_EQ(0, call->call(t, t->box, o.path[i], 0))
			TH_LOG("%s of \"%s\", unlimited", call->name, o.path[i]);
	}
	munmap(o.ret, OUTWARD_WAYS * sizeof(*o.ret));
}

/* From the working directory, which is box/: to be refused in the mode. */
static inline void cwd_calls(struct __test_metadata *_metadata, struct tree *t,
			     const struct at_call *calls, size_t n,
			     const char *last)
{
	struct calling c = { .tree = t, .dir = AT_FDCWD };
	static const char * const ways[] = {
		"%s", "a/../%s", "../box/%s", "@/box/%s",
	};
	char way[PATH_MAX], path[PATH_MAX];
	uint64_t before;
	size_t i, w;

	for (i = 0; i < n; i++) {
		c.call = &calls[i];
		c.path = path;
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			const char *p = ways[w];

			snprintf(way, sizeof(way), "%s%s",
				 *p == '@' ? t->path : "",
				 *p == '@' ? p + 1 : p);
			snprintf(path, sizeof(path), way, last);
			ASSERT_EQ(0, tree_fill(t));
			before = tree_state(t->base);
			EXPECT_EQ(-ECAPMODE, capmode_run(make_call, &c))
				TH_LOG("%s of \"%s\"", calls[i].name, path);
			EXPECT_EQ(before, tree_state(t->base))
				TH_LOG("%s left a trace", calls[i].name);
			EXPECT_EQ(0, in_child(make_call, &c))
				TH_LOG("%s of \"%s\", outside", calls[i].name,
				       path);
		}
		/* Whether there is such a thing makes no difference. */
		snprintf(path, sizeof(path), "no/such/thing");
		EXPECT_EQ(-ECAPMODE, capmode_run(make_call, &c))
			TH_LOG("%s", calls[i].name);
	}
}

#endif /* _SELFTESTS_CAPSICUM_OUTWARD_H */
