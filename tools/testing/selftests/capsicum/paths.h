/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-tests of path look-ups: a tree of files with a directory to stay in.
 *
 *	secret			outside: "s"
 *	out/file		outside: "o"
 *	box/			where look-ups start
 *	box/file		"i"
 *	box/a/b/file		"d"
 *	box/empty/, box/mnt/
 *
 * and links in box/ that stay in it and that leave it, see tree_links[]. Every
 * function works by directory descriptors, in capability mode too.
 */
#ifndef _SELFTESTS_CAPSICUM_PATHS_H
#define _SELFTESTS_CAPSICUM_PATHS_H

#include "capmode.h"

#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

#ifndef __NR_openat2
#define __NR_openat2		(CAP_NR_BASE + 437)
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2		(CAP_NR_BASE + 439)
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2		(CAP_NR_BASE + 452)
#endif
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID		0x200
#endif
#ifndef AT_HANDLE_MNT_ID_UNIQUE
#define AT_HANDLE_MNT_ID_UNIQUE	0x001
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE	1
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE		2
#endif
#ifndef RENAME_WHITEOUT
#define RENAME_WHITEOUT		4
#endif

/* Another object than it should be, or no effect: no call returns it. */
#define WRONG	(-EUCLEAN)

struct tree {
	char path[200];
	const char *name;
	int top;	/* the directory that holds it */
	int base;	/* the tree */
	int box;
	int out;
};

struct tree_entry {
	const char *name;
	const char *text;
};

static const struct tree_entry tree_files[] = {
	{ "secret", "s" },
	{ "out/file", "o" },
	{ "box/file", "i" },
	{ "box/a/b/file", "d" },
};

/* In the order in which they can be made. */
static const char * const tree_dirs[] = {
	"box/a", "box/a/b", "box/empty", "box/mnt",
};

/* "@" stands for the path of the tree. */
static const struct tree_entry tree_links[] = {
	/* These stay. */
	{ "box/in", "file" },
	{ "box/updown", "a/../file" },
	{ "box/indir", "a/b" },
	{ "box/here", "." },
	{ "box/a/inner", "../file" },
	{ "box/a/b/top", "../.." },
	{ "box/chain", "a/inner" },
	{ "box/loop", "loop" },
	/* These leave. */
	{ "box/up", "../secret" },
	{ "box/updir", ".." },
	{ "box/outdir", "../out" },
	{ "box/back", "../box/file" },
	{ "box/dangling", "../new" },
	{ "box/a/up", "../../secret" },
	{ "box/upchain", "a/up" },
	{ "box/abs", "@/box/file" },
	{ "box/absdir", "@/box" },
	{ "box/absout", "@/out" },
	{ "box/root", "/" },
};

/* A mount name space of one's own; returns whether mounts can be made. */
static inline bool may_mount(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
}

/* Makes a file @name of one byte; returns 0 or -errno. */
static inline int tree_put(int dir, const char *name, const char *text)
{
	int fd = RET(openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0700));
	int err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -EIO;
	close(fd);
	return err;
}

/* Removes all that is below @dir, but for the entries @but and @but2. */
static inline void tree_empty(int dir, const char *but, const char *but2)
{
	DIR *d = list_dir(dir, ".");
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		const char *n = e->d_name;
		int sub;

		if (!strcmp(n, ".") || !strcmp(n, "..") ||
		    (but && !strcmp(n, but)) || (but2 && !strcmp(n, but2)))
			continue;
		if (!unlinkat(dir, n, 0))
			continue;
		sub = openat(dir, n, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			     O_CLOEXEC);
		if (sub < 0)
			continue;
		tree_empty(sub, NULL, NULL);
		close(sub);
		unlinkat(dir, n, AT_REMOVEDIR);
	}
	closedir(d);
}

