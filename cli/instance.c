/* instance.c - the lock is one on the open file var/lock, so that it outlives a fork and
 * ends with its holder however that ends. The file's text, the holder's pid, only counts
 * while the lock is held. */
#include "cli/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"

static bool find_bin(char ret_bin[CLI_PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret_bin, CLI_PATH_MAX - 1);

    if (size <= 0) {
        return complain("cannot find the folder of this program: %s", strerror(errno));
    }
    ret_bin[size] = '\0';
    *strrchr(ret_bin, '/') = '\0';
    return true;
}

static bool make_absolute(const char *path, char ret_path[CLI_PATH_MAX])
{
    char *real = realpath(path, NULL);

    if (real == NULL || strlen(real) >= CLI_PATH_MAX - 64) { /* room for names inside */
        (void)complain("cannot use the folder %s: %s", path,
                       real == NULL ? strerror(errno) : "its path is too long");
        free(real);
        return false;
    }
    memcpy(ret_path, real, strlen(real) + 1);
    free(real);
    return true;
}

static int open_lock(const Instance *instance, int flags)
{
    char path[CLI_PATH_MAX];

    if (!path_join(path, instance->var, "lock")) {
        return -1;
    }
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static pid_t read_holder(int lock)
{
    char text[32];
    ssize_t size = pread(lock, text, sizeof text - 1, 0);

    text[size > 0 ? size : 0] = '\0';
    return (pid_t)strtol(text, NULL, 10);
}

bool instance_take(const char *var, Instance *ret_instance)
{
    Instance *instance = ret_instance;

    *instance = (Instance){ .lock = -1 };
    if (!make_folder(var) || !make_absolute(var, instance->var) || !find_bin(instance->bin)) {
        return false;
    }
    int lock = open_lock(instance, O_RDWR | O_CREAT);
    if (lock < 0) {
        return complain("cannot open %s/lock: %s", instance->var, strerror(errno));
    }
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(lock, F_OFD_SETLK, &whole) != 0) {
        pid_t holder = read_holder(lock);
        (void)close(lock);
        return complain("jumun is already up on %s: process %d holds it. See `jumun status`, end "
                        "it with `jumun down`, or use another folder with --var",
                        instance->var, (int)holder);
    }
    instance->lock = lock;
    return instance_set_holder(instance, getpid());
}

bool instance_set_holder(const Instance *instance, pid_t holder)
{
    char text[32];

    int length = snprintf(text, sizeof text, "%d\n", (int)holder);
    /* In this order there is a holder to be read at any time; what follows the line's end
     * does not count. */
    if (pwrite(instance->lock, text, (size_t)length, 0) < 0 ||
        ftruncate(instance->lock, length) != 0) {
        return complain("cannot write %s/lock: %s", instance->var, strerror(errno));
    }
    return true;
}

bool instance_find(const char *var, Instance *ret_instance)
{
    char ports[CLI_PATH_MAX];
    struct stat info;
    Instance *instance = ret_instance;

    *instance = (Instance){ .lock = -1 };
    if (!path_join(ports, var, "ports")) {
        return false;
    }
    if (stat(ports, &info) != 0) {
        return complain("there is no instance in %s; `jumun up` makes one", var);
    }
    return make_absolute(var, instance->var) && find_bin(instance->bin) &&
           ports_load(instance->var, &instance->ports) &&
           secrets_load(instance->var, false, &instance->secrets);
}

pid_t instance_holder(const Instance *instance)
{
    int lock = open_lock(instance, O_RDONLY);
    pid_t holder = 0;

    if (lock < 0) {
        return 0;
    }
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(lock, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK) {
        holder = read_holder(lock);
    }
    (void)close(lock);
    return holder;
}

void instance_close(Instance *instance)
{
    if (instance->lock >= 0) {
        (void)close(instance->lock);
        instance->lock = -1;
    }
    explicit_bzero(&instance->secrets, sizeof instance->secrets);
}

void instance_url(const Instance *instance, char ret_url[CLI_URL_MAX])
{
    (void)snprintf(ret_url, CLI_URL_MAX, "http://127.0.0.1:%u",
                   (unsigned)instance->ports.numbers[PORT_GATEWAY]);
}
