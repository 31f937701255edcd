def work():
    found = places()
    for name, jms in jms_servers(found):
        jms.resumeInsertion()
        jms.resumeConsumption()
        jms.resumeProduction()
    left = wait(TIMEOUT, lambda: [place for place in found if not place.enabled()])
    if left:
        raise Refused('%s is still paused' % left[0].label(), 'look at its JMS server')
    report(found)


run(work)
