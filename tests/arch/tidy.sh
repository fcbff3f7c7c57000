#!/bin/sh
# tidy.sh BUILD [FILE...] - clang-tidy over our C files outside tests (or those named), two
# processes at a time; exit code 1 if it finds anything. BUILD is made when it is not there;
# it has to be clang's, as clang-tidy does not know gcc's flags.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
ninja -C "$build" --quiet jumun_messages # the generated headers
build=$(cd "$build" && pwd)
cd "$root"
[ $# -gt 0 ] || {
    # shellcheck disable=SC2046 # our file names have no spaces
    set -- $(find common services relay cli bench -name '*.c' | sort)
    [ $# -gt 0 ] || { echo "no C files were found: wrong folder?"; exit 1; }
}
# One file a process: clang-tidy 14 sees uninitialized va_lists in its second file and later.
# What it finds goes to stdout; stderr only counts warnings, or says why a file failed.
noise=$(mktemp)
trap 'rm -f "$noise"' EXIT
printf '%s\n' "$@" | xargs -P 2 -n 1 "${CLANG_TIDY:-clang-tidy}" -p "$build" --quiet 2>"$noise" || {
    grep -v 'warnings\{0,1\}.* generated\.$\|^Suppressed\|^Use -header-filter' "$noise" || true
    exit 1
}
