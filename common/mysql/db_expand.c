#include "common/mysql/db_expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mysql/db.h"

/* Finds the marks and counts each part's '?'. */
static void scan(DbExpansion *expansion, const char *sql)
{
    char quote = '\0';
    size_t *params = &expansion->before;

    for (const char *at = sql; *at != '\0'; at++) {
        if (quote != '\0') {
            quote = (char)(*at == quote ? '\0' : quote);
        } else if (*at == '\'' || *at == '"' || *at == '`') {
            quote = *at;
        } else if (*at == '?') {
            ++*params;
        } else if (*at == '{') {
            assert(expansion->open == NULL); /* only one */
            expansion->open = at;
            params = &expansion->group;
        } else if (*at == '|' && expansion->open != NULL && expansion->close == NULL) {
            expansion->bar = at;
        } else if (*at == '}') {
            assert(expansion->bar != NULL && expansion->close == NULL);
            expansion->close = at;
            params = &expansion->after;
        }
    }
    assert((expansion->open == NULL) == (expansion->close == NULL));
}

void db_expansion_init(DbExpansion *expansion, const char *sql, size_t count)
{
    *expansion = (DbExpansion){ .open = NULL };
    scan(expansion, sql);
    assert(count <= DB_PARAMS_MAX);
    if (expansion->open == NULL) {
        assert(count == expansion->before);
        return;
    }
    size_t fixed = expansion->before + expansion->after;
    assert(expansion->group > 0 && count > fixed && (count - fixed) % expansion->group == 0);
    expansion->groups = (count - fixed) / expansion->group;

    size_t most = (DB_PARAMS_MAX - fixed) / expansion->group;
    size_t repetitions = 1;
    while (repetitions < expansion->groups) {
        repetitions *= 2;
    }
    expansion->repetitions = repetitions < most ? repetitions : most;
}

size_t db_expansion_params(const DbExpansion *expansion)
{
    return expansion->before + expansion->repetitions * expansion->group + expansion->after;
}

size_t db_expansion_source(const DbExpansion *expansion, size_t index)
{
    size_t end = expansion->before + expansion->repetitions * expansion->group;

    if (index < expansion->before) {
        return index;
    }
    if (index >= end) {
        return index - (expansion->repetitions - expansion->groups) * expansion->group;
    }
    size_t number = (index - expansion->before) / expansion->group;
    size_t within = (index - expansion->before) % expansion->group;
    if (number >= expansion->groups) {
        number = expansion->groups - 1;
    }
    return expansion->before + number * expansion->group + within;
}

static char *put(char *out, const char *from, const char *to)
{
    size_t size = (size_t)(to - from);

    memcpy(out, from, size);
    return out + size;
}

char *db_expansion_text(const DbExpansion *expansion, const char *sql)
{
    if (expansion->open == NULL) {
        return strdup(sql);
    }
    const char *end = expansion->close + strlen(expansion->close);
    size_t once = (size_t)(expansion->close - expansion->open);
    char *text = malloc((size_t)(end - sql) + once * expansion->repetitions + 1);

    if (text == NULL) {
        return NULL;
    }
    char *out = put(text, sql, expansion->open);
    for (size_t i = 0; i < expansion->repetitions; i++) {
        if (i > 0) {
            out = put(out, expansion->bar + 1, expansion->close);
        }
        out = put(out, expansion->open + 1, expansion->bar);
    }
    out = put(out, expansion->close + 1, end);
    *out = '\0';
    return text;
}
