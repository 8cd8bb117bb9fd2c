// SPDX-License-Identifier: GPL-2.0
/*
 * Capsicum on a program that knows nothing of it.
 *
 * A decompressor unpacks an archive. It is not changed and not told; the three
 * descriptors that it inherits are narrowed first, with libcapsicum, and the
 * process that is to become it enters capability mode and executes it, by
 * descriptor. While it runs it is stopped, as by an attacker who has just taken
 * it over with a crafted archive, and its own descriptors are taken out of it
 * with pidfd_getfd(2). Once it has finished its work undisturbed, everything is
 * tried on them that they must not do. Then hostile code (inside.c) runs where
 * the decompressor ran, and tries what needs no descriptor.
 *
 * Each attempt is made twice: where it must be refused, and where nothing but
 * what is said to be missing has been added, and it must succeed: on a scratch
 * file that has the right, or outside of capability mode. So a refusal is not
 * just an operation that could not have worked anyway.
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
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/capsicum.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/seccomp.h>
#include "inside.h"

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

/* What a program is started with. */
struct job {
	const char *in;
	const char *out;
	char * const *argv;
	const char *program; /* in capability mode, this file by descriptor */
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
	case ECAPMODE:
		return "ECAPMODE";
	case ENOTCAPABLE:
		return "ENOTCAPABLE";
	}
	name = strerrorname_np(error);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", error);
	return number;
}

/* One line of a file of /proc, without its name. */
static const char *proc_line(const char *path, const char *name)
{
	static char line[1024];
	FILE *file;

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

static const char *info_line(pid_t pid, int fd, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	return proc_line(path, name);
}

/* Of the process, as PR_GET_SECCOMP would tell it. */
static int seccomp_mode(pid_t pid)
{
	const char *mode;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	mode = proc_line(path, "Seccomp");
	return mode ? atoi(mode) : -1;
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

static void show_complaints(FILE *complaints)
{
	char line[512];

	while (fgets(line, sizeof(line), complaints))
		printf("    it says: %s", line);
}

/*
 * Stop the program as soon as it has read something, show what it holds, and
 * take its standard input and output.
 */
static void look_inside(struct job *job, pid_t pid, FILE *complaints)
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
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status)) {
		show_complaints(complaints);
		errx(1, "%s ended before anyone could look at it", job->argv[0]);
	}

	printf("  Stopped half-way. /proc/%d/status says Seccomp: %d, which is capability mode;\n"
	       "  its descriptors, as /proc/%d shows them:\n\n", pid,
	       seccomp_mode(pid), pid);
	if (seccomp_mode(pid) != SECCOMP_MODE_CAPABILITY)
		failure("it is not in capability mode");
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

/*
 * Become a program, in capability mode, with descriptors 0 to last. The program
 * is one more of them, good for being executed, and closed by that.
 */
static void exec_in_mode(const char *program, char * const *argv, int last)
{
	static char * const none[] = { NULL };
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (fd != last + 1 && dup3(fd, last + 1, O_CLOEXEC) < 0))
		err(127, "%s", program);
	syscall(__NR_close_range, last + 2, ~0U, 0);
	must_limit(last + 1, CAP_FEXECVE, false);
	if (cap_enter() < 0)
		err(127, "cap_enter");
	syscall(__NR_execveat, last + 1, "", argv, none, AT_EMPTY_PATH);
	err(127, "execveat");
}

/* Run the program; its exit status. What it complains of is shown. */
static int run(struct job *job)
{
	int in, out, complaints[2], status;
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
		if (job->program)
			exec_in_mode(job->program, job->argv, 2);
		syscall(__NR_close_range, 3, ~0U, 0);
		execvp(job->argv[0], job->argv);
		_exit(127);
	}
	close(in);
	close(out);
	close(complaints[1]);

	stream = fdopen(complaints[0], "r");
	if (job->look)
		look_inside(job, pid, stream);
	show_complaints(stream);
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
		.in = archive, .out = "unpacked.tar", .argv = argv,
		.program = "/bin/busybox", .look = true,
	};
	int count = ARRAY_SIZE(on_input) + ARRAY_SIZE(on_output);
	char before[65];
	int status, refused;

	section("1. A program at work: busybox unxz, unmodified");
	printf("  Its input is the archive, %jd bytes, opened read-write and then limited to\n"
	       "  CAP_READ; its output a new file, opened read-write and limited to CAP_WRITE;\n"
	       "  errors go to a pipe, CAP_WRITE. It has no other descriptor. It is started in\n"
	       "  capability mode: cap_enter(), then execveat() of a descriptor that is limited to\n"
	       "  CAP_FEXECVE.\n\n", (intmax_t)size_of(archive));

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

