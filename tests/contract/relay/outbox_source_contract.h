/* outbox_source_contract.h - what the relay relies on in every OutboxSource; the same cases
 * for MariaDB and for the fake. Fails by assert. */
#ifndef JUMUN_TESTS_CONTRACT_RELAY_OUTBOX_SOURCE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_RELAY_OUTBOX_SOURCE_CONTRACT_H

#include "relay/relay_ports.h"

/* A source, and what is done to its outbox behind its back. */
typedef struct OutboxSubject {
    OutboxSource *source;
    /* Makes the outbox empty and this source the one that may remove. */
    void (*reset)(void *context);
    /* Commits a row, with all but its status; the text of its queue and its bytes live on. */
    void (*insert)(void *context, const RelayRow *row);
    /* Somebody else reads this outbox now. */
    void (*lose_lease)(void *context);
    void *context;
} OutboxSubject;

void outbox_source_contract(const OutboxSubject *subject);

#endif
