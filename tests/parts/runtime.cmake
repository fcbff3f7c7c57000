jumun_test(unit_log LABEL unit CRITERION SOURCES
    unit/common/runtime/log_test.c LINK common_runtime)
jumun_test(unit_config LABEL unit CRITERION SOURCES
    unit/common/runtime/config_test.c LINK common_runtime)
jumun_test(unit_metrics LABEL unit CRITERION SOURCES
    unit/common/runtime/metrics_test.c LINK common_runtime)
jumun_test(unit_pace LABEL unit CRITERION SOURCES
    unit/common/runtime/pace_test.c LINK common_runtime)
jumun_test(thread_batcher LABEL thread SOURCES
    thread/common/runtime/batcher_test.c LINK common_runtime)
jumun_test(thread_pool LABEL thread SOURCES
    thread/common/runtime/pool_test.c LINK common_runtime)
jumun_test(thread_service LABEL thread SOURCES
    thread/common/service/service_test.c LINK common_service)
