#include "services/product/config.h"

#include <stddef.h>

#define FIELD(name) offsetof(ProductConfig, name)

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_PRODUCT_DB_URL", CONFIG_URL, FIELD(db_url), NULL, 0, 0, "mysql:// of product_db" },
    { "JUMUN_GATE_URL", CONFIG_URL, FIELD(gate_url), NULL, 0, 0, "redis:// of the stock gate" },
    { "JUMUN_BUS_URL", CONFIG_URL, FIELD(bus_url), NULL, 0, 0, "amqp:// of the broker" },
    { "JUMUN_RPC_PRODUCT_URL", CONFIG_URL, FIELD(rpc_url), NULL, 0, 0, "tcp:// to serve calls at" },
    { "JUMUN_WAKE_PRODUCT_URL", CONFIG_URL, FIELD(wake_url), NULL, 0, 0, "tcp:// to nudge the relay from" },
    { "JUMUN_RPC_KEYS_FILE", CONFIG_TEXT, FIELD(rpc_keys_file), NULL, 0, 0, "keys of the callers" },
    { "JUMUN_PRODUCT_MESSAGES_MAX", CONFIG_NUMBER, FIELD(messages_max), "64", 1, 1024, "RPC messages in flight" },
};
/* clang-format on */

#undef FIELD

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0]
};

Status product_config_load(ProductConfig *ret_config)
{
    Status status = config_load("product", rows, ROW_COUNT, ret_config);

    if (!status_failed(status)) {
        config_log(rows, ROW_COUNT, ret_config);
    }
    return status;
}
