// SPDX-License-Identifier: GPL-2.0
/*
 * What capexec gives: with the right an operation works, without it does not.
 */
#include "tools.h"

#include <sys/ioctl.h>
#include <linux/fs.h>
#include <sys/un.h>

FIXTURE(grants)
{
	struct run r;
	char dir[64];
	char name[80];
};

static void with_file(void *arg)
{
	int fd = open(arg, O_RDWR);

	dup2(fd, 0);
	dup2(fd, 7);
	dup2(fd, 1000);
	close(fd);
}

FIXTURE_SETUP(grants)
{
	int fd;

	REQUIRE_CAPSICUM();
	install_libraries();
	memset(&self->r, 0, sizeof(self->r));
	snprintf(self->dir, sizeof(self->dir), "%s/capexec.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->dir));
	snprintf(self->name, sizeof(self->name), "%s/file", self->dir);
	fd = open(self->name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(5, write(fd, "hello", 5));
	close(fd);
	self->r.before = with_file;
	self->r.arg = self->name;
}

FIXTURE_TEARDOWN(grants)
{
	unlink(self->name);
	rmdir(self->dir);
}

#define CAPEXEC(...)	RUN(&self->r, "./capexec", "--fd", "1=write", __VA_ARGS__)

TEST_F(grants, only_these)
{
	ASSERT_EQ(0, CAPEXEC("./probe", "fds"));
	EXPECT_SAID(&self->r, "fds: 1");
	ASSERT_EQ(0, CAPEXEC("--fd", "1000", "--fd", "7=read", "./probe", "fds"));
	EXPECT_SAID(&self->r, "fds: 1 7 1000");
	ASSERT_EQ(0, CAPEXEC("--fd", "0", "./probe_dynamic", "fds"));
	EXPECT_SAID(&self->r, "fds: 0 1");
	ASSERT_EQ(0, CAPEXEC("--dir", "/=lookup", "--fd", "0", "--dir",
			     "/=lookup", "./probe_dynamic", "fds"));
	EXPECT_SAID(&self->r, "fds: 0 1 3 4");
	ASSERT_EQ(0, CAPEXEC("--dir", "/=lookup", "--fd", "7", "--dir",
			     "/=lookup", "--dir", "/=lookup", "--dir",
			     "/=lookup", "--dir", "/=lookup", "./probe", "fds"));
	EXPECT_SAID(&self->r, "fds: 1 3 4 5 6 7 8");
}

TEST_F(grants, rights)
{
	ASSERT_EQ(0, CAPEXEC("--fd", "0=read", "./probe", "read:0", "write:0",
			     "fstat:0", "fchmod:0", "getfl:0"));
	EXPECT_SAID(&self->r, "read:0: 1");
	EXPECT_SAID(&self->r, "write:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fchmod:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "getfl:0: ENOTCAPABLE");
	ASSERT_EQ(0, CAPEXEC("--fd", "0=CAP_WRITE,FStat|fcntl", "./probe",
			     "read:0", "write:0", "fstat:0", "fchmod:0",
			     "getfl:0", "setfl:0"));
	EXPECT_SAID(&self->r, "read:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "write:0: 1");
	EXPECT_SAID(&self->r, "fstat:0: 0");
	EXPECT_SAID(&self->r, "fchmod:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "getfl:0: 0");
	EXPECT_SAID(&self->r, "setfl:0: 0");
	/* Without rights, as it is; with none, there are none. */
	ASSERT_EQ(0, CAPEXEC("--fd", "0", "./probe", "read:0", "write:0",
			     "fstat:0", "fchmod:0"));
	EXPECT_SAID(&self->r, "read:0: 1");
	EXPECT_SAID(&self->r, "write:0: 1");
	EXPECT_SAID(&self->r, "fstat:0: 0");
	EXPECT_SAID(&self->r, "fchmod:0: 0");
	ASSERT_EQ(0, CAPEXEC("--fd", "0=none", "./probe", "read:0", "fstat:0"));
	EXPECT_SAID(&self->r, "read:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:0: ENOTCAPABLE");
}

/* One number of a file that has several is limited, and not the others. */
TEST_F(grants, each_for_itself)
{
	ASSERT_EQ(0, CAPEXEC("--fd", "0=read", "--fd", "7=fstat", "./probe",
			     "read:0", "fstat:0", "read:7", "fstat:7"));
	EXPECT_SAID(&self->r, "read:0: 1");
	EXPECT_SAID(&self->r, "fstat:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "read:7: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:7: 0");
}

TEST_F(grants, fcntl_commands)
{
	ASSERT_EQ(0, CAPEXEC("--fd", "0=fcntl", "--fcntl", "0=getfl",
			     "./probe", "getfl:0", "setfl:0"));
	EXPECT_SAID(&self->r, "getfl:0: 0");
	EXPECT_SAID(&self->r, "setfl:0: ENOTCAPABLE");
	ASSERT_EQ(0, CAPEXEC("--fcntl", "0=F_SETFL", "--fd", "0=fcntl",
			     "./probe", "getfl:0", "setfl:0"));
	EXPECT_SAID(&self->r, "getfl:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "setfl:0: 0");
	ASSERT_EQ(0, CAPEXEC("--fd", "0", "--fcntl", "0=none", "./probe",
			     "getfl:0", "read:0"));
	EXPECT_SAID(&self->r, "getfl:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "read:0: 1");
}

TEST_F(grants, ioctl_commands)
{
	char fionread[32], other[32];
	char good[64], refused[64];

	snprintf(fionread, sizeof(fionread), "ioctl:0:0x%x", FIONREAD);
	snprintf(other, sizeof(other), "ioctl:0:0x%x", FIGETBSZ);
	snprintf(good, sizeof(good), "%s: 0", fionread);
	snprintf(refused, sizeof(refused), "%s: ENOTCAPABLE", other);
	ASSERT_EQ(0, CAPEXEC("--fd", "0=ioctl", "--ioctl", "0=FIONREAD",
			     "./probe", fionread, other));
	EXPECT_SAID(&self->r, good);
	EXPECT_SAID(&self->r, refused);
	ASSERT_EQ(0, CAPEXEC("--fd", "0=ioctl", "./probe", fionread, other));
	EXPECT_SAID(&self->r, good);
	snprintf(refused, sizeof(refused), "%s: 0", other);
	EXPECT_SAID(&self->r, refused);
	ASSERT_EQ(0, CAPEXEC("--fd", "0=ioctl", "--ioctl", "0=none", "./probe",
			     fionread));
	snprintf(refused, sizeof(refused), "%s: ENOTCAPABLE", fionread);
	EXPECT_SAID(&self->r, refused);
}

TEST_F(grants, directory)
{
	char opt[96];

	snprintf(opt, sizeof(opt), "%s=lookup,read", self->dir);
	ASSERT_EQ(0, CAPEXEC("--dir", opt, "./probe", "openat:3:file",
			     "openatw:3:file", "openat:3:..", "openat:3:/",
			     "openat:3:not-there", "fstat:3"));
	EXPECT_SAID(&self->r, "openat:3:file: 0");
	EXPECT_SAID(&self->r, "openatw:3:file: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "openat:3:..: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "openat:3:/: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "openat:3:not-there: ENOENT");
	EXPECT_SAID(&self->r, "fstat:3: ENOTCAPABLE");
	snprintf(opt, sizeof(opt), "%s=lookup,write", self->dir);
	ASSERT_EQ(0, CAPEXEC("--dir", opt, "./probe", "openat:3:file",
			     "openatw:3:file", "write:4"));
	EXPECT_SAID(&self->r, "openat:3:file: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "openatw:3:file: 0");
	snprintf(opt, sizeof(opt), "%s=read", self->dir);
	ASSERT_EQ(0, CAPEXEC("--dir", opt, "./probe", "openat:3:file"));
	EXPECT_SAID(&self->r, "openat:3:file: ENOTCAPABLE");

	EXPECT_EQ(125, CAPEXEC("--dir", "/not/there=lookup", "./probe"));
	EXPECT_COMPLAINED(&self->r, "--dir /not/there");
	snprintf(opt, sizeof(opt), "%s=lookup", self->name);
	EXPECT_EQ(125, CAPEXEC("--dir", opt, "./probe"));
}

/* A name with an equals sign; rights never have one. */
TEST_F(grants, directory_with_equals_sign)
{
	char dir[128], opt[160];

	snprintf(dir, sizeof(dir), "%s/a=b", self->dir);
	ASSERT_EQ(0, mkdir(dir, 0700));
	snprintf(opt, sizeof(opt), "%s=fstat", dir);
	EXPECT_EQ(0, CAPEXEC("--dir", opt, "./probe", "fstat:3"));
	EXPECT_SAID(&self->r, "fstat:3: 0");
	rmdir(dir);
}

TEST_F(grants, connected)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char opt[160], c = 0;
	int fd, peer;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", self->dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_EQ(0, listen(fd, 5));

	snprintf(opt, sizeof(opt), "unix:%s=write,fstat", addr.sun_path);
	ASSERT_EQ(0, CAPEXEC("--connect", opt, "./probe_dynamic", "fds",
			     "write:3", "read:3", "fstat:3"));
	EXPECT_SAID(&self->r, "fds: 1 3");
	EXPECT_SAID(&self->r, "write:3: 1");
	EXPECT_SAID(&self->r, "read:3: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:3: 0");
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, peer);
	EXPECT_EQ(1, read(peer, &c, 1));
	EXPECT_EQ('x', c);
	/* Nobody is left who has the other end. */
	EXPECT_EQ(0, read(peer, &c, 1));
	close(peer);

	snprintf(opt, sizeof(opt), "unix:%s=fstat", addr.sun_path);
	ASSERT_EQ(0, CAPEXEC("--connect", opt, "./probe", "write:3", "fstat:3"));
	EXPECT_SAID(&self->r, "write:3: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:3: 0");
	close(fd);
	unlink(addr.sun_path);
	EXPECT_EQ(125, CAPEXEC("--connect", opt, "./probe"));
	EXPECT_COMPLAINED(&self->r, "--connect unix:");
}

TEST_F(grants, mistakes)
{
	static const struct {
		char *option;
		char *arg;
		const char *complaint;
	} mistake[] = {
		{ "--fd", "0=reed", "--fd 0=reed: there is no right 'reed'" },
		{ "--fd", "0=read,reed", "there is no right 'reed'" },
		{ "--fd", "0=", "no right is named" },
		{ "--fd", "x", "'x' is no descriptor" },
		{ "--fd", "-1", "'-1' is no descriptor" },
		{ "--fd", "0x1", "'0x1' is no descriptor" },
		{ "--fd", "99999999999", "is no descriptor" },
		{ "--fd", "99", "descriptor 99 is not open" },
		{ "--fd", "1", "descriptor 1 is named twice" },
		{ "--dir", "/", "which rights?" },
		{ "--dir", "=read", "nothing stands before" },
		{ "--dir", "/=reed", "--dir /=reed: there is no right 'reed'" },
		{ "--connect", "/x=read", "unix:PATH" },
		{ "--connect", "tcp:x=read", "HOST:PORT" },
		{ "--fcntl", "1=all", "without the right fcntl" },
		{ "--ioctl", "1=all", "without the right ioctl" },
		{ "--fcntl", "8=all", "is not given a descriptor 8" },
		{ "--fcntl", "1", "which commands?" },
		{ "--fcntl", "1=get", "there is no fcntl command 'get'" },
		{ "--ioctl", "1=get", "there is no ioctl command 'get'" },
		{ "--ioctl", "1=0x100000000", "there is no ioctl command" },
		{ "--env", "=x", "no variable is named" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mistake); i++) {
		EXPECT_EQ(125, CAPEXEC(mistake[i].option, mistake[i].arg,
				       "./probe", "mode"));
		EXPECT_COMPLAINED(&self->r, mistake[i].complaint);
		EXPECT_STREQ("", self->r.said);
	}
	EXPECT_EQ(125, CAPEXEC("--no-such-option", "./probe"));
	EXPECT_EQ(125, RUN(&self->r, "./capexec"));
	EXPECT_EQ(125, RUN(&self->r, "./capexec", "--fd", "1", "--"));
	/* The valid ones are listed. */
	EXPECT_EQ(125, CAPEXEC("--fd", "0=reed", "./probe"));
	EXPECT_COMPLAINED(&self->r, "ftruncate, lookup");
	EXPECT_COMPLAINED(&self->r, "epoll_ctl");
}

/* What is limited already can only be limited further. */
static void with_limited(void *arg)
{
	cap_rights_t rights;

	with_file(arg);
	cap_rights_init(&rights, CAP_READ, CAP_FSTAT);
	cap_rights_limit(0, &rights);
}

TEST_F(grants, limited_before)
{
	self->r.before = with_limited;
	ASSERT_EQ(0, CAPEXEC("--fd", "0=read", "./probe", "read:0", "fstat:0"));
	EXPECT_SAID(&self->r, "read:0: 1");
	EXPECT_SAID(&self->r, "fstat:0: ENOTCAPABLE");
	ASSERT_EQ(0, CAPEXEC("--fd", "0", "./probe", "fstat:0", "write:0"));
	EXPECT_SAID(&self->r, "fstat:0: 0");
	EXPECT_SAID(&self->r, "write:0: ENOTCAPABLE");
	EXPECT_EQ(125, CAPEXEC("--fd", "0=read,write", "./probe", "read:0"));
	EXPECT_COMPLAINED(&self->r, "limited already");
	EXPECT_STREQ("", self->r.said);
}

TEST_F(grants, stdio)
{
	ASSERT_EQ(0, RUN(&self->r, "./capexec", "--stdio", "./probe", "fds",
			 "read:0", "write:0", "fstat:0", "getfl:0", "setfl:0",
			 "fchmod:0", "read:1", "fstat:1", "read:2", "write:2"));
	EXPECT_SAID(&self->r, "fds: 0 1 2");
	EXPECT_SAID(&self->r, "read:0: 1");
	EXPECT_SAID(&self->r, "write:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:0: 0");
	EXPECT_SAID(&self->r, "getfl:0: 0");
	EXPECT_SAID(&self->r, "setfl:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fchmod:0: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "read:1: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "fstat:1: 0");
	EXPECT_SAID(&self->r, "read:2: ENOTCAPABLE");
	EXPECT_SAID(&self->r, "write:2: 1");
}

TEST_F(grants, dry_run)
{
	char opt[96], line[96];

	snprintf(opt, sizeof(opt), "%s=lookup,read", self->dir);
	ASSERT_EQ(0, CAPEXEC("--dry-run", "--dir", opt, "--env", "A=b",
			     "--fd", "7=fcntl,ioctl", "--fcntl", "7=getfl",
			     "--ioctl", "7=0x5413", "./probe", "fds"));
	snprintf(line, sizeof(line), "descriptor 3: %s", self->dir);
	EXPECT_SAID(&self->r, line);
	EXPECT_SAID(&self->r, "\trights: CAP_READ,CAP_LOOKUP");
	EXPECT_SAID(&self->r, "descriptor 7: inherited");
	EXPECT_SAID(&self->r, "\tfcntls: getfl");
	EXPECT_SAID(&self->r, "\tioctls: 0x5413");
	EXPECT_SAID(&self->r, "environment: A=b");
	EXPECT_SAID(&self->r, "arguments: ./probe fds");
	EXPECT_FALSE(!!strstr(self->r.said, "fds: "));
}

TEST_HARNESS_MAIN
