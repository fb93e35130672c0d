/* SPDX-License-Identifier: Apache-2.0 */
/* host LIBRARY: a C program that loads a Go library and calls it, with a heap and a thread of its
 * own. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	char *mine = malloc(5 << 20);
	pthread_t thread;
	void (*serve)(void);
	void *library;

	if (argc != 2 || !mine)
		return 2;
	memset(mine, 1, 5 << 20);
	pthread_create(&thread, NULL, sleep_for_ever, NULL);
	library = dlopen(argv[1], RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&serve = dlsym(library, "told_serve");
	if (!serve)
		return 1;
	serve();
	free(mine);
	return 0;
}
