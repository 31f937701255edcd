# The commands of zero downtime patching. They return at once, with the task of a workflow.
from rig.weblogic import RolloutService


def rolloutOracleHome(target, rolloutOracleHome, backupOracleHome, isRollback='false', options=''):
    if lost():
        return None
    return RolloutService.begin('rolloutOracleHome', target, rolloutOracleHome, backupOracleHome,
                                isRollback, None, None, options)


def rolloutJavaHome(target, javaHome, options=''):
    if lost():
        return None
    return RolloutService.begin('rolloutJavaHome', target, None, None, None, javaHome, None, options)


def rolloutApplications(target, applicationProperties, options=''):
    if lost():
        return None
    return RolloutService.begin('rolloutApplications', target, None, None, None, None,
                                applicationProperties, options)


def rolloutUpdate(target, rolloutOracleHome, backupOracleHome, isRollback, javaHome,
                  applicationProperties, options):
    if lost():
        return None
    return RolloutService.begin('rolloutUpdate', target, rolloutOracleHome, backupOracleHome,
                                isRollback, javaHome, applicationProperties, options)


def rollingRestart(target, options=''):
    if lost():
        return None
    return RolloutService.begin('rollingRestart', target, None, None, None, None, None, options)


for command in (rolloutOracleHome, rolloutJavaHome, rolloutApplications, rolloutUpdate,
                rollingRestart):
    scope[command.__name__] = command
