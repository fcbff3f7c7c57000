/* Tests of what `jumun up` keeps in its folder: the lock, ports, secrets. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/instance.h"

static char folder[] = "/tmp/jumun-instance-XXXXXX";
static char said[8192]; /* on standard error */
static int errors[2];

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(pipe(errors), 0);
    cr_assert_eq(dup2(errors[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(errors[1]);
}

static void tear_down(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(instance, .init = set_up, .fini = tear_down);

/* Everything that has been complained about; nothing can be afterwards. */
static const char *complaints(void)
{
    (void)close(STDERR_FILENO);
    ssize_t size = read(errors[0], said, sizeof said - 1);
    said[size > 0 ? size : 0] = '\0';
    return said;
}

static mode_t mode_of(const char *name)
{
    char path[CLI_PATH_MAX];
    struct stat info = { 0 };

    cr_assert(path_join(path, folder, name));
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    return info.st_mode & 0777;
}

/* A listening socket on any port. */
static int occupy(uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int one = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(one, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(one, 1), 0);
    cr_assert_eq(getsockname(one, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return one;
}

Test(instance, is_held_by_one_process_and_names_it)
{
    Instance mine;
    Instance other;
    char pid[32];

    cr_assert(instance_take(folder, &mine));
    cr_expect_eq(instance_holder(&mine), getpid());
    cr_expect_not(instance_take(folder, &other));
    (void)snprintf(pid, sizeof pid, "process %d ", (int)getpid());
    cr_expect_not_null(strstr(complaints(), pid), "%s", said);
    instance_close(&mine);
}

Test(instance, is_free_again_when_its_holder_is_gone_however_it_ended)
{
    Instance mine;
    int status;

    pid_t child = fork();
    if (child == 0) {
        Instance taken;
        (void)instance_take(folder, &taken);
        abort();
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    cr_expect(instance_take(folder, &mine));
    instance_close(&mine);
    cr_expect_eq(instance_holder(&mine), 0);
}

Test(instance, cannot_be_found_where_there_never_was_one)
{
    Instance instance;

    cr_expect_not(instance_find("/tmp/jumun-nothing-here", &instance));
    cr_expect_not_null(strstr(complaints(), "jumun up"), "%s", said);
}

Test(instance, remembers_its_ports)
{
    Ports first = { 0 };
    Ports second = { 0 };
    Ports loaded = { 0 };

    cr_assert(ports_settle(folder, 0, &first));
    cr_assert(ports_load(folder, &loaded));
    cr_expect_arr_eq(first.numbers, loaded.numbers, sizeof first.numbers);
    second = loaded;
    cr_assert(ports_settle(folder, 0, &second));
    cr_expect_arr_eq(first.numbers, second.numbers, sizeof first.numbers);
}

Test(instance, moves_to_a_free_port_when_the_remembered_one_is_taken)
{
    Ports ports = { 0 };
    uint16_t taken;

    int holder = occupy(&taken);
    ports.numbers[PORT_REDIS] = taken;
    cr_assert(ports_settle(folder, 0, &ports));
    cr_expect_neq(ports.numbers[PORT_REDIS], taken);
    cr_expect_neq(ports.numbers[PORT_REDIS], 0);
    for (int i = 0; i < PORT_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            cr_expect_neq(ports.numbers[i], ports.numbers[j], "each has its own");
        }
    }
    (void)close(holder);
}

Test(instance, shares_no_port_with_one_that_starts_at_the_same_moment)
{
    Ports ours = { 0 };
    Ports theirs = { 0 };
    int pair[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t other = fork();
    if (other == 0) {
        /* It has chosen and nothing listens yet. It goes when our end of the pair does. */
        bool settled = ports_settle(folder, 0, &theirs);
        (void)close(pair[0]);
        if (write(pair[1], &theirs, settled ? sizeof theirs : 1) < 0 ||
            read(pair[1], &settled, 1) < 0) {
            _exit(1);
        }
        _exit(0);
    }
    (void)close(pair[1]);
    cr_assert_eq(read(pair[0], &theirs, sizeof theirs), (ssize_t)sizeof theirs);
    cr_assert(ports_settle(folder, 0, &ours));
    for (int i = 0; i < PORT_COUNT; i++) {
        for (int j = 0; j < PORT_COUNT; j++) {
            cr_expect_neq(ours.numbers[i], theirs.numbers[j]);
        }
    }
    (void)close(pair[0]);
    cr_assert_eq(waitpid(other, NULL, 0), other);
}

Test(instance, does_not_move_from_a_port_that_its_user_insists_on)
{
    Ports ports = { 0 };
    uint16_t taken;

    int holder = occupy(&taken);
    cr_expect_not(ports_settle(folder, taken, &ports));
    (void)close(holder);
    cr_expect(ports_settle(folder, taken, &ports));
    cr_expect_eq(ports.numbers[PORT_GATEWAY], taken);
}

Test(instance, refuses_a_file_of_ports_that_is_damaged)
{
    char path[CLI_PATH_MAX];
    Ports ports = { 0 };

    cr_assert(path_join(path, folder, "ports"));
    cr_assert(private_file_write(path, "redis 123456\n"));
    cr_expect_not(ports_load(folder, &ports));
    cr_expect_not_null(strstr(complaints(), path), "%s", said);
}

Test(instance, makes_its_secrets_once_and_for_its_owner_only)
{
    static Secrets first;
    static Secrets second;

    (void)umask(0);
    cr_assert(secrets_load(folder, true, &first));
    cr_assert(secrets_load(folder, true, &second));
    cr_expect_arr_eq(&first, &second, sizeof first);
    cr_expect_eq(strlen(first.passwords[SECRET_ROOT]), SECRET_SIZE - 1);
    cr_expect_str_neq(first.passwords[SECRET_ROOT], first.passwords[SECRET_ORDER]);
    cr_expect_eq(mode_of("secrets"), 0700);
    cr_expect_eq(mode_of("secrets/passwords"), 0600);
    cr_expect_eq(mode_of("secrets/admin_password"), 0600);
    cr_expect_eq(mode_of("secrets/rpc_keys"), 0600);
    cr_expect_eq(mode_of("secrets/order_code_keys"), 0600);
}

Test(instance, makes_no_secrets_when_it_is_only_looked_at)
{
    static Secrets secrets;

    cr_expect_not(secrets_load(folder, false, &secrets));
}

Test(instance, gives_every_caller_a_key_of_its_own)
{
    static Secrets secrets;
    char key[8][65];
    char name[8][32];
    int count = 0;

    cr_assert(secrets_load(folder, true, &secrets));
    FILE *file = fopen(secrets.rpc_keys_path, "re");
    cr_assert_not_null(file);
    while (count < 8 && fscanf(file, "%31s %64s", name[count], key[count]) == 2) {
        cr_expect_eq(strlen(key[count]), 64);
        for (int i = 0; i < count; i++) {
            cr_expect_str_neq(key[count], key[i]);
            cr_expect_str_neq(name[count], name[i]);
        }
        count++;
    }
    (void)fclose(file);
    cr_expect_eq(count, 6);
}

Test(instance, completes_secrets_that_an_older_release_did_not_know)
{
    static Secrets first;
    static Secrets second;
    char path[CLI_PATH_MAX];
    char line[SECRET_SIZE + 16];

    cr_assert(secrets_load(folder, true, &first));
    cr_assert(path_join(path, folder, "secrets/passwords"));
    (void)snprintf(line, sizeof line, "root %s\n", first.passwords[SECRET_ROOT]);
    cr_assert(private_file_write(path, line));
    cr_assert(secrets_load(folder, true, &second));
    cr_expect_str_eq(first.passwords[SECRET_ROOT], second.passwords[SECRET_ROOT]);
    cr_expect_eq(strlen(second.passwords[SECRET_RELAY]), SECRET_SIZE - 1);
}
