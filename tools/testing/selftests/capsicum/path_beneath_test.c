// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups stay beneath the directory that they start at: in capability mode,
 * and from a directory that is a capability in any mode.
 */
#include "outward.h"

#include <sys/xattr.h>

/* ---- walks ---- */

/**
 * struct walk - a path, looked up from box/
 * @path: The path; a "@" in front stands for the path of the tree.
 * @is: What it comes to when nothing is in the way, from the top of the tree;
 *	NULL if that is not to be told.
 * @err: What becomes of it when it has to stay beneath: 0 or -errno.
 */
struct walk {
	const char *path;
	const char *is;
	int err;
};

static const struct walk walks[] = {
	/* Inside. */
	{ "file", "box/file" },
	{ "./file", "box/file" },
	{ ".//.///file", "box/file" },
	{ "a/../file", "box/file" },
	{ "a/b/../../file", "box/file" },
	{ "a/b/../b/file", "box/a/b/file" },
	{ "a//b///file", "box/a/b/file" },
	{ "a/./b/./file", "box/a/b/file" },
	{ "a/b/../../a/b/../../a/b/file", "box/a/b/file" },
	{ "a", "box/a" },
	{ "a/", "box/a" },
	{ "a/b/", "box/a/b" },
	{ "a/b/.", "box/a/b" },
	{ "a/b/..", "box/a" },
	{ "a/b/../", "box/a" },
	{ ".", "box" },
	{ "./", "box" },
	{ "./.", "box" },
	{ "a/..", "box" },
	{ "a/../", "box" },
	{ "a/b/../..", "box" },
	{ "a/b/../../.", "box" },
	/* ... by way of links. */
	{ "in", "box/file" },
	{ "updown", "box/file" },
	{ "a/inner", "box/file" },
	{ "chain", "box/file" },
	{ "indir", "box/a/b" },
	{ "indir/", "box/a/b" },
	{ "indir/file", "box/a/b/file" },
	{ "indir/..", "box/a" },
	{ "indir/../../file", "box/file" },
	{ "here", "box" },
	{ "here/here/here/file", "box/file" },
	{ "here/a/../file", "box/file" },
	{ "a/b/top", "box" },
	{ "a/b/top/file", "box/file" },
	{ "a/b/top/a/b/top/in", "box/file" },
	/* ... by way of a mount. */
	{ "mnt", "box/mnt" },
	{ "mnt/", "box/mnt" },
	{ "mnt/file", "box/mnt/file" },
	{ "mnt/sub/../file", "box/mnt/file" },
	{ "mnt/..", "box" },
	{ "mnt/../file", "box/file" },
	{ "mnt/sub/../../file", "box/file" },
	{ "mnt/in", "box/file" },
	{ "mnt/bind/file", "box/a/b/file" },
	{ "mnt/bind/..", "box/mnt" },
	{ "mnt/bind/../../file", "box/file" },
	/* Nowhere, as ever. */
	{ "", NULL, -ENOENT },
	{ "nothing", NULL, -ENOENT },
	{ "a/nothing", NULL, -ENOENT },
	{ "nothing/..", NULL, -ENOENT },
	{ "nothing/../..", NULL, -ENOENT },
	{ "file/", NULL, -ENOTDIR },
	{ "file/..", NULL, -ENOTDIR },
	{ "in/.", NULL, -ENOTDIR },
	{ "loop", NULL, -ELOOP },
	{ "loop/..", NULL, -ELOOP },
	/* Outside: "..". */
	{ "..", "", -ENOTCAPABLE },
	{ "../", "", -ENOTCAPABLE },
	{ "../.", "", -ENOTCAPABLE },
	{ "./..", "", -ENOTCAPABLE },
	{ "../secret", "secret", -ENOTCAPABLE },
	{ "../out/file", "out/file", -ENOTCAPABLE },
	{ "../box", "box", -ENOTCAPABLE },
	{ "../box/file", "box/file", -ENOTCAPABLE },
	{ "../box/a/../file", "box/file", -ENOTCAPABLE },
	{ "a/../..", "", -ENOTCAPABLE },
	{ "a/../../secret", "secret", -ENOTCAPABLE },
	{ "a/../../box/file", "box/file", -ENOTCAPABLE },
	{ "a/b/../../../secret", "secret", -ENOTCAPABLE },
	{ "a/b/../../../box/a/b/file", "box/a/b/file", -ENOTCAPABLE },
	{ "indir/../../../secret", "secret", -ENOTCAPABLE },
	{ "here/..", "", -ENOTCAPABLE },
	{ "a/b/top/../secret", "secret", -ENOTCAPABLE },
	{ "mnt/../..", "", -ENOTCAPABLE },
	{ "mnt/../../secret", "secret", -ENOTCAPABLE },
	{ "mnt/sub/../../../secret", "secret", -ENOTCAPABLE },
	{ "mnt/bind/../../../secret", "secret", -ENOTCAPABLE },
	/* It does not even tell what is there. */
	{ "../nothing", NULL, -ENOTCAPABLE },
	{ "../secret/", NULL, -ENOTCAPABLE },
	{ "../nothing/file", NULL, -ENOTCAPABLE },
	/* Outside: links. */
	{ "up", "secret", -ENOTCAPABLE },
	{ "a/up", "secret", -ENOTCAPABLE },
	{ "upchain", "secret", -ENOTCAPABLE },
	{ "updir", "", -ENOTCAPABLE },
	{ "updir/", "", -ENOTCAPABLE },
	{ "updir/secret", "secret", -ENOTCAPABLE },
	{ "updir/box/file", "box/file", -ENOTCAPABLE },
	{ "outdir", "out", -ENOTCAPABLE },
	{ "outdir/file", "out/file", -ENOTCAPABLE },
	{ "outdir/../box/file", "box/file", -ENOTCAPABLE },
	{ "back", "box/file", -ENOTCAPABLE },
	{ "dangling", NULL, -ENOTCAPABLE },
	{ "mnt/up", "secret", -ENOTCAPABLE },
	{ "abs", "box/file", -ENOTCAPABLE },
	{ "absdir", "box", -ENOTCAPABLE },
	{ "absdir/file", "box/file", -ENOTCAPABLE },
	{ "absdir/../secret", "secret", -ENOTCAPABLE },
	{ "absout/file", "out/file", -ENOTCAPABLE },
	{ "a/../abs", "box/file", -ENOTCAPABLE },
	{ "root", "/", -ENOTCAPABLE },
	{ "root/", "/", -ENOTCAPABLE },
	/* Outside: from the root. */
	{ "/", "/", -ENOTCAPABLE },
	{ "//", "/", -ENOTCAPABLE },
	{ "/.", "/", -ENOTCAPABLE },
	{ "/..", "/", -ENOTCAPABLE },
	{ "@", "", -ENOTCAPABLE },
	{ "@/box", "box", -ENOTCAPABLE },
	{ "@/box/file", "box/file", -ENOTCAPABLE },
	{ "@/secret", "secret", -ENOTCAPABLE },
	{ "/no/such/thing", NULL, -ENOTCAPABLE },
};

#define NR_WALKS	ARRAY_SIZE(walks)

