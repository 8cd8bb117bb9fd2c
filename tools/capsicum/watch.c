// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * capstat --watch: refusals as they come, from the tracepoints of Capsicum.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

#include "capstat.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static char *text(const char *format, const char *word)
{
	char *s;

	if (asprintf(&s, format, word) < 0)
		err(EXIT_FAILURE, "no memory");
	return s;
}

bool refusal_missing(const struct refusal *r, cap_rights_t *missing)
{
	const char *name;
	uint64_t right;
	size_t i;

	CAP_NONE(missing);
	if (!r->needed)
		return false;
	/* Rights and not bits: what lacks half of CAP_SEEK lacks CAP_SEEK. */
	for (i = 0; (name = cap_right_by_index(i, &right)); i++)
		if (cap_rights_is_set(r->needed, right) &&
		    !(r->held && cap_rights_is_set(r->held, right)))
			cap_rights_set(missing, right);
	return true;
}

char *refusal_why(const struct refusal *r)
{
	char *lacks, *holds, *why;
	cap_rights_t missing;

	if (r->error == ECAPMODE)
		return text("%s", "names something by other means than a descriptor");
	if (!r->needed)
		return text("%s", r->held ?
			    "takes a descriptor without limits" :
			    "the path leaves its directory");
	refusal_missing(r, &missing);
	if (cap_rights_is_empty(&missing))
		return text("the command is not among its %s commands",
			    cap_rights_is_set(r->needed, CAP_FCNTL) ? "fcntl" :
								      "ioctl");
	lacks = rights_text(&missing, true);
	if (!r->held) {
		why = text("lacks %s", lacks);
	} else {
		holds = rights_text(r->held, true);
		if (asprintf(&why, "lacks %s, holds %s", lacks, holds) < 0)
			err(EXIT_FAILURE, "no memory");
		free(holds);
	}
	free(lacks);
	return why;
}

#define LAYOUT	"%-16s %7s %-18s %4s %-11s %s\n"

void text_refusal(const struct refusal *r)
{
	const char *name = call_name(r->arch, r->nr);
	char *program = printable(r->program), *why = refusal_why(r);
	char pid[16], fd[16] = "-", call[32] = "-";

	snprintf(pid, sizeof(pid), "%d", r->pid);
	if (r->fd >= 0)
		snprintf(fd, sizeof(fd), "%d", r->fd);
	if (name)
		snprintf(call, sizeof(call), "%s", name);
	else if (r->nr >= 0)
		snprintf(call, sizeof(call), "%x:%d", r->arch, r->nr);
	printf(LAYOUT, program, pid, call, fd,
	       r->error == ECAPMODE ? "ECAPMODE" : "ENOTCAPABLE", why);
	free(program);
	free(why);
}

/* ---- events ---- */

struct watcher {
	const struct choice *choice;
	struct tracefs_instance *instance;
};

/* The name the kernel has kept of one that may be gone. */
static char *saved_name(pid_t pid)
{
	char *all = tracefs_instance_file_read(NULL, "saved_cmdlines", NULL);
	char *rest = all, *line, *name, *found = NULL;

	while (!found && (line = strsep(&rest, "\n"))) {
		if (strtol(line, &name, 10) == pid && *name == ' ')
			found = strdup(name + 1);
	}
	free(all);
	return found;
}

static char *name_of(pid_t pid)
{
	char *name = program_name(pid);

	if (!name)
		name = saved_name(pid);
	return name ? name : text("%s", "?");
}

static long long number(struct tep_event *event, struct tep_record *record,
			const char *field)
{
	unsigned long long n = 0;

	tep_get_field_val(NULL, event, field, record, &n, 0);
	return n;
}

/* Words of 0, which no valid set has, stand for none. */
static const cap_rights_t *rights(struct tep_event *event,
				  struct tep_record *record, const char *field,
				  cap_rights_t *set)
{
	int len = 0;
	void *raw = tep_get_field_raw(NULL, event, field, record, &len, 0);

	if (!raw || len != sizeof(set->cr_rights))
		return NULL;
	memcpy(set->cr_rights, raw, len);
	return cap_rights_is_valid(set) ? set : NULL;
}

static int on_event(struct tep_event *event, struct tep_record *record,
		    int cpu, void *arg)
{
	struct watcher *w = arg;
	cap_rights_t needed, held;
	struct refusal r = {
		.pid = tep_data_pid(event->tep, record),
		.arch = number(event, record, "arch"),
		.nr = (int)number(event, record, "nr"),
		.fd = -1,
	};

	(void)cpu;
	if (!strcmp(event->name, "notcapable")) {
		r.error = ENOTCAPABLE;
		r.fd = (int)number(event, record, "fd");
		r.needed = rights(event, record, "needed", &needed);
		r.held = rights(event, record, "held", &held);
	} else if (!strcmp(event->name, "capmode")) {
		r.error = ECAPMODE;
	} else {
		return 0;
	}
	r.program = name_of(r.pid);
	if (w->choice->json)
		json_refusal(&r);
	else
		text_refusal(&r);
	free(r.program);
	return 0;
}

