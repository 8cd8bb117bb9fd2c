// SPDX-License-Identifier: GPL-2.0
/*
 * capstat tells what processes hold, to people and to programs.
 */
#include "tools.h"

#include <dirent.h>
#include <json-c/json.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* One that has what is to be shown: in capability mode, or not. */
FIXTURE(capstat)
{
	struct run r;
	pid_t pid;
	int hold[2];
	char number[16];
	char name[64];
};

FIXTURE_VARIANT(capstat)
{
	bool mode;
};

FIXTURE_VARIANT_ADD(capstat, outside)
{
	.mode = false
};

FIXTURE_VARIANT_ADD(capstat, inside)
{
	.mode = true
};

#define LIMITED	10
#define PLAIN	11
#define NO_RIGHT	12
#define EVERY_RIGHT	13

static void be_watched(const char *name, bool mode, int ready, int hold)
{
	cap_ioctl_t cmds[] = { 0x5413, 0x541b };
	cap_rights_t rights;
	char c;
	int fd;

	prctl(PR_SET_NAME, "watch\033me");
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || dup2(fd, LIMITED) < 0 || dup2(fd, PLAIN) < 0 ||
	    dup2(fd, NO_RIGHT) < 0 || dup2(fd, EVERY_RIGHT) < 0)
		_exit(1);
	close(fd);
	cap_rights_init(&rights, CAP_PREAD, CAP_FCNTL, CAP_IOCTL, CAP_MKDIRAT);
	if (cap_rights_limit(LIMITED, &rights) ||
	    cap_fcntls_limit(LIMITED, CAP_FCNTL_GETFL) ||
	    cap_ioctls_limit(LIMITED, cmds, 2))
		_exit(1);
	cap_rights_init(&rights);
	if (cap_rights_limit(NO_RIGHT, &rights))
		_exit(1);
	CAP_ALL(&rights);
	if (cap_rights_limit(EVERY_RIGHT, &rights))
		_exit(1);
	if (mode && cap_enter())
		_exit(1);
	if (write(ready, "x", 1) == 1)
		while (read(hold, &c, 1) > 0)
			;
	_exit(0);
}

