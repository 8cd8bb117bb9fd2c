/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Capsicum: the algebra of sets of rights.
 *
 * The one copy of it: the kernel (security/capsicum) and the user library
 * (tools/lib/capsicum) both build it from this header, so that both mean the
 * same by "valid" and "contains". Hence the restrictions: pure functions of
 * their arguments, no kernel services, any context, no allocation; and a prefix
 * that leaves FreeBSD's names (cap_rights_merge() and so on) to the library.
 */
#ifndef _LINUX_CAPSICUM_RIGHTS_H
#define _LINUX_CAPSICUM_RIGHTS_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <uapi/linux/capsicum.h>
#else
#include <stdbool.h>
#include <linux/capsicum.h>
#endif

/* How many words struct cap_rights has in the version this is built for. */
#define CAPSICUM_RIGHTS_WORDS	(CAP_RIGHTS_VERSION + 2)

/* The three fields of a rights word. */
#define CAPSICUM_VERSION_SHIFT	62
#define CAPSICUM_INDEX_SHIFT	57
#define CAPSICUM_INDEX_MASK	(0x1FULL << CAPSICUM_INDEX_SHIFT)
#define CAPSICUM_RIGHTS_MASK	((1ULL << CAPSICUM_INDEX_SHIFT) - 1)

/**
 * capsicum_rights_version - version field of a rights word
 * @word: a rights word; only word 0 of a set carries a version, in every other
 *        word and in every right (CAP_READ, ...) the field is zero
 *
 * Return: the value of bits 63-62; a set of version n has n + 2 words.
 */
static inline unsigned int capsicum_rights_version(__u64 word)
{
	return (unsigned int)(word >> CAPSICUM_VERSION_SHIFT);
}

/**
 * capsicum_right_word - which word of a set a right belongs to
 * @right: a right, or rights of one word or-ed together (CAP_READ | CAP_WRITE)
 *
 * Return: the index of the word, 0 to CAPSICUM_RIGHTS_WORDS - 1, or -1 when the
 * encoding is malformed: version bits that are not zero, no index bit, an index
 * beyond the last word, or several (rights of different words or-ed together).
 */
static inline int capsicum_right_word(__u64 right)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		if ((right & ~CAPSICUM_RIGHTS_MASK) == CAPRIGHT(word, 0ULL))
			return word;
	return -1;
}

/**
 * capsicum_rights_known - every right there is in one word
 * @word: index of the word, 0 to CAPSICUM_RIGHTS_WORDS - 1
 *
 * Return: the whole word, index bit included, or 0 for any other index.
 */
static inline __u64 capsicum_rights_known(int word)
{
	switch (word) {
	case 0:
		return CAP_ALL0;
	case 1:
		return CAP_ALL1;
	default:
		return 0;
	}
}

/**
 * capsicum_right_is_valid - is this a well-formed right that exists?
 * @right: a right, or rights of one word or-ed together
 *
 * Return: true when capsicum_right_word() accepts the encoding and no bit
 * stands for a right that this version does not know.
 */
static inline bool capsicum_right_is_valid(__u64 right)
{
	int word = capsicum_right_word(right);

	return word >= 0 && !(right & ~capsicum_rights_known(word));
}

/**
 * capsicum_rights_is_valid - is this set well-formed?
 * @rights: the set
 *
 * Every other function here asks for valid sets and says what it does with
 * others; a set that comes from outside has to pass here first.
 *
 * Return: true when the version is CAP_RIGHTS_VERSION_00, each word has its own
 * one-hot index and no version bits but word 0's, and every right is known.
 */
static inline bool capsicum_rights_is_valid(const struct cap_rights *rights)
{
	int word;

	/* Version 0 is all zeroes, so capsicum_right_word() has the say on it. */
	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		if (capsicum_right_word(rights->cr_rights[word]) != word ||
		    !capsicum_right_is_valid(rights->cr_rights[word]))
			return false;
	return true;
}

/**
 * capsicum_rights_contains - does one set hold all of another?
 * @big: the set that is to hold the other
 * @little: the set that is to be held
 *
 * Whole words are compared, so a @little whose index or version bits differ
 * from those of a valid @big is never contained: errors refuse.
 *
 * Return: true when each right in @little is in @big too (equal sets are).
 */
static inline bool capsicum_rights_contains(const struct cap_rights *big,
					    const struct cap_rights *little)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		if (little->cr_rights[word] & ~big->cr_rights[word])
			return false;
	return true;
}

/**
 * capsicum_rights_merge - union
 * @dst: set that gets every right of @src
 * @src: set to add; may be @dst
 *
 * The union of valid sets is valid; an invalid @src makes @dst invalid.
 */
static inline void capsicum_rights_merge(struct cap_rights *dst,
					 const struct cap_rights *src)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		dst->cr_rights[word] |= src->cr_rights[word];
}

/**
 * capsicum_rights_remove - difference
 * @dst: set that loses every right of @src
 * @src: set to take away; may be @dst, which leaves none
 *
 * Index and version bits of @dst stay, so a valid @dst stays valid.
 */
static inline void capsicum_rights_remove(struct cap_rights *dst,
					  const struct cap_rights *src)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		dst->cr_rights[word] &=
			~(src->cr_rights[word] & CAPSICUM_RIGHTS_MASK);
}

/**
 * capsicum_rights_all - fill a set with every right there is
 * @rights: set to write; what it held before does not matter
 */
static inline void capsicum_rights_all(struct cap_rights *rights)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		rights->cr_rights[word] = capsicum_rights_known(word);
}

/**
 * capsicum_rights_none - make a set valid and empty
 * @rights: set to write; what it held before does not matter
 */
static inline void capsicum_rights_none(struct cap_rights *rights)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		rights->cr_rights[word] = CAPRIGHT(word, 0ULL);
}

/**
 * capsicum_rights_is_empty - does a set hold no right?
 * @rights: the set
 *
 * Return: true for the set that capsicum_rights_none() makes. A set that is not
 * valid is not empty either (zeroed memory is not a set).
 */
static inline bool capsicum_rights_is_empty(const struct cap_rights *rights)
{
	int word;

	for (word = 0; word < CAPSICUM_RIGHTS_WORDS; word++)
		if (rights->cr_rights[word] != CAPRIGHT(word, 0ULL))
			return false;
	return true;
}

#endif /* _LINUX_CAPSICUM_RIGHTS_H */
