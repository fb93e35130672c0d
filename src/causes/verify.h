/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: the command that shows whether a fix works: the same program under
 * the same limit (or the one advised) and the same load. Private to src/causes/.
 */
#ifndef CAUSES_VERIFY_H
#define CAUSES_VERIFY_H

#include "causes/cause.h"

struct text verify_run(const struct whycase *c, struct arena *a);

/* With a limit of at least @limit bytes (NAN: the one that was met), and GOMEMLIMIT (NULL: none).
 */
struct text verify_run_with(const struct whycase *c, double limit, const char *memory_limit,
			    struct arena *a);

#endif /* CAUSES_VERIFY_H */
