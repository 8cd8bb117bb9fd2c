// SPDX-License-Identifier: GPL-2.0
/*
 * BPF objects: the elements of a map by CAP_READ and CAP_WRITE; whatever is put
 * to use in something else by CAP_BPF_OBJECT.
 */
#include "bpf.h"
#include "cgroup.h"
#include "netlink.h"
#include "ops.h"

#include <linux/btf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_namespace.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/resource.h>

static const struct bpf_insn ret_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* "return 0;", behind the address of @fd's object @id, of the kind @what. */
static long load_with(int type, int what, int id, int fd)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = what, .imm = id },
		{ .imm = fd },
		ret_0[0], ret_0[1],
	};

	return BPF(BPF_PROG_LOAD, .prog_type = type, .insns = PTR(insns),
		   .insn_cnt = ARRAY_SIZE(insns), .license = PTR("GPL"));
}

/* "return 0;", with its use of a map if there is one. */
static long load(int type, int map)
{
	if (map >= 0)
		return load_with(type, BPF_PSEUDO_MAP_FD, map, 0);
	return BPF(BPF_PROG_LOAD, .prog_type = type, .insns = PTR(ret_0),
		   .insn_cnt = ARRAY_SIZE(ret_0), .license = PTR("GPL"));
}

/* One that is attached to what a BTF describes. */
static long load_attached(int btf)
{
	return BPF(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_TRACING,
		   .expected_attach_type = BPF_TRACE_FENTRY,
		   .insns = PTR(ret_0), .insn_cnt = ARRAY_SIZE(ret_0),
		   .license = PTR("GPL"), .attach_btf_obj_fd = btf,
		   .attach_btf_id = 1);
}

/* One with the address of what a BTF describes. */
static long load_with_btf(int btf)
{
	return load_with(BPF_PROG_TYPE_SOCKET_FILTER, BPF_PSEUDO_BTF_ID, 1,
			 btf);
}

static long create_map(int type, int value_size)
{
	return BPF(BPF_MAP_CREATE, .map_type = type, .key_size = 4,
		   .value_size = value_size, .max_entries = 4);
}

/* A BTF of one type, "int". */
static long load_btf(void)
{
	static const struct {
		struct btf_header h;
		uint32_t type[4];
		char names[8];
	} btf = {
		.h = {
			.magic = BTF_MAGIC, .version = BTF_VERSION,
			.hdr_len = sizeof(struct btf_header),
			.type_len = sizeof(btf.type),
			.str_off = sizeof(btf.type),
			.str_len = sizeof(btf.names),
		},
		.type = { 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32 },
		.names = "\0int\0\0\0",
	};

	return BPF(BPF_BTF_LOAD, .btf = PTR(&btf), .btf_size = sizeof(btf));
}

static long update(int map, uint32_t key, const void *value)
{
	return BPF(BPF_MAP_UPDATE_ELEM, .map_fd = map, .key = PTR(&key),
		   .value = PTR(value));
}

static long lookup(int map, uint32_t key, void *value)
{
	return BPF(BPF_MAP_LOOKUP_ELEM, .map_fd = map, .key = PTR(&key),
		   .value = PTR(value));
}

/* @fd as the value of element 0 of @map. */
static long put(int map, int fd)
{
	return update(map, 0, &fd);
}

FIXTURE(bpf)
{
	int map;	/* an array of four uint64_t */
	int hash;
	int prog;
};

FIXTURE_SETUP(bpf)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t v = 7;

	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root has all of bpf(2)");
	setrlimit(RLIMIT_MEMLOCK, &none);
	self->map = RET(create_map(BPF_MAP_TYPE_ARRAY, sizeof(v)));
	if (self->map == -ENOSYS)
		SKIP(return, "no bpf(2)");
	ASSERT_LE(0, self->map);
	self->hash = RET(create_map(BPF_MAP_TYPE_HASH, sizeof(v)));
	ASSERT_LE(0, self->hash);
	self->prog = RET(load(BPF_PROG_TYPE_SOCKET_FILTER, -1));
	ASSERT_LE(0, self->prog);
	ASSERT_EQ(0, RET(update(self->map, 0, &v)));
	ASSERT_EQ(0, RET(update(self->hash, 0, &v)));
}

FIXTURE_TEARDOWN(bpf)
{
}

