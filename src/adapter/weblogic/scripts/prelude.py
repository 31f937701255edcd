# Written by upgrade-kit. The same text runs under Jython 2.2.1 and 2.7.
import sys
from java.io import File, FileOutputStream, OutputStreamWriter
from java.lang import System, Thread, Throwable

exitonerror = 'true'


class Refused(Exception):
    def __init__(self, text, hint):
        Exception.__init__(self)
        self.text = text
        self.hint = hint


def unit(number):
    if number > 65535:
        number = number - 65536
        return '\\u%04x\\u%04x' % (55296 + number / 1024, 56320 + number % 1024)
    return '\\u%04x' % number


def quoted(value):
    if value is None:
        return 'null'
    if type(value) in (type(0), type(0L)):
        return '%d' % value
    out = ['"']
    for c in value:
        if c in '"\\' or c < ' ' or c > '~':
            out.append(unit(ord(c)))
        else:
            out.append(c)
    out.append('"')
    return ''.join(out)


class Lines:
    def __init__(self, path, append):
        self.stream = FileOutputStream(path, append)
        self.writer = OutputStreamWriter(self.stream, 'UTF-8')
        self.count = 0

    def line(self, kind, fields):
        parts = ['"kind":' + quoted(kind)]
        for name, value in fields:
            parts.append(quoted(name) + ':' + quoted(value))
        self.writer.write('{' + ','.join(parts) + '}\n')
        self.count = self.count + 1

    def durable(self):
        self.writer.flush()
        self.stream.getFD().sync()

    def close(self):
        self.durable()
        self.stream.close()


result = Lines(RESULT, 0)


def enter():
    if USER_CONFIG_FILE is not None:
        connect(userConfigFile=USER_CONFIG_FILE, userKeyFile=USER_KEY_FILE, url=URL)
    else:
        connect(username=USER, password=System.getenv(PASSWORD_VARIABLE), url=URL)
    if domainRuntimeService is None:
        raise Refused('WLST is not connected to ' + URL, 'look at the log of the step')


def wait(seconds, done):
    end = System.currentTimeMillis() + seconds * 1000L
    while 1:
        left = done()
        if not left or System.currentTimeMillis() >= end:
            return left
        Thread.sleep(500)


def run(work):
    code = 1
    try:
        try:
            enter()
            work()
            result.line('end', [('lines', result.count)])
            code = 0
        except Refused, refusal:
            print 'refused: ' + quoted(refusal.text)
            result.line('refused', [('text', refusal.text), ('hint', refusal.hint)])
        except:
            kind, value = sys.exc_info()[:2]
            if isinstance(value, Throwable):
                text = value.toString()
            else:
                text = '%s: %s' % (kind, value)
            print 'failed: ' + quoted(text)
            result.line('failed', [('text', text)])
    finally:
        result.close()
    exit(exitcode=code)
