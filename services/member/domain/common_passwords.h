/* common_passwords.h - passwords that are guessed first. Pure. */
#ifndef JUMUN_SERVICES_MEMBER_DOMAIN_COMMON_PASSWORDS_H
#define JUMUN_SERVICES_MEMBER_DOMAIN_COMMON_PASSWORDS_H

#include <stdbool.h>

/* True for the listed ones in any case, for one symbol repeated, and for runs like
 * "abcdefgh" or "87654321". */
bool password_is_common(const char *password);

#endif
