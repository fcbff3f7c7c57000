#include "services/order/api/order_proto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/rpc/proto_arena.h"
#include "jumun/event/v1/event.pb-c.h"

enum {
    POINTER_SIZE = 32,
    REASON_MAX = 64, /* code points of a provider's reason in the timeline */
    TRACE_PARENT_SIZE = 55,
};

#define VALIDATION status_make(STATUS_INVALID_ARGUMENT, "VALIDATION")

/* -- requests -- */

bool is_token_text(const char *text)
{
    size_t size = 0;

    for (; text[size] != '\0'; size++) {
        if (text[size] <= ' ' || text[size] > '~' || size == ORDER_TOKEN_MAX) {
            return false;
        }
    }
    return size > 0;
}

static Status line_fault(Arena *arena, size_t line, const char *field, FieldFault fault,
                         FieldFault *ret_fault)
{
    char pointer[POINTER_SIZE];

    (void)snprintf(pointer, sizeof pointer, "/lines/%zu/%s", line, field);
    fault.pointer = arena_copy(arena, pointer, strlen(pointer));
    if (fault.pointer == NULL) {
        fault.pointer = "/lines";
    }
    *ret_fault = fault;
    return VALIDATION;
}

static OrderLine *find_line(OrderLine *lines, size_t count, uint64_t product)
{
    for (size_t i = 0; i < count; i++) {
        if (lines[i].product.value == product) {
            return &lines[i];
        }
    }
    return NULL;
}

static Status merge_lines(const Jumun__Order__V1__PlaceOrderRequest *request, Arena *arena,
                          PlaceOrder *item, FieldFault *ret_fault)
{
    const FieldFault bad_product = { NULL, "OUT_OF_RANGE", "a product id is 1..2^53-1" };
    const FieldFault bad_quantity = { NULL, "OUT_OF_RANGE", "1..9999 of a product" };
    OrderLine *lines = arena_calloc(arena, request->n_lines, sizeof *lines);
    size_t count = 0;

    if (lines == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0; i < request->n_lines; i++) {
        const Jumun__Order__V1__PlaceOrderRequest__Line *from = request->lines[i];

        if (from->product_id == 0 || from->product_id > ID_JSON_MAX) {
            return line_fault(arena, i, "productId", bad_product, ret_fault);
        }
        if (from->quantity == 0 || from->quantity > ORDER_QUANTITY_MAX) {
            return line_fault(arena, i, "quantity", bad_quantity, ret_fault);
        }
        OrderLine *line = find_line(lines, count, from->product_id);
        if (line == NULL) {
            line = &lines[count++];
            *line = (OrderLine){ .product = { from->product_id }, .position = (uint32_t)i };
        }
        line->quantity += from->quantity;
        if (line->quantity > ORDER_QUANTITY_MAX) {
            return line_fault(arena, i, "quantity", bad_quantity, ret_fault);
        }
    }
    item->order.lines = lines;
    item->order.line_count = count;
    return status_ok();
}

Status place_order_from_proto(const Jumun__Order__V1__PlaceOrderRequest *request, Arena *arena,
                              PlaceOrder *ret_item, FieldFault *ret_fault)
{
    if (request->n_lines == 0 || request->n_lines > ORDER_LINES_MAX) {
        *ret_fault = (FieldFault){ "/lines", "OUT_OF_RANGE", "1..100 lines" };
        return VALIDATION;
    }
    ret_item->has_expected_total =
        request->_expected_total_case ==
        JUMUN__ORDER__V1__PLACE_ORDER_REQUEST___EXPECTED_TOTAL_EXPECTED_TOTAL;
    if (ret_item->has_expected_total) {
        if (request->expected_total < 0 || request->expected_total > MONEY_MAX) {
            *ret_fault = (FieldFault){ "/expectedTotal", "OUT_OF_RANGE", "0..10^15" };
            return VALIDATION;
        }
        ret_item->expected_total = (Money){ request->expected_total };
    }
    ret_item->order.payment_token = "";
    if (request->payment != NULL) {
        if (!is_token_text(request->payment->token)) {
            *ret_fault = (FieldFault){ "/payment/token", "INVALID", "1..64 visible ASCII" };
            return VALIDATION;
        }
        ret_item->order.payment_token = request->payment->token;
    }
    return merge_lines(request, arena, ret_item, ret_fault);
}

