// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capexec: programs that are linked dynamically.
 *
 * Their loader, and the libraries, are paths, which capability mode refuses. So
 * the loader itself is executed by descriptor, and what it opens by path is
 * answered by a process outside: a seccomp filter hands over each openat() that
 * begins at the current directory or at the root, and it is answered with a
 * descriptor, or else goes on to what capability mode says of it.
 *
 * The program is in capability mode before its loader's first instruction. When
 * the process outside is gone, or any of this goes wrong, the calls fail: nothing
 * but the listed files can be had by it.
 *
 * Which files these are, the loader is asked first, with "--list", which runs it
 * the same way. The process outside keeps them open: whatever happens to their
 * names later, these are what the loader gets, to be read and mapped, and as often
 * as it asked for them the first time. When a program begins whose loader has
 * asked for no more than it needs, none is left for it.
 *
 * The list is the loader's, and what the loader looks for is the program file's to
 * say: by any path, and a library that audits runs while it lists. So who has
 * written that file can have any shared object that its starter can read, and
 * learn of any path whether it leads to something.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capexec.h"

#define MAX_SERVED	1024	/* no program has as many libraries */

/* Flags of openat(2) that ask for no more than to read. */
#define HARMLESS_FLAGS	(O_CLOEXEC | O_NOCTTY | O_NONBLOCK | REAL_LARGEFILE)

/* O_LARGEFILE, which the C library hides where long has 64 bits. */
#if defined(__aarch64__) || defined(__arm__)
#define REAL_LARGEFILE	0400000
#elif defined(__powerpc__)
#define REAL_LARGEFILE	0200000
#else
#define REAL_LARGEFILE	0100000
#endif

/* openat() in each ABI that a program of this machine can call. */
static const struct {
	unsigned int arch;
	unsigned int nr;
} openat_calls[] = {
#if defined(__x86_64__) || defined(__i386__)
	{ AUDIT_ARCH_X86_64, 257 },
	{ AUDIT_ARCH_X86_64, 0x40000000 | 257 },
	{ AUDIT_ARCH_I386, 295 },
#elif defined(__aarch64__) || defined(__arm__)
	{ AUDIT_ARCH_AARCH64, 56 },
	{ AUDIT_ARCH_ARM, 322 },
#elif defined(__riscv)
	{ AUDIT_ARCH_RISCV64, 56 },
	{ AUDIT_ARCH_RISCV32, 56 },
#elif defined(__s390x__)
	{ AUDIT_ARCH_S390X, 288 },
#elif defined(__powerpc64__) && __BYTE_ORDER == __LITTLE_ENDIAN
	{ AUDIT_ARCH_PPC64LE, 286 },
#else
	{ 0, ~0U },
#endif
};

/**
 * struct served - what the loader is told about a path
 * @path: the path, as the loader spells it
 * @fd: the file, or -1
 * @error: what it is told when there is none
 * @left: how often it is still told
 */
struct served {
	char *path;
	int fd;
	int error;
	unsigned int left;
};

static struct served served[MAX_SERVED];
static size_t nserved;

static struct seccomp_notif_sizes sizes;

static struct served *find(const char *path)
{
	size_t i;

	for (i = 0; i < nserved; i++)
		if (!strcmp(served[i].path, path))
			return &served[i];
	return NULL;
}

static struct served *remember(const char *path, int fd, int error)
{
	if (nserved == MAX_SERVED)
		fail(EXIT_FAILED, 0,
		     "the loader asks for too many files: more than %d",
		     MAX_SERVED);
	served[nserved].path = not_null(strdup(path));
	served[nserved].fd = fd;
	served[nserved].error = error;
	return &served[nserved++];
}

/* ---- the side of the program ---- */

#define PER_CALL	8
#define IS_BIG_ENDIAN	(__BYTE_ORDER == __BIG_ENDIAN)

