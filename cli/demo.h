/* demo.h - plays a shop through its HTTP API: sample products, one member, one order.
 * Blocks; only in a task or a command of its own. */
#ifndef JUMUN_CLI_DEMO_H
#define JUMUN_CLI_DEMO_H

#include <stdbool.h>

#include "cli/instance.h"

/* Makes the sample products, if they are missing, as the admin; then plays an order to
 * COMPLETED and prints its timeline. Complains at the first thing that goes wrong. */
bool demo_play(const Instance *instance);

/* Prints four commands to paste: sign up, log in, order, follow. */
void demo_print_commands(const Instance *instance);

#endif
