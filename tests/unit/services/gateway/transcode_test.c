#include <criterion/criterion.h>
#include <string.h>

#include "common/crypto/token.h"
#include "jumun/member/v1/member.pb-c.h"
#include "jumun/order/v1/order.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/gateway/json_form.h"
#include "services/gateway/transcode.h"

static Arena arena;
static OrderCodeKeys keys = { .count = 1, .keys = { { 7 } } };
static Transcoder transcoder;

static void setup(void)
{
    cr_assert(crypto_init());
    arena_init(&arena, 4096, 1 << 20);
    transcoder = (Transcoder){ .keys = &keys, .arena = &arena };
}

static void teardown(void)
{
    arena_deinit(&arena);
}

TestSuite(transcode, .init = setup, .fini = teardown);

static Status transcode(const ProtobufCMessageDescriptor *descriptor, const char *json,
                        ProtobufCMessage **ret_message)
{
    transcoder.fault = (FieldFault){ .pointer = NULL };
    *ret_message = transcode_new(descriptor, &arena);
    return transcode_body(&transcoder, json, strlen(json), UINT64_MAX, *ret_message);
}

Test(transcode, reads_an_order_with_all_its_parts)
{
    ProtobufCMessage *message;
    Status status = transcode(&jumun__order__v1__place_order_request__descriptor,
                              "{\"lines\":[{\"productId\":9007199254740991,\"quantity\":2},"
                              "{\"quantity\":4294967295,\"productId\":1}],"
                              "\"expectedTotal\":-5,\"payment\":{\"token\":\"tok_ok\"}}",
                              &message);
    const Jumun__Order__V1__PlaceOrderRequest *order = (const void *)message;

    cr_assert_eq(status.code, STATUS_OK);
    cr_assert_eq(order->n_lines, 2);
    cr_expect_eq(order->lines[0]->product_id, UINT64_C(9007199254740991));
    cr_expect_eq(order->lines[0]->quantity, 2);
    cr_expect_eq(order->lines[1]->quantity, UINT32_MAX);
    cr_expect_eq(order->_expected_total_case,
                 JUMUN__ORDER__V1__PLACE_ORDER_REQUEST___EXPECTED_TOTAL_EXPECTED_TOTAL);
    cr_expect_eq(order->expected_total, -5);
    cr_expect_str_eq(order->payment->token, "tok_ok");
    /* What protobuf-c makes of it is what it takes back. */
    uint8_t packed[256];
    cr_expect_lt(protobuf_c_message_get_packed_size(message), sizeof packed);
    cr_expect_gt(protobuf_c_message_pack(message, packed), 0);
}

Test(transcode, leaves_what_is_absent_at_its_default)
{
    ProtobufCMessage *message;
    Status status =
        transcode(&jumun__order__v1__place_order_request__descriptor, "{\"lines\":[]}", &message);
    const Jumun__Order__V1__PlaceOrderRequest *order = (const void *)message;

    cr_assert_eq(status.code, STATUS_OK);
    cr_expect_eq(order->n_lines, 0);
    cr_expect_eq(order->_expected_total_case, 0);
    cr_expect_null(order->payment);
}

Test(transcode, reads_optional_enum_and_integers_of_an_update)
{
    ProtobufCMessage *message;
    Status status = transcode(&jumun__product__v1__update_product_request__descriptor,
                              "{\"status\":\"ARCHIVED\",\"price\":0}", &message);
    const Jumun__Product__V1__UpdateProductRequest *update = (const void *)message;

    cr_assert_eq(status.code, STATUS_OK);
    cr_expect_eq(update->_status_case, JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___STATUS_STATUS);
    cr_expect_eq(update->status, JUMUN__PRODUCT__V1__PRODUCT__STATUS__ARCHIVED);
    cr_expect_eq(update->_price_case, JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___PRICE_PRICE);
    cr_expect_eq(update->_name_case, 0);
}

