#include "services/order/config.h"

#include <stdbool.h>
#include <stddef.h>

#include "common/runtime/log.h"

#define FIELD(name) offsetof(OrderConfig, name)

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_ORDER_DB_URL", CONFIG_URL, FIELD(db_url), NULL, 0, 0, "mysql:// of order_db" },
    { "JUMUN_GATE_URL", CONFIG_URL, FIELD(gate_url), NULL, 0, 0, "redis:// of the stock gate, or memory:" },
    { "JUMUN_BUS_URL", CONFIG_URL, FIELD(bus_url), NULL, 0, 0, "amqp:// of the broker" },
    { "JUMUN_RPC_ORDER_URL", CONFIG_URL, FIELD(rpc_url), NULL, 0, 0, "tcp:// to serve calls at" },
    { "JUMUN_RPC_PRODUCT_URL", CONFIG_URL, FIELD(product_url), NULL, 0, 0, "tcp:// of the product service, more by commas" },
    { "JUMUN_WAKE_ORDER_URL", CONFIG_URL, FIELD(wake_url), NULL, 0, 0, "tcp:// to nudge relay and gateway from" },
    { "JUMUN_RPC_KEYS_FILE", CONFIG_TEXT, FIELD(rpc_keys_file), NULL, 0, 0, "keys of the callers" },
    { "JUMUN_ORDER_CODE_KEYS_FILE", CONFIG_TEXT, FIELD(code_keys_file), NULL, 0, 0, "keys of the order codes" },
    { "JUMUN_CURRENCY", CONFIG_TEXT, FIELD(currency), "KRW", 0, 0, "the shop's currency, ISO 4217" },
    { "JUMUN_ORDER_HOLD_S", CONFIG_NUMBER, FIELD(hold_s), "900", 1, 86400, "seconds stock is kept for an unpaid order" },
    { "JUMUN_ORDER_PAYMENT_ATTEMPTS_MAX", CONFIG_NUMBER, FIELD(payment_attempts_max), "1", 1, 3, "charges before an order is given up" },
    { "JUMUN_ORDER_MESSAGES_MAX", CONFIG_NUMBER, FIELD(messages_max), "64", 1, 1024, "RPC messages in flight" },
    { "JUMUN_ORDER_PLACE_QUEUE_MAX", CONFIG_NUMBER, FIELD(place_queue_max), "2048", 1, 65536, "orders waiting to be placed" },
};
/* clang-format on */

#undef FIELD

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0]
};

static bool is_currency(const char *text)
{
    size_t size = 0;

    while (text[size] >= 'A' && text[size] <= 'Z') {
        size++;
    }
    return size == 3 && text[size] == '\0';
}

Status order_config_load(OrderConfig *ret_config)
{
    Status status = config_load("order", rows, ROW_COUNT, ret_config);

    if (status_failed(status)) {
        return status;
    }
    if (!is_currency(ret_config->currency)) {
        log_error("config.invalid", "name=%s reason=%s", "JUMUN_CURRENCY",
                  "three capital letters are wanted");
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    config_log(rows, ROW_COUNT, ret_config);
    return status;
}
