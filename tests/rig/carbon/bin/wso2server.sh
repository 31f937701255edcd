#!/bin/sh
# Stands for Carbon 4.4's script, its traps included: `start` ends with 0 at once whatever becomes of the
# server, `stop` ends with 0 without waiting and sends its signal to whatever process has the number in
# the pid file, and nobody removes that file.
CARBON_HOME="${CARBON_HOME:-$(cd "$(dirname "$0")/.." && pwd)}"
export CARBON_HOME
pid_file="$CARBON_HOME/wso2carbon.pid"

case "$1" in
start | --start)
    if [ -e "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; then
        echo "Process is already running"
        exit 0
    fi
    nohup sh "$CARBON_HOME/bin/wso2server.sh" >/dev/null 2>&1 &
    exit 0
    ;;
stop | --stop)
    kill -TERM "$(cat "$pid_file")"
    exit 0
    ;;
esac

rm -rf "$CARBON_HOME/tmp"
status=121
while [ "$status" = 121 ]; do
    python3 "$CARBON_HOME/bin/carbon.py" "-Dcarbon.home=$CARBON_HOME" -Dwso2.server.standalone=true
    status=$?
done
exit $status
