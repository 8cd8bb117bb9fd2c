// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups that stay beneath, while others rename and mount: what happens
 * elsewhere makes no difference, what happens to the path itself leads to
 * nothing outside.
 *
 * Bounded by counts, of the walks and of the disturbances, and not by time.
 */
#include "paths.h"

#include <pthread.h>

#define WALKERS		2

/* A kernel that looks for its own mistakes is slow, and finds them all the same. */
static unsigned int scaled(unsigned int n)
{
	return getenv("CAPSICUM_TEST_SLOW") ? n / 8 : n;
}

#define WALKS		scaled(6000)	/* at least, of each walker */
#define RENAMES		scaled(4000)	/* at least, beside them */
#define MOUNTS		scaled(400)

/* What a walker has met. */
struct seen {
	unsigned int walks;
	unsigned int ok;
	unsigned int left;	/* refused for leaving */
	unsigned int missing;	/* -ENOENT */
	int other;		/* another error, the first one */
	unsigned int at;	/* the number of that walk */
};

struct shared {
	int stop;
	int broken;	/* the error of a disturbance, if one failed */
	unsigned int disturbed;
	struct seen seen[WALKERS];
	struct seen quiet; /* when it is quiet again */
};

/* Memory of all children, for what they count. */
static struct shared *shared;

FIXTURE(race)
{
	struct tree tree;
	int dir;
	int leave;
	char mnt[PATH_MAX];
	char mnt2[PATH_MAX];
	char src[PATH_MAX];
	bool mounts;
	int open_flags;
	int at_flags;
	bool mode;
	bool prctl;
	bool ring;
};

FIXTURE_VARIANT(race)
{
	bool mode;
	bool capability;
	bool flag;	/* O_BENEATH and AT_RESOLVE_BENEATH */
	bool prctl;	/* PR_SET_OPENAT_BENEATH, and AT_RESOLVE_BENEATH */
	bool ring;	/* opens are those of io_uring */
};

FIXTURE_VARIANT_ADD(race, capability) {
	.capability = true,
};

FIXTURE_VARIANT_ADD(race, mode) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(race, flag) {
	.flag = true,
};

FIXTURE_VARIANT_ADD(race, prctl) {
	.prctl = true,
};

FIXTURE_VARIANT_ADD(race, capability_ring) {
	.capability = true,
	.ring = true,
};

FIXTURE_VARIANT_ADD(race, mode_ring) {
	.mode = true,
	.ring = true,
};

FIXTURE_VARIANT_ADD(race, prctl_ring) {
	.prctl = true,
	.ring = true,
};

#define race_data	_test_data_race

FIXTURE_SETUP(race)
{
	struct tree *t = &self->tree;

	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	if (variant->ring && !have_io_uring())
		SKIP(return, "no io_uring");
	if (variant->flag || variant->prctl) {
		self->leave = -EXDEV;
		self->at_flags = AT_RESOLVE_BENEATH;
	} else {
		self->leave = -ENOTCAPABLE;
	}
	self->open_flags = variant->flag ? O_BENEATH : 0;
	self->mode = variant->mode;
	self->prctl = variant->prctl;
	self->ring = variant->ring;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_FALSE(shared == MAP_FAILED);

	/* First of all: what is opened is opened in this name space. */
	self->mounts = may_mount();
	ASSERT_EQ(0, tree_make(t));
	/* The same names inside and outside, with other contents. */
	ASSERT_EQ(0, tree_put(t->box, "secret", "i"));
	ASSERT_EQ(0, mkdirat(t->box, "d1", 0700));
	ASSERT_EQ(0, mkdirat(t->box, "d1/d2", 0700));
	ASSERT_EQ(0, mkdirat(t->box, "d1/d2/d3", 0700));
	ASSERT_EQ(0, tree_put(t->box, "d1/f", "i"));
	ASSERT_EQ(0, tree_put(t->out, "f", "o"));
	ASSERT_EQ(0, symlinkat("d1/d2/d3/../../f", t->box, "link"));
	ASSERT_EQ(0, mkdirat(t->base, "elsewhere", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "elsewhere/x", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "elsewhere/y", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "elsewhere/x/dir", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "src", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "src/sub", 0700));
	ASSERT_EQ(0, mkdirat(t->base, "mnt2", 0700));
	self->dir = variant->capability ? limit_barely(t->box) : dup(t->box);
	ASSERT_LE(0, self->dir);

	snprintf(self->src, sizeof(self->src), "%s/src", t->path);
	snprintf(self->mnt, sizeof(self->mnt), "%s/box/mnt", t->path);
	snprintf(self->mnt2, sizeof(self->mnt2), "%s/mnt2", t->path);
}

