/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capability mode: what its self-tests of other processes share.
 *
 * A victim is a process that does nothing, of which the test can tell afterwards
 * whether somebody has done something to it.
 */
#ifndef _SELFTESTS_CAPSICUM_VICTIMS_H
#define _SELFTESTS_CAPSICUM_VICTIMS_H

#include "capmode.h"

#include <pthread.h>

/* A number that no process has: above what pid_max can be. */
#define NO_PID	((4 << 20) + 5)

/* As the kernel has it; the C library may or may not. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Runs @fn(@arg) in a thread of its own and returns what that returns. */
struct __in_thread {
	int (*fn)(void *arg);
	void *arg;
	int ret;
};

static inline void *__in_thread_main(void *arg)
{
	struct __in_thread *t = arg;

	t->ret = t->fn(t->arg);
	return NULL;
}

static inline int in_thread(int (*fn)(void *arg), void *arg)
{
	struct __in_thread t = { .fn = fn, .arg = arg };
	pthread_t thread;

	if (pthread_create(&thread, NULL, __in_thread_main, &t) ||
	    pthread_join(thread, NULL))
		return NO_RESULT;
	return t.ret;
}

/* A thread that stays until the process ends, by its number. */
static inline void *__idle_thread(void *arg)
{
	__atomic_store_n((pid_t *)arg, syscall(__NR_gettid), __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static inline pid_t idle_thread(void)
{
	static pid_t tid;
	pthread_t thread;

	tid = 0;
	if (pthread_create(&thread, NULL, __idle_thread, &tid))
		return -1;
	while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
		sched_yield();
	return tid;
}

/* A process that waits, once @prepare has succeeded. It runs when this returns. */
static inline pid_t victim_prepared(bool (*prepare)(void))
{
	int up[2];
	pid_t child;
	char c;

	if (pipe(up))
		return -errno;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!prepare() || write(up[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(up[1]);
	if (child > 0 && read(up[0], &c, 1) != 1)
		child = -EIO;
	close(up[0]);
	return child;
}

static inline bool __own_group(void)
{
	return !setpgid(0, 0);
}

/* One in a group of its own. */
static inline pid_t victim(void)
{
	return victim_prepared(__own_group);
}

static inline void bury(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

#endif /* _SELFTESTS_CAPSICUM_VICTIMS_H */
