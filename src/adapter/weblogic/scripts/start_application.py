def work():
    known()
    if unlike(['STATE_ACTIVE']):
        startApplication(DEPLOYMENT, timeout=TIMEOUT * 1000, block='true')
        wait(TIMEOUT, lambda: unlike(['STATE_ACTIVE']))
    report()


run(work)
