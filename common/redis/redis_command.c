/* redis_command.c - a growing buffer, doubled when full. */
#include "common/redis/redis_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 4096,
    HEAD_SIZE = 32, /* "*2048\r\n", "$16777216\r\n" */
};

static bool reserve(RedisCommands *commands, size_t size)
{
    if (commands->failed || size > REDIS_COMMAND_BYTES_MAX - commands->size) {
        commands->failed = true;
        return false;
    }
    size_t capacity = commands->capacity == 0 ? FIRST_CAPACITY : commands->capacity;
    while (capacity < commands->size + size) {
        capacity *= 2;
    }
    if (capacity != commands->capacity) {
        char *bytes = realloc(commands->bytes, capacity);
        if (bytes == NULL) {
            commands->failed = true;
            return false;
        }
        commands->bytes = bytes;
        commands->capacity = capacity;
    }
    return true;
}

void redis_commands_raw(RedisCommands *commands, const char *bytes, size_t size)
{
    if (size > 0 && reserve(commands, size)) {
        memcpy(commands->bytes + commands->size, bytes, size);
        commands->size += size;
    }
}

static void add_head(RedisCommands *commands, char type, size_t value)
{
    char head[HEAD_SIZE];
    int size = snprintf(head, sizeof head, "%c%zu\r\n", type, value);

    redis_commands_raw(commands, head, (size_t)size);
}

void redis_commands_begin(RedisCommands *commands, size_t count)
{
    add_head(commands, '*', count);
}

void redis_commands_word(RedisCommands *commands, const char *word, size_t size)
{
    add_head(commands, '$', size);
    redis_commands_raw(commands, word, size);
    redis_commands_raw(commands, "\r\n", 2);
}

void redis_commands_clear(RedisCommands *commands)
{
    if (commands->capacity > REDIS_COMMAND_BYTES_KEPT) {
        redis_commands_deinit(commands);
    }
    commands->size = 0;
    commands->failed = false;
}

void redis_commands_deinit(RedisCommands *commands)
{
    free(commands->bytes);
    *commands = (RedisCommands){ NULL, 0, 0, false };
}
