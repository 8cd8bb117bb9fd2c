// SPDX-License-Identifier: GPL-2.0
/*
 * Capsicum on a program that knows nothing of it.
 *
 * A decompressor unpacks an archive. It is not changed and not told; only the
 * three descriptors that it inherits are narrowed first, with libcapsicum.
 * While it runs it is stopped, as by an attacker who has just taken it over
 * with a crafted archive, and its own descriptors are taken out of it with
 * pidfd_getfd(2). Once it has finished its work undisturbed, everything is
 * tried on them that they must not do.
 *
 * Each attempt is made twice: on the decompressor's descriptor, where it must
 * be refused, and on a scratch file that has the missing right in addition,
 * where it must succeed. So what is printed as needed is what was missing, and
 * a refusal is not just an operation that could not have worked anyway.
 *
 * The exit status is 0 if the work was done right and nothing got through.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/capsicum.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef ENOTCAPABLE
#define ENOTCAPABLE	135
#endif

#ifndef __NR_pidfd_open
#define __NR_pidfd_open		434
#endif
#ifndef __NR_close_range
#define __NR_close_range	436
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd	438
#endif

#define SCRATCH		"scratch"
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What a program is started with. */
struct job {
	const char *in;
	const char *out;
	char * const *argv;
	bool getfl;	/* let it ask for its file status flags as well */
	bool look;	/* stop it in the middle and take its descriptors */
	int taken[2];	/* these */
};

static int failures;

static const char *bold = "", *green = "", *red = "", *plain = "";

static void section(const char *title)
{
	printf("\n%s%s%s\n\n", bold, title, plain);
}

static void failure(const char *fmt, ...)
{
	va_list ap;

	failures++;
	printf("  %sFAILED: ", red);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("%s\n", plain);
}

static const char *error_name(int error)
{
	static char number[24];
	const char *name;

	switch (error) {
	case 0:
		return "0";
	case ENOTCAPABLE:
		return "ENOTCAPABLE";
	}
	name = strerrorname_np(error);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", error);
	return number;
}

/* One line of /proc/PID/fdinfo/FD, without its name. */
static const char *info_line(pid_t pid, int fd, const char *name)
{
	static char line[1024];
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	file = fopen(path, "r");
	if (!file)
		return NULL;
	while (fgets(line, sizeof(line), file)) {
		size_t len = strlen(name);

		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		fclose(file);
		line[strcspn(line, "\n")] = '\0';
		return line + len + 1 + strspn(line + len + 1, " \t");
	}
	fclose(file);
	return NULL;
}

static const char *held(pid_t pid, int fd)
{
	const char *names = info_line(pid, fd, "rights-names");

	return names ? names : "every right";
}

/* The checksum by another program, so that nothing here vouches for itself. */
static void sha256(const char *file, char sum[65])
{
	char command[512];
	FILE *pipe;

	snprintf(command, sizeof(command), "sha256sum '%s'", file);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%64s", sum) != 1)
		errx(1, "no checksum of %s", file);
	pclose(pipe);
}

static off_t size_of(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0)
		err(1, "%s", file);
	return st.st_size;
}

static void must_limit(int fd, __u64 right, bool getfl)
{
	cap_rights_t rights;

	cap_rights_init(&rights, right);
	if (getfl)
		cap_rights_set(&rights, CAP_FCNTL);
	if (cap_rights_limit(fd, &rights) < 0)
		err(1, errno == ENOSYS ? "this kernel has no Capsicum" :
		       "cap_rights_limit");
	if (getfl && cap_fcntls_limit(fd, CAP_FCNTL_GETFL) < 0)
		err(1, "cap_fcntls_limit");
}

/*
 * Stop the program as soon as it has read something, show what it holds, and
 * take its standard input and output.
 */