static const struct {
	const char *name;
	find_fn find;
} finds[] = {
	{ "openat", find_open },
	{ "openat(O_PATH)", find_path },
	{ "openat(O_BENEATH)", find_beneath },
	{ "openat2", find_openat2 },
	{ "fstatat", find_stat },
	{ "statx", find_statx },
};

FIXTURE(beneath)
{
	struct tree tree;
	int dir;
	bool mounts;
	int *results;
};

FIXTURE_VARIANT(beneath)
{
	bool mode;	/* in capability mode */
	bool capability; /* from a capability */
};

FIXTURE_VARIANT_ADD(beneath, capability) {
	.capability = true,
};

FIXTURE_VARIANT_ADD(beneath, mode) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(beneath, capability_and_mode) {
	.mode = true,
	.capability = true,
};

/* Mounts in box/mnt/: a file system, and box/a/b again on its bind/. */
static int make_mounts(struct tree *t)
{
	char mnt[PATH_MAX], bind[PATH_MAX], from[PATH_MAX];

	snprintf(mnt, sizeof(mnt), "%s/box/mnt", t->path);
	snprintf(bind, sizeof(bind), "%s/box/mnt/bind", t->path);
	snprintf(from, sizeof(from), "%s/box/a/b", t->path);
	if (mount("none", mnt, "tmpfs", 0, NULL) ||
	    mkdirat(t->box, "mnt/sub", 0700) ||
	    mkdirat(t->box, "mnt/bind", 0700) ||
	    symlinkat("../file", t->box, "mnt/in") ||
	    symlinkat("../../secret", t->box, "mnt/up") ||
	    mount(from, bind, NULL, MS_BIND, NULL))
		return -errno;
	return tree_put(t->box, "mnt/file", "m");
}

FIXTURE_SETUP(beneath)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	/* First of all: what is opened is opened in this name space. */
	self->mounts = may_mount();
	ASSERT_EQ(0, tree_make(&self->tree));
	self->dir = variant->capability ? limit_barely(self->tree.box) :
					  dup(self->tree.box);
	ASSERT_LE(0, self->dir);
	self->results = mmap(NULL, NR_WALKS * sizeof(int),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_FALSE(self->results == MAP_FAILED);
	if (self->mounts)
		ASSERT_EQ(0, make_mounts(&self->tree));
}

FIXTURE_TEARDOWN(beneath)
{
	char mnt[PATH_MAX];

	if (self->mounts) {
		snprintf(mnt, sizeof(mnt), "%s/box/mnt", self->tree.path);
		EXPECT_EQ(0, umount2(mnt, MNT_DETACH));
	}
	close(self->dir);
	EXPECT_EQ(0, tree_drop(&self->tree));
}

/* Some of the tests are about one way in, whatever the fixture's. */
#define run(fn, arg) \
	(variant->mode ? capmode_run(fn, arg) : in_child(fn, arg))

struct walking {
	find_fn find;
	int dir;
	const struct tree *tree;
	int *results;
};

static int walk_all(void *arg)
{
	const struct walking *w = arg;
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < NR_WALKS; i++) {
		const char *p = walks[i].path, *is = walks[i].is;

		snprintf(path, sizeof(path), "%s%s",
			 *p == '@' ? w->tree->path : "", *p == '@' ? p + 1 : p);
		/* In the mode only what is found inside can be compared. */
		if (is && strncmp(is, "box", 3) && capmode_get() == 1)
			is = NULL;
		w->results[i] = find_is(w->find, w->dir, path, w->tree->base,
					is && !*is ? "." : is);
	}
	return 0;
}

TEST_F(beneath, walks)
{
	struct walking w = {
		.tree = &self->tree,
		.results = self->results,
	};
	size_t f, i;

	for (f = 0; f < ARRAY_SIZE(finds); f++) {
		w.find = finds[f].find;
		w.dir = self->dir;
		ASSERT_EQ(0, run(walk_all, &w));
		for (i = 0; i < NR_WALKS; i++) {
			if (strstr(walks[i].path, "mnt/") && !self->mounts)
				continue;
			EXPECT_EQ(walks[i].err, self->results[i])
				TH_LOG("%s of \"%s\"", finds[f].name,
				       walks[i].path);
		}
		/* The other side: an ordinary directory, outside. */
		if (w.find == find_beneath)
			continue;
		w.dir = self->tree.box;
		ASSERT_EQ(0, in_child(walk_all, &w));
		for (i = 0; i < NR_WALKS; i++) {
			if (strstr(walks[i].path, "mnt/") && !self->mounts)
				continue;
			EXPECT_EQ(!!walks[i].is, !self->results[i])
				TH_LOG("%s of \"%s\", unlimited: %d",
				       finds[f].name, walks[i].path,
				       self->results[i]);
		}
	}
}

/*
 * A look-up that a file system makes of its own, in the middle of ours, is not
 * the process's: an overlay finds its data by a path from the root of a layer.
 */
static int read_overlay(void *arg)
{
	const int *dir = arg;
	int fd = RET(openat(*dir, "sub/../file", O_RDONLY));
	char c = 0;

	if (fd < 0)
		return fd;
	STEP(read(fd, &c, 1) == 1);
	return c;
}

TEST_F(beneath, overlay)
{
	struct tree *t = &self->tree;
	char options[PATH_MAX], mnt[PATH_MAX];
	int fd, dir, start;

	if (!self->mounts)
		SKIP(return, "may not mount");
	ASSERT_EQ(0, mkdirat(t->base, "layer", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "layer/dir", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "layer/dir/sub", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "data", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "data/deep", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "merged", 0700));
	ASSERT_EQ(0, tree_put(t->base, "data/deep/data", "v"));
	ASSERT_EQ(0, tree_put(t->base, "layer/dir/file", "-"));
	fd = openat(t->base, "layer/dir/file", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	if (fsetxattr(fd, "trusted.overlay.metacopy", "", 0, 0) ||
	    fsetxattr(fd, "trusted.overlay.redirect", "/deep/data", 10, 0))
		SKIP(return, "no extended attributes here");
	close(fd);
	snprintf(options, sizeof(options),
		 "metacopy=on,lowerdir=%s/layer::%s/data", t->path, t->path);
	snprintf(mnt, sizeof(mnt), "%s/merged", t->path);
	if (mount("none", mnt, "overlay", MS_RDONLY, options))
		SKIP(return, "no overlay with layers of data");
	start = openat(t->base, "merged/dir", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, start);
	dir = variant->capability ? limit_barely(start) : dup(start);
	ASSERT_LE(0, dir);
	/* The first to open it looks it up. */
	EXPECT_EQ('v', run(read_overlay, &dir));
	EXPECT_EQ('v', in_child(read_overlay, &start));
	close(dir);
	close(start);
	EXPECT_EQ(0, umount2(mnt, MNT_DETACH));
}

/* ---- every call ---- */

/* The same with a mount in the way is not possible: tree_fill() empties it. */
FIXTURE(calls)
{
	struct tree tree;
	int dir;
};

FIXTURE_VARIANT(calls)
{
	bool mode;
	bool capability;
};

FIXTURE_VARIANT_ADD(calls, capability) {
	.capability = true,
};

FIXTURE_VARIANT_ADD(calls, mode) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(calls, capability_and_mode) {
	.mode = true,
	.capability = true,
};

FIXTURE_SETUP(calls)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	self->dir = variant->capability ? limit_barely(self->tree.box) :
					  dup(self->tree.box);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(calls)
{
	close(self->dir);
	EXPECT_EQ(0, tree_drop(&self->tree));
}

#define CALL(c, d, p, f)						\
	run(make_call, (&(struct calling){ .tree = &self->tree,		\
		.call = (c), .dir = (d), .path = (p), .flags = (f) }))

TEST_F(calls, existing)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_existing); i++)
		outward(_metadata, &self->tree, self->dir, variant->mode,
			&at_existing[i], "file",
			at_existing[i].call == at_link_source);
}

