#include "tests/support/service_schema.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "common/mysql/migrate.h"

enum {
    SCRIPT_SIZE = 64 * 1024
};

static const char *read_script(const char *path, char *ret_text)
{
    char full[512];

    (void)snprintf(full, sizeof full, "%s/%s", JUMUN_SOURCE_DIR, path);
    FILE *file = fopen(full, "re");
    assert(file != NULL);
    size_t size = fread(ret_text, 1, SCRIPT_SIZE - 1, file);
    (void)fclose(file);
    assert(size > 0 && size < SCRIPT_SIZE - 1);
    ret_text[size] = '\0';
    return ret_text;
}

void service_schema_make(Db *db, const char *service, const char *name)
{
    static char text[SCRIPT_SIZE];
    char path[256];
    size_t applied = 0;

    (void)snprintf(path, sizeof path, "services/%s/schema/%s.sql", service, name);
    Migration migration = { 1, name, read_script(path, text) };
    Status status = migrate_up(db, &migration, 1, &applied);
    if (status_failed(status)) {
        (void)fprintf(stderr, "%s\n", db_error(db));
    }
    assert(!status_failed(status));
    assert(applied == 1);
}

void service_schema_run(Db *db, const char *path)
{
    static char text[SCRIPT_SIZE];

    Status status = db_run_script(db, read_script(path, text));
    assert(!status_failed(status));
}
