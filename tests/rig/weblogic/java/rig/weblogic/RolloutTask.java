package rig.weblogic;

import java.util.List;
import org.w3c.dom.Element;

/** A workflow. Its state is what of its commands is done, and that is a matter of time. */
public class RolloutTask {
    private final Element element;

    RolloutTask(Element element) {
        this.element = element;
    }

    private String get(String name) {
        return element.getAttribute(name);
    }

    private int number(String name) {
        return get(name).isEmpty() ? 0 : Integer.parseInt(get(name));
    }

    void go(String direction) throws Exception {
        element.setAttribute("direction", direction);
        element.setAttribute("running", "yes");
        element.setAttribute("from", get("done"));
        element.setAttribute("since", Long.toString(System.currentTimeMillis()));
        World.save();
    }

    private void stop(String status) throws Exception {
        element.setAttribute("running", "no");
        element.setAttribute("status", status);
        World.save();
    }

    private static boolean reaches(String fault, int done) {
        return !World.fault(fault).isEmpty() && done >= Integer.parseInt(World.fault(fault));
    }

    private RolloutTask now() throws Exception {
        World.tick();
        if (!get("running").equals("yes")) {
            return this;
        }
        int steps = (int) ((System.currentTimeMillis() - Long.parseLong(get("since"))) / 100);
        boolean dry = get("options").contains("isDryRun=true");
        if (get("direction").equals("revert")) {
            int done = Math.max(0, number("from") - steps);
            element.setAttribute("done", Integer.toString(done));
            element.setAttribute("status", "REVERTING");
            if (!World.fault("revertFails").isEmpty() && get("revertFailed").isEmpty()) {
                element.setAttribute("revertFailed", "yes");
                stop(World.fault("revertFails"));
            } else if (done == 0) {
                RolloutEffects.undo(element);
                stop("REVERTED");
            }
            return this;
        }
        int done = Math.min(number("total"), number("from") + steps);
        element.setAttribute("done", Integer.toString(done));
        if (!dry && reaches("rolloutRestartAt", done) && get("restarted").isEmpty()) {
            element.setAttribute("restarted", "yes");
            World.domain().setAttribute("adminBackAt", Long.toString(System.currentTimeMillis() + 1500));
            World.save();
            World.drop();
            World.tick();
        }
        String wanted = dry ? "dryRunFailAt" : "rolloutFailAt";
        boolean fails = reaches(wanted, done) && get("failed").isEmpty();
        if (fails) {
            done = Integer.parseInt(World.fault(wanted));
            element.setAttribute("failed", "yes");
            element.setAttribute("done", Integer.toString(done));
        }
        if (!dry) {
            RolloutEffects.apply(element, done, number("total"));
        }
        if (fails) {
            stop(World.fault("rolloutFailAs").isEmpty() ? "FAIL" : World.fault("rolloutFailAs"));
            if (get("options").contains("isAutoRevertOnFailure=true")
                    && World.fault("noAutoRevert").isEmpty()) {
                go("revert");
            }
        } else if (done == number("total")) {
            stop("SUCCESS");
        }
        return this;
    }

    public String getWorkflowId() {
        return get("id");
    }

    public long getBeginTime() {
        return Long.parseLong(get("began"));
    }

    public String getStatus() throws Exception {
        return now().get("status");
    }

    public boolean isRunning() throws Exception {
        return now().get("running").equals("yes");
    }

    public String getProgressString() throws Exception {
        return "Workflow " + get("id") + " of " + get("target");
    }

    public int getNumCompletedCommands() throws Exception {
        return now().number("done");
    }

    public int getNumTotalCommands() throws Exception {
        return now().number("total");
    }

    public Exception[] getErrors() {
        return get("failed").isEmpty() ? new Exception[0]
                : new Exception[] {new Exception("Node node2 ran out of disk space")};
    }

    public boolean canResume() throws Exception {
        return !isRunning()
                && List.of("FAIL", "REVERT_FAIL", "CANCELED", "REVERT_CANCELED").contains(getStatus());
    }

    public String[] getTargetedNodes() {
        return World.children(World.domain(), "machine").stream()
                .filter(one -> one.hasAttribute("root"))
                .map(one -> one.getAttribute("name")).toArray(String[]::new);
    }

    public String[] getUpdatedNodes() {
        return World.children(World.domain(), "machine").stream()
                .filter(one -> one.hasAttribute("root"))
                .map(one -> one.getAttribute("name"))
                .filter(one -> !one.equals(World.fault("skipsNode"))).toArray(String[]::new);
    }
}
