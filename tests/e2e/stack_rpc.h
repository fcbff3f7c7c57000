/* stack_rpc.h - the RPC ports of a stack's services and the keys of their callers, for
 * tests that call them as the gateway does. Failures end the test program. */
#ifndef JUMUN_TESTS_E2E_STACK_RPC_H
#define JUMUN_TESTS_E2E_STACK_RPC_H

#include "common/crypto/mac.h"
#include "tests/e2e/stack.h"

void stack_rpc_keyring(const Stack *stack, CallerKeyring *ret_keyring);

/* Where a service ("order") is called. */
uint16_t stack_rpc_port(const Stack *stack, const char *service);
void stack_rpc_url(const Stack *stack, const char *service, char ret_url[STACK_URL_SIZE]);

#endif
