from .clicker import Clicker as Clicker
from .clicker import Target as Target
from .engine import run_image as run_image
from .groups import CLICKING_GROUPS as CLICKING_GROUPS
from .groups import sample_group as sample_group
from .instance_sets import InstanceSet as InstanceSet
from .instance_sets import RepoInstances as RepoInstances
from .protocol import PROTOCOLS as PROTOCOLS
from .protocol import BenchmarkProtocol as BenchmarkProtocol
from .protocol import load_protocol as load_protocol
from .result_rows import RESULT_SCHEMA as RESULT_SCHEMA
from .result_rows import ResultRow as ResultRow
from .runner import run_benchmark as run_benchmark
from .runs import RUNS as RUNS

__all__ = [
    "CLICKING_GROUPS",
    "PROTOCOLS",
    "RESULT_SCHEMA",
    "RUNS",
    "BenchmarkProtocol",
    "Clicker",
    "InstanceSet",
    "RepoInstances",
    "ResultRow",
    "Target",
    "load_protocol",
    "run_benchmark",
    "run_image",
    "sample_group",
]
