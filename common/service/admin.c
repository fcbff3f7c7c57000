/* admin.c - three pages on a libmicrohttpd daemon with its own thread. */
#include "common/service/admin.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/runtime/log.h"

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_MEMORY_MAX = 8 * 1024,
    IDLE_TIMEOUT_S = 5,
    METRICS_TEXT_MAX = 2 * 1024 * 1024,
    HOST_MAX = 64,
};

struct Admin {
    AdminOptions options;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int code,
                              struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  "text/plain; version=0.0.4; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_word(struct MHD_Connection *connection, unsigned int code,
                                   const char *word)
{
    char text[32];

    int size = snprintf(text, sizeof text, "%s\n", word);
    return answer(connection, code,
                  MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_metrics(const Admin *admin, struct MHD_Connection *connection)
{
    char *text = malloc(METRICS_TEXT_MAX);

    if (text == NULL) {
        return MHD_NO;
    }
    size_t size = metrics_render(admin->options.metrics, text, METRICS_TEXT_MAX);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
    }
    return answer(connection, MHD_HTTP_OK, response);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the library's */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request)
{
    const Admin *admin = context;

    (void)version;
    (void)upload;
    (void)request;
    if (strcmp(method, "GET") != 0) {
        *upload_size = 0;
        return answer_word(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only");
    }
    if (strcmp(path, "/livez") == 0) {
        return answer_word(connection, MHD_HTTP_OK, "ok");
    }
    if (strcmp(path, "/readyz") == 0) {
        bool ready = admin->options.ready(admin->options.context);
        return answer_word(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                           ready ? "ready" : "not ready");
    }
    if (strcmp(path, "/metrics") == 0) {
        return answer_metrics(admin, connection);
    }
    return answer_word(connection, MHD_HTTP_NOT_FOUND, "not found");
}

/* Parses "127.0.0.1:7200"; also "[::1]:7200" would be fair, but nobody needs it. */
static bool parse_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[HOST_MAX];
    char *end;
    const char *colon = strrchr(text, ':');

    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    unsigned long port = strtoul(colon + 1, &end, 10);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > UINT16_MAX ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

static void log_address(struct MHD_Daemon *daemon, const char *asked)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);

    log_info("admin.listening", "host=%.*s port=%d", (int)strcspn(asked, ":"), asked,
             info == NULL ? 0 : (int)info->port);
}

Status admin_open(const AdminOptions *options, Admin **ret_admin)
{
    struct sockaddr_in address;

    assert(options->ready != NULL);
    if (!parse_address(options->address, &address)) {
        log_error("admin.bad_address", "address=%s", options->address);
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    Admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    admin->options = *options;
    admin->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, admin,
        MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_MAX, MHD_OPTION_END);
    if (admin->daemon == NULL) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's strerror has a buffer per thread */
        log_error("admin.cannot_listen", "address=%s error=%s", options->address, strerror(errno));
        free(admin);
        return status_make(STATUS_UNAVAILABLE, "PORT_TAKEN");
    }
    log_address(admin->daemon, options->address);
    *ret_admin = admin;
    return status_ok();
}

void admin_close(Admin *admin)
{
    if (admin == NULL) {
        return;
    }
    MHD_stop_daemon(admin->daemon);
    free(admin);
}
