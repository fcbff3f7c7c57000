/* member_test.c - the tables are the rules. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/member/domain/common_passwords.h"
#include "services/member/domain/member.h"

#define TEN    "0123456789"
#define FIFTY  TEN TEN TEN TEN TEN
#define KOREAN "\xed\x95\x9c\xea\xb8\x80" /* two code points, six bytes */

typedef struct Row {
    const char *value;
    const char *code; /* NULL: allowed */
} Row;

/* The code of the fault at the pointer, or NULL. */
static const char *fault_at(const FieldFaults *faults, const char *pointer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (strcmp(faults->faults[i].pointer, pointer) == 0) {
            return faults->faults[i].code;
        }
    }
    return NULL;
}

static void expect_code(const char *code, const char *expected, const char *value)
{
    cr_expect((code == NULL) == (expected == NULL) && (code == NULL || strcmp(code, expected) == 0),
              "'%s': %s instead of %s", value, code == NULL ? "allowed" : code,
              expected == NULL ? "allowed" : expected);
}

Test(member, login_ids_are_4_to_50_of_letters_digits_and_three_signs)
{
    static const Row rows[] = {
        { "anna", NULL },
        { "A.b_c-9", NULL },
        { FIFTY, NULL },
        { "", "TOO_SHORT" },
        { "ann", "TOO_SHORT" },
        { FIFTY "1", "TOO_LONG" },
        { "ann a", "BAD_CHARACTERS" },
        { "anna@home", "BAD_CHARACTERS" },
        { "anna'--", "BAD_CHARACTERS" },
        { "anna%", "BAD_CHARACTERS" },
        { "anna\n", "BAD_CHARACTERS" },
        { "ann\xc3\xa4", "BAD_CHARACTERS" },
        { "\xef\xbd\x81nna", "BAD_CHARACTERS" }, /* a full-width a */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FieldFaults faults;
        Status status = member_check_signup(rows[i].value, "a long enough one", "Anna", &faults);

        expect_code(fault_at(&faults, "/loginId"), rows[i].code, rows[i].value);
        cr_expect_eq(status.code, rows[i].code ? STATUS_INVALID_ARGUMENT : STATUS_OK);
        cr_expect_str_eq(status.name, rows[i].code ? "VALIDATION" : "");
        cr_expect_eq(login_id_is_valid(rows[i].value), rows[i].code == NULL);
    }
}

static const Row password_rows[] = {
    { "eight ch", NULL },
    { "correct horse battery", NULL },
    { FIFTY FIFTY TEN TEN "12345678", NULL }, /* 128 */
    { KOREAN KOREAN KOREAN KOREAN, NULL },    /* 8 code points */
    { "        !", NULL },
    { "' OR 1=1 --", NULL },
    { "", "TOO_SHORT" },
    { "seven c", "TOO_SHORT" },
    { KOREAN KOREAN KOREAN, "TOO_SHORT" }, /* 18 bytes are no more than 6 symbols */
    { FIFTY FIFTY TEN TEN "123456789", "TOO_LONG" },
    { "with a\ttab", "BAD_CHARACTERS" },
    { "with a\x7f"
      "del",
      "BAD_CHARACTERS" },
    { "with a\xc2\x85"
      "c1",
      "BAD_CHARACTERS" },
    { "broken \xff utf8", "BAD_CHARACTERS" },
    { "broken \xc0\xaf utf8", "BAD_CHARACTERS" },
    { "Anna.Lee", "SAME_AS_LOGIN_ID" },
    { "ANNA.LEE", "SAME_AS_LOGIN_ID" },
    { "Anna.Lee1", NULL },
    { "password1", "TOO_COMMON" },
    { "PassWord1", "TOO_COMMON" },
    { "qwertyuiop", "TOO_COMMON" },
    { "aaaaaaaa", "TOO_COMMON" },
    { "abcdefgh", "TOO_COMMON" },
    { "87654321", "TOO_COMMON" },
    { "password1x", NULL },
};

Test(member, passwords_are_8_to_128_printable_code_points_and_not_the_first_to_be_guessed)
{
    for (size_t i = 0; i < sizeof password_rows / sizeof password_rows[0]; i++) {
        const Row *row = &password_rows[i];
        FieldFaults faults;

        (void)member_check_signup("anna.lee", row->value, "Anna", &faults);
        expect_code(fault_at(&faults, "/password"), row->code, row->value);
        (void)member_check_new_password("anna.lee", "an older one", row->value, &faults);
        expect_code(fault_at(&faults, "/next"), row->code, row->value);
    }
}

