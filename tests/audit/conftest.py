import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).parents[2] / "benchmarks" / "audit")
)  # a command of its own: no package around it
