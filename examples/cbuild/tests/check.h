/* A test program in one header: CHECK counts, and finish() prints the counts as one line of JSON and gives the exit code. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int passed, failed;

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (condition) {                                                                        \
            passed++;                                                                           \
        } else {                                                                                \
            failed++;                                                                           \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                                       \
    } while (0)

static int finish(const char *suite)
{
    printf("{\"suite\": \"%s\", \"passed\": %d, \"failed\": %d}\n", suite, passed, failed);
    return failed ? 1 : 0;
}

#endif
