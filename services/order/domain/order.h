/* order.h - what an order is and what may happen to it. Pure: no I/O, no clock, no
 * allocation. Time and ids come in as arguments.
 *
 * An order's version is the number of its newest timeline row: whatever changes it adds
 * one row and one version, so the timeline replays to the stored state. */
#ifndef JUMUN_SERVICES_ORDER_DOMAIN_ORDER_H
#define JUMUN_SERVICES_ORDER_DOMAIN_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/status.h"

enum {
    ORDER_LINES_MAX = 100,
    ORDER_QUANTITY_MAX = 9999,
    ORDER_TOKEN_MAX = 64,   /* bytes of a payment token */
    ORDER_NAME_MAX = 400,   /* bytes of a product's name: 100 code points */
    ORDER_DETAIL_MAX = 255, /* bytes of a timeline row's detail */
    ORDER_MOVES_MAX = 2,    /* timeline rows that one event can add */
    ORDER_CURRENCY_SIZE = 4,
};

/* The numbers are those of the database and of proto OrderStatus. */
typedef enum OrderState {
    ORDER_PENDING = 1, /* stored; gate hold taken, stock.reserve sent */
    ORDER_RESERVED,
    ORDER_PAYING, /* payment.charge sent; stays so while the outcome is unknown */
    ORDER_PAYMENT_FAILED,
    ORDER_COMPLETED,
    ORDER_CANCELLED,
    ORDER_EXPIRED,
    ORDER_CANCELLING,
    ORDER_REFUNDING,
    ORDER_PARTIALLY_REFUNDED,
    ORDER_REFUNDED,
    ORDER_NEEDS_REVIEW,
} OrderState;

typedef enum OrderPaymentState {
    ORDER_PAYMENT_NONE,
    ORDER_PAYMENT_PENDING,
    ORDER_PAYMENT_UNKNOWN,
    ORDER_PAYMENT_CAPTURED,
    ORDER_PAYMENT_DECLINED,
} OrderPaymentState;

/* What happens to an order, */
typedef enum OrderEvent {
    ORDER_HEARS_STOCK_RESERVED = 1,
    ORDER_HEARS_STOCK_REJECTED,
    ORDER_HEARS_STOCK_RELEASED,
    ORDER_HEARS_PAYMENT_CAPTURED,
    ORDER_HEARS_PAYMENT_DECLINED,
    ORDER_HEARS_PAYMENT_UNKNOWN,
    ORDER_PAYMENT_ASKED, /* by the member, or at once if a token came along */
    ORDER_GIVEN_UP,      /* no attempt or no time left */
    ORDER_HOLD_OVER,     /* the hold's time has passed */
    ORDER_STALLED,       /* nothing was heard for too long: ask again */
    ORDER_LOST,          /* asking again did not help for a day: somebody must look */
} OrderEvent;

enum {
    ORDER_EVENT_MAX = ORDER_LOST
};

/* Repeats of a command wait for as long as the order has already waited, so that a stuck
 * order costs less and less, but never longer than this, so that it goes on soon after
 * what it waits for is back. */
#define ORDER_REPEAT_WAIT_MAX_US (300 * US_PER_S)

/* An order that was asked for in vain for this long is lost: nothing comes by itself. */
#define ORDER_LOST_AFTER_US (INT64_C(24) * 3600 * US_PER_S)

/* and what it then asks of others. */
typedef enum OrderCommand {
    ORDER_ASKS_NOTHING,
    ORDER_ASKS_RESERVE,
    ORDER_ASKS_RELEASE,
    ORDER_ASKS_CHARGE,
} OrderCommand;

typedef struct OrderLine {
    ProductId product;
    const char *name;
    uint32_t quantity;
    uint32_t position; /* where the client first named the product; for its errors */
    Money unit_price;
    Money line_total;
} OrderLine;

typedef struct Order {
    OrderId id;
    MemberId member;
    OrderState state;
    const char *reason; /* why it ended so: "OUT_OF_STOCK"; "" otherwise */
    Money total;
    const char *currency;
    uint32_t item_count; /* units over all lines */
    OrderPaymentState payment;
    uint32_t payment_attempt;  /* 0 before the first charge */
    const char *payment_token; /* "" when there is none, and again at the end */
    const char *trace_parent;  /* of the request that placed it; "" if it had none */
    int64_t hold_expires_at_us;
    int64_t created_at_us;
    int64_t updated_at_us;
    uint32_t version;
    bool open;        /* waits for something: not terminal, or its stock.release unanswered */
    OrderLine *lines; /* borrowed; outlives the order. NULL where not needed */
    size_t line_count;
} Order;

/* The shop's rules about orders. */
typedef struct OrderRules {
    const char *currency;
    int64_t hold_us;               /* how long stock is kept for an unpaid order */
    uint32_t payment_attempts_max; /* charges before the order is given up */
    int64_t stall_us;              /* without news for this long, commands are repeated */
} OrderRules;

/* Totals the lines of a new order: id, member, token, trace and priced lines are in, the
 * rest comes out. INVALID_ARGUMENT (VALIDATION) for an empty, oversized or unpriceable
 * cart; *order is then in no state to be used. */
Status order_place(Order *order, const OrderRules *rules, int64_t now_us);

/* Makes a stored order what it was when it was placed: what its request was answered. */
void order_rewind(Order *order);

/* What is heard of one order. */
typedef struct OrderNews {
    OrderEvent event;
    uint32_t attempt;   /* of payment events */
    Money amount;       /* of ORDER_HEARS_PAYMENT_CAPTURED */
    const char *detail; /* for the timeline; "" for nothing */
} OrderNews;

/* One timeline row. The first has version order->version - move_count + 1. */
typedef struct OrderMove {
    OrderEvent event;
    OrderState from;
    OrderState to;
} OrderMove;

typedef struct OrderOutcome {
    OrderMove moves[ORDER_MOVES_MAX];
    size_t move_count;
    OrderCommand command;
    bool touched; /* the order must be stored: it moved, or its time did */
} OrderOutcome;

/* Moves the order on, writes the timeline and says what to ask for next. News whose
 * effect is there already is OK and changes nothing. FAILED_PRECONDITION (INVALID_STATE)
 * if the order's state does not allow the event, or (AMOUNT_MISMATCH) if another amount
 * was captured; nothing is then changed. */
Status order_advance(Order *order, const OrderNews *news, const OrderRules *rules, int64_t now_us,
                     OrderOutcome *ret_outcome);

/* True if nothing more happens to an order in this state, refunds aside. */
bool order_state_is_final(OrderState state);

/* True if only the member, or the end of the hold, moves an order on from this state: there
 * may be as many as members care to leave unpaid. */
bool order_state_waits_for_member(OrderState state);

/* "PENDING"; "UNSPECIFIED" for no state. */
const char *order_state_name(OrderState state);

/* How the timeline names an event ("stock.reserved") and who said it ("product"). */
const char *order_event_type(OrderEvent event);
const char *order_event_service(OrderEvent event);

/* The timeline's first row. */
#define ORDER_PLACED_TYPE    "order.placed"
#define ORDER_PLACED_SERVICE "order"

#endif
