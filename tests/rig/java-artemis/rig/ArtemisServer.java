package rig;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

/** An Artemis broker in a process of its own, until it is told to end. */
public final class ArtemisServer {
    private ArtemisServer() {}

    /** Arguments: the configuration, and a file that appears when the broker takes connections. */
    public static void main(String[] arguments) throws Exception {
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfigResourcePath(new File(arguments[0]).toURI().toString());
        Path ready = Path.of(arguments[1]);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                broker.stop();
                Files.deleteIfExists(ready);
            } catch (Exception failure) {
                failure.printStackTrace();
            }
        }));
        broker.start();
        // A broker that waits for the lock of its journal has returned from start, and is not active.
        while (!broker.getActiveMQServer().isActive()) {
            Thread.sleep(50);
        }
        Files.createFile(ready);
        Thread.currentThread().join();
    }
}
