from java.io import BufferedReader, ByteArrayInputStream, FileInputStream, InputStreamReader
from java.io import RandomAccessFile
from jarray import zeros
from javax.xml.parsers import DocumentBuilderFactory
from weblogic.jms.extensions import JMSMessageFactoryImpl, JMSMessageInfo


def read(path, offset, length):
    content = zeros(length, 'b')
    file = RandomAccessFile(path, 'r')
    try:
        file.seek(offset)
        file.readFully(content)
    finally:
        file.close()
    return content


def message(path, offset, length, name):
    factory = DocumentBuilderFactory.newInstance()
    factory.setNamespaceAware(1)
    document = factory.newDocumentBuilder().parse(
        ByteArrayInputStream(read(path, offset, length)))
    made = JMSMessageFactoryImpl.getFactory().createMessage(document)
    info = JMSMessageInfo(0, MessageInfo.STATE_VISIBLE, None, 0, None, made, name, 1)
    return info.toCompositeData()


def holder_of(found, server, jms_server, name, client, subscription, selector, no_local):
    for place in found:
        if (place.server, place.jms_server, place.name) == (server, jms_server, name):
            if not place.topic:
                return place.bean
            for attempt in (1, 2):
                for one in place.holders():
                    if one[:2] == (client, subscription):
                        return one[2]
                place.bean.createDurableSubscriber(client, subscription, selector, no_local == '1')
    raise Refused('%s of %s on %s is not there' % (name, jms_server, server), 'resume the run')


def batches():
    reader = BufferedReader(InputStreamReader(FileInputStream(PLAN), 'UTF-8'))
    lines = []
    while 1:
        line = reader.readLine()
        if line is None:
            reader.close()
            return lines
        lines.append(line.split('\t'))


def work():
    found = places()
    for place in found:
        if place.bean.getConsumptionPausedState() != 'Consumption-Paused':
            raise Refused('consumption of %s is not paused' % place.label(),
                          'a restart of the server ends a pause: pause again, then resume the run')
    journal = Lines(JOURNAL, 1)
    try:
        for fields in batches():
            number, target, first, path, pieces = (fields[0], fields[1:8], fields[8], fields[9],
                                                   fields[10:])
            holder = holder_of(found, *target)
            messages = []
            for piece in pieces:
                offset, length = piece.split('+')
                messages.append(message(path, long(offset), int(length), target[2]))
            if not messages:
                continue
            before = total(holder)
            journal.line('begin', [('batch', int(number)), ('target', target_key(target)),
                                   ('first', int(first)), ('messages', len(messages)),
                                   ('before', before)])
            journal.durable()
            holder.importMessages(messages, 0)
            after = total(holder)
            if after - before != len(messages):
                raise Refused('%d messages were given to %s and it holds %d more'
                              % (len(messages), target[2], after - before), 'resume the run')
            journal.line('done', [('batch', int(number)), ('target', target_key(target)),
                                  ('first', int(first)), ('messages', len(messages)),
                                  ('after', after)])
            journal.durable()
            result.line('batch', [('batch', int(number)), ('messages', len(messages))])
    finally:
        journal.close()


def target_key(target):
    return '\t'.join(target[:5])


run(work)
