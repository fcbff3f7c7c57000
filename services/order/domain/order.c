#include "services/order/domain/order.h"

#include <assert.h>

typedef enum Verdict {
    MOVES = 1, /* a timeline row, and perhaps another state */
    REPEATS,   /* asks again; only the order's time moves */
    DROPS,     /* its effect is there already */
} Verdict;

/* The saga, whole: in this state, on this event, do this, go there and ask for that.
 * What is not listed is refused. */
typedef struct Step {
    OrderState from;
    OrderEvent event;
    Verdict verdict;
    OrderState to;
    OrderCommand command;
    const char *reason;
} Step;

/* clang-format off */
static const Step steps[] = {
    { ORDER_PENDING,   ORDER_HEARS_STOCK_RESERVED, MOVES,   ORDER_RESERVED,  ORDER_ASKS_NOTHING, "" },
    { ORDER_PENDING,   ORDER_HEARS_STOCK_REJECTED, MOVES,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "OUT_OF_STOCK" },
    { ORDER_PENDING,   ORDER_HOLD_OVER,            MOVES,   ORDER_EXPIRED,   ORDER_ASKS_RELEASE, "HOLD_EXPIRED" },
    { ORDER_PENDING,   ORDER_STALLED,              REPEATS, ORDER_PENDING,   ORDER_ASKS_RESERVE, "" },
    { ORDER_PENDING,   ORDER_LOST,                 MOVES,   ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING, "STALLED" },

    { ORDER_RESERVED,  ORDER_HEARS_STOCK_RESERVED, DROPS,   ORDER_RESERVED,  ORDER_ASKS_NOTHING, "" },
    { ORDER_RESERVED,  ORDER_PAYMENT_ASKED,        MOVES,   ORDER_PAYING,    ORDER_ASKS_CHARGE,  "" },
    { ORDER_RESERVED,  ORDER_HOLD_OVER,            MOVES,   ORDER_EXPIRED,   ORDER_ASKS_RELEASE, "HOLD_EXPIRED" },
    { ORDER_RESERVED,  ORDER_STALLED,              DROPS,   ORDER_RESERVED,  ORDER_ASKS_NOTHING, "" },
    { ORDER_RESERVED,  ORDER_LOST,                 MOVES,   ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING, "STALLED" },

    { ORDER_PAYING,    ORDER_HEARS_STOCK_RESERVED,   DROPS,   ORDER_PAYING,         ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYING,    ORDER_HEARS_PAYMENT_CAPTURED, MOVES,   ORDER_COMPLETED,      ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYING,    ORDER_HEARS_PAYMENT_DECLINED, MOVES,   ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYING,    ORDER_HEARS_PAYMENT_UNKNOWN,  MOVES,   ORDER_PAYING,         ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYING,    ORDER_HOLD_OVER,              DROPS,   ORDER_PAYING,         ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYING,    ORDER_STALLED,                REPEATS, ORDER_PAYING,         ORDER_ASKS_CHARGE,  "" },
    { ORDER_PAYING,    ORDER_LOST,                   MOVES,   ORDER_NEEDS_REVIEW,   ORDER_ASKS_NOTHING, "STALLED" },

    { ORDER_PAYMENT_FAILED, ORDER_HEARS_STOCK_RESERVED,   DROPS, ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYMENT_FAILED, ORDER_HEARS_PAYMENT_DECLINED, DROPS, ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYMENT_FAILED, ORDER_HEARS_PAYMENT_UNKNOWN,  DROPS, ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYMENT_FAILED, ORDER_PAYMENT_ASKED,          MOVES, ORDER_PAYING,         ORDER_ASKS_CHARGE,  "" },
    { ORDER_PAYMENT_FAILED, ORDER_GIVEN_UP,               MOVES, ORDER_CANCELLED,      ORDER_ASKS_RELEASE, "PAYMENT_DECLINED" },
    { ORDER_PAYMENT_FAILED, ORDER_HOLD_OVER,              MOVES, ORDER_CANCELLED,      ORDER_ASKS_RELEASE, "PAYMENT_DECLINED" },
    { ORDER_PAYMENT_FAILED, ORDER_STALLED,                DROPS, ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING, "" },
    { ORDER_PAYMENT_FAILED, ORDER_LOST,                   MOVES, ORDER_NEEDS_REVIEW,   ORDER_ASKS_NOTHING, "STALLED" },

    { ORDER_COMPLETED, ORDER_HEARS_STOCK_RESERVED,   DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },
    { ORDER_COMPLETED, ORDER_HEARS_PAYMENT_CAPTURED, DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },
    { ORDER_COMPLETED, ORDER_HEARS_PAYMENT_UNKNOWN,  DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },
    { ORDER_COMPLETED, ORDER_HOLD_OVER,              DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },
    { ORDER_COMPLETED, ORDER_STALLED,                DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },
    { ORDER_COMPLETED, ORDER_LOST,                   DROPS, ORDER_COMPLETED, ORDER_ASKS_NOTHING, "" },

    /* A reservation that comes too late is undone. The release of an ended order that
     * nobody confirms is asked for again. */
    { ORDER_CANCELLED, ORDER_HEARS_STOCK_RESERVED,   REPEATS, ORDER_CANCELLED, ORDER_ASKS_RELEASE, "" },
    { ORDER_CANCELLED, ORDER_HEARS_STOCK_REJECTED,   DROPS,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "" },
    { ORDER_CANCELLED, ORDER_HEARS_STOCK_RELEASED,   MOVES,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "" },
    { ORDER_CANCELLED, ORDER_HEARS_PAYMENT_DECLINED, DROPS,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "" },
    { ORDER_CANCELLED, ORDER_HEARS_PAYMENT_UNKNOWN,  DROPS,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "" },
    { ORDER_CANCELLED, ORDER_HOLD_OVER,              DROPS,   ORDER_CANCELLED, ORDER_ASKS_NOTHING, "" },
    { ORDER_CANCELLED, ORDER_STALLED,                REPEATS, ORDER_CANCELLED, ORDER_ASKS_RELEASE, "" },
    { ORDER_CANCELLED, ORDER_LOST,                   MOVES,   ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING, "STALLED" },

    { ORDER_EXPIRED,   ORDER_HEARS_STOCK_RESERVED,   REPEATS, ORDER_EXPIRED,   ORDER_ASKS_RELEASE, "" },
    { ORDER_EXPIRED,   ORDER_HEARS_STOCK_REJECTED,   DROPS,   ORDER_EXPIRED,   ORDER_ASKS_NOTHING, "" },
    { ORDER_EXPIRED,   ORDER_HEARS_STOCK_RELEASED,   MOVES,   ORDER_EXPIRED,   ORDER_ASKS_NOTHING, "" },
    { ORDER_EXPIRED,   ORDER_HOLD_OVER,              DROPS,   ORDER_EXPIRED,   ORDER_ASKS_NOTHING, "" },
    { ORDER_EXPIRED,   ORDER_STALLED,                REPEATS, ORDER_EXPIRED,   ORDER_ASKS_RELEASE, "" },
    { ORDER_EXPIRED,   ORDER_LOST,                   MOVES,   ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING, "STALLED" },
};
/* clang-format on */

