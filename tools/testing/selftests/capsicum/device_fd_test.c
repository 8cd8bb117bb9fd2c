// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are given a second descriptor, to use what is behind it for as
 * long as they like: memory for a dma-buf, a fence, a network backend, another
 * FUSE device.
 */
#include "fuse.h"
#include "ops.h"

#include <drm/drm.h>
#include <linux/dma-buf.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <linux/vhost.h>
#include <arpa/inet.h>
#include <poll.h>

/* ---- udmabuf ---- */

struct udmabuf {
	int dev;
	int memfd;
};

/* A buffer of the memory behind @fd; returns its descriptor. */
static int udmabuf_of(int dev, int fd)
{
	struct udmabuf_create create = { .memfd = fd, .size = 4096 };

	return RET(ioctl(dev, UDMABUF_CREATE, &create));
}

static int op_udmabuf(int fd, void *ctx)
{
	struct udmabuf *u = ctx;
	int buf = udmabuf_of(u->dev, fd);

	if (buf >= 0)
		close(buf);
	return buf < 0 ? buf : 0;
}

static int op_udmabuf_list(int fd, void *ctx)
{
	struct udmabuf *u = ctx;
	struct {
		struct udmabuf_create_list list;
		struct udmabuf_create_item item[2];
	} create = {
		.list = { .count = 2 },
		.item = {
			{ .memfd = u->memfd, .size = 4096 },
			{ .memfd = fd, .offset = 4096, .size = 4096 },
		},
	};
	int buf = RET(ioctl(u->dev, UDMABUF_CREATE_LIST, &create));

	if (buf >= 0)
		close(buf);
	return buf < 0 ? buf : 0;
}

static int udmabuf_open(struct udmabuf *u)
{
	u->dev = RET(open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
	if (u->dev < 0)
		return u->dev;
	u->memfd = RET(memfd_create("capsicum", MFD_CLOEXEC |
				    MFD_ALLOW_SEALING));
	if (u->memfd < 0)
		return u->memfd;
	if (ftruncate(u->memfd, 8192) ||
	    fcntl(u->memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return 0;
}

/* The buffer has no limits: so the memory may have none for what it can do. */
TEST(udmabuf)
{
	struct udmabuf u;
	int buf;
	char *p;

	REQUIRE_CAPSICUM();
	if (udmabuf_open(&u))
		SKIP(return, "no udmabuf");
	RIGHTS_OP(u.memfd, .name = "UDMABUF_CREATE", .op = op_udmabuf,
		  .rights = RIGHTS(CAP_MMAP_RWX), .ctx = &u);
	RIGHTS_OP(u.memfd, .name = "UDMABUF_CREATE_LIST",
		  .op = op_udmabuf_list, .rights = RIGHTS(CAP_MMAP_RWX),
		  .ctx = &u);
	EXPECT_EQ(-EBADFD, udmabuf_of(u.dev, -1));

	/* This is why: all of it can be done by the buffer. */
	buf = udmabuf_of(u.dev, u.memfd);
	ASSERT_LE(0, buf);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED,
		 buf, 0);
	EXPECT_TRUE(p != MAP_FAILED);
}

/* How it goes to give the buffer @fd to the DRM device @dev, and take it back. */
static int prime(int dev, int fd)
{
	struct drm_prime_handle p = { .fd = fd };
	struct drm_gem_close c = {};
	int err = RET(ioctl(dev, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p));

	if (err)
		return err;
	c.handle = p.handle;
	return RET(ioctl(dev, DRM_IOCTL_GEM_CLOSE, &c));
}

/* What such a device exports has no limits: it takes no buffer that has. */
TEST(drm_prime)
{
	struct udmabuf u;
	int buf, cap, dev;

	REQUIRE_CAPSICUM();
	dev = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (dev < 0 || udmabuf_open(&u))
		SKIP(return, "no DRM device, or no udmabuf");
	buf = udmabuf_of(u.dev, u.memfd);
	ASSERT_LE(0, buf);
	EXPECT_EQ(0, prime(dev, buf));
	cap = limit_all(buf);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-EBADF, prime(dev, cap));
	EXPECT_EQ(0, close(cap));
	EXPECT_EQ(-EBADF, prime(dev, cap));
	EXPECT_EQ(-EBADF, prime(dev, -1));
	EXPECT_EQ(-EINVAL, prime(dev, u.memfd));
	/* The device itself: the command has to be on the list. */
	cap = limit_to(dev, CAP_IOCTL);
	EXPECT_EQ(0, prime(cap, buf));
	EXPECT_EQ(-ENOTCAPABLE, prime(limit_all_but(dev, CAP_IOCTL), buf));
	EXPECT_EQ(-EBADF, prime(cap, limit_all(buf)));
}

/* ---- fences ---- */

struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

struct sw_sync_get_deadline {
	uint64_t deadline_ns;
	uint32_t pad;
	int32_t fence_fd;
};

#define SW_SYNC			"/sys/kernel/debug/sync/sw_sync"
#define SW_SYNC_IOC_CREATE_FENCE \
	_IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_GET_DEADLINE \
	_IOWR('W', 2, struct sw_sync_get_deadline)

static int fence_of(int timeline, unsigned int value)
{
	struct sw_sync_create_fence_data data = { .value = value };

	if (ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &data))
		return -errno;
	return data.fence;
}

