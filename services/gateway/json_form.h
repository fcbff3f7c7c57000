/* json_form.h - how a protobuf field looks in JSON: its name and the form of its value.
 *
 *     snake_case                        lowerCamelCase
 *     int64 x_us                        "x": RFC 3339 time; 0 is null
 *     fixed64 order_id                  "orderCode": the code people see
 *     string next_cursor                null when empty
 *     one-member oneof                  optional; null when unset
 *     64-bit integers                   numbers within +-(2^53 - 1)
 *     enums                             their short names
 *     replayed, session_ended           never shown */
#ifndef JUMUN_SERVICES_GATEWAY_JSON_FORM_H
#define JUMUN_SERVICES_GATEWAY_JSON_FORM_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

enum {
    JSON_NAME_MAX = 64
};

typedef enum JsonForm {
    FORM_TEXT,
    FORM_FLAG,
    FORM_INT32,
    FORM_UINT32,
    FORM_INT64,
    FORM_UINT64,
    FORM_ENUM,
    FORM_MESSAGE,
    FORM_TIME,
    FORM_ORDER_CODE,
    FORM_NONE, /* bytes and floating point: not in our API */
} JsonForm;

JsonForm json_form(const ProtobufCFieldDescriptor *field);

/* True for fields that no client ever sees. */
bool json_is_hidden(const ProtobufCFieldDescriptor *field);

/* Writes the field's JSON name, without a NUL. Returns its size. */
size_t json_name(const ProtobufCFieldDescriptor *field, char ret_name[static JSON_NAME_MAX]);

/* The field with that JSON name, or NULL. */
const ProtobufCFieldDescriptor *json_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                const char *name, size_t size);

/* Where the field's value lies in the message. */
void *json_slot(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
const void *json_slot_read(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

/* The number of a repeated field's elements, or a oneof's case. */
uint32_t *json_case(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
size_t *json_count(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
size_t json_count_read(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

/* True unless the field is the unset member of a oneof. */
bool json_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

/* The bytes one value of that form takes in memory. */
size_t json_value_size(JsonForm form);

#endif
