/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: 64 bit hashes for tables over foreign data.
 *
 * Seeded, so that names and addresses chosen by a hostile target cannot be made
 * to collide. Two multiplications of 64 x 64 bits fold a word in (as wyhash and
 * Go's fallback hash do). Not for anything that is stored.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

static inline uint64_t hash_word(uint64_t h, uint64_t word)
{
	unsigned __int128 r = (unsigned __int128)(h ^ UINT64_C(0xa0761d6478bd642f)) *
			      (word ^ h ^ UINT64_C(0xe7037ed1a0b428db));

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t word;

	h = hash_word(h, n);
	for (; n >= 8; at += 8, n -= 8) {
		memcpy(&word, at, 8);
		h = hash_word(h, word);
	}
	if (!n)
		return h;
	word = 0;
	memcpy(&word, at, n);
	return hash_word(h, word);
}

/* Fresh for each table; 1 where the kernel gives none yet (early boot). */
static inline uint64_t hash_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		return 1;
	return seed;
}

#endif /* BASE_HASH_H */
