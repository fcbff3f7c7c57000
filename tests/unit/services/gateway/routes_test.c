#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "services/gateway/json_form.h"
#include "services/gateway/routes.h"

static const struct {
    HttpMethod method;
    const char *path;
    const char *rpc;   /* NULL: nothing is found */
    const char *allow; /* then */
    const char *param;
} rows[] = {
    { HTTP_POST, "/api/v1/members/signup", "Signup", NULL, NULL },
    { HTTP_POST, "/api/v1/members/login", "Login", NULL, NULL },
    { HTTP_POST, "/api/v1/members/logout", "Logout", NULL, NULL },
    { HTTP_GET, "/api/v1/members/me", "GetMember", NULL, NULL },
    { HTTP_PUT, "/api/v1/members/me/password", "ChangePassword", NULL, NULL },
    { HTTP_POST, "/api/v1/products", "CreateProduct", NULL, NULL },
    { HTTP_GET, "/api/v1/products", "ListProducts", NULL, NULL },
    { HTTP_HEAD, "/api/v1/products", "ListProducts", NULL, NULL },
    { HTTP_GET, "/api/v1/products/7", "GetProduct", NULL, "7" },
    { HTTP_PATCH, "/api/v1/products/7", "UpdateProduct", NULL, "7" },
    { HTTP_DELETE, "/api/v1/products/7", "ArchiveProduct", NULL, "7" },
    { HTTP_POST, "/api/v1/products/7/stock", "AdjustStock", NULL, "7" },
    { HTTP_GET, "/api/v1/products/7/stock", "GetStock", NULL, "7" },
    { HTTP_POST, "/api/v1/products/7/decrease", "DecreaseStock", NULL, "7" },
    { HTTP_POST, "/api/v1/orders", "PlaceOrder", NULL, NULL },
    { HTTP_GET, "/api/v1/orders", "ListOrders", NULL, NULL },
    { HTTP_GET, "/api/v1/orders/ABC", "GetOrder", NULL, "ABC" },
    { HTTP_GET, "/api/v1/orders/ABC/timeline", "GetTimeline", NULL, "ABC" },
    { HTTP_GET, "/api/v1/payments/ABC", "GetPayment", NULL, "ABC" },
    { HTTP_GET, "/api/v1/orders/", NULL, "", NULL },
    { HTTP_GET, "/api/v1/orders/A/B", NULL, "", NULL },
    { HTTP_GET, "/api/v1/orders/A/timeline/", NULL, "", NULL },
    { HTTP_GET, "/api/v1/order", NULL, "", NULL },
    { HTTP_GET, "/API/v1/orders", NULL, "", NULL },
    { HTTP_GET, "/", NULL, "", NULL },
    { HTTP_GET, "/metrics", NULL, "", NULL },
    { HTTP_GET, "/admin;x", NULL, "", NULL },
    { HTTP_DELETE, "/api/v1/orders", NULL, "GET, HEAD, POST", NULL },
    { HTTP_POST, "/api/v1/orders/ABC", NULL, "GET, HEAD", NULL },
    { HTTP_PUT, "/api/v1/products/7", NULL, "GET, HEAD, PATCH, DELETE", NULL },
    { HTTP_HEAD, "/api/v1/members/login", NULL, "POST", NULL },
    { HTTP_OPTIONS, "*", NULL, "GET, HEAD", NULL },
    { HTTP_TRACE, "/livez", NULL, "GET, HEAD", NULL },
    { HTTP_CONNECT, "/api/v1/orders", NULL, "GET, HEAD, POST", NULL },
};

Test(routes, finds_each_path_its_row_or_says_what_is_allowed)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        RouteMatch match;
        char allow[ROUTE_ALLOW_SIZE];

        routes_match(rows[i].method, rows[i].path, &match);
        if (rows[i].rpc == NULL) {
            cr_expect_null(match.route, "%s", rows[i].path);
            routes_allow_text(match.allowed, allow);
            cr_expect_str_eq(allow, rows[i].allow, "%s", rows[i].path);
            continue;
        }
        cr_assert_not_null(match.route, "%s", rows[i].path);
        cr_expect_str_eq(match.route->rpc, rows[i].rpc);
        cr_expect_eq(match.param_count, rows[i].param == NULL ? 0 : 1, "%s", rows[i].path);
        if (rows[i].param != NULL) {
            cr_expect_str_eq(match.params[0].value, rows[i].param);
        }
    }
}

