#include "services/product/api/product_calls.h"

#include <assert.h>
#include <string.h>

#include "common/base/text.h"
#include "common/rpc/proto_arena.h"
#include "services/product/api/product_cursor.h"
#include "services/product/api/product_proto.h"

enum {
    LIST_LIMIT_STANDARD = 20
};

static void answer_product(RpcCall *call, Status status, unsigned faults, const Product *product)
{
    Jumun__Product__V1__Product message;

    if (status_failed(status)) {
        product_call_fail(call, status, faults);
        return;
    }
    product_to_proto(product, &message);
    rpc_call_reply(call, &message.base);
}

void product_call_create(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__CreateProductRequest *request = rpc_call_request(call);
    Product product = {
        .price = { request->price },
        .on_hand = request->quantity,
    };
    RequestKey key;
    unsigned faults = 0;
    size_t name_size = strlen(request->name);

    /* A name too long to be copied becomes "", which the domain refuses as well. */
    if (name_size < sizeof product.name) {
        memcpy(product.name, request->name, name_size + 1);
    }
    if (!id_source_next_small(worker->ids, &product.id.value)) {
        rpc_call_fail(call, status_make(STATUS_UNAVAILABLE, "UNAVAILABLE"), NULL);
        return;
    }
    request_key_make(rpc_call_context(call), 'C', (ProductId){ 0 }, &key);
    Status status = create_product(&worker->catalog, &product, &key, &faults);
    answer_product(call, status, faults, &product);
}

