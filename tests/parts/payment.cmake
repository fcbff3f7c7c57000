jumun_test(unit_payment LABEL unit CRITERION SOURCES
    unit/services/payment/domain/payment_test.c LINK payment_domain)
jumun_test(contract_payment_fake LABEL contract SOURCES
    contract/services/payment/payment_fake_test.c
    contract/services/payment/payment_provider_contract.c
    contract/services/payment/payment_store_contract.c support/fake_payments.c
    LINK payment_app)

jumun_test(integration_payment LABEL integration TIMEOUT 120 SOURCES
    integration/services/payment/payment_mysql_test.c
    support/outbox_reader.c
    contract/services/payment/payment_provider_contract.c
    contract/services/payment/payment_store_contract.c
    integration/common/mysql/mysql_fixture.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    LINK payment_adapters)
set_tests_properties(integration_payment PROPERTIES SKIP_RETURN_CODE 77)

# A plain program: what api links needs nng.
jumun_test(thread_payment_api LABEL thread SOURCES
    thread/services/payment/payment_api_test.c support/rpc_fixture.c
    support/fake_payments.c
    LINK payment_api)