FIXTURE_TEARDOWN(race)
{
	if (self->mounts) {
		umount2(self->mnt, MNT_DETACH);
		umount2(self->mnt2, MNT_DETACH);
	}
	close(self->dir);
	EXPECT_EQ(0, tree_drop(&self->tree));
}

/* ---- disturbers and walkers ---- */

struct plan {
	struct race_data *self;
	/* One disturbance; an even number of them leaves all as it was. */
	int (*disturb)(struct race_data *self, unsigned int i);
	/* One walk: 0, or -errno; WRONG if it came to something outside. */
	int (*walk)(struct race_data *self, unsigned int walker, unsigned int i);
	unsigned int disturbances;
};

static bool stopped(void)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

static int disturber(const struct plan *p)
{
	unsigned int i;
	int err;

	for (i = 0; i & 1 || !stopped(); i++) {
		err = p->disturb(p->self, i);
		if (err) {
			shared->broken = err;
			return err;
		}
		__atomic_store_n(&shared->disturbed, i + 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static void one_walk(const struct plan *p, unsigned int walker,
		     struct seen *s)
{
	int err = p->walk(p->self, walker, s->walks);

	if (!err) {
		s->ok++;
	} else if (err == p->self->leave) {
		s->left++;
	} else if (err == -ENOENT) {
		s->missing++;
	} else if (!s->other) {
		s->other = err;
		s->at = s->walks;
	}
	s->walks++;
}

/* Of each walker: it is a process of its own. */
static struct ring ring;

/*
 * An open of a ring is tried at once, as far as that takes no waiting, and left
 * to a worker when it cannot be done so; with IOSQE_ASYNC it is left to one in
 * the first place.
 */
static int ring_open(int dir, const char *path, int flags, unsigned int mode)
{
	static unsigned int opens;
	struct io_uring_sqe sqe = sqe_openat(dir, path, flags);

	sqe.len = mode;
	/* Of any two, four or six kinds of walk, each comes to be both. */
	if (opens++ % 5 < 2)
		sqe.flags = IOSQE_ASYNC;
	return ring_one(&ring, &sqe);
}

static int race_open(struct race_data *self, const char *path, int flags)
{
	flags |= self->open_flags;
	if (self->ring)
		return ring_open(self->dir, path, flags, 0600);
	return RET(openat(self->dir, path, flags, 0600));
}

static int walker(const struct plan *p, unsigned int nr)
{
	struct seen *s = nr < WALKERS ? &shared->seen[nr] : &shared->quiet;
	const unsigned int walks = WALKS;

	if (p->self->ring && ring_setup(&ring, 4, 0))
		return 1;
	if (p->self->prctl && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       prctl(PR_SET_OPENAT_BENEATH, 1, 0, 0, 0)))
		return 1;
	if (p->self->mode && sys_cap_enter(0))
		return 1;
	while (nr == WALKERS && s->walks < 16)
		one_walk(p, nr, s);
	while (nr < WALKERS && !shared->broken && !s->other &&
	       (s->walks < walks ||
		__atomic_load_n(&shared->disturbed, __ATOMIC_RELAXED) <
		p->disturbances))
		one_walk(p, nr, s);
	return 0;
}

/*
 * The walkers walk, and another disturbs them all the while. @may_miss and
 * @may_leave: whether a walk may end with nothing, and with a refusal.
 */
static void race(struct __test_metadata *_metadata, const struct plan *p,
		 bool may_miss, bool may_leave)
{
	pid_t pid[WALKERS], by;
	unsigned int i;

	memset(shared, 0, sizeof(*shared));
	by = fork();
	ASSERT_LE(0, by);
	if (!by)
		_exit(!!disturber(p));
	for (i = 0; i < WALKERS; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			_exit(walker(p, i));
	}
	for (i = 0; i < WALKERS; i++)
		EXPECT_TRUE(child_ok(pid[i]));
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	EXPECT_TRUE(child_ok(by)) {
		TH_LOG("cannot disturb: %s", strerror(-shared->broken));
	}
	for (i = 0; i < WALKERS; i++) {
		struct seen *s = &shared->seen[i];

		TH_LOG("%u walks: %u through, %u refused, %u found nothing; %u disturbances",
		       s->walks, s->ok, s->left, s->missing,
		       shared->disturbed);
		EXPECT_LE(WALKS, s->walks);
		EXPECT_EQ(0, s->other)
			TH_LOG("walk %u", s->at);
		if (!may_miss)
			EXPECT_EQ(0, s->missing);
		if (!may_leave)
			EXPECT_EQ(0, s->left);
	}
	EXPECT_LE(p->disturbances, shared->disturbed);

	/* When it is quiet again, all ways are open. */
	by = fork();
	ASSERT_LE(0, by);
	if (!by)
		_exit(walker(p, WALKERS));
	EXPECT_TRUE(child_ok(by));
	EXPECT_EQ(0, shared->quiet.other);
	EXPECT_EQ(16, shared->quiet.ok);
}

/* ---- elsewhere ---- */

static int rename_elsewhere(struct race_data *self, unsigned int i)
{
	static const char * const at[] = {
		"elsewhere/x/dir", "elsewhere/y/dir",
	};

	return RET(renameat(self->tree.base, at[i & 1], self->tree.base,
			    at[!(i & 1)]));
}

static int mount_elsewhere(struct race_data *self, unsigned int i)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/elsewhere", self->tree.path);
	if (i & 1)
		return RET(umount2(path, MNT_DETACH));
	return RET(mount("none", path, "tmpfs", 0, NULL));
}

/* The byte in a file is @want. */
static int walk_read(struct race_data *self, const char *path, char want)
{
	int fd = race_open(self, path, O_RDONLY);
	char c = 0;

	if (fd < 0)
		return fd;
	if (read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c == want ? 0 : WRONG;
}

/* Calls of all kinds, on paths that stay inside. */
static int walk_inside(struct race_data *self, unsigned int nr, unsigned int i)
{
	const char *file = "a/b/../../a/b/../../a/b/../../file";
	char path[64];
	struct statx stx;
	struct stat st;
	int err;

	switch (i & 7) {
	case 0:
		return walk_read(self, file, 'i');
	case 1:
		return walk_read(self, "a/b/top/a/b/top/in", 'i');
	case 2:
		return at_done(race_open(self, "a/b/../../a/b/..", O_PATH));
	case 3:
		return RET(fstatat(self->dir, file, &st, self->at_flags));
	case 4:
		return RET(statx(self->dir, "a/b/../../a/b/..", self->at_flags,
				 STATX_BASIC_STATS, &stx));
	case 5:
		return RET(syscall(__NR_faccessat2, self->dir, file, R_OK,
				   self->at_flags));
	case 6:
		snprintf(path, sizeof(path), "a/b/../../a/b/../new%u", nr);
		err = at_done(race_open(self, path, O_CREAT | O_WRONLY));
		if (err)
			return err;
		return RET(unlinkat(self->dir, path, self->at_flags));
	default:
		/* These have no flag of their own, but are no different. */
		snprintf(path, sizeof(path), "a/b/../../a/b/../dir%u", nr);
		err = RET(mkdirat(self->dir, path, 0700));
		if (err)
			return err;
		return RET(unlinkat(self->dir, path, AT_REMOVEDIR |
				    self->at_flags));
	}
}

TEST_F(race, renames_elsewhere)
{
	struct plan p = {
		.self = self,
		.disturb = rename_elsewhere,
		.walk = walk_inside,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, false);
}

TEST_F(race, mounts_elsewhere)
{
	struct plan p = {
		.self = self,
		.disturb = mount_elsewhere,
		.walk = walk_inside,
		.disturbances = MOUNTS,
	};

	if (!self->mounts)
		SKIP(return, "may not mount");
	race(_metadata, &p, false, false);
}

/* A path that leaves is refused, and with nothing else, at any time. */
static int walk_outside(struct race_data *self, unsigned int nr, unsigned int i)
{
	static const char * const paths[] = {
		"a/b/../../../secret", "a/b/../../a/b/../../../box/file", "up",
		"a/b/top/a/b/top/..",
	};
	struct stat st;
	int err;

	if (i & 4)
		err = RET(fstatat(self->dir, paths[i & 3], &st,
				  self->at_flags));
	else
		err = at_done(race_open(self, paths[i & 3], O_PATH));
	return err == self->leave ? 0 : err ? err : WRONG;
}

TEST_F(race, refused_during_renames)
{
	struct plan p = {
		.self = self,
		.disturb = rename_elsewhere,
		.walk = walk_outside,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, false);
}

/* ---- the directory being walked ---- */

/* box/d1/d2 goes out and comes back. */
static int move_out(struct race_data *self, unsigned int i)
{
	struct tree *t = &self->tree;

	if (i & 1)
		return RET(renameat(t->out, "d2", t->box, "d1/d2"));
	return RET(renameat(t->box, "d1/d2", t->out, "d2"));
}

/* Where the way up from d2 leads while it is inside. */
static const char * const homes[] = { "d1", "a" };

static bool is_home(struct race_data *self, const struct stat *st,
		    const char *name)
{
	struct stat want;
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(homes); i++) {
		snprintf(path, sizeof(path), "%s/%s", homes[i], name);
		if (!fstatat(self->tree.box, path, &want, 0) &&
		    st->st_ino == want.st_ino)
			return true;
	}
	return false;
}

static bool remove_at_home(struct race_data *self, const char *name, int flags)
{
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(homes); i++) {
		snprintf(path, sizeof(path), "%s/%s", homes[i], name);
		if (!unlinkat(self->tree.box, path, flags))
			return true;
	}
	return false;
}

