#include "tests/integration/relay/relay_fixture.h"

#include "common/base/clock.h"
#include "common/base/id.h"
#include "tests/support/service_schema.h"

RelayFixture relay;

int relay_main(const FixtureTest *tests, size_t count)
{
    broker_open(&relay.broker);
    int code = fixture_main(tests, count);
    broker_close(&relay.broker);
    return code;
}

void relay_begin(void)
{
    relay.db = fixture_open();
    service_schema_make(relay.db, "order", "0001_init");
    broker_purge(&relay.broker);
    relay.metrics = metrics_open();
    EXPECT(relay.metrics != NULL);
}

void relay_end(void)
{
    metrics_close(relay.metrics);
    db_close(relay.db);
}

SourceThread *relay_start(const char *bus_url)
{
    SourceThread *thread = NULL;
    SourceOptions options = {
        .name = "order",
        .db_url = fixture_url(),
        .bus_url = bus_url,
        .wake_urls = RELAY_WAKE_URL,
        .clock = clock_system(),
        .metrics = relay.metrics,
    };

    EXPECT(!status_failed(source_thread_open(&options, &thread)));
    return thread;
}

uint64_t id_now(void)
{
    static uint64_t last;
    uint64_t id = id_floor(clock_wall_us(clock_system()));

    last = id > last ? id : last + 1;
    return last;
}

void insert(uint64_t id, const char *queue)
{
    EXPECT(!status_failed(outbox_row_insert(relay.db, id, queue)));
}

int64_t rows_left(void)
{
    return outbox_rows(relay.db);
}

bool outbox_is_empty(void *context)
{
    (void)context;
    return rows_left() == 0;
}

bool thread_leads(void *context)
{
    return source_thread_leads(context);
}

bool thread_is_ready(void *context)
{
    return source_thread_is_ready(context);
}
