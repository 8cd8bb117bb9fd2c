// SPDX-License-Identifier: GPL-2.0
/*
 * Look-ups that stay beneath, in a file system whose server is hostile: it lets
 * one directory turn up in several places, so that the kernel moves it from one
 * to the other without any rename, and links lead elsewhere each time.
 *
 *	secret
 *	sibling/secret, sibling/inner, sibling/sub/
 *	box/			where look-ups start
 *	box/inner, box/link, box/sub/
 *	box/deep/inner, box/deep/sub/
 *
 * The three are the same sub/, with sub/x/f and sub/l, a link to ../inner. Who
 * looks it up in a place has it there.
 */
#include "fuse.h"
#include "paths.h"

/* A kernel that looks for its own mistakes is slow, and finds them all the same. */
static unsigned int scaled(unsigned int n)
{
	return getenv("CAPSICUM_TEST_SLOW") ? n / 8 : n;
}

#define WALKERS		2
#define WALKS		scaled(400)	/* at least, of each walker */
#define WALKS_MAX	(100 * WALKS)	/* to see sub in both places */

/* The files, by their numbers: directories, then others, then links. */
enum {
	ROOT = FUSE_ROOT_ID, BOX, SIBLING, DEEP, SUB, SUB2, X,
	F, INNER, OUTER, DEEP_INNER, SECRET, TOP_SECRET,
	LINK, SUB_LINK,
	NODES
};

static const struct {
	int dir;
	const char *name;
	int node;
} entries[] = {
	{ ROOT, "box", BOX },
	{ ROOT, "sibling", SIBLING },
	{ ROOT, "secret", TOP_SECRET },
	{ SIBLING, "secret", SECRET },
	{ SIBLING, "inner", OUTER },
	{ SIBLING, "sub", SUB },
	{ BOX, "inner", INNER },
	{ BOX, "link", LINK },
	{ BOX, "sub", SUB },
	{ BOX, "deep", DEEP },
	{ DEEP, "inner", DEEP_INNER },
	{ DEEP, "sub", SUB },
	{ SUB, "x", X },
	{ SUB, "l", SUB_LINK },
	{ X, "f", F },
};

/* What box/link says, in turn. */
static const char * const answers[] = { "inner", "/secret", "../secret", ".." };

static char text_of(int node)
{
	return 'a' + node;
}

/* By which a path is looked up. */
enum way { BY_OPEN, BY_PATH, BY_STAT, BY_STATX, FINDS, BY_CREAT = FINDS, BY_MKDIR };

struct walk {
	enum way way;
	const char *path;
	int move_to;		/* where sub goes in the middle, or 0 */
	/* What has come of it. */
	int ret;		/* the number of what is found, or -errno */
	unsigned int moves;	/* done by the server meanwhile */
	unsigned int readlinks;
	int made_in;		/* where something was to be made */
};

/* What a walker has met. */
struct seen {
	unsigned int walks;
	unsigned int home;	/* sub was where it had been looked up */
	unsigned int away;	/* it was not */
	unsigned int stale;	/* the kernel could not move it just then */
	int wrong;		/* the first result that is wrong */
	unsigned int at;	/* which of race_walks[] had that */
};

/* Memory of all children, and of the server. */
static struct shared {
	/* What the server is to do. */
	int move_to;		/* in the middle of the next look-up */
	bool two;		/* sub is two directories, in turn */
	bool mixed;		/* some answers hold for long */
	/* What it has done. */
	unsigned int found[NODES]; /* sub, in this directory */
	unsigned int readlinks;
	unsigned int moves;
	int made_in;		/* where somebody wanted to make something */
	/* The race. */
	int stop;
	int broken;
	struct seen seen[WALKERS + 1];
	/* What one child is to do. */
	struct walk walks[3 * FINDS];
} *shared;

/* ---- the server ---- */

struct server {
	int dev;
	int to_mover;
	unsigned int turn;
	/* A request that waits for the move to be over, and its answer. */
	bool holds;
	struct fuse_request held;
	size_t size;
	union {
		struct fuse_entry_out entry;
		char text[16];
	} out;
};

static struct fuse_attr attr_of(int node)
{
	struct fuse_attr attr = {
		.ino = node,
		.nlink = 1,
		.mode = node <= X ? S_IFDIR | 0755 :
			node <= TOP_SECRET ? S_IFREG | 0644 : S_IFLNK | 0777,
		.size = 1,
	};

