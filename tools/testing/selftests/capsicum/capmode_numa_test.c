// SPDX-License-Identifier: GPL-2.0
/*
 * Capability mode: on which nodes of a NUMA system memory is to lie. A file in
 * memory has a policy for all who use it, which is set through any mapping.
 */
#include "capmode.h"

#include <linux/mempolicy.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node	(CAP_NR_BASE + 450)
#endif

/* As many nodes as any kernel has: it fills in all of it, in words of 64 bits. */
#define NODES	1024
#define NODE(n)	((struct nodes){ { 1UL << (n) } })

struct nodes {
	unsigned long bits[NODES / (8 * sizeof(long))];
};

static int sys_mbind(void *p, size_t len, unsigned long mode,
		     const struct nodes *nodes)
{
	return RET(syscall(__NR_mbind, p, len, mode, nodes,
			   nodes ? (unsigned long)NODES : 0, 0));
}

static int sys_set_mempolicy(int mode, const struct nodes *nodes)
{
	return RET(syscall(__NR_set_mempolicy, mode, nodes,
			   nodes ? (unsigned long)NODES : 0));
}

/* The policy of the memory at @p, or one's own when that is NULL. */
static int policy_of(void *p)
{
	static const struct nodes none, first = NODE(0);
	struct nodes nodes;
	int mode = -1, err;

	err = RET(syscall(__NR_get_mempolicy, &mode, &nodes,
			  (unsigned long)NODES, p,
			  (unsigned long)(p ? MPOL_F_ADDR : 0)));
	if (err)
		return err;
	/* It is about the first node, if about any. */
	if (memcmp(&nodes, mode == MPOL_DEFAULT ? &none : &first,
		   sizeof(nodes)))
		return -EBADMSG;
	return mode;
}

static int sys_home_node(void *p, size_t len, unsigned long node)
{
	return RET(syscall(__NR_set_mempolicy_home_node, p, len, node, 0UL));
}

static bool have_numa(void)
{
	return policy_of(NULL) != -ENOSYS;
}

/* ---- memory of one's own ---- */

static int bind_own_memory(void *arg)
{
	const struct nodes first = NODE(0);
	size_t page = getpagesize();
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	STEP(p != MAP_FAILED);
	STEP(policy_of(p) == MPOL_DEFAULT);
	/* Nothing there that could have a node. */
	STEP(sys_home_node(p, page, 0) == -ENOENT);
	STEP(!sys_mbind(p, page, MPOL_PREFERRED, &first));
	STEP(policy_of(p) == MPOL_PREFERRED);
	STEP(sys_home_node(p, page, 0) == -EOPNOTSUPP);
	STEP(!sys_mbind(p, page, MPOL_BIND, &first));
	STEP(policy_of(p) == MPOL_BIND);
	STEP(!sys_home_node(p, page, 0));
	*p = 1;
	STEP(policy_of(p) == MPOL_BIND);
	STEP(!sys_mbind(p, page, MPOL_DEFAULT, NULL));
	STEP(policy_of(p) == MPOL_DEFAULT);
	return 0;
}

TEST(own_memory)
{
	REQUIRE_CAPMODE();
	if (!have_numa())
		SKIP(return, "no NUMA");
	EXPECT_BOTH(bind_own_memory, NULL);
}

static int set_own_policy(void *arg)
{
	const struct nodes first = NODE(0);

	STEP(policy_of(NULL) == MPOL_DEFAULT);
	STEP(!sys_set_mempolicy(MPOL_PREFERRED, &first));
	STEP(policy_of(NULL) == MPOL_PREFERRED);
	STEP(!sys_set_mempolicy(MPOL_BIND, &first));
	STEP(policy_of(NULL) == MPOL_BIND);
	STEP(!sys_set_mempolicy(MPOL_DEFAULT, NULL));
	STEP(policy_of(NULL) == MPOL_DEFAULT);
	return 0;
}

TEST(own_policy)
{
	REQUIRE_CAPMODE();
	if (!have_numa())
		SKIP(return, "no NUMA");
	EXPECT_BOTH(set_own_policy, NULL);
}

/* ---- memory that others have mapped as well ---- */

/* To the first node, where there may be no other. */
static int bind_and_move(void *arg)
{
	const unsigned long flags = *(unsigned long *)arg;
	const struct nodes first = NODE(0);
	size_t page = getpagesize();
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	STEP(p != MAP_FAILED);
	*p = 1;
	ret = RET(syscall(__NR_mbind, p, page, (unsigned long)MPOL_PREFERRED,
			  &first, (unsigned long)NODES, flags));
	STEP(policy_of(p) == (ret ? MPOL_DEFAULT : MPOL_PREFERRED));
	return ret;
}

/* On which node the page of one's own is, once it has been moved to @node. */
static int move_page(void *p, const int *node, unsigned long flags)
{
	int status = -EBADMSG;
	int ret = RET(syscall(__NR_move_pages, 0, 1UL, &p, node, &status,
			      flags));

	return ret ? ret : status;
}

