#include <criterion/criterion.h>
#include <string.h>

#include "services/product/domain/product.h"

Test(product, takes_values_within_their_limits)
{
    char name[PRODUCT_NAME_SIZE + 1];

    memset(name, 'a', sizeof name);
    name[PRODUCT_NAME_MAX] = '\0';
    cr_expect_eq(product_check_name(name), 0);
    cr_expect_eq(product_check_name("김치"), 0);
    cr_expect_eq(product_check_price(1), 0);
    cr_expect_eq(product_check_price(MONEY_MAX), 0);
    cr_expect_eq(product_check_initial_quantity(0), 0);
    cr_expect_eq(product_check_initial_quantity(1000000000), 0);
    cr_expect_eq(product_check_quantity(1), 0);
    cr_expect_eq(product_check_delta(-1), 0);
    cr_expect_eq(product_check_delta(1000000000), 0);
    cr_expect_eq(product_check_reason("count"), 0);
    cr_expect_eq(product_check_reference(NULL), 0);
    cr_expect_eq(product_check_status(PRODUCT_ARCHIVED), 0);
}

Test(product, names_the_fault_of_a_value_beyond_them)
{
    char name[PRODUCT_NAME_SIZE + 1];

    memset(name, 'a', sizeof name);
    name[PRODUCT_NAME_MAX + 1] = '\0';
    cr_expect_eq(product_check_name(name), PRODUCT_FAULT_NAME);
    cr_expect_eq(product_check_name(""), PRODUCT_FAULT_NAME);
    cr_expect_eq(product_check_name("two\nlines"), PRODUCT_FAULT_NAME);
    cr_expect_eq(product_check_price(0), PRODUCT_FAULT_PRICE);
    cr_expect_eq(product_check_price(-1), PRODUCT_FAULT_PRICE);
    cr_expect_eq(product_check_price(MONEY_MAX + 1), PRODUCT_FAULT_PRICE);
    cr_expect_eq(product_check_initial_quantity(-1), PRODUCT_FAULT_QUANTITY);
    cr_expect_eq(product_check_initial_quantity(1000000001), PRODUCT_FAULT_QUANTITY);
    cr_expect_eq(product_check_quantity(0), PRODUCT_FAULT_QUANTITY);
    cr_expect_eq(product_check_delta(0), PRODUCT_FAULT_DELTA);
    cr_expect_eq(product_check_delta(INT64_MIN), PRODUCT_FAULT_DELTA);
    cr_expect_eq(product_check_reason(""), PRODUCT_FAULT_REASON);
    cr_expect_eq(product_check_reference("\t"), PRODUCT_FAULT_REFERENCE);
    cr_expect_eq(product_check_status(0), PRODUCT_FAULT_STATUS);
    cr_expect_eq(product_check_status(3), PRODUCT_FAULT_STATUS);
}
