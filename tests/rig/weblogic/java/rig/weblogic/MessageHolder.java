package rig.weblogic;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.management.openmbean.CompositeData;
import org.w3c.dom.Element;
import weblogic.jms.extensions.JMSMessageInfo;
import weblogic.management.ManagementException;
import weblogic.messaging.runtime.MessageInfo;

/** The operations on messages, with the documented signatures. */
public abstract class MessageHolder {
    /** More open cursors than this are refused: they hold memory of the server. */
    private static final int CURSORS = 20;

    private static final class Cursor {
        final List<Element> messages = new ArrayList<>();
        int at;
        long lastAccess = System.currentTimeMillis();
        long timeout;
    }

    private static final Map<String, Cursor> OPEN = new HashMap<>();
    private static int next;

    protected final Element element;

    MessageHolder(Element element) {
        this.element = element;
    }

    private String label() {
        return element.getAttribute("name");
    }

    private static int state(Element message) {
        return MessageInfo.number(message.getAttribute("state"));
    }

    /** Without those that are pending. */
    public Long getMessagesCurrentCount() throws Exception {
        return count(true);
    }

    public Long getMessagesPendingCount() throws Exception {
        return count(false);
    }

    private long count(boolean visible) throws Exception {
        World.tick();
        return World.children(element, "message").stream()
                .filter(message -> (state(message) == MessageInfo.STATE_VISIBLE) == visible).count();
    }

    public String getMessages(String selector, Integer timeout) throws Exception {
        return getMessages(selector, timeout, MessageInfo.STATE_VISIBLE);
    }

    public String getMessages(String selector, Integer timeout, Integer states) throws Exception {
        World.tick();
        if (OPEN.size() >= CURSORS) {
            throw new ManagementException("The maximum number of open cursors has been reached");
        }
        if (!selector.isEmpty() && !selector.equals("true")) {
            throw new ManagementException("Invalid selector: " + selector);
        }
        Cursor cursor = new Cursor();
        cursor.timeout = timeout * 1000L;
        for (Element message : World.children(element, "message")) {
            if ((state(message) & states) != 0) {
                cursor.messages.add(message);
            }
        }
        String name = label() + "_" + next++;
        OPEN.put(name, cursor);
        return name;
    }

    private Cursor cursor(String name) throws Exception {
        World.tick();
        Cursor cursor = OPEN.get(name);
        long now = System.currentTimeMillis();
        if (cursor == null || cursor.timeout > 0 && now - cursor.lastAccess > cursor.timeout) {
            OPEN.remove(name);
            throw new ManagementException("Cursor " + name + " not found");
        }
        cursor.lastAccess = now;
        return cursor;
    }

    public Long getCursorSize(String name) throws Exception {
        return (long) cursor(name).messages.size();
    }

    /** Null at the end; headers only. */
    public CompositeData[] getNext(String name, Integer count) throws Exception {
        Cursor cursor = cursor(name);
        CompositeData[] found = getItems(name, (long) cursor.at, count);
        cursor.at += found == null ? 0 : found.length;
        return found;
    }

    public CompositeData[] getItems(String name, Long start, Integer count) throws Exception {
        Cursor cursor = cursor(name);
        List<CompositeData> found = new ArrayList<>();
        int end = (int) Math.min(cursor.messages.size(), start + count);
        for (int at = start.intValue(); at < end; at++) {
            found.add(data(cursor.messages.get(at), false));
        }
        return found.isEmpty() ? null : found.toArray(new CompositeData[0]);
    }

    public CompositeData getMessage(String name, Long handle) throws Exception {
        for (Element message : cursor(name).messages) {
            if (message.getAttribute("handle").equals(handle.toString())) {
                return data(message, true);
            }
        }
        return null;
    }

    public CompositeData getMessage(String name, String id) throws Exception {
        for (Element message : cursor(name).messages) {
            if (id(message.getTextContent()).equals(id)) {
                return data(message, true);
            }
        }
        return null;
    }

    public Void closeCursor(String name) throws Exception {
        cursor(name);
        OPEN.remove(name);
        return null;
    }

    private CompositeData data(Element message, boolean body) throws Exception {
        String xml = message.getTextContent();
        if (!body) {
            int start = xml.indexOf("<mes:Body");
            int end = xml.lastIndexOf("</mes:WLJMSMessage>");
            xml = start < 0 ? xml : xml.substring(0, start) + xml.substring(end);
        }
        long handle = Long.parseLong(message.getAttribute("handle"));
        return JMSMessageInfo.of(handle, state(message), xml, label(), body);
    }

    private static String id(String xml) {
        int start = xml.indexOf("JMSMessageID>") + "JMSMessageID>".length();
        return xml.substring(start, xml.indexOf('<', start)).replace("&lt;", "<")
                .replace("&gt;", ">");
    }

    public Integer deleteMessages(String selector) throws Exception {
        World.tick();
        List<Element> all = World.children(element, "message");
        all.forEach(element::removeChild);
        World.save();
        return all.size();
    }

    /** One send after the other, in no transaction; every message gets a new identity. */
    public Void importMessages(CompositeData[] messages, Boolean replaceOnly) throws Exception {
        World.tick();
        if (replaceOnly) {
            throw new UnsupportedOperationException("replaceOnly");
        }
        if (element.getAttribute("production").equals("Production-Paused")
                && World.fault("strictImport").equals("yes")
                || element.getAttribute("insertion").equals("Insertion-Paused")) {
            throw new ManagementException("Destination " + label()
                    + " does not allow message production");
        }
        try {
            for (CompositeData message : messages) {
                send(message);
            }
        } finally {
            World.save();
        }
        return null;
    }

    private void send(CompositeData data) throws Exception {
        if (!(Boolean) data.get("BodyIncluded")) {
            throw new ManagementException("Import of a message without its body");
        }
        String quota = element.getAttribute("quota");
        int present = World.children(element, "message").size();
        if (!quota.isEmpty() && present >= Integer.parseInt(quota)) {
            throw new ManagementException("Quota exceeded for destination " + label());
        }
        Element domain = World.domain();
        long number = Long.parseLong("0" + domain.getAttribute("next"));
        domain.setAttribute("next", Long.toString(number + 1));
        String xml = (String) data.get("MessageXMLText");
        if (!World.fault("ids").equals("keep")) {
            int start = xml.indexOf("JMSMessageID>") + "JMSMessageID>".length();
            xml = xml.substring(0, start) + "ID:&lt;999." + number + "&gt;"
                    + xml.substring(xml.indexOf('<', start));
        }
        Element message = World.make("message");
        message.setAttribute("handle", Long.toString(1_000_000 + number));
        message.setAttribute("state", "visible");
        message.setTextContent(World.fault("garble").isEmpty() ? xml : xml.replace("payload", "?"));
        element.appendChild(message);
        if (World.fault("killAt").equals(Long.toString(number))) {
            World.save();
            Runtime.getRuntime().halt(137);
        }
    }
}
