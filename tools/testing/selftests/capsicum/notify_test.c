// SPDX-License-Identifier: GPL-2.0
/*
 * Being told of what happens to files and keys: inotify, fanotify, pipes for
 * notifications; and descriptors that come out of read().
 */
#include "capmode.h"

#include <linux/keyctl.h>
#include <linux/userfaultfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#ifndef FAN_REPORT_FID
#define FAN_REPORT_FID		0x00000200
#endif
#ifndef FAN_REPORT_PIDFD
#define FAN_REPORT_PIDFD	0x00000080
#endif

/* <linux/watch_queue.h> does not go together with <fcntl.h>. */
#define O_NOTIFICATION_PIPE		O_EXCL
#define IOC_WATCH_QUEUE_SET_SIZE	_IO('W', 0x60)

/* How many lines of fdinfo begin with @what: marks, watches. */
static uint64_t marks(int fd, const char *what)
{
	char name[64], line[512];
	uint64_t n = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	f = fopen(name, "re");
	if (!f)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, what, strlen(what));
	fclose(f);
	return n;
}

FIXTURE(notify)
{
	char dir[64];
	char file[96];
	int dirfd;
	int filefd;
};

FIXTURE_SETUP(notify)
{
	REQUIRE_CAPSICUM();
	snprintf(self->dir, sizeof(self->dir), "%s/capsicum-XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->dir));
	snprintf(self->file, sizeof(self->file), "%s/file", self->dir);
	self->dirfd = open(self->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->dirfd);
	self->filefd = open(self->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, self->filefd);
	ASSERT_EQ(4, write(self->filefd, "text", 4));
}

FIXTURE_TEARDOWN(notify)
{
	close(self->dirfd);
	close(self->filefd);
	unlink(self->file);
	rmdir(self->dir);
}

/* ---- inotify ---- */

struct in {
	int fd;
	const char *dir;
	int wd;
};

static void in_clear(void *arg)
{
	struct in *in = arg;
	char buf[4096];

	if (in->wd > 0)
		inotify_rm_watch(in->fd, in->wd);
	in->wd = 0;
	while (read(in->fd, buf, sizeof(buf)) > 0)
		;
}

static void in_watch(void *arg)
{
	struct in *in = arg;

	in_clear(arg);
	in->wd = inotify_add_watch(in->fd, in->dir, IN_CREATE | IN_ATTRIB);
}

static void in_event(void *arg)
{
	struct in *in = arg;

	in_watch(arg);
	chmod(in->dir, 0700);
}

static uint64_t in_state(void *arg)
{
	struct in *in = arg;
	int queued = 0;

	ioctl(in->fd, FIONREAD, &queued);
	return marks(in->fd, "inotify ") * 100000 + queued;
}

static int op_in_add(int fd, void *arg)
{
	struct in *in = arg;
	int wd = RET(inotify_add_watch(fd, in->dir, IN_CREATE));

	if (wd > 0)
		in->wd = wd;
	return wd;
}

static int op_in_rm(int fd, void *arg)
{
	struct in *in = arg;
	int ret = RET(inotify_rm_watch(fd, in->wd));

	return ret;
}

static int op_in_read(int fd, void *arg)
{
	char buf[4096];

	return RET(read(fd, buf, sizeof(buf)));
}

static int op_fionread(int fd, void *arg)
{
	int n = 0;
	int ret = RET(ioctl(fd, FIONREAD, &n));

	return ret ? ret : n > 0 ? 0 : -EIO;
}

TEST_F(notify, inotify)
{
	struct in in = {
		.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
		.dir = self->dir,
	};

	if (in.fd < 0)
		SKIP(return, "no inotify");
	RIGHTS_OP(in.fd, .name = "add", .op = op_in_add,
		  .rights = RIGHTS(CAP_INOTIFY_ADD), .prepare = in_clear,
		  .state = in_state, .ctx = &in);
	/* To change one is the same call. */
	RIGHTS_OP(in.fd, .name = "add again", .op = op_in_add,
		  .rights = RIGHTS(CAP_INOTIFY_ADD), .prepare = in_watch,
		  .state = in_state, .ctx = &in);
	RIGHTS_OP(in.fd, .name = "remove", .op = op_in_rm,
		  .rights = RIGHTS(CAP_INOTIFY_RM), .prepare = in_watch,
		  .state = in_state, .ctx = &in);
	RIGHTS_OP(in.fd, .name = "read", .op = op_in_read,
		  .rights = RIGHTS(CAP_READ), .prepare = in_event,
		  .state = in_state, .ctx = &in);
	RIGHTS_OP(in.fd, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT), .prepare = in_event,
		  .state = in_state, .ctx = &in);
	RIGHTS_OP(in.fd, .name = "FIONREAD", .op = op_fionread,
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = FIONREAD,
		  .prepare = in_event, .state = in_state, .ctx = &in);
}

