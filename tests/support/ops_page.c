#include "tests/support/ops_page.h"

#include <string.h>

#include "common/http/http_client.h"

char *ops_page_read(const char *ops, const char *path)
{
    HttpRequest request = { .method = "GET", .path = path };
    HttpClient *http = NULL;
    HttpReply reply = { 0 };
    char *page = NULL;

    if (status_failed(http_client_open(ops, &http))) {
        return NULL;
    }
    if (!status_failed(http_client_ask(http, &request, &reply)) && reply.status == 200) {
        page = strdup(reply.body);
    }
    http_client_close(http);
    return page;
}
