/* mhd_request.h - the callbacks that loops give to libmicrohttpd; private to http/. Their
 * context is the loop. */
#ifndef JUMUN_SERVICES_GATEWAY_HTTP_MHD_REQUEST_H
#define JUMUN_SERVICES_GATEWAY_HTTP_MHD_REQUEST_H

#include "services/gateway/http/mhd_loop.h"

/* A connection began or ended. */
void mhd_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);

/* The request line is complete. Returns the request's slot. */
void *mhd_on_target(void *context, const char *target, struct MHD_Connection *mhd);

/* Targets are routed as they were sent. */
size_t mhd_unescape_nothing(void *context, struct MHD_Connection *mhd, char *text);

/* Headers, pieces of the body, its end, and again after the connection was resumed. */
enum MHD_Result mhd_on_request(void *context, struct MHD_Connection *mhd, const char *target,
                               const char *method, const char *version, const char *piece,
                               size_t *piece_size, void **request_context);

/* The answer has left, or never will. */
void mhd_on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                      enum MHD_RequestTerminationCode code);

#endif
