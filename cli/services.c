/* services.c - what a service is told: its whole environment. It gets the passwords of its
 * own databases only; Redis, RabbitMQ and the files of the RPC and order code keys are the
 * same for all. */
#include "cli/services.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/engines.h"
#include "cli/greeting.h"
#include "cli/say.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"

enum {
    STOP_S = 20,
    WAIT_S = 60,
};

const ServiceProgram service_programs[SERVICE_COUNT] = {
    { "member", PORT_MEMBER_OPS }, { "product", PORT_PRODUCT_OPS }, { "payment", PORT_PAYMENT_OPS },
    { "order", PORT_ORDER_OPS },   { "relay", PORT_RELAY_OPS },     { "gateway", PORT_GATEWAY_OPS },
};

/* Which database a service opens, as which user. */
static const struct {
    const char *service;
    const char *variable;
    const char *user;
    SecretName secret;
    const char *schema;
} databases[] = {
    { "member", "JUMUN_MEMBER_DB_URL", "member", SECRET_MEMBER, "member_db" },
    { "product", "JUMUN_PRODUCT_DB_URL", "product", SECRET_PRODUCT, "product_db" },
    { "order", "JUMUN_ORDER_DB_URL", "order", SECRET_ORDER, "order_db" },
    { "payment", "JUMUN_PAYMENT_DB_URL", "payment", SECRET_PAYMENT, "payment_db" },
    { "payment", "JUMUN_PAYMENT_PROVIDER_DB_URL", "provider", SECRET_PROVIDER, "provider_db" },
    { "relay", "JUMUN_RELAY_ORDER_DB_URL", "relay", SECRET_RELAY, "order_db" },
    { "relay", "JUMUN_RELAY_PRODUCT_DB_URL", "relay", SECRET_RELAY, "product_db" },
    { "relay", "JUMUN_RELAY_PAYMENT_DB_URL", "relay", SECRET_RELAY, "payment_db" },
};

/* Where services listen, and others find them. */
static const struct {
    const char *variable;
    PortName port;
} sockets[] = {
    { "JUMUN_RPC_MEMBER_URL", PORT_MEMBER_RPC },
    { "JUMUN_RPC_PRODUCT_URL", PORT_PRODUCT_RPC },
    { "JUMUN_RPC_ORDER_URL", PORT_ORDER_RPC },
    { "JUMUN_RPC_PAYMENT_URL", PORT_PAYMENT_RPC },
    { "JUMUN_WAKE_ORDER_URL", PORT_ORDER_WAKE },
    { "JUMUN_WAKE_PRODUCT_URL", PORT_PRODUCT_WAKE },
    { "JUMUN_WAKE_PAYMENT_URL", PORT_PAYMENT_WAKE },
};

static void set_databases(Command *command, const Instance *instance, const char *service)
{
    char url[CLI_URL_MAX];

    for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++) {
        if (strcmp(databases[i].service, service) == 0) {
            mariadb_url(instance, databases[i].user,
                        instance->secrets.passwords[databases[i].secret], databases[i].schema, url);
            command_set(command, "%s=%s", databases[i].variable, url);
        }
    }
    explicit_bzero(url, sizeof url);
}

static void set_shared(Command *command, const Instance *instance)
{
    char url[CLI_URL_MAX];

    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        command_set(command, "%s=tcp://127.0.0.1:%u", sockets[i].variable,
                    (unsigned)instance->ports.numbers[sockets[i].port]);
    }
    command_set(command, "JUMUN_RPC_KEYS_FILE=%s", instance->secrets.rpc_keys_path);
    command_set(command, "JUMUN_ORDER_CODE_KEYS_FILE=%s", instance->secrets.order_code_keys_path);
    rabbitmq_url(instance, url);
    command_set(command, "JUMUN_BUS_URL=%s", url);
    redis_url(instance, url);
    command_set(command, "JUMUN_GATE_URL=%s", url);
    command_set(command, "JUMUN_CACHE_URL=%s", url);
    command_set(command, "JUMUN_INSECURE_COOKIES=1"); /* plain HTTP on loopback */
    explicit_bzero(url, sizeof url);
}

static bool find_program(const Instance *instance, const ServiceProgram *service,
                         char ret_path[CLI_PATH_MAX])
{
    char name[64];

    (void)snprintf(name, sizeof name, "jumun-%s", service->name);
    return path_join(ret_path, instance->bin, name);
}

bool services_are_built(const Instance *instance)
{
    char program[CLI_PATH_MAX];

    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (!find_program(instance, &service_programs[i], program)) {
            return false;
        }
        if (access(program, X_OK) != 0) {
            return complain("there is no program %s; is jumun built and installed?", program);
        }
    }
    return true;
}

static bool start_one(Supervisor *supervisor, const Instance *instance,
                      const ServiceProgram *service, bool shown)
{
    char program[CLI_PATH_MAX];
    char upper[32] = "";
    Command command;

    if (!find_program(instance, service, program)) {
        return false;
    }
    for (size_t i = 0; service->name[i] != '\0'; i++) {
        upper[i] = (char)(service->name[i] - 'a' + 'A');
    }
    command_init(&command, program);
    set_shared(&command, instance);
    set_databases(&command, instance, service->name);
    command_set(&command, "JUMUN_%s_OPS_ADDRESS=127.0.0.1:%u", upper,
                (unsigned)instance->ports.numbers[service->ops]);
    command_set(&command, "JUMUN_GATEWAY_LISTEN_ADDRESS=127.0.0.1:%u",
                (unsigned)instance->ports.numbers[PORT_GATEWAY]);
    return supervisor_add(supervisor, service->name, &command, shown, STOP_S);
}

bool services_start(Supervisor *supervisor, const Instance *instance, bool shown)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (!start_one(supervisor, instance, &service_programs[i], shown)) {
            return false;
        }
    }
    return true;
}

bool service_is_ready(const Instance *instance, const ServiceProgram *service)
{
    char url[CLI_URL_MAX];
    HttpClient *client = NULL;
    HttpReply reply = { 0 };

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u",
                   (unsigned)instance->ports.numbers[service->ops]);
    Status status = http_client_open(url, &client);
    if (!status_failed(status)) {
        status = http_client_ask(
            client, &(HttpRequest){ .method = "GET", .path = "/readyz", .timeout_s = 2 }, &reply);
    }
    bool ready = !status_failed(status) && reply.status == 200;
    http_client_close(client);
    return ready;
}

bool services_wait(const Instance *instance)
{
    int64_t deadline_us = clock_monotonic_us(clock_system()) + WAIT_S * US_PER_S;

    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        while (!service_is_ready(instance, &service_programs[i])) {
            if (clock_monotonic_us(clock_system()) > deadline_us) {
                return complain("%s does not get ready; see %s/log/%s.log",
                                service_programs[i].name, instance->var, service_programs[i].name);
            }
            greeting_pause();
        }
    }
    return true;
}
