// SPDX-License-Identifier: GPL-2.0
/*
 * epoll(7): the rights of its descriptor and of what it waits for, and what is
 * kept when these change.
 */
#include "capmode.h"

#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE	(1U << 28)
#endif
#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2	(CAP_NR_BASE + 441)
#endif

/* For C library headers that are older than the kernel's. */
struct ep_params {
	uint32_t busy_poll_usecs;
	uint16_t busy_poll_budget;
	uint8_t prefer_busy_poll;
	uint8_t pad;
};

#define EP_SET_PARAMS	_IOW(0x8A, 0x01, struct ep_params)
#define EP_GET_PARAMS	_IOR(0x8A, 0x02, struct ep_params)

#define AT_FD	100	/* a number that nothing else has */

static int ep_ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return RET(epoll_ctl(ep, op, fd, &ev));
}

/* What there is to be waited for, without waiting: the data of it, or -errno. */
static int ep_look(int ep)
{
	struct epoll_event ev = {};
	int n = RET(epoll_wait(ep, &ev, 1, 0));

	return n > 0 ? (int)ev.data.u64 : n;
}

/* A digest of the items that an epoll has. */
static uint64_t ep_items(int ep)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	char name[64], line[256];
	FILE *f;
	int i;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ep);
	f = fopen(name, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "tfd:", 4))
			continue;
		for (i = 0; line[i]; i++)
			MIX(h, line[i]);
	}
	fclose(f);
	return h;
}

FIXTURE(events)
{
	int ep;
	int rd;
	int wr;
	uint64_t empty;
};

/* An epoll without items, and a pipe that holds a byte. */
FIXTURE_SETUP(events)
{
	int two[2];

	REQUIRE_CAPSICUM();
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
	ASSERT_EQ(0, pipe2(two, O_CLOEXEC | O_NONBLOCK));
	self->rd = two[0];
	self->wr = two[1];
	ASSERT_EQ(1, write(self->wr, "x", 1));
	self->empty = ep_items(self->ep);
	ASSERT_NE(0, self->empty);
}

FIXTURE_TEARDOWN(events)
{
	close(self->ep);
	close(self->rd);
	close(self->wr);
}

struct ctx {
	int ep;
	int rd;
	int wr;
	uint32_t events;
};

/* ---- the epoll's own descriptor ---- */

static void without_item(void *arg)
{
	struct ctx *c = arg;

	ep_ctl(c->ep, EPOLL_CTL_DEL, c->rd, 0, 0);
}

static void with_item(void *arg)
{
	struct ctx *c = arg;

	ep_ctl(c->ep, EPOLL_CTL_ADD, c->rd, EPOLLIN, 1);
	ep_ctl(c->ep, EPOLL_CTL_MOD, c->rd, EPOLLIN, 1);
}

static uint64_t items(void *arg)
{
	struct ctx *c = arg;

	return ep_items(c->ep);
}

static int op_add(int fd, void *arg)
{
	struct ctx *c = arg;
	int err = ep_ctl(fd, EPOLL_CTL_ADD, c->rd, EPOLLIN, 7);

	return err ? err : ep_look(c->ep) - 7;
}

static int op_mod(int fd, void *arg)
{
	struct ctx *c = arg;
	int err = ep_ctl(fd, EPOLL_CTL_MOD, c->rd, EPOLLIN, 8);

	return err ? err : ep_look(c->ep) - 8;
}

static int op_del(int fd, void *arg)
{
	struct ctx *c = arg;
	int err = ep_ctl(fd, EPOLL_CTL_DEL, c->rd, 0, 0);

	return err ? err : -ep_look(c->ep);
}

static int op_unknown(int fd, void *arg)
{
	struct ctx *c = arg;

	return ep_ctl(fd, 77, c->rd, EPOLLIN, 0);
}

