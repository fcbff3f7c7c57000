#include "services/gateway/json_read.h"

#include <stdbool.h>
#include <stdio.h>

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

static Status bad_json(const char *what, char ret_wrong[static JSON_WRONG_SIZE])
{
    (void)snprintf(ret_wrong, JSON_WRONG_SIZE, "%s", what);
    return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
}

static const char *what_is_wrong(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something comes after it";
    case json_error_duplicate_key:
        return "a name comes twice in an object";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "this is not JSON, or not in UTF-8";
    }
}

/* When memory ends jansson mostly names no cause; inside a string it blames the syntax. */
static Status refusal(const json_error_t *error, char ret_wrong[static JSON_WRONG_SIZE])
{
    enum json_error_code code = json_error_code(error);

    if (code == json_error_unknown || code == json_error_out_of_memory) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    (void)snprintf(ret_wrong, JSON_WRONG_SIZE, "%s, at byte %d", what_is_wrong(code),
                   error->position);
    return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
}

Status json_read(const char *text, size_t size, char ret_wrong[static JSON_WRONG_SIZE],
                 json_t **ret_object)
{
    json_error_t error = { .line = 0 };

    if (!is_within_limits(text, size)) {
        return bad_json("it nests too deep, or holds too much", ret_wrong);
    }
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return refusal(&error, ret_wrong);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return bad_json("it must be an object", ret_wrong);
    }
    *ret_object = root;
    return status_ok();
}
