package rig.webapp;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.servlet.ServletContextEvent;
import javax.servlet.ServletContextListener;
import org.apache.activemq.broker.BrokerService;
import org.springframework.beans.factory.xml.XmlBeanDefinitionReader;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.PropertiesPropertySource;
import org.springframework.core.io.FileSystemResource;

/**
 * Stands in for Domibus as far as a backup can tell: on deployment it reads the configuration where
 * {@code domibus.config.location} points, starts the embedded broker from
 * {@code internal/activemq.xml}, and writes the version line to the log; on removal it stops the broker.
 */
public final class BrokerListener implements ServletContextListener {
    private BrokerService broker;
    private GenericApplicationContext context;
    private FileHandler logFile;
    private Logger logger;

    @Override
    public void contextInitialized(ServletContextEvent event) {
        try {
            openLog();
            String location = System.getProperty("domibus.config.location");
            if (location == null) {
                throw new IllegalStateException("domibus.config.location is not set");
            }
            String version = readVersion();
            startBroker(Path.of(location));
            event.getServletContext().setAttribute("version", version);
            logger.info("domibus-MSH Version [" + version + "]");
        } catch (Exception problem) {
            stop();
            throw new IllegalStateException("Domibus failed to start", problem);
        }
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        stop();
    }

    private void openLog() throws IOException {
        logger = Logger.getLogger("eu.domibus");
        Path logs = Path.of(System.getProperty("catalina.home"), "logs");
        logFile = new FileHandler(logs.resolve("domibus.log").toString(), true);
        logFile.setEncoding("UTF-8");
        logFile.setFormatter(new Formatter() {
            @Override
            public String format(LogRecord entry) {
                return String.format("%1$tF %1$tT,%1$tL %2$-5s [%3$s] %4$s%n", entry.getMillis(),
                        entry.getLevel().getName(), Thread.currentThread().getName(), entry.getMessage());
            }
        });
        logger.addHandler(logFile);
    }

    private static String readVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream stream = BrokerListener.class.getResourceAsStream("/version.properties")) {
            properties.load(stream);
        }
        return properties.getProperty("version");
    }

    private void startBroker(Path location) throws Exception {
        Properties properties = new Properties();
        // Domibus reads its property files as UTF-8, not as the Latin-1 of Properties.load(InputStream).
        try (Reader reader = Files.newBufferedReader(
                location.resolve("domibus.properties"), StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        context = new GenericApplicationContext();
        // Last, so that a -D on the command line wins over the file, as it does in Domibus.
        context.getEnvironment().getPropertySources()
                .addLast(new PropertiesPropertySource("domibus.properties", properties));
        XmlBeanDefinitionReader reader = new XmlBeanDefinitionReader(context);
        reader.loadBeanDefinitions(
                new FileSystemResource(location.resolve("internal").resolve("activemq.xml")));
        context.refresh();
        broker = context.getBean(BrokerService.class);
        broker.start();
        // A store that is locked by another process leaves start() waiting; this waits for the rest.
        if (!broker.waitUntilStarted()) {
            throw new IllegalStateException("the broker did not start");
        }
    }

    private void stop() {
        try {
            if (broker != null) {
                broker.stop();
                broker.waitUntilStopped();
                logger.info("broker stopped");
            }
            if (context != null) {
                context.close();
            }
        } catch (Exception problem) {
            logger.warning("the broker did not stop cleanly: " + problem);
        } finally {
            broker = null;
            context = null;
            if (logFile != null) {
                logger.removeHandler(logFile);
                logFile.close();
                logFile = null;
            }
        }
    }
}