TEST_F(events, ctl)
{
	struct ctx c = { .ep = self->ep, .rd = self->rd, .wr = self->wr };

	RIGHTS_OP(self->ep, .name = "add", .op = op_add, .ctx = &c,
		  .rights = RIGHTS(CAP_EPOLL_CTL), .prepare = without_item,
		  .state = items);
	RIGHTS_OP(self->ep, .name = "modify", .op = op_mod, .ctx = &c,
		  .rights = RIGHTS(CAP_EPOLL_CTL), .prepare = with_item,
		  .state = items);
	RIGHTS_OP(self->ep, .name = "delete", .op = op_del, .ctx = &c,
		  .rights = RIGHTS(CAP_EPOLL_CTL), .prepare = with_item,
		  .state = items);
	RIGHTS_OP(self->ep, .name = "unknown", .op = op_unknown, .ctx = &c,
		  .rights = RIGHTS(CAP_EPOLL_CTL), .want = -EINVAL);
}

/* Rights come before every other error, EBADF of the own descriptor excepted. */
TEST_F(events, errors)
{
	int file = tmp_file(NULL, 1), cap, path, gone;

	ASSERT_LE(0, file);
	/* A number that the next descriptor does not get. */
	gone = fcntl(self->rd, F_DUPFD, 500);
	ASSERT_LE(500, gone);
	close(gone);

	cap = limit_all_but(self->ep, CAP_EPOLL_CTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(cap, EPOLL_CTL_ADD, gone, EPOLLIN, 0));
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(cap, EPOLL_CTL_ADD, cap, EPOLLIN, 0));
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(cap, EPOLL_CTL_ADD, file, EPOLLIN, 0));
	close(cap);
	cap = limit_to(self->ep, CAP_EPOLL_CTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EBADF, ep_ctl(cap, EPOLL_CTL_ADD, gone, EPOLLIN, 0));
	EXPECT_EQ(-EPERM, ep_ctl(cap, EPOLL_CTL_ADD, file, EPOLLIN, 0));
	EXPECT_EQ(-ENOENT, ep_ctl(cap, EPOLL_CTL_MOD, self->rd, EPOLLIN, 0));
	EXPECT_EQ(-ENOENT, ep_ctl(cap, EPOLL_CTL_DEL, self->rd, EPOLLIN, 0));
	close(cap);
	EXPECT_EQ(-EBADF, ep_ctl(cap, EPOLL_CTL_ADD, self->rd, EPOLLIN, 0));

	/* What is no epoll, and what cannot be waited for. */
	cap = limit_to(self->wr, CAP_EPOLL_CTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EINVAL, ep_ctl(cap, EPOLL_CTL_ADD, self->rd, EPOLLIN, 0));
	close(cap);
	cap = limit_all_but(file, CAP_EVENT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(self->ep, EPOLL_CTL_ADD, cap, EPOLLIN, 0));
	EXPECT_EQ(-EPERM, ep_ctl(self->ep, EPOLL_CTL_DEL, cap, EPOLLIN, 0));
	close(cap);

	/* An O_PATH descriptor is no file here, limited or not. */
	path = open(tmp_dir(), O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	cap = limit_all(path);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EBADF, ep_ctl(self->ep, EPOLL_CTL_ADD, path, EPOLLIN, 0));
	EXPECT_EQ(-EBADF, ep_ctl(self->ep, EPOLL_CTL_ADD, cap, EPOLLIN, 0));
	EXPECT_EQ(-EBADF, ep_ctl(self->ep, EPOLL_CTL_DEL, cap, EPOLLIN, 0));
	EXPECT_EQ(-EBADF, ep_ctl(cap, EPOLL_CTL_ADD, self->rd, EPOLLIN, 0));
	EXPECT_EQ(-EBADF, ep_look(cap));
	EXPECT_EQ(self->empty, ep_items(self->ep));
}

static int op_wait(int fd, void *arg)
{
	return ep_look(fd);
}

static int op_pwait(int fd, void *arg)
{
	struct epoll_event ev;
	sigset_t none;

	sigemptyset(&none);
	return RET(epoll_pwait(fd, &ev, 1, 0, &none));
}

static int op_pwait2(int fd, void *arg)
{
	struct epoll_event ev;
	long long ts[2] = {};

	return RET(syscall(__NR_epoll_pwait2, fd, &ev, 1, ts, NULL, 8));
}

#ifdef SYS_epoll_wait
static int op_wait_number(int fd, void *arg)
{
	struct epoll_event ev;

	return RET(syscall(SYS_epoll_wait, fd, &ev, 1, 0));
}
#endif

