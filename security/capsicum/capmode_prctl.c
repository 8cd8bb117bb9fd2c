// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability mode: prctl(2) and personality(2).
 *
 * Which options there are in capability mode, and the options of Capsicum's own
 * that a process sets for all of its threads.
 */
#include <linux/capability.h>
#include <linux/capmode.h>
#include <linux/capmode_prctl.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

/*
 * Cores are shared with the task, the process or the process group of a number.
 * The whole argument counts: a scope is known by what is compared here.
 */
static int check_sched_core(pid_t nr, unsigned long scope)
{
	if (scope != PR_SCHED_CORE_SCOPE_THREAD &&
	    scope != PR_SCHED_CORE_SCOPE_THREAD_GROUP)
		return capmode_refuse();
	return capmode_check_pid(nr);
}

/**
 * __capmode_check_prctl - may this prctl(2) be done in capability mode?
 * @option: the option
 * @arg3: its third argument
 * @arg4: its fourth argument
 *
 * A list of what may, and not of what may not: LSMs and architectures add
 * options, and one that nobody has judged is refused. On the list is what is
 * about the caller only. Missing are those that name something (another
 * process: PR_SET_PTRACER, an executable: PR_SET_MM), that take others' orphans
 * (PR_SET_CHILD_SUBREAPER) and those that there no longer are.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_prctl(int option, unsigned long arg3, unsigned long arg4)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
	case PR_GET_PDEATHSIG:
	case PR_GET_DUMPABLE:
	case PR_SET_DUMPABLE:
	case PR_GET_UNALIGN:
	case PR_SET_UNALIGN:
	case PR_GET_KEEPCAPS:
	case PR_SET_KEEPCAPS:
	case PR_GET_FPEMU:
	case PR_SET_FPEMU:
	case PR_GET_FPEXC:
	case PR_SET_FPEXC:
	case PR_GET_TIMING:
	case PR_SET_TIMING:
	case PR_SET_NAME:
	case PR_GET_NAME:
	case PR_GET_ENDIAN:
	case PR_SET_ENDIAN:
	case PR_GET_SECCOMP:
	case PR_SET_SECCOMP:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
	case PR_GET_TSC:
	case PR_SET_TSC:
	case PR_GET_SECUREBITS:
	case PR_SET_SECUREBITS:
	case PR_SET_TIMERSLACK:
	case PR_GET_TIMERSLACK:
	case PR_MCE_KILL:
	case PR_MCE_KILL_GET:
	case PR_GET_CHILD_SUBREAPER:
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_GET_TID_ADDRESS:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_SET_FP_MODE:
	case PR_GET_FP_MODE:
	case PR_CAP_AMBIENT:
	case PR_SVE_SET_VL:
	case PR_SVE_GET_VL:
	case PR_GET_SPECULATION_CTRL:
	case PR_SET_SPECULATION_CTRL:
	case PR_PAC_RESET_KEYS:
	case PR_SET_TAGGED_ADDR_CTRL:
	case PR_GET_TAGGED_ADDR_CTRL:
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
	case PR_SET_SYSCALL_USER_DISPATCH:
	case PR_PAC_SET_ENABLED_KEYS:
	case PR_PAC_GET_ENABLED_KEYS:
	case PR_SME_SET_VL:
	case PR_SME_GET_VL:
	case PR_SET_MDWE:
	case PR_GET_MDWE:
	case PR_SET_VMA:
	case PR_GET_AUXV:
	case PR_SET_MEMORY_MERGE:
	case PR_GET_MEMORY_MERGE:
	case PR_RISCV_V_SET_CONTROL:
	case PR_RISCV_V_GET_CONTROL:
	case PR_RISCV_SET_ICACHE_FLUSH_CTX:
	case PR_PPC_GET_DEXCR:
	case PR_PPC_SET_DEXCR:
	case PR_SET_CAPMODE_TRAP:
	case PR_GET_CAPMODE_TRAP:
	case PR_SET_OPENAT_BENEATH:
	case PR_GET_OPENAT_BENEATH:
		return 0;
	case PR_SCHED_CORE:
		return check_sched_core(arg3, arg4);
	}
	return capmode_refuse();
}

/**
 * __capmode_check_personality - may the execution domain become this?
 * @personality: what user space asks for, 0xffffffff to ask what it is
 *
 * The execution domain changes how memory is laid out and what can be executed,
 * here and in what is executed next. Not so between PER_LINUX and PER_LINUX32,
 * which tell uname(2) apart.
 *
 * Return: 0 or -ECAPMODE.
 */