Test(routes, takes_no_endless_parameter)
{
    char path[128] = "/api/v1/orders/";
    RouteMatch match;

    memset(path + 15, 'A', ROUTE_PARAM_SIZE_MAX);
    routes_match(HTTP_GET, path, &match);
    cr_expect_null(match.route);
    path[15 + ROUTE_PARAM_SIZE_MAX - 1] = '\0';
    routes_match(HTTP_GET, path, &match);
    cr_expect_not_null(match.route);
}

static const ProtobufCFieldDescriptor *field_of(const Route *route, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(route_method(route)->input, name);
}

/* What every row promises about messages must be in the proto. */
Test(routes, fit_the_services_they_name)
{
    for (size_t i = 0; i < route_count; i++) {
        const Route *route = &routes[i];
        if (route->rpc == NULL) {
            cr_expect_null(route_service_descriptor(route->service));
            continue;
        }
        cr_assert_not_null(route_method(route), "%s", route->rpc);
        cr_expect_leq(route_method(route)->input->n_fields, 64);
        if ((route->flags & ROUTE_IF_MATCH) != 0) {
            cr_expect_not_null(field_of(route, "expected_version"), "%s", route->rpc);
        }
        if ((route->flags & ROUTE_BINDS_SESSION) != 0) {
            cr_expect_not_null(field_of(route, "session"), "%s", route->rpc);
        }
        if ((route->flags & ROUTE_BINDS_MEMBER) != 0) {
            cr_expect_not_null(field_of(route, "member_id"), "%s", route->rpc);
        }
        if ((route->flags & ROUTE_ETAG) != 0) {
            const ProtobufCFieldDescriptor *version =
                protobuf_c_message_descriptor_get_field_by_name(route_method(route)->output,
                                                                "version");
            cr_assert_not_null(version, "%s", route->rpc);
            cr_expect_eq(json_form(version), FORM_UINT32);
        }
        for (const char *at = route->path; (at = strchr(at, '{')) != NULL; at++) {
            cr_expect_not_null(
                json_field_find(route_method(route)->input, at + 1, strcspn(at + 1, "}")), "%s",
                route->path);
        }
    }
}

Test(routes, let_no_client_name_a_session_a_member_or_a_version)
{
    static const char *const guarded[] = { "session", "session_created_at_us", "expected_version",
                                           "product_id" };

    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].rpc == NULL) {
            continue;
        }
        const ProtobufCMessageDescriptor *input = route_method(&routes[i])->input;
        uint64_t open = route_open_fields(&routes[i]);
        for (size_t j = 0; j < sizeof guarded / sizeof guarded[0]; j++) {
            const ProtobufCFieldDescriptor *field = field_of(&routes[i], guarded[j]);
            if (field != NULL) {
                cr_expect_eq(open & UINT64_C(1) << (field - input->fields), 0, "%s.%s",
                             routes[i].rpc, guarded[j]);
            }
        }
        const ProtobufCFieldDescriptor *member = field_of(&routes[i], "member_id");
        cr_expect(member == NULL || (open & UINT64_C(1) << (member - input->fields)) == 0, "%s",
                  routes[i].rpc);
    }
}

Test(routes, are_all_described_in_openapi_json_and_nothing_else_is)
{
    json_error_t error;
    json_t *root = json_load_file(OPENAPI_FILE, JSON_REJECT_DUPLICATES, &error);
    size_t described = 0;
    const char *path;
    json_t *item;

    cr_assert_not_null(root, "%s", error.text);
    json_t *paths = json_object_get(root, "paths");
    json_object_foreach(paths, path, item)
    {
        described += json_object_size(item);
    }
    cr_expect_eq(described, route_count);
    for (size_t i = 0; i < route_count; i++) {
        static const char *const names[] = { [HTTP_GET] = "get",
                                             [HTTP_POST] = "post",
                                             [HTTP_PUT] = "put",
                                             [HTTP_PATCH] = "patch",
                                             [HTTP_DELETE] = "delete" };
        char status[8];
        json_t *operation =
            json_object_get(json_object_get(paths, routes[i].path), names[routes[i].method]);
        cr_expect_not_null(operation, "%s %s", names[routes[i].method], routes[i].path);
        (void)snprintf(status, sizeof status, "%u", routes[i].success);
        cr_expect_not_null(json_object_get(json_object_get(operation, "responses"), status),
                           "%s %s", names[routes[i].method], routes[i].path);
        cr_expect_eq(json_array_size(json_object_get(operation, "security")) == 0,
                     routes[i].who == WHO_ANYONE, "%s", routes[i].path);
    }
    json_decref(root);
}

