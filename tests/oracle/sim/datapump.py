"""The clients `expdp` and `impdp`, simulated: parameters, log on, the watch over a job, its commands.

After Oracle Database Utilities 12.1 to 23 (parameters, exit codes 0, 1 and 5, interactive commands)
and public logs for the messages. What the clients say goes to standard error, as the real ones do.
Usage: datapump.py expdp|impdp ARGUMENTS
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

from state import Base, OracleError, authenticate, is_worker, login, now

PARAMETERS = {
    'expdp': 'ATTACH COMPRESSION CONTENT DIRECTORY DUMPFILE EXCLUDE FILESIZE FLASHBACK_TIME FULL HELP INCLUDE '
             'JOB_NAME KEEP_MASTER LOGFILE LOGTIME METRICS NOLOGFILE PARALLEL PARFILE REUSE_DUMPFILES SCHEMAS '
             'TABLES USERID VERSION',
    'impdp': 'ATTACH CONTENT DIRECTORY DUMPFILE EXCLUDE FULL HELP INCLUDE JOB_NAME KEEP_MASTER LOGFILE LOGTIME '
             'METRICS NOLOGFILE PARALLEL PARFILE REMAP_SCHEMA REMAP_TABLESPACE SCHEMAS SQLFILE '
             'TABLE_EXISTS_ACTION TRANSFORM USERID VERSION',
}
program = sys.argv[1]
prefix = 'UDE' if program == 'expdp' else 'UDI'
role = 'DATAPUMP_EXP_FULL_DATABASE' if program == 'expdp' else 'DATAPUMP_IMP_FULL_DATABASE'
title = 'Export' if program == 'expdp' else 'Import'

# Seconds that a job may take, and that it may take to begin.
LONGEST, LONGEST_START = 90, 30


def say(*lines):
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def fail(*lines):
    say(*lines)
    sys.exit(1)


def without_comment(line):
    """Ignored is what is right of a `#` that stands in no quotes (Utilities, "Parameter file")."""
    quotes = False
    for at, sign in enumerate(line):
        if sign == '"':
            quotes = not quotes
        elif sign == '#' and not quotes:
            return line[:at]
    return line


def unquoted(value):
    """A name is upper-cased unless it is quoted; of a pair, each."""
    names = re.findall(r'"[^"]*"|[^:"]+', value)
    return ':'.join(name[1:-1] if name.startswith('"') else name.upper() for name in names)


def parse(arguments, known, nested=False):
    options = {}
    for argument in arguments:
        if '=' not in argument or argument.startswith(('/', '@')):
            options['USERID'] = argument
            continue
        key, value = argument.split('=', 1)
        key, value = key.strip().upper(), value.strip()
        if key not in known:
            fail(f"LRM-00101: unknown parameter name '{key}'")
        if key == 'PARFILE':
            if nested:
                fail(f'{prefix}-00014: invalid value for parameter, \'parfile\'.')
            try:
                with open(value) as file:
                    lines = file.read().splitlines()
            except OSError:
                fail(f"LRM-00109: could not open parameter file '{value}'")
            lines = [without_comment(line).strip() for line in lines]
            options.update(parse([line for line in lines if line], known, True))
        elif key in ('DIRECTORY', 'SCHEMAS', 'REMAP_SCHEMA'):
            options[key] = unquoted(value)
        else:
            options[key] = value
    return options


def log_on(base, options):
    """After a refused log on the client prompts for a user again: at the end of its input it gives up."""
    name, password, connect = login(options.get('USERID', ''))
    while True:
        if password is None and name:
            print('Password: ', end='', file=sys.stderr, flush=True)
            password = sys.stdin.readline().rstrip('\n')
            if len(password) > 1 and password[0] == password[-1] == '"':
                password = password[1:-1]
        try:
            return authenticate(base, name, password, connect)
        except OracleError as error:
            number = error.lines[0][4:9]
            say('', f'{prefix}-{number}: operation generated ORACLE error {int(number)}', *error.lines, '',
                'Username: ')
        line = sys.stdin.readline()
        if not line:
            fail(f'{prefix}-00001: user requested cancel of current operation')
        name, password, connect = login(line.strip())


class Client:
    def __init__(self):
        self.base = Base()
        self.base.record(program, sys.argv[2:])
        self.options = parse(sys.argv[2:], PARAMETERS[program].split())
        if self.options.get('HELP', '').upper() == 'Y':
            sys.exit(0)
        say('', f'{title}: Release 19.0.0.0.0 - Production on {now()}', 'Version 19.12.0.0.0', '',
            'Copyright (c) 1982, 2019, Oracle and/or its affiliates.  All rights reserved.')
        user = log_on(self.base, self.options)
        self.account, self.user = user['name'], user
        self.position = 0
        say('', 'Connected to: Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production')

    def start(self):
        options, base = self.options, self.base
        if 'CREATE TABLE' not in self.user['privileges']:
            raise OracleError('ORA-31626: job does not exist',
                              f'ORA-31633: unable to create master table "{self.account}.{self.name()}"',
                              'ORA-06512: at "SYS.DBMS_SYS_ERROR", line 95', 'ORA-01031: insufficient privileges')
        options['path'] = path = base.directory_of(options['DIRECTORY'], self.account, 'WRITE')
        base.directory_of(options['DIRECTORY'], self.account, 'READ')
        for key in ('DUMPFILE', 'LOGFILE', 'SQLFILE'):
            if '/' in options.get(key, ''):
                raise OracleError('ORA-39001: invalid argument value', 'ORA-39000: bad dump file specification',
                                  'ORA-39088: file name cannot contain a path specification')
        remap = options.get('REMAP_SCHEMA', '').split(':')
        others = [name for name in [options.get('SCHEMAS', self.account), *remap] if name not in ('', self.account)]
        if others and role not in self.user['roles']:
            raise OracleError('ORA-31631: privileges are required',
                              "ORA-39109: Unprivileged users may not operate upon other users' schemas")
        dump = os.path.join(path, options['DUMPFILE'])
        if program == 'expdp':
            if base.user(options['SCHEMAS']) is None:
                raise OracleError('ORA-39001: invalid argument value',
                                  f'ORA-39165: Schema {options["SCHEMAS"]} was not found.')
            if os.path.exists(dump) and options.get('REUSE_DUMPFILES', 'NO').upper()[0] != 'Y':
                raise OracleError('ORA-39001: invalid argument value', 'ORA-39000: bad dump file specification',
                                  f'ORA-31641: unable to create dump file "{dump}"',
                                  'ORA-27038: created file already exists', 'Additional information: 1')
        else:
            readable(dump)
            if remap[-1] and base.user(remap[-1]) is None:
                raise OracleError('ORA-39001: invalid argument value', f'ORA-39165: Schema {remap[-1]} was not found.')
        if base.run('SELECT 1 FROM m_jobs WHERE owner = ? AND name = ?', self.account, self.name()):
            raise OracleError('ORA-31626: job does not exist',
                              f'ORA-31633: unable to create master table "{self.account}.{self.name()}"',
                              'ORA-06512: at "SYS.DBMS_SYS_ERROR", line 95',
                              'ORA-00955: name is already used by an existing object')
        self.log_begins(f'Starting "{self.account}"."{self.name()}":  {self.account.lower()}/******** ')
        # Defined by the client and executed by its worker, who says so itself: a client that is killed in
        # between leaves a job that never begins, as with the real one.
        base.run("INSERT INTO m_jobs VALUES (?, ?, ?, 'DEFINING', 0, ?)", self.account, self.name(),
                 'EXPORT' if program == 'expdp' else 'IMPORT', json.dumps(options))
        time.sleep(base.fault('slow_start') or 0)
        # The job belongs to the server: no session, output or environment of the client's.
        subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(__file__), 'worker.py'), self.account, self.name()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(base.directory, 'alert.log'), 'a'), start_new_session=True, close_fds=True,
            env={'ORACLE_SIM': base.directory, 'PATH': os.environ.get('PATH', '')}, cwd='/')

    def name(self):
        return self.options.get('ATTACH') or self.options.get('JOB_NAME') or f'SYS_{title.upper()}_SCHEMA_01'

    def log_begins(self, line):
        self.log = os.path.join(self.options['path'], self.options['LOGFILE'])
        with open(self.log, 'w') as file:
            file.write(line + '\n')

    def state(self):
        """The job's state, after a look whether its worker is alive; None if there is no job."""
        self.base.bury()
        rows = self.base.run('SELECT state FROM m_jobs WHERE owner = ? AND name = ?', self.account, self.name())
        return rows[0][0] if rows else None

    def show(self):
        """What the log has more than at the last look."""
        try:
            with open(self.log) as file:
                file.seek(self.position)
                text = file.read()
                self.position = file.tell()
        except FileNotFoundError:
            return
        sys.stderr.write(text)
        sys.stderr.flush()

    def watch(self):
        """Shows the log as it grows until the job is no more; ends as the job did. A job whose worker is
        gone, that does not begin or that takes longer than any test lasts is a dead one."""
        begin = time.monotonic()
        while True:
            state, passed = self.state(), time.monotonic() - begin
            self.show()
            if state not in ('DEFINING', 'EXECUTING'):
                break
            if passed > (LONGEST if state == 'EXECUTING' else LONGEST_START):
                break
            time.sleep(0.03)
        ended = self.base.run('SELECT code FROM m_ended WHERE owner = ? AND name = ? ORDER BY rowid DESC',
                              self.account, self.name())
        if not ended:
            fail('ORA-39014: One or more workers have prematurely exited.',
                 f'Job "{self.account}"."{self.name()}" stopped due to fatal error at {now()} elapsed 0 00:00:01')
        if self.base.fault('exit_zero'):
            sys.exit(0)
        sys.exit(ended[0][0])

    def attach(self):
        self.base.bury()
        rows = self.base.run('SELECT state, options, pid FROM m_jobs WHERE owner = ? AND name = ?', self.account,
                             self.name())
        if not rows:
            fail('ORA-31626: job does not exist', 'ORA-06512: at "SYS.DBMS_SYS_ERROR", line 79',
                 f'ORA-31638: cannot attach to job {self.name()} for user {self.account}',
                 'ORA-31632: master table "%s.%s" not found, invalid, or inaccessible' % (self.account, self.name()))
        state, options, pid = rows[0]
        options = json.loads(options)
        self.options['path'], self.options['LOGFILE'] = options['path'], options['LOGFILE']
        self.log = os.path.join(options['path'], options['LOGFILE'])
        say('', f'Job: {self.name()}', f'  Owner: {self.account}', f'  State: {state}', '', f'{title}> ')
        for line in sys.stdin:
            command = line.strip().upper()
            if command == 'CONTINUE_CLIENT':
                self.watch()
            if command.startswith('KILL_JOB'):
                print('Are you sure you wish to stop this job ([yes]/no): ', end='', file=sys.stderr, flush=True)
                if sys.stdin.readline().strip().lower() not in ('', 'y', 'yes'):
                    continue
                self.kill(options, pid, state)
            if command == 'EXIT_CLIENT':
                break
        sys.exit(0)

    def kill(self, options, pid, state):
        """Ends the workers, drops the master table; an export's dump files go with it."""
        self.base.run('DELETE FROM m_jobs WHERE owner = ? AND name = ?', self.account, self.name())
        if state == 'EXECUTING' and is_worker(pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if program == 'expdp':
            try:
                os.remove(os.path.join(options['path'], options['DUMPFILE']))
            except FileNotFoundError:
                pass
        sys.exit(0)


def readable(dump):
    if not os.path.exists(dump):
        raise OracleError('ORA-39001: invalid argument value', 'ORA-39000: bad dump file specification',
                          f'ORA-31640: unable to open dump file "{dump}" for read',
                          'ORA-27037: unable to obtain file status')
    with open(dump, errors='replace') as file:
        text = file.read()
    if os.path.getsize(dump) % 4096:
        raise OracleError('ORA-39001: invalid argument value', 'ORA-39000: bad dump file specification',
                          f'ORA-31640: unable to open dump file "{dump}" for read',
                          'ORA-27046: file size is not a multiple of logical block size')
    if not text.startswith('ORACLE-SIM-DUMP 1\n') or '\nEND\n' not in text:
        raise OracleError('ORA-39001: invalid argument value', 'ORA-39000: bad dump file specification',
                          f'ORA-31619: invalid dump file "{dump}"')


client = Client()
if 'ATTACH' in client.options:
    client.attach()
try:
    client.start()
except OracleError as error:
    fail(*error.lines)
client.watch()
