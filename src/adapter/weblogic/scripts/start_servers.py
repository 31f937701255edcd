online = enter


def enter():
    pass


failures = ['']


def reached():
    try:
        online()
        return 1
    except:
        failures.append('%s' % (sys.exc_info()[1],))
        return 0


def rejected():
    last = failures[-5:]
    return len(last) == 5 and not [text for text in last if 'authenticated' not in text]


def by_node_manager():
    if USER_CONFIG_FILE is not None:
        nmConnect(userConfigFile=USER_CONFIG_FILE, userKeyFile=USER_KEY_FILE,
                  host=NODE_MANAGER_HOST, port=NODE_MANAGER_PORT, domainName=DOMAIN_NAME,
                  domainDir=DOMAIN_HOME, nmType=NODE_MANAGER_TYPE)
    else:
        nmConnect(username=USER, password=System.getenv(PASSWORD_VARIABLE),
                  host=NODE_MANAGER_HOST, port=NODE_MANAGER_PORT, domainName=DOMAIN_NAME,
                  domainDir=DOMAIN_HOME, nmType=NODE_MANAGER_TYPE)
    for name in SERVERS:
        if nmServerStatus(name) != 'RUNNING':
            nmStart(name)
    nmDisconnect()


def connected_at_last():
    end = System.currentTimeMillis() + TIMEOUT * 1000L
    while not reached():
        if rejected():
            raise Refused('the Admin Server at %s does not know the account' % URL,
                          'correct the account in the site, then begin again')
        if System.currentTimeMillis() >= end:
            raise Refused('the Admin Server at %s cannot be reached: %s' % (URL, failures[-1]),
                          'look at its log and its output, then resume the run')
        Thread.sleep(2000)


def missing():
    found = runtimes()
    return [name for name in SERVERS if found.get(name) != 'RUNNING']


def work():
    if NODE_MANAGER_HOST is not None and not reached():
        by_node_manager()
    connected_at_last()
    if BY_ADMIN:
        for name in missing():
            start(name, 'Server', block='true')
    left = wait(TIMEOUT, missing)
    if left:
        raise Refused('the server %s does not run' % left[0],
                      'look at its log and its output, then resume the run')
    report_servers(SERVERS)


run(work)
