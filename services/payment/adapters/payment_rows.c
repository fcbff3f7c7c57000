#include "services/payment/adapters/payment_rows.h"

#include <assert.h>
#include <string.h>

static const char *const status_names[] = {
    [PAYMENT_PENDING] = "PENDING",
    [PAYMENT_UNKNOWN] = "UNKNOWN",
    [PAYMENT_CAPTURED] = "CAPTURED",
    [PAYMENT_DECLINED] = "DECLINED",
};

static PaymentStatus status_of(const char *name)
{
    PaymentStatus status = PAYMENT_PENDING;

    while (status < PAYMENT_DECLINED && strcmp(status_names[status], name) != 0) {
        status++;
    }
    return status;
}

/* False if it does not fit. */
static bool take_text(const DbRow *row, unsigned column, char *to, size_t size)
{
    size_t length;
    const void *bytes = db_row_bytes(row, column, &length);

    if (length >= size) {
        return false;
    }
    memcpy(to, bytes, length);
    to[length] = '\0';
    return true;
}

static bool take_attempt(const DbRow *row, Attempt *attempt)
{
    *attempt = (Attempt){
        .order = { db_row_uint(row, 0) },
        .number = (uint32_t)db_row_uint(row, 1),
        .status = status_of(db_row_text(row, 2)),
        .inquiries = (uint32_t)db_row_uint(row, 6),
        .next_inquiry_at_us = db_row_is_null(row, 7) ? 0 : db_row_time(row, 7),
        .created_at_us = db_row_time(row, 8),
        .updated_at_us = db_row_time(row, 9),
    };
    return take_text(row, 3, attempt->token, sizeof attempt->token) &&
           take_text(row, 4, attempt->reason, sizeof attempt->reason) &&
           take_text(row, 5, attempt->reference, sizeof attempt->reference);
}

static bool take_payment(const DbRow *row, Payment *payment)
{
    payment->member = (MemberId){ db_row_uint(row, 10) };
    payment->amount = (Money){ db_row_int(row, 11) };
    payment->captured = (Money){ db_row_int(row, 13) };
    payment->refunded = (Money){ db_row_int(row, 14) };
    payment->status = status_of(db_row_text(row, 15));
    payment->version = (uint32_t)db_row_uint(row, 16);
    payment->created_at_us = db_row_time(row, 17);
    payment->updated_at_us = db_row_time(row, 18);
    return take_text(row, 12, payment->currency, sizeof payment->currency);
}

