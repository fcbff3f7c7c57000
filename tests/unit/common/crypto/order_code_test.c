/* order_code_test.c - what a mistyped and what a forged code meets. The check symbol is
 * computed a second time here, from logarithms, so that the MAC cannot hide a weak one. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto/order_code.h"
#include "common/crypto/token.h"
#include "tests/support/key_file.h"

enum {
    SYMBOLS = 20,
    CODES = 2000,
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const OrderCodeKeys keys = {
    .keys = { { 1, 2, 3 }, { 4, 5, 6 } },
    .count = 2,
};

static void setup(void)
{
    cr_assert(crypto_init());
}

TestSuite(order_code, .init = setup);

/* A fixed sequence that looks random: splitmix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool refused(const char *code)
{
    OrderId order = { 77 };
    Status status = order_code_parse(&keys, code, &order);

    return status.code == STATUS_INVALID_ARGUMENT && strcmp(status.name, "BAD_ORDER_CODE") == 0 &&
           order.value == 77;
}

/* The code without its dashes, as values. */
static void values_of(const char *code, unsigned ret_values[SYMBOLS])
{
    for (size_t i = 0; *code != '\0'; code++) {
        if (*code != '-') {
            ret_values[i++] = (unsigned)(strchr(alphabet, *code) - alphabet);
        }
    }
}

static void text_of(const unsigned values[SYMBOLS], char ret_code[ORDER_CODE_SIZE])
{
    for (size_t i = 0; i < SYMBOLS; i++) {
        ret_code[i] = alphabet[values[i]];
    }
    ret_code[SYMBOLS] = '\0';
}

/* Sum of values[i] * a^(19 - i) over GF(32), a^5 = a^2 + 1, by tables. */
static unsigned reference_sum(const unsigned values[SYMBOLS])
{
    unsigned power[31];
    unsigned log[32] = { 0 };
    unsigned element = 1;
    unsigned sum = 0;

    for (unsigned i = 0; i < 31; i++) {
        power[i] = element;
        log[element] = i;
        element <<= 1;
        element = element > 31 ? element ^ 0x25 : element;
    }
    cr_assert_eq(element, 1, "the element must be primitive");
    for (unsigned i = 0; i < SYMBOLS; i++) {
        if (values[i] != 0) {
            sum ^= power[(log[values[i]] + SYMBOLS - 1 - i) % 31];
        }
    }
    return sum;
}

Test(order_code, comes_back_as_the_order_it_was_made_of)
{
    static const uint64_t edges[] = { 0, 1, 15, 16, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63 };
    uint64_t state = 1;
    char code[ORDER_CODE_SIZE];
    OrderId order;

    for (size_t i = 0; i < CODES; i++) {
        OrderId made = { i < 7 ? edges[i] : next_random(&state) };

        order_code_format(&keys, made, code);
        cr_assert_eq(strlen(code), 23);
        cr_assert(code[5] == '-' && code[11] == '-' && code[17] == '-');
        cr_assert_eq(order_code_parse(&keys, code, &order).code, STATUS_OK, "%s", code);
        cr_assert_eq(order.value, made.value);
    }
}

Test(order_code, stays_the_same_from_version_to_version)
{
    char code[ORDER_CODE_SIZE];

    order_code_format(&keys, (OrderId){ 0x0123456789ABCDEFu }, code);
    cr_expect_str_eq(code, "04HMA-SW9NF-6YZKF-CVX6C");
    order_code_format(&keys, (OrderId){ 0 }, code);
    cr_expect_str_eq(code, "00000-00000-001P6-TH3YQ");
}

static void expect_every_wrong_symbol_refused(const char *code)
{
    unsigned values[SYMBOLS];
    char wrong[ORDER_CODE_SIZE];

    values_of(code, values);
    cr_assert_eq(reference_sum(values), 0, "%s", code);
    for (size_t i = 0; i < SYMBOLS; i++) {
        unsigned right = values[i];

        for (unsigned value = 0; value < 32; value++) {
            values[i] = value;
            text_of(values, wrong);
            cr_assert_eq(refused(wrong), value != right, "%s from %s", wrong, code);
            cr_assert_eq(reference_sum(values) == 0, value == right, "the check symbol alone");
        }
        values[i] = right;
    }
}

Test(order_code, with_any_single_wrong_symbol_is_refused)
{
    uint64_t state = 2;
    char code[ORDER_CODE_SIZE];

    for (size_t i = 0; i < CODES / 10; i++) {
        order_code_format(&keys, (OrderId){ next_random(&state) }, code);
        expect_every_wrong_symbol_refused(code);
    }
}

Test(order_code, with_two_neighbours_swapped_is_refused)
{
    uint64_t state = 3;
    char code[ORDER_CODE_SIZE];
    char wrong[ORDER_CODE_SIZE];
    unsigned values[SYMBOLS];

    for (size_t i = 0; i < CODES; i++) {
        order_code_format(&keys, (OrderId){ next_random(&state) }, code);
        values_of(code, values);
        for (size_t at = 0; at + 1 < SYMBOLS; at++) {
            unsigned swap = values[at];
            bool same = values[at] == values[at + 1];

            values[at] = values[at + 1];
            values[at + 1] = swap;
            text_of(values, wrong);
            cr_assert_eq(refused(wrong), !same, "%s from %s", wrong, code);
            cr_assert_eq(reference_sum(values) == 0, same, "the check symbol alone");
            values[at + 1] = values[at];
            values[at] = swap;
        }
    }
}

/* Makes the check symbol right again, so that only the MAC can object. */
static void mend_check(unsigned values[SYMBOLS])
{
    values[SYMBOLS - 1] = 0;
    values[SYMBOLS - 1] = reference_sum(values);
    cr_assert_eq(reference_sum(values), 0);
}

