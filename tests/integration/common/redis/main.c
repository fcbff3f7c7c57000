/* main.c - runs the tests if there is a Redis to run them against. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/token.h"

enum {
    SKIPPED = 77
};

int main(int argc, char **argv)
{
    if (getenv("JUMUN_TEST_REDIS_URL") == NULL) {
        puts("SKIPPED: JUMUN_TEST_REDIS_URL is not set");
        return SKIPPED;
    }
    if (!crypto_init()) {
        return 1;
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = 0;
    if (criterion_handle_args(argc, argv, true)) {
        failed = !criterion_run_all_tests(tests);
    }
    criterion_finalize(tests);
    return failed;
}