static int op_merge(int fd, void *ctx)
{
	struct sync_merge_data data = { .fd2 = fd };
	int *first = ctx;

	if (ioctl(*first, SYNC_IOC_MERGE, &data))
		return -errno;
	close(data.fence);
	return 0;
}

TEST(sync_file_merge)
{
	int timeline, one, two;

	REQUIRE_CAPSICUM();
	timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (timeline < 0)
		SKIP(return, "no " SW_SYNC);
	one = fence_of(timeline, 1);
	ASSERT_LE(0, one);
	two = fence_of(timeline, 2);
	ASSERT_LE(0, two);
	RIGHTS_OP(two, .name = "SYNC_IOC_MERGE, second", .op = op_merge,
		  .rights = RIGHTS(CAP_EVENT), .ctx = &one);
	EXPECT_EQ(-ENOENT, op_merge(-1, &one));
	EXPECT_EQ(-ENOENT, op_merge(timeline, &one));
}

/* What is merged can be waited for no more than the descriptor it comes from. */
TEST(sync_file_merge_inherits)
{
	struct sync_merge_data data = {};
	struct pollfd p = { .events = POLLIN };
	int timeline, one, two;

	REQUIRE_CAPSICUM();
	timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (timeline < 0)
		SKIP(return, "no " SW_SYNC);
	one = fence_of(timeline, 1);
	ASSERT_LE(0, one);
	two = fence_of(timeline, 2);
	ASSERT_LE(0, two);

	data.fd2 = two;
	ASSERT_EQ(0, ioctl(one, SYNC_IOC_MERGE, &data));
	p.fd = data.fence;
	EXPECT_EQ(0, poll(&p, 1, 0));

	data.fd2 = two;
	ASSERT_EQ(0, ioctl(limit_all_but(one, CAP_EVENT), SYNC_IOC_MERGE,
			   &data));
	p.fd = data.fence;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLNVAL, p.revents);
}

