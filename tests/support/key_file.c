#include "tests/support/key_file.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void key_file_init(KeyFile *file, const char *text)
{
    size_t size = strlen(text);

    file->fd = memfd_create("keys", MFD_CLOEXEC);
    assert(file->fd >= 0);
    ssize_t written = write(file->fd, text, size);
    assert(written == (ssize_t)size);
    (void)snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

void key_file_deinit(KeyFile *file)
{
    (void)close(file->fd);
    file->fd = -1;
}
