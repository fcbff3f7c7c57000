/* product_calls.h - the calls that run alone: each function answers one call, on a
 * thread that may block. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_CALLS_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_CALLS_H

#include "services/product/api/product_api.h"

typedef void ProductCall(ProductWorker *worker, RpcCall *call);

ProductCall product_call_create;
ProductCall product_call_list;
ProductCall product_call_update;
ProductCall product_call_archive;
ProductCall product_call_adjust_stock;
ProductCall product_call_decrease_stock;
ProductCall product_call_get_stock;

#endif
