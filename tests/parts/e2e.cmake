# Whole systems: the built programs and private engines, one at a time.
jumun_library(test_invariants SOURCES invariants/invariants.c LINK common_mysql)
jumun_library(test_running SOURCES support/running.c LINK common_base jansson)
jumun_library(test_stack SOURCES e2e/stack.c LINK test_invariants test_running common_http)

jumun_test(e2e_orders LABEL e2e TIMEOUT 180 SOURCES e2e/orders_test.c LINK test_stack)
jumun_test(e2e_kill_services LABEL e2e TIMEOUT 400 SOURCES e2e/kill_test.c
    LINK test_stack bench_load ARGS gateway member product order payment relay)
jumun_test(e2e_kill_engines LABEL e2e TIMEOUT 400 SOURCES e2e/kill_test.c
    LINK test_stack bench_load ARGS mariadb redis rabbitmq)

set_tests_properties(e2e_orders e2e_kill_services e2e_kill_engines PROPERTIES
    RUN_SERIAL TRUE
    ENVIRONMENT "JUMUN_TEST_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
