# Plays WLST: gives a script the commands that WLST defines, over the stand-ins in java/. Runs under
# Jython 2.2.1 and 2.7. What a script finds here is what it may rely on: no Python library but the
# interpreter's own, Java throwables for errors, commands that print and go on when not connected.
import sys
from java.lang import ProcessBuilder, System, Thread, Throwable
from java.io import File, FileInputStream
from java.util import Properties
from rig.weblogic import World
from weblogic.management.scripting import ScriptException

World.open(System.getenv('RIG_WEBLOGIC_WORLD'))
scope = {'__name__': System.getenv('RIG_WEBLOGIC_MAIN'), 'connected': 'false',
         'exitonerror': 'true', 'domainRuntimeService': None}


def lost():
    if scope['connected'] == 'true' and not World.isDropped():
        return 0
    print 'This command is not supported when not connected'
    return 1


def connect(username=None, password=None, url=None, userConfigFile=None, userKeyFile=None,
            timeout=0, adminServerName=None):
    if userConfigFile is not None:
        values = Properties()
        for path in (userConfigFile, userKeyFile):
            stream = FileInputStream(path)
            values.load(stream)
            stream.close()
        username = values.getProperty('user')
        password = values.getProperty('password')
    if username is None:
        raise ScriptException('Please enter your username : end of file')
    print 'Connecting to %s with userid %s ...' % (url, username)
    World.connect(username, password, url)
    scope['connected'] = 'true'
    scope['domainRuntimeService'] = World.service()
    print 'Successfully connected to Admin Server "AdminServer" that belongs to domain "domibus".'


def disconnect(force='false'):
    scope['connected'] = 'false'
    scope['domainRuntimeService'] = None
    print 'Disconnected from weblogic server: AdminServer'


def stopApplication(appName, block='true', timeout=0, gracefulIgnoreSessions='false'):
    if lost():
        return None
    print 'Stopping application %s.' % appName
    World.stopApplication(appName, long(timeout), gracefulIgnoreSessions == 'true')
    print 'Completed the stop of Application with status completed'


def startApplication(appName, block='true', timeout=0):
    if lost():
        return None
    print 'Starting application %s.' % appName
    World.startApplication(appName)
    print 'Completed the start of Application with status completed'


def shutdown(name=None, entityType='Server', ignoreSessions='true', timeOut=0, force='false',
             block='true'):
    if lost():
        return None
    print 'Shutting down the server %s with force=%s while connected to AdminServer ...' % (name, force)
    World.shutdown(name)


def spawn(words):
    home = System.getenv('RIG_WEBLOGIC_DOMAIN')
    builder = ProcessBuilder(['setsid', home + '/bin/' + words[0]] + words[1:])
    builder.redirectErrorStream(1)
    builder.redirectOutput(File(home + '/' + words[0] + '.out'))
    builder.start()
    for attempt in range(200):
        if World.serverState(words[-1]) == 'RUNNING':
            return
        Thread.sleep(50)


def start(name, type='Server', url=None, block='true'):
    if lost():
        return None
    print 'Starting server %s ...' % name
    spawn(['startManagedWebLogic.sh', name])


managers = []


def nmConnect(username=None, password=None, host='localhost', port=5556, domainName=None,
              domainDir=None, nmType='ssl', userConfigFile=None, userKeyFile=None):
    if World.fault('nodeManager') != nmType + ':' + host + ':%d' % port:
        raise ScriptException('Cannot connect to Node Manager. : Connection refused')
    managers.append(domainDir)
    print 'Successfully Connected to Node Manager.'


def nmServerStatus(serverName):
    if not managers:
        print 'Not connected to Node Manager'
        return None
    state = World.serverState(serverName)
    if state != 'RUNNING':
        state = 'SHUTDOWN'
    print state
    return state


def nmStart(serverName):
    if not managers:
        print 'Not connected to Node Manager'
        return None
    spawn(['startWebLogic.sh', serverName])
    print 'Successfully started server %s ...' % serverName


def nmDisconnect():
    del managers[:]


def redirect(file, toStdOut='true'):
    pass


def exit(defaultAnswer='y', exitcode=0):
    print 'Exiting WebLogic Scripting Tool.'
    sys.stdout.flush()
    System.exit(exitcode)


for command in (connect, disconnect, stopApplication, startApplication, shutdown, start, nmConnect,
                nmServerStatus, nmStart, nmDisconnect, redirect, exit):
    scope[command.__name__] = command

execfile(sys.argv[0][:-len('driver.py')] + 'rollouts.py')

print 'Initializing WebLogic Scripting Tool (WLST) ...'
print 'Welcome to WebLogic Server Administration Scripting Shell'
sys.argv = sys.argv[1:]
try:
    execfile(sys.argv[0], scope)
    code = 0
except:
    kind, value = sys.exc_info()[:2]
    print 'Problem invoking WLST - Traceback (innermost last):'
    print '%s: %s' % (kind, value)
    code = 1
sys.stdout.flush()
System.exit(code)
