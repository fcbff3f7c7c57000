/* member_proto.c - messages are built on the stack: a reply is packed before it returns. */
#include "services/member/api/member_proto.h"

#include <string.h>

#include "common/runtime/log.h"

static_assert((int)MEMBER_ROLE_MEMBER == (int)JUMUN__RPC__V1__ROLE__MEMBER, "same numbers");
static_assert((int)MEMBER_ROLE_ADMIN == (int)JUMUN__RPC__V1__ROLE__ADMIN, "same numbers");

/* The errors that clients of this service know. */
static const char *const contract_names[] = {
    "VALIDATION",       "LOGIN_ID_TAKEN", "BAD_CREDENTIALS", "LOGIN_THROTTLED",   "UNAUTHENTICATED",
    "MEMBER_NOT_FOUND", "UNAVAILABLE",    "OVERLOADED",      "DEADLINE_EXCEEDED",
};

Jumun__Rpc__V1__Role role_to_proto(MemberRole role)
{
    return role == MEMBER_ROLE_ADMIN ? JUMUN__RPC__V1__ROLE__ADMIN : JUMUN__RPC__V1__ROLE__MEMBER;
}

/* protobuf-c wants text it may own; packing only reads it. */
static char *text(const char *literal)
{
    union {
        const char *read;
        char *owned;
    } both = { .read = literal };

    return both.owned;
}

void member_reply(RpcCall *call, const GetMember *item)
{
    const Member *member = &item->query.member;
    Jumun__Member__V1__Member reply;

    jumun__member__v1__member__init(&reply);
    reply.member_id = member->id.value;
    reply.login_id = text(member->login_id);
    reply.name = text(member->name);
    reply.role = role_to_proto(member->role);
    reply.created_at_us = member->created_at_us;
    reply.session_ended = item->session_over;
    rpc_call_reply(call, &reply.base);
}

static bool is_of_contract(const char *name)
{
    for (size_t i = 0; i < sizeof contract_names / sizeof contract_names[0]; i++) {
        if (strcmp(name, contract_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What a backend's failure looks like from outside. */
static Status public_status(Status status)
{
    if (is_of_contract(status.name)) {
        return status;
    }
    log_error("member.call_failed", "code=%s name=%s", status_code_name(status.code), status.name);
    switch (status.code) {
    case STATUS_UNKNOWN:
        return status_make(STATUS_UNKNOWN, "UNKNOWN");
    case STATUS_UNAVAILABLE:
    case STATUS_RESOURCE_EXHAUSTED:
    case STATUS_ABORTED:
    case STATUS_FAILED_PRECONDITION:
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    default:
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
}

void member_fail(RpcCall *call, Status status, const FieldFaults *faults, uint32_t retry_after_s)
{
    Jumun__Rpc__V1__ErrorDetails details;
    Jumun__Rpc__V1__FieldError fields[FIELD_FAULTS_MAX];
    Jumun__Rpc__V1__FieldError *pointers[FIELD_FAULTS_MAX];
    bool has_faults = faults != NULL && status.code == STATUS_INVALID_ARGUMENT;

    jumun__rpc__v1__error_details__init(&details);
    for (size_t i = 0; has_faults && i < faults->count; i++) {
        jumun__rpc__v1__field_error__init(&fields[i]);
        fields[i].pointer = text(faults->faults[i].pointer);
        fields[i].code = text(faults->faults[i].code);
        fields[i].detail = text(faults->faults[i].detail);
        pointers[i] = &fields[i];
    }
    details.n_fields = has_faults ? faults->count : 0;
    details.fields = pointers;
    details.retry_after_s = retry_after_s;
    rpc_call_fail(call, public_status(status), &details);
}

Status session_from_proto(ProtobufCBinaryData bytes, uint8_t ret_session[SESSION_HASH_SIZE])
{
    if (bytes.len != SESSION_HASH_SIZE) {
        return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
    }
    memcpy(ret_session, bytes.data, SESSION_HASH_SIZE);
    return status_ok();
}
