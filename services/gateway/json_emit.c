#include "services/gateway/json_emit.h"

#include <assert.h>
#include <string.h>

#include "common/base/text.h"
#include "services/gateway/json_form.h"

enum {
    EMIT_DEPTH_MAX = 8 /* of our messages, not of hostile input */
};

/* A message being written. */
typedef struct Frame {
    const ProtobufCMessage *message;
    unsigned field; /* the one at hand */
    unsigned end;   /* beyond the last */
    size_t element; /* of a repeated field: the next one */
    bool bare;      /* only a field's value, no object around it */
    bool begun;     /* something stands before: a comma is due */
    bool in_array;
} Frame;

typedef struct Emit {
    const OrderCodeKeys *keys;
    JsonText *text;
    size_t depth;
    Frame frames[EMIT_DEPTH_MAX];
} Emit;

static bool put_integer(JsonText *text, int64_t number)
{
    json_text_number(text, number);
    return number >= -JSON_INTEGER_MAX && number <= JSON_INTEGER_MAX;
}

static bool put_unsigned(JsonText *text, uint64_t number)
{
    return number <= (uint64_t)JSON_INTEGER_MAX && put_integer(text, (int64_t)number);
}

static bool put_enum(JsonText *text, const ProtobufCFieldDescriptor *field, int number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);

    return value != NULL && json_text_string(text, value->name);
}

static void put_time(JsonText *text, int64_t at_us)
{
    char words[TIME_TEXT_SIZE];

    if (at_us == 0) {
        json_text_puts(text, "null");
        return;
    }
    time_to_text(at_us, words);
    json_text_put(text, "\"", 1);
    json_text_puts(text, words);
    json_text_put(text, "\"", 1);
}

static void put_order_code(Emit *emit, uint64_t order)
{
    char code[ORDER_CODE_SIZE];

    order_code_format(emit->keys, (OrderId){ order }, code);
    json_text_put(emit->text, "\"", 1);
    json_text_put(emit->text, code, ORDER_CODE_SIZE - 1);
    json_text_put(emit->text, "\"", 1);
}

static bool put_text(JsonText *text, const ProtobufCFieldDescriptor *field, const char *words)
{
    if (words == NULL || (*words == '\0' && strcmp(field->name, "next_cursor") == 0)) {
        json_text_puts(text, words == NULL ? "\"\"" : "null");
        return true;
    }
    return json_text_string(text, words);
}

static const void *load_pointer(const void *slot)
{
    const void *pointer;

    memcpy(&pointer, slot, sizeof pointer);
    return pointer;
}

/* One value that is not a message. */
static bool put_value(Emit *emit, const ProtobufCFieldDescriptor *field, const void *slot)
{
    switch (json_form(field)) {
    case FORM_TEXT:
        return put_text(emit->text, field, load_pointer(slot));
    case FORM_FLAG:
        json_text_puts(emit->text, *(const protobuf_c_boolean *)slot ? "true" : "false");
        return true;
    case FORM_INT32:
        return put_integer(emit->text, *(const int32_t *)slot);
    case FORM_UINT32:
        return put_integer(emit->text, *(const uint32_t *)slot);
    case FORM_INT64:
        return put_integer(emit->text, *(const int64_t *)slot);
    case FORM_UINT64:
        return put_unsigned(emit->text, *(const uint64_t *)slot);
    case FORM_ENUM:
        return put_enum(emit->text, field, *(const int *)slot);
    case FORM_TIME:
        put_time(emit->text, *(const int64_t *)slot);
        return true;
    case FORM_ORDER_CODE:
        put_order_code(emit, *(const uint64_t *)slot);
        return true;
    case FORM_MESSAGE:
    case FORM_NONE:
        break;
    }
    return false;
}

/* A value, or a new frame for a message, which is then written next. */
static bool put_or_enter(Emit *emit, const ProtobufCFieldDescriptor *field, const void *slot)
{
    if (json_form(field) != FORM_MESSAGE) {
        return put_value(emit, field, slot);
    }
    const ProtobufCMessage *message = load_pointer(slot);
    if (message == NULL) {
        json_text_puts(emit->text, "null");
        return true;
    }
    assert(emit->depth < EMIT_DEPTH_MAX);
    emit->frames[emit->depth++] =
        (Frame){ .message = message, .end = message->descriptor->n_fields };
    json_text_put(emit->text, "{", 1);
    return true;
}

static void put_name(Emit *emit, Frame *frame, const ProtobufCFieldDescriptor *field)
{
    char name[JSON_NAME_MAX + 5];
    size_t size = 0;

    if (frame->bare) {
        return;
    }
    if (frame->begun) {
        name[size++] = ',';
    }
    frame->begun = true;
    name[size++] = '"';
    size += json_name(field, name + size);
    name[size++] = '"';
    name[size++] = ':';
    json_text_put(emit->text, name, size);
}

/* The next element of the field at hand, or its end. */
static bool step_array(Emit *emit, Frame *frame, const ProtobufCFieldDescriptor *field)
{
    size_t count = json_count_read(field, frame->message);
    size_t size = json_value_size(json_form(field));
    const char *elements = load_pointer(json_slot_read(field, frame->message));

    if (!frame->in_array) {
        put_name(emit, frame, field);
        json_text_put(emit->text, "[", 1);
        frame->in_array = true;
        frame->element = 0;
    }
    if (frame->element == count) {
        json_text_put(emit->text, "]", 1);
        frame->in_array = false;
        frame->field++;
        return true;
    }
    if (frame->element > 0) {
        json_text_put(emit->text, ",", 1);
    }
    return put_or_enter(emit, field, elements + size * frame->element++);
}

static bool step(Emit *emit, Frame *frame)
{
    const ProtobufCFieldDescriptor *field = &frame->message->descriptor->fields[frame->field];

    if (json_is_hidden(field)) {
        frame->field++;
        return true;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return step_array(emit, frame, field);
    }
    frame->field++;
    put_name(emit, frame, field);
    if (!json_is_set(field, frame->message)) {
        json_text_puts(emit->text, "null");
        return true;
    }
    return put_or_enter(emit, field, json_slot_read(field, frame->message));
}

static void begin(Emit *emit, const ProtobufCMessage *message, const char *only)
{
    Frame *frame = &emit->frames[emit->depth++];

    *frame = (Frame){ .message = message, .end = message->descriptor->n_fields };
    if (only == NULL) {
        json_text_put(emit->text, "{", 1);
        return;
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, only);
    assert(field != NULL);
    frame->field = (unsigned)(field - message->descriptor->fields);
    frame->end = frame->field + 1;
    frame->bare = true;
}

Status json_emit(const ProtobufCMessage *message, const char *only, const OrderCodeKeys *keys,
                 JsonText *text)
{
    Emit emit = { .keys = keys, .text = text };

    begin(&emit, message, only);
    while (emit.depth > 0) {
        Frame *frame = &emit.frames[emit.depth - 1];
        if (frame->field == frame->end) {
            if (!frame->bare) {
                json_text_put(text, "}", 1);
            }
            emit.depth--;
        } else if (!step(&emit, frame)) {
            return status_make(STATUS_INTERNAL, "INTERNAL");
        }
    }
    return text->full ? status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED") : status_ok();
}
