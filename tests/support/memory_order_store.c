#include "tests/support/memory_order_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct MemoryOrderStore {
    OrderStore port;
    MemoryOrders *db;
} MemoryOrderStore;

/* -- faults -- */

static bool hits(Fault *fault)
{
    if (fault == NULL || fault->countdown == 0) {
        return false;
    }
    if (fault->countdown > 1) {
        fault->countdown--;
        return false;
    }
    fault->fired = true;
    fault->countdown = fault->for_ever ? 1 : 0;
    return true;
}

bool fault_before(Fault *fault)
{
    return fault != NULL && !fault->after && hits(fault);
}

bool fault_after(Fault *fault)
{
    return fault != NULL && fault->after && hits(fault);
}

Status fault_status(const Fault *fault)
{
    if (fault->code != STATUS_OK) {
        return status_make(fault->code, "FAULT");
    }
    return fault->after ? status_make(STATUS_UNKNOWN, "UNKNOWN")
                        : status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
}

/* -- the database -- */

static const char *keep_text(MemoryOrders *db, const char *text)
{
    const char *copy = arena_copy(&db->arena, text, strlen(text));

    assert(copy != NULL);
    return copy;
}

static Order keep_order(MemoryOrders *db, const Order *order)
{
    Order copy = *order;

    copy.reason = keep_text(db, order->reason);
    copy.currency = keep_text(db, order->currency);
    copy.payment_token = keep_text(db, order->payment_token);
    copy.trace_parent = keep_text(db, order->trace_parent);
    copy.lines = arena_calloc(&db->arena, order->line_count, sizeof *copy.lines);
    assert(copy.lines != NULL);
    for (size_t i = 0; i < order->line_count; i++) {
        copy.lines[i] = order->lines[i];
        copy.lines[i].name = keep_text(db, order->lines[i].name);
        copy.lines[i].position = (uint32_t)i;
    }
    return copy;
}

Order *memory_orders_find(MemoryOrders *orders, OrderId id)
{
    for (size_t i = 0; i < orders->order_count; i++) {
        if (orders->orders[i].id.value == id.value) {
            return &orders->orders[i];
        }
    }
    return NULL;
}

static void add_event(MemoryOrders *db, OrderId order, OrderEntry entry)
{
    assert(db->event_count < MEMORY_EVENTS_MAX);
    entry.detail = keep_text(db, entry.detail);
    db->events[db->event_count++] = (MemoryEvent){ order, entry };
}

static void add_command(MemoryOrders *db, OrderCommand command, const Order *order)
{
    assert(db->outbox_count < MEMORY_EVENTS_MAX);
    db->outbox[db->outbox_count++] =
        (MemoryCommand){ ++db->next_id, command, keep_order(db, order) };
}

static bool same_key(const RequestKey *left, const RequestKey *right)
{
    return left->member.value == right->member.value && strcmp(left->text, right->text) == 0;
}

/* -- the port -- */

static Status find_requests(OrderStore *store, const RequestKey *const *keys, size_t count,
                            RequestRecord *ret_records)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        ret_records[i] = (RequestRecord){ 0 };
        for (size_t j = 0; j < db->key_count; j++) {
            if (same_key(&db->keys[j].key, keys[i])) {
                ret_records[i].found = true;
                ret_records[i].order = db->keys[j].order;
                memcpy(ret_records[i].hash, db->keys[j].key.hash, REQUEST_HASH_SIZE);
            }
        }
    }
    return status_ok();
}

static Status find_orders(OrderStore *store, Arena *arena, const OrderId *ids, size_t count,
                          Order **ret_orders)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        const Order *order = memory_orders_find(db, ids[i]);

        ret_orders[i] = order == NULL ? NULL : arena_alloc(arena, sizeof *order);
        if (order != NULL) {
            *ret_orders[i] = *order;
        }
    }
    return status_ok();
}

static bool is_taken(MemoryOrders *db, const NewOrder *orders, size_t count, size_t at)
{
    for (size_t i = 0; i < db->key_count; i++) {
        if (same_key(&db->keys[i].key, orders[at].key)) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (i != at && (same_key(orders[i].key, orders[at].key) ||
                        orders[i].order->id.value == orders[at].order->id.value)) {
            return true;
        }
    }
    return memory_orders_find(db, orders[at].order->id) != NULL;
}

