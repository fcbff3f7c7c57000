#!/bin/sh
# check_criterion.sh FOLDER - no program in FOLDER loads both Criterion and nng: nng exports
# nanomsg's names, with which Criterion talks to its tests, and reports then get lost.
set -eu
bad=0
seen=0
for program in "$1"/*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    needed=$(readelf -d "$program" 2>/dev/null | grep NEEDED) || continue
    case "$needed" in
    *libcriterion*) seen=$((seen + 1)) ;;
    *) continue ;;
    esac
    case "$needed" in
    *libnng*) echo "$program is a Criterion program and loads libnng"; bad=1 ;;
    esac
    if nm "$program" | grep -q ' T nng_'; then
        echo "$program is a Criterion program and holds nng"
        bad=1
    fi
done
[ "$seen" -gt 0 ] || { echo "$1 holds no Criterion program: wrong folder?"; exit 1; }
exit "$bad"
