// SPDX-License-Identifier: GPL-2.0
/*
 * Media devices that are given a second descriptor: requests and buffers of
 * V4L2, a fence for DRM; and an infrared receiver that a BPF program is given.
 */
#include "bpf.h"
#include "capmode.h"
#include "ops.h"

#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <linux/dma-buf.h>
#include <linux/media.h>
#include <linux/videodev2.h>

/* The first of @path0, @path1, ... that @fits, open; or -ENODEV. */
static int find_device(const char *path, bool (*fits)(int fd))
{
	char name[64];
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "%s%d", path, i);
		fd = open(name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fits(fd))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* ---- V4L2 ---- */

static bool is_vim2m(int fd)
{
	struct v4l2_capability caps;

	return !ioctl(fd, VIDIOC_QUERYCAP, &caps) &&
	       !strcmp((char *)caps.driver, "vim2m");
}

static bool is_media_of_vim2m(int fd)
{
	struct media_device_info info;

	return !ioctl(fd, MEDIA_IOC_DEVICE_INFO, &info) &&
	       !strcmp(info.model, "vim2m");
}

struct video {
	int dev;
	unsigned int size;	/* of a picture */
	int own;		/* the request, without limits */
};

FIXTURE(v4l2)
{
	struct video d;
};

FIXTURE_SETUP(v4l2)
{
	struct v4l2_format fmt = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };

	REQUIRE_CAPSICUM();
	self->d.dev = find_device("/dev/video", is_vim2m);
	if (self->d.dev < 0)
		SKIP(return, "no vim2m");
	ASSERT_EQ(0, ioctl(self->d.dev, VIDIOC_G_FMT, &fmt));
	self->d.size = fmt.fmt.pix.sizeimage;
}

FIXTURE_TEARDOWN(v4l2)
{
	close(self->d.dev);
}

static int new_buffer(int dev, int type, int memory)
{
	struct v4l2_requestbuffers req = {
		.count = 1, .type = type, .memory = memory,
	};

	return RET(ioctl(dev, VIDIOC_REQBUFS, &req));
}

/* What is known of the one buffer that pictures are given in. */
static uint64_t buffer_state(void *ctx)
{
	struct video *d = ctx;
	struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };

	return ioctl(d->dev, VIDIOC_QUERYBUF, &b) ? ~0ULL : b.flags;
}

/* The buffer is put into request @fd, and taken out. */
static int op_request_buffer(int fd, void *ctx)
{
	struct video *d = ctx;
	struct v4l2_buffer b = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_MMAP,
		.field = V4L2_FIELD_NONE,
		.bytesused = d->size,
		.flags = V4L2_BUF_FLAG_REQUEST_FD,
		.request_fd = fd,
	};
	int err = RET(ioctl(d->dev, VIDIOC_QBUF, &b));

	if (!err && (!(buffer_state(d) & V4L2_BUF_FLAG_IN_REQUEST) ||
		     ioctl(d->own, MEDIA_REQUEST_IOC_REINIT)))
		return -EUCLEAN;
	return err;
}

static int request_control(int dev, unsigned int cmd, int fd)
{
	struct v4l2_ext_control c = { .id = V4L2_CID_HFLIP, .value = 1 };
	struct v4l2_ext_controls cs = {
		.which = V4L2_CTRL_WHICH_REQUEST_VAL,
		.count = 1,
		.request_fd = fd,
		.controls = &c,
	};

	return RET(ioctl(dev, cmd, &cs));
}

static int op_request_set(int fd, void *ctx)
{
	struct video *d = ctx;
	int err = request_control(d->dev, VIDIOC_S_EXT_CTRLS, fd);

	if (!err && ioctl(d->own, MEDIA_REQUEST_IOC_REINIT))
		return -EUCLEAN;
	return err;
}

static int op_request_get(int fd, void *ctx)
{
	struct video *d = ctx;

	return request_control(d->dev, VIDIOC_G_EXT_CTRLS, fd);
}

