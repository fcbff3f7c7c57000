/* password.h - Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane): about
 * 12-27 ms of one core and 19 MiB each. Never on an event loop; bound how many run at
 * once (common/runtime/pool.h). */
#ifndef JUMUN_COMMON_CRYPTO_PASSWORD_H
#define JUMUN_COMMON_CRYPTO_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/status.h"

enum {
    PASSWORD_HASH_SIZE = 128
}; /* with its NUL */

/* RESOURCE_EXHAUSTED if there is no memory for it. */
Status password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE]);

/* hash NULL stands for an unknown account: the same work is done and false returned. */
bool password_verify(const char *hash, const char *password);

/* True if the hash was made with other parameters: hash again at login. */
bool password_needs_rehash(const char *hash);

#endif