/* Puts everything in its place; returns 0 or -errno. */
static inline int tree_fill(struct tree *t)
{
	char target[PATH_MAX];
	size_t i;
	int err;

	tree_empty(t->base, "box", "out");
	tree_empty(t->box, NULL, NULL);
	tree_empty(t->out, NULL, NULL);
	for (i = 0; i < ARRAY_SIZE(tree_dirs); i++) {
		err = RET(mkdirat(t->base, tree_dirs[i], 0700));
		if (err)
			return err;
	}
	for (i = 0; i < ARRAY_SIZE(tree_files); i++) {
		err = tree_put(t->base, tree_files[i].name, tree_files[i].text);
		if (err)
			return err;
	}
	for (i = 0; i < ARRAY_SIZE(tree_links); i++) {
		const char *to = tree_links[i].text;

		snprintf(target, sizeof(target), "%s%s",
			 *to == '@' ? t->path : "", *to == '@' ? to + 1 : to);
		err = RET(symlinkat(target, t->base, tree_links[i].name));
		if (err)
			return err;
	}
	return 0;
}

static inline int tree_make(struct tree *t)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	char top[PATH_MAX];

	if (!realpath(tmp_dir(), top))
		return -errno;
	if (snprintf(t->path, sizeof(t->path), "%s/capsicum.XXXXXX", top) >=
	    (int)sizeof(t->path))
		return -ENAMETOOLONG;
	t->top = RET(open(top, flags));
	if (t->top < 0)
		return t->top;
	if (!mkdtemp(t->path))
		return -errno;
	t->name = strrchr(t->path, '/') + 1;
	t->base = RET(openat(t->top, t->name, flags));
	if (t->base < 0)
		return t->base;
	if (mkdirat(t->base, "box", 0700) || mkdirat(t->base, "out", 0700))
		return -errno;
	t->box = RET(openat(t->base, "box", flags));
	t->out = RET(openat(t->base, "out", flags));
	if (t->box < 0 || t->out < 0)
		return -ENOENT;
	return tree_fill(t);
}

/* Returns 0, or the -errno of the last step: something may be left. */
static inline int tree_drop(struct tree *t)
{
	tree_empty(t->base, NULL, NULL);
	close(t->box);
	close(t->out);
	close(t->base);
	return RET(unlinkat(t->top, t->name, AT_REMOVEDIR));
}

static inline uint64_t tree_mix(uint64_t h, const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len--)
		MIX(h, *c++);
	return h;
}

/*
 * tree_state() - a digest of all that is below @dir
 *
 * Names, attributes (not the access times), contents, targets of links; the
 * same whatever the order of the entries.
 */
static inline uint64_t tree_state(int dir)
{
	DIR *d = list_dir(dir, ".");
	struct dirent *e;
	uint64_t sum = 0;

	if (!d)
		abort();
	while ((e = readdir(d))) {
		uint64_t h = 0xcbf29ce484222325ULL;
		char buf[PATH_MAX];
		struct stat st;
		ssize_t n = 0;
		int sub;

		if (!strcmp(e->d_name, "..") ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		h = tree_mix(h, e->d_name, strlen(e->d_name));
		MIX(h, st.st_mode);
		MIX(h, st.st_uid);
		MIX(h, st.st_gid);
		MIX(h, st.st_size);
		MIX(h, st.st_nlink);
		MIX(h, st.st_rdev);
		MIX(h, st.st_ino);
		MIX(h, st.st_mtim.tv_sec);
		MIX(h, st.st_mtim.tv_nsec);
		MIX(h, st.st_ctim.tv_sec);
		MIX(h, st.st_ctim.tv_nsec);
		if (S_ISLNK(st.st_mode)) {
			n = readlinkat(dir, e->d_name, buf, sizeof(buf));
		} else if (S_ISREG(st.st_mode)) {
			sub = openat(dir, e->d_name, O_RDONLY | O_CLOEXEC);
			n = read(sub, buf, sizeof(buf));
			close(sub);
		} else if (S_ISDIR(st.st_mode) && strcmp(e->d_name, ".")) {
			sub = openat(dir, e->d_name,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			MIX(h, tree_state(sub));
			close(sub);
		}
		if (n > 0)
			h = tree_mix(h, buf, n);
		sum += h;
	}
	closedir(d);
	return sum;
}

/* A capability of @fd that does limit something, but nothing of interest. */
static inline int limit_barely(int fd)
{
	return limit_all_but(fd, CAP_FSCK);
}

static inline int sys_openat2(int dir, const char *path, uint64_t flags,
			      uint64_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags,
		.mode = mode,
		.resolve = resolve,
	};

	return RET(syscall(__NR_openat2, dir, path, &how, sizeof(how)));
}

/* ---- the *at calls, each as a function of a directory and a name ---- */

/**
 * struct at_call - a call that looks up a name
 * @name: For the messages.
 * @call: Makes it; returns 0 (descriptors are closed) or -errno.
 * @flags: The flag with which it stays beneath, for a test of it.
 */
struct at_call {
	const char *name;
	int (*call)(const struct tree *t, int dir, const char *path, int flags);
	int flags;
};

static inline int at_done(int ret)
{
	if (ret > 0)
		close(ret);
	return ret > 0 ? 0 : ret;
}

#define AT_CALL(fn, expr)						\
	static inline int at_##fn(const struct tree *t, int dir,	\
				  const char *path, int flags)		\
	{								\
		return expr;						\
	}