TEST_F(v4l2, request)
{
	static int (*const ops[])(int fd, void *ctx) = {
		op_request_buffer, op_request_set, op_request_get,
	};
	int media, file;
	unsigned int i;

	media = find_device("/dev/media", is_media_of_vim2m);
	if (media < 0)
		SKIP(return, "vim2m without requests");
	ASSERT_EQ(0, RET(ioctl(media, MEDIA_IOC_REQUEST_ALLOC, &self->d.own)));
	ASSERT_EQ(0, new_buffer(self->d.dev, V4L2_BUF_TYPE_VIDEO_OUTPUT,
				V4L2_MEMORY_MMAP));
	RIGHTS_OP(self->d.own, .name = "VIDIOC_QBUF", .op = op_request_buffer,
		  .rights = RIGHTS(CAP_WRITE), .state = buffer_state,
		  .ctx = &self->d);
	RIGHTS_OP(self->d.own, .name = "VIDIOC_S_EXT_CTRLS",
		  .op = op_request_set, .rights = RIGHTS(CAP_WRITE),
		  .ctx = &self->d);
	/* Nothing is to be had of one that was not done yet. */
	RIGHTS_OP(self->d.own, .name = "VIDIOC_G_EXT_CTRLS",
		  .op = op_request_get, .rights = RIGHTS(CAP_WRITE),
		  .want = -EACCES, .ctx = &self->d);

	/* As ever, whatever it is that is no request. */
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EINVAL, ops[i](-1, &self->d));
		EXPECT_EQ(-EINVAL, ops[i](file, &self->d));
		EXPECT_EQ(-EINVAL, ops[i](limit_all(file), &self->d));
	}
	close(file);
	close(self->d.own);
	close(media);
}

/* One that was refused after another one is of no length, as ever. */
static void new_dma_buf(void *ctx)
{
	struct video *d = ctx;

	new_buffer(d->dev, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF);
}

/* A picture is given in the buffer @fd, and taken back. */
static int op_dma_buf(int fd, void *ctx)
{
	struct video *d = ctx;
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	struct v4l2_buffer b = {
		.type = type,
		.memory = V4L2_MEMORY_DMABUF,
		.field = V4L2_FIELD_NONE,
		.bytesused = d->size,
		.m.fd = fd,
	};
	int err = RET(ioctl(d->dev, VIDIOC_QBUF, &b));

	if (!err && (!(buffer_state(d) & V4L2_BUF_FLAG_QUEUED) ||
		     ioctl(d->dev, VIDIOC_STREAMOFF, &type)))
		return -EUCLEAN;
	return err;
}

TEST_F(v4l2, dma_buf)
{
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.flags = O_RDWR | O_CLOEXEC,
	};
	int file, all;

	/* From where pictures come out, to where they are given. */
	ASSERT_EQ(0, new_buffer(self->d.dev, V4L2_BUF_TYPE_VIDEO_CAPTURE,
				V4L2_MEMORY_MMAP));
	ASSERT_EQ(0, RET(ioctl(self->d.dev, VIDIOC_EXPBUF, &export)));
	RIGHTS_OP(export.fd, .name = "VIDIOC_QBUF of a dma-buf",
		  .op = op_dma_buf, .rights = RIGHTS(CAP_MMAP_RW),
		  .prepare = new_dma_buf, .state = buffer_state,
		  .ctx = &self->d);
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	all = limit_all(file);
	ASSERT_LE(0, all);
	new_dma_buf(&self->d);
	EXPECT_EQ(-EINVAL, op_dma_buf(-1, &self->d));
	EXPECT_EQ(-EINVAL, op_dma_buf(file, &self->d));
	EXPECT_EQ(-EINVAL, op_dma_buf(all, &self->d));
	/* It was for what they are, and not for its length. */
	EXPECT_EQ(0, op_dma_buf(export.fd, &self->d));
	close(all);
	close(file);
	close(export.fd);
}

/* ---- DRM ---- */

/* A plane of a display, and its property that is a fence. */
struct plane {
	int dev;
	uint32_t id;
	uint32_t property;
};

/* The property of object @id that is named @name, or 0. */
static uint32_t find_property(int dev, uint32_t id, const char *name)
{
	uint32_t ids[64];
	uint64_t values[64];
	struct drm_mode_obj_get_properties list = {
		.props_ptr = PTR(ids),
		.prop_values_ptr = PTR(values),
		.count_props = ARRAY_SIZE(ids),
		.obj_id = id,
		.obj_type = DRM_MODE_OBJECT_PLANE,
	};
	unsigned int i;

	if (ioctl(dev, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &list))
		return 0;
	for (i = 0; i < list.count_props && i < ARRAY_SIZE(ids); i++) {
		struct drm_mode_get_property p = { .prop_id = ids[i] };

		if (!ioctl(dev, DRM_IOCTL_MODE_GETPROPERTY, &p) &&
		    !strcmp(p.name, name))
			return ids[i];
	}
	return 0;
}

/* Whether it is one whose planes are changed all at once. */
static bool is_atomic(int fd)
{
	struct drm_set_client_cap cap = {
		.capability = DRM_CLIENT_CAP_ATOMIC, .value = 1,
	};

	return !ioctl(fd, DRM_IOCTL_SET_CLIENT_CAP, &cap);
}