/* With flags of their own, which change nothing about where they may go. */
static int at_handle_as(int dir, const char *path, int flags)
{
	struct {
		struct file_handle h;
		char buf[MAX_HANDLE_SZ];
	} u = { .h.handle_bytes = MAX_HANDLE_SZ };
	uint64_t mnt = 0;
	int err = RET(name_to_handle_at(dir, path, &u.h, (int *)&mnt,
					flags | AT_SYMLINK_FOLLOW));

	/* Those that are unique begin where the others end. */
	if (!err && flags & AT_HANDLE_MNT_ID_UNIQUE && mnt <= INT_MAX)
		return WRONG;
	return err;
}

AT_CALL(fstatat_there, at_fstatat(t, dir, path, flags | AT_NO_AUTOMOUNT))
AT_CALL(statx_there, at_statx(t, dir, path, flags | AT_NO_AUTOMOUNT))
AT_CALL(handle_fid, at_handle_as(dir, path, flags | AT_HANDLE_FID))
AT_CALL(handle_unique, at_handle_as(dir, path,
				    flags | AT_HANDLE_MNT_ID_UNIQUE))
AT_CALL(handle_both, at_handle_as(dir, path, flags | AT_HANDLE_FID |
						AT_HANDLE_MNT_ID_UNIQUE))

static const struct at_call at_flagged[] = {
	{ "fstatat(AT_NO_AUTOMOUNT)", at_fstatat_there },
	{ "statx(AT_NO_AUTOMOUNT)", at_statx_there },
	{ "name_to_handle_at(AT_HANDLE_FID)", at_handle_fid },
	{ "name_to_handle_at(AT_HANDLE_MNT_ID_UNIQUE)", at_handle_unique },
	{ "name_to_handle_at(both)", at_handle_both },
};

TEST_F(calls, flagged)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_flagged); i++) {
		outward(_metadata, &self->tree, self->dir, variant->mode,
			&at_flagged[i], "file", false);
		EXPECT_EQ(0, CALL(&at_flagged[i], self->dir, "a/../in", 0))
			TH_LOG("%s", at_flagged[i].name);
		EXPECT_EQ(0, CALL(&at_flagged[i], self->dir, "", AT_EMPTY_PATH))
			TH_LOG("%s", at_flagged[i].name);
	}
}

TEST_F(calls, entry)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_entry); i++)
		outward(_metadata, &self->tree, self->dir, variant->mode,
			&at_entry[i], "file", true);
}

TEST_F(calls, new)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_new); i++)
		outward(_metadata, &self->tree, self->dir, variant->mode,
			&at_new[i], "new", true);
}

TEST_F(calls, tmpfile)
{
	static const struct at_call call = { "openat(O_TMPFILE)", at_tmpfile };

	outward(_metadata, &self->tree, self->dir, variant->mode, &call, ".",
		false);
	EXPECT_EQ(0, CALL(&call, self->dir, "a/../indir", 0));
	EXPECT_EQ(0, CALL(&call, self->dir, ".", 0));
}

/* Everything works inside, with "..", links and all. */
TEST_F(calls, inside)
{
	static const char * const ways[] = {
		"a/b", "a/../a/b", "indir", "here/a/b", "a/b/top/a//b/.",
	};
	char path[PATH_MAX];
	size_t i, w;

	for (w = 0; w < ARRAY_SIZE(ways); w++) {
		snprintf(path, sizeof(path), "%s/file", ways[w]);
		ASSERT_EQ(0, tree_fill(&self->tree));
		for (i = 0; i < ARRAY_SIZE(at_existing); i++) {
			EXPECT_EQ(0, CALL(&at_existing[i], self->dir, path, 0))
				TH_LOG("%s of \"%s\"", at_existing[i].name,
				       path);
		}
		for (i = 0; i < ARRAY_SIZE(at_entry); i++) {
			ASSERT_EQ(0, tree_fill(&self->tree));
			EXPECT_EQ(0, CALL(&at_entry[i], self->dir, path, 0))
				TH_LOG("%s of \"%s\"", at_entry[i].name, path);
		}
		snprintf(path, sizeof(path), "%s/new", ways[w]);
		for (i = 0; i < ARRAY_SIZE(at_new); i++) {
			struct stat st;

			ASSERT_EQ(0, tree_fill(&self->tree));
			EXPECT_EQ(0, CALL(&at_new[i], self->dir, path, 0))
				TH_LOG("%s of \"%s\"", at_new[i].name, path);
			EXPECT_EQ(0, fstatat(self->tree.box, "a/b/new", &st,
					     AT_SYMLINK_NOFOLLOW))
				TH_LOG("%s of \"%s\" made nothing",
				       at_new[i].name, path);
		}
	}
}

/* Through a last link that leaves: nothing is followed, nothing is made. */
TEST_F(calls, last_link)
{
	static const char * const links[] = {
		"up", "a/up", "upchain", "back", "abs",
	};
	uint64_t before;
	size_t i, l;

	before = tree_state(self->tree.base);
	for (l = 0; l < ARRAY_SIZE(links); l++) {
		for (i = 0; i < ARRAY_SIZE(at_existing); i++) {
			EXPECT_EQ(-ENOTCAPABLE,
				  CALL(&at_existing[i], self->dir, links[l], 0))
				TH_LOG("%s of \"%s\"", at_existing[i].name,
				       links[l]);
		}
		EXPECT_EQ(-ENOTCAPABLE,
			  CALL(&((struct at_call){ .call = at_creat }),
			       self->dir, links[l], 0));
	}
	EXPECT_EQ(-ENOTCAPABLE, CALL(&((struct at_call){ .call = at_creat }),
				     self->dir, "dangling", 0));
	EXPECT_EQ(-ENOTCAPABLE, CALL(&((struct at_call){ .call = at_open }),
				     self->dir, "dangling", 0));
	EXPECT_EQ(before, tree_state(self->tree.base));

	/* What makes an entry does not follow: there is one. */
	for (i = 0; i < ARRAY_SIZE(at_new); i++) {
		if (at_new[i].call == at_creat ||
		    at_new[i].call == at_rename_target)
			continue;
		EXPECT_EQ(-EEXIST, CALL(&at_new[i], self->dir, "dangling", 0))
			TH_LOG("%s", at_new[i].name);
		EXPECT_EQ(-EEXIST, CALL(&at_new[i], self->dir, "up", 0))
			TH_LOG("%s", at_new[i].name);
	}
	EXPECT_EQ(before, tree_state(self->tree.base));

	/* The link itself is inside, and goes. */
	for (i = 0; i < ARRAY_SIZE(at_entry); i++) {
		ASSERT_EQ(0, tree_fill(&self->tree));
		EXPECT_EQ(0, CALL(&at_entry[i], self->dir, "up", 0))
			TH_LOG("%s", at_entry[i].name);
		EXPECT_EQ(0, faccessat(self->tree.base, "secret", F_OK, 0));
	}
}

