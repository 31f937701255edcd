package rig;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.XAConnection;
import javax.jms.XASession;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.artemis.api.core.client.ActiveMQClient;
import org.apache.activemq.artemis.api.core.client.ClientMessage;
import org.apache.activemq.artemis.api.core.client.ClientRequestor;
import org.apache.activemq.artemis.api.core.client.ClientSession;
import org.apache.activemq.artemis.api.core.client.ClientSessionFactory;
import org.apache.activemq.artemis.api.core.client.ServerLocator;
import org.apache.activemq.artemis.api.core.management.ManagementHelper;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;

/**
 * Sends, takes and lists messages of a running Artemis broker. The listing is complete or it fails:
 * what was browsed is compared with what the broker counts.
 */
public final class ArtemisMessages implements AutoCloseable {
    /** Few enough that a broker with pages of 15 kB reads them all while none is committed. */
    private static final int BATCH = 10;
    private static final long PATIENCE_MILLIS = 20_000;
    private static final String DELAYED_UNTIL = "_AMQ_SCHED_DELIVERY";

    /** An account, for a broker that asks for one. */
    private static final String USER = System.getenv("RIG_USER");
    private static final String PASSWORD = System.getenv("RIG_PASSWORD");

    private final String url;
    private final ActiveMQConnectionFactory factory;
    private final Connection connection;

    /** Arguments: broker URL, command and its arguments. */
    public static void main(String[] arguments) throws Exception {
        try (ArtemisMessages messages = new ArtemisMessages(arguments[0])) {
            messages.command(List.of(arguments).subList(1, arguments.length));
        }
        System.out.flush();
        // Threads of the client's pools may outlive their connections.
        System.exit(0);
    }

    private ArtemisMessages(String url) throws JMSException {
        this.url = url;
        factory = new ActiveMQConnectionFactory(url);
        factory.setConsumerWindowSize(0);
        connection = factory.createConnection(USER, PASSWORD);
        connection.setClientID("rig-" + UUID.randomUUID());
        connection.start();
    }

    @Override
    public void close() throws JMSException {
        connection.close();
        factory.close();
    }

    private void command(List<String> words) throws Exception {
        String place = words.size() > 1 ? words.get(1) : "";
        int count = words.size() > 2 ? Integer.parseInt(words.get(2)) : 0;
        switch (words.get(0)) {
            case "send":
                send(place, count, words.size() > 3 ? Integer.parseInt(words.get(3)) : 1000, 0);
                break;
            case "vary":
                vary(place, count);
                break;
            case "schedule":
                send(place, count, 1000, 1000L * Integer.parseInt(words.get(3)));
                break;
            case "consume":
                consume(place, count);
                break;
            case "nack":
                nack(place, count);
                break;
            case "prepare-send":
                prepare(place, count, true);
                break;
            case "prepare-receive":
                prepare(place, count, false);
                break;
            case "roll-back-prepared":
                rollBackPrepared();
                break;
            case "list":
                list(this::line);
                break;
            case "contents":
                list(new Content());
                break;
            case "counts":
                list(null);
                break;
            default:
                throw new IllegalArgumentException("no such command: " + words.get(0));
        }
    }

    private static Message random(Session session, Random random, int bytes) throws JMSException {
        byte[] body = new byte[bytes];
        random.nextBytes(body);
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(body);
        message.setStringProperty("DOMAIN", "default");
        return message;
    }

    /** Whole batches in a transaction each, the rest each on its own: those are other records of the journal. */
    private void send(String queue, int count, int bytes, long delayMillis) throws JMSException {
        Random random = new Random();
        try (Session together = connection.createSession(true, Session.SESSION_TRANSACTED);
                Session alone = connection.createSession(false, Session.AUTO_ACKNOWLEDGE)) {
            MessageProducer batches = together.createProducer(together.createQueue(queue));
            MessageProducer singles = alone.createProducer(alone.createQueue(queue));
            for (int number = 1; number <= count; number++) {
                boolean batched = number <= count - count % BATCH;
                Message message = random(batched ? together : alone, random, bytes);
                if (delayMillis > 0) {
                    message.setLongProperty(DELAYED_UNTIL, System.currentTimeMillis() + delayMillis);
                }
                (batched ? batches : singles).send(message);
                if (number % BATCH == 0) {
                    together.commit();
                }
            }
        }
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

    /** Gives messages back: their delivery count grows, and they wait for the redelivery's delay. */
    private void nack(String queue, int count) throws JMSException {
        Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
        MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
        for (int number = 1; number <= count; number++) {
            receive(consumer, queue, number, count);
        }
        session.rollback();
        session.close();
    }

    private static void receive(MessageConsumer consumer, String queue, int number, int count)
            throws JMSException {
        if (consumer.receive(PATIENCE_MILLIS) == null) {
            throw new IllegalStateException(queue + " gave " + (number - 1) + " of " + count + " messages");
        }
    }

    private void prepare(String queue, int count, boolean sends) throws Exception {
        try (XAConnection distributed = factory.createXAConnection(USER, PASSWORD)) {
            distributed.start();
            XASession session = distributed.createXASession();
            XAResource resource = session.getXAResource();
            Xid id = new Name(UUID.randomUUID());
            resource.start(id, XAResource.TMNOFLAGS);
            if (sends) {
                MessageProducer producer = session.createProducer(session.createQueue(queue));
                for (int number = 1; number <= count; number++) {
                    producer.send(random(session, new Random(), 1000));
                }
            } else {
                MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
                for (int number = 1; number <= count; number++) {
                    receive(consumer, queue, number, count);
                }
            }
            resource.end(id, XAResource.TMSUCCESS);
            resource.prepare(id);
        }
    }

    private void rollBackPrepared() throws Exception {
        try (XAConnection distributed = factory.createXAConnection(USER, PASSWORD)) {
            XAResource resource = distributed.createXASession().getXAResource();
            for (Xid id : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
                resource.rollback(id);
            }
        }
    }

    private List<String> prepared() throws Exception {
        List<String> lines = new ArrayList<>();
        try (XAConnection distributed = factory.createXAConnection(USER, PASSWORD)) {
            XAResource resource = distributed.createXASession().getXAResource();
            for (Xid id : resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN)) {
                lines.add("prepared " + new String(id.getGlobalTransactionId(), "UTF-8").trim());
            }
        }
        return lines;
    }

