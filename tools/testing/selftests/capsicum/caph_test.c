// SPDX-License-Identifier: GPL-2.0
/*
 * The caph_ family: what each function leaves a descriptor with, and what can be
 * done with it then and what cannot.
 */
#include "capmode.h"

#include <capsicum_helpers.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>

/* In a child, since these limit the descriptors that results are written to. */
#define EXPECT_CHILD(fn, arg)	EXPECT_EQ(0, in_child(fn, arg))

static bool stream_ioctls(const struct limits *l)
{
	bool tcgets = false, size = false;
	int i;

	for (i = 0; i < l->nioctls; i++) {
		if (l->ioctls[i] == (unsigned int)TCGETS)
			tcgets = true;
		else if (l->ioctls[i] == (unsigned int)TIOCGWINSZ)
			size = true;
		/* The third is TCGETS2, which has no name here. */
		else if (_IOC_TYPE(l->ioctls[i]) != 'T' ||
			 _IOC_NR(l->ioctls[i]) != 0x2a)
			return false;
	}
	return tcgets && size;
}

/* Exactly the limits of a stream, with these rights besides. */
static bool is_stream(int fd, uint64_t more)
{
	struct cap_rights want;
	struct limits l;

	rights_list(&want, RIGHTS(CAP_EVENT, CAP_FCNTL, CAP_FSTAT, CAP_IOCTL,
				  CAP_SEEK));
	if (more)
		rights_add(&want, more);
	return !get_limits(fd, &l) && rights_eq(&want, &l.rights) &&
	       l.fcntls == CAP_FCNTL_GETFL && stream_ioctls(&l);
}

/* Whether a descriptor, open on a file for both, can do what a stream can. */
static int use_stream(int fd, bool to_read, bool to_write)
{
	struct stat st;
	char c = 'x';
	int n;

	STEP(RET(read(fd, &c, 1)) == (to_read ? 1 : -ENOTCAPABLE));
	STEP(RET(write(fd, &c, 1)) == (to_write ? 1 : -ENOTCAPABLE));
	STEP(RET(lseek(fd, 0, SEEK_SET)) == 0);
	STEP(RET(fstat(fd, &st)) == 0);
	STEP(RET(fcntl(fd, F_GETFL)) >= 0);
	STEP(RET(fcntl(fd, F_SETFL, O_APPEND)) == -ENOTCAPABLE);
	STEP(RET(ioctl(fd, FIONREAD, &n)) == -ENOTCAPABLE);
	STEP(RET(fchmod(fd, 0600)) == -ENOTCAPABLE);
	STEP(RET(ftruncate(fd, 0)) == -ENOTCAPABLE);
	STEP(RET(fsync(fd)) == -ENOTCAPABLE);
	return 0;
}

/* ---- one descriptor ---- */

FIXTURE(stream)
{
	int fd;
};

FIXTURE_VARIANT(stream)
{
	int flags;
	uint64_t more;
};

FIXTURE_VARIANT_ADD(stream, none)
{
	.flags = 0
};

FIXTURE_VARIANT_ADD(stream, to_read)
{
	.flags = CAPH_READ, .more = CAP_READ
};

FIXTURE_VARIANT_ADD(stream, to_write)
{
	.flags = CAPH_WRITE | CAPH_IGNORE_EBADF, .more = CAP_WRITE
};

FIXTURE_VARIANT_ADD(stream, all)
{
	.flags = CAPH_READ | CAPH_WRITE | CAPH_LOOKUP,
	.more = CAP_READ | CAP_WRITE | CAP_LOOKUP
};

