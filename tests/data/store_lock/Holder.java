import java.io.RandomAccessFile;
import java.nio.channels.FileLock;

/** Takes the lock as ActiveMQ's LockFile does, says whether it got it, and keeps it until its input ends. */
class Holder {
    public static void main(String[] arguments) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(arguments[0], "rw")) {
            long size = Math.max(1, file.getChannel().size());
            FileLock lock = file.getChannel().tryLock(0, size, false);
            System.out.println(lock == null ? "refused" : "locked");
            System.in.read();
        }
    }
}
