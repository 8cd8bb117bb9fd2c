// SPDX-License-Identifier: GPL-2.0
/*
 * Refusals are seen from outside: by the tracepoints capsicum:notcapable and
 * capsicum:capmode, and as audit records. Both tell what was refused to whom,
 * and neither tells of what was not refused.
 */
#include "refusal.h"
#include "sockets.h"

#include <linux/futex.h>
#include <linux/netlink.h>
#include <sys/mount.h>

/* ---- who is watched ---- */

#define MAX_STEPS	32

/**
 * struct watched - what a child is to try
 * @dir: An ordinary directory.
 * @file: A file that is limited to @held.
 * @held: Its rights.
 * @dir_cap: The directory, limited to look-ups.
 * @last: A capability without rights, whose read() closes the list.
 * @link: A symbolic link in the directory, to the root.
 * @fn: What the child does.
 * @mode: Whether it is in capability mode then.
 * @pid: Filled in: who it was.
 */
struct watched {
	int dir;
	int file;
	struct cap_rights held;
	int dir_cap;
	int last;
	char link[32];
	int (*fn)(struct watched *w);
	bool mode;
	pid_t *pid;
};

static int watched_child(void *arg)
{
	struct watched *w = arg;

	*w->pid = getpid();
	if (w->mode)
		STEP(!sys_cap_enter(0));
	return w->fn(w);
}

static int run_watched(struct watched *w, int (*fn)(struct watched *w),
		       bool mode)
{
	w->fn = fn;
	w->mode = mode;
	*w->pid = 0;
	return in_child(watched_child, w);
}

