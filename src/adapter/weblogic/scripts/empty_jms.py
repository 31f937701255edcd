from java.io import BufferedReader, FileInputStream, InputStreamReader


def open_pairs():
    reader = BufferedReader(InputStreamReader(FileInputStream(PLAN), 'UTF-8'))
    pairs = []
    while 1:
        line = reader.readLine()
        if line is None:
            reader.close()
            return pairs
        pairs.append(line.split('\t'))


def work():
    found = places()
    for place in found:
        if not place.paused():
            raise Refused('%s is not paused' % place.label(),
                          'a restart of the server ends a pause: pause again, then resume the run')
    wanted = open_pairs()
    for place in found:
        for client, subscription, holder in place.holders():
            key = [place.server, place.jms_server, place.name, client, subscription]
            if key not in wanted:
                continue
            before = total(holder)
            holder.deleteMessages('')
            left = total(holder)
            if left:
                raise Refused('%s still holds %d messages' % (place.label(), left),
                              'delete them with the Administration Console, then resume the run')
            result.line('emptied', [('name', place.name), ('server', place.server),
                                    ('messages', before)])


run(work)
