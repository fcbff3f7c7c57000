/* The rules of reserve, release and return, as tables: what an order's entries are before,
 * what is asked, what comes out. */
#include <criterion/criterion.h>
#include <string.h>

#include "services/product/domain/stock.h"

static const OrderId order = { 7 };

typedef struct Books {
    Stock stock;
    LedgerEntry entries[16];
    size_t count;
    LedgerEntry *ledger;
} Books;

/* Decides one command with one line. */
static StockCommand decide(Books *books, StockCommandKind kind, uint32_t quantity,
                           uint32_t refund_no)
{
    static StockLine line;
    StockCommand command = {
        .event = { 1 },
        .order = order,
        .kind = kind,
        .refund_no = refund_no,
        .lines = &line,
        .line_count = 1,
    };
    size_t count = 0;

    line = (StockLine){ .product = { 5 }, .quantity = quantity, .stock = &books->stock };
    stock_decide(&command, &books->ledger, &books->entries[books->count], &count);
    books->count += count;
    return command;
}

static Books books_of(int64_t on_hand, int64_t reserved)
{
    return (Books){ .stock = { .product = { 5 }, .on_hand = on_hand, .reserved = reserved } };
}

Test(stock, reserves_what_is_available_and_no_more)
{
    static const struct {
        int64_t on_hand;
        int64_t reserved;
        uint32_t quantity;
        StockAnswer answer;
        int64_t reserved_then;
    } rows[] = {
        { 10, 0, 1, STOCK_ANSWERS_RESERVED, 1 },  { 10, 0, 10, STOCK_ANSWERS_RESERVED, 10 },
        { 10, 0, 11, STOCK_ANSWERS_REJECTED, 0 }, { 10, 9, 1, STOCK_ANSWERS_RESERVED, 10 },
        { 10, 9, 2, STOCK_ANSWERS_REJECTED, 9 },  { 10, 10, 1, STOCK_ANSWERS_REJECTED, 10 },
        { 0, 0, 1, STOCK_ANSWERS_REJECTED, 0 },   { 10, 0, 1000000000, STOCK_ANSWERS_REJECTED, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Books books = books_of(rows[i].on_hand, rows[i].reserved);
        StockCommand command = decide(&books, STOCK_RESERVE, rows[i].quantity, 0);
        cr_expect_eq(command.answer, rows[i].answer, "row %zu", i);
        cr_expect_eq(books.stock.reserved, rows[i].reserved_then, "row %zu", i);
        cr_expect_eq(books.count, 1, "row %zu: every decision is written down", i);
    }
}

Test(stock, follows_every_order_of_commands)
{
    enum {
        STEPS_MAX = 5
    };
    /* One product with 3 units; every reservation and return is of 2. */
    static const struct {
        const char *name;
        struct {
            StockCommandKind kind;
            uint32_t refund_no;
            StatusCode code;
            StockAnswer answer;
            int64_t reserved_then;
        } steps[STEPS_MAX];
    } rows[] = {
        { "reserve, release, late repetitions",
          { { STOCK_RESERVE, 0, STATUS_OK, STOCK_ANSWERS_RESERVED, 2 },
            { STOCK_RESERVE, 0, STATUS_OK, STOCK_ANSWERS_RESERVED, 2 },
            { STOCK_RELEASE, 0, STATUS_OK, STOCK_ANSWERS_RELEASED, 0 },
            { STOCK_RELEASE, 0, STATUS_OK, STOCK_ANSWERS_RELEASED, 0 },
            { STOCK_RESERVE, 0, STATUS_OK, STOCK_ANSWERS_REJECTED, 0 } } },
        { "release overtakes",
          { { STOCK_RELEASE, 0, STATUS_OK, STOCK_ANSWERS_RELEASED, 0 },
            { STOCK_RESERVE, 0, STATUS_OK, STOCK_ANSWERS_REJECTED, 0 },
            { STOCK_RELEASE, 0, STATUS_OK, STOCK_ANSWERS_RELEASED, 0 } } },
        { "return, then release of the rest",
          { { STOCK_RESERVE, 0, STATUS_OK, STOCK_ANSWERS_RESERVED, 2 },
            { STOCK_RETURN, 1, STATUS_OK, STOCK_ANSWERS_NOTHING, 0 },
            { STOCK_RETURN, 1, STATUS_OK, STOCK_ANSWERS_NOTHING, 0 },
            { STOCK_RETURN, 2, STATUS_FAILED_PRECONDITION, STOCK_ANSWERS_NOTHING, 0 },
            { STOCK_RELEASE, 0, STATUS_OK, STOCK_ANSWERS_RELEASED, 0 } } },
        { "return of what was never reserved",
          { { STOCK_RETURN, 1, STATUS_FAILED_PRECONDITION, STOCK_ANSWERS_NOTHING, 0 } } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Books books = books_of(3, 0);
        for (size_t k = 0; k < STEPS_MAX && rows[i].steps[k].kind != 0; k++) {
            StockCommand command =
                decide(&books, rows[i].steps[k].kind, 2, rows[i].steps[k].refund_no);
            cr_expect_eq(command.status.code, rows[i].steps[k].code, "%s, %zu", rows[i].name, k);
            cr_expect_eq(command.answer, rows[i].steps[k].answer, "%s, %zu", rows[i].name, k);
            cr_expect_eq(books.stock.reserved, rows[i].steps[k].reserved_then, "%s, %zu",
                         rows[i].name, k);
        }
    }
}

Test(stock, refuses_to_release_more_than_is_reserved_at_all)
{
    Books books = books_of(3, 0);

    (void)decide(&books, STOCK_RESERVE, 2, 0);
    books.stock.reserved = 1; /* somebody has spoiled the row */
    StockCommand command = decide(&books, STOCK_RELEASE, 2, 0);
    cr_expect_eq(command.status.code, STATUS_INTERNAL);
    cr_expect_eq(books.stock.reserved, 1);
    cr_expect_eq(books.count, 1);
}

Test(stock, knows_which_lines_were_short_when_asked_again)
{
    Stock stocks[2] = { { .product = { 1 }, .on_hand = 5 }, { .product = { 2 }, .on_hand = 1 } };
    StockLine lines[2] = { { .product = { 1 }, .quantity = 1, .stock = &stocks[0] },
                           { .product = { 2 }, .quantity = 2, .stock = &stocks[1] } };
    StockCommand command = {
        .order = order, .kind = STOCK_RESERVE, .lines = lines, .line_count = 2
    };
    LedgerEntry entries[8];
    LedgerEntry *ledger = NULL;
    size_t count;

    for (int i = 0; i < 2; i++) {
        lines[0].is_short = true;
        lines[1].is_short = false;
        stock_decide(&command, &ledger, &entries[2 * i], &count);
        cr_expect_eq(command.answer, STOCK_ANSWERS_REJECTED);
        cr_expect_not(lines[0].is_short);
        cr_expect(lines[1].is_short);
        cr_expect_eq(lines[1].available, 1);
        cr_expect_eq(count, i == 0 ? 2u : 0u);
    }
    cr_expect_eq(stocks[0].reserved, 0);
}

Test(stock, brings_lines_into_order_and_merges_them)
{
    StockLine lines[] = { { .product = { 9 }, .quantity = 1 },
                          { .product = { 3 }, .quantity = 2 },
                          { .product = { 9 }, .quantity = 4 } };
    size_t count = 0;

    cr_assert_not(status_failed(stock_lines_normalize(lines, 3, &count)));
    cr_expect_eq(count, 2);
    cr_expect_eq(lines[0].product.value, 3);
    cr_expect_eq(lines[0].quantity, 2);
    cr_expect_eq(lines[1].product.value, 9);
    cr_expect_eq(lines[1].quantity, 5);
}

Test(stock, refuses_lines_that_no_order_has)
{
    StockLine many[STOCK_LINES_MAX + 1];
    StockLine zero_product = { .product = { 0 }, .quantity = 1 };
    StockLine zero_quantity = { .product = { 1 }, .quantity = 0 };
    StockLine huge = { .product = { 1 }, .quantity = 1000000001 };
    StockLine overflowing[] = { { .product = { 1 }, .quantity = 1000000000 },
                                { .product = { 1 }, .quantity = 1 } };
    size_t count = 77;

    for (size_t i = 0; i < STOCK_LINES_MAX + 1; i++) {
        many[i] = (StockLine){ .product = { i + 1 }, .quantity = 1 };
    }
    cr_expect(status_failed(stock_lines_normalize(many, 0, &count)));
    cr_expect(status_failed(stock_lines_normalize(many, STOCK_LINES_MAX + 1, &count)));
    cr_expect(status_failed(stock_lines_normalize(&zero_product, 1, &count)));
    cr_expect(status_failed(stock_lines_normalize(&zero_quantity, 1, &count)));
    cr_expect(status_failed(stock_lines_normalize(&huge, 1, &count)));
    cr_expect(status_failed(stock_lines_normalize(overflowing, 2, &count)));
    cr_expect_eq(count, 77);
    cr_expect_not(status_failed(stock_lines_normalize(many, STOCK_LINES_MAX, &count)));
}
