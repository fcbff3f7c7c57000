/* key_file.h - a temporary file for tests of what reads keys. */
#ifndef JUMUN_TESTS_UNIT_COMMON_CRYPTO_KEY_FILE_H
#define JUMUN_TESTS_UNIT_COMMON_CRYPTO_KEY_FILE_H

enum {
    KEY_FILE_PATH_SIZE = 64
};

void key_file_write(const char *text, char ret_path[KEY_FILE_PATH_SIZE]);
void key_file_remove(const char *path);

#endif
