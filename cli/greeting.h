/* greeting.h - asks a server on loopback for its first words. */
#ifndef JUMUN_CLI_GREETING_H
#define JUMUN_CLI_GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connects, sends, and compares what comes back with the expected beginning; tries
 * again every few ms until that matches or time is up. Blocks: only in a task. */
bool greeting_await(uint16_t port, const void *words, size_t size, const void *expected,
                    size_t expected_size, int seconds_max);

/* A short pause between two tries. */
void greeting_pause(void);

#endif