int __capmode_check_personality(unsigned int personality)
{
	const unsigned int old = current->personality;
	const unsigned int named = PER_LINUX ^ PER_LINUX32;

	if (personality == 0xffffffff || personality == old)
		return 0;
	if ((personality ^ old) == named &&
	    (personality(old) == PER_LINUX || personality(old) == PER_LINUX32))
		return 0;
	return capmode_refuse();
}

/**
 * capmode_set_trap - PR_SET_CAPMODE_TRAP
 * @arg2: 1 to have refusals deliver SIGSYS, 0 for not
 * @arg3: must be 0
 * @arg4: must be 0
 * @arg5: must be 0
 *
 * For all threads of the process.
 *
 * Return: 0, or -EINVAL.
 */
int capmode_set_trap(unsigned long arg2, unsigned long arg3,
		     unsigned long arg4, unsigned long arg5)
{
	struct task_struct *t;
	/* Threads come and go under it. */
	spinlock_t *siglock;

	if (arg2 > 1 || arg3 || arg4 || arg5)
		return -EINVAL;

	/* copy_process() adds threads under this lock, and asks again. */
	siglock = &unrcu_pointer(current->sighand)->siglock;
	spin_lock_irq(siglock);
	for_each_thread(current, t) {
		if (arg2)
			task_set_capmode_trap(t);
		else
			task_clear_capmode_trap(t);
	}
	spin_unlock_irq(siglock);
	return 0;
}

/**
 * capmode_get_trap - PR_GET_CAPMODE_TRAP
 * @arg2: must be 0
 * @arg3: must be 0
 * @arg4: must be 0
 * @arg5: must be 0
 *
 * Return: 0 or 1, or -EINVAL.
 */
int capmode_get_trap(unsigned long arg2, unsigned long arg3,
		     unsigned long arg4, unsigned long arg5)
{
	if (arg2 || arg3 || arg4 || arg5)
		return -EINVAL;
	return task_capmode_trap(current) ? 1 : 0;
}

/**
 * capmode_set_openat_beneath - PR_SET_OPENAT_BENEATH
 * @arg2: must be 1: there is no way back
 * @arg3: must be 0
 * @arg4: must be 0
 * @arg5: must be 0
 *
 * For all threads of the process, and for good. It outlasts execve(), and must
 * not lead astray a program that gains privilege by that.
 *
 * Return: 0, -EINVAL, or -EACCES without no_new_privs or CAP_SYS_ADMIN.
 */
int capmode_set_openat_beneath(unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5)
{
	struct task_struct *t;
	/* Threads come and go under it. */
	spinlock_t *siglock;

	if (arg2 != 1 || arg3 || arg4 || arg5)
		return -EINVAL;
	if (!task_no_new_privs(current) &&
	    !ns_capable_noaudit(current_user_ns(), CAP_SYS_ADMIN))
		return -EACCES;

	/* As above. */
	siglock = &unrcu_pointer(current->sighand)->siglock;
	spin_lock_irq(siglock);
	for_each_thread(current, t)
		task_set_openat_beneath(t);
	spin_unlock_irq(siglock);
	return 0;
}

/**
 * capmode_get_openat_beneath - PR_GET_OPENAT_BENEATH
 * @arg2: must be 0
 * @arg3: must be 0
 * @arg4: must be 0
 * @arg5: must be 0
 *
 * Return: 0 or 1, or -EINVAL.
 */
int capmode_get_openat_beneath(unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5)
{
	if (arg2 || arg3 || arg4 || arg5)
		return -EINVAL;
	return task_openat_beneath(current) ? 1 : 0;
}