/* ---- links that are not followed ---- */

struct nofollow {
	const struct tree *t;
	int dir;
};

static int look_at_links(void *arg)
{
	const struct nofollow *n = arg;
	char buf[PATH_MAX];
	struct statx stx;
	struct stat st;
	int fd;

	STEP(readlinkat(n->dir, "up", buf, sizeof(buf)) == 9);
	STEP(!memcmp(buf, "../secret", 9));
	STEP(readlinkat(n->dir, "root", buf, sizeof(buf)) == 1);
	STEP(readlinkat(n->dir, "a/up", buf, sizeof(buf)) == 12);
	STEP(!fstatat(n->dir, "abs", &st, AT_SYMLINK_NOFOLLOW));
	STEP(S_ISLNK(st.st_mode));
	STEP(!statx(n->dir, "updir", AT_SYMLINK_NOFOLLOW, STATX_MODE, &stx));
	STEP(S_ISLNK(stx.stx_mode));
	fd = openat(n->dir, "outdir", O_PATH | O_NOFOLLOW);
	STEP(fd >= 0);
	STEP(!fstat(fd, &st) && S_ISLNK(st.st_mode));
	/* An O_PATH descriptor of a link is no way to follow it. */
	STEP(RET(openat(fd, "file", O_RDONLY)) == -ENOTDIR);
	STEP(RET(openat(fd, ".", O_RDONLY)) == -ENOTDIR);
	STEP(readlinkat(fd, "", buf, sizeof(buf)) == 6);
	STEP(!fchownat(n->dir, "up", getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
	STEP(!utimensat(n->dir, "up", NULL, AT_SYMLINK_NOFOLLOW));
	STEP(!linkat(n->dir, "up", n->dir, "uplink", 0));
	STEP(!renameat(n->dir, "uplink", n->dir, "a/uplink"));
	STEP(!unlinkat(n->dir, "a/uplink", 0));
	STEP(RET(openat(n->dir, "up", O_RDONLY | O_NOFOLLOW)) == -ELOOP);
	/* Further on the way, or with a slash, it is to be followed. */
	STEP(RET(fstatat(n->dir, "updir/", &st, AT_SYMLINK_NOFOLLOW)) ==
	     -ENOTCAPABLE);
	STEP(RET(fstatat(n->dir, "updir/.", &st, AT_SYMLINK_NOFOLLOW)) ==
	     -ENOTCAPABLE);
	STEP(RET(openat(n->dir, "outdir/file", O_RDONLY | O_NOFOLLOW)) ==
	     -ENOTCAPABLE);
	STEP(RET(readlinkat(n->dir, "updir/box/up", buf, sizeof(buf))) ==
	     -ENOTCAPABLE);
	return 0;
}

TEST_F(calls, links_not_followed)
{
	struct nofollow n = { &self->tree, self->dir };

	EXPECT_EQ(0, run(look_at_links, &n));
}

/* ---- dots at the end, which those that want a parent do not look up ---- */

AT_CALL(rmdir, RET(unlinkat(dir, path, AT_REMOVEDIR)))

static const struct at_call rmdir_call = {
	"unlinkat(AT_REMOVEDIR)", at_rmdir, AT_RESOLVE_BENEATH,
};

static void try_dots(struct __test_metadata *_metadata, struct tree *t,
		     int dir, bool mode, const struct at_call *call)
{
	static const struct {
		const char *path;
		bool leaves;
	} dots[] = {
		{ "..", true },
		{ "../", true },
		{ "a/../..", true },
		{ "a/b/top/..", true },
		{ "../..", true },
		{ "../.", true },
		{ "../box", true },
		{ "../out", true },
		{ "updir/.", true },
		{ "updir/..", true },
		{ "/", true },
		{ ".", false },
		{ "./", false },
		{ "a/..", false },
		{ "a/.", false },
		{ "a/b/../", false },
		{ "here/a/b/..", false },
	};
	uint64_t before = tree_state(t->base);
	struct calling c = { .tree = t, .call = call };
	size_t i;
	int ret, plain;

	for (i = 0; i < ARRAY_SIZE(dots); i++) {
		c.path = dots[i].path;
		c.dir = dir;
		ret = mode ? capmode_run(make_call, &c) :
			     in_child(make_call, &c);
		if (dots[i].leaves) {
			EXPECT_EQ(-ENOTCAPABLE, ret)
				TH_LOG("%s of \"%s\"", call->name, c.path);
		} else {
			c.dir = t->box;
			plain = make_call(&c);
			EXPECT_GT(0, plain)
				TH_LOG("%s of \"%s\", unlimited", call->name,
				       c.path);
			EXPECT_EQ(plain, ret)
				TH_LOG("%s of \"%s\"", call->name, c.path);
		}
		EXPECT_EQ(before, tree_state(t->base))
			TH_LOG("%s of \"%s\" left a trace", call->name,
			       c.path);
	}
}

TEST_F(calls, dots)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_entry); i++)
		try_dots(_metadata, &self->tree, self->dir, variant->mode,
			 &at_entry[i]);
	for (i = 0; i < ARRAY_SIZE(at_new); i++)
		try_dots(_metadata, &self->tree, self->dir, variant->mode,
			 &at_new[i]);
	try_dots(_metadata, &self->tree, self->dir, variant->mode, &rmdir_call);
}

/* ---- openat2's own restrictions come on top ---- */

struct below {
	int dir;
	const char *path;
};

