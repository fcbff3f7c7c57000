/* provider_simulator.c - a batch is one bulk insert that hopes for new keys; if one is
 * known, the books are read first. */
#include "services/payment/adapters/provider_simulator.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mysql/db.h"
#include "services/payment/adapters/payment_schema.h"

enum {
    KEY_SIZE = 32,
    TRIES_MAX = 4, /* one hopeful, the others careful */
};

#define SLOW_US (2 * US_PER_S)

static_assert((int)PAYMENT_BATCH_MAX <= (int)DB_ROWS_MAX, "a batch in one bulk");

/* What a token makes of a charge. */
static const struct TokenRow {
    const char *token;
    const char *effect; /* NULL: nothing is written */
    const char *reason;
    int64_t visible_after_us;
    OutcomeKind answer;
} token_rows[] = {
    { "tok_ok", "capture", "", 0, OUTCOME_CAPTURED },
    { "tok_declined", "decline", "CARD_DECLINED", 0, OUTCOME_DECLINED },
    { "tok_insufficient_funds", "decline", "INSUFFICIENT_FUNDS", 0, OUTCOME_DECLINED },
    { "tok_slow", "capture", "", SLOW_US, OUTCOME_NO_ANSWER },
    { "tok_timeout", "capture", "", 0, OUTCOME_NO_ANSWER },
    { "tok_timeout_lost", NULL, "", 0, OUTCOME_NO_ANSWER },
};

static const struct TokenRow other_token = { "", "decline", "INVALID_TOKEN", 0, OUTCOME_DECLINED };
static const struct TokenRow revocation = { "", "void", "", 0, OUTCOME_VOIDED };

/* A batch on its way through the books. */
typedef struct Entries {
    char keys[PAYMENT_BATCH_MAX][KEY_SIZE];
    bool known[PAYMENT_BATCH_MAX];
} Entries;

typedef struct Columns {
    const char *keys[PAYMENT_BATCH_MAX];
    uint64_t orders[PAYMENT_BATCH_MAX];
    const char *effects[PAYMENT_BATCH_MAX];
    int64_t amounts[PAYMENT_BATCH_MAX];
    const char *tokens[PAYMENT_BATCH_MAX];
    const char *reasons[PAYMENT_BATCH_MAX];
    const char *references[PAYMENT_BATCH_MAX];
    int64_t visible[PAYMENT_BATCH_MAX];
    int64_t created[PAYMENT_BATCH_MAX];
} Columns;

typedef struct ProviderSimulator {
    PaymentProvider provider; /* first: a PaymentProvider pointer is one of these */
    Db *db;
    const Clock *clock;
    bool schema_known;
    DbValue params[PAYMENT_BATCH_MAX];
    Entries entries;
    Columns columns;
} ProviderSimulator;

typedef struct Batch {
    ProviderSimulator *simulator;
    ProviderRequest *const *requests;
    size_t count;
    bool revokes;
    bool careful;
    int64_t now_us;
} Batch;

static const struct TokenRow *find_token(const char *token)
{
    for (size_t i = 0; i < sizeof token_rows / sizeof token_rows[0]; i++) {
        if (strcmp(token_rows[i].token, token) == 0) {
            return &token_rows[i];
        }
    }
    return &other_token;
}

static void copy_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

static OutcomeKind kind_of(const char *effect, bool visible)
{
    if (strcmp(effect, "void") == 0) {
        return OUTCOME_VOIDED;
    }
    if (!visible) {
        return OUTCOME_PROCESSING;
    }
    return strcmp(effect, "capture") == 0 ? OUTCOME_CAPTURED : OUTCOME_DECLINED;
}

/* A row of the books answers its request. */
static Status take_row(void *context, const DbRow *row)
{
    Batch *batch = context;
    Entries *entries = &batch->simulator->entries;
    size_t at = 0;

    while (at < batch->count && strcmp(entries->keys[at], db_row_text(row, 0)) != 0) {
        at++;
    }
    if (at == batch->count) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    Outcome *outcome = &batch->requests[at]->outcome;
    entries->known[at] = true;
    outcome->kind = kind_of(db_row_text(row, 1), db_row_time(row, 5) <= batch->now_us);
    outcome->amount.minor = db_row_int(row, 2);
    copy_text(outcome->reason, sizeof outcome->reason, db_row_text(row, 3));
    copy_text(outcome->reference, sizeof outcome->reference, db_row_text(row, 4));
    return status_ok();
}

/* Answers what the books know, and NOT_FOUND for the rest. */
static Status read_books(Batch *batch)
{
    ProviderSimulator *simulator = batch->simulator;

    for (size_t i = 0; i < batch->count; i++) {
        simulator->params[i] = db_text(simulator->entries.keys[i]);
        simulator->entries.known[i] = false;
        batch->requests[i]->outcome = (Outcome){ .kind = OUTCOME_NOT_FOUND };
    }
    return db_query(simulator->db,
                    "SELECT provider_key, effect, amount, reason, reference, visible_at "
                    "FROM provider_charge WHERE provider_key IN ({?|,})",
                    simulator->params, batch->count, take_row, batch);
}

static void add_row(Batch *batch, size_t at, const struct TokenRow *token, size_t row)
{
    const ProviderRequest *request = batch->requests[at];
    Columns *columns = &batch->simulator->columns;

    columns->keys[row] = batch->simulator->entries.keys[at];
    columns->orders[row] = request->order.value;
    columns->effects[row] = token->effect;
    columns->amounts[row] = request->amount.minor;
    columns->tokens[row] = request->token;
    columns->reasons[row] = token->reason;
    columns->references[row] = request->outcome.reference;
    columns->visible[row] = batch->now_us + token->visible_after_us;
    columns->created[row] = batch->now_us;
}

