#include "services/product/adapters/redis_stock_gate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/redis/redis.h"

enum {
    GATE_TIMEOUT_MS = 500,
    KEY_SIZE = 32,
};

typedef struct RedisStockGate {
    StockGate gate; /* first: a StockGate pointer is one of these */
    Redis *redis;
} RedisStockGate;

static Status run(StockGate *base, const char *command, ProductId product,
                  const RedisReply **ret_reply)
{
    RedisStockGate *gate = (RedisStockGate *)base;
    char key[KEY_SIZE];
    const char *words[] = { command, key };
    const RedisReply *replies;
    size_t count;

    (void)snprintf(key, sizeof key, "stock:{%" PRIu64 "}", product.value);
    redis_append(gate->redis, 2, words, NULL);
    Status status = redis_run(gate->redis, &replies, &count);
    if (!status_failed(status) && (count != 1 || replies[0].type == REDIS_ERROR)) {
        status = status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    if (!status_failed(status)) {
        *ret_reply = &replies[0];
    }
    return status;
}

static Status forget(StockGate *gate, ProductId product)
{
    const RedisReply *reply;

    return run(gate, "DEL", product, &reply);
}

static Status peek(StockGate *gate, ProductId product, bool *ret_known, int64_t *ret_units)
{
    const RedisReply *reply;

    Status status = run(gate, "GET", product, &reply);
    if (status_failed(status)) {
        return status;
    }
    *ret_known = false;
    if (reply->type == REDIS_TEXT) {
        char *end;
        errno = 0;
        int64_t units = strtoll(reply->text, &end, 10);
        *ret_known = errno == 0 && end != reply->text && *end == '\0';
        if (*ret_known) {
            *ret_units = units;
        }
    }
    return status_ok();
}

static const StockGateOps ops = { forget, peek };

Status redis_stock_gate_open(const char *url, StockGate **ret_gate)
{
    RedisStockGate *gate = calloc(1, sizeof *gate);

    if (gate == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    gate->gate.ops = &ops;
    Status status = redis_open(url, GATE_TIMEOUT_MS, &gate->redis);
    if (status_failed(status)) {
        free(gate);
        return status;
    }
    *ret_gate = &gate->gate;
    return status_ok();
}

void redis_stock_gate_close(StockGate *gate)
{
    RedisStockGate *opened = (RedisStockGate *)gate;

    if (opened == NULL) {
        return;
    }
    redis_close(opened->redis);
    free(opened);
}
