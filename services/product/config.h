/* config.h - the settings of jumun-product. */
#ifndef JUMUN_SERVICES_PRODUCT_CONFIG_H
#define JUMUN_SERVICES_PRODUCT_CONFIG_H

#include <stdint.h>

#include "common/runtime/config.h"

typedef struct ProductConfig {
    char db_url[CONFIG_TEXT_MAX];
    char gate_url[CONFIG_TEXT_MAX];
    char bus_url[CONFIG_TEXT_MAX];
    char rpc_url[CONFIG_TEXT_MAX];
    char wake_url[CONFIG_TEXT_MAX];
    char rpc_keys_file[CONFIG_TEXT_MAX];
    int64_t messages_max;
} ProductConfig;

/* Loads and logs. Errors as for config_load. */
Status product_config_load(ProductConfig *ret_config);

#endif
