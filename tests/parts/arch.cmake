# The layers, as tests. Sanitized archives need the sanitizers' symbols, so what a domain
# may need is checked in plain builds.
add_test(NAME arch_includes COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/arch/check_includes.sh"
    "${CMAKE_SOURCE_DIR}")
add_test(NAME arch_criterion COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/arch/check_criterion.sh"
    "${CMAKE_BINARY_DIR}/tests")
add_test(NAME arch_checks_can_fail COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/arch/checks_test.sh"
    "${CMAKE_C_COMPILER}")
set(arch_tests arch_includes arch_criterion arch_checks_can_fail)

if(NOT JUMUN_SANITIZE)
    foreach(service member product order payment)
        if(TARGET ${service}_domain)
            add_test(NAME arch_layer_${service}_domain
                COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/arch/check_layer.sh"
                    $<TARGET_FILE:${service}_domain>
                    # memory that it was given, and no more
                    memcpy memmove memset memcmp strlen strcmp strncmp strnlen strspn
                    __memcpy_chk __memset_chk
                    # the pure part of common/base
                    "money_[a-z]+" text_is_line text_utf8_count
                    # what the compiler adds
                    __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_)
            list(APPEND arch_tests arch_layer_${service}_domain)
        endif()
    endforeach()
endif()
if(JUMUN_SANITIZE MATCHES "thread") # builds no Criterion program
    set_tests_properties(arch_criterion PROPERTIES DISABLED ON)
endif()
set_tests_properties(${arch_tests} PROPERTIES LABELS arch TIMEOUT 60)