static int move_own_page(void *arg)
{
	const unsigned long flags = *(unsigned long *)arg;
	size_t page = getpagesize();
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int first = 0;

	STEP(p != MAP_FAILED);
	*p = 1;
	return move_page(p, &first, flags);
}

/* What others share is moved for all of them. */
TEST(move_all)
{
	unsigned long all = MPOL_MF_MOVE_ALL, own = MPOL_MF_MOVE;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!have_numa())
		SKIP(return, "no NUMA");
	EXPECT_ECAPMODE(bind_and_move, &all);
	EXPECT_BOTH(bind_and_move, &own);
	EXPECT_ECAPMODE(move_own_page, &all);
	EXPECT_BOTH(move_own_page, &own);
	/* A flag that nobody knows is told first. */
	all |= 0x8000;
	EXPECT_EQ(-EINVAL, in_child(bind_and_move, &all));
	EXPECT_EQ(-EINVAL, capmode_run(bind_and_move, &all));
}

struct migrated {
	char *shared;
	bool enters;
};

/* On which node a page of one's own is after everything was to go to the other. */
static int migrate(void *arg)
{
	const struct nodes first = NODE(0), second = NODE(1);
	const struct migrated *m = arg;
	size_t page = getpagesize();
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	STEP(p != MAP_FAILED);
	STEP(!sys_mbind(p, page, MPOL_BIND, &first));
	*p = *m->shared;
	STEP(move_page(p, NULL, 0) == 0);
	STEP(move_page(m->shared, NULL, 0) == 0);
	if (m->enters)
		STEP(!sys_cap_enter(0));
	STEP(RET(syscall(__NR_migrate_pages, 0, (unsigned long)NODES, &first,
			 &second)) >= 0);
	return move_page(p, NULL, 0);
}

/* Even root, who outside has what others share moved as well. */
TEST(migrate_pages)
{
	const struct nodes first = NODE(0), second = NODE(1);
	struct migrated m = { .enters = true };
	size_t page = getpagesize();
	char *p;

	REQUIRE_CAPMODE();
	REQUIRE_ROOT();
	if (!have_numa())
		SKIP(return, "no NUMA");
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	if (sys_mbind(p, page, MPOL_BIND, &second))
		SKIP(return, "one node only");
	munmap(p, page);
	m.shared = new_shared(page);
	ASSERT_TRUE(!!m.shared);
	ASSERT_EQ(0, sys_mbind(m.shared, page, MPOL_BIND, &first));
	*m.shared = 1;
	ASSERT_EQ(0, move_page(m.shared, NULL, 0));
	EXPECT_EQ(1, in_child(migrate, &m));
	EXPECT_EQ(0, move_page(m.shared, NULL, 0));
	m.enters = false;
	EXPECT_EQ(1, in_child(migrate, &m));
	EXPECT_EQ(1, move_page(m.shared, NULL, 0));
	munmap(m.shared, page);
}

/* ---- a file ---- */

/* How a file is mapped, and what is done there. */
struct mapped {
	int fd;
	int prot;
	int flags;
	void *before;		/* or it is mapped already */
	unsigned long mode;	/* and reset, for MPOL_DEFAULT */
	bool home;		/* the home node as well */
};

