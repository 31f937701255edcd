def runtimes():
    found = {}
    for server in domainRuntimeService.getServerRuntimes():
        found[server.getName()] = server.getState()
    return found


def report_servers(names):
    found = runtimes()
    for name in names:
        result.line('server', [('name', name), ('state', found.get(name))])
