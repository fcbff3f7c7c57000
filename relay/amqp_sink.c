#include "relay/amqp_sink.h"

#include <assert.h>
#include <string.h>

#include "common/amqp/topology.h"

enum {
    ARENA_BLOCK_SIZE = 256 * 1024,
    /* All rows as large as they can be, and the ends of blocks. */
    ARENA_SIZE_MAX = 16 * 1024 * 1024,
    OPEN_MAX = 16, /* queues whose last message may still grow */
};

static_assert((int)RELAY_BATCH_MAX * (int)EVENT_MESSAGE_SIZE_MAX <= (int)ARENA_SIZE_MAX / 2,
              "a step's rows fit, whatever the ends of blocks waste");

/* The message a row of this queue would go into, for each queue met lately. */
typedef struct OpenMessages {
    size_t messages[OPEN_MAX];
    size_t count;
    size_t next; /* to be forgotten next */
} OpenMessages;

static size_t *find_open(const AmqpSink *sink, OpenMessages *open, const char *queue)
{
    for (size_t i = 0; i < open->count; i++) {
        if (strcmp(sink->messages[open->messages[i]].queue, queue) == 0) {
            return &open->messages[i];
        }
    }
    return NULL;
}

static size_t *forget_one(OpenMessages *open)
{
    if (open->count < OPEN_MAX) {
        return &open->messages[open->count++];
    }
    open->next = (open->next + 1) % OPEN_MAX;
    return &open->messages[open->next];
}

static bool has_room(const AmqpSink *sink, size_t message, const RelayRow *row)
{
    return sink->events[message] + row->events <= EVENT_BATCH_MAX &&
           sink->messages[message].size + row->size <= EVENT_MESSAGE_SIZE_MAX;
}

/* Decides which message each row goes into and how large the messages become. */
static void assign(AmqpSink *sink, const RelayRow *rows, size_t count)
{
    OpenMessages open = { .count = 0 };

    sink->count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t *message = find_open(sink, &open, rows[i].queue);

        if (message == NULL || !has_room(sink, *message, &rows[i])) {
            message = message != NULL ? message : forget_one(&open);
            *message = sink->count;
            sink->messages[sink->count] = (PublisherMessage){ .queue = rows[i].queue };
            sink->events[sink->count] = 0;
            sink->list[sink->count] = &sink->messages[sink->count];
            sink->count++;
        }
        sink->message_of[i] = *message;
        sink->messages[*message].size += rows[i].size;
        sink->events[*message] += rows[i].events;
    }
}

Status amqp_sink_pack(AmqpSink *sink, const RelayRow *rows, size_t count)
{
    uint8_t *ends[RELAY_BATCH_MAX];

    arena_reset(&sink->arena);
    assign(sink, rows, count);
    for (size_t i = 0; i < sink->count; i++) {
        ends[i] = arena_alloc(&sink->arena, sink->messages[i].size);
        if (ends[i] == NULL) {
            return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
        }
        sink->messages[i].body = ends[i];
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t **end = &ends[sink->message_of[i]];
        memcpy(*end, rows[i].batch, rows[i].size);
        *end += rows[i].size;
    }
    return status_ok();
}

static void publish(EventSink *port, RelayRow *rows, size_t count)
{
    AmqpSink *sink = (AmqpSink *)port;
    Status packed = amqp_sink_pack(sink, rows, count);

    if (!status_failed(packed)) {
        publisher_publish(sink->publisher, sink->list, sink->count);
    }
    for (size_t i = 0; i < count; i++) {
        rows[i].status = status_failed(packed) ? status_make(STATUS_UNAVAILABLE, packed.name)
                                               : sink->messages[sink->message_of[i]].status;
    }
}

static const EventSinkOps ops = { publish };

void amqp_sink_init(AmqpSink *sink, Publisher *publisher)
{
    memset(sink, 0, sizeof *sink);
    sink->sink.ops = &ops;
    sink->publisher = publisher;
    arena_init(&sink->arena, ARENA_BLOCK_SIZE, ARENA_SIZE_MAX);
}

void amqp_sink_deinit(AmqpSink *sink)
{
    arena_deinit(&sink->arena);
}
