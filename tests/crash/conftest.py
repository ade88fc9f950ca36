import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # databases and schedules, which benchmarks share

from databases import empty_url, ledger, server, url  # noqa: F401  # fixtures
