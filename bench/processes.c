#include "bench/processes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void processes_add(Processes *processes, const char *name, pid_t pid, double ready_ms)
{
    if (processes->count < PROCESSES_MAX) {
        Process *process = &processes->list[processes->count++];
        *process = (Process){ .pid = pid, .ready_ms = ready_ms };
        (void)snprintf(process->name, sizeof process->name, "%s", name);
    }
}

/* Fields 14 and 15 of /proc/pid/stat, counted behind the command's closing parenthesis:
 * a command may hold spaces (proc(5)). */
static void look(Process *process)
{
    char path[64];
    char text[1024];
    unsigned long user;
    unsigned long system;
    long pages;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)process->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    size_t size = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    const char *rest = strrchr(text, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d"
               " %*s %*s %ld",
               &user, &system, &pages) != 3) {
        return;
    }
    process->cpu_us = (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
    process->rss_kib = pages * (sysconf(_SC_PAGESIZE) / 1024);
    if (process->rss_kib > process->rss_max_kib) {
        process->rss_max_kib = process->rss_kib;
    }
}

void processes_look(Processes *processes)
{
    for (size_t i = 0; i < processes->count; i++) {
        look(&processes->list[i]);
    }
}

void processes_start(Processes *processes)
{
    processes_look(processes);
    for (size_t i = 0; i < processes->count; i++) {
        processes->list[i].cpu_start = processes->list[i].cpu_us;
        processes->list[i].rss_max_kib = processes->list[i].rss_kib;
        processes->list[i].rss_early_kib = 0;
    }
}

void processes_note_early(Processes *processes)
{
    processes_look(processes);
    for (size_t i = 0; i < processes->count; i++) {
        processes->list[i].rss_early_kib = processes->list[i].rss_kib;
    }
}

void processes_note_late(Processes *processes)
{
    processes_look(processes);
    for (size_t i = 0; i < processes->count; i++) {
        processes->list[i].rss_late_kib = processes->list[i].rss_kib;
    }
}
