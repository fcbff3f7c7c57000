jumun_test(unit_cli_instance LABEL unit CRITERION SOURCES
    unit/cli/instance_test.c LINK cli_base)
jumun_test(unit_cli_child_log LABEL unit CRITERION SOURCES
    unit/cli/child_log_test.c LINK cli_base)
jumun_test(integration_cli_supervisor LABEL integration SOURCES
    integration/cli/supervisor_test.c LINK cli_base)
add_test(NAME integration_cli_engines COMMAND
    "${CMAKE_CURRENT_SOURCE_DIR}/integration/cli/engines_test.sh" $<TARGET_FILE:jumun>)
set_tests_properties(integration_cli_engines PROPERTIES
    LABELS integration TIMEOUT 180 SKIP_RETURN_CODE 77
    FAIL_REGULAR_EXPRESSION "ERROR: [A-Za-z]+Sanitizer;WARNING: ThreadSanitizer;runtime error:")