AT_CALL(open, at_done(RET(openat(dir, path, O_RDONLY | flags))))
AT_CALL(open_write, at_done(RET(openat(dir, path, O_WRONLY | flags))))
AT_CALL(open_path, at_done(RET(openat(dir, path, O_PATH | flags))))
AT_CALL(openat2, at_done(sys_openat2(dir, path, O_RDONLY | flags, 0, 0)))

static inline int at_fstatat(const struct tree *t, int dir, const char *path,
			     int flags)
{
	struct stat st;

	return RET(fstatat(dir, path, &st, flags));
}

static inline int at_statx(const struct tree *t, int dir, const char *path,
			   int flags)
{
	struct statx stx;

	return RET(statx(dir, path, flags, STATX_BASIC_STATS, &stx));
}

AT_CALL(faccessat, RET(syscall(SYS_faccessat, dir, path, R_OK)))
AT_CALL(faccessat2, RET(syscall(__NR_faccessat2, dir, path, R_OK, flags)))
AT_CALL(fchmodat, RET(syscall(SYS_fchmodat, dir, path, 0710)))
AT_CALL(fchmodat2, RET(syscall(__NR_fchmodat2, dir, path, 0710, flags)))
AT_CALL(fchownat, RET(fchownat(dir, path, getuid(), getgid(), flags)))
AT_CALL(utimensat, RET(utimensat(dir, path, NULL, flags)))
AT_CALL(futimesat, RET(futimesat(dir, path, NULL)))

static inline int at_handle(const struct tree *t, int dir, const char *path,
			    int flags)
{
	struct {
		struct file_handle h;
		char buf[MAX_HANDLE_SZ];
	} u = { .h.handle_bytes = MAX_HANDLE_SZ };
	int mnt;

	return RET(name_to_handle_at(dir, path, &u.h, &mnt,
				     flags | AT_SYMLINK_FOLLOW));
}

AT_CALL(link_source, RET(linkat(dir, path, t->box, "new",
				flags | AT_SYMLINK_FOLLOW)))

/* What looks up a directory, and makes something in it that has no name. */
AT_CALL(tmpfile, at_done(RET(openat(dir, path, O_TMPFILE | O_RDWR | flags,
				    0600))))

/* What looks up the directory, and then an entry that is there. */
AT_CALL(unlink, RET(unlinkat(dir, path, flags)))
AT_CALL(rename_source, RET(renameat(dir, path, t->box, "new")))
AT_CALL(exchange, RET(renameat2(dir, path, t->box, "file",
				RENAME_EXCHANGE)))
AT_CALL(rename_over, RET(renameat(t->box, "file", dir, path)))

/* What looks up the directory, and then an entry that is new. */
AT_CALL(creat, at_done(RET(openat(dir, path, O_CREAT | O_WRONLY | flags,
				  0600))))
AT_CALL(creat_excl, at_done(RET(openat(dir, path, O_CREAT | O_EXCL | O_WRONLY |
				       flags, 0600))))
AT_CALL(mkdir, RET(mkdirat(dir, path, 0700)))
AT_CALL(mkfile, RET(mknodat(dir, path, S_IFREG | 0600, 0)))
AT_CALL(mkfifo, RET(mknodat(dir, path, S_IFIFO | 0600, 0)))
AT_CALL(mksock, RET(mknodat(dir, path, S_IFSOCK | 0600, 0)))
AT_CALL(symlink, RET(symlinkat("x", dir, path)))
AT_CALL(link_target, RET(linkat(t->box, "file", dir, path, flags)))
AT_CALL(rename_target, RET(renameat(t->box, "file", dir, path)))