TEST_F(notify, inotify_errors)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), cap;

	if (fd < 0)
		SKIP(return, "no inotify");
	cap = limit_all_but(fd, CAP_INOTIFY_ADD);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(inotify_add_watch(cap, "/none", IN_CREATE)));
	EXPECT_EQ(-ENOTCAPABLE, RET(inotify_add_watch(cap, NULL, IN_CREATE)));
	close(cap);
	cap = limit_to(fd, CAP_INOTIFY_ADD);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOENT, RET(inotify_add_watch(cap, "/none", IN_CREATE)));
	EXPECT_EQ(-ENOTCAPABLE, RET(inotify_rm_watch(cap, 1)));
	close(cap);
	cap = limit_to(fd, CAP_INOTIFY_RM);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, RET(inotify_rm_watch(cap, 1)));
	close(cap);
	EXPECT_EQ(-EBADF, RET(inotify_add_watch(cap, self->dir, IN_CREATE)));
	EXPECT_EQ(-EBADF, RET(inotify_rm_watch(cap, 1)));
	cap = limit_to(self->filefd, CAP_INOTIFY_ADD, CAP_INOTIFY_RM);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, RET(inotify_add_watch(cap, self->dir, IN_CREATE)));
	EXPECT_EQ(-EINVAL, RET(inotify_rm_watch(cap, 1)));
}

/* A path is not a way past the limits of a descriptor. */
TEST_F(notify, inotify_magic_link)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int cap = limit_list(self->filefd, NO_RIGHTS);
	char link[64];

	if (fd < 0)
		SKIP(return, "no inotify");
	ASSERT_LE(0, cap);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(inotify_add_watch(fd, link, IN_ACCESS)));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", self->filefd);
	EXPECT_LE(0, RET(inotify_add_watch(fd, link, IN_ACCESS)));
}

/* ---- fanotify ---- */

struct fan {
	int fd;
	int dirfd;
	const char *path;	/* what is marked, NULL: the descriptor's own */
	unsigned int flags;
	const char *dir;
};

#define FAN_WHAT	(FAN_OPEN | FAN_CLOSE)

static void fan_clear(void *arg)
{
	struct fan *f = arg;

	fanotify_mark(f->fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
}

static void fan_clear_mounts(void *arg)
{
	struct fan *f = arg;

	fanotify_mark(f->fd, FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD,
		      NULL);
}

static void fan_marked(void *arg)
{
	struct fan *f = arg;

	fan_clear(arg);
	fanotify_mark(f->fd, FAN_MARK_ADD, FAN_WHAT, f->dirfd, f->path);
}

static uint64_t fan_state(void *arg)
{
	struct fan *f = arg;

	return marks(f->fd, "fanotify ino:") +
	       1000 * marks(f->fd, "fanotify mnt_id:") +
	       100000 * marks(f->fd, "fanotify sdev:");
}

static int op_fan_group(int fd, void *arg)
{
	struct fan *f = arg;
	uint64_t before = fan_state(arg);
	int ret = RET(fanotify_mark(fd, f->flags,
				    f->flags & FAN_MARK_FLUSH ? 0 : FAN_WHAT,
				    f->dirfd, f->path));

	return ret ? ret : fan_state(arg) != before ? 0 : -EIO;
}

/* The same, and the capability is what is marked, or where it is found. */
static int op_fan_object(int fd, void *arg)
{
	struct fan *f = arg;
	uint64_t before = fan_state(arg);
	int ret = RET(fanotify_mark(f->fd, f->flags, FAN_WHAT, fd, f->path));

	return ret ? ret : fan_state(arg) != before ? 0 : -EIO;
}

static int fan_open(void)
{
	return RET(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
				 O_RDONLY | O_CLOEXEC));
}

/* Events tell what they are about by a handle, and come with no descriptor. */
static int fan_open_handles(void)
{
	return RET(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				 FAN_REPORT_FID, O_RDONLY | O_CLOEXEC));
}

