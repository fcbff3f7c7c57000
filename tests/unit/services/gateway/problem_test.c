#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "services/gateway/problem.h"

static Arena arena;

static void setup(void)
{
    arena_init(&arena, 4096, 1 << 20);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

TestSuite(problem, .init = setup, .fini = teardown);

Test(problem, table_names_each_error_once_with_a_status_and_a_title)
{
    for (size_t i = 0; i < problem_type_count; i++) {
        const ProblemType *type = &problem_types[i];
        cr_expect_eq(problem_find(type->name), type, "%s is there twice", type->name);
        cr_expect(type->status >= 400 && type->status < 600);
        cr_expect_gt(strlen(type->title), 0);
        cr_expect_eq(strspn(type->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(type->name));
    }
}

Test(problem, table_has_every_error_of_the_contract)
{
    static const struct {
        const char *name;
        unsigned status;
    } contract[] = {
        { "VALIDATION", 400 },
        { "LOGIN_ID_TAKEN", 409 },
        { "BAD_CREDENTIALS", 401 },
        { "LOGIN_THROTTLED", 429 },
        { "PRODUCT_NAME_TAKEN", 409 },
        { "PRODUCT_NOT_FOUND", 404 },
        { "WOULD_GO_NEGATIVE", 409 },
        { "OUT_OF_STOCK", 409 },
        { "PRICE_CHANGED", 409 },
        { "IDEMPOTENCY_KEY_MISSING", 400 },
        { "IDEMPOTENCY_IN_FLIGHT", 409 },
        { "IDEMPOTENCY_KEY_REUSED", 422 },
        { "OVERLOADED", 503 },
        { "UNAVAILABLE", 503 },
        { "DEADLINE_EXCEEDED", 504 },
        { "BAD_ORDER_CODE", 400 },
        { "ORDER_NOT_FOUND", 404 },
        { "INVALID_STATE", 409 },
        { "BAD_FRAMING", 400 },
        { "BODY_TOO_LARGE", 413 },
        { "BAD_HOST", 400 },
        { "NOT_IMPLEMENTED", 501 },
        { "METHOD_NOT_ALLOWED", 405 },
        { "EXPECTATION_FAILED", 417 },
        { "BAD_PATH", 400 },
        { "NOT_FOUND", 404 },
        { "TARGET_TOO_LONG", 414 },
        { "HEADERS_TOO_LARGE", 431 },
        { "REQUEST_TIMEOUT", 408 },
        { "UNSUPPORTED_MEDIA_TYPE", 415 },
        { "NOT_ACCEPTABLE", 406 },
        { "BAD_JSON", 400 },
        { "UNAUTHENTICATED", 401 },
        { "BAD_REQUEST", 400 },
        { "CSRF", 403 },
        { "RATE_LIMITED", 429 },
        { "PERMISSION_DENIED", 403 },
        { "VERSION_MISMATCH", 412 },
        { "IF_MATCH_MISSING", 428 },
    };

    for (size_t i = 0; i < sizeof contract / sizeof contract[0]; i++) {
        const ProblemType *type = problem_find(contract[i].name);
        cr_assert_not_null(type, "%s", contract[i].name);
        cr_expect_eq(type->status, contract[i].status, "%s", contract[i].name);
    }
}

Test(problem, unknown_names_are_answered_by_their_code)
{
    for (int code = STATUS_CANCELLED; code <= STATUS_CODE_MAX; code++) {
        Status status = status_make((StatusCode)code, "SECRET_INTERNAL_NAME");
        cr_expect_str_neq(problem_of(status)->name, "SECRET_INTERNAL_NAME");
        cr_expect_not_null(problem_find(problem_of(status)->name));
    }
    cr_expect_eq(problem_of(status_make((StatusCode)99, NULL))->status, 500);
    cr_expect_eq(problem_of(status_make(STATUS_UNAUTHENTICATED, "STALE_BATCH"))->status, 500,
                 "a service that does not know the gateway is no fault of the client's");
    cr_expect_str_eq(problem_of(status_make(STATUS_CANCELLED, "CANCELLED"))->name, "UNKNOWN",
                     "a call that was given up may have been on its way");
}

static json_t *render(const Problem *problem)
{
    JsonText text;
    json_error_t error;

    json_text_init(&text, &arena);
    problem_write(problem, &text);
    json_t *root = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%.*s: %s", (int)text.size, text.data, error.text);
    return root;
}

Test(problem, body_carries_pointers_and_shortages)
{
    Jumun__Rpc__V1__FieldError field;
    jumun__rpc__v1__field_error__init(&field);
    Jumun__Rpc__V1__FieldError *fields[] = { &field, &field };
    Jumun__Rpc__V1__StockShortage item;
    jumun__rpc__v1__stock_shortage__init(&item);
    Jumun__Rpc__V1__StockShortage *items[] = { &item };
    Jumun__Rpc__V1__ErrorDetails details;
    jumun__rpc__v1__error_details__init(&details);
    char pointer[] = "/lines/0/quantity";
    char broken[] = "\xFF";

    field.pointer = pointer;
    field.detail = broken;
    item.product_id = 7;
    item.requested = 3;
    item.available = 1;
    details.fields = fields;
    details.n_fields = 2;
    details.items = items;
    details.n_items = 1;
    json_t *root = render(&(Problem){ .type = problem_find("OUT_OF_STOCK"),
                                      .request_id = "r\"1",
                                      .trace_id = "t",
                                      .details = &details });
    cr_expect_str_eq(json_string_value(json_object_get(root, "type")), "/errors/OUT_OF_STOCK");
    cr_expect_str_eq(json_string_value(json_object_get(root, "code")), "OUT_OF_STOCK");
    cr_expect_eq(json_integer_value(json_object_get(root, "status")), 409);
    cr_expect_str_eq(json_string_value(json_object_get(root, "instance")), "r\"1");
    json_t *errors = json_object_get(root, "errors");
    cr_expect_eq(json_array_size(errors), 2);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(errors, 1), "pointer")),
                     pointer);
    cr_expect(json_is_null(json_object_get(json_array_get(errors, 1), "detail")));
    json_t *shown = json_array_get(json_object_get(root, "items"), 0);
    cr_expect_eq(json_integer_value(json_object_get(shown, "available")), 1);
    json_decref(root);
}

Test(problem, body_without_details_has_an_empty_list_of_errors)
{
    json_t *root = render(&(Problem){ .type = problem_find("NOT_FOUND") });

    cr_expect_eq(json_array_size(json_object_get(root, "errors")), 0);
    cr_expect(json_is_array(json_object_get(root, "errors")));
    cr_expect_null(json_object_get(root, "items"));
    json_decref(root);
}
