/* hash_calls.h - the calls that hash a password, on the bounded pool. Private to api. */
#ifndef JUMUN_SERVICES_MEMBER_API_HASH_CALLS_H
#define JUMUN_SERVICES_MEMBER_API_HASH_CALLS_H

#include "common/rpc/rpc_server.h"

/* RpcHandlers; the service is a MemberApi. */
void on_signup(void *service, RpcCall *const *calls, size_t count);
void on_login(void *service, RpcCall *const *calls, size_t count);
void on_change_password(void *service, RpcCall *const *calls, size_t count);

#endif
