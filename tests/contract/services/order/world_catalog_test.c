/* world_catalog_test.c - the catalog of an order world keeps the contract. */
#include <stdio.h>

#include "tests/contract/services/order/catalog_contract.h"
#include "tests/support/order_world.h"

static void put(void *context, size_t at, const CatalogTruth *truth)
{
    OrderWorld *world = context;

    world->products[at] = (WorldProduct){ truth->name, truth->price, truth->on_hand,
                                          truth->reserved, !truth->active };
}

static void cut(void *context)
{
    ((OrderWorld *)context)->fault = (Fault){ .countdown = 1, .for_ever = true };
}

int main(void)
{
    for (size_t i = 0; i < catalog_case_count; i++) {
        OrderWorld *world = order_world_open();

        catalog_cases[i].run(&(CatalogSubject){ &world->catalog, { 1, 2, 3, 4 }, put, cut, world });
        printf("ok %s\n", catalog_cases[i].name);
        order_world_close(world);
    }
    return 0;
}
