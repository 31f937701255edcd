"""The state of a simulated Oracle database: sqlite files that every simulated program opens anew.

`m_…` tables of `meta.db` are the dictionary, `schemas/NAME.db` holds the tables and views of a schema.
`faults.json` says what is to go wrong. Nothing here is Oracle: what is imitated, and from which
documentation, stands beside each behaviour in `datapump.py`, `worker.py` and `sqlplus.py`.
"""
import json
import os
import re
import sqlite3
import time
import zlib

META = """
CREATE TABLE IF NOT EXISTS m_users (name TEXT PRIMARY KEY, password TEXT, privileges TEXT, roles TEXT);
CREATE TABLE IF NOT EXISTS m_directories (name TEXT PRIMARY KEY, path TEXT);
CREATE TABLE IF NOT EXISTS m_directory_grants (directory TEXT, grantee TEXT, privilege TEXT);
CREATE TABLE IF NOT EXISTS m_objects (owner TEXT, type TEXT, name TEXT, status TEXT, definition TEXT,
  last_number INTEGER, PRIMARY KEY (owner, type, name));
CREATE TABLE IF NOT EXISTS m_jobs (owner TEXT, name TEXT, operation TEXT, state TEXT, pid INTEGER,
  options TEXT, PRIMARY KEY (owner, name));
CREATE TABLE IF NOT EXISTS m_ended (owner TEXT, name TEXT, code INTEGER);
CREATE TABLE IF NOT EXISTS m_sessions (sid INTEGER, username TEXT, schemaname TEXT, machine TEXT,
  program TEXT, type TEXT);
CREATE VIEW IF NOT EXISTS dual AS SELECT 'X' AS dummy;
"""


class OracleError(Exception):
    def __init__(self, *lines):
        super().__init__(lines[0])
        self.lines = list(lines)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class Base:
    def __init__(self):
        self.directory = os.environ['ORACLE_SIM']
        os.makedirs(os.path.join(self.directory, 'schemas'), exist_ok=True)
        self.connection = sqlite3.connect(os.path.join(self.directory, 'meta.db'), timeout=20,
                                          isolation_level=None)
        self.connection.executescript(META)
        self.connection.create_function('CHR', 1, lambda number: chr(number))
        self.connection.create_function('NVL', 2, lambda one, other: other if one in (None, '') else one)
        # Any number that depends on the text will do.
        self.connection.create_function('ORA_HASH', 1, lambda text: zlib.crc32(str(text).encode()))
        self.attached = []

    def run(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def bury(self):
        """A job whose worker is gone is not running, whatever it said last."""
        for owner, name, pid in self.run("SELECT owner, name, pid FROM m_jobs WHERE state = 'EXECUTING'"):
            if not is_worker(pid):
                self.run("UPDATE m_jobs SET state = 'NOT RUNNING' WHERE owner = ? AND name = ? AND pid = ? "
                         "AND state = 'EXECUTING'", owner, name, pid)

    def fault(self, name):
        try:
            with open(os.path.join(self.directory, 'faults.json')) as file:
                return json.load(file).get(name)
        except FileNotFoundError:
            return None

    def record(self, program, arguments):
        with open(os.path.join(self.directory, 'calls.log'), 'a') as file:
            file.write(json.dumps([program] + arguments) + '\n')

    def add_user(self, name, password, privileges=(), roles=()):
        self.run('INSERT OR REPLACE INTO m_users VALUES (?, ?, ?, ?)', name, password,
                 json.dumps(list(privileges)), json.dumps(list(roles)))
        sqlite3.connect(os.path.join(self.directory, 'schemas', name + '.db')).execute('PRAGMA user_version = 1')

    def user(self, name):
        rows = self.run('SELECT name, password, privileges, roles FROM m_users WHERE name = ?', name)
        if not rows:
            return None
        name, password, privileges, roles = rows[0]
        return {'name': name, 'password': password, 'privileges': json.loads(privileges),
                'roles': json.loads(roles)}

    def attach(self, current=None):
        """Attaches every schema, the current one first: unqualified names are looked for in order."""
        for name in list(self.attached):
            self.connection.execute(f'DETACH {quoted(name)}')
        names = [row[0] for row in self.run('SELECT name FROM m_users ORDER BY name')]
        names.sort(key=lambda name: name != current)
        for name in names:
            path = os.path.join(self.directory, 'schemas', name + '.db')
            self.connection.execute(f'ATTACH ? AS {quoted(name)}', (path,))
        self.attached = names

    def change_number(self, schema, table):
        """Stands for MAX(ORA_ROWSCN): another one after any change of a row."""
        rows = self.run(f'SELECT * FROM {quoted(schema)}.{quoted(table)}')
        return zlib.crc32(repr(rows).encode()) if rows else None

    def tables(self, schema):
        return [row[0] for row in self.run(
            f"SELECT name FROM {quoted(schema)}.sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name")]

    def directory_of(self, name, account, privilege):
        """ORA-39087 for a missing directory object and for a missing right alike, as Oracle says it."""
        rows = self.run('SELECT path FROM m_directories WHERE name = ?', name.upper())
        grants = self.run("SELECT 1 FROM m_directory_grants WHERE directory = ? AND privilege = ? "
                          "AND grantee IN (?, 'PUBLIC')", name.upper(), privilege, account)
        if not rows or not grants:
            raise OracleError('ORA-39002: invalid operation', 'ORA-39070: Unable to open the log file.',
                              f'ORA-39087: directory name {name.upper()} is invalid')
        if not os.path.isdir(rows[0][0]):
            raise OracleError('ORA-39002: invalid operation', 'ORA-39070: Unable to open the log file.',
                              'ORA-29283: invalid file operation')
        return rows[0][0]


def is_worker(pid):
    """Whether that process is the worker of a job: a number alone may be another's by now."""
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return b'worker.py' in file.read()
    except OSError:
        return False


def login(text):
    """user[/password][@connect], quotes around each part allowed."""
    match = re.fullmatch(r'("[^"]*"|[^/@"]*)(?:/("[^"]*"|[^@"]*))?(?:@(.*))?', text)
    if not match:
        raise OracleError('ORA-12154: TNS:could not resolve the connect identifier specified')
    user, password, connect = match.groups()
    name = user[1:-1] if user.startswith('"') else user.upper()
    if password is not None:
        password = password.strip('"')
    return name, password, connect


def authenticate(base, name, password, connect):
    if connect and connect.lower().strip('"') not in ('//db.example:1521/domibus', 'domibus_wallet'):
        raise OracleError('ORA-12154: TNS:could not resolve the connect identifier specified')
    if base.fault('listener_down'):
        raise OracleError('ORA-12541: TNS:no listener')
    if name == '' and not password:
        name = 'DOMIBUS'
        return base.user(name)
    user = base.user(name)
    if not user or password != user['password']:
        raise OracleError('ORA-01017: invalid username/password; logon denied')
    return user


def now():
    return time.strftime('%a %b %d %H:%M:%S %Y')
