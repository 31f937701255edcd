STOPPED = ('FAIL', 'CANCELED', 'REVERT_FAIL', 'REVERT_CANCELED')


def latest():
    found = None
    for task in workflows().values():
        if found is None or task.getBeginTime() > found.getBeginTime():
            found = task
    return found


def taken_up():
    for fields in noted():
        if fields[0] == 'taking-back':
            return fields[1]
    return None


def stopped():
    task = latest()
    if task is None:
        result.line('nothing', [('why', 'the domain has no workflow')])
        return None
    name, status = task.getWorkflowId(), task.getStatus().upper()
    if task.isRunning():
        raise Refused('the workflow %s (%s) is at work in the domain' % (name, status),
                      'wait for its end or cancel it, then resume the run')
    if status not in STOPPED:
        result.line('nothing', [('why', 'the last workflow %s ended with %s' % (name, status))])
        return None
    # A dry run that failed is a workflow too. It changes nothing, so nothing of it is taken back.
    if not File(MIXED).exists() and not not_running():
        result.line('nothing', [('why', 'the last workflow %s ended with %s, the nodes are alike and '
                                        'every server runs' % (name, status))])
        return None
    return name


def work():
    reach()
    journal, progress = Notes(JOURNAL), Notes(PROGRESS)
    name = taken_up()
    if name is None:
        name = stopped()
        if name is None:
            return
        journal.note('taking-back', name)
    watched = Watched(name, progress)
    status = watched.end(None)
    if status != 'REVERTED':
        service().revertWorkflow(watched.task())
        status = watched.end(status)
    if status != 'REVERTED':
        raise Refused('taking back the rollout %s ended as %s%s' % (name, status, watched.errors()),
                      'mend the cause, then resume the run: it is tried again')
    all_run('the rollout is taken back')
    report(watched, status)


run(work)
