#include <criterion/criterion.h>

#include "common/runtime/pace.h"

Test(pace, lets_the_first_batch_begin_at_once)
{
    Pace pace = { .limit_us = 20000 };

    cr_expect_eq(pace.due_us, 0);
}

Test(pace, keeps_one_item_waiting_for_less_than_its_work_takes)
{
    Pace pace = { .limit_us = 20000 };

    pace_batch(&pace, 1000000, 1);
    cr_expect_eq(pace.due_us, 1000300);
}

Test(pace, sets_batches_apart_by_what_the_last_one_held)
{
    Pace pace = { .limit_us = 20000 };

    pace_batch(&pace, 1000000, 50);
    cr_expect_eq(pace.due_us, 1015000);
    pace_batch(&pace, 2000000, 0);
    cr_expect_eq(pace.due_us, 2000000, "nothing was done: nothing to wait for");
}

Test(pace, never_exceeds_its_limit)
{
    Pace pace = { .limit_us = 20000 };

    pace_batch(&pace, 1000000, 67);
    cr_expect_eq(pace.due_us, 1020000);
    pace_batch(&pace, 1000000, SIZE_MAX);
    cr_expect_eq(pace.due_us, 1020000);
}