/* From here on, openat() of this process by path waits for who has the listener. */
static int listen_on_self(void)
{
	const struct sock_filter allow =
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_filter code[COUNT(openat_calls) * PER_CALL + 1], *next = code;
	const unsigned int low = IS_BIG_ENDIAN ? 4 : 0;
	struct sock_fprog filter = {
		.len = COUNT(code),
		.filter = code,
	};
	size_t i;
	int fd;

	for (i = 0; i < COUNT(openat_calls); i++) {
		const struct sock_filter one[PER_CALL] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, arch)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				 openat_calls[i].arch, 0, 6),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				 openat_calls[i].nr, 0, 4),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, args[0]) + low),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				 (unsigned int)AT_FDCWD, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
			allow,
		};

		memcpy(next, one, sizeof(one));
		next += PER_CALL;
	}
	*next = allow;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail(EXIT_FAILED, errno, "no_new_privs");
	fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER |
		     SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter);
	if (fd < 0 && errno == EBUSY)
		fail(EXIT_FAILED, 0,
		     "the files of dynamic programs cannot be served: somebody listens to the system calls of this process already");
	if (fd < 0)
		fail(EXIT_FAILED, errno, "no seccomp listener");
	return fd;
}

/* ---- the side that answers ---- */

static int send_message(int sock, int fd, pid_t pid)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { &pid, sizeof(pid) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == sizeof(pid) ? 0 : -1;
}

static int receive_message(int sock, int *fd, pid_t *pid)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { pid, sizeof(*pid) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*pid))
		return -1;
	if (!fd)
		return 0;
	if (!msg.msg_controllen || control.align.cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(fd, CMSG_DATA(&control.align), sizeof(*fd));
	return 0;
}

/* A string of the process that waits; false when there is none. */
static bool read_path(int listener, const struct seccomp_notif *req,
		      char *path, size_t size)
{
	uint64_t addr = req->data.args[1];
	size_t len = 0, page = sysconf(_SC_PAGESIZE), n, i;
	char name[32];
	ssize_t got;
	int mem;

	snprintf(name, sizeof(name), "/proc/%u/mem", req->pid);
	mem = open(name, O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		return false;
	/* It is the memory of who asked only if that still waits. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req->id)) {
		close(mem);
		return false;
	}
	/* Page by page: the next one need not be there. */
	while (len < size) {
		n = page - (addr + len) % page;
		if (n > size - len)
			n = size - len;
		got = pread(mem, path + len, n, addr + len);
		if (got <= 0)
			break;
		for (i = 0; i < (size_t)got; i++) {
			if (!path[len + i]) {
				close(mem);
				return true;
			}
		}
		len += got;
	}
	close(mem);
	return false;
}

/* Both classes begin alike. */
#define HEADER_SIZE	((ssize_t)offsetof(Elf32_Ehdr, e_machine))

/*
 * What the loader may learn of: a file it can load, or its own list of those. Not
 * other ELF files: a core dump, or /proc/kcore, is one that holds secrets.
 */
static bool for_loaders(const char *path, int fd)
{
	Elf32_Ehdr header;

	if (!strcmp(path, "/etc/ld.so.cache"))
		return true;
	return pread(fd, &header, HEADER_SIZE, 0) == HEADER_SIZE &&
	       !memcmp(header.e_ident, ELFMAG, SELFMAG) &&
	       header.e_type == ET_DYN;
}

/*
 * Looks first and opens then: opening a device may do things, and so may reading
 * what has no size, such as the log of the kernel.
 */
static struct served *learn(const char *path)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1, error = errno;
	struct stat st;

	if (place >= 0) {
		error = EACCES;
		if (!fstat(place, &st) && S_ISREG(st.st_mode) &&
		    st.st_size >= HEADER_SIZE)
			fd = open_again(place, O_RDONLY | O_NONBLOCK);
		close(place);
		if (fd >= 0 && !for_loaders(path, fd)) {
			close(fd);
			fd = -1;
		}
	}
	return remember(path, fd, error);
}

