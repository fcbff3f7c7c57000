#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "services/gateway/lru.h"

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
