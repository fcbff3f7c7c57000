#include "common/amqp/consumer_batch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"

enum {
    ARENA_BLOCK_SIZE = 256 * 1024,
    /* Room for what is parked: each event once more, with its headers. */
    PARK_MEMORY_MAX = 4 * 1024 * 1024,
    ATTEMPT_TEXT_SIZE = 12,
};

void consumer_batch_init(ConsumerBatch *batch)
{
    memset(batch, 0, sizeof *batch);
    arena_init(&batch->arena, ARENA_BLOCK_SIZE,
               (size_t)BATCH_MEMORY_MAX + MESSAGE_MEMORY_MAX + PARK_MEMORY_MAX);
}

void consumer_batch_deinit(ConsumerBatch *batch)
{
    arena_deinit(&batch->arena);
}

void consumer_batch_reset(ConsumerBatch *batch)
{
    arena_reset(&batch->arena);
    batch->message_count = 0;
    batch->event_count = 0;
}

bool consumer_batch_has_room(const ConsumerBatch *batch)
{
    return batch->message_count < CONSUMER_PREFETCH &&
           batch->event_count + EVENT_BATCH_MAX <= EVENT_RUN_MAX &&
           batch->arena.size < BATCH_MEMORY_MAX;
}

/* protobuf-c's view of the arena, with a limit for one message: a small body can ask for
 * much memory (unknown fields), which would be missing for the messages behind it. */
typedef struct Budget {
    Arena *arena;
    size_t left;
} Budget;

static void *budget_alloc(void *data, size_t size)
{
    Budget *budget = data;

    if (size > budget->left) {
        return NULL;
    }
    budget->left -= size;
    return arena_alloc(budget->arena, size);
}

static void budget_free(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

static Event decode(Budget *budget, EventSlice slice)
{
    ProtobufCAllocator allocator = { budget_alloc, budget_free, budget };
    Event malformed = { .type = "",
                        .trace_parent = "",
                        .status = status_make(STATUS_INVALID_ARGUMENT, "MALFORMED") };
    const Jumun__Event__V1__Event *event =
        jumun__event__v1__event__unpack(&allocator, slice.size, slice.bytes);

    if (event == NULL || event->id == 0 || event->type[0] == '\0') {
        return malformed;
    }
    return (Event){
        .id = { event->id },
        .type = event->type,
        .order = { event->order_id },
        .seq = event->seq,
        .at_us = event->at_us,
        .trace_parent = event->traceparent,
        .payload = event->payload.data,
        .payload_size = event->payload.len,
        .status = status_ok(),
    };
}

void consumer_batch_add(ConsumerBatch *batch, const Delivery *delivery)
{
    BatchMessage *message = &batch->messages[batch->message_count];
    Budget budget = { &batch->arena, MESSAGE_MEMORY_MAX - EVENT_MESSAGE_SIZE_MAX };
    EventSlice slices[EVENT_BATCH_MAX];
    size_t count = 0;

    assert(consumer_batch_has_room(batch));
    batch->message_count++;
    *message = (BatchMessage){ *delivery, batch->event_count, 0 };
    if (delivery->body == NULL ||
        !event_batch_split(delivery->body, delivery->size, slices, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = batch->event_count++;

        batch->events[at] = decode(&budget, slices[i]);
        batch->slices[at] = slices[i];
        batch->of[at] = message;
    }
    message->event_count = count;
}

static bool is_suspect(const BatchMessage *message)
{
    return message->delivery.delivered_before >= DELIVERED_BEFORE_MAX;
}

size_t consumer_batch_span(const ConsumerBatch *batch, size_t first)
{
    size_t end = first + 1;

    assert(first < batch->message_count);
    if (is_suspect(&batch->messages[first])) {
        return end;
    }
    while (end < batch->message_count && !is_suspect(&batch->messages[end])) {
        end++;
    }
    return end;
}

Verdict verdict_of(Status status)
{
    switch (status.code) {
    case STATUS_OK:
        return VERDICT_DONE;
    case STATUS_INVALID_ARGUMENT:
    case STATUS_NOT_FOUND:
    case STATUS_ALREADY_EXISTS:
    case STATUS_PERMISSION_DENIED:
    case STATUS_FAILED_PRECONDITION:
    case STATUS_UNIMPLEMENTED:
    case STATUS_INTERNAL:
        return VERDICT_PARK;
    default:
        return VERDICT_RETRY;
    }
}

bool status_is_outage(Status status)
{
    return status.code == STATUS_UNAVAILABLE || status.code == STATUS_UNKNOWN ||
           status.code == STATUS_ABORTED;
}

/* A message to a queue of the family, with attempt and, if there is one, reason. */
static PublisherMessage *make_message(Arena *arena, const char *queue, const char *suffix,
                                      unsigned attempt, const char *reason)
{
    PublisherMessage *message = arena_calloc(arena, 1, sizeof *message);
    const char **headers = arena_calloc(arena, 4, sizeof *headers);
    char *name = arena_alloc(arena, QUEUE_NAME_SIZE);
    char *attempt_text = arena_alloc(arena, ATTEMPT_TEXT_SIZE);

    if (message == NULL || headers == NULL || name == NULL || attempt_text == NULL) {
        return NULL;
    }
    queue_name_with(queue, suffix, name);
    (void)snprintf(attempt_text, ATTEMPT_TEXT_SIZE, "%u", attempt);
    headers[0] = HEADER_ATTEMPT;
    headers[1] = attempt_text;
    headers[2] = HEADER_REASON;
    headers[3] = reason;
    message->queue = name;
    message->headers = headers;
    message->header_count = reason == NULL ? 1 : 2;
    return message;
}

PublisherMessage *consumer_batch_event_message(ConsumerBatch *batch, size_t event,
                                               const char *queue, Verdict verdict)
{
    EventSlice slice = batch->slices[event];
    Status status = batch->events[event].status;
    unsigned attempt = batch->of[event]->delivery.attempt;
    uint8_t *body = arena_alloc(&batch->arena, event_batch_size(slice.size));
    PublisherMessage *message;

    if (verdict == VERDICT_RETRY && attempt + 1 < CONSUMER_ATTEMPTS) {
        message =
            make_message(&batch->arena, queue, queue_retry_suffix(attempt), attempt + 1, NULL);
    } else {
        message =
            make_message(&batch->arena, queue, ".dead", attempt + 1,
                         status.name[0] != '\0' ? status.name : status_code_name(status.code));
    }
    if (body == NULL || message == NULL) {
        return NULL;
    }
    event_batch_put(body, slice.bytes, slice.size);
    message->body = body;
    message->size = event_batch_size(slice.size);
    return message;
}

PublisherMessage *consumer_batch_whole_message(ConsumerBatch *batch, const BatchMessage *message,
                                               const char *queue)
{
    PublisherMessage *whole =
        make_message(&batch->arena, queue, ".dead", message->delivery.attempt + 1, "MALFORMED");

    assert(message->delivery.body != NULL);
    if (whole != NULL) {
        whole->body = message->delivery.body;
        whole->size = message->delivery.size;
    }
    return whole;
}
