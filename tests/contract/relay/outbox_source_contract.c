#undef NDEBUG
#include "tests/contract/relay/outbox_source_contract.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Where the range of everything starts. */
static const OutboxRange all = { .paused_count = 0 };

static RelayRow rows[RELAY_BATCH_MAX];

static RelayRow row_of(uint64_t id, const char *queue)
{
    static const char bytes[] = "\x0a\x04 one'\0\xff\\";

    return (RelayRow){
        .id = { id },
        .queue = queue,
        .events = 1 + (size_t)(id % 32),
        .batch = bytes,
        .size = sizeof bytes,
    };
}

static void insert(const OutboxSubject *subject, uint64_t id, const char *queue)
{
    RelayRow row = row_of(id, queue);

    subject->insert(subject->context, &row);
}

static size_t read_rows(const OutboxSubject *subject, const OutboxRange *range)
{
    size_t count = SIZE_MAX;
    Status status = subject->source->ops->read(subject->source, range, rows, &count);

    assert(!status_failed(status));
    assert(count <= RELAY_BATCH_MAX);
    return count;
}

static void expect_rows(const OutboxSubject *subject, const OutboxRange *range, const uint64_t *ids,
                        size_t count)
{
    assert(read_rows(subject, range) == count);
    for (size_t i = 0; i < count; i++) {
        assert(rows[i].id.value == ids[i]);
    }
}

static Status try_remove(const OutboxSubject *subject, const EventId *ids, size_t count)
{
    return subject->source->ops->remove(subject->source, ids, count);
}

static void remove_rows(const OutboxSubject *subject, const EventId *ids, size_t count)
{
    Status status = try_remove(subject, ids, count);

    assert(!status_failed(status));
}

static void reads_nothing_from_an_empty_outbox(const OutboxSubject *subject)
{
    assert(read_rows(subject, &all) == 0);
}

static void gives_back_rows_whole_and_in_id_order(const OutboxSubject *subject)
{
    static const uint64_t ids[] = { 10, 20, 30, ID_JSON_MAX };
    static const char longest[RELAY_QUEUE_SIZE] = "a.queue.with.the.longest.name.32";

    assert(strlen(longest) == RELAY_QUEUE_SIZE - 1);
    insert(subject, ids[2], "q");
    insert(subject, ids[0], longest);
    insert(subject, ids[3], "q");
    insert(subject, ids[1], "q");
    expect_rows(subject, &all, ids, 4);
    for (size_t i = 0; i < 4; i++) {
        RelayRow expected = row_of(ids[i], i == 0 ? longest : "q");

        assert(strcmp(rows[i].queue, expected.queue) == 0);
        assert(rows[i].events == expected.events && rows[i].size == expected.size);
        assert(memcmp(rows[i].batch, expected.batch, expected.size) == 0);
        assert(status_failed(rows[i].status)); /* nothing is safe before it was published */
    }
    expect_rows(subject, &all, ids, 4); /* reading takes nothing away */
}

static void reads_from_the_floor_on(const OutboxSubject *subject)
{
    static const uint64_t ids[] = { 10, 11, 12 };

    for (size_t i = 0; i < 3; i++) {
        insert(subject, ids[i], "q");
    }
    expect_rows(subject, &(OutboxRange){ .floor = { 11 } }, &ids[1], 2);
    expect_rows(subject, &(OutboxRange){ .floor = { 13 } }, NULL, 0);
}

static void leaves_out_as_many_queues_as_may_be_paused(const OutboxSubject *subject)
{
    static const char *const names[RELAY_PAUSED_MAX] = { "a",   "b'", "c%", "d_",
                                                         "e\\", "?",  "{?", "h" };
    static const uint64_t left[] = { 1, 3, 500 };
    OutboxRange range = { .paused_count = RELAY_PAUSED_MAX };

    insert(subject, 1, "q");
    insert(subject, 3, "aa");
    for (size_t i = 0; i < RELAY_PAUSED_MAX; i++) {
        (void)snprintf(range.paused[i], sizeof range.paused[i], "%s", names[i]);
        insert(subject, 100 + i, names[i]);
    }
    insert(subject, 500, "q");
    expect_rows(subject, &range, left, 3);
    range.floor.value = 2;
    expect_rows(subject, &range, &left[1], 2);
    range.paused_count = 1; /* the others are read again */
    assert(read_rows(subject, &range) == 2 + RELAY_PAUSED_MAX - 1);
}

