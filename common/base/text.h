/* text.h - checks on text from outside, and the time format of the edge. Pure. */
#ifndef JUMUN_COMMON_BASE_TEXT_H
#define JUMUN_COMMON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TIME_TEXT_SIZE = 28, /* "2026-11-25T10:20:30.123456Z" and its NUL */
};

/* Counts code points. False, and *ret_count untouched, unless all size bytes are
 * well-formed UTF-8: no overlong form, surrogate, NUL or value beyond U+10FFFF. */
bool text_utf8_count(const char *text, size_t size, size_t *ret_count);

/* True if text is well-formed UTF-8 of min..max code points and holds no control
 * character (U+0000-001F, U+007F-009F). */
bool text_is_line(const char *text, size_t min, size_t max);

/* Formats UTC microseconds since 1970 as RFC 3339 with six decimals and Z.
 * Years 1970..9999; outside them the nearest bound is written. */
void time_to_text(int64_t at_us, char ret_text[static TIME_TEXT_SIZE]);

/* Parses RFC 3339 with Z and zero to six decimals, years 1970..9999. False, and
 * *ret_at_us untouched, for anything else, also 30 February. */
bool time_from_text(const char *text, int64_t *ret_at_us);

#endif
