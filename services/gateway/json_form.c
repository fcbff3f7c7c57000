#include "services/gateway/json_form.h"

#include <assert.h>
#include <string.h>

static const char *const hidden[] = { "replayed", "session_ended" };

static bool ends_with_us(const char *name)
{
    size_t size = strlen(name);

    return size > 3 && strcmp(name + size - 3, "_us") == 0;
}

JsonForm json_form(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return FORM_TEXT;
    case PROTOBUF_C_TYPE_BOOL:
        return FORM_FLAG;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return FORM_INT32;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return FORM_UINT32;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return ends_with_us(field->name) ? FORM_TIME : FORM_INT64;
    case PROTOBUF_C_TYPE_UINT64:
        return FORM_UINT64;
    case PROTOBUF_C_TYPE_FIXED64:
        return strcmp(field->name, "order_id") == 0 ? FORM_ORDER_CODE : FORM_UINT64;
    case PROTOBUF_C_TYPE_ENUM:
        return FORM_ENUM;
    case PROTOBUF_C_TYPE_MESSAGE:
        return FORM_MESSAGE;
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return FORM_NONE;
}

bool json_is_hidden(const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (strcmp(hidden[i], field->name) == 0) {
            return true;
        }
    }
    return false;
}

size_t json_name(const ProtobufCFieldDescriptor *field, char ret_name[static JSON_NAME_MAX])
{
    JsonForm form = json_form(field);
    const char *name = form == FORM_ORDER_CODE ? "order_code" : field->name;
    size_t end = strlen(name) - (form == FORM_TIME ? 3 : 0);
    size_t size = 0;

    assert(end < JSON_NAME_MAX);
    for (size_t i = 0; i < end; i++) {
        if (name[i] == '_' && i + 1 < end && name[i + 1] >= 'a' && name[i + 1] <= 'z') {
            i++;
            ret_name[size++] = (char)(name[i] - 'a' + 'A');
        } else {
            ret_name[size++] = name[i];
        }
    }
    return size;
}

const ProtobufCFieldDescriptor *json_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                const char *name, size_t size)
{
    char candidate[JSON_NAME_MAX];

    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->name[0] == (size > 0 ? name[0] : '\0') && json_name(field, candidate) == size &&
            memcmp(candidate, name, size) == 0) {
            return field;
        }
    }
    return NULL;
}

void *json_slot(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    return (char *)message + field->offset;
}

const void *json_slot_read(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (const char *)message + field->offset;
}

uint32_t *json_case(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    return (uint32_t *)(void *)((char *)message + field->quantifier_offset);
}

size_t *json_count(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    return (size_t *)(void *)((char *)message + field->quantifier_offset);
}

size_t json_count_read(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
}

bool json_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return true;
    }
    const void *at = (const char *)message + field->quantifier_offset;
    return *(const uint32_t *)at == field->id;
}

size_t json_value_size(JsonForm form)
{
    switch (form) {
    case FORM_TEXT:
    case FORM_MESSAGE:
        return sizeof(void *);
    case FORM_FLAG:
        return sizeof(protobuf_c_boolean);
    case FORM_INT32:
    case FORM_UINT32:
        return sizeof(uint32_t);
    case FORM_ENUM:
        return sizeof(int);
    case FORM_INT64:
    case FORM_UINT64:
    case FORM_TIME:
    case FORM_ORDER_CODE:
        return sizeof(uint64_t);
    case FORM_NONE:
        break;
    }
    return 0;
}
