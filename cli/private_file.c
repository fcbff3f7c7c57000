/* private_file.c - written beside and renamed, so that a crash leaves old or new. */
#include "cli/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"

bool path_join(char ret_path[CLI_PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(ret_path, CLI_PATH_MAX, "%s/%s", folder, name);

    if (length < 0 || length >= CLI_PATH_MAX) {
        return complain("the path %s/%s is too long", folder, name);
    }
    return true;
}

bool make_folder(const char *path)
{
    struct stat info;

    if (mkdir(path, 0700) == 0) {
        return true;
    }
    if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return true;
    }
    return complain("cannot make the folder %s: %s", path, strerror(errno));
}

static bool write_all(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, text, size);
        if (written <= 0) {
            return false;
        }
        text += written;
        size -= (size_t)written;
    }
    return fsync(file) == 0;
}

bool private_file_write(const char *path, const char *text)
{
    char beside[CLI_PATH_MAX];

    int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside) {
        return complain("the path %s is too long", path);
    }
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return complain("cannot write %s: %s", beside, strerror(errno));
    }
    bool good = write_all(file, text, strlen(text));
    good = close(file) == 0 && good;
    if (!good || rename(beside, path) != 0) {
        (void)complain("cannot write %s: %s", path, strerror(errno));
        (void)unlink(beside);
        return false;
    }
    return true;
}

bool private_file_read_line(const char *path, char *ret_line, size_t size)
{
    char line[1024];
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    bool good = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    if (!good) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (strlen(line) >= size) {
        return false;
    }
    memcpy(ret_line, line, strlen(line) + 1);
    return true;
}
