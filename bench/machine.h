/* machine.h - what the bench runs on, and what its kernel asks for the steps that an order is
 * made of. Machines of the same name differ most in these (a virtual machine can ask ten
 * times as much for a system call), so figures compare only where they are alike. */
#ifndef JUMUN_BENCH_MACHINE_H
#define JUMUN_BENCH_MACHINE_H

#include "common/base/status.h"

typedef struct Machine {
    char model[128];
    char release[65]; /* of Linux */
    long cores;
    long memory_mib;
    double syscall_us; /* a system call that does nothing */
    double wake_us;    /* from a write to a pipe until the thread that waits for it runs */
    double sync_us;    /* write 4 KiB and fdatasync; median */
} Machine;

/* Takes some tenths of a second of an idle machine. Syncs a file in the folder, and removes it.
 * UNAVAILABLE (MACHINE) if that, a pipe or a thread cannot be had. */
Status machine_measure(const char *folder, Machine *ret_machine);

#endif
