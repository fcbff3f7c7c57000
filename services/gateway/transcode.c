#include "services/gateway/transcode.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "services/gateway/json_form.h"
#include "services/gateway/json_read.h"

/* An object or an array being read. */
typedef struct Frame {
    json_t *node;
    const ProtobufCFieldDescriptor *field; /* of an array: whose elements these are */
    ProtobufCMessage *message;             /* of an object */
    char *elements;                        /* of an array */
    void *member;                          /* of an object: the one at hand, or NULL */
    void *next;                            /* of an object: the member after it */
    size_t index;                          /* of an array: behind the element at hand */
    uint64_t open;
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

static Status bad_json(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "BAD_JSON");
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

static bool is_integer(JsonForm form)
{
    return form == FORM_INT32 || form == FORM_UINT32 || form == FORM_INT64 || form == FORM_UINT64;
}

static Status not_in_range(Transcoder *transcoder)
{
    return fault(transcoder, "OUT_OF_RANGE", "must be an integer within its range");
}

static Status set_integer(Transcoder *transcoder, JsonForm form, int64_t value, void *slot)
{
    int64_t max = form == FORM_UINT32  ? UINT32_MAX
                  : form == FORM_INT32 ? INT32_MAX
                                       : JSON_INTEGER_MAX;
    int64_t min = form == FORM_INT32 ? INT32_MIN : form == FORM_INT64 ? -JSON_INTEGER_MAX : 0;

    if (value < min || value > max) {
        return not_in_range(transcoder);
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

static Status set_string(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                         const json_t *node, void *slot)
{
    size_t size = json_string_length(node);

    if (size > JSON_STRING_SIZE_MAX) {
        return bad_json();
    }
    const char *text = arena_copy(transcoder->arena, json_string_value(node), size);
    return text == NULL ? out_of_memory() : set_text(transcoder, field, text, slot);
}

static Status set_value(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                        const json_t *node, void *slot)
{
    JsonForm form = json_form(field);

    if (json_is_null(node)) {
        return fault(transcoder, "NULL", "must not be null; leave it out");
    }
    if (json_is_string(node)) {
        return set_string(transcoder, field, node, slot);
    }
    if (is_integer(form) && json_is_integer(node)) {
        return set_integer(transcoder, form, json_integer_value(node), slot);
    }
    if (is_integer(form) && json_is_real(node)) {
        return not_in_range(transcoder);
    }
    if (form == FORM_FLAG && json_is_boolean(node)) {
        *(protobuf_c_boolean *)slot = json_is_true(node);
        return status_ok();
    }
    return fault(transcoder, "WRONG_TYPE",
                 is_integer(form) ? "must be an integer" : "has another type");
}

/* ---- the walk over the tree ---- */

static Status push_object(Walk *walk, json_t *node, ProtobufCMessage *message, uint64_t open)
{
    if (!json_is_object(node)) {
        return fault(walk->transcoder, json_is_null(node) ? "NULL" : "WRONG_TYPE",
                     "must be an object");
    }
    assert(walk->depth < JSON_DEPTH_MAX);
    walk->frames[walk->depth++] =
        (Frame){ .node = node, .next = json_object_iter(node), .message = message, .open = open };
    return status_ok();
}

/* Makes the sub-message, puts it where it belongs, and goes down into it. */
static Status enter_message(Walk *walk, const ProtobufCFieldDescriptor *field, json_t *node,
                            void *slot)
{
    ProtobufCMessage *message = transcode_new(field->descriptor, walk->transcoder->arena);

    if (message == NULL) {
        return out_of_memory();
    }
    memcpy(slot, &message, sizeof message);
    return push_object(walk, node, message, UINT64_MAX);
}

static Status enter_array(Walk *walk, const ProtobufCFieldDescriptor *field, json_t *node,
                          ProtobufCMessage *message)
{
    size_t count = json_array_size(node);

    if (!json_is_array(node)) {
        return fault(walk->transcoder, json_is_null(node) ? "NULL" : "WRONG_TYPE",
                     "must be an array");
    }
    char *elements =
        arena_calloc(walk->transcoder->arena, count + 1, json_value_size(json_form(field)));
    if (elements == NULL) {
        return out_of_memory();
    }
    memcpy(json_slot(field, message), &elements, sizeof elements);
    *json_count(field, message) = count;
    assert(walk->depth < JSON_DEPTH_MAX);
    walk->frames[walk->depth++] = (Frame){ .node = node, .field = field, .elements = elements };
    return status_ok();
}

/* The next element, or the end of the array. */
static Status step_array(Walk *walk, Frame *frame)
{
    JsonForm form = json_form(frame->field);
    char *slot = frame->elements + frame->index * json_value_size(form);

    if (frame->index == json_array_size(frame->node)) {
        walk->depth--;
        return status_ok();
    }
    json_t *node = json_array_get(frame->node, frame->index++);
    if (form == FORM_MESSAGE) {
        return enter_message(walk, frame->field, node, slot);
    }
    return set_value(walk->transcoder, frame->field, node, slot);
}

static Status read_member(Walk *walk, const Frame *frame)
{
    const ProtobufCMessageDescriptor *descriptor = frame->message->descriptor;
    size_t size = json_object_iter_key_len(frame->member);
    json_t *node = json_object_iter_value(frame->member);

    if (size > JSON_STRING_SIZE_MAX) {
        return bad_json();
    }
    const ProtobufCFieldDescriptor *field =
        json_field_find(descriptor, json_object_iter_key(frame->member), size);
    if (field == NULL || (frame->open & UINT64_C(1) << (field - descriptor->fields)) == 0) {
        return fault(walk->transcoder, "UNKNOWN_FIELD", "is not a field of this request");
    }
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

/* The next member, or the end of the object. */
static Status step_object(Walk *walk, Frame *frame)
{
    if (frame->next == NULL) {
        walk->depth--;
        return status_ok();
    }
    frame->member = frame->next;
    frame->next = json_object_iter_next(frame->node, frame->member);
    return read_member(walk, frame);
}

static bool is_begun(const Frame *frame)
{
    return frame->member != NULL || frame->index > 0;
}

static size_t append_step(char *to, const Frame *frame)
{
    size_t size = 0;

    to[size++] = '/';
    if (frame->field != NULL) {
        return size + (size_t)snprintf(to + size, 21, "%zu", frame->index - 1);
    }
    for (const char *name = json_object_iter_key(frame->member); *name != '\0'; name++) {
        if (*name == '~' || *name == '/') {
            to[size++] = '~';
            to[size++] = *name == '~' ? '0' : '1';
        } else {
            to[size++] = *name;
        }
    }
    return size;
}

/* RFC 6901, of the value the walk stands at: the children at hand of all frames. Those
 * that were just entered have none yet. */
static const char *pointer_of(const Walk *walk)
{
    size_t size = 1;

    for (size_t i = 0; i < walk->depth && is_begun(&walk->frames[i]); i++) {
        const Frame *frame = &walk->frames[i];
        size += 22 + (frame->member == NULL ? 0 : 2 * json_object_iter_key_len(frame->member));
    }
    char *pointer = arena_alloc(walk->transcoder->arena, size);
    if (pointer == NULL) {
        return "";
    }
    size = 0;
    for (size_t i = 0; i < walk->depth && is_begun(&walk->frames[i]); i++) {
        size += append_step(pointer + size, &walk->frames[i]);
    }
    pointer[size] = '\0';
    return pointer;
}

static Status walk_tree(Transcoder *transcoder, json_t *root, uint64_t open,
                        ProtobufCMessage *message)
{
    Walk walk = { .transcoder = transcoder };

    Status status = push_object(&walk, root, message, open);
    while (!status_failed(status) && walk.depth > 0) {
        Frame *frame = &walk.frames[walk.depth - 1];
        status = frame->field != NULL ? step_array(&walk, frame) : step_object(&walk, frame);
    }
    if (transcoder->fault.code != NULL) {
        transcoder->fault.pointer = pointer_of(&walk);
    }
    return status;
}

/* There is no tree to point into: the whole body is at fault. */
static void note_bad_json(Transcoder *transcoder, const char *wrong)
{
    transcoder->fault = (FieldFault){
        .pointer = "",
        .code = "BAD_JSON",
        .detail = arena_copy(transcoder->arena, wrong, strlen(wrong)),
    };
}

Status transcode_body(Transcoder *transcoder, const char *text, size_t size, uint64_t open,
                      ProtobufCMessage *message)
{
    char wrong[JSON_WRONG_SIZE];
    json_t *root;

    assert(message->descriptor->n_fields <= 64);
    Status status = json_read(text, size, wrong, &root);
    if (status.code == STATUS_INVALID_ARGUMENT) {
        note_bad_json(transcoder, wrong);
    }
    if (!status_failed(status)) {
        status = walk_tree(transcoder, root, open, message);
        json_decref(root);
    }
    return status;
}

/* -?(0|[1-9][0-9]*), but not -0, of at most 16 digits. */
static bool read_integer(const char *text, int64_t *ret_value)
{
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    size_t count = strspn(digits, "0123456789");
    int64_t value = 0;

    if (count == 0 || count > 16 || digits[count] != '\0' ||
        (digits[0] == '0' && (count > 1 || negative))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    *ret_value = negative ? -value : value;
    return true;
}

Status transcode_text(Transcoder *transcoder, const ProtobufCFieldDescriptor *field,
                      const char *text, const char *pointer, ProtobufCMessage *message)
{
    JsonForm form = json_form(field);
    void *slot = json_slot(field, message);
    int64_t value;
    Status status;

    if (!is_integer(form)) {
        status = set_text(transcoder, field, text, slot);
    } else if (read_integer(text, &value)) {
        status = set_integer(transcoder, form, value, slot);
    } else {
        status = not_in_range(transcoder);
    }
    if (status.code == STATUS_INVALID_ARGUMENT) {
        transcoder->fault.pointer = pointer;
    }
    return status;
}