static void look_inside(struct job *job, pid_t pid)
{
	static const char * const names[] = { "input", "output", "errors" };
	char path[64], target[256];
	const char *pos;
	int pidfd, status, fd, i;
	ssize_t len;

	do {
		usleep(500);
		pos = info_line(pid, 0, "pos");
	} while (pos && atol(pos) == 0);

	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		errx(1, "%s ended before anyone could look at it", job->argv[0]);

	printf("  stopped half-way; its descriptors, as /proc/%d shows them:\n\n",
	       pid);
	for (fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (fd > 2)
			failure("descriptor %d is open: %s", fd, target);
		else
			printf("    %d  %-7s %-22.22s %s\n", fd, names[fd],
			       strrchr(target, '/') ? strrchr(target, '/') + 1 :
			       target, held(pid, fd));
	}

	pidfd = syscall(__NR_pidfd_open, pid, 0);
	if (pidfd < 0)
		err(1, "pidfd_open");
	for (i = 0; i < 2; i++) {
		job->taken[i] = syscall(__NR_pidfd_getfd, pidfd, i, 0);
		if (job->taken[i] < 0)
			err(1, "pidfd_getfd");
	}
	close(pidfd);
	printf("\n  0 and 1 copied out of it for later; now it may go on.\n\n");
	kill(pid, SIGCONT);
}

/* Run the program; its exit status. What it complains of is shown. */
static int run(struct job *job)
{
	int in, out, complaints[2], status;
	char line[512];
	FILE *stream;
	pid_t pid;

	/*
	 * Open for reading and writing, both of them, and by root: what stops
	 * the program is nothing but the rights.
	 */
	in = open(job->in, O_RDWR | O_CLOEXEC);
	if (in < 0)
		err(1, "%s", job->in);
	out = open(job->out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0)
		err(1, "%s", job->out);
	if (pipe2(complaints, O_CLOEXEC) < 0)
		err(1, "pipe");

	must_limit(in, CAP_READ, job->getfl);
	must_limit(out, CAP_WRITE, job->getfl);
	must_limit(complaints[1], CAP_WRITE, false);

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		dup2(in, 0);
		dup2(out, 1);
		dup2(complaints[1], 2);
		syscall(__NR_close_range, 3, ~0U, 0);
		execvp(job->argv[0], job->argv);
		_exit(127);
	}
	close(in);
	close(out);
	close(complaints[1]);

	if (job->look)
		look_inside(job, pid);

	stream = fdopen(complaints[0], "r");
	while (fgets(line, sizeof(line), stream))
		printf("    it says: %s", line);
	fclose(stream);

	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * The attempts. Each gets a descriptor and gives 0 or an error number.
 */

static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

static int try_read(int fd)
{
	char c;

	return result(read(fd, &c, 1));
}

static int try_write(int fd)
{
	return result(write(fd, "x", 1));
}

static int try_pread(int fd)
{
	char c;

	return result(pread(fd, &c, 1, 0));
}

static int try_pwrite(int fd)
{
	return result(pwrite(fd, "x", 1, 0));
}

static int try_rewind(int fd)
{
	return result(lseek(fd, 0, SEEK_SET));
}

static int try_tell(int fd)
{
	return result(lseek(fd, 0, SEEK_CUR));
}

static int try_truncate(int fd)
{
	return result(ftruncate(fd, 0));
}

static int try_fallocate(int fd)
{
	return result(fallocate(fd, 0, 0, 1 << 20));
}

static int try_chmod(int fd)
{
	return result(fchmod(fd, 04777));
}

static int try_chown(int fd)
{
	return result(fchown(fd, 65534, 65534));
}

static int try_utimes(int fd)
{
	return result(futimens(fd, NULL));
}

static int try_stat(int fd)
{
	struct stat st;

	return result(fstat(fd, &st));
}

static int try_sync(int fd)
{
	return result(fsync(fd));
}

static int try_lock(int fd)
{
	return result(flock(fd, LOCK_EX | LOCK_NB));
}

static int try_getfl(int fd)
{
	return result(fcntl(fd, F_GETFL));
}

