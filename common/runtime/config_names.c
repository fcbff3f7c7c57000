/* config_names.c - the programs and the settings that they share. JUMUN_ORDER_CODE_KEYS
 * looks like the order service's but is shared: shared names are asked first. */
#include "common/runtime/config_names.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char *const shared_names[] = {
    "JUMUN_LOG_LEVEL",        "JUMUN_CURRENCY",         "JUMUN_RPC_KEYS",
    "JUMUN_ORDER_CODE_KEYS",  "JUMUN_RPC_MEMBER_URL",   "JUMUN_RPC_PRODUCT_URL",
    "JUMUN_RPC_ORDER_URL",    "JUMUN_RPC_PAYMENT_URL",  "JUMUN_WAKE_ORDER_URL",
    "JUMUN_WAKE_PRODUCT_URL", "JUMUN_WAKE_PAYMENT_URL", "JUMUN_BUS_URL",
    "JUMUN_GATE_URL",         "JUMUN_CACHE_URL",        "JUMUN_INSECURE_COOKIES",
    "JUMUN_PRESET", /* of ./dev */
};

/* CLI, BENCH and TEST are read by the command, the load generator and the tests. */
static const char *const programs[] = { "MEMBER",  "PRODUCT", "ORDER", "PAYMENT", "RELAY",
                                        "GATEWAY", "CLI",     "BENCH", "TEST" };

bool config_name_is_shared(const char *name)
{
    for (size_t i = 0; i < sizeof shared_names / sizeof shared_names[0]; i++) {
        size_t size = strlen(shared_names[i]);
        if (strncmp(name, shared_names[i], size) == 0 &&
            (name[size] == '\0' || strcmp(&name[size], "_FILE") == 0)) {
            return true;
        }
    }
    return false;
}

static bool same_word(const char *upper, const char *lower)
{
    while (*upper != '\0' && *upper == toupper((unsigned char)*lower)) {
        upper++;
        lower++;
    }
    return *upper == '\0' && *lower == '\0';
}

bool config_name_is_of_others(const char *name, const char *program)
{
    const char *rest = name + strlen("JUMUN_");

    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        size_t size = strlen(programs[i]);
        if (strncmp(rest, programs[i], size) == 0 && rest[size] == '_') {
            return !same_word(programs[i], program);
        }
    }
    return false;
}
