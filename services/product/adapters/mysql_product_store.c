/* mysql_product_store.c - reads are single statements; each change is one transaction
 * that begins with the row whose key makes a repetition fail. */
#include "services/product/adapters/mysql_product_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mysql/db.h"
#include "services/product/adapters/product_list_sql.h"
#include "services/product/adapters/product_schema.h"

static_assert((int)PRODUCTS_FIND_MAX <= (int)DB_PARAMS_MAX, "all ids in one query");

typedef struct MysqlProductStore {
    ProductStore store; /* first: a ProductStore pointer is one of these */
    Db *db;
    IdSource *ids;
    const Clock *clock;
    bool schema_known;
    DbValue params[PRODUCTS_FIND_MAX];
} MysqlProductStore;

/* Where rows go. */
typedef struct Taken {
    Product *products;
    size_t count;
    size_t max;
} Taken;

static const char *status_text(ProductStatus status)
{
    return status == PRODUCT_ACTIVE ? "ACTIVE" : "ARCHIVED";
}

static Status take_product(void *context, const DbRow *row)
{
    Taken *taken = context;
    size_t size;
    const void *name = db_row_bytes(row, 1, &size);

    if (taken->count == taken->max || size >= PRODUCT_NAME_SIZE) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    Product *product = &taken->products[taken->count++];
    product->id = (ProductId){ db_row_uint(row, 0) };
    memcpy(product->name, name, size);
    product->name[size] = '\0';
    product->price = (Money){ db_row_int(row, 2) };
    product->status =
        strcmp(db_row_text(row, 3), "ACTIVE") == 0 ? PRODUCT_ACTIVE : PRODUCT_ARCHIVED;
    product->version = (uint32_t)db_row_uint(row, 4);
    product->on_hand = db_row_int(row, 5);
    product->reserved = db_row_int(row, 6);
    return status_ok();
}

static Status find(ProductStore *base, const ProductId *ids, size_t count, Product *ret_products,
                   size_t *ret_count)
{
    MysqlProductStore *store = (MysqlProductStore *)base;
    Taken taken = { ret_products, 0, count };

    assert(count <= PRODUCTS_FIND_MAX);
    for (size_t i = 0; i < count; i++) {
        store->params[i] = db_uint(ids[i].value);
    }
    Status status = product_schema_check(store->db, &store->schema_known);
    if (!status_failed(status) && count > 0) {
        status = db_query(store->db,
                          "SELECT p.product_id, p.name, p.price, p.status, p.version, s.on_hand, "
                          "s.reserved FROM product p JOIN stock s ON s.product_id = p.product_id "
                          "WHERE p.product_id IN ({?|,}) ORDER BY p.product_id",
                          store->params, count, take_product, &taken);
    }
    if (!status_failed(status)) {
        *ret_count = taken.count;
    }
    return status;
}

static Status list(ProductStore *base, const ProductQuery *query, Product *ret_products,
                   size_t *ret_count)
{
    MysqlProductStore *store = (MysqlProductStore *)base;
    Taken taken = { ret_products, 0, query->limit };
    ProductListSql sql;

    product_list_sql(query, &sql);
    Status status = product_schema_check(store->db, &store->schema_known);
    if (!status_failed(status)) {
        status = db_query(store->db, sql.text, sql.params, sql.param_count, take_product, &taken);
    }
    if (!status_failed(status)) {
        *ret_count = taken.count;
    }
    return status;
}

/* What a transaction works on. */
typedef struct Change {
    MysqlProductStore *store;
    const Product *product;
    const ProductPatch *patch;
    const StockChange *stock;
    int64_t now_us;
    Taken found;
} Change;

static Status transact(ProductStore *base, DbTransaction *body, Change *change)
{
    MysqlProductStore *store = (MysqlProductStore *)base;

    change->store = store;
    change->now_us = clock_wall_us(store->clock);
    Status status = product_schema_check(store->db, &store->schema_known);
    return status_failed(status) ? status : db_transact(store->db, body, change);
}