/* How the timeline tells of each event. */
static const struct Telling {
    const char *type;
    const char *service;
} tellings[ORDER_EVENT_MAX + 1] = {
    [ORDER_HEARS_STOCK_RESERVED] = { "stock.reserved", "product" },
    [ORDER_HEARS_STOCK_REJECTED] = { "stock.rejected", "product" },
    [ORDER_HEARS_STOCK_RELEASED] = { "stock.released", "product" },
    [ORDER_HEARS_PAYMENT_CAPTURED] = { "payment.captured", "payment" },
    [ORDER_HEARS_PAYMENT_DECLINED] = { "payment.declined", "payment" },
    [ORDER_HEARS_PAYMENT_UNKNOWN] = { "payment.unknown", "payment" },
    [ORDER_PAYMENT_ASKED] = { "payment.requested", "order" },
    [ORDER_GIVEN_UP] = { "order.cancelled", "order" },
    [ORDER_HOLD_OVER] = { "order.expired", "order" },
    [ORDER_STALLED] = { "order.stalled", "order" },
    [ORDER_LOST] = { "order.needs_review", "order" },
};

static const char *const state_names[] = {
    "UNSPECIFIED",        "PENDING",   "RESERVED",     "PAYING",     "PAYMENT_FAILED",
    "COMPLETED",          "CANCELLED", "EXPIRED",      "CANCELLING", "REFUNDING",
    "PARTIALLY_REFUNDED", "REFUNDED",  "NEEDS_REVIEW",
};

