/* topology.c - declares the queues. Arguments are part of a queue's identity: a broker
 * that has one with other arguments refuses (406), and somebody must delete it. */
#include "common/amqp/topology.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/amqp_link.h"

enum {
    QUEUE_ARGUMENTS_MAX = 8,
};

const char *const queue_names[QUEUE_COUNT] = {
    QUEUE_PRODUCT_COMMANDS,
    QUEUE_PAYMENT_COMMANDS,
    QUEUE_ORDER_REPLIES,
};

/* One queue per delay: only the head of a queue expires. */
static const struct {
    const char *suffix;
    int64_t ttl_ms;
} retries[] = {
    { ".retry.1s", 1000 },
    { ".retry.10s", 10000 },
    { ".retry.60s", 60000 },
};

typedef struct Arguments {
    amqp_table_entry_t entries[QUEUE_ARGUMENTS_MAX];
    int count;
} Arguments;

static void add_text(Arguments *arguments, const char *key, const char *value)
{
    arguments->entries[arguments->count++] = (amqp_table_entry_t){
        .key = amqp_cstring_bytes(key),
        .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value) },
    };
}

static void add_number(Arguments *arguments, const char *key, int64_t value)
{
    arguments->entries[arguments->count++] = (amqp_table_entry_t){
        .key = amqp_cstring_bytes(key),
        .value = { .kind = AMQP_FIELD_KIND_I64, .value.i64 = value },
    };
}

/* What all have: without reject-publish, at-least-once would silently be at-most-once. */
static void add_common(Arguments *arguments)
{
    add_text(arguments, "x-queue-type", "quorum");
    add_text(arguments, "x-overflow", "reject-publish");
    add_number(arguments, "x-max-length", QUEUE_LENGTH_MAX);
}

static void add_dead_letter(Arguments *arguments, const char *to)
{
    add_text(arguments, "x-dead-letter-exchange", "");
    add_text(arguments, "x-dead-letter-routing-key", to);
    add_text(arguments, "x-dead-letter-strategy", "at-least-once");
}

static bool declare(amqp_connection_state_t state, const char *queue, Arguments *arguments)
{
    amqp_table_t table = { arguments->count, arguments->entries };

    return amqp_queue_declare(state, AMQP_LINK_CHANNEL, amqp_cstring_bytes(queue), 0, 1, 0, 0,
                              table) != NULL;
}

static bool declare_family(amqp_connection_state_t state, const char *queue)
{
    char name[QUEUE_NAME_SIZE];
    Arguments arguments = { .count = 0 };

    queue_name_with(queue, ".dead", name);
    add_common(&arguments);
    if (!declare(state, name, &arguments)) {
        return false;
    }

    arguments.count = 0;
    add_common(&arguments);
    add_dead_letter(&arguments, name);
    add_number(&arguments, "x-delivery-limit", QUEUE_DELIVERY_LIMIT);
    if (!declare(state, queue, &arguments)) {
        return false;
    }

    for (size_t i = 0; i < sizeof retries / sizeof retries[0]; i++) {
        queue_name_with(queue, retries[i].suffix, name);
        arguments.count = 0;
        add_common(&arguments);
        add_dead_letter(&arguments, queue);
        add_number(&arguments, "x-message-ttl", retries[i].ttl_ms);
        if (!declare(state, name, &arguments)) {
            return false;
        }
    }
    return true;
}

void queue_name_with(const char *queue, const char *suffix, char ret_name[static QUEUE_NAME_SIZE])
{
    (void)snprintf(ret_name, QUEUE_NAME_SIZE, "%s%s", queue, suffix);
}

const char *queue_retry_suffix(unsigned attempt)
{
    size_t count = sizeof retries / sizeof retries[0];

    return retries[attempt < count ? attempt : count - 1].suffix;
}

bool topology_declare(amqp_connection_state_t state)
{
    for (size_t i = 0; i < QUEUE_COUNT; i++) {
        if (!declare_family(state, queue_names[i])) {
            return false;
        }
    }
    return true;
}

bool topology_has(const char *queue)
{
    for (size_t i = 0; i < QUEUE_COUNT; i++) {
        if (strncmp(queue, queue_names[i], strlen(queue_names[i])) == 0) {
            return true;
        }
    }
    return false;
}