static int try_setfl(int fd)
{
	return result(fcntl(fd, F_SETFL, O_APPEND));
}

static int try_ioctl(int fd)
{
	int n;

	return result(ioctl(fd, FIONREAD, &n));
}

static int map(int fd, int prot)
{
	void *addr = mmap(NULL, 4096, prot, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return errno;
	munmap(addr, 4096);
	return 0;
}

static int try_map_read(int fd)
{
	return map(fd, PROT_READ);
}

static int try_map_write(int fd)
{
	return map(fd, PROT_READ | PROT_WRITE);
}

/* A refused poll is no error of the call: it is told for each descriptor. */
static int try_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	if (poll(&p, 1, 0) < 0)
		return errno;
	return p.revents & POLLNVAL ? ENOTCAPABLE : 0;
}

static int try_sendfile(int fd)
{
	int null = open("/dev/null", O_WRONLY);
	int error = result(sendfile(null, fd, NULL, 1));

	close(null);
	return error;
}

static int widen(int fd, __u64 more)
{
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_READ, CAP_WRITE);
	if (cap_rights_get(fd, &rights) < 0)
		return errno;
	cap_rights_set(&rights, more);
	return result(cap_rights_limit(fd, &rights));
}

static int try_widen_write(int fd)
{
	return widen(fd, CAP_WRITE);
}

static int try_widen_read(int fd)
{
	return widen(fd, CAP_READ);
}

static int through_dup(int fd, int (*try)(int fd))
{
	int copy = dup(fd);
	int error;

	if (copy < 0)
		return errno;
	error = try(copy);
	close(copy);
	return error;
}

static int try_dup_write(int fd)
{
	return through_dup(fd, try_write);
}

static int try_dup_read(int fd)
{
	return through_dup(fd, try_read);
}

static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags);
	if (again < 0)
		return errno;
	close(again);
	return 0;
}

static int try_reopen_write(int fd)
{
	return reopen(fd, O_WRONLY | O_APPEND);
}

static int try_reopen_read(int fd)
{
	return reopen(fd, O_RDONLY);
}

/* Opening it again for what it holds is allowed; the limits come along. */
static int reopen_then(int fd, int flags, int (*try)(int fd))
{
	char path[64];
	int again, error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags);
	if (again < 0) {
		failure("open(\"%s\"): %s", path, error_name(errno));
		return 0;
	}
	error = try(again);
	close(again);
	return error;
}

static int try_reopened_stat_r(int fd)
{
	return reopen_then(fd, O_RDONLY, try_stat);
}

static int try_reopened_stat_w(int fd)
{
	return reopen_then(fd, O_WRONLY | O_APPEND, try_stat);
}

static int child_status(pid_t pid)
{
	int status, error = ECHILD;

	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		error = WEXITSTATUS(status);
	return error;
}

static int in_child(int fd, int (*try)(int fd))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(try(fd));
	return child_status(pid);
}

static int try_child_write(int fd)
{
	return in_child(fd, try_write);
}

static int try_child_read(int fd)
{
	return in_child(fd, try_read);
}

/* A new program, that has nothing of this one but the descriptor. */
static int in_program(int fd, const char *what)
{
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fcntl(fd, F_SETFD, 0);
		execl("/proc/self/exe", "demo", what, number, NULL);
		_exit(ENOEXEC);
	}
	return child_status(pid);
}

static int try_exec_write(int fd)
{
	return in_program(fd, "--try-write");
}

static int try_exec_read(int fd)
{
	return in_program(fd, "--try-read");
}

/* The same for a process that got it in a message. */
static int in_message(int fd, int (*try)(int fd))
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { .iov_base = (char []){ 0 }, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], error = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return errno;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fd);
		if (recvmsg(pair[1], &msg, 0) != 1 ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			_exit(ENOMSG);
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
		_exit(try(fd));
	}
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, 0) != 1)
		error = errno;
	close(pair[0]);
	close(pair[1]);
	return child_status(pid) ?: error;
}

