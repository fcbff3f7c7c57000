#include "services/gateway/problem.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
const ProblemType problem_types[] = {
    { "BAD_REQUEST",             400, "The request is malformed" },
    { "BAD_FRAMING",             400, "The length of the body is not said plainly" },
    { "BAD_HOST",                400, "The Host header is missing or wrong" },
    { "BAD_PATH",                400, "The path is not in its canonical form" },
    { "BAD_JSON",                400, "The body is not valid JSON" },
    { "BAD_ORDER_CODE",          400, "This is not an order code of this shop" },
    { "VALIDATION",              400, "A field of the request is not acceptable" },
    { "IDEMPOTENCY_KEY_MISSING", 400, "The header Idempotency-Key is required" },
    { "UNAUTHENTICATED",         401, "Log in first" },
    { "BAD_CREDENTIALS",         401, "Login id or password is wrong" },
    { "PERMISSION_DENIED",       403, "This is not for you" },
    { "CSRF",                    403, "The request seems to come from another site" },
    { "NOT_FOUND",               404, "There is nothing here" },
    { "MEMBER_NOT_FOUND",        404, "No such member" },
    { "PRODUCT_NOT_FOUND",       404, "No such product" },
    { "ORDER_NOT_FOUND",         404, "No such order" },
    { "PAYMENT_NOT_FOUND",       404, "No payment for this order" },
    { "METHOD_NOT_ALLOWED",      405, "The resource does not have this method" },
    { "NOT_ACCEPTABLE",          406, "Answers are application/json" },
    { "REQUEST_TIMEOUT",         408, "Request too slow" },
    { "ABORTED",                 409, "Another request came in between; try again" },
    { "ALREADY_EXISTS",          409, "It is there already" },
    { "FAILED_PRECONDITION",     409, "The state does not allow it" },
    { "INVALID_STATE",           409, "The order's state does not allow it" },
    { "LOGIN_ID_TAKEN",          409, "The login id is taken" },
    { "PRODUCT_NAME_TAKEN",      409, "A product has this name" },
    { "WOULD_GO_NEGATIVE",       409, "There is less stock than that" },
    { "OUT_OF_STOCK",            409, "Not enough in stock" },
    { "PRICE_CHANGED",           409, "The price is another by now" },
    { "IDEMPOTENCY_IN_FLIGHT",   409, "The first request with this key has not ended; ask again" },
    { "VERSION_MISMATCH",        412, "It has changed since you read it" },
    { "BODY_TOO_LARGE",          413, "The body is too large" },
    { "TARGET_TOO_LONG",         414, "The request line is too long" },
    { "UNSUPPORTED_MEDIA_TYPE",  415, "The body must be application/json" },
    { "EXPECTATION_FAILED",      417, "Only 100-continue can be expected" },
    { "IDEMPOTENCY_KEY_REUSED",  422, "The key was used for another request" },
    { "IF_MATCH_MISSING",        428, "The header If-Match is required" },
    { "RATE_LIMITED",            429, "Too many requests; slow down" },
    { "LOGIN_THROTTLED",         429, "Too many failed logins; wait" },
    { "HEADERS_TOO_LARGE",       431, "The headers are too large" },
    { "INTERNAL",                500, "Something went wrong here" },
    { "UNKNOWN",                 500, "The outcome is unknown; ask again, with the same Idempotency-Key" },
    { "NOT_IMPLEMENTED",         501, "This is not implemented" },
    { "UNAVAILABLE",             503, "Not available at the moment; try again" },
    { "OVERLOADED",              503, "Too busy at the moment; try again" },
    { "DEADLINE_EXCEEDED",       504, "It took too long; ask again, with the same Idempotency-Key" },
};