static Status insert(ProviderSimulator *simulator, size_t count)
{
    const Columns *columns = &simulator->columns;
    const DbColumn bulk[] = {
        { .type = DB_BYTES, .values = columns->keys },
        { .type = DB_UINT, .values = columns->orders },
        { .type = DB_BYTES, .values = columns->effects },
        { .type = DB_INT, .values = columns->amounts },
        { .type = DB_BYTES, .values = columns->tokens },
        { .type = DB_BYTES, .values = columns->reasons },
        { .type = DB_BYTES, .values = columns->references },
        { .type = DB_TIME, .values = columns->visible },
        { .type = DB_TIME, .values = columns->created },
    };

    return db_execute_bulk(simulator->db,
                           "INSERT INTO provider_charge (provider_key, order_id, effect, amount, "
                           "token, reason, reference, visible_at, created_at) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           bulk, sizeof bulk / sizeof bulk[0], count, NULL);
}

static void set_outcome(ProviderRequest *request, const struct TokenRow *token)
{
    Outcome *outcome = &request->outcome;

    *outcome = (Outcome){ .kind = token->answer, .amount = request->amount };
    copy_text(outcome->reason, sizeof outcome->reason, token->reason);
    if (token->effect != NULL && strcmp(token->effect, "capture") == 0) {
        (void)snprintf(outcome->reference, sizeof outcome->reference, "sim-%" PRIu64 "-%" PRIu32,
                       request->order.value, request->attempt);
    }
}

/* Writes the effects of the keys that are not known. */
static Status write_body(void *context, Db *db)
{
    Batch *batch = context;
    ProviderSimulator *simulator = batch->simulator;
    size_t rows = 0;

    (void)db;
    memset(simulator->entries.known, 0, sizeof simulator->entries.known);
    Status status = batch->careful ? read_books(batch) : status_ok();
    for (size_t i = 0; !status_failed(status) && i < batch->count; i++) {
        const struct TokenRow *token =
            batch->revokes ? &revocation : find_token(batch->requests[i]->token);
        if (simulator->entries.known[i]) {
            continue;
        }
        set_outcome(batch->requests[i], token);
        if (token->effect != NULL) {
            add_row(batch, i, token, rows++);
        }
    }
    return status_failed(status) || rows == 0 ? status : insert(simulator, rows);
}

static Status begin(Batch *batch)
{
    ProviderSimulator *simulator = batch->simulator;

    assert(batch->count <= PAYMENT_BATCH_MAX);
    for (size_t i = 0; i < batch->count; i++) {
        (void)snprintf(simulator->entries.keys[i], KEY_SIZE, "%" PRIu64 ":%" PRIu32,
                       batch->requests[i]->order.value, batch->requests[i]->attempt);
    }
    return payment_schema_check(simulator->db, PROVIDER_SCHEMA_VERSION, &simulator->schema_known);
}

/* Writing again is safe: what has been written is found. */
static Status write_effects(Batch *batch)
{
    Status status = begin(batch);

    if (status_failed(status)) {
        return status;
    }
    for (int try = 0; try < TRIES_MAX; try++) {
        batch->careful = try > 0;
        status = db_transact(batch->simulator->db, write_body, batch);
        if (status.code != STATUS_ALREADY_EXISTS && status.code != STATUS_UNKNOWN) {
            return status;
        }
    }
    return status_make(STATUS_UNKNOWN, "PROVIDER_LOST");
}

static Status charge(PaymentProvider *base, ProviderRequest *const *requests, size_t count)
{
    ProviderSimulator *simulator = (ProviderSimulator *)base;
    Batch batch = {
        .simulator = simulator,
        .requests = requests,
        .count = count,
        .now_us = clock_wall_us(simulator->clock),
    };

    return write_effects(&batch);
}

static Status inquire(PaymentProvider *base, ProviderRequest *const *requests, size_t count)
{
    ProviderSimulator *simulator = (ProviderSimulator *)base;
    Batch batch = {
        .simulator = simulator,
        .requests = requests,
        .count = count,
        .now_us = clock_wall_us(simulator->clock),
    };

    Status status = begin(&batch);
    return status_failed(status) ? status : read_books(&batch);
}

static Status revoke(PaymentProvider *base, ProviderRequest *const *requests, size_t count)
{
    ProviderSimulator *simulator = (ProviderSimulator *)base;
    Batch batch = {
        .simulator = simulator,
        .requests = requests,
        .count = count,
        .revokes = true,
        .now_us = clock_wall_us(simulator->clock),
    };

    return write_effects(&batch);
}

static const PaymentProviderOps ops = { charge, inquire, revoke };

Status provider_simulator_open(const char *url, const Clock *clock, PaymentProvider **ret_provider)
{
    ProviderSimulator *simulator = calloc(1, sizeof *simulator);

    if (simulator == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    simulator->provider.ops = &ops;
    simulator->clock = clock;
    Status status = db_open(url, &simulator->db);
    if (status_failed(status)) {
        free(simulator);
        return status;
    }
    *ret_provider = &simulator->provider;
    return status_ok();
}

void provider_simulator_close(PaymentProvider *provider)
{
    ProviderSimulator *opened = (ProviderSimulator *)provider;

    if (opened == NULL) {
        return;
    }
    db_close(opened->db);
    free(opened);
}
