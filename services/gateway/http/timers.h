/* timers.h - absolute deadlines of connections that a request or its answer takes up.
 *
 * The library's own time-out is about inactivity: a client that sends or takes a byte a
 * second never meets it. Deadlines of one class all last equally long, so each class is a
 * list that is in order by itself. Belongs to one loop thread. */
#ifndef JUMUN_SERVICES_GATEWAY_HTTP_TIMERS_H
#define JUMUN_SERVICES_GATEWAY_HTTP_TIMERS_H

#include <stdint.h>

typedef enum TimerClass {
    TIMER_FIRST,   /* a new connection owes its request line */
    TIMER_KEEP,    /* a kept one likewise */
    TIMER_HEADERS, /* the request line is here, the headers are not */
    TIMER_BODY,    /* the headers are here, the body is not */
    TIMER_ANSWER,  /* the answer is being sent */
    TIMER_CLASSES,
} TimerClass;

/* Embedded in a connection. All zero: not armed. */
typedef struct Timer {
    struct Timer *prev;
    struct Timer *next;
    int64_t deadline_us;
    TimerClass class;
} Timer;

typedef struct Timers {
    Timer heads[TIMER_CLASSES]; /* of circular lists */
    int64_t spans_us[TIMER_CLASSES];
} Timers;

void timers_init(Timers *timers, const int64_t spans_us[TIMER_CLASSES]);

/* Starts the class's span now, whatever ran before. */
void timer_arm(Timers *timers, Timer *timer, TimerClass class, int64_t now_us);

/* Does nothing if it is not armed. */
void timer_disarm(Timer *timer);

/* Takes one timer whose deadline has passed off its list; NULL if there is none. */
Timer *timers_take_late(Timers *timers, int64_t now_us);

#endif
