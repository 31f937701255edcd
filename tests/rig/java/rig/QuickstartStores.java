package rig;

import java.io.File;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.broker.BrokerPlugin;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.region.policy.RedeliveryPolicyMap;
import org.apache.activemq.broker.util.RedeliveryPlugin;
import org.apache.activemq.store.kahadb.KahaDBPersistenceAdapter;
import org.apache.activemq.store.kahadb.scheduler.JobSchedulerStoreImpl;

/**
 * Writes the quickstart's stores with the real products: a KahaDB and a scheduler store, both with
 * journal files small enough to commit, and an H2 database file.
 */
public final class QuickstartStores {
    /** Queue, messages that stay in it. */
    private static final Object[][] QUEUES = {
        {"domibus.backend.jms.inQueue", 20},
        {"domibus.backend.jms.outQueue", 12},
        {"domibus.notification.filesystem", 7},
        {"domibus.DLQ", 3},
    };
    private static final String REDELIVERED_QUEUE = "domibus.backend.jms.outQueue";
    private static final int REDELIVERED = 3;

    private QuickstartStores() {}

    /**
     * Arguments: the work directory for the broker, the H2 database without its suffix. Prints what
     * the stores hold, a number and a name a line.
     */
    public static void main(String[] arguments) throws Exception {
        writeBroker(Path.of(arguments[0]).toFile());
        writeDatabase(arguments[1]);
        for (Object[] queue : QUEUES) {
            System.out.printf("%6d  %s%n", queue[1], queue[0]);
        }
        System.out.printf("%6d  waiting for redelivery to %s%n", REDELIVERED, REDELIVERED_QUEUE);
    }

    private static void writeBroker(File work) throws Exception {
        File data = new File(work, "activemq_data");
        BrokerService broker = new BrokerService();
        broker.setBrokerName("localhost");
        broker.setUseJmx(false);
        broker.setDataDirectoryFile(data);
        // Advisories would add topics that no Domibus store has to hold.
        broker.setAdvisorySupport(false);

        KahaDBPersistenceAdapter store = new KahaDBPersistenceAdapter();
        store.setDirectory(new File(work, "kahadb"));
        store.setJournalMaxFileLength(64 * 1024);
        broker.setPersistenceAdapter(store);

        JobSchedulerStoreImpl scheduler = new JobSchedulerStoreImpl();
        scheduler.setDirectory(new File(new File(data, "localhost"), "scheduler"));
        scheduler.setJournalMaxFileLength(64 * 1024);
        broker.setSchedulerSupport(true);
        broker.setJobSchedulerStore(scheduler);

        RedeliveryPolicy policy = new RedeliveryPolicy();
        policy.setMaximumRedeliveries(10);
        // Long after any trial of the quickstart, so that they are still waiting when it is looked at.
        policy.setRedeliveryDelay(10L * 365 * 24 * 3600 * 1000);
        policy.setInitialRedeliveryDelay(policy.getRedeliveryDelay());
        RedeliveryPolicyMap policies = new RedeliveryPolicyMap();
        policies.setDefaultEntry(policy);
        RedeliveryPlugin redelivery = new RedeliveryPlugin();
        redelivery.setRedeliveryPolicyMap(policies);
        broker.setPlugins(new BrokerPlugin[] {redelivery});

        broker.start();
        broker.waitUntilStarted();
        try {
            ActiveMQConnectionFactory factory =
                    new ActiveMQConnectionFactory("vm://localhost?create=false");
            factory.setWatchTopicAdvisories(false);
            RedeliveryPolicy none = new RedeliveryPolicy();
            none.setMaximumRedeliveries(0);
            factory.setRedeliveryPolicy(none);
            Connection connection = factory.createConnection();
            connection.start();
            sendAndRefuse(connection);
            for (Object[] queue : QUEUES) {
                send(connection, (String) queue[0], (Integer) queue[1]);
            }
            connection.close();
        } finally {
            broker.stop();
            broker.waitUntilStopped();
        }
    }

    private static void send(Connection connection, String queue, int count) throws JMSException {
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(session.createQueue(queue));
        producer.setDeliveryMode(DeliveryMode.PERSISTENT);
        Random random = new Random(queue.hashCode());
        for (int number = 1; number <= count; number++) {
            BytesMessage message = session.createBytesMessage();
            byte[] body = new byte[64 + random.nextInt(200)];
            random.nextBytes(body);
            message.writeBytes(body);
            message.setStringProperty("messageId", queue + "-" + number + "@domibus.example");
            message.setStringProperty("DOMAIN", "default");
            producer.send(message);
        }
        session.commit();
        session.close();
    }

    /** Three messages that a receiver gave back: the redelivery plugin moves them to the scheduler. */
    private static void sendAndRefuse(Connection connection) throws JMSException {
        send(connection, REDELIVERED_QUEUE, REDELIVERED);
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(session.createQueue(REDELIVERED_QUEUE));
        for (int number = 0; number < REDELIVERED; number++) {
            if (consumer.receive(5000) == null) {
                throw new IllegalStateException("a message that was just sent did not arrive");
            }
            session.rollback();
        }
        session.close();
    }

    private static void writeDatabase(String path) throws SQLException {
        List<String> statements = List.of(
                "CREATE TABLE TB_VERSION (VERSION VARCHAR(30) PRIMARY KEY, BUILD_TIME VARCHAR(30),"
                        + " CREATION_TIME TIMESTAMP NOT NULL)",
                "INSERT INTO TB_VERSION VALUES ('5.1.0', '2023-05-30 10:00', TIMESTAMP '2023-06-12 09:00:00')",
                "CREATE TABLE TB_USER_MESSAGE (ID_PK BIGINT PRIMARY KEY, MESSAGE_ID VARCHAR(255) NOT NULL UNIQUE,"
                        + " PAYLOAD VARBINARY(1024), RECEIVED TIMESTAMP)",
                "CREATE VIEW V_LATEST AS SELECT MESSAGE_ID FROM TB_USER_MESSAGE ORDER BY ID_PK DESC FETCH FIRST 5 ROWS ONLY");
        try (java.sql.Connection connection =
                DriverManager.getConnection("jdbc:h2:file:" + path, "sa", "")) {
            try (Statement statement = connection.createStatement()) {
                for (String text : statements) {
                    statement.execute(text);
                }
            }
            Random random = new Random(1);
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO TB_USER_MESSAGE VALUES (?, ?, ?, TIMESTAMP '2023-06-12 09:00:00')")) {
                for (int row = 1; row <= 100; row++) {
                    byte[] payload = new byte[row % 7 == 0 ? 0 : 48];
                    random.nextBytes(payload);
                    insert.setInt(1, row);
                    insert.setString(2, "message-" + row + "@domibus.example");
                    insert.setBytes(3, payload.length == 0 ? null : payload);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            try (Statement statement = connection.createStatement()) {
                // Closes the database and rewrites the file without the space that loading left behind.
                statement.execute("SHUTDOWN COMPACT");
            }
        }
    }
}
