// SPDX-License-Identifier: GPL-2.0
/*
 * Rights for directories, for asking what a descriptor is, and for execution
 * by descriptor; names below a directory that is a capability.
 */
#include "ops.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <linux/openat2.h>

#ifndef __NR_openat2
#define __NR_openat2	(CAP_NR_BASE + 437)
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2	(CAP_NR_BASE + 439)
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2	(CAP_NR_BASE + 452)
#endif

FIXTURE(dir)
{
	char path[256];
	int fd;
	int file;
};

/* A directory that holds a file "file" and a link "link" to it. */
FIXTURE_SETUP(dir)
{
	REQUIRE_CAPSICUM();
	snprintf(self->path, sizeof(self->path), "%s/capsicum.XXXXXX",
		 ops_tmp());
	ASSERT_TRUE(!!mkdtemp(self->path));
	self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->file = openat(self->fd, "file", O_CREAT | O_RDWR | O_CLOEXEC,
			    0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(4, write(self->file, "text", 4));
	ASSERT_EQ(0, symlinkat("file", self->fd, "link"));
	ops_watch(self->fd);
	ops_watch(self->file);
}

FIXTURE_TEARDOWN(dir)
{
	static const char * const names[] = {
		"file", "link", "fifo", "new", "dir",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(self->fd, names[i], 0);
	unlinkat(self->fd, "dir", AT_REMOVEDIR);
	EXPECT_EQ(0, rmdir(self->path));
	close(self->file);
	close(self->fd);
}

TEST_F(dir, getdents64)
{
	char buf[1024];
	long len;

	len = syscall(SYS_getdents64, self->fd, buf, sizeof(buf));
	ASSERT_LT(0, len);
	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	memset(buf, 0, sizeof(buf));
	OP_NEEDS(self->fd, CAP_READ, 0, len,
		 syscall(SYS_getdents64, cap, buf, sizeof(buf)));
	EXPECT_TRUE(!!memmem(buf, len, "file", 5));
	/* All capabilities share the position of the target. */
	OP_NEEDS(self->fd, CAP_READ, 0, 0,
		 syscall(SYS_getdents64, cap, buf, sizeof(buf)));
	OP_NEEDS(self->fd, CAP_SEEK, 0, 0, lseek(cap, 0, SEEK_SET));
	OP_NEEDS(self->fd, CAP_READ, 0, len,
		 syscall(SYS_getdents64, cap, buf, sizeof(buf)));
}

TEST_F(dir, getdents)
{
#ifdef SYS_getdents
	char buf[1024];
	long len;

	len = syscall(SYS_getdents, self->fd, buf, sizeof(buf));
	ASSERT_LT(0, len);
	ASSERT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	OP_NEEDS(self->fd, CAP_READ, 0, len,
		 syscall(SYS_getdents, cap, buf, sizeof(buf)));
	EXPECT_TRUE(!!memmem(buf, len, "file", 5));
#else
	SKIP(return, "no getdents");
#endif
}

TEST_F(dir, readdir)
{
#ifdef SYS_readdir
	char buf[1024];

	OP_NEEDS(self->fd, CAP_READ, 0, 1, syscall(SYS_readdir, cap, buf, 1));
#else
	SKIP(return, "no readdir system call");
#endif
}

TEST_F(dir, fdopendir)
{
	int cap = ops_cap(self->fd, CAP_READ | CAP_SEEK | CAP_FSTAT | CAP_FCNTL,
			  0);
	struct dirent *e;
	int seen = 0;
	DIR *d;

	ASSERT_LE(0, cap);
	d = fdopendir(cap);
	ASSERT_TRUE(!!d);
	while ((e = readdir(d)))
		seen += !strcmp(e->d_name, "file");
	EXPECT_EQ(1, seen);
	closedir(d);
}

TEST_F(dir, fchdir)
{
	char before[PATH_MAX], after[PATH_MAX];
	int cap;

	ASSERT_TRUE(!!getcwd(before, sizeof(before)));
	cap = ops_cap(self->fd, CAP_ALL0 & ~CAP_FCHDIR, CAP_ALL1);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-1, fchdir(cap));
	EXPECT_EQ(ENOTCAPABLE, errno);
	ASSERT_TRUE(!!getcwd(after, sizeof(after)));
	EXPECT_STREQ(before, after);
	close(cap);

	OP_NEEDS(self->fd, CAP_FCHDIR, 0, 0, fchdir(cap));
	ASSERT_TRUE(!!getcwd(after, sizeof(after)));
	EXPECT_STREQ(self->path, after);
	EXPECT_EQ(0, access("file", F_OK));
	ASSERT_EQ(0, chdir(before));
	OP_NEEDS(self->file, CAP_FCHDIR, 0, -ENOTDIR, fchdir(cap));
}

TEST_F(dir, fstat)
{
	struct stat st = {};
	struct statx stx = {};

	OP_NEEDS(self->file, CAP_FSTAT, 0, 0, fstat(cap, &st));
	EXPECT_EQ(4, st.st_size);
	memset(&st, 0, sizeof(st));
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 fstatat(cap, "", &st, AT_EMPTY_PATH));
	EXPECT_EQ(4, st.st_size);
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 statx(cap, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
	EXPECT_EQ(4, stx.stx_size);
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0, fstat(cap, &st));
	EXPECT_TRUE(S_ISDIR(st.st_mode));
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0,
		 fstatat(cap, "", &st, AT_EMPTY_PATH));
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0,
		 statx(cap, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
}