static int setup_watched(struct watched *w)
{
	int file = tmp_file(NULL, 16);

	w->pid = mmap(NULL, sizeof(*w->pid), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	STEP(w->pid != MAP_FAILED);
	STEP(file >= 0);
	rights_list(&w->held, RIGHTS(CAP_WRITE, CAP_FSTAT, CAP_EVENT));
	w->file = limit_set(file, &w->held);
	STEP(w->file >= 0);
	w->last = limit_list(file, NO_RIGHTS);
	STEP(w->last >= 0);
	close(file);
	w->dir = open_dir();
	STEP(w->dir >= 0);
	w->dir_cap = limit_to(w->dir, CAP_LOOKUP, CAP_READ);
	STEP(w->dir_cap >= 0);
	snprintf(w->link, sizeof(w->link), "capsicum-root.%d", getpid());
	STEP(!symlinkat("/", w->dir, w->link));
	return 0;
}

static void clean_watched(struct watched *w)
{
	if (w->link[0])
		unlinkat(w->dir, w->link, 0);
}

/* What the children do. */

static int lack_rights(struct watched *w)
{
	char c;

	STEP(RET(syscall(__NR_read, w->file, &c, 1)) == -ENOTCAPABLE);
	STEP(RET(syscall(__NR_fchmod, w->file, 0777)) == -ENOTCAPABLE);
	STEP(RET(syscall(__NR_ioctl, w->file, 0x5401, &c)) == -ENOTCAPABLE);
	return 0;
}

/* The link is met in a walk under RCU; it is asked for twice to be in the cache. */
#define WAYS_OUT	4

static int leave(int dir, const char *link)
{
	const char * const ways[WAYS_OUT] = { "..", "/", link, link };
	int i;

	for (i = 0; i < WAYS_OUT; i++)
		STEP(RET(syscall(__NR_openat, dir, ways[i], O_RDONLY)) ==
		     -ENOTCAPABLE);
	return 0;
}

static int leave_directory(struct watched *w)
{
	return leave(w->dir_cap, w->link);
}

static int leave_ordinary_directory(struct watched *w)
{
	return leave(w->dir, w->link);
}

static int at_the_door(struct watched *w)
{
	STEP(try_getcwd() == -ECAPMODE);
	return 0;
}

static int by_argument(struct watched *w)
{
	STEP(RET(syscall(__NR_kill, 1, 0)) == -ECAPMODE);
	STEP(RET(syscall(__NR_openat, AT_FDCWD, "/", O_RDONLY)) == -ECAPMODE);
	return 0;
}

static int trapped;

static void on_sigsys(int sig)
{
	__atomic_add_fetch(&trapped, 1, __ATOMIC_SEQ_CST);
}

/*
 * The owner of a futex is looked up under a spinlock. The process itself listens
 * as well; the read() closes the list.
 */
static int under_a_lock(struct watched *w)
{
	uint32_t word = getppid();
	char c;

	STEP(signal(SIGSYS, on_sigsys) != SIG_ERR);
	STEP(!prctl(PR_SET_CAPMODE_TRAP, 1, 0, 0, 0));
	STEP(RET(syscall(__NR_futex, &word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG,
			 0, NULL, NULL, 0)) == -ECAPMODE);
	STEP(__atomic_load_n(&trapped, __ATOMIC_SEQ_CST) == 1);
	STEP(RET(syscall(__NR_read, w->last, &c, 1)) == -ENOTCAPABLE);
	STEP(__atomic_load_n(&trapped, __ATOMIC_SEQ_CST) == 2);
	return 0;
}

static int by_int80(struct watched *w)
{
	STEP(int80(I386_NR_kill, 1, 0, 0, 0, 0, 0) == -ECAPMODE);
	return 0;
}

static int by_x32(struct watched *w)
{
	STEP(RET(syscall(X32_BIT | __NR_kill, 1, 0)) == -ECAPMODE);
	return 0;
}

/* The number is that of socketcall(2), whatever it stands for. */
static int by_socketcall(struct watched *w)
{
	struct arena *m = low_page();

	STEP(m);
	STEP(road_call(ROAD_SOCKETCALL, m, SYS_SOCKET, AF_NETLINK, SOCK_RAW, 0,
		       0, 0, 0) == -ECAPMODE);
	return 0;
}

static int by_worker(struct watched *w)
{
	struct io_uring_sqe sqe;
	struct ring ring;

	STEP(!ring_setup(&ring, 4, 0));
	sqe = sqe_openat(AT_FDCWD, "/", O_RDONLY);
	sqe.flags = IOSQE_ASYNC;
	STEP(ring_one(&ring, &sqe) == -ECAPMODE);
	sqe = sqe_openat(w->dir, "..", O_RDONLY);
	sqe.flags = IOSQE_ASYNC;
	STEP(ring_one(&ring, &sqe) == -ENOTCAPABLE);
	return 0;
}

/* Nothing that has to do with it, and at the end one that has. */
static int nothing_refused(struct watched *w)
{
	char c = 'x';

	STEP(write(w->file, &c, 1) == 1);
	STEP(RET(read(-1, &c, 1)) == -EBADF);
	STEP(RET(openat(w->dir, "not-there", O_RDONLY)) == -ENOENT);
	STEP(!kill(getpid(), 0));
	STEP(capmode_get() == w->mode);
	STEP(RET(syscall(__NR_read, w->last, &c, 1)) == -ENOTCAPABLE);
	return 0;
}

/* ---- tracepoints ---- */

struct event {
	bool notcapable;
	char comm[32];
	pid_t pid;
	int fd;
	struct cap_rights needed, held;
	unsigned int arch;
	int nr;
};

FIXTURE(trace) {
	struct watched w;
	char mnt[PATH_MAX];
	char instance[PATH_MAX + 32];
	unsigned int arch;
	struct event ev[MAX_STEPS];
};

static int put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 128];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = RET(open(path, O_WRONLY | O_TRUNC | O_CLOEXEC));
	if (fd < 0)
		return fd;
	ret = RET(write(fd, text, strlen(text)));
	close(fd);
	return ret < 0 ? ret : 0;
}

static FILE *get(const char *dir, const char *name)
{
	char path[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "re");
}

