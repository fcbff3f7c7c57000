/* sodium_secrets.h - passwords and tokens by common/crypto. Stateless; lives for ever. */
#ifndef JUMUN_SERVICES_MEMBER_ADAPTERS_SODIUM_SECRETS_H
#define JUMUN_SERVICES_MEMBER_ADAPTERS_SODIUM_SECRETS_H

#include "services/member/app/member_ports.h"

MemberSecrets *sodium_secrets(void);

#endif
