// SPDX-License-Identifier: GPL-2.0
/*
 * O_BENEATH, AT_RESOLVE_BENEATH and PR_SET_OPENAT_BENEATH: look-ups that do not
 * leave the directory they start at, for ordinary descriptors and outside
 * capability mode.
 */
#include "paths.h"

#include <linux/sched.h>
#include <pthread.h>

FIXTURE(beneath)
{
	struct tree tree;
};

FIXTURE_SETUP(beneath)
{
	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, tree_make(&self->tree));
	ASSERT_EQ(0, fchdir(self->tree.box));
}

FIXTURE_TEARDOWN(beneath)
{
	EXPECT_EQ(0, chdir("/"));
	EXPECT_EQ(0, tree_drop(&self->tree));
}

/* ---- where a path leads ---- */

struct way {
	const char *path;	/* "@" in front: the path of the tree */
	int err;
	int plain;	/* without the flag */
};

static const struct way ways[] = {
	{ "file" },
	{ "./file" },
	{ "a/../file" },
	{ "a/b/../../a/b/../../file" },
	{ "in" },
	{ "updown" },
	{ "chain" },
	{ "indir/file" },
	{ "a/b/top/file" },
	{ "." },
	{ "a/b/../.." },
	{ "nothing", -ENOENT, -ENOENT },
	{ "file/", -ENOTDIR, -ENOTDIR },
	{ "loop", -ELOOP, -ELOOP },
	{ "", -ENOENT, -ENOENT },
	{ "..", -EXDEV },
	{ "../secret", -EXDEV },
	{ "../box/file", -EXDEV },
	{ "a/../../box/file", -EXDEV },
	{ "../nothing", -EXDEV, -ENOENT },
	{ "up", -EXDEV },
	{ "a/up", -EXDEV },
	{ "upchain", -EXDEV },
	{ "updir", -EXDEV },
	{ "updir/box/file", -EXDEV },
	{ "back", -EXDEV },
	{ "outdir/file", -EXDEV },
	{ "dangling", -EXDEV, -ENOENT },
	{ "abs", -EXDEV },
	{ "absdir/file", -EXDEV },
	{ "root", -EXDEV },
	{ "/", -EXDEV },
	{ "@/box/file", -EXDEV },
	{ "/no/such/thing", -EXDEV, -ENOENT },
};

static const char *way_path(const struct tree *t, const struct way *w,
			    char *buf)
{
	const char *p = w->path;

	snprintf(buf, PATH_MAX, "%s%s", *p == '@' ? t->path : "",
		 *p == '@' ? p + 1 : p);
	return buf;
}

static int open_at(int dir, const char *path, int flags)
{
	return at_done(RET(syscall(SYS_openat, dir, path, flags, 0)));
}

static int open_at2(int dir, const char *path, int flags)
{
	return at_done(sys_openat2(dir, path, (unsigned int)flags, 0, 0));
}

static int open_cwd(int dir, const char *path, int flags)
{
#ifdef SYS_open
	return at_done(RET(syscall(SYS_open, path, flags, 0)));
#else
	return open_at(AT_FDCWD, path, flags);
#endif
}

static const struct {
	const char *name;
	int (*open)(int dir, const char *path, int flags);
	bool cwd;
} opens[] = {
	{ "openat", open_at },
	{ "openat2", open_at2 },
	{ "openat(AT_FDCWD)", open_at, true },
	{ "openat2(AT_FDCWD)", open_at2, true },
	{ "open", open_cwd, true },
};

/* Opens by each way with @flags; @beneath is whether to expect it to stay. */
static void try_opens(struct __test_metadata *_metadata, struct tree *t,
		      int flags, bool beneath)
{
	char path[PATH_MAX];
	size_t o, w;

	for (o = 0; o < ARRAY_SIZE(opens); o++) {
		for (w = 0; w < ARRAY_SIZE(ways); w++) {
			way_path(t, &ways[w], path);
			EXPECT_EQ(beneath ? ways[w].err : ways[w].plain,
				  opens[o].open(opens[o].cwd ? AT_FDCWD :
						t->box, path, flags))
				TH_LOG("%s of \"%s\", flags %#x",
				       opens[o].name, path, flags);
		}
	}
}

TEST_F(beneath, open_read)
{
	try_opens(_metadata, &self->tree, O_RDONLY | O_BENEATH, true);
	try_opens(_metadata, &self->tree, O_RDONLY, false);
}

TEST_F(beneath, open_path)
{
	try_opens(_metadata, &self->tree, O_PATH | O_BENEATH, true);
	try_opens(_metadata, &self->tree, O_PATH, false);
}

static int beneath_open_find(int dir, const char *path, struct stat *st)
{
	return find_open_as(dir, path, st, O_RDONLY | O_BENEATH);
}

