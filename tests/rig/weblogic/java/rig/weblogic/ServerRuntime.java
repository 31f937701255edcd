package rig.weblogic;

import org.w3c.dom.Element;
import weblogic.management.ManagementException;

/** A running server and its JMS servers. */
public class ServerRuntime {
    private final Element element;

    ServerRuntime(Element element) {
        this.element = element;
    }

    public String getName() {
        return element.getAttribute("name");
    }

    public String getState() {
        return element.getAttribute("state");
    }

    public String getWeblogicVersion() {
        return "WebLogic Server " + World.fault("version") + " Thu Sep 12 04:04:29 GMT 2019 1974621";
    }

    public JMSRuntime getJMSRuntime() {
        return new JMSRuntime();
    }

    public class JMSRuntime {
        public JMSServerRuntime[] getJMSServers() throws Exception {
            World.tick();
            return World.children(element, "jmsServer").stream()
                    .map(JMSServerRuntime::new).toArray(JMSServerRuntime[]::new);
        }
    }

    /** Pauses are states of its destinations, lost at a restart. */
    public static class JMSServerRuntime {
        private final Element element;

        JMSServerRuntime(Element element) {
            this.element = element;
        }

        public String getName() {
            return element.getAttribute("name");
        }

        public Destination[] getDestinations() throws Exception {
            World.tick();
            return World.children(element, "destination").stream()
                    .map(Destination::new).toArray(Destination[]::new);
        }

        public void pauseProduction() throws Exception {
            each("production", "Production-Paused", 0);
        }

        public void resumeProduction() throws Exception {
            each("production", "Production-Enabled", 0);
        }

        /** Takes effect when the receivers have let go. */
        public void pauseConsumption() throws Exception {
            each("consumption", "Consumption-Pausing", 700);
        }

        public void resumeConsumption() throws Exception {
            each("consumption", "Consumption-Enabled", 0);
        }

        public void pauseInsertion() throws Exception {
            each("insertion", "Insertion-Paused", 0);
        }

        public void resumeInsertion() throws Exception {
            each("insertion", "Insertion-Enabled", 0);
        }

        private void each(String kind, String state, long delay) throws Exception {
            World.tick();
            if (World.fault("deny").equals(kind)) {
                throw new ManagementException("Access not allowed for subject: principals=[monitor]");
            }
            for (Element destination : World.children(element, "destination")) {
                boolean paused = destination.getAttribute(kind).endsWith("Paused");
                if (delay > 0 && paused) {
                    continue;
                }
                destination.removeAttribute("consumptionPausedAt");
                destination.setAttribute(kind, state);
                if (delay > 0) {
                    String at = Long.toString(System.currentTimeMillis() + delay);
                    destination.setAttribute("consumptionPausedAt", at);
                }
            }
            World.save();
        }
    }
}
