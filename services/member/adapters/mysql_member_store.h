/* mysql_member_store.h - members in member_db, over one connection. */
#ifndef JUMUN_SERVICES_MEMBER_ADAPTERS_MYSQL_MEMBER_STORE_H
#define JUMUN_SERVICES_MEMBER_ADAPTERS_MYSQL_MEMBER_STORE_H

#include <stdbool.h>

#include "common/mysql/db.h"
#include "services/member/app/member_ports.h"

enum {
    MEMBER_SCHEMA_VERSION = 1
};

typedef struct MysqlMemberStore {
    MemberStore base;
    Db *db; /* borrowed */
    bool schema_is_known;
} MysqlMemberStore;

/* Before its first use the schema's version is checked: FAILED_PRECONDITION
 * (SCHEMA_UNKNOWN) of every function until it fits. */
void mysql_member_store_init(MysqlMemberStore *store, Db *db);

/* OK while the database answers and its schema is the one we know. */
Status mysql_member_store_check(MysqlMemberStore *store);

#endif
