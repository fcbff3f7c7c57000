/* db_expand.h - the "{pattern|separator}" of a statement: parsed, rounded, written out.
 * Pure; internal to common/mysql. Braces, bars and '?' inside quotes are text. */
#ifndef JUMUN_COMMON_MYSQL_DB_EXPAND_H
#define JUMUN_COMMON_MYSQL_DB_EXPAND_H

#include <stddef.h>

typedef struct DbExpansion {
    const char *open; /* '{', '|' and '}' in the text; NULL: there is no pattern */
    const char *bar;
    const char *close;
    size_t before;      /* parameters in front of the pattern, */
    size_t group;       /* in it once, */
    size_t after;       /* and behind it */
    size_t groups;      /* that the caller has values for */
    size_t repetitions; /* rounded up; 0 without a pattern */
} DbExpansion;

/* Counts what `count` parameters make of sql. A count that does not fit the text is the
 * programmer's error. */
void db_expansion_init(DbExpansion *expansion, const char *sql, size_t count);

/* Of all '?' in the text written out. */
size_t db_expansion_params(const DbExpansion *expansion);

/* Which of the caller's parameters is bound to the index-th '?'. */
size_t db_expansion_source(const DbExpansion *expansion, size_t index);

/* The text written out, to be freed. NULL: no memory. */
char *db_expansion_text(const DbExpansion *expansion, const char *sql);

#endif
