/* confirm_window_test.c - every message gets its own answer, in whatever order they come. */
#include "common/amqp/confirm_window.h"

#include <criterion/criterion.h>

enum {
    MESSAGES = PUBLISHER_WINDOW + 10
};

static ConfirmWindow window;
static PublisherMessage messages[MESSAGES];
static ConfirmTally tally;

static void set_up(void)
{
    confirm_window_reset(&window);
    for (size_t i = 0; i < MESSAGES; i++) {
        messages[i] = (PublisherMessage){ .queue = "q", .size = 10 };
    }
}

TestSuite(confirm_window, .init = set_up);

/* Message i has the tag i + 1. */
static void add(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        confirm_window_add(&window, &messages[i]);
    }
}

static StatusCode code_of(uint64_t tag)
{
    return messages[tag - 1].status.code;
}

Test(confirm_window, message_is_unknown_until_its_confirm)
{
    add(1);
    cr_assert_eq(code_of(1), STATUS_UNKNOWN);
    cr_assert(confirm_window_confirm(&window, 1, false, true, &tally));
    cr_assert_eq(code_of(1), STATUS_OK);
    cr_assert_eq(window.pending, 0);
    cr_assert_eq(window.pending_bytes, 0);
}

Test(confirm_window, confirms_out_of_order_settle_their_own_messages)
{
    add(5);
    cr_assert(confirm_window_confirm(&window, 4, false, true, &tally));
    cr_assert(confirm_window_confirm(&window, 2, false, false, &tally));
    cr_assert_eq(code_of(1), STATUS_UNKNOWN);
    cr_assert_eq(code_of(2), STATUS_RESOURCE_EXHAUSTED);
    cr_assert_eq(code_of(3), STATUS_UNKNOWN);
    cr_assert_eq(code_of(4), STATUS_OK);
    cr_assert_eq(window.oldest_tag, 1);
    cr_assert(confirm_window_confirm(&window, 1, false, true, &tally));
    cr_assert_eq(window.oldest_tag, 3);
}

Test(confirm_window, multiple_settles_all_up_to_its_tag_that_have_no_answer_yet)
{
    add(5);
    cr_assert(confirm_window_confirm(&window, 2, false, false, &tally));
    cr_assert(confirm_window_confirm(&window, 4, true, true, &tally));
    cr_assert_eq(tally.confirmed, 3);
    cr_assert_eq(code_of(2), STATUS_RESOURCE_EXHAUSTED);
    cr_assert_eq(code_of(3), STATUS_OK);
    cr_assert_eq(code_of(5), STATUS_UNKNOWN);
    cr_assert_eq(window.pending, 1);
    cr_assert_eq(confirm_window_only(&window), &messages[4]);
}

Test(confirm_window, returned_message_has_failed_although_it_is_confirmed)
{
    add(3);
    cr_assert_eq(confirm_window_return(&window, 2), &messages[1]);
    cr_assert(confirm_window_confirm(&window, 3, true, true, &tally));
    cr_assert_eq(code_of(1), STATUS_OK);
    cr_assert_eq(code_of(2), STATUS_FAILED_PRECONDITION);
    cr_assert_eq(tally.returned, 1);
    cr_assert_eq(tally.confirmed, 2);
}

Test(confirm_window, tags_that_are_not_pending_are_refused)
{
    add(2);
    cr_assert_not(confirm_window_confirm(&window, 0, false, true, &tally));
    cr_assert_not(confirm_window_confirm(&window, 3, true, true, &tally));
    cr_assert(confirm_window_confirm(&window, 1, false, true, &tally));
    cr_assert_not(confirm_window_confirm(&window, 1, true, true, &tally));
    cr_assert_null(confirm_window_return(&window, 0));
    cr_assert_null(confirm_window_return(&window, 1));
    cr_assert_null(confirm_window_return(&window, 3));
}

Test(confirm_window, one_slow_confirm_does_not_let_a_tag_meet_its_own_slot_again)
{
    add(PUBLISHER_WINDOW);
    cr_assert_not(confirm_window_has_room(&window, 10, PUBLISHER_WINDOW));
    for (uint64_t tag = 2; tag <= PUBLISHER_WINDOW; tag++) {
        cr_assert(confirm_window_confirm(&window, tag, false, true, &tally));
    }
    cr_assert_eq(window.pending, 1);
    cr_assert_not(confirm_window_has_room(&window, 10, PUBLISHER_WINDOW));
    cr_assert(confirm_window_confirm(&window, 1, false, true, &tally));
    cr_assert(confirm_window_has_room(&window, 10, PUBLISHER_WINDOW));
}

Test(confirm_window, is_bounded_in_messages_and_in_bytes_but_takes_any_one)
{
    cr_assert(confirm_window_has_room(&window, (size_t)PUBLISHER_WINDOW_BYTES * 2, 1));
    messages[0].size = (size_t)PUBLISHER_WINDOW_BYTES - 10;
    add(1);
    cr_assert(confirm_window_has_room(&window, 10, 2));
    cr_assert_not(confirm_window_has_room(&window, 11, 2));
    cr_assert_not(confirm_window_has_room(&window, 10, 1));
}
