/* admin.h - makes administrators. Only this way: nobody becomes one over HTTP. */
#ifndef JUMUN_CLI_ADMIN_H
#define JUMUN_CLI_ADMIN_H

#include <stdbool.h>

typedef struct NewAdmin {
    const char *login;
    const char *password;
    const char *name;
} NewAdmin;

/* Makes the member with the role of an admin, in the member service's schema that the
 * URL names. If the login id is taken, sets *ret_taken and returns true. Blocks. */
bool admin_make(const char *db_url, const NewAdmin *admin, bool *ret_taken);

/* Gives the admin of that login id the password and ends all sessions of the account; the
 * name stays. Sets *ret_known to false and changes nothing if it is nobody's or a plain
 * member's: nobody becomes an admin by a typing error. Blocks. */
bool admin_reset(const char *db_url, const NewAdmin *admin, bool *ret_known);

#endif