TEST_F(bpf, elements)
{
	uint64_t v = 9, got = 0;
	uint32_t key = 0, next;

	OP_NEEDS(self->map, CAP_READ, 0, 0, lookup(cap, 0, &got));
	EXPECT_EQ(7, got);
	OP_NEEDS(self->map, CAP_READ, 0, 0,
		 BPF(BPF_MAP_GET_NEXT_KEY, .map_fd = cap, .key = PTR(&key),
		     .next_key = PTR(&next)));

	EXPECT_EQ(-ENOTCAPABLE,
		  RET(update(limit_all_but(self->map, CAP_WRITE), 0, &v)));
	ASSERT_EQ(0, RET(lookup(self->map, 0, &got)));
	EXPECT_EQ(7, got);
	OP_NEEDS(self->map, CAP_WRITE, 0, 0, update(cap, 0, &v));
	ASSERT_EQ(0, RET(lookup(self->map, 0, &got)));
	EXPECT_EQ(9, got);

	EXPECT_EQ(-ENOTCAPABLE,
		  RET(BPF(BPF_MAP_DELETE_ELEM, .key = PTR(&key),
			  .map_fd = limit_all_but(self->hash, CAP_WRITE))));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(BPF(BPF_MAP_LOOKUP_AND_DELETE_ELEM, .key = PTR(&key),
			  .value = PTR(&got),
			  .map_fd = limit_all_but(self->hash, CAP_READ))));
	EXPECT_EQ(0, RET(lookup(self->hash, 0, &got)));
	OP_NEEDS(self->hash, CAP_READ | CAP_WRITE, 0, 0,
		 BPF(BPF_MAP_LOOKUP_AND_DELETE_ELEM, .map_fd = cap,
		     .key = PTR(&key), .value = PTR(&got)));
	EXPECT_EQ(7, got);
	OP_NEEDS(self->hash, CAP_WRITE, 0, -ENOENT,
		 BPF(BPF_MAP_DELETE_ELEM, .map_fd = cap, .key = PTR(&key)));
	ASSERT_EQ(0, RET(update(self->hash, 0, &v)));
	OP_NEEDS(self->hash, CAP_WRITE, 0, 0,
		 BPF(BPF_MAP_DELETE_ELEM, .map_fd = cap, .key = PTR(&key)));
}

TEST_F(bpf, batches)
{
	uint32_t keys[4] = { 0, 1, 2, 3 }, out;
	uint64_t values[4] = { 1, 2, 3, 4 }, got;

#define BATCH(cmd) \
	BPF(cmd, .batch = { .map_fd = cap, .keys = PTR(keys), \
			    .values = PTR(values), .out_batch = PTR(&out), \
			    .count = 4 })
	OP_NEEDS(self->map, CAP_WRITE, 0, 0, BATCH(BPF_MAP_UPDATE_BATCH));
	ASSERT_EQ(0, RET(lookup(self->map, 3, &got)));
	EXPECT_EQ(4, got);
	OP_NEEDS(self->map, CAP_READ, 0, 0,
		 ({ long __r = BATCH(BPF_MAP_LOOKUP_BATCH);
		    __r < 0 && errno == ENOENT ? 0 : __r; }));
	OP_NEEDS(self->hash, CAP_WRITE, 0, 0, BATCH(BPF_MAP_UPDATE_BATCH));
	OP_NEEDS(self->hash, CAP_READ | CAP_WRITE, 0, 0,
		 ({ long __r = BATCH(BPF_MAP_LOOKUP_AND_DELETE_BATCH);
		    __r < 0 && errno == ENOENT ? 0 : __r; }));
	EXPECT_EQ(-ENOENT, RET(lookup(self->hash, 3, &got)));
	OP_NEEDS(self->hash, CAP_WRITE, 0, -ENOENT, BATCH(BPF_MAP_DELETE_BATCH));
}

TEST_F(bpf, freeze)
{
	uint64_t v = 1;

	EXPECT_EQ(-ENOTCAPABLE,
		  RET(BPF(BPF_MAP_FREEZE,
			  .map_fd = limit_all_but(self->map, CAP_FCHMOD))));
	EXPECT_EQ(0, RET(update(self->map, 0, &v)));
	OP_NEEDS(self->map, CAP_FCHMOD, 0, 0, BPF(BPF_MAP_FREEZE, .map_fd = cap));
	EXPECT_EQ(-EPERM, RET(update(self->map, 0, &v)));
}

/* A map in memory is mapped as a file is. */
TEST_F(bpf, mmap)
{
	int map, ro;
	void *p;

	map = RET(BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY,
		      .key_size = 4, .value_size = 4096, .max_entries = 1,
		      .map_flags = BPF_F_MMAPABLE));
	ASSERT_LE(0, map);
	ro = limit_to(map, CAP_MMAP_R);
	ASSERT_LE(0, ro);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0);
	EXPECT_TRUE(p == MAP_FAILED);
	EXPECT_EQ(ENOTCAPABLE, errno);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	EXPECT_EQ(-EACCES, RET(mprotect(p, 4096, PROT_READ | PROT_WRITE)));
}

