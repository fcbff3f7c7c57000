#include "bench/machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base/clock.h"

enum {
    SYSCALLS = 100000,
    WAKES = 5000,
    SYNCS = 101,
    BLOCK = 4096,
    PATH_SIZE = 4096,
};

static double now_us(void)
{
    return (double)clock_monotonic_us(clock_system());
}

static void read_model(Machine *machine)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");

    (void)snprintf(machine->model, sizeof machine->model, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) == 0 && colon != NULL) {
            (void)snprintf(machine->model, sizeof machine->model, "%.*s",
                           (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static double measure_syscall(void)
{
    double began_us = now_us();

    for (int i = 0; i < SYSCALLS; i++) {
        (void)syscall(SYS_getppid); /* glibc answers nothing of this by itself */
    }
    return (now_us() - began_us) / SYSCALLS;
}

/* The two ends of a ball game between two threads. */
typedef struct Court {
    int there[2];
    int back[2];
} Court;

static void *throw_back(void *context)
{
    Court *court = context;
    char ball;

    while (read(court->there[0], &ball, 1) == 1 && write(court->back[1], &ball, 1) == 1) {
    }
    return NULL;
}

static bool measure_wake(double *ret_us)
{
    Court court = { { -1, -1 }, { -1, -1 } };
    pthread_t thread;
    char ball = 0;
    int thrown = 0;

    if (pipe2(court.there, O_CLOEXEC) != 0 || pipe2(court.back, O_CLOEXEC) != 0 ||
        pthread_create(&thread, NULL, throw_back, &court) != 0) {
        return false; /* the bench ends, and with it what is open */
    }
    double began_us = now_us();
    while (thrown < WAKES && write(court.there[1], &ball, 1) == 1 &&
           read(court.back[0], &ball, 1) == 1) {
        thrown++;
    }
    *ret_us = (now_us() - began_us) / (2.0 * WAKES);
    (void)close(court.there[1]); /* ends the other thread */
    (void)pthread_join(thread, NULL);
    (void)close(court.there[0]);
    (void)close(court.back[0]);
    (void)close(court.back[1]);
    return thrown == WAKES;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static bool measure_sync(const char *folder, double *ret_us)
{
    static const uint8_t block[BLOCK];
    double took_us[SYNCS];
    char path[PATH_SIZE];
    int done = 0;

    (void)snprintf(path, sizeof path, "%s/bench-sync.tmp", folder);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return false;
    }
    (void)unlink(path);
    while (done < SYNCS) {
        double began_us = now_us();
        if (write(file, block, sizeof block) != BLOCK || fdatasync(file) != 0) {
            break;
        }
        took_us[done++] = now_us() - began_us;
    }
    (void)close(file);
    if (done < SYNCS) {
        return false;
    }
    qsort(took_us, SYNCS, sizeof took_us[0], compare);
    *ret_us = took_us[SYNCS / 2];
    return true;
}

Status machine_measure(const char *folder, Machine *ret_machine)
{
    struct utsname system = { .release = "" };

    *ret_machine =
        (Machine){ .cores = sysconf(_SC_NPROCESSORS_ONLN),
                   .memory_mib = sysconf(_SC_PHYS_PAGES) / 256 * (sysconf(_SC_PAGESIZE) / 4096) };
    read_model(ret_machine);
    (void)uname(&system);
    (void)snprintf(ret_machine->release, sizeof ret_machine->release, "%s", system.release);
    ret_machine->syscall_us = measure_syscall();
    if (!measure_wake(&ret_machine->wake_us) || !measure_sync(folder, &ret_machine->sync_us)) {
        return status_make(STATUS_UNAVAILABLE, "MACHINE");
    }
    return status_ok();
}
