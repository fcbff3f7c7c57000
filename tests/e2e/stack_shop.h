/* stack_shop.h - what people do in the shop of a stack: members sign up and order, the
 * admin sells. Failures end the test program. */
#ifndef JUMUN_TESTS_E2E_STACK_SHOP_H
#define JUMUN_TESTS_E2E_STACK_SHOP_H

#include "tests/e2e/stack.h"

enum {
    STACK_CODE_SIZE = 32 /* an order code and its NUL */
};

/* Signs up and logs in. */
void stack_login_new_member(Stack *stack, const char *login_id, char ret_token[64]);

/* Makes a product as the admin; returns its id. */
int64_t stack_create_product(Stack *stack, const char *name, int64_t price, int64_t quantity);

/* Orders `quantity` of one product with a new request key; waits 20 s for its end. */
HttpReply stack_place_order(Stack *stack, const char *token, int64_t product, int quantity,
                            const char *payment);

/* A good order comes to its good end; returns its code. */
void stack_expect_order_works(Stack *stack, const char *token, int64_t product,
                              char ret_code[STACK_CODE_SIZE]);

/* Follows an order until it is in that state; fails after 30 s. */
HttpReply stack_expect_order_becomes(Stack *stack, const char *token, const char *code,
                                     const char *state);

/* Waits until the gate in Redis tells the truth about the product; fails after 10 s. */
void stack_expect_gate_heals(Stack *stack, int64_t product);

#endif
