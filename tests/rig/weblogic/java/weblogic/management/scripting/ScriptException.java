package weblogic.management.scripting;

/** What commands of WLST throw: a Java throwable, which `except Exception` does not catch. */
public class ScriptException extends Exception {
    private static final long serialVersionUID = 1;

    public ScriptException(String message) {
        super(message);
    }
}
