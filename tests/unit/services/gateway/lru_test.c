#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "services/gateway/limits.h"
#include "services/gateway/lru.h"

/* The linker sends every malloc of the gateway here (--wrap=malloc). */
void *__wrap_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier) */
void *__real_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier) */

static bool memory_is_short; /* every fourth malloc fails */
static unsigned mallocs;

void *__wrap_malloc(size_t size)
{
    return memory_is_short && ++mallocs % 4 == 0 ? NULL : __real_malloc(size);
}

Test(lru, finds_what_was_put_until_it_is_removed)
{
    Lru *lru;
    bool is_new;
    uint64_t key = 7;

    cr_assert_eq(lru_open(4, sizeof key, sizeof(int), &lru).code, STATUS_OK);
    cr_expect_null(lru_find(lru, &key));
    int *value = lru_put(lru, &key, &is_new);
    cr_expect(is_new);
    cr_expect_eq(*value, 0);
    *value = 70;
    cr_expect_eq(*(int *)lru_find(lru, &key), 70);
    value = lru_put(lru, &key, &is_new);
    cr_expect_not(is_new);
    cr_expect_eq(*value, 70);
    lru_remove(lru, &key);
    lru_remove(lru, &key);
    cr_expect_null(lru_find(lru, &key));
    lru_close(lru);
}

/* Against the plainest of models: keys with the time of their last put. */
Test(lru, keeps_exactly_the_youngest_whatever_happens)
{
    enum {
        KEYS = 40,
        CAPACITY = 16,
    };
    Lru *lru;
    unsigned put_at[KEYS] = { 0 };
    uint32_t random = 12345;

    cr_assert_eq(lru_open(CAPACITY, 1, sizeof(unsigned), &lru).code, STATUS_OK);
    for (unsigned now = 1; now < 20000; now++) {
        random = random * 1664525 + 1013904223;
        unsigned char key = (unsigned char)(random >> 16) % KEYS;
        if (random >> 28 == 0) {
            lru_remove(lru, &key);
            put_at[key] = 0;
        } else {
            bool is_new;
            *(unsigned *)lru_put(lru, &key, &is_new) = now;
            cr_assert_eq(is_new, put_at[key] == 0, "at %u", now);
            put_at[key] = now;
        }
        size_t count = 0;
        unsigned oldest = 0;
        for (unsigned i = 0; i < KEYS; i++) {
            count += put_at[i] > 0;
            oldest =
                put_at[i] > 0 && (put_at[oldest] == 0 || put_at[i] < put_at[oldest]) ? i : oldest;
        }
        if (count > CAPACITY) {
            put_at[oldest] = 0;
        }
        for (unsigned char i = 0; i < KEYS; i++) {
            const unsigned *found = lru_find(lru, &i);
            cr_assert_eq(found == NULL, put_at[i] == 0, "key %u at %u", i, now);
            cr_assert(found == NULL || *found == put_at[i]);
        }
    }
    lru_close(lru);
}

Test(lru, forgets_only_the_key_at_hand_when_memory_ends)
{
    enum {
        KEYS = 3000
    };
    static bool kept[KEYS];
    Lru *lru;
    size_t failures = 0;

    cr_assert_eq(lru_open(KEYS, sizeof(unsigned), sizeof(unsigned), &lru).code, STATUS_OK);
    memory_is_short = true;
    for (unsigned i = 0; i < 4 * KEYS; i++) {
        bool is_new;
        unsigned key = i * 7 % KEYS;
        unsigned *value = lru_put(lru, &key, &is_new);
        cr_assert_eq(is_new, !kept[key]);
        kept[key] = value != NULL;
        failures += value == NULL;
        if (value != NULL) {
            *value = key;
        }
    }
    memory_is_short = false;
    cr_expect_gt(failures, 0);
    for (unsigned key = 0; key < KEYS; key++) {
        const unsigned *value = lru_find(lru, &key);
        cr_assert_eq(value != NULL, kept[key], "%u", key);
        cr_assert(value == NULL || *value == key);
    }
    lru_close(lru);
}

Test(limits, an_address_waits_a_second_when_memory_ends)
{
    Limits *limits;
    unsigned waits = 0;

    cr_assert_eq(limits_open(1, 60, &limits).code, STATUS_OK);
    memory_is_short = true;
    for (uint8_t i = 0; i < 30; i++) {
        uint8_t address[16] = { [10] = 0xFF, [11] = 0xFF, [15] = i };
        unsigned wait_s = limits_signin(limits, address, 0);
        cr_expect_leq(wait_s, 1);
        waits += wait_s;
    }
    memory_is_short = false;
    cr_expect_gt(waits, 0);
    cr_expect_lt(waits, 30);
    limits_close(limits);
}