/* A NULL path is as good as an empty one, where the kernel takes it. */
TEST_F(dir, fstat_null_path)
{
	struct statx stx = {};

	if (syscall(SYS_statx, self->file, NULL, AT_EMPTY_PATH,
		    STATX_BASIC_STATS, &stx))
		SKIP(return, "no NULL path for statx");
	memset(&stx, 0, sizeof(stx));
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 syscall(SYS_statx, cap, NULL, AT_EMPTY_PATH,
			 STATX_BASIC_STATS, &stx));
	EXPECT_EQ(4, stx.stx_size);
}

TEST_F(dir, fstat_by_number)
{
	char buf[256];

	OP_NEEDS(self->file, CAP_FSTAT, 0, 0, syscall(SYS_fstat, cap, buf));
#ifdef SYS_oldfstat
	/* It has 16 bits for the number of the inode. */
	if (!syscall(SYS_oldfstat, self->file, buf))
		OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
			 syscall(SYS_oldfstat, cap, buf));
	else
		EXPECT_EQ(EOVERFLOW, errno);
#endif
#ifdef SYS_fstat64
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0, syscall(SYS_fstat64, cap, buf));
#endif
#ifdef SYS_fstatat64
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 syscall(SYS_fstatat64, cap, "", buf, AT_EMPTY_PATH));
#endif
#ifdef SYS_newfstatat
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 syscall(SYS_newfstatat, cap, "", buf, AT_EMPTY_PATH));
#endif
}

TEST_F(dir, fstatfs)
{
	struct statfs fs = {};
	char buf[256];

	OP_NEEDS(self->fd, CAP_FSTATFS, 0, 0, fstatfs(cap, &fs));
	EXPECT_NE(0, fs.f_bsize);
	OP_NEEDS(self->file, CAP_FSTATFS, 0, 0, fstatfs(cap, &fs));
	OP_NEEDS(self->fd, CAP_FSTATFS, 0, 0, syscall(SYS_fstatfs, cap, buf));
#ifdef SYS_fstatfs64
	OP_NEEDS(self->fd, CAP_FSTATFS, 0, 0,
		 syscall(SYS_fstatfs64, cap, 84, buf));
#endif
}

/*
 * Names below a capability: refused whatever it holds (but for one right that
 * has no part in it, so that there is a limit at all), and nothing is made,
 * moved or removed.
 */
