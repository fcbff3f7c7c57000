#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "common/crypto/token.h"
#include "jumun/member/v1/member.pb-c.h"
#include "jumun/order/v1/order.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/gateway/json_emit.h"
#include "services/gateway/json_form.h"
#include "services/gateway/routes.h"

static Arena arena;
static OrderCodeKeys keys = { .count = 1, .keys = { { 7 } } };
static char nothing[] = "";
static char usd[] = "USD";

static void setup(void)
{
    cr_assert(crypto_init());
    arena_init(&arena, 4096, 8 << 20);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

TestSuite(json_emit, .init = setup, .fini = teardown);

/* What an independent parser makes of it. */
static json_t *emit(const ProtobufCMessage *message, const char *only)
{
    JsonText text;
    json_error_t error;

    json_text_init(&text, &arena);
    cr_assert_eq(json_emit(message, only, &keys, &text).code, STATUS_OK);
    json_t *root =
        json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    cr_assert_not_null(root, "%.*s: %s", (int)text.size, text.data, error.text);
    return root;
}

static const char *text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "(no text)" : text;
}

Test(json_emit, shows_an_order_whole)
{
    Jumun__Order__V1__OrderLine line;
    jumun__order__v1__order_line__init(&line);
    Jumun__Order__V1__OrderLine *lines[] = { &line, &line };
    Jumun__Order__V1__OrderPayment payment;
    jumun__order__v1__order_payment__init(&payment);
    Jumun__Order__V1__Order order;
    jumun__order__v1__order__init(&order);
    char name[] = "a \"b\" \\ \x01\n \xF0\x9F\x98\x80 <script>";

    line.product_id = UINT64_C(9007199254740991);
    line.name = name;
    line.unit_price = -3;
    order.order_id = 42;
    order.status = JUMUN__ORDER__V1__ORDER_STATUS__PAYMENT_FAILED;
    order.currency = usd;
    order.total = INT64_C(1000000000000000);
    order.lines = lines;
    order.n_lines = 2;
    order.payment = &payment;
    order.hold_expires_at_us = 1000001;
    order.version = 3;
    order.replayed = true;
    json_t *root = emit(&order.base, NULL);

    cr_expect_eq(json_object_size(root), 11, "all fields but the hidden one");
    OrderId id;
    cr_assert_eq(order_code_parse(&keys, text_of(root, "orderCode"), &id).code, STATUS_OK);
    cr_expect_eq(id.value, 42);
    cr_expect_str_eq(text_of(root, "status"), "PAYMENT_FAILED");
    cr_expect_str_eq(text_of(root, "reason"), "");
    cr_expect_str_eq(text_of(root, "holdExpiresAt"), "1970-01-01T00:00:01.000001Z");
    cr_expect(json_is_null(json_object_get(root, "createdAt")));
    cr_expect_eq(json_integer_value(json_object_get(root, "total")), 1000000000000000);
    cr_expect_null(json_object_get(root, "replayed"));
    cr_expect_str_eq(text_of(json_object_get(root, "payment"), "status"), "NONE");
    json_t *shown = json_array_get(json_object_get(root, "lines"), 1);
    cr_expect_eq(json_array_size(json_object_get(root, "lines")), 2);
    cr_expect_eq(json_integer_value(json_object_get(shown, "productId")), 9007199254740991);
    cr_expect_eq(json_integer_value(json_object_get(shown, "unitPrice")), -3);
    cr_expect_str_eq(text_of(shown, "name"), name, "text comes back byte by byte");
    json_decref(root);
}

Test(json_emit, shows_absent_things_as_null_and_empty)
{
    Jumun__Order__V1__Order order;
    jumun__order__v1__order__init(&order);
    Jumun__Order__V1__ListOrdersReply list;
    jumun__order__v1__list_orders_reply__init(&list);
    Jumun__Product__V1__StockLevel level;
    jumun__product__v1__stock_level__init(&level);

    json_t *root = emit(&order.base, NULL);
    cr_expect(json_is_null(json_object_get(root, "payment")));
    cr_expect_eq(json_array_size(json_object_get(root, "lines")), 0);
    json_decref(root);
    root = emit(&list.base, NULL);
    cr_expect(json_is_null(json_object_get(root, "nextCursor")));
    cr_expect(json_is_array(json_object_get(root, "items")));
    json_decref(root);
    root = emit(&level.base, NULL);
    cr_expect_eq(json_object_size(root), 5);
    cr_expect(json_is_null(json_object_get(root, "drift")));
    level._drift_case = JUMUN__PRODUCT__V1__STOCK_LEVEL___DRIFT_DRIFT;
    json_decref(root);
    root = emit(&level.base, NULL);
    cr_expect(json_is_integer(json_object_get(root, "drift")));
    json_decref(root);
}

