#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

#define US_PER_SECOND INT64_C(1000000)
#define TIME_MAX_US   (INT64_C(253402300799) * US_PER_SECOND + 999999) /* end of year 9999 */

/* Length of the sequence that starts with this byte; 0 if none may. */
static size_t sequence_size(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return 3;
    }
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/* The second byte's lower and upper bounds exclude overlong forms, surrogates and
 * what lies beyond U+10FFFF (Unicode 15, table 3-7). */
static bool second_byte_fits(unsigned char first, unsigned char second)
{
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

    return second >= low && second <= high;
}

/* Decodes one code point, or returns 0 bytes for a malformed one. */
static size_t decode(const unsigned char *bytes, size_t size, uint32_t *ret_point)
{
    size_t length = sequence_size(bytes[0]);

    if (length == 0 || length > size) {
        return 0;
    }
    if (length == 1) {
        *ret_point = bytes[0];
        return bytes[0] == 0 ? 0 : 1;
    }
    if (!second_byte_fits(bytes[0], bytes[1])) {
        return 0;
    }
    uint32_t point = bytes[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        point = point << 6 | (bytes[i] & 0x3F);
    }
    *ret_point = point;
    return length;
}

bool text_utf8_count(const char *text, size_t size, size_t *ret_count)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t count = 0;

    for (size_t at = 0; at < size; count++) {
        uint32_t point;
        size_t length = decode(bytes + at, size - at, &point);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    *ret_count = count;
    return true;
}

bool text_is_line(const char *text, size_t min, size_t max)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = strlen(text);
    size_t count = 0;

    for (size_t at = 0; at < size; count++) {
        uint32_t point;
        size_t length = decode(bytes + at, size - at, &point);
        if (length == 0 || point < 0x20 || (point >= 0x7F && point <= 0x9F)) {
            return false;
        }
        at += length;
    }
    return count >= min && count <= max;
}

/* Days since 1970-01-01 of a civil date, and back: Howard Hinnant, "chrono-compatible
 * low-level date algorithms". March is month 0, so that leap days end the year. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;

    *ret_day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

void time_to_text(int64_t at_us, char ret_text[static TIME_TEXT_SIZE])
{
    at_us = at_us < 0 ? 0 : at_us > TIME_MAX_US ? TIME_MAX_US : at_us;
    int64_t seconds = at_us / US_PER_SECOND;
    int64_t year;
    int64_t month;
    int64_t day;

    civil_from_days(seconds / 86400, &year, &month, &day);
    seconds %= 86400;
    char text[64];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)year, (int)month,
                   (int)day, (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
                   (int)(at_us % US_PER_SECOND));
    memcpy(ret_text, text, TIME_TEXT_SIZE - 1);
    ret_text[TIME_TEXT_SIZE - 1] = '\0';
}

/* Reads exactly `count` digits and moves on; false for anything else. */
static bool digits(const char **text, int count, int64_t *ret_value)
{
    int64_t value = 0;

    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *text += count;
    *ret_value = value;
    return true;
}

static bool literal(const char **text, char expected)
{
    if (**text != expected) {
        return false;
    }
    (*text)++;
    return true;
}

static bool fraction(const char **text, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t unit = US_PER_SECOND;

    if (literal(text, '.')) {
        int64_t digit;
        while (unit > 1 && digits(text, 1, &digit)) {
            unit /= 10;
            us += digit * unit;
        }
        if (unit == US_PER_SECOND) {
            return false;
        }
    }
    *ret_us = us;
    return true;
}

bool time_from_text(const char *text, int64_t *ret_at_us)
{
    int64_t year, month, day, hour, minute, second, us;

    if (!(digits(&text, 4, &year) && literal(&text, '-') && digits(&text, 2, &month) &&
          literal(&text, '-') && digits(&text, 2, &day) && literal(&text, 'T') &&
          digits(&text, 2, &hour) && literal(&text, ':') && digits(&text, 2, &minute) &&
          literal(&text, ':') && digits(&text, 2, &second) && fraction(&text, &us) &&
          literal(&text, 'Z') && *text == '\0')) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
        second > 59) {
        return false;
    }
    int64_t days = days_from_civil(year, month, day);
    int64_t year_back, month_back, day_back;
    civil_from_days(days, &year_back, &month_back, &day_back);
    if (month_back != month || day_back != day) { /* 30 February became 1 March */
        return false;
    }
    *ret_at_us = (days * 86400 + hour * 3600 + minute * 60 + second) * US_PER_SECOND + us;
    return true;
}