static int walk_moved(struct race_data *self, unsigned int nr, unsigned int i)
{
	char path[64], name[32];
	struct stat st;
	int err;

	switch (i & 7) {
	/* As the crow flies from out/d2/d3, these are others. */
	case 0:
		return walk_read(self, "d1/d2/d3/../../../secret", 'i');
	case 1:
		return walk_read(self, "d1/d2/d3/../../f", 'i');
	case 2:
		return walk_read(self, "link", 'i');
	case 3:
		return walk_read(self, "d1/d2/d3/../../../d1/d2/../f", 'i');
	case 4:
		err = RET(fstatat(self->dir, "d1/d2/d3/../../f", &st,
				  self->at_flags));
		if (err)
			return err;
		return is_home(self, &st, "f") ? 0 : WRONG;
	case 5:
		/* The parent of the last component. */
		snprintf(name, sizeof(name), "new%u", nr);
		snprintf(path, sizeof(path), "d1/d2/d3/../../%s", name);
		err = at_done(race_open(self, path,
					O_CREAT | O_EXCL | O_WRONLY));
		if (err)
			return err;
		return remove_at_home(self, name, 0) ? 0 : WRONG;
	case 6:
		/* Where it ends at a directory on the way. */
		err = race_open(self, "d1/d2/d3/../..", O_PATH | O_DIRECTORY);
		if (err < 0)
			return err;
		if (fstat(err, &st))
			st.st_ino = 0;
		close(err);
		return is_home(self, &st, ".") ? 0 : WRONG;
	default:
		if (self->at_flags)
			return 0;
		snprintf(name, sizeof(name), "dir%u", nr);
		snprintf(path, sizeof(path), "d1/d2/d3/../../%s", name);
		err = RET(mkdirat(self->dir, path, 0700));
		if (err)
			return err;
		return remove_at_home(self, name, AT_REMOVEDIR) ? 0 : WRONG;
	}
}

