"""What no module of the package does: run code that a file holds, or go by a clock that somebody may set."""

import ast
import re

import pytest

from tests.test_architecture import SOURCES

RUNS_CODE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "runpy", "imp", "code", "codeop"}
# of a library: `np.load` unpickles if asked to, and what Keras loads may name any class
LOADERS = {"load", "loads", "load_model", "load_weights", "read_pickle", "unsafe_load", "full_load"}
SWITCHES = {"allow_pickle", "storePickle", "shell"}
SAFE_LOADERS = {"json"}


@pytest.mark.parametrize("module", SOURCES)
def test_nothing_runs_code_from_data(module: str) -> None:
    """No pickle and its like, and no call of eval, exec, compile or a loader that unpickles."""
    assert not runs_code(SOURCES[module].read_text("utf-8"))


def runs_code(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in RUNS_CODE]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RUNS_CODE:
            found.append(str(node.module))
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            owner, _, name = called.rpartition(".")
            if owner in ("", "builtins") and name in {"eval", "exec", "compile", "__import__"}:
                found.append(called)
            if owner and owner not in SAFE_LOADERS and name in LOADERS | {"exec_module", "run_path"}:
                found.append(called)
        if isinstance(node, ast.keyword) and node.arg in SWITCHES and ast.unparse(node.value) != "False":
            found.append(node.arg)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads as parse",
        "def f():\n    import dill.source",
        "eval('1')",
        "import builtins\nbuiltins.exec('1')",
        "np.load(path)",
        "keras.models.load_model(path)",
        "yaml.load(text)",
        "np.lib.format.read_array(file, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "spec.loader.exec_module(module)",
    ],
)
def test_the_rule_sees_what_runs_code(source: str) -> None:
    assert runs_code(source)


def test_the_rule_lets_pass_what_runs_none() -> None:
    assert not runs_code("import json, re\nre.compile(a)\njson.loads(b)\nload_model(path)\nf(shell=False)")


# which change when somebody sets the clock; `time.monotonic` does not
CLOCK_OF_THE_DAY = re.compile(
    r"\btime\.(time|time_ns|localtime|gmtime|ctime|strftime)\b|\bdatetime\b|CLOCK_REALTIME"
)


@pytest.mark.parametrize("module", SOURCES)
def test_the_clock_of_the_day_is_asked_for_names_and_the_age_of_files_alone(module: str) -> None:
    asks = bool(CLOCK_OF_THE_DAY.search(SOURCES[module].read_text("utf-8")))
    assert asks == (module in {"gen.training.run", "gen.files"})
