#include "services/order/adapters/redis_stock_gate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/redis/redis.h"
#include "common/runtime/log.h"
#include "services/order/adapters/redis_gate_replies.h"
#include "services/order/adapters/redis_gate_scripts.h"

enum {
    CALL_MAX = 500,                   /* orders in one script: Lua's unpack is limited */
    WORDS_MAX = 2 + 2 * CALL_MAX,     /* keys and arguments of one script */
    NUMBER_SIZE = 24,                 /* a 64-bit number and its NUL */
    KEY_SIZE = 8 + NUMBER_SIZE,       /* "stock:{" number "}" */
    SCRIPTS_MAX = REDIS_PIPELINE_MAX, /* in one round trip */
    SCAN_COUNT = 200,                 /* keys looked at in one step of the walk */
    SCAN_ROOM = 300,                  /* a step may find a few more */
    SCAN_STEPS = 50,                  /* in one turn: other keys may lie between */
};

typedef struct RedisStockGate {
    StockGate port;
    Redis *redis;
    const Clock *clock;
    int64_t rests_until_us; /* monotonic */
    RedisScript hold;
    RedisScript settle;
    RedisScript inspect;
    RedisScript correct;
    Counter *unknown;
    Counter *failures;
    /* words of the command being made */
    const char *words[WORDS_MAX];
    char stock_key[KEY_SIZE];
    char hold_key[KEY_SIZE];
    char numbers[WORDS_MAX][NUMBER_SIZE];
} RedisStockGate;

/* Decimal digits of a number; a hot loop, so without printf. */
static const char *write_number(uint64_t value, char text[NUMBER_SIZE])
{
    char *at = &text[NUMBER_SIZE - 1];

    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

static void write_key(const char *prefix, ProductId product, char key[KEY_SIZE])
{
    char digits[NUMBER_SIZE];

    (void)snprintf(key, KEY_SIZE, "%s{%s}", prefix, write_number(product.value, digits));
}

static size_t begin_script(RedisStockGate *self, ProductId product)
{
    write_key("stock:", product, self->stock_key);
    write_key("hold:", product, self->hold_key);
    self->words[0] = self->stock_key;
    self->words[1] = self->hold_key;
    return 2;
}

static Status check_rest(RedisStockGate *self)
{
    return clock_monotonic_us(self->clock) < self->rests_until_us
               ? status_make(STATUS_UNAVAILABLE, "GATE_DOWN")
               : status_ok();
}

static Status run(RedisStockGate *self, const RedisReply **ret_replies, size_t *ret_count)
{
    Status status = redis_run(self->redis, ret_replies, ret_count);

    if (status_failed(status)) {
        self->rests_until_us = clock_monotonic_us(self->clock) + GATE_REST_MS * US_PER_MS;
        counter_add(self->failures, 1);
        log_warn("order.gate_down", "code=%s name=%s", status_code_name(status.code), status.name);
    }
    return status;
}

/* -- hold -- */

/* The end of the stretch of one product that fits one script. */
static size_t hold_end_of(const StockHold *holds, size_t from, size_t count)
{
    size_t end = from + 1;

    while (end < count && end - from < CALL_MAX &&
           holds[end].product.value == holds[from].product.value) {
        end++;
    }
    return end;
}

static void append_hold(RedisStockGate *self, const StockHold *holds, size_t from, size_t end)
{
    size_t count = begin_script(self, holds[from].product);

    for (size_t i = from; i < end; i++) {
        self->words[count] = write_number(holds[i].order.value, self->numbers[count]);
        count++;
        self->words[count] = write_number(holds[i].quantity, self->numbers[count]);
        count++;
    }
    redis_append_script(self->redis, &self->hold, 2, count, self->words, NULL);
}

static void read_hold(RedisStockGate *self, const RedisReply *reply, StockHold *holds, size_t count)
{
    uint64_t unknown = 0;

    if (!redis_gate_read_holds(reply, holds, count)) {
        log_warn("order.gate_odd", "product=%" PRIu64 " answer=%s", holds[0].product.value,
                 reply->type == REDIS_ERROR ? reply->text : "not as expected");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        unknown += holds[i].answer == HOLD_UNKNOWN ? 1 : 0;
    }
    counter_add(self->unknown, unknown);
}

static Status hold(StockGate *gate, StockHold *holds, size_t count)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    const RedisReply *replies;
    Status status = check_rest(self);

    for (size_t done = 0; !status_failed(status) && done < count;) {
        size_t stop = done;
        size_t scripts = 0;
        size_t reply_count = 0;

        while (stop < count && scripts < SCRIPTS_MAX) {
            size_t end = hold_end_of(holds, stop, count);
            append_hold(self, holds, stop, end);
            stop = end;
            scripts++;
        }
        status = run(self, &replies, &reply_count);
        for (size_t i = 0, at = done; !status_failed(status) && i < reply_count; i++) {
            size_t end = hold_end_of(holds, at, count);
            read_hold(self, &replies[i], &holds[at], end - at);
            at = end;
        }
        done = stop;
    }
    return status;
}

