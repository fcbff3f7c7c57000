/* secrets.h - the passwords and keys of a private instance: made at its first start,
 * kept under var/secrets (0700, files 0600), never printed but for the admin's. */
#ifndef JUMUN_CLI_SECRETS_H
#define JUMUN_CLI_SECRETS_H

#include <stdbool.h>

#include "cli/private_file.h"

enum {
    SECRET_SIZE = 33 /* 128 random bits as hex, and a NUL: safe in URLs, SQL and files */
};

typedef enum SecretName {
    SECRET_ROOT, /* of MariaDB */
    SECRET_MEMBER,
    SECRET_PRODUCT,
    SECRET_ORDER,
    SECRET_PAYMENT,
    SECRET_PROVIDER,
    SECRET_RELAY,
    SECRET_AUDIT,
    SECRET_REDIS,
    SECRET_RABBITMQ,
    SECRET_ERLANG, /* the cookie of RabbitMQ's node */
    SECRET_DEMO,   /* password of the demo's member */
} SecretName;

enum {
    SECRET_COUNT = SECRET_DEMO + 1
};

typedef struct Secrets {
    char passwords[SECRET_COUNT][SECRET_SIZE];
    char admin_password[SECRET_SIZE];
    char admin_password_path[CLI_PATH_MAX];
    char rpc_keys_path[CLI_PATH_MAX];
    char order_code_keys_path[CLI_PATH_MAX];
} Secrets;

/* Reads the secrets; those that are missing are made and written if `make`, else it
 * complains. */
bool secrets_load(const char *var, bool make, Secrets *ret_secrets);

/* Random bits as hex, `size` bytes of text with its NUL. False: no randomness. */
bool secret_make(char *ret_text, unsigned size);

#endif
