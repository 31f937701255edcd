def still():
    found = runtimes()
    return [name for name in found.keys() if name != ADMIN_SERVER]


def work():
    names = still()
    names.sort()
    for name in names:
        shutdown(name, 'Server', IGNORE_SESSIONS, TIMEOUT, 'false', 'true')
    left = wait(TIMEOUT, still)
    if left:
        raise Refused('the server %s was asked to stop and still runs' % left[0],
                      'look at its log, then resume the run')
    for name in names:
        result.line('stopped', [('name', name)])
    result.line('asked', [('name', ADMIN_SERVER)])
    try:
        shutdown(ADMIN_SERVER, 'Server', IGNORE_SESSIONS, TIMEOUT, 'false', 'true')
    except:
        # The connection ends with the server; whether it is gone is looked at from outside.
        print 'the Admin Server was asked to stop'


run(work)
