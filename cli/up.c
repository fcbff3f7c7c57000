/* up.c - from nothing to a shop that has sold something, and on until it is stopped.
 *
 *     take the folder -> secrets, ports -> engines -> schemas, users, admin
 *         -> services -> all ready -> one order -> serve -> stop in reverse
 *
 * With --detach a copy of this process does it; the first one tells how it goes and
 * ends when the shop is open. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "cli/demo.h"
#include "cli/engines.h"
#include "cli/instance.h"
#include "cli/say.h"
#include "cli/services.h"
#include "cli/state.h"
#include "cli/supervisor.h"
#include "common/base/clock.h"

enum {
    DB_MEMORY_MIB_MIN = 32,
    DB_MEMORY_MIB_MAX = 65536,
    LOG_MAX = 16 * 1024 * 1024, /* bytes of jumun.log, beyond which it starts afresh */
};

/* Sent by the detached process as its last word if all went well. */
static const char good_news = '\0';

typedef struct UpOptions {
    const char *var;
    bool detach;
    bool engines_only;
    uint16_t port; /* 0: the usual one or any */
    int db_memory_mib;
} UpOptions;

typedef struct Up {
    UpOptions options;
    Instance instance;
    Supervisor *supervisor;
    int64_t began_us;
} Up;

static double seconds_since(const Up *up)
{
    return (double)(clock_monotonic_us(clock_system()) - up->began_us) / (double)US_PER_S;
}

static void write_state(void *context)
{
    const Up *up = context;

    if (up->supervisor != NULL) {
        (void)state_write(&up->instance, up->supervisor);
    }
}

/* Ports are settled after the secrets: from then on the instance can be found. */
static bool prepare_folder(Up *up)
{
    char folder[CLI_PATH_MAX];
    Instance *instance = &up->instance;

    return path_join(folder, instance->var, "log") && make_folder(folder) &&
           secrets_load(instance->var, true, &instance->secrets) &&
           ports_load(instance->var, &instance->ports) &&
           ports_settle(instance->var, up->options.port, &instance->ports);
}

static bool start_engines(Up *up)
{
    const Instance *instance = &up->instance;

    /* The slowest first. */
    return rabbitmq_start(up->supervisor, instance) &&
           mariadb_start(up->supervisor, instance, up->options.db_memory_mib) &&
           redis_start(up->supervisor, instance);
}

static bool make_admin(const Instance *instance)
{
    char url[CLI_URL_MAX];
    bool taken = false;

    mariadb_url(instance, "member", instance->secrets.passwords[SECRET_MEMBER], "member_db", url);
    NewAdmin admin = { .login = ADMIN_LOGIN,
                       .password = instance->secrets.admin_password,
                       .name = "Administrator" };
    bool good = admin_make(url, &admin, &taken);
    explicit_bzero(url, sizeof url);
    return good;
}

static bool prepare_databases(const Instance *instance)
{
    char url[CLI_URL_MAX];

    mariadb_url(instance, "root", instance->secrets.passwords[SECRET_ROOT], "", url);
    bool good = database_migrate(url, false) && database_make_users(url, &instance->secrets) &&
                make_admin(instance);
    explicit_bzero(url, sizeof url);
    return good;
}

/* A task. The databases are prepared while RabbitMQ, the slowest, starts. */
static bool await_engines(void *context)
{
    const Up *up = context;
    const Instance *instance = &up->instance;

    return mariadb_wait(instance) && (up->options.engines_only || prepare_databases(instance)) &&
           redis_wait(instance) && rabbitmq_wait(instance);
}

/* A task. */
static bool await_services(void *context)
{
    const Up *up = context;

    return services_wait(&up->instance);
}

/* A task. The services are ready: what the demo alone lacks - the admin has another
 * password, everything is sold - must not keep the shop shut. */
