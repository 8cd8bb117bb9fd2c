// SPDX-License-Identifier: GPL-2.0
/*
 * What hostile code tries that runs where the decompressor ran: in capability
 * mode, with the descriptors that it was given. The same is run outside of the
 * mode too, with the same descriptors, unlimited: there everything works.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include "inside.h"

#ifndef P_PIDFD
#define P_PIDFD		3
#endif

#define SECRET		"/etc/passwd"

static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

/* A new descriptor is what it was about; it is of no further use. */
static int opened(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/*
 * Run something in a child; what it returns is handed on by way of the exit
 * status. There is no waiting for a process by its number in capability mode:
 * the child comes with a descriptor.
 */
static int in_child(int (*what)(void))
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	siginfo_t info = {};
	int error;
	long pid;

	pid = syscall(__NR_clone3, &args, sizeof(args));
	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(what());
	error = result(waitid(P_PIDFD, pidfd, &info, WEXITED));
	close(pidfd);
	return error ?: info.si_code == CLD_EXITED ? info.si_status : EINTR;
}

/* Files */

static int try_open(const struct inside *world)
{
	(void)world;
	return opened(open(SECRET, O_RDONLY));
}

static int try_open_cwd(const struct inside *world)
{
	(void)world;
	return opened(openat(AT_FDCWD, ".", O_RDONLY));
}

static int try_open_absolute(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, SECRET, O_RDONLY));
}

static int try_open_parent(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "..", O_RDONLY));
}

static int try_open_beside(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "sub/../../source.tar.xz", O_RDONLY));
}

static int try_open_link(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "way-out", O_RDONLY));
}

static int try_write_note(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "note", O_RDWR));
}

static int try_unlink(const struct inside *world)
{
	(void)world;
	return result(unlinkat(INSIDE_DIR, "spare", 0));
}

/* The name is in a ring in memory, where no system call filter can look. */
static int try_io_uring(const struct inside *world)
{
	struct io_uring_params p = {};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *ring, *sqes;
	size_t size;
	int fd, error;

	(void)world;
	fd = syscall(__NR_io_uring_setup, 1, &p);
	if (fd < 0)
		return errno;
	size = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
	if (size < p.cq_off.cqes + p.cq_entries * sizeof(*cqe))
		size = p.cq_off.cqes + p.cq_entries * sizeof(*cqe);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqes == MAP_FAILED) {
		error = errno;
		close(fd);
		return error;
	}

	sqe = (struct io_uring_sqe *)sqes;
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uintptr_t)SECRET;
	sqe->open_flags = O_RDONLY;
	*(uint32_t *)(ring + p.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(ring + p.sq_off.tail), 1,
			 __ATOMIC_RELEASE);
	error = result(syscall(__NR_io_uring_enter, fd, 1, 1,
			       IORING_ENTER_GETEVENTS, NULL, 0));
	if (!error) {
		cqe = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
		if (cqe->res < 0)
			error = -cqe->res;
		else
			close(cqe->res);
	}
	munmap(ring, size);
	munmap(sqes, p.sq_entries * sizeof(*sqe));
	close(fd);
	return error;
}

#ifdef __x86_64__
/* The other door of this machine, where open has the number 5. */
static int try_int80(const struct inside *world)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long ret = 5;

	(void)world;
	if (low == MAP_FAILED)
		return errno;
	memcpy(low, SECRET, sizeof(SECRET));
	__asm__ volatile ("int $0x80"
			  : "+a" (ret)
			  : "b" (low), "c" (O_RDONLY), "d" (0)
			  : "r8", "r9", "r10", "r11", "memory");
	munmap(low, 4096);
	if ((int)ret < 0)
		return -(int)ret;
	close(ret);
	return 0;
}
#endif

static int try_getcwd(const struct inside *world)
{
	char here[4096];

	(void)world;
	return result(syscall(__NR_getcwd, here, sizeof(here)));
}

static int try_chdir(const struct inside *world)
{
	(void)world;
	return result(chdir("/"));
}

/* Programs */

static int exec_by_path(void)
{
	char * const argv[] = { "busybox", "true", NULL };

	execv("/bin/busybox", argv);
	return errno;
}

