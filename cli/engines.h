/* engines.h - MariaDB, Redis and RabbitMQ as private servers on loopback.
 *
 * Each keeps everything in a folder of its own under var and runs as a child of the
 * supervisor, in the foreground of its session. Settings are those of a shop that may
 * not lose an order: flush at commit, append-only file every second, quorum queues'
 * own log. See shared/engines.md, section 2. */
#ifndef JUMUN_CLI_ENGINES_H
#define JUMUN_CLI_ENGINES_H

#include <stdbool.h>

#include "cli/instance.h"
#include "cli/supervisor.h"

enum {
    ENGINE_WAIT_S = 60,
    DB_MEMORY_MIB_STANDARD = 512,
};

/* The names under which the supervisor keeps them. */
#define ENGINE_MARIADB  "mariadb"
#define ENGINE_REDIS    "redis"
#define ENGINE_RABBITMQ "rabbitmq"
#define ENGINE_EPMD     "epmd"

/* True if the servers are installed; complains about the first that is not. */
bool engines_are_installed(void);

/* Start them; the first start of MariaDB also makes its data folder. They are not yet
 * ready when these return. memory_mib is the size of MariaDB's buffer pool. */
bool mariadb_start(Supervisor *supervisor, const Instance *instance, int memory_mib);
bool redis_start(Supervisor *supervisor, const Instance *instance);
bool rabbitmq_start(Supervisor *supervisor, const Instance *instance);

/* Block until the server answers; only in a task. Complain after ENGINE_WAIT_S. */
bool mariadb_wait(const Instance *instance);
bool redis_wait(const Instance *instance);
bool rabbitmq_wait(const Instance *instance);

/* mysql://user:password@127.0.0.1:port/schema; redis:// and amqp:// likewise. */
void mariadb_url(const Instance *instance, const char *user, const char *password,
                 const char *schema, char ret_url[CLI_URL_MAX]);
void redis_url(const Instance *instance, char ret_url[CLI_URL_MAX]);
void rabbitmq_url(const Instance *instance, char ret_url[CLI_URL_MAX]);

#endif
