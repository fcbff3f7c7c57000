/* key_file.c - see the header. */
#include "tests/unit/common/crypto/key_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void key_file_write(const char *text, char ret_path[KEY_FILE_PATH_SIZE])
{
    (void)snprintf(ret_path, KEY_FILE_PATH_SIZE, "/tmp/jumun-key-file-XXXXXX");
    int fd = mkstemp(ret_path); /* mode 0600 */
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(close(fd), 0);
}

void key_file_remove(const char *path)
{
    cr_assert_eq(unlink(path), 0);
}