	return attr;
}

static int find_entry(int dir, const char *name)
{
	unsigned int i;

	if (dir == SUB2)
		dir = SUB;
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		if (entries[i].dir == dir && !strcmp(entries[i].name, name))
			return entries[i].node;
	}
	return 0;
}

/* Answers, or lets somebody look up sub elsewhere before. */
static void answer_late(struct server *s, const struct fuse_request *in)
{
	char to = shared->move_to;

	if (!to) {
		fuse_answer(s->dev, in, 0, &s->out, s->size);
		return;
	}
	shared->move_to = 0;
	s->held = *in;
	s->holds = true;
	if (write(s->to_mover, &to, 1) != 1)
		_exit(1);
}

static void serve_lookup(struct server *s, const struct fuse_request *in)
{
	const int dir = in->header.nodeid;
	struct fuse_entry_out entry = { .attr_valid = 1000 };
	int node = find_entry(dir, in->name);

	if (!node) {
		fuse_answer(s->dev, in, -ENOENT, NULL, 0);
		/* Who has moved sub says so by this, for all is one queue. */
		if (s->holds && !strcmp(in->name, "moved")) {
			s->holds = false;
			shared->moves++;
			fuse_answer(s->dev, &s->held, 0, &s->out, s->size);
		}
		return;
	}
	if (node == SUB) {
		shared->found[dir]++;
		if (shared->two && s->turn++ & 2)
			node = SUB2;
	}
	/* x is looked up again each time, so that there always is a middle. */
	if (shared->mixed && node != X && s->turn++ & 1)
		entry.entry_valid = 1000;
	entry.nodeid = node;
	entry.attr = attr_of(node);
	if (node != X) {
		fuse_answer(s->dev, in, 0, &entry, sizeof(entry));
		return;
	}
	s->out.entry = entry;
	s->size = sizeof(entry);
	answer_late(s, in);
}

static void serve_readlink(struct server *s, const struct fuse_request *in)
{
	const char *to = in->header.nodeid == SUB_LINK ? "../inner" :
			 answers[shared->readlinks++ % ARRAY_SIZE(answers)];

	s->size = strlen(to);
	memcpy(s->out.text, to, s->size);
	answer_late(s, in);
}

static void serve(int dev, int to_mover)
{
	struct server s = { .dev = dev, .to_mover = to_mover };
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
		.flags = FUSE_PARALLEL_DIROPS,
	};
	struct fuse_attr_out attr = { .attr_valid = 1000 };
	struct fuse_request in;
	char text;

	while (read(dev, &in, sizeof(in)) > 0) {
		switch (in.header.opcode) {
		case FUSE_INIT:
			fuse_answer(dev, &in, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			serve_lookup(&s, &in);
			break;
		case FUSE_READLINK:
			serve_readlink(&s, &in);
			break;
		case FUSE_GETATTR:
			attr.attr = attr_of(in.header.nodeid);
			fuse_answer(dev, &in, 0, &attr, sizeof(attr));
			break;
		case FUSE_READ:
			text = text_of(in.header.nodeid);
			fuse_answer(dev, &in, 0, &text, 1);
			break;
		case FUSE_MKDIR:
		case FUSE_CREATE:
			shared->made_in = in.header.nodeid;
			fuse_answer(dev, &in, -EPERM, NULL, 0);
			break;
		default:
			fuse_decline(dev, &in);
		}
	}
	_exit(0);
}

/* ---- the walks ---- */

FIXTURE(hostile)
{
	char top[32];
	int dev;
	int pipe[2];
	int root, box, sibling, deep;
	int sub;	/* holds it, to ask where it is */
	int dir;	/* where those start who are to stay beneath */
	dev_t st_dev;
	int leave;
	int open_flags;
	int at_flags;
	bool mode;
	bool mounted;
	pid_t server, mover;
};

FIXTURE_VARIANT(hostile)
{
	bool mode;
	bool capability;
	bool flag;	/* O_BENEATH and AT_RESOLVE_BENEATH */
};

FIXTURE_VARIANT_ADD(hostile, capability) {
	.capability = true,
};

FIXTURE_VARIANT_ADD(hostile, mode) {
	.mode = true,
};

