/* redis.c - a private Redis, set up by a file because a password on the command line
 * could be read by anybody. */
#include <stdio.h>
#include <string.h>

#include "cli/engines.h"
#include "cli/greeting.h"
#include "cli/say.h"

#define REDIS_SERVER "/usr/bin/redis-server"

enum {
    STOP_S = 20
};

static bool write_config(const Instance *instance, const char *folder, const char *path)
{
    char text[CLI_PATH_MAX + 512];

    (void)snprintf(text, sizeof text,
                   "bind 127.0.0.1\n"
                   "port %u\n"
                   "dir \"%s\"\n"
                   "requirepass %s\n"
                   "save \"\"\n"
                   "maxmemory-policy noeviction\n"
                   "appendonly yes\n"
                   "appendfsync everysec\n"
                   "auto-aof-rewrite-min-size 512mb\n",
                   (unsigned)instance->ports.numbers[PORT_REDIS], folder,
                   instance->secrets.passwords[SECRET_REDIS]);
    bool good = private_file_write(path, text);
    explicit_bzero(text, sizeof text);
    return good;
}

bool redis_start(Supervisor *supervisor, const Instance *instance)
{
    char folder[CLI_PATH_MAX];
    char config[CLI_PATH_MAX];
    Command command;

    if (!path_join(folder, instance->var, "redis") || !make_folder(folder) ||
        !path_join(config, folder, "redis.conf") || !write_config(instance, folder, config)) {
        return false;
    }
    command_init(&command, REDIS_SERVER);
    command_add_word(&command, "%s", config);
    return supervisor_add(supervisor, ENGINE_REDIS, &command, false, STOP_S);
}

bool redis_wait(const Instance *instance)
{
    char words[128];
    static const char expected[] = "+OK\r\n+PONG\r\n";

    int size = snprintf(words, sizeof words, "AUTH %s\r\nPING\r\n",
                        instance->secrets.passwords[SECRET_REDIS]);
    return greeting_await(instance->ports.numbers[PORT_REDIS], words, (size_t)size, expected,
                          sizeof expected - 1, ENGINE_WAIT_S) ||
           complain("Redis does not answer; see %s/log/redis.log", instance->var);
}

void redis_url(const Instance *instance, char ret_url[CLI_URL_MAX])
{
    (void)snprintf(ret_url, CLI_URL_MAX, "redis://:%s@127.0.0.1:%u",
                   instance->secrets.passwords[SECRET_REDIS],
                   (unsigned)instance->ports.numbers[PORT_REDIS]);
}
