// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO: what a device is given to, and what it is given, by a mediated device
 * (a serial port) that takes no hardware.
 */
#include "entries.h"
#include "ops.h"

#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>

/* x86 has this call in each of its ABIs, and a KVM. */
#ifdef __NR_arch_prctl
#include <linux/kvm.h>
#endif

#define CREATE \
	"/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create"
#define DEVICES		"/sys/bus/mdev/devices/"

/* A device is open no more when it is taken away, for that waits for it. */
struct mdev {
	char uuid[40];
	int group;
	int container;
	int dev;
	int event;
};

FIXTURE(mdev)
{
	struct mdev d;
};

/* The node of the device's group. */
static int open_group(const struct mdev *d)
{
	char path[PATH_MAX + 16], link[PATH_MAX];
	const char *number;
	ssize_t n;

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group", d->uuid);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = 0;
	number = strrchr(link, '/');
	snprintf(path, sizeof(path), "/dev/vfio/%s",
		 number ? number + 1 : link);
	return RET(open(path, O_RDWR | O_CLOEXEC));
}

static void remove_mdev(const struct mdev *d)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/remove", d->uuid);
	write_text(AT_FDCWD, path, "1");
}

FIXTURE_SETUP(mdev)
{
	struct mdev *d = &self->d;

	REQUIRE_CAPSICUM();
	REQUIRE_ROOT();
	if (access(CREATE, W_OK))
		SKIP(return, "no mtty");
	d->dev = -1;
	d->container = RET(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	if (d->container < 0)
		SKIP(return, "no containers of VFIO");
	d->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, d->event);
	snprintf(d->uuid, sizeof(d->uuid),
		 "43617073-6963-4756-8d21-%012d", getpid());
	ASSERT_EQ(0, write_text(AT_FDCWD, CREATE, d->uuid));
	d->group = open_group(d);
	if (d->group < 0)
		remove_mdev(d);
	ASSERT_LE(0, d->group);
}

FIXTURE_TEARDOWN(mdev)
{
	if (self->d.dev >= 0)
		close(self->d.dev);
	close(self->d.group);
	close(self->d.container);
	close(self->d.event);
	remove_mdev(&self->d);
}

/* ---- the container ---- */

/* Whether the group has one. */
static uint64_t group_state(void *ctx)
{
	struct mdev *d = ctx;
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(d->group, VFIO_GROUP_GET_STATUS, &status))
		return ~0ULL;
	return status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET;
}

static int op_container(int fd, void *ctx)
{
	struct mdev *d = ctx;
	int32_t container = fd;
	int err = RET(ioctl(d->group, VFIO_GROUP_SET_CONTAINER, &container));

	if (!err && (!group_state(d) ||
		     ioctl(d->group, VFIO_GROUP_UNSET_CONTAINER)))
		return -EUCLEAN;
	return err;
}

/* What is mapped in the container is read and written by the device. */
TEST_F(mdev, container)
{
	int file = tmp_file(NULL, 1);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, group_state(&self->d));
	RIGHTS_OP(self->d.container, .name = "VFIO_GROUP_SET_CONTAINER",
		  .op = op_container, .rights = RIGHTS(CAP_READ, CAP_WRITE),
		  .state = group_state, .ctx = &self->d);
	EXPECT_EQ(-EBADF, op_container(-1, &self->d));
	EXPECT_EQ(-EBADFD, op_container(file, &self->d));
	EXPECT_EQ(-EBADFD, op_container(limit_all(file), &self->d));
	close(file);
}

/* ---- interrupts ---- */

/* What to do of the first interrupt: @type, with @count of @fd. */
static int set_irqs(int dev, unsigned int type, int fd, unsigned int count)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} irqs = {
		.set = {
			.argsz = sizeof(irqs),
			.flags = type | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_INTX_IRQ_INDEX,
			.count = count,
		},
		.fd = fd,
	};

	return RET(ioctl(dev, VFIO_DEVICE_SET_IRQS, &irqs));
}

/* Given to the device, signalled by it, and taken back. */
static int op_irq(int fd, void *ctx)
{
	struct mdev *d = ctx;
	int err = set_irqs(d->dev, VFIO_IRQ_SET_DATA_EVENTFD, fd, 1);
	uint64_t n;

	/* One that has none knows of nothing to be triggered. */
	if (err)
		return set_irqs(d->dev, VFIO_IRQ_SET_DATA_NONE, 0, 1) ==
		       -EINVAL ? err : -EUCLEAN;
	if (set_irqs(d->dev, VFIO_IRQ_SET_DATA_NONE, 0, 1) ||
	    read(d->event, &n, sizeof(n)) != sizeof(n) || n != 1 ||
	    set_irqs(d->dev, VFIO_IRQ_SET_DATA_NONE, 0, 0))
		return -EUCLEAN;
	return 0;
}

