#include "tests/integration/common/amqp/broker_alarm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/processes.h"

enum {
    WORDS_MAX = 128
};

/* The script under /usr/lib keeps the environment; the one in the path does not. */
#define SET_WATERMARK "/usr/lib/rabbitmq/bin/rabbitmqctl -q set_vm_memory_high_watermark "
#define TOO_LOW       "0.000001"
#define STANDARD      "0.4"

/* Whatever rabbitmqctl needs to find its broker and to be heard. */
static bool is_needed(const char *word)
{
    static const char *const names[] = { "HOME=", "ERL_EPMD_",
                                         "RABBITMQ_NODENAME=", "RABBITMQ_CONF_ENV_FILE=" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(word, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void take_environment(const Broker *broker)
{
    char *words[WORDS_MAX];
    char port[64];

    (void)snprintf(port, sizeof port, "RABBITMQ_NODE_PORT=%d", broker->link->info.port);
    size_t count = process_environment(process_that_names(port), words, WORDS_MAX);
    assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (is_needed(words[i])) {
            char *value = strchr(words[i], '=');

            *value = '\0';
            assert(setenv(words[i], value + 1, 1) == 0);
        }
    }
}

void broker_alarm_raise(const Broker *broker, BrokerAlarm *ret_alarm)
{
    take_environment(broker);
    /* Reads until the pipe is closed, by us or by our death. */
    ret_alarm->guard = popen("cat >/dev/null; exec " SET_WATERMARK STANDARD, "we");
    assert(ret_alarm->guard != NULL);
    int code = system(SET_WATERMARK TOO_LOW);
    assert(code == 0);
}

void broker_alarm_end(BrokerAlarm *alarm)
{
    int code = pclose(alarm->guard);

    assert(code == 0);
    alarm->guard = NULL;
}
