/* port_fault.h - lets a fake's n-th call fail, before or after its effect. */
#ifndef JUMUN_TESTS_SUPPORT_PORT_FAULT_H
#define JUMUN_TESTS_SUPPORT_PORT_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/status.h"

typedef struct PortFault {
    size_t calls;   /* so far */
    size_t fail_at; /* the call, from 1, that fails; 0: none */
    bool after;     /* its effect has happened */
    Status status;
} PortFault;

/* True once, at the call that is to fail before its effect. */
static inline bool port_fault_before(PortFault *fault)
{
    fault->calls++;
    return fault->calls == fault->fail_at && !fault->after;
}

/* The same, after its effect. */
static inline bool port_fault_after(const PortFault *fault)
{
    return fault->calls == fault->fail_at && fault->after;
}

#endif
