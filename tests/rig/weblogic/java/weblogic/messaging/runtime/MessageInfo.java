package weblogic.messaging.runtime;

/** The names are the documented ones, the numbers are the stand-in's own. */
public abstract class MessageInfo {
    public static final int STATE_VISIBLE = 1;
    public static final int STATE_DELAYED = 16;
    public static final int STATE_EXPIRED = 32;
    public static final int STATE_ORDERED = 64;
    public static final int STATE_PAUSED = 256;
    public static final int STATE_RECEIVE = 2;
    public static final int STATE_REDELIVERY_COUNT_EXCEEDED = 512;
    public static final int STATE_SEND = 4;
    public static final int STATE_TRANSACTION = 8;

    protected Long handle;
    protected int state;

    public Long getHandle() {
        return handle;
    }

    public int getState() {
        return state;
    }

    public static int number(String state) {
        switch (state) {
            case "visible": return STATE_VISIBLE;
            case "delayed": return STATE_DELAYED;
            case "expired": return STATE_EXPIRED;
            case "paused": return STATE_PAUSED;
            case "receive": return STATE_RECEIVE;
            case "send": return STATE_SEND;
            case "transaction": return STATE_TRANSACTION;
            default: throw new IllegalArgumentException(state);
        }
    }
}
