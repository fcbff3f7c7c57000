#include "tests/support/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 64 * 1024
};

/* Reads a file of /proc, words parted by NULs. Returns its size; 0 if there is none. */
static size_t read_proc_file(const char *process, const char *file, char ret_bytes[static FILE_MAX])
{
    char path[300];

    (void)snprintf(path, sizeof path, "/proc/%s/%s", process, file);
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        return 0;
    }
    size_t size = fread(ret_bytes, 1, FILE_MAX, stream);
    (void)fclose(stream);
    return size;
}

static bool proc_file_holds(const char *process, const char *file, const char *text)
{
    static char bytes[FILE_MAX];
    size_t size = read_proc_file(process, file, bytes);

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

size_t process_environment(pid_t process, char **ret_words, size_t max)
{
    static char bytes[FILE_MAX + 1];
    char number[16];
    size_t count = 0;

    (void)snprintf(number, sizeof number, "%d", (int)process);
    size_t size = read_proc_file(number, "environ", bytes);
    bytes[size] = '\0';
    for (char *word = bytes; word < bytes + size; word += strlen(word) + 1) {
        if (count == max) {
            return 0;
        }
        ret_words[count++] = word;
    }
    return size < FILE_MAX ? count : 0;
}
