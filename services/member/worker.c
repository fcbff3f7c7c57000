/* worker.c - see the header. */
#include "services/member/worker.h"

#include <stdlib.h>

#include "services/member/adapters/sodium_secrets.h"

enum {
    REDIS_TIMEOUT_MS = 500
};

Status worker_open(const MemberConfig *config, const Clock *clock, IdSource *ids,
                   Worker **ret_worker)
{
    Worker *worker = calloc(1, sizeof *worker);

    if (worker == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = db_open(config->db_url, &worker->db);
    if (!status_failed(status)) {
        status = redis_open(config->cache_url, REDIS_TIMEOUT_MS, &worker->redis);
    }
    if (status_failed(status)) {
        worker_close(worker);
        return status;
    }
    mysql_member_store_init(&worker->store, worker->db);
    redis_session_store_init(&worker->sessions, worker->redis);
    redis_login_throttle_init(&worker->throttle, worker->redis);
    worker->app = (MemberApp){
        .store = &worker->store.base,
        .sessions = &worker->sessions.base,
        .throttle = &worker->throttle.base,
        .secrets = sodium_secrets(),
        .clock = clock,
        .ids = ids,
    };
    *ret_worker = worker;
    return status_ok();
}

void worker_close(Worker *worker)
{
    if (worker == NULL) {
        return;
    }
    redis_close(worker->redis);
    db_close(worker->db);
    free(worker);
}
