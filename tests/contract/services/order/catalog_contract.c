#include "tests/contract/services/order/catalog_contract.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDS_MAX = 2048,
    MANY = 1200, /* more than go in one call, or two */
};

typedef struct Answer {
    CatalogProduct *products;
    size_t count;
} Answer;

static Answer ask(const CatalogSubject *subject, Arena *arena, const uint64_t *ids, size_t count)
{
    static ProductId list[IDS_MAX];
    Answer answer = { NULL, SIZE_MAX };

    assert(count <= IDS_MAX);
    for (size_t i = 0; i < count; i++) {
        list[i].value = ids[i];
    }
    Status status = subject->catalog->ops->get(subject->catalog, arena, list, count,
                                               &answer.products, &answer.count);
    assert(!status_failed(status));
    memset(list, 0, sizeof list); /* borrowed for the length of the call only */
    return answer;
}

static void begin(const CatalogSubject *subject, Arena *arena)
{
    static const CatalogTruth plain = { "plain", 100, 10, 0, true };

    arena_init(arena, (size_t)16 * 1024, (size_t)4 * 1024 * 1024);
    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        subject->put(subject->context, i, &plain);
    }
}

static void expect(const CatalogSubject *subject, const CatalogProduct *product, size_t at,
                   const CatalogTruth *truth)
{
    assert(product->id.value == subject->known[at]);
    assert(strcmp(product->name, truth->name) == 0);
    assert(product->price.minor == truth->price);
    assert(product->available == truth->on_hand - truth->reserved);
    assert(product->active == truth->active);
}

static void tells_names_prices_and_what_is_left(const CatalogSubject *subject)
{
    static char longest[ORDER_NAME_MAX + 1]; /* 100 emoji */
    static const char emoji[] = "\xf0\x9f\x98\x80";
    const CatalogTruth truths[CATALOG_KNOWN] = {
        { "tea", 100, 10, 3, true },
        { "\xec\x9e\x94 \"O'Neill\" \\", MONEY_MAX, 7, 7, true },
        { "x", 1, 1, 0, false },
        { longest, 250, INT32_MAX, 1, true },
    };
    Arena arena;

    begin(subject, &arena);
    for (size_t i = 0; i < ORDER_NAME_MAX; i += 4) {
        memcpy(&longest[i], emoji, 4);
    }
    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        subject->put(subject->context, i, &truths[i]);
    }
    Answer answer = ask(subject, &arena, subject->known, CATALOG_KNOWN);
    assert(answer.count == CATALOG_KNOWN);
    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        expect(subject, &answer.products[i], i, &truths[i]);
        Answer one = ask(subject, &arena, &subject->known[i], 1);
        assert(one.count == 1);
        expect(subject, &one.products[0], i, &truths[i]);
    }
    arena_deinit(&arena);
}

static void tells_what_holds_now(const CatalogSubject *subject)
{
    static const CatalogTruth before = { "before", 100, 10, 0, true };
    static const CatalogTruth after = { "after", 101, 10, 10, false };
    Arena arena;

    begin(subject, &arena);
    subject->put(subject->context, 1, &before);
    Answer first = ask(subject, &arena, &subject->known[1], 1);
    subject->put(subject->context, 1, &after);
    Answer second = ask(subject, &arena, &subject->known[1], 1);
    assert(first.count == 1 && second.count == 1);
    expect(subject, second.products, 1, &after);
    assert(first.products[0].price.minor == before.price && first.products[0].active);
    arena_deinit(&arena);
}

static int compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;

    return (*a > *b) - (*a < *b);
}

/* The known ids among 1..max, ascending and each once. */
static size_t mix(const CatalogSubject *subject, uint64_t max, uint64_t ids[static IDS_MAX])
{
    size_t count = 0;

    for (uint64_t id = 1; id <= max; id++) {
        ids[count++] = id;
    }
    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        if (subject->known[i] > max) {
            ids[count++] = subject->known[i];
        }
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    return count;
}

static void finds_what_there_is_among_more_than_one_call_takes(const CatalogSubject *subject)
{
    static uint64_t ids[IDS_MAX];
    Arena arena;

    begin(subject, &arena);
    size_t count = mix(subject, MANY, ids);
    Answer answer = ask(subject, &arena, ids, count);
    assert(answer.count == CATALOG_KNOWN);
    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        assert(answer.products[i].id.value == subject->known[i]);
    }
    arena_deinit(&arena);
}

static void leaves_out_what_there_is_not(const CatalogSubject *subject)
{
    const uint64_t last = subject->known[CATALOG_KNOWN - 1];
    const uint64_t strange[] = { last + 1, last + 2, last + 1000 };
    const uint64_t mixed[] = { subject->known[0], last, last + 1 };
    Arena arena;

    begin(subject, &arena);
    assert(ask(subject, &arena, strange, 1).count == 0);
    assert(ask(subject, &arena, strange, 3).count == 0);
    Answer answer = ask(subject, &arena, mixed, 3);
    assert(answer.count == 2);
    assert(answer.products[0].id.value == mixed[0] && answer.products[1].id.value == mixed[1]);
    arena_deinit(&arena);
}

static void an_answer_lives_as_long_as_its_arena(const CatalogSubject *subject)
{
    static const CatalogTruth tea = { "tea", 100, 10, 0, true };
    static const CatalogTruth pot = { "pot", 300, 10, 0, true };
    static uint64_t ids[IDS_MAX];
    Arena arena;
    Arena other;

    begin(subject, &arena);
    subject->put(subject->context, 0, &tea);
    subject->put(subject->context, 1, &pot);
    Answer first = ask(subject, &arena, &subject->known[0], 1);
    arena_init(&other, 4096, (size_t)4 * 1024 * 1024);
    (void)ask(subject, &other, ids, mix(subject, MANY, ids));
    arena_deinit(&other);
    Answer second = ask(subject, &arena, &subject->known[1], 1);
    expect(subject, first.products, 0, &tea);
    expect(subject, second.products, 1, &pot);
    arena_deinit(&arena);
}

static void is_unavailable_while_it_cannot_ask(const CatalogSubject *subject)
{
    ProductId id = { subject->known[0] };
    CatalogProduct untouched;
    Answer answer = { &untouched, 77 };
    Arena arena;

    begin(subject, &arena);
    (void)ask(subject, &arena, &id.value, 1);
    subject->cut(subject->context);
    for (int i = 0; i < 2; i++) {
        Status status = subject->catalog->ops->get(subject->catalog, &arena, &id, 1,
                                                   &answer.products, &answer.count);
        assert(status.code == STATUS_UNAVAILABLE);
        assert(answer.products == &untouched && answer.count == 77);
    }
    arena_deinit(&arena);
}

const CatalogCase catalog_cases[] = {
    { "tells names, prices and what is left", tells_names_prices_and_what_is_left },
    { "tells what holds now", tells_what_holds_now },
    { "finds what there is among more than one call takes",
      finds_what_there_is_among_more_than_one_call_takes },
    { "leaves out what there is not", leaves_out_what_there_is_not },
    { "an answer lives as long as its arena", an_answer_lives_as_long_as_its_arena },
    { "is unavailable while it cannot ask", is_unavailable_while_it_cannot_ask },
};

const size_t catalog_case_count = sizeof catalog_cases / sizeof catalog_cases[0];
