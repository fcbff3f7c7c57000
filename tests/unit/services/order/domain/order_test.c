#include <criterion/criterion.h>
#include <string.h>

#include "services/order/domain/hold.h"
#include "services/order/domain/order.h"

#define NOW_US INT64_C(1790000000000000)

static const OrderRules rules = { "KRW", 900 * US_PER_S, 3, 10 * US_PER_S };

/* What each event does in each state. What is not listed must be refused. */
typedef enum Fate {
    REFUSED,
    MOVES,
    REPEATS,
    DROPS,
} Fate;

typedef struct Cell {
    Fate fate;
    OrderState to;
    OrderCommand command;
} Cell;

#define TO(state, command)                                                                         \
    {                                                                                              \
        MOVES, state, command                                                                      \
    }
#define AGAIN(command)                                                                             \
    {                                                                                              \
        REPEATS, (OrderState)0, command                                                            \
    }
#define DROP                                                                                       \
    {                                                                                              \
        DROPS, (OrderState)0, ORDER_ASKS_NOTHING                                                   \
    }

static const Cell table[ORDER_NEEDS_REVIEW + 1][ORDER_EVENT_MAX + 1] = {
    [ORDER_PENDING] = {
        [ORDER_HEARS_STOCK_RESERVED] = TO(ORDER_RESERVED, ORDER_ASKS_NOTHING),
        [ORDER_HEARS_STOCK_REJECTED] = TO(ORDER_CANCELLED, ORDER_ASKS_NOTHING),
        [ORDER_HOLD_OVER] = TO(ORDER_EXPIRED, ORDER_ASKS_RELEASE),
        [ORDER_STALLED] = AGAIN(ORDER_ASKS_RESERVE),
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
    [ORDER_RESERVED] = {
        [ORDER_HEARS_STOCK_RESERVED] = DROP,
        [ORDER_PAYMENT_ASKED] = TO(ORDER_PAYING, ORDER_ASKS_CHARGE),
        [ORDER_HOLD_OVER] = TO(ORDER_EXPIRED, ORDER_ASKS_RELEASE),
        [ORDER_STALLED] = DROP,
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
    [ORDER_PAYING] = {
        [ORDER_HEARS_STOCK_RESERVED] = DROP,
        [ORDER_HEARS_PAYMENT_CAPTURED] = TO(ORDER_COMPLETED, ORDER_ASKS_NOTHING),
        [ORDER_HEARS_PAYMENT_DECLINED] = TO(ORDER_PAYMENT_FAILED, ORDER_ASKS_NOTHING),
        [ORDER_HEARS_PAYMENT_UNKNOWN] = TO(ORDER_PAYING, ORDER_ASKS_NOTHING),
        [ORDER_HOLD_OVER] = DROP,
        [ORDER_STALLED] = AGAIN(ORDER_ASKS_CHARGE),
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
    [ORDER_PAYMENT_FAILED] = {
        [ORDER_HEARS_STOCK_RESERVED] = DROP,
        [ORDER_HEARS_PAYMENT_DECLINED] = DROP,
        [ORDER_HEARS_PAYMENT_UNKNOWN] = DROP,
        [ORDER_PAYMENT_ASKED] = TO(ORDER_PAYING, ORDER_ASKS_CHARGE),
        [ORDER_GIVEN_UP] = TO(ORDER_CANCELLED, ORDER_ASKS_RELEASE),
        [ORDER_HOLD_OVER] = TO(ORDER_CANCELLED, ORDER_ASKS_RELEASE),
        [ORDER_STALLED] = DROP,
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
    [ORDER_COMPLETED] = {
        [ORDER_HEARS_STOCK_RESERVED] = DROP,
        [ORDER_HEARS_PAYMENT_CAPTURED] = DROP,
        [ORDER_HEARS_PAYMENT_UNKNOWN] = DROP,
        [ORDER_HOLD_OVER] = DROP,
        [ORDER_STALLED] = DROP,
        [ORDER_LOST] = DROP,
    },
    [ORDER_CANCELLED] = {
        [ORDER_HEARS_STOCK_RESERVED] = AGAIN(ORDER_ASKS_RELEASE),
        [ORDER_HEARS_STOCK_REJECTED] = DROP,
        [ORDER_HEARS_STOCK_RELEASED] = TO(ORDER_CANCELLED, ORDER_ASKS_NOTHING),
        [ORDER_HEARS_PAYMENT_DECLINED] = DROP,
        [ORDER_HEARS_PAYMENT_UNKNOWN] = DROP,
        [ORDER_HOLD_OVER] = DROP,
        [ORDER_STALLED] = AGAIN(ORDER_ASKS_RELEASE),
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
    [ORDER_EXPIRED] = {
        [ORDER_HEARS_STOCK_RESERVED] = AGAIN(ORDER_ASKS_RELEASE),
        [ORDER_HEARS_STOCK_REJECTED] = DROP,
        [ORDER_HEARS_STOCK_RELEASED] = TO(ORDER_EXPIRED, ORDER_ASKS_NOTHING),
        [ORDER_HOLD_OVER] = DROP,
        [ORDER_STALLED] = AGAIN(ORDER_ASKS_RELEASE),
        [ORDER_LOST] = TO(ORDER_NEEDS_REVIEW, ORDER_ASKS_NOTHING),
    },
};

#undef TO
#undef AGAIN
#undef DROP

/* Without a token nothing follows by itself; its time is over and it waits. */
static Order order_in(OrderState state)
{
    return (Order){ .state = state,
                    .reason = "",
                    .total = { 500 },
                    .payment_token = "",
                    .payment_attempt = 1,
                    .hold_expires_at_us = NOW_US,
                    .created_at_us = NOW_US - ORDER_LOST_AFTER_US,
                    .updated_at_us = NOW_US - 10 * US_PER_S,
                    .version = 7,
                    .open = true };
}

static void expect_fate(OrderState from, OrderEvent event)
{
    const Cell *cell = &table[from][event];
    Order order = order_in(from);
    OrderOutcome outcome = { 0 };
    OrderNews news = { .event = event, .attempt = 1, .amount = { 500 }, .detail = "" };
    OrderRules patient = rules;

    /* Keep PAYMENT_FAILED from being given up at once. */
    order.hold_expires_at_us = event == ORDER_HOLD_OVER ? NOW_US : NOW_US + 1;
    Status status = order_advance(&order, &news, &patient, NOW_US, &outcome);
    cr_expect_eq(status.code, cell->fate == REFUSED ? STATUS_FAILED_PRECONDITION : STATUS_OK,
                 "%s, %s", order_state_name(from), order_event_type(event));
    cr_expect_eq(order.state, cell->fate == MOVES ? cell->to : from, "%s, %s",
                 order_state_name(from), order_event_type(event));
    cr_expect_eq(outcome.command, cell->command, "%s, %s", order_state_name(from),
                 order_event_type(event));
    cr_expect_eq(outcome.move_count, cell->fate == MOVES ? 1 : 0, "%s, %s", order_state_name(from),
                 order_event_type(event));
    cr_expect_eq(order.version, 7 + outcome.move_count);
    cr_expect_eq(outcome.touched, cell->fate == MOVES || cell->fate == REPEATS);
    cr_expect_eq(order.updated_at_us, outcome.touched ? NOW_US : NOW_US - 10 * US_PER_S);
}

Test(order, moves_exactly_as_the_table_says)
{
    for (OrderState from = ORDER_PENDING; from <= ORDER_NEEDS_REVIEW; from++) {
        for (OrderEvent event = ORDER_HEARS_STOCK_RESERVED; event <= ORDER_LOST; event++) {
            expect_fate(from, event);
        }
    }
}

Test(order, with_a_token_pays_as_soon_as_its_stock_is_reserved)
{
    Order order = order_in(ORDER_PENDING);
    OrderOutcome outcome;
    OrderNews news = { .event = ORDER_HEARS_STOCK_RESERVED, .detail = "" };

    order.payment_token = "tok_ok";
    order.payment_attempt = 0;
    cr_assert_eq(order_advance(&order, &news, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(order.state, ORDER_PAYING);
    cr_expect_eq(order.payment, ORDER_PAYMENT_PENDING);
    cr_expect_eq(order.payment_attempt, 1);
    cr_expect_eq(order.version, 9);
    cr_expect_eq(outcome.command, ORDER_ASKS_CHARGE);
    cr_assert_eq(outcome.move_count, 2);
    cr_expect_eq(outcome.moves[0].to, ORDER_RESERVED);
    cr_expect_eq(outcome.moves[1].from, ORDER_RESERVED);
    cr_expect_str_eq(order.payment_token, "tok_ok");
}

static Order decline(uint32_t attempts_max, int64_t hold_expires_at_us, OrderOutcome *outcome)
{
    Order order = order_in(ORDER_PAYING);
    OrderRules few = rules;
    OrderNews news = { .event = ORDER_HEARS_PAYMENT_DECLINED, .attempt = 1, .detail = "" };

    few.payment_attempts_max = attempts_max;
    order.payment_token = "tok_declined";
    order.hold_expires_at_us = hold_expires_at_us;
    cr_assert_eq(order_advance(&order, &news, &few, NOW_US, outcome).code, STATUS_OK);
    return order;
}

Test(order, is_given_up_when_no_attempt_or_no_time_is_left)
{
    OrderOutcome outcome;

    Order order = decline(1, NOW_US + 1, &outcome);
    cr_expect_eq(order.state, ORDER_CANCELLED);
    cr_expect_str_eq(order.reason, "PAYMENT_DECLINED");
    cr_expect_str_eq(order.payment_token, "");
    cr_expect_eq(order.payment, ORDER_PAYMENT_DECLINED);
    cr_expect_eq(outcome.command, ORDER_ASKS_RELEASE);
    cr_expect_eq(outcome.move_count, 2);
    cr_expect(order.open, "it waits for its release");

    order = decline(3, NOW_US, &outcome);
    cr_expect_eq(order.state, ORDER_CANCELLED);

    order = decline(3, NOW_US + 1, &outcome);
    cr_expect_eq(order.state, ORDER_PAYMENT_FAILED);
    cr_expect_eq(outcome.command, ORDER_ASKS_NOTHING);
    cr_expect_eq(outcome.move_count, 1);
}

Test(order, believes_a_capture_only_of_its_own_charge_and_amount)
{
    static const struct {
        uint32_t attempt;
        int64_t amount;
        const char *name;
    } rows[] = {
        { 0, 500, "INVALID_STATE" },   { 1, 500, "INVALID_STATE" },   { 3, 500, "INVALID_STATE" },
        { 2, 499, "AMOUNT_MISMATCH" }, { 2, 501, "AMOUNT_MISMATCH" }, { 2, 500, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Order order = order_in(ORDER_PAYING);
        OrderOutcome outcome;
        OrderNews news = { ORDER_HEARS_PAYMENT_CAPTURED, rows[i].attempt, { rows[i].amount }, "" };

        order.payment_attempt = 2;
        Status status = order_advance(&order, &news, &rules, NOW_US, &outcome);
        cr_expect_str_eq(status.name, rows[i].name, "row %zu", i);
        cr_expect_eq(order.state, status_failed(status) ? ORDER_PAYING : ORDER_COMPLETED);
    }
}

Test(order, ignores_news_of_an_earlier_charge)
{
    Order order = order_in(ORDER_PAYING);
    OrderOutcome outcome;
    OrderNews news = { .event = ORDER_HEARS_PAYMENT_DECLINED, .attempt = 1, .detail = "" };

    order.payment_attempt = 2;
    cr_assert_eq(order_advance(&order, &news, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(order.state, ORDER_PAYING);
    cr_expect_not(outcome.touched);
}

Test(order, notes_an_unknown_outcome_once)
{
    Order order = order_in(ORDER_PAYING);
    OrderOutcome outcome;
    OrderNews news = { .event = ORDER_HEARS_PAYMENT_UNKNOWN, .attempt = 1, .detail = "" };

    cr_assert_eq(order_advance(&order, &news, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(order.payment, ORDER_PAYMENT_UNKNOWN);
    cr_expect_eq(outcome.move_count, 1);
    cr_assert_eq(order_advance(&order, &news, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(outcome.move_count, 0);
}

Test(order, is_closed_by_the_answer_to_its_release_and_opened_by_a_late_reservation)
{
    Order order = order_in(ORDER_CANCELLED);
    OrderOutcome outcome;
    OrderNews released = { .event = ORDER_HEARS_STOCK_RELEASED, .detail = "" };
    OrderNews reserved = { .event = ORDER_HEARS_STOCK_RESERVED, .detail = "" };

    cr_assert_eq(order_advance(&order, &released, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(order.open);
    cr_assert_eq(order_advance(&order, &released, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(outcome.touched, "said twice");
    cr_assert_eq(order_advance(&order, &reserved, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(outcome.command, ORDER_ASKS_RELEASE);
    cr_expect(order.open);
}

Test(order, is_not_stalled_or_expired_before_its_time)
{
    Order order = order_in(ORDER_PENDING);
    OrderOutcome outcome;
    OrderNews stalled = { .event = ORDER_STALLED, .detail = "" };
    OrderNews over = { .event = ORDER_HOLD_OVER, .detail = "" };

    order.updated_at_us++;
    order.hold_expires_at_us++;
    cr_assert_eq(order_advance(&order, &stalled, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(outcome.touched);
    cr_assert_eq(order_advance(&order, &over, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(outcome.touched);
    cr_expect_eq(order.state, ORDER_PENDING);
}

Test(order, goes_to_review_when_it_is_lost_and_to_nobody_else)
{
    Order order = order_in(ORDER_PAYING);
    OrderOutcome outcome;
    OrderNews lost = { .event = ORDER_LOST, .detail = "" };
    OrderNews captured = { ORDER_HEARS_PAYMENT_CAPTURED, 1, { 500 }, "" };

    order.payment_token = "tok_ok";
    order.created_at_us++;
    cr_assert_eq(order_advance(&order, &lost, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(outcome.touched, "not for a whole day yet");
    order.created_at_us--;
    order.updated_at_us++;
    cr_assert_eq(order_advance(&order, &lost, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_not(outcome.touched, "just asked again, or heard of");
    order.updated_at_us--;
    cr_assert_eq(order_advance(&order, &lost, &rules, NOW_US, &outcome).code, STATUS_OK);
    cr_expect_eq(order.state, ORDER_NEEDS_REVIEW);
    cr_expect_str_eq(order.reason, "STALLED");
    cr_expect_str_eq(order.payment_token, "");
    cr_expect_not(order.open);
    cr_expect_str_eq(order_event_type(outcome.moves[0].event), "order.needs_review");
    cr_expect_eq(order_advance(&order, &captured, &rules, NOW_US, &outcome).code,
                 STATUS_FAILED_PRECONDITION, "a late answer is parked");
}

Test(order, totals_its_lines_and_refuses_what_does_not_add_up)
{
    OrderLine lines[ORDER_LINES_MAX + 1];
    Order order = { .lines = lines, .line_count = 2, .payment_token = "" };

    lines[0] = (OrderLine){ .quantity = 3, .unit_price = { 100 } };
    lines[1] = (OrderLine){ .quantity = 9999, .unit_price = { 7 } };
    cr_assert_eq(order_place(&order, &rules, NOW_US).code, STATUS_OK);
    cr_expect_eq(order.total.minor, 300 + 9999 * 7);
    cr_expect_eq(order.item_count, 3 + 9999);
    cr_expect_eq(lines[1].line_total.minor, 9999 * 7);
    cr_expect_eq(order.state, ORDER_PENDING);
    cr_expect_eq(order.version, 1);
    cr_expect_eq(order.hold_expires_at_us, NOW_US + rules.hold_us);

    lines[1].quantity = 0;
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT);
    lines[1].quantity = 10000;
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT);
    lines[1] = (OrderLine){ .quantity = 2, .unit_price = { MONEY_MAX } };
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT);
    lines[1] = (OrderLine){ .quantity = 1, .unit_price = { MONEY_MAX } };
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT, "the sum");
    order.line_count = 0;
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT);
    order.line_count = ORDER_LINES_MAX + 1;
    cr_expect_eq(order_place(&order, &rules, NOW_US).code, STATUS_INVALID_ARGUMENT);
}

Test(hold, ends_with_its_order)
{
    cr_expect_eq(hold_end((OrderState)0), HOLD_RETURNS, "never stored");
    for (OrderState state = ORDER_PENDING; state <= ORDER_NEEDS_REVIEW; state++) {
        HoldEnd expected = HOLD_STAYS;
        if (state == ORDER_CANCELLED || state == ORDER_EXPIRED) {
            expected = HOLD_RETURNS;
        } else if (state == ORDER_COMPLETED || state == ORDER_REFUNDING ||
                   state == ORDER_PARTIALLY_REFUNDED || state == ORDER_REFUNDED) {
            expected = HOLD_CLOSES;
        }
        cr_expect_eq(hold_end(state), expected, "%s", order_state_name(state));
    }
}

Test(hold, corrects_a_quiet_drift_seen_twice)
{
    HoldDrift drift = { 0 };

    cr_expect_eq(hold_drift_see(&drift, 5, true), 0);
    cr_expect_eq(hold_drift_see(&drift, 4, true), 0, "another one");
    cr_expect_eq(hold_drift_see(&drift, 4, false), 0, "orders are on their way");
    cr_expect_eq(hold_drift_see(&drift, 4, true), 0, "they may still have been");
    cr_expect_eq(hold_drift_see(&drift, 4, true), -4);
}

Test(hold, lowers_a_busy_product_by_the_smallest_drift_of_many)
{
    HoldDrift drift = { 0 };

    for (int i = 1; i < HOLD_SIGHTINGS_BUSY; i++) {
        cr_expect_eq(hold_drift_see(&drift, i == 3 ? 2 : 7 + i, false), 0);
    }
    cr_expect_eq(hold_drift_see(&drift, 8, false), -2);

    drift = (HoldDrift){ 0 };
    for (int i = 1; i < HOLD_SIGHTINGS_BUSY; i++) {
        (void)hold_drift_see(&drift, -3, false);
    }
    cr_expect_eq(hold_drift_see(&drift, -3, false), 0, "it must fall quiet first");
    cr_expect_eq(hold_drift_see(&drift, 3, false), 0, "another sign begins anew");
}
