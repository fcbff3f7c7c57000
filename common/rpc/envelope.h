/* envelope.h - the form of a message between two programs: a batch of calls with the
 * caller's name and MAC, or a batch of replies.
 *
 * Calls and replies are packed one by one, early, each into its own arena; a batch is
 * then a copy of its parts. A part's number and timeout are written when the batch is
 * put together, because only then are they known.
 *
 * A request begins with its caller and ends with the MAC over all bytes before the MAC
 * field, so that it is verified before anything is parsed. A reply with number 0, which
 * no call has, is the verdict on the whole batch: refused, nothing of it was started.
 * Pure; everything that is read is hostile. */
#ifndef JUMUN_COMMON_RPC_ENVELOPE_H
#define JUMUN_COMMON_RPC_ENVELOPE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/crypto/mac.h"
#include "jumun/rpc/v1/rpc.pb-c.h"

enum {
    ENVELOPE_MAC_FIELD_SIZE = 2 + MAC_SIZE, /* tag and length are a byte each */
    ENVELOPE_TRANSPORT_MAX = 64,            /* what nng may put in front of a message */
    ENVELOPE_SMALL_SIZE = 64,               /* holds a failure without details */
};

/* A call or a reply, packed. */
typedef struct EnvelopePart {
    const void *bytes;
    size_t size;
    uint32_t number;     /* calls only; a reply's number is in its bytes */
    uint32_t timeout_ms; /* calls only */
} EnvelopePart;

/* Packs a call: all of `head` but number, timeout and payload, and `message` as its
 * payload. False if the arena is full. */
bool envelope_pack_call(const Jumun__Rpc__V1__RpcCall *head, const ProtobufCMessage *message,
                        Arena *arena, EnvelopePart *ret_part);

/* What the part adds to a batch at most. */
size_t envelope_call_size(const EnvelopePart *part);

/* The exact size of the batch that envelope_seal writes. */
size_t envelope_batch_size(const CallerKeys *caller, int64_t sent_at_us, const EnvelopePart *parts,
                           size_t count);

/* Writes the batch, signed with the caller's first key. */
void envelope_seal(const CallerKeys *caller, int64_t sent_at_us, const EnvelopePart *parts,
                   size_t count, uint8_t *ret_bytes);

/* Who sent the batch. UNAUTHENTICATED (BAD_MAC) unless a known caller's key, the old or
 * the new one, signed exactly these bytes. Parses nothing but the caller's name. */
Status envelope_verify(const CallerKeyring *keyring, const void *bytes, size_t size,
                       const CallerKeys **ret_caller);

/* Unpacks a verified batch into the arena. UNAUTHENTICATED (STALE_BATCH) if it was sent
 * more than RPC_CLOCK_SKEW_S_MAX before or after wall_us; INVALID_ARGUMENT
 * (MALFORMED_BATCH) unless it holds 1..RPC_BATCH_MAX calls of one method, and if it is
 * larger than RPC_BATCH_SIZE_MAX, just one. */
Status envelope_open(const void *bytes, size_t size, int64_t wall_us, Arena *arena,
                     Jumun__Rpc__V1__RpcRequestBatch **ret_batch);

/* Packs a reply: `head` without payload, and `message` as its payload, NULL for none.
 * False if the arena is full. */
bool envelope_pack_reply(const Jumun__Rpc__V1__RpcReply *head, const ProtobufCMessage *message,
                         Arena *arena, EnvelopePart *ret_part);

/* Packs a failure without arena and details; a name that is too long is left out. */
void envelope_pack_failure(uint32_t number, Status status, uint8_t bytes[ENVELOPE_SMALL_SIZE],
                           EnvelopePart *ret_part);

/* What the part adds to a batch. */
size_t envelope_reply_size(const EnvelopePart *part);

/* Writes a batch of replies into the sum of their envelope_reply_size bytes. */
void envelope_pack_replies(const EnvelopePart *parts, size_t count, uint8_t *ret_bytes);

#endif
