#!/usr/bin/env python3
"""Plays pasteBinary: a jar becomes an Oracle home that was not there."""
import os
import sys
import zipfile

given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if any(' ' in value for value in given.values()):
    sys.exit('CLONE-20201 A value of an option holds a space.')
target = given['-targetOracleHomeLoc']
if os.path.exists(target) and os.listdir(target):
    sys.exit('CLONE-20217 The target Oracle home is not empty.')
with zipfile.ZipFile(given['-archiveLoc']) as jar:
    jar.extractall(target)
for folder, _, names in os.walk(target):
    for name in names:
        os.chmod(os.path.join(folder, name), 0o755)
print('Oracle home is created.')