FIXTURE_SETUP(stream)
{
	REQUIRE_CAPSICUM();
	self->fd = tmp_file(NULL, 16);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(stream)
{
}

TEST_F(stream, limits)
{
	int copy = dup(self->fd);

	ASSERT_EQ(0, caph_limit_stream(self->fd, variant->flags));
	EXPECT_TRUE(is_stream(self->fd, variant->more));
	EXPECT_EQ(0, use_stream(self->fd, variant->flags & CAPH_READ,
				variant->flags & CAPH_WRITE));
	/* The other one is as it was, and so is the file. */
	EXPECT_FALSE(is_stream(copy, variant->more));
	EXPECT_EQ(0, fchmod(copy, 0600));
	EXPECT_EQ(0, fsync(copy));
	/* Once more changes nothing. */
	EXPECT_EQ(0, caph_limit_stream(self->fd, variant->flags));
	EXPECT_TRUE(is_stream(self->fd, variant->more));
}

TEST_F(stream, rights)
{
	struct cap_rights want, set;

	rights_list(&want, RIGHTS(CAP_EVENT, CAP_FCNTL, CAP_FSTAT, CAP_IOCTL,
				  CAP_SEEK));
	if (variant->more)
		rights_add(&want, variant->more);
	memset(&set, 0xff, sizeof(set));
	caph_stream_rights(&set, variant->flags);
	EXPECT_TRUE(rights_eq(&want, &set));
}

TEST(look_up)
{
	int dir, fd;

	REQUIRE_CAPSICUM();
	dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, caph_limit_stream(dir, CAPH_READ | CAPH_LOOKUP));
	fd = openat(dir, "proc", O_RDONLY | O_CLOEXEC);
	EXPECT_LE(0, fd);
	EXPECT_TRUE(is_stream(fd, CAP_READ | CAP_LOOKUP));
	EXPECT_EQ(-ENOTCAPABLE, RET(mkdirat(dir, "caph", 0700)));
	close(dir);

	dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, caph_limit_stream(dir, CAPH_READ));
	EXPECT_EQ(-ENOTCAPABLE, RET(openat(dir, "proc", O_RDONLY)));
}

TEST(closed)
{
	int fd;

	REQUIRE_CAPSICUM();
	fd = tmp_file(NULL, 1);
	close(fd);
	EXPECT_EQ(-EBADF, RET(caph_limit_stream(fd, CAPH_READ)));
	EXPECT_EQ(0, caph_limit_stream(fd, CAPH_READ | CAPH_IGNORE_EBADF));
}

/* What it would add is refused, whatever is closed or not. */
TEST(limited_before)
{
	int fd = tmp_file(NULL, 1), cap;

	REQUIRE_CAPSICUM();
	cap = limit_to(fd, CAP_READ, CAP_FSTAT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(caph_limit_stream(cap, CAPH_READ)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(caph_limit_stream(cap, CAPH_READ | CAPH_IGNORE_EBADF)));
	EXPECT_TRUE(holds(cap, CAP_READ, CAP_FSTAT));
}

/* isatty(3) and the size of a terminal; nothing that does something to it. */
TEST(terminal)
{
	int fd, cap, i;
	struct winsize size = {};
	struct termios mode;

	REQUIRE_CAPSICUM();
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no /dev/ptmx: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		cap = dup(fd);
		if (i)
			ASSERT_EQ(0, caph_limit_stream(cap, CAPH_READ |
						       CAPH_WRITE));
		EXPECT_EQ(1, isatty(cap));
		EXPECT_EQ(0, tcgetattr(cap, &mode));
		EXPECT_EQ(0, ioctl(cap, TIOCGWINSZ, &size));
		EXPECT_EQ(i ? -ENOTCAPABLE : 0,
			  RET(ioctl(cap, TIOCSWINSZ, &size)));
		EXPECT_EQ(i ? -ENOTCAPABLE : 0,
			  RET(tcsetattr(cap, TCSANOW, &mode)));
		close(cap);
	}
}

/* ---- the standard ones ---- */

