package weblogic.management;

/** What operations of runtime MBeans throw. */
public class ManagementException extends Exception {
    private static final long serialVersionUID = 1;

    public ManagementException(String message) {
        super(message);
    }
}
