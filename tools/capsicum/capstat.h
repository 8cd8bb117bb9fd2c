/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * capstat: what its parts know of each other.
 */
#ifndef _CAPSTAT_H
#define _CAPSTAT_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/capsicum.h>
#include <sys/types.h>

/* Kernel headers older than Capsicum lack it. */
#ifndef SECCOMP_MODE_CAPABILITY
#define SECCOMP_MODE_CAPABILITY	3
#endif

/**
 * struct descriptor - an open descriptor of a process
 * @fd: its number
 * @target: what it is open on, as /proc/PID/fd says
 * @flags: as open(2) takes them
 * @limited: whether it has limits; the rest holds only then
 * @rights: its rights
 * @fcntls: its fcntl commands
 * @nioctls: how many ioctl commands it has, or CAP_LIMIT_IOCTLS_ALL
 * @ioctls: these
 */
struct descriptor {
	int fd;
	char *target;
	unsigned int flags;
	bool limited;
	cap_rights_t rights;
	uint32_t fcntls;
	int nioctls;
	unsigned int *ioctls;
};

/**
 * struct process - a process and what it holds
 * @pid: its number
 * @program: its name, or the one it was started by when that is none
 * @dead: it has ended, and only its parent does not know yet
 * @seccomp: its seccomp mode, SECCOMP_MODE_*
 * @filters: how many seccomp filters it has
 * @no_new_privs: whether it can gain privilege by execve(2) no more
 * @fds: its descriptors
 * @nfds: how many
 * @nlimited: how many of them are limited
 */
struct process {
	pid_t pid;
	char *program;
	bool dead;
	int seccomp;
	int filters;
	bool no_new_privs;
	struct descriptor *fds;
	size_t nfds;
	size_t nlimited;
};

/**
 * struct choice - what is to be shown, and how
 * @all: processes and descriptors that are not limited, too
 * @summary: one line for a process
 * @full: rights by their full names and in hexadecimal
 * @json: for programs
 */
struct choice {
	bool all;
	bool summary;
	bool full;
	bool json;
};

/* ---- process.c ---- */

/**
 * process_read - look at a process
 * @p: is filled in, for process_free()
 * @pid: which one
 *
 * Return: 0, or -1 with errno: ENOENT or ESRCH (it is gone), EACCES or EPERM (it
 * is not the caller's to look at).
 */
int process_read(struct process *p, pid_t pid);

/** process_free - release what process_read() has got */
void process_free(struct process *p);

/** process_in_mode - is it in capability mode? */
bool process_in_mode(const struct process *p);

/**
 * program_name - what a process is called
 * @pid: which one
 *
 * Executed by a descriptor, a program has the number of that for a name, or that of
 * its loader; then it is what it was started as. Return: the name, to be freed, or
 * NULL when it is gone.
 */
char *program_name(pid_t pid);

/* ---- text.c ---- */

/** mode_name - a seccomp mode, "capability" for capability mode */
const char *mode_name(int seccomp);

/** access_name - "r", "w", "rw" or "path" for flags of open(2) */
const char *access_name(unsigned int flags);

/**
 * rights_text - a set of rights by name
 * @rights: a valid set
 * @full: "CAP_READ" and not "read"
 *
 * Return: names with commas, "all" or "none"; to be freed.
 */
char *rights_text(const cap_rights_t *rights, bool full);

/** fcntls_text - F_ names with commas, "all" or "none"; to be freed */
char *fcntls_text(uint32_t fcntls);

/** ioctls_text - numbers with commas, "all" or "none"; to be freed */
char *ioctls_text(const struct descriptor *d);

/** fcntl_name - the @index-th fcntl command that has a limit, or NULL */
const char *fcntl_name(unsigned int index, uint32_t *bit);

/**
 * printable - text that a terminal shows and does not obey
 * @text: any bytes
 *
 * Return: the same with octal escapes for what is not printable; to be freed.
 */
char *printable(const char *text);

/** text_begin, text_process, text_end - tables of processes */
void text_begin(const struct choice *choice);
void text_process(const struct choice *choice, const struct process *p);
void text_end(const struct choice *choice);

/* ---- json.c ---- */

/** json_begin, json_process, json_end - the same for programs */
void json_begin(const struct choice *choice);
void json_process(const struct choice *choice, const struct process *p);
void json_end(const struct choice *choice);

/* ---- calls.c ---- */

/**
 * call_name - what a system call is called
 * @arch: the ABI, AUDIT_ARCH_*
 * @nr: its number there
 *
 * Return: the name, or NULL.
 */
const char *call_name(unsigned int arch, int nr);

/* ---- watch.c ---- */

/**
 * struct refusal - something that was refused
 * @pid: the thread that was refused it
 * @program: what that is called
 * @arch: the ABI of the system call, 0 when it was none
 * @nr: its number, -1 when it was none
 * @error: ECAPMODE or ENOTCAPABLE
 * @fd: the descriptor, -1 when there is none
 * @needed: the rights it takes; NULL when no right would do
 * @held: the rights there are; NULL when they are not known
 */
struct refusal {
	pid_t pid;
	char *program;
	unsigned int arch;
	int nr;
	int error;
	int fd;
	const cap_rights_t *needed;
	const cap_rights_t *held;
};

/**
 * watch - show refusals as they come, until a signal or until nobody is left
 * @choice: how
 * @pids: whose, with all that they make
 * @count: how many there are; 0 is everybody
 *
 * Return: an exit status.
 */
int watch(const struct choice *choice, const pid_t *pids, size_t count);

/** text_refusal, json_refusal - show one */
void text_refusal(const struct refusal *r);
void json_refusal(const struct refusal *r);

/**
 * refusal_why - why it was, in words
 *
 * Return: the text, to be freed.
 */
char *refusal_why(const struct refusal *r);

/**
 * refusal_missing - the rights that were missing
 * @missing: is filled in
 *
 * Return: whether it was about rights.
 */
bool refusal_missing(const struct refusal *r, cap_rights_t *missing);

#endif /* _CAPSTAT_H */
