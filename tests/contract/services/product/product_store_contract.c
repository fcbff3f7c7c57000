#include "tests/contract/services/product/product_store_contract.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/product/app/change_products.h"

static Catalog *catalog;
static uint64_t next_id = 100;
static const RequestKey no_key;

static Product make(const char *name, int64_t price, int64_t quantity)
{
    Product product = { .id = { next_id++ }, .price = { price }, .on_hand = quantity };

    (void)snprintf(product.name, sizeof product.name, "%s", name);
    return product;
}

static Product created(const char *name, int64_t price, int64_t quantity)
{
    Product product = make(name, price, quantity);
    unsigned faults;

    assert(!status_failed(create_product(catalog, &product, &no_key, &faults)));
    return product;
}

static RequestKey key_of(const char *text, uint8_t content)
{
    RequestKey key = { .size = strlen(text) };

    memcpy(key.bytes, text, key.size);
    memset(key.hash, content, sizeof key.hash);
    return key;
}

static bool is(Status status, StatusCode code, const char *name)
{
    return status.code == code && strcmp(status.name, name) == 0;
}

static Product now(ProductId id)
{
    Product product;

    assert(!status_failed(find_product(catalog->store, id, &product)));
    return product;
}

static void a_product_is_found_as_it_was_made(void)
{
    Product product = created("Kimchi 김치", 9900, 7);
    Product found = now(product.id);

    assert(strcmp(found.name, "Kimchi 김치") == 0);
    assert(found.price.minor == 9900);
    assert(found.on_hand == 7);
    assert(found.reserved == 0);
    assert(found.status == PRODUCT_ACTIVE);
    assert(found.version == 1);
    assert(is(find_product(catalog->store, (ProductId){ 1 }, &found), STATUS_NOT_FOUND,
              "PRODUCT_NOT_FOUND"));
}

static void many_are_found_in_order_without_those_that_do_not_exist(void)
{
    Product first = created("many 1", 1, 0);
    Product second = created("many 2", 2, 0);
    ProductId ids[] = { { 1 }, first.id, second.id, { ID_JSON_MAX } };
    Product found[4];
    size_t count = 0;

    assert(!status_failed(catalog->store->ops->find(catalog->store, ids, 4, found, &count)));
    assert(count == 2);
    assert(found[0].id.value == first.id.value);
    assert(found[1].id.value == second.id.value);
}

static void a_name_is_taken_once(void)
{
    unsigned faults;
    Product first = created("taken", 1, 0);
    Product second = make("taken", 2, 0);

    assert(is(create_product(catalog, &second, &no_key, &faults), STATUS_ALREADY_EXISTS,
              "PRODUCT_NAME_TAKEN"));
    assert(is(find_product(catalog->store, second.id, &second), STATUS_NOT_FOUND,
              "PRODUCT_NOT_FOUND"));

    Product other = created("not taken", 1, 0);
    ProductPatch patch = { .product = other.id, .expected_version = 1, .name = "taken" };
    assert(is(update_product(catalog, &patch, 0, &other, &faults), STATUS_ALREADY_EXISTS,
              "PRODUCT_NAME_TAKEN"));
    patch = (ProductPatch){ .product = first.id, .expected_version = 1, .name = "taken" };
    assert(!status_failed(update_product(catalog, &patch, 0, &first, &faults)));
}

static void creating_again_with_the_same_key_finds_the_product(void)
{
    RequestKey key = key_of("create-1", 1);
    RequestKey other_content = key_of("create-1", 2);
    Product product = make("keyed", 5, 3);
    Product again = make("keyed", 5, 3);
    unsigned faults;

    assert(!status_failed(create_product(catalog, &product, &key, &faults)));
    assert(!status_failed(create_product(catalog, &again, &key, &faults)));
    assert(again.id.value == product.id.value);
    assert(is(create_product(catalog, &again, &other_content, &faults), STATUS_INVALID_ARGUMENT,
              "IDEMPOTENCY_KEY_REUSED"));
}

