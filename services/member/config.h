/* config.h - the settings of the member service. */
#ifndef JUMUN_SERVICES_MEMBER_CONFIG_H
#define JUMUN_SERVICES_MEMBER_CONFIG_H

#include "common/base/status.h"
#include "common/runtime/config.h"

enum {
    HASH_THREADS_MAX = 16
};

typedef struct MemberConfig {
    char db_url[CONFIG_TEXT_MAX];
    char cache_url[CONFIG_TEXT_MAX];
    char listen_url[CONFIG_TEXT_MAX];
    char keys_file[CONFIG_TEXT_MAX];
    int64_t hash_threads;
    int64_t hash_queue;
    int64_t messages_max;
} MemberConfig;

/* Reads the environment and logs the effective values. INVALID_ARGUMENT (CONFIG). */
Status member_config_load(MemberConfig *ret_config);

#endif