static const struct {
    const char *json;
    const char *name;
    const char *pointer;
    const char *code;
} refused[] = {
    { "{\"lines\":null}", "VALIDATION", "/lines", "NULL" },
    { "{\"lines\":{}}", "VALIDATION", "/lines", "WRONG_TYPE" },
    { "{\"lines\":[1]}", "VALIDATION", "/lines/0", "WRONG_TYPE" },
    { "{\"lines\":[{},null]}", "VALIDATION", "/lines/1", "NULL" },
    { "{\"payment\":[]}", "VALIDATION", "/payment", "WRONG_TYPE" },
    { "{\"payment\":null}", "VALIDATION", "/payment", "NULL" },
    { "{\"payment\":{\"token\":5}}", "VALIDATION", "/payment/token", "WRONG_TYPE" },
    { "{\"payment\":{\"card\":\"x\"}}", "VALIDATION", "/payment/card", "UNKNOWN_FIELD" },
    { "{\"total\":5}", "VALIDATION", "/total", "UNKNOWN_FIELD" },
    { "{\"expected_total\":5}", "VALIDATION", "/expected_total", "UNKNOWN_FIELD" },
    { "{\"a/b~c\":5}", "VALIDATION", "/a~1b~0c", "UNKNOWN_FIELD" },
    { "{\"\":5}", "VALIDATION", "/", "UNKNOWN_FIELD" },
    { "{\"expectedTotal\":1,\"b\":5,\"a\":5}", "VALIDATION", "/b", "UNKNOWN_FIELD" },
    { "{\"lines\":[{\"quantity\":-1}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":1.5}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":1.0}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":1e2}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":-0.0}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":4294967296}]}", "VALIDATION", "/lines/0/quantity",
      "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":9223372036854775807}]}", "VALIDATION", "/lines/0/quantity",
      "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":1e308}]}", "VALIDATION", "/lines/0/quantity", "OUT_OF_RANGE" },
    { "{\"expectedTotal\":-9223372036854775808}", "VALIDATION", "/expectedTotal", "OUT_OF_RANGE" },
    { "{\"lines\":[{\"quantity\":\"2\"}]}", "VALIDATION", "/lines/0/quantity", "WRONG_TYPE" },
    { "{\"lines\":[{\"quantity\":true}]}", "VALIDATION", "/lines/0/quantity", "WRONG_TYPE" },
    { "{\"lines\":[{\"quantity\":null}]}", "VALIDATION", "/lines/0/quantity", "NULL" },
    { "{\"lines\":[{\"quantity\":[]}]}", "VALIDATION", "/lines/0/quantity", "WRONG_TYPE" },
    { "{\"lines\":[{\"quantity\":{}}]}", "VALIDATION", "/lines/0/quantity", "WRONG_TYPE" },
    { "{\"lines\":[{},{\"productId\":9007199254740992}]}", "VALIDATION", "/lines/1/productId",
      "OUT_OF_RANGE" },
    { "{\"expectedTotal\":9007199254740992}", "VALIDATION", "/expectedTotal", "OUT_OF_RANGE" },
    { "{\"expectedTotal\":-9007199254740992}", "VALIDATION", "/expectedTotal", "OUT_OF_RANGE" },
};

Test(transcode, refuses_every_wrong_form_and_says_where)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ProtobufCMessage *message;
        Status status = transcode(&jumun__order__v1__place_order_request__descriptor,
                                  refused[i].json, &message);
        cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", refused[i].json);
        cr_expect_str_eq(status.name, refused[i].name, "%s", refused[i].json);
        cr_assert_not_null(transcoder.fault.code, "%s", refused[i].json);
        cr_expect_str_eq(transcoder.fault.pointer, refused[i].pointer, "%s", refused[i].json);
        cr_expect_str_eq(transcoder.fault.code, refused[i].code, "%s", refused[i].json);
    }
}