Test(json_emit, shows_a_timeline_as_a_bare_array)
{
    Jumun__Order__V1__TimelineEvent first;
    jumun__order__v1__timeline_event__init(&first);
    Jumun__Order__V1__TimelineEvent second;
    jumun__order__v1__timeline_event__init(&second);
    Jumun__Order__V1__TimelineEvent *items[] = { &first, &second };
    Jumun__Order__V1__GetTimelineReply timeline;
    jumun__order__v1__get_timeline_reply__init(&timeline);

    second._from_case = JUMUN__ORDER__V1__TIMELINE_EVENT___FROM_FROM;
    second.from = JUMUN__ORDER__V1__ORDER_STATUS__PENDING;
    second.to = JUMUN__ORDER__V1__ORDER_STATUS__RESERVED;
    timeline.items = items;
    timeline.n_items = 2;
    json_t *root = emit(&timeline.base, "items");
    cr_expect_eq(json_array_size(root), 2);
    cr_expect(json_is_null(json_object_get(json_array_get(root, 0), "from")));
    cr_expect_str_eq(text_of(json_array_get(root, 1), "from"), "PENDING");
    cr_expect_str_eq(text_of(json_array_get(root, 1), "to"), "RESERVED");
    json_decref(root);
    timeline.n_items = 0;
    root = emit(&timeline.base, "items");
    cr_expect(json_is_array(root));
    json_decref(root);
}

Test(json_emit, never_shows_that_a_session_has_ended)
{
    Jumun__Member__V1__Member member;
    jumun__member__v1__member__init(&member);
    json_t *root = emit(&member.base, NULL);

    cr_expect_eq(json_object_size(root), 5);
    cr_expect_null(json_object_get(root, "sessionEnded"));
    cr_expect_str_eq(text_of(root, "role"), "NOBODY");
    json_decref(root);
}

Test(json_emit, grows_over_thousands_of_items)
{
    enum {
        COUNT = 5000
    };
    static Jumun__Product__V1__Product product;
    jumun__product__v1__product__init(&product);
    static Jumun__Product__V1__Product *items[COUNT];
    Jumun__Product__V1__ListProductsReply list;
    jumun__product__v1__list_products_reply__init(&list);

    for (size_t i = 0; i < COUNT; i++) {
        items[i] = &product;
    }
    list.items = items;
    list.n_items = COUNT;
    json_t *root = emit(&list.base, NULL);
    cr_expect_eq(json_array_size(json_object_get(root, "items")), COUNT);
    json_decref(root);
}

static void expect_internal(const ProtobufCMessage *message, const char *why)
{
    JsonText text;

    json_text_init(&text, &arena);
    cr_expect_eq(json_emit(message, NULL, &keys, &text).code, STATUS_INTERNAL, "%s", why);
}

Test(json_emit, gives_up_on_what_json_cannot_carry)
{
    Jumun__Product__V1__Product product;
    jumun__product__v1__product__init(&product);
    char broken[] = "\xC3(";

    product.product_id = UINT64_C(9007199254740992);
    expect_internal(&product.base, "an id beyond 2^53");
    product.product_id = 1;
    product.price = INT64_MIN;
    expect_internal(&product.base, "a price beyond -2^53");
    product.price = 0;
    product.status = (Jumun__Product__V1__Product__Status)77;
    expect_internal(&product.base, "an unknown enum value");
    product.status = JUMUN__PRODUCT__V1__PRODUCT__STATUS__ACTIVE;
    product.name = broken;
    expect_internal(&product.base, "malformed UTF-8");
    product.name = nothing;
    JsonText text;
    json_text_init(&text, &arena);
    cr_expect_eq(json_emit(&product.base, NULL, &keys, &text).code, STATUS_OK);
}

Test(json_emit, says_when_the_arena_is_full)
{
    Arena small;
    Jumun__Product__V1__Product product;
    jumun__product__v1__product__init(&product);
    JsonText text;

    arena_init(&small, 512, 512);
    json_text_init(&text, &small);
    cr_expect_eq(json_emit(&product.base, NULL, &keys, &text).code, STATUS_RESOURCE_EXHAUSTED);
    arena_deinit(&small);
}

static void expect_showable(const ProtobufCMessageDescriptor *descriptor, int depth)
{
    cr_assert_leq(depth, 4, "%s is nested too deeply for json_emit", descriptor->name);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        cr_expect(json_is_hidden(field) || json_form(field) != FORM_NONE, "%s.%s", descriptor->name,
                  field->name);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            expect_showable(field->descriptor, depth + 1);
        }
    }
}

Test(json_emit, can_show_every_answer_of_the_route_table)
{
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].rpc != NULL && routes[i].success != 204) {
            expect_showable(route_method(&routes[i])->output, 0);
        }
    }
}
