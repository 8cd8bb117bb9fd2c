// SPDX-License-Identifier: GPL-2.0
/*
 * capstat --watch tells of what is refused, of whom it was asked to watch.
 */
#include "tools.h"

#include <json-c/json.h>
#include <sys/mount.h>

#define TRACING	"/sys/kernel/tracing"

FIXTURE(watch)
{
	struct run w;
	char line[4096];
};

FIXTURE_SETUP(watch)
{
	REQUIRE_CAPSICUM();
	install_libraries();
	memset(&self->w, 0, sizeof(self->w));
	if (geteuid())
		SKIP(return, "tracing takes root");
	if (access(TRACING "/instances", F_OK) &&
	    mount("tracefs", TRACING, "tracefs", 0, NULL))
		SKIP(return, "the kernel has no tracefs");
}

FIXTURE_TEARDOWN(watch)
{
}

/* Until it says that it has begun. */
static bool begun(struct run *w, char *line, size_t size)
{
	while (read_line(w->err, line, size))
		if (strstr(line, "watching for refusals"))
			return true;
	return false;
}

static bool instance_left(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), TRACING "/instances/capstat-%d", pid);
	return !access(path, F_OK);
}

#define PROBE(...) \
	RUN(&r, "./capexec", "--fd", "0=read", "--fd", "1=write,fcntl", \
	    "--fcntl", "1=getfl", "./probe", __VA_ARGS__)

TEST_F(watch, everybody)
{
	struct run r = {};

	ASSERT_EQ(0, run_start(&self->w, (char *const []){
		"./capstat", "--watch", NULL }));
	ASSERT_TRUE(begun(&self->w, self->line, sizeof(self->line)));
	ASSERT_TRUE(read_line(self->w.out, self->line, sizeof(self->line)));
	EXPECT_EQ(0, strncmp(self->line, "PROGRAM ", 8));
	ASSERT_EQ(0, PROBE("read:0", "fstat:0", "kill:1", "setfl:1"));
	/* Others may be refused something at the same time. */
	do {
		ASSERT_TRUE(read_line(self->w.out, self->line,
				      sizeof(self->line)));
	} while (!strstr(self->line, " kill ") || !strstr(self->line, "ECAPMODE"));
	kill(self->w.pid, SIGINT);
	EXPECT_EQ(0, run_end(&self->w));
	EXPECT_FALSE(instance_left(self->w.pid));
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, key, &v))
		return "(missing)";
	return v ? json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN) :
		   "null";
}

/* The next one, but what the C library tries before the program begins. */
static struct json_object *next_refusal(struct run *w, char *line, size_t size)
{
	struct json_object *o;

	while (read_line(w->out, line, size)) {
		o = json_tokener_parse(line);
		if (!o || !strstr(text(o, "call"), "readlink"))
			return o;
		json_object_put(o);
	}
	return NULL;
}

static void wait_for_go(void *arg)
{
	char c;

	/* The end is ours: what capexec closes is not missed. */
	if (read(*(int *)arg, &c, 1) != 1)
		_exit(97);
}

