/* db_url.h - where a database is, taken apart. Pure; internal to common/mysql. */
#ifndef JUMUN_COMMON_MYSQL_DB_URL_H
#define JUMUN_COMMON_MYSQL_DB_URL_H

#include "common/base/status.h"

enum {
    DB_URL_MAX = 512, /* bytes of a URL, with its NUL */
    DB_PORT_STANDARD = 3306,
};

/* Parts are decoded; one that is absent is "". They point into `text`. */
typedef struct DbUrl {
    const char *user;
    const char *password;
    const char *host;
    const char *schema;
    const char *socket;
    unsigned port;
    char text[DB_URL_MAX];
} DbUrl;

/* mysql://user:password@host:port/schema[?socket=/path]; user, password, port and
 * schema may be absent, and the host too if there is a socket. An IPv6 host stands in
 * brackets. INVALID_ARGUMENT (CONFIG) if it is malformed; *url is then undefined. */
Status db_url_parse(const char *text, DbUrl *url);

#endif
