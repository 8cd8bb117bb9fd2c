// SPDX-License-Identifier: GPL-2.0
/*
 * Programs in capability mode: they are started by descriptor, everything that
 * the kernel would have to look up by path for them is refused; and what they
 * leave behind when they crash is not written to a path.
 */
#include "capmode.h"
#include "entries.h"
#include "nodes.h"
#include "tcp_ao.h"

#include <elf.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

CAPMODE_TELLS();

#define NOBODY	65534

/* Started with this, the program tells who it runs as. */
#define EUID_ROOT	50
#define EUID_NOBODY	51

static char *const euid_env[] = { "CAPMODE_EUID=1", NULL };

static void __attribute__((constructor)) tell_euid(void)
{
	if (getenv("CAPMODE_EUID"))
		_exit(geteuid() == 0 ? EUID_ROOT : geteuid() == NOBODY ?
		      EUID_NOBODY : TELL_UNCLEAR);
}

/* ... and this, whether it may do anything that others may not. */
#define CAPS_NONE	52
#define CAPS_SOME	53

static char *const caps_env[] = { "CAPMODE_CAPS=1", NULL };

static void __attribute__((constructor)) tell_caps(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { };

	if (!getenv("CAPMODE_CAPS"))
		return;
	if (syscall(__NR_capget, &head, data))
		_exit(TELL_UNCLEAR);
	_exit(data[0].permitted | data[1].permitted ? CAPS_SOME : CAPS_NONE);
}

/* ---- programs ---- */

static int write_file(int dir, const char *name, const void *data, size_t len)
{
	int fd = RET(openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY, 0755));
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, data, len);
	close(fd);
	return n == (ssize_t)len ? 0 : -EIO;
}

/* The test program itself, which is static, and tells. */
static int copy_self(int dir, const char *name)
{
	int from = open_self(), to;
	char buf[65536];
	ssize_t n;

	to = RET(openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY, 0755));
	if (from < 0 || to < 0)
		return -EIO;
	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, n) != n)
			return -EIO;
	}
	close(from);
	close(to);
	return n;
}

/*
 * A small program by hand, of either word size: exits with the error that
 * getcwd(NULL, 0) gets through the 32-bit gate.
 */
#define MINI_INSIDE	ECAPMODE
#define MINI_OUTSIDE	ERANGE

static const unsigned char mini_code[] = {
	0xb8, 183, 0, 0, 0,	/* mov $183, %eax (getcwd) */
	0x31, 0xdb,		/* xor %ebx, %ebx */
	0x31, 0xc9,		/* xor %ecx, %ecx */
	0xcd, 0x80,		/* int $0x80 */
	0xf7, 0xd8,		/* neg %eax */
	0x89, 0xc3,		/* mov %eax, %ebx */
	0xb8, 1, 0, 0, 0,	/* mov $1, %eax (exit) */
	0xcd, 0x80,		/* int $0x80 */
};

#define DEFINE_WRITE_MINI(bits, machine) \
static int write_mini##bits(int dir, const char *name, const char *interp, \
			    unsigned long base) \
{ \
	struct { \
		Elf##bits##_Ehdr e; \
		Elf##bits##_Phdr p[2]; \
		char interp[256]; \
		unsigned char code[64]; \
	} f = { \
		.e = { \
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, \
				     ELFCLASS##bits, ELFDATA2LSB, \
				     EV_CURRENT }, \
			.e_type = ET_EXEC, \
			.e_machine = machine, \
			.e_version = EV_CURRENT, \
			.e_ehsize = sizeof(f.e), \
			.e_phentsize = sizeof(f.p[0]), \
			.e_phnum = interp ? 2 : 1, \
		}, \
	}; \
\
	f.e.e_phoff = offsetof(typeof(f), p); \
	f.e.e_entry = base + offsetof(typeof(f), code); \
	f.p[0].p_type = PT_LOAD; \
	f.p[0].p_flags = PF_R | PF_X; \
	f.p[0].p_vaddr = base; \
	f.p[0].p_filesz = sizeof(f); \
	f.p[0].p_memsz = sizeof(f); \
	f.p[0].p_align = 4096; \
	memcpy(f.code, mini_code, sizeof(mini_code)); \
	if (interp) { \
		f.p[1].p_type = PT_INTERP; \
		f.p[1].p_flags = PF_R; \
		f.p[1].p_offset = offsetof(typeof(f), interp); \
		f.p[1].p_filesz = strlen(interp) + 1; \
		snprintf(f.interp, sizeof(f.interp), "%s", interp); \
	} \
	return write_file(dir, name, &f, sizeof(f)); \
}

DEFINE_WRITE_MINI(32, EM_386)
DEFINE_WRITE_MINI(64, EM_X86_64)

/* With the word size of this program. */
static int write_mini(int dir, const char *name, const char *interp,
		      unsigned long base)
{
	return sizeof(long) == 8 ? write_mini64(dir, name, interp, base) :
				   write_mini32(dir, name, interp, base);
}

#if defined(__x86_64__) || defined(__i386__)
#define HAVE_MINI	true
#else
#define HAVE_MINI	false
#endif

/* ---- starting them ---- */

/* One attempt to start something. */
struct start {
	int fd;
	const char *path;
	int flags;
	char *const *env;
	enum gate gate;
};

/* What an exec of 32-bit pointers needs, those in the lists included. */
struct low_args {
	unsigned int argv[2], env[2];
	char var[32];
	char path[2048];
};

static struct low_args *low_args(const char *path)
{
	struct low_args *low = low_page();

	if (!low || strlen(path) >= sizeof(low->path))
		return NULL;
	memcpy(low->path, path, strlen(path) + 1);
	memcpy(low->var, tell_env[0], strlen(tell_env[0]) + 1);
	low->argv[0] = (uintptr_t)low->path;
	low->env[0] = (uintptr_t)low->var;
	return low;
}

