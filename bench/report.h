/* report.h - what a scenario measured, as a row of Markdown and as text. */
#ifndef JUMUN_BENCH_REPORT_H
#define JUMUN_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/load.h"
#include "bench/machine.h"
#include "bench/processes.h"
#include "common/mysql/db.h"
#include "tests/invariants/invariants.h"

#define REPORT_BACKLOG_S 1.0

typedef struct Measurement {
    const char *name; /* "sustained, 8,000/s open loop" */
    const LoadResult *load;
    const Processes *processes;
    double drain_s; /* from the last answer until nothing is open */
    bool drained;
    uint64_t open_half; /* orders open half way, */
    uint64_t open_end;  /* and when the load ended */
    uint64_t completed;
    uint64_t lost;
    double relay_p99_ms; /* event made to event confirmed, upper bound */
    bool sustained;      /* a backlog at the end is a failure */
    InvariantReport checks;
} Measurement;

/* Machine, settings, commit; once per file. */
void report_head(FILE *file, const Machine *machine, const char *commit);

/* What MariaDB was given. False if it does not say. */
bool report_engine(FILE *file, Db *db);

/* How long each program took until it was ready, as it says itself. */
void report_starts(FILE *file, const Processes *processes);

void report_measurement(FILE *file, const Measurement *measurement);

/* True if nothing was oversold, lost, doubled, charged without order or left open, and a
 * sustained load left no more backlog than REPORT_BACKLOG_S of work. */
bool report_is_clean(const Measurement *measurement);

#endif
