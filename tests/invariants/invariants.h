/* invariants.h - what must hold in jumun's databases (contract.md, section 6), as
 * statements that return no row.
 *
 * Run them as the read-only user jumun_audit. Those marked `settled` hold only once
 * every order has come to its end and the outboxes are empty; the others always. */
#ifndef JUMUN_TESTS_INVARIANTS_INVARIANTS_H
#define JUMUN_TESTS_INVARIANTS_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/mysql/db.h"

/* What a violation costs, for reports. */
typedef enum InvariantKind {
    INVARIANT_OVERSOLD,
    INVARIANT_LOST,
    INVARIANT_DUPLICATE,
    INVARIANT_CHARGED_WITHOUT_ORDER,
    INVARIANT_INCONSISTENT,
    INVARIANT_KINDS,
} InvariantKind;

typedef struct Invariant {
    const char *name; /* "I1 no stock below zero" */
    InvariantKind kind;
    bool settled;
    const char *sql; /* its first column names the culprit */
} Invariant;

extern const Invariant invariants[];
extern const size_t invariant_count;

const char *invariant_kind_name(InvariantKind kind);

typedef struct InvariantReport {
    uint64_t violations[INVARIANT_KINDS];
    uint64_t total;
    char first[256]; /* name and culprit of the first violation, "" if there is none */
} InvariantReport;

/* Runs one statement and adds what it finds. */
Status invariant_check(Db *db, const Invariant *invariant, InvariantReport *report);

/* Runs all statements, the settled ones only if asked. A failure means that they could
 * not be run, not that they were violated. */
Status invariants_check(Db *db, bool settled, InvariantReport *ret_report);

/* Orders that have not come to their end, and rows that wait in the outboxes. */
Status invariants_count_open(Db *db, uint64_t *ret_open, uint64_t *ret_outbox);

#endif
