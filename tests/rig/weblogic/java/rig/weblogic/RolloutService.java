package rig.weblogic;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.w3c.dom.Element;
import weblogic.management.scripting.ScriptException;

/** The workflows of the domain. They advance with time, whoever looks. */
public class RolloutService {
    private static final List<String> OPTIONS = List.of("isdryrun", "isautorevertonfailure",
            "issessioncompatible", "shutdowntimeout", "delaybetweennodes", "migrationproperties",
            "extensions", "extensionproperties", "coherenceservicehatarget",
            "coherenceservicehawaittimeout");

    /** What WLST's commands do. A null means that the rollout has no such argument. */
    public static RolloutTask begin(String type, String target, String home, String backup,
            String rollback, String java, String applications, String options) throws Exception {
        World.tick();
        for (RolloutTask task : tasks()) {
            if (task.isRunning()) {
                throw new ScriptException("The workflow " + task.getWorkflowId() + " is active");
            }
        }
        check(type, home, backup, rollback, java, applications, options);
        if (World.fault("refuses").equals(type) && !options.contains("isDryRun=true")) {
            throw new ScriptException("The configuration is locked by another user");
        }
        if (World.fault("swallow").equals("rollout")) {
            System.out.println("Rollout could not be started");
            return null;
        }
        Element made = World.make("workflow");
        int number = World.all(World.domain(), "workflow").size() + 1;
        made.setAttribute("id", "wf" + String.format("%04d", number));
        set(made, "type", type);
        set(made, "target", target);
        set(made, "home", home);
        set(made, "backup", backup);
        set(made, "java", java);
        set(made, "applications", applications);
        set(made, "options", options);
        made.setAttribute("status", "STARTED");
        made.setAttribute("running", "yes");
        made.setAttribute("direction", "execute");
        made.setAttribute("total", "6");
        made.setAttribute("done", "0");
        made.setAttribute("began", Long.toString(System.currentTimeMillis()));
        made.setAttribute("since", Long.toString(System.currentTimeMillis()));
        World.domain().appendChild(made);
        World.save();
        if (World.fault("rolloutDies").equals(type)) {
            Runtime.getRuntime().halt(137);
        }
        return new RolloutTask(made);
    }

    private static void set(Element element, String name, String value) {
        if (value != null) {
            element.setAttribute(name, value);
        }
    }

    private static void check(String type, String home, String backup, String rollback, String java,
            String applications, String options) throws Exception {
        boolean dry = false;
        boolean compatible = true;
        boolean timeout = false;
        for (String option : options.split(",")) {
            String[] parts = option.split("=", 2);
            String key = parts[0].toLowerCase(Locale.ROOT);
            if (parts.length != 2 || !OPTIONS.contains(key) || !parts[1].matches("[A-Za-z0-9_\\-./:\\\\]*")) {
                throw new ScriptException("Unknown rollout option: " + option);
            }
            compatible &= !(key.equals("issessioncompatible") && parts[1].equals("false"));
            timeout |= key.equals("shutdowntimeout");
            if (key.equals("migrationproperties")) {
                begins(parts[1], "{\"migrations\":[");
            }
        }
        if (!compatible && !timeout) {
            throw new ScriptException("shutdownTimeout is required when isSessionCompatible is false");
        }
        if (type.equals("rolloutOracleHome") && (home == null || backup == null || rollback == null)) {
            throw new ScriptException("rolloutOracleHome, backupOracleHome and isRollback are required");
        }
        if (rollback != null) {
            boolean back = rollback.toLowerCase(Locale.ROOT).equals("true");
            if (home.endsWith(".jar") == back) {
                throw new ScriptException(back ? "A rollback takes a directory" : "Not an archive: " + home);
            }
            if (back) {
                backups(home);
            }
            if (back && applications != null) {
                throw new ScriptException("Applications cannot be rolled back with an Oracle home");
            }
        }
        for (String path : Arrays.asList(home, backup, java)) {
            if (path != null && path.matches(".*\\s.*")) {
                throw new ScriptException("Whitespace in " + path);
            }
        }
        if (applications != null) {
            begins(applications, "{\"applications\":[");
        }
    }

    /** What was never rolled out cannot be rolled back. */
    private static void backups(String home) throws Exception {
        for (Element machine : World.children(World.domain(), "machine")) {
            if (machine.hasAttribute("root") && !Files.isDirectory(Path.of(machine.getAttribute("root") + home))) {
                throw new ScriptException("No backup of an Oracle home on "
                        + machine.getAttribute("name") + ": " + home);
            }
        }
    }

    /** The file as the Admin Server sees it, which has a root of its own in the rig. */
    private static void begins(String path, String text) throws Exception {
        Path file = Path.of(World.fault("root") + path);
        if (!Files.exists(file) || !Files.readString(file).startsWith(text)) {
            throw new ScriptException("Cannot parse " + path);
        }
    }

    static List<RolloutTask> tasks() {
        List<RolloutTask> found = new ArrayList<>();
        for (Element one : World.all(World.domain(), "workflow")) {
            found.add(new RolloutTask(one));
        }
        return found;
    }

    public RolloutTask[] getAllWorkflows() throws Exception {
        World.tick();
        return tasks().toArray(new RolloutTask[0]);
    }

    public void executeWorkflow(RolloutTask task) throws Exception {
        World.tick();
        if (!task.canResume()) {
            throw new ScriptException("The workflow cannot be resumed");
        }
        task.go(task.getStatus().startsWith("REVERT") ? "revert" : "execute");
    }

    public void revertWorkflow(RolloutTask task) throws Exception {
        World.tick();
        if (task.isRunning()) {
            throw new ScriptException("The workflow is not terminated");
        }
        task.go("revert");
    }
}
