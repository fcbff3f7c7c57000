#include "tests/support/metric.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/http_client.h"

static bool find(const char *text, const char *name, double *ret_value)
{
    size_t size = strlen(name);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, size) == 0 && line[size] == ' ') {
            *ret_value = strtod(line + size, NULL);
            return true;
        }
    }
    return false;
}

bool metric_read(const char *ops, const char *name, double *ret_value)
{
    HttpClient *http = NULL;
    HttpReply reply = { 0 };

    if (status_failed(http_client_open(ops, &http))) {
        return false;
    }
    bool found = !status_failed(http_client_ask(
                     http, &(HttpRequest){ .method = "GET", .path = "/metrics" }, &reply)) &&
                 reply.status == 200 && find(reply.body, name, ret_value);
    http_client_close(http);
    return found;
}
