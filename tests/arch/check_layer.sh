#!/bin/sh
# check_layer.sh ARCHIVE ALLOWED... - the archive may need only these symbols besides its
# own: what a layer cannot name, it cannot do. ALLOWED are extended regular expressions.
set -eu
archive=$1
shift
allowed=$(printf '%s\n' "$@" | paste -sd'|')
defined=$(nm --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort -u)
[ -n "$defined" ] || { echo "$archive defines nothing: wrong file?"; exit 1; }
extra=$(nm -u "$archive" | awk '$1 == "U" { print $2 }' | sort -u |
        grep -Ev "^($allowed)$" | grep -vxF "$defined") || true
[ -z "$extra" ] || { echo "$archive reaches outside its layer:"; echo "$extra"; exit 1; }
