"""The shape of the house: who imports whom, what starts up, how long a file may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gen

PACKAGE = Path(gen.__file__).parent
SOURCES = {
    ".".join(("gen", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
RANKS = [
    {"__init__"},
    {"errors"},
    {"files", "machine", "streams"},
    {"config", "tensor_file"},
    {"score"},
    {"players"},
    {"corpus", "tokenizer", "model", "export", "sampler", "pages"},
    {"writing"},
    {"inspection", "comparison"},
    {"kinds"},
    {"dataset", "checkpoint"},
    {"evaluation"},
    {"training"},
    {"reporting", "web", "parameters"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
RANK = {part: rank for rank, parts in enumerate(RANKS) for part in parts}

# what any module may use besides what is before it, though it is of the same rank
SHARED = {"gen.model.cell": {"sampler", "export"}, "gen.model.backend": {"export"}}

HEAVY = {"tensorflow", "keras", "music21", "torch", "matplotlib"}
# where TensorFlow and Keras may be imported; music21 where files of music are read or written
TENSORFLOW_IN = {"model", "training", "evaluation"}
# `gen.model.backend` imports them for all others; commands ask in functions, so that they start at once
BACKEND, CELL = "gen.model.backend", "gen.model.cell"
IMPORTERS = {"import_tensorflow", "import_keras", "quiet_import", "quiet_import_for_parts"}
TENSORFLOW_IN_FUNCTIONS_OF = {"commands"}
TENSORFLOW_FOR = {"gen.export.keras_model"}
MATPLOTLIB_IN = {"gen.export.roll_picture", "gen.inspection.figure"}
MUSIC21_IN = {"gen.corpus.midi", "gen.corpus.notation", "gen.export.midi", "gen.export.musicxml"}


def part_of(module: str) -> str:
    """The package or module directly under `gen`: `sampler` for `gen.sampler.forward`."""
    return module.split(".")[1] if "." in module else "__init__"


def imports(module: str) -> Iterator[str]:
    """Every module that a module names in an import, at the top, in a function, or for types alone."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in SOURCES else node.module


def own_imports(module: str) -> list[str]:
    return sorted({name for name in imports(module) if name == "gen" or name.startswith("gen.")})


def points_one_way(module: str, imported: str) -> bool:
    part, other = part_of(module), part_of(imported)
    return part == other or RANK[other] < RANK[part] or part in SHARED.get(imported, set())


def test_every_part_of_the_package_has_a_rank() -> None:
    assert {part_of(module) for module in SOURCES} <= RANK.keys()


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_one_way(module: str) -> None:
    wrong = [name for name in own_imports(module) if not points_one_way(module, name)]
    assert wrong == []


def test_the_walk_sees_imports_in_functions_and_for_types() -> None:
    assert "gen.checkpoint" in own_imports("gen.commands.sample")
    assert "gen.dataset.token_file" in own_imports("gen.commands.eval")
    assert not points_one_way("gen.sampler.forward", "gen.model.network")
    assert not points_one_way("gen.tokenizer.base", "gen.corpus.text")
    assert not points_one_way("gen.files", "gen.cli")


def test_no_file_that_we_write_is_longer_than_300_lines() -> None:
    ours = [
        path
        for folder in ("gen", "tests", "scripts")
        for path in (PACKAGE.parent / folder).rglob("*")
        if path.suffix in {".py", ".js", ".css", ".html", ""} and path.is_file()
    ]
    assert len(ours) > len(SOURCES)
    assert [path.name for path in ours if len(path.read_text("utf-8").splitlines()) > 300] == []


@pytest.mark.parametrize("module", SOURCES)
def test_heavy_libraries_are_imported_only_where_they_belong(module: str) -> None:
    found = {name.split(".")[0] for name in imports(module)} & HEAVY
    allowed = {"tensorflow", "keras"} if part_of(module) in TENSORFLOW_IN else set()
    allowed |= {"music21"} if module in MUSIC21_IN else set()
    allowed |= {"matplotlib"} if module in MATPLOTLIB_IN else set()
    assert found <= allowed


def tensorflow_uses(source: str) -> Iterator[tuple[str, bool]]:
    """What brings TensorFlow in, an import of `gen.model` or a name of `IMPORTERS`; whether in a function."""
    tree = ast.parse(source)
    inside: set[int] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inside |= {id(node) for statement in function.body for node in ast.walk(statement)}
    for node in ast.walk(tree):
        used: list[str] = []
        if isinstance(node, ast.Import):
            used = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            used = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            used = [f"{BACKEND}.{name}"] if name in IMPORTERS else []
        for name in used:
            if f"{name}.".startswith("gen.model.") and not f"{name}.".startswith(f"{CELL}."):
                yield name, id(node) in inside


def may_use_tensorflow(module: str, in_function: bool) -> bool:
    part = part_of(module)
    return (
        part in TENSORFLOW_IN
        or module in TENSORFLOW_FOR
        or (part in TENSORFLOW_IN_FUNCTIONS_OF and in_function)
    )


@pytest.mark.parametrize("module", SOURCES)
def test_tensorflow_comes_in_only_where_it_belongs(module: str) -> None:
    uses = tensorflow_uses(SOURCES[module].read_text("utf-8"))
    assert [name for name, in_function in uses if not may_use_tensorflow(module, in_function)] == []


@pytest.mark.parametrize(
    ("source", "in_function"),
    [
        ("from gen.model.backend import import_tensorflow", False),
        ("from gen.model.backend import cores", False),
        ("from gen.model import backend", False),
        ("import gen.model.backend", False),
        ("from gen.model.network import Network", False),
        ("tf = backend.import_tensorflow()", False),
        ("def f(keras=import_keras()): ...", False),
        ("def f():\n    from gen.model.backend import import_keras", True),
    ],
)
def test_the_rule_sees_every_way_that_tensorflow_comes_in(source: str, in_function: bool) -> None:
    assert {inside for _, inside in tensorflow_uses(source)} == {in_function}
    assert may_use_tensorflow("gen.training.step", in_function)
    assert may_use_tensorflow("gen.commands.eval", in_function) == in_function
    for module in (
        "gen.dataset.prepare",
        "gen.sampler.forward",
        "gen.export.text",
        "gen.cli",
        "gen.parameters",
    ):
        assert not may_use_tensorflow(module, in_function)


@pytest.mark.parametrize(
    "source", ["from gen.model.cell import Weights", "from gen.model import cell", "import gen.model.cell"]
)
def test_the_equations_are_for_all(source: str) -> None:
    assert not list(tensorflow_uses(source))


@pytest.mark.parametrize(
    "module",
    ["setup", "resuming", "source", "run", "plan", "callbacks", "finetune", "cluster", "local_workers"],
)
def test_what_finds_mistakes_before_training_needs_no_tensorflow(module: str) -> None:
    program = f"import sys, gen.training.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"gen.training.{module}" in done.stdout.split()
    assert not set(done.stdout.split()) & HEAVY


@pytest.mark.parametrize("module", SOURCES)
def test_what_tensorflow_compiles_is_not_written_into_a_file_first(module: str) -> None:
    # which autograph does, and a killed process would leave it in the system's folder for temporary files
    compiled = re.findall(r"tf\.function\b(.*)", SOURCES[module].read_text("utf-8"))
    assert all("autograph=False" in rest for rest in compiled)