/* What is opened is the right thing, and works. */
TEST_F(beneath, finds)
{
	int fd, box = self->tree.box, base = self->tree.base;
	char c;

	EXPECT_EQ(0, find_is(beneath_open_find, box, "a/b/../../file", base,
			     "box/file"));
	EXPECT_EQ(0, find_is(beneath_open_find, box, "chain", base,
			     "box/file"));
	EXPECT_EQ(0, find_is(beneath_open_find, box, "a/b/../..", base, "box"));
	EXPECT_EQ(0, find_is(beneath_open_find, AT_FDCWD, "a/b/file", base,
			     "box/a/b/file"));
	fd = openat(box, "file", O_RDWR | O_APPEND | O_BENEATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ('i', c);
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(0, fcntl(fd, F_SETFL, fcntl(fd, F_GETFL)));
	EXPECT_EQ(O_APPEND, fcntl(fd, F_GETFL) & O_APPEND);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
	/* It is about one open: what it returns has no limits. */
	fd = openat(box, "a", O_RDONLY | O_DIRECTORY | O_BENEATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, open_at(fd, "../file", O_RDONLY));
	EXPECT_EQ(-EXDEV, open_at(fd, "../file", O_RDONLY | O_BENEATH));
	close(fd);
}

TEST_F(beneath, create)
{
	static const char * const outward[] = {
		"../new", "dangling", "outdir/new", "absout/new", "up",
		"a/../../new", "@/new",
	};
	static const int flags[] = {
		O_CREAT | O_WRONLY, O_CREAT | O_RDWR | O_TRUNC,
	};
	struct tree *t = &self->tree;
	uint64_t before = tree_state(t->base);
	char path[PATH_MAX];
	size_t i, f;

	for (i = 0; i < ARRAY_SIZE(outward); i++) {
		struct way w = { outward[i] };

		way_path(t, &w, path);
		for (f = 0; f < ARRAY_SIZE(flags); f++) {
			EXPECT_EQ(-EXDEV,
				  RET(openat(t->box, path, flags[f] | O_BENEATH,
					     0600)))
				TH_LOG("%s", path);
			EXPECT_EQ(-EXDEV,
				  sys_openat2(t->box, path,
					      flags[f] | O_BENEATH, 0600, 0))
				TH_LOG("%s", path);
			EXPECT_EQ(-EXDEV,
				  RET(open(path, flags[f] | O_BENEATH, 0600)))
				TH_LOG("%s", path);
		}
	}
	EXPECT_EQ(-EXDEV, RET(openat(t->box, "..",
				     O_TMPFILE | O_RDWR | O_BENEATH, 0600)));
	EXPECT_EQ(-EXDEV, RET(openat(t->box, "outdir",
				     O_TMPFILE | O_RDWR | O_BENEATH, 0600)));
	EXPECT_EQ(before, tree_state(t->base));

	EXPECT_EQ(0, at_done(RET(openat(t->box, "a/b/../new", O_CREAT | O_EXCL |
					O_WRONLY | O_BENEATH, 0600))));
	EXPECT_EQ(0, faccessat(t->box, "a/new", F_OK, 0));
	EXPECT_EQ(0, at_done(RET(openat(t->box, "a", O_TMPFILE | O_RDWR |
					O_BENEATH, 0600))));
	EXPECT_EQ(0, at_done(RET(open("new", O_CREAT | O_WRONLY | O_BENEATH,
				      0600))));
	EXPECT_EQ(0, faccessat(t->box, "new", F_OK, 0));
}

TEST_F(beneath, magic_links)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[64];

	if (proc < 0)
		SKIP(return, "no /proc");
	snprintf(path, sizeof(path), "self/fd/%d", self->tree.box);
	EXPECT_EQ(0, open_at(proc, path, O_RDONLY));
	EXPECT_EQ(-EXDEV, open_at(proc, path, O_RDONLY | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at(proc, path, O_PATH | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at2(proc, path, O_RDONLY | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at(proc, "self/cwd", O_RDONLY | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at(proc, "self/root", O_RDONLY | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at(proc, "self/exe", O_RDONLY | O_BENEATH));
	EXPECT_EQ(-EXDEV, open_at(proc, "self/cwd/file",
				  O_RDONLY | O_BENEATH));
	EXPECT_EQ(0, open_at(proc, "self/status", O_RDONLY | O_BENEATH));
	EXPECT_EQ(0, open_at(proc, "mounts", O_RDONLY | O_BENEATH));
	/* Even to where it stays. */
	snprintf(path, sizeof(path), "self/fd/%d", proc);
	EXPECT_EQ(-EXDEV, open_at(proc, path, O_RDONLY | O_BENEATH));
	close(proc);
}

/* ---- flags ---- */

TEST_F(beneath, flags_checked)
{
	int box = self->tree.box;

	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", 1ULL << 31, 0, 0));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", 1ULL << 32, 0, 0));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", O_BENEATH | 1ULL << 32, 0,
				       0));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", (uint64_t)O_BENEATH << 32,
				       0, 0));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", O_BENEATH, 0, 1ULL << 32));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", 0, 0,
				       RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	EXPECT_EQ(-EINVAL, sys_openat2(box, "file", O_BENEATH, 0,
				       RESOLVE_IN_ROOT));
	EXPECT_EQ(0, at_done(sys_openat2(box, "a/../file", O_BENEATH, 0,
					 RESOLVE_BENEATH)));
	EXPECT_EQ(-EXDEV, sys_openat2(box, "up", O_BENEATH, 0,
				      RESOLVE_BENEATH));
	EXPECT_EQ(-ELOOP, sys_openat2(box, "in", O_BENEATH, 0,
				      RESOLVE_NO_SYMLINKS));
	/* openat2's own, as ever. */
	EXPECT_EQ(-EXDEV, sys_openat2(box, "up", 0, 0, RESOLVE_BENEATH));
	EXPECT_EQ(-EXDEV, sys_openat2(box, "..", 0, 0, RESOLVE_BENEATH));
	EXPECT_EQ(0, at_done(sys_openat2(box, "in", 0, 0, RESOLVE_BENEATH)));
	EXPECT_EQ(0, at_done(sys_openat2(box, "/file", 0, 0,
					 RESOLVE_IN_ROOT)));
}

