/* envelope.c - the little of protobuf's wire format that a batch needs is written by
 * hand: tags, varints, and fields around parts that are packed already. */
#include "common/rpc/envelope.h"

#include <assert.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_server.h"

/* field number << 3 | wire type; every field used here has a tag of one byte */
enum {
    TAG_BATCH_CALLER = 1 << 3 | 2,
    TAG_BATCH_SENT_AT = 2 << 3 | 0,
    TAG_BATCH_CALL = 3 << 3 | 2,
    TAG_BATCH_MAC = 15 << 3 | 2,
    TAG_CALL_NUMBER = 1 << 3 | 0,
    TAG_CALL_TIMEOUT = 3 << 3 | 0,
    TAG_CALL_PAYLOAD = 9 << 3 | 2,
    TAG_BATCH_REPLY = 1 << 3 | 2,
    TAG_REPLY_NUMBER = 1 << 3 | 0,
    TAG_REPLY_STATUS = 2 << 3 | 0,
    TAG_REPLY_CODE = 3 << 3 | 2,
    TAG_REPLY_PAYLOAD = 5 << 3 | 2,
    VARINT32_MAX = 5, /* bytes */
};

static size_t varint_size(uint64_t value)
{
    size_t size = 1;

    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_number(uint8_t *at, uint8_t tag, uint64_t value)
{
    *at++ = tag;
    return put_varint(at, value);
}

static uint8_t *put_bytes(uint8_t *at, uint8_t tag, const void *bytes, size_t size)
{
    at = put_number(at, tag, size);
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

/* Packs head, then message as the field `tag`, in one piece. */
static bool pack_part(const ProtobufCMessage *head, uint8_t tag, const ProtobufCMessage *message,
                      Arena *arena, EnvelopePart *ret_part)
{
    size_t head_size = protobuf_c_message_get_packed_size(head);
    size_t body_size = message == NULL ? 0 : protobuf_c_message_get_packed_size(message);
    size_t size = head_size + (body_size == 0 ? 0 : 1 + varint_size(body_size) + body_size);
    uint8_t *bytes = arena_alloc(arena, size);

    if (bytes == NULL) {
        return false;
    }
    protobuf_c_message_pack(head, bytes);
    if (body_size > 0) {
        protobuf_c_message_pack(message, put_number(bytes + head_size, tag, body_size));
    }
    *ret_part = (EnvelopePart){ .bytes = bytes, .size = size };
    return true;
}

bool envelope_pack_call(const Jumun__Rpc__V1__RpcCall *head, const ProtobufCMessage *message,
                        Arena *arena, EnvelopePart *ret_part)
{
    assert(head->number == 0 && head->timeout_ms == 0 && head->payload.len == 0);
    return pack_part(&head->base, TAG_CALL_PAYLOAD, message, arena, ret_part);
}

/* A call's bytes in the batch, without its tag and length. */
static size_t call_body_size(const EnvelopePart *part)
{
    return 1 + varint_size(part->number) + 1 + varint_size(part->timeout_ms) + part->size;
}

size_t envelope_call_size(const EnvelopePart *part)
{
    return 1 + VARINT32_MAX + 2 * (1 + VARINT32_MAX) + part->size;
}

static size_t unsigned_size(const CallerKeys *caller, int64_t sent_at_us, const EnvelopePart *parts,
                            size_t count)
{
    size_t size = 1 + 1 + strlen(caller->name) + 1 + varint_size((uint64_t)sent_at_us);

    for (size_t i = 0; i < count; i++) {
        size_t body_size = call_body_size(&parts[i]);
        size += 1 + varint_size(body_size) + body_size;
    }
    return size;
}

size_t envelope_batch_size(const CallerKeys *caller, int64_t sent_at_us, const EnvelopePart *parts,
                           size_t count)
{
    return unsigned_size(caller, sent_at_us, parts, count) + ENVELOPE_MAC_FIELD_SIZE;
}

void envelope_seal(const CallerKeys *caller, int64_t sent_at_us, const EnvelopePart *parts,
                   size_t count, uint8_t *ret_bytes)
{
    uint8_t *at = ret_bytes;

    at = put_bytes(at, TAG_BATCH_CALLER, caller->name, strlen(caller->name));
    at = put_number(at, TAG_BATCH_SENT_AT, (uint64_t)sent_at_us);
    for (size_t i = 0; i < count; i++) {
        at = put_number(at, TAG_BATCH_CALL, call_body_size(&parts[i]));
        at = put_number(at, TAG_CALL_NUMBER, parts[i].number);
        at = put_number(at, TAG_CALL_TIMEOUT, parts[i].timeout_ms);
        memcpy(at, parts[i].bytes, parts[i].size);
        at += parts[i].size;
    }
    uint8_t mac[MAC_SIZE];
    mac_make(caller->keys[0], ret_bytes, (size_t)(at - ret_bytes), mac);
    put_bytes(at, TAG_BATCH_MAC, mac, sizeof mac);
}

Status envelope_verify(const CallerKeyring *keyring, const void *bytes, size_t size,
                       const CallerKeys **ret_caller)
{
    const Status refused = { STATUS_UNAUTHENTICATED, "BAD_MAC" };
    const uint8_t *at = bytes;

    if (size < 2 + ENVELOPE_MAC_FIELD_SIZE) {
        return refused;
    }
    size -= ENVELOPE_MAC_FIELD_SIZE;
    const uint8_t *mac = at + size;
    if (mac[0] != TAG_BATCH_MAC || mac[1] != MAC_SIZE || at[0] != TAG_BATCH_CALLER ||
        at[1] >= CALLER_NAME_MAX || (size_t)at[1] > size - 2) {
        return refused;
    }
    const CallerKeys *caller = caller_keyring_find(keyring, (const char *)at + 2, at[1]);
    if (caller == NULL) {
        return refused;
    }
    for (size_t i = 0; i < caller->key_count; i++) {
        if (mac_verify(caller->keys[i], at, size, mac + 2)) {
            *ret_caller = caller;
            return status_ok();
        }
    }
    return refused;
}

static bool is_of_one_method(const Jumun__Rpc__V1__RpcRequestBatch *batch)
{
    for (size_t i = 1; i < batch->n_calls; i++) {
        if (strcmp(batch->calls[i]->method, batch->calls[0]->method) != 0) {
            return false;
        }
    }
    return true;
}

Status envelope_open(const void *bytes, size_t size, int64_t wall_us, Arena *arena,
                     Jumun__Rpc__V1__RpcRequestBatch **ret_batch)
{
    const int64_t skew_us = RPC_CLOCK_SKEW_S_MAX * US_PER_S;
    const Status malformed = { STATUS_INVALID_ARGUMENT, "MALFORMED_BATCH" };

    assert(size >= ENVELOPE_MAC_FIELD_SIZE);
    Jumun__Rpc__V1__RpcRequestBatch *batch = (Jumun__Rpc__V1__RpcRequestBatch *)proto_unpack(
        &jumun__rpc__v1__rpc_request_batch__descriptor, bytes, size - ENVELOPE_MAC_FIELD_SIZE,
        arena);
    if (batch == NULL) {
        return malformed;
    }
    /* no subtraction of hostile numbers: it could overflow */
    if (batch->sent_at_us < wall_us - skew_us || batch->sent_at_us > wall_us + skew_us) {
        return status_make(STATUS_UNAUTHENTICATED, "STALE_BATCH");
    }
    if (batch->n_calls == 0 || batch->n_calls > RPC_BATCH_MAX ||
        (batch->n_calls > 1 && size > RPC_BATCH_SIZE_MAX) || !is_of_one_method(batch)) {
        return malformed;
    }
    *ret_batch = batch;
    return status_ok();
}

bool envelope_pack_reply(const Jumun__Rpc__V1__RpcReply *head, const ProtobufCMessage *message,
                         Arena *arena, EnvelopePart *ret_part)
{
    assert(head->payload.len == 0);
    return pack_part(&head->base, TAG_REPLY_PAYLOAD, message, arena, ret_part);
}

void envelope_pack_failure(uint32_t number, Status status, uint8_t bytes[ENVELOPE_SMALL_SIZE],
                           EnvelopePart *ret_part)
{
    size_t name_size = strlen(status.name);
    uint8_t *at = bytes;

    at = put_number(at, TAG_REPLY_NUMBER, number);
    at = put_number(at, TAG_REPLY_STATUS, (uint64_t)status.code);
    if (name_size + 2 <= (size_t)(bytes + ENVELOPE_SMALL_SIZE - at)) {
        at = put_bytes(at, TAG_REPLY_CODE, status.name, name_size);
    }
    *ret_part = (EnvelopePart){ .bytes = bytes, .size = (size_t)(at - bytes) };
}

size_t envelope_reply_size(const EnvelopePart *part)
{
    return 1 + varint_size(part->size) + part->size;
}

void envelope_pack_replies(const EnvelopePart *parts, size_t count, uint8_t *ret_bytes)
{
    uint8_t *at = ret_bytes;

    for (size_t i = 0; i < count; i++) {
        at = put_bytes(at, TAG_BATCH_REPLY, parts[i].bytes, parts[i].size);
    }
}
