/* demo.c - the main job, seen from outside. It is also the start's last check: what it
 * plays is what a first user will do. An owner may have changed what it needs, so its
 * complaints say how to put that right. */
#include "cli/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "common/http/http_client.h"

#define DEMO_LOGIN "demo"

enum {
    TOKEN_MAX = 64,
    CODE_MAX = 32,
    SETTLE_TRIES = 3, /* of a long poll each, should the first wait not be enough */
};

static const struct {
    const char *name;
    long long price;
    int quantity;
} samples[] = {
    { "Green tea, 100 g", 12000, 100000 },
    { "Celadon tea cup", 28000, 100000 },
    { "Barley tea, 40 bags", 5500, 100000 },
};

typedef struct Demo {
    HttpClient *client;
    const Instance *instance;
    char token[TOKEN_MAX];
    long long product;
    char code[CODE_MAX];
} Demo;

/* Sends and expects one of two codes; complains about anything else. Takes the body. */
static bool ask(const Demo *demo, HttpRequest request, json_t *body, long expected, long also,
                HttpReply *ret_reply)
{
    HttpReply reply = { 0 };
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);

    json_decref(body);
    request.body = text;
    Status status = http_client_ask(demo->client, &request, &reply);
    free(text);
    if (status_failed(status)) {
        return complain("%s %s: no answer (%s)", request.method, request.path, status.name);
    }
    if (reply.status != expected && reply.status != also) {
        return complain("%s %s was answered %ld %s (%s)", request.method, request.path,
                        reply.status, json_text(reply.json, "code"),
                        json_text(reply.json, "detail"));
    }
    *ret_reply = reply;
    return true;
}

static bool log_in(Demo *demo, const char *login, const char *password)
{
    HttpReply reply = { 0 };

    if (!ask(demo, (HttpRequest){ .method = "POST", .path = "/api/v1/members/login" },
             json_pack("{s:s, s:s}", "loginId", login, "password", password), 200, 200, &reply)) {
        return false;
    }
    (void)snprintf(demo->token, sizeof demo->token, "%s", json_text(reply.json, "token"));
    return true;
}

/* 409: it is there from an earlier start. */
static bool make_product(const Demo *demo, size_t index)
{
    HttpReply reply = { 0 };
    json_t *body = json_pack("{s:s, s:I, s:i}", "name", samples[index].name, "price",
                             (json_int_t)samples[index].price, "quantity", samples[index].quantity);

    return ask(demo,
               (HttpRequest){ .method = "POST", .path = "/api/v1/products", .token = demo->token },
               body, 201, 409, &reply);
}

/* Any product that can be bought, of those on the first page. */
static bool find_product(Demo *demo)
{
    HttpReply reply = { 0 };
    size_t index;
    json_t *item;

    if (!ask(demo, (HttpRequest){ .method = "GET", .path = "/api/v1/products?limit=100" }, NULL,
             200, 200, &reply)) {
        return false;
    }
    json_array_foreach(json_object_get(reply.json, "items"), index, item)
    {
        if (json_number(item, "quantity") > 0) {
            demo->product = json_number(item, "productId");
            return true;
        }
    }
    return complain("none of the first 100 products is in stock; add some as " ADMIN_LOGIN);
}

static bool log_in_as_admin(Demo *demo)
{
    const Secrets *secrets = &demo->instance->secrets;

    return log_in(demo, ADMIN_LOGIN, secrets->admin_password) ||
           complain("if the password of " ADMIN_LOGIN " was changed, write the new one to %s, or "
                    "set that one again: jumun admin create --login=" ADMIN_LOGIN
                    " --var='%s' --password-file='%s'",
                    secrets->admin_password_path, demo->instance->var,
                    secrets->admin_password_path);
}

static bool make_products(Demo *demo)
{
    bool good = log_in_as_admin(demo);

    for (size_t i = 0; good && i < sizeof samples / sizeof samples[0]; i++) {
        good = make_product(demo, i);
    }
    return good && find_product(demo);
}

static bool sign_up(const Demo *demo, const char *password)
{
    HttpReply reply = { 0 };

    return ask(demo, (HttpRequest){ .method = "POST", .path = "/api/v1/members/signup" },
               json_pack("{s:s, s:s, s:s}", "loginId", DEMO_LOGIN, "password", password, "name",
                         "Demo member"),
               201, 409, &reply);
}

static bool log_in_as_member(Demo *demo, const char *password)
{
    return log_in(demo, DEMO_LOGIN, password) ||
           complain("if the password of " DEMO_LOGIN " was changed, write the new one to the line "
                    "\"" DEMO_LOGIN "\" of %s/secrets/passwords",
                    demo->instance->var);
}

