// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are given a second descriptor, to use what is behind it for as
 * long as they like: memory for a dma-buf, a fence, a network backend, another
 * FUSE device.
 */
#include "entries.h"
#include "fuse.h"
#include "netdevsim.h"
#include "ops.h"

#include <drm/drm.h>
#include <linux/dma-buf.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/ptp_clock.h>
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <linux/usb/ch9.h>
#include <linux/usbip.h>
#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timex.h>
#include <time.h>

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

/* Of each queue: descriptors, those that are there to use, those used. */
static _Alignas(4096) char rings[2][3][4096];

/* Makes it one's own, with rings. */
static void vhost_own(struct __test_metadata *_metadata, int dev)
{
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
}

static int vhost_open(struct __test_metadata *_metadata)
{
	int dev = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	if (dev >= 0)
		vhost_own(_metadata, dev);
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

/* A packet socket of the loopback interface. */
static int lo_socket(unsigned int protocol)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
	};
	int fd = RET(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	struct ifreq ifr = { .ifr_name = "lo" };
	int err;

	if (fd < 0)
		return fd;
	err = RET(ioctl(fd, SIOCGIFINDEX, &ifr));
	addr.sll_ifindex = ifr.ifr_ifindex;
	if (!err)
		err = RET(bind(fd, (void *)&addr, sizeof(addr)));
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Its worker begins in an ioctl, and outlasts the capability of that. */
TEST(vhost_net_worker)
{
	struct vring_desc *desc = (void *)rings[TX][0];
	struct vring_avail *avail = (void *)rings[TX][1];
	struct vring_used *used = (void *)rings[TX][2];
	struct ethhdr *frame = (void *)(desc + 16);
	struct vhost_vring_file file = { .index = TX };
	int dev, cap, kick, call, from, to, i;
	char buf[ETH_ZLEN + 1];
	struct pollfd p = { .events = POLLIN };
	uint64_t n;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	dev = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no vhost-net");
	from = lo_socket(0);
	if (from < 0)
		SKIP(return, "no packet sockets");
	to = lo_socket(ETH_P_802_EX1);
	ASSERT_LE(0, to);
	kick = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, kick);
	call = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, call);

	cap = limit_all(dev);
	ASSERT_LE(0, cap);
	vhost_own(_metadata, cap);
	file.fd = kick;
	ASSERT_EQ(0, ioctl(cap, VHOST_SET_VRING_KICK, &file));
	file.fd = call;
	ASSERT_EQ(0, ioctl(cap, VHOST_SET_VRING_CALL, &file));
	file.fd = from;
	ASSERT_EQ(0, ioctl(cap, VHOST_NET_SET_BACKEND, &file));
	close(cap);

	frame->h_proto = htons(ETH_P_802_EX1);
	desc->addr = (uintptr_t)frame;
	desc->len = ETH_ZLEN;
	for (i = 1; i <= 3; i++) {
		*(char *)(frame + 1) = i;
		__atomic_store_n(&avail->idx, i, __ATOMIC_RELEASE);
		n = 1;
		ASSERT_EQ(8, write(kick, &n, sizeof(n)));
		p.fd = call;
		ASSERT_EQ(1, poll(&p, 1, 60 * 1000));
		ASSERT_EQ(8, read(call, &n, sizeof(n)));
		EXPECT_EQ(i, __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE));
		p.fd = to;
		ASSERT_EQ(1, poll(&p, 1, 60 * 1000));
		ASSERT_EQ(ETH_ZLEN, read(to, buf, sizeof(buf)));
		EXPECT_EQ(0, memcmp(buf, frame, ETH_ZLEN));
	}
	/* It ends with the device. */
	EXPECT_EQ(0, close(dev));
	close(from);
	close(to);
	close(call);
	close(kick);
	dev = vhost_open(_metadata);
	EXPECT_LE(0, dev);
	EXPECT_EQ(0, close(dev));
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

/* ---- netdevsim ---- */

/* A device, its two interfaces, and the namespace that they are in. */
struct sim {
	int id;
	int ns;
	int index[2];
	bool second;		/* which interface's namespace is tried */
};

FIXTURE(netdevsim)
{
	struct sim d;
};

