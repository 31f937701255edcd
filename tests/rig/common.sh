# Sourced by the scripts beside it: where things are, how they complain, free ports, waiting.
# shellcheck shell=bash

rig_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# What follows is used by the scripts that source this file.
# shellcheck disable=SC2034
cache_dir="$(cd "$rig_dir/.." && pwd)/.cache"
# shellcheck disable=SC2034
tomcat_version=9.0.80 h2_version=2.1.214
# WildFly 26's and WildFly 39's.
# shellcheck disable=SC2034
artemis_versions='2.19.1 2.44.0'
# The newest one that Domibus supports, and the newest there is: it embeds the newer Artemis.
# shellcheck disable=SC2034
wildfly_versions='26.1.3.Final 39.0.1.Final'
# Accounts of every WildFly of the rig: one manages, one (group guest) speaks to the broker.
# shellcheck disable=SC2034
wildfly_management_user=rig-admin wildfly_management_password='rig-Admin-1' \
    wildfly_jms_user=rig-jms wildfly_jms_password='rig-Jms-1'

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Ports that nothing listens on now, all different, one a line. They are held open together
# before any is printed, so that the kernel cannot hand out the same one twice; and they are taken
# from below the range for outgoing connections, so that a client socket cannot grab one
# between here and the moment the server binds it.
free_ports() {
    python3 - "$1" <<'PYTHON'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randint(15000, 30000)))
    except OSError:
        continue
    held.append(candidate)
for sock in held:
    print(sock.getsockname()[1])
PYTHON
}

# wait_until SECONDS COMMAND…: polls ten times a second; fails when the time is up.
wait_until() {
    local tries=$(($1 * 10))
    shift
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# Not running, or only a zombie that its parent has not collected yet: both have released every
# file and port, which is what callers want to know.
process_gone() {
    local state
    state="$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)" || true
    [ -z "$state" ] || [ "$state" = Z ]
}
