jumun_test(unit_gateway LABEL unit CRITERION SOURCES
    unit/services/gateway/json_read_test.c
    unit/services/gateway/transcode_test.c
    unit/services/gateway/json_emit_test.c
    unit/services/gateway/routes_test.c
    unit/services/gateway/problem_test.c
    unit/services/gateway/request_head_test.c
    unit/services/gateway/limits_test.c
    unit/services/gateway/lru_test.c
    unit/services/gateway/http/strict_test.c
    LINK gateway_core jansson -Wl,--wrap=malloc
    DEFINE OPENAPI_FILE="${CMAKE_SOURCE_DIR}/openapi.json")
jumun_test(thread_gateway_http_hostile LABEL thread SOURCES
    thread/services/gateway/http_hostile_test.c LINK gateway_http)
jumun_test(thread_gateway_http_answer LABEL thread SOURCES
    thread/services/gateway/http_answer_test.c LINK gateway_http pthread)
jumun_test(integration_gateway_flow LABEL integration SOURCES
    integration/services/gateway/flow_test.c support/fake_services.c support/tcp_proxy.c
    LINK gateway_service common_http)
set_tests_properties(integration_gateway_flow PROPERTIES SKIP_RETURN_CODE 77)
jumun_test(thread_gateway_waits LABEL thread SOURCES
    thread/services/gateway/waits_test.c LINK gateway_flow)
jumun_test(thread_gateway_auth LABEL thread SOURCES
    thread/services/gateway/auth_test.c integration/common/redis/fake_server.c
    LINK gateway_flow pthread)
jumun_test(unit_gateway_problem_doc LABEL unit SOURCES
    unit/services/gateway/problem_doc.c LINK gateway_core
    ARGS "${CMAKE_SOURCE_DIR}/docs/errors.md")
