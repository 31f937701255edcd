JMS_NEEDS = ['getMessages', 'getCursorSize', 'getItems', 'getMessage', 'closeCursor',
             'importMessages', 'getDurableSubscribers', 'createDurableSubscriber',
             'getProductionPausedState', 'getConsumptionPausedState', 'getInsertionPausedState']
SERVER_NEEDS = ['pauseProduction', 'resumeProduction', 'pauseConsumption', 'resumeConsumption',
                'resumeInsertion']


def operations(kind, bean, names):
    for name in names:
        result.line('operation', [('bean', kind), ('name', name),
                                  ('present', hasattr(bean, name) and 1 or 0)])


def classes():
    try:
        from weblogic.jms.extensions import JMSMessageFactoryImpl, JMSMessageInfo
        message = JMSMessageFactoryImpl.getFactory()
        kinds = [len(one.getParameterTypes()) for one in JMSMessageInfo.getConstructors()]
    except:
        kinds = []
    result.line('operation', [('bean', 'JMSMessageInfo'), ('name', 'constructor of 8 arguments'),
                              ('present', 8 in kinds and 1 or 0)])


def work():
    configuration = domainRuntimeService.getDomainConfiguration()
    result.line('jython', [('version', '.'.join(['%s' % part for part in sys.version_info[:3]]))])
    for server in domainRuntimeService.getServerRuntimes():
        result.line('server', [('name', server.getName()), ('state', server.getState()),
                               ('version', server.getWeblogicVersion())])
    running = [server.getName() for server in domainRuntimeService.getServerRuntimes()]
    for server in configuration.getServers():
        if server.getName() not in running:
            result.line('server', [('name', server.getName()), ('state', None), ('version', None)])
    if DEPLOYMENT is not None:
        known()
        for target, state in states():
            result.line('state', [('target', target), ('state', state)])
    found = places()
    report(found)
    for place in found[:1]:
        operations('JMSServerRuntimeMBean', place.jms, SERVER_NEEDS)
        operations('JMSDestinationRuntimeMBean', place.bean, JMS_NEEDS)
        result.line('operation', [('bean', 'JMSDestinationRuntimeMBean'),
                                  ('name', 'exportMessages (14.1.2 and later)'),
                                  ('present', hasattr(place.bean, 'exportMessages') and 2 or 3)])
    classes()


run(work)