    /** "queue NAME MESSAGES SCHEDULED DELIVERING" for each queue, "prepared ID" for each transaction. */
    private void list(Line contents) throws Exception {
        List<String> lines = new ArrayList<>(prepared());
        try (ServerLocator locator = ActiveMQClient.createServerLocator(url);
                ClientSessionFactory sessions = locator.createSessionFactory();
                ClientSession session = sessions.createSession(USER, PASSWORD, false, true, true, false, 0)) {
            session.start();
            try (ClientRequestor management = new ClientRequestor(session, "activemq.management")) {
                for (Object name : (Object[]) ask(session, management, "broker", "queueNames")) {
                    // The requestor's own queue for answers.
                    if (!((String) name).startsWith("activemq.management.")) {
                        lines.addAll(queue(session, management, (String) name, contents));
                    }
                }
            }
        }
        Collections.sort(lines);
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(line).append('\n');
        }
        System.out.print(text);
    }

    private List<String> queue(ClientSession session, ClientRequestor management, String name, Line contents)
            throws Exception {
        List<String> lines = new ArrayList<>();
        String resource = "queue." + name;
        long messages = ((Number) ask(session, management, resource, "messageCount")).longValue();
        long scheduled = ((Number) ask(session, management, resource, "scheduledCount")).longValue();
        long delivering = ((Number) ask(session, management, resource, "deliveringCount")).longValue();
        lines.add(String.format("queue %s %d %d %d", name, messages, scheduled, delivering));
        if (contents != null && messages > 0) {
            // Of the messages that a prepared transaction takes, a browser shows those in pages only.
            long all = messages - scheduled;
            List<String> browsed = browse(name, contents);
            // A browser that has to wait for the body of a large message may end before it has shown all.
            for (int again = 0; again < 10 && browsed.size() < all - delivering; again++) {
                browsed = browse(name, contents);
            }
            if (browsed.size() > all || browsed.size() < all - delivering) {
                throw new IllegalStateException(name + " showed " + browsed.size() + " messages, but counts "
                        + messages + ", " + scheduled + " of them scheduled, " + delivering + " being delivered");
            }
            lines.addAll(browsed);
            if (scheduled > 0) {
                ClientMessage request = session.createMessage(false);
                ManagementHelper.putOperationInvocation(request, resource, "listScheduledMessagesAsJSON");
                String json = (String) ManagementHelper.getResult(management.request(request), String.class);
                for (String message : json.substring(1, json.length() - 1).split("(?<=\\}),")) {
                    lines.add("scheduled " + name + " " + contents.scheduled(message));
                }
            }
        }
        return lines;
    }

    private static Object ask(ClientSession session, ClientRequestor management, String resource, String attribute)
            throws Exception {
        ClientMessage request = session.createMessage(false);
        ManagementHelper.putAttribute(request, resource, attribute);
        ClientMessage answer = management.request(request, PATIENCE_MILLIS);
        if (answer == null || !ManagementHelper.hasOperationSucceeded(answer)) {
            throw new IllegalStateException("no answer about " + attribute + " of " + resource);
        }
        return ManagementHelper.getResult(answer);
    }

    private List<String> browse(String queue, Line contents) throws Exception {
        List<String> lines = new ArrayList<>();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        QueueBrowser browser = session.createBrowser(session.createQueue(queue));
        for (Enumeration<?> messages = browser.getEnumeration(); messages.hasMoreElements(); ) {
            Message message = (Message) messages.nextElement();
            lines.add("message " + queue + " " + contents.of(message));
        }
        session.close();
        return lines;
    }

    /** How a message is listed. */
    private interface Line {
        String of(Message message) throws Exception;

        /** The broker's own description, as JSON. */
        default String scheduled(String json) {
            return json;
        }
    }

    private String line(Message message) throws Exception {
        return String.format("%s %s %d %d", message.getJMSMessageID(), digest(message), message.getJMSTimestamp(),
                message.getIntProperty("JMSXDeliveryCount"));
    }

    /** All that an application can see of a message, but for its id and how often it was delivered. */
    private final class Content implements Line {
        @Override
        public String of(Message message) throws Exception {
            StringBuilder text = new StringBuilder(digest(message));
            for (Object part : new Object[] {
                message.getClass().getSimpleName(), message.getJMSTimestamp(), message.getJMSPriority(),
                message.getJMSExpiration(), message.getJMSCorrelationID(), message.getJMSType(),
                message.getJMSReplyTo(), message.getJMSDeliveryMode()
            }) {
                text.append(' ').append(part);
            }
            List<String> names = new ArrayList<>();
            for (Enumeration<?> all = message.getPropertyNames(); all.hasMoreElements(); ) {
                names.add((String) all.nextElement());
            }
            names.remove("JMSXDeliveryCount");
            Collections.sort(names);
            for (String name : names) {
                Object value = message.getObjectProperty(name);
                text.append(' ').append(name).append('=').append(value.getClass().getSimpleName()).append(':');
                // One line for each message, whatever is in it.
                text.append(value.toString().replace("\n", "\\n"));
            }
            return text.toString();
        }

        @Override
        public String scheduled(String json) {
            // Its id of that broker, and the JMS id.
            return json.replaceAll("\"(messageID|userID)\":(\"[^\"]*\"|[0-9]+),?", "");
        }
    }

    /** Bodies and properties of every kind that Domibus' plugins send. */
    private void vary(String queue, int count) throws JMSException {
        try (Session session = connection.createSession(true, Session.SESSION_TRANSACTED)) {
            MessageProducer producer = session.createProducer(session.createQueue(queue));
            for (int number = 1; number <= count; number++) {
                producer.setPriority(number % 10);
                producer.setTimeToLive(number % 3 == 0 ? 86_400_000 : 0);
                producer.send(varied(session, number));
                if (number % BATCH == 0) {
                    session.commit();
                }
            }
            session.commit();
        }
    }

    private static Message varied(Session session, int number) throws JMSException {
        String words = "message " + number + " <&>\"']]> \u00e9\u20ac\ud83d\udce8\t\nend ";
        Message message;
        switch (number % 4) {
            case 0:
                message = session.createTextMessage(words.repeat(1 + number % 50));
                break;
            case 1:
                MapMessage map = session.createMapMessage();
                map.setString("payload_1_description", words);
                map.setLong("length", number);
                map.setBytes("payload_1", words.getBytes(StandardCharsets.UTF_8));
                message = map;
                break;
            case 2:
                message = session.createMessage();
                break;
            default:
                message = random(session, new Random(), number % 700);
                break;
        }
        message.setJMSCorrelationID("correlation-" + number);
        message.setJMSType("submitMessage");
        message.setStringProperty("messageId", UUID.randomUUID() + "@domibus.eu");
        message.setStringProperty("text", words);
        message.setStringProperty("empty", "");
        message.setIntProperty("totalNumberOfPayloads", number);
        message.setLongProperty("long", Long.MAX_VALUE - number);
        message.setBooleanProperty("flag", number % 2 == 0);
        message.setDoubleProperty("double", number / 3.0);
        message.setFloatProperty("float", number / 7.0f);
        message.setShortProperty("short", (short) number);
        message.setByteProperty("byte", (byte) number);
        return message;
    }

    private static String digest(Message message) throws Exception {
        byte[] body;
        if (message instanceof BytesMessage) {
            body = new byte[(int) ((BytesMessage) message).getBodyLength()];
            ((BytesMessage) message).readBytes(body);
        } else if (message instanceof TextMessage) {
            body = ((TextMessage) message).getText().getBytes(StandardCharsets.UTF_8);
        } else if (message instanceof MapMessage) {
            StringBuilder text = new StringBuilder();
            MapMessage map = (MapMessage) message;
            List<String> names = new ArrayList<>();
            for (Enumeration<?> all = map.getMapNames(); all.hasMoreElements(); ) {
                names.add((String) all.nextElement());
            }
            Collections.sort(names);
            for (String name : names) {
                Object value = map.getObject(name);
                text.append(name).append('=')
                        .append(value instanceof byte[] ? Arrays.toString((byte[]) value) : value).append('\n');
            }
            body = text.toString().getBytes(StandardCharsets.UTF_8);
        } else {
            body = new byte[0];
        }
        StringBuilder hex = new StringBuilder();
        for (byte octet : MessageDigest.getInstance("SHA-256").digest(body)) {
            hex.append(String.format("%02x", octet));
        }
        return hex.toString();
    }

    /** A distributed transaction's name. */
    private static final class Name implements Xid {
        private final byte[] text;

        Name(UUID id) {
            text = id.toString().getBytes();
        }

        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return text;
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {1};
        }
    }
}
