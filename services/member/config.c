/* config.c - one row a setting. */
#include "services/member/config.h"

#define FIELD(name) offsetof(MemberConfig, name)

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_MEMBER_DB_URL",       CONFIG_URL,    FIELD(db_url),       NULL, 0, 0, "mysql:// of member_db" },
    { "JUMUN_CACHE_URL",           CONFIG_URL,    FIELD(cache_url),    NULL, 0, 0, "redis:// of sessions and login counters" },
    { "JUMUN_RPC_MEMBER_URL",      CONFIG_URL,    FIELD(listen_url),   NULL, 0, 0, "tcp:// that the service listens on" },
    { "JUMUN_RPC_KEYS_FILE",       CONFIG_TEXT,   FIELD(keys_file),    NULL, 0, 0, "file of the callers' keys" },
    { "JUMUN_MEMBER_HASH_THREADS", CONFIG_NUMBER, FIELD(hash_threads), "2",  1, HASH_THREADS_MAX, "password hashes at once, 19 MiB each" },
    { "JUMUN_MEMBER_HASH_QUEUE",   CONFIG_NUMBER, FIELD(hash_queue),   "32", 1, 1024, "calls that may wait for a hash thread" },
    { "JUMUN_MEMBER_MESSAGES_MAX", CONFIG_NUMBER, FIELD(messages_max), "64", 1, 1024, "RPC messages in flight" },
};
/* clang-format on */

#undef FIELD

Status member_config_load(MemberConfig *ret_config)
{
    MemberConfig config;
    Status status = config_load("member", rows, sizeof rows / sizeof rows[0], &config);

    if (!status_failed(status)) {
        config_log(rows, sizeof rows / sizeof rows[0], &config);
        *ret_config = config;
    }
    return status;
}