static bool total_lines(Order *order)
{
    Money total = { 0 };
    uint32_t item_count = 0;

    for (size_t i = 0; i < order->line_count; i++) {
        OrderLine *line = &order->lines[i];

        if (line->quantity < 1 || line->quantity > ORDER_QUANTITY_MAX ||
            line->unit_price.minor < 0 ||
            !money_times(line->unit_price, line->quantity, &line->line_total) ||
            !money_add(&total, line->line_total)) {
            return false;
        }
        item_count += line->quantity;
    }
    order->total = total;
    order->item_count = item_count;
    return true;
}

Status order_place(Order *order, const OrderRules *rules, int64_t now_us)
{
    if (order->line_count == 0 || order->line_count > ORDER_LINES_MAX || !total_lines(order)) {
        return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
    }
    order->state = ORDER_PENDING;
    order->reason = "";
    order->currency = rules->currency;
    order->payment = ORDER_PAYMENT_NONE;
    order->payment_attempt = 0;
    order->hold_expires_at_us = now_us + rules->hold_us;
    order->created_at_us = now_us;
    order->updated_at_us = now_us;
    order->version = 1;
    order->open = true;
    return status_ok();
}

void order_rewind(Order *order)
{
    order->state = ORDER_PENDING;
    order->reason = "";
    order->payment = ORDER_PAYMENT_NONE;
    order->payment_attempt = 0;
    order->updated_at_us = order->created_at_us;
    order->version = 1;
    order->open = true;
}

static const Step *find_step(OrderState from, OrderEvent event)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].from == from && steps[i].event == event) {
            return &steps[i];
        }
    }
    return NULL;
}

/* What an event says about the payment; other events leave it as it is. */
static OrderPaymentState payment_after(OrderEvent event, OrderPaymentState before)
{
    switch (event) {
    case ORDER_PAYMENT_ASKED:
        return ORDER_PAYMENT_PENDING;
    case ORDER_HEARS_PAYMENT_CAPTURED:
        return ORDER_PAYMENT_CAPTURED;
    case ORDER_HEARS_PAYMENT_DECLINED:
        return ORDER_PAYMENT_DECLINED;
    case ORDER_HEARS_PAYMENT_UNKNOWN:
        return ORDER_PAYMENT_UNKNOWN;
    case ORDER_HEARS_STOCK_RESERVED:
    case ORDER_HEARS_STOCK_REJECTED:
    case ORDER_HEARS_STOCK_RELEASED:
    case ORDER_GIVEN_UP:
    case ORDER_HOLD_OVER:
    case ORDER_STALLED:
    case ORDER_LOST:
        break;
    }
    return before;
}

static void take_step(Order *order, const Step *step, int64_t now_us, OrderOutcome *outcome)
{
    if (step->verdict == DROPS) {
        return;
    }
    outcome->touched = true;
    outcome->command = step->command;
    order->updated_at_us = now_us;
    if (step->verdict == MOVES) {
        assert(outcome->move_count < ORDER_MOVES_MAX);
        outcome->moves[outcome->move_count++] = (OrderMove){ step->event, step->from, step->to };
        order->state = step->to;
        order->version++;
        order->payment = payment_after(step->event, order->payment);
        order->payment_attempt += step->event == ORDER_PAYMENT_ASKED ? 1 : 0;
        order->reason = step->reason[0] != '\0' ? step->reason : order->reason;
    }
    order->open = !order_state_is_final(order->state) || step->command == ORDER_ASKS_RELEASE;
    if (order_state_is_final(order->state)) {
        order->payment_token = "";
    }
}

/* What follows at once from the state just reached; 0 for nothing. */
static OrderEvent follow_up(const Order *order, const OrderRules *rules, int64_t now_us)
{
    bool attempt_left = order->payment_attempt < rules->payment_attempts_max;

    if (order->state == ORDER_RESERVED && order->payment_token[0] != '\0' && attempt_left) {
        return ORDER_PAYMENT_ASKED;
    }
    if (order->state == ORDER_PAYMENT_FAILED &&
        (!attempt_left || now_us >= order->hold_expires_at_us)) {
        return ORDER_GIVEN_UP;
    }
    return (OrderEvent)0;
}

