#!/bin/sh
# check_includes.sh ROOT [LAYERS] - every include in ROOT stays within its layer, as LAYERS
# (tests/arch/layers.txt) draws them. Prints the lines that do not; exit code 1 if any.
set -eu
root=$1
layers=${2:-$root/tests/arch/layers.txt}
cd "$root"

# shellcheck disable=SC2046 # folder names without spaces
grep -rn --include='*.c' --include='*.h' '^#[[:space:]]*include' \
    $(for folder in common services relay cli bench; do [ ! -d "$folder" ] || echo "$folder"; done) |
awk -v layers="$layers" '
    # The folder of the layers file that fits best; sets "own", the service at hand.
    function find_layer(file,    i, best, pattern, parts) {
        best = 0
        own = ""
        split(file, parts, "/")
        if (parts[1] == "services") own = "services/" parts[2]
        for (i = 1; i <= count; i++) {
            pattern = folder[i]
            sub(/^services\/\*/, own == "" ? "none" : own, pattern)
            if (index(file, pattern "/") == 1 && length(pattern) >= length(best ? named[best] : "")) {
                best = i
                named[best] = pattern
            }
        }
        return best
    }
    function allowed(layer, what,    i, n, prefixes, prefix) {
        n = split(may[layer], prefixes, " ")
        for (i = 1; i <= n; i++) {
            prefix = prefixes[i]
            sub(/^@/, own, prefix)
            if (index(what, prefix) == 1) return 1
        }
        return 0
    }
    BEGIN {
        while ((getline line < layers) > 0) {
            if (line ~ /^[[:space:]]*(#|$)/) continue
            at = index(line, ":")
            name = substr(line, 1, at - 1)
            gsub(/[[:space:]]/, "", name)
            folder[++count] = name
            may[count] = substr(line, at + 1)
        }
        if (count == 0) { print layers ": no layers"; bad = 1; exit }
        # What only the layers that name it may use.
        vendor = "^<(nng/|mysql/|hiredis/|amqp|rabbitmq|sodium|microhttpd|jansson|curl/|protobuf-c/|criterion/)"
    }
    {
        at = index($0, ":")
        file = substr($0, 1, at - 1)
        what = $0
        sub(/^[^#]*#[[:space:]]*include[[:space:]]*/, "", what)
        quoted = substr(what, 1, 1) == "\""
        sub(/^"/, "", what)
        sub(/["].*$/, "", what)
        if (!quoted && what !~ vendor) next
        layer = find_layer(file)
        seen++
        if (!layer || !allowed(layer, what)) {
            print file ": may not include " what (layer ? " (layer " folder[layer] ")" : " (no layer)")
            bad = 1
        }
    }
    END {
        if (!bad && seen == 0) { print "no includes were found: wrong folder?"; bad = 1 }
        exit bad ? 1 : 0
    }'
