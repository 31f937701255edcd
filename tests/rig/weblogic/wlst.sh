#!/usr/bin/env bash
# Stands in for Oracle's wlst.sh: real Jython, stand-ins for WebLogic. Takes from the environment
# RIG_WEBLOGIC_WORLD (the domain, an XML file) and RIG_WEBLOGIC_JYTHON (2.2.1 or 2.7.3).
set -eu
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="$here/../../.cache/weblogic"
if [ "${1:-}" = -skipWLSModuleScanning ]; then shift; fi
if [ "$RIG_WEBLOGIC_JYTHON" = 2.2.1 ]; then
    jar=jython-2.2.1.jar RIG_WEBLOGIC_MAIN=main
else
    jar="jython-standalone-$RIG_WEBLOGIC_JYTHON.jar" RIG_WEBLOGIC_MAIN=__main__
fi
export RIG_WEBLOGIC_MAIN
status=0
java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dpython.cachedir.skip=true -Dpython.console.encoding=UTF-8 \
    -Dfile.encoding=ISO-8859-1 -cp "$cache/lib/$jar:$cache/classes" \
    org.python.util.jython "$here/driver.py" "$@" || status=$?
# A wrapper that loses the exit code, as some do.
if [ -n "${RIG_WEBLOGIC_EXIT_0:-}" ]; then exit 0; fi
exit "$status"