/* A trace of its own, so that it disturbs nobody's, nor they it. */
FIXTURE_SETUP(trace)
{
	int err;

	REQUIRE_CAPMODE();
	ASSERT_EQ(0, setup_watched(&self->w));
	self->arch = native_arch();
	ASSERT_NE(0, self->arch);

	snprintf(self->mnt, sizeof(self->mnt), "%s/capsicum.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(self->mnt));
	err = RET(mount("tracefs", self->mnt, "tracefs", 0, NULL));
	if (err) {
		rmdir(self->mnt);
		self->mnt[0] = 0;
	}
	if (err == -ENODEV)
		SKIP(return, "the kernel has no tracefs");
	if (err == -EPERM)
		SKIP(return, "mounting tracefs takes privilege");
	ASSERT_EQ(0, err);
	snprintf(self->instance, sizeof(self->instance), "%s/instances/capsicum",
		 self->mnt);
	/* One that was left behind by a test that broke off. */
	rmdir(self->instance);
	ASSERT_EQ(0, mkdir(self->instance, 0700));
	ASSERT_EQ(0, put(self->instance, "events/capsicum/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	clean_watched(&self->w);
	if (!self->mnt[0])
		return;
	put(self->instance, "events/capsicum/enable", "0");
	EXPECT_EQ(0, rmdir(self->instance));
	EXPECT_EQ(0, umount2(self->mnt, MNT_DETACH));
	rmdir(self->mnt);
}

static bool parse_event(const char *line, struct event *e)
{
	const char *cpu = strstr(line, " [");
	const char *p, *comm = line;
	size_t n;

	memset(e, 0, sizeof(*e));
	if (line[0] == '#' || !cpu)
		return false;
	for (p = cpu; p > line && p[-1] == ' '; p--)
		;
	while (p > line && p[-1] >= '0' && p[-1] <= '9')
		p--;
	e->pid = atoi(p);
	comm += strspn(comm, " ");
	n = p - comm;
	if (!n || n > sizeof(e->comm))
		return false;
	memcpy(e->comm, comm, n - 1);

	p = strstr(line, ": notcapable: ");
	if (p) {
		unsigned long long word[4];
		int used = 0;

		e->notcapable = true;
		if (sscanf(p, ": notcapable: fd=%d needed=0x%16llx,0x%16llx %n",
			   &e->fd, &word[0], &word[1], &used) != 3 || !used ||
		    sscanf(p + used, "held=0x%16llx,0x%16llx arch=%x nr=%d",
			   &word[2], &word[3], &e->arch, &e->nr) != 4)
			return false;
		e->needed.cr_rights[0] = word[0];
		e->needed.cr_rights[1] = word[1];
		e->held.cr_rights[0] = word[2];
		e->held.cr_rights[1] = word[3];
		return true;
	}
	p = strstr(line, ": capmode: ");
	return p && sscanf(p, ": capmode: arch=%x nr=%d", &e->arch,
			   &e->nr) == 2;
}

/*
 * The events of @pid, or with @worker those of its io_uring workers; returns
 * how many there were, or -1 when one was not to be understood.
 */
static int get_events(const char *instance, pid_t pid, bool worker,
		      struct event *ev)
{
	FILE *f = get(instance, "trace");
	char line[1024], name[32];
	struct event e;
	int n = 0;

	if (!f)
		return -1;
	snprintf(name, sizeof(name), "iou-wrk-%d", pid);
	while (n >= 0 && fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (!parse_event(line, &e))
			n = -1;
		else if ((worker ? !strcmp(e.comm, name) : e.pid == pid) &&
			 n < MAX_STEPS)
			ev[n++] = e;
	}
	fclose(f);
	return n;
}

#define GET_EVENTS(worker) \
	get_events(self->instance, *self->w.pid, worker, self->ev)

static const struct cap_rights no_set;

#define EXPECT_NOTCAPABLE(e, want_fd, want_needed, want_held, want_nr) do { \
	const struct event *__e = (e); \
	EXPECT_TRUE(__e->notcapable); \
	EXPECT_EQ(want_fd, __e->fd); \
	EXPECT_TRUE(rights_eq(want_needed, &__e->needed)) \
		TH_LOG("needed %#llx %#llx", \
		       (unsigned long long)__e->needed.cr_rights[0], \
		       (unsigned long long)__e->needed.cr_rights[1]); \
	EXPECT_TRUE(rights_eq(want_held, &__e->held)) \
		TH_LOG("held %#llx %#llx", \
		       (unsigned long long)__e->held.cr_rights[0], \
		       (unsigned long long)__e->held.cr_rights[1]); \
	EXPECT_EQ(want_nr, __e->nr); \
	EXPECT_EQ(self->arch, __e->arch); \
} while (0)

#define EXPECT_CAPMODE_EVENT(e, want_arch, want_nr) do { \
	const struct event *__e = (e); \
	EXPECT_FALSE(__e->notcapable); \
	EXPECT_EQ(want_nr, __e->nr); \
	EXPECT_EQ(want_arch, __e->arch); \
} while (0)

/* What tools read the binary records by. */
TEST_F(trace, formats)
{
	static const struct {
		const char *event;
		const char *field;
	} want[] = {
		{ "notcapable", "field:int fd;" },
		{ "notcapable", "field:u64 needed[" },
		{ "notcapable", "field:u64 held[" },
		{ "notcapable", "field:u32 arch;" },
		{ "notcapable", "field:int nr;" },
		{ "capmode", "field:u32 arch;" },
		{ "capmode", "field:int nr;" },
	};
	char name[64], text[8192];
	unsigned int i;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		FILE *f;

		snprintf(name, sizeof(name), "events/capsicum/%s/format",
			 want[i].event);
		f = get(self->instance, name);
		ASSERT_TRUE(!!f);
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = 0;
		EXPECT_TRUE(!!strstr(text, want[i].field))
			TH_LOG("%s has no '%s'", name, want[i].field);
	}
}

