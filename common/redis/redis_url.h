/* redis_url.h - where a Redis is. Private to common/redis. */
#ifndef JUMUN_COMMON_REDIS_REDIS_URL_H
#define JUMUN_COMMON_REDIS_REDIS_URL_H

#include "common/base/status.h"

enum {
    REDIS_HOST_SIZE = 256,
    REDIS_PASSWORD_SIZE = 256,
    REDIS_DATABASE_MAX = 1023,
};

typedef struct RedisUrl {
    char host[REDIS_HOST_SIZE];
    char password[REDIS_PASSWORD_SIZE]; /* "" for none */
    int port;
    int database;
} RedisUrl;

/* redis://[:password@]host:port[/db], the password percent-encoded where it must be.
 * INVALID_ARGUMENT (CONFIG). */
Status redis_url_parse(const char *url, RedisUrl *ret_url);

#endif