static int find_plane(struct plane *p)
{
	uint32_t ids[16];
	struct drm_mode_get_plane_res list = {
		.plane_id_ptr = PTR(ids), .count_planes = ARRAY_SIZE(ids),
	};

	if (ioctl(p->dev, DRM_IOCTL_MODE_GETPLANERESOURCES, &list))
		return -errno;
	if (!list.count_planes)
		return -ENOENT;
	p->id = ids[0];
	p->property = find_property(p->dev, p->id, "IN_FENCE_FD");
	return p->property ? 0 : -ENOENT;
}

/* A fence: there is nothing to wait for in a buffer that nobody works on. */
static int new_fence(int dev)
{
	struct drm_mode_create_dumb dumb = {
		.width = 64, .height = 64, .bpp = 32,
	};
	struct drm_prime_handle prime = { .flags = DRM_RDWR | DRM_CLOEXEC };
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	int err;

	if (ioctl(dev, DRM_IOCTL_MODE_CREATE_DUMB, &dumb))
		return -errno;
	prime.handle = dumb.handle;
	if (ioctl(dev, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	err = RET(ioctl(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	close(prime.fd);
	return err ? err : export.fd;
}

/* Asked whether the plane could be changed when the fence says so. */
static int op_in_fence(int fd, void *ctx)
{
	struct plane *p = ctx;
	uint32_t count = 1;
	int64_t value = fd;
	struct drm_mode_atomic atomic = {
		.flags = DRM_MODE_ATOMIC_TEST_ONLY,
		.count_objs = 1,
		.objs_ptr = PTR(&p->id),
		.count_props_ptr = PTR(&count),
		.props_ptr = PTR(&p->property),
		.prop_values_ptr = PTR(&value),
	};

	return RET(ioctl(p->dev, DRM_IOCTL_MODE_ATOMIC, &atomic));
}

TEST(drm_in_fence)
{
	struct plane p;
	int fence, file;

	REQUIRE_CAPSICUM();
	p.dev = find_device("/dev/dri/card", is_atomic);
	if (p.dev < 0)
		SKIP(return, "no DRM device with atomic changes");
	ASSERT_EQ(0, find_plane(&p));
	fence = new_fence(p.dev);
	ASSERT_LE(0, fence);
	RIGHTS_OP(fence, .name = "IN_FENCE_FD", .op = op_in_fence,
		  .rights = RIGHTS(CAP_EVENT), .ctx = &p);
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	/* That is none at all. */
	EXPECT_EQ(0, op_in_fence(-1, &p));
	EXPECT_EQ(-EINVAL, op_in_fence(9999, &p));
	EXPECT_EQ(-EINVAL, op_in_fence(file, &p));
	EXPECT_EQ(-EINVAL, op_in_fence(limit_all(file), &p));
	close(file);
	close(fence);
	close(p.dev);
}

static int new_lease(int dev)
{
	struct drm_mode_create_lease lease = { .flags = O_CLOEXEC };
	int err = RET(ioctl(dev, DRM_IOCTL_MODE_CREATE_LEASE, &lease));

	return err ? err : lease.fd;
}

/* It is the same device, opened anew: no way to do more with that. */
TEST(drm_lease)
{
	const unsigned int list[] = {
		DRM_IOCTL_MODE_CREATE_LEASE, DRM_IOCTL_GET_CAP,
	};
	struct drm_mode_create_dumb dumb = {
		.width = 64, .height = 64, .bpp = 32,
	};
	struct drm_get_cap get = { .capability = DRM_CAP_DUMB_BUFFER };
	struct cap_rights set, all;
	int dev, cap, other, fd, next;
	struct limits want, have;
	struct stat st;

	REQUIRE_CAPSICUM();
	dev = find_device("/dev/dri/card", is_atomic);
	if (dev < 0)
		SKIP(return, "no DRM device with atomic changes");
	fd = new_lease(dev);
	ASSERT_LE(0, fd);
	rights_all(&all);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(rights_eq(&all, &have.rights));
	EXPECT_EQ(CAP_LIMIT_IOCTLS_ALL, have.nioctls);
	EXPECT_EQ(0, RET(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb)));
	close(fd);

	rights_list(&set, RIGHTS(CAP_IOCTL));
	cap = limit_sub(dev, &set, 0, ARRAY_SIZE(list), list);
	ASSERT_LE(0, cap);
	fd = new_lease(cap);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(cap, &want));
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(limits_eq(&want, &have));
	EXPECT_EQ(0, RET(ioctl(fd, DRM_IOCTL_GET_CAP, &get)));
	EXPECT_EQ(-ENOTCAPABLE,
		  RET(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb)));
	EXPECT_EQ(-ENOTCAPABLE, RET(fstat(fd, &st)));
	EXPECT_EQ(-ENOTCAPABLE, limit_fd(fd, &all));
	/* A lessee it is, for all that: such cannot lease. */
	EXPECT_EQ(-EINVAL, new_lease(fd));
	close(fd);
	/* It is over with that ioctl. */
	fd = new_lease(dev);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_limits(fd, &have));
	EXPECT_TRUE(rights_eq(&all, &have.rights));
	close(fd);
	close(cap);

	cap = limit_all_but(dev, CAP_IOCTL);
	other = limit_sub(dev, &set, 0, 1, list + 1);
	ASSERT_LE(0, cap);
	ASSERT_LE(0, other);
	next = free_fd();
	EXPECT_EQ(-ENOTCAPABLE, new_lease(cap));
	EXPECT_EQ(-ENOTCAPABLE, new_lease(other));
	EXPECT_EQ(next, free_fd());
	close(other);
	close(cap);
	close(dev);
}

