#include "bench/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "tests/invariants/invariants.h"
#include "tests/support/metric.h"

#define STOCK    100000000LL
#define PASSWORD "bench bench bench"

static Status refused(const char *what, const HttpReply *reply)
{
    (void)fprintf(stderr, "bench: %s was answered %ld %s\n", what, reply->status,
                  reply->body == NULL ? "" : reply->body);
    return status_make(STATUS_FAILED_PRECONDITION, "BENCH");
}

static Status log_in(HttpClient *http, const char *login, const char *password, char ret_token[64])
{
    char body[512];
    HttpReply reply = { 0 };

    (void)snprintf(body, sizeof body, "{\"loginId\":\"%s\",\"password\":\"%s\"}", login, password);
    Status status = http_client_ask(
        http, &(HttpRequest){ .method = "POST", .path = "/api/v1/members/login", .body = body },
        &reply);
    if (status_failed(status) || reply.status != 200) {
        return refused("the login", &reply);
    }
    (void)snprintf(ret_token, 64, "%s", json_text(reply.json, "token"));
    return status_ok();
}

static Status make_product(HttpClient *http, const char *token, const char *run, int number,
                           int64_t *ret_product)
{
    char body[256];
    HttpReply reply = { 0 };

    (void)snprintf(body, sizeof body, "{\"name\":\"Bench %s %d\",\"price\":%d,\"quantity\":%lld}",
                   run, number, 1000 + number, STOCK);
    Status status = http_client_ask(
        http,
        &(HttpRequest){
            .method = "POST", .path = "/api/v1/products", .body = body, .token = token },
        &reply);
    if (status_failed(status) || reply.status != 201) {
        return refused("a new product", &reply);
    }
    *ret_product = json_number(reply.json, "productId");
    return status_ok();
}

/* Sign-up and login cost a password hash each; the server bounds how many, so a refusal
 * for load is waited out. */
