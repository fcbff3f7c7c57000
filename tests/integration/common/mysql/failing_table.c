#include "tests/integration/common/mysql/failing_table.h"

#include "tests/integration/common/mysql/mysql_fixture.h"

void table_make(Db *db)
{
    fixture_run(db, "CREATE TABLE f (id INT PRIMARY KEY, n INT, CHECK (n >= 0));"
                    "INSERT INTO f VALUES (1, 0), (2, 0);");
}

Status add_row(Db *db, int64_t id)
{
    const DbValue value = db_int(id);

    return db_execute(db, "INSERT INTO f (id, n) VALUES (?, 0)", &value, 1, NULL);
}

Status increment(Db *db, int64_t id)
{
    const DbValue value = db_int(id);

    return db_execute(db, "UPDATE f SET n = n + 1 WHERE id = ?", &value, 1, NULL);
}

int64_t count_rows(Db *db)
{
    return fixture_number(db, "SELECT COUNT(*) FROM f");
}
