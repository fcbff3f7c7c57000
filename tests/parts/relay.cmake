# common/amqp and the relay. Queue names are fixed: one test at a time on a broker.
jumun_test(unit_amqp LABEL unit CRITERION SOURCES
    unit/common/amqp/event_batch_test.c unit/common/amqp/consumer_batch_test.c
    unit/common/amqp/confirm_window_test.c LINK common_amqp)

foreach(name publisher consumer consumer_pace)
    jumun_test(integration_${name} LABEL integration TIMEOUT 120 SOURCES
        integration/common/amqp/${name}_test.c integration/common/amqp/broker.c
        integration/common/amqp/event_messages.c support/tcp_proxy.c LINK common_amqp)
    set_tests_properties(integration_${name} PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK broker)
endforeach()

jumun_test(unit_relay LABEL unit CRITERION SOURCES
    unit/relay/relay_test.c unit/relay/amqp_sink_test.c support/fake_relay.c LINK relay_core)
set(relay_fixture integration/relay/relay_fixture.c integration/relay/outbox_rows.c
    integration/common/amqp/broker.c integration/common/mysql/mysql_fixture.c
    support/service_schema.c support/tcp_proxy.c)
foreach(name source lease pace)
    jumun_test(integration_relay_${name} LABEL integration TIMEOUT 180 SOURCES
        integration/relay/relay_${name}_test.c ${relay_fixture}
        DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK relay_source)
    set_tests_properties(integration_relay_${name} PROPERTIES
        SKIP_RETURN_CODE 77 RESOURCE_LOCK broker)
endforeach()
jumun_test(integration_relay_blocked LABEL integration TIMEOUT 120 SOURCES
    integration/relay/blocked_broker_test.c integration/common/amqp/broker_alarm.c
    support/processes.c ${relay_fixture}
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK relay_source)
set_tests_properties(integration_relay_blocked PROPERTIES
    SKIP_RETURN_CODE 77 RESOURCE_LOCK broker)

jumun_test(contract_relay_fake LABEL contract SOURCES
    contract/relay/fake_relay_test.c contract/relay/event_sink_contract.c
    contract/relay/outbox_source_contract.c support/fake_relay.c LINK relay_core)
jumun_test(integration_relay_outbox LABEL integration SOURCES
    integration/relay/mysql_outbox_test.c integration/relay/outbox_rows.c
    contract/relay/outbox_source_contract.c integration/common/mysql/mysql_fixture.c
    support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK relay_source)
set_tests_properties(integration_relay_outbox PROPERTIES SKIP_RETURN_CODE 77)
jumun_test(integration_relay_sink LABEL integration TIMEOUT 120 SOURCES
    integration/relay/amqp_sink_test.c contract/relay/event_sink_contract.c
    integration/common/amqp/broker.c support/tcp_proxy.c LINK relay_core)
set_tests_properties(integration_relay_sink PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK broker)
