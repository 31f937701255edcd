#!/bin/sh
# Tells all that a tool is given, plain and in disguise, and then lets the tool work:
# `talk.sh FOLDER WHERE PROGRAM ARGUMENTS…`. Every call puts what it was given into a folder of its own below
# FOLDER, as it is. WHERE is `both`, or `err` where standard output is not for talking.
# If FOLDER/hold names the call's number, the tool never begins, and FOLDER/held tells its process.
set -u
folder=$1 where=$2
shift 2
own=$(dirname "$0")
umask 077
call=0
until mkdir "$folder/$call" 2>/dev/null; do call=$((call + 1)); done
given=$folder/$call
printf '%s\n' "$@" >"$given/arguments"
env >"$given/environment"
# What is in a pipe can be read once: the tool gets the copy.
descriptors='0 3 4 5 6'
# This one is asked and answers by turns: its input is told afterwards.
case $* in *psql*) descriptors='3 4 5 6' ;; esac
for descriptor in $descriptors; do
    [ -p "/dev/fd/$descriptor" ] || continue
    eval "cat <&$descriptor >\"\$given/pipe-$descriptor\""
    eval "exec $descriptor<\"\$given/pipe-$descriptor\""
done
# Small files that arguments name: parameters, scripts.
for word in "$@"; do
    file=${word#*=}
    if [ -f "$file" ] && [ "$(wc -c <"$file")" -lt 16384 ]; then
        cat "$file" >>"$given/files"
    fi
done
# Some words are messages at the beginning of a line.
tell() {
    {
        cat "$@"
        cat "$@" | LC_ALL=C sed -z -n -f "$own/disguises.sed" | tr '\0' '\n'
        cat "$@" | base64 -w 0
        echo
    } | sed 's/^/told: /'
}
tell "$given"/* >&2
[ "$where" != both ] || tell "$given"/*
if [ "$(cat "$folder/hold" 2>/dev/null)" = "$call" ]; then
    echo $$ >"$folder/held.new"
    mv "$folder/held.new" "$folder/held"
    exec sleep 3600
fi
case $descriptors in 0*) exec "$@" ;; esac
tee "$given/pipe-0" | "$@"
code=$?
tell "$given/pipe-0" >&2
exit $code
