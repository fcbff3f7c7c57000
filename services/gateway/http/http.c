#include "services/gateway/http/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "services/gateway/http/mhd_loop.h"

enum {
    LISTEN_BACKLOG = 1024
};

typedef struct Address {
    struct sockaddr_storage storage;
    socklen_t size;
} Address;

static bool parse_port(const char *text, uint16_t *ret_port)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || port > 65535) {
        return false;
    }
    *ret_port = htons((uint16_t)port);
    return true;
}

/* Numbers only: whoever listens knows its own address. */
static bool parse_address(const char *text, Address *ret_address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    Address address = { .size = 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;

    if (colon == NULL || (size_t)(colon - text) >= sizeof host) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (host[0] == '[' && strlen(host) > 2 && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = '\0';
        v6->sin6_family = AF_INET6;
        address.size = sizeof *v6;
        if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1 ||
            !parse_port(colon + 1, &v6->sin6_port)) {
            return false;
        }
    } else {
        v4->sin_family = AF_INET;
        address.size = sizeof *v4;
        if (inet_pton(AF_INET, host, &v4->sin_addr) != 1 || !parse_port(colon + 1, &v4->sin_port)) {
            return false;
        }
    }
    *ret_address = address;
    return true;
}

static uint16_t *port_of(Address *address)
{
    return address->storage.ss_family == AF_INET6
               ? &((struct sockaddr_in6 *)&address->storage)->sin6_port
               : &((struct sockaddr_in *)&address->storage)->sin_port;
}

/* A socket that listens, or -1. Port 0 becomes the port that was found. */
static int listen_at(Address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    Address bound = { .size = sizeof bound.storage };

    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address->storage, address->size) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound.storage, &bound.size) != 0) {
        (void)close(fd);
        return -1;
    }
    *port_of(address) = *port_of(&bound);
    return fd;
}

/* SO_REUSEPORT lets a second gateway share the port unnoticed; a plain bind tells. */
static bool is_taken(const Address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0) {
        return false;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool taken = bind(fd, (const struct sockaddr *)&address->storage, address->size) != 0;
    (void)close(fd);
    return taken;
}

static Status open_loops(Http *http, Address *address)
{
    if (is_taken(address)) {
        return status_make(STATUS_UNAVAILABLE, "PORT_TAKEN");
    }
    for (unsigned i = 0; i < http->options.loops; i++) {
        int fd = listen_at(address);
        if (fd < 0) {
            return status_make(STATUS_UNAVAILABLE, "PORT_TAKEN");
        }
        Status status = loop_open(&http->loops[i], http, fd);
        if (status_failed(status)) {
            return status;
        }
    }
    http->port = ntohs(*port_of(address));
    return status_ok();
}

Status http_open(const HttpOptions *options, Http **ret_http)
{
    Address address;
    pthread_condattr_t monotonic;

    if (options->loops == 0 || options->loops > HTTP_LOOPS_MAX ||
        !parse_address(options->address, &address)) {
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    Http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    http->options = *options;
    pthread_mutex_init(&http->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&http->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    Status status = open_loops(http, &address);
    if (status_failed(status)) {
        http_close(http);
        return status;
    }
    *ret_http = http;
    return status_ok();
}

unsigned http_port(const Http *http)
{
    return http->port;
}

static void hand_back(Slot *slot)
{
    Loop *loop = slot->loop;
    Slot *head = atomic_load_explicit(&loop->answered, memory_order_relaxed);

    do {
        slot->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->answered, &head, slot,
                                                    memory_order_release, memory_order_relaxed));
    loop_wake(loop);
}

void http_answer(Http *http, HttpHandle handle, const HttpAnswer *answer)
{
    unsigned slots = http->options.connections_max;
    assert(handle.slot / slots < http->options.loops);
    Slot *slot = &http->loops[handle.slot / slots].slots[handle.slot % slots];
    uint64_t word = atomic_load(&slot->word);

    do {
        if (word >> SLOT_FLAG_BITS != handle.generation || (word & SLOT_CLAIMED) != 0) {
            return; /* nobody waits for it any more */
        }
    } while (!atomic_compare_exchange_weak(&slot->word, &word, word | SLOT_CLAIMED));
    slot->answer = *answer;
    if ((atomic_fetch_or(&slot->word, SLOT_ANSWERED) & SLOT_PARKED) != 0) {
        hand_back(slot);
    }
}

bool http_drain(Http *http, int64_t timeout_ms)
{
    struct timespec until;
    int code = 0;

    atomic_store(&http->draining, true);
    for (unsigned i = 0; i < http->options.loops; i++) {
        loop_wake(&http->loops[i]);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&http->lock);
    while (atomic_load(&http->lent) > 0 && code != ETIMEDOUT) {
        code = pthread_cond_timedwait(&http->idle, &http->lock, &until);
    }
    pthread_mutex_unlock(&http->lock);
    return atomic_load(&http->lent) == 0;
}

void http_close(Http *http)
{
    if (http == NULL) {
        return;
    }
    atomic_store(&http->stopping, true);
    for (unsigned i = 0; i < http->options.loops; i++) {
        loop_close(&http->loops[i]);
    }
    pthread_cond_destroy(&http->idle);
    pthread_mutex_destroy(&http->lock);
    free(http);
}

const HttpField *http_field(const HttpRequest *request, const char *name, size_t *ret_count)
{
    const HttpField *found = NULL;
    size_t size = strlen(name);
    size_t count = 0;

    for (size_t i = 0; i < request->field_count; i++) {
        const HttpField *field = &request->fields[i];
        if (field->name_size == size && strncasecmp(field->name, name, size) == 0) {
            found = count == 0 ? field : NULL;
            count++;
        }
    }
    if (ret_count != NULL) {
        *ret_count = count;
    }
    return count == 1 ? found : NULL;
}
