/* From an HTTP request to the message of its RPC. */
#include <string.h>

#include "services/gateway/forward.h"
#include "services/gateway/json_form.h"
#include "services/gateway/query.h"
#include "services/gateway/request_head.h"

enum {
    LIST_LIMIT = 20,
    LIST_LIMIT_MAX = 100,
};

static Status invalid(const char *name)
{
    return status_make(STATUS_INVALID_ARGUMENT, name);
}

static Status fault(Forward *forward, const char *pointer, const char *code, const char *detail)
{
    forward->fault = (FieldFault){ pointer, code, detail };
    return invalid("VALIDATION");
}

static bool has_body_method(const Route *route)
{
    return route->method == HTTP_POST || route->method == HTTP_PUT || route->method == HTTP_PATCH;
}

/* ---- head ---- */

static Status read_key(Forward *forward)
{
    const char *error = head_key(forward->http, &forward->key);

    if (error != NULL) {
        return fault(forward, "Idempotency-Key", "BAD_HEADER", "1 to 64 visible ASCII symbols");
    }
    if (*forward->key == '\0' && (forward->route->flags & ROUTE_NEEDS_KEY) != 0) {
        return invalid("IDEMPOTENCY_KEY_MISSING");
    }
    if (!has_body_method(forward->route) && forward->route->method != HTTP_DELETE) {
        forward->key = ""; /* nothing changes: nothing to repeat */
    }
    if (*forward->key != '\0') {
        body_hash(forward->http->body, forward->http->body_size, forward->body_hash);
    }
    return status_ok();
}

static Status read_if_match(Forward *forward)
{
    unsigned flags = forward->route->flags;

    if ((flags & ROUTE_IF_MATCH) == 0) {
        return status_ok();
    }
    const char *error =
        head_if_match(forward->http, &forward->if_match, &forward->if_match_version);
    if (error != NULL && strcmp(error, "VALIDATION") == 0) {
        return fault(forward, "If-Match", "BAD_HEADER", "one ETag with its quotes, like \"3\"");
    }
    if (error != NULL) {
        return invalid(error);
    }
    if (!forward->if_match && (flags & ROUTE_NEEDS_IF_MATCH) != 0) {
        return invalid("IF_MATCH_MISSING");
    }
    return status_ok();
}

Status forward_read_head(Forward *forward)
{
    HttpRequest *http = forward->http;
    int64_t timeout_ms;
    bool has_body =
        has_body_method(forward->route) && (forward->plan->open != 0 || http->body_size > 0);

    if (!head_accepts_json(http)) {
        return invalid("NOT_ACCEPTABLE");
    }
    const char *error = has_body ? head_content(http) : NULL;
    if (error != NULL) {
        return invalid(error);
    }
    if (head_timeout(http, &timeout_ms) != NULL) {
        return fault(forward, "Request-Timeout-Ms", "BAD_HEADER", "a whole number from 1");
    }
    forward->deadline_us = http->arrived_us + timeout_ms * US_PER_MS;
    if ((forward->route->flags & ROUTE_PREFER_WAIT) != 0) {
        head_wait(http, &forward->wait_s);
    }
    Status status = read_key(forward);
    return status_failed(status) ? status : read_if_match(forward);
}

/* ---- message ---- */

static Status set_params(Forward *forward, Transcoder *transcoder, ProtobufCMessage *message)
{
    for (size_t i = 0; i < forward->match.param_count; i++) {
        const RouteParam *param = &forward->match.params[i];
        const ProtobufCFieldDescriptor *field =
            json_field_find(message->descriptor, param->name, param->name_size);
        char *pointer = arena_alloc(transcoder->arena, param->name_size + 3);
        if (field == NULL || pointer == NULL) {
            return status_make(STATUS_INTERNAL, "INTERNAL");
        }
        pointer[0] = '{';
        memcpy(pointer + 1, param->name, param->name_size + 1);
        pointer[param->name_size + 2] = '\0';
        Status status = transcode_text(transcoder, field, param->value, pointer, message);
        if (status_failed(status)) {
            return status;
        }
    }
    return status_ok();
}

static void *slot_of(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

    return field == NULL ? NULL : json_slot(field, message);
}

/* What only the gateway may say. */
static void set_bound(Forward *forward, ProtobufCMessage *message)
{
    unsigned flags = forward->route->flags;

    if ((flags & ROUTE_BINDS_SESSION) != 0) {
        ProtobufCBinaryData *session = slot_of(message, "session");
        int64_t *created = slot_of(message, "session_created_at_us");
        session->data = forward->auth.lookup.hash;
        session->len = TOKEN_HASH_SIZE;
        if (created != NULL) {
            *created = forward->auth.lookup.session.created_at_us;
        }
    }
    if ((flags & ROUTE_BINDS_MEMBER) != 0) {
        *(uint64_t *)slot_of(message, "member_id") = forward->auth.member.value;
    }
    if (forward->if_match) {
        *(uint32_t *)slot_of(message, "expected_version") = forward->if_match_version;
    }
}

