/* config.h - the relay's settings. */
#ifndef JUMUN_RELAY_CONFIG_H
#define JUMUN_RELAY_CONFIG_H

#include "common/base/status.h"
#include "common/runtime/config.h"

typedef struct RelayConfig {
    char order_db_url[CONFIG_TEXT_MAX];
    char product_db_url[CONFIG_TEXT_MAX];
    char payment_db_url[CONFIG_TEXT_MAX];
    char order_wake_url[CONFIG_TEXT_MAX];
    char product_wake_url[CONFIG_TEXT_MAX];
    char payment_wake_url[CONFIG_TEXT_MAX];
    char bus_url[CONFIG_TEXT_MAX];
} RelayConfig;

/* Loads from the environment and logs what holds. */
Status relay_config_load(RelayConfig *config);

#endif
