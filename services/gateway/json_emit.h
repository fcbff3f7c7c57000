/* json_emit.h - any protobuf-c message to JSON, by its descriptor and json_form.h.
 * All fields are always there. Does not recurse. */
#ifndef JUMUN_SERVICES_GATEWAY_JSON_EMIT_H
#define JUMUN_SERVICES_GATEWAY_JSON_EMIT_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/status.h"
#include "common/crypto/order_code.h"
#include "services/gateway/json_text.h"

/* Appends the message as an object; if `only` names a repeated field, as that field's
 * bare array. INTERNAL if it holds what cannot be shown: an integer beyond 2^53 - 1, an
 * unknown enum value, malformed UTF-8. The text is then useless. */
Status json_emit(const ProtobufCMessage *message, const char *only, const OrderCodeKeys *keys,
                 JsonText *text);

#endif
