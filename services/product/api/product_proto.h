/* product_proto.h - between protobuf and the product domain. Pure but for the arena. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_PROTO_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_PROTO_H

#include "common/base/arena.h"
#include "common/rpc/rpc_server.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/product/app/product_ports.h"

/* The text of *ret_message is borrowed from the product. */
void product_to_proto(const Product *product, Jumun__Product__V1__Product *ret_message);

/* An array of messages about the products. False if the arena is full. */
bool products_to_proto(const Product *products, size_t count, Arena *arena,
                       Jumun__Product__V1__Product ***ret_messages);

/* The request key of a change, scoped by member, method and product; empty if the caller
 * sent none. */
void request_key_make(const RpcContext *context, char method, ProductId product,
                      RequestKey *ret_key);

/* Answers a failed call; faults (ProductFault) become its field errors. */
void product_call_fail(RpcCall *call, Status status, unsigned faults);

/* Refuses one field, a query parameter or one that the domain does not know. */
void product_call_refuse_field(RpcCall *call, const char *pointer, const char *detail);

#endif
