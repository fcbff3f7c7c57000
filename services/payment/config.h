/* config.h - the settings of jumun-payment. */
#ifndef JUMUN_SERVICES_PAYMENT_CONFIG_H
#define JUMUN_SERVICES_PAYMENT_CONFIG_H

#include <stdint.h>

#include "common/runtime/config.h"

typedef struct PaymentConfig {
    char db_url[CONFIG_TEXT_MAX];
    char provider_db_url[CONFIG_TEXT_MAX];
    char bus_url[CONFIG_TEXT_MAX];
    char rpc_url[CONFIG_TEXT_MAX];
    char wake_url[CONFIG_TEXT_MAX];
    char rpc_keys_file[CONFIG_TEXT_MAX];
    int64_t messages_max;
} PaymentConfig;

/* Loads and logs. Errors as for config_load. */
Status payment_config_load(PaymentConfig *ret_config);

#endif
