/* mac.h - HMAC-SHA256, and the file of callers' keys that RPC authenticates with. */
#ifndef JUMUN_COMMON_CRYPTO_MAC_H
#define JUMUN_COMMON_CRYPTO_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    MAC_SIZE = 32,
    MAC_KEY_SIZE = 32,
    CALLER_NAME_MAX = 32,
    CALLERS_MAX = 16,
};

void mac_make(const uint8_t key[MAC_KEY_SIZE], const void *bytes, size_t size,
              uint8_t ret_mac[MAC_SIZE]);

/* In constant time. */
bool mac_verify(const uint8_t key[MAC_KEY_SIZE], const void *bytes, size_t size,
                const uint8_t mac[MAC_SIZE]);

/* A program that may call others. Two keys, so that they can be rotated: the first
 * signs, both are accepted. */
typedef struct CallerKeys {
    char name[CALLER_NAME_MAX];
    uint8_t keys[2][MAC_KEY_SIZE];
    size_t key_count;
} CallerKeys;

typedef struct CallerKeyring {
    CallerKeys callers[CALLERS_MAX];
    size_t count;
} CallerKeyring;

/* Reads lines "name hex [hex]". INVALID_ARGUMENT (CONFIG) otherwise, with a line in
 * the log. */
Status caller_keyring_load(const char *path, CallerKeyring *ret_keyring);

/* NULL if the caller is unknown. */
const CallerKeys *caller_keyring_find(const CallerKeyring *keyring, const char *name, size_t size);

#endif
