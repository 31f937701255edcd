package weblogic.jms.extensions;

/** A message; the stand-in keeps it as its XML. */
public interface WLMessage {
    String getJMSMessageID();

    String xml();
}
