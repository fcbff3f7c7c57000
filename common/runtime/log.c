/* log.c - walks the format itself, one conversion at a time, and writes JSON as it
 * goes. So a value can never become a field: quotes, spaces and "key=" inside an
 * argument stay inside its string. */
#include "common/runtime/log.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/runtime/log_rate.h"

enum {
    LINE_MAX_SIZE = 4096,
    LINE_TAIL_SIZE = 3, /* always room for "}\n after a cut value */
    SPEC_MAX = 16,      /* bytes of a conversion, "%-20.10lld" */
    NUMBER_MAX = 64,    /* bytes of a formatted number */
};

static struct {
    char service[32];
    LogLevel level;
    pthread_mutex_t lock; /* guards rate */
    LogRate rate;
} the_log = { .service = "jumun", .level = LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER };

typedef struct Line {
    size_t size;
    char text[LINE_MAX_SIZE];
} Line;

/* The format and its arguments, as far as they have been read. */
typedef struct Cursor {
    const char *at;
    va_list arguments;
} Cursor;

/* All or nothing. */
static bool put_bytes(Line *line, const char *bytes, size_t size)
{
    if (size > LINE_MAX_SIZE - LINE_TAIL_SIZE - line->size) {
        return false;
    }
    memcpy(&line->text[line->size], bytes, size);
    line->size += size;
    return true;
}

static bool put_text(Line *line, const char *text)
{
    return put_bytes(line, text, strlen(text));
}

/* Bytes of the well-formed sequence at the start of text, 0 if there is none. */
static size_t sequence_size(const char *text, size_t size)
{
    size_t count;

    for (size_t length = 1; length <= 4 && length <= size; length++) {
        if (text_utf8_count(text, length, &count)) {
            return length;
        }
    }
    return 0;
}

/* Appends text as the inside of a JSON string, cut where the line is full. */
static void put_escaped(Line *line, const char *text, size_t size)
{
    bool fits = true;

    for (size_t i = 0; fits && i < size;) {
        unsigned char byte = (unsigned char)text[i];
        size_t length = 1;

        if (byte == '"' || byte == '\\') {
            char escaped[2] = { '\\', (char)byte };
            fits = put_bytes(line, escaped, sizeof escaped);
        } else if (byte < 0x20 || byte == 0x7F) {
            char escaped[8];
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            fits = put_text(line, escaped);
        } else if (byte < 0x80) {
            fits = put_bytes(line, &text[i], 1);
        } else if ((length = sequence_size(&text[i], size - i)) > 0) {
            fits = put_bytes(line, &text[i], length);
        } else {
            length = 1;
            fits = put_text(line, "\\ufffd");
        }
        i += length;
    }
}

static void put_field(Line *line, const char *key, const char *value)
{
    put_text(line, ",\"");
    put_text(line, key);
    put_text(line, "\":\"");
    put_escaped(line, value, strlen(value));
    put_text(line, "\"");
}

/* Reads a conversion: its text up to the letter, a precision given as "*", and how
 * many l or z it has. The letter is left under the cursor. */
typedef struct Conversion {
    char spec[SPEC_MAX];
    size_t spec_size;
    int precision; /* -1: none */
    bool is_long;  /* l, ll, z, j or t: 64 bits on what we run on */
} Conversion;

static Conversion read_conversion(Cursor *cursor)
{
    Conversion conversion = { .precision = -1 };

    assert(*cursor->at == '%');
    do {
        if (*cursor->at == '*') {
            conversion.precision = va_arg(cursor->arguments, int);
        } else if (strchr("ljzt", *cursor->at) != NULL) {
            conversion.is_long = true;
        } else if (*cursor->at != 'h' && conversion.spec_size < SPEC_MAX - 4) {
            conversion.spec[conversion.spec_size++] = *cursor->at;
        }
        cursor->at++;
    } while (*cursor->at != '\0' && strchr("-+ #0123456789.*hlzjt", *cursor->at) != NULL);
    return conversion;
}

static void put_string(Line *line, Cursor *cursor, const Conversion *conversion)
{
    const char *text = va_arg(cursor->arguments, const char *);
    const char *dot = memchr(conversion->spec, '.', conversion->spec_size);
    size_t limit = LINE_MAX_SIZE;

    if (text == NULL) {
        text = "(null)";
    }
    if (conversion->precision >= 0) {
        limit = (size_t)conversion->precision;
    } else if (dot != NULL && dot[1] >= '0' && dot[1] <= '9') {
        limit = (size_t)(dot[1] - '0');
        for (dot += 2; *dot >= '0' && *dot <= '9'; dot++) {
            limit = limit * 10 + (size_t)(*dot - '0');
        }
    }
    put_escaped(line, text, strnlen(text, limit));
}

