// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities in /proc/PID/fd and fdinfo: what they tell, and that nobody gets
 * at more than the limits through them.
 */
#include "common.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define INFO	4096

FIXTURE(proc)
{
	char name[PATH_MAX];	/* of the file */
	char link[64];		/* the capability's in /proc */
	int file;		/* ordinary */
	int fd;			/* the capability under test */
	char info[INFO];
};

FIXTURE_SETUP(proc)
{
	REQUIRE_CAPSICUM();
	snprintf(self->name, sizeof(self->name), "%s/capsicum-proc.XXXXXX",
		 tmp_dir());
	self->file = mkostemp(self->name, O_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(4, write(self->file, "abcd", 4));
	self->fd = 80;
	ASSERT_EQ(80, dup2(self->file, 80));
	snprintf(self->link, sizeof(self->link), "/proc/self/fd/%d", self->fd);
}

FIXTURE_TEARDOWN(proc)
{
	unlink(self->name);
}

/* Makes the slot under test a capability with just these rights. */
#define BECOME(...) do { \
	int __fd = limit_to(self->file, __VA_ARGS__); \
	ASSERT_LE(0, __fd); \
	ASSERT_EQ(self->fd, dup2(__fd, self->fd)); \
	close(__fd); \
} while (0)

static int read_info(const char *pid, int fd, char *buf)
{
	char name[64];
	ssize_t n;
	int info;

	snprintf(name, sizeof(name), "/proc/%s/fdinfo/%d", pid, fd);
	info = RET(open(name, O_RDONLY | O_CLOEXEC));
	if (info < 0)
		return info;
	n = read(info, buf, INFO - 1);
	close(info);
	if (n < 0)
		return -EIO;
	buf[n] = 0;
	return 0;
}

/* What stands behind "key:\t", up to the end of the line; "" if it is not there. */
static const char *value(const char *info, const char *key, char *out)
{
	size_t len = strlen(key);
	const char *p = info;

	*out = 0;
	while (p && *p) {
		if (!strncmp(p, key, len) && p[len] == ':' &&
		    p[len + 1] == '\t') {
			size_t n;

			p += len + 2;
			n = strcspn(p, "\n");
			memcpy(out, p, n);
			out[n] = 0;
			return out;
		}
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	return out;
}

/* ---- fdinfo ---- */

TEST_F(proc, info_of_ordinary)
{
	ASSERT_EQ(0, read_info("self", self->file, self->info));
	EXPECT_TRUE(!!strstr(self->info, "pos:"));
	EXPECT_TRUE(!strstr(self->info, "rights"));
	EXPECT_TRUE(!strstr(self->info, "fcntls"));
	EXPECT_TRUE(!strstr(self->info, "ioctls"));
}

TEST_F(proc, info_rights)
{
	char have[INFO], want[INFO];
	unsigned long long w0 = CAP_PREAD | CAP_FCNTL, w1 = CAP_EVENT | CAP_IOCTL;

	BECOME(CAP_PREAD, CAP_FCNTL, CAP_EVENT, CAP_IOCTL);
	ASSERT_EQ(0, read_info("self", self->fd, self->info));
	snprintf(want, sizeof(want), "0x%016llx 0x%016llx", w0, w1);
	EXPECT_STREQ(want, value(self->info, "rights", have));
	EXPECT_STREQ("all", value(self->info, "ioctls", have));
	snprintf(want, sizeof(want),
		 "0x%x F_GETFL F_SETFL F_GETOWN F_SETOWN", CAP_FCNTL_ALL);
	/* The order is the kernel's; each name is there. */
	value(self->info, "fcntls", have);
	EXPECT_EQ(strlen(want), strlen(have));
	EXPECT_TRUE(!!strstr(have, "F_GETFL"));
	EXPECT_TRUE(!!strstr(have, "F_SETFL"));
	EXPECT_TRUE(!!strstr(have, "F_GETOWN"));
	EXPECT_TRUE(!!strstr(have, "F_SETOWN"));

	snprintf(want, sizeof(want), " %s ",
		 value(self->info, "rights-names", have));
	EXPECT_TRUE(!!strstr(want, " CAP_READ ") || strstr(want, " CAP_PREAD "))
		TH_LOG("names: %s", want);
	EXPECT_TRUE(!!strstr(want, " CAP_EVENT ")) TH_LOG("names: %s", want);
	EXPECT_TRUE(!!strstr(want, " CAP_IOCTL ")) TH_LOG("names: %s", want);
	EXPECT_TRUE(!!strstr(want, " CAP_FCNTL ")) TH_LOG("names: %s", want);
	EXPECT_TRUE(!strstr(want, "WRITE")) TH_LOG("names: %s", want);
	EXPECT_TRUE(!strstr(want, "MMAP")) TH_LOG("names: %s", want);
}

TEST_F(proc, info_sub_rights)
{
	const unsigned int cmds[] = { 0x541b, 0x5401, 0x5413 };
	char have[INFO], want[INFO];
	struct cap_rights set;
	int fd;

	rights_list(&set, RIGHTS(CAP_FCNTL, CAP_IOCTL));
	fd = limit_sub(self->file, &set, CAP_FCNTL_SETFL, 3, cmds);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, read_info("self", fd, self->info));
	EXPECT_STREQ("0x5401 0x5413 0x541b",
		     value(self->info, "ioctls", have));
	snprintf(want, sizeof(want), "0x%x F_SETFL", CAP_FCNTL_SETFL);
	EXPECT_STREQ(want, value(self->info, "fcntls", have));
	ASSERT_EQ(0, sys_cap_rights_limit(fd, &set, 0, 0, NULL, 0));
	ASSERT_EQ(0, read_info("self", fd, self->info));
	EXPECT_STREQ("none", value(self->info, "ioctls", have));
	EXPECT_STREQ("0x0", value(self->info, "fcntls", have));
}

