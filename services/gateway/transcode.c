#include "services/gateway/transcode.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "services/gateway/json_form.h"

/* An object or an array being read. */
typedef struct Frame {
    const JsonNode *current; /* the child at hand; NULL before the first */
    const JsonNode *next;
    const ProtobufCFieldDescriptor *field; /* of an array: whose elements these are */
    ProtobufCMessage *message;             /* of an object */
    char *elements;                        /* of an array */
    size_t index;
    uint64_t open;
    uint64_t seen;
} Frame;

typedef struct Walk {
    Transcoder *transcoder;
    size_t depth;
    Frame frames[JSON_DEPTH_MAX];
} Walk;

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

ProtobufCMessage *transcode_new(const ProtobufCMessageDescriptor *descriptor, Arena *arena)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);

    if (message != NULL) {
        descriptor->message_init(message);
    }
    return message;
}

static Status fault(Transcoder *transcoder, const char *code, const char *detail)
{
    transcoder->fault.code = code;
    transcoder->fault.detail = detail;
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

/* ---- one value ---- */

/* -?(0|[1-9][0-9]*), but not -0, and within +-(2^53 - 1). */
static bool read_integer(const char *text, size_t size, int64_t *ret_value)
{
    bool negative = size > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t count = size - negative;
    int64_t value = 0;

    if (count == 0 || count > 16 || (digits[0] == '0' && (count > 1 || negative))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        value = value * 10 + (digits[i] - '0');
    }
    if (value > JSON_INTEGER_MAX) {
        return false;
    }
    *ret_value = negative ? -value : value;
    return true;
}

static Status set_integer(Transcoder *transcoder, JsonForm form, const char *text, size_t size,
                          void *slot)
{
    int64_t value;
    bool fits = read_integer(text, size, &value);

    if (fits && (form == FORM_UINT32 || form == FORM_UINT64)) {
        fits = value >= 0 && (form == FORM_UINT64 || value <= UINT32_MAX);
    } else if (fits && form == FORM_INT32) {
        fits = value >= INT32_MIN && value <= INT32_MAX;
    }
    if (!fits) {
        return fault(transcoder, "OUT_OF_RANGE", "must be an integer within its range");
    }
    if (form == FORM_UINT32) {
        *(uint32_t *)slot = (uint32_t)value;
    } else if (form == FORM_INT32) {
        *(int32_t *)slot = (int32_t)value;
    } else if (form == FORM_UINT64) {
        *(uint64_t *)slot = (uint64_t)value;
    } else {
        *(int64_t *)slot = value;
    }
    return status_ok();
}

static Status set_enum(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                       const char *text, void *slot)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, text);

    if (value == NULL || strcmp(text, "UNSPECIFIED") == 0) {
        return fault(transcoder, "UNKNOWN_VALUE", "is none of the known names");
    }
    *(int *)slot = value->value;
    return status_ok();
}

static Status set_text(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                       const char *text, void *slot)
{
    Transcoder *t = transcoder;
    OrderId order;

    switch (json_form(field)) {
    case FORM_TEXT:
        memcpy(slot, &text, sizeof text);
        return status_ok();
    case FORM_ENUM:
        return set_enum(t, field, text, slot);
    case FORM_TIME:
        if (!time_from_text(text, slot)) {
            return fault(t, "BAD_TIME", "must be a time like 2026-01-31T12:00:00Z");
        }
        return status_ok();
    case FORM_ORDER_CODE:
        if (status_failed(order_code_parse(t->keys, text, &order))) {
            (void)fault(t, "BAD_ORDER_CODE", "is not an order code of this shop");
            return status_make(STATUS_INVALID_ARGUMENT, "BAD_ORDER_CODE");
        }
        *(uint64_t *)slot = order.value;
        return status_ok();
    case FORM_FLAG:
    case FORM_INT32:
    case FORM_UINT32:
    case FORM_INT64:
    case FORM_UINT64:
    case FORM_MESSAGE:
    case FORM_NONE:
        break;
    }
    return fault(t, "WRONG_TYPE", "must not be a string");
}

static Status set_value(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                        const JsonNode *node, void *slot)
{
    JsonForm form = json_form(field);

    if (node->type == NODE_NULL) {
        return fault(transcoder, "NULL", "must not be null; leave it out");
    }
    if (node->type == NODE_STRING) {
        return set_text(transcoder, field, node->text, slot);
    }
    bool integer =
        form == FORM_INT32 || form == FORM_UINT32 || form == FORM_INT64 || form == FORM_UINT64;
    if (integer && node->type == NODE_NUMBER) {
        return set_integer(transcoder, form, node->text, node->size, slot);
    }
    if (form == FORM_FLAG && (node->type == NODE_TRUE || node->type == NODE_FALSE)) {
        *(protobuf_c_boolean *)slot = node->type == NODE_TRUE;
        return status_ok();
    }
    return fault(transcoder, "WRONG_TYPE", integer ? "must be an integer" : "has another type");
}

/* ---- the walk over the tree ---- */

static Status push_object(Walk *walk, const JsonNode *node, ProtobufCMessage *message,
                          uint64_t open)
{
    if (node->type != NODE_OBJECT) {
        return fault(walk->transcoder, node->type == NODE_NULL ? "NULL" : "WRONG_TYPE",
                     "must be an object");
    }
    assert(walk->depth < JSON_DEPTH_MAX);
    walk->frames[walk->depth++] = (Frame){ .next = node->child, .message = message, .open = open };
    return status_ok();
}

