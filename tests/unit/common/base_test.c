#include <criterion/criterion.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/text.h"

typedef struct FixedClock {
    Clock clock;
    int64_t wall_us;
    int64_t monotonic_us;
} FixedClock;

static int64_t fixed_wall_us(const Clock *clock)
{
    return ((const FixedClock *)clock)->wall_us;
}

static int64_t fixed_monotonic_us(const Clock *clock)
{
    return ((const FixedClock *)clock)->monotonic_us;
}

static const ClockOps fixed_ops = { fixed_wall_us, fixed_monotonic_us };

Test(money, refuses_what_leaves_its_range_and_then_changes_nothing)
{
    Money sum = { MONEY_MAX - 1 };

    cr_expect(money_add(&sum, (Money){ 1 }));
    cr_expect_eq(sum.minor, MONEY_MAX);
    cr_expect_not(money_add(&sum, (Money){ 1 }));
    cr_expect_eq(sum.minor, MONEY_MAX);
    cr_expect_not(money_times((Money){ MONEY_MAX }, 2, &sum));
    cr_expect_not(money_times((Money){ INT64_MAX }, UINT32_MAX, &sum));
    cr_expect_eq(sum.minor, MONEY_MAX);
}

Test(id, rises_also_when_the_clock_steps_back)
{
    FixedClock fixed = { { &fixed_ops }, ID_EPOCH_US + 5 * US_PER_S, 0 };
    IdSource source;
    uint64_t before = 0;
    uint64_t next;

    id_source_init(&source, &fixed.clock, 7);
    for (int i = 0; i < 40000; i++) { /* more than a millisecond's sequence */
        cr_assert(id_source_next(&source, &next));
        cr_assert_gt(next, before);
        before = next;
        fixed.wall_us -= i % 2;
    }
}

Test(id, carries_its_time)
{
    FixedClock fixed = { { &fixed_ops }, ID_EPOCH_US + 1234 * US_PER_MS, 0 };
    IdSource source;
    uint64_t id;

    id_source_init(&source, &fixed.clock, 255);
    cr_assert(id_source_next(&source, &id));
    cr_expect_eq(id_time_us(id), fixed.wall_us);
    cr_expect_leq(id_floor(fixed.wall_us), id);
    cr_expect_gt(id_floor(fixed.wall_us + US_PER_MS), id);
}

Test(id, has_a_floor_at_any_time)
{
    const uint64_t last = ((UINT64_C(1) << 42) - 1) << 22;
    const int64_t last_us = ID_EPOCH_US + ((INT64_C(1) << 42) - 1) * US_PER_MS;
    const int64_t in_2165_us = INT64_C(6156000000000000);

    cr_expect_eq(id_floor(INT64_MIN), 0);
    cr_expect_eq(id_floor(0), 0);
    cr_expect_eq(id_floor(ID_EPOCH_US), 0);
    cr_expect_eq(id_floor(ID_EPOCH_US + US_PER_MS), UINT64_C(1) << 22);
    cr_expect_eq(id_floor(last_us), last);
    cr_expect_eq(id_floor(last_us + US_PER_MS), last);
    cr_expect_eq(id_floor(in_2165_us), last);
    cr_expect_eq(id_floor(INT64_MAX), last);
}

Test(id, is_not_made_on_a_stale_lease)
{
    FixedClock fixed = { { &fixed_ops }, ID_EPOCH_US + US_PER_S, 100 };
    IdSource source;
    uint64_t id;

    id_source_init(&source, &fixed.clock, 1);
    source.valid_until_us = 99;
    cr_expect_not(id_source_next(&source, &id));
    cr_expect_not(id_source_next_small(&source, &id));
    source.valid_until_us = 100;
    cr_expect(id_source_next_small(&source, &id));
    cr_expect_leq(id, ID_JSON_MAX);
}

Test(arena, stops_at_its_limit_and_starts_again_after_reset)
{
    Arena arena;

    arena_init(&arena, 256, 1024);
    cr_expect_not_null(arena_alloc(&arena, 700));
    cr_expect_null(arena_alloc(&arena, 700));
    cr_expect_null(arena_calloc(&arena, SIZE_MAX, 2));
    arena_reset(&arena);
    cr_expect_not_null(arena_alloc(&arena, 700));
    arena_deinit(&arena);
}

Test(text, refuses_malformed_utf8)
{
    static const char *const bad[] = {
        "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xFF"
    };
    size_t count;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(text_utf8_count(bad[i], strlen(bad[i]), &count), "%zu", i);
    }
    cr_expect(text_utf8_count("주문", 6, &count));
    cr_expect_eq(count, 2);
    cr_expect_not(text_utf8_count("a\0b", 3, &count));
    cr_expect(text_is_line("주문", 1, 2));
    cr_expect_not(text_is_line("a\nb", 1, 100));
}

Test(text, writes_and_reads_the_same_time)
{
    char text[TIME_TEXT_SIZE];
    int64_t at_us = 0;

    time_to_text(INT64_C(1709164800123456), text);
    cr_expect_str_eq(text, "2024-02-29T00:00:00.123456Z");
    cr_expect(time_from_text(text, &at_us));
    cr_expect_eq(at_us, INT64_C(1709164800123456));
    cr_expect_not(time_from_text("2026-02-30T00:00:00Z", &at_us));
    cr_expect_not(time_from_text("2026-02-03T00:00:00", &at_us));
    cr_expect_not(time_from_text("2026-02-03T00:00:00.Z", &at_us));
}
