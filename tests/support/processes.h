/* processes.h - who is left, as /proc knows it. One thread. */
#ifndef JUMUN_TESTS_SUPPORT_PROCESSES_H
#define JUMUN_TESTS_SUPPORT_PROCESSES_H

#include <sys/types.h>

/* A process with the text in its command line or its environment; 0 if there is none. */
pid_t process_that_names(const char *text);

#endif
