/* secrets.c - var/secrets: passwords ("name hex" lines), admin_password, rpc_keys and
 * order_code_keys in the formats of common/crypto. */
#include "cli/secrets.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/say.h"
#include "common/runtime/config.h"

enum {
    RANDOM_MAX = 32,
    KEY_TEXT_SIZE = 65,
};

static const char *const names[SECRET_COUNT] = {
    [SECRET_ROOT] = "root",      [SECRET_MEMBER] = "member",     [SECRET_PRODUCT] = "product",
    [SECRET_ORDER] = "order",    [SECRET_PAYMENT] = "payment",   [SECRET_PROVIDER] = "provider",
    [SECRET_RELAY] = "relay",    [SECRET_AUDIT] = "jumun_audit", [SECRET_REDIS] = "redis",
    [SECRET_RABBITMQ] = "guest", [SECRET_ERLANG] = "erlang",     [SECRET_DEMO] = "demo",
};

static const char *const rpc_callers[] = {
    "gateway", "order", "product", "payment", "relay", "cli"
};

bool secret_make(char *ret_text, unsigned size)
{
    uint8_t bytes[RANDOM_MAX];
    size_t count = (size - 1) / 2;

    assert(size % 2 == 1 && count <= sizeof bytes);
    if (getrandom(bytes, count, 0) != (ssize_t)count) {
        return complain("the system gives no random numbers");
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(&ret_text[2 * i], 3, "%02x", bytes[i]);
    }
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

static Status read_password(void *context, const char *const *words, size_t count)
{
    Secrets *secrets = context;

    for (size_t i = 0; count == 2 && i < SECRET_COUNT; i++) {
        if (strcmp(words[0], names[i]) == 0 && strlen(words[1]) < SECRET_SIZE) {
            memcpy(secrets->passwords[i], words[1], strlen(words[1]) + 1);
            return status_ok();
        }
    }
    return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
}

/* Makes what the file did not hold and writes it back. */
static bool complete_passwords(const char *path, bool make, Secrets *secrets)
{
    char text[SECRET_COUNT * 64] = "";
    size_t size = 0;
    bool made = false;

    for (size_t i = 0; i < SECRET_COUNT; i++) {
        if (secrets->passwords[i][0] == '\0') {
            if (!make) {
                return complain("%s lacks the password of %s", path, names[i]);
            }
            if (!secret_make(secrets->passwords[i], SECRET_SIZE)) {
                return false;
            }
            made = true;
        }
        int length =
            snprintf(&text[size], sizeof text - size, "%s %s\n", names[i], secrets->passwords[i]);
        size += (size_t)length;
    }
    bool good = !made || private_file_write(path, text);
    explicit_bzero(text, sizeof text);
    return good;
}

static bool load_passwords(const char *folder, bool make, Secrets *secrets)
{
    char path[CLI_PATH_MAX];

    if (!path_join(path, folder, "passwords")) {
        return false;
    }
    Status status = config_read_lines(path, read_password, secrets);
    if (status_failed(status) && status.code != STATUS_NOT_FOUND) {
        return complain("%s is not a list of \"name password\"", path);
    }
    return complete_passwords(path, make, secrets);
}

static bool load_admin_password(bool make, Secrets *secrets)
{
    const char *path = secrets->admin_password_path;
    char line[SECRET_SIZE + 1];

    if (private_file_read_line(path, secrets->admin_password, SECRET_SIZE)) {
        return true;
    }
    if (!make) {
        return complain("cannot read %s", path);
    }
    if (!secret_make(secrets->admin_password, SECRET_SIZE)) {
        return false;
    }
    (void)snprintf(line, sizeof line, "%s\n", secrets->admin_password);
    return private_file_write(path, line);
}

/* A key for each caller, one a line, unless the file is there. */
static bool make_keys(const char *path, const char *const *callers, size_t count)
{
    char text[1024];
    size_t size = 0;
    bool good = true;

    if (access(path, R_OK) == 0) {
        return true;
    }
    for (size_t i = 0; good && i < count; i++) {
        char key[KEY_TEXT_SIZE];

        good = secret_make(key, sizeof key);
        size += (size_t)snprintf(&text[size], sizeof text - size, "%s%s%s\n",
                                 callers == NULL ? "" : callers[i], callers == NULL ? "" : " ",
                                 good ? key : "");
        explicit_bzero(key, sizeof key);
    }
    good = good && private_file_write(path, text);
    explicit_bzero(text, sizeof text);
    return good;
}

bool secrets_load(const char *var, bool make, Secrets *ret_secrets)
{
    char folder[CLI_PATH_MAX];
    Secrets *secrets = ret_secrets;

    memset(secrets, 0, sizeof *secrets);
    if (!path_join(folder, var, "secrets") || (make && !make_folder(folder)) ||
        !path_join(secrets->admin_password_path, folder, "admin_password") ||
        !path_join(secrets->rpc_keys_path, folder, "rpc_keys") ||
        !path_join(secrets->order_code_keys_path, folder, "order_code_keys")) {
        return false;
    }
    if (make && (!make_keys(secrets->rpc_keys_path, rpc_callers,
                            sizeof rpc_callers / sizeof rpc_callers[0]) ||
                 !make_keys(secrets->order_code_keys_path, NULL, 1))) {
        return false;
    }
    return load_passwords(folder, make, secrets) && load_admin_password(make, secrets);
}
