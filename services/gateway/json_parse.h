/* json_parse.h - RFC 8259 text to a tree in an arena, strictly, within limits.
 *
 * Refuses what parsers disagree about: anything after the value, NUL in any form, lone
 * surrogates, malformed UTF-8. Numbers stay text, so that the reader decides by their
 * spelling: 1.0 and 1e3 are not integers here. Strings are decoded in place. Does not
 * recurse: the stack stays flat whatever the depth. */
#ifndef JUMUN_SERVICES_GATEWAY_JSON_PARSE_H
#define JUMUN_SERVICES_GATEWAY_JSON_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/status.h"

enum {
    JSON_DEPTH_MAX = 16,
    JSON_TOKENS_MAX = 1000, /* values and names */
    JSON_STRING_SIZE_MAX = 4 * 1024,
};

typedef enum JsonType {
    NODE_OBJECT,
    NODE_ARRAY,
    NODE_STRING,
    NODE_NUMBER,
    NODE_TRUE,
    NODE_FALSE,
    NODE_NULL,
} JsonType;

typedef struct JsonNode {
    JsonType type;
    size_t count;     /* of children */
    const char *name; /* in an object; ends with a NUL and holds none */
    size_t name_size;
    const char *text; /* of a string, likewise; of a number, without a NUL */
    size_t size;
    struct JsonNode *child; /* the first */
    struct JsonNode *next;  /* sibling */
} JsonNode;

/* Parses text[0..size), text[size] being NUL; the text is overwritten and must outlive
 * the tree. INVALID_ARGUMENT (BAD_JSON), or RESOURCE_EXHAUSTED when the arena is full. */
Status json_parse(char *text, size_t size, Arena *arena, const JsonNode **ret_root);

#endif