TEST_F(notify, fanotify_group)
{
	struct fan f = { .fd = fan_open(), .dirfd = self->dirfd,
			 .path = "file" };

	if (f.fd < 0)
		SKIP(return, "no fanotify (%d)", f.fd);
	f.flags = FAN_MARK_ADD;
	RIGHTS_OP(f.fd, .name = "add", .op = op_fan_group,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = fan_clear,
		  .state = fan_state, .ctx = &f);
	f.flags = FAN_MARK_ADD | FAN_MARK_MOUNT;
	RIGHTS_OP(f.fd, .name = "add mount", .op = op_fan_group,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = fan_clear_mounts,
		  .state = fan_state, .ctx = &f);
	fan_clear_mounts(&f);
	f.flags = FAN_MARK_FLUSH;
	RIGHTS_OP(f.fd, .name = "flush", .op = op_fan_group,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = fan_marked,
		  .state = fan_state, .ctx = &f);
	f.flags = FAN_MARK_REMOVE;
	RIGHTS_OP(f.fd, .name = "remove", .op = op_fan_group,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = fan_marked,
		  .state = fan_state, .ctx = &f);
}

TEST_F(notify, fanotify_object)
{
	struct fan f = { .fd = fan_open_handles() };
	int cap;

	if (f.fd < 0)
		SKIP(return, "no fanotify (%d)", f.fd);
	f.flags = FAN_MARK_ADD;
	RIGHTS_OP(self->filefd, .name = "itself", .op = op_fan_object,
		  .rights = RIGHTS(CAP_FSTAT), .prepare = fan_clear,
		  .state = fan_state, .ctx = &f);
	RIGHTS_OP(self->dirfd, .name = "a directory itself",
		  .op = op_fan_object, .rights = RIGHTS(CAP_FSTAT),
		  .prepare = fan_clear, .state = fan_state, .ctx = &f);
	f.path = "file";
	RIGHTS_OP(self->dirfd, .name = "a name below", .op = op_fan_object,
		  .rights = RIGHTS(CAP_FSTAT, CAP_LOOKUP),
		  .prepare = fan_clear, .state = fan_state, .ctx = &f);
	f.path = ".";
	RIGHTS_OP(self->dirfd, .name = "dot", .op = op_fan_object,
		  .rights = RIGHTS(CAP_FSTAT, CAP_LOOKUP),
		  .prepare = fan_clear, .state = fan_state, .ctx = &f);
	fan_clear(&f);
	/* Never above it. */
	cap = limit_all(self->dirfd);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT,
						  cap, "..")));
	EXPECT_EQ(-ENOTCAPABLE, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT,
						  cap, "/")));
	EXPECT_EQ(0, fan_state(&f));
	/* Nor all that is around it. */
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(fanotify_mark(f.fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				    FAN_WHAT, cap, NULL)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(fanotify_mark(f.fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
				    FAN_WHAT, cap, "file")));
	EXPECT_EQ(0, fan_state(&f));
}

/*
 * Events that come with a descriptor would open what a capability stands for,
 * or what is below it, without its limits.
 */
TEST_F(notify, fanotify_object_to_be_opened)
{
	struct fan f = { .fd = fan_open() };
	int dir = limit_all(self->dirfd), file = limit_all(self->filefd);

	if (f.fd < 0)
		SKIP(return, "no fanotify (%d)", f.fd);
	ASSERT_LE(0, dir);
	ASSERT_LE(0, file);
	EXPECT_EQ(-ENOTCAPABLE, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT,
						  file, NULL)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT |
						  FAN_EVENT_ON_CHILD, dir,
						  NULL)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT,
						  dir, "file")));
	EXPECT_EQ(0, fan_state(&f));
	EXPECT_EQ(0, RET(fanotify_mark(f.fd, FAN_MARK_ADD, FAN_WHAT,
				       self->filefd, NULL)));
	/* Who may look at it may have it forgotten. */
	EXPECT_EQ(0, RET(fanotify_mark(f.fd, FAN_MARK_REMOVE, FAN_WHAT,
				       limit_to(self->filefd, CAP_FSTAT),
				       NULL)));
	EXPECT_EQ(0, fan_state(&f));
}

/* Reads one event; its descriptor, or -errno. */
static int fan_event(int fd, bool vector)
{
	struct fanotify_event_metadata ev[4];
	struct iovec iov = { ev, sizeof(ev) };
	int n = RET(vector ? readv(fd, &iov, 1) : read(fd, ev, sizeof(ev)));

	if (n < 0)
		return n;
	return n < (int)sizeof(ev[0]) ? -EIO : ev[0].fd;
}

