package weblogic.jms.extensions;

import javax.management.openmbean.CompositeData;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenDataException;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;
import weblogic.messaging.runtime.MessageInfo;

/** A message with what a server knows of it, in the documented shape. */
public class JMSMessageInfo extends MessageInfo {
    private static final String[] NAMES = {
        "Handle", "State", "XidString", "SequenceNumber", "ConsumerID", "MessageXMLText",
        "DestinationName", "BodyIncluded"
    };
    private static final OpenType<?>[] TYPES = {
        SimpleType.LONG, SimpleType.INTEGER, SimpleType.STRING, SimpleType.LONG, SimpleType.STRING,
        SimpleType.STRING, SimpleType.STRING, SimpleType.BOOLEAN
    };

    private final String xid;
    private final long sequenceNumber;
    private final String consumer;
    private final WLMessage message;
    private final String destination;
    private final boolean bodyIncluded;

    public JMSMessageInfo(long handle, int state, String xidString, long sequenceNumber,
            String consumerID, WLMessage message, String destinationName, boolean bodyIncluded) {
        this.handle = handle;
        this.state = state;
        this.xid = xidString;
        this.sequenceNumber = sequenceNumber;
        this.consumer = consumerID;
        this.message = message;
        this.destination = destinationName;
        this.bodyIncluded = bodyIncluded;
    }

    public JMSMessageInfo(WLMessage message) {
        this(0, 0, null, 0, null, message, null, false);
    }

    public JMSMessageInfo(CompositeData data) throws OpenDataException {
        this((Long) data.get("Handle"), (Integer) data.get("State"), (String) data.get("XidString"),
                (Long) data.get("SequenceNumber"), (String) data.get("ConsumerID"),
                new JMSMessageFactoryImpl.XmlMessage((String) data.get("MessageXMLText")),
                (String) data.get("DestinationName"), (Boolean) data.get("BodyIncluded"));
    }

    public static CompositeData of(long handle, int state, String xml, String destination,
            boolean body) throws OpenDataException {
        return new JMSMessageInfo(handle, state, null, handle, null,
                new JMSMessageFactoryImpl.XmlMessage(xml), destination, body).toCompositeData();
    }

    public WLMessage getMessage() {
        return message;
    }

    public boolean isBodyIncluded() {
        return bodyIncluded;
    }

    public String getDestinationName() {
        return destination;
    }

    public CompositeData toCompositeData() throws OpenDataException {
        CompositeType type =
                new CompositeType("JMSMessageInfo", "JMSMessageInfo", NAMES, NAMES, TYPES);
        Object[] values = {
            handle, state, xid, sequenceNumber, consumer, message.xml(), destination, bodyIncluded
        };
        return new CompositeDataSupport(type, NAMES, values);
    }
}
