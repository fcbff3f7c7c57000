/* processes.h - who is left, as /proc knows it. One thread. */
#ifndef JUMUN_TESTS_SUPPORT_PROCESSES_H
#define JUMUN_TESTS_SUPPORT_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

/* A process with the text in its command line or its environment; 0 if there is none. */
pid_t process_that_names(const char *text);

/* The environment of a process, words "NAME=value", valid until the next call. Returns how
 * many there are; 0 if there is no such process, or its words are more than `max`. */
size_t process_environment(pid_t process, char **ret_words, size_t max);

#endif
