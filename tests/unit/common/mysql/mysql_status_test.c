/* The table of engines.md, section 10, as common/mysql/mysql_status.c must answer it. */
#include <criterion/criterion.h>

#include "common/mysql/mysql_status.h"

Test(mysql_status, gives_each_error_its_code_and_says_what_is_left_of_the_connection)
{
    static const struct {
        unsigned number;
        StatusCode code;
        MysqlLoss loss;
    } rows[] = {
        { 1062, STATUS_ALREADY_EXISTS, MYSQL_KEPT },
        { 1213, STATUS_ABORTED, MYSQL_KEPT },
        { 1205, STATUS_ABORTED, MYSQL_KEPT },
        { 1020, STATUS_ABORTED, MYSQL_KEPT },
        { 1180, STATUS_ABORTED, MYSQL_KEPT },
        { 1047, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 1040, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 1053, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 2002, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 2003, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 2006, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 1927, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 4031, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 2013, STATUS_UNAVAILABLE, MYSQL_LOST },
        { 1290, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 1836, STATUS_UNAVAILABLE, MYSQL_REFUSED },
        { 1452, STATUS_FAILED_PRECONDITION, MYSQL_KEPT },
        { 4025, STATUS_FAILED_PRECONDITION, MYSQL_KEPT },
        { 1142, STATUS_PERMISSION_DENIED, MYSQL_KEPT },
        { 1406, STATUS_INTERNAL, MYSQL_KEPT },
        { 1264, STATUS_INTERNAL, MYSQL_KEPT },
        { 1048, STATUS_INTERNAL, MYSQL_KEPT },
        { 1064, STATUS_INTERNAL, MYSQL_KEPT },
        { 0, STATUS_INTERNAL, MYSQL_KEPT },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        MysqlOutcome outcome = mysql_outcome(rows[i].number);
        cr_expect_eq(outcome.status.code, rows[i].code, "%u", rows[i].number);
        cr_expect_eq(outcome.loss, rows[i].loss, "%u", rows[i].number);
        cr_expect(outcome.status.name[0] != '\0');
    }
}
