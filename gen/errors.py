"""Everything a user can do wrong, as one family of errors.

    GenError              problem, fix, exit code 1
    ├── CorpusError       what `--corpus` names cannot be read, or is not what it should be
    ├── TokenizerError    text or ids outside a vocabulary
    ├── ModelFileError    a model file that is damaged, hostile, or from another release
    ├── RunError          a run folder that cannot be used as asked
    └── TrainingError     training that cannot go on
        └── WorkerLostError   because another of its processes is gone

A `GenError` is the user's business: the command line catches it in one place (`gen.cli`) and shows its
two lines. A programmer's mistake stays a plain `ValueError` or `TypeError` with a traceback.
"""


class GenError(Exception):
    """A problem that the user can mend.

    Args:
        problem: What is wrong, in one line, naming the file or the option.
        fix: What to do about it, in one line.
    """

    exit_code = 1

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}\n{fix}")
        self.problem = problem
        self.fix = fix


class CorpusError(GenError):
    """What `--corpus` names cannot be read, or is not what it should be."""


class TokenizerError(GenError):
    """Text or ids outside a vocabulary."""


class ModelFileError(GenError):
    """A model file that is damaged, hostile, or from another release."""


class RunError(GenError):
    """A run folder that cannot be used as asked."""


class TrainingError(GenError):
    """Training that cannot go on."""


class WorkerLostError(TrainingError):
    """Training that cannot go on because another of its processes is gone."""
