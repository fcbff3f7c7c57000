/* raw_tcp.h - a peer that only speaks TCP: sends bytes to a port of this machine and looks
 * whether it is hung up on. */
#ifndef JUMUN_TESTS_SUPPORT_RAW_TCP_H
#define JUMUN_TESTS_SUPPORT_RAW_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to 127.0.0.1:port, after the bytes were sent; -1 if that failed. */
int raw_tcp_send(uint16_t port, const void *bytes, size_t size);

/* Reads until the other side ends the connection, at most 20 s for each answer; false if
 * it did not. Closes fd, which may be -1: false. */
bool raw_tcp_hung_up(int fd);

#endif
