/* main.c - MemberService = config, keys, node lease, workers, api, upkeep, server. */
#include <stdlib.h>

#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/mysql/node_lease.h"
#include "common/rpc/rpc_server.h"
#include "jumun/member/v1/member.pb-c.h"
#include "services/member/api/member_api.h"
#include "services/member/app/get_members.h"
#include "services/member/app/logout.h"
#include "services/member/config.h"
#include "services/member/service.h"
#include "services/member/upkeep.h"
#include "services/member/worker.h"

enum {
    GET_QUEUE_MAX = 4096,
    LOGOUT_QUEUE_MAX = 1024,
};

typedef struct MemberService {
    MemberApi api; /* first: the RPC server knows the service by it */
    MemberConfig config;
    CallerKeyring keyring;
    NodeLease *lease;
    Worker *hash_workers[HASH_THREADS_MAX];
    Worker *get_worker;
    Worker *logout_worker;
    Upkeep *upkeep;
    RpcServer *server;
} MemberService;

static void member_close(void *context)
{
    MemberService *member = context;

    if (member == NULL) {
        return;
    }
    rpc_server_close(member->server); /* stop taking work, */
    pool_close(member->api.hash_pool);
    batcher_close(member->api.get_batcher); /* finish what was taken, */
    batcher_close(member->api.logout_batcher);
    upkeep_close(member->upkeep); /* then let go of the backends */
    for (size_t i = 0; i < HASH_THREADS_MAX; i++) {
        worker_close(member->hash_workers[i]);
    }
    worker_close(member->get_worker);
    worker_close(member->logout_worker);
    node_lease_close(member->lease);
    free(member);
}

static bool member_ready(void *context)
{
    const MemberService *member = context;

    return upkeep_all_is_well(member->upkeep) && node_lease_is_held(member->lease);
}

static Status open_workers(MemberService *member, const Clock *clock)
{
    IdSource *ids = node_lease_ids(member->lease);
    Status status = worker_open(&member->config, clock, ids, &member->get_worker);

    if (!status_failed(status)) {
        status = worker_open(&member->config, clock, ids, &member->logout_worker);
    }
    for (int64_t i = 0; !status_failed(status) && i < member->config.hash_threads; i++) {
        status = worker_open(&member->config, clock, ids, &member->hash_workers[i]);
    }
    return status;
}

static Status open_api(MemberService *member)
{
    void *workers[HASH_THREADS_MAX];

    for (size_t i = 0; i < HASH_THREADS_MAX; i++) {
        workers[i] = member->hash_workers[i];
    }
    Status status = pool_open(
        &(PoolOptions){
            .thread_count = (size_t)member->config.hash_threads,
            .workers = workers,
            .queue_max = (size_t)member->config.hash_queue,
        },
        &member->api.hash_pool);
    if (!status_failed(status)) {
        status = batcher_open(
            &(BatcherOptions){
                .run = member_api_run_get,
                .context = &member->get_worker->app,
                .queue_max = GET_QUEUE_MAX,
                .batch_max = GET_MEMBERS_MAX,
            },
            &member->api.get_batcher);
    }
    if (!status_failed(status)) {
        status = batcher_open(
            &(BatcherOptions){
                .run = member_api_run_logout,
                .context = &member->logout_worker->app,
                .queue_max = LOGOUT_QUEUE_MAX,
                .batch_max = LOGOUT_MAX,
            },
            &member->api.logout_batcher);
    }
    return status;
}

static Status open_upkeep(MemberService *member, const Clock *clock)
{
    Worker *worker = NULL;
    Status status = worker_open(&member->config, clock, node_lease_ids(member->lease), &worker);

    return status_failed(status) ? status : upkeep_open(worker, &member->upkeep);
}

static Status open_server(MemberService *member, const ServiceHost *host)
{
    return rpc_server_open(
        &(RpcServerOptions){
            .url = member->config.listen_url,
            .descriptor = &jumun__member__v1__member_service__descriptor,
            .methods = member_api_methods,
            .method_count = member_api_method_count,
            .messages_max = (size_t)member->config.messages_max,
            .service = &member->api,
            .ready = member_ready,
            .ready_context = member,
            .keyring = &member->keyring,
            .clock = host->clock,
            .metrics = host->metrics,
        },
        &member->server);
}

static Status member_open(const ServiceHost *host, void **ret_service)
{
    MemberService *member = calloc(1, sizeof *member);

    if (member == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = crypto_init() ? member_config_load(&member->config)
                                  : status_make(STATUS_INTERNAL, "INTERNAL");
    if (!status_failed(status)) {
        status = caller_keyring_load(member->config.keys_file, &member->keyring);
    }
    if (!status_failed(status)) {
        status =
            node_lease_open(member->config.db_url, NODE_RANGE_MEMBER, host->clock, &member->lease);
    }
    if (!status_failed(status)) {
        status = open_workers(member, host->clock);
    }
    if (!status_failed(status)) {
        status = open_api(member);
    }
    if (!status_failed(status)) {
        status = open_upkeep(member, host->clock);
    }
    if (!status_failed(status)) {
        status = open_server(member, host);
    }
    if (status_failed(status)) {
        member_close(member);
        return status;
    }
    *ret_service = member;
    return status_ok();
}

const Service member_service = { "member", member_open, member_ready, member_close };

#ifndef JUMUN_EMBEDDED /* `jumun dev` runs many services in one process */
int main(void)
{
    return service_main(&member_service);
}
#endif
