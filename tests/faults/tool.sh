#!/bin/sh
# Stands in the place of a tool for one call: `tool.sh FAULT MARK BYTES PROGRAM ARGUMENTS…`.
# `MARK` is written when it hangs, `MARK.nothing` when there is nothing of which it could print a part;
# `BYTES` is how much a flood is.
set -u
fault=$1 mark=$2 bytes=$3
shift 3
flood() { head -c "$bytes" /dev/zero | tr '\0' x; }
noise() { head -c 65536 /dev/urandom; }
case $fault in
hangs)
    : >"$mark"
    exec sleep 3600
    ;;
dies) kill -KILL $$ ;;
dies-late)
    "$@"
    kill -KILL $$
    ;;
fails-late)
    "$@"
    exit 1
    ;;
lies) exit 0 ;;
floods)
    flood
    flood >&2
    ;;
prints-binary)
    noise
    noise >&2
    ;;
asks)
    printf 'Password: ' >&2
    read -r answer </dev/tty || exit 1
    exec "$@"
    ;;
leaves-children)
    sleep 3600 &
    exec "$@"
    ;;
reads-a-part)
    head -c 40 | "$@"
    exit 0
    ;;
reads-nothing)
    exec <&-
    exit 0
    ;;
prints-a-part)
    "$@" >"$mark.printed"
    size=$(wc -c <"$mark.printed")
    [ "$size" -gt 1 ] || : >"$mark.nothing"
    head -c $((size / 2)) "$mark.printed"
    exit 0
    ;;
*) exit 99 ;;
esac
