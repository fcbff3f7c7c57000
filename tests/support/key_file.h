/* key_file.h - text in a file, for what reads its keys from one. The file is in memory and
 * has no name but that of its descriptor: however a test ends, nothing is left of it. */
#ifndef JUMUN_TESTS_SUPPORT_KEY_FILE_H
#define JUMUN_TESTS_SUPPORT_KEY_FILE_H

enum {
    KEY_FILE_PATH_SIZE = 32
};

typedef struct KeyFile {
    int fd;
    char path[KEY_FILE_PATH_SIZE]; /* good in this process alone */
} KeyFile;

/* A failure ends the test program. */
void key_file_init(KeyFile *file, const char *text);
void key_file_deinit(KeyFile *file);

#endif
