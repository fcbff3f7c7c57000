/* json_read.h - the JSON of a request to a tree of jansson's, strictly, within limits.
 *
 * jansson refuses what parsers disagree about: doubled names, anything after the value,
 * NUL in any form, lone surrogates, malformed UTF-8, integers beyond 64 bits. Depth and
 * tokens are counted before it sees the text: it recurses, and allocates per value. */
#ifndef JUMUN_SERVICES_GATEWAY_JSON_READ_H
#define JUMUN_SERVICES_GATEWAY_JSON_READ_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/status.h"

enum {
    JSON_DEPTH_MAX = 16,
    JSON_TOKENS_MAX = 1000, /* values and names */
    JSON_WRONG_SIZE = 80,
};

/* Reads an object; release it with json_decref. INVALID_ARGUMENT (BAD_JSON), and then
 * ret_wrong says for people what is wrong and where, or RESOURCE_EXHAUSTED. */
Status json_read(const char *text, size_t size, char ret_wrong[static JSON_WRONG_SIZE],
                 json_t **ret_object);

#endif
