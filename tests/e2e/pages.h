/* pages.h - a list of the API, walked from its first page to its last. */
#ifndef JUMUN_TESTS_E2E_PAGES_H
#define JUMUN_TESTS_E2E_PAGES_H

#include "tests/e2e/stack.h"

/* All items, page by page; `list` is "/api/v1/orders?" and more. Fails the test unless
 * every page but the last is full. json_decref when done. */
json_t *pages_walk(Stack *stack, const char *token, const char *list, size_t limit);

#endif
