#!/bin/sh
# The command line tools of OX App Suite over a simulated cluster: `ox.sh TOOL ARGUMENTS…`.
#
# $OX_SIM holds the state: `servers` (lines `ID NAME`), and for each schema a folder with `enabled`,
# `server`, `pending` and `failed` (names of update tasks). What is imitated, traps too, was read in the
# sources and documentation of the tools:
# - admin tools take the password from -P or ADMIN_PASSWORD, the update tools from -P alone;
# - `runupdate` exits 0 when tasks failed, does nothing while the schema is blocked, and on an old node
#   knows no new task;
# - a failed task is not always listed as pending (before 7.10.5);
# - update tasks go on in the server when their client is killed;
# - `checkdatabase` talks on standard output before its CSV, and always exits 0;
# - `upgradeschemata` exits 0 on abort, ignores -k, and with -f enables what it has half updated.
# `faults/TOOL` is sourced before a tool works. Every call is a line of `calls`.
set -u
tool=$1
shift
sim=$OX_SIM
host=${RMI_HOSTNAME:-localhost}
[ "$tool" = _worker ] || echo "$tool $* @$host" >>"$sim/calls"
user='' password=${ADMIN_PASSWORD:-} given='' name='' target='' server='' mode='' csv='' force='' input=''
while [ $# -gt 0 ]; do
    case $1 in
    -A) user=$2; shift ;;
    -P) given=$2; shift ;;
    -n) name=$2; shift ;;
    -m) target=$2; shift ;;
    -s) server=$2; shift ;;
    -r | -k | -i) shift ;;
    -f) force=yes ;;
    --csv) csv=yes ;;
    -g | -e) mode=$1 ;;
    *) echo "Unknown option $1" >&2; exit 111 ;;
    esac
    shift
done
fail() {
    echo "$2" >&2
    exit "$1"
}
case $tool in
runupdate | listUpdateTasks | reloadconfiguration)
    if [ -e "$sim/update-tools-ask" ] && [ "$given" != "$(cat "$sim/password")" ]; then
        echo 'You must provide administrative credentials to proceed.'
        exit 255
    fi
    ;;
_worker) ;;
*)
    password=${given:-$password}
    if [ "$user" != oxadminmaster ] || [ "$password" != "$(cat "$sim/password")" ]; then
        fail 101 'Authentication failed for user oxadminmaster'
    fi
    ;;
esac
[ -e "$sim/faults/$tool" ] && . "$sim/faults/$tool"
schema=$sim/schemata/${target:-$name}
schema_or_fail() {
    [ -d "$schema" ] || fail 1 "Unknown schema: ${target:-$name}"
}
# Runs the pending tasks. A task that the schema's `broken` names fails, as often as it is named.
work() {
    while read -r task <&3; do
        [ -e "$schema/slow" ] && sleep "$(cat "$schema/slow")"
        if grep -qx "$task" "$schema/broken" 2>/dev/null; then
            sed -i "0,/^$task\$/{/^$task\$/d}" "$schema/broken"
            echo "$task" >>"$schema/failed"
            [ -e "$sim/failed-are-pending" ] || sed -i "/^$task\$/d" "$schema/pending"
        else
            sed -i "/^$task\$/d" "$schema/pending"
            [ -e "$schema/failed" ] && sed -i "/^$task\$/d" "$schema/failed"
            echo "$task" >>"$schema/executed"
        fi
    done 3<<END
$(cat "$schema/pending")
END
    rm -f "$schema/blocked"
}
table_row() { printf '%-40s %-10s %s\n' "$1" "$2" "$3"; }
case $tool in
listserver)
    echo 'id,name'
    while read -r id known; do
        case $known in *"$server"*) echo "\"$id\",\"$known\"" ;; esac
    done <"$sim/servers"
    ;;
registerserver)
    grep -q " $name\$" "$sim/servers" && fail 103 "Server $name exists already"
    id=$(cat "$sim/next-id")
    echo "$id $name" >>"$sim/servers"
    echo $((id + 1)) >"$sim/next-id"
    echo "server $id registered"
    ;;
