/* memory_order_store.h - the in-memory twin of the MySQL order store, for tests.
 *
 * A MemoryOrders is the database; any number of stores may be open on it, each a
 * "connection". It can be told to fail: see `fault`. */
#ifndef JUMUN_TESTS_SUPPORT_MEMORY_ORDER_STORE_H
#define JUMUN_TESTS_SUPPORT_MEMORY_ORDER_STORE_H

#include "services/order/app/order_ports.h"

enum {
    MEMORY_ORDERS_MAX = 4096,
    MEMORY_EVENTS_MAX = 32768,
};

/* Fails the n-th call of a port, or it and all that follow; before its effect
 * (UNAVAILABLE) or after it (UNKNOWN). */
typedef struct Fault {
    int countdown; /* 0: never */
    bool for_ever;
    bool after;
    bool fired;
    StatusCode code; /* STATUS_OK: as fault_status says */
} Fault;

/* To be asked by each port call. True: fail now. */
bool fault_before(Fault *fault);
bool fault_after(Fault *fault);

/* The fault's code; without one, UNAVAILABLE or UNKNOWN. */
Status fault_status(const Fault *fault);

typedef struct MemoryEvent {
    OrderId order;
    OrderEntry entry;
} MemoryEvent;

typedef struct MemoryCommand {
    uint64_t id;
    OrderCommand command;
    Order order; /* as it was, with its lines */
} MemoryCommand;

typedef struct MemoryOrders {
    Arena arena; /* of all text and lines */
    Fault *fault;
    uint64_t next_id;
    Order orders[MEMORY_ORDERS_MAX];
    size_t order_count;
    struct {
        RequestKey key;
        OrderId order;
    } keys[MEMORY_ORDERS_MAX];
    size_t key_count;
    MemoryEvent events[MEMORY_EVENTS_MAX];
    size_t event_count;
    EventId inbox[MEMORY_EVENTS_MAX];
    size_t inbox_count;
    MemoryCommand outbox[MEMORY_EVENTS_MAX];
    size_t outbox_count;
} MemoryOrders;

MemoryOrders *memory_orders_open(Fault *fault);
void memory_orders_close(MemoryOrders *orders);

OrderStore *memory_order_store_open(MemoryOrders *orders);
void memory_order_store_close(OrderStore *store);

Order *memory_orders_find(MemoryOrders *orders, OrderId id);

/* Asserts that every timeline is gap-free, chains, and ends in the stored state. */
void memory_orders_check_timelines(const MemoryOrders *orders);

#endif