TEST_F(race, directory_moves_out)
{
	struct plan p = {
		.self = self,
		.disturb = move_out,
		.walk = walk_moved,
		.disturbances = RENAMES,
	};
	struct stat st;
	DIR *d;
	struct dirent *e;

	race(_metadata, &p, true, true);
	/* Nobody has made anything outside. */
	d = fdopendir(dup(self->tree.out));
	ASSERT_TRUE(!!d);
	while ((e = readdir(d)))
		EXPECT_FALSE(!strncmp(e->d_name, "new", 3) ||
			     !strncmp(e->d_name, "dir", 3));
	closedir(d);
	EXPECT_EQ(0, fstatat(self->tree.box, "d1/d2/d3", &st, 0));
}

/* What always leaves never comes to anything, wherever it is. */
static int walk_moved_outside(struct race_data *self, unsigned int nr,
			      unsigned int i)
{
	static const char * const paths[] = {
		"d1/d2/d3/../../../../secret", "d1/d2/d3/../../../../out/f",
		"d1/d2/d3/../../../../box/secret",
		"d1/d2/d3/../../../../src/sub/../../secret",
	};
	struct stat st;
	int err = RET(fstatat(self->dir, paths[i & 3], &st, self->at_flags));

	if (err == self->leave || err == -ENOENT)
		return 0;
	return err ? err : WRONG;
}

