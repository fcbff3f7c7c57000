/* violations_test.c - every invariant finds its violation. In the databases of a real shop,
 * where all of them hold, each is broken in a transaction that sees it and rolls it back. */
#include <stdio.h>
#include <string.h>

#include "common/mysql/db.h"
#include "tests/e2e/stack_shop.h"
#include "tests/invariants/invariants.h"

/* @o is a completed order, @p the product of its one line. */
static const char begin[] =
    "SET SESSION check_constraint_checks = 0;"
    "SET @o = (SELECT MAX(order_id) FROM order_db.orders WHERE status = 'COMPLETED');"
    "SET @p = (SELECT product_id FROM order_db.orders_detail WHERE order_id = @o);"
    "BEGIN;";

#define SET_ORDER(assignment) "UPDATE order_db.orders SET " assignment " WHERE order_id = @o;"
#define SET_LINE(assignment)  "UPDATE order_db.orders_detail SET " assignment " WHERE order_id = @o;"
#define SET_STOCK(assignment) "UPDATE product_db.stock SET " assignment " WHERE product_id = @p;"
#define SET_LEDGER(assignment)                                                                     \
    "UPDATE product_db.stock_ledger SET " assignment " WHERE order_id = @o;"
#define SET_PAYMENT(assignment) "UPDATE payment_db.payment SET " assignment " WHERE order_id = @o;"
#define SET_EVENT(assignment, seq)                                                                 \
    "UPDATE order_db.orders_event SET " assignment " WHERE order_id = @o AND seq = " seq ";"
#define REMOVE(table)      "DELETE FROM " table " WHERE order_id = @o;"
#define REMOVE_EVENT(rest) "DELETE FROM order_db.orders_event WHERE order_id = @o AND " rest ";"
#define ADD_OUTBOX(schema) "INSERT INTO " schema ".outbox VALUES (1, 'order.replies', 1, '');"

static const struct {
    const char *invariant;
    const char *sql; /* breaks it */
} plants[] = {
    { "I1 stock is within its bounds", SET_STOCK("on_hand = reserved - 1") },
    { "I1 stock is within its bounds", SET_STOCK("reserved = -1") },
    { "I1 stock is within its bounds", SET_STOCK("on_hand = -1, reserved = -2") },
    { "I1 completed orders took no more than was received", SET_LINE("quantity = 11") },
    { "I1 completed orders took no more than was received",
      "DELETE FROM product_db.stock_ledger WHERE product_id = @p AND type = 'RECEIVE';" },
    { "I3 stock equals its ledger", SET_STOCK("on_hand = on_hand + 1") },
    { "I3 stock equals its ledger", SET_STOCK("reserved = reserved - 1") },
    { "I3 stock equals its ledger", SET_LEDGER("reserved_delta = reserved_delta + 1") },
    { "I3 stock equals its ledger", "INSERT INTO product_db.stock VALUES (1, 1, 0);" },
    { "I3 no order gives back more than it took",
      "INSERT INTO product_db.stock_ledger SELECT id + 1, product_id, order_id, 'RELEASE', 0, 0,"
      " -2 * reserved_delta, '', NULL, NULL, NULL, at"
      " FROM product_db.stock_ledger WHERE order_id = @o AND type = 'RESERVE';" },
    { "I4 one capture an order in our books",
      "INSERT INTO payment_db.payment_attempt SELECT order_id, attempt + 1, status, token, reason,"
      " reference, inquiries, next_inquiry_at, created_at, updated_at"
      " FROM payment_db.payment_attempt WHERE order_id = @o;" },
    { "I4 one capture an order in the provider's books",
      "INSERT INTO provider_db.provider_charge SELECT CONCAT(provider_key, '+'), order_id, effect,"
      " amount, token, reason, reference, visible_at, created_at"
      " FROM provider_db.provider_charge WHERE order_id = @o;" },
    { "I4 refunds stay within the capture", SET_PAYMENT("refunded = captured + 1") },
    { "I4 refunds stay within the capture", SET_PAYMENT("refunded = -1") },
    { "I4 refunds stay within the capture", SET_PAYMENT("captured = amount + 1") },
    { "I4 our books equal the provider's", SET_PAYMENT("captured = captured - 1") },
    { "I4 our books equal the provider's", REMOVE("payment_db.payment") },
    { "I4 our books equal the provider's", REMOVE("provider_db.provider_charge") },
    { "I4 nobody is charged without an order", REMOVE("order_db.orders") },
    { "I4 nobody is charged for an order that did not complete", SET_ORDER("status = 'EXPIRED'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'PENDING'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'RESERVED'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'PAYING'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'PAYMENT_FAILED'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'CANCELLING'") },
    { "I5 every order has come to an end", SET_ORDER("status = 'REFUNDING'") },
    { "I5 an unknown payment keeps its order waiting", SET_PAYMENT("status = 'UNKNOWN'") },
    { "I6 the outboxes are empty", ADD_OUTBOX("order_db") },
    { "I6 the outboxes are empty", ADD_OUTBOX("product_db") },
    { "I6 the outboxes are empty", ADD_OUTBOX("payment_db") },
    { "I7 order and payment fit together", SET_PAYMENT("status = 'DECLINED'") },
    { "I7 order and payment fit together", SET_PAYMENT("captured = captured - 1") },
    { "I7 order and payment fit together", REMOVE("payment_db.payment") },
    { "I7 order and payment fit together", SET_ORDER("status = 'CANCELLED'") },
    { "I7 order and stock fit together", SET_LEDGER("reserved_delta = 0") },
    { "I7 order and stock fit together", REMOVE("product_db.stock_ledger") },
    { "I7 order and stock fit together", SET_LINE("returned_quantity = 1") },
    { "I7 order and stock fit together", SET_ORDER("status = 'EXPIRED'") },
    { "I8 one request key, one order",
      "INSERT INTO order_db.idempotency_key SELECT member_id, method, route,"
      " CONCAT(req_key, '+'), body_hash, order_id, created_at"
      " FROM order_db.idempotency_key WHERE order_id = @o;" },
    { "I8 every request key has its order", REMOVE("order_db.orders") },
    { "I8 every order has its request key", REMOVE("order_db.idempotency_key") },
    { "I11 money adds up", SET_ORDER("total = total + 1") },
    { "I11 money adds up", SET_LINE("line_total = line_total + 1") },
    { "I11 money adds up", SET_LINE("unit_price = unit_price + 1") },
    { "I11 money adds up", SET_LINE("quantity = quantity + 1") },
    { "I12 the timeline has no gap", REMOVE_EVENT("seq = 1") },
    { "I12 the timeline has no gap", REMOVE_EVENT("seq = 2") },
    { "I12 the timeline has no gap", SET_EVENT("seq = seq + 1", "4") },
    { "I12 the timeline chains", SET_EVENT("from_status = NULL", "3") },
    { "I12 the timeline chains", SET_EVENT("from_status = 'PAYING'", "1") },
    { "I12 the timeline chains", SET_EVENT("to_status = 'EXPIRED'", "2") },
    { "I12 the timeline ends in the stored state", SET_ORDER("status = 'REFUNDED'") },
    { "I12 the timeline ends in the stored state", REMOVE_EVENT("seq = 4") },
    { "I12 the timeline ends in the stored state", REMOVE_EVENT("seq > 0") },
};

