/* Tests of common/runtime/config.c. Criterion runs each in its own process, so the
 * environment of one is not seen by another. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/config.h"
#include "common/runtime/log.h"

typedef struct Settings {
    char name[CONFIG_TEXT_MAX];
    char key[CONFIG_TEXT_MAX];
    char url[CONFIG_TEXT_MAX];
    int64_t messages_max;
    bool strict;
} Settings;

/* clang-format off */
static const ConfigRow rows[] = {
    { "JUMUN_ORDER_NAME", CONFIG_TEXT, offsetof(Settings, name), "shop", 0, 0, "a name" },
    { "JUMUN_ORDER_KEY", CONFIG_SECRET, offsetof(Settings, key), NULL, 0, 0, "a secret" },
    { "JUMUN_ORDER_DB_URL", CONFIG_URL, offsetof(Settings, url), "mysql://order:hush@127.0.0.1/", 0, 0, "where" },
    { "JUMUN_ORDER_MESSAGES_MAX", CONFIG_NUMBER, offsetof(Settings, messages_max), "64", 1, 1024, "messages" },
    { "JUMUN_ORDER_STRICT", CONFIG_FLAG, offsetof(Settings, strict), "0", 0, 0, "0 or 1" },
};
/* clang-format on */
enum {
    ROW_COUNT = sizeof rows / sizeof rows[0]
};

static int capture[2];
static Settings settings;
static char file_path[] = "/tmp/jumun-config-XXXXXX";

static void set_up(void)
{
    clearenv();
    setenv("JUMUN_ORDER_KEY", "s3cret", 1);
    cr_assert_eq(pipe2(capture, O_CLOEXEC | O_NONBLOCK), 0);
    cr_assert_eq(dup2(capture[1], STDERR_FILENO), STDERR_FILENO);
    log_open("order", LOG_INFO);
    int file = mkstemp(file_path);
    cr_assert_geq(file, 0);
    close(file);
}

static void tear_down(void)
{
    unlink(file_path);
    close(capture[0]);
    close(capture[1]);
}

TestSuite(config, .init = set_up, .fini = tear_down);

