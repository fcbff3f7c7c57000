# Criterion programs never link nng: the envelope is tested from its sources.
jumun_test(unit_rpc_envelope LABEL unit CRITERION SOURCES
    unit/common/rpc/envelope_test.c
    ${CMAKE_SOURCE_DIR}/common/rpc/envelope.c
    ${CMAKE_SOURCE_DIR}/common/rpc/proto_arena.c
    LINK jumun_messages common_crypto common_base)

foreach(test rpc_failures rpc_lies wake)
    jumun_test(thread_${test} LABEL thread TIMEOUT 120 SOURCES
        thread/common/rpc/${test}_test.c
        support/rpc_fixture.c
        LINK common_rpc)
endforeach()

foreach(test rpc_calls rpc_queue rpc_sizes rpc_life)
    jumun_test(thread_${test} LABEL thread TIMEOUT 120 SOURCES
        thread/common/rpc/${test}_test.c
        thread/common/rpc/rpc_stage.c support/rpc_fixture.c
        LINK common_rpc)
endforeach()

foreach(test rpc_batches rpc_hostile)
    jumun_test(thread_${test} LABEL thread TIMEOUT 120 SOURCES
        thread/common/rpc/${test}_test.c
        thread/common/rpc/rpc_drafts.c support/rpc_fixture.c support/raw_tcp.c
        LINK common_rpc)
endforeach()
