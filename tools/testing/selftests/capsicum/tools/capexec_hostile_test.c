// SPDX-License-Identifier: GPL-2.0
/*
 * capexec, and those who want more of it than they are given: descriptors that
 * survive, files that are exchanged, privilege, the files of the loader, and the
 * process that hands these out.
 */
#include "tools.h"

#include <dirent.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/un.h>

#define STATIC		"./probe"
#define DYNAMIC		"./probe_dynamic"

/* Far beyond a limit that is set afterwards. */
static void high_descriptors(void *arg)
{
	struct rlimit limit = { 4096, 4096 };
	int fd;

	setrlimit(RLIMIT_NOFILE, &limit);
	for (fd = 31; fd < 4096; fd += fd < 64 ? 1 : 409)
		dup2(0, fd);
	limit.rlim_cur = 32;
	setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(descriptors_beyond_the_limit)
{
	struct run r = { .before = high_descriptors };

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, RUN(&r, STATIC, "fds"));
	EXPECT_TRUE(!!strstr(r.said, " 473 "));
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", STATIC, "fds"));
	EXPECT_SAID(&r, "fds: 1");
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", DYNAMIC, "fds"));
	EXPECT_SAID(&r, "fds: 1");
}

static void close_all(void *arg)
{
	/* But where the results go. */
	dup2(1, 5);
	close(0);
	close(1);
	close(2);
}

TEST(nothing_open)
{
	struct run r = { .before = close_all };

	REQUIRE_CAPSICUM();
	install_libraries();
	EXPECT_EQ(6, RUN(&r, "./capexec", STATIC, "exit:6"));
	EXPECT_EQ(6, RUN(&r, "./capexec", DYNAMIC, "exit:6"));
	EXPECT_EQ(7, RUN(&r, "./capexec", "--fd", "5", DYNAMIC, "exit:7"));
	EXPECT_EQ(125, RUN(&r, "./capexec", "--fd", "0", STATIC, "exit:6"));
}

static void as_nobody(void *arg)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(98);
}

static int copy(const char *from, const char *to, mode_t mode)
{
	char buf[4096];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			return -1;
	close(in);
	close(out);
	return n < 0 ? -1 : chmod(to, mode);
}

/* Both sides: it would gain privilege, and does not in capability mode. */
TEST(set_user_id)
{
	struct run r = { .before = as_nobody };
	static char * const probe[] = { STATIC, DYNAMIC };
	unsigned int i;

	REQUIRE_CAPSICUM();
	install_libraries();
	if (geteuid())
		SKIP(return, "making a set-user-ID program takes root");
	for (i = 0; i < ARRAY_SIZE(probe); i++) {
		ASSERT_EQ(0, copy(probe[i], "suid.tmp", 04755));
		ASSERT_EQ(0, RUN(&r, "./suid.tmp", "uid"));
		EXPECT_SAID(&r, "uid: 65534 0");
		ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "./suid.tmp",
				 "uid", "mode"));
		EXPECT_SAID(&r, "uid: 65534 65534");
		EXPECT_SAID(&r, "mode: 1 early 1");
		/* One that may be executed and not read is refused. */
		ASSERT_EQ(0, chmod("suid.tmp", 0711));
		ASSERT_EQ(0, RUN(&r, "./suid.tmp", "uid"));
		EXPECT_EQ(126, RUN(&r, "./capexec", "./suid.tmp", "uid"));
		/* And one that may be read and not executed. */
		ASSERT_EQ(0, chmod("suid.tmp", 0744));
		EXPECT_EQ(126, RUN(&r, "./capexec", "./suid.tmp", "uid"));
		unlink("suid.tmp");
	}
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void preload(void *arg)
{
	setenv("LD_PRELOAD", "/not/there.so", 1);
	setenv("LD_LIBRARY_PATH", "/not/there", 1);
}

TEST(loader_environment)
{
	struct run r = { .before = preload };

	REQUIRE_CAPSICUM();
	install_libraries();
	/* capexec's own loader complains, the program's has not got it. */
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "--fd", "2", DYNAMIC,
			 "args"));
	EXPECT_SAID(&r, "env: 0");
	EXPECT_EQ(1, count(r.complained, "/not/there.so"))
		TH_LOG("%s", r.complained);
	/* A library that is no ELF file is not handed out, but refused. */
	setenv("LD_PRELOAD", "/etc/passwd", 1);
	r.before = NULL;
	ASSERT_EQ(0, RUN(&r, "env", "-u", "LD_PRELOAD", "./capexec", "--fd", "1",
			 "--fd", "2", "--env", "LD_PRELOAD=/etc/passwd", DYNAMIC,
			 "mode"));
	EXPECT_SAID(&r, "mode: 1 early 1");
	EXPECT_COMPLAINED(&r, "/etc/passwd");
	EXPECT_FALSE(!!strstr(r.complained, "invalid ELF header"));
}