/* ---- AT_RESOLVE_BENEATH, and O_BENEATH in the same table ---- */

/*
 * Ways to the directory @to: inward ones work with the flag, outward ones give
 * EXDEV, change nothing, and work without it.
 */
static void try_calls(struct __test_metadata *_metadata, struct tree *t,
		      const struct at_call *calls, size_t n, const char *last)
{
	static const char * const inward[] = {
		"a/b", "a/../a/b", "indir", "a/b/top/a/b",
	};
	static const char * const outward[] = {
		"../out", "a/../../out", "outdir", "absout", "updir/out",
		"@/out",
	};
	const int dirs[] = { t->box, AT_FDCWD };
	char path[PATH_MAX];
	uint64_t before;
	size_t i, d, w;

	for (i = 0; i < n; i++) {
		const struct at_call *c = &calls[i];

		if (!c->flags)
			continue;
		for (d = 0; d < ARRAY_SIZE(dirs); d++) {
			for (w = 0; w < ARRAY_SIZE(inward); w++) {
				snprintf(path, sizeof(path), "%s/%s", inward[w],
					 last);
				ASSERT_EQ(0, tree_fill(t));
				EXPECT_EQ(0, c->call(t, dirs[d], path,
						     c->flags))
					TH_LOG("%s of \"%s\"", c->name, path);
			}
			for (w = 0; w < ARRAY_SIZE(outward); w++) {
				const char *o = outward[w];

				snprintf(path, sizeof(path), "%s%s/%s",
					 *o == '@' ? t->path : "",
					 *o == '@' ? o + 1 : o, last);
				ASSERT_EQ(0, tree_fill(t));
				before = tree_state(t->base);
				EXPECT_EQ(-EXDEV, c->call(t, dirs[d], path,
							  c->flags))
					TH_LOG("%s of \"%s\"", c->name, path);
				EXPECT_EQ(before, tree_state(t->base))
					TH_LOG("%s of \"%s\" left a trace",
					       c->name, path);
				EXPECT_EQ(0, c->call(t, dirs[d], path, 0))
					TH_LOG("%s of \"%s\", plain", c->name,
					       path);
			}
		}
	}
	ASSERT_EQ(0, tree_fill(t));
}

TEST_F(beneath, at_existing)
{
	try_calls(_metadata, &self->tree, at_existing, ARRAY_SIZE(at_existing),
		  "file");
}

TEST_F(beneath, at_entry)
{
	try_calls(_metadata, &self->tree, at_entry, ARRAY_SIZE(at_entry),
		  "file");
}

TEST_F(beneath, at_new)
{
	try_calls(_metadata, &self->tree, at_new, ARRAY_SIZE(at_new), "new");
}

TEST_F(beneath, at_rmdir)
{
	struct tree *t = &self->tree;

	ASSERT_EQ(0, mkdirat(t->out, "dir", 0700));
	EXPECT_EQ(-EXDEV, RET(unlinkat(t->box, "../out/dir",
				       AT_REMOVEDIR | AT_RESOLVE_BENEATH)));
	EXPECT_EQ(-EXDEV, RET(unlinkat(t->box, "outdir/dir",
				       AT_REMOVEDIR | AT_RESOLVE_BENEATH)));
	EXPECT_EQ(0, faccessat(t->out, "dir", F_OK, 0));
	EXPECT_EQ(0, unlinkat(t->box, "a/../empty",
			      AT_REMOVEDIR | AT_RESOLVE_BENEATH));
	EXPECT_EQ(-ENOENT, RET(faccessat(t->box, "empty", F_OK, 0)));
	EXPECT_EQ(0, unlinkat(t->box, "../out/dir", AT_REMOVEDIR));
}

