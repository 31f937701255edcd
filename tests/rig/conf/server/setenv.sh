CATALINA_PID="$CATALINA_HOME/run/catalina.pid"
CATALINA_OPTS="$CATALINA_OPTS -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
# From Java 17 on, ActiveMQ 5.16 cannot create its management port without this, and says so only in the log.
CATALINA_OPTS="$CATALINA_OPTS --add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED"
# Without it the management port answers with the machine's name, which need not resolve.
CATALINA_OPTS="$CATALINA_OPTS -Djava.rmi.server.hostname=127.0.0.1"
CATALINA_OPTS="$CATALINA_OPTS -Ddomibus.config.location=$CATALINA_HOME/conf/domibus"