TEST_F(events, wait)
{
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, self->rd, EPOLLIN, 1));
	RIGHTS_OP(self->ep, .name = "epoll_wait", .op = op_wait,
		  .rights = RIGHTS(CAP_EVENT));
	RIGHTS_OP(self->ep, .name = "epoll_pwait", .op = op_pwait,
		  .rights = RIGHTS(CAP_EVENT));
	RIGHTS_OP(self->ep, .name = "epoll_pwait2", .op = op_pwait2,
		  .rights = RIGHTS(CAP_EVENT));
#ifdef SYS_epoll_wait
	RIGHTS_OP(self->ep, .name = "epoll_wait by number",
		  .op = op_wait_number, .rights = RIGHTS(CAP_EVENT));
#endif
	/* Something came, and what is no epoll still is none. */
	EXPECT_EQ(1, ep_look(self->ep));
	RIGHTS_OP(self->rd, .name = "epoll_wait on a pipe", .op = op_wait,
		  .rights = RIGHTS(CAP_EVENT), .want = -EINVAL);
}

/* An edge that has not been told stays there when nobody may be told. */
TEST_F(events, refused_wait_takes_nothing)
{
	int cap = limit_all_but(self->ep, CAP_EVENT);

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, self->rd,
			    EPOLLIN | EPOLLONESHOT, 3));
	EXPECT_EQ(-ENOTCAPABLE, ep_look(cap));
	EXPECT_EQ(3, ep_look(self->ep));
	EXPECT_EQ(0, ep_look(self->ep));
}

TEST_F(events, ioctl)
{
	struct ep_params p = {};
	const unsigned int get = EP_GET_PARAMS, set = EP_SET_PARAMS;
	int all = RET(ioctl(self->ep, EP_GET_PARAMS, &p));
	struct cap_rights rights;
	int cap;

	if (all)
		SKIP(return, "no EPIOCGPARAMS (%d)", all);
	rights_list(&rights, RIGHTS(CAP_IOCTL));
	cap = limit_sub(self->ep, &rights, 0, 1, &get);
	ASSERT_LE(0, cap);
	EXPECT_EQ(0, RET(ioctl(cap, EP_GET_PARAMS, &p)));
	p.busy_poll_usecs = 5;
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, EP_SET_PARAMS, &p)));
	EXPECT_EQ(0, ioctl(self->ep, EP_GET_PARAMS, &p));
	EXPECT_EQ(0, p.busy_poll_usecs);
	close(cap);
	cap = limit_sub(self->ep, &rights, 0, 1, &set);
	ASSERT_LE(0, cap);
	p.busy_poll_usecs = 5;
	EXPECT_EQ(0, RET(ioctl(cap, EP_SET_PARAMS, &p)));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, EP_GET_PARAMS, &p)));
	close(cap);
	EXPECT_EQ(0, ioctl(self->ep, EP_GET_PARAMS, &p));
	EXPECT_EQ(5, p.busy_poll_usecs);
	cap = limit_all_but(self->ep, CAP_IOCTL);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(cap, EP_GET_PARAMS, &p)));
}

/* ---- what is waited for ---- */

/* A new epoll in the place of the old one: items of closed numbers stay. */
static void fresh(void *arg)
{
	struct ctx *c = arg;
	int ep = epoll_create1(EPOLL_CLOEXEC);

	dup2(ep, c->ep);
	close(ep);
}

static int op_target_add(int fd, void *arg)
{
	struct ctx *c = arg;
	int err = ep_ctl(c->ep, EPOLL_CTL_ADD, fd, c->events, 7);

	return err ? err : ep_look(c->ep) - 7;
}

TEST_F(events, target_add)
{
	struct ctx c = {
		.ep = self->ep, .rd = self->rd, .wr = self->wr,
		.events = EPOLLIN,
	};

	RIGHTS_OP(self->rd, .name = "add", .op = op_target_add, .ctx = &c,
		  .rights = RIGHTS(CAP_EVENT), .prepare = fresh,
		  .state = items);
	c.events = EPOLLIN | EPOLLET | EPOLLONESHOT;
	RIGHTS_OP(self->rd, .name = "add, once", .op = op_target_add, .ctx = &c,
		  .rights = RIGHTS(CAP_EVENT), .prepare = fresh,
		  .state = items);
	c.events = EPOLLIN | EPOLLWAKEUP;
	RIGHTS_OP(self->rd, .name = "add, keeps awake", .op = op_target_add,
		  .ctx = &c, .rights = RIGHTS(CAP_EVENT), .prepare = fresh,
		  .state = items);
	c.events = EPOLLIN | EPOLLEXCLUSIVE;
	RIGHTS_OP(self->rd, .name = "add, exclusive", .op = op_target_add,
		  .ctx = &c, .rights = RIGHTS(CAP_EVENT), .prepare = fresh,
		  .state = items);
}

