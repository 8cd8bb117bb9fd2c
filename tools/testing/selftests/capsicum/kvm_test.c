// SPDX-License-Identifier: GPL-2.0
/*
 * KVM: the eventfds and the memory that a VM is given, and its own descriptors.
 */
#include "capmode.h"
#include "ops.h"

#include <sys/eventfd.h>

/* x86 has this call in each of its ABIs, and a KVM that is used like this. */
#ifdef __NR_arch_prctl
#include <linux/kvm.h>

FIXTURE(kvm)
{
	int dev;
	int vm;
	int event;
};

/* A VM that takes interrupts. */
static int new_vm(int dev)
{
	int vm = RET(ioctl(dev, KVM_CREATE_VM, 0));
	int err = vm < 0 ? vm : RET(ioctl(vm, KVM_CREATE_IRQCHIP, 0));

	if (err && vm >= 0)
		close(vm);
	return err ? err : vm;
}

FIXTURE_SETUP(kvm)
{
	REQUIRE_CAPMODE();
	self->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (self->dev < 0)
		SKIP(return, "no /dev/kvm (%s)", strerror(errno));
	self->vm = new_vm(self->dev);
	if (self->vm == -EINVAL || self->vm == -ENOTTY)
		SKIP(return, "no interrupts that KVM makes itself");
	ASSERT_LE(0, self->vm);
	self->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->event);
}

FIXTURE_TEARDOWN(kvm)
{
	close(self->event);
	close(self->vm);
	close(self->dev);
}

/* ---- eventfds ---- */

/* Which VM, and an eventfd, other than the one that is tried. */
struct events {
	int vm;
	int event;
};

static int irqfd(int vm, int fd, unsigned int flags, int resample)
{
	struct kvm_irqfd args = {
		.fd = fd, .gsi = 5, .flags = flags, .resamplefd = resample,
	};

	return RET(ioctl(vm, KVM_IRQFD, &args));
}

/*
 * Assigned, and undone by the eventfd's own descriptor: what a refused one had
 * left would be in the way of the next (-EBUSY).
 */
static int op_irqfd(int fd, void *arg)
{
	struct events *e = arg;
	int err = irqfd(e->vm, fd, 0, 0);

	if (!err && irqfd(e->vm, e->event, KVM_IRQFD_FLAG_DEASSIGN, 0))
		return -EUCLEAN;
	return err;
}

static int op_resample(int fd, void *arg)
{
	struct events *e = arg;
	int err = irqfd(e->vm, e->event, KVM_IRQFD_FLAG_RESAMPLE, fd);

	if (!err && irqfd(e->vm, e->event, KVM_IRQFD_FLAG_DEASSIGN, 0))
		return -EUCLEAN;
	return err;
}

/* Waited for and read; the one that tells of the end is signalled. */
TEST_F(kvm, irqfd)
{
	struct events e = { .vm = self->vm, .event = self->event };
	int file, none, resample;

	RIGHTS_OP(self->event, .name = "KVM_IRQFD", .op = op_irqfd, .ctx = &e,
		  .rights = RIGHTS(CAP_EVENT, CAP_READ));
	resample = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, resample);
	RIGHTS_OP(resample, .name = "resamplefd", .op = op_resample, .ctx = &e,
		  .rights = RIGHTS(CAP_WRITE));

	file = tmp_file(NULL, 1);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EBADF, op_irqfd(-1, &e));
	EXPECT_EQ(-EINVAL, op_irqfd(file, &e));
	EXPECT_EQ(-EBADF, op_resample(-1, &e));
	EXPECT_EQ(-EINVAL, op_resample(file, &e));

	/* Undoing it compares only. It answers 0 in any case: so try again. */
	none = limit_list(self->event, NO_RIGHTS);
	ASSERT_LE(0, none);
	ASSERT_EQ(0, irqfd(self->vm, self->event, 0, 0));
	EXPECT_EQ(-EBUSY, irqfd(self->vm, self->event, 0, 0));
	EXPECT_EQ(0, irqfd(self->vm, none, KVM_IRQFD_FLAG_DEASSIGN, 0));
	EXPECT_EQ(0, op_irqfd(self->event, &e));
	close(none);
	close(file);
	close(resample);
}

static int ioeventfd(int vm, int fd, unsigned int flags)
{
	struct kvm_ioeventfd args = {
		.addr = 0x510, .len = 2, .fd = fd,
		.flags = KVM_IOEVENTFD_FLAG_PIO | flags,
	};

	return RET(ioctl(vm, KVM_IOEVENTFD, &args));
}

static int op_ioeventfd(int fd, void *arg)
{
	struct events *e = arg;
	int err = ioeventfd(e->vm, fd, 0);

	if (!err && ioeventfd(e->vm, e->event, KVM_IOEVENTFD_FLAG_DEASSIGN))
		return -EUCLEAN;
	return err;
}

TEST_F(kvm, ioeventfd)
{
	struct events e = { .vm = self->vm, .event = self->event };
	int none = limit_list(self->event, NO_RIGHTS);

	ASSERT_LE(0, none);
	RIGHTS_OP(self->event, .name = "KVM_IOEVENTFD", .op = op_ioeventfd,
		  .ctx = &e, .rights = RIGHTS(CAP_WRITE));
	EXPECT_EQ(-EBADF, op_ioeventfd(-1, &e));

	EXPECT_EQ(-ENOENT,
		  ioeventfd(self->vm, none, KVM_IOEVENTFD_FLAG_DEASSIGN));
	ASSERT_EQ(0, ioeventfd(self->vm, self->event, 0));
	EXPECT_EQ(-EEXIST, ioeventfd(self->vm, self->event, 0));
	EXPECT_EQ(0, ioeventfd(self->vm, none, KVM_IOEVENTFD_FLAG_DEASSIGN));
	EXPECT_EQ(-ENOENT, ioeventfd(self->vm, self->event,
				     KVM_IOEVENTFD_FLAG_DEASSIGN));
	close(none);
}

