/* operations_test.c - the program `jumun` as its operator uses it: what it says about a
 * whole shop is true, its exit codes can be scripted, and what is done twice does no harm. */
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/e2e/stack_shop.h"
#include "tests/support/metric.h"
#include "tests/support/ops_page.h"

enum {
    RESTART_S = 30,
    START_MAX_S = 5, /* 200 ms is the aim; this is a busy machine and perhaps a slow build */
};

static const char *const services[] = {
    "member", "product", "payment", "order", "relay", "gateway"
};
static const char *const engines[] = { "mariadb", "redis", "rabbitmq" };

static Stack stack;
static char said[STACK_SAID_SIZE];

static int run(const char *verb, const char *options)
{
    return stack_run(&stack, verb, options, said);
}

/* The one of the list with that name; fails if there is not exactly one. */
static json_t *find(const json_t *list, const char *name)
{
    json_t *found = NULL;
    size_t index;
    json_t *entry;

    json_array_foreach(list, index, entry)
    {
        if (strcmp(json_text(entry, "name"), name) == 0) {
            expect(found == NULL);
            found = entry;
        }
    }
    expect(found != NULL);
    return found;
}

/* What `jumun status --json` says, when it exits with that code. */
static json_t *read_status(int code)
{
    int got = run("status", "--json");

    if (got != code) {
        (void)fprintf(stderr, "%d, not %d: %s", got, code, said);
    }
    expect(got == code);
    json_t *status = json_loads(said, 0, NULL);
    expect(status != NULL);
    return status;
}

static void nothing_runs_is_told_and_is_exit_code_1(void)
{
    json_t *url;
    json_t *lists[2];
    const char *texts[2];

    expect(run("status", "") == 1);
    expect(strstr(said, "nothing runs in ") != NULL);
    json_t *status = read_status(1);
    expect(json_unpack(status, "{s:o, s:s, s:s, s:o, s:o!}", "url", &url, "adminLogin", &texts[0],
                       "adminPasswordFile", &texts[1], "services", &lists[0], "engines",
                       &lists[1]) == 0);
    expect(json_is_null(url));
    expect(json_is_array(lists[0]) && json_array_size(lists[0]) == 0);
    expect(json_is_array(lists[1]) && json_array_size(lists[1]) == 0);
    json_decref(status);
}

static void expect_page(const char *ops, const char *path)
{
    char *page = ops_page_read(ops, path);

    if (page == NULL) {
        (void)fprintf(stderr, "no %s%s\n", ops, path);
    }
    expect(page != NULL);
    free(page);
}

/* The process is alive, and it is that program. */
static void expect_runs(json_int_t pid, const char *program)
{
    char link[64];
    char path[512];

    (void)snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    ssize_t size = readlink(link, path, sizeof path - 1);
    expect(size > 0);
    path[size] = '\0';
    const char *name = strrchr(path, '/');
    expect(name != NULL && strcmp(name + 1, program) == 0);
}

static void expect_service(const json_t *list, const char *name)
{
    char program[64];
    const char *got;
    const char *ops;
    json_int_t pid;
    double ready_after_s = 0;

    expect(json_unpack(find(list, name), "{s:s, s:I, s:s!}", "name", &got, "pid", &pid, "ops",
                       &ops) == 0);
    (void)snprintf(program, sizeof program, "jumun-%s", name);
    expect_runs(pid, program);
    expect_page(ops, "/livez");
    expect_page(ops, "/readyz");
    expect_page(ops, "/metrics");
    /* The program looks for itself, so it may say so a moment after /readyz does. */
    do {
        expect(metric_read(ops, "ready_after_seconds", &ready_after_s));
    } while (ready_after_s == 0);
    (void)fprintf(stderr, "%s was ready after %.0f ms\n", name, ready_after_s * 1000);
    expect(ready_after_s <= START_MAX_S);
}

static void expect_engine(const json_t *list, const char *name)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    char host[64];
    const char *got;
    const char *address;
    json_int_t pid;

    expect(json_unpack(find(list, name), "{s:s, s:I, s:s!}", "name", &got, "pid", &pid, "address",
                       &address) == 0);
    expect(pid > 0 && kill((pid_t)pid, 0) == 0);
    const char *colon = strchr(address, ':');
    expect(colon != NULL);
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    at.sin_port = htons((uint16_t)atoi(colon + 1));
    expect(inet_pton(AF_INET, host, &at.sin_addr) == 1);
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(one >= 0 && connect(one, (const struct sockaddr *)&at, sizeof at) == 0);
    (void)close(one);
}

static void status_as_json_is_the_contract_and_the_truth(void)
{
    struct stat info;
    const char *url;
    const char *login;
    const char *file;
    json_t *lists[2];
    json_t *status = read_status(0);

    expect(json_unpack(status, "{s:s, s:s, s:s, s:o, s:o!}", "url", &url, "adminLogin", &login,
                       "adminPasswordFile", &file, "services", &lists[0], "engines",
                       &lists[1]) == 0);
    expect(strcmp(url, stack.running.url) == 0); /* where the admin has logged in, */
    expect(strcmp(login, "admin") == 0);         /* with the password from that file */
    expect(stat(file, &info) == 0 && (info.st_mode & 0777) == 0600);
    expect(json_array_size(lists[0]) == sizeof services / sizeof services[0]);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        expect_service(lists[0], services[i]);
    }
    expect(json_array_size(lists[1]) == sizeof engines / sizeof engines[0]);
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        expect_engine(lists[1], engines[i]);
    }
    json_decref(status);
}

