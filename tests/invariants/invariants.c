#include "tests/invariants/invariants.h"

#include <stdio.h>

/* After millions of orders each must still be a few passes over its tables: rows meet by
 * primary key, in its order; where there is none, SQL_BIG_RESULT sorts once instead of
 * keeping a table of all groups. */
const Invariant invariants[] = {
    { "I1 stock is within its bounds", INVARIANT_OVERSOLD, false,
      "SELECT product_id FROM product_db.stock"
      " WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand" },
    { "I1 completed orders took no more than was received", INVARIANT_OVERSOLD, false,
      "SELECT t.product_id FROM (SELECT d.product_id,"
      " SUM(CAST(d.quantity AS SIGNED) - d.returned_quantity) taken"
      " FROM order_db.orders_detail d JOIN order_db.orders o USING (order_id)"
      " WHERE o.status IN ('COMPLETED','REFUNDING','PARTIALLY_REFUNDED') GROUP BY d.product_id) t"
      " LEFT JOIN (SELECT product_id, SUM(on_hand_delta) received FROM product_db.stock_ledger"
      " WHERE type IN ('RECEIVE','ADJUST') GROUP BY product_id) l USING (product_id)"
      " WHERE t.taken > COALESCE(l.received, 0)" },
    { "I3 stock equals its ledger", INVARIANT_INCONSISTENT, false,
      "SELECT s.product_id FROM product_db.stock s LEFT JOIN"
      " (SELECT product_id, SUM(on_hand_delta) h, SUM(reserved_delta) r"
      " FROM product_db.stock_ledger GROUP BY product_id) l USING (product_id)"
      " WHERE s.on_hand <> COALESCE(l.h, 0) OR s.reserved <> COALESCE(l.r, 0)" },
    { "I3 no order gives back more than it took", INVARIANT_INCONSISTENT, false,
      "SELECT order_id FROM product_db.stock_ledger WHERE order_id IS NOT NULL"
      " GROUP BY order_id, product_id HAVING SUM(reserved_delta) < 0" },
    { "I4 one capture an order in our books", INVARIANT_DUPLICATE, false,
      "SELECT order_id FROM payment_db.payment_attempt WHERE status = 'CAPTURED'"
      " GROUP BY order_id HAVING COUNT(*) > 1" },
    { "I4 one capture an order in the provider's books", INVARIANT_DUPLICATE, false,
      "SELECT SQL_BIG_RESULT order_id FROM provider_db.provider_charge WHERE effect = 'capture'"
      " GROUP BY order_id HAVING COUNT(*) > 1" },
    { "I4 refunds stay within the capture", INVARIANT_INCONSISTENT, false,
      "SELECT order_id FROM payment_db.payment"
      " WHERE refunded < 0 OR refunded > captured OR captured > amount" },
    { "I4 our books equal the provider's", INVARIANT_INCONSISTENT, true,
      "SELECT SQL_BIG_RESULT order_id FROM (SELECT order_id, captured owed FROM payment_db.payment"
      " UNION ALL SELECT order_id, -amount FROM provider_db.provider_charge"
      " WHERE effect = 'capture') b GROUP BY order_id HAVING SUM(owed) <> 0" },
    { "I4 nobody is charged without an order", INVARIANT_CHARGED_WITHOUT_ORDER, false,
      "SELECT c.order_id FROM provider_db.provider_charge c"
      " LEFT JOIN order_db.orders o USING (order_id)"
      " WHERE c.effect = 'capture' AND o.order_id IS NULL" },
    { "I4 nobody is charged for an order that did not complete", INVARIANT_CHARGED_WITHOUT_ORDER,
      true,
      "SELECT c.order_id FROM provider_db.provider_charge c JOIN order_db.orders o USING (order_id)"
      " WHERE c.effect = 'capture' AND o.status <> 'COMPLETED'" },
    { "I5 every order has come to an end", INVARIANT_LOST, true,
      "SELECT order_id FROM order_db.orders"
      " WHERE status IN "
      "('PENDING','RESERVED','PAYING','PAYMENT_FAILED','CANCELLING','REFUNDING')" },
    { "I5 an unknown payment keeps its order waiting", INVARIANT_INCONSISTENT, false,
      "SELECT STRAIGHT_JOIN p.order_id FROM payment_db.payment p"
      " JOIN order_db.orders o USING (order_id)"
      " WHERE p.status = 'UNKNOWN' AND o.status NOT IN ('PAYING','CANCELLING','NEEDS_REVIEW')" },
    { "I6 the outboxes are empty", INVARIANT_LOST, true,
      "SELECT id FROM order_db.outbox UNION ALL SELECT id FROM product_db.outbox"
      " UNION ALL SELECT id FROM payment_db.outbox" },
    { "I7 order and payment fit together", INVARIANT_INCONSISTENT, true,
      "SELECT o.order_id FROM order_db.orders o LEFT JOIN payment_db.payment p USING (order_id)"
      " WHERE (o.status = 'COMPLETED' AND NOT (p.status <=> 'CAPTURED' AND p.captured <=> o.total))"
      " OR (o.status IN ('CANCELLED','EXPIRED')"
      " AND (p.captured <> p.refunded OR p.status = 'UNKNOWN'))" },
    { "I7 order and stock fit together", INVARIANT_INCONSISTENT, true,
      "SELECT o.order_id FROM order_db.orders o JOIN order_db.orders_detail d USING (order_id)"
      " WHERE o.status IN ('COMPLETED','PARTIALLY_REFUNDED','CANCELLED','EXPIRED')"
      " AND IF(o.status IN ('COMPLETED','PARTIALLY_REFUNDED'),"
      " CAST(d.quantity AS SIGNED) - d.returned_quantity, 0)"
      " <> COALESCE((SELECT SUM(l.reserved_delta) FROM product_db.stock_ledger l"
      " WHERE l.order_id = d.order_id AND l.product_id = d.product_id), 0)" },
    { "I8 one request key, one order", INVARIANT_DUPLICATE, false,
      "SELECT SQL_BIG_RESULT order_id FROM order_db.idempotency_key"
      " WHERE route = '/orders' AND order_id IS NOT NULL GROUP BY order_id HAVING COUNT(*) > 1" },
    { "I8 every request key has its order", INVARIANT_LOST, false,
      "SELECT k.order_id FROM order_db.idempotency_key k"
      " LEFT JOIN order_db.orders o USING (order_id)"
      " WHERE k.route = '/orders' AND o.order_id IS NULL" },
    { "I8 every order has its request key", INVARIANT_LOST, false,
      "SELECT SQL_BIG_RESULT order_id FROM (SELECT order_id, 1 has_key"
      " FROM order_db.idempotency_key WHERE order_id IS NOT NULL"
      " UNION ALL SELECT order_id, 0 FROM order_db.orders"
      " WHERE created_at > UTC_TIMESTAMP(6) - INTERVAL 24 HOUR) k"
      " GROUP BY order_id HAVING SUM(has_key) = 0" },
    { "I11 money adds up", INVARIANT_INCONSISTENT, false,
      "SELECT STRAIGHT_JOIN d.order_id FROM order_db.orders_detail d"
      " JOIN order_db.orders o USING (order_id) GROUP BY d.order_id"
      " HAVING MAX(o.total) <> SUM(d.line_total)"
      " OR SUM(d.line_total) <> SUM(d.quantity * d.unit_price)" },
    { "I12 the timeline has no gap", INVARIANT_INCONSISTENT, false,
      "SELECT order_id FROM order_db.orders_event GROUP BY order_id"
      " HAVING MIN(seq) <> 1 OR MAX(seq) <> COUNT(*)" },
    { "I12 the timeline chains", INVARIANT_INCONSISTENT, false,
      "SELECT STRAIGHT_JOIN e.order_id FROM order_db.orders_event e"
      " LEFT JOIN order_db.orders_event p"
      " ON p.order_id = e.order_id AND p.seq = CAST(e.seq AS SIGNED) - 1"
      " WHERE NOT (e.from_status <=> p.to_status)" },
    { "I12 the timeline ends in the stored state", INVARIANT_INCONSISTENT, false,
      "SELECT o.order_id FROM order_db.orders o WHERE NOT (o.status <=>"
      " (SELECT e.to_status FROM order_db.orders_event e WHERE e.order_id = o.order_id"
      " ORDER BY e.seq DESC LIMIT 1))" },
};

