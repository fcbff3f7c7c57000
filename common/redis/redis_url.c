/* redis_url.c - the password may hold an '@' if it is written as %40. */
#include "common/redis/redis_url.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    PORT_MAX = 65535
};

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    char lower = digit;

    if (digit >= 'A' && digit <= 'F') {
        lower = (char)(digit - 'A' + 'a');
    }
    const char *at = lower == '\0' ? NULL : strchr(digits, lower);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool decode(const char *text, size_t size, char ret_password[REDIS_PASSWORD_SIZE])
{
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        char symbol = text[i];

        if (symbol == '%') {
            int high = i + 2 < size ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            symbol = (char)(high << 4 | low);
            i += 2;
        }
        if (at + 1 == REDIS_PASSWORD_SIZE) {
            return false;
        }
        ret_password[at++] = symbol;
    }
    ret_password[at] = '\0';
    return true;
}

/* Reads digits up to max and moves *text behind them. */
static bool read_number(const char **text, int max, int *ret_number)
{
    int number = 0;
    const char *at = *text;

    while (*at >= '0' && *at <= '9') {
        number = number * 10 + (*at - '0');
        if (number > max) {
            return false;
        }
        at++;
    }
    if (at == *text) {
        return false;
    }
    *text = at;
    *ret_number = number;
    return true;
}

static bool parse(const char *text, RedisUrl *url)
{
    static const char scheme[] = "redis://";

    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    text += sizeof scheme - 1;
    const char *end = strchr(text, '@');
    if (end != NULL) {
        if (*text != ':' || !decode(text + 1, (size_t)(end - text - 1), url->password)) {
            return false;
        }
        text = end + 1;
    }
    size_t host_size = strcspn(text, ":/");
    if (host_size == 0 || host_size >= sizeof url->host || text[host_size] != ':') {
        return false;
    }
    memcpy(url->host, text, host_size);
    text += host_size + 1;
    if (!read_number(&text, PORT_MAX, &url->port) || url->port == 0) {
        return false;
    }
    if (*text == '/' && text[1] != '\0') {
        text++;
        return read_number(&text, REDIS_DATABASE_MAX, &url->database) && *text == '\0';
    }
    return *text == '\0' || strcmp(text, "/") == 0;
}

Status redis_url_parse(const char *url, RedisUrl *ret_url)
{
    RedisUrl parsed = { .port = 0 };

    if (!parse(url, &parsed)) {
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    *ret_url = parsed;
    return status_ok();
}