static void check_rights(struct __test_metadata *_metadata,
			 struct _test_data_trace *self, bool mode)
{
	struct cap_rights needed;

	ASSERT_EQ(0, run_watched(&self->w, lack_rights, mode));
	ASSERT_EQ(3, GET_EVENTS(false));
	rights_list(&needed, RIGHTS(CAP_READ));
	EXPECT_NOTCAPABLE(&self->ev[0], self->w.file, &needed, &self->w.held,
			  __NR_read);
	rights_list(&needed, RIGHTS(CAP_FCHMOD));
	EXPECT_NOTCAPABLE(&self->ev[1], self->w.file, &needed, &self->w.held,
			  __NR_fchmod);
	rights_list(&needed, RIGHTS(CAP_IOCTL));
	EXPECT_NOTCAPABLE(&self->ev[2], self->w.file, &needed, &self->w.held,
			  __NR_ioctl);
}

TEST_F(trace, rights)
{
	check_rights(_metadata, self, false);
}

TEST_F(trace, rights_in_capability_mode)
{
	check_rights(_metadata, self, true);
}

static void check_paths(struct __test_metadata *_metadata,
			struct _test_data_trace *self,
			int (*fn)(struct watched *w), bool mode, int dir)
{
	int i;

	ASSERT_EQ(0, run_watched(&self->w, fn, mode));
	ASSERT_EQ(WAYS_OUT, GET_EVENTS(false));
	for (i = 0; i < WAYS_OUT; i++) {
		/* No rights would have helped. */
		EXPECT_NOTCAPABLE(&self->ev[i], dir, &no_set, &no_set,
				  __NR_openat);
	}
}

TEST_F(trace, paths)
{
	check_paths(_metadata, self, leave_directory, false, self->w.dir_cap);
}

TEST_F(trace, paths_in_capability_mode)
{
	check_paths(_metadata, self, leave_directory, true, self->w.dir_cap);
}

TEST_F(trace, paths_of_ordinary_directories)
{
	check_paths(_metadata, self, leave_ordinary_directory, true,
		    self->w.dir);
}

TEST_F(trace, door)
{
	ASSERT_EQ(0, run_watched(&self->w, at_the_door, true));
	ASSERT_EQ(1, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], self->arch, __NR_getcwd);
}

TEST_F(trace, argument)
{
	ASSERT_EQ(0, run_watched(&self->w, by_argument, true));
	ASSERT_EQ(2, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], self->arch, __NR_kill);
	EXPECT_CAPMODE_EVENT(&self->ev[1], self->arch, __NR_openat);
}

TEST_F(trace, under_a_lock)
{
	struct cap_rights needed, none;

	ASSERT_EQ(0, run_watched(&self->w, under_a_lock, true));
	ASSERT_EQ(2, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], self->arch, __NR_futex);
	rights_list(&needed, RIGHTS(CAP_READ));
	rights_none(&none);
	EXPECT_NOTCAPABLE(&self->ev[1], self->w.last, &needed, &none,
			  __NR_read);
}

TEST_F(trace, int80)
{
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_int80, true));
	ASSERT_EQ(1, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], AUDIT_ARCH_I386, I386_NR_kill);
}

TEST_F(trace, x32)
{
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_x32, true));
	ASSERT_EQ(1, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], self->arch, X32_BIT | __NR_kill);
}