/*
 * The item is of the file and the number, whatever the limits: add by @first,
 * change and delete by what stands at the same number then.
 */
TEST_F(events, item_by_capability_and_without)
{
	int cap = limit_to(self->rd, CAP_EVENT);
	int bare = limit_all_but(self->rd, CAP_EVENT);
	int i;
	const int by[2] = { self->rd, cap };

	ASSERT_LE(0, cap);
	ASSERT_LE(0, bare);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(AT_FD, dup2(by[i], AT_FD));
		ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD, EPOLLIN, 1));
		ASSERT_EQ(AT_FD, dup2(by[!i], AT_FD));
		EXPECT_EQ(-EEXIST, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD,
					  EPOLLIN, 2));
		EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_MOD, AT_FD, EPOLLIN, 3));
		EXPECT_EQ(3, ep_look(self->ep));
		/* To wait takes the right, to wait no longer none. */
		ASSERT_EQ(AT_FD, dup2(bare, AT_FD));
		EXPECT_EQ(-ENOTCAPABLE, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD,
					       EPOLLIN, 4));
		EXPECT_EQ(-ENOTCAPABLE, ep_ctl(self->ep, EPOLL_CTL_MOD, AT_FD,
					       EPOLLIN, 4));
		EXPECT_EQ(3, ep_look(self->ep));
		EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
		EXPECT_EQ(0, ep_look(self->ep));
		EXPECT_EQ(-ENOENT, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
		EXPECT_EQ(self->empty, ep_items(self->ep));

		ASSERT_EQ(AT_FD, dup2(by[i], AT_FD));
		ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD, EPOLLIN, 1));
		ASSERT_EQ(AT_FD, dup2(by[!i], AT_FD));
		EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
		EXPECT_EQ(self->empty, ep_items(self->ep));
	}

	/* No right at all is enough to delete. */
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD, EPOLLIN, 1));
	bare = limit_list(self->rd, NO_RIGHTS);
	ASSERT_LE(0, bare);
	ASSERT_EQ(AT_FD, dup2(bare, AT_FD));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
	EXPECT_EQ(self->empty, ep_items(self->ep));

	/* Another file at the number is another item, limited or not. */
	ASSERT_EQ(AT_FD, dup2(cap, AT_FD));
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD, EPOLLIN, 1));
	ASSERT_EQ(AT_FD, dup2(self->wr, AT_FD));
	EXPECT_EQ(-ENOENT, ep_ctl(self->ep, EPOLL_CTL_MOD, AT_FD, EPOLLIN, 2));
	EXPECT_EQ(-ENOENT, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
	EXPECT_EQ(1, ep_look(self->ep));
	close(AT_FD);
}

/* Two capabilities of one file, at two numbers: two items. */
TEST_F(events, two_items)
{
	int one = limit_to(self->rd, CAP_EVENT);
	int two = limit_to(self->rd, CAP_EVENT, CAP_READ);
	struct epoll_event ev[3];

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, one, EPOLLIN, 1));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, two, EPOLLIN, 2));
	EXPECT_EQ(-EEXIST, ep_ctl(self->ep, EPOLL_CTL_ADD, two, EPOLLIN, 3));
	EXPECT_EQ(2, epoll_wait(self->ep, ev, 3, 0));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_DEL, one, 0, 0));
	EXPECT_EQ(2, ep_look(self->ep));
}