static int limit_standard(void *arg)
{
	int fd = tmp_file(NULL, 16), i;

	STEP(fd >= 3);
	for (i = 0; i < 3; i++)
		STEP(dup2(fd, i) == i);

	STEP(!caph_limit_stdin());
	STEP(is_stream(0, CAP_READ));
	STEP(!use_stream(0, true, false));
	STEP(!is_stream(1, CAP_WRITE));
	STEP(fchmod(1, 0600) == 0);

	STEP(!caph_limit_stdout());
	STEP(is_stream(1, CAP_WRITE));
	STEP(!use_stream(1, false, true));
	STEP(!is_stream(2, CAP_WRITE));
	STEP(fchmod(2, 0600) == 0);

	STEP(!caph_limit_stderr());
	STEP(is_stream(2, CAP_WRITE));
	STEP(!use_stream(2, false, true));
	STEP(fchmod(fd, 0600) == 0);
	return 0;
}

static int limit_stdio(void *arg)
{
	int fd = tmp_file(NULL, 16), i;

	STEP(fd >= 3);
	for (i = 0; i < 3; i++)
		STEP(dup2(fd, i) == i);
	STEP(!caph_limit_stdio());
	STEP(is_stream(0, CAP_READ));
	STEP(is_stream(1, CAP_WRITE));
	STEP(is_stream(2, CAP_WRITE));
	STEP(fchmod(fd, 0600) == 0);
	return 0;
}

static int limit_closed(void *arg)
{
	int fd = tmp_file(NULL, 16), i;

	STEP(fd >= 3);
	for (i = 0; i < 3; i++)
		STEP(dup2(fd, i) == i);
	close(1);
	STEP(RET(caph_limit_stdout()) == -EBADF);
	STEP(RET(caph_limit_stdio()) == -EBADF);
	/* The first one was there, and the third was not come to. */
	STEP(is_stream(0, CAP_READ));
	STEP(!is_stream(2, CAP_WRITE));
	return 0;
}

TEST(standard_streams)
{
	REQUIRE_CAPSICUM();
	EXPECT_CHILD(limit_standard, NULL);
	EXPECT_CHILD(limit_stdio, NULL);
	EXPECT_CHILD(limit_closed, NULL);
}

/* What a program does with them, by way of the C library. */
static int use_stdio(void *arg)
{
	char line[64];
	int fd = tmp_file(NULL, 16);

	STEP(fd >= 3);
	STEP(dup2(fd, 0) == 0 && dup2(fd, 1) == 1);
	STEP(!caph_limit_stdin() && !caph_limit_stdout());
	clearerr(stdin);
	STEP(fgets(line, sizeof(line), stdin));
	STEP(!strncmp(line, "abc", 3));
	STEP(printf("%s\n", "printed") > 0);
	STEP(!fflush(stdout));
	STEP(dprintf(1, "printed") > 0);
	return 0;
}

TEST(stdio)
{
	REQUIRE_CAPSICUM();
	EXPECT_CHILD(use_stdio, NULL);
}

/* ---- those that limit one thing ---- */

