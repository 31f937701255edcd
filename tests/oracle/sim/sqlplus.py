"""The client `sqlplus`, simulated: its commands, and statements run by sqlite on the state's files.

Traps that are imitated: a failed CONNECT does not end it (what follows says SP2-0640 and the exit code
stays 0); SP2 errors are no SQL errors; a script's own EXIT ends everything; a blank line ends a
statement unless SQLBLANKLINES is on; `&` is a variable unless DEFINE is off; the last statement of a
file without its end is silently not run.
"""
import os
import re
import sqlite3
import sys

from state import Base, OracleError, authenticate, login, quoted

OBJECTS = 'SEQUENCE|PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE|TRIGGER|SYNONYM|TYPE'
NAME = r'(?:"?((?<=")[^"]+|\w+)"?\.)?"?((?<=")[^"]+|[\w$]+)"?'


class Client:
    def __init__(self):
        self.base = Base()
        self.base.record('sqlplus', sys.argv[1:])
        self.account = None
        self.schema = None
        self.settings = {}
        self.on_error = None
        self.input = iter(sys.stdin)

    def out(self, text):
        print(text, flush=True)

    def end(self, code=0, rollback=False):
        if self.account:
            self.base.connection.execute('ROLLBACK' if rollback else 'COMMIT') if self.base.connection.in_transaction else None
        sys.exit(code)

    def run(self, lines, folder='.', depth=0):
        buffer, plsql = [], False
        for line in lines:
            line = line.rstrip('\n')
            text = line.strip()
            if not buffer:
                if not text or text.startswith('--') or text.upper().startswith('REM '):
                    continue
                if text == '/':
                    continue
                if self.command(text, folder):
                    continue
                plsql = bool(re.match(r'(BEGIN|DECLARE|CREATE( OR REPLACE)?( EDITIONABLE)? '
                                      r'(PROCEDURE|FUNCTION|PACKAGE|TRIGGER|TYPE))\b', text, re.I))
            if not text and self.settings.get('SQLBLANKLINES') != 'ON' and not plsql:
                buffer = []
                continue
            if text == '/' or (not plsql and text.endswith(';')):
                buffer.append('' if text == '/' else line.rstrip().rstrip(';'))
                self.statement('\n'.join(buffer).strip())
                buffer = []
                continue
            buffer.append(line)

    def command(self, text, folder):
        words = text.rstrip(';').split()
        word = words[0].upper()
        if word == 'SET' and not re.match(r'SET\s+(TRANSACTION|ROLE)', text, re.I):
            rest = words[1:]
            while len(rest) >= 2:
                self.settings[rest[0].upper()] = rest[1].strip('"').upper() if rest[0].upper() != 'COLSEP' else \
                    re.search(r'COLSEP\s+"(.)"', text).group(1)
                rest = rest[2:]
        elif word == 'WHENEVER':
            if words[1].upper() == 'SQLERROR':
                self.on_error = None if words[2].upper() == 'CONTINUE' else words[3:]
        elif word in ('PROMPT', 'PRO'):
            self.out(text[len(words[0]):].strip())
        elif word in ('EXIT', 'QUIT'):
            codes = [value for value in words[1:] if value.isdigit()]
            self.end(int(codes[0]) if codes else 0, 'ROLLBACK' in text.upper())
        elif word in ('CONNECT', 'CONN'):
            self.connect(text[len(words[0]):].strip())
        elif word.startswith('@'):
            path = text.lstrip('@').strip().strip('"')
            if text.startswith('@@'):
                path = os.path.join(folder, path)
            if not os.path.exists(path):
                self.out(f'SP2-0310: unable to open file "{path}"')
                return True
            with open(path) as file:
                self.run(file.read().splitlines(), os.path.dirname(path))
        elif word not in ('SPOOL', 'SHOW', 'COLUMN') and not re.match(
                r'(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|COMMIT|'
                r'ROLLBACK|BEGIN|DECLARE|SET|PURGE|\()', word):
            self.out(f'SP2-0734: unknown command beginning "{text[:10]}..." - rest of line ignored.')
        else:
            return word in ('SPOOL', 'SHOW', 'COLUMN')
        return True

    def connect(self, text):
        try:
            user = authenticate(self.base, *login(text))
        except OracleError as error:
            self.out('ERROR:')
            self.out(error.lines[0])
            self.out('')
            self.out('')
            return
        self.base.bury()
        self.account = self.schema = user['name']
        self.user = user
        self.base.attach(self.schema)
        self.views()

    def views(self):
        run = self.base.connection.execute
        objects, columns = [], []
        for name in self.base.attached:
            kinds = "CASE type WHEN 'table' THEN 'TABLE' WHEN 'view' THEN 'VIEW' ELSE 'INDEX' END"
            objects.append(f"SELECT '{name}' AS owner, {kinds} AS object_type, name AS object_name, 'VALID' AS status, "
                           f"CASE WHEN name LIKE 'sqlite_%' THEN 'Y' ELSE 'N' END AS generated "
                           f"FROM {quoted(name)}.sqlite_master")
            columns.append(f"SELECT '{name}' AS owner, m.name AS table_name, c.name AS column_name, c.type AS data_type, "
                           "'' AS data_length, '' AS data_precision, '' AS data_scale, "
                           "CASE c.\"notnull\" WHEN 0 THEN 'Y' ELSE 'N' END AS nullable, c.cid AS column_id "
                           f"FROM {quoted(name)}.sqlite_master m, pragma_table_info(m.name, '{name}') c "
                           "WHERE m.type IN ('table', 'view')")
        objects.append("SELECT owner, type, name, status, 'N' FROM m_objects")
        objects.append("SELECT owner, 'TABLE', name, 'VALID', 'N' FROM m_jobs")
        sequences = "SELECT owner AS sequence_owner, name AS sequence_name, last_number FROM m_objects WHERE type = 'SEQUENCE'"
        source = "SELECT owner, type, name, 1 AS line, REPLACE(definition, CHAR(10), ' ') AS text FROM m_objects WHERE type NOT IN ('SEQUENCE', 'SYNONYM')"
        views = ' UNION ALL '.join(
            f"SELECT '{name}' AS owner, name AS view_name, LENGTH(SUBSTR(sql, INSTR(UPPER(sql), ' AS '))) AS text_length FROM {quoted(name)}.sqlite_master WHERE type = 'view'"
            for name in self.base.attached)
        prefixes = ['all']
        catalog = {'SELECT_CATALOG_ROLE', 'DATAPUMP_EXP_FULL_DATABASE', 'DATAPUMP_IMP_FULL_DATABASE'}
        if catalog & set(self.user['roles']):
            prefixes.append('dba')
        for prefix in prefixes:
            run(f'CREATE TEMP VIEW {prefix}_objects AS ' + ' UNION ALL '.join(objects))
            run(f"CREATE TEMP VIEW {prefix}_tables AS SELECT owner, object_name AS table_name FROM {prefix}_objects "
                "WHERE object_type = 'TABLE'")
            run(f'CREATE TEMP VIEW {prefix}_tab_columns AS ' + ' UNION ALL '.join(columns))
            run(f'CREATE TEMP VIEW {prefix}_sequences AS {sequences}')
            run(f'CREATE TEMP VIEW {prefix}_source AS {source}')
            run(f'CREATE TEMP VIEW {prefix}_views AS {views}')
        run('CREATE TEMP VIEW all_users AS SELECT name AS username FROM m_users')
        run("CREATE TEMP VIEW all_directories AS SELECT DISTINCT d.name AS directory_name, d.path AS directory_path "
            "FROM m_directories d JOIN m_directory_grants g ON g.directory = d.name "
            f"WHERE g.grantee IN ('{self.account}', 'PUBLIC')")
        run("CREATE TEMP VIEW all_tab_privs AS SELECT directory AS table_name, grantee, privilege, 'DIRECTORY' AS type "
            f"FROM m_directory_grants WHERE grantee IN ('{self.account}', 'PUBLIC')")
        listed = lambda values: ' UNION ALL '.join(f"SELECT '{value}' AS v" for value in values) or "SELECT '' AS v WHERE 0"
        run(f"CREATE TEMP VIEW session_privs AS SELECT v AS privilege FROM ({listed(self.user['privileges'])})")
        run(f"CREATE TEMP VIEW session_roles AS SELECT v AS role FROM ({listed(self.user['roles'])})")
        run("CREATE TEMP VIEW user_datapump_jobs AS SELECT name AS job_name, operation, state FROM m_jobs "
            f"WHERE owner = '{self.account}'")
        run("CREATE TEMP VIEW product_component_version AS SELECT 'Oracle Database 19c Enterprise Edition' AS product, "
            "'19.12.0.0.0' AS version")
        if 'SELECT V_$SESSION' in self.user['privileges']:
            run(f"CREATE TEMP VIEW v$session AS SELECT *, 7 AS serial_no, 'INACTIVE' AS status FROM m_sessions")

    def statement(self, sql):
        if not sql:
            return
        if self.account is None:
            self.out('SP2-0640: Not connected')
            return
        if '&' in sql and self.settings.get('DEFINE') != 'OFF':
            self.out('Enter value for x: ')
            next(self.input, None)
        try:
            self.execute(sql)
        except OracleError as error:
            self.error(error.lines)
        except sqlite3.Error as error:
            self.error([translated(error)])

    def error(self, lines):
        self.out('ERROR at line 1:')
        for line in lines:
            self.out(line)
        if self.on_error is not None:
            codes = [word for word in self.on_error if word.isdigit()]
            self.end(int(codes[0]) if codes else 1, 'ROLLBACK' in ' '.join(self.on_error).upper())

    def execute(self, sql):
        run = self.base.connection.execute
        head = re.sub(r'\s+', ' ', sql).upper()
        slow = self.base.fault('slow_statement')
        if slow and slow in sql:
            import time
            time.sleep(20)
        if head.startswith(('SELECT', 'WITH')):
            sql = re.sub(r"SYS_CONTEXT\('USERENV', 'SID'\)", '1', sql)
            sql = sql.replace('serial#', 'serial_no')
            # The one way to ask for the first row that every release knows.
            sql = re.sub(r'\)\s*WHERE\s+ROWNUM\s*=\s*1\s*$', ' LIMIT 1)', sql, flags=re.I)
            counted = re.search(r'FROM "([^"]+)"\."([^"]+)"', sql)
            if counted and 'MAX(ORA_ROWSCN)' in sql:
                number = self.base.change_number(*counted.groups())
                sql = sql.replace('MAX(ORA_ROWSCN)', f"'{number or ''}'")
            sql = re.sub(r"(?<!')\bUSER\b", f"'{self.account}'", sql)
            for row in run(sql).fetchall():
                separator = self.settings.get('COLSEP', ' ')
                self.out(separator.join('' if value is None else str(value) for value in row))
        elif head.startswith('COMMIT') or head.startswith('ROLLBACK'):
            if self.base.connection.in_transaction:
                run(head.split()[0])
        elif head.startswith('ALTER SESSION SET CURRENT_SCHEMA'):
            name = sql.split('=', 1)[1].strip()
            self.schema = name.strip('"') if name.startswith('"') else name.upper()
            if self.schema not in self.base.attached:
                raise OracleError('ORA-01435: user does not exist')
        elif head.startswith(('SET TRANSACTION', 'COMMENT ON', 'GRANT', 'ALTER SESSION')):
            pass
        elif head.startswith(('BEGIN', 'DECLARE')):
            self.block(sql, head)
        elif re.match(rf'(CREATE|DROP)( OR REPLACE)? ({OBJECTS})\b', head):
            self.object(sql, head)
        else:
            self.table(sql, head)

    def block(self, sql, head):
        if 'COMPILE_SCHEMA' in head:
            if not self.base.fault('stays_invalid'):
                self.base.run("UPDATE m_objects SET status = 'VALID'")
        elif 'RAISE_APPLICATION_ERROR' in head:
            number, text = re.search(r"RAISE_APPLICATION_ERROR\(-(\d+),\s*'([^']*)'", sql, re.I).groups()
            raise OracleError(f'ORA-{number}: {text}', 'ORA-06512: at line 1')

    def object(self, sql, head):
        verb, replace, kind = re.match(rf'(CREATE|DROP)( OR REPLACE)? ({OBJECTS})\b', head).groups()
        rest = re.sub(r'\s+', ' ', sql)[len(verb) + len(replace or '') + len(kind) + 2:]
        owner, name = re.match(NAME, rest).groups()
        owner, name = owner or self.schema, name if '"' in rest.split(' ')[0] else name.upper()
        self.may(owner)
        self.commit()
        exists = self.base.run('SELECT 1 FROM m_objects WHERE owner = ? AND type = ? AND name = ?', owner, kind, name)
        if verb == 'DROP':
            if not exists:
                raise OracleError('ORA-02289: sequence does not exist' if kind == 'SEQUENCE'
                                  else f'ORA-04043: object {name} does not exist')
            self.base.run('DELETE FROM m_objects WHERE owner = ? AND type = ? AND name = ?', owner, kind, name)
            return
        if exists and not replace:
            raise OracleError('ORA-00955: name is already used by an existing object')
        start = re.search(r'START WITH (\d+)', head)
        self.base.run('INSERT OR REPLACE INTO m_objects VALUES (?, ?, ?, ?, ?, ?)', owner, kind, name, 'VALID', sql,
                      int(start.group(1)) if start else 1)
        if 'BROKEN' in head:
            self.out('Warning: Procedure created with compilation errors.')

    def table(self, sql, head):
        sql = re.sub(r'(\(\d+) (CHAR|BYTE)\)', r'\1)', sql)
        sql = re.sub(r'\s+CASCADE CONSTRAINTS( PURGE)?|\s+PURGE', '', sql, flags=re.I)
        pattern = rf'^\s*(CREATE TABLE|CREATE OR REPLACE VIEW|CREATE VIEW|CREATE UNIQUE INDEX|CREATE INDEX|ALTER TABLE|' \
                  rf'DROP TABLE|DROP VIEW|DROP INDEX|INSERT INTO|UPDATE|DELETE FROM)\s+{NAME}'
        match = re.match(pattern, sql, re.I)
        if not match:
            raise OracleError('ORA-00900: invalid SQL statement')
        words, owner, name = match.groups()
        owner = owner or self.schema
        self.may(owner)
        ddl = words.upper().split()[0] in ('CREATE', 'ALTER', 'DROP')
        if ddl:
            self.commit()
        elif not self.base.connection.in_transaction:
            self.base.connection.execute('BEGIN')
        jobs = self.base.run('SELECT 1 FROM m_jobs WHERE owner = ? AND name = ?', owner, name)
        if jobs and words.upper() == 'DROP TABLE':
            self.base.run('DELETE FROM m_jobs WHERE owner = ? AND name = ?', owner, name)
            return
        words = words.replace('OR REPLACE ', '').replace('or replace ', '')
        sql = re.sub(r'\bADD\s*\((.*)\)\s*$', r'ADD COLUMN \1', sql[match.end():], flags=re.I | re.S)
        self.base.connection.execute(f'{words} {quoted(owner)}.{quoted(name)} {sql.lstrip()}')

    def may(self, owner):
        if owner != self.account and not {'DATAPUMP_IMP_FULL_DATABASE', 'DBA'} & set(self.user['roles']):
            raise OracleError('ORA-01031: insufficient privileges')

    def commit(self):
        if self.base.connection.in_transaction:
            self.base.connection.execute('COMMIT')


def translated(error):
    text = str(error)
    if 'no such table' in text or 'no such view' in text:
        return 'ORA-00942: table or view does not exist'
    if 'no such column' in text:
        return f'ORA-00904: invalid identifier ({text})'
    if 'already exists' in text:
        return 'ORA-00955: name is already used by an existing object'
    if 'UNIQUE' in text:
        return 'ORA-00001: unique constraint violated'
    return f'ORA-00900: invalid SQL statement ({text})'


client = Client()
client.run(client.input)
client.end()