/* Last links that leave, and a descriptor without a name. */
TEST_F(beneath, at_last)
{
	struct tree *t = &self->tree;
	struct statx stx;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at_existing); i++) {
		const struct at_call *c = &at_existing[i];

		if (!c->flags)
			continue;
		EXPECT_EQ(-EXDEV, c->call(t, t->box, "up", c->flags))
			TH_LOG("%s", c->name);
		EXPECT_EQ(-EXDEV, c->call(t, t->box, "abs", c->flags))
			TH_LOG("%s", c->name);
	}
	EXPECT_EQ(-ENOENT, RET(faccessat(t->box, "new", F_OK, 0)));
	EXPECT_EQ(0, fstatat(t->box, "up", &st,
			     AT_SYMLINK_NOFOLLOW | AT_RESOLVE_BENEATH));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	EXPECT_EQ(0, fstatat(t->box, "", &st,
			     AT_EMPTY_PATH | AT_RESOLVE_BENEATH));
	EXPECT_EQ(0, statx(t->box, "", AT_EMPTY_PATH | AT_RESOLVE_BENEATH,
			   STATX_MODE, &stx));
	/* Flags that nobody knows are still refused. */
	EXPECT_EQ(-EINVAL, RET(fstatat(t->box, "file", &st, 0x20000)));
	EXPECT_EQ(-EINVAL, RET(statx(t->box, "file", 0x20000, STATX_MODE,
				     &stx)));
	EXPECT_EQ(-EINVAL, RET(unlinkat(t->box, "file", 0x20000)));
	EXPECT_EQ(-EINVAL, RET(linkat(t->box, "file", t->box, "new", 0x20000)));
	EXPECT_EQ(-EINVAL, RET(utimensat(t->box, "file", NULL, 0x20000)));
}

#define EXEC_ENV	"CAPSICUM_EXEC_HELPER"

/* Executed: exits with 200 if it has inherited PR_SET_OPENAT_BENEATH. */
static void __attribute__((constructor)) exec_helper(void)
{
	if (!getenv(EXEC_ENV))
		return;
	if (prctl(PR_GET_OPENAT_BENEATH, 0, 0, 0, 0) != 1)
		_exit(201);
	_exit(open_at(AT_FDCWD, "/proc", O_RDONLY) == -EXDEV ? 200 : 202);
}

struct exec {
	int dir;
	const char *path;
	int flags;
	bool set;
};

static int exec_at(const struct exec *e)
{
	char *const argv[] = { "helper", NULL };
	char *const envp[] = { EXEC_ENV "=1", NULL };
	int status;
	pid_t child = fork();

	if (!child) {
		if (e->set && prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 0))
			_exit(1);
		syscall(SYS_execveat, e->dir, e->path, argv, envp, e->flags);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) >= 200 ? WEXITSTATUS(status) :
					    -WEXITSTATUS(status);
}

TEST_F(beneath, at_execve)
{
	struct exec e = { .dir = self->tree.box };
	char exe[PATH_MAX], link[] = "prog";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *name;

	if (n < 0)
		SKIP(return, "no /proc");
	exe[n] = '\0';
	name = strrchr(exe, '/');
	*name++ = '\0';

	/* From where this program is, and from elsewhere. */
	e.dir = open(exe, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, e.dir);
	e.path = name;
	e.flags = AT_RESOLVE_BENEATH;
	EXPECT_EQ(201, exec_at(&e));
	e.flags = 0;
	EXPECT_EQ(201, exec_at(&e));
	close(e.dir);

	e.dir = self->tree.box;
	ASSERT_EQ(0, symlinkat("/proc/self/exe", self->tree.box, link));
	e.path = link;
	EXPECT_EQ(201, exec_at(&e));
	e.flags = AT_RESOLVE_BENEATH;
	EXPECT_EQ(-EXDEV, exec_at(&e));
	e.flags = 0x20000;
	EXPECT_EQ(-EINVAL, exec_at(&e));
}

/* ---- with Capsicum's rights: theirs is the stricter answer ---- */

