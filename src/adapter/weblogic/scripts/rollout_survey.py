def name_of(bean):
    if bean is None:
        return None
    return bean.getName()


def work():
    configuration = domainRuntimeService.getDomainConfiguration()
    result.line('domain', [('name', configuration.getName()),
                           ('version', configuration.getDomainVersion()),
                           ('admin', configuration.getAdminServerName())])
    found = runtimes()
    for server in configuration.getServers():
        result.line('server', [('name', server.getName()),
                               ('node', name_of(server.getMachine())),
                               ('cluster', name_of(server.getCluster())),
                               ('state', found.get(server.getName()))])
    for task in domainRuntimeService.getDomainRuntime().getRolloutService().getAllWorkflows() or []:
        if task.isRunning():
            result.line('workflow', [('id', task.getWorkflowId()), ('status', task.getStatus())])


run(work)