#define REFUSED(call)							\
	do {								\
		ops_look(self->fd, &before);				\
		errno = 0;						\
		EXPECT_EQ(-1, (call)) {					\
			TH_LOG("not refused: %s", #call);		\
		}							\
		EXPECT_EQ(ENOTCAPABLE, errno) {				\
			TH_LOG("%s: %s", #call, strerror(errno));	\
		}							\
		ops_look(self->fd, &after);				\
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(after))) {	\
			TH_LOG("refused, but changed: %s", #call);	\
		}							\
	} while (0)

/* Whatever else is held: no name is looked up without CAP_LOOKUP. */
TEST_F(dir, names_need_lookup)
{
	int cap = ops_cap(self->fd, CAP_ALL0 & ~CAP_LOOKUP, CAP_ALL1);
	struct open_how how = { .flags = O_RDONLY };
	struct ops_state before, after;
	char *const argv[] = { "file", NULL };
	struct statx stx;
	struct stat st;
	char buf[16];

	ASSERT_LE(0, cap);

	REFUSED(openat(cap, "file", O_RDONLY));
	REFUSED(openat(cap, ".", O_RDONLY));
	REFUSED(openat(cap, "..", O_RDONLY));
	REFUSED(openat(cap, "file", O_PATH));
	REFUSED(openat(cap, "new", O_CREAT | O_RDWR, 0600));
	REFUSED(openat(cap, ".", O_TMPFILE | O_RDWR, 0600));
	REFUSED(syscall(__NR_openat2, cap, "file", &how, sizeof(how)));
	how.resolve = RESOLVE_BENEATH;
	REFUSED(syscall(__NR_openat2, cap, "file", &how, sizeof(how)));
	how.resolve = RESOLVE_IN_ROOT;
	REFUSED(syscall(__NR_openat2, cap, "/file", &how, sizeof(how)));
	REFUSED(mkdirat(cap, "new", 0700));
	REFUSED(mknodat(cap, "new", S_IFREG | 0600, 0));
	REFUSED(mknodat(cap, "new", S_IFIFO | 0600, 0));
	REFUSED(mknodat(cap, "new", S_IFCHR | 0600, makedev(1, 3)));
	REFUSED(symlinkat("file", cap, "new"));
	REFUSED(linkat(cap, "file", self->fd, "new", 0));
	REFUSED(linkat(self->fd, "file", cap, "new", 0));
	REFUSED(linkat(cap, "file", cap, "new", 0));
	REFUSED(renameat(cap, "file", self->fd, "new"));
	REFUSED(renameat(self->fd, "file", cap, "new"));
	REFUSED(renameat2(cap, "file", cap, "link", RENAME_EXCHANGE));
	REFUSED(unlinkat(cap, "file", 0));
	REFUSED(unlinkat(cap, "file", AT_REMOVEDIR));
	REFUSED(fstatat(cap, "file", &st, 0));
	REFUSED(fstatat(cap, "link", &st, AT_SYMLINK_NOFOLLOW));
	REFUSED(statx(cap, "file", 0, STATX_BASIC_STATS, &stx));
	REFUSED(syscall(SYS_faccessat, cap, "file", R_OK));
	REFUSED(syscall(__NR_faccessat2, cap, "file", R_OK, AT_EACCESS));
	REFUSED(readlinkat(cap, "link", buf, sizeof(buf)));
	REFUSED(fchmodat(cap, "file", 0777, 0));
	REFUSED(syscall(__NR_fchmodat2, cap, "file", 0777, 0));
	REFUSED(fchownat(cap, "file", 1, 1, 0));
	REFUSED(utimensat(cap, "file", NULL, 0));
#ifdef SYS_futimesat
	REFUSED(syscall(SYS_futimesat, cap, "file", NULL));
#endif
	REFUSED(syscall(SYS_execveat, cap, "file", argv, environ, 0));

	EXPECT_EQ(-1, faccessat(self->fd, "new", F_OK, 0));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, faccessat(self->fd, "file", F_OK, 0));
	EXPECT_EQ(4, readlinkat(self->fd, "link", buf, sizeof(buf)));
	EXPECT_EQ(0, fstatat(self->fd, "file", &st, 0));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(1, st.st_nlink);
	close(cap);
}

/* Names below something that is no directory, and a link to what it is. */
TEST_F(dir, names_below_a_file)
{
	int cap = ops_cap(self->file, CAP_ALL0 & ~CAP_LOOKUP, CAP_ALL1);
	struct ops_state before, after;
	struct stat st;

	ASSERT_LE(0, cap);
	REFUSED(openat(cap, "file", O_RDONLY));
	REFUSED(fstatat(cap, "file", &st, 0));
	REFUSED(linkat(cap, "", self->fd, "new", AT_EMPTY_PATH));
	EXPECT_EQ(-1, faccessat(self->fd, "new", F_OK, 0));
	EXPECT_EQ(ENOENT, errno);
	close(cap);
}

TEST_F(dir, faccessat2)
{
	if (syscall(__NR_faccessat2, self->file, "", R_OK, AT_EMPTY_PATH))
		SKIP(return, "no faccessat2 by descriptor");
	OP_NEEDS(self->file, CAP_FSTAT, 0, 0,
		 syscall(__NR_faccessat2, cap, "", R_OK, AT_EMPTY_PATH));
	OP_NEEDS(self->fd, CAP_FSTAT, 0, 0,
		 syscall(__NR_faccessat2, cap, "", R_OK, AT_EMPTY_PATH));
}