static int try_resolve(void *arg)
{
	const struct below *d = arg;
	static const uint64_t resolve[] = {
		0, RESOLVE_BENEATH, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(resolve); i++) {
		fd = sys_openat2(d->dir, "a/../file", O_RDONLY, 0, resolve[i]);
		STEP(fd >= 0 && !fstat(fd, &st) && st.st_size == 1);
		STEP(sys_openat2(d->dir, "../secret", O_RDONLY, 0,
				 resolve[i]) == -ENOTCAPABLE);
		STEP(sys_openat2(d->dir, "up", O_RDONLY, 0,
				 resolve[i]) == -ENOTCAPABLE);
		STEP(sys_openat2(d->dir, "abs", O_RDONLY, 0,
				 resolve[i]) == -ENOTCAPABLE);
		STEP(sys_openat2(d->dir, "/", O_RDONLY, 0,
				 resolve[i]) == -ENOTCAPABLE);
	}
	STEP(sys_openat2(d->dir, "in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS) ==
	     -ELOOP);
	STEP(sys_openat2(d->dir, "in", O_RDONLY, 0, 1ULL << 40) == -EINVAL);
	STEP(sys_openat2(d->dir, "file", 1ULL << 40, 0, 0) == -EINVAL);
	STEP(sys_openat2(d->dir, "file", (uint64_t)O_BENEATH << 32, 0, 0) ==
	     -EINVAL);
	/*
	 * Where the directory is the root, nothing leaves it: it may be
	 * refused, but nothing outside may come of it.
	 */
	fd = sys_openat2(d->dir, "../secret", O_RDONLY, 0, RESOLVE_IN_ROOT);
	STEP(fd == -ENOENT || fd == -ENOTCAPABLE);
	fd = sys_openat2(d->dir, "up", O_RDONLY, 0, RESOLVE_IN_ROOT);
	STEP(fd == -ENOENT || fd == -ENOTCAPABLE);
	return 0;
}

TEST_F(calls, openat2_resolve)
{
	struct below d = { .dir = self->dir };

	EXPECT_EQ(0, run(try_resolve, &d));
}

/* ---- the directory ---- */

static int open_file_below(void *arg)
{
	const struct below *d = arg;
	int fd = RET(openat(d->dir, d->path, O_RDONLY | O_CLOEXEC));
	char c = 0;

	if (fd < 0)
		return fd;
	STEP(read(fd, &c, 1) == 1);
	close(fd);
	return c;
}

#define BELOW(d, p)	run(open_file_below, (&(struct below){ (d), (p) }))

/* Where an ordinary ".." stays: at the very top. */
TEST_F(calls, from_the_root)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = variant->capability ? limit_barely(root) : dup(root);
	char path[PATH_MAX];

	ASSERT_LE(0, dir);
	snprintf(path, sizeof(path), "..%s/secret", self->tree.path);
	EXPECT_EQ('s', in_child(open_file_below,
				&(struct below){ root, path }));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, path));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, ".."));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, path + 2));
	EXPECT_EQ('s', BELOW(dir, path + 3));
	close(root);
	close(dir);
}

/* What is not allowed for other reasons is not allowed. */
static int open_as_nobody(void *arg)
{
	const struct below *d = arg;

	STEP(!setgid(65534) && !setuid(65534));
	if (d->path)
		STEP(!sys_cap_enter(0));
	STEP(RET(openat(d->dir, "file", O_RDONLY)) == -EACCES);
	STEP(RET(openat(d->dir, "a/b/file", O_RDONLY)) == -EACCES);
	STEP(RET(mkdirat(d->dir, "new", 0700)) == -EACCES);
	return 0;
}

TEST_F(calls, permissions)
{
	struct below d = { self->dir, variant->mode ? "enter" : NULL };

	if (geteuid())
		SKIP(return, "only root can become another");
	EXPECT_EQ(0, in_child(open_as_nobody, &d));
}