TEST_F(bpf, info)
{
	struct bpf_map_info info = {};
	int other = tmp_file(NULL, 1);

#define INFO(fd) \
	BPF(BPF_OBJ_GET_INFO_BY_FD, .info = { .bpf_fd = (fd), \
	    .info_len = sizeof(info), .info = PTR(&info) })
	OP_NEEDS(self->map, CAP_FSTAT, 0, 0, INFO(cap));
	EXPECT_EQ(BPF_MAP_TYPE_ARRAY, info.type);
	memset(&info, 0, sizeof(info));
	OP_NEEDS(self->prog, CAP_FSTAT, 0, 0, INFO(cap));
	ASSERT_LE(0, other);
	OP_NEEDS(other, CAP_FSTAT, 0, -EINVAL, INFO(cap));
	EXPECT_EQ(-EBADFD, RET(INFO(1000)));
}

/* A program may do anything to a map that it has. */
TEST_F(bpf, map_in_a_program)
{
	OP_NEEDS(self->map, CAP_READ | CAP_WRITE, CAP_BPF_OBJECT, 0,
		 shut(load(BPF_PROG_TYPE_SOCKET_FILTER, cap)));
}

/* What is refused is so before the log of it is found too small. */
TEST_F(bpf, small_log)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD },
		{ .imm = 0 },
		ret_0[0], ret_0[1],
	};
	char log[8];

#define LOAD_WITH_LOG(fd) \
	(insns[0].imm = (fd), \
	 RET(BPF(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, \
		 .insns = PTR(insns), .insn_cnt = ARRAY_SIZE(insns), \
		 .license = PTR("GPL"), .log_level = 1, .log_buf = PTR(log), \
		 .log_size = sizeof(log))))
	EXPECT_EQ(-ENOSPC, LOAD_WITH_LOG(self->map));
	EXPECT_EQ(-ENOTCAPABLE,
		  LOAD_WITH_LOG(limit_all_but(self->map, CAP_BPF_OBJECT)));
	EXPECT_EQ(-ENOSPC, LOAD_WITH_LOG(limit_all(self->map)));
}

TEST_F(bpf, bind_map)
{
	OP_NEEDS(self->map, 0, CAP_BPF_OBJECT, 0,
		 BPF(BPF_PROG_BIND_MAP, .prog_bind_map.prog_fd = self->prog,
		     .prog_bind_map.map_fd = cap));
	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0,
		 BPF(BPF_PROG_BIND_MAP, .prog_bind_map.prog_fd = cap,
		     .prog_bind_map.map_fd = self->map));
}

TEST_F(bpf, map_in_a_map)
{
	int outer;

	OP_NEEDS(self->map, 0, CAP_BPF_OBJECT, 0,
		 shut(BPF(BPF_MAP_CREATE,
			  .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
			  .key_size = 4, .value_size = 4, .max_entries = 1,
			  .inner_map_fd = cap)));
	outer = RET(BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
			.key_size = 4, .value_size = 4, .max_entries = 1,
			.inner_map_fd = self->map));
	ASSERT_LE(0, outer);
	OP_NEEDS(self->map, CAP_READ | CAP_WRITE, CAP_BPF_OBJECT, 0,
		 put(outer, cap));
	OP_NEEDS(outer, CAP_WRITE, 0, 0, put(cap, self->map));
}

TEST_F(bpf, program_in_a_map)
{
	int map = RET(create_map(BPF_MAP_TYPE_PROG_ARRAY, 4));

	ASSERT_LE(0, map);
	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0, put(map, cap));
}

/* One that runs on what goes to an interface, or to a processor. */
TEST_F(bpf, xdp_program_in_a_map)
{
	static const struct {
		int map, attach;
	} kinds[] = {
		{ BPF_MAP_TYPE_DEVMAP, BPF_XDP_DEVMAP },
		{ BPF_MAP_TYPE_CPUMAP, BPF_XDP_CPUMAP },
	};
	struct {
		uint32_t number;	/* of the loopback; how many wait */
		int prog;
	} value = { .number = 1 };
	unsigned int i;
	int map, prog;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		map = RET(create_map(kinds[i].map, sizeof(value)));
		ASSERT_LE(0, map);
		prog = RET(BPF(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_XDP,
			       .expected_attach_type = kinds[i].attach,
			       .insns = PTR(ret_0),
			       .insn_cnt = ARRAY_SIZE(ret_0),
			       .license = PTR("GPL")));
		ASSERT_LE(0, prog);
		OP_NEEDS(prog, 0, CAP_BPF_OBJECT, 0,
			 (value.prog = cap, update(map, 0, &value)));
		/* Another kind of program is refused for its kind. */
		value.prog = self->prog;
		EXPECT_EQ(i ? -ENOMEM : -EINVAL, RET(update(map, 0, &value)));
		close(prog);
		close(map);
	}
}

