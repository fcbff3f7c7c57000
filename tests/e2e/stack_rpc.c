#include "tests/e2e/stack_rpc.h"

#include <stdio.h>

void stack_rpc_keyring(const Stack *stack, CallerKeyring *ret_keyring)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/secrets/rpc_keys", stack->var);
    expect(!status_failed(caller_keyring_load(path, ret_keyring)));
}

uint16_t stack_rpc_port(const Stack *stack, const char *service)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%s-rpc", service);
    return stack_port(stack, name);
}

void stack_rpc_url(const Stack *stack, const char *service, char ret_url[STACK_URL_SIZE])
{
    (void)snprintf(ret_url, STACK_URL_SIZE, "tcp://127.0.0.1:%u",
                   (unsigned)stack_rpc_port(stack, service));
}