/* jansson keeps values, not spellings. */
Test(transcode, takes_minus_zero_for_zero)
{
    ProtobufCMessage *message;
    Status status = transcode(&jumun__order__v1__place_order_request__descriptor,
                              "{\"expectedTotal\":-0}", &message);

    cr_expect_eq(status.code, STATUS_OK);
    cr_expect_eq(
        ((const Jumun__Order__V1__PlaceOrderRequest *)(const void *)message)->expected_total, 0);
}

/* Which field it is about is not said: the tree was never made, or the name is the fault. */
Test(transcode, refuses_doubled_names_and_what_is_no_object_as_a_whole)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "1",
        "null",
        "{\"expectedTotal\":5,\"expectedTotal\":5}",
        "{\"lines\":[{\"quantity\":1,\"quanti\\u0074y\":1}]}",
        "{\"lines\":[{\"quantity\":9223372036854775808}]}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ProtobufCMessage *message;
        Status status =
            transcode(&jumun__order__v1__place_order_request__descriptor, bodies[i], &message);
        cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", bodies[i]);
        cr_expect_str_eq(status.name, "BAD_JSON", "%s", bodies[i]);
        cr_expect_str_eq(transcoder.fault.pointer, "", "%s", bodies[i]);
        cr_expect_str_eq(transcoder.fault.code, "BAD_JSON", "%s", bodies[i]);
        cr_expect_gt(strlen(transcoder.fault.detail), 0, "%s", bodies[i]);
    }
}

Test(transcode, takes_strings_of_exactly_four_kibibytes)
{
    static const char *const forms[] = { "{\"payment\":{\"token\":\"", "\"}}", /* a value */
                                         "{\"", "\":1}" };                     /* a name */
    static char json[2 * JSON_STRING_SIZE_MAX];

    for (size_t i = 0; i < 4; i++) {
        size_t begin = strlen(forms[i / 2 * 2]);
        size_t size = JSON_STRING_SIZE_MAX + i % 2;
        ProtobufCMessage *message;
        memcpy(json, forms[i / 2 * 2], begin);
        memset(json + begin, 'x', size);
        strcpy(json + begin + size, forms[i / 2 * 2 + 1]);
        Status status =
            transcode(&jumun__order__v1__place_order_request__descriptor, json, &message);
        if (i % 2 == 1) {
            cr_expect_str_eq(status.name, "BAD_JSON");
            cr_expect_null(transcoder.fault.code);
        } else if (i == 0) {
            const Jumun__Order__V1__PlaceOrderRequest *order = (const void *)message;
            cr_assert_eq(status.code, STATUS_OK);
            cr_expect_eq(strlen(order->payment->token), JSON_STRING_SIZE_MAX);
        } else {
            cr_expect_str_eq(transcoder.fault.code, "UNKNOWN_FIELD");
            cr_expect_eq(strlen(transcoder.fault.pointer), 1 + JSON_STRING_SIZE_MAX);
        }
    }
}

Test(transcode, says_overloaded_when_the_arena_is_full)
{
    static const char json[] = "{\"lines\":[{\"productId\":1,\"quantity\":2},{},{},{},{},{},{}]}";
    size_t failures = 0;

    for (size_t size_max = 128; size_max < 2048; size_max += 64) {
        Arena small;
        arena_init(&small, 64, size_max);
        Transcoder tight = { .keys = &keys, .arena = &small };
        ProtobufCMessage *message =
            transcode_new(&jumun__order__v1__place_order_request__descriptor, &arena);
        Status status = transcode_body(&tight, json, sizeof json - 1, UINT64_MAX, message);
        failures += status.code == STATUS_RESOURCE_EXHAUSTED;
        cr_expect(status.code == STATUS_OK || status.code == STATUS_RESOURCE_EXHAUSTED);
        cr_expect_null(tight.fault.code);
        arena_deinit(&small);
    }
    cr_expect_gt(failures, 0);
    cr_expect_lt(failures, 30);
}

