/* Tests of common/runtime/log.c: each captures standard error in a pipe. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/log.h"
#include "common/runtime/log_rate.h"

static int capture[2];
static int real_stderr;

static void start_capture(void)
{
    real_stderr = dup(STDERR_FILENO);
    cr_assert_eq(pipe2(capture, O_CLOEXEC | O_NONBLOCK), 0);
    cr_assert_eq(dup2(capture[1], STDERR_FILENO), STDERR_FILENO);
    log_open("order", LOG_INFO);
}

static void stop_capture(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(capture[0]);
    close(capture[1]);
}

TestSuite(log, .init = start_capture, .fini = stop_capture);

/* What has been written since, as text. */
static const char *captured(void)
{
    static char text[65536];

    ssize_t size = read(capture[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

/* The line from its event on: what comes before holds the time. */
static const char *fields(void)
{
    const char *found = strstr(captured(), "\"event\"");

    return found == NULL ? "" : found;
}

Test(log, writes_one_json_object_a_line)
{
    log_info("relay.started", "queue=%s count=%d", "order.replies", 3);
    const char *text = captured();

    cr_expect_eq(strncmp(text, "{\"ts\":\"2", 8), 0, "%s", text);
    cr_expect_not_null(
        strstr(text, "Z\",\"level\":\"info\",\"svc\":\"order\",\"event\":\"relay.started\","
                     "\"queue\":\"order.replies\",\"count\":3}\n"),
        "%s", text);
}

Test(log, writes_an_event_without_fields)
{
    log_info("service.started", "");
    cr_expect_str_eq(fields(), "\"event\":\"service.started\"}\n");
}

Test(log, keeps_text_that_lacks_a_key)
{
    log_info("x", "no such file: %s", "a=b");
    cr_expect_str_eq(fields(), "\"event\":\"x\",\"detail\":\"no such file: a=b\"}\n");
}

Test(log, keeps_hostile_values_inside_their_string)
{
    log_info("x", "a=%s b=%s", "1\" b=2,\"c\":\"\\", "line\nbreak\x01\x7f");
    cr_expect_str_eq(fields(), "\"event\":\"x\",\"a\":\"1\\\" b=2,\\\"c\\\":\\\"\\\\\","
                               "\"b\":\"line\\u000abreak\\u0001\\u007f\"}\n");
}

Test(log, replaces_bytes_that_are_not_utf8)
{
    log_info("x", "a=%s", "\xEC\xA3\xBC\xFF\xC3");
    cr_expect_str_eq(fields(), "\"event\":\"x\",\"a\":\"\xEC\xA3\xBC\\ufffd\\ufffd\"}\n");
}

Test(log, formats_every_conversion_that_the_compiler_accepts)
{
    log_info("x", "a=%lld b=%zu c=%u d=%.*s e=%.2f f=%s:%d g=%%%c h=%08x i=%ld", -5LL, (size_t)7,
             UINT32_MAX, 2, "abcd", 1.5, "host", 80, 'z', 255, 9L);
    cr_expect_str_eq(
        fields(), "\"event\":\"x\",\"a\":-5,\"b\":7,\"c\":4294967295,\"d\":\"ab\",\"e\":\"1.50\","
                  "\"f\":\"host:80\",\"g\":\"%z\",\"h\":\"000000ff\",\"i\":9}\n");
}

Test(log, lets_a_literal_value_hold_spaces)
{
    log_info("x", "reason=not found at all name=%s", "y");
    cr_expect_str_eq(fields(), "\"event\":\"x\",\"reason\":\"not found at all\",\"name\":\"y\"}\n");
}

Test(log, cuts_a_long_value_and_still_closes_the_line)
{
    static char long_text[10000];

    memset(long_text, 'a', sizeof long_text - 1);
    log_info("x", "a=%s b=%d", long_text, 1);
    const char *text = captured();
    size_t size = strlen(text);

    cr_expect_leq(size, 4096);
    cr_expect_gt(size, 4000);
    cr_expect_str_eq(&text[size - 5], "aa\"}\n");
}

Test(log, cuts_nothing_in_the_middle_of_an_escape)
{
    static char long_text[10000];

    for (size_t shift = 0; shift < 8; shift++) {
        memset(long_text, '\n', sizeof long_text - 1);
        memset(long_text, 'a', shift);
        log_info("x", "a=%s", long_text);
        const char *text = captured();
        cr_expect_str_eq(&text[strlen(text) - 9], "\\u000a\"}\n", "shift %zu", shift);
    }
}

Test(log, leaves_out_what_is_below_its_level)
{
    log_debug("x", "a=%d", 1);
    cr_expect_str_eq(captured(), "");
    log_open("order", LOG_ERROR);
    log_warn("x", "a=%d", 1);
    cr_expect_str_eq(captured(), "");
    log_error("x", "a=%d", 1);
    cr_expect_str_neq(captured(), "");
}

Test(log, writes_a_repeated_warning_once)
{
    for (int i = 0; i < 100; i++) {
        log_warn("mysql.lost", "code=%d", 2006);
    }
    const char *text = captured();

    cr_expect_eq(strchr(text, '\n'), &text[strlen(text) - 1], "%s", text);
}

Test(log_rate, counts_what_it_keeps_back_and_passes_again_after_a_second)
{
    static LogRate rate;
    uint64_t suppressed = 99;

    cr_expect(log_rate_pass(&rate, "a", 1000, &suppressed));
    cr_expect_eq(suppressed, 0);
    cr_expect_not(log_rate_pass(&rate, "a", 1001, &suppressed));
    cr_expect_not(log_rate_pass(&rate, "a", 1000999, &suppressed));
    cr_expect(log_rate_pass(&rate, "b", 1001, &suppressed), "another event has its own second");
    cr_expect(log_rate_pass(&rate, "a", 1001000, &suppressed));
    cr_expect_eq(suppressed, 2);
    cr_expect_not(log_rate_pass(&rate, "a", 1001001, &suppressed));
}

Test(log_rate, passes_events_that_it_has_no_room_to_watch)
{
    static LogRate rate;
    uint64_t suppressed;
    char name[32];

    for (int i = 0; i < LOG_RATE_EVENTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "event.%d", i);
        cr_assert(log_rate_pass(&rate, name, 0, &suppressed));
    }
    cr_expect(log_rate_pass(&rate, "one.more", 0, &suppressed));
    cr_expect(log_rate_pass(&rate, "one.more", 0, &suppressed));
    cr_expect_not(log_rate_pass(&rate, "event.0", 0, &suppressed));
}
