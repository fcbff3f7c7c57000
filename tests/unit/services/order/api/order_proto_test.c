/* What comes off the bus, good and bad. A plain program: the mapping's library brings nng,
 * which Criterion does not bear. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"
#include "services/order/api/order_events.h"
#include "services/order/api/order_proto.h"
#include "tests/support/order_world.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static Arena arena;

static Event make_event(const char *type, const ProtobufCMessage *message, uint8_t *bytes)
{
    size_t size = message == NULL ? 0 : protobuf_c_message_pack(message, bytes);

    return (Event){ .id = { 5 },
                    .type = type,
                    .order = { 6 },
                    .trace_parent = TRACE,
                    .payload = bytes,
                    .payload_size = size };
}

static void reads_every_type_of_answer(void)
{
    uint8_t bytes[256];
    OrderStep step;
    Jumun__Event__V1__PaymentCaptured captured;
    Jumun__Event__V1__PaymentDeclined declined;
    char reason[] = "CARD_DECLINED";

    jumun__event__v1__payment_captured__init(&captured);
    jumun__event__v1__payment_declined__init(&declined);
    captured.attempt = 2;
    captured.amount = 700;
    Event event = make_event("payment.captured", &captured.base, bytes);
    assert(!status_failed(order_step_from_event(&event, &arena, &step)));
    assert(step.event_id.value == 5 && step.order_id.value == 6);
    assert(step.news.event == ORDER_HEARS_PAYMENT_CAPTURED && step.news.attempt == 2);
    assert(step.news.amount.minor == 700 && strcmp(step.trace_parent, TRACE) == 0);

    declined.attempt = 1;
    declined.reason = reason;
    event = make_event("payment.declined", &declined.base, bytes);
    assert(!status_failed(order_step_from_event(&event, &arena, &step)));
    assert(step.news.event == ORDER_HEARS_PAYMENT_DECLINED);
    assert(strcmp(step.news.detail, "CARD_DECLINED") == 0);

    static const struct {
        const char *type;
        OrderEvent event;
    } empty[] = {
        { "stock.reserved", ORDER_HEARS_STOCK_RESERVED },
        { "stock.rejected", ORDER_HEARS_STOCK_REJECTED },
        { "stock.released", ORDER_HEARS_STOCK_RELEASED },
        { "payment.unknown", ORDER_HEARS_PAYMENT_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        event = make_event(empty[i].type, NULL, bytes);
        assert(!status_failed(order_step_from_event(&event, &arena, &step)));
        assert(step.news.event == empty[i].event);
    }
}

static void tells_what_was_short_within_bounds(void)
{
    static uint8_t bytes[8192];
    Jumun__Event__V1__StockRejected rejected;
    Jumun__Rpc__V1__StockShortage items[100];
    Jumun__Rpc__V1__StockShortage *list[100];
    OrderStep step;

    jumun__event__v1__stock_rejected__init(&rejected);
    for (size_t i = 0; i < 100; i++) {
        jumun__rpc__v1__stock_shortage__init(&items[i]);
        items[i].product_id = UINT64_MAX - i;
        items[i].requested = UINT32_MAX;
        items[i].available = INT64_MIN;
        list[i] = &items[i];
    }
    rejected.items = list;
    rejected.n_items = 100;
    Event event = make_event("stock.rejected", &rejected.base, bytes);
    assert(!status_failed(order_step_from_event(&event, &arena, &step)));
    assert(strlen(step.news.detail) <= ORDER_DETAIL_MAX);
    assert(strncmp(step.news.detail, "product 18446744073709551615: 4294967295 asked", 46) == 0);
}

static void refuses_poison(void)
{
    uint8_t bytes[256] = { 0xff, 0xff, 0xff };
    OrderStep step;
    Event event = make_event("payment.captured", NULL, bytes);

    event.payload_size = 3;
    assert(order_step_from_event(&event, &arena, &step).code == STATUS_INVALID_ARGUMENT);
    event = make_event("stock.stolen", NULL, bytes);
    assert(order_step_from_event(&event, &arena, &step).code == STATUS_UNIMPLEMENTED);
    event = make_event("", NULL, bytes);
    assert(order_step_from_event(&event, &arena, &step).code == STATUS_UNIMPLEMENTED);
    event = make_event("stock.reserved", NULL, bytes);
    event.id.value = 0;
    assert(order_step_from_event(&event, &arena, &step).code == STATUS_INVALID_ARGUMENT);
    event = make_event("stock.reserved", NULL, bytes);
    event.order.value = 0;
    assert(order_step_from_event(&event, &arena, &step).code == STATUS_INVALID_ARGUMENT);
}

static void keeps_strange_words_out_of_the_timeline(void)
{
    uint8_t bytes[256];
    Jumun__Event__V1__PaymentDeclined declined;
    char reason[] = "A\nB";
    OrderStep step;

    jumun__event__v1__payment_declined__init(&declined);
    declined.attempt = 1;
    declined.reason = reason;
    Event event = make_event("payment.declined", &declined.base, bytes);
    event.trace_parent = "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
    assert(!status_failed(order_step_from_event(&event, &arena, &step)));
    assert(step.news.detail[0] == '\0' && step.trace_parent[0] == '\0');
}

static void gives_each_event_of_a_run_its_own_fate(void)
{
    OrderWorld *world = order_world_open();
    OrderEvents events = { .app = world->advance };
    uint8_t bytes[4][64];
    Event all[4];
    Event *list[4];

    PlaceOrder *item = order_world_ask(world, 7, "k", 1, "");
    order_world_add_line(world, item, 1, 1);
    order_world_place(world);
    arena_init(&events.arena, ORDER_EVENTS_ARENA_BLOCK, ORDER_EVENTS_ARENA_MAX);
    static const char *const types[] = { "stock.stolen", "stock.reserved", "stock.reserved",
                                         "stock.rejected" };
    for (size_t i = 0; i < 4; i++) {
        all[i] = make_event(types[i], NULL, bytes[i]);
        all[i].id.value = i + 1;
        all[i].order = i == 2 ? (OrderId){ 12345 } : item->order.id;
        list[i] = &all[i];
    }
    order_events_run(&events, list, 4);
    assert(all[0].status.code == STATUS_UNIMPLEMENTED);
    assert(all[1].status.code == STATUS_OK);
    assert(all[2].status.code == STATUS_NOT_FOUND);
    assert(all[3].status.code == STATUS_FAILED_PRECONDITION);
    assert(memory_orders_find(world->db, item->order.id)->state == ORDER_RESERVED);
    arena_deinit(&events.arena);
    world->advance.arena = events.app.arena; /* the run grew it */
    order_world_close(world);
}

int main(void)
{
    arena_init(&arena, (size_t)64 * 1024, (size_t)1024 * 1024);
    reads_every_type_of_answer();
    tells_what_was_short_within_bounds();
    refuses_poison();
    keeps_strange_words_out_of_the_timeline();
    gives_each_event_of_a_run_its_own_fate();
    arena_deinit(&arena);
    printf("ok 5\n");
    return 0;
}