const size_t invariant_count = sizeof invariants / sizeof invariants[0];

const char *invariant_kind_name(InvariantKind kind)
{
    static const char *const names[INVARIANT_KINDS] = {
        [INVARIANT_OVERSOLD] = "oversold",
        [INVARIANT_LOST] = "lost",
        [INVARIANT_DUPLICATE] = "duplicate",
        [INVARIANT_CHARGED_WITHOUT_ORDER] = "charged without order",
        [INVARIANT_INCONSISTENT] = "inconsistent",
    };
    return names[kind];
}

typedef struct Check {
    const Invariant *invariant;
    InvariantReport *report;
} Check;

static Status on_violation(void *context, const DbRow *row)
{
    Check *check = context;
    InvariantReport *report = check->report;

    if (report->total == 0) {
        (void)snprintf(report->first, sizeof report->first, "%s: %s", check->invariant->name,
                       db_row_text(row, 0));
    }
    report->violations[check->invariant->kind]++;
    report->total++;
    return status_ok();
}

Status invariant_check(Db *db, const Invariant *invariant, InvariantReport *report)
{
    Check check = { invariant, report };

    return db_query(db, invariant->sql, NULL, 0, on_violation, &check);
}

Status invariants_check(Db *db, bool settled, InvariantReport *ret_report)
{
    InvariantReport report = { .total = 0 };

    for (size_t i = 0; i < invariant_count; i++) {
        if (invariants[i].settled && !settled) {
            continue;
        }
        Status status = invariant_check(db, &invariants[i], &report);
        if (status_failed(status)) {
            return status;
        }
    }
    *ret_report = report;
    return status_ok();
}

static Status on_count(void *context, const DbRow *row)
{
    uint64_t *counts = context;

    counts[0] = db_row_uint(row, 0);
    counts[1] = db_row_uint(row, 1);
    return status_ok();
}

Status invariants_count_open(Db *db, uint64_t *ret_open, uint64_t *ret_outbox)
{
    uint64_t counts[2] = { 0, 0 };
    Status status = db_query(db,
                             "SELECT (SELECT COUNT(*) FROM order_db.orders WHERE `open` IN (1, 2)),"
                             " (SELECT COUNT(*) FROM order_db.outbox)"
                             " + (SELECT COUNT(*) FROM product_db.outbox)"
                             " + (SELECT COUNT(*) FROM payment_db.outbox)",
                             NULL, 0, on_count, counts);

    if (!status_failed(status)) {
        *ret_open = counts[0];
        *ret_outbox = counts[1];
    }
    return status;
}
