/* tcp_proxy.h - stands between a client and a server on loopback and misbehaves on
 * request: cuts, keeps back what the server says, or says something in its name.
 * A thread of its own; all functions from any other thread. */
#ifndef JUMUN_TESTS_SUPPORT_TCP_PROXY_H
#define JUMUN_TESTS_SUPPORT_TCP_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TCP_PROXY_PAIRS_MAX = 16,
    TCP_PROXY_INJECT_MAX = 256,
};

typedef struct TcpProxy TcpProxy;

/* Listens on a free port of 127.0.0.1 and dials 127.0.0.1:target for each client. */
TcpProxy *tcp_proxy_open(uint16_t target);
void tcp_proxy_close(TcpProxy *proxy);
uint16_t tcp_proxy_port(const TcpProxy *proxy);

/* Resets all connections; new ones are taken. Returns when that is done. */
void tcp_proxy_cut(TcpProxy *proxy);

/* While held, nothing from the server reaches a client. */
void tcp_proxy_hold(TcpProxy *proxy, bool held);

/* Sends bytes to all clients as if the server had; while nothing else is under way. */
void tcp_proxy_inject(TcpProxy *proxy, const void *bytes, size_t size);

#endif
