/* instance.h - a private jumun: a folder with everything it keeps, and who holds it. */
#ifndef JUMUN_CLI_INSTANCE_H
#define JUMUN_CLI_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/ports.h"
#include "cli/private_file.h"
#include "cli/secrets.h"

#define ADMIN_LOGIN "admin"

enum {
    CLI_URL_MAX = 512
};

typedef struct Instance {
    char var[CLI_PATH_MAX]; /* absolute */
    char bin[CLI_PATH_MAX]; /* the folder of this program, where the others are, too */
    int lock;               /* -1: not ours */
    Ports ports;
    Secrets secrets;
} Instance;

/* Makes the folder and takes its lock; complains, naming the holder, if another
 * process has it. */
bool instance_take(const char *var, Instance *ret_instance);

/* Records the process that holds the instance, for others to find. */
bool instance_set_holder(const Instance *instance, pid_t holder);

/* Finds an instance that may be running: its folder, ports and secrets. Complains if
 * there never was one. */
bool instance_find(const char *var, Instance *ret_instance);

/* Who holds it; 0 if nobody does. */
pid_t instance_holder(const Instance *instance);

void instance_close(Instance *instance);

/* "http://127.0.0.1:8080" */
void instance_url(const Instance *instance, char ret_url[CLI_URL_MAX]);

#endif
