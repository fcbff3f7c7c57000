/* Tests of common/mysql/db_url.c. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/mysql/db_url.h"

static DbUrl url;

static void expect_parts(const char *text, const char *user, const char *password, const char *host,
                         unsigned port, const char *schema, const char *socket)
{
    cr_assert_eq(db_url_parse(text, &url).code, STATUS_OK, "%s", text);
    cr_expect_str_eq(url.user, user, "%s", text);
    cr_expect_str_eq(url.password, password, "%s", text);
    cr_expect_str_eq(url.host, host, "%s", text);
    cr_expect_eq(url.port, port, "%s", text);
    cr_expect_str_eq(url.schema, schema, "%s", text);
    cr_expect_str_eq(url.socket, socket, "%s", text);
}

Test(db_url, takes_each_part_apart)
{
    expect_parts("mysql://order:secret@db.local:3307/order_db", "order", "secret", "db.local", 3307,
                 "order_db", "");
    expect_parts("mysql://root:@127.0.0.1:33306/", "root", "", "127.0.0.1", 33306, "", "");
    expect_parts("mysql://root@h", "root", "", "h", 3306, "", "");
    expect_parts("mysql://h/s", "", "", "h", 3306, "s", "");
    expect_parts("mysql://u:p@[::1]:1/s", "u", "p", "::1", 1, "s", "");
    expect_parts("mysql://u:p@/s?socket=/run/my%20sql.sock", "u", "p", "", 3306, "s",
                 "/run/my sql.sock");
}

Test(db_url, decodes_what_a_password_may_not_hold_as_it_is)
{
    expect_parts("mysql://u%40x:%3a%2F%3F%25%c3%A9@h/s", "u@x", ":/?%\xc3\xa9", "h", 3306, "s", "");
    expect_parts("mysql://u:p@ss@h/s", "u", "p@ss", "h", 3306, "s", "");
}

Test(db_url, refuses_what_is_malformed)
{
    static const char *const texts[] = {
        "",
        "mysql:",
        "mysql://",
        "mysql:///s",
        "redis://h/s",
        "mysql://h:0/s",
        "mysql://h:65536/s",
        "mysql://h:33o6/s",
        "mysql://h:/s",
        "mysql://h:999999999999/s",
        "mysql://h/s/t",
        "mysql://h/s?sock=/x",
        "mysql://h/s?socket=x",
        "mysql://h/s?socket=",
        "mysql://u:%zz@h/s",
        "mysql://u:%4@h/s",
        "mysql://u:%@h/s",
        "mysql://u:%00@h/s",
        "mysql://[::1/s",
        "mysql://[::1]x/s",
    };
    char longer[DB_URL_MAX + 1];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect_eq(db_url_parse(texts[i], &url).code, STATUS_INVALID_ARGUMENT, "%s", texts[i]);
    }
    memset(longer, 'h', sizeof longer);
    memcpy(longer, "mysql://", 8);
    longer[DB_URL_MAX] = '\0';
    cr_expect_eq(db_url_parse(longer, &url).code, STATUS_INVALID_ARGUMENT);
    longer[DB_URL_MAX - 1] = '\0';
    cr_expect_eq(db_url_parse(longer, &url).code, STATUS_OK);
}
