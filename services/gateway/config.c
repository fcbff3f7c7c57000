#include "services/gateway/config.h"

#include <stddef.h>
#include <string.h>

#define FIELD(name) offsetof(GatewayConfig, name)

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_GATEWAY_LISTEN_ADDRESS", CONFIG_TEXT, FIELD(listen_address), "127.0.0.1:8080", 0, 0, "address and port of the HTTP API" },
    { "JUMUN_GATEWAY_LOOPS", CONFIG_NUMBER, FIELD(loops), "1", 1, 16, "HTTP threads, each with its own connections" },
    { "JUMUN_GATEWAY_CONNECTIONS_MAX", CONFIG_NUMBER, FIELD(connections_max), "1024", 1, 65536, "connections of a loop" },
    { "JUMUN_GATEWAY_CONNECTIONS_PER_ADDRESS_MAX", CONFIG_NUMBER, FIELD(connections_per_address_max), "0", 0, 65536, "of a loop; 0: 64, or no limit when listening on loopback" },
    { "JUMUN_GATEWAY_IN_FLIGHT_MAX", CONFIG_NUMBER, FIELD(in_flight_max), "1024", 1, 65536, "requests on their way; beyond, 503 OVERLOADED. Half of them may wait for orders" },
    { "JUMUN_GATEWAY_SIGNINS_PER_MINUTE", CONFIG_NUMBER, FIELD(signins_per_minute), "600", 1, 1000000, "signups, logins and password changes of an address; beyond, 429 RATE_LIMITED" },
    { "JUMUN_CACHE_URL", CONFIG_URL, FIELD(cache_url), NULL, 0, 0, "redis:// of the sessions" },
    { "JUMUN_RPC_MEMBER_URL", CONFIG_TEXT, FIELD(member_url), NULL, 0, 0, "tcp:// of the member services, parted by commas" },
    { "JUMUN_RPC_PRODUCT_URL", CONFIG_TEXT, FIELD(product_url), NULL, 0, 0, "tcp:// of the product services" },
    { "JUMUN_RPC_ORDER_URL", CONFIG_TEXT, FIELD(order_url), NULL, 0, 0, "tcp:// of the order services" },
    { "JUMUN_RPC_PAYMENT_URL", CONFIG_TEXT, FIELD(payment_url), NULL, 0, 0, "tcp:// of the payment services" },
    { "JUMUN_WAKE_ORDER_URL", CONFIG_TEXT, FIELD(wake_url), NULL, 0, 0, "tcp:// from which order services say which orders moved" },
    { "JUMUN_RPC_KEYS_FILE", CONFIG_TEXT, FIELD(rpc_keys_file), NULL, 0, 0, "keys of the callers" },
    { "JUMUN_ORDER_CODE_KEYS_FILE", CONFIG_TEXT, FIELD(order_code_keys_file), NULL, 0, 0, "keys of the order codes" },
    { "JUMUN_INSECURE_COOKIES", CONFIG_FLAG, FIELD(insecure_cookies), "0", 0, 0, "1: session cookies also over plain HTTP" },
};
/* clang-format on */

#undef FIELD

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0],
    PER_ADDRESS_MAX = 64,
};

/* On loopback all clients have one address: load generators, tests, a proxy. */
static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0;
}

Status gateway_config_load(GatewayConfig *ret_config)
{
    Status status = config_load("gateway", rows, ROW_COUNT, ret_config);

    if (status_failed(status)) {
        return status;
    }
    config_log(rows, ROW_COUNT, ret_config);
    if (ret_config->connections_per_address_max == 0) {
        ret_config->connections_per_address_max =
            is_loopback(ret_config->listen_address) ? ret_config->connections_max : PER_ADDRESS_MAX;
    }
    return status;
}
