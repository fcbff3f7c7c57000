/* Statements without parameters: one, or a script of many cut at its semicolons. The
 * client library's multi-statements stay off, so the cutting is ours. */
#include <string.h>

#include "common/mysql/db_internal.h"
#include "common/runtime/log.h"

enum {
    SHOWN_MAX = 200, /* bytes of a failed statement in the log */
};

Status db_run_text(Db *db, const char *sql, size_t size)
{
    if (mysql_real_query(db->mysql, sql, (unsigned long)size) != 0) {
        return db_fail(db, mysql_errno(db->mysql), mysql_error(db->mysql), sql);
    }
    int more = 0;
    while (more == 0) {
        MYSQL_RES *result = mysql_store_result(db->mysql);
        if (result == NULL && mysql_errno(db->mysql) != 0) {
            break;
        }
        mysql_free_result(result);
        more = mysql_next_result(db->mysql);
    }
    if (more != -1) {
        return db_fail(db, mysql_errno(db->mysql), mysql_error(db->mysql), sql);
    }
    return status_ok();
}

/* Behind the quoted text that begins here; its end if the quote stays open. */
static const char *skip_quoted(const char *at)
{
    const char quote = *at++;

    while (*at != '\0' && *at != quote) {
        at += *at == '\\' && quote != '`' && at[1] != '\0' ? 2 : 1;
    }
    return *at == '\0' ? at : at + 1;
}

/* Behind the comment that begins here, or where we are if none does. An executable
 * one, which begins with "!" or "M!", is a statement's text, not a comment. */
static const char *skip_comment(const char *at)
{
    const char *end;

    if (*at == '#' || (at[0] == '-' && at[1] == '-' && (at[2] == '\0' || strchr(" \t\n", at[2])))) {
        end = strchr(at, '\n');
        return end == NULL ? at + strlen(at) : end + 1;
    }
    if (at[0] == '/' && at[1] == '*' && at[2] != '!' && strncmp(at + 2, "M!", 2) != 0) {
        end = strstr(at + 2, "*/");
        return end == NULL ? at + strlen(at) : end + 2;
    }
    return at;
}

static const char *skip_blank(const char *at)
{
    for (;;) {
        const char *next = skip_comment(at + strspn(at, " \t\r\n;"));
        if (next == at) {
            return at;
        }
        at = next;
    }
}

/* The semicolon that ends the statement, or the end of the script. */
static const char *end_of_statement(const char *at)
{
    while (*at != '\0' && *at != ';') {
        const char *next = skip_comment(at);
        if (next != at) {
            at = next;
        } else if (*at == '\'' || *at == '"' || *at == '`') {
            at = skip_quoted(at);
        } else {
            at++;
        }
    }
    return at;
}

static Status run_statement(Db *db, const char *sql, size_t size)
{
    Status status = db_ready(db);

    if (!status_failed(status)) {
        status = db_run_text(db, sql, size);
    }
    if (status_failed(status)) {
        int shown = (int)(size < SHOWN_MAX ? size : SHOWN_MAX);
        log_error("mysql.script_failed", "statement=%.*s error=%s", shown, sql, db->error);
    }
    return status;
}

Status db_run_script(Db *db, const char *script)
{
    Status status = status_ok();
    const char *at = skip_blank(script);

    while (*at != '\0' && !status_failed(status)) {
        const char *end = end_of_statement(at);
        status = run_statement(db, at, (size_t)(end - at));
        at = skip_blank(end);
    }
    return status;
}