TEST_F(bpf, run)
{
	char data[64] = {};

	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0,
		 BPF(BPF_PROG_TEST_RUN, .test.prog_fd = cap,
		     .test.data_in = PTR(data),
		     .test.data_size_in = sizeof(data)));
}

TEST_F(bpf, program_on_a_socket)
{
	int two[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, two));
	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0,
		 setsockopt(two[0], SOL_SOCKET, SO_ATTACH_BPF, &cap,
			    sizeof(cap)));
}

/* The program is to see what arrives: for the socket that is to receive it. */
TEST_F(bpf, socket_of_a_program)
{
	const int attach[] = { SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF };
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	const int one = 1;
	unsigned int i;

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)));
	for (i = 0; i < ARRAY_SIZE(attach); i++) {
		OP_NEEDS(sock, CAP_SETSOCKOPT | CAP_RECV, 0, 0,
			 setsockopt(cap, SOL_SOCKET, attach[i], &self->prog,
				    sizeof(self->prog)));
	}
}

/* One that chooses among packet sockets sees what arrives as well. */
TEST_F(bpf, fanout)
{
	int sock = RET(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));
	/* A group of a number that the kernel chooses, by a program. */
	const int join = (PACKET_FANOUT_FLAG_UNIQUEID | PACKET_FANOUT_EBPF) << 16;

	if (sock == -EAFNOSUPPORT)
		SKIP(return, "no packet sockets");
	ASSERT_LE(0, sock);
	ASSERT_EQ(0, setsockopt(sock, SOL_PACKET, PACKET_FANOUT, &join,
				sizeof(join)));
	OP_NEEDS(sock, CAP_SETSOCKOPT | CAP_RECV, 0, 0,
		 setsockopt(cap, SOL_PACKET, PACKET_FANOUT_DATA, &self->prog,
			    sizeof(self->prog)));
	close(sock);
}

/* A map of what is stored with something, as BTF's first type, an int. */
static long storage_map(int btf, int type)
{
	return BPF(BPF_MAP_CREATE, .map_type = type,
		   .key_size = 4, .value_size = 4,
		   .map_flags = BPF_F_NO_PREALLOC, .btf_fd = btf,
		   .btf_key_type_id = 1, .btf_value_type_id = 1);
}

/* What is stored with an object that @fd stands for. */
static void check_storage(struct __test_metadata *_metadata, int map, int fd)
{
	uint32_t v = 5, got = 0;
	int cap;

	cap = limit_all_but(fd, CAP_BPF_OBJECT);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(update(map, cap, &v)));
	EXPECT_EQ(-ENOENT, RET(lookup(map, fd, &got)));
	OP_NEEDS(fd, 0, CAP_BPF_OBJECT, 0, update(map, cap, &v));
	OP_NEEDS(fd, 0, CAP_BPF_OBJECT, 0, lookup(map, cap, &got));
	EXPECT_EQ(5, got);
	EXPECT_EQ(-ENOTCAPABLE, RET(BPF(BPF_MAP_DELETE_ELEM, .map_fd = map,
					.key = PTR(&cap))));
	EXPECT_EQ(0, RET(lookup(map, fd, &got)));
	cap = limit_to(fd, CAP_BPF_OBJECT);
	EXPECT_EQ(0, RET(BPF(BPF_MAP_DELETE_ELEM, .map_fd = map,
			     .key = PTR(&cap))));
	EXPECT_EQ(-ENOENT, RET(lookup(map, fd, &got)));
}

TEST_F(bpf, btf)
{
	int btf = RET(load_btf());
	int map, pidfd;

	ASSERT_LE(0, btf);
	OP_NEEDS(btf, 0, CAP_BPF_OBJECT, 0,
		 shut(BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY,
			  .key_size = 4, .value_size = 4, .max_entries = 1,
			  .btf_fd = cap, .btf_key_type_id = 1,
			  .btf_value_type_id = 1)));

	/*
	 * As what a program is attached to, which it has to be the kernel's
	 * for. The error is none of <errno.h>.
	 */
	OP_NEEDS(btf, 0, CAP_BPF_OBJECT, -524, shut(load_attached(cap)));
	OP_NEEDS(btf, 0, CAP_BPF_OBJECT, -EINVAL, shut(load_with_btf(cap)));

	/* What is stored with a process that a descriptor stands for. */
	map = RET(storage_map(btf, BPF_MAP_TYPE_TASK_STORAGE));
	if (map == -EINVAL)
		SKIP(return, "no task storage");
	ASSERT_LE(0, map);
	pidfd = RET(syscall(__NR_pidfd_open, getpid(), 0));
	ASSERT_LE(0, pidfd);
	check_storage(_metadata, map, pidfd);
}

