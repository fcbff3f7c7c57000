#include "services/gateway/json_read.h"

#include <stdbool.h>

/* The size of the string that begins behind a quote, with the quote that ends it. */
static size_t skip_string(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"') {
            return i + 1;
        }
        i += text[i] == '\\';
    }
    return size;
}

/* True if the text neither nests too deep nor holds too many values and names. Exact for
 * valid JSON; of other text jansson sees no more than was counted until it gives up. */
static bool is_within_limits(const char *text, size_t size)
{
    size_t depth = 0;
    size_t tokens = 0;
    bool in_word = false; /* a number, true, false or null */

    for (size_t i = 0; i < size; i++) {
        bool in_word_before = in_word;
        in_word = false;
        switch (text[i]) {
        case '"':
            tokens++;
            i += skip_string(text + i + 1, size - i - 1);
            break;
        case '{':
        case '[':
            tokens++;
            depth++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case ',':
        case ':':
            break;
        default:
            tokens += !in_word_before;
            in_word = true;
        }
        if (depth > JSON_DEPTH_MAX || tokens > JSON_TOKENS_MAX) {
            return false;
        }
    }
    return true;
}

/* When memory ends jansson mostly names no cause; inside a string it blames the syntax. */
static Status refusal(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    if (code == json_error_unknown || code == json_error_out_of_memory) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
}

Status json_read(const char *text, size_t size, json_t **ret_object)
{
    json_error_t error = { .line = 0 };

    if (!is_within_limits(text, size)) {
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
    }
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return refusal(&error);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
    }
    *ret_object = root;
    return status_ok();
}
