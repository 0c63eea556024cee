"""Keeps an interpreter that has imported pytest, and forks it for each run.

Requests come as JSON lines on standard input, answers go as JSON lines to standard output:

====================================================  ==============================================
``{"preload": [module, ...], "deny": [name, ...]}``   ``{"loaded": [name, ...]}``, or
                                                      ``{"unfit": [name, ...]}``: a new server is
                                                      needed that never loads these packages
``{"run": {"args", "stdout", "stderr", "report",      ``{"started": pid}``, then
"select"}}``                                          ``{"ended": status, "learned": [module, ...]}``
                                                      with a wait status and what it could have had
                                                      loaded; or ``{"stale": reason}``
``{"cancel": grace in seconds}``                      the run's ``ended``, sooner
====================================================  ==============================================

The server never imports anything of the user's own: no module of the project, no conftest, no
package that pytest's assertion rewriting is to see. It imports pytest, and what earlier runs were
seen to import from the standard library and from ``site-packages``. So nothing in a fork can be
older than the files: what the server holds is checked against the disk before each fork.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import site
import sys
import sysconfig
import tempfile
import threading
import time
import types
import warnings

FOLDER = os.path.dirname(os.path.abspath(__file__))

# Import hooks that do not change what is imported.
HARMLESS_HOOKS = {"AssertionRewritingHook", "VendorImporter", "_SixMetaPathImporter"}

# How long descendants that outlive their run have to end by themselves.
LEFTOVER_GRACE = 0.5


def installed_folders():
    """The folders of the standard library and of installed packages."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += site.getsitepackages() + [site.getusersitepackages()]
    return sorted({os.path.realpath(path) for path in paths if path and os.path.isdir(path)})


def file_of(module):
    """The file that a module was read from; nothing for one that is built in."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if origin in (None, "built-in", "frozen"):
        origin = getattr(module, "__file__", None)
    return os.path.realpath(origin) if isinstance(origin, str) and os.path.isabs(origin) else None


def is_installed(module, folders):
    """Whether a module lies where only package managers write."""
    path = file_of(module)
    return path is not None and any(path.startswith(folder + os.sep) for folder in folders)


def top_of(name):
    return name.partition(".")[0]


def import_hooks():
    """The names of the import hooks that are in place."""
    return {getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path}


def stamp_of(path):
    """What tells one content of a file or folder from another."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def descendants(pid):
    """Every process below `pid`, children before their own children."""
    found, next_ones = [], [pid]
    while next_ones:
        parent = next_ones.pop()
        try:
            for task in os.listdir("/proc/{}/task".format(parent)):
                with open("/proc/{}/task/{}/children".format(parent, task)) as children:
                    ids = [int(child) for child in children.read().split()]
                found += ids
                next_ones += ids
        except OSError:
            continue
    return found