static int bind_mapped(void *arg)
{
	const struct mapped *m = arg;
	const struct nodes first = NODE(0);
	size_t page = getpagesize();
	void *p = m->before;
	int err;

	if (!p)
		p = mmap(NULL, page, m->prot, m->flags, m->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (m->mode != MPOL_DEFAULT)
		err = sys_mbind(p, page, m->mode, &first);
	else
		/* What has no policy cannot be reset. */
		err = sys_mbind(p, page, MPOL_PREFERRED, &first) ? :
		      sys_mbind(p, page, MPOL_DEFAULT, NULL);
	if (!err && m->home)
		err = sys_home_node(p, page, 0);
	return err;
}

/* The policy that the file has for who comes now. */
static int policy_of_file(int fd)
{
	size_t page = getpagesize();
	void *p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	int ret;

	if (p == MAP_FAILED)
		return -errno;
	ret = policy_of(p);
	munmap(p, page);
	return ret;
}

FIXTURE(file)
{
	int fd;			/* ordinary */
	struct mapped m;
};

/* The descriptor, and the mapping. */
FIXTURE_VARIANT(file)
{
	int prot;
	int flags;
	bool memfd;		/* and not one that has a name */
	bool cap;		/* a capability that may only be read from */
	bool writable;
};

FIXTURE_VARIANT_ADD(file, read_only)
{
	.prot = PROT_READ,
	.flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(file, read_only_memfd)
{
	.prot = PROT_READ,
	.flags = MAP_SHARED,
	.memfd = true,
};

FIXTURE_VARIANT_ADD(file, capability)
{
	.prot = PROT_READ,
	.flags = MAP_SHARED,
	.cap = true,
};

FIXTURE_VARIANT_ADD(file, copy)
{
	.prot = PROT_READ | PROT_WRITE,
	.flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(file, writable)
{
	.prot = PROT_READ | PROT_WRITE,
	.flags = MAP_SHARED,
	.writable = true,
};

/* It counts what may become of the mapping. */
FIXTURE_VARIANT_ADD(file, writable_read)
{
	.prot = PROT_READ,
	.flags = MAP_SHARED,
	.memfd = true,
	.writable = true,
};

FIXTURE_SETUP(file)
{
	char name[32];

	REQUIRE_CAPMODE();
	if (!have_numa())
		SKIP(return, "no NUMA");
	self->fd = variant->memfd ? RET(memfd_create("numa", MFD_CLOEXEC)) :
				    tmp_file("/dev/shm", 0);
	if (self->fd < 0)
		SKIP(return, "no file in memory");
	ASSERT_EQ(0, ftruncate(self->fd, getpagesize()));
	self->m = (struct mapped){
		.prot = variant->prot,
		.flags = variant->flags,
		.mode = MPOL_PREFERRED,
	};
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->fd);
	if (variant->cap)
		self->m.fd = limit_to(self->fd, CAP_MMAP_R);
	else
		self->m.fd = RET(open(name, (variant->writable ? O_RDWR :
					     O_RDONLY) | O_CLOEXEC));
	ASSERT_LE(0, self->m.fd);
	if (policy_of_file(self->fd) == -EBADMSG)
		SKIP(return, "no file without a policy");
	ASSERT_EQ(MPOL_DEFAULT, policy_of_file(self->fd));
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
	close(self->m.fd);
}

/* Who may not write there has no part in the policy. */
TEST_F(file, bind)
{
	struct mapped *m = &self->m;
	int before = MPOL_DEFAULT;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		m->mode = i & 1 ? MPOL_BIND : MPOL_PREFERRED;
		m->home = i == 3;
		EXPECT_EQ(0, capmode_run(bind_mapped, m));
		EXPECT_EQ(variant->writable ? (int)m->mode : before,
			  policy_of_file(self->fd));
		EXPECT_EQ(0, in_child(bind_mapped, m));
		EXPECT_EQ((int)m->mode, policy_of_file(self->fd));
		before = m->mode;
	}
	m->mode = MPOL_DEFAULT;
	m->home = false;
	EXPECT_EQ(0, capmode_run(bind_mapped, m));
	EXPECT_EQ(variant->writable ? MPOL_DEFAULT : before,
		  policy_of_file(self->fd));
	EXPECT_EQ(0, in_child(bind_mapped, m));
	EXPECT_EQ(MPOL_DEFAULT, policy_of_file(self->fd));
}

/* Nor through what was mapped before. */
TEST_F(file, mapped_before)
{
	struct mapped *m = &self->m;
	size_t page = getpagesize();

	m->before = mmap(NULL, page, m->prot, m->flags, m->fd, 0);
	ASSERT_TRUE(m->before != MAP_FAILED);
	EXPECT_EQ(0, capmode_run(bind_mapped, m));
	EXPECT_EQ(variant->writable ? MPOL_PREFERRED : MPOL_DEFAULT,
		  policy_of_file(self->fd));
	m->mode = MPOL_BIND;
	EXPECT_EQ(0, in_child(bind_mapped, m));
	EXPECT_EQ(MPOL_BIND, policy_of_file(self->fd));
	munmap(m->before, page);
}

/* The same of System V's shared memory, which is a file as well. */
TEST(shared_memory)
{
	struct mapped m = { .mode = MPOL_PREFERRED };
	void *all;
	int id;

	REQUIRE_CAPMODE();
	if (!have_numa())
		SKIP(return, "no NUMA");
	id = RET(shmget(IPC_PRIVATE, getpagesize(), 0600));
	if (id == -ENOSYS)
		SKIP(return, "no shared memory");
	ASSERT_LE(0, id);
	all = shmat(id, NULL, 0);
	m.before = shmat(id, NULL, SHM_RDONLY);
	EXPECT_EQ(0, shmctl(id, IPC_RMID, NULL));
	ASSERT_TRUE(all != (void *)-1 && m.before != (void *)-1);

	EXPECT_EQ(MPOL_DEFAULT, policy_of(all));
	EXPECT_EQ(0, capmode_run(bind_mapped, &m));
	EXPECT_EQ(MPOL_DEFAULT, policy_of(all));
	EXPECT_EQ(0, in_child(bind_mapped, &m));
	EXPECT_EQ(MPOL_PREFERRED, policy_of(all));
	shmdt(m.before);
	m.before = all;
	m.mode = MPOL_BIND;
	EXPECT_EQ(0, capmode_run(bind_mapped, &m));
	EXPECT_EQ(MPOL_BIND, policy_of(all));
	shmdt(all);
}

TEST_HARNESS_MAIN
