/* order_code.c - packing of 64 + 31 bits into 19 symbols, and the 20th.
 *
 *     symbols 0..11   bits 63..4 of the id
 *     symbol  12      bits 3..0 of the id, bit 30 of the MAC
 *     symbols 13..18  bits 29..0 of the MAC
 *     symbol  19      check
 *
 * A code is a word c0..c19 over GF(32) with c0 a^19 + c1 a^18 + ... + c19 = 0. */
#include "common/crypto/order_code.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/runtime/config.h"
#include "common/runtime/log.h"

enum {
    SYMBOLS = 20,
    GROUP = 5,
    SYMBOL_BITS = 5,
    SYMBOL_MASK = 31,
    ID_SYMBOLS = 12, /* that hold nothing but id */
    FIELD_REST = 5,  /* x^5 = x^2 + 1 in GF(32); x is primitive */
    MAC_BITS = 31,
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* 0..31, or -1 for what is no symbol (U among them). */
static int symbol_value(char symbol)
{
    char upper = symbol;

    if (symbol >= 'a' && symbol <= 'z') {
        upper = (char)(symbol - 'a' + 'A');
    }
    if (upper == 'O') {
        return 0;
    }
    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    const char *at = upper == '\0' ? NULL : strchr(alphabet, upper);
    return at == NULL ? -1 : (int)(at - alphabet);
}

static unsigned times_a(unsigned element)
{
    unsigned shifted = element << 1;

    return (shifted & SYMBOL_MASK) ^ ((shifted >> SYMBOL_BITS) * FIELD_REST);
}

/* The word as a polynomial in a, by Horner's rule. */
static unsigned evaluate(const uint8_t *values, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum = times_a(sum) ^ values[i];
    }
    return sum;
}

static uint32_t order_mac(const uint8_t key[ORDER_CODE_KEY_SIZE], OrderId order)
{
    static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "jumun.order.code";
    uint8_t id[8];
    uint8_t mac[crypto_generichash_blake2b_BYTES_MIN];

    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = (uint8_t)(order.value >> (56 - 8 * i));
    }
    crypto_generichash_blake2b_salt_personal(mac, sizeof mac, id, sizeof id, key,
                                             ORDER_CODE_KEY_SIZE, NULL, personal);
    uint32_t first =
        (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | (uint32_t)mac[3];
    return first >> (32 - MAC_BITS);
}

static void pack(OrderId order, uint32_t mac, uint8_t ret_values[SYMBOLS])
{
    for (size_t i = 0; i < ID_SYMBOLS; i++) {
        ret_values[i] = (uint8_t)(order.value >> (59 - SYMBOL_BITS * i)) & SYMBOL_MASK;
    }
    ret_values[ID_SYMBOLS] = (uint8_t)((order.value & 15) << 1 | mac >> 30);
    for (size_t i = ID_SYMBOLS + 1; i < SYMBOLS - 1; i++) {
        ret_values[i] = (uint8_t)(mac >> (SYMBOL_BITS * (SYMBOLS - 2 - i))) & SYMBOL_MASK;
    }
    ret_values[SYMBOLS - 1] = (uint8_t)times_a(evaluate(ret_values, SYMBOLS - 1));
}

static void unpack(const uint8_t values[SYMBOLS], OrderId *ret_order, uint32_t *ret_mac)
{
    uint64_t id = 0;
    uint32_t mac = values[ID_SYMBOLS] & 1;

    for (size_t i = 0; i < ID_SYMBOLS; i++) {
        id = id << SYMBOL_BITS | values[i];
    }
    for (size_t i = ID_SYMBOLS + 1; i < SYMBOLS - 1; i++) {
        mac = mac << SYMBOL_BITS | values[i];
    }
    *ret_order = (OrderId){ id << 4 | values[ID_SYMBOLS] >> 1 };
    *ret_mac = mac;
}

void order_code_format(const OrderCodeKeys *keys, OrderId order, char ret_code[ORDER_CODE_SIZE])
{
    uint8_t values[SYMBOLS];
    size_t at = 0;

    assert(keys->count > 0);
    pack(order, order_mac(keys->keys[0], order), values);
    for (size_t i = 0; i < SYMBOLS; i++) {
        if (i > 0 && i % GROUP == 0) {
            ret_code[at++] = '-';
        }
        ret_code[at++] = alphabet[values[i]];
    }
    ret_code[at] = '\0';
}

/* A dash may stand between two groups, and nowhere else. */
static bool read_symbols(const char *code, uint8_t ret_values[SYMBOLS])
{
    for (size_t i = 0; i < SYMBOLS; i++) {
        if (i > 0 && i % GROUP == 0 && *code == '-') {
            code++;
        }
        int value = symbol_value(*code);
        if (value < 0) {
            return false;
        }
        ret_values[i] = (uint8_t)value;
        code++;
    }
    return *code == '\0';
}

/* Tries every key, also after one has fitted: how long it takes tells nothing. */
static bool is_ours(const OrderCodeKeys *keys, OrderId order, uint32_t mac)
{
    bool ours = false;

    for (size_t i = 0; i < keys->count; i++) {
        uint32_t expected = order_mac(keys->keys[i], order);

        ours |= sodium_memcmp(&expected, &mac, sizeof mac) == 0;
    }
    return ours;
}

Status order_code_parse(const OrderCodeKeys *keys, const char *code, OrderId *ret_order)
{
    uint8_t values[SYMBOLS];
    OrderId order;
    uint32_t mac;

    if (!read_symbols(code, values) || evaluate(values, SYMBOLS) != 0) {
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_ORDER_CODE");
    }
    unpack(values, &order, &mac);
    if (!is_ours(keys, order, mac)) {
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_ORDER_CODE");
    }
    *ret_order = order;
    return status_ok();
}

typedef struct Load {
    const char *path;
    OrderCodeKeys keys;
} Load;

static const char *add_key(OrderCodeKeys *keys, const char *const *words, size_t count)
{
    size_t size = 0;

    if (keys->count == ORDER_CODE_KEYS_MAX) {
        return "too many keys";
    }
    if (count != 1 || strlen(words[0]) != (size_t)ORDER_CODE_KEY_SIZE * 2 ||
        sodium_hex2bin(keys->keys[keys->count], ORDER_CODE_KEY_SIZE, words[0],
                       (size_t)ORDER_CODE_KEY_SIZE * 2, NULL, &size, NULL) != 0 ||
        size != ORDER_CODE_KEY_SIZE) {
        return "a line must be one key of 64 hex digits";
    }
    keys->count++;
    return NULL;
}

static Status on_line(void *context, const char *const *words, size_t count)
{
    Load *load = context;
    const char *reason = add_key(&load->keys, words, count);

    if (reason != NULL) {
        log_error("config.keys_bad", "file=%s reason=%s", load->path, reason);
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    return status_ok();
}

Status order_code_keys_load(const char *path, OrderCodeKeys *ret_keys)
{
    Load load = { .path = path };
    Status status = config_read_lines(path, on_line, &load);

    if (status.code == STATUS_NOT_FOUND) {
        log_error("config.keys_bad", "file=%s reason=%s", path, "the file cannot be read");
    } else if (!status_failed(status) && load.keys.count == 0) {
        log_error("config.keys_bad", "file=%s reason=%s", path, "the file holds no key");
        status = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    if (!status_failed(status)) {
        *ret_keys = load.keys;
    }
    sodium_memzero(&load, sizeof load);
    return status_failed(status) ? status_make(STATUS_INVALID_ARGUMENT, "CONFIG") : status;
}