/* Calls that take the name of a file that is there, and go through links. */
static const struct at_call at_existing[] = {
	{ "openat", at_open, O_BENEATH },
	{ "openat(O_WRONLY)", at_open_write, O_BENEATH },
	{ "openat(O_PATH)", at_open_path, O_BENEATH },
	{ "openat2", at_openat2, O_BENEATH },
	{ "fstatat", at_fstatat, AT_RESOLVE_BENEATH },
	{ "statx", at_statx, AT_RESOLVE_BENEATH },
	{ "faccessat", at_faccessat },
	{ "faccessat2", at_faccessat2, AT_RESOLVE_BENEATH },
	{ "fchmodat", at_fchmodat },
	{ "fchmodat2", at_fchmodat2, AT_RESOLVE_BENEATH },
	{ "fchownat", at_fchownat, AT_RESOLVE_BENEATH },
	{ "utimensat", at_utimensat, AT_RESOLVE_BENEATH },
	{ "futimesat", at_futimesat },
	{ "name_to_handle_at", at_handle, AT_RESOLVE_BENEATH },
	{ "linkat, source", at_link_source, AT_RESOLVE_BENEATH },
};

/* Calls on an entry that is there, whatever it is. */
static const struct at_call at_entry[] = {
	{ "unlinkat", at_unlink, AT_RESOLVE_BENEATH },
	{ "renameat, source", at_rename_source },
	{ "renameat, target", at_rename_over },
	{ "renameat2(RENAME_EXCHANGE)", at_exchange },
};

/* Calls that make an entry. */
static const struct at_call at_new[] = {
	{ "openat(O_CREAT)", at_creat, O_BENEATH },
	{ "openat(O_CREAT | O_EXCL)", at_creat_excl, O_BENEATH },
	{ "mkdirat", at_mkdir },
	{ "mknodat(S_IFREG)", at_mkfile },
	{ "mknodat(S_IFIFO)", at_mkfifo },
	{ "mknodat(S_IFSOCK)", at_mksock },
	{ "symlinkat", at_symlink },
	{ "linkat, target", at_link_target, AT_RESOLVE_BENEATH },
	{ "renameat, target", at_rename_target },
};

/* ---- look-ups that tell what they found ---- */

static inline int find_open_as(int dir, const char *path, struct stat *st,
			       int flags)
{
	int fd = RET(openat(dir, path, flags | O_NONBLOCK | O_CLOEXEC));
	int err;

	if (fd < 0)
		return fd;
	err = RET(fstat(fd, st));
	close(fd);
	return err;
}

static inline int find_open(int dir, const char *path, struct stat *st)
{
	return find_open_as(dir, path, st, O_RDONLY);
}

static inline int find_path(int dir, const char *path, struct stat *st)
{
	return find_open_as(dir, path, st, O_PATH);
}

static inline int find_beneath(int dir, const char *path, struct stat *st)
{
	return find_open_as(dir, path, st, O_RDONLY | O_BENEATH);
}

static inline int find_openat2(int dir, const char *path, struct stat *st)
{
	int fd = sys_openat2(dir, path, O_RDONLY | O_CLOEXEC, 0, 0);
	int err;

	if (fd < 0)
		return fd;
	err = RET(fstat(fd, st));
	close(fd);
	return err;
}

static inline int find_stat(int dir, const char *path, struct stat *st)
{
	return RET(fstatat(dir, path, st, 0));
}

static inline int find_statx(int dir, const char *path, struct stat *st)
{
	struct statx stx;
	int err = RET(statx(dir, path, 0, STATX_BASIC_STATS, &stx));

	if (err)
		return err;
	st->st_ino = stx.stx_ino;
	st->st_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	return 0;
}

typedef int (*find_fn)(int dir, const char *path, struct stat *st);

/*
 * find_is() - 0 when @find comes to what @is names from @base, WRONG when it
 * comes to something else, or its -errno
 */
static inline int find_is(find_fn find, int dir, const char *path, int base,
			  const char *is)
{
	struct stat st = {}, want;
	int err = find(dir, path, &st);

	if (err)
		return err;
	if (!is || fstatat(base, is, &want, AT_SYMLINK_NOFOLLOW))
		return WRONG;
	return st.st_ino == want.st_ino && st.st_dev == want.st_dev ? 0 : WRONG;
}

#endif /* _SELFTESTS_CAPSICUM_PATHS_H */
