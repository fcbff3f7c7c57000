/* login_sessions.c - see the header. The index of a member's sessions is a sorted set by
 * begin, so that what has ended absolutely, and all but the newest, drop out of it. */
#include "common/redis/login_sessions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

enum {
    SESSIONS_INDEXED_MAX = 1000, /* per member; older ones are ended by SQL alone */
    HEX_SIZE = TOKEN_HASH_HEX_SIZE - 1,
    KEY_SIZE = 5 + TOKEN_HASH_HEX_SIZE, /* "sess:", hex, NUL */
    INDEX_KEY_SIZE = 40,
    NUMBER_SIZE = 24,
    VALUE_SIZE = 4 * NUMBER_SIZE,
    SLIDE_MS = 60 * 1000, /* how much a session must gain to be slid */
};

static_assert(SESSIONS_INDEXED_MAX + 3 <= REDIS_ARGS_MAX, "one command names all of a member");

static void session_key(const uint8_t hash[TOKEN_HASH_SIZE], char ret_key[KEY_SIZE])
{
    char hex[TOKEN_HASH_HEX_SIZE];

    token_hash_hex(hash, hex);
    (void)snprintf(ret_key, KEY_SIZE, "sess:%s", hex);
}

static void index_key(MemberId member, char ret_key[INDEX_KEY_SIZE])
{
    (void)snprintf(ret_key, INDEX_KEY_SIZE, "sessions:%" PRIu64, member.value);
}

static void number_text(int64_t number, char ret_text[NUMBER_SIZE])
{
    (void)snprintf(ret_text, NUMBER_SIZE, "%" PRId64, number);
}

/* How long a session used now may live on. */
static int64_t life_ms(int64_t ends_at_us, int64_t now_us)
{
    int64_t left_ms = (ends_at_us - now_us) / US_PER_MS;
    int64_t idle_ms = INT64_C(1000) * SESSION_IDLE_S;

    return left_ms < idle_ms ? left_ms : idle_ms;
}

/* Runs what was appended; an error answer of any command fails the whole. */
static Status run_all(Redis *redis, const RedisReply **ret_replies)
{
    size_t count = 0;
    Status status = redis_run(redis, ret_replies, &count);

    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        if ((*ret_replies)[i].type == REDIS_ERROR) {
            status = status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
        }
    }
    return status;
}

Status login_session_begin(Redis *redis, const LoginSession *session, int64_t now_us)
{
    const RedisReply *replies;
    char key[KEY_SIZE];
    char index[INDEX_KEY_SIZE];
    char value[VALUE_SIZE];
    char life[NUMBER_SIZE];
    char begun[NUMBER_SIZE];
    char forgotten[NUMBER_SIZE];
    char kept[NUMBER_SIZE];
    char index_life[NUMBER_SIZE];
    int64_t left_ms = life_ms(session->ends_at_us, now_us);

    session_key(session->hash, key);
    index_key(session->member, index);
    (void)snprintf(value, sizeof value, "%" PRIu64 " %d %" PRId64 " %" PRId64,
                   session->member.value, session->role, session->created_at_us,
                   session->ends_at_us);
    number_text(left_ms > 0 ? left_ms : 1, life);
    number_text(session->created_at_us, begun);
    number_text(now_us - SESSION_MAX_S * US_PER_S, forgotten);
    number_text(-(SESSIONS_INDEXED_MAX + 1), kept);
    number_text(SESSION_MAX_S, index_life);
    /* The index first: a session that is not in it could not be ended with the others. */
    redis_append(redis, 4, (const char *[]){ "ZADD", index, begun, key + 5 }, NULL);
    redis_append(redis, 4, (const char *[]){ "ZREMRANGEBYSCORE", index, "-inf", forgotten }, NULL);
    redis_append(redis, 4, (const char *[]){ "ZREMRANGEBYRANK", index, "0", kept }, NULL);
    redis_append(redis, 3, (const char *[]){ "EXPIRE", index, index_life }, NULL);
    redis_append(redis, 5, (const char *[]){ "SET", key, value, "PX", life }, NULL);
    return run_all(redis, &replies);
}

/* "member role created ends"; anything else is no session. */
static bool parse_session(const char *text, LoginSession *session)
{
    uint64_t member = 0;
    int role = 0;
    int64_t created_at_us = 0;
    int64_t ends_at_us = 0;
    int end = 0;

    int fields = sscanf(text, "%16" SCNu64 " %4d %19" SCNd64 " %19" SCNd64 "%n", &member, &role,
                        &created_at_us, &ends_at_us, &end);
    if (fields != 4 || text[end] != '\0' || member == 0 || member > ID_JSON_MAX) {
        return false;
    }
    session->member = (MemberId){ member };
    session->role = role;
    session->created_at_us = created_at_us;
    session->ends_at_us = ends_at_us;
    return true;
}

