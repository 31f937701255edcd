#!/bin/sh
# A practice server: it starts, stops, logs and keeps its pid file the way Tomcat does, and serves
# nothing. It needs a POSIX shell only, so that the quickstart runs where no Java is installed.
set -u

CATALINA_HOME="${CATALINA_HOME:-$(cd "$(dirname "$0")/.." && pwd)}"
CATALINA_OPTS="${CATALINA_OPTS:-}"
CATALINA_PID="${CATALINA_PID:-}"
export CATALINA_HOME
# shellcheck source=setenv.sh
. "$CATALINA_HOME/bin/setenv.sh"
out="$CATALINA_HOME/logs/catalina.out"
archive="$CATALINA_HOME/webapps/domibus.war"
expanded="$CATALINA_HOME/webapps/domibus"

log() {
    printf '%s INFO [main] %s\n' "$(date '+%d-%b-%Y %H:%M:%S')" "$1"
}

# The archive is stored without compression, so its manifest can be read as text.
version_of() {
    LC_ALL=C tr -c '[:print:]\n' '\n' <"$1" |
        LC_ALL=C sed -n 's/^Implementation-Version: \([0-9.]*\)$/\1/p' | head -n 1
}

# A process that has ended but was not collected by its parent still answers kill -0.
running() {
    [ -s "$CATALINA_PID" ] && kill -0 "$(cat "$CATALINA_PID")" 2>/dev/null &&
        case "$(ps -o stat= -p "$(cat "$CATALINA_PID")" 2>/dev/null)" in Z*) false ;; esac
}

# As Tomcat does, an archive that is not the one the folder came from replaces the folder.
deploy() {
    version="$(version_of "$archive")"
    log "Deploying web application archive [$archive]"
    if [ "$(version_of "$expanded/META-INF/MANIFEST.MF" 2>/dev/null)" != "$version" ]; then
        rm -rf "$expanded"
        mkdir -p "$expanded/META-INF"
        printf 'Manifest-Version: 1.0\nImplementation-Version: %s\n' "$version" \
            >"$expanded/META-INF/MANIFEST.MF"
    fi
    log "domibus-MSH Version [$version]"
}

# Becomes the server. $1 is the file that the starting shell waits for.
run() {
    napping=
    trap 'log "Stopping service [Catalina]"; kill $napping 2>/dev/null; sleep 1
          log "Server stopped"; rm -f "$CATALINA_PID"; exit 0' TERM
    log "Command line argument: $CATALINA_OPTS"
    deploy
    log "Server startup in [1000] milliseconds"
    : >"$1"
    # A tree that was moved away or deleted must not leave a process behind.
    while [ "$(cat "$CATALINA_PID" 2>/dev/null)" = "$$" ]; do
        # Waiting, unlike sleeping, is interrupted by a signal at once.
        sleep 1 &
        napping=$!
        wait "$napping"
    done
}

start() {
    mkdir -p "$CATALINA_HOME/run" "$CATALINA_HOME/logs"
    if running; then
        echo "Existing PID file found during start."
        echo "Tomcat appears to still be running with PID $(cat "$CATALINA_PID"). Start aborted."
        exit 1
    fi
    rm -f "$CATALINA_PID" "$CATALINA_HOME/run/up"
    if [ ! -f "$archive" ]; then
        echo "There is no $archive. Start aborted."
        exit 1
    fi
    # A shell of its own, because $$ in a subshell is the pid of the shell that started it. It
    # holds on to none of the caller's streams: a caller that reads them to the end would wait for ever.
    sh "$0" run "$CATALINA_HOME/run/up" </dev/null >>"$out" 2>&1 &
    echo $! >"$CATALINA_PID"
    tries=50
    while [ ! -f "$CATALINA_HOME/run/up" ]; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "Tomcat did not start in time: see $out"
            exit 1
        fi
        sleep 0.2
    done
    rm -f "$CATALINA_HOME/run/up"
    echo "Tomcat started."
}

# Asks and returns, as Tomcat's script does when the server takes longer than the script waits.
stop() {
    if [ ! -f "$CATALINA_PID" ]; then
        echo "\$CATALINA_PID was set but the specified file does not exist. Is Tomcat running? Stop aborted."
        exit 1
    fi
    if ! running; then
        echo "PID file found but either no matching process was found or the current user does not have permission to stop the process. Stop aborted."
        exit 1
    fi
    kill -TERM "$(cat "$CATALINA_PID")"
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    run) run "$2" ;;
    *)
        echo "Usage: catalina.sh start|stop"
        exit 1
        ;;
esac