FIXTURE_SETUP(capstat)
{
	int ready[2];
	char c;

	REQUIRE_CAPSICUM();
	install_libraries();
	memset(&self->r, 0, sizeof(self->r));
	ASSERT_EQ(0, pipe2(self->hold, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	/* Neither harmless on a terminal nor UTF-8. */
	snprintf(self->name, sizeof(self->name), "%s/capstat\n\xff\\.%d",
		 tmp_dir(), getpid());
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(self->hold[1]);
		be_watched(self->name, variant->mode, ready[1], self->hold[0]);
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	close(ready[0]);
	snprintf(self->number, sizeof(self->number), "%d", self->pid);
}

FIXTURE_TEARDOWN(capstat)
{
	close(self->hold[1]);
	waitpid(self->pid, NULL, 0);
	unlink(self->name);
}

/* The words of the line of descriptor @fd. */
static int columns(const char *text, const char *number, int fd, char word[9][128])
{
	const char *line;
	int n = 0;

	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n = sscanf(line, "%127s %127s %127s %127s %127s %127s %127s %127s %127s",
			   word[0], word[1], word[2], word[3], word[4], word[5],
			   word[6], word[7], word[8]);
		if (n >= 4 && !strcmp(word[0], number) && atoi(word[3]) == fd)
			return n;
	}
	return 0;
}

TEST_F(capstat, table)
{
	char word[9][128];

	ASSERT_EQ(0, RUN(&self->r, "./capstat", self->number));
	ASSERT_EQ(9, columns(self->r.said, self->number, LIMITED, word));
	EXPECT_STREQ("watch\\033me", word[1]);
	EXPECT_STREQ(variant->mode ? "capability" : "-", word[2]);
	EXPECT_STREQ("rw", word[4]);
	EXPECT_STREQ("read,seek,fcntl,mkdirat,ioctl", word[5]);
	EXPECT_STREQ("F_GETFL", word[6]);
	EXPECT_STREQ("0x5413,0x541b", word[7]);
	EXPECT_TRUE(!!strstr(word[8], "capstat\\012\\377\\134."));
	ASSERT_EQ(9, columns(self->r.said, self->number, PLAIN, word));
	EXPECT_STREQ("-", word[5]);
	EXPECT_STREQ("-", word[6]);
	EXPECT_STREQ("-", word[7]);
	ASSERT_EQ(9, columns(self->r.said, self->number, NO_RIGHT, word));
	EXPECT_STREQ("none", word[5]);
	EXPECT_STREQ("none", word[6]);
	EXPECT_STREQ("none", word[7]);
	ASSERT_EQ(9, columns(self->r.said, self->number, EVERY_RIGHT, word));
	EXPECT_STREQ("all", word[5]);
	EXPECT_STREQ("all", word[6]);
	EXPECT_STREQ("all", word[7]);
	/* Nothing that a terminal would obey. */
	EXPECT_FALSE(!!strchr(self->r.said, '\033'));
}

TEST_F(capstat, full)
{
	ASSERT_EQ(0, RUN(&self->r, "./capstat", "--full", self->number));
	EXPECT_SAID(&self->r, "\t        CAP_READ,CAP_SEEK,CAP_FCNTL,CAP_MKDIRAT,CAP_IOCTL");
	EXPECT_SAID(&self->r, "\trights: 0x020000000080840d 0x0400000000000080");
	EXPECT_SAID(&self->r, "\tfcntls: 0x8 F_GETFL");
	EXPECT_SAID(&self->r, "\tioctls: 0x5413,0x541b");
	EXPECT_SAID(&self->r, "\trights: not limited");
}

/* Who is not named is shown when there is something to show. */
TEST_F(capstat, everybody)
{
	char word[9][128], own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	RUN(&self->r, "./capstat");
	EXPECT_EQ(9, columns(self->r.said, self->number, LIMITED, word));
	EXPECT_EQ(variant->mode ? 9 : 0,
		  columns(self->r.said, self->number, PLAIN, word));
	EXPECT_EQ(0, columns(self->r.said, own, self->hold[1], word));
	RUN(&self->r, "./capstat", "-a");
	EXPECT_EQ(9, columns(self->r.said, self->number, PLAIN, word));
	EXPECT_EQ(9, columns(self->r.said, own, self->hold[1], word));
	RUN(&self->r, "./capstat", "-s");
	EXPECT_TRUE(!!strstr(self->r.said, self->number));
	EXPECT_TRUE(!!strstr(self->r.said, "watch\\033me"));
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, key, &v);
	return v;
}

static struct json_object *by_fd(struct json_object *list, int fd)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *d = json_object_array_get_idx(list, i);

		if (json_object_get_int(get(d, "fd")) == fd)
			return d;
	}
	return NULL;
}

static const char *plain(struct json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
}