static bool play_demo(void *context)
{
    const Up *up = context;

    if (!demo_play(&up->instance)) {
        (void)complain("warning: the demo could not be played, see above; the shop opens without "
                       "it, and `jumun demo` tries it again");
    }
    return true;
}

/* For tests that bring no engines of their own. */
static bool write_test_environment(const Instance *instance)
{
    char path[CLI_PATH_MAX];
    char mysql[CLI_URL_MAX];
    char redis[CLI_URL_MAX];
    char amqp[CLI_URL_MAX];
    char text[4 * CLI_URL_MAX];

    mariadb_url(instance, "root", instance->secrets.passwords[SECRET_ROOT], "", mysql);
    redis_url(instance, redis);
    rabbitmq_url(instance, amqp);
    (void)snprintf(text, sizeof text,
                   "export JUMUN_TEST_MYSQL_URL='%s'\n"
                   "export JUMUN_TEST_REDIS_URL='%s'\n"
                   "export JUMUN_TEST_AMQP_URL='%s'\n",
                   mysql, redis, amqp);
    return path_join(path, instance->var, "engines.env") && private_file_write(path, text);
}

static void tell_engines(const Up *up)
{
    const uint16_t *ports = up->instance.ports.numbers;

    say("engines   MariaDB 127.0.0.1:%u, Redis 127.0.0.1:%u, RabbitMQ 127.0.0.1:%u (%.1f s)",
        (unsigned)ports[PORT_MARIADB], (unsigned)ports[PORT_REDIS], (unsigned)ports[PORT_RABBITMQ],
        seconds_since(up));
}

static bool open_engines(Up *up)
{
    say("jumun keeps everything in %s; logs are in %s/log", up->instance.var, up->instance.var);
    if (!start_engines(up) || !supervisor_run_task(up->supervisor, await_engines, up)) {
        return false;
    }
    tell_engines(up);
    return write_test_environment(&up->instance);
}

static void tell_summary(const Up *up)
{
    char url[CLI_URL_MAX];

    instance_url(&up->instance, url);
    say("%s", "");
    say("jumun is open at %s", url);
    say("  admin    %s / %s   (kept in %s)", ADMIN_LOGIN, up->instance.secrets.admin_password,
        up->instance.secrets.admin_password_path);
    say("%s", "");
    demo_print_commands(&up->instance);
    say("%s", "");
}

static bool open_services(Up *up)
{
    if (!services_start(up->supervisor, &up->instance, !up->options.detach) ||
        !supervisor_run_task(up->supervisor, await_services, up)) {
        return false;
    }
    say("services  member, product, payment, order, relay, gateway are ready (%.1f s)",
        seconds_since(up));
    if (!supervisor_run_task(up->supervisor, play_demo, up)) {
        return false;
    }
    tell_summary(up);
    return true;
}

/* In the detached process: the one that waits hears the good news and ends. */
static bool let_go(const Up *up)
{
    char path[CLI_PATH_MAX];

    (void)fflush(stdout);
    if (!path_join(path, up->instance.var, "log/jumun.log")) {
        return false;
    }
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log < 0 || (lseek(log, 0, SEEK_END) > LOG_MAX && ftruncate(log, 0) != 0)) {
        return complain("cannot write %s: %s", path, strerror(errno));
    }
    /* Whoever waited may have gone; the shop stays open. */
    ssize_t told = write(STDOUT_FILENO, &good_news, 1);
    (void)told;
    bool good = dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0;
    (void)close(log);
    return good;
}

static bool serve(Up *up)
{
    if (up->options.detach) {
        if (!let_go(up)) {
            return false;
        }
    } else {
        say("Ctrl-C stops everything.");
    }
    supervisor_serve(up->supervisor);
    return true;
}