static int strict_wins(void *arg)
{
	const struct tree *t = arg;

	STEP(open_at(t->box, "../secret", O_RDONLY | O_BENEATH) ==
	     -ENOTCAPABLE);
	STEP(open_at(t->box, "up", O_RDONLY | O_BENEATH) == -ENOTCAPABLE);
	STEP(open_at(t->box, "/", O_RDONLY | O_BENEATH) == -ENOTCAPABLE);
	STEP(open_at(AT_FDCWD, "file", O_RDONLY | O_BENEATH) == -ECAPMODE);
	STEP(open_at(t->box, "a/../file", O_RDONLY | O_BENEATH) == 0);
	STEP(at_fstatat(t, t->box, "up", AT_RESOLVE_BENEATH) == -ENOTCAPABLE);
	STEP(at_fstatat(t, AT_FDCWD, "file", AT_RESOLVE_BENEATH) == -ECAPMODE);
	return 0;
}

TEST_F(beneath, capability_mode)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, capmode_run(strict_wins, &self->tree));
}

TEST_F(beneath, capability)
{
	int cap = limit_barely(self->tree.box);

	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, open_at(cap, "up", O_RDONLY | O_BENEATH));
	EXPECT_EQ(-ENOTCAPABLE, open_at(cap, "..", O_RDONLY | O_BENEATH));
	EXPECT_EQ(0, open_at(cap, "a/../file", O_RDONLY | O_BENEATH));
	EXPECT_EQ(-ENOTCAPABLE, at_fstatat(&self->tree, cap, "up",
					   AT_RESOLVE_BENEATH));
	close(cap);
}

/* ---- the prctl ---- */

static int beneath_get(void)
{
	return RET(prctl(PR_GET_OPENAT_BENEATH, 0, 0, 0, 0));
}

static int beneath_set(void)
{
	return RET(prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 0));
}

static int set_once(void *arg)
{
	STEP(beneath_get() == 0);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 0, 0, 0, 0)) == -EINVAL);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 2, 0, 0, 0)) == -EINVAL);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 1, 1, 0, 0)) == -EINVAL);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 1, 0, 1, 0)) == -EINVAL);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 1)) == -EINVAL);
	STEP(RET(prctl(PR_GET_OPENAT_BENEATH, 1, 0, 0, 0)) == -EINVAL);
	STEP(beneath_get() == 0);
#if __SIZEOF_LONG__ == 8
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 1UL << 32, 0, 0, 0)) == -EINVAL);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 1UL << 32 | 1, 0, 0, 0)) ==
	     -EINVAL);
	STEP(beneath_get() == 0);
#endif
	STEP(open_at(AT_FDCWD, "../secret", O_RDONLY) == 0);
	STEP(beneath_set() == 0);
	STEP(beneath_get() == 1);
	STEP(open_at(AT_FDCWD, "../secret", O_RDONLY) == -EXDEV);
	STEP(beneath_set() == 0);
	STEP(RET(prctl(PR_SET_OPENAT_BENEATH, 0, 0, 0, 0)) == -EINVAL);
	STEP(beneath_get() == 1);
	STEP(open_at(AT_FDCWD, "../secret", O_RDONLY) == -EXDEV);
	return 0;
}

TEST_F(beneath, prctl_set_once)
{
	EXPECT_EQ(0, in_child(set_once, NULL));
	/* It was the child's own. */
	EXPECT_EQ(0, beneath_get());
	EXPECT_EQ(0, open_at(AT_FDCWD, "../secret", O_RDONLY));
}

TEST_F(beneath, prctl_opens)
{
	uint64_t before = tree_state(self->tree.base);
	struct tree *t = &self->tree;
	struct stat st;

	try_opens(_metadata, t, O_RDONLY, false);
	ASSERT_EQ(0, beneath_set());
	try_opens(_metadata, t, O_RDONLY, true);
	try_opens(_metadata, t, O_PATH, true);
	try_opens(_metadata, t, O_RDONLY | O_BENEATH, true);
#ifdef SYS_creat
	EXPECT_EQ(-EXDEV, RET(syscall(SYS_creat, "../new", 0600)));
	EXPECT_EQ(-EXDEV, RET(syscall(SYS_creat, "dangling", 0600)));
	EXPECT_EQ(-EXDEV, RET(syscall(SYS_creat, "up", 0600)));
#endif
	EXPECT_EQ(-EXDEV, RET(openat(t->box, "../new", O_CREAT | O_RDWR,
				     0600)));
	EXPECT_EQ(before, tree_state(t->base));
#ifdef SYS_creat
	EXPECT_EQ(0, at_done(RET(syscall(SYS_creat, "new", 0600))));
	EXPECT_EQ(0, faccessat(t->box, "new", F_OK, 0));
#endif
	/* What is scoped already stays as it is. */
	EXPECT_EQ(0, at_done(sys_openat2(t->box, "/file", O_RDONLY, 0,
					 RESOLVE_IN_ROOT)));
	/* It is about opening, and about nothing else. */
	EXPECT_EQ(0, fstatat(t->box, "../secret", &st, 0));
	EXPECT_EQ(0, fstatat(t->box, "up", &st, 0));
	EXPECT_EQ(0, faccessat(AT_FDCWD, "/", F_OK, 0));
	EXPECT_EQ(0, mkdirat(t->box, "../dir", 0700));
	EXPECT_EQ(0, unlinkat(t->box, "../dir", AT_REMOVEDIR));
	EXPECT_EQ(0, chdir("/"));
}

