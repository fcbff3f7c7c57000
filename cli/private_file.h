/* private_file.h - small files and folders that only their owner may read. */
#ifndef JUMUN_CLI_PRIVATE_FILE_H
#define JUMUN_CLI_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CLI_PATH_MAX = 1024
};

/* Joins folder and name; complains if the path would be too long. */
bool path_join(char ret_path[CLI_PATH_MAX], const char *folder, const char *name);

/* Makes the folder (0700) unless it is there. Its parent must exist. */
bool make_folder(const char *path);

/* Replaces the file by `text` at once or not at all, mode 0600, synced. */
bool private_file_write(const char *path, const char *text);

/* Reads a file's first line without its end. False, silently, if there is none or it
 * does not fit. */
bool private_file_read_line(const char *path, char *ret_line, size_t size);

#endif
