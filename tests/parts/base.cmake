jumun_test(unit_base LABEL unit CRITERION SOURCES
    unit/common/base_test.c LINK common_base)