def become_subreaper():
    """Makes orphans below this process its own children, where the system can (Linux)."""
    try:
        import ctypes

        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Environment:
    """The files that the state of this process depends on."""

    def __init__(self, folders):
        self.folders = folders
        self.stamps = {}
        self.note_folders()
        self.note_modules()

    def note_folders(self):
        watched = [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg")]
        for folder in self.folders:
            watched.append(folder)
            # Editable installs and path files change what is imported without a change elsewhere.
            if os.path.basename(folder) in ("site-packages", "dist-packages"):
                names = os.listdir(folder)
                watched += [os.path.join(folder, n) for n in names if n.endswith((".pth", ".egg-link"))]
        for path in watched:
            self.stamps.setdefault(path, stamp_of(path))

    def note_modules(self):
        for module in list(sys.modules.values()):
            path = file_of(module)
            if path is not None:
                self.stamps.setdefault(path, stamp_of(path))

    def changed(self):
        """A file that is not as it was, or nothing."""
        for path, stamp in self.stamps.items():
            if stamp_of(path) != stamp:
                return path
        return None


class Server:
    """The parent: it waits for requests and for the one run that is going on."""

    def __init__(self):
        # Whatever is imported here may print; the answers have a descriptor of their own.
        self.requests = os.dup(0)
        self.answers = os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)
        self.buffer = b""
        if FOLDER in sys.path:
            sys.path.remove(FOLDER)
        self.folders = installed_folders()
        self.child = None
        self.learned = None
        self.kill_at = None
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        self.wake = wake_read, wake_write
        self.import_pytest()
        self.environment = Environment(self.folders)
        self.baseline = {top_of(name) for name in sys.modules}
        become_subreaper()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write)

    def import_pytest(self):
        import pytest
        from _pytest.config import default_plugins

        for name in default_plugins:
            importlib.import_module("_pytest." + name)
        # A copy of this module's folder on the path would be seen by the tests.
        sys.path.insert(0, FOLDER)
        import greenward_pytest  # noqa: F401

        if FOLDER in sys.path:
            sys.path.remove(FOLDER)
        self.answer(ready=pytest.__version__)

    def answer(self, **values):
        rest = (json.dumps(values) + "\n").encode()
        while rest:
            rest = rest[os.write(self.answers, rest) :]

    def serve(self):
        """Serves until standard input ends. Returns twice: nothing in the server at its end, and
        the request in each child."""
        while True:
            timeout = None
            if self.kill_at is not None:
                timeout = max(0.0, self.kill_at - time.monotonic())
            ready, _, _ = select.select([self.requests, self.wake[0]], [], [], timeout)
            if self.kill_at is not None and time.monotonic() >= self.kill_at:
                self.kill_at = None
                self.signal_run(signal.SIGKILL)
            if self.wake[0] in ready:
                self.drain_wakeups()
            self.reap()
            if self.requests in ready:
                chunk = os.read(self.requests, 65536)
                if not chunk:
                    self.end_run(0.0)
                    return None
                self.buffer += chunk
            while b"\n" in self.buffer:
                line, _, self.buffer = self.buffer.partition(b"\n")
                request = self.handle(json.loads(line.decode()))
                if request is not None:
                    return request

    def handle(self, message):
        if "cancel" in message:
            self.end_run(message["cancel"])
        elif "preload" in message:
            self.preload(message["preload"], set(message["deny"]))
        elif "run" in message:
            return self.start(message["run"])
        return None

    # Loading

    def preload(self, names, deny):
        """Imports modules. A package that does more than a fork can carry over makes the server
        unfit: one that starts threads, warns, or brings in what is not installed."""
        unfit = set()
        for name in names:
            if name in sys.modules or top_of(name) in deny or top_of(name) in unfit:
                continue
            before = set(sys.modules)
            path = list(sys.path)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    importlib.import_module(name)
                except BaseException:  # noqa: BLE001
                    unfit.add(top_of(name))
            new = [sys.modules[n] for n in set(sys.modules) - before if n in sys.modules]
            foreign = any(file_of(m) and not is_installed(m, self.folders) for m in new)
            denied = any(top_of(getattr(m, "__name__", "")) in deny for m in new)
            if caught or foreign or denied or path != sys.path or self.has_threads():
                unfit.add(top_of(name))
                if self.has_threads():
                    break
        if unfit:
            self.answer(unfit=sorted(unfit))
            return
        self.environment.note_modules()
        gc.collect()
        gc.freeze()
        self.answer(loaded=sorted({top_of(name) for name in sys.modules} - self.baseline))

    def has_threads(self):
        try:
            return len(os.listdir("/proc/self/task")) > 1
        except OSError:
            return threading.active_count() > 1

    # Runs

    def start(self, run):
        changed = self.environment.changed()
        if changed is not None or self.has_threads():
            self.answer(stale=changed or "a thread is running")
            return None
        self.learned = tempfile.TemporaryFile()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self.child = pid
            self.answer(started=pid)
            return None
        self.become_child(run)
        return run

    def become_child(self, run):
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        for fd in (self.requests, self.answers) + self.wake:
            os.close(fd)
        for path, target in ((run["stdout"], 1), (run["stderr"], 2)):
            fd = os.open(path, os.O_WRONLY)
            os.dup2(fd, target)
            os.close(fd)
        run["held"] = set(sys.modules)
        run["hooks"] = import_hooks()
        run["learned"] = self.learned
        run["folders"] = self.folders

    def signal_run(self, number):
        for pid in descendants(os.getpid()):
            send_signal(pid, number)
        if self.child is not None:
            try:
                os.killpg(self.child, number)
            except (ProcessLookupError, PermissionError):
                send_signal(self.child, number)

    def end_run(self, grace):
        if self.child is not None:
            self.signal_run(signal.SIGTERM if grace else signal.SIGKILL)
            self.kill_at = time.monotonic() + grace

    def drain_wakeups(self):
        try:
            while os.read(self.wake[0], 1024):
                pass
        except BlockingIOError:
            pass

    def reap(self):
        """Takes leave of every process that has ended."""
        status = None
        while True:
            try:
                pid, how = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == self.child:
                status = how
        if status is None:
            return
        self.kill_at = None
        self.end_leftovers()
        self.child = None
        self.learned.seek(0)
        learned = self.learned.read()
        self.learned.close()
        self.answer(ended=status, learned=json.loads(learned.decode()) if learned else None)

    def end_leftovers(self):
        """Ends what the run has left behind: first asks, then kills."""
        deadline = time.monotonic() + LEFTOVER_GRACE
        number = signal.SIGTERM
        while True:
            left = descendants(os.getpid())
            if not left:
                return
            if time.monotonic() >= deadline:
                number = signal.SIGKILL
            if number is not None:
                for pid in left:
                    send_signal(pid, number)
                number = None
            time.sleep(0.005)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass


# The child


def prepare(run):
    """Makes this process what ``python -m pytest`` would have made it."""
    os.environ["GREENWARD_REPORT"] = run["report"]
    if run["select"]:
        os.environ["GREENWARD_SELECT"] = run["select"]
    importlib.invalidate_caches()
    sys.argv = ["-m"] + run["args"]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.orig_argv[0], "-m", "pytest"] + run["args"]
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.getcwd())
    main = types.ModuleType("__main__")
    main.__builtins__ = __builtins__
    if "__annotations__" in vars(sys.modules["__main__"]):
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    sys.modules.pop("greenward_forkserver", None)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        # Its generator is seeded at import; the standard library's is seeded at each fork.
        numpy.seed()


def what_was_imported(run, environment):
    """The modules that the server did not hold, and may."""
    plugin = sys.modules.get("greenward_pytest")
    rewritten = getattr(plugin, "rewritten", None)
    if rewritten is None:
        return None
    tops = {top_of(name) for name in rewritten}
    # A package that is imported under another environment, or through a hook of somebody's, may
    # come out another.
    same = dict(os.environ) == environment and import_hooks() <= run["hooks"] | HARMLESS_HOOKS
    modules = []
    for name, module in list(sys.modules.items()):
        if name in run["held"] or name == "__main__" or top_of(name) in tops:
            continue
        if not isinstance(module, types.ModuleType) or getattr(module, "__name__", None) != name:
            continue
        if not is_installed(module, run["folders"]):
            continue
        stdlib = sysconfig.get_path("stdlib")
        if same or (file_of(module).startswith(stdlib) and "-packages" not in file_of(module)):
            modules.append(name)
    return modules


def exit_code(error):
    """What the interpreter makes of an exception that ends it."""
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        if isinstance(error.code, int):
            return error.code & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    sys.excepthook(type(error), error, error.__traceback__)
    return 1


def finish(code):
    """Ends the process as the interpreter does, but for taking its modules apart."""
    try:
        threading._shutdown()
    except BaseException:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            code = code or 120
    os._exit(code)


if __name__ == "__main__":
    run = Server().serve()
    if run is None:
        sys.exit(0)
    environment = dict(os.environ)
    prepare(run)
    try:
        runpy._run_module_as_main("pytest")
        code = 0
    except BaseException as error:  # noqa: BLE001
        code = exit_code(error)
    try:
        run["learned"].write(json.dumps(what_was_imported(run, environment)).encode())
        run["learned"].flush()
    finally:
        finish(code)