/* The spec comes from a format that the compiler has checked; only its length
 * modifier is replaced by the widest one. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void put_number(Line *line, Cursor *cursor, Conversion *conversion)
{
    char letter = *cursor->at;
    char number[NUMBER_MAX];
    va_list *arguments = &cursor->arguments;

    if (strchr("diuxXo", letter) != NULL) {
        conversion->spec[conversion->spec_size++] = 'l';
        conversion->spec[conversion->spec_size++] = 'l';
    }
    conversion->spec[conversion->spec_size++] = letter;
    conversion->spec[conversion->spec_size] = '\0';
    if (letter == 'd' || letter == 'i') {
        long long value =
            conversion->is_long ? va_arg(*arguments, long long) : va_arg(*arguments, int);
        (void)snprintf(number, sizeof number, conversion->spec, value);
    } else if (strchr("uxXo", letter) != NULL) {
        unsigned long long value = conversion->is_long ? va_arg(*arguments, unsigned long long)
                                                       : va_arg(*arguments, unsigned int);
        (void)snprintf(number, sizeof number, conversion->spec, value);
    } else if (letter == 'c') { /* NOLINT(bugprone-branch-clone): the types differ */
        (void)snprintf(number, sizeof number, conversion->spec, va_arg(*arguments, int));
    } else if (letter == 'p') {
        (void)snprintf(number, sizeof number, conversion->spec, va_arg(*arguments, void *));
    } else {
        assert(strchr("fFeEgG", letter) != NULL);
        (void)snprintf(number, sizeof number, conversion->spec, va_arg(*arguments, double));
    }
    put_escaped(line, number, strlen(number));
}
#pragma GCC diagnostic pop

/* A space ends a value if a key follows it: "reason=not found name=%s". */
static bool key_follows(const char *at)
{
    size_t length = strcspn(at, " =%");
    return length > 0 && at[length] == '=';
}

/* A value that is one plain integer conversion is a JSON number. */
static bool is_integer(const char *value)
{
    size_t length = value[0] == '%' ? 1 + strspn(&value[1], "lzjth") : 0;

    return length > 0 && strchr("diu", value[length]) != NULL && value[length] != '\0' &&
           (value[length + 1] == '\0' ||
            (value[length + 1] == ' ' && key_follows(&value[length + 2])));
}

static void put_value(Line *line, Cursor *cursor)
{
    while (*cursor->at != '\0' && !(*cursor->at == ' ' && key_follows(cursor->at + 1))) {
        if (cursor->at[0] != '%') {
            put_escaped(line, cursor->at, 1);
        } else if (cursor->at[1] == '%') {
            cursor->at++;
            put_escaped(line, cursor->at, 1);
        } else {
            Conversion conversion = read_conversion(cursor);
            if (*cursor->at == 's') {
                put_string(line, cursor, &conversion);
            } else {
                put_number(line, cursor, &conversion);
            }
        }
        cursor->at++;
    }
}

/* Text without a key is a mistake, but an error worth logging is worth reading. */
static void put_fields(Line *line, Cursor *cursor)
{
    while (*cursor->at != '\0') {
        bool named = key_follows(cursor->at);
        const char *key = named ? cursor->at : "detail";
        size_t key_size = strcspn(key, "=");
        const char *value = named ? &cursor->at[key_size + 1] : cursor->at;
        const char *quote = is_integer(value) ? "" : "\"";

        /* 32: so that a number, which cannot be cut, and its quotes fit as well. */
        if (line->size + key_size + 32 > LINE_MAX_SIZE - LINE_TAIL_SIZE) {
            return;
        }
        put_text(line, ",\"");
        put_bytes(line, key, key_size);
        put_text(line, "\":");
        put_text(line, quote);
        cursor->at = value;
        put_value(line, cursor);
        if (*quote != '\0') {
            line->text[line->size++] = '"'; /* the tail has room for it */
        }
        if (*cursor->at == ' ') {
            cursor->at++;
        }
    }
}

static const char *level_name(LogLevel level)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };

    assert(level <= LOG_ERROR);
    return names[level];
}

static void write_line(LogLevel level, const char *event, uint64_t suppressed, Cursor *cursor)
{
    Line line = { 0 };
    char time[TIME_TEXT_SIZE];
    char number[24];

    time_to_text(clock_wall_us(clock_system()), time);
    put_text(&line, "{\"ts\":\"");
    put_text(&line, time);
    put_text(&line, "\"");
    put_field(&line, "level", level_name(level));
    put_field(&line, "svc", the_log.service);
    put_field(&line, "event", event);
    if (suppressed > 0) {
        (void)snprintf(number, sizeof number, "%" PRIu64, suppressed);
        put_text(&line, ",\"suppressed\":");
        put_text(&line, number);
    }
    put_fields(&line, cursor);
    line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    /* Nobody is left to hear that the log cannot be written. */
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written;
}

void log_open(const char *service, LogLevel level)
{
    (void)snprintf(the_log.service, sizeof the_log.service, "%s", service);
    the_log.level = level;
}

void log_write(LogLevel level, const char *event, const char *format, ...)
{
    Cursor cursor = { .at = format };

    if (level < the_log.level) {
        return;
    }
    va_start(cursor.arguments, format);
    write_line(level, event, 0, &cursor);
    va_end(cursor.arguments);
}

void log_write_rarely(LogLevel level, const char *event, const char *format, ...)
{
    Cursor cursor = { .at = format };
    uint64_t suppressed = 0;

    if (level < the_log.level) {
        return;
    }
    pthread_mutex_lock(&the_log.lock);
    bool pass =
        log_rate_pass(&the_log.rate, event, clock_monotonic_us(clock_system()), &suppressed);
    pthread_mutex_unlock(&the_log.lock);
    if (!pass) {
        return;
    }
    va_start(cursor.arguments, format);
    write_line(level, event, suppressed, &cursor);
    va_end(cursor.arguments);
}
