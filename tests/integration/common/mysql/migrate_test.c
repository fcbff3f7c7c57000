/* Migrations: each once, in order, never another one than before. */
#include <pthread.h>
#include <stdio.h>

#include "common/mysql/migrate.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

/* The second is not one that may run twice. */
static const Migration migrations[] = {
    { 1, "0001_init", "CREATE TABLE IF NOT EXISTS m (id INT PRIMARY KEY AUTO_INCREMENT, n INT);" },
    { 2, "0002_more", "INSERT INTO m (n) VALUES (1); INSERT INTO m (n) VALUES (2);" },
    { 3, "0003_index", "CREATE INDEX IF NOT EXISTS m_n ON m (n);\n-- the end\n" },
};

static void scripts_run_once_and_in_order(void)
{
    Db *db = fixture_open();
    size_t applied = 99;

    EXPECT(!status_failed(migrate_up(db, migrations, 1, &applied)) && applied == 1);
    EXPECT(!status_failed(migrate_up(db, migrations, 3, &applied)) && applied == 2);
    EXPECT(!status_failed(migrate_up(db, migrations, 3, &applied)) && applied == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM m") == 2);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM schema_migration") == 3);
    db_close(db);
}

static void a_service_knows_the_schema_it_meets(void)
{
    Db *db = fixture_open();
    size_t applied;

    EXPECT(migrate_check(db, 3).code == STATUS_FAILED_PRECONDITION); /* an empty one */
    EXPECT(!status_failed(migrate_up(db, migrations, 2, &applied)));
    EXPECT(migrate_check(db, 1).code == STATUS_FAILED_PRECONDITION);
    EXPECT(!status_failed(migrate_check(db, 2)));
    EXPECT(migrate_check(db, 3).code == STATUS_FAILED_PRECONDITION);
    db_close(db);
}

static void a_changed_script_is_refused_and_nothing_runs(void)
{
    Migration changed[] = { migrations[0], migrations[1], migrations[2] };
    Db *db = fixture_open();
    size_t applied = 99;

    EXPECT(!status_failed(migrate_up(db, migrations, 2, &applied)));
    changed[0].sql = "CREATE TABLE IF NOT EXISTS m (id INT PRIMARY KEY AUTO_INCREMENT, n INT) ;";
    EXPECT(migrate_up(db, changed, 3, &applied).code == STATUS_FAILED_PRECONDITION);
    EXPECT(applied == 2); /* untouched */
    EXPECT(!status_failed(migrate_check(db, 2)));
    db_close(db);
}

static void a_schema_newer_than_the_scripts_is_refused(void)
{
    Db *db = fixture_open();
    size_t applied;

    EXPECT(!status_failed(migrate_up(db, migrations, 3, &applied)));
    EXPECT(migrate_up(db, migrations, 2, &applied).code == STATUS_FAILED_PRECONDITION);
    db_close(db);
}

static void a_script_that_fails_half_way_can_be_run_again(void)
{
    Migration broken[] = { migrations[0], { 2, "0002_broken", NULL } };
    Db *db = fixture_open();
    size_t applied;

    broken[1].sql = "CREATE TABLE IF NOT EXISTS half (id INT); INSERT INTO not_there VALUES (1);";
    EXPECT(migrate_up(db, broken, 2, &applied).code == STATUS_INTERNAL);
    EXPECT(db_error(db)[0] != '\0');
    EXPECT(!status_failed(migrate_check(db, 1)));
    fixture_run(db, "CREATE TABLE not_there (id INT);");
    EXPECT(!status_failed(migrate_up(db, broken, 2, &applied)) && applied == 1);
    db_close(db);
}

/* Longer than a service's statement may take. */
static void a_slow_script_is_not_cut_off(void)
{
    static const Migration slow[] = {
        { 1, "0001_slow", "CREATE TABLE s AS SELECT SLEEP(5.5) AS n;" },
    };
    Db *db = fixture_open();
    size_t applied;

    EXPECT(!status_failed(migrate_up(db, slow, 1, &applied)) && applied == 1);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM s") == 1);
    db_close(db);
}

typedef struct Rival {
    pthread_barrier_t *start;
    Status status;
    size_t applied;
} Rival;

static void *run_rival(void *context)
{
    static const Migration slow[] = {
        { 1, "0001_init", "CREATE TABLE r (n INT); INSERT INTO r SELECT SLEEP(0.3);" },
        { 2, "0002_more", "INSERT INTO r SELECT SLEEP(0.3);" },
    };
    Rival *rival = context;
    Db *db = fixture_open();

    pthread_barrier_wait(rival->start);
    rival->status = migrate_up(db, slow, 2, &rival->applied);
    db_close(db);
    return NULL;
}

static void of_two_migrators_at_once_one_waits_for_the_other(void)
{
    pthread_barrier_t start;
    Rival rivals[2];
    pthread_t threads[2];
    Db *db = fixture_open();

    EXPECT(pthread_barrier_init(&start, NULL, 2) == 0);
    for (int i = 0; i < 2; i++) {
        rivals[i] = (Rival){ .start = &start };
        EXPECT(pthread_create(&threads[i], NULL, run_rival, &rivals[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
        EXPECT(!status_failed(rivals[i].status));
    }
    EXPECT(rivals[0].applied + rivals[1].applied == 2);
    EXPECT(rivals[0].applied * rivals[1].applied == 0); /* all by one */
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM r") == 2);
    pthread_barrier_destroy(&start);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(scripts_run_once_and_in_order),
        TEST(a_service_knows_the_schema_it_meets),
        TEST(a_changed_script_is_refused_and_nothing_runs),
        TEST(a_schema_newer_than_the_scripts_is_refused),
        TEST(a_script_that_fails_half_way_can_be_run_again),
        TEST(a_slow_script_is_not_cut_off),
        TEST(of_two_migrators_at_once_one_waits_for_the_other),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