/* -- settle -- */

/* The end of the stretch of one product that fits one command; whether units return. */
static size_t settle_end_of(const HoldSettlement *ends, size_t from, size_t count,
                            bool *ret_returns)
{
    size_t end = from;

    *ret_returns = false;
    while (end < count && end - from < CALL_MAX &&
           ends[end].product.value == ends[from].product.value) {
        *ret_returns = *ret_returns || ends[end].end == HOLD_RETURNS;
        end++;
    }
    return end;
}

/* What sold orders held is only forgotten, which is most of the work: a plain command
 * costs the server a third of a script. */
static void append_forget(RedisStockGate *self, const HoldSettlement *ends, size_t from, size_t end)
{
    size_t words = begin_script(self, ends[from].product);

    self->words[0] = "HDEL";
    for (size_t i = from; i < end; i++) {
        self->words[words] = write_number(ends[i].order.value, self->numbers[words]);
        words++;
    }
    redis_append(self->redis, words, self->words, NULL);
}

static void append_settle(RedisStockGate *self, const HoldSettlement *ends, size_t from, size_t end)
{
    size_t words = begin_script(self, ends[from].product);

    for (size_t i = from; i < end; i++) {
        self->words[words] = write_number(ends[i].order.value, self->numbers[words]);
        words++;
        self->words[words++] = ends[i].end == HOLD_RETURNS ? "1" : "0";
    }
    redis_append_script(self->redis, &self->settle, 2, words, self->words, NULL);
}

static Status settle(StockGate *gate, const HoldSettlement *ends, size_t count)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    const RedisReply *replies;
    size_t reply_count;
    Status status = check_rest(self);

    for (size_t done = 0; !status_failed(status) && done < count;) {
        for (size_t scripts = 0; done < count && scripts < SCRIPTS_MAX; scripts++) {
            bool returns;
            size_t end = settle_end_of(ends, done, count, &returns);

            if (returns) {
                append_settle(self, ends, done, end);
            } else {
                append_forget(self, ends, done, end);
            }
            done = end;
        }
        status = run(self, &replies, &reply_count);
    }
    return status;
}

/* -- restore -- */

static Status restore(StockGate *gate, const ProductId *products, const int64_t *units,
                      size_t count)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    const RedisReply *replies;
    size_t reply_count;
    Status status = check_rest(self);

    for (size_t done = 0; !status_failed(status) && done < count;) {
        for (size_t i = 0; done < count && i < SCRIPTS_MAX; i++, done++) {
            char number[NUMBER_SIZE];
            const char *words[] = { "SET", self->stock_key, number, "NX" };

            write_key("stock:", products[done], self->stock_key);
            (void)snprintf(number, sizeof number, "%" PRId64, units[done]);
            redis_append(self->redis, 4, words, NULL);
        }
        status = run(self, &replies, &reply_count);
    }
    return status;
}

/* -- for the sweep -- */

/* One step of SCAN. */
static Status scan_step(RedisStockGate *self, uint64_t *cursor, ProductId *products, size_t max,
                        size_t *count)
{
    const RedisReply *replies;
    size_t reply_count;
    char digits[NUMBER_SIZE];
    char limit[NUMBER_SIZE];
    const char *words[] = { "SCAN",  write_number(*cursor, digits),  "MATCH", "stock:*",
                            "COUNT", write_number(SCAN_COUNT, limit) };

    redis_append(self->redis, 6, words, NULL);
    Status status = run(self, &replies, &reply_count);
    if (status_failed(status)) {
        return status;
    }
    return redis_gate_read_keys(&replies[0], cursor, products, max, count)
               ? status
               : status_make(STATUS_INTERNAL, "INTERNAL");
}

