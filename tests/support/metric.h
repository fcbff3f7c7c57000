/* metric.h - one number of a program's operations port, for the bench and the end-to-end
 * tests. */
#ifndef JUMUN_TESTS_SUPPORT_METRIC_H
#define JUMUN_TESTS_SUPPORT_METRIC_H

#include <stdbool.h>

/* Asks the port ("http://127.0.0.1:7204") for its metrics and finds the series, which has
 * no labels. False if nobody answers or there is no such series. */
bool metric_read(const char *ops, const char *name, double *ret_value);

#endif