static Stack stack;
static Db *root;

static void run(const char *script)
{
    if (status_failed(db_run_script(root, script))) {
        (void)fprintf(stderr, "%s\n%s\n", script, db_error(root));
        stack_fail(__FILE__, __LINE__, "a script that runs");
    }
}

static const Invariant *find(const char *name)
{
    for (size_t i = 0; i < invariant_count; i++) {
        if (strcmp(invariants[i].name, name) == 0) {
            return &invariants[i];
        }
    }
    (void)fprintf(stderr, "%s?\n", name);
    stack_fail(__FILE__, __LINE__, "an invariant of that name");
}

static void expect_found(const char *name, const char *sql)
{
    const Invariant *invariant = find(name);
    InvariantReport one = { .total = 0 };
    InvariantReport all;

    run(begin);
    run(sql);
    expect(!status_failed(invariant_check(root, invariant, &one)));
    expect(!status_failed(invariants_check(root, true, &all)));
    run("ROLLBACK;");
    if (one.total == 0) {
        (void)fprintf(stderr, "%s: is not found: %s\n", name, sql);
    }
    expect(one.total == 1);
    expect(one.violations[invariant->kind] == 1);
    expect(strncmp(one.first, name, strlen(name)) == 0);
    expect(all.violations[invariant->kind] >= 1);
}

static void each_violation_is_found(void)
{
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        expect_found(plants[i].invariant, plants[i].sql);
    }
}

static void no_invariant_is_left_out(void)
{
    for (size_t i = 0; i < invariant_count; i++) {
        size_t count = 0;
        for (size_t j = 0; j < sizeof plants / sizeof plants[0]; j++) {
            count += strcmp(plants[j].invariant, invariants[i].name) == 0;
        }
        if (count == 0) {
            (void)fprintf(stderr, "%s: nothing breaks it\n", invariants[i].name);
        }
        expect(count > 0);
    }
}

int main(void)
{
    char url[STACK_URL_SIZE];
    char alice[64];
    char code[STACK_CODE_SIZE];

    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    int64_t product = stack_create_product(&stack, "Counted", 100, 10);
    (void)stack_place_order(&stack, alice, product, 1, "tok_declined");
    stack_expect_order_works(&stack, alice, product, code);
    stack_expect_settled(&stack, 30); /* nothing is found where nothing is wrong, */

    stack_engine_url(&stack, "MYSQL", url);
    expect(!status_failed(db_open_patient(url, &root)));
    each_violation_is_found();
    no_invariant_is_left_out();
    db_close(root);
    stack_expect_settled(&stack, 30); /* before and after */
    stack_close(&stack);
    return 0;
}