static void an_update_needs_the_version_it_was_made_for(void)
{
    Product product = created("versioned", 5, 3);
    ProductPatch patch = { .product = product.id, .expected_version = 1, .price = 6 };
    unsigned faults;

    assert(!status_failed(update_product(catalog, &patch, PRODUCT_FAULT_PRICE, &product, &faults)));
    assert(product.price.minor == 6);
    assert(product.version == 2);
    assert(strcmp(product.name, "versioned") == 0);
    assert(is(update_product(catalog, &patch, PRODUCT_FAULT_PRICE, &product, &faults),
              STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"));
    patch.product = (ProductId){ 1 };
    assert(is(update_product(catalog, &patch, PRODUCT_FAULT_PRICE, &product, &faults),
              STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"));
    patch.price = 0;
    assert(is(update_product(catalog, &patch, PRODUCT_FAULT_PRICE, &product, &faults),
              STATUS_INVALID_ARGUMENT, "VALIDATION"));
    assert(faults == PRODUCT_FAULT_PRICE);
}

static void archiving_is_for_good_and_repeatable(void)
{
    Product product = created("archived", 5, 3);

    assert(is(archive_product(catalog, product.id, 9), STATUS_FAILED_PRECONDITION,
              "VERSION_MISMATCH"));
    assert(!status_failed(archive_product(catalog, product.id, 1)));
    assert(!status_failed(archive_product(catalog, product.id, 0)));
    assert(now(product.id).status == PRODUCT_ARCHIVED);
    assert(now(product.id).version == 2);
    assert(
        is(archive_product(catalog, (ProductId){ 1 }, 0), STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"));
}

static Status adjust_by(ProductId product, int64_t delta, const RequestKey *key, Product *ret)
{
    StockChange change = { .product = product, .delta = delta, .reason = "count", .key = key };
    unsigned faults;

    return adjust_stock(catalog, &change, ret, &faults);
}

static void stock_moves_but_never_below_what_is_there(void)
{
    Product product = created("adjusted", 5, 3);

    assert(!status_failed(adjust_by(product.id, 4, &no_key, &product)));
    assert(product.on_hand == 7);
    assert(!status_failed(adjust_by(product.id, -7, &no_key, &product)));
    assert(product.on_hand == 0);
    assert(is(adjust_by(product.id, -1, &no_key, &product), STATUS_FAILED_PRECONDITION,
              "WOULD_GO_NEGATIVE"));
    assert(is(adjust_by((ProductId){ 1 }, 1, &no_key, &product), STATUS_NOT_FOUND,
              "PRODUCT_NOT_FOUND"));
    assert(now(product.id).on_hand == 0);
}

static void an_adjustment_with_a_key_happens_once(void)
{
    RequestKey key = key_of("adjust-1", 1);
    RequestKey other_content = key_of("adjust-1", 2);
    Product product = created("adjusted once", 5, 3);

    for (int i = 0; i < 3; i++) {
        assert(!status_failed(adjust_by(product.id, 4, &key, &product)));
        assert(product.on_hand == 7);
    }
    assert(is(adjust_by(product.id, 5, &other_content, &product), STATUS_INVALID_ARGUMENT,
              "IDEMPOTENCY_KEY_REUSED"));
    assert(now(product.id).on_hand == 7);
}

static void decreasing_beyond_the_stock_is_out_of_stock(void)
{
    Product product = created("decreased", 5, 3);
    unsigned faults;

    assert(!status_failed(decrease_stock(catalog, product.id, 3, &no_key, &product, &faults)));
    assert(product.on_hand == 0);
    assert(is(decrease_stock(catalog, product.id, 1, &no_key, &product, &faults),
              STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK"));
    assert(is(decrease_stock(catalog, product.id, 0, &no_key, &product, &faults),
              STATUS_INVALID_ARGUMENT, "VALIDATION"));
    assert(faults == PRODUCT_FAULT_QUANTITY);
}

/* Reads the whole list in pages of two and checks it against the names. */
static void expect_list(ProductQuery query, const char *const *names, size_t count)
{
    size_t seen = 0;

    for (bool more = true; more;) {
        Product page[2];
        size_t got = 0;
        query.limit = 2;
        assert(!status_failed(catalog->store->ops->list(catalog->store, &query, page, &got)));
        for (size_t i = 0; i < got; i++) {
            assert(seen < count);
            assert(strcmp(page[i].name, names[seen]) == 0);
            seen++;
        }
        more = got == 2;
        query.has_after = true;
        query.after = page[got > 0 ? got - 1 : 0];
    }
    assert(seen == count);
}

static void a_list_is_whole_in_every_order(void)
{
    static const char *const by_id[] = { "List b", "list C", "List a%", "LIST A_", "List !d" };
    static const char *const by_id_down[] = { "List !d", "LIST A_", "List a%", "list C", "List b" };
    static const char *const by_name[] = { "LIST A_", "List !d", "List a%", "List b", "list C" };
    static const char *const by_price[] = { "List b", "List a%", "LIST A_", "list C", "List !d" };
    static const char *const by_price_down[] = { "List !d", "list C", "LIST A_", "List a%",
                                                 "List b" };
    static const int64_t prices[] = { 10, 30, 20, 20, 40 };

    for (size_t i = 0; i < 5; i++) {
        (void)created(by_id[i], prices[i], 1);
    }
    expect_list((ProductQuery){ .search = "list" }, by_id, 5);
    expect_list((ProductQuery){ .search = "list", .descending = true }, by_id_down, 5);
    expect_list((ProductQuery){ .search = "list", .sort = PRODUCT_SORT_NAME }, by_name, 5);
    expect_list((ProductQuery){ .search = "list", .sort = PRODUCT_SORT_PRICE }, by_price, 5);
    expect_list((ProductQuery){ .search = "list", .sort = PRODUCT_SORT_PRICE, .descending = true },
                by_price_down, 5);
}

static void a_search_takes_its_signs_literally(void)
{
    static const char *const percent[] = { "List a%" };
    static const char *const underscore[] = { "LIST A_" };
    static const char *const mark[] = { "List !d" };

    expect_list((ProductQuery){ .search = "A%" }, percent, 1);
    expect_list((ProductQuery){ .search = "a_" }, underscore, 1);
    expect_list((ProductQuery){ .search = "!D" }, mark, 1);
    expect_list((ProductQuery){ .search = "no such" }, NULL, 0);
    expect_list((ProductQuery){ .search = "' OR 1=1 -- " }, NULL, 0);
}

static void archived_products_are_listed_for_those_who_ask(void)
{
    static const char *const all[] = { "Gone 1", "Gone 2" };
    Product first = created("Gone 1", 1, 0);

    (void)created("Gone 2", 1, 0);
    assert(!status_failed(archive_product(catalog, first.id, 0)));
    expect_list((ProductQuery){ .search = "gone" }, &all[1], 1);
    expect_list((ProductQuery){ .search = "gone", .archived_too = true }, all, 2);
}

void product_store_contract(ProductStore *store, StockGate *gate)
{
    static const struct Case {
        const char *name;
        void (*run)(void);
    } cases[] = {
#define CASE(name) { #name, name }
        CASE(a_product_is_found_as_it_was_made),
        CASE(many_are_found_in_order_without_those_that_do_not_exist),
        CASE(a_name_is_taken_once),
        CASE(creating_again_with_the_same_key_finds_the_product),
        CASE(an_update_needs_the_version_it_was_made_for),
        CASE(archiving_is_for_good_and_repeatable),
        CASE(stock_moves_but_never_below_what_is_there),
        CASE(an_adjustment_with_a_key_happens_once),
        CASE(decreasing_beyond_the_stock_is_out_of_stock),
        CASE(a_list_is_whole_in_every_order),
        CASE(a_search_takes_its_signs_literally),
        CASE(archived_products_are_listed_for_those_who_ask),
#undef CASE
    };
    Catalog tested = { store, gate };

    catalog = &tested;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("%s\n", cases[i].name);
        (void)fflush(stdout);
        cases[i].run();
    }
    catalog = NULL;
}
