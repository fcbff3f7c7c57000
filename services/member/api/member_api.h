/* member_api.h - MemberService's calls: decode, hand over, answer.
 *
 * Whatever hashes a password (Signup, Login, ChangePassword) goes to a small bounded pool;
 * when its queue is full the answer is OVERLOADED. GetMember, asked about once a
 * second for every active member, and Logout each have a batcher. */
#ifndef JUMUN_SERVICES_MEMBER_API_MEMBER_API_H
#define JUMUN_SERVICES_MEMBER_API_MEMBER_API_H

#include <stddef.h>

#include "common/rpc/rpc_server.h"
#include "common/runtime/batcher.h"
#include "common/runtime/pool.h"

/* The handlers' context; outlives the server. */
typedef struct MemberApi {
    Pool *hash_pool;         /* its workers are MemberApps */
    Batcher *get_batcher;    /* runs member_api_run_get */
    Batcher *logout_batcher; /* runs member_api_run_logout */
} MemberApi;

extern const RpcMethod member_api_methods[];
extern const size_t member_api_method_count;

/* BatchRuns; the context is a MemberApp of the batcher's thread. */
void member_api_run_get(void *context, BatchJob **jobs, size_t count);
void member_api_run_logout(void *context, BatchJob **jobs, size_t count);

#endif