static bool place_order(Demo *demo, char *ret_status, size_t size)
{
    static const char *const wait[] = { "Prefer: wait=10", NULL };
    char key[SECRET_SIZE];
    HttpReply reply = { 0 };

    if (!secret_make(key, sizeof key)) {
        return false;
    }
    json_t *body =
        json_pack("{s:[{s:I, s:i}], s:{s:s}}", "lines", "productId", (json_int_t)demo->product,
                  "quantity", 1, "payment", "token", "tok_ok");
    if (!ask(demo,
             (HttpRequest){ .method = "POST",
                            .path = "/api/v1/orders",
                            .token = demo->token,
                            .key = key,
                            .headers = wait },
             body, 201, 201, &reply)) {
        return false;
    }
    (void)snprintf(demo->code, sizeof demo->code, "%s", json_text(reply.json, "orderCode"));
    (void)snprintf(ret_status, size, "%s", json_text(reply.json, "status"));
    return true;
}

/* Right after a start the first event may take longer than the order waited. */
static bool await_completion(const Demo *demo, char *status, size_t size)
{
    char path[128];
    HttpReply reply = { 0 };

    (void)snprintf(path, sizeof path, "/api/v1/orders/%s?wait=5&ifVersion=0", demo->code);
    for (int i = 0; i < SETTLE_TRIES && strcmp(status, "COMPLETED") != 0; i++) {
        if (!ask(demo, (HttpRequest){ .method = "GET", .path = path, .token = demo->token }, NULL,
                 200, 304, &reply)) {
            return false;
        }
        if (reply.status == 200) {
            (void)snprintf(status, size, "%s", json_text(reply.json, "status"));
            (void)snprintf(path, sizeof path,
                           "/api/v1/orders/%s?wait=5&ifVersion=%" JSON_INTEGER_FORMAT, demo->code,
                           json_number(reply.json, "version"));
        }
    }
    return strcmp(status, "COMPLETED") == 0 ||
           complain("order %s did not complete, it is %s", demo->code, status);
}

static bool print_timeline(const Demo *demo)
{
    char path[128];
    HttpReply reply = { 0 };
    size_t index;
    json_t *row;

    (void)snprintf(path, sizeof path, "/api/v1/orders/%s/timeline", demo->code);
    if (!ask(demo, (HttpRequest){ .method = "GET", .path = path, .token = demo->token }, NULL, 200,
             200, &reply)) {
        return false;
    }
    say("timeline of order %s", demo->code);
    json_array_foreach(reply.json, index, row)
    {
        const char *from = json_text(row, "from");
        say("  %2" JSON_INTEGER_FORMAT "  %-27s  %-8s %-18s %s%s%s", json_number(row, "seq"),
            json_text(row, "at"), json_text(row, "service"), json_text(row, "type"), from,
            from[0] == '\0' ? "" : " -> ", json_text(row, "to"));
    }
    return true;
}

static bool play(Demo *demo)
{
    const char *password = demo->instance->secrets.passwords[SECRET_DEMO];
    char status[32] = "";

    return make_products(demo) && sign_up(demo, password) && log_in_as_member(demo, password) &&
           place_order(demo, status, sizeof status) &&
           await_completion(demo, status, sizeof status) && print_timeline(demo);
}

bool demo_play(const Instance *instance)
{
    char url[CLI_URL_MAX];
    Demo demo = { .instance = instance };

    instance_url(instance, url);
    if (status_failed(http_client_open(url, &demo.client))) {
        return complain("out of memory");
    }
    bool good = play(&demo);
    http_client_close(demo.client);
    return good;
}

void demo_print_commands(const Instance *instance)
{
    char url[CLI_URL_MAX];

    instance_url(instance, url);
    say("Sign up, log in, order, follow - paste these:");
    say("  curl -s %s/api/v1/members/signup -H 'Content-Type: application/json' "
        "-d '{\"loginId\":\"minji\",\"password\":\"my-password\",\"name\":\"Minji\"}'; echo",
        url);
    say("  TOKEN=$(curl -s %s/api/v1/members/login -H 'Content-Type: application/json' "
        "-d '{\"loginId\":\"minji\",\"password\":\"my-password\"}' "
        "| sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')",
        url);
    say("  CODE=$(curl -s %s/api/v1/orders -H \"Authorization: Bearer $TOKEN\" "
        "-H 'Content-Type: application/json' -H \"Idempotency-Key: $(date +%%s%%N)\" "
        "-H 'Prefer: wait=5' -d \"{\\\"lines\\\":[{\\\"productId\\\":$(curl -s "
        "'%s/api/v1/products?limit=1' | sed 's/.*\"productId\":\\([0-9]*\\).*/\\1/'),"
        "\\\"quantity\\\":1}],\\\"payment\\\":{\\\"token\\\":\\\"tok_ok\\\"}}\" "
        "| sed 's/.*\"orderCode\":\"\\([^\"]*\\)\".*/\\1/'); echo $CODE",
        url, url);
    say("  curl -s %s/api/v1/orders/$CODE/timeline -H \"Authorization: Bearer $TOKEN\"; echo", url);
}
