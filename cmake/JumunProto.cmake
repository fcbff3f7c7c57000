# jumun_proto(NAME FILES a.proto ...): C code by protoc-c, as a library of system headers.
# Files are named from proto/, and included as "jumun/order/v1/order.pb-c.h".

find_program(PROTOC_C protoc-c REQUIRED)

function(jumun_proto name)
    cmake_parse_arguments(arg "" "" "FILES;LINK" ${ARGN})
    set(out "${CMAKE_BINARY_DIR}/proto")
    file(MAKE_DIRECTORY "${out}")
    foreach(file ${arg_FILES})
        string(REGEX REPLACE "\\.proto$" "" stem "${file}")
        add_custom_command(
            OUTPUT "${out}/${stem}.pb-c.c" "${out}/${stem}.pb-c.h"
            COMMAND "${PROTOC_C}" --c_out=${out} --proto_path=${CMAKE_SOURCE_DIR}/proto ${file}
            DEPENDS "${CMAKE_SOURCE_DIR}/proto/${file}"
            VERBATIM)
        list(APPEND sources "${out}/${stem}.pb-c.c")
    endforeach()
    # Generated code is not held to our warnings.
    add_library(${name} STATIC ${sources})
    target_compile_options(${name} PRIVATE -O2 -g -fPIE -w)
    target_include_directories(${name} SYSTEM PUBLIC "${out}")
    target_link_libraries(${name} PUBLIC protobuf-c ${arg_LINK})
    if(JUMUN_SANITIZE)
        target_compile_options(${name} PRIVATE -fsanitize=${JUMUN_SANITIZE})
    endif()
endfunction()
