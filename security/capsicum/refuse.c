// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals, made visible: to who traces, to who audits, and to the program
 * itself when it has asked for a signal.
 *
 * What is refused is refused wherever it is found out, under locks and in path
 * walks under RCU as well: nothing here sleeps. When nobody looks, a refusal
 * costs a few tests.
 */
#include <linux/audit.h>
#include <linux/capmode.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io_uring.h>
#include <linux/irqflags.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>

#include <asm/syscall.h>

#include <uapi/linux/capsicum.h>

#define CREATE_TRACE_POINTS
#include <trace/events/capsicum.h>

/*
 * Workers of io_uring and vhost have no system call, nor a way to user space.
 * What a ring does in task work comes in any call, or none, which is not to
 * blame for it.
 */
static bool in_system_call(void)
{
	return !(current->flags & (PF_KTHREAD | PF_USER_WORKER)) &&
	       !io_uring_in_task_work();
}

#if defined(CONFIG_HAVE_ARCH_TRACEHOOK) || \
	defined(CONFIG_HAVE_ARCH_SECCOMP_FILTER)
static int refused_call(void)
{
	if (!in_system_call())
		return -1;
	return syscall_get_nr(current, current_pt_regs());
}

/* For CAPSICUM_FIRST_FD. */
static int refused_first_fd(void)
{
	unsigned long args[6];

	if (!in_system_call())
		return -1;
	syscall_get_arguments(current, current_pt_regs(), args);
	return args[0];
}
#else
/* There are rights on every architecture, but not a call's number on alpha. */
static int refused_call(void)
{
	return -1;
}

static int refused_first_fd(void)
{
	return -1;
}
#endif

static u32 refused_arch(void)
{
	return in_system_call() ? syscall_get_arch(current) : 0;
}

static void audit_log_rights(struct audit_buffer *ab, const char *key,
			     const struct cap_rights *rights)
{
	static const struct cap_rights unknown;

	if (!rights)
		rights = &unknown;
	audit_log_format(ab, " %s=0x%016llx,0x%016llx", key,
			 rights->cr_rights[0], rights->cr_rights[1]);
}

/*
 * The caller cannot be made to wait when there is a backlog: what does not fit
 * is lost and counted, as with other denials that are found in atomic context.
 */
static struct audit_buffer *refusal_log_start(const char *op)
{
	struct audit_buffer *ab;

	if (!audit_enabled)
		return NULL;
	ab = audit_log_start(audit_context(), GFP_ATOMIC | __GFP_NOWARN,
			     AUDIT_CAPSICUM);
	if (ab)
		audit_log_format(ab, "op=%s", op);
	return ab;
}

/* Where interrupts are off, the locks of the whole description cannot be had. */
static void audit_log_refused(struct audit_buffer *ab)
{
	char comm[TASK_COMM_LEN];

	if (!irqs_disabled()) {
		audit_log_task_info(ab);
		return;
	}
	audit_log_format(ab, " pid=%d comm=", task_tgid_nr(current));
	audit_log_untrustedstring(ab, memcpy(comm, current->comm, sizeof(comm)));
}

static void refusal_log_end(struct audit_buffer *ab, int error)
{
	audit_log_format(ab, " arch=%x syscall=%d errno=%d", refused_arch(),
			 refused_call(), error);
	audit_log_refused(ab);
	audit_log_format(ab, " res=0");
	audit_log_end(ab);
}

/*
 * Nothing is rolled back: the call goes on to return its error, and the handler
 * runs before user space sees that. One that is refused twice sends one signal,
 * which tells of the first time.
 */
static void refusal_trap(int error)
{
	if (in_capability_mode() && task_capmode_trap(current) &&
	    in_system_call())
		force_sig_seccomp(refused_call(), error, false);
}

/**
 * capsicum_refuse - refuse for lack of rights, and record it
 * @fd: the descriptor, -1 where none is known, CAPSICUM_FIRST_FD where the call
 *      has not kept it
 * @needed: the rights that it takes, NULL when no right would do
 * @held: the rights of the capability, NULL when it is not about rights, but
 *        about a path that is absolute or leaves its directory
 *
 * Context: any but NMI; never sleeps. May send a signal to the current task, so
 * the caller does not hold its siglock.
 * Return: -ENOTCAPABLE.
 */
int capsicum_refuse(int fd, const struct cap_rights *needed,
		    const struct cap_rights *held)
{
	struct audit_buffer *ab;

	if (fd == CAPSICUM_FIRST_FD)
		fd = refused_first_fd();

	if (trace_notcapable_enabled())
		trace_notcapable(fd, needed, held, refused_arch(),
				 refused_call());

	ab = refusal_log_start("notcapable");
	if (ab) {
		audit_log_format(ab, " fd=%d", fd);
		audit_log_rights(ab, "needed", needed);
		audit_log_rights(ab, "held", held);
		refusal_log_end(ab, ENOTCAPABLE);
	}

	refusal_trap(ENOTCAPABLE);
	return -ENOTCAPABLE;
}
EXPORT_SYMBOL_GPL(capsicum_refuse);

#ifdef CONFIG_SECURITY_CAPSICUM_MODE
/**
 * capmode_refuse - refuse in capability mode, and record it
 *
 * Context: as capsicum_refuse().
 * Return: -ECAPMODE.
 */
int capmode_refuse(void)
{
	struct audit_buffer *ab;

	if (trace_capmode_enabled())
		trace_capmode(refused_arch(), refused_call());

	ab = refusal_log_start("capmode");
	if (ab)
		refusal_log_end(ab, ECAPMODE);

	refusal_trap(ECAPMODE);
	return -ECAPMODE;
}
EXPORT_SYMBOL_GPL(capmode_refuse);
#endif /* CONFIG_SECURITY_CAPSICUM_MODE */
