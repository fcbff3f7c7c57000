jumun_test(unit_payment LABEL unit CRITERION SOURCES
    unit/services/payment/domain/payment_test.c LINK payment_domain)
jumun_test(contract_payment_fake LABEL contract SOURCES
    contract/services/payment/payment_fake_test.c
    contract/services/payment/payment_provider_contract.c
    contract/services/payment/payment_store_contract.c support/fake_payments.c
    LINK payment_app)
