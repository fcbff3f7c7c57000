/* product_list_sql.h - the statements behind ListProducts: one for each order, with and
 * without a place to go on from. */
#ifndef JUMUN_SERVICES_PRODUCT_ADAPTERS_PRODUCT_LIST_SQL_H
#define JUMUN_SERVICES_PRODUCT_ADAPTERS_PRODUCT_LIST_SQL_H

#include <stddef.h>

#include "common/mysql/db.h"
#include "services/product/app/product_ports.h"

enum {
    PRODUCT_LIST_PARAMS_MAX = 8,
    PRODUCT_PATTERN_SIZE = 2 * PRODUCT_NAME_SIZE + 2, /* all escaped, two %, NUL */
};

/* Text and parameters of a query; the pattern is what `params` may point to. */
typedef struct ProductListSql {
    const char *text;
    DbValue params[PRODUCT_LIST_PARAMS_MAX];
    size_t param_count;
    char pattern[PRODUCT_PATTERN_SIZE];
} ProductListSql;

/* The query's search must be at most PRODUCT_NAME_SIZE - 1 bytes. *ret_sql must not move
 * afterwards. */
void product_list_sql(const ProductQuery *query, ProductListSql *ret_sql);

#endif
