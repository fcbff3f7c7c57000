# Writes OUT, a C file with the SQL scripts of every schema, as bytes. Run by `cmake -P`
# at build time with ROOT (the source tree) and OUT.
set(schemas
    member_db services/member/schema
    product_db services/product/schema
    order_db services/order/schema
    payment_db services/payment/schema
    provider_db services/payment/schema_provider)

set(text "/* Generated from the schema folders of services by cli/embed_migrations.cmake. */\n#include \"cli/migrations.h\"\n")
set(table "")
while(schemas)
    list(POP_FRONT schemas schema folder)
    file(GLOB scripts "${ROOT}/${folder}/*.sql")
    list(SORT scripts)
    set(rows "")
    set(expected 1)
    foreach(script ${scripts})
        get_filename_component(name "${script}" NAME_WE)
        if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+$")
            message(FATAL_ERROR "${script}: must be named NNNN_what_it_does.sql")
        endif()
        string(REGEX REPLACE "^0+" "" version "${CMAKE_MATCH_1}")
        if(NOT version EQUAL expected)
            message(FATAL_ERROR "${script}: the next number is ${expected}")
        endif()
        math(EXPR expected "${expected} + 1")
        file(READ "${script}" bytes HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
        string(APPEND text
            "static const unsigned char ${schema}_${version}[] = { ${bytes} 0 };\n")
        string(APPEND rows "    { ${version}, \"${name}\", (const char *)${schema}_${version} },\n")
    endforeach()
    if(rows)
        string(APPEND text "static const Migration ${schema}[] = {\n${rows}};\n")
        string(APPEND table
            "    { \"${schema}\", ${schema}, sizeof ${schema} / sizeof ${schema}[0] },\n")
    endif()
endwhile()
string(APPEND text "const SchemaScripts schema_scripts[] = {\n${table}    { NULL, NULL, 0 },\n};\n")
string(APPEND text
    "const size_t schema_scripts_count = sizeof schema_scripts / sizeof schema_scripts[0] - 1;\n")
file(WRITE "${OUT}" "${text}")