TEST_F(watch, one_process)
{
	struct run r = { .before = wait_for_go }, other = {};
	struct json_object *o;
	char number[16];
	int go[2];

	ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
	r.arg = &go[0];
	ASSERT_EQ(0, run_start(&r, (char *const []){
		"./capexec", "--fd", "0=read", "--fd", "1=write,fcntl",
		"--fcntl", "1=getfl", "--dir", "/=lookup,read", "./probe",
		"read:0", "fstat:0", "kill:1", "setfl:1", "openat:3:..", NULL }));
	snprintf(number, sizeof(number), "%d", r.pid);
	ASSERT_EQ(0, run_start(&self->w, (char *const []){
		"./capstat", "--watch", "--json", number, NULL }));
	ASSERT_TRUE(begun(&self->w, self->line, sizeof(self->line)));
	/* Of somebody else, of whom nothing is to be told. */
	ASSERT_EQ(0, RUN(&other, "./capexec", "--fd", "0=read", "--fd", "1",
			 "./probe", "write:0"));
	EXPECT_SAID(&other, "write:0: ENOTCAPABLE");
	ASSERT_EQ(1, write(go[1], "x", 1));
	EXPECT_EQ(0, run_end(&r));

#define NEXT() do { \
	o = next_refusal(&self->w, self->line, sizeof(self->line)); \
	ASSERT_TRUE(!!o) \
		TH_LOG("no JSON: '%s'", self->line); \
	EXPECT_STREQ(number, text(o, "pid")); \
} while (0)

	NEXT();
	EXPECT_STREQ("0", text(o, "fd"));
	EXPECT_STREQ("\"ENOTCAPABLE\"", text(o, "error"));
	EXPECT_STREQ("[\"CAP_FSTAT\"]", text(o, "missing"));
	EXPECT_STREQ("[\"CAP_READ\"]", text(o, "held"));
	EXPECT_STREQ("\"probe\"", text(o, "program"));
	EXPECT_TRUE(!!strstr(text(o, "call"), "stat"));
	json_object_put(o);
	NEXT();
	EXPECT_STREQ("\"kill\"", text(o, "call"));
	EXPECT_STREQ("\"ECAPMODE\"", text(o, "error"));
	EXPECT_STREQ("null", text(o, "fd"));
	EXPECT_STREQ("null", text(o, "missing"));
	json_object_put(o);
	NEXT();
	EXPECT_TRUE(!!strstr(text(o, "call"), "fcntl"));
	EXPECT_STREQ("1", text(o, "fd"));
	EXPECT_STREQ("[]", text(o, "missing"));
	EXPECT_TRUE(!!strstr(text(o, "why"), "fcntl commands"));
	json_object_put(o);
	NEXT();
	EXPECT_STREQ("\"openat\"", text(o, "call"));
	EXPECT_STREQ("3", text(o, "fd"));
	EXPECT_STREQ("\"ENOTCAPABLE\"", text(o, "error"));
	EXPECT_TRUE(!!strstr(text(o, "why"), "leaves its directory"));
	json_object_put(o);
	/* It ends by itself, with whom it watches. */
	EXPECT_FALSE(read_line(self->w.out, self->line, sizeof(self->line)));
	EXPECT_EQ(0, run_end(&self->w));
	EXPECT_FALSE(instance_left(self->w.pid));
}

static void hold_input(void *arg)
{
	dup2(*(int *)arg, 0);
}

/* By its own name, and not by that of the loader that it is started by. */
TEST_F(watch, dynamic_program)
{
	struct run r = { .before = hold_input };
	int hold[2];

	ASSERT_EQ(0, pipe2(hold, O_CLOEXEC));
	r.arg = &hold[0];
	ASSERT_EQ(0, run_start(&self->w, (char *const []){
		"./capstat", "--watch", NULL }));
	ASSERT_TRUE(begun(&self->w, self->line, sizeof(self->line)));
	ASSERT_EQ(0, run_start(&r, (char *const []){
		"./capexec", "--fd", "0", "--fd", "1", "./probe_dynamic",
		"kill:1", "hold:0", NULL }));
	do {
		ASSERT_TRUE(read_line(self->w.out, self->line,
				      sizeof(self->line)));
	} while (!strstr(self->line, " kill "));
	EXPECT_EQ(0, strncmp(self->line, "probe_dynamic ", 14))
		TH_LOG("%s", self->line);
	kill(r.pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, run_end(&r));
	kill(self->w.pid, SIGTERM);
	EXPECT_EQ(0, run_end(&self->w));
	EXPECT_FALSE(instance_left(self->w.pid));
}

TEST_F(watch, nobody)
{
	EXPECT_EQ(1, RUN(&self->w, "./capstat", "-w", "4194305"));
	EXPECT_COMPLAINED(&self->w, "process 4194305");
	EXPECT_FALSE(instance_left(self->w.pid));
}

/* Who reads it goes away. */
TEST_F(watch, pipe_closed)
{
	struct run r = {};

	ASSERT_EQ(0, run_start(&self->w, (char *const []){
		"./capstat", "--watch", NULL }));
	ASSERT_TRUE(begun(&self->w, self->line, sizeof(self->line)));
	close(self->w.out);
	ASSERT_EQ(0, PROBE("write:0"));
	self->w.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	run_end(&self->w);
	EXPECT_TRUE(WIFEXITED(self->w.status));
	EXPECT_FALSE(instance_left(self->w.pid));
}

TEST_HARNESS_MAIN
