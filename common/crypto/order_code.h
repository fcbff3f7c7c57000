/* order_code.h - the name of an order that people see.
 *
 *     XXXXX-XXXXX-XXXXX-XXXXX, 20 symbols of Crockford's base32:
 *     64 bits order id | 31 bits keyed MAC | 5 bits check symbol
 *
 * The MAC (BLAKE2b, keyed) makes codes unguessable: a forged one is refused without a
 * database read. The check symbol is a weighted sum over GF(32) with weights a^0..a^19
 * of a primitive element, so it catches every single wrong symbol and every swap of two
 * neighbours (the weights are distinct and non-zero). Pure but for the keys. */
#ifndef JUMUN_COMMON_CRYPTO_ORDER_CODE_H
#define JUMUN_COMMON_CRYPTO_ORDER_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    ORDER_CODE_SIZE = 24, /* 20 symbols, 3 dashes, NUL */
    ORDER_CODE_KEY_SIZE = 32,
    ORDER_CODE_KEYS_MAX = 4,
};

/* The first key makes new codes; all are accepted, so that keys can be rotated. */
typedef struct OrderCodeKeys {
    uint8_t keys[ORDER_CODE_KEYS_MAX][ORDER_CODE_KEY_SIZE];
    size_t count;
} OrderCodeKeys;

/* Reads one hex key a line, 1..ORDER_CODE_KEYS_MAX of them. INVALID_ARGUMENT (CONFIG)
 * otherwise, and a line in the log says what is wrong. */
Status order_code_keys_load(const char *path, OrderCodeKeys *ret_keys);

void order_code_format(const OrderCodeKeys *keys, OrderId order, char ret_code[ORDER_CODE_SIZE]);

/* Accepts lower case, missing dashes and O, I, L for 0, 1, 1. INVALID_ARGUMENT
 * (BAD_ORDER_CODE) for a code that is mistyped or was not made by one of the keys. The
 * MAC is compared in constant time. */
Status order_code_parse(const OrderCodeKeys *keys, const char *code, OrderId *ret_order);

#endif
