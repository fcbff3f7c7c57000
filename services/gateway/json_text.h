/* json_text.h - a text that grows in an arena, and how JSON values are written into it.
 * When the arena is full the text stops growing and says so at the end. */
#ifndef JUMUN_SERVICES_GATEWAY_JSON_TEXT_H
#define JUMUN_SERVICES_GATEWAY_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

typedef struct JsonText {
    Arena *arena;
    char *data;
    size_t size;
    size_t capacity;
    bool full; /* something did not fit: the text is useless */
} JsonText;

void json_text_init(JsonText *text, Arena *arena);

void json_text_put(JsonText *text, const char *bytes, size_t size);
void json_text_puts(JsonText *text, const char *words);

/* Quoted and escaped. False, and nothing written, for malformed UTF-8. */
bool json_text_string(JsonText *text, const char *words);
void json_text_number(JsonText *text, int64_t number);

#endif
