/* Commands from the queue, good and bad: a bad one gets its own status and never sinks
 * the batch. A plain program: it links nng. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"
#include "services/product/api/product_events.h"
#include "tests/support/fake_stock_store.h"
#include "tests/support/test_clock.h"

enum {
    PAYLOAD_SIZE = 4096
};

static uint8_t payloads[16][PAYLOAD_SIZE];
static size_t wakes;

static void wake(void *context)
{
    (void)context;
    wakes++;
}

static void set_event(Event *event, size_t at, const char *type, const ProtobufCMessage *message)
{
    assert(protobuf_c_message_get_packed_size(message) <= PAYLOAD_SIZE);
    *event = (Event){
        .id = { 100 + at },
        .type = type,
        .order = { 200 + at },
        .trace_parent = "",
        .payload = payloads[at],
        .payload_size = protobuf_c_message_pack(message, payloads[at]),
    };
}

static void set_reserve(Event *event, size_t at, uint64_t product, uint32_t quantity, size_t lines)
{
    Jumun__Event__V1__StockReserve reserve = JUMUN__EVENT__V1__STOCK_RESERVE__INIT;
    Jumun__Event__V1__StockLine items[STOCK_LINES_MAX + 1];
    Jumun__Event__V1__StockLine *pointers[STOCK_LINES_MAX + 1];

    for (size_t i = 0; i < lines; i++) {
        jumun__event__v1__stock_line__init(&items[i]);
        items[i].product_id = product + i;
        items[i].quantity = quantity;
        pointers[i] = &items[i];
    }
    reserve.lines = pointers;
    reserve.n_lines = lines;
    set_event(event, at, "stock.reserve", &reserve.base);
}

static void a_bad_command_does_not_sink_the_others(void)
{
    FakeStockStore *store = fake_stock_store_open();
    TestClock clock;
    ProductEvents *context = NULL;
    Event events[11];
    Event *pointers[11];
    static const StatusCode expected[11] = {
        STATUS_OK,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_UNIMPLEMENTED,
        STATUS_NOT_FOUND,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_OK,
    };

    test_clock_init(&clock, ID_EPOCH_US);
    fake_stock_store_put(store, (ProductId){ 1 }, 5);
    assert(!status_failed(product_events_open(
        &(ProductEventsOptions){ &store->store, &clock.clock, wake, NULL }, &context)));
    set_reserve(&events[0], 0, 1, 2, 1);
    set_reserve(&events[1], 1, 1, 1, 0);                   /* no lines */
    set_reserve(&events[2], 2, 1, 1, STOCK_LINES_MAX + 1); /* too many */
    set_reserve(&events[3], 3, 1, 0, 1);                   /* no quantity */
    set_reserve(&events[4], 4, 1, 4000000000, 1);          /* beyond every limit */
    set_reserve(&events[5], 5, 1, 1, 1);
    events[5].payload_size--; /* cut off */
    set_reserve(&events[6], 6, 1, 1, 1);
    events[6].type = "stock.explode";
    set_reserve(&events[7], 7, 99, 1, 1); /* no such product */
    set_reserve(&events[8], 8, 1, 1, 1);
    events[8].id.value = 0;
    set_reserve(&events[9], 9, 1, 1, 1);
    events[9].order.value = 0;
    set_reserve(&events[10], 10, 1, 3, 1);
    for (size_t i = 0; i < 11; i++) {
        pointers[i] = &events[i];
    }

    product_events_run(context, pointers, 11);

    for (size_t i = 0; i < 11; i++) {
        assert(events[i].status.code == expected[i]);
    }
    assert(store->stocks[0].reserved == 5);
    assert(store->answer_count == 2);
    assert(store->inbox_count == 2); /* a parked event may be replayed */
    assert(wakes == 1);
    product_events_close(context);
    fake_stock_store_close(store);
}

static void every_kind_of_command_is_understood(void)
{
    FakeStockStore *store = fake_stock_store_open();
    TestClock clock;
    ProductEvents *context = NULL;
    Jumun__Event__V1__StockLine line = JUMUN__EVENT__V1__STOCK_LINE__INIT;
    Jumun__Event__V1__StockLine *lines[] = { &line };
    Jumun__Event__V1__StockRelease release;
    Jumun__Event__V1__StockReturn returned = JUMUN__EVENT__V1__STOCK_RETURN__INIT;
    Event events[3];
    Event *pointers[] = { &events[0], &events[1], &events[2] };

    line.product_id = 1;
    line.quantity = 2;
    jumun__event__v1__stock_release__init(&release);
    release.lines = lines;
    release.n_lines = 1;
    returned.lines = lines;
    returned.n_lines = 1;
    returned.refund_no = 1;
    test_clock_init(&clock, ID_EPOCH_US);
    fake_stock_store_put(store, (ProductId){ 1 }, 5);
    assert(!status_failed(product_events_open(
        &(ProductEventsOptions){ &store->store, &clock.clock, NULL, NULL }, &context)));
    set_reserve(&events[0], 0, 1, 4, 1);
    set_event(&events[1], 1, "stock.return", &returned.base);
    set_event(&events[2], 2, "stock.release", &release.base);
    for (size_t i = 0; i < 3; i++) {
        events[i].order = (OrderId){ 7 };
    }

    product_events_run(context, pointers, 3);

    for (size_t i = 0; i < 3; i++) {
        assert(!status_failed(events[i].status));
    }
    assert(store->stocks[0].reserved == 0);
    assert(store->entry_count == 3);
    assert(store->entries[1].type == LEDGER_RETURN && store->entries[1].reserved_delta == -2);
    assert(store->entries[2].type == LEDGER_RELEASE && store->entries[2].reserved_delta == -2);
    assert(store->answer_count == 2);
    product_events_close(context);
    fake_stock_store_close(store);
}

static void garbage_never_gets_in(void)
{
    FakeStockStore *store = fake_stock_store_open();
    TestClock clock;
    ProductEvents *context = NULL;
    uint8_t bytes[64];

    test_clock_init(&clock, ID_EPOCH_US);
    assert(!status_failed(product_events_open(
        &(ProductEventsOptions){ &store->store, &clock.clock, NULL, NULL }, &context)));
    srand(1); /* the same garbage each time */
    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)rand() % sizeof bytes;
        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)rand();
        }
        Event event = { .id = { (uint64_t)i + 1 },
                        .type = i % 2 ? "stock.reserve" : "stock.return",
                        .order = { 5 },
                        .trace_parent = "",
                        .payload = bytes,
                        .payload_size = size };
        Event *events[] = { &event };
        product_events_run(context, events, 1);
        assert(status_failed(event.status));
    }
    assert(store->entry_count == 0);
    product_events_close(context);
    fake_stock_store_close(store);
}

int main(void)
{
    a_bad_command_does_not_sink_the_others();
    every_kind_of_command_is_understood();
    garbage_never_gets_in();
    return 0;
}