/* Other threads, from before and from after. */
struct thread {
	pthread_barrier_t barrier;
	int before, after, get;
};

static void *thread_before(void *arg)
{
	struct thread *t = arg;

	t->before = open_at(AT_FDCWD, "../secret", O_RDONLY);
	pthread_barrier_wait(&t->barrier);
	/* The other one sets it. */
	pthread_barrier_wait(&t->barrier);
	t->after = open_at(AT_FDCWD, "../secret", O_RDONLY);
	t->get = beneath_get();
	return NULL;
}

static void *thread_after(void *arg)
{
	struct thread *t = arg;

	t->after = open_at(AT_FDCWD, "../secret", O_RDONLY);
	t->get = beneath_get();
	return NULL;
}

static int set_in_thread(void *arg)
{
	struct thread t = { .before = 1 }, t2 = {};
	pthread_t thread;

	STEP(!pthread_barrier_init(&t.barrier, NULL, 2));
	STEP(!pthread_create(&thread, NULL, thread_before, &t));
	pthread_barrier_wait(&t.barrier);
	STEP(beneath_set() == 0);
	pthread_barrier_wait(&t.barrier);
	STEP(!pthread_join(thread, NULL));
	STEP(t.before == 0);
	STEP(t.after == -EXDEV);
	STEP(t.get == 1);
	STEP(!pthread_create(&thread, NULL, thread_after, &t2));
	STEP(!pthread_join(thread, NULL));
	STEP(t2.after == -EXDEV);
	STEP(t2.get == 1);
	return 0;
}

TEST_F(beneath, prctl_threads)
{
	EXPECT_EQ(0, in_child(set_in_thread, NULL));
}

/*
 * Threads that make threads meanwhile. Who begins after it was set has it,
 * whatever the scheduler does; the trap of capability mode, too, which is set for
 * all threads in the same way.
 */
#define MAKERS	4
#define ROUNDS	100

struct setting {
	pthread_barrier_t start;
	bool set;
	int early, late;	/* calls that got through before; and after */
};

static void *newborn(void *arg)
{
	struct setting *s = arg;
	const bool set = __atomic_load_n(&s->set, __ATOMIC_SEQ_CST);

	if (open_at(AT_FDCWD, "../secret", O_RDONLY) != -EXDEV ||
	    beneath_get() != 1 || prctl(PR_GET_CAPMODE_TRAP, 0, 0, 0, 0) != 1)
		__atomic_add_fetch(set ? &s->late : &s->early, 1,
				   __ATOMIC_SEQ_CST);
	return set ? s : NULL;
}

static void *make_threads(void *arg)
{
	struct setting *s = arg;
	void *seen = newborn(arg);
	pthread_t thread;

	pthread_barrier_wait(&s->start);
	while (!seen) {
		if (pthread_create(&thread, NULL, newborn, s) ||
		    pthread_join(thread, &seen))
			return NULL;
	}
	return newborn(arg) ? s : NULL;
}

/* @arg: how many are to be made before. */
static int set_beside_makers(void *arg)
{
	const int before = MAKERS + *(int *)arg;
	pthread_t makers[MAKERS];
	struct setting s = {};
	void *seen;
	int i;

	STEP(!pthread_barrier_init(&s.start, NULL, MAKERS + 1));
	for (i = 0; i < MAKERS; i++)
		STEP(!pthread_create(&makers[i], NULL, make_threads, &s));
	pthread_barrier_wait(&s.start);
	while (__atomic_load_n(&s.early, __ATOMIC_SEQ_CST) < before)
		;
	STEP(!beneath_set());
	STEP(!prctl(PR_SET_CAPMODE_TRAP, 1, 0, 0, 0));
	__atomic_store_n(&s.set, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < MAKERS; i++)
		STEP(!pthread_join(makers[i], &seen) && seen);
	STEP(s.early >= before);
	STEP(!s.late);
	return 0;
}

TEST_F(beneath, prctl_racing_clone)
{
	int i;

	REQUIRE_CAPMODE();
	for (i = 0; i < ROUNDS; i++)
		ASSERT_EQ(0, in_child(set_beside_makers, &i))
			TH_LOG("round %d", i);
}

static int child_has_it(void *arg)
{
	STEP(beneath_get() == 1);
	STEP(open_at(AT_FDCWD, "../secret", O_RDONLY) == -EXDEV);
	STEP(open_at(AT_FDCWD, "a/../file", O_RDONLY) == 0);
	return 0;
}

