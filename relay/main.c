/* RelayService = config, and a thread for each schema that has an outbox. */
#include <stdlib.h>

#include "relay/config.h"
#include "relay/service.h"
#include "relay/source_thread.h"

enum {
    SOURCE_COUNT = 3
};

typedef struct RelayService {
    RelayConfig config;
    SourceThread *sources[SOURCE_COUNT];
} RelayService;

static void relay_close(void *context)
{
    RelayService *relay = context;

    if (relay == NULL) {
        return;
    }
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        source_thread_close(relay->sources[i]);
    }
    free(relay);
}

static Status open_sources(RelayService *relay, const ServiceHost *host)
{
    const RelayConfig *config = &relay->config;
    const SourceOptions sources[SOURCE_COUNT] = {
        { .name = "order", .db_url = config->order_db_url, .wake_urls = config->order_wake_url },
        { .name = "product",
          .db_url = config->product_db_url,
          .wake_urls = config->product_wake_url },
        { .name = "payment",
          .db_url = config->payment_db_url,
          .wake_urls = config->payment_wake_url },
    };
    Status status = status_ok();

    for (size_t i = 0; i < SOURCE_COUNT && !status_failed(status); i++) {
        SourceOptions options = sources[i];

        options.bus_url = config->bus_url;
        options.clock = host->clock;
        options.metrics = host->metrics;
        status = source_thread_open(&options, &relay->sources[i]);
    }
    return status;
}

static Status relay_open(const ServiceHost *host, void **ret_service)
{
    RelayService *relay = calloc(1, sizeof *relay);
    Status status;

    if (relay == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    status = relay_config_load(&relay->config);
    if (!status_failed(status)) {
        status = open_sources(relay, host);
    }
    if (status_failed(status)) {
        relay_close(relay);
        return status;
    }
    *ret_service = relay;
    return status_ok();
}

static bool relay_ready(void *context)
{
    const RelayService *relay = context;

    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        if (!source_thread_is_ready(relay->sources[i])) {
            return false;
        }
    }
    return true;
}

const Service relay_service = { "relay", relay_open, relay_ready, relay_close };

#ifndef JUMUN_EMBEDDED
int main(void)
{
    return service_main(&relay_service);
}
#endif
