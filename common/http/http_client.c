#include "common/http/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LINE_MAX_SIZE = 1024
};

struct HttpClient {
    CURL *curl;
    char base_url[256];
    char *body;
    size_t size;
    char *headers; /* the lines of the last reply, as they came */
    size_t headers_size;
    char header[LINE_MAX_SIZE]; /* the value http_client_header returned */
    json_t *json;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Appends to a buffer of a fixed size; less than all tells libcurl to give up. */
static size_t append(char *buffer, size_t *size, size_t max, const char *bytes, size_t count)
{
    if (count >= max - *size) {
        return 0;
    }
    memcpy(buffer + *size, bytes, count);
    *size += count;
    buffer[*size] = '\0';
    return count;
}

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    HttpClient *client = context;

    return append(client->body, &client->size, HTTP_CLIENT_REPLY_MAX, bytes, unit * count);
}

static size_t on_header(char *bytes, size_t unit, size_t count, void *context)
{
    HttpClient *client = context;

    return append(client->headers, &client->headers_size, HTTP_CLIENT_HEADERS_MAX, bytes,
                  unit * count);
}

Status http_client_open(const char *base_url, HttpClient **ret_client)
{
    (void)pthread_once(&curl_once, init_curl);
    HttpClient *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    client->curl = curl_easy_init();
    client->body = malloc(HTTP_CLIENT_REPLY_MAX);
    client->headers = malloc(HTTP_CLIENT_HEADERS_MAX);
    if (client->curl == NULL || client->body == NULL || client->headers == NULL) {
        http_client_close(client);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    (void)snprintf(client->base_url, sizeof client->base_url, "%s", base_url);
    *ret_client = client;
    return status_ok();
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[LINE_MAX_SIZE];

    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    return curl_slist_append(list, line);
}

static struct curl_slist *headers_of(const HttpRequest *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    const char *const *more = request->headers;
    int typed = 0;

    for (; more != NULL && *more != NULL; more++) {
        list = curl_slist_append(list, *more);
        typed |= strncasecmp(*more, "Content-Type:", strlen("Content-Type:")) == 0;
    }
    if (request->body != NULL && !typed) {
        list = add_header(list, "Content-Type", "application/json");
    }
    if (request->key != NULL) {
        list = add_header(list, "Idempotency-Key", request->key);
    }
    if (request->token != NULL) {
        char bearer[LINE_MAX_SIZE / 2];
        (void)snprintf(bearer, sizeof bearer, "Bearer %s", request->token);
        list = add_header(list, "Authorization", bearer);
    }
    return list;
}

static void forget_reply(HttpClient *client)
{
    json_decref(client->json);
    client->json = NULL;
    client->size = 0;
    client->headers_size = 0;
    client->body[0] = '\0';
    client->headers[0] = '\0';
}

static void prepare(HttpClient *client, const HttpRequest *request, struct curl_slist *headers)
{
    CURL *curl = client->curl;
    char url[2048];

    (void)snprintf(url, sizeof url, "%s%s", client->base_url, request->path);
    curl_easy_reset(curl); /* keeps the connection */
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    (void)curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(request->method, "HEAD") == 0 ? 1L : 0L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT,
                           request->timeout_s > 0 ? request->timeout_s : 30L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
    if (request->body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)strlen(request->body));
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
}

Status http_client_ask(HttpClient *client, const HttpRequest *request, HttpReply *ret_reply)
{
    struct curl_slist *headers = headers_of(request);

    forget_reply(client);
    prepare(client, request, headers);
    CURLcode code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    if (code != CURLE_OK) {
        return status_make(STATUS_UNKNOWN, "UNKNOWN");
    }
    HttpReply reply = { .body = client->body, .size = client->size };
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply.status);
    client->json = json_loadb(client->body, client->size, JSON_DECODE_ANY, NULL);
    reply.json = client->json;
    *ret_reply = reply;
    return status_ok();
}

const char *http_client_header(HttpClient *client, const char *name)
{
    size_t length = strlen(name);
    const char *line = client->headers;

    while (line != NULL && *line != '\0') {
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1;
            value += strspn(value, " \t");
            (void)snprintf(client->header, sizeof client->header, "%.*s",
                           (int)strcspn(value, "\r\n"), value);
            return client->header;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return NULL;
}

void http_client_close(HttpClient *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    json_decref(client->json);
    free(client->body);
    free(client->headers);
    free(client);
}

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

json_int_t json_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}