static void paused_queue_does_not_fill_a_batch(const OutboxSubject *subject)
{
    static const uint64_t id = 1000;
    OutboxRange range = { .paused = { "full" }, .paused_count = 1 };

    for (uint64_t i = 0; i < RELAY_BATCH_MAX; i++) {
        insert(subject, 1 + i, "full");
    }
    insert(subject, id, "q");
    expect_rows(subject, &range, &id, 1);
}

static void moves_a_backlog_batch_by_batch(const OutboxSubject *subject)
{
    static EventId ids[RELAY_BATCH_MAX];

    for (uint64_t i = 0; i < RELAY_BATCH_MAX + 3; i++) {
        insert(subject, 100 + i, "q");
    }
    assert(read_rows(subject, &all) == RELAY_BATCH_MAX);
    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        assert(rows[i].id.value == 100 + i); /* the lowest */
        ids[i] = rows[i].id;
    }
    remove_rows(subject, ids, RELAY_BATCH_MAX);
    expect_rows(
        subject, &all,
        (const uint64_t[]){ 100 + RELAY_BATCH_MAX, 101 + RELAY_BATCH_MAX, 102 + RELAY_BATCH_MAX },
        3);
}

static void removes_these_rows_and_no_other(const OutboxSubject *subject)
{
    static const EventId ids[] = { { 10 }, { 30 }, { 40 } };
    static const uint64_t left[] = { 9, 20, 35, 41 };

    for (size_t i = 0; i < 3; i++) {
        insert(subject, ids[i].value, "q");
    }
    assert(read_rows(subject, &all) == 3);
    for (size_t i = 0; i < 4; i++) { /* committed while the others were published */
        insert(subject, left[i], i % 2 == 0 ? "q" : "other");
    }
    remove_rows(subject, ids, 3);
    expect_rows(subject, &all, left, 4);
}

static void removes_again_what_may_be_gone_already(const OutboxSubject *subject)
{
    static const EventId ids[] = { { 10 }, { 20 }, { 30 } };
    static const uint64_t left = 40;

    for (size_t i = 0; i < 3; i++) {
        insert(subject, ids[i].value, "q");
    }
    insert(subject, left, "q");
    remove_rows(subject, &ids[1], 1);
    remove_rows(subject, ids, 3);
    remove_rows(subject, ids, 3);
    expect_rows(subject, &all, &left, 1);
}

static void removes_nothing_once_somebody_else_reads(const OutboxSubject *subject)
{
    static const EventId ids[] = { { 10 }, { 20 } };
    static const uint64_t left[] = { 10, 20, 30 };

    for (size_t i = 0; i < 3; i++) {
        insert(subject, left[i], "q");
    }
    assert(read_rows(subject, &all) == 3);
    subject->lose_lease(subject->context);
    Status by_range = try_remove(subject, ids, 2);
    Status by_list = try_remove(subject, (const EventId[]){ { 10 }, { 30 } }, 2);
    assert(by_range.code == STATUS_FAILED_PRECONDITION);
    assert(strcmp(by_range.name, "LEASE_LOST") == 0);
    assert(by_list.code == STATUS_FAILED_PRECONDITION);
    expect_rows(subject, &all, left, 3);
}

void outbox_source_contract(const OutboxSubject *subject)
{
    static const struct {
        const char *name;
        void (*run)(const OutboxSubject *subject);
    } cases[] = {
        { "reads nothing from an empty outbox", reads_nothing_from_an_empty_outbox },
        { "gives back rows whole and in id order", gives_back_rows_whole_and_in_id_order },
        { "reads from the floor on", reads_from_the_floor_on },
        { "leaves out as many queues as may be paused",
          leaves_out_as_many_queues_as_may_be_paused },
        { "a paused queue does not fill a batch", paused_queue_does_not_fill_a_batch },
        { "moves a backlog batch by batch", moves_a_backlog_batch_by_batch },
        { "removes these rows and no other", removes_these_rows_and_no_other },
        { "removes again what may be gone already", removes_again_what_may_be_gone_already },
        { "removes nothing once somebody else reads", removes_nothing_once_somebody_else_reads },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        subject->reset(subject->context);
        cases[i].run(subject);
        printf("ok outbox: %s\n", cases[i].name);
    }
}
