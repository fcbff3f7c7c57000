/* redis_command.h - commands on their way out, in Redis's protocol. Private to
 * common/redis. When memory or REDIS_COMMAND_BYTES_MAX ends, the buffer fails as a
 * whole and stays so until cleared: half a command is never sent. */
#ifndef JUMUN_COMMON_REDIS_REDIS_COMMAND_H
#define JUMUN_COMMON_REDIS_REDIS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REDIS_COMMAND_BYTES_MAX = 16 << 20, /* of one pipeline */
    REDIS_COMMAND_BYTES_KEPT = 1 << 20, /* of memory between two pipelines */
};

typedef struct RedisCommands {
    char *bytes;
    size_t size;
    size_t capacity;
    bool failed;
} RedisCommands;

/* Begins a command of `count` words, to be followed by so many words. */
void redis_commands_begin(RedisCommands *commands, size_t count);
void redis_commands_word(RedisCommands *commands, const char *word, size_t size);

/* Repeats what was already written elsewhere. */
void redis_commands_raw(RedisCommands *commands, const char *bytes, size_t size);

/* Forgets all and the failure; keeps a moderate amount of memory. */
void redis_commands_clear(RedisCommands *commands);

void redis_commands_deinit(RedisCommands *commands);

#endif
