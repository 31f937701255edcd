STOPPED = ['STATE_PREPARED', 'STATE_NEW', 'STATE_RETIRED', 'NOT_TARGETED']


def work():
    known()
    if unlike(STOPPED):
        stopApplication(DEPLOYMENT, timeout=TIMEOUT * 1000, block='true',
                        gracefulIgnoreSessions=FORCE)
        wait(TIMEOUT, lambda: unlike(STOPPED))
    report()


run(work)
