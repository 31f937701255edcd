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
        known, self.said = self.said, state
        if known is None or known[:1] + known[2:] != state[:1] + state[2:]:
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
        if not texts:
            return ''
        return ': ' + '; '.join(texts)


def not_running():
    found = runtimes()
    return [name for name in SERVERS if found.get(name) != 'RUNNING']


def all_run(what):
    left = wait(min(300, TIMEOUT), not_running)
    if left:
        raise Refused('%s and %s does not run' % (what, ', '.join(left)),
                      'look at the log of the server')


def report(watched, status):
    result.line('workflow', [('id', watched.name), ('status', status), ('commands', watched.said[2])])
