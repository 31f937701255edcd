package weblogic.jms.extensions;

import java.io.StringWriter;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;

/** Makes messages from XML documents. */
public final class JMSMessageFactoryImpl {
    private static final JMSMessageFactoryImpl ONE = new JMSMessageFactoryImpl();
    static final String NAMESPACE = "http://www.bea.com/WLS/JMS/Message";

    public static JMSMessageFactoryImpl getFactory() {
        return ONE;
    }

    public WLMessage createMessage(Document document) throws Exception {
        String name = document.getDocumentElement().getLocalName();
        if (!"WLJMSMessage".equals(name)
                || !NAMESPACE.equals(document.getDocumentElement().getNamespaceURI())) {
            throw new Exception("Invalid root element: " + name);
        }
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        StringWriter text = new StringWriter();
        transformer.transform(new DOMSource(document.getDocumentElement()), new StreamResult(text));
        return new XmlMessage(text.toString());
    }

    static final class XmlMessage implements WLMessage {
        private final String text;

        XmlMessage(String text) {
            this.text = text;
        }

        @Override
        public String getJMSMessageID() {
            java.util.regex.Matcher found =
                    java.util.regex.Pattern.compile("JMSMessageID>([^<]*)<").matcher(text);
            return found.find() ? found.group(1).replace("&lt;", "<").replace("&gt;", ">") : null;
        }

        @Override
        public String xml() {
            return text;
        }
    }
}