TEST_F(race, directory_moves_beyond)
{
	struct plan p = {
		.self = self,
		.disturb = move_out,
		.walk = walk_moved_outside,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, false);
}

/* It goes to another place inside, as deep: there is no way out at all. */
static int move_inside(struct race_data *self, unsigned int i)
{
	struct tree *t = &self->tree;

	if (i & 1)
		return RET(renameat(t->box, "a/d2", t->box, "d1/d2"));
	return RET(renameat(t->box, "d1/d2", t->box, "a/d2"));
}

TEST_F(race, directory_moves_inside)
{
	struct plan p = {
		.self = self,
		.disturb = move_inside,
		.walk = walk_moved,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, true, false);
}

/* The directory that the walks start at goes elsewhere: all is as before. */
static int move_start(struct race_data *self, unsigned int i)
{
	struct tree *t = &self->tree;

	if (i & 1)
		return RET(renameat(t->out, "moved", t->base, "box"));
	return RET(renameat(t->base, "box", t->out, "moved"));
}

TEST_F(race, start_moves)
{
	struct plan p = {
		.self = self,
		.disturb = move_start,
		.walk = walk_inside,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, false);
}

TEST_F(race, start_moves_refused)
{
	struct plan p = {
		.self = self,
		.disturb = move_start,
		.walk = walk_outside,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, false);
}

/* ---- links ---- */

static int swap(struct race_data *self, const char *a, const char *b)
{
	return RET(renameat2(self->tree.box, a, self->tree.box, b,
			     RENAME_EXCHANGE));
}

static int swap_links(struct race_data *self, unsigned int i)
{
	return swap(self, "in", "up");
}

static int walk_link(struct race_data *self, unsigned int nr, unsigned int i)
{
	struct stat st, want;
	int err;

	if (i & 1)
		return walk_read(self, "in", 'i');
	err = RET(fstatat(self->dir, "in", &st, self->at_flags));
	if (err)
		return err;
	if (fstatat(self->tree.box, "file", &want, 0))
		return WRONG;
	return st.st_ino == want.st_ino ? 0 : WRONG;
}

TEST_F(race, link_changes)
{
	struct plan p = {
		.self = self,
		.disturb = swap_links,
		.walk = walk_link,
		.disturbances = RENAMES,
	};

	race(_metadata, &p, false, true);
}

/* A directory, and a link to one outside, in turns. */
static int swap_dir(struct race_data *self, unsigned int i)
{
	return swap(self, "d1", "outdir");
}

static int walk_dir(struct race_data *self, unsigned int nr, unsigned int i)
{
	char path[64];

	if (i & 1)
		return walk_read(self, "d1/f", 'i');
	snprintf(path, sizeof(path), "d1/d2/../new%u", nr);
	return at_done(race_open(self, path, O_CREAT | O_WRONLY));
}

TEST_F(race, directory_becomes_link)
{
	struct plan p = {
		.self = self,
		.disturb = swap_dir,
		.walk = walk_dir,
		.disturbances = RENAMES,
	};
	uint64_t before;

	ASSERT_EQ(0, mkdirat(self->tree.out, "d2", 0700));
	before = tree_state(self->tree.out);
	race(_metadata, &p, false, true);
	EXPECT_EQ(before, tree_state(self->tree.out));
}

/* ---- the descriptor ---- */

/* A thread that puts a capability and what it is of in the same place. */
struct descriptors {
	int to;
	int from[2];
	int err;
	unsigned int changes;
};

