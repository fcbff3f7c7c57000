/* rabbitmq.c - a private RabbitMQ with its own epmd.
 *
 * The start script under /usr/lib is used, not the one in the path: that one becomes
 * the user rabbitmq and loses the environment. RUNNING_UNDER_SYSTEMD makes it replace
 * itself by the Erlang machine, which is then our child and ends in order on SIGTERM.
 * epmd is started by us, in the foreground, or Erlang would leave a daemon behind. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/engines.h"
#include "cli/greeting.h"
#include "cli/say.h"

#define RABBITMQ_SERVER "/usr/lib/rabbitmq/bin/rabbitmq-server"
#define EPMD            "/usr/bin/epmd"

enum {
    STOP_S = 30,
    EPMD_STOP_S = 5,
};

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[CLI_PATH_MAX];

    return path_join(path, folder, name) && private_file_write(path, text);
}

/* The cookie's file must not be writable when Erlang reads it. */
static bool write_cookie(const Instance *instance, const char *folder)
{
    char path[CLI_PATH_MAX];

    if (!path_join(path, folder, "home/.erlang.cookie") ||
        !private_file_write(path, instance->secrets.passwords[SECRET_ERLANG])) {
        return false;
    }
    return chmod(path, 0400) == 0 || complain("cannot protect %s", path);
}

/* default_user and default_pass count when the node first starts. */
static bool write_config(const Instance *instance, const char *folder)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "listeners.tcp.1 = 127.0.0.1:%u\n"
                   "default_user = guest\n"
                   "default_pass = %s\n"
                   "disk_free_limit.absolute = 512MB\n"
                   "raft.wal_max_size_bytes = 134217728\n"
                   "log.console = true\n"
                   "log.console.level = info\n"
                   "log.file = false\n",
                   (unsigned)instance->ports.numbers[PORT_RABBITMQ],
                   instance->secrets.passwords[SECRET_RABBITMQ]);
    bool good = write_file(folder, "etc/rabbitmq.conf", text) &&
                write_file(folder, "etc/rabbitmq-env.conf", "") &&
                write_file(folder, "etc/enabled_plugins", "[].\n");
    explicit_bzero(text, sizeof text);
    return good;
}

static bool make_folders(const char *folder)
{
    static const char *const names[] = { "home", "mnesia", "log", "etc" };
    char path[CLI_PATH_MAX];
    bool good = make_folder(folder);

    for (size_t i = 0; good && i < sizeof names / sizeof names[0]; i++) {
        good = path_join(path, folder, names[i]) && make_folder(path);
    }
    return good;
}

static bool start_epmd(Supervisor *supervisor, const Instance *instance)
{
    Command command;

    command_init(&command, EPMD);
    command_add_word(&command, "-port");
    command_add_word(&command, "%u", (unsigned)instance->ports.numbers[PORT_EPMD]);
    command_add_word(&command, "-address");
    command_add_word(&command, "127.0.0.1");
    return supervisor_add(supervisor, ENGINE_EPMD, &command, false, EPMD_STOP_S);
}

static void set_environment(Command *command, const Instance *instance, const char *folder)
{
    const uint16_t *ports = instance->ports.numbers;

    command_set(command, "HOME=%s/home", folder);
    command_set(command, "LANG=C.UTF-8");
    command_set(command, "RUNNING_UNDER_SYSTEMD=1");
    command_set(command, "RABBITMQ_NODENAME=jumun@localhost");
    command_set(command, "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1");
    command_set(command, "RABBITMQ_NODE_PORT=%u", (unsigned)ports[PORT_RABBITMQ]);
    command_set(command, "RABBITMQ_DIST_PORT=%u", (unsigned)ports[PORT_RABBITMQ_DIST]);
    command_set(command, "ERL_EPMD_ADDRESS=127.0.0.1");
    command_set(command, "ERL_EPMD_PORT=%u", (unsigned)ports[PORT_EPMD]);
    command_set(command, "RABBITMQ_MNESIA_BASE=%s/mnesia", folder);
    command_set(command, "RABBITMQ_LOG_BASE=%s/log", folder);
    command_set(command, "RABBITMQ_LOGS=-");
    command_set(command, "RABBITMQ_PID_FILE=%s/jumun.pid", folder);
    command_set(command, "RABBITMQ_CONFIG_FILE=%s/etc/rabbitmq", folder);
    command_set(command, "RABBITMQ_ADVANCED_CONFIG_FILE=%s/etc/advanced.config", folder);
    command_set(command, "RABBITMQ_CONF_ENV_FILE=%s/etc/rabbitmq-env.conf", folder);
    command_set(command, "RABBITMQ_ENABLED_PLUGINS_FILE=%s/etc/enabled_plugins", folder);
    /* The cores are shared: schedulers for half of them, and none that waits busily. On two
     * cores that spares the broker a quarter of its CPU time. */
    long schedulers = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    schedulers = schedulers < 1 ? 1 : schedulers;
    command_set(command,
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S %ld:%ld +sbwt none +sbwtdcpu none "
                "+sbwtdio none -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
                schedulers, schedulers);
}

bool rabbitmq_start(Supervisor *supervisor, const Instance *instance)
{
    char folder[CLI_PATH_MAX];
    Command command;

    if (!path_join(folder, instance->var, "rabbitmq") || !make_folders(folder) ||
        !write_cookie(instance, folder) || !write_config(instance, folder) ||
        !start_epmd(supervisor, instance)) {
        return false;
    }
    command_init(&command, RABBITMQ_SERVER);
    set_environment(&command, instance, folder);
    return supervisor_add(supervisor, ENGINE_RABBITMQ, &command, false, STOP_S);
}

bool rabbitmq_wait(const Instance *instance)
{
    /* A protocol header; the answer is a method frame (1) on channel 0. */
    static const char words[] = "AMQP\0\0\x09\x01";
    static const char expected[] = "\x01\0\0";

    return greeting_await(instance->ports.numbers[PORT_RABBITMQ], words, sizeof words - 1, expected,
                          sizeof expected - 1, ENGINE_WAIT_S) ||
           complain("RabbitMQ does not answer; see %s/log/rabbitmq.log", instance->var);
}

void rabbitmq_url(const Instance *instance, char ret_url[CLI_URL_MAX])
{
    (void)snprintf(ret_url, CLI_URL_MAX, "amqp://guest:%s@127.0.0.1:%u/%%2F",
                   instance->secrets.passwords[SECRET_RABBITMQ],
                   (unsigned)instance->ports.numbers[PORT_RABBITMQ]);
}