static Status rename_duplicate(Status status, const char *name)
{
    return status.code == STATUS_ALREADY_EXISTS ? status_make(STATUS_ALREADY_EXISTS, name) : status;
}

static Status insert_entry(Change *change, Db *db)
{
    static const char *const types[] = { [LEDGER_RECEIVE] = "RECEIVE", [LEDGER_ADJUST] = "ADJUST" };
    const StockChange *stock = change->stock;
    const RequestKey *key = stock->key;
    uint64_t id;

    if (!id_source_next(change->store->ids, &id)) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    const DbValue values[] = {
        db_uint(id),
        db_uint(stock->product.value),
        db_text(types[stock->type]),
        db_int(stock->delta),
        db_text(stock->reason),
        db_text(stock->reference),
        key->size == 0 ? db_null() : db_bytes(key->bytes, key->size),
        key->size == 0 ? db_null() : db_bytes(key->hash, sizeof key->hash),
        db_time(change->now_us),
    };
    Status status =
        db_execute(db,
                   "INSERT INTO stock_ledger (id, product_id, type, on_hand_delta, reserved_delta, "
                   "reason, reference, request_key, request_hash, at) "
                   "VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
                   values, sizeof values / sizeof values[0], NULL);
    return rename_duplicate(status, "REPEATED");
}

static Status create_body(void *context, Db *db)
{
    Change *change = context;
    const Product *product = change->product;
    const DbValue row[] = {
        db_uint(product->id.value),   db_text(product->name),
        db_int(product->price.minor), db_text(status_text(product->status)),
        db_uint(product->version),    db_time(change->now_us),
        db_time(change->now_us),
    };
    const DbValue stock[] = { db_uint(product->id.value), db_int(product->on_hand) };

    Status status = insert_entry(change, db);
    if (status_failed(status)) {
        return status;
    }
    status = db_execute(db,
                        "INSERT INTO product (product_id, name, price, status, version, "
                        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        row, sizeof row / sizeof row[0], NULL);
    if (status_failed(status)) {
        return rename_duplicate(status, "PRODUCT_NAME_TAKEN");
    }
    return db_execute(db, "INSERT INTO stock (product_id, on_hand, reserved) VALUES (?, ?, 0)",
                      stock, sizeof stock / sizeof stock[0], NULL);
}

static Status create(ProductStore *base, const Product *product, const StockChange *receipt)
{
    Change change = { .product = product, .stock = receipt };

    return transact(base, create_body, &change);
}

/* Reads the product in the transaction at hand; NOT_FOUND. */
static Status read_back(Change *change, Db *db, ProductId product)
{
    const DbValue id = db_uint(product.value);

    change->found.count = 0;
    Status status =
        db_query(db,
                 "SELECT p.product_id, p.name, p.price, p.status, p.version, s.on_hand, s.reserved "
                 "FROM product p JOIN stock s ON s.product_id = p.product_id "
                 "WHERE p.product_id = ?",
                 &id, 1, take_product, &change->found);
    if (!status_failed(status) && change->found.count == 0) {
        status = status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
    }
    return status;
}

static Status update_body(void *context, Db *db)
{
    Change *change = context;
    const ProductPatch *patch = change->patch;
    const DbValue values[] = {
        db_text(patch->name),
        patch->price == 0 ? db_null() : db_int(patch->price),
        patch->status == 0 ? db_null() : db_text(status_text(patch->status)),
        db_time(change->now_us),
        db_uint(patch->product.value),
        db_uint(patch->expected_version),
        db_uint(patch->expected_version),
    };
    uint64_t affected = 0;

    Status status = db_execute(db,
                               "UPDATE product SET name = COALESCE(?, name), "
                               "price = COALESCE(?, price), status = COALESCE(?, status), "
                               "version = version + 1, updated_at = ? "
                               "WHERE product_id = ? AND (? = 0 OR version = ?)",
                               values, sizeof values / sizeof values[0], &affected);
    if (status_failed(status)) {
        return rename_duplicate(status, "PRODUCT_NAME_TAKEN");
    }
    status = read_back(change, db, patch->product);
    if (!status_failed(status) && affected == 0) {
        status = status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH");
    }
    return status;
}