Status payment_take_row(void *context, const DbRow *row)
{
    PaymentBook *book = context;
    Payment *payment = payment_book_find(book, (OrderId){ db_row_uint(row, 0) });
    Attempt *attempt = payment_book_room(book);

    if (attempt == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (!take_attempt(row, attempt) || !take_payment(row, payment)) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    attempt->next = payment->attempts;
    payment->attempts = attempt;
    return status_ok();
}

void payment_rows_add(PaymentRows *rows, const Payment *payment)
{
    size_t at = rows->count++;

    assert(at < DB_ROWS_MAX);
    rows->orders[at] = payment->order.value;
    rows->numbers[at] = payment->version;
    rows->members[at] = payment->member.value;
    rows->statuses[at] = status_names[payment->status];
    rows->texts[0][at] = payment->currency;
    rows->amounts[0][at] = payment->amount.minor;
    rows->amounts[1][at] = payment->captured.minor;
    rows->times[0][at] = payment->created_at_us;
    rows->times[1][at] = payment->updated_at_us;
}

void attempt_rows_add(PaymentRows *rows, const Attempt *attempt)
{
    size_t at = rows->count++;

    assert(at < DB_ROWS_MAX);
    rows->orders[at] = attempt->order.value;
    rows->numbers[at] = attempt->number;
    rows->statuses[at] = status_names[attempt->status];
    rows->texts[0][at] = attempt->token;
    rows->texts[1][at] = attempt->reason;
    rows->texts[2][at] = attempt->reference;
    rows->amounts[0][at] = attempt->inquiries;
    rows->times[0][at] = attempt->created_at_us;
    rows->times[1][at] = attempt->updated_at_us;
    rows->times[2][at] = attempt->next_inquiry_at_us;
    rows->no_inquiry[at] = attempt->next_inquiry_at_us == 0;
}

static Status send(PaymentRows *rows, Db *db, const char *sql, const DbColumn *columns,
                   size_t column_count)
{
    size_t count = rows->count;
    uint64_t affected = 0;

    rows->count = 0;
    if (count == 0) {
        return status_ok();
    }
    Status status = db_execute_bulk(db, sql, columns, column_count, count, &affected);
    if (!status_failed(status) && affected != count) {
        return status_make(STATUS_ALREADY_EXISTS, "OVERTAKEN");
    }
    return status;
}

Status payment_rows_insert(PaymentRows *rows, Db *db)
{
    const DbColumn columns[] = {
        { .type = DB_UINT, .values = rows->orders },
        { .type = DB_UINT, .values = rows->members },
        { .type = DB_INT, .values = rows->amounts[0] },
        { .type = DB_BYTES, .values = rows->texts[0] },
        { .type = DB_INT, .values = rows->amounts[1] },
        { .type = DB_BYTES, .values = rows->statuses },
        { .type = DB_TIME, .values = rows->times[0] },
        { .type = DB_TIME, .values = rows->times[1] },
    };

    return send(rows, db,
                "INSERT INTO payment (order_id, member_id, amount, currency, captured, refunded, "
                "status, created_at, updated_at, version) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, 1)",
                columns, sizeof columns / sizeof columns[0]);
}

Status payment_rows_update(PaymentRows *rows, Db *db)
{
    const DbColumn columns[] = {
        { .type = DB_UINT, .values = rows->members },
        { .type = DB_INT, .values = rows->amounts[0] },
        { .type = DB_BYTES, .values = rows->texts[0] },
        { .type = DB_INT, .values = rows->amounts[1] },
        { .type = DB_BYTES, .values = rows->statuses },
        { .type = DB_TIME, .values = rows->times[1] },
        { .type = DB_UINT, .values = rows->orders },
        { .type = DB_UINT, .values = rows->numbers },
    };

    return send(rows, db,
                "UPDATE payment SET member_id = ?, amount = ?, currency = ?, captured = ?, "
                "status = ?, updated_at = ?, version = version + 1 "
                "WHERE order_id = ? AND version = ?",
                columns, sizeof columns / sizeof columns[0]);
}

Status attempt_rows_insert(PaymentRows *rows, Db *db)
{
    const DbColumn columns[] = {
        { .type = DB_UINT, .values = rows->orders },
        { .type = DB_UINT, .values = rows->numbers },
        { .type = DB_BYTES, .values = rows->statuses },
        { .type = DB_BYTES, .values = rows->texts[0] },
        { .type = DB_BYTES, .values = rows->texts[1] },
        { .type = DB_BYTES, .values = rows->texts[2] },
        { .type = DB_INT, .values = rows->amounts[0] },
        { .type = DB_TIME, .values = rows->times[2], .nulls = rows->no_inquiry },
        { .type = DB_TIME, .values = rows->times[0] },
        { .type = DB_TIME, .values = rows->times[1] },
    };

    return send(rows, db,
                "INSERT INTO payment_attempt (order_id, attempt, status, token, reason, reference, "
                "inquiries, next_inquiry_at, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                columns, sizeof columns / sizeof columns[0]);
}

Status attempt_rows_update(PaymentRows *rows, Db *db)
{
    const DbColumn columns[] = {
        { .type = DB_BYTES, .values = rows->statuses },
        { .type = DB_BYTES, .values = rows->texts[1] },
        { .type = DB_BYTES, .values = rows->texts[2] },
        { .type = DB_INT, .values = rows->amounts[0] },
        { .type = DB_TIME, .values = rows->times[2], .nulls = rows->no_inquiry },
        { .type = DB_TIME, .values = rows->times[1] },
        { .type = DB_UINT, .values = rows->orders },
        { .type = DB_UINT, .values = rows->numbers },
    };

    return send(rows, db,
                "UPDATE payment_attempt SET status = ?, reason = ?, reference = ?, inquiries = ?, "
                "next_inquiry_at = ?, updated_at = ? "
                "WHERE order_id = ? AND attempt = ? AND status = 'UNKNOWN'",
                columns, sizeof columns / sizeof columns[0]);
}