Test(transcode, refuses_enum_names_that_are_unknown_or_unspecified)
{
    static const char *const bodies[] = { "{\"status\":\"GONE\"}", "{\"status\":\"UNSPECIFIED\"}",
                                          "{\"status\":1}", "{\"status\":\"active\"}" };

    for (size_t i = 0; i < 4; i++) {
        ProtobufCMessage *message;
        cr_expect_eq(
            transcode(&jumun__product__v1__update_product_request__descriptor, bodies[i], &message)
                .code,
            STATUS_INVALID_ARGUMENT, "%s", bodies[i]);
    }
}

Test(transcode, lets_nobody_set_a_field_that_is_not_open)
{
    ProtobufCMessage *message =
        transcode_new(&jumun__member__v1__change_password_request__descriptor, &arena);
    static const char json[] = "{\"current\":\"a\",\"next\":\"b\",\"session\":\"c\"}";

    Status status = transcode_body(&transcoder, json, sizeof json - 1, 3, message);
    cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT);
    cr_expect_str_eq(transcoder.fault.pointer, "/session");
    cr_expect_str_eq(transcoder.fault.code, "UNKNOWN_FIELD");
}

static Status set_text(const char *name, const char *text, ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field =
        json_field_find(message->descriptor, name, strlen(name));

    cr_assert_not_null(field, "%s", name);
    return transcode_text(&transcoder, field, text, "?x", message);
}

Test(transcode, reads_texts_of_path_and_query)
{
    ProtobufCMessage *message =
        transcode_new(&jumun__order__v1__list_orders_request__descriptor, &arena);
    const Jumun__Order__V1__ListOrdersRequest *list = (const void *)message;
    char code[ORDER_CODE_SIZE];

    order_code_format(&keys, (OrderId){ 123456789 }, code);
    cr_expect_eq(set_text("orderCode", code, message).code, STATUS_OK);
    cr_expect_eq(list->order_id, 123456789);
    cr_expect_eq(set_text("status", "COMPLETED", message).code, STATUS_OK);
    cr_expect_eq(list->status, JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED);
    cr_expect_eq(set_text("from", "1970-01-01T00:00:01.5Z", message).code, STATUS_OK);
    cr_expect_eq(list->from_us, 1500000);
    cr_expect_eq(set_text("limit", "100", message).code, STATUS_OK);
    cr_expect_eq(list->limit, 100);
    cr_expect_eq(set_text("cursor", "abc", message).code, STATUS_OK);
    cr_expect_str_eq(list->cursor, "abc");
}

Test(transcode, refuses_wrong_texts_of_path_and_query)
{
    static const struct {
        const char *name;
        const char *text;
        const char *code;
    } rows[] = {
        { "orderCode", "", "BAD_ORDER_CODE" },
        { "orderCode", "01H2X-8Q0ZK-3M5NW-7R9TB", "BAD_ORDER_CODE" },
        { "orderCode", "UUUUU-UUUUU-UUUUU-UUUUU", "BAD_ORDER_CODE" },
        { "status", "", "UNKNOWN_VALUE" },
        { "from", "yesterday", "BAD_TIME" },
        { "from", "2026-02-30T00:00:00Z", "BAD_TIME" },
        { "limit", "", "OUT_OF_RANGE" },
        { "limit", "01", "OUT_OF_RANGE" },
        { "limit", " 1", "OUT_OF_RANGE" },
        { "limit", "1 OR 1=1", "OUT_OF_RANGE" },
        { "limit", "-1", "OUT_OF_RANGE" },
        { "limit", "4294967296", "OUT_OF_RANGE" },
        { "limit", "\xEF\xBC\x91", "OUT_OF_RANGE" }, /* a full-width 1 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ProtobufCMessage *message =
            transcode_new(&jumun__order__v1__list_orders_request__descriptor, &arena);
        Status status = set_text(rows[i].name, rows[i].text, message);
        cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", rows[i].text);
        cr_expect_str_eq(transcoder.fault.code, rows[i].code, "%s", rows[i].text);
        cr_expect_str_eq(transcoder.fault.pointer, "?x");
    }
}
