#include "tests/support/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if the file of /proc, words parted by NULs, holds the text. */
static bool proc_file_holds(const char *process, const char *file, const char *text)
{
    static char bytes[64 * 1024];
    char path[300];

    (void)snprintf(path, sizeof path, "/proc/%s/%s", process, file);
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        return false;
    }
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    (void)fclose(stream);
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

pid_t process_that_names(const char *text)
{
    DIR *processes = opendir("/proc");
    const struct dirent *entry;
    pid_t found = 0;

    while (processes != NULL && found == 0 && (entry = readdir(processes)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) &&
            (proc_file_holds(entry->d_name, "cmdline", text) ||
             proc_file_holds(entry->d_name, "environ", text))) {
            found = (pid_t)atoi(entry->d_name);
        }
    }
    if (processes != NULL) {
        (void)closedir(processes);
    }
    return found;
}
