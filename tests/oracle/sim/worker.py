"""The job of a simulated Data Pump: lives on in the server, whatever becomes of the client.

Layout of the log after real logs of 19.12, 21.3 and 23.6; the errors after Oracle's documentation of
Data Pump. Usage: worker.py OWNER JOB
"""
import json
import os
import sys
import time

from state import Base, now, quoted

BLOCK = 4096
MAGIC = 'ORACLE-SIM-DUMP 1\n'


class Job:
    def __init__(self, owner, name):
        self.base = Base()
        self.base.attach()
        self.owner, self.name = owner, name
        rows = self.base.run("UPDATE m_jobs SET state = 'EXECUTING', pid = ? WHERE owner = ? AND name = ? "
                             "AND state = 'DEFINING' RETURNING operation, options", os.getpid(), owner, name)
        if not rows:
            # Killed before it began.
            sys.exit(0)
        self.operation, options = rows[0]
        self.options = json.loads(options)
        self.path = self.options['path']
        self.errors = 0
        self.log = open(os.path.join(self.path, self.options['LOGFILE']), 'a', buffering=1)

    def say(self, line):
        if line.startswith('ORA-'):
            self.errors += 1
        self.log.write(line + '\n')

    def pause(self):
        """A slow job goes on when the file `go` appears, or after its seconds."""
        seconds = self.base.fault('slow') or self.base.fault(f'slow_{self.operation.lower()}') or 0
        end = time.time() + seconds
        while time.time() < end and not os.path.exists(os.path.join(self.base.directory, 'go')):
            time.sleep(0.02)

    def end(self, text, code, keep):
        """The master table is dropped when the job completes and kept when it fails."""
        self.say(f'Job "{self.owner}"."{self.name}" {text} at {now()} elapsed 0 00:00:01')
        self.base.run('INSERT INTO m_ended VALUES (?, ?, ?)', self.owner, self.name, code)
        if keep:
            self.base.run("UPDATE m_jobs SET state = 'NOT RUNNING' WHERE owner = ? AND name = ?",
                          self.owner, self.name)
        else:
            self.base.run('DELETE FROM m_jobs WHERE owner = ? AND name = ?', self.owner, self.name)

    def completed(self):
        if self.errors:
            self.end(f'completed with {self.errors} error(s)', 5, False)
        else:
            self.end('successfully completed', 0, False)

    def export(self):
        schema = self.options['SCHEMAS']
        file = os.path.join(self.path, self.options['DUMPFILE'])
        dump = {'schema': schema, 'privileged': schema != self.owner, 'tables': [], 'others': [],
                'objects': self.base.run('SELECT type, name, definition, last_number FROM m_objects '
                                         'WHERE owner = ?', schema)}
        self.say('Processing object type SCHEMA_EXPORT/TABLE/TABLE_DATA')
        master = [row[0] for row in self.base.run('SELECT name FROM m_jobs')]
        with open(file, 'w') as out:
            out.write(MAGIC)
            out.flush()
            self.pause()
            if self.base.fault('crash'):
                out.write('{"half": ')
                out.flush()
                self.base.run("UPDATE m_jobs SET state = 'NOT RUNNING' WHERE name = ?", self.name)
                os._exit(9)
            if self.base.fault('out_of_space'):
                self.say('ORA-39095: Dump file space has been exhausted: Unable to allocate 8192 bytes')
                self.end('stopped due to fatal error', 1, True)
                return
            for table in self.base.tables(schema):
                if table in master:
                    continue
                sql = self.base.run(f"SELECT sql FROM {quoted(schema)}.sqlite_master WHERE name = ?", table)[0][0]
                name = f'"{schema}"."{table}"'
                if table == self.base.fault('skip_table'):
                    self.say(f'ORA-31693: Table data object {name} failed to load/unload and is being skipped due to error:')
                    self.say('ORA-02354: error in exporting/importing data')
                    self.say('ORA-01466: unable to read data - table definition has changed')
                    dump['tables'].append([table, sql, []])
                    continue
                rows = self.base.run(f'SELECT * FROM {quoted(schema)}.{quoted(table)}')
                if table == self.base.fault('lose_row_of'):
                    rows = rows[1:]
                dump['tables'].append([table, sql, rows])
                self.say(f'. . exported {name:<50} {len(rows) / 100:.3f} KB {len(rows):>7} rows')
            dump['others'] = self.base.run(
                f"SELECT type, name, sql FROM {quoted(schema)}.sqlite_master WHERE type IN ('view', 'index') "
                "AND sql IS NOT NULL ORDER BY type DESC")
            out.write(json.dumps(dump) + '\nEND\n')
            fill = -out.tell() % BLOCK
            out.write(' ' * fill)
        os.chmod(file, 0o640)
        self.say(f'Master table "{self.owner}"."{self.name}" successfully loaded/unloaded')
        self.say('*' * 78)
        self.say(f'Dump file set for {self.owner}.{self.name} is:')
        self.say(f'  {file}')
        self.completed()

    def import_(self):
        with open(os.path.join(self.path, self.options['DUMPFILE'])) as file:
            dump = json.loads(file.read()[len(MAGIC):].rsplit('END', 1)[0])
        self.say(f'Master table "{self.owner}"."{self.name}" successfully loaded/unloaded')
        source, target = dump['schema'], dump['schema']
        remap = self.options.get('REMAP_SCHEMA')
        if remap:
            old, new = remap.split(':')
            target = new if old == source else target
        if 'SQLFILE' in self.options:
            with open(os.path.join(self.path, self.options['SQLFILE']), 'w') as file:
                file.writelines(sql + ';\n' for _, sql, _ in dump['tables'])
            self.completed()
            return
        if dump['privileged']:
            self.say('Processing object type SCHEMA_EXPORT/USER')
            self.say(f'ORA-31684: Object type USER:"{target}" already exists')
        self.tables(dump, target)
        for kind, name, sql in dump['others']:
            found = self.base.run(f'SELECT 1 FROM {quoted(target)}.sqlite_master WHERE name = ?', name)
            if found:
                self.say(f'ORA-31684: Object type {kind.upper()}:"{target}"."{name}" already exists')
            else:
                self.base.run(qualified(sql, kind, name, target))
        for kind, name, definition, last_number in dump['objects']:
            if self.base.run('SELECT 1 FROM m_objects WHERE owner = ? AND type = ? AND name = ?', target, kind, name):
                self.say(f'ORA-31684: Object type {kind}:"{target}"."{name}" already exists')
                continue
            status = 'VALID'
            if kind in ('PROCEDURE', 'FUNCTION', 'PACKAGE', 'TRIGGER') and self.base.fault('invalid'):
                status = 'INVALID'
                self.say(f'ORA-39082: Object type {kind}:"{target}"."{name}" created with compilation warnings')
            self.base.run('INSERT INTO m_objects VALUES (?, ?, ?, ?, ?, ?)', target, kind, name, status,
                          definition, last_number)
        self.completed()

    def tables(self, dump, target):
        self.say('Processing object type SCHEMA_EXPORT/TABLE/TABLE')
        action = self.options.get('TABLE_EXISTS_ACTION', 'SKIP')
        for table, sql, rows in dump['tables']:
            self.pause()
            if self.base.fault('crash_import'):
                self.base.run("UPDATE m_jobs SET state = 'NOT RUNNING' WHERE name = ?", self.name)
                os._exit(9)
            name = f'"{target}"."{table}"'
            if table in self.base.tables(target):
                if action == 'SKIP':
                    self.say(f'ORA-39151: Table {name} exists. All dependent metadata and data will be '
                             'skipped due to table_exists_action of skip')
                    continue
                self.base.run(f'DROP TABLE {quoted(target)}.{quoted(table)}')
            self.base.run(qualified(sql, 'table', table, target))
            if table == self.base.fault('wait_at'):
                self.say('ORA-39171: Job is experiencing a resumable wait.')
                self.say(f'ORA-01653: unable to extend table {target}.{table} by 128 in tablespace USERS')
            for row in rows:
                places = ', '.join('?' * len(row))
                self.base.run(f'INSERT INTO {quoted(target)}.{quoted(table)} VALUES ({places})', *row)
            self.say(f'. . imported {name:<50} {len(rows) / 100:.3f} KB {len(rows):>7} rows')


def qualified(sql, kind, name, schema):
    """The statement as sqlite keeps it, made in that schema."""
    words, rest = sql.split(name, 1)
    head = words.rstrip('" ').split(' ')
    body = rest.lstrip('"').lstrip()
    return f"{' '.join(head)} {quoted(schema)}.{quoted(name)} {body}"


job = Job(sys.argv[1], sys.argv[2])
if job.operation == 'EXPORT':
    job.export()
else:
    job.import_()
