"""A server of a simulated domain: the process that its start script becomes.

Usage: server.py -Dweblogic.Name=NAME -Ddomain.home=DOMAIN_HOME. The domain is DOMAIN_HOME/world.xml, its
configuration DOMAIN_HOME/config/config.xml. What is imitated: a start ends every pause; it brings every
deployment that config.xml targets, whatever was stopped before; an application that is active receives
what its queues hold (each message is a line of DOMAIN_HOME/delivered.log: destination, its first property, a
hash of all but its id); a shutdown ends the process a
while after the state says so. A file DOMAIN_HOME/linger-NAME keeps the process, until SIGTERM.
"""
import fcntl
import hashlib
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree as tree

values = dict(word[2:].split('=', 1) for word in sys.argv[1:] if word.startswith('-D'))
name, home = values['weblogic.Name'], values['domain.home']
world = os.path.join(home, 'world.xml')
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))


def change(act):
    with open(os.path.join(home, 'world.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        domain = tree.parse(world).getroot()
        act(domain)
        new = f'{world}.{os.getpid()}'
        tree.ElementTree(domain).write(new, encoding='UTF-8', xml_declaration=True)
        os.replace(new, world)


def server(domain):
    return next(one for one in domain.findall('server') if one.get('name') == name)


def targeted(application, target):
    with open(os.path.join(home, 'config', 'config.xml')) as file:
        text = re.sub(r'\sxmlns="[^"]*"', '', file.read())
    for one in tree.fromstring(text).findall('app-deployment'):
        if one.findtext('name') == application:
            return target in (one.findtext('target') or '').split(',')
    return False


def starts(domain):
    me = server(domain)
    me.set('state', 'RUNNING')
    for destination in me.iter('destination'):
        for pause in ('production', 'consumption', 'insertion', 'consumptionPausedAt'):
            destination.attrib.pop(pause, None)
    for application in domain.findall('app'):
        for target in application.findall('target'):
            if target.get('name') != name:
                continue
            active = targeted(application.get('name'), name)
            target.set('state', 'STATE_ACTIVE' if active else '')
            target.set('targeted', 'yes' if active else 'no')
            if active:
                receives(me)


def receives(me):
    with open(os.path.join(home, 'delivered.log'), 'a') as log:
        for destination in me.iter('destination'):
            for message in destination.findall('message'):
                found = re.search(r'<mes:String>([^<]*)<', message.text)
                rest = re.sub(r'<mes:JMSMessageID>.*?</mes:JMSMessageID>', '', message.text)
                digest = hashlib.sha256(tree.canonicalize(rest, strip_text=True).encode()).hexdigest()[:16]
                log.write(f"{destination.get('name')} {found.group(1)} {digest}\n")
                destination.remove(message)


def ends(domain):
    server(domain).set('state', 'SHUTDOWN')


def state():
    for attempt in range(100):
        try:
            return server(tree.parse(world).getroot()).get('state')
        except FileNotFoundError:
            time.sleep(0.01)


print(f'<Notice> <WebLogicServer> <BEA-000365> <Server state changed to STARTING.>', flush=True)
os.makedirs(os.path.join(home, 'servers', name, 'logs'), exist_ok=True)
with open(os.path.join(home, 'servers', name, 'logs', f'{name}.log'), 'a') as log:
    log.write(f'<BEA-000365> <{time.time()}> <Server state changed to RUNNING.>\n')
time.sleep(0.2)
change(starts)
while not asked and state() != 'SHUTTING_DOWN':
    if not os.path.exists(world):
        sys.exit(1)
    time.sleep(0.05)
change(ends)
while not asked and os.path.exists(os.path.join(home, f'linger-{name}')):
    time.sleep(0.05)
time.sleep(0.2)
