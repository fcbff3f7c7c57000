/* log.h - one JSON object per line on stderr.
 *
 *     log_warn("relay.publish_failed", "queue=%s reason=%s", queue, reason);
 *     {"ts":"2026-…Z","level":"warn","svc":"relay","event":"relay.publish_failed",
 *      "queue":"order.replies","reason":"returned"}
 *
 * The format is a list of key=conversion pairs parted by single spaces; values may
 * hold spaces, control characters are escaped. A line is one write(), at most 4 KiB,
 * longer values are cut. Log an error once, where it stops being returned. Never
 * tokens, passwords, names, bodies. Domain and app never log. Any thread. */
#ifndef JUMUN_COMMON_RUNTIME_LOG_H
#define JUMUN_COMMON_RUNTIME_LOG_H

/* An event without fields is logged with "". */
#pragma GCC diagnostic ignored "-Wformat-zero-length"

typedef enum LogLevel {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR
} LogLevel;

/* Names the service and sets the lowest level written. Call before threads start. */
void log_open(const char *service, LogLevel level);

/* Writes the level's event. format may be "" for no fields. */
void log_write(LogLevel level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same event at most once a second; what was kept back is counted in the next
 * line's field "suppressed". For what can repeat by itself: lost connections. */
void log_write_rarely(LogLevel level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_write(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_write(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_write_rarely(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_write_rarely(LOG_ERROR, event, __VA_ARGS__)

#endif