static bool is_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}

const char *trace_parent_or_none(const char *text)
{
    bool sound = strlen(text) == TRACE_PARENT_SIZE && is_hex(text, 2) && text[2] == '-' &&
                 is_hex(text + 3, 32) && text[35] == '-' && is_hex(text + 36, 16) &&
                 text[52] == '-' && is_hex(text + 53, 2);

    return sound ? text : "";
}

/* -- replies -- */

static Jumun__Order__V1__OrderLine **lines_to_proto(const Order *order, Arena *arena)
{
    Jumun__Order__V1__OrderLine **list = arena_calloc(arena, order->line_count, sizeof *list);
    Jumun__Order__V1__OrderLine *lines = arena_calloc(arena, order->line_count, sizeof *lines);

    if (list == NULL || lines == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < order->line_count; i++) {
        const OrderLine *line = &order->lines[i];

        jumun__order__v1__order_line__init(&lines[i]);
        lines[i].product_id = line->product.value;
        lines[i].name = proto_text(line->name);
        lines[i].quantity = line->quantity;
        lines[i].unit_price = line->unit_price.minor;
        lines[i].line_total = line->line_total.minor;
        list[i] = &lines[i];
    }
    return list;
}

Jumun__Order__V1__Order *order_to_proto(const Order *order, Arena *arena)
{
    Jumun__Order__V1__Order *message = arena_alloc(arena, sizeof *message);
    Jumun__Order__V1__OrderPayment *payment = arena_alloc(arena, sizeof *payment);
    Jumun__Order__V1__OrderLine **lines = lines_to_proto(order, arena);

    if (message == NULL || payment == NULL || lines == NULL) {
        return NULL;
    }
    jumun__order__v1__order_payment__init(payment);
    payment->status = (Jumun__Order__V1__OrderPayment__Status)order->payment;
    payment->attempt = order->payment_attempt;
    jumun__order__v1__order__init(message);
    message->order_id = order->id.value;
    message->status = (Jumun__Order__V1__OrderStatus)order->state;
    message->reason = proto_text(order->reason);
    message->total = order->total.minor;
    message->currency = proto_text(order->currency);
    message->lines = lines;
    message->n_lines = order->line_count;
    message->payment = payment;
    message->hold_expires_at_us = order->hold_expires_at_us;
    message->created_at_us = order->created_at_us;
    message->updated_at_us = order->updated_at_us;
    message->version = order->version;
    return message;
}

Jumun__Order__V1__ListOrdersReply *order_page_to_proto(const OrderPage *page, Arena *arena)
{
    Jumun__Order__V1__ListOrdersReply *reply = arena_alloc(arena, sizeof *reply);
    Jumun__Order__V1__OrderSummary **list = arena_calloc(arena, page->count, sizeof *list);
    Jumun__Order__V1__OrderSummary *items = arena_calloc(arena, page->count, sizeof *items);

    if (reply == NULL || list == NULL || items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < page->count; i++) {
        const Order *order = &page->orders[i];

        jumun__order__v1__order_summary__init(&items[i]);
        items[i].order_id = order->id.value;
        items[i].status = (Jumun__Order__V1__OrderStatus)order->state;
        items[i].total = order->total.minor;
        items[i].item_count = order->item_count;
        items[i].created_at_us = order->created_at_us;
        items[i].updated_at_us = order->updated_at_us;
        list[i] = &items[i];
    }
    jumun__order__v1__list_orders_reply__init(reply);
    reply->items = list;
    reply->n_items = page->count;
    return reply;
}