TEST_F(trace, socketcall)
{
	if (!road_there(ROAD_SOCKETCALL))
		SKIP(return, "no socketcall(2) beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_socketcall, true));
	ASSERT_EQ(1, GET_EVENTS(false));
	EXPECT_CAPMODE_EVENT(&self->ev[0], socketcall_arch(self->arch),
			     SOCKETCALL_NR);
}

/* A worker makes no system call, and is told by its name. */
TEST_F(trace, io_uring_worker)
{
	int i;

	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, run_watched(&self->w, by_worker, true));
	/* The trace knows its name once another has run after it. */
	for (i = 0; i < 6000 && GET_EVENTS(true) != 2; i++)
		usleep(10000);
	ASSERT_EQ(2, GET_EVENTS(true));
	EXPECT_CAPMODE_EVENT(&self->ev[0], 0, -1);
	EXPECT_TRUE(self->ev[1].notcapable);
	EXPECT_EQ(self->w.dir, self->ev[1].fd);
	EXPECT_EQ(0, self->ev[1].arch);
	EXPECT_EQ(-1, self->ev[1].nr);
	EXPECT_EQ(0, GET_EVENTS(false));
}

/* Each way to refuse a socket something, once; what works tells nothing. */
static const int socket_calls[] = {
	__NR_socket, __NR_socketpair, __NR_bind, __NR_connect, __NR_listen,
	__NR_sendto, __NR_sendmsg, __NR_sendmmsg, __NR_sendto, __NR_write,
	__NR_sendfile, __NR_setsockopt, __NR_getsockopt, __NR_ioctl,
	__NR_io_uring_enter, __NR_io_uring_enter,
};

static int refused_sockets(struct watched *w)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct iovec iov = { .iov_base = "d", .iov_len = 1 };
	struct mmsghdr m = {
		.msg_hdr = {
			.msg_name = &in,
			.msg_namelen = sizeof(in),
			.msg_iov = &iov,
			.msg_iovlen = 1,
		},
	};
	struct io_uring_sqe sqe;
	struct ring ring;
	int tcp, udp, file, sv[2], val = 0;
	socklen_t len = sizeof(val);
	off_t off = 0;

	tcp = socket(AF_INET, SOCK_STREAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	file = RET(syscall(__NR_memfd_create, "", 0));
	STEP(tcp >= 0 && udp >= 0 && file >= 0 && write(file, "d", 1) == 1);
	STEP(!ring_setup(&ring, 4, 0));

	STEP(RET(syscall(__NR_socket, AF_NETLINK, SOCK_RAW, 0)) == -ECAPMODE);
	STEP(RET(syscall(__NR_socketpair, AF_INET, SOCK_STREAM, 0, sv)) ==
	     -ECAPMODE);
	STEP(RET(syscall(__NR_bind, tcp, &in, sizeof(in))) == -ECAPMODE);
	STEP(RET(syscall(__NR_connect, tcp, &in, sizeof(in))) == -ECAPMODE);
	STEP(RET(syscall(__NR_listen, tcp, 1)) == -ECAPMODE);
	STEP(RET(syscall(__NR_sendto, udp, "d", 1, 0, &in, sizeof(in))) ==
	     -ECAPMODE);
	STEP(RET(syscall(__NR_sendmsg, udp, &m.msg_hdr, 0)) == -ECAPMODE);
	STEP(RET(syscall(__NR_sendmmsg, udp, &m, 1, 0)) == -ECAPMODE);
	/* Without an address, but it would get one. */
	STEP(RET(syscall(__NR_sendto, udp, "d", 1, 0, NULL, 0)) == -ECAPMODE);
	STEP(RET(syscall(__NR_write, udp, "d", 1)) == -ECAPMODE);
	STEP(RET(syscall(__NR_sendfile, udp, file, &off, 1)) == -ECAPMODE);
	STEP(RET(syscall(__NR_setsockopt, udp, SOL_SOCKET, SO_BINDTODEVICE,
			 "lo", 3)) == -ECAPMODE);
	STEP(RET(syscall(__NR_getsockopt, udp, SOL_SOCKET, 77, &val, &len)) ==
	     -ECAPMODE);
	STEP(RET(syscall(__NR_ioctl, udp, SIOCGIFCONF, &val)) == -ECAPMODE);
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND,
		.fd = udp,
		.addr = (uintptr_t)"d",
		.len = 1,
		.addr2 = (uintptr_t)&in,
		.addr_len = sizeof(in),
	};
	STEP(ring_one(&ring, &sqe) == -ECAPMODE);
	sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.fd = tcp,
		.addr = (uintptr_t)&in,
		.off = sizeof(in),
	};
	STEP(ring_one(&ring, &sqe) == -ECAPMODE);

	/* Not refused: isatty(3), options, and what a pair can do. */
	STEP(!isatty(udp) && errno == ENOTTY);
	val = 1;
	STEP(!setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &val, sizeof(val)));
	STEP(!socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	STEP(!setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &val, sizeof(val)));
	STEP(send(sv[0], "d", 1, 0) == 1);
	STEP(RET(send(tcp, "d", 1, MSG_NOSIGNAL)) == -EPIPE);
	return 0;
}