static Status scan(StockGate *gate, uint64_t *cursor, ProductId *ret_products, size_t max,
                   size_t *ret_count)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    size_t count = 0;
    Status status = check_rest(self);

    for (int i = 0; !status_failed(status) && i < SCAN_STEPS; i++) {
        status = scan_step(self, cursor, ret_products, max, &count);
        if (*cursor == 0 || max - count < SCAN_ROOM) {
            break;
        }
    }
    if (!status_failed(status)) {
        *ret_count = count;
    }
    return status;
}

static Status inspect(StockGate *gate, Arena *arena, OrderId id_below, uint64_t skip,
                      GateView *views, size_t count)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    const RedisReply *replies;
    size_t reply_count = 0;
    char limit[NUMBER_SIZE];
    char max[NUMBER_SIZE];
    char skipped[NUMBER_SIZE];
    char whole[NUMBER_SIZE];
    char drawn[NUMBER_SIZE];
    Status status = check_rest(self);

    assert(count <= REDIS_PIPELINE_MAX);
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        (void)begin_script(self, views[i].product);
        self->words[2] = write_number(id_below.value, limit);
        self->words[3] = write_number(GATE_STALE_MAX, max);
        self->words[4] = write_number(skip, skipped);
        self->words[5] = write_number(GATE_HOLDS_WHOLE_MAX, whole);
        self->words[6] = write_number(GATE_HOLDS_DRAWN, drawn);
        redis_append_script(self->redis, &self->inspect, 2, 7, self->words, NULL);
    }
    status = run(self, &replies, &reply_count);
    for (size_t i = 0; !status_failed(status) && i < reply_count; i++) {
        status = redis_gate_read_view(&replies[i], arena, &views[i]);
    }
    return status;
}

static Status correct(StockGate *gate, ProductId product, int64_t seen, int64_t units)
{
    RedisStockGate *self = (RedisStockGate *)gate;
    const RedisReply *replies;
    size_t reply_count;
    char seen_text[NUMBER_SIZE];
    char units_text[NUMBER_SIZE];
    const char *words[] = { self->stock_key, seen_text, units_text };
    Status status = check_rest(self);

    if (status_failed(status)) {
        return status;
    }
    write_key("stock:", product, self->stock_key);
    (void)snprintf(seen_text, sizeof seen_text, "%" PRId64, seen);
    (void)snprintf(units_text, sizeof units_text, "%" PRId64, units);
    redis_append_script(self->redis, &self->correct, 1, 3, words, NULL);
    return run(self, &replies, &reply_count);
}

static const StockGateOps ops = {
    .hold = hold,
    .settle = settle,
    .restore = restore,
    .scan = scan,
    .inspect = inspect,
    .correct = correct,
};

Status order_redis_gate_open(const char *url, const Clock *clock, Metrics *metrics,
                             StockGate **ret_gate)
{
    RedisStockGate *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    self->port.ops = &ops;
    self->clock = clock;
    self->hold.text = redis_gate_hold;
    self->settle.text = redis_gate_settle;
    self->inspect.text = redis_gate_inspect;
    self->correct.text = redis_gate_correct;
    self->unknown = metrics_counter(metrics, "gate_unknown_total",
                                    "Holds asked of a product the gate did not know", "");
    self->failures =
        metrics_counter(metrics, "gate_failures_total", "Round trips to the gate that failed", "");
    Status status = redis_open(url, GATE_TIMEOUT_MS, &self->redis);
    if (status_failed(status)) {
        order_redis_gate_close(&self->port);
        return status;
    }
    *ret_gate = &self->port;
    return status;
}

void order_redis_gate_close(StockGate *gate)
{
    RedisStockGate *self = (RedisStockGate *)gate;

    if (self == NULL) {
        return;
    }
    redis_close(self->redis);
    free(self);
}