/* A core dump is an ELF file as well, and nothing for a loader. */
TEST(no_shared_object)
{
	const unsigned short core = 4;
	struct run r = {};
	int fd;

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, copy(DYNAMIC, "core.tmp", 0755));
	fd = open("core.tmp", O_WRONLY | O_CLOEXEC);
	ASSERT_EQ(2, pwrite(fd, &core, sizeof(core), 16));
	close(fd);
	ASSERT_EQ(0, RUN(&r, "env", "LD_PRELOAD=./core.tmp", DYNAMIC, "mode"));
	EXPECT_COMPLAINED(&r, "only ET_DYN");
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "--fd", "2", "--env",
			 "LD_PRELOAD=./core.tmp", DYNAMIC, "mode"));
	EXPECT_COMPLAINED(&r, "core.tmp");
	EXPECT_COMPLAINED(&r, "cannot open");
	EXPECT_FALSE(!!strstr(r.complained, "only ET_DYN"));
	EXPECT_SAID(&r, "mode: 1 early 1");
	unlink("core.tmp");
}

/* A file that the loader has had, by the very path it had it by. */
static bool find_library(char *path, size_t size)
{
	struct run r = {};
	const char *line;
	size_t len;

	if (RUN(&r, "./capexec", "--dry-run", DYNAMIC))
		return false;
	line = strstr(r.said, "\tloader: ");
	if (!line)
		return false;
	line += strlen("\tloader: ");
	len = strcspn(line, "\n");
	/* The program itself is one, too. */
	line = strstr(r.said, "program: ") + strlen("program: ");
	len = strcspn(line, "\n");
	if (len >= size)
		return false;
	memcpy(path, line, len);
	path[len] = '\0';
	return true;
}

/* A copy of the dynamic probe that names another loader. */
static bool with_loader(const char *to, const char *loader)
{
	char *image, *old, *end;
	struct run r = {};
	bool done = false;
	struct stat st;
	int fd;

	if (copy(DYNAMIC, to, 0755) ||
	    RUN(&r, "./capexec", "--dry-run", DYNAMIC))
		return false;
	old = strstr(r.said, "\tloader: ");
	if (!old)
		return false;
	old += strlen("\tloader: ");
	end = strchr(old, '\n');
	if (!end || (size_t)(end - old) < strlen(loader))
		return false;
	*end = '\0';
	fd = open(to, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return false;
	image = malloc(st.st_size);
	if (image && pread(fd, image, st.st_size, 0) == st.st_size) {
		char *place = memmem(image, st.st_size, old, end - old + 1);
		ssize_t len = strlen(loader) + 1;

		done = place && pwrite(fd, loader, len, place - image) == len;
	}
	free(image);
	close(fd);
	return done;
}

/* Another's loader, or one that others can write to, is not executed. */
TEST(loader_of_others)
{
	struct run r = {};
	char *loader, *end;

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, RUN(&r, "./capexec", "--dry-run", DYNAMIC));
	loader = strstr(r.said, "\tloader: ");
	ASSERT_TRUE(!!loader);
	loader += strlen("\tloader: ");
	end = strchr(loader, '\n');
	ASSERT_TRUE(!!end);
	*end = '\0';
	ASSERT_EQ(0, copy(loader, "ld.tmp", 0755));
	ASSERT_TRUE(with_loader("other.tmp", "./ld.tmp"));
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "./other.tmp", "mode"));
	EXPECT_SAID(&r, "mode: 1 early 1");
	ASSERT_EQ(0, chmod("ld.tmp", 0775));
	EXPECT_EQ(126, RUN(&r, "./capexec", "--fd", "1", "./other.tmp", "mode"));
	EXPECT_COMPLAINED(&r, "./ld.tmp");
	EXPECT_COMPLAINED(&r, "others can write");
	ASSERT_EQ(0, chmod("ld.tmp", 0757));
	EXPECT_EQ(126, RUN(&r, "./capexec", "--fd", "1", "./other.tmp", "mode"));
	ASSERT_EQ(0, chmod("ld.tmp", 0755));
	if (!geteuid()) {
		ASSERT_EQ(0, chown("ld.tmp", 65533, 65533));
		EXPECT_EQ(126, RUN(&r, "./capexec", "--fd", "1", "./other.tmp",
				   "mode"));
		EXPECT_STREQ("", r.said);
		ASSERT_EQ(0, chown("ld.tmp", 65534, 65534));
		r.before = as_nobody;
		EXPECT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "./other.tmp",
				 "mode"));
	}
	unlink("ld.tmp");
	unlink("other.tmp");
}