TEST(sync_file_export_inherits)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	struct pollfd p = { .events = POLLIN };
	struct udmabuf u;
	int buf;

	REQUIRE_CAPSICUM();
	if (udmabuf_open(&u))
		SKIP(return, "no udmabuf");
	buf = udmabuf_of(u.dev, u.memfd);
	ASSERT_LE(0, buf);

	/* Nobody is at work on the buffer: there is nothing to wait for. */
	ASSERT_EQ(0, ioctl(buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	p.fd = export.fd;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN, p.revents);

	ASSERT_EQ(0, ioctl(limit_all_but(buf, CAP_EVENT),
			   DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	p.fd = export.fd;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLNVAL, p.revents);
}

static int op_import_fence(int fd, void *ctx)
{
	struct dma_buf_import_sync_file import = {
		.flags = DMA_BUF_SYNC_WRITE,
		.fd = fd,
	};
	int *buf = ctx;

	return RET(ioctl(*buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import));
}

/* A buffer is ready when the fence is: without the right it stays ready. */
static uint64_t buffer_state(void *ctx)
{
	struct pollfd p = { .fd = *(int *)ctx, .events = POLLIN };

	return poll(&p, 1, 0);
}

TEST(sync_file_import)
{
	struct udmabuf u;
	int timeline, fence, buf, cap;

	REQUIRE_CAPSICUM();
	timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (timeline < 0 || udmabuf_open(&u))
		SKIP(return, "no " SW_SYNC ", or no udmabuf");
	buf = udmabuf_of(u.dev, u.memfd);
	ASSERT_LE(0, buf);
	fence = fence_of(timeline, 1);
	ASSERT_LE(0, fence);
	ASSERT_EQ(1, buffer_state(&buf));
	EXPECT_EQ(-ENOTCAPABLE,
		  op_import_fence(limit_all_but(fence, CAP_EVENT), &buf));
	EXPECT_EQ(-ENOTCAPABLE,
		  op_import_fence(limit_list(fence, NO_RIGHTS), &buf));
	cap = limit_all_but(buf, CAP_IOCTL);
	EXPECT_EQ(-ENOTCAPABLE, op_import_fence(fence, &cap));
	/* As ever, whatever it is that is no fence. */
	EXPECT_EQ(-EINVAL, op_import_fence(-1, &buf));
	EXPECT_EQ(-EINVAL, op_import_fence(timeline, &buf));
	EXPECT_EQ(-EINVAL, op_import_fence(limit_all(timeline), &buf));
	EXPECT_EQ(1, buffer_state(&buf));
	EXPECT_EQ(0, op_import_fence(limit_to(fence, CAP_EVENT), &buf));
	EXPECT_EQ(0, buffer_state(&buf));
	RIGHTS_OP(fence, .name = "DMA_BUF_IOCTL_IMPORT_SYNC_FILE",
		  .op = op_import_fence, .rights = RIGHTS(CAP_EVENT),
		  .ctx = &buf);
}

static int op_deadline(int fd, void *ctx)
{
	struct sw_sync_get_deadline data = { .fence_fd = fd };
	int *timeline = ctx;

	return RET(ioctl(*timeline, SW_SYNC_GET_DEADLINE, &data));
}

/* Nobody has said by when the fence is wanted: -ENOENT. */
TEST(sw_sync_deadline)
{
	int timeline, fence;

	REQUIRE_CAPSICUM();
	timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (timeline < 0)
		SKIP(return, "no " SW_SYNC);
	fence = fence_of(timeline, 1);
	ASSERT_LE(0, fence);
	RIGHTS_OP(fence, .name = "SW_SYNC_GET_DEADLINE", .op = op_deadline,
		  .rights = RIGHTS(CAP_EVENT), .want = -ENOENT,
		  .ctx = &timeline);
	EXPECT_EQ(-EINVAL, op_deadline(-1, &timeline));
	EXPECT_EQ(-EINVAL, op_deadline(timeline, &timeline));
}

/* ---- vhost-net ---- */

/* Its queues: what the guest receives, and what it sends. */
enum { RX, TX };

struct vhost {
	int dev;
	int backend;
	unsigned int queue;
};

static int op_backend(int fd, void *ctx)
{
	struct vhost *v = ctx;
	struct vhost_vring_file file = { .index = v->queue, .fd = fd };
	int err = RET(ioctl(v->dev, VHOST_NET_SET_BACKEND, &file));

	file.fd = -1;
	if (ioctl(v->dev, VHOST_NET_SET_BACKEND, &file))
		return -EUCLEAN;
	return err;
}

/* Each queue takes what it does. */
static void check_backend(struct __test_metadata *_metadata, struct vhost *v)
{
	v->queue = RX;
	RIGHTS_OP(v->backend, .name = "VHOST_NET_SET_BACKEND, receive",
		  .op = op_backend, .rights = RIGHTS(CAP_READ), .ctx = v);
	v->queue = TX;
	RIGHTS_OP(v->backend, .name = "VHOST_NET_SET_BACKEND, send",
		  .op = op_backend, .rights = RIGHTS(CAP_WRITE), .ctx = v);
}

static int vhost_open(struct __test_metadata *_metadata)
{
	static _Alignas(4096) char rings[2][3][4096];
	struct {
		struct vhost_memory m;
		struct vhost_memory_region r[1];
	} mem = {
		.m = { .nregions = 1 },
		.r = { {
			.guest_phys_addr = (uintptr_t)rings,
			.memory_size = sizeof(rings),
			.userspace_addr = (uintptr_t)rings,
		} },
	};
	unsigned int i;
	int dev;

	dev = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return dev;
	ASSERT_EQ(0, ioctl(dev, VHOST_SET_OWNER));
	ASSERT_EQ(0, ioctl(dev, VHOST_SET_MEM_TABLE, &mem));
	for (i = 0; i < 2; i++) {
		struct vhost_vring_state num = { .index = i, .num = 16 };
		struct vhost_vring_addr addr = {
			.index = i,
			.desc_user_addr = (uintptr_t)rings[i][0],
			.avail_user_addr = (uintptr_t)rings[i][1],
			.used_user_addr = (uintptr_t)rings[i][2],
		};

		ASSERT_EQ(0, ioctl(dev, VHOST_SET_VRING_NUM, &num));
		num.num = 0;
		ASSERT_EQ(0, ioctl(dev, VHOST_SET_VRING_BASE, &num));
		ASSERT_EQ(0, ioctl(dev, VHOST_SET_VRING_ADDR, &addr));
	}
	return dev;
}

TEST(vhost_net_tap)
{
	struct ifreq ifr = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};
	struct vhost v;
	int other;

	REQUIRE_CAPSICUM();
	v.dev = vhost_open(_metadata);
	if (v.dev < 0)
		SKIP(return, "no vhost-net");
	v.backend = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (v.backend < 0)
		SKIP(return, "no tun");
	ASSERT_EQ(0, ioctl(v.backend, TUNSETIFF, &ifr));
	check_backend(_metadata, &v);

	/* What is no backend is told as before, whether limited or not. */
	other = tmp_file(NULL, 16);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOTSOCK, op_backend(other, &v));
	EXPECT_EQ(-ENOTSOCK, op_backend(limit_all(other), &v));
	EXPECT_EQ(-ENOTSOCK, op_backend(9999, &v));
}