/*
 * Execution. The program is this one: what it does when EXEC_ENV is set, it
 * does before main(). It exits with EXEC_OK, and as the interpreter of a script
 * with EXEC_OK if it can read what it is given, else with EXEC_UNREADABLE.
 */
#define EXEC_ENV	"CAPSICUM_EXEC_HELPER"
#define EXEC_OK		42
#define EXEC_UNREADABLE	43

static void __attribute__((constructor)) exec_helper(int argc, char **argv)
{
	char buf[2];
	int fd;

	if (!getenv(EXEC_ENV))
		return;
	if (argc < 2 || strncmp(argv[argc - 1], "/dev/fd/", 8))
		_exit(EXEC_OK);
	fd = open(argv[argc - 1], O_RDONLY);
	if (fd < 0)
		_exit(errno == ENOTCAPABLE ? EXEC_UNREADABLE : errno);
	if (read(fd, buf, 2) != 2 || memcmp(buf, "#!", 2))
		_exit(1);
	_exit(EXEC_OK);
}

/* Execute @fd in a child: the exit status of the program, or -errno. */
static int exec_fd(int fd, bool lib)
{
	char *const argv[] = { "helper", NULL };
	char *const envp[] = { EXEC_ENV "=1", NULL };
	int err[2], e = 0, status;
	pid_t child;

	if (pipe2(err, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		if (lib)
			fexecve(fd, argv, envp);
		else
			syscall(SYS_execveat, fd, "", argv, envp,
				AT_EMPTY_PATH);
		e = errno;
		_exit(write(err[1], &e, sizeof(e)) != sizeof(e));
	}
	close(err[1]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		e = ECHILD;
	else if (read(err[0], &e, sizeof(e)) != sizeof(e))
		e = 0;
	close(err[0]);
	if (e) {
		errno = e;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(exec_by_descriptor)
{
	int fd;

	REQUIRE_CAPSICUM();
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	OP_NEEDS(fd, CAP_FEXECVE, 0, EXEC_OK, exec_fd(cap, false));
	OP_NEEDS(fd, CAP_FEXECVE, 0, EXEC_OK, exec_fd(cap, true));
	close(fd);

	/* What holds for reading holds for O_PATH, too. */
	fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EXEC_OK, exec_fd(fd, false));
	OP_NEEDS(fd, CAP_FEXECVE, 0, EXEC_OK, exec_fd(cap, false));
	close(fd);
}

/*
 * The interpreter of a script re-opens it as /dev/fd/N: it gets what the
 * capability holds, and no more.
 */
TEST_F(dir, script)
{
	char self_path[PATH_MAX], line[PATH_MAX + 8];
	int fd, cap, n;

	n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	ASSERT_LT(0, n);
	self_path[n] = '\0';
	n = snprintf(line, sizeof(line), "#!%s\n", self_path);
	fd = openat(self->fd, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	ASSERT_LE(0, fd);
	ASSERT_EQ(n, write(fd, line, n));
	ASSERT_EQ(0, fchmod(fd, 0700));
	close(fd);
	fd = openat(self->fd, "new", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	if (n > 255)
		SKIP(return, "the path of this test is too long for a script");
	if (access("/dev/fd", F_OK))
		SKIP(return, "no /dev/fd");

	cap = ops_cap(fd, CAP_ALL0 & ~CAP_FEXECVE, CAP_ALL1);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, fcntl(cap, F_SETFD, 0));
	EXPECT_EQ(-1, exec_fd(cap, false));
	EXPECT_EQ(ENOTCAPABLE, errno);
	close(cap);

	cap = ops_cap(fd, CAP_FEXECVE | CAP_PREAD, 0);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, fcntl(cap, F_SETFD, 0));
	EXPECT_EQ(EXEC_OK, exec_fd(cap, false));
	close(cap);

	cap = ops_cap(fd, CAP_ALL0 & ~CAP_READ, CAP_ALL1);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, fcntl(cap, F_SETFD, 0));
	EXPECT_EQ(EXEC_UNREADABLE, exec_fd(cap, false));
	close(cap);

	/* Close-on-exec: the interpreter would find nothing. */
	cap = ops_cap(fd, CAP_FEXECVE | CAP_PREAD, 0);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-1, exec_fd(cap, false));
	EXPECT_EQ(ENOENT, errno);
	close(cap);
	close(fd);
}

TEST_HARNESS_MAIN