FIXTURE_VARIANT_ADD(hostile, flag) {
	.flag = true,
};

#define hostile_data	_test_data_hostile

/* The directory where sub is now. */
static int where_is_sub(const struct hostile_data *self)
{
	struct stat st;
	int err = RET(fstatat(self->sub, "..", &st, 0));

	return err ? err : (int)st.st_ino;
}

/* Looks up sub where the server wants it to be, and sees that it is there. */
static void move_for_server(const struct hostile_data *self)
{
	struct stat st;
	char to;

	while (read(self->pipe[0], &to, 1) == 1) {
		int dir = to == SIBLING ? self->sibling : self->deep;
		int err = RET(fstatat(dir, "sub", &st, 0));

		if (!err && where_is_sub(self) != to)
			err = WRONG;
		if (err)
			shared->broken = err;
		fstatat(dir, "moved", &st, 0);
	}
	_exit(0);
}

FIXTURE_SETUP(hostile)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	struct stat st;

	self->dev = -1;
	self->server = -1;
	self->mover = -1;
	if (variant->mode)
		REQUIRE_CAPMODE();
	else
		REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	self->leave = variant->flag ? -EXDEV : -ENOTCAPABLE;
	self->mode = variant->mode;
	self->open_flags = variant->flag ? O_BENEATH : 0;
	self->at_flags = variant->flag ? AT_RESOLVE_BENEATH : 0;
	self->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (self->dev < 0)
		SKIP(return, "no FUSE");
	if (!may_mount())
		SKIP(return, "may not mount");
	shared = new_shared(sizeof(*shared));
	ASSERT_TRUE(!!shared);
	snprintf(self->top, sizeof(self->top), "/tmp/capsicum.XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->top));
	ASSERT_EQ(0, fuse_mount(self->dev, self->top));
	self->mounted = true;
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
	self->server = fork();
	ASSERT_LE(0, self->server);
	if (!self->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(self->dev, self->pipe[1]);
	}

	self->root = open(self->top, flags);
	self->box = openat(self->root, "box", flags);
	self->sibling = openat(self->root, "sibling", flags);
	self->deep = openat(self->box, "deep", flags);
	self->sub = openat(self->box, "sub", flags);
	ASSERT_LE(0, self->root);
	ASSERT_LE(0, self->box);
	ASSERT_LE(0, self->sibling);
	ASSERT_LE(0, self->deep);
	ASSERT_LE(0, self->sub);
	ASSERT_EQ(0, fstat(self->root, &st));
	self->st_dev = st.st_dev;
	self->dir = variant->capability ? limit_barely(self->box) :
					  dup(self->box);
	ASSERT_LE(0, self->dir);
	self->mover = fork();
	ASSERT_LE(0, self->mover);
	if (!self->mover) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		move_for_server(self);
	}
}

FIXTURE_TEARDOWN(hostile)
{
	if (self->mover > 0) {
		kill(self->mover, SIGKILL);
		waitpid(self->mover, NULL, 0);
	}
	if (self->server > 0) {
		close(self->dir);
		close(self->sub);
		close(self->deep);
		close(self->sibling);
		close(self->box);
		close(self->root);
		close(self->pipe[0]);
		close(self->pipe[1]);
		kill(self->server, SIGKILL);
		waitpid(self->server, NULL, 0);
	}
	if (self->mounted) {
		EXPECT_EQ(0, umount2(self->top, MNT_DETACH));
		EXPECT_EQ(0, rmdir(self->top));
	}
	close(self->dev);
}

static int open_and_read(const struct walk *w, int dir, int flags,
			 struct stat *st)
{
	int fd = RET(openat(dir, w->path, flags | O_CLOEXEC, 0600));
	int err;
	char c;

	if (fd < 0)
		return fd;
	err = RET(fstat(fd, st));
	if (!err && w->way == BY_OPEN && S_ISREG(st->st_mode) &&
	    (read(fd, &c, 1) != 1 || c != text_of(st->st_ino)))
		err = WRONG;
	close(fd);
	return err;
}

