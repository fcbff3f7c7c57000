jumun_test(unit_crypto LABEL unit CRITERION SOURCES
    support/key_file.c unit/common/crypto/mac_test.c
    unit/common/crypto/order_code_test.c unit/common/crypto/password_test.c
    unit/common/crypto/token_test.c LINK common_crypto)
jumun_test(integration_redis LABEL integration CRITERION SOURCES
    integration/common/redis/fake_server.c integration/common/redis/login_sessions_test.c
    integration/common/redis/main.c integration/common/redis/redis_fault_test.c
    integration/common/redis/redis_test.c LINK common_redis)
if(TARGET integration_redis)
    set_tests_properties(integration_redis PROPERTIES SKIP_RETURN_CODE 77)
endif()
jumun_test(unit_member LABEL unit CRITERION SOURCES
    support/fake_member.c unit/services/member/app/change_password_test.c
    unit/services/member/app/login_test.c unit/services/member/domain/member_test.c
    unit/services/member/domain/throttle_test.c LINK member_app)
jumun_test(contract_member_store LABEL contract CRITERION SOURCES
    support/fake_member.c contract/services/member/fake_store_test.c
    contract/services/member/member_store_contract.c LINK member_app)
jumun_test(contract_member_sessions LABEL contract CRITERION SOURCES
    support/fake_member.c contract/services/member/fake_sessions_test.c
    contract/services/member/login_throttle_contract.c
    contract/services/member/session_store_contract.c LINK member_app)
jumun_test(contract_member_secrets LABEL contract CRITERION SOURCES
    support/fake_member.c contract/services/member/secrets_test.c
    contract/services/member/secrets_contract.c LINK member_adapters)
jumun_test(integration_member_sessions LABEL integration CRITERION SOURCES
    contract/services/member/login_throttle_contract.c
    contract/services/member/session_store_contract.c
    integration/services/member/redis_sessions_test.c LINK member_adapters)
if(TARGET integration_member_sessions)
    set_tests_properties(integration_member_sessions PROPERTIES SKIP_RETURN_CODE 77)
endif()
jumun_test(integration_member_store LABEL integration CRITERION SOURCES
    contract/services/member/member_store_contract.c
    integration/services/member/member_schema.c
    integration/services/member/mysql_member_store_test.c support/service_schema.c
    DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK member_admin)
if(TARGET integration_member_store)
    set_tests_properties(integration_member_store PROPERTIES SKIP_RETURN_CODE 77)
endif()
# They empty the same database of Redis.
foreach(case accounts crowd)
    jumun_test(integration_member_${case} LABEL integration SOURCES
        integration/services/member/member_${case}_test.c
        integration/services/member/member_fixture.c
        integration/services/member/member_schema.c support/key_file.c
        support/redis_command.c support/rpc_fixture.c support/service_schema.c
        DEFINE JUMUN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LINK member_service)
    set_tests_properties(integration_member_${case} PROPERTIES
        SKIP_RETURN_CODE 77 RESOURCE_LOCK member_cache)
endforeach()
