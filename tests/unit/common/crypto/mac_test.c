/* mac_test.c - HMAC against RFC 4231, and the file of callers' keys. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "tests/support/key_file.h"

static void setup(void)
{
    cr_assert(crypto_init());
}

TestSuite(mac, .init = setup);

Test(mac, is_hmac_sha256_as_rfc_4231_gives_it)
{
    /* Test case 1; its key of 20 bytes is padded with zeros, as HMAC itself does. */
    static const uint8_t expected[MAC_SIZE] = {
        0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
        0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83,
        0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
    };
    uint8_t key[MAC_KEY_SIZE] = { 0 };
    uint8_t mac[MAC_SIZE];

    memset(key, 0x0b, 20);
    mac_make(key, "Hi There", 8, mac);
    cr_expect_arr_eq(mac, expected, MAC_SIZE);
}

Test(mac, with_any_bit_changed_in_text_key_or_mac_does_not_verify)
{
    uint8_t key[MAC_KEY_SIZE] = { 1, 2, 3 };
    uint8_t mac[MAC_SIZE];
    char text[] = "an order";

    mac_make(key, text, sizeof text, mac);
    cr_assert(mac_verify(key, text, sizeof text, mac));
    for (size_t bit = 0; bit < sizeof text * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        cr_expect_not(mac_verify(key, text, sizeof text, mac), "text, bit %zu", bit);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t bit = 0; bit < MAC_SIZE * 8; bit++) {
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect_not(mac_verify(key, text, sizeof text, mac), "mac, bit %zu", bit);
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_expect_not(mac_verify(key, text, sizeof text - 1, mac), "shorter");
    key[31] ^= 1;
    cr_expect_not(mac_verify(key, text, sizeof text, mac), "another key");
}

static StatusCode load(const char *text, CallerKeyring *ret_keyring)
{
    KeyFile file;

    key_file_init(&file, text);
    Status status = caller_keyring_load(file.path, ret_keyring);
    key_file_deinit(&file);
    return status.code;
}

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

Test(mac, keyring_holds_one_or_two_keys_of_each_caller)
{
    CallerKeyring keyring = { .count = 0 };

    cr_assert_eq(load("gateway " KEY_A " " KEY_B "\norder " KEY_B "\n", &keyring), STATUS_OK);
    const CallerKeys *gateway = caller_keyring_find(&keyring, "gateway", 7);
    const CallerKeys *order = caller_keyring_find(&keyring, "order/x", 5);

    cr_assert_not_null(gateway);
    cr_assert_not_null(order);
    cr_expect_eq(gateway->key_count, 2);
    cr_expect_eq(gateway->keys[0][0], 0x00);
    cr_expect_eq(gateway->keys[1][0], 0xff);
    cr_expect_eq(order->key_count, 1);
    cr_expect_null(caller_keyring_find(&keyring, "gate", 4), "a beginning is not the name");
    cr_expect_null(caller_keyring_find(&keyring, "gateway2", 8));
    cr_expect_null(caller_keyring_find(&keyring, "", 0));
}

Test(mac, keyring_file_with_anything_else_is_refused)
{
    CallerKeyring keyring = { .count = 0 };
    char many[(CALLERS_MAX + 1) * 80];
    size_t size = 0;

    for (int i = 0; i <= CALLERS_MAX; i++) {
        size += (size_t)snprintf(many + size, sizeof many - size, "caller%d " KEY_A "\n", i);
    }
    cr_expect_eq(load(many, &keyring), STATUS_INVALID_ARGUMENT, "too many callers");
    cr_expect_eq(load("", &keyring), STATUS_INVALID_ARGUMENT, "no caller");
    cr_expect_eq(load("gateway\n", &keyring), STATUS_INVALID_ARGUMENT, "no key");
    cr_expect_eq(load("gateway " KEY_A " " KEY_A " " KEY_A "\n", &keyring),
                 STATUS_INVALID_ARGUMENT);
    cr_expect_eq(load("gateway 1234\n", &keyring), STATUS_INVALID_ARGUMENT, "short key");
    cr_expect_eq(load("a " KEY_A "\na " KEY_B "\n", &keyring), STATUS_INVALID_ARGUMENT, "twice");
    cr_expect_eq(load("a23456789012345678901234567890123 " KEY_A "\n", &keyring),
                 STATUS_INVALID_ARGUMENT, "long name");
    cr_expect_eq(caller_keyring_load("/nonexistent/keys", &keyring).code, STATUS_INVALID_ARGUMENT);
    cr_expect_eq(keyring.count, 0, "untouched by failures");
}
