#include "common/mysql/mysql_status.h"

#include <stddef.h>

/* Client errors (2xxx) by number: their names differ between the client libraries. */
static const struct ErrorRow {
    unsigned number;
    StatusCode code;
    const char *name;
    MysqlLoss loss;
} rows[] = {
    /* clang-format off */
    { 1062, STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", MYSQL_KEPT },         /* duplicate key */
    { 1586, STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", MYSQL_KEPT },         /* with its key's name */

    { 1020, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* record has changed */
    { 1180, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* error during commit */
    { 1205, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* lock wait time-out */
    { 1213, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* deadlock */
    { 1412, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* table definition changed */
    { 1615, STATUS_ABORTED, "ABORTED", MYSQL_KEPT },                       /* prepare again */

    { 1451, STATUS_FAILED_PRECONDITION, "WOULD_VIOLATE", MYSQL_KEPT },     /* foreign key: is parent */
    { 1452, STATUS_FAILED_PRECONDITION, "WOULD_VIOLATE", MYSQL_KEPT },     /* foreign key: no parent */
    { 3819, STATUS_FAILED_PRECONDITION, "WOULD_VIOLATE", MYSQL_KEPT },     /* CHECK, MySQL */
    { 4025, STATUS_FAILED_PRECONDITION, "WOULD_VIOLATE", MYSQL_KEPT },     /* CHECK, MariaDB */

    { 1044, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* schema */
    { 1045, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* login */
    { 1142, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* table */
    { 1143, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* column */
    { 1227, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* SUPER and the like */
    { 1370, STATUS_PERMISSION_DENIED, "DATABASE_DENIED", MYSQL_KEPT },     /* routine */

    { 1226, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", MYSQL_KEPT },         /* user's resource limit */
    { 1461, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", MYSQL_KEPT },         /* prepared statements */

    { 1021, STATUS_UNAVAILABLE, "DATABASE_FULL", MYSQL_KEPT },             /* disk full */
    { 1114, STATUS_UNAVAILABLE, "DATABASE_FULL", MYSQL_KEPT },             /* table full: so says InnoDB */
    { 1037, STATUS_UNAVAILABLE, "DATABASE_FULL", MYSQL_KEPT },             /* memory */
    { 1041, STATUS_UNAVAILABLE, "DATABASE_FULL", MYSQL_KEPT },             /* memory */
    { 1206, STATUS_UNAVAILABLE, "DATABASE_FULL", MYSQL_KEPT },             /* lock table */
    { 1317, STATUS_UNAVAILABLE, "DATABASE_SLOW", MYSQL_KEPT },             /* KILL QUERY */
    { 1969, STATUS_UNAVAILABLE, "DATABASE_SLOW", MYSQL_KEPT },             /* max_statement_time */
    { 3024, STATUS_UNAVAILABLE, "DATABASE_SLOW", MYSQL_KEPT },             /* the same, MySQL */
    { 1040, STATUS_UNAVAILABLE, "DATABASE_BUSY", MYSQL_REFUSED },          /* too many connections */
    { 1203, STATUS_UNAVAILABLE, "DATABASE_BUSY", MYSQL_REFUSED },          /* of this user */
    { 1047, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* Galera node not ready */
    { 1053, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* shutting down */
    { 1290, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* read only */
    { 1836, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* read only */
    { 1927, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* connection was killed */
    { 4031, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* idle too long */
    { 2002, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* cannot connect, socket */
    { 2003, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* cannot connect, TCP */
    { 2005, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* unknown host */
    { 2006, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* gone, nothing was sent */
    { 2012, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* handshake */
    { 2026, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_REFUSED },          /* TLS */

    { 1158, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* server: reading failed */
    { 1159, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* server: reading was slow */
    { 1160, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* server: writing failed */
    { 1161, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* server: writing was slow */
    { 2013, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* lost during a query */
    { 2055, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* the same, with details */
    { 2000, STATUS_INTERNAL, "INTERNAL", MYSQL_LOST },                     /* client: unknown */
    { 2008, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* client: out of memory */
    { 2014, STATUS_INTERNAL, "INTERNAL", MYSQL_LOST },                     /* client: out of sync */
    { 2027, STATUS_UNAVAILABLE, "DATABASE_DOWN", MYSQL_LOST },             /* client: malformed packet */
    /* clang-format on */
};

MysqlOutcome mysql_outcome(unsigned number)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].number == number) {
            return (MysqlOutcome){ status_make(rows[i].code, rows[i].name), rows[i].loss };
        }
    }
    return (MysqlOutcome){ status_make(STATUS_INTERNAL, "INTERNAL"), MYSQL_KEPT };
}