/* The number of what is found, or -errno. @plain: by no rules but everybody's. */
static int walk(const struct hostile_data *self, bool plain,
		const struct walk *w)
{
	const int open_flags = plain ? 0 : self->open_flags;
	const int at_flags = plain ? 0 : self->at_flags;
	const int dir = plain ? self->box : self->dir;
	struct stat st = {};
	struct statx stx;
	int err;

	switch (w->way) {
	case BY_OPEN:
		err = open_and_read(w, dir, open_flags | O_RDONLY, &st);
		break;
	case BY_PATH:
		err = open_and_read(w, dir, open_flags | O_PATH, &st);
		break;
	case BY_STAT:
		err = RET(fstatat(dir, w->path, &st, at_flags));
		break;
	case BY_STATX:
		err = RET(statx(dir, w->path, at_flags, STATX_BASIC_STATS,
				&stx));
		st.st_ino = stx.stx_ino;
		st.st_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
		break;
	case BY_CREAT:
		err = open_and_read(w, dir, open_flags | O_CREAT | O_WRONLY,
				    &st);
		break;
	default:
		err = RET(mkdirat(dir, w->path, 0700));
	}
	if (err)
		return err;
	return st.st_dev == self->st_dev && st.st_ino < NODES ?
		(int)st.st_ino : WRONG;
}

/* The root directory is that of the file system: "/secret" is there as well. */
static int start_walks(const struct hostile_data *self, bool plain)
{
	STEP(!fchdir(self->root));
	STEP(!chroot("."));
	return self->mode && !plain ? sys_cap_enter(0) : 0;
}

struct walker {
	const struct hostile_data *self;
	bool plain;
	unsigned int n;
};

static int walk_in_child(void *arg)
{
	const struct walker *r = arg;
	unsigned int i;

	STEP(!start_walks(r->self, r->plain));
	for (i = 0; i < r->n; i++) {
		struct walk *w = &shared->walks[i];

		w->moves = shared->moves;
		w->readlinks = shared->readlinks;
		shared->made_in = 0;
		shared->move_to = w->move_to;
		w->ret = walk(r->self, r->plain, w);
		w->moves = shared->moves - w->moves;
		w->readlinks = shared->readlinks - w->readlinks;
		w->made_in = shared->made_in;
		/* The server has come to it. */
		STEP(!shared->move_to);
	}
	return 0;
}

/* Does the first @n of shared->walks[]. */
static int do_walks(const struct hostile_data *self, bool plain, unsigned int n)
{
	struct walker r = { self, plain, n };

	return in_child(walk_in_child, &r);
}

/* ---- in the middle of a look-up ---- */

#define LEAVES	0

/* sub stays where it is, goes out, and goes to another place inside. */
static const int moves[] = { 0, SIBLING, DEEP };

/* What is found, or -errno. */
struct middle {
	const char *path;
	struct {
		int stays, out, deep;
	} plain, beneath;
};

static const struct middle middles[] = {
	{ "sub/x", { X, X, X }, { X, LEAVES, X } },
	{ "sub/x/.", { X, X, X }, { X, LEAVES, X } },
	{ "sub/x/f", { F, F, F }, { F, LEAVES, F } },
	{ "sub/x/..", { SUB, SUB, SUB }, { SUB, LEAVES, SUB } },
	{ "sub/x/../..", { BOX, SIBLING, DEEP }, { BOX, LEAVES, DEEP } },
	{ "sub/x/../../inner", { INNER, OUTER, DEEP_INNER },
	  { INNER, LEAVES, DEEP_INNER } },
	{ "sub/l", { INNER, OUTER, DEEP_INNER },
	  { INNER, LEAVES, DEEP_INNER } },
	{ "sub/x/../../secret", { -ENOENT, SECRET, -ENOENT },
	  { -ENOENT, LEAVES, -ENOENT } },
	{ "sub/x/../../..", { ROOT, ROOT, BOX }, { LEAVES, LEAVES, BOX } },
	{ "sub/x/../../../secret", { TOP_SECRET, TOP_SECRET, -ENOENT },
	  { LEAVES, LEAVES, -ENOENT } },
	/* Where it comes back, it has left all the same. */
	{ "sub/x/../../../box/inner", { INNER, INNER, -ENOENT },
	  { LEAVES, LEAVES, -ENOENT } },
	{ "sub/x/../../../../secret", { TOP_SECRET, TOP_SECRET, TOP_SECRET },
	  { LEAVES, LEAVES, LEAVES } },
};