void product_call_update(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__UpdateProductRequest *request = rpc_call_request(call);
    ProductPatch patch = {
        .product = { request->product_id },
        .expected_version = request->expected_version,
    };
    Product product;
    unsigned sets = 0;
    unsigned faults = 0;

    if (request->expected_version == 0) {
        rpc_call_fail(call, status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"), NULL);
        return;
    }
    if (request->_name_case == JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___NAME_NAME) {
        patch.name = request->name;
    }
    if (request->_price_case == JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___PRICE_PRICE) {
        patch.price = request->price;
        sets |= PRODUCT_FAULT_PRICE;
    }
    if (request->_status_case == JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___STATUS_STATUS) {
        patch.status = (ProductStatus)request->status;
        sets |= PRODUCT_FAULT_STATUS;
    }
    Status status = update_product(&worker->catalog, &patch, sets, &product, &faults);
    answer_product(call, status, faults, &product);
}

void product_call_archive(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__ArchiveProductRequest *request = rpc_call_request(call);
    Jumun__Product__V1__ArchiveProductReply reply = JUMUN__PRODUCT__V1__ARCHIVE_PRODUCT_REPLY__INIT;

    Status status = archive_product(&worker->catalog, (ProductId){ request->product_id },
                                    request->expected_version);
    if (status_failed(status)) {
        rpc_call_fail(call, status, NULL);
    } else {
        rpc_call_reply(call, &reply.base);
    }
}

void product_call_adjust_stock(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__AdjustStockRequest *request = rpc_call_request(call);
    Jumun__Product__V1__Stock reply = JUMUN__PRODUCT__V1__STOCK__INIT;
    ProductId id = { request->product_id };
    Product product;
    RequestKey key;
    unsigned faults = 0;
    bool has_reference =
        request->_reference_case == JUMUN__PRODUCT__V1__ADJUST_STOCK_REQUEST___REFERENCE_REFERENCE;

    request_key_make(rpc_call_context(call), 'A', id, &key);
    StockChange change = {
        .product = id,
        .delta = request->delta,
        .reason = request->reason,
        .reference = has_reference ? request->reference : NULL,
        .key = &key,
    };
    Status status = adjust_stock(&worker->catalog, &change, &product, &faults);
    if (status_failed(status)) {
        product_call_fail(call, status, faults);
        return;
    }
    reply.on_hand = product.on_hand;
    reply.reserved = product.reserved;
    reply.available = product.on_hand - product.reserved;
    rpc_call_reply(call, &reply.base);
}

void product_call_decrease_stock(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__DecreaseStockRequest *request = rpc_call_request(call);
    ProductId id = { request->product_id };
    Product product;
    RequestKey key;
    unsigned faults = 0;

    request_key_make(rpc_call_context(call), 'D', id, &key);
    Status status =
        decrease_stock(&worker->catalog, id, request->quantity, &key, &product, &faults);
    answer_product(call, status, faults, &product);
}

void product_call_get_stock(ProductWorker *worker, RpcCall *call)
{
    const Jumun__Product__V1__GetStockRequest *request = rpc_call_request(call);
    Jumun__Product__V1__StockLevel reply = JUMUN__PRODUCT__V1__STOCK_LEVEL__INIT;
    StockGate *gate = worker->catalog.gate;
    Product product;
    bool known = false;
    int64_t units = 0;

    Status status =
        find_product(worker->catalog.store, (ProductId){ request->product_id }, &product);
    if (status_failed(status)) {
        rpc_call_fail(call, status, NULL);
        return;
    }
    reply.on_hand = product.on_hand;
    reply.reserved = product.reserved;
    reply.available = product.on_hand - product.reserved;
    /* A gate that is down knows nothing, like one that has lost its key. */
    if (!status_failed(gate->ops->peek(gate, product.id, &known, &units)) && known) {
        reply._gate_available_case =
            JUMUN__PRODUCT__V1__STOCK_LEVEL___GATE_AVAILABLE_GATE_AVAILABLE;
        reply.gate_available = units;
        reply._drift_case = JUMUN__PRODUCT__V1__STOCK_LEVEL___DRIFT_DRIFT;
        reply.drift = units - reply.available;
    }
    rpc_call_reply(call, &reply.base);
}

/* False, and the call is answered, if the request is not well-formed. */
static bool parse_query(RpcCall *call, ProductQuery *query)
{
    const Jumun__Product__V1__ListProductsRequest *request = rpc_call_request(call);

    *query = (ProductQuery){
        .search = request->q,
        .archived_too = rpc_call_context(call)->role == JUMUN__RPC__V1__ROLE__ADMIN,
        .limit = request->limit == 0 ? LIST_LIMIT_STANDARD : request->limit,
    };
    if (!text_is_line(request->q, 0, PRODUCT_NAME_MAX)) {
        product_call_refuse_field(call, "/q", "one line of at most 100 characters");
    } else if (query->limit > PRODUCTS_LIST_MAX) {
        product_call_refuse_field(call, "/limit", "from 1 to 100");
    } else if (!product_sort_parse(request->sort, query)) {
        product_call_refuse_field(call, "/sort", "id, name or price, with - in front or not");
    } else if (!product_cursor_parse(request->cursor, query)) {
        product_call_refuse_field(call, "/cursor", "nextCursor of the same list");
    } else {
        return true;
    }
    return false;
}

void product_call_list(ProductWorker *worker, RpcCall *call)
{
    Jumun__Product__V1__ListProductsReply reply;
    ProductStore *store = worker->catalog.store;
    ProductQuery query;
    char cursor[PRODUCT_CURSOR_SIZE];

    if (!parse_query(call, &query)) {
        return;
    }
    jumun__product__v1__list_products_reply__init(&reply);
    size_t page = query.limit;
    query.limit++; /* one more tells whether there is a next page */
    Product *products = arena_calloc(rpc_call_arena(call), query.limit, sizeof *products);
    size_t count = 0;
    Status status = products == NULL ? status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED")
                                     : store->ops->list(store, &query, products, &count);
    if (!status_failed(status) && count > page) {
        count = page;
        product_cursor_format(&query, &products[count - 1], cursor);
        reply.next_cursor = proto_text(cursor);
    }
    reply.n_items = count;
    if (!status_failed(status) &&
        !products_to_proto(products, count, rpc_call_arena(call), &reply.items)) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (status_failed(status)) {
        rpc_call_fail(call, status, NULL);
    } else {
        rpc_call_reply(call, &reply.base);
    }
}
