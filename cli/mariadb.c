/* mariadb.c - a private MariaDB. Its init file sets root's password before the first
 * connection is taken, so there is no moment at which anybody may come in. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/engines.h"
#include "cli/greeting.h"
#include "cli/say.h"
#include "common/base/clock.h"
#include "common/mysql/db.h"

#define MARIADBD   "/usr/sbin/mariadbd"
#define INSTALL_DB "/usr/bin/mariadb-install-db"

enum {
    LOG_MIB_MAX = 1024, /* a restart after a crash reads it in seconds */
    STOP_S = 60,
};

/* Installed beside and renamed: a half-made data folder would never start. */
static bool install(Supervisor *supervisor, const char *folder)
{
    char data[CLI_PATH_MAX];
    char beside[CLI_PATH_MAX];
    struct stat info;
    Command command;

    if (!path_join(data, folder, "data") || !path_join(beside, folder, "data.new")) {
        return false;
    }
    if (stat(data, &info) == 0) {
        return true;
    }
    command_init(&command, "/bin/rm");
    command_add_word(&command, "-rf");
    command_add_word(&command, "%s", beside);
    if (!supervisor_run_program(supervisor, "mariadb-install", &command)) {
        return false;
    }
    command_init(&command, INSTALL_DB);
    command_add_word(&command, "--no-defaults");
    command_add_word(&command, "--datadir=%s", beside);
    command_add_word(&command, "--auth-root-authentication-method=normal");
    command_add_word(&command, "--skip-test-db");
    command_add_word(&command, "--skip-name-resolve");
    if (geteuid() == 0) {
        command_add_word(&command, "--user=root");
    }
    if (!supervisor_run_program(supervisor, "mariadb-install", &command)) {
        return false;
    }
    return rename(beside, data) == 0 || complain("cannot rename %s", beside);
}

static bool write_init_file(const Instance *instance, const char *path)
{
    const char *root = instance->secrets.passwords[SECRET_ROOT];
    char text[1024];

    (void)snprintf(
        text, sizeof text,
        "DELETE FROM mysql.global_priv WHERE User = '' OR "
        "(User = 'root' AND Host NOT IN ('localhost', '127.0.0.1'));\n"
        "FLUSH PRIVILEGES;\n"
        "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n"
        "ALTER USER 'root'@'localhost' IDENTIFIED BY '%s', 'root'@'127.0.0.1' IDENTIFIED BY '%s';\n"
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n",
        root, root);
    bool good = private_file_write(path, text);
    explicit_bzero(text, sizeof text);
    return good;
}

/* A full log makes the server write all dirty pages at once, while everybody waits: 60 ms
 * every second if it holds 256 MiB at 8,000 orders/s. A page that stays in memory longer
 * is also written less often. */
static int log_mib(int memory_mib)
{
    return memory_mib < LOG_MIB_MAX / 2 ? 2 * memory_mib : LOG_MIB_MAX;
}

bool mariadb_start(Supervisor *supervisor, const Instance *instance, int memory_mib)
{
    char folder[CLI_PATH_MAX];
    char init_file[CLI_PATH_MAX];
    Command command;

    if (!path_join(folder, instance->var, "mariadb") || !make_folder(folder) ||
        !path_join(init_file, folder, "init.sql") || !write_init_file(instance, init_file) ||
        !install(supervisor, folder)) {
        return false;
    }
    command_init(&command, MARIADBD);
    command_add_word(&command, "--no-defaults");
    command_add_word(&command, "--datadir=%s/data", folder);
    /* Relative to the data folder: a socket's whole path may not exceed 107 bytes. */
    command_add_word(&command, "--socket=my.sock");
    command_add_word(&command, "--pid-file=%s/my.pid", folder);
    command_add_word(&command, "--init-file=%s", init_file);
    command_add_word(&command, "--bind-address=127.0.0.1");
    command_add_word(&command, "--port=%u", (unsigned)instance->ports.numbers[PORT_MARIADB]);
    command_add_word(&command, "--skip-name-resolve");
    command_add_word(&command, "--innodb-flush-log-at-trx-commit=1");
    command_add_word(&command, "--innodb-buffer-pool-size=%dM", memory_mib);
    command_add_word(&command, "--innodb-log-file-size=%dM", log_mib(memory_mib));
    command_add_word(&command, "--innodb-log-buffer-size=64M");
    command_add_word(&command, "--innodb-flush-method=O_DIRECT");
    command_add_word(&command, "--innodb-autoinc-lock-mode=2");
    command_add_word(&command, "--character-set-server=utf8mb4");
    command_add_word(&command, "--collation-server=utf8mb4_bin");
    command_add_word(&command, "--transaction-isolation=READ-COMMITTED");
    command_add_word(&command, "--max-connections=300");
    command_add_word(&command, "--skip-log-bin");
    /* Made for one machine that everything shares: no spinning, one thread that purges. */
    command_add_word(&command, "--innodb-sync-spin-loops=0");
    command_add_word(&command, "--innodb-purge-threads=1");
    if (geteuid() == 0) {
        command_add_word(&command, "--user=root");
    }
    return supervisor_add(supervisor, ENGINE_MARIADB, &command, false, STOP_S);
}

bool mariadb_wait(const Instance *instance)
{
    char url[CLI_URL_MAX];
    Db *db = NULL;
    int64_t deadline_us = clock_monotonic_us(clock_system()) + ENGINE_WAIT_S * US_PER_S;

    mariadb_url(instance, "root", instance->secrets.passwords[SECRET_ROOT], "", url);
    if (status_failed(db_open(url, &db))) {
        return complain("cannot talk to MariaDB");
    }
    bool good = false;
    while (!good && clock_monotonic_us(clock_system()) < deadline_us) {
        good = !status_failed(db_connect(db));
        if (!good) {
            greeting_pause();
        }
    }
    db_close(db);
    return good || complain("MariaDB does not answer; see %s/log/mariadb.log", instance->var);
}

void mariadb_url(const Instance *instance, const char *user, const char *password,
                 const char *schema, char ret_url[CLI_URL_MAX])
{
    (void)snprintf(ret_url, CLI_URL_MAX, "mysql://%s:%s@127.0.0.1:%u/%s", user, password,
                   (unsigned)instance->ports.numbers[PORT_MARIADB], schema);
}
