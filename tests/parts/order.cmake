jumun_test(unit_order_domain LABEL unit CRITERION SOURCES
    unit/services/order/domain/order_test.c LINK order_domain)

# The memory gate is compiled in: its library brings nng, which Criterion does not bear.
set(order_world support/memory_order_store.c support/order_world.c
    ${CMAKE_SOURCE_DIR}/services/order/adapters/memory_stock_gate.c)
foreach(case place_orders advance_orders sweep_orders find_orders)
    jumun_test(unit_order_${case} LABEL unit CRITERION TIMEOUT 120 SOURCES
        unit/services/order/app/${case}_test.c ${order_world} LINK order_app)
endforeach()

jumun_test(contract_order_store_memory LABEL contract SOURCES
    contract/services/order/memory_order_store_test.c
    contract/services/order/order_store_contract.c support/memory_order_store.c
    LINK order_app)
jumun_test(unit_order_pressure LABEL unit CRITERION SOURCES
    unit/services/order/api/order_pressure_test.c
    ${CMAKE_SOURCE_DIR}/services/order/api/order_pressure.c LINK common_base)
jumun_test(contract_stock_gate_memory LABEL contract SOURCES
    contract/services/order/memory_stock_gate_test.c
    contract/services/order/stock_gate_contract.c
    ${CMAKE_SOURCE_DIR}/services/order/adapters/memory_stock_gate.c LINK order_app)
jumun_test(contract_order_catalog_world LABEL contract SOURCES
    contract/services/order/world_catalog_test.c contract/services/order/catalog_contract.c
    ${order_world} LINK order_app)
jumun_test(contract_order_catalog_rpc LABEL contract SOURCES
    contract/services/order/rpc_catalog_test.c contract/services/order/catalog_contract.c
    support/fake_product_store.c support/served_products.c support/rpc_fixture.c
    LINK order_adapters product_api)
jumun_test(integration_order_gate LABEL integration SOURCES
    integration/services/order/redis_stock_gate_test.c
    contract/services/order/stock_gate_contract.c support/redis_command.c LINK order_adapters)
jumun_test(integration_order_store LABEL integration TIMEOUT 120 SOURCES
    integration/services/order/mysql_order_store_test.c
    contract/services/order/order_store_contract.c
    integration/common/mysql/mysql_fixture.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK order_adapters)
jumun_test(integration_order_full_batch LABEL integration TIMEOUT 120 SOURCES
    integration/services/order/full_batch_test.c integration/common/mysql/mysql_fixture.c
    support/outbox_reader.c support/redis_command.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK order_adapters)
set_tests_properties(integration_order_gate integration_order_store integration_order_full_batch
    PROPERTIES SKIP_RETURN_CODE 77)
# The one counts what the server reads, for whomever; the other wants the gate's answer to
# 25,600 holds within GATE_TIMEOUT_MS.
set_tests_properties(integration_order_store integration_order_full_batch
    PROPERTIES RUN_SERIAL TRUE)

jumun_test(unit_order_proto LABEL unit SOURCES
    unit/services/order/api/order_proto_test.c ${order_world} LINK order_api)
foreach(case placing reading crowd)
    jumun_test(thread_order_${case} LABEL thread TIMEOUT 120 SOURCES
        thread/services/order/order_${case}_test.c thread/services/order/order_api_fixture.c
        support/rpc_fixture.c ${order_world}
        LINK order_api)
endforeach()
jumun_test(thread_order_pressure LABEL thread TIMEOUT 120 SOURCES
    thread/services/order/order_pressure_test.c thread/services/order/gathered_placing.c
    support/rpc_fixture.c ${order_world}
    LINK order_api)
jumun_test(thread_order_sweeper LABEL thread TIMEOUT 120 SOURCES
    thread/services/order/order_sweeper_test.c support/rpc_fixture.c ${order_world}
    LINK order_api)
