/* ops_page.h - a page of a program's operations port, as its operator reads it. */
#ifndef JUMUN_TESTS_SUPPORT_OPS_PAGE_H
#define JUMUN_TESTS_SUPPORT_OPS_PAGE_H

/* Asks the port ("http://127.0.0.1:7204") for "/livez", "/readyz" or "/metrics". The page
 * is the caller's to free; NULL if nobody answers, or not with 200. */
char *ops_page_read(const char *ops, const char *path);

#endif