/* A descriptor of a served file, for the program; -1 when it cannot be. */
static int hand_out(const struct served *s)
{
	cap_rights_t rights;
	int fd = open_again(s->fd, O_RDONLY);

	if (fd < 0)
		return -1;
	cap_rights_init(&rights, CAP_READ, CAP_SEEK, CAP_FSTAT, CAP_MMAP_RX);
	if (!cap_rights_limit(fd, &rights))
		return fd;
	close(fd);
	return -1;
}

static void answer(int listener, const struct seccomp_notif *req,
		   struct seccomp_notif_resp *resp, bool learning)
{
	struct seccomp_notif_addfd add = {
		.id = req->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.newfd_flags = O_CLOEXEC,
	};
	struct served *s = NULL;
	char path[PATH_MAX];
	int fd, sent = -1;

	memset(resp, 0, sizes.seccomp_notif_resp);
	resp->id = req->id;
	/* Capability mode refuses it. */
	resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;

	if (!((unsigned int)req->data.args[2] & ~HARMLESS_FLAGS) &&
	    read_path(listener, req, path, sizeof(path))) {
		s = find(path);
		if (!s && learning)
			s = learn(path);
	}
	if (s && !learning && !s->left)
		s = NULL;
	if (s && s->fd >= 0) {
		fd = hand_out(s);
		if (fd >= 0) {
			add.srcfd = fd;
			sent = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
			close(fd);
		}
		if (sent >= 0) {
			s->left += learning ? 1 : -1;
			return;
		}
	} else if (s) {
		resp->flags = 0;
		resp->error = -s->error;
		s->left += learning ? 1 : -1;
	}
	/* It may have been killed meanwhile. */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, resp);
}

/* Until nobody is left who could ask. */
static void serve(int listener, bool learning)
{
	struct pollfd wait = { .fd = listener, .events = POLLIN };
	struct seccomp_notif_resp *resp;
	struct seccomp_notif *req;

	req = not_null(malloc(sizes.seccomp_notif));
	resp = not_null(malloc(sizes.seccomp_notif_resp));
	for (;;) {
		if (poll(&wait, 1, -1) < 0)
			continue;
		if (!(wait.revents & POLLIN))
			break;
		memset(req, 0, sizes.seccomp_notif);
		if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, req))
			answer(listener, req, resp, learning);
	}
	free(req);
	free(resp);
}

static void prepare(int sock[2])
{
	if (openat_calls[0].nr == ~0U)
		fail(EXIT_FAILED, 0,
		     "dynamic programs cannot be started on this architecture");
	if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		fail(EXIT_FAILED, errno, "no seccomp listeners");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		fail(EXIT_FAILED, errno, "socketpair");
}

/* ---- asking the loader ---- */

/* In a child: the loader with "--list", in capability mode, and nothing else. */
static void list_files(const struct program *p, char **env, int sock)
{
	char *argv[4] = { (char *)p->name, "--list", p->path };
	int listener, null = open("/dev/null", O_RDWR | O_CLOEXEC), loader;
	cap_rights_t rights;
	unsigned int stay[4];
	int fd, error;

	listener = listen_on_self();
	if (send_message(sock, listener, getpid()))
		fail(EXIT_FAILED, errno, "sendmsg");
	loader = fcntl(p->loader_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	cap_rights_init(&rights, CAP_READ, CAP_WRITE, CAP_FSTAT);
	if (null < 0 || loader < 0 || cap_rights_limit(null, &rights))
		fail(EXIT_FAILED, errno, "/dev/null");
	/*
	 * Standard error for what the loader has to say, when there is one: what
	 * closes on exec has got its number here.
	 */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fd == STDERR_FILENO && !fcntl(fd, F_GETFD))
			continue;
		if (dup2(null, fd) < 0 || fcntl(fd, F_SETFD, 0) < 0)
			fail(EXIT_FAILED, errno, "/dev/null");
	}
	cap_rights_init(&rights, CAP_WRITE);
	error = cap_rights_limit(STDERR_FILENO, &rights) ? errno : 0;
	/* Not even that: it is limited to other things. */
	if (error == ENOTCAPABLE) {
		CAP_NONE(&rights);
		error = cap_rights_limit(STDERR_FILENO, &rights) ? errno : 0;
	}
	if (error)
		fail(EXIT_FAILED, error, "standard error cannot be limited");
	stay[0] = STDIN_FILENO;
	stay[1] = STDOUT_FILENO;
	stay[2] = STDERR_FILENO;
	stay[3] = loader;
	close_others(stay, COUNT(stay));
	if (cap_enter())
		fail(EXIT_FAILED, errno, "capability mode cannot be entered");
	syscall(__NR_execveat, loader, "", argv, env, AT_EMPTY_PATH);
	fail(EXIT_CANNOT, errno, "%s", p->loader);
}

