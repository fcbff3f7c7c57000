/* relay_fixture.h - relays of one schema, on a real database and a real broker, and what
 * stands in its outbox. One relay_begin to relay_end at a time; failures end the program
 * as those of mysql_fixture.h do. */
#ifndef JUMUN_TESTS_INTEGRATION_RELAY_RELAY_FIXTURE_H
#define JUMUN_TESTS_INTEGRATION_RELAY_RELAY_FIXTURE_H

#include "relay/source_thread.h"
#include "tests/integration/common/amqp/broker.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/integration/relay/outbox_rows.h"

#define RELAY_WAKE_URL "inproc://relay-test"

enum {
    RELAY_LONG_BEFORE_POLL_MS = 400 /* a relay that is not nudged looks once a second */
};

typedef struct RelayFixture {
    Broker broker;
    Db *db;           /* the test's own connection, in the schema */
    Metrics *metrics; /* of all relays */
} RelayFixture;

extern RelayFixture relay;

/* The program's main. */
int relay_main(const FixtureTest *tests, size_t count);

/* An empty order_db, empty queues. */
void relay_begin(void);
void relay_end(void);

/* Relays order_db to that broker; the test closes it. */
SourceThread *relay_start(const char *bus_url);

/* An id as a service would make it now. */
uint64_t id_now(void);

/* Commits a row that must be new. */
void insert(uint64_t id, const char *queue);

int64_t rows_left(void);

/* To be waited for: context is NULL, or the relay. */
bool outbox_is_empty(void *context);
bool thread_leads(void *context);
bool thread_is_ready(void *context);

#endif
