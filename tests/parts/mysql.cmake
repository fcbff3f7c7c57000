jumun_test(unit_mysql LABEL unit CRITERION SOURCES
    unit/common/mysql/db_expand_test.c unit/common/mysql/db_url_test.c
    unit/common/mysql/mysql_status_test.c LINK common_mysql)

# Each on a real server, named by JUMUN_TEST_MYSQL_URL.
foreach(part db_values db_bulk outbox node_lease migrate)
    jumun_test(integration_mysql_${part} LABEL integration TIMEOUT 120 SOURCES
        integration/common/mysql/${part}_test.c integration/common/mysql/mysql_fixture.c
        support/outbox_reader.c
        LINK common_mysql)
    set_tests_properties(integration_mysql_${part} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
foreach(part db_abort db_loss db_refusal)
    jumun_test(integration_mysql_${part} LABEL integration TIMEOUT 120 SOURCES
        integration/common/mysql/${part}_test.c integration/common/mysql/failing_table.c
        integration/common/mysql/mysql_fixture.c LINK common_mysql)
    set_tests_properties(integration_mysql_${part} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