void serve_learn(const struct program *p, char **env)
{
	int sock[2], listener, status;
	pid_t child, pid;

	prepare(sock);
	remember(p->path, p->fd, 0);
	child = fork();
	if (child < 0)
		fail(EXIT_FAILED, errno, "fork");
	if (!child)
		list_files(p, env, sock[1]);
	close(sock[1]);
	if (!receive_message(sock[0], &listener, &pid)) {
		serve(listener, true);
		close(listener);
	}
	close(sock[0]);
	if (waitpid(child, &status, 0) != child)
		fail(EXIT_FAILED, errno, "waitpid");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	/* The child has said why. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED)
		exit(EXIT_FAILED);
	fail(EXIT_CANNOT, 0, "%s: the loader %s cannot load it", p->name,
	     p->loader);
}

/* ---- serving a program ---- */

static void server(int sock)
{
	unsigned int *stay = not_null(calloc(nserved + 1, sizeof(*stay)));
	size_t i, n = 0;
	sigset_t all;
	int listener;
	pid_t pid;

	/* What ends the program, by a terminal for one, is not to end this. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "capexec-serve", 0, 0, 0);
	if (chdir("/"))
		_exit(EXIT_FAILED);
	for (i = 0; i < nserved; i++)
		if (served[i].fd >= 0)
			stay[n++] = served[i].fd;
	stay[n++] = sock;
	close_others(stay, n);
	free(stay);

	if (send_message(sock, -1, getpid()) ||
	    receive_message(sock, &listener, &pid) ||
	    send_message(sock, -1, getpid()))
		_exit(EXIT_FAILED);
	close(sock);
	serve(listener, false);
	_exit(EXIT_SUCCESS);
}

void serve_start(void)
{
	int sock[2], listener, status;
	pid_t between, pid;

	prepare(sock);
	/* Not a child of the program, which would wonder about it. */
	between = fork();
	if (between < 0)
		fail(EXIT_FAILED, errno, "fork");
	if (!between) {
		pid = fork();
		if (!pid)
			server(sock[1]);
		_exit(pid < 0);
	}
	close(sock[1]);
	if (waitpid(between, &status, 0) != between || status ||
	    receive_message(sock[0], NULL, &pid))
		fail(EXIT_FAILED, 0, "the process that is to serve files cannot be started");
	/* Where Yama asks for it: the other one reads paths out of this process. */
	(void)prctl(PR_SET_PTRACER, pid, 0, 0, 0);
	listener = listen_on_self();
	if (send_message(sock[0], listener, getpid()) ||
	    receive_message(sock[0], NULL, &pid))
		fail(EXIT_FAILED, 0, "the process that is to serve files has died");
	close(listener);
	close(sock[0]);
}

char **loader_argv(const struct program *p, char **argv)
{
	size_t n = 0;
	char **new;

	while (argv[n])
		n++;
	new = not_null(calloc(n + 4, sizeof(*new)));
	new[0] = argv[0];
	new[1] = "--argv0";
	new[2] = argv[0];
	new[3] = p->path;
	memcpy(new + 4, argv + 1, n * sizeof(*argv));
	return new;
}