static Status append(OrderStore *store, const NewOrder *orders, size_t count)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_taken(db, orders, count, i)) {
            return status_make(STATUS_ALREADY_EXISTS, "ALREADY_EXISTS");
        }
    }
    for (size_t i = 0; i < count; i++) {
        Order order = keep_order(db, orders[i].order);

        assert(db->order_count < MEMORY_ORDERS_MAX);
        db->orders[db->order_count++] = order;
        db->keys[db->key_count].key = *orders[i].key;
        db->keys[db->key_count].key.text = keep_text(db, orders[i].key->text);
        db->keys[db->key_count++].order = order.id;
        add_event(db, order.id,
                  (OrderEntry){ 1, order.created_at_us, ORDER_PLACED_SERVICE, ORDER_PLACED_TYPE,
                                (OrderState)0, ORDER_PENDING, "", "" });
        add_command(db, ORDER_ASKS_RESERVE, &order);
    }
    return fault_after(db->fault) ? fault_status(db->fault) : status_ok();
}

static Status confirm(OrderStore *store, const OrderId *ids, size_t count, bool *ret_exist)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        ret_exist[i] = memory_orders_find(db, ids[i]) != NULL;
    }
    return status_ok();
}

static bool is_heard(const MemoryOrders *db, EventId id)
{
    for (size_t i = 0; i < db->inbox_count; i++) {
        if (db->inbox[i].value == id.value) {
            return true;
        }
    }
    return false;
}

static void store_step(MemoryOrders *db, const OrderStep *step, const Order *order, int64_t now_us)
{
    const OrderOutcome *outcome = &step->outcome;

    for (size_t i = 0; i < outcome->move_count; i++) {
        const OrderMove *move = &outcome->moves[i];

        add_event(db, order->id,
                  (OrderEntry){ order->version - (uint32_t)outcome->move_count + 1 + (uint32_t)i,
                                now_us, order_event_service(move->event),
                                order_event_type(move->event), move->from, move->to,
                                i == 0 ? step->news.detail : order->reason, "" });
    }
    if (outcome->command != ORDER_ASKS_NOTHING) {
        add_command(db, outcome->command, order);
    }
}

static Status advance(OrderStore *store, Arena *arena, OrderStep *const *steps, size_t count,
                      const OrderDecision *decision)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        OrderStep *step = steps[i];
        Order *stored = memory_orders_find(db, step->order_id);

        step->status = status_ok();
        if (step->event_id.value != 0 && is_heard(db, step->event_id)) {
            continue;
        }
        if (stored == NULL) {
            step->status = status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
            continue;
        }
        Order order = *stored;
        decision->decide(decision->context, step, &order);
        if (status_failed(step->status)) {
            continue;
        }
        if (step->event_id.value != 0) {
            db->inbox[db->inbox_count++] = step->event_id;
        }
        if (step->outcome.touched) {
            Order *copy = arena_alloc(arena, sizeof *copy);

            *stored = order;
            *copy = order;
            step->order = copy;
            store_step(db, step, &order, decision->now_us);
        }
    }
    return fault_after(db->fault) ? fault_status(db->fault) : status_ok();
}

static int64_t moved_at_us(const MemoryOrders *db, const Order *order)
{
    int64_t at_us = 0;

    for (size_t i = 0; i < db->event_count; i++) {
        at_us = db->events[i].order.value == order->id.value ? db->events[i].entry.at_us : at_us;
    }
    return at_us;
}

static bool is_stalled(const MemoryOrders *db, const Order *order, const OrderDue *due)
{
    if (order->updated_at_us >= due->before_us ||
        (order->state != ORDER_PENDING && order->state != ORDER_PAYING &&
         order->state != ORDER_CANCELLED && order->state != ORDER_EXPIRED)) {
        return false;
    }
    int64_t waited_us = order->updated_at_us - moved_at_us(db, order);
    int64_t wait_us = waited_us < ORDER_REPEAT_WAIT_MAX_US ? waited_us : ORDER_REPEAT_WAIT_MAX_US;
    return due->now_us - order->updated_at_us >= wait_us &&
           (due->event != ORDER_LOST || waited_us >= ORDER_LOST_AFTER_US);
}

static bool is_due(const MemoryOrders *db, const Order *order, const OrderDue *due)
{
    if (!order->open || order->id.value >= due->id_below) {
        return false;
    }
    if (due->event != ORDER_HOLD_OVER) {
        return is_stalled(db, order, due);
    }
    return order->hold_expires_at_us <= due->before_us &&
           (order->state == ORDER_PENDING || order->state == ORDER_RESERVED ||
            order->state == ORDER_PAYMENT_FAILED);
}