static void check_middle(struct __test_metadata *_metadata,
			 const struct hostile_data *self,
			 const struct middle *m, bool plain)
{
	const int found[] = {
		plain ? m->plain.stays : m->beneath.stays,
		plain ? m->plain.out : m->beneath.out,
		plain ? m->plain.deep : m->beneath.deep,
	};
	unsigned int i;

	for (i = 0; i < 3 * FINDS; i++)
		shared->walks[i] = (struct walk){
			.way = i / 3,
			.path = m->path,
			.move_to = moves[i % 3],
		};
	EXPECT_EQ(0, do_walks(self, plain, 3 * FINDS));
	for (i = 0; i < 3 * FINDS; i++) {
		const struct walk *w = &shared->walks[i];

		EXPECT_EQ(found[i % 3] ? : self->leave, w->ret)
			TH_LOG("%s%s by %d, sub goes to %d", w->path,
			       plain ? " by all" : "", w->way, w->move_to);
		EXPECT_EQ(!!w->move_to, w->moves);
	}
}

TEST_F(hostile, moves_in_the_middle)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(middles); i++) {
		check_middle(_metadata, self, &middles[i], true);
		check_middle(_metadata, self, &middles[i], false);
	}
	EXPECT_EQ(0, shared->broken);
}

static void check_making(struct __test_metadata *_metadata,
			 const struct hostile_data *self, bool plain)
{
	static const int places[] = { BOX, SIBLING, DEEP };
	/* mkdirat() has no flag. */
	const unsigned int n = self->at_flags && !plain ? 3 : 6;
	unsigned int i;

	for (i = 0; i < n; i++)
		shared->walks[i] = (struct walk){
			.way = i < 3 ? BY_CREAT : BY_MKDIR,
			.path = "sub/x/../../new",
			.move_to = moves[i % 3],
		};
	EXPECT_EQ(0, do_walks(self, plain, n));
	for (i = 0; i < n; i++) {
		const struct walk *w = &shared->walks[i];
		const bool leaves = !plain && w->move_to == SIBLING;

		EXPECT_EQ(leaves ? self->leave : -EPERM, w->ret)
			TH_LOG("walk %u%s", i, plain ? " by all" : "");
		EXPECT_EQ(leaves ? 0 : places[i % 3], w->made_in);
		EXPECT_EQ(!!w->move_to, w->moves);
	}
}

/* The server gets to know where somebody wants to make something. */
TEST_F(hostile, moves_in_the_middle_of_making)
{
	check_making(_metadata, self, true);
	check_making(_metadata, self, false);
	EXPECT_EQ(0, shared->broken);
}

/* ---- a link that changes ---- */

static void check_link(struct __test_metadata *_metadata,
		       const struct hostile_data *self, bool plain)
{
	const int left[] = { INNER, self->leave, self->leave, self->leave };
	const int found[] = { INNER, TOP_SECRET, TOP_SECRET, ROOT };
	const unsigned int n = ARRAY_SIZE(answers);
	enum way way;
	unsigned int i;

	for (way = 0; way < FINDS; way++) {
		for (i = 0; i < n; i++)
			shared->walks[i] = (struct walk){
				.way = way,
				.path = "link",
			};
		EXPECT_EQ(0, do_walks(self, plain, n));
		for (i = 0; i < n; i++) {
			const struct walk *w = &shared->walks[i];

			EXPECT_EQ(plain ? found[i] : left[i], w->ret)
				TH_LOG("%s%s by %d", answers[i],
				       plain ? " by all" : "", way);
			/* It was asked, and once. */
			EXPECT_EQ(1, w->readlinks);
		}
	}
}

TEST_F(hostile, link_says_another)
{
	check_link(_metadata, self, true);
	check_link(_metadata, self, false);
}

/* ---- at any time ---- */

/* Where sub may be looked up elsewhere at any time. */
static const struct race_walk {
	const char *path;
	enum {
		ALWAYS,		/* comes to @home */
		NEVER,		/* is refused */
		EITHER,		/* one of both, as the link says */
		TURNS,		/* one of both, as sub is at home or away */
	} kind;
	int home, away;		/* what there is, for all others */
} race_walks[] = {
	{ "sub/..", TURNS, BOX, SIBLING },
	{ "sub/x/../..", TURNS, BOX, SIBLING },
	{ "sub/x/../../inner", TURNS, INNER, OUTER },
	{ "sub/l", TURNS, INNER, OUTER },
	{ "sub/../secret", TURNS, -ENOENT, SECRET },
	{ "sub/x/../../secret", TURNS, -ENOENT, SECRET },
	{ "sub/../..", NEVER },
	{ "sub/x/../../..", NEVER },
	{ "sub/x/../../../secret", NEVER },
	{ "sub/x/../../../box/inner", NEVER },
	{ "link", EITHER, INNER },
	{ "inner", ALWAYS, INNER },
	{ "deep/../inner", ALWAYS, INNER },
	{ "deep/../deep/inner", ALWAYS, DEEP_INNER },
};

