// SPDX-License-Identifier: GPL-2.0
/*
 * List what is in a tar archive, whoever made the archive.
 *
 * This is the program of the tutorial in
 * Documentation/userspace-api/capsicum.rst. All that reads the archive runs in
 * capability mode, with one descriptor that can be read and two that can be
 * written. Is there a mistake in it that lets the archive take it over? -a
 * shows what there would be to gain, and -u what there was before.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <capsicum_helpers.h>
#include <netinet/in.h>
#include <sys/capsicum.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Of a header; it is padded to a block. */
#define BLOCK		512
#define NAME		0
#define NAME_LEN	100
#define SIZE		124
#define SIZE_LEN	12
#define CHECKSUM	148
#define CHECKSUM_LEN	8

/* A whole block, or false at the end. */
static bool read_block(int archive, unsigned char *block)
{
	ssize_t len, have = 0;

	while (have < BLOCK) {
		len = read(archive, block + have, BLOCK - have);
		if (len < 0)
			err(1, "cannot read the archive");
		if (len == 0 && have == 0)
			return false;
		if (len == 0)
			errx(1, "the archive ends in the middle of a block");
		have += len;
	}
	return true;
}

/* Octal digits, with spaces before them and a space or NUL behind. */
static unsigned long long number(const unsigned char *field, int len)
{
	unsigned long long n = 0;
	int i = 0;

	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] != ' ' && field[i] != '\0'; i++) {
		if (field[i] < '0' || field[i] > '7')
			errx(1, "digits of a header are not octal");
		n = n * 8 + (field[i] - '0');
	}
	return n;
}

/* The sum of all bytes, those of the sum itself taken for spaces. */
static void check(const unsigned char *block)
{
	unsigned long long sum = 0;
	int i;

	for (i = 0; i < BLOCK; i++) {
		if (i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LEN)
			sum += ' ';
		else
			sum += block[i];
	}
	if (sum != number(block + CHECKSUM, CHECKSUM_LEN))
		errx(1, "the checksum of a header is wrong");
}

static void list(int archive)
{
	static const unsigned char zeroes[BLOCK];
	unsigned char block[BLOCK];
	unsigned long long size;
	int i;

	while (read_block(archive, block) && memcmp(block, zeroes, BLOCK)) {
		check(block);
		size = number(block + SIZE, SIZE_LEN);
		printf("%12llu ", size);
		for (i = NAME; i < NAME + NAME_LEN && block[i]; i++)
			putchar(block[i] < ' ' || block[i] > '~' ? '?' :
				block[i]);
		putchar('\n');
		for (; size > 0; size -= size < BLOCK ? size : BLOCK)
			if (!read_block(archive, block))
				errx(1, "the archive ends in the middle of a file");
	}
}

/* From here on: read the archive, write to standard output and error. */
static void confine(int archive)
{
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_READ);
	if (caph_rights_limit(archive, &rights) < 0)
		err(1, "cannot limit the archive");
	if (caph_limit_stdio() < 0)
		err(1, "cannot limit standard input and output");
	if (caph_enter() < 0)
		err(1, "cannot enter capability mode");
}

static int result(const char *what, long ret)
{
	const char *why = errno == ECAPMODE ? "ECAPMODE" :
			  errno == ENOTCAPABLE ? "ENOTCAPABLE" :
			  strerror(errno);

	printf("%-40s %s\n", what, ret < 0 ? why : "works");
	return ret < 0 ? 0 : 1;
}

/* What code would try that runs in place of list(). How much of it worked? */
static int attack(int archive)
{
	struct sockaddr_in where = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int n = 0;

	n += result("read a file that it was not given",
		    open("/etc/passwd", O_RDONLY));
	n += result("leave a file behind",
		    open("left-behind", O_WRONLY | O_CREAT, 0600));
	n += result("tell somebody",
		    connect(socket(AF_INET, SOCK_DGRAM, 0),
			    (struct sockaddr *)&where, sizeof(where)));
	n += result("signal the program that has started it",
		    kill(getppid(), 0));
	n += result("let everybody write to the archive",
		    fchmod(archive, 0666));
	n += result("read the archive from its start",
		    lseek(archive, 0, SEEK_SET));
	return n;
}

int main(int argc, char **argv)
{
	bool attacked = false, confined = true;
	int archive, opt;

	while ((opt = getopt(argc, argv, "au")) != -1) {
		switch (opt) {
		case 'a':
			attacked = true;
			break;
		case 'u':
			confined = false;
			break;
		default:
			return 2;
		}
	}
	if (optind != argc - 1)
		errx(2, "usage: tarls [-a] [-u] archive.tar");

	archive = open(argv[optind], O_RDONLY | O_CLOEXEC);
	if (archive < 0)
		err(1, "%s", argv[optind]);
	if (confined) {
		confine(archive);
		if (!cap_sandboxed())
			warnx("this kernel has no Capsicum: not confined");
	}
	if (attacked)
		return attack(archive) > 0;
	list(archive);
	return 0;
}