/* Of what hostile code finds outside, what it might harm. */
struct outside {
	struct inside world;
	int port;	/* the listening sockets */
	int local;
};

static struct outside make_outside(void)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct outside o = { .world.socket = "/scratch/listening" };
	socklen_t len = sizeof(in);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", o.world.socket);
	unlink(un.sun_path);
	o.local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	o.port = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(o.local, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    bind(o.port, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(o.port, (struct sockaddr *)&in, &len) < 0 ||
	    listen(o.local, 8) < 0 || listen(o.port, 8) < 0)
		err(1, "a socket to listen on");
	o.world.port = ntohs(in.sin_port);

	fflush(stdout);
	o.world.victim = fork();
	if (o.world.victim == 0)
		for (;;)
			pause();
	if (o.world.victim < 0)
		err(1, "fork");
	return o;
}

static bool has_connection(int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void must_write(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "%s", file);
	close(fd);
}

/* The directory that is descriptor 3. */
static void make_directory(void)
{
	if (mkdir("dir", 0755) < 0 && errno != EEXIST)
		err(1, "dir");
	if (mkdir("dir/sub", 0755) < 0 && errno != EEXIST)
		err(1, "dir/sub");
	must_write("dir/note", "note");
	must_write("dir/spare", "spare");
	if ((symlink("/etc/passwd", "dir/way-out") < 0 && errno != EEXIST) ||
	    (symlink("../note", "dir/sub/link") < 0 && errno != EEXIST))
		err(1, "symlink");
}

/* Descriptors 0 to 4 of the hostile code, put where it looks for them. */
static void inside_descriptors(const int fds[5], bool mode)
{
	int high[5], i;

	for (i = 0; i < 5; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
		if (high[i] < 0)
			err(127, "F_DUPFD");
	}
	for (i = 0; i < 5; i++)
		if (dup2(high[i], i) < 0)
			err(127, "dup2");
	syscall(__NR_close_range, 5, ~0U, 0);
	if (!mode)
		return;
	must_limit(0, CAP_READ, false);
	must_limit(1, CAP_WRITE, false);
	must_limit(2, CAP_WRITE, false);
	must_limit(INSIDE_DIR, CAP_LOOKUP | CAP_READ, false);
	must_limit(INSIDE_PROGRAM, CAP_FEXECVE, false);
}

/* Run the hostile code, and gather how each attempt went. */
static void run_inside(bool mode, const char *archive, const char *program,
		       int answers[])
{
	struct outside o = make_outside();
	char victim[16], port[16];
	char * const argv[] = { "demo", "--inside", victim, port,
				(char *)o.world.socket, NULL };
	struct inside_answer answer;
	int report[2], fds[5], status, i;
	ssize_t len;
	bool reached, local;
	pid_t pid;

	make_directory();
	snprintf(victim, sizeof(victim), "%d", o.world.victim);
	snprintf(port, sizeof(port), "%d", o.world.port);
	if (pipe2(report, O_CLOEXEC) < 0)
		err(1, "pipe");
	fds[0] = open(archive, O_RDONLY | O_CLOEXEC);
	fds[1] = open("unpacked3.tar", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	fds[2] = report[1];
	fds[3] = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[4] = open(program, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < 5; i++)
		if (fds[i] < 0)
			err(1, "what the hostile code is given");

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		inside_descriptors(fds, mode);
		if (mode)
			exec_in_mode("/proc/self/exe", argv, 4);
		execv("/proc/self/exe", argv);
		err(127, "execv");
	}
	for (i = 0; i < 5; i++)
		close(fds[i]);

	for (i = 0; i < inside_count; i++)
		answers[i] = -1;
	while ((len = read(report[0], &answer, sizeof(answer))) > 0) {
		if (len == sizeof(answer) && answer.attempt >= 0 &&
		    answer.attempt < inside_count)
			answers[answer.attempt] = answer.error;
		else /* It did not even start, and says why. */
			printf("%.*s", (int)len, (char *)&answer);
	}
	close(report[0]);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (status)
		failure("the hostile code ended with wait status 0x%x", status);

	/* What has become of the world. */
	reached = has_connection(o.port);
	local = has_connection(o.local);
	close(o.port);
	close(o.local);
	unlink(o.world.socket);
	if (reached == mode || local == mode)
		failure("%s from inside", mode ? "a connection came" :
			"no connection came");
	if (!access("dir/spare", F_OK) != mode)
		failure("the file to be unlinked is %s", mode ? "gone" : "there");
	i = waitpid(o.world.victim, &status, WNOHANG);
	if (!i != mode)
		failure("the process to be killed is %s", mode ? "dead" : "alive");
	if (!i) {
		kill(o.world.victim, SIGKILL);
		waitpid(o.world.victim, &status, 0);
	}
}

