/* Calls to servers that say what no server should: it is not believed, nor does it hurt. */
#include <arpa/inet.h>
#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/rpc/proto_arena.h"
#include "tests/support/rpc_fixture.h"

enum {
    LIES_MAX = RPC_CLIENT_METHODS_MAX * RPC_CLIENT_CONTEXTS /* connections of one client */
};

/* Listens and speaks nng's handshake on every connection, and answers the first request
 * with the announcement of 2^64-32 bytes. Ends when the client hangs up on that. */
typedef struct Liar {
    int listener;
    int fds[LIES_MAX];
    size_t count;
    pthread_t thread;
} Liar;

static void welcome(Liar *liar)
{
    static const unsigned char hello[] = { 0, 'S', 'P', 0, 0, 0x31, 0, 0 };
    char bytes[sizeof hello];

    int fd = accept(liar->listener, NULL, NULL);
    assert(fd >= 0 && liar->count < LIES_MAX);
    assert(send(fd, hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello);
    assert(recv(fd, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes);
    liar->fds[liar->count++] = fd;
}

static void *lie(void *context)
{
    static const unsigned char frame[] = { 255, 255, 255, 255, 255, 255, 255, 224,
                                           0,   0,   0,   0,   0,   0,   0,   0 };
    Liar *liar = context;
    int lied_to = -1;
    char bytes[4096];

    for (;;) {
        struct pollfd polled[LIES_MAX + 1] = { { .fd = liar->listener, .events = POLLIN } };
        for (size_t i = 0; i < liar->count; i++) {
            polled[i + 1] = (struct pollfd){ .fd = liar->fds[i], .events = POLLIN };
        }
        size_t count = liar->count;
        assert(poll(polled, (nfds_t)(count + 1), -1) > 0);
        if (polled[0].revents != 0) {
            welcome(liar);
        }
        for (size_t i = 1; i <= count; i++) {
            if (polled[i].revents == 0) {
                continue;
            }
            if (recv(polled[i].fd, bytes, sizeof bytes, 0) <= 0) {
                assert(polled[i].fd == lied_to);
                return NULL;
            }
            lied_to = polled[i].fd;
            assert(send(lied_to, frame, sizeof frame, MSG_NOSIGNAL) == sizeof frame);
        }
    }
}

static void a_server_that_announces_a_monstrous_reply_is_hung_up_on(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    char url[FIXTURE_URL_SIZE];
    Liar liar = { .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

    assert(bind(liar.listener, (struct sockaddr *)&address, size) == 0);
    assert(listen(liar.listener, 64) == 0);
    assert(getsockname(liar.listener, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    assert(pthread_create(&liar.thread, NULL, lie, &liar) == 0);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(ask_and_wait(client, 1, LONG_S * US_PER_S) == STATUS_UNKNOWN);
    pthread_join(liar.thread, NULL);
    rpc_client_close(client);
    for (size_t i = 0; i < liar.count; i++) {
        (void)close(liar.fds[i]);
    }
    (void)close(liar.listener);
}

/* What a server may say in place of a reply, and what the caller is then told. */
typedef struct Nonsense {
    uint32_t number_offset; /* from the call's own; UINT32_MAX: the number is 0 */
    uint32_t status;
    const char *code;
    const char *bytes; /* in place of a batch of replies, or of a payload */
    bool whole;        /* bytes are all there is */
    StatusCode expected;
    const char *expected_name;
} Nonsense;

static const Nonsense nonsense[] = {
    { 0, 0, "", "", true, STATUS_UNKNOWN, "BAD_REPLY" }, /* no reply at all */
    { 0, 0, "", "\xFF\xFF\xFF", true, STATUS_UNKNOWN, "BAD_REPLY" },
    { 7, 0, "", "", false, STATUS_UNKNOWN, "BAD_REPLY" }, /* to a call we never made */
    { 0, 0, "", "\x08\xFF", false, STATUS_UNKNOWN, "BAD_REPLY" },
    { 0, 99, "", "", false, STATUS_UNKNOWN, "BAD_REPLY" },
    { UINT32_MAX, 0, "", "", false, STATUS_UNKNOWN, "BAD_REPLY" }, /* refused with OK */
    { UINT32_MAX, STATUS_UNAVAILABLE, "no name", "", false, STATUS_UNAVAILABLE, "UNAVAILABLE" },
    { 0, STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND", "", false, STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND" },
};

/* Answers the request, which asked for a call with this number. */
static void answer_nonsense(nng_socket socket, const Nonsense *what, uint32_t number)
{
    Jumun__Rpc__V1__RpcReply reply;
    Jumun__Rpc__V1__RpcReply *replies[] = { &reply };
    Jumun__Rpc__V1__RpcReplyBatch batch;
    uint8_t payload[16];
    uint8_t bytes[256];
    size_t size = strlen(what->bytes);
    nng_msg *message;

    memcpy(payload, what->bytes, size);
    jumun__rpc__v1__rpc_reply__init(&reply);
    reply.number = what->number_offset == UINT32_MAX ? 0 : number + what->number_offset;
    reply.status = what->status;
    reply.code = proto_text(what->code);
    reply.payload = (ProtobufCBinaryData){ size, payload };
    jumun__rpc__v1__rpc_reply_batch__init(&batch);
    batch.n_replies = 1;
    batch.replies = replies;
    if (!what->whole) {
        size = jumun__rpc__v1__rpc_reply_batch__pack(&batch, bytes);
    }
    assert(nng_msg_alloc(&message, 0) == 0);
    assert(nng_msg_append(message, what->whole ? payload : bytes, size) == 0);
    assert(nng_sendmsg(socket, message, 0) == 0);
}

static void *talk_nonsense(void *context)
{
    nng_socket socket = *(nng_socket *)context;
    nng_msg *message;

    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        assert(nng_recvmsg(socket, &message, 0) == 0);
        Jumun__Rpc__V1__RpcRequestBatch *request = jumun__rpc__v1__rpc_request_batch__unpack(
            NULL, nng_msg_len(message), nng_msg_body(message));
        nng_msg_free(message);
        assert(request != NULL && request->n_calls == 1);
        answer_nonsense(socket, &nonsense[i], request->calls[0]->number);
        jumun__rpc__v1__rpc_request_batch__free_unpacked(request, NULL);
    }
    return NULL;
}

static void of_a_server_that_talks_nonsense_nothing_is_believed(void)
{
    char url[FIXTURE_URL_SIZE];
    nng_socket socket;
    pthread_t talker;
    Asked asked;

    fixture_url(url);
    assert(nng_rep0_open(&socket) == 0 && nng_listen(socket, url, NULL, 0) == 0);
    assert(pthread_create(&talker, NULL, talk_nonsense, &socket) == 0);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        asked_init(&asked, 1, LONG_S * US_PER_S);
        Status status = rpc_client_call_and_wait(client, &asked.call);
        assert(status.code == nonsense[i].expected && asked.call.reply == NULL);
        assert(strcmp(status.name, nonsense[i].expected_name) == 0);
        asked_deinit(&asked);
    }
    pthread_join(talker, NULL);
    rpc_client_close(client);
    (void)nng_close(socket);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "a server that announces a monstrous reply is hung up on",
          a_server_that_announces_a_monstrous_reply_is_hung_up_on },
        { "of a server that talks nonsense nothing is believed",
          of_a_server_that_talks_nonsense_nothing_is_believed },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