TEST(one_thing)
{
	const cap_ioctl_t cmds[] = { FIONREAD, FIOCLEX };
	struct cap_rights rights;
	struct limits l;
	int fd, n;

	REQUIRE_CAPSICUM();
	fd = tmp_file(NULL, 16);
	rights_list(&rights, RIGHTS(CAP_READ, CAP_FCNTL, CAP_IOCTL));
	ASSERT_EQ(0, caph_rights_limit(fd, &rights));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(rights_eq(&rights, &l.rights));
	EXPECT_EQ((unsigned int)CAP_FCNTL_ALL, l.fcntls);
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, l.nioctls);
	EXPECT_EQ(0, fcntl(fd, F_SETFL, 0));

	ASSERT_EQ(0, caph_fcntls_limit(fd, CAP_FCNTL_GETFL));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(rights_eq(&rights, &l.rights));
	EXPECT_EQ((unsigned int)CAP_FCNTL_GETFL, l.fcntls);
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, l.nioctls);
	EXPECT_LE(0, fcntl(fd, F_GETFL));
	EXPECT_EQ(-ENOTCAPABLE, RET(fcntl(fd, F_SETFL, 0)));

	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	ASSERT_EQ(0, caph_ioctls_limit(fd, cmds, 2));
	ASSERT_EQ(0, get_limits(fd, &l));
	EXPECT_TRUE(rights_eq(&rights, &l.rights));
	EXPECT_EQ((unsigned int)CAP_FCNTL_GETFL, l.fcntls);
	EXPECT_EQ(2, l.nioctls);
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	ASSERT_EQ(0, caph_ioctls_limit(fd, cmds + 1, 1));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(fd, FIONREAD, &n)));

	/* Errors are errors here as well. */
	rights_add(&rights, CAP_WRITE);
	EXPECT_EQ(-ENOTCAPABLE, RET(caph_rights_limit(fd, &rights)));
	EXPECT_EQ(-ENOTCAPABLE, RET(caph_fcntls_limit(fd, CAP_FCNTL_ALL)));
	EXPECT_EQ(-ENOTCAPABLE, RET(caph_ioctls_limit(fd, cmds, 2)));
	EXPECT_EQ(-EINVAL, RET(caph_fcntls_limit(fd, ~0U)));
	EXPECT_EQ(-EINVAL,
		  RET(caph_ioctls_limit(fd, cmds, CAP_IOCTLS_LIMIT_MAX + 1)));
	EXPECT_EQ(-EFAULT, RET(caph_rights_limit(fd, NULL)));
	EXPECT_EQ(-EBADF, RET(caph_rights_limit(-1, &rights)));
	EXPECT_EQ(-EBADF, RET(caph_fcntls_limit(-1, 0)));
	EXPECT_EQ(-EBADF, RET(caph_ioctls_limit(-1, NULL, 0)));
}

/* ---- capability mode ---- */

static int enter(void *arg)
{
	STEP(open("/", O_RDONLY) >= 0);
	STEP(!caph_enter());
	STEP(cap_sandboxed());
	STEP(RET(open("/", O_RDONLY)) == -ECAPMODE);
	STEP(!caph_enter());
	/* Limiting goes on to work there. */
	STEP(!caph_limit_stdin());
	STEP(is_stream(0, CAP_READ));
	return 0;
}

static int enter_casper(void *arg)
{
	STEP(!caph_enter_casper());
	STEP(!cap_sandboxed());
	STEP(open("/", O_RDONLY) >= 0);
	return 0;
}

TEST(mode)
{
	REQUIRE_CAPSICUM();
	EXPECT_CHILD(enter, NULL);
	EXPECT_CHILD(enter_casper, NULL);
	EXPECT_FALSE(cap_sandboxed());
}

/* ---- what the C library reads when it is first needed ---- */

#define EAST	5400

/* A zone an hour and a half east, in the format of tzfile(5). */
static int make_zone(char *name)
{
	static const char zone[] =
		"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
		"\0\0\x15\x18\0\0CAP";
	int fd = mkstemp(name);

	if (fd < 0)
		return -errno;
	if (write(fd, zone, sizeof(zone)) != sizeof(zone))
		return -EIO;
	return close(fd);
}

static int zone_in_mode(void *arg)
{
	time_t now = 0;
	struct tm tm;

	if (arg)
		caph_cache_tzdata();
	STEP(!cap_enter());
	localtime_r(&now, &tm);
	STEP(tm.tm_gmtoff == (arg ? EAST : 0));
	return 0;
}

TEST(time_zone)
{
	char name[] = "/tmp/caph-zone.XXXXXX", tz[64];

	REQUIRE_CAPSICUM();
	ASSERT_EQ(0, make_zone(name));
	snprintf(tz, sizeof(tz), ":%s", name);
	setenv("TZ", tz, 1);
	EXPECT_CHILD(zone_in_mode, "cached");
	EXPECT_CHILD(zone_in_mode, NULL);
	unlink(name);
}

static int messages_in_mode(void *arg)
{
	errno = 77;
	caph_cache_catpages();
	STEP(errno == 77);
	STEP(!cap_enter());
	STEP(!strcmp(strerror(ENOENT), "No such file or directory"));
	return 0;
}

TEST(messages)
{
	REQUIRE_CAPSICUM();
	EXPECT_CHILD(messages_in_mode, NULL);
}

TEST_HARNESS_MAIN
