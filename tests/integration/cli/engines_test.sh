#!/bin/sh
# engines_test.sh JUMUN - `jumun up --engines-only` for real: what it starts it keeps
# running, protects with passwords, and leaves nothing behind. Also what the database's
# users may not do.
set -eu
jumun=$1
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/redis-server ] && [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
    { echo "SKIPPED: the engines are not installed"; exit 77; }
work=$(mktemp -d /tmp/jumun-engines-XXXXXX)
var=$work/var
trap '"$jumun" down --var "$var" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $1"
    tail -n 20 "$work/out" "$var"/log/*.log 2>/dev/null
    exit 1
}

expect() { # expect CODE WHAT COMMAND...
    wanted=$1
    what=$2
    shift 2
    code=0
    "$@" >"$work/out" 2>&1 || code=$?
    [ "$code" -eq "$wanted" ] || fail "$what: exit code $code, not $wanted"
}

pid_of() {
    "$jumun" status --json --var "$var" | grep -A1 "\"$1\"" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'
}

port_of() { sed -n "s/^$1 //p" "$var/ports"; }
secret_of() { sed -n "s/^$1 //p" "$var/secrets/passwords"; }

sql() { # sql USER SCHEMA STATEMENT
    mariadb --no-defaults --protocol=tcp -h127.0.0.1 -P"$(port_of mariadb)" -u"$1" \
        -p"$(secret_of "$1")" "$2" -N -e "$3"
}

allowed() { expect 0 "$1 in $2 may: $3" sql "$1" "$2" "$3"; }
refused() {
    expect 1 "$1 in $2 may not: $3" sql "$1" "$2" "$3"
    grep -q 'denied' "$work/out" || fail "$1 in $2: $3 failed for another reason"
}

expect 1 "status of nothing" "$jumun" status --var "$var"
expect 2 "a wrong option" "$jumun" up --no-such-option
expect 2 "a wrong command" "$jumun" upp
expect 2 "a wrong port" "$jumun" up --port 70000
expect 2 "admin without a login id" "$jumun" admin create

expect 0 "the first start" "$jumun" up --engines-only --detach --var "$var" --db-memory 64
expect 0 "status" "$jumun" status --var "$var"
holder=$(cat "$var/lock")
expect 1 "a second start" "$jumun" up --engines-only --detach --var "$var"
grep -q "process $holder " "$work/out" || fail "the second start must name the holder"
[ "$(stat -c %a "$var")" = 700 ] || fail "the folder is not private"

# Nobody gets in without a password.
expect 1 "root without a password" mariadb --no-defaults --protocol=tcp -h127.0.0.1 \
    -P"$(port_of mariadb)" -uroot -e 'SELECT 1'
[ "$(sql root mysql "SELECT COUNT(*) FROM global_priv WHERE User = ''")" = 0 ] ||
    fail "there is an anonymous user"
redis-cli -p "$(port_of redis)" ping | grep -q NOAUTH || fail "Redis asks for no password"

# The data survives, and so do the settings of durability.
allowed root mysql "CREATE DATABASE kept"
[ "$(sql root mysql "SELECT @@innodb_flush_log_at_trx_commit")" = 1 ] || fail "flush at commit"
redis-cli -p "$(port_of redis)" -a "$(secret_of redis)" --no-auth-warning config get appendfsync |
    grep -q everysec || fail "the append-only file"

# A killed engine is started again.
for engine in mariadb redis rabbitmq; do
    old=$(pid_of $engine)
    kill -9 "$old"
    tries=0
    until new=$(pid_of $engine) && [ "$new" != "$old" ] && [ "$new" != 0 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "$engine is not started again"
        sleep 0.05 # the supervisor's pause; there is nothing to wait on from outside
    done
done

expect 0 "down" "$jumun" down --var "$var"
expect 0 "down again" "$jumun" down --var "$var"
[ -z "$(pgrep -f "$work")" ] || fail "processes are left: $(pgrep -af "$work")"
expect 0 "the second start" "$jumun" up --engines-only --detach --var "$var" --db-memory 64
[ "$(sql root mysql "SHOW DATABASES LIKE 'kept'")" = kept ] || fail "the data is gone"

# Schemas, twice; then what each user may do.
expect 0 "migrate" "$jumun" migrate --var "$var"
expect 0 "migrate again" "$jumun" migrate --var "$var"
grep -q ' 0 applied' "$work/out" || fail "a script ran twice"
allowed order order_db "SELECT COUNT(*) FROM orders_event"
refused order order_db "DELETE FROM orders_event"
refused order order_db "UPDATE orders_event SET seq = 0"
refused product product_db "DELETE FROM stock_ledger"
refused product product_db "UPDATE stock_ledger SET type = type"
refused order order_db "DROP TABLE orders"
refused order order_db "CREATE TABLE mine (id INT)"
refused order order_db "DELETE FROM schema_migration"
for user in member product order payment; do
    for other in member product order payment provider; do
        [ "$user" = "$other" ] || refused "$user" "" "SHOW TABLES IN ${other}_db"
    done
done
refused payment "" "SHOW TABLES IN provider_db"
for schema in order_db product_db payment_db; do
    allowed relay $schema "SELECT COUNT(*) FROM outbox"
    allowed relay $schema "DELETE FROM outbox WHERE id = 0"
    refused relay $schema "UPDATE outbox SET id = 0"
    refused relay $schema "DELETE FROM inbox"
    refused relay $schema "DELETE FROM relay_lease"
    allowed jumun_audit $schema "SELECT COUNT(*) FROM outbox"
    refused jumun_audit $schema "DELETE FROM outbox"
done
refused jumun_audit "" "SELECT * FROM mysql.global_priv"

expect 0 "admin" "$jumun" admin create --login=boss --var "$var"
expect 0 "a new password for the same admin" "$jumun" admin create --login=boss --var "$var"
expect 1 "a bad login id" "$jumun" admin create --login='b s' --var "$var"
printf 'short\n' >"$work/password"
expect 1 "a bad password" "$jumun" admin create --login=boss2 --password-file="$work/password" --var "$var"
[ "$(sql member member_db "SELECT GROUP_CONCAT(login_id, role) FROM member")" = bossADMIN ] ||
    fail "exactly one admin was made"

# In the foreground Ctrl-C ends it.
expect 0 "down" "$jumun" down --var "$var"
"$jumun" up --engines-only --var "$var" --db-memory 64 >"$work/foreground" 2>&1 &
foreground=$!
until grep -q 'Ctrl-C' "$work/foreground"; do
    kill -0 "$foreground" || fail "the foreground start ended"
    sleep 0.05 # as above
done
kill -INT "$foreground"
wait "$foreground" || fail "Ctrl-C is no failure"
[ -z "$(pgrep -f "$work/var")" ] || fail "processes are left: $(pgrep -af "$work/var")"
echo "engines: all passed"