/* ?wait=S&ifVersion=N: not fields of the RPC. False if the parameter is another. */
static bool is_wait_param(Forward *forward, const QueryParam *param, Status *ret_status)
{
    bool wait = strcmp(param->name, "wait") == 0;

    if ((forward->route->flags & ROUTE_QUERY_WAIT) == 0 ||
        (!wait && strcmp(param->name, "ifVersion") != 0)) {
        return false;
    }
    uint64_t number = 0;
    size_t size = strspn(param->value, "0123456789");
    for (size_t i = 0; i < size && number <= UINT32_MAX; i++) {
        number = number * 10 + (uint64_t)(param->value[i] - '0');
    }
    if (size == 0 || param->value[size] != '\0' || number > UINT32_MAX) {
        *ret_status =
            fault(forward, wait ? "?wait" : "?ifVersion", "OUT_OF_RANGE", "must be a whole number");
    } else if (wait) {
        forward->wait_s = number < REQUEST_WAIT_S_MAX ? (unsigned)number : REQUEST_WAIT_S_MAX;
    } else {
        forward->has_if_version = true;
        forward->if_version = (uint32_t)number;
    }
    return true;
}

/* To a service, 0 is no bound at all; nothing is from that first microsecond. */
static void bound_by_time(int64_t *time_us)
{
    *time_us = *time_us == 0 ? 1 : *time_us;
}

static Status set_query_param(Forward *forward, Transcoder *transcoder, const QueryParam *param,
                              ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const ProtobufCFieldDescriptor *field =
        json_field_find(descriptor, param->name, strlen(param->name));
    size_t size = strlen(param->name);
    char *pointer = arena_alloc(transcoder->arena, size + 2);

    if (pointer == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    pointer[0] = '?';
    memcpy(pointer + 1, param->name, size + 1);
    if (field == NULL || (forward->plan->open & UINT64_C(1) << (field - descriptor->fields)) == 0) {
        return fault(forward, pointer, "UNKNOWN_FIELD", "is not a parameter of this resource");
    }
    Status status = transcode_text(transcoder, field, param->value, pointer, message);
    if (!status_failed(status) && json_form(field) == FORM_TIME) {
        bound_by_time(json_slot(field, message));
    }
    if (status_failed(status) || strcmp(field->name, "limit") != 0) {
        return status;
    }
    uint32_t limit = *(uint32_t *)json_slot(field, message);
    if (limit < 1 || limit > LIST_LIMIT_MAX) {
        return fault(forward, pointer, "OUT_OF_RANGE", "must be from 1 to 100");
    }
    return status_ok();
}

static Status set_query(Forward *forward, Transcoder *transcoder, ProtobufCMessage *message)
{
    Query query;
    uint32_t *limit = slot_of(message, "limit");

    if (limit != NULL && forward->route->method == HTTP_GET) {
        *limit = LIST_LIMIT;
    }
    Status status = query_parse(forward->http->query, transcoder->arena, &query);
    if (status.code == STATUS_INVALID_ARGUMENT) {
        return fault(forward, "?", "BAD_QUERY", "the query is malformed");
    }
    if (!status_failed(status) && query.count > 0 && forward->route->method != HTTP_GET) {
        return fault(forward, "?", "UNKNOWN_FIELD", "this resource takes no query");
    }
    for (size_t i = 0; !status_failed(status) && i < query.count; i++) {
        if (!is_wait_param(forward, &query.params[i], &status)) {
            status = set_query_param(forward, transcoder, &query.params[i], message);
        }
    }
    return status;
}

static Status set_body(Forward *forward, Transcoder *transcoder, ProtobufCMessage *message)
{
    HttpRequest *http = forward->http;

    if (!has_body_method(forward->route) || (forward->plan->open == 0 && http->body_size == 0)) {
        return status_ok();
    }
    return transcode_body(transcoder, http->body, http->body_size, forward->plan->open, message);
}

Status forward_make_message(Forward *forward, const ProtobufCMessage **ret_message)
{
    Transcoder transcoder = { .keys = &forward->gateway->order_code_keys,
                              .arena = forward->http->arena };
    ProtobufCMessage *message = transcode_new(forward->plan->method->input, transcoder.arena);

    if (message == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = set_params(forward, &transcoder, message);
    if (!status_failed(status)) {
        status = set_query(forward, &transcoder, message);
    }
    if (!status_failed(status)) {
        status = set_body(forward, &transcoder, message);
    }
    if (status_failed(status)) {
        if (transcoder.fault.code != NULL) {
            forward->fault = transcoder.fault;
        }
        return status;
    }
    set_bound(forward, message);
    if (message->descriptor == &jumun__order__v1__place_order_request__descriptor) {
        forward->has_token =
            ((const Jumun__Order__V1__PlaceOrderRequest *)(const void *)message)->payment != NULL;
    }
    *ret_message = message;
    return status_ok();
}