static int try_message_write(int fd)
{
	return in_message(fd, try_write);
}

static int try_message_read(int fd)
{
	return in_message(fd, try_read);
}

struct attempt {
	const char *what;	/* with %d for the descriptor's number */
	const char *needs;
	__u64 right;
	int (*try)(int fd);
};

#define ATTEMPT(what, right, try)	{ what, #right, right, try }

static const struct attempt on_input[] = {
	ATTEMPT("write(%d, \"x\", 1)", CAP_WRITE, try_write),
	ATTEMPT("pwrite(%d, \"x\", 1, 0)", CAP_PWRITE, try_pwrite),
	ATTEMPT("pread(%d, buf, 1, 0)", CAP_PREAD, try_pread),
	ATTEMPT("lseek(%d, 0, SEEK_SET)", CAP_SEEK, try_rewind),
	ATTEMPT("lseek(%d, 0, SEEK_CUR)", CAP_SEEK_TELL, try_tell),
	ATTEMPT("ftruncate(%d, 0)", CAP_FTRUNCATE, try_truncate),
	ATTEMPT("fallocate(%d, 0, 0, 1 MiB)", CAP_PWRITE, try_fallocate),
	ATTEMPT("fsync(%d)", CAP_FSYNC, try_sync),
	ATTEMPT("fstat(%d, &st)", CAP_FSTAT, try_stat),
	ATTEMPT("fchmod(%d, 04777)", CAP_FCHMOD, try_chmod),
	ATTEMPT("fchown(%d, nobody)", CAP_FCHOWN, try_chown),
	ATTEMPT("futimens(%d, now)", CAP_FUTIMES, try_utimes),
	ATTEMPT("flock(%d, LOCK_EX)", CAP_FLOCK, try_lock),
	ATTEMPT("poll(%d)", CAP_EVENT, try_poll),
	ATTEMPT("fcntl(%d, F_GETFL)", CAP_FCNTL, try_getfl),
	ATTEMPT("fcntl(%d, F_SETFL, O_APPEND)", CAP_FCNTL, try_setfl),
	ATTEMPT("ioctl(%d, FIONREAD, &n)", CAP_IOCTL, try_ioctl),
	ATTEMPT("mmap(%d, PROT_READ)", CAP_MMAP_R, try_map_read),
	ATTEMPT("mmap(%d, PROT_READ|PROT_WRITE)", CAP_MMAP_RW, try_map_write),
	ATTEMPT("cap_rights_limit(%d, + CAP_WRITE)", CAP_WRITE, try_widen_write),
	ATTEMPT("dup(%d), write to the copy", CAP_WRITE, try_dup_write),
	ATTEMPT("open(/proc/self/fd/%d, O_WRONLY)", CAP_WRITE, try_reopen_write),
	ATTEMPT("open(/proc/self/fd/%d), fstat it", CAP_FSTAT, try_reopened_stat_r),
	ATTEMPT("fork, the child writes to %d", CAP_WRITE, try_child_write),
	ATTEMPT("exec, the new program writes to %d", CAP_WRITE, try_exec_write),
	ATTEMPT("send %d over a socket, write there", CAP_WRITE, try_message_write),
};