static bool takes(json_t *operation, const char *name)
{
    json_t *parameter;
    size_t index;
    char ref[96];

    (void)snprintf(ref, sizeof ref, "#/components/parameters/%s", name);
    json_array_foreach(json_object_get(operation, "parameters"), index, parameter)
    {
        const char *named = json_string_value(json_object_get(parameter, "$ref"));
        if (named != NULL && strcmp(named, ref) == 0) {
            return true;
        }
    }
    return false;
}

Test(routes, take_the_headers_that_openapi_json_lists)
{
    static const char *const names[] = { [HTTP_GET] = "get",
                                         [HTTP_POST] = "post",
                                         [HTTP_PUT] = "put",
                                         [HTTP_PATCH] = "patch",
                                         [HTTP_DELETE] = "delete" };
    json_error_t error;
    json_t *root = json_load_file(OPENAPI_FILE, 0, &error);

    for (size_t i = 0; i < route_count; i++) {
        const Route *route = &routes[i];
        json_t *path = json_object_get(json_object_get(root, "paths"), route->path);
        json_t *operation = json_object_get(path, names[route->method]);
        bool needs_key = (route->flags & ROUTE_NEEDS_KEY) != 0;
        bool may_have_key = route->service == ROUTE_PRODUCT && route->method == HTTP_POST;
        bool by_version = (route->flags & ROUTE_NEEDS_IF_MATCH) != 0;

        cr_expect_eq(takes(operation, "TimeoutMs"), route->rpc != NULL, "%s", route->path);
        cr_expect_eq(takes(operation, "IdempotencyKey"), needs_key, "%s", route->path);
        cr_expect_eq(takes(operation, "IdempotencyKeyOptional"), may_have_key, "%s", route->path);
        cr_expect_eq(takes(operation, "IfMatch"), by_version, "%s", route->path);
    }
    json_decref(root);
}

Test(routes, answer_with_the_headers_that_openapi_json_lists)
{
    static const char *const names[] = { [HTTP_GET] = "get",
                                         [HTTP_POST] = "post",
                                         [HTTP_PUT] = "put",
                                         [HTTP_PATCH] = "patch",
                                         [HTTP_DELETE] = "delete" };
    json_error_t error;
    json_t *root = json_load_file(OPENAPI_FILE, 0, &error);

    for (size_t i = 0; i < route_count; i++) {
        const Route *route = &routes[i];
        json_t *path = json_object_get(json_object_get(root, "paths"), route->path);
        json_t *operation = json_object_get(path, names[route->method]);
        bool cookie = (route->flags & (ROUTE_BEGINS_SESSION | ROUTE_ENDS_SESSION)) != 0;
        char status[8];
        (void)snprintf(status, sizeof status, "%u", route->success);
        json_t *headers = json_object_get(
            json_object_get(json_object_get(operation, "responses"), status), "headers");

        cr_expect_not_null(json_object_get(headers, "X-Request-Id"), "%s", route->path);
        cr_expect_eq(json_object_get(headers, "Set-Cookie") != NULL, cookie, "%s", route->path);
        cr_expect_eq(json_object_get(headers, "ETag") != NULL, (route->flags & ROUTE_ETAG) != 0,
                     "%s", route->path);
        cr_expect_eq(json_object_get(headers, "Location") != NULL, route->location != NULL, "%s",
                     route->path);
    }
    json_decref(root);
}

/* The schema of an answer has exactly the fields that the emitter writes. */
Test(routes, answer_with_the_fields_that_openapi_json_lists)
{
    json_error_t error;
    json_t *root = json_load_file(OPENAPI_FILE, 0, &error);
    json_t *schemas = json_object_get(json_object_get(root, "components"), "schemas");

    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].rpc == NULL || routes[i].success == 204) {
            continue;
        }
        const ProtobufCMessageDescriptor *output = route_method(&routes[i])->output;
        json_t *schema = json_object_get(schemas, output->short_name);
        if (schema == NULL) {
            continue; /* lists have a name of their own there */
        }
        json_t *properties = json_object_get(schema, "properties");
        size_t shown = 0;
        for (unsigned j = 0; j < output->n_fields; j++) {
            char name[JSON_NAME_MAX + 1];
            if (json_is_hidden(&output->fields[j])) {
                continue;
            }
            name[json_name(&output->fields[j], name)] = '\0';
            cr_expect_not_null(json_object_get(properties, name), "%s.%s", output->short_name,
                               name);
            shown++;
        }
        cr_expect_eq(json_object_size(properties), shown, "%s", output->short_name);
    }
    json_decref(root);
}