TEST_F(events, exclusive)
{
	int cap = limit_to(self->rd, CAP_EVENT);
	int bare = limit_all_but(self->rd, CAP_EVENT);
	int inner = epoll_create1(EPOLL_CLOEXEC), nested;

	ASSERT_LE(0, cap);
	ASSERT_LE(0, bare);
	ASSERT_LE(0, inner);
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(self->ep, EPOLL_CTL_MOD, bare,
				       EPOLLIN | EPOLLEXCLUSIVE, 1));
	EXPECT_EQ(-EINVAL, ep_ctl(self->ep, EPOLL_CTL_MOD, cap,
				  EPOLLIN | EPOLLEXCLUSIVE, 1));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, cap,
			    EPOLLIN | EPOLLEXCLUSIVE, 1));
	EXPECT_EQ(-EINVAL, ep_ctl(self->ep, EPOLL_CTL_MOD, cap, EPOLLIN, 2));
	EXPECT_EQ(1, ep_look(self->ep));
	/* An epoll is one through a capability, too. */
	nested = limit_to(inner, CAP_EVENT);
	ASSERT_LE(0, nested);
	EXPECT_EQ(-EINVAL, ep_ctl(self->ep, EPOLL_CTL_ADD, nested,
				  EPOLLIN | EPOLLEXCLUSIVE, 1));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, nested, EPOLLIN, 1));
}

/* Limiting is not closing: what is registered stays, as it does after dup(). */
TEST_F(events, stays_after_limiting)
{
	struct cap_rights none;
	char c;

	rights_none(&none);
	ASSERT_EQ(AT_FD, dup2(self->rd, AT_FD));
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, AT_FD, EPOLLIN, 1));
	ASSERT_EQ(0, limit_fd(AT_FD, &none));
	EXPECT_EQ(1, ep_look(self->ep));
	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(self->ep, EPOLL_CTL_MOD, AT_FD,
				       EPOLLIN | EPOLLOUT, 2));
	EXPECT_EQ(1, ep_look(self->ep));
	/* It tells of what happens later. */
	ASSERT_EQ(1, read(self->rd, &c, 1));
	EXPECT_EQ(0, ep_look(self->ep));
	ASSERT_EQ(1, write(self->wr, "y", 1));
	EXPECT_EQ(1, ep_look(self->ep));
	EXPECT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_DEL, AT_FD, 0, 0));
	EXPECT_EQ(self->empty, ep_items(self->ep));

	/* The same for the epoll itself. */
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, self->rd, EPOLLIN, 1));
	ASSERT_EQ(AT_FD, dup2(self->ep, AT_FD));
	ASSERT_EQ(0, limit_fd(AT_FD, &none));
	EXPECT_EQ(-ENOTCAPABLE, ep_look(AT_FD));
	EXPECT_EQ(1, ep_look(self->ep));
	close(AT_FD);
}

/* An item goes with the last descriptor of the file, limited or not. */
TEST_F(events, goes_with_the_file)
{
	int cap = limit_to(self->rd, CAP_EVENT);
	int second = limit_to(self->rd, CAP_READ);

	ASSERT_LE(0, cap);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, cap, EPOLLIN, 1));
	close(self->rd);
	EXPECT_EQ(1, ep_look(self->ep));
	close(cap);
	EXPECT_EQ(1, ep_look(self->ep));
	EXPECT_NE(self->empty, ep_items(self->ep));
	close(second);
	EXPECT_EQ(0, ep_look(self->ep));
	EXPECT_EQ(self->empty, ep_items(self->ep));

	/* The other end is there, and so is what went with it. */
	cap = limit_to(self->wr, CAP_EVENT);
	ASSERT_LE(0, cap);
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, cap, EPOLLERR, 2));
	EXPECT_EQ(2, ep_look(self->ep));
}

/* A capability of an epoll that is closed leaves the epoll as it is. */
TEST_F(events, closing_a_capability)
{
	int cap = limit_to(self->ep, CAP_EVENT, CAP_EPOLL_CTL);

	ASSERT_LE(0, cap);
	ASSERT_EQ(0, ep_ctl(cap, EPOLL_CTL_ADD, self->rd, EPOLLIN, 1));
	close(cap);
	EXPECT_EQ(1, ep_look(self->ep));
	/* And one that is the last is enough to keep it. */
	cap = limit_to(self->ep, CAP_EVENT);
	ASSERT_LE(0, cap);
	close(self->ep);
	EXPECT_EQ(1, ep_look(cap));
	close(cap);
}

