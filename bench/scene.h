/* scene.h - what the bench puts into a running jumun: products with plenty of stock,
 * members who are logged in, and orders that they place. One thread. */
#ifndef JUMUN_BENCH_SCENE_H
#define JUMUN_BENCH_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load.h"
#include "bench/processes.h"
#include "common/base/status.h"
#include "common/http/http_client.h"
#include "common/mysql/db.h"
#include "tests/support/running.h"

enum {
    SCENE_PRODUCTS = 200,
    SCENE_MEMBERS = 50,
    SCENE_ORDERS_MAX = 8 * 1000 * 1000, /* of one run */
};

typedef struct Scene {
    Running running;
    Db *db;            /* read-only, for the checks */
    HttpClient *relay; /* its operations port */
    uint16_t port;
    Processes processes;
    char run[16]; /* in every request key, so that runs do not meet */
    int64_t products[SCENE_PRODUCTS];
    char tokens[SCENE_MEMBERS][64];
    bool wait;        /* orders ask for their end: Prefer: wait */
    uint8_t *created; /* created[n]: request n was answered 201 */
    uint64_t completed;
} Scene;

/* Finds the running jumun, makes products and members. Prints what fails. */
Status scene_open(Scene *scene, const char *bin, const char *var);

/* Starts a run: new request keys, nothing created yet. */
void scene_begin(Scene *scene, bool wait);

/* For LoadOptions; the context is the Scene. */
size_t scene_request(void *context, uint64_t n, char *buffer);
void scene_answer(void *context, uint64_t n, int http_status, const char *body);

/* What became of this run: orders that are COMPLETED, and orders answered 201 that the
 * database does not know. */
Status scene_count(Scene *scene, uint64_t *ret_completed, uint64_t *ret_lost);

/* Waits until no order is open and no outbox row waits, at most timeout_s. ret_seconds
 * is how long that took. DEADLINE_EXCEEDED if it did not come. */
Status scene_drain(Scene *scene, int timeout_s, double *ret_seconds);

void scene_close(Scene *scene);

#endif
