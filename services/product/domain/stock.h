/* stock.h - how much there is of a product, and what a command may do to it. Pure.
 *
 * The first decision about an order stands. A reservation is all or nothing over its
 * lines and writes a RESERVE entry for each, of 0 units if it was refused; a release
 * that comes before it writes RESERVE 0 and RELEASE 0, so that the late reservation
 * finds itself refused. Whoever asks again is answered from those entries: same answer,
 * no second effect. */
#ifndef JUMUN_SERVICES_PRODUCT_DOMAIN_STOCK_H
#define JUMUN_SERVICES_PRODUCT_DOMAIN_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    STOCK_LINES_MAX = 100,
    STOCK_ENTRIES_PER_LINE = 2, /* at most, of one command */
};

#define STOCK_CHANGE_MAX  INT64_C(1000000000)    /* units of a line or an adjustment */
#define STOCK_ON_HAND_MAX INT64_C(1000000000000) /* units of a product */

/* 0 <= reserved <= on_hand <= STOCK_ON_HAND_MAX */
typedef struct Stock {
    ProductId product;
    int64_t on_hand;
    int64_t reserved;
    int64_t change; /* of reserved, by the commands decided since it was read */
} Stock;

static inline int64_t stock_available(const Stock *stock)
{
    return stock->on_hand - stock->reserved;
}

typedef enum LedgerType {
    LEDGER_RECEIVE = 1,
    LEDGER_ADJUST,
    LEDGER_RESERVE,
    LEDGER_RELEASE,
    LEDGER_RETURN,
} LedgerType;

/* Why a line of a refused reservation got nothing: it was short, or another was. */
#define STOCK_REASON_SHORT "OUT_OF_STOCK"

/* What an order did to the stock of one product. */
typedef struct LedgerEntry {
    OrderId order;
    ProductId product;
    LedgerType type;
    uint32_t refund_no; /* of a RETURN, else 0 */
    int64_t reserved_delta;
    const char *reason;       /* a literal */
    struct LedgerEntry *next; /* of the same order */
} LedgerEntry;

typedef enum StockCommandKind {
    STOCK_RESERVE = 1,
    STOCK_RELEASE,
    STOCK_RETURN, /* units of a completed order come back */
} StockCommandKind;

typedef enum StockAnswer {
    STOCK_ANSWERS_NOTHING,
    STOCK_ANSWERS_RESERVED,
    STOCK_ANSWERS_REJECTED,
    STOCK_ANSWERS_RELEASED,
} StockAnswer;

typedef struct StockLine {
    ProductId product;
    uint32_t quantity;
    Stock *stock; /* NULL: there is no such product */
    /* Out, of a rejected reservation. */
    bool is_short;
    int64_t available;
} StockLine;

typedef struct StockCommand {
    EventId event;
    OrderId order;
    StockCommandKind kind;
    uint32_t refund_no;
    StockLine *lines; /* ascending by product, each once */
    size_t line_count;
    const char *trace_parent;
    bool seen; /* this very event had its effect before: leave it alone */
    /* Out. */
    Status status;
    StockAnswer answer;
} StockCommand;

/* Brings the lines into order and merges those of one product. INVALID_ARGUMENT
 * (VALIDATION) for no lines, too many, a quantity of 0 or beyond STOCK_CHANGE_MAX, a
 * product 0. */
Status stock_lines_normalize(StockLine *lines, size_t count, size_t *ret_count);

/* Decides one command. *ledger heads the list of the order's entries, in any order; new
 * ones are taken from `entries`, which has room for STOCK_ENTRIES_PER_LINE a line, put in
 * front of the list, and counted. Sets status and answer; after a failure nothing else has
 * changed: NOT_FOUND (PRODUCT_NOT_FOUND), FAILED_PRECONDITION (RETURN_EXCEEDS_RESERVED),
 * INTERNAL (BOOKS_DIFFER) if the order holds more than the product has reserved. */
void stock_decide(StockCommand *command, LedgerEntry **ledger, LedgerEntry *entries,
                  size_t *ret_count);

#endif
