/* mhd_loop.h - one libmicrohttpd daemon and the thread that turns it; private to http/.
 *
 * A request lives in a slot. Who may touch the slot's fields is settled by one atomic
 * word, generation and flags:
 *
 *     0         the loop's: headers and body come in, then the handler runs
 *     CLAIMED   somebody is writing the answer; later ones are turned away
 *     ANSWERED  the answer is complete
 *     PARKED    the handler has returned and the connection is suspended: whoever
 *               answers now must hand the slot back to the loop */
#ifndef JUMUN_SERVICES_GATEWAY_HTTP_MHD_LOOP_H
#define JUMUN_SERVICES_GATEWAY_HTTP_MHD_LOOP_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "services/gateway/http/http.h"
#include "services/gateway/http/timers.h"

enum {
    SLOT_CLAIMED = 1,
    SLOT_ANSWERED = 2,
    SLOT_PARKED = 4,
    SLOT_FLAG_BITS = 3,
};

typedef struct Loop Loop;

typedef struct Connection {
    Timer timer; /* first: a Timer pointer is a Connection pointer */
    struct Connection *next_free;
    int fd;
    unsigned requests;
    uint8_t peer[16];
} Connection;

typedef enum SlotPhase {
    SLOT_HEAD, /* the request line is known */
    SLOT_BODY,
    SLOT_LENT, /* to the handler */
    SLOT_SENT, /* the answer is the library's */
} SlotPhase;

typedef struct Slot {
    _Atomic uint64_t word;
    Loop *loop;
    struct Slot *next; /* free slots; answered ones */
    struct MHD_Connection *mhd;
    Connection *connection;
    SlotPhase phase;
    bool close;
    bool suspended;
    bool too_large;
    size_t body_capacity;
    const char *target;
    HttpRequest request;
    HttpAnswer answer;
    Arena arena;
} Slot;

struct Loop {
    Http *http;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool started;
    bool quiet; /* does not listen any more */
    int event_fd;
    _Atomic bool dirty;
    Slot *_Atomic answered;
    Slot *slots;
    Slot *free_slots;
    Connection *connections;
    Connection *free_connections;
    Timers timers;
};

struct Http {
    HttpOptions options;
    unsigned port;
    _Atomic bool draining;
    _Atomic bool stopping;
    _Atomic size_t lent;  /* requests at the handler, or whose answer has not left */
    pthread_mutex_t lock; /* with idle: lent became 0 */
    pthread_cond_t idle;
    Loop loops[HTTP_LOOPS_MAX];
};

/* Starts the daemon on listen_fd, which it takes, and the thread. */
Status loop_open(Loop *loop, Http *http, int listen_fd);

/* Any thread. */
void loop_wake(Loop *loop);

/* After http->stopping was set. A loop that was never opened is left alone. */
void loop_close(Loop *loop);

#endif
