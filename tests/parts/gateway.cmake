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
jumun_test(thread_gateway_http_start LABEL thread SOURCES
    thread/services/gateway/http_start_test.c
    LINK gateway_http pthread -Wl,--wrap=listen,--wrap=pthread_create)
jumun_library(test_gateway_flow SOURCES
    integration/services/gateway/flow_fixture.c support/fake_services.c
    support/fake_member_service.c support/fake_order_service.c support/fake_product_service.c
    support/key_file.c support/tcp_proxy.c
    LINK gateway_service common_http)
foreach(noun products members orders waits sessions bounds)
    jumun_test(integration_gateway_${noun} LABEL integration SOURCES
        integration/services/gateway/${noun}_flow_test.c LINK test_gateway_flow)
    set_tests_properties(integration_gateway_${noun} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
target_sources(integration_gateway_waits PRIVATE integration/services/gateway/looks.c)
target_link_options(integration_gateway_waits PRIVATE -Wl,--wrap=waits_park)
jumun_test(thread_gateway_waits LABEL thread SOURCES
    thread/services/gateway/waits_test.c LINK gateway_flow)
jumun_test(thread_gateway_auth LABEL thread SOURCES
    thread/services/gateway/auth_test.c integration/common/redis/fake_server.c
    LINK gateway_flow pthread)
jumun_test(unit_gateway_problem_doc LABEL unit SOURCES
    unit/services/gateway/problem_doc.c LINK gateway_core
    ARGS "${CMAKE_SOURCE_DIR}/docs/errors.md")
