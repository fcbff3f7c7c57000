/* docs/errors.md is what the error table says. A plain program:
 *
 *     problem_doc FILE            fails if FILE is not up to date
 *     problem_doc --write FILE    writes it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/gateway/problem.h"

static const char head[] =
    "# Errors\n"
    "\n"
    "Every error of the HTTP API is `application/problem+json` (RFC 9457):\n"
    "\n"
    "```json\n"
    "{\"type\":\"/errors/VALIDATION\",\"title\":\"A field of the request is not acceptable\",\n"
    " \"status\":400,\"code\":\"VALIDATION\",\"detail\":\"...\",\"instance\":\"<X-Request-Id>\",\n"
    " \"traceId\":\"...\",\"errors\":[{\"pointer\":\"/lines/0/quantity\",\"code\":\"OUT_OF_RANGE\","
    "\"detail\":\"...\"}]}\n"
    "```\n"
    "\n"
    "`code` is stable. `pointer` is a JSON pointer into the body (empty: all of it), `?name` for\n"
    "a query parameter, `{name}` for a path parameter, or a header's name. `OUT_OF_STOCK` adds\n"
    "`items: [{productId, requested, available}]`. `Retry-After` says when trying again makes\n"
    "sense. When an address signs up, logs in or changes a password too often, `RATE_LIMITED`\n"
    "also has `RateLimit-Limit` (sign-ins it may save up), `RateLimit-Remaining` (0) and\n"
    "`RateLimit-Reset` (seconds until there is one more).\n"
    "\n"
    "This table is `problem_types` in `services/gateway/problem.c`; a test compares them.\n"
    "\n"
    "| HTTP | code | meaning |\n"
    "|---|---|---|\n";

static size_t render(char *text, size_t size)
{
    size_t at = (size_t)snprintf(text, size, "%s", head);

    for (size_t i = 0; i < problem_type_count; i++) {
        at +=
            (size_t)snprintf(text + at, size - at, "| %u | `%s` | %s |\n", problem_types[i].status,
                             problem_types[i].name, problem_types[i].title);
    }
    return at;
}

static int write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    return file != NULL && fwrite(text, 1, size, file) == size && fclose(file) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static char wanted[64 * 1024];
    static char found[64 * 1024];
    size_t size = render(wanted, sizeof wanted);

    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        return write_file(argv[2], wanted, size);
    }
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "cannot read the file\n");
        return 1;
    }
    size_t found_size = fread(found, 1, sizeof found, file);
    (void)fclose(file);
    if (found_size != size || memcmp(found, wanted, size) != 0) {
        (void)fprintf(stderr, "%s is not what the table says: run %s --write %s\n", argv[1],
                      argv[0], argv[1]);
        return 1;
    }
    return 0;
}
