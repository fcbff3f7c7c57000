#include "common/rpc/rpc_socket.h"

#include <string.h>

#include "common/runtime/log.h"

enum {
    RECONNECT_MIN_MS = 50,
    RECONNECT_MAX_MS = 1000,
};

bool rpc_url_next(const char **rest, char ret_url[RPC_URL_SIZE])
{
    *rest += strspn(*rest, ", ");
    size_t size = strcspn(*rest, ", ");

    if (size == 0 || size >= RPC_URL_SIZE) {
        return false;
    }
    memcpy(ret_url, *rest, size);
    ret_url[size] = '\0';
    *rest += size;
    return true;
}

static bool is_tcp(const char *url)
{
    return strncmp(url, "tcp://", strlen("tcp://")) == 0;
}

static bool is_allowed(const char *url)
{
    return is_tcp(url) || strncmp(url, "inproc://", strlen("inproc://")) == 0;
}

int rpc_socket_limit(nng_socket socket, size_t receive_max)
{
    return nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, receive_max);
}

/* PORT_TAKEN or CONFIG. Logs it. */
static Status refuse(const char *event, const char *url, int error)
{
    bool config = error == NNG_EADDRINVAL || error == NNG_EINVAL || error == NNG_ENOTSUP;

    log_error(event, "url=%s reason=%s", url, nng_strerror(error));
    return config ? status_make(STATUS_INVALID_ARGUMENT, "CONFIG")
                  : status_make(STATUS_UNAVAILABLE, "PORT_TAKEN");
}

Status rpc_socket_dial(nng_socket socket, const char *url)
{
    nng_dialer dialer;

    int error = is_allowed(url) ? nng_dialer_create(&dialer, socket, url) : NNG_EADDRINVAL;
    if (error == 0) {
        error = nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    }
    if (error == 0) {
        error = nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    }
    if (error == 0 && is_tcp(url)) {
        error = nng_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true);
    }
    if (error == 0) {
        error = nng_dialer_start(dialer, (int)NNG_FLAG_NONBLOCK);
    }
    return error == 0 ? status_ok() : refuse("rpc.dial_failed", url, error);
}

Status rpc_socket_listen(nng_socket socket, const char *url)
{
    nng_listener listener;

    int error = is_allowed(url) ? nng_listener_create(&listener, socket, url) : NNG_EADDRINVAL;
    if (error == 0 && is_tcp(url)) {
        error = nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
    }
    if (error == 0) {
        error = nng_listener_start(listener, 0);
    }
    return error == 0 ? status_ok() : refuse("rpc.listen_failed", url, error);
}
