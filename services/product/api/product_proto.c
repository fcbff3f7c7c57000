#include "services/product/api/product_proto.h"

#include <assert.h>
#include <string.h>

#include "common/rpc/proto_arena.h"

/* One row for each ProductFault, in the order of its bits. */
static const struct FaultRow {
    ProductFault fault;
    const char *pointer;
    const char *detail;
} fault_rows[PRODUCT_FAULT_COUNT] = {
    { PRODUCT_FAULT_NAME, "/name", "one line of 1 to 100 characters" },
    { PRODUCT_FAULT_PRICE, "/price", "minor units, from 1 to 10^15" },
    { PRODUCT_FAULT_QUANTITY, "/quantity", "units, at most 10^9" },
    { PRODUCT_FAULT_STATUS, "/status", "ACTIVE or ARCHIVED" },
    { PRODUCT_FAULT_DELTA, "/delta", "units, not 0, at most 10^9 either way, 10^12 in all" },
    { PRODUCT_FAULT_REASON, "/reason", "one line of 1 to 100 characters" },
    { PRODUCT_FAULT_REFERENCE, "/reference", "one line of 1 to 100 characters" },
};

void product_to_proto(const Product *product, Jumun__Product__V1__Product *ret_message)
{
    jumun__product__v1__product__init(ret_message);
    ret_message->product_id = product->id.value;
    ret_message->name = proto_text(product->name);
    ret_message->price = product->price.minor;
    ret_message->quantity = product->on_hand - product->reserved;
    ret_message->status = product->status == PRODUCT_ACTIVE
                              ? JUMUN__PRODUCT__V1__PRODUCT__STATUS__ACTIVE
                              : JUMUN__PRODUCT__V1__PRODUCT__STATUS__ARCHIVED;
    ret_message->version = product->version;
}

bool products_to_proto(const Product *products, size_t count, Arena *arena,
                       Jumun__Product__V1__Product ***ret_messages)
{
    Jumun__Product__V1__Product *messages = arena_calloc(arena, count, sizeof *messages);
    Jumun__Product__V1__Product **pointers = arena_calloc(arena, count, sizeof *pointers);

    if (messages == NULL || pointers == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        product_to_proto(&products[i], &messages[i]);
        pointers[i] = &messages[i];
    }
    *ret_messages = pointers;
    return true;
}

static void put_number(RequestKey *key, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8) {
        key->bytes[key->size++] = (uint8_t)(number >> shift);
    }
}

void request_key_make(const RpcContext *context, char method, ProductId product,
                      RequestKey *ret_key)
{
    size_t size = strlen(context->request_key);

    ret_key->size = 0;
    if (size == 0) {
        return;
    }
    static_assert(1 + 8 + 8 + RPC_REQUEST_KEY_MAX <= REQUEST_KEY_MAX, "key and scope");
    assert(size <= RPC_REQUEST_KEY_MAX);
    ret_key->bytes[ret_key->size++] = (uint8_t)method;
    put_number(ret_key, context->member.value);
    put_number(ret_key, product.value);
    memcpy(&ret_key->bytes[ret_key->size], context->request_key, size);
    ret_key->size += size;
    static_assert(sizeof ret_key->hash == sizeof context->request_hash, "the same hash");
    memcpy(ret_key->hash, context->request_hash, sizeof ret_key->hash);
}

/* Answers with the fields; there may be none. */
static void fail(RpcCall *call, Status status, Jumun__Rpc__V1__FieldError **fields, size_t count)
{
    Jumun__Rpc__V1__ErrorDetails details;

    jumun__rpc__v1__error_details__init(&details);
    details.fields = fields;
    details.n_fields = count;
    rpc_call_fail(call, status, count > 0 ? &details : NULL);
}

static void set_field(const char *pointer, const char *detail, Jumun__Rpc__V1__FieldError *field)
{
    jumun__rpc__v1__field_error__init(field);
    field->pointer = proto_text(pointer);
    field->code = proto_text("INVALID");
    field->detail = proto_text(detail);
}

void product_call_fail(RpcCall *call, Status status, unsigned faults)
{
    Jumun__Rpc__V1__FieldError fields[PRODUCT_FAULT_COUNT];
    Jumun__Rpc__V1__FieldError *pointers[PRODUCT_FAULT_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < PRODUCT_FAULT_COUNT; i++) {
        if ((faults & (unsigned)fault_rows[i].fault) != 0) {
            set_field(fault_rows[i].pointer, fault_rows[i].detail, &fields[count]);
            pointers[count] = &fields[count];
            count++;
        }
    }
    fail(call, status, pointers, count);
}

void product_call_refuse_field(RpcCall *call, const char *pointer, const char *detail)
{
    Jumun__Rpc__V1__FieldError field;
    Jumun__Rpc__V1__FieldError *fields[] = { &field };

    set_field(pointer, detail, &field);
    fail(call, status_make(STATUS_INVALID_ARGUMENT, "VALIDATION"), fields, 1);
}
