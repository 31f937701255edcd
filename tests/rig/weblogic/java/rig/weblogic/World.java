package rig.weblogic;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import weblogic.management.scripting.ScriptException;

/** A domain, kept in one XML file, so that every run of WLST finds what the one before left. */
public final class World {
    private static File file;
    private static Document document;
    private static boolean dropped;
    private static Object stamp;

    private World() {}

    public static void open(String path) throws Exception {
        file = new File(path);
        read();
    }

    private static void read() throws Exception {
        Object now = stamp();
        document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file);
        stamp = now;
    }

    /** The inode alone does not do: what two servers write in turn may get the number of the one before. */
    private static Object stamp() throws Exception {
        return Files.readAttributes(file.toPath(), "unix:ino,ctime,size");
    }

    /** Sees what the servers have changed. */
    public static void refresh() throws Exception {
        if (!stamp().equals(stamp)) {
            read();
        }
    }

    public static Element domain() {
        return document.getDocumentElement();
    }

    /** What is written is what a kill leaves behind. */
    public static void save() throws Exception {
        File next = new File(file.getPath() + ".next");
        TransformerFactory.newInstance().newTransformer()
                .transform(new DOMSource(document), new StreamResult(next));
        Files.move(next.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE);
        stamp = stamp();
    }

    /** Time passes: pauses take effect, messages in flight are acknowledged. */
    public static void tick() throws Exception {
        if (dropped) {
            throw new IllegalStateException("The connection to the server was lost");
        }
        long now = System.currentTimeMillis();
        boolean changed = false;
        for (Element element : all(domain(), "destination")) {
            if (due(element, "consumptionPausedAt", now)) {
                element.setAttribute("consumption", "Consumption-Paused");
                changed = true;
            }
        }
        for (Element message : all(domain(), "message")) {
            if (due(message, "settlesAt", now)) {
                message.getParentNode().removeChild(message);
                changed = true;
            }
        }
        if (changed) {
            save();
        }
    }

    private static boolean due(Element element, String attribute, long now) {
        if (!element.hasAttribute(attribute)
                || Long.parseLong(element.getAttribute(attribute)) > now) {
            return false;
        }
        element.removeAttribute(attribute);
        return true;
    }

    public static List<Element> children(Element parent, String... names) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            for (String name : names) {
                if (node instanceof Element && node.getNodeName().equals(name)) {
                    found.add((Element) node);
                }
            }
        }
        return found;
    }

    public static List<Element> all(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element) {
                if (node.getNodeName().equals(name)) {
                    found.add((Element) node);
                }
                found.addAll(all((Element) node, name));
            }
        }
        return found;
    }

    public static Element make(String name) {
        return document.createElement(name);
    }

    public static String fault(String name) {
        return domain().getAttribute(name);
    }

    public static boolean isDropped() {
        return dropped;
    }

    public static void drop() {
        dropped = true;
    }

    public static void connect(String user, String password, String url) throws Exception {
        refresh();
        dropped = false;
        String back = fault("adminBackAt");
        if (!back.isEmpty() && System.currentTimeMillis() < Long.parseLong(back)) {
            throw new ScriptException("Error occurred while performing connect : Connection refused");
        }
        if (!serverState(fault("adminServer")).equals("RUNNING") || !url.equals(domain().getAttribute("url"))) {
            throw new ScriptException("Error occurred while performing connect : Cannot connect via "
                    + "t3s or https: destination " + url + " unreachable");
        }
        if (!domain().getAttribute("user").equals(user)
                || !domain().getAttribute("password").equals(password)) {
            throw new ScriptException("Error occurred while performing connect : User failed to be "
                    + "authenticated. : The user name or password is incorrect");
        }
    }

    private static Element server(String name) throws Exception {
        for (Element one : children(domain(), "server")) {
            if (one.getAttribute("name").equals(name)) {
                return one;
            }
        }
        throw new ScriptException("Server " + name + " not found");
    }

    public static String serverState(String name) throws Exception {
        refresh();
        return server(name).getAttribute("state");
    }

    /** Asks a server to end, and waits for its state, not for its process. */
    public static void shutdown(String name) throws Exception {
        if (fault("swallow").equals("shutdown")) {
            System.out.println("Shutdown of " + name + " failed: timed out");
            return;
        }
        refresh();
        server(name).setAttribute("state", "SHUTTING_DOWN");
        save();
        for (int at = 0; at < 200 && !serverState(name).equals("SHUTDOWN"); at++) {
            Thread.sleep(50);
        }
        if (name.equals(fault("adminServer"))) {
            drop();
        }
    }

    private static List<Element> targets(String app) throws ScriptException {
        for (Element one : children(domain(), "app")) {
            if (one.getAttribute("name").equals(app)) {
                return children(one, "target");
            }
        }
        throw new ScriptException("Application " + app + " not found");
    }

    /** Stops on all targets; sessions hold a graceful stop up until its time limit. */
    public static void stopApplication(String app, long timeout, boolean force) throws Exception {
        List<Element> targets = targets(app);
        if (fault("drop").equals("stopApplication")) {
            drop();
            System.out.println("Cannot call WLST command: not supported when not connected");
            return;
        }
        for (Element target : targets) {
            if (!force && !target.getAttribute("sessions").isEmpty()) {
                Thread.sleep(Math.min(timeout == 0 ? 60000 : timeout, 60000));
                throw new ScriptException("Error occurred while performing stopApplication : "
                        + "Timed out waiting for sessions of " + app);
            }
            target.setAttribute("state", "STATE_PREPARED");
        }
        save();
    }

    public static void startApplication(String app) throws Exception {
        for (Element target : targets(app)) {
            if (fault("swallow").equals("startApplication")) {
                System.out.println("[Deployer:149034]An exception occurred for task [Deployer:149026]");
                target.setAttribute("state", "STATE_FAILED");
            } else {
                target.setAttribute("state", "STATE_ACTIVE");
            }
        }
        save();
    }

    public static DomainRuntimeService service() {
        return new DomainRuntimeService();
    }
}
