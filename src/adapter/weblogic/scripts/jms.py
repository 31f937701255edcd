from weblogic.messaging.runtime import MessageInfo

ALL_STATES = (MessageInfo.STATE_VISIBLE | MessageInfo.STATE_DELAYED | MessageInfo.STATE_PAUSED
              | MessageInfo.STATE_RECEIVE | MessageInfo.STATE_SEND | MessageInfo.STATE_TRANSACTION)

IN_FLIGHT = MessageInfo.STATE_RECEIVE | MessageInfo.STATE_SEND | MessageInfo.STATE_TRANSACTION


def expected_servers():
    clusters = {}
    for cluster in domainRuntimeService.getDomainConfiguration().getClusters():
        clusters[cluster.getName()] = [server.getName() for server in cluster.getServers()]
    names = []
    for target in TARGETS:
        names.extend(clusters.get(target, [target]))
    return names


def jndi_names():
    for module in domainRuntimeService.getDomainConfiguration().getJMSSystemResources():
        if module.getName() == JMS_MODULE:
            beans = module.getJMSResource()
            names = {}
            for some in (beans.getQueues(), beans.getTopics(), beans.getUniformDistributedQueues(),
                         beans.getUniformDistributedTopics(), beans.getDistributedQueues(),
                         beans.getDistributedTopics()):
                for bean in some:
                    names[bean.getName()] = bean.getJNDIName()
            return names
    raise Refused('the domain has no JMS module ' + JMS_MODULE, 'correct the name in the site')


class Place:
    def __init__(self, server, jms, bean):
        self.server = server.getName()
        self.jms = jms
        self.jms_server = jms.getName()
        self.bean = bean
        self.name = bean.getName()
        rest = self.name[len(JMS_MODULE) + 1:]
        self.member = ''
        if '@' in rest:
            at = rest.index('@')
            self.member = rest[:at]
            rest = rest[at + 1:]
        self.queue = rest
        self.topic = bean.getDestinationType() == 'Topic'

    def label(self):
        return '%s of %s on %s' % (self.name, self.jms_server, self.server)

    def paused(self):
        return (self.bean.getProductionPausedState() == 'Production-Paused'
                and self.bean.getConsumptionPausedState() == 'Consumption-Paused')

    def enabled(self):
        return (self.bean.getProductionPausedState() == 'Production-Enabled'
                and self.bean.getInsertionPausedState() == 'Insertion-Enabled'
                and self.bean.getConsumptionPausedState() == 'Consumption-Enabled')

    def holders(self):
        if self.topic:
            return [(subscriber.getClientID(), subscriber.getSubscriptionName(), subscriber)
                    for subscriber in self.bean.getDurableSubscribers()]
        return [('', '', self.bean)]


def places():
    names = jndi_names()
    running = domainRuntimeService.getServerRuntimes()
    present = [server.getName() for server in running]
    for name in expected_servers():
        if name not in present:
            raise Refused('the server %s does not run: its messages cannot be seen' % name,
                          'start it, then resume the run')
    found = []
    for server in running:
        for jms in server.getJMSRuntime().getJMSServers():
            for bean in jms.getDestinations():
                if bean.getName()[:len(JMS_MODULE) + 1] == JMS_MODULE + '!':
                    found.append(Place(server, jms, bean))
    seen = [place.queue for place in found]
    for name in names.keys():
        if name not in seen:
            raise Refused('%s!%s is configured and on no running server' % (JMS_MODULE, name),
                          'start the server that holds it, then resume the run')
    for place in found:
        place.jndi = names.get(place.queue)
    return found


def total(holder):
    return holder.getMessagesCurrentCount() + holder.getMessagesPendingCount()


def counted(holder, states):
    cursor = holder.getMessages('', 60, states)
    try:
        return holder.getCursorSize(cursor)
    finally:
        holder.closeCursor(cursor)


def jms_servers(found):
    servers = {}
    for place in found:
        servers[place.server + '/' + place.jms_server] = place.jms
    names = servers.keys()
    names.sort()
    return [(name, servers[name]) for name in names]


def report(found):
    for place in found:
        bean = place.bean
        result.line('destination', [
            ('server', place.server), ('jms_server', place.jms_server), ('name', place.name),
            ('jndi', place.jndi), ('production', bean.getProductionPausedState()),
            ('consumption', bean.getConsumptionPausedState()),
            ('insertion', bean.getInsertionPausedState()),
            ('messages', bean.getMessagesCurrentCount()),
            ('pending', bean.getMessagesPendingCount()),
            ('delayed', counted(bean, MessageInfo.STATE_DELAYED))])
