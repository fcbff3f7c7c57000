/* openapi.h - the API's description, openapi.json at the root, put into the program by
 * embed.cmake. */
#ifndef JUMUN_SERVICES_GATEWAY_OPENAPI_H
#define JUMUN_SERVICES_GATEWAY_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_size;

#endif