static int try_exec(const struct inside *world)
{
	(void)world;
	return in_child(exec_by_path);
}

static int exec_dynamic(void)
{
	char * const argv[] = { "program", "--version", NULL };
	char * const none[] = { NULL };
	int null = open("/dev/null", O_WRONLY);

	/* Quiet, where it works; capability mode does not open this either. */
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	syscall(__NR_execveat, INSIDE_PROGRAM, "", argv, none, AT_EMPTY_PATH);
	return errno;
}

static int try_exec_dynamic(const struct inside *world)
{
	(void)world;
	return in_child(exec_dynamic);
}

/* Sockets */

static int connect_to(int family, const void *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM, 0);
	int error;

	if (fd < 0)
		return errno;
	error = result(connect(fd, address, len));
	close(fd);
	return error;
}

static int try_connect(const struct inside *world)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(world->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return connect_to(AF_INET, &to, sizeof(to));
}

static int try_connect_local(const struct inside *world)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world->socket);
	return connect_to(AF_UNIX, &to, sizeof(to));
}

static int try_sendto(const struct inside *world)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(world->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int error;

	if (fd < 0)
		return errno;
	error = result(sendto(fd, "x", 1, 0, (struct sockaddr *)&to,
			      sizeof(to)));
	close(fd);
	return error;
}

static int try_listen(const struct inside *world)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error;

	(void)world;
	if (fd < 0)
		return errno;
	error = result(listen(fd, 1));
	close(fd);
	return error;
}

static int try_netlink(const struct inside *world)
{
	(void)world;
	return opened(socket(AF_NETLINK, SOCK_RAW, 0));
}

/* Other processes, and what all of them share */

static int try_ptrace(const struct inside *world)
{
	return result(ptrace(PTRACE_SEIZE, world->victim, NULL, NULL));
}

static int try_pidfd(const struct inside *world)
{
	return opened(syscall(__NR_pidfd_open, world->victim, 0));
}

static int try_prlimit(const struct inside *world)
{
	struct rlimit limit;

	return result(prlimit(world->victim, RLIMIT_NOFILE, NULL, &limit));
}

static int try_kill(const struct inside *world)
{
	return result(kill(world->victim, SIGKILL));
}

static int try_kill_all(const struct inside *world)
{
	(void)world;
	return result(kill(-1, 0));
}

static int try_shm(const struct inside *world)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	(void)world;
	if (id < 0)
		return errno;
	return result(shmctl(id, IPC_RMID, NULL));
}

static int unshare_user(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int try_unshare(const struct inside *world)
{
	(void)world;
	return in_child(unshare_user);
}

static int try_hostname(const struct inside *world)
{
	char name[65];

	(void)world;
	if (gethostname(name, sizeof(name)) < 0)
		return errno;
	return result(sethostname(name, strlen(name)));
}

/* What is left: that which names nothing, or only what was given. */

static int try_below(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "note", O_RDONLY));
}

static int try_below_up(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "sub/../note", O_RDONLY));
}

static int try_below_link(const struct inside *world)
{
	(void)world;
	return opened(openat(INSIDE_DIR, "sub/link", O_RDONLY));
}

static int try_kill_self(const struct inside *world)
{
	(void)world;
	return result(kill(getpid(), 0));
}

static int nothing(void)
{
	return 0;
}

static int try_child(const struct inside *world)
{
	(void)world;
	return in_child(nothing);
}

static int try_memory(const struct inside *world)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);
	int error;

	(void)world;
	if (fd < 0)
		return errno;
	error = result(write(fd, "x", 1));
	close(fd);
	return error;
}

static int try_socketpair(const struct inside *world)
{
	int pair[2], error;

	(void)world;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return errno;
	error = result(write(pair[0], "x", 1));
	close(pair[0]);
	close(pair[1]);
	return error;
}

