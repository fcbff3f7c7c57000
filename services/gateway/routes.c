#include "services/gateway/routes.h"

#include <string.h>

#include "jumun/member/v1/member.pb-c.h"
#include "jumun/order/v1/order.pb-c.h"
#include "jumun/payment/v1/payment.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/gateway/json_form.h"

#define BASE "/api/v1"

/* clang-format off */
const Route routes[] = {
    { HTTP_POST, ROUTE_MEMBER, BASE "/members/signup", "Signup", WHO_ANYONE,
      ROUTE_ALONE | ROUTE_SIGNIN_LIMIT, 201, NULL },
    { HTTP_POST, ROUTE_MEMBER, BASE "/members/login", "Login", WHO_ANYONE,
      ROUTE_ALONE | ROUTE_SIGNIN_LIMIT | ROUTE_BEGINS_SESSION, 200, NULL },
    { HTTP_POST, ROUTE_MEMBER, BASE "/members/logout", "Logout", WHO_MEMBER,
      ROUTE_BINDS_SESSION | ROUTE_ENDS_SESSION, 204, NULL },
    { HTTP_GET, ROUTE_MEMBER, BASE "/members/me", "GetMember", WHO_MEMBER,
      ROUTE_BINDS_MEMBER | ROUTE_BINDS_SESSION, 200, NULL },
    { HTTP_PUT, ROUTE_MEMBER, BASE "/members/me/password", "ChangePassword", WHO_MEMBER,
      ROUTE_ALONE | ROUTE_SIGNIN_LIMIT | ROUTE_BINDS_SESSION | ROUTE_ENDS_SESSIONS, 204, NULL },

    { HTTP_POST, ROUTE_PRODUCT, BASE "/products", "CreateProduct", WHO_ADMIN,
      ROUTE_ETAG, 201, BASE "/products/{productId}" },
    { HTTP_GET, ROUTE_PRODUCT, BASE "/products", "ListProducts", WHO_ANYONE, 0, 200, NULL },
    { HTTP_GET, ROUTE_PRODUCT, BASE "/products/{productId}", "GetProduct", WHO_ANYONE,
      ROUTE_ETAG, 200, NULL },
    { HTTP_PATCH, ROUTE_PRODUCT, BASE "/products/{productId}", "UpdateProduct", WHO_ADMIN,
      ROUTE_IF_MATCH | ROUTE_NEEDS_IF_MATCH | ROUTE_ETAG, 200, NULL },
    { HTTP_DELETE, ROUTE_PRODUCT, BASE "/products/{productId}", "ArchiveProduct", WHO_ADMIN,
      ROUTE_IF_MATCH | ROUTE_NEEDS_IF_MATCH, 204, NULL },
    { HTTP_POST, ROUTE_PRODUCT, BASE "/products/{productId}/stock", "AdjustStock", WHO_ADMIN,
      0, 201, NULL },
    { HTTP_GET, ROUTE_PRODUCT, BASE "/products/{productId}/stock", "GetStock", WHO_ADMIN,
      0, 200, NULL },
    { HTTP_POST, ROUTE_PRODUCT, BASE "/products/{productId}/decrease", "DecreaseStock", WHO_ADMIN,
      0, 200, NULL },

    { HTTP_POST, ROUTE_ORDER, BASE "/orders", "PlaceOrder", WHO_MEMBER,
      ROUTE_NEEDS_KEY | ROUTE_ETAG | ROUTE_PREFER_WAIT, 201, BASE "/orders/{orderCode}" },
    { HTTP_GET, ROUTE_ORDER, BASE "/orders", "ListOrders", WHO_MEMBER, 0, 200, NULL },
    { HTTP_GET, ROUTE_ORDER, BASE "/orders/{orderCode}", "GetOrder", WHO_MEMBER,
      ROUTE_ETAG | ROUTE_NOT_MODIFIED | ROUTE_QUERY_WAIT, 200, NULL },
    { HTTP_GET, ROUTE_ORDER, BASE "/orders/{orderCode}/timeline", "GetTimeline", WHO_MEMBER,
      ROUTE_BARE_ITEMS, 200, NULL },

    { HTTP_GET, ROUTE_PAYMENT, BASE "/payments/{orderCode}", "GetPayment", WHO_MEMBER,
      0, 200, NULL },

    { HTTP_GET, ROUTE_LIVEZ, "/livez", NULL, WHO_ANYONE, 0, 200, NULL },
    { HTTP_GET, ROUTE_READYZ, "/readyz", NULL, WHO_ANYONE, 0, 200, NULL },
    { HTTP_GET, ROUTE_OPENAPI, "/openapi.json", NULL, WHO_ANYONE, 0, 200, NULL },
};
/* clang-format on */

