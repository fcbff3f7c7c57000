#undef NDEBUG
#include "tests/contract/services/product/stock_gate_contract.h"

#include <assert.h>
#include <stdio.h>

#include "common/base/id.h"

/* The second's digits begin with all of the first's. */
static const ProductId one = { 900719925474099 };
static const ProductId other = { 9007199254740991 };

static void forget(const StockGateSubject *subject, ProductId product)
{
    Status status = subject->gate->ops->forget(subject->gate, product);

    assert(!status_failed(status));
}

static void forget_all(const StockGateSubject *subject)
{
    forget(subject, one);
    forget(subject, other);
}

static bool peek(const StockGateSubject *subject, ProductId product, int64_t *ret_units)
{
    bool known = false;
    Status status = subject->gate->ops->peek(subject->gate, product, &known, ret_units);

    assert(!status_failed(status));
    return known;
}

static void expect_units(const StockGateSubject *subject, ProductId product, int64_t units)
{
    int64_t found = ~units;

    assert(peek(subject, product, &found));
    assert(found == units);
}

static void expect_unknown(const StockGateSubject *subject, ProductId product)
{
    bool known = true;
    int64_t units = 77;
    Status status = subject->gate->ops->peek(subject->gate, product, &known, &units);

    assert(!status_failed(status));
    assert(!known);
}

static void does_not_know_what_was_never_put(const StockGateSubject *subject)
{
    expect_unknown(subject, one);
    subject->put(subject->context, other, 3);
    expect_unknown(subject, one);
}

static void tells_what_was_put_last(const StockGateSubject *subject)
{
    static const int64_t units[] = { 8, 0, -3, INT64_C(1000000000), INT64_MAX, INT64_MIN };

    subject->put(subject->context, other, 5);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        subject->put(subject->context, one, units[i]);
        expect_units(subject, one, units[i]);
        expect_units(subject, one, units[i]); /* looking changes nothing */
    }
    expect_units(subject, other, 5);
}

static void forgets_one_product_and_no_other(const StockGateSubject *subject)
{
    subject->put(subject->context, one, 8);
    subject->put(subject->context, other, 9);
    forget(subject, one);
    expect_unknown(subject, one);
    expect_units(subject, other, 9);
}

static void forgets_as_often_as_asked_and_learns_again(const StockGateSubject *subject)
{
    forget(subject, one);
    subject->put(subject->context, one, 8);
    forget(subject, one);
    forget(subject, one);
    expect_unknown(subject, one);
    subject->put(subject->context, one, 7);
    expect_units(subject, one, 7);
}

void stock_gate_contract(const StockGateSubject *subject)
{
    static const struct {
        const char *name;
        void (*run)(const StockGateSubject *subject);
    } cases[] = {
        { "does not know what was never put", does_not_know_what_was_never_put },
        { "tells what was put last", tells_what_was_put_last },
        { "forgets one product and no other", forgets_one_product_and_no_other },
        { "forgets as often as asked and learns again",
          forgets_as_often_as_asked_and_learns_again },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forget_all(subject); /* also what a run that failed has left */
        cases[i].run(subject);
        printf("ok gate: %s\n", cases[i].name);
    }
    forget_all(subject);
}