/* What is stored with a socket: no right is for that. */
TEST_F(bpf, socket_storage)
{
	int btf = RET(load_btf());
	uint32_t v = 5, got = 0;
	int map, sock, cap;

	ASSERT_LE(0, btf);
	map = RET(storage_map(btf, BPF_MAP_TYPE_SK_STORAGE));
	if (map == -EINVAL)
		SKIP(return, "no socket storage");
	ASSERT_LE(0, map);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
	cap = limit_all(sock);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EBADF, RET(update(map, cap, &v)));
	EXPECT_EQ(-ENOENT, RET(lookup(map, sock, &got)));
	EXPECT_EQ(0, RET(update(map, sock, &v)));
	EXPECT_EQ(-EBADF, RET(lookup(map, cap, &got)));
	EXPECT_EQ(0, got);
	EXPECT_EQ(-EBADF, RET(BPF(BPF_MAP_DELETE_ELEM, .map_fd = map,
				  .key = PTR(&cap))));
	EXPECT_EQ(0, RET(lookup(map, sock, &got)));
	EXPECT_EQ(5, got);
	EXPECT_EQ(0, RET(BPF(BPF_MAP_DELETE_ELEM, .map_fd = map,
			     .key = PTR(&sock))));
}

/* A token by descriptor; it is none, but that is found out afterwards. */
TEST_F(bpf, token)
{
	OP_NEEDS(self->map, 0, CAP_BPF_OBJECT, -EINVAL,
		 BPF(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY,
		     .key_size = 4, .value_size = 4, .max_entries = 1,
		     .map_flags = BPF_F_TOKEN_FD, .map_token_fd = cap));
}

/* One that is made hands on privileges: not by a capability of a mount. */
TEST_F(bpf, new_token)
{
	int dir = open(tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

#define TOKEN(fd) \
	BPF(BPF_TOKEN_CREATE, .token_create.bpffs_fd = (fd))
	ASSERT_LE(0, dir);
	EXPECT_EQ(-EBADF, RET(TOKEN(limit_all(dir))));
	/* What is no mount of bpf is told as such. */
	EXPECT_EQ(-EINVAL, RET(TOKEN(dir)));
}

/* A name for an object gives it without limits to who opens it. */
TEST_F(bpf, pin)
{
	char dir[64], name[80];
	int dirfd, cap;

	snprintf(dir, sizeof(dir), "%s/capsicum-bpf.XXXXXX", tmp_dir());
	ASSERT_TRUE(!!mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "bpf", 0, NULL));
	snprintf(name, sizeof(name), "%s/object", dir);
	EXPECT_EQ(-ENOTCAPABLE, RET(BPF(BPF_OBJ_PIN, .pathname = PTR(name),
					.bpf_fd = limit_all(self->map))));
	EXPECT_EQ(-ENOTCAPABLE, RET(BPF(BPF_OBJ_PIN, .pathname = PTR(name),
					.bpf_fd = limit_all(self->prog))));
	EXPECT_EQ(-ENOENT, RET(access(name, F_OK)));
	EXPECT_EQ(0, RET(BPF(BPF_OBJ_PIN, .pathname = PTR(name),
			     .bpf_fd = self->map)));
	EXPECT_EQ(0, RET(access(name, F_OK)));

	/* Nor is one found, or made, below a directory that is limited. */
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, dirfd);
	cap = limit_all(dirfd);
	ASSERT_LE(0, cap);
#define GET_AT(dir) \
	shut(BPF(BPF_OBJ_GET, .pathname = PTR("object"), \
		 .file_flags = BPF_F_PATH_FD, .path_fd = (dir)))
#define PIN_AT(dir) \
	RET(BPF(BPF_OBJ_PIN, .pathname = PTR("other"), .bpf_fd = self->map, \
		.file_flags = BPF_F_PATH_FD, .path_fd = (dir)))
	EXPECT_EQ(-ENOTCAPABLE, RET(GET_AT(cap)));
	EXPECT_EQ(0, RET(GET_AT(dirfd)));
	EXPECT_EQ(-ENOTCAPABLE, PIN_AT(cap));
	EXPECT_EQ(-ENOENT, RET(faccessat(dirfd, "other", F_OK, 0)));
	EXPECT_EQ(0, PIN_AT(dirfd));
	EXPECT_EQ(0, RET(faccessat(dirfd, "other", F_OK, 0)));
	close(cap);
	close(dirfd);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