/* What a loader has while it lists, whatever numbers were free before. */
static void only_error(void *arg)
{
	close(0);
	close(1);
}

TEST(loader_that_lists)
{
	void (*before[])(void *arg) = { NULL, high_descriptors, only_error };
	struct run r = {};
	unsigned int i;

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, copy(STATIC, "ld.tmp", 0755));
	ASSERT_TRUE(with_loader("other.tmp", "./ld.tmp"));
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		r.before = before[i];
		RUN(&r, "./capexec", "./other.tmp");
		EXPECT_COMPLAINED(&r, "list: limited 1 mode 1\nfds: 0 1 2\n");
	}
	unlink("ld.tmp");
	unlink("other.tmp");
}

/* What the name of a loader has for a terminal is not told to it. */
TEST(loader_with_escapes)
{
	struct run r = {};

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_TRUE(with_loader("escape.tmp", "./\033[2Jx"));
	EXPECT_EQ(126, RUN(&r, "./capexec", "--fd", "1", "./escape.tmp"));
	EXPECT_COMPLAINED(&r, "./\\033[2Jx");
	EXPECT_FALSE(!!strchr(r.complained, '\033'));
	unlink("escape.tmp");
}

/* What was missing is told as often as the loader was, and not for ever. */
TEST(missing_paths_afterwards)
{
	struct run r = {};

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "--fd", "2", "--env",
			 "LD_PRELOAD=/not/there.so", DYNAMIC, "mode",
			 "open=/not/there.so"));
	EXPECT_COMPLAINED(&r, "/not/there.so");
	EXPECT_SAID(&r, "mode: 1 early 1");
	EXPECT_SAID(&r, "open=/not/there.so: ECAPMODE");
}

#define SYSLOG_ACTION_SIZE_UNREAD	9

/* To be read is to be used up, for the log of the kernel. */
TEST(kernel_log)
{
	struct run r = {};
	int unread;

	REQUIRE_CAPSICUM();
	install_libraries();
	unread = klogctl(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0);
	if (unread <= 0 || access("/proc/kmsg", R_OK))
		SKIP(return, "there is no log, or it is not ours to read");
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "--fd", "2", "--env",
			 "LD_PRELOAD=/proc/kmsg", DYNAMIC, "mode"));
	EXPECT_COMPLAINED(&r, "/proc/kmsg");
	EXPECT_SAID(&r, "mode: 1 early 1");
	EXPECT_LE(unread, klogctl(SYSLOG_ACTION_SIZE_UNREAD, NULL, 0));
}

TEST(too_many_files)
{
	char dirs[16384] = "LD_LIBRARY_PATH=/d0";
	size_t len = strlen(dirs);
	struct run r = {};
	int i;

	REQUIRE_CAPSICUM();
	install_libraries();
	for (i = 1; i < 1500; i++)
		len += sprintf(dirs + len, ":/d%d", i);
	EXPECT_EQ(125, RUN(&r, "./capexec", "--fd", "1", "--env", dirs, DYNAMIC,
			   "mode"));
	EXPECT_COMPLAINED(&r, "too many files");
	EXPECT_STREQ("", r.said);
}

static void limited_error(void *arg)
{
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_READ, CAP_FSTAT);
	cap_rights_limit(2, &rights);
}

/* Standard error to which nobody can write: its limits are no mistake. */
TEST(limited_standard_error)
{
	struct run r = { .before = limited_error };

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", "--fd", "2", DYNAMIC,
			 "mode", "fstat:2", "write:2"));
	EXPECT_SAID(&r, "mode: 1 early 1");
	EXPECT_SAID(&r, "fstat:2: 0");
	EXPECT_SAID(&r, "write:2: ENOTCAPABLE");
}

TEST(files_of_the_loader_afterwards)
{
	char path[PATH_MAX], op[PATH_MAX + 8], line[PATH_MAX + 32];
	struct run r = {};

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_TRUE(find_library(path, sizeof(path)));
	snprintf(op, sizeof(op), "open=%s", path);
	ASSERT_EQ(0, RUN(&r, DYNAMIC, op));
	snprintf(line, sizeof(line), "%s: 0", op);
	EXPECT_SAID(&r, line);
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", DYNAMIC, op,
			 "open=/etc/ld.so.cache", "open=/dev/tty",
			 "open=/proc/self/exe", op, "fds"));
	snprintf(line, sizeof(line), "%s: ECAPMODE", op);
	EXPECT_SAID(&r, line);
	EXPECT_FALSE(!!strstr(r.said, ": 0\n"));
	EXPECT_SAID(&r, "fds: 1");
}

