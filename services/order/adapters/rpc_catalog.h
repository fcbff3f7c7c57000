/* rpc_catalog.h - the Catalog by RPC to the product service. The client may be shared by
 * several catalogs; a catalog is opened per thread. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_RPC_CATALOG_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_RPC_CATALOG_H

#include "common/base/clock.h"
#include "common/rpc/rpc_client.h"
#include "services/order/app/order_ports.h"

enum {
    CATALOG_TIMEOUT_MS = 2000,
    CATALOG_CALL_MAX = 512, /* products in one call */
};

/* `client` is borrowed until close. */
Status rpc_catalog_open(RpcClient *client, const Clock *clock, Catalog **ret_catalog);

/* NULL is ignored. */
void rpc_catalog_close(Catalog *catalog);

#endif