FIXTURE(cgroup)
{
	struct cgroup_mnt mnt;
	int dir;	/* a cgroup */
	int prog;
};

FIXTURE_SETUP(cgroup)
{
	REQUIRE_CAPSICUM();
	if (geteuid())
		SKIP(return, "only root mounts");
	self->prog = RET(load(BPF_PROG_TYPE_CGROUP_SKB, -1));
	if (self->prog == -ENOSYS)
		SKIP(return, "no bpf(2)");
	if (self->prog == -EINVAL)
		SKIP(return, "no programs on cgroups");
	ASSERT_LE(0, self->prog);
	self->dir = cgroup_make(&self->mnt, "cgroup2", NULL);
	ASSERT_LE(0, self->dir);
}

FIXTURE_TEARDOWN(cgroup)
{
	cgroup_remove(&self->mnt);
}

static uint32_t attached(int dir)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = dir;
	attr.query.attach_type = BPF_CGROUP_INET_EGRESS;
	if (sys_bpf(BPF_PROG_QUERY, &attr))
		return ~0;
	return attr.query.prog_cnt;
}

TEST_F(cgroup, attach)
{
#define ATTACH(cmd, cgroup, prog) \
	BPF(cmd, .target_fd = (cgroup), .attach_bpf_fd = (prog), \
	    .attach_type = BPF_CGROUP_INET_EGRESS)
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(ATTACH(BPF_PROG_ATTACH, self->dir,
			     limit_all_but(self->prog, CAP_BPF_OBJECT))));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(ATTACH(BPF_PROG_ATTACH,
			     limit_all_but(self->dir, CAP_BPF_OBJECT),
			     self->prog)));
	EXPECT_EQ(0, attached(self->dir));
	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0,
		 ATTACH(BPF_PROG_ATTACH, self->dir, cap));
	EXPECT_EQ(1, attached(self->dir));
	/* Who may ask cannot attach. */
	OP_NEEDS(self->dir, CAP_FSTAT, 0, 0,
		 (int)attached(cap) < 0 ? -1 : 0);
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(ATTACH(BPF_PROG_DETACH,
			     limit_all_but(self->dir, CAP_BPF_OBJECT),
			     self->prog)));
	EXPECT_EQ(1, attached(self->dir));
	OP_NEEDS(self->dir, 0, CAP_BPF_OBJECT, 0,
		 ATTACH(BPF_PROG_DETACH, cap, self->prog));
	OP_NEEDS(self->dir, 0, CAP_BPF_OBJECT, 0,
		 ATTACH(BPF_PROG_ATTACH, cap, self->prog));
	EXPECT_EQ(1, attached(self->dir));
	ATTACH(BPF_PROG_DETACH, self->dir, self->prog);
}

/* The program is named by right, also where what is no program would do. */
TEST_F(cgroup, detach)
{
	static const uint32_t modes[] = { 0, BPF_F_ALLOW_MULTI };
	unsigned int i;

#define ATTACH_AS(mode) \
	RET(BPF(BPF_PROG_ATTACH, .target_fd = self->dir, \
		.attach_bpf_fd = self->prog, \
		.attach_type = BPF_CGROUP_INET_EGRESS, .attach_flags = (mode)))
#define DETACH(prog)	RET(ATTACH(BPF_PROG_DETACH, self->dir, prog))
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, ATTACH_AS(modes[i]));
		EXPECT_EQ(-ENOTCAPABLE,
			  DETACH(limit_all_but(self->prog, CAP_BPF_OBJECT)));
		EXPECT_EQ(-ENOTCAPABLE,
			  DETACH(limit_list(self->prog, NO_RIGHTS)));
		EXPECT_EQ(1, attached(self->dir));
		EXPECT_EQ(0, DETACH(limit_to(self->prog, CAP_BPF_OBJECT)));
		EXPECT_EQ(0, attached(self->dir));
	}

	/* As ever: where there can be but one, it goes whatever is named. */
	ASSERT_EQ(0, ATTACH_AS(0));
	EXPECT_EQ(0, DETACH(-1));
	EXPECT_EQ(0, attached(self->dir));
	ASSERT_EQ(0, ATTACH_AS(0));
	EXPECT_EQ(0, DETACH(limit_all(self->dir)));
	EXPECT_EQ(0, attached(self->dir));
	ASSERT_EQ(0, ATTACH_AS(BPF_F_ALLOW_MULTI));
	EXPECT_EQ(-EINVAL, DETACH(-1));
	EXPECT_EQ(1, attached(self->dir));
	EXPECT_EQ(0, DETACH(self->prog));
}

