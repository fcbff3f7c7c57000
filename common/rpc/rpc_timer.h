/* rpc_timer.h - a thread that runs a function at a time, for the deadlines of a client.
 *
 * Deadlines usually rise and are usually met, so asking for a time later than the one
 * already set costs one atomic load; only an earlier one wakes the thread. */
#ifndef JUMUN_COMMON_RPC_RPC_TIMER_H
#define JUMUN_COMMON_RPC_RPC_TIMER_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/status.h"

typedef struct RpcTimer RpcTimer;

/* Runs on the timer's thread. Returns when to run next, INT64_MAX for never. */
typedef int64_t RpcTimerRun(void *context, int64_t monotonic_us);

/* Without its thread; what is asked for meanwhile is done after the start. */
Status rpc_timer_open(const Clock *clock, RpcTimerRun *run, void *context, RpcTimer **ret_timer);

/* RESOURCE_EXHAUSTED if there is no thread. */
Status rpc_timer_start(RpcTimer *timer);

/* Lets run follow at monotonic_us or earlier, but at most every 2 ms. Any thread, also
 * inside run. */
void rpc_timer_by(RpcTimer *timer, int64_t monotonic_us);

/* No run follows; rpc_timer_by has no effect any more. NULL is ignored. */
void rpc_timer_stop(RpcTimer *timer);

/* After stop. NULL is ignored. */
void rpc_timer_close(RpcTimer *timer);

#endif