static int on_lost(struct tep_event *event, struct tep_record *record, int cpu,
		   void *arg)
{
	(void)event;
	(void)cpu;
	(void)arg;
	warnx("%llu refusals came too fast and are not shown",
	      (unsigned long long)record->missed_events);
	return 0;
}

/* ---- the instance ---- */

static int add_thread(struct watcher *w, int tid)
{
	char line[32];

	snprintf(line, sizeof(line), "%d ", tid);
	return tracefs_instance_file_append(w->instance, "set_event_pid",
					    line) < 0 ? -1 : 0;
}

/* All threads there are; those to come are followed by the kernel. */
static int add_process(struct watcher *w, pid_t pid)
{
	struct dirent *entry;
	char name[32];
	int added = 0;
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	tasks = opendir(name);
	if (!tasks) {
		warn("process %d", pid);
		return -1;
	}
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.' &&
		    !add_thread(w, atoi(entry->d_name)))
			added++;
	closedir(tasks);
	if (!added) {
		warnx("process %d: cannot be watched", pid);
		return -1;
	}
	return 0;
}

/* Whether one of those who are watched, or of what they made, is still there. */
static bool anybody_left(struct watcher *w)
{
	char *pids = tracefs_instance_file_read(w->instance, "set_event_pid",
						NULL);
	bool left = pids && pids[strspn(pids, "\n ")] &&
		    strncmp(pids, "no pid", strlen("no pid"));

	free(pids);
	return left;
}

static int start(struct watcher *w, const pid_t *pids, size_t count)
{
	size_t i;

	/* Each refusal is to wake us, not half a buffer of them. */
	tracefs_instance_file_write(w->instance, "buffer_percent", "0");
	if (count &&
	    tracefs_option_enable(w->instance, TRACEFS_OPTION_EVENT_FORK)) {
		warn("children cannot be followed");
		return -1;
	}
	for (i = 0; i < count; i++)
		if (add_process(w, pids[i]))
			return -1;
	if (tracefs_event_enable(w->instance, "capsicum", NULL)) {
		warn("the tracepoints capsicum:* cannot be enabled");
		return -1;
	}
	tracefs_follow_missed_events(w->instance, on_lost, w);
	return 0;
}

static int run(struct watcher *w, struct tep_handle *tep, bool everybody)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_handler = on_signal };
	const struct timespec second = { .tv_sec = 1 };
	sigset_t blocked, before;
	struct pollfd wake;
	bool last = false, failed = false;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < COUNT(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	for (i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);

	/* Only to wait for; the records themselves are read per processor. */
	wake.fd = tracefs_instance_file_open(w->instance, "trace_pipe",
					     O_RDONLY | O_NONBLOCK);
	wake.events = POLLIN;
	warnx("watching for refusals");
	while (!stop) {
		ppoll(&wake, wake.fd >= 0, &second, &before);
		if (tracefs_iterate_raw_events(tep, w->instance, NULL, 0,
					       on_event, w) < 0 &&
		    errno != EAGAIN && errno != EINTR) {
			warn("refusals cannot be read");
			failed = true;
			break;
		}
		if (fflush(stdout))
			break;
		/* Once more, for what the last of them was refused. */
		if (last)
			break;
		last = !everybody && !anybody_left(w);
	}
	if (wake.fd >= 0)
		close(wake.fd);
	if (ferror(stdout) && errno != EPIPE)
		failed = true;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int watch(const struct choice *choice, const pid_t *pids, size_t count)
{
	static const char * const systems[] = { "capsicum", NULL };
	struct watcher w = { .choice = choice };
	int status = EXIT_FAILURE;
	struct tep_handle *tep;
	char name[32];

	if (!tracefs_tracing_dir())
		err(EXIT_FAILURE, "no tracefs is mounted, or it is not yours to use");
	tep = tracefs_local_events_system(NULL, systems);
	if (!tep || !tep_find_event_by_name(tep, "capsicum", "notcapable")) {
		warnx("no tracepoints capsicum:*, or they are not yours to use");
		goto out_tep;
	}
	snprintf(name, sizeof(name), "capstat-%d", getpid());
	w.instance = tracefs_instance_create(name);
	if (!w.instance) {
		warn("no instance of the tracer can be made");
		goto out_tep;
	}
	if (!choice->json) {
		printf(LAYOUT, "PROGRAM", "PID", "CALL", "FD", "ERROR", "WHY");
		fflush(stdout);
	}
	if (!start(&w, pids, count))
		status = run(&w, tep, !count);
	tracefs_event_disable(w.instance, "capsicum", NULL);
	tracefs_instance_destroy(w.instance);
	tracefs_instance_free(w.instance);
out_tep:
	if (tep)
		tep_free(tep);
	return status;
}
