"""A headless Chromium that is driven through its debugging pipe: JSON messages that end with a zero byte."""

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

# Runs before the page's own scripts: notes errors, and when the first picture after the load event was drawn.
PROBE = """
addEventListener("error", event => (window.testErrors ??= []).push(event.message));
addEventListener("unhandledrejection", event => (window.testErrors ??= []).push(String(event.reason)));
addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => { window.testDrawn = performance.now(); })));
"""


class Browser:
    """Use as a context; `open` a file, then ask with `evaluate`."""

    def __init__(self, timeout=60):
        program = shutil.which("chromium")
        if not program:
            raise FileNotFoundError("expected the program chromium; compiler/cmake/setup.sh installs it")
        self.deadline = time.monotonic() + timeout
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.sink = os.pipe()
        self.source, from_browser = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4; ours may have these numbers themselves.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]
        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}"],
            close_fds=False, preexec_fn=lambda: (os.dup2(ends[0], 3), os.dup2(ends[1], 4)), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.buffer, self.events, self.count, self.session = b"", [], 0, None
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise

    def prepare(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Network.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=PROBE)
        self.call("Emulation.setDeviceMetricsOverride", width=1400, height=1000, deviceScaleFactor=1, mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.sink)
        os.close(self.source)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.profile.cleanup()

    def read(self):
        while b"\0" not in self.buffer:
            if not select.select([self.source], [], [], max(0, self.deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.source, 1 << 20)
            if not piece:
                raise EOFError("the browser ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") != self.count:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def open(self, path):
        """Opens a file and returns the seconds from the navigation to the first picture after the load event."""
        self.events.clear()
        self.call("Page.navigate", url=f"file://{path}")
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.read())
        drawn = "new Promise(done => { const wait = () => window.testDrawn ? done(testDrawn) : setTimeout(wait, 5); wait(); })"
        return self.evaluate(drawn) / 1000

    def errors(self):
        return self.evaluate("window.testErrors ?? []")

    def requests(self):
        """The addresses that were asked for since `open`."""
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
