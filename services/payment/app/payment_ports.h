/* payment_ports.h - what payments need from the outside world: where they are written
 * down, and who moves the money. */
#ifndef JUMUN_SERVICES_PAYMENT_APP_PAYMENT_PORTS_H
#define JUMUN_SERVICES_PAYMENT_APP_PAYMENT_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "services/payment/domain/payment.h"

enum {
    PAYMENT_BATCH_MAX = 512,   /* commands of one transaction */
    PAYMENT_ORDERS_MAX = 1024, /* slots for their orders; a power of two */
    PAYMENT_ROWS_MAX = 4096,   /* attempts, known and new */
    PAYMENT_DUE_MAX = 256,     /* attempts inquired about at once */
};

typedef enum PaymentCommandKind {
    PAYMENT_CHARGE = 1,
    PAYMENT_INQUIRE, /* only order and attempt of the charge are given */
} PaymentCommandKind;

typedef struct PaymentCommand {
    EventId event;
    PaymentCommandKind kind;
    Charge charge;
    const char *trace_parent;
    bool seen; /* this very event had its effect before: leave it alone */
    /* Out. */
    Status status;
    Payment *payment;
    Attempt *attempt; /* what the answer is about */
    bool answers;
} PaymentCommand;

/* The payments of a few orders, in memory. */
typedef struct PaymentBook {
    Payment payments[PAYMENT_ORDERS_MAX]; /* a hash table: order 0 is a free slot */
    Attempt attempts[PAYMENT_ROWS_MAX];
    size_t attempt_count;
} PaymentBook;

/* Forgets everything. */
void payment_book_clear(PaymentBook *book);

/* The order's payment, a new empty one if there is none yet. The book must not hold more
 * than PAYMENT_BATCH_MAX orders. */
Payment *payment_book_find(PaymentBook *book, OrderId order);

/* Room for one more attempt; NULL if there is none. */
Attempt *payment_book_room(PaymentBook *book);

typedef struct PaymentStore PaymentStore;

typedef struct PaymentStoreOps {
    /* Reads the payments and attempts of the commands' orders into the book; when careful
     * also sets `seen` of the events that are in the inbox. */
    Status (*load)(PaymentStore *store, PaymentCommand *const *commands, size_t count, bool careful,
                   PaymentBook *book);

    /* In one transaction: what has changed in the book, and for each command that is
     * neither seen nor failed its event in the inbox and, if it answers, what its attempt
     * says in the outbox. ALREADY_EXISTS, and nothing is stored, if an event or an attempt
     * was met before: load carefully and decide again. UNKNOWN: calling again, from load
     * on, finds out. */
    Status (*save)(PaymentStore *store, PaymentCommand *const *commands, size_t count,
                   PaymentBook *book);

    /* Reads UNKNOWN attempts whose inquiry is due, at most PAYMENT_DUE_MAX, and their
     * payments. */
    Status (*load_due)(PaymentStore *store, int64_t now_us, PaymentBook *book);

    /* In one transaction: writes the attempts of the book that are still UNKNOWN in the
     * store, with their payments; those that have been settled get their answer in the
     * outbox. What somebody else has settled meanwhile is left alone. */
    Status (*settle_due)(PaymentStore *store, PaymentBook *book, size_t *ret_settled);

    /* One order's payment with all its attempts, into the book. NOT_FOUND
     * (PAYMENT_NOT_FOUND). */
    Status (*find)(PaymentStore *store, OrderId order, PaymentBook *book);

    /* Forgets a bounded number of inbox rows older than that. */
    Status (*purge)(PaymentStore *store, int64_t before_us, uint64_t *ret_deleted);
} PaymentStoreOps;

struct PaymentStore {
    const PaymentStoreOps *ops;
};

/* One attempt, as the provider sees it: its key is "order_id:attempt". */
typedef struct ProviderRequest {
    OrderId order;
    uint32_t attempt;
    Money amount;
    const char *currency;
    const char *token;
    Outcome outcome; /* out */
} ProviderRequest;

typedef struct PaymentProvider PaymentProvider;

/* Each takes a batch of different keys, at most PAYMENT_BATCH_MAX, and sets every outcome.
 * No request waits for another: one without an answer is OUTCOME_NO_ANSWER at once. A
 * failure is of the whole: UNAVAILABLE = nothing happened; UNKNOWN = it may have. */
typedef struct PaymentProviderOps {
    /* The same key again is answered from the provider's books, never charged twice. */
    Status (*charge)(PaymentProvider *provider, ProviderRequest *const *requests, size_t count);

    /* CAPTURED, DECLINED, PROCESSING, NOT_FOUND or VOIDED; NO_ANSWER if it did not say. */
    Status (*inquire)(PaymentProvider *provider, ProviderRequest *const *requests, size_t count);

    /* Makes the provider refuse a key that it does not know: VOIDED. A key that it does
     * know keeps its outcome. */
    Status (*revoke)(PaymentProvider *provider, ProviderRequest *const *requests, size_t count);
} PaymentProviderOps;

struct PaymentProvider {
    const PaymentProviderOps *ops;
};

#endif
