#include "common/mysql/db_url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char scheme[] = "mysql://";

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes %XX in place. False for a broken escape or one of NUL. */
static bool decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in != '\0'; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex_digit(in[1]);
        int low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0 || (high == 0 && low == 0)) {
            return false;
        }
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = '\0';
    return true;
}

/* Ends the text at the first (or last) `mark` and returns what follows; NULL without. */
static char *cut(char *text, char mark, bool last)
{
    char *at = last ? strrchr(text, mark) : strchr(text, mark);

    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + 1;
}

static bool parse_port(const char *text, unsigned *ret_port)
{
    unsigned port = 0;

    if (text[0] == '\0' || strlen(text) > 5) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(*c - '0');
    }
    if (port == 0 || port > 65535) {
        return false;
    }
    *ret_port = port;
    return true;
}

/* host, host:port, [v6]:port */
static bool parse_host(char *text, DbUrl *url)
{
    char *port;

    if (text[0] == '[') {
        char *rest = cut(text + 1, ']', false);
        if (rest == NULL || (rest[0] != ':' && rest[0] != '\0')) {
            return false;
        }
        port = rest[0] == ':' ? rest + 1 : NULL;
        text++;
    } else {
        port = cut(text, ':', false);
    }
    if (!decode(text)) {
        return false;
    }
    url->host = text;
    return port == NULL || parse_port(port, &url->port);
}

static bool parse_login(char *text, DbUrl *url)
{
    char *password = cut(text, ':', false);

    if (!decode(text) || (password != NULL && !decode(password))) {
        return false;
    }
    url->user = text;
    url->password = password == NULL ? "" : password;
    return true;
}

static bool parse_query(char *text, DbUrl *url)
{
    static const char key[] = "socket=";

    if (strncmp(text, key, sizeof key - 1) != 0 || !decode(text + sizeof key - 1)) {
        return false;
    }
    url->socket = text + sizeof key - 1;
    return url->socket[0] == '/';
}

static bool parse(char *text, DbUrl *url)
{
    char *query = cut(text, '?', false);
    char *schema = cut(text, '/', false);
    char *host = cut(text, '@', true);

    if (query != NULL && !parse_query(query, url)) {
        return false;
    }
    if (schema != NULL) {
        if (strchr(schema, '/') != NULL || !decode(schema)) {
            return false;
        }
        url->schema = schema;
    }
    if (host != NULL && !parse_login(text, url)) {
        return false;
    }
    return parse_host(host == NULL ? text : host, url) &&
           (url->host[0] != '\0' || url->socket[0] != '\0');
}

Status db_url_parse(const char *text, DbUrl *url)
{
    const Status malformed = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    size_t size = strlen(text) + 1;

    *url = (DbUrl){
        .user = "", .password = "", .host = "", .schema = "", .socket = "", .port = DB_PORT_STANDARD
    };
    if (size > sizeof url->text || strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return malformed;
    }
    memcpy(url->text, text, size);
    return parse(url->text + sizeof scheme - 1, url) ? status_ok() : malformed;
}