/* ---- files that are exchanged ---- */

FIXTURE(exchange)
{
	int listener, filler;
	char dir[64], program[96], other[96], option[160];
	struct run r;
};

FIXTURE_VARIANT(exchange)
{
	char *probe;
};

FIXTURE_VARIANT_ADD(exchange, static)
{
	.probe = STATIC
};

FIXTURE_VARIANT_ADD(exchange, dynamic)
{
	.probe = DYNAMIC
};

/* A socket on which the next one to connect waits until somebody accepts. */
FIXTURE_SETUP(exchange)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	REQUIRE_CAPSICUM();
	install_libraries();
	memset(&self->r, 0, sizeof(self->r));
	snprintf(self->dir, sizeof(self->dir), "%s/capexec.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", self->dir);
	self->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(self->listener, (struct sockaddr *)&addr,
			  sizeof(addr)));
	ASSERT_EQ(0, listen(self->listener, 0));
	self->filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, connect(self->filler, (struct sockaddr *)&addr,
			     sizeof(addr)));
	snprintf(self->option, sizeof(self->option), "unix:%s=none",
		 addr.sun_path);
	snprintf(self->program, sizeof(self->program), "%s/program", self->dir);
	snprintf(self->other, sizeof(self->other), "%s/other", self->dir);
}

FIXTURE_TEARDOWN(exchange)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/socket", self->dir);
	unlink(path);
	unlink(self->program);
	unlink(self->other);
	rmdir(self->dir);
}

/*
 * Whether it is capexec by now, and has come to its sockets: those of who has
 * started it are closed when it is executed. It opens the program before.
 */
static bool has_looked_up(pid_t pid)
{
	char path[64], link[PATH_MAX];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	if (n < 8 || strcmp(link + n - 8, "/capexec"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		if (n > 7 && !strncmp(link, "socket:", 7))
			found = true;
	}
	if (d)
		closedir(d);
	return found;
}

/* What is executed is what was looked up, whatever the name leads to by then. */
TEST_F(exchange, after_look_up)
{
	int peer[2], i;

	/* The one exits with 11, as the name it is found by tells it to. */
	ASSERT_EQ(0, copy(variant->probe, self->program, 0755));
	ASSERT_EQ(0, copy("/bin/busybox", self->other, 0755))
		TH_LOG("there is no /bin/busybox");
	ASSERT_EQ(0, run_start(&self->r, (char *const []){
		"./capexec", "--fd", "1", "--connect", self->option,
		self->program, "mode", "exit:11", NULL }));
	while (!has_looked_up(self->r.pid)) {
		ASSERT_EQ(0, waitpid(self->r.pid, NULL, WNOHANG));
		usleep(10000);
	}
	ASSERT_EQ(0, rename(self->other, self->program));
	for (i = 0; i < 2; i++) {
		peer[i] = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
		ASSERT_LE(0, peer[i]);
	}
	EXPECT_EQ(11, run_end(&self->r));
	EXPECT_SAID(&self->r, "mode: 1 early 1");
}

/* ---- the process that hands out files ---- */

static int state(pid_t pid)
{
	char path[64], line[256], c = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && !c && fgets(line, sizeof(line), f))
		if (sscanf(line, "State: %c", &c) != 1)
			c = 0;
	if (f)
		fclose(f);
	return c;
}

/* Whether it is there, and not only for its parent to hear that it has ended. */
static bool is_alive(pid_t pid)
{
	int c = state(pid);

	return c && c != 'Z' && c != 'X';
}

/* One of that name; 0 when there is none. */
static pid_t find_server(void)
{
	struct dirent *e;
	DIR *d = opendir("/proc");
	char path[300], comm[32];
	pid_t pid = 0;
	FILE *f;

	while (d && !pid && (e = readdir(d))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) &&
		    !strcmp(comm, "capexec-serve\n") &&
		    is_alive(atoi(e->d_name)))
			pid = atoi(e->d_name);
		fclose(f);
	}
	if (d)
		closedir(d);
	return pid;
}

/* That of a program before may take a while to end; false when it does not. */
static bool no_server(void)
{
	int i;

	for (i = 0; i < 2000 && find_server(); i++)
		usleep(10000);
	return i < 2000;
}

static void hold_open(void *arg)
{
	dup2(*(int *)arg, 0);
}