static int set_and_fork(void *arg)
{
	STEP(beneath_set() == 0);
	return in_child(child_has_it, NULL);
}

TEST_F(beneath, prctl_fork)
{
	EXPECT_EQ(0, in_child(set_and_fork, NULL));
}

TEST_F(beneath, prctl_exec)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct exec e = { fd, "", AT_EMPTY_PATH };

	if (fd < 0)
		SKIP(return, "no /proc");
	EXPECT_EQ(201, exec_at(&e));
	e.set = true;
	EXPECT_EQ(200, exec_at(&e));
	/* Execution itself is not an open of the process. */
	e.dir = AT_FDCWD;
	e.path = "/proc/self/exe";
	e.flags = 0;
	EXPECT_EQ(200, exec_at(&e));
	close(fd);
}

/* In capability mode it can be set, and changes no answer. */
static int set_in_mode(void *arg)
{
	const struct tree *t = arg;

	STEP(beneath_get() == 0);
	STEP(beneath_set() == 0);
	STEP(beneath_get() == 1);
	STEP(open_at(t->box, "up", O_RDONLY) == -ENOTCAPABLE);
	STEP(open_at(t->box, "a/../file", O_RDONLY) == 0);
	STEP(open_at(AT_FDCWD, "file", O_RDONLY) == -ECAPMODE);
	return 0;
}

TEST_F(beneath, prctl_capability_mode)
{
	REQUIRE_CAPMODE();
	EXPECT_EQ(0, capmode_run(set_in_mode, &self->tree));
}

/* ---- io_uring ---- */

struct uring {
	const struct tree *tree;
	unsigned int setup;
	unsigned int sqe;
	bool set_first;
};

static int uring_open(struct ring *r, const struct uring *u, int dir,
		      const char *path, int flags)
{
	struct io_uring_sqe sqe = sqe_openat(dir, path, flags);

	sqe.flags |= u->sqe;
	return at_done(ring_one(r, &sqe));
}

static int uring_open2(struct ring *r, const struct uring *u, int dir,
		       const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT2,
		.flags = u->sqe,
		.fd = dir,
		.addr = (uintptr_t)path,
		.len = sizeof(how),
		.addr2 = (uintptr_t)&how,
	};

	return at_done(ring_one(r, &sqe));
}

static int uring_flag(void *arg)
{
	const struct uring *u = arg;
	int box = u->tree->box;
	struct ring r;

	STEP(!ring_setup(&r, 4, u->setup));
	STEP(uring_open(&r, u, box, "../secret", 0) == 0);
	STEP(uring_open(&r, u, box, "../secret", O_BENEATH) == -EXDEV);
	STEP(uring_open(&r, u, box, "up", O_BENEATH) == -EXDEV);
	STEP(uring_open(&r, u, box, "/", O_BENEATH) == -EXDEV);
	STEP(uring_open(&r, u, box, "a/../file", O_BENEATH) == 0);
	STEP(uring_open(&r, u, AT_FDCWD, "a/../file", O_BENEATH) == 0);
	STEP(uring_open(&r, u, AT_FDCWD, "../secret", O_BENEATH) == -EXDEV);
	STEP(uring_open2(&r, u, box, "../secret", 0, 0) == 0);
	STEP(uring_open2(&r, u, box, "../secret", O_BENEATH, 0) == -EXDEV);
	STEP(uring_open2(&r, u, box, "a/../file", O_BENEATH, 0) == 0);
	STEP(uring_open2(&r, u, box, "file", O_BENEATH | 1ULL << 32, 0) ==
	     -EINVAL);
	return 0;
}

static int uring_prctl(void *arg)
{
	const struct uring *u = arg;
	int box = u->tree->box;
	struct ring r;

	if (u->set_first)
		STEP(beneath_set() == 0);
	STEP(!ring_setup(&r, 4, u->setup));
	if (!u->set_first) {
		/* The workers are there before it is set. */
		STEP(uring_open(&r, u, box, "../secret", 0) == 0);
		STEP(uring_open2(&r, u, box, "../secret", 0, 0) == 0);
		STEP(beneath_set() == 0);
	}
	STEP(uring_open(&r, u, box, "../secret", 0) == -EXDEV);
	STEP(uring_open(&r, u, box, "up", 0) == -EXDEV);
	STEP(uring_open(&r, u, AT_FDCWD, "/", 0) == -EXDEV);
	STEP(uring_open(&r, u, AT_FDCWD, "a/../file", 0) == 0);
	STEP(uring_open2(&r, u, box, "../secret", 0, 0) == -EXDEV);
	STEP(uring_open2(&r, u, box, "a/../file", 0, 0) == 0);
	return 0;
}

