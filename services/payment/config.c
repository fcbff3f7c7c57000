#include "services/payment/config.h"

#include <stddef.h>

#define FIELD(name) offsetof(PaymentConfig, name)

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_PAYMENT_DB_URL", CONFIG_URL, FIELD(db_url), NULL, 0, 0, "mysql:// of payment_db" },
    { "JUMUN_PAYMENT_PROVIDER_DB_URL", CONFIG_URL, FIELD(provider_db_url), NULL, 0, 0, "mysql:// of provider_db, the simulator's books" },
    { "JUMUN_BUS_URL", CONFIG_URL, FIELD(bus_url), NULL, 0, 0, "amqp:// of the broker" },
    { "JUMUN_RPC_PAYMENT_URL", CONFIG_URL, FIELD(rpc_url), NULL, 0, 0, "tcp:// to serve calls at" },
    { "JUMUN_WAKE_PAYMENT_URL", CONFIG_URL, FIELD(wake_url), NULL, 0, 0, "tcp:// to nudge the relay from" },
    { "JUMUN_RPC_KEYS_FILE", CONFIG_TEXT, FIELD(rpc_keys_file), NULL, 0, 0, "keys of the callers" },
    { "JUMUN_PAYMENT_MESSAGES_MAX", CONFIG_NUMBER, FIELD(messages_max), "64", 1, 1024, "RPC messages in flight" },
};
/* clang-format on */

#undef FIELD

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0]
};

Status payment_config_load(PaymentConfig *ret_config)
{
    Status status = config_load("payment", rows, ROW_COUNT, ret_config);

    if (!status_failed(status)) {
        config_log(rows, ROW_COUNT, ret_config);
    }
    return status;
}
