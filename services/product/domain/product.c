#include "services/product/domain/product.h"

#include "common/base/text.h"
#include "services/product/domain/stock.h"

static unsigned fault_unless(bool good, ProductFault fault)
{
    return good ? 0 : (unsigned)fault;
}

unsigned product_check_name(const char *name)
{
    return fault_unless(text_is_line(name, 1, PRODUCT_NAME_MAX), PRODUCT_FAULT_NAME);
}

unsigned product_check_price(int64_t price)
{
    return fault_unless(price >= 1 && price <= MONEY_MAX, PRODUCT_FAULT_PRICE);
}

unsigned product_check_status(int status)
{
    return fault_unless(status == PRODUCT_ACTIVE || status == PRODUCT_ARCHIVED,
                        PRODUCT_FAULT_STATUS);
}

unsigned product_check_initial_quantity(int64_t quantity)
{
    return fault_unless(quantity >= 0 && quantity <= STOCK_CHANGE_MAX, PRODUCT_FAULT_QUANTITY);
}

unsigned product_check_quantity(int64_t quantity)
{
    return fault_unless(quantity >= 1 && quantity <= STOCK_CHANGE_MAX, PRODUCT_FAULT_QUANTITY);
}

unsigned product_check_delta(int64_t delta)
{
    return fault_unless(delta != 0 && delta >= -STOCK_CHANGE_MAX && delta <= STOCK_CHANGE_MAX,
                        PRODUCT_FAULT_DELTA);
}

unsigned product_check_reason(const char *reason)
{
    return fault_unless(text_is_line(reason, 1, PRODUCT_TEXT_MAX), PRODUCT_FAULT_REASON);
}

unsigned product_check_reference(const char *reference)
{
    return fault_unless(reference == NULL || text_is_line(reference, 1, PRODUCT_TEXT_MAX),
                        PRODUCT_FAULT_REFERENCE);
}