TEST_F(events, wakes)
{
	int ep = limit_to(self->ep, CAP_EVENT);
	int rd = limit_to(self->rd, CAP_EVENT);
	struct epoll_event ev = {};
	pid_t child;
	char c;

	ASSERT_LE(0, ep);
	ASSERT_LE(0, rd);
	ASSERT_EQ(1, read(self->rd, &c, 1));
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, rd, EPOLLIN, 1));
	ASSERT_EQ(0, ep_look(ep));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(write(self->wr, "y", 1) != 1);
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, -1));
	EXPECT_EQ(1, ev.data.u64);
	EXPECT_TRUE(child_ok(child));
}

/* ---- an epoll in an epoll ---- */

TEST_F(events, nested)
{
	int outer = epoll_create1(EPOLL_CLOEXEC);
	int inner = limit_to(self->ep, CAP_EVENT);
	int bare = limit_all_but(self->ep, CAP_EVENT);
	int look;
	char c;

	ASSERT_LE(0, outer);
	ASSERT_LE(0, inner);
	ASSERT_LE(0, bare);
	look = limit_to(outer, CAP_EVENT);
	ASSERT_LE(0, look);

	EXPECT_EQ(-ENOTCAPABLE, ep_ctl(outer, EPOLL_CTL_ADD, bare, EPOLLIN, 1));
	EXPECT_EQ(0, ep_ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 1));
	EXPECT_EQ(0, ep_look(look));
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, self->rd, EPOLLIN, 2));
	EXPECT_EQ(1, ep_look(look));
	EXPECT_EQ(2, ep_look(inner));
	RIGHTS_OP(outer, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT));
	RIGHTS_OP(self->ep, .name = "poll", .op = op_poll_in,
		  .rights = RIGHTS(CAP_EVENT));
	ASSERT_EQ(1, read(self->rd, &c, 1));
	EXPECT_EQ(0, ep_look(look));
}

/* Neither itself nor a loop, whichever way the epolls are named. */
TEST_F(events, loops)
{
	int other = epoll_create1(EPOLL_CLOEXEC);
	int self_cap = limit_to(self->ep, CAP_EVENT, CAP_EPOLL_CTL);
	int self_two = limit_to(self->ep, CAP_EVENT);
	int other_cap;
	int s[3] = { self->ep, self_cap, self_two }, o[2];
	unsigned int i, j;

	ASSERT_LE(0, other);
	ASSERT_LE(0, self_cap);
	ASSERT_LE(0, self_two);
	other_cap = limit_to(other, CAP_EVENT, CAP_EPOLL_CTL);
	ASSERT_LE(0, other_cap);
	o[0] = other;
	o[1] = other_cap;
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 3; j++)
			EXPECT_EQ(-EINVAL, ep_ctl(s[i], EPOLL_CTL_ADD, s[j],
						  EPOLLIN, 0));
	}
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 2; j++) {
			EXPECT_EQ(0, ep_ctl(s[i], EPOLL_CTL_ADD, o[j],
					    EPOLLIN, 0));
			EXPECT_EQ(-ELOOP, ep_ctl(other, EPOLL_CTL_ADD, self->ep,
						 EPOLLIN, 0));
			EXPECT_EQ(-ELOOP, ep_ctl(other_cap, EPOLL_CTL_ADD,
						 self_two, EPOLLIN, 0));
			EXPECT_EQ(-ELOOP, ep_ctl(other, EPOLL_CTL_ADD,
						 self_cap, EPOLLIN, 0));
			EXPECT_EQ(0, ep_ctl(s[i], EPOLL_CTL_DEL, o[j], 0, 0));
		}
	}
	EXPECT_EQ(self->empty, ep_items(self->ep));
}

/* ---- io_uring's operation ---- */

static int uring_ctl(struct ring *r, unsigned int flags, int ep, int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 1 };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_EPOLL_CTL,
		.flags = flags,
		.fd = ep,
		.off = fd,
		.addr = (uintptr_t)&ev,
		.len = op,
	};

	return ring_one(r, &sqe);
}

