#include "services/gateway/json_text.h"

#include <string.h>

#include "common/base/text.h"

enum {
    TEXT_SIZE_FIRST = 1024
};

void json_text_init(JsonText *text, Arena *arena)
{
    *text = (JsonText){ .arena = arena };
}

static bool reserve(JsonText *text, size_t size)
{
    if (text->capacity - text->size >= size) {
        return true;
    }
    size_t capacity = text->capacity == 0 ? TEXT_SIZE_FIRST : text->capacity * 2;
    while (capacity - text->size < size) {
        capacity *= 2;
    }
    char *data = text->full ? NULL : arena_alloc(text->arena, capacity);
    if (data == NULL) {
        text->full = true;
        return false;
    }
    if (text->size > 0) {
        memcpy(data, text->data, text->size);
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void json_text_put(JsonText *text, const char *bytes, size_t size)
{
    if (size > 0 && reserve(text, size)) {
        memcpy(text->data + text->size, bytes, size);
        text->size += size;
    }
}

void json_text_puts(JsonText *text, const char *words)
{
    json_text_put(text, words, strlen(words));
}

static void put_escaped(JsonText *text, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = { '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15] };

    if (byte == '"' || byte == '\\') {
        escape[1] = (char)byte;
        json_text_put(text, escape, 2);
    } else {
        json_text_put(text, escape, 6);
    }
}

bool json_text_string(JsonText *text, const char *words)
{
    const unsigned char *bytes = (const unsigned char *)words;
    size_t plain = 0; /* where what is not yet written begins */
    size_t points;
    bool ascii = true;
    size_t size = 0;

    for (; bytes[size] != 0; size++) {
        ascii = ascii && bytes[size] < 0x80;
    }
    if (!ascii && !text_utf8_count(words, size, &points)) {
        return false;
    }
    json_text_put(text, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 0x7F) {
            json_text_put(text, words + plain, i - plain);
            put_escaped(text, bytes[i]);
            plain = i + 1;
        }
    }
    json_text_put(text, words + plain, size - plain);
    json_text_put(text, "\"", 1);
    return true;
}

void json_text_number(JsonText *text, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    json_text_put(text, digits + at, sizeof digits - at);
}