/* Each level is a new limit: what is opened is a directory to stay in. */
TEST_F(calls, next_level)
{
	int a = openat(self->dir, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int b = openat(a, "b", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ('d', BELOW(a, "b/file"));
	EXPECT_EQ('d', BELOW(a, "b/../b/file"));
	EXPECT_EQ('d', BELOW(b, "file"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(a, "../file"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(a, "inner"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(b, "../inner"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(b, "top/file"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(b, "../b/file"));
	close(a);
	close(b);
}

/* A file is no directory, and a closed descriptor is nothing. */
TEST_F(calls, not_a_directory)
{
	int fd = openat(self->dir, "file", O_RDONLY | O_CLOEXEC);
	int gone = dup(fd);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTDIR, BELOW(fd, "file"));
	EXPECT_EQ(-ENOTDIR, BELOW(fd, "."));
	close(gone);
	EXPECT_EQ(-EBADF, BELOW(gone, "file"));
	EXPECT_EQ(-EBADF, BELOW(-1, "file"));
	EXPECT_EQ(-EBADF, BELOW(-1000, "file"));
	close(fd);
}

/* The directory may be renamed and removed; one stays in it all the same. */
TEST_F(calls, directory_moves)
{
	int dir = openat(self->dir, "a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_LE(0, dir);
	ASSERT_EQ(0, renameat(self->tree.box, "a/b", self->tree.base, "moved"));
	EXPECT_EQ('d', BELOW(dir, "file"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, "../secret"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, "../box/file"));
	ASSERT_EQ(0, unlinkat(self->tree.base, "moved/file", 0));
	ASSERT_EQ(0, unlinkat(self->tree.base, "moved/top", 0));
	ASSERT_EQ(0, unlinkat(self->tree.base, "moved", AT_REMOVEDIR));
	EXPECT_EQ(-ENOENT, BELOW(dir, "file"));
	EXPECT_EQ(-ENOTCAPABLE, BELOW(dir, "../secret"));
	close(dir);
}

/*
 * A root of one's own beneath the directory is no way out of it, nor into
 * what is below.
 */
static int below_chroot(void *arg)
{
	const struct below *d = arg;

	STEP(!fchdir(d->dir));
	STEP(!chroot("a/b"));
	if (d->path)
		STEP(!sys_cap_enter(0));
	STEP(open_file_below(&(struct below){ d->dir, "file" }) == 'i');
	STEP(open_file_below(&(struct below){ d->dir, "a/b/file" }) == 'd');
	STEP(open_file_below(&(struct below){ d->dir, "a/b/../../file" }) ==
	     'i');
	STEP(RET(openat(d->dir, "../secret", O_RDONLY)) == -ENOTCAPABLE);
	STEP(RET(openat(d->dir, "/file", O_RDONLY)) == -ENOTCAPABLE);
	STEP(RET(openat(d->dir, "root/file", O_RDONLY)) == -ENOTCAPABLE);
	return 0;
}

TEST_F(calls, chroot_below)
{
	struct below d = { self->dir, variant->mode ? "enter" : NULL };

	if (geteuid())
		SKIP(return, "only root can chroot");
	EXPECT_EQ(0, in_child(below_chroot, &d));
}

/* ---- magic links ---- */

FIXTURE(magic)
{
	struct tree tree;
	int proc;
	int fds;
	int dir;
	int dirfds;
	char name[64];
};

FIXTURE_VARIANT(magic)
{
	bool mode;
	bool capability;
};

FIXTURE_VARIANT_ADD(magic, capability) {
	.capability = true,
};

FIXTURE_VARIANT_ADD(magic, mode) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(magic, capability_and_mode) {
	.mode = true,
	.capability = true,
};

FIXTURE_SETUP(magic)
{
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	self->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->proc < 0)
		SKIP(return, "no /proc");
	self->fds = openat(self->proc, "self/fd", O_RDONLY | O_DIRECTORY |
			   O_CLOEXEC);
	ASSERT_LE(0, self->fds);
	self->dir = variant->capability ? limit_barely(self->proc) :
					  dup(self->proc);
	self->dirfds = variant->capability ? limit_barely(self->fds) :
					     dup(self->fds);
	ASSERT_LE(0, self->dir);
	ASSERT_LE(0, self->dirfds);
}

FIXTURE_TEARDOWN(magic)
{
	EXPECT_EQ(0, tree_drop(&self->tree));
}

struct magic_walk {
	int dir;
	const char *path;
	int flags;
};

static int magic_open(void *arg)
{
	const struct magic_walk *m = arg;

	return at_done(RET(openat(m->dir, m->path, m->flags | O_NONBLOCK)));
}

static int magic_stat(void *arg)
{
	const struct magic_walk *m = arg;
	struct stat st;

	return RET(fstatat(m->dir, m->path, &st, m->flags));
}

static int magic_readlink(void *arg)
{
	const struct magic_walk *m = arg;
	char buf[PATH_MAX];

	return RET(readlinkat(m->dir, m->path, buf, sizeof(buf)));
}

#define MAGIC(fn, d, ...)						\
	run(fn, (&(struct magic_walk){ .dir = (d), .path = __VA_ARGS__ }))

TEST_F(magic, never_followed)
{
	static const char * const paths[] = {
		"self/fd/%d", "self/cwd", "self/cwd/", "self/cwd/.",
		"self/root", "self/root/", "self/root/proc", "self/exe",
		"self/ns/mnt", "thread-self/fd/%d", "thread-self/cwd",
		"self/../self/fd/%d", "self/fd/../fd/%d", "self/cwd/..",
	};
	int proc = dup(self->proc), cap = limit_barely(self->tree.box), fd;
	/* Directories outside, the start itself, capabilities: none. */
	const int to[] = {
		self->tree.base, self->tree.box, proc, cap, self->dir,
	};
	char path[64];
	struct stat st;
	size_t i, n;

	ASSERT_LE(0, proc);
	ASSERT_LE(0, cap);
	for (n = 0; n < ARRAY_SIZE(to); n++) {
		for (i = 0; i < ARRAY_SIZE(paths); i++) {
			if (n && !strchr(paths[i], '%'))
				continue;
			snprintf(path, sizeof(path), paths[i], to[n]);
			EXPECT_EQ(-ENOTCAPABLE,
				  MAGIC(magic_open, self->dir, path))
				TH_LOG("%s", path);
			EXPECT_EQ(-ENOTCAPABLE,
				  MAGIC(magic_open, self->dir, path, O_PATH))
				TH_LOG("%s, O_PATH", path);
			EXPECT_EQ(-ENOTCAPABLE,
				  MAGIC(magic_stat, self->dir, path))
				TH_LOG("%s", path);
		}
		snprintf(path, sizeof(path), "%d", to[n]);
		EXPECT_EQ(-ENOTCAPABLE,
			  MAGIC(magic_open, self->dirfds, path));
		EXPECT_EQ(-ENOTCAPABLE,
			  MAGIC(magic_stat, self->dirfds, path));
		snprintf(path, sizeof(path), "%d/file", to[n]);
		EXPECT_EQ(-ENOTCAPABLE,
			  MAGIC(magic_open, self->dirfds, path));
		snprintf(path, sizeof(path), "%d/..", to[n]);
		EXPECT_EQ(-ENOTCAPABLE,
			  MAGIC(magic_open, self->dirfds, path));
	}

	/* The other side: from an ordinary directory, outside. */
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		struct magic_walk m = { self->proc, path };

		snprintf(path, sizeof(path), paths[i], self->tree.base);
		EXPECT_EQ(0, in_child(magic_open, &m))
			TH_LOG("%s, unlimited", path);
	}

	/* What writes: a file outside stays as it is. */
	fd = openat(self->tree.base, "secret", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "self/fd/%d", fd);
	EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_open, self->dir, path,
				      O_RDWR | O_TRUNC));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(1, st.st_size);
}

/* Calls that have a magic link to go through. */
static void through_magic(struct __test_metadata *_metadata,
			  struct _test_data_magic *self, bool mode,
			  const struct at_call *calls, size_t n,
			  const char *format)
{
	struct tree *t = &self->tree;
	char path[PATH_MAX];
	struct calling c = { .tree = t, .path = path };
	uint64_t before;
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, tree_fill(t));
		fd = openat(t->base, "secret", O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		/* Of the formats, one has use of the number. */
		snprintf(path, sizeof(path), format, fd);
		before = tree_state(t->base);
		c.call = &calls[i];
		c.dir = self->dir;
		EXPECT_EQ(-ENOTCAPABLE, mode ? capmode_run(make_call, &c) :
					       in_child(make_call, &c))
			TH_LOG("%s of \"%s\"", calls[i].name, path);
		EXPECT_EQ(before, tree_state(t->base))
			TH_LOG("%s left a trace", calls[i].name);
		c.dir = self->proc;
		EXPECT_EQ(0, in_child(make_call, &c))
			TH_LOG("%s of \"%s\", unlimited", calls[i].name, path);
		close(fd);
	}
}

#define THROUGH_MAGIC(table, format)					\
	through_magic(_metadata, self, variant->mode, table,		\
		      ARRAY_SIZE(table), format)

TEST_F(magic, every_call)
{
	char ways[3][300], path[PATH_MAX];
	size_t w;

	ASSERT_EQ(0, fchdir(self->tree.base));
	snprintf(ways[0], sizeof(ways[0]), "self/cwd");
	snprintf(ways[1], sizeof(ways[1]), "self/root%s", self->tree.path);
	snprintf(ways[2], sizeof(ways[2]), "self/fd/%d", self->tree.base);
	THROUGH_MAGIC(at_existing, "self/fd/%d");
	for (w = 0; w < ARRAY_SIZE(ways); w++) {
		snprintf(path, sizeof(path), "%s/secret", ways[w]);
		THROUGH_MAGIC(at_existing, path);
		THROUGH_MAGIC(at_entry, path);
		snprintf(path, sizeof(path), "%s/new", ways[w]);
		THROUGH_MAGIC(at_new, path);
	}
}

/* A file that is mapped has a link of its own, by the addresses. */
TEST_F(magic, never_by_mapping)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char path[96];
	struct magic_walk m = { self->proc, path };
	void *p;
	int fd;

	fd = openat(self->tree.base, "secret", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	close(fd);
	snprintf(path, sizeof(path), "self/map_files/%lx-%lx",
		 (unsigned long)p, (unsigned long)p + size);
	EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_open, self->dir, path));
	EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_open, self->dir, path, O_PATH));
	EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_stat, self->dir, path));
	EXPECT_LT(0, MAGIC(magic_readlink, self->dir, path));
	/* As root, who may do so outside. */
	if (!geteuid())
		EXPECT_EQ(0, in_child(magic_open, &m));
}

/* All else below /proc works, the text of the links included. */
TEST_F(magic, the_rest_works)
{
	char path[64];

	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "self"));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "self/status"));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "self/fd"));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "mounts"));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "thread-self/status"));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "self/task/../../version"));
	EXPECT_LT(0, MAGIC(magic_readlink, self->dir, "self/exe"));
	EXPECT_LT(0, MAGIC(magic_readlink, self->dir, "self/cwd"));
	EXPECT_EQ(0, MAGIC(magic_stat, self->dir, "self/exe",
			   AT_SYMLINK_NOFOLLOW));
	EXPECT_EQ(0, MAGIC(magic_open, self->dir, "self/exe",
			   O_PATH | O_NOFOLLOW));
	snprintf(path, sizeof(path), "%d", self->tree.base);
	EXPECT_LT(0, MAGIC(magic_readlink, self->dirfds, path));
	EXPECT_EQ(0, MAGIC(magic_stat, self->dirfds, path,
			   AT_SYMLINK_NOFOLLOW));
}

