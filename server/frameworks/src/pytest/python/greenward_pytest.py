"""Reports what a pytest session does, as JSON lines.

Given to pytest with ``-p greenward_pytest``. The lines go to the file named by the environment
variable ``GREENWARD_REPORT``; ``GREENWARD_SELECT`` may name a file of node ids, one a line, which
leaves only these and what lies beneath them. Works with pytest 6.2 and later, Python 3.7 and later.

Tests must not notice this plugin: the folder on ``sys.path`` and the environment variables that
brought it here are removed again, and nothing that goes wrong in it reaches pytest.

PYTEST_DONT_REWRITE
"""

import contextlib
import json
import os
import pprint
import sys

import pytest

FOLDER = os.path.dirname(os.path.abspath(__file__))

# Characters of a test's output that are kept.
OUTPUT_LIMIT = 128 * 1024
# Characters of one message or value that are kept.
TEXT_LIMIT = 32 * 1024
# Bytes of one line: less than what the reader takes.
LINE_LIMIT = 900 * 1000
# Entries of one traceback that are kept.
TRACE_LIMIT = 100
# Values with more parts than this are not laid out in full.
VALUE_LIMIT = 5000
# Tests in one line.
BATCH = 500


def leave_no_trace():
    """Takes out of the process what was put in to have this module found."""
    if FOLDER in sys.path:
        sys.path.remove(FOLDER)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if FOLDER in paths:
        paths.remove(FOLDER)
        if paths:
            os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        else:
            del os.environ["PYTHONPATH"]


class Given:
    """What the environment asked for."""

    report = None
    select = None

    @classmethod
    def take(cls):
        """Takes it out of the environment."""
        cls.report = os.environ.pop("GREENWARD_REPORT", cls.report)
        cls.select = os.environ.pop("GREENWARD_SELECT", cls.select)


leave_no_trace()
Given.take()