TEST_F(trace, sockets)
{
	unsigned int i;

	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, run_watched(&self->w, refused_sockets, true));
	ASSERT_EQ(ARRAY_SIZE(socket_calls), GET_EVENTS(false));
	for (i = 0; i < ARRAY_SIZE(socket_calls); i++)
		EXPECT_CAPMODE_EVENT(&self->ev[i], self->arch, socket_calls[i]);
}

static void check_nothing(struct __test_metadata *_metadata,
			  struct _test_data_trace *self, bool mode)
{
	struct cap_rights needed, none;

	ASSERT_EQ(0, run_watched(&self->w, nothing_refused, mode));
	/* Just the one that shows that events would have come. */
	ASSERT_EQ(1, GET_EVENTS(false));
	rights_list(&needed, RIGHTS(CAP_READ));
	rights_none(&none);
	EXPECT_NOTCAPABLE(&self->ev[0], self->w.last, &needed, &none,
			  __NR_read);
}

TEST_F(trace, nothing_refused)
{
	check_nothing(_metadata, self, false);
	check_nothing(_metadata, self, true);
}

TEST_F(trace, switched_off)
{
	ASSERT_EQ(0, put(self->instance, "events/capsicum/enable", "0"));
	ASSERT_EQ(0, run_watched(&self->w, lack_rights, true));
	EXPECT_EQ(0, GET_EVENTS(false));
	/* Each on its own. */
	ASSERT_EQ(0, put(self->instance, "events/capsicum/capmode/enable",
			 "1"));
	ASSERT_EQ(0, run_watched(&self->w, lack_rights, true));
	EXPECT_EQ(0, GET_EVENTS(false));
	ASSERT_EQ(0, run_watched(&self->w, at_the_door, true));
	EXPECT_EQ(1, GET_EVENTS(false));
}

/* ---- audit ---- */

/* Longer than the longest record (audit's own limit). */
#define RECORD	9000

FIXTURE(audit) {
	struct watched w;
	unsigned int arch;
	int control;
	int log;
	unsigned int was_enabled;
	char exe[PATH_MAX];
	char record[RECORD];
};

static int audit_send(int sock, int type, const void *data, size_t len)
{
	static unsigned int seq;
	struct {
		struct nlmsghdr h;
		char data[sizeof(struct audit_status)];
	} m = {
		.h.nlmsg_len = NLMSG_LENGTH(len),
		.h.nlmsg_type = type,
		.h.nlmsg_flags = NLM_F_REQUEST | (len ? NLM_F_ACK : 0),
		.h.nlmsg_seq = ++seq,
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (len)
		memcpy(m.data, data, len);
	return RET(sendto(sock, &m, m.h.nlmsg_len, 0,
			  (struct sockaddr *)&kernel, sizeof(kernel)));
}

/*
 * A question (without @len) is answered with data, or an error; everything else
 * is acknowledged.
 */
static int audit_ask(int sock, int type, const void *in, size_t len,
		     struct audit_status *status)
{
	union {
		struct nlmsghdr h;
		char buf[RECORD];
	} m;
	int n = audit_send(sock, type, in, len);

	while (n >= 0) {
		n = RET(recv(sock, &m, sizeof(m), 0));
		if (n < 0)
			break;
		if (m.h.nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(&m.h))->error;
		if (m.h.nlmsg_type == type && status) {
			n -= NLMSG_HDRLEN;
			memset(status, 0, sizeof(*status));
			memcpy(status, NLMSG_DATA(&m.h),
			       n < (int)sizeof(*status) ? n : sizeof(*status));
			return 0;
		}
	}
	return n;
}

static int audit_enable(int sock, unsigned int enabled)
{
	struct audit_status s = {
		.mask = AUDIT_STATUS_ENABLED,
		.enabled = enabled,
	};

	return audit_ask(sock, AUDIT_SET, &s, sizeof(s), NULL);
}

FIXTURE_SETUP(audit)
{
	struct sockaddr_nl group = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1),
	};
	struct audit_status s = {};
	int size = 1 << 20, err;

	self->control = -1;
	REQUIRE_CAPMODE();
	ASSERT_EQ(0, setup_watched(&self->w));
	self->arch = native_arch();
	ASSERT_NE(0, self->arch);
	ASSERT_LT(0, readlink("/proc/self/exe", self->exe,
			      sizeof(self->exe) - 1));

	self->log = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			       NETLINK_AUDIT));
	if (self->log == -EPROTONOSUPPORT)
		SKIP(return, "the kernel has no CONFIG_AUDIT");
	ASSERT_LE(0, self->log);
	setsockopt(self->log, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	err = RET(bind(self->log, (struct sockaddr *)&group, sizeof(group)));
	if (err == -EPERM)
		SKIP(return, "reading the audit log takes privilege");
	ASSERT_EQ(0, err);
	self->control = RET(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				   NETLINK_AUDIT));
	ASSERT_LE(0, self->control);
	err = audit_ask(self->control, AUDIT_GET, NULL, 0, &s);
	if (!err && s.enabled == 2)
		err = -EPERM;
	if (err == -EPERM || err == -ECONNREFUSED) {
		self->control = -1;
		SKIP(return, "audit cannot be switched from here");
	}
	ASSERT_EQ(0, err);
	self->was_enabled = s.enabled;
	ASSERT_EQ(0, audit_enable(self->control, 1));
}

