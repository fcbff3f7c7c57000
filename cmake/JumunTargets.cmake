# How every target of jumun is built: flags, warnings, hardening, sanitizers.
#
#   jumun_library(NAME SOURCES a.c b.c LINK common_base ...)    a static library
#   jumun_program(NAME SOURCES main.c LINK ...)                 a program in build/<preset>/bin
#   jumun_test(NAME LABEL unit SOURCES x.c LINK ... [CRITERION] [TIMEOUT s])
#
# Includes are written from the root: "common/base/status.h".

set(JUMUN_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

add_library(jumun_flags INTERFACE)
target_include_directories(jumun_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(jumun_flags INTERFACE _GNU_SOURCE)
target_compile_options(jumun_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wundef -Wcast-qual -Wwrite-strings -Wformat=2 -Werror
    -fno-omit-frame-pointer -fPIE)

# NDEBUG is never defined: assertions are for the programmer's errors and stay on.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(JUMUN_SANITIZE)
    target_compile_options(jumun_flags INTERFACE
        -fsanitize=${JUMUN_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(jumun_flags INTERFACE -fsanitize=${JUMUN_SANITIZE})
else()
    target_compile_options(jumun_flags INTERFACE
        -fstack-protector-strong -fstack-clash-protection
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
        -ftrivial-auto-var-init=zero
        $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>)
    # clang 14 wants its consent for zero initialisation in so many words.
    if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
        target_compile_options(jumun_flags INTERFACE
            -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
    endif()
    target_link_options(jumun_flags INTERFACE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

function(jumun_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE jumun_flags)
    target_link_libraries(${name} PUBLIC ${arg_LINK})
endfunction()

function(jumun_program name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE jumun_flags ${arg_LINK})
    install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# Criterion and sanitizers: a report in a child process leaves Criterion's exit code at 0, so
# the words of a report fail every test. Criterion cannot run under TSan at all.
function(jumun_test name)
    cmake_parse_arguments(arg "CRITERION" "LABEL;TIMEOUT" "SOURCES;LINK;ARGS;DEFINE" ${ARGN})
    if(arg_CRITERION AND JUMUN_SANITIZE MATCHES "thread")
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    target_link_libraries(${name} PRIVATE jumun_flags ${arg_LINK})
    target_compile_definitions(${name} PRIVATE ${arg_DEFINE})
    if(arg_CRITERION)
        target_link_libraries(${name} PRIVATE criterion)
        add_test(NAME ${name} COMMAND ${name} --jobs 1 --color=never)
    else()
        add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
    endif()
    set_tests_properties(${name} PROPERTIES
        LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT}
        FAIL_REGULAR_EXPRESSION "ERROR: [A-Za-z]+Sanitizer;WARNING: ThreadSanitizer;runtime error:")
endfunction()