const struct inside_attempt inside_attempts[] = {
	{ "open(\"/etc/passwd\")", ECAPMODE,
	  "names a file by path", try_open },
	{ "openat(AT_FDCWD, \".\")", ECAPMODE,
	  "was not given this directory", try_open_cwd },
	{ "io_uring: open(\"/etc/passwd\")", ECAPMODE,
	  "so does this, in memory", try_io_uring },
#ifdef __x86_64__
	{ "int 0x80: open(\"/etc/passwd\")", ECAPMODE,
	  "and this, by its 32-bit number", try_int80 },
#endif
	{ "openat(3, \"/etc/passwd\")", ENOTCAPABLE,
	  "does not begin at 3", try_open_absolute },
	{ "openat(3, \"..\")", ENOTCAPABLE,
	  "leaves directory 3", try_open_parent },
	{ "openat(3, \"sub/../../source...\")", ENOTCAPABLE,
	  "leaves it on the way", try_open_beside },
	{ "openat(3, \"way-out\"), a link", ENOTCAPABLE,
	  "leaves it by the link", try_open_link },
	{ "openat(3, \"note\", O_RDWR)", ENOTCAPABLE,
	  "3 has no CAP_WRITE", try_write_note },
	{ "unlinkat(3, \"spare\")", ENOTCAPABLE,
	  "3 has no CAP_UNLINKAT", try_unlink },
	{ "getcwd()", ECAPMODE,
	  "tells of what was not given", try_getcwd },
	{ "chdir(\"/\")", ECAPMODE,
	  "names a directory by path", try_chdir },
	{ "execve(\"/bin/busybox\")", ECAPMODE,
	  "names a program by path", try_exec },
	{ "execveat(4), linked dynamically", ECAPMODE,
	  "names its loader by path", try_exec_dynamic },
	{ "connect to a port of 127.0.0.1", ECAPMODE,
	  "an address from inside", try_connect },
	{ "connect to a local socket", ECAPMODE,
	  "names a socket by path", try_connect_local },
	{ "sendto(..., 127.0.0.1)", ECAPMODE,
	  "an address from inside", try_sendto },
	{ "listen() without bind()", ECAPMODE,
	  "would take a port", try_listen },
	{ "socket(AF_NETLINK)", ECAPMODE,
	  "configures the system", try_netlink },
	{ "ptrace(PTRACE_SEIZE, another)", ECAPMODE,
	  "names a process", try_ptrace },
	{ "pidfd_open(another)", ECAPMODE,
	  "names a process", try_pidfd },
	{ "prlimit(another)", ECAPMODE,
	  "names a process", try_prlimit },
	{ "kill(another, SIGKILL)", ECAPMODE,
	  "names a process", try_kill },
	{ "kill(-1, 0)", ECAPMODE,
	  "names all processes", try_kill_all },
	{ "shmget(), System V", ECAPMODE,
	  "names shared memory by number", try_shm },
	{ "unshare(CLONE_NEWUSER)", ECAPMODE,
	  "would gain privilege inside", try_unshare },
	{ "sethostname()", ECAPMODE,
	  "changes the system", try_hostname },
	{ "openat(3, \"note\")", 0,
	  "is below 3, CAP_READ", try_below },
	{ "openat(3, \"sub/../note\")", 0,
	  "stays below 3", try_below_up },
	{ "openat(3, \"sub/link\") -> ../note", 0,
	  "stays below 3", try_below_link },
	{ "kill(getpid(), 0)", 0,
	  "is itself", try_kill_self },
	{ "clone3(), waitid(P_PIDFD)", 0,
	  "a child, by descriptor", try_child },
	{ "memfd_create(), write()", 0,
	  "its own memory", try_memory },
	{ "socketpair(), write()", 0,
	  "talks to itself", try_socketpair },
};

const int inside_count = ARRAY_SIZE(inside_attempts);

/**
 * inside - try all of it, and write an answer for each to standard error
 * @world: what there is outside
 *
 * Return: the exit status.
 */
int inside(const struct inside *world)
{
	int i;

	for (i = 0; i < inside_count; i++) {
		struct inside_answer answer = {
			.attempt = i,
			.error = inside_attempts[i].try(world),
		};

		if (write(STDERR_FILENO, &answer, sizeof(answer)) !=
		    sizeof(answer))
			return 1;
	}
	return 0;
}
