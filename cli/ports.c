/* ports.c - a port is free if it can be bound and no other jumun has claimed it.
 *
 * Its owner binds it seconds later. Against another `jumun up` that chooses at the same
 * moment, a chosen port is claimed by a name that only one process can have: an abstract
 * Unix socket, which goes with the process. (Any user may take such a name; that only makes
 * us choose another port.) If some other program takes it meanwhile,
 * the owner dies, says so in its log, and is started again. */
#include "cli/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/private_file.h"
#include "cli/say.h"
#include "common/runtime/config.h"

enum {
    CLAIMS_MAX = 4 * PORT_COUNT /* a process chooses more than once only in tests */
};

static const struct {
    const char *name;
    uint16_t usual;
} table[PORT_COUNT] = {
    [PORT_GATEWAY] = { "gateway", 8080 },
    [PORT_GATEWAY_OPS] = { "gateway-ops", 7200 },
    [PORT_MEMBER_OPS] = { "member-ops", 7201 },
    [PORT_PRODUCT_OPS] = { "product-ops", 7202 },
    [PORT_ORDER_OPS] = { "order-ops", 7203 },
    [PORT_PAYMENT_OPS] = { "payment-ops", 7204 },
    [PORT_RELAY_OPS] = { "relay-ops", 7205 },
    [PORT_MEMBER_RPC] = { "member-rpc", 7101 },
    [PORT_PRODUCT_RPC] = { "product-rpc", 7102 },
    [PORT_ORDER_RPC] = { "order-rpc", 7103 },
    [PORT_PAYMENT_RPC] = { "payment-rpc", 7104 },
    [PORT_ORDER_WAKE] = { "order-wake", 7113 },
    [PORT_PRODUCT_WAKE] = { "product-wake", 7112 },
    [PORT_PAYMENT_WAKE] = { "payment-wake", 7114 },
    [PORT_MARIADB] = { "mariadb", 33306 },
    [PORT_REDIS] = { "redis", 36379 },
    [PORT_RABBITMQ] = { "rabbitmq", 35672 },
    [PORT_RABBITMQ_DIST] = { "rabbitmq-dist", 35673 },
    [PORT_EPMD] = { "epmd", 34369 },
};

static Status read_port(void *context, const char *const *words, size_t count)
{
    Ports *ports = context;

    for (size_t i = 0; count == 2 && i < PORT_COUNT; i++) {
        if (strcmp(words[0], table[i].name) == 0) {
            char *end;
            unsigned long number = strtoul(words[1], &end, 10);
            if (*end != '\0' || number == 0 || number > UINT16_MAX) {
                break;
            }
            ports->numbers[i] = (uint16_t)number;
            return status_ok();
        }
    }
    return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
}

bool ports_load(const char *var, Ports *ret_ports)
{
    char path[CLI_PATH_MAX];
    Ports ports = { 0 };

    if (!path_join(path, var, "ports")) {
        return false;
    }
    Status status = config_read_lines(path, read_port, &ports);
    if (status_failed(status) && status.code != STATUS_NOT_FOUND) {
        return complain("%s is not a list of \"name port\"; remove it to start afresh", path);
    }
    *ret_ports = ports;
    return true;
}

/* Binds the port, 0 for any; returns the one that was bound, 0 if it is taken. */
static uint16_t try_port(uint16_t number)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(number),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int one = 1;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t bound = 0;

    if (probe < 0) {
        return 0;
    }
    /* Connections of an earlier run that linger in TIME_WAIT take no port away. */
    (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(probe, (const struct sockaddr *)&address, size) == 0 && listen(probe, 1) == 0 &&
        getsockname(probe, (struct sockaddr *)&address, &size) == 0) {
        bound = ntohs(address.sin_port);
    }
    (void)close(probe);
    return bound;
}

/* Claims the port until this process ends. True, too, if it has the claim already. */
static bool claim_port(uint16_t number)
{
    static uint16_t claimed[CLAIMS_MAX];
    static size_t count;
    struct sockaddr_un name = { .sun_family = AF_UNIX };

    for (size_t i = 0; i < count; i++) {
        if (claimed[i] == number) {
            return true;
        }
    }
    if (count == CLAIMS_MAX) {
        return false;
    }
    /* A name that begins with NUL is no file. */
    int length = snprintf(&name.sun_path[1], sizeof name.sun_path - 1, "jumun-port-%u", number);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (claim < 0) {
        return false;
    }
    if (bind(claim, (const struct sockaddr *)&name, size) != 0) {
        (void)close(claim);
        return false;
    }
    claimed[count++] = number; /* and the socket stays open */
    return true;
}

static bool take_port(uint16_t number)
{
    return try_port(number) == number && claim_port(number);
}

static bool is_chosen(const Ports *ports, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (ports->numbers[i] == number) {
            return true;
        }
    }
    return false;
}

/* The wanted port if it is free, else any that is; 0 if there is none. */
static uint16_t choose(const Ports *ports, size_t index, uint16_t wanted)
{
    enum {
        TRIES = 64
    };

    if (!is_chosen(ports, index, wanted) && take_port(wanted)) {
        return wanted;
    }
    for (int i = 0; i < TRIES; i++) {
        uint16_t number = try_port(0);
        if (number != 0 && !is_chosen(ports, index, number) && claim_port(number)) {
            return number;
        }
    }
    return 0;
}

static bool save(const char *var, const Ports *ports)
{
    char path[CLI_PATH_MAX];
    char text[PORT_COUNT * 32];
    size_t size = 0;

    for (size_t i = 0; i < PORT_COUNT; i++) {
        int length = snprintf(&text[size], sizeof text - size, "%s %u\n", table[i].name,
                              (unsigned)ports->numbers[i]);
        size += (size_t)length;
    }
    return path_join(path, var, "ports") && private_file_write(path, text);
}

bool ports_settle(const char *var, uint16_t gateway, Ports *ports)
{
    if (gateway != 0 && !take_port(gateway)) {
        return complain("port %u is taken; choose another with --port, or none to get a free one",
                        (unsigned)gateway);
    }
    for (size_t i = 0; i < PORT_COUNT; i++) {
        uint16_t wanted = ports->numbers[i] == 0 ? table[i].usual : ports->numbers[i];
        if (i == PORT_GATEWAY && gateway != 0) {
            wanted = gateway;
        }
        ports->numbers[i] = choose(ports, i, wanted);
        if (ports->numbers[i] == 0) {
            return complain("no free port for %s", table[i].name);
        }
    }
    return save(var, ports);
}
