/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zero_page: the kernel's shared pages of zeros, by their frame numbers.
 *
 * Anonymous memory that was read and never written is mapped to one page of zeros (or,
 * with huge pages, to one huge page of zeros) that all processes share. Pagemap calls it
 * present, but nobody is charged for it and no RSS counts it. Source: Linux
 * mm/memory.c: do_anonymous_page(), mm/huge_memory.c: do_huge_pmd_anonymous_page().
 */
#ifndef HOST_ZERO_PAGE_H
#define HOST_ZERO_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zero_page {
	uint64_t small, huge; /* frame numbers; 0: not known, no page is called one */
	uint64_t huge_pages;  /* small pages in the huge one */
};

/*
 * Finds them in mappings of our own. Frame numbers need CAP_SYS_ADMIN: without it both
 * stay 0.
 */
void zero_page_find(struct zero_page *ret, size_t page_size);

/* Whether a word of pagemap is of one of them. */
bool zero_page_is(const struct zero_page *z, uint64_t word);

#endif /* HOST_ZERO_PAGE_H */
