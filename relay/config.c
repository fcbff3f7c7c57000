#include "relay/config.h"

#include <stddef.h>

#define FIELD(name) offsetof(RelayConfig, name)

// clang-format off
static const ConfigRow rows[] = {
    { "JUMUN_RELAY_ORDER_DB_URL",   CONFIG_URL, FIELD(order_db_url),     NULL, 0, 0, "schema with the outbox of order" },
    { "JUMUN_RELAY_PRODUCT_DB_URL", CONFIG_URL, FIELD(product_db_url),   NULL, 0, 0, "schema with the outbox of product" },
    { "JUMUN_RELAY_PAYMENT_DB_URL", CONFIG_URL, FIELD(payment_db_url),   NULL, 0, 0, "schema with the outbox of payment" },
    { "JUMUN_WAKE_ORDER_URL",       CONFIG_URL, FIELD(order_wake_url),   "",   0, 0, "nudges of order, parted by commas; empty: poll every second" },
    { "JUMUN_WAKE_PRODUCT_URL",     CONFIG_URL, FIELD(product_wake_url), "",   0, 0, "nudges of product" },
    { "JUMUN_WAKE_PAYMENT_URL",     CONFIG_URL, FIELD(payment_wake_url), "",   0, 0, "nudges of payment" },
    { "JUMUN_BUS_URL",              CONFIG_URL, FIELD(bus_url),          NULL, 0, 0, "broker, amqp://user:password@host:port/vhost" },
};
// clang-format on

#undef FIELD

Status relay_config_load(RelayConfig *config)
{
    size_t count = sizeof rows / sizeof rows[0];
    Status status = config_load("relay", rows, count, config);

    if (!status_failed(status)) {
        config_log(rows, count, config);
    }
    return status;
}