TEST_F(events, io_uring)
{
	int ep = limit_to(self->ep, CAP_EPOLL_CTL);
	int no_ep = limit_all_but(self->ep, CAP_EPOLL_CTL);
	int rd = limit_to(self->rd, CAP_EVENT);
	int no_rd = limit_all_but(self->rd, CAP_EVENT);
	static const unsigned int flags[] = { 0, IOSQE_ASYNC };
	struct ring r;
	unsigned int i;
	int err;

	ASSERT_LE(0, ep);
	ASSERT_LE(0, no_ep);
	ASSERT_LE(0, rd);
	ASSERT_LE(0, no_rd);
	err = ring_setup(&r, 4, 0);
	if (err)
		SKIP(return, "no io_uring (%d)", err);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-ENOTCAPABLE, uring_ctl(&r, flags[i], no_ep,
						  EPOLL_CTL_ADD, rd));
		EXPECT_EQ(-ENOTCAPABLE, uring_ctl(&r, flags[i], ep,
						  EPOLL_CTL_ADD, no_rd));
		EXPECT_EQ(self->empty, ep_items(self->ep));
		EXPECT_EQ(0, uring_ctl(&r, flags[i], ep, EPOLL_CTL_ADD, rd));
		EXPECT_EQ(1, ep_look(self->ep));
		EXPECT_EQ(-ENOTCAPABLE, uring_ctl(&r, flags[i], no_ep,
						  EPOLL_CTL_DEL, rd));
		EXPECT_EQ(0, uring_ctl(&r, flags[i], ep, EPOLL_CTL_DEL, rd));
		EXPECT_EQ(self->empty, ep_items(self->ep));
	}
	ring_free(&r);
}

/* ---- kcmp(2) ---- */

TEST_F(events, kcmp)
{
	int cap = limit_to(self->rd, CAP_EVENT);
	int other = limit_to(self->wr, CAP_EVENT);
	int ep = limit_list(self->ep, NO_RIGHTS);
	struct kcmp_epoll_slot slot = { .efd = self->ep, .tfd = cap };
	pid_t me = getpid();
	int err;

	ASSERT_LE(0, cap);
	ASSERT_LE(0, other);
	ASSERT_LE(0, ep);
	ASSERT_EQ(0, ep_ctl(self->ep, EPOLL_CTL_ADD, cap, EPOLLIN, 1));
	err = RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, self->rd, &slot));
	if (err == -ENOSYS)
		SKIP(return, "no kcmp");
	/* Looks at targets, of the item and of both descriptors. */
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, cap, &slot)));
	EXPECT_LT(0, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, self->wr,
				 &slot)));
	EXPECT_LT(0, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, other,
				 &slot)));
	slot.efd = ep;
	EXPECT_EQ(0, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, cap, &slot)));
	EXPECT_EQ(0, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, self->rd,
				 &slot)));
	slot.tfd = self->wr;
	EXPECT_EQ(-ENOENT, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, cap,
				       &slot)));
	slot.efd = cap;
	EXPECT_EQ(-EINVAL, RET(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, cap,
				       &slot)));
}

/* ---- capability mode ---- */

static int in_mode(void *arg)
{
	struct ctx *c = arg;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int rd = limit_to(c->rd, CAP_EVENT);
	int bare = limit_all_but(c->rd, CAP_EVENT);
	int cap = limit_to(c->ep, CAP_EVENT, CAP_EPOLL_CTL);

	STEP(ep >= 0 && rd >= 0 && bare >= 0 && cap >= 0);
	STEP(ep_ctl(ep, EPOLL_CTL_ADD, rd, EPOLLIN, 1) == 0);
	STEP(ep_ctl(ep, EPOLL_CTL_ADD, bare, EPOLLIN, 1) == -ENOTCAPABLE);
	STEP(ep_look(ep) == 1);
	STEP(ep_ctl(cap, EPOLL_CTL_ADD, rd, EPOLLIN, 2) == 0);
	STEP(ep_look(cap) == 2);
	STEP(ep_ctl(cap, EPOLL_CTL_DEL, rd, 0, 0) == 0);
	return 0;
}

TEST_F(events, capability_mode)
{
	struct ctx c = { .ep = self->ep, .rd = self->rd, .wr = self->wr };

	REQUIRE_CAPMODE();
	EXPECT_BOTH(in_mode, &c);
}

TEST_HARNESS_MAIN
