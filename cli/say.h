/* say.h - what the command tells its user. Errors are said once, where they happen;
 * functions of cli/ then return false, so that their callers only stop. */
#ifndef JUMUN_CLI_SAY_H
#define JUMUN_CLI_SAY_H

#include <stdbool.h>

/* A line on standard output, at once. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "jumun: ..." on standard error. Returns false, so that it can be returned. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
