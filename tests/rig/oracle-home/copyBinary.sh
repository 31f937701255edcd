#!/usr/bin/env python3
"""Plays copyBinary: an Oracle home becomes a jar. A file `copy-breaks` in the home cuts it, at exit 0."""
import os
import sys
import zipfile

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if any(' ' in value for value in given.values()):
    sys.exit('CLONE-20201 A value of an option holds a space.')
home, archive = given['-sourceOracleHomeLoc'], given['-archiveLoc']
if not os.path.exists(os.path.join(given['-javaHome'], 'bin', 'java')):
    sys.exit('CLONE-20207 Invalid -javaHome.')
if os.path.exists(archive):
    sys.exit('CLONE-20216 The archive exists.')
with zipfile.ZipFile(archive, 'w') as jar:
    for folder, _, names in sorted(os.walk(home)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            jar.write(path, os.path.relpath(path, home))
if os.path.exists(os.path.join(home, 'copy-breaks')):
    with open(archive, 'r+b') as file:
        file.truncate(os.path.getsize(archive) // 2)
print('Oracle home archive is created.')
