/* redis_gate_scripts.h - what the gate's keys of one product go through, as Lua scripts.
 *
 * All keys of a script share a hash tag, so that it also runs on a Redis cluster. Each
 * checks everything first and then writes: a script that fails midway is not rolled back. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_GATE_SCRIPTS_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_GATE_SCRIPTS_H

/* KEYS stock, hold; ARGV order id, quantity ... Answers per order 1 taken, 2 held before,
 * 0 refused, -1 unknown product, and at last the units left. */
extern const char redis_gate_hold[];

/* KEYS stock, hold; ARGV order id, '1' to give back or '0' ... Units return only for an
 * entry that was there, and only to a known product: a rebuilt number counts them. */
extern const char redis_gate_settle[];

/* KEYS stock, hold; ARGV an order id, how many holds to tell at most, how many to skip of
 * more, how many holds to look at whole, how many to draw by lot where there are more.
 * Answers the units, the count of holds not below the id or not looked at, and the others:
 * order id, quantity ... Redis does nothing else meanwhile, so its work must be bounded. */
extern const char redis_gate_inspect[];

/* KEYS stock; ARGV the units seen, the units to set. */
extern const char redis_gate_correct[];

#endif
