/* config.h - the settings of jumun-order. */
#ifndef JUMUN_SERVICES_ORDER_CONFIG_H
#define JUMUN_SERVICES_ORDER_CONFIG_H

#include <stdint.h>

#include "common/runtime/config.h"

typedef struct OrderConfig {
    char db_url[CONFIG_TEXT_MAX];
    char gate_url[CONFIG_TEXT_MAX];
    char bus_url[CONFIG_TEXT_MAX];
    char rpc_url[CONFIG_TEXT_MAX];
    char product_url[CONFIG_TEXT_MAX];
    char wake_url[CONFIG_TEXT_MAX];
    char rpc_keys_file[CONFIG_TEXT_MAX];
    char code_keys_file[CONFIG_TEXT_MAX];
    char currency[CONFIG_TEXT_MAX];
    int64_t hold_s;
    int64_t payment_attempts_max;
    int64_t messages_max;
    int64_t place_queue_max;
} OrderConfig;

/* Loads, checks and logs. Errors as for config_load. */
Status order_config_load(OrderConfig *ret_config);

#endif