/* The longest line there is. */
TEST_F(proc, info_many_ioctls)
{
	unsigned int cmds[CAP_IOCTLS_LIMIT_MAX];
	static char info[INFO + 1], have[INFO];
	struct cap_rights set;
	const char *p;
	int fd, i, n = 0;

	for (i = 0; i < CAP_IOCTLS_LIMIT_MAX; i++)
		cmds[i] = 0xc0000000 + i;
	rights_all(&set);
	fd = limit_sub(self->file, &set, CAP_FCNTL_ALL, CAP_IOCTLS_LIMIT_MAX,
		       cmds);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, read_info("self", fd, info));
	/* One read may not tell it all, but it tells no nonsense. */
	p = value(info, "ioctls", have);
	while (*p) {
		unsigned int cmd;
		int used;

		if (sscanf(p, "0x%x%n", &cmd, &used) != 1 || used < 10)
			break;
		EXPECT_EQ(cmds[n], cmd);
		n++;
		p += used;
		p += *p == ' ';
	}
	EXPECT_LT(0, n);
}

/* Position, flags and the like are the target's; FD_CLOEXEC the slot's. */
TEST_F(proc, info_of_the_target)
{
	static const char * const same[] = { "pos", "flags", "mnt_id", "ino" };
	char other[INFO], a[INFO], b[INFO];
	unsigned int i;

	BECOME(CAP_READ);
	ASSERT_EQ(0, fcntl(self->file, F_SETFL, O_APPEND));
	ASSERT_EQ(3, lseek(self->file, 3, SEEK_SET));
	ASSERT_EQ(0, fcntl(self->file, F_SETFD, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	ASSERT_EQ(0, read_info("self", self->fd, self->info));
	ASSERT_EQ(0, read_info("self", self->file, other));
	for (i = 0; i < ARRAY_SIZE(same); i++)
		EXPECT_STREQ(value(other, same[i], a),
			     value(self->info, same[i], b));
	EXPECT_STREQ("3", value(self->info, "pos", a));
	EXPECT_EQ(O_RDWR | O_APPEND,
		  strtol(value(self->info, "flags", a), NULL, 8) &
		  (O_ACCMODE | O_APPEND | O_CLOEXEC));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	ASSERT_EQ(0, read_info("self", self->fd, self->info));
	EXPECT_EQ(O_RDWR | O_APPEND | O_CLOEXEC,
		  strtol(value(self->info, "flags", a), NULL, 8) &
		  (O_ACCMODE | O_APPEND | O_CLOEXEC));
}

/* Locks of the file are shown with it. */
TEST_F(proc, info_locks)
{
	struct flock l = { .l_type = F_WRLCK, .l_len = 2 };

	BECOME(CAP_READ);
	ASSERT_EQ(0, fcntl(self->file, F_SETLK, &l));
	ASSERT_EQ(0, read_info("self", self->fd, self->info));
	EXPECT_TRUE(!!strstr(self->info, "lock:"));
}

/* ---- the link ---- */

TEST_F(proc, link)
{
	char a[PATH_MAX] = {}, b[PATH_MAX] = {};
	char ordinary[64];
	struct stat sa, sb;
	struct dirent *d;
	bool found = false;
	DIR *dir;

	BECOME(CAP_READ);
	snprintf(ordinary, sizeof(ordinary), "/proc/self/fd/%d", self->file);
	ASSERT_LT(0, readlink(self->link, a, sizeof(a) - 1));
	ASSERT_LT(0, readlink(ordinary, b, sizeof(b) - 1));
	EXPECT_STREQ(b, a);
	/* Its mode tells what the target is open for. */
	ASSERT_EQ(0, lstat(self->link, &sa));
	ASSERT_EQ(0, lstat(ordinary, &sb));
	EXPECT_EQ(sb.st_mode, sa.st_mode);
	EXPECT_TRUE(S_ISLNK(sa.st_mode));

	dir = opendir("/proc/self/fd");
	ASSERT_TRUE(!!dir);
	while ((d = readdir(dir)))
		found |= atoi(d->d_name) == self->fd;
	closedir(dir);
	EXPECT_TRUE(found);
}

#define LINK_OP(what, call) \
static int op_##what(int fd, void *ctx) \
{ \
	struct timespec ts[2] = {}; \
	struct statx stx; \
	struct stat st; \
	char link[64]; \
	\
	(void)ts; \
	(void)stx; \
	(void)st; \
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd); \
	return RET(call); \
}

LINK_OP(stat, stat(link, &st))
LINK_OP(statx, statx(AT_FDCWD, link, 0, STATX_BASIC_STATS, &stx))
LINK_OP(access, access(link, R_OK))
LINK_OP(chmod, chmod(link, 0640))
LINK_OP(chown, chown(link, 1, 1))
LINK_OP(utimensat, utimensat(AT_FDCWD, link, ts, 0))

static void prepare_attributes(void *ctx)
{
	int file = *(int *)ctx;

	if (fchmod(file, 0600) || fchown(file, 0, 0) || futimens(file, NULL))
		abort();
}

static uint64_t attributes_state(void *ctx)
{
	return file_state(*(int *)ctx);
}

/* Calls that do with a name what another does with a descriptor. */
#define LINK(what, right) \
	RIGHTS_OP(self->file, .name = #what " of the link", .op = op_##what, \
		  .rights = RIGHTS(right), .prepare = prepare_attributes, \
		  .state = attributes_state, .ctx = &self->file)

TEST_F(proc, attributes)
{
	LINK(stat, CAP_FSTAT);
	LINK(statx, CAP_FSTAT);
	LINK(access, CAP_FSTAT);
	LINK(chmod, CAP_FCHMOD);
	LINK(chown, CAP_FCHOWN);
	LINK(utimensat, CAP_FUTIMES);
}

/* ---- opening again ---- */

struct reopen {
	const char *format;	/* of the name */
	int flags;
	int file;
};

/* 0 when it opened, and what came out has just the limits that @fd has. */
static int op_reopen(int fd, void *ctx)
{
	struct reopen *r = ctx;
	struct limits was, is;
	char link[64];
	int new, err;

	snprintf(link, sizeof(link), r->format, fd);
	new = RET(open(link, r->flags | O_CLOEXEC, 0600));
	if (new < 0)
		return new;
	err = get_limits(fd, &was);
	if (!err)
		err = get_limits(new, &is);
	if (!err && !limits_eq(&was, &is))
		err = -EPERM;
	close(new);
	return err;
}

static void prepare_reopen(void *ctx)
{
	struct reopen *r = ctx;

	if (pwrite(r->file, "abcd", 4, 0) != 4)
		abort();
}

static uint64_t reopen_state(void *ctx)
{
	struct reopen *r = ctx;

	return file_state(r->file);
}

#define REOPEN(open_flags, ...) do { \
	struct reopen __r = { format, open_flags, file }; \
	RIGHTS_OP(file, .name = "open(" #open_flags ")", \
		  .op = op_reopen, .rights = RIGHTS(__VA_ARGS__), \
		  .prepare = prepare_reopen, .state = reopen_state, \
		  .ctx = &__r); \
} while (0)

