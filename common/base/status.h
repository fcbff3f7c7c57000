/* status.h - the one error type.
 *
 * Codes carry gRPC's names and numbers, so they cross the wire unchanged.
 * `name` is the error's stable name for clients, logs and metrics
 * ("OUT_OF_STOCK"), listed in docs/errors.md. It is a string literal, or, for an
 * error received from another service, text in the current request's arena. Copy
 * a Status freely, never free it, never keep one longer than the request that
 * produced it. */
#ifndef JUMUN_COMMON_BASE_STATUS_H
#define JUMUN_COMMON_BASE_STATUS_H

#include <stdbool.h>

typedef enum StatusCode {
    STATUS_OK = 0,
    STATUS_CANCELLED = 1,
    STATUS_UNKNOWN = 2, /* it may have happened: ask again by key, never assume */
    STATUS_INVALID_ARGUMENT = 3,
    STATUS_DEADLINE_EXCEEDED = 4,
    STATUS_NOT_FOUND = 5,
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8, /* we are full: back off */
    STATUS_FAILED_PRECONDITION = 9,
    STATUS_ABORTED = 10, /* lost a race: retry the whole */
    STATUS_OUT_OF_RANGE = 11,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,    /* a bug */
    STATUS_UNAVAILABLE = 14, /* nothing happened: retry */
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16,
} StatusCode;

enum {
    STATUS_CODE_MAX = STATUS_UNAUTHENTICATED
};

typedef struct Status {
    StatusCode code;
    const char *name;
} Status;

static inline Status status_ok(void)
{
    return (Status){ STATUS_OK, "" };
}

static inline Status status_make(StatusCode code, const char *name)
{
    return (Status){ code, name };
}

static inline bool status_failed(Status status)
{
    return status.code != STATUS_OK;
}

/* "INVALID_ARGUMENT"; never NULL. */
const char *status_code_name(StatusCode code);

#endif
