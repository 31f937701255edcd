"""Stands for Carbon's Java process: writes its process id, answers on its port, logs what it works on."""
import http.server
import os
import re
import signal
import sys
import time

home = os.environ["CARBON_HOME"]
with open(f"{home}/repository/conf/datasources/master-datasources.xml", encoding="utf-8") as file:
    text = file.read()
url = re.search(r"<url>(.*?)</url>", text).group(1)
with open(f"{home}/wso2carbon.pid", "w", encoding="utf-8") as file:
    file.write(f"{os.getpid()}\n")
os.makedirs(f"{home}/repository/logs", exist_ok=True)
log = open(f"{home}/repository/logs/wso2carbon.log", "a", encoding="utf-8")


def say(line):
    log.write(line + "\n")
    log.flush()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"WSO2 Carbon")

    def log_message(self, *arguments):
        pass


def end(*_):
    say("Shutdown complete")
    # It takes a moment, in which the script has ended already.
    time.sleep(0.5)
    say("Halting JVM")
    os._exit(143)


signal.signal(signal.SIGTERM, end)
with open(f"{home}/port", encoding="utf-8") as file:
    port = int(file.read())
server = http.server.HTTPServer(("127.0.0.1", port), Answer)
say(f"data source {url}")
say("WSO2 Carbon started in 1 sec")
server.serve_forever()