static const struct attempt on_output[] = {
	ATTEMPT("read(%d, buf, 1)", CAP_READ, try_read),
	ATTEMPT("pread(%d, buf, 1, 0)", CAP_PREAD, try_pread),
	ATTEMPT("pwrite(%d, \"x\", 1, 0)", CAP_PWRITE, try_pwrite),
	ATTEMPT("lseek(%d, 0, SEEK_SET)", CAP_SEEK, try_rewind),
	ATTEMPT("ftruncate(%d, 0)", CAP_FTRUNCATE, try_truncate),
	ATTEMPT("fstat(%d, &st)", CAP_FSTAT, try_stat),
	ATTEMPT("fchmod(%d, 04777)", CAP_FCHMOD, try_chmod),
	ATTEMPT("fcntl(%d, F_SETFL, O_APPEND)", CAP_FCNTL, try_setfl),
	ATTEMPT("ioctl(%d, FIONREAD, &n)", CAP_IOCTL, try_ioctl),
	ATTEMPT("mmap(%d, PROT_READ|PROT_WRITE)", CAP_MMAP_RW, try_map_write),
	ATTEMPT("sendfile(/dev/null, from %d)", CAP_READ, try_sendfile),
	ATTEMPT("cap_rights_limit(%d, + CAP_READ)", CAP_READ, try_widen_read),
	ATTEMPT("dup(%d), read from the copy", CAP_READ, try_dup_read),
	ATTEMPT("open(/proc/self/fd/%d, O_RDONLY)", CAP_READ, try_reopen_read),
	ATTEMPT("open(/proc/self/fd/%d), fstat it", CAP_FSTAT, try_reopened_stat_w),
	ATTEMPT("fork, the child reads from %d", CAP_READ, try_child_read),
	ATTEMPT("exec, the new program reads %d", CAP_READ, try_exec_read),
	ATTEMPT("send %d over a socket, read there", CAP_READ, try_message_read),
};

/* A file of one's own, limited like the other but for one right more. */
static int scratch(__u64 base, __u64 more)
{
	cap_rights_t rights;
	int fd;

	fd = open(SCRATCH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "scratch", 7) != 7 || lseek(fd, 0, SEEK_SET))
		err(1, SCRATCH);
	cap_rights_init(&rights, base, more);
	if (cap_rights_limit(fd, &rights) < 0)
		err(1, "cap_rights_limit");
	return fd;
}

static int attempt_all(int fd, int number, __u64 base,
		       const struct attempt *attempts, int count)
{
	int refused = 0;
	int i;

	printf("  %s%-37s %-13s  %-10s %-12s %s%s\n", bold, "operation", "needs",
	       "holds", "answer", "with it", plain);
	for (i = 0; i < count; i++) {
		const struct attempt *a = &attempts[i];
		int error, with, more;
		char what[80];

		snprintf(what, sizeof(what), a->what, number);
		error = a->try(fd);
		more = scratch(base, a->right);
		with = a->try(more);
		close(more);

		printf("  %-37s %-13s  %-10s %s%-12s%s %s\n", what, a->needs,
		       held(getpid(), fd), error == ENOTCAPABLE ? green : red,
		       error ? a->try == try_poll && error == ENOTCAPABLE ?
		       "POLLNVAL" : error_name(error) : "DONE", plain,
		       with ? error_name(with) : "works");

		if (error == ENOTCAPABLE)
			refused++;
		else if (!error)
			failure("it was not refused");
		else
			failure("refused, but not for want of a right");
		if (with)
			failure("it does not work with %s either", a->needs);
	}
	unlink(SCRATCH);
	return refused;
}

static void show_privilege(void)
{
	char line[128];
	FILE *file = fopen("/proc/self/status", "r");

	if (!file)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "CapEff:", 7))
			printf("  Who tries: uid %d, POSIX capabilities %s",
			       getuid(), line + 8);
	fclose(file);
}

static void expect_sum(const char *what, const char *file, const char *sum)
{
	char here[65];

	sha256(file, here);
	printf("  %-26s %s\n", what, here);
	if (strcmp(here, sum))
		failure("%s differs", file);
}