TEST_F(capstat, json)
{
	enum json_tokener_error error;
	struct json_object *all, *p, *d, *list;
	struct json_tokener *strict = json_tokener_new();

	ASSERT_EQ(0, RUN(&self->r, "./capstat", "--json", self->number));
	json_tokener_set_flags(strict, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	all = json_tokener_parse_ex(strict, self->r.said,
				    strlen(self->r.said) + 1);
	error = json_tokener_get_error(strict);
	ASSERT_EQ(json_tokener_success, error)
		TH_LOG("%s", json_tokener_error_desc(error));
	ASSERT_EQ(1, json_object_array_length(all));
	p = json_object_array_get_idx(all, 0);
	EXPECT_EQ(self->pid, json_object_get_int(get(p, "pid")));
	EXPECT_STREQ("watch\033me", json_object_get_string(get(p, "program")));
	EXPECT_EQ(variant->mode,
		  json_object_get_boolean(get(p, "capability_mode")));
	EXPECT_EQ(variant->mode,
		  json_object_get_boolean(get(p, "no_new_privs")));
	EXPECT_STREQ(variant->mode ? "capability" : "none",
		     json_object_get_string(get(p, "seccomp")));
	list = get(p, "descriptors");

	d = by_fd(list, LIMITED);
	ASSERT_TRUE(!!d);
	EXPECT_TRUE(json_object_get_boolean(get(d, "limited")));
	EXPECT_STREQ("[\"CAP_READ\",\"CAP_SEEK\",\"CAP_FCNTL\",\"CAP_MKDIRAT\",\"CAP_IOCTL\"]",
		     plain(get(d, "rights")));
	EXPECT_STREQ("[\"0x020000000080840d\",\"0x0400000000000080\"]",
		     plain(get(d, "rights_words")));
	EXPECT_STREQ("[\"F_GETFL\"]", plain(get(d, "fcntls")));
	EXPECT_STREQ("[\"0x5413\",\"0x541b\"]", plain(get(d, "ioctls")));
	EXPECT_TRUE(!!strstr(json_object_get_string(get(d, "target")),
			     "capstat\n\xef\xbf\xbd\\."));
	d = by_fd(list, PLAIN);
	ASSERT_TRUE(!!d);
	EXPECT_FALSE(json_object_get_boolean(get(d, "limited")));
	EXPECT_EQ(NULL, get(d, "rights"));
	d = by_fd(list, EVERY_RIGHT);
	ASSERT_TRUE(!!d);
	EXPECT_STREQ("\"all\"", plain(get(d, "ioctls")));
	json_object_put(all);
	json_tokener_free(strict);
}

TEST_F(capstat, mistakes)
{
	EXPECT_EQ(2, RUN(&self->r, "./capstat", "x"));
	EXPECT_EQ(2, RUN(&self->r, "./capstat", "0"));
	EXPECT_EQ(2, RUN(&self->r, "./capstat", "--what"));
	EXPECT_EQ(1, RUN(&self->r, "./capstat", "4194305", self->number));
	EXPECT_COMPLAINED(&self->r, "process 4194305");
	/* The others are shown all the same. */
	EXPECT_TRUE(!!strstr(self->r.said, self->number));
}

static void as_nobody(void *arg)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(98);
}

TEST_F(capstat, somebody_elses)
{
	if (geteuid())
		SKIP(return, "being somebody else takes root");
	self->r.before = as_nobody;
	EXPECT_EQ(1, RUN(&self->r, "./capstat", self->number));
	EXPECT_COMPLAINED(&self->r, "Permission denied");
	EXPECT_EQ(1, RUN(&self->r, "./capstat"));
	EXPECT_COMPLAINED(&self->r, "not yours to look at");
}

/* Whether it has closed all it had. */
static bool has_none(pid_t pid)
{
	bool none = true;
	struct dirent *e;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			none = false;
	if (!d)
		return false;
	closedir(d);
	return none;
}

/* One that has no descriptors: in no way is its name obeyed by a terminal. */
TEST(no_descriptors)
{
	static char * const option[] = { "--full", "--all", "--summary" };
	struct run r = {};
	char number[16];
	unsigned int i;
	pid_t pid;

	REQUIRE_CAPSICUM();
	install_libraries();
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "none\033here");
		syscall(__NR_close_range, 0, ~0U, 0);
		for (;;)
			pause();
	}
	while (!has_none(pid))
		usleep(10000);
	snprintf(number, sizeof(number), "%d", pid);
	for (i = 0; i < ARRAY_SIZE(option); i++) {
		EXPECT_EQ(0, RUN(&r, "./capstat", option[i], number));
		EXPECT_TRUE(!!strstr(r.said, "none\\033here"));
		EXPECT_FALSE(!!strchr(r.said, '\033'));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_HARNESS_MAIN
