/* command.c - words and variables as execve wants them. */
#include "cli/command.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const inherited[] = { "PATH=",         "LANG=",          "TZ=",
                                         "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=",
                                         "TSAN_OPTIONS=", "JUMUN_" };
static const char *const kept_back[] = { "JUMUN_CLI_", "JUMUN_TEST_", "JUMUN_PRESET=" };

static bool begins_with_any(const char *text, const char *const *starts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

void command_init(Command *command, const char *program)
{
    *command = (Command){ 0 };
    command_add_word(command, "%s", program);
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (begins_with_any(*variable, inherited, sizeof inherited / sizeof inherited[0]) &&
            !begins_with_any(*variable, kept_back, sizeof kept_back / sizeof kept_back[0])) {
            command_set(command, "%s", *variable);
        }
    }
}

void command_deinit(Command *command)
{
    for (size_t i = 0; i < command->word_count; i++) {
        free(command->words[i]);
    }
    for (size_t i = 0; i < command->variable_count; i++) {
        free(command->variables[i]);
    }
    *command = (Command){ 0 };
}

__attribute__((format(printf, 1, 0))) static char *print(const char *format, va_list arguments)
{
    char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0) {
        abort();
    }
    return text;
}

void command_add_word(Command *command, const char *format, ...)
{
    va_list arguments;

    assert(command->word_count < COMMAND_WORDS_MAX);
    va_start(arguments, format);
    command->words[command->word_count++] = print(format, arguments);
    va_end(arguments);
}

void command_set(Command *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *variable = print(format, arguments);
    va_end(arguments);

    size_t name_size = strcspn(variable, "=") + 1;
    for (size_t i = 0; i < command->variable_count; i++) {
        if (strncmp(command->variables[i], variable, name_size) == 0) {
            free(command->variables[i]);
            command->variables[i] = variable;
            return;
        }
    }
    assert(command->variable_count < COMMAND_VARIABLES_MAX);
    command->variables[command->variable_count++] = variable;
}
