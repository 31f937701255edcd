//! Which queues hold what outlives an upgrade.

/// Whether the messages of a queue are between Domibus and a backend: they carry the backend's own
/// message, or name a message by its id, which no migration changes.
///
/// Every other queue counts as internal: dispatch, pull, retention, large messages, split and join,
/// archiving, alerts, the WS plugin's queue (its messages carry the number of a row), dead letters of
/// all of them, and queues of which nothing is known.
pub(super) fn is_backend_queue(name: &str) -> bool {
    ["domibus.backend.jms.", "domibus.notification."]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name == "domibus.fsplugin.send.queue"
}

/// The same for WildFly, where a queue has the name of its resource (BG WildFly `01-messaging.cli`), with
/// or without the prefix of its address. `DomibusNotifyBackendQueue` and `DomibusUnknownReceiverQueue` are
/// internal ones by their logical names, `domibus.internal.notification.queue` and `….unknown`.
pub(super) fn is_backend_resource(name: &str) -> bool {
    const BACKEND: [&str; 9] = [
        "DomibusBusinessMessageInQueue",
        "DomibusBusinessMessageOutQueue",
        "DomibusErrorNotifyConsumerQueue",
        "DomibusErrorNotifyProducerQueue",
        "DomibusFSPluginSendQueue",
        "DomibusNotifyBackendFileSystemQueue",
        "DomibusNotifyBackendJmsQueue",
        "DomibusNotifyBackendWebServiceQueue",
        "DomibusPluginToBackendQueue",
    ];
    BACKEND.contains(&name.strip_prefix("jms.queue.").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_queues() {
        for name in [
            "domibus.backend.jms.inQueue",
            "domibus.backend.jms.errorNotifyConsumer",
            "domibus.notification.filesystem",
            "domibus.fsplugin.send.queue",
        ] {
            assert!(is_backend_queue(name), "{name}");
        }
        for name in [
            "domibus.internal.dispatch.queue",
            "domibus.internal.pull.queue",
            "domibus.internal.notification.unknown",
            "domibus.wsplugin.send.queue",
            "domibus.DLQ",
            "ActiveMQ.DLQ",
            "anything",
        ] {
            assert!(!is_backend_queue(name), "{name}");
        }
        for name in [
            "jms.queue.DomibusBusinessMessageInQueue",
            "DomibusNotifyBackendJmsQueue",
            "jms.queue.DomibusFSPluginSendQueue",
        ] {
            assert!(is_backend_resource(name), "{name}");
        }
        for name in [
            "jms.queue.DomibusSendMessageQueue",
            "jms.queue.DomibusNotifyBackendQueue",
            "jms.queue.DomibusUnknownReceiverQueue",
            "jms.queue.DomibusWSPluginSendQueue",
            "jms.queue.DomibusDLQ",
            "jms.topic.DomibusBusinessMessageInQueue",
            "domibus.backend.jms.inQueue",
        ] {
            assert!(!is_backend_resource(name), "{name}");
        }
    }
}