TEST_F(mdev, irq)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct mdev *d = &self->d;
	int file = tmp_file(NULL, 1);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, RET(ioctl(d->group, VFIO_GROUP_SET_CONTAINER,
			       &d->container)));
	ASSERT_EQ(0, RET(ioctl(d->container, VFIO_SET_IOMMU,
			       VFIO_TYPE1v2_IOMMU)));
	d->dev = RET(ioctl(d->group, VFIO_GROUP_GET_DEVICE_FD, d->uuid));
	ASSERT_LE(0, d->dev);
	/* It counts its interrupts when it is asked first. */
	ASSERT_EQ(0, RET(ioctl(d->dev, VFIO_DEVICE_GET_INFO, &info)));
	RIGHTS_OP(d->event, .name = "VFIO_DEVICE_SET_IRQS", .op = op_irq,
		  .rights = RIGHTS(CAP_WRITE), .ctx = d);
	EXPECT_EQ(-EBADF, op_irq(9999, d));
	EXPECT_EQ(-EINVAL, op_irq(file, d));
	EXPECT_EQ(-EINVAL, op_irq(limit_all(file), d));
	close(file);
}

/* ---- a VM ---- */

#ifdef __NR_arch_prctl
static int with_vm(int kvm, unsigned int what, int fd)
{
	int32_t file = fd;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = what,
		.addr = (uintptr_t)&file,
	};

	return RET(ioctl(kvm, KVM_SET_DEVICE_ATTR, &attr));
}

/* What is coupled with a VM is all of the group: it may have no limits. */
TEST_F(mdev, vm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_VFIO };
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, all;

	if (dev < 0)
		SKIP(return, "no /dev/kvm (%s)", strerror(errno));
	vm = RET(ioctl(dev, KVM_CREATE_VM, 0));
	ASSERT_LE(0, vm);
	ASSERT_EQ(0, RET(ioctl(vm, KVM_CREATE_DEVICE, &create)));
	all = limit_all(self->d.group);
	ASSERT_LE(0, all);
	EXPECT_EQ(-EBADF, with_vm(create.fd, KVM_DEV_VFIO_FILE_ADD, all));
	EXPECT_EQ(-ENOENT, with_vm(create.fd, KVM_DEV_VFIO_FILE_DEL,
				   self->d.group));
	EXPECT_EQ(0, with_vm(create.fd, KVM_DEV_VFIO_FILE_ADD,
			     self->d.group));
	EXPECT_EQ(-EBADF, with_vm(create.fd, KVM_DEV_VFIO_FILE_DEL, all));
	EXPECT_EQ(0, with_vm(create.fd, KVM_DEV_VFIO_FILE_DEL,
			     self->d.group));
	close(all);
	close(create.fd);
	close(vm);
	close(dev);
}
#endif

/* ---- iommufd ---- */

/* The node of the device itself. */
static int open_mdev(const struct mdev *d)
{
	char path[PATH_MAX];
	struct dirent *e;
	int fd = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), DEVICES "%s/vfio-dev", d->uuid);
	dir = list_dir(AT_FDCWD, path);
	if (!dir)
		return -errno;
	while (fd == -ENOENT && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 e->d_name);
		fd = RET(open(path, O_RDWR | O_CLOEXEC));
		break;
	}
	closedir(dir);
	return fd;
}

/* Bound, and by closing it no more: it can be bound once. */
static int op_bind(int fd, void *ctx)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = fd,
	};
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct mdev *d = ctx;
	int dev = open_mdev(d), err, got;

	if (dev < 0)
		return -EUCLEAN;
	err = RET(ioctl(dev, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	/* One that is bound to none does nothing else. */
	got = RET(ioctl(dev, VFIO_DEVICE_GET_INFO, &info));
	close(dev);
	return got == (err ? -EINVAL : 0) ? err : -EUCLEAN;
}

TEST_F(mdev, iommufd)
{
	int fd, file;

	fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no /dev/iommu");
	if (access("/dev/vfio/devices", X_OK))
		SKIP(return, "no nodes of VFIO's devices");
	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	RIGHTS_OP(fd, .name = "VFIO_GROUP_SET_CONTAINER, iommufd",
		  .op = op_container, .rights = RIGHTS(CAP_READ, CAP_WRITE),
		  .state = group_state, .ctx = &self->d);
	/* The device is used by its own node, or by its group's. */
	close(self->d.group);
	RIGHTS_OP(fd, .name = "VFIO_DEVICE_BIND_IOMMUFD", .op = op_bind,
		  .rights = RIGHTS(CAP_READ, CAP_WRITE), .ctx = &self->d);
	EXPECT_EQ(-EINVAL, op_bind(-1, &self->d));
	EXPECT_EQ(-EBADF, op_bind(9999, &self->d));
	EXPECT_EQ(-EBADFD, op_bind(file, &self->d));
	EXPECT_EQ(-EBADFD, op_bind(limit_all(file), &self->d));
	close(file);
	close(fd);
	self->d.group = -1;
}

TEST_HARNESS_MAIN