Test(member, a_new_password_is_not_the_current_one)
{
    FieldFaults faults;

    cr_expect_eq(member_check_new_password("anna", "the same", "the same", &faults).code,
                 STATUS_INVALID_ARGUMENT);
    expect_code(fault_at(&faults, "/next"), "SAME_AS_CURRENT", "the same");
    cr_expect_eq(member_check_new_password("anna", "the same", "The same", &faults).code,
                 STATUS_OK);
    (void)member_check_new_password("anna", "anna", "anna", &faults);
    cr_expect_eq(faults.count, 1, "one fault a field");
    expect_code(fault_at(&faults, "/next"), "TOO_SHORT", "anna");
}

Test(member, passwords_end_at_512_bytes_whatever_their_code_points)
{
    char password[PASSWORD_BYTES_MAX + 4 + 1] = "";
    FieldFaults faults;

    for (int i = 0; i < 128; i++) {
        strcat(password, "\xf0\x9f\x98\x80"); /* four bytes each */
    }
    cr_assert_eq(strlen(password), PASSWORD_BYTES_MAX);
    cr_expect_eq(member_check_new_password("anna", "an older one", password, &faults).code,
                 STATUS_OK);
    cr_expect(password_may_exist(password));
    strcat(password, "x");
    cr_expect_eq(member_check_new_password("anna", "an older one", password, &faults).code,
                 STATUS_INVALID_ARGUMENT);
    expect_code(fault_at(&faults, "/next"), "TOO_LONG", "513 bytes");
    cr_expect_not(password_may_exist(password));
    cr_expect_not(password_may_exist("short"));
    cr_expect_not(password_may_exist("with a\ttab"));
}

Test(member, names_are_1_to_100_code_points_without_control_characters)
{
    static const Row rows[] = {
        { "A", NULL },
        { KOREAN, NULL },
        { FIFTY FIFTY, NULL },
        { "Robert'); DROP TABLE member;--", NULL },
        { "<script>alert(1)</script>", NULL },
        { "", "TOO_SHORT" },
        { "   ", "TOO_SHORT" },
        { FIFTY FIFTY "1", "TOO_LONG" },
        { "two\nlines", "BAD_CHARACTERS" },
        { "esc\x1b[31m", "BAD_CHARACTERS" },
        { "broken \xed\xa0\x80", "BAD_CHARACTERS" }, /* a surrogate */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FieldFaults faults;

        (void)member_check_signup("anna", "a long enough one", rows[i].value, &faults);
        expect_code(fault_at(&faults, "/name"), rows[i].code, rows[i].value);
    }
}

Test(member, every_fault_of_a_signup_is_told_at_once)
{
    FieldFaults faults;

    cr_expect_eq(member_check_signup("a", "b", "", &faults).code, STATUS_INVALID_ARGUMENT);
    cr_expect_eq(faults.count, 3);
    for (size_t i = 0; i < faults.count; i++) {
        cr_expect_gt(strlen(faults.faults[i].detail), 10);
    }
}

Test(member, login_ids_are_the_same_in_any_case)
{
    char folded[LOGIN_ID_SIZE];

    login_id_fold("Anna.LEE-9_", folded);
    cr_expect_str_eq(folded, "anna.lee-9_");
    login_id_fold(FIFTY "tail", folded);
    cr_expect_str_eq(folded, FIFTY, "cut, never beyond its end");
}

Test(member, a_session_is_over_if_it_began_too_early_or_the_member_is_disabled)
{
    Member member = { .status = MEMBER_ACTIVE, .sessions_valid_after_us = 1000 };

    cr_expect(member_session_is_over(&member, 999));
    cr_expect_not(member_session_is_over(&member, 1000));
    cr_expect_not(member_session_is_over(&member, 1001));
    member.status = MEMBER_DISABLED;
    cr_expect(member_session_is_over(&member, 1001));
}

Test(member, ending_sessions_ends_all_begun_so_far_and_none_begun_later_whatever_the_clock_does)
{
    for (int64_t now_us = 900; now_us <= 1100; now_us += 50) {
        Member member = { .status = MEMBER_ACTIVE, .sessions_valid_after_us = 1000 };
        int64_t before_us = member_session_begin(&member, now_us);

        cr_expect_not(member_session_is_over(&member, before_us), "a login works at once");
        member.sessions_valid_after_us = member_end_sessions(&member, now_us);
        cr_expect(member_session_is_over(&member, before_us), "now %ld", (long)now_us);
        cr_expect_not(member_session_is_over(&member, member_session_begin(&member, now_us - 10)),
                      "now %ld", (long)now_us);
    }
}
