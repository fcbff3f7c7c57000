/* member_proto.h - between protobuf and the domain, and what a failed call is told. */
#ifndef JUMUN_SERVICES_MEMBER_API_MEMBER_PROTO_H
#define JUMUN_SERVICES_MEMBER_API_MEMBER_PROTO_H

#include <stdint.h>

#include "common/rpc/rpc_server.h"
#include "jumun/member/v1/member.pb-c.h"
#include "services/member/app/get_members.h"
#include "services/member/domain/member.h"

/* Answers with the member and whether the session asked about is over. */
void member_reply(RpcCall *call, const GetMember *item);

Jumun__Rpc__V1__Role role_to_proto(MemberRole role);

/* Answers a failed call. What is no error of the contract is logged here and becomes
 * UNAVAILABLE, UNKNOWN or INTERNAL. faults may be NULL. */
void member_fail(RpcCall *call, Status status, const FieldFaults *faults, uint32_t retry_after_s);

/* Copies the 32 bytes of a session. INVALID_ARGUMENT (VALIDATION) for any other size. */
Status session_from_proto(ProtobufCBinaryData bytes, uint8_t ret_session[SESSION_HASH_SIZE]);

#endif