static void *change_descriptor(void *arg)
{
	struct descriptors *d = arg;
	unsigned int i;

	for (i = 0; !stopped() && !d->err; i++) {
		d->err = dup2(d->from[i & 1], d->to) < 0 ? -errno : 0;
		__atomic_store_n(&d->changes, i, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* What came from outside has no limits, since what limits does not leave. */
static int open_by_either(int dir, bool by_ring, const char *path, bool outside,
			  bool *limited)
{
	int fd = by_ring ? ring_open(dir, path, O_RDONLY, 0) :
			   RET(openat(dir, path, O_RDONLY));
	struct limits l;
	int err;

	if (fd < 0)
		return fd;
	err = get_limits(fd, &l);
	close(fd);
	*limited = !rights_has(&l.rights, CAP_FSCK);
	return err ? err : *limited && outside ? WRONG : 0;
}

static void check_descriptor_changes(struct __test_metadata *_metadata,
				     bool by_ring)
{
	struct descriptors d = {};
	unsigned int i, inside[2] = {}, outside = 0, refused = 0;
	const unsigned int walks = WALKS, changes = RENAMES;
	struct tree t;
	pthread_t thread;
	bool limited;
	int err;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_FALSE(shared == MAP_FAILED);
	ASSERT_EQ(0, tree_make(&t));
	d.from[0] = t.box;
	d.from[1] = limit_barely(t.box);
	d.to = dup(t.box);
	ASSERT_LE(0, d.from[1]);
	ASSERT_LE(0, d.to);
	ASSERT_EQ(0, pthread_create(&thread, NULL, change_descriptor, &d));
	for (i = 0; i < walks ||
	     __atomic_load_n(&d.changes, __ATOMIC_RELAXED) < changes; i++) {
		err = open_by_either(d.to, by_ring, "a/../file", false,
				     &limited);
		EXPECT_EQ(0, err);
		inside[!err && limited]++;
		err = open_by_either(d.to, by_ring, "a/../../secret", true,
				     &limited);
		EXPECT_TRUE(!err || err == -ENOTCAPABLE)
			TH_LOG("returned %d", err);
		if (err)
			refused++;
		else
			outside++;
		if (d.err)
			break;
	}
	shared->stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, d.err);
	TH_LOG("inside: %u limited, %u not; outside: %u opened, %u refused",
	       inside[1], inside[0], outside, refused);
	close(d.to);
	close(d.from[1]);
	EXPECT_EQ(0, tree_drop(&t));
}

TEST(descriptor_changes)
{
	REQUIRE_CAPSICUM();
	check_descriptor_changes(_metadata, false);
}

TEST(descriptor_changes_ring)
{
	REQUIRE_CAPSICUM();
	if (!have_io_uring())
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, ring_setup(&ring, 4, 0));
	check_descriptor_changes(_metadata, true);
	ring_free(&ring);
}

/* ---- mounts ---- */

static int move_mount_out(struct race_data *self, unsigned int i)
{
	if (i & 1)
		return RET(mount(self->mnt2, self->mnt, NULL, MS_MOVE, NULL));
	return RET(mount(self->mnt, self->mnt2, NULL, MS_MOVE, NULL));
}

static int walk_mount(struct race_data *self, unsigned int nr, unsigned int i)
{
	switch (i & 3) {
	case 0:
		return walk_read(self, "mnt/sub/../../secret", 'i');
	case 1:
		return walk_read(self, "mnt/sub/../../d1/f", 'i');
	case 2:
		/* There with the mount, and without: not missing. */
		return walk_read(self, "mnt/../secret", 'i');
	default:
		return walk_read(self, "a/b/../../mnt/sub/../../secret", 'i');
	}
}

TEST_F(race, mount_moves_out)
{
	struct plan p = {
		.self = self,
		.disturb = move_mount_out,
		.walk = walk_mount,
		.disturbances = MOUNTS,
	};

	if (!self->mounts)
		SKIP(return, "may not mount");
	ASSERT_EQ(0, mount(self->src, self->mnt, NULL, MS_BIND, NULL));
	race(_metadata, &p, true, true);
}

/* What is walked leaves the part of the file system that is mounted. */
static int move_below_mount(struct race_data *self, unsigned int i)
{
	struct tree *t = &self->tree;

	if (i & 1)
		return RET(renameat(t->out, "sub", t->base, "src/sub"));
	return RET(renameat(t->base, "src/sub", t->out, "sub"));
}

static int walk_below_mount(struct race_data *self, unsigned int nr,
			    unsigned int i)
{
	if (i & 1)
		return walk_read(self, "mnt/sub/../../secret", 'i');
	return walk_read(self, "mnt/sub/../f", 'i');
}

TEST_F(race, leaves_its_mount)
{
	struct plan p = {
		.self = self,
		.disturb = move_below_mount,
		.walk = walk_below_mount,
		.disturbances = RENAMES,
	};

	if (!self->mounts)
		SKIP(return, "may not mount");
	ASSERT_EQ(0, tree_put(self->tree.base, "src/f", "i"));
	ASSERT_EQ(0, mount(self->src, self->mnt, NULL, MS_BIND, NULL));
	race(_metadata, &p, true, true);
}

TEST_HARNESS_MAIN
