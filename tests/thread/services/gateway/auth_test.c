/* What asks while Redis is busy with another shares one round trip: the Redis here says
 * nothing more until it has heard of all of them. */
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "services/gateway/auth.h"
#include "tests/integration/common/redis/fake_server.h"

enum {
    CROWD = 100,
    QUEUE_MAX = 256,
    COMMANDS_A_CHECK = 2, /* GET, PTTL */
};

#define NO_SESSION "$-1\r\n:-2\r\n"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static unsigned answered;

static void on_done(void *context)
{
    unsigned *times = context;

    pthread_mutex_lock(&lock);
    ++*times;
    ++answered;
    pthread_cond_signal(&moved);
    pthread_mutex_unlock(&lock);
}

static void await_answers(unsigned count)
{
    pthread_mutex_lock(&lock);
    while (answered < count) {
        pthread_cond_wait(&moved, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void ask(Auth *auth, AuthCheck *check, unsigned *times)
{
    *check = (AuthCheck){ .deadline_us = INT64_MAX, .done = on_done, .context = times };
    check->lookup.hash[0] = 1;
    auth_check(auth, check);
}

static void a_crowd_behind_one_check_is_one_round_trip(void)
{
    static char crowd_answer[CROWD * sizeof NO_SESSION];
    static AuthCheck checks[1 + CROWD];
    static unsigned times[1 + CROWD];
    const FakeTurn turns[] = {
        { .answer = NO_SESSION, .commands = COMMANDS_A_CHECK, .held = true, .goes_on = true },
        { .answer = crowd_answer, .commands = CROWD * COMMANDS_A_CHECK },
    };
    char url[FAKE_URL_SIZE];
    Auth *auth = NULL;

    for (int i = 0; i < CROWD; i++) {
        memcpy(crowd_answer + (size_t)i * (sizeof NO_SESSION - 1), NO_SESSION, sizeof NO_SESSION);
    }
    FakeServer *server = fake_server_open(turns, sizeof turns / sizeof turns[0], url);
    /* Nobody is found, so that the member service is not asked. */
    Status status = auth_open(
        &(AuthOptions){ .cache_url = url, .clock = clock_system(), .queue_max = QUEUE_MAX }, &auth);
    assert(!status_failed(status));

    ask(auth, &checks[0], &times[0]);
    fake_server_await_held(server);
    for (int i = 1; i <= CROWD; i++) {
        ask(auth, &checks[i], &times[i]);
    }
    fake_server_let_go(server);
    await_answers(1 + CROWD);
    auth_close(auth);
    fake_server_close(server);

    for (int i = 0; i <= CROWD; i++) {
        if (checks[i].status.code != STATUS_UNAUTHENTICATED) { /* Redis waited in vain */
            (void)fprintf(stderr, "check %d: %s\n", i, checks[i].status.name);
        }
        assert(checks[i].status.code == STATUS_UNAUTHENTICATED);
        assert(times[i] == 1);
    }
}

int main(void)
{
    a_crowd_behind_one_check_is_one_round_trip();
    return 0;
}
