/* ports.h - where everything listens, on loopback.
 *
 * Each part has a usual port. If it is taken when an instance first starts, a free one
 * is found and remembered in var/ports, so that addresses stay the same. */
#ifndef JUMUN_CLI_PORTS_H
#define JUMUN_CLI_PORTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum PortName {
    PORT_GATEWAY,
    PORT_GATEWAY_OPS,
    PORT_MEMBER_OPS,
    PORT_PRODUCT_OPS,
    PORT_ORDER_OPS,
    PORT_PAYMENT_OPS,
    PORT_RELAY_OPS,
    PORT_MEMBER_RPC,
    PORT_PRODUCT_RPC,
    PORT_ORDER_RPC,
    PORT_PAYMENT_RPC,
    PORT_ORDER_WAKE,
    PORT_PRODUCT_WAKE,
    PORT_PAYMENT_WAKE,
    PORT_MARIADB,
    PORT_REDIS,
    PORT_RABBITMQ,
    PORT_RABBITMQ_DIST,
    PORT_EPMD,
} PortName;

enum {
    PORT_COUNT = PORT_EPMD + 1
};

typedef struct Ports {
    uint16_t numbers[PORT_COUNT];
} Ports;

/* Reads var/ports. What is missing there stays 0; all 0 if there is no file. */
bool ports_load(const char *var, Ports *ret_ports);

/* Settles every port: the remembered, else the usual, else any free one; writes
 * var/ports. `gateway` is the port that the user insists on, 0 for none; if that one
 * is taken, complains. */
bool ports_settle(const char *var, uint16_t gateway, Ports *ports);

#endif
