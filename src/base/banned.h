/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned: calls this tree does not make. Forced into every file by the build.
 *
 * Each has a replacement: str_* for parsing, buf_printf for formatting,
 * localtime_r/gmtime_r for time. Poison works after the declaration is seen,
 * so the headers that declare them come first.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok strtok_r sscanf atoi atol atof
#pragma GCC poison gmtime localtime ctime asctime

#endif /* BASE_BANNED_H */