/* For names that are not in the table. */
static const char *const name_of_code[] = {
    [STATUS_OK] = "INTERNAL",
    [STATUS_CANCELLED] = "UNKNOWN", /* the call may have been on its way */
    [STATUS_UNKNOWN] = "UNKNOWN",
    [STATUS_INVALID_ARGUMENT] = "VALIDATION",
    [STATUS_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [STATUS_NOT_FOUND] = "NOT_FOUND",
    [STATUS_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [STATUS_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [STATUS_RESOURCE_EXHAUSTED] = "RATE_LIMITED",
    [STATUS_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [STATUS_ABORTED] = "ABORTED",
    [STATUS_OUT_OF_RANGE] = "VALIDATION",
    [STATUS_UNIMPLEMENTED] = "NOT_IMPLEMENTED",
    [STATUS_INTERNAL] = "INTERNAL",
    [STATUS_UNAVAILABLE] = "UNAVAILABLE",
    [STATUS_DATA_LOSS] = "INTERNAL",
    [STATUS_UNAUTHENTICATED] = "INTERNAL", /* a service does not know us: no fault of the client */
};
/* clang-format on */

const size_t problem_type_count = sizeof problem_types / sizeof problem_types[0];

const ProblemType *problem_find(const char *name)
{
    for (size_t i = 0; i < problem_type_count; i++) {
        if (strcmp(problem_types[i].name, name) == 0) {
            return &problem_types[i];
        }
    }
    return NULL;
}

const ProblemType *problem_of(Status status)
{
    const ProblemType *type = status.name == NULL ? NULL : problem_find(status.name);

    if (type == NULL) {
        bool known = (int)status.code >= 0 && (int)status.code <= STATUS_CODE_MAX;
        type = problem_find(name_of_code[known ? status.code : STATUS_INTERNAL]);
    }
    assert(type != NULL);
    return type;
}

static void put_member(JsonText *text, const char *name, const char *value)
{
    json_text_put(text, "\"", 1);
    json_text_puts(text, name);
    json_text_put(text, "\":", 2);
    if (value == NULL || !json_text_string(text, value)) {
        json_text_puts(text, "null");
    }
}

static void put_fault(JsonText *text, const char *pointer, const char *code, const char *detail)
{
    json_text_put(text, "{", 1);
    put_member(text, "pointer", pointer);
    json_text_put(text, ",", 1);
    put_member(text, "code", code);
    json_text_put(text, ",", 1);
    put_member(text, "detail", detail);
    json_text_put(text, "}", 1);
}

static void put_faults(const Problem *problem, JsonText *text)
{
    size_t count = problem->details == NULL ? 0 : problem->details->n_fields;

    json_text_puts(text, ",\"errors\":[");
    if (problem->fault != NULL && problem->fault->code != NULL) {
        put_fault(text, problem->fault->pointer, problem->fault->code, problem->fault->detail);
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        const Jumun__Rpc__V1__FieldError *field = problem->details->fields[i];
        if (i > 0) {
            json_text_put(text, ",", 1);
        }
        put_fault(text, field->pointer, field->code, field->detail);
    }
    json_text_put(text, "]", 1);
}

/* What is short, for OUT_OF_STOCK; the member is there only when the service sent some. */
static void put_items(const Problem *problem, JsonText *text)
{
    size_t count = problem->details == NULL ? 0 : problem->details->n_items;

    if (count == 0) {
        return;
    }
    json_text_puts(text, ",\"items\":[");
    for (size_t i = 0; i < count; i++) {
        const Jumun__Rpc__V1__StockShortage *item = problem->details->items[i];
        json_text_puts(text, i > 0 ? ",{\"productId\":" : "{\"productId\":");
        json_text_number(text, (int64_t)item->product_id);
        json_text_puts(text, ",\"requested\":");
        json_text_number(text, item->requested);
        json_text_puts(text, ",\"available\":");
        json_text_number(text, item->available);
        json_text_put(text, "}", 1);
    }
    json_text_put(text, "]", 1);
}

void problem_write(const Problem *problem, JsonText *text)
{
    const ProblemType *type = problem->type;
    const char *detail = problem->details == NULL ? NULL : problem->details->detail;

    json_text_puts(text, "{\"type\":\"/errors/");
    json_text_puts(text, type->name);
    json_text_puts(text, "\",");
    put_member(text, "title", type->title);
    json_text_puts(text, ",\"status\":");
    json_text_number(text, type->status);
    json_text_put(text, ",", 1);
    put_member(text, "code", type->name);
    json_text_put(text, ",", 1);
    put_member(text, "detail", detail != NULL && *detail != '\0' ? detail : type->title);
    json_text_put(text, ",", 1);
    put_member(text, "instance", problem->request_id);
    json_text_put(text, ",", 1);
    put_member(text, "traceId", problem->trace_id);
    put_faults(problem, text);
    put_items(problem, text);
    json_text_put(text, "}", 1);
}
