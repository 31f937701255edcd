from java.lang import String
from weblogic.jms.extensions import JMSMessageInfo

PAGE = 100


def message_text(data):
    text = data.get('MessageXMLText')
    if text[:5] == '<?xml':
        text = text[text.index('?>') + 2:]
    return text.strip()


def write(holder, path):
    stream = FileOutputStream(path)
    cursor = holder.getMessages('', 600, ALL_STATES)
    try:
        size = holder.getCursorSize(cursor)
        start = String(FRAME_START).getBytes('UTF-8')
        line_end = String('\n').getBytes('UTF-8')
        stream.write(start)
        offset = len(start)
        position = 0
        while position < size:
            items = holder.getItems(cursor, position, PAGE)
            if not items:
                raise Refused('a cursor ended at message %d of %d' % (position, size),
                              'resume the run')
            for item in items:
                info = JMSMessageInfo(item)
                full = holder.getMessage(cursor, info.getHandle())
                if full is None:
                    raise Refused('a message vanished while it was read', 'look what consumes')
                content = String(message_text(full)).getBytes('UTF-8')
                stream.write(content)
                stream.write(line_end)
                result.line('message', [
                    ('offset', offset), ('length', len(content)), ('handle', info.getHandle()),
                    ('delayed', info.getState() & MessageInfo.STATE_DELAYED and 1 or 0),
                    ('in_flight', info.getState() & IN_FLIGHT and 1 or 0)])
                offset = offset + len(content) + 1
            position = position + len(items)
        stream.write(String(FRAME_END).getBytes('UTF-8'))
        stream.getFD().sync()
        return size
    finally:
        stream.close()
        holder.closeCursor(cursor)


def work():
    found = places()
    number = 0
    for place in found:
        if MUST_BE_PAUSED and not place.paused():
            raise Refused('%s is not paused' % place.label(),
                          'a restart of the server ends a pause: pause again, then resume the run')
        result.line('place', [
            ('server', place.server), ('jms_server', place.jms_server), ('member', place.member),
            ('name', place.name), ('queue', place.queue), ('topic', place.topic and 1 or 0)])
        for client, subscription, holder in place.holders():
            number = number + 1
            path = '%s-%d.xml' % (FILES, number)
            before = total(holder)
            selector = None
            no_local = 0
            if place.topic:
                selector = holder.getSelector()
                no_local = holder.isNoLocal() and 1 or 0
            result.line('holder', [
                ('server', place.server), ('jms_server', place.jms_server),
                ('member', place.member), ('name', place.name), ('queue', place.queue),
                ('jndi', place.jndi), ('client', client), ('subscription', subscription),
                ('selector', selector), ('no_local', no_local), ('file', path)])
            size = write(holder, path)
            result.line('counts', [('before', before), ('size', size), ('after', total(holder))])
    if MUST_BE_PAUSED:
        for place in found:
            if not place.paused():
                raise Refused('%s was resumed while it was read' % place.label(),
                              'pause again, then resume the run')


run(work)
