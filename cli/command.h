/* command.h - a program to start: its words and its whole environment. */
#ifndef JUMUN_CLI_COMMAND_H
#define JUMUN_CLI_COMMAND_H

#include <stddef.h>

enum {
    COMMAND_WORDS_MAX = 32,
    COMMAND_VARIABLES_MAX = 96,
};

typedef struct Command {
    char *words[COMMAND_WORDS_MAX + 1]; /* words[0] is the program's path */
    size_t word_count;
    char *variables[COMMAND_VARIABLES_MAX + 1]; /* "NAME=value" */
    size_t variable_count;
} Command;

/* Nothing of our own environment is passed on but PATH, LANG, TZ, the sanitizers'
 * options and what the user has set for jumun's services (JUMUN_..., not JUMUN_CLI_). */
void command_init(Command *command, const char *program);

void command_deinit(Command *command);

/* Aborts when there is no memory or no room: the lists are of fixed length. */
void command_add_word(Command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "NAME=value". Replaces a variable that is there. */
void command_set(Command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
