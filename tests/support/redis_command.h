/* redis_command.h - one command to a Redis database, for tests that look into it or empty
 * it. Failures end the test program. */
#ifndef JUMUN_TESTS_SUPPORT_REDIS_COMMAND_H
#define JUMUN_TESTS_SUPPORT_REDIS_COMMAND_H

#include <stddef.h>

/* Connects to url ("redis://.../7"), says the words, disconnects. An error of the server's
 * is a failure. */
void redis_command(const char *url, size_t count, const char *const *words);

/* Forgets all keys of the database. */
void redis_empty(const char *url);

#endif