static const struct {
	const char *name;
	unsigned int setup;
	unsigned int sqe;
} uring_kinds[] = {
	{ "at once" },
	{ "by a worker", 0, IOSQE_ASYNC },
	{ "by the thread that polls", IORING_SETUP_SQPOLL },
	{ "by its workers", IORING_SETUP_SQPOLL, IOSQE_ASYNC },
};

TEST_F(beneath, io_uring)
{
	struct ring r;
	size_t i;

	if (ring_setup(&r, 1, 0))
		SKIP(return, "no io_uring");
	ring_free(&r);
	for (i = 0; i < ARRAY_SIZE(uring_kinds); i++) {
		struct uring u = {
			.tree = &self->tree,
			.setup = uring_kinds[i].setup,
			.sqe = uring_kinds[i].sqe,
		};

		EXPECT_EQ(0, in_child(uring_flag, &u))
			TH_LOG("%s", uring_kinds[i].name);
		EXPECT_EQ(0, in_child(uring_prctl, &u))
			TH_LOG("%s", uring_kinds[i].name);
		u.set_first = true;
		EXPECT_EQ(0, in_child(uring_prctl, &u))
			TH_LOG("%s, set before", uring_kinds[i].name);
	}
}

TEST_F(beneath, io_uring_at_flags)
{
	struct tree *t = &self->tree;
	struct statx stx;
	struct ring r;
	struct io_uring_sqe stat = {
		.opcode = IORING_OP_STATX,
		.fd = t->box,
		.addr2 = (uintptr_t)&stx,
		.len = STATX_BASIC_STATS,
		.statx_flags = AT_RESOLVE_BENEATH,
	};
	struct io_uring_sqe link = {
		.opcode = IORING_OP_LINKAT,
		.fd = t->box,
		.len = t->box,
		.hardlink_flags = AT_RESOLVE_BENEATH,
	};
	struct io_uring_sqe unlink = {
		.opcode = IORING_OP_UNLINKAT,
		.fd = t->box,
		.unlink_flags = AT_RESOLVE_BENEATH,
	};
	uint64_t before = tree_state(t->base);

	if (ring_setup(&r, 1, 0))
		SKIP(return, "no io_uring");
	stat.addr = (uintptr_t)"../secret";
	EXPECT_EQ(-EXDEV, ring_one(&r, &stat));
	stat.addr = (uintptr_t)"abs";
	EXPECT_EQ(-EXDEV, ring_one(&r, &stat));
	link.addr = (uintptr_t)"../secret";
	link.addr2 = (uintptr_t)"new";
	EXPECT_EQ(-EXDEV, ring_one(&r, &link));
	link.addr = (uintptr_t)"file";
	link.addr2 = (uintptr_t)"../new";
	EXPECT_EQ(-EXDEV, ring_one(&r, &link));
	/* This operation knows AT_REMOVEDIR and nothing else. */
	unlink.addr = (uintptr_t)"file";
	EXPECT_EQ(-EINVAL, ring_one(&r, &unlink));
	EXPECT_EQ(before, tree_state(t->base));

	stat.addr = (uintptr_t)"a/../file";
	EXPECT_EQ(0, ring_one(&r, &stat));
	link.addr2 = (uintptr_t)"a/../new";
	EXPECT_EQ(0, ring_one(&r, &link));
	EXPECT_EQ(0, faccessat(t->box, "new", F_OK, 0));
	ring_free(&r);
}

/*
 * What stays in force over execve() must not confuse a program that has more
 * privilege than who starts it: as with filters of seccomp, no_new_privs first.
 */
static int beneath_as_nobody(void *arg)
{
	STEP(!setresgid(65534, 65534, 65534));
	STEP(!setresuid(65534, 65534, 65534));
	STEP(beneath_set() == -EACCES);
	STEP(beneath_get() == 0);
	STEP(open_at(AT_FDCWD, "/proc", O_RDONLY) == 0);
	STEP(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	STEP(beneath_set() == 0);
	STEP(beneath_get() == 1);
	STEP(open_at(AT_FDCWD, "/proc", O_RDONLY) == -EXDEV);
	return 0;
}

TEST_F(beneath, prctl_privilege)
{
	REQUIRE_ROOT();
	EXPECT_EQ(0, in_child(beneath_as_nobody, NULL));
}

/*
 * The flag of execveat() that newer kernels have for a check without execution
 * (AT_EXECVE_CHECK) is not one of ours: who asks for it must not be executed.
 */
TEST_F(beneath, at_execve_check)
{
	struct exec e = {
		.dir = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		.path = "",
		.flags = AT_EMPTY_PATH | 0x10000,
	};

	ASSERT_LE(0, e.dir);
	EXPECT_EQ(-EINVAL, exec_at(&e));
	close(e.dir);
}

TEST_HARNESS_MAIN