const size_t route_count = sizeof routes / sizeof routes[0];

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE", [HTTP_CONNECT] = "CONNECT",
};

/* Takes the path's segment as the template's parameter; false if it does not fit. */
static bool take_param(const char **template, const char **path, RouteMatch *match)
{
    size_t size = strcspn(*path, "/");
    const char *end = strchr(*template, '}');

    if (size == 0 || size >= ROUTE_PARAM_SIZE_MAX || match->param_count == ROUTE_PARAMS_MAX) {
        return false;
    }
    RouteParam *param = &match->params[match->param_count++];
    param->name = *template + 1;
    param->name_size = (size_t)(end - param->name);
    memcpy(param->value, *path, size);
    param->value[size] = '\0';
    *template = end + 1;
    *path += size;
    return true;
}

static bool path_fits(const char *template, const char *path, RouteMatch *match)
{
    match->param_count = 0;
    while (*template != '\0') {
        if (*template == '{') {
            if (!take_param(&template, &path, match)) {
                return false;
            }
        } else if (*template ++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

void routes_match(HttpMethod method, const char *path, RouteMatch *ret_match)
{
    HttpMethod wanted = method == HTTP_HEAD ? HTTP_GET : method;
    RouteMatch *match = ret_match;

    match->route = NULL;
    match->allowed = 0;
    if (strcmp(path, "*") == 0) { /* OPTIONS *: of any resource */
        match->allowed = 1u << HTTP_GET | 1u << HTTP_HEAD;
        return;
    }
    for (size_t i = 0; i < route_count; i++) {
        if (!path_fits(routes[i].path, path, match)) {
            continue;
        }
        if (routes[i].method == wanted) {
            match->route = &routes[i];
            return;
        }
        match->allowed |= 1u << routes[i].method;
        match->allowed |= routes[i].method == HTTP_GET ? 1u << HTTP_HEAD : 0;
    }
    match->param_count = 0;
}

void routes_allow_text(unsigned allowed, char ret_text[static ROUTE_ALLOW_SIZE])
{
    size_t size = 0;

    for (unsigned method = HTTP_GET; method <= HTTP_CONNECT; method++) {
        if ((allowed & 1u << method) == 0) {
            continue;
        }
        if (size > 0) {
            ret_text[size++] = ',';
            ret_text[size++] = ' ';
        }
        memcpy(ret_text + size, method_names[method], strlen(method_names[method]));
        size += strlen(method_names[method]);
    }
    ret_text[size] = '\0';
}

const ProtobufCServiceDescriptor *route_service_descriptor(RouteService service)
{
    switch (service) {
    case ROUTE_MEMBER:
        return &jumun__member__v1__member_service__descriptor;
    case ROUTE_PRODUCT:
        return &jumun__product__v1__product_service__descriptor;
    case ROUTE_ORDER:
        return &jumun__order__v1__order_service__descriptor;
    case ROUTE_PAYMENT:
        return &jumun__payment__v1__payment_service__descriptor;
    case ROUTE_LIVEZ:
    case ROUTE_READYZ:
    case ROUTE_OPENAPI:
        break;
    }
    return NULL;
}

const ProtobufCMethodDescriptor *route_method(const Route *route)
{
    return protobuf_c_service_descriptor_get_method_by_name(
        route_service_descriptor(route->service), route->rpc);
}

static bool is_param(const Route *route, const ProtobufCFieldDescriptor *field)
{
    char name[JSON_NAME_MAX];
    size_t size = json_name(field, name);

    for (const char *at = route->path; (at = strchr(at, '{')) != NULL; at++) {
        if (strncmp(at + 1, name, size) == 0 && at[1 + size] == '}') {
            return true;
        }
    }
    return false;
}

static bool is_bound(const Route *route, const char *name)
{
    static const struct {
        const char *name;
        unsigned flags;
    } bound[] = {
        { "expected_version", ROUTE_IF_MATCH },
        { "session", ROUTE_BINDS_SESSION },
        { "session_created_at_us", ROUTE_BINDS_SESSION },
        { "member_id", ROUTE_BINDS_MEMBER },
    };

    for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++) {
        if ((route->flags & bound[i].flags) != 0 && strcmp(bound[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

uint64_t route_open_fields(const Route *route)
{
    const ProtobufCMessageDescriptor *input = route_method(route)->input;
    uint64_t open = 0;

    for (unsigned i = 0; i < input->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &input->fields[i];
        if (!is_param(route, field) && !is_bound(route, field->name)) {
            open |= UINT64_C(1) << i;
        }
    }
    return open;
}