/* News of an earlier charge, or said before, changes nothing; of a charge never asked
 * for, or of money taken by an earlier one, somebody must look at. */
static Status check_payment(const Order *order, const OrderNews *news, bool *ret_stale)
{
    bool captured = news->event == ORDER_HEARS_PAYMENT_CAPTURED;

    if (news->attempt > order->payment_attempt || news->attempt == 0 ||
        (captured && news->attempt < order->payment_attempt)) {
        return status_make(STATUS_FAILED_PRECONDITION, "INVALID_STATE");
    }
    if (captured && news->amount.minor != order->total.minor) {
        return status_make(STATUS_FAILED_PRECONDITION, "AMOUNT_MISMATCH");
    }
    *ret_stale =
        news->attempt < order->payment_attempt ||
        (news->event == ORDER_HEARS_PAYMENT_UNKNOWN && order->payment == ORDER_PAYMENT_UNKNOWN);
    return status_ok();
}

/* Is the news older than what the order knows? Decided on the locked order, so that two
 * sweeps, or a sweep and an answer, do not act on the same thing twice. */
static Status check_news(const Order *order, const OrderNews *news, const OrderRules *rules,
                         int64_t now_us, bool *ret_stale)
{
    switch (news->event) {
    case ORDER_HEARS_PAYMENT_CAPTURED:
    case ORDER_HEARS_PAYMENT_DECLINED:
    case ORDER_HEARS_PAYMENT_UNKNOWN:
        return check_payment(order, news, ret_stale);
    case ORDER_HEARS_STOCK_RELEASED:
        *ret_stale = order_state_is_final(order->state) && !order->open;
        break;
    case ORDER_HOLD_OVER:
        *ret_stale = now_us < order->hold_expires_at_us;
        break;
    case ORDER_STALLED:
        *ret_stale = !order->open || now_us - order->updated_at_us < rules->stall_us;
        break;
    case ORDER_LOST:
        *ret_stale = !order->open || now_us - order->updated_at_us < rules->stall_us ||
                     now_us - order->created_at_us < ORDER_LOST_AFTER_US;
        break;
    case ORDER_HEARS_STOCK_RESERVED:
    case ORDER_HEARS_STOCK_REJECTED:
    case ORDER_PAYMENT_ASKED:
    case ORDER_GIVEN_UP:
        break;
    }
    return status_ok();
}

Status order_advance(Order *order, const OrderNews *news, const OrderRules *rules, int64_t now_us,
                     OrderOutcome *ret_outcome)
{
    OrderOutcome outcome = { 0 };
    bool stale = false;

    assert(order->state >= ORDER_PENDING && order->state <= ORDER_NEEDS_REVIEW);
    assert(news->event >= ORDER_HEARS_STOCK_RESERVED && news->event <= ORDER_LOST);
    Status status = check_news(order, news, rules, now_us, &stale);
    if (status_failed(status)) {
        return status;
    }
    const Step *step = stale ? NULL : find_step(order->state, news->event);
    if (step == NULL && !stale) {
        return status_make(STATUS_FAILED_PRECONDITION, "INVALID_STATE");
    }
    if (step != NULL) {
        take_step(order, step, now_us, &outcome);
        OrderEvent next = follow_up(order, rules, now_us);
        if (outcome.move_count == 1 && next != 0) {
            take_step(order, find_step(order->state, next), now_us, &outcome);
        }
    }
    *ret_outcome = outcome;
    return status_ok();
}

bool order_state_is_final(OrderState state)
{
    return state == ORDER_COMPLETED || state == ORDER_CANCELLED || state == ORDER_EXPIRED ||
           state == ORDER_PARTIALLY_REFUNDED || state == ORDER_REFUNDED ||
           state == ORDER_NEEDS_REVIEW;
}

bool order_state_waits_for_member(OrderState state)
{
    return state == ORDER_RESERVED || state == ORDER_PAYMENT_FAILED;
}

const char *order_state_name(OrderState state)
{
    return state >= ORDER_PENDING && state <= ORDER_NEEDS_REVIEW ? state_names[state]
                                                                 : state_names[0];
}

const char *order_event_type(OrderEvent event)
{
    return tellings[event].type;
}

const char *order_event_service(OrderEvent event)
{
    return tellings[event].service;
}
