/* Tests of cli/supervisor.c with real processes; a plain program, because Criterion
 * watches children of its own. Processes meet at named pipes, never on time. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/supervisor.h"

static char folder[] = "/tmp/jumun-supervisor-XXXXXX";
static char fifo[64];  /* children write here; a reader waits for the first */
static char notes[64]; /* children append here */

static void set_up(void)
{
    char log[64];

    assert(mkdtemp(folder) != NULL);
    (void)snprintf(log, sizeof log, "%s/log", folder);
    (void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    (void)snprintf(notes, sizeof notes, "%s/notes", folder);
    assert(mkdir(log, 0700) == 0);
    assert(mkfifo(fifo, 0600) == 0);
}

static void tear_down(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert(system(command) == 0);
    memcpy(strrchr(folder, '-'), "-XXXXXX", 8);
}

static Supervisor *open_supervisor(void)
{
    Supervisor *supervisor = NULL;

    assert(supervisor_open(&(SupervisorOptions){ .var = folder }, &supervisor));
    return supervisor;
}

static void add_shell(Supervisor *supervisor, const char *name, const char *script, int stop_s)
{
    Command command;

    command_init(&command, "/bin/sh");
    command_add_word(&command, "-c");
    command_add_word(&command, "%s", script);
    assert(supervisor_add(supervisor, name, &command, false, stop_s));
}

/* Reads the named pipe until `context` lines have come. */
static bool read_lines(void *context)
{
    int wanted = *(int *)context;
    char line[64];

    for (int count = 0; count < wanted;) {
        FILE *file = fopen(fifo, "re"); /* waits for a writer */
        assert(file != NULL);
        while (fgets(line, sizeof line, file) != NULL) {
            count++;
        }
        (void)fclose(file);
    }
    return true;
}

static bool say_yes(void *context)
{
    (void)context;
    return true;
}

static bool say_no(void *context)
{
    (void)context;
    return false;
}

static bool fail_hard(void *context)
{
    (void)context;
    abort();
}

static void expect_no_process(void)
{
    assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static const char *read_notes(void)
{
    static char text[256];
    FILE *file = fopen(notes, "re");

    assert(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static void tells_how_a_task_ended(void)
{
    Supervisor *supervisor = open_supervisor();

    assert(supervisor_run_task(supervisor, say_yes, NULL));
    assert(!supervisor_run_task(supervisor, say_no, NULL));
    assert(!supervisor_run_task(supervisor, fail_hard, NULL));
    supervisor_close(supervisor);
    expect_no_process();
}

static void tells_how_a_program_ended(void)
{
    Supervisor *supervisor = open_supervisor();
    Command command;

    command_init(&command, "/bin/true");
    assert(supervisor_run_program(supervisor, "good", &command));
    command_init(&command, "/bin/false");
    assert(!supervisor_run_program(supervisor, "bad", &command));
    command_init(&command, "/does/not/exist");
    assert(!supervisor_run_program(supervisor, "missing", &command));
    supervisor_close(supervisor);
    expect_no_process();
}

static void starts_a_child_again_that_has_died(void)
{
    Supervisor *supervisor = open_supervisor();
    int starts = 3;

    add_shell(supervisor, "short", "echo up > fifo; exit 3", 5);
    assert(supervisor_run_task(supervisor, read_lines, &starts));
    supervisor_close(supervisor);
    expect_no_process();
}

static void gives_up_on_a_child_that_dies_again_and_again(void)
{
    Supervisor *supervisor = open_supervisor();
    int never = 1;

    add_shell(supervisor, "hopeless", "exit 1", 5);
    assert(!supervisor_run_task(supervisor, read_lines, &never));
    assert(!supervisor_is_asked_to_stop(supervisor));
    supervisor_close(supervisor);
    expect_no_process();
}

/* Notes its name when it is told to end; leaves a process behind. */
#define OBEDIENT(name)                                                                             \
    "trap 'echo " name " >> notes; exit 0' TERM; echo up > fifo; sleep 1000 & wait"

static void ends_the_last_added_first_and_what_they_left_behind(void)
{
    Supervisor *supervisor = open_supervisor();
    int one = 1;

    /* One at a time: two writers may not both be heard by one reader. */
    add_shell(supervisor, "first", OBEDIENT("first"), 20);
    assert(supervisor_run_task(supervisor, read_lines, &one));
    add_shell(supervisor, "second", OBEDIENT("second"), 20);
    assert(supervisor_run_task(supervisor, read_lines, &one));
    assert(supervisor_pid(supervisor, "first") > 0);
    assert(supervisor_pid(supervisor, "third") == -1);

    assert(kill(getpid(), SIGTERM) == 0);
    supervisor_serve(supervisor); /* returns: a stop was asked for */
    assert(supervisor_is_asked_to_stop(supervisor));
    assert(!supervisor_run_task(supervisor, say_yes, NULL)); /* nothing new is begun */
    supervisor_close(supervisor);
    assert(strcmp(read_notes(), "second\nfirst\n") == 0);
    expect_no_process();
}

static void kills_a_child_that_does_not_end_by_itself(void)
{
    Supervisor *supervisor = open_supervisor();
    int one = 1;

    add_shell(supervisor, "stubborn", "trap '' TERM; echo up > fifo; while :; do sleep 1000; done",
              1);
    assert(supervisor_run_task(supervisor, read_lines, &one));
    supervisor_close(supervisor);
    expect_no_process();
}

static void kills_at_once_at_the_second_signal(void)
{
    Supervisor *supervisor = open_supervisor();
    int one = 1;

    add_shell(supervisor, "stubborn", "trap '' TERM; echo up > fifo; while :; do sleep 1000; done",
              1000);
    assert(supervisor_run_task(supervisor, read_lines, &one));
    assert(kill(getpid(), SIGINT) == 0);
    supervisor_serve(supervisor);
    assert(kill(getpid(), SIGINT) == 0);
    supervisor_close(supervisor); /* the test's time limit is far below stop_s */
    expect_no_process();
}

/* In a process of its own: a supervisor that is then killed. */
static void supervise(int told)
{
    Supervisor *supervisor = open_supervisor();
    int one = 1;

    add_shell(supervisor, "orphan", "echo up > fifo; exec sleep 1000", 5);
    assert(supervisor_run_task(supervisor, read_lines, &one));
    pid_t pid = supervisor_pid(supervisor, "orphan");
    assert(write(told, &pid, sizeof pid) == (ssize_t)sizeof pid);
    supervisor_serve(supervisor);
    exit(1);
}

static void takes_its_children_along_when_it_is_killed(void)
{
    int told[2];
    int status;
    pid_t orphan = 0;

    assert(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0); /* so that we can wait for the orphan */
    assert(pipe(told) == 0);
    pid_t parent = fork();
    if (parent == 0) {
        supervise(told[1]);
    }
    assert(read(told[0], &orphan, sizeof orphan) == (ssize_t)sizeof orphan);
    assert(kill(parent, SIGKILL) == 0);
    assert(waitpid(parent, &status, 0) == parent);
    assert(waitpid(orphan, &status, 0) == orphan);
    assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    (void)close(told[0]);
    (void)close(told[1]);
    expect_no_process();
}

static void (*const tests[])(void) = {
    tells_how_a_task_ended,
    tells_how_a_program_ended,
    starts_a_child_again_that_has_died,
    gives_up_on_a_child_that_dies_again_and_again,
    ends_the_last_added_first_and_what_they_left_behind,
    kills_a_child_that_does_not_end_by_itself,
    kills_at_once_at_the_second_signal,
    takes_its_children_along_when_it_is_killed,
};

int main(void)
{
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        set_up();
        tests[i]();
        tear_down();
    }
    (void)printf("supervisor: %zu passed\n", sizeof tests / sizeof tests[0]);
    return 0;
}
