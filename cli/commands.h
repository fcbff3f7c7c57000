/* commands.h - the words after "jumun". Each takes its own arguments (argv[0] names it)
 * and returns the exit code: 0 done, 1 it failed, 2 it was called wrongly. */
#ifndef JUMUN_CLI_COMMANDS_H
#define JUMUN_CLI_COMMANDS_H

#include <stdbool.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_MISUSED = 2,
};

int up_command(int argc, char **argv);
int down_command(int argc, char **argv);
int status_command(int argc, char **argv);
int migrate_command(int argc, char **argv);
int admin_command(int argc, char **argv);
int demo_command(int argc, char **argv);

/* The folder of an instance if --var does not say: JUMUN_CLI_VAR, else ./var. */
const char *standard_var(void);

#endif
