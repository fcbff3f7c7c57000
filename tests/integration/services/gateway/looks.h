/* looks.h - makes a waiting request look at its order again and again, without a pause, and
 * notes the memory it holds. The linker puts looks.c in front of waits_park. */
#ifndef JUMUN_TESTS_INTEGRATION_SERVICES_GATEWAY_LOOKS_H
#define JUMUN_TESTS_INTEGRATION_SERVICES_GATEWAY_LOOKS_H

#include <stddef.h>

enum {
    LOOKS = 200
};

/* Of the request's arenas, before each look. */
extern size_t looks_sizes[LOOKS];

/* The request that waits next looks LOOKS times; `settle` runs before the last. */
void looks_begin(void (*settle)(void));

#endif