listdatabaseschema)
    found=''
    for schema in "$sim/schemata"/*; do
        [ -d "$schema" ] || continue
        [ -n "$found" ] || echo 'id,display_name,schema_name,url,currentunits'
        found=yes
        echo "\"4\",\"oxdatabase\",\"${schema##*/}\",\"jdbc:mysql://db/?a=\"\"b\"\"\",\"120\""
    done
    [ -n "$found" ] || echo 'No such database schemas found'
    ;;
disableschema) schema_or_fail; echo no >"$schema/enabled" ;;
enableschema) schema_or_fail; echo yes >"$schema/enabled" ;;
changeserver)
    schema_or_fail
    grep -q "^$server " "$sim/servers" || fail 106 "No such server: $server"
    echo "$server" >"$schema/server"
    ;;
runupdate)
    [ -n "$name" ] || fail 1 'Missing context/schema identifier.'
    schema_or_fail
    [ "$host" = "$(cat "$sim/new-node")" ] || exit 0
    [ -s "$schema/pending" ] || exit 0
    [ -e "$schema/blocked" ] && exit 0
    : >"$schema/blocked"
    cp "$schema/pending" "$schema/asked"
    setsid env -i PATH="$PATH" OX_SIM="$sim" sh "$0" _worker -n "$name" >/dev/null 2>&1 </dev/null &
    while [ -e "$schema/blocked" ]; do sleep 0.01; done
    if [ -s "$schema/failed" ] && grep -qxf "$schema/asked" "$schema/failed"; then
        echo 'The following update task(s) failed:'
        table_row taskName className schema
        while read -r task; do table_row "$task" "com.openexchange.$task" "$name"; done <"$schema/failed"
    fi
    ;;
_worker) work ;;
listUpdateTasks)
    schema_or_fail
    [ "$host" = "$(cat "$sim/new-node")" ] || { echo 'No entries found.'; exit 0; }
    case $mode in
    -g)
        [ -s "$schema/pending" ] || { echo 'No entries found.'; exit 0; }
        table_row taskName state reason
        while read -r task; do table_row "$task" pending 'never executed before'; done <"$schema/pending"
        ;;
    -e)
        cat "$schema/executed" "$schema/failed" 2>/dev/null | grep -q . || { echo 'No entries found.'; exit 0; }
        table_row taskName successful lastModified
        [ -e "$schema/executed" ] &&
            while read -r task; do table_row "$task" true 'Thu Nov 26 10:11:12 UTC 2026'; done <"$schema/executed"
        [ -e "$schema/failed" ] &&
            while read -r task; do table_row "$task" false 'Thu Nov 26 10:11:12 UTC 2026'; done <"$schema/failed"
        ;;
    esac
    exit 0
    ;;
checkdatabase)
    echo 'Checking database schemas....'
    found=''
    for schema in "$sim/schemata"/*; do
        state=''
        [ -s "$schema/pending" ] && state='Needs update'
        [ -e "$schema/blocked" ] && state='Blocking updates running'
        [ -n "$state" ] || continue
        [ -n "$found" ] || echo 'id,display_name,url,scheme,status'
        found=yes
        echo "\"4\",\"oxdatabase\",\"jdbc:mysql://db/\",\"${schema##*/}\",\"$state\""
    done
    [ -n "$found" ] || echo 'Neither pending, blocking nor stale schemas found'
    ;;
reloadconfiguration) ;;
upgradeschemata)
    id=$(sed -n "s/ $name\$//p" "$sim/servers")
    if [ -n "$id" ]; then
        echo "WARNING: The specified server is already registered with id '$id'."
        while read -r input; do
            case $input in abort) exit 0 ;; continue) break ;; esac
        done
        [ "$input" = continue ] || fail 1 'java.util.NoSuchElementException: No line found'
    else
        id=$(cat "$sim/next-id")
        echo "$id $name" >>"$sim/servers"
        echo $((id + 1)) >"$sim/next-id"
    fi
    for schema in "$sim/schemata"/*; do
        echo no >"$schema/enabled"
        echo "$id" >"$schema/server"
        work
        if [ -s "$schema/failed" ]; then
            echo "Errors while running updates for schema ${schema##*/}" >&2
            [ -n "$force" ] || exit 1
        fi
        echo yes >"$schema/enabled"
    done
    ;;
*) fail 127 "no such tool: $tool" ;;
esac
