/* child_log.h - what a child writes: kept in var/log/<name>.log, and shown.
 *
 * The file is rotated once, at CHILD_LOG_FILE_MAX. On the terminal a JSON line becomes
 * a readable one; control characters never reach it. */
#ifndef JUMUN_CLI_CHILD_LOG_H
#define JUMUN_CLI_CHILD_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CHILD_LOG_LINE_MAX = 8192,
    CHILD_LOG_FILE_MAX = 16 * 1024 * 1024,
};

typedef struct ChildLog ChildLog;

/* shown: lines also go to standard output. Complains if the file cannot be opened. */
bool child_log_open(const char *var, const char *name, bool shown, ChildLog **ret_log);

/* Takes some bytes of the child's output, in any pieces. */
void child_log_feed(ChildLog *log, const char *bytes, size_t size);

/* Writes what has gathered of an unfinished line. */
void child_log_flush(ChildLog *log);

/* Stops showing; lines still go to the file. */
void child_log_hide(ChildLog *log);

const char *child_log_path(const ChildLog *log);

/* NULL is ignored. */
void child_log_close(ChildLog *log);

/* A service's JSON line as text for people: "10:20:30.123 warn  event key=value". The
 * line itself if it is not such JSON. Cut to size; free of control characters. */
void child_log_render(const char *line, char *ret_text, size_t size);

#endif