Test(order_code, with_a_forged_mac_or_id_is_refused_though_its_check_symbol_is_right)
{
    uint64_t state = 4;
    char code[ORDER_CODE_SIZE];
    char forged[ORDER_CODE_SIZE];
    unsigned values[SYMBOLS];

    for (size_t i = 0; i < CODES; i++) {
        order_code_format(&keys, (OrderId){ next_random(&state) }, code);
        values_of(code, values);
        values[next_random(&state) % (SYMBOLS - 1)] ^= 1 + (unsigned)(next_random(&state) % 31);
        mend_check(values);
        text_of(values, forged);
        cr_assert(refused(forged), "%s from %s", forged, code);
    }
}

Test(order_code, is_read_in_lower_case_without_dashes_and_with_letters_for_digits)
{
    char code[ORDER_CODE_SIZE];
    char spelled[ORDER_CODE_SIZE];
    uint64_t state = 5;
    OrderId order;

    for (size_t i = 0; i < CODES; i++) {
        OrderId made = { next_random(&state) };
        const char *zero = i % 2 == 0 ? "O" : "o";
        const char *one = &"ILil"[i % 4];
        size_t size = 0;

        order_code_format(&keys, made, code);
        for (const char *at = code; *at != '\0'; at++) {
            if (*at == '-' && (i & 4) != 0) {
                continue;
            }
            char symbol = *at == '0' ? *zero : *at == '1' ? *one : *at;
            bool lower = (i & 8) != 0 && symbol >= 'A' && symbol <= 'Z';
            spelled[size++] = lower ? (char)(symbol - 'A' + 'a') : symbol;
        }
        spelled[size] = '\0';
        cr_assert_eq(order_code_parse(&keys, spelled, &order).code, STATUS_OK, "%s", spelled);
        cr_assert_eq(order.value, made.value);
    }
}

Test(order_code, of_another_form_is_refused)
{
    char code[ORDER_CODE_SIZE];
    char longer[ORDER_CODE_SIZE + 1];

    order_code_format(&keys, (OrderId){ 42 }, code);
    (void)snprintf(longer, sizeof longer, "%s0", code);
    cr_expect(refused(longer), "21 symbols");
    (void)snprintf(longer, sizeof longer, "%s-", code);
    cr_expect(refused(longer), "a dash at the end");
    (void)snprintf(longer, sizeof longer, "-%s", code);
    cr_expect(refused(longer), "a dash at the beginning");
    (void)snprintf(longer, sizeof longer, "%.5s-%s", code, code + 5);
    cr_expect(refused(longer), "two dashes");
    (void)snprintf(longer, sizeof longer, "%.2s-%.3s%s", code, code + 2, code + 6);
    cr_expect(refused(longer), "a dash in the wrong place");
    code[22] = '\0';
    cr_expect(refused(code), "19 symbols");
    code[3] = 'U';
    cr_expect(refused(code), "U is no symbol");
    cr_expect(refused(""));
    cr_expect(refused("-"));
    cr_expect(refused(" 0000-00000-00000-00000"));
    cr_expect(refused("00000-00000-00000-0000\xff"));
}

Test(order_code, made_with_an_older_key_is_accepted_until_the_key_goes)
{
    OrderCodeKeys old = { .keys = { { 4, 5, 6 } }, .count = 1 };
    OrderCodeKeys gone = { .keys = { { 1, 2, 3 } }, .count = 1 };
    OrderId order = { 0 };
    char code[ORDER_CODE_SIZE];
    char fresh[ORDER_CODE_SIZE];

    order_code_format(&old, (OrderId){ 42 }, code);
    order_code_format(&keys, (OrderId){ 42 }, fresh);
    cr_expect_str_neq(code, fresh);
    cr_expect_eq(order_code_parse(&keys, code, &order).code, STATUS_OK);
    cr_expect_eq(order.value, 42);
    cr_expect_eq(order_code_parse(&keys, fresh, &order).code, STATUS_OK);
    cr_expect_eq(order_code_parse(&gone, code, &order).code, STATUS_INVALID_ARGUMENT);
}

static StatusCode load(const char *text, OrderCodeKeys *ret_keys)
{
    KeyFile file;

    key_file_init(&file, text);
    Status status = order_code_keys_load(file.path, ret_keys);
    key_file_deinit(&file);
    return status.code;
}

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

Test(order_code, keys_are_read_in_order_and_anything_but_keys_is_refused)
{
    OrderCodeKeys read = { .count = 0 };

    cr_assert_eq(load("# two\n" KEY_A "\n\n" KEY_B "\n", &read), STATUS_OK);
    cr_expect_eq(read.count, 2);
    cr_expect_eq(read.keys[0][1], 0x11);
    cr_expect_eq(read.keys[1][0], 0xff);
    cr_expect_eq(load("", &read), STATUS_INVALID_ARGUMENT);
    cr_expect_eq(load("abcd\n", &read), STATUS_INVALID_ARGUMENT, "too short");
    cr_expect_eq(load(KEY_A "00\n", &read), STATUS_INVALID_ARGUMENT, "too long");
    cr_expect_eq(load("x" KEY_A "\n", &read), STATUS_INVALID_ARGUMENT, "no hex");
    cr_expect_eq(load(KEY_A " " KEY_B "\n", &read), STATUS_INVALID_ARGUMENT, "two in a line");
    cr_expect_eq(load(KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n", &read),
                 STATUS_INVALID_ARGUMENT, "five keys");
    cr_expect_eq(read.count, 2, "untouched by failures");
    cr_expect_eq(order_code_keys_load("/nonexistent/keys", &read).code, STATUS_INVALID_ARGUMENT);
}