FIXTURE_TEARDOWN(audit)
{
	clean_watched(&self->w);
	if (self->control >= 0)
		EXPECT_EQ(0, audit_enable(self->control, self->was_enabled));
}

/* The value of "key=" in a record, up to the next space; "" without one. */
static const char *field(const char *record, const char *key, char *out,
			 size_t size)
{
	char want[32];
	const char *p;
	size_t n;

	snprintf(want, sizeof(want), " %s=", key);
	p = strstr(record, want);
	*out = 0;
	if (!p)
		return out;
	p += strlen(want);
	n = strcspn(p, " ");
	if (n >= size)
		n = size - 1;
	memcpy(out, p, n);
	out[n] = 0;
	return out;
}

/* The next record of ours about @pid; waits until there is one. */
static int next_record(int sock, pid_t pid, char *record)
{
	union {
		struct nlmsghdr h;
		char buf[RECORD];
	} m;
	char have[32], want[32];
	int n;

	snprintf(want, sizeof(want), "%d", pid);
	for (;;) {
		n = RET(recv(sock, &m, sizeof(m) - 1, 0));
		if (n < 0)
			return n;
		m.buf[n] = 0;
		if (m.h.nlmsg_type != AUDIT_CAPSICUM)
			continue;
		snprintf(record, RECORD, "%s", (char *)NLMSG_DATA(&m.h));
		if (!strcmp(want, field(record, "pid", have, sizeof(have))))
			return 0;
	}
}

#define NEXT_RECORD() \
	ASSERT_EQ(0, next_record(self->log, *self->w.pid, self->record))

#define EXPECT_FIELD(key, fmt, ...) do { \
	char __want[PATH_MAX + 2], __have[PATH_MAX + 2]; \
	snprintf(__want, sizeof(__want), fmt, ##__VA_ARGS__); \
	EXPECT_STREQ(__want, field(self->record, key, __have, \
				   sizeof(__have))) \
		TH_LOG("record: %s", self->record); \
} while (0)

#define EXPECT_RIGHTS_FIELD(key, set) do { \
	const struct cap_rights *__set = (set); \
	EXPECT_FIELD(key, "0x%016llx,0x%016llx", \
		     (unsigned long long)__set->cr_rights[0], \
		     (unsigned long long)__set->cr_rights[1]); \
} while (0)

#define EXPECT_RECORD(op, want_arch, nr, error) do { \
	EXPECT_FIELD("op", op); \
	EXPECT_FIELD("arch", "%x", want_arch); \
	EXPECT_FIELD("syscall", "%d", (int)(nr)); \
	EXPECT_FIELD("errno", "%d", error); \
	EXPECT_FIELD("uid", "%u", getuid()); \
	EXPECT_FIELD("exe", "\"%s\"", self->exe); \
	EXPECT_FIELD("res", "0"); \
} while (0)

static void check_audit_rights(struct __test_metadata *_metadata,
			       struct _test_data_audit *self, bool mode)
{
	struct cap_rights needed;