static int compare_asked(const void *left, const void *right)
{
    const Order *a = *(const Order *const *)left;
    const Order *b = *(const Order *const *)right;

    if (a->updated_at_us != b->updated_at_us) {
        return a->updated_at_us < b->updated_at_us ? -1 : 1;
    }
    return (a->id.value > b->id.value) - (a->id.value < b->id.value);
}

static Status find_due(OrderStore *store, const OrderDue *due, OrderId *ret_ids, size_t *ret_count)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;
    const Order *found[MEMORY_ORDERS_MAX];
    size_t count = 0;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < db->order_count; i++) {
        if (is_due(db, &db->orders[i], due)) {
            found[count++] = &db->orders[i];
        }
    }
    if (due->event != ORDER_HOLD_OVER && count > 0) {
        qsort(found, count, sizeof(Order *), compare_asked);
    }
    count = count < due->max ? count : due->max;
    for (size_t i = 0; i < count; i++) {
        ret_ids[i] = found[i]->id;
    }
    *ret_count = count;
    return status_ok();
}

static Status find_states(OrderStore *store, const OrderId *ids, size_t count,
                          OrderState *ret_states)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        const Order *order = memory_orders_find(db, ids[i]);
        ret_states[i] = order == NULL ? (OrderState)0 : order->state;
    }
    return status_ok();
}

static int64_t units_in(const Order *order, ProductId product)
{
    int64_t units = 0;

    for (size_t i = 0; order->state == ORDER_PENDING && i < order->line_count; i++) {
        units += order->lines[i].product.value == product.value ? order->lines[i].quantity : 0;
    }
    return units;
}

static Status pending_units(OrderStore *store, const ProductId *products, size_t count,
                            int64_t *ret_units)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;

    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < count; i++) {
        ret_units[i] = 0;
        for (size_t j = 0; j < db->order_count; j++) {
            ret_units[i] += units_in(&db->orders[j], products[i]);
        }
    }
    return status_ok();
}

/* Keys by the age of their order; the inbox keeps no time here, so all of it may go only
 * when asked for everything. */
static Status purge(OrderStore *store, int64_t inbox_before_us, int64_t keys_before_us)
{
    MemoryOrders *db = ((MemoryOrderStore *)store)->db;
    size_t kept = 0;

    (void)inbox_before_us;
    if (fault_before(db->fault) || fault_after(db->fault)) {
        return fault_status(db->fault);
    }
    for (size_t i = 0; i < db->key_count; i++) {
        const Order *order = memory_orders_find(db, db->keys[i].order);
        if (order == NULL || order->created_at_us >= keys_before_us) {
            db->keys[kept++] = db->keys[i];
        }
    }
    db->key_count = kept;
    return status_ok();
}

static const OrderStoreOps ops = {
    .find_requests = find_requests,
    .find_orders = find_orders,
    .append = append,
    .confirm = confirm,
    .advance = advance,
    .find_due = find_due,
    .find_states = find_states,
    .pending_units = pending_units,
    .purge = purge,
};

MemoryOrders *memory_orders_open(Fault *fault)
{
    MemoryOrders *orders = calloc(1, sizeof *orders);

    assert(orders != NULL);
    arena_init(&orders->arena, (size_t)256 * 1024, (size_t)256 * 1024 * 1024);
    orders->fault = fault;
    return orders;
}

void memory_orders_close(MemoryOrders *orders)
{
    arena_deinit(&orders->arena);
    free(orders);
}

OrderStore *memory_order_store_open(MemoryOrders *orders)
{
    MemoryOrderStore *self = calloc(1, sizeof *self);

    assert(self != NULL);
    self->port.ops = &ops;
    self->db = orders;
    return &self->port;
}

void memory_order_store_close(OrderStore *store)
{
    free(store);
}

void memory_orders_check_timelines(const MemoryOrders *orders)
{
    for (size_t i = 0; i < orders->order_count; i++) {
        const Order *order = &orders->orders[i];
        OrderState state = (OrderState)0;
        uint32_t seq = 0;

        for (size_t j = 0; j < orders->event_count; j++) {
            const OrderEntry *entry = &orders->events[j].entry;

            if (orders->events[j].order.value == order->id.value) {
                seq++;
                assert(entry->seq == seq);
                assert(entry->from == state);
                state = entry->to;
            }
        }
        assert(seq == order->version);
        assert(state == order->state);
    }
}