class Report:
    """Where the lines go. Without a file, or once it is broken, they go nowhere."""

    def __init__(self, path):
        self.path = path
        self.process = os.getpid()
        self.fd = None
        self.identity = None
        self.open()

    def open(self):
        if self.path is None:
            return
        try:
            self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            self.identity = self.identify()
        except OSError:
            self.path = None

    def identify(self):
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino

    def write(self, event, **values):
        # A child that a test has forked is not the session.
        if self.path is None or os.getpid() != self.process:
            return
        rest = encoded(event, values)
        if len(rest) > LINE_LIMIT:
            rest = encoded(event, shortened(values, LINE_LIMIT // 100))
        try:
            # A test may close every descriptor, and its next file then has our number.
            intact = self.identify() == self.identity
        except OSError:
            intact = False
        if not intact:
            self.open()
        try:
            while rest and self.path is not None:
                rest = rest[os.write(self.fd, rest) :]
        except OSError:
            self.path = None


@contextlib.contextmanager
def unnoticed(report):
    """Keeps whatever goes wrong here away from pytest."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        with contextlib.suppress(Exception):
            report.write("plugin_error", message="{}: {}".format(type(error).__name__, error))


def encoded(event, values):
    """One line. Whatever is no Unicode in it is replaced."""
    line = json.dumps(dict(values, event=event), ensure_ascii=False, separators=(",", ":"))
    return line.encode("utf-8", "replace") + b"\n"


def shortened(value, limit):
    """The same, each text in it no longer than `limit`."""
    if isinstance(value, str):
        return capped(value, limit)
    if isinstance(value, dict):
        return {name: shortened(item, limit) for name, item in value.items()}
    return value


def capped(text, limit=TEXT_LIMIT):
    """The beginning and the end of a long text."""
    if len(text) <= limit:
        return text
    half = limit // 2
    cut = len(text) - 2 * half
    return "{}\n[... {} characters left out ...]\n{}".format(text[:half], cut, text[-half:])


def parts_of(value, limit, depth=0):
    """How many parts a value has; no more than `limit` are counted."""
    if isinstance(value, dict):
        inner = list(value.values())[: limit + 1] if len(value) <= limit else None
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner = list(value) if len(value) <= limit else None
    else:
        return 1
    if inner is None or depth > 50:
        return limit + 1
    count = 1
    for item in inner:
        count += parts_of(item, limit, depth + 1)
        if count > limit:
            break
    return count


def shown(value):
    """A value as people read it: text as it is, everything else laid out."""
    if type(value) is str:
        return capped(value)
    if parts_of(value, VALUE_LIMIT) > VALUE_LIMIT:
        from _pytest._io.saferepr import saferepr

        return capped(saferepr(value, maxsize=TEXT_LIMIT))
    return capped(pprint.pformat(value))


def is_ours(filename):
    """Whether a file is of pytest itself or of this plugin."""
    slashed = filename.replace("\\", "/")
    return (
        "/_pytest/" in slashed
        or "/pluggy/" in slashed
        or filename.startswith("<frozen")
        or slashed.startswith(FOLDER)
    )


def trace_of(traceback):
    """File, line from 1 and function of each entry that is not pytest's, outermost first."""
    entries = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_ours(code.co_filename):
            filename = os.path.abspath(code.co_filename)
            entries.append([filename, traceback.tb_lineno, code.co_name])
        traceback = traceback.tb_next
    if len(entries) > TRACE_LIMIT:
        half = TRACE_LIMIT // 2
        entries = entries[:half] + entries[-half:]
    return entries


def cause_of(error):
    """The exception of the user's that lies beneath one of pytest's own."""
    name = type(error).__name__
    if name == "ConftestImportFailure":
        given = getattr(error, "cause", None)
        if given is None and hasattr(error, "excinfo"):
            given = error.excinfo[1]
        return given or error
    if name == "CollectError" and error.__cause__ is not None:
        return error.__cause__
    return error


def failure_of(error, message=None):
    """What there is to say of an exception."""
    error = cause_of(error)
    name = type(error).__name__
    if message is None:
        message = str(error)
        if not isinstance(error, AssertionError) or not message:
            message = "{}: {}".format(name, message) if message else name
    failure = {"type": name, "message": capped(message), "trace": trace_of(error.__traceback__)}
    if isinstance(error, SyntaxError) and error.filename:
        # The place of the mistake, which no frame has come to.
        failure["trace"].append([os.path.abspath(error.filename), error.lineno or 1, ""])
    return failure


class Comparison:
    """The operands of the last `assert a == b` that failed, and the place where it stands."""

    def __init__(self):
        self.frame = None
        self.expected = None
        self.actual = None

    def note(self, left, right):
        frame = sys._getframe(1)
        while frame is not None and is_ours(frame.f_code.co_filename):
            frame = frame.f_back
        # No reference to the frame: that would keep the test's own values alive.
        self.frame = frame and (id(frame), frame.f_code, frame.f_lineno)
        self.actual, self.expected = shown(left), shown(right)

    def of(self, traceback):
        """The operands, if the traceback ends at the place that compared them."""
        unittest = None
        while True:
            frame = traceback.tb_frame
            if frame.f_code.co_name == "assertEqual" and "first" in frame.f_locals:
                unittest = frame.f_locals["first"], frame.f_locals["second"]
            if traceback.tb_next is None:
                break
            traceback = traceback.tb_next
        if unittest is not None:
            return shown(unittest[0]), shown(unittest[1])
        if self.frame == (id(frame), frame.f_code, traceback.tb_lineno):
            return self.actual, self.expected
        return None


def reason_of(report):
    """Why a test or a module was skipped."""
    if hasattr(report, "wasxfail"):
        return "expected to fail" + (": " + report.wasxfail if report.wasxfail else "")
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr or "")
    prefix = "Skipped: "
    return capped(reason[len(prefix) :] if reason.startswith(prefix) else reason)


def printed(sections):
    """What was captured, with headings unless it is nothing but the test's own standard output."""
    sections = [(name, text) for name, text in sections if text]
    if [name for name, _ in sections] == ["Captured stdout call"]:
        return sections[0][1]
    return "".join("--- {} ---\n{}\n".format(name, text.rstrip("\n")) for name, text in sections)


class Test:
    """What the phases of a running test add up to."""

    def __init__(self):
        self.outcome = None
        self.failure = None
        self.reason = None
        self.duration = 0.0
        self.sections = []
        self.reruns = 0

    def add(self, report):
        if report.outcome == "rerun":
            reruns = self.reruns + 1
            self.__init__()
            self.reruns = reruns
            return
        is_part = hasattr(report, "context")
        if not is_part:
            self.duration += getattr(report, "duration", 0.0)
            self.sections = report.sections
        elif report.failed:
            self.sections = self.sections + report.sections
        if report.failed:
            self.fail(report, is_part)
        elif report.skipped and not is_part:
            self.outcome = self.outcome or "skipped"
            self.reason = self.reason or reason_of(report)
        elif report.when == "call" and not is_part:
            self.outcome = self.outcome or "passed"

    def fail(self, report, is_part):
        outcome = "errored" if report.when in ("setup", "teardown", "???") else "failed"
        # The first thing that went wrong is what is told, a teardown's error after a pass included.
        if self.outcome in ("failed", "errored"):
            return
        self.outcome = outcome
        failure = getattr(report, "greenward", None)
        if failure is None:
            failure = {"type": "", "message": capped(report.longreprtext), "trace": []}
        if is_part:
            about = report._sub_test_description() if hasattr(report, "_sub_test_description") else ""
            failure = dict(failure, message=(about + " " + failure["message"]).strip())
        if report.when in ("setup", "teardown"):
            failure = dict(failure, phase=report.when)
        self.failure = failure

    def result(self):
        result = {
            "outcome": self.outcome,
            "duration": self.duration,
            "output": capped(printed(self.sections), OUTPUT_LIMIT),
        }
        if self.outcome == "passed" and self.reruns:
            result["outcome"] = "flaky"
        if self.failure is not None:
            result["failure"] = self.failure
        if self.outcome == "skipped":
            result["reason"] = self.reason
        return result


class Selection:
    """The node ids that are to run."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as lines:
            self.ids = {line.rstrip("\n") for line in lines}

    def has(self, item):
        node = item.nodeid
        if node in self.ids:
            return True
        node = base_of(item)
        while node:
            if node in self.ids:
                return True
            node = node.rpartition("::")[0]
        return False


def base_of(item):
    """The node id without the name of the parameter case."""
    case = getattr(getattr(item, "callspec", None), "id", None)
    suffix = "[{}]".format(case)
    return item.nodeid[: -len(suffix)] if item.nodeid.endswith(suffix) else item.nodeid


def described(item):
    """What the daemon is told of a collected test."""
    test = {"id": item.nodeid}
    base = base_of(item)
    if base != item.nodeid:
        test["base"] = base
    with contextlib.suppress(Exception):
        path = str(getattr(item, "path", None) or item.fspath)
        test["file"] = path
        file, line, _ = item.location
        if line is not None and os.path.join(str(item.config.rootdir), file) == path:
            test["line"] = line
    return test


class Plugin:
    """The hooks."""

    def __init__(self, config):
        worker = getattr(config, "workerinput", None)
        if worker is None:
            self.report = Report(Given.report)
            self.select = Given.select
        else:
            self.report = Report(None)
            self.select = worker.get("greenward_select")
        self.is_worker = worker is not None
        self.comparison = Comparison()
        self.running = {}
        self.collected = False

    # Session

    def pytest_sessionstart(self, session):
        with unnoticed(self.report):
            self.report.write(
                "session",
                pytest=pytest.__version__,
                python="{}.{}.{}".format(*sys.version_info[:3]),
                rootdir=str(session.config.rootdir),
            )

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        """pytest-xdist: a worker finds this module already imported."""
        with unnoticed(self.report):
            node.workerinput["greenward_select"] = self.select
            source = "import sys\nsys.path.insert(0, {!r})\nimport greenward_pytest"
            node.gateway.remote_exec(source.format(FOLDER)).waitclose()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        """pytest-xdist: every worker collects the same, and the controller nothing."""
        with unnoticed(self.report):
            if not self.collected:
                self.collected = True
                self.write_collected([{"id": id} for id in ids])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        with unnoticed(self.report):
            # Where a plugin tells no end of a test, what it has reported is all there will be.
            for nodeid, test in list(self.running.items()):
                if test.outcome is not None:
                    self.finish(nodeid)
            stopped = getattr(session, "shouldfail", "") or getattr(session, "shouldstop", "")
            self.report.write("end", exit=int(exitstatus), stopped=str(stopped or ""))

    def pytest_keyboard_interrupt(self, excinfo):
        with unnoticed(self.report):
            message = getattr(excinfo.value, "msg", None) or excinfo.typename
            self.report.write("interrupted", message=str(message))

    def pytest_internalerror(self, excrepr):
        with unnoticed(self.report):
            self.report.write("internal_error", message=capped(str(excrepr)))

    # Collection

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self):
        outcome = yield
        with unnoticed(self.report):
            report = outcome.get_result()
            call = getattr(report, "call", None)
            if report.failed and call is not None and call.excinfo is not None:
                message = None
                if type(call.excinfo.value).__name__ == "CollectError":
                    cause = call.excinfo.value.__cause__
                    message = None if cause is not None else str(call.excinfo.value)
                report.greenward = failure_of(call.excinfo.value, message)

    def pytest_collectreport(self, report):
        with unnoticed(self.report):
            if report.failed:
                failure = getattr(report, "greenward", None)
                if failure is None:
                    failure = {"type": "", "message": capped(report.longreprtext), "trace": []}
                self.report.write("collect_error", id=report.nodeid, failure=failure)
            elif report.skipped:
                self.report.write("collect_skipped", id=report.nodeid, reason=reason_of(report))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config, items):
        with unnoticed(self.report):
            if self.select is None:
                return
            selection = Selection(self.select)
            kept, left = [], []
            for item in items:
                (kept if selection.has(item) else left).append(item)
            if left:
                items[:] = kept
                config.hook.pytest_deselected(items=left)

    def pytest_collection_finish(self, session):
        with unnoticed(self.report):
            items = getattr(session, "items", None) or []
            # With pytest-xdist the controller has no items of its own.
            if items or not session.config.pluginmanager.hasplugin("dsession"):
                self.write_collected([described(item) for item in items])

    def write_collected(self, tests):
        for start in range(0, len(tests), BATCH):
            self.report.write("collected", tests=tests[start : start + BATCH])
        self.report.write("selected", count=len(tests))

    # Tests

    def pytest_assertrepr_compare(self, op, left, right):
        with unnoticed(self.report):
            if op == "==":
                self.comparison.note(left, right)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call):
        outcome = yield
        with unnoticed(self.report):
            report = outcome.get_result()
            # A subtest's report is made from the test's, which keeps what is noted here.
            if report.outcome in ("failed", "rerun") and call.excinfo is not None:
                excinfo = call.excinfo
                failure = failure_of(excinfo.value, self.message_of(report, excinfo))
                operands = self.comparison.of(excinfo.tb)
                if operands is not None:
                    failure["actual"], failure["expected"] = operands
                report.greenward = failure

    @staticmethod
    def message_of(report, excinfo):
        """Exceptions of pytest's own, such as that of an unknown fixture, read best as it says them."""
        if type(excinfo.value).__name__ == "FixtureLookupError":
            text = getattr(report.longrepr, "errorstring", None) or report.longreprtext
            return text.strip().splitlines()[0]
        if type(excinfo.value).__name__ == "Failed":
            return str(excinfo.value)
        return None

    def pytest_runtest_logstart(self, nodeid):
        with unnoticed(self.report):
            self.running[nodeid] = Test()
            self.report.write("started", id=nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        with unnoticed(self.report):
            if not self.is_worker:
                self.running.setdefault(report.nodeid, Test()).add(report)

    def pytest_runtest_logfinish(self, nodeid):
        with unnoticed(self.report):
            self.finish(nodeid)

    def finish(self, nodeid):
        test = self.running.pop(nodeid, None)
        if test is not None:
            self.report.write("finished", id=nodeid, **test.result())


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    """Tells of a conftest that raises: no session comes to be then."""
    Given.take()
    outcome = yield
    with contextlib.suppress(Exception):
        error = outcome.excinfo and outcome.excinfo[1]
        if type(error).__name__ == "ConftestImportFailure":
            path = str(getattr(error, "path", ""))
            Report(Given.report).write("conftest_error", file=path, failure=failure_of(error))


# The packages that pytest rewrites when they are imported, for the fork-server.
rewritten = None


def pytest_unconfigure(config):
    """Notes them at the end, when conftests have named theirs too."""
    global rewritten
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    rewritten = set(getattr(hook, "_must_rewrite", ()))


def pytest_configure(config):
    """Registers the hooks of this session."""
    plugin = Plugin(config)
    # Nothing but one attribute read per test remains where nobody listens.
    if plugin.is_worker or plugin.report.path is not None:
        config.pluginmanager.register(plugin, "greenward-report")