static void one_walk(const struct hostile_data *self, bool plain,
		     struct seen *s)
{
	const unsigned int nr = s->walks % ARRAY_SIZE(race_walks);
	const struct race_walk *r = &race_walks[nr];
	const struct walk w = {
		.way = s->walks / ARRAY_SIZE(race_walks) % FINDS,
		.path = r->path,
	};
	const int ret = walk(self, plain, &w);
	const bool counts = r->kind == TURNS;

	s->walks++;
	if (ret == -ESTALE) {
		s->stale++;
	} else if (plain) {
		s->home += counts && ret == r->home;
		s->away += counts && ret == r->away;
	} else if (ret == r->home && r->kind != NEVER) {
		s->home += counts;
	} else if (ret == self->leave && r->kind != ALWAYS) {
		s->away += counts;
	} else if (!s->wrong) {
		s->wrong = ret ? : WRONG;
		s->at = nr;
	}
}

static int walker(const struct hostile_data *self, unsigned int nr)
{
	const bool plain = nr == WALKERS;
	const unsigned int walks = WALKS, max = WALKS_MAX;
	struct seen *s = &shared->seen[nr];

	alarm(TEST_TIMEOUT_DEFAULT / 4);
	if (start_walks(self, plain))
		return 1;
	while (!s->wrong && !shared->broken && s->walks < max &&
	       (s->walks < walks || !s->home || !s->away))
		one_walk(self, plain, s);
	return 0;
}

static int disturber(const struct hostile_data *self)
{
	struct stat st;
	int err;

	alarm(TEST_TIMEOUT_DEFAULT / 4);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		err = RET(fstatat(self->sibling, "sub", &st, 0));
		if (err && err != -ESTALE) {
			shared->broken = err;
			return 1;
		}
	}
	return 0;
}

static void race(struct __test_metadata *_metadata,
		 const struct hostile_data *self)
{
	pid_t pid[WALKERS + 1], by;
	unsigned int i;

	by = fork();
	ASSERT_LE(0, by);
	if (!by)
		_exit(disturber(self));
	/* The last one is as everybody else, and does get out. */
	for (i = 0; i <= WALKERS; i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			_exit(walker(self, i));
	}
	for (i = 0; i <= WALKERS; i++)
		EXPECT_TRUE(child_ok(pid[i]));
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	EXPECT_TRUE(child_ok(by)) {
		TH_LOG("cannot disturb: %s", strerror(-shared->broken));
	}
	for (i = 0; i <= WALKERS; i++) {
		const struct seen *s = &shared->seen[i];

		TH_LOG("%u walks%s: sub %u times at home, %u away, %u stale",
		       s->walks, i == WALKERS ? " by all" : "", s->home,
		       s->away, s->stale);
		EXPECT_LE(WALKS, s->walks);
		EXPECT_EQ(0, s->wrong)
			TH_LOG("%s", race_walks[s->at].path);
		EXPECT_LT(0, s->home);
		EXPECT_LT(0, s->away);
	}
	TH_LOG("sub was said to be in box %u times, in sibling %u",
	       shared->found[BOX], shared->found[SIBLING]);
	EXPECT_LT(1, shared->found[BOX]);
	EXPECT_LT(1, shared->found[SIBLING]);
}

TEST_F(hostile, moves_at_any_time)
{
	race(_metadata, self);
}

/* Part of the walks need not ask the server. */
TEST_F(hostile, moves_at_any_time_cached)
{
	shared->mixed = true;
	race(_metadata, self);
}

/* Two directories that have one x between them, and take turns in each place. */
TEST_F(hostile, two_take_turns)
{
	shared->two = true;
	race(_metadata, self);
}

TEST_HARNESS_MAIN
