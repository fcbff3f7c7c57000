/* mysql_product_store.h - the ProductStore over product_db. One thread's; makes its own
 * connection when first used and refuses a schema that it does not know. */
#ifndef JUMUN_SERVICES_PRODUCT_ADAPTERS_MYSQL_PRODUCT_STORE_H
#define JUMUN_SERVICES_PRODUCT_ADAPTERS_MYSQL_PRODUCT_STORE_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/product/app/product_ports.h"

/* url as for db_open; ids and clock are borrowed until close. */
Status mysql_product_store_open(const char *url, IdSource *ids, const Clock *clock,
                                ProductStore **ret_store);

/* NULL is ignored. */
void mysql_product_store_close(ProductStore *store);

#endif
