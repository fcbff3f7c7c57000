/* redis_reply.c - the parser's callbacks. An array's elements lie side by side, so a
 * child is written straight into its place. */
#include "common/redis/redis_reply.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#if HIREDIS_MAJOR >= 1
typedef size_t ElementCount;
#else
typedef int ElementCount;
#endif

/* Where the value being parsed belongs. */
static RedisReply *place(const redisReadTask *task)
{
    RedisReplies *replies = task->privdata;

    if (task->parent == NULL) {
        return replies->done < replies->count ? replies->targets[replies->done] : NULL;
    }
    const RedisReply *parent = task->parent->obj;
    /* Const for readers of a reply; here the elements are still being made. */
    union {
        const RedisReply *read;
        RedisReply *write;
    } elements = { .read = parent->elements };
    return &elements.write[task->idx];
}

static void *create_text(const redisReadTask *task, char *bytes, size_t size)
{
    RedisReplies *replies = task->privdata;
    RedisReply *reply = place(task);
    const char *text = arena_copy(replies->arena, bytes, size);

    if (reply == NULL || text == NULL) {
        return NULL;
    }
    RedisType type = task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT;
    *reply = (RedisReply){ .type = type, .text = text, .size = size };
    return reply;
}

static void *create_array(const redisReadTask *task, ElementCount count)
{
    RedisReplies *replies = task->privdata;
    RedisReply *reply = place(task);
    RedisReply *elements = arena_calloc(replies->arena, (size_t)count, sizeof *elements);

    if (reply == NULL || (elements == NULL && count > 0)) {
        return NULL;
    }
    *reply = (RedisReply){
        .type = REDIS_ARRAY,
        .text = "",
        .elements = elements,
        .count = (size_t)count,
    };
    return reply;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    RedisReply *reply = place(task);

    if (reply != NULL) {
        *reply = (RedisReply){ .type = REDIS_INTEGER, .integer = value, .text = "" };
    }
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    RedisReply *reply = place(task);

    if (reply != NULL) {
        *reply = (RedisReply){ .type = REDIS_NIL, .text = "" };
    }
    return reply;
}

static void free_nothing(void *reply)
{
    (void)reply; /* the arena's */
}

static redisReplyObjectFunctions functions = {
    .createString = create_text,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_nothing,
};

redisReader *redis_reader_open(void)
{
    return redisReaderCreateWithFunctions(&functions);
}

bool redis_reader_feed(redisReader *reader, const char *bytes, size_t size, RedisReplies *replies)
{
    void *reply = NULL;

    reader->privdata = replies;
    if (redisReaderFeed(reader, bytes, size) != REDIS_OK || reader->len > REDIS_REPLY_BYTES_MAX) {
        return false;
    }
    while (replies->done < replies->count) {
        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            return false;
        }
        if (reply == NULL) {
            return true; /* not all of it is here yet */
        }
        replies->done++;
    }
    return reader->pos == reader->len;
}