/* True if `jumun status` has a row that begins with the name and ends with the state. */
static bool has_row(const char *name, const char *state)
{
    char begin[64];
    char end[64];

    (void)snprintf(begin, sizeof begin, "\n  %s ", name);
    (void)snprintf(end, sizeof end, " %s\n", state);
    const char *row = strstr(said, begin);
    const char *row_end = row == NULL ? NULL : strchr(row + 1, '\n');
    return row_end != NULL && strncmp(row_end + 1 - strlen(end), end, strlen(end)) == 0 &&
           strstr(row, end) == row_end + 1 - strlen(end);
}

static void status_as_text_names_every_part_and_no_secret(void)
{
    expect(run("status", "") == 0);
    expect(strstr(said, stack.running.url) != NULL);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        expect(has_row(services[i], "ready"));
    }
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        expect(has_row(engines[i], "up"));
    }
    expect(strstr(said, stack.running.admin_password) == NULL);
}

static int64_t completed_orders(void)
{
    return stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders WHERE status = ?",
                        "COMPLETED");
}

static void play_demo(char ret_code[STACK_CODE_SIZE])
{
    static const char title[] = "timeline of order ";

    expect(run("demo", "") == 0);
    const char *timeline = strstr(said, title);
    expect(timeline != NULL && strstr(timeline, " -> COMPLETED\n") != NULL);
    timeline += strlen(title);
    (void)snprintf(ret_code, STACK_CODE_SIZE, "%.*s", (int)strcspn(timeline, "\n"), timeline);
}

static void a_demo_is_one_completed_order_each_time(void)
{
    char codes[2][STACK_CODE_SIZE];
    int64_t before = completed_orders();

    play_demo(codes[0]);
    play_demo(codes[1]);
    expect(strcmp(codes[0], codes[1]) != 0);
    expect(completed_orders() == before + 2);
}

static void an_admin_who_was_created_may_what_admins_may(void)
{
    static const char made[] = "admin boss made; password: ";
    char password[128];

    expect(run("admin create", "--login=boss") == 0);
    const char *text = strstr(said, made);
    expect(text != NULL);
    text += strlen(made);
    (void)snprintf(password, sizeof password, "%.*s", (int)strcspn(text, "\n"), text);
    stack_log_in(&stack, "boss", password, stack.admin_token);
    (void)stack_create_product(&stack, "Sold by the boss", 100, 1);

    expect(run("admin create", "--login=boss") == 1);
    expect(strstr(said, "the login id boss is taken") != NULL);
    expect(strstr(said, "password") == NULL);
    stack_log_in(&stack, "boss", password, stack.admin_token); /* still the old one */
}

/* One number for all columns, keys and applied scripts of all schemas. */
static int64_t schema_sum(void)
{
    return stack_number(
        &stack,
        "SELECT (SELECT SUM(CRC32(CONCAT_WS('|', table_schema, table_name, ordinal_position,"
        " column_name, column_type, is_nullable, column_default)))"
        " FROM information_schema.columns WHERE table_schema LIKE '%\\_db')"
        " + (SELECT SUM(CRC32(CONCAT_WS('|', table_schema, table_name, index_name, seq_in_index,"
        " column_name))) FROM information_schema.statistics WHERE table_schema LIKE '%\\_db')"
        " + (SELECT SUM(CRC32(CONCAT_WS('|', version, name, checksum, at)))"
        " FROM order_db.schema_migration)",
        NULL);
}

static void migrations_run_once(void)
{
    int64_t before = schema_sum();
    int64_t orders = completed_orders();

    expect(before != 0);
    for (int i = 0; i < 2; i++) {
        int count = 0;
        expect(run("migrate", "") == 0);
        for (const char *at = said; (at = strstr(at, " 0 applied")) != NULL; at++) {
            count++;
        }
        expect(count == 5); /* member, product, order, payment, provider */
    }
    expect(schema_sum() == before);
    expect(completed_orders() == orders);
    expect(run("status", "") == 0); /* no service minds */
}

/* The supervisor is held meanwhile: it would start the service again at once. Nothing may
 * fail before it is let go, or it could not clean up. */
static void a_killed_part_is_exit_code_1_until_it_is_back(void)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + RESTART_S * US_PER_S;
    pid_t supervisor = stack_supervisor(&stack);
    pid_t killed = stack_pid(&stack, "payment");

    expect(kill(supervisor, SIGSTOP) == 0);
    (void)kill(killed, SIGKILL);
    int json_code = run("status", "--json");
    int code = run("status", "");
    expect(kill(supervisor, SIGCONT) == 0);
    expect(json_code == 1);
    expect(code == 1);
    expect(has_row("payment", "not ready"));
    expect(has_row("mariadb", "up"));

    while (run("status", "") != 0) {
        expect(clock_monotonic_us(clock_system()) < end_us);
        stack_pause();
    }
    expect(stack_pid(&stack, "payment") != killed);
}

static void down_again_is_harmless(void)
{
    expect(run("down", "") == 0);
    expect(strstr(said, "nothing runs in ") != NULL);
    nothing_runs_is_told_and_is_exit_code_1();
}

int main(void)
{
    stack_open(&stack);
    status_as_json_is_the_contract_and_the_truth();
    status_as_text_names_every_part_and_no_secret();
    a_demo_is_one_completed_order_each_time();
    an_admin_who_was_created_may_what_admins_may();
    migrations_run_once();
    a_killed_part_is_exit_code_1_until_it_is_back();
    stack_expect_settled(&stack, 30);
    stack_down(&stack);
    down_again_is_harmless();
    stack_remove(&stack);
    return 0;
}
