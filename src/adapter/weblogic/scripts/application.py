def states():
    runtime = domainRuntimeService.getDomainRuntime().getAppRuntimeStateRuntime()
    found = []
    for target in DEPLOYED_TO:
        state = runtime.getCurrentState(DEPLOYMENT, target)
        if state is None and held(target):
            state = 'NOT_TARGETED'
        found.append((target, state))
    return found


def held(target):
    for one in domainRuntimeService.getDomainConfiguration().getAppDeployments():
        if one.getName() == DEPLOYMENT:
            return target not in [some.getName() for some in one.getTargets()]
    return 0


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
