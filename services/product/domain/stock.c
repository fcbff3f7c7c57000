/* stock.c - reserve, release, return. */
#include "services/product/domain/stock.h"

#include <assert.h>

static Status invalid(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

/* Insertion sort: lines are few, and come sorted from the order service. */
static void sort(StockLine *lines, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        StockLine line = lines[i];
        size_t at = i;
        while (at > 0 && lines[at - 1].product.value > line.product.value) {
            lines[at] = lines[at - 1];
            at--;
        }
        lines[at] = line;
    }
}

Status stock_lines_normalize(StockLine *lines, size_t count, size_t *ret_count)
{
    size_t kept = 0;

    if (count == 0 || count > STOCK_LINES_MAX) {
        return invalid();
    }
    for (size_t i = 0; i < count; i++) {
        if (lines[i].product.value == 0 || lines[i].quantity == 0 ||
            lines[i].quantity > STOCK_CHANGE_MAX) {
            return invalid();
        }
    }
    sort(lines, count);
    for (size_t i = 0; i < count; i++) {
        StockLine *last = kept > 0 ? &lines[kept - 1] : NULL;
        if (last == NULL || last->product.value != lines[i].product.value) {
            lines[kept++] = lines[i];
        } else if (lines[i].quantity > STOCK_CHANGE_MAX - last->quantity) {
            return invalid();
        } else {
            last->quantity += lines[i].quantity;
        }
    }
    *ret_count = kept;
    return status_ok();
}

static const LedgerEntry *find_entry(const LedgerEntry *ledger, LedgerType type, uint32_t refund_no)
{
    while (ledger != NULL && (ledger->type != type || ledger->refund_no != refund_no)) {
        ledger = ledger->next;
    }
    return ledger;
}

/* Units of the product that the order holds. */
static int64_t units_held(const LedgerEntry *ledger, ProductId product)
{
    int64_t held = 0;

    for (; ledger != NULL; ledger = ledger->next) {
        held += ledger->product.value == product.value ? ledger->reserved_delta : 0;
    }
    return held;
}

static bool names_unknown_product(const StockCommand *command)
{
    for (size_t i = 0; i < command->line_count; i++) {
        if (command->lines[i].stock == NULL) {
            return true;
        }
    }
    return false;
}

/* Where a decision is written down. */
typedef struct Writer {
    const StockCommand *command;
    LedgerEntry **ledger;
    LedgerEntry *entries;
    size_t count;
} Writer;

static void write_entry(Writer *writer, const StockLine *line, LedgerType type, int64_t delta,
                        const char *reason)
{
    LedgerEntry *entry = &writer->entries[writer->count++];

    *entry = (LedgerEntry){
        .order = writer->command->order,
        .product = line->product,
        .type = type,
        .refund_no = type == LEDGER_RETURN ? writer->command->refund_no : 0,
        .reserved_delta = delta,
        .reason = reason,
        .next = *writer->ledger,
    };
    *writer->ledger = entry;
    line->stock->reserved += delta;
    line->stock->change += delta;
    assert(line->stock->reserved >= 0);
    assert(line->stock->reserved <= line->stock->on_hand);
}

static bool mark_shortages(StockCommand *command)
{
    bool any = false;

    for (size_t i = 0; i < command->line_count; i++) {
        StockLine *line = &command->lines[i];
        line->available = stock_available(line->stock);
        line->is_short = line->available < line->quantity;
        any = any || line->is_short;
    }
    return any;
}

/* The shortages of a refusal long ago are in its entries; what is available is told as
 * of now. */
static void recall_shortages(StockCommand *command, const LedgerEntry *ledger)
{
    (void)mark_shortages(command);
    for (size_t i = 0; i < command->line_count; i++) {
        command->lines[i].is_short = false;
    }
    for (; ledger != NULL; ledger = ledger->next) {
        if (ledger->type != LEDGER_RESERVE || ledger->reason[0] == '\0') {
            continue;
        }
        for (size_t i = 0; i < command->line_count; i++) {
            if (command->lines[i].product.value == ledger->product.value) {
                command->lines[i].is_short = true;
            }
        }
    }
}

static void reserve(StockCommand *command, Writer *writer)
{
    const LedgerEntry *decided = find_entry(*writer->ledger, LEDGER_RESERVE, 0);

    if (decided != NULL) {
        bool holds =
            decided->reserved_delta > 0 && find_entry(*writer->ledger, LEDGER_RELEASE, 0) == NULL;
        command->answer = holds ? STOCK_ANSWERS_RESERVED : STOCK_ANSWERS_REJECTED;
        if (!holds) {
            recall_shortages(command, *writer->ledger);
        }
        return;
    }
    bool refused = mark_shortages(command);
    for (size_t i = 0; i < command->line_count; i++) {
        const StockLine *line = &command->lines[i];
        write_entry(writer, line, LEDGER_RESERVE, refused ? 0 : line->quantity,
                    line->is_short ? STOCK_REASON_SHORT : "");
    }
    command->answer = refused ? STOCK_ANSWERS_REJECTED : STOCK_ANSWERS_RESERVED;
}

static void release(StockCommand *command, Writer *writer)
{
    const LedgerEntry *before = *writer->ledger;
    bool overtakes = find_entry(before, LEDGER_RESERVE, 0) == NULL;

    if (find_entry(before, LEDGER_RELEASE, 0) != NULL) {
        command->answer = STOCK_ANSWERS_RELEASED;
        return;
    }
    for (size_t i = 0; i < command->line_count; i++) {
        const StockLine *line = &command->lines[i];
        if (units_held(before, line->product) > line->stock->reserved) {
            command->status = status_make(STATUS_INTERNAL, "BOOKS_DIFFER");
            return;
        }
    }
    for (size_t i = 0; i < command->line_count; i++) {
        const StockLine *line = &command->lines[i];
        if (overtakes) {
            write_entry(writer, line, LEDGER_RESERVE, 0, "");
        }
        write_entry(writer, line, LEDGER_RELEASE, -units_held(before, line->product), "");
    }
    command->answer = STOCK_ANSWERS_RELEASED;
}

static void take_back(StockCommand *command, Writer *writer)
{
    const LedgerEntry *before = *writer->ledger;

    if (find_entry(before, LEDGER_RETURN, command->refund_no) != NULL) {
        return;
    }
    for (size_t i = 0; i < command->line_count; i++) {
        const StockLine *line = &command->lines[i];
        int64_t held = units_held(before, line->product);
        if (held < line->quantity) {
            command->status = status_make(STATUS_FAILED_PRECONDITION, "RETURN_EXCEEDS_RESERVED");
            return;
        }
        if (held > line->stock->reserved) {
            command->status = status_make(STATUS_INTERNAL, "BOOKS_DIFFER");
            return;
        }
    }
    for (size_t i = 0; i < command->line_count; i++) {
        const StockLine *line = &command->lines[i];
        write_entry(writer, line, LEDGER_RETURN, -(int64_t)line->quantity, "");
    }
}

void stock_decide(StockCommand *command, LedgerEntry **ledger, LedgerEntry *entries,
                  size_t *ret_count)
{
    Writer writer = { .command = command, .ledger = ledger, .entries = entries };

    command->status = status_ok();
    command->answer = STOCK_ANSWERS_NOTHING;
    if (names_unknown_product(command)) {
        command->status = status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
    } else if (command->kind == STOCK_RESERVE) {
        reserve(command, &writer);
    } else if (command->kind == STOCK_RELEASE) {
        release(command, &writer);
    } else {
        assert(command->kind == STOCK_RETURN);
        take_back(command, &writer);
    }
    *ret_count = writer.count;
}