/* What is to be known of a new device, which goes away when that fails. */
static int sim_init(struct sim *d, int id)
{
	int i, err;

	d->id = id;
	d->ns = RET(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	err = d->ns < 0 ? d->ns : 0;
	for (i = 0; i < 2 && !err; i++) {
		d->index[i] = netdevsim_number(id, i, "ifindex");
		if (d->index[i] <= 0)
			err = d->index[i] ?: -EIO;
	}
	if (err) {
		close(d->ns);
		netdevsim_del(id);
	}
	return err;
}

FIXTURE_SETUP(netdevsim)
{
	int err;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	err = netdevsim_new(getpid(), 2);
	if (err == -ENOENT)
		SKIP(return, "no netdevsim");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, sim_init(&self->d, getpid()));
}

FIXTURE_TEARDOWN(netdevsim)
{
	EXPECT_EQ(0, netdevsim_del(self->d.id));
	close(self->d.ns);
}

static int link_interfaces(struct sim *d, int first, int second)
{
	char text[64];

	snprintf(text, sizeof(text), "%d:%d %d:%d", first, d->index[0], second,
		 d->index[1]);
	return netdevsim_write("link_device", text);
}

static int unlink_interface(struct sim *d, int ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%d:%d", ns, d->index[d->second]);
	return netdevsim_write("unlink_device", text);
}

/* The interface that the second one is linked with: itself when with none. */
static uint64_t link_state(void *ctx)
{
	struct sim *d = ctx;

	return netdevsim_number(d->id, 1, "iflink");
}

static void be_linked(void *ctx)
{
	struct sim *d = ctx;

	link_interfaces(d, d->ns, d->ns);
}

static void be_unlinked(void *ctx)
{
	struct sim *d = ctx;

	unlink_interface(d, d->ns);
}

static int op_link(int fd, void *ctx)
{
	struct sim *d = ctx;

	return link_interfaces(d, d->second ? d->ns : fd,
			       d->second ? fd : d->ns);
}

static int op_unlink(int fd, void *ctx)
{
	return unlink_interface(ctx, fd);
}

TEST_F(netdevsim, link)
{
	int file = tmp_file(NULL, 1);
	int i;

	ASSERT_LE(0, file);
	for (i = 0; i < 2; i++) {
		self->d.second = i;
		RIGHTS_OP(self->d.ns, .name = "link_device", .op = op_link,
			  .rights = RIGHTS(CAP_SETNS), .prepare = be_unlinked,
			  .state = link_state, .ctx = &self->d);
		be_linked(&self->d);
		EXPECT_EQ(-EBUSY, op_link(self->d.ns, &self->d));
		EXPECT_EQ(self->d.index[0], link_state(&self->d));
		EXPECT_EQ(-EINVAL, op_link(-1, &self->d));
		EXPECT_EQ(-EINVAL, op_link(file, &self->d));
		EXPECT_EQ(-EINVAL, op_link(limit_all(file), &self->d));
		RIGHTS_OP(self->d.ns, .name = "unlink_device", .op = op_unlink,
			  .rights = RIGHTS(CAP_SETNS), .prepare = be_linked,
			  .state = link_state, .ctx = &self->d);
		be_unlinked(&self->d);
		EXPECT_EQ(self->d.index[1], link_state(&self->d));
	}
	close(file);
}

/* ---- clocks ---- */

static const char *const clock_ops[] = {
	"clock_gettime", "clock_getres", "clock_settime", "clock_adjtime",
};

/* With the clock that a descriptor stands for. */
static int clock_op(unsigned int op, int fd)
{
	const clockid_t id = (~(unsigned int)fd << 3) | 3;
	struct timespec ts = { .tv_sec = 1 };
	struct timex tx = {};

	switch (op) {
	case 0:
		return RET(clock_gettime(id, &ts));
	case 1:
		return RET(clock_getres(id, &ts));
	case 2:
		return RET(clock_settime(id, &ts));
	default:
		return RET(clock_adjtime(id, &tx));
	}
}

