/* Tests of cli/child_log.c and cli/command.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/child_log.h"
#include "cli/command.h"
#include "cli/private_file.h"

static char folder[] = "/tmp/jumun-log-XXXXXX";
static ChildLog *child_log;

static void set_up(void)
{
    char path[CLI_PATH_MAX];

    cr_assert_not_null(mkdtemp(folder));
    cr_assert(path_join(path, folder, "log"));
    cr_assert(make_folder(path));
    cr_assert(child_log_open(folder, "order", false, &child_log));
}

static void tear_down(void)
{
    char command[64];

    child_log_close(child_log);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(child_log, .init = set_up, .fini = tear_down);

static const char *kept(void)
{
    static char text[65536];
    FILE *file = fopen(child_log_path(child_log), "re");

    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void expect_rendered(const char *line, const char *expected)
{
    char text[256];

    child_log_render(line, text, sizeof text);
    cr_expect_str_eq(text, expected);
}

Test(child_log, puts_lines_together_from_any_pieces)
{
    static const char text[] = "one\ntwo\nthree";

    for (size_t i = 0; i < sizeof text - 1; i++) {
        child_log_feed(child_log, &text[i], 1);
    }
    cr_expect_str_eq(kept(), "one\ntwo\n");
    child_log_flush(child_log);
    cr_expect_str_eq(kept(), "one\ntwo\nthree\n");
}

Test(child_log, cuts_a_line_without_end)
{
    char *piece = calloc(1, 3 * CHILD_LOG_LINE_MAX);

    memset(piece, 'a', 3 * CHILD_LOG_LINE_MAX);
    child_log_feed(child_log, piece, 3 * CHILD_LOG_LINE_MAX);
    child_log_feed(child_log, "\nnext\n", 6);
    const char *text = kept();
    cr_expect_eq(strcspn(text, "\n"), CHILD_LOG_LINE_MAX - 1);
    cr_expect_str_eq(strchr(text, '\n'), "\nnext\n");
    free(piece);
}

Test(child_log, keeps_the_file_small_and_the_one_before_it)
{
    char old[CLI_PATH_MAX + 2];
    char line[1001];
    struct stat info;

    memset(line, 'a', sizeof line);
    line[1000] = '\n';
    for (int i = 0; i < CHILD_LOG_FILE_MAX / (int)sizeof line + 2; i++) {
        child_log_feed(child_log, line, sizeof line);
    }
    cr_assert_eq(stat(child_log_path(child_log), &info), 0);
    cr_expect_leq(info.st_size, 10 * (off_t)sizeof line);
    (void)snprintf(old, sizeof old, "%s.1", child_log_path(child_log));
    cr_assert_eq(stat(old, &info), 0);
    cr_expect_leq(info.st_size, CHILD_LOG_FILE_MAX);
}

Test(child_log, makes_a_services_line_readable)
{
    expect_rendered("{\"ts\":\"2026-11-25T10:20:30.123456Z\",\"level\":\"warn\",\"svc\":\"relay\","
                    "\"event\":\"relay.publish_failed\",\"queue\":\"order.replies\",\"count\":3}",
                    "10:20:30.123 warn  relay.publish_failed queue=order.replies count=3");
}

Test(child_log, leaves_other_lines_as_they_are)
{
    expect_rendered("plain text", "plain text");
    expect_rendered("{\"half\":", "{\"half\":");
    expect_rendered("{\"ts\":1,\"level\":\"info\",\"event\":\"x\"}",
                    "{\"ts\":1,\"level\":\"info\",\"event\":\"x\"}");
    expect_rendered("{\"ts\":\"short\",\"level\":\"info\",\"event\":\"x\"}", " info  x");
}

Test(child_log, lets_no_control_character_reach_the_terminal)
{
    expect_rendered("a\x1b[31mb\rc\x7f", "a?[31mb?c?");
    expect_rendered("{\"ts\":\"2026-11-25T10:20:30.123456Z\",\"level\":\"info\",\"event\":\"x\","
                    "\"k\":\"\\u001b[2J\"}",
                    "10:20:30.123 info  x k=?[2J");
}

Test(command, passes_on_only_what_services_may_know)
{
    Command command;

    (void)clearenv();
    (void)setenv("PATH", "/bin", 1);
    (void)setenv("HOME", "/root", 1);
    (void)setenv("SECRET", "x", 1);
    (void)setenv("JUMUN_LOG_LEVEL", "debug", 1);
    (void)setenv("JUMUN_CLI_VAR", "x", 1);
    (void)setenv("JUMUN_TEST_MYSQL_URL", "x", 1);
    command_init(&command, "/bin/true");
    command_set(&command, "JUMUN_LOG_LEVEL=%s", "warn");
    command_set(&command, "HOME=%s", "/here");
    cr_expect_str_eq(command.words[0], "/bin/true");
    cr_expect_null(command.words[1]);
    cr_assert_eq(command.variable_count, 3);
    cr_expect_str_eq(command.variables[0], "PATH=/bin");
    cr_expect_str_eq(command.variables[1], "JUMUN_LOG_LEVEL=warn");
    cr_expect_str_eq(command.variables[2], "HOME=/here");
    cr_expect_null(command.variables[3]);
    command_deinit(&command);
}