/* Making a name of what a magic link stands for. */
struct magic_link {
	int dir;
	const char *path;
	int to;
	bool mode;	/* of who uses the link itself */
};

static int magic_link_new(void *arg)
{
	const struct magic_link *m = arg;

	return RET(linkat(m->dir, m->path, m->to, "new", AT_SYMLINK_FOLLOW));
}

TEST_F(magic, link_source)
{
	struct magic_link m = { self->dir, NULL, self->tree.box };
	char path[64];
	int fd;

	fd = openat(self->tree.base, "secret", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "self/fd/%d", fd);
	m.path = path;
	EXPECT_EQ(-ENOTCAPABLE, run(magic_link_new, &m));
	EXPECT_EQ(-ENOENT, RET(faccessat(self->tree.box, "new", F_OK, 0)));
	m.dir = self->proc;
	EXPECT_EQ(0, in_child(magic_link_new, &m));
	EXPECT_EQ(0, faccessat(self->tree.box, "new", F_OK, 0));
	close(fd);
}

/* ---- AT_FDCWD ---- */

FIXTURE(cwd)
{
	struct tree tree;
};

FIXTURE_SETUP(cwd)
{
	REQUIRE_CAPMODE();
	ASSERT_EQ(0, tree_make(&self->tree));
	ASSERT_EQ(0, fchdir(self->tree.box));
}

FIXTURE_TEARDOWN(cwd)
{
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(0, tree_drop(&self->tree));
}

TEST_F(cwd, existing)
{
	cwd_calls(_metadata, &self->tree, at_existing, ARRAY_SIZE(at_existing),
		  "a/b/file");
}

TEST_F(cwd, entry)
{
	cwd_calls(_metadata, &self->tree, at_entry, ARRAY_SIZE(at_entry),
		  "a/b/file");
}

TEST_F(cwd, new)
{
	cwd_calls(_metadata, &self->tree, at_new, ARRAY_SIZE(at_new), "new");
}

TEST_F(cwd, flagged)
{
	struct calling c = {
		.tree = &self->tree,
		.dir = AT_FDCWD,
		.path = "",
		.flags = AT_EMPTY_PATH,
	};
	size_t i;

	cwd_calls(_metadata, &self->tree, at_flagged, ARRAY_SIZE(at_flagged),
		  "a/b/file");
	for (i = 0; i < ARRAY_SIZE(at_flagged); i++) {
		c.call = &at_flagged[i];
		EXPECT_ECAPMODE(make_call, &c);
	}
}

static int cwd_empty(void *arg)
{
	struct statx stx;
	struct stat st;
	int fd;

	switch (*(int *)arg) {
	case 0:
		return RET(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	case 1:
		return RET(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_MODE,
				 &stx));
	case 2:
		return RET(fchownat(AT_FDCWD, "", -1, -1, AT_EMPTY_PATH));
	case 3:
		return RET(syscall(__NR_faccessat2, AT_FDCWD, "", F_OK,
				   AT_EMPTY_PATH));
	case 4:
		return RET(syscall(__NR_fchmodat2, AT_FDCWD, "", 0700,
				   AT_EMPTY_PATH));
	case 5:
		return RET(utimensat(AT_FDCWD, ".", NULL, AT_SYMLINK_NOFOLLOW));
	case 6:
		return at_handle(NULL, AT_FDCWD, "", AT_EMPTY_PATH);
	case 7:
		return at_done(RET(openat(AT_FDCWD, ".", O_PATH)));
	case 8:
		return at_done(RET(openat(AT_FDCWD, ".", O_TMPFILE | O_RDWR,
					  0600)));
	case 9:
		fd = sys_openat2(AT_FDCWD, "file", O_RDONLY, 0,
				 RESOLVE_BENEATH);
		return at_done(fd);
	case 10:
		fd = sys_openat2(AT_FDCWD, "/file", O_RDONLY, 0,
				 RESOLVE_IN_ROOT);
		return at_done(fd);
	case 11:
		return at_done(RET(openat(AT_FDCWD, "file", O_BENEATH)));
	}
	return 1;
}

TEST_F(cwd, itself)
{
	int i;

	for (i = 0; i < 12; i++) {
		EXPECT_EQ(0, in_child(cwd_empty, &i))
			TH_LOG("number %d", i);
		EXPECT_EQ(-ECAPMODE, capmode_run(cwd_empty, &i))
			TH_LOG("number %d", i);
	}
}

/*
 * Numbers that are no descriptors, some of which mean something to some call or
 * will do so: beside AT_FDCWD there is none to begin at.
 */
struct start {
	long dir;
	const char *path;
};

static int open_from(void *arg)
{
	const struct start *s = arg;

	return at_done(RET(syscall(__NR_openat, s->dir, s->path, O_RDONLY, 0)));
}

TEST_F(cwd, other_numbers)
{
	static const int numbers[] = {
		-1, -2, -99, -101, -200, -10000, -10001, -10002, -10003,
		INT_MIN, INT_MAX,
	};
	struct start s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		s.dir = numbers[i];
		s.path = "/";
		EXPECT_CAPMODE(-ENOTCAPABLE, open_from, &s);
		s.path = "file";
		EXPECT_EQ(-EBADF, in_child(open_from, &s));
		EXPECT_EQ(-EBADF, capmode_run(open_from, &s))
			TH_LOG("number %d", numbers[i]);
	}
	if (sizeof(long) == 4)
		return;
	/* The kernel takes 32 bits of it. */
	for (i = 0; i < 2; i++) {
		s.dir = (long)((uint64_t)i << 32 | (uint32_t)AT_FDCWD);
		EXPECT_ECAPMODE(open_from, &s);
		s.path = "/";
		EXPECT_ECAPMODE(open_from, &s);
	}
}

/* One end of two. */
struct two {
	int from, to;
	bool rename;
};

static int cwd_two(void *arg)
{
	const struct two *t = arg;

	if (t->rename)
		return RET(renameat(t->from, "file", t->to, "new"));
	return RET(linkat(t->from, "file", t->to, "new", 0));
}

TEST_F(cwd, one_end)
{
	const struct two two[] = {
		{ AT_FDCWD, self->tree.box, false },
		{ self->tree.box, AT_FDCWD, false },
		{ AT_FDCWD, self->tree.box, true },
		{ self->tree.box, AT_FDCWD, true },
	};
	uint64_t before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(two); i++) {
		struct two t = two[i];

		ASSERT_EQ(0, tree_fill(&self->tree));
		before = tree_state(self->tree.base);
		EXPECT_EQ(-ECAPMODE, capmode_run(cwd_two, &t))
			TH_LOG("number %zu", i);
		EXPECT_EQ(before, tree_state(self->tree.base));
		EXPECT_EQ(0, in_child(cwd_two, &t))
			TH_LOG("number %zu", i);
	}
}

/* ---- the mount that the directory is in ---- */

static int byte_of(int dir, const char *path)
{
	return open_file_below(&(struct below){ dir, path });
}

/*
 * With something mounted on the directory itself, the descriptor goes on to
 * stand for what is underneath, and "a/.." comes out on top, as it does
 * without limits; from neither is there a way up.
 */
