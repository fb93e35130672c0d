/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed: starts a static program as a packer's stub does: its segments are
 * copied into anonymous memory, and this process becomes it without exec.
 */
#ifndef TESTS_IMAGE_PACKED_H
#define TESTS_IMAGE_PACKED_H

/* Returns only if it cannot. */
void packed_become(const char *exe);

#endif /* TESTS_IMAGE_PACKED_H */
