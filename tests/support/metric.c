#include "tests/support/metric.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/ops_page.h"

static bool find(const char *text, const char *name, double *ret_value)
{
    size_t size = strlen(name);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, size) == 0 && line[size] == ' ') {
            *ret_value = strtod(line + size, NULL);
            return true;
        }
    }
    return false;
}

bool metric_read(const char *ops, const char *name, double *ret_value)
{
    char *page = ops_page_read(ops, "/metrics");
    bool found = page != NULL && find(page, name, ret_value);

    free(page);
    return found;
}
