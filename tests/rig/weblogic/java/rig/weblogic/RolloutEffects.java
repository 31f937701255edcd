package rig.weblogic;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.w3c.dom.Element;

/** What a rollout does to the nodes, each a directory that stands for the root of a machine. */
final class RolloutEffects {
    private static final Pattern APPLICATION = Pattern.compile(
            "\"applicationName\":\\s*\"([^\"]*)\",\\s*\"patchedLocation\":\\s*\"([^\"]*)\","
                    + "\\s*\"backupLocation\":\\s*\"([^\"]*)\"");

    private RolloutEffects() {}

    static void apply(Element workflow) throws Exception {
        for (Element machine : World.children(World.domain(), "machine")) {
            if (!machine.hasAttribute("root") || machine.getAttribute("name").equals(World.fault("skipsNode"))) {
                continue;
            }
            String root = machine.getAttribute("root");
            if (workflow.hasAttribute("home")) {
                home(root, machine.getAttribute("home"), workflow);
            }
            if (workflow.hasAttribute("applications")) {
                applications(root, World.fault("root") + workflow.getAttribute("applications"));
            }
            if (workflow.hasAttribute("java")) {
                if (!Files.isDirectory(Path.of(root + workflow.getAttribute("java")))) {
                    throw new IllegalStateException("no Java home on " + machine.getAttribute("name"));
                }
                machine.setAttribute("java", workflow.getAttribute("java"));
            }
        }
        World.save();
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

    private static void applications(String root, String list) throws Exception {
        Matcher found = APPLICATION.matcher(Files.readString(Path.of(list)));
        while (found.find()) {
            for (Element one : World.children(World.domain(), "app")) {
                Path source = Path.of(root + one.getAttribute("source"));
                Path patched = Path.of(root + found.group(2));
                if (one.getAttribute("name").equals(found.group(1)) && Files.exists(patched)) {
                    Files.move(source, Path.of(root + found.group(3)));
                    Files.copy(patched, source);
                }
            }
        }
    }
}