static void slide(Redis *redis, LoginLookup *const *lookups, const bool *due, size_t count,
                  int64_t now_us)
{
    const RedisReply *replies;
    size_t reply_count;
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        char key[KEY_SIZE];
        char life[NUMBER_SIZE];

        if (due[i]) {
            session_key(lookups[i]->hash, key);
            number_text(life_ms(lookups[i]->session.ends_at_us, now_us), life);
            redis_append(redis, 3, (const char *[]){ "PEXPIRE", key, life }, NULL);
            any = true;
        }
    }
    /* A session that could not be slid ends a little early; its owner is in all the same. */
    if (any) {
        (void)redis_run(redis, &replies, &reply_count);
    }
}

Status login_sessions_find(Redis *redis, LoginLookup *const *lookups, size_t count, int64_t now_us)
{
    const RedisReply *replies;
    bool due[REDIS_PIPELINE_MAX / 2] = { false };

    assert(count > 0 && count <= REDIS_PIPELINE_MAX / 2);
    for (size_t i = 0; i < count; i++) {
        char key[KEY_SIZE];

        session_key(lookups[i]->hash, key);
        redis_append(redis, 2, (const char *[]){ "GET", key }, NULL);
        redis_append(redis, 2, (const char *[]){ "PTTL", key }, NULL);
    }
    Status status = run_all(redis, &replies);
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        LoginLookup *lookup = lookups[i];
        const RedisReply *value = &replies[2 * i];
        int64_t ttl_ms = replies[2 * i + 1].integer;
        LoginSession session = { .role = 0 };

        memcpy(session.hash, lookup->hash, sizeof session.hash);
        lookup->found = value->type == REDIS_TEXT && parse_session(value->text, &session) &&
                        session.ends_at_us > now_us;
        if (lookup->found) {
            lookup->session = session;
            due[i] = life_ms(session.ends_at_us, now_us) - ttl_ms >= SLIDE_MS;
        }
    }
    slide(redis, lookups, due, count, now_us);
    return status_ok();
}

Status login_session_end(Redis *redis, MemberId member, const uint8_t hash[TOKEN_HASH_SIZE])
{
    const RedisReply *replies;
    char key[KEY_SIZE];
    char index[INDEX_KEY_SIZE];

    session_key(hash, key);
    index_key(member, index);
    redis_append(redis, 2, (const char *[]){ "DEL", key }, NULL);
    redis_append(redis, 3, (const char *[]){ "ZREM", index, key + 5 }, NULL);
    return run_all(redis, &replies);
}

/* The keys of a member's sessions, but for one; they outlive the reply they come from. */
typedef struct SessionKeys {
    char keys[SESSIONS_INDEXED_MAX + 1][KEY_SIZE];
    const char *words[SESSIONS_INDEXED_MAX + 3];
    size_t count;
} SessionKeys;

static void gather_keys(const RedisReply *members, const char *keep_hex, SessionKeys *ret_keys)
{
    for (size_t i = 0; i < members->count && ret_keys->count <= SESSIONS_INDEXED_MAX; i++) {
        const RedisReply *hex = &members->elements[i];

        if (hex->type != REDIS_TEXT || hex->size != HEX_SIZE || strcmp(hex->text, keep_hex) == 0) {
            continue;
        }
        char *key = ret_keys->keys[ret_keys->count++];
        (void)snprintf(key, KEY_SIZE, "sess:%s", hex->text);
    }
}

static Status end_keys(Redis *redis, const char *index, SessionKeys *keys)
{
    const RedisReply *replies;

    if (keys->count == 0) {
        return status_ok();
    }
    keys->words[0] = "DEL";
    for (size_t i = 0; i < keys->count; i++) {
        keys->words[1 + i] = keys->keys[i];
    }
    redis_append(redis, 1 + keys->count, keys->words, NULL);
    keys->words[0] = "ZREM";
    keys->words[1] = index;
    for (size_t i = 0; i < keys->count; i++) {
        keys->words[2 + i] = keys->keys[i] + 5;
    }
    redis_append(redis, 2 + keys->count, keys->words, NULL);
    return run_all(redis, &replies);
}

Status login_sessions_end_others(Redis *redis, MemberId member, const uint8_t *keep)
{
    const RedisReply *replies;
    char index[INDEX_KEY_SIZE];
    char keep_hex[TOKEN_HASH_HEX_SIZE] = "";

    index_key(member, index);
    if (keep != NULL) {
        token_hash_hex(keep, keep_hex);
    }
    redis_append(redis, 4, (const char *[]){ "ZRANGE", index, "0", "-1" }, NULL);
    Status status = run_all(redis, &replies);
    if (status_failed(status)) {
        return status;
    }
    SessionKeys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    gather_keys(&replies[0], keep_hex, keys);
    status = end_keys(redis, index, keys);
    free(keys);
    return status;
}
