/* rpc_socket.h - the settings every nng socket of jumun has (transport.md, section 2),
 * and its addresses: tcp:// and inproc:// only. ipc:// is refused, because in nng 1.5.2
 * one bare connection makes such a listener deaf for ever. */
#ifndef JUMUN_COMMON_RPC_RPC_SOCKET_H
#define JUMUN_COMMON_RPC_RPC_SOCKET_H

#include <nng/nng.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/status.h"

enum {
    RPC_URL_SIZE = NNG_MAXADDRLEN,
};

/* Copies the next of the addresses parted by commas, and moves *rest behind it. False
 * at the end, or if it is too long. */
bool rpc_url_next(const char **rest, char ret_url[RPC_URL_SIZE]);

/* The limits that must be set before anything else is done with the socket. Returns
 * nng's error. */
int rpc_socket_limit(nng_socket socket, size_t receive_max);

/* Connects in the background, and again whenever the connection is lost. INVALID_ARGUMENT
 * (CONFIG) for an address nng cannot use; logged. */
Status rpc_socket_dial(nng_socket socket, const char *url);

/* UNAVAILABLE (PORT_TAKEN) if the address cannot be bound, INVALID_ARGUMENT (CONFIG) if
 * it is no address; logged. */
Status rpc_socket_listen(nng_socket socket, const char *url);

#endif