/* All of it, in the process that stays. */
static int run(Up *up)
{
    if (!instance_set_holder(&up->instance, getpid()) ||
        !supervisor_open(&(SupervisorOptions){ .var = up->instance.var,
                                               .on_change = write_state,
                                               .context = up },
                         &up->supervisor)) {
        return EXIT_FAILED;
    }
    bool good = open_engines(up) && (up->options.engines_only || open_services(up)) && serve(up);
    Supervisor *supervisor = up->supervisor;
    if (!good && supervisor_is_asked_to_stop(supervisor)) {
        say("jumun   | interrupted");
    }
    supervisor_close(supervisor);
    up->supervisor = NULL;
    say("jumun   | stopped");
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* Copies what the detached process says until it lets go or dies. */
static int listen_to(int words)
{
    char text[4096];
    ssize_t size;
    int code = EXIT_FAILED;

    while ((size = read(words, text, sizeof text)) > 0 || (size < 0 && errno == EINTR)) {
        if (size > 0 && text[size - 1] == good_news) {
            size--;
            code = EXIT_DONE;
        }
        if (size > 0) {
            (void)fwrite(text, 1, (size_t)size, stdout);
            (void)fflush(stdout);
        }
    }
    (void)close(words);
    return code;
}

static int run_detached(Up *up)
{
    int words[2];

    if (pipe2(words, O_CLOEXEC) != 0) {
        (void)complain("cannot detach: %s", strerror(errno));
        return EXIT_FAILED;
    }
    pid_t pid = fork();
    if (pid != 0) {
        (void)close(words[1]);
        if (pid < 0) {
            (void)complain("cannot detach: %s", strerror(errno));
        }
        return pid < 0 ? EXIT_FAILED : listen_to(words[0]);
    }
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)setsid();
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(words[1], STDOUT_FILENO);
    (void)dup2(words[1], STDERR_FILENO);
    (void)close(nothing);
    (void)close(words[0]);
    (void)close(words[1]);
    return run(up);
}

static const struct argp_option options[] = {
    { "detach", 'd', NULL, 0, "Return as soon as the shop is open; end it with `jumun down`", 0 },
    { "var", 'v', "DIR", 0, "The folder for everything (./var)", 0 },
    { "engines-only", 'e', NULL, 0, "Only MariaDB, Redis and RabbitMQ; for tests", 0 },
    { "port", 'p', "N", 0, "The shop's port (8080, or a free one)", 0 },
    { "db-memory", 'm', "MIB", 0,
      "MariaDB's buffer pool (512); its log holds twice as much, 1024 at most", 0 },
    { 0 },
};

static long parse_number(struct argp_state *state, const char *text, long min, long max)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (text[0] == '\0' || *end != '\0' || number < min || number > max) {
        argp_error(state, "\"%s\" is not a number from %ld to %ld", text, min, max);
    }
    return number;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    UpOptions *up = state->input;

    switch (key) {
    case 'd':
        up->detach = true;
        return 0;
    case 'v':
        up->var = argument;
        return 0;
    case 'e':
        up->engines_only = true;
        return 0;
    case 'p':
        up->port = (uint16_t)parse_number(state, argument, 1, UINT16_MAX);
        return 0;
    case 'm':
        up->db_memory_mib =
            (int)parse_number(state, argument, DB_MEMORY_MIB_MIN, DB_MEMORY_MIB_MAX);
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int up_command(int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Starts jumun with its engines, all of it under "
                                             "one folder, and plays an order." };
    Up up = { .options = { .var = standard_var(), .db_memory_mib = DB_MEMORY_MIB_STANDARD },
              .began_us = clock_monotonic_us(clock_system()) };
    int code = EXIT_FAILED;

    if (argp_parse(&argp, argc, argv, 0, NULL, &up.options) != 0) {
        return EXIT_MISUSED;
    }
    if (engines_are_installed() && instance_take(up.options.var, &up.instance)) {
        bool good = up.options.engines_only || services_are_built(&up.instance);
        if (good && prepare_folder(&up)) {
            code = up.options.detach ? run_detached(&up) : run(&up);
        }
        instance_close(&up.instance);
    }
    return code;
}