static void check_reopen(struct __test_metadata *_metadata, int file,
			 const char *format)
{
	REOPEN(O_RDONLY, CAP_READ);
	REOPEN(O_RDONLY | O_NONBLOCK, CAP_READ);
	REOPEN(O_RDONLY | O_DSYNC, CAP_READ, CAP_FSYNC);
	REOPEN(O_WRONLY, CAP_WRITE, CAP_SEEK);
	REOPEN(O_WRONLY | O_APPEND, CAP_WRITE);
	REOPEN(O_WRONLY | O_TRUNC, CAP_WRITE, CAP_FTRUNCATE);
	REOPEN(O_WRONLY | O_SYNC, CAP_WRITE, CAP_SEEK, CAP_FSYNC);
	REOPEN(O_WRONLY | O_APPEND | O_DSYNC, CAP_WRITE, CAP_FSYNC);
	REOPEN(O_RDWR, CAP_READ, CAP_WRITE, CAP_SEEK);
	REOPEN(O_RDWR | O_APPEND, CAP_READ, CAP_WRITE);
	REOPEN(O_RDWR | O_TRUNC, CAP_READ, CAP_WRITE, CAP_FTRUNCATE);
	REOPEN(O_WRONLY | O_CREAT | O_APPEND, CAP_WRITE, CAP_CREATE);
	REOPEN(O_RDONLY | O_TRUNC, CAP_READ, CAP_FTRUNCATE);
}

