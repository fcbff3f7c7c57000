#include "services/gateway/http/timers.h"

#include <stddef.h>

void timers_init(Timers *timers, const int64_t spans_us[TIMER_CLASSES])
{
    for (int i = 0; i < TIMER_CLASSES; i++) {
        timers->heads[i].prev = &timers->heads[i];
        timers->heads[i].next = &timers->heads[i];
        timers->spans_us[i] = spans_us[i];
    }
}

void timer_disarm(Timer *timer)
{
    if (timer->next == NULL) {
        return;
    }
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    timer->prev = NULL;
    timer->next = NULL;
}

void timer_arm(Timers *timers, Timer *timer, TimerClass class, int64_t now_us)
{
    Timer *head = &timers->heads[class];

    timer_disarm(timer);
    timer->deadline_us = now_us + timers->spans_us[class];
    timer->class = class;
    timer->prev = head->prev;
    timer->next = head;
    head->prev->next = timer;
    head->prev = timer;
}

Timer *timers_take_late(Timers *timers, int64_t now_us)
{
    for (int i = 0; i < TIMER_CLASSES; i++) {
        Timer *first = timers->heads[i].next;
        if (first != &timers->heads[i] && first->deadline_us <= now_us) {
            timer_disarm(first);
            return first;
        }
    }
    return NULL;
}