static int execveat_by_gate(const struct start *s)
{
	struct low_args *low = low_args(s->path);

	STEP(low);
	return call_by_gate(s->gate, -1, 358, 545, s->fd, (uintptr_t)low->path,
			    (uintptr_t)low->argv, (uintptr_t)low->env, s->flags);
}

/* What it exits with; or -errno, when it was not started. */
static int start(void *arg)
{
	/* For the child to say why it failed, and to show that it goes on. */
	int *err = mmap(NULL, sizeof(*err), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct start *s = arg;
	int pidfd, ret;
	pid_t child;

	STEP(err != MAP_FAILED);
	child = fork_fd(&pidfd);
	if (!child) {
		*err = s->gate != GATE_NONE ? execveat_by_gate(s) :
		       sys_execveat(s->fd, s->path, tell_argv,
				    s->env ? s->env : tell_env, s->flags);
		_exit(100);
	}
	STEP(child > 0);
	ret = wait_fd(pidfd);
	if (*err)
		ret = ret == 100 ? *err : NO_RESULT;
	munmap(err, sizeof(*err));
	return ret;
}

static void remove_all(int dirfd, const char *path)
{
	struct dirent **d;
	int n = scandir(path, &d, NULL, NULL);

	while (n-- > 0)
		unlinkat(dirfd, d[n]->d_name, 0);
	rmdir(path);
}

FIXTURE(exec)
{
	char dir[PATH_MAX];
	char path[PATH_MAX + 16];	/* of prog, by its full name */
	int dirfd, subfd;
};

FIXTURE_SETUP(exec)
{
	REQUIRE_CAPMODE();
	snprintf(self->dir, sizeof(self->dir), "%s/capmode-exec.XXXXXX",
		 access("/tmp", W_OK) ? "/var/tmp" : "/tmp");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	ASSERT_EQ(0, chmod(self->dir, 0755));
	/* Left open for the interpreters of scripts, which have to get there. */
	self->dirfd = open(self->dir, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, self->dirfd);
	ASSERT_EQ(0, mkdirat(self->dirfd, "sub", 0755));
	self->subfd = openat(self->dirfd, "sub", O_RDONLY | O_DIRECTORY |
			     O_CLOEXEC);
	ASSERT_LE(0, self->subfd);
	ASSERT_EQ(0, copy_self(self->dirfd, "prog"));
	snprintf(self->path, sizeof(self->path), "%s/prog", self->dir);
	ASSERT_EQ(0, symlinkat("prog", self->dirfd, "link"));
	ASSERT_EQ(0, symlinkat("../prog", self->dirfd, "sub/up"));
	ASSERT_EQ(0, symlinkat(self->path, self->dirfd, "absolute"));
}

FIXTURE_TEARDOWN(exec)
{
	unlinkat(self->subfd, "up", 0);
	unlinkat(self->dirfd, "sub", AT_REMOVEDIR);
	remove_all(self->dirfd, self->dir);
}

/* @outside and @inside: exit statuses, or -errno. */
#define EXPECT_START(outside, inside, ...) do { \
	struct start __s = { __VA_ARGS__ }; \
	EXPECT_EQ(outside, in_child(start, &__s)); \
	EXPECT_EQ(inside, capmode_run(start, &__s)); \
} while (0)

#define EXPECT_RUNS(...) \
	EXPECT_START(TELL_OUTSIDE, TELL_INSIDE, __VA_ARGS__)
#define EXPECT_REFUSED(...) \
	EXPECT_START(TELL_OUTSIDE, -ECAPMODE, __VA_ARGS__)
#define EXPECT_LEAVES(...) \
	EXPECT_START(TELL_OUTSIDE, -ENOTCAPABLE, __VA_ARGS__)

/* ---- by path ---- */

static int by_execve(void *arg)
{
	/* In place: whoever comes back has not been replaced. */
	return RET(syscall(__NR_execve, arg, tell_argv, tell_env));
}

