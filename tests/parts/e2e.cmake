# Whole systems: the built programs and private engines, one at a time.
jumun_library(test_invariants SOURCES invariants/invariants.c LINK common_mysql)
jumun_library(test_running SOURCES support/running.c LINK common_base jansson)
jumun_library(test_metric SOURCES support/metric.c support/ops_page.c LINK common_http)
jumun_library(test_stack SOURCES e2e/stack.c e2e/stack_shop.c support/processes.c
    LINK test_invariants test_running common_http)

jumun_test(e2e_orders LABEL e2e TIMEOUT 180 SOURCES e2e/orders_test.c LINK test_stack)
jumun_test(e2e_products LABEL e2e TIMEOUT 180 SOURCES e2e/products_test.c e2e/pages.c
    LINK test_stack)
jumun_test(e2e_order_lists LABEL e2e TIMEOUT 180 SOURCES e2e/order_lists_test.c e2e/pages.c
    LINK test_stack common_crypto)
jumun_test(e2e_logins LABEL e2e TIMEOUT 180 SOURCES e2e/logins_test.c e2e/stack_redis.c
    LINK test_stack common_redis pthread)
jumun_test(e2e_bad_messages LABEL e2e TIMEOUT 180
    SOURCES e2e/bad_messages_test.c integration/common/amqp/broker.c support/tcp_proxy.c
    LINK test_stack common_amqp)
jumun_test(e2e_bad_calls LABEL e2e TIMEOUT 180
    SOURCES e2e/bad_calls_test.c e2e/stack_rpc.c support/raw_tcp.c
    LINK test_stack common_rpc)
jumun_test(e2e_two_order_services LABEL e2e TIMEOUT 240
    SOURCES e2e/two_order_services_test.c e2e/order_twin.c e2e/placing.c e2e/stack_rpc.c
    support/rpc_fixture.c
    LINK test_stack test_metric common_rpc)
jumun_test(e2e_lying_redis LABEL e2e TIMEOUT 180 SOURCES e2e/lying_redis_test.c e2e/stack_redis.c
    LINK test_stack common_redis)
jumun_test(e2e_silent_redis LABEL e2e TIMEOUT 180 SOURCES e2e/silent_redis_test.c LINK test_stack)
jumun_test(e2e_hung_service LABEL e2e TIMEOUT 180 SOURCES e2e/hung_service_test.c e2e/stack_rpc.c
    LINK test_stack common_rpc)
jumun_test(e2e_restart LABEL e2e TIMEOUT 180 SOURCES e2e/restart_test.c LINK test_stack)
jumun_test(e2e_foreground LABEL e2e TIMEOUT 180 SOURCES e2e/foreground_test.c LINK test_stack)
jumun_test(e2e_operations LABEL e2e TIMEOUT 180 SOURCES e2e/operations_test.c
    LINK test_stack test_metric)
jumun_test(e2e_violations LABEL e2e TIMEOUT 180 SOURCES e2e/violations_test.c LINK test_stack)
jumun_test(e2e_kill_services LABEL e2e TIMEOUT 400 SOURCES e2e/kill_test.c
    LINK test_stack bench_load ARGS gateway member product order payment relay)
jumun_test(e2e_kill_engines LABEL e2e TIMEOUT 400 SOURCES e2e/kill_test.c
    LINK test_stack bench_load ARGS mariadb redis rabbitmq)

foreach(name orders products order_lists logins operations violations bad_messages bad_calls
        two_order_services lying_redis silent_redis hung_service restart foreground kill_services
        kill_engines)
    set_tests_properties(e2e_${name} PROPERTIES
        RUN_SERIAL TRUE SKIP_RETURN_CODE 77
        ENVIRONMENT "JUMUN_TEST_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
endforeach()
