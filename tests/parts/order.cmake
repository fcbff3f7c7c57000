jumun_test(unit_order_domain LABEL unit CRITERION SOURCES
    unit/services/order/domain/order_test.c LINK order_domain)

# The memory gate is compiled in: its library brings nng, which Criterion does not bear.
set(order_world support/memory_order_store.c support/order_world.c
    ${CMAKE_SOURCE_DIR}/services/order/adapters/memory_stock_gate.c)
foreach(case place_orders advance_orders sweep_orders)
    jumun_test(unit_order_${case} LABEL unit CRITERION TIMEOUT 120 SOURCES
        unit/services/order/app/${case}_test.c ${order_world} LINK order_app)
endforeach()
