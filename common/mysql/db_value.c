/* Values on their way into and out of the client library's structs. */
#include <string.h>

#include "common/base/clock.h"
#include "common/mysql/db_internal.h"

#define US_PER_DAY   INT64_C(86400000000)
#define TIME_MIN_US  INT64_C(-62135596800000000) /* 0001-01-01 */
#define TIME_MAX_US  INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999 */
#define DAYS_TO_1970 719468                      /* from 0000-03-01 */
#define DAYS_PER_ERA 146097                      /* of 400 years */

DbValue db_int(int64_t value)
{
    return (DbValue){ .type = DB_INT, .integer = value };
}

DbValue db_uint(uint64_t value)
{
    return (DbValue){ .type = DB_UINT, .natural = value };
}

DbValue db_text(const char *text)
{
    return text == NULL ? db_null() : db_bytes(text, strlen(text));
}

DbValue db_bytes(const void *bytes, size_t size)
{
    return (DbValue){ .type = DB_BYTES, .bytes = bytes, .size = size };
}

DbValue db_time(int64_t at_us)
{
    return (DbValue){ .type = DB_TIME, .integer = at_us };
}

DbValue db_null(void)
{
    return (DbValue){ .type = DB_INT, .null = true };
}

void *db_lend(const void *bytes)
{
    void *lent;

    memcpy(&lent, &bytes, sizeof lent);
    return lent;
}

/* Years begin in March here, so that the leap day is a year's last. */
void db_time_from_us(int64_t at_us, MYSQL_TIME *ret_time)
{
    at_us = at_us < TIME_MIN_US ? TIME_MIN_US : at_us > TIME_MAX_US ? TIME_MAX_US : at_us;

    int64_t days = at_us / US_PER_DAY - (at_us % US_PER_DAY < 0);
    int64_t us = at_us - days * US_PER_DAY;
    int64_t seconds = us / US_PER_S;

    days += DAYS_TO_1970;
    int64_t era = days / DAYS_PER_ERA;
    int64_t day = days - era * DAYS_PER_ERA;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    *ret_time = (MYSQL_TIME){
        .year = (unsigned)(year + era * 400 + (month >= 10)),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
        .hour = (unsigned)(seconds / 3600),
        .minute = (unsigned)(seconds / 60 % 60),
        .second = (unsigned)(seconds % 60),
        .second_part = (unsigned long)(us % US_PER_S),
        .time_type = MYSQL_TIMESTAMP_DATETIME,
    };
}

int64_t db_time_to_us(const MYSQL_TIME *at)
{
    int64_t month = at->month;
    int64_t year = (int64_t)at->year - (month <= 2);
    int64_t era = year / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)at->day - 1;
    int64_t day = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    int64_t days = era * DAYS_PER_ERA + day - DAYS_TO_1970;
    int64_t seconds = (int64_t)at->hour * 3600 + (int64_t)at->minute * 60 + (int64_t)at->second;

    return days * US_PER_DAY + seconds * US_PER_S + (int64_t)at->second_part;
}

bool db_bind_value(Arena *scratch, const DbValue *value, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG };
    if (value->null) {
        bind->buffer_type = MYSQL_TYPE_NULL;
        return true;
    }
    switch (value->type) {
    case DB_INT:
    case DB_UINT:
        bind->buffer = db_lend(&value->integer);
        bind->is_unsigned = (my_bool)(value->type == DB_UINT);
        return true;
    case DB_BYTES:
        /* As a string also when binary: a binary parameter would compare with a text
         * column byte by byte, past its index. */
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = db_lend(value->size == 0 ? "" : value->bytes);
        bind->buffer_length = (unsigned long)value->size;
        return true;
    case DB_TIME: {
        MYSQL_TIME *time = arena_alloc(scratch, sizeof *time);
        if (time == NULL) {
            return false;
        }
        db_time_from_us(value->integer, time);
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = time;
        return true;
    }
    }
    return false;
}
