#include "services/order/adapters/redis_gate_replies.h"

#include <stdio.h>
#include <stdlib.h>

static HoldAnswer hold_answer_of(int64_t code)
{
    switch (code) {
    case 0:
        return HOLD_REFUSED;
    case 1:
        return HOLD_GRANTED;
    case 2:
        return HOLD_HELD;
    default:
        return HOLD_UNKNOWN;
    }
}

bool redis_gate_read_holds(const RedisReply *reply, StockHold *holds, size_t count)
{
    if (reply->type != REDIS_ARRAY || reply->count != count + 1) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        holds[i].answer = hold_answer_of(reply->elements[i].integer);
        holds[i].left = reply->elements[count].integer;
    }
    return true;
}

/* "stock:{123}"; false for anything else. */
static bool parse_key(const char *key, ProductId *ret_product)
{
    unsigned long long value = 0;
    int end = 0;

    if (sscanf(key, "stock:{%19llu}%n", &value, &end) != 1 || end == 0 || key[end] != '\0' ||
        value == 0) {
        return false;
    }
    *ret_product = (ProductId){ value };
    return true;
}

bool redis_gate_read_keys(const RedisReply *reply, uint64_t *cursor, ProductId *products,
                          size_t max, size_t *count)
{
    if (reply->type != REDIS_ARRAY || reply->count != 2 || reply->elements[0].type != REDIS_TEXT ||
        reply->elements[1].type != REDIS_ARRAY) {
        return false;
    }
    const RedisReply *keys = &reply->elements[1];
    for (size_t i = 0; i < keys->count && *count < max; i++) {
        if (parse_key(keys->elements[i].text, &products[*count])) {
            (*count)++;
        }
    }
    *cursor = strtoull(reply->elements[0].text, NULL, 10);
    return true;
}

/* Only a number that adds up is units. */
static bool parse_units(const RedisReply *reply, int64_t *ret_units)
{
    char *end;

    if (reply->type != REDIS_TEXT || reply->size == 0) {
        return false;
    }
    long long value = strtoll(reply->text, &end, 10);
    if (*end != '\0' || value > MONEY_MAX || value < -MONEY_MAX) {
        return false;
    }
    *ret_units = value;
    return true;
}

Status redis_gate_read_view(const RedisReply *reply, Arena *arena, GateView *view)
{
    if (reply->type != REDIS_ARRAY || reply->count != 3 || reply->elements[2].type != REDIS_ARRAY) {
        return status_ok();
    }
    const RedisReply *old = &reply->elements[2];
    view->known = parse_units(&reply->elements[0], &view->units);
    view->young = reply->elements[1].integer;
    view->stale = arena_calloc(arena, old->count / 2 + 1, sizeof *view->stale);
    if (view->stale == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0; i + 1 < old->count; i += 2) {
        GateHold *one = &view->stale[view->stale_count];

        one->order.value = strtoull(old->elements[i].text, NULL, 10);
        if (parse_units(&old->elements[i + 1], &one->quantity)) {
            view->stale_count++;
        }
    }
    return status_ok();
}