static int fan_uring_read(int fd)
{
	struct fanotify_event_metadata ev[4];
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.fd = fd,
		.addr = (uintptr_t)ev,
		.len = sizeof(ev),
		.off = -1,
	};
	int err = ring_once(&sqe);

	return err < 0 ? err : ev[0].fd;
}

/*
 * The events of a group may come with descriptors. Nobody could limit these as
 * the group is, so nobody gets any out of a capability.
 */
TEST_F(notify, fanotify_descriptors)
{
	int fd = fan_open(), all, some, file, got, bare;

	if (fd < 0)
		SKIP(return, "no fanotify (%d)", fd);
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, self->filefd,
				   NULL));
	all = limit_all(fd);
	some = limit_to(fd, CAP_READ, CAP_EVENT);
	bare = limit_all_but(fd, CAP_READ);
	ASSERT_LE(0, all);
	ASSERT_LE(0, some);
	ASSERT_LE(0, bare);
	file = open(self->file, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);

	EXPECT_EQ(-ENOTCAPABLE, fan_event(bare, false));
	EXPECT_EQ(-ENOTCAPABLE, fan_event(all, false));
	EXPECT_EQ(-ENOTCAPABLE, fan_event(all, true));
	EXPECT_EQ(-ENOTCAPABLE, fan_event(some, false));
	got = fan_uring_read(all);
	EXPECT_GT(0, got);
	/* Nothing was taken; that there is something may be told. */
	EXPECT_EQ(0, op_poll_in(some, NULL));
	got = fan_event(fd, false);
	EXPECT_LE(0, got);
	EXPECT_EQ(-EAGAIN, op_poll_in(some, NULL));
	close(got);
	/* Limited again it is what it was. */
	EXPECT_EQ(0, limit_fd(some, &(struct cap_rights){
		{ CAP_READ, CAPRIGHT(1, 0ULL) } }));
	EXPECT_EQ(-ENOTCAPABLE, fan_event(some, false));
}

/* A group that tells by handles makes no descriptors, unless of processes. */
TEST_F(notify, fanotify_handles)
{
	unsigned int flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
			     FAN_REPORT_FID;
	int fd = RET(fanotify_init(flags, O_RDONLY));
	char buf[4096];
	struct fanotify_event_metadata *ev = (void *)buf;
	int cap, bare, file;

	if (fd < 0)
		SKIP(return, "no FAN_REPORT_FID (%d)", fd);
	if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, self->filefd, NULL))
		SKIP(return, "no handles here (%s)", strerror(errno));
	cap = limit_to(fd, CAP_READ);
	bare = limit_all_but(fd, CAP_READ);
	ASSERT_LE(0, cap);
	ASSERT_LE(0, bare);
	file = open(self->file, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	EXPECT_EQ(-ENOTCAPABLE, fan_event(bare, false));
	EXPECT_LT(0, RET(read(cap, buf, sizeof(buf))));
	EXPECT_EQ(FAN_NOFD, ev->fd);

	fd = RET(fanotify_init(flags | FAN_REPORT_PIDFD, O_RDONLY));
	if (fd < 0)
		SKIP(return, "no FAN_REPORT_PIDFD (%d)", fd);
	ASSERT_EQ(0, fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, self->filefd,
				   NULL));
	cap = limit_all(fd);
	ASSERT_LE(0, cap);
	close(open(self->file, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(-ENOTCAPABLE, fan_event(cap, false));
}

/* What an event tells of who caused it: 0 with a descriptor of the process. */
static int fan_pidfd(void *arg)
{
	char buf[4096];
	struct fanotify_event_metadata *ev = (void *)buf;
	int n = RET(read(*(int *)arg, buf, sizeof(buf)));
	char *p = buf + sizeof(*ev);

	STEP(n > (int)sizeof(*ev));
	while (p < buf + ev->event_len) {
		struct fanotify_event_info_header *h = (void *)p;
		int32_t pidfd;

		if (h->info_type == 4 /* FAN_EVENT_INFO_TYPE_PIDFD */) {
			memcpy(&pidfd, h + 1, sizeof(pidfd));
			STEP(pidfd < 0 || !close(pidfd));
			return pidfd < 0 ? pidfd : 0;
		}
		p += h->len;
	}
	return -ENODATA;
}

/* In capability mode a group that was given does not give processes. */
TEST_F(notify, fanotify_pidfd_in_capability_mode)
{
	int fd;

	REQUIRE_CAPMODE();
	fd = RET(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
			       FAN_REPORT_FID | FAN_REPORT_PIDFD, O_RDONLY));
	if (fd < 0)
		SKIP(return, "no FAN_REPORT_PIDFD (%d)", fd);
	if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, self->filefd, NULL))
		SKIP(return, "no handles here (%s)", strerror(errno));
	close(open(self->file, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(0, in_child(fan_pidfd, &fd));
	close(open(self->file, O_RDONLY | O_CLOEXEC));
	/* FAN_EPIDFD */
	EXPECT_EQ(-2, capmode_run(fan_pidfd, &fd));
}

/* ---- userfaultfd ---- */

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = RET(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	int err;

	if (fd < 0)
		return fd;
	err = RET(ioctl(fd, UFFDIO_API, &api));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int uffd_read(int fd)
{
	struct uffd_msg msg;

	return RET(read(fd, &msg, sizeof(msg)));
}

/* That of a child comes out of that of its parent. */
TEST_F(notify, userfaultfd)
{
	int fd = uffd_open(0), cap;

	if (fd < 0)
		SKIP(return, "no userfaultfd (%d)", fd);
	cap = limit_to(fd, CAP_READ);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EAGAIN, uffd_read(cap));
	close(fd);

	fd = uffd_open(UFFD_FEATURE_EVENT_FORK);
	if (fd < 0)
		SKIP(return, "no UFFD_FEATURE_EVENT_FORK (%d)", fd);
	cap = limit_all(fd);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EAGAIN, uffd_read(fd));
	EXPECT_EQ(-ENOTCAPABLE, uffd_read(cap));

	/* Nor by one that is from before it was said. */
	fd = RET(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	ASSERT_LE(0, fd);
	cap = limit_all(fd);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, uffd_read(cap));
	EXPECT_EQ(0, RET(ioctl(cap, UFFDIO_API, &(struct uffdio_api){
		.api = UFFD_API, .features = UFFD_FEATURE_EVENT_FORK })));
	EXPECT_EQ(-ENOTCAPABLE, uffd_read(cap));
	EXPECT_EQ(-EAGAIN, uffd_read(fd));
}

