package rig.weblogic;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.w3c.dom.Element;

/** What a rollout does to the nodes, each a directory that stands for the root of a machine. */
final class RolloutEffects {
    private static final Pattern APPLICATION = Pattern.compile(
            "\"applicationName\":\\s*\"([^\"]*)\",\\s*\"patchedLocation\":\\s*\"([^\"]*)\","
                    + "\\s*\"backupLocation\":\\s*\"([^\"]*)\"");

    /** The program of a server's process, and what follows up to its name. */
    private static final Pattern SERVER =
            Pattern.compile("^\\S+( .*-Dweblogic\\.Name=)", Pattern.MULTILINE);

    private RolloutEffects() {}

    /** Brings as many nodes up to date as the commands that are done amount to. */
    static void apply(Element workflow, int done, int total) throws Exception {
        List<Element> machines = machines();
        for (int at = 0; at < machines.size(); at++) {
            Element machine = machines.get(at);
            String name = machine.getAttribute("name");
            List<String> applied = applied(workflow);
            if (done * machines.size() < total * (at + 1) || applied.contains(name)) {
                continue;
            }
            if (!name.equals(World.fault("skipsNode"))) {
                apply(workflow, machine);
                applied.add(name);
            }
            workflow.setAttribute("applied", String.join(" ", applied));
            World.save();
        }
    }

    /** Takes back what was applied. */
    static void undo(Element workflow) throws Exception {
        for (Element machine : machines()) {
            if (applied(workflow).contains(machine.getAttribute("name"))) {
                undo(workflow, machine);
            }
        }
        workflow.removeAttribute("applied");
        World.save();
    }

    private static List<Element> machines() {
        return World.children(World.domain(), "machine").stream()
                .filter(one -> one.hasAttribute("root")).collect(Collectors.toList());
    }

    private static List<String> applied(Element workflow) {
        List<String> names = new ArrayList<>(List.of(workflow.getAttribute("applied").split(" ")));
        names.remove("");
        return names;
    }

    private static void apply(Element workflow, Element machine) throws Exception {
        String root = machine.getAttribute("root");
        if (workflow.hasAttribute("home")) {
            home(root, machine.getAttribute("home"), workflow);
        }
        if (workflow.hasAttribute("applications")) {
            applications(root, World.fault("root") + workflow.getAttribute("applications"), false);
        }
        if (workflow.hasAttribute("java")) {
            if (!Files.isDirectory(Path.of(root + workflow.getAttribute("java")))) {
                throw new IllegalStateException("no Java home on " + machine.getAttribute("name"));
            }
            Path processes = Path.of(root, "processes");
            Files.copy(processes, before(root), StandardCopyOption.REPLACE_EXISTING);
            String java = Matcher.quoteReplacement(workflow.getAttribute("java") + "/bin/java");
            String text = Files.readString(processes);
            Files.writeString(processes, SERVER.matcher(text).replaceAll(java + "$1"));
            machine.setAttribute("java", workflow.getAttribute("java"));
        }
    }

    private static void undo(Element workflow, Element machine) throws Exception {
        String root = machine.getAttribute("root");
        if (workflow.hasAttribute("home")) {
            Path present = Path.of(root + machine.getAttribute("home"));
            Path wanted = Path.of(root + workflow.getAttribute("home"));
            boolean archive = wanted.toString().endsWith(".jar");
            Files.move(present, archive ? Path.of(present + "." + System.nanoTime()) : wanted);
            Files.move(Path.of(root + workflow.getAttribute("backup")), present);
        }
        if (workflow.hasAttribute("applications")) {
            applications(root, World.fault("root") + workflow.getAttribute("applications"), true);
        }
        if (workflow.hasAttribute("java")) {
            Files.move(before(root), Path.of(root, "processes"), StandardCopyOption.REPLACE_EXISTING);
            machine.removeAttribute("java");
        }
    }

    private static Path before(String root) {
        return Path.of(root, "processes.before");
    }

    private static void home(String root, String home, Element workflow) throws Exception {
        Path present = Path.of(root + home);
        Path backup = Path.of(root + workflow.getAttribute("backup"));
        Path wanted = Path.of(root + workflow.getAttribute("home"));
        Files.createDirectories(backup.getParent());
        Files.move(present, backup);
        if (Files.isDirectory(wanted)) {
            Files.move(wanted, present);
            return;
        }
        try (InputStream file = Files.newInputStream(wanted); ZipInputStream archive = new ZipInputStream(file)) {
            for (ZipEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
                Path path = present.resolve(entry.getName());
                Files.createDirectories(path.getParent());
                Files.copy(archive, path);
                path.toFile().setExecutable(true);
            }
        }
    }

    private static void applications(String root, String list, boolean undone) throws Exception {
        Matcher found = APPLICATION.matcher(Files.readString(Path.of(list)));
        while (found.find()) {
            for (Element one : World.children(World.domain(), "app")) {
                Path source = Path.of(root + one.getAttribute("source"));
                Path patched = Path.of(root + found.group(2));
                Path backup = Path.of(root + found.group(3));
                if (!one.getAttribute("name").equals(found.group(1)) || !Files.exists(patched)) {
                    continue;
                }
                if (undone) {
                    Files.move(backup, source, StandardCopyOption.REPLACE_EXISTING);
                } else {
                    Files.move(source, backup);
                    Files.copy(patched, source);
                }
            }
        }
    }
}