static void take_over(const char *archive, const char *program)
{
	int outside[inside_count], within[inside_count];
	int refused = 0, meant = 0, i;

	section("3. What needs no descriptor: capability mode");
	printf("  Now hostile code is started as the decompressor was: by descriptor, in\n"
	       "  capability mode, by root, with the same three descriptors and two more. 3 is a\n"
	       "  directory, CAP_LOOKUP and CAP_READ; 4 is a program, CAP_FEXECVE. The last\n"
	       "  column is the same code with the same descriptors, unlimited, outside the mode.\n\n");

	run_inside(false, archive, program, outside);
	run_inside(true, archive, program, within);

	printf("  %s%-32s %-12s %-31s %s%s\n", bold, "it tries", "answer",
	       "because it", "outside", plain);
	for (i = 0; i < inside_count; i++) {
		const struct inside_attempt *a = &inside_attempts[i];

		if (!a->error && i && inside_attempts[i - 1].error)
			printf("  %sand what is left to it%s\n", bold, plain);
		printf("  %-32s %s%-12s%s %-31s %s\n", a->what,
		       within[i] == a->error ? green : red,
		       within[i] ? error_name(within[i]) :
		       a->error ? "DONE" : "works", plain, a->why,
		       outside[i] ? error_name(outside[i]) : "works");
		if (within[i] != a->error)
			failure("the answer should be %s", error_name(a->error));
		if (outside[i])
			failure("it does not work outside either");
		meant += !!a->error;
		refused += a->error && within[i] == a->error;
	}
	printf("\n  %d attempts to get out, %d refused. The process to be killed is alive, the\n"
	       "  file to be removed is there, and nobody has connected.\n",
	       meant, refused);
}

static void find_rights(const char *archive, const char *sum, char **argv)
{
	struct job job = { .in = archive, .out = "unpacked2.tar", .argv = argv };
	int status;

	section("4. How to find what a program needs: Debian's xz, unmodified");
	printf("  It is linked dynamically, and its loader finds libraries by path: so it is run\n"
	       "  outside of capability mode. With the same rights, CAP_READ and CAP_WRITE:\n\n");
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
	/* See run_inside(). */
	if (argc == 5 && !strcmp(argv[1], "--inside"))
		return inside(&(struct inside){
			.victim = atoi(argv[2]),
			.port = atoi(argv[3]),
			.socket = argv[4],
		});

	if (argc < 4)
		errx(2, "usage: demo ARCHIVE.xz SHA256-OF-CONTENTS PROGRAM [ARG...]");
	if (getenv("DEMO_COLOR")) {
		bold = "\033[1m";
		green = "\033[32m";
		red = "\033[31m";
		plain = "\033[0m";
	}

	printf("\n%sDescriptors that hold%s\n\n"
	       "  A program that unpacks what strangers send needs to read one file and to write\n"
	       "  another. Here it gets just that, from the outside, and nobody asks the program.\n"
	       "  What it does not hold does not exist for it: it runs in capability mode.\n",
	       bold, plain);

	unpack_and_attack(argv[1], argv[2]);
	take_over(argv[1], argv[3]);
	find_rights(argv[1], argv[2], argv + 3);

	section("What it means");
	printf("  The limits sit on the descriptor, in the kernel. No privilege lifts them, they\n"
	       "  go along through dup, fork, exec and sockets, and there is no way back.\n"
	       "  Capability mode is of the process, and all that it starts, and ends with them:\n"
	       "  what is not reached by a descriptor is not reached. See\n"
	       "  Documentation/userspace-api/capsicum.rst.\n");

	if (failures) {
		printf("\n%s%d things went wrong.%s\n", red, failures, plain);
		return 1;
	}
	printf("\n%sThe work was done, and nothing got through.%s\n", green, plain);
	return 0;
}