/* ---- lirc ---- */

struct lirc {
	int dev;
	int prog;
};

static int lirc_bpf(int cmd, int dev, int prog)
{
	return RET(BPF(cmd, .target_fd = dev, .attach_bpf_fd = prog,
		       .attach_type = BPF_LIRC_MODE2));
}

/* How many programs are attached. */
static int op_lirc_query(int fd, void *ctx)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = fd;
	attr.query.attach_type = BPF_LIRC_MODE2;
	return sys_bpf(BPF_PROG_QUERY, &attr) ? -errno :
						(int)attr.query.prog_cnt;
}

static uint64_t lirc_state(void *ctx)
{
	struct lirc *l = ctx;

	return op_lirc_query(l->dev, l);
}

static int op_lirc_attach(int fd, void *ctx)
{
	struct lirc *l = ctx;
	int err = lirc_bpf(BPF_PROG_ATTACH, fd, l->prog);

	return !err && lirc_state(l) != 1 ? -EUCLEAN : err;
}

static int op_lirc_detach(int fd, void *ctx)
{
	struct lirc *l = ctx;
	int err = lirc_bpf(BPF_PROG_DETACH, fd, l->prog);

	return !err && lirc_state(l) != 0 ? -EUCLEAN : err;
}

static void be_attached(void *ctx)
{
	struct lirc *l = ctx;

	op_lirc_attach(l->dev, l);
}

static void be_detached(void *ctx)
{
	struct lirc *l = ctx;

	op_lirc_detach(l->dev, l);
}

/* A program sees what arrives, and can tell: so it reads, and writes. */
TEST(lirc)
{
	static const struct bpf_insn ret_0[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct lirc l;
	int file, reader;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	l.dev = open("/dev/lirc0", O_RDWR | O_CLOEXEC);
	if (l.dev < 0)
		SKIP(return, "no /dev/lirc0");
	l.prog = RET(BPF(BPF_PROG_LOAD, .insns = PTR(ret_0),
			 .prog_type = BPF_PROG_TYPE_LIRC_MODE2,
			 .insn_cnt = ARRAY_SIZE(ret_0), .license = PTR("GPL")));
	if (l.prog == -EINVAL)
		SKIP(return, "no BPF programs for lirc");
	ASSERT_LE(0, l.prog);
	ASSERT_EQ(0, op_lirc_query(l.dev, &l));

	RIGHTS_OP(l.dev, .name = "BPF_PROG_ATTACH", .op = op_lirc_attach,
		  .rights = RIGHTS(CAP_READ, CAP_WRITE), .ctx = &l,
		  .prepare = be_detached, .state = lirc_state, .keeps = true);
	RIGHTS_OP(l.dev, .name = "BPF_PROG_DETACH", .op = op_lirc_detach,
		  .rights = RIGHTS(CAP_READ, CAP_WRITE), .ctx = &l,
		  .prepare = be_attached, .state = lirc_state, .keeps = true);
	be_detached(&l);
	EXPECT_EQ(0, op_lirc_query(l.dev, &l));
	RIGHTS_OP(l.dev, .name = "BPF_PROG_QUERY", .op = op_lirc_query,
		  .rights = RIGHTS(CAP_READ));

	/* As ever, who has it open for reading only. */
	reader = open("/dev/lirc0", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, reader);
	EXPECT_EQ(-EPERM, op_lirc_attach(reader, &l));
	EXPECT_EQ(-EPERM, op_lirc_attach(limit_all(reader), &l));
	EXPECT_EQ(0, op_lirc_query(limit_to(reader, CAP_READ), &l));
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EBADF, op_lirc_attach(9999, &l));
	EXPECT_EQ(-EINVAL, op_lirc_attach(file, &l));
	EXPECT_EQ(-EINVAL, op_lirc_attach(limit_all(file), &l));
	EXPECT_EQ(0, op_lirc_query(l.dev, &l));
	close(file);
	close(reader);
	close(l.prog);
	close(l.dev);
}

TEST_HARNESS_MAIN
