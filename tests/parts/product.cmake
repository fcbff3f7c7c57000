jumun_test(unit_product LABEL unit CRITERION SOURCES
    unit/services/product/domain/product_test.c unit/services/product/domain/stock_test.c
    unit/services/product/api/product_cursor_test.c
    ${CMAKE_SOURCE_DIR}/services/product/api/product_cursor.c # its library links nng
    LINK product_app)
jumun_test(contract_stock_store_fake LABEL contract SOURCES
    contract/services/product/stock_store_fake_test.c
    contract/services/product/stock_store_contract.c support/fake_stock_store.c
    LINK product_app)

jumun_test(integration_stock_store LABEL integration TIMEOUT 120 SOURCES
    integration/services/product/stock_store_mysql_test.c
    support/outbox_reader.c
    contract/services/product/stock_store_contract.c
    integration/common/mysql/mysql_fixture.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    LINK product_adapters)
set_tests_properties(integration_stock_store PROPERTIES SKIP_RETURN_CODE 77)

jumun_test(contract_product_store_fake LABEL contract SOURCES
    contract/services/product/product_store_fake_test.c
    contract/services/product/product_store_contract.c support/fake_product_store.c
    LINK product_app)
jumun_test(contract_product_gate_fake LABEL contract SOURCES
    contract/services/product/stock_gate_fake_test.c
    contract/services/product/stock_gate_contract.c support/fake_product_store.c
    LINK product_app)
jumun_test(integration_product_store LABEL integration TIMEOUT 120 SOURCES
    integration/services/product/product_store_mysql_test.c
    contract/services/product/product_store_contract.c
    contract/services/product/stock_gate_contract.c
    integration/common/mysql/mysql_fixture.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    LINK product_adapters)
set_tests_properties(integration_product_store PROPERTIES SKIP_RETURN_CODE 77)

# Plain programs: what api links needs nng.
jumun_test(unit_product_events LABEL unit SOURCES
    unit/services/product/api/product_events_test.c support/fake_stock_store.c
    LINK product_api)
foreach(case reading changing)
    jumun_test(thread_product_${case} LABEL thread SOURCES
        thread/services/product/product_${case}_test.c
        thread/services/product/product_api_fixture.c support/rpc_fixture.c
        support/fake_product_store.c
        LINK product_api)
endforeach()
