/* Tests of common/mysql/db_expand.c. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/mysql/db.h"
#include "common/mysql/db_expand.h"

static void expect_text(const char *sql, size_t count, const char *expected)
{
    DbExpansion expansion;

    db_expansion_init(&expansion, sql, count);
    char *text = db_expansion_text(&expansion, sql);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(db_expand, leaves_a_text_without_a_pattern_alone)
{
    expect_text("SELECT ? || ?", 2, "SELECT ? || ?");
    expect_text("SELECT '{?|,}', \"}\", `|{`, ?", 1, "SELECT '{?|,}', \"}\", `|{`, ?");
}

Test(db_expand, repeats_the_pattern_to_a_power_of_two)
{
    expect_text("IN ({?|,})", 1, "IN (?)");
    expect_text("IN ({?|,})", 2, "IN (?,?)");
    expect_text("IN ({?|,})", 3, "IN (?,?,?,?)");
    expect_text("a = ? AND {(b = ? AND c = ?)| OR } AND d = ?", 6,
                "a = ? AND (b = ? AND c = ?) OR (b = ? AND c = ?) AND d = ?");
    expect_text("{? || '}'| AND }", 2, "? || '}' AND ? || '}'");
}

Test(db_expand, binds_the_last_group_to_what_was_rounded_up)
{
    static const size_t sources[] = { 0, 1, 2, 3, 4, 5, 6, 5, 6, 7 };
    DbExpansion expansion;

    db_expansion_init(&expansion, "? {(?, ?)|,} ?", 8);
    cr_assert_eq(db_expansion_params(&expansion), 10);
    for (size_t i = 0; i < 10; i++) {
        cr_expect_eq(db_expansion_source(&expansion, i), sources[i], "%zu", i);
    }
}

Test(db_expand, takes_as_many_parameters_as_there_may_be_at_all)
{
    DbExpansion expansion;

    db_expansion_init(&expansion, "a = ? AND b IN ({?|,})", DB_PARAMS_MAX);
    cr_expect_eq(db_expansion_params(&expansion), DB_PARAMS_MAX);
    cr_expect_eq(db_expansion_source(&expansion, DB_PARAMS_MAX - 1), DB_PARAMS_MAX - 1);
    db_expansion_init(&expansion, "a = ? AND b IN ({?|,})", 1500);
    cr_expect_eq(db_expansion_params(&expansion), DB_PARAMS_MAX);
    cr_expect_eq(db_expansion_source(&expansion, DB_PARAMS_MAX - 1), 1499);
}