static Status make_member(HttpClient *http, const char *run, int number, char ret_token[64])
{
    char login[64];
    char body[256];
    HttpReply reply = { 0 };
    Status status;

    (void)snprintf(login, sizeof login, "bench-%s-%d", run, number);
    (void)snprintf(body, sizeof body,
                   "{\"loginId\":\"%s\",\"password\":\"" PASSWORD "\",\"name\":\"%s\"}", login,
                   login);
    for (int tries = 0; tries < 60; tries++) {
        status = http_client_ask(
            http,
            &(HttpRequest){ .method = "POST", .path = "/api/v1/members/signup", .body = body },
            &reply);
        if (status_failed(status) || reply.status != 429) {
            break;
        }
        (void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
    if (status_failed(status) || reply.status != 201) {
        return refused("a sign-up", &reply);
    }
    for (int tries = 0; tries < 60; tries++) {
        status = log_in(http, login, PASSWORD, ret_token);
        if (!status_failed(status)) {
            break;
        }
        (void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
    return status;
}

static Status fill(Scene *scene, HttpClient *http)
{
    char admin[64];
    Status status = log_in(http, scene->running.admin_login, scene->running.admin_password, admin);

    for (int i = 0; i < SCENE_PRODUCTS && !status_failed(status); i++) {
        status = make_product(http, admin, scene->run, i, &scene->products[i]);
    }
    for (int i = 0; i < SCENE_MEMBERS && !status_failed(status); i++) {
        status = make_member(http, scene->run, i, scene->tokens[i]);
    }
    return status;
}

static void name_run(Scene *scene)
{
    (void)snprintf(scene->run, sizeof scene->run, "%llx",
                   (unsigned long long)(clock_wall_us(clock_system()) / US_PER_MS) & 0xffffffff);
}

static void watch_processes(Scene *scene)
{
    for (size_t i = 0; i < scene->running.process_count; i++) {
        const RunningProcess *process = &scene->running.processes[i];
        double ready_after_s = 0;
        if (process->ops[0] != '\0') {
            (void)metric_read(process->ops, "ready_after_seconds", &ready_after_s);
        }
        processes_add(&scene->processes, process->name, process->pid, ready_after_s * 1000);
    }
    processes_add(&scene->processes, "load generator", getpid(), 0);
}

Status scene_open(Scene *scene, const char *bin, const char *var)
{
    HttpClient *http = NULL;

    memset(scene, 0, sizeof *scene);
    name_run(scene);
    scene->created = calloc(SCENE_ORDERS_MAX, 1);
    if (scene->created == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = running_find(bin, var, &scene->running);
    if (!status_failed(status)) {
        const char *port = strrchr(scene->running.url, ':');
        scene->port = (uint16_t)strtoul(port == NULL ? "0" : port + 1, NULL, 10);
        status = db_open_patient(scene->running.audit_url, &scene->db);
    }
    if (!status_failed(status)) {
        watch_processes(scene);
        status = http_client_open(scene->running.url, &http);
    }
    if (!status_failed(status)) {
        status = http_client_open(running_ops(&scene->running, "relay"), &scene->relay);
    }
    if (!status_failed(status)) {
        status = fill(scene, http);
    }
    http_client_close(http);
    return status;
}

void scene_begin(Scene *scene, bool wait)
{
    name_run(scene);
    scene->wait = wait;
    scene->completed = 0;
    memset(scene->created, 0, SCENE_ORDERS_MAX);
}

size_t scene_request(void *context, uint64_t n, char *buffer)
{
    const Scene *scene = context;
    char body[160];
    /* Spread without a random generator: a prime stride visits all products. */
    int64_t product = scene->products[n * 7919 % SCENE_PRODUCTS];

    int size = snprintf(body, sizeof body,
                        "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],"
                        "\"payment\":{\"token\":\"tok_ok\"}}",
                        (long long)product);
    return (size_t)snprintf(buffer, LOAD_REQUEST_MAX,
                            "POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
                            "Authorization: Bearer %s\r\nIdempotency-Key: %s-%llu\r\n%s"
                            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                            scene->tokens[n % SCENE_MEMBERS], scene->run, (unsigned long long)n,
                            scene->wait ? "Prefer: wait=10\r\n" : "", size, body);
}

void scene_answer(void *context, uint64_t n, int http_status, const char *body)
{
    Scene *scene = context;

    (void)body;
    if (http_status == 201 && n < SCENE_ORDERS_MAX) {
        scene->created[n] = 1;
    }
}

/* Rows are few enough to visit: one per order of the run. */
static Status on_stored(void *context, const DbRow *row)
{
    Scene *scene = context;
    const char *number = strchr(db_row_text(row, 0), '-');
    unsigned long long n = number == NULL ? SCENE_ORDERS_MAX : strtoull(number + 1, NULL, 10);

    if (n < SCENE_ORDERS_MAX) {
        scene->created[n] = 0;
    }
    scene->completed += strcmp(db_row_text(row, 1), "COMPLETED") == 0;
    return status_ok();
}

Status scene_count(Scene *scene, uint64_t *ret_completed, uint64_t *ret_lost)
{
    char prefix[32];
    uint64_t lost = 0;

    (void)snprintf(prefix, sizeof prefix, "%s-%%", scene->run);
    DbValue params[] = { db_text(prefix) };
    Status status = db_query(scene->db,
                             "SELECT k.req_key, o.status FROM order_db.idempotency_key k"
                             " JOIN order_db.orders o USING (order_id) WHERE k.req_key LIKE ?",
                             params, 1, on_stored, scene);
    for (size_t n = 0; n < SCENE_ORDERS_MAX; n++) {
        lost += scene->created[n];
    }
    if (!status_failed(status)) {
        *ret_completed = scene->completed;
        *ret_lost = lost;
    }
    return status;
}

Status scene_drain(Scene *scene, int timeout_s, double *ret_seconds)
{
    struct timespec pause = { 0, 50 * 1000000L };
    int64_t start_us = clock_monotonic_us(clock_system());
    int64_t now_us = start_us;

    while (now_us < start_us + timeout_s * US_PER_S) {
        uint64_t open = 1;
        uint64_t outbox = 0;
        Status status = invariants_count_open(scene->db, &open, &outbox);
        now_us = clock_monotonic_us(clock_system());
        if (status_failed(status)) {
            return status;
        }
        if (open == 0 && outbox == 0) {
            *ret_seconds = (double)(now_us - start_us) / (double)US_PER_S;
            return status_ok();
        }
        (void)nanosleep(&pause, NULL);
    }
    return status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
}

void scene_close(Scene *scene)
{
    http_client_close(scene->relay);
    db_close(scene->db);
    free(scene->created);
}