Jumun__Order__V1__GetTimelineReply *order_timeline_to_proto(const OrderTimeline *timeline,
                                                            Arena *arena)
{
    Jumun__Order__V1__GetTimelineReply *reply = arena_alloc(arena, sizeof *reply);
    Jumun__Order__V1__TimelineEvent **list = arena_calloc(arena, timeline->count, sizeof *list);
    Jumun__Order__V1__TimelineEvent *items = arena_calloc(arena, timeline->count, sizeof *items);

    if (reply == NULL || list == NULL || items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < timeline->count; i++) {
        const OrderEntry *entry = &timeline->entries[i];

        jumun__order__v1__timeline_event__init(&items[i]);
        items[i].seq = entry->seq;
        items[i].at_us = entry->at_us;
        items[i].service = proto_text(entry->service);
        items[i].type = proto_text(entry->type);
        if (entry->from != 0) {
            items[i]._from_case = JUMUN__ORDER__V1__TIMELINE_EVENT___FROM_FROM;
            items[i].from = (Jumun__Order__V1__OrderStatus)entry->from;
        }
        items[i].to = (Jumun__Order__V1__OrderStatus)entry->to;
        items[i].detail = proto_text(entry->detail);
        items[i].trace_id = proto_text(entry->trace_id);
        list[i] = &items[i];
    }
    jumun__order__v1__get_timeline_reply__init(reply);
    reply->items = list;
    reply->n_items = timeline->count;
    return reply;
}

/* -- errors -- */

const Jumun__Rpc__V1__ErrorDetails *fault_details(const FieldFault *fault, Arena *arena)
{
    Jumun__Rpc__V1__ErrorDetails *details = arena_alloc(arena, sizeof *details);
    Jumun__Rpc__V1__FieldError *field = arena_alloc(arena, sizeof *field);
    Jumun__Rpc__V1__FieldError **fields = arena_alloc(arena, sizeof(void *));

    if (fault->pointer == NULL || details == NULL || field == NULL || fields == NULL) {
        return NULL;
    }
    jumun__rpc__v1__field_error__init(field);
    field->pointer = proto_text(fault->pointer);
    field->code = proto_text(fault->code);
    field->detail = proto_text(fault->detail);
    fields[0] = field;
    jumun__rpc__v1__error_details__init(details);
    details->fields = fields;
    details->n_fields = 1;
    return details;
}

static const Jumun__Rpc__V1__ErrorDetails *shortage_details(const PlaceOrder *item, Arena *arena)
{
    size_t count = item->shortage_count;
    Jumun__Rpc__V1__ErrorDetails *details = arena_alloc(arena, sizeof *details);
    Jumun__Rpc__V1__StockShortage **list = arena_calloc(arena, count, sizeof *list);
    Jumun__Rpc__V1__StockShortage *items = arena_calloc(arena, count, sizeof *items);

    if (details == NULL || list == NULL || items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        jumun__rpc__v1__stock_shortage__init(&items[i]);
        items[i].product_id = item->shortages[i].product.value;
        items[i].requested = item->shortages[i].requested;
        items[i].available = item->shortages[i].available;
        list[i] = &items[i];
    }
    jumun__rpc__v1__error_details__init(details);
    details->items = list;
    details->n_items = count;
    return details;
}

const Jumun__Rpc__V1__ErrorDetails *place_order_details(const PlaceOrder *item, Arena *arena)
{
    FieldFault fault = { NULL, "PRODUCT_NOT_FOUND", "no such product" };

    if (item->shortage_count > 0) {
        return shortage_details(item, arena);
    }
    if (strcmp(item->status.name, "PRODUCT_NOT_FOUND") == 0) {
        (void)line_fault(arena, item->position, "productId", fault, &fault);
        return fault_details(&fault, arena);
    }
    if (strcmp(item->status.name, "VALIDATION") == 0) {
        fault = (FieldFault){ "/lines", "OUT_OF_RANGE", "the total is beyond 10^15" };
        return fault_details(&fault, arena);
    }
    return NULL;
}

/* -- events -- */

/* A provider's words go into the timeline only if they are plain text. */
static const char *plain(const char *text)
{
    return text_is_line(text, 0, REASON_MAX) ? text : "";
}