/* ---- pipes for notifications ---- */

struct keys {
	int key;
	int pipe;
};

static long keyctl(int op, long a, long b, long c)
{
	return RET(syscall(SYS_keyctl, op, a, b, c, 0));
}

static void unwatched(void *arg)
{
	struct keys *k = arg;

	keyctl(KEYCTL_WATCH_KEY, k->key, k->pipe, -1);
}

static void watched(void *arg)
{
	struct keys *k = arg;

	keyctl(KEYCTL_WATCH_KEY, k->key, k->pipe, 1);
}

/* Whether it is watched: there cannot be two. */
static uint64_t keys_state(void *arg)
{
	struct keys *k = arg;
	int err = keyctl(KEYCTL_WATCH_KEY, k->key, k->pipe, 2);

	if (!err)
		keyctl(KEYCTL_WATCH_KEY, k->key, k->pipe, -1);
	return err;
}

static int op_watch(int fd, void *arg)
{
	struct keys *k = arg;

	return keyctl(KEYCTL_WATCH_KEY, k->key, fd, 1);
}

static int op_unwatch(int fd, void *arg)
{
	struct keys *k = arg;

	return keyctl(KEYCTL_WATCH_KEY, k->key, fd, -1);
}

TEST_F(notify, watch_queue)
{
	struct keys k;
	int two[2], cap;

	if (pipe2(two, O_NOTIFICATION_PIPE | O_CLOEXEC))
		SKIP(return, "no pipes for notifications (%s)",
		     strerror(errno));
	k.pipe = two[0];
	ASSERT_EQ(0, RET(ioctl(k.pipe, IOC_WATCH_QUEUE_SET_SIZE, 16)));
	k.key = keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0);
	ASSERT_LT(0, k.key);
	if (keyctl(KEYCTL_WATCH_KEY, k.key, k.pipe, 1))
		SKIP(return, "no CONFIG_KEY_NOTIFICATIONS");
	RIGHTS_OP(k.pipe, .name = "watch", .op = op_watch,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = unwatched,
		  .state = keys_state, .ctx = &k);
	RIGHTS_OP(k.pipe, .name = "stop watching", .op = op_unwatch,
		  .rights = RIGHTS(CAP_NOTIFY), .prepare = watched,
		  .state = keys_state, .ctx = &k);
	/* Errors as ever: this call says EINVAL where there is no file. */
	cap = limit_all(self->filefd);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, op_watch(cap, &k));
	close(cap);
	EXPECT_EQ(-EINVAL, op_watch(cap, &k));
}

TEST_HARNESS_MAIN
