/* request_head.h - what the fields of a request's head ask for. Pure.
 *
 * Each function reads one thing and answers NULL or the name of an error. Fields that
 * must be alone are refused when they come twice: first-wins and last-wins are both wrong. */
#ifndef JUMUN_SERVICES_GATEWAY_REQUEST_HEAD_H
#define JUMUN_SERVICES_GATEWAY_REQUEST_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "services/gateway/http/http.h"

enum {
    REQUEST_TIMEOUT_MS = 5000,
    REQUEST_TIMEOUT_MS_MAX = 30000,
    REQUEST_KEY_SIZE_MAX = 64,
    REQUEST_WAIT_S_MAX = 30,
    TRACE_PARENT_SIZE = 56, /* "00-<32 hex>-<16 hex>-01" and its NUL */
};

#define SESSION_COOKIE "jumun_session"

/* Request-Timeout-Ms: 1.., longer ones are cut to the maximum. */
const char *head_timeout(const HttpRequest *request, int64_t *ret_timeout_ms);

/* Idempotency-Key: 1..64 visible ASCII symbols; "" if there is none. */
const char *head_key(const HttpRequest *request, const char **ret_key);

/* Prefer: wait=N, at most REQUEST_WAIT_S_MAX; 0 if there is none. Other preferences are
 * nobody's error. */
void head_wait(const HttpRequest *request, unsigned *ret_wait_s);

/* True if application/json may be answered. */
bool head_accepts_json(const HttpRequest *request);

/* NULL if the body is plain application/json in UTF-8. */
const char *head_content(const HttpRequest *request);

/* The session token: of a bearer, or of the only jumun_session cookie; both, if both say
 * the same. NULL token: neither. BAD_REQUEST when they differ, UNAUTHENTICATED for more
 * than one of either. The text is copied into the arena when it must be cut out. */
const char *head_token(const HttpRequest *request, const char **ret_token, bool *ret_by_cookie);

/* A request with a cookie that changes something must come from our own pages. */
bool head_is_same_origin(const HttpRequest *request);

/* If-Match: *ret_there says whether it was sent. VERSION_MISMATCH for an ETag that no
 * version of ours can have, VALIDATION for what is not one strong ETag: a list, a star, a
 * weak one, a bare number. */
const char *head_if_match(const HttpRequest *request, bool *ret_there, uint32_t *ret_version);

/* True if If-None-Match holds the ETag of that version, or a star. */
bool head_none_match_has(const HttpRequest *request, uint32_t version);

/* A valid traceparent of the client, or NULL. Points into the field. */
const char *head_trace_parent(const HttpRequest *request);

#endif
