/* money.h - an amount in minor units of the shop's one currency.
 *
 * Every product and sum is checked: beyond MONEY_MAX either way it is refused,
 * never rounded or wrapped. */
#ifndef JUMUN_COMMON_BASE_MONEY_H
#define JUMUN_COMMON_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#define MONEY_MAX INT64_C(1000000000000000) /* 10^15, within 2^53: exact in JSON */

typedef struct Money {
    int64_t minor;
} Money;

/* *sum += amount; false, and *sum untouched, if that leaves +-MONEY_MAX. */
bool money_add(Money *sum, Money amount);

/* *ret = price * quantity; false, and *ret untouched, if that leaves +-MONEY_MAX. */
bool money_times(Money price, uint32_t quantity, Money *ret);

#endif
