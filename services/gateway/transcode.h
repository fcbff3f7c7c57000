/* transcode.h - from JSON, a path or a query to any protobuf-c message, by its descriptor.
 *
 * Only what json_form.h says is accepted: unknown fields, null, other types, integers that
 * are not spelled as such (1.0, 1e3) or leave their range, unknown enum names are refused,
 * and the fault says where. Everything made lies in the arena. Does not recurse. */
#ifndef JUMUN_SERVICES_GATEWAY_TRANSCODE_H
#define JUMUN_SERVICES_GATEWAY_TRANSCODE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/crypto/order_code.h"

/* What is wrong with one field. */
typedef struct FieldFault {
    const char *pointer; /* JSON pointer into the body; "?name" for a query parameter */
    const char *code;    /* "UNKNOWN_FIELD", "WRONG_TYPE" ...; NULL: no fault */
    const char *detail;
} FieldFault;

enum {
    JSON_STRING_SIZE_MAX = 4 * 1024 /* of names too */
};

typedef struct Transcoder {
    const OrderCodeKeys *keys;
    Arena *arena;
    FieldFault fault; /* out, with INVALID_ARGUMENT */
} Transcoder;

/* A message with all fields at their defaults; NULL when the arena is full. */
ProtobufCMessage *transcode_new(const ProtobufCMessageDescriptor *descriptor, Arena *arena);

/* Fills the message from the text of a JSON object. Bit n of `open` says that the descriptor's n-th
 * field may come from the client; the fields of sub-messages all may. INVALID_ARGUMENT (VALIDATION,
 * BAD_JSON or BAD_ORDER_CODE), or RESOURCE_EXHAUSTED. */
Status transcode_body(Transcoder *transcoder, const char *text, size_t size, uint64_t open,
                      ProtobufCMessage *message);

/* Sets one field from a text of the path or the query. `pointer` names it in the fault.
 * Fails as above. */
Status transcode_text(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                      const char *text, const char *pointer, ProtobufCMessage *message);

#endif