static Status update(ProductStore *base, const ProductPatch *patch, Product *ret_product)
{
    Product product;
    Change change = { .patch = patch, .found = { &product, 0, 1 } };

    Status status = transact(base, update_body, &change);
    if (!status_failed(status)) {
        *ret_product = product;
    }
    return status;
}

/* Why the conditional update found no row. */
static Status explain_refusal(Change *change, Db *db)
{
    Status status = read_back(change, db, change->stock->product);

    if (status_failed(status)) {
        return status;
    }
    const Product *now = change->found.products;
    return now->on_hand + change->stock->delta > STOCK_ON_HAND_MAX
               ? status_make(STATUS_OUT_OF_RANGE, "VALIDATION")
               : status_make(STATUS_FAILED_PRECONDITION, "WOULD_GO_NEGATIVE");
}

static Status adjust_body(void *context, Db *db)
{
    Change *change = context;
    const StockChange *stock = change->stock;
    const DbValue values[] = {
        db_int(stock->delta), db_uint(stock->product.value), db_int(stock->delta),
        db_int(stock->delta), db_int(STOCK_ON_HAND_MAX),
    };
    uint64_t affected = 0;

    Status status = insert_entry(change, db);
    if (status_failed(status)) {
        return status;
    }
    status = db_execute(db,
                        "UPDATE stock SET on_hand = on_hand + ? WHERE product_id = ? "
                        "AND on_hand + ? >= reserved AND on_hand + ? <= ?",
                        values, sizeof values / sizeof values[0], &affected);
    if (!status_failed(status) && affected == 0) {
        status = explain_refusal(change, db);
    }
    return status;
}

static Status adjust(ProductStore *base, const StockChange *stock)
{
    Product product;
    Change change = { .stock = stock, .found = { &product, 0, 1 } };

    return transact(base, adjust_body, &change);
}

typedef struct FoundChange {
    bool found;
    ProductId product;
    uint8_t hash[REQUEST_HASH_SIZE];
} FoundChange;

static Status take_change(void *context, const DbRow *row)
{
    FoundChange *change = context;
    size_t size;
    const void *hash = db_row_bytes(row, 1, &size);

    if (size != sizeof change->hash) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    change->found = true;
    change->product = (ProductId){ db_row_uint(row, 0) };
    memcpy(change->hash, hash, size);
    return status_ok();
}

static Status find_change(ProductStore *base, const RequestKey *key, ProductId *ret_product,
                          uint8_t ret_hash[REQUEST_HASH_SIZE])
{
    MysqlProductStore *store = (MysqlProductStore *)base;
    const DbValue value = db_bytes(key->bytes, key->size);
    FoundChange change = { .found = false };

    Status status = db_query(
        store->db, "SELECT product_id, request_hash FROM stock_ledger WHERE request_key = ?",
        &value, 1, take_change, &change);
    if (status_failed(status)) {
        return status;
    }
    if (!change.found) {
        return status_make(STATUS_NOT_FOUND, "REQUEST_NOT_FOUND");
    }
    *ret_product = change.product;
    memcpy(ret_hash, change.hash, sizeof change.hash);
    return status_ok();
}

static const ProductStoreOps ops = { find, list, create, update, adjust, find_change };

Status mysql_product_store_open(const char *url, IdSource *ids, const Clock *clock,
                                ProductStore **ret_store)
{
    MysqlProductStore *store = calloc(1, sizeof *store);

    if (store == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    store->store.ops = &ops;
    store->ids = ids;
    store->clock = clock;
    Status status = db_open(url, &store->db);
    if (status_failed(status)) {
        mysql_product_store_close(&store->store);
        return status;
    }
    *ret_store = &store->store;
    return status_ok();
}

void mysql_product_store_close(ProductStore *store)
{
    MysqlProductStore *opened = (MysqlProductStore *)store;

    if (opened == NULL) {
        return;
    }
    db_close(opened->db);
    free(opened);
}
