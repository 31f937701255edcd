def in_flight(found):
    left = []
    for place in found:
        for client, subscription, holder in place.holders():
            if holder.getMessagesPendingCount() != counted(holder, MessageInfo.STATE_DELAYED):
                left.append(place)
    return left


def work():
    found = places()
    for name, jms in jms_servers(found):
        jms.pauseProduction()
        jms.pauseConsumption()
    left = wait(TIMEOUT, lambda: [place for place in found if not place.paused()])
    if left:
        raise Refused('%s is still not paused' % left[0].label(), 'look what receives from it')
    left = wait(TIMEOUT, lambda: in_flight(found))
    if left:
        raise Refused('%s still has messages in flight' % left[0].label(),
                      'end what has received or sent them without confirming, then resume the run')
    report(found)


run(work)