/* Makes the sub-message, puts it where it belongs, and goes down into it. */
static Status enter_message(Walk *walk, const ProtobufCFieldDescriptor *field, const JsonNode *node,
                            void *slot)
{
    ProtobufCMessage *message = transcode_new(field->descriptor, walk->transcoder->arena);

    if (message == NULL) {
        return out_of_memory();
    }
    memcpy(slot, &message, sizeof message);
    return push_object(walk, node, message, UINT64_MAX);
}

static Status enter_array(Walk *walk, const ProtobufCFieldDescriptor *field, const JsonNode *node,
                          ProtobufCMessage *message)
{
    if (node->type != NODE_ARRAY) {
        return fault(walk->transcoder, node->type == NODE_NULL ? "NULL" : "WRONG_TYPE",
                     "must be an array");
    }
    char *elements =
        arena_calloc(walk->transcoder->arena, node->count + 1, json_value_size(json_form(field)));
    if (elements == NULL) {
        return out_of_memory();
    }
    memcpy(json_slot(field, message), &elements, sizeof elements);
    *json_count(field, message) = node->count;
    assert(walk->depth < JSON_DEPTH_MAX);
    walk->frames[walk->depth++] =
        (Frame){ .next = node->child, .field = field, .elements = elements };
    return status_ok();
}

static Status read_element(Walk *walk, Frame *frame, const JsonNode *node)
{
    JsonForm form = json_form(frame->field);
    void *slot = frame->elements + frame->index * json_value_size(form);

    frame->index++;
    if (form == FORM_MESSAGE) {
        return enter_message(walk, frame->field, node, slot);
    }
    return set_value(walk->transcoder, frame->field, node, slot);
}

static Status read_member(Walk *walk, Frame *frame, const JsonNode *node)
{
    const ProtobufCMessageDescriptor *descriptor = frame->message->descriptor;
    const ProtobufCFieldDescriptor *field =
        json_field_find(descriptor, node->name, node->name_size);
    uint64_t bit = field == NULL ? 0 : UINT64_C(1) << (field - descriptor->fields);

    if ((frame->open & bit) == 0) {
        return fault(walk->transcoder, "UNKNOWN_FIELD", "is not a field of this request");
    }
    if ((frame->seen & bit) != 0) {
        (void)fault(walk->transcoder, "DUPLICATE_FIELD", "is there twice");
        return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
    }
    frame->seen |= bit;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return enter_array(walk, field, node, frame->message);
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        *json_case(field, frame->message) = field->id;
    }
    void *slot = json_slot(field, frame->message);
    if (json_form(field) == FORM_MESSAGE) {
        return enter_message(walk, field, node, slot);
    }
    return set_value(walk->transcoder, field, node, slot);
}

static size_t append_step(char *to, const Frame *frame)
{
    size_t size = 0;

    to[size++] = '/';
    if (frame->field != NULL) {
        return size + (size_t)snprintf(to + size, 21, "%zu", frame->index - 1);
    }
    for (size_t i = 0; i < frame->current->name_size; i++) {
        char symbol = frame->current->name[i];
        if (symbol == '~' || symbol == '/') {
            to[size++] = '~';
            symbol = symbol == '~' ? '0' : '1';
        }
        to[size++] = symbol;
    }
    return size;
}

/* RFC 6901, of the value the walk stands at: the children at hand of all frames. Those
 * that were just entered have none yet. */
static const char *pointer_of(const Walk *walk)
{
    size_t size = 1;

    for (size_t i = 0; i < walk->depth && walk->frames[i].current != NULL; i++) {
        size += 22 + 2 * walk->frames[i].current->name_size;
    }
    char *pointer = arena_alloc(walk->transcoder->arena, size);
    if (pointer == NULL) {
        return "";
    }
    size = 0;
    for (size_t i = 0; i < walk->depth && walk->frames[i].current != NULL; i++) {
        size += append_step(pointer + size, &walk->frames[i]);
    }
    pointer[size] = '\0';
    return pointer;
}

Status transcode_body(Transcoder *transcoder, const JsonNode *root, uint64_t open,
                      ProtobufCMessage *message)
{
    Walk walk = { .transcoder = transcoder };

    assert(message->descriptor->n_fields <= 64);
    Status status = push_object(&walk, root, message, open);
    while (!status_failed(status) && walk.depth > 0) {
        Frame *frame = &walk.frames[walk.depth - 1];
        const JsonNode *node = frame->next;
        if (node == NULL) {
            walk.depth--;
            continue;
        }
        frame->current = node;
        frame->next = node->next;
        status = frame->field != NULL ? read_element(&walk, frame, node)
                                      : read_member(&walk, frame, node);
    }
    if (status.code == STATUS_INVALID_ARGUMENT) {
        transcoder->fault.pointer = pointer_of(&walk);
    }
    return status;
}

Status transcode_text(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                      const char *text, const char *pointer, ProtobufCMessage *message)
{
    JsonForm form = json_form(field);
    void *slot = json_slot(field, message);
    Status status;

    if (form == FORM_INT32 || form == FORM_UINT32 || form == FORM_INT64 || form == FORM_UINT64) {
        status = set_integer(transcoder, form, text, strlen(text), slot);
    } else {
        status = set_text(transcoder, field, text, slot);
    }
    if (status.code == STATUS_INVALID_ARGUMENT) {
        transcoder->fault.pointer = pointer;
    }
    return status;
}
