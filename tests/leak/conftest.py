import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # find.py is also a command of its own: no package around it
