#!/bin/sh
# checks_test.sh CC - the checks of this folder can fail: each is shown a planted fault.
set -eu
checks=$(cd "$(dirname "$0")" && pwd)
cc=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

expect() { # expect 0|1 WHAT COMMAND...
    wanted=$1
    what=$2
    shift 2
    code=0
    "$@" >out 2>&1 || code=$?
    [ "$code" -eq "$wanted" ] || { echo "$what: exit code $code, not $wanted"; cat out; exit 1; }
}

file() { # file PATH LINE
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1"
}

includes() { # includes 0|1 PATH LINE: one file besides a good one
    rm -rf tree
    file tree/common/base/good.c '#include "common/base/good.h"'
    file "tree/$2" "$3"
    expect "$1" "$2 with $3" "$checks/check_includes.sh" "$work/tree" "$checks/layers.txt"
}

includes 0 services/order/domain/order.c '#include "common/base/money.h"'
includes 0 services/order/domain/order.c '#include <string.h>'
includes 1 services/order/domain/order.c '#include "services/order/app/place.h"'
includes 1 services/order/domain/order.c '#include "common/runtime/log.h"'
includes 1 services/order/app/place.c '#include "services/order/adapters/store.h"'
includes 1 services/order/app/place.c '#  include <mysql/mysql.h>'
includes 1 services/order/adapters/store.c '#include "services/product/domain/stock.h"'
includes 0 services/order/adapters/store.c '#include "common/mysql/db.h"'
includes 1 services/order/api/order_api.c '#include "services/order/adapters/store.h"'
includes 1 services/order/main.c '#include "services/member/service.h"'
includes 0 services/order/main.c '#include "services/order/adapters/store.h"'
includes 0 services/gateway/http/loop.c '#include <microhttpd.h>'
includes 1 services/gateway/routes.c '#include <microhttpd.h>'
includes 1 common/rpc/rpc.c '#include "common/mysql/db.h"'
includes 1 common/base/text.c '#include "common/runtime/log.h"'
includes 1 common/new/thing.c '#include "common/base/status.h"'
expect 1 "an empty tree" "$checks/check_includes.sh" "$work" "$checks/layers.txt"

file pure.c 'int one(int); int helper(int x) { return x + 1; } int one(int x) { return helper(x); }'
file calls.c 'extern int puts(const char *); int two(void); int two(void) { return puts("x"); }'
"$cc" -c pure.c calls.c
ar rcs pure.a pure.o
ar rcs calls.a pure.o calls.o
expect 0 "a pure archive" "$checks/check_layer.sh" pure.a __assert_fail
expect 1 "an archive that prints" "$checks/check_layer.sh" calls.a __assert_fail
expect 0 "an archive that may print" "$checks/check_layer.sh" calls.a __assert_fail puts
expect 1 "no archive" "$checks/check_layer.sh" missing.a __assert_fail

file main.c 'extern int cr_x(void); extern int nng_x(void); int main(void) { return cr_x() + NNG; }'
file cr.c 'int cr_x(void); int cr_x(void) { return 0; }'
file nng.c 'int nng_x(void); int nng_x(void) { return 0; }'
"$cc" -shared -fPIC -o libcriterion.so cr.c
"$cc" -shared -fPIC -o libnng.so nng.c
mkdir good loaded held
"$cc" -DNNG=0 -o good/test main.c -L. -lcriterion
"$cc" -DNNG='nng_x()' -o loaded/test main.c -L. -lcriterion -lnng
"$cc" -DNNG='nng_x()' -o held/test main.c nng.c -L. -lcriterion
expect 0 "a Criterion program" "$checks/check_criterion.sh" good
expect 1 "a Criterion program that loads nng" "$checks/check_criterion.sh" loaded
expect 1 "a Criterion program that holds nng" "$checks/check_criterion.sh" held
expect 1 "a folder without programs" "$checks/check_criterion.sh" "$work/tree"
echo "the checks can fail"
