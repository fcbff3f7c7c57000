/* rpc_drafts.h - a product service and a socket that speaks nng but knows nothing of our
 * envelope: messages are drafted, spoiled, signed and sent by hand, and their verdicts
 * read. Asserts are the checks. One thread. */
#ifndef JUMUN_TESTS_THREAD_COMMON_RPC_RPC_DRAFTS_H
#define JUMUN_TESTS_THREAD_COMMON_RPC_RPC_DRAFTS_H

#include "common/crypto/mac.h"
#include "jumun/rpc/v1/rpc.pb-c.h"
#include "tests/support/rpc_fixture.h"

typedef Jumun__Rpc__V1__RpcCall WireCall;
typedef Jumun__Rpc__V1__RpcRequestBatch WireBatch;
typedef Jumun__Rpc__V1__RpcReply WireReply;
typedef Jumun__Rpc__V1__RpcReplyBatch WireReplies;

enum {
    DRAFT_CALLS_MAX = 40,
};

extern atomic_size_t executed; /* calls that reached the handler */
extern atomic_bool ready_now;  /* what the service says of itself */

/* The server and the socket; the first and the last "test" of a program. */
void drafts_start(void);
void drafts_stop(void);

uint16_t served_port(void);

/* A client of ours is answered, more often than the server has contexts. */
void expect_serving(void);

/* A batch in the making. */
typedef struct Draft {
    WireBatch batch;
    WireCall calls[DRAFT_CALLS_MAX];
    WireCall *pointers[DRAFT_CALLS_MAX];
    uint8_t payload[16];
    uint8_t *bytes; /* the signed message */
    size_t size;
} Draft;

/* count calls for product 7, numbered from 1, as "gateway" would send them. */
Draft *draft_open(size_t count);
void draft_close(Draft *draft);

const uint8_t *key_of(const char *caller, size_t index);

/* Appends the MAC to bytes[0..size). */
size_t sign(uint8_t *bytes, size_t size, const uint8_t key[MAC_KEY_SIZE]);

/* Sends the bytes as they are, or the draft signed by the key; returns the parsed reply.
 * Free it; `expect_verdict` and `expect_all_ok` do. */
WireReplies *exchange(const void *bytes, size_t size);
WireReplies *send_draft(Draft *draft, const uint8_t *key);

/* One verdict for the whole batch; count calls that all went well. */
void expect_verdict(WireReplies *replies, StatusCode code, const char *name);
void expect_all_ok(WireReplies *replies, size_t count);

#endif
