# Read by catalina.sh, as in a real Tomcat.
# shellcheck shell=sh disable=SC2034
CATALINA_PID="$CATALINA_HOME/run/catalina.pid"
CATALINA_OPTS="$CATALINA_OPTS -Ddomibus.config.location=$CATALINA_HOME/conf/domibus"
