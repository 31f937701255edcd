from java.io import BufferedReader, FileInputStream, InputStreamReader

online = enter
ENDS = ('SUCCESS', 'FAIL', 'CANCELED', 'REVERTED', 'REVERT_FAIL', 'REVERT_CANCELED')


def enter():
    pass


class Notes:
    def __init__(self, path):
        self.stream = FileOutputStream(path, 1)
        self.writer = OutputStreamWriter(self.stream, 'UTF-8')

    def note(self, *fields):
        self.writer.write('\t'.join(fields) + '\n')
        self.writer.flush()
        self.stream.getFD().sync()


def noted():
    lines = []
    if File(JOURNAL).exists():
        reader = BufferedReader(InputStreamReader(FileInputStream(JOURNAL), 'UTF-8'))
        while 1:
            line = reader.readLine()
            if line is None:
                break
            lines.append(line.split('\t'))
        reader.close()
    return lines


def reach():
    end = System.currentTimeMillis() + RECONNECT * 1000L
    while 1:
        try:
            online()
            return
        except:
            if System.currentTimeMillis() >= end:
                raise Refused('the Admin Server at %s cannot be reached' % URL,
                              'the rollout goes on without it: start it, then resume the run')
        Thread.sleep(2000)


def again():
    print 'the connection is lost; the Admin Server may be the one that restarts'
    try:
        disconnect('true')
    except:
        pass
    reach()


def service():
    return domainRuntimeService.getDomainRuntime().getRolloutService()


def workflows():
    found = {}
    for task in service().getAllWorkflows() or []:
        found[task.getWorkflowId()] = task
    return found


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


def latest():
    found = None
    for task in workflows().values():
        if found is None or task.getBeginTime() > found.getBeginTime():
            found = task
    return found


def attach(journal):
    asked, name, back = None, None, 0
    for fields in noted():
        if fields[0] == 'asked':
            asked, name = fields[1].split(' '), None
        elif fields[0] in ('workflow', 'taking-back'):
            name, back = fields[1], fields[0] == 'taking-back'
        elif fields[0] == 'ended' and fields[2] == 'REVERTED' and not back:
            asked, name = None, None
    if name is not None:
        return name, 1, back
    if asked is not None:
        return begun(asked, journal), 1, 0
    last = None
    if TAKES_BACK:
        last = latest()
    # A rollout that did not succeed is taken back by its own workflow, not by another one.
    if last is not None and last.getStatus().upper() in ENDS[1:]:
        journal.note('taking-back', last.getWorkflowId())
        return last.getWorkflowId(), 1, 1
    return begin(journal), 0, 0


class Watched:
    def __init__(self, name, progress):
        self.name = name
        self.progress = progress
        self.said = None

    def task(self):
        found = workflows().get(self.name)
        if found is None:
            raise Refused('the domain knows no workflow %s any more' % self.name,
                          'look at what was updated; the step cannot tell')
        return found

    def look(self):
        task = self.task()
        running = task.isRunning()
        state = (task.getStatus().upper(), running, task.getNumCompletedCommands(),
                 task.getNumTotalCommands(), task.getProgressString() or '')
        if state != self.said:
            self.said = state
            self.progress.note(state[0], '%d' % state[2], '%d' % state[3],
                               state[4].replace('\t', ' ').replace('\n', ' '))
        return state

    def end(self, before):
        # What was just resumed or reverted still shows its earlier end for a while.
        stale = System.currentTimeMillis() + 30000L
        end = System.currentTimeMillis() + TIMEOUT * 1000L
        while 1:
            state = None
            try:
                state = self.look()
            except Refused, refusal:
                raise refusal
            except:
                print 'the workflow cannot be asked: %s' % sys.exc_info()[0]
                again()
            now = System.currentTimeMillis()
            if state is not None and not state[1] and state[0] in ENDS:
                if state[0] != before or now >= stale:
                    return state[0]
            if state is not None and state[1]:
                before = None
            if now >= end:
                raise Refused('the rollout %s is still at work after %d s' % (self.name, TIMEOUT),
                              'it goes on: resume the run to wait for it')
            Thread.sleep(POLL)

    def errors(self):
        texts = []
        try:
            for error in self.task().getErrors() or []:
                texts.append(error.getMessage() or '')
        except:
            pass
        return '; '.join(texts)


def take_back(watched, journal):
    status = watched.end(None)
    if status != 'REVERTED':
        service().revertWorkflow(watched.task())
        status = watched.end(status)
    journal.note('ended', watched.name, status)
    return status


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


def not_running():
    found = runtimes()
    return [name for name in SERVERS if found.get(name) != 'RUNNING']


def work():
    reach()
    journal, progress = Notes(JOURNAL), Notes(PROGRESS)
    name, attached, back = attach(journal)
    watched = Watched(name, progress)
    if back:
        status = take_back(watched, journal)
    else:
        status = follow(watched, attached, journal)
    errors = watched.errors()
    if errors:
        errors = ': ' + errors
    if status == 'REVERTED' and not back:
        raise Refused('the rollout %s failed and was taken back%s' % (name, errors),
                      'every server is as before; mend the cause, then resume the run: it begins anew')
    if status not in ('SUCCESS', 'REVERTED'):
        raise Refused('the rollout %s ended as %s%s' % (name, status, errors),
                      'mend the cause, then resume the run: the workflow goes on where it stopped; a '
                      'restore takes it back')
    if not DRY_RUN:
        if not back:
            check_nodes(watched.task())
        left = wait(min(300, TIMEOUT), not_running)
        if left:
            raise Refused('the rollout succeeded and %s does not run' % ', '.join(left),
                          'look at the log of the server')
    result.line('workflow', [('id', name), ('status', status), ('commands', watched.said[2])])


run(work)
