/* member.c - the rules, field by field. */
#include "services/member/domain/member.h"

#include <string.h>

#include "common/base/text.h"
#include "services/member/domain/common_passwords.h"

static Status outcome(const FieldFaults *faults)
{
    return faults->count == 0 ? status_ok() : status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

static void add(FieldFaults *faults, const char *pointer, const char *code, const char *detail)
{
    if (faults->count < FIELD_FAULTS_MAX) {
        faults->faults[faults->count++] = (FieldFault){ pointer, code, detail };
    }
}

static char fold(char symbol)
{
    if (symbol >= 'A' && symbol <= 'Z') {
        return (char)(symbol - 'A' + 'a');
    }
    return symbol;
}

static bool is_login_symbol(char symbol)
{
    char folded = fold(symbol);

    return (folded >= 'a' && folded <= 'z') || (symbol >= '0' && symbol <= '9') || symbol == '.' ||
           symbol == '_' || symbol == '-';
}

/* How many bytes at the beginning may stand in a login id. */
static size_t login_symbols(const char *login_id)
{
    size_t count = 0;

    while (is_login_symbol(login_id[count])) {
        count++;
    }
    return count;
}

bool login_id_is_valid(const char *login_id)
{
    size_t size = login_symbols(login_id);

    return login_id[size] == '\0' && size >= LOGIN_ID_MIN && size <= LOGIN_ID_MAX;
}

void login_id_fold(const char *login_id, char ret_folded[LOGIN_ID_SIZE])
{
    size_t i = 0;

    for (; i < LOGIN_ID_MAX && login_id[i] != '\0'; i++) {
        ret_folded[i] = fold(login_id[i]);
    }
    ret_folded[i] = '\0';
}

static bool same_folded(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) == fold(*b);
}

static void check_login_id(const char *login_id, FieldFaults *faults)
{
    static const char pointer[] = "/loginId";
    size_t size = login_symbols(login_id);

    if (login_id[size] != '\0') {
        add(faults, pointer, "BAD_CHARACTERS",
            "Only letters A to Z, digits and . _ - are allowed.");
    } else if (size < LOGIN_ID_MIN) {
        add(faults, pointer, "TOO_SHORT", "At least 4 characters are needed.");
    } else if (size > LOGIN_ID_MAX) {
        add(faults, pointer, "TOO_LONG", "At most 50 characters are allowed.");
    }
}

bool password_may_exist(const char *password)
{
    return strlen(password) <= PASSWORD_BYTES_MAX &&
           text_is_line(password, PASSWORD_MIN, PASSWORD_MAX);
}

static void check_password(const char *login_id, const char *password, const char *pointer,
                           FieldFaults *faults)
{
    size_t size = strlen(password);
    size_t count = 0;

    /* Beyond the bytes the text is not looked at: its length is hostile. */
    bool well_formed = size <= PASSWORD_BYTES_MAX && text_utf8_count(password, size, &count);
    if (size > PASSWORD_BYTES_MAX || count > PASSWORD_MAX) {
        add(faults, pointer, "TOO_LONG", "At most 128 characters in 512 bytes are allowed.");
    } else if (!well_formed) {
        add(faults, pointer, "BAD_CHARACTERS", "The text must be well-formed UTF-8.");
    } else if (count < PASSWORD_MIN) {
        add(faults, pointer, "TOO_SHORT", "At least 8 characters are needed.");
    } else if (!text_is_line(password, PASSWORD_MIN, PASSWORD_MAX)) {
        add(faults, pointer, "BAD_CHARACTERS", "Control characters are not allowed.");
    } else if (same_folded(password, login_id)) {
        add(faults, pointer, "SAME_AS_LOGIN_ID", "The password must not be the login id.");
    } else if (password_is_common(password)) {
        add(faults, pointer, "TOO_COMMON", "This password is among the first that are guessed.");
    }
}

static bool is_blank(const char *text)
{
    while (*text == ' ') {
        text++;
    }
    return *text == '\0';
}

static void check_name(const char *name, FieldFaults *faults)
{
    static const char pointer[] = "/name";
    size_t size = strlen(name);
    size_t count = 0;

    bool well_formed = size < MEMBER_NAME_SIZE && text_utf8_count(name, size, &count);
    if (size >= MEMBER_NAME_SIZE || count > MEMBER_NAME_MAX) {
        add(faults, pointer, "TOO_LONG", "At most 100 characters are allowed.");
    } else if (!well_formed) {
        add(faults, pointer, "BAD_CHARACTERS", "The text must be well-formed UTF-8.");
    } else if (is_blank(name)) {
        add(faults, pointer, "TOO_SHORT", "A name is needed.");
    } else if (!text_is_line(name, 1, MEMBER_NAME_MAX)) {
        add(faults, pointer, "BAD_CHARACTERS", "Control characters are not allowed.");
    }
}

Status member_check_signup(const char *login_id, const char *password, const char *name,
                           FieldFaults *ret_faults)
{
    ret_faults->count = 0;
    check_login_id(login_id, ret_faults);
    check_password(login_id, password, "/password", ret_faults);
    check_name(name, ret_faults);
    return outcome(ret_faults);
}

Status member_check_new_password(const char *login_id, const char *current, const char *next,
                                 FieldFaults *ret_faults)
{
    static const char pointer[] = "/next";

    ret_faults->count = 0;
    check_password(login_id, next, pointer, ret_faults);
    if (ret_faults->count == 0 && strcmp(next, current) == 0) {
        add(ret_faults, pointer, "SAME_AS_CURRENT", "The new password must be another one.");
    }
    return outcome(ret_faults);
}

bool member_session_is_over(const Member *member, int64_t created_at_us)
{
    return member->status != MEMBER_ACTIVE || created_at_us < member->sessions_valid_after_us;
}

int64_t member_session_begin(const Member *member, int64_t now_us)
{
    return now_us > member->sessions_valid_after_us ? now_us : member->sessions_valid_after_us;
}

int64_t member_end_sessions(const Member *member, int64_t now_us)
{
    /* Later than a session that begins in this very microsecond. */
    return member_session_begin(member, now_us) + 1;
}