/* What is stored with it. */
TEST_F(cgroup, storage)
{
	int btf = RET(load_btf()), map;

	ASSERT_LE(0, btf);
	map = RET(storage_map(btf, BPF_MAP_TYPE_CGRP_STORAGE));
	ASSERT_LE(0, map);
	check_storage(_metadata, map, self->dir);
}

TEST_F(cgroup, link)
{
	int link, new;

#define LINK(cgroup, prog) \
	BPF(BPF_LINK_CREATE, .link_create = { .prog_fd = (prog), \
	    .target_fd = (cgroup), .attach_type = BPF_CGROUP_INET_EGRESS })
	OP_NEEDS(self->dir, 0, CAP_BPF_OBJECT, 0,
		 shut(LINK(cap, self->prog)));
	OP_NEEDS(self->prog, 0, CAP_BPF_OBJECT, 0,
		 shut(LINK(self->dir, cap)));

	link = RET(LINK(self->dir, self->prog));
	ASSERT_LE(0, link);
	new = RET(load(BPF_PROG_TYPE_CGROUP_SKB, -1));
	ASSERT_LE(0, new);
#define UPDATE(link, prog) \
	BPF(BPF_LINK_UPDATE, .link_update = { .link_fd = (link), \
	    .new_prog_fd = (prog) })
	OP_NEEDS(link, CAP_WRITE, 0, 0, UPDATE(cap, new));
	OP_NEEDS(new, 0, CAP_BPF_OBJECT, 0, UPDATE(link, cap));

	/* An iterator is made of another kind, and not through capabilities. */
	EXPECT_EQ(-EINVAL, RET(BPF(BPF_ITER_CREATE,
				   .iter_create = { .link_fd = link })));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(BPF(BPF_ITER_CREATE,
			  .iter_create = { .link_fd = limit_all(link) })));

	EXPECT_EQ(-ENOTCAPABLE,
		  RET(BPF(BPF_LINK_DETACH, .link_detach.link_fd =
			  limit_all_but(link, CAP_WRITE))));
	EXPECT_EQ(1, attached(self->dir));
	EXPECT_EQ(0, RET(BPF(BPF_LINK_DETACH, .link_detach.link_fd =
			     limit_to(link, CAP_WRITE))));
	EXPECT_EQ(0, attached(self->dir));
}

TEST_F(cgroup, in_a_map)
{
	int map = RET(create_map(BPF_MAP_TYPE_CGROUP_ARRAY, 4));

	ASSERT_LE(0, map);
	OP_NEEDS(self->dir, 0, CAP_BPF_OBJECT, 0, put(map, cap));
}

/* An event in a map: programs read it, and write to it. */
TEST_F(bpf, perf_event_in_a_map)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};
	int map = RET(create_map(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4));
	int fd = RET(syscall(__NR_perf_event_open, &attr, -1, 0, -1, 0));

	if (fd == -ENOSYS || map == -EINVAL)
		SKIP(return, "no perf events, or none in maps");
	ASSERT_LE(0, map);
	ASSERT_LE(0, fd);
	OP_NEEDS(fd, CAP_READ | CAP_WRITE, CAP_PERF_EVENT, 0, put(map, cap));
}

/* A program for an event: which kernels take it is not what is asked. */
TEST_F(bpf, program_of_an_event)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};
	int fd = RET(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));
	int plain;

#define SET_BPF(prog)	RET(ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog))
	if (fd == -ENOSYS)
		SKIP(return, "no perf events");
	ASSERT_LE(0, fd);
	plain = SET_BPF(self->prog);
	EXPECT_NE(-ENOTCAPABLE, plain);
	EXPECT_NE(-EBADF, plain);
	EXPECT_EQ(plain, SET_BPF(limit_to(self->prog, CAP_BPF_OBJECT)));
	EXPECT_EQ(-ENOTCAPABLE,
		  SET_BPF(limit_all_but(self->prog, CAP_BPF_OBJECT)));
	close(fd);
}

/* Who asks about the descriptors of a task is shown what they stand for. */
TEST_F(bpf, task_fd_query)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	int fd = RET(syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0));
	int plain, cap, file;

#define QUERY(nr) \
	RET(BPF(BPF_TASK_FD_QUERY, .task_fd_query = { .pid = getpid(), \
						      .fd = (nr) }))
	if (fd == -ENOSYS)
		SKIP(return, "no perf events");
	ASSERT_LE(0, fd);
	plain = QUERY(fd);
	cap = QUERY(limit_list(fd, NO_RIGHTS));
	file = QUERY(tmp_file(NULL, 1));
	EXPECT_EQ(plain, cap);
	EXPECT_NE(plain, file);
}

