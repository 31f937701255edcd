package rig;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.RedeliveryPolicy;
import org.apache.activemq.ScheduledMessage;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQMessage;

/**
 * Sends, takes and lists messages of a running broker. The listing is complete or it fails: what
 * was browsed is compared with what the broker counts.
 */
public final class Messages implements AutoCloseable {
    /** Fewer than the 200 messages that the broker pages in at a time: it stalls on open transactions beyond. */
    private static final int BATCH = 100;
    private static final long PATIENCE_MILLIS = 20_000;
    private static final String MARK = "rigMark";

    private final Connection connection;
    private final JMXConnector management;
    private final MBeanServerConnection beans;
    private final ObjectName broker;

    /** Arguments: broker URL, management port, command and its arguments. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 3) {
            throw new IllegalArgumentException("needs a URL, a management port and a command");
        }
        try (Messages messages = new Messages(arguments[0], Integer.parseInt(arguments[1]))) {
            messages.command(List.of(arguments).subList(2, arguments.length));
        }
        System.out.flush();
    }

    private Messages(String url, int managementPort) throws Exception {
        ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory("domibus", "changeit", url);
        // A refused message goes back to the broker at once; its redelivery plugin decides what is next.
        RedeliveryPolicy policy = new RedeliveryPolicy();
        policy.setMaximumRedeliveries(0);
        // Else the client refuses by itself what it gets for the second time, and hands out the next.
        policy.setPreDispatchCheck(false);
        factory.setRedeliveryPolicy(policy);
        factory.getPrefetchPolicy().setQueuePrefetch(BATCH);
        management = JMXConnectorFactory.connect(new JMXServiceURL(
                "service:jmx:rmi:///jndi/rmi://127.0.0.1:" + managementPort + "/jmxrmi"));
        beans = management.getMBeanServerConnection();
        broker = beans.queryNames(new ObjectName("org.apache.activemq:type=Broker,brokerName=*"), null)
                .iterator().next();
        // Last, because its threads would keep the program alive if something above failed.
        connection = factory.createConnection();
        connection.start();
    }

    @Override
    public void close() throws java.io.IOException, JMSException {
        connection.close();
        management.close();
    }

    private void command(List<String> words) throws Exception {
        switch (words.get(0)) {
            case "send":
                send(words.get(1), Integer.parseInt(words.get(2)),
                        words.size() > 3 ? Integer.parseInt(words.get(3)) : 1000);
                break;
            case "consume":
                consume(words.get(1), Integer.parseInt(words.get(2)));
                break;
            case "nack":
                nack(words.get(1), Integer.parseInt(words.get(2)));
                break;
            case "list":
                list(true);
                break;
            case "counts":
                list(false);
                break;
            default:
                throw new IllegalArgumentException("no such command: " + words.get(0));
        }
    }

    private void send(String queue, int count, int bytes) throws JMSException {
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageProducer producer = session.createProducer(session.createQueue(queue));
        producer.setDeliveryMode(DeliveryMode.PERSISTENT);
        Random random = new Random();
        byte[] body = new byte[bytes];
        for (int number = 1; number <= count; number++) {
            random.nextBytes(body);
            BytesMessage message = session.createBytesMessage();
            message.writeBytes(body);
            // Survives a redelivery, which gives the message a new JMSMessageID.
            message.setStringProperty(MARK, UUID.randomUUID().toString());
            message.setStringProperty("DOMAIN", "default");
            producer.send(message);
            if (number % BATCH == 0) {
                session.commit();
            }
        }
        session.commit();
        session.close();
    }

    private void consume(String queue, int count) throws JMSException {
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
        for (int number = 1; number <= count; number++) {
            receive(consumer, queue, number, count);
            if (number % BATCH == 0) {
                session.commit();
            }
        }
        session.commit();
        session.close();
    }

    /**
     * Gives messages back so that they wait in the scheduler. The plugin retries a message after a
     * second when it is refused for the first time and has the configured delay from the second time on;
     * a consumer that closes on messages it has received is a first refusal that leaves them in the queue.
     */
    private void nack(String queue, int count) throws Exception {
        int before = scheduled();
        for (int done = 0; done < count; done += BATCH / 2) {
            refuse(queue, Math.min(BATCH / 2, count - done));
        }
        long deadline = System.currentTimeMillis() + PATIENCE_MILLIS;
        while (scheduled() != before + count) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the scheduler holds " + scheduled() + " messages, not "
                        + (before + count) + ": does " + queue + " have a policy without redeliveries?");
            }
            Thread.sleep(50);
        }
    }

    /** Not more than are prefetched, so that both consumers get the same messages. */
    private void refuse(String queue, int count) throws JMSException {
        Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
        for (int number = 1; number <= count; number++) {
            receive(consumer, queue, number, count);
        }
        consumer.close();
        session.close();

        session = connection.createSession(true, Session.SESSION_TRANSACTED);
        consumer = session.createConsumer(session.createQueue(queue));
        for (int number = 1; number <= count; number++) {
            receive(consumer, queue, number, count);
            session.rollback();
        }
        session.close();
    }

    private static void receive(MessageConsumer consumer, String queue, int number, int count)
            throws JMSException {
        if (consumer.receive(PATIENCE_MILLIS) == null) {
            throw new IllegalStateException(queue + " gave " + (number - 1) + " of " + count + " messages");
        }
    }

    private void list(boolean contents) throws Exception {
        List<String> lines = new ArrayList<>();
        for (ObjectName name : (ObjectName[]) beans.getAttribute(broker, "Queues")) {
            String queue = (String) beans.getAttribute(name, "Name");
            long size = (Long) beans.getAttribute(name, "QueueSize");
            lines.add(String.format("queue %s %d", queue, size));
            if (contents && size > 0) {
                List<String> browsed = browse(queue);
                complete(queue, browsed.size(), size);
                lines.addAll(browsed);
            }
        }
        int jobs = scheduled();
        lines.add("scheduled " + jobs);
        if (contents && jobs > 0) {
            List<String> browsed = browseJobs(jobs);
            complete("the scheduler", browsed.size(), jobs);
            lines.addAll(browsed);
        }
        Collections.sort(lines);
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(line).append('\n');
        }
        System.out.print(text);
    }

    private static void complete(String place, long browsed, long counted) {
        if (browsed != counted) {
            throw new IllegalStateException(
                    place + " showed " + browsed + " messages, but counts " + counted);
        }
    }

    private List<String> browse(String queue) throws Exception {
        List<String> lines = new ArrayList<>();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        QueueBrowser browser = session.createBrowser(session.createQueue(queue));
        for (Enumeration<?> messages = browser.getEnumeration(); messages.hasMoreElements(); ) {
            Message message = (Message) messages.nextElement();
            lines.add(String.format("message %s %s %s %s", queue, message.getJMSMessageID(),
                    digest(message), message.getStringProperty(MARK)));
        }
        session.close();
        return lines;
    }

    /** The scheduler sends a copy of each job's message, under a new id, to whoever asks. */
    private List<String> browseJobs(int expected) throws Exception {
        List<String> lines = new ArrayList<>();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        Destination answers = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(answers);
        Message request = session.createMessage();
        request.setStringProperty(ScheduledMessage.AMQ_SCHEDULER_ACTION,
                ScheduledMessage.AMQ_SCHEDULER_ACTION_BROWSE);
        request.setJMSReplyTo(answers);
        MessageProducer producer = session.createProducer(
                session.createTopic(ScheduledMessage.AMQ_SCHEDULER_MANAGEMENT_DESTINATION));
        producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
        producer.send(request);
        while (lines.size() < expected) {
            Message message = consumer.receive(PATIENCE_MILLIS);
            if (message == null) {
                break;
            }
            ActiveMQDestination queue = ((ActiveMQMessage) message).getOriginalDestination();
            lines.add(String.format("job %s %s %s %s",
                    queue == null ? "-" : queue.getPhysicalName(),
                    message.getStringProperty(ScheduledMessage.AMQ_SCHEDULED_ID),
                    digest(message), message.getStringProperty(MARK)));
        }
        session.close();
        return lines;
    }

    private int scheduled() throws Exception {
        ObjectName scheduler = (ObjectName) beans.getAttribute(broker, "JMSJobScheduler");
        return scheduler == null ? 0 : (Integer) beans.getAttribute(scheduler, "ScheduledMessageCount");
    }

    private static String digest(Message message) throws Exception {
        byte[] body = {};
        if (message instanceof BytesMessage) {
            body = new byte[(int) ((BytesMessage) message).getBodyLength()];
            ((BytesMessage) message).readBytes(body);
        } else if (message instanceof TextMessage) {
            body = ((TextMessage) message).getText().getBytes("UTF-8");
        }
        StringBuilder hex = new StringBuilder();
        for (byte octet : MessageDigest.getInstance("SHA-256").digest(body)) {
            hex.append(String.format("%02x", octet));
        }
        return hex.toString();
    }
}