static int walk_covered(void *arg)
{
	const int *dir = arg;
	struct stat st;

	STEP(byte_of(*dir, "file") == 'i');
	STEP(byte_of(*dir, "./file") == 'i');
	STEP(byte_of(*dir, "a/../file") == 't');
	STEP(byte_of(*dir, "a/b/../../file") == 't');
	STEP(RET(openat(*dir, "..", O_PATH)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "a/../..", O_PATH)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "a/../../secret", O_RDONLY)) == -ENOTCAPABLE);
	STEP(RET(fstatat(*dir, "a/../../box", &st, 0)) == -ENOTCAPABLE);
	STEP(RET(mkdirat(*dir, "a/../../new", 0700)) == -ENOTCAPABLE);
	return 0;
}

TEST_F(beneath, covered)
{
	struct tree *t = &self->tree;
	char box[PATH_MAX];
	int top;

	if (!self->mounts)
		SKIP(return, "may not mount");
	snprintf(box, sizeof(box), "%s/box", t->path);
	ASSERT_EQ(0, mount("none", box, "tmpfs", 0, NULL));
	top = openat(t->base, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, top);
	EXPECT_EQ(0, tree_put(top, "file", "t"));
	EXPECT_EQ(0, run(walk_covered, &self->dir));
	close(top);
	EXPECT_EQ(0, umount2(box, MNT_DETACH));
	EXPECT_EQ(-ENOENT, RET(faccessat(t->base, "new", F_OK, 0)));
}

/* A directory whose mount is gone: it is still there, and nothing above it. */
static int walk_detached(void *arg)
{
	const int *dir = arg;

	STEP(byte_of(*dir, "file") == 'm');
	STEP(byte_of(*dir, "sub/../file") == 'm');
	STEP(RET(openat(*dir, "..", O_PATH)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "sub/../..", O_PATH)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "../file", O_RDONLY)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "in", O_RDONLY)) == -ENOTCAPABLE);
	STEP(RET(openat(*dir, "/", O_PATH)) == -ENOTCAPABLE);
	return 0;
}

TEST_F(beneath, detached)
{
	struct tree *t = &self->tree;
	char mnt[PATH_MAX];
	int fd, dir;

	if (!self->mounts)
		SKIP(return, "may not mount");
	fd = openat(t->box, "mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	dir = variant->capability ? limit_barely(fd) : dup(fd);
	ASSERT_LE(0, dir);
	snprintf(mnt, sizeof(mnt), "%s/box/mnt", t->path);
	ASSERT_EQ(0, umount2(mnt, MNT_DETACH));
	EXPECT_EQ(0, run(walk_detached, &dir));
	close(dir);
	close(fd);
	/* For the teardown. */
	EXPECT_EQ(0, make_mounts(t));
}

/* ---- every combination of what openat2 can ask for ---- */

static int resolve_all(void *arg)
{
	static const char * const outside[] = {
		"..", "../secret", "a/../../secret", "up", "updir/secret",
		"abs", "root", "/", "/proc/self/cwd", "mlink",
	};
	static const char * const inside[] = { "file", "a/../file", "a/b" };
	const struct below *d = arg;
	uint64_t r;
	size_t i;
	int ret;

	for (r = 0; r < 64; r++) {
		bool both = r & RESOLVE_BENEATH && r & RESOLVE_IN_ROOT;

		for (i = 0; i < ARRAY_SIZE(outside); i++) {
			ret = sys_openat2(d->dir, outside[i], O_PATH, 0, r);
			if (both) {
				STEP(ret == -EINVAL);
				continue;
			}
			/* As strict as both together; never -EXDEV. */
			STEP(ret == -ENOTCAPABLE ||
			     (ret == -ELOOP && r & RESOLVE_NO_SYMLINKS) ||
			     (ret == -EAGAIN && r & RESOLVE_CACHED));
		}
		for (i = 0; i < ARRAY_SIZE(inside); i++) {
			ret = at_done(sys_openat2(d->dir, inside[i], O_RDONLY,
						  0, r));
			STEP(both ? ret == -EINVAL : !ret ||
			     (ret == -EAGAIN && r & RESOLVE_CACHED));
		}
	}
	return 0;
}

TEST_F(calls, openat2_resolve_all)
{
	struct below d = { .dir = self->dir };

	ASSERT_EQ(0, symlinkat("/proc/self/root", self->tree.box, "mlink"));
	EXPECT_EQ(0, run(resolve_all, &d));
}

/* ---- a magic link itself, as a descriptor ---- */

static int use_link_itself(void *arg)
{
	const struct magic_link *m = arg;
	char *const none[] = { NULL };
	int fd = RET(openat(m->dir, m->path, O_PATH | O_NOFOLLOW));
	struct stat st;

	STEP(fd >= 0);
	STEP(!fstat(fd, &st) && S_ISLNK(st.st_mode));
	/* It is the link that has no name, and not where it leads. */
	STEP(!fstatat(fd, "", &st, AT_EMPTY_PATH) && S_ISLNK(st.st_mode));
	STEP(RET(linkat(fd, "", m->to, "new",
			AT_EMPTY_PATH | AT_SYMLINK_FOLLOW)) ==
	     (m->mode ? -ECAPMODE : -EXDEV));
	STEP(sys_execveat(fd, "", none, none, AT_EMPTY_PATH) == -ELOOP);
	STEP(RET(openat(fd, "file", O_RDONLY)) == -ENOTDIR);
	STEP(RET(openat(fd, ".", O_RDONLY)) == -ENOTDIR);
	STEP(RET(syscall(__NR_fchmodat2, fd, "", 0777, AT_EMPTY_PATH)) < 0);
	STEP(RET(syscall(__NR_fchmodat2, m->dir, m->path, 0777,
			 AT_SYMLINK_NOFOLLOW)) < 0);
	return 0;
}

TEST_F(magic, itself)
{
	static const char * const paths[] = {
		"self/exe", "self/cwd", "self/root", "self/fd/0", "self/ns/mnt",
	};
	struct magic_link m = {
		self->dir, NULL, self->tree.box, variant->mode,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		m.path = paths[i];
		EXPECT_EQ(0, run(use_link_itself, &m))
			TH_LOG("%s", paths[i]);
	}
	EXPECT_EQ(-ENOENT, RET(faccessat(self->tree.box, "new", F_OK, 0)));
}

/* /dev is full of links to the process's own descriptors. */
TEST_F(magic, dev)
{
	static const char * const paths[] = {
		"fd", "fd/", "fd/0", "stdin", "stdout", "stderr",
	};
	int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir;
	struct stat st;
	size_t i;

	ASSERT_LE(0, dev);
	dir = variant->capability ? limit_barely(dev) : dup(dev);
	ASSERT_LE(0, dir);
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		if (fstatat(dev, paths[i], &st, AT_SYMLINK_NOFOLLOW))
			continue;
		EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_open, dir, paths[i]))
			TH_LOG("%s", paths[i]);
		EXPECT_EQ(-ENOTCAPABLE, MAGIC(magic_open, dir, paths[i],
					      O_PATH))
			TH_LOG("%s", paths[i]);
	}
	EXPECT_EQ(0, MAGIC(magic_open, dir, "null", O_RDWR));
	close(dir);
	close(dev);
}

TEST_HARNESS_MAIN