/* A clock's number cannot ask for rights, so capabilities have none. */
TEST_F(netdevsim, clock)
{
	struct ptp_clock_caps caps;
	char name[32], path[64];
	int fd, all, none;
	unsigned int i;

	if (netdevsim_name(self->d.id, "ptp", 0, name, sizeof(name)))
		SKIP(return, "netdevsim without a clock");
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = RET(open(path, O_RDWR | O_CLOEXEC));
	ASSERT_LE(0, fd);
	all = limit_all(fd);
	ASSERT_LE(0, all);
	none = limit_list(fd, NO_RIGHTS);
	ASSERT_LE(0, none);
	for (i = 0; i < ARRAY_SIZE(clock_ops); i++) {
		EXPECT_EQ(-EINVAL, clock_op(i, all))
			TH_LOG("%s with every right", clock_ops[i]);
		EXPECT_EQ(-EINVAL, clock_op(i, none))
			TH_LOG("%s with none", clock_ops[i]);
		EXPECT_EQ(0, clock_op(i, fd))
			TH_LOG("%s", clock_ops[i]);
	}
	/* What it takes to use it by a capability is an ioctl. */
	EXPECT_EQ(0, RET(ioctl(all, PTP_CLOCK_GETCAPS, &caps)));
	EXPECT_EQ(-ENOTCAPABLE, RET(ioctl(none, PTP_CLOCK_GETCAPS, &caps)));
	close(none);
	close(all);
	close(fd);
	EXPECT_EQ(-EINVAL, clock_op(0, fd));
}

/* ---- USB/IP ---- */

#define VHCI	"/sys/devices/platform/vhci_hcd.0/"

/* The state of the first port, or -errno. */
static int vhci_state(void)
{
	FILE *f = fopen(VHCI "status", "re");
	int port = -1, state = -EIO;

	if (!f)
		return -errno;
	if (fscanf(f, "%*[^\n] %*s %d %d", &port, &state) != 2 || port)
		state = -EIO;
	fclose(f);
	return state;
}

/* A device that is reached by @fd, attached to the first port. */
static int vhci_attach(int fd)
{
	char text[32];

	snprintf(text, sizeof(text), "0 %d 1 %d", fd, USB_SPEED_HIGH);
	return write_text(AT_FDCWD, VHCI "attach", text);
}

static int vhci_detach(void)
{
	int i, err = write_text(AT_FDCWD, VHCI "detach", "0");

	for (i = 0; !err && vhci_state() != VDEV_ST_NULL; i++) {
		if (i == 3000)
			return -ETIMEDOUT;
		usleep(10000);
	}
	return err;
}

TEST(usbip_attach)
{
	static const uint64_t needed[] = { CAP_RECV, CAP_SEND, CAP_SHUTDOWN };
	int i, sv[2], fd, none, state;
	struct cap_rights set;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	if (access(VHCI "attach", W_OK))
		SKIP(return, "no " VHCI);
	state = vhci_state();
	ASSERT_LE(0, state);
	if (state != VDEV_ST_NULL)
		SKIP(return, "the first port is in use");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
	for (i = 0; i < (int)ARRAY_SIZE(needed); i++) {
		fd = limit_all_but(sv[0], needed[i]);
		EXPECT_EQ(-ENOTCAPABLE, vhci_attach(fd));
		close(fd);
		rights_list(&set, RIGHTS(CAP_RECV, CAP_SEND, CAP_SHUTDOWN));
		rights_del(&set, needed[i]);
		fd = limit_set(sv[0], &set);
		EXPECT_EQ(-ENOTCAPABLE, vhci_attach(fd));
		close(fd);
	}
	none = limit_list(sv[0], NO_RIGHTS);
	EXPECT_EQ(-ENOTCAPABLE, vhci_attach(none));
	close(none);
	EXPECT_EQ(-EINVAL, vhci_attach(9999));
	EXPECT_EQ(VDEV_ST_NULL, vhci_state());
	EXPECT_EQ(-EINVAL, vhci_detach());
	close(sv[0]);
	close(sv[1]);

	/* A socket is of no use any more after that. */
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					sv));
		fd = !i ? RET(dup(sv[0])) : i == 1 ? limit_all(sv[0]) :
		     limit_to(sv[0], CAP_RECV, CAP_SEND, CAP_SHUTDOWN);
		EXPECT_EQ(0, vhci_attach(fd));
		EXPECT_TRUE(vhci_state() == VDEV_ST_NOTASSIGNED ||
			    vhci_state() == VDEV_ST_USED);
		EXPECT_EQ(0, vhci_detach());
		close(fd);
		close(sv[0]);
		close(sv[1]);
	}
}

TEST_HARNESS_MAIN
