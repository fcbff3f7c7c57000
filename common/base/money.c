#include "common/base/money.h"

static bool in_range(int64_t minor)
{
    return minor >= -MONEY_MAX && minor <= MONEY_MAX;
}

bool money_add(Money *sum, Money amount)
{
    int64_t result;

    if (__builtin_add_overflow(sum->minor, amount.minor, &result) || !in_range(result)) {
        return false;
    }
    sum->minor = result;
    return true;
}

bool money_times(Money price, uint32_t quantity, Money *ret)
{
    int64_t result;

    if (__builtin_mul_overflow(price.minor, (int64_t)quantity, &result) || !in_range(result)) {
        return false;
    }
    ret->minor = result;
    return true;
}