TEST_F(proc, reopen_proc)
{
	check_reopen(_metadata, self->file, "/proc/self/fd/%d");
}

TEST_F(proc, reopen_thread_self)
{
	check_reopen(_metadata, self->file, "/proc/thread-self/fd/%d");
}

TEST_F(proc, reopen_dev_fd)
{
	if (access("/dev/fd", F_OK))
		SKIP(return, "no /dev/fd");
	check_reopen(_metadata, self->file, "/dev/fd/%d");
}

/* An O_PATH open needs nothing, gives nothing, and is no way out either. */
TEST_F(proc, reopen_o_path)
{
	char link[64];
	int path, fd;
	char c;

	BECOME(CAP_FSTAT);
	path = open(self->link, O_PATH | O_CLOEXEC);
	if (path < 0) {
		EXPECT_EQ(ENOTCAPABLE, errno);
		return;
	}
	EXPECT_TRUE(holds(path, CAP_FSTAT));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	EXPECT_EQ(-ENOTCAPABLE, RET(open(link, O_RDONLY | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(link, O_RDWR | O_CLOEXEC)));
	fd = open(link, O_PATH | O_CLOEXEC);
	EXPECT_TRUE(fd < 0 || holds(fd, CAP_FSTAT));
	EXPECT_GT(0, RET(pread(path, &c, 1, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fchmodat(AT_FDCWD, link, 0700, 0)));
}

/* Sub-rights are inherited with the rest; the new file is another open file. */
TEST_F(proc, reopen_is_another_file)
{
	const unsigned int cmds[] = { FIONREAD };
	struct cap_rights set;
	char link[64];
	int fd, new;
	char c;

	rights_list(&set, RIGHTS(CAP_READ, CAP_SEEK, CAP_FCNTL, CAP_IOCTL));
	fd = limit_sub(self->file, &set, CAP_FCNTL_GETFL, 1, cmds);
	ASSERT_LE(0, fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	new = open(link, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, new);
	EXPECT_EQ(FD_CLOEXEC, fcntl(new, F_GETFD));
	EXPECT_EQ(O_RDONLY, fcntl(new, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(new, F_SETFL, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(new, FIONBIO, &fd)));
	ASSERT_EQ(1, read(new, &c, 1));
	EXPECT_EQ('a', c);
	EXPECT_EQ(1, lseek(new, 0, SEEK_CUR));
	EXPECT_EQ(4, lseek(self->file, 0, SEEK_CUR));
	rights_all(&set);
	EXPECT_EQ(-ENOTCAPABLE, limit_fd(new, &set));
}

/* Through links that somebody else has made to the link. */
TEST_F(proc, reopen_by_symlink)
{
	char name[PATH_MAX + 8];
	int fd;

	BECOME(CAP_READ);
	snprintf(name, sizeof(name), "%s.link", self->name);
	ASSERT_EQ(0, symlink(self->link, name));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_RDWR | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(truncate(name, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(chmod(name, 0700)));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	EXPECT_TRUE(fd >= 0 && holds(fd, CAP_READ));
	unlink(name);
}

TEST_F(proc, other_calls)
{
	char to[PATH_MAX + 8];
	uint64_t before;
	char buf[8];
	int fd;

	/* No right helps: by name, there is none for these but linkat. */
	fd = limit_all_but(self->file, CAP_LINKAT_SOURCE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(self->fd, dup2(fd, self->fd));
	snprintf(to, sizeof(to), "%s.new", self->name);
	before = file_state(self->file);
	EXPECT_EQ(-ENOTCAPABLE, RET(truncate(self->link, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(setxattr(self->link, "user.x", "y", 1, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(getxattr(self->link, "user.x", buf, 8)));
	EXPECT_EQ(-ENOTCAPABLE, RET(listxattr(self->link, buf, 8)));
	EXPECT_EQ(-ENOTCAPABLE, RET(removexattr(self->link, "user.x")));
	EXPECT_EQ(-ENOTCAPABLE, RET(linkat(AT_FDCWD, self->link, AT_FDCWD, to,
					   AT_SYMLINK_FOLLOW)));
	EXPECT_EQ(-ENOENT, RET(open(to, O_RDONLY | O_CLOEXEC)))
		TH_LOG("%s has come into being", to);
	EXPECT_EQ(before, file_state(self->file));
	unlink(to);
}

/* What becomes of a socket's address that is @path. */
static int at_socket(int (*call)(int, const struct sockaddr *, socklen_t),
		     const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock = RET(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int ret;

	if (sock < 0)
		return sock;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	ret = RET(call(sock, (struct sockaddr *)&sun, sizeof(sun)));
	close(sock);
	return ret;
}

TEST_F(proc, directories)
{
	char name[128];
	struct stat st;
	int dir, fd;

	dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	fd = limit_all(dir);
	ASSERT_LE(0, fd);
	ASSERT_EQ(self->fd, dup2(fd, self->fd));

	/* Nothing beyond, however it is spelt. */
	snprintf(name, sizeof(name), "%s/.", self->link);
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_RDONLY | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(stat(name, &st)));
	snprintf(name, sizeof(name), "%s/..", self->link);
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_RDONLY | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_PATH | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(stat(name, &st)));
	snprintf(name, sizeof(name), "%s%s", self->link,
		 strrchr(self->name, '/'));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_RDONLY | O_CLOEXEC)));
	EXPECT_EQ(-ENOTCAPABLE, RET(unlink(name)));
	EXPECT_EQ(-ENOTCAPABLE, RET(rename(name, name)));
	snprintf(name, sizeof(name), "%s/capsicum-new", self->link);
	EXPECT_EQ(-ENOTCAPABLE, RET(mkdir(name, 0700)));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(name, O_RDWR | O_CREAT, 0600)));
	EXPECT_EQ(-ENOTCAPABLE, RET(symlink("x", name)));
	EXPECT_EQ(-ENOTCAPABLE, RET(mknod(name, S_IFREG | 0600, 0)));
	EXPECT_EQ(-ENOTCAPABLE, RET(chdir(self->link)));
	EXPECT_EQ(-ENOTCAPABLE, RET(chroot(self->link)));
	EXPECT_EQ(-ENOTCAPABLE, RET(open(self->link, O_TMPFILE | O_RDWR,
					 0600)));
	/* Nor as what a mount is of, or where a socket is. */
	if (!geteuid()) {
		char at[] = "/tmp/capsicum.XXXXXX";

		ASSERT_TRUE(!!mkdtemp(at));
		EXPECT_EQ(-ENOTCAPABLE, RET(mount(self->link, at, NULL, MS_BIND,
						  NULL)));
		EXPECT_EQ(-ENOTCAPABLE, RET(mount(self->link, at, NULL, MS_MOVE,
						  NULL)));
		EXPECT_EQ(0, rmdir(at));
	}
	EXPECT_EQ(-ENOTCAPABLE, at_socket(bind, name));
	EXPECT_EQ(-ENOTCAPABLE, at_socket(connect, name));
	/* With a slash behind, it is still only the directory. */
	snprintf(name, sizeof(name), "%s/", self->link);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		struct limits l;

		ASSERT_EQ(0, get_limits(fd, &l));
		EXPECT_TRUE(rights_has(&l.rights, CAP_READ));
		EXPECT_EQ(-ENOTCAPABLE,
			  RET(openat(fd, "..", O_RDONLY | O_CLOEXEC)));
	} else {
		EXPECT_EQ(ENOTCAPABLE, errno);
	}
}

/* ---- seen from another process ---- */

TEST_F(proc, from_another_process)
{
	char pid[16], link[64], have[INFO];
	pid_t child;

	BECOME(CAP_READ, CAP_FSTAT);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", getpid(), self->fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char target[PATH_MAX] = {};
		struct stat st;
		int fd;

		close(self->fd);
		close(self->file);
		if (read_info(pid, self->fd, self->info))
			_exit(2);
		if (!*value(self->info, "rights", have))
			_exit(3);
		if (readlink(link, target, sizeof(target) - 1) < 0 ||
		    strcmp(strrchr(target, '/'), strrchr(self->name, '/')))
			_exit(4);
		if (RET(open(link, O_RDWR)) != -ENOTCAPABLE)
			_exit(5);
		if (RET(truncate(link, 0)) != -ENOTCAPABLE)
			_exit(6);
		if (stat(link, &st))
			_exit(7);
		fd = RET(open(link, O_RDONLY));
		if (fd < 0)
			_exit(8);
		if (!holds(fd, CAP_READ, CAP_FSTAT))
			_exit(9);
		_exit(0);
	}
	EXPECT_TRUE(child_ok(child));
}

TEST_HARNESS_MAIN
