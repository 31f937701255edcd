def launch():
    if KIND == 'rolloutOracleHome':
        return rolloutOracleHome(TARGET, HOME, BACKUP, ROLLBACK, OPTIONS)
    if KIND == 'rolloutJavaHome':
        return rolloutJavaHome(TARGET, JAVA_HOME, OPTIONS)
    if KIND == 'rolloutApplications':
        return rolloutApplications(TARGET, APPLICATIONS, OPTIONS)
    if KIND == 'rolloutUpdate':
        return rolloutUpdate(TARGET, HOME, BACKUP, ROLLBACK, JAVA_HOME, APPLICATIONS, OPTIONS)
    return rollingRestart(TARGET, OPTIONS)


def begin(journal):
    known = workflows()
    for name, task in known.items():
        if task.isRunning():
            raise Refused('the workflow %s (%s) is at work in the domain' % (name, task.getStatus()),
                          'wait for its end or cancel it, then resume the run')
    journal.note('asked', ' '.join(known.keys()))
    task = launch()
    if task is None:
        raise Refused(KIND + ' gave no workflow', 'look at the log of the step')
    journal.note('workflow', task.getWorkflowId())
    return task.getWorkflowId()


def begun(asked, journal):
    # A call that was cut off may still be about to make its workflow.
    Thread.sleep(5000)
    new = [name for name in workflows().keys() if name not in asked]
    if len(new) > 1:
        raise Refused('nobody knows which of the workflows %s is ours' % ', '.join(new),
                      'look at them in the domain; delete those that are not, then resume the run')
    if new:
        journal.note('workflow', new[0])
        return new[0]
    return begin(journal)


def attach(journal):
    asked, name = None, None
    for fields in noted():
        if fields[0] == 'asked':
            asked, name = fields[1].split(' '), None
        elif fields[0] == 'workflow':
            name = fields[1]
        elif fields[0] == 'ended' and (fields[2] == 'REVERTED' or DRY_RUN and fields[2] != 'SUCCESS'):
            asked, name = None, None
    if name is not None:
        return name, 1
    if asked is not None:
        return begun(asked, journal), 1
    return begin(journal), 0


def follow(watched, attached, journal):
    # Whoever resumes a run wants what failed to go on.
    again_allowed = attached
    if ON_FAILURE == 'resume':
        again_allowed = 1
    reverted = 0
    status = watched.end(None)
    while 1:
        journal.note('ended', watched.name, status)
        if status in ('SUCCESS', 'REVERTED'):
            return status
        if ON_FAILURE == 'revert' and status in ('FAIL', 'CANCELED') and not reverted:
            reverted = 1
            # WebLogic takes it back by itself, and may be about to begin.
            Thread.sleep(5000)
            if watched.end(None) != status:
                status = watched.end(None)
                continue
            journal.note('reverting', watched.name)
            service().revertWorkflow(watched.task())
        elif again_allowed and (attached or status == 'FAIL') and watched.task().canResume():
            again_allowed = 0
            journal.note('resumed', watched.name)
            service().executeWorkflow(watched.task())
        else:
            return status
        status = watched.end(status)


def check_nodes(task):
    try:
        targeted, updated = task.getTargetedNodes(), task.getUpdatedNodes()
    except AttributeError:
        return
    missing = [node for node in targeted if node not in [one for one in updated]]
    if missing:
        raise Refused('the rollout succeeded and %s is not updated' % ', '.join(missing),
                      'look at the log of the Admin Server')


def work():
    reach()
    journal, progress = Notes(JOURNAL), Notes(PROGRESS)
    name, attached = attach(journal)
    watched = Watched(name, progress)
    status = follow(watched, attached, journal)
    errors = watched.errors()
    if status == 'REVERTED':
        raise Refused('the rollout %s failed and was taken back%s' % (name, errors),
                      'every server is as before; mend the cause, then resume the run: it begins anew')
    if status != 'SUCCESS' and DRY_RUN:
        raise Refused('the dry run %s ended as %s%s' % (name, status, errors),
                      'nothing is changed; mend the cause, then resume the run: it is tried anew')
    if status != 'SUCCESS':
        raise Refused('the rollout %s ended as %s%s' % (name, status, errors),
                      'mend the cause, then resume the run: the workflow goes on where it stopped; a '
                      'restore takes it back')
    if not DRY_RUN:
        check_nodes(watched.task())
        all_run('the rollout succeeded')
    report(watched, status)


run(work)