static const char *captured(void)
{
    static char text[65536];

    ssize_t size = read(capture[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void write_file(const char *text)
{
    FILE *file = fopen(file_path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static Status load(void)
{
    return config_load("order", rows, ROW_COUNT, &settings);
}

static void expect_refused(const char *name)
{
    Status status = load();
    const char *text = captured();

    cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT);
    cr_expect_str_eq(status.name, "CONFIG");
    cr_expect_not_null(strstr(text, name), "\"%s\" must name %s", text, name);
}

Test(config, takes_defaults_where_nothing_is_set)
{
    cr_assert_eq(load().code, STATUS_OK);
    cr_expect_str_eq(settings.name, "shop");
    cr_expect_str_eq(settings.key, "s3cret");
    cr_expect_eq(settings.messages_max, 64);
    cr_expect_not(settings.strict);
}

Test(config, takes_what_is_set)
{
    setenv("JUMUN_ORDER_NAME", "\xEC\xA3\xBC\xEB\xAC\xB8", 1);
    setenv("JUMUN_ORDER_MESSAGES_MAX", "1024", 1);
    setenv("JUMUN_ORDER_STRICT", "1", 1);
    cr_assert_eq(load().code, STATUS_OK);
    cr_expect_str_eq(settings.name, "\xEC\xA3\xBC\xEB\xAC\xB8");
    cr_expect_eq(settings.messages_max, 1024);
    cr_expect(settings.strict);
}

Test(config, refuses_a_required_setting_that_is_missing_or_empty)
{
    unsetenv("JUMUN_ORDER_KEY");
    expect_refused("JUMUN_ORDER_KEY");
    setenv("JUMUN_ORDER_KEY", "", 1);
    expect_refused("JUMUN_ORDER_KEY");
}

Test(config, refuses_numbers_that_are_none_or_out_of_range)
{
    static const char *const wrong[] = { "",    "0",    "1025",
                                         "12x", "0x10", " 12",
                                         "+12", "1.5",  "99999999999999999999" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("JUMUN_ORDER_MESSAGES_MAX", wrong[i], 1);
        expect_refused("JUMUN_ORDER_MESSAGES_MAX");
    }
}

Test(config, refuses_a_flag_that_is_neither_0_nor_1)
{
    setenv("JUMUN_ORDER_STRICT", "yes", 1);
    expect_refused("JUMUN_ORDER_STRICT");
}

Test(config, refuses_text_that_is_too_long_or_not_printable)
{
    static char long_text[CONFIG_TEXT_MAX + 1];

    memset(long_text, 'a', CONFIG_TEXT_MAX);
    setenv("JUMUN_ORDER_NAME", long_text, 1);
    expect_refused("JUMUN_ORDER_NAME");
    setenv("JUMUN_ORDER_NAME", "a\nb", 1);
    expect_refused("JUMUN_ORDER_NAME");
}

Test(config, names_every_wrong_setting_at_once)
{
    setenv("JUMUN_ORDER_STRICT", "yes", 1);
    setenv("JUMUN_ORDER_MESSAGES_MAX", "0", 1);
    cr_expect_eq(load().code, STATUS_INVALID_ARGUMENT);
    const char *text = captured();
    cr_expect_not_null(strstr(text, "JUMUN_ORDER_STRICT"));
    cr_expect_not_null(strstr(text, "JUMUN_ORDER_MESSAGES_MAX"));
}

Test(config, refuses_a_mistyped_variable_of_its_own)
{
    setenv("JUMUN_ORDER_MESAGES_MAX", "64", 1);
    expect_refused("JUMUN_ORDER_MESAGES_MAX");
}

Test(config, refuses_a_variable_that_is_nobodys)
{
    setenv("JUMUN_LOGLEVEL", "info", 1);
    expect_refused("JUMUN_LOGLEVEL");
}

Test(config, leaves_shared_and_foreign_variables_alone)
{
    setenv("JUMUN_ORDER_CODE_KEYS_FILE", "/keys", 1); /* shared, though it looks like ours */
    setenv("JUMUN_RPC_KEYS_FILE", "/keys", 1);
    setenv("JUMUN_RPC_PRODUCT_URL", "tcp://127.0.0.1:1", 1);
    setenv("JUMUN_WAKE_ORDER_URL", "tcp://127.0.0.1:2", 1);
    setenv("JUMUN_BUS_URL", "amqp://127.0.0.1", 1);
    setenv("JUMUN_LOG_LEVEL", "info", 1);
    setenv("JUMUN_ORDER_OPS_ADDRESS", "127.0.0.1:0", 1);
    setenv("JUMUN_PAYMENT_WHATEVER", "1", 1);
    setenv("JUMUN_RELAY_ORDER_DB_URL", "mysql://x", 1);
    setenv("JUMUN_TEST_MYSQL_URL", "mysql://x", 1);
    setenv("UNRELATED", "1", 1);
    cr_expect_eq(load().code, STATUS_OK);
    cr_expect_str_eq(captured(), "");
}

Test(config, reads_a_secret_from_the_file_that_its_file_form_names)
{
    unsetenv("JUMUN_ORDER_KEY");
    setenv("JUMUN_ORDER_KEY_FILE", file_path, 1);
    write_file("from-file\nsecond line\n");
    cr_assert_eq(load().code, STATUS_OK);
    cr_expect_str_eq(settings.key, "from-file");
}

Test(config, refuses_a_file_that_is_missing_or_empty_and_both_forms_at_once)
{
    setenv("JUMUN_ORDER_KEY_FILE", file_path, 1);
    expect_refused("JUMUN_ORDER_KEY");
    unsetenv("JUMUN_ORDER_KEY");
    expect_refused("JUMUN_ORDER_KEY_FILE");
    setenv("JUMUN_ORDER_KEY_FILE", "/does/not/exist", 1);
    expect_refused("JUMUN_ORDER_KEY_FILE");
}

Test(config, logs_values_with_secrets_masked)
{
    cr_assert_eq(load().code, STATUS_OK);
    config_log(rows, ROW_COUNT, &settings);
    const char *text = captured();

    cr_expect_not_null(strstr(text, "JUMUN_ORDER_KEY=***"), "%s", text);
    cr_expect_not_null(strstr(text, "mysql://order:***@127.0.0.1/"), "%s", text);
    cr_expect_not_null(strstr(text, "JUMUN_ORDER_MESSAGES_MAX=64"), "%s", text);
    cr_expect_null(strstr(text, "s3cret"));
    cr_expect_null(strstr(text, "hush"));
}

static Status join_words(void *context, const char *const *words, size_t count)
{
    char *text = context;

    for (size_t i = 0; i < count; i++) {
        (void)strcat(text, words[i]);
        (void)strcat(text, i + 1 < count ? "," : ";");
    }
    return strcmp(words[0], "stop") == 0 ? status_make(STATUS_ABORTED, "STOP") : status_ok();
}

Test(config, reads_lines_of_words_without_comments)
{
    char text[256] = "";

    write_file("# keys\n\n gateway \t00ff # the gate\r\norder 11");
    cr_expect_eq(config_read_lines(file_path, join_words, text).code, STATUS_OK);
    cr_expect_str_eq(text, "gateway,00ff;order,11;");
}

Test(config, stops_reading_lines_at_the_first_refusal)
{
    char text[256] = "";

    write_file("a\nstop\nb\n");
    cr_expect_eq(config_read_lines(file_path, join_words, text).code, STATUS_ABORTED);
    cr_expect_str_eq(text, "a;stop;");
    cr_expect_eq(config_read_lines("/does/not/exist", join_words, text).code, STATUS_NOT_FOUND);
}

Test(config, refuses_a_key_line_that_is_too_long_or_has_too_many_words)
{
    char text[256] = "";
    static char long_line[2000];

    memset(long_line, 'a', sizeof long_line - 1);
    write_file(long_line);
    cr_expect_eq(config_read_lines(file_path, join_words, text).code, STATUS_INVALID_ARGUMENT);
    write_file("1 2 3 4 5 6 7 8 9\n");
    cr_expect_eq(config_read_lines(file_path, join_words, text).code, STATUS_INVALID_ARGUMENT);
}
