/* product_cursor.h - where a list of products goes on: the order and the last product of
 * the page, as base64url. Clients cannot see into it and need not; whatever they send is
 * read strictly, and a made-up cursor is only a place in a list that is open to all. Pure. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_CURSOR_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_CURSOR_H

#include <stdbool.h>

#include "services/product/app/product_ports.h"

enum {
    PRODUCT_CURSOR_BYTES_MAX = 1 + 8 + PRODUCT_NAME_SIZE,
    PRODUCT_CURSOR_SIZE = (PRODUCT_CURSOR_BYTES_MAX + 2) / 3 * 4 + 1,
};

/* "" is by id. False if there is no such order. */
bool product_sort_parse(const char *text, ProductQuery *query);

/* Names the place after `last` in the query's order. */
void product_cursor_format(const ProductQuery *query, const Product *last,
                           char ret_cursor[PRODUCT_CURSOR_SIZE]);

/* Sets the query's place; "" is the beginning. False if it is not a cursor of this order;
 * nothing is then set. */
bool product_cursor_parse(const char *cursor, ProductQuery *query);

#endif
