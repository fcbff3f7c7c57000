#include "common/rpc/served_methods.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/runtime/log.h"

enum {
    LABELS_SIZE = SERVED_METHOD_NAME_SIZE + 32,
};

static ServedMethod *find(ServedMethods *methods, const char *name)
{
    for (size_t i = 0; i < methods->count; i++) {
        if (strcmp(methods->rows[i].name, name) == 0) {
            return &methods->rows[i];
        }
    }
    return NULL;
}

/* Returns what is wrong with the row, NULL if nothing is. */
static const char *add_method(ServedMethods *methods, const ProtobufCServiceDescriptor *descriptor,
                              const RpcMethod *row, void *service)
{
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(descriptor, row->name);
    ServedMethod *served = &methods->rows[methods->count];

    assert(row->handler != NULL);
    if (method == NULL) {
        return "unknown";
    }
    int size = snprintf(served->name, sizeof served->name, "%s/%s", descriptor->name, row->name);
    if (size < 0 || (size_t)size >= sizeof served->name) {
        return "name too long";
    }
    if (find(methods, served->name) != NULL) {
        return "twice";
    }
    served->input = method->input;
    served->output = method->output;
    served->handler = row->handler;
    served->service = service;
    served->callers = row->callers;
    served->metrics = methods->metrics;
    methods->count++;
    return NULL;
}

Status served_methods_add(ServedMethods *methods, const ProtobufCServiceDescriptor *descriptor,
                          const RpcMethod *rows, size_t row_count, void *service)
{
    if (row_count != descriptor->n_methods || row_count > SERVED_METHODS_MAX - methods->count) {
        log_error("rpc.method_table", "service=%s rows=%zu methods=%u", descriptor->name, row_count,
                  descriptor->n_methods);
        return status_make(STATUS_INTERNAL, "METHOD_TABLE");
    }
    for (size_t i = 0; i < row_count; i++) {
        const char *wrong = add_method(methods, descriptor, &rows[i], service);
        if (wrong != NULL) {
            log_error("rpc.method_table", "service=%s method=%s reason=%s", descriptor->name,
                      rows[i].name, wrong);
            return status_make(STATUS_INTERNAL, "METHOD_TABLE");
        }
    }
    return status_ok();
}

/* True if name is one of the words of the list. */
static bool is_listed(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (*list != '\0') {
        list += strspn(list, " ");
        size_t word_size = strcspn(list, " ");
        if (word_size == size && size > 0 && memcmp(list, name, size) == 0) {
            return true;
        }
        list += word_size;
    }
    return false;
}

Status served_methods_find(ServedMethods *methods, const char *name, const char *caller,
                           ServedMethod **ret_method)
{
    ServedMethod *method = find(methods, name);

    if (method == NULL) {
        return status_make(STATUS_UNIMPLEMENTED, "UNKNOWN_METHOD");
    }
    if (method->callers != NULL && !is_listed(method->callers, caller)) {
        return status_make(STATUS_PERMISSION_DENIED, "CALLER_NOT_ALLOWED");
    }
    *ret_method = method;
    return status_ok();
}

static Histogram *duration_of(ServedMethod *method, StatusCode code)
{
    ServedCode *served = &method->codes[code];

    if (method->metrics != NULL && !atomic_load_explicit(&served->made, memory_order_acquire)) {
        char labels[LABELS_SIZE];
        (void)snprintf(labels, sizeof labels, "method=\"%s\",code=\"%s\"", method->name,
                       status_code_name(code));
        /* two threads may both get here; they get the same series */
        atomic_store_explicit(&served->duration,
                              metrics_histogram(method->metrics, "rpc_server_duration_seconds",
                                                "From a call's arrival to its answer.", labels),
                              memory_order_relaxed);
        atomic_store_explicit(&served->made, true, memory_order_release);
    }
    return atomic_load_explicit(&served->duration, memory_order_relaxed);
}

void served_method_observe(ServedMethod *method, StatusCode code, int64_t elapsed_us)
{
    histogram_observe(duration_of(method, code), (double)elapsed_us / (double)US_PER_S);
}
