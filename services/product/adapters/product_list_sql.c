#include "services/product/adapters/product_list_sql.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* The statements differ only where SQL takes no parameter. The first four parameters are
 * the same in all: search, pattern, archived too; the limit is the last. */
#define SELECT                                                                                     \
    "SELECT p.product_id, p.name, p.price, p.status, p.version, s.on_hand, s.reserved "            \
    "FROM product p JOIN stock s ON s.product_id = p.product_id "                                  \
    "WHERE (? = '' OR p.name COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!') "                       \
    "AND (? = 1 OR p.status = 'ACTIVE') "
#define BY_ID(direction) "ORDER BY p.product_id " direction " LIMIT ?"
#define BY(column, direction)                                                                      \
    "ORDER BY " column " " direction ", p.product_id " direction " LIMIT ?"
#define AFTER_ID(compare) "AND p.product_id " compare " ? "
#define AFTER(column, compare)                                                                     \
    "AND (" column " " compare " ? OR (" column " = ? AND p.product_id " compare " ?)) "

/* [sort][descending][has_after] */
static const char *const statements[3][2][2] = {
    [PRODUCT_SORT_ID] = {
        { SELECT BY_ID("ASC"), SELECT AFTER_ID(">") BY_ID("ASC") },
        { SELECT BY_ID("DESC"), SELECT AFTER_ID("<") BY_ID("DESC") },
    },
    [PRODUCT_SORT_NAME] = {
        { SELECT BY("p.name", "ASC"), SELECT AFTER("p.name", ">") BY("p.name", "ASC") },
        { SELECT BY("p.name", "DESC"), SELECT AFTER("p.name", "<") BY("p.name", "DESC") },
    },
    [PRODUCT_SORT_PRICE] = {
        { SELECT BY("p.price", "ASC"), SELECT AFTER("p.price", ">") BY("p.price", "ASC") },
        { SELECT BY("p.price", "DESC"), SELECT AFTER("p.price", "<") BY("p.price", "DESC") },
    },
};

#undef SELECT
#undef BY_ID
#undef BY
#undef AFTER_ID
#undef AFTER

static void make_pattern(const char *search, char *ret_pattern)
{
    char *out = ret_pattern;

    *out++ = '%';
    for (const char *at = search; *at != '\0'; at++) {
        if (strchr("%_!", *at) != NULL) {
            *out++ = '!';
        }
        *out++ = *at;
    }
    *out++ = '%';
    *out = '\0';
}

void product_list_sql(const ProductQuery *query, ProductListSql *ret_sql)
{
    DbValue *params = ret_sql->params;
    size_t count = 0;

    assert(strlen(query->search) < PRODUCT_NAME_SIZE);
    make_pattern(query->search, ret_sql->pattern);
    params[count++] = db_text(query->search);
    params[count++] = db_text(ret_sql->pattern);
    params[count++] = db_int(query->archived_too ? 1 : 0);
    if (query->has_after && query->sort != PRODUCT_SORT_ID) {
        DbValue place = query->sort == PRODUCT_SORT_NAME ? db_text(query->after.name)
                                                         : db_int(query->after.price.minor);
        params[count++] = place;
        params[count++] = place;
    }
    if (query->has_after) {
        params[count++] = db_uint(query->after.id.value);
    }
    params[count++] = db_int((int64_t)query->limit);
    ret_sql->param_count = count;
    ret_sql->text = statements[query->sort][query->descending ? 1 : 0][query->has_after ? 1 : 0];
}
