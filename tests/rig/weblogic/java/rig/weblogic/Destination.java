package rig.weblogic;

import org.w3c.dom.Element;

/** A queue, a topic or a member of a distributed one. */
public class Destination extends MessageHolder {
    Destination(Element element) {
        super(element);
    }

    public String getName() {
        return element.getAttribute("name");
    }

    public String getDestinationType() {
        return element.getAttribute("type");
    }

    public Long getMessagesReceivedCount() {
        return 0L;
    }

    public String getProductionPausedState() throws Exception {
        return state("production", "Production-Enabled");
    }

    public String getConsumptionPausedState() throws Exception {
        return state("consumption", "Consumption-Enabled");
    }

    public String getInsertionPausedState() throws Exception {
        return state("insertion", "Insertion-Enabled");
    }

    private String state(String kind, String usual) throws Exception {
        World.tick();
        return element.hasAttribute(kind) ? element.getAttribute(kind) : usual;
    }

    public DurableSubscriber[] getDurableSubscribers() throws Exception {
        World.tick();
        return World.children(element, "subscriber").stream()
                .map(DurableSubscriber::new).toArray(DurableSubscriber[]::new);
    }

    public void createDurableSubscriber(String clientId, String name, String selector,
            boolean noLocal) throws Exception {
        Element subscriber = World.make("subscriber");
        subscriber.setAttribute("clientId", clientId);
        subscriber.setAttribute("name", name);
        subscriber.setAttribute("selector", selector == null ? "" : selector);
        subscriber.setAttribute("noLocal", Boolean.toString(noLocal));
        element.appendChild(subscriber);
        World.save();
    }

    /** What a topic keeps for a client that is away. */
    public static class DurableSubscriber extends MessageHolder {
        DurableSubscriber(Element element) {
            super(element);
        }

        public String getClientID() {
            return element.getAttribute("clientId");
        }

        public String getSubscriptionName() {
            return element.getAttribute("name");
        }

        public String getSelector() {
            String selector = element.getAttribute("selector");
            return selector.isEmpty() ? null : selector;
        }

        public boolean isNoLocal() {
            return element.getAttribute("noLocal").equals("true");
        }
    }
}
