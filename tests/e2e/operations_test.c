/* operations_test.c - the program `jumun` as its operator uses it: what it says about a
 * whole shop is true, its exit codes can be scripted, and what is done twice does no harm. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
}

static void write_password(const char *path, const char *password)
{
    FILE *file = fopen(path, "we");

    expect(file != NULL && fprintf(file, "%s\n", password) > 0);
    expect(fclose(file) == 0);
}

static HttpReply try_login(const char *login_id, const char *password)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"loginId\":\"%s\",\"password\":\"%s\"}", login_id,
                   password);
    return stack_ask(
        &stack, &(HttpRequest){ .method = "POST", .path = "/api/v1/members/login", .body = body });
}

/* The gateway learns of it when it asks about the session again. */
static void expect_over(const char *token)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + RESTART_S * US_PER_S;
    HttpReply reply = stack_get(&stack, token, "/api/v1/members/me");

    while (reply.status == 200 && clock_monotonic_us(clock_system()) < end_us) {
        stack_pause();
        reply = stack_get(&stack, token, "/api/v1/members/me");
    }
    stack_expect_problem(reply, 401, "UNAUTHENTICATED");
}

/* Of the boss, made before and logged in. */
static void an_admin_who_is_created_again_has_another_password_and_no_session(void)
{
    static const char reset[] = "admin BOSS reset; password: ";
    char path[300];
    char options[340];

    expect(run("admin create", "--login=BOSS --name='Not his name'") == 0);
    const char *text = strstr(said, reset);
    expect(text != NULL);
    text += sizeof reset - 1;
    char *end = strchr(text, '\n');
    expect(end != NULL);
    *end = '\0';
    expect_over(stack.admin_token);
    stack_log_in(&stack, "boss", text, stack.admin_token);
    HttpReply reply = stack_get(&stack, stack.admin_token, "/api/v1/members/me");
    expect(strcmp(json_text(reply.json, "name"), "Administrator") == 0);
    (void)stack_create_product(&stack, "Still sold by the boss", 100, 1);

    (void)snprintf(path, sizeof path, "%s/boss", stack.var);
    (void)snprintf(options, sizeof options, "--login=boss --password-file='%s'", path);
    write_password(path, "Boss");
    expect(run("admin create", options) == 1); /* too short */
    write_password(path, "the boss's own");
    expect(run("admin create", options) == 0);
    expect(strstr(said, "admin boss reset\n") != NULL);
    stack_expect_status(try_login("boss", "the boss's own"), 200);
}

static void a_member_is_not_made_an_admin_by_it(void)
{
    char token[64];

    stack_login_new_member(&stack, "minji", token);
    expect(run("admin create", "--login=minji") == 1);
    expect(strstr(said, "the login id minji is taken by a member") != NULL);
    stack_expect_status(stack_get(&stack, token, "/api/v1/members/me"), 200);
    stack_log_in(&stack, "minji", "correct horse battery", token); /* still the old one */
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

/* ---- down while `up --detach` hands over to its copy ---- */

static void hold(int lock, pid_t holder)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%d\n", (int)holder);

    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) != length) {
        _exit(1);
    }
}

static bool is_locked(int lock)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(lock, F_OFD_GETLK, &whole) != 0 || whole.l_type != F_UNLCK;
}

/* Takes the lock, forks, and waits. The copy becomes the holder only when this process,
 * which is the holder at first, is gone: nobody writes into the pipe any more. */
static void hand_over_late(const char *path, int told)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int lives[2];
    char nothing;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (lock < 0 || fcntl(lock, F_OFD_SETLK, &whole) != 0 || pipe(lives) != 0) {
        _exit(1);
    }
    pid_t original = getpid();
    pid_t copy = fork();
    if (copy == 0) {
        (void)close(lives[1]);
        (void)!read(lives[0], &nothing, 1);
        hold(lock, getpid());
    } else {
        hold(lock, original);
        (void)!write(told, "", 1);
    }
    for (;;) {
        (void)pause();
    }
}

static void down_reaches_the_copy_that_takes_over(void)
{
    char path[300];
    char nothing;
    int told[2];

    (void)snprintf(path, sizeof path, "%s/lock", stack.var);
    expect(pipe(told) == 0);
    pid_t original = fork();
    expect(original >= 0);
    if (original == 0) {
        hand_over_late(path, told[1]);
    }
    (void)close(told[1]);
    expect(read(told[0], &nothing, 1) == 1);
    (void)close(told[0]);
    expect(run("down", "") == 0);
    expect(strstr(said, "stopped\n") != NULL);
    expect(waitpid(original, NULL, 0) == original);
    int lock = open(path, O_RDONLY | O_CLOEXEC);
    expect(lock >= 0);
    if (is_locked(lock)) { /* leave nobody behind */
        (void)kill(stack_supervisor(&stack), SIGKILL);
        stack_fail(__FILE__, __LINE__, "that nobody holds the instance");
    }
    (void)close(lock);
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
    an_admin_who_is_created_again_has_another_password_and_no_session();
    a_member_is_not_made_an_admin_by_it();
    migrations_run_once();
    a_killed_part_is_exit_code_1_until_it_is_back();
    stack_expect_settled(&stack, 30);
    stack_down(&stack);
    down_again_is_harmless();
    down_reaches_the_copy_that_takes_over();
    stack_remove(&stack);
    return 0;
}
