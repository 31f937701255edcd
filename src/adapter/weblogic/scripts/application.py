def states():
    runtime = domainRuntimeService.getDomainRuntime().getAppRuntimeStateRuntime()
    found = []
    for target in TARGETS:
        found.append((target, runtime.getCurrentState(DEPLOYMENT, target)))
    return found


def unlike(wanted):
    return [pair for pair in states() if pair[1] not in wanted]


def report():
    for target, state in states():
        result.line('state', [('target', target), ('state', state)])


def known():
    for target, state in states():
        if state is None:
            raise Refused('the domain knows no deployment %s on %s' % (DEPLOYMENT, target),
                          'correct the deployment and its targets in the site')
