/* engines.c - what the three have in common: they must be there. */
#include "cli/engines.h"

#include <unistd.h>

#include "cli/say.h"

static const struct {
    const char *program;
    const char *package;
} needed[] = {
    { "/usr/sbin/mariadbd", "mariadb-server" },
    { "/usr/bin/mariadb-install-db", "mariadb-server" },
    { "/usr/bin/redis-server", "redis-server" },
    { "/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server" },
    { "/usr/bin/epmd", "erlang-base" },
};

bool engines_are_installed(void)
{
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (access(needed[i].program, X_OK) != 0) {
            return complain("there is no %s: apt-get install %s", needed[i].program,
                            needed[i].package);
        }
    }
    return true;
}
