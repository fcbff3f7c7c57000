/* mysql_status.h - what the numbers of MariaDB's errors mean to us: the one table.
 *
 * Pure; internal to common/mysql. The same table says whether the connection is still
 * good, since that is known in the same place. */
#ifndef JUMUN_COMMON_MYSQL_MYSQL_STATUS_H
#define JUMUN_COMMON_MYSQL_MYSQL_STATUS_H

#include <stdbool.h>

#include "common/base/status.h"

/* What is left of the connection after an error. */
typedef enum MysqlLoss {
    MYSQL_KEPT,    /* the connection goes on */
    MYSQL_REFUSED, /* drop it; the server did not run the statement */
    MYSQL_LOST,    /* drop it; the statement may have run */
} MysqlLoss;

typedef struct MysqlOutcome {
    Status status; /* of a statement inside a transaction; never OK */
    MysqlLoss loss;
} MysqlOutcome;

/* INTERNAL, connection kept, for a number that is not in the table. */
MysqlOutcome mysql_outcome(unsigned number);

#endif