TEST(server)
{
	int hold[2], in;
	struct run r = { .before = hold_open, .arg = &in };
	char line[64];
	pid_t pid;

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, pipe2(hold, O_CLOEXEC));
	in = hold[0];
	/* None for a static program. */
	ASSERT_TRUE(no_server());
	ASSERT_EQ(0, run_start(&r, (char *const []){
		"./capexec", "--fd", "0=read", "--fd", "1=write", STATIC,
		"mode", "read:0", NULL }));
	ASSERT_TRUE(read_line(r.out, line, sizeof(line)));
	EXPECT_EQ(0, find_server());
	ASSERT_EQ(1, write(hold[1], "x", 1));
	EXPECT_EQ(0, run_end(&r));

	/* One for a dynamic one, that ends with it ... */
	ASSERT_EQ(0, run_start(&r, (char *const []){
		"./capexec", "--fd", "0=read", "--fd", "1=write", DYNAMIC,
		"mode", "read:0", NULL }));
	ASSERT_TRUE(read_line(r.out, line, sizeof(line)));
	EXPECT_STREQ("mode: 1 early 1", line);
	pid = find_server();
	EXPECT_NE(0, pid);
	EXPECT_NE(r.pid, pid);
	ASSERT_EQ(1, write(hold[1], "x", 1));
	EXPECT_EQ(0, run_end(&r));
	while (is_alive(pid))
		usleep(10000);

	/* ... and without which paths are refused all the same. */
	ASSERT_EQ(0, run_start(&r, (char *const []){
		"./capexec", "--fd", "0=read", "--fd", "1=write", DYNAMIC,
		"mode", "read:0", "open=/etc/passwd", "mode", NULL }));
	ASSERT_TRUE(read_line(r.out, line, sizeof(line)));
	pid = find_server();
	ASSERT_NE(0, pid);
	/* Signals that end others leave it alone. */
	kill(pid, SIGINT);
	kill(pid, SIGTERM);
	kill(pid, SIGHUP);
	EXPECT_EQ(pid, find_server());
	ASSERT_EQ(0, kill(pid, SIGKILL));
	while (is_alive(pid))
		usleep(10000);
	ASSERT_EQ(1, write(hold[1], "x", 1));
	EXPECT_EQ(0, run_end(&r));
	EXPECT_SAID(&r, "open=/etc/passwd: ENOSYS");
	EXPECT_SAID(&r, "mode: 1 early 1");
}

/* What it is asked by others than loaders, with what is no string, and more. */
TEST(no_loader)
{
	struct run r = {};

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, RUN(&r, "./capexec", "--fd", "1", DYNAMIC, "open=",
			 "open=/", "open=.", "open=/etc", "open=/dev/null",
			 "open=/etc/passwd", "kill:1", "wait"));
	EXPECT_SAID(&r, "open=: ENOENT");
	EXPECT_SAID(&r, "open=/: ECAPMODE");
	EXPECT_SAID(&r, "open=.: ECAPMODE");
	EXPECT_SAID(&r, "open=/etc: ECAPMODE");
	EXPECT_SAID(&r, "open=/dev/null: ECAPMODE");
	EXPECT_SAID(&r, "open=/etc/passwd: ECAPMODE");
	EXPECT_SAID(&r, "kill:1: ECAPMODE");
	EXPECT_SAID(&r, "wait: ECAPMODE");
}

/* A library that is missing: said by the loader, before anything is started. */
TEST(missing_library)
{
	struct run r = {};
	int fd, i;
	char *image, *name = NULL;
	struct stat st;

	REQUIRE_CAPSICUM();
	install_libraries();
	ASSERT_EQ(0, copy(DYNAMIC, "broken.tmp", 0755));
	fd = open("broken.tmp", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	image = malloc(st.st_size);
	ASSERT_TRUE(!!image);
	ASSERT_EQ(st.st_size, pread(fd, image, st.st_size, 0));
	name = memmem(image, st.st_size, "libc.so.6", 10);
	ASSERT_TRUE(!!name);
	/* In every place where it is named. */
	for (i = 0; name; i++) {
		ASSERT_EQ(1, pwrite(fd, "X", 1, name - image + 3));
		name = memmem(name + 1, image + st.st_size - name - 1,
			      "libc.so.6", 10);
	}
	close(fd);
	free(image);
	EXPECT_EQ(126, RUN(&r, "./capexec", "--fd", "1", "./broken.tmp", "mode"));
	EXPECT_COMPLAINED(&r, "libX.so.6");
	EXPECT_STREQ("", r.said);
	unlink("broken.tmp");
}

TEST_HARNESS_MAIN
