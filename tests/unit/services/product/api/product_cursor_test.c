#include <criterion/criterion.h>
#include <string.h>

#include "services/product/api/product_cursor.h"

static const char *const sorts[] = { "id", "-id", "name", "-name", "price", "-price" };

enum {
    SORTS = sizeof sorts / sizeof sorts[0]
};

static const Product last = { .id = { 12345 }, .name = "김치 100%", .price = { 9900 } };

Test(product_cursor, leads_back_to_the_place_it_names)
{
    for (size_t i = 0; i < SORTS; i++) {
        ProductQuery query = { .search = "" };
        char cursor[PRODUCT_CURSOR_SIZE];

        cr_assert(product_sort_parse(sorts[i], &query));
        product_cursor_format(&query, &last, cursor);
        cr_assert(product_cursor_parse(cursor, &query), "%s", sorts[i]);
        cr_expect(query.has_after);
        cr_expect_eq(query.after.id.value, last.id.value);
        if (query.sort == PRODUCT_SORT_NAME) {
            cr_expect_str_eq(query.after.name, last.name);
        }
        if (query.sort == PRODUCT_SORT_PRICE) {
            cr_expect_eq(query.after.price.minor, last.price.minor);
        }
    }
}

Test(product_cursor, holds_the_longest_name)
{
    ProductQuery query = { .sort = PRODUCT_SORT_NAME };
    Product product = { .id = { ID_JSON_MAX } };
    char cursor[PRODUCT_CURSOR_SIZE];

    for (size_t i = 0; i < PRODUCT_NAME_MAX; i++) {
        memcpy(&product.name[4 * i], "\xf0\x9f\x8d\x9c", 4);
    }
    product_cursor_format(&query, &product, cursor);
    cr_assert(product_cursor_parse(cursor, &query));
    cr_expect_str_eq(query.after.name, product.name);
}

Test(product_cursor, is_refused_for_another_order)
{
    for (size_t i = 0; i < SORTS; i++) {
        for (size_t k = 0; k < SORTS; k++) {
            ProductQuery made = { .search = "" };
            ProductQuery used = { .search = "" };
            char cursor[PRODUCT_CURSOR_SIZE];

            cr_assert(product_sort_parse(sorts[i], &made));
            cr_assert(product_sort_parse(sorts[k], &used));
            product_cursor_format(&made, &last, cursor);
            cr_expect_eq(product_cursor_parse(cursor, &used), i == k, "%s, %s", sorts[i], sorts[k]);
        }
    }
}

Test(product_cursor, is_refused_when_any_symbol_is_cut_off_or_foreign)
{
    ProductQuery query = { .sort = PRODUCT_SORT_PRICE };
    char cursor[PRODUCT_CURSOR_SIZE];
    char spoiled[PRODUCT_CURSOR_SIZE];

    product_cursor_format(&query, &last, cursor);
    for (size_t i = 1; i < strlen(cursor); i++) {
        memcpy(spoiled, cursor, sizeof spoiled);
        spoiled[i] = '\0';
        cr_expect_not(product_cursor_parse(spoiled, &query), "cut at %zu", i);
        memcpy(spoiled, cursor, sizeof spoiled);
        spoiled[i] = '+';
        cr_expect_not(product_cursor_parse(spoiled, &query), "foreign at %zu", i);
    }
    cr_expect_not(query.has_after);
    cr_expect_not(product_cursor_parse("A", &query));
    cr_expect_not(product_cursor_parse("====", &query));
}

Test(product_cursor, takes_a_sort_by_its_name_only)
{
    ProductQuery query = { .search = "" };

    cr_expect(product_sort_parse("", &query));
    cr_expect_eq(query.sort, PRODUCT_SORT_ID);
    cr_expect_not(query.descending);
    cr_expect_not(product_sort_parse("stock", &query));
    cr_expect_not(product_sort_parse("--id", &query));
    cr_expect_not(product_sort_parse("ID", &query));
}