TEST(vhost_net_packet)
{
	struct vhost v;
	int other;

	REQUIRE_CAPSICUM();
	v.dev = vhost_open(_metadata);
	if (v.dev < 0)
		SKIP(return, "no vhost-net");
	v.backend = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
			   htons(ETH_P_ALL));
	if (v.backend < 0)
		SKIP(return, "no packet sockets");
	check_backend(_metadata, &v);

	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOTSOCK, op_backend(other, &v));
	EXPECT_EQ(-ENOTSOCK, op_backend(limit_all(other), &v));
}

/* ---- FUSE ---- */

static int op_fuse_clone(int fd, void *ctx)
{
	uint32_t old = fd;
	int dev, err;

	dev = RET(open("/dev/fuse", O_RDWR | O_CLOEXEC));
	if (dev < 0)
		return dev;
	err = RET(ioctl(dev, FUSE_DEV_IOC_CLONE, &old));
	/* One that is of no connection cannot be read from. */
	if (err) {
		char buf[8192];

		if (RET(read(dev, buf, sizeof(buf))) != -EPERM)
			err = -EUCLEAN;
	}
	close(dev);
	return err;
}

TEST(fuse_clone)
{
	char dir[] = "/tmp/capsicum.XXXXXX";
	int dev;

	REQUIRE_CAPSICUM();
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no FUSE");
	ASSERT_TRUE(!!mkdtemp(dir));
	/* Mounting takes one without limits, and so does doing it once more. */
	EXPECT_EQ(-EINVAL, fuse_mount(limit_all(dev), dir));
	ASSERT_EQ(0, fuse_mount(dev, dir));
	EXPECT_EQ(-EINVAL, fuse_mount(limit_all(dev), dir));
	RIGHTS_OP(dev, .name = "FUSE_DEV_IOC_CLONE", .op = op_fuse_clone,
		  .rights = RIGHTS(CAP_READ, CAP_WRITE, CAP_EVENT));
	EXPECT_EQ(-EINVAL, op_fuse_clone(-1, NULL));
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
}

/* What is behind a file is opened again, in any way: it may have no limits. */
TEST(fuse_backing)
{
	char dir[] = "/tmp/capsicum.XXXXXX";
	int dev, file, id;

	REQUIRE_CAPSICUM();
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no FUSE");
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	ASSERT_TRUE(!!mkdtemp(dir));
	ASSERT_EQ(0, fuse_mount(dev, dir));
	if (!fuse_serves_backing(dev)) {
		umount2(dir, MNT_DETACH);
		rmdir(dir);
		SKIP(return, "FUSE without backing files");
	}
	id = fuse_backing_open(dev, file);
	EXPECT_LT(0, id);
	EXPECT_EQ(-ENOTCAPABLE, fuse_backing_open(dev, limit_all(file)));
	EXPECT_EQ(-ENOTCAPABLE,
		  fuse_backing_open(dev, limit_list(file, NO_RIGHTS)));
	EXPECT_EQ(-EBADF, fuse_backing_open(dev, -1));
	/* Each has the next number: what was refused has had none. */
	EXPECT_EQ(id + 1, fuse_backing_open(dev, file));
	EXPECT_EQ(0, fuse_backing_close(dev, id));
	EXPECT_EQ(-ENOENT, fuse_backing_close(dev, id));
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
	close(file);
	close(dev);
}

/* ---- cachefiles ---- */

/* What the daemon reads can come with descriptors, which would have no limits. */
TEST(cachefiles_read)
{
	struct pollfd p = { .events = POLLIN };
	char buf[64];
	int dev, cap;

	REQUIRE_CAPSICUM();
	dev = open("/dev/cachefiles", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no cachefiles");
	EXPECT_EQ(0, RET(read(dev, buf, sizeof(buf))));
	cap = limit_all(dev);
	ASSERT_LE(0, cap);
	EXPECT_EQ(-ENOTCAPABLE, RET(read(cap, buf, sizeof(buf))));
	p.fd = cap;
	EXPECT_EQ(0, RET(poll(&p, 1, 0)));
	/* Before there is a cache, all that it says is that it knows no such thing. */
	EXPECT_EQ(-EOPNOTSUPP, RET(write(cap, "nonsense x", 10)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(write(limit_all_but(dev, CAP_WRITE), "nonsense x", 10)));
	close(dev);
}

TEST_HARNESS_MAIN