static int outside_by_execve(void *arg)
{
	int pidfd;
	pid_t child = fork_fd(&pidfd);

	if (!child) {
		by_execve(arg);
		_exit(100);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

static int execve_relative(void *arg)
{
	/* The working directory is from before; nothing is looked up there. */
	return by_execve("prog");
}

TEST_F(exec, execve)
{
	EXPECT_EQ(TELL_OUTSIDE, in_child(outside_by_execve, self->path));
	EXPECT_EQ(-ECAPMODE, capmode_run(by_execve, self->path));
	EXPECT_EQ(-ECAPMODE, capmode_run(by_execve, "/proc/self/exe"));
	EXPECT_EQ(-ECAPMODE, capmode_run(by_execve, "/no/such/file"));
	EXPECT_EQ(-ECAPMODE, capmode_run(by_execve, NULL));
	ASSERT_EQ(0, chdir(self->dir));
	EXPECT_EQ(TELL_OUTSIDE, in_child(outside_by_execve, "prog"));
	EXPECT_EQ(-ECAPMODE, capmode_run(execve_relative, NULL));
}

static int execve_int80(void *arg)
{
	struct low_args *low = low_args(arg);

	STEP(low);
	return int80(11, (uintptr_t)low->path, (uintptr_t)low->argv,
		     (uintptr_t)low->env, 0, 0, 0);
}

static int execve_int80_child(void *arg)
{
	int pidfd;
	pid_t child = fork_fd(&pidfd);

	if (!child) {
		execve_int80(arg);
		_exit(100);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

TEST_F(exec, execve_int80)
{
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	EXPECT_EQ(TELL_OUTSIDE, in_child(execve_int80_child, self->path));
	EXPECT_EQ(-ECAPMODE, capmode_run(execve_int80, self->path));
}

TEST_F(exec, no_directory)
{
	EXPECT_REFUSED(AT_FDCWD, self->path, 0);
	EXPECT_REFUSED(AT_FDCWD, "/proc/self/exe", 0);
	ASSERT_EQ(0, chdir(self->dir));
	EXPECT_REFUSED(AT_FDCWD, "prog", 0);
	/* Whether it is there or not. */
	EXPECT_START(-ENOENT, -ECAPMODE, AT_FDCWD, "no", 0);
	EXPECT_START(-ENOENT, -ECAPMODE, AT_FDCWD, "/no/such/file", 0);
	EXPECT_START(-EACCES, -ECAPMODE, AT_FDCWD, "", AT_EMPTY_PATH);
}

/* ---- by descriptor ---- */

TEST_F(exec, descriptor)
{
	int fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_RUNS(fd, "", AT_EMPTY_PATH);
	/* It has to be asked for. */
	EXPECT_START(-ENOENT, -ENOENT, fd, "", 0);
	EXPECT_START(-EBADF, -EBADF, 999, "", AT_EMPTY_PATH);
}

TEST_F(exec, o_path)
{
	int fd = openat(self->dirfd, "prog", O_PATH | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_RUNS(fd, "", AT_EMPTY_PATH);
}

TEST_F(exec, limited)
{
	int file = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	int fd;

	ASSERT_LE(0, file);
	fd = limit_to(file, CAP_FEXECVE, CAP_READ);
	ASSERT_LE(0, fd);
	EXPECT_RUNS(fd, "", AT_EMPTY_PATH);
	fd = limit_all_but(file, CAP_FEXECVE);
	ASSERT_LE(0, fd);
	EXPECT_START(-ENOTCAPABLE, -ENOTCAPABLE, fd, "", AT_EMPTY_PATH);
}

static int by_fexecve(void *arg)
{
	int pidfd;
	pid_t child = fork_fd(&pidfd);

	if (!child) {
		fexecve(*(int *)arg, tell_argv, tell_env);
		_exit(100);
	}
	STEP(child > 0);
	return wait_fd(pidfd);
}

TEST_F(exec, fexecve)
{
	int fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(TELL_OUTSIDE, in_child(by_fexecve, &fd));
	EXPECT_EQ(TELL_INSIDE, capmode_run(by_fexecve, &fd));
	fd = openat(self->dirfd, "prog", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(TELL_OUTSIDE, in_child(by_fexecve, &fd));
	EXPECT_EQ(TELL_INSIDE, capmode_run(by_fexecve, &fd));
}

static int by_execveat_in_place(void *arg)
{
	return sys_execveat(*(int *)arg, "", tell_argv, tell_env,
			    AT_EMPTY_PATH);
}

TEST_F(exec, in_place)
{
	int fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	pid_t child;
	int pidfd;

	ASSERT_LE(0, fd);
	child = fork_fd(&pidfd);
	if (!child) {
		sys_cap_enter(0);
		by_execveat_in_place(&fd);
		_exit(100);
	}
	EXPECT_EQ(TELL_INSIDE, wait_fd(pidfd));
}

TEST_F(exec, beneath)
{
	EXPECT_RUNS(self->dirfd, "prog", 0);
	EXPECT_RUNS(self->dirfd, "./sub/../prog", 0);
	EXPECT_RUNS(self->dirfd, "link", 0);
	EXPECT_RUNS(self->dirfd, "sub/up", 0);
	EXPECT_START(-ENOENT, -ENOENT, self->dirfd, "no", 0);
	EXPECT_START(-ELOOP, -ELOOP, self->dirfd, "link", AT_SYMLINK_NOFOLLOW);
	EXPECT_START(-EACCES, -EACCES, self->dirfd, "sub", 0);
	/* What cannot be executed cannot be here. */
	ASSERT_EQ(0, write_file(self->dirfd, "data", "data", 4));
	EXPECT_START(-ENOEXEC, -ENOEXEC, self->dirfd, "data", 0);
	ASSERT_EQ(0, fchmodat(self->dirfd, "data", 0644, 0));
	EXPECT_START(-EACCES, -EACCES, self->dirfd, "data", 0);
}

TEST_F(exec, leaving)
{
	EXPECT_LEAVES(self->subfd, "../prog", 0);
	EXPECT_LEAVES(self->subfd, "up", 0);
	EXPECT_LEAVES(self->dirfd, "absolute", 0);
	EXPECT_LEAVES(self->dirfd, self->path, 0);
	EXPECT_START(-ENOENT, -ENOTCAPABLE, self->dirfd, "/no/such/file", 0);
	EXPECT_START(-ENOENT, -ENOTCAPABLE, self->subfd, "../no", 0);
}

TEST_F(exec, magic_links)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int own = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(self->dirfd, "prog", O_RDONLY);
	char name[PATH_MAX + 64];

	ASSERT_LE(0, proc);
	ASSERT_LE(0, own);
	ASSERT_LE(0, fd);
	EXPECT_LEAVES(proc, "self/exe", 0);
	EXPECT_LEAVES(own, "exe", 0);
	snprintf(name, sizeof(name), "self/fd/%d", fd);
	EXPECT_LEAVES(proc, name, 0);
	snprintf(name, sizeof(name), "self/root%s", self->path);
	EXPECT_LEAVES(proc, name, 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	EXPECT_REFUSED(AT_FDCWD, name, 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	if (!access("/dev/fd", F_OK))
		EXPECT_REFUSED(AT_FDCWD, name, 0);
}

/* ---- interpreters ---- */

TEST_F(exec, script)
{
	char text[PATH_MAX + 64];
	int fd;

	snprintf(text, sizeof(text), "#!%s\n", self->path);
	ASSERT_EQ(0, write_file(self->dirfd, "script", text, strlen(text)));
	EXPECT_REFUSED(self->dirfd, "script", 0);
	fd = openat(self->dirfd, "script", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_REFUSED(fd, "", AT_EMPTY_PATH);
	fd = openat(self->dirfd, "script", O_PATH);
	ASSERT_LE(0, fd);
	EXPECT_REFUSED(fd, "", AT_EMPTY_PATH);
	/* Nobody could read this one, and that is said first. */
	fd = openat(self->dirfd, "script", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_START(-ENOENT, -ENOENT, fd, "", AT_EMPTY_PATH);

	/* Whether the interpreter is there or not. */
	ASSERT_EQ(0, write_file(self->dirfd, "script", "#!/no/such\n", 11));
	EXPECT_START(-ENOENT, -ECAPMODE, self->dirfd, "script", 0);

	/* Relative names are relative to the working directory. */
	ASSERT_EQ(0, chdir(self->dir));
	ASSERT_EQ(0, write_file(self->dirfd, "script", "#!prog\n", 7));
	EXPECT_REFUSED(self->dirfd, "script", 0);
	ASSERT_EQ(0, write_file(self->dirfd, "script", "#!./prog x\n", 11));
	EXPECT_REFUSED(self->dirfd, "script", 0);
}

/* A script whose interpreter is a script. */
TEST_F(exec, script_of_script)
{
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), "#!%s\n", self->path);
	ASSERT_EQ(0, write_file(self->dirfd, "inner", text, strlen(text)));
	snprintf(text, sizeof(text), "#!%s/inner\n", self->dir);
	ASSERT_EQ(0, write_file(self->dirfd, "outer", text, strlen(text)));
	EXPECT_REFUSED(self->dirfd, "outer", 0);
}

#define EXPECT_MINI_RUNS(...) \
	EXPECT_START(MINI_OUTSIDE, MINI_INSIDE, __VA_ARGS__)
#define EXPECT_MINI_REFUSED(...) \
	EXPECT_START(MINI_OUTSIDE, -ECAPMODE, __VA_ARGS__)

#define MINI_BASE	0x10000000
#define MINI_INTERP	0x20000000

TEST_F(exec, dynamic)
{
	char interp[PATH_MAX + 16];
	int fd;

	if (!HAVE_MINI)
		SKIP(return, "no program by hand for this architecture");
	if (sizeof(long) == 8 && !have_int80())
		SKIP(return, "no 32-bit gate");
	snprintf(interp, sizeof(interp), "%s/interp", self->dir);
	ASSERT_EQ(0, write_mini(self->dirfd, "interp", NULL, MINI_INTERP));
	ASSERT_EQ(0, write_mini(self->dirfd, "static", NULL, MINI_BASE));
	ASSERT_EQ(0, write_mini(self->dirfd, "dynamic", interp, MINI_BASE));
	ASSERT_EQ(0, write_mini(self->dirfd, "lost", "/no/such", MINI_BASE));
	EXPECT_MINI_RUNS(self->dirfd, "interp", 0);
	EXPECT_MINI_RUNS(self->dirfd, "static", 0);

	EXPECT_MINI_REFUSED(self->dirfd, "dynamic", 0);
	fd = openat(self->dirfd, "dynamic", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_MINI_REFUSED(fd, "", AT_EMPTY_PATH);
	EXPECT_START(-ENOENT, -ECAPMODE, self->dirfd, "lost", 0);

	/* A relative one, too. */
	ASSERT_EQ(0, chdir(self->dir));
	ASSERT_EQ(0, write_mini(self->dirfd, "dynamic", "interp", MINI_BASE));
	EXPECT_MINI_REFUSED(self->dirfd, "dynamic", 0);
}

/* The calls of the other ABIs, which a 64-bit program may make. */
TEST_F(exec, other_gates)
{
	enum gate gate;
	char text[PATH_MAX + 64];
	int fd, script, dynamic;

	if (!have_int80() && !have_x32())
		SKIP(return, "there are no other ABIs");
	snprintf(text, sizeof(text), "#!%s\n", self->path);
	ASSERT_EQ(0, write_file(self->dirfd, "script", text, strlen(text)));
	snprintf(text, sizeof(text), "%s/interp", self->dir);
	ASSERT_EQ(0, write_mini(self->dirfd, "interp", NULL, MINI_INTERP));
	ASSERT_EQ(0, write_mini(self->dirfd, "dynamic", text, MINI_BASE));
	fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	/* Left open for its interpreter. */
	script = openat(self->dirfd, "script", O_RDONLY);
	dynamic = openat(self->dirfd, "dynamic", O_RDONLY | O_CLOEXEC);
	ASSERT_TRUE(fd >= 0 && script >= 0 && dynamic >= 0);
	ASSERT_EQ(0, chdir(self->dir));
	for (gate = GATE_INT80; gate < GATES; gate++) {
		if (!have_gate(gate))
			continue;
		EXPECT_RUNS(fd, "", AT_EMPTY_PATH, .gate = gate);
		EXPECT_RUNS(self->dirfd, "sub/../link", 0, .gate = gate);
		EXPECT_REFUSED(AT_FDCWD, self->path, 0, .gate = gate);
		EXPECT_REFUSED(AT_FDCWD, "prog", 0, .gate = gate);
		EXPECT_START(-EACCES, -ECAPMODE, AT_FDCWD, "", AT_EMPTY_PATH,
			     .gate = gate);
		EXPECT_LEAVES(self->subfd, "../prog", 0, .gate = gate);
		EXPECT_LEAVES(self->dirfd, self->path, 0, .gate = gate);
		EXPECT_REFUSED(script, "", AT_EMPTY_PATH, .gate = gate);
		if (!have_int80())
			continue;
		EXPECT_MINI_RUNS(self->dirfd, "interp", 0, .gate = gate);
		EXPECT_MINI_REFUSED(dynamic, "", AT_EMPTY_PATH,
				    .gate = gate);
	}
}

/* A file without a name: what it holds is started, and nothing else for it. */
static int in_memory(int dir, const char *name)
{
	int from = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int fd = RET(memfd_create(name, 0));

	while (fd >= 0 && sendfile(fd, from, NULL, 1 << 20) > 0)
		;
	close(from);
	return fd;
}

TEST_F(exec, memory)
{
	char text[PATH_MAX + 64];
	int fd = in_memory(self->dirfd, "prog");

	ASSERT_LE(0, fd);
	EXPECT_RUNS(fd, "", AT_EMPTY_PATH);
	EXPECT_RUNS(limit_to(fd, CAP_FEXECVE, CAP_READ), "", AT_EMPTY_PATH);
	EXPECT_START(-ENOTCAPABLE, -ENOTCAPABLE, limit_all_but(fd, CAP_FEXECVE),
		     "", AT_EMPTY_PATH);
	snprintf(text, sizeof(text), "#!%s\n", self->path);
	ASSERT_EQ(0, write_file(self->dirfd, "script", text, strlen(text)));
	fd = in_memory(self->dirfd, "script");
	ASSERT_LE(0, fd);
	EXPECT_REFUSED(fd, "", AT_EMPTY_PATH);
	if (!HAVE_MINI || (sizeof(long) == 8 && !have_int80()))
		SKIP(return, "no program by hand for this architecture");
	snprintf(text, sizeof(text), "%s/interp", self->dir);
	ASSERT_EQ(0, write_mini(self->dirfd, "interp", NULL, MINI_INTERP));
	ASSERT_EQ(0, write_mini(self->dirfd, "dynamic", text, MINI_BASE));
	fd = in_memory(self->dirfd, "dynamic");
	ASSERT_LE(0, fd);
	EXPECT_MINI_REFUSED(fd, "", AT_EMPTY_PATH);
}

/* The mode does not care about word sizes. */
TEST_F(exec, other_abi)
{
	if (!HAVE_MINI || (sizeof(long) == 8 && !have_int80()))
		SKIP(return, "no 32-bit programs");
	ASSERT_EQ(0, write_mini32(self->dirfd, "mini32", NULL, MINI_BASE));
	EXPECT_MINI_RUNS(self->dirfd, "mini32", 0);
}

#define BINFMT_DIR	"/proc/sys/fs/binfmt_misc"

static int binfmt_register(const char *interp, const char *flags)
{
	char line[PATH_MAX + 128];
	int fd, n;

	fd = RET(open(BINFMT_DIR "/register", O_WRONLY));
	if (fd < 0)
		return fd;
	n = snprintf(line, sizeof(line), ":capmode-test:M::CAPMODE::%s:%s",
		     interp, flags);
	n = RET(write(fd, line, n));
	close(fd);
	return n < 0 ? n : 0;
}

static void binfmt_unregister(void)
{
	int fd = open(BINFMT_DIR "/capmode-test", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, "-1", 2) != 2)
		perror("binfmt_misc");
	close(fd);
}

TEST_F(exec, binfmt_misc)
{
	bool mounted = false;
	int fd;

	REQUIRE_ROOT();
	if (access(BINFMT_DIR "/register", W_OK)) {
		if (mount("none", BINFMT_DIR, "binfmt_misc", 0, NULL))
			SKIP(return, "no binfmt_misc");
		mounted = true;
	}
	ASSERT_EQ(0, write_file(self->dirfd, "image", "CAPMODE x", 9));
	fd = openat(self->dirfd, "image", O_RDONLY);
	ASSERT_LE(0, fd);
	binfmt_unregister();
	EXPECT_EQ(0, binfmt_register(self->path, ""));
	EXPECT_REFUSED(self->dirfd, "image", 0);
	EXPECT_REFUSED(fd, "", AT_EMPTY_PATH);
	binfmt_unregister();
	EXPECT_EQ(0, binfmt_register(self->path, "O"));
	EXPECT_REFUSED(fd, "", AT_EMPTY_PATH);
	binfmt_unregister();
	/*
	 * Opened once and for all, when the administrator registered it: it is
	 * looked up no more, and runs in the mode.
	 */
	EXPECT_EQ(0, binfmt_register(self->path, "F"));
	EXPECT_RUNS(fd, "", AT_EMPTY_PATH);
	binfmt_unregister();
	if (mounted)
		umount2(BINFMT_DIR, MNT_DETACH);
}

/* ---- privilege ---- */

static int start_as_nobody(void *arg)
{
	STEP(!setgroups(0, NULL));
	STEP(!setresgid(NOBODY, NOBODY, NOBODY));
	STEP(!setresuid(NOBODY, NOBODY, NOBODY));
	return start(arg);
}

static int enter_and_start_as_nobody(void *arg)
{
	STEP(!setgroups(0, NULL));
	STEP(!setresgid(NOBODY, NOBODY, NOBODY));
	STEP(!setresuid(NOBODY, NOBODY, NOBODY));
	STEP(!sys_cap_enter(0));
	return start(arg);
}

TEST_F(exec, set_user_id)
{
	struct start s = { .path = "", .flags = AT_EMPTY_PATH,
			   .env = euid_env };

	REQUIRE_ROOT();
	s.fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(EUID_NOBODY, in_child(start_as_nobody, &s));
	EXPECT_EQ(EUID_NOBODY, in_child(enter_and_start_as_nobody, &s));
	ASSERT_EQ(0, fchown(s.fd, 0, 0));
	ASSERT_EQ(0, fchmod(s.fd, 04755));
	EXPECT_EQ(EUID_ROOT, in_child(start_as_nobody, &s));
	EXPECT_EQ(EUID_NOBODY, in_child(enter_and_start_as_nobody, &s));
}

/* Nor what a file gives instead of a user. */
TEST_F(exec, file_capabilities)
{
	const struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1 << CAP_NET_RAW } },
	};
	struct start s = { .path = "", .flags = AT_EMPTY_PATH,
			   .env = caps_env };

	REQUIRE_ROOT();
	s.fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(CAPS_NONE, in_child(start_as_nobody, &s));
	if (fsetxattr(s.fd, "security.capability", &caps, XATTR_CAPS_SZ_2, 0))
		SKIP(return, "no capabilities of files (%s)", strerror(errno));
	EXPECT_EQ(CAPS_SOME, in_child(start_as_nobody, &s));
	EXPECT_EQ(CAPS_NONE, in_child(enter_and_start_as_nobody, &s));
}

/* Nor what a program gives whose user is root, after that was given away. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { };

	return RET(syscall(__NR_capset, &head, none));
}

static int start_dropped(void *arg)
{
	STEP(!drop_capabilities());
	return start(arg);
}

static int drop_enter_and_start(void *arg)
{
	STEP(!drop_capabilities());
	STEP(!sys_cap_enter(0));
	return start(arg);
}

static int enter_drop_and_start(void *arg)
{
	STEP(!sys_cap_enter(0));
	STEP(!drop_capabilities());
	return start(arg);
}

TEST_F(exec, root_without_capabilities)
{
	struct start s = { .path = "", .flags = AT_EMPTY_PATH,
			   .env = caps_env };

	REQUIRE_ROOT();
	s.fd = openat(self->dirfd, "prog", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, s.fd);
	EXPECT_EQ(CAPS_SOME, capmode_run(start, &s));
	EXPECT_EQ(CAPS_SOME, in_child(start_dropped, &s));
	EXPECT_EQ(CAPS_NONE, in_child(drop_enter_and_start, &s));
	EXPECT_EQ(CAPS_NONE, in_child(enter_drop_and_start, &s));
}

/* ---- core dumps ---- */

struct crash {
	const char *dir;
	bool enter;
};

static int crash(void *arg)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	const struct crash *c = arg;

	STEP(!chdir(c->dir));
	STEP(!setrlimit(RLIMIT_CORE, &all));
	STEP(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	if (c->enter)
		STEP(!sys_cap_enter(0));
	abort();
	return 0;
}

static bool dumped(const char *dirname)
{
	struct dirent *d;
	bool found = false;
	DIR *dir;

	dir = opendir(dirname);
	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, "core", 4))
			continue;
		found = true;
		unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
	return found;
}

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define CORE_PIPE_LIMIT	"/proc/sys/kernel/core_pipe_limit"
#define MODPROBE	"/proc/sys/kernel/modprobe"

/* Sets what the kernel has to be told as root; @old is what it was, or NULL. */
static int set_sysctl(const char *name, const char *pattern, char *old,
		      size_t size)
{
	int fd = RET(open(name, O_RDWR));
	ssize_t n;

	if (fd < 0)
		return fd;
	if (old) {
		n = read(fd, old, size - 1);
		old[n > 0 ? n : 0] = 0;
	}
	n = RET(pwrite(fd, pattern, strlen(pattern), 0));
	close(fd);
	return n < 0 ? n : 0;
}

TEST_F(exec, core_dump)
{
	char old[256], pattern[PATH_MAX + 16];
	struct crash c = { .dir = self->dir };
	struct stat before, after;

	REQUIRE_ROOT();
	if (set_sysctl(CORE_PATTERN, "core", old, sizeof(old)))
		SKIP(return, "no core dumps");
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
	EXPECT_TRUE(dumped(self->dir));
	c.enter = true;
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
	EXPECT_FALSE(dumped(self->dir));
	/* Nor by a full name. */
	snprintf(pattern, sizeof(pattern), "%s/core", self->dir);
	EXPECT_EQ(0, set_sysctl(CORE_PATTERN, pattern, NULL, 0));
	c.enter = false;
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
	EXPECT_TRUE(dumped(self->dir));
	c.enter = true;
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
	EXPECT_FALSE(dumped(self->dir));
	/* One that is there already stays as it is. */
	ASSERT_EQ(0, write_file(self->dirfd, "core", "old", 3));
	ASSERT_EQ(0, fstatat(self->dirfd, "core", &before, 0));
	EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
	ASSERT_EQ(0, fstatat(self->dirfd, "core", &after, 0));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(3, after.st_size);
	set_sysctl(CORE_PATTERN, old, NULL, 0);
}

/*
 * The administrator's program reads what is dumped, and is started in either
 * case. It runs outside the mode, as root.
 */
TEST_F(exec, core_reader)
{
	char old[256], pattern[PATH_MAX + 16], text[PATH_MAX + 32], limit[16];
	struct crash c = { .dir = self->dir };
	int len, i;

	REQUIRE_ROOT();
	if (access("/bin/sh", X_OK))
		SKIP(return, "no shell for the reader");
	len = snprintf(text, sizeof(text),
		       "#!/bin/sh\nread -r line\n>%s/asked\n", self->dir);
	ASSERT_EQ(0, write_file(self->dirfd, "reader", text, len));
	snprintf(pattern, sizeof(pattern), "|%s/reader", self->dir);
	if (set_sysctl(CORE_PATTERN, pattern, old, sizeof(old)))
		SKIP(return, "no core dumps");
	/* Not 0: whoever dumps waits for the reader's end. */
	EXPECT_EQ(0, set_sysctl(CORE_PIPE_LIMIT, "1", limit, sizeof(limit)));
	for (i = 0; i < 2; i++) {
		c.enter = i;
		EXPECT_EQ(-1, faccessat(self->dirfd, "asked", F_OK, 0));
		EXPECT_EQ(KILLED_BY(SIGABRT), in_child(crash, &c));
		EXPECT_EQ(0, RET(unlinkat(self->dirfd, "asked", 0)));
		EXPECT_FALSE(dumped(self->dir));
	}
	EXPECT_EQ(0, set_sysctl(CORE_PIPE_LIMIT, limit, NULL, 0));
	EXPECT_EQ(0, set_sysctl(CORE_PATTERN, old, NULL, 0));
}

/* Whether @name is a line of what was asked for; -ENOENT: nothing was. */
static int asked_for(int dirfd, const char *name)
{
	int fd = RET(openat(dirfd, "asked", O_RDONLY | O_CLOEXEC));
	char line[256];
	bool found = false;
	FILE *f;

	if (fd < 0)
		return fd;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		found = !strcmp(line, name);
	}
	fclose(f);
	return found;
}

/*
 * check_module() - @fn gives @want, and outside but not in capability mode the
 * kernel has asked for @module by then
 */
static void check_module(struct __test_metadata *_metadata, const char *dir,
			 int dirfd, const char *module, int want,
			 int (*fn)(void *arg), void *arg)
{
	char old[256], helper[PATH_MAX + 16], text[PATH_MAX + 48];
	int len;

	REQUIRE_ROOT();
	if (access("/bin/sh", X_OK))
		SKIP(return, "no shell for the helper");
	/* It is called as modprobe -q -- module */
	len = snprintf(text, sizeof(text),
		       "#!/bin/sh\necho \"$3\" >>%s/asked\n", dir);
	ASSERT_EQ(0, write_file(dirfd, "helper", text, len));
	snprintf(helper, sizeof(helper), "%s/helper", dir);
	if (set_sysctl(MODPROBE, helper, old, sizeof(old)))
		SKIP(return, "no modules");
	old[strcspn(old, "\n")] = 0;
	EXPECT_EQ(want, capmode_run(fn, arg)) {
		TH_LOG("%s", module);
	}
	EXPECT_EQ(-ENOENT, RET(unlinkat(dirfd, "asked", 0))) {
		TH_LOG("asked for %s", module);
	}
	EXPECT_EQ(want, in_child(fn, arg)) {
		TH_LOG("%s outside", module);
	}
	EXPECT_EQ(1, asked_for(dirfd, module)) {
		TH_LOG("not asked for %s outside", module);
	}
	EXPECT_EQ(0, RET(unlinkat(dirfd, "asked", 0)));
	EXPECT_EQ(0, set_sysctl(MODPROBE, old, NULL, 0));
}

/* A kind of program that is not known: a module for it is asked for by name. */
TEST_F(exec, module)
{
	struct start odd = { .path = "odd", .fd = self->dirfd };

	ASSERT_EQ(0, write_file(self->dirfd, "odd", "\1\2\3\4", 4));
	check_module(_metadata, self->dir, self->dirfd, "binfmt-0403", -ENOEXEC,
		     start, &odd);
}

/* An algorithm that is made of others by a kernel thread: it asks for them. */
static int unknown_algorithm(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), ret;
	struct ao key = {};

	STEP(fd >= 0);
	ao_key(&key, arg);
	ret = RET(setsockopt(fd, IPPROTO_TCP, AO_ADD, &key, sizeof(key)));
	close(fd);
	return ret;
}