static const char *describe_shortages(const Jumun__Event__V1__StockRejected *message, Arena *arena)
{
    char text[ORDER_DETAIL_MAX + 1] = "";
    size_t size = 0;

    for (size_t i = 0; i < message->n_items && size < sizeof text - 80; i++) {
        const Jumun__Rpc__V1__StockShortage *item = message->items[i];

        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "%sproduct %" PRIu64 ": %" PRIu32 " asked, %" PRId64 " left",
                                 i == 0 ? "" : "; ", item->product_id, item->requested,
                                 item->available);
    }
    const char *copy = arena_copy(arena, text, size);
    return copy == NULL ? "" : copy;
}

static const struct EventType {
    const char *name;
    OrderEvent event;
    const ProtobufCMessageDescriptor *payload;
} event_types[] = {
    { "stock.reserved", ORDER_HEARS_STOCK_RESERVED, &jumun__event__v1__stock_reserved__descriptor },
    { "stock.rejected", ORDER_HEARS_STOCK_REJECTED, &jumun__event__v1__stock_rejected__descriptor },
    { "stock.released", ORDER_HEARS_STOCK_RELEASED, &jumun__event__v1__stock_released__descriptor },
    { "payment.captured", ORDER_HEARS_PAYMENT_CAPTURED,
      &jumun__event__v1__payment_captured__descriptor },
    { "payment.declined", ORDER_HEARS_PAYMENT_DECLINED,
      &jumun__event__v1__payment_declined__descriptor },
    { "payment.unknown", ORDER_HEARS_PAYMENT_UNKNOWN,
      &jumun__event__v1__payment_unknown__descriptor },
};

static void read_payload(const ProtobufCMessage *payload, Arena *arena, OrderNews *news)
{
    news->detail = "";
    if (news->event == ORDER_HEARS_STOCK_REJECTED) {
        news->detail = describe_shortages((const Jumun__Event__V1__StockRejected *)payload, arena);
    } else if (news->event == ORDER_HEARS_PAYMENT_CAPTURED) {
        const Jumun__Event__V1__PaymentCaptured *captured =
            (const Jumun__Event__V1__PaymentCaptured *)payload;
        news->attempt = captured->attempt;
        news->amount = (Money){ captured->amount };
        news->detail = plain(captured->reference);
    } else if (news->event == ORDER_HEARS_PAYMENT_DECLINED) {
        const Jumun__Event__V1__PaymentDeclined *declined =
            (const Jumun__Event__V1__PaymentDeclined *)payload;
        news->attempt = declined->attempt;
        news->detail = plain(declined->reason);
    } else if (news->event == ORDER_HEARS_PAYMENT_UNKNOWN) {
        news->attempt = ((const Jumun__Event__V1__PaymentUnknown *)payload)->attempt;
    }
}

Status order_step_from_event(const Event *event, Arena *arena, OrderStep *ret_step)
{
    const struct EventType *type = NULL;

    for (size_t i = 0; i < sizeof event_types / sizeof event_types[0] && type == NULL; i++) {
        type = strcmp(event_types[i].name, event->type) == 0 ? &event_types[i] : NULL;
    }
    if (type == NULL) {
        return status_make(STATUS_UNIMPLEMENTED, "UNKNOWN_TYPE");
    }
    if (event->id.value == 0 || event->order.value == 0) {
        return status_make(STATUS_INVALID_ARGUMENT, "MALFORMED");
    }
    const ProtobufCMessage *payload =
        proto_unpack(type->payload, event->payload, event->payload_size, arena);
    if (payload == NULL) {
        return status_make(STATUS_INVALID_ARGUMENT, "MALFORMED");
    }
    OrderStep step = {
        .event_id = event->id,
        .order_id = event->order,
        .news = { .event = type->event },
        .trace_parent = trace_parent_or_none(event->trace_parent),
    };
    read_payload(payload, arena, &step.news);
    *ret_step = step;
    return status_ok();
}