	ASSERT_EQ(0, run_watched(&self->w, lack_rights, mode));
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", self->arch, __NR_read, ENOTCAPABLE);
	EXPECT_FIELD("fd", "%d", self->w.file);
	rights_list(&needed, RIGHTS(CAP_READ));
	EXPECT_RIGHTS_FIELD("needed", &needed);
	EXPECT_RIGHTS_FIELD("held", &self->w.held);
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", self->arch, __NR_fchmod, ENOTCAPABLE);
	rights_list(&needed, RIGHTS(CAP_FCHMOD));
	EXPECT_RIGHTS_FIELD("needed", &needed);
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", self->arch, __NR_ioctl, ENOTCAPABLE);
}

TEST_F(audit, rights)
{
	check_audit_rights(_metadata, self, false);
}

TEST_F(audit, rights_in_capability_mode)
{
	check_audit_rights(_metadata, self, true);
}

TEST_F(audit, paths)
{
	int i;

	ASSERT_EQ(0, run_watched(&self->w, leave_directory, false));
	for (i = 0; i < WAYS_OUT; i++) {
		NEXT_RECORD();
		EXPECT_RECORD("notcapable", self->arch, __NR_openat,
			      ENOTCAPABLE);
		EXPECT_FIELD("fd", "%d", self->w.dir_cap);
		EXPECT_RIGHTS_FIELD("needed", &no_set);
		EXPECT_RIGHTS_FIELD("held", &no_set);
	}
}

TEST_F(audit, door)
{
	ASSERT_EQ(0, run_watched(&self->w, at_the_door, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", self->arch, __NR_getcwd, ECAPMODE);
	EXPECT_FIELD("fd", "%s", "");
}

TEST_F(audit, argument)
{
	ASSERT_EQ(0, run_watched(&self->w, by_argument, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", self->arch, __NR_kill, ECAPMODE);
	NEXT_RECORD();
	EXPECT_RECORD("capmode", self->arch, __NR_openat, ECAPMODE);
}

TEST_F(audit, int80)
{
	if (!have_int80())
		SKIP(return, "no 32-bit gate beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_int80, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", AUDIT_ARCH_I386, I386_NR_kill, ECAPMODE);
}

TEST_F(audit, x32)
{
	if (!have_x32())
		SKIP(return, "no x32 beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_x32, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", self->arch, X32_BIT | __NR_kill, ECAPMODE);
}

TEST_F(audit, socketcall)
{
	if (!road_there(ROAD_SOCKETCALL))
		SKIP(return, "no socketcall(2) beside this ABI");
	ASSERT_EQ(0, run_watched(&self->w, by_socketcall, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", socketcall_arch(self->arch), SOCKETCALL_NR,
		      ECAPMODE);
}

/* One record for each, as complete as elsewhere. */
TEST_F(audit, under_a_lock)
{
	ASSERT_EQ(0, run_watched(&self->w, under_a_lock, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", self->arch, __NR_futex, ECAPMODE);
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", self->arch, __NR_read, ENOTCAPABLE);
	EXPECT_FIELD("fd", "%d", self->w.last);
}

/* By pid it is the process; the name tells that it was a worker. */
TEST_F(audit, io_uring_worker)
{
	if (!have_io_uring())
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, run_watched(&self->w, by_worker, true));
	NEXT_RECORD();
	EXPECT_RECORD("capmode", 0, -1, ECAPMODE);
	EXPECT_FIELD("comm", "\"iou-wrk-%d\"", *self->w.pid);
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", 0, -1, ENOTCAPABLE);
}

/* The first record is of the last step: there was none for the others. */
TEST_F(audit, nothing_refused)
{
	struct cap_rights none;

	rights_none(&none);
	ASSERT_EQ(0, run_watched(&self->w, nothing_refused, true));
	NEXT_RECORD();
	EXPECT_RECORD("notcapable", self->arch, __NR_read, ENOTCAPABLE);
	EXPECT_FIELD("fd", "%d", self->w.last);
	EXPECT_RIGHTS_FIELD("held", &none);
}

/* Of one process, so that the records would come in this order. */
TEST_F(audit, switched_off)
{
	char c;

	*self->w.pid = getpid();
	ASSERT_EQ(0, audit_enable(self->control, 0));
	EXPECT_EQ(-ENOTCAPABLE, RET(read(self->w.file, &c, 1)));
	ASSERT_EQ(0, audit_enable(self->control, 1));
	EXPECT_EQ(-ENOTCAPABLE, RET(read(self->w.last, &c, 1)));
	NEXT_RECORD();
	EXPECT_FIELD("fd", "%d", self->w.last);
}

TEST_HARNESS_MAIN
