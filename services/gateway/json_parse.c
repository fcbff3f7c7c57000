#include "services/gateway/json_parse.h"

#include <stdint.h>
#include <string.h>

#include "common/base/text.h"

/* An open object or array, and where its next child goes. */
typedef struct Level {
    JsonNode *node;
    JsonNode **link;
} Level;

typedef struct Parser {
    char *at;
    char *end; /* a NUL stands there */
    Arena *arena;
    size_t tokens;
    size_t depth;
    Level levels[JSON_DEPTH_MAX];
} Parser;

static void skip_space(Parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\n' ||
           *parser->at == '\r') {
        parser->at++;
    }
}

static bool read_hex4(const char *text, uint32_t *ret_value)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        char digit = text[i];
        if (digit >= '0' && digit <= '9') {
            value = value << 4 | (uint32_t)(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = value << 4 | (uint32_t)(digit - 'a' + 10);
        } else if (digit >= 'A' && digit <= 'F') {
            value = value << 4 | (uint32_t)(digit - 'A' + 10);
        } else {
            return false; /* also the NUL at the end */
        }
    }
    *ret_value = value;
    return true;
}

static char *put_point(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xC0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *to++ = (char)(0xE0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    } else {
        *to++ = (char)(0xF0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3F));
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    }
    return to;
}

/* \uXXXX, or a pair of them; parser->at is behind the u. Never longer than its escape. */
static bool read_unicode(Parser *parser, char **to)
{
    uint32_t point;

    if (!read_hex4(parser->at, &point) || point == 0 || (point >= 0xDC00 && point <= 0xDFFF)) {
        return false;
    }
    parser->at += 4;
    if (point >= 0xD800 && point <= 0xDBFF) {
        uint32_t low;
        if (parser->at[0] != '\\' || parser->at[1] != 'u' || !read_hex4(parser->at + 2, &low) ||
            low < 0xDC00 || low > 0xDFFF) {
            return false;
        }
        parser->at += 6;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    *to = put_point(*to, point);
    return true;
}

static bool read_escape(Parser *parser, char **to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char letter = *parser->at++;

    if (letter == 'u') {
        return read_unicode(parser, to);
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL) {
        return false;
    }
    *(*to)++ = meanings[found - letters];
    return true;
}

/* parser->at is behind the opening quote. Decodes onto itself and ends it with a NUL. */
static bool read_string(Parser *parser, const char **ret_text, size_t *ret_size)
{
    char *start = parser->at;
    char *to = start;
    bool ascii = true;

    while (*parser->at != '"') {
        unsigned char byte = (unsigned char)*parser->at;
        if (byte < 0x20) { /* also the NUL at the end, or inside */
            return false;
        }
        parser->at++;
        if (byte == '\\') {
            if (!read_escape(parser, &to)) {
                return false;
            }
            continue;
        }
        ascii = ascii && byte < 0x80;
        *to++ = (char)byte;
    }
    size_t size = (size_t)(to - start);
    size_t points;
    parser->at++;
    *to = '\0';
    if (size > JSON_STRING_SIZE_MAX || (!ascii && !text_utf8_count(start, size, &points))) {
        return false;
    }
    *ret_text = start;
    *ret_size = size;
    return true;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool read_number(Parser *parser, JsonNode *node)
{
    char *start = parser->at;
    char *at = start + (*start == '-');
    size_t digits = count_digits(at);

    if (digits == 0 || (digits > 1 && *at == '0')) {
        return false;
    }
    at += digits;
    if (*at == '.') {
        digits = count_digits(at + 1);
        if (digits == 0) {
            return false;
        }
        at += 1 + digits;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        digits = count_digits(at);
        if (digits == 0) {
            return false;
        }
        at += digits;
    }
    node->type = NODE_NUMBER;
    node->text = start;
    node->size = (size_t)(at - start);
    parser->at = at;
    return true;
}

static bool read_word(Parser *parser, JsonNode *node)
{
    static const struct {
        const char *word;
        size_t size;
        JsonType type;
    } words[] = { { "true", 4, NODE_TRUE }, { "false", 5, NODE_FALSE }, { "null", 4, NODE_NULL } };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strncmp(parser->at, words[i].word, words[i].size) == 0) {
            parser->at += words[i].size;
            node->type = words[i].type;
            return true;
        }
    }
    return false;
}

static bool open_level(Parser *parser, JsonNode *node, JsonType type)
{
    if (parser->depth == JSON_DEPTH_MAX) {
        return false;
    }
    parser->at++;
    node->type = type;
    parser->levels[parser->depth++] = (Level){ node, &node->child };
    return true;
}

static bool read_value(Parser *parser, JsonNode *node)
{
    switch (*parser->at) {
    case '{':
        return open_level(parser, node, NODE_OBJECT);
    case '[':
        return open_level(parser, node, NODE_ARRAY);
    case '"':
        parser->at++;
        node->type = NODE_STRING;
        return read_string(parser, &node->text, &node->size);
    case 't':
    case 'f':
    case 'n':
        return read_word(parser, node);
    default:
        return read_number(parser, node);
    }
}

/* A child of the innermost open level: its name, if it has one, and its value. */
static bool read_child(Parser *parser, JsonNode *node)
{
    Level *level = &parser->levels[parser->depth - 1];

    if (level->node->type == NODE_OBJECT) {
        if (*parser->at++ != '"' || !read_string(parser, &node->name, &node->name_size)) {
            return false;
        }
        parser->tokens++;
        skip_space(parser);
        if (*parser->at++ != ':') {
            return false;
        }
        skip_space(parser);
    }
    *level->link = node;
    level->link = &node->next;
    level->node->count++;
    return read_value(parser, node);
}

static JsonNode *new_node(Parser *parser)
{
    parser->tokens++;
    return arena_calloc(parser->arena, 1, sizeof(JsonNode));
}

/* What may follow inside the innermost level: its end (which closes it), or a child. */
static bool step(Parser *parser, bool *ret_out_of_memory)
{
    Level *level = &parser->levels[parser->depth - 1];
    char closing = level->node->type == NODE_OBJECT ? '}' : ']';

    skip_space(parser);
    if (*parser->at == closing) {
        parser->at++;
        parser->depth--;
        return true;
    }
    if (level->node->count > 0) {
        if (*parser->at++ != ',') {
            return false;
        }
        skip_space(parser);
    }
    JsonNode *node = new_node(parser);
    *ret_out_of_memory = node == NULL;
    return node != NULL && parser->tokens < JSON_TOKENS_MAX && read_child(parser, node);
}

Status json_parse(char *text, size_t size, Arena *arena, const JsonNode **ret_root)
{
    Parser parser = { .at = text, .end = text + size, .arena = arena };
    bool out_of_memory = false;

    JsonNode *root = new_node(&parser);
    if (root == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    skip_space(&parser);
    bool fits = read_value(&parser, root);
    while (fits && parser.depth > 0) {
        fits = step(&parser, &out_of_memory);
    }
    if (out_of_memory) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    skip_space(&parser);
    if (!fits || parser.at != parser.end) {
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
    }
    *ret_root = root;
    return status_ok();
}