static void unpack_and_attack(const char *archive, const char *sum)
{
	static char * const argv[] = { "busybox", "unxz", "-c", NULL };
	struct job job = {
		.in = archive, .out = "unpacked.tar", .argv = argv, .look = true,
	};
	int count = ARRAY_SIZE(on_input) + ARRAY_SIZE(on_output);
	char before[65];
	int status, refused;

	section("1. A program at work: busybox unxz, unmodified");
	printf("  Its input is the archive, %jd bytes, opened read-write and then limited to\n"
	       "  CAP_READ; its output a new file, opened read-write and limited to CAP_WRITE;\n"
	       "  errors go to a pipe, CAP_WRITE. It has no other descriptor.\n\n",
	       (intmax_t)size_of(archive));

	sha256(archive, before);
	status = run(&job);
	if (status)
		failure("the program exits with %d", status);
	printf("  It exits with %d and has written %jd bytes. SHA-256:\n\n", status,
	       (intmax_t)size_of(job.out));
	printf("  %-26s %s\n", "what the host packed", sum);
	expect_sum("what came out here", job.out, sum);

	section("2. What else its descriptors are good for: nothing");
	printf("  Say the archive was crafted and the program is not itself any more. These\n"
	       "  are the two descriptors copied out of it, numbered as it knows them. The\n"
	       "  last column is the same attempt on a scratch file with the same rights and the\n"
	       "  needed one: that was all that was missing.\n\n");
	show_privilege();

	printf("\n  The input\n\n");
	refused = attempt_all(job.taken[0], 0, CAP_READ, on_input,
			      ARRAY_SIZE(on_input));
	printf("\n  The output\n\n");
	refused += attempt_all(job.taken[1], 1, CAP_WRITE, on_output,
			       ARRAY_SIZE(on_output));

	printf("\n  %d attempts, %d refused. And both files are what they were:\n\n",
	       count, refused);
	expect_sum("the archive", archive, before);
	expect_sum("the unpacked file", job.out, sum);
}

static void find_rights(const char *archive, const char *sum, char **argv)
{
	struct job job = { .in = archive, .out = "unpacked2.tar", .argv = argv };
	int status;

	section("3. How to find what a program needs: Debian's xz, unmodified");
	printf("  With the same rights, CAP_READ and CAP_WRITE:\n\n");
	status = run(&job);
	printf("    exit status %d, %jd bytes\n\n", status,
	       (intmax_t)size_of(job.out));
	if (!status)
		failure("it was to be refused F_GETFL");

	printf("  Error %d is ENOTCAPABLE: it wants to ask for its file status flags. Let it,\n"
	       "  and nothing more: CAP_FCNTL, of its commands only F_GETFL.\n\n",
	       ENOTCAPABLE);
	job.getfl = true;
	status = run(&job);
	printf("    exit status %d, %jd bytes\n\n", status,
	       (intmax_t)size_of(job.out));
	if (status)
		failure("the program exits with %d", status);
	expect_sum("what came out here", job.out, sum);
}

int main(int argc, char **argv)
{
	/* See in_program(). */
	if (argc == 3 && !strcmp(argv[1], "--try-write"))
		return try_write(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "--try-read"))
		return try_read(atoi(argv[2]));

	if (argc < 3)
		errx(2, "usage: demo ARCHIVE.xz SHA256-OF-CONTENTS [PROGRAM ARG...]");
	if (getenv("DEMO_COLOR")) {
		bold = "\033[1m";
		green = "\033[32m";
		red = "\033[31m";
		plain = "\033[0m";
	}

	printf("\n%sDescriptors that hold%s\n\n"
	       "  A program that unpacks what strangers send needs to read one file and to write\n"
	       "  another. Here it gets just that, from the outside, and nobody asks the program.\n",
	       bold, plain);

	unpack_and_attack(argv[1], argv[2]);
	if (argc > 3)
		find_rights(argv[1], argv[2], argv + 3);

	section("What it means");
	printf("  The limits sit on the descriptor, in the kernel. No privilege lifts them, they\n"
	       "  go along through dup, fork, exec and sockets, and there is no way back. What\n"
	       "  they do not cover in this version: a program can still open files by name,\n"
	       "  as far as its user may. See Documentation/security/capsicum.rst.\n");

	if (failures) {
		printf("\n%s%d things went wrong.%s\n", red, failures, plain);
		return 1;
	}
	printf("\n%sThe work was done, and nothing got through.%s\n", green, plain);
	return 0;
}