/* A network namespace: attaching to it, and asking it. */
TEST_F(bpf, network_namespace)
{
	int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int prog = RET(load(BPF_PROG_TYPE_FLOW_DISSECTOR, -1));
	struct netlink_msg m;
	uint32_t fd;
	int sock;

	if (prog == -EINVAL || ns < 0)
		SKIP(return, "no network namespaces, or no programs for them");
	ASSERT_LE(0, prog);
#define NS_LINK(ns, prog) \
	shut(BPF(BPF_LINK_CREATE, .link_create = { .prog_fd = (prog), \
	     .target_fd = (ns), .attach_type = BPF_FLOW_DISSECTOR }))
	OP_NEEDS(ns, CAP_FSTAT, 0, 0,
		 BPF(BPF_PROG_QUERY, .query = { .target_fd = cap,
		     .attach_type = BPF_FLOW_DISSECTOR }));
	OP_NEEDS(ns, 0, CAP_SETNS, 0, NS_LINK(cap, prog));
	OP_NEEDS(prog, 0, CAP_BPF_OBJECT, 0, NS_LINK(ns, cap));

	/* Its number among the others, over netlink. */
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ASSERT_LE(0, sock);
	OP_NEEDS(ns, CAP_FSTAT, 0, 0,
		 (fd = cap, netlink_ask(sock, &m, RTM_GETNSID, AF_UNSPEC,
					NETNSA_FD, &fd, sizeof(fd))));
}

/* A map of sockets: attaching to it, asking it, and what it does not take. */
TEST_F(bpf, sockets)
{
	int map = RET(create_map(BPF_MAP_TYPE_SOCKMAP, 4));
	int prog, two[2];

	if (map == -EINVAL)
		SKIP(return, "no maps of sockets");
	ASSERT_LE(0, map);
	prog = RET(load(BPF_PROG_TYPE_SK_SKB, -1));
	ASSERT_LE(0, prog);
#define SK_ATTACH(cmd, map, prog) \
	BPF(cmd, .target_fd = (map), .attach_bpf_fd = (prog), \
	    .attach_type = BPF_SK_SKB_STREAM_VERDICT)
	OP_NEEDS(map, 0, CAP_BPF_OBJECT, 0,
		 SK_ATTACH(BPF_PROG_ATTACH, cap, prog));
	OP_NEEDS(map, CAP_FSTAT, 0, 0,
		 BPF(BPF_PROG_QUERY, .query = { .target_fd = cap,
		     .attach_type = BPF_SK_SKB_STREAM_VERDICT }));
	OP_NEEDS(prog, 0, CAP_BPF_OBJECT, 0,
		 SK_ATTACH(BPF_PROG_ATTACH, map, cap));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(SK_ATTACH(BPF_PROG_DETACH,
				limit_all_but(map, CAP_BPF_OBJECT), prog)));
	EXPECT_EQ(0, RET(SK_ATTACH(BPF_PROG_DETACH,
				   limit_to(map, CAP_BPF_OBJECT), prog)));
#define SK_LINK(map, prog) \
	BPF(BPF_LINK_CREATE, .link_create = { .prog_fd = (prog), \
	    .target_fd = (map), .attach_type = BPF_SK_SKB_STREAM_VERDICT })
	OP_NEEDS(map, 0, CAP_BPF_OBJECT, 0, shut(SK_LINK(cap, prog)));
	OP_NEEDS(prog, 0, CAP_BPF_OBJECT, 0, shut(SK_LINK(map, cap)));

	/* A program does to a socket what no single right stands for. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, two));
	EXPECT_EQ(-EBADF, RET(put(map, limit_all(two[0]))));
}

/* A map of sockets that packets are given to. */
TEST_F(bpf, reuseport_sockets)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int map = RET(create_map(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 8));
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	uint64_t value, cookie = 0;

	ASSERT_LE(0, map);
	ASSERT_EQ(0, setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on,
				sizeof(on)));
	ASSERT_EQ(0, bind(sock, (struct sockaddr *)&sin, sizeof(sin)));
	value = limit_all(sock);
	EXPECT_EQ(-EBADF, RET(update(map, 0, &value)));
	EXPECT_EQ(-ENOENT, RET(lookup(map, 0, &cookie)));
	value = sock;
	EXPECT_EQ(0, RET(update(map, 0, &value)));
	EXPECT_EQ(0, RET(lookup(map, 0, &cookie)));
	EXPECT_NE(0, cookie);
}

TEST_HARNESS_MAIN
