/* mac.c - HMAC-SHA256 of libsodium; the keyring is a small array searched by name. */
#include "common/crypto/mac.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/runtime/config.h"
#include "common/runtime/log.h"

static_assert(MAC_SIZE == crypto_auth_hmacsha256_BYTES, "the size of a MAC");
static_assert(MAC_KEY_SIZE == crypto_auth_hmacsha256_KEYBYTES, "the size of a key");

void mac_make(const uint8_t key[MAC_KEY_SIZE], const void *bytes, size_t size,
              uint8_t ret_mac[MAC_SIZE])
{
    crypto_auth_hmacsha256(ret_mac, bytes, size, key);
}

bool mac_verify(const uint8_t key[MAC_KEY_SIZE], const void *bytes, size_t size,
                const uint8_t mac[MAC_SIZE])
{
    return crypto_auth_hmacsha256_verify(mac, bytes, size, key) == 0;
}

static bool read_key(const char *hex, uint8_t ret_key[MAC_KEY_SIZE])
{
    size_t size = 0;

    return strlen(hex) == (size_t)MAC_KEY_SIZE * 2 &&
           sodium_hex2bin(ret_key, MAC_KEY_SIZE, hex, (size_t)MAC_KEY_SIZE * 2, NULL, &size,
                          NULL) == 0 &&
           size == MAC_KEY_SIZE;
}

/* NULL, or what is wrong with the line. Never quotes a key. */
static const char *add_caller(CallerKeyring *keyring, const char *const *words, size_t count)
{
    if (count < 2 || count > 3) {
        return "a line must be: name key [key]";
    }
    size_t name_size = strlen(words[0]);
    if (name_size == 0 || name_size >= CALLER_NAME_MAX) {
        return "the caller's name is too long";
    }
    if (caller_keyring_find(keyring, words[0], name_size) != NULL) {
        return "the caller is named twice";
    }
    if (keyring->count == CALLERS_MAX) {
        return "too many callers";
    }
    CallerKeys *caller = &keyring->callers[keyring->count];
    memcpy(caller->name, words[0], name_size + 1);
    caller->key_count = count - 1;
    for (size_t i = 0; i < caller->key_count; i++) {
        if (!read_key(words[i + 1], caller->keys[i])) {
            return "a key must be 64 hex digits";
        }
    }
    keyring->count++;
    return NULL;
}

typedef struct Load {
    const char *path;
    CallerKeyring keyring;
} Load;

static Status on_line(void *context, const char *const *words, size_t count)
{
    Load *load = context;
    const char *reason = add_caller(&load->keyring, words, count);

    if (reason != NULL) {
        log_error("config.keys_bad", "file=%s reason=%s", load->path, reason);
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    return status_ok();
}

Status caller_keyring_load(const char *path, CallerKeyring *ret_keyring)
{
    Load load = { .path = path };
    Status status = config_read_lines(path, on_line, &load);

    if (status.code == STATUS_NOT_FOUND) {
        log_error("config.keys_bad", "file=%s reason=%s", path, "the file cannot be read");
    } else if (!status_failed(status) && load.keyring.count == 0) {
        log_error("config.keys_bad", "file=%s reason=%s", path, "the file names no caller");
        status = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    if (!status_failed(status)) {
        *ret_keyring = load.keyring;
    }
    sodium_memzero(&load, sizeof load);
    return status_failed(status) ? status_make(STATUS_INVALID_ARGUMENT, "CONFIG") : status;
}

const CallerKeys *caller_keyring_find(const CallerKeyring *keyring, const char *name, size_t size)
{
    for (size_t i = 0; i < keyring->count; i++) {
        const CallerKeys *caller = &keyring->callers[i];

        if (strlen(caller->name) == size && memcmp(caller->name, name, size) == 0) {
            return caller;
        }
    }
    return NULL;
}
