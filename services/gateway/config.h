/* config.h - the gateway's settings, read once from the environment. */
#ifndef JUMUN_SERVICES_GATEWAY_CONFIG_H
#define JUMUN_SERVICES_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/runtime/config.h"

typedef struct GatewayConfig {
    char listen_address[CONFIG_TEXT_MAX];
    int64_t loops;
    int64_t connections_max;
    int64_t connections_per_address_max; /* 0: 64, or connections_max on loopback */
    int64_t in_flight_max;
    int64_t signins_per_minute;
    char cache_url[CONFIG_TEXT_MAX];
    char member_url[CONFIG_TEXT_MAX];
    char product_url[CONFIG_TEXT_MAX];
    char order_url[CONFIG_TEXT_MAX];
    char payment_url[CONFIG_TEXT_MAX];
    char wake_url[CONFIG_TEXT_MAX];
    char rpc_keys_file[CONFIG_TEXT_MAX];
    char order_code_keys_file[CONFIG_TEXT_MAX];
    bool insecure_cookies;
} GatewayConfig;

/* INVALID_ARGUMENT (CONFIG), and a line in the log says what to change. */
Status gateway_config_load(GatewayConfig *ret_config);

#endif