TEST_F(exec, module_of_an_algorithm)
{
	if (in_child(unknown_algorithm, "capmode") == -ENOPROTOOPT)
		SKIP(return, "no CONFIG_TCP_AO");
	check_module(_metadata, self->dir, self->dirfd, "crypto-capmode",
		     -ENOENT, unknown_algorithm, "hmac(capmode)");
	check_module(_metadata, self->dir, self->dirfd, "crypto-capmode",
		     -ENOENT, unknown_algorithm, "capmode(sha512)");
}

/* A module for how to control congestion, which who may do so asks for. */
static int unknown_control(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), ret;

	STEP(fd >= 0);
	ret = RET(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, arg,
			     strlen(arg)));
	close(fd);
	return ret;
}

TEST_F(exec, module_of_a_control)
{
	check_module(_metadata, self->dir, self->dirfd, "tcp_capmode", -ENOENT,
		     unknown_control, "capmode");
}

/* A protocol that the family does not know. */
static int unknown_protocol(void *arg)
{
	const int *family = arg;
	int fd = RET(socket(*family, SOCK_STREAM, IPPROTO_UDPLITE));

	if (fd >= 0)
		close(fd);
	return fd;
}

TEST_F(exec, module_of_a_protocol)
{
	static const struct {
		int family;
		const char *module;
	} families[] = {
		{ AF_INET, "net-pf-2-proto-136-type-1" },
		{ AF_INET6, "net-pf-10-proto-136-type-1" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		int family = families[i].family;

		if (in_child(unknown_protocol, &family) == -EAFNOSUPPORT)
			SKIP(return, "no family %d", family);
		check_module(_metadata, self->dir, self->dirfd,
			     families[i].module, -EPROTONOSUPPORT,
			     unknown_protocol, &family);
	}
}

/* Where nodes count in the mode, and above what any driver can have. */
#define NO_DRIVER	makedev(4000, 7)

static void check_node(struct __test_metadata *_metadata, const char *dir,
		       int dirfd, mode_t type, const char *module)
{
	struct node n = { .name = "node", .flags = O_RDWR };
	char sub[PATH_MAX + 16];

	REQUIRE_ROOT();
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	ASSERT_EQ(0, mount("none", sub, "tmpfs", 0, NULL));
	n.dir = open_dir(sub);
	ASSERT_LE(0, n.dir);
	EXPECT_EQ(0, mknodat(n.dir, n.name, type | 0600, NO_DRIVER));
	check_module(_metadata, dir, dirfd, module, -ENXIO, open_node, &n);
	check_module(_metadata, dir, dirfd, module, -ENXIO, open_node_by_ring,
		     &n);
	/* As a place it is no device. */
	n.flags = O_PATH;
	EXPECT_BOTH(open_node, &n);
	close(n.dir);
	EXPECT_EQ(0, umount2(sub, MNT_DETACH));
}

/* A driver, which the number of a node asks for. */
TEST_F(exec, module_of_a_character_device)
{
	check_node(_metadata, self->dir, self->dirfd, S_IFCHR,
		   "char-major-4000-7");
}

TEST_F(exec, module_of_a_block_device)
{
	if (!kernel_has("blk_request_module"))
		SKIP(return, "no CONFIG_BLOCK_LEGACY_AUTOLOAD");
	check_node(_metadata, self->dir, self->dirfd, S_IFBLK,
		   "block-major-4000-7");
}

/*
 * The schedulers of a disk, with brackets around the one it has. Who says "none"
 * and nothing else is no such disk.
 */
static int open_scheduler(char *text, size_t size)
{
	DIR *d = list_dir(AT_FDCWD, "/sys/block");
	int fd = -ENOENT;
	char name[300];
	struct dirent *e;
	ssize_t n;

	if (!d)
		return -ENOENT;
	while (fd < 0 && (e = readdir(d))) {
		snprintf(name, sizeof(name), "%s/queue/scheduler", e->d_name);
		fd = RET(openat(dirfd(d), name, O_RDWR | O_CLOEXEC));
		if (fd < 0)
			continue;
		n = pread(fd, text, size - 1, 0);
		text[n > 0 ? n : 0] = 0;
		if (!strchr(text, '[')) {
			close(fd);
			fd = -ENOENT;
		}
	}
	closedir(d);
	return fd;
}

/* A module that is named in what is written to a file from before. */
TEST_F(exec, module_of_a_scheduler)
{
	char before[256], after[256];
	struct opened o = { .text = "nosuch" };

	REQUIRE_ROOT();
	o.fd = open_scheduler(before, sizeof(before));
	if (o.fd == -ENOENT)
		SKIP(return, "no disk that can have a scheduler");
	ASSERT_LE(0, o.fd);
	for (o.road = 0; o.road < ROADS; o.road++) {
		check_module(_metadata, self->dir, self->dirfd,
			     "nosuch-iosched", -EINVAL, write_opened, &o);
		memset(after, 0, sizeof(after));
		EXPECT_LT(0, pread(o.fd, after, sizeof(after) - 1, 0));
		EXPECT_STREQ(before, after);
	}
	close(o.fd);
}

/*
 * With flag O, the interpreter gets the image as a descriptor, from exec itself:
 * one of a capability would be without its limits.
 */
TEST_F(exec, binfmt_misc_limited)
{
	static const char * const flags[] = { "O", "OC", "OF" };
	bool mounted = false;
	int fd, cap, dir;
	size_t i;

	REQUIRE_ROOT();
	if (access(BINFMT_DIR "/register", W_OK)) {
		if (mount("none", BINFMT_DIR, "binfmt_misc", 0, NULL))
			SKIP(return, "no binfmt_misc");
		mounted = true;
	}
	ASSERT_EQ(0, write_file(self->dirfd, "image", "CAPMODE x", 9));
	fd = openat(self->dirfd, "image", O_RDONLY);
	cap = limit_to(fd, CAP_FEXECVE, CAP_PREAD, CAP_FSTAT);
	dir = limit_to(self->dirfd, CAP_FEXECVE, CAP_LOOKUP);
	ASSERT_LE(0, cap);
	ASSERT_LE(0, dir);
	/* The interpreter could get there. */
	ASSERT_EQ(0, fcntl(cap, F_SETFD, 0));
	ASSERT_EQ(0, fcntl(dir, F_SETFD, 0));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		bool file = strchr(flags[i], 'F');

		binfmt_unregister();
		ASSERT_EQ(0, binfmt_register(self->path, flags[i]));
		EXPECT_START(TELL_OUTSIDE, file ? TELL_INSIDE : -ECAPMODE,
			     fd, "", AT_EMPTY_PATH);
		EXPECT_START(-ENOTCAPABLE, file ? -ENOTCAPABLE : -ECAPMODE,
			     cap, "", AT_EMPTY_PATH);
		EXPECT_START(-ENOTCAPABLE, file ? -ENOTCAPABLE : -ECAPMODE,
			     dir, "image", 0);
	}
	/* Without, it goes by name, and the limits hold there. */
	binfmt_unregister();
	ASSERT_EQ(0, binfmt_register(self->path, ""));
	EXPECT_START(TELL_OUTSIDE, -ECAPMODE, cap, "", AT_EMPTY_PATH);
	binfmt_unregister();
	if (mounted)
		umount2(BINFMT_DIR, MNT_DETACH);
}

/* What is written to a file may be a path, which the kernel is to look up. */
static int register_in_place(void *arg)
{
	const int *fd = arg;
	char line[PATH_MAX + 128];
	int n;

	n = snprintf(line, sizeof(line), ":capmode-test:M::CAPMODE::%s:F",
		     "/proc/self/exe");
	return RET(write(*fd, line, n));
}

TEST_F(exec, path_in_a_write)
{
	bool mounted = false;
	int fd;

	REQUIRE_ROOT();
	if (access(BINFMT_DIR "/register", W_OK)) {
		if (mount("none", BINFMT_DIR, "binfmt_misc", 0, NULL))
			SKIP(return, "no binfmt_misc");
		mounted = true;
	}
	binfmt_unregister();
	fd = open(BINFMT_DIR "/register", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ECAPMODE, capmode_run(register_in_place, &fd));
	EXPECT_NE(0, access(BINFMT_DIR "/capmode-test", F_OK));
	EXPECT_LT(0, in_child(register_in_place, &fd));
	binfmt_unregister();
	close(fd);
	if (mounted)
		umount2(BINFMT_DIR, MNT_DETACH);
}

TEST_HARNESS_MAIN