/* A VM is of the process that has made it. */
static int irqfd_of_child(void *arg)
{
	struct events e = {
		.vm = new_vm(*(int *)arg),
		.event = eventfd(0, EFD_CLOEXEC),
	};

	STEP(e.vm >= 0 && e.event >= 0);
	STEP(op_irqfd(limit_to(e.event, CAP_EVENT, CAP_READ), &e) == 0);
	STEP(op_irqfd(limit_to(e.event, CAP_EVENT), &e) == -ENOTCAPABLE);
	STEP(op_irqfd(limit_to(e.event, CAP_READ), &e) == -ENOTCAPABLE);
	STEP(op_ioeventfd(limit_to(e.event, CAP_WRITE), &e) == 0);
	STEP(op_ioeventfd(limit_all_but(e.event, CAP_WRITE), &e) ==
	     -ENOTCAPABLE);
	return 0;
}

TEST_F(kvm, in_the_mode)
{
	EXPECT_BOTH(irqfd_of_child, &self->dev);
}

/* ---- memory ---- */

struct memory {
	int vm;
	void *shared;
};

/* As with eventfds: what a refused one had left would be in the way. */
static int op_memory(int fd, void *arg)
{
	struct memory *m = arg;
	struct kvm_userspace_memory_region2 args = {
		.flags = KVM_MEM_GUEST_MEMFD,
		.memory_size = 4096,
		.userspace_addr = (uintptr_t)m->shared,
		.guest_memfd = fd,
	};
	int err = RET(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION2, &args));

	args.memory_size = 0;
	args.flags = 0;
	if (!err && ioctl(m->vm, KVM_SET_USER_MEMORY_REGION2, &args))
		return -EUCLEAN;
	return err;
}

TEST_F(kvm, guest_memfd)
{
	struct kvm_create_guest_memfd create = { .size = 4096 };
	struct memory m = {};
	int file, memory;

	m.vm = RET(ioctl(self->dev, KVM_CREATE_VM, KVM_X86_SW_PROTECTED_VM));
	if (m.vm == -EINVAL)
		SKIP(return, "no VMs of protected memory");
	ASSERT_LE(0, m.vm);
	m.shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(m.shared != MAP_FAILED);
	memory = RET(ioctl(m.vm, KVM_CREATE_GUEST_MEMFD, &create));
	ASSERT_LE(0, memory);
	RIGHTS_OP(memory, .name = "KVM_SET_USER_MEMORY_REGION2",
		  .op = op_memory, .rights = RIGHTS(CAP_MMAP_RWX), .ctx = &m);
	file = tmp_file(NULL, 4096);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EBADF, op_memory(-1, &m));
	EXPECT_EQ(-EINVAL, op_memory(file, &m));
	EXPECT_EQ(-EINVAL, op_memory(limit_all(file), &m));
	close(file);
	close(memory);
	munmap(m.shared, 4096);
	close(m.vm);
}

/* ---- its own descriptors ---- */

static int op_version(int fd, void *arg)
{
	return RET(ioctl(fd, KVM_GET_API_VERSION, 0));
}

static int op_extension(int fd, void *arg)
{
	return RET(ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQFD));
}

static int op_mp_state(int fd, void *arg)
{
	struct kvm_mp_state state;

	return RET(ioctl(fd, KVM_GET_MP_STATE, &state));
}

/* Made by ioctl @cmd of a capability that has only this; or -errno. */
static int make_by(int fd, unsigned int cmd)
{
	struct cap_rights set;
	int cap, made;

	rights_list(&set, RIGHTS(CAP_IOCTL));
	cap = limit_sub(fd, &set, 0, 1, &cmd);
	if (cap < 0)
		return cap;
	made = RET(ioctl(cap, cmd, 0));
	close(cap);
	return made;
}

static bool unlimited(int fd)
{
	struct cap_rights all;
	struct limits l;

	rights_all(&all);
	return !get_limits(fd, &l) && rights_eq(&all, &l.rights) &&
	       l.nioctls == CAP_LIMIT_IOCTLS_ALL;
}

/* Who leaves a command on the list gives all of the descriptor it makes. */
TEST_F(kvm, descriptors)
{
	int vm, vcpu;

	RIGHTS_OP(self->dev, .name = "/dev/kvm", .op = op_version,
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = KVM_GET_API_VERSION);
	vm = make_by(self->dev, KVM_CREATE_VM);
	ASSERT_LE(0, vm);
	EXPECT_TRUE(unlimited(vm));
	RIGHTS_OP(vm, .name = "VM", .op = op_extension,
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = KVM_CHECK_EXTENSION);
	ASSERT_EQ(0, RET(ioctl(vm, KVM_CREATE_IRQCHIP, 0)));
	vcpu = make_by(vm, KVM_CREATE_VCPU);
	ASSERT_LE(0, vcpu);
	EXPECT_TRUE(unlimited(vcpu));
	RIGHTS_OP(vcpu, .name = "vcpu", .op = op_mp_state,
		  .rights = RIGHTS(CAP_IOCTL), .ioctl = KVM_GET_MP_STATE);
	close(vcpu);
	close(vm);
}

#else
TEST(kvm)
{
	SKIP(return, "a VM is not made like this here");
}
#endif

TEST_HARNESS_MAIN
