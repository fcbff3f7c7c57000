/* product_cursor.c - bytes: order, id, then the name or the price that is sorted by. */
#include "services/product/api/product_cursor.h"

#include <assert.h>
#include <string.h>

static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const struct SortRow {
    const char *name;
    ProductSort sort;
    bool descending;
    uint8_t mark; /* in cursors */
} sort_rows[] = {
    { "id", PRODUCT_SORT_ID, false, 'i' },       { "-id", PRODUCT_SORT_ID, true, 'I' },
    { "name", PRODUCT_SORT_NAME, false, 'n' },   { "-name", PRODUCT_SORT_NAME, true, 'N' },
    { "price", PRODUCT_SORT_PRICE, false, 'p' }, { "-price", PRODUCT_SORT_PRICE, true, 'P' },
};

enum {
    SORT_COUNT = sizeof sort_rows / sizeof sort_rows[0]
};

bool product_sort_parse(const char *text, ProductQuery *query)
{
    const char *name = text[0] == '\0' ? "id" : text;

    for (size_t i = 0; i < SORT_COUNT; i++) {
        if (strcmp(sort_rows[i].name, name) == 0) {
            query->sort = sort_rows[i].sort;
            query->descending = sort_rows[i].descending;
            return true;
        }
    }
    return false;
}

static uint8_t mark_of(const ProductQuery *query)
{
    for (size_t i = 0; i < SORT_COUNT; i++) {
        if (sort_rows[i].sort == query->sort && sort_rows[i].descending == query->descending) {
            return sort_rows[i].mark;
        }
    }
    assert(false);
    return 0;
}

static void encode(const uint8_t *bytes, size_t size, char *ret_text)
{
    uint32_t buffer = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < size; i++) {
        buffer = buffer << 8 | bytes[i];
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            *ret_text++ = symbols[buffer >> bits & 63];
        }
    }
    if (bits > 0) {
        *ret_text++ = symbols[buffer << (6 - bits) & 63];
    }
    *ret_text = '\0';
}

/* False for other symbols, too much, or bits left over that encode would not write. */
static bool decode(const char *text, uint8_t *bytes, size_t max, size_t *ret_size)
{
    uint32_t buffer = 0;
    unsigned bits = 0;
    size_t size = 0;

    for (; *text != '\0'; text++) {
        const char *symbol = strchr(symbols, *text);
        if (symbol == NULL) {
            return false;
        }
        buffer = buffer << 6 | (uint32_t)(symbol - symbols);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (size == max) {
                return false;
            }
            bytes[size++] = (uint8_t)(buffer >> bits);
        }
    }
    *ret_size = size;
    return bits < 6 && (buffer & ((1u << bits) - 1)) == 0;
}

static void put_number(uint8_t *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    }
}

static uint64_t get_number(const uint8_t *bytes)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void product_cursor_format(const ProductQuery *query, const Product *last,
                           char ret_cursor[PRODUCT_CURSOR_SIZE])
{
    uint8_t bytes[PRODUCT_CURSOR_BYTES_MAX];
    size_t size = 9;

    bytes[0] = mark_of(query);
    put_number(&bytes[1], last->id.value);
    if (query->sort == PRODUCT_SORT_NAME) {
        size_t name_size = strlen(last->name);
        memcpy(&bytes[size], last->name, name_size);
        size += name_size;
    } else if (query->sort == PRODUCT_SORT_PRICE) {
        put_number(&bytes[size], (uint64_t)last->price.minor);
        size += 8;
    }
    encode(bytes, size, ret_cursor);
}

/* What follows order and id, into `after`. */
static bool parse_key(ProductSort sort, const uint8_t *bytes, size_t size, Product *after)
{
    if (sort == PRODUCT_SORT_NAME) {
        if (size >= sizeof after->name || memchr(bytes, '\0', size) != NULL) {
            return false;
        }
        memcpy(after->name, bytes, size);
        after->name[size] = '\0';
        return product_check_name(after->name) == 0;
    }
    if (sort == PRODUCT_SORT_PRICE) {
        if (size != 8 || get_number(bytes) > (uint64_t)MONEY_MAX) {
            return false;
        }
        after->price.minor = (int64_t)get_number(bytes);
        return product_check_price(after->price.minor) == 0;
    }
    return size == 0;
}

bool product_cursor_parse(const char *cursor, ProductQuery *query)
{
    uint8_t bytes[PRODUCT_CURSOR_BYTES_MAX];
    size_t size = 0;
    Product after = { .id = { 0 } };

    if (cursor[0] == '\0') {
        query->has_after = false;
        return true;
    }
    if (!decode(cursor, bytes, sizeof bytes, &size) || size < 9 || bytes[0] != mark_of(query)) {
        return false;
    }
    after.id = (ProductId){ get_number(&bytes[1]) };
    if (after.id.value == 0 || after.id.value > ID_JSON_MAX ||
        !parse_key(query->sort, &bytes[9], size - 9, &after)) {
        return false;
    }
    query->has_after = true;
    query->after = after;
    return true;
}
