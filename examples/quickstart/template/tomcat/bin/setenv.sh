# Read by catalina.sh, as in a real Tomcat.
CATALINA_PID="$CATALINA_HOME/run/catalina.pid"
CATALINA_OPTS="$CATALINA_OPTS -Ddomibus.config.location=$CATALINA_HOME/conf/domibus"
