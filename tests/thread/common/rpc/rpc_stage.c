#include "tests/thread/common/rpc/rpc_stage.h"

void stage_open(Stage *stage, RpcHandler *handler, void *service, size_t queue_max)
{
    fixture_url(stage->url);
    stage->server =
        fixture_serve(&(ServeOptions){ .url = stage->url, .handler = handler, .service = service });
    stage->client = fixture_connect(stage->url, "gateway", queue_max);
}

void stage_close(Stage *stage)
{
    rpc_client_close(stage->client);
    rpc_server_close(stage->server);
}

Parking empty_parking(void)
{
    return (Parking){ .lock = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER };
}

void park(void *service, RpcCall *const *calls, size_t count)
{
    Parking *parking = service;

    pthread_mutex_lock(&parking->lock);
    for (size_t i = 0; i < count; i++) {
        parking->calls[parking->count++] = calls[i];
    }
    parking->messages++;
    pthread_cond_broadcast(&parking->arrived);
    pthread_mutex_unlock(&parking->lock);
}

void await_parked(Parking *parking, size_t count)
{
    pthread_mutex_lock(&parking->lock);
    while (parking->count < count) {
        pthread_cond_wait(&parking->arrived, &parking->lock);
    }
    pthread_mutex_unlock(&parking->lock);
}

void release_parked(Parking *parking, size_t first, size_t count)
{
    for (size_t i = first + count; i > first; i--) {
        echo_one(parking->calls[i - 1]);
    }
}

void fill_contexts(Stage *stage, Parking *parking, Asked *asked)
{
    for (size_t i = 0; i < RPC_CLIENT_CONTEXTS; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        ask(stage->client, &asked[i]);
        await_parked(parking, i + 1);
    }
}
