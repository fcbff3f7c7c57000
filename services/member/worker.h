/* worker.h - what one thread of the member service owns: its connections, and the use
 * cases' ports over them. */
#ifndef JUMUN_SERVICES_MEMBER_WORKER_H
#define JUMUN_SERVICES_MEMBER_WORKER_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "services/member/adapters/mysql_member_store.h"
#include "services/member/adapters/redis_login_throttle.h"
#include "services/member/adapters/redis_session_store.h"
#include "services/member/app/member_ports.h"
#include "services/member/config.h"

typedef struct Worker {
    MemberApp app; /* first: a worker's pointer is its app's */
    Db *db;
    Redis *redis;
    MysqlMemberStore store;
    RedisSessionStore sessions;
    RedisLoginThrottle throttle;
} Worker;

/* Connects when first used. */
Status worker_open(const MemberConfig *config, const Clock *clock, IdSource *ids,
                   Worker **ret_worker);

/* NULL is ignored. */
void worker_close(Worker *worker);

#endif
